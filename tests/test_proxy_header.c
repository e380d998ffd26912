/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proxy_header.h"

enum { STREAM_MAX = 2048, STEP_MAX = 120 };

static const char body[] = "EHLO client.example.com\r\nMAIL FROM:<a@b.example>\r\n";

struct got {
	uint8_t bytes[STREAM_MAX];
	size_t n;
};

static void
add(struct got *got, struct slice s)
{
	if (s.n > 0)
		memcpy(got->bytes + got->n, s.p, s.n);
	got->n += s.n;
}

/* What is left of a stream, in pieces of `step` octets, and of what ends it. */
static void
pass(struct slice stream, size_t step, struct got *got)
{
	struct proxy_header header = { 0 };

	got->n = 0;
	while (stream.n > 0) {
		struct slice piece = slice_head(stream, step);

		stream = slice_tail(stream, piece.n);
		add(got, proxy_header_take(&header, &piece));
		assert_true(piece.n == 0 || proxy_header_is_over(&header));
		add(got, piece);
	}
	add(got, proxy_header_stop(&header));
	assert_true(proxy_header_is_over(&header));
}

static void
assert_left(struct slice head, struct slice behind, struct slice wanted)
{
	uint8_t bytes[STREAM_MAX];
	struct slice stream = slice_of(bytes, head.n + behind.n);
	struct got got;

	memcpy(bytes, head.p, head.n);
	memcpy(bytes + head.n, behind.p, behind.n);
	for (size_t step = 1; step < STEP_MAX; step++) {
		pass(stream, step, &got);
		assert_int_equal(got.n, wanted.n);
		assert_memory_equal(got.bytes, wanted.p, wanted.n);
	}
}

static void
version_1_is_skipped(void **state)
{
	static const char *const heads[] = {
		"PROXY UNKNOWN\r\n",
		"PROXY TCP4 198.51.100.7 192.0.2.25 40000 25\r\n",
		"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
		"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(*heads); i++)
		assert_left(slice_str(heads[i]), slice_str(body), slice_str(body));
}

static void
version_2_is_skipped(void **state)
{
	uint8_t head[16 + 300] = "\r\n\r\n\0\r\nQUIT\n\x21\x11";

	(void)state;
	for (unsigned length = 0; length <= 300; length += 12) {
		head[14] = (uint8_t)(length >> 8);
		head[15] = (uint8_t)length;
		assert_left(
		    slice_of(head, 16 + length), slice_str(body), slice_str(body));
	}
}

/* All of it comes, also where it ends in the midst. */
static void
what_only_looks_like_one_is_left(void **state)
{
	static const struct slice none[] = {
		{ (const uint8_t *)body, sizeof(body) - 1 },
		{ (const uint8_t *)"P", 1 },
		{ (const uint8_t *)"PROXY", 5 },
		{ (const uint8_t *)"PROXIES", 7 },
		{ (const uint8_t *)"\r\n\r\n", 4 },
		{ (const uint8_t *)"\r\nGET http://a.example/\r\n", 26 },
		{ (const uint8_t *)"\r\n\r\n\0\r\nQUIT", 11 },
		{ (const uint8_t *)"\r\n\r\n\0\r\nQUIT\r\n", 13 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_left(slice_str(""), none[i], none[i]);
}

/* 107 octets are the longest line of version 1. */
static void
endless_line_is_given_up(void **state)
{
	char line[300];
	struct got got;

	(void)state;
	memset(line, 'x', sizeof(line));
	memcpy(line, "PROXY ", 6);
	for (size_t step = 1; step < STEP_MAX; step++) {
		pass(slice_of(line, sizeof(line)), step, &got);
		assert_int_equal(got.n, sizeof(line) - 107);
	}
}

static void
only_one_is_skipped(void **state)
{
	static const char twice[] = "PROXY UNKNOWN\r\nPROXY UNKNOWN\r\n";

	(void)state;
	assert_left(slice_str(twice), slice_str(body),
	    slice_str("PROXY UNKNOWN\r\nEHLO client.example.com\r\n"
		      "MAIL FROM:<a@b.example>\r\n"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_is_skipped),
		cmocka_unit_test(version_2_is_skipped),
		cmocka_unit_test(what_only_looks_like_one_is_left),
		cmocka_unit_test(endless_line_is_given_up),
		cmocka_unit_test(only_one_is_skipped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
