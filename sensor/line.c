/* SPDX-License-Identifier: BSD-2-Clause */
#include "line.h"

static void
keep(struct line *line, uint8_t *buf, size_t max, const uint8_t *p, size_t n)
{
	size_t room = max - line->len;

	if (n > room) {
		line->cut = true;
		n = room;
	}
	if (n > 0) /* which may lie further on in buf itself */
		memmove(buf + line->len, p, n);
	line->len = (uint16_t)(line->len + n);
}

/* The part before LF, or all there is. A CR that turned out to be no line end is text. */
static void
append(struct line *line, uint8_t *buf, size_t max, const uint8_t *p, size_t n)
{
	if (n == 0)
		return;
	if (line->cr)
		keep(line, buf, max, (const uint8_t *)"\r", 1);
	line->cr = p[n - 1] == '\r';
	keep(line, buf, max, p, n - line->cr);
	line->begun = true;
}

static void
begin(struct line *line)
{
	if (line->begun)
		return;
	line->len = 0;
	line->cr = line->cut = false;
}

bool
line_take(
    struct line *line, uint8_t *buf, size_t max, struct slice *in, struct slice *out)
{
	const uint8_t *lf = in->n > 0 ? memchr(in->p, '\n', in->n) : NULL;
	size_t n = lf != NULL ? (size_t)(lf - in->p) : in->n;

	begin(line);
	if (lf != NULL && !line->begun && n <= max) { /* whole: lent, not copied */
		line->crlf = n > 0 && lf[-1] == '\r';
		*out = slice_of(in->p, n - line->crlf);
	} else {
		append(line, buf, max, in->p, n);
		line->crlf = line->cr;
		*out = slice_of(buf, line->len);
	}
	*in = slice_tail(*in, lf != NULL ? n + 1 : n);
	if (lf == NULL)
		return false;
	line->begun = false;
	return true;
}

struct slice
line_begun(struct line *line, uint8_t *buf, size_t max)
{
	begin(line);
	if (line->cr)
		keep(line, buf, max, (const uint8_t *)"\r", 1);
	line->cr = false;
	return slice_of(buf, line->len);
}
