/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The spine as a whole: packets in, records out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire.h"

static struct wire wire;

static const char *const one_mail[] = {
	"220 mail.example.org ESMTP\r\n",
	"EHLO client.example.com\r\n",
	"250-mail.example.org\r\n250 PIPELINING\r\n",
	"MAIL FROM:<a@example.com>\r\n",
	"250 2.1.0 Ok\r\n",
	"RCPT TO:<b@third.example>\r\n",
	"250 2.1.5 Ok\r\n",
	"DATA\r\n",
	"354 go on\r\n",
	"Subject: hello\r\nMessage-ID: <1@example.com>\r\n\r\nbody\r\n.\r\n",
	"250 2.0.0 queued\r\n",
	"QUIT\r\n",
	"221 bye\r\n",
	NULL,
};

static int
set_up(void **state)
{
	(void)state;
	wire_init(&wire);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	wire_release(&wire);
	return 0;
}

static void
play_mail(const char *client, const char *server, uint16_t port)
{
	struct wire_conn conn = wire_conn(client, 40000, server, port);

	wire_open(&wire, &conn);
	wire_talk(&wire, &conn, one_mail);
	wire_close(&wire, &conn);
}

static void
assert_mail_facts(void)
{
	assert_int_equal(wire_count(&wire, "smtp mail 250 <a@example.com>"), 1);
	assert_int_equal(wire_count(&wire, "smtp rcpt 250 <b@third.example>"), 1);
	assert_int_equal(wire_count(&wire, "smtp header 0 <1@example.com>"), 1);
	assert_int_equal(wire_count(&wire, "smtp final 250"), 1);
	assert_int_equal(wire_count(&wire, "smtp end"), 1);
}

static void
mail_gives_facts_in_order(void **state)
{
	(void)state;
	play_mail("198.51.100.7", "192.0.2.25", 25);
	assert_mail_facts();
	assert_true(strstr(wire.text, "smtp mail") < strstr(wire.text, "smtp rcpt"));
	assert_true(strstr(wire.text, "smtp rcpt") < strstr(wire.text, "smtp data"));
	assert_true(strstr(wire.text, "smtp message") < strstr(wire.text, "smtp final"));
	assert_int_equal(wire_counter(&wire, "reassembly", "bad_checksum"), 0);
}

static void
any_port_and_ipv6_do(void **state)
{
	(void)state;
	play_mail("2001:db8:2::7", "2001:db8:1::25", 10025);
	assert_mail_facts();
}

static void
connection_is_told_from_syn_to_close(void **state)
{
	size_t bytes[2] = { 0, 0 };
	char closed[100];

	(void)state;
	for (unsigned i = 0; one_mail[i] != NULL; i++)
		bytes[i % 2 ? 0 : 1] += strlen(one_mail[i]);
	snprintf(closed, sizeof(closed),
	    "40000>25 conn closed flags=0 rtt=10000 bytes=%zu/%zu gaps=0/0", bytes[0],
	    bytes[1]);
	play_mail("198.51.100.7", "192.0.2.25", 25);
	assert_string_equal(
	    wire_line(&wire, "conn syn"), "40000>25 conn syn flags=0 rtt=-1");
	assert_string_equal(wire_line(&wire, "conn established"),
	    "40000>25 conn established flags=0 rtt=10000");
	assert_int_equal(wire_count(&wire, "conn half-closed"), 1);
	assert_string_equal(wire_line(&wire, "conn closed"), closed);
	assert_int_equal(wire_count(&wire, "prefix 0 lengths=3"), 1);
	assert_int_equal(wire_count(&wire, "prefix 1 lengths=3"), 1);
	wire_finish(&wire);
	assert_int_equal(wire_count(&wire, "conn closed"), 1);
}

static void
connection_without_home_endpoint_has_facts_only(void **state)
{
	(void)state;
	play_mail("198.51.100.7", "203.0.113.25", 25);
	assert_mail_facts();
	assert_int_equal(wire_count(&wire, "conn "), 0);
	assert_int_equal(wire_count(&wire, "prefix "), 0);
}

