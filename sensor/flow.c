/* SPDX-License-Identifier: BSD-2-Clause */
#include "flow.h"

#include <stdlib.h>
#include <sys/mman.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "hash.h"
#include "pool.h"

enum {
	SLOTS = 8,
	FLOWS_PER_BUCKET =
	    4, /* half full at the most: two choices then nearly always do */
	VICTIM_CANDIDATES = 16,
};

struct bucket {
	uint16_t tag[SLOTS]; /* 0: free */
	uint32_t entry[SLOTS];
	uint32_t spilled; /* some entry whose first choice this is lies in its second */
} __attribute__((aligned(64)));

struct flow_table {
	struct hash_key key;
	struct pool entries;
	struct flow_cold *cold;
	struct bucket *buckets;
	uint32_t bucket_mask;
	uint32_t victim_hand;
};

static uint32_t
bucket_count(uint32_t flows)
{
	uint32_t count = 64;

	while (count < flows / FLOWS_PER_BUCKET && count < 1u << 30)
		count *= 2;
	return count;
}

struct flow_table *
flow_table_new(uint32_t flows)
{
	struct flow_table *table = calloc(1, sizeof(*table));
	uint32_t buckets = bucket_count(flows);

	if (table == NULL)
		return NULL;
	table->bucket_mask = buckets - 1;
	table->buckets = pool_reserve(buckets * sizeof(struct bucket));
	table->cold = pool_reserve((size_t)flows * sizeof(struct flow_cold));
	if (table->buckets == NULL || table->cold == NULL ||
	    pool_init(&table->entries, flows, sizeof(struct flow)) != 0 ||
	    hash_key_init(&table->key) != 0) {
		flow_table_free(table);
		return NULL;
	}
	/* Random access over many megabytes: the TLB is the bottleneck. A refusal is
	 * fine. */
	madvise(table->buckets, buckets * sizeof(struct bucket), MADV_HUGEPAGE);
	madvise(table->entries.base, (size_t)flows * sizeof(struct flow), MADV_HUGEPAGE);
	madvise(table->cold, (size_t)flows * sizeof(struct flow_cold), MADV_HUGEPAGE);
	return table;
}

void
flow_table_free(struct flow_table *table)
{
	if (table == NULL)
		return;
	pool_unreserve(table->buckets, (table->bucket_mask + 1) * sizeof(struct bucket));
	pool_unreserve(
	    table->cold, (size_t)table->entries.max * sizeof(struct flow_cold));
	if (table->entries.base != NULL)
		pool_release(&table->entries);
	free(table);
}

static struct bucket *
first_bucket(const struct flow_table *table, struct flow_key key)
{
	return &table->buckets[key.hash & table->bucket_mask];
}

static struct bucket *
second_bucket(const struct flow_table *table, struct flow_key key)
{
	return &table->buckets[key.hash >> 24 & table->bucket_mask];
}

static uint16_t
tag_of(struct flow_key key)
{
	return (uint16_t)(key.hash >> 48 | 1);
}

/* pool_index(), without a division by a number that only the pool knows. */
static uint32_t
index_of(const struct flow_table *table, const struct flow *flow)
{
	_Static_assert(sizeof(struct flow) == 64, "as wide as in the pool");
	return (uint32_t)(flow - (const struct flow *)(const void *)table->entries.base);
}

static struct flow *
entry_at(const struct flow_table *table, uint32_t index)
{
	return (struct flow *)(void *)table->entries.base + index;
}

/* A bit for each slot that has the tag. */
static unsigned
match(const struct bucket *bucket, uint16_t tag)
{
#ifdef __SSE2__
	__m128i tags = _mm_load_si128((const __m128i *)(const void *)bucket->tag);
	__m128i equal = _mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag));

	return (unsigned)_mm_movemask_epi8(_mm_packs_epi16(equal, _mm_setzero_si128()));
#else
	unsigned found = 0;

	for (unsigned i = 0; i < SLOTS; i++)
		found |= (unsigned)(bucket->tag[i] == tag) << i;
	return found;
#endif
}

struct flow_key
flow_prefetch_bucket(const struct flow_table *table, const struct segment *s)
{
	struct flow_key key = {
		.hash =
		    hash_connection(&table->key, &s->src, s->sport, &s->dst, s->dport),
	};

	__builtin_prefetch(first_bucket(table, key));
	return key;
}

void
flow_prefetch_entry(const struct flow_table *table, struct flow_key *key)
{
	const struct bucket *bucket = first_bucket(table, *key);
	unsigned found = match(bucket, tag_of(*key));

	if (found == 0)
		return;
	key->guess = entry_at(table, bucket->entry[__builtin_ctz(found)]);
	__builtin_prefetch(key->guess, 1);
}

void
flow_prefetch_cold(const struct flow_table *table, const struct flow *flow)
{
	const struct flow_cold *cold = flow_cold(table, flow);

	__builtin_prefetch(cold, 1);
	__builtin_prefetch((const char *)cold + 64, 1);
}

static inline bool
is_sent_by(const struct flow *flow, unsigned dir, const struct segment *s)
{
	return flow->port[dir] == s->sport && flow->port[!dir] == s->dport &&
	       addr_equal(&flow->addr[dir], &s->src) &&
	       addr_equal(&flow->addr[!dir], &s->dst);
}

/* Whether a segment belongs to a connection, and in which direction. */
static inline bool
is_of(const struct flow *flow, const struct segment *s, uint8_t *dir)
{
	*dir = !is_sent_by(flow, 0, s);
	return *dir == 0 || is_sent_by(flow, 1, s);
}

