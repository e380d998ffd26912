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

/* Web servers answer an absolute URI as proxies do: what the host itself asks for then is
 * what tells. */
static void
note_fetcher(const struct conn *conn, const struct conn_shared *shared,
    const struct fact *fact, const struct origin *origin)
{
	bool swapped = conn->layer[0].swapped;
	const struct session *s = &conn->session;
	const struct endpoint *asked = swapped ? &s->client : &s->server;

	if ((fact->tunnel == FACT_TUNNEL_HTTP_GET ||
		fact->tunnel == FACT_TUNNEL_HTTP_POST) &&
	    s->target.port == 0 && s->client.home != s->server.home && asked->home)
		marked_note(
		    shared->fetchers, &asked->addr, (uint32_t)(origin->ts_us / 1000000));
}

/* Keeps in mind what a proxy was asked and answered. */
void
conn_note_tunnel(struct conn *conn, const struct conn_shared *shared,
    struct conn_layer *layer, const struct fact *fact, const struct origin *origin)
{
	if (fact->type == FACT_TUNNEL_ASKED) {
		note_target(conn, shared, fact);
		note_fetcher(conn, shared, fact, origin);
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
