/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_DECODE_H
#define RELAYWATCH_DECODE_H

/*
 * A captured packet in, one flat TCP segment out: link layer (Ethernet with VLAN tags, raw
 * IP, loopback, Linux cooked), IPv4 and IPv6 with their extension headers, TCP. Pure: no
 * state, no allocation. Every read is bounded by the captured length.
 */

#include "packet.h"

enum decode_result {
	DECODE_TCP,       /* *segment is filled */
	DECODE_OTHER,     /* whole, but not TCP over IP */
	DECODE_FRAGMENT,  /* an IP fragment */
	DECODE_SNAPLEN,   /* headers cut off by the snap length */
	DECODE_MALFORMED, /* lengths that contradict each other */
	DECODE_LINKTYPE,  /* a link type nobody here reads */
	DECODE_RESULTS
};

enum decode_result decode(const struct packet *packet, struct segment *segment);

/* A stable name for counters: "fragment", "snaplen", ... */
const char *decode_result_name(enum decode_result result);

/* Whether the TCP checksum is right; true where it cannot be told (cut by the snap
 * length). RFC 9293 section 3.1. */
bool decode_checksum_ok(const struct segment *segment);

#endif
