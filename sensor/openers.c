/* SPDX-License-Identifier: BSD-2-Clause */
#include "openers.h"

enum { CHOICES = 8 }; /* of either counter of a host */

/* A cache line: both counters of a host lie in it. */
struct line {
	uint32_t first[CHOICES], second[CHOICES];
};

int
openers_init(struct openers *o, uint32_t hosts, uint32_t crowd)
{
	*o = (struct openers){ .crowd = crowd };
	return places_init(&o->lines, hosts / CHOICES, sizeof(struct line));
}

void
openers_release(struct openers *o)
{
	places_release(&o->lines);
}

struct counters {
	uint32_t *first, *second;
};

static struct counters
counters_of(const struct openers *o, const struct addr *host)
{
	const struct hash_key *key = &o->lines.key;
	struct addr prefix = addr_customer(host);
	uint64_t hash =
	    hash_multiply(hash_endpoint(key, &prefix, 0) ^ key->k[2], key->k[3]);
	struct line *line = places_at(&o->lines, hash);

	return (struct counters){ &line->first[(hash >> 61) % CHOICES],
		&line->second[(hash >> 58) % CHOICES] };
}

void
openers_add(struct openers *o, const struct addr *host)
{
	struct counters of = counters_of(o, host);

	if ((*of.first)++ == o->crowd)
		o->crowded++;
	(*of.second)++;
}

void
openers_drop(struct openers *o, const struct addr *host)
{
	struct counters of = counters_of(o, host);

	if (--*of.first == o->crowd)
		o->crowded--;
	(*of.second)--;
}

uint32_t
openers_count(const struct openers *o, const struct addr *host)
{
	struct counters of = counters_of(o, host);

	return *of.first < *of.second ? *of.first : *of.second;
}
