/* SPDX-License-Identifier: BSD-2-Clause */
/* A layer whose protocol is not known yet. */
#include "conf.h"
#include "conn_parts.h"

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
		conn_take_kept(conn, shared, layer, piece->dir, &input, &piece->origin);
		if (piece->end)
			conn_take_kept(
			    conn, shared, layer, piece->dir, &end, &piece->origin);
	}
}

static void
give_up(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    const struct origin *origin)
{
	struct probe *probe = layer->probe;

	if (conn_wants_label(conn, shared))
		layer->probe = NULL; /* is needed on */
	else
		probe = NULL;
	conn_drop_layer(layer, shared, CONN_UNCLAIMED);
	layer->probe = probe;
	if (layer != conn->layer)
		conn_say_inner(conn, shared, layer, "", 0, origin);
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
		conn_say_inner(conn, shared, layer, by->proto->name, 0, origin);
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
	if (answer == PROTO_NO && layer->probe != NULL)
		conn_label_kept(conn, shared, layer, !kept, origin);
	if (answer != PROTO_YES)
		return;
	claim(conn, shared, layer, &by, origin);
	conn_take_kept(conn, shared, layer, dir, input, origin);
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
		conn_label_first(conn, shared, layer, dir, input, origin);
	} else if (answer == PROTO_YES) {
		claim(conn, shared, layer, &by, origin);
		if (layer->state == CONN_LAYER_CLAIMED)
			conn_parse(conn, shared, layer, dir, input, origin);
	} else if ((layer->probe = pool_get(&shared->probes)) == NULL) {
		shared->pool_full++;
		give_up(conn, shared, layer, origin);
	} else {
		probe_init(layer->probe);
		probe_kept(conn, shared, layer, dir, input, origin);
	}
}

void
conn_probe(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	if (layer->probe == NULL)
		probe_first(conn, shared, layer, dir, input, origin);
	else
		probe_kept(conn, shared, layer, dir, input, origin);
}
