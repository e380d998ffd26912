/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

/*
 * What stands between the link layer and IP: tags, IEEE 802.2, PPPoE and PPP, MPLS.
 */

enum {
	MPLS_LABELS_MAX = 16,
	PPPOE_HEADER = 6,
	SNAP_HEADER = 8,
};

enum ppp_protocol {
	PPP_IPV4 = 0x0021,
	PPP_IPV6 = 0x0057,
	PPP_MPLS = 0x0281,
	PPP_MPLS_UPSTREAM = 0x0283,
};

/*
 * Tags: so many octets, among them the type of what follows (next_at), or before a whole
 * Ethernet frame (next_at 0). The first two octets of a VLAN tag hold its id.
 */
static const struct tag {
	uint16_t type;
	uint8_t octets, next_at;
	bool vlan;
} tags[] = {
	{ TYPE_VLAN, 4, 2, true },       /* IEEE 802.1Q */
	{ TYPE_QINQ, 4, 2, true },       /* IEEE 802.1ad */
	{ TYPE_QINQ_9100, 4, 2, true },  /* the same before there was a standard */
	{ TYPE_QINQ_9200, 4, 2, true },
	{ TYPE_QINQ_9300, 4, 2, true },
	{ TYPE_VN_TAG, 6, 4, false },    /* Cisco's fabric extenders */
	{ TYPE_E_TAG, 8, 6, false },     /* IEEE 802.1BR */
	{ TYPE_I_TAG, 4, 0, false },     /* IEEE 802.1ah, MAC in MAC */
	{ TYPE_FABRICPATH, 2, 0, false },
	{ TYPE_ETHERNET, 0, 0, false },  /* transparent bridging, RFC 1701 */
};

static enum layer
layer_tag(struct walk *w, const struct tag *tag)
{
	if (w->n < tag->octets)
		return end_short(w, tag->octets);
	if (tag->vlan)
		add_vlan(w->segment, be16(w->p));
	if (tag->next_at == 0)
		return into(w, tag->octets, LAYER_ETHERNET);
	return into_type(w, tag->octets, be16(w->p + tag->next_at));
}

/* IEEE 802.3: a length in place of the type, then LLC; what is beyond it is padding. */
static enum layer
layer_length(struct walk *w)
{
	if (w->type <= w->wire)
		cut(w, w->type);
	return LAYER_LLC;
}

enum layer
layer_shim(struct walk *w)
{
	switch (w->type) {
	case TYPE_MPLS:
	case TYPE_MPLS_UPSTREAM:
		return LAYER_MPLS;
	case TYPE_PPPOE:
		return layer_pppoe(w);
	case TYPE_PPP:
		return LAYER_PPP;
	case TYPE_LLC:
		return LAYER_LLC;
	}
	if (w->type <= LENGTH_MAX)
		return layer_length(w);
	for (size_t i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		if (tags[i].type == w->type)
			return layer_tag(w, &tags[i]);
	}
	return end(w, DECODE_OTHER);
}

/* Behind AA-AA-03 and an organisation: an EtherType (IEEE 802, RFC 1042; IEEE 802.1H),
 * or of IEEE 802.1 itself, a bridged frame (RFC 2427 section 4.2). */
static enum layer
layer_snap(struct walk *w)
{
	const uint8_t *organisation = w->p + 3;
	uint16_t type;

	if (w->n < SNAP_HEADER)
		return end_short(w, SNAP_HEADER);
	type = be16(w->p + 6);
	if (memcmp(organisation, "\x00\x00\x00", 3) == 0 ||
	    memcmp(organisation, "\x00\x00\xf8", 3) == 0)
		return type_at(w, 6, SNAP_HEADER);
	if (memcmp(organisation, "\x00\x80\xc2", 3) == 0 && (type == 1 || type == 7))
		return into(w, SNAP_HEADER, LAYER_ETHERNET);
	return end(w, DECODE_OTHER);
}

/* IEEE 802.2, unnumbered information only. */
enum layer
layer_llc(struct walk *w)
{
	if (w->n < 3)
		return end_short(w, 3);
	if (memcmp(w->p, "\xaa\xaa\x03", 3) == 0)
		return layer_snap(w);
	if (memcmp(w->p, "\x06\x06\x03", 3) == 0) {
		step(w, 3);
		return LAYER_IPV4;
	}
	return end(w, DECODE_OTHER);
}

/* RFC 2516 section 4. */
enum layer
layer_pppoe(struct walk *w)
{
	uint32_t length;

	if (w->n < PPPOE_HEADER)
		return end_short(w, PPPOE_HEADER);
	if (w->p[1] != 0) /* no session data */
		return end(w, DECODE_OTHER);
	length = be16(w->p + 4) + (uint32_t)PPPOE_HEADER;
	if (w->p[0] != 0x11 || length > w->wire)
		return end(w, DECODE_MALFORMED);
	cut(w, length);
	return into(w, PPPOE_HEADER, LAYER_PPP);
}

/* RFC 1662 section 3.1: address and control may be left out, the protocol's first octet
 * too; its last octet is odd. */
enum layer
layer_ppp(struct walk *w)
{
	uint32_t at = w->n >= 2 && w->p[0] == 0xff && w->p[1] == 0x03 ? 2 : 0;
	uint16_t protocol;

	if (w->n < at + 2)
		return end_short(w, at + 2);
	protocol = w->p[at++];
	if (protocol % 2 == 0)
		protocol = (uint16_t)(protocol << 8 | w->p[at++]);
	step(w, at);
	switch (protocol) {
	case PPP_IPV4:
		return LAYER_IPV4;
	case PPP_IPV6:
		return LAYER_IPV6;
	case PPP_MPLS:
	case PPP_MPLS_UPSTREAM:
		return LAYER_MPLS;
	default:
		return end(w, DECODE_OTHER);
	}
}

/*
 * Nothing says what the last label stands before. IP by its version (RFC 4928), else an
 * Ethernet pseudo-wire, without a control word or with one (RFC 4385 section 3). A MAC
 * address may begin like any of them: so IP that fits to the octet comes first, IP that
 * has room last.
 */
static enum layer
mpls_payload(struct walk *w)
{
	enum layer ip = guess_ip(w, true);

	if (ip != LAYER_NONE)
		return into(w, 0, ip);
	if (guess_ethernet(w, 0))
		return into(w, 0, LAYER_ETHERNET);
	if (w->n >= 4 && w->p[0] >> 4 == 0 && guess_ethernet(w, 4))
		return into(w, 4, LAYER_ETHERNET);
	ip = guess_ip(w, false);
	return ip != LAYER_NONE ? into(w, 0, ip) : end_guess(w);
}

/* RFC 3032 section 2.1. */
enum layer
layer_mpls(struct walk *w)
{
	for (int i = 0; i < MPLS_LABELS_MAX; i++) {
		bool bottom;

		if (w->n < 4)
			return end_short(w, 4);
		bottom = w->p[2] & 1;
		step(w, 4);
		if (bottom)
			return mpls_payload(w);
	}
	return end(w, DECODE_TOO_DEEP);
}
