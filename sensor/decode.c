/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode.h"

/*
 * A packet is walked layer by layer. Each layer function looks at the walk's place, steps
 * over its header and says which layer comes next; an encapsulation is one more function
 * and one more case in decode(). The number of layers is bounded.
 */

enum {
	LAYERS_MAX = 16,
	IP6_HEADERS_MAX = 8,

	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_DLT_RAW = 12, /* DLT_RAW has this value on most systems, 14 on OpenBSD */
	LINK_DLT_RAW_OPENBSD = 14,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,

	TYPE_IPV4 = 0x0800,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_QINQ = 0x88a8,
	TYPE_QINQ_OLD = 0x9100,

	IP_HOPOPTS = 0,
	IP_TCP = 6,
	IP_ROUTING = 43,
	IP_FRAGMENT = 44,
	IP_AH = 51,
	IP_DSTOPTS = 60,

	ETHERNET_HEADER = 14,
	VLAN_TAG = 4,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	TCP_HEADER = 20,
};

enum layer {
	LAYER_TYPE, /* whatever walk.type says */
	LAYER_IP,   /* IPv4 or IPv6, told by the version */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_TCP,
	LAYER_NONE, /* the walk is over: walk.result */
};

struct walk {
	const uint8_t *p; /* what is left of the packet: */
	uint32_t n;       /* octets captured */
	uint32_t wire;    /* octets on the wire, n or more */
	uint16_t type;    /* an EtherType, for LAYER_TYPE */
	enum decode_result result;
	struct segment *segment;
};

static inline enum layer
end(struct walk *w, enum decode_result result)
{
	w->result = result;
	return LAYER_NONE;
}

/* After a failed check for room: cut by the snap length, or never there. */
static enum layer
end_short(struct walk *w, uint32_t wanted)
{
	return end(w, w->wire >= wanted ? DECODE_SNAPLEN : DECODE_MALFORMED);
}

/* n octets that are there. */
static inline void
step(struct walk *w, uint32_t n)
{
	w->p += n;
	w->n -= n;
	w->wire -= n;
}

/* What lies beyond n octets on the wire is padding. */
static inline void
cut(struct walk *w, uint32_t n)
{
	w->wire = n;
	if (w->n > n)
		w->n = n;
}

static inline enum layer
type_at(struct walk *w, uint32_t offset, uint32_t header)
{
	if (w->n < header)
		return end_short(w, header);
	w->type = be16(w->p + offset);
	step(w, header);
	return LAYER_TYPE;
}

/*
 * BSD loopback: an address family, in the byte order of the capturing host
 * (LINKTYPE_NULL) or the network's (LINKTYPE_LOOP). IPv6 has many numbers: 10 Linux, 24
 * NetBSD and OpenBSD, 28 FreeBSD, 30 Darwin.
 */
static enum layer
link_loopback(struct walk *w)
{
	uint32_t family;

	if (w->n < 4)
		return end_short(w, 4);
	family = be32(w->p);
	if (family > 0xffff)
		family = __builtin_bswap32(family);
	step(w, 4);
	switch (family) {
	case 2:
		return LAYER_IPV4;
	case 10:
	case 24:
	case 28:
	case 30:
		return LAYER_IPV6;
	default:
		return end(w, DECODE_OTHER);
	}
}

static inline enum layer
link_layer(struct walk *w, uint16_t linktype)
{
	switch (linktype) {
	case LINK_ETHERNET:
		return type_at(w, 12, ETHERNET_HEADER);
	case LINK_NULL:
	case LINK_LOOP:
		return link_loopback(w);
	case LINK_RAW:
	case LINK_DLT_RAW:
	case LINK_DLT_RAW_OPENBSD:
		return LAYER_IP;
	case LINK_IPV4:
		return LAYER_IPV4;
	case LINK_IPV6:
		return LAYER_IPV6;
	case LINK_SLL:
		return type_at(w, 14, 16);
	case LINK_SLL2:
		return type_at(w, 0, 20);
	default:
		return end(w, DECODE_LINKTYPE);
	}
}

/* IEEE 802.1Q: two octets of tag, then the next type. */
static enum layer
layer_vlan(struct walk *w)
{
	struct segment *s = w->segment;

	if (w->n < VLAN_TAG)
		return end_short(w, VLAN_TAG);
	if (s->vlan_layers < VLAN_LAYERS_MAX)
		s->vlan[s->vlan_layers++] = be16(w->p) & 0xfff;
	return type_at(w, 2, VLAN_TAG);
}

static inline enum layer
layer_type(struct walk *w)
{
	switch (w->type) {
	case TYPE_IPV4:
		return LAYER_IPV4;
	case TYPE_IPV6:
		return LAYER_IPV6;
	case TYPE_VLAN:
	case TYPE_QINQ:
	case TYPE_QINQ_OLD:
		return layer_vlan(w);
	default:
		return end(w, DECODE_OTHER);
	}
}

