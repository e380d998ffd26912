/* SPDX-License-Identifier: BSD-2-Clause */
#include "forward.h"

#include <stdlib.h>
#include <xxhash.h>

#include "proxy_state.h"

enum {
	KEYS_EACH = 1 + RECORD_PREFIXES,
	LAG_MAX_US = 30 * 1000000, /* between equal octets on both legs */
	DISORDER_US = 1000000,     /* packets are captured late, or sent again */
	MAIL_CLIENT = 0,           /* directions, by who speaks */
	MAIL_SERVER = 1,
};

enum way_kind {
	WAY_NONE,
	WAY_OUT,     /* home is an SMTP client of an outside server */
	WAY_INBOUND, /* an outside client came to home */
	WAY_REVERSE, /* home called an outside host that may give orders */
};

struct forward_way {
	struct session session; /* as the connection was opened */
	struct origin last;
	struct prefixes prefixes; /* MAIL_CLIENT, MAIL_SERVER */
	uint64_t partner;         /* connection of the other leg; 0: not found */
	uint8_t kind;             /* enum way_kind */
	uint8_t keys;             /* lengths it is filed under */
	bool told;
};

int
forward_init(struct forward *forward, const struct conf_proxy *conf)
{
	struct seen_limits limits = { .entries = conf->connections,
		.keys = conf->connections * KEYS_EACH,
		.share_percent = conf->client_share_percent,
		.entry_bytes = sizeof(struct forward_way) };

	forward->window_us = conf->window_sec * (int64_t)1000000;
	forward->seen = seen_new(&limits);
	return forward->seen == NULL ? -1 : 0;
}

void
forward_release(struct forward *forward)
{
	seen_free(forward->seen);
}

static uint64_t
flow_key(uint64_t flow_id)
{
	return XXH3_64bits(&flow_id, sizeof(flow_id));
}

/* Both directions: a banner alone is the same for all who call that server. */
static uint64_t
content_key(const struct prefixes *p, unsigned length, bool out)
{
	uint64_t text[3] = { p->hash[MAIL_CLIENT][length - 1],
		p->hash[MAIL_SERVER][length - 1], (uint64_t)length << 1 | out };

	return XXH3_64bits(text, sizeof(text));
}

static struct forward_way *
way_at(const struct forward *forward, uint32_t entry)
{
	return seen_entry(forward->seen, entry);
}

static struct forward_way *
way_of(const struct forward *forward, uint64_t flow_id)
{
	uint32_t link = seen_find(forward->seen, flow_key(flow_id));

	return link == SEEN_NONE ? NULL
				 : way_at(forward, seen_link_entry(forward->seen, link));
}

static enum way_kind
kind_of(const struct proxy *proxy, const struct session *s)
{
	const struct leg *leg = legs_of(&proxy->legs, s->flow_id);

	if (s->client.home == s->server.home)
		return WAY_NONE;
	if (s->server.home)
		return WAY_INBOUND;
	if (conf_has_port(&proxy->conf->mail_ports, s->server.port) ||
	    (leg != NULL && (leg->flags & LEG_SMTP) != 0))
		return WAY_OUT;
	return WAY_REVERSE;
}

static const struct endpoint *
home_end(const struct forward_way *way)
{
	return way->session.client.home ? &way->session.client : &way->session.server;
}

static const struct endpoint *
outside_end(const struct forward_way *way)
{
	return way->session.client.home ? &way->session.server : &way->session.client;
}

/* A way through the forwarder takes no time at all, but not less. */
static bool
is_in_order(int64_t us)
{
	return us >= -DISORDER_US && us <= LAG_MAX_US;
}

/* How long the octets of both directions took through the forwarder; -1 where they came
 * in the wrong order: the server's come by the outbound leg first, the client's last. */
static int64_t
lag(const struct forward_way *out, const struct forward_way *first)
{
	int64_t server_us =
	    first->prefixes.ts_us[MAIL_SERVER][0] - out->prefixes.ts_us[MAIL_SERVER][0];
	int64_t client_us =
	    out->prefixes.ts_us[MAIL_CLIENT][0] - first->prefixes.ts_us[MAIL_CLIENT][0];

	if (!is_in_order(server_us) || !is_in_order(client_us))
		return -1;
	return llabs(server_us) + llabs(client_us);
}

static unsigned
equal_lengths(const struct forward_way *a, const struct forward_way *b)
{
	unsigned client = prefixes_equal(&a->prefixes, &b->prefixes, MAIL_CLIENT);
	unsigned server = prefixes_equal(&a->prefixes, &b->prefixes, MAIL_SERVER);

	return client < server ? client : server;
}

