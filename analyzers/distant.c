/* SPDX-License-Identifier: BSD-2-Clause */
#include "distant.h"

#include "proxy_state.h"

enum { SAMPLES_LEAST = 3, GAP_LEAST_US = 25000 };

/* Whether the client's commands come from further away than its TCP, which is answered by
 * the nearest hop, commands by who thinks of them. */
static bool
is_gap(const struct round_trip *rt)
{
	int64_t gap = (int64_t)rt->command_us - rt->tcp_us;

	if (rt->tcp_us < 0 || rt->command_us < 0 || rt->tcp_samples < SAMPLES_LEAST ||
	    rt->command_samples < SAMPLES_LEAST)
		return false;
	return gap > GAP_LEAST_US && gap > rt->tcp_us / 2;
}

static bool
is_inbound(const struct proxy *proxy, const struct mail_session *mail)
{
	const struct session *s = &mail->session;

	return s->depth == 0 && s->server.home && !s->client.home && !mail->auth.ok &&
	       !netset_has(proxy->conf->trusted_relays, &s->client.addr);
}

/* Scanners ask mail ports for web pages all day long; who brings a body, or goes on to
 * talk SMTP behind such lines, has them from a proxy. */
static bool
is_http(const struct mail_session *mail)
{
	return (mail->oddities & 1u << FACT_ODDITY_HTTP) != 0 &&
	       (mail->posted || mail->helo.n != 0 || mail->transactions != 0);
}

static void
tell(struct proxy *proxy, const struct record *record, const struct mail_session *mail,
    unsigned evidence)
{
	const struct session *s = &mail->session;
	bool http = (evidence & ALERT_EVIDENCE_HTTP_LINES) != 0;
	/* Between the client and its proxy anything may be spoken: opaque to us. */
	struct alert alert = { .signature_id = 2008,
		.kind = ALERT_PROXY,
		.verdict = ALERT_SUSPECTED,
		.mechanism = http ? ALERT_HTTP_POST : ALERT_ENCRYPTED,
		.confidence = ALERT_LOW,
		.evidence = evidence,
		.session = *s,
		.origin = record->origin,
		.server = s->client,
		.target = { .has_addr = true,
		    .addr = s->server.addr,
		    .port = s->server.port },
		.legs = 1 };

	alert.server.port = 0; /* as it happened to dial */
	alert.leg[0] = (struct alert_leg){ .client = s->client,
		.server = s->server,
		.flow_id = s->flow_id,
		.first_us = s->start_us,
		.last_us = record->origin.ts_us,
		.origin = s->start,
		.tls = mail->tls };
	proxy_raise(proxy, &alert, 0);
}

static bool
is_over(const struct record *record)
{
	if (record->class == RECORD_CONN)
		return record->conn.event == RECORD_CONN_CLOSED;
	return record->class == RECORD_FACT && record->fact.type == FACT_END;
}

void
distant_record(
    struct proxy *proxy, const struct record *record, const struct mail_session *mail)
{
	unsigned evidence = 0;

	if (!is_over(record) || !is_inbound(proxy, mail))
		return;
	if (is_http(mail))
		evidence |= ALERT_EVIDENCE_HTTP_LINES;
	if (is_gap(&mail->session.round_trip))
		evidence |= ALERT_EVIDENCE_RTT_GAP;
	if (evidence == 0)
		return;
	if ((mail->oddities & 1u << FACT_ODDITY_EARLY_TALK) != 0)
		evidence |= ALERT_EVIDENCE_EARLY_TALK;
	proxy->distant.http += (evidence & ALERT_EVIDENCE_HTTP_LINES) != 0;
	proxy->distant.gap += (evidence & ALERT_EVIDENCE_RTT_GAP) != 0;
	tell(proxy, record, mail, evidence);
}

void
distant_stats(const struct distant *distant, struct stats_visitor *v)
{
	stats_show(v, "proxy_distant", "http_lines", distant->http);
	stats_show(v, "proxy_distant", "rtt_gap", distant->gap);
}
