/* SPDX-License-Identifier: BSD-2-Clause */
#include "track.h"

#include <xxhash.h>

#include "decode.h"

enum {
	SWEEP_SEC = 30,  /* the whole table is looked at once in so long */
	CLOSED_SEC = 60, /* late packets of a closed connection still find it */
	CONN_CANDIDATES = 16,
	DUE_PER_PACKET = 8,
	FINISH_PER_CALL = 64,
	DIALERS = 16384,
	TWINS = 65536,
	PARSER_HOT_BYTES = 512, /* of a parser's state, that every segment touches */
	RIGHT_SUMS = 2, /* after so many right checksums a wrong one is believed */
	RESET_WINDOW =
	    65536, /* how far off a RST may be to end a connection not rebuilt */
};

int
track_init(struct track *t, const struct conf *conf, struct record_queue *queue)
{
	struct reasm_limits limits = {
		.pool_blocks = conf->sensor.reasm_blocks,
		.held_bytes = conf->sensor.reasm_held_bytes,
	};

	*t = (struct track){ .conf = conf, .emit = { .queue = queue } };
	t->flows = flow_table_new(conf->sensor.flows);
	t->reasm = reasm_pool_new(&limits);
	t->dialers = dialers_new(DIALERS);
	t->twins = twins_new(TWINS);
	if (t->flows == NULL || t->reasm == NULL || t->dialers == NULL ||
	    t->twins == NULL ||
	    pool_init(&t->conns, conf->sensor.conns, sizeof(struct conn)) != 0 ||
	    conn_shared_init(&t->shared, conf, &t->emit, conf->sensor.conns) != 0)
		return -1;
	return 0;
}

void
track_release(struct track *t)
{
	flow_table_free(t->flows);
	if (t->reasm != NULL)
		reasm_pool_free(t->reasm);
	dialers_free(t->dialers);
	twins_free(t->twins);
	if (t->conns.base != NULL)
		pool_release(&t->conns);
	conn_shared_release(&t->shared);
}

static struct conn *
conn_of(const struct track *t, const struct flow *flow)
{
	return flow->conn == 0 ? NULL : pool_at(&t->conns, flow->conn - 1);
}

/* Bulk data need the hot part of a flow only. */
void
track_prefetch(const struct track *t, const struct flow *flow, const struct segment *s)
{
	const struct conn *conn = conn_of(t, flow);

	if (conn != NULL)
		prefetch_bytes(conn, offsetof(struct conn, layer[1]));
	if (s->flags & (TCP_SYN | TCP_FIN | TCP_RST) ||
	    (conn == NULL && s->wire_payload > 0 && !(flow->flags & FLOW_SETTLED)))
		flow_prefetch_cold(t->flows, flow);
}

void
track_prefetch_parser(const struct track *t, const struct flow *flow)
{
	const struct conn *conn = conn_of(t, flow);
	const struct conn_layer *layer = conn == NULL ? NULL : &conn->layer[0];

	if (layer == NULL || layer->parser == NULL)
		return;
	if (layer->proto->prefetch != NULL)
		layer->proto->prefetch(layer->parser);
	else
		prefetch_bytes(layer->parser, PARSER_HOT_BYTES);
}

static struct session
session_of(const struct track *t, const struct flow *flow)
{
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct session session = {
		.round_trip = { .tcp_us = -1, .command_us = -1 },
		.flow_id = cold->id,
		.client = { flow->addr[0], flow->port[0], cold->home & 1 },
		.server = { flow->addr[1], flow->port[1], cold->home & 2 },
		.vlan_layers = cold->vlan_layers,
		.start_us = cold->start.ts_us,
		.start = cold->start,
		.app_proto = cold->app_proto,
	};

	memcpy(session.vlan, cold->vlan, sizeof(session.vlan));
	return session;
}

static void
tell_conn(struct track *t, const struct flow *flow, struct record_conn *conn)
{
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct session session;

	if (!(flow->flags & FLOW_HOME))
		return;
	session = session_of(t, flow);
	conn->rtt_us = cold->rtt_us;
	if (!(flow->flags & (FLOW_SYN | FLOW_SYN_ACK)))
		conn->flags |= RECORD_CONN_MIDSTREAM;
	if (flow->flags & FLOW_SYN_DATA)
		conn->flags |= RECORD_CONN_SYN_DATA;
	emit_conn(&t->emit, &session, &t->now, conn);
}

static void
drain(struct track *t, struct conn *conn)
{
	struct reasm_event event;

	for (;;) {
		reasm_next(&conn->reasm, t->reasm, &event);
		if (event.kind == REASM_NONE)
			break;
		conn_take(conn, &t->shared, &event);
	}
}

