/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "make_record.h"
#include "sink_json_cee.h"
#include "syslog_line.h"
#include "syslog_socket.h"

/* Alerts, as text and as JSON. */

enum { LONG = 4096 };

struct fixture {
	struct make make;
	struct mail_session mail;
	struct transaction tx;
	struct alert alert;
	struct alert_tally tally;
	struct addr clients[100];
	char text[SYSLOG_LINE_MAX], json[CEE_LINE_MAX];
	char filler[LONG];
	char source[LONG];
};

static const char *
source_name(const void *context, uint16_t source)
{
	(void)source;
	return context;
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	make_init(&f->make);
	make_session(&f->make, 4711, "198.51.100.7", 40000, "192.0.2.25", 25);
	strcpy(f->source, "eth0");
	f->mail.helo = slice_str("client.example");
	f->tx.mail = &f->mail;
	f->tx.mail_from = slice_str("<s@sender.example>");
	f->tx.rcpt_count = f->tx.rcpts_kept = 1;
	f->tx.rcpt[0].path = slice_str("<t@third.example>");
	f->tx.message_id = slice_str("<1@sender.example>");
	f->alert = (struct alert){ .signature_id = 1002,
		.kind = ALERT_RELAY,
		.verdict = ALERT_ACCEPTED,
		.mechanism = ALERT_PERCENT,
		.confidence = ALERT_HIGH,
		.evidence = ALERT_EVIDENCE_RCPT_CODE | ALERT_EVIDENCE_DATA_CODE,
		.rcpt_code = 250,
		.data_code = 251,
		.session = f->make.session,
		.server = f->make.session.server,
		.has_client = true,
		.client = f->make.session.client.addr,
		.domain = slice_str("third.example"),
		.mail = &f->tx };
	f->tally = (struct alert_tally){ .id = 0x1f,
		.count = 100,
		.first_us = 1795288832123456,
		.last_us = 1795288833000000 };
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	free(*state);
	return 0;
}

static const char *
line(struct fixture *f)
{
	const struct sink_names names = {
		.source = source_name, .context = f->source, .live = true
	};
	size_t n = syslog_line(&names, &f->alert, &f->tally, f->text);

	assert_int_equal(n, strlen(f->text));
	return f->text;
}

static void
an_alert_is_a_sentence_and_pairs(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(line(f),
	    "open relay: third-party mail accepted (accepted, percent): 198.51.100.7 "
	    "through 192.0.2.25:25, 100 times; signature_id=1002 severity=2 "
	    "id=000000000000001f kind=relay verdict=accepted mechanism=percent "
	    "confidence=high client=198.51.100.7 server=192.0.2.25 server_port=25 "
	    "count=100 first_seen=2026-11-21T19:20:32Z last_seen=2026-11-21T19:20:33Z "
	    "evidence=rcpt-code-250,data-code-251 "
	    "community_id=1:4IYLtyoh0IFRlitlydYTP6Bup5s= rcpt_count=1 in_iface=\"eth0\" "
	    "domain=\"third.example\" mail_from=\"<s@sender.example>\" "
	    "rcpt=\"<t@third.example>\" message_id=\"<1@sender.example>\"");
}

static void
what_is_not_known_is_left_out(void **state)
{
	struct fixture *f = *state;

	f->alert.mail = NULL;
	f->alert.has_client = false;
	f->alert.evidence = 0;
	f->alert.domain = slice_of(NULL, 0);
	f->alert.signature_id = 2003;
	f->alert.kind = ALERT_PROXY;
	f->alert.verdict = ALERT_GRANTED;
	f->alert.mechanism = ALERT_SOCKS5;
	f->alert.via_count = 2;
	f->alert.via[0] = ALERT_HTTP_CONNECT;
	f->alert.via[1] = ALERT_SOCKS4;
	f->alert.server = make_endpoint("2001:db8:1::25", 1080);
	f->alert.target.host = slice_str("mx.third.example");
	f->alert.target.port = 25;
	f->alert.related_count = 1;
	f->alert.related[0] = 0xabc;
	f->tally.count = 1;
	f->tally.clients_total = 250;
	assert_string_equal(line(f),
	    "open proxy: connection to a mail port (granted, socks5): 250 clients "
	    "through [2001:db8:1::25]:1080, 1 time; signature_id=2003 severity=2 "
	    "id=000000000000001f kind=proxy verdict=granted mechanism=socks5 "
	    "via=http-connect,socks4 confidence=high clients_total=250 "
	    "server=2001:db8:1::25 server_port=1080 target_port=25 count=1 "
	    "first_seen=2026-11-21T19:20:32Z last_seen=2026-11-21T19:20:33Z "
	    "community_id=1:4IYLtyoh0IFRlitlydYTP6Bup5s= related=0000000000000abc "
	    "in_iface=\"eth0\" target_host=\"mx.third.example\"");
}