static void
port_pair_is_reused(void **state)
{
	(void)state;
	play_mail("198.51.100.7", "192.0.2.25", 25);
	wire_wait(&wire, 5000000);
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	conn.seq[0] += 123456;
	conn.seq[1] += 654321;
	wire_open(&wire, &conn);
	wire_talk(&wire, &conn, one_mail);
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "smtp final 250"), 2);
	assert_int_equal(wire_count(&wire, "conn closed"), 2);
}

static void
forged_syn_in_a_live_connection_blinds_nobody(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);
	struct wire_conn forged = conn;

	(void)state;
	wire_open(&wire, &conn);
	for (unsigned i = 0; one_mail[i] != NULL; i++) {
		wire_send(&wire, &conn, i % 2 ? 0 : 1, TCP_ACK | TCP_PSH, one_mail[i]);
		forged.seq[0] = 99 + i;
		wire_send(&wire, &forged, 0, TCP_SYN, "");
	}
	wire_close(&wire, &conn);
	assert_mail_facts();
}

static void
forged_reset_in_a_live_connection_blinds_nobody(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);
	struct wire_conn forged = conn;

	(void)state;
	wire_open(&wire, &conn);
	for (unsigned i = 0; one_mail[i] != NULL; i++) {
		wire_send(&wire, &conn, i % 2 ? 0 : 1, TCP_ACK | TCP_PSH, one_mail[i]);
		forged = conn;
		forged.seq[0] += 1000000;
		wire_send(&wire, &forged, 0, TCP_RST, "");
		forged = conn; /* even one with the right number: data go on */
		wire_send(&wire, &forged, 0, TCP_RST, "");
	}
	wire_close(&wire, &conn);
	assert_mail_facts();
}

static void
forged_fin_with_a_wrong_checksum_blinds_nobody(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	(void)state;
	wire_open(&wire, &conn);
	for (unsigned i = 0; one_mail[i] != NULL; i++) {
		struct wire_conn forged = conn;

		if (i > 4) {
			wire.spoil_checksum = true;
			wire_send(&wire, &forged, 0, TCP_FIN | TCP_ACK, "");
			wire.spoil_checksum = false;
		}
		wire_send(&wire, &conn, i % 2 ? 0 : 1, TCP_ACK | TCP_PSH, one_mail[i]);
	}
	wire_close(&wire, &conn);
	assert_mail_facts();
	assert_in_range(wire_counter(&wire, "reassembly", "bad_checksum"), 5, 20);
}

static void
checksums_left_to_the_network_card_are_all_wrong(void **state)
{
	(void)state;
	wire.spoil_checksum = true;
	play_mail("198.51.100.7", "192.0.2.25", 25);
	assert_mail_facts();
}

static void
unanswered_refused_and_expired_connections_are_closed(void **state)
{
	struct wire_conn refused = wire_conn("198.51.100.7", 40001, "192.0.2.25", 25);
	struct wire_conn silent = wire_conn("198.51.100.7", 40002, "192.0.2.25", 25);

	(void)state;
	wire_send(&wire, &refused, 0, TCP_SYN, "");
	wire_send(&wire, &refused, 1, TCP_RST | TCP_ACK, "");
	assert_string_equal(wire_line(&wire, "40001>25 conn closed"),
	    "40001>25 conn closed flags=36 rtt=-1 bytes=0/0 gaps=0/0");
	wire_send(&wire, &silent, 0, TCP_SYN, "");
	wire_wait(&wire, 200000000);
	wire_wait(&wire, 40000000);
	assert_string_equal(wire_line(&wire, "40002>25 conn closed"),
	    "40002>25 conn closed flags=16 rtt=-1 bytes=0/0 gaps=0/0");
	assert_int_equal(wire_counter(&wire, "flow", "open"), 0);
}

static void
web_traffic_is_dropped_at_its_first_bytes(void **state)
{
	struct wire_conn conn = wire_conn("192.0.2.9", 40000, "203.0.113.80", 80);
	static const char *const web[] = {
		"",
		"GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: some "
		"browser "
		"of today\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: "
		"1000\r\nX: yes\r\n",
		NULL,
	};

	(void)state;
	wire_open(&wire, &conn);
	wire_talk(&wire, &conn, web);
	assert_int_equal(wire_count(&wire, "smtp"), 0);
	assert_int_equal(wire_counter(&wire, "flow", "conns"), 0);
	assert_int_equal(wire_counter(&wire, "parser", "unclaimed"), 1);
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "conn closed"), 1);
}

