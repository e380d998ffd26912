/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "seen.h"

struct item {
	unsigned number;
	unsigned more;
};

static struct seen *
small(uint32_t entries, uint32_t keys, unsigned share_percent)
{
	struct seen_limits limits = { .entries = entries,
		.keys = keys,
		.share_percent = share_percent,
		.entry_bytes = sizeof(struct item) };

	return seen_new(&limits);
}

static uint32_t
add(struct seen *seen, uint64_t owner, unsigned number)
{
	uint32_t entry = seen_add(seen, owner, number);
	struct item *item = seen_entry(seen, entry);

	assert_int_equal(item->number, 0);
	assert_int_equal(item->more, 0);
	item->number = number;
	return entry;
}

static uint32_t
add_key(struct seen *seen, uint64_t owner, unsigned number, uint64_t key)
{
	uint32_t entry = add(seen, owner, number);

	assert_true(seen_key(seen, entry, key));
	return entry;
}

/* The numbers of the items found by key, as decimal digits of one number. */
static uint64_t
found(const struct seen *seen, uint64_t key)
{
	uint64_t digits = 0;

	for (uint32_t k = seen_find(seen, key); k != SEEN_NONE;
	     k = seen_find_next(seen, k)) {
		const struct item *item = seen_entry(seen, seen_link_entry(seen, k));

		assert_int_equal(seen_link_key(seen, k), key);
		digits = digits * 10 + item->number;
	}
	return digits;
}

static void
several_keys_lead_to_an_entry_and_several_entries_have_a_key(void **state)
{
	struct seen *seen = small(10, 30, 100);
	uint32_t one = add_key(seen, 1, 1, 100);
	uint32_t two = add_key(seen, 2, 2, 100);

	(void)state;
	seen_key(seen, one, 101);
	seen_key(seen, one, 102);
	seen_key(seen, two, 200);
	assert_int_equal(found(seen, 100), 21); /* newest first */
	assert_int_equal(found(seen, 101), 1);
	assert_int_equal(found(seen, 102), 1);
	assert_int_equal(found(seen, 200), 2);
	assert_int_equal(found(seen, 300), 0);
	seen_drop(seen, one);
	assert_int_equal(found(seen, 100), 2);
	assert_int_equal(found(seen, 101), 0);
	assert_int_equal(seen_counters(seen)->entries, 1);
	assert_int_equal(seen_counters(seen)->keys, 2);
	seen_free(seen);
}

static void
the_same_key_twice_is_once(void **state)
{
	struct seen *seen = small(10, 30, 100);
	uint32_t one = add_key(seen, 1, 1, 100);

	(void)state;
	assert_true(seen_key(seen, one, 100));
	assert_int_equal(found(seen, 100), 1);
	assert_int_equal(seen_counters(seen)->keys, 1);
	seen_free(seen);
}

static void
the_keys_of_an_entry_can_be_walked(void **state)
{
	struct seen *seen = small(10, 30, 100);
	uint32_t one = add_key(seen, 1, 1, 100);
	uint64_t sum = 0;

	(void)state;
	add_key(seen, 1, 2, 7);
	seen_key(seen, one, 10);
	seen_key(seen, one, 1);
	for (uint32_t k = seen_keys(seen, one); k != SEEN_NONE;
	     k = seen_keys_next(seen, k))
		sum += seen_link_key(seen, k);
	assert_int_equal(sum, 111);
	seen_free(seen);
}

static void
the_oldest_entry_goes_first(void **state)
{
	struct seen *seen = small(3, 100, 100);

	(void)state;
	for (unsigned i = 1; i <= 5; i++)
		add_key(seen, i, i, 100);
	assert_int_equal(found(seen, 100), 543);
	assert_int_equal(seen_counters(seen)->evicted, 2);
	assert_int_equal(seen_counters(seen)->entries, 3);
	seen_free(seen);
}

