/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <xxhash.h>

#include "house.h"
#include "scenario.h"

/* Plays the scenarios of proxy.scenarios, which says how to read them, to the whole house
 * of analyzers and reads its JSON back. */

#define SCENARIOS "tests/proxy.scenarios"
#define LOCAL     "example.org"

enum { SESSIONS = 26, DEPTHS = RECORD_DEPTH_MAX, EVENT_BYTES = 32768 };

struct talk {                   /* one letter */
	struct session session; /* as the connection was opened */
	bool turned;
	uint64_t lost; /* octets of who was called */            /* who was called asks */
	uint8_t via[DEPTHS];
	uint32_t tx[DEPTHS];
};

struct script {
	struct house house;
	struct talk talk[SESSIONS];
	uint64_t flows;
};

static const char *const tunnels[] = {
	[FACT_TUNNEL_HTTP_CONNECT] = "http-connect",
	[FACT_TUNNEL_HTTP_POST] = "http-post",
	[FACT_TUNNEL_HTTP_GET] = "http-get",
	[FACT_TUNNEL_SOCKS4] = "socks4",
	[FACT_TUNNEL_SOCKS4A] = "socks4a",
	[FACT_TUNNEL_SOCKS5] = "socks5",
	[FACT_TUNNEL_TELNET] = "telnet",
};

static void
script_init(struct script *s, unsigned log)
{
	memset(s, 0, sizeof(*s));
	house_init(&s->house, LOCAL);
	s->house.conf.output.log = log;
	house_start(&s->house);
}

/* Records. */

static struct endpoint
endpoint(const struct script *s, char *text)
{
	char *port = strchr(text, '#');

	if (port != NULL)
		*port++ = '\0';
	return house_endpoint(&s->house, text,
	    (uint16_t)(port != NULL ? atoi(port) : (int)(40000 + s->flows)));
}

static struct session
session_at(const struct talk *talk, unsigned depth, bool fact)
{
	struct session session = talk->session;

	session.depth = (uint8_t)depth;
	memcpy(session.via, talk->via, sizeof(session.via));
	if (fact && talk->turned) {
		session.client = talk->session.server;
		session.server = talk->session.client;
	}
	return session;
}

static void
send_fact(struct script *s, struct talk *talk, unsigned depth, const struct fact *fact)
{
	struct session session = session_at(talk, depth, true);

	house_fact(&s->house, &session, talk->tx[depth], fact);
}

static void
send_conn(struct script *s, struct talk *talk, enum record_conn_event event,
    unsigned flags, uint64_t to_server, uint64_t to_client)
{
	struct record r = { .class = RECORD_CONN,
		.session = session_at(talk, 0, false),
		.conn = { .event = event,
		    .flags = (uint8_t)flags,
		    .bytes = { to_server, to_client },
		    .gap_bytes = { 0, talk->lost },
		    .packets = { 1, 1 } } };

	house_record(&s->house, &r);
}

static void
open_conn(struct script *s, struct talk *talk, char **argv)
{
	struct session *session = &talk->session;

	memset(talk, 0, sizeof(*talk));
	session->flow_id = ++s->flows;
	session->client = endpoint(s, argv[1]);
	session->server = endpoint(s, argv[2]);
	session->start_us = s->house.now_us + 10000;
	session->start =
	    (struct origin){ .ts_us = session->start_us, .number = s->house.packet + 1 };
	session->round_trip = (struct round_trip){ .tcp_us = -1, .command_us = -1 };
	send_conn(s, talk, RECORD_CONN_SYN, 0, 0, 0);
}

static void
send_prefix(struct script *s, struct talk *talk, unsigned depth, char **argv)
{
	static const uint8_t lengths[RECORD_PREFIXES] = { 16, 32, 64 };
	struct record r = { .class = RECORD_PREFIX,
		.session = session_at(talk, depth, false) };
	size_t n = strlen(argv[2]);

	r.prefix.dir = argv[1][0] == 's' ? 1 : 0;
	for (unsigned i = 0; i < RECORD_PREFIXES && n >= lengths[i]; i++) {
		r.prefix.lengths++;
		r.prefix.hash[i] = XXH3_64bits(argv[2], lengths[i]);
		r.prefix.ts_us[i] = s->house.now_us + 10000;
	}
	house_record(&s->house, &r);
}