static void
turns_are_told_of_a_host_that_dials_mail_ports(void **state)
{
	struct wire_conn orders = wire_conn("198.51.100.7", 40000, "192.0.2.9", 22);
	struct wire_conn other = wire_conn("198.51.100.7", 40001, "192.0.2.10", 22);
	struct wire_conn mail = wire_conn("192.0.2.9", 50000, "203.0.113.25", 25);
	char opaque[100];

	(void)state;
	memset(opaque, 0xe5, sizeof(opaque) - 1);
	opaque[sizeof(opaque) - 1] = '\0';
	for (unsigned i = 0; i < 2; i++) {
		struct wire_conn *conn = i ? &other : &orders;

		wire_open(&wire, conn);
		wire_send(&wire, conn, 0, TCP_ACK, opaque);
		wire_send(&wire, conn, 1, TCP_ACK, opaque);
	}
	assert_int_equal(wire_count(&wire, "turn"), 0);
	wire_open(&wire, &mail);
	wire_wait(&wire, 1000000);
	for (unsigned i = 0; i < 3; i++) {
		wire_send(&wire, &orders, 0, TCP_ACK, opaque);
		wire_send(&wire, &orders, 1, TCP_ACK, opaque);
		wire_send(&wire, &orders, 1, TCP_ACK, opaque);
		wire_send(&wire, &other, 0, TCP_ACK, opaque);
		wire_send(&wire, &other, 1, TCP_ACK, opaque);
	}
	assert_int_equal(wire_count(&wire, "40000>22 turn 1 bytes=99"), 3);
	assert_int_equal(wire_count(&wire, "40000>22 turn 0 bytes=198"), 2);
	assert_int_equal(wire_count(&wire, "40001>22 turn"), 0);
}

/* The SYN-ACK says where the client's stream begins, whatever of it was captured. */
static void
a_lost_syn_takes_no_octet_along(void **state)
{
	static const char request[] = "CONNECT 203.0.113.25:25 HTTP/1.0\r\n\r\n";

	(void)state;
	for (uint16_t i = 0; i < 3; i++) {
		struct wire_conn conn =
		    wire_conn("198.51.100.7", 40000 + i, "192.0.2.80", 3128);

		conn.seq[0] = i == 2 ? UINT32_MAX : conn.seq[0];
		conn.seq[0]++; /* that of the SYN */
		wire_send(&wire, &conn, 1, TCP_SYN | TCP_ACK, "");
		if (i > 0)
			wire_send(&wire, &conn, 0, TCP_ACK, "");
		wire_send(&wire, &conn, 0, TCP_ACK, request);
		wire_close(&wire, &conn);
		assert_int_equal(wire_count(&wire, "http asked 0 203.0.113.25"), i + 1u);
		assert_int_equal(wire_count(&wire, "bytes=36/0 gaps=0/0"), i + 1u);
	}
}

/* A host that knows of no connection answers the SYN-ACK with a number of its own. */
static void
a_reset_from_nowhere_is_no_stream(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.80", 3128);
	struct wire_conn reset = conn;

	(void)state;
	conn.seq[0] = 0x40000000;
	reset.seq[0] = 0;
	wire_send(&wire, &conn, 1, TCP_SYN | TCP_ACK, "");
	wire_send(&wire, &reset, 0, TCP_RST, "");
	assert_int_equal(wire_count(&wire, "bytes=0/0 gaps=0/0"), 1);
}

