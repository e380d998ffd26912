/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <xxhash.h>

#include "prefix.h"

static const char body[] = "220 mail.example.org ESMTP Postfix\r\nEHLO "
			   "client.example.com\r\nMAIL FROM:<a@b.example>";

/* Feeds the body in pieces of `step` octets; byte i at time i. */
static struct record_prefix
prefix_of(size_t step)
{
	size_t n = sizeof(body) - 1;
	struct record_prefix told;
	struct prefix prefix;

	prefix_init(&prefix);
	for (size_t at = 0; at < n; at += step) {
		size_t piece = n - at < step ? n - at : step;

		prefix_take(
		    &prefix, 0, slice_of(body + at, piece), (int64_t)(at + piece));
	}
	prefix_tell(&prefix, 0, &told);
	return told;
}

static void
assert_body_prefix(const struct record_prefix *told)
{
	assert_int_equal(told->lengths, 3);
	assert_int_equal(told->hash[0], XXH3_64bits(body, 16));
	assert_int_equal(told->hash[1], XXH3_64bits(body, 32));
	assert_int_equal(told->hash[2], XXH3_64bits(body, 64));
}

static void
any_cut_gives_the_same_hashes(void **state)
{
	(void)state;
	for (size_t step = 1; step < sizeof(body); step++) {
		struct record_prefix told = prefix_of(step);

		assert_body_prefix(&told);
	}
}

static void
short_stream_tells_the_lengths_it_has(void **state)
{
	struct prefix prefix;
	struct record_prefix told;

	(void)state;
	prefix_init(&prefix);
	assert_false(prefix_take(&prefix, 1, slice_of(body, 40), 5));
	assert_true(prefix_stop(&prefix, 1));
	prefix_tell(&prefix, 1, &told);
	assert_int_equal(told.lengths, 2);
	assert_int_equal(told.hash[1], XXH3_64bits(body, 32));
	assert_int_equal(told.ts_us[1], 5);
	assert_false(prefix_stop(&prefix, 1));
	assert_false(prefix_stop(&prefix, 0));
	assert_true(prefix_is_done(&prefix));
}

static void
the_second_direction_knows_how_both_begin(void **state)
{
	uint64_t both = XXH3_64bits(body, 16) + XXH3_64bits(body + 16, 16);
	struct prefix prefix;
	struct record_prefix told;

	(void)state;
	prefix_init(&prefix);
	prefix_take(&prefix, 0, slice_of(body, 20), 5);
	prefix_take(&prefix, 1, slice_of(body + 16, 70), 6);
	prefix_tell(&prefix, 1, &told);
	assert_int_equal(told.both, 0);
	assert_true(prefix_stop(&prefix, 0));
	prefix_tell(&prefix, 0, &told);
	assert_int_equal(told.both, both);
}

static void
of_a_silent_direction_nothing_is_known(void **state)
{
	struct prefix prefix;
	struct record_prefix told;

	(void)state;
	prefix_init(&prefix);
	prefix_stop(&prefix, 1);
	prefix_take(&prefix, 0, slice_of(body, 70), 5);
	prefix_tell(&prefix, 0, &told);
	assert_int_equal(told.both, 0);
}

static void
times_are_those_of_the_last_byte(void **state)
{
	struct record_prefix told = prefix_of(10);

	(void)state;
	assert_int_equal(told.ts_us[0], 20);
	assert_int_equal(told.ts_us[1], 40);
	assert_int_equal(told.ts_us[2], 70);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_cut_gives_the_same_hashes),
		cmocka_unit_test(short_stream_tells_the_lengths_it_has),
		cmocka_unit_test(the_second_direction_knows_how_both_begin),
		cmocka_unit_test(of_a_silent_direction_nothing_is_known),
		cmocka_unit_test(times_are_those_of_the_last_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
