/* SPDX-License-Identifier: BSD-2-Clause */
#include "pool.h"

#include <string.h>
#include <sys/mman.h>

enum { POOL_ALIGN = 16 };

void *
pool_reserve(size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return base == MAP_FAILED ? NULL : base;
}

void
pool_unreserve(void *base, size_t bytes)
{
	if (base != NULL)
		munmap(base, bytes);
}

int
pool_init(struct pool *pool, uint32_t max, size_t item_bytes)
{
	item_bytes = (item_bytes + POOL_ALIGN - 1) / POOL_ALIGN * POOL_ALIGN;
	*pool = (struct pool){ .max = max, .item_bytes = item_bytes };
	pool->base = pool_reserve(max * item_bytes);
	return pool->base == NULL ? -1 : 0;
}

void
pool_release(struct pool *pool)
{
	pool_unreserve(pool->base, pool->max * pool->item_bytes);
	*pool = (struct pool){ 0 };
}

void *
pool_get(struct pool *pool)
{
	void *item = pool->free;

	if (item != NULL)
		memcpy(&pool->free, item, sizeof(pool->free));
	else if (pool->touched < pool->max)
		item = pool_at(pool, pool->touched++);
	else
		return NULL;
	pool->in_use++;
	return item;
}

void
pool_put(struct pool *pool, void *item)
{
	memcpy(item, &pool->free, sizeof(pool->free));
	pool->free = item;
	pool->in_use--;
}
