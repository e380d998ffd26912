/* SPDX-License-Identifier: BSD-2-Clause */
/* What each segment tells of its connection: handshake, ends, turns. */
#include "track_parts.h"

enum { LONG_PACKETS = 8 }; /* one way: without an answer nobody sends so many */

static void
note_dialer(struct track *t, const struct flow *flow, const struct flow_cold *cold)
{
	if (cold->home == 1 && conf_has_port(&t->conf->mail_ports, flow->port[1]) &&
	    marked_note(t->dialers, &flow->addr[0], t->now_sec))
		t->new_dialer = true;
}

/* Learnt behind data captured before it, which may lie on the other side of zero. */
static void
set_isn(struct flow_cold *cold, unsigned dir, uint32_t isn)
{
	if (isn > cold->isn[dir] && (int32_t)(cold->isn[dir] - isn) > 0)
		cold->wraps[dir]++;
	cold->isn[dir] = isn;
}

/* Where its SYN was lost the SYN-ACK tells where the opener's stream begins. */
static void
set_opener(struct flow *flow, struct flow_cold *cold, uint32_t next)
{
	if (flow->packets[0] == 0)
		flow->end[0] = cold->isn[0] = next;
	set_isn(cold, 0, next - 1);
}

static void
take_syn(
    struct track *t, struct flow *flow, struct flow_cold *cold, const struct segment *s)
{
	struct record_conn syn = { .event = RECORD_CONN_SYN };

	cold->syn_us = s->origin.ts_us;
	if (flow->flags & FLOW_SYN)
		return;
	flow->flags |= FLOW_SYN;
	set_isn(cold, 0, s->seq);
	if (s->wire_payload > 0)
		flow->flags |= FLOW_SYN_DATA;
	note_dialer(t, flow, cold);
	track_tell_conn(t, flow, &syn);
}

/* Both initial sequence numbers are known: is it a connection met before a NAT already?
 */
static bool
is_twin(struct track *t, const struct flow *flow, const struct flow_cold *cold)
{
	unsigned outside = cold->home & 1 ? 1 : 0;

	if (cold->home != 1 && cold->home != 2)
		return false;
	return twins_note(t->twins, &flow->addr[outside], flow->port[outside], cold->isn,
	    cold->id, t->now.ts_us);
}

static void
take_syn_ack(
    struct track *t, struct flow *flow, struct flow_cold *cold, const struct segment *s)
{
	struct record_conn established = { .event = RECORD_CONN_ESTABLISHED };

	if (flow->flags & FLOW_SYN_ACK)
		return;
	flow->flags |= FLOW_SYN_ACK;
	set_isn(cold, 1, s->seq);
	cold->syn_ack_us = s->origin.ts_us;
	if (flow->flags & FLOW_SYN)
		cold->rtt_us = (int32_t)(s->origin.ts_us - cold->syn_us);
	else
		set_opener(flow, cold, s->ack);
	if (is_twin(t, flow, cold)) {
		flow->flags |= FLOW_TWIN;
		t->count.twins++;
		return;
	}
	track_tell_conn(t, flow, &established);
}

static void
take_fin(struct track *t, struct flow *flow, uint8_t dir)
{
	unsigned fin = dir == 0 ? FLOW_FIN_0 : FLOW_FIN_1;
	unsigned other = dir == 0 ? FLOW_FIN_1 : FLOW_FIN_0;
	struct record_conn half = { .event = RECORD_CONN_HALF_CLOSED, .dir = dir };

	if (flow->flags & fin)
		return;
	flow->flags |= fin;
	if (!(flow->flags & other))
		track_tell_conn(t, flow, &half);
}

/* Moves the end of a direction on; how many bytes of it are new. */
static uint32_t
advance(const struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	uint32_t end =
	    s->seq + s->wire_payload + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
	uint32_t ahead = end - flow->end[dir];

	if (flow->packets[dir]++ == 0 && (dir == 1 || !(flow->flags & FLOW_SYN_ACK))) {
		struct flow_cold *cold = flow_cold(t->flows, flow);

		cold->isn[dir] = s->seq;
		cold->wraps[dir] = end < s->seq;
		flow->end[dir] = end;
		return end - s->seq;
	}
	if ((int32_t)ahead <= 0)
		return 0;
	if (end < flow->end[dir])
		flow_cold(t->flows, flow)->wraps[dir]++;
	flow->end[dir] = end;
	return ahead;
}

static __attribute__((noinline)) void
take_turn(struct track *t, struct flow *flow, uint8_t dir, uint32_t bytes)
{
	struct flow_cold *cold = flow_cold(t->flows, flow);
	bool turned = (flow->flags & FLOW_TURN_1) != (dir ? FLOW_TURN_1 : 0u);
	struct record_turn turn = { .dir = dir, .bytes = cold->turn_bytes };
	struct session session;

	if (turned) {
		session = track_session_of(t, flow);
		emit_turn(&t->emit, &session, &t->now, &turn);
		flow->flags ^= FLOW_TURN_1;
		cold->turn_bytes = 0;
		t->count.turns++;
	}
	cold->turn_bytes += bytes;
}

static bool
is_unclaimed(const struct track *t, const struct flow *flow)
{
	const struct conn *conn = track_conn_of(t, flow);

	if (conn != NULL)
		return conn->layer[0].state == CONN_LAYER_DROPPED &&
		       conn->layer[0].proto == NULL;
	return flow->flags & FLOW_SETTLED && flow_cold(t->flows, flow)->app_proto == NULL;
}

/* The first segment of the opener behind the SYN-ACK. */
static bool
is_answer(const struct flow *flow, uint8_t dir)
{
	return (flow->flags & (FLOW_SYN_ACK | FLOW_ANSWERED)) == FLOW_SYN_ACK && dir == 0;
}

static void
take_answer(struct flow *flow, struct flow_cold *cold, const struct segment *s)
{
	if (s->ack - cold->isn[1] - 1 > UINT16_MAX)
		return;
	flow->flags |= FLOW_ANSWERED;
	if (s->wire_payload == 0 && s->ack == cold->isn[1] + 1)
		cold->answer_us = (int32_t)(s->origin.ts_us - cold->syn_ack_us);
}

/* What only some segments have, at a connection's beginning and end. */
static __attribute__((noinline)) void
take_marks(struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	struct flow_cold *cold = flow_cold(t->flows, flow);

	if (s->flags & TCP_SYN) {
		if (s->flags & TCP_ACK && dir == 1)
			take_syn_ack(t, flow, cold, s);
		else if (!(s->flags & TCP_ACK) && dir == 0)
			take_syn(t, flow, cold, s);
	} else if (is_answer(flow, dir)) {
		take_answer(flow, cold, s);
	}
	if (s->flags & TCP_FIN)
		take_fin(t, flow, dir);
}

void
track_follow(struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	uint32_t fresh = advance(t, flow, s, dir);

	flow->last_sec = t->now_sec;
	if (s->wire_payload > 0)
		flow->flags |= FLOW_DATA;
	if (flow->packets[dir] == LONG_PACKETS && flow->flags & FLOW_DATA)
		t->count.long_ways[flow->packets[!dir] > 0]++;
	if (s->flags & (TCP_SYN | TCP_FIN) || is_answer(flow, dir))
		take_marks(t, flow, s, dir);
	if (flow->flags & FLOW_TURNS && s->wire_payload > 0 && fresh > 0 &&
	    is_unclaimed(t, flow))
		take_turn(t, flow, dir, fresh);
}
