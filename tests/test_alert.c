/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "alert.h"
#include "inventory.h"
#include "make_record.h"
#include "sink.h"

static const int64_t second_us = 1000000;
static const int64_t hour_us = 3600 * (int64_t)1000000;

/* Lines go through the real output into a file and are read back from it. */
struct fixture {
	char path[32];
	FILE *file;
	struct conf conf;
	uint32_t clients;
	struct sinks *sinks;
	struct inventory *inventory;
	struct alerts *alerts;
	struct make make;
	uint64_t id;
	char text[65536]; /* of the lines read */
};

static const char *
source_name(const void *context, uint16_t source)
{
	(void)context;
	(void)source;
	return "test.pcap";
}

static void
open_alerts(struct fixture *f, uint32_t findings)
{
	const struct sink_names names = { .source = source_name };
	char error[CONF_ERROR_MAX];

	f->conf.output.log = CONF_LOG_ALERT;
	f->conf.output.path = f->path;
	f->conf.alerts = (struct conf_alerts){
		.window_sec = 3600, .findings = findings, .clients = f->clients };
	f->sinks = sinks_open(&f->conf, &names, error);
	f->inventory = inventory_new(64);
	f->alerts = alerts_new(&f->conf.alerts, f->sinks, f->inventory);
	f->file = fopen(f->path, "r");
	make_init(&f->make);
}

static void
close_alerts(struct fixture *f)
{
	alerts_free(f->alerts);
	inventory_free(f->inventory);
	sinks_close(f->sinks);
	fclose(f->file);
}

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/rw-alert-XXXXXX");
	close(mkstemp(f->path));
	f->clients = 100;
	open_alerts(f, 4096);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	close_alerts(f);
	unlink(f->path);
	free(f);
	return 0;
}

static struct alert
make_alert(struct fixture *f, enum alert_verdict verdict, const char *client)
{
	f->make.number++;
	f->make.now_us += second_us;
	make_session(&f->make, f->make.number, client, 40000, "192.0.2.25", 25);
	return (struct alert){ .signature_id = 1001,
		.kind = ALERT_RELAY,
		.verdict = verdict,
		.session = f->make.session,
		.origin = make_origin(&f->make),
		.server = f->make.session.server,
		.has_client = true,
		.client = f->make.session.client.addr };
}

static uint64_t
raise(struct fixture *f, enum alert_verdict verdict, const char *client)
{
	struct alert alert = make_alert(f, verdict, client);

	return alerts_raise(f->alerts, &alert);
}

static void
raise_times(struct fixture *f, unsigned times, enum alert_verdict verdict)
{
	while (times-- != 0)
		f->id = raise(f, verdict, "198.51.100.7");
}

static void
confirm(struct fixture *f, enum alert_verdict was, const char *client)
{
	struct alert alert = make_alert(f, ALERT_CONFIRMED, client);

	alert.was = was;
	alerts_raise(f->alerts, &alert);
}

static void
raise_numbered(struct fixture *f, enum alert_verdict verdict, unsigned client)
{
	char text[32];

	snprintf(text, sizeof(text), "10.1.%u.%u", client / 250, client % 250 + 1);
	raise(f, verdict, text);
}

static struct json_object *
context_of(struct json_object *event)
{
	return json_object_object_get(json_object_object_get(event, "alert"), "context");
}

static const char *
word(struct json_object *context, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(context, key, &value))
		return "-";
	return json_object_get_string(value);
}

/* The lines written since the last call, as "verdict client count", parted by commas. */
static const char *
lines(struct fixture *f)
{
	char line[16384], error[CONF_ERROR_MAX];
	size_t n = 0;

	assert_int_equal(sinks_flush(f->sinks, error), 0);
	clearerr(f->file);
	f->text[0] = '\0';
	while (fgets(line, sizeof(line), f->file) != NULL) {
		struct json_object *event = json_tokener_parse(line);
		struct json_object *c = context_of(event);

		n += (size_t)snprintf(f->text + n, sizeof(f->text) - n, "%s%s %s %s",
		    n == 0 ? "" : ", ", word(c, "verdict"), word(c, "client"),
		    word(c, "count"));
		json_object_put(event);
	}
	return f->text;
}

