/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outbound leg of a request: a connection that a home host opened to the asked target
 * after it was asked. Any home host: proxies may listen on one address and dial from
 * another. Of several the one that fits best: equal first octets, then order and time.
 */
#include <xxhash.h>

#include "proxy_state.h"

enum {
	US_PER_SEC = 1000000,
	SLACK_US = 1000000, /* the request may be known later than it was heard */
	EAGER_US = 5 * US_PER_SEC,
	BY_NAME_US = 30 * US_PER_SEC, /* for a leg whose octets are equal */
	SIZE_SLACK = 64,
};

struct search {
	const struct proxy_case *c;
	const struct proxy_layer *layer;
	bool by_addr;
	struct leg *best, *dead;
	int score;
	int64_t distance_us;
};

/* A POST or GET is rewritten on its way. */
static bool
is_rewritten(const struct proxy_layer *layer)
{
	return layer->tunnel == FACT_TUNNEL_HTTP_POST ||
	       layer->tunnel == FACT_TUNNEL_HTTP_GET;
}

static uint64_t
name_of(const struct proxy_case *c)
{
	return XXH3_64bits(c->host, c->host_n);
}

/* Web proxies send several requests by one connection: one that went there before, and is
 * open still. */
static bool
is_reused(const struct search *s, const struct leg *leg)
{
	bool open =
	    (leg->flags & LEG_CLOSED) == 0 || leg->last.ts_us > s->layer->asked_us;

	return (leg->flags & LEG_TAKEN) != 0 && is_rewritten(s->layer) && open &&
	       leg->syn_us < s->layer->asked_us &&
	       (s->by_addr || leg->name == name_of(s->c));
}

static bool
is_free(const struct search *s, const struct leg *leg)
{
	return (leg->flags & LEG_TAKEN) == 0 || leg->session.flow_id == s->c->leg_flow;
}

static bool
is_in_time(const struct search *s, const struct leg *leg)
{
	const struct proxy_layer *l = s->layer;
	int64_t from = s->by_addr ? l->asked_us - SLACK_US : l->asked_us;
	int64_t until = l->answered_us != 0 ? l->answered_us + EAGER_US : INT64_MAX;

	if (from < s->c->session.start_us)
		from = s->c->session.start_us;
	return leg->syn_us >= from && leg->syn_us <= until;
}

static bool
is_same_host(const struct search *s, const struct leg *leg)
{
	return addr_equal(&leg->session.client.addr, &s->c->session.server.addr);
}

/* The SYN-ACK came before the grant. */
static bool
is_in_order(const struct search *s, const struct leg *leg)
{
	return s->layer->answered_us == 0 || leg->established_us <= s->layer->answered_us;
}

static int
score_of(const struct search *s, const struct leg *leg)
{
	const struct prefixes *in = &s->layer->inside;
	unsigned equal =
	    prefixes_equal(in, &leg->prefixes, 0) + prefixes_equal(in, &leg->prefixes, 1);
	int score = 8 * (int)equal;

	if (prefixes_differ(in, &leg->prefixes, 0) ||
	    prefixes_differ(in, &leg->prefixes, 1))
		score -= is_rewritten(s->layer) ? 0 : 16;
	if (is_same_host(s, leg))
		score += 4;
	if (is_in_order(s, leg))
		score += 2;
	if (leg->syn_us >= s->layer->asked_us)
		score += 3;
	/* By name anybody's connection to that port would do. */
	if (!s->by_addr && equal == 0 && !(is_same_host(s, leg) && is_in_order(s, leg)))
		return -1;
	if (!s->by_addr && leg->syn_us > s->layer->asked_us + (int64_t)BY_NAME_US)
		return -1;
	return score;
}

static int64_t
distance(const struct search *s, const struct leg *leg)
{
	const struct proxy_layer *l = s->layer;
	int64_t us = l->answered_us != 0 ? l->answered_us - leg->established_us
					 : leg->syn_us - l->asked_us;

	return us < 0 ? -us : us;
}

static void
consider(void *context, struct leg *leg)
{
	struct search *s = context;
	int64_t distance_us;
	int score;

	if (leg->session.flow_id == s->c->session.flow_id)
		return;
	if (is_reused(s, leg) && is_same_host(s, leg) && s->best == NULL) {
		s->best = leg;
		return;
	}
	if (!is_free(s, leg) || !is_in_time(s, leg))
		return;
	if (!leg_is_established(leg)) {
		if ((s->by_addr || is_same_host(s, leg)) &&
		    (s->dead == NULL || leg->syn_us < s->dead->syn_us))
			s->dead = leg;
		return;
	}
	score = score_of(s, leg);
	distance_us = distance(s, leg);
	if (score < 0 || score < s->score ||
	    (score == s->score && distance_us >= s->distance_us))
		return;
	s->best = leg;
	s->score = score;
	s->distance_us = distance_us;
}

static bool
is_near(uint64_t a, uint64_t b)
{
	uint64_t difference = a > b ? a - b : b - a;

	return difference <= SIZE_SLACK;
}

static unsigned
evidence_of(const struct proxy_case *c, const struct proxy_match *m)
{
	const struct leg *leg = m->leg != NULL ? m->leg : m->dead;
	unsigned evidence = 0;

	if (leg == NULL)
		return 0;
	evidence |= ALERT_EVIDENCE_OUTBOUND_SYN;
	if (prefixes_equal(&c->layer[m->layer].inside, &leg->prefixes, 1) != 0)
		evidence |= ALERT_EVIDENCE_BANNER_MATCH;
	if (m->layer == 0 && (leg->flags & LEG_CLOSED) != 0 && leg->bytes[1] != 0 &&
	    is_near(leg->bytes[0], c->bytes_to_target) &&
	    is_near(leg->bytes[1], c->bytes_to_client))
		evidence |= ALERT_EVIDENCE_SIZE;
	return evidence;
}

static void
search_layer(
    struct proxy *proxy, const struct proxy_case *c, unsigned layer, struct search *s)
{
	const struct proxy_layer *l = &c->layer[layer];

	*s = (struct search){
		.c = c, .layer = l, .by_addr = l->has_addr, .distance_us = INT64_MAX
	};
	if (l->port != 0)
		legs_walk(
		    &proxy->legs, l->has_addr ? &l->addr : NULL, l->port, consider, s);
}

static void
keep(struct proxy_case *c, unsigned layer, struct leg *leg)
{
	leg->flags |= LEG_TAKEN;
	if (leg->name == 0 && c->host_n != 0)
		leg->name = name_of(c);
	c->leg_flow = leg->session.flow_id;
	c->leg_layer = (uint8_t)layer;
	c->leg = *leg;
}

/* The leg to the innermost target where a home host is the last of the chain, else the
 * one by which the chain leaves. */
struct proxy_match
proxy_match(struct proxy *proxy, struct proxy_case *c)
{
	struct proxy_match m = { 0 };
	struct search s = { 0 };

	for (unsigned i = c->layers; i-- > 0 && s.best == NULL;) {
		search_layer(proxy, c, i, &s);
		if (s.best != NULL)
			keep(c, i, s.best);
		if (s.dead != NULL && m.dead == NULL) {
			m.dead = s.dead;
			m.layer = i;
		}
	}
	if (c->leg_flow != 0) {
		m.leg = &c->leg;
		m.layer = c->leg_layer;
	}
	m.by_addr = c->layer[m.layer].has_addr;
	m.evidence = evidence_of(c, &m);
	return m;
}
