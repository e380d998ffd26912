/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn.h"

#include "conf.h"
#include "target.h"

enum { RARE = 8 }; /* one connection in so many needs more than its own layer 0 */

/* What a parser left for later: bytes, then what could not be kept, then the end. */
struct conn_held {
	bool end;
	uint32_t count;
	uint64_t gap;
	struct origin origin; /* of the newest piece */
	uint8_t bytes[CONN_HELD_BYTES];
};

int
conn_shared_init(struct conn_shared *shared, const struct conf *conf, struct emit *emit,
    uint32_t conns)
{
	uint32_t rare = conns / RARE + 1;

	*shared = (struct conn_shared){ .conf = conf, .emit = emit };
	if (pool_init(&shared->probes, conns, sizeof(struct probe)) != 0 ||
	    pool_init(&shared->parsers, conns, proto_state_max()) != 0 ||
	    pool_init(&shared->held, rare, sizeof(struct conn_held)) != 0 ||
	    pool_init(&shared->prefixes, rare, sizeof(struct prefix)) != 0)
		return -1;
	return 0;
}

void
conn_shared_release(struct conn_shared *shared)
{
	struct pool *pools[] = { &shared->probes, &shared->parsers, &shared->held,
		&shared->prefixes };

	for (unsigned i = 0; i < sizeof(pools) / sizeof(*pools); i++) {
		if (pools[i]->base != NULL)
			pool_release(pools[i]);
	}
}

void
conn_shared_stats(const struct conn_shared *shared, struct stats_visitor *v)
{
	stats_show(v, "parser", "claimed", shared->outcomes[CONN_CLAIMED]);
	stats_show(v, "parser", "unclaimed", shared->outcomes[CONN_UNCLAIMED]);
	stats_show(v, "parser", "bad", shared->outcomes[CONN_BAD]);
	stats_show(v, "parser", "done", shared->outcomes[CONN_DONE]);
	stats_show(v, "parser", "memory_full", shared->pool_full);
	stats_show(v, "parser", "too_deep", shared->too_deep);
	stats_show(v, "parser", "held_bytes_lost", shared->held_bytes_lost);
	stats_show(v, "parser", "active", shared->parsers.in_use);
}

void
conn_init(struct conn *conn, const struct session *session, bool midstream)
{
	reasm_init(&conn->reasm);
	prefix_init(&conn->prefix);
	conn->session = *session;
	meter_init(&conn->meter, &conn->session.round_trip);
	conn->depth[0] = conn->depth[1] = 0;
	conn->right_sums[0] = conn->right_sums[1] = 0;
	conn->probe_flags = midstream ? PROTO_PROBE_MIDSTREAM : 0;
	memset(conn->layer, 0, sizeof(conn->layer));
	conn->layer[0].state = CONN_LAYER_PROBING;
	conn->layer[0].prefix = &conn->prefix;
}

static void
put_back(struct pool *pool, void *item)
{
	if (item != NULL)
		pool_put(pool, item);
}

static void
drop_layer(
    struct conn_layer *layer, struct conn_shared *shared, enum conn_outcome outcome)
{
	put_back(&shared->probes, layer->probe);
	put_back(&shared->parsers, layer->parser);
	put_back(&shared->held, layer->held[0]);
	put_back(&shared->held, layer->held[1]);
	layer->probe = NULL;
	layer->parser = NULL;
	layer->held[0] = layer->held[1] = NULL;
	layer->state = CONN_LAYER_DROPPED;
	shared->outcomes[outcome]++;
}

/* Those of inner layers lie in a pool. */
static void
drop_prefix(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer)
{
	if (layer != conn->layer)
		put_back(&shared->prefixes, layer->prefix);
	layer->prefix = NULL;
}

void
conn_release(struct conn *conn, struct conn_shared *shared, struct reasm_pool *pool)
{
	for (unsigned i = 0; i < RECORD_DEPTH_MAX; i++) {
		struct conn_layer *layer = &conn->layer[i];

		if (layer->state == CONN_LAYER_PROBING)
			drop_layer(layer, shared, CONN_UNCLAIMED);
		else if (layer->state == CONN_LAYER_CLAIMED)
			drop_layer(layer, shared, CONN_DONE);
		drop_prefix(conn, shared, layer);
	}
	reasm_release(&conn->reasm, pool);
}

