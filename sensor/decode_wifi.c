/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

/*
 * IEEE 802.11, bare and behind a radiotap header: data frames that are not encrypted (or
 * no longer) and not fragmented carry LLC.
 */

enum {
	RADIOTAP_MIN = 8,
	RADIOTAP_MORE = 0x80, /* in the last octet of a word: one more follows */
	RADIOTAP_TSFT = 0x01,
	RADIOTAP_FLAGS = 0x02,
	RADIOTAP_FLAG_PAD = 0x20, /* the header is padded to words */
	RADIOTAP_FLAG_BAD_FCS = 0x40,

	WIFI_HEADER = 24,
	WIFI_ADDRESS = 6,
	AMSDU_HEADER = 14,
};

/* First octet of frame control: version, type, subtype. */
enum wifi_kind {
	WIFI_KIND_MASK = 0x0f,
	WIFI_DATA = 0x08,
	WIFI_NULL = 0x40, /* carries nothing */
	WIFI_QOS = 0x80,
};

/* Second octet. */
enum wifi_flag {
	WIFI_DS = 0x03, /* to and from the distribution system: a fourth address */
	WIFI_MORE_FRAGMENTS = 0x04,
	WIFI_PROTECTED = 0x40,
	WIFI_ORDER = 0x80, /* with QoS: an HT control field */
};

static enum layer
wifi_data(struct walk *w, bool padded)
{
	uint32_t header = WIFI_HEADER;
	uint8_t kind, flags, qos = 0;

	if (w->n < WIFI_HEADER)
		return end_short(w, WIFI_HEADER);
	kind = w->p[0];
	flags = w->p[1];
	if ((kind & WIFI_KIND_MASK) != WIFI_DATA || kind & WIFI_NULL ||
	    flags & (WIFI_PROTECTED | WIFI_MORE_FRAGMENTS) || (w->p[22] & 0x0f) != 0)
		return end(w, DECODE_OTHER);
	header += (flags & WIFI_DS) == WIFI_DS ? WIFI_ADDRESS : 0;
	if (kind & WIFI_QOS) {
		if (w->n < header + 1)
			return end_short(w, header + 1);
		qos = w->p[header];
		header += flags & WIFI_ORDER ? 6 : 2;
	}
	header = padded ? (header + 3) & ~3u : header;
	header += qos & 0x80 ? AMSDU_HEADER : 0; /* of several frames, the first */
	if (w->n < header)
		return end_short(w, header);
	step(w, header);
	return LAYER_LLC;
}

enum layer
link_wifi(struct walk *w)
{
	return wifi_data(w, false);
}

/* The octet of flags, 0 where there is none. https://www.radiotap.org */
static uint8_t
radiotap_flags(const uint8_t *p, uint32_t header)
{
	uint8_t present = p[4];
	uint32_t at = 4;

	while (at + 8 <= header && p[at + 3] & RADIOTAP_MORE)
		at += 4;
	at += 4;
	if (present & RADIOTAP_TSFT)
		at = ((at + 7) & ~7u) + 8;
	return present & RADIOTAP_FLAGS && at < header ? p[at] : 0;
}

enum layer
link_radiotap(struct walk *w)
{
	uint32_t header;
	uint8_t flags;

	if (w->n < RADIOTAP_MIN)
		return end_short(w, RADIOTAP_MIN);
	header = (uint32_t)w->p[3] << 8 | w->p[2];
	if (w->p[0] != 0 || header < RADIOTAP_MIN)
		return end(w, DECODE_MALFORMED);
	if (w->n < header)
		return end_short(w, header);
	flags = radiotap_flags(w->p, header);
	if (flags & RADIOTAP_FLAG_BAD_FCS)
		return end(w, DECODE_MALFORMED);
	step(w, header);
	return wifi_data(w, flags & RADIOTAP_FLAG_PAD);
}
