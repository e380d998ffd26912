/* SPDX-License-Identifier: BSD-2-Clause */
#include "transaction.h"

#include <stdlib.h>

#include "envelope.h"
#include "table.h"

enum {
	SESSION_OPEN = 8, /* transactions of one session: BDAT with PIPELINING */
	ENDED_MAX = 24,   /* what one record can end besides its own transaction */
	CLOSING_MAX = 8,  /* sessions, by one record: nested tunnels of one connection */
	SPARE_BLOCKS = 4, /* what one record can need */
};

struct mail_state {
	struct mail_session mail; /* first: what others see */
	uint32_t open[SESSION_OPEN]; /* slots, in the order they began */
	unsigned open_count;
	bool told;    /* its empty transaction was given */
	bool closing; /* goes with the next record */
	uint32_t over_base; /* which transactions ended: all below it, */
	uint64_t over_mask; /* and these from it on */
	struct envelope_texts texts; /* not cleared */
};

struct open_transaction {
	struct transaction tx; /* first: what others see */
	struct arena arena;
	uint32_t session;
	bool settled;
};

/* The records of a session come in bunches, and each asks for it more than once. */
struct lookup {
	bool known;
	bool any_depth;
	uint8_t depth;
	uint64_t flow_id;
	uint32_t slot; /* the answer */
};

struct transactions {
	struct table sessions; /* of struct mail_state */
	struct table open;     /* of struct open_transaction */
	struct pool blocks;
	struct lookup latest; /* what session_find() found last */
	uint32_t current; /* the open transaction the record belongs to, TABLE_NONE */
	uint32_t ended[ENDED_MAX]; /* by this record, beside it */
	unsigned ended_count, ended_shown;
	uint32_t closing[CLOSING_MAX];
	unsigned closing_count;
	uint64_t outcomes[MAIL_OUTCOMES];
	uint64_t began, sessions_began, late_facts, texts_cut;
	uint64_t evicted, sessions_evicted;
};

static struct mail_state *
session_at(const struct transactions *all, uint32_t slot)
{
	return table_at(&all->sessions, slot);
}

static struct open_transaction *
open_at(const struct transactions *all, uint32_t slot)
{
	return table_at(&all->open, slot);
}

struct transactions *
transactions_new(const struct conf_mail *conf)
{
	struct transactions *all = calloc(1, sizeof(*all));
	uint32_t sessions = conf->sessions + 1; /* room is made ahead of need */
	uint32_t blocks = conf->blocks + SPARE_BLOCKS;

	if (all == NULL)
		return NULL;
	all->current = TABLE_NONE;
	if (table_init(&all->sessions, sessions, sizeof(struct mail_state)) == 0 &&
	    table_init(&all->open, sessions + ENDED_MAX,
	        sizeof(struct open_transaction)) == 0 &&
	    pool_init(&all->blocks, blocks, TRANSACTION_BLOCK_BYTES) == 0)
		return all;
	transactions_free(all);
	return NULL;
}

void
transactions_free(struct transactions *all)
{
	if (all == NULL)
		return;
	table_release(&all->sessions);
	table_release(&all->open);
	pool_release(&all->blocks);
	free(all);
}

uint32_t
transactions_slots(const struct transactions *all)
{
	return all->open.max;
}

/* Sessions. */

static uint64_t
session_hash(const struct transactions *all, const struct session *session)
{
	return table_hash_id(&all->sessions, session->flow_id);
}

static uint32_t
session_search(
    const struct transactions *all, const struct session *session, bool any_depth)
{
	uint32_t slot = table_find(&all->sessions, session_hash(all, session));

	while (slot != TABLE_NONE) {
		const struct session *s = &session_at(all, slot)->mail.session;

		if (s->flow_id == session->flow_id &&
		    (any_depth || s->depth == session->depth))
			break;
		slot = table_find_next(&all->sessions, slot);
	}
	return slot;
}

static uint32_t
session_find(struct transactions *all, const struct session *session, bool any_depth)
{
	const struct lookup *l = &all->latest;

	if (!l->known || l->flow_id != session->flow_id || l->depth != session->depth ||
	    l->any_depth != any_depth) {
		all->latest = (struct lookup){
			.known = true,
			.any_depth = any_depth,
			.depth = session->depth,
			.flow_id = session->flow_id,
			.slot = session_search(all, session, any_depth),
		};
	}
	return all->latest.slot;
}

