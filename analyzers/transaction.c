/* SPDX-License-Identifier: BSD-2-Clause */
#include "transaction_state.h"

#include <stdlib.h>

enum { SPARE_BLOCKS = 4 }; /* what one record can need */

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
	    table_init(
		&all->open, sessions + ENDED_MAX, sizeof(struct open_transaction)) == 0 &&
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

static bool
is_short_of_room(const struct transactions *all)
{
	uint32_t slots = all->open.max - all->open.in_use + all->ended_count;
	uint32_t blocks = all->blocks.max - all->blocks.in_use;

	for (unsigned i = 0; i < all->ended_count; i++)
		blocks += open_at(all, all->ended[i])->arena.count;
	return slots < ENDED_MAX || blocks < SPARE_BLOCKS;
}

/* For whatever the next record brings. */
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
		slot = open_oldest(all);
		if (slot == TABLE_NONE)
			break;
		all->evicted++;
		open_evict(all, slot);
	}
}

/* What the last record ended was seen by all who wanted to. */
static void
reap(struct transactions *all)
{
	if (all->current != TABLE_NONE && open_at(all, all->current)->tx.ended)
		open_release(all, all->current);
	all->current = TABLE_NONE;
	for (unsigned i = 0; i < all->ended_count; i++)
		open_release(all, all->ended[i]);
	all->ended_count = all->ended_shown = 0;
	if (all->closing_count != 0)
		sessions_reap(all);
}

static void
apply_session_fact(
    struct transactions *all, uint32_t session, const struct record *record)
{
	struct mail_state *state = session_at(all, session);

	envelope_session_fact(&state->mail, &state->texts, record);
	if (record->fact.type == FACT_TLS || record->fact.type == FACT_END) {
		all->current = open_empty(all, session, &record->origin);
		if (all->current != TABLE_NONE)
			open_end(all, all->current);
	}
	if (record->fact.type == FACT_END)
		session_close(all, session);
}

static void
apply_transaction_fact(
    struct transactions *all, uint32_t session, const struct record *record)
{
	struct mail_state *state = session_at(all, session);
	uint32_t slot = open_get(all, session, record);
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
		open_end(all, slot);
}

static void
apply_fact(struct transactions *all, const struct record *record)
{
	bool of_transaction = envelope_is_transaction(record->fact.type);
	uint32_t session;

	if (!of_transaction && !envelope_is_session(record->fact.type))
		return;
	session = sessions_get(all, &record->session);
	if (session == TABLE_NONE)
		return;
	session_at(all, session)->mail.session.round_trip = record->session.round_trip;
	if (of_transaction)
		apply_transaction_fact(all, session, record);
	else
		apply_session_fact(all, session, record);
}

static bool
is_closing(const struct record *record)
{
	return record->class == RECORD_CONN && record->conn.event == RECORD_CONN_CLOSED;
}

const struct transaction *
transactions_apply(struct transactions *all, const struct record *record)
{
	reap(all);
	if (record->class == RECORD_FACT)
		apply_fact(all, record);
	else if (is_closing(record))
		sessions_give_up_flow(all, record);
	else
		return NULL;
	make_room(all, &record->origin);
	return all->current == TABLE_NONE ? NULL : &open_at(all, all->current)->tx;
}

uint32_t
transactions_prefetch(
    const struct transactions *all, const struct record *record, unsigned step)
{
	if (record->class != RECORD_FACT && record->class != RECORD_CONN)
		return TABLE_NONE;
	return sessions_prefetch(all, record->session.flow_id, step);
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
	uint32_t slot = TABLE_NONE;

	if (record->class == RECORD_FACT)
		slot = sessions_find(all, &record->session);
	else if (is_closing(record))
		slot = sessions_find_flow(all, record->session.flow_id);
	return slot == TABLE_NONE ? NULL : &session_at(all, slot)->mail;
}

void
transactions_settle(struct transactions *all, const struct transaction *tx)
{
	if (tx != NULL && tx->ended)
		open_release(all, tx->slot);
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
		stats_show(
		    v, "mail", mail_outcome_name((enum mail_outcome)i), all->outcomes[i]);
	stats_show(v, "mail", "cut", all->texts_cut);
	stats_show(v, "mail", "late_facts", all->late_facts);
	stats_show(v, "mail", "text_bytes",
	    (uint64_t)all->blocks.in_use * TRANSACTION_BLOCK_BYTES);
}
