/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "recipient.h"

/*
 * All rows are read as the server 192.0.2.25 "mail.example.net" would read them, which is
 * home for example.org and all below it, and backup MX for partner.example. Effective
 * addresses are `local@domain`.
 */
struct row {
	const char *path;
	enum recipient_class class;
	enum alert_mechanism mechanism;
	const char *effective; /* NULL: not compared */
	bool outer_own;
};

#define LOCAL   RECIPIENT_LOCAL
#define RELAYED RECIPIENT_RELAYED
#define FOREIGN RECIPIENT_FOREIGN
#define NONE    RECIPIENT_UNREADABLE

struct fixture {
	struct domain_set *local, *relay;
	struct netset *home;
	struct addr server;
	struct recipient_own own;
};

static int
setup(void **state)
{
	static struct fixture f;
	const char *why;

	f.local = domain_set_new();
	f.relay = domain_set_new();
	f.home = netset_new();
	assert_int_equal(domain_set_add(f.local, "example.org", &why), 0);
	assert_int_equal(domain_set_add(f.local, ".example.org", &why), 0);
	assert_int_equal(domain_set_add(f.local, "bücher.example", &why), 0);
	assert_int_equal(domain_set_add(f.relay, "partner.example", &why), 0);
	assert_int_equal(netset_add(f.home, "192.0.2.0/24", &why), 0);
	assert_int_equal(netset_add(f.home, "2001:db8:1::/48", &why), 0);
	assert_int_equal(addr_parse("192.0.2.25", &f.server), 0);
	f.own = (struct recipient_own){ .local_domains = f.local,
		.relay_domains = f.relay,
		.home_net = f.home,
		.server = &f.server,
		.server_name = slice_str("Mail.example.net.") };
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	domain_set_free(f->local);
	domain_set_free(f->relay);
	netset_free(f->home);
	return 0;
}

static bool
check(const struct row *row, const struct recipient_own *own)
{
	static struct recipient r;
	char effective[FACT_TEXT_MAX + DOMAIN_MAX + 2];

	recipient_read(slice_str(row->path), false, own, &r);
	snprintf(effective, sizeof(effective), "%s@%s", r.local, r.domain);
	if (r.class == row->class && r.mechanism == row->mechanism &&
	    r.outer_own == row->outer_own &&
	    (row->effective == NULL || strcmp(effective, row->effective) == 0))
		return true;
	print_error("%s: class %d, mechanism %s, outer_own %d, effective %s\n", row->path,
	    r.class, alert_mechanism_name(r.mechanism), r.outer_own, effective);
	return false;
}

static void
check_rows(const struct row *rows, size_t n, const struct recipient_own *own)
{
	bool good = true;

	for (size_t i = 0; i < n; i++)
		good &= check(&rows[i], own);
	assert_true(good);
}

#define CHECK(rows, own) check_rows(rows, sizeof(rows) / sizeof(*(rows)), own)

/* smtp-open-relay.nse sends these to T = relaytest, D = nmap.scanme.org. */
static void
nmaps_sixteen(void **state)
{
	static const struct row rows[] = {
		{ "<relaytest@nmap.scanme.org>", FOREIGN, ALERT_PLAIN,
		    "relaytest@nmap.scanme.org", false }, /* four times, by the sender */
		{ "<relaytest%nmap.scanme.org@[192.0.2.25]>", FOREIGN, ALERT_PERCENT,
		    "relaytest@nmap.scanme.org", true },
		{ "<relaytest%nmap.scanme.org@mail.example.net>", FOREIGN, ALERT_PERCENT,
		    "relaytest@nmap.scanme.org", true },
		{ "<\"relaytest@nmap.scanme.org\">", FOREIGN, ALERT_QUOTED,
		    "relaytest@nmap.scanme.org", true },
		{ "<\"relaytest%nmap.scanme.org\">", FOREIGN, ALERT_QUOTED,
		    "relaytest@nmap.scanme.org", true },
		{ "<relaytest@nmap.scanme.org@[192.0.2.25]>", FOREIGN, ALERT_DOUBLE_AT,
		    "relaytest@nmap.scanme.org", true },
		{ "<\"relaytest@nmap.scanme.org\"@[192.0.2.25]>", FOREIGN, ALERT_QUOTED,
		    "relaytest@nmap.scanme.org", true },
		{ "<relaytest@nmap.scanme.org@mail.example.net>", FOREIGN,
		    ALERT_DOUBLE_AT, "relaytest@nmap.scanme.org", true },
		{ "<@[192.0.2.25]:relaytest@nmap.scanme.org>", FOREIGN,
		    ALERT_SOURCE_ROUTE, "relaytest@nmap.scanme.org", false },
		{ "<@mail.example.net:relaytest@nmap.scanme.org>", FOREIGN,
		    ALERT_SOURCE_ROUTE, "relaytest@nmap.scanme.org", false },
		{ "<nmap.scanme.org!relaytest>", FOREIGN, ALERT_BANG,
		    "relaytest@nmap.scanme.org", true },
		{ "<nmap.scanme.org!relaytest@[192.0.2.25]>", FOREIGN, ALERT_BANG,
		    "relaytest@nmap.scanme.org", true },
		{ "<nmap.scanme.org!relaytest@mail.example.net>", FOREIGN, ALERT_BANG,
		    "relaytest@nmap.scanme.org", true },
	};
	struct fixture *f = *state;

	CHECK(rows, &f->own);
}

