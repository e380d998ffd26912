/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "alert.h"
#include "inventory.h"
#include "make_record.h"
#include "transaction.h"

struct fixture {
	struct transactions *transactions;
	struct inventory *inventory;
	struct make make;
};

static int
set_up(void **state)
{
	const struct conf_mail conf = { .sessions = 64, .blocks = 256 };
	struct fixture *f = calloc(1, sizeof(*f));

	f->transactions = transactions_new(&conf);
	f->inventory = inventory_new(8);
	make_init(&f->make);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	transactions_free(f->transactions);
	inventory_free(f->inventory);
	free(f);
	return 0;
}

static void
take(struct fixture *f, const struct record *record)
{
	const struct transaction *tx = transactions_apply(f->transactions, record);

	inventory_record(
	    f->inventory, record, tx, transactions_session(f->transactions, record));
	transactions_settle(f->transactions, tx);
}

static void
fact(struct fixture *f, enum fact_type type, uint16_t code, const char *text)
{
	take(f, make_fact(&f->make, type, code, text, "", ""));
}

static void
begin(struct fixture *f, const char *client, const char *server)
{
	make_session(&f->make, ++f->make.number, client, 40000, server, 25);
	fact(f, FACT_GREETING, 220, "mx.example.org");
}

static void
end(struct fixture *f)
{
	fact(f, FACT_END, 221, "");
	take(f, make_closed(&f->make, 0));
}

static void
mail(struct fixture *f, uint16_t rcpt_code)
{
	fact(f, FACT_MAIL, 250, "<a@b>");
	fact(f, FACT_RCPT, rcpt_code, "<c@d>");
	if (rcpt_code == 250)
		fact(f, FACT_FINAL, 250, "");
	else
		take(f, make_abort(&f->make, FACT_ABORT_QUIT));
	f->make.tx++;
}

static void
judged(struct fixture *f, enum inventory_judgement judgement)
{
	inventory_judged(f->inventory, &f->make.session.server, judgement,
	    make_origin(&f->make).ts_us);
}

static void
alert(struct fixture *f, enum alert_verdict verdict, enum alert_verdict was,
    enum alert_mechanism mechanism)
{
	struct alert a = { .kind = ALERT_RELAY,
		.verdict = verdict,
		.was = was,
		.mechanism = mechanism,
		.server = f->make.session.server,
		.origin = make_origin(&f->make) };

	inventory_alert(f->inventory, &a);
}

static struct inventory_server
only_server(struct fixture *f)
{
	struct inventory_server server, more;

	inventory_sort(f->inventory);
	assert_true(inventory_server(f->inventory, 0, &server));
	assert_false(inventory_server(f->inventory, 1, &more));
	return server;
}

static void
assert_described(struct fixture *f, enum inventory_state state, const char *text)
{
	struct inventory_server server = only_server(f);
	char buf[256];

	assert_int_equal(server.state, state);
	assert_string_equal(inventory_describe(&server, buf, sizeof(buf)), text);
}

static void
nobody_tried(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	end(f);
	assert_described(f, INVENTORY_UNTESTED, "not tested by anyone");
	assert_int_equal(only_server(f).sessions, 1);
	assert_string_equal(only_server(f).name, "mx.example.org");
}

static void
local_mail_only(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	mail(f, 250);
	judged(f, INVENTORY_LOCAL);
	mail(f, 250);
	judged(f, INVENTORY_LOCAL);
	end(f);
	assert_described(
	    f, INVENTORY_LOCAL_ONLY, "only authenticated or local mail seen");
	assert_int_equal(only_server(f).inbound, 2);
	assert_int_equal(only_server(f).local, 2);
	assert_int_equal(only_server(f).sessions, 1);
}

static void
authenticated_mail_only(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	fact(f, FACT_AUTH, 235, "PLAIN");
	mail(f, 250);
	end(f);
	assert_described(
	    f, INVENTORY_LOCAL_ONLY, "only authenticated or local mail seen");
	assert_int_equal(only_server(f).authenticated, 1);
	assert_int_equal(only_server(f).local, 0);
}

static void
attempts_refused(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	for (unsigned i = 0; i < 12; i++) {
		mail(f, 550);
		alert(f, ALERT_REFUSED, ALERT_NO_VERDICT, ALERT_PLAIN);
	}
	end(f);
	assert_described(f, INVENTORY_REFUSED, "refused 12 attempts");
	assert_int_equal(only_server(f).refused, 12);
	assert_int_equal(only_server(f).third_party, 12);
}

