/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The life of connections: what opens a port pair anew, and who gives way when too many
 * are looked into.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire.h"

/* One segment; numbers count from the initial ones of both sides. */
struct row {
	uint8_t dir;
	const char *flags;
	uint32_t seq, ack;
	const char *text;
};

#define C(f, q, a, t)                                                                    \
	{                                                                                \
		0, f, q, a, t                                                            \
	}
#define S(f, q, a, t)                                                                    \
	{                                                                                \
		1, f, q, a, t                                                            \
	}
#define OPEN C("S", 0, 0, ""), S("SA", 0, 1, ""), C("A", 1, 1, "")

static const struct reuse {
	const char *name;
	bool is_new;
	struct row rows[12];
	struct row asked;
} reuses[] = {
	{ "SYN again", false, { C("S", 0, 0, "") }, C("S", 0, 0, "") },
	{ "never answered", true, { C("S", 0, 0, "") }, C("S", 99, 0, "") },
	{ "SYN in a live connection", false, { OPEN }, C("S", 99, 0, "") },
	{ "taken by the server", true, { OPEN, C("S", 99, 0, "") },
	    S("SA", 9999, 100, "") },
	{ "taken with its data", true, { OPEN, C("S", 99, 0, "HELO") },
	    S("SA", 9, 104, "") },
	{ "SYN-ACK for another", false, { OPEN, C("S", 99, 0, "") },
	    S("SA", 9999, 99, "") },
	{ "SYN-ACK unasked", false, { OPEN }, S("SA", 9999, 1, "") },
	{ "SYN-ACK again", false, { OPEN, C("S", 99, 0, "") }, S("SA", 0, 1, "") },
	{ "after both FINs", true, { OPEN, C("FA", 1, 1, ""), S("FA", 1, 2, "") },
	    C("S", 99, 0, "") },
	{ "from the other side", true, { OPEN, C("FA", 1, 1, ""), S("FA", 1, 2, "") },
	    S("S", 99, 0, "") },
	{ "late SYN after both FINs", false,
	    { OPEN, C("FA", 1, 1, ""), S("FA", 1, 2, "") }, C("S", 0, 0, "") },
	{ "after one FIN", false, { OPEN, C("FA", 1, 1, "") }, C("S", 99, 0, "") },
	{ "after the FIN of the only one seen", true,
	    { C("S", 0, 0, ""), C("FA", 1, 1, "") }, C("S", 99, 0, "") },
	{ "after a RST", true, { OPEN, S("R", 1, 1, "") }, C("S", 99, 0, "") },
	{ "after a forged RST", false,
	    { OPEN, S("A", 1, 1, "220 mx\r\n"), S("R", 99, 1, "") }, C("S", 99, 0, "") },
	{ "after a refusal", true, { C("S", 0, 0, ""), S("RA", 0, 1, "") },
	    C("S", 9, 0, "") },
	{ "SYN behind the first data", false, { C("A", 1, 1, "abc") }, C("S", 0, 0, "") },
	{ "data", false, { C("S", 0, 0, "") }, C("A", 99, 0, "a") },
};

static void
send_row(struct wire *wire, const struct row *row, const uint32_t isn[2])
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);
	unsigned flags = 0;

	flags |= strchr(row->flags, 'S') != NULL ? TCP_SYN : 0;
	flags |= strchr(row->flags, 'A') != NULL ? TCP_ACK : 0;
	flags |= strchr(row->flags, 'F') != NULL ? TCP_FIN : 0;
	flags |= strchr(row->flags, 'R') != NULL ? TCP_RST : 0;
	conn.seq[row->dir] = isn[row->dir] + row->seq;
	conn.seq[!row->dir] = isn[!row->dir] + row->ack;
	wire_send(wire, &conn, row->dir, flags, row->text);
}

static void
a_new_connection_is_known_by_its_syn(void **state)
{
	static const uint32_t isn[2] = { 0xffffffff, 77 };
	static struct wire wire;

	(void)state;
	for (size_t i = 0; i < sizeof(reuses) / sizeof(*reuses); i++) {
		const struct reuse *r = &reuses[i];
		uint64_t opened;

		wire_init(&wire);
		for (size_t j = 0; r->rows[j].flags != NULL; j++)
			send_row(&wire, &r->rows[j], isn);
		opened = wire_counter(&wire, "flow", "new");
		send_row(&wire, &r->asked, isn);
		if ((wire_counter(&wire, "flow", "new") != opened) != r->is_new)
			fail_msg("%s", r->name);
		wire_release(&wire);
	}
}

enum { CONNS = 256, GUESTS = 100, CROWD = 2000 };

static struct wire_conn
guest(struct wire *wire, unsigned i, const char *const lines[])
{
	struct wire_conn conn;
	char host[sizeof("198.51.100.255")];

	snprintf(host, sizeof(host), "198.51.100.%u", i + 1);
	conn = wire_conn(host, 40000, "192.0.2.25", 25);
	wire_open(wire, &conn);
	wire_talk(wire, &conn, lines);
	return conn;
}