static bool
is_pair(const struct forward_way *out, const struct forward_way *first)
{
	unsigned equal = equal_lengths(out, first);

	if (out->kind != WAY_OUT || first->kind == WAY_OUT || equal == 0 ||
	    first->session.start_us > out->session.start_us)
		return false;
	/* Another host of ours: 16 octets of each direction are little. */
	return equal > 1 || addr_equal(&home_end(out)->addr, &home_end(first)->addr);
}

/* The best among those that share a key; twins as good as it make it unsure. */
static struct forward_way *
best_of(struct forward *forward, const struct forward_way *way, uint64_t key)
{
	struct forward_way *best = NULL;
	int64_t best_lag = INT64_MAX;

	for (uint32_t link = seen_find(forward->seen, key); link != SEEN_NONE;
	     link = seen_find_next(forward->seen, link)) {
		struct forward_way *other =
		    way_at(forward, seen_link_entry(forward->seen, link));
		const struct forward_way *out = way->kind == WAY_OUT ? way : other;
		const struct forward_way *first = way->kind == WAY_OUT ? other : way;
		int64_t us;

		if (other->partner != 0 || !is_pair(out, first))
			continue;
		us = lag(out, first);
		if (us < 0 || us > best_lag)
			continue;
		forward->unsure += us == best_lag;
		best = us < best_lag ? other : NULL;
		best_lag = us;
	}
	return best;
}

/* A request explains it: that is the finding. */
static bool
is_explained(const struct proxy *proxy, const struct forward_way *out)
{
	const struct leg *leg = legs_of(&proxy->legs, out->session.flow_id);

	return leg != NULL && (leg->flags & LEG_TAKEN) != 0;
}

static void
join(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	struct forward_way *out = way->kind == WAY_OUT ? way : other;
	struct leg *leg = legs_of(&proxy->legs, out->session.flow_id);

	way->partner = other->session.flow_id;
	other->partner = way->session.flow_id;
	if (leg != NULL)
		leg->flags |= LEG_TAKEN;
	proxy->forward.found++;
	alerts_claim(proxy->alerts, way->session.flow_id);
	alerts_claim(proxy->alerts, other->session.flow_id);
}

static void
look_for_partner(struct proxy *proxy, struct forward_way *way)
{
	struct forward *forward = &proxy->forward;

	for (unsigned length = way->keys; length > 0 && way->partner == 0; length--) {
		struct forward_way *other = best_of(forward, way,
		    content_key(&way->prefixes, length, way->kind != WAY_OUT));

		if (other != NULL &&
		    !is_explained(proxy, way->kind == WAY_OUT ? way : other))
			join(proxy, way, other);
	}
}

static void
file(struct forward *forward, uint32_t entry)
{
	struct forward_way *way = way_at(forward, entry);
	const struct prefixes *p = &way->prefixes;

	while (way->keys < p->lengths[0] && way->keys < p->lengths[1])
		seen_key(forward->seen, entry,
		    content_key(p, ++way->keys, way->kind == WAY_OUT));
}

static uint32_t
way_add(struct proxy *proxy, const struct record *record, enum way_kind kind)
{
	struct forward *forward = &proxy->forward;
	const struct session *s = &record->session;
	/* Counted for whom can make many of them: the side that opened it. */
	uint32_t entry =
	    seen_add(forward->seen, proxy_owner(&s->client.addr), record->origin.ts_us);
	struct forward_way *way = way_at(forward, entry);

	way->session = *s;
	way->kind = (uint8_t)kind;
	seen_key(forward->seen, entry, flow_key(s->flow_id));
	return entry;
}

/* Who speaks as the mail client may be known only after the first octets. */
static void
set_kind(struct forward_way *way, enum way_kind kind)
{
	struct prefixes was = way->prefixes;

	if (way->kind == kind || way->keys != 0)
		return;
	way->kind = (uint8_t)kind;
	for (unsigned dir = 0; dir < 2; dir++) {
		way->prefixes.lengths[dir] = was.lengths[!dir];
		memcpy(way->prefixes.hash[dir], was.hash[!dir], sizeof(was.hash[0]));
		memcpy(way->prefixes.ts_us[dir], was.ts_us[!dir], sizeof(was.ts_us[0]));
	}
}