static void
both_sides_of_a_nat_are_one_connection(void **state)
{
	struct wire_conn outer = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);
	struct wire_conn inner = wire_conn("198.51.100.7", 40000, "192.0.2.125", 25);

	(void)state;
	inner.seq[1] = outer.seq[1];
	for (unsigned i = 0; i < 3; i++) {
		unsigned dir = i % 2;
		unsigned flags = i == 0 ? TCP_SYN : i == 1 ? TCP_SYN | TCP_ACK : TCP_ACK;

		wire_send(&wire, dir ? &inner : &outer, dir, flags, "");
		wire_send(&wire, dir ? &outer : &inner, dir, flags, "");
	}
	for (unsigned i = 0; one_mail[i] != NULL; i++) {
		wire_send(&wire, &outer, i % 2 ? 0 : 1, TCP_ACK, one_mail[i]);
		wire_send(&wire, &inner, i % 2 ? 0 : 1, TCP_ACK, one_mail[i]);
	}
	wire_close(&wire, &outer);
	wire_close(&wire, &inner);
	assert_mail_facts();
	assert_int_equal(wire_counter(&wire, "flow", "nat_twins"), 1);
}

static void
client_that_repeats_its_numbers_hides_nothing(void **state)
{
	struct wire_conn first = wire_conn("198.51.100.7", 40000, "192.0.2.10", 25);
	struct wire_conn second = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	(void)state;
	second.seq[1] += 1;
	wire_open(&wire, &first);
	wire_open(&wire, &second);
	wire_talk(&wire, &second, one_mail);
	wire_close(&wire, &second);
	assert_mail_facts();
}

static void
capture_that_starts_in_the_middle(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	(void)state;
	wire_talk(&wire, &conn, one_mail + 2);
	wire_close(&wire, &conn);
	wire_finish(&wire);
	assert_int_equal(wire_count(&wire, "smtp rcpt 250 <b@third.example>"), 1);
	assert_int_equal(wire_count(&wire, "smtp final 250"), 1);
	assert_int_equal(wire_count(&wire, "conn established flags=1"), 1);
}

static void
one_direction_only_is_said(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	(void)state;
	wire_send(&wire, &conn, 0, TCP_SYN, "");
	conn.seq[1]++;
	for (unsigned i = 0; one_mail[i] != NULL; i++) {
		if (i % 2)
			wire_send(&wire, &conn, 0, TCP_ACK, one_mail[i]);
		else
			wire_lose(&conn, 1, one_mail[i]);
	}
	wire_send(&wire, &conn, 0, TCP_FIN | TCP_ACK, "");
	wire_finish(&wire);
	assert_int_equal(wire_count(&wire, "smtp rcpt 0 <b@third.example>"), 1);
	assert_int_equal(wire_counter(&wire, "flow", "one_direction"), 1);
	assert_non_null(strstr(wire_line(&wire, "conn closed"), "flags=24 "));
}

static void
lost_packet_is_counted_and_parsing_goes_on(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	(void)state;
	wire_open(&wire, &conn);
	for (unsigned i = 0; one_mail[i] != NULL; i++) {
		if (i == 5)
			wire_lose(&conn, 0, one_mail[i]);
		else
			wire_send(&wire, &conn, i % 2 ? 0 : 1, TCP_ACK, one_mail[i]);
	}
	wire_close(&wire, &conn);
	wire_finish(&wire);
	assert_int_equal(wire_count(&wire, "smtp rcpt"), 0);
	assert_int_equal(wire_count(&wire, "smtp final 250"), 1);
	assert_int_equal(wire_counter(&wire, "reassembly", "gaps_lost"), 1);
	assert_int_equal(
	    wire_counter(&wire, "reassembly", "bytes_lost"), strlen(one_mail[5]));
}

static void
whole_dialogue_in_the_syn(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	(void)state;
	wire_send(&wire, &conn, 0, TCP_SYN,
	    "HELO client.example.com\r\nMAIL FROM:<a@example.com>\r\n"
	    "RCPT TO:<b@third.example>\r\nQUIT\r\n");
	wire_send(&wire, &conn, 1, TCP_SYN | TCP_ACK, "");
	wire_send(&wire, &conn, 1, TCP_ACK,
	    "220 mail.example.org ESMTP\r\n250 hi\r\n250 ok\r\n554 no relay\r\n221 "
	    "bye\r\n");
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "smtp rcpt 554 <b@third.example>"), 1);
	assert_non_null(strstr(wire_line(&wire, "conn closed"), "flags=2 "));
}

