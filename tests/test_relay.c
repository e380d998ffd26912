/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include <xxhash.h>

#include "house.h"
#include "scenario.h"

/* Plays the dialogues of relay.scenarios, which says how to read them, to the whole house
 * of analyzers and reads its JSON back. */

#define SCENARIOS "tests/relay.scenarios"
#define LOCAL     "example.org,.example.org"

enum { SESSIONS = 26 };

struct script {
	struct house house;
	struct session session[SESSIONS];
	uint32_t tx[SESSIONS];
	bool in_tx[SESSIONS];
	uint64_t flows;
};

static void
script_init(struct script *s, const char *local)
{
	memset(s, 0, sizeof(*s));
	house_init(&s->house, local);
}

/* Facts. */

static void
send_fact(struct script *s, unsigned x, struct fact *fact)
{
	house_fact(&s->house, &s->session[x], s->tx[x], fact);
}

static void
read_code(const char *text, struct fact *fact)
{
	fact->code = (uint16_t)atoi(text);
	fact->ok = fact->code / 100 == 2;
	if (strchr(text, '?') != NULL)
		fact->flags |= FACT_UNSURE;
	if (strchr(text, '%') != NULL)
		fact->flags |= FACT_CUT;
	if (strchr(text, '&') != NULL)
		fact->flags |= FACT_CUT_MORE;
	if (strchr(text, '!') != NULL)
		fact->flags |= FACT_BLIND;
	if (strchr(text, '/') != NULL)
		fact->flags |= FACT_HOLED;
}

static void
send_code(struct script *s, unsigned x, enum fact_type type, const char *code)
{
	struct fact fact = { .type = type };

	read_code(code, &fact);
	send_fact(s, x, &fact);
}

static void
send_path(struct script *s, unsigned x, enum fact_type type, char *path, const char *code)
{
	struct fact fact = { .type = type };

	fact.text[0] = slice_str(strcmp(path, "_") == 0 ? "" : path);
	read_code(code, &fact);
	s->in_tx[x] = true;
	send_fact(s, x, &fact);
}

static void
send_header(struct script *s, unsigned x, enum fact_header header, const char *before,
    const char *name, const char *after)
{
	struct fact fact = { .type = FACT_HEADER, .header = header };
	char text[512];

	if (strcmp(name, "-") == 0)
		return;
	snprintf(text, sizeof(text), "%s%s%s", before, name, after);
	fact.text[0] = slice_str(text);
	send_fact(s, x, &fact);
}