static void
send_ask(struct script *s, struct talk *talk, unsigned depth, char **argv)
{
	struct fact fact = { .type = FACT_TUNNEL_ASKED, .port = (uint16_t)atoi(argv[3]) };
	unsigned i;

	for (i = 0; strcmp(tunnels[i], argv[1]) != 0; i++)
		assert_true(i + 1 < sizeof(tunnels) / sizeof(tunnels[0]));
	fact.tunnel = (enum fact_tunnel)i;
	fact.text[0] = slice_str(argv[2]);
	fact.text[1] = slice_str(argv[4] != NULL ? argv[4] : "");
	talk->via[depth] = (uint8_t)i;
	send_fact(s, talk, depth, &fact);
}

static void
send_reply(struct script *s, struct talk *talk, unsigned depth, enum fact_type type,
    const char *code)
{
	struct fact fact = { .type = type, .code = (uint16_t)atoi(code) };

	fact.ok = fact.code / 100 == 2;
	if (type == FACT_MESSAGE)
		fact = (struct fact){ .type = type, .size = (uint64_t)atoi(code) };
	if (strchr(code, '?') != NULL)
		fact.flags = FACT_UNSURE;
	send_fact(s, talk, depth, &fact);
	if (type == FACT_TUNNEL_REFUSED || type == FACT_FINAL)
		talk->tx[depth]++;
}

static void
send_text(struct script *s, struct talk *talk, unsigned depth, enum fact_type type,
    const char *text, const char *code)
{
	struct fact fact = {
		.type = type, .code = (uint16_t)atoi(code), .text = { slice_str(text) }
	};

	send_fact(s, talk, depth, &fact);
}

/* A label is no parser's word. */
static void
send_label(struct script *s, struct talk *talk, unsigned depth, const char *text)
{
	struct fact fact = { .type = FACT_TUNNEL_INNER,
		.flags = FACT_UNSURE,
		.text = { slice_str(text) } };

	send_fact(s, talk, depth, &fact);
}

static void
send_end(struct script *s, struct talk *talk, unsigned depth, char **argv)
{
	struct fact fact = { .type = FACT_TUNNEL_END,
		.size = (uint64_t)atoi(argv[1]),
		.size_back = (uint64_t)atoi(argv[2]) };

	send_fact(s, talk, depth, &fact);
	talk->tx[depth]++;
}

static void
set_round_trip(struct talk *talk, char **argv)
{
	uint16_t samples = (uint16_t)atoi(argv[3]);

	talk->session.round_trip = (struct round_trip){ .tcp_us = atoi(argv[1]) * 1000,
		.command_us = atoi(argv[2]) * 1000,
		.tcp_samples = samples,
		.command_samples = samples };
}

static const struct {
	const char *word;
	enum fact_type type;
} replies[] = {
	{ "grant", FACT_TUNNEL_GRANTED },
	{ "refuse", FACT_TUNNEL_REFUSED },
	{ "greeting", FACT_GREETING },
	{ "helo", FACT_HELO },
	{ "data", FACT_DATA },
	{ "message", FACT_MESSAGE },
	{ "final", FACT_FINAL },
	{ "quit", FACT_END },
	{ "tls", FACT_TLS },
}, texts[] = {
	{ "inner", FACT_TUNNEL_INNER },
	{ "mail", FACT_MAIL },
	{ "rcpt", FACT_RCPT },
	{ "http", FACT_ODDITY }, /* FACT_ODDITY_HTTP is 0 */
	{ "host", FACT_WEB_HOST },
	{ "auth", FACT_AUTH },
};