/* Everything held is parsed and both directions end. */
static void
finish_conn(struct track *t, struct conn *conn)
{
	reasm_finish(&conn->reasm, t->reasm, &t->now);
	drain(t, conn);
	conn_finish(conn, &t->shared, &t->now);
}

/* The connection needs no rebuilding any more; its flow entry goes on. */
static void
detach(struct track *t, struct flow *flow)
{
	struct conn *conn = conn_of(t, flow);

	flow_cold(t->flows, flow)->app_proto = conn->session.app_proto;
	conn_release(conn, &t->shared, t->reasm);
	pool_put(&t->conns, conn);
	flow->conn = 0;
	flow->flags |= FLOW_SETTLED;
}

static uint64_t
stream_bytes(const struct flow *flow, const struct flow_cold *cold, unsigned dir)
{
	uint64_t span =
	    ((uint64_t)cold->wraps[dir] << 32) + flow->end[dir] - cold->isn[dir];
	uint64_t marks =
	    dir == 0 ? !!(flow->flags & FLOW_SYN) : !!(flow->flags & FLOW_SYN_ACK);

	marks += !!(flow->flags & (dir == 0 ? FLOW_FIN_0 : FLOW_FIN_1));
	return span > marks ? span - marks : 0;
}

/* The last word on a connection: whatever is held is parsed, then its end is told. */
static void
close_flow(struct track *t, struct flow *flow, unsigned conn_flags)
{
	struct record_conn closed = { .event = RECORD_CONN_CLOSED,
		.flags = (uint8_t)conn_flags };
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct conn *conn = conn_of(t, flow);

	if (flow->flags & FLOW_CLOSED)
		return;
	if (conn != NULL) {
		finish_conn(t, conn);
		for (unsigned dir = 0; dir < 2; dir++)
			closed.gap_bytes[dir] = conn->reasm.half[dir].lost;
		detach(t, flow);
	}
	flow->flags |= FLOW_CLOSED;
	t->count.closed++;
	for (unsigned dir = 0; dir < 2; dir++) {
		closed.packets[dir] = flow->packets[dir];
		if (flow->packets[dir] > 0)
			closed.bytes[dir] = stream_bytes(flow, cold, dir);
	}
	if (flow->flags & FLOW_RESET)
		closed.flags |= RECORD_CONN_RESET;
	if (flow->flags & FLOW_DATA && (flow->packets[0] == 0 || flow->packets[1] == 0)) {
		closed.flags |= RECORD_CONN_ONE_SIDED;
		t->count.one_sided++;
	}
	tell_conn(t, flow, &closed);
}

static void
drop_flow(struct track *t, struct flow *flow, unsigned conn_flags)
{
	close_flow(t, flow, conn_flags);
	flow_remove(t->flows, flow);
}

/* Which end of the flow entry the segment's source becomes: 0 opened the connection. */
static uint8_t
role_of_source(const struct track *t, const struct segment *s)
{
	if (s->flags & TCP_SYN)
		return s->flags & TCP_ACK ? 1 : 0;
	if (conf_has_port(&t->conf->mail_ports, s->dport))
		return 0;
	if (conf_has_port(&t->conf->mail_ports, s->sport))
		return 1;
	return s->sport < s->dport ? 1 : 0;
}

static uint64_t
flow_id(const struct flow *flow, const struct origin *start)
{
	struct {
		struct addr addr[2];
		uint64_t ports, number;
		int64_t ts_us;
	} text = {
		.addr = { flow->addr[0], flow->addr[1] },
		.ports = (uint64_t)flow->port[0] << 16 | flow->port[1],
		.number = start->number,
		.ts_us = start->ts_us,
	};

	return XXH3_64bits(&text, sizeof(text)) >> 11; /* JavaScript's 53 bits */
}

static void
mark_turns(const struct track *t, struct flow *flow, const struct flow_cold *cold)
{
	for (unsigned end = 0; end < 2; end++) {
		if (cold->home >> end & 1 &&
		    dialers_has(t->dialers, &flow->addr[end], t->now_sec))
			flow->flags |= FLOW_TURNS;
	}
}

