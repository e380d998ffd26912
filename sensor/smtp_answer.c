/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What each SMTP command comes to by its reply, or without one: the facts of sessions and
 * of transactions, each of which ends once.
 */
#include "ascii.h"
#include "smtp_state.h"

static bool
all_refused(const struct smtp_transaction *t)
{
	return t->mail_refused || t->data_refused ||
	       (t->refused > 0 && t->accepted == 0 && t->unanswered == 0);
}

void
smtp_end_transaction(struct smtp *s, enum fact_abort reason)
{
	struct smtp_transaction *t = &s->t;

	if (!t->open)
		return;
	if (all_refused(t) && (reason == FACT_ABORT_RSET ||
				  (reason == FACT_ABORT_QUIT && s->end_code != 421)))
		reason = FACT_ABORT_REFUSED;
	smtp_say(s, FACT_ABORT, t->tx)->abort = reason;
	t->open = false;
}

void
smtp_begin_transaction(struct smtp *s, uint32_t tx)
{
	if (s->t.open && s->t.tx == tx)
		return;
	smtp_end_transaction(s, FACT_ABORT_LOST);
	s->t = (struct smtp_transaction){ .open = true, .tx = tx };
	s->told_next = tx + 1;
}

/* Servers repeat what they did not understand; after AUTH that may be a secret. */
static struct slice
without_echo(const struct smtp *s, const struct smtp_answer *a)
{
	size_t i = 0;

	if (a->code < 500 || a->code > 504)
		return a->text;
	if (s->auth.mechanism_len == 0 && s->unsure == SMTP_SURE)
		return a->text;
	while (i < a->text.n && strchr(":\"'<(`[", a->text.p[i]) == NULL &&
	       !ascii_has_prefix(slice_tail(a->text, i), "auth "))
		i++;
	return slice_head(a->text, i);
}

struct fact *
smtp_say_answer(struct smtp *s, enum fact_type type, uint32_t tx,
    const struct smtp_answer *a, unsigned text)
{
	struct fact *fact = smtp_say(s, type, tx);

	fact->code = a->code;
	if (a->cut)
		fact->flags |= FACT_CUT_MORE;
	smtp_say_text(fact, text, without_echo(s, a), SMTP_REPLY_TEXT);
	return fact;
}

static void
say_flags(struct fact *fact, const struct smtp_pending_entry *e)
{
	if (e->flags & SMTP_PENDING_CUT)
		fact->flags |= FACT_CUT;
	if (e->flags & SMTP_PENDING_CUT_MORE)
		fact->flags |= FACT_CUT_MORE;
	if (e->flags & SMTP_PENDING_UNSURE)
		fact->flags |= FACT_UNSURE;
	if (e->flags & SMTP_PENDING_EXTENDED)
		fact->flags |= FACT_EXTENDED;
}

/*
 * Whether somebody may have logged in unseen: not where all commands were seen from the
 * first, nor where all replies were from the time on when commands were lost.
 */
static bool
is_blind(const struct smtp *s)
{
	if (!s->greeting_seen && (s->midstream || !s->hello_first))
		return true;
	return s->blind || (s->lost_requester && !s->responder_seen);
}

static void
say_path(struct smtp *s, enum fact_type type, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a)
{
	struct fact *fact = smtp_say_answer(s, type, e->tx, a, 2);

	fact->text[0] = text[0];
	fact->text[1] = text[1];
	say_flags(fact, e);
	if (is_blind(s))
		fact->flags |= FACT_BLIND;
}

/* What each kind of command comes to. */

static void
answer_helo(struct smtp *s, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a)
{
	struct slice rest;
	struct fact *fact;

	if (smtp_is_accepted(a->code)) {
		smtp_end_transaction(s, FACT_ABORT_RSET);
		s->pipelining = s->reply.pipelining;
	}
	fact = smtp_say_answer(s, FACT_HELO, s->told_next, a, 2);
	fact->text[0] = text[0];
	if (smtp_is_accepted(a->code))
		smtp_say_text(fact, 1, ascii_word(a->text, &rest), SMTP_NAME_MAX);
	say_flags(fact, e);
}