/* In pieces of any size, as a load balancer puts it in front. */
static void
proxy_header_in_pieces_hides_no_mail(void **state)
{
	static const char header[] = "PROXY TCP4 198.51.100.7 192.0.2.25 40000 25\r\n";
	char piece[sizeof(header)];

	(void)state;
	for (size_t step = 1; step < sizeof(header); step += 7) {
		struct wire_conn conn =
		    wire_conn("192.0.2.30", (uint16_t)(40000 + step), "192.0.2.25", 25);

		wire_open(&wire, &conn);
		for (size_t at = 0; at < sizeof(header) - 1; at += step) {
			snprintf(piece, step + 1, "%s", header + at);
			wire_send(&wire, &conn, 0, TCP_ACK, piece);
		}
		wire_talk(&wire, &conn, one_mail);
		wire_close(&wire, &conn);
		assert_int_equal(wire_count(&wire, "smtp final 250"), step / 7 + 1);
	}
}

static void
ends_captured_before_the_data_hide_nothing(void **state)
{
	static const char request[] = "CONNECT 203.0.113.25:25 HTTP/1.0\r\n\r\n";
	static const char refusal[] = "HTTP/1.0 403 Forbidden\r\n\r\n";
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.80", 3128);
	struct wire_conn late;

	(void)state;
	wire_open(&wire, &conn);
	late = conn;
	wire_lose(&conn, 0, request);
	wire_lose(&conn, 1, refusal);
	wire_send(&wire, &conn, 1, TCP_FIN | TCP_ACK, "");
	wire_send(&wire, &conn, 0, TCP_FIN | TCP_ACK, "");
	wire_send(&wire, &late, 0, TCP_ACK, request);
	wire_send(&wire, &late, 1, TCP_ACK, refusal);
	wire_finish(&wire);
	assert_int_equal(wire_count(&wire, "http asked 0 203.0.113.25"), 1);
	assert_int_equal(wire_count(&wire, "http refused 403"), 1);
}

/* What the probe kept is counted where it goes. */
static void
first_pieces_are_counted_inside_the_tunnel(void **state)
{
	static const char head[] = "POST http://203.0.113.25:25/ HTTP/1.0\r\n"
				   "Content-Length: 2000\r\n\r\n";
	char request[sizeof(head) + 2000];

	(void)state;
	memset(request, 'x', sizeof(request));
	memcpy(request, head, sizeof(head) - 1);
	request[sizeof(request) - 1] = '\0';
	for (size_t first = 1; first < 2000; first = first * 3 + 1) {
		struct wire_conn conn = wire_conn(
		    "198.51.100.7", (uint16_t)(40000 + first), "192.0.2.80", 3128);
		char piece[sizeof(request)];

		snprintf(piece, first + 1, "%s", request);
		wire_open(&wire, &conn);
		wire_send(&wire, &conn, 0, TCP_ACK, piece);
		wire_send(&wire, &conn, 0, TCP_ACK, request + first);
		wire_send(&wire, &conn, 1, TCP_ACK, "HTTP/1.0 200 OK\r\n\r\n220 mx\r\n");
		wire_close(&wire, &conn);
		assert_string_equal(
		    strstr(wire_line(&wire, "tunnel-end"), "size="), "size=2000/8");
	}
}

static void
bytes_are_counted_where_numbers_pass_zero(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);

	(void)state;
	for (uint32_t before = 0; before < 4; before++) {
		conn.port[0]++;
		conn.seq[0] = conn.seq[1] = 0u - before;
		wire_open(&wire, &conn);
		wire_send(&wire, &conn, 0, TCP_ACK, "x");
		wire_close(&wire, &conn);
		assert_non_null(
		    strstr(wire_line(&wire, "conn closed"), "bytes=1/0 gaps=0/0"));
	}
}

