/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "make_record.h"
#include "sink.h"

struct fixture {
	char path[32];
	struct conf conf;
	struct sinks *sinks;
	struct transactions *transactions;
	struct make make;
	char text[2 << 20]; /* what the file holds */
};

static const char *
source_name(const void *context, uint16_t source)
{
	(void)context;
	return source == 0 ? "pcaps/a \"b\".pcap" : "eth0";
}

static void
open_sinks(struct fixture *f, unsigned log, bool live)
{
	const struct sink_names names = { .source = source_name, .live = live };
	char error[CONF_ERROR_MAX];

	f->conf.output.log = log;
	f->conf.output.path = f->path;
	f->sinks = sinks_open(&f->conf, &names, error);
	assert_non_null(f->sinks);
}

static int
set_up(void **state)
{
	const struct conf_mail mail = { .sessions = 16, .blocks = 256 };
	struct fixture *f = calloc(1, sizeof(*f));

	strcpy(f->path, "/tmp/rw-json-XXXXXX");
	close(mkstemp(f->path));
	open_sinks(f, CONF_LOG_ALERT | CONF_LOG_SMTP | CONF_LOG_STATS, false);
	f->transactions = transactions_new(&mail);
	make_init(&f->make);
	make_session(&f->make, 4711, "198.51.100.7", 40000, "192.0.2.25", 25);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	sinks_close(f->sinks);
	transactions_free(f->transactions);
	unlink(f->path);
	free(f);
	return 0;
}

static void
read_file(struct fixture *f)
{
	FILE *file = fopen(f->path, "r");
	size_t n = fread(f->text, 1, sizeof(f->text) - 1, file);

	f->text[n] = '\0';
	fclose(file);
}

static const char *
output(struct fixture *f)
{
	char error[CONF_ERROR_MAX];

	assert_int_equal(sinks_flush(f->sinks, error), 0);
	read_file(f);
	return f->text;
}

static const struct transaction *
fact(struct fixture *f, enum fact_type type, uint16_t code, const char *text)
{
	return transactions_apply(f->transactions,
	    make_fact(&f->make, type, code, text, "mx.example.org", "2.1.5 Ok"));
}

static void
header(struct fixture *f, enum fact_header which, const char *value)
{
	transactions_apply(f->transactions, make_header(&f->make, which, value));
}

static const struct transaction *
whole_transaction(struct fixture *f)
{
	struct record *r;

	fact(f, FACT_GREETING, 220, "mx.example.org");
	fact(f, FACT_HELO, 250, "client.example");
	r = make_fact(&f->make, FACT_AUTH, 535, "PLAIN", "eve", "");
	transactions_apply(f->transactions, r);
	fact(f, FACT_MAIL, 250, "<s@sender.example>");
	fact(f, FACT_RCPT, 250, "<t@third.example>");
	fact(f, FACT_RCPT, 550, "<u@third.example>");
	fact(f, FACT_RCPT, 0, "<v@third.example>");
	fact(f, FACT_DATA, 354, "");
	header(f, FACT_HEADER_RECEIVED, "from x by y; now");
	header(f, FACT_HEADER_FROM, "S <s@sender.example>");
	header(f, FACT_HEADER_TO, "\"T, Mr\" <t@third.example>, u@third.example");
	header(f, FACT_HEADER_SUBJECT, "a \"quoted\" / subject");
	header(f, FACT_HEADER_MESSAGE_ID, "<1@sender.example>");
	header(f, FACT_HEADER_DATE, "Sat, 21 Nov 2026 19:20:32 +0000");
	transactions_apply(f->transactions, make_message(&f->make, 1234, 0xabc));
	return fact(f, FACT_FINAL, 250, "2.0.0 queued");
}

