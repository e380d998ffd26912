/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

/*
 * The walk itself and its usual way: Ethernet, IPv4 or IPv6, TCP. What is rarer is in
 * decode_*.c, each a function that a layer here leads to.
 */

enum { LAYERS_MAX = 64 };

static inline enum layer
layer_type(struct walk *w)
{
	switch (w->type) {
	case TYPE_IPV4:
		return LAYER_IPV4;
	case TYPE_IPV6:
		return LAYER_IPV6;
	default:
		return layer_shim(w);
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

static inline enum layer
ip_payload(struct walk *w, uint8_t proto, bool v6)
{
	w->proto = proto;
	w->v6 = v6;
	w->extensions = 0;
	return LAYER_PROTO;
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
	w->segment->src = addr_from_v4(ip + 12);
	w->segment->dst = addr_from_v4(ip + 16);
	step(w, header);
	w->ip4 = ip;
	if ((be16(ip + 6) & 0x3fff) != 0) /* more fragments, or an offset */
		return LAYER_FRAGMENT;
	return ip_payload(w, ip[9], false);
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
	return ip_payload(w, next, true);
}

/* From any layer on to the end. */
static enum decode_result
walk(struct walk *w, enum layer layer)
{
	for (int i = 0; i < LAYERS_MAX; i++) {
		switch (layer) {
		case LAYER_ETHERNET:
			layer = type_at(w, 12, ETHERNET_HEADER);
			break;
		case LAYER_TYPE:
			layer = layer_type(w);
			break;
		case LAYER_LLC:
			layer = layer_llc(w);
			break;
		case LAYER_PPP:
			layer = layer_ppp(w);
			break;
		case LAYER_MPLS:
			layer = layer_mpls(w);
			break;
		case LAYER_IP:
			layer = layer_ip(w);
			break;
		case LAYER_IPV4:
			layer = layer_ipv4(w);
			break;
		case LAYER_IPV6:
			layer = layer_ipv6(w);
			break;
		case LAYER_FRAGMENT:
			layer = fragment_ipv4(w);
			break;
		case LAYER_PROTO:
			layer = w->proto == IP_TCP ? layer_tcp(w) : layer_proto(w);
			break;
		case LAYER_NONE:
			return w->result;
		}
	}
	return DECODE_TOO_DEEP;
}

static inline bool
carries_nothing(const struct walk *w)
{
	return w->n >= UDP_HEADER && udp_carrier(be16(w->p), be16(w->p + 2)) == UDP_NONE;
}

/*
 * The way of nearly every packet: Ethernet, a VLAN tag perhaps, IP, TCP. All of it is in
 * line and the walk stays in registers, which is half of its cost. LAYER_NONE, or where
 * to walk on.
 */
static inline enum layer
usual_way(struct walk *w)
{
	enum layer layer = type_at(w, 12, ETHERNET_HEADER);

	if (layer == LAYER_TYPE && w->type == TYPE_VLAN)
		layer = layer_vlan(w);
	if (layer != LAYER_TYPE)
		return layer;
	if (w->type == TYPE_IPV4)
		layer = layer_ipv4(w);
	else if (w->type == TYPE_IPV6)
		layer = layer_ipv6(w);
	if (layer != LAYER_PROTO)
		return layer;
	if (w->proto == IP_TCP)
		return layer_tcp(w);
	if (w->proto == IP_UDP && carries_nothing(w))
		return end(w, DECODE_OTHER);
	return LAYER_PROTO;
}

static __attribute__((noinline)) enum decode_result
walk_on(struct walk w, enum layer layer)
{
	return walk(&w, layer);
}

static __attribute__((noinline)) enum decode_result
walk_link(struct walk w, uint16_t linktype)
{
	return walk(&w, link_layer(&w, linktype));
}

enum decode_result
decode_fragment(
    const struct packet *packet, struct segment *segment, struct fragment *fragment)
{
	struct walk w = { .p = packet->data,
		.n = packet->caplen,
		.wire =
		    packet->wirelen > packet->caplen ? packet->wirelen : packet->caplen,
		.segment = segment,
		.fragment = fragment };
	enum layer layer;

	segment->vlan_layers = 0;
	segment->origin = packet->origin;
	if (packet->linktype != LINK_ETHERNET)
		return walk_link(w, packet->linktype);
	layer = usual_way(&w);
	return layer == LAYER_NONE ? w.result : walk_on(w, layer);
}

enum decode_result
decode(const struct packet *packet, struct segment *segment)
{
	return decode_fragment(packet, segment, NULL);
}

enum decode_result
decode_datagram(
    const struct datagram *datagram, struct segment *segment, struct fragment *fragment)
{
	struct walk w = { .p = datagram->data.p,
		.n = (uint32_t)datagram->data.n,
		.wire = (uint32_t)datagram->data.n,
		.proto = datagram->proto,
		.v6 = datagram->v6,
		.depth = datagram->depth,
		.segment = segment,
		.fragment = fragment };

	segment->src = datagram->src;
	segment->dst = datagram->dst;
	return walk(&w, into(&w, 0, LAYER_PROTO));
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
		[DECODE_TOO_DEEP] = "too_deep",
	};

	return names[result];
}
