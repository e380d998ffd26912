/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_PENDING_H
#define RELAYWATCH_SMTP_PENDING_H

/*
 * Commands that await their reply (RFC 2920), oldest first, in a fixed block. When it is
 * nearly full, new ones come in without their texts, and equal ones are only counted:
 * order and number stay right.
 */

#include "bytes.h"

enum smtp_pending_kind {
	SMTP_PENDING_OTHER,
	SMTP_PENDING_EMPTY, /* an empty line, which may get no reply at all */
	SMTP_PENDING_HELO,
	SMTP_PENDING_MAIL,
	SMTP_PENDING_RCPT,
	SMTP_PENDING_DATA,
	SMTP_PENDING_BDAT,
	SMTP_PENDING_DOT, /* the end of a message: its reply is the verdict */
	SMTP_PENDING_RSET,
	SMTP_PENDING_QUIT,
	SMTP_PENDING_AUTH,
	SMTP_PENDING_STARTTLS,
	SMTP_PENDING_XCLIENT, /* with a login */
	SMTP_PENDING_FOREIGN, /* of FTP or POP3: how will the server like it? */
};

enum { SMTP_PENDING_KINDS = SMTP_PENDING_FOREIGN + 1 };

enum smtp_pending_flag {
	SMTP_PENDING_CUT = 0x01,
	SMTP_PENDING_UNSURE = 0x02,
	SMTP_PENDING_EXTENDED = 0x04, /* EHLO */
	SMTP_PENDING_FIRST = 0x08,    /* BDAT: the first chunk of a message */
	SMTP_PENDING_LAST = 0x10,     /* BDAT: the last one */
	SMTP_PENDING_IMPLICIT = 0x20, /* no MAIL came before */
	SMTP_PENDING_CUT_MORE = 0x40, /* the parameters, not the path */
};

enum {
	SMTP_PENDING_BYTES = 16384,
	SMTP_PENDING_RESERVE = 2048, /* for commands without their texts */
};

struct smtp_pending_entry {
	uint8_t kind, flags;
	uint16_t len[2];
	uint32_t tx;
	uint32_t count; /* that many in a row, all without texts */
};

struct smtp_pending {
	uint64_t count;
	uint32_t head, tail,
	    last; /* offsets of the first, behind the last, of the last */
	uint16_t entries[SMTP_PENDING_KINDS]; /* of each kind */
	uint8_t bytes[SMTP_PENDING_BYTES];
};

void smtp_pending_init(struct smtp_pending *p);

/* There is always room for one more unless smtp_pending_is_full(). */
void smtp_pending_push(struct smtp_pending *p, const struct smtp_pending_entry *entry,
    struct slice text0, struct slice text1);
bool smtp_pending_is_full(const struct smtp_pending *p);

/* Whether a command with n bytes of text would lose them. */
bool smtp_pending_is_tight(const struct smtp_pending *p, size_t n);

/* The oldest. There must be one. The texts stay until the next push. */
void smtp_pending_front(
    const struct smtp_pending *p, struct smtp_pending_entry *entry, struct slice text[2]);
void smtp_pending_pop(struct smtp_pending *p);

/* One after the other from the oldest on: *at is 0 at first. There must be one more. */
void smtp_pending_get(
    const struct smtp_pending *p, size_t *at, struct smtp_pending_entry *entry);

/* Whether one of them satisfies the question: costs the same however many there are. */
bool smtp_pending_has(const struct smtp_pending *p,
    bool (*ask)(enum smtp_pending_kind kind, uint16_t code), uint16_t code);

/* The message that is awaited by the newest: it was no message after all. */
void smtp_pending_drop_dot(struct smtp_pending *p, uint32_t tx);

#endif
