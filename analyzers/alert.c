/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Aggregation. A finding counts in windows. The first occurrence of a window is told at
 * once, then the 10th, the 100th, ..., and the rest when the window ends. What a line
 * says replaces what an earlier line of the same id, verdict and first_seen said; so the
 * sum of `count` over the last lines is what really happened, also after occurrences
 * moved to a stronger verdict: their old finding is told again with its count gone down.
 *
 * Findings stand in the table in the order in which their windows began: those whose
 * window ended come first, and are the first to go when the table is full.
 */
#include "alert.h"

#include <stdlib.h>
#include <xxhash.h>

#include "crowd.h"
#include "essence.h"
#include "inventory.h"
#include "kin.h"
#include "pool.h"
#include "sink.h"

enum { CLIENTS_TOLD = 100, CLIENT_PREFIX = 64 };

#define TOLD_OTHERWISE UINT64_MAX /* no count: its line must be told again */

/* Octets only: the same on every machine, without padding. */
struct finding_key {
	uint8_t kind, verdict, mechanism;
	uint8_t crowd; /* many clients rolled up */
	uint8_t has_client;
	uint8_t port[2];
	uint8_t zero;
	uint8_t server[16], client[16];
};

struct window {
	uint64_t serial;
	uint64_t count, told;
	uint64_t due; /* the count at which a line is due */
	int64_t first_us, last_us;
	uint64_t clients_total;
	uint32_t clients_count;
};

struct finding {
	struct finding_key key;
	uint64_t id;
	struct window now;
	struct window past; /* the one before: occurrences may still move out of it */
	int64_t ends_us;    /* 0: no window is open */
	uint64_t line;      /* number of its latest line */
	unsigned related_count;
	uint64_t related[ALERT_RELATED]; /* findings it shares a connection with */
	struct essence essence; /* of the latest occurrence */
};

struct alerts {
	struct sinks *sinks;
	struct inventory *inventory;
	int64_t window_us, now_us;
	struct table findings;
	struct addr (*clients)[CLIENTS_TOLD]; /* by slot */
	struct crowds crowds;
	struct kin kin;
	uint64_t claims;
	uint32_t first_open; /* the finding whose window ends next */
	uint64_t serial;     /* of windows */
	uint64_t raised, lines, moved, not_moved, rolled_up, evicted;
	struct essence_view view;
};

struct alerts *
alerts_new(
    const struct conf_alerts *conf, struct sinks *sinks, struct inventory *inventory)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));

	if (alerts == NULL)
		return NULL;
	alerts->sinks = sinks;
	alerts->inventory = inventory;
	alerts->window_us = conf->window_sec * (int64_t)1000000;
	alerts->first_open = TABLE_NONE;
	alerts->clients = pool_reserve(conf->findings * sizeof(*alerts->clients));
	if (alerts->clients != NULL &&
	    table_init(&alerts->findings, conf->findings, sizeof(struct finding)) == 0 &&
	    kin_init(&alerts->kin, conf->findings) == 0 &&
	    crowds_init(&alerts->crowds, conf->findings, conf->clients,
	        alerts->window_us) == 0)
		return alerts;
	alerts_free(alerts);
	return NULL;
}

void
alerts_free(struct alerts *alerts)
{
	if (alerts == NULL)
		return;
	pool_unreserve(
	    alerts->clients, alerts->findings.max * sizeof(*alerts->clients));
	table_release(&alerts->findings);
	crowds_release(&alerts->crowds);
	kin_release(&alerts->kin);
	free(alerts);
}

static struct finding *
finding_at(const struct alerts *alerts, uint32_t slot)
{
	return table_at(&alerts->findings, slot);
}

/* Keys. */

static struct finding_key
key_of(const struct alert *alert, enum alert_verdict verdict)
{
	struct finding_key key = { .kind = (uint8_t)alert->kind,
		.verdict = (uint8_t)verdict,
		.mechanism = (uint8_t)alert->mechanism,
		.has_client = alert->has_client,
		.port = { alert->server.port >> 8, alert->server.port & 0xff } };
	struct addr client;

	memcpy(key.server, alert->server.addr.b, sizeof(key.server));
	if (alert->has_client) {
		client = addr_v6_prefix(&alert->client, CLIENT_PREFIX);
		memcpy(key.client, client.b, sizeof(key.client));
	}
	return key;
}

static struct finding_key
crowd_key(struct finding_key key)
{
	key.crowd = 1;
	key.has_client = 0;
	memset(key.client, 0, sizeof(key.client));
	return key;
}

