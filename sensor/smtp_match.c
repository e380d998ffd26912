/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Replies and the commands they answer: in order (RFC 2920), unless something was lost.
 * Then a reply that can only answer one kind of command finds it, those before it go
 * without, and all is marked FACT_UNSURE until the two sides surely agree again.
 */
#include "ascii.h"
#include "smtp_state.h"

bool
smtp_fits(enum smtp_pending_kind kind, uint16_t code)
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
	case SMTP_PENDING_XCLIENT:
		return code == 220 || failed;
	case SMTP_PENDING_OTHER:
	case SMTP_PENDING_FOREIGN:
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
	return kind != SMTP_PENDING_OTHER && kind != SMTP_PENDING_FOREIGN &&
	       !smtp_is_refused(code) && smtp_fits(kind, code);
}

/* What no server answers so, lost or not. */
static bool
is_absurd(enum smtp_pending_kind kind, uint16_t code)
{
	if (kind == SMTP_PENDING_OTHER || kind == SMTP_PENDING_FOREIGN)
		return false;
	switch (code) {
	case 354:
		return kind != SMTP_PENDING_DATA;
	case 334:
		return kind != SMTP_PENDING_AUTH;
	case 221:
		return kind != SMTP_PENDING_QUIT;
	case 220:
		return kind != SMTP_PENDING_STARTTLS && kind != SMTP_PENDING_HELO &&
		       kind != SMTP_PENDING_XCLIENT;
	default:
		return false;
	}
}

/* The reply was used. */
static void
next_reply(struct smtp *s)
{
	s->replies += s->replies < 2;
	s->reply_lost = s->go_ahead_lost = s->tls_maybe = false;
	smtp_reply_next(&s->reply);
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
	s->midstream = !s->lost_responder; /* unless it is one */
	if (code != 220 && !smtp_is_refused(code))
		return false;
	if (s->pending.count == 0)
		return code == 220 || !s->requester_seen;
	smtp_pending_front(&s->pending, &e, text);
	if (code == 220)
		return (e.kind != SMTP_PENDING_STARTTLS &&
			   e.kind != SMTP_PENDING_XCLIENT) ||
		       s->pending.count > 1;
	return e.kind == SMTP_PENDING_HELO && s->unsure == SMTP_SURE;
}

static void
tell_greeting(struct smtp *s, const struct smtp_answer *a)
{
	struct fact *fact = smtp_say_answer(s, FACT_GREETING, s->told_next, a, 1);
	struct slice rest;

	s->greeting_seen = true;
	s->midstream = false;
	for (rest = a->text; rest.n > 0 && !s->smtp_banner; rest = slice_tail(rest, 1))
		s->smtp_banner = ascii_has_prefix(rest, "smtp");
	smtp_say_text(fact, 0, ascii_word(a->text, &rest), SMTP_NAME_MAX);
	if (a->code == 421)
		s->end_code = 421;
	if (s->client == SMTP_CLIENT_LOST && !s->line.begun)
		s->client = SMTP_CLIENT_COMMAND;
	if (s->early)
		smtp_say_oddity(
		    s, FACT_ODDITY_EARLY_TALK, slice_of(s->early_line, s->early_n));
	next_reply(s);
	s->replies = 0; /* to no command */
}

/*
 * A refusal of what a gap took behind accepted recipients: of DATA, or of anything else.
 * Once in a transaction it is told as unsure, so that nobody takes the client for one
 * that gave up by itself.
 */
static void
tell_doubt(struct smtp *s, const struct smtp_answer *a)
{
	struct smtp_transaction *t = &s->t;

	if (!smtp_is_refused(a->code) || a->code == 421 ||
	    s->unsure != SMTP_UNSURE_COMMANDS || !t->open || t->accepted == 0 ||
	    t->data_refused || t->doubted)
		return;
	t->doubted = true;
	smtp_say_answer(s, FACT_DATA, t->tx, a, 0);
}

/* 354 to a DATA that was lost. */
static void
take_go_ahead(struct smtp *s, const struct smtp_answer *a)
{
	if (!smtp_client_go_ahead(s, NULL))
		return;
	smtp_begin_transaction(s, s->tx);
	if (s->debt == 0) /* no reply is due before the verdict */
		s->unsure = SMTP_SURE;
	smtp_say_answer(s, FACT_DATA, s->tx, a, 0);
}