static const char *
word(unsigned argc, char **argv, const char *name, const char *otherwise)
{
	size_t n = strlen(name);

	for (unsigned i = 0; i < argc; i++) {
		if (strncmp(argv[i], name, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
	}
	return otherwise;
}

static void
send_headers(struct script *s, unsigned x, unsigned argc, char **argv)
{
	const char *name = argv[0];
	struct fact end = { .type = FACT_HEADERS_END };

	send_header(s, x, FACT_HEADER_RECEIVED, "from mail.client.example (unknown [",
	    word(argc, argv, "trace", "-"), "]) by mx.example.org with ESMTP id 1");
	send_header(s, x, FACT_HEADER_RECEIVED,
	    "from [198.51.100.7] (helo=x) (using TLSv1.3 with cipher C) by "
	    "mx.example.org with ",
	    word(argc, argv, "tls", "-"), " id 1; Sat, 21 Nov 2026");
	send_header(s, x, FACT_HEADER_MESSAGE_ID, "<", word(argc, argv, "id", name),
	    "@client.example>");
	send_header(s, x, FACT_HEADER_SUBJECT, "About ", word(argc, argv, "s", name), "");
	send_header(
	    s, x, FACT_HEADER_DATE, "Sat, 21 Nov 2026 ", word(argc, argv, "d", name), "");
	send_fact(s, x, &end);
}

static void
send_letter(struct script *s, unsigned x, unsigned argc, char **argv)
{
	const char *body = word(argc, argv, "body", argv[0]);
	struct fact fact = { .type = FACT_MESSAGE, .size = 1000 };

	send_headers(s, x, argc, argv);
	if (strcmp(body, "-") != 0) {
		fact.body_hash = XXH3_64bits(body, strlen(body));
		fact.body_bytes = (uint32_t)atoi(word(argc, argv, "bytes", "500"));
	}
	send_fact(s, x, &fact);
}

static void
end_transaction(struct script *s, unsigned x, struct fact *fact)
{
	send_fact(s, x, fact);
	s->tx[x]++;
	s->in_tx[x] = false;
}

static void
send_abort(struct script *s, unsigned x, enum fact_abort how)
{
	struct fact fact = { .type = FACT_ABORT, .abort = how };

	if (s->in_tx[x])
		end_transaction(s, x, &fact);
}

static void
open_session(struct script *s, unsigned x, bool late, unsigned argc, char **argv)
{
	struct fact fact = { .type = FACT_GREETING, .code = 220 };
	struct house *house = &s->house;
	struct session *session = &s->session[x];
	char *port = strchr(argv[1], '#');

	if (port != NULL)
		*port++ = '\0';
	*session = (struct session){ .flow_id = ++s->flows, .app_proto = "smtp" };
	session->client = house_endpoint(house, argv[0], (uint16_t)(40000 + s->flows));
	session->server =
	    house_endpoint(house, argv[1], (uint16_t)(port != NULL ? atoi(port) : 25));
	session->start_us = house->now_us;
	session->start =
	    (struct origin){ .ts_us = house->now_us, .number = house->packet + 1 };
	s->tx[x] = 0;
	s->in_tx[x] = false;
	if (late)
		return;
	fact.text[0] = slice_str(argc > 2 ? argv[2] : "mx.example.org");
	fact.text[1] = slice_str("mx.example.org ESMTP");
	send_fact(s, x, &fact);
}

static void
end_session(struct script *s, unsigned x, enum fact_abort how, uint16_t code)
{
	struct fact fact = { .type = FACT_END, .code = code };

	send_abort(s, x, how);
	send_fact(s, x, &fact);
}

static void
play_line(struct script *s, unsigned x, unsigned argc, char **argv)
{
	const char *what = argv[0];
	struct fact fact = { .type = FACT_FINAL };

	if (strcmp(what, "open") == 0 || strcmp(what, "late") == 0) {
		open_session(s, x, strcmp(what, "late") == 0, argc - 1, argv + 1);
	} else if (strcmp(what, "helo") == 0) {
		fact = (struct fact){ .type = FACT_HELO, .code = 250 };
		fact.text[0] = slice_str(argv[1]);
		fact.text[1] = slice_str(argc > 2 ? argv[2] : "");
		send_fact(s, x, &fact);
	} else if (strcmp(what, "auth") == 0) {
		send_code(s, x, FACT_AUTH, argv[1]);
	} else if (strcmp(what, "mail") == 0) {
		send_path(s, x, FACT_MAIL, argv[1], argv[2]);
	} else if (strcmp(what, "rcpt") == 0) {
		send_path(s, x, FACT_RCPT, argv[1], argv[2]);
	} else if (strcmp(what, "data") == 0) {
		send_code(s, x, FACT_DATA, argv[1]);
	} else if (strcmp(what, "letter") == 0) {
		send_letter(s, x, argc - 1, argv + 1);
	} else if (strcmp(what, "headers") == 0) {
		send_headers(s, x, argc - 1, argv + 1);
	} else if (strcmp(what, "final") == 0) {
		read_code(argv[1], &fact);
		end_transaction(s, x, &fact);
	} else if (strcmp(what, "rset") == 0) {
		send_abort(s, x, FACT_ABORT_RSET);
	} else if (strcmp(what, "lost") == 0) {
		send_abort(s, x, FACT_ABORT_LOST);
	} else if (strcmp(what, "quit") == 0) {
		end_session(s, x, FACT_ABORT_QUIT, 221);
	} else if (strcmp(what, "close") == 0) {
		end_session(s, x, FACT_ABORT_CLOSED, 0);
	} else if (strcmp(what, "tls") == 0) {
		send_abort(s, x, FACT_ABORT_TLS);
		fact.type = FACT_TLS;
		send_fact(s, x, &fact);
	} else {
		fail_msg("what is \"%s\"?", what);
	}
}

static void
play_words(void *context, unsigned argc, char **argv)
{
	struct script *s = context;

	for (unsigned i = 0; i < argc; i++) {
		for (char *c = argv[i]; *c != '\0'; c++)
			*c = *c == '~' ? ' ' : *c == '^' ? '\t' : *c;
	}
	if (argv[0][0] == '+') {
		s->house.now_us += atoll(argv[1]) * 1000000;
		analyzers_tick(s->house.analyzers, s->house.now_us);
	} else {
		play_line(s, (unsigned)(argv[0][0] - 'A'), argc - 1, argv + 1);
	}
}

static void
play(struct script *s, const char *text)
{
	scenario_play(text, play_words, s);
}

static void
describe(struct json_object *event, char *out, size_t size)
{
	struct json_object *context = house_context(event);
	struct json_object *list = house_member(context, "evidence");
	size_t n = (size_t)snprintf(out, size, "%s %s %s %s x%s %s",
	    house_text(context, "verdict"), house_text(context, "mechanism"),
	    house_text(context, "server"), house_text(context, "client"),
	    house_text(context, "count"), house_text(context, "confidence"));

	for (size_t i = 0; list != NULL && i < json_object_array_length(list); i++)
		n += (size_t)snprintf(out + n, size - n, " %s",
		    json_object_get_string(json_object_array_get_idx(list, i)));
}

static void
scenario_test(void **state)
{
	static struct script s;
	const struct scenario *c = *state;
	struct conf *conf = &s.house.conf;
	char error[CONF_ERROR_MAX];

	script_init(&s, c->setting == NULL ? LOCAL : NULL);
	assert_true(c->setting == NULL || strcmp(c->setting, "local none") == 0);
	assert_int_equal(conf_set_relay_domains(conf, "partner.example", error), 0);
	assert_int_equal(conf_set_trusted_relays(conf, "198.51.100.200", error), 0);
	house_start(&s.house);
	play(&s, c->text);
	house_finish(&s.house, describe);
	house_release(&s.house);
	assert_string_equal(s.house.out, c->expected);
}

/* What an alert carries. */

static const char in_letter[] = "A open 198.51.100.7 192.0.2.25\n"
				"A mail <s@client.example> 250\n"
				"A rcpt <t@third.example> 250\n"
				"A data 354\n"
				"A letter one\n"
				"A final 250\n";
static const char out_letter[] = "B open 192.0.2.26 203.0.113.25\n"
				 "B mail <srs@example.org> 250\n"
				 "B rcpt <t@third.example> 250\n"
				 "B data 354\n"
				 "B letter one\n"
				 "B final 250\n";

static struct json_object *
last_event(const struct script *s)
{
	struct json_object *all = house_alerts(&s->house), *last = NULL;

	json_object_object_foreach(all, id, event)
	{
		(void)id;
		last = event;
	}
	json_object_get(last);
	json_object_put(all);
	return last;
}

static void
a_confirmed_relay_names_both_legs(void **state)
{
	static struct script s;
	struct json_object *event, *context, *legs, *leg;

	(void)state;
	script_init(&s, LOCAL);
	house_start(&s.house);
	play(&s, in_letter);
	play(&s, "+ 60");
	play(&s, out_letter);
	house_finish(&s.house, describe);
	event = last_event(&s);
	context = house_context(event);
	assert_string_equal(house_text(event, "src_ip"), "198.51.100.7");
	assert_string_equal(house_text(event, "dest_ip"), "192.0.2.25");
	assert_string_equal(house_text(event, "tx_id"), "0");
	assert_string_equal(house_text(context, "server_port"), "25");
	assert_string_equal(
	    house_text(house_member(context, "target"), "ip"), "203.0.113.25");
	/* final reply -> greeting -> MAIL: 10 ms each */
	assert_string_equal(house_text(context, "delay_ms"), "60020");
	legs = house_member(context, "legs");
	assert_int_equal(json_object_array_length(legs), 2);
	leg = json_object_array_get_idx(legs, 0);
	assert_string_equal(house_text(leg, "role"), "inbound");
	assert_string_equal(house_text(leg, "src_ip"), "198.51.100.7");
	assert_string_equal(house_text(leg, "pcap_cnt"), "2");
	leg = json_object_array_get_idx(legs, 1);
	assert_string_equal(house_text(leg, "role"), "outbound");
	assert_string_equal(house_text(leg, "src_ip"), "192.0.2.26");
	assert_string_equal(house_text(leg, "dest_ip"), "203.0.113.25");
	assert_string_equal(
	    house_text(house_member(context, "mail"), "mail_from"), "<s@client.example>");
	assert_string_equal(house_text(house_member(context, "mail"), "message_id"),
	    "<one@client.example>");
	assert_string_equal(house_text(event, "pcap_cnt"), "2");
	json_object_put(event);
	house_release(&s.house);
}

static void
forwarding_while_receiving_has_a_negative_delay(void **state)
{
	static struct script s;
	struct json_object *event, *context;

	(void)state;
	script_init(&s, LOCAL);
	house_start(&s.house);
	play(&s, "A open 198.51.100.7 192.0.2.25\nA mail <s@client.example> 250\n"
		 "A rcpt <t@third.example> 250\nA data 354\n");
	play(&s, out_letter);
	play(&s, "A letter one\nA final 250\n");
	house_finish(&s.house, describe);
	event = last_event(&s);
	context = house_context(event);
	assert_true(json_object_get_int64(house_member(context, "delay_ms")) < 0);
	assert_string_equal(
	    house_text(house_member(context, "mail"), "mail_from"), "<s@client.example>");
	json_object_put(event);
	house_release(&s.house);
}

static void
an_accepted_relay_asks_whether_the_domain_is_ours(void **state)
{
	static struct script s;
	struct json_object *event;

	(void)state;
	script_init(&s, LOCAL);
	house_start(&s.house);
	play(&s, in_letter);
	house_finish(&s.house, describe);
	event = last_event(&s);
	assert_non_null(strstr(
	    house_text(house_member(event, "alert"), "signature"), "third.example"));
	json_object_put(event);
	house_release(&s.house);
}

/* Memory. */

static void
other_clients_do_not_flush_a_message(void **state)
{
	static struct script s;
	char text[512];

	(void)state;
	script_init(&s, LOCAL);
	s.house.conf.relay.messages = 100;
	s.house.conf.relay.keys = 300;
	s.house.conf.relay.client_share_percent = 10;
	house_start(&s.house);
	play(&s, in_letter);
	play(&s, "C open 198.51.100.66 192.0.2.25\n");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text),
		    "C mail <> 250\nC rcpt <u%u@fourth.example> 250\nC data 354\n"
		    "C letter n%u\nC final 250\n",
		    i, i);
		play(&s, text);
	}
	play(&s, out_letter);
	house_finish(&s.house, describe);
	assert_non_null(
	    strstr(s.house.out, "confirmed plain 192.0.2.25 198.51.100.7 x1 high"));
	assert_non_null(
	    strstr(s.house.out, "accepted plain 192.0.2.25 198.51.100.66 x1000"));
	house_release(&s.house);
}