static const char *const greeted[] = { "220 mx.example.org ESMTP\r\n", "EHLO c\r\n",
	NULL };

/* Sessions that begin, in a sensor with little room. */
static void
welcome(
    struct wire *wire, struct wire_conn guests[GUESTS], uint32_t conns, uint32_t flows)
{
	wire_init(wire);
	pipeline_free(wire->pipeline);
	wire->conf.sensor.conns = conns;
	wire->conf.sensor.flows = flows;
	wire->pipeline = pipeline_new(&wire->conf, wire->queue);
	assert_non_null(wire->pipeline);
	for (unsigned i = 0; i < GUESTS; i++)
		guests[i] = guest(wire, i, greeted);
}

/* They go on, and are read. */
static void
all_are_read(struct wire *wire, struct wire_conn guests[GUESTS])
{
	static const char *const mail[] = { "250 mx.example.org\r\n",
		"MAIL FROM:<a@b>\r\n", "250 ok\r\n", "QUIT\r\n", NULL };

	for (unsigned i = 0; i < GUESTS; i++)
		wire_talk(wire, &guests[i], mail);
	assert_int_equal(wire_count(wire, "smtp mail 250 <a@b>"), GUESTS);
}

/* One client opens more sessions than there is room for, and leaves them. */
static void
crowd(struct wire *wire, bool v6, const char *const lines[])
{
	for (unsigned i = 0; i < CROWD; i++) {
		char host[sizeof("2001:db8:bad::ffff")];
		struct wire_conn conn;

		snprintf(host, sizeof(host), "2001:db8:bad::%x", i);
		conn = v6 ? wire_conn(host, 50000, "2001:db8:1::25", 25)
			  : wire_conn(
				"203.0.113.66", (uint16_t)(10000 + i), "192.0.2.25", 25);
		wire_open(wire, &conn);
		wire_talk(wire, &conn, lines);
		wire->length = 0;
	}
}

/* The sessions that were there before go on and are read. */
static void
one_client_that_opens_too_many_gives_up_its_own(void **state)
{
	static struct wire_conn guests[GUESTS];
	static struct wire wire;

	for (unsigned v6 = 0; v6 < 2; v6++) {
		welcome(&wire, guests, CONNS, 2 * CROWD);
		crowd(&wire, v6 == 1, greeted);
		assert_int_equal(
		    wire_counter(&wire, "flow", "conns_crowded"), GUESTS + CROWD - CONNS);
		assert_int_equal(
		    wire_counter(&wire, "flow", "conns_evicted"), GUESTS + CROWD - CONNS);
		all_are_read(&wire, guests);
		wire_release(&wire);
	}
	(void)state;
}

/* Packets with addresses that are made up, which begin sessions nobody answers: alone, or
 * behind a handshake whose number their sender could not see. */
static void
forge(struct wire *wire, bool opened)
{
	for (unsigned i = 0; i < CROWD; i++) {
		struct wire_conn conn;
		char host[sizeof("203.255.255.255")];

		snprintf(host, sizeof(host), "203.0.%u.%u", i / 250, 1 + i % 250);
		conn = wire_conn(host, 50000, "192.0.2.25", 25);
		if (opened) {
			wire_send(wire, &conn, 0, TCP_SYN, "");
			wire_send(wire, &conn, 1, TCP_SYN | TCP_ACK, "");
			conn.seq[1] += 1 << 20;
		}
		wire_send(
		    wire, &conn, 0, TCP_ACK | TCP_PSH, "EHLO c\r\nMAIL FROM:<a@c>\r\n");
		wire->length = 0;
	}
}

static void
sessions_that_are_made_up_go_first(void **state)
{
	static struct wire_conn guests[GUESTS];
	static struct wire wire;

	for (unsigned opened = 0; opened < 2; opened++) {
		welcome(&wire, guests, CONNS, 2 * CONNS);
		forge(&wire, opened == 1);
		assert_true(wire_counter(&wire, "flow", "conns_evicted") > CROWD / 2);
		assert_true(wire_counter(&wire, "flow", "evicted") > CROWD / 2);
		all_are_read(&wire, guests);
		wire_release(&wire);
	}
	(void)state;
}

/* Where nobody has more than his part it goes by age, as ever. */
static void
many_clients_give_up_the_oldest(void **state)
{
	static struct wire_conn guests[GUESTS];
	static struct wire wire;

	(void)state;
	welcome(&wire, guests, GUESTS / 2, 2 * CROWD);
	assert_int_equal(wire_counter(&wire, "flow", "conns_evicted"), GUESTS / 2);
	assert_int_equal(wire_counter(&wire, "flow", "conns_crowded"), 0);
	wire_release(&wire);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_new_connection_is_known_by_its_syn),
		cmocka_unit_test(one_client_that_opens_too_many_gives_up_its_own),
		cmocka_unit_test(sessions_that_are_made_up_go_first),
		cmocka_unit_test(many_clients_give_up_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
