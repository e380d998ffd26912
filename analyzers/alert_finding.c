/* SPDX-License-Identifier: BSD-2-Clause */
/* The findings, and what tells them apart. */
#include <xxhash.h>

#include "alert_state.h"

struct finding_key
finding_key_of(const struct alert *alert, enum alert_verdict verdict)
{
	struct finding_key key = { .kind = (uint8_t)alert->kind,
		.verdict = (uint8_t)verdict,
		.mechanism = (uint8_t)alert->mechanism,
		.has_client = alert->has_client,
		.port = { alert->server.port >> 8, alert->server.port & 0xff } };
	struct addr client;

	memcpy(key.server, alert->server.addr.b, sizeof(key.server));
	if (alert->has_client) {
		client = addr_customer(&alert->client);
		memcpy(key.client, client.b, sizeof(key.client));
	}
	return key;
}

struct finding_key
finding_crowd_key(struct finding_key key)
{
	key.crowd = 1;
	key.has_client = 0;
	memset(key.client, 0, sizeof(key.client));
	return key;
}

struct addr
finding_client(const struct finding_key *key)
{
	return addr_from_v6(key->client);
}

/* The same for all verdicts; no seed, so that runs and sensors agree. */
uint64_t
finding_id(struct finding_key key)
{
	key.verdict = ALERT_NO_VERDICT;
	return XXH3_64bits(&key, sizeof(key));
}

static uint64_t
id_hash(const struct alerts *alerts, uint64_t id)
{
	return table_hash_id(&alerts->findings, id);
}

uint32_t
finding_find(const struct alerts *alerts, const struct finding_key *key)
{
	uint32_t slot = table_find(&alerts->findings, id_hash(alerts, finding_id(*key)));

	while (slot != TABLE_NONE &&
	       memcmp(&finding_at(alerts, slot)->key, key, sizeof(*key)) != 0)
		slot = table_find_next(&alerts->findings, slot);
	return slot;
}

/* Of those with its hash, from slot on. */
static uint32_t
same_id(const struct alerts *alerts, uint32_t slot, uint64_t id)
{
	while (slot != TABLE_NONE && finding_at(alerts, slot)->id != id)
		slot = table_find_next(&alerts->findings, slot);
	return slot;
}

uint32_t
finding_first(const struct alerts *alerts, uint64_t id)
{
	return same_id(alerts, table_find(&alerts->findings, id_hash(alerts, id)), id);
}

uint32_t
finding_next(const struct alerts *alerts, uint32_t slot)
{
	return same_id(alerts, table_find_next(&alerts->findings, slot),
	    finding_at(alerts, slot)->id);
}

static void
evict_oldest(struct alerts *alerts)
{
	uint32_t slot = table_oldest(&alerts->findings);

	alerts->evicted++;
	alert_tell_last(alerts, slot);
	if (slot == alerts->first_open)
		alerts->first_open = table_newer(&alerts->findings, slot);
	table_remove(&alerts->findings, slot);
}

static uint32_t
finding_add(struct alerts *alerts, const struct finding_key *key)
{
	uint64_t id = finding_id(*key);
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

uint32_t
finding_for(struct alerts *alerts, const struct alert *alert)
{
	struct finding_key key = finding_key_of(alert, alert->verdict);
	struct finding_key crowd = finding_crowd_key(key);
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
