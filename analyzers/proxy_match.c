/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The outbound leg of a request: a connection that a home host opened to the asked target
 * after it was asked. Any home host: proxies may listen on one address and dial from
 * another. Of several the one that fits best: equal first octets, then order and time.
 */
#include <stdlib.h>
#include <xxhash.h>

#include "domain.h"
#include "proxy_state.h"

enum {
	US_PER_SEC = 1000000,
	/* A request may be known later than it was heard; packets are captured late, or
	 * sent again. */
	SLACK_US = US_PER_SEC,
	EAGER_US = 5 * US_PER_SEC,
	BY_NAME_US = 30 * US_PER_SEC, /* for a leg whose octets are equal */
	SIZE_SLACK = 64,
	LEFT_MAX = 8,
	RIVALS_MAX = 8, /* looked at closely for one leg */
};

/* How well a leg goes with a layer. */
struct fit {
	int score;
	int64_t distance_us;
};

struct search {
	const struct proxy_case *c;
	const struct proxy_layer *layer;
	bool by_addr;
	struct leg *best, *reused, *dead;
	struct fit fit;                   /* of the best */
	const struct leg *left[LEFT_MAX]; /* to those whom they fit better */
	unsigned lefts;
};

/* A POST or GET is rewritten on its way. */
static bool
is_rewritten(const struct proxy_layer *layer)
{
	return layer->tunnel == FACT_TUNNEL_HTTP_POST ||
	       layer->tunnel == FACT_TUNNEL_HTTP_GET;
}

uint64_t
proxy_name_hash(struct slice host)
{
	char name[DOMAIN_MAX + 1];
	size_t n = domain_normalise(host, name);

	return n != 0 ? XXH3_64bits(name, n) : XXH3_64bits(host.p, host.n);
}

/* What is posted to a mail server comes with its HTTP lines. */
static bool
is_other_mail(const struct search *s, const struct leg *leg)
{
	return is_rewritten(s->layer) &&
	       (leg->flags & (LEG_MAILER | LEG_HTTP)) == LEG_MAILER;
}

/* Web proxies send several requests by one connection: one that went there before, and is
 * open still. */
static bool
is_reused(const struct search *s, const struct leg *leg)
{
	bool open = (leg->flags & LEG_CLOSED) == 0 || leg->last_us > s->layer->asked_us;

	return (leg->flags & LEG_TAKEN) != 0 && is_rewritten(s->layer) && open &&
	       !is_other_mail(s, leg) && leg->call.start_us < s->layer->asked_us &&
	       (s->by_addr || leg->name == s->c->name);
}

static bool
is_free(const struct search *s, const struct leg *leg)
{
	return (leg->flags & LEG_TAKEN) == 0 || leg->call.flow_id == s->c->leg_flow;
}

static bool
is_in_time(const struct search *s, const struct leg *leg)
{
	const struct proxy_layer *l = s->layer;
	int64_t from = l->asked_us - SLACK_US;
	int64_t eager_us = is_rewritten(l) ? SLACK_US : EAGER_US;
	int64_t until = INT64_MAX;

	if (l->answered_us != 0)
		until = l->answered_us + eager_us;
	else if ((s->c->flags & PROXY_CASE_ENDED) != 0)
		until = s->c->last.ts_us; /* for nobody any more */
	if (from < s->c->session.start_us)
		from = s->c->session.start_us;
	return leg->call.start_us >= from && leg->call.start_us <= until;
}

static bool
is_same_host(const struct search *s, const struct leg *leg)
{
	return addr_equal(&leg->call.client.addr, &s->c->session.server.addr);
}

/* The SYN-ACK came before the grant. */
static bool
is_in_order(const struct search *s, const struct leg *leg, int64_t slack_us)
{
	return s->layer->answered_us == 0 ||
	       leg->established_us <= s->layer->answered_us + slack_us;
}

