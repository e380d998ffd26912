/* SPDX-License-Identifier: BSD-2-Clause */
/* The mail sessions, found by their connection. */
#include "transaction_state.h"

/* What nearly every record needs of each. */
enum {
	STATE_BYTES = offsetof(struct mail_state, mail.helo),
	OPEN_BYTES = offsetof(struct open_transaction, tx.from),
};

static uint64_t
flow_hash(const struct transactions *all, uint64_t flow_id)
{
	return table_hash_id(&all->sessions, flow_id);
}

static uint32_t
search(const struct transactions *all, const struct session *session)
{
	uint32_t slot = table_find(&all->sessions, flow_hash(all, session->flow_id));

	while (slot != TABLE_NONE) {
		const struct session *s = &session_at(all, slot)->mail.session;

		if (s->flow_id == session->flow_id && s->depth == session->depth)
			break;
		slot = table_find_next(&all->sessions, slot);
	}
	return slot;
}

uint32_t
sessions_find(struct transactions *all, const struct session *session)
{
	const struct lookup *l = &all->latest;

	if (l->flow_id == session->flow_id && l->depth == session->depth && l->known)
		return l->slot;
	all->latest = (struct lookup){
		.flow_id = session->flow_id,
		.slot = search(all, session),
		.depth = session->depth,
		.known = true,
	};
	return all->latest.slot;
}

uint32_t
sessions_find_flow(const struct transactions *all, uint64_t flow_id)
{
	uint32_t slot = table_find(&all->sessions, flow_hash(all, flow_id));

	while (
	    slot != TABLE_NONE && session_at(all, slot)->mail.session.flow_id != flow_id)
		slot = table_find_next(&all->sessions, slot);
	return slot;
}

uint32_t
sessions_get(struct transactions *all, const struct session *session)
{
	uint32_t slot = sessions_find(all, session);

	if (slot != TABLE_NONE) {
		table_keep(&all->sessions, slot);
		return slot;
	}
	slot = table_add(&all->sessions, flow_hash(all, session->flow_id));
	if (slot == TABLE_NONE)
		return slot;
	all->latest.slot = slot;
	memset(session_at(all, slot), 0, offsetof(struct mail_state, texts));
	session_at(all, slot)->mail.session = *session;
	all->sessions_began++;
	return slot;
}

bool
session_tx_is_over(const struct mail_state *state, uint32_t tx_id)
{
	if (tx_id < state->over_base)
		return true;
	return tx_id - state->over_base < 64 &&
	       (state->over_mask >> (tx_id - state->over_base) & 1) != 0;
}

void
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

void
session_close(struct transactions *all, uint32_t session)
{
	struct mail_state *state = session_at(all, session);

	while (state->open_count != 0)
		open_evict(all, state->open[0]);
	if (state->closing || all->closing_count == CLOSING_MAX)
		return;
	state->closing = true;
	all->closing[all->closing_count++] = session;
}

void
session_give_up(struct transactions *all, uint32_t session, const struct origin *last)
{
	uint32_t slot = open_empty(all, session, last);

	if (slot != TABLE_NONE)
		open_evict(all, slot);
	session_close(all, session);
}

void
sessions_give_up_flow(struct transactions *all, const struct record *record)
{
	uint32_t slot = sessions_find_flow(all, record->session.flow_id);

	while (slot != TABLE_NONE) {
		uint64_t flow_id = session_at(all, slot)->mail.session.flow_id;

		if (flow_id == record->session.flow_id)
			session_give_up(all, slot, &record->origin);
		slot = table_find_next(&all->sessions, slot);
	}
}

void
sessions_reap(struct transactions *all)
{
	for (unsigned i = 0; i < all->closing_count; i++) {
		table_remove(&all->sessions, all->closing[i]);
		all->latest.known = false;
	}
	all->closing_count = 0;
}

/* That which was begun last. */
static uint32_t
prefetch_open(const struct transactions *all, uint32_t session)
{
	const struct mail_state *state = session_at(all, session);
	uint32_t slot;

	if (state->open_count == 0)
		return TABLE_NONE;
	slot = state->open[(state->open_count - 1) % SESSION_OPEN];
	table_prefetch_item(&all->open, slot, OPEN_BYTES);
	return slot;
}

uint32_t
sessions_prefetch(const struct transactions *all, uint64_t flow_id, unsigned step)
{
	uint64_t hash = flow_hash(all, flow_id);
	uint32_t slot;

	if (step == 0) {
		table_prefetch_bucket(&all->sessions, hash);
		return TABLE_NONE;
	}
	slot = table_prefetch_slot(&all->sessions, hash, step == 1 ? STATE_BYTES : 0);
	return step == 1 || slot == TABLE_NONE ? TABLE_NONE : prefetch_open(all, slot);
}