static void
the_oldest_entry_makes_room_for_keys(void **state)
{
	struct seen *seen = small(10, 4, 100);
	uint32_t last;

	(void)state;
	add_key(seen, 1, 1, 10);
	add_key(seen, 2, 2, 20);
	last = add_key(seen, 3, 3, 30);
	seen_key(seen, last, 31);
	assert_int_equal(found(seen, 10), 1);
	seen_key(seen, last, 32);
	assert_int_equal(found(seen, 10), 0);
	assert_int_equal(found(seen, 20), 2);
	assert_int_equal(found(seen, 32), 3);
	assert_int_equal(seen_counters(seen)->evicted, 1);
	seen_free(seen);
}

static void
an_entry_alone_cannot_have_more_keys_than_there_are(void **state)
{
	struct seen *seen = small(10, 4, 100);
	uint32_t one = add(seen, 1, 1);

	(void)state;
	for (uint64_t key = 1; key <= 4; key++)
		assert_true(seen_key(seen, one, key));
	assert_false(seen_key(seen, one, 5));
	assert_int_equal(seen_counters(seen)->keys_refused, 1);
	assert_int_equal(found(seen, 1), 1);
	seen_free(seen);
}

static void
one_owner_cannot_push_out_another(void **state)
{
	struct seen *seen = small(100, 1000, 10);

	(void)state;
	add_key(seen, 1, 7, 70);
	for (unsigned i = 0; i < 10000; i++)
		add_key(seen, 2, 1, 1000 + i);
	assert_int_equal(found(seen, 70), 7);
	assert_int_equal(seen_counters(seen)->entries, 11);
	assert_int_equal(seen_counters(seen)->evicted, 0);
	assert_int_equal(seen_counters(seen)->evicted_share, 9990);
	assert_int_equal(found(seen, 10999), 1);
	assert_int_equal(found(seen, 10989), 0);
	seen_free(seen);
}

static void
one_owner_cannot_fill_the_keys(void **state)
{
	struct seen *seen = small(100, 1000, 10);
	uint32_t entry;

	(void)state;
	add_key(seen, 1, 7, 70);
	entry = add(seen, 2, 1);
	for (uint64_t i = 0; i < 10000; i++)
		seen_key(seen, entry, 1000 + i);
	assert_int_equal(seen_counters(seen)->keys, 101);
	assert_int_equal(seen_counters(seen)->keys_refused, 9900);
	assert_int_equal(found(seen, 70), 7);
	seen_free(seen);
}

static void
repeating_a_key_hides_ones_own_first(void **state)
{
	struct seen *seen = small(1000, 1000, 100);

	(void)state;
	add_key(seen, 1, 7, 70);
	for (unsigned i = 0; i < 100; i++)
		add_key(seen, 2, 1, 70);
	assert_int_equal(found(seen, 70), 111111117);
	assert_int_equal(seen_counters(seen)->keys_hidden, 100 - SEEN_OWN_EQUAL_KEYS);
	seen_free(seen);
}

static void
of_one_key_a_bounded_number_is_found(void **state)
{
	struct seen *seen = small(1000, 1000, 100);
	unsigned n = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		add_key(seen, i, 1, 70);
	for (uint32_t k = seen_find(seen, 70); k != SEEN_NONE;
	     k = seen_find_next(seen, k))
		n++;
	assert_int_equal(n, SEEN_EQUAL_KEYS);
	seen_free(seen);
}

static void
what_is_older_than_the_window_goes(void **state)
{
	struct seen *seen = small(10, 10, 100);

	(void)state;
	for (unsigned i = 1; i <= 5; i++)
		add_key(seen, i, i, 100);
	seen_expire(seen, 3);
	assert_int_equal(found(seen, 100), 543);
	assert_int_equal(seen_counters(seen)->expired, 2);
	seen_expire(seen, 100);
	assert_int_equal(found(seen, 100), 0);
	seen_free(seen);
}

/* The numbers of all entries that are not filed yet, as decimal digits of one number. */
static uint64_t
unfiled(struct seen *seen)
{
	uint64_t digits = 0;
	uint32_t entry;

	while ((entry = seen_unfiled(seen)) != SEEN_NONE) {
		const struct item *item = seen_entry(seen, entry);

		digits = digits * 10 + item->number;
	}
	return digits;
}