static uint32_t
session_get(struct transactions *all, const struct record *record)
{
	uint32_t slot = session_find(all, &record->session, false);

	if (slot != TABLE_NONE) {
		table_keep(&all->sessions, slot);
		return slot;
	}
	slot = table_add(&all->sessions, session_hash(all, &record->session));
	if (slot == TABLE_NONE)
		return slot;
	all->latest.slot = slot;
	memset(session_at(all, slot), 0, offsetof(struct mail_state, texts));
	session_at(all, slot)->mail.session = record->session;
	all->sessions_began++;
	return slot;
}

static bool
session_tx_is_over(const struct mail_state *state, uint32_t tx_id)
{
	if (tx_id < state->over_base)
		return true;
	return tx_id - state->over_base < 64 &&
	    (state->over_mask >> (tx_id - state->over_base) & 1) != 0;
}

static void
session_tx_over(struct mail_state *state, uint32_t tx_id)
{
	uint32_t shift;

	if (tx_id < state->over_base)
		return;
	if (tx_id - state->over_base >= 64) {
		shift = tx_id - state->over_base - 63;
		state->over_mask = shift < 64 ? state->over_mask >> shift : 0;
		state->over_base += shift;
	}
	state->over_mask |= (uint64_t)1 << (tx_id - state->over_base);
}

static void
session_forget(struct mail_state *state, uint32_t slot)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < state->open_count; i++) {
		if (state->open[i] != slot)
			state->open[kept++] = state->open[i];
	}
	state->open_count = kept;
}

/* Transactions. */

static void
transaction_release(struct transactions *all, uint32_t slot)
{
	struct open_transaction *open = open_at(all, slot);

	if (open->settled)
		return;
	open->settled = true;
	arena_release(&open->arena, &all->blocks);
	table_remove(&all->open, slot);
}

/* It stays readable until it is settled, but its session knows it no more. */
static void
transaction_end(struct transactions *all, uint32_t slot)
{
	struct open_transaction *open = open_at(all, slot);
	struct mail_state *state = session_at(all, open->session);

	open->tx.ended = true;
	all->outcomes[open->tx.outcome]++;
	all->texts_cut += open->tx.cut;
	if (!open->tx.empty)
		session_tx_over(state, open->tx.tx_id);
	session_forget(state, slot);
}

/* Ends one that is not the record's own. */
static void
transaction_evict(struct transactions *all, uint32_t slot)
{
	struct transaction *tx = &open_at(all, slot)->tx;

	if (!tx->empty)
		tx->abort = FACT_ABORT_LOST;
	transaction_end(all, slot);
	if (all->ended_count < ENDED_MAX)
		all->ended[all->ended_count++] = slot;
	else
		transaction_release(all, slot);
}

static uint32_t
transaction_begin(struct transactions *all, uint32_t session, const struct origin *first,
    uint32_t tx_id)
{
	struct mail_state *state = session_at(all, session);
	uint64_t key = (uint64_t)session << 32 | tx_id;
	struct open_transaction *open;
	uint32_t slot;

	slot = table_add(&all->open, table_hash_id(&all->open, key));
	if (slot == TABLE_NONE)
		return slot;
	open = open_at(all, slot);
	memset(&open->tx, 0, offsetof(struct transaction, to));
	open->arena = (struct arena){ 0 };
	open->session = session;
	open->settled = false;
	open->tx.slot = slot;
	open->tx.mail = &state->mail;
	open->tx.tx_id = tx_id;
	open->tx.first = open->tx.last = *first;
	if (state->open_count == SESSION_OPEN) {
		all->evicted++;
		transaction_evict(all, state->open[0]);
	}
	state->open[state->open_count++] = slot;
	return slot;
}

static uint32_t
transaction_get(struct transactions *all, uint32_t session, const struct record *record)
{
	struct mail_state *state = session_at(all, session);
	uint32_t slot;

	for (unsigned i = 0; i < state->open_count; i++) {
		if (open_at(all, state->open[i])->tx.tx_id == record->fact.tx)
			return state->open[i];
	}
	if (session_tx_is_over(state, record->fact.tx)) {
		all->late_facts++;
		return TABLE_NONE;
	}
	slot = transaction_begin(all, session, &record->origin, record->fact.tx);
	if (slot != TABLE_NONE) {
		state->mail.transactions++;
		all->began++;
	}
	return slot;
}

/* What a session without a readable transaction came to. */
static enum mail_outcome
empty_outcome(const struct mail_session *mail)
{
	if (mail->tls != MAIL_TLS_NONE || !mail->has_greeting)
		return MAIL_UNKNOWN;
	return mail->greeting_code >= 400 ? MAIL_REJECTED : MAIL_ABORTED;
}