static struct flow *
open_flow(struct track *t, struct flow_key key, const struct segment *s, uint8_t *dir)
{
	struct flow_cold *cold;
	struct flow *flow;

	/* Nothing begins with a RST or a bare acknowledgment: scans would fill the table.
	 */
	if (s->flags & TCP_RST || (!(s->flags & TCP_SYN) && s->wire_payload == 0))
		return NULL;
	while ((flow = flow_victim(t->flows, key)) != NULL) {
		t->count.evicted++;
		drop_flow(t, flow, RECORD_CONN_EXPIRED);
	}
	*dir = role_of_source(t, s);
	flow = flow_add(t->flows, key, s, *dir);
	cold = flow_cold(t->flows, flow);
	cold->id = flow_id(flow, &s->origin);
	cold->vlan_layers = s->vlan_layers;
	memcpy(cold->vlan, s->vlan, sizeof(cold->vlan));
	for (unsigned end = 0; end < 2; end++) {
		if (netset_has(t->conf->home_net, &flow->addr[end]))
			cold->home |= (uint8_t)(1 << end);
	}
	if (cold->home != 0)
		flow->flags |= FLOW_HOME;
	mark_turns(t, flow, cold);
	t->count.opened++;
	if (!(s->flags & TCP_SYN)) {
		struct record_conn met = { .event = RECORD_CONN_ESTABLISHED };

		t->count.midstream++;
		tell_conn(t, flow, &met);
	}
	return flow;
}

/*
 * Whether a segment opens the port pair anew. A SYN is believed at once only where the
 * earlier connection is over or was never answered, or, in a capture of one direction,
 * had its FIN. In the midst of a live one it may be forged, and its endpoint only
 * challenges it (RFC 5961 section 4): it counts once the SYN-ACK acknowledges it.
 */
static bool
opens_anew(
    const struct flow *flow, struct flow_cold *cold, const struct segment *s, uint8_t dir)
{
	bool one_sided = flow->packets[!dir] == 0;
	bool over = flow->flags & (FLOW_CLOSED | FLOW_RESET) ||
		    !(flow->flags & (FLOW_SYN_ACK | FLOW_DATA)) ||
		    (one_sided && flow->flags & (dir == 0 ? FLOW_FIN_0 : FLOW_FIN_1));

	if (!(s->flags & TCP_SYN) || s->flags & TCP_RST)
		return false;
	if (s->flags & TCP_ACK) /* also of data in the SYN (RFC 7413) */
		return cold->has_next && s->ack - cold->next_isn - 1 <= UINT16_MAX;
	if (flow->packets[dir] > 0 && s->seq == cold->isn[dir])
		return false;
	if (flow->packets[dir] > 0 && over)
		return true;
	if (flow->flags & (FLOW_SYN | FLOW_SYN_ACK)) {
		cold->next_isn = s->seq;
		cold->has_next = true;
	}
	return false;
}

static void
note_dialer(struct track *t, const struct flow *flow, const struct flow_cold *cold)
{
	if (cold->home == 1 && conf_has_port(&t->conf->mail_ports, flow->port[1]) &&
	    dialers_note(t->dialers, &flow->addr[0], t->now_sec))
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
	tell_conn(t, flow, &syn);
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
		set_isn(cold, 0, s->ack - 1);
	if (is_twin(t, flow, cold)) {
		flow->flags |= FLOW_TWIN;
		t->count.twins++;
		return;
	}
	tell_conn(t, flow, &established);
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
		tell_conn(t, flow, &half);
}

