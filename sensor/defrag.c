/* SPDX-License-Identifier: BSD-2-Clause */
#include "defrag.h"

#include <stdlib.h>

#include "hash.h"
#include "pool.h"

/*
 * A datagram's octets lie at their place in its blocks; a bit for each unit of eight, in
 * which RFC 791 and RFC 8200 count, says which are there. Tiny fragments and any order
 * thus cost no more than others. A joined datagram stays for a while, so that copies of
 * its fragments (a span port of both sides of a link) are known for what they are.
 */

enum {
	DATAGRAM_MAX = 65535,
	UNIT = 8,
	BLOCK_UNITS = DEFRAG_BLOCK_BYTES / UNIT,
	BLOCKS_MAX = DEFRAG_BLOCKS_MIN,
	JOINED_SEC = 1, /* how long copies of a joined datagram's fragments are known */
	NONE = 0,       /* of indexes, which count from 1 */
};

struct block {
	uint64_t there[BLOCK_UNITS / 64];
	uint8_t octets[DEFRAG_BLOCK_BYTES];
};

enum state {
	WAITING,
	REFUSED, /* its fragments overlap: all of it is discarded, also what comes yet */
	JOINED,
	STATES
};

struct entry {
	struct addr src, dst;
	uint32_t id;
	uint8_t proto; /* of IPv4 part of the name, of IPv6 known by the first fragment */
	bool v6;
	uint8_t state;
	int64_t since_us; /* its first fragment, or its joining */
	uint32_t units;   /* there */
	uint32_t octets;  /* in all; 0 until the last fragment came */
	uint32_t end;     /* of the octets that are there */
	uint32_t bucket_next, older, newer;
	uint32_t block[BLOCKS_MAX];
};

/* The datagrams of a state, the latest that came into it at the end. */
struct queue {
	uint32_t oldest, newest;
};

struct defrag_counters {
	uint64_t fragments, joined, duplicates, overlaps, refused;
	uint64_t expired, evicted, malformed, snaplen;
};

struct defrag {
	struct defrag_limits limits;
	struct hash_key key;
	struct pool entries, blocks;
	uint32_t *bucket;
	uint32_t buckets; /* a power of two */
	struct queue queue[STATES];
	struct defrag_counters count;
	uint8_t joined[DATAGRAM_MAX + 1];
};

struct defrag *
defrag_new(const struct defrag_limits *limits)
{
	struct defrag *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->limits = *limits;
	for (d->buckets = 1; d->buckets < limits->datagrams;)
		d->buckets *= 2;
	d->bucket = pool_reserve(d->buckets * sizeof(*d->bucket));
	if (d->bucket == NULL || limits->blocks < DEFRAG_BLOCKS_MIN ||
	    hash_key_init(&d->key) != 0 ||
	    pool_init(&d->entries, limits->datagrams, sizeof(struct entry)) != 0 ||
	    pool_init(&d->blocks, limits->blocks, sizeof(struct block)) != 0) {
		defrag_free(d);
		return NULL;
	}
	return d;
}

void
defrag_free(struct defrag *d)
{
	if (d == NULL)
		return;
	if (d->entries.base != NULL)
		pool_release(&d->entries);
	if (d->blocks.base != NULL)
		pool_release(&d->blocks);
	pool_unreserve(d->bucket, d->buckets * sizeof(*d->bucket));
	free(d);
}

static struct entry *
entry_at(const struct defrag *d, uint32_t index)
{
	return index == NONE ? NULL : pool_at(&d->entries, index - 1);
}

static uint32_t
index_of(const struct defrag *d, const struct entry *e)
{
	return pool_index(&d->entries, e) + 1;
}

static struct block *
block_at(const struct defrag *d, const struct entry *e, uint32_t i)
{
	return e->block[i] == NONE ? NULL : pool_at(&d->blocks, e->block[i] - 1);
}

static void
enqueue(struct defrag *d, struct entry *e, enum state state)
{
	struct queue *q = &d->queue[state];
	struct entry *newest = entry_at(d, q->newest);
	uint32_t index = index_of(d, e);

	e->state = state;
	e->newer = NONE;
	e->older = q->newest;
	if (newest != NULL)
		newest->newer = index;
	else
		q->oldest = index;
	q->newest = index;
}