/* Each of them with an address of its own, and many recipients in one packet. */
static void
a_flood_of_strangers_does_not_either(void **state)
{
	static struct script s;
	struct session *stranger = &s.session['C' - 'A'];
	char line[128];

	(void)state;
	script_init(&s, LOCAL);
	s.house.conf.relay.messages = 300;
	s.house.conf.relay.keys = 900;
	s.house.conf.relay.client_share_percent = 20;
	house_start(&s.house);
	play(&s, in_letter);
	for (unsigned i = 0; i < 60; i++) {
		snprintf(line, sizeof(line),
		    "C late 203.0.113.%u 192.0.2.25\n"
		    "C mail <> 0\n",
		    i);
		play(&s, line);
		stranger->round_trip.tcp_us = -1;
		for (unsigned j = 0; j < 20; j++) {
			snprintf(line, sizeof(line), "C rcpt <u%u@fourth.example> 0\n",
			    i * 20 + j);
			play(&s, line);
		}
	}
	play(&s, out_letter);
	house_finish(&s.house, describe);
	assert_non_null(
	    strstr(s.house.out, "confirmed plain 192.0.2.25 198.51.100.7 x1 high"));
	house_release(&s.house);
}

/* Whoever has a prefix of IPv6 has more addresses than there is memory. */
static void
many_addresses_do_not_flush_a_session_under_tls(void **state)
{
	static struct script s;
	char text[128];

	(void)state;
	script_init(&s, LOCAL);
	s.house.conf.relay.messages = 800; /* an eighth of it for these sessions */
	house_start(&s.house);
	play(&s, "A open 198.51.100.7 192.0.2.25\nA tls\nA close\n");
	for (unsigned i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text),
		    "C open 2001:db8:2::%x 2001:db8:1::25\nC tls\nC close\n", i + 1);
		play(&s, text);
	}
	play(&s, "B open 192.0.2.26 203.0.113.25\n"
		 "B mail <srs@example.org> 250\n"
		 "B rcpt <t@third.example> 250\n"
		 "B data 354\n"
		 "B letter one tls=ESMTPS~for~<t@third.example>\n"
		 "B final 250\n");
	house_finish(&s.house, describe);
	assert_non_null(
	    strstr(s.house.out, "suspected plain 192.0.2.25 198.51.100.7 x1"));
	house_release(&s.house);
}

