/* SPDX-License-Identifier: BSD-2-Clause */
/* Connections that are looked into: from their first payload until nothing more can come
 * of it. */
#include "decode.h"
#include "track_parts.h"

enum {
	CONN_CANDIDATES = 16,
	RIGHT_SUMS = 2, /* after so many right checksums a wrong one is believed */
};

static void
drain(struct track *t, struct conn *conn)
{
	struct reasm_event event;

	while (reasm_next(&conn->reasm, t->reasm, &event))
		conn_take(conn, &t->shared, &event);
}

/* Everything held is parsed and both directions end. */
void
track_finish_conn(struct track *t, struct conn *conn)
{
	reasm_finish(&conn->reasm, t->reasm, &t->now);
	drain(t, conn);
	conn_finish(conn, &t->shared, &t->now);
}

/* The connection needs no rebuilding any more; its flow entry goes on. */
void
track_detach(struct track *t, struct flow *flow)
{
	struct conn *conn = track_conn_of(t, flow);

	flow_cold(t->flows, flow)->app_proto = conn->session.app_proto;
	flow_cold(t->flows, flow)->label = conn->session.label;
	openers_drop(&t->openers, &flow->addr[0]);
	conn_release(conn, &t->shared, t->reasm);
	pool_put(&t->conns, conn);
	flow->conn = 0;
	flow->flags |= FLOW_SETTLED;
}

/* Candidates from all over the pool, a golden section apart: whatever holds an eighth of
 * it is met, however it lies. */
static struct conn *
next_anywhere(struct track *t)
{
	uint64_t at;

	t->crowd_hand += 0x9e3779b9;
	at = (uint64_t)t->crowd_hand * t->conns.max >> 32;
	return pool_at(&t->conns, (uint32_t)at);
}

static bool
is_claimed(const struct conn *conn)
{
	return conn->layer[0].state == CONN_LAYER_CLAIMED;
}

/* One that may be made up: else whoever sends packets without being answered could have
 * all sessions forgotten that wait for a while. NULL where there is none. */
static struct conn *
made_up_victim(struct track *t)
{
	struct conn *victim = NULL;

	for (unsigned i = 0; i < CONN_CANDIDATES; i++) {
		struct conn *conn = next_anywhere(t);

		if (flow_is_mutual(conn->flow))
			continue;
		if (victim == NULL || is_claimed(conn) < is_claimed(victim) ||
		    (is_claimed(conn) == is_claimed(victim) &&
			conn->flow->last_sec < victim->flow->last_sec))
			victim = conn;
	}
	return victim;
}

/* Of the host with the most connections the one idle for longest, where that host has so
 * many that others suffer; else NULL. */
static struct conn *
crowd_victim(struct track *t)
{
	uint32_t most = t->openers.crowd;
	struct conn *victim = NULL;

	if (!openers_may_crowd(&t->openers))
		return NULL;
	for (unsigned i = 0; i < CONN_CANDIDATES; i++) {
		struct conn *conn = next_anywhere(t);
		uint32_t count = openers_count(&t->openers, &conn->flow->addr[0]);

		if (count > most || (victim != NULL && count == most &&
					conn->flow->last_sec < victim->flow->last_sec)) {
			most = count;
			victim = conn;
		}
	}
	t->count.conns_crowded += victim != NULL;
	return victim;
}

/* The conn to give up for another: the next that nobody claimed (they were made in about
 * this order), else the one idle for longest. */
static struct conn *
conn_victim(struct track *t)
{
	struct conn *victim = NULL;

	for (unsigned i = 0; i < CONN_CANDIDATES; i++) {
		struct conn *conn = pool_at(&t->conns, t->conn_hand);

		t->conn_hand = (t->conn_hand + 1) % t->conns.max;
		if (!is_claimed(conn))
			return conn;
		if (victim == NULL || conn->flow->last_sec < victim->flow->last_sec)
			victim = conn;
	}
	return victim;
}

static struct conn *
spare_conn(struct track *t)
{
	struct conn *victim = made_up_victim(t);

	if (victim == NULL)
		victim = crowd_victim(t);
	if (victim == NULL)
		victim = conn_victim(t);
	track_finish_conn(t, victim);
	track_detach(t, victim->flow);
	t->count.conns_evicted++;
	return pool_get(&t->conns);
}

/* What the handshake told, for a connection that is rebuilt from its first payload on. */
static void
replay_handshake(const struct track *t, const struct flow *flow, struct conn *conn)
{
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct segment syn = {
		.flags = TCP_SYN, .origin = cold->start, .seq = cold->isn[0]
	};
	struct segment syn_ack = {
		.flags = TCP_SYN | TCP_ACK,
		.origin = cold->start,
		.seq = cold->isn[1],
		.ack = cold->isn[0] + 1,
	};

	if (flow->flags & (FLOW_SYN | FLOW_SYN_ACK))
		reasm_push(&conn->reasm, t->reasm, &syn, 0);
	if (flow->flags & FLOW_SYN_ACK)
		reasm_push(&conn->reasm, t->reasm, &syn_ack, 1);
	drain((struct track *)t, conn);
}

void
track_attach(struct track *t, struct flow *flow)
{
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct conn *conn = pool_get(&t->conns);
	struct session session = track_session_of(t, flow);

	if (conn == NULL)
		conn = spare_conn(t);
	conn_init(conn, &t->shared, &session, !(flow->flags & (FLOW_SYN | FLOW_SYN_ACK)));
	conn->flow = flow;
	openers_add(&t->openers, &flow->addr[0]);
	if (cold->answer_us >= 0)
		meter_handshake(&conn->session.round_trip, cold->answer_us);
	flow->conn = pool_index(&t->conns, conn) + 1;
	replay_handshake(t, flow, conn);
}

/* After the stream went on: is the connection over, or of no more interest? */
static void
settle(struct track *t, const struct conn *conn)
{
	struct flow *flow = conn->flow;

	if (reasm_is_over(&conn->reasm))
		track_close_flow(t, flow, 0);
	else if (conn_is_settled(conn))
		track_detach(t, flow);
}

/*
 * A wrong checksum from an endpoint whose others are right: its receiver drops the
 * segment, and so do we, or a forged FIN would blind us. Where all are wrong a network
 * card was to compute them.
 */
static bool
is_dropped_by_receiver(
    struct track *t, struct conn *conn, const struct segment *s, uint8_t dir)
{
	if (decode_checksum_ok(s)) {
		conn->right_sums[dir] += conn->right_sums[dir] < RIGHT_SUMS;
		return false;
	}
	t->count.bad_checksum++;
	if (decode_checksum_offloaded(s)) {
		t->count.offloaded_checksum++;
		return false;
	}
	return conn->right_sums[dir] == RIGHT_SUMS;
}

/* The stream of a connection that is looked into goes on. */
void
track_rebuild(struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	struct conn *conn = track_conn_of(t, flow);

	if (is_dropped_by_receiver(t, conn, s, dir))
		return;
	if (dir == 0)
		meter_client(&conn->meter, &conn->session.round_trip, s);
	else if (s->wire_payload > 0)
		meter_server(&conn->meter, s);
	reasm_push(&conn->reasm, t->reasm, s, dir);
	drain(t, conn);
	settle(t, conn);
}

/* A connection that held bytes for long enough gives up its holes. */
void
track_tick_conn(struct track *t, struct reasm *reasm)
{
	struct conn *conn = (struct conn *)(void *)reasm; /* its first member */

	reasm_tick(reasm, t->reasm, &t->now);
	drain(t, conn);
	settle(t, conn);
}
