/* SPDX-License-Identifier: BSD-2-Clause */
#include "twins.h"

#include <stdlib.h>

#include "hash.h"
#include "pool.h"

enum { TWIN_US = 10000000 };

struct twin {
	uint64_t hash, id;
	int64_t at_us;
};

/* Each hash has one place; a later connection takes it over. */
struct twins {
	struct hash_key key;
	struct twin *table;
	uint32_t places; /* a power of two */
};

struct twins *
twins_new(uint32_t connections)
{
	struct twins *twins = calloc(1, sizeof(*twins));

	if (twins == NULL)
		return NULL;
	twins->places = 1;
	while (twins->places < connections)
		twins->places *= 2;
	twins->table = pool_reserve(twins->places * sizeof(struct twin));
	if (twins->table == NULL || hash_key_init(&twins->key) != 0) {
		twins_free(twins);
		return NULL;
	}
	return twins;
}

void
twins_free(struct twins *twins)
{
	if (twins == NULL)
		return;
	pool_unreserve(twins->table, twins->places * sizeof(struct twin));
	free(twins);
}

bool
twins_note(struct twins *twins, const struct addr *outside, uint16_t port,
    const uint32_t isn[2], uint64_t id, int64_t now_us)
{
	uint64_t both = (uint64_t)isn[0] << 32 | isn[1];
	uint64_t hash =
	    hash_multiply(hash_endpoint(&twins->key, outside, port) ^ twins->key.k[2],
		both ^ twins->key.k[3]);
	struct twin *twin = &twins->table[hash & (twins->places - 1)];

	if (twin->hash == hash && now_us - twin->at_us <= TWIN_US && twin->at_us != 0)
		return twin->id != id;
	*twin = (struct twin){ .hash = hash, .id = id, .at_us = now_us };
	return false;
}