static void
a_transaction_is_one_line(void **state)
{
	struct fixture *f = *state;

	sinks_transaction(f->sinks, whole_transaction(f));
	assert_string_equal(output(f),
	    "{\"timestamp\":\"2026-11-21T19:20:32.139456+0000\",\"flow_id\":4711,"
	    "\"pcap_filename\":\"pcaps/a \\\"b\\\".pcap\",\"pcap_cnt\":16,"
	    "\"event_type\":\"smtp\",\"src_ip\":\"198.51.100.7\",\"src_port\":40000,"
	    "\"dest_ip\":\"192.0.2.25\",\"dest_port\":25,\"proto\":\"TCP\",\"ip_v\":4,"
	    "\"community_id\":\"1:4IYLtyoh0IFRlitlydYTP6Bup5s=\",\"app_proto\":\"smtp\","
	    "\"tx_id\":0,"
	    "\"smtp\":{\"helo\":\"client.example\",\"mail_from\":\"<s@sender.example>\","
	    "\"rcpt_to\":[\"<t@third.example>\",\"<u@third.example>\","
	    "\"<v@third.example>\"]},"
	    "\"email\":{\"from\":\"S <s@sender.example>\","
	    "\"to\":[\"\\\"T, Mr\\\" <t@third.example>\",\"u@third.example\"],"
	    "\"subject\":\"a \\\"quoted\\\" / subject\","
	    "\"message_id\":\"<1@sender.example>\","
	    "\"date\":\"Sat, 21 Nov 2026 19:20:32 +0000\","
	    "\"received\":[\"from x by y; now\"]},"
	    "\"relaywatch\":{\"mail_code\":250,"
	    "\"rcpt\":[{\"addr\":\"<t@third.example>\",\"code\":250,"
	    "\"reply\":\"2.1.5 Ok\"},"
	    "{\"addr\":\"<u@third.example>\",\"code\":550,\"reply\":\"2.1.5 Ok\"},"
	    "{\"addr\":\"<v@third.example>\"}],"
	    "\"rcpt_count\":3,\"rcpt_accepted\":1,\"data_code\":250,"
	    "\"outcome\":\"delivered\","
	    "\"auth\":{\"mechanism\":\"PLAIN\",\"user\":\"eve\",\"ok\":false},"
	    "\"tls\":\"none\",\"size\":1234,\"body_hash\":\"0000000000000abc\","
	    "\"server_name\":\"mx.example.org\"}}\n");
}

static void
a_session_without_mail_says_so(void **state)
{
	struct fixture *f = *state;

	fact(f, FACT_GREETING, 220, "mx");
	fact(f, FACT_HELO, 250, "c");
	fact(f, FACT_STARTTLS, 220, "");
	sinks_transaction(f->sinks, fact(f, FACT_TLS, 0, ""));
	assert_non_null(strstr(output(f),
	    "\"tx_id\":0,\"smtp\":{\"helo\":\"c\"},\"relaywatch\":{\"rcpt\":[],"
	    "\"rcpt_count\":0,\"rcpt_accepted\":0,\"outcome\":\"unknown\","
	    "\"tls\":\"starttls\",\"server_name\":\"mx.example.org\","
	    "\"no_transaction\":true}}\n"));
}