/* Nobody asked: a command was lost, or the server took a message for over. */
static void
unasked(struct smtp *s, const struct smtp_answer *a)
{
	uint16_t code = a->code;

	s->stray = true;
	if ((smtp_is_accepted(code) || smtp_is_refused(code)) && code != 421 &&
	    code != 221) {
		if (smtp_client_verdict(s, code))
			return; /* there is a command for it now */
		if (smtp_client_smuggled(s)) {
			s->proving = s->unsure == SMTP_SURE && s->proof_n == 0;
			if (!s->proving)
				s->unsure = SMTP_UNSURE_COMMANDS;
			return;
		}
	}
	tell_doubt(s, a);
	if (code == 354 && s->requester_seen) {
		take_go_ahead(s, a);
	} else if (code == 334 && s->requester_seen && s->client != SMTP_CLIENT_MESSAGE) {
		s->auth.responses = 1; /* which of them comes is unknown: tell none */
		s->client = SMTP_CLIENT_AUTH;
	} else if (code == 221 || code == 421)
		s->end_code = code;
	next_reply(s);
}

/* 235 without AUTH: that was lost. Who logged in is unknown, but somebody did. */
static bool
is_login(struct smtp *s, const struct smtp_answer *a)
{
	struct smtp_pending_entry e;
	struct slice text[2];

	if (a->code != 235 || s->auth_pending > 0)
		return false;
	smtp_say_answer(s, FACT_AUTH, s->told_next, a, 2)->ok = true;
	s->stray = true;
	if (s->debt > 0)
		s->debt--;
	else if (s->pending.count > 0) {
		smtp_pending_front(&s->pending, &e, text);
		if (s->unsure == SMTP_SURE && e.kind == SMTP_PENDING_OTHER)
			smtp_pending_pop(&s->pending);
	}
	if (s->client == SMTP_CLIENT_AUTH)
		s->client = SMTP_CLIENT_COMMAND;
	next_reply(s);
	return true;
}

/* False when the reply does not belong to the oldest command; that one may be gone. */
static bool
belongs(struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	enum smtp_pending_kind kind = (enum smtp_pending_kind)e->kind;
	uint16_t code = a->code;

	if (kind == SMTP_PENDING_EMPTY && !smtp_fits(kind, code)) {
		smtp_pending_pop(&s->pending);
		return false;
	}
	if (is_absurd(kind, code))
		s->unsure = s->unsure == SMTP_SURE ? SMTP_UNSURE_REPLIES : s->unsure;
	else if (s->unsure == SMTP_SURE || smtp_fits(kind, code))
		return true;
	if (smtp_pending_has(&s->pending, fits_only, code)) {
		smtp_flush(s, 1, false);
	} else if (code == 334) {
		s->auth.responses = 1;
		if (s->client == SMTP_CLIENT_COMMAND || s->client == SMTP_CLIENT_LOST)
			s->client = SMTP_CLIENT_AUTH;
		next_reply(s);
	} else {
		if (code == 221)
			s->end_code = code;
		tell_doubt(s, a);
		next_reply(s);
	}
	return false;
}

/* What FTP servers say to that; those of SMTP do not know it. */
static bool
is_foreign(const struct smtp *s, const struct smtp_pending_entry *e, uint16_t code)
{
	static const uint16_t foreign[] = { 200, 202, 211, 215, 227, 229, 230, 232, 234 };

	if (e->kind != SMTP_PENDING_FOREIGN || s->known || s->smtp_banner)
		return false;
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (code == foreign[i])
			return true;
	}
	return code / 100 == 3;
}

/* Commands that no server calls unknown, once there was a message. */
static bool
is_basic(enum smtp_pending_kind kind)
{
	return kind == SMTP_PENDING_MAIL || kind == SMTP_PENDING_RCPT ||
	       kind == SMTP_PENDING_DATA || kind == SMTP_PENDING_RSET ||
	       kind == SMTP_PENDING_QUIT;
}

/*
 * Lines behind a lookalike that are no commands are refused as such, if it was the end
 * for the server.
 */
