/* SPDX-License-Identifier: BSD-2-Clause */
/* Gaps in what the requester says. */
#include "smtp_state.h"

static void
lose_commands(struct smtp *s)
{
	struct smtp_command c;
	struct slice line = line_begun(&s->line, s->line_bytes, SMTP_COMMAND_LINE);
	bool begun = s->line.begun;

	if (s->tx_open && !(s->message_any && s->message_tx == s->tx)) {
		s->holed = true;
		s->holed_tx = s->tx;
	}
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
		smtp_run_command(s, line, &c);
	else
		c.verb = SMTP_OTHER;
	if (c.verb == SMTP_BDAT)
		s->client = SMTP_CLIENT_SKIP;
	smtp_forget_line(s, line, &c);
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

void
smtp_client_pass_lost(struct smtp *s)
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
