/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

enum { EXTENSIONS_MAX = 8 };

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

/* RFC 8200 section 4: most count their length in units of 8 octets after the first. */
static uint32_t
extension_octets(const struct walk *w)
{
	if (w->proto == IP_AH) /* RFC 4302 section 2.2: in words, less two */
		return (w->p[1] + 2u) * 4;
	return w->proto == IP_FRAGMENT ? 8 : (w->p[1] + 1u) * 8;
}

/* One extension header; AH may also stand in IPv4. */
enum layer
layer_extension(struct walk *w)
{
	uint32_t n;

	if (++w->extensions > EXTENSIONS_MAX)
		return end(w, DECODE_MALFORMED);
	if (w->n < 8)
		return end_short(w, 8);
	/* A fragment that is the whole is none: RFC 6946. */
	if (w->proto == IP_FRAGMENT && (be16(w->p + 2) & 0xfff9) != 0)
		return fragment_ipv6(w);
	n = extension_octets(w);
	if (w->n < n)
		return end_short(w, n);
	if (w->proto == IP_ROUTING)
		route_to_end(w, n);
	if (w->v6 && addr_is_v4(&w->segment->dst))
		return end(w, DECODE_MALFORMED);
	w->proto = w->p[0];
	step(w, n);
	return LAYER_PROTO;
}
