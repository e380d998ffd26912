/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CONN_H
#define RELAYWATCH_CONN_H

/*
 * A connection that is looked into: its stream goes through probing to the parser that
 * claims it, and, after a granted tunnel, to the next layer inside. Nothing here knows
 * packets or the flow table.
 */

#include "emit.h"
#include "pool.h"
#include "prefix.h"
#include "proto.h"
#include "reasm.h"
#include "stats.h"

enum { CONN_DEPTH_MAX = 4 }; /* protocols inside each other */

enum conn_layer_state {
	CONN_LAYER_UNUSED,
	CONN_LAYER_PROBING,
	CONN_LAYER_CLAIMED,
	CONN_LAYER_DROPPED, /* nobody's, or its parser is done with it */
};

struct conn_probe;
struct flow;

struct conn_layer {
	enum conn_layer_state state;
	bool swapped;   /* the side that opened the connection is the responder */
	uint8_t ended;  /* bit per direction */
	const struct proto *proto;
	void *parser;   /* its state */
	struct conn_probe *probe;
};

struct conn {
	struct reasm reasm;
	struct prefix prefix;
	struct session session;
	struct flow *flow; /* its entry in the flow table, for the caller */
	uint8_t depth[2]; /* the layer that a direction has reached */
	uint8_t probe_flags; /* PROTO_PROBE_MIDSTREAM */
	struct conn_layer layer[CONN_DEPTH_MAX];
};

enum conn_outcome { CONN_CLAIMED, CONN_UNCLAIMED, CONN_BAD, CONN_DONE, CONN_OUTCOMES };

/* What connections share: memory, the way out, counters. */
struct conn_shared {
	struct pool probes;
	struct pool parsers;
	struct emit *emit;
	const struct conf *conf;
	uint64_t outcomes[CONN_OUTCOMES];
	uint64_t pool_full; /* connections not looked into for want of memory */
	uint64_t deepest;   /* streams dropped at CONN_DEPTH_MAX */
};

int conn_shared_init(
    struct conn_shared *shared, const struct conf *conf, struct emit *emit, uint32_t conns);
void conn_shared_release(struct conn_shared *shared);
void conn_shared_stats(const struct conn_shared *shared, struct stats_visitor *v);

void conn_init(struct conn *conn, const struct session *session, bool midstream);
void conn_release(struct conn *conn, struct conn_shared *shared, struct reasm_pool *pool);

/* One step of the stream, REASM_NONE excepted. */
void conn_take(
    struct conn *conn, struct conn_shared *shared, const struct reasm_event *event);

/* The connection is over: ends also a direction of which nothing was ever captured, so that
 * its parser waits for nothing more. */
void conn_finish(
    struct conn *conn, struct conn_shared *shared, const struct origin *origin);

/* Nothing more can come of looking into it. */
bool conn_is_settled(const struct conn *conn);

#endif