static void
dequeue(struct defrag *d, struct entry *e)
{
	struct queue *q = &d->queue[e->state];
	struct entry *older = entry_at(d, e->older), *newer = entry_at(d, e->newer);

	*(older != NULL ? &older->newer : &q->oldest) = e->newer;
	*(newer != NULL ? &newer->older : &q->newest) = e->older;
}

static uint32_t *
bucket_of(struct defrag *d, const struct addr *src, const struct addr *dst, uint32_t id,
    bool v6)
{
	uint64_t h = hash_connection(&d->key, src, (uint16_t)id, dst, v6);

	return &d->bucket[hash_multiply(h ^ id, d->key.k[0] | 1) & (d->buckets - 1)];
}

/* RFC 791 section 3.2 names an IPv4 datagram by its protocol, too. */
static bool
is_of(const struct entry *e, const struct fragment *f)
{
	return e->id == f->id && e->v6 == f->v6 && (f->v6 || e->proto == f->proto) &&
	       addr_equal(&e->src, &f->src) && addr_equal(&e->dst, &f->dst);
}

static struct entry *
find(struct defrag *d, const struct fragment *f)
{
	uint32_t index = *bucket_of(d, &f->src, &f->dst, f->id, f->v6);
	struct entry *e;

	for (e = entry_at(d, index); e != NULL; e = entry_at(d, e->bucket_next)) {
		if (is_of(e, f))
			return e;
	}
	return NULL;
}

static void
free_blocks(struct defrag *d, struct entry *e)
{
	for (uint32_t i = 0; i < BLOCKS_MAX; i++) {
		if (e->block[i] != NONE)
			pool_put(&d->blocks, block_at(d, e, i));
		e->block[i] = NONE;
	}
}

static void
forget(struct defrag *d, struct entry *e)
{
	uint32_t *link = bucket_of(d, &e->src, &e->dst, e->id, e->v6);

	while (*link != index_of(d, e))
		link = &entry_at(d, *link)->bucket_next;
	*link = e->bucket_next;
	dequeue(d, e);
	free_blocks(d, e);
	pool_put(&d->entries, e);
}

static void
expire(struct defrag *d, int64_t now_us)
{
	for (unsigned state = 0; state < STATES; state++) {
		uint32_t sec = state == JOINED ? JOINED_SEC : d->limits.wait_sec;
		struct entry *e;

		while ((e = entry_at(d, d->queue[state].oldest)) != NULL &&
		       now_us - e->since_us > sec * INT64_C(1000000)) {
			d->count.expired += state == WAITING;
			forget(d, e);
		}
	}
}

/* Makes room by giving up the oldest datagram but keep. False where there is no other. */
static bool
evict(struct defrag *d, const struct entry *keep)
{
	static const enum state order[] = { JOINED, REFUSED, WAITING };

	for (unsigned i = 0; i < STATES; i++) {
		struct entry *e = entry_at(d, d->queue[order[i]].oldest);

		if (e != NULL && e == keep)
			e = entry_at(d, e->newer);
		if (e == NULL)
			continue;
		d->count.evicted += order[i] == WAITING;
		forget(d, e);
		return true;
	}
	return false;
}

static struct entry *
add(struct defrag *d, const struct fragment *f)
{
	uint32_t *bucket = bucket_of(d, &f->src, &f->dst, f->id, f->v6);
	struct entry *e;

	while ((e = pool_get(&d->entries)) == NULL) {
		if (!evict(d, NULL))
			return NULL;
	}
	*e = (struct entry){ .src = f->src,
		.dst = f->dst,
		.id = f->id,
		.proto = f->proto,
		.v6 = f->v6,
		.since_us = f->ts_us,
		.bucket_next = *bucket };
	*bucket = index_of(d, e);
	enqueue(d, e, WAITING);
	return e;
}

static uint32_t
units_of(uint32_t octets)
{
	return (octets + UNIT - 1) / UNIT;
}

/* Of a word of bits, those of units from up to to; some of them lie in it. */
static uint64_t
bits_of(uint32_t word, uint32_t from, uint32_t to)
{
	uint32_t low = from > word * 64 ? from - word * 64 : 0;
	uint32_t high = to < word * 64 + 64 ? to - word * 64 : 64;

	return UINT64_MAX >> (64 - high) & UINT64_MAX << low;
}

