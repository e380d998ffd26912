/* SPDX-License-Identifier: BSD-2-Clause */
#include "conn.h"

#include "conf.h"
#include "conn_parts.h"

enum {
	RARE = 8, /* one connection in so many needs more than its own layer 0 */
	FETCHERS = 4096,
};

int
conn_shared_init(struct conn_shared *shared, const struct conf *conf, struct emit *emit,
    uint32_t conns)
{
	uint32_t rare = conns / RARE + 1;

	*shared = (struct conn_shared){ .conf = conf, .emit = emit };
	if (pool_init(&shared->probes, conns + rare, sizeof(struct probe)) != 0 ||
	    pool_init(&shared->parsers, conns, proto_state_max()) != 0 ||
	    pool_init(&shared->held, rare, sizeof(struct conn_held)) != 0 ||
	    pool_init(&shared->prefixes, rare, sizeof(struct prefix)) != 0)
		return -1;
	if ((shared->fetchers = marked_new(FETCHERS)) == NULL)
		return -1;
	if (conf->sensor.classify && (shared->classify = classify_new()) == NULL)
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
	classify_free(shared->classify);
	marked_free(shared->fetchers);
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
	if (shared->classify != NULL)
		classify_stats(shared->classify, v);
}

/* Who was asked to fetch by name, on behalf of whoever asked. */
static bool
is_of_fetcher(const struct conn_shared *shared, const struct session *session)
{
	return session->client.home && !session->server.home &&
	       marked_has(shared->fetchers, &session->client.addr,
		   (uint32_t)(session->start_us / 1000000));
}

void
conn_init(struct conn *conn, const struct conn_shared *shared,
    const struct session *session, bool midstream)
{
	reasm_init(&conn->reasm);
	prefix_init(&conn->prefix);
	conn->session = *session;
	meter_init(&conn->meter, &conn->session.round_trip);
	conn->depth[0] = conn->depth[1] = 0;
	conn->right_sums[0] = conn->right_sums[1] = 0;
	conn->probe_flags = midstream ? PROTO_PROBE_MIDSTREAM : 0;
	if (is_of_fetcher(shared, session))
		conn->probe_flags |= PROTO_PROBE_FETCHER;
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

void
conn_drop_probe(struct conn_layer *layer, struct conn_shared *shared)
{
	put_back(&shared->probes, layer->probe);
	layer->probe = NULL;
}

void
conn_drop_layer(
    struct conn_layer *layer, struct conn_shared *shared, enum conn_outcome outcome)
{
	conn_drop_probe(layer, shared);
	put_back(&shared->parsers, layer->parser);
	put_back(&shared->held, layer->held[0]);
	put_back(&shared->held, layer->held[1]);
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
			conn_drop_layer(layer, shared, CONN_UNCLAIMED);
		else if (layer->state == CONN_LAYER_CLAIMED)
			conn_drop_layer(layer, shared, CONN_DONE);
		conn_drop_probe(layer, shared);
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
		    layer->state == CONN_LAYER_CLAIMED || layer->prefix != NULL ||
		    layer->probe != NULL)
			return false;
	}
	return true;
}

/* The stream. */

static void
take_prefix(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, const struct proto_input *input, const struct origin *origin)
{
	bool ready = input->data.n > 0
			 ? prefix_take(layer->prefix, dir, input->data, origin->ts_us)
			 : prefix_stop(layer->prefix, dir);

	if (ready)
		conn_say_prefix(conn, shared, layer, dir, origin);
	if (prefix_is_done(layer->prefix))
		drop_prefix(conn, shared, layer);
}

static void
take_input(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	if (layer->state == CONN_LAYER_CLAIMED)
		conn_parse(conn, shared, layer, dir, input, origin);
	else if (layer->state == CONN_LAYER_PROBING)
		conn_probe(conn, shared, layer, dir, input, origin);
	else if (layer->probe != NULL)
		conn_label_more(conn, shared, layer, dir, input, origin);
}

/* What a layer kept, or had no room for, was counted there; it may go deeper now. */
void
conn_take_kept(struct conn *conn, struct conn_shared *shared,
    const struct conn_layer *layer, uint8_t dir, struct proto_input *input,
    const struct origin *origin)
{
	if (!conn_has_left(input))
		return;
	if (conn->depth[dir] == conn_depth_of(conn, layer))
		take_input(
		    conn, shared, &conn->layer[conn->depth[dir]], dir, input, origin);
	else
		conn_take_stream(conn, shared, dir, input, origin);
}

/* Of the stream of a layer, behind the PROXY header that may be in front of it. */
static void
take_behind_header(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, uint8_t dir, struct proto_input *input,
    const struct origin *origin)
{
	if (!conn_has_left(input))
		return;
	if (layer->prefix != NULL)
		take_prefix(conn, shared, layer, dir, input, origin);
	conn_take_kept(conn, shared, layer, dir, input, origin);
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
void
conn_take_stream(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	struct conn_layer *layer = &conn->layer[conn->depth[dir]];

	if (!conn_has_left(input))
		return;
	layer->bytes[dir] += input->data.n + input->gap;
	if (input->end)
		layer->ended |= (uint8_t)(1 << dir);
	if (layer->prefix == NULL && proxy_header_is_over(&layer->header[dir])) {
		take_input(conn, shared, layer, dir, input, origin);
		return;
	}
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
	conn_take_stream(conn, shared, dir, input, origin);
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
			conn_say_tunnel_end(conn, shared, &conn->layer[i], origin);
	}
}
