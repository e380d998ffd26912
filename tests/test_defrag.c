/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "defrag.h"

enum { SEC = 1000000, TEXT_MAX = 65535 };

static struct defrag *defrag;
static struct datagram joined;
static uint8_t text[TEXT_MAX];
static int64_t now_us;

struct shown {
	struct stats_visitor visitor; /* first: the visited get this */
	const char *name;
	uint64_t value;
};

static void
note_counter(struct stats_visitor *v, const char *group, const char *name, uint64_t value)
{
	struct shown *shown = (struct shown *)v;

	(void)group;
	if (strcmp(name, shown->name) == 0)
		shown->value = value;
}

static uint64_t
counter(const char *name)
{
	struct shown shown = { { note_counter }, name, UINT64_MAX };

	defrag_stats(defrag, &shown.visitor);
	return shown.value;
}

static int
begin(uint32_t datagrams, uint32_t blocks)
{
	const struct defrag_limits limits = { datagrams, blocks, 30 };

	now_us = 1000 * (int64_t)SEC;
	srand(1);
	for (size_t i = 0; i < TEXT_MAX; i++)
		text[i] = (uint8_t)rand();
	defrag = defrag_new(&limits);
	return defrag == NULL ? -1 : 0;
}

static int
set_up(void **state)
{
	(void)state;
	return begin(64, 128);
}

static int
tear_down(void **state)
{
	(void)state;
	defrag_free(defrag);
	return 0;
}

static struct fragment
piece(uint32_t id, bool v6, uint32_t from, uint32_t to, bool more)
{
	struct fragment f = { .id = id,
		.v6 = v6,
		.proto = 6,
		.offset = from,
		.more = more,
		.data = slice_of(text + from, to - from),
		.wire_octets = to - from,
		.ts_us = now_us,
		.depth = 3 };

	if (v6) {
		f.src = addr_from_v6((const uint8_t[16]){ 0x20, 1, [15] = 1 });
		f.dst = addr_from_v6((const uint8_t[16]){ 0x20, 1, [15] = 2 });
	} else {
		f.src = addr_from_v4((const uint8_t[4]){ 192, 0, 2, 1 });
		f.dst = addr_from_v4((const uint8_t[4]){ 198, 51, 100, 2 });
	}
	return f;
}

/* Whether a piece of the text completes its datagram. */
static bool
take(uint32_t id, bool v6, uint32_t from, uint32_t to, bool more)
{
	struct fragment f = piece(id, v6, from, to, more);

	return defrag_take(defrag, &f, &joined);
}

static void
check_joined(uint32_t octets)
{
	assert_int_equal(joined.data.n, octets);
	assert_memory_equal(joined.data.p, text, octets);
}

static void
two_fragments_are_joined(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		struct fragment last = piece(7, v6, 1480, 2000, false);

		assert_false(take(7, v6, 0, 1480, true));
		assert_true(defrag_take(defrag, &last, &joined));
		check_joined(2000);
		assert_true(addr_equal(&joined.src, &last.src));
		assert_true(addr_equal(&joined.dst, &last.dst));
		assert_int_equal(joined.proto, 6);
		assert_int_equal(joined.v6, v6);
		assert_int_equal(joined.depth, 3);
	}
	assert_int_equal(counter("joined"), 2);
	assert_int_equal(counter("fragments"), 4);
}

static void
any_order_will_do(void **state)
{
	static const uint32_t ends[] = { 0, 1400, 2800, 4200, 4203 };
	static const uint8_t orders[][4] = { { 3, 2, 1, 0 }, { 3, 0, 1, 2 },
		{ 1, 3, 0, 2 }, { 2, 0, 3, 1 }, { 0, 3, 2, 1 } };

	(void)state;
	for (uint32_t i = 0; i < 10; i++) {
		for (unsigned k = 0; k < 4; k++) {
			unsigned n = orders[i % 5][k];

			assert_int_equal(
			    take(i, i & 1, ends[n], ends[n + 1], n < 3), k == 3);
		}
		check_joined(4203);
	}
}

static void
tiny_fragments_of_the_longest_datagram_are_joined(void **state)
{
	uint32_t unit[8192];

	(void)state;
	for (uint32_t i = 0; i < 8192; i++)
		unit[i] = i * 8;
	for (uint32_t i = 8191; i > 0; i--) {
		uint32_t k = (uint32_t)rand() % (i + 1), swap = unit[i];

		unit[i] = unit[k];
		unit[k] = swap;
	}
	for (uint32_t i = 0; i < 8192; i++) {
		bool last = unit[i] == 65528;

		assert_int_equal(
		    take(1, false, unit[i], last ? 65535 : unit[i] + 8, !last),
		    i == 8191);
	}
	check_joined(65535);
}

