/* SPDX-License-Identifier: BSD-2-Clause */

/* When which hint about the way of capturing is given: from counters alone. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hints.h"
#include "make_record.h"
#include "transaction.h"

struct counter {
	const char *group, *name;
	uint64_t value;
};

enum { COUNTERS_MAX = 8 };

struct fixture {
	struct inventory *inventory;
	struct hints hints;
	struct counter counters[COUNTERS_MAX]; /* until one without a name */
	char text[HINT_TEXT_MAX];
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	*state = f;
	f->inventory = inventory_new(8);
	hints_init(&f->hints, true, 1518);
	return f->inventory != NULL ? 0 : -1;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	inventory_free(f->inventory);
	free(f);
	return 0;
}

static void
show(void *context, struct stats_visitor *v)
{
	const struct counter *c = context;

	for (; c->name != NULL; c++)
		stats_show(v, c->group, c->name, c->value);
}

static bool
next(struct fixture *f)
{
	const struct hints_view view = { show, f->counters, f->inventory };

	return hints_next(&f->hints, &view, f->text);
}

static void
assert_said(struct fixture *f, const char *words)
{
	assert_true(next(f));
	assert_non_null(strstr(f->text, words));
	assert_false(next(f));
}

static void
all_is_well(void **state)
{
	struct fixture *f = *state;

	f->counters[0] = (struct counter){ "flow", "long_two_way", 1000 };
	f->counters[1] = (struct counter){ "flow", "new", 49 };
	f->counters[2] = (struct counter){ "decode", "snaplen", 0 };
	/* the name alone is not enough */
	f->counters[3] = (struct counter){ "other", "linktype", 7 };
	assert_false(next(f));
}

static void
one_direction_is_said_where_it_is_no_chance(void **state)
{
	struct fixture *f = *state;

	f->counters[0] = (struct counter){ "flow", "long_one_way", 2 };
	f->counters[1] = (struct counter){ "flow", "long_two_way", 0 };
	assert_false(next(f));
	f->counters[0].value = 99;
	f->counters[1].value = 901;
	assert_false(next(f));
	f->counters[0].value = 100;
	f->counters[1].value = 900;
	assert_said(f, "of 1000 longer connections 100 are seen in one direction only");
}

static void
what_was_said_is_not_said_again(void **state)
{
	struct fixture *f = *state;

	f->counters[0] = (struct counter){ "flow", "long_one_way", 5 };
	f->counters[1] = (struct counter){ "reassembly", "gaps_snaplen", 1 };
	assert_true(next(f));
	assert_said(f, "capture.snap-bytes");
	f->counters[0].value = 5000;
	assert_false(next(f));
}

static void
cut_packets_are_said_for_saved_captures_too(void **state)
{
	struct fixture *f = *state;

	hints_init(&f->hints, false, 0);
	f->counters[0] = (struct counter){ "defrag", "snaplen", 1 };
	assert_said(f, "tcpdump -s 0");
}

static void
giants_are_said_and_broken_lengths_are_not(void **state)
{
	struct fixture *f = *state;
	struct packet packets[] = { { .wirelen = 1518 }, { .wirelen = 4000000000u } };

	hints_packets(&f->hints, packets, 2);
	assert_false(next(f));
	packets[1].wirelen = 2962;
	hints_packets(&f->hints, packets, 2);
	assert_said(
	    f, "1 packets are larger than a frame on the wire (up to 2962 octets)");
}

static void
checksums_left_to_a_card_are_said(void **state)
{
	struct fixture *f = *state;

	f->counters[0] = (struct counter){ "reassembly", "bad_checksum", 9 };
	assert_false(next(f));
	f->counters[1] = (struct counter){ "reassembly", "offloaded_checksum", 4 };
	assert_said(f, "4 segments have checksums");
}

static void
greet(struct fixture *f, const struct record *record)
{
	const struct conf_mail conf = { .sessions = 64, .blocks = 256 };
	struct transactions *all = transactions_new(&conf);
	const struct transaction *tx = transactions_apply(all, record);

	inventory_record(f->inventory, record, tx, transactions_session(all, record));
	transactions_settle(all, tx);
	transactions_free(all);
}

static void
nothing_of_home_is_said_with_a_proposal(void **state)
{
	struct fixture *f = *state;
	struct make make;

	f->counters[0] = (struct counter){ "flow", "new", 50 };
	assert_said(f, "none of the hosts of 50 connections is in home-net");
	assert_null(strstr(f->text, "likely"));

	make_init(&make);
	make_session(&make, 1, "198.51.100.7", 40000, "203.0.113.9", 25);
	greet(f, make_fact(&make, FACT_GREETING, 220, "mx.example.com", "", ""));
	hints_init(&f->hints, true, 1518);
	assert_said(f, "for the likely mail server 203.0.113.9:25: -H 203.0.113.0/24");
}

static void
the_summary_says_more_of_home_itself(void **state)
{
	struct fixture *f = *state;

	f->hints.said |= HINTS_OF_SUMMARY;
	f->counters[0] = (struct counter){ "flow", "new", 5000 };
	f->counters[1] = (struct counter){ "decode", "linktype", 5000 };
	assert_false(next(f));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(all_is_well),
		TEST(one_direction_is_said_where_it_is_no_chance),
		TEST(what_was_said_is_not_said_again),
		TEST(cut_packets_are_said_for_saved_captures_too),
		TEST(giants_are_said_and_broken_lengths_are_not),
		TEST(checksums_left_to_a_card_are_said),
		TEST(nothing_of_home_is_said_with_a_proposal),
		TEST(the_summary_says_more_of_home_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
