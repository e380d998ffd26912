/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The requester's side of SMTP: command lines, AUTH responses, messages and chunks.
 */
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
	if (text0.n > SMTP_PATH_MAX ||
	    (s->line.cut && text1.n == 0 && !is_closed(text0)))
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
	return SMTP_PENDING_IMPLICIT;
}

/* Commands. */

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
		smtp_push_plain(s, SMTP_PENDING_DATA, smtp_implicit_transaction(s));
		s->client = SMTP_CLIENT_DATA_SENT;
		s->data_pending = true;
		s->data_kept = false;
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
		slice_has_prefix(slice_tail(line, (size_t)(colon - line.p) > 13
						      ? (size_t)(colon - line.p) - 13
						      : 0),
		    "authorization") ||
		slice_has_prefix(line, "cookie")))
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

static void
take_command(struct smtp *s, struct slice line, const struct smtp_command *c)
{
	s->known |= is_own(c->verb);
	if (s->tls_answered)
		smtp_tell_starttls(s, false); /* somebody decrypts it on the way */
	note_oddities(s, line, c);
	s->client = SMTP_CLIENT_COMMAND;
	run_command(s, c);
}

/* Text of which nothing is known but that a message may end in it. */
static void
take_lost(struct smtp *s, struct slice line, const struct smtp_command *c)
{
	size_t n = line.n + (s->line.crlf ? 2 : 1);

	if (c->sure && c->verb != SMTP_OTHER) {
		s->message = s->message && s->client != SMTP_CLIENT_LOST_MESSAGE;
		take_command(s, line, c);
		return;
	}
	if (line.n != 1 || line.p[0] != '.') {
		s->m.size += n;
		return;
	}
	if (s->client == SMTP_CLIENT_SKIP) {
		s->client = SMTP_CLIENT_COMMAND;
		return;
	}
	if (s->client == SMTP_CLIENT_LOST) {
		smtp_implicit_transaction(s);
		s->message_tx = s->tx;
	}
	s->message = s->message_unsure = true;
	s->known = true;
	smtp_client_end_message(s);
}

/* Of a line that comes in pieces those before the last are kept. */
static bool
next_line(struct smtp *s, struct slice *in, struct slice *line)
{
	bool whole = line_take(&s->line, s->line_bytes, SMTP_COMMAND_LINE, in, line);

	s->line_used |= s->line.len > 0;
	while (whole && line->n > 0 && line->p[line->n - 1] == '\r')
		line->n--; /* any number of them belong to the line end */
	return whole;
}

static void
keep_line(struct smtp *s, struct slice line)
{
	smtp_read_again(s, line);
	s->again_lf = true;
	s->again_crlf = s->line.crlf;
}

static void
take_undecided(struct smtp *s, struct slice *in)
{
	struct smtp_command c;
	struct slice line;

	if (!next_line(s, in, &line)) {
		line = slice_of(s->line_bytes, s->line.len);
		if (line.n < SMTP_UNDECIDED_LINE)
			return;
		smtp_client_go_ahead(s, NULL);
		return;
	}
	smtp_command_read(line, &c);
	if (!c.sure || c.verb == SMTP_OTHER || c.verb == SMTP_HTTP) {
		smtp_begin_message(s, false);
		s->client = SMTP_CLIENT_MESSAGE;
		keep_line(s, line);
	} else if (!s->data_kept) { /* the reply to DATA tells what it is */
		s->data_kept = true;
		keep_line(s, line);
	} else {
		take_command(s, line, &c);
	}
}

/* Lines that may hold a secret, known as such or not, are not left behind. */
static void
forget_line(struct smtp *s, struct slice line, const struct smtp_command *c)
{
	if (line.p == s->line_bytes && (c->verb == SMTP_AUTH || c->verb == SMTP_OTHER))
		memset(s->line_bytes, 0, line.n);
}

static void
take_auth(struct smtp *s, struct slice line, struct smtp_command *c)
{
	if (s->client == SMTP_CLIENT_AUTH_SENT && c->sure && c->verb != SMTP_OTHER) {
		take_command(s, line, c);
		return;
	}
	smtp_auth_take(&s->auth, line);
	s->client = SMTP_CLIENT_AUTH_SENT;
	c->verb = SMTP_OTHER;
}

