/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

static enum layer
tell(struct walk *w, struct fragment f)
{
	if (w->fragment != NULL) {
		f.src = w->segment->src;
		f.dst = w->segment->dst;
		f.depth = w->depth;
		f.data = slice_of(w->p, w->n);
		f.wire_octets = w->wire;
		f.ts_us = w->segment->origin.ts_us;
		*w->fragment = f;
	}
	return end(w, DECODE_FRAGMENT);
}

/* RFC 791 section 3.1. */
enum layer
fragment_ipv4(struct walk *w)
{
	const uint8_t *ip = w->ip4;
	uint16_t place = be16(ip + 6);

	return tell(w,
	    (struct fragment){
	        .id = be16(ip + 4),
	        .offset = (place & 0x1fffu) * 8,
	        .more = place & 0x2000,
	        .proto = ip[9],
	    });
}

/* RFC 8200 section 4.5. */
enum layer
fragment_ipv6(struct walk *w)
{
	const uint8_t *header = w->p;
	uint16_t place = be16(header + 2);

	step(w, 8);
	return tell(w,
	    (struct fragment){
	        .v6 = true,
	        .id = be32(header + 4),
	        .offset = place & 0xfff8u,
	        .more = place & 1,
	        .proto = header[0],
	    });
}