bool
conn_is_settled(const struct conn *conn)
{
	for (unsigned i = 0; i < RECORD_DEPTH_MAX; i++) {
		const struct conn_layer *layer = &conn->layer[i];

		if (layer->state == CONN_LAYER_PROBING ||
		    layer->state == CONN_LAYER_CLAIMED || layer->prefix != NULL)
			return false;
	}
	return true;
}

/* Facts. */

static unsigned
depth_of(const struct conn *conn, const struct conn_layer *layer)
{
	return (unsigned)(layer - conn->layer);
}

static void
say(struct conn *conn, struct conn_shared *shared, const struct conn_layer *layer,
    const struct origin *origin, const struct fact *fact)
{
	conn->session.depth = (uint8_t)depth_of(conn, layer);
	conn->session.app_proto = layer->proto == NULL ? NULL : layer->proto->name;
	emit_fact(shared->emit, &conn->session, layer->swapped, origin, fact);
}

/* The tunnel around a layer is told what is in it. */
static void
say_inner(struct conn *conn, struct conn_shared *shared, const struct conn_layer *layer,
    const char *name, const struct origin *origin)
{
	const struct conn_layer *outer = layer - 1;
	struct fact fact = { .type = FACT_TUNNEL_INNER, .tx = outer->tunnel_tx };

	fact.text[0] = slice_str(name);
	say(conn, shared, outer, origin, &fact);
}

static void
say_tunnel_end(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    const struct origin *origin)
{
	unsigned depth = depth_of(conn, layer);
	struct fact fact = { .type = FACT_TUNNEL_END, .tx = layer->tunnel_tx };

	if (depth + 1 < RECORD_DEPTH_MAX) {
		fact.size = layer[1].bytes[layer->swapped];
		fact.size_back = layer[1].bytes[!layer->swapped];
	}
	layer->tunnel_open = false;
	say(conn, shared, layer, origin, &fact);
}

static void
note_target(struct conn *conn, const struct conn_shared *shared, const struct fact *fact)
{
	struct endpoint *target = &conn->session.target;

	*target = (struct endpoint){ 0 };
	if (!target_addr(fact->text[0], &target->addr))
		return;
	target->port = fact->port;
	target->home = netset_has(shared->conf->home_net, &target->addr);
}

/* Keeps in mind what a proxy was asked and answered. */
static void
note_tunnel(struct conn *conn, const struct conn_shared *shared, struct conn_layer *layer,
    const struct fact *fact)
{
	if (fact->type == FACT_TUNNEL_ASKED) {
		note_target(conn, shared, fact);
		conn->session.via[depth_of(conn, layer)] = (uint8_t)fact->tunnel;
		layer->tunnel_tx = fact->tx;
		layer->tunnel_port = fact->port;
	} else if (fact->type == FACT_TUNNEL_GRANTED) {
		layer->tunnel_open = true;
	}
}

/* Parsing. */

/* The rest of a direction goes to the next layer from here on; false when there is none.
 */
static bool
descend(struct conn *conn, struct conn_shared *shared, uint8_t dir)
{
	struct conn_layer *next;

	if (conn->depth[dir] + 1 == RECORD_DEPTH_MAX) {
		shared->too_deep++;
		return false;
	}
	next = &conn->layer[++conn->depth[dir]];
	if (next->state != CONN_LAYER_UNUSED)
		return true;
	next->state = CONN_LAYER_PROBING;
	next->prefix = pool_get(&shared->prefixes);
	if (next->prefix != NULL)
		prefix_init(next->prefix);
	return true;
}

/* What the parser did not take waits until the other direction has got on. */
static void
hold(struct conn_shared *shared, struct conn_layer *layer, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	struct conn_held *held = layer->held[dir];
	size_t n;

	if (held == NULL) {
		held = layer->held[dir] = pool_get(&shared->held);
		if (held == NULL) {
			shared->pool_full++;
			drop_layer(layer, shared, CONN_DONE);
			return;
		}
		memset(held, 0, offsetof(struct conn_held, bytes));
	}
	n = held->gap > 0 ? 0 : slice_head(input->data, CONN_HELD_BYTES - held->count).n;
	if (n > 0)
		memcpy(held->bytes + held->count, input->data.p, n);
	held->count += (uint32_t)n;
	held->gap += input->gap + input->data.n - n;
	shared->held_bytes_lost += input->data.n - n;
	held->end |= input->end;
	held->origin = *origin;
}

