/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_POOL_H
#define RELAYWATCH_POOL_H

/*
 * A slab of equal items whose address space is reserved at start: items never used cost
 * no memory, and nothing grows beyond it. Items are not cleared.
 */

#include <stddef.h>
#include <stdint.h>

struct pool {
	uint8_t *base;
	size_t item_bytes;
	uint32_t max;
	uint32_t touched; /* items that were ever in use */
	uint32_t in_use;
	uint32_t *free; /* items given back: apart from them, which may be cold */
	uint32_t free_count;
};

/* 0, or -1 when the system refuses the reservation. */
int pool_init(struct pool *pool, uint32_t max, size_t item_bytes);
void pool_release(struct pool *pool);

/* NULL when all are in use. */
void *pool_get(struct pool *pool);
void pool_put(struct pool *pool, void *item);

static inline uint32_t
pool_index(const struct pool *pool, const void *item)
{
	return (
	    uint32_t)((size_t)((const uint8_t *)item - pool->base) / pool->item_bytes);
}

static inline void *
pool_at(const struct pool *pool, uint32_t index)
{
	return pool->base + (size_t)index * pool->item_bytes;
}

/* Address space that costs memory only where it is touched, zeroed; NULL when refused. */
void *pool_reserve(size_t bytes);
void pool_unreserve(void *base, size_t bytes);

#endif
