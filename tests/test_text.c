/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "text.h"

#define BAD "\xef\xbf\xbd"

static unsigned
assert_clean(const char *raw, size_t n, const char *wanted)
{
	uint8_t *exact = malloc(n + 1); /* reads beyond it are the sanitizer's */
	char out[256];
	unsigned marks = 0;
	size_t length;

	memcpy(exact, raw, n);
	length = text_clean(slice_of(exact, n), out, sizeof(out), &marks);
	assert_int_equal(length, strlen(wanted));
	assert_string_equal(out, wanted);
	free(exact);
	return marks;
}

#define ASSERT_SAME(text) assert_int_equal(assert_clean(text, sizeof(text) - 1, text), 0)
#define ASSERT_BAD(text, wanted) \
	assert_int_equal(assert_clean(text, sizeof(text) - 1, wanted), TEXT_NOT_UTF8)

static void
valid_text_stays(void **state)
{
	(void)state;
	ASSERT_SAME("");
	ASSERT_SAME("plain");
	ASSERT_SAME("line\nfeed \"quote\" \\ \x1b[31m \x7f");
	ASSERT_SAME(
	    "\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf");
	ASSERT_SAME("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf Gr\xc3\xbc\xc3\x9f" "e");
}

static void
overlong_forms_are_replaced(void **state)
{
	(void)state;
	ASSERT_BAD("\xc0\xaf", BAD BAD);
	ASSERT_BAD("\xc1\xbf", BAD BAD);
	ASSERT_BAD("\xe0\x80\xaf", BAD BAD BAD);
	ASSERT_BAD("\xe0\x9f\xbf", BAD BAD BAD);
	ASSERT_BAD("\xf0\x80\x80\xaf", BAD BAD BAD BAD);
	ASSERT_BAD("\xf0\x8f\xbf\xbf", BAD BAD BAD BAD);
}

static void
surrogates_and_beyond_are_replaced(void **state)
{
	(void)state;
	ASSERT_BAD("\xed\xa0\x80", BAD BAD BAD);
	ASSERT_BAD("\xed\xbf\xbf", BAD BAD BAD);
	ASSERT_BAD("\xf4\x90\x80\x80", BAD BAD BAD BAD);
	ASSERT_BAD("\xf5\x80\x80\x80", BAD BAD BAD BAD);
	ASSERT_BAD("\xff\xfe", BAD BAD);
}

static void
an_unfinished_character_is_replaced_once(void **state)
{
	(void)state;
	ASSERT_BAD("\xc3", BAD);
	ASSERT_BAD("\xe2\x82", BAD);
	ASSERT_BAD("\xf0\x9f\x98", BAD);
	ASSERT_BAD("\xf0\x9f\x98x", BAD "x");
	ASSERT_BAD("\xe2\x82\xc3\xa4", BAD "\xc3\xa4");
	ASSERT_BAD("\x80\xbf", BAD BAD);
	ASSERT_BAD("a\xe4" "b", "a" BAD "b"); /* Latin-1 */
}

static void
nul_is_kept(void **state)
{
	char out[8];
	unsigned marks = 0;

	(void)state;
	assert_int_equal(text_clean(slice_of("a\0b", 3), out, sizeof(out), &marks), 3);
	assert_memory_equal(out, "a\0b", 4);
	assert_int_equal(marks, 0);
}

static void
a_cut_falls_between_characters(void **state)
{
	char out[6];
	unsigned marks = 0;

	(void)state;
	assert_int_equal(text_clean(slice_str("abc\xe2\x82\xac"), out, 6, &marks), 3);
	assert_string_equal(out, "abc");
	assert_int_equal(marks, TEXT_CUT);
	marks = 0;
	assert_int_equal(text_clean(slice_str("abcde"), out, 6, &marks), 5);
	assert_int_equal(marks, 0);
	assert_int_equal(text_clean(slice_str("abcdef"), out, 6, &marks), 5);
	assert_int_equal(marks, TEXT_CUT);
}

static void
assert_deceptive(const char *text, size_t at, size_t bytes, uint32_t code)
{
	size_t got_bytes = 0;
	uint32_t got_code = 0;
	const char *p =
	    text_deceptive(text, text + strlen(text), &got_bytes, &got_code);

	assert_int_equal(p - text, at);
	assert_int_equal(got_bytes, bytes);
	assert_int_equal(got_code, code);
}

static void
deceptive_characters_are_found(void **state)
{
	static const char harmless[] = "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z";
	size_t bytes;
	uint32_t code;

	(void)state;
	assert_deceptive("ab\x7f", 2, 1, 0x7f);
	assert_deceptive("\xc2\x9b" "31m", 0, 2, 0x9b);
	assert_deceptive("\xc3\xa4\xe2\x80\xae", 2, 3, 0x202e);
	assert_deceptive("x\xe2\x80\xa8", 1, 3, 0x2028);
	assert_deceptive("x\xe2\x81\xa6", 1, 3, 0x2066);
	assert_deceptive("x\xef\xbb\xbf", 1, 3, 0xfeff);
	assert_deceptive("x\xf3\xa0\x81\x81", 1, 4, 0xe0041);
	assert_ptr_equal(text_deceptive(harmless, harmless + sizeof(harmless) - 1, &bytes,
	                     &code),
	    harmless + sizeof(harmless) - 1);
}

static void
ascii_names_are_tame(void **state)
{
	char out[8];

	(void)state;
	assert_string_equal(text_ascii(slice_str("mx\x1b[1\xc3\xa4"), out, 8), "mx?[1??");
	assert_string_equal(text_ascii(slice_str("mail.example"), out, 8), "mail.ex");
}

static void
assert_addresses(const char *list, const char *wanted)
{
	struct slice rest = slice_str(list), address;
	char got[256] = "";
	size_t n = 0;

	while (text_next_address(&rest, &address))
		n += (size_t)snprintf(got + n, sizeof(got) - n, "%.*s|", (int)address.n,
		    (const char *)address.p);
	assert_string_equal(got, wanted);
}

static void
address_lists_are_parted(void **state)
{
	(void)state;
	assert_addresses("", "");
	assert_addresses(" , ,", "");
	assert_addresses("a@b", "a@b|");
	assert_addresses("a@b, c@d ,e@f", "a@b|c@d|e@f|");
	assert_addresses("\"Doe, John\" <j@x>, k@x", "\"Doe, John\" <j@x>|k@x|");
	assert_addresses("\"a\\\", b\" <j@x>,k", "\"a\\\", b\" <j@x>|k|");
	assert_addresses("j@x (one, (two), three), k", "j@x (one, (two), three)|k|");
	assert_addresses("<@a,@b:c@d>, k", "<@a,@b:c@d>|k|");
	assert_addresses("\"open, a, b", "\"open, a, b|");
	assert_addresses("\"ends\\", "\"ends\\|");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_text_stays),
		cmocka_unit_test(overlong_forms_are_replaced),
		cmocka_unit_test(surrogates_and_beyond_are_replaced),
		cmocka_unit_test(an_unfinished_character_is_replaced_once),
		cmocka_unit_test(nul_is_kept),
		cmocka_unit_test(a_cut_falls_between_characters),
		cmocka_unit_test(deceptive_characters_are_found),
		cmocka_unit_test(ascii_names_are_tame),
		cmocka_unit_test(address_lists_are_parted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
