/* SPDX-License-Identifier: BSD-2-Clause */
/* What a request comes to, and the alert that says so. */
#include "proxy_state.h"

/* 127.0.0.0/8, ::1 and the unspecified address: the proxy itself. */
static bool
is_loopback(const struct addr *a)
{
	static const struct addr v6_loopback = { .b = { [15] = 1 } };

	if (addr_is_v4(a))
		return a->b[12] == 127 || a->b[12] == 0;
	return addr_equal(a, &v6_loopback) || (a->q[0] == 0 && a->q[1] == 0);
}

static bool
is_inside(const struct proxy *proxy, const struct proxy_layer *layer)
{
	if (!layer->has_addr)
		return layer->local;
	return is_loopback(&layer->addr) ||
	       netset_has(proxy->conf->home_net, &layer->addr);
}

/*
 * The layer that tells: the innermost, but where an outside proxy of the chain said no,
 * the way to it was granted all the same.
 */
static unsigned
deciding_layer(const struct proxy *proxy, const struct proxy_case *c)
{
	unsigned i = c->layers - 1u;

	while (i > 0 && c->layer[i].outcome != REQUEST_GRANTED &&
	       !is_inside(proxy, &c->layer[i - 1]))
		i--;
	return i;
}

static bool
has_body(const struct proxy_layer *layer)
{
	return layer->tunnel == FACT_TUNNEL_HTTP_POST ||
	       layer->tunnel == FACT_TUNNEL_HTTP_GET;
}

/* A web server that answers CONNECT with a page calls other servers, too: where only the
 * port is that of the leg, or mail is sent there that nobody sent through the tunnel, and
 * nothing but the page came back, they are not related. */
static bool
is_by_chance(const struct proxy_case *c, const struct proxy_layer *layer,
    const struct proxy_match *m)
{
	return layer->weak && !has_body(layer) &&
	       (!m->by_addr || (m->leg->flags & LEG_MAILER) != 0) &&
	       (m->evidence & ALERT_EVIDENCE_BANNER_MATCH) == 0 &&
	       (c->flags & PROXY_CASE_STREAM) == 0;
}

/* The leg shows that the proxy connected, though no grant was seen. A proxy's status line
 * to a POST or GET says nothing. */
static bool
is_connected(const struct proxy_case *c, const struct proxy_layer *layer,
    const struct proxy_match *m)
{
	if (m->leg == NULL || is_by_chance(c, layer, m))
		return false;
	return layer->outcome == REQUEST_GRANTED || has_body(layer) ||
	       (layer->outcome == REQUEST_UNANSWERED && m->by_addr);
}

/* An answer that a web server gives to anybody is no grant, nor is what only the client
 * says behind it. */
static enum alert_verdict
granted(
    const struct proxy_case *c, const struct proxy_layer *l, const struct proxy_match *m)
{
	if (!l->weak && m->dead != NULL && c->bytes_to_client == 0)
		return ALERT_REFUSED;
	if (!l->weak ||
	    ((c->flags & PROXY_CASE_STREAM) != 0 && l->inside.lengths[1] != 0))
		return ALERT_GRANTED;
	return has_body(l) ? ALERT_NO_VERDICT : ALERT_REFUSED;
}

static enum alert_verdict
verdict_of(
    const struct proxy_case *c, const struct proxy_layer *l, const struct proxy_match *m)
{
	if ((c->flags & PROXY_CASE_MAIL) != 0)
		return m->leg != NULL ? ALERT_CONFIRMED : ALERT_TUNNELED;
	if (is_connected(c, l, m))
		return ALERT_CONFIRMED;
	switch (l->outcome) {
	case REQUEST_GRANTED:
		return granted(c, l, m);
	case REQUEST_REFUSED:
		return ALERT_REFUSED;
	default:
		return m->dead != NULL ? ALERT_REFUSED : ALERT_ATTEMPTED;
	}
}

static bool
is_mail(
    const struct proxy *proxy, const struct proxy_case *c, const struct proxy_layer *l)
{
	return (c->flags & PROXY_CASE_MAIL) != 0 ||
	       conf_has_port(&proxy->conf->mail_ports, l->port);
}

/* Our own web sites, also through our own reverse proxies, are no findings; our own mail
 * server reached through a proxy is. */