/* abuse.net, MAPS, ORBS, DSBL. */
static void
older_services(void **state)
{
	static const struct row rows[] = {
		{ "t@third.example", FOREIGN, ALERT_PLAIN, "t@third.example", false },
		{ " t@third.example ", FOREIGN, ALERT_PLAIN, "t@third.example", false },
		{ "t%third.example@example.org", FOREIGN, ALERT_PERCENT,
		    "t@third.example", true },
		{ "t%third.example", FOREIGN, ALERT_PERCENT, "t@third.example", true },
		{ "third.example!t", FOREIGN, ALERT_BANG, "t@third.example", true },
		{ "\"t@third.example\"", FOREIGN, ALERT_QUOTED, "t@third.example", true },
		{ "<\"third.example!t\"@example.org>", FOREIGN, ALERT_QUOTED,
		    "t@third.example", true },
		{ "<t@third.example@example.org>", FOREIGN, ALERT_DOUBLE_AT,
		    "t@third.example", true },
		{ "<@example.org:t@third.example>", FOREIGN, ALERT_SOURCE_ROUTE,
		    "t@third.example", false },
		{ "<@example.org,@gate.example:t@third.example>", FOREIGN,
		    ALERT_SOURCE_ROUTE, "t@third.example", false },
		{ "<@example.org:@gate.example:t@third.example>", FOREIGN,
		    ALERT_SOURCE_ROUTE, "t@third.example", false },
		{ "<@third.example:t@third.example>", FOREIGN, ALERT_SOURCE_ROUTE,
		    "t@third.example", false },
		{ "<t%third.example@localhost>", FOREIGN, ALERT_PERCENT,
		    "t@third.example", true },
		{ "<t%third.example@>", FOREIGN, ALERT_NO_DOMAIN, "t@third.example",
		    true },
		{ "<t@third.example@>", FOREIGN, ALERT_NO_DOMAIN, "t@third.example",
		    true },
		{ "<t%third.example@192.0.2.25>", FOREIGN, ALERT_PERCENT,
		    "t@third.example", true },
		{ "Somebody <t@third.example>", FOREIGN, ALERT_PLAIN, "t@third.example",
		    false },
		{ "<t@third.example", FOREIGN, ALERT_PLAIN, "t@third.example", false },
		{ "< t@third.example >", FOREIGN, ALERT_PLAIN, "t@third.example", false },
	};
	struct fixture *f = *state;

	CHECK(rows, &f->own);
}

