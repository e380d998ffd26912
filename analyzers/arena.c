/* SPDX-License-Identifier: BSD-2-Clause */
#include "arena.h"

struct arena_block {
	struct arena_block *next;
	uint8_t bytes[];
};

static size_t
block_room(const struct pool *pool)
{
	return pool->item_bytes - ARENA_BLOCK_OVERHEAD;
}

static bool
arena_grow(struct arena *arena, struct pool *pool, uint32_t blocks_max)
{
	struct arena_block *block;

	if (arena->count >= blocks_max)
		return false;
	block = pool_get(pool);
	if (block == NULL)
		return false;
	block->next = arena->blocks;
	arena->blocks = block;
	arena->count++;
	arena->used = 0;
	return true;
}

struct slice
arena_put(struct arena *arena, struct pool *pool, uint32_t blocks_max, struct slice text,
    bool *cut)
{
	size_t room = arena->blocks == NULL ? 0 : block_room(pool) - arena->used;
	struct slice copy;

	if (text.n == 0)
		return slice_of("", 0);
	if (text.n > room && arena_grow(arena, pool, blocks_max))
		room = block_room(pool);
	if (text.n > room)
		*cut = true;
	if (room == 0)
		return slice_of("", 0);
	copy = slice_head(text, room);
	copy.p = memcpy(arena->blocks->bytes + arena->used, copy.p, copy.n);
	arena->used += (uint32_t)copy.n;
	return copy;
}

void
arena_release(struct arena *arena, struct pool *pool)
{
	while (arena->blocks != NULL) {
		struct arena_block *block = arena->blocks;

		arena->blocks = block->next;
		pool_put(pool, block);
	}
	*arena = (struct arena){ 0 };
}
