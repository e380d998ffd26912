/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <json-c/json.h>
#include <xxhash.h>

#include "analyzer.h"
#include "sink.h"

/*
 * Plays the dialogues of relay.scenarios, which says how to read them, to the whole house
 * of analyzers and reads its JSON back.
 */

#define SCENARIOS "tests/relay.scenarios"
#define HOME      "192.0.2.0/24,2001:db8:1::/48"
#define LOCAL     "example.org,.example.org"

enum {
	SESSIONS = 26,
	WORDS_MAX = 16,
	LINE_MAX_BYTES = 4096,
	OUT_MAX = 1 << 16,
	PIECES_MAX = 32,
	CASES_MAX = 256,
};

struct script {
	struct conf conf;
	struct sinks *sinks;
	struct analyzers *analyzers;
	struct session session[SESSIONS];
	uint32_t tx[SESSIONS];
	bool in_tx[SESSIONS];
	int64_t now_us;
	uint64_t packet, flows;
	char path[32];
	char out[OUT_MAX];
};

static const char *
source_name(const void *context, uint16_t source)
{
	(void)context;
	(void)source;
	return "test.pcap";
}

static struct addr
address(const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return addr;
}

static void
script_init(struct script *s, const char *home, const char *local)
{
	char error[CONF_ERROR_MAX] = "";
	int fd;

	memset(s, 0, sizeof(*s));
	assert_int_equal(conf_init(&s->conf), 0);
	assert_int_equal(conf_set_home_net(&s->conf, home, error), 0);
	if (local != NULL)
		assert_int_equal(conf_set_local_domains(&s->conf, local, error), 0);
	strcpy(s->path, "/tmp/test_relay.XXXXXX");
	fd = mkstemp(s->path);
	assert_true(fd >= 0);
	close(fd);
	s->conf.output.path = strdup(s->path);
	s->conf.mail.sessions = 64;
	s->conf.mail.blocks = 512;
	s->conf.alerts.findings = 1024;
	s->conf.relay.messages = 4096;
	s->conf.relay.keys = 16384;
	s->now_us = INT64_C(1795288832000000);
}

static void
script_start(struct script *s)
{
	static const struct sink_names names = { .source = source_name };
	char error[CONF_ERROR_MAX] = "";

	s->sinks = sinks_open(&s->conf, &names, error);
	if (s->sinks == NULL)
		fail_msg("%s", error);
	s->analyzers = analyzers_new(&s->conf, s->sinks);
	assert_non_null(s->analyzers);
}

/* Facts. */

static void
send_fact(struct script *s, unsigned x, struct fact *fact)
{
	static union {
		struct record head;
		uint8_t room[sizeof(struct record) + FACT_TEXT_MAX + 8];
	} u;
	struct record *r = &u.head;
	uint8_t *p = u.room + sizeof(struct record);

	s->now_us += 10000;
	memset(&u, 0, sizeof(u));
	r->class = RECORD_FACT;
	r->packet = ++s->packet;
	r->origin = (struct origin){ .ts_us = s->now_us, .number = s->packet };
	r->session = s->session[x];
	r->fact.type = fact->type;
	r->fact.flags = fact->flags;
	r->fact.ok = fact->ok;
	r->fact.header = fact->header;
	r->fact.code = fact->code;
	r->fact.tx = s->tx[x];
	r->fact.size = fact->size;
	r->fact.body_hash = fact->body_hash;
	r->fact.body_bytes = fact->body_bytes;
	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		r->fact.text_len[i] = (uint16_t)fact->text[i].n;
		if (fact->text[i].n > 0)
			memcpy(p, fact->text[i].p, fact->text[i].n);
		p += fact->text[i].n;
	}
	r->total_bytes = (uint32_t)((p - u.room + 7) & ~7);
	analyzers_record(s->analyzers, r);
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
	struct session *session = &s->session[x];
	char *port = strchr(argv[1], '#');

	if (port != NULL)
		*port++ = '\0';
	*session = (struct session){ .flow_id = ++s->flows, .app_proto = "smtp" };
	session->client.addr = address(argv[0]);
	session->client.port = (uint16_t)(40000 + s->flows);
	session->client.home = netset_has(s->conf.home_net, &session->client.addr);
	session->server.addr = address(argv[1]);
	session->server.port = (uint16_t)(port != NULL ? atoi(port) : 25);
	session->server.home = netset_has(s->conf.home_net, &session->server.addr);
	session->start_us = s->now_us;
	session->start = (struct origin){ .ts_us = s->now_us, .number = s->packet + 1 };
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
play_words(struct script *s, unsigned argc, char **argv)
{
	for (unsigned i = 0; i < argc; i++) {
		for (char *c = argv[i]; *c != '\0'; c++)
			*c = *c == '~' ? ' ' : *c == '^' ? '\t' : *c;
	}
	if (argv[0][0] == '+') {
		s->now_us += atoll(argv[1]) * 1000000;
		analyzers_tick(s->analyzers, s->now_us);
	} else {
		play_line(s, (unsigned)(argv[0][0] - 'A'), argc - 1, argv + 1);
	}
}

