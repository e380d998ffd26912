/* SPDX-License-Identifier: BSD-2-Clause */
#include "table.h"

#include <string.h>
#include <sys/random.h>
#include <xxhash.h>

#include "hash.h"
#include "pool.h"

enum { LINE = 64 }; /* of the cache */

/* In front of its item, to be in the same line of the cache. Slots are kept plus one
 * here, so that fresh memory, all zero, means none. */
struct table_link {
	uint64_t hash;
	uint32_t chain;
	uint32_t older, newer;
	uint32_t age; /* the table's when it became the newest */
};

_Static_assert(sizeof(struct table_link) == TABLE_LINK_BYTES, "as the header says");

static struct table_link *
link_of(const struct table *table, uint32_t slot)
{
	return (void *)(table->item + (size_t)slot * table->item_bytes);
}

static uint32_t
power_of_two(uint32_t at_least)
{
	uint32_t n = 1;

	while (n < at_least && n < UINT32_MAX / 2)
		n *= 2;
	return n;
}

int
table_init(struct table *table, uint32_t max, size_t item_bytes)
{
	*table = (struct table){ .max = max,
		.item_bytes = (TABLE_LINK_BYTES + item_bytes + LINE - 1) / LINE * LINE,
		.buckets = power_of_two(max) };
	table->item = pool_reserve(max * table->item_bytes);
	table->bucket = pool_reserve(table->buckets * sizeof(*table->bucket));
	if (table->item != NULL && table->bucket != NULL &&
	    getrandom(&table->seed, sizeof(table->seed), 0) == sizeof(table->seed))
		return 0;
	table_release(table);
	return -1;
}

void
table_release(struct table *table)
{
	pool_unreserve(table->item, table->max * table->item_bytes);
	pool_unreserve(table->bucket, table->buckets * sizeof(*table->bucket));
	*table = (struct table){ 0 };
}

uint64_t
table_hash(const struct table *table, const void *key, size_t n)
{
	return XXH3_64bits_withSeed(key, n, table->seed);
}

uint64_t
table_hash_id(const struct table *table, uint64_t id)
{
	return hash_multiply(id ^ table->seed, table->seed | 1);
}

static uint32_t *
bucket_of(const struct table *table, uint64_t hash)
{
	return &table->bucket[hash & (table->buckets - 1)];
}

static uint32_t
same_hash(const struct table *table, uint32_t at, uint64_t hash)
{
	while (at != 0 && link_of(table, at - 1)->hash != hash)
		at = link_of(table, at - 1)->chain;
	return at - 1; /* 0 becomes TABLE_NONE */
}

uint32_t
table_find(const struct table *table, uint64_t hash)
{
	return same_hash(table, *bucket_of(table, hash), hash);
}

uint32_t
table_find_next(const struct table *table, uint32_t slot)
{
	const struct table_link *link = link_of(table, slot);

	return same_hash(table, link->chain, link->hash);
}

static void
age_append(struct table *table, uint32_t slot)
{
	struct table_link *link = link_of(table, slot);

	link->age = ++table->age;
	link->older = table->newest;
	link->newer = 0;
	if (table->newest != 0)
		link_of(table, table->newest - 1)->newer = slot + 1;
	else
		table->oldest = slot + 1;
	table->newest = slot + 1;
}

static void
age_unlink(struct table *table, uint32_t slot)
{
	const struct table_link *link = link_of(table, slot);

	if (link->older != 0)
		link_of(table, link->older - 1)->newer = link->newer;
	else
		table->oldest = link->newer;
	if (link->newer != 0)
		link_of(table, link->newer - 1)->older = link->older;
	else
		table->newest = link->older;
}

static uint32_t
slot_take(struct table *table)
{
	uint32_t slot;

	if (table->free != 0) {
		slot = table->free - 1;
		table->free = link_of(table, slot)->chain;
	} else if (table->touched < table->max) {
		slot = table->touched++;
	} else {
		return TABLE_NONE;
	}
	table->in_use++;
	return slot;
}

uint32_t
table_add(struct table *table, uint64_t hash)
{
	uint32_t slot = slot_take(table);
	uint32_t *bucket = bucket_of(table, hash);

	if (slot == TABLE_NONE)
		return slot;
	link_of(table, slot)->hash = hash;
	link_of(table, slot)->chain = *bucket;
	*bucket = slot + 1;
	age_append(table, slot);
	return slot;
}

void
table_remove(struct table *table, uint32_t slot)
{
	struct table_link *link = link_of(table, slot);
	uint32_t *at = bucket_of(table, link->hash);

	while (*at != slot + 1)
		at = &link_of(table, *at - 1)->chain;
	*at = link->chain;
	age_unlink(table, slot);
	link->chain = table->free;
	table->free = slot + 1;
	table->in_use--;
}

void
table_touch(struct table *table, uint32_t slot)
{
	if (table->newest == slot + 1)
		return;
	age_unlink(table, slot);
	age_append(table, slot);
}

/* To move it is to miss the cache at both its neighbours. */
void
table_keep(struct table *table, uint32_t slot)
{
	if (table->age - link_of(table, slot)->age >= table->max / 8)
		table_touch(table, slot);
}

uint32_t
table_oldest(const struct table *table)
{
	return table->oldest - 1;
}

uint32_t
table_newer(const struct table *table, uint32_t slot)
{
	return link_of(table, slot)->newer - 1;
}

void
table_prefetch_bucket(const struct table *table, uint64_t hash)
{
	__builtin_prefetch(bucket_of(table, hash));
}

void
table_prefetch_item(const struct table *table, uint32_t slot, size_t bytes)
{
	const uint8_t *line = (const void *)link_of(table, slot);

	for (size_t i = 0; i < TABLE_LINK_BYTES + bytes; i += LINE)
		__builtin_prefetch(line + i);
}

uint32_t
table_prefetch_slot(const struct table *table, uint64_t hash, size_t bytes)
{
	uint32_t slot = *bucket_of(table, hash) - 1;

	if (slot != TABLE_NONE)
		table_prefetch_item(table, slot, bytes);
	return slot;
}
