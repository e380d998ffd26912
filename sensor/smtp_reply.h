/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_REPLY_H
#define RELAYWATCH_SMTP_REPLY_H

/*
 * Replies (RFC 5321 section 4.2): the lines of one put together, of any length and
 * number, in fixed memory.
 */

#include "line.h"

enum {
	SMTP_REPLY_TEXT = 512, /* RFC 5321 section 4.5.3.1.5 */
	SMTP_REPLY_LINE = 640,
};

struct smtp_reply {
	/* Not cleared at start. */
	uint8_t text[SMTP_REPLY_TEXT];
	uint8_t bytes[SMTP_REPLY_LINE];

	struct line line;
	uint16_t code;
	uint16_t len;
	bool open;  /* some lines of it came, and more will */
	bool ready; /* complete */
	bool cut;
	bool gap;        /* the last of its lines may be lost */
	bool after_gap;  /* the next line may be the tail of one */
	bool pipelining; /* one of its lines offers it */
	uint16_t held;   /* octets of bytes: a line that waits until this reply is used */
	uint32_t junk;   /* lines that were no reply, so far */
};

void smtp_reply_init(struct smtp_reply *r);

/* Takes one line, or what there is of it, from the front of in. */
void smtp_reply_take(struct smtp_reply *r, struct slice *in);

/* Bytes were lost. What is known of a reply by then may make it ready. */
void smtp_reply_gap(struct smtp_reply *r);

/* An open reply that will not be completed counts as it is. */
void smtp_reply_complete(struct smtp_reply *r);

/* It was used; the text stays until more is taken. */
void smtp_reply_next(struct smtp_reply *r);

/* Goes on with the line that waited. False when there is none. */
bool smtp_reply_again(struct smtp_reply *r);

static inline struct slice
smtp_reply_text(const struct smtp_reply *r)
{
	return slice_of(r->text, r->len);
}

#endif
