/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TEXT_H
#define RELAYWATCH_TEXT_H

/*
 * Octets off the wire made fit for outputs. A text becomes valid UTF-8, bounded; its
 * characters stay what they are, so that nothing is hidden from who reads it. What could
 * deceive a terminal or a reader of the raw line (C1 controls, line separators, direction
 * overrides, invisible characters) the output writes as an escape of its own; C0
 * controls, quotes and backslashes JSON escapes anyway.
 */

#include <stdbool.h>

#include "bytes.h"

enum text_mark {
	TEXT_CUT = 0x01,      /* longer than there was room for */
	TEXT_NOT_UTF8 = 0x02, /* U+FFFD stands for each invalid sequence */
};

enum { TEXT_MAX = 2048 }; /* octets of one text in an event */

/*
 * Writes raw as valid UTF-8 with a final NUL to out, at most size - 1 octets, cut between
 * characters. Returns its length (NULs of the text are kept). Adds to *marks.
 */
size_t text_clean(struct slice raw, char *out, size_t size, unsigned *marks);

/* As printable ASCII, everything else as '?': for names and tables. */
char *text_ascii(struct slice raw, char *out, size_t size);

/*
 * The first character of valid UTF-8 from p on that could deceive; end where there is
 * none. *bytes: how many it takes, *code: which it is.
 */
const char *text_deceptive(const char *p, const char *end, size_t *bytes, uint32_t *code);

/* How many octets the character at the start of raw takes; 0 where that is none, or one
 * that could deceive, C0 controls among them. */
size_t text_harmless(struct slice raw);

/* A character as JSON's \uXXXX. Returns how many octets that are. */
enum { TEXT_ESCAPE_MAX = 16 };
size_t text_json_escape(uint32_t code, char buf[static TEXT_ESCAPE_MAX]);

/* The next address of a comma list (RFC 5322 section 3.4): commas in quoted strings,
 * comments and angle brackets do not part. False after the last; empty ones are
 * skipped. */
bool text_next_address(struct slice *list, struct slice *address);

#endif