/* A range of octets as far as it lies in one block. */
static uint32_t
in_block(uint32_t at, size_t octets)
{
	uint32_t room = DEFRAG_BLOCK_BYTES - at % DEFRAG_BLOCK_BYTES;

	return octets < room ? (uint32_t)octets : room;
}

static uint32_t
units_in_block(const struct block *b, uint32_t place, uint32_t octets)
{
	uint32_t from = place / UNIT, to = units_of(place + octets), n = 0;

	for (uint32_t word = from / 64; b != NULL && word * 64 < to; word++) {
		uint64_t there = b->there[word] & bits_of(word, from, to);

		n += (uint32_t)__builtin_popcountll(there);
	}
	return n;
}

/* How many of a range's units are there already. */
static uint32_t
units_there(const struct defrag *d, const struct entry *e, uint32_t at, size_t octets)
{
	uint32_t count = 0, n;

	for (; octets > 0; at += n, octets -= n) {
		n = in_block(at, octets);
		count += units_in_block(
		    block_at(d, e, at / DEFRAG_BLOCK_BYTES), at % DEFRAG_BLOCK_BYTES, n);
	}
	return count;
}

static bool
same_octets(const struct defrag *d, const struct entry *e, const struct fragment *f)
{
	uint32_t at = f->offset, n;
	size_t done;

	for (done = 0; done < f->data.n; done += n, at += n) {
		const struct block *b = block_at(d, e, at / DEFRAG_BLOCK_BYTES);

		n = in_block(at, f->data.n - done);
		if (memcmp(b->octets + at % DEFRAG_BLOCK_BYTES, f->data.p + done, n) != 0)
			return false;
	}
	return true;
}

/* The block that holds an octet, made where it is missing. */
static struct block *
want_block(struct defrag *d, struct entry *e, uint32_t at)
{
	uint32_t *index = &e->block[at / DEFRAG_BLOCK_BYTES];
	struct block *b = block_at(d, e, at / DEFRAG_BLOCK_BYTES);

	while (b == NULL) {
		b = pool_get(&d->blocks);
		if (b != NULL) {
			memset(b->there, 0, sizeof(b->there));
			*index = pool_index(&d->blocks, b) + 1;
		} else if (!evict(d, e)) {
			return NULL;
		}
	}
	return b;
}

static uint32_t
fill_units(struct block *b, uint32_t place, const uint8_t *p, uint32_t octets)
{
	uint32_t from = place / UNIT, to = units_of(place + octets);

	for (uint32_t word = from / 64; word * 64 < to; word++)
		b->there[word] |= bits_of(word, from, to);
	memcpy(b->octets + place, p, octets);
	return to - from;
}

/* Puts down what is not there yet, and returns how many units. */
static uint32_t
fill_block(struct block *b, uint32_t place, const uint8_t *p, uint32_t octets)
{
	uint32_t units = 0;

	if (units_in_block(b, place, octets) == 0)
		return fill_units(b, place, p, octets);
	for (uint32_t done = 0; done < octets; done += UNIT) {
		uint32_t n = octets - done < UNIT ? octets - done : UNIT;

		if (units_in_block(b, place + done, n) == 0)
			units += fill_units(b, place + done, p + done, n);
	}
	return units;
}

/* 0, or -1 when no memory can be had. */
static int
put(struct defrag *d, struct entry *e, uint32_t at, const uint8_t *p, size_t left)
{
	uint32_t n;

	for (; left > 0; at += n, p += n, left -= n) {
		struct block *b = want_block(d, e, at);

		if (b == NULL)
			return -1;
		n = in_block(at, left);
		e->units += fill_block(b, at % DEFRAG_BLOCK_BYTES, p, n);
	}
	e->end = at > e->end ? at : e->end;
	return 0;
}

/*
 * Whether a fragment can be one at all, whatever datagram it is of. All but the last end
 * at a unit; what is beyond it, hosts leave away in IPv4 (Linux: ip_frag_queue) and
 * answer with an error in IPv6 (RFC 8200 section 4.5).
 */
static bool
make_sane(struct fragment *f)
{
	if (f->more && !f->v6)
		f->data.n -= f->data.n % UNIT;
	if (f->data.n == 0 || f->offset + f->data.n > DATAGRAM_MAX)
		return false;
	return !f->more || f->data.n % UNIT == 0;
}

