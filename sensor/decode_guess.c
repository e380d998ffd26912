/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

static bool
looks_like_ipv4(const struct walk *w)
{
	uint32_t header, total;

	if (w->n < IP4_HEADER || w->p[0] >> 4 != 4)
		return false;
	header = (w->p[0] & 0xfu) * 4;
	total = be16(w->p + 2);
	return header >= IP4_HEADER &&
	    (total == 0 || (total >= header && total <= w->wire));
}

static bool
looks_like_ipv6(const struct walk *w)
{
	return w->n >= IP6_HEADER && w->p[0] >> 4 == 6 &&
	    be16(w->p + 4) + (uint32_t)IP6_HEADER <= w->wire;
}

enum layer
guess_ip(const struct walk *w)
{
	if (looks_like_ipv4(w))
		return LAYER_IPV4;
	return looks_like_ipv6(w) ? LAYER_IPV6 : LAYER_NONE;
}

/* A type that can lead to IP, or ARP, and where it is IP, an IP version behind it. */
bool
guess_ethernet(const struct walk *w, uint32_t offset)
{
	const uint8_t *frame = w->p + offset;
	uint16_t type;

	if (w->n < offset + ETHERNET_HEADER + 3)
		return false;
	type = be16(frame + 12);
	switch (type) {
	case TYPE_IPV4:
		return frame[ETHERNET_HEADER] >> 4 == 4;
	case TYPE_IPV6:
		return frame[ETHERNET_HEADER] >> 4 == 6;
	case TYPE_ARP:
	case TYPE_VLAN:
	case TYPE_QINQ:
	case TYPE_QINQ_9100:
	case TYPE_MPLS:
	case TYPE_PPPOE:
		return true;
	default:
		return type <= LENGTH_MAX &&
		    memcmp(frame + ETHERNET_HEADER, "\xaa\xaa\x03", 3) == 0;
	}
}

enum layer
end_guess(struct walk *w)
{
	return end(w, w->n < w->wire && w->n < IP6_HEADER ? DECODE_SNAPLEN : DECODE_OTHER);
}