/* What is inside the quotes of mail_from when that is raw. */
static const char *
sender(struct fixture *f, const char *raw, size_t n)
{
	char *p;

	f->tx.mail_from = slice_of(raw, n);
	line(f);
	p = strstr(f->text, "mail_from=\"");
	assert_non_null(p);
	*strchr(p + strlen("mail_from=\""), '"') = '\0';
	return p + strlen("mail_from=\"");
}

#define SENDER(f, raw) sender(f, raw, sizeof(raw) - 1)

static void
hostile_text_stays_inside_its_quotes(void **state)
{
	struct fixture *f = *state;

	assert_string_equal(SENDER(f, ""), "");
	assert_string_equal(SENDER(f, "<a b@c>"), "<a b@c>");
	assert_string_equal(SENDER(f, "a\" severity=3 x"), "a\\x22 severity\\x3d3 x");
	assert_string_equal(SENDER(f, "a\\\" count=0"), "a\\x5c\\x22 count\\x3d0");
	assert_string_equal(SENDER(f, "a\r\nNov 22 00:00:00 host sshd[1]: x"),
	    "a\\x0d\\x0aNov 22 00:00:00 host sshd[1]: x");
	assert_string_equal(SENDER(f, "\0\x01\x1b[2J\x7f"), "\\x00\\x01\\x1b[2J\\x7f");
	assert_string_equal(
	    SENDER(f, "Gr\xc3\xbcn \xe2\x82\xac"), "Gr\xc3\xbcn \xe2\x82\xac");
	assert_string_equal(SENDER(f, "\xe4\xf6\xc3"), "\\xe4\\xf6\\xc3");
	assert_string_equal(
	    SENDER(f, "\xc2\x9b\xe2\x80\xae"), "\\xc2\\x9b\\xe2\\x80\\xae");
	assert_string_equal(SENDER(f, "\xed\xa0\x80"), "\\xed\\xa0\\x80");
	assert_string_equal(SENDER(f, "%s%n @cee: {}"), "%s%n @cee: {}");
}

/* One line without controls, whose quotes pair and hold no pairs. */
static void
assert_well_formed(const char *text)
{
	bool quoted = false;

	for (size_t i = 0; text[i] != '\0'; i++) {
		assert_true((unsigned char)text[i] >= 0x20 && text[i] != 0x7f);
		if (text[i] == '"')
			quoted = !quoted;
		assert_false(quoted && text[i] == '=');
	}
	assert_false(quoted);
	assert_null(strstr(strstr(text, " severity=") + 1, " severity="));
}

static void
fill(struct fixture *f, const char *with)
{
	struct slice *const texts[] = { &f->tx.mail_from, &f->tx.message_id,
		&f->tx.subject, &f->tx.from, &f->alert.domain, &f->alert.target.host,
		&f->mail.helo, &f->tx.date };
	size_t n = strlen(with);

	for (size_t i = 0; i + 1 < LONG; i++)
		f->filler[i] = f->source[i] = with[i % n];
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		*texts[i] = slice_of(f->filler, LONG - 1);
	f->tx.rcpts_kept = f->tx.rcpt_count = TRANSACTION_RCPTS;
	f->tx.to_count = f->tx.received_count = TRANSACTION_LIST;
	for (unsigned i = 0; i < TRANSACTION_RCPTS; i++)
		f->tx.rcpt[i].path = slice_of(f->filler, 512);
	for (unsigned i = 0; i < TRANSACTION_LIST; i++)
		f->tx.to[i] = f->tx.received[i] = slice_of(f->filler, LONG - 1);
}