static void
mail_sent_ahead_of_the_grant_waits_for_it(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.80", 3128);

	(void)state;
	wire_open(&wire, &conn);
	wire_send(&wire, &conn, 0, TCP_ACK,
	    "CONNECT 203.0.113.25:25 HTTP/1.0\r\n\r\n"
	    "EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\n");
	wire_send(&wire, &conn, 0, TCP_ACK, "RCPT TO:<b@third.example>\r\nQUIT\r\n");
	assert_int_equal(wire_count(&wire, "http asked"), 1);
	assert_int_equal(wire_count(&wire, "smtp"), 0);
	wire_send(&wire, &conn, 1, TCP_ACK,
	    "HTTP/1.0 200 OK\r\n\r\n220 mx.example.com ESMTP\r\n250 hi\r\n250 ok\r\n"
	    "250 yes\r\n221 bye\r\n");
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "http granted 200"), 1);
	assert_int_equal(wire_count(&wire, "http inner 0 smtp"), 1);
	assert_int_equal(wire_count(&wire, "smtp mail 250 <a@example.com>"), 1);
	assert_int_equal(wire_count(&wire, "smtp rcpt 250 <b@third.example>"), 1);
	assert_int_equal(wire_count(&wire, "http tunnel-end"), 1);
	assert_int_equal(wire_counter(&wire, "parser", "held_bytes_lost"), 0);
}

static void
flood_ahead_of_the_grant_is_bounded(void **state)
{
	static char flood[1401];
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.80", 3128);

	(void)state;
	memset(flood, 'x', sizeof(flood) - 1);
	wire_open(&wire, &conn);
	wire_send(&wire, &conn, 0, TCP_ACK, "CONNECT 203.0.113.25:25 HTTP/1.0\r\n\r\n");
	for (unsigned i = 0; i < 100; i++)
		wire_send(&wire, &conn, 0, TCP_ACK, flood);
	assert_in_range(wire_counter(&wire, "parser", "held_bytes_lost"), 100000, 139999);
	wire_send(&wire, &conn, 1, TCP_ACK, "HTTP/1.0 200 OK\r\n\r\n");
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "http granted 200"), 1);
	assert_int_equal(wire_count(&wire, "http tunnel-end 0 size=140000/0"), 1);
}

