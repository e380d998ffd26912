/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_scan.h"

enum place {
	PLACE_PLAIN,
	PLACE_LINE_COMMENT,
	PLACE_BLOCK_COMMENT,
	PLACE_SINGLE_QUOTES,
	PLACE_DOUBLE_QUOTES,
};

struct scan {
	enum place place;
	unsigned line;
	unsigned opened_line; /* where the string, comment or outermost brace began */
	unsigned depth;       /* of braces */
};

static void
open_place(struct scan *scan, enum place place)
{
	scan->place = place;
	if (scan->depth == 0)
		scan->opened_line = scan->line;
}

/* Returns how many octets beyond c were used up. */
static size_t
scan_plain(struct scan *scan, uint8_t c, uint8_t next)
{
	if (c == '#' || (c == '/' && next == '/'))
		open_place(scan, PLACE_LINE_COMMENT);
	else if (c == '/' && next == '*')
		open_place(scan, PLACE_BLOCK_COMMENT);
	else if (c == '\'')
		open_place(scan, PLACE_SINGLE_QUOTES);
	else if (c == '"')
		open_place(scan, PLACE_DOUBLE_QUOTES);
	else if (c == '{' && scan->depth++ == 0)
		scan->opened_line = scan->line;
	else if (c == '}' && scan->depth > 0)
		scan->depth--;
	return c == '/' && (next == '/' || next == '*');
}

static size_t
scan_octet(struct scan *scan, uint8_t c, uint8_t next)
{
	bool closed = false;

	switch (scan->place) {
	case PLACE_PLAIN:
		return scan_plain(scan, c, next);
	case PLACE_LINE_COMMENT:
		closed = c == '\n';
		break;
	case PLACE_BLOCK_COMMENT:
		closed = c == '*' && next == '/';
		break;
	case PLACE_SINGLE_QUOTES:
		closed = c == '\'';
		break;
	case PLACE_DOUBLE_QUOTES:
		closed = c == '"';
		break;
	}
	if (closed) {
		size_t used = scan->place == PLACE_BLOCK_COMMENT;

		scan->place = PLACE_PLAIN;
		return used;
	}
	return scan->place >= PLACE_SINGLE_QUOTES && c == '\\' && next != '\n';
}

static bool
is_variable(const struct scan *scan, uint8_t c, uint8_t next)
{
	return c == '$' && next == '{' &&
	       (scan->place == PLACE_PLAIN || scan->place == PLACE_DOUBLE_QUOTES);
}

static const char *
unfinished(const struct scan *scan)
{
	switch (scan->place) {
	case PLACE_BLOCK_COMMENT:
		return "this comment is never closed";
	case PLACE_SINGLE_QUOTES:
	case PLACE_DOUBLE_QUOTES:
		return "this string is never closed";
	default:
		return scan->depth > 0 ? "this brace is never closed" : NULL;
	}
}

const char *
conf_scan(struct slice text, unsigned *line)
{
	struct scan scan = { .line = 1 };

	for (size_t i = 0; i < text.n; i++) {
		uint8_t c = text.p[i], next = i + 1 < text.n ? text.p[i + 1] : '\n';

		*line = scan.line;
		if (c == '\0')
			return "a NUL octet: this is no text file";
		if (is_variable(&scan, c, next))
			return "variables are not replaced here: write the value itself";
		if (c == '\n')
			scan.line++;
		i += scan_octet(&scan, c, next);
	}
	*line = scan.opened_line;
	return unfinished(&scan);
}
