/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "flow.h"

static struct segment
segment_of(uint32_t number)
{
	uint8_t src[4] = { 198, 51, 100, (uint8_t)(number >> 16) };
	uint8_t dst[4] = { 192, 0, 2, 25 };
	struct segment s = { .sport = (uint16_t)number, .dport = 25 };

	s.src = addr_from_v4(src);
	s.dst = addr_from_v4(dst);
	return s;
}

static struct segment
reversed(struct segment s)
{
	struct segment r = s;

	r.src = s.dst;
	r.dst = s.src;
	r.sport = s.dport;
	r.dport = s.sport;
	return r;
}

static struct flow *
find(struct flow_table *table, struct segment s, uint8_t *dir)
{
	return flow_find(table, flow_prefetch_bucket(table, &s), &s, dir);
}

/* Adds connection `number`; gives up another one where the table wants it. */
static struct flow *
add(struct flow_table *table, uint32_t number)
{
	struct segment s = segment_of(number);
	struct flow_key key = flow_prefetch_bucket(table, &s);
	struct flow *victim;

	while ((victim = flow_victim(table, key)) != NULL)
		flow_remove(table, victim);
	return flow_add(table, key, &s, 0);
}

static void
both_directions_find_one_connection(void **state)
{
	struct flow_table *table = flow_table_new(1000);
	struct flow *flow = add(table, 1);
	uint8_t dir = 9;

	(void)state;
	assert_ptr_equal(find(table, segment_of(1), &dir), flow);
	assert_int_equal(dir, 0);
	assert_ptr_equal(find(table, reversed(segment_of(1)), &dir), flow);
	assert_int_equal(dir, 1);
	assert_null(find(table, segment_of(2), &dir));
	flow_remove(table, flow);
	assert_null(find(table, segment_of(1), &dir));
	flow_table_free(table);
}

/* Between the guess and the question an entry may be given back, or to another. */
static void
guess_that_is_wrong_by_now_finds_what_is_right(void **state)
{
	struct flow_table *table = flow_table_new(1000);
	struct segment s = segment_of(1);
	struct flow *flow = add(table, 1);
	struct flow_key key = flow_prefetch_bucket(table, &s);
	uint8_t dir = 9;

	(void)state;
	assert_null(key.guess);
	flow_prefetch_entry(table, &key);
	assert_ptr_equal(key.guess, flow);
	assert_ptr_equal(flow_find(table, key, &s, &dir), flow);
	flow_remove(table, flow);
	assert_null(flow_find(table, key, &s, &dir));
	assert_ptr_equal(add(table, 2), flow); /* the entry again, for another */
	assert_null(flow_find(table, key, &s, &dir));
	flow = add(table, 1);
	assert_ptr_not_equal(flow, key.guess);
	assert_ptr_equal(flow_find(table, key, &s, &dir), flow);
	assert_int_equal(dir, 0);
	flow_table_free(table);
}

static void
opener_may_be_the_destination(void **state)
{
	struct flow_table *table = flow_table_new(1000);
	struct segment s = segment_of(3);
	struct flow *flow = flow_add(table, flow_prefetch_bucket(table, &s), &s, 1);
	uint8_t dir = 9;

	(void)state;
	assert_ptr_equal(find(table, s, &dir), flow);
	assert_int_equal(dir, 1);
	assert_int_equal(flow->port[0], 25);
	flow_table_free(table);
}

static void
holds_as_many_as_it_was_made_for(void **state)
{
	enum { COUNT = 50000 };
	struct flow_table *table = flow_table_new(COUNT);
	uint32_t found = 0, hand = 0, budget = UINT32_MAX;
	uint8_t dir;

	(void)state;
	for (uint32_t i = 0; i < COUNT; i++)
		add(table, i);
	for (uint32_t i = 0; i < COUNT; i++)
		found += find(table, segment_of(i), &dir) != NULL;
	/* Two full buckets may cost a handful of their sixteen, never more. */
	assert_in_range(found, COUNT - 10, COUNT);
	assert_int_equal(flow_table_in_use(table), found);
	found = 0;
	while (flow_walk(table, &hand, &budget) != NULL)
		found++;
	assert_int_equal(found, flow_table_in_use(table));
	flow_table_free(table);
}

static void
full_table_gives_up_connections_without_data_first(void **state)
{
	enum { COUNT = 1024 };
	struct flow_table *table = flow_table_new(COUNT);
	uint32_t kept = 0;
	uint8_t dir;

	(void)state;
	for (uint32_t i = 0; i < COUNT / 2; i++)
		add(table, i)->flags |= FLOW_DATA;
	for (uint32_t i = COUNT / 2; i < 20 * COUNT; i++)
		add(table, i)->last_sec = i;
	for (uint32_t i = 0; i < COUNT / 2; i++)
		kept += find(table, segment_of(i), &dir) != NULL;
	assert_in_range(flow_table_in_use(table), COUNT - 10, COUNT);
	assert_in_range(kept, COUNT / 4, COUNT / 2);
	flow_table_free(table);
}

static void
walk_keeps_to_its_budget(void **state)
{
	struct flow_table *table = flow_table_new(1000);
	uint32_t hand = 0, budget = 10, seen = 0;

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		add(table, i);
	while (flow_walk(table, &hand, &budget) != NULL)
		seen++;
	assert_int_equal(seen, 10);
	assert_int_equal(hand, 10);
	flow_table_free(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_directions_find_one_connection),
		cmocka_unit_test(guess_that_is_wrong_by_now_finds_what_is_right),
		cmocka_unit_test(opener_may_be_the_destination),
		cmocka_unit_test(holds_as_many_as_it_was_made_for),
		cmocka_unit_test(full_table_gives_up_connections_without_data_first),
		cmocka_unit_test(walk_keeps_to_its_budget),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