static const char *
one_of(const char *const words[], size_t n)
{
	return words[(size_t)random() % n];
}

/* A line of any kind, for any of eight sessions, half of them outbound. */
static void
random_line(char *out, size_t size)
{
	static const char *const what[] = { "mail <s@client.example>",
		"rcpt <t@third.example>", "rcpt <u%third.example@example.org>",
		"rcpt <alice@example.org>", "rcpt <v@fourth.example>", "data", "final",
		"auth" };
	static const char *const bare[] = { "letter one", "letter two id=one",
		"headers one", "letter one tls=ESMTPS~for~<t@third.example>", "rset",
		"quit", "lost", "tls", "close" };
	static const char *const codes[] = { "250", "250", "550", "354", "0", "250?" };
	unsigned x = (unsigned)random() % 8, kind = (unsigned)random() % 16;
	char name = (char)('A' + x);

	if (kind == 0 || kind == 1)
		snprintf(out, size, "%c open %s\n", name,
		    x % 2 == 0 ? "198.51.100.7 192.0.2.25" : "192.0.2.25 203.0.113.25");
	else if (kind < 11)
		snprintf(out, size, "%c %s %s\n", name,
		    one_of(what, sizeof(what) / sizeof(*what)),
		    one_of(codes, sizeof(codes) / sizeof(*codes)));
	else
		snprintf(out, size, "%c %s\n", name,
		    one_of(bare, sizeof(bare) / sizeof(*bare)));
}

