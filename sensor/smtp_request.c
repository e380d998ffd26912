/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requester's commands: what they mean for what comes next, and into the queue for
 * their replies.
 */
#include "ascii.h"
#include "smtp_state.h"

/* Whether a path is whole although its line was cut: the bracket closes it. */
static bool
is_closed(struct slice path)
{
	return path.n > 1 && path.p[0] == '<' && path.p[path.n - 1] == '>' &&
	       memchr(path.p, '"', path.n) == NULL;
}

static unsigned
cut_flags(const struct smtp *s, struct slice text0, struct slice text1)
{
	if (text0.n > SMTP_PATH_MAX || (s->line.cut && text1.n == 0 && !is_closed(text0)))
		return SMTP_PENDING_CUT;
	return text1.n > SMTP_PARAMS_MAX || s->line.cut ? SMTP_PENDING_CUT_MORE : 0;
}

/*
 * A client that sends one command at a time had the reply to the last one before it sends
 * the next: when the server has said something since, what was lost is over and done
 * with. Of a client that may do otherwise two such commands in a row must be seen, each
 * with its one reply.
 */
static void
note_lockstep(struct smtp *s, enum smtp_pending_kind kind)
{
	bool alone = s->replies == 1 && (s->pending.count == 0 || s->lost_front);

	if (s->unsure == SMTP_UNSURE_COMMANDS && !s->pipelined && !s->reply.open &&
	    s->debt == 0 && s->replies > 0 && (s->lockstep || (s->alone && alone))) {
		smtp_flush(s, s->pending.count, false);
		s->unsure = SMTP_SURE;
	} else if (s->lost_front && s->pending.count == 1) {
		smtp_flush(s, 1, false); /* the client went on, so it had its reply */
	}
	if (s->unsure == SMTP_SURE && s->pending.count == 0 && s->t.open &&
	    (kind == SMTP_PENDING_RCPT || kind == SMTP_PENDING_DATA))
		s->lockstep = true;
	s->pipelined |= s->unsure == SMTP_UNSURE_COMMANDS && s->pending.count > 0 &&
			s->replies == 0 && !s->reply_lost;
	s->alone = alone;
	s->replies = 0;
	s->stray = false;
	s->lost_front = false;
}

/* Queues a command for its reply. */
static void
push(struct smtp *s, enum smtp_pending_kind kind, unsigned flags, struct slice text0,
    struct slice text1)
{
	struct smtp_pending_entry e = { .kind = (uint8_t)kind, .tx = s->tx };

	e.flags = (uint8_t)(flags | cut_flags(s, text0, text1));
	note_lockstep(s, kind);
	if (s->pending.count == 0 && s->late_n == 0)
		s->junk = 0; /* the client saw all replies that were due */
	smtp_pending_push(&s->pending, &e, slice_head(text0, SMTP_PATH_MAX),
	    slice_head(text1, SMTP_PARAMS_MAX));
}

void
smtp_push_plain(struct smtp *s, enum smtp_pending_kind kind, unsigned flags)
{
	push(s, kind, flags, slice_str(""), slice_str(""));
}

static void
drop_message(struct smtp *s)
{
	s->message = s->chunks = false;
	s->tx_open = false;
}

/* Commands that need a transaction open one where MAIL is missing. */
unsigned
smtp_implicit_transaction(struct smtp *s)
{
	if (s->tx_open)
		return 0;
	s->tx = s->tx_next++;
	s->tx_open = true;
	if (s->lost_requester || !s->greeting_seen) {
		s->holed = true;
		s->holed_tx = s->tx;
	}
	return SMTP_PENDING_IMPLICIT;
}

static void
command_data(struct smtp *s)
{
	smtp_push_plain(s, SMTP_PENDING_DATA, smtp_implicit_transaction(s));
	s->client = SMTP_CLIENT_DATA_SENT;
	s->data_pending = true;
	s->data_kept = false;
}

static void
command_bdat(struct smtp *s, const struct smtp_command *c)
{
	unsigned flags;

	if (c->bad) { /* no server can tell where such a chunk ends */
		smtp_push_plain(s, SMTP_PENDING_OTHER, 0);
		return;
	}
	flags = smtp_implicit_transaction(s);
	if (!s->chunks || s->message_tx != s->tx) {
		smtp_begin_message(s, true);
		flags |= SMTP_PENDING_FIRST;
	}
	if (c->last)
		flags |= SMTP_PENDING_LAST;
	smtp_push_plain(s, SMTP_PENDING_BDAT, flags);
	s->chunk_size = s->chunk_left = c->size;
	s->chunk_last = c->last;
	s->chunk_aside = s->late_n == 0 && s->late_lost == 0;
	if (s->chunk_aside) {
		s->armed = s->aside_line = false;
		s->aside_n = 0;
		s->aside_lost = 0;
	}
	s->client = SMTP_CLIENT_CHUNK;
	if (c->size == 0)
		smtp_end_chunk(s);
}

static void
command_mail(struct smtp *s, const struct smtp_command *c)
{
	uint64_t before = s->pending.count;

	drop_message(s);
	s->tx = s->tx_next++;
	s->tx_open = true;
	push(s, SMTP_PENDING_MAIL, 0, c->arg, c->params);
	if (s->blind_message)
		smtp_flush(s, before, true);
	s->blind_message = false;
}