static void
what_names_a_datagram(void **state)
{
	struct fragment f;

	(void)state;
	assert_false(take(1, false, 0, 800, true));
	assert_false(take(2, false, 800, 1600, false));
	assert_false(take(1, true, 800, 1600, false));
	f = piece(1, false, 800, 1600, false);
	f.dst.b[15]++;
	assert_false(defrag_take(defrag, &f, &joined));
	f = piece(1, false, 800, 1600, false);
	f.proto = 17;
	assert_false(defrag_take(defrag, &f, &joined));
	assert_true(take(1, false, 800, 1600, false));
	/* In IPv6 the first fragment's next header holds (RFC 8200 section 4.5). */
	f = piece(1, true, 0, 800, true);
	f.proto = 60;
	assert_true(defrag_take(defrag, &f, &joined));
	assert_int_equal(joined.proto, 60);
}

static void
copies_change_nothing(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		assert_false(take(1, v6, 0, 800, true));
		assert_false(take(1, v6, 0, 800, true));
		assert_false(take(1, v6, 80, 160, true));
		assert_true(take(1, v6, 800, 1600, false));
		assert_false(take(1, v6, 800, 1600, false));
		assert_false(take(1, v6, 0, 800, true));
		assert_false(take(1, v6, 800, 1600, false));
	}
	assert_int_equal(counter("joined"), 2);
	assert_int_equal(counter("duplicates"), 10);
	assert_int_equal(counter("overlaps"), 0);
}

/* A sender's numbers come round: within a second on a fast link. */
static void
a_name_is_used_again(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 5; i++) {
		assert_false(take(1, false, 0, 800, true));
		assert_true(take(1, false, 800, 1600 - 8 * i, false));
		check_joined(1600 - 8 * i);
		text[i * 13]++;
		text[801 + i]++;
	}
	assert_int_equal(counter("joined"), 5);
}

static void
in_ipv4_the_first_copy_counts(void **state)
{
	uint8_t other[800];
	struct fragment f = piece(1, false, 400, 1200, true);

	(void)state;
	memset(other, 'x', sizeof(other));
	f.data.p = other;
	assert_false(take(1, false, 0, 800, true));
	assert_false(defrag_take(defrag, &f, &joined));
	assert_true(take(1, false, 1000, 1600, false));
	assert_int_equal(counter("overlaps"), 2);
	assert_memory_equal(joined.data.p, text, 800);
	for (size_t i = 800; i < 1200; i++)
		assert_int_equal(joined.data.p[i], 'x');
	assert_memory_equal(joined.data.p + 1200, text + 1200, 400);
}

static void
in_ipv6_an_overlap_ends_it(void **state)
{
	(void)state;
	assert_false(take(1, true, 0, 800, true));
	assert_false(take(1, true, 792, 1200, true));
	assert_false(take(1, true, 800, 1200, true));
	assert_false(take(1, true, 0, 800, true));
	assert_false(take(1, true, 1200, 1600, false));
	assert_int_equal(counter("refused"), 1);
	assert_int_equal(counter("joined"), 0);
	now_us += 31 * (int64_t)SEC;
	assert_false(take(1, true, 0, 800, true));
	assert_true(take(1, true, 800, 1600, false));
}

/* Teardrop: the second lies within the first; it says to be the last, too. */
static void
teardrop_is_nothing(void **state)
{
	(void)state;
	for (unsigned v6 = 0; v6 < 2; v6++) {
		assert_false(take(1, v6, 0, 40, true));
		assert_false(take(1, v6, 24, 28, false));
		assert_false(take(2, v6, 24, 28, false));
		assert_false(take(2, v6, 0, 40, true));
		assert_false(take(2, v6, 24, 64, false));
	}
	assert_int_equal(counter("malformed"), 6);
	assert_int_equal(counter("joined"), 0);
}

static void
fragments_that_can_be_none(void **state)
{
	struct fragment f = piece(1, false, 65528, 65535, false);

	(void)state;
	assert_false(take(1, false, 0, 0, true));
	assert_false(take(1, true, 0, 801, true));
	assert_false(take(1, false, 0, 7, true));
	f.data.n = 8; /* the ping of death */
	f.wire_octets = 8;
	f.data.p = text;
	assert_false(defrag_take(defrag, &f, &joined));
	f = piece(1, false, 0, 800, true);
	f.wire_octets = 1480;
	assert_false(defrag_take(defrag, &f, &joined));
	assert_int_equal(counter("malformed"), 4);
	assert_int_equal(counter("snaplen"), 1);
}

