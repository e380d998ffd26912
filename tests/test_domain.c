/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "domain.h"

static void
check_normal(const char *in, const char *want)
{
	char out[DOMAIN_MAX + 1];
	size_t n = domain_normalise(slice_str(in), out);

	assert_string_equal(out, want);
	assert_int_equal(n, strlen(want));
}

static void
ascii_names_become_lower_case_without_the_final_dot(void **state)
{
	(void)state;
	check_normal("example.org", "example.org");
	check_normal("Mail.EXAMPLE.Org.", "mail.example.org");
	check_normal("[192.0.2.1]", "[192.0.2.1]");
	check_normal("a..b", "a..b");
	check_normal("", "");
	check_normal(".", "");
}

static void
other_scripts_become_a_labels(void **state)
{
	(void)state;
	check_normal("b\xc3\xbc"
		     "cher.example",
	    "xn--bcher-kva.example");
	check_normal("B\xc3\x9c"
		     "CHER.Example.",
	    "xn--bcher-kva.example");
	check_normal("XN--BCHER-KVA.example", "xn--bcher-kva.example");
	/* Non-transitional: sharp s is itself (UTS 46 section 7). */
	check_normal("stra\xc3\x9f"
		     "e.example",
	    "xn--strae-oqa.example");
	/* An ideographic full stop is a dot. */
	check_normal("b\xc3\xbc"
		     "cher\xe3\x80\x82"
		     "example\xe3\x80\x82",
	    "xn--bcher-kva.example");
}

static void
hostile_names_stay_as_they_are(void **state)
{
	static const char nul[] = "ours.example\0.evil.example";
	char out[DOMAIN_MAX + 1];

	(void)state;
	check_normal("\xff\xfe.ORG", "\xff\xfe.org");
	check_normal("xn--\xc3\xa9.Example", "xn--\xc3\xa9.example");
	check_normal("XN--A", "xn--a");
	assert_int_equal(
	    domain_normalise(slice_of(nul, sizeof(nul) - 1), out), sizeof(nul) - 1);
	assert_string_equal(out, "ours.example?.evil.example");
}

static void
names_too_long_are_none(void **state)
{
	char in[2000], out[DOMAIN_MAX + 1];

	(void)state;
	memset(in, 'A', sizeof(in));
	assert_int_equal(domain_normalise(slice_of(in, DOMAIN_MAX), out), DOMAIN_MAX);
	assert_int_equal(strlen(out), DOMAIN_MAX);
	assert_int_equal(domain_normalise(slice_of(in, DOMAIN_MAX + 1), out), 0);
	assert_string_equal(out, "");
	in[0] = '\xc3';
	in[1] = '\xbc';
	assert_int_equal(domain_normalise(slice_of(in, sizeof(in)), out), 0);
	assert_int_equal(domain_normalise(slice_of(in, 300), out), 0);
}

static void
the_registrable_domain_is_by_the_public_suffix_list(void **state)
{
	static const char *const cases[][2] = {
		{ "mail.example.co.uk", "example.co.uk" },
		{ "example.co.uk", "example.co.uk" },
		{ "co.uk", "co.uk" },
		{ "a.b.c.example.org", "example.org" },
		{ "org", "org" },
		{ "mx.corp.internal-zone", "corp.internal-zone" },
		{ "[192.0.2.1]", "[192.0.2.1]" },
		{ "192.0.2.1", "192.0.2.1" },
		{ "", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *name = cases[i][0], *got = domain_registrable(name);

		assert_string_equal(got, cases[i][1]);
		assert_true(got >= name && got <= name + strlen(name));
	}
}

static void
add(struct domain_set *set, const char *pattern)
{
	const char *why = "";

	if (domain_set_add(set, pattern, &why) == -1)
		fail_msg("%s: %s", pattern, why);
}

static void
a_name_stands_for_itself_and_a_dot_for_all_below(void **state)
{
	struct domain_set *set = domain_set_new();

	(void)state;
	assert_true(domain_set_is_empty(set));
	assert_false(domain_set_has(set, "example.org"));
	add(set, "example.org");
	add(set, ".example.net");
	add(set, "B\xc3\xbc"
		 "cher.example.");
	assert_false(domain_set_is_empty(set));
	assert_true(domain_set_has(set, "example.org"));
	assert_false(domain_set_has(set, "mail.example.org"));
	assert_true(domain_set_has(set, "mail.example.net"));
	assert_true(domain_set_has(set, "a.b.example.net"));
	assert_false(domain_set_has(set, "example.net"));
	assert_false(domain_set_has(set, "badexample.net"));
	assert_false(domain_set_has(set, "example.net.evil.example"));
	assert_true(domain_set_has(set, "xn--bcher-kva.example"));
	domain_set_free(set);
}

static void
hostile_names_hit_no_pattern(void **state)
{
	struct domain_set *set = domain_set_new();

	(void)state;
	add(set, ".example.net");
	add(set, "example.net");
	assert_false(domain_set_has(set, ""));
	assert_false(domain_set_has(set, "."));
	assert_false(domain_set_has(set, ".example.net"));
	assert_false(domain_set_has(set, "example.net."));
	assert_false(domain_set_has(set, ".example.net?"));
	domain_set_free(set);
}

static void
nonsense_is_refused_with_a_reason(void **state)
{
	static const char *const bad[] = { "", ".", "..", "*.example.org", "*",
		"user@example.org", "@", "exa mple.org", " example.org", "example.org ",
		"a..b", "..example.org", "example.org..", "192.0.2.1", "[192.0.2.1]",
		"2001:db8::1", "exa\tmple", "a/b", "\xff.org", "example.org,example.net",
		"1234567890123456789012345678901234567890123456789012345678901234.org" };
	struct domain_set *set = domain_set_new();
	const char *why;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		why = NULL;
		assert_int_equal(domain_set_add(set, bad[i], &why), -1);
		assert_non_null(why);
	}
	assert_true(domain_set_is_empty(set));
	domain_set_free(set);
}

static void
many_names_in_any_order(void **state)
{
	enum { NAMES = 1000, STEP = 377 }; /* no common factor */
	struct domain_set *set = domain_set_new();
	char text[64];

	(void)state;
	for (int i = 0; i < 2 * NAMES; i++) {
		snprintf(text, sizeof(text), "d%d.example", i * STEP % NAMES);
		add(set, text);
	}
	for (int i = 0; i < NAMES; i++) {
		snprintf(text, sizeof(text), "d%d.example", i);
		assert_true(domain_set_has(set, text));
	}
	assert_false(domain_set_has(set, "d1000.example"));
	domain_set_free(set);
	domain_set_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ascii_names_become_lower_case_without_the_final_dot),
		cmocka_unit_test(other_scripts_become_a_labels),
		cmocka_unit_test(hostile_names_stay_as_they_are),
		cmocka_unit_test(names_too_long_are_none),
		cmocka_unit_test(the_registrable_domain_is_by_the_public_suffix_list),
		cmocka_unit_test(a_name_stands_for_itself_and_a_dot_for_all_below),
		cmocka_unit_test(hostile_names_hit_no_pattern),
		cmocka_unit_test(nonsense_is_refused_with_a_reason),
		cmocka_unit_test(many_names_in_any_order),
	};

	return cmocka_run_group_tests_name("domain", tests, NULL, NULL);
}
