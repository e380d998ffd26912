/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_DECODE_WALK_H
#define RELAYWATCH_DECODE_WALK_H

/*
 * Private to decode*.c. A packet is walked layer by layer. A layer's function looks at
 * the walk's place, steps over its header and says which layer comes next; none looks
 * back. What it may read is told by walk.n, what there was on the wire by walk.wire.
 */

#include "decode.h"

enum {
	ENCAPSULATIONS_MAX = 8, /* tags, label stacks and tunnels around a segment */

	LINK_ETHERNET = 1,

	TYPE_IPV4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_ERSPAN3 = 0x22eb,
	TYPE_ETHERNET = 0x6558,
	TYPE_VLAN = 0x8100,
	TYPE_IPV6 = 0x86dd,
	TYPE_PPP = 0x880b,
	TYPE_WCCP = 0x883e,
	TYPE_MPLS = 0x8847,
	TYPE_MPLS_UPSTREAM = 0x8848,
	TYPE_PPPOE = 0x8864,
	TYPE_LLC = 0x8870,
	TYPE_FABRICPATH = 0x8903,
	TYPE_VN_TAG = 0x8926,
	TYPE_E_TAG = 0x893f,
	TYPE_QINQ = 0x88a8,
	TYPE_ERSPAN = 0x88be,
	TYPE_I_TAG = 0x88e7,
	TYPE_QINQ_9100 = 0x9100,
	TYPE_QINQ_9200 = 0x9200,
	TYPE_QINQ_9300 = 0x9300,
	LENGTH_MAX = 1500, /* of IEEE 802.3; from 0x600 on it is an EtherType */

	IP_HOPOPTS = 0,
	IP_IPV4 = 4,
	IP_TCP = 6,
	IP_UDP = 17,
	IP_IPV6 = 41,
	IP_ROUTING = 43,
	IP_FRAGMENT = 44,
	IP_GRE = 47,
	IP_AH = 51,
	IP_DSTOPTS = 60,
	IP_ETHERIP = 97,
	IP_MPLS = 137,

	ETHERNET_HEADER = 14,
	VLAN_TAG = 4,
	IP4_HEADER = 20,
	IP6_HEADER = 40,
	TCP_HEADER = 20,
	UDP_HEADER = 8,
};

enum layer {
	LAYER_ETHERNET,
	LAYER_TYPE, /* whatever walk.type says */
	LAYER_LLC,
	LAYER_PPP,
	LAYER_MPLS,
	LAYER_IP, /* IPv4 or IPv6, told by the version */
	LAYER_IPV4,
	LAYER_IPV6,
	LAYER_FRAGMENT, /* of IPv4; its header is behind */
	LAYER_PROTO,    /* whatever walk.proto says */
	LAYER_NONE,     /* the walk is over: walk.result */
};

/* What tunnels there are in UDP: by the port, which proves nothing yet. */
enum udp_carrier {
	UDP_NONE,
	UDP_L2TP,
	UDP_GTP_U,
	UDP_TEREDO,
	UDP_GRE,
	UDP_VXLAN,
	UDP_GENEVE,
	UDP_MPLS,
};

struct walk {
	const uint8_t *p; /* what is left of the packet: */
	uint32_t n;       /* octets captured */
	uint32_t wire;    /* octets on the wire, n or more */
	const uint8_t *ip4; /* the last IPv4 header, for LAYER_FRAGMENT */
	uint16_t type;    /* an EtherType, for LAYER_TYPE */
	uint8_t proto;    /* an IP protocol number, for LAYER_PROTO, */
	bool v6;          /* found in IPv6 */
	uint8_t depth;    /* encapsulations so far */
	uint8_t extensions; /* IPv6 extension headers so far */
	enum decode_result result;
	struct segment *segment;
	struct fragment *fragment; /* where to tell of one; may be NULL */
};

static inline enum layer
end(struct walk *w, enum decode_result result)
{
	w->result = result;
	return LAYER_NONE;
}

/* After a failed check for room: cut by the snap length, or never there. */
static inline enum layer
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

/* A header with an EtherType in it. */
static inline enum layer
type_at(struct walk *w, uint32_t offset, uint32_t header)
{
	if (w->n < header)
		return end_short(w, header);
	w->type = be16(w->p + offset);
	step(w, header);
	return LAYER_TYPE;
}

/* Over the header of an encapsulation, whose octets are there, to what it carries. */
static inline enum layer
into(struct walk *w, uint32_t header, enum layer next)
{
	if (w->depth >= ENCAPSULATIONS_MAX)
		return end(w, DECODE_TOO_DEEP);
	w->depth++;
	step(w, header);
	return next;
}

static inline enum layer
into_type(struct walk *w, uint32_t header, uint16_t type)
{
	w->type = type;
	return into(w, header, LAYER_TYPE);
}

static inline void
add_vlan(struct segment *s, unsigned id)
{
	if (s->vlan_layers < VLAN_LAYERS_MAX)
		s->vlan[s->vlan_layers++] = id & 0xfff;
}

static inline enum udp_carrier
udp_carrier(uint16_t sport, uint16_t dport)
{
	switch (dport) {
	case 2152:
		return UDP_GTP_U;
	case 4789:
	case 8472: /* before IANA gave a number */
		return UDP_VXLAN;
	case 4754:
		return UDP_GRE;
	case 6081:
		return UDP_GENEVE;
	case 6635:
		return UDP_MPLS;
	}
	/* Servers of these answer to wherever they were asked from. */
	if (dport == 1701 || sport == 1701)
		return UDP_L2TP;
	return dport == 3544 || sport == 3544 ? UDP_TEREDO : UDP_NONE;
}

/* IEEE 802.1Q: two octets of tag, then the next type. */
static inline enum layer
layer_vlan(struct walk *w)
{
	if (w->n < VLAN_TAG)
		return end_short(w, VLAN_TAG);
	add_vlan(w->segment, be16(w->p));
	return into_type(w, VLAN_TAG, be16(w->p + 2));
}

/* decode_link.c: every link type but Ethernet. */
enum layer link_layer(struct walk *w, uint16_t linktype);

/* decode_wifi.c */
enum layer link_radiotap(struct walk *w);
enum layer link_wifi(struct walk *w);

/* decode_shim.c: what lies between the link layer and IP. */
enum layer layer_llc(struct walk *w);
enum layer layer_ppp(struct walk *w);
enum layer layer_pppoe(struct walk *w);
enum layer layer_mpls(struct walk *w);
enum layer layer_shim(struct walk *w);

/* decode_fragment.c: fragments of IPv4, and of IPv6 at a Fragment header. */
enum layer fragment_ipv4(struct walk *w);
enum layer fragment_ipv6(struct walk *w);

/* decode_extension.c: IPv6 extension headers, and AH. */
enum layer layer_extension(struct walk *w);

/* decode_tunnel.c: what IP carries other than TCP. */
enum layer layer_proto(struct walk *w);
enum layer layer_gre(struct walk *w);

/* decode_udp.c: tunnels in UDP. */
enum layer layer_udp(struct walk *w);

/*
 * decode_guess.c. What a place looks like where nothing says it. guess_ip() is the layer
 * to go on with, LAYER_NONE where it is neither; the packet must fill what is left, if
 * asked for. None of these moves the walk.
 */
enum layer guess_ip(const struct walk *w, bool filled);
bool guess_ethernet(const struct walk *w, uint32_t offset);
/* The end of a walk whose guess was no. */
enum layer end_guess(struct walk *w);

#endif