static struct flow *
find_in(const struct flow_table *table, const struct bucket *bucket, uint16_t tag,
    const struct segment *segment, uint8_t *dir)
{
	unsigned found = match(bucket, tag);

	for (; found != 0; found &= found - 1) {
		struct flow *flow = entry_at(table, bucket->entry[__builtin_ctz(found)]);

		if (is_of(flow, segment, dir))
			return flow;
	}
	return NULL;
}

struct flow *
flow_find(struct flow_table *table, struct flow_key key, const struct segment *segment,
    uint8_t *dir)
{
	const struct bucket *first = first_bucket(table, key);
	uint16_t tag = tag_of(key);
	struct flow *flow = key.guess;

	/* Since the guess was made the entry may have been given to another. */
	if (flow != NULL && flow->flags & FLOW_IN_USE && is_of(flow, segment, dir))
		return flow;
	flow = find_in(table, first, tag, segment, dir);
	if (flow == NULL && first->spilled)
		flow = find_in(table, second_bucket(table, key), tag, segment, dir);
	return flow;
}

/* What it would be to lose it. */
static unsigned
worth(const struct flow *flow)
{
	return (flow_is_mutual(flow) ? 2u : 0u) + (flow->flags & FLOW_DATA ? 1u : 0u);
}

/* Whether a should go rather than b. */
static bool
goes_first(const struct flow *a, const struct flow *b)
{
	unsigned a_worth = worth(a), b_worth = worth(b);

	return a_worth != b_worth ? a_worth < b_worth : a->last_sec < b->last_sec;
}

static struct flow *
victim_of_buckets(
    struct flow_table *table, const struct bucket *first, const struct bucket *second)
{
	struct flow *victim = entry_at(table, first->entry[0]);

	for (unsigned i = 0; i < 2 * SLOTS; i++) {
		const struct bucket *bucket = i < SLOTS ? first : second;
		struct flow *flow = entry_at(table, bucket->entry[i % SLOTS]);

		if (goes_first(flow, victim))
			victim = flow;
	}
	return victim;
}

/* Of candidates from all over the table: those of one time lie next to each other. */
static struct flow *
victim_of_table(struct flow_table *table)
{
	uint32_t max = table->entries.max, apart = max / VICTIM_CANDIDATES;
	uint32_t at = table->victim_hand = (table->victim_hand + 1) % max;
	struct flow *victim = entry_at(table, at);

	for (unsigned i = 1; i < VICTIM_CANDIDATES; i++) {
		struct flow *flow;

		at = (at + apart) % max;
		flow = entry_at(table, at);
		if (goes_first(flow, victim))
			victim = flow;
	}
	return victim;
}

struct flow *
flow_victim(struct flow_table *table, struct flow_key key)
{
	const struct bucket *first = first_bucket(table, key);
	const struct bucket *second = second_bucket(table, key);

	if (table->entries.in_use == table->entries.max)
		return victim_of_table(table);
	if (match(first, 0) == 0 && match(second, 0) == 0)
		return victim_of_buckets(table, first, second);
	return NULL;
}

struct flow *
flow_add(struct flow_table *table, struct flow_key key, const struct segment *s,
    uint8_t opener)
{
	struct bucket *bucket = first_bucket(table, key);
	unsigned room = match(bucket, 0);
	struct flow *flow = pool_get(&table->entries);
	unsigned slot;

	if (room == 0) {
		bucket->spilled = 1;
		bucket = second_bucket(table, key);
		room = match(bucket, 0);
	}
	slot = (unsigned)__builtin_ctz(room);
	bucket->tag[slot] = tag_of(key);
	bucket->entry[slot] = index_of(table, flow);
	*flow = (struct flow){ .flags = FLOW_IN_USE };
	flow->addr[opener] = s->src;
	flow->addr[!opener] = s->dst;
	flow->port[opener] = s->sport;
	flow->port[!opener] = s->dport;
	*flow_cold(table, flow) = (struct flow_cold){
		.rtt_us = -1,
		.answer_us = -1,
		.bucket = (uint32_t)(bucket - table->buckets),
		.start = s->origin,
	};
	return flow;
}

void
flow_remove(struct flow_table *table, struct flow *flow)
{
	struct bucket *bucket = &table->buckets[flow_cold(table, flow)->bucket];
	uint32_t index = index_of(table, flow);

	for (unsigned i = 0; i < SLOTS; i++) {
		if (bucket->tag[i] != 0 && bucket->entry[i] == index)
			bucket->tag[i] = 0;
	}
	flow->flags = 0;
	pool_put(&table->entries, flow);
}

struct flow_cold *
flow_cold(const struct flow_table *table, const struct flow *flow)
{
	return &table->cold[index_of(table, flow)];
}

struct flow *
flow_walk(struct flow_table *table, uint32_t *hand, uint32_t *budget)
{
	while (*hand<table->entries.touched && * budget> 0) {
		struct flow *flow = entry_at(table, (*hand)++);

		(*budget)--;
		if (flow->flags & FLOW_IN_USE)
			return flow;
	}
	if (*hand >= table->entries.touched)
		*hand = 0;
	return NULL;
}

uint32_t
flow_table_touched(const struct flow_table *table)
{
	return table->entries.touched;
}

uint32_t
flow_table_in_use(const struct flow_table *table)
{
	return table->entries.in_use;
}
