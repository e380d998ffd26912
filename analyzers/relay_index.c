/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay_index.h"

#include "owner.h"

enum {
	/* Outbound legs only wait for inbound ones that overlap them. */
	OUT_PART = 4,
	OUT_WINDOW_SEC = 3600,
	OUT_SHARE_PERCENT = 50,
};

#define USEC INT64_C(1000000)

static void
gone_in(void *context, uint32_t entry)
{
	struct relay_index *index = context;

	index->gone(index->context, relay_index_leg(index, RELAY_IN, entry));
}

static void
gone_out(void *context, uint32_t entry)
{
	struct relay_index *index = context;

	index->gone(index->context, relay_index_leg(index, RELAY_OUT, entry));
}

int
relay_index_init(struct relay_index *index, const struct conf_relay *conf,
    void (*gone)(void *context, const struct relay_leg *leg), void *context)
{
	struct seen_limits limits = {
		.entries = conf->messages,
		.keys = conf->keys,
		.share_percent = conf->client_share_percent,
		.entry_bytes = sizeof(struct relay_leg),
		.gone = gone_in,
		.context = index,
	};

	index->gone = gone;
	index->context = context;
	index->window_us[RELAY_IN] = index->window_us[RELAY_OUT] =
	    conf->window_sec * USEC;
	if (conf->window_sec > OUT_WINDOW_SEC)
		index->window_us[RELAY_OUT] = OUT_WINDOW_SEC * USEC;
	index->side[RELAY_IN] = seen_new(&limits);
	limits.entries /= OUT_PART;
	limits.keys /= OUT_PART;
	limits.share_percent = OUT_SHARE_PERCENT;
	limits.gone = gone_out;
	index->side[RELAY_OUT] = seen_new(&limits);
	if (index->side[RELAY_IN] != NULL && index->side[RELAY_OUT] != NULL)
		return 0;
	relay_index_release(index);
	return -1;
}

void
relay_index_release(struct relay_index *index)
{
	for (unsigned i = 0; i < RELAY_SIDES; i++) {
		seen_free(index->side[i]);
		index->side[i] = NULL;
	}
}

uint32_t
relay_index_add(
    struct relay_index *index, enum relay_side side, const struct transaction *tx)
{
	uint32_t entry = seen_add(
	    index->side[side], owner_of_session(&tx->mail->session), tx->last.ts_us);

	relay_leg_begin(relay_index_leg(index, side, entry), tx);
	return entry;
}

/* Every key is looked for on both sides, in tables of which little is in the cache. */
static void
prefetch_keys(const struct relay_index *index, enum relay_side side, uint32_t entry)
{
	const struct relay_leg *leg = relay_index_leg(index, side, entry);
	const struct seen *own = index->side[side], *others = index->side[!side];
	uint64_t message_id = relay_message_id_key(leg), body = relay_body_key(leg);

	seen_prefetch(own, message_id, 0);
	seen_prefetch(own, body, 0);
	seen_prefetch(others, message_id, 0);
	seen_prefetch(others, body, 0);
	for (uint32_t k = seen_keys(own, entry); k != SEEN_NONE;
	     k = seen_keys_next(own, k))
		seen_prefetch(others, seen_link_key(own, k), 0);
}

void
relay_index_carried(struct relay_index *index, enum relay_side side, uint32_t entry,
    const struct transaction *tx)
{
	struct relay_leg *leg = relay_index_leg(index, side, entry);

	relay_leg_update(leg, tx, side == RELAY_OUT);
	leg->flags |= RELAY_LEG_CARRIED;
	prefetch_keys(index, side, entry);
	if (leg->message_id != 0)
		seen_key(index->side[side], entry, relay_message_id_key(leg));
	if (leg->body_bytes != 0)
		seen_key(index->side[side], entry, relay_body_key(leg));
}

void
relay_index_close(struct relay_index *index, enum relay_side side, uint32_t entry)
{
	if (entry != SEEN_NONE)
		relay_index_leg(index, side, entry)->flags &= (uint16_t)~RELAY_LEG_OPEN;
}

static bool
is_rcpt_key(const struct relay_leg *leg, uint64_t key)
{
	return (leg->message_id == 0 || key != relay_message_id_key(leg)) &&
	       (leg->body_bytes == 0 || key != relay_body_key(leg));
}

/* Beside evidence: a transaction of its own rather than the rest of one known to have
 * left; the host that took the message rather than another. */
