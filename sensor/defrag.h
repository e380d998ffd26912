/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_DEFRAG_H
#define RELAYWATCH_DEFRAG_H

/*
 * Fragments of IPv4 and IPv6 in, whole datagrams out. All memory is reserved at start and
 * blocks of it are shared by the datagrams; where there is no room left, the oldest
 * datagram goes, those that were joined already before those that wait.
 *
 * Of octets that come twice the first copy counts, as in reassembly. A fragment that
 * reaches into another one and beyond it is taken apart in IPv4; in IPv6 it ends its
 * datagram (RFC 5722). What the IP headers around it carry, VLAN or tunnel, is no part of
 * a datagram's name, as it is none of a connection's.
 */

#include "packet.h"
#include "stats.h"

enum { DEFRAG_BLOCK_BYTES = 2048 };

struct defrag_limits {
	uint32_t datagrams; /* at the same time */
	uint32_t blocks;    /* of DEFRAG_BLOCK_BYTES; at least DEFRAG_BLOCKS_MIN */
	uint32_t wait_sec;  /* from a datagram's first fragment on */
};

enum { DEFRAG_BLOCKS_MIN = 65536 / DEFRAG_BLOCK_BYTES };

struct defrag;

/* NULL when out of memory. */
struct defrag *defrag_new(const struct defrag_limits *limits);
void defrag_free(struct defrag *defrag);

/*
 * Whether the fragment completes its datagram: then *joined is filled, its octets lent
 * until the next call. The fragment's octets may be those of the last datagram.
 */
bool defrag_take(
    struct defrag *defrag, const struct fragment *fragment, struct datagram *joined);

void defrag_stats(const struct defrag *defrag, struct stats_visitor *v);

#endif