static bool
play_fact(struct script *s, struct talk *talk, unsigned depth, unsigned argc, char **argv)
{
	for (unsigned i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
		if (strcmp(argv[0], replies[i].word) == 0) {
			send_reply(
			    s, talk, depth, replies[i].type, argc > 1 ? argv[1] : "0");
			return true;
		}
	}
	for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		if (strcmp(argv[0], texts[i].word) == 0) {
			send_text(s, talk, depth, texts[i].type, argc > 1 ? argv[1] : "",
			    argc > 2 ? argv[2] : "0");
			return true;
		}
	}
	return false;
}

static void
play_line(struct script *s, struct talk *talk, unsigned depth, unsigned argc, char **argv)
{
	if (strcmp(argv[0], "syn") == 0)
		open_conn(s, talk, argv);
	else if (strcmp(argv[0], "ack") == 0)
		send_conn(s, talk, RECORD_CONN_ESTABLISHED, 0, 0, 0);
	else if (strcmp(argv[0], "rst") == 0)
		send_conn(s, talk, RECORD_CONN_CLOSED, RECORD_CONN_REFUSED, 0, 0);
	else if (strcmp(argv[0], "close") == 0)
		send_conn(s, talk, RECORD_CONN_CLOSED, 0,
		    (uint64_t)(argc > 1 ? atoi(argv[1]) : 0),
		    (uint64_t)(argc > 2 ? atoi(argv[2]) : 0));
	else if (strcmp(argv[0], "turned") == 0)
		talk->turned = true;
	else if (strcmp(argv[0], "lost") == 0)
		talk->lost = 1;
	else if (strcmp(argv[0], "ask") == 0)
		send_ask(s, talk, depth, argv);
	else if (strcmp(argv[0], "looks") == 0)
		send_label(s, talk, depth, argv[1]);
	else if (strcmp(argv[0], "end") == 0)
		send_end(s, talk, depth, argv);
	else if (strcmp(argv[0], "prefix") == 0)
		send_prefix(s, talk, depth, argv);
	else if (strcmp(argv[0], "rtt") == 0)
		set_round_trip(talk, argv);
	else if (!play_fact(s, talk, depth, argc, argv))
		fail_msg("what is \"%s\"?", argv[0]);
}

static void
play_words(void *context, unsigned argc, char **argv)
{
	struct script *s = context;
	const char *who = argv[0];
	unsigned depth = who[1] == '\0' ? 0 : (unsigned)(who[1] - '0');

	for (unsigned i = 1; i < argc; i++) {
		for (char *c = argv[i]; *c != '\0'; c++)
			*c = *c == '~' ? ' ' : *c;
	}
	if (who[0] == '+') {
		for (long i = atol(argv[1]); i > 0; i--) {
			s->house.now_us += 1000000;
			analyzers_tick(s->house.analyzers, s->house.now_us);
		}
		return;
	}
	assert_true(who[0] >= 'A' && who[0] <= 'Z' && depth < DEPTHS && argc > 1);
	play_line(s, &s->talk[who[0] - 'A'], depth, argc - 1, argv + 1);
}

static size_t
describe_list(struct json_object *list, const char *before, const char *between,
    char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
		n +=
		    (size_t)snprintf(out + n, size - n, "%s%s", i == 0 ? before : between,
			json_object_get_string(json_object_array_get_idx(list, i)));
	return n;
}

static void
describe(struct json_object *event, char *out, size_t size)
{
	struct json_object *alert = house_member(event, "alert");
	struct json_object *c = house_member(alert, "context"),
			   *target = house_member(c, "target");
	size_t n = (size_t)snprintf(out, size, "%s %s %s %s",
	    house_text(alert, "signature_id"), house_text(c, "kind"),
	    house_text(c, "verdict"), house_text(c, "mechanism"));

	n += describe_list(house_member(c, "via"), ">", ">", out + n, size - n);
	n += (size_t)snprintf(out + n, size - n, " %s#%s %s x%s %s %s/%s#%s",
	    house_text(c, "server"), house_text(c, "server_port"),
	    house_text(c, "client"), house_text(c, "count"), house_text(c, "confidence"),
	    house_text(target, "host"), house_text(target, "ip"),
	    house_text(target, "port"));
	n += describe_list(house_member(c, "evidence"), " ", " ", out + n, size - n);
	if (house_member(c, "mail") != NULL)
		n += (size_t)snprintf(out + n, size - n, " mail");
	if (house_member(c, "related") != NULL)
		snprintf(out + n, size - n, " related");
}