static void
requests_and_answers_in_one_piece_each(void **state)
{
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.80", 3128);

	(void)state;
	wire_open(&wire, &conn);
	wire_send(&wire, &conn, 0, TCP_ACK,
	    "GET http://a.example/ HTTP/1.1\r\nHost: a.example\r\n\r\n"
	    "GET http://b.example/ HTTP/1.1\r\nHost: b.example\r\n\r\n");
	wire_send(&wire, &conn, 1, TCP_ACK,
	    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
	    "HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "http asked 0 a.example"), 1);
	assert_int_equal(wire_count(&wire, "http granted 200"), 1);
	assert_int_equal(wire_count(&wire, "http asked 0 b.example"), 1);
	assert_int_equal(wire_count(&wire, "http refused 403"), 1);
}

static void
what_a_tunnel_carries_is_named(void **state)
{
	static const struct {
		const char *said, *answered, *told;
	} cases[] = {
		{ "\x16\x03\x01\x01\x10\x01\x01\x01", "", "http inner 0 tls" },
		{ "GET /index.html HTTP/1.1\r\n", "", "http inner 0 http" },
		{ "", "SSH-2.0-OpenSSH_9.2\r\n", "http inner 0 ssh" },
		{ "\x9a\xe1 anything", "", "http inner 0\n" },
	};

	(void)state;
	for (uint16_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct wire_conn conn =
		    wire_conn("198.51.100.7", (uint16_t)(40000 + i), "192.0.2.80", 3128);
		unsigned before = wire_count(&wire, cases[i].told);

		wire_open(&wire, &conn);
		wire_send(&wire, &conn, 0, TCP_ACK,
		    "CONNECT 203.0.113.80:443 HTTP/1.0\r\n\r\n");
		wire_send(&wire, &conn, 1, TCP_ACK, "HTTP/1.0 200 OK\r\n\r\n");
		wire_send(&wire, &conn, 0, TCP_ACK, cases[i].said);
		wire_send(&wire, &conn, 1, TCP_ACK, cases[i].answered);
		wire_close(&wire, &conn);
		assert_int_equal(wire_count(&wire, cases[i].told), before + 1);
	}
}

/* Only of a host that was asked from outside to fetch by name, and only for a while. */
static void
a_fetcher_is_heard_whom_it_asks(void **state)
{
	static const char get[] = "GET / HTTP/1.1\r\nHost: www.third.example\r\n\r\n";
	static const char *const asked[] = { "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET http://203.0.113.80/ HTTP/1.1\r\n\r\n",
		"CONNECT www.third.example:80 HTTP/1.1\r\n\r\n",
		"GET http://www.third.example/ HTTP/1.1\r\n\r\n" };

	(void)state;
	for (uint16_t i = 0; i < 4; i++) {
		struct wire_conn in =
		    wire_conn("198.51.100.7", 40000 + i, "192.0.2.80", 3128);
		struct wire_conn out =
		    wire_conn("192.0.2.80", 50000 + i, "203.0.113.80", 80);
		struct wire_conn other =
		    wire_conn("192.0.2.81", 50000 + i, "203.0.113.80", 80);

		wire_open(&wire, &in);
		wire_send(&wire, &in, 0, TCP_ACK, asked[i]);
		wire_open(&wire, &out);
		wire_send(&wire, &out, 0, TCP_ACK, get);
		wire_open(&wire, &other);
		wire_send(&wire, &other, 0, TCP_ACK, get);
		assert_int_equal(
		    wire_count(&wire, "http web-host 0 www.third.example"), i == 3);
	}
	wire_wait(&wire, 700 * INT64_C(1000000));
	for (uint16_t i = 0; i < 2; i++) {
		struct wire_conn late =
		    wire_conn("192.0.2.80", 51000 + i, "203.0.113.80", 80);

		wire_open(&wire, &late);
		wire_send(&wire, &late, 0, TCP_ACK, get);
	}
	assert_int_equal(wire_count(&wire, "http web-host"), 1);
}

/* A busy one is asked again between the opening of a connection and its request. */
static void
a_fetcher_asked_again_is_heard(void **state)
{
	static const char asked[] = "GET http://www.third.example/ HTTP/1.1\r\n\r\n";
	static const char get[] = "GET / HTTP/1.1\r\nHost: www.third.example\r\n\r\n";
	struct wire_conn out = wire_conn("192.0.2.80", 50000, "203.0.113.80", 80);

	(void)state;
	for (uint16_t i = 0; i < 2; i++) {
		struct wire_conn in =
		    wire_conn("198.51.100.7", 40000 + i, "192.0.2.80", 3128);

		wire_open(&wire, &in);
		wire_send(&wire, &in, 0, TCP_ACK, asked);
		if (i == 0)
			wire_open(&wire, &out);
		wire_wait(&wire, 2 * INT64_C(1000000));
	}
	wire_send(&wire, &out, 0, TCP_ACK, get);
	assert_int_equal(wire_count(&wire, "http web-host 0 www.third.example"), 1);
}

static void
tunnels_nest_up_to_the_cap(void **state)
{
	static const char connect[] = "CONNECT 203.0.113.25:25 HTTP/1.0\r\n\r\n";
	static const char grant[] = "HTTP/1.0 200 OK\r\n\r\n";
	struct wire_conn conn = wire_conn("198.51.100.7", 40000, "192.0.2.80", 3128);

	(void)state;
	wire_open(&wire, &conn);
	for (unsigned i = 0; i < 10; i++) {
		wire_send(&wire, &conn, 0, TCP_ACK, connect);
		wire_send(&wire, &conn, 1, TCP_ACK, grant);
	}
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "http asked"), RECORD_DEPTH_MAX);
	assert_int_equal(wire_count(&wire, "http tunnel-end"), RECORD_DEPTH_MAX);
	assert_true(wire_counter(&wire, "parser", "too_deep") >= 1);
}