static bool
is_own_service(const struct proxy *proxy, const struct proxy_case *c,
    const struct proxy_layer *l, const struct proxy_match *m)
{
	bool inside = is_inside(proxy, l) || (m->leg != NULL && m->leg->call.server.home);

	return inside && (!is_mail(proxy, c, l) || l->tunnel == FACT_TUNNEL_HTTP_GET);
}

/* An inside client of an outside proxy: only that it works is of interest, and only mail.
 */
static enum alert_verdict
verdict_of_use(const struct proxy *proxy, const struct proxy_case *c,
    const struct proxy_layer *l, enum alert_verdict verdict)
{
	if (verdict < ALERT_GRANTED || !is_mail(proxy, c, l))
		return ALERT_NO_VERDICT;
	return verdict < ALERT_TUNNELED ? ALERT_GRANTED : ALERT_TUNNELED;
}

static enum alert_verdict
verdict_of_reverse(enum alert_verdict verdict)
{
	if (verdict == ALERT_CONFIRMED || verdict <= ALERT_REFUSED)
		return verdict;
	return ALERT_SUSPECTED;
}

static enum alert_verdict
judge(const struct proxy *proxy, const struct proxy_case *c, const struct proxy_layer *l,
    const struct proxy_match *m, bool early)
{
	enum alert_verdict verdict = verdict_of(c, l, m);

	if ((c->flags & PROXY_CASE_USE) != 0)
		return verdict_of_use(proxy, c, l, verdict);
	if (is_own_service(proxy, c, l, m))
		return ALERT_NO_VERDICT;
	/* More may come of it: "confirmed" without mail waits for the end. */
	if (early && verdict == ALERT_CONFIRMED && (c->flags & PROXY_CASE_MAIL) == 0)
		verdict = ALERT_GRANTED;
	if (early && verdict < ALERT_GRANTED)
		return ALERT_NO_VERDICT;
	if ((c->flags & PROXY_CASE_REVERSE) != 0 && is_mail(proxy, c, l))
		return verdict_of_reverse(verdict);
	return verdict;
}

static uint32_t
signature_of(const struct proxy_case *c, bool mail, enum alert_verdict verdict)
{
	bool seen = (c->flags & PROXY_CASE_MAIL) != 0;

	if ((c->flags & PROXY_CASE_USE) != 0)
		return 2011;
	if (verdict <= ALERT_REFUSED)
		return mail ? 2004 : 2010;
	if (!mail)
		return 2009;
	if ((c->flags & PROXY_CASE_REVERSE) != 0)
		return 2007;
	if (!seen)
		return 2003;
	return verdict == ALERT_CONFIRMED ? 2001 : 2002;
}

static enum alert_confidence
confidence_of(enum alert_verdict verdict, const struct proxy_match *m)
{
	switch (verdict) {
	case ALERT_CONFIRMED:
		return m->by_addr || (m->evidence & ALERT_EVIDENCE_BANNER_MATCH) != 0
			   ? ALERT_HIGH
			   : ALERT_MEDIUM;
	case ALERT_TUNNELED:
	case ALERT_REFUSED:
		return ALERT_HIGH;
	case ALERT_SUSPECTED:
		return ALERT_LOW;
	default:
		return ALERT_MEDIUM;
	}
}

static void
fill_chain(struct alert *alert, const struct proxy_case *c)
{
	unsigned first = 1;

	alert->mechanism = alert_mechanism_of(c->layer[0].tunnel);
	if ((c->flags & PROXY_CASE_REVERSE) != 0) {
		alert->mechanism = ALERT_REVERSE;
		alert->server.port = 0; /* as it happened to dial */
		first = 0;
	}
	for (unsigned i = first; i < c->layers && alert->via_count < ALERT_VIA; i++)
		alert->via[alert->via_count++] = alert_mechanism_of(c->layer[i].tunnel);
}

static void
fill_target(struct alert *alert, const struct proxy_case *c, unsigned layer,
    const struct proxy_match *m)
{
	const struct proxy_layer *l = &c->layer[layer];

	alert->target.port = l->port;
	alert->target.has_addr = l->has_addr;
	alert->target.addr = l->addr;
	if (layer == c->layers - 1u)
		alert->target.host = slice_of(c->host, c->host_n);
	if (!l->has_addr && m->leg != NULL && m->layer == layer) {
		alert->target.has_addr = true;
		alert->target.addr = m->leg->call.server.addr;
	}
}

