/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "addr.h"

static struct addr
parsed(const char *text)
{
	struct addr a;

	assert_int_equal(addr_parse(text, &a), 0);
	return a;
}

static void
check_text(const char *in, const char *out)
{
	char buf[ADDR_TEXT_MAX];
	struct addr a = parsed(in);

	assert_string_equal(addr_format(&a, buf), out);
}

static void
text_forms_are_the_usual_ones(void **state)
{
	(void)state;
	check_text("192.0.2.1", "192.0.2.1");
	check_text("0.0.0.0", "0.0.0.0");
	check_text("::ffff:192.0.2.1", "192.0.2.1");
	check_text("2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1");
	check_text("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1");
	check_text("::", "::");
	check_text("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
}

static void
what_is_no_address_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "1.2.3", "1.2.3.4.5", "1.2.3.256",
		"01.2.3.4", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4/32", "0x1.2.3.4",
		":::", "fe80::1%eth0", "12345::", "example.org", "[::1]", "1::2::3" };
	struct addr a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(addr_parse(bad[i], &a), -1);
}

static void
ipv4_is_mapped(void **state)
{
	static const uint8_t octets[4] = { 192, 0, 2, 1 };
	struct addr a = addr_from_v4(octets), b = parsed("192.0.2.1");
	struct addr c = parsed("::192.0.2.1");

	(void)state;
	assert_true(addr_is_v4(&a));
	assert_true(addr_equal(&a, &b));
	assert_false(addr_is_v4(&c));
	assert_false(addr_equal(&a, &c));
}

static void
ipv6_is_copied(void **state)
{
	static const uint8_t octets[16] = { 0x20, 1, 0xd, 0xb8, [15] = 9 };
	struct addr a = addr_from_v6(octets), b = parsed("2001:db8::9");

	(void)state;
	assert_true(addr_equal(&a, &b));
	assert_false(addr_is_v4(&a));
}

static void
check_prefix(const char *in, unsigned bits, const char *out)
{
	struct addr a = parsed(in), want = parsed(out), got = addr_v6_prefix(&a, bits);

	assert_true(addr_equal(&got, &want));
}

static void
ipv6_is_cut_to_its_prefix_and_ipv4_is_not(void **state)
{
	static const char *const full = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";

	(void)state;
	check_prefix("2001:db8:1:2:3:4:5:6", 64, "2001:db8:1:2::");
	check_prefix("192.0.2.1", 64, "192.0.2.1");
	check_prefix(full, 0, "::");
	check_prefix(full, 1, "8000::");
	check_prefix(full, 63, "ffff:ffff:ffff:fffe::");
	check_prefix(full, 127, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
	check_prefix(full, 128, full);
	check_prefix(full, 1000, full);
}

static void
assert_endpoint(const char *address, const char *text, const char *network)
{
	struct endpoint e = { .port = 25 };
	char buf[ENDPOINT_TEXT_MAX];

	assert_int_equal(addr_parse(address, &e.addr), 0);
	assert_string_equal(endpoint_format(&e, buf), text);
	assert_string_equal(addr_format_network(&e.addr, buf), network);
}

static void
endpoints_and_networks_are_written_as_usual(void **state)
{
	(void)state;
	assert_endpoint("192.0.2.25", "192.0.2.25:25", "192.0.2.0/24");
	assert_endpoint("2001:db8:1:2::25", "[2001:db8:1:2::25]:25", "2001:db8:1::/48");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_forms_are_the_usual_ones),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(ipv4_is_mapped),
		cmocka_unit_test(ipv6_is_copied),
		cmocka_unit_test(ipv6_is_cut_to_its_prefix_and_ipv4_is_not),
		cmocka_unit_test(endpoints_and_networks_are_written_as_usual),
	};

	return cmocka_run_group_tests_name("addr", tests, NULL, NULL);
}
