/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

enum {
	PADDED_MAX = 46, /* an Ethernet frame's shortest payload */
	FCS_OCTETS = 4,  /* some taps leave the frame's check sequence on */
};

/* A packet of that length has room; or it fills the place, but for a short frame's
 * padding. */
static bool
fits(const struct walk *w, uint32_t octets, bool filled)
{
	if (octets > w->wire)
		return false;
	return !filled || w->wire <= PADDED_MAX || w->wire - octets <= FCS_OCTETS;
}

static bool
looks_like_ipv4(const struct walk *w, bool filled)
{
	uint32_t header, total;

	if (w->n < IP4_HEADER || w->p[0] >> 4 != 4)
		return false;
	header = (w->p[0] & 0xfu) * 4;
	total = be16(w->p + 2);
	if (total == 0) /* not yet cut up by the network card */
		return header >= IP4_HEADER && w->p[9] == IP_TCP;
	return header >= IP4_HEADER && total >= header && fits(w, total, filled);
}

static bool
looks_like_ipv6(const struct walk *w, bool filled)
{
	uint32_t payload;

	if (w->n < IP6_HEADER || w->p[0] >> 4 != 6)
		return false;
	payload = be16(w->p + 4);
	return payload == 0 || fits(w, payload + IP6_HEADER, filled);
}

enum layer
guess_ip(const struct walk *w, bool filled)
{
	if (looks_like_ipv4(w, filled))
		return LAYER_IPV4;
	return looks_like_ipv6(w, filled) ? LAYER_IPV6 : LAYER_NONE;
}

static bool
is_tag(uint16_t type)
{
	return type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_QINQ_9100;
}

/* A type that leads to IP, and IP's version behind it; or ARP. */
bool
guess_ethernet(const struct walk *w, uint32_t offset)
{
	uint32_t at = offset + ETHERNET_HEADER;
	const uint8_t *behind;
	uint16_t type;

	while (w->n >= at + 4 && is_tag(be16(w->p + at - 2)))
		at += VLAN_TAG;
	if (w->n < at + 3)
		return false;
	type = be16(w->p + at - 2);
	behind = w->p + at;
	switch (type) {
	case TYPE_IPV4:
		return behind[0] >> 4 == 4;
	case TYPE_IPV6:
		return behind[0] >> 4 == 6;
	case TYPE_ARP:
	case TYPE_MPLS:
	case TYPE_PPPOE:
		return true;
	default:
		return type <= LENGTH_MAX &&
		    memcmp(behind, "\xaa\xaa\x03", 3) == 0;
	}
}

enum layer
end_guess(struct walk *w)
{
	bool cut_off = w->n < w->wire && w->n < IP6_HEADER;

	return end(w, cut_off ? DECODE_SNAPLEN : DECODE_OTHER);
}