/* Moves the end of a direction on; how many bytes of it are new. */
static uint32_t
advance(const struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	uint32_t end =
	    s->seq + s->wire_payload + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
	uint32_t ahead = end - flow->end[dir];

	if (flow->packets[dir]++ == 0) {
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

static void
take_turn(struct track *t, struct flow *flow, uint8_t dir, uint32_t bytes)
{
	struct flow_cold *cold = flow_cold(t->flows, flow);
	bool turned = (flow->flags & FLOW_TURN_1) != (dir ? FLOW_TURN_1 : 0u);
	struct record_turn turn = { .dir = dir, .bytes = cold->turn_bytes };
	struct session session;

	if (turned) {
		session = session_of(t, flow);
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
	const struct conn *conn = conn_of(t, flow);

	if (conn != NULL)
		return conn->layer[0].state == CONN_LAYER_DROPPED &&
		       conn->layer[0].proto == NULL;
	return flow->flags & FLOW_SETTLED && flow_cold(t->flows, flow)->app_proto == NULL;
}

/* The first segment of the opener behind the SYN-ACK. */
static void
take_answer(struct track *t, struct flow *flow, const struct segment *s)
{
	struct flow_cold *cold = flow_cold(t->flows, flow);

	flow->flags |= FLOW_ANSWERED;
	if (s->wire_payload == 0 && s->ack == cold->isn[1] + 1)
		cold->answer_us = (int32_t)(s->origin.ts_us - cold->syn_ack_us);
}

static void
follow(struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	uint32_t fresh = advance(t, flow, s, dir);

	flow->last_sec = t->now_sec;
	if (s->wire_payload > 0)
		flow->flags |= FLOW_DATA;
	if (s->flags & TCP_SYN) {
		struct flow_cold *cold = flow_cold(t->flows, flow);

		if (s->flags & TCP_ACK && dir == 1)
			take_syn_ack(t, flow, cold, s);
		else if (!(s->flags & TCP_ACK) && dir == 0)
			take_syn(t, flow, cold, s);
	} else if ((flow->flags & (FLOW_SYN_ACK | FLOW_ANSWERED)) == FLOW_SYN_ACK &&
		   dir == 0)
		take_answer(t, flow, s);
	if (s->flags & TCP_FIN)
		take_fin(t, flow, dir);
	if (flow->flags & FLOW_TURNS && s->wire_payload > 0 && fresh > 0 &&
	    is_unclaimed(t, flow))
		take_turn(t, flow, dir, fresh);
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
		if (conn->layer[0].state != CONN_LAYER_CLAIMED)
			return conn;
		if (victim == NULL || conn->flow->last_sec < victim->flow->last_sec)
			victim = conn;
	}
	return victim;
}

static struct conn *
spare_conn(struct track *t)
{
	struct conn *victim = conn_victim(t);

	finish_conn(t, victim);
	detach(t, victim->flow);
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

static void
attach(struct track *t, struct flow *flow)
{
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct conn *conn = pool_get(&t->conns);
	struct session session = session_of(t, flow);

	if (conn == NULL)
		conn = spare_conn(t);
	conn_init(conn, &session, !(flow->flags & (FLOW_SYN | FLOW_SYN_ACK)));
	conn->flow = flow;
	if (cold->answer_us >= 0)
		meter_handshake(&conn->session.round_trip, cold->answer_us);
	flow->conn = pool_index(&t->conns, conn) + 1;
	replay_handshake(t, flow, conn);
}

/* After the stream went on: is the connection over, or of no more interest? */
static void
settle(struct track *t, struct flow *flow)
{
	const struct conn *conn = conn_of(t, flow);

	if (conn == NULL)
		return;
	if (reasm_is_over(&conn->reasm))
		close_flow(t, flow, 0);
	else if (conn_is_settled(conn))
		detach(t, flow);
}

/* FIN and RST of a connection that is not rebuilt. */
static void
close_by_flags(struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	if (s->flags & TCP_RST) {
		uint32_t off = s->seq - flow->end[dir] + RESET_WINDOW;

		if (flow->flags & FLOW_DATA && off > 2 * RESET_WINDOW)
			return;
		flow->flags |= FLOW_RESET;
		close_flow(t, flow,
		    flow->flags & FLOW_SYN_ACK || dir == 0 ? 0 : RECORD_CONN_REFUSED);
	} else if (flow->flags & FLOW_FIN_0 && flow->flags & FLOW_FIN_1) {
		close_flow(t, flow, 0);
	}
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
	return conn->right_sums[dir] == RIGHT_SUMS && !decode_checksum_offloaded(s);
}

/* The stream of a connection that is looked into goes on. */
static void
rebuild(struct track *t, struct flow *flow, const struct segment *s, uint8_t dir)
{
	struct conn *conn = conn_of(t, flow);

	if (is_dropped_by_receiver(t, conn, s, dir))
		return;
	if (dir == 0)
		meter_client(&conn->meter, &conn->session.round_trip, s);
	else if (s->wire_payload > 0)
		meter_server(&conn->meter, s);
	reasm_push(&conn->reasm, t->reasm, s, dir);
	drain(t, conn);
	settle(t, flow);
}

/* A FIN before the data in front of it, which may come yet. */
static bool
is_fin_ahead(
    const struct track *t, const struct flow *flow, const struct segment *s, uint8_t dir)
{
	return s->flags & TCP_FIN &&
	       stream_bytes(flow, flow_cold(t->flows, flow), dir) > 0;
}

void
track_segment(struct track *t, const struct segment *s, struct flow_key key)
{
	uint8_t dir = 0;
	struct flow *flow = flow_find(t->flows, key, s, &dir);

	if (flow != NULL && s->flags & TCP_SYN &&
	    opens_anew(flow, flow_cold(t->flows, flow), s, dir)) {
		drop_flow(t, flow, 0);
		flow = NULL;
	}
	if (flow == NULL && (flow = open_flow(t, key, s, &dir)) == NULL)
		return;
	follow(t, flow, s, dir);
	if (flow->flags & (FLOW_TWIN | FLOW_CLOSED))
		return;
	if (flow->conn == 0 && !(flow->flags & FLOW_SETTLED) &&
	    (s->wire_payload > 0 || is_fin_ahead(t, flow, s, dir)))
		attach(t, flow);
	if (flow->conn != 0)
		rebuild(t, flow, s, dir);
	else if (s->flags & (TCP_FIN | TCP_RST))
		close_by_flags(t, flow, s, dir);
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
static void
sweep(struct track *t)
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
		drop_flow(t, flow, RECORD_CONN_EXPIRED);
		if (record_queue_bytes(t->emit.queue) > t->conf->sensor.queue_bytes / 2)
			break;
	}
}

/* A host began to dial mail ports: its connections of longer standing may have the
 * orders. */
static void
mark_all_turns(struct track *t)
{
	uint32_t hand = 0, budget = UINT32_MAX;
	struct flow *flow;

	t->new_dialer = false;
	while ((flow = flow_walk(t->flows, &hand, &budget)) != NULL) {
		if (flow->flags & FLOW_HOME && !(flow->flags & FLOW_TURNS))
			mark_turns(t, flow, flow_cold(t->flows, flow));
	}
}

/* Connections that held bytes for long enough give up their holes. */
static void
tick_reasm(struct track *t)
{
	for (unsigned i = 0; i < DUE_PER_PACKET; i++) {
		struct reasm *reasm = reasm_oldest_holder(t->reasm);
		struct conn *conn = (struct conn *)(void *)reasm; /* its first member */

		if (reasm == NULL || reasm_due_us(reasm) > t->now.ts_us)
			break;
		reasm_tick(reasm, t->reasm, &t->now);
		drain(t, conn);
		settle(t, conn->flow);
	}
}

void
track_packet(struct track *t, const struct origin *origin)
{
	uint32_t sec = (uint32_t)(origin->ts_us / 1000000);

	t->now = *origin;
	t->emit.packet++;
	t->emit.sequence = 0;
	tick_reasm(t);
	if (sec == t->now_sec)
		return;
	t->now_sec = sec;
	if (t->sweep_sec == 0)
		t->sweep_sec = sec;
	if (t->new_dialer)
		mark_all_turns(t);
	sweep(t);
}

bool
track_finish(struct track *t)
{
	uint32_t hand = t->finish_hand, budget = UINT32_MAX;

	for (unsigned i = 0; i < FINISH_PER_CALL; i++) {
		struct flow *flow = flow_walk(t->flows, &hand, &budget);

		if (flow == NULL)
			return false;
		drop_flow(t, flow, RECORD_CONN_EXPIRED);
	}
	t->finish_hand = hand;
	return true;
}

void
track_stats(const struct track *t, struct stats_visitor *v)
{
	const struct reasm_stats *r = reasm_pool_stats(t->reasm);
	const struct track_counters *c = &t->count;

	stats_show(v, "flow", "open", flow_table_in_use(t->flows));
	stats_show(v, "flow", "new", c->opened);
	stats_show(v, "flow", "closed", c->closed);
	stats_show(v, "flow", "expired", c->expired);
	stats_show(v, "flow", "evicted", c->evicted);
	stats_show(v, "flow", "midstream", c->midstream);
	stats_show(v, "flow", "one_direction", c->one_sided);
	stats_show(v, "flow", "nat_twins", c->twins);
	stats_show(v, "flow", "turns", c->turns);
	stats_show(v, "flow", "conns", t->conns.in_use);
	stats_show(v, "flow", "conns_evicted", c->conns_evicted);
	stats_show(v, "reassembly", "bad_checksum", c->bad_checksum);
	stats_show(v, "reassembly", "gaps_lost", r->gaps[REASM_GAP_LOST]);
	stats_show(v, "reassembly", "gaps_snaplen", r->gaps[REASM_GAP_SNAPLEN]);
	stats_show(v, "reassembly", "gaps_limit", r->gaps[REASM_GAP_LIMIT]);
	stats_show(v, "reassembly", "bytes_lost", r->gap_bytes[REASM_GAP_LOST]);
	stats_show(v, "reassembly", "bytes_snaplen", r->gap_bytes[REASM_GAP_SNAPLEN]);
	stats_show(v, "reassembly", "bytes_limit", r->gap_bytes[REASM_GAP_LIMIT]);
	stats_show(v, "reassembly", "duplicates", r->duplicates);
	stats_show(v, "reassembly", "overlaps", r->overlaps);
	stats_show(v, "reassembly", "conflicts", r->conflicts);
	stats_show(v, "reassembly", "out_of_order", r->out_of_order);
	stats_show(v, "reassembly", "evictions", r->evictions);
	stats_show(v, "reassembly", "blocks", r->blocks_in_use);
	conn_shared_stats(&t->shared, v);
}