static void
command_auth(struct smtp *s, const struct smtp_command *c)
{
	smtp_auth_start(&s->auth, c->arg);
	if (c->params.n > 0)
		smtp_auth_take(&s->auth, c->params);
	push(s, SMTP_PENDING_AUTH, 0, slice_head(c->arg, SMTP_AUTH_MECHANISM),
	    slice_str(""));
	if (s->auth_pending < UINT8_MAX)
		s->auth_pending++;
	s->client = SMTP_CLIENT_AUTH_SENT;
}

static void
run_command(struct smtp *s, const struct smtp_command *c)
{
	switch (c->verb) {
	case SMTP_HELO:
	case SMTP_EHLO:
		drop_message(s);
		push(s, SMTP_PENDING_HELO,
		    c->verb == SMTP_EHLO ? SMTP_PENDING_EXTENDED : 0,
		    slice_head(c->arg, SMTP_NAME_MAX), slice_str(""));
		break;
	case SMTP_MAIL:
		command_mail(s, c);
		break;
	case SMTP_RCPT:
		push(s, SMTP_PENDING_RCPT, smtp_implicit_transaction(s), c->arg,
		    c->params);
		break;
	case SMTP_DATA:
		command_data(s);
		break;
	case SMTP_BDAT:
		command_bdat(s, c);
		break;
	case SMTP_RSET:
		drop_message(s);
		smtp_push_plain(s, SMTP_PENDING_RSET, 0);
		break;
	case SMTP_QUIT:
		drop_message(s);
		smtp_push_plain(s, SMTP_PENDING_QUIT, 0);
		break;
	case SMTP_AUTH:
		command_auth(s, c);
		break;
	case SMTP_STARTTLS:
		smtp_push_plain(s, SMTP_PENDING_STARTTLS, 0);
		s->starttls_sent = true;
		break;
	case SMTP_XCLIENT:
		push(s, SMTP_PENDING_XCLIENT, 0, slice_head(c->arg, SMTP_AUTH_USER),
		    slice_str(""));
		break;
	case SMTP_EMPTY:
		smtp_push_plain(s, SMTP_PENDING_EMPTY, 0);
		break;
	case SMTP_FOREIGN:
		smtp_push_plain(s, SMTP_PENDING_FOREIGN, 0);
		break;
	default:
		smtp_push_plain(s, SMTP_PENDING_OTHER, 0);
	}
}

/* What of a line may be shown: nothing that could be a secret. */
static struct slice
presentable(struct slice line, const struct smtp_command *c)
{
	const uint8_t *colon;

	if (c->verb == SMTP_AUTH)
		return slice_str("AUTH");
	if (c->verb == SMTP_OTHER || c->verb == SMTP_FOREIGN)
		return slice_of(line.p, 0);
	if (c->verb != SMTP_HTTP)
		return line;
	colon = memchr(line.p, ':', line.n);
	if (colon != NULL &&
	    (memchr(line.p, '@', line.n) != NULL ||
		ascii_has_prefix(slice_tail(line, (size_t)(colon - line.p) > 13
						      ? (size_t)(colon - line.p) - 13
						      : 0),
		    "authorization") ||
		ascii_has_prefix(line, "cookie")))
		return slice_of(line.p, (size_t)(colon - line.p));
	return line;
}

static void
note_oddities(struct smtp *s, struct slice line, const struct smtp_command *c)
{
	struct slice shown = presentable(line, c);

	if (c->verb == SMTP_HTTP)
		smtp_say_oddity(s, FACT_ODDITY_HTTP, shown);
	if (!s->early && !s->responder_seen && s->pending.count == 0 && !s->known) {
		s->early =
		    true; /* told when the greeting comes; else it was not captured */
		shown = slice_head(shown, SMTP_ODDITY_MAX);
		memcpy(s->early_line, shown.p, shown.n);
		s->early_n = (uint8_t)shown.n;
	}
	if (s->greeted && !s->pipelining && s->pending.count > 0 &&
	    s->unsure == SMTP_SURE)
		smtp_say_oddity(s, FACT_ODDITY_UNPIPELINED, shown);
}

/* Commands that other protocols whose servers greet with 220 do not have. */
static bool
is_own(enum smtp_verb verb)
{
	return verb == SMTP_HELO || verb == SMTP_EHLO || verb == SMTP_MAIL ||
	       verb == SMTP_RCPT || verb == SMTP_STARTTLS || verb == SMTP_AUTH ||
	       verb == SMTP_BDAT;
}

void
smtp_run_command(struct smtp *s, struct slice line, const struct smtp_command *c)
{
	s->known |= is_own(c->verb);
	if (s->tls_answered)
		smtp_tell_starttls(s, false); /* somebody decrypts it on the way */
	note_oddities(s, line, c);
	s->client = SMTP_CLIENT_COMMAND;
	run_command(s, c);
}

void
smtp_forget_line(struct smtp *s, struct slice line, const struct smtp_command *c)
{
	if (line.p == s->line_bytes && (c->verb == SMTP_AUTH || c->verb == SMTP_OTHER))
		memset(s->line_bytes, 0, line.n);
}