static void
play(struct script *s, const char *text)
{
	scenario_play(text, play_words, s);
}

static void
scenario_test(void **state)
{
	static struct script s;
	const struct scenario *c = *state;

	script_init(&s, CONF_LOG_ALERT);
	play(&s, c->text);
	house_finish(&s.house, describe);
	house_release(&s.house);
	assert_string_equal(s.house.out, c->expected);
}

/* Beyond the table. */

static const char mail_through[] = "A syn 198.51.100.66 192.0.2.80#1080\n"
				   "A ask socks5 203.0.113.25 25 bob\n"
				   "B syn 192.0.2.80 203.0.113.25#25\n"
				   "B ack\n"
				   "A grant 0\n"
				   "A inner smtp\n"
				   "A1 greeting 220\n"
				   "A1 mail <s@client.example> 250\n"
				   "A1 final 250\n"
				   "A1 quit 221\n"
				   "A end 500 700\n"
				   "A close\n"
				   "B close 500 700\n";

static unsigned
lines_of(const struct script *s)
{
	FILE *file = fopen(s->house.path, "r");
	char line[EVENT_BYTES];
	unsigned n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL)
		n++;
	fclose(file);
	return n;
}

static void
each_request_is_an_event(void **state)
{
	static struct script s;
	struct json_object *event, *r;
	char line[EVENT_BYTES], error[CONF_ERROR_MAX];
	FILE *file;

	(void)state;
	script_init(&s, CONF_LOG_PROXY);
	play(&s, mail_through);
	play(&s, "C syn 198.51.100.66 192.0.2.80#1080\nC ask socks4a a.example 443\nC "
		 "close\n");
	analyzers_finish(s.house.analyzers);
	assert_int_equal(sinks_flush(s.house.sinks, error), 0);
	file = fopen(s.house.path, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	event = json_tokener_parse(line);
	r = house_member(event, "relaywatch");
	assert_string_equal(house_text(event, "event_type"), "proxy");
	assert_string_equal(house_text(event, "src_ip"), "198.51.100.66");
	assert_string_equal(house_text(event, "dest_port"), "1080");
	assert_string_equal(house_text(r, "mechanism"), "socks5");
	assert_string_equal(
	    house_text(house_member(r, "target"), "host"), "203.0.113.25");
	assert_string_equal(house_text(house_member(r, "target"), "ip"), "203.0.113.25");
	assert_string_equal(house_text(house_member(r, "target"), "port"), "25");
	assert_string_equal(house_text(r, "user"), "bob");
	assert_string_equal(house_text(r, "outcome"), "granted");
	assert_string_equal(house_text(r, "code"), "0");
	assert_string_equal(house_text(r, "inner"), "smtp");
	assert_string_equal(house_text(r, "bytes_to_target"), "500");
	assert_string_equal(house_text(r, "bytes_to_client"), "700");
	json_object_put(event);
	assert_non_null(fgets(line, sizeof(line), file));
	event = json_tokener_parse(line);
	r = house_member(event, "relaywatch");
	assert_string_equal(house_text(r, "outcome"), "unanswered");
	assert_string_equal(house_text(r, "code"), "-");
	json_object_put(event);
	assert_null(fgets(line, sizeof(line), file));
	fclose(file);
	house_release(&s.house);
}

static void
mail_inside_says_through_what_it_came_and_how_far(void **state)
{
	static struct script s;
	struct json_object *event, *r;
	char line[EVENT_BYTES], error[CONF_ERROR_MAX];
	FILE *file;

	(void)state;
	script_init(&s, CONF_LOG_SMTP);
	play(&s, "A syn 198.51.100.66 192.0.2.80#1080\n"
		 "A rtt 20 120 5\n"
		 "A ask socks5 203.0.113.25 25\n"
		 "A grant 0\n"
		 "A1 greeting 220\n"
		 "A1 mail <s@client.example> 250\n"
		 "A1 final 250\n");
	assert_int_equal(sinks_flush(s.house.sinks, error), 0);
	file = fopen(s.house.path, "r");
	assert_non_null(fgets(line, sizeof(line), file));
	event = json_tokener_parse(line);
	r = house_member(event, "relaywatch");
	assert_string_equal(json_object_to_json_string_ext(
				house_member(r, "via"), JSON_C_TO_STRING_PLAIN),
	    "[\"socks5\"]");
	assert_string_equal(json_object_to_json_string_ext(
				house_member(r, "rtt"), JSON_C_TO_STRING_PLAIN),
	    "{\"tcp_ms\":20.000,\"command_ms\":120.000,\"samples\":5}");
	json_object_put(event);
	fclose(file);
	house_release(&s.house);
}

static void
ten_thousand_refused_probes_give_a_handful_of_lines(void **state)
{
	static struct script s;

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	for (unsigned i = 0; i < 10000; i++)
		play(&s, "A syn 198.51.100.66 192.0.2.80#3128\n"
			 "A ask http-connect 203.0.113.25 25\n"
			 "A refuse 403\n"
			 "A close\n");
	house_finish(&s.house, describe);
	assert_true(lines_of(&s) < 10);
	assert_non_null(strstr(s.house.out, " x10000 "));
	house_release(&s.house);
}

/* Requests that nobody answers fill one client's share, not the memory of others. */
static void
a_flood_does_not_flush_what_others_asked(void **state)
{
	static struct script s;

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	play(&s, "A syn 198.51.100.7 192.0.2.80#1080\nA rtt 20 20 1\n"
		 "A ask socks5 203.0.113.25 25\n");
	for (unsigned i = 0; i < 5000; i++)
		play(&s, "B syn 198.51.100.66 192.0.2.80#1080\nB rtt 20 20 1\n"
			 "B ask socks5 203.0.113.26 25\n");
	play(&s, "C syn 192.0.2.80 203.0.113.25#25\nC ack\nA grant 0\nA1 greeting 220\n"
		 "A1 mail <s@client.example> 250\nA1 final 250\n");
	house_finish(&s.house, describe);
	assert_non_null(strstr(s.house.out,
	    "2001 proxy confirmed socks5 192.0.2.80#1080 198.51.100.7 x1 high"));
	assert_non_null(strstr(s.house.out, "2004 proxy attempted socks5 192.0.2.80#1080 "
					    "198.51.100.66 x5000"));
	house_release(&s.house);
}

/* Nor do those of clients that are made up, each with an address of its own. */
static void
a_flood_of_strangers_does_not_either(void **state)
{
	static struct script s;
	char line[128];

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	play(&s, "A syn 198.51.100.7 192.0.2.80#1080\nA rtt 20 20 1\n"
		 "A ask socks5 203.0.113.25 25\n");
	for (unsigned i = 0; i < 5000; i++) {
		snprintf(line, sizeof(line),
		    "B syn 203.0.%u.%u 192.0.2.80#1080\nB ask socks5 203.0.113.26 25\n",
		    i / 250, i % 250);
		play(&s, line);
	}
	play(&s, "C syn 192.0.2.80 203.0.113.25#25\nC ack\nA grant 0\nA1 greeting 220\n"
		 "A1 mail <s@client.example> 250\nA1 final 250\n");
	house_finish(&s.house, describe);
	assert_non_null(strstr(s.house.out,
	    "2001 proxy confirmed socks5 192.0.2.80#1080 198.51.100.7 x1 high"));
	house_release(&s.house);
}

/* Many tunnels of one client to the same server at once: each has its own leg. */
static void
parallel_tunnels_have_a_leg_each(void **state)
{
	static struct script s;
	enum { TUNNELS = 12 };
	char line[128];

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	for (char i = 0; i < TUNNELS; i++) {
		snprintf(line, sizeof(line),
		    "%c syn 198.51.100.66 192.0.2.80#1080\n%c ask socks5 203.0.113.25 "
		    "25\n",
		    'A' + i, 'A' + i);
		play(&s, line);
	}
	for (char i = 0; i < TUNNELS; i++) {
		snprintf(line, sizeof(line),
		    "%c syn 192.0.2.80 203.0.113.25#25\n%c ack\n%c grant 0\n", 'N' + i,
		    'N' + i, 'A' + i);
		play(&s, line);
	}
	for (char i = 0; i < TUNNELS; i++) {
		snprintf(line, sizeof(line),
		    "%c1 greeting 220\n%c end 100 100\n%c close\n", 'A' + i, 'A' + i,
		    'A' + i);
		play(&s, line);
	}
	house_finish(&s.house, describe);
	assert_non_null(strstr(s.house.out, "2001 proxy confirmed"));
	assert_non_null(strstr(s.house.out, " x12 "));
	house_release(&s.house);
}

/* Where legs go is filed only when a request asks: whenever that is, and again. */
static void
a_leg_is_found_among_many_that_nobody_asked_for(void **state)
{
	static struct script s;
	char line[128];

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	for (unsigned round = 0; round < 2; round++) {
		play(&s, "A syn 198.51.100.66 192.0.2.80#1080\nA ack\n");
		for (unsigned i = 0; i < 600; i++) {
			snprintf(line, sizeof(line),
			    "C syn 192.0.2.%u 203.0.113.%u#%u\nC ack\nC close 1 1\n",
			    1 + i % 50, 26 + i % 200, i % 2 != 0 ? 25 : 443);
			play(&s, line);
			if (i == 300) /* before its request is understood */
				play(&s, "B syn 192.0.2.80 203.0.113.25#25\nB ack\n"
					 "A ask socks5 203.0.113.25 25\nA grant 0\n");
		}
		play(&s, "A1 greeting 220\nA end 100 100\nA close\nB close 100 100\n");
	}
	house_finish(&s.house, describe);
	assert_non_null(
	    strstr(s.house.out, "2001 proxy confirmed socks5 192.0.2.80#1080"));
	assert_non_null(strstr(s.house.out, " x2 "));
	house_release(&s.house);
}

/* More than are found of one key begin with the same 16 octets: they are told apart by
 * what follows. */
static void
ways_that_begin_alike_hide_none(void **state)
{
	static struct script s;
	char line[256];

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	play(&s, "A syn 198.51.100.66 192.0.2.30#2525\nB syn 192.0.2.30 203.0.113.25#25\n"
		 "B prefix s "
		 "220-mx.third.example-ESMTP-250-mx.third.example-PIPELINING-250-SIZE\n"
		 "A prefix s "
		 "220-mx.third.example-ESMTP-250-mx.third.example-PIPELINING-250-SIZE\n"
		 "A prefix c EHLO-mail.client.example-MAIL-FROM:<s@client.example>"
		 "-RCPT-TO:<t@third.example>\n");
	for (unsigned i = 0; i < 200; i++) {
		snprintf(line, sizeof(line),
		    "C syn 198.51.100.%u 192.0.2.30#2525\n"
		    "C prefix s 220-mx.third.example-%u-ESMTP-250-mx.third.example\n"
		    "C prefix c EHLO-mail.client.example-%u-MAIL-FROM:<s@client>\n",
		    i, i, i);
		play(&s, line);
	}
	play(&s, "B prefix c EHLO-mail.client.example-MAIL-FROM:<s@client.example>"
		 "-RCPT-TO:<t@third.example>\n"
		 "A message 600\nB message 600\nA close 700 300\nB close 700 300\n");
	house_finish(&s.house, describe);
	assert_non_null(strstr(s.house.out, "2005 proxy confirmed tcp-forward "
					    "192.0.2.30#2525 198.51.100.66 x1 high"));
	house_release(&s.house);
}

static void
send_prefix_hash(struct script *s, struct talk *talk, uint8_t dir, uint64_t hash)
{
	struct record r = { .class = RECORD_PREFIX,
		.session = session_at(talk, 0, false),
		.prefix = { .dir = dir, .lengths = 1, .hash = { hash } } };

	house_record(&s->house, &r);
}

/* Whoever chooses octets by their hash does not get between a connection and its id. */
static void
first_octets_are_never_taken_for_a_connection(void **state)
{
	static struct script s;

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	play(&s, "A syn 198.51.100.66 192.0.2.30#2525\nB syn 192.0.2.30 203.0.113.25#25\n"
		 "B prefix s 220-mx.third.example-ESMTP-250-mx.third\n"
		 "A prefix s 220-mx.third.example-ESMTP-250-mx.third\n"
		 "A prefix c EHLO-mail.client.example-MAIL-FROM:<s@c\n"
		 "B prefix c EHLO-mail.client.example-MAIL-FROM:<s@c\n"
		 "C syn 198.51.100.67 192.0.2.30#2525\n");
	send_prefix_hash(&s, &s.talk['C' - 'A'], 0, 1000);
	send_prefix_hash(
	    &s, &s.talk['C' - 'A'], 1, s.talk['B' - 'A'].session.flow_id - 1000);
	play(&s, "A message 600\nB message 600\nA close 700 300\nB close 700 300\n");
	house_finish(&s.house, describe);
	assert_non_null(strstr(s.house.out, "2005 proxy confirmed tcp-forward "
					    "192.0.2.30#2525 198.51.100.66 x1 high"));
	house_release(&s.house);
}

static const char *
state_of(const struct script *s, uint16_t port, char *buf, size_t size)
{
	struct inventory *inventory = analyzers_inventory(s->house.analyzers);
	struct inventory_server server;

	inventory_sort(inventory);
	for (size_t i = 0; inventory_server(inventory, i, &server); i++) {
		if (server.server.port == port)
			return inventory_describe(&server, buf, size);
	}
	return "not listed";
}

static void
proxies_stand_in_the_inventory_with_their_state(void **state)
{
	static struct script s;
	char buf[256];

	(void)state;
	script_init(&s, CONF_LOG_ALERT);
	play(&s, mail_through);
	play(&s, "C syn 198.51.100.66 192.0.2.81#3128\n"
		 "C ask http-connect 203.0.113.25 25\nC refuse 403\n"
		 "C ask http-connect 203.0.113.25 25\nC refuse 403\nC close\n"
		 "D syn 192.0.2.100 192.0.2.82#8080\n"
		 "D ask http-connect 203.0.113.80 443\nD grant 200\nD close\n"
		 "E syn 198.51.100.7 192.0.2.88#80\n"
		 "E ask http-get www.example.org 80\nE grant 200?\nE close\n");
	house_finish(&s.house, describe);
	assert_string_equal(
	    state_of(&s, 1080, buf, sizeof(buf)), "open (confirmed: socks5)");
	assert_string_equal(state_of(&s, 3128, buf, sizeof(buf)), "refused 2 attempts");
	assert_string_equal(
	    state_of(&s, 8080, buf, sizeof(buf)), "only inside clients seen");
	assert_string_equal(state_of(&s, 80, buf, sizeof(buf)), "not listed");
	house_release(&s.house);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_is_an_event),
		cmocka_unit_test(mail_inside_says_through_what_it_came_and_how_far),
		cmocka_unit_test(ten_thousand_refused_probes_give_a_handful_of_lines),
		cmocka_unit_test(a_flood_does_not_flush_what_others_asked),
		cmocka_unit_test(a_flood_of_strangers_does_not_either),
		cmocka_unit_test(parallel_tunnels_have_a_leg_each),
		cmocka_unit_test(a_leg_is_found_among_many_that_nobody_asked_for),
		cmocka_unit_test(ways_that_begin_alike_hide_none),
		cmocka_unit_test(first_octets_are_never_taken_for_a_connection),
		cmocka_unit_test(proxies_stand_in_the_inventory_with_their_state),
	};
	int failed;

	scenarios_read(SCENARIOS);
	failed = scenarios_run(scenario_test);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	scenarios_free();
	return failed;
}