struct last {
	char key[128];
	char verdict[32];
	uint64_t count;
};

static struct last *
last_of(struct last *all, size_t *n, struct json_object *c)
{
	char key[128];
	size_t i;

	snprintf(key, sizeof(key), "%s %s %s", word(c, "id"), word(c, "verdict"),
	    word(c, "first_seen"));
	for (i = 0; i < *n && strcmp(all[i].key, key) != 0; i++)
		;
	if (i == *n)
		(*n)++;
	memcpy(all[i].key, key, sizeof(key));
	snprintf(all[i].verdict, sizeof(all[i].verdict), "%s", word(c, "verdict"));
	return &all[i];
}

/* The sum of count over the last lines of all findings of a verdict in the file. */
static uint64_t
sum(struct fixture *f, const char *verdict)
{
	static struct last all[8192];
	char line[16384], error[CONF_ERROR_MAX];
	uint64_t total = 0;
	size_t n = 0;

	sinks_flush(f->sinks, error);
	rewind(f->file);
	while (fgets(line, sizeof(line), f->file) != NULL) {
		struct json_object *event = json_tokener_parse(line);
		struct json_object *c = context_of(event);

		last_of(all, &n, c)->count = strtoull(word(c, "count"), NULL, 10);
		json_object_put(event);
	}
	for (size_t i = 0; i < n; i++)
		total += strcmp(all[i].verdict, verdict) == 0 ? all[i].count : 0;
	return total;
}

static unsigned
line_count(struct fixture *f)
{
	unsigned n = 0;
	int c;

	lines(f);
	rewind(f->file);
	while ((c = getc(f->file)) != EOF)
		n += c == '\n';
	return n;
}

static void
the_first_is_told_at_once(void **state)
{
	struct fixture *f = *state;

	raise(f, ALERT_REFUSED, "198.51.100.7");
	assert_string_equal(lines(f), "refused 198.51.100.7 1");
	raise(f, ALERT_REFUSED, "198.51.100.7");
	assert_string_equal(lines(f), "");
	raise(f, ALERT_REFUSED, "198.51.100.8");
	assert_string_equal(lines(f), "refused 198.51.100.8 1");
}

static void
a_stronger_verdict_is_told_at_once(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 5, ALERT_REFUSED);
	lines(f);
	raise_times(f, 1, ALERT_ACCEPTED);
	assert_string_equal(lines(f), "accepted 198.51.100.7 1");
}

static void
every_power_of_ten_is_told(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 1200, ALERT_REFUSED);
	assert_string_equal(lines(f),
	    "refused 198.51.100.7 1, refused 198.51.100.7 10, "
	    "refused 198.51.100.7 100, refused 198.51.100.7 1000");
	alerts_finish(f->alerts);
	assert_string_equal(lines(f), "refused 198.51.100.7 1200");
}

static void
ten_thousand_probes_are_a_handful_of_lines(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 10000; i++) {
		raise(f, ALERT_REFUSED, "198.51.100.7");
		f->make.now_us -= second_us * 9 / 10; /* ten a second */
	}
	alerts_finish(f->alerts);
	assert_in_range(line_count(f), 5, 6);
	assert_int_equal(sum(f, "refused"), 10000);
}

static void
a_window_that_ends_tells_the_rest(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 7, ALERT_REFUSED);
	lines(f);
	alerts_tick(f->alerts, f->make.now_us + hour_us - 10 * second_us);
	assert_string_equal(lines(f), "");
	alerts_tick(f->alerts, f->make.now_us + hour_us);
	assert_string_equal(lines(f), "refused 198.51.100.7 7");
	alerts_tick(f->alerts, f->make.now_us + 3 * hour_us);
	alerts_finish(f->alerts);
	assert_string_equal(lines(f), "");
}