static struct alert
make_alert(struct fixture *f, const struct transaction *tx)
{
	struct alert alert = { .signature_id = 1002,
		.kind = ALERT_RELAY,
		.verdict = ALERT_CONFIRMED,
		.mechanism = ALERT_PERCENT,
		.confidence = ALERT_HIGH,
		.evidence = ALERT_EVIDENCE_RCPT_CODE | ALERT_EVIDENCE_DATA_CODE |
			    ALERT_EVIDENCE_OUTBOUND_RCPT,
		.rcpt_code = 250,
		.data_code = 251,
		.session = f->make.session,
		.origin = make_origin(&f->make),
		.has_tx = true,
		.tx_id = 3,
		.server = f->make.session.server,
		.has_client = true,
		.client = f->make.session.client.addr,
		.target = { .has_addr = true,
		    .addr = make_addr("203.0.113.9"),
		    .port = 25 },
		.domain = slice_str("third.example"),
		.mail = tx,
		.legs = 2,
		.related_count = 1,
		.related = { 0xfffffffffffffff1 },
		.has_delay = true,
		.delay_ms = -12 };

	alert.session.vlan_layers = 2;
	alert.session.vlan[0] = 7;
	alert.session.vlan[1] = 4094;
	alert.leg[0] = (struct alert_leg){ .client = alert.session.client,
		.server = alert.session.server,
		.flow_id = 4711,
		.first_us = make_start_us,
		.last_us = make_start_us + 1,
		.origin = { .number = 9 } };
	alert.leg[1] = (struct alert_leg){ .outbound = true,
		.client = make_endpoint("192.0.2.25", 50000),
		.server = make_endpoint("203.0.113.9", 25),
		.flow_id = 9007199254740992,
		.first_us = 0,
		.last_us = 999999,
		.origin = { .number = 11, .source = 0 },
		.tls = MAIL_TLS_STARTTLS };
	return alert;
}

static const struct alert_tally one = {
	.id = 0x1f, .count = 3, .first_us = 1795288832123456, .last_us = 1795288832123457
};

static void
an_alert_is_one_line(void **state)
{
	struct fixture *f = *state;
	struct alert alert = make_alert(f, whole_transaction(f));

	sinks_alert(f->sinks, &alert, &one);
	assert_string_equal(output(f),
	    "{\"timestamp\":\"2026-11-21T19:20:32.139456+0000\",\"flow_id\":4711,"
	    "\"pcap_filename\":\"pcaps/a \\\"b\\\".pcap\",\"pcap_cnt\":16,"
	    "\"event_type\":\"alert\",\"vlan\":[7,4094],\"src_ip\":\"198.51.100.7\","
	    "\"src_port\":40000,\"dest_ip\":\"192.0.2.25\",\"dest_port\":25,"
	    "\"proto\":\"TCP\",\"ip_v\":4,"
	    "\"community_id\":\"1:4IYLtyoh0IFRlitlydYTP6Bup5s=\",\"app_proto\":\"smtp\","
	    "\"tx_id\":3,\"alert\":{\"action\":\"allowed\",\"gid\":9001,"
	    "\"signature_id\":1002,\"rev\":1,\"signature\":\"open relay: third-party "
	    "mail accepted for third.example: is it yours? then add it to "
	    "local-domains\","
	    "\"category\":\"Misuse of Mail Relay\",\"severity\":2,"
	    "\"metadata\":{\"mitre_technique_id\":[\"T1496.002\"],"
	    "\"confidence\":[\"high\"]},"
	    "\"context\":{\"id\":\"000000000000001f\",\"kind\":\"relay\","
	    "\"verdict\":\"confirmed\",\"server\":\"192.0.2.25\",\"server_port\":25,"
	    "\"client\":\"198.51.100.7\",\"target\":{\"ip\":\"203.0.113.9\",\"port\":25},"
	    "\"mechanism\":\"percent\",\"confidence\":\"high\","
	    "\"evidence\":[\"rcpt-code-250\",\"data-code-251\",\"outbound-rcpt\"],"
	    "\"mail\":{\"mail_from\":\"<s@sender.example>\","
	    "\"rcpt\":[{\"addr\":\"<t@third.example>\",\"code\":250},"
	    "{\"addr\":\"<u@third.example>\",\"code\":550},"
	    "{\"addr\":\"<v@third.example>\"}],\"rcpt_count\":3,"
	    "\"message_id\":\"<1@sender.example>\","
	    "\"subject\":\"a \\\"quoted\\\" / subject\",\"size\":1234},"
	    "\"legs\":[{\"role\":\"inbound\",\"src_ip\":\"198.51.100.7\","
	    "\"src_port\":40000,\"dest_ip\":\"192.0.2.25\",\"dest_port\":25,"
	    "\"community_id\":\"1:4IYLtyoh0IFRlitlydYTP6Bup5s=\",\"flow_id\":4711,"
	    "\"first\":\"2026-11-21T19:20:32.123456+0000\","
	    "\"last\":\"2026-11-21T19:20:32.123457+0000\","
	    "\"pcap_filename\":\"pcaps/a \\\"b\\\".pcap\",\"pcap_cnt\":9,"
	    "\"tls\":\"none\"},"
	    "{\"role\":\"outbound\",\"src_ip\":\"192.0.2.25\",\"src_port\":50000,"
	    "\"dest_ip\":\"203.0.113.9\",\"dest_port\":25,"
	    "\"community_id\":\"1:STcKJVoUw63U5WwJmJi6P33Ke7o=\","
	    "\"flow_id\":9007199254740992,"
	    "\"first\":\"1970-01-01T00:00:00.000000+0000\","
	    "\"last\":\"1970-01-01T00:00:00.999999+0000\","
	    "\"pcap_filename\":\"pcaps/a \\\"b\\\".pcap\",\"pcap_cnt\":11,"
	    "\"tls\":\"starttls\"}],"
	    "\"related\":[\"fffffffffffffff1\"],\"delay_ms\":-12,\"count\":3,"
	    "\"first_seen\":\"2026-11-21T19:20:32.123456+0000\","
	    "\"last_seen\":\"2026-11-21T19:20:32.123457+0000\"}},"
	    "\"smtp\":{\"helo\":\"client.example\",\"mail_from\":\"<s@sender.example>\","
	    "\"rcpt_to\":[\"<t@third.example>\",\"<u@third.example>\","
	    "\"<v@third.example>\"]},"
	    "\"email\":{\"from\":\"S <s@sender.example>\","
	    "\"to\":[\"\\\"T, Mr\\\" <t@third.example>\",\"u@third.example\"],"
	    "\"subject\":\"a \\\"quoted\\\" / subject\","
	    "\"message_id\":\"<1@sender.example>\","
	    "\"date\":\"Sat, 21 Nov 2026 19:20:32 +0000\","
	    "\"received\":[\"from x by y; now\"]}}\n");
}

