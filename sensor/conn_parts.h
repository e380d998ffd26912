/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CONN_PARTS_H
#define RELAYWATCH_CONN_PARTS_H

/*
 * What the parts of conn share: conn.c the stream and its layers, conn_probe.c layers
 * whose protocol is not known yet, conn_parse.c those that a parser claimed,
 * conn_label.c those that none did, conn_tell.c what is said of them. Nobody else
 * includes this.
 */

#include "conn.h"

/* What a parser left for later: bytes, then what could not be kept, then the end. */
struct conn_held {
	bool end;
	uint32_t count;
	uint64_t gap;
	struct origin origin; /* of the newest piece */
	uint8_t bytes[CONN_HELD_BYTES];
};

static inline unsigned
conn_depth_of(const struct conn *conn, const struct conn_layer *layer)
{
	return (unsigned)(layer - conn->layer);
}

static inline bool
conn_has_left(const struct proto_input *input)
{
	return input->data.n > 0 || input->gap > 0 || input->end;
}

/* conn.c. New bytes of a direction, for the layer that it has reached; and what a layer
 * kept, or had no room for: it was counted there, and may go deeper now. */
void conn_take_stream(struct conn *conn, struct conn_shared *shared, uint8_t dir,
    struct proto_input *input, const struct origin *origin);
void conn_take_kept(struct conn *conn, struct conn_shared *shared,
    const struct conn_layer *layer, uint8_t dir, struct proto_input *input,
    const struct origin *origin);
void conn_drop_layer(
    struct conn_layer *layer, struct conn_shared *shared, enum conn_outcome outcome);
void conn_drop_probe(struct conn_layer *layer, struct conn_shared *shared);

void conn_probe(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin);
void conn_parse(struct conn *conn, struct conn_shared *shared, struct conn_layer *layer,
    uint8_t dir, struct proto_input *input, const struct origin *origin);

/* conn_label.c. A dropped layer keeps its probe until it has a label, or can have none:
 * first where it has none yet, kept looks at what it has, more adds to it. last: nothing
 * can be added. */
bool conn_wants_label(const struct conn *conn, const struct conn_shared *shared);
void conn_label_first(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, uint8_t dir, struct proto_input *input,
    const struct origin *origin);
void conn_label_kept(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, bool last, const struct origin *origin);
void conn_label_more(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, uint8_t dir, struct proto_input *input,
    const struct origin *origin);

/* conn_tell.c. inner: of a layer in a tunnel, to the one around it; flags: fact.h. */
void conn_say(struct conn *conn, struct conn_shared *shared,
    const struct conn_layer *layer, const struct origin *origin, const struct fact *fact);
void conn_say_inner(struct conn *conn, struct conn_shared *shared,
    const struct conn_layer *layer, const char *name, unsigned flags,
    const struct origin *origin);
void conn_say_tunnel_end(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, const struct origin *origin);
void conn_say_prefix(struct conn *conn, struct conn_shared *shared,
    struct conn_layer *layer, uint8_t dir, const struct origin *origin);

/* Keeps in mind what a proxy was asked and answered. */
void conn_note_tunnel(struct conn *conn, const struct conn_shared *shared,
    struct conn_layer *layer, const struct fact *fact, const struct origin *origin);

#endif