static void
tricks_in_tricks(void **state)
{
	static const struct row rows[] = {
		{ "<t%third.example%example.org@mail.example.net>", FOREIGN,
		    ALERT_PERCENT, "t@third.example", true },
		{ "<example.org!third.example!t>", FOREIGN, ALERT_BANG, "t@third.example",
		    true },
		{ "<example.org!third.example!t@mail.example.net>", FOREIGN, ALERT_BANG,
		    "t@third.example", true },
		{ "<third.example!t%example.org@[192.0.2.25]>", FOREIGN, ALERT_PERCENT,
		    "t@third.example", true },
		{ "<@[192.0.2.25]:\"t@third.example\"@example.org>", FOREIGN,
		    ALERT_SOURCE_ROUTE, "t@third.example", true },
		{ "<@[192.0.2.25]:t%third.example@example.org>", FOREIGN,
		    ALERT_SOURCE_ROUTE, "t@third.example", true },
		{ "<\"t%third.example\"@mail.example.net>", FOREIGN, ALERT_QUOTED,
		    "t@third.example", true },
		{ "<\"t@third.example@example.org\"@[192.0.2.25]>", FOREIGN, ALERT_QUOTED,
		    "t@third.example", true },
		{ "<t@third.example%example.org@mail.example.net>", FOREIGN,
		    ALERT_PERCENT, "t@third.example", true },
		{ "<t@third.example@[192.0.2.25]@example.org>", FOREIGN, ALERT_DOUBLE_AT,
		    "t@third.example", true },
		{ "<t\\@third.example@example.org>", FOREIGN, ALERT_QUOTED,
		    "t@third.example", true },
		/* The first foreign domain ends it: that is where it goes. */
		{ "<u%fourth.example%third.example@example.org>", FOREIGN, ALERT_PERCENT,
		    "u%fourth.example@third.example", true },
		{ "<t%third.example@partner.example>", FOREIGN, ALERT_PERCENT,
		    "t@third.example", true },
		{ "<t%partner.example@example.org>", RELAYED, ALERT_PERCENT,
		    "t@partner.example", true },
		{ "<alice%example.org@[192.0.2.25]>", LOCAL, ALERT_PERCENT,
		    "alice@example.org", true },
		{ "<example.org!alice>", LOCAL, ALERT_BANG, "alice@example.org", true },
		{ "<t%[203.0.113.9]@example.org>", FOREIGN, ALERT_PERCENT,
		    "t@[203.0.113.9]", true },
	};
	struct fixture *f = *state;

	CHECK(rows, &f->own);
}

static void
literals(void **state)
{
	static const struct row rows[] = {
		{ "<t@[192.0.2.25]>", LOCAL, ALERT_PLAIN, "t@", false },
		{ "<t@[192.0.2.77]>", LOCAL, ALERT_PLAIN, "t@", false },
		{ "<t@[IPv6:2001:db8:1::25]>", LOCAL, ALERT_PLAIN, "t@", false },
		{ "<t@[203.0.113.9]>", FOREIGN, ALERT_LITERAL, "t@[203.0.113.9]", false },
		{ "<t@２０３.0.113.9>", FOREIGN, ALERT_LITERAL, "t@[203.0.113.9]",
		    false },
		{ "<t@203.0.113.9>", FOREIGN, ALERT_LITERAL, "t@[203.0.113.9]", false },
		{ "<t@[IPv6:2001:DB8:0:0::9]>", FOREIGN, ALERT_LITERAL, "t@[2001:db8::9]",
		    false },
		{ "<t@[ipv6:2001:db8::9]>", FOREIGN, ALERT_LITERAL, "t@[2001:db8::9]",
		    false },
		{ "<t@[2001:db8::9]>", FOREIGN, ALERT_LITERAL, "t@[2001:db8::9]", false },
		{ "<t@[x-tag:whatever]>", FOREIGN, ALERT_LITERAL, "t@[x-tag:whatever]",
		    false },
		{ "<t@[]>", FOREIGN, ALERT_LITERAL, "t@[]", false },
		{ "<postmaster@[203.0.113.9]>", LOCAL, ALERT_LITERAL, NULL, false },
		{ "<@[203.0.113.9]:postmaster@third.example>", FOREIGN,
		    ALERT_SOURCE_ROUTE, "postmaster@third.example", false },
		/* Behind NAT the server is asked by an address it does not have. */
		{ "<t%third.example@[203.0.113.1]>", FOREIGN, ALERT_PERCENT,
		    "t@third.example", true },
		{ "<\"t@third.example\"@[203.0.113.1]>", FOREIGN, ALERT_QUOTED,
		    "t@third.example", true },
		{ "<alice%example.org@[203.0.113.1]>", LOCAL, ALERT_PERCENT,
		    "alice@example.org", true },
		{ "<@[IPv6:2001:db8:1::25]:t@third.example>", FOREIGN, ALERT_SOURCE_ROUTE,
		    "t@third.example", false },
	};
	struct fixture *f = *state;

	CHECK(rows, &f->own);
}