static enum layer
layer_ip(struct walk *w)
{
	if (w->n < 1)
		return end_short(w, 1);
	switch (w->p[0] >> 4) {
	case 4:
		return LAYER_IPV4;
	case 6:
		return LAYER_IPV6;
	default:
		return end(w, DECODE_MALFORMED);
	}
}

/* RFC 791 section 3.1. */
static inline enum layer
layer_ipv4(struct walk *w)
{
	const uint8_t *ip = w->p;
	uint32_t header, total;

	if (w->n < IP4_HEADER)
		return end_short(w, IP4_HEADER);
	header = (ip[0] & 0xfu) * 4;
	total = be16(ip + 2);
	/* Segments not yet cut up by the network card have 0 here: all of it is theirs.
	 */
	if (total == 0)
		total = w->wire;
	if (ip[0] >> 4 != 4 || header < IP4_HEADER || total < header || total > w->wire)
		return end(w, DECODE_MALFORMED);
	cut(w, total);
	if (w->n < header)
		return end(w, DECODE_SNAPLEN);
	if ((be16(ip + 6) & 0x3fff) != 0) /* more fragments, or an offset */
		return end(w, DECODE_FRAGMENT);
	w->segment->src = addr_from_v4(ip + 12);
	w->segment->dst = addr_from_v4(ip + 16);
	step(w, header);
	return ip[9] == IP_TCP ? LAYER_TCP : end(w, DECODE_OTHER);
}

/*
 * A routing header of n octets with stops still ahead: the packet's real destination,
 * also the one that the TCP checksum covers (RFC 8200 section 8.1), is the last of them.
 * In types 0 and 2 (RFC 5095, RFC 6275 section 6.4) that stands last, in type 4 first
 * (RFC 8754 section 2).
 */
static void
route_to_end(struct walk *w, uint32_t n)
{
	const uint8_t *routing = w->p;

	if (n < 24 || routing[3] == 0)
		return;
	if (routing[2] == 0 || routing[2] == 2)
		w->segment->dst = addr_from_v6(routing + 8 + (n - 24) / 16 * 16);
	else if (routing[2] == 4)
		w->segment->dst = addr_from_v6(routing + 8);
}

/*
 * One extension header of the given kind, RFC 8200 section 4; *next is the kind of what
 * follows. LAYER_IPV6 to go on, or LAYER_NONE.
 */
static enum layer
ipv6_extension(struct walk *w, uint8_t kind, uint8_t *next)
{
	uint32_t n = 8;

	if (w->n < 8)
		return end_short(w, 8);
	*next = w->p[0];
	if (kind == IP_AH) /* RFC 4302 section 2.2: in words, less two */
		n = (w->p[1] + 2u) * 4;
	else if (kind != IP_FRAGMENT)
		n = (w->p[1] + 1u) * 8;
	/* A fragment that is the whole is none: RFC 6946. */
	if (kind == IP_FRAGMENT && (be16(w->p + 2) & 0xfff9) != 0)
		return end(w, DECODE_FRAGMENT);
	if (w->n < n)
		return end_short(w, n);
	if (kind == IP_ROUTING)
		route_to_end(w, n);
	if (addr_is_v4(&w->segment->dst))
		return end(w, DECODE_MALFORMED);
	step(w, n);
	return LAYER_IPV6;
}

static enum layer
ipv6_extensions(struct walk *w, uint8_t next)
{
	for (int i = 0; i < IP6_HEADERS_MAX; i++) {
		switch (next) {
		case IP_TCP:
			return LAYER_TCP;
		case IP_HOPOPTS:
		case IP_ROUTING:
		case IP_FRAGMENT:
		case IP_AH:
		case IP_DSTOPTS:
			if (ipv6_extension(w, next, &next) == LAYER_NONE)
				return LAYER_NONE;
			break;
		default:
			return end(w, DECODE_OTHER);
		}
	}
	return end(w, DECODE_MALFORMED);
}

/* RFC 8200 section 3. */
static inline enum layer
layer_ipv6(struct walk *w)
{
	struct segment *s = w->segment;
	uint32_t payload;
	uint8_t next;

	if (w->n < IP6_HEADER)
		return end_short(w, IP6_HEADER);
	payload = be16(w->p + 4);
	next = w->p[6];
	if (w->p[0] >> 4 != 6)
		return end(w, DECODE_MALFORMED);
	s->src = addr_from_v6(w->p + 8);
	s->dst = addr_from_v6(w->p + 24);
	/* No host takes such (Linux: ip6_rcv_core), and they would pass for IPv4 here. */
	if (addr_is_v4(&s->src) || addr_is_v4(&s->dst))
		return end(w, DECODE_MALFORMED);
	step(w, IP6_HEADER);
	if (payload > w->wire)
		return end(w, DECODE_MALFORMED);
	/* 0 is a jumbogram (RFC 2675) or, as in IPv4, not yet cut up. */
	if (payload != 0)
		cut(w, payload);
	return next == IP_TCP ? LAYER_TCP : ipv6_extensions(w, next);
}