static bool
is_for_junk(struct smtp *s)
{
	struct smtp_pending_entry e = { .kind = SMTP_PENDING_MAIL };
	uint16_t code = s->reply.code;
	size_t at = 0;

	if (s->junk == 0)
		return false;
	if (s->pending.count > 0)
		smtp_pending_get(&s->pending, &at, &e);
	if (!is_basic((enum smtp_pending_kind)e.kind))
		return false;
	if (code != 500 && code != 502) {
		s->junk = 0;
		return false;
	}
	s->junk--;
	smtp_reply_next(&s->reply);
	return true;
}

/* Replies that answer no command, or not the one that waits longest. */
static bool
take_special(struct smtp *s, const struct smtp_answer *a)
{
	if (s->greeted && is_for_junk(s))
		return true;
	if (s->proving) {
		smtp_proof_take(s);
		return true;
	}
	if (is_greeting(s)) {
		tell_greeting(s, a);
		return true;
	}
	if (is_login(s, a))
		return true;
	if (s->debt > 0) {
		s->debt--;
		next_reply(s);
		return true;
	}
	if (s->pending.count == 0) {
		unasked(s, a);
		return true;
	}
	return false;
}

/* 354 to a word nobody knows, within a transaction, and nothing was sent behind it. */
static bool
is_disguised_data(
    const struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	return e->kind == SMTP_PENDING_OTHER && a->code == 354 && s->t.open &&
	       s->t.tx == e->tx && s->tx == e->tx && s->tx_open && s->pending.count == 1;
}

/* Replies that do not end a command, or that something else comes before. */
static bool
is_early(struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	if (is_disguised_data(s, e, a)) {
		smtp_pending_pop(&s->pending);
		take_go_ahead(s, a);
		next_reply(s);
	} else if (e->kind == SMTP_PENDING_AUTH && a->code == 334) {
		s->client = SMTP_CLIENT_AUTH;
		next_reply(s);
	} else if (smtp_client_is_short_chunk(s, e, a->code)) {
		smtp_client_end_short_chunk(s); /* what is behind it comes first */
	} else if (e->flags & SMTP_PENDING_LAST &&
		   smtp_client_is_in_last_chunk(s, e->tx) &&
		   !(s->pending.count == 1 &&
		       smtp_client_is_no_chunk(s, e->tx, a->code))) {
		smtp_client_cut_chunk(s); /* the message is told first */
	} else {
		return false;
	}
	return true;
}

/*
 * Replies were lost, but this one can answer nothing else: it is too late for what waited
 * before the message, and nothing that waits behind it is answered so.
 */
static bool
is_only_answer(
    const struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	return s->unsure == SMTP_UNSURE_REPLIES && e->kind == SMTP_PENDING_DOT &&
	       (e->flags & SMTP_PENDING_UNSURE) == 0 && smtp_is_accepted(a->code) &&
	       !s->reply.gap && s->debt == 0 &&
	       !smtp_pending_has(&s->pending, smtp_fits, a->code);
}

void
smtp_match(struct smtp *s)
{
	struct smtp_answer a = { s->reply.code, s->reply.cut,
		smtp_reply_text(&s->reply) };
	struct smtp_pending_entry e;
	struct slice text[2];

	if (take_special(s, &a))
		return;
	smtp_pending_front(&s->pending, &e, text);
	s->pipelined |= s->pending.count > 1 && !s->reply_lost &&
			s->unsure != SMTP_UNSURE_REPLIES && e.kind != SMTP_PENDING_EMPTY;
	if (!belongs(s, &e, &a))
		return;
	if (is_foreign(s, &e, a.code)) {
		s->bad = true;
		return;
	}
	if (is_early(s, &e, &a))
		return;
	if (a.code == 421)
		s->end_code = 421;
	smtp_pending_pop(&s->pending);
	if (is_only_answer(s, &e, &a))
		s->unsure = SMTP_SURE;
	smtp_answer_command(s, &e, text, &a);
	if (s->unsure == SMTP_SURE && !(e.flags & SMTP_PENDING_UNSURE))
		s->auth_open = false; /* all replies up to here were seen */
	agree(s, (enum smtp_pending_kind)e.kind);
	next_reply(s);
}
