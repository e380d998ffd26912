/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn.h"

#include "conf.h"

enum { PIECES_MAX = 16 };

/* What was seen before a parser claimed the layer, in order, to be given to it then. */
struct conn_probe {
	uint16_t count[2];
	uint16_t from[2]; /* probing looks at what follows the latest gap */
	uint8_t pieces;
	struct piece {
		uint8_t dir;
		bool end;
		uint16_t count;
		uint64_t gap;
		struct origin origin;
	} piece[PIECES_MAX];
	uint8_t bytes[2][PROTO_PROBE_BYTES];
};

int
conn_shared_init(
    struct conn_shared *shared, const struct conf *conf, struct emit *emit, uint32_t conns)
{
	*shared = (struct conn_shared){ .conf = conf, .emit = emit };
	if (pool_init(&shared->probes, conns, sizeof(struct conn_probe)) != 0 ||
	    pool_init(&shared->parsers, conns, proto_state_max()) != 0)
		return -1;
	return 0;
}

void
conn_shared_release(struct conn_shared *shared)
{
	if (shared->probes.base != NULL)
		pool_release(&shared->probes);
	if (shared->parsers.base != NULL)
		pool_release(&shared->parsers);
}

void
conn_shared_stats(const struct conn_shared *shared, struct stats_visitor *v)
{
	stats_show(v, "parser", "claimed", shared->outcomes[CONN_CLAIMED]);
	stats_show(v, "parser", "unclaimed", shared->outcomes[CONN_UNCLAIMED]);
	stats_show(v, "parser", "bad", shared->outcomes[CONN_BAD]);
	stats_show(v, "parser", "done", shared->outcomes[CONN_DONE]);
	stats_show(v, "parser", "memory_full", shared->pool_full);
	stats_show(v, "parser", "too_deep", shared->deepest);
	stats_show(v, "parser", "active", shared->parsers.in_use);
}

void
conn_init(struct conn *conn, const struct session *session, bool midstream)
{
	reasm_init(&conn->reasm);
	prefix_init(&conn->prefix);
	conn->session = *session;
	conn->depth[0] = conn->depth[1] = 0;
	conn->probe_flags = midstream ? PROTO_PROBE_MIDSTREAM : 0;
	memset(conn->layer, 0, sizeof(conn->layer));
	conn->layer[0].state = CONN_LAYER_PROBING;
}

static void
drop_layer(struct conn_layer *layer, struct conn_shared *shared, enum conn_outcome outcome)
{
	if (layer->probe != NULL)
		pool_put(&shared->probes, layer->probe);
	if (layer->parser != NULL)
		pool_put(&shared->parsers, layer->parser);
	layer->probe = NULL;
	layer->parser = NULL;
	layer->state = CONN_LAYER_DROPPED;
	shared->outcomes[outcome]++;
}

void
conn_release(struct conn *conn, struct conn_shared *shared, struct reasm_pool *pool)
{
	for (unsigned i = 0; i < CONN_DEPTH_MAX; i++) {
		struct conn_layer *layer = &conn->layer[i];

		if (layer->state == CONN_LAYER_PROBING)
			drop_layer(layer, shared, CONN_UNCLAIMED);
		else if (layer->state == CONN_LAYER_CLAIMED)
			drop_layer(layer, shared, CONN_DONE);
	}
	reasm_release(&conn->reasm, pool);
}

bool
conn_is_settled(const struct conn *conn)
{
	for (unsigned i = 0; i < CONN_DEPTH_MAX; i++) {
		if (conn->layer[i].state == CONN_LAYER_PROBING ||
		    conn->layer[i].state == CONN_LAYER_CLAIMED)
			return false;
	}
	return prefix_is_done(&conn->prefix);
}

/* The rest of a direction goes to the next layer, from here on. */
static bool
descend(struct conn *conn, struct conn_shared *shared, uint8_t dir)
{
	struct conn_layer *next;

	if (conn->depth[dir] + 1 == CONN_DEPTH_MAX) {
		shared->deepest++;
		return false;
	}
	next = &conn->layer[++conn->depth[dir]];
	if (next->state == CONN_LAYER_UNUSED)
		next->state = CONN_LAYER_PROBING;
	return true;
}

/* The parser was mistaken. */
static void
unclaim(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer)
{
	drop_layer(layer, shared, CONN_BAD);
	layer->proto = NULL;
	conn->session.app_proto = NULL;
}

