/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "proto_feed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define S10   "0123456789"
#define S100  S10 S10 S10 S10 S10 S10 S10 S10 S10 S10
#define S1000 S100 S100 S100 S100 S100 S100 S100 S100 S100 S100

static const struct feed_talk talks[] = {
	{ "the first request only",
	    { C("GET / HTTP/1.1"), C("User-Agent: x"), C("Host: www.third.example"),
		C("Host: b.example"), C(""), S("HTTP/1.1 200 OK"), S(""),
		C("GET / HTTP/1.1"), C("Host: c.example"), C("") },
	    "0 WEB_HOST 0 www.third.example\n" },
	{ "a port, in any case, bare LF",
	    { C_RAW("POST /x HTTP/1.0\nhOST :  www.third.example:8080 \n\n") },
	    "0 WEB_HOST 0 www.third.example\n" },
	{ "IPv6", { C("GET / HTTP/1.1"), C("Host: [2001:db8::1]:80"), C("") },
	    "0 WEB_HOST 0 2001:db8::1\n" },
	{ "long lines before",
	    { C("GET /" S1000 " HTTP/1.1"), C("Cookie: " S1000),
		C("Host: www.third.example"), C("") },
	    "0 WEB_HOST 0 www.third.example\n" },
	{ "none", { C("GET / HTTP/1.0"), C("Accept: x"), C(""), C("Host: a.example") },
	    "" },
	{ "behind the head", { C("POST / HTTP/1.0"), C(""), C("Host: a.example"), C("") },
	    "" },
	{ "where the request belongs", { C("Host: a.example"), C(""), C("") }, "" },
	{ "too long", { C("GET / HTTP/1.1"), C("Host: " S1000), C("") }, "" },
	{ "no host", { C("GET / HTTP/1.1"), C("Host: a:b:c"), C("Host:"), C("") }, "" },
	{ "the end within it", { C("GET / HTTP/1.1"), C_RAW("Host: a.exam"), C_END },
	    "" },
};

static void
facts_are_the_same_for_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++)
		feed_check(&proto_web, &talks[i]);
}

/* Lost octets may take the name away, never make another. */
static void
judge(void *context, const struct fact *fact)
{
	(void)context;
	if (fact != NULL)
		assert_memory_equal(
		    fact->text[0].p, "www.third.example", fact->text[0].n);
	if (fact != NULL)
		assert_int_equal(fact->text[0].n, strlen("www.third.example"));
}

static void
a_gap_makes_no_other_name(void **state)
{
	(void)state;
	feed_check_gaps(&proto_web, &talks[0], judge, NULL);
}

static enum proto_probe
probe(const char *requester, const char *responder, unsigned flags)
{
	return proto_web.probe(slice_str(requester), slice_str(responder), flags);
}

static void
only_inside_tunnels_and_of_fetchers(void **state)
{
	(void)state;
	assert_int_equal(probe("GET / HTTP/1.1", "", 0), PROTO_NO);
	assert_int_equal(probe("GET / HTTP/1.1", "", PROTO_PROBE_INSIDE), PROTO_YES);
	assert_int_equal(probe("GET / HTTP/1.1", "", PROTO_PROBE_FETCHER), PROTO_YES);
	assert_int_equal(probe("PO", "", PROTO_PROBE_FETCHER), PROTO_MAYBE);
	assert_int_equal(probe("", "", PROTO_PROBE_FETCHER), PROTO_MAYBE);
	assert_int_equal(probe("", "220 mx", PROTO_PROBE_FETCHER), PROTO_NO);
	assert_int_equal(probe("GET http://a/", "", PROTO_PROBE_FETCHER), PROTO_NO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_the_same_for_every_cut),
		cmocka_unit_test(a_gap_makes_no_other_name),
		cmocka_unit_test(only_inside_tunnels_and_of_fetchers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
