/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_DECODE_H
#define RELAYWATCH_DECODE_H

/*
 * A captured packet in, one flat TCP segment out: link layers, tags and tunnels in any
 * nesting up to a limit, IPv4 and IPv6 with their extension headers, TCP. What is told of
 * addresses is the innermost; VLAN ids are those of all layers. Pure: no state, no
 * allocation. Every read is bounded by the captured length.
 */

#include "packet.h"

enum decode_result {
	DECODE_TCP,       /* *segment is filled */
	DECODE_OTHER,     /* whole, but not TCP over IP */
	DECODE_FRAGMENT,  /* an IP fragment */
	DECODE_SNAPLEN,   /* headers cut off by the snap length */
	DECODE_MALFORMED, /* lengths that contradict each other */
	DECODE_LINKTYPE,  /* a link type nobody here reads */
	DECODE_TOO_DEEP,  /* more encapsulations in each other than are looked into */
	DECODE_RESULTS
};

enum decode_result decode(const struct packet *packet, struct segment *segment);

/* The same, and on DECODE_FRAGMENT *fragment is filled. */
enum decode_result decode_fragment(
    const struct packet *packet, struct segment *segment, struct fragment *fragment);

/*
 * Goes on with the datagram that a packet's fragment completed. The segment is the one
 * that decode_fragment() was given: origin and outer VLAN ids stay. *fragment is filled
 * where fragments were carried in fragments.
 */
enum decode_result decode_datagram(const struct datagram *datagram,
    struct segment *segment, struct fragment *fragment);

/* A stable name for counters: "fragment", "snaplen", ... */
const char *decode_result_name(enum decode_result result);

/* Whether the TCP checksum is right; true where it cannot be told (cut by the snap
 * length). RFC 9293 section 3.1. */
bool decode_checksum_ok(const struct segment *segment);

/* Whether the checksum field holds what a sender leaves to its network card: the sum over
 * the pseudo header alone. */
bool decode_checksum_offloaded(const struct segment *segment);

#endif
