/* SPDX-License-Identifier: BSD-2-Clause */
#include "track.h"

#include "track_parts.h"

enum {
	DIALERS = 16384,
	TWINS = 65536,
	OPENERS = 65536,
	CROWD_PART = 8, /* of all conns: a host that opened more gives up its own first */
	DUE_PER_PACKET = 8,
	PARSER_HOT_BYTES = 512, /* of a parser's state, that every segment touches */
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
	t->dialers = marked_new(DIALERS);
	t->twins = twins_new(TWINS);
	if (t->flows == NULL || t->reasm == NULL || t->dialers == NULL ||
	    t->twins == NULL ||
	    openers_init(&t->openers, OPENERS, conf->sensor.conns / CROWD_PART) != 0 ||
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
	marked_free(t->dialers);
	twins_free(t->twins);
	openers_release(&t->openers);
	if (t->conns.base != NULL)
		pool_release(&t->conns);
	conn_shared_release(&t->shared);
}

/* Bulk data need the hot part of a flow only. */
void
track_prefetch(const struct track *t, const struct flow *flow, const struct segment *s)
{
	const struct conn *conn = track_conn_of(t, flow);

	if (conn != NULL)
		prefetch_bytes(conn, offsetof(struct conn, layer[1]));
	if (s->flags & (TCP_SYN | TCP_FIN | TCP_RST) ||
	    (conn == NULL && s->wire_payload > 0 && !(flow->flags & FLOW_SETTLED)))
		flow_prefetch_cold(t->flows, flow);
}

void
track_prefetch_parser(const struct track *t, const struct flow *flow)
{
	const struct conn *conn = track_conn_of(t, flow);
	const struct conn_layer *layer = conn == NULL ? NULL : &conn->layer[0];

	if (layer == NULL || layer->parser == NULL)
		return;
	prefetch_bytes(&conn->session, sizeof(conn->session));
	if (layer->proto->prefetch != NULL)
		layer->proto->prefetch(layer->parser);
	else
		prefetch_bytes(layer->parser, PARSER_HOT_BYTES);
}

struct session
track_session_of(const struct track *t, const struct flow *flow)
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
		.label = cold->label,
	};

	memcpy(session.vlan, cold->vlan, sizeof(session.vlan));
	return session;
}

void
track_tell_conn(struct track *t, const struct flow *flow, struct record_conn *conn)
{
	const struct flow_cold *cold = flow_cold(t->flows, flow);
	struct session session;

	if (!(flow->flags & FLOW_HOME))
		return;
	session = track_session_of(t, flow);
	conn->rtt_us = cold->rtt_us;
	if (!(flow->flags & (FLOW_SYN | FLOW_SYN_ACK)))
		conn->flags |= RECORD_CONN_MIDSTREAM;
	if (flow->flags & FLOW_SYN_DATA)
		conn->flags |= RECORD_CONN_SYN_DATA;
	emit_conn(&t->emit, &session, &t->now, conn);
}

/* A FIN before the data in front of it, which may come yet. */
static bool
is_fin_ahead(
    const struct track *t, const struct flow *flow, const struct segment *s, uint8_t dir)
{
	return s->flags & TCP_FIN &&
	       track_stream_bytes(flow, flow_cold(t->flows, flow), dir) > 0;
}

void
track_segment(struct track *t, const struct segment *s, struct flow_key key)
{
	uint8_t dir = 0;
	struct flow *flow = flow_find(t->flows, key, s, &dir);

	if (flow != NULL && s->flags & TCP_SYN &&
	    track_opens_anew(flow, flow_cold(t->flows, flow), s, dir)) {
		track_drop_flow(t, flow, 0);
		flow = NULL;
	}
	if (flow == NULL && (flow = track_open_flow(t, key, s, &dir)) == NULL)
		return;
	track_follow(t, flow, s, dir);
	if (flow->flags & (FLOW_TWIN | FLOW_CLOSED))
		return;
	if (flow->conn == 0 && !(flow->flags & FLOW_SETTLED) &&
	    (s->wire_payload > 0 || is_fin_ahead(t, flow, s, dir)))
		track_attach(t, flow);
	if (flow->conn != 0)
		track_rebuild(t, flow, s, dir);
	else if (s->flags & (TCP_FIN | TCP_RST))
		track_close_by_flags(t, flow, s, dir);
}

void
track_packet(struct track *t, const struct origin *origin)
{
	uint32_t sec = (uint32_t)(origin->ts_us / 1000000);
	struct reasm *due;

	t->now = *origin;
	t->emit.packet++;
	t->emit.sequence = 0;
	for (unsigned i = 0; i < DUE_PER_PACKET; i++) {
		if ((due = reasm_due(t->reasm, t->now.ts_us)) == NULL)
			break;
		track_tick_conn(t, due);
	}
	if (t->new_dialer || t->mark_hand != 0)
		track_mark_turns(t);
	if (sec == t->now_sec)
		return;
	t->now_sec = sec;
	if (t->sweep_sec == 0)
		t->sweep_sec = sec;
	if (t->shared.classify != NULL)
		classify_tick(t->shared.classify);
	track_sweep(t);
}

void
track_time(struct track *t, int64_t now_us)
{
	struct origin origin = t->now;

	if (now_us <= origin.ts_us)
		return;
	origin.ts_us = now_us;
	track_packet(t, &origin);
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
	stats_show(v, "flow", "long_one_way", c->long_ways[0]);
	stats_show(v, "flow", "long_two_way", c->long_ways[1]);
	stats_show(v, "flow", "nat_twins", c->twins);
	stats_show(v, "flow", "turns", c->turns);
	stats_show(v, "flow", "conns", t->conns.in_use);
	stats_show(v, "flow", "conns_evicted", c->conns_evicted);
	stats_show(v, "flow", "conns_crowded", c->conns_crowded);
	stats_show(v, "reassembly", "bad_checksum", c->bad_checksum);
	stats_show(v, "reassembly", "offloaded_checksum", c->offloaded_checksum);
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
