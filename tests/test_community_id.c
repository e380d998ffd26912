/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "community_id.h"

static void
check(const char *a_text, uint16_t a_port, const char *b_text, uint16_t b_port,
    const char *want)
{
	char out[COMMUNITY_ID_MAX];
	struct addr a, b;

	assert_int_equal(addr_parse(a_text, &a), 0);
	assert_int_equal(addr_parse(b_text, &b), 0);
	assert_string_equal(community_id_tcp(&a, a_port, &b, b_port, out), want);
	assert_string_equal(community_id_tcp(&b, b_port, &a, a_port, out), want);
}

/* From the specification's baseline files and Zeek's tests. */
static void
published_examples(void **state)
{
	(void)state;
	check("128.232.110.120", 34855, "66.35.250.204", 80,
	    "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
	check("1.2.3.4", 1122, "5.6.7.8", 3344, "1:wCb3OG7yAFWelaUydu0D+125CLM=");
	check("2001:470:e5bf:dead:4957:2174:e82c:4887", 63943, "2607:f8b0:400c:c03::1a",
	    25, "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4=");
}

/* By the specification's pseudo code in Python: where the order of the endpoints differs
 * between network and little-endian numbers, and where only the ports differ. */
static void
order_is_by_octets_and_then_by_port(void **state)
{
	(void)state;
	check("1.0.0.2", 80, "2.0.0.1", 34855, "1:lRjxHEyiqnGo7DNmorpLVmlMex0=");
	check("10.0.0.1", 80, "10.0.0.1", 34855, "1:7lyLKKKM2iIsnVK2lZ+U9Amv5Rw=");
	check("fe80::200:86ff:fe05:80da", 10000, "fe80::260:97ff:fe07:69ea", 25,
	    "1:gmRCBRLtEfr9ow+bg6iVtwWxyR8=");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(published_examples),
		cmocka_unit_test(order_is_by_octets_and_then_by_port),
	};

	return cmocka_run_group_tests_name("community_id", tests, NULL, NULL);
}
