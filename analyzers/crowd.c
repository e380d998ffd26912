/* SPDX-License-Identifier: BSD-2-Clause */
#include "crowd.h"

struct crowd {
	uint64_t id;
	int64_t ends_us;
	uint32_t clients;
};

struct member {
	uint64_t serial;
	struct addr client;
};

int
crowds_init(struct crowds *crowds, uint32_t findings, uint32_t clients_max,
    int64_t window_us)
{
	*crowds = (struct crowds){ .window_us = window_us, .clients_max = clients_max };
	if (table_init(&crowds->servers, findings, sizeof(struct crowd)) == 0 &&
	    table_init(&crowds->members, findings, sizeof(struct member)) == 0)
		return 0;
	crowds_release(crowds);
	return -1;
}

void
crowds_release(struct crowds *crowds)
{
	table_release(&crowds->servers);
	table_release(&crowds->members);
}

static uint32_t
add(struct crowds *crowds, struct table *table, uint64_t hash)
{
	if (table_is_full(table)) {
		table_remove(table, table_oldest(table));
		crowds->forgotten++;
	}
	return table_add(table, hash);
}

static struct crowd *
crowd_get(struct crowds *crowds, uint64_t id, int64_t now_us)
{
	uint64_t hash = table_hash_id(&crowds->servers, id);
	uint32_t slot = table_find(&crowds->servers, hash);
	struct crowd *crowd = NULL;

	while (slot != TABLE_NONE) {
		crowd = table_at(&crowds->servers, slot);
		if (crowd->id == id)
			break;
		slot = table_find_next(&crowds->servers, slot);
	}
	if (slot == TABLE_NONE) {
		slot = add(crowds, &crowds->servers, hash);
		crowd = table_at(&crowds->servers, slot);
		*crowd =
		    (struct crowd){ .id = id, .ends_us = now_us + crowds->window_us };
	}
	table_touch(&crowds->servers, slot);
	return crowd;
}

bool
crowds_admit(struct crowds *crowds, uint64_t id, int64_t now_us)
{
	struct crowd *crowd = crowd_get(crowds, id, now_us);

	if (now_us >= crowd->ends_us)
		*crowd =
		    (struct crowd){ .id = id, .ends_us = now_us + crowds->window_us };
	if (crowd->clients == crowds->clients_max)
		return false;
	crowd->clients++;
	return true;
}

static uint32_t
member_find(const struct crowds *crowds, const struct member *member, uint64_t *hash)
{
	uint32_t slot;

	*hash = table_hash(&crowds->members, member, sizeof(*member));
	slot = table_find(&crowds->members, *hash);
	while (slot != TABLE_NONE) {
		const struct member *m = table_at(&crowds->members, slot);

		if (m->serial == member->serial &&
		    addr_equal(&m->client, &member->client))
			break;
		slot = table_find_next(&crowds->members, slot);
	}
	return slot;
}

bool
crowds_has(const struct crowds *crowds, uint64_t serial, const struct addr *client)
{
	struct member member = { .serial = serial, .client = *client };
	uint64_t hash;

	return member_find(crowds, &member, &hash) != TABLE_NONE;
}

bool
crowds_join(struct crowds *crowds, uint64_t serial, const struct addr *client)
{
	struct member member = { .serial = serial, .client = *client };
	uint64_t hash;
	uint32_t slot = member_find(crowds, &member, &hash);

	if (slot != TABLE_NONE) {
		table_touch(&crowds->members, slot);
		return false;
	}
	slot = add(crowds, &crowds->members, hash);
	*(struct member *)table_at(&crowds->members, slot) = member;
	return true;
}
