/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Labels of what no parser claims: by classify alone, and on the wire, where the records
 * carry them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <malloc.h>

#include "classify.h"
#include "wire.h"

/* An octet string and its length without the final NUL. */
#define OCTETS(text) { text, sizeof(text) - 1 }

struct octets {
	const char *p;
	size_t n;
};

/* How conversations begin: the side that opened, then in turn; starts with the server
 * where piece[0] is empty. */
static const struct talk {
	const char *word;
	uint16_t port;
	struct octets piece[CLASSIFY_PIECES];
} talks[] = {
	{ "ftp", 2121,
	    { OCTETS(""), OCTETS("220 (vsFTPd 3.0.5)\r\n"), OCTETS("USER alice\r\n"),
	        OCTETS("331 Please specify the password.\r\n"), OCTETS("PASS x\r\n"),
	        OCTETS("230 Login successful.\r\n") } },
	{ "pop3", 10110,
	    { OCTETS(""), OCTETS("+OK POP3 ready <1896.697170952@pop.example.org>\r\n"),
	        OCTETS("USER alice\r\n"), OCTETS("+OK\r\n"), OCTETS("PASS x\r\n"),
	        OCTETS("+OK logged in\r\n") } },
	{ "imap", 10143,
	    { OCTETS(""), OCTETS("* OK IMAP4rev1 ready\r\n"),
	        OCTETS("a1 CAPABILITY\r\n"),
	        OCTETS("* CAPABILITY IMAP4rev1\r\na1 OK done\r\n"),
	        OCTETS("a2 LOGIN alice x\r\n"), OCTETS("a2 OK done\r\n") } },
	{ "mysql", 33060,
	    { OCTETS(""),
	        OCTETS("\x4a\0\0\0\x0a"
	               "8.0.36\0\x0b\0\0\0ABCDEFGH\0\xff\xff\xff\x02"
	               "\0\xff\xdf\x15\0\0\0\0\0\0\0\0\0\0"
	               "abcdefghijkl\0mysql_native_password\0") } },
	{ "rdp", 13389,
	    { OCTETS("\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x0b\0\0\0"),
	        OCTETS("\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x02\x1f\x08\0\x02\0\0\0") } },
	{ "rfb", 15900,
	    { OCTETS(""), OCTETS("RFB 003.008\n"), OCTETS("RFB 003.008\n") } },
	{ "irc", 16667,
	    { OCTETS("NICK bot\r\nUSER bot 0 * :bot\r\n"),
	        OCTETS(":irc.example.net NOTICE * :*** Looking up your hostname\r\n"),
	        OCTETS("JOIN #room\r\n"),
	        OCTETS(":irc.example.net 001 bot :Welcome\r\n") } },
	{ "rtsp", 10554,
	    { OCTETS("OPTIONS rtsp://192.0.2.9/a RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
	        OCTETS("RTSP/1.0 200 OK\r\nCSeq: 1\r\nPublic: DESCRIBE\r\n\r\n") } },
	{ "bittorrent", 51413,
	    { OCTETS("\x13" "BitTorrent protocol\0\0\0\0\0\x10\0\x05"
	             "AAAAAAAAAAAAAAAAAAAA-TR3000-abcdefghijkl") } },
	{ "smb", 445,
	    { OCTETS("\0\0\0\x44\xfeSMB\x40\0\0\0\0\0\0\0\0\0\0\0\0"
	             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	             "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
	             "\0\0\0") } },
	{ "git", 9418,
	    { OCTETS("0038git-upload-pack /a/project.git\0host=git.example.org\0"),
	        OCTETS("00887217a7c7e582c46cec22a130adf4b9d7d950fba0 HEAD\n") } },
	{ "xmpp", 15222,
	    { OCTETS("<?xml version='1.0'?><stream:stream to='example.org' "
	             "xmlns='jabber:client' "
	             "xmlns:stream='http://etherx.jabber.org/streams' "
	             "version='1.0'>") } },
	{ "pgsql", 15432,
	    { OCTETS("\0\0\0\x08\x04\xd2\x16\x2f"), OCTETS("N") } },
	{ NULL, 3306,
	    { OCTETS("what is this?"), OCTETS("nothing that has a name"),
	        OCTETS("then why on this port?"), OCTETS("ports are no proof") } },
	{ NULL, 21, { OCTETS("\x9d\xf1\x03\xee\x55\x01"), OCTETS("\xc4\x19\x7a") } },
	{ NULL, 5900, { OCTETS("") } },
};

enum { TALKS = sizeof(talks) / sizeof(*talks) };

static struct classify *classify;
static struct wire wire;

static const char *
label(const struct talk *talk)
{
	struct classify_piece piece[CLASSIFY_PIECES];
	unsigned n = 0;

	for (unsigned i = 0; i < CLASSIFY_PIECES; i++) {
		const struct octets *from = &talk->piece[i];
		uint8_t *copy;

		if (from->n == 0)
			continue;
		copy = malloc(from->n); /* where a sanitizer sees its end */
		assert_non_null(copy);
		memcpy(copy, from->p, from->n);
		piece[n++] = (struct classify_piece){ i % 2, slice_of(copy, from->n) };
	}
	const char *word = classify_talk(classify, talk->port, piece, n);

	while (n > 0)
		free((void *)(uintptr_t)piece[--n].bytes.p);
	return word;
}

static void
must_be(const char *word, const char *wanted)
{
	assert_string_equal(word == NULL ? "-" : word, wanted == NULL ? "-" : wanted);
}

static void
conversations_have_words(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TALKS; i++)
		must_be(label(&talks[i]), talks[i].word);
}

