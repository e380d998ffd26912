/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "target.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* expected: "host port", or NULL where it is no target */
struct read_case {
	const char *text;
	const char *expected;
};

static void
check_target(
    const char *text, bool good, const struct target *target, const char *expected)
{
	char got[512];

	if (!good) {
		if (expected != NULL)
			print_error("%s was not read\n", text);
		assert_null(expected);
		return;
	}
	if (expected == NULL)
		print_error("%s was read\n", text);
	assert_non_null(expected);
	snprintf(got, sizeof(got), "%.*s %u", (int)target->host.n,
	    (const char *)target->host.p, target->port);
	assert_string_equal(got, expected);
}

static void
host_and_port(void **state)
{
	static const struct read_case cases[] = {
		{ "mail.example:25", "mail.example 25" },
		{ "MAIL.Example.:25", "MAIL.Example. 25" },
		{ "localhost:25", "localhost 25" },
		{ "192.0.2.1:25", "192.0.2.1 25" },
		{ "0x7f.1:25", "0x7f.1 25" },
		{ "3221225985:25", "3221225985 25" },
		{ "[2001:db8::1]:25", "2001:db8::1 25" },
		{ "[::ffff:192.0.2.1]:25", "::ffff:192.0.2.1 25" },
		{ "[fe80::1%25eth0]:25", "fe80::1%25eth0 25" },
		{ "2001:db8::1:25", "2001:db8::1 25" },
		{ "2001:db8::1", "2001:db8::1 0" },
		{ "[2001:db8::1]", "2001:db8::1 0" },
		{ "mail.example", "mail.example 0" },
		{ "mail.example:0025", "mail.example 25" },
		{ "mail_gw.example:65535", "mail_gw.example 65535" },
		{ "b\xc3\xbc"
		  "cher.example:25",
		    "b\xc3\xbc"
		    "cher.example 25" },
		{ "mail.example:65536", NULL },
		{ "mail.example:0", NULL },
		{ "mail.example:", NULL },
		{ "mail.example:25x", NULL },
		{ "mail.example:-25", NULL },
		{ "mail.example:000000025", NULL },
		{ ":25", NULL },
		{ "", NULL },
		{ ":", NULL },
		{ "[", NULL },
		{ "[]", NULL },
		{ "[]:25", NULL },
		{ "[::1", NULL },
		{ "[::1]25", NULL },
		{ "[mail.example]:25", NULL },
		{ "a b:25", NULL },
		{ "/index.html", NULL },
		{ "-x:25", NULL },
		{ ".:25", NULL },
		{ "a@b:25", NULL },
		{ "{\"a\":1}", NULL },
	};
	struct target target;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool good = target_read(slice_str(cases[i].text), &target);

		check_target(cases[i].text, good, &target, cases[i].expected);
	}
}

static void
uris(void **state)
{
	static const struct read_case cases[] = {
		{ "http://mail.example:25/", "mail.example 25" },
		{ "http://mail.example/", "mail.example 80" },
		{ "http://mail.example", "mail.example 80" },
		{ "http://mail.example:/x", "mail.example 80" },
		{ "HTTPS://Mail.Example/", "Mail.Example 443" },
		{ "ftp://mail.example/pub", "mail.example 21" },
		{ "http://u:p@mail.example:25/", "mail.example 25" },
		{ "http://u@mail.example:25/", "mail.example 25" },
		{ "http://a@b@mail.example:25/", "mail.example 25" },
		{ "http://@mail.example/", "mail.example 80" },
		{ "http://mail.example:25?x", "mail.example 25" },
		{ "http://mail.example:25#x@y", "mail.example 25" },
		{ "http://mail.example\\@other/", "mail.example 80" },
		{ "http://[2001:db8::1]:25/", "2001:db8::1 25" },
		{ "http://[2001:db8::1]/", "2001:db8::1 80" },
		{ "http://2130706433:25/", "2130706433 25" },
		{ "http:///x", NULL },
		{ "http://:25/", NULL },
		{ "http://mail.example:99999/", NULL },
		{ "http:/mail.example/", NULL },
		{ "rtsp://camera.example/", NULL },
		{ "/http://mail.example/", NULL },
		{ "http://", NULL },
		{ "", NULL },
	};
	struct target target;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool good = target_read_uri(slice_str(cases[i].text), &target);

		check_target(cases[i].text, good, &target, cases[i].expected);
	}
}