static void take_stream(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin);

static void parse_waiting(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, uint8_t first);

/* Runs the parser of a layer over one input, as far as it takes it. */
static enum proto_result
run(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	enum proto_role role = dir == layer->swapped ? PROTO_REQUESTER : PROTO_RESPONDER;
	struct fact fact = { 0 };
	enum proto_result result;

	while ((result = layer->proto->parse(layer->parser, role, input, &fact)) ==
	       PROTO_FACT) {
		note_tunnel(conn, shared, layer, &fact);
		say(conn, shared, layer, origin, &fact);
		fact = (struct fact){ 0 };
	}
	return result;
}

static bool
has_left(const struct proto_input *input)
{
	return input->data.n > 0 || input->gap > 0 || input->end;
}

static void
settle(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin,
    enum proto_result result)
{
	if (result == PROTO_DONE) {
		drop_layer(layer, shared, CONN_DONE);
	} else if (result == PROTO_BAD) {
		drop_layer(layer, shared, CONN_BAD);
		layer->proto = NULL;
		conn->session.app_proto = NULL;
	} else if (result == PROTO_INNER) {
		bool deeper = descend(conn, shared, dir);

		parse_waiting(conn, shared, layer, !dir); /* it was sent before this */
		if (deeper)
			take_stream(conn, shared, dir, input, origin);
	} else if (has_left(input)) {
		hold(shared, layer, dir, input, origin);
	}
}

/* Keeps what the parser still did not take of bytes, gap and end. */
static void
wait_again(struct conn_held *held, const struct proto_input step[3])
{
	if (step[0].data.n > 0)
		memmove(held->bytes, step[0].data.p, step[0].data.n);
	held->count = (uint32_t)step[0].data.n;
	held->gap = step[1].gap;
	held->end = step[2].end;
}

/* Offers again what waited. True when some of it was taken. */
static bool
parse_held(
    struct conn *conn, struct conn_shared *shared, struct conn_layer *layer, uint8_t dir)
{
	struct conn_held *held = layer->held[dir];
	struct proto_input step[3] = {
		{ .data = slice_of(held->bytes, held->count) },
		{ .gap = held->gap },
		{ .end = held->end },
	};
	uint64_t before = held->count + held->gap + held->end;
	bool left_layer = false;

	layer->held[dir] = NULL;
	for (unsigned i = 0; i < 3; i++) {
		enum proto_result result;

		if (!has_left(&step[i]))
			continue;
		if (left_layer) {
			take_stream(conn, shared, dir, &step[i], &held->origin);
			continue;
		}
		result = run(conn, shared, layer, dir, &step[i], &held->origin);
		if (result == PROTO_MORE && has_left(&step[i])) {
			wait_again(held, step);
			layer->held[dir] = held;
			return held->count + held->gap + held->end < before;
		}
		left_layer = result != PROTO_MORE;
		if (left_layer)
			settle(conn, shared, layer, dir, &step[i], &held->origin, result);
	}
	pool_put(&shared->held, held);
	return true;
}

/* A direction got on: what waits is offered in turn until neither moves. */
static void
parse_waiting(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t first)
{
	unsigned still = 0;

	for (uint8_t dir = first; still < 2; dir = !dir) {
		if (layer->held[dir] != NULL && parse_held(conn, shared, layer, dir))
			still = 0;
		else
			still++;
	}
}

static void
parse(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	enum proto_result result;

	if (layer->held[dir] != NULL) {
		hold(shared, layer, dir, input, origin);
		return;
	}
	result = run(conn, shared, layer, dir, input, origin);
	settle(conn, shared, layer, dir, input, origin, result);
	parse_waiting(conn, shared, layer, !dir);
}

/* Probing. */

static void take_input(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin);