static void
fill_legs(struct alert *alert, const struct proxy_case *c, const struct proxy_match *m)
{
	const struct leg *leg = m->leg != NULL ? m->leg : m->dead;

	alert->leg[alert->legs++] = (struct alert_leg){ .client = c->session.client,
		.server = c->session.server,
		.flow_id = c->session.flow_id,
		.first_us = c->session.start_us,
		.last_us = c->last.ts_us,
		.origin = c->session.start };
	if (leg == NULL)
		return;
	alert->leg[alert->legs++] = call_alert(&leg->call, true, leg->last_us);
	alert->has_delay = true;
	alert->delay_ms = (leg->call.start_us - c->layer[m->layer].asked_us) / 1000;
}

static unsigned
severity_of(uint32_t signature_id)
{
	const struct alert_signature *signature = alert_signature(signature_id);

	return signature != NULL ? signature->severity : 0;
}

void
proxy_raise(struct proxy *proxy, const struct alert *alert, uint32_t was)
{
	if (was != 0) {
		proxy->verdicts[alert->was]--;
		proxy->severity[severity_of(was)]--;
	}
	proxy->verdicts[alert->verdict]++;
	proxy->severity[severity_of(alert->signature_id)]++;
	alerts_raise(proxy->alerts, alert);
}

static void
tell(struct proxy *proxy, struct proxy_case *c, unsigned layer,
    const struct proxy_match *m, enum alert_verdict verdict,
    const struct transaction *mail)
{
	bool use = (c->flags & PROXY_CASE_USE) != 0;
	struct alert alert = { .kind = use ? ALERT_PROXY_USE : ALERT_PROXY,
		.verdict = verdict,
		.was = (enum alert_verdict)c->verdict,
		.signature_id =
		    signature_of(c, is_mail(proxy, c, &c->layer[layer]), verdict),
		.confidence = confidence_of(verdict, m),
		.evidence = m->evidence,
		.session = c->session,
		.origin = c->last,
		.has_tx = true,
		.tx_id = c->tx,
		.server = c->session.server,
		.has_client = true,
		.client = c->session.client.addr,
		.mail = mail };

	fill_chain(&alert, c);
	fill_target(&alert, c, layer, m);
	fill_legs(&alert, c, m);
	proxy_raise(proxy, &alert, c->signature);
	c->verdict = (uint8_t)verdict;
	c->signature = (uint16_t)alert.signature_id;
}

/* TLS to a port of implicit TLS, answered. */
static bool
is_mail_in_tls(const struct proxy *proxy, const struct proxy_case *c)
{
	const struct proxy_layer *l = &c->layer[c->layers - 1u];

	return (c->flags & PROXY_CASE_TLS) != 0 && l->outcome == REQUEST_GRANTED &&
	       conf_has_port(&proxy->conf->tls_ports, l->port) &&
	       (l->inside.lengths[1] != 0 || c->bytes_to_client != 0);
}

static void
see_chain(struct proxy *proxy, uint32_t entry, void *context)
{
	struct proxy_case *c = proxy_case_at(proxy, entry);

	(void)context;
	if ((c->flags & PROXY_CASE_USE) == 0)
		proxy_match(proxy, c);
}

/* A leg of our own proxy, on behalf of somebody outside who is told of. */
static bool
is_leg_of_chain(struct proxy *proxy, const struct proxy_case *c)
{
	const struct leg *leg = legs_of(&proxy->legs, c->session.flow_id);

	if (leg != NULL && (leg->flags & LEG_TAKEN) == 0)
		proxy_cases_walk(proxy, &c->session.server, see_chain, NULL);
	return leg != NULL && (leg->flags & LEG_TAKEN) != 0;
}

void
proxy_judge(
    struct proxy *proxy, struct proxy_case *c, bool early, const struct transaction *mail)
{
	struct proxy_match m = { 0 };
	enum alert_verdict verdict;
	unsigned layer = deciding_layer(proxy, c);

	if ((c->flags & PROXY_CASE_USE) == 0)
		m = proxy_match(proxy, c);
	else if (is_leg_of_chain(proxy, c))
		return;
	if (m.leg != NULL && has_body(&c->layer[layer]) && (m.leg->flags & LEG_MAIL) != 0)
		c->flags |= PROXY_CASE_MAIL;
	if (is_mail_in_tls(proxy, c))
		c->flags |= PROXY_CASE_MAIL;
	verdict = judge(proxy, c, &c->layer[layer], &m, early);
	if (verdict > (enum alert_verdict)c->verdict)
		tell(proxy, c, layer, &m, verdict, mail);
}
