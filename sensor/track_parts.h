/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TRACK_PARTS_H
#define RELAYWATCH_TRACK_PARTS_H

/*
 * What the parts of track share: track.c calls the others for each segment; track_open.c,
 * track_follow.c and track_close.c are a connection's life in this order, track_conn.c
 * its conn, while it is looked into. Nobody else includes this.
 */

#include "track.h"

static inline struct conn *
track_conn_of(const struct track *t, const struct flow *flow)
{
	return flow->conn == 0 ? NULL : pool_at(&t->conns, flow->conn - 1);
}

/* track.c */
struct session track_session_of(const struct track *track, const struct flow *flow);
void track_tell_conn(
    struct track *track, const struct flow *flow, struct record_conn *conn);

/* track_open.c. NULL: nothing begins with this segment; *dir: its direction. */
struct flow *track_open_flow(struct track *track, struct flow_key key,
    const struct segment *segment, uint8_t *dir);
bool track_opens_anew(const struct flow *flow, struct flow_cold *cold,
    const struct segment *segment, uint8_t dir);

/* Hosts began to dial mail ports: goes on with marking their connections. */
void track_mark_turns(struct track *track);

/* track_follow.c */
void track_follow(
    struct track *track, struct flow *flow, const struct segment *segment, uint8_t dir);

/* track_close.c. conn_flags: enum record_conn_flag */
uint64_t track_stream_bytes(
    const struct flow *flow, const struct flow_cold *cold, unsigned dir);
void track_close_flow(struct track *track, struct flow *flow, unsigned conn_flags);
void track_drop_flow(struct track *track, struct flow *flow, unsigned conn_flags);
void track_close_by_flags(
    struct track *track, struct flow *flow, const struct segment *segment, uint8_t dir);
void track_sweep(struct track *track);

/* track_conn.c */
void track_attach(struct track *track, struct flow *flow);
void track_rebuild(
    struct track *track, struct flow *flow, const struct segment *segment, uint8_t dir);
void track_tick_conn(struct track *track, struct reasm *reasm);

/* Everything held is parsed and both directions end; then it may be detached. */
void track_finish_conn(struct track *track, struct conn *conn);
void track_detach(struct track *track, struct flow *flow);

#endif
