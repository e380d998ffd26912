/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A parser at work: its results, what must wait for the other direction, the layer inside
 * it.
 */
#include "conn_parts.h"

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
			conn_drop_layer(layer, shared, CONN_DONE);
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

static void parse_waiting(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, uint8_t first);

/* Runs the parser of a layer over one input, as far as it takes it. */
static enum proto_result
run(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer, uint8_t dir,
    struct proto_input *input, const struct origin *origin)
{
	enum proto_role role = dir == layer->swapped ? PROTO_REQUESTER : PROTO_RESPONDER;
	enum proto_result result;
	struct fact fact;

	while ((result = layer->proto->parse(layer->parser, role, input, &fact)) ==
	       PROTO_FACT) {
		conn_note_tunnel(conn, shared, layer, &fact, origin);
		conn_say(conn, shared, layer, origin, &fact);
	}
	return result;
}

static void
settle(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin,
    enum proto_result result)
{
	if (result == PROTO_DONE) {
		conn_drop_layer(layer, shared, CONN_DONE);
	} else if (result == PROTO_BAD) {
		conn_drop_layer(layer, shared, CONN_BAD);
		layer->proto = NULL;
		conn->session.app_proto = NULL;
	} else if (result == PROTO_INNER) {
		bool deeper = descend(conn, shared, dir);

		parse_waiting(conn, shared, layer, !dir); /* it was sent before this */
		if (deeper)
			conn_take_stream(conn, shared, dir, input, origin);
	} else if (conn_has_left(input)) {
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

		if (!conn_has_left(&step[i]))
			continue;
		if (left_layer) {
			conn_take_stream(conn, shared, dir, &step[i], &held->origin);
			continue;
		}
		result = run(conn, shared, layer, dir, &step[i], &held->origin);
		if (result == PROTO_MORE && conn_has_left(&step[i])) {
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

void
conn_parse(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	enum proto_result result;

	if (layer->held[dir] != NULL) {
		hold(shared, layer, dir, input, origin);
		return;
	}
	result = run(conn, shared, layer, dir, input, origin);
	if (result != PROTO_MORE || conn_has_left(input))
		settle(conn, shared, layer, dir, input, origin, result);
	if (layer->held[0] != NULL || layer->held[1] != NULL)
		parse_waiting(conn, shared, layer, !dir);
}
