/* SPDX-License-Identifier: BSD-2-Clause */
#include "seen.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "pool.h"

enum { CACHE_LINE = 64 };

/* prev of a key that is of its entry still, but no longer found. */
#define UNLINKED (SEEN_NONE - 1)

struct key_slot {
	uint64_t key;
	uint32_t entry;
	uint32_t next, prev; /* in the bucket, newest first */
	uint32_t of_entry;   /* the next key of the same entry; of the free list */
};

struct entry_slot {
	int64_t added_us;
	uint32_t owner;
	uint32_t older, newer; /* of all; older links the free list too */
	uint32_t owner_older, owner_newer;
	uint32_t keys;
};

struct owner_slot {
	uint64_t hash;
	uint32_t next; /* in the bucket, or of the free list */
	uint32_t entries, keys;
	uint32_t oldest, newest;
};

struct slots { /* which of an array are taken: used ones below `fresh`, and a free list */
	uint32_t fresh, max;
	uint32_t free;
};

struct seen {
	struct seen_limits limits;
	struct seen_counters counters;
	uint32_t owner_entries_max, owner_keys_max;
	uint64_t mix_add, mix_multiply;
	unsigned key_shift, owner_shift;
	uint32_t *key_buckets, *owner_buckets; /* slot + 1: fresh memory is empty */
	struct key_slot *key;
	struct entry_slot *entry;
	struct owner_slot *owner;
	uint8_t *bytes;
	size_t stride; /* of bytes: an entry's begin a cache line */
	struct slots keys, entries, owners;
	uint32_t oldest, newest;
	uint32_t unfiled; /* what seen_unfiled() gives next */
};

/* Keys are hashes with a known seed, which a sender can steer: buckets must not be. Two
 * that differ in the lowest bit share a cache line. */
static uint32_t
bucket_of(const struct seen *s, uint64_t hash, unsigned shift)
{
	uint64_t pair = hash >> 1;

	pair ^= pair >> 32;
	return (uint32_t)(((pair + s->mix_add) * s->mix_multiply) >> shift) ^ (hash & 1);
}

static unsigned
bits_for(uint32_t count)
{
	unsigned bits = 4;

	while (bits < 31 && (UINT32_C(1) << bits) < count)
		bits++;
	return bits;
}

static uint32_t
share_of(uint32_t count, unsigned percent)
{
	uint64_t share = (uint64_t)count * percent / 100;

	if (share == 0)
		return 1;
	return share < count ? (uint32_t)share : count;
}

static void
mix_init(struct seen *s)
{
	uint64_t random[2] = { 0x9e3779b97f4a7c15, 0xc2b2ae3d27d4eb4f };

	if (getrandom(random, sizeof(random), GRND_NONBLOCK) < 0)
		random[1] ^= (uintptr_t)s;
	s->mix_add = random[0];
	s->mix_multiply = random[1] | 1;
}

static bool
seen_alloc(struct seen *s)
{
	const struct seen_limits *l = &s->limits;
	unsigned key_bits = bits_for(l->keys), owner_bits = bits_for(l->entries);

	s->key_shift = 64 - key_bits;
	s->owner_shift = 64 - owner_bits;
	s->key_buckets = calloc((size_t)1 << key_bits, sizeof(*s->key_buckets));
	s->owner_buckets = calloc((size_t)1 << owner_bits, sizeof(*s->owner_buckets));
	s->key = calloc(l->keys, sizeof(*s->key));
	s->entry = calloc(l->entries, sizeof(*s->entry));
	s->owner = calloc(l->entries, sizeof(*s->owner));
	s->bytes = pool_reserve(l->entries * s->stride);
	return s->key_buckets != NULL && s->owner_buckets != NULL && s->key != NULL &&
	       s->entry != NULL && s->owner != NULL && s->bytes != NULL;
}

