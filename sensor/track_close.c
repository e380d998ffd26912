/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections end: by FIN or RST, when nothing comes for long, with the capture. */
#include "track_parts.h"

enum {
	SWEEP_SEC = 30,  /* the whole table is looked at once in so long */
	CLOSED_SEC = 60, /* late packets of a closed connection still find it */
	FINISH_PER_CALL = 64,
	RESET_WINDOW =
	    65536, /* how far off a RST may be to end a connection not rebuilt */
};

uint64_t
track_stream_bytes(const struct flow *flow, const struct flow_cold *cold, unsigned dir)
{
	uint64_t span =
	    ((uint64_t)cold->wraps[dir] << 32) + flow->end[dir] - cold->isn[dir];
	uint64_t marks =
	    flow->flags & (dir == 0 ? FLOW_SYN | FLOW_SYN_ACK : FLOW_SYN_ACK) ? 1 : 0;

	marks += !!(flow->flags & (dir == 0 ? FLOW_FIN_0 : FLOW_FIN_1));
	return span > marks ? span - marks : 0;
}

/* The last word on a connection: whatever is held is parsed, then its end is told. */
void
track_close_flow(struct track *t, struct flow *flow, unsigned conn_flags)
{
	struct record_conn closed = { .event = RECORD_CONN_CLOSED,
		.flags = (uint8_t)conn_flags };
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct conn *conn = track_conn_of(t, flow);

	if (flow->flags & FLOW_CLOSED)
		return;
	if (conn != NULL) {
		track_finish_conn(t, conn);
		for (unsigned dir = 0; dir < 2; dir++)
			closed.gap_bytes[dir] = conn->reasm.half[dir].lost;
		track_detach(t, flow);
	}
	flow->flags |= FLOW_CLOSED;
	t->count.closed++;
	for (unsigned dir = 0; dir < 2; dir++) {
		closed.packets[dir] = flow->packets[dir];
		if (flow->packets[dir] > 0)
			closed.bytes[dir] = track_stream_bytes(flow, cold, dir);
	}
	if (flow->flags & FLOW_RESET)
		closed.flags |= RECORD_CONN_RESET;
	if (flow->flags & FLOW_DATA && (flow->packets[0] == 0 || flow->packets[1] == 0)) {
		closed.flags |= RECORD_CONN_ONE_SIDED;
		t->count.one_sided++;
	}
	track_tell_conn(t, flow, &closed);
}

void
track_drop_flow(struct track *t, struct flow *flow, unsigned conn_flags)
{
	track_close_flow(t, flow, conn_flags);
	flow_remove(t->flows, flow);
}

/* FIN and RST of a connection that is not rebuilt. */
void
track_close_by_flags(
    struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	if (s->flags & TCP_RST) {
		uint32_t off = s->seq - flow->end[dir] + RESET_WINDOW;

		if (flow->flags & FLOW_DATA && off > 2 * RESET_WINDOW)
			return;
		flow->flags |= FLOW_RESET;
		track_close_flow(t, flow,
		    flow->flags & FLOW_SYN_ACK || dir == 0 ? 0 : RECORD_CONN_REFUSED);
	} else if (flow->flags & FLOW_FIN_0 && flow->flags & FLOW_FIN_1) {
		track_close_flow(t, flow, 0);
	}
}

static uint32_t
idle_limit(const struct track *t, const struct flow *flow)
{
	if (flow->flags & FLOW_CLOSED)
		return CLOSED_SEC;
	return flow->flags & FLOW_DATA ? t->conf->sensor.idle_sec
				       : t->conf->sensor.opening_sec;
}

/* Looks at a share of the table for what expired; the rest is for the next second. */
void
track_sweep(struct track *t)
{
	uint32_t elapsed = t->now_sec - t->sweep_sec;
	uint32_t touched = flow_table_touched(t->flows);
	uint32_t budget =
	    elapsed >= SWEEP_SEC ? touched : touched / SWEEP_SEC * elapsed + 64;
	struct flow *flow;

	t->sweep_sec = t->now_sec;
	while ((flow = flow_walk(t->flows, &t->sweep_hand, &budget)) != NULL) {
		if (t->now_sec - flow->last_sec <= idle_limit(t, flow))
			continue;
		if (!(flow->flags & FLOW_CLOSED))
			t->count.expired++;
		track_drop_flow(t, flow, RECORD_CONN_EXPIRED);
		if (record_queue_bytes(t->emit.queue) > t->conf->sensor.queue_bytes / 2)
			break;
	}
}

bool
track_finish(struct track *t)
{
	uint32_t hand = t->finish_hand, budget = UINT32_MAX;

	for (unsigned i = 0; i < FINISH_PER_CALL; i++) {
		struct flow *flow = flow_walk(t->flows, &hand, &budget);

		if (flow == NULL)
			return false;
		track_drop_flow(t, flow, RECORD_CONN_EXPIRED);
	}
	t->finish_hand = hand;
	return true;
}