static void
open_by_its_strongest_verdict(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	mail(f, 250);
	alert(f, ALERT_REFUSED, ALERT_NO_VERDICT, ALERT_QUOTED);
	alert(f, ALERT_ACCEPTED, ALERT_NO_VERDICT, ALERT_BANG);
	alert(f, ALERT_ACCEPTED, ALERT_NO_VERDICT, ALERT_PERCENT);
	assert_described(f, INVENTORY_OPEN, "open (accepted: percent, bang)");
	alert(f, ALERT_CONFIRMED, ALERT_ACCEPTED, ALERT_PERCENT);
	assert_described(f, INVENTORY_OPEN, "open (confirmed: percent)");
	assert_int_equal(only_server(f).third_party, 3);
	assert_int_equal(only_server(f).local, 0);
}

static void
suspected(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	alert(f, ALERT_SUSPECTED, ALERT_NO_VERDICT, ALERT_PLAIN);
	assert_described(f, INVENTORY_SUSPECTED, "suspected (plain)");
}

static void
hidden_by_tls(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	fact(f, FACT_STARTTLS, 220, "");
	fact(f, FACT_TLS, 0, "");
	take(f, make_closed(&f->make, 0));
	assert_described(
	    f, INVENTORY_HIDDEN, "hidden by TLS, 100% of sessions under TLS");
	for (unsigned i = 0; i < 3; i++) {
		begin(f, "198.51.100.7", "192.0.2.25");
		mail(f, 250);
		judged(f, INVENTORY_LOCAL);
		end(f);
	}
	assert_described(f, INVENTORY_HIDDEN,
	    "partly hidden by TLS, else only authenticated or local mail, "
	    "25% of sessions under TLS");
}

static void
what_could_not_be_read_is_undecided(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	mail(f, 250);
	judged(f, INVENTORY_LOCAL);
	mail(f, 250);
	judged(f, INVENTORY_UNREADABLE);
	end(f);
	assert_described(
	    f, INVENTORY_UNDECIDED, "undecided: 1 transaction could not be read");
	judged(f, INVENTORY_NO_DOMAINS);
	assert_described(
	    f, INVENTORY_UNDECIDED, "undecided: no local domains configured");
	alert(f, ALERT_REFUSED, ALERT_NO_VERDICT, ALERT_PLAIN);
	assert_described(
	    f, INVENTORY_REFUSED, "refused 1 attempt, 2 transactions undecided");
}

static void
what_nobody_judged_is_undecided(void **state)
{
	struct fixture *f = *state;

	begin(f, "198.51.100.7", "192.0.2.25");
	mail(f, 250);
	end(f);
	assert_described(f, INVENTORY_UNDECIDED, "undecided: nothing was judged");
	judged(f, INVENTORY_SAYS_NOTHING);
	assert_described(f, INVENTORY_UNTESTED, "not tested by anyone");
}

static void
one_direction_only(void **state)
{
	struct fixture *f = *state;

	make_session(&f->make, 5, "198.51.100.7", 40000, "192.0.2.25", 25);
	fact(f, FACT_MAIL, 0, "<a@b>");
	take(f, make_abort(&f->make, FACT_ABORT_CLOSED));
	fact(f, FACT_END, 0, "");
	take(f, make_closed(&f->make, RECORD_CONN_ONE_SIDED));
	assert_described(f, INVENTORY_ONE_DIRECTION, "one direction only");
	/* Without a single fact of it. */
	make_session(&f->make, 6, "198.51.100.7", 40001, "192.0.2.25", 25);
	take(f, make_closed(&f->make, RECORD_CONN_ONE_SIDED));
	assert_described(f, INVENTORY_ONE_DIRECTION, "one direction only");
	assert_int_equal(only_server(f).sessions, 2);
	assert_int_equal(only_server(f).sessions_one_sided, 2);
}

static void
inside_clients_test_nothing(void **state)
{
	struct fixture *f = *state;

	begin(f, "192.0.2.99", "192.0.2.25");
	mail(f, 250);
	end(f);
	assert_described(f, INVENTORY_UNTESTED, "not tested by anyone");
	assert_int_equal(only_server(f).inbound, 0);
}