static void
secret_of_a_uri(void **state)
{
	struct target target;

	(void)state;
	assert_true(target_read_uri(slice_str("ftp://joe:pass@ftp.example/"), &target));
	assert_true(slice_equal(target.secret, slice_str(":pass")));
	assert_true(target_read_uri(slice_str("ftp://joe:a:b@c@ftp.example/"), &target));
	assert_true(slice_equal(target.secret, slice_str(":a:b@c")));
	assert_true(target_read_uri(slice_str("ftp://joe@ftp.example:2121/"), &target));
	assert_int_equal(target.secret.n, 0);
}

static void
words(void **state)
{
	struct target target;

	(void)state;
	assert_true(
	    target_read_words(slice_str("mail.example"), slice_str("25"), &target));
	assert_int_equal(target.port, 25);
	assert_true(
	    target_read_words(slice_str("2001:db8::1"), slice_str("25"), &target));
	assert_false(
	    target_read_words(slice_str("mail.example"), slice_str(""), &target));
	assert_false(
	    target_read_words(slice_str("mail.example"), slice_str("x"), &target));
	assert_false(target_read_words(slice_str("a:b"), slice_str("25"), &target));
}

static void
addresses(void **state)
{
	static const struct read_case cases[] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "192.0.2.1.", "192.0.2.1" },
		{ "0xc0.0.2.1", "192.0.2.1" },
		{ "0300.0.02.01", "192.0.2.1" },
		{ "192.0.513", "192.0.2.1" },
		{ "192.513", "192.0.2.1" },
		{ "3221225985", "192.0.2.1" },
		{ "0xC0000201", "192.0.2.1" },
		{ "127.1", "127.0.0.1" },
		{ "::1", "::1" },
		{ "2001:DB8::1", "2001:db8::1" },
		{ "fe80::1%25eth0", "fe80::1" },
		{ "::ffff:192.0.2.1", "192.0.2.1" },
		{ "mail.example", NULL },
		{ "abc.de", NULL },
		{ "face", NULL },
		{ "1.2.3.4.5", NULL },
		{ "256.1.1.1", NULL },
		{ "1.2.3.4 x", NULL },
		{ "1.2.3.4..", NULL },
		{ ".", NULL },
		{ "", NULL },
		{ ":", NULL },
		{ "192.0.2.1%1", "192.0.2.1" },
	};
	char text[ADDR_TEXT_MAX];
	struct addr addr;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool good = target_addr(slice_str(cases[i].text), &addr);

		if (good != (cases[i].expected != NULL))
			print_error("%s: %d\n", cases[i].text, good);
		assert_int_equal(good, cases[i].expected != NULL);
		if (good)
			assert_string_equal(addr_format(&addr, text), cases[i].expected);
	}
	assert_false(target_addr(slice_of("1.2\0.3.4", 8), &addr));
}

static void
begins_of_uris(void **state)
{
	(void)state;
	assert_true(target_may_be_uri(slice_str("")));
	assert_true(target_may_be_uri(slice_str("HTt")));
	assert_true(target_may_be_uri(slice_str("https:/")));
	assert_true(target_may_be_uri(slice_str("ftp://x")));
	assert_false(target_may_be_uri(slice_str("/")));
	assert_false(target_may_be_uri(slice_str("httpx")));
	assert_true(target_is_uri(slice_str("http://")));
	assert_false(target_is_uri(slice_str("http:/")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(host_and_port),
		cmocka_unit_test(uris),
		cmocka_unit_test(secret_of_a_uri),
		cmocka_unit_test(words),
		cmocka_unit_test(addresses),
		cmocka_unit_test(begins_of_uris),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