/*
 * A web server that answers any URI with a page calls others, too, and often to make that
 * page: what fetches for the client names the host he asked for (RFC 9112 section 3.2.2),
 * or speaks HTTP to a mail server. A reverse proxy whose server is outside and that hands
 * on any name cannot be told from that.
 */
static bool
is_fetch(const struct search *s, const struct leg *leg)
{
	return !is_rewritten(s->layer) || leg->name == s->c->name ||
	       (leg->flags & LEG_HTTP) != 0;
}

/*
 * Nobody saw an answer; a host that stays silent for long after it connected, while its
 * client waits, or that says more than he did, connected on its own errand.
 */
static bool
is_own_errand(const struct search *s, const struct leg *leg)
{
	const struct proxy_case *c = s->c;

	if (s->layer->answered_us != 0 || is_rewritten(s->layer) ||
	    (c->flags & PROXY_CASE_ENDED) == 0)
		return false;
	if ((c->flags & PROXY_CASE_LOST) == 0 &&
	    c->last.ts_us > leg->established_us + SLACK_US)
		return true;
	return c->said_bytes != 0 && leg->bytes[0] > c->said_bytes;
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
	if (leg->call.client.port == s->c->session.client.port)
		score += 6; /* Dante dials from its client's port where that is free */
	if (is_in_order(s, leg, 0))
		score += 2;
	if (leg->call.start_us >= s->layer->asked_us)
		score += 3;
	/* By name anybody's connection to that port would do. */
	if (!s->by_addr && equal == 0 &&
	    !(is_same_host(s, leg) && is_in_order(s, leg, SLACK_US) && is_fetch(s, leg)))
		return -1;
	if (!s->by_addr && leg->call.start_us > s->layer->asked_us + (int64_t)BY_NAME_US)
		return -1;
	return score;
}

/* A tunnel is granted when its leg stands; the answer to a POST or GET comes later. */
static int64_t
distance(const struct search *s, const struct leg *leg)
{
	const struct proxy_layer *l = s->layer;

	if (l->answered_us != 0 && !is_rewritten(l))
		return llabs(l->answered_us - leg->established_us);
	return llabs(leg->call.start_us - l->asked_us);
}

/* False where they cannot belong together. */
static bool
fit_of(const struct search *s, const struct leg *leg, struct fit *fit)
{
	if (leg->call.flow_id == s->c->session.flow_id || !is_free(s, leg) ||
	    !is_in_time(s, leg) || !leg_is_established(leg) || is_own_errand(s, leg) ||
	    is_other_mail(s, leg))
		return false;
	*fit = (struct fit){ score_of(s, leg), distance(s, leg) };
	return fit->score >= 0;
}

static bool
is_better(const struct fit *a, const struct fit *b)
{
	return a->score != b->score ? a->score > b->score
				    : a->distance_us < b->distance_us;
}

/* Equal ones: whatever order they are found in. */
static bool
comes_first(const struct leg *a, const struct leg *b)
{
	return a->call.start_us != b->call.start_us
		   ? a->call.start_us < b->call.start_us
		   : a->call.client.port < b->call.client.port;
}

static bool
is_left(const struct search *s, const struct leg *leg)
{
	for (unsigned i = 0; i < s->lefts; i++) {
		if (s->left[i] == leg)
			return true;
	}
	return false;
}

/* A connection that was refused, or not answered. */
static void
consider_dead(struct search *s, struct leg *leg)
{
	if (leg->call.flow_id == s->c->session.flow_id || !is_free(s, leg) ||
	    !is_in_time(s, leg) || (!s->by_addr && !is_same_host(s, leg)))
		return;
	if (s->dead == NULL || comes_first(leg, s->dead))
		s->dead = leg;
}

