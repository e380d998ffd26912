/* SPDX-License-Identifier: BSD-2-Clause */
#include "places.h"

#include "pool.h"

int
places_init(struct places *places, uint32_t count, size_t bytes)
{
	*places = (struct places){ .count = 1, .bytes = bytes };
	while (places->count < count)
		places->count *= 2;
	places->base = pool_reserve(places->count * bytes);
	if (places->base != NULL && hash_key_init(&places->key) == 0)
		return 0;
	places_release(places);
	return -1;
}

void
places_release(struct places *places)
{
	pool_unreserve(places->base, places->count * places->bytes);
	places->base = NULL;
}