static void
an_alert_without_mail_has_no_mail_objects(void **state)
{
	struct fixture *f = *state;
	struct alert alert = make_alert(f, NULL);

	alert.has_tx = alert.has_client = alert.has_delay = false;
	alert.related_count = 0;
	alert.via_count = 2;
	alert.via[0] = ALERT_SOCKS5;
	alert.via[1] = ALERT_HTTP_CONNECT;
	alert.target.host = slice_str("mx.third.example");
	sinks_alert(f->sinks, &alert, &one);
	output(f);
	assert_null(strstr(f->text, "\"smtp\":{"));
	assert_null(strstr(f->text, "\"email\""));
	assert_null(strstr(f->text, "\"mail\""));
	assert_null(strstr(f->text, "\"client\""));
	assert_null(strstr(f->text, "tx_id"));
	assert_null(strstr(f->text, "delay_ms"));
	assert_null(strstr(f->text, "related"));
	assert_non_null(strstr(f->text, "\"via\":[\"socks5\",\"http-connect\"]"));
	assert_non_null(strstr(f->text,
	    "\"target\":{\"host\":\"mx.third.example\",\"ip\":\"203.0.113.9\","
	    "\"port\":25}"));
}

/* A label stands where no parser has a word, and only there. */
static void
labels_fill_in_for_parsers(void **state)
{
	struct fixture *f = *state;
	struct alert alert = make_alert(f, whole_transaction(f));

	alert.session.label = "rdp";
	sinks_alert(f->sinks, &alert, &one);
	assert_non_null(strstr(output(f), "\"app_proto\":\"smtp\""));
	assert_null(strstr(output(f), "rdp"));
	alert.session.app_proto = NULL;
	sinks_alert(f->sinks, &alert, &one);
	assert_non_null(strstr(output(f), "\"app_proto\":\"rdp\""));
}

