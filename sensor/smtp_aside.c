/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Servers differ on a lone dot whose line has other ends than CRLF. We stay in the
 * message and keep what follows such a dot aside, from the first command on: if the
 * server answers before the real end, or answers more than was asked, that dot was the
 * end for it, and what was kept is read as commands. Lines between that are no commands
 * are only counted: each gets a reply that says so.
 */
#include "ascii.h"
#include "smtp_state.h"

void
smtp_aside_keep(struct smtp *s, struct slice seen)
{
	bool lost = s->aside_lost > 0 || s->aside_reads == SMTP_ASIDE_READS;
	size_t room = lost ? 0 : (size_t)SMTP_ASIDE_MAX - s->aside_n;
	struct slice kept = slice_head(seen, room);

	s->aside_used = true;
	s->aside_lost += seen.n - kept.n;
	if (kept.n > 0) /* which may lie in there itself, further on */
		memmove(s->aside + s->aside_n, kept.p, kept.n);
	s->aside_n = (uint16_t)(s->aside_n + kept.n);
}

static void
clear(struct smtp *s)
{
	s->aside_n = 0;
	s->aside_lost = 0;
}

/* Commands that mean nothing here, but that servers know. */
static bool
is_known(struct slice line)
{
	static const char *const known[] = { "noop", "help", "vrfy", "expn", "etrn",
		"xclient", "xforward" };
	struct slice rest, word = ascii_word(ascii_trim(line), &rest);

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (ascii_is(word, known[i]))
			return true;
	}
	return false;
}

/* A whole line behind a lookalike. */
static void
judge_aside_line(struct smtp *s)
{
	struct slice line = slice_of(s->aside, s->aside_n);
	struct smtp_command command;

	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	smtp_command_read(line, &command);
	s->armed = s->aside_lost == 0 && (command.sure || is_known(line));
	if (!s->armed) {
		clear(s);
		s->aside_line = ++s->aside_junk <= SMTP_ASIDE_JUNK_MAX;
		return;
	}
	s->aside_line = false;
	smtp_say_oddity(s, FACT_ODDITY_BARE_LF_DOT, slice_str("."));
	if (command.verb != SMTP_AUTH)
		smtp_say_oddity(s, FACT_ODDITY_COMMAND_AFTER_DOT, line);
}

void
smtp_aside_take(struct smtp *s, struct slice seen)
{
	while (s->aside_line && seen.n > 0) {
		const uint8_t *lf = memchr(seen.p, '\n', seen.n);
		size_t n = lf != NULL ? (size_t)(lf - seen.p) + 1 : seen.n;

		smtp_aside_keep(s, slice_head(seen, n));
		seen = slice_tail(seen, n);
		if (lf != NULL)
			judge_aside_line(s);
	}
	if (s->armed)
		smtp_aside_keep(s, seen);
}

void
smtp_aside_begin(struct smtp *s)
{
	if (s->m.likeness == SMTP_LIKE_LF)
		smtp_say_oddity(s, FACT_ODDITY_BARE_LF_DOT, slice_str("."));
	if ((s->armed || s->aside_line) && s->m.likeness <= s->aside_likeness)
		return;
	s->armed = false;
	s->aside_line = true;
	s->aside_likeness = s->m.likeness;
	s->aside_junk = 0;
	clear(s);
	s->armed_size = s->m.size;
	s->armed_len = s->m.body.len;
}

void
smtp_aside_read(struct smtp *s)
{
	s->aside_reads += s->aside_reads < SMTP_ASIDE_READS;
	s->late_at = 0;
	s->late_n = s->aside_n;
	s->late_lost = s->aside_lost;
	clear(s);
}

bool
smtp_client_smuggled(struct smtp *s)
{
	bool begun = s->aside_line && s->message; /* its first line is */

	if (!(s->armed || begun) || s->late_n > 0 || s->late_lost > 0)
		return false;
	/* A message that is over ended with what was seen as its end. */
	s->late_dot = s->armed && !s->message && s->aside_lost > 0;
	s->junk = s->aside_junk;
	s->armed = s->aside_line = false;
	smtp_aside_read(s);
	s->client = SMTP_CLIENT_COMMAND;
	line_reset(&s->line);
	return true;
}

void
smtp_aside_end_message(struct smtp *s)
{
	s->m.size = s->armed_size;
	s->m.body.len = s->armed_len;
	smtp_client_end_message(s);
	smtp_client_smuggled(s);
}

bool
smtp_aside_was_end(const struct smtp *s, uint16_t code)
{
	return !smtp_message_is_at_lookalike(&s->m) && s->late_n == 0 &&
	       (s->armed || (s->aside_line && smtp_is_accepted(code)));
}