static void
take_line(struct smtp *s, struct slice line)
{
	struct smtp_command c;

	smtp_command_read(line, &c);
	if (!s->any_line)
		s->hello_first = !s->lost_requester &&
				 (c.verb == SMTP_HELO || c.verb == SMTP_EHLO);
	s->any_line = true;
	if (s->client == SMTP_CLIENT_AUTH_SENT || s->client == SMTP_CLIENT_AUTH)
		take_auth(s, line, &c);
	else if (s->client == SMTP_CLIENT_COMMAND)
		take_command(s, line, &c);
	else
		take_lost(s, line, &c);
	forget_line(s, line, &c);
}

static bool
begins_tls(struct smtp *s, struct slice in)
{
	if (s->line.begun || in.p[0] != 0x16 ||
	    !(s->starttls_sent || s->tls_maybe || s->client == SMTP_CLIENT_LOST))
		return false;
	s->tls = true;
	smtp_close(s, FACT_ABORT_TLS);
	return true;
}

static void
take(struct smtp *s, struct slice *in)
{
	struct slice line;

	if (s->client == SMTP_CLIENT_MESSAGE)
		smtp_take_message(s, in);
	else if (s->client == SMTP_CLIENT_CHUNK)
		smtp_take_chunk(s, in);
	else if (begins_tls(s, *in))
		*in = slice_tail(*in, in->n);
	else if (s->client == SMTP_CLIENT_DATA_SENT)
		take_undecided(s, in);
	else if (next_line(s, in, &line))
		take_line(s, line);
}

/* Room for what the next line brings; and a reply that a gap left open is over now. */
static bool
make_ready(struct smtp *s)
{
	bool tight = !s->responder_seen && s->pending.count > 0 &&
		     smtp_pending_is_tight(&s->pending, SMTP_PATH_MAX + SMTP_PARAMS_MAX);

	if (tight || smtp_pending_is_full(&s->pending)) {
		smtp_flush(s, s->pending.count, true);
		return false;
	}
	if (s->reply.open && s->reply.gap && !s->reply.ready && !s->waiting &&
	    !s->line.begun && s->client != SMTP_CLIENT_MESSAGE && s->client != SMTP_CLIENT_CHUNK) {
		smtp_reply_complete(&s->reply);
		return false;
	}
	return true;
}

/*
 * What follows AUTH is a response if the server asks for one, whatever it looks like (RFC
 * 4954); what follows STARTTLS depends on its reply as well, and so does a line that looks
 * like a command behind DATA.
 */
bool
smtp_client_must_wait(const struct smtp *s)
{
	if (!s->responder_seen || s->reply_lost || s->line.begun ||
	    (s->ended & SMTP_ENDED_RESPONDER) || s->over != SMTP_OPEN)
		return false;
	return (s->client == SMTP_CLIENT_AUTH_SENT && s->auth_pending > 0) ||
	       (s->client == SMTP_CLIENT_DATA_SENT && s->data_pending && s->data_kept) ||
	       (s->client == SMTP_CLIENT_COMMAND && s->starttls_sent && !s->tls_answered);
}

bool
smtp_client_take(struct smtp *s, struct slice *in)
{
	s->requester_seen = true;
	if (!make_ready(s))
		return true;
	s->waiting = smtp_client_must_wait(s);
	if (!s->waiting)
		take(s, in);
	return !s->waiting;
}

/* Gaps. */

