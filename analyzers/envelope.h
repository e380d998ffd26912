/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ENVELOPE_H
#define RELAYWATCH_ENVELOPE_H

/*
 * What each SMTP fact says about its session or its transaction. Part of transaction.c:
 * nobody else calls it.
 */

#include "arena.h"
#include "transaction.h"

enum {
	ENVELOPE_HELO_MAX = 512,
	ENVELOPE_SERVER_NAME_MAX = 256,
	ENVELOPE_MECHANISM_MAX = 32,
	ENVELOPE_USER_MAX = 256,
};

/* Where the texts of a mail_session lie. */
struct envelope_texts {
	uint8_t helo[ENVELOPE_HELO_MAX];
	uint8_t server_name[ENVELOPE_SERVER_NAME_MAX];
	uint8_t banner_name[ENVELOPE_SERVER_NAME_MAX];
	uint8_t mechanism[ENVELOPE_MECHANISM_MAX];
	uint8_t user[ENVELOPE_USER_MAX];
};

/* Whether a fact belongs to a mail transaction, or else to a mail session at all. */
bool envelope_is_transaction(enum fact_type type);
bool envelope_is_session(enum fact_type type);

void envelope_session_fact(struct mail_session *mail, struct envelope_texts *texts,
    const struct record *record);

void envelope_transaction_fact(struct transaction *tx, struct arena *arena,
    struct pool *blocks, const struct record *record);

#endif