/* All in turn, each behind each: nothing is carried over. */
static void
earlier_conversations_do_not_matter(void **state)
{
	(void)state;
	for (unsigned i = 0; i < TALKS; i++) {
		classify_tick(classify);
		for (unsigned j = 0; j < TALKS; j++) {
			label(&talks[j]);
			must_be(label(&talks[i]), talks[i].word);
		}
	}
}

static void
memory_does_not_grow(void **state)
{
	size_t before;

	(void)state;
	for (unsigned i = 0; i < TALKS; i++)
		label(&talks[i]);
	before = mallinfo2().uordblks;
	for (unsigned i = 0; i < 200 * TALKS; i++) {
		classify_tick(classify);
		label(&talks[i % TALKS]);
	}
	assert_int_equal(mallinfo2().uordblks, before);
}

static void
only_so_many_are_looked_at_in_a_second(void **state)
{
	static const struct talk none = { .port = 5900 };
	struct slice http[2] = { slice_str("GET / HTTP/1.1\r\n"), slice_str("") };

	(void)state;
	for (unsigned i = 0; i < CLASSIFY_TALKS; i++) {
		must_be(label(&none), NULL); /* takes nobody's place */
		must_be(label(&talks[0]), talks[0].word);
	}
	must_be(label(&talks[0]), NULL);
	must_be(classify_begin(classify, http), "http");
	classify_tick(classify);
	must_be(label(&talks[0]), talks[0].word);
}

static void
own_probes_need_the_first_octets_only(void **state)
{
	static const struct {
		const char *word, *client, *server;
	} begins[] = {
		{ "http", "GET / HTTP/1.1\r\n", "" },
		{ "tls", "\x16\x03\x01\x02\x3a\x01\x03\x7b", "" },
		{ "ssh", "", "SSH-2.0-OpenSSH_9.2" },
		{ NULL, "GE", "" },
		{ NULL, "", "" },
		{ NULL, "hello", "world" },
	};

	(void)state;
	for (unsigned i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		struct slice seen[2] = { slice_str(begins[i].client),
			slice_str(begins[i].server) };
		struct slice other[2] = { seen[1], seen[0] };

		must_be(classify_begin(classify, seen), begins[i].word);
		must_be(classify_begin(classify, other), begins[i].word);
	}
}

/* On the wire. */

static const char *const imap[] = { "* OK IMAP4rev1 ready\r\n", "a1 CAPABILITY\r\n",
	"* CAPABILITY IMAP4rev1\r\na1 OK done\r\n", "a2 LOGIN alice x\r\n",
	"a2 OK done\r\n", "a3 SELECT INBOX\r\n", "* 3 EXISTS\r\n", NULL };

static struct wire_conn
begin(const char *client, const char *server, uint16_t port)
{
	struct wire_conn conn = wire_conn(client, 40000, server, port);

	wire_open(&wire, &conn);
	return conn;
}

/* In segments of so many octets. */
static void
talk_cut(struct wire_conn *conn, const char *const lines[], size_t piece)
{
	char part[512];

	for (unsigned i = 0; lines[i] != NULL; i++) {
		for (size_t at = 0; at < strlen(lines[i]); at += piece) {
			snprintf(part, sizeof(part), "%.*s", (int)piece, lines[i] + at);
			wire_send(&wire, conn, i % 2 ? 0 : 1, TCP_ACK | TCP_PSH, part);
		}
	}
}