static void
a_window_without_change_tells_nothing(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 10, ALERT_REFUSED);
	lines(f);
	alerts_tick(f->alerts, f->make.now_us + 2 * hour_us);
	assert_string_equal(lines(f), "");
}

static void
the_next_window_counts_from_zero(void **state)
{
	struct fixture *f = *state;
	uint64_t id;

	raise_times(f, 3, ALERT_REFUSED);
	id = f->id;
	f->make.now_us += hour_us;
	raise_times(f, 1, ALERT_REFUSED);
	assert_string_equal(lines(f), "refused 198.51.100.7 1, refused 198.51.100.7 3, "
	                              "refused 198.51.100.7 1");
	assert_true(id == f->id);
	assert_int_equal(sum(f, "refused"), 4);
}

static void
the_end_tells_what_was_not_told(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 2, ALERT_REFUSED);
	raise(f, ALERT_ACCEPTED, "198.51.100.9");
	lines(f);
	alerts_finish(f->alerts);
	assert_string_equal(lines(f), "refused 198.51.100.7 2");
	alerts_finish(f->alerts);
	assert_string_equal(lines(f), "");
}

static void
a_confirmed_occurrence_moves(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 1, ALERT_ACCEPTED);
	confirm(f, ALERT_ACCEPTED, "198.51.100.7");
	assert_string_equal(lines(f), "accepted 198.51.100.7 1, accepted 198.51.100.7 0, "
	                              "confirmed 198.51.100.7 1");
	alerts_finish(f->alerts);
	assert_string_equal(lines(f), "");
}

static void
the_last_line_is_the_strongest(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 5, ALERT_ACCEPTED);
	for (unsigned i = 0; i < 5; i++)
		confirm(f, ALERT_ACCEPTED, "198.51.100.7");
	lines(f);
	alerts_finish(f->alerts);
	assert_string_equal(
	    lines(f), "accepted 198.51.100.7 0, confirmed 198.51.100.7 5");
	raise_times(f, 1, ALERT_REFUSED);
	alerts_finish(f->alerts);
	assert_string_equal(
	    lines(f), "refused 198.51.100.7 1, confirmed 198.51.100.7 5");
	assert_int_equal(sum(f, "accepted"), 0);
	assert_int_equal(sum(f, "confirmed"), 5);
}

static void
a_confirmation_after_the_window_corrects_it(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 3, ALERT_ACCEPTED);
	f->make.now_us += 2 * hour_us;
	confirm(f, ALERT_ACCEPTED, "198.51.100.7");
	assert_string_equal(lines(f),
	    "accepted 198.51.100.7 1, accepted 198.51.100.7 3, "
	    "accepted 198.51.100.7 2, confirmed 198.51.100.7 1");
	confirm(f, ALERT_ACCEPTED, "198.51.100.7");
	alerts_tick(f->alerts, f->make.now_us + 2 * hour_us);
	assert_int_equal(sum(f, "accepted"), 1);
	assert_int_equal(sum(f, "confirmed"), 2);
}

static void
raised_again_alike_is_counted_once(void **state)
{
	struct fixture *f = *state;

	raise_times(f, 1, ALERT_ACCEPTED);
	for (unsigned i = 0; i < 20; i++) {
		struct alert alert = make_alert(f, ALERT_ACCEPTED, "198.51.100.7");

		alert.was = ALERT_ACCEPTED;
		assert_true(alerts_raise(f->alerts, &alert) == f->id);
	}
	alerts_finish(f->alerts);
	assert_string_equal(lines(f), "accepted 198.51.100.7 1");
}

static void
many_clients_are_rolled_up(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 100; i++)
		raise_numbered(f, ALERT_REFUSED, i);
	assert_int_equal(line_count(f), 100);
	for (unsigned i = 100; i < 1000; i++)
		raise_numbered(f, ALERT_REFUSED, i);
	assert_int_equal(line_count(f), 103);
	raise_numbered(f, ALERT_REFUSED, 5); /* has its own */
	raise_numbered(f, ALERT_REFUSED, 500); /* is known */
	alerts_finish(f->alerts);
	assert_int_equal(line_count(f), 105);
	assert_int_equal(sum(f, "refused"), 1002);
}