static void
local_and_relayed(void **state)
{
	static const struct row rows[] = {
		{ "<alice@example.org>", LOCAL, ALERT_PLAIN, "alice@example.org", false },
		{ "<Alice@EXAMPLE.Org.>", LOCAL, ALERT_PLAIN, "Alice@example.org",
		    false },
		{ "<alice@sub.example.org>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<alice@notexample.org>", FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<alice@mail.example.net>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<alice@example.net>", FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<user@partner.example>", RELAYED, ALERT_PLAIN, NULL, false },
		{ "<user@sub.partner.example>", FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<postmaster>", LOCAL, ALERT_PLAIN, "postmaster@", false },
		{ "<Postmaster>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "postmaster", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<root@localhost>", LOCAL, ALERT_PLAIN, "root@localhost", false },
		{ "<root@localhost.>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<alice@>", LOCAL, ALERT_PLAIN, "alice@", false },
		{ "<\"john smith\"@example.org>", LOCAL, ALERT_PLAIN,
		    "john smith@example.org", false },
		{ "<\"a@b\"@example.org>", LOCAL, ALERT_QUOTED, NULL, true },
		{ "<\"alice\\\"s\"@example.org>", LOCAL, ALERT_PLAIN,
		    "alice\"s@example.org", false },
		{ "<info@bücher.example>", LOCAL, ALERT_PLAIN,
		    "info@xn--bcher-kva.example", false },
		{ "<info@XN--BCHER-KVA.example>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<jörg@third.example>", FOREIGN, ALERT_PLAIN, "jörg@third.example",
		    false },
		{ "<t@third.example.>", FOREIGN, ALERT_PLAIN, "t@third.example", false },
	};
	struct fixture *f = *state;

	CHECK(rows, &f->own);
}

/* SRS, VERP, BATV, gateways: local parts that look like routes and are none. */
static void
look_alikes(void **state)
{
	static const struct row rows[] = {
		{ "<SRS0=HHH=TT=example.com=user@forwarder.example>", FOREIGN,
		    ALERT_PLAIN, "SRS0=HHH=TT=example.com=user@forwarder.example",
		    false },
		{ "<SRS1=XX=first.example==HHH=TT=example.com=user@second.example>",
		    FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<list-bounces+user=example.com@lists.example>", FOREIGN, ALERT_PLAIN,
		    NULL, false },
		{ "<prvs=0123456789=user@third.example>", FOREIGN, ALERT_PLAIN, NULL,
		    false },
		{ "<user%example.com@gateway.example>", FOREIGN, ALERT_PLAIN,
		    "user%example.com@gateway.example", false },
		{ "<example.com!user@gateway.example>", FOREIGN, ALERT_PLAIN,
		    "example.com!user@gateway.example", false },
		{ "<\"user@example.com\"@gateway.example>", FOREIGN, ALERT_PLAIN,
		    "user@example.com@gateway.example", false },
		{ "<user@example.com@gateway.example>", FOREIGN, ALERT_PLAIN,
		    "user@example.com@gateway.example", false },
		{ "<SRS0=HHH=TT=third.example=user@example.org>", LOCAL, ALERT_PLAIN,
		    NULL, false },
		{ "<list-bounces+user=third.example@example.org>", LOCAL, ALERT_PLAIN,
		    NULL, false },
		{ "<prvs=0123456789=alice@example.org>", LOCAL, ALERT_PLAIN, NULL,
		    false },
		{ "<50%off@example.org>", LOCAL, ALERT_PERCENT, NULL, true },
		{ "<100%.sure@example.org>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<wow!@example.org>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<%third.example@example.org>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<third.example!@example.org>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<\"what? 5%! a.b c\"@example.org>", LOCAL, ALERT_PLAIN, NULL, false },
	};
	struct fixture *f = *state;

	CHECK(rows, &f->own);
}

static void
what_is_no_address(void **state)
{
	static const struct row rows[] = {
		{ "", NONE, ALERT_PLAIN, NULL, false },
		{ "<>", NONE, ALERT_PLAIN, NULL, false },
		{ "<", NONE, ALERT_PLAIN, NULL, false },
		{ ">", NONE, ALERT_PLAIN, NULL, false },
		{ "   ", NONE, ALERT_PLAIN, NULL, false },
		{ "<@third.example>", NONE, ALERT_PLAIN, NULL, false },
		{ "<@third.example:>", NONE, ALERT_SOURCE_ROUTE, NULL, false },
		{ "<\"\"@third.example>", NONE, ALERT_PLAIN, NULL, false },
		{ "<t@third.example\r>", NONE, ALERT_PLAIN, NULL, false },
		{ "<a%b.c%b.c%b.c%b.c%b.c%b.c%b.c%b.c%b.c%b.c%b.c@third.example>",
		    FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<a%b%b%b%b%b%b%b%b%b%b%third.example%b@example.org>", FOREIGN,
		    ALERT_PERCENT, NULL, true },
		{ "<a%third.example%b%b%b%b%b%b%b%b%b%b%b@example.org>", NONE,
		    ALERT_PERCENT, NULL, true },
	};
	struct fixture *f = *state;

	CHECK(rows, &f->own);
}

static void
without_configuration_own_names_and_literals_remain(void **state)
{
	static const struct row rows[] = {
		{ "<alice@example.org>", FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<t%third.example@example.org>", FOREIGN, ALERT_PLAIN,
		    "t%third.example@example.org", false },
		{ "<t%third.example@mail.example.net>", FOREIGN, ALERT_PERCENT,
		    "t@third.example", true },
		{ "<alice@[192.0.2.25]>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<third.example!t>", FOREIGN, ALERT_BANG, "t@third.example", true },
	};
	struct fixture *f = *state;
	struct recipient_own own = { .server = &f->server,
		.server_name = f->own.server_name };

	CHECK(rows, &own);
}

static void
a_server_that_did_not_say_its_name_may_have_one_of_ours(void **state)
{
	static const struct row rows[] = {
		{ "<alice@mx.inner.example>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<alice@inner.example>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<alice@mxinner.example>", FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<alice@mail.example.net>", FOREIGN, ALERT_PLAIN, NULL, false },
	};
	static const struct row named[] = {
		{ "<alice@mx.inner.example>", FOREIGN, ALERT_PLAIN, NULL, false },
		{ "<alice@mail.example.net>", LOCAL, ALERT_PLAIN, NULL, false },
	};
	struct fixture *f = *state;
	struct domain_set *local = domain_set_new();
	struct recipient_own own = { .local_domains = local, .server = &f->server };
	const char *why;

	assert_int_equal(domain_set_add(local, "inner.example", &why), 0);
	CHECK(rows, &own);
	own.server_name = slice_str("mail.example.net");
	CHECK(named, &own);
	domain_set_free(local);
}

static void
a_server_named_by_its_address_owns_it(void **state)
{
	static const struct row rows[] = {
		{ "<alice@[203.0.113.1]>", LOCAL, ALERT_PLAIN, NULL, false },
		{ "<alice@[203.0.113.2]>", FOREIGN, ALERT_LITERAL, NULL, false },
	};
	struct recipient_own own = { .server_name = slice_str("[203.0.113.1]") };

	(void)state;
	CHECK(rows, &own);
}

static uint64_t
hash_of(const char *path, const struct recipient_own *own, uint64_t *inner)
{
	static struct recipient r;

	recipient_read(slice_str(path), false, own, &r);
	if (inner != NULL)
		*inner = r.inner_hash;
	return r.hash;
}

static void
all_forms_of_an_address_have_its_hash(void **state)
{
	static const char *const forms[] = { "t@third.example", "<T@Third.Example.>",
		"<\"t\"@third.example>", "<\"\\t\"@third.example>",
		"<t%third.example@[192.0.2.25]>", "<\"t@third.example\">",
		"<third.example!t>", "<t@third.example@example.org>",
		"<@a.example,@b.example:t@third.example>" };
	static const char *const others[] = { "<u@third.example>", "<t@fourth.example>",
		"<t@sub.third.example>", "<t@>", "<t%third.example@gateway.example>" };
	struct fixture *f = *state;
	uint64_t hash = hash_of("<t@third.example>", &f->own, NULL);

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++)
		assert_int_equal(hash_of(forms[i], &f->own, NULL), hash);
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		assert_int_not_equal(hash_of(others[i], &f->own, NULL), hash);
}

static void
the_hash_is_the_same_in_all_runs(void **state)
{
	struct fixture *f = *state;

	/* XXH3-64, seed 0, of "t@third.example". */
	assert_int_equal(
	    hash_of("<t@third.example>", &f->own, NULL), UINT64_C(0x4dbd8807ed43dced));
}

static void
the_inner_hash_is_of_what_a_foreign_domain_would_unfold(void **state)
{
	struct fixture *f = *state;
	uint64_t t = hash_of("<t@third.example>", &f->own, NULL), inner;

	hash_of("<t@third.example>", &f->own, &inner);
	assert_int_equal(inner, t);
	hash_of("<t%third.example@hosted.example>", &f->own, &inner);
	assert_int_equal(inner, t);
	hash_of("<\"t@third.example\"@hosted.example>", &f->own, &inner);
	assert_int_equal(inner, t);
	hash_of("<SRS0=HHH=TT=third.example=t@hosted.example>", &f->own, &inner);
	assert_int_not_equal(inner, t);
}

static void
a_cut_path_is_unknown(void **state)
{
	struct fixture *f = *state;
	static struct recipient r;

	recipient_read(slice_str("<t@third.example>"), true, &f->own, &r);
	assert_int_equal(r.class, RECIPIENT_UNREADABLE);
}

static void
flags_tell_all_tricks_and_the_outermost_domain(void **state)
{
	struct fixture *f = *state;
	static struct recipient r;

	recipient_read(slice_str("<@gate.example:\"t%third.example\"@example.org>"),
	    false, &f->own, &r);
	assert_int_equal(r.tricks,
	    1u << ALERT_SOURCE_ROUTE | 1u << ALERT_QUOTED | 1u << ALERT_PERCENT);
	assert_string_equal(r.outer, "gate.example");
	recipient_read(slice_str("<t%third.example@Example.org>"), false, &f->own, &r);
	assert_string_equal(r.outer, "example.org");
}

static void
long_paths(void **state)
{
	struct fixture *f = *state;
	static struct recipient r;
	static char path[FACT_TEXT_MAX + 1];

	memset(path, 'a', FACT_TEXT_MAX);
	memcpy(path + FACT_TEXT_MAX - 14, "@third.example", 14);
	recipient_read(slice_of(path, FACT_TEXT_MAX), false, &f->own, &r);
	assert_int_equal(r.class, RECIPIENT_FOREIGN);
	assert_int_equal(r.local_len, FACT_TEXT_MAX - 14);
	memset(path, 'a', FACT_TEXT_MAX);
	memcpy(path, "t@", 2);
	recipient_read(slice_of(path, FACT_TEXT_MAX), false, &f->own, &r);
	assert_int_equal(r.class, RECIPIENT_UNREADABLE);
}

/* A path of separators alone is read in time that grows with its length only. */
static void
hostile_paths_are_cheap(void **state)
{
	struct fixture *f = *state;
	static struct recipient r;
	static const char patterns[] = "%!@\"\\[:,a.";
	static char path[FACT_TEXT_MAX];
	clock_t begun = clock();

	for (const char *c = patterns; *c != '\0'; c++) {
		memset(path, *c, sizeof(path));
		for (unsigned i = 0; i < 100; i++)
			recipient_read(slice_of(path, sizeof(path)), false, &f->own, &r);
	}
	assert_true(clock() - begun < 2 * CLOCKS_PER_SEC);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nmaps_sixteen),
		cmocka_unit_test(older_services),
		cmocka_unit_test(tricks_in_tricks),
		cmocka_unit_test(literals),
		cmocka_unit_test(local_and_relayed),
		cmocka_unit_test(look_alikes),
		cmocka_unit_test(what_is_no_address),
		cmocka_unit_test(without_configuration_own_names_and_literals_remain),
		cmocka_unit_test(a_server_that_did_not_say_its_name_may_have_one_of_ours),
		cmocka_unit_test(a_server_named_by_its_address_owns_it),
		cmocka_unit_test(all_forms_of_an_address_have_its_hash),
		cmocka_unit_test(the_hash_is_the_same_in_all_runs),
		cmocka_unit_test(the_inner_hash_is_of_what_a_foreign_domain_would_unfold),
		cmocka_unit_test(a_cut_path_is_unknown),
		cmocka_unit_test(flags_tell_all_tricks_and_the_outermost_domain),
		cmocka_unit_test(long_paths),
		cmocka_unit_test(hostile_paths_are_cheap),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