static void
what_nobody_claims_is_labelled_however_it_is_cut(void **state)
{
	static const size_t pieces[] = { 1, 2, 7, 500 };

	(void)state;
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(*pieces); i++) {
		struct wire_conn conn =
		    begin("198.51.100.7", "192.0.2.9", (uint16_t)(1000 + i));

		talk_cut(&conn, imap, pieces[i]);
		wire_close(&wire, &conn);
	}
	assert_int_equal(wire_count(&wire, "label=imap"), 4);
	assert_int_equal(wire_counter(&wire, "labels", "imap"), 4);
	assert_int_equal(wire_counter(&wire, "flow", "conns"), 0);
}

static void
short_ones_are_labelled_at_their_end(void **state)
{
	static const char *const rfb[] = { "RFB 003.008\n", "RFB 003.008\n", NULL };
	struct wire_conn conn = begin("192.0.2.9", "198.51.100.7", 15900);

	(void)state;
	wire_talk(&wire, &conn, rfb);
	assert_int_equal(wire_count(&wire, "label="), 0);
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "label=rfb"), 1);
}

static void
web_and_tls_are_told_at_once(void **state)
{
	struct wire_conn conn = begin("198.51.100.7", "192.0.2.9", 8080);

	(void)state;
	wire_send(&wire, &conn, 0, TCP_ACK, "GET /a HTTP/1.1\r\nHost: a.example\r\n\r\n");
	assert_int_equal(wire_counter(&wire, "labels", "http"), 1);
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "label=http"), 1);
}

static void
inside_a_tunnel_the_request_is_told(void **state)
{
	struct wire_conn conn = begin("198.51.100.7", "192.0.2.80", 3128);

	(void)state;
	wire_send(&wire, &conn, 0, TCP_ACK, "CONNECT 203.0.113.9:143 HTTP/1.0\r\n\r\n");
	wire_send(&wire, &conn, 1, TCP_ACK, "HTTP/1.0 200 OK\r\n\r\n");
	wire_talk(&wire, &conn, imap);
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "http inner 0 imap"), 1);
	assert_int_equal(wire_count(&wire, "label="), 0);
}

static void
parsers_keep_their_word(void **state)
{
	static const char *const smtp[] = { "220 mx.example.org ESMTP\r\n",
		"EHLO client.example.com\r\n", "250 mx.example.org\r\n", "QUIT\r\n",
		"221 bye\r\n", NULL };
	struct wire_conn conn = begin("198.51.100.7", "192.0.2.25", 25);

	(void)state;
	wire_talk(&wire, &conn, smtp);
	wire_close(&wire, &conn);
	assert_int_not_equal(wire_count(&wire, "smtp helo 250"), 0);
	assert_int_equal(wire_count(&wire, "label="), 0);
	assert_int_equal(wire_counter(&wire, "labels", "unknown"), 0);
}

static void
only_between_home_and_outside(void **state)
{
	struct wire_conn inside = begin("192.0.2.8", "192.0.2.9", 143);
	struct wire_conn outside = begin("198.51.100.7", "203.0.113.9", 143);

	(void)state;
	wire_talk(&wire, &inside, imap);
	wire_close(&wire, &inside);
	wire_talk(&wire, &outside, imap);
	wire_close(&wire, &outside);
	assert_int_equal(wire_count(&wire, "label="), 0);
}

/* What follows a hole is no beginning. */
static void
a_gap_ends_the_look(void **state)
{
	struct wire_conn conn = begin("198.51.100.7", "192.0.2.9", 143);
	struct wire_conn middle = wire_conn("198.51.100.7", 40001, "192.0.2.9", 143);

	(void)state;
	wire_send(&wire, &conn, 1, TCP_ACK, "* OK");
	wire_lose(&conn, 1, " nothing of what was lost");
	wire_talk(&wire, &conn, imap);
	wire_close(&wire, &conn);
	wire_talk(&wire, &middle, imap);
	wire_close(&wire, &middle);
	assert_int_equal(wire_count(&wire, "label="), 0);
}

static void
it_can_be_switched_off(void **state)
{
	struct wire_conn conn;

	(void)state;
	pipeline_free(wire.pipeline);
	wire.conf.sensor.classify = false;
	wire.pipeline = pipeline_new(&wire.conf, wire.queue);
	assert_non_null(wire.pipeline);
	conn = begin("198.51.100.7", "192.0.2.9", 143);
	wire_talk(&wire, &conn, imap);
	wire_close(&wire, &conn);
	assert_int_equal(wire_count(&wire, "conn closed"), 1);
	assert_int_equal(wire_count(&wire, "label="), 0);
}