/* Under sanitizers: memory is scarce, and everything is evicted while it is in use. */
static void
any_dialogue_in_hardly_any_memory(void **state)
{
	static struct script s;
	char text[512];

	(void)state;
	script_init(&s, LOCAL);
	s.house.conf.mail.sessions = 5;
	s.house.conf.mail.blocks = 20;
	s.house.conf.relay.messages = 12;
	s.house.conf.relay.keys = 16;
	s.house.conf.relay.client_share_percent = 60;
	s.house.conf.relay.window_sec = 1000;
	house_start(&s.house);
	srandom(1);
	play(&s, "A open 198.51.100.7 192.0.2.25\nB open 192.0.2.25 203.0.113.25\n"
		 "C open 198.51.100.7 192.0.2.25\nD open 192.0.2.25 203.0.113.25\n"
		 "E open 198.51.100.7 192.0.2.25\nF open 192.0.2.25 203.0.113.25\n"
		 "G open 198.51.100.7 192.0.2.25\nH open 192.0.2.25 203.0.113.25\n");
	for (unsigned i = 0; i < 50000; i++) {
		random_line(text, sizeof(text));
		play(&s, text);
		if (random() % 1000 == 0)
			play(&s, "+ 400\n");
	}
	house_finish(&s.house, describe);
	assert_non_null(strstr(s.house.out, "confirmed"));
	house_release(&s.house);
}