static void
consider(void *context, struct leg *leg)
{
	struct search *s = context;
	struct fit fit;

	if (!leg_is_established(leg)) {
		consider_dead(s, leg);
	} else if (is_reused(s, leg) && is_same_host(s, leg)) {
		if (s->reused == NULL || comes_first(s->reused, leg))
			s->reused = leg;
	} else if (fit_of(s, leg, &fit) && !is_left(s, leg) &&
		   (s->best == NULL || is_better(&fit, &s->fit) ||
		       (!is_better(&s->fit, &fit) && comes_first(leg, s->best)))) {
		s->best = leg;
		s->fit = fit;
	}
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

static struct search
search_of(const struct proxy_case *c, unsigned layer)
{
	return (struct search){
		.c = c, .layer = &c->layer[layer], .by_addr = c->layer[layer].has_addr
	};
}

static void
search_once(struct proxy *proxy, struct search *s)
{
	const struct proxy_layer *l = s->layer;

	s->best = s->reused = s->dead = NULL;
	if (l->port != 0)
		legs_walk(
		    &proxy->legs, l->has_addr ? &l->addr : NULL, l->port, consider, s);
}

struct rivalry {
	const struct search *search;
	unsigned rivals;
	bool lost;
};

static bool
goes_to(const struct proxy_layer *layer, const struct endpoint *server)
{
	return layer->port == server->port &&
	       (!layer->has_addr || addr_equal(&layer->addr, &server->addr));
}

/* Whether another request has a better claim to the leg, and no better choice. */
static void
see_rival(struct proxy *proxy, uint32_t entry, void *context)
{
	const struct proxy_case *c = proxy_case_at(proxy, entry);
	struct rivalry *r = context;
	struct leg *leg = r->search->best;

	if (c == r->search->c || c->leg_flow != 0 || (c->flags & PROXY_CASE_USE) != 0)
		return;
	for (unsigned i = 0; i < c->layers && !r->lost && r->rivals < RIVALS_MAX; i++) {
		struct search s = search_of(c, i);
		struct fit fit;

		if (!goes_to(s.layer, &leg->call.server) || !fit_of(&s, leg, &fit) ||
		    !is_better(&fit, &r->search->fit))
			continue;
		r->rivals++;
		search_once(proxy, &s);
		r->lost = s.best == leg;
	}
}

/* Several requests at once for the same target: each leg is left to the one it fits best,
 * whichever is judged first. */
static void
search_layer(struct proxy *proxy, struct search *s)
{
	for (;;) {
		struct rivalry r = { .search = s };

		search_once(proxy, s);
		if (s->best != NULL && s->lefts < LEFT_MAX)
			proxy_cases_walk(proxy, &s->best->call.server, see_rival, &r);
		if (!r.lost)
			break;
		s->left[s->lefts++] = s->best;
	}
	if (s->best == NULL)
		s->best = s->reused;
}

static void
keep(struct proxy *proxy, struct proxy_case *c, unsigned layer, struct leg *leg)
{
	struct leg *was = c->leg_flow != 0 ? legs_of(&proxy->legs, c->leg_flow) : NULL;

	if (was != NULL && was != leg && !is_rewritten(&c->layer[c->leg_layer]))
		was->flags &= (uint8_t)~LEG_TAKEN; /* another one is better */
	leg->flags |= LEG_TAKEN;
	if (leg->name == 0 && c->host_n != 0)
		leg->name = c->name;
	c->leg_flow = leg->call.flow_id;
	c->leg_layer = (uint8_t)layer;
	c->leg = *leg;
}

/* The leg to the innermost target where a home host is the last of the chain, else the
 * one by which the chain leaves. */
struct proxy_match
proxy_match(struct proxy *proxy, struct proxy_case *c)
{
	struct proxy_match m = { 0 };
	struct leg *found = NULL;

	for (unsigned i = c->layers; i-- > 0 && found == NULL;) {
		struct search s = search_of(c, i);

		search_layer(proxy, &s);
		found = s.best;
		if (found != NULL)
			keep(proxy, c, i, found);
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
