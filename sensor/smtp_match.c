/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies and the commands they answer: in order (RFC 2920), unless something was lost.
 * Then a reply that can only answer one kind of command finds it, those before it go
 * without, and all is marked FACT_UNSURE until the two sides surely agree again.
 */
#include "smtp_state.h"

/* Whether a command of that kind is what a server answers so. */
static bool
fits(enum smtp_pending_kind kind, uint16_t code)
{
	bool failed = smtp_is_refused(code), ok = code / 10 == 25;

	switch (kind) {
	case SMTP_PENDING_DATA:
		return code == 354 || failed;
	case SMTP_PENDING_QUIT:
		return code == 221 || code == 421;
	case SMTP_PENDING_AUTH:
		return code == 235 || code == 334 || failed;
	case SMTP_PENDING_STARTTLS:
		return code == 220 || failed;
	case SMTP_PENDING_OTHER:
		return code != 354 && code != 334 && code != 221 && code != 235;
	case SMTP_PENDING_EMPTY:
		return code >= 500 && code <= 503;
	default:
		return failed || ok;
	}
}

static bool
fits_only(enum smtp_pending_kind kind, uint16_t code)
{
	return kind != SMTP_PENDING_OTHER && !smtp_is_refused(code) && fits(kind, code);
}

/* Replies that leave no other one due: what they answer ends a group of commands. */
static bool
is_landmark(enum smtp_pending_kind kind, const struct smtp_reply *r)
{
	switch (kind) {
	case SMTP_PENDING_DATA:
		return r->code == 354;
	case SMTP_PENDING_AUTH:
		return r->code == 235;
	case SMTP_PENDING_STARTTLS:
		return r->code == 220;
	case SMTP_PENDING_QUIT:
		return r->code == 221;
	default:
		return false;
	}
}

static void
agree(struct smtp *s, enum smtp_pending_kind kind)
{
	s->lost_front = false;
	if (s->pending.count > 0 || s->debt > 0 || s->reply.gap)
		return;
	if (s->unsure == SMTP_UNSURE_REPLIES || is_landmark(kind, &s->reply))
		s->unsure = SMTP_SURE;
}

/* The first reply of a server is its greeting, unless the session began before. */
static bool
is_greeting(struct smtp *s)
{
	uint16_t code = s->reply.code;
	struct smtp_pending_entry e;
	struct slice text[2];

	if (s->greeted)
		return false;
	s->greeted = true;
	if (code != 220 && !smtp_is_refused(code))
		return false;
	if (s->pending.count == 0)
		return code == 220 || !s->requester_seen;
	smtp_pending_front(&s->pending, &e, text);
	if (code == 220)
		return e.kind != SMTP_PENDING_STARTTLS || s->pending.count > 1;
	return e.kind == SMTP_PENDING_HELO && s->unsure == SMTP_SURE;
}

static void
tell_greeting(struct smtp *s, const struct smtp_answer *a)
{
	struct fact *fact = smtp_say_answer(s, FACT_GREETING, s->told_next, a, 1);
	struct slice rest;

	smtp_say_text(fact, 0, slice_word(a->text, &rest), SMTP_NAME_MAX);
	if (a->code == 421)
		s->end_code = 421;
	if (s->client == SMTP_CLIENT_LOST && !s->line.begun)
		s->client = SMTP_CLIENT_COMMAND;
	if (s->early)
		smtp_say_oddity(
		    s, FACT_ODDITY_EARLY_TALK, slice_of(s->early_line, s->early_n));
	smtp_reply_next(&s->reply);
}

/* Nobody asked: a command was lost, or the server took a message for over. */
static void
unasked(struct smtp *s)
{
	uint16_t code = s->reply.code;

	if ((smtp_is_accepted(code) || smtp_is_refused(code)) && code != 421 &&
	    code != 221) {
		if (smtp_client_verdict(s))
			return; /* there is a command for it now */
		if (smtp_client_smuggled(s)) {
			s->unsure = SMTP_UNSURE_COMMANDS;
			return;
		}
	}
	if (code == 354 && s->requester_seen) {
		if (smtp_client_go_ahead(s, NULL))
			smtp_begin_transaction(s, s->tx);
	} else if (code == 334 && s->requester_seen && s->client != SMTP_CLIENT_MESSAGE) {
		s->auth.responses = 1; /* which of them comes is unknown: tell none */
		s->client = SMTP_CLIENT_AUTH;
	} else if (code == 221 || code == 421)
		s->end_code = code;
	smtp_reply_next(&s->reply);
}

/* False when the reply does not belong to the oldest command; that one may be gone. */
static bool
belongs(struct smtp *s, const struct smtp_pending_entry *e)
{
	enum smtp_pending_kind kind = (enum smtp_pending_kind)e->kind;
	uint16_t code = s->reply.code;

	if (kind == SMTP_PENDING_EMPTY && !fits(kind, code)) {
		smtp_pending_pop(&s->pending);
		return false;
	}
	if (s->unsure == SMTP_SURE || fits(kind, code))
		return true;
	if (smtp_pending_has(&s->pending, fits_only, code))
		smtp_flush(s, 1, false);
	else
		smtp_reply_next(&s->reply);
	return false;
}

void
smtp_match(struct smtp *s)
{
	struct smtp_answer a = { s->reply.code, s->reply.cut,
		smtp_reply_text(&s->reply) };
	struct smtp_pending_entry e;
	struct slice text[2];

	if (is_greeting(s)) {
		tell_greeting(s, &a);
		return;
	}
	if (s->debt > 0) {
		s->debt--;
		smtp_reply_next(&s->reply);
		return;
	}
	if (s->pending.count == 0) {
		unasked(s);
		return;
	}
	smtp_pending_front(&s->pending, &e, text);
	if (!belongs(s, &e))
		return;
	if (e.kind == SMTP_PENDING_AUTH && a.code == 334) {
		s->client = SMTP_CLIENT_AUTH;
		smtp_reply_next(&s->reply);
		return;
	}
	if (e.flags & SMTP_PENDING_LAST && smtp_client_is_in_last_chunk(s, e.tx)) {
		smtp_client_cut_chunk(s);
		return; /* the message is told first */
	}
	if (a.code == 421)
		s->end_code = 421;
	smtp_pending_pop(&s->pending);
	smtp_answer_command(s, &e, text, &a);
	agree(s, (enum smtp_pending_kind)e.kind);
	smtp_reply_next(&s->reply);
}
