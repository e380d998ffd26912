/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

/*
 * Tunnels in UDP. Only the port says that there is one, and anybody may use a port for
 * something else: so the header must be as its RFC has it, and what follows must look
 * like what it carries. Everything else is DECODE_OTHER.
 */

static enum layer
carried_ip(struct walk *w, uint32_t header)
{
	enum layer ip;

	step(w, header);
	ip = guess_ip(w, false);
	return ip == LAYER_NONE ? end_guess(w) : into(w, 0, ip);
}

static enum layer
carried_ethernet(struct walk *w, uint32_t header)
{
	if (!guess_ethernet(w, header))
		return end_guess(w);
	return into(w, header, LAYER_ETHERNET);
}

/* RFC 7348 section 5; the flags that its extension for group policies adds may be set. */
static enum layer
layer_vxlan(struct walk *w)
{
	if (w->n < 8)
		return end_guess(w);
	if ((w->p[0] & 0x7f) != 0x08 || w->p[7] != 0)
		return end(w, DECODE_OTHER);
	return carried_ethernet(w, 8);
}

/* RFC 8926 section 3.4. */
static enum layer
layer_geneve(struct walk *w)
{
	uint32_t header;
	uint16_t type;

	if (w->n < 8)
		return end_guess(w);
	header = 8 + (w->p[0] & 0x3fu) * 4;
	type = be16(w->p + 2);
	if (w->p[0] >> 6 != 0 || w->p[7] != 0 || header > w->wire)
		return end(w, DECODE_OTHER);
	if (w->n < header)
		return end_short(w, header);
	if (type == TYPE_ETHERNET)
		return carried_ethernet(w, header);
	if (type == TYPE_IPV4 || type == TYPE_IPV6)
		return carried_ip(w, header);
	return end(w, DECODE_OTHER);
}

/* 3GPP TS 29.281 section 5: optional fields where one of three flags is set, then
 * extension headers of so many words each, the last octet being the next one's type. */
static enum layer
layer_gtp_u(struct walk *w)
{
	uint32_t header = 8;
	uint8_t next = 0;

	if (w->n < 12)
		return end_guess(w);
	if ((w->p[0] & 0xf0) != 0x30 || w->p[1] != 0xff)
		return end(w, DECODE_OTHER);
	if (w->p[0] & 0x07)
		header = 12;
	if (w->p[0] & 0x04)
		next = w->p[11];
	while (next != 0) {
		uint32_t octets = header < w->n ? w->p[header] * 4u : 0;

		if (octets == 0 || w->n < header + octets)
			return end(w, DECODE_OTHER);
		header += octets;
		next = w->p[header - 1];
	}
	return carried_ip(w, header);
}

/* RFC 2661 section 3.1: data messages only, the optional fields in this order. */
static enum layer
layer_l2tp(struct walk *w)
{
	uint32_t header = 6;
	uint16_t flags;

	if (w->n < 16)
		return end_guess(w);
	flags = be16(w->p);
	if ((flags & 0x800f) != 0x0002) /* control, or another version */
		return end(w, DECODE_OTHER);
	header += flags & 0x4000 ? 2 : 0; /* length */
	header += flags & 0x0800 ? 4 : 0; /* sequence numbers */
	if (flags & 0x0200)               /* offset */
		header += 2 + be16(w->p + header);
	if (w->n < header)
		return end(w, DECODE_OTHER);
	return into(w, header, LAYER_PPP);
}

/* RFC 4380 section 5.1.1: an authentication and an origin indication may come first. */
static enum layer
layer_teredo(struct walk *w)
{
	uint32_t header = 0;

	if (w->n >= 4 && be16(w->p) == 1)
		header = 13u + w->p[2] + w->p[3];
	if (w->n >= header + 8 && be16(w->p + header) == 0)
		header += 8;
	if (w->n < header + IP6_HEADER || w->p[header] >> 4 != 6)
		return end_guess(w);
	return carried_ip(w, header);
}

/* RFC 8086: version 0, and no bit set but those of the optional fields. */
static enum layer
layer_gre_in_udp(struct walk *w)
{
	uint16_t type;

	if (w->n < 4)
		return end_guess(w);
	type = be16(w->p + 2);
	if (be16(w->p) & 0x4fff ||
	    (type != TYPE_IPV4 && type != TYPE_IPV6 && type != TYPE_ETHERNET))
		return end(w, DECODE_OTHER);
	return layer_gre(w);
}

static enum layer (*const carriers[])(struct walk *w) = {
	[UDP_L2TP] = layer_l2tp,
	[UDP_GTP_U] = layer_gtp_u,
	[UDP_TEREDO] = layer_teredo,
	[UDP_GRE] = layer_gre_in_udp,
	[UDP_VXLAN] = layer_vxlan,
	[UDP_GENEVE] = layer_geneve,
	[UDP_MPLS] = layer_mpls,
};

/* RFC 768. A length of 0 is a jumbogram's, or left to the network card. */
enum layer
layer_udp(struct walk *w)
{
	enum udp_carrier carrier;
	uint32_t length;

	if (w->n < UDP_HEADER)
		return end_short(w, UDP_HEADER);
	length = be16(w->p + 4);
	if (length != 0 && (length < UDP_HEADER || length > w->wire))
		return end(w, DECODE_MALFORMED);
	if (length != 0)
		cut(w, length);
	carrier = udp_carrier(be16(w->p), be16(w->p + 2));
	if (carrier == UDP_NONE)
		return end(w, DECODE_OTHER);
	step(w, UDP_HEADER);
	return carriers[carrier](w);
}