static void
each_entry_is_given_once_to_be_filed(void **state)
{
	struct seen *seen = small(10, 10, 100);

	(void)state;
	assert_int_equal(unfiled(seen), 0);
	for (unsigned i = 1; i <= 3; i++)
		add(seen, i, i);
	assert_int_equal(unfiled(seen), 123);
	assert_int_equal(unfiled(seen), 0);
	add(seen, 1, 4);
	add(seen, 2, 5);
	assert_int_equal(unfiled(seen), 45);
	seen_free(seen);
}

static void
what_is_gone_is_not_given_to_be_filed(void **state)
{
	struct seen *seen = small(4, 10, 100);
	uint32_t last = SEEN_NONE;

	(void)state;
	for (unsigned i = 1; i <= 5; i++)
		last = add(seen, i, i); /* 5 pushes 1 out */
	seen_expire(seen, 3);
	seen_drop(seen, last);
	assert_int_equal(unfiled(seen), 34);
	last = add(seen, 1, 6);
	seen_drop(seen, last);
	assert_int_equal(unfiled(seen), 0);
	add(seen, 1, 7);
	seen_expire(seen, 100);
	assert_int_equal(unfiled(seen), 0);
	add(seen, 1, 8);
	assert_int_equal(unfiled(seen), 8);
	seen_free(seen);
}

static void
keys_of_two_sides_are_two_keys(void **state)
{
	struct seen *seen = small(10, 10, 100);
	uint64_t one = seen_key_of_side(UINT64_C(0x123456789abcdef0), false);
	uint64_t other = seen_key_of_side(one, true);

	(void)state;
	assert_int_equal(seen_key_of_side(other, false), one);
	add_key(seen, 1, 1, one);
	assert_int_equal(found(seen, one), 1);
	assert_int_equal(found(seen, other), 0);
	add_key(seen, 1, 2, other);
	assert_int_equal(found(seen, one), 1);
	assert_int_equal(found(seen, other), 2);
	seen_free(seen);
}

static void
prefetch_all(const struct seen *seen, uint64_t key, uint64_t owner)
{
	for (unsigned step = 0; step < 3; step++) {
		seen_prefetch(seen, key, step);
		seen_prefetch_owner(seen, owner, step);
	}
}

static void
asking_ahead_finds_and_changes_nothing(void **state)
{
	struct seen *seen = small(10, 10, 100);

	(void)state;
	prefetch_all(seen, 100, 1);
	assert_int_equal(seen_counters(seen)->entries, 0);
	add_key(seen, 1, 1, 100);
	for (unsigned i = 0; i < 1000; i++)
		prefetch_all(seen, i, i);
	assert_int_equal(found(seen, 100), 1);
	assert_int_equal(unfiled(seen), 1);
	assert_int_equal(seen_counters(seen)->entries, 1);
	assert_int_equal(seen_counters(seen)->keys, 1);
	seen_free(seen);
}

static void
entries_keep_to_themselves(void **state)
{
	enum { BYTES = 65 };
	struct seen_limits limits = {
		.entries = 3, .keys = 3, .share_percent = 100, .entry_bytes = BYTES
	};
	struct seen *seen = seen_new(&limits);

	(void)state;
	for (uint8_t i = 1; i <= 3; i++)
		memset(seen_entry(seen, seen_add(seen, 1, i)), i, BYTES);
	for (uint8_t i = 1; i <= 3; i++) {
		const uint8_t *bytes = seen_entry(seen, seen_unfiled(seen));

		assert_int_equal(bytes[0], i);
		assert_int_equal(bytes[BYTES - 1], i);
	}
	seen_free(seen);
}

static void
count_gone(void *context, uint32_t entry)
{
	unsigned *sum = context;

	*sum += entry + 1;
}