/* As many legs as there are, each matched to its own transaction, in a session each. */
static void
many_messages_in_one_session(void **state)
{
	static struct script s;
	enum { MESSAGES = 3000 };
	char text[512];

	(void)state;
	script_init(&s, LOCAL);
	s.house.conf.relay.client_share_percent = 100;
	house_start(&s.house);
	play(&s, "A open 198.51.100.7 192.0.2.25\nB open 192.0.2.25 203.0.113.25\n");
	for (unsigned i = 0; i < 2 * MESSAGES; i++) {
		snprintf(text, sizeof(text),
		    "%c mail <s@client.example> 250\n%c rcpt <t%u@third.example> 250\n"
		    "%c data 354\n%c letter n%u body=same\n%c final 250\n",
		    "AB"[i / MESSAGES], "AB"[i / MESSAGES], i % MESSAGES,
		    "AB"[i / MESSAGES], "AB"[i / MESSAGES], i % MESSAGES,
		    "AB"[i / MESSAGES]);
		play(&s, text);
	}
	house_finish(&s.house, describe);
	assert_non_null(
	    strstr(s.house.out, "confirmed plain 192.0.2.25 198.51.100.7 x3000 high"));
	assert_null(strstr(s.house.out, "accepted"));
	house_release(&s.house);
}

static void
many_recipients_of_one_message(void **state)
{
	static struct script s;
	enum { RCPTS = 10000 };
	char text[512];

	(void)state;
	script_init(&s, LOCAL);
	s.house.conf.relay.client_share_percent = 100;
	house_start(&s.house);
	play(&s, "A open 198.51.100.7 192.0.2.25\nA mail <s@client.example> 250\n");
	for (unsigned i = 0; i < RCPTS; i++) {
		snprintf(text, sizeof(text), "A rcpt <t%u@third.example> 250\n", i);
		play(&s, text);
	}
	play(&s, "A data 354\nA letter one\nA final 250\n");
	play(&s, "B open 192.0.2.25 203.0.113.25\nB mail <s@client.example> 250\n"
		 "B rcpt <t9999@third.example> 250\nB data 354\nB letter two\n"
		 "B final 250\n");
	house_finish(&s.house, describe);
	assert_non_null(
	    strstr(s.house.out, "confirmed plain 192.0.2.25 198.51.100.7 x1 medium"));
	house_release(&s.house);
}

/* The cost of a transaction does not depend on how many came before it. */
static void
the_same_message_for_ever_is_linear(void **state)
{
	static struct script s;
	enum { MESSAGES = 20000 };
	static const char text[] = "A mail <s@client.example> 250\n"
				   "A rcpt <t@third.example> 250\n"
				   "A data 354\n"
				   "A letter one\n"
				   "A final 250\n"
				   "B mail <s@client.example> 250\n"
				   "B rcpt <t@third.example> 250\n"
				   "B data 354\n"
				   "B letter one\n"
				   "B final 250\n";
	clock_t begun, first = 0;

	(void)state;
	script_init(&s, LOCAL);
	house_start(&s.house);
	play(&s, "A open 198.51.100.7 192.0.2.25\nB open 192.0.2.25 203.0.113.25\n");
	begun = clock();
	for (unsigned i = 0; i < MESSAGES; i++) {
		play(&s, text);
		if (i == MESSAGES / 4)
			first = clock() - begun;
	}
	assert_true(clock() - begun < 12 * first + CLOCKS_PER_SEC);
	house_finish(&s.house, describe);
	assert_non_null(
	    strstr(s.house.out, "confirmed plain 192.0.2.25 198.51.100.7 x20000 high"));
	house_release(&s.house);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_confirmed_relay_names_both_legs),
		cmocka_unit_test(forwarding_while_receiving_has_a_negative_delay),
		cmocka_unit_test(an_accepted_relay_asks_whether_the_domain_is_ours),
		cmocka_unit_test(other_clients_do_not_flush_a_message),
		cmocka_unit_test(a_flood_of_strangers_does_not_either),
		cmocka_unit_test(many_addresses_do_not_flush_a_session_under_tls),
		cmocka_unit_test(any_dialogue_in_hardly_any_memory),
		cmocka_unit_test(many_messages_in_one_session),
		cmocka_unit_test(many_recipients_of_one_message),
		cmocka_unit_test(the_same_message_for_ever_is_linear),
	};
	int failed;

	scenarios_read(SCENARIOS);
	failed = scenarios_run(scenario_test);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	scenarios_free();
	return failed;
}
