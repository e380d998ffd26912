/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ARENA_H
#define RELAYWATCH_ARENA_H

/*
 * Texts that live and go together, in blocks of a pool shared by many. Bounded: what does
 * not fit is cut, and said to be.
 */

#include <stdbool.h>
#include <stdint.h>

#include "bytes.h"
#include "pool.h"

struct arena_block; /* in the pool: ARENA_BLOCK_OVERHEAD bytes go to the link */

enum { ARENA_BLOCK_OVERHEAD = sizeof(void *) };

struct arena {
	struct arena_block *blocks;
	uint32_t count;
	uint32_t used; /* bytes of the newest block */
};

/*
 * Copies text; the copy lives until arena_release(). At most blocks_max blocks are taken.
 * *cut is set, never cleared, where there was no room for all of it.
 */
struct slice arena_put(struct arena *arena, struct pool *pool, uint32_t blocks_max,
    struct slice text, bool *cut);
void arena_release(struct arena *arena, struct pool *pool);

#endif
