/* SPDX-License-Identifier: BSD-2-Clause */
#include "smtp_reply.h"

#include "ascii.h"

enum { CODE = 3 };

void
smtp_reply_init(struct smtp_reply *r)
{
	memset((uint8_t *)r + offsetof(struct smtp_reply, line), 0,
	    sizeof(*r) - offsetof(struct smtp_reply, line));
}

/* The code at the start of a line, or 0. *more: continuation lines follow. */
static uint16_t
read_code(struct slice line, bool *more)
{
	unsigned code = 0;

	*more = false;
	if (line.n < CODE || line.p[0] < '2' || line.p[0] > '5')
		return 0;
	for (size_t i = 0; i < CODE; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return 0;
		code = code * 10 + (line.p[i] - '0');
	}
	if (line.n > CODE && line.p[CODE] != ' ' && line.p[CODE] != '-' &&
	    line.p[CODE] != '\t')
		return 0;
	*more = line.n > CODE && line.p[CODE] == '-';
	return (uint16_t)code;
}

static void
put(struct smtp_reply *r, struct slice text)
{
	size_t n = text.n;

	if (n == 0)
		return;
	if (r->len > 0 && r->len < SMTP_REPLY_TEXT)
		r->text[r->len++] = ' ';
	if (n > (size_t)SMTP_REPLY_TEXT - r->len) {
		n = (size_t)SMTP_REPLY_TEXT - r->len;
		r->cut = true;
	}
	memcpy(r->text + r->len, text.p, n);
	r->len = (uint16_t)(r->len + n);
}

static void
begin(struct smtp_reply *r, uint16_t code)
{
	r->code = code;
	r->len = 0;
	r->open = true;
	r->cut = r->gap = r->pipelining = false;
}

/* Postfix's postscreen greets with a first line "220-" at once. To a client who speaks
 * before the last line is due it never sends that, but answers to what was said. */
static bool
ends_greeting(const struct smtp_reply *r, uint16_t code)
{
	return r->open && !r->gap && r->code == 220 && code != 0 && code != r->code;
}

static void
hold(struct smtp_reply *r, struct slice line)
{
	r->held = (uint16_t)(line.n < SMTP_REPLY_LINE ? line.n : SMTP_REPLY_LINE);
	memmove(r->bytes, line.p, r->held);
	r->ready = true;
}

static void
take_line(struct smtp_reply *r, struct slice line)
{
	bool more, after_gap = r->after_gap;
	uint16_t code = read_code(line, &more);

	r->after_gap = false;
	if (ends_greeting(r, code)) {
		hold(r, line);
		return;
	}
	if (code == 0) {
		r->junk += !after_gap && !r->open;
		if (r->open && !after_gap) /* some servers forget the code */
			put(r, ascii_trim(line));
		return;
	}
	if (!r->open || (r->gap && code != r->code))
		begin(r, code);
	line = ascii_trim(slice_tail(line, CODE + 1));
	put(r, line);
	r->cut |= r->line.cut;
	r->pipelining |= ascii_is(line, "pipelining");
	r->ready = !more;
}

void
smtp_reply_take(struct smtp_reply *r, struct slice *in)
{
	struct slice line;

	if (!line_take(&r->line, r->bytes, SMTP_REPLY_LINE, in, &line))
		return;
	while (line.n > 0 && line.p[line.n - 1] == '\r')
		line.n--; /* any number of them belong to the line end */
	take_line(r, line);
}

bool
smtp_reply_again(struct smtp_reply *r)
{
	struct slice line = slice_of(r->bytes, r->held);

	if (r->held == 0)
		return false;
	r->held = 0;
	take_line(r, line);
	return true;
}

void
smtp_reply_gap(struct smtp_reply *r)
{
	struct slice begun = ascii_trim(line_begun(&r->line, r->bytes, SMTP_REPLY_LINE));
	bool known = r->line.begun && begun.n > CODE;

	if (r->after_gap)
		known = false;
	line_reset(&r->line);
	if (known)
		take_line(r, begun);
	r->after_gap = true;
	if (r->open)
		r->cut = r->gap = true;
}

void
smtp_reply_complete(struct smtp_reply *r)
{
	if (r->open)
		r->ready = true;
}

void
smtp_reply_next(struct smtp_reply *r)
{
	r->ready = r->open = r->gap = false;
}