/* Refused because one is open already (RFC 5321 section 4.1.4): that one goes on. */
static bool
is_nested(struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	if (a->code != 503 || !s->t.open || s->t.tx + 1 != e->tx ||
	    s->pending.count > 0 || s->tx != e->tx || s->unsure != SMTP_SURE)
		return false;
	s->tx = s->t.tx;
	s->tx_next = s->tx + 1;
	s->tx_open = true;
	return true;
}

static void
answer_mail(struct smtp *s, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a)
{
	if (is_nested(s, e, a))
		return;
	smtp_end_transaction(s, FACT_ABORT_RSET);
	smtp_begin_transaction(s, e->tx);
	s->t.mail_refused = smtp_is_refused(a->code);
	say_path(s, FACT_MAIL, e, text, a);
}

/* A command that needs MAIL came without, and the server says so: no transaction. */
static bool
is_out_of_order(
    struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	if (a->code != 503 || !(e->flags & SMTP_PENDING_IMPLICIT) ||
	    (s->t.open && s->t.tx == e->tx))
		return false;
	if (e->kind != SMTP_PENDING_RCPT && /* something of its message may be told */
	    (s->pending.count > 0 || (s->message_any && s->message_tx == e->tx)))
		return false;
	if (s->pending.count == 0 && s->tx == e->tx && s->tx_open && !s->message) {
		s->tx_open = false;
		s->tx_next = s->tx;
	}
	return true;
}

static void
answer_rcpt(struct smtp *s, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a)
{
	if (is_out_of_order(s, e, a))
		return;
	smtp_begin_transaction(s, e->tx);
	s->t.accepted += smtp_is_accepted(a->code);
	s->t.refused += smtp_is_refused(a->code);
	s->t.unanswered += a->code == 0;
	say_path(s, FACT_RCPT, e, text, a);
}

static void
answer_data(
    struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	bool out_of_order = is_out_of_order(s, e, a);

	s->data_pending = false;
	if (a->code >= 300 && a->code < 400)
		smtp_client_go_ahead(s, &e->tx);
	else if (smtp_is_refused(a->code))
		smtp_client_refused(s, e->tx, false);
	if (out_of_order)
		return;
	smtp_begin_transaction(s, e->tx);
	s->t.data_refused = smtp_is_refused(a->code);
	say_flags(smtp_say_answer(s, FACT_DATA, e->tx, a, 0), e);
}

/* The verdict on the message; without one it depends on why there is none. */
static void
answer_dot(
    struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	struct fact *fact;

	smtp_begin_transaction(s, e->tx);
	s->t.mail_refused = s->t.data_refused = false;
	s->t.refused = 0;
	if (a->code != 0 || !s->responder_seen) {
		fact = smtp_say_answer(s, FACT_FINAL, e->tx, a, 0);
		say_flags(fact, e);
		if (e->kind == SMTP_PENDING_BDAT)
			fact->flags |= FACT_BDAT;
		if (s->holed && s->holed_tx == e->tx)
			fact->flags |= FACT_HOLED;
		s->t.open = false;
	} else if (s->over == SMTP_OPEN || s->unsure != SMTP_SURE) {
		smtp_end_transaction(s, FACT_ABORT_LOST);
	} else {
		smtp_end_transaction(
		    s, s->end_code == 421 ? FACT_ABORT_QUIT : FACT_ABORT_CLOSED);
	}
}

static void
answer_bdat(
    struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	struct fact *fact;
	bool undone = s->pending.count == 0 && smtp_client_is_no_chunk(s, e->tx, a->code);

	if (undone)
		smtp_client_undo_chunk(s);
	else if (smtp_is_refused(a->code) && !(e->flags & SMTP_PENDING_LAST))
		smtp_client_refused(s, e->tx, true);
	if (is_out_of_order(s, e, a))
		return;
	smtp_begin_transaction(s, e->tx);
	s->t.data_refused |= smtp_is_refused(a->code);
	if (e->flags & SMTP_PENDING_FIRST) {
		fact = smtp_say_answer(s, FACT_DATA, e->tx, a, 0);
		fact->flags |= FACT_BDAT;
		say_flags(fact, e);
	}
	if (!(e->flags & SMTP_PENDING_LAST) || undone)
		return;
	if (smtp_client_is_in_last_chunk(s, e->tx))
		s->message = s->chunks = false; /* nothing more is told of it */
	answer_dot(s, e, a);
}