/* A live link on which nothing comes any more. */
static void
time_goes_on_without_packets(void **state)
{
	struct wire_conn idle = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);
	int64_t last_us;

	(void)state;
	wire_send(&wire, &idle, 0, TCP_SYN, "");
	last_us = pipeline_now_us(wire.pipeline);
	wire_time(&wire, last_us - 1000000);
	assert_int_equal(pipeline_now_us(wire.pipeline), last_us);
	wire_time(&wire, last_us + 1000000);
	assert_int_equal(pipeline_now_us(wire.pipeline), last_us + 1000000);
	assert_int_equal(wire_count(&wire, "conn closed"), 0);
	wire_time(&wire, last_us + 120 * INT64_C(1000000));
	assert_int_equal(wire_count(&wire, "conn closed"), 1);
	assert_int_equal(wire_counter(&wire, "capture", "packets"), 1);
}

static void
long_connections_are_counted_by_the_directions_seen(void **state)
{
	struct wire_conn both = wire_conn("198.51.100.7", 40000, "192.0.2.25", 25);
	struct wire_conn one = wire_conn("198.51.100.7", 40001, "192.0.2.25", 25);

	(void)state;
	wire_open(&wire, &both);
	wire_send(&wire, &one, 0, TCP_SYN, "");
	for (int i = 0; i < 10; i++) {
		wire_send(&wire, &both, 0, TCP_ACK, "NOOP\r\n");
		wire_send(&wire, &one, 0, TCP_ACK, "NOOP\r\n");
	}
	assert_int_equal(wire_counter(&wire, "flow", "long_one_way"), 1);
	assert_int_equal(wire_counter(&wire, "flow", "long_two_way"), 1);
}

static void
implicit_tls_is_told_by_port(void **state)
{
	struct wire_conn mail = wire_conn("198.51.100.7", 40000, "192.0.2.25", 465);
	struct wire_conn web = wire_conn("198.51.100.7", 40001, "192.0.2.25", 443);
	static const char *const tls[] = { "", "\x16\x03\x01\x01\x10\x01\x01\x01\x0c\x03",
		NULL };

	(void)state;
	wire_open(&wire, &mail);
	wire_talk(&wire, &mail, tls);
	wire_open(&wire, &web);
	wire_talk(&wire, &web, tls);
	assert_int_equal(wire_count(&wire, "40000>465 smtp tls"), 1);
	assert_int_equal(wire_count(&wire, "40001>443 smtp"), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
		TEST(mail_gives_facts_in_order),
		TEST(any_port_and_ipv6_do),
		TEST(connection_is_told_from_syn_to_close),
		TEST(connection_without_home_endpoint_has_facts_only),
		TEST(port_pair_is_reused),
		TEST(forged_syn_in_a_live_connection_blinds_nobody),
		TEST(forged_reset_in_a_live_connection_blinds_nobody),
		TEST(forged_fin_with_a_wrong_checksum_blinds_nobody),
		TEST(checksums_left_to_the_network_card_are_all_wrong),
		TEST(unanswered_refused_and_expired_connections_are_closed),
		TEST(web_traffic_is_dropped_at_its_first_bytes),
		TEST(turns_are_told_of_a_host_that_dials_mail_ports),
		TEST(a_lost_syn_takes_no_octet_along),
		TEST(a_reset_from_nowhere_is_no_stream),
		TEST(both_sides_of_a_nat_are_one_connection),
		TEST(client_that_repeats_its_numbers_hides_nothing),
		TEST(capture_that_starts_in_the_middle),
		TEST(one_direction_only_is_said),
		TEST(lost_packet_is_counted_and_parsing_goes_on),
		TEST(whole_dialogue_in_the_syn),
		TEST(proxy_header_in_pieces_hides_no_mail),
		TEST(ends_captured_before_the_data_hide_nothing),
		TEST(first_pieces_are_counted_inside_the_tunnel),
		TEST(bytes_are_counted_where_numbers_pass_zero),
		TEST(mail_sent_ahead_of_the_grant_waits_for_it),
		TEST(flood_ahead_of_the_grant_is_bounded),
		TEST(requests_and_answers_in_one_piece_each),
		TEST(what_a_tunnel_carries_is_named),
		TEST(a_fetcher_is_heard_whom_it_asks),
		TEST(a_fetcher_asked_again_is_heard),
		TEST(tunnels_nest_up_to_the_cap),
		TEST(time_goes_on_without_packets),
		TEST(long_connections_are_counted_by_the_directions_seen),
		TEST(implicit_tls_is_told_by_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