static void
lose_commands(struct smtp *s)
{
	struct smtp_command c;
	struct slice line = line_begun(&s->line, s->line_bytes, SMTP_COMMAND_LINE);
	bool begun = s->line.begun;

	line_reset(&s->line);
	s->line.cut = true;
	s->auth.responses = 1; /* which of them comes next is unknown now */
	s->unsure = SMTP_UNSURE_COMMANDS;
	s->replies = s->stray;
	s->alone = false;
	smtp_command_read(line, &c);
	if (c.verb == SMTP_BDAT)
		c.bad = true;
	if (begun && s->client == SMTP_CLIENT_COMMAND)
		take_command(s, line, &c);
	else
		c.verb = SMTP_OTHER;
	if (c.verb == SMTP_BDAT)
		s->client = SMTP_CLIENT_SKIP;
	forget_line(s, line, &c);
	if (s->client == SMTP_CLIENT_DATA_SENT) {
		smtp_begin_message(s, false);
		smtp_message_start_inside(&s->m);
		s->client = SMTP_CLIENT_LOST_MESSAGE;
		s->message_unsure = true;
	} else if (s->client == SMTP_CLIENT_COMMAND) {
		smtp_message_start_inside(&s->m);
		s->client = SMTP_CLIENT_LOST;
	}
}

static void
lose_message(struct smtp *s, uint64_t n)
{
	enum smtp_message_event event = smtp_message_gap(&s->m, n);

	if (event != SMTP_MESSAGE_NONE)
		smtp_say_message_event(s, event);
	s->aside_line = false;
	s->aside_lost += n;
	if (s->responder_seen && s->unsure == SMTP_SURE)
		return;
	s->client = SMTP_CLIENT_LOST_MESSAGE;
	s->message_unsure = true;
	line_reset(&s->line);
}

void
smtp_client_lose(struct smtp *s)
{
	s->lost_requester = s->auth_open = true;
	s->blind |= s->reply_lost;
}

void
smtp_client_gap(struct smtp *s, uint64_t n)
{
	enum smtp_message_event event;

	s->requester_seen = true;
	if (s->client != SMTP_CLIENT_CHUNK || n > s->chunk_left)
		smtp_client_lose(s);
	if (s->client == SMTP_CLIENT_MESSAGE) {
		lose_message(s, n);
	} else if (s->client == SMTP_CLIENT_CHUNK) {
		uint64_t lost = n < s->chunk_left ? n : s->chunk_left;

		s->aside_lost += lost;
		event = smtp_message_gap(&s->m, lost);
		if (event != SMTP_MESSAGE_NONE)
			smtp_say_message_event(s, event);
		s->chunk_left -= lost;
		if (s->chunk_left == 0)
			smtp_end_chunk(s);
		if (n > lost)
			lose_commands(s);
	} else {
		lose_commands(s);
	}
}

/* What was kept. */

static void
take_kept(struct smtp *s, const uint8_t *bytes, uint16_t *at, uint16_t *n)
{
	struct slice in = slice_of(bytes + *at, *n);

	take(s, &in);
	*at = (uint16_t)(*at + *n - in.n);
	*n = (uint16_t)in.n;
}

static void
take_kept_end(struct smtp *s)
{
	static const uint8_t crlf[2] = "\r\n";
	struct slice in = s->again_crlf ? slice_of(crlf, 2) : slice_of(crlf + 1, 1);

	take(s, &in);
	s->again_lf = in.n > 0;
	s->again_crlf = in.n == 2;
}

/* What could not be kept of what lay aside. */
static void
pass_lost(struct smtp *s)
{
	static const char end[] = "\r\n.\r\n";
	uint64_t tail = s->late_dot ? sizeof(end) - 1 : 0;
	uint64_t n = s->late_lost > tail ? s->late_lost - tail : 0;

	s->late_lost = 0;
	if (n > 0 && s->client == SMTP_CLIENT_MESSAGE)
		lose_message(s, n);
	else if (n > 0)
		smtp_client_gap(s, n);
	if (s->late_dot)
		smtp_read_again(s, slice_str(end));
	s->late_dot = false;
}

bool
smtp_client_again(struct smtp *s)
{
	if (!smtp_client_has_kept(s))
		return false;
	if (!make_ready(s))
		return true;
	if (s->again_n == 0 && !s->again_lf && s->late_n == 0) {
		pass_lost(s);
		return true;
	}
	if (smtp_client_must_wait(s))
		return false;
	if (s->again_n > 0)
		take_kept(s, s->line_bytes, &s->again_at, &s->again_n);
	else if (s->again_lf)
		take_kept_end(s);
	else
		take_kept(s, s->aside, &s->late_at, &s->late_n);
	return true;
}
