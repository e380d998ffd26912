/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TABLE_H
#define RELAYWATCH_TABLE_H

/*
 * Items of one size, aligned to 8 octets, found by a hash, ordered by when they were last
 * used. All memory is reserved at start and costs nothing until touched; when the table
 * is full the caller gives up the oldest. Hashes are seeded per run: nobody outside can
 * aim at a bucket.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TABLE_NONE UINT32_MAX

enum { TABLE_LINK_BYTES = 24 }; /* in front of each item: table.c's own */

struct table {
	uint8_t *item; /* behind its link; begins with a line of the cache */
	size_t item_bytes;
	uint32_t max, in_use;
	uint32_t touched; /* slots that were ever in use */
	uint32_t free, oldest, newest;
	uint32_t age; /* counts what became the newest */
	uint32_t buckets;
	uint32_t *bucket;
	uint64_t seed;
};

/* 0, or -1 when the system refuses the memory. */
int table_init(struct table *table, uint32_t max, size_t item_bytes);
void table_release(struct table *table);

/* The second for keys that are a number: it costs a multiplication. */
uint64_t table_hash(const struct table *table, const void *key, size_t n);
uint64_t table_hash_id(const struct table *table, uint64_t id);

/* The slots whose hash is this one; TABLE_NONE after the last. The caller compares. */
uint32_t table_find(const struct table *table, uint64_t hash);
uint32_t table_find_next(const struct table *table, uint32_t slot);

/* A slot, the newest from now on; its item is what was left there. TABLE_NONE when the
 * table is full. */
uint32_t table_add(struct table *table, uint64_t hash);
void table_remove(struct table *table, uint32_t slot);

/* Makes it the newest; table_keep() one of the newest eighth, which costs less. */
void table_touch(struct table *table, uint32_t slot);
void table_keep(struct table *table, uint32_t slot);

uint32_t table_oldest(const struct table *table);
uint32_t table_newer(const struct table *table, uint32_t slot);

/*
 * Memory that a find will need, asked for ahead of it in two steps: first the bucket;
 * some time later what hangs on it, so many bytes of the item. The second gives the slot
 * that is probably found, or TABLE_NONE, so that the caller can go on from its item.
 */
void table_prefetch_bucket(const struct table *table, uint64_t hash);
uint32_t table_prefetch_slot(const struct table *table, uint64_t hash, size_t bytes);
/* So many bytes of an item. */
void table_prefetch_item(const struct table *table, uint32_t slot, size_t bytes);

static inline void *
table_at(const struct table *table, uint32_t slot)
{
	return table->item + (size_t)slot * table->item_bytes + TABLE_LINK_BYTES;
}

static inline bool
table_is_full(const struct table *table)
{
	return table->in_use == table->max;
}

#endif