static void
who_is_evicted_is_told(void **state)
{
	unsigned sum = 0;
	struct seen_limits limits = { .entries = 2,
		.keys = 10,
		.share_percent = 100,
		.entry_bytes = sizeof(struct item),
		.gone = count_gone,
		.context = &sum };
	struct seen *seen = seen_new(&limits);
	uint32_t one = add(seen, 1, 1), two = add(seen, 2, 2);

	(void)state;
	add(seen, 3, 3);
	assert_int_equal(sum, one + 1);
	seen_drop(seen, two);
	assert_int_equal(sum, one + 1);
	seen_free(seen);
}

/* Random work against a plain list. */

enum { MODEL = 64 };

struct model {
	unsigned count;
	uint32_t entry[MODEL];
	uint64_t key[MODEL];
};

static void
model_remove(struct model *m, unsigned i)
{
	m->count--;
	memmove(&m->entry[i], &m->entry[i + 1], (m->count - i) * sizeof(m->entry[0]));
	memmove(&m->key[i], &m->key[i + 1], (m->count - i) * sizeof(m->key[0]));
}

static void
model_check(const struct model *m, const struct seen *seen)
{
	assert_int_equal(seen_counters(seen)->entries, m->count);
	assert_int_equal(seen_counters(seen)->keys, m->count);
	for (unsigned i = 0; i < m->count; i++)
		assert_int_equal(
		    seen_link_entry(seen, seen_find(seen, m->key[i])), m->entry[i]);
}

static void
random_work_leaves_no_trace(void **state)
{
	struct seen *seen = small(MODEL, MODEL, 100);
	struct model m = { 0 };
	uint64_t next = 1;

	(void)state;
	srandom(1);
	for (unsigned step = 0; step < 20000; step++) {
		unsigned what = (unsigned)random() % 3;

		if (what == 0 && m.count > 0) {
			unsigned i = (unsigned)random() % m.count;

			seen_drop(seen, m.entry[i]);
			model_remove(&m, i);
		} else {
			if (m.count == MODEL)
				model_remove(&m, 0);
			m.key[m.count] = next++ * 0x100000001;
			m.entry[m.count] =
			    add_key(seen, (uint64_t)random() % 5, 1, m.key[m.count]);
			m.count++;
		}
		model_check(&m, seen);
	}
	seen_free(seen);
}

static void
a_million_equal_keys_are_quick(void **state)
{
	struct seen *seen = small(100000, 400000, 25);
	clock_t begun = clock();

	(void)state;
	for (unsigned i = 0; i < 1000000; i++)
		add_key(seen, 1, 1, 70);
	assert_true(clock() - begun < 5 * CLOCKS_PER_SEC);
	seen_free(seen);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    several_keys_lead_to_an_entry_and_several_entries_have_a_key),
		cmocka_unit_test(the_same_key_twice_is_once),
		cmocka_unit_test(the_keys_of_an_entry_can_be_walked),
		cmocka_unit_test(the_oldest_entry_goes_first),
		cmocka_unit_test(the_oldest_entry_makes_room_for_keys),
		cmocka_unit_test(an_entry_alone_cannot_have_more_keys_than_there_are),
		cmocka_unit_test(one_owner_cannot_push_out_another),
		cmocka_unit_test(one_owner_cannot_fill_the_keys),
		cmocka_unit_test(repeating_a_key_hides_ones_own_first),
		cmocka_unit_test(of_one_key_a_bounded_number_is_found),
		cmocka_unit_test(what_is_older_than_the_window_goes),
		cmocka_unit_test(each_entry_is_given_once_to_be_filed),
		cmocka_unit_test(what_is_gone_is_not_given_to_be_filed),
		cmocka_unit_test(keys_of_two_sides_are_two_keys),
		cmocka_unit_test(asking_ahead_finds_and_changes_nothing),
		cmocka_unit_test(entries_keep_to_themselves),
		cmocka_unit_test(who_is_evicted_is_told),
		cmocka_unit_test(random_work_leaves_no_trace),
		cmocka_unit_test(a_million_equal_keys_are_quick),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
