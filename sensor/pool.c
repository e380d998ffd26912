/* SPDX-License-Identifier: BSD-2-Clause */
#include "pool.h"

#include <sys/mman.h>

enum { POOL_ALIGN = 16, POOL_PAGE = 4096 };

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
	/* Large items begin with a page: their layout says how many they touch. */
	size_t align = item_bytes < POOL_PAGE ? POOL_ALIGN : POOL_PAGE;

	item_bytes = (item_bytes + align - 1) / align * align;
	*pool = (struct pool){ .max = max, .item_bytes = item_bytes };
	pool->base = pool_reserve(max * item_bytes);
	pool->free = pool_reserve(max * sizeof(*pool->free));
	if (pool->base != NULL && pool->free != NULL)
		return 0;
	pool_release(pool);
	return -1;
}

void
pool_release(struct pool *pool)
{
	pool_unreserve(pool->base, pool->max * pool->item_bytes);
	pool_unreserve(pool->free, pool->max * sizeof(*pool->free));
	*pool = (struct pool){ 0 };
}

void *
pool_get(struct pool *pool)
{
	void *item;

	if (pool->free_count > 0)
		item = pool_at(pool, pool->free[--pool->free_count]);
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
	pool->free[pool->free_count++] = pool_index(pool, item);
	pool->in_use--;
}
