/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

/*
 * Link types: what captures begin with, by the numbers of
 * https://www.tcpdump.org/linktypes.html. Ethernet is in decode.c.
 */

enum {
	LINK_NULL = 0,
	LINK_PPP = 9,
	LINK_DLT_RAW = 12, /* DLT_RAW has this value on most systems, 14 on OpenBSD */
	LINK_DLT_RAW_OPENBSD = 14,
	LINK_PPP_HDLC = 50,
	LINK_PPP_ETHER = 51,
	LINK_RAW = 101,
	LINK_CISCO_HDLC = 104,
	LINK_WIFI = 105,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_RADIOTAP = 127,
	LINK_PPP_WITH_DIR = 204,
	LINK_MPLS = 219,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_NFLOG = 239,
	LINK_PKTAP = 258,
	LINK_SLL2 = 276,

	SLL_LLC = 4,
	NFLOG_PAYLOAD = 9,
	NFLOG_ATTRIBUTES_MAX = 32,
	PKTAP_HEADER_MIN = 12,
	PKTAP_PACKET = 1,
};

/* Fields that the capturing host wrote in its own byte order. */
static uint32_t
le32(const uint8_t *p)
{
	return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

static uint16_t
le16(const uint8_t *p)
{
	return (uint16_t)(p[1] << 8 | p[0]);
}

static enum layer
link_ip(struct walk *w)
{
	(void)w;
	return LAYER_IP;
}

static enum layer
link_ipv4(struct walk *w)
{
	(void)w;
	return LAYER_IPV4;
}

static enum layer
link_ipv6(struct walk *w)
{
	(void)w;
	return LAYER_IPV6;
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

/* In place of a type, Linux says that there is LLC. */
static enum layer
link_cooked(struct walk *w, uint32_t type_offset, uint32_t header)
{
	enum layer layer = type_at(w, type_offset, header);

	if (layer == LAYER_TYPE && w->type <= LENGTH_MAX)
		return w->type == SLL_LLC ? LAYER_LLC : end(w, DECODE_OTHER);
	return layer;
}

static enum layer
link_sll(struct walk *w)
{
	return link_cooked(w, 14, 16);
}

static enum layer
link_sll2(struct walk *w)
{
	return link_cooked(w, 0, 20);
}

static enum layer
link_cisco_hdlc(struct walk *w)
{
	return type_at(w, 2, 4);
}

/* Serial lines carry PPP or Cisco's framing; the address tells them apart. */
static enum layer
link_ppp(struct walk *w)
{
	if (w->n >= 2 && (w->p[0] == 0x0f || w->p[0] == 0x8f) && w->p[1] == 0)
		return link_cisco_hdlc(w);
	return LAYER_PPP;
}

static enum layer
link_ppp_with_dir(struct walk *w)
{
	if (w->n < 1)
		return end_short(w, 1);
	step(w, 1);
	return LAYER_PPP;
}

static enum layer
link_mpls(struct walk *w)
{
	(void)w;
	return LAYER_MPLS;
}

/*
 * Netfilter's log: four octets, the first of them the address family, then attributes of
 * a length and a type each, padded to words. One of them is the packet.
 */
static enum layer
link_nflog(struct walk *w)
{
	uint32_t length;

	if (w->n < 4)
		return end_short(w, 4);
	step(w, 4);
	for (int i = 0; i < NFLOG_ATTRIBUTES_MAX && w->n >= 4; i++) {
		bool big = w->p[2] == 0 && w->p[3] != 0;

		length = big ? be16(w->p) : le16(w->p);
		if (length < 4 || length > w->wire)
			return end(w, DECODE_MALFORMED);
		if ((big ? be16(w->p + 2) : le16(w->p + 2)) == NFLOG_PAYLOAD) {
			cut(w, length);
			step(w, 4);
			return LAYER_IP;
		}
		length = (length + 3) & ~3u;
		if (length > w->n)
			break;
		step(w, length);
	}
	return end(w, w->n < w->wire ? DECODE_SNAPLEN : DECODE_OTHER);
}

/* Darwin: a header that says its length and the link type of what follows. */
static enum layer
link_pktap(struct walk *w)
{
	uint32_t header, linktype;

	if (w->n < PKTAP_HEADER_MIN)
		return end_short(w, PKTAP_HEADER_MIN);
	header = le32(w->p);
	linktype = le32(w->p + 8);
	if (header < PKTAP_HEADER_MIN || header > w->wire)
		return end(w, DECODE_MALFORMED);
	if (w->n < header)
		return end(w, DECODE_SNAPLEN);
	if (le32(w->p + 4) != PKTAP_PACKET)
		return end(w, DECODE_OTHER);
	if (linktype > UINT16_MAX || linktype == LINK_PKTAP)
		return end(w, DECODE_LINKTYPE);
	step(w, header);
	return link_layer(w, (uint16_t)linktype);
}

static enum layer
link_ethernet(struct walk *w)
{
	(void)w;
	return LAYER_ETHERNET;
}

static const struct link {
	uint16_t linktype;
	enum layer (*first)(struct walk *w);
} links[] = {
	{ LINK_ETHERNET, link_ethernet },
	{ LINK_SLL, link_sll },
	{ LINK_SLL2, link_sll2 },
	{ LINK_RAW, link_ip },
	{ LINK_DLT_RAW, link_ip },
	{ LINK_DLT_RAW_OPENBSD, link_ip },
	{ LINK_IPV4, link_ipv4 },
	{ LINK_IPV6, link_ipv6 },
	{ LINK_NULL, link_loopback },
	{ LINK_LOOP, link_loopback },
	{ LINK_PPP, link_ppp },
	{ LINK_PPP_HDLC, link_ppp },
	{ LINK_PPP_ETHER, layer_pppoe },
	{ LINK_PPP_WITH_DIR, link_ppp_with_dir },
	{ LINK_CISCO_HDLC, link_cisco_hdlc },
	{ LINK_WIFI, link_wifi },
	{ LINK_RADIOTAP, link_radiotap },
	{ LINK_MPLS, link_mpls },
	{ LINK_NFLOG, link_nflog },
	{ LINK_PKTAP, link_pktap },
};

enum layer
link_layer(struct walk *w, uint16_t linktype)
{
	for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
		if (links[i].linktype == linktype)
			return links[i].first(w);
	}
	return end(w, DECODE_LINKTYPE);
}
