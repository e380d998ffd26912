/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "netset.h"

static void
add(struct netset *set, const char *cidr)
{
	const char *why = "";

	if (netset_add(set, cidr, &why) == -1)
		fail_msg("%s: %s", cidr, why);
}

static bool
has(const struct netset *set, const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return netset_has(set, &a);
}

static void
prefixes_of_both_kinds_match(void **state)
{
	struct netset *set = netset_new();

	(void)state;
	assert_false(has(set, "192.0.2.1"));
	add(set, "192.0.2.0/24");
	add(set, "10.0.0.0/8");
	add(set, "2001:db8:1::/48");
	assert_true(has(set, "192.0.2.0"));
	assert_true(has(set, "192.0.2.255"));
	assert_true(has(set, "::ffff:192.0.2.7"));
	assert_true(has(set, "10.255.255.255"));
	assert_true(has(set, "2001:db8:1:ffff::1"));
	assert_false(has(set, "192.0.3.0"));
	assert_false(has(set, "11.0.0.0"));
	assert_false(has(set, "2001:db8:2::"));
	assert_false(has(set, "::192.0.2.1"));
	netset_free(set);
}

static void
bare_addresses_stand_for_themselves(void **state)
{
	struct netset *set = netset_new();

	(void)state;
	add(set, "192.0.2.1");
	add(set, "2001:db8::1");
	add(set, "192.0.2.1");
	assert_true(has(set, "192.0.2.1"));
	assert_false(has(set, "192.0.2.0"));
	assert_true(has(set, "2001:db8::1"));
	assert_false(has(set, "2001:db8::"));
	netset_free(set);
}

static void
everything_is_by_kind(void **state)
{
	struct netset *set = netset_new();

	(void)state;
	add(set, "0.0.0.0/0");
	assert_true(has(set, "255.255.255.255"));
	assert_false(has(set, "2001:db8::"));
	add(set, "::/0");
	assert_true(has(set, "2001:db8::"));
	netset_free(set);
}

static void
mapped_prefixes_are_ipv4(void **state)
{
	struct netset *set = netset_new();

	(void)state;
	add(set, "::ffff:192.0.2.0/120");
	add(set, "::ffff:198.51.100.1");
	assert_true(has(set, "192.0.2.9"));
	assert_true(has(set, "198.51.100.1"));
	assert_false(has(set, "198.51.100.2"));
	netset_free(set);
}

static void
nested_prefixes_all_hold(void **state)
{
	struct netset *set = netset_new();

	(void)state;
	add(set, "10.1.2.0/24");
	add(set, "10.0.0.0/8");
	add(set, "10.1.2.3/32");
	assert_true(has(set, "10.1.2.3"));
	assert_true(has(set, "10.1.2.4"));
	assert_true(has(set, "10.9.9.9"));
	assert_false(has(set, "9.255.255.255"));
	netset_free(set);
}

static void
nonsense_is_refused_with_a_reason(void **state)
{
	static const struct {
		const char *cidr, *why;
	} bad[] = {
		{ "", "not an IP address" },
		{ "/24", "not an IP address" },
		{ "example.org", "not an IP address" },
		{ "192.0.2/24", "not an IP address" },
		{ "192.0.2.0/", "the prefix length must be 0 to 32" },
		{ "192.0.2.0/33", "the prefix length must be 0 to 32" },
		{ "192.0.2.0/-1", "the prefix length must be 0 to 32" },
		{ "192.0.2.0/+8", "the prefix length must be 0 to 32" },
		{ "192.0.2.0/24 ", "the prefix length must be 0 to 32" },
		{ "192.0.2.0/255.255.255.0", "the prefix length must be 0 to 32" },
		{ "192.0.2.0/99999999999", "the prefix length must be 0 to 32" },
		{ "2001:db8::/129", "the prefix length must be 0 to 128" },
		{ "192.0.2.1/24", "host bits are set; the prefix is 192.0.2.0/24" },
		{ "2001:db8::1/64", "host bits are set; the prefix is 2001:db8::/64" },
		{ "::ffff:192.0.2.1/120",
		    "host bits are set; the prefix is 192.0.2.0/24" },
		{ "::ffff:0:0/90", "host bits are set; the prefix is ::ffc0:0:0/90" },
		{ "1.2.3.4/0", "host bits are set; the prefix is 0.0.0.0/0" },
	};
	struct netset *set = netset_new();
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(netset_add(set, bad[i].cidr, &why), -1);
		assert_string_equal(why, bad[i].why);
	}
	assert_false(has(set, "192.0.2.1"));
	netset_free(set);
}

/* Random prefixes against a plain comparison. */
static void
agrees_with_a_linear_search(void **state)
{
	enum { NETS = 300, TRIES = 20000 };
	uint32_t net[NETS], mask[NETS];
	struct netset *set = netset_new();
	char text[64];

	(void)state;
	srand(7);
	for (int i = 0; i < NETS; i++) {
		int bits = 6 + rand() % 27;

		mask[i] = (uint32_t)(UINT64_C(0xffffffff) << (32 - bits));
		net[i] = ((uint32_t)rand() << 1) & mask[i];
		snprintf(text, sizeof(text), "%u.%u.%u.%u/%d", net[i] >> 24,
		    net[i] >> 16 & 255, net[i] >> 8 & 255, net[i] & 255, bits);
		add(set, text);
	}
	for (int i = 0; i < TRIES; i++) {
		uint32_t ip = (uint32_t)rand() << 1 ^ (uint32_t)rand();
		uint8_t octets[4] = { (uint8_t)(ip >> 24), (uint8_t)(ip >> 16),
			(uint8_t)(ip >> 8), (uint8_t)ip };
		struct addr a = addr_from_v4(octets);
		bool want = false;

		for (int j = 0; j < NETS; j++)
			want = want || (ip & mask[j]) == net[j];
		assert_int_equal(netset_has(set, &a), want);
	}
	netset_free(set);
}

static void
freeing_nothing_is_allowed(void **state)
{
	(void)state;
	netset_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(prefixes_of_both_kinds_match),
		cmocka_unit_test(bare_addresses_stand_for_themselves),
		cmocka_unit_test(everything_is_by_kind),
		cmocka_unit_test(mapped_prefixes_are_ipv4),
		cmocka_unit_test(nested_prefixes_all_hold),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
		cmocka_unit_test(agrees_with_a_linear_search),
		cmocka_unit_test(freeing_nothing_is_allowed),
	};

	return cmocka_run_group_tests_name("netset", tests, NULL, NULL);
}