static void
rolled_up_clients_are_listed(void **state)
{
	struct fixture *f = *state;
	struct addr clients[2] = { make_addr("10.0.0.1"), make_addr("2001:db8::1") };
	struct alert_tally tally = one;
	struct alert alert = make_alert(f, NULL);

	tally.clients_total = 250;
	tally.clients = clients;
	tally.clients_count = 2;
	sinks_alert(f->sinks, &alert, &tally);
	assert_non_null(strstr(output(f),
	    "\"clients_total\":250,\"clients\":[\"10.0.0.1\",\"2001:db8::1\"]}}"));
	assert_null(strstr(f->text, "\"client\":"));
}

/* The subject of one transaction as the line has it, with its quotes. */
static const char *
subject_line(struct fixture *f, const char *subject, size_t n)
{
	const struct transaction *tx;
	struct record *r;
	char *p;

	fact(f, FACT_MAIL, 250, "<a@b>");
	r = make_fact_slices(
	    &f->make, FACT_HEADER, 0, slice_of(subject, n), slice_str(""), slice_str(""));
	r->fact.header = FACT_HEADER_SUBJECT;
	transactions_apply(f->transactions, r);
	tx = fact(f, FACT_FINAL, 250, "");
	sinks_transaction(f->sinks, tx);
	transactions_settle(f->transactions, tx);
	f->make.tx++;
	output(f);
	p = strstr(f->text, "\"subject\":");
	assert_non_null(p);
	*strchr(p, '}') = '\0';
	if (truncate(f->path, 0) != 0)
		abort();
	return p + strlen("\"subject\":");
}

#define SUBJECT(f, text) subject_line(f, text, sizeof(text) - 1)