/* All that can be long is as long as it can be. */
static void
stretch(struct fixture *f, const char *with)
{
	static const char ip[] = "2001:db8:1111:2222:3333:4444:5555:6666";
	struct endpoint end = make_endpoint(ip, 65535);

	fill(f, with);
	f->alert.domain.n = 255; /* of a name */
	f->alert.signature_id = 1002;
	f->alert.verdict = ALERT_RCPT_ACCEPTED;
	f->alert.mechanism = ALERT_SOURCE_ROUTE;
	f->alert.confidence = ALERT_MEDIUM;
	f->alert.evidence = (1u << ALERT_EVIDENCES) - 1;
	f->alert.rcpt_code = f->alert.data_code = UINT16_MAX;
	f->alert.session.client = f->alert.session.server = f->alert.server = end;
	f->alert.client = f->alert.target.addr = end.addr;
	f->alert.target.has_addr = true;
	f->alert.target.port = UINT16_MAX;
	f->alert.via_count = ALERT_VIA;
	for (unsigned i = 0; i < ALERT_VIA; i++)
		f->alert.via[i] = ALERT_HTTP_CONNECT;
	f->alert.legs = ALERT_LEGS;
	for (unsigned i = 0; i < ALERT_LEGS; i++)
		f->alert.leg[i] = (struct alert_leg){ .client = end,
			.server = end,
			.flow_id = UINT64_MAX,
			.origin.number = UINT64_MAX };
	f->alert.related_count = ALERT_RELATED;
	for (unsigned i = 0; i < ALERT_RELATED; i++)
		f->alert.related[i] = UINT64_MAX;
	f->tally.id = f->tally.count = UINT64_MAX;
	f->tally.clients_count = sizeof(f->clients) / sizeof(f->clients[0]);
	f->tally.clients = f->clients;
	for (unsigned i = 0; i < f->tally.clients_count; i++)
		f->clients[i] = end.addr;
}

static void
the_longest_line_is_whole(void **state)
{
	static const char *const with[] = { "x", "\n", "\"", "\xe2\x82\xac",
		"\xe2\x80\xae", "\xff", "ab\xc3\xbc=" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		stretch(f, with[i]);
		line(f);
		assert_well_formed(f->text);
		assert_true(strlen(f->text) < SYSLOG_LINE_MAX - 1);
		assert_string_equal(f->text + strlen(f->text) - 10, "\" cut=true");
		f->tally.clients_total = UINT64_MAX;
		assert_well_formed(line(f));
		f->tally.clients_total = 0;
	}
}

static void
every_octet_is_harmless(void **state)
{
	struct fixture *f = *state;
	char raw[3] = "a";

	for (unsigned a = 0; a < 0x10000; a++) {
		raw[0] = (char)(a >> 8);
		raw[1] = (char)(a & 0xff);
		f->tx.mail_from = slice_of(raw, 2);
		assert_well_formed(line(f));
	}
}

static void
a_count_taken_back_points_elsewhere(void **state)
{
	struct fixture *f = *state;

	f->tally.count = 0;
	assert_non_null(strstr(
	    line(f), ":25, 0 times, see the other lines of this id; signature_id=1002 "));
	assert_non_null(strstr(f->text, " count=0 "));
}

static void
several_recipients_are_shown(void **state)
{
	struct fixture *f = *state;

	f->tx.rcpt_count = 500;
	f->tx.rcpts_kept = 4;
	f->tx.rcpt[1].path = slice_str("<u@third.example>");
	f->tx.rcpt[2].path = slice_str("<\"v w\"@third.example>");
	f->tx.rcpt[3].path = slice_str("<not shown@third.example>");
	line(f);
	assert_non_null(strstr(f->text, " rcpt_count=500 "));
	assert_non_null(strstr(f->text, " rcpt=\"<t@third.example> <u@third.example> "
					"<\\x22v w\\x22@third.example>\" "));
}

/* JSON behind its cookie. */

static struct json_object *
cee(struct fixture *f)
{
	const struct sink_names names = { .source = source_name, .context = f->source };
	size_t n = cee_line(&names, &f->alert, &f->tally, f->json);
	struct json_object *event;

	assert_true(n > 6 && n < CEE_LINE_MAX);
	assert_int_equal(n, strlen(f->json));
	assert_memory_equal(f->json, "@cee: {", 7);
	assert_null(strpbrk(f->json, "\r\n"));
	event = json_tokener_parse(f->json + 6);
	assert_non_null(event);
	return event;
}

