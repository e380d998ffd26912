/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf.h"
#include "conn_parts.h"
#include "target.h"

void
conn_say(struct conn *conn, struct conn_shared *shared, const struct conn_layer *layer,
    const struct origin *origin, const struct fact *fact)
{
	conn->session.depth = (uint8_t)conn_depth_of(conn, layer);
	conn->session.app_proto = layer->proto == NULL ? NULL : layer->proto->name;
	emit_fact(shared->emit, &conn->session, layer->swapped, origin, fact);
}

/* The tunnel around a layer is told what is in it. */
void
conn_say_inner(struct conn *conn, struct conn_shared *shared,
    const struct conn_layer *layer, const char *name, unsigned flags,
    const struct origin *origin)
{
	const struct conn_layer *outer = layer - 1;
	struct fact fact = { .type = FACT_TUNNEL_INNER, .tx = outer->tunnel_tx };

	fact.flags = (uint8_t)flags;
	fact.text[0] = slice_str(name);
	conn_say(conn, shared, outer, origin, &fact);
}

void
conn_say_tunnel_end(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, const struct origin *origin)
{
	unsigned depth = conn_depth_of(conn, layer);
	struct fact fact = { .type = FACT_TUNNEL_END, .tx = layer->tunnel_tx };

	if (depth + 1 < RECORD_DEPTH_MAX) {
		fact.size = layer[1].bytes[layer->swapped];
		fact.size_back = layer[1].bytes[!layer->swapped];
	}
	layer->tunnel_open = false;
	conn_say(conn, shared, layer, origin, &fact);
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
void
conn_note_tunnel(struct conn *conn, const struct conn_shared *shared,
    struct conn_layer *layer, const struct fact *fact)
{
	if (fact->type == FACT_TUNNEL_ASKED) {
		note_target(conn, shared, fact);
		conn->session.via[conn_depth_of(conn, layer)] = (uint8_t)fact->tunnel;
		layer->tunnel_tx = fact->tx;
		layer->tunnel_port = fact->port;
	} else if (fact->type == FACT_TUNNEL_GRANTED) {
		layer->tunnel_open = true;
	}
}

void
conn_say_prefix(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, const struct origin *origin)
{
	struct record_prefix told;

	if (!(conn->session.client.home || conn->session.server.home))
		return;
	conn->session.depth = (uint8_t)conn_depth_of(conn, layer);
	prefix_tell(layer->prefix, dir, &told);
	emit_prefix(shared->emit, &conn->session, origin, &told);
}
