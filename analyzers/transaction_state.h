/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TRANSACTION_STATE_H
#define RELAYWATCH_TRANSACTION_STATE_H

/*
 * What is behind transaction.h: transaction.c applies records and makes room,
 * transaction_sessions.c knows the mail sessions, transaction_open.c the transactions
 * under way in them. Nobody else includes this.
 */

#include "envelope.h"
#include "table.h"
#include "transaction.h"

enum {
	SESSION_OPEN = 8, /* transactions of one session: BDAT with PIPELINING */
	ENDED_MAX = 24,   /* what one record can end besides its own transaction */
	CLOSING_MAX = 8,  /* sessions, by one record: nested tunnels of one connection */
};

/* What nearly every record needs comes first, in few lines of the cache. */
struct mail_state {
	uint32_t open[SESSION_OPEN]; /* slots, in the order they began */
	uint8_t open_count;
	bool told;                   /* its empty transaction was given */
	bool closing;                /* goes with the next record */
	uint32_t over_base;          /* which transactions ended: all below it, */
	uint64_t over_mask;          /* and these from it on */
	struct mail_session mail;    /* what others see */
	struct envelope_texts texts; /* not cleared */
};

struct open_transaction {
	struct arena arena;
	uint32_t session;
	bool settled;
	struct transaction tx; /* what others see */
};

/* The records of a session come in bunches, and each asks for it more than once. */
struct lookup {
	uint64_t flow_id;
	uint32_t slot; /* the answer */
	uint8_t depth;
	bool known;
};

struct transactions {
	struct table sessions; /* of struct mail_state */
	struct table open;     /* of struct open_transaction */
	struct pool blocks;
	struct lookup latest; /* what sessions_find() found last */
	uint32_t current;     /* the open transaction the record belongs to, TABLE_NONE */
	uint32_t ended[ENDED_MAX]; /* by this record, beside it */
	unsigned ended_count, ended_shown;
	uint32_t closing[CLOSING_MAX];
	unsigned closing_count;
	uint64_t outcomes[MAIL_OUTCOMES];
	uint64_t began, sessions_began, late_facts, texts_cut;
	uint64_t evicted, sessions_evicted;
};

static inline struct mail_state *
session_at(const struct transactions *all, uint32_t slot)
{
	return table_at(&all->sessions, slot);
}

static inline struct open_transaction *
open_at(const struct transactions *all, uint32_t slot)
{
	return table_at(&all->open, slot);
}

/* transaction_sessions.c */

/* The session of a connection at that depth; TABLE_NONE. */
uint32_t sessions_find(struct transactions *all, const struct session *session);
/* The first of a connection, at whatever depth. */
uint32_t sessions_find_flow(const struct transactions *all, uint64_t flow_id);
/* The same, or a new one: TABLE_NONE where there is no room. */
uint32_t sessions_get(struct transactions *all, const struct session *session);

bool session_tx_is_over(const struct mail_state *state, uint32_t tx_id);
void session_tx_over(struct mail_state *state, uint32_t tx_id);

/* Whatever is open ends as unknown; the session goes with the next record. */
void session_close(struct transactions *all, uint32_t session);
/* A session that ends without a fact still says that nothing was seen in it. */
void session_give_up(
    struct transactions *all, uint32_t session, const struct origin *last);
void sessions_give_up_flow(struct transactions *all, const struct record *record);
/* Those that closed with the last record. */
void sessions_reap(struct transactions *all);

/* As transactions_prefetch(). */
uint32_t sessions_prefetch(
    const struct transactions *all, uint64_t flow_id, unsigned step);

/* transaction_open.c */

/* The one the fact belongs to; TABLE_NONE where it ended before, or there is no room. */
uint32_t open_get(
    struct transactions *all, uint32_t session, const struct record *record);
/* One that stands for a session without any; TABLE_NONE where nothing is to be said. */
uint32_t open_empty(
    struct transactions *all, uint32_t session, const struct origin *last);
/* It stays readable until it is settled, but its session knows it no more. */
void open_end(struct transactions *all, uint32_t slot);
/* Ends one that is not the record's own. */
void open_evict(struct transactions *all, uint32_t slot);
/* Of those not ended the one idle for longest, the record's own aside; TABLE_NONE. */
uint32_t open_oldest(const struct transactions *all);
void open_release(struct transactions *all, uint32_t slot);

#endif