struct seen *
seen_new(const struct seen_limits *limits)
{
	struct seen *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->limits = *limits;
	if (s->limits.entries == 0)
		s->limits.entries = 1;
	if (s->limits.keys == 0)
		s->limits.keys = 1;
	if (s->limits.entry_bytes == 0)
		s->limits.entry_bytes = 1;
	s->stride = (s->limits.entry_bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
	s->owner_entries_max = share_of(s->limits.entries, limits->share_percent);
	s->owner_keys_max = share_of(s->limits.keys, limits->share_percent);
	s->keys = (struct slots){ .max = s->limits.keys, .free = SEEN_NONE };
	s->entries = (struct slots){ .max = s->limits.entries, .free = SEEN_NONE };
	s->owners = s->entries;
	s->oldest = s->newest = s->unfiled = SEEN_NONE;
	mix_init(s);
	if (!seen_alloc(s)) {
		seen_free(s);
		return NULL;
	}
	return s;
}

void
seen_free(struct seen *s)
{
	if (s == NULL)
		return;
	free(s->key_buckets);
	free(s->owner_buckets);
	free(s->key);
	free(s->entry);
	free(s->owner);
	pool_unreserve(s->bytes, s->limits.entries * s->stride);
	free(s);
}

static bool
slots_full(const struct slots *slots)
{
	return slots->free == SEEN_NONE && slots->fresh == slots->max;
}

static uint32_t
take_key(struct seen *s)
{
	uint32_t i = s->keys.free;

	if (i == SEEN_NONE)
		return s->keys.fresh++;
	s->keys.free = s->key[i].of_entry;
	return i;
}

static uint32_t
take_entry(struct seen *s)
{
	uint32_t i = s->entries.free;

	if (i == SEEN_NONE)
		return s->entries.fresh++;
	s->entries.free = s->entry[i].older;
	return i;
}

static uint32_t
take_owner(struct seen *s)
{
	uint32_t i = s->owners.free;

	if (i == SEEN_NONE)
		return s->owners.fresh++;
	s->owners.free = s->owner[i].next;
	return i;
}

static uint32_t
owner_find(const struct seen *s, uint64_t hash)
{
	uint32_t i = s->owner_buckets[bucket_of(s, hash, s->owner_shift)] - 1;

	while (i != SEEN_NONE && s->owner[i].hash != hash)
		i = s->owner[i].next;
	return i;
}

static uint32_t
owner_new(struct seen *s, uint64_t hash)
{
	uint32_t *bucket = &s->owner_buckets[bucket_of(s, hash, s->owner_shift)];
	uint32_t i = take_owner(s);

	s->owner[i] = (struct owner_slot){ .hash = hash,
		.next = *bucket - 1,
		.oldest = SEEN_NONE,
		.newest = SEEN_NONE };
	*bucket = i + 1;
	return i;
}

static void
owner_delete(struct seen *s, uint32_t owner)
{
	uint32_t *bucket =
	    &s->owner_buckets[bucket_of(s, s->owner[owner].hash, s->owner_shift)];
	uint32_t i = *bucket - 1;

	if (i == owner) {
		*bucket = s->owner[owner].next + 1;
	} else {
		while (s->owner[i].next != owner)
			i = s->owner[i].next;
		s->owner[i].next = s->owner[owner].next;
	}
	s->owner[owner].next = s->owners.free;
	s->owners.free = owner;
}

static void
key_unlink(struct seen *s, uint32_t link)
{
	struct key_slot *k = &s->key[link];

	if (k->prev == UNLINKED)
		return;
	if (k->next != SEEN_NONE)
		s->key[k->next].prev = k->prev;
	if (k->prev != SEEN_NONE)
		s->key[k->prev].next = k->next;
	else
		s->key_buckets[bucket_of(s, k->key, s->key_shift)] = k->next + 1;
	k->prev = UNLINKED;
}

static void
keys_delete(struct seen *s, uint32_t entry)
{
	struct entry_slot *e = &s->entry[entry];
	uint32_t next;

	for (uint32_t k = e->keys; k != SEEN_NONE; k = next) {
		next = s->key[k].of_entry;
		key_unlink(s, k);
		s->key[k].of_entry = s->keys.free;
		s->keys.free = k;
		s->owner[e->owner].keys--;
		s->counters.keys--;
	}
}

static void
age_unlink(struct seen *s, uint32_t entry)
{
	struct entry_slot *e = &s->entry[entry];

	*(e->older != SEEN_NONE ? &s->entry[e->older].newer : &s->oldest) = e->newer;
	*(e->newer != SEEN_NONE ? &s->entry[e->newer].older : &s->newest) = e->older;
	if (s->unfiled == entry)
		s->unfiled = e->newer;
}

static void
owner_unlink(struct seen *s, uint32_t entry)
{
	struct entry_slot *e = &s->entry[entry], *all = s->entry;
	struct owner_slot *o = &s->owner[e->owner];

	*(e->owner_older != SEEN_NONE ? &all[e->owner_older].owner_newer : &o->oldest) =
	    e->owner_newer;
	*(e->owner_newer != SEEN_NONE ? &all[e->owner_newer].owner_older : &o->newest) =
	    e->owner_older;
	if (--o->entries == 0)
		owner_delete(s, e->owner);
}

void
seen_drop(struct seen *s, uint32_t entry)
{
	keys_delete(s, entry);
	age_unlink(s, entry);
	owner_unlink(s, entry);
	s->entry[entry].older = s->entries.free;
	s->entries.free = entry;
	s->counters.entries--;
}

static void
evict(struct seen *s, uint32_t entry, uint64_t *counter)
{
	(*counter)++;
	if (s->limits.gone != NULL)
		s->limits.gone(s->limits.context, entry);
	seen_drop(s, entry);
}

static void
age_append(struct seen *s, uint32_t entry)
{
	struct entry_slot *e = &s->entry[entry];
	struct owner_slot *o = &s->owner[e->owner];

	e->older = s->newest;
	*(s->newest != SEEN_NONE ? &s->entry[s->newest].newer : &s->oldest) = entry;
	s->newest = entry;
	if (s->unfiled == SEEN_NONE)
		s->unfiled = entry;
	e->owner_older = o->newest;
	*(o->newest != SEEN_NONE ? &s->entry[o->newest].owner_newer : &o->oldest) = entry;
	o->newest = entry;
	o->entries++;
}

uint32_t
seen_add(struct seen *s, uint64_t owner_hash, int64_t now_us)
{
	uint32_t owner = owner_find(s, owner_hash);
	uint32_t entry;

	if (owner != SEEN_NONE && s->owner[owner].entries >= s->owner_entries_max)
		evict(s, s->owner[owner].oldest, &s->counters.evicted_share);
	else if (slots_full(&s->entries))
		evict(s, s->oldest, &s->counters.evicted);
	if (owner != SEEN_NONE && s->owner[owner].entries == 0)
		owner = SEEN_NONE; /* went with its last entry */
	if (owner == SEEN_NONE)
		owner = owner_new(s, owner_hash);
	entry = take_entry(s);
	s->entry[entry] = (struct entry_slot){ .added_us = now_us,
		.owner = owner,
		.newer = SEEN_NONE,
		.owner_newer = SEEN_NONE,
		.keys = SEEN_NONE };
	age_append(s, entry);
	s->counters.entries++;
	memset(seen_entry(s, entry), 0, s->limits.entry_bytes);
	return entry;
}

void *
seen_entry(const struct seen *s, uint32_t entry)
{
	return s->bytes + (size_t)entry * s->stride;
}

static bool
room_for_key(struct seen *s, uint32_t entry)
{
	struct owner_slot *o = &s->owner[s->entry[entry].owner];

	while (o->keys >= s->owner_keys_max) {
		if (o->oldest == entry)
			return false;
		evict(s, o->oldest, &s->counters.evicted_share);
	}
	while (slots_full(&s->keys)) {
		if (s->oldest == entry)
			return false;
		evict(s, s->oldest, &s->counters.evicted);
	}
	return true;
}

/* Keeps the equal keys few. True where entry has this very key. */
static bool
equal_keys_trim(struct seen *s, uint32_t entry, uint64_t key)
{
	uint32_t owner = s->entry[entry].owner, own_last = SEEN_NONE, last = SEEN_NONE;
	unsigned equal = 0, own = 0;

	for (uint32_t k = seen_find(s, key); k != SEEN_NONE; k = seen_find_next(s, k)) {
		if (s->key[k].entry == entry)
			return true;
		last = k;
		equal++;
		if (s->entry[s->key[k].entry].owner == owner) {
			own_last = k;
			own++;
		}
	}
	if (own >= SEEN_OWN_EQUAL_KEYS)
		last = own_last;
	else if (equal < SEEN_EQUAL_KEYS)
		return false;
	key_unlink(s, last);
	s->counters.keys_hidden++;
	return false;
}

static void
key_link(struct seen *s, uint32_t entry, uint64_t key)
{
	uint32_t *bucket = &s->key_buckets[bucket_of(s, key, s->key_shift)];
	uint32_t k = take_key(s);

	s->key[k] = (struct key_slot){ .key = key,
		.entry = entry,
		.next = *bucket - 1,
		.prev = SEEN_NONE,
		.of_entry = s->entry[entry].keys };
	if (*bucket != 0)
		s->key[*bucket - 1].prev = k;
	*bucket = k + 1;
	s->entry[entry].keys = k;
}

bool
seen_key(struct seen *s, uint32_t entry, uint64_t key)
{
	if (equal_keys_trim(s, entry, key))
		return true;
	if (!room_for_key(s, entry)) {
		s->counters.keys_refused++;
		return false;
	}
	key_link(s, entry, key);
	s->owner[s->entry[entry].owner].keys++;
	s->counters.keys++;
	return true;
}

uint32_t
seen_unfiled(struct seen *s)
{
	uint32_t entry = s->unfiled;

	if (entry != SEEN_NONE)
		s->unfiled = s->entry[entry].newer;
	return entry;
}

void
seen_expire(struct seen *s, int64_t before_us)
{
	while (s->oldest != SEEN_NONE && s->entry[s->oldest].added_us < before_us)
		evict(s, s->oldest, &s->counters.expired);
}

static uint32_t
skip_to_key(const struct seen *s, uint32_t link, uint64_t key)
{
	while (link != SEEN_NONE && s->key[link].key != key)
		link = s->key[link].next;
	return link;
}

uint32_t
seen_find(const struct seen *s, uint64_t key)
{
	if (s->counters.keys == 0) /* no cache miss for what most houses do not have */
		return SEEN_NONE;
	return skip_to_key(s, s->key_buckets[bucket_of(s, key, s->key_shift)] - 1, key);
}

uint32_t
seen_find_next(const struct seen *s, uint32_t link)
{
	return skip_to_key(s, s->key[link].next, s->key[link].key);
}

uint32_t
seen_keys(const struct seen *s, uint32_t entry)
{
	return s->entry[entry].keys;
}

uint32_t
seen_keys_next(const struct seen *s, uint32_t link)
{
	return s->key[link].of_entry;
}

uint32_t
seen_link_entry(const struct seen *s, uint32_t link)
{
	return s->key[link].entry;
}

uint64_t
seen_link_key(const struct seen *s, uint32_t link)
{
	return s->key[link].key;
}

const struct seen_counters *
seen_counters(const struct seen *s)
{
	return &s->counters;
}

void
seen_prefetch(const struct seen *s, uint64_t key, unsigned step)
{
	const uint32_t *bucket;

	if (s->counters.keys == 0)
		return;
	bucket = &s->key_buckets[bucket_of(s, key, s->key_shift)];
	if (step == 0)
		__builtin_prefetch(bucket);
	else if (*bucket != 0 && step == 1)
		__builtin_prefetch(&s->key[*bucket - 1]);
	else if (*bucket != 0)
		__builtin_prefetch(seen_entry(s, s->key[*bucket - 1].entry));
}

void
seen_prefetch_owner(const struct seen *s, uint64_t owner, unsigned step)
{
	const uint32_t *bucket = &s->owner_buckets[bucket_of(s, owner, s->owner_shift)];

	if (step == 0)
		__builtin_prefetch(bucket);
	else if (*bucket != 0 && step == 1)
		__builtin_prefetch(&s->owner[*bucket - 1]);
}
