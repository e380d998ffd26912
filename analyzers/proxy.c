/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Mail tunneled through proxies, and other use of our proxies from outside. A request of
 * an outside client to a home host is remembered with all that is asked through it, and
 * with the connections that home hosts open meanwhile, until its tunnel is over. METHODS,
 * section 2.
 */

#include <stdlib.h>

#include "domain.h"
#include "proxy_state.h"

enum { HTTP_PROXY_AUTHENTICATION = 407 };

static bool
proxy_enabled(const struct conf *conf)
{
	return conf->proxy.enabled;
}

static void
proxy_free(void *self)
{
	struct proxy *proxy = self;

	if (proxy == NULL)
		return;
	seen_free(proxy->cases);
	legs_release(&proxy->legs);
	forward_release(&proxy->forward);
	free(proxy);
}

static void *
proxy_new(const struct analyzer_context *context)
{
	struct proxy *proxy = calloc(1, sizeof(*proxy));

	if (proxy == NULL)
		return NULL;
	proxy->conf = context->conf;
	proxy->alerts = context->alerts;
	if (proxy_cases_init(proxy) == 0 &&
	    legs_init(&proxy->legs, &context->conf->proxy) == 0 &&
	    forward_init(&proxy->forward, &context->conf->proxy) == 0)
		return proxy;
	proxy_free(proxy);
	return NULL;
}

/* Requests. */

/* A name below our domains, whether its subdomains are configured or not. */
static bool
is_local_name(const struct proxy *proxy, struct slice host)
{
	const struct domain_set *local = proxy->conf->local_domains;
	char name[DOMAIN_MAX + 1];

	if (domain_normalise(host, name) == 0)
		return false;
	return strcmp(name, "localhost") == 0 || domain_set_has(local, name) ||
	       domain_set_has(local, domain_registrable(name));
}

static void
set_layer(struct proxy *proxy, uint32_t entry, const struct request *request)
{
	struct proxy_case *c = proxy_case_at(proxy, entry);
	unsigned depth = request->session.depth;

	if (depth > c->layers || depth >= PROXY_LAYERS)
		return; /* what is between was not understood */
	c->layers = (uint8_t)(depth + 1);
	c->layer[depth] = (struct proxy_layer){ .tunnel = request->tunnel,
		.has_addr = request->has_addr,
		.addr = request->addr,
		.port = request->port,
		.asked_us = request->asked.ts_us };
	if (!request->has_addr)
		c->layer[depth].local = is_local_name(proxy, request_host(request));
	c->host_n = request->host_n;
	memcpy(c->host, request->host, request->host_n);
	c->name = proxy_name_hash(request_host(request));
	proxy_case_await(proxy, entry, depth);
}

/* RFC 9110 section 15.5.8: the client asked without credentials, and asks again. */
static void
forget_challenged(struct proxy *proxy, const struct request *request)
{
	uint32_t entry = proxy_case_on(proxy, request->session.flow_id);
	const struct proxy_case *c;

	if (entry == SEEN_NONE)
		return;
	c = proxy_case_at(proxy, entry);
	if ((c->flags & PROXY_CASE_CHALLENGED) != 0 &&
	    c->layer[0].port == request->port &&
	    slice_equal(slice_of(c->host, c->host_n), request_host(request)))
		proxy_case_drop(proxy, entry);
}

static void
request_asked(struct proxy *proxy, const struct request *request)
{
	const struct session *session = &request->session;
	uint32_t entry;

	if (session->client.home == session->server.home)
		return;
	if (session->depth == 0) {
		forget_challenged(proxy, request);
		entry = proxy_case_begin(proxy, request);
	} else {
		entry = proxy_case_of(proxy, request);
	}
	if (entry != SEEN_NONE)
		set_layer(proxy, entry, request);
}