/* What a layer kept, or had no room for, was counted there; it may go deeper now. */
static void
take_kept(struct conn *conn, struct conn_shared *shared, const struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	if (!has_left(input))
		return;
	if (conn->depth[dir] == depth_of(conn, layer))
		take_input(conn, shared, dir, input, origin);
	else
		take_stream(conn, shared, dir, input, origin);
}

/* Gives what was kept to the parser that claimed it, in order. */
static void
replay(struct conn *conn, struct conn_shared *shared, const struct conn_layer *layer,
    const struct probe *probe)
{
	size_t at[2] = { 0, 0 };

	for (unsigned i = 0; i < probe->pieces; i++) {
		const struct probe_piece *piece = &probe->piece[i];
		struct proto_input input = { .gap = piece->gap };
		struct proto_input end = { .end = true };

		input.data =
		    slice_of(probe->bytes[piece->dir] + at[piece->dir], piece->count);
		at[piece->dir] += piece->count;
		take_kept(conn, shared, layer, piece->dir, &input, &piece->origin);
		if (piece->end)
			take_kept(conn, shared, layer, piece->dir, &end, &piece->origin);
	}
}

static void
give_up(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    const struct origin *origin)
{
	drop_layer(layer, shared, CONN_UNCLAIMED);
	if (layer != conn->layer)
		say_inner(conn, shared, layer, "", origin);
}

static void
claim(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    const struct probe_claim *by, const struct origin *origin)
{
	struct probe *probe = layer->probe;

	layer->parser = pool_get(&shared->parsers);
	if (layer->parser == NULL) {
		shared->pool_full++;
		give_up(conn, shared, layer, origin);
		return;
	}
	layer->state = CONN_LAYER_CLAIMED;
	layer->proto = by->proto;
	layer->swapped = by->swapped;
	layer->probe = NULL;
	shared->outcomes[CONN_CLAIMED]++;
	by->proto->init(layer->parser);
	if (layer != conn->layer)
		say_inner(conn, shared, layer, by->proto->name, origin);
	if (probe != NULL) {
		replay(conn, shared, layer, probe);
		pool_put(&shared->probes, probe);
	}
}

static unsigned
port_flags(const struct conf *conf, uint16_t port)
{
	return (conf_has_port(&conf->mail_ports, port) ? PROTO_PROBE_MAIL_PORT : 0) |
	       (conf_has_port(&conf->tls_ports, port) ? PROTO_PROBE_TLS_PORT : 0);
}

static enum proto_probe
ask(const struct conn *conn, const struct conn_shared *shared,
    const struct conn_layer *layer, const struct slice seen[2], bool last,
    struct probe_claim *by)
{
	unsigned flags = conn->probe_flags | (last ? PROTO_PROBE_LAST : 0);
	uint16_t port[2] = { conn->session.server.port, conn->session.client.port };
	unsigned flags_of[2];

	if (layer != conn->layer) {
		flags |= PROTO_PROBE_INSIDE;
		port[0] = port[1] = layer[-1].tunnel_port;
	}
	for (unsigned dir = 0; dir < 2; dir++)
		flags_of[dir] = flags | port_flags(shared->conf, port[dir]);
	return probe_ask(seen, flags_of, by);
}

static void
probe_kept(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	bool kept = probe_keep(layer->probe, dir, input, origin);
	bool last = !kept || layer->ended == 3;
	struct slice seen[2] = { probe_seen(layer->probe, 0),
		probe_seen(layer->probe, 1) };
	struct probe_claim by;
	enum proto_probe answer = ask(conn, shared, layer, seen, last, &by);

	if (answer == PROTO_NO)
		give_up(conn, shared, layer, origin);
	if (answer != PROTO_YES)
		return;
	claim(conn, shared, layer, &by, origin);
	take_kept(conn, shared, layer, dir, input, origin);
}