static uint32_t
transaction_empty(struct transactions *all, uint32_t session, const struct origin *last)
{
	struct mail_state *state = session_at(all, session);
	struct transaction *tx;
	uint32_t slot;

	if (state->told ||
	    (state->mail.transactions != 0 && state->mail.tls == MAIL_TLS_NONE))
		return TABLE_NONE;
	slot = transaction_begin(
	    all, session, &state->mail.session.start, state->mail.transactions);
	if (slot == TABLE_NONE)
		return slot;
	state->told = true;
	tx = &open_at(all, slot)->tx;
	tx->empty = true;
	tx->last = *last;
	tx->outcome = empty_outcome(&state->mail);
	return slot;
}

/* Whatever is open ends as unknown; the session goes with the next record. */
static void
session_close(struct transactions *all, uint32_t session)
{
	struct mail_state *state = session_at(all, session);

	while (state->open_count != 0)
		transaction_evict(all, state->open[0]);
	if (state->closing || all->closing_count == CLOSING_MAX)
		return;
	state->closing = true;
	all->closing[all->closing_count++] = session;
}

/* A session that ends without a fact still says that nothing was seen in it. */
static void
session_give_up(struct transactions *all, uint32_t session, const struct origin *last)
{
	uint32_t slot = transaction_empty(all, session, last);

	if (slot != TABLE_NONE)
		transaction_evict(all, slot);
	session_close(all, session);
}

static void
flow_closed(struct transactions *all, const struct record *record)
{
	uint32_t slot = session_find(all, &record->session, true);

	while (slot != TABLE_NONE) {
		uint64_t flow_id = session_at(all, slot)->mail.session.flow_id;

		if (flow_id == record->session.flow_id)
			session_give_up(all, slot, &record->origin);
		slot = table_find_next(&all->sessions, slot);
	}
}

/* Room for whatever the next record brings. */

static uint32_t
oldest_open(const struct transactions *all)
{
	uint32_t slot = table_oldest(&all->open);

	while (slot != TABLE_NONE &&
	    (slot == all->current || open_at(all, slot)->tx.ended))
		slot = table_newer(&all->open, slot);
	return slot;
}

static bool
is_short_of_room(const struct transactions *all)
{
	uint32_t slots = all->open.max - all->open.in_use + all->ended_count;
	uint32_t blocks = all->blocks.max - all->blocks.in_use;

	for (unsigned i = 0; i < all->ended_count; i++)
		blocks += open_at(all, all->ended[i])->arena.count;
	return slots < ENDED_MAX || blocks < SPARE_BLOCKS;
}

static void
make_room(struct transactions *all, const struct origin *now)
{
	uint32_t slot = table_oldest(&all->sessions);

	if (table_is_full(&all->sessions) && all->closing_count == 0) {
		all->sessions_evicted++;
		all->evicted += session_at(all, slot)->open_count;
		session_give_up(all, slot, now);
	}
	while (all->ended_count < ENDED_MAX && is_short_of_room(all)) {
		slot = oldest_open(all);
		if (slot == TABLE_NONE)
			break;
		all->evicted++;
		transaction_evict(all, slot);
	}
}

/* What the last record ended was seen by all who wanted to. */
static void
reap(struct transactions *all)
{
	if (all->current != TABLE_NONE && open_at(all, all->current)->tx.ended)
		transaction_release(all, all->current);
	all->current = TABLE_NONE;
	for (unsigned i = 0; i < all->ended_count; i++)
		transaction_release(all, all->ended[i]);
	all->ended_count = all->ended_shown = 0;
	for (unsigned i = 0; i < all->closing_count; i++) {
		table_remove(&all->sessions, all->closing[i]);
		all->latest.known = false;
	}
	all->closing_count = 0;
}

static void
apply_session_fact(
    struct transactions *all, uint32_t session, const struct record *record)
{
	struct mail_state *state = session_at(all, session);

	envelope_session_fact(&state->mail, &state->texts, record);
	if (record->fact.type == FACT_TLS || record->fact.type == FACT_END) {
		all->current = transaction_empty(all, session, &record->origin);
		if (all->current != TABLE_NONE)
			transaction_end(all, all->current);
	}
	if (record->fact.type == FACT_END)
		session_close(all, session);
}

static void
apply_transaction_fact(
    struct transactions *all, uint32_t session, const struct record *record)
{
	struct mail_state *state = session_at(all, session);
	uint32_t slot = transaction_get(all, session, record);
	struct open_transaction *open;

	if (record->fact.code != 0)
		state->mail.has_greeting = true;
	all->current = slot;
	if (slot == TABLE_NONE)
		return;
	table_keep(&all->open, slot);
	open = open_at(all, slot);
	open->tx.last = record->origin;
	envelope_transaction_fact(&open->tx, &open->arena, &all->blocks, record);
	if (open->tx.ended)
		transaction_end(all, slot);
}

