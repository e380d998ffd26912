/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PLACES_H
#define RELAYWATCH_PLACES_H

/*
 * Memory for small tables whose entries are found by a keyed hash, so that nobody outside
 * can aim at a place. Reserved at start, zeroed; never grows.
 */

#include <stddef.h>

#include "hash.h"

struct places {
	struct hash_key key;
	uint8_t *base;
	uint32_t count; /* a power of two */
	size_t bytes;   /* of one */
};

/* At least so many places. 0, or -1 when the system refuses. */
int places_init(struct places *places, uint32_t count, size_t bytes);
void places_release(struct places *places);

static inline void *
places_at(const struct places *places, uint64_t hash)
{
	return places->base + (hash & (places->count - 1)) * places->bytes;
}

#endif