static void take_input(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin);

/* Runs the parser of a layer over one input. */
static void
parse(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	enum proto_role role = dir == layer->swapped ? PROTO_REQUESTER : PROTO_RESPONDER;
	enum proto_result result;
	struct fact fact;

	conn->session.depth = (uint8_t)(layer - conn->layer);
	conn->session.app_proto = layer->proto->name;
	for (;;) {
		fact = (struct fact){ 0 };
		result = layer->proto->parse(layer->parser, role, input, &fact);
		if (result != PROTO_FACT)
			break;
		emit_fact(shared->emit, &conn->session, layer->swapped, origin, &fact);
	}
	if (result == PROTO_DONE)
		drop_layer(layer, shared, CONN_DONE);
	else if (result == PROTO_BAD)
		unclaim(conn, shared, layer);
	else if (result == PROTO_INNER && descend(conn, shared, dir))
		take_input(conn, shared, dir, input, origin);
}

static void
replay(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    struct conn_probe *probe)
{
	size_t at[2] = { 0, 0 };

	for (unsigned i = 0; i < probe->pieces; i++) {
		struct piece *piece = &probe->piece[i];
		struct proto_input input = { .gap = piece->gap, .end = piece->end };

		input.data = slice_of(probe->bytes[piece->dir] + at[piece->dir], piece->count);
		at[piece->dir] += piece->count;
		if (layer->state == CONN_LAYER_CLAIMED)
			parse(conn, shared, layer, piece->dir, &input, &piece->origin);
	}
}

/* False when there is no memory for another parser. */
static bool
claim(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    const struct proto *proto, bool swapped)
{
	struct conn_probe *probe = layer->probe;

	layer->parser = pool_get(&shared->parsers);
	if (layer->parser == NULL) {
		shared->pool_full++;
		drop_layer(layer, shared, CONN_UNCLAIMED);
		return false;
	}
	layer->state = CONN_LAYER_CLAIMED;
	layer->proto = proto;
	layer->swapped = swapped;
	shared->outcomes[CONN_CLAIMED]++;
	proto->init(layer->parser);
	layer->probe = NULL;
	if (probe != NULL) {
		replay(conn, shared, layer, probe);
		pool_put(&shared->probes, probe);
	}
	return layer->state == CONN_LAYER_CLAIMED;
}

static unsigned
port_flags(const struct conn_shared *shared, uint16_t port)
{
	const struct conf *conf = shared->conf;

	return (conf_has_port(&conf->mail_ports, port) ? PROTO_PROBE_MAIL_PORT : 0) |
	    (conf_has_port(&conf->tls_ports, port) ? PROTO_PROBE_TLS_PORT : 0);
}

/* Asks every protocol, both ways round. */
static enum proto_probe
ask_all(const struct conn *conn, const struct conn_shared *shared,
    const struct slice seen[2], unsigned flags, const struct proto **proto, bool *swapped)
{
	enum proto_probe best = PROTO_NO;
	unsigned flags_of[2] = {
		flags | port_flags(shared, conn->session.server.port),
		flags | port_flags(shared, conn->session.client.port),
	};

	for (unsigned i = 0; proto_table[i] != NULL; i++) {
		for (unsigned swap = 0; swap < 2; swap++) {
			enum proto_probe answer =
			    proto_table[i]->probe(seen[swap], seen[!swap], flags_of[swap]);

			*proto = proto_table[i];
			*swapped = swap;
			if (answer == PROTO_YES)
				return PROTO_YES;
			if (answer == PROTO_MAYBE)
				best = PROTO_MAYBE;
		}
	}
	return flags & PROTO_PROBE_LAST ? PROTO_NO : best;
}

/* Keeps a step for later and takes it out of input; what has no room stays there. */
static bool
keep_piece(struct conn_probe *probe, uint8_t dir, struct proto_input *input,
    const struct origin *origin)
{
	struct slice data = slice_head(input->data, PROTO_PROBE_BYTES - probe->count[dir]);

	if (probe->pieces == PIECES_MAX)
		return false;
	probe->piece[probe->pieces++] = (struct piece){
		.dir = dir,
		.end = input->end,
		.gap = input->gap,
		.count = (uint16_t)data.n,
		.origin = *origin,
	};
	if (data.n > 0)
		memcpy(probe->bytes[dir] + probe->count[dir], data.p, data.n);
	probe->count[dir] += (uint16_t)data.n;
	if (input->gap > 0)
		probe->from[dir] = probe->count[dir];
	*input = (struct proto_input){ .data = slice_tail(input->data, data.n) };
	return input->data.n == 0;
}

