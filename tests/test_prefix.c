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

/* Feeds head and body in pieces of `step` octets; byte i at time i. */
static struct record_prefix
prefix_of(struct slice head, size_t step)
{
	uint8_t stream[2048];
	size_t n = head.n + sizeof(body) - 1;
	struct record_prefix told;
	struct prefix prefix;

	memcpy(stream, head.p, head.n);
	memcpy(stream + head.n, body, sizeof(body) - 1);
	prefix_init(&prefix);
	for (size_t at = 0; at < n; at += step) {
		size_t piece = n - at < step ? n - at : step;

		prefix_take(
		    &prefix, 0, slice_of(stream + at, piece), (int64_t)(at + piece));
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
		struct record_prefix told = prefix_of(slice_str(""), step);

		assert_body_prefix(&told);
	}
}

static void
proxy_v1_header_is_skipped(void **state)
{
	static const char *const heads[] = {
		"PROXY UNKNOWN\r\n",
		"PROXY TCP4 198.51.100.7 192.0.2.25 40000 25\r\n",
		"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++) {
		for (size_t step = 1; step < 120; step++) {
			struct record_prefix told = prefix_of(slice_str(heads[i]), step);

			assert_body_prefix(&told);
		}
	}
}

static void
proxy_v2_header_is_skipped(void **state)
{
	uint8_t head[16 + 300] = "\r\n\r\n\0\r\nQUIT\n\x21\x11";

	(void)state;
	for (unsigned length = 0; length <= 300; length += 12) {
		head[14] = (uint8_t)(length >> 8);
		head[15] = (uint8_t)length;
		for (size_t step = 1; step < 120; step += 7) {
			struct record_prefix told =
			    prefix_of(slice_of(head, 16 + length), step);

			assert_body_prefix(&told);
		}
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
times_are_those_of_the_last_byte(void **state)
{
	struct record_prefix told = prefix_of(slice_str(""), 10);

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
		cmocka_unit_test(proxy_v1_header_is_skipped),
		cmocka_unit_test(proxy_v2_header_is_skipped),
		cmocka_unit_test(short_stream_tells_the_lengths_it_has),
		cmocka_unit_test(times_are_those_of_the_last_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
