/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_LINE_H
#define RELAYWATCH_LINE_H

/*
 * Lines out of a byte stream that may be cut anywhere, bounded: of a line longer than the
 * buffer the front is kept and the rest is counted away. A line ends with LF; one CR
 * before it goes too. The buffer belongs to the caller and need not be cleared.
 */

#include "bytes.h"

struct line {
	uint16_t len; /* kept so far of the line that has begun */
	bool begun;   /* some of it was seen */
	bool cr;      /* the last byte was CR; not yet kept */
	/* Of the line line_take() just gave: */
	bool cut;  /* it was longer than the buffer */
	bool crlf; /* it ended with CRLF, not with a bare LF */
};

static inline void
line_reset(struct line *line)
{
	*line = (struct line){ 0 };
}

/*
 * Takes bytes from the front of in until a line is complete: true, and out is the line
 * without its end, lent until in or the buffer changes. False when all of in was taken.
 */
bool line_take(
    struct line *line, uint8_t *buf, size_t max, struct slice *in, struct slice *out);

/* What is kept of the line that has begun, a last CR included where there is room. */
struct slice line_begun(struct line *line, uint8_t *buf, size_t max);

#endif
