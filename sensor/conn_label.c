/* SPDX-License-Identifier: BSD-2-Clause */
/* A layer that no parser claimed: by its looks, a word for what it may carry. */
#include "conn_parts.h"

/* A label for what no parser claims, between home and outside, seen from its start. */
bool
conn_wants_label(const struct conn *conn, const struct conn_shared *shared)
{
	return shared->classify != NULL && !(conn->probe_flags & PROTO_PROBE_MIDSTREAM) &&
	       conn->session.client.home != conn->session.server.home;
}

static const char *
label_of(
    const struct conn *conn, struct conn_shared *shared, const struct conn_layer *layer)
{
	const struct probe *probe = layer->probe;
	struct classify_piece piece[CLASSIFY_PIECES];
	size_t at[2] = { 0, 0 };
	unsigned n = 0;

	for (; n < probe->pieces && n < CLASSIFY_PIECES; n++) {
		uint8_t dir = probe->piece[n].dir;

		piece[n].dir = dir;
		piece[n].bytes =
		    slice_of(probe->bytes[dir] + at[dir], probe->piece[n].count);
		at[dir] += probe->piece[n].count;
	}
	return classify_talk(shared->classify,
	    layer == conn->layer ? conn->session.server.port : layer[-1].tunnel_port,
	    piece, n);
}

static void
set_label(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    const char *label, const struct origin *origin)
{
	conn_drop_probe(layer, shared);
	if (label != NULL && layer == conn->layer)
		conn->session.label = label;
	else if (label != NULL)
		conn_say_inner(conn, shared, layer, label, FACT_UNSURE, origin);
}

/* Looks at what was kept, once it is enough or no more can be kept. */
void
conn_label_kept(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    bool last, const struct origin *origin)
{
	struct slice seen[2] = { probe_seen(layer->probe, 0),
		probe_seen(layer->probe, 1) };
	const char *label = classify_begin(shared->classify, seen);

	if (label == NULL && !last && layer->ended != 3 &&
	    layer->probe->pieces <= CLASSIFY_PIECES)
		return;
	if (label == NULL)
		label = label_of(conn, shared, layer);
	set_label(conn, shared, layer, label, origin);
}

/* The stream goes on; behind a gap nothing can be told from it. */
void
conn_label_more(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	bool last = input->gap > 0 || !probe_keep(layer->probe, dir, input, origin);

	conn_label_kept(conn, shared, layer, last, origin);
}

/* Most are told by their first octets, which are not kept then. */
void
conn_label_first(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin)
{
	struct slice seen[2] = { { NULL, 0 }, { NULL, 0 } };
	const char *label;

	if (!conn_wants_label(conn, shared))
		return;
	seen[dir] = slice_head(input->data, PROTO_PROBE_BYTES);
	label = classify_begin(shared->classify, seen);
	if (label == NULL)
		layer->probe = pool_get(&shared->probes);
	if (layer->probe == NULL) {
		set_label(conn, shared, layer, label, origin);
		return;
	}
	probe_init(layer->probe);
	conn_label_more(conn, shared, layer, dir, input, origin);
}
