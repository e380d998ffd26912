/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The words of a mail session, each drawn from the message's seed: what must be known
 * twice (the text of a recipient, its reply, the message itself) is not remembered.
 */
#ifndef TESTS_GEN_MAIL_H
#define TESTS_GEN_MAIL_H

#include "gen.h"

/* What is drawn from a message's seed, by index. */
enum draw {
	DRAW_SENDER,
	DRAW_BODY,
	DRAW_FINAL,
	DRAW_ATTEMPT,
	DRAW_KIND,
	DRAW_ID,
	DRAW_RCPT, /* and up */
	DRAW_RCPT_CODE = 1 << 16,
};

bool mail_speaks_helo(const struct session *s);

unsigned mail_rcpt_next(const struct session *s, unsigned i);

void say_mail(struct session *s);

void say_rcpt(struct session *s, unsigned i);

void say_rcpt_reply(struct gen *g, struct session *s, unsigned i);

void say_data_reply(struct gen *g, struct session *s);

enum pool_kind mail_body_kind(const struct session *s);

void say_header(struct session *s, enum pool_kind kind, bool brief);

void say_end_of_data(struct session *s, enum pool_kind kind);

void say_trace(struct session *s);

uint32_t mail_draw(const struct session *s, uint64_t what, uint32_t limit);

#endif