/*
 * RFC 9293 section 3.1. Where only options and payload are cut off by the snap length,
 * the segment is still worth having: its place in the stream and its length are known.
 */
static inline enum layer
layer_tcp(struct walk *w)
{
	const uint8_t *tcp = w->p;
	struct segment *s = w->segment;
	uint32_t header, there;

	if (w->n < TCP_HEADER)
		return end_short(w, TCP_HEADER);
	header = (tcp[12] >> 4) * 4u;
	if (header < TCP_HEADER || header > w->wire)
		return end(w, DECODE_MALFORMED);
	there = header < w->n ? header : w->n;
	s->sport = be16(tcp);
	s->dport = be16(tcp + 2);
	s->seq = be32(tcp + 4);
	s->ack = be32(tcp + 8);
	s->flags = tcp[13];
	s->tcp = slice_of(tcp, w->n);
	s->payload = slice_of(tcp + there, w->n - there);
	s->wire_payload = w->wire - header;
	return end(w, DECODE_TCP);
}

enum decode_result
decode(const struct packet *packet, struct segment *segment)
{
	struct walk w = { .p = packet->data, .n = packet->caplen, .segment = segment };
	enum layer layer;

	w.wire = packet->wirelen > packet->caplen ? packet->wirelen : packet->caplen;
	segment->vlan_layers = 0;
	segment->origin = packet->origin;
	layer = link_layer(&w, packet->linktype);
	for (int i = 0; i < LAYERS_MAX; i++) {
		switch (layer) {
		case LAYER_TYPE:
			layer = layer_type(&w);
			break;
		case LAYER_IP:
			layer = layer_ip(&w);
			break;
		case LAYER_IPV4:
			layer = layer_ipv4(&w);
			break;
		case LAYER_IPV6:
			layer = layer_ipv6(&w);
			break;
		case LAYER_TCP:
			layer = layer_tcp(&w);
			break;
		case LAYER_NONE:
			return w.result;
		}
	}
	return DECODE_MALFORMED;
}

const char *
decode_result_name(enum decode_result result)
{
	static const char *const names[DECODE_RESULTS] = {
		[DECODE_TCP] = "tcp",
		[DECODE_OTHER] = "other",
		[DECODE_FRAGMENT] = "fragment",
		[DECODE_SNAPLEN] = "snaplen",
		[DECODE_MALFORMED] = "malformed",
		[DECODE_LINKTYPE] = "linktype",
	};

	return names[result];
}

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t
add_carry(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

/* One's complement sum over n octets as native 64-bit words, RFC 1071 section 2. */
static uint64_t
sum_octets(uint64_t sum, const uint8_t *p, size_t n)
{
	uint64_t a = sum, b = 0, last = 0;

	for (; n >= 16; p += 16, n -= 16) {
		a = add_carry(a, load64(p));
		b = add_carry(b, load64(p + 8));
	}
	if (n >= 8) {
		a = add_carry(a, load64(p));
		p += 8;
		n -= 8;
	}
	memcpy(&last, p, n);
	return add_carry(add_carry(a, last), b);
}

static uint16_t
fold(uint64_t sum)
{
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

bool
decode_checksum_ok(const struct segment *s)
{
	uint32_t header = (s->tcp.p[12] >> 4) * 4u;
	uint8_t pseudo[8] = { 0 };
	uint64_t sum;

	if (s->tcp.n < header + (size_t)s->wire_payload)
		return true;
	/* Mapped IPv4 addresses need no case of their own: their 0xffff is nothing in
	 * one's complement, and the rest of both pseudo headers is the same. */
	pseudo[0] = (uint8_t)(s->tcp.n >> 24);
	pseudo[1] = (uint8_t)(s->tcp.n >> 16);
	pseudo[2] = (uint8_t)(s->tcp.n >> 8);
	pseudo[3] = (uint8_t)s->tcp.n;
	pseudo[7] = IP_TCP;
	sum = sum_octets(0, s->src.b, sizeof(s->src.b));
	sum = sum_octets(sum, s->dst.b, sizeof(s->dst.b));
	sum = sum_octets(sum, pseudo, sizeof(pseudo));
	return fold(sum_octets(sum, s->tcp.p, s->tcp.n)) == 0xffff;
}