static void
request_answered(struct proxy *proxy, uint32_t entry, const struct request *request)
{
	struct proxy_case *c = proxy_case_at(proxy, entry);
	struct proxy_layer *layer = &c->layer[request->session.depth];

	layer->outcome = request->outcome;
	layer->weak = request->weak;
	layer->answered_us = request->answered_us;
	if (request->code == HTTP_PROXY_AUTHENTICATION && request->user_n == 0)
		c->flags |= PROXY_CASE_CHALLENGED;
	if (request->outcome == REQUEST_GRANTED && c->list == PROXY_NOT_LISTED)
		proxy_case_list(proxy, entry, PROXY_GRANTED, request->last.ts_us);
}

/* The end of the outermost tunnel; what the outbound leg still tells is waited for. */
static void
request_ended(struct proxy *proxy, uint32_t entry, const struct request *request)
{
	struct proxy_case *c = proxy_case_at(proxy, entry);

	if (request->session.depth != 0)
		return;
	c->flags |= PROXY_CASE_ENDED;
	if (request->lost)
		c->flags |= PROXY_CASE_LOST;
	c->last = request->last;
	c->bytes_to_target = request->bytes_to_target;
	c->bytes_to_client = request->bytes_to_client;
	c->said_bytes = request->said_bytes;
	proxy_case_list(proxy, entry, PROXY_LINGERING, request->last.ts_us);
}

/* What the tunnel carries has no facts of its own where nothing of it can be read. */
static void
request_inner(struct proxy_case *c, const struct request *request)
{
	struct slice inner = slice_of(request->inner, request->inner_n);

	if (request->inner_unsure)
		return;
	if (slice_equal(inner, slice_str("tls")))
		c->flags |= PROXY_CASE_TLS;
	if (inner.n != 0 && !slice_equal(inner, slice_str("http")))
		c->flags |= PROXY_CASE_STREAM;
}

static void
proxy_request(void *self, const struct request *request, enum request_event event)
{
	struct proxy *proxy = self;
	uint32_t entry;

	if (event == REQUEST_ASKED) {
		request_asked(proxy, request);
		return;
	}
	entry = proxy_case_of(proxy, request);
	if (entry == SEEN_NONE ||
	    request->session.depth >= proxy_case_at(proxy, entry)->layers)
		return;
	if (event == REQUEST_ANSWERED)
		request_answered(proxy, entry, request);
	else if (event == REQUEST_ENDED)
		request_ended(proxy, entry, request);
	else
		request_inner(proxy_case_at(proxy, entry), request);
}

/* Connections. */

static struct leg *
leg_of(struct proxy *proxy, const struct record *record)
{
	const struct endpoint *server = &record->session.server;
	uint64_t owner;
	struct leg *leg;

	if (!record->session.client.home)
		return NULL;
	leg = legs_of(&proxy->legs, record->session.flow_id);
	if (leg != NULL || record->class != RECORD_CONN ||
	    record->conn.event > RECORD_CONN_ESTABLISHED)
		return leg;
	owner = owner_of_addr(&record->session.client.addr);
	/* A request may be understood only when it is answered, and the leg was before.
	 */
	if (proxy_case_awaits(proxy, server, record->origin.ts_us, &owner) ||
	    !server->home || conf_has_port(&proxy->conf->mail_ports, server->port))
		leg = legs_add(&proxy->legs, record, owner);
	return leg;
}

static bool
is_end(const struct endpoint *a, const struct endpoint *b)
{
	return a->port == b->port && addr_equal(&a->addr, &b->addr);
}

/* Facts name who asked first; records of the connection who opened it. */
static bool
is_turned(const struct proxy_case *c, const struct record *record)
{
	return is_end(&record->session.client, &c->session.server);
}

static void
inner_prefix(struct proxy_case *c, const struct record *record)
{
	unsigned depth = record->session.depth;
	uint8_t dir = record->prefix.dir ^ (uint8_t)is_turned(c, record);

	if (depth <= c->layers)
		prefixes_take(&c->layer[depth - 1].inside, dir, &record->prefix);
}

