/* SPDX-License-Identifier: BSD-2-Clause */
/* The transactions under way. */
#include "transaction_state.h"

static void
forget(struct mail_state *state, uint32_t slot)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < state->open_count; i++) {
		if (state->open[i] != slot)
			state->open[kept++] = state->open[i];
	}
	state->open_count = (uint8_t)kept;
}

void
open_release(struct transactions *all, uint32_t slot)
{
	struct open_transaction *open = open_at(all, slot);

	if (open->settled)
		return;
	open->settled = true;
	arena_release(&open->arena, &all->blocks);
	table_remove(&all->open, slot);
}

void
open_end(struct transactions *all, uint32_t slot)
{
	struct open_transaction *open = open_at(all, slot);
	struct mail_state *state = session_at(all, open->session);

	open->tx.ended = true;
	all->outcomes[open->tx.outcome]++;
	all->texts_cut += open->tx.cut;
	if (!open->tx.empty)
		session_tx_over(state, open->tx.tx_id);
	forget(state, slot);
}

void
open_evict(struct transactions *all, uint32_t slot)
{
	struct transaction *tx = &open_at(all, slot)->tx;

	if (!tx->empty)
		tx->abort = FACT_ABORT_LOST;
	open_end(all, slot);
	if (all->ended_count < ENDED_MAX)
		all->ended[all->ended_count++] = slot;
	else
		open_release(all, slot);
}

static uint32_t
begin(struct transactions *all, uint32_t session, const struct origin *first,
    uint32_t tx_id)
{
	struct mail_state *state = session_at(all, session);
	struct open_transaction *open;
	uint32_t slot;

	/* Found by way of its session: no hash is needed but one that spreads. */
	slot = table_add(&all->open, session);
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
		open_evict(all, state->open[0]);
	}
	state->open[state->open_count++] = slot;
	return slot;
}

uint32_t
open_get(struct transactions *all, uint32_t session, const struct record *record)
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
	slot = begin(all, session, &record->origin, record->fact.tx);
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

uint32_t
open_empty(struct transactions *all, uint32_t session, const struct origin *last)
{
	struct mail_state *state = session_at(all, session);
	struct transaction *tx;
	uint32_t slot;

	if (state->told ||
	    (state->mail.transactions != 0 && state->mail.tls == MAIL_TLS_NONE))
		return TABLE_NONE;
	slot = begin(all, session, &state->mail.session.start, state->mail.transactions);
	if (slot == TABLE_NONE)
		return slot;
	state->told = true;
	tx = &open_at(all, slot)->tx;
	tx->empty = true;
	tx->last = *last;
	tx->outcome = empty_outcome(&state->mail);
	return slot;
}

uint32_t
open_oldest(const struct transactions *all)
{
	uint32_t slot = table_oldest(&all->open);

	while (
	    slot != TABLE_NONE && (slot == all->current || open_at(all, slot)->tx.ended))
		slot = table_newer(&all->open, slot);
	return slot;
}
