/* SPDX-License-Identifier: BSD-2-Clause */
#include "emit.h"

/* A record in the queue, its head filled but for what its class adds; or NULL. */
static struct record *
begin(struct emit *emit, enum record_class class, const struct session *session,
    const struct origin *origin, size_t text_bytes)
{
	struct record *r = record_queue_reserve(emit->queue, text_bytes);
	uint32_t sequence = emit->sequence++;

	if (r == NULL)
		return NULL;
	r->class = class;
	r->sequence = sequence;
	r->origin = *origin;
	r->packet = emit->packet;
	r->session = *session;
	return r;
}

void
emit_conn(struct emit *emit, const struct session *session, const struct origin *origin,
    const struct record_conn *conn)
{
	struct record *r = begin(emit, RECORD_CONN, session, origin, 0);

	if (r == NULL)
		return;
	r->conn = *conn;
	record_queue_push(emit->queue, r);
}

void
emit_prefix(struct emit *emit, const struct session *session, const struct origin *origin,
    const struct record_prefix *prefix)
{
	struct record *r = begin(emit, RECORD_PREFIX, session, origin, 0);

	if (r == NULL)
		return;
	r->prefix = *prefix;
	record_queue_push(emit->queue, r);
}

void
emit_turn(struct emit *emit, const struct session *session, const struct origin *origin,
    const struct record_turn *turn)
{
	struct record *r = begin(emit, RECORD_TURN, session, origin, 0);

	if (r == NULL)
		return;
	r->turn = *turn;
	record_queue_push(emit->queue, r);
}

/* The texts of a fact within their common bound; what a parser should have kept. */
static size_t
bound_texts(const struct fact *fact, struct slice text[FACT_TEXTS])
{
	size_t room = FACT_TEXT_MAX;

	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		text[i] = slice_head(fact->text[i], room);
		room -= text[i].n;
	}
	return FACT_TEXT_MAX - room;
}

static void
put_texts(struct record *r, const struct slice text[FACT_TEXTS])
{
	uint8_t *to = (uint8_t *)(r + 1);

	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		r->fact.text_len[i] = (uint16_t)text[i].n;
		if (text[i].n != 0)
			memcpy(to, text[i].p, text[i].n);
		to += text[i].n;
	}
}

static void
put_fact(struct record_fact *to, const struct fact *fact)
{
	*to = (struct record_fact){
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
		to->header = fact->header;
	else if (fact->type == FACT_ABORT)
		to->abort = fact->abort;
	else if (fact->type == FACT_ODDITY)
		to->oddity = fact->oddity;
	else if (fact->type == FACT_TUNNEL_ASKED)
		to->tunnel = fact->tunnel;
}

void
emit_fact(struct emit *emit, const struct session *session, bool swapped,
    const struct origin *origin, const struct fact *fact)
{
	struct slice text[FACT_TEXTS];
	size_t text_bytes = bound_texts(fact, text);
	struct record *r = begin(emit, RECORD_FACT, session, origin, text_bytes);

	if (r == NULL)
		return;
	if (swapped) {
		r->session.client = session->server;
		r->session.server = session->client;
	}
	put_fact(&r->fact, fact);
	put_texts(r, text);
	record_queue_push(emit->queue, r);
}