static unsigned
words_of(char *line, char *argv[static WORDS_MAX])
{
	unsigned argc = 0;
	char *save;

	for (char *p = strtok_r(line, " \t\n", &save); p != NULL && argc < WORDS_MAX;
	     p = strtok_r(NULL, " \t\n", &save))
		argv[argc++] = p;
	return argc;
}

/* Lines as they stand in a scenario, without the pieces it has names for. */
static void
play(struct script *s, const char *text)
{
	char line[LINE_MAX_BYTES], *argv[WORDS_MAX];
	unsigned argc;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		assert_true(n < sizeof(line));
		memcpy(line, text, n);
		line[n] = '\0';
		text += n + (text[n] == '\n');
		argc = words_of(line, argv);
		if (argc > 0)
			play_words(s, argc, argv);
	}
}

/* Findings. */

static const char *
string_at(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) ? json_object_get_string(v) : "-";
}

static void
describe(struct json_object *context, char *out, size_t size)
{
	struct json_object *list;
	size_t n = (size_t)snprintf(out, size, "%s %s %s %s x%s %s",
	    string_at(context, "verdict"), string_at(context, "mechanism"),
	    string_at(context, "server"), string_at(context, "client"),
	    string_at(context, "count"), string_at(context, "confidence"));

	if (!json_object_object_get_ex(context, "evidence", &list))
		return;
	for (size_t i = 0; i < json_object_array_length(list); i++)
		n += (size_t)snprintf(out + n, size - n, " %s",
		    json_object_get_string(json_object_array_get_idx(list, i)));
}

static struct json_object *
context_of(struct json_object *event)
{
	struct json_object *o, *context;

	if (!json_object_object_get_ex(event, "alert", &o) ||
	    !json_object_object_get_ex(o, "context", &context))
		fail_msg("no alert.context in %s", json_object_to_json_string(event));
	return context;
}

/* A line replaces the earlier of the same id, verdict and first_seen. In the order of the
 * first ones. */
static struct json_object *
last_lines(const struct script *s)
{
	struct json_object *all = json_object_new_object(), *event, *context;
	char line[LINE_MAX_BYTES * 8], key[256];
	FILE *file = fopen(s->path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		event = json_tokener_parse(line);
		assert_non_null(event);
		context = context_of(event);
		snprintf(key, sizeof(key), "%s %s %s", string_at(context, "id"),
		    string_at(context, "verdict"), string_at(context, "first_seen"));
		json_object_object_add(all, key, json_object_get(event));
		json_object_put(event);
	}
	fclose(file);
	return all;
}

static void
script_finish(struct script *s)
{
	char error[CONF_ERROR_MAX] = "", *out = s->out;
	struct json_object *all;

	analyzers_finish(s->analyzers);
	assert_int_equal(sinks_flush(s->sinks, error), 0);
	all = last_lines(s);
	json_object_object_foreach(all, id, event)
	{
		struct json_object *context = context_of(event);

		(void)id;
		if (strcmp(string_at(context, "count"), "0") == 0)
			continue;
		describe(context, out, (size_t)(s->out + sizeof(s->out) - out) - 2);
		out += strlen(out);
		*out++ = '\n';
	}
	*out = '\0';
	json_object_put(all);
}

static void
script_release(struct script *s)
{
	analyzers_free(s->analyzers);
	sinks_close(s->sinks);
	conf_release(&s->conf);
	unlink(s->path);
}