static const char *
context_text(struct json_object *event, const char *key)
{
	struct json_object *at;

	assert_true(json_object_object_get_ex(event, "alert", &at));
	assert_true(json_object_object_get_ex(at, "context", &at));
	if (!json_object_object_get_ex(at, key, &at))
		return NULL;
	return json_object_to_json_string_ext(at, JSON_C_TO_STRING_PLAIN);
}

static void
a_short_event_is_told_whole(void **state)
{
	struct fixture *f = *state;
	struct json_object *event = cee(f);

	assert_null(context_text(event, "left_out"));
	assert_non_null(strstr(f->json, "\"smtp\":{"));
	assert_non_null(strstr(f->json, "\"email\":{"));
	json_object_put(event);
}

static void
a_long_event_loses_its_bulk_first(void **state)
{
	struct fixture *f = *state;
	struct json_object *event;

	f->tx.to_count = TRANSACTION_LIST;
	memset(f->filler, 'x', LONG);
	for (unsigned i = 0; i < TRANSACTION_LIST; i++)
		f->tx.to[i] = slice_of(f->filler, 1024);
	event = cee(f);
	assert_string_equal(context_text(event, "left_out"), "[\"email\"]");
	assert_non_null(strstr(f->json, "\"smtp\":{"));
	assert_non_null(strstr(f->json, "\"message_id\":\"<1@sender.example>\""));
	json_object_put(event);
}

static void
many_clients_and_recipients_leave(void **state)
{
	struct fixture *f = *state;
	struct json_object *event;

	stretch(f, "x");
	f->tally.clients_total = 1000;
	strcpy(f->source, "a.pcap");
	f->alert.target.host = slice_str("mx.third.example");
	f->tx.mail_from = slice_str("<s@sender.example>");
	f->tx.subject = f->tx.message_id = slice_str("<1@sender.example>");
	event = cee(f);
	assert_string_equal(context_text(event, "left_out"),
	    "[\"email\",\"smtp\",\"clients\",\"mail.rcpt\"]");
	assert_string_equal(context_text(event, "clients_total"), "1000");
	assert_non_null(strstr(context_text(event, "mail"), "\"rcpt_count\":100"));
	assert_non_null(context_text(event, "legs"));
	json_object_put(event);
}

static void
the_longest_event_still_fits(void **state)
{
	static const char *const with[] = { "\x01", "x", "\"", "\xff", "\xf3\xa0\x81\x81",
		"\xc2\x9b" };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		struct json_object *event;

		stretch(f, with[i]);
		f->tally.clients_total = i % 2 * 1000;
		event = cee(f);
		assert_non_null(context_text(event, "left_out"));
		assert_string_equal(context_text(event, "verdict"), "\"rcpt-accepted\"");
		json_object_put(event);
	}
}

/* The daemon's socket. */

struct daemon_fixture {
	char dir[32], path[48];
	int fd;
	struct syslog_socket socket;
	char got[8192];
};