static void
answer_auth(struct smtp *s, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a)
{
	struct fact *fact = smtp_say_answer(s, FACT_AUTH, s->told_next, a, 2);

	fact->ok = a->code == 235;
	fact->text[0] = text[0];
	if (s->auth_pending == 1) {
		fact->text[1] = slice_of(s->auth.user, s->auth.user_len);
		if (s->auth.cut)
			fact->flags |= FACT_CUT;
	}
	s->auth_pending -= s->auth_pending > 0;
	if (s->client == SMTP_CLIENT_AUTH_SENT || s->client == SMTP_CLIENT_AUTH)
		s->client = SMTP_CLIENT_COMMAND;
	say_flags(fact, e);
}

/* The session begins anew, as that of somebody who is logged in. */
static void
answer_xclient(struct smtp *s, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a)
{
	struct fact *fact;

	if (a->code != 220)
		return;
	smtp_end_transaction(s, FACT_ABORT_RSET);
	fact = smtp_say_answer(s, FACT_AUTH, s->told_next, a, 2);
	fact->ok = true;
	fact->text[0] = slice_str("XCLIENT");
	fact->text[1] = text[0];
	say_flags(fact, e);
}

static void
answer_starttls(
    struct smtp *s, const struct smtp_pending_entry *e, const struct smtp_answer *a)
{
	/* What others follow was not the one that TLS followed. */
	bool begun = a->code == 0 && s->tls && s->pending.count == 0;
	struct fact *fact;

	if (a->code == 220) { /* told when it is known what follows */
		s->tls_answered = true;
		s->tls_flags = e->flags;
		return;
	}
	s->starttls_sent = false;
	if (begun)
		smtp_end_transaction(s, FACT_ABORT_TLS);
	fact = smtp_say_answer(s, FACT_STARTTLS, s->told_next, a, 0);
	fact->ok = begun;
	say_flags(fact, e);
}

/* The text of its reply is still there: the server says nothing before the client does.
 */
void
smtp_tell_starttls(struct smtp *s, bool ok)
{
	struct fact *fact;

	s->tls_answered = s->starttls_sent = false;
	s->tls_maybe = !ok;
	if (ok)
		smtp_end_transaction(s, FACT_ABORT_TLS);
	fact = smtp_say(s, FACT_STARTTLS, s->told_next);
	fact->code = 220;
	fact->ok = ok;
	fact->text[0] = smtp_reply_text(&s->reply);
	if (s->tls_flags & SMTP_PENDING_UNSURE)
		fact->flags |= FACT_UNSURE;
}

void
smtp_answer_command(struct smtp *s, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a)
{
	switch ((enum smtp_pending_kind)e->kind) {
	case SMTP_PENDING_OTHER:
	case SMTP_PENDING_EMPTY:
	case SMTP_PENDING_FOREIGN:
		break;
	case SMTP_PENDING_HELO:
		answer_helo(s, e, text, a);
		break;
	case SMTP_PENDING_MAIL:
		answer_mail(s, e, text, a);
		break;
	case SMTP_PENDING_RCPT:
		answer_rcpt(s, e, text, a);
		break;
	case SMTP_PENDING_DATA:
		answer_data(s, e, a);
		break;
	case SMTP_PENDING_BDAT:
		answer_bdat(s, e, a);
		break;
	case SMTP_PENDING_DOT:
		answer_dot(s, e, a);
		break;
	case SMTP_PENDING_RSET:
		smtp_end_transaction(s, FACT_ABORT_RSET);
		break;
	case SMTP_PENDING_QUIT:
		if (a->code != 0)
			s->end_code = a->code;
		smtp_end_transaction(s, FACT_ABORT_QUIT);
		break;
	case SMTP_PENDING_AUTH:
		answer_auth(s, e, text, a);
		break;
	case SMTP_PENDING_STARTTLS:
		answer_starttls(s, e, a);
		break;
	case SMTP_PENDING_XCLIENT:
		answer_xclient(s, e, text, a);
		break;
	}
}

/* The oldest command goes without reply. */
void
smtp_unanswered(struct smtp *s)
{
	struct smtp_answer none = { .text = slice_str("") };
	struct smtp_pending_entry e;
	struct slice text[2];

	s->flush--;
	smtp_pending_front(&s->pending, &e, text);
	smtp_pending_pop(&s->pending);
	if (s->flush_owed)
		s->debt++;
	smtp_answer_command(s, &e, text, &none);
}