/* As Linux has it, which leaves away what is beyond a unit. */
static void
an_odd_middle_fragment_of_ipv4_is_cut(void **state)
{
	(void)state;
	assert_false(take(1, false, 0, 805, true));
	assert_true(take(1, false, 800, 900, false));
	check_joined(900);
}

static void
a_datagram_waits_for_half_a_minute(void **state)
{
	(void)state;
	assert_false(take(1, false, 0, 800, true));
	now_us += 30 * (int64_t)SEC;
	assert_true(take(1, false, 800, 1600, false));
	assert_false(take(2, false, 0, 800, true));
	now_us += 20 * (int64_t)SEC;
	assert_false(take(2, false, 1600, 1700, false));
	now_us += 11 * (int64_t)SEC;
	assert_false(take(2, false, 800, 1600, true));
	assert_int_equal(counter("expired"), 1);
	assert_int_equal(counter("evicted"), 0);
}

static void
the_oldest_goes_when_there_are_too_many(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < 65; id++)
		assert_false(take(id, false, 0, 8, true));
	assert_int_equal(counter("evicted"), 1);
	assert_true(take(1, false, 8, 10, false));
	assert_true(take(64, false, 8, 10, false));
	assert_false(take(0, false, 8, 10, false)); /* took the place of a joined one */
	assert_int_equal(counter("evicted"), 1);
}

static void
the_oldest_goes_when_there_are_too_many_octets(void **state)
{
	(void)state;
	for (uint32_t id = 0; id < 4; id++)
		assert_false(take(id, false, 0, 64000, true));
	assert_false(take(4, false, 0, 64000, true));
	assert_int_equal(counter("evicted"), 1);
	assert_false(take(0, false, 64000, 65000, false));
	assert_true(take(4, false, 64000, 65000, false));
	check_joined(65000);
}

static void
the_least_memory_is_enough_for_one(void **state)
{
	(void)state;
	defrag_free(defrag);
	assert_int_equal(begin(1, DEFRAG_BLOCKS_MIN), 0);
	for (uint32_t id = 0; id < 3; id++) {
		assert_false(take(id, false, 0, 32000, true));
		assert_false(take(id, false, 40000, 65535, false));
		assert_true(take(id, false, 32000, 40000, true));
		check_joined(65535);
	}
}

static void
less_memory_is_refused(void **state)
{
	const struct defrag_limits limits = { 1, DEFRAG_BLOCKS_MIN - 1, 30 };

	(void)state;
	assert_null(defrag_new(&limits));
}

/* Fragments carried in a datagram just joined: read before it is written over. */
static void
what_was_joined_may_come_in_again(void **state)
{
	struct fragment f;

	(void)state;
	assert_false(take(1, false, 0, 800, true));
	assert_true(take(1, false, 800, 1600, false));
	f = piece(9, false, 800, 1600, false);
	f.data.p = joined.data.p + 800;
	assert_false(take(9, false, 0, 800, true));
	assert_true(defrag_take(defrag, &f, &joined));
	check_joined(1600);
}

static void
nothing_is_read_beyond_a_fragment(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(
	    NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)state;
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
	for (uint32_t n = 1; n < 100; n++) {
		struct fragment f = piece(n, false, 80, 80 + n, false);

		f.data.p = memcpy(map + page - n, text + 80, n);
		assert_false(defrag_take(defrag, &f, &joined));
		assert_false(defrag_take(defrag, &f, &joined));
		assert_true(take(n, false, 0, 80, true));
		check_joined(80 + n);
		assert_false(defrag_take(defrag, &f, &joined));
	}
	munmap(map, 2 * page);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(two_fragments_are_joined),
		TEST(any_order_will_do),
		TEST(tiny_fragments_of_the_longest_datagram_are_joined),
		TEST(what_names_a_datagram),
		TEST(copies_change_nothing),
		TEST(a_name_is_used_again),
		TEST(in_ipv4_the_first_copy_counts),
		TEST(in_ipv6_an_overlap_ends_it),
		TEST(teardrop_is_nothing),
		TEST(fragments_that_can_be_none),
		TEST(an_odd_middle_fragment_of_ipv4_is_cut),
		TEST(a_datagram_waits_for_half_a_minute),
		TEST(the_oldest_goes_when_there_are_too_many),
		TEST(the_oldest_goes_when_there_are_too_many_octets),
		TEST(the_least_memory_is_enough_for_one),
		TEST(less_memory_is_refused),
		TEST(what_was_joined_may_come_in_again),
		TEST(nothing_is_read_beyond_a_fragment),
	};

	return cmocka_run_group_tests_name("defrag", tests, NULL, NULL);
}