static void
connection(struct proxy *proxy, const struct record *record)
{
	uint32_t entry = proxy_case_on(proxy, record->session.flow_id);
	struct leg *leg;

	if (entry != SEEN_NONE) {
		struct proxy_case *c = proxy_case_at(proxy, entry);

		if (is_turned(c, record))
			c->flags |= PROXY_CASE_REVERSE;
		if (record->class == RECORD_PREFIX && record->session.depth != 0)
			inner_prefix(c, record);
	}
	leg = record->session.depth == 0 ? leg_of(proxy, record) : NULL;
	if (leg != NULL)
		leg_conn(leg, record);
}

/* Mail. */

/* Who talks to whom is known by the first transactions. Of those that follow fewer and
 * fewer are looked at: a tunnel may carry one with every few octets. */
static void
judge_mail(struct proxy *proxy, struct proxy_case *c, const struct transaction *tx)
{
	c->mails++;
	if ((c->mails & (c->mails - 1)) == 0)
		proxy_judge(proxy, c, true, tx);
}

static void
inner_mail(struct proxy *proxy, const struct record *record, const struct transaction *tx,
    const struct mail_session *mail)
{
	uint32_t entry = proxy_case_on(proxy, record->session.flow_id);
	struct proxy_case *c;

	if (entry == SEEN_NONE)
		return;
	c = proxy_case_at(proxy, entry);
	if (mail->tls == MAIL_TLS_IMPLICIT)
		c->flags |= PROXY_CASE_TLS;
	if (!mail->has_greeting)
		return; /* a client that talks to nobody */
	c->flags |= PROXY_CASE_MAIL;
	c->last = record->origin;
	if (tx != NULL && tx->ended && !tx->empty)
		judge_mail(proxy, c, tx);
}

struct posted { /* mail on an outbound leg that a POST may have caused */
	const struct leg *leg;
	const struct transaction *tx;
};

static void
see_posted(struct proxy *proxy, uint32_t entry, void *context)
{
	struct proxy_case *c = proxy_case_at(proxy, entry);
	const struct posted *posted = context;

	if (c->layer[0].tunnel != FACT_TUNNEL_HTTP_POST &&
	    c->layer[0].tunnel != FACT_TUNNEL_HTTP_GET)
		return;
	if ((posted->leg->flags & LEG_TAKEN) != 0 &&
	    c->leg_flow != posted->leg->call.flow_id)
		return;
	judge_mail(proxy, c, posted->tx);
}

static bool
greets(const struct record *record)
{
	return record->class == RECORD_FACT &&
	       (record->fact.type == FACT_GREETING || record->fact.type == FACT_HELO);
}

/* A client that sends HTTP before its commands: what it says next is judged by the
 * replies. */
static void
outbound_mail(struct proxy *proxy, const struct record *record,
    const struct transaction *tx, const struct mail_session *mail)
{
	bool http = (mail->oddities & 1u << FACT_ODDITY_HTTP) != 0;
	enum fact_type type = record->fact.type;
	struct leg *leg;

	if (!http && !greets(record) && (type != FACT_MAIL || mail->helo.n != 0))
		return; /* nothing new: most facts of ordinary mail */
	leg = legs_of(&proxy->legs, record->session.flow_id);
	if (leg == NULL)
		return;
	leg->flags |= LEG_SMTP;
	if (!http && type != FACT_GREETING)
		leg->flags |= LEG_MAILER;
	if (!http)
		return;
	leg->flags |= LEG_HTTP;
	if ((type == FACT_HELO || type == FACT_MAIL) && record->fact.code / 100 == 2)
		leg->flags |= LEG_MAIL;
	if ((leg->flags & LEG_MAIL) != 0 && tx != NULL && tx->ended && !tx->empty) {
		struct posted posted = { .leg = leg, .tx = tx };

		proxy_cases_walk(proxy, &leg->call.server, see_posted, &posted);
	}
}

static void
outbound_web(struct proxy *proxy, const struct record *record)
{
	struct leg *leg = legs_of(&proxy->legs, record->session.flow_id);

	if (leg != NULL && record->session.depth == 0)
		leg->name = proxy_name_hash(record_text(record, 0));
}