static struct json_object *
last_event(struct fixture *f)
{
	static char line[16384];
	char error[CONF_ERROR_MAX];

	sinks_flush(f->sinks, error);
	rewind(f->file);
	while (fgets(line, sizeof(line), f->file) != NULL)
		;
	return json_tokener_parse(line);
}

static void
a_roll_up_tells_how_many_and_the_first_hundred(void **state)
{
	struct fixture *f = *state;
	struct json_object *event, *clients;

	for (unsigned i = 0; i < 350; i++)
		raise_numbered(f, ALERT_REFUSED, i);
	raise_numbered(f, ALERT_REFUSED, 200);
	alerts_finish(f->alerts);
	event = last_event(f);
	assert_string_equal(word(context_of(event), "client"), "-");
	assert_string_equal(word(context_of(event), "count"), "251");
	assert_string_equal(word(context_of(event), "clients_total"), "250");
	clients = json_object_object_get(context_of(event), "clients");
	assert_int_equal(json_object_array_length(clients), 100);
	assert_string_equal(
	    json_object_get_string(json_object_array_get_idx(clients, 0)), "10.1.0.101");
	json_object_put(event);
}

static void
a_rolled_up_occurrence_moves_too(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 120; i++)
		raise_numbered(f, ALERT_ACCEPTED, i);
	confirm(f, ALERT_ACCEPTED, "10.1.0.111");
	confirm(f, ALERT_ACCEPTED, "10.1.0.112");
	confirm(f, ALERT_ACCEPTED, "10.1.0.3");
	alerts_finish(f->alerts);
	assert_int_equal(sum(f, "accepted"), 117);
	assert_int_equal(sum(f, "confirmed"), 3);
}

static void
a_crowd_ends_with_its_window(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 150; i++)
		raise_numbered(f, ALERT_REFUSED, i);
	f->make.now_us += 2 * hour_us;
	lines(f);
	raise_numbered(f, ALERT_REFUSED, 140);
	assert_string_equal(lines(f), "refused - 50, refused 10.1.0.141 1");
}

static void
ipv6_clients_are_one_by_their_64(void **state)
{
	struct fixture *f = *state;

	raise(f, ALERT_REFUSED, "2001:db8:9::1");
	raise(f, ALERT_REFUSED, "2001:db8:9::2");
	assert_string_equal(lines(f), "refused 2001:db8:9::1 1");
	raise(f, ALERT_REFUSED, "2001:db8:9:1::1");
	assert_string_equal(lines(f), "refused 2001:db8:9:1::1 1");
	alerts_finish(f->alerts);
	assert_string_equal(lines(f), "refused 2001:db8:9::2 2");
}

static void
the_id_is_of_all_but_the_verdict(void **state)
{
	struct fixture *f = *state;
	uint64_t id = raise(f, ALERT_REFUSED, "198.51.100.7");
	struct alert other = make_alert(f, ALERT_REFUSED, "198.51.100.7");

	assert_true(id == raise(f, ALERT_CONFIRMED, "198.51.100.7"));
	assert_false(id == raise(f, ALERT_REFUSED, "198.51.100.8"));
	other.mechanism = ALERT_PERCENT;
	assert_false(id == alerts_raise(f->alerts, &other));
	other.mechanism = ALERT_PLAIN;
	other.server.port = 587;
	assert_false(id == alerts_raise(f->alerts, &other));
	/* No seed of a run and no byte order in it. */
	assert_true(id == 0x41dcfb780aa84101);
}