/* More of them than there is room for: the oldest go, labelled by what there was. */
static void
a_full_table_gives_up_the_oldest(void **state)
{
	struct wire_conn conn[64];

	(void)state;
	pipeline_free(wire.pipeline);
	wire.conf.sensor.conns = 16;
	wire.pipeline = pipeline_new(&wire.conf, wire.queue);
	assert_non_null(wire.pipeline);
	for (unsigned i = 0; i < 64; i++) {
		conn[i] =
		    wire_conn("198.51.100.7", (uint16_t)(50000 + i), "192.0.2.9", 5900);
		wire_open(&wire, &conn[i]);
		wire_send(&wire, &conn[i], 1, TCP_ACK, "RFB 003.008\n");
		wire_send(&wire, &conn[i], 0, TCP_ACK, "RFB 003.008\n");
	}
	assert_int_equal(wire_counter(&wire, "flow", "conns_evicted"), 48);
	assert_int_equal(wire_counter(&wire, "parser", "memory_full"), 0);
	wire_finish(&wire);
	assert_int_equal(wire_count(&wire, "label=rfb"), 64);
}

static void
talk_in_no_time(unsigned number)
{
	struct wire_conn conn =
	    wire_conn("198.51.100.7", (uint16_t)(10000 + number), "192.0.2.9", 5900);
	int64_t now_us = wire.now_us;

	wire_open(&wire, &conn);
	wire_send(&wire, &conn, 1, TCP_ACK, "RFB 003.008\n");
	wire_send(&wire, &conn, 0, TCP_ACK, "RFB 003.008\n");
	wire_close(&wire, &conn);
	wire.now_us = now_us;
	wire.length = 0; /* room for the next */
}

/* Packet time counts: a second begins anew, whatever was skipped in the one before. */
static void
a_flood_is_skipped_until_the_next_second(void **state)
{
	enum { MORE = 8 };

	(void)state;
	wire.now_us -= wire.now_us % 1000000;
	for (unsigned i = 0; i < CLASSIFY_TALKS + MORE; i++)
		talk_in_no_time(i);
	assert_int_equal(wire_counter(&wire, "labels", "rfb"), CLASSIFY_TALKS);
	assert_int_equal(wire_counter(&wire, "labels", "skipped"), MORE);
	wire_wait(&wire, 1000000);
	talk_in_no_time(CLASSIFY_TALKS + MORE);
	assert_int_equal(wire_counter(&wire, "labels", "rfb"), CLASSIFY_TALKS + 1);
	assert_int_equal(wire_counter(&wire, "labels", "skipped"), MORE);
}

static int
open_classify(void **state)
{
	(void)state;
	classify = classify_new();
	return classify == NULL ? -1 : 0;
}

static int
close_classify(void **state)
{
	(void)state;
	classify_free(classify);
	return 0;
}

static int
open_wire(void **state)
{
	(void)state;
	wire_init(&wire);
	return 0;
}

static int
close_wire(void **state)
{
	(void)state;
	wire_release(&wire);
	wire = (struct wire){ 0 };
	return 0;
}

#define ALONE(f) cmocka_unit_test_setup_teardown(f, open_classify, close_classify)
#define ON_WIRE(f) cmocka_unit_test_setup_teardown(f, open_wire, close_wire)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ALONE(conversations_have_words),
		ALONE(earlier_conversations_do_not_matter),
		ALONE(memory_does_not_grow),
		ALONE(only_so_many_are_looked_at_in_a_second),
		ALONE(own_probes_need_the_first_octets_only),
		ON_WIRE(what_nobody_claims_is_labelled_however_it_is_cut),
		ON_WIRE(short_ones_are_labelled_at_their_end),
		ON_WIRE(web_and_tls_are_told_at_once),
		ON_WIRE(inside_a_tunnel_the_request_is_told),
		ON_WIRE(parsers_keep_their_word),
		ON_WIRE(only_between_home_and_outside),
		ON_WIRE(a_gap_ends_the_look),
		ON_WIRE(it_can_be_switched_off),
		ON_WIRE(a_full_table_gives_up_the_oldest),
		ON_WIRE(a_flood_is_skipped_until_the_next_second),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
