/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TRACK_H
#define RELAYWATCH_TRACK_H

/*
 * The life of a connection: opened by a segment, followed, looked into while that can
 * tell something, closed by FIN, RST, expiry, eviction or the end of the capture. The
 * clock is packet time.
 */

#include "conf.h"
#include "conn.h"
#include "flow.h"
#include "marked.h"
#include "openers.h"
#include "twins.h"

struct track_counters {
	uint64_t opened, closed, expired, evicted, twins;
	uint64_t midstream, one_sided, turns;
	uint64_t conns_evicted; /* given up because too many were looked into, */
	uint64_t conns_crowded; /* of these: most were of one host */
	uint64_t bad_checksum;
	uint64_t offloaded_checksum; /* of these: a network card was to fill it in */
	uint64_t long_ways[2]; /* connections of some length by the directions seen, less
				  one */
};

struct track {
	const struct conf *conf;
	struct flow_table *flows;
	struct pool conns;
	struct reasm_pool *reasm;
	struct conn_shared shared;
	struct marked *dialers; /* of mail ports */
	struct twins *twins;
	struct openers openers; /* of conns */
	struct emit emit;
	struct origin now; /* the packet at work */
	uint32_t now_sec;
	uint32_t sweep_hand, sweep_sec;
	uint32_t finish_hand;
	uint32_t crowd_hand;
	uint32_t conn_hand; /* where the next conn to give up is looked for */
	uint32_t mark_hand; /* where connections are marked next; 0: it begins anew */
	bool new_dialer;    /* connections of a host want to be marked */
	struct track_counters count;
};

int track_init(struct track *track, const struct conf *conf, struct record_queue *queue);
void track_release(struct track *track);

/* Every packet, TCP or not: packet time and record numbers go on. */
void track_packet(struct track *track, const struct origin *origin);
/* The same without a packet, on a quiet link. */
void track_time(struct track *track, int64_t now_us);
/* What track_segment() will need of a flow that was guessed, in two steps. */
void track_prefetch(
    const struct track *track, const struct flow *flow, const struct segment *segment);
void track_prefetch_parser(const struct track *track, const struct flow *flow);
void track_segment(
    struct track *track, const struct segment *segment, struct flow_key key);

/* Ends some of the connections still open; false when none is left. */
bool track_finish(struct track *track);

void track_stats(const struct track *track, struct stats_visitor *v);

#endif