/* Scenarios. */

struct piece {
	char name[32];
	char *text;
};

struct scenario {
	char *name;
	bool no_local;
	char *text, *expected;
};

struct book {
	unsigned pieces, cases;
	struct piece piece[PIECES_MAX];
	struct scenario scenario[CASES_MAX];
	struct CMUnitTest test[CASES_MAX];
};

static const struct book *pieces_of; /* what names in a text stand for */

static void
append(char **text, const char *line)
{
	size_t had = *text != NULL ? strlen(*text) : 0, n = strlen(line);

	*text = realloc(*text, had + n + 1);
	assert_non_null(*text);
	memcpy(*text + had, line, n + 1);
}

/* One line of the file. Returns where its like go on to. */
static char **
book_line(struct book *book, char *line, bool *no_local, char **to)
{
	struct scenario *last = &book->scenario[book->cases];

	if (strncmp(line, "case ", 5) == 0) {
		assert_true(++book->cases < CASES_MAX);
		last++;
		last->name = strndup(line + 5, strcspn(line + 5, "\n"));
		last->no_local = *no_local;
		append(&last->expected, "");
		return &last->text;
	}
	if (strncmp(line, "define ", 7) == 0) {
		assert_true(++book->pieces < PIECES_MAX);
		assert_int_equal(
		    sscanf(line + 7, "%31s", book->piece[book->pieces].name), 1);
		return &book->piece[book->pieces].text;
	}
	if (strcmp(line, "local none\n") == 0)
		*no_local = true;
	if (strcmp(line, "\t=\n") == 0)
		return &last->expected;
	if (line[0] == '\t')
		append(to, line + 1);
	return to;
}

static void
book_read(struct book *book)
{
	FILE *file = fopen(SCENARIOS, "r");
	char line[LINE_MAX_BYTES], **to = NULL;
	bool no_local = false;

	if (file == NULL) {
		perror(SCENARIOS);
		exit(1);
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] != '#')
			to = book_line(book, line, &no_local, to);
	}
	fclose(file);
}

static void
book_free(struct book *book)
{
	for (unsigned i = 0; i <= book->pieces; i++)
		free(book->piece[i].text);
	for (unsigned i = 0; i <= book->cases; i++) {
		free(book->scenario[i].name);
		free(book->scenario[i].text);
		free(book->scenario[i].expected);
	}
}

static const char *
piece_of(const char *name)
{
	for (unsigned i = 1; i <= pieces_of->pieces; i++) {
		if (strcmp(pieces_of->piece[i].name, name) == 0)
			return pieces_of->piece[i].text;
	}
	return NULL;
}

/* Puts words for $1, $2 in a line. */
static void
fill_in(char *out, size_t size, const char *line, size_t n, unsigned argc, char **argv)
{
	size_t used = 0;

	for (size_t i = 0; i < n && used + 1 < size; i++) {
		unsigned arg =
		    line[i] == '$' && i + 1 < n ? (unsigned)(line[i + 1] - '0') : 0;

		if (arg >= 1 && arg < argc) {
			used +=
			    (size_t)snprintf(out + used, size - used, "%s", argv[arg]);
			i++;
		} else {
			out[used++] = line[i];
		}
	}
	assert_true(used < size);
	out[used] = '\0';
}

/* Plays text, whose lines may be names of pieces. argv: the words of its own name. */
static void
play_text(struct script *s, const char *text, unsigned argc, char **argv)
{
	char line[LINE_MAX_BYTES], *words[WORDS_MAX];
	unsigned n;

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");
		const char *piece;

		fill_in(line, sizeof(line), text, length, argc, argv);
		text += length + (text[length] == '\n');
		n = words_of(line, words);
		if (n == 0)
			continue;
		piece = piece_of(words[0]);
		if (piece != NULL)
			play_text(s, piece, n, words);
		else
			play_words(s, n, words);
	}
}

