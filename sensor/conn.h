/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CONN_H
#define RELAYWATCH_CONN_H

/*
 * A connection that is looked into: its stream goes through probing to the parser that
 * claims it, and, after a granted tunnel, to the next layer inside. Each direction goes
 * down by itself. Nothing here knows packets or the flow table.
 */

#include "classify.h"
#include "emit.h"
#include "marked.h"
#include "meter.h"
#include "pool.h"
#include "prefix.h"
#include "probe.h"
#include "proxy_header.h"
#include "reasm.h"
#include "stats.h"

struct conf;
struct flow;
struct conn_held;

enum { CONN_HELD_BYTES = 16384 }; /* of what a parser lets wait for the other direction */

enum conn_layer_state {
	CONN_LAYER_UNUSED,
	CONN_LAYER_PROBING,
	CONN_LAYER_CLAIMED,
	CONN_LAYER_DROPPED, /* nobody's, or its parser is done with it */
};

struct conn_layer {
	enum conn_layer_state state;
	bool swapped;                  /* direction 1 is the requester */
	uint8_t ended;                 /* bit per direction */
	struct proxy_header header[2]; /* in front of its stream */
	const struct proto *proto;
	void *parser;        /* its state */
	struct probe *probe; /* while undecided; where dropped, until it has a label */
	struct conn_held *held[2]; /* what waits for the other direction */
	struct prefix *prefix;     /* NULL: nothing more is needed of it */
	uint64_t bytes[2];         /* that reached this layer, gaps included */
	/* A proxy's layer: */
	bool tunnel_open;
	uint16_t tunnel_port; /* asked for */
	uint32_t tunnel_tx;
};

struct conn {
	/* What each segment touches comes first, and first of it what leads track.c back
	 * to the conn; the rest of layer[] is for tunnels. */
	struct reasm reasm;
	struct flow *flow;     /* its entry in the flow table, for the caller */
	uint8_t right_sums[2]; /* segments with a right checksum, up to a few */
	uint8_t depth[2];      /* the layer that a direction has reached */
	uint8_t probe_flags;   /* PROTO_PROBE_MIDSTREAM, PROTO_PROBE_FETCHER */
	struct meter meter;
	struct conn_layer layer[RECORD_DEPTH_MAX];
	struct session session;
	struct prefix prefix; /* of layer 0; the others' are rare and lie in a pool */
};

enum conn_outcome { CONN_CLAIMED, CONN_UNCLAIMED, CONN_BAD, CONN_DONE, CONN_OUTCOMES };

/* What connections share: memory, the way out, counters. */
struct conn_shared {
	struct pool probes, parsers, held, prefixes;
	struct emit *emit;
	const struct conf *conf;
	struct classify *classify; /* NULL: switched off */
	struct marked *fetchers;   /* hosts asked to fetch by name */
	uint64_t outcomes[CONN_OUTCOMES];
	uint64_t pool_full; /* streams not looked into for want of memory */
	uint64_t too_deep;  /* streams dropped at RECORD_DEPTH_MAX */
	uint64_t held_bytes_lost;
};

int conn_shared_init(struct conn_shared *shared, const struct conf *conf,
    struct emit *emit, uint32_t conns);
void conn_shared_release(struct conn_shared *shared);
void conn_shared_stats(const struct conn_shared *shared, struct stats_visitor *v);

void conn_init(struct conn *conn, const struct conn_shared *shared,
    const struct session *session, bool midstream);
void conn_release(struct conn *conn, struct conn_shared *shared, struct reasm_pool *pool);

/* One step of the stream. */
void conn_take(
    struct conn *conn, struct conn_shared *shared, const struct reasm_event *event);

/* The connection is over: ends also a direction of which nothing was ever captured, so
 * that its parser waits for nothing more; tells the end of its tunnels. */
void conn_finish(
    struct conn *conn, struct conn_shared *shared, const struct origin *origin);

/* Nothing more can come of looking into it. */
bool conn_is_settled(const struct conn *conn);

#endif