static void
take_prefix(struct proxy *proxy, const struct record *record)
{
	struct forward *forward = &proxy->forward;
	uint32_t link = seen_find(forward->seen, flow_key(record->session.flow_id));
	enum way_kind kind = kind_of(proxy, &record->session);
	struct forward_way *way;
	uint32_t entry;
	uint8_t dir;

	if (kind == WAY_NONE)
		return;
	entry = link != SEEN_NONE ? seen_link_entry(forward->seen, link)
				  : way_add(proxy, record, kind);
	way = way_at(forward, entry);
	set_kind(way, kind);
	way->last = record->origin;
	dir = record->prefix.dir ^ (uint8_t)(way->kind == WAY_REVERSE);
	prefixes_take(&way->prefixes, dir, &record->prefix);
	file(forward, entry);
	if (way->partner == 0)
		look_for_partner(proxy, way);
}

static struct alert_leg
leg_of(const struct forward_way *way, bool outbound)
{
	return (struct alert_leg){ .outbound = outbound,
		.client = way->session.client,
		.server = way->session.server,
		.flow_id = way->session.flow_id,
		.first_us = way->session.start_us,
		.last_us = way->last.ts_us,
		.origin = way->session.start };
}

static void
tell(struct proxy *proxy, struct forward_way *out, struct forward_way *first,
    const struct origin *now, const struct transaction *mail)
{
	bool reverse = first->kind == WAY_REVERSE;
	struct alert alert = { .signature_id = reverse ? 2007 : 2005,
		.kind = ALERT_PROXY,
		.verdict = ALERT_CONFIRMED,
		.mechanism = reverse ? ALERT_REVERSE : ALERT_TCP_FORWARD,
		.confidence = equal_lengths(out, first) > 1 ? ALERT_HIGH : ALERT_MEDIUM,
		.evidence = ALERT_EVIDENCE_OUTBOUND_SYN | ALERT_EVIDENCE_BANNER_MATCH,
		.session = first->session,
		.origin = *now,
		.server = *home_end(first),
		.has_client = true,
		.client = outside_end(first)->addr,
		.target = { .has_addr = true,
		    .addr = out->session.server.addr,
		    .port = out->session.server.port },
		.mail = mail,
		.legs = 2,
		.leg = { leg_of(first, false), leg_of(out, true) },
		.has_delay = true };

	if (reverse)
		alert.server.port = 0; /* as it happened to dial */
	alert.delay_ms = (out->session.start_us - first->session.start_us) / 1000;
	proxy_raise(proxy, &alert, 0);
	out->told = first->told = true;
}

/* Told with the first mail that went over, or else when it is over. */
static void
tell_when_due(
    struct proxy *proxy, const struct record *record, const struct transaction *tx)
{
	struct forward_way *way = way_of(&proxy->forward, record->session.flow_id);
	bool closed =
	    record->class == RECORD_CONN && record->conn.event == RECORD_CONN_CLOSED;
	bool mail = record->class == RECORD_FACT && tx != NULL && tx->ended && !tx->empty;
	struct forward_way *other;

	if (way == NULL || way->partner == 0 || way->told || (!closed && !mail))
		return;
	way->last = record->origin;
	other = way_of(&proxy->forward, way->partner);
	if (other == NULL)
		return;
	if (way->kind == WAY_OUT)
		tell(proxy, way, other, &record->origin, mail ? tx : NULL);
	else
		tell(proxy, other, way, &record->origin, mail ? tx : NULL);
}

void
forward_record(
    struct proxy *proxy, const struct record *record, const struct transaction *tx)
{
	if (record->class == RECORD_PREFIX)
		take_prefix(proxy, record);
	else if (proxy->forward.found != 0)
		tell_when_due(proxy, record, tx);
}

void
forward_prefetch(const struct forward *forward, uint64_t flow_id, unsigned step)
{
	seen_prefetch(forward->seen, flow_key(flow_id), step);
}

void
forward_expire(struct forward *forward, int64_t now_us)
{
	seen_expire(forward->seen, now_us - forward->window_us);
}

void
forward_stats(const struct forward *forward, struct stats_visitor *v)
{
	const struct seen_counters *c = seen_counters(forward->seen);

	stats_show(v, "proxy_forward", "pairs", forward->found);
	stats_show(v, "proxy_forward", "unsure", forward->unsure);
	stats_show(v, "proxy_forward", "held", c->entries);
	stats_show(v, "proxy_forward", "evicted", c->evicted);
	stats_show(v, "proxy_forward", "evicted_share", c->evicted_share);
	stats_show(v, "proxy_forward", "expired", c->expired);
}