static void
proxy_record(void *self, const struct record *record, const struct transaction *tx,
    const struct mail_session *mail)
{
	struct proxy *proxy = self;

	if (record->class == RECORD_CONN || record->class == RECORD_PREFIX)
		connection(proxy, record);
	if (record->session.depth == 0)
		forward_record(proxy, record, tx);
	if (record->class == RECORD_FACT && record->fact.type == FACT_WEB_HOST)
		outbound_web(proxy, record);
	if (mail == NULL)
		return;
	if (record->class == RECORD_FACT && record->session.depth != 0)
		inner_mail(proxy, record, tx, mail);
	else if (record->class == RECORD_FACT && record->session.client.home)
		outbound_mail(proxy, record, tx, mail);
	distant_record(proxy, record, mail);
}

static bool
is_syn(const struct record *record)
{
	return record->class == RECORD_CONN && record->conn.event == RECORD_CONN_SYN;
}

/* Nearly all records of connections look for theirs, and for what it forwards. */
static void
proxy_prefetch(
    const void *self, const struct record *record, uint32_t tx_slot, unsigned step)
{
	const struct proxy *proxy = self;
	const struct session *s = &record->session;

	(void)tx_slot;
	if (s->depth != 0)
		return;
	if (s->client.home && is_syn(record) && step < 2)
		legs_prefetch_owner(&proxy->legs, owner_of_addr(&s->client.addr), step);
	if (s->client.home && (record->class != RECORD_FACT || greets(record)))
		legs_prefetch(&proxy->legs, s->flow_id, step);
	forward_prefetch(&proxy->forward, record, step);
}

/* Time. */

static void
proxy_tick(void *self, int64_t now_us)
{
	struct proxy *proxy = self;
	uint32_t entry;

	while ((entry = proxy_case_due(proxy, PROXY_GRANTED, now_us)) != SEEN_NONE) {
		proxy_case_list(proxy, entry, PROXY_NOT_LISTED, now_us);
		proxy_judge(proxy, proxy_case_at(proxy, entry), true, NULL);
	}
	while ((entry = proxy_case_due(proxy, PROXY_LINGERING, now_us)) != SEEN_NONE) {
		proxy_judge(proxy, proxy_case_at(proxy, entry), false, NULL);
		proxy_case_drop(proxy, entry);
	}
	legs_expire(&proxy->legs, now_us);
	forward_expire(&proxy->forward, now_us);
}

static void
proxy_finish(void *self)
{
	struct proxy *proxy = self;

	seen_expire(proxy->cases, INT64_MAX);
}

static void
proxy_stats(const void *self, struct stats_visitor *v)
{
	const struct proxy *proxy = self;
	const struct seen_counters *c = seen_counters(proxy->cases);

	for (unsigned i = ALERT_ATTEMPTED; i < ALERT_VERDICTS; i++) {
		if (i != ALERT_RCPT_ACCEPTED && i != ALERT_ACCEPTED)
			stats_show(v, "proxy", alert_verdict_name((enum alert_verdict)i),
			    proxy->verdicts[i]);
	}
	stats_show(v, "proxy", "severity_1", proxy->severity[1]);
	stats_show(v, "proxy", "severity_2", proxy->severity[2]);
	stats_show(v, "proxy", "severity_3", proxy->severity[3]);
	stats_show(v, "proxy", "requests_held", c->entries);
	stats_show(v, "proxy", "evicted", c->evicted);
	stats_show(v, "proxy", "evicted_share", c->evicted_share);
	legs_stats(&proxy->legs, v);
	forward_stats(&proxy->forward, v);
	distant_stats(&proxy->distant, v);
}

const struct analyzer analyzer_proxy = {
	.name = "proxy",
	.enabled = proxy_enabled,
	.new = proxy_new,
	.free = proxy_free,
	.prefetch = proxy_prefetch,
	.record = proxy_record,
	.request = proxy_request,
	.tick = proxy_tick,
	.finish = proxy_finish,
	.stats = proxy_stats,
};