static void
hostile_text_is_escaped(void **state)
{
	struct fixture *f = *state;

	sinks_close(f->sinks);
	open_sinks(f, CONF_LOG_SMTP, true); /* appends: the file is cut in between */
	assert_string_equal(SUBJECT(f, ""), "\"\"");
	assert_string_equal(SUBJECT(f, "a\r\n{\"event_type\":\"alert\""),
	    "\"a\\r\\n{\\\"event_type\\\":\\\"alert\\\"\"");
	assert_string_equal(SUBJECT(f, "\\u0041 \\"), "\"\\\\u0041 \\\\\"");
	assert_string_equal(SUBJECT(f, "\0\x01\x1b[2J"), "\"\\u0000\\u0001\\u001b[2J\"");
	assert_string_equal(SUBJECT(f, "\x7f"), "\"\\u007f\"");
	assert_string_equal(SUBJECT(f, "\xc2\x9b[31m\xc2\x85"), "\"\\u009b[31m\\u0085\"");
	assert_string_equal(SUBJECT(f, "\xe2\x80\xa8\xe2\x80\xa9"), "\"\\u2028\\u2029\"");
	assert_string_equal(SUBJECT(f, "x\xe2\x80\xaetxt.exe"), "\"x\\u202etxt.exe\"");
	assert_string_equal(SUBJECT(f, "\xf3\xa0\x81\x81"), "\"\\udb40\\udc41\"");
	assert_string_equal(SUBJECT(f, "Gr\xc3\xbcn"), "\"Gr\xc3\xbcn\"");
	assert_string_equal(
	    SUBJECT(f, "\xe4\xf6\xfc"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"");
}

static void
marks_are_set(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	fact(f, FACT_MAIL, 250, "<\xff@b>");
	fact(f, FACT_RCPT, 250, "<c@d>");
	make_fact(&f->make, FACT_RCPT, 250, "<cut@d", "", "")->fact.flags = FACT_CUT;
	transactions_apply(f->transactions, &f->make.record);
	tx = fact(f, FACT_FINAL, 250, "");
	sinks_transaction(f->sinks, tx);
	assert_non_null(strstr(output(f), "\"cut\":true,\"not_utf8\":true}}"));
}

static void
what_a_gap_swallowed_is_marked(void **state)
{
	struct fixture *f = *state;

	fact(f, FACT_MAIL, 250, "<a@b>");
	sinks_transaction(f->sinks,
	    transactions_apply(f->transactions, make_abort(&f->make, FACT_ABORT_LOST)));
	assert_non_null(
	    strstr(output(f), "\"outcome\":\"unknown\",\"tls\":\"none\",\"cut\":true}}"));
}

static void
every_octet_pair_gives_valid_json(void **state)
{
	struct fixture *f = *state;

	for (unsigned hi = 0; hi < 256; hi++) {
		uint8_t text[512];
		struct slice both;
		char *save;

		for (unsigned lo = 0; lo < 256; lo++) {
			text[2 * lo] = (uint8_t)hi;
			text[2 * lo + 1] = (uint8_t)lo;
		}
		fact(f, FACT_MAIL, 250, "<a@b>");
		both = slice_of(text, sizeof(text));
		transactions_apply(f->transactions, make_fact_slices(&f->make, FACT_RCPT,
							250, both, slice_str(""), both));
		sinks_transaction(f->sinks, fact(f, FACT_FINAL, 250, ""));
		f->make.tx++;
		if (hi % 32 != 31)
			continue;
		output(f);
		for (char *line = strtok_r(f->text, "\n", &save); line != NULL;
		     line = strtok_r(NULL, "\n", &save)) {
			struct json_tokener *tokener = json_tokener_new();
			struct json_object *event;

			json_tokener_set_flags(
			    tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
			event = json_tokener_parse_ex(tokener, line, (int)strlen(line));
			assert_non_null(event);
			json_object_put(event);
			json_tokener_free(tokener);
		}
		sinks_close(f->sinks);
		open_sinks(f, CONF_LOG_SMTP, false);
	}
}

static void
types_not_asked_for_are_left_out(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx = whole_transaction(f);
	struct alert alert = make_alert(f, NULL);

	sinks_close(f->sinks);
	open_sinks(f, CONF_LOG_ALERT, false);
	sinks_transaction(f->sinks, tx);
	assert_string_equal(output(f), "");
	sinks_alert(f->sinks, &alert, &one);
	assert_int_not_equal(strlen(output(f)), 0);
	sinks_close(f->sinks);
	open_sinks(f, CONF_LOG_SMTP, false);
	sinks_alert(f->sinks, &alert, &one);
	assert_string_equal(output(f), "");
}

static void
live_alerts_are_written_at_once(void **state)
{
	struct fixture *f = *state;
	struct alert alert = make_alert(f, NULL);

	sinks_alert(f->sinks, &alert, &one);
	read_file(f);
	assert_string_equal(f->text, "");
	sinks_close(f->sinks);
	open_sinks(f, CONF_LOG_ALERT, true);
	alert.origin.source = 1;
	sinks_alert(f->sinks, &alert, &one);
	read_file(f);
	assert_non_null(strstr(f->text, "\"in_iface\":\"eth0\""));
}

static void
show_counters(void *context, struct stats_visitor *v)
{
	(void)context;
	stats_show(v, "capture", "packets", 18446744073709551615ULL);
	stats_show(v, "flow", "new", 2);
	stats_show(v, "capture", "bytes", 3);
}

/* As logrotate does it. */
static void
reopened_output_goes_on_in_a_new_file(void **state)
{
	struct fixture *f = *state;
	char old[sizeof(f->path) + 4], error[CONF_ERROR_MAX];

	sinks_close(f->sinks);
	open_sinks(f, CONF_LOG_SMTP, true);
	snprintf(old, sizeof(old), "%s.1", f->path);
	sinks_transaction(f->sinks, whole_transaction(f));
	assert_int_equal(rename(f->path, old), 0);
	assert_int_equal(sinks_reopen(f->sinks, error), 0);
	assert_string_equal(output(f), "");
	/* What was written before is in the old file, as it should be. */
	assert_int_equal(rename(old, f->path), 0);
	read_file(f);
	assert_non_null(strstr(f->text, "\"event_type\":\"smtp\""));
}

static void
output_that_cannot_be_reopened_stays(void **state)
{
	struct fixture *f = *state;
	char old[sizeof(f->path) + 4], error[CONF_ERROR_MAX] = "";

	snprintf(old, sizeof(old), "%s.1", f->path);
	assert_int_equal(rename(f->path, old), 0);
	assert_int_equal(mkdir(f->path, 0700), 0);
	assert_int_equal(sinks_reopen(f->sinks, error), -1);
	assert_non_null(strstr(error, f->path));
	assert_non_null(strstr(error, "Is a directory"));
	sinks_transaction(f->sinks, whole_transaction(f));
	assert_int_equal(sinks_flush(f->sinks, error), 0);
	assert_int_equal(rmdir(f->path), 0);
	assert_int_equal(rename(old, f->path), 0);
	read_file(f);
	assert_non_null(strstr(f->text, "\"event_type\":\"smtp\""));
}

/* Who may write into the directory of the output must not choose what root writes to. */
static void
root_follows_no_link_of_another_user(void **state)
{
	struct fixture *f = *state;
	char link[sizeof(f->path) + 5], error[CONF_ERROR_MAX] = "";
	const struct sink_names names = { .source = source_name, .live = true };

	if (geteuid() != 0)
		skip();
	snprintf(link, sizeof(link), "%s.link", f->path);
	assert_int_equal(symlink(f->path, link), 0);
	sinks_close(f->sinks);
	f->conf.output.path = link;
	f->sinks = sinks_open(&f->conf, &names, error);
	assert_non_null(f->sinks); /* root's own */
	assert_int_equal(lchown(link, 65534, 65534), 0);
	assert_int_equal(sinks_reopen(f->sinks, error), -1);
	assert_non_null(strstr(error, "made by another user"));
	sinks_close(f->sinks);
	f->sinks = sinks_open(&f->conf, &names, error);
	assert_int_equal(unlink(link), 0);
	assert_null(f->sinks);
	open_sinks(f, CONF_LOG_ALERT, true);
}

static void
stats_are_nested_by_group(void **state)
{
	struct fixture *f = *state;
	struct inventory *inventory = inventory_new(16);
	struct sink_stats stats = { .visit = show_counters, .now_us = make_start_us };
	struct alert alert = make_alert(f, NULL);

	inventory_alert(inventory, &alert);
	sinks_stats(f->sinks, &stats);
	stats.inventory = inventory;
	sinks_stats(f->sinks, &stats);
	assert_string_equal(output(f),
	    "{\"timestamp\":\"2026-11-21T19:20:32.123456+0000\",\"event_type\":\"stats\","
	    "\"stats\":{\"capture\":{\"packets\":18446744073709551615,\"bytes\":3},"
	    "\"flow\":{\"new\":2}}}\n"
	    "{\"timestamp\":\"2026-11-21T19:20:32.123456+0000\",\"event_type\":\"stats\","
	    "\"stats\":{\"capture\":{\"packets\":18446744073709551615,\"bytes\":3},"
	    "\"flow\":{\"new\":2},\"servers\":[{\"ip\":\"192.0.2.25\",\"port\":25,"
	    "\"state\":\"open\",\"verdict\":\"confirmed\",\"mechanisms\":[\"percent\"],"
	    "\"sessions\":0,\"sessions_tls\":0,\"sessions_one_sided\":0,\"inbound\":0,"
	    "\"authenticated\":0,\"local\":0,\"undecided\":0,\"third_party\":1,"
	    "\"refused\":0,"
	    "\"first_seen\":\"2026-11-21T19:20:32.123456+0000\","
	    "\"last_seen\":\"2026-11-21T19:20:32.123456+0000\"}]}}\n");
	inventory_free(inventory);
}

static void
assert_write_fails(struct fixture *f, const char *wanted)
{
	struct alert alert = make_alert(f, NULL);
	char error[CONF_ERROR_MAX] = "";

	sinks_alert(f->sinks, &alert, &one);
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sinks_flush(f->sinks, error), -1);
		assert_string_equal(error, wanted);
	}
}

