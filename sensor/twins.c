/* SPDX-License-Identifier: BSD-2-Clause */
#include "twins.h"

#include <stdlib.h>

#include "places.h"

enum { TWIN_US = 10000000 };

struct twin {
	uint64_t hash, id;
	int64_t at_us;
};

/* Each hash has one place; a later connection takes it over. */
struct twins {
	struct places places;
};

struct twins *
twins_new(uint32_t connections)
{
	struct twins *twins = calloc(1, sizeof(*twins));

	if (twins == NULL ||
	    places_init(&twins->places, connections, sizeof(struct twin)) == 0)
		return twins;
	free(twins);
	return NULL;
}

void
twins_free(struct twins *twins)
{
	if (twins == NULL)
		return;
	places_release(&twins->places);
	free(twins);
}

bool
twins_note(struct twins *twins, const struct addr *outside, uint16_t port,
    const uint32_t isn[2], uint64_t id, int64_t now_us)
{
	const struct hash_key *key = &twins->places.key;
	uint64_t both = (uint64_t)isn[0] << 32 | isn[1];
	uint64_t hash = hash_multiply(
	    hash_endpoint(key, outside, port) ^ key->k[2], both ^ key->k[3]);
	struct twin *twin = places_at(&twins->places, hash);

	if (twin->hash == hash && now_us - twin->at_us <= TWIN_US && twin->at_us != 0)
		return twin->id != id;
	*twin = (struct twin){ .hash = hash, .id = id, .at_us = now_us };
	return false;
}
