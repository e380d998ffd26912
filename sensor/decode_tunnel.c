/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

/*
 * What IP carries other than TCP: IP in IP (RFC 2003, RFC 2473, RFC 4213), GRE (RFC 2784,
 * RFC 2890, RFC 2637) with ERSPAN in it (draft-foschiano-erspan), EtherIP (RFC 3378),
 * MPLS in IP (RFC 4023).
 */

enum gre_flag {
	GRE_CHECKSUM = 0x8000,
	GRE_ROUTING = 0x4000,
	GRE_KEY = 0x2000,
	GRE_SEQUENCE = 0x1000,
	GRE_ACK = 0x0080,
	GRE_VERSION = 0x0007,
};

enum {
	ERSPAN2_HEADER = 8,
	ERSPAN3_HEADER = 12,
	ERSPAN3_PLATFORM = 8,
	ERSPAN_VLAN = 0x0fff,
	ERSPAN_ENCAP = 0x1800, /* of type II */
	ERSPAN_TRUNCATED = 0x0400,
	WIRE_UNKNOWN = 0x10000,
};

/* The mirror cut the frame short: it was as long as its IP header will say. */
static void
erspan_truncated(struct walk *w)
{
	if (be16(w->p + 2) & ERSPAN_TRUNCATED && w->wire < WIRE_UNKNOWN)
		w->wire = WIRE_UNKNOWN;
}

/* A VLAN tag that the mirror took off the frame is told in the header. */
static enum layer
erspan2(struct walk *w)
{
	if (w->n < ERSPAN2_HEADER)
		return end_short(w, ERSPAN2_HEADER);
	if (w->p[0] >> 4 != 1)
		return end(w, DECODE_OTHER);
	if ((be16(w->p + 2) & ERSPAN_ENCAP) == 0x1000)
		add_vlan(w->segment, be16(w->p));
	erspan_truncated(w);
	return into(w, ERSPAN2_HEADER, LAYER_ETHERNET);
}

static enum layer
erspan3(struct walk *w)
{
	uint32_t header = ERSPAN3_HEADER;
	uint16_t last;

	if (w->n < ERSPAN3_HEADER)
		return end_short(w, ERSPAN3_HEADER);
	last = be16(w->p + 10);
	if (last & 1)
		header += ERSPAN3_PLATFORM;
	if (w->n < header)
		return end_short(w, header);
	if (w->p[0] >> 4 != 2)
		return end(w, DECODE_OTHER);
	if (be16(w->p) & ERSPAN_VLAN)
		add_vlan(w->segment, be16(w->p));
	erspan_truncated(w);
	switch (last >> 10 & 0x1f) { /* frame type */
	case 0:
		return into(w, header, LAYER_ETHERNET);
	case 2:
		return into(w, header, LAYER_IP);
	default:
		return end(w, DECODE_OTHER);
	}
}

/* Version 2 of WCCP puts four octets before the packet it redirects to a proxy, version 1
 * none (draft-wilson-wrec-wccp-v2). */
static enum layer
wccp(struct walk *w)
{
	if (w->n < 4)
		return end_short(w, 4);
	return into(w, w->p[0] >> 4 == 4 ? 0 : 4, LAYER_IPV4);
}

static enum layer
gre_payload(struct walk *w, uint16_t type, bool sequence)
{
	switch (type) {
	case TYPE_ERSPAN: /* type I has no sequence number and no header of its own */
		return sequence ? erspan2(w) : into(w, 0, LAYER_ETHERNET);
	case TYPE_ERSPAN3:
		return erspan3(w);
	case TYPE_WCCP:
		return wccp(w);
	case TYPE_ETHERNET:
		return into(w, 0, LAYER_ETHERNET);
	default:
		return type <= LENGTH_MAX ? end(w, DECODE_OTHER) : into_type(w, 0, type);
	}
}

/* RFC 2637 section 4.1: PPP; without a sequence number there is none, only an
 * acknowledgment. */
static enum layer
gre_pptp(struct walk *w, uint16_t flags)
{
	uint32_t header = flags & GRE_ACK ? 16 : 12, length;

	if (!(flags & GRE_SEQUENCE) || be16(w->p + 2) != TYPE_PPP)
		return end(w, DECODE_OTHER);
	if (w->n < header)
		return end_short(w, header);
	length = be16(w->p + 4);
	if (length > w->wire - header)
		return end(w, DECODE_MALFORMED);
	cut(w, header + length);
	return into(w, header, LAYER_PPP);
}

enum layer
layer_gre(struct walk *w)
{
	uint32_t header = 4;
	uint16_t flags, type;

	if (w->n < header)
		return end_short(w, header);
	flags = be16(w->p);
	type = be16(w->p + 2);
	if ((flags & GRE_VERSION) == 1)
		return gre_pptp(w, flags);
	if (flags & (GRE_ROUTING | GRE_VERSION))
		return end(w, DECODE_OTHER);
	header += flags & GRE_CHECKSUM ? 4 : 0;
	header += flags & GRE_KEY ? 4 : 0;
	header += flags & GRE_SEQUENCE ? 4 : 0;
	if (w->n < header)
		return end_short(w, header);
	step(w, header);
	return gre_payload(w, type, flags & GRE_SEQUENCE);
}

static enum layer
layer_etherip(struct walk *w)
{
	if (w->n < 2)
		return end_short(w, 2);
	return w->p[0] >> 4 == 3 ? into(w, 2, LAYER_ETHERNET) : end(w, DECODE_OTHER);
}

enum layer
layer_proto(struct walk *w)
{
	switch (w->proto) {
	case IP_UDP:
		return layer_udp(w);
	case IP_IPV4:
		return into(w, 0, LAYER_IPV4);
	case IP_IPV6:
		return into(w, 0, LAYER_IPV6);
	case IP_GRE:
		return layer_gre(w);
	case IP_ETHERIP:
		return layer_etherip(w);
	case IP_MPLS:
		return LAYER_MPLS;
	case IP_AH:
		return layer_extension(w);
	case IP_HOPOPTS:
	case IP_ROUTING:
	case IP_FRAGMENT:
	case IP_DSTOPTS:
		return w->v6 ? layer_extension(w) : end(w, DECODE_OTHER);
	default:
		return end(w, DECODE_OTHER);
	}
}