static void
a_full_disk_is_told(void **state)
{
	struct fixture *f = *state;
	const struct sink_names names = { .source = source_name };
	char full[] = "/dev/full";
	struct conf conf = { .output = { .log = CONF_LOG_ALERT, .path = full } };
	char error[CONF_ERROR_MAX];

	sinks_close(f->sinks);
	f->sinks = sinks_open(&conf, &names, error);
	assert_write_fails(f, "/dev/full: No space left on device");
}

static void
a_closed_pipe_is_told(void **state)
{
	struct fixture *f = *state;
	const struct sink_names names = { .source = source_name };
	struct conf conf = { .output = { .log = CONF_LOG_ALERT } };
	char error[CONF_ERROR_MAX];
	int ends[2], out;

	signal(SIGPIPE, SIG_IGN);
	sinks_close(f->sinks);
	fflush(stdout);
	assert_int_equal(pipe(ends), 0);
	out = dup(STDOUT_FILENO);
	dup2(ends[1], STDOUT_FILENO);
	close(ends[0]);
	close(ends[1]);
	f->sinks = sinks_open(&conf, &names, error);
	assert_write_fails(f, "standard output: Broken pipe");
	dup2(out, STDOUT_FILENO);
	close(out);
}

static void
an_output_that_cannot_be_opened_is_told(void **state)
{
	const struct sink_names names = { .source = source_name };
	char missing[] = "/nonexistent/out.json";
	struct conf conf = { .output = { .path = missing } };
	char error[CONF_ERROR_MAX];

	(void)state;
	assert_null(sinks_open(&conf, &names, error));
	assert_string_equal(error, "/nonexistent/out.json: No such file or directory");
}

