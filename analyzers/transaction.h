/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TRANSACTION_H
#define RELAYWATCH_TRANSACTION_H

/*
 * Mail transactions put together from SMTP facts: what all mail analyzers and outputs
 * look at. A transaction lives from its first fact to its FINAL or ABORT; its texts lie
 * in blocks of a shared pool and go with it. Texts are raw bytes off the wire.
 */

#include "conf.h"
#include "record.h"
#include "stats.h"
#include "table.h"

enum {
	TRANSACTION_RCPTS = 100, /* kept with address and reply; all are counted */
	TRANSACTION_LIST = 20,   /* To, Cc and Received fields kept */
	TRANSACTION_BLOCK_BYTES = 2048,
	TRANSACTION_TEXT_BLOCKS = 48, /* of one transaction: more is cut */
};

enum mail_outcome {
	MAIL_UNKNOWN,
	MAIL_DELIVERED, /* the final reply was 2xx */
	MAIL_REJECTED, /* every RCPT, DATA, or the end of data got 4xx or 5xx, or MAIL did
			*/
	MAIL_ABORTED,  /* QUIT, 421 or the connection ended first */
	MAIL_RESET,    /* RSET or its like */
	MAIL_OUTCOMES
};

enum mail_tls { MAIL_TLS_NONE, MAIL_TLS_STARTTLS, MAIL_TLS_IMPLICIT };

struct mail_rcpt {
	struct slice path; /* with its brackets */
	struct slice reply;
	uint16_t code; /* 0: no reply seen */
	bool cut;
};

struct mail_auth {
	bool tried, ok;
	bool claimed; /* by XCLIENT: the server took the client's word for it */
	uint16_t code;
	struct slice mechanism,
	    user; /* of the last attempt, or of the one that succeeded */
};

/* What holds for all transactions of one SMTP session. */
struct mail_session {
	struct session session;
	enum mail_tls tls;
	bool starttls_granted;
	bool has_greeting; /* the server's side was seen */
	bool posted;       /* with the HTTP lines of a request that has a body */
	uint16_t greeting_code;
	uint32_t transactions;    /* begun so far */
	uint32_t oddities;        /* bits: 1 << enum fact_oddity */
	struct slice helo;        /* as the client named itself */
	struct slice server_name; /* as the server did, in HELO reply or banner */
	struct slice banner_name; /* in the banner, where that is another name */
	struct mail_auth auth;
};

struct transaction {
	uint32_t slot; /* dense index below transactions_slots(): analyzers keep their own
			  state of an open transaction in arrays of that size */
	const struct mail_session *mail;
	uint32_t tx_id;
	struct origin first, last;
	bool empty; /* stands for a session that never reached MAIL, or turned to TLS */
	bool ended; /* this fact was its last; it is gone after the analyzers saw it */
	bool cut;
	bool headers_ended;
	bool has_message; /* the end of the message was seen: size and body are known */
	bool refusal_unsure; /* of the envelope: who knows what it answered */
	bool whole;    /* and nothing of it was lost: what was not told is not there */
	uint8_t flags; /* union of enum fact_flag of its facts */
	struct slice mail_from; /* with its brackets */
	uint16_t mail_code, data_code, final_code;
	uint32_t rcpt_count, rcpt_accepted, rcpt_refused;
	uint32_t rcpts_kept;
	struct slice from, subject, date, message_id;
	uint32_t to_count, cc_count, received_count;
	uint64_t size;
	uint64_t body_hash;
	uint32_t body_bytes;       /* 0: no fingerprint */
	enum mail_outcome outcome; /* once ended */
	enum fact_abort abort;     /* where it ended so; evicted: FACT_ABORT_LOST */
	/* As many as their counts say. */
	struct slice to[TRANSACTION_LIST], cc[TRANSACTION_LIST],
	    received[TRANSACTION_LIST];
	struct mail_rcpt rcpt[TRANSACTION_RCPTS];
};

struct transactions;

struct transactions *transactions_new(const struct conf_mail *conf);
void transactions_free(struct transactions *all);
uint32_t transactions_slots(const struct transactions *all);

/*
 * Applies one record. Returns the transaction it belongs to after the fact was applied,
 * NULL where there is none (other classes, greetings, pool exhausted). A fact of the
 * session before MAIL gives NULL too; use transactions_session(). When the pool is full
 * the transaction idle for longest is ended as MAIL_UNKNOWN: transactions_evicted() gives
 * it, to be shown to the analyzers before.
 */
const struct transaction *transactions_apply(
    struct transactions *all, const struct record *record);
const struct transaction *transactions_evicted(struct transactions *all);
const struct mail_session *transactions_session(
    struct transactions *all, const struct record *record);

/* Asks for the memory that a record will need: steps 0 to 2, some records apart. The last
 * returns the slot of the transaction that is probably meant; TABLE_NONE otherwise. */
uint32_t transactions_prefetch(
    const struct transactions *all, const struct record *record, unsigned step);

/* After the analyzers saw a transaction that ended: frees it. Harmless otherwise. */
void transactions_settle(struct transactions *all, const struct transaction *tx);

const char *mail_outcome_name(enum mail_outcome outcome);
const char *mail_tls_name(enum mail_tls tls);

void transactions_stats(const struct transactions *all, struct stats_visitor *v);

#endif
