/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Messages of the requester, by DATA or in chunks, where they begin and where they end:
 * as the replies tell, or the text itself.
 */
#include "smtp_state.h"

/*
 * The line behind DATA is read again as what it turns out to be; other text behind what
 * the same buffer holds of a line that has begun, as far as there is room.
 */
void
smtp_read_again(struct smtp *s, struct slice line)
{
	size_t room = SMTP_COMMAND_LINE - line.n;

	s->again_at = 0;
	if (line.p != s->line_bytes && line.n > 0) {
		if (s->line.begun)
			s->again_at = s->line.len < room ? s->line.len : (uint16_t)room;
		memmove(s->line_bytes + s->again_at, line.p, line.n);
		s->line_used = true;
	}
	s->again_n = (uint16_t)line.n;
}

void
smtp_begin_message(struct smtp *s, bool chunks)
{
	smtp_message_start(&s->m, !chunks);
	s->message = s->message_any = true;
	s->chunks = chunks;
	s->message_tx = s->tx;
	s->message_unsure = s->armed = s->aside_line = false;
	s->oddities &=
	    (uint8_t) ~(1u << FACT_ODDITY_BARE_LF_DOT |
			1u << FACT_ODDITY_COMMAND_AFTER_DOT); /* once a message */
	s->aside_n = 0;
	s->aside_lost = 0;
}

void
smtp_say_message_event(struct smtp *s, enum smtp_message_event event)
{
	struct fact *fact;

	if (!s->message || event == SMTP_MESSAGE_NONE)
		return;
	if (event == SMTP_MESSAGE_HEADERS) {
		fact = smtp_say(s, FACT_HEADERS_END, s->message_tx);
	} else {
		fact = smtp_say(s, FACT_HEADER, s->message_tx);
		fact->header = s->m.header;
		fact->text[0] = smtp_message_value(&s->m);
		if (s->m.value_cut)
			fact->flags |= FACT_CUT;
		if (s->m.gap || s->message_unsure)
			fact->flags |= FACT_UNSURE;
	}
	if (s->chunks)
		fact->flags |= FACT_BDAT;
}

static void
end_message(struct smtp *s, bool unsure)
{
	uint32_t tx = s->tx;

	s->finishing = true;
	s->tx_open = false;
	s->client = SMTP_CLIENT_COMMAND;
	s->blind_message = !s->responder_seen;
	if (s->chunks)
		return;
	s->tx = s->message_tx;
	smtp_push_plain(s, SMTP_PENDING_DOT, unsure ? SMTP_PENDING_UNSURE : 0);
	s->tx = tx;
}

/* All of the message was seen: its reply is awaited. For BDAT its chunk awaits it. */
void
smtp_client_end_message(struct smtp *s)
{
	end_message(s, s->message_unsure);
}

void
smtp_client_finish(struct smtp *s)
{
	enum smtp_message_event event = smtp_message_finish(&s->m);
	struct fact *fact;

	if (event != SMTP_MESSAGE_NONE) {
		smtp_say_message_event(s, event);
		return;
	}
	fact = smtp_say(s, FACT_MESSAGE, s->message_tx);
	smtp_message_tell(&s->m, fact);
	if (s->chunks)
		fact->flags |= FACT_BDAT;
	if (s->message_unsure)
		fact->flags |= FACT_UNSURE;
	s->finishing = s->message = s->chunks = false;
}

/* Lines that came behind a lookalike, the last dot among them, may still be refused. */
static void
found_end(struct smtp *s)
{
	smtp_client_end_message(s);
	if (s->aside_line)
		s->junk = s->aside_junk;
	s->aside_line = false;
}

void
smtp_take_message(struct smtp *s, struct slice *in)
{
	struct slice before = *in;
	bool aside = s->aside_line || s->armed;
	enum smtp_message_event event = smtp_message_take(&s->m, in);

	if (aside)
		smtp_aside_take(s, slice_head(before, before.n - in->n));
	if (event == SMTP_MESSAGE_LOOKALIKE)
		smtp_aside_begin(s);
	else if (event == SMTP_MESSAGE_END)
		found_end(s);
	else
		smtp_say_message_event(s, event);
}

void
smtp_end_chunk(struct smtp *s)
{
	s->chunk_aside = false;
	s->client = SMTP_CLIENT_COMMAND;
	if (s->chunk_last && s->message)
		smtp_client_end_message(s);
}

void
smtp_take_chunk(struct smtp *s, struct slice *in)
{
	struct slice chunk =
	    slice_head(*in, s->chunk_left < in->n ? (size_t)s->chunk_left : in->n);
	struct slice before = chunk;
	size_t n = chunk.n;
	enum smtp_message_event event = smtp_message_take(&s->m, &chunk);

	n -= chunk.n;
	if (s->chunk_aside)
		smtp_aside_keep(s, slice_head(before, n));
	*in = slice_tail(*in, n);
	s->chunk_left -= n;
	if (event != SMTP_MESSAGE_NONE)
		smtp_say_message_event(s, event);
	if (s->chunk_left == 0)
		smtp_end_chunk(s);
}

