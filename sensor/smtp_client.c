/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the requester's bytes are: command lines, AUTH responses, messages and chunks.
 */
#include "smtp_state.h"
#include "tls.h"

/* Text of which nothing is known but that a message may end in it. */
static void
take_lost(struct smtp *s, struct slice line, const struct smtp_command *c)
{
	size_t n = line.n + (s->line.crlf ? 2 : 1);

	if (c->sure && c->verb != SMTP_OTHER) {
		s->message = s->message && s->client != SMTP_CLIENT_LOST_MESSAGE;
		smtp_run_command(s, line, c);
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
		if (s->go_ahead_lost) /* RFC 2920: the client waited for it */
			smtp_flush(s, s->pending.count, false);
	} else if (!s->data_kept) { /* the reply to DATA tells what it is */
		s->data_kept = true;
		keep_line(s, line);
	} else {
		smtp_run_command(s, line, &c);
	}
}

static void
take_auth(struct smtp *s, struct slice line, struct smtp_command *c)
{
	if (s->client == SMTP_CLIENT_AUTH_SENT && c->sure && c->verb != SMTP_OTHER) {
		smtp_run_command(s, line, c);
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
		s->hello_first =
		    !s->lost_requester && (c.verb == SMTP_HELO || c.verb == SMTP_EHLO);
	s->any_line = true;
	if (s->client == SMTP_CLIENT_AUTH_SENT || s->client == SMTP_CLIENT_AUTH)
		take_auth(s, line, &c);
	else if (s->client == SMTP_CLIENT_COMMAND)
		smtp_run_command(s, line, &c);
	else
		take_lost(s, line, &c);
	smtp_forget_line(s, line, &c);
}

static bool
begins_tls(struct smtp *s, struct slice in)
{
	if (s->line.begun || in.p[0] != TLS_HANDSHAKE ||
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
	    !s->line.begun && s->client != SMTP_CLIENT_MESSAGE &&
	    s->client != SMTP_CLIENT_CHUNK) {
		smtp_reply_complete(&s->reply);
		return false;
	}
	return true;
}

/*
 * What follows AUTH is a response if the server asks for one, whatever it looks like (RFC
 * 4954); what follows STARTTLS depends on its reply as well, and so does a line that
 * looks like a command behind DATA.
 */
bool
smtp_client_must_wait(const struct smtp *s)
{
	if (!s->responder_seen || s->reply_lost || s->line.begun || s->proving ||
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
	if (s->waiting)
		return false;
	s->aside_reads = 0;
	take(s, in);
	return true;
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

bool
smtp_client_again(struct smtp *s)
{
	if (s->tls || !smtp_client_has_kept(s))
		return false; /* RFC 3207 section 4: STARTTLS is the last of its group */
	if (!make_ready(s))
		return true;
	if (s->again_n == 0 && !s->again_lf && s->late_n == 0) {
		smtp_client_pass_lost(s);
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