static void
start_daemon(struct daemon_fixture *d)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	strcpy(at.sun_path, d->path);
	unlink(d->path);
	d->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(d->fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

static int
set_up_daemon(void **state)
{
	struct daemon_fixture *d = calloc(1, sizeof(*d));

	strcpy(d->dir, "/tmp/rw-syslog-XXXXXX");
	if (mkdtemp(d->dir) == NULL)
		return -1;
	snprintf(d->path, sizeof(d->path), "%s/log", d->dir);
	d->fd = -1;
	*state = d;
	return 0;
}

static int
tear_down_daemon(void **state)
{
	struct daemon_fixture *d = *state;

	if (d->fd != -1)
		close(d->fd);
	syslog_socket_release(&d->socket);
	unlink(d->path);
	rmdir(d->dir);
	free(d);
	return 0;
}

static const char *
received(struct daemon_fixture *d)
{
	ssize_t n = recv(d->fd, d->got, sizeof(d->got) - 1, 0);

	if (n < 0)
		return NULL;
	d->got[n] = '\0';
	return d->got;
}

static void
send_text(struct daemon_fixture *d, const char *text)
{
	syslog_socket_send(&d->socket, LOG_WARNING, text, strlen(text));
}

static void
a_message_has_priority_time_tag_and_pid(void **state)
{
	struct daemon_fixture *d = *state;
	char wanted[64], month[4];
	unsigned priority, day, hour, minute, second;
	int at = 0;

	start_daemon(d);
	assert_int_equal(
	    syslog_socket_init(&d->socket, d->path, "relaywatch", LOG_LOCAL3, false), 0);
	send_text(d, "a % text");
	assert_non_null(received(d));
	assert_int_equal(sscanf(d->got, "<%u>%3s %u %u:%u:%u %n", &priority, month, &day,
			     &hour, &minute, &second, &at),
	    6);
	assert_int_equal(priority, LOG_LOCAL3 | LOG_WARNING);
	assert_int_equal(at, strlen("<156>Nov 22 00:00:00 "));
	snprintf(wanted, sizeof(wanted), "relaywatch[%ld]: a %% text", (long)getpid());
	assert_string_equal(d->got + at, wanted);
	assert_int_equal(d->socket.sent, 1);
}

static void
a_daemon_that_is_away_is_found_when_it_comes(void **state)
{
	struct daemon_fixture *d = *state;

	assert_int_equal(
	    syslog_socket_init(&d->socket, d->path, "x", LOG_DAEMON, false), -1);
	send_text(d, "lost");
	assert_int_equal(d->socket.lost, 1);
	assert_int_equal(d->socket.error, ENOENT);
	start_daemon(d);
	send_text(d, "first");
	assert_non_null(strstr(received(d), ": first"));
	close(d->fd); /* as a daemon that is killed: its socket stays behind */
	send_text(d, "lost");
	assert_int_equal(d->socket.lost, 2);
	assert_int_equal(d->socket.error, ECONNREFUSED);
	start_daemon(d);
	send_text(d, "second");
	assert_non_null(strstr(received(d), ": second"));
	close(d->fd);
	start_daemon(d); /* started anew between two messages: nothing is lost */
	send_text(d, "third");
	assert_non_null(strstr(received(d), ": third"));
	assert_int_equal(d->socket.sent, 3);
	assert_int_equal(d->socket.lost, 2);
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
a_daemon_that_hangs_costs_a_bounded_time(void **state)
{
	struct daemon_fixture *d = *state;
	double started = seconds();
	uint64_t taken;

	start_daemon(d);
	syslog_socket_init(&d->socket, d->path, "x", LOG_DAEMON, false);
	for (int i = 0; i < 20000; i++)
		send_text(d, "nobody reads this");
	/* 100 ms, and a tenth of the time that passed. */
	assert_true(seconds() - started < 5);
	assert_true(d->socket.sent > 0);
	assert_int_equal(d->socket.error, EAGAIN);
	taken = d->socket.sent;
	while (received(d) != NULL)
		taken--;
	assert_int_equal(taken, 0); /* what was counted as sent arrived */
	send_text(d, "it reads again");
	assert_non_null(strstr(received(d), ": it reads again"));
}

static void
a_message_too_long_for_the_socket_is_lost_alone(void **state)
{
	struct daemon_fixture *d = *state;
	size_t n = 8 << 20;
	char *text = malloc(n);

	memset(text, 'x', n);
	start_daemon(d);
	syslog_socket_init(&d->socket, d->path, "x", LOG_DAEMON, true);
	syslog_socket_send(&d->socket, LOG_NOTICE, text, n);
	free(text);
	assert_int_equal(d->socket.lost, 1);
	assert_int_equal(d->socket.error, EMSGSIZE);
	send_text(d, "short");
	assert_non_null(received(d));
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_DAEMON(name)                                                                \
	cmocka_unit_test_setup_teardown(name, set_up_daemon, tear_down_daemon)
	const struct CMUnitTest tests[] = {
		TEST(an_alert_is_a_sentence_and_pairs),
		TEST(what_is_not_known_is_left_out),
		TEST(hostile_text_stays_inside_its_quotes),
		TEST(the_longest_line_is_whole),
		TEST(every_octet_is_harmless),
		TEST(a_count_taken_back_points_elsewhere),
		TEST(several_recipients_are_shown),
		TEST(a_short_event_is_told_whole),
		TEST(a_long_event_loses_its_bulk_first),
		TEST(many_clients_and_recipients_leave),
		TEST(the_longest_event_still_fits),
		TEST_DAEMON(a_message_has_priority_time_tag_and_pid),
		TEST_DAEMON(a_daemon_that_is_away_is_found_when_it_comes),
		TEST_DAEMON(a_daemon_that_hangs_costs_a_bounded_time),
		TEST_DAEMON(a_message_too_long_for_the_socket_is_lost_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