static void
a_full_table_tells_the_oldest(void **state)
{
	struct fixture *f = *state;
	struct alert alert;

	close_alerts(f);
	open_alerts(f, 16);
	for (unsigned i = 0; i < 3000; i++) {
		alert = make_alert(f, ALERT_REFUSED, "198.51.100.7");
		alert.server.port = (uint16_t)(1 + i / 3 % 200);
		alerts_raise(f->alerts, &alert);
	}
	alerts_finish(f->alerts);
	assert_int_equal(sum(f, "refused"), 3000);
}

/* A deterministic mixture of everything: the sums are right, and two runs are alike. */
static void
mixture(struct fixture *f)
{
	uint64_t random = 1;

	for (unsigned i = 0; i < 4000; i++) {
		random = random * 6364136223846793005ULL + 1442695040888963407ULL;
		raise_numbered(f, ALERT_ACCEPTED, (unsigned)(random >> 33) % 150);
		if (i % 3 == 0) {
			struct alert alert = make_alert(f, ALERT_CONFIRMED, "10.1.0.1");

			alert.client = make_addr("10.1.0.1");
			alert.client.b[14] = (uint8_t)((random >> 33) % 150 / 250);
			alert.client.b[15] = (uint8_t)((random >> 33) % 150 % 250 + 1);
			alert.was = ALERT_ACCEPTED;
			alerts_raise(f->alerts, &alert);
		}
	}
	alerts_finish(f->alerts);
}

static char *
read_all(const char *path, size_t *n)
{
	FILE *file = fopen(path, "r");
	char *bytes = malloc(16 << 20);

	*n = fread(bytes, 1, 16 << 20, file);
	fclose(file);
	return bytes;
}

static void
sums_are_what_happened(void **state)
{
	struct fixture *f = *state;

	mixture(f);
	assert_int_equal(sum(f, "confirmed"), 1334);
	assert_int_equal(sum(f, "accepted"), 4000 - 1334);
}

static void
two_runs_are_the_same_bytes(void **state)
{
	struct fixture *f = *state;
	size_t n1, n2;
	char *first, *second;

	mixture(f);
	close_alerts(f);
	first = read_all(f->path, &n1);
	open_alerts(f, 4096);
	mixture(f);
	lines(f);
	second = read_all(f->path, &n2);
	assert_int_equal(n1, n2);
	assert_memory_equal(first, second, n1);
	free(first);
	free(second);
}

struct counters {
	struct stats_visitor visitor;
	uint64_t raised, moved, too_late, evicted, forgotten;
};

static void
note_counter(struct stats_visitor *v, const char *group, const char *name, uint64_t value)
{
	struct counters *c = (struct counters *)v;

	assert_string_equal(group, "alerts");
	if (strcmp(name, "raised") == 0)
		c->raised = value;
	else if (strcmp(name, "moved") == 0)
		c->moved = value;
	else if (strcmp(name, "moves_too_late") == 0)
		c->too_late = value;
	else if (strcmp(name, "findings_evicted") == 0)
		c->evicted = value;
	else if (strcmp(name, "clients_forgotten") == 0)
		c->forgotten = value;
}

/* Whatever is given up for lack of room, no occurrence is lost or told twice. */
static void
sums_hold_in_a_table_far_too_small(void **state)
{
	struct fixture *f = *state;
	struct counters c = { .visitor.counter = note_counter };

	close_alerts(f);
	f->clients = 10;
	open_alerts(f, 16);
	mixture(f);
	confirm(f, ALERT_ACCEPTED, "10.9.9.9"); /* what it was is not known any more */
	alerts_finish(f->alerts);
	alerts_stats(f->alerts, &c.visitor);
	assert_int_equal(c.raised, 4000 + 1335);
	assert_int_equal(c.moved, 1335);
	assert_true(c.evicted != 0 && c.forgotten != 0 && c.too_late != 0);
	assert_int_equal(
	    sum(f, "accepted") + sum(f, "confirmed"), c.raised - (c.moved - c.too_late));
	assert_int_equal(sum(f, "confirmed"), 1335);
}