static void
apply_fact(struct transactions *all, const struct record *record)
{
	bool of_transaction = envelope_is_transaction(record->fact.type);
	uint32_t session;

	if (!of_transaction && !envelope_is_session(record->fact.type))
		return;
	session = session_get(all, record);
	if (session == TABLE_NONE)
		return;
	session_at(all, session)->mail.session.round_trip = record->session.round_trip;
	if (of_transaction)
		apply_transaction_fact(all, session, record);
	else
		apply_session_fact(all, session, record);
}

const struct transaction *
transactions_apply(struct transactions *all, const struct record *record)
{
	reap(all);
	if (record->class == RECORD_FACT)
		apply_fact(all, record);
	else if (record->class == RECORD_CONN && record->conn.event == RECORD_CONN_CLOSED)
		flow_closed(all, record);
	else
		return NULL;
	make_room(all, &record->origin);
	return all->current == TABLE_NONE ? NULL : &open_at(all, all->current)->tx;
}

/* Its session, then the transaction that was begun last. */
static void
prefetch_open(const struct transactions *all, uint64_t hash)
{
	uint32_t slot = table_prefetch_slot(&all->sessions, hash);
	const struct mail_state *state;

	if (slot == TABLE_NONE)
		return;
	state = session_at(all, slot);
	if (state->open_count == 0 || state->open_count > SESSION_OPEN)
		return;
	slot = state->open[state->open_count - 1];
	__builtin_prefetch(open_at(all, slot));
	__builtin_prefetch(&open_at(all, slot)->tx.mail_code);
}

void
transactions_prefetch(
    const struct transactions *all, const struct record *record, unsigned step)
{
	uint64_t hash;
	uint32_t slot;

	if (record->class != RECORD_FACT && record->class != RECORD_CONN)
		return;
	hash = session_hash(all, &record->session);
	switch (step) {
	case 0:
		table_prefetch_bucket(&all->sessions, hash);
		break;
	case 1:
		slot = table_prefetch_slot(&all->sessions, hash);
		if (slot != TABLE_NONE)
			__builtin_prefetch(&session_at(all, slot)->open);
		break;
	default:
		prefetch_open(all, hash);
		break;
	}
}

const struct transaction *
transactions_evicted(struct transactions *all)
{
	if (all->ended_shown == all->ended_count)
		return NULL;
	return &open_at(all, all->ended[all->ended_shown++])->tx;
}

const struct mail_session *
transactions_session(struct transactions *all, const struct record *record)
{
	uint32_t slot;

	if (record->class != RECORD_FACT && (record->class != RECORD_CONN ||
	    record->conn.event != RECORD_CONN_CLOSED))
		return NULL;
	slot = session_find(all, &record->session, record->class != RECORD_FACT);
	return slot == TABLE_NONE ? NULL : &session_at(all, slot)->mail;
}

void
transactions_settle(struct transactions *all, const struct transaction *tx)
{
	if (tx != NULL && tx->ended)
		transaction_release(all, tx->slot);
}

const char *
mail_outcome_name(enum mail_outcome outcome)
{
	static const char *const name[MAIL_OUTCOMES] = {
		[MAIL_UNKNOWN] = "unknown",
		[MAIL_DELIVERED] = "delivered",
		[MAIL_REJECTED] = "rejected",
		[MAIL_ABORTED] = "aborted",
		[MAIL_RESET] = "reset",
	};

	return name[outcome];
}

const char *
mail_tls_name(enum mail_tls tls)
{
	static const char *const name[] = {
		[MAIL_TLS_NONE] = "none",
		[MAIL_TLS_STARTTLS] = "starttls",
		[MAIL_TLS_IMPLICIT] = "implicit",
	};

	return name[tls];
}

void
transactions_stats(const struct transactions *all, struct stats_visitor *v)
{
	stats_show(v, "mail", "sessions", all->sessions_began);
	stats_show(v, "mail", "sessions_open", all->sessions.in_use);
	stats_show(v, "mail", "sessions_evicted", all->sessions_evicted);
	stats_show(v, "mail", "transactions", all->began);
	stats_show(v, "mail", "transactions_open", all->open.in_use);
	stats_show(v, "mail", "transactions_evicted", all->evicted);
	for (unsigned i = 0; i < MAIL_OUTCOMES; i++)
		stats_show(v, "mail", mail_outcome_name((enum mail_outcome)i),
		    all->outcomes[i]);
	stats_show(v, "mail", "cut", all->texts_cut);
	stats_show(v, "mail", "late_facts", all->late_facts);
	stats_show(v, "mail", "text_bytes",
	    (uint64_t)all->blocks.in_use * TRANSACTION_BLOCK_BYTES);
}