static struct slice
probed(const struct conn_probe *probe, unsigned dir)
{
	return slice_of(
	    probe->bytes[dir] + probe->from[dir], probe->count[dir] - probe->from[dir]);
}

static void
probe_kept(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	bool kept = keep_piece(layer->probe, dir, input, origin);
	unsigned flags = conn->probe_flags;
	const struct proto *proto;
	struct slice seen[2];
	bool swapped;

	for (unsigned d = 0; d < 2; d++)
		seen[d] = probed(layer->probe, d);
	if (!kept || layer->ended == 3)
		flags |= PROTO_PROBE_LAST;
	switch (ask_all(conn, shared, seen, flags, &proto, &swapped)) {
	case PROTO_YES:
		if (claim(conn, shared, layer, proto, swapped) && !kept)
			parse(conn, shared, layer, dir, input, origin);
		break;
	case PROTO_NO:
		drop_layer(layer, shared, CONN_UNCLAIMED);
		break;
	case PROTO_MAYBE:
		break;
	}
}

/* The first bytes of a layer: most connections are judged here and dropped, uncopied. */
static void
probe_first(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	struct slice seen[2] = { { NULL, 0 }, { NULL, 0 } };
	enum proto_probe answer = PROTO_MAYBE;
	const struct proto *proto;
	bool swapped;

	seen[dir] = slice_head(input->data, PROTO_PROBE_BYTES);
	if (input->data.n > 0)
		answer = ask_all(conn, shared, seen, conn->probe_flags, &proto, &swapped);
	if (answer == PROTO_NO) {
		drop_layer(layer, shared, CONN_UNCLAIMED);
	} else if (answer == PROTO_YES) {
		if (claim(conn, shared, layer, proto, swapped))
			parse(conn, shared, layer, dir, input, origin);
	} else if ((layer->probe = pool_get(&shared->probes)) == NULL) {
		shared->pool_full++;
		drop_layer(layer, shared, CONN_UNCLAIMED);
	} else {
		memset(layer->probe, 0, offsetof(struct conn_probe, piece));
		probe_kept(conn, shared, layer, dir, input, origin);
	}
}

static void
take_input(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	struct conn_layer *layer = &conn->layer[conn->depth[dir]];

	if (input->end)
		layer->ended |= (uint8_t)(1 << dir);
	if (layer->state == CONN_LAYER_CLAIMED)
		parse(conn, shared, layer, dir, input, origin);
	else if (layer->state == CONN_LAYER_PROBING && layer->probe == NULL)
		probe_first(conn, shared, layer, dir, input, origin);
	else if (layer->state == CONN_LAYER_PROBING)
		probe_kept(conn, shared, layer, dir, input, origin);
}

static void
take_prefix(struct conn *conn, struct conn_shared *shared, const struct reasm_event *event)
{
	struct record_prefix told;
	bool ready;

	if (event->kind == REASM_DATA)
		ready = prefix_take(&conn->prefix, event->dir, event->data, event->origin.ts_us);
	else
		ready = prefix_stop(&conn->prefix, event->dir);
	if (!ready || !(conn->session.client.home || conn->session.server.home))
		return;
	conn->session.depth = 0;
	prefix_tell(&conn->prefix, event->dir, &told);
	emit_prefix(shared->emit, &conn->session, &event->origin, &told);
}

void
conn_take(struct conn *conn, struct conn_shared *shared, const struct reasm_event *event)
{
	struct proto_input input = { .end = event->kind == REASM_END };

	if (event->kind == REASM_DATA)
		input.data = event->data;
	if (event->kind == REASM_GAP) {
		input.gap = event->gap_bytes;
		conn->probe_flags |= PROTO_PROBE_MIDSTREAM;
	}
	if (!prefix_is_done(&conn->prefix))
		take_prefix(conn, shared, event);
	take_input(conn, shared, event->dir, &input, &event->origin);
}

void
conn_finish(struct conn *conn, struct conn_shared *shared, const struct origin *origin)
{
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct reasm_event end = { .kind = REASM_END, .dir = dir, .origin = *origin };

		if (!(conn->layer[conn->depth[dir]].ended >> dir & 1))
			conn_take(conn, shared, &end);
	}
}
