/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SMTP: RFC 5321, PIPELINING (RFC 2920), CHUNKING (RFC 3030), STARTTLS (RFC 3207), AUTH
 * (RFC 4954).
 *
 * Commands wait in a queue for their replies; a fact is told when the reply comes. What
 * is message and what is command is known from the reply to DATA, or, where that was not
 * seen, from the text itself.
 */
#include "smtp_state.h"
#include "tls.h"

struct fact *
smtp_say(struct smtp *s, enum fact_type type, uint32_t tx)
{
	struct fact *fact = s->fact_n == 0 ? s->fact : &s->more[s->fact_n - 1];

	if (s->fact_n + 1 < SMTP_FACTS)
		s->fact_n++;
	*fact = (struct fact){ .type = type, .tx = tx };
	if (s->unsure != SMTP_SURE)
		fact->flags |= FACT_UNSURE;
	return fact;
}

void
smtp_say_text(struct fact *fact, unsigned index, struct slice text, size_t max)
{
	if (text.n > max)
		fact->flags |= FACT_CUT;
	fact->text[index] = slice_head(text, max);
}

void
smtp_say_oddity(struct smtp *s, enum fact_oddity oddity, struct slice line)
{
	struct fact *fact;

	if (s->oddities & (1u << oddity))
		return;
	s->oddities |= (uint8_t)(1u << oddity);
	fact = smtp_say(s, FACT_ODDITY, s->message ? s->message_tx : s->told_next);
	fact->oddity = oddity;
	smtp_say_text(fact, 0, line, SMTP_ODDITY_MAX);
}

void
smtp_flush(struct smtp *s, uint64_t n, bool owed)
{
	s->flush = n < s->pending.count ? n : s->pending.count;
	s->flush_owed = owed;
}

void
smtp_close(struct smtp *s, enum fact_abort reason)
{
	if (s->over != SMTP_OPEN)
		return;
	s->over = SMTP_CLOSING;
	s->reason = reason;
}

/* Secrets may lie in what was kept of a line that never ended. */
static void
wipe(struct smtp *s)
{
	if (s->line_used)
		memset(s->line_bytes, 0, sizeof(s->line_bytes));
	if (s->aside_used)
		memset(s->aside, 0, sizeof(s->aside));
}

/* All that was pending is told. */
static void
tell_end(struct smtp *s)
{
	enum fact_abort reason = s->reason;

	if (s->tls_answered)
		smtp_tell_starttls(s, true);
	if (reason == FACT_ABORT_CLOSED && s->end_code == 421)
		reason = FACT_ABORT_QUIT;
	else if (reason == FACT_ABORT_CLOSED &&
		 (s->unsure != SMTP_SURE || (s->message && s->m.gap)))
		reason = FACT_ABORT_LOST;
	smtp_end_transaction(s, reason);
	if (s->tls)
		smtp_say(s, FACT_TLS, s->told_next);
	smtp_say(s, FACT_END, s->told_next)->code = s->end_code;
	s->over = SMTP_OVER;
	wipe(s);
}

/* Work that earlier input left. False when there is none. */
static bool
settle(struct smtp *s)
{
	if (s->over == SMTP_CLOSING) /* with what is read from now on: it ends here */
		smtp_flush(s, s->pending.count, false);
	if (s->finishing)
		smtp_client_finish(s);
	else if (s->flush > 0)
		smtp_unanswered(s);
	else if (smtp_client_again(s))
		return true;
	else if (s->reply.ready)
		smtp_match(s);
	else if (smtp_reply_again(&s->reply))
		return true;
	else if (smtp_proof_next(s))
		return true;
	else if (s->over == SMTP_CLOSING)
		tell_end(s);
	else
		return false;
	return true;
}

static void
take_gap(struct smtp *s, enum proto_role role, uint64_t n)
{
	if (role == PROTO_REQUESTER) {
		smtp_client_gap(s, n);
		return;
	}
	s->responder_seen = s->lost_responder = s->reply_lost = true;
	s->go_ahead_lost = s->client == SMTP_CLIENT_DATA_SENT && s->data_pending &&
			   !s->data_kept && !s->line.begun;
	s->blind |= s->auth_open;
	smtp_reply_gap(&s->reply);
	if (s->unsure == SMTP_SURE)
		s->unsure = SMTP_UNSURE_REPLIES;
	if (s->lockstep && !s->pipelined && s->pending.count > 1)
		smtp_flush(s, s->pending.count - 1, false); /* the client went on */
	s->lost_front = s->pending.count - s->flush == 1;
}