static void
scenario_test(void **state)
{
	static struct script s;
	const struct scenario *c = *state;
	char error[CONF_ERROR_MAX];

	script_init(&s, HOME, c->no_local ? NULL : LOCAL);
	assert_int_equal(conf_set_relay_domains(&s.conf, "partner.example", error), 0);
	assert_int_equal(conf_set_trusted_relays(&s.conf, "198.51.100.200", error), 0);
	script_start(&s);
	play_text(&s, c->text, 0, NULL);
	script_finish(&s);
	script_release(&s);
	assert_string_equal(s.out, c->expected);
}

static int
run_scenarios(struct book *book)
{
	for (unsigned i = 1; i <= book->cases; i++)
		book->test[i - 1] = (struct CMUnitTest){ .name = book->scenario[i].name,
			.test_func = scenario_test,
			.initial_state = &book->scenario[i] };
	return _cmocka_run_group_tests("scenarios", book->test, book->cases, NULL, NULL);
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
	struct json_object *all = last_lines(s), *last = NULL;

	json_object_object_foreach(all, id, event)
	{
		(void)id;
		last = event;
	}
	json_object_get(last);
	json_object_put(all);
	return last;
}

static struct json_object *
member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	if (!json_object_object_get_ex(o, name, &v))
		fail_msg("no %s in %s", name, json_object_to_json_string(o));
	return v;
}

static void
a_confirmed_relay_names_both_legs(void **state)
{
	static struct script s;
	struct json_object *event, *context, *legs, *leg;

	(void)state;
	script_init(&s, HOME, LOCAL);
	script_start(&s);
	play(&s, in_letter);
	play(&s, "+ 60");
	play(&s, out_letter);
	script_finish(&s);
	event = last_event(&s);
	context = context_of(event);
	assert_string_equal(string_at(event, "src_ip"), "198.51.100.7");
	assert_string_equal(string_at(event, "dest_ip"), "192.0.2.25");
	assert_string_equal(string_at(event, "tx_id"), "0");
	assert_string_equal(string_at(context, "server_port"), "25");
	assert_string_equal(string_at(member(context, "target"), "ip"), "203.0.113.25");
	/* final reply -> greeting -> MAIL: 10 ms each */
	assert_string_equal(string_at(context, "delay_ms"), "60020");
	legs = member(context, "legs");
	assert_int_equal(json_object_array_length(legs), 2);
	leg = json_object_array_get_idx(legs, 0);
	assert_string_equal(string_at(leg, "role"), "inbound");
	assert_string_equal(string_at(leg, "src_ip"), "198.51.100.7");
	assert_string_equal(string_at(leg, "pcap_cnt"), "2");
	leg = json_object_array_get_idx(legs, 1);
	assert_string_equal(string_at(leg, "role"), "outbound");
	assert_string_equal(string_at(leg, "src_ip"), "192.0.2.26");
	assert_string_equal(string_at(leg, "dest_ip"), "203.0.113.25");
	assert_string_equal(
	    string_at(member(context, "mail"), "mail_from"), "<s@client.example>");
	assert_string_equal(
	    string_at(member(context, "mail"), "message_id"), "<one@client.example>");
	assert_string_equal(string_at(event, "pcap_cnt"), "2");
	json_object_put(event);
	script_release(&s);
}

static void
forwarding_while_receiving_has_a_negative_delay(void **state)
{
	static struct script s;
	struct json_object *event, *context;

	(void)state;
	script_init(&s, HOME, LOCAL);
	script_start(&s);
	play(&s, "A open 198.51.100.7 192.0.2.25\nA mail <s@client.example> 250\n"
		 "A rcpt <t@third.example> 250\nA data 354\n");
	play(&s, out_letter);
	play(&s, "A letter one\nA final 250\n");
	script_finish(&s);
	event = last_event(&s);
	context = context_of(event);
	assert_true(json_object_get_int64(member(context, "delay_ms")) < 0);
	assert_string_equal(
	    string_at(member(context, "mail"), "mail_from"), "<s@client.example>");
	json_object_put(event);
	script_release(&s);
}

static void
an_accepted_relay_asks_whether_the_domain_is_ours(void **state)
{
	static struct script s;
	struct json_object *event;

	(void)state;
	script_init(&s, HOME, LOCAL);
	script_start(&s);
	play(&s, in_letter);
	script_finish(&s);
	event = last_event(&s);
	assert_non_null(
	    strstr(string_at(member(event, "alert"), "signature"), "third.example"));
	json_object_put(event);
	script_release(&s);
}

