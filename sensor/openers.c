/* SPDX-License-Identifier: BSD-2-Clause */
#include "openers.h"

enum { PREFIX_BITS = 64 }; /* one customer's */

int
openers_init(struct openers *o, uint32_t hosts, uint32_t crowd)
{
	*o = (struct openers){ .crowd = crowd };
	for (unsigned i = 0; i < 2; i++) {
		if (places_init(&o->row[i], hosts, sizeof(uint32_t)) != 0)
			return -1;
	}
	return 0;
}

void
openers_release(struct openers *o)
{
	for (unsigned i = 0; i < 2; i++)
		places_release(&o->row[i]);
}

static uint32_t *
counter(const struct openers *o, unsigned row, const struct addr *host)
{
	const struct places *places = &o->row[row];
	struct addr prefix = addr_v6_prefix(host, PREFIX_BITS);
	uint64_t hash = hash_endpoint(&places->key, &prefix, 0);

	return places_at(
	    places, hash_multiply(hash ^ places->key.k[2], places->key.k[3] | 1));
}

void
openers_add(struct openers *o, const struct addr *host)
{
	o->crowded += ++*counter(o, 0, host) == o->crowd + 1;
	++*counter(o, 1, host);
}

void
openers_drop(struct openers *o, const struct addr *host)
{
	o->crowded -= --*counter(o, 0, host) == o->crowd;
	--*counter(o, 1, host);
}

uint32_t
openers_count(const struct openers *o, const struct addr *host)
{
	uint32_t a = *counter(o, 0, host), b = *counter(o, 1, host);

	return a < b ? a : b;
}