static void
take_reply(struct smtp *s, struct slice *in)
{
	s->responder_seen = true;
	s->blind_message = false;
	if ((s->starttls_sent || s->tls_maybe) && in->p[0] == TLS_HANDSHAKE &&
	    !s->reply.line.begun) {
		s->tls = true; /* the server's half of the handshake */
		smtp_close(s, FACT_ABORT_TLS);
		return;
	}
	smtp_reply_take(&s->reply, in);
	if (s->reply.junk > SMTP_JUNK_MAX && !s->known)
		s->bad = true;
}

/* Nothing more that tells what was smuggled can come. */
static bool
ends_proof(enum proto_role role, const struct proto_input *input)
{
	if (input->gap > 0)
		return true;
	return role == PROTO_REQUESTER ? input->data.n > 0
				       : input->data.n == 0 && input->end;
}

/* One step of the input. False when there is no more, or the rest must wait. */
static bool
take(struct smtp *s, enum proto_role role, struct proto_input *input)
{
	if (role == PROTO_REQUESTER && smtp_client_has_kept(s)) {
		s->waiting |= input->data.n > 0 || input->gap > 0;
		return false; /* that comes first, and waits */
	}
	if (role == PROTO_RESPONDER && s->waiting && !smtp_client_must_wait(s))
		return false; /* what the client sent before that goes on first */
	if (role == PROTO_REQUESTER && input->data.n == 0)
		s->waiting = false;
	if (s->proving && ends_proof(role, input)) {
		smtp_proof_end(s, false);
		return true;
	}
	if (input->gap > 0) {
		take_gap(s, role, input->gap);
		input->gap = 0;
	} else if (input->data.n > 0 && role == PROTO_REQUESTER) {
		return smtp_client_take(s, &input->data);
	} else if (input->data.n > 0) {
		take_reply(s, &input->data);
	} else if (input->end) {
		input->end = false;
		s->ended |=
		    role == PROTO_REQUESTER ? SMTP_ENDED_REQUESTER : SMTP_ENDED_RESPONDER;
		if (s->ended == (SMTP_ENDED_REQUESTER | SMTP_ENDED_RESPONDER))
			smtp_close(s, FACT_ABORT_CLOSED);
	} else {
		return false;
	}
	return true;
}

/* The first fact of a step lies where the caller wants it, the others wait their turn. */
static void
tell(struct smtp *s)
{
	if (s->fact_at > 0)
		*s->fact = s->more[s->fact_at - 1];
	if (++s->fact_at == s->fact_n)
		s->fact_at = s->fact_n = 0;
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	struct smtp *s = state;

	s->fact = fact;
	do {
		if (s->fact_n > 0) {
			tell(s);
			return PROTO_FACT;
		}
		if (s->bad || s->over == SMTP_OVER) {
			*input = (struct proto_input){ 0 };
			return s->bad ? PROTO_BAD : PROTO_DONE;
		}
	} while (settle(s) || take(s, role, input));
	return PROTO_MORE;
}

static void
init(void *state)
{
	struct smtp *s = state;

	memset((uint8_t *)s + offsetof(struct smtp, client), 0,
	    offsetof(struct smtp, pending) - offsetof(struct smtp, client));
	smtp_reply_init(&s->reply);
	smtp_pending_init(&s->pending);
	smtp_message_start_inside(&s->m);
	smtp_auth_start(&s->auth, slice_str(""));
	s->client = SMTP_CLIENT_LOST; /* until it greets, or the server does */
}

static void
prefetch(const void *state)
{
	const struct smtp *s = state;

	prefetch_bytes(&s->m.size, 1);
	prefetch_bytes(&s->reply.text, 1);
	prefetch_bytes(&s->reply.line, offsetof(struct smtp, pending.bytes) + 64 -
					   offsetof(struct smtp, reply.line));
}

const struct proto proto_smtp = {
	.name = "smtp",
	.state_bytes = sizeof(struct smtp),
	.prefetch = prefetch,
	.probe = smtp_probe,
	.init = init,
	.parse = parse,
};