/* Memory. */

static void
other_clients_do_not_flush_a_message(void **state)
{
	static struct script s;
	char text[512];

	(void)state;
	script_init(&s, HOME, LOCAL);
	s.conf.relay.messages = 100;
	s.conf.relay.keys = 300;
	s.conf.relay.client_share_percent = 10;
	script_start(&s);
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
	script_finish(&s);
	assert_non_null(strstr(s.out, "confirmed plain 192.0.2.25 198.51.100.7 x1 high"));
	assert_non_null(strstr(s.out, "accepted plain 192.0.2.25 198.51.100.66 x1000"));
	script_release(&s);
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
	script_init(&s, HOME, LOCAL);
	s.conf.mail.sessions = 5;
	s.conf.mail.blocks = 20;
	s.conf.relay.messages = 12;
	s.conf.relay.keys = 16;
	s.conf.relay.client_share_percent = 60;
	s.conf.relay.window_sec = 1000;
	script_start(&s);
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
	script_finish(&s);
	assert_non_null(strstr(s.out, "confirmed"));
	script_release(&s);
}

/* As many legs as there are, each matched to its own transaction, in a session each. */
static void
many_messages_in_one_session(void **state)
{
	static struct script s;
	enum { MESSAGES = 3000 };
	char text[512];

	(void)state;
	script_init(&s, HOME, LOCAL);
	s.conf.relay.client_share_percent = 100;
	script_start(&s);
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
	script_finish(&s);
	assert_non_null(
	    strstr(s.out, "confirmed plain 192.0.2.25 198.51.100.7 x3000 high"));
	assert_null(strstr(s.out, "accepted"));
	script_release(&s);
}

static void
many_recipients_of_one_message(void **state)
{
	static struct script s;
	enum { RCPTS = 10000 };
	char text[512];

	(void)state;
	script_init(&s, HOME, LOCAL);
	s.conf.relay.client_share_percent = 100;
	script_start(&s);
	play(&s, "A open 198.51.100.7 192.0.2.25\nA mail <s@client.example> 250\n");
	for (unsigned i = 0; i < RCPTS; i++) {
		snprintf(text, sizeof(text), "A rcpt <t%u@third.example> 250\n", i);
		play(&s, text);
	}
	play(&s, "A data 354\nA letter one\nA final 250\n");
	play(&s, "B open 192.0.2.25 203.0.113.25\nB mail <s@client.example> 250\n"
		 "B rcpt <t9999@third.example> 250\nB data 354\nB letter two\n"
		 "B final 250\n");
	script_finish(&s);
	assert_non_null(
	    strstr(s.out, "confirmed plain 192.0.2.25 198.51.100.7 x1 medium"));
	script_release(&s);
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
	script_init(&s, HOME, LOCAL);
	script_start(&s);
	play(&s, "A open 198.51.100.7 192.0.2.25\nB open 192.0.2.25 203.0.113.25\n");
	begun = clock();
	for (unsigned i = 0; i < MESSAGES; i++) {
		play(&s, text);
		if (i == MESSAGES / 4)
			first = clock() - begun;
	}
	assert_true(clock() - begun < 12 * first + CLOCKS_PER_SEC);
	script_finish(&s);
	assert_non_null(
	    strstr(s.out, "confirmed plain 192.0.2.25 198.51.100.7 x20000 high"));
	script_release(&s);
}

int
main(void)
{
	static struct book book;
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_confirmed_relay_names_both_legs),
		cmocka_unit_test(forwarding_while_receiving_has_a_negative_delay),
		cmocka_unit_test(an_accepted_relay_asks_whether_the_domain_is_ours),
		cmocka_unit_test(other_clients_do_not_flush_a_message),
		cmocka_unit_test(any_dialogue_in_hardly_any_memory),
		cmocka_unit_test(many_messages_in_one_session),
		cmocka_unit_test(many_recipients_of_one_message),
		cmocka_unit_test(the_same_message_for_ever_is_linear),
	};
	int failed;

	book_read(&book);
	pieces_of = &book;
	failed = run_scenarios(&book);
	failed += cmocka_run_group_tests(tests, NULL, NULL);
	book_free(&book);
	return failed;
}
