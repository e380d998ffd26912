/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ESSENCE_H
#define RELAYWATCH_ESSENCE_H

/*
 * What is kept of an alert to be told later: all but long lists and long texts, in a
 * fixed size. Part of alert.c. An essence must not be moved: its slices point into it.
 */

#include "alert.h"

enum {
	ESSENCE_RCPTS = 8,
	ESSENCE_TEXTS = 1536, /* octets of all texts together */
	ESSENCE_TEXT = 256,   /* of one */
};

struct essence_rcpt {
	struct slice path;
	uint16_t code;
};

struct essence {
	struct alert alert; /* its mail points nowhere */
	bool has_mail, has_message, cut;
	uint32_t rcpt_count, rcpt_accepted, rcpt_refused, rcpts_kept;
	struct essence_rcpt rcpt[ESSENCE_RCPTS];
	struct slice helo, mail_from, from, subject, message_id;
	uint16_t mail_code, data_code, final_code;
	enum mail_outcome outcome;
	uint64_t size;
	size_t used;
	uint8_t text[ESSENCE_TEXTS];
};

/* Room to show one essence as an alert. */
struct essence_view {
	struct alert alert;
	struct transaction tx;
	struct mail_session mail;
};

void essence_keep(struct essence *essence, const struct alert *alert);

/* The alert again, lent until view or essence change. */
const struct alert *essence_show(
    const struct essence *essence, struct essence_view *view);

#endif