/* Whether it contradicts those that came before as to where the datagram ends. */
static bool
fits(const struct entry *e, const struct fragment *f)
{
	uint32_t end = f->offset + (uint32_t)f->data.n;

	if (e->octets != 0)
		return f->more ? end <= e->octets : end == e->octets;
	return f->more || end >= e->end;
}

static void
refuse(struct defrag *d, struct entry *e)
{
	d->count.refused++;
	free_blocks(d, e);
	dequeue(d, e);
	enqueue(d, e, REFUSED);
}

/*
 * The datagram that a fragment goes into, NULL where it goes into none. After a datagram
 * was joined, its octets again are a copy, and others begin the next of that name.
 */
static struct entry *
entry_for(struct defrag *d, const struct fragment *f)
{
	struct entry *e = find(d, f);

	if (e != NULL && e->state == REFUSED)
		return NULL;
	if (e != NULL && e->state == JOINED) {
		if (fits(e, f) && same_octets(d, e, f)) {
			d->count.duplicates++;
			return NULL;
		}
		forget(d, e);
		e = NULL;
	}
	if (e == NULL)
		return add(d, f);
	if (!fits(e, f)) {
		d->count.malformed++;
		return NULL;
	}
	if (units_there(d, e, f->offset, f->data.n) == units_of((uint32_t)f->data.n)) {
		d->count.duplicates++;
		return NULL;
	}
	return e;
}

/* All of its blocks are there. */
static void
gather(struct defrag *d, struct entry *e, int64_t now_us)
{
	for (uint32_t at = 0, i = 0; at < e->octets; at += DEFRAG_BLOCK_BYTES, i++) {
		const struct block *block = pool_at(&d->blocks, e->block[i] - 1);
		uint32_t left = e->octets - at;

		memcpy(d->joined + at, block->octets,
		    left < DEFRAG_BLOCK_BYTES ? left : DEFRAG_BLOCK_BYTES);
	}
	e->since_us = now_us;
	dequeue(d, e);
	enqueue(d, e, JOINED);
}

static bool
put_down(struct defrag *d, struct entry *e, const struct fragment *f)
{
	if (units_there(d, e, f->offset, f->data.n) > 0) {
		d->count.overlaps++;
		if (e->v6) {
			refuse(d, e);
			return false;
		}
	}
	if (f->offset == 0)
		e->proto = f->proto;
	if (!f->more)
		e->octets = f->offset + (uint32_t)f->data.n;
	if (put(d, e, f->offset, f->data.p, f->data.n) != 0) {
		forget(d, e);
		return false;
	}
	return e->octets != 0 && e->units == units_of(e->octets);
}

bool
defrag_take(struct defrag *d, const struct fragment *fragment, struct datagram *joined)
{
	struct fragment f = *fragment;
	struct entry *e;

	d->count.fragments++;
	expire(d, f.ts_us);
	if (f.data.n < f.wire_octets) {
		d->count.snaplen++;
		return false;
	}
	if (!make_sane(&f)) {
		d->count.malformed++;
		return false;
	}
	e = entry_for(d, &f);
	if (e == NULL || !put_down(d, e, &f))
		return false;
	d->count.joined++;
	gather(d, e, f.ts_us);
	*joined = (struct datagram){ .src = e->src,
		.dst = e->dst,
		.data = slice_of(d->joined, e->octets),
		.v6 = e->v6,
		.proto = e->proto,
		.depth = f.depth };
	return true;
}

void
defrag_stats(const struct defrag *d, struct stats_visitor *v)
{
	const struct defrag_counters *c = &d->count;

	stats_show(v, "defrag", "fragments", c->fragments);
	stats_show(v, "defrag", "joined", c->joined);
	stats_show(v, "defrag", "duplicates", c->duplicates);
	stats_show(v, "defrag", "overlaps", c->overlaps);
	stats_show(v, "defrag", "refused", c->refused);
	stats_show(v, "defrag", "expired", c->expired);
	stats_show(v, "defrag", "evicted", c->evicted);
	stats_show(v, "defrag", "malformed", c->malformed);
	stats_show(v, "defrag", "snaplen", c->snaplen);
}
