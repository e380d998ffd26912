/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_EMIT_H
#define RELAYWATCH_EMIT_H

/*
 * Makes records and puts them on the queue, numbered within their packet.
 */

#include "record.h"

struct emit {
	struct record_queue *queue;
	uint64_t packet;   /* number of the packet at work in the whole run */
	uint32_t sequence; /* of the next record of that packet */
};

void emit_conn(struct emit *emit, const struct session *session,
    const struct origin *origin, const struct record_conn *conn);
void emit_prefix(struct emit *emit, const struct session *session,
    const struct origin *origin, const struct record_prefix *prefix);
void emit_turn(struct emit *emit, const struct session *session,
    const struct origin *origin, const struct record_turn *turn);

/* session as the connection has it; swapped where its server is the requester. */
void emit_fact(struct emit *emit, const struct session *session, bool swapped,
    const struct origin *origin, const struct fact *fact);

#endif