static void
a_hundred_recipients_with_long_replies_are_one_line(void **state)
{
	struct fixture *f = *state;
	char path[900];
	unsigned newlines = 0;

	memset(path, '\x01', sizeof(path)); /* each becomes six octets */
	fact(f, FACT_MAIL, 250, "<a@b>");
	for (unsigned i = 0; i < 120; i++)
		transactions_apply(f->transactions,
		    make_fact_slices(&f->make, FACT_RCPT, 250,
			slice_of(path, sizeof(path)), slice_str(""), slice_str("ok")));
	sinks_transaction(f->sinks, fact(f, FACT_FINAL, 250, ""));
	output(f);
	for (const char *p = f->text; *p != '\0'; p++)
		newlines += *p == '\n';
	assert_int_equal(newlines, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_transaction_is_one_line),
		TEST(a_session_without_mail_says_so),
		TEST(an_alert_is_one_line),
		TEST(an_alert_without_mail_has_no_mail_objects),
		TEST(labels_fill_in_for_parsers),
		TEST(rolled_up_clients_are_listed),
		TEST(hostile_text_is_escaped),
		TEST(marks_are_set),
		TEST(what_a_gap_swallowed_is_marked),
		TEST(every_octet_pair_gives_valid_json),
		TEST(types_not_asked_for_are_left_out),
		TEST(live_alerts_are_written_at_once),
		TEST(reopened_output_goes_on_in_a_new_file),
		TEST(output_that_cannot_be_reopened_stays),
		TEST(root_follows_no_link_of_another_user),
		TEST(stats_are_nested_by_group),
		TEST(a_full_disk_is_told),
		TEST(a_closed_pipe_is_told),
		TEST(an_output_that_cannot_be_opened_is_told),
		TEST(a_hundred_recipients_with_long_replies_are_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