static unsigned
rank(const struct relay_leg *in, const struct relay_leg *out, unsigned evidence)
{
	return relay_evidence_weight(evidence) * 4 +
	       (in->verdict != ALERT_CONFIRMED ? 2u : 0u) +
	       (addr_equal(&in->relay, &out->client) ? 1u : 0u);
}

/* All that key leads to on the other side. The oldest of equals is taken. */
static unsigned
match_key(const struct relay_index *index, enum relay_side side, uint32_t entry,
    uint64_t key, unsigned best, struct relay_match *m)
{
	const struct seen *others = index->side[!side];
	bool rcpt = is_rcpt_key(relay_index_leg(index, side, entry), key);

	for (uint32_t k = seen_find(others, key); k != SEEN_NONE;
	     k = seen_find_next(others, k)) {
		uint32_t other = seen_link_entry(others, k);
		uint32_t in = side == RELAY_IN ? entry : other;
		uint32_t out = side == RELAY_IN ? other : entry;
		const struct relay_leg *in_leg = relay_index_leg(index, RELAY_IN, in);
		const struct relay_leg *out_leg = relay_index_leg(index, RELAY_OUT, out);
		unsigned evidence, r;

		if ((out_leg->flags & RELAY_LEG_MATCHED) != 0)
			continue;
		evidence = relay_legs_match(in_leg, out_leg, rcpt, index->rcpt_only);
		r = evidence != 0 ? rank(in_leg, out_leg, evidence) : 0;
		if (r == 0 || r < best)
			continue;
		best = r;
		*m = (struct relay_match){ .in = in, .out = out, .evidence = evidence };
	}
	return best;
}

struct relay_match
relay_index_match(const struct relay_index *index, enum relay_side side, uint32_t entry)
{
	const struct seen *own = index->side[side];
	struct relay_match m = { .in = SEEN_NONE, .out = SEEN_NONE };
	unsigned best = 0;

	for (uint32_t k = seen_keys(own, entry); k != SEEN_NONE;
	     k = seen_keys_next(own, k))
		best = match_key(index, side, entry, seen_link_key(own, k), best, &m);
	return m;
}

bool
relay_index_has(
    const struct relay_index *index, enum relay_side side, uint32_t entry, uint64_t key)
{
	const struct seen *s = index->side[side];
	uint32_t k = seen_find(s, key);

	while (k != SEEN_NONE && seen_link_entry(s, k) != entry)
		k = seen_find_next(s, k);
	return k != SEEN_NONE;
}

static bool
has_attempt(
    const struct relay_index *index, uint64_t key, uint16_t ruled_out, int64_t since_us)
{
	const struct seen *out = index->side[RELAY_OUT];

	for (uint32_t k = seen_find(out, key); k != SEEN_NONE;
	     k = seen_find_next(out, k)) {
		const struct relay_leg *leg =
		    relay_index_leg(index, RELAY_OUT, seen_link_entry(out, k));

		if ((leg->flags & ruled_out) == 0 && leg->last_us >= since_us)
			return true;
	}
	return false;
}

bool
relay_index_attempted(
    const struct relay_index *index, uint64_t address_hash, int64_t since_us)
{
	uint64_t refused = relay_attempt_key(address_hash);
	uint64_t accepted = relay_rcpt_key(address_hash);

	return has_attempt(index, refused, 0, since_us) ||
	       has_attempt(index, accepted, RELAY_LEG_CARRIED | RELAY_LEG_OPEN, since_us);
}

void
relay_index_expire(struct relay_index *index, int64_t now_us)
{
	for (unsigned i = 0; i < RELAY_SIDES; i++)
		seen_expire(index->side[i], now_us - index->window_us[i]);
}

static void
side_stats(const struct seen *side, bool outbound, struct stats_visitor *v)
{
	const struct seen_counters *c = seen_counters(side);
	const char *group = outbound ? "relay_outbound" : "relay_inbound";

	stats_show(v, group, "messages", c->entries);
	stats_show(v, group, "keys", c->keys);
	stats_show(v, group, "evicted", c->evicted);
	stats_show(v, group, "evicted_share", c->evicted_share);
	stats_show(v, group, "expired", c->expired);
	stats_show(v, group, "keys_hidden", c->keys_hidden);
	stats_show(v, group, "keys_refused", c->keys_refused);
}

void
relay_index_stats(const struct relay_index *index, struct stats_visitor *v)
{
	side_stats(index->side[RELAY_IN], false, v);
	side_stats(index->side[RELAY_OUT], true, v);
}