static void
servers_are_sorted(void **state)
{
	struct fixture *f = *state;
	struct inventory_server server;
	static const char *const addr[] = { "192.0.2.9", "2001:db8:1::1", "192.0.2.10" };
	char text[ADDR_TEXT_MAX];

	for (unsigned i = 0; i < 3; i++)
		begin(f, "198.51.100.7", addr[i]);
	inventory_sort(f->inventory);
	assert_true(inventory_server(f->inventory, 0, &server));
	assert_string_equal(addr_format(&server.server.addr, text), "192.0.2.9");
	assert_true(inventory_server(f->inventory, 1, &server));
	assert_string_equal(addr_format(&server.server.addr, text), "192.0.2.10");
	assert_true(inventory_server(f->inventory, 2, &server));
	assert_string_equal(addr_format(&server.server.addr, text), "2001:db8:1::1");
}

static void
the_server_idle_for_longest_goes(void **state)
{
	struct fixture *f = *state;
	struct inventory_server server;
	char addr[32], text[ADDR_TEXT_MAX];

	for (unsigned i = 1; i <= 9; i++) {
		snprintf(addr, sizeof(addr), "192.0.2.%u", i);
		begin(f, "198.51.100.7", addr);
		begin(f, "198.51.100.7", "192.0.2.1");
	}
	inventory_sort(f->inventory);
	assert_true(inventory_server(f->inventory, 0, &server));
	assert_string_equal(addr_format(&server.server.addr, text), "192.0.2.1");
	assert_true(inventory_server(f->inventory, 1, &server));
	assert_string_equal(addr_format(&server.server.addr, text), "192.0.2.3");
	assert_true(inventory_server(f->inventory, 7, &server));
	assert_false(inventory_server(f->inventory, 8, &server));
}

static void
outside_servers_are_candidates(void **state)
{
	struct fixture *f = *state;
	struct endpoint out[4];
	char text[ADDR_TEXT_MAX];

	assert_false(inventory_saw_home(f->inventory));
	begin(f, "198.51.100.7", "203.0.113.9");
	assert_int_equal(inventory_foreign(f->inventory, out, 4), 1);
	begin(f, "198.51.100.7", "203.0.113.1");
	mail(f, 250);
	begin(f, "198.51.100.7", "203.0.113.2");
	mail(f, 250);
	mail(f, 250);
	begin(f, "198.51.100.7", "203.0.113.3");
	mail(f, 550);
	assert_false(inventory_saw_home(f->inventory));
	assert_int_equal(inventory_foreign(f->inventory, out, 4), 2);
	assert_string_equal(addr_format(&out[0].addr, text), "203.0.113.2");
	assert_string_equal(addr_format(&out[1].addr, text), "203.0.113.1");
	assert_int_equal(inventory_foreign(f->inventory, out, 1), 1);
	begin(f, "198.51.100.7", "192.0.2.25");
	assert_true(inventory_saw_home(f->inventory));
}

static void
names_are_tame(void **state)
{
	struct fixture *f = *state;

	make_session(&f->make, 9, "198.51.100.7", 40000, "192.0.2.25", 25);
	fact(f, FACT_GREETING, 220, "mx\x1b[31m\xff");
	assert_string_equal(only_server(f).name, "mx?[31m?");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* Who asks at every port of every host does not have an open relay forgotten. */
static void
servers_that_were_only_asked_for_go_first(void **state)
{
	enum { ASKED = 1000 };
	struct fixture *f = *state;
	struct inventory_server server;
	unsigned found = 0;

	begin(f, "198.51.100.7", "192.0.2.25");
	fact(f, FACT_HELO, 250, "client.example");
	mail(f, 250);
	alert(f, ALERT_ACCEPTED, ALERT_NO_VERDICT, ALERT_PLAIN);
	end(f);
	for (unsigned i = 0; i < ASKED; i++) {
		struct request asked = { .session = { .client = f->make.session.client,
					     .server = f->make.session.server } };

		asked.session.server.port = (uint16_t)(1000 + i);
		inventory_request(f->inventory, &asked);
	}
	inventory_sort(f->inventory);
	for (size_t i = 0; inventory_server(f->inventory, i, &server); i++)
		found += server.server.port == 25 && server.state == INVENTORY_OPEN;
	assert_int_equal(found, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(nobody_tried),
		TEST(local_mail_only),
		TEST(authenticated_mail_only),
		TEST(attempts_refused),
		TEST(open_by_its_strongest_verdict),
		TEST(suspected),
		TEST(hidden_by_tls),
		TEST(what_could_not_be_read_is_undecided),
		TEST(what_nobody_judged_is_undecided),
		TEST(one_direction_only),
		TEST(inside_clients_test_nothing),
		TEST(servers_are_sorted),
		TEST(the_server_idle_for_longest_goes),
		TEST(servers_that_were_only_asked_for_go_first),
		TEST(outside_servers_are_candidates),
		TEST(names_are_tame),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