/* The first bytes of a layer: most connections are judged here and dropped, uncopied. */
static void
probe_first(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	struct slice seen[2] = { { NULL, 0 }, { NULL, 0 } };
	enum proto_probe answer = PROTO_MAYBE;
	struct probe_claim by;

	seen[dir] = slice_head(input->data, PROTO_PROBE_BYTES);
	if (input->data.n > 0)
		answer = ask(conn, shared, layer, seen, false, &by);
	if (answer == PROTO_NO) {
		give_up(conn, shared, layer, origin);
	} else if (answer == PROTO_YES) {
		claim(conn, shared, layer, &by, origin);
		if (layer->state == CONN_LAYER_CLAIMED)
			parse(conn, shared, layer, dir, input, origin);
	} else if ((layer->probe = pool_get(&shared->probes)) == NULL) {
		shared->pool_full++;
		give_up(conn, shared, layer, origin);
	} else {
		probe_init(layer->probe);
		probe_kept(conn, shared, layer, dir, input, origin);
	}
}

/* The stream. */

static void
say_prefix(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, const struct origin *origin)
{
	struct record_prefix told;

	if (!(conn->session.client.home || conn->session.server.home))
		return;
	conn->session.depth = (uint8_t)depth_of(conn, layer);
	prefix_tell(layer->prefix, dir, &told);
	emit_prefix(shared->emit, &conn->session, origin, &told);
}

static void
take_prefix(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, const struct proto_input *input, const struct origin *origin)
{
	bool ready = input->data.n > 0
			 ? prefix_take(layer->prefix, dir, input->data, origin->ts_us)
			 : prefix_stop(layer->prefix, dir);

	if (ready)
		say_prefix(conn, shared, layer, dir, origin);
	if (prefix_is_done(layer->prefix))
		drop_prefix(conn, shared, layer);
}

static void
take_input(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	struct conn_layer *layer = &conn->layer[conn->depth[dir]];

	if (layer->state == CONN_LAYER_CLAIMED)
		parse(conn, shared, layer, dir, input, origin);
	else if (layer->state == CONN_LAYER_PROBING && layer->probe == NULL)
		probe_first(conn, shared, layer, dir, input, origin);
	else if (layer->state == CONN_LAYER_PROBING)
		probe_kept(conn, shared, layer, dir, input, origin);
}

/* Of the stream of a layer, behind the PROXY header that may be in front of it. */
static void
take_behind_header(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, uint8_t dir, struct proto_input *input,
    const struct origin *origin)
{
	if (!has_left(input))
		return;
	if (layer->prefix != NULL)
		take_prefix(conn, shared, layer, dir, input, origin);
	take_kept(conn, shared, layer, dir, input, origin);
}

static void
take_header(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	struct proxy_header *header = &layer->header[dir];
	struct proto_input none = { 0 };

	if (input->data.n > 0)
		none.data = proxy_header_take(header, &input->data);
	else
		none.data = proxy_header_stop(header);
	take_behind_header(conn, shared, layer, dir, &none, origin);
}

/* New bytes of a direction, at the layer it has reached. */
static void
take_stream(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	struct conn_layer *layer = &conn->layer[conn->depth[dir]];

	if (!has_left(input))
		return;
	layer->bytes[dir] += input->data.n + input->gap;
	if (input->end)
		layer->ended |= (uint8_t)(1 << dir);
	if (!proxy_header_is_over(&layer->header[dir]))
		take_header(conn, shared, layer, dir, input, origin);
	take_behind_header(conn, shared, layer, dir, input, origin);
}

/* What goes deeper passes through all tunnels around it. */
static void
pass_through(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, const struct proto_input *input, const struct origin *origin)
{
	layer->bytes[dir] += input->data.n + input->gap;
	if (layer->prefix != NULL)
		take_prefix(conn, shared, layer, dir, input, origin);
}

static void
take(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	for (unsigned i = 0; i < conn->depth[dir]; i++)
		pass_through(conn, shared, &conn->layer[i], dir, input, origin);
	take_stream(conn, shared, dir, input, origin);
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
	take(conn, shared, event->dir, &input, &event->origin);
}

void
conn_finish(struct conn *conn, struct conn_shared *shared, const struct origin *origin)
{
	for (uint8_t dir = 0; dir < 2; dir++) {
		struct proto_input end = { .end = true };

		if (!(conn->layer[conn->depth[dir]].ended >> dir & 1))
			take(conn, shared, dir, &end, origin);
	}
	for (unsigned i = RECORD_DEPTH_MAX; i-- > 0;) {
		if (conn->layer[i].tunnel_open)
			say_tunnel_end(conn, shared, &conn->layer[i], origin);
	}
}
