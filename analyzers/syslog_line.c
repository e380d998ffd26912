/* SPDX-License-Identifier: BSD-2-Clause */
#include "syslog_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "community_id.h"
#include "text.h"

/* Octets of a value within its quotes. Together with all the rest at its longest they
 * stay below SYSLOG_LINE_MAX: tests/test_sink_syslog.c holds them to it. */
enum {
	NAME_MAX_BYTES = 96,  /* of hosts, domains, files */
	PATH_MAX_BYTES = 128, /* of senders, Message-IDs */
	RCPTS_MAX_BYTES = 192,
	RCPTS_SHOWN = 3,
	TIME_TEXT_MAX = 40,
};

struct line {
	char *out;
	size_t n;
	bool cut;
};

static void __attribute__((format(printf, 2, 3)))
put(struct line *line, const char *format, ...)
{
	size_t room = SYSLOG_LINE_MAX - line->n;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->out + line->n, room, format, args);
	va_end(args);
	if (n > 0)
		line->n += (size_t)n < room ? (size_t)n : room - 1;
}

/* Quotes and backslashes end or begin what they should not; an equal sign could make a
 * text look like a pair to a parser that does not mind quotes. */
static bool
is_plain(uint8_t c)
{
	return c != '"' && c != '\\' && c != '=';
}

/* At most *most octets of raw, cut between characters; counts *most down. */
static void
put_escaped(struct line *line, struct slice raw, size_t *most)
{
	while (raw.n != 0) {
		size_t bytes = text_harmless(raw);
		bool plain = bytes != 0 && is_plain(raw.p[0]);
		size_t needed = plain ? bytes : strlen("\\xHH");

		if (needed > *most) {
			line->cut = true;
			return;
		}
		*most -= needed;
		if (plain)
			put(line, "%.*s", (int)bytes, (const char *)raw.p);
		else
			put(line, "\\x%02x", raw.p[0]);
		raw = slice_tail(raw, plain ? bytes : 1);
	}
}

static void
put_text(struct line *line, const char *key, struct slice raw, size_t most)
{
	if (raw.p == NULL)
		return;
	put(line, " %s=\"", key);
	put_escaped(line, raw, &most);
	put(line, "\"");
}

static void
put_time(struct line *line, const char *key, int64_t us)
{
	time_t sec = (time_t)(us / 1000000);
	char text[TIME_TEXT_MAX];
	struct tm tm;

	if (gmtime_r(&sec, &tm) != NULL &&
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) != 0)
		put(line, " %s=%s", key, text);
}

static void
put_addr(struct line *line, const char *key, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	put(line, " %s=%s", key, addr_format(addr, text));
}

static const char *
times(uint64_t count)
{
	if (count == 0)
		return " times, see the other lines of this id";
	return count == 1 ? " time" : " times";
}

static void
put_sentence(struct line *line, const struct alert *alert,
    const struct alert_tally *tally, const struct alert_signature *signature)
{
	char text[ADDR_TEXT_MAX];
	bool v4 = addr_is_v4(&alert->server.addr);

	put(line, "%s (%s, %s): ", signature->text, alert_verdict_name(alert->verdict),
	    alert_mechanism_name(alert->mechanism));
	if (tally->clients_total != 0)
		put(line, "%" PRIu64 " clients through ", tally->clients_total);
	else if (alert->has_client)
		put(line, "%s through ", addr_format(&alert->client, text));
	put(line, v4 ? "%s:%u" : "[%s]:%u", addr_format(&alert->server.addr, text),
	    alert->server.port);
	put(line, ", %" PRIu64 "%s;", tally->count, times(tally->count));
}

static void
put_mechanisms(struct line *line, const struct alert *alert)
{
	put(line, " mechanism=%s", alert_mechanism_name(alert->mechanism));
	for (unsigned i = 0; i < alert->via_count; i++)
		put(line, "%s%s", i == 0 ? " via=" : ",",
		    alert_mechanism_name(alert->via[i]));
	put(line, " confidence=%s", alert_confidence_name(alert->confidence));
}

