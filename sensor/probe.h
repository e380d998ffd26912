/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PROBE_H
#define RELAYWATCH_PROBE_H

/*
 * Which protocol a stream carries: all parsers are asked about its first bytes, both ways
 * round. While they are not sure the stream is kept here, in order, for the one that
 * claims it.
 */

#include "packet.h"
#include "proto.h"

enum { PROBE_PIECES = 16 };

struct probe {
	uint16_t count[2];
	uint16_t from[2]; /* what follows the latest gap is looked at */
	uint8_t pieces;
	struct probe_piece {
		uint8_t dir;
		bool end;
		uint16_t count;
		uint64_t gap;
		struct origin origin;
	} piece[PROBE_PIECES];
	uint8_t bytes[2][PROTO_PROBE_BYTES];
};

void probe_init(struct probe *probe);

/* Takes a step out of input and keeps it; what has no room stays there. True when all of
 * it was kept. */
bool probe_keep(struct probe *probe, uint8_t dir, struct proto_input *input,
    const struct origin *origin);

/* What was kept of a direction, behind its latest gap. */
struct slice probe_seen(const struct probe *probe, unsigned dir);

struct probe_claim {
	const struct proto *proto;
	bool swapped; /* direction 1 asks */
};

/*
 * Asks for the first bytes of both directions. flags[dir] (enum proto_probe_flag) are
 * those that hold where direction dir asks.
 */
enum proto_probe probe_ask(
    const struct slice seen[2], const unsigned flags[2], struct probe_claim *claim);

#endif