static void
later_lines_still_show_the_mail(void **state)
{
	struct fixture *f = *state;
	struct transaction *tx = calloc(1, sizeof(*tx));
	struct mail_session mail = { .helo = slice_str("client.example") };
	struct json_object *event;
	const char *text;
	char long_path[600];

	memset(long_path, 'x', sizeof(long_path));
	tx->mail = &mail;
	tx->mail_from = slice_str("<a@b.example>");
	tx->subject = slice_str("Subject here");
	tx->rcpts_kept = tx->rcpt_count = 20;
	for (unsigned i = 0; i < 20; i++)
		tx->rcpt[i] = (struct mail_rcpt){
			.path = slice_of(long_path, sizeof(long_path)), .code = 250 };
	for (unsigned i = 0; i < 2; i++) {
		struct alert alert = make_alert(f, ALERT_ACCEPTED, "198.51.100.7");

		alert.mail = tx;
		alert.domain = slice_str("third.example");
		alert.signature_id = 1002;
		alerts_raise(f->alerts, &alert);
	}
	free(tx);
	alerts_finish(f->alerts);
	event = last_event(f);
	text = json_object_to_json_string(event);
	assert_non_null(strstr(text, "third.example: is it yours?"));
	assert_non_null(strstr(text, "<a@b.example>"));
	assert_non_null(strstr(text, "Subject here"));
	assert_non_null(strstr(text, "client.example"));
	assert_non_null(strstr(text, "\"cut\": true"));
	assert_non_null(strstr(text, "\"rcpt_count\": 20"));
	assert_true(strlen(text) < 8192);
	json_object_put(event);
}

static void
signatures_are_the_contracts(void **state)
{
	static const struct {
		uint32_t id;
		uint8_t severity;
	} wanted[] = { { 1001, 1 }, { 1002, 2 }, { 1003, 2 }, { 1004, 3 }, { 1005, 3 },
		{ 2001, 1 }, { 2002, 1 }, { 2003, 2 }, { 2004, 3 }, { 2005, 1 },
		{ 2006, 2 }, { 2007, 2 }, { 2008, 3 }, { 2009, 2 }, { 2010, 3 },
		{ 2011, 3 } };

	(void)state;
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct alert_signature *s = alert_signature(wanted[i].id);

		assert_non_null(s);
		assert_int_equal(s->id, wanted[i].id);
		assert_int_equal(s->severity, wanted[i].severity);
		assert_true(s->text[0] != '\0' && s->category[0] != '\0');
		assert_non_null(s->mitre[0]);
	}
	assert_null(alert_signature(9));
	assert_string_equal(alert_signature(2010)->text,
	    "proxy attempt from outside (not mail) refused or unanswered");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_first_is_told_at_once),
		TEST(a_stronger_verdict_is_told_at_once),
		TEST(every_power_of_ten_is_told),
		TEST(ten_thousand_probes_are_a_handful_of_lines),
		TEST(a_window_that_ends_tells_the_rest),
		TEST(a_window_without_change_tells_nothing),
		TEST(the_next_window_counts_from_zero),
		TEST(the_end_tells_what_was_not_told),
		TEST(a_confirmed_occurrence_moves),
		TEST(the_last_line_is_the_strongest),
		TEST(a_confirmation_after_the_window_corrects_it),
		TEST(raised_again_alike_is_counted_once),
		TEST(many_clients_are_rolled_up),
		TEST(a_roll_up_tells_how_many_and_the_first_hundred),
		TEST(a_rolled_up_occurrence_moves_too),
		TEST(a_crowd_ends_with_its_window),
		TEST(ipv6_clients_are_one_by_their_64),
		TEST(the_id_is_of_all_but_the_verdict),
		TEST(a_full_table_tells_the_oldest),
		TEST(sums_are_what_happened),
		TEST(two_runs_are_the_same_bytes),
		TEST(sums_hold_in_a_table_far_too_small),
		TEST(later_lines_still_show_the_mail),
		cmocka_unit_test(signatures_are_the_contracts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