static struct addr
key_client(const struct finding_key *key)
{
	return addr_from_v6(key->client);
}

/* The same for all verdicts; no seed, so that runs and sensors agree. */
static uint64_t
key_id(struct finding_key key)
{
	key.verdict = ALERT_NO_VERDICT;
	return XXH3_64bits(&key, sizeof(key));
}

static uint64_t
id_hash(const struct alerts *alerts, uint64_t id)
{
	return table_hash_id(&alerts->findings, id);
}

static uint32_t
finding_find(const struct alerts *alerts, const struct finding_key *key)
{
	uint32_t slot = table_find(&alerts->findings, id_hash(alerts, key_id(*key)));

	while (slot != TABLE_NONE &&
	    memcmp(&finding_at(alerts, slot)->key, key, sizeof(*key)) != 0)
		slot = table_find_next(&alerts->findings, slot);
	return slot;
}

/* Telling. */

static bool
is_untold(const struct window *window)
{
	return window->count != window->told;
}

static void
tell(struct alerts *alerts, uint32_t slot, struct window *window,
    const struct alert *alert)
{
	struct finding *f = finding_at(alerts, slot);
	struct alert shown = *alert;
	struct alert_tally tally = { .id = f->id,
		.count = window->count,
		.first_us = window->first_us,
		.last_us = window->last_us,
		.clients_total = window->clients_total,
		.clients = alerts->clients[slot],
		.clients_count = window->clients_count };

	if (f->key.crowd != 0)
		shown.has_client = false;
	for (unsigned i = 0; i < f->related_count; i++)
		alert_relate(&shown, f->related[i]);
	sinks_alert(alerts->sinks, &shown, &tally);
	window->told = window->count;
	f->line = ++alerts->lines;
}

static void
tell_again(struct alerts *alerts, uint32_t slot, struct window *window)
{
	const struct essence *essence = &finding_at(alerts, slot)->essence;

	tell(alerts, slot, window, essence_show(essence, &alerts->view));
}

static void
tell_rest(struct alerts *alerts, uint32_t slot)
{
	struct finding *f = finding_at(alerts, slot);

	if (is_untold(&f->past))
		tell_again(alerts, slot, &f->past);
	if (is_untold(&f->now))
		tell_again(alerts, slot, &f->now);
}

/* The last line of an id is to be its strongest. */
static void
tell_strongest(struct alerts *alerts, uint64_t id)
{
	uint32_t slot = table_find(&alerts->findings, id_hash(alerts, id));
	uint32_t strongest = TABLE_NONE;
	uint64_t last = 0;

	for (; slot != TABLE_NONE; slot = table_find_next(&alerts->findings, slot)) {
		const struct finding *f = finding_at(alerts, slot);

		if (f->id != id)
			continue;
		if (f->line > last)
			last = f->line;
		if (f->now.count != 0 &&
		    (strongest == TABLE_NONE ||
		        f->key.verdict > finding_at(alerts, strongest)->key.verdict))
			strongest = slot;
	}
	if (strongest != TABLE_NONE && finding_at(alerts, strongest)->line < last)
		tell_again(alerts, strongest, &finding_at(alerts, strongest)->now);
}

/* Windows. */

/* One that opened only to correct the one before counts nothing of its own. */
static bool
has_begun(const struct window *window)
{
	return window->due > 1;
}

static void
window_open(struct alerts *alerts, uint32_t slot)
{
	struct finding *f = finding_at(alerts, slot);

	f->ends_us = alerts->now_us + alerts->window_us;
	f->now = (struct window){ .serial = ++alerts->serial, .due = 1 };
	table_touch(&alerts->findings, slot);
	if (alerts->first_open == TABLE_NONE)
		alerts->first_open = slot;
}

static void
window_close(struct alerts *alerts, uint32_t slot)
{
	struct finding *f = finding_at(alerts, slot);
	uint64_t lines = alerts->lines;

	tell_rest(alerts, slot);
	if (alerts->lines != lines)
		tell_strongest(alerts, f->id);
	if (has_begun(&f->now)) {
		f->past = f->now;
		f->past.clients_count = 0; /* the list is the next window's */
	}
	f->now = (struct window){ 0 };
	f->ends_us = 0;
	alerts->first_open = table_newer(&alerts->findings, slot);
}

void
alerts_tick(struct alerts *alerts, int64_t now_us)
{
	if (now_us > alerts->now_us)
		alerts->now_us = now_us;
	while (alerts->first_open != TABLE_NONE &&
	    finding_at(alerts, alerts->first_open)->ends_us <= alerts->now_us)
		window_close(alerts, alerts->first_open);
}