static void
put_who(struct line *line, const struct alert *alert, const struct alert_tally *tally)
{
	if (tally->clients_total != 0)
		put(line, " clients_total=%" PRIu64, tally->clients_total);
	else if (alert->has_client)
		put_addr(line, "client", &alert->client);
	put_addr(line, "server", &alert->server.addr);
	put(line, " server_port=%u", alert->server.port);
	if (alert->target.has_addr)
		put_addr(line, "target_ip", &alert->target.addr);
	if (alert->target.port != 0)
		put(line, " target_port=%u", alert->target.port);
}

static void
put_evidence(struct line *line, const struct alert *alert)
{
	char buf[ALERT_WORD_MAX];
	unsigned bit = 0, n = 0;
	const char *word;

	while ((word = alert_evidence_next(alert, &bit, buf)) != NULL)
		put(line, "%s%s", n++ == 0 ? " evidence=" : ",", word);
}

static void
put_tally(struct line *line, const struct alert_tally *tally)
{
	put(line, " count=%" PRIu64, tally->count);
	put_time(line, "first_seen", tally->first_us);
	put_time(line, "last_seen", tally->last_us);
}

static void
put_flow(struct line *line, const struct alert *alert)
{
	const struct session *session = &alert->session;
	char id[COMMUNITY_ID_MAX];

	community_id_tcp(&session->client.addr, session->client.port,
	    &session->server.addr, session->server.port, id);
	put(line, " community_id=%s", id);
	for (unsigned i = 0; i < alert->related_count; i++)
		put(line, "%s%016" PRIx64, i == 0 ? " related=" : ",", alert->related[i]);
}

static void
put_rcpts(struct line *line, const struct transaction *mail)
{
	size_t most = RCPTS_MAX_BYTES;

	if (mail->rcpts_kept == 0)
		return;
	put(line, " rcpt=\"");
	for (uint32_t i = 0; i < mail->rcpts_kept && i < RCPTS_SHOWN; i++) {
		if (i != 0)
			put_escaped(line, slice_str(" "), &most);
		put_escaped(line, mail->rcpt[i].path, &most);
	}
	put(line, "\"");
}

static void
put_texts(struct line *line, const struct sink_names *names, const struct alert *alert)
{
	const struct transaction *mail = alert->mail;
	const char *source = names->source(names->context, alert->origin.source);
	bool has_mail = mail != NULL && !mail->empty;

	if (has_mail)
		put(line, " rcpt_count=%u", mail->rcpt_count);
	if (source != NULL)
		put_text(line, names->live ? "in_iface" : "pcap_filename",
		    slice_str(source), NAME_MAX_BYTES);
	if (alert->target.host.n != 0)
		put_text(line, "target_host", alert->target.host, NAME_MAX_BYTES);
	if (alert->domain.n != 0)
		put_text(line, "domain", alert->domain, NAME_MAX_BYTES);
	if (!has_mail)
		return;
	put_text(line, "mail_from", mail->mail_from, PATH_MAX_BYTES);
	put_rcpts(line, mail);
	put_text(line, "message_id", mail->message_id, PATH_MAX_BYTES);
	line->cut |= mail->cut;
}

size_t
syslog_line(const struct sink_names *names, const struct alert *alert,
    const struct alert_tally *tally, char out[static SYSLOG_LINE_MAX])
{
	static const struct alert_signature unknown = { .severity = 3, .text = "alert" };
	const struct alert_signature *signature = alert_signature(alert->signature_id);
	struct line line = { .out = out };

	if (signature == NULL)
		signature = &unknown;
	put_sentence(&line, alert, tally, signature);
	put(&line, " signature_id=%u severity=%u id=%016" PRIx64 " kind=%s verdict=%s",
	    alert->signature_id, signature->severity, tally->id,
	    alert_kind_name(alert->kind), alert_verdict_name(alert->verdict));
	put_mechanisms(&line, alert);
	put_who(&line, alert, tally);
	put_tally(&line, tally);
	put_evidence(&line, alert);
	put_flow(&line, alert);
	put_texts(&line, names, alert);
	if (line.cut)
		put(&line, " cut=true");
	return line.n;
}
