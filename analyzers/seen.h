/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SEEN_H
#define RELAYWATCH_SEEN_H

/*
 * Bounded memory of things seen. An entry holds bytes of the caller's own and is found
 * again by any number of 64-bit keys; a key may lead to several entries. All memory is
 * taken by seen_new(). When it is full the oldest entry goes with all its keys, and one
 * owner never fills more than its share: the owner's own oldest goes first.
 *
 * Of one key the newest SEEN_EQUAL_KEYS are found, at most SEEN_OWN_EQUAL_KEYS of them of
 * one owner, so that nobody makes lookups slow or hides what others did by repetition.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SEEN_EQUAL_KEYS = 64, SEEN_OWN_EQUAL_KEYS = 8 };

#define SEEN_NONE UINT32_MAX

struct seen_limits {
	uint32_t entries;
	uint32_t keys;
	unsigned share_percent; /* of both, what one owner can fill; 100: no limit */
	size_t entry_bytes;
	/* Told before an entry is evicted or expires; not for seen_drop(). May be NULL.
	 */
	void (*gone)(void *context, uint32_t entry);
	void *context;
};

struct seen_counters {
	uint32_t entries, keys; /* held now */
	uint64_t evicted;       /* entries that made room for others */
	uint64_t evicted_share; /* entries that made room for their own owner's next */
	uint64_t expired;
	uint64_t keys_hidden;  /* by newer ones of the same key */
	uint64_t keys_refused; /* of an entry that fills its owner's share alone */
};

struct seen;

/* NULL when out of memory. */
struct seen *seen_new(const struct seen_limits *limits);
void seen_free(struct seen *seen);

/* A new entry, its bytes zero. owner: a hash of whom it is counted for. */
uint32_t seen_add(struct seen *seen, uint64_t owner, int64_t now_us);
void *seen_entry(const struct seen *seen, uint32_t entry);
void seen_drop(struct seen *seen, uint32_t entry);

/* Makes entry found by key; twice is once. False where the share does not allow it. */
bool seen_key(struct seen *seen, uint32_t entry, uint64_t key);

/* The oldest entry that this did not give yet; SEEN_NONE: there is none. For keys that
 * are made only when somebody is about to look for one. */
uint32_t seen_unfiled(struct seen *seen);

/* Entries added before then go. */
void seen_expire(struct seen *seen, int64_t before_us);

/*
 * Walks: links are positions, SEEN_NONE ends. Over the entries of a key, newest first:
 * seen_find(), seen_find_next(); over the keys of an entry: seen_keys(),
 * seen_keys_next().
 */
uint32_t seen_find(const struct seen *seen, uint64_t key);
uint32_t seen_find_next(const struct seen *seen, uint32_t link);
uint32_t seen_keys(const struct seen *seen, uint32_t entry);
uint32_t seen_keys_next(const struct seen *seen, uint32_t link);
uint32_t seen_link_entry(const struct seen *seen, uint32_t link);
uint64_t seen_link_key(const struct seen *seen, uint32_t link);

/* A key made of what senders may choose. Flow ids, which are keys as they are, have fewer
 * bits: nobody can have the one taken for the other. */
static inline uint64_t
seen_key_of_hash(uint64_t hash)
{
	return hash | UINT64_C(1) << 63;
}

/* The same for two sides that look for each other: who has looked for one has what
 * finding the other needs at hand. */
static inline uint64_t
seen_key_of_side(uint64_t hash, bool side)
{
	return (seen_key_of_hash(hash) & ~UINT64_C(1)) | side;
}

/* Memory that finding a key will need, asked for ahead of it: steps 0 to 2, some time
 * apart, since one brings the address for the next. */
void seen_prefetch(const struct seen *seen, uint64_t key, unsigned step);

/* What adding an entry for an owner will need; steps 0 and 1. */
void seen_prefetch_owner(const struct seen *seen, uint64_t owner, unsigned step);

const struct seen_counters *seen_counters(const struct seen *seen);

#endif