/* Findings. */

static void
evict_oldest(struct alerts *alerts)
{
	uint32_t slot = table_oldest(&alerts->findings);
	uint64_t lines = alerts->lines;

	alerts->evicted++;
	tell_rest(alerts, slot);
	if (alerts->lines != lines)
		tell_strongest(alerts, finding_at(alerts, slot)->id);
	if (slot == alerts->first_open)
		alerts->first_open = table_newer(&alerts->findings, slot);
	table_remove(&alerts->findings, slot);
}

static uint32_t
finding_add(struct alerts *alerts, const struct finding_key *key)
{
	uint64_t id = key_id(*key);
	struct finding *f;
	uint32_t slot;

	if (table_is_full(&alerts->findings))
		evict_oldest(alerts);
	slot = table_add(&alerts->findings, id_hash(alerts, id));
	f = finding_at(alerts, slot);
	memset(f, 0, offsetof(struct finding, essence));
	f->key = *key;
	f->id = id;
	return slot;
}

static bool
is_open(const struct alerts *alerts, uint32_t slot)
{
	return slot != TABLE_NONE && finding_at(alerts, slot)->ends_us != 0;
}

/* The finding a new occurrence counts in, its window open. */
static uint32_t
finding_for(struct alerts *alerts, const struct alert *alert)
{
	struct finding_key key = key_of(alert, alert->verdict);
	struct finding_key crowd = crowd_key(key);
	uint32_t slot = finding_find(alerts, &key);
	uint64_t crowd_id = XXH3_64bits(&crowd, sizeof(crowd));

	if (is_open(alerts, slot))
		return slot;
	if (alert->has_client &&
	    !crowds_admit(&alerts->crowds, crowd_id, alerts->now_us)) {
		key = crowd;
		slot = finding_find(alerts, &key);
	}
	if (slot == TABLE_NONE)
		slot = finding_add(alerts, &key);
	if (!is_open(alerts, slot))
		window_open(alerts, slot);
	return slot;
}

static void
roll_up(struct alerts *alerts, uint32_t slot, const struct alert *alert)
{
	struct finding_key key = key_of(alert, alert->verdict);
	struct window *now = &finding_at(alerts, slot)->now;
	struct addr client = key_client(&key);

	alerts->rolled_up++;
	if (!crowds_join(&alerts->crowds, now->serial, &client))
		return;
	now->clients_total++;
	if (now->clients_count < CLIENTS_TOLD)
		alerts->clients[slot][now->clients_count++] = alert->client;
}

static void
count(struct alerts *alerts, uint32_t slot, const struct alert *alert)
{
	struct finding *f = finding_at(alerts, slot);

	if (!has_begun(&f->now))
		f->now.first_us = alert->origin.ts_us;
	if (alert->origin.ts_us > f->now.last_us) /* an evicted one tells of the past */
		f->now.last_us = alert->origin.ts_us;
	f->now.count++;
	if (f->key.crowd != 0)
		roll_up(alerts, slot, alert);
	essence_keep(&f->essence, alert);
}

/* Takes an occurrence out of a finding. An ended window is told again when the one that
 * opens for it ends. */
static bool
uncount(struct alerts *alerts, uint32_t slot, const struct addr *member, bool past)
{
	struct finding *f;
	struct window *window;

	if (slot == TABLE_NONE)
		return false;
	f = finding_at(alerts, slot);
	window = past ? &f->past : &f->now;
	if (window->count == 0 ||
	    (member != NULL && !crowds_has(&alerts->crowds, window->serial, member)))
		return false;
	window->count--;
	if (f->ends_us == 0)
		window_open(alerts, slot);
	return true;
}

/* Where an occurrence was counted until now: TABLE_NONE where that is forgotten. */
static uint32_t
move_out(struct alerts *alerts, const struct alert *alert)
{
	struct finding_key key = key_of(alert, alert->was);
	struct finding_key crowd = crowd_key(key);
	uint32_t own = finding_find(alerts, &key);
	uint32_t rolled = finding_find(alerts, &crowd);
	struct addr client = key_client(&key);

	alerts->moved++;
	for (unsigned past = 0; past <= 1; past++) {
		if (uncount(alerts, own, NULL, past != 0))
			return own;
		if (uncount(alerts, rolled, &client, past != 0))
			return rolled;
	}
	alerts->not_moved++;
	return TABLE_NONE;
}