/* What replies decide. */

/* The message of that transaction was sent without waiting, or given up. */
static bool
is_past(const struct smtp *s, uint32_t tx)
{
	return !s->tx_open || s->tx != tx || (s->message_any && s->message_tx == tx);
}

bool
smtp_client_go_ahead(struct smtp *s, const uint32_t *tx)
{
	if (s->client == SMTP_CLIENT_MESSAGE || s->client == SMTP_CLIENT_CHUNK)
		return false;
	if (s->client != SMTP_CLIENT_DATA_SENT && tx != NULL && is_past(s, *tx))
		return false;
	smtp_implicit_transaction(s);
	smtp_begin_message(s, false);
	if (s->again_n == 0 && !s->again_lf)
		smtp_read_again(
		    s, line_begun(&s->line, s->line_bytes, SMTP_COMMAND_LINE));
	line_reset(&s->line);
	s->client = SMTP_CLIENT_MESSAGE;
	return true;
}

void
smtp_client_refused(struct smtp *s, uint32_t tx, bool chunk)
{
	if (s->client == SMTP_CLIENT_DATA_SENT && !chunk) {
		s->client = SMTP_CLIENT_COMMAND;
		return;
	}
	if (!chunk)
		smtp_pending_drop_dot(&s->pending, tx);
	if (!s->message || s->message_tx != tx || s->chunks != chunk)
		return;
	if (s->client == SMTP_CLIENT_MESSAGE || s->client == SMTP_CLIENT_CHUNK) {
		s->client = SMTP_CLIENT_SKIP;
		line_reset(&s->line);
	}
	if (!chunk) {
		s->message = false;
		s->unsure = SMTP_UNSURE_COMMANDS;
	}
}

bool
smtp_client_verdict(struct smtp *s, uint16_t code)
{
	bool lost = s->client == SMTP_CLIENT_LOST_MESSAGE;
	/* Its end lies in a gap, and after 354 the server says nothing else. */
	bool sure = s->m.gap && !s->message_unsure && s->unsure == SMTP_SURE;

	if (!s->message || s->chunks || (s->client != SMTP_CLIENT_MESSAGE && !lost))
		return false;
	line_reset(&s->line);
	if (smtp_aside_was_end(s, code)) {
		smtp_aside_end_message(s);
		return true;
	}
	if (!smtp_message_is_at_lookalike(&s->m)) {
		s->m.gap = s->message_unsure = true;
		s->m.hash_lost |= s->m.part != SMTP_PART_SKIP;
	}
	end_message(s, s->message_unsure && !sure);
	if (s->message_unsure && s->unsure != SMTP_UNSURE_COMMANDS)
		s->client = SMTP_CLIENT_SKIP;
	return true;
}

bool
smtp_client_is_no_chunk(const struct smtp *s, uint32_t tx, uint16_t code)
{
	return s->client == SMTP_CLIENT_CHUNK && s->message && s->message_tx == tx &&
	       code >= 500 && code <= 503;
}

/* What was taken for its front is read again, for the commands in it. */
void
smtp_client_undo_chunk(struct smtp *s)
{
	s->message = s->chunks = false;
	s->client = SMTP_CLIENT_SKIP;
	line_reset(&s->line);
	if (s->chunk_aside) {
		smtp_aside_read(s);
	} else {
		s->unsure = SMTP_UNSURE_COMMANDS;
		smtp_client_lose(s);
	}
	s->chunk_aside = false;
}

bool
smtp_client_is_short_chunk(
    const struct smtp *s, const struct smtp_pending_entry *e, uint16_t code)
{
	return e->kind == SMTP_PENDING_BDAT && s->pending.count == 1 &&
	       smtp_is_accepted(code) && s->client == SMTP_CLIENT_CHUNK && s->message &&
	       s->message_tx == e->tx && s->chunk_aside && s->chunk_size > UINT32_MAX &&
	       (uint32_t)s->chunk_size <= s->aside_n;
}

void
smtp_client_end_short_chunk(struct smtp *s)
{
	uint64_t behind = s->chunk_size - s->chunk_left - (uint32_t)s->chunk_size;

	s->m.size -= behind < s->m.size ? behind : s->m.size;
	s->m.gap = s->m.hash_lost = s->message_unsure = true;
	smtp_aside_read(s);
	s->late_at = (uint16_t)(uint32_t)s->chunk_size;
	s->late_n = (uint16_t)(s->late_n - s->late_at);
	smtp_end_chunk(s);
}

bool
smtp_client_is_in_last_chunk(const struct smtp *s, uint32_t tx)
{
	return s->client == SMTP_CLIENT_CHUNK && s->chunk_last && s->message &&
	       s->message_tx == tx;
}

void
smtp_client_cut_chunk(struct smtp *s)
{
	s->m.gap = s->m.hash_lost = s->message_unsure = true;
	smtp_client_end_message(s);
	s->client = SMTP_CLIENT_SKIP;
}
