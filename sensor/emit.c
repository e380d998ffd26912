/* SPDX-License-Identifier: BSD-2-Clause */
#include "emit.h"

static void
push(struct emit *emit, enum record_class class, const struct session *session,
    const struct origin *origin, const struct slice text[FACT_TEXTS])
{
	struct record *r = &emit->record;

	r->class = class;
	r->packet = emit->packet;
	r->sequence = emit->sequence++;
	r->origin = *origin;
	r->session = *session;
	record_queue_push(emit->queue, r, text);
}

void
emit_conn(struct emit *emit, const struct session *session, const struct origin *origin,
    const struct record_conn *conn)
{
	emit->record.conn = *conn;
	push(emit, RECORD_CONN, session, origin, NULL);
}

void
emit_prefix(struct emit *emit, const struct session *session, const struct origin *origin,
    const struct record_prefix *prefix)
{
	emit->record.prefix = *prefix;
	push(emit, RECORD_PREFIX, session, origin, NULL);
}

void
emit_turn(struct emit *emit, const struct session *session, const struct origin *origin,
    const struct record_turn *turn)
{
	emit->record.turn = *turn;
	push(emit, RECORD_TURN, session, origin, NULL);
}

/* The texts of a fact within their common bound; what a parser should have kept. */
static void
bound_texts(
    const struct fact *fact, struct slice text[FACT_TEXTS], uint16_t len[FACT_TEXTS])
{
	size_t room = FACT_TEXT_MAX;

	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		text[i] = slice_head(fact->text[i], room);
		len[i] = (uint16_t)text[i].n;
		room -= text[i].n;
	}
}

void
emit_fact(struct emit *emit, const struct session *session, bool swapped,
    const struct origin *origin, const struct fact *fact)
{
	struct slice text[FACT_TEXTS];
	struct session seen = *session;
	struct record_fact *f = &emit->record.fact;

	*f = (struct record_fact){
		.type = fact->type,
		.flags = fact->flags,
		.ok = fact->ok,
		.code = fact->code,
		.port = fact->port,
		.tx = fact->tx,
		.size = fact->size,
		.size_back = fact->size_back,
		.body_hash = fact->body_hash,
		.body_bytes = fact->body_bytes,
	};
	if (fact->type == FACT_HEADER)
		f->header = fact->header;
	else if (fact->type == FACT_ABORT)
		f->abort = fact->abort;
	else if (fact->type == FACT_ODDITY)
		f->oddity = fact->oddity;
	else if (fact->type == FACT_TUNNEL_ASKED)
		f->tunnel = fact->tunnel;
	bound_texts(fact, text, f->text_len);
	if (swapped) {
		seen.client = session->server;
		seen.server = session->client;
	}
	push(emit, RECORD_FACT, &seen, origin, text);
}