static uint64_t
raise_again(struct alerts *alerts, const struct alert *alert)
{
	struct finding_key key = key_of(alert, alert->verdict);
	uint32_t slot = finding_find(alerts, &key);
	struct finding *f;

	if (slot == TABLE_NONE) {
		key = crowd_key(key);
		slot = finding_find(alerts, &key);
	}
	if (slot == TABLE_NONE)
		return key_id(key_of(alert, alert->verdict));
	f = finding_at(alerts, slot);
	if ((alert->evidence & ~f->essence.alert.evidence) != 0 && f->now.count != 0)
		f->now.told = TOLD_OTHERWISE;
	essence_keep(&f->essence, alert);
	return f->id;
}

void
alerts_claim(struct alerts *alerts, uint64_t flow_id, enum alert_claim claim)
{
	alerts->claims++;
	kin_claim(&alerts->kin, flow_id, claim);
}

enum alert_claim
alerts_claim_of(const struct alerts *alerts, uint64_t flow_id)
{
	return kin_claim_of(&alerts->kin, flow_id);
}

uint64_t
alerts_claims(const struct alerts *alerts)
{
	return alerts->claims;
}

/* Adds to all that is told of id, and tells what was told without. */
static void
relate(struct alerts *alerts, uint64_t id, uint64_t to)
{
	uint32_t slot = table_find(&alerts->findings, id_hash(alerts, id));

	for (; slot != TABLE_NONE; slot = table_find_next(&alerts->findings, slot)) {
		struct finding *f = finding_at(alerts, slot);
		unsigned i = 0;

		while (i < f->related_count && f->related[i] != to)
			i++;
		if (f->id != id || i < f->related_count || i == ALERT_RELATED)
			continue;
		f->related[f->related_count++] = to;
		if (f->now.count != 0)
			f->now.told = TOLD_OTHERWISE;
	}
}

static uint64_t
raise_related(struct alerts *alerts, const struct alert *alert)
{
	uint32_t slot, weaker = TABLE_NONE;
	struct finding *f;

	if (alert->was == alert->verdict)
		return raise_again(alerts, alert);
	alerts->raised++;
	slot = finding_for(alerts, alert);
	f = finding_at(alerts, slot);
	if (alert->was != ALERT_NO_VERDICT)
		weaker = move_out(alerts, alert);
	count(alerts, slot, alert);
	if (f->now.count < f->now.due)
		return f->id;
	f->now.due *= 10;
	if (weaker != TABLE_NONE)
		tell_rest(alerts, weaker);
	tell(alerts, slot, &f->now, alert);
	return f->id;
}

uint64_t
alerts_raise(struct alerts *alerts, const struct alert *alert)
{
	struct alert shown = *alert;
	uint64_t id = key_id(key_of(alert, alert->verdict));

	alerts_tick(alerts, alert->origin.ts_us);
	inventory_alert(alerts->inventory, alert);
	kin_relate(&alerts->kin, &shown, id);
	for (unsigned i = 0; i < shown.related_count; i++)
		relate(alerts, shown.related[i], id);
	return raise_related(alerts, &shown);
}

/* All of one id, the weaker first. */
static void
finish_id(struct alerts *alerts, const struct finding *f)
{
	struct finding_key key = f->key;
	uint32_t slot;

	for (key.verdict = 0; key.verdict < ALERT_VERDICTS; key.verdict++) {
		slot = finding_find(alerts, &key);
		if (slot != TABLE_NONE)
			tell_rest(alerts, slot);
	}
	tell_strongest(alerts, f->id);
}

void
alerts_finish(struct alerts *alerts)
{
	uint32_t slot = table_oldest(&alerts->findings);

	for (; slot != TABLE_NONE; slot = table_newer(&alerts->findings, slot))
		finish_id(alerts, finding_at(alerts, slot));
}

void
alerts_stats(const struct alerts *alerts, struct stats_visitor *v)
{
	stats_show(v, "alerts", "raised", alerts->raised);
	stats_show(v, "alerts", "lines", alerts->lines);
	stats_show(v, "alerts", "findings", alerts->findings.in_use);
	stats_show(v, "alerts", "findings_evicted", alerts->evicted);
	stats_show(v, "alerts", "moved", alerts->moved);
	stats_show(v, "alerts", "moves_too_late", alerts->not_moved);
	stats_show(v, "alerts", "rolled_up", alerts->rolled_up);
	stats_show(v, "alerts", "clients_forgotten", alerts->crowds.forgotten);
}
