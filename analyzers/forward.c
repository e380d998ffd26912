/* SPDX-License-Identifier: BSD-2-Clause */
#include "forward.h"

#include <xxhash.h>

#include "forward_way.h"
#include "proxy_state.h"

enum {
	LONGEST = RECORD_PREFIXES,
	KEYS_EACH = 1 + RECORD_PREFIXES,
	/* One owner has few entries of one key: sessions that are alike are spread. */
	SHARDS = 8,
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
content_key(const struct prefixes *p, unsigned length, bool out, unsigned shard)
{
	uint64_t text[3] = { p->hash[MAIL_CLIENT][length - 1],
		p->hash[MAIL_SERVER][length - 1],
		(uint64_t)shard << 32 | (uint64_t)length << 1 | out };

	return XXH3_64bits(text, sizeof(text));
}

/* Short ones are alike by chance: the newest will do. */
static unsigned
shards_of(unsigned length)
{
	return length == LONGEST ? SHARDS : 1;
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

static const struct forward_way *
out_of(const struct forward_way *a, const struct forward_way *b)
{
	return a->kind == WAY_OUT ? a : b;
}

static enum way_likeness
compare(const struct forward_way *a, const struct forward_way *b)
{
	const struct forward_way *out = out_of(a, b);

	return ways_compare(out, out == a ? b : a);
}

/* The best partner so far. */
struct choice {
	struct forward_way *way;
	enum way_likeness likeness;
	int64_t lag_us;
	bool twins; /* as good as each other */
};

/* What is sure goes before what was found first. */
static void
consider(struct choice *best, const struct forward_way *way, struct forward_way *other)
{
	enum way_likeness likeness =
	    other->settled ? WAYS_DIFFER : compare(way, other);
	const struct forward_way *out = out_of(way, other);
	int64_t lag_us;

	if (likeness < best->likeness || (likeness == WAYS_UNDECIDED && other->partner != 0))
		return;
	lag_us = ways_lag_us(out, out == way ? other : way);
	if (likeness == best->likeness && lag_us >= best->lag_us) {
		best->twins |= lag_us == best->lag_us;
		return;
	}
	*best = (struct choice){ other, likeness, lag_us, false };
}

static void
consider_all(const struct forward *forward, struct choice *best,
    const struct forward_way *way, unsigned length)
{
	for (unsigned shard = 0; shard < shards_of(length); shard++) {
		uint64_t key =
		    content_key(&way->prefixes, length, way->kind != WAY_OUT, shard);
		uint32_t link = seen_find(forward->seen, key);

		for (; link != SEEN_NONE; link = seen_find_next(forward->seen, link))
			consider(
			    best, way, way_at(forward, seen_link_entry(forward->seen, link)));
	}
}

/* Most ways share not even their shortest key with any. */
static struct forward_way *
best_partner(struct forward *forward, const struct forward_way *way)
{
	/* A pair stands unless there is a better one. */
	struct choice best = {
		.likeness = way->partner != 0 ? WAYS_EQUAL : WAYS_UNDECIDED,
		.lag_us = INT64_MAX,
	};

	if (way->keys == 0 ||
	    seen_find(forward->seen,
		content_key(&way->prefixes, 1, way->kind != WAY_OUT, 0)) == SEEN_NONE)
		return NULL;
	for (unsigned length = way->keys; length > 0 && best.way == NULL; length--)
		consider_all(forward, &best, way, length);
	if (best.way != NULL && best.twins && best.likeness == WAYS_UNDECIDED) {
		forward->unsure++;
		return NULL;
	}
	return best.way;
}

/* A request explains it: that is the finding. */
static bool
is_explained(const struct proxy *proxy, const struct forward_way *out)
{
	const struct leg *leg = legs_of(&proxy->legs, out->session.flow_id);

	return leg != NULL && (leg->flags & LEG_TAKEN) != 0;
}

static void
part(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	way->partner = other->partner = 0;
	proxy->forward.parted++;
	alerts_claim(proxy->alerts, way->session.flow_id, ALERT_FREE);
	alerts_claim(proxy->alerts, other->session.flow_id, ALERT_FREE);
}

/* Until more is known nobody takes their mail for the host's own, or for another's. */
static void
join(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	way->partner = other->session.flow_id;
	other->partner = way->session.flow_id;
	alerts_claim(proxy->alerts, way->session.flow_id, ALERT_HELD);
	alerts_claim(proxy->alerts, other->session.flow_id, ALERT_HELD);
}

static void
settle(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	struct leg *leg =
	    legs_of(&proxy->legs, out_of(way, other)->session.flow_id);

	if (leg != NULL)
		leg->flags |= LEG_TAKEN;
	way->settled = other->settled = true;
	proxy->forward.found++;
	alerts_claim(proxy->alerts, way->session.flow_id, ALERT_CLAIMED);
	alerts_claim(proxy->alerts, other->session.flow_id, ALERT_CLAIMED);
}

/* Returns whether the pair stands as it is. */
static bool
judge_pair(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	enum way_likeness likeness = compare(way, other);

	if (likeness == WAYS_DIFFER || is_explained(proxy, out_of(way, other))) {
		part(proxy, way, other);
		return false;
	}
	if (likeness == WAYS_EQUAL)
		settle(proxy, way, other);
	return likeness == WAYS_EQUAL;
}

/* Returns the way that lost its partner to this one, or NULL. */
static struct forward_way *
look_for_partner(struct proxy *proxy, struct forward_way *way)
{
	struct forward_way *other = best_partner(&proxy->forward, way), *left = NULL;

	if (other == NULL || other->session.flow_id == way->partner ||
	    is_explained(proxy, out_of(way, other)))
		return NULL;
	if (way->partner != 0) {
		left = way_of(&proxy->forward, way->partner);
		if (left != NULL)
			part(proxy, way, left);
	}
	if (other->partner != 0) {
		left = way_of(&proxy->forward, other->partner);
		if (left != NULL)
			part(proxy, other, left);
	}
	join(proxy, way, other);
	judge_pair(proxy, way, other);
	return left;
}

/* Something new is known of a way. */
static void
look_again(struct proxy *proxy, struct forward_way *way)
{
	struct forward_way *other = way_of(&proxy->forward, way->partner), *left;

	if (way->settled)
		return;
	if (way->partner != 0 && other == NULL) { /* forgotten */
		way->partner = 0;
		alerts_claim(proxy->alerts, way->session.flow_id, ALERT_FREE);
	}
	if (other != NULL && judge_pair(proxy, way, other))
		return;
	left = look_for_partner(proxy, way);
	if (left != NULL && left->partner == 0)
		look_for_partner(proxy, left);
	if (other != NULL && other != left && other->partner == 0)
		look_for_partner(proxy, other);
}

static void
file(struct forward *forward, uint32_t entry)
{
	struct forward_way *way = way_at(forward, entry);
	const struct prefixes *p = &way->prefixes;

	while (way->keys < p->lengths[0] && way->keys < p->lengths[1]) {
		way->keys++;
		seen_key(forward->seen, entry,
		    content_key(p, way->keys, way->kind == WAY_OUT,
			way->session.flow_id % shards_of(way->keys)));
	}
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
	look_again(proxy, way);
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
		.confidence = ways_equal_lengths(out, first) > 1 ? ALERT_HIGH : ALERT_MEDIUM,
		.evidence = ALERT_EVIDENCE_OUTBOUND_SYN | ALERT_EVIDENCE_BANNER_MATCH,
		.session = first->session,
		.origin = *now,
		.server = *way_home_end(first),
		.has_client = true,
		.client = way_outside_end(first)->addr,
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
tell_when_due(struct proxy *proxy, struct forward_way *way, const struct record *record,
    const struct transaction *mail)
{
	struct forward_way *other;

	if (!way->settled || way->told || (!way->closed && mail == NULL))
		return;
	other = way_of(&proxy->forward, way->partner);
	if (other == NULL)
		return;
	if (way->kind == WAY_OUT)
		tell(proxy, way, other, &record->origin, mail);
	else
		tell(proxy, other, way, &record->origin, mail);
}

static void
take_letter(struct forward_way *way, const struct transaction *tx)
{
	if (way->mailed || !tx->whole) {
		way->mailed = true;
		return;
	}
	way->mailed = true;
	way->letter = (struct way_letter){ .size = tx->size,
		.body_hash = tx->body_hash,
		.received = tx->received_count };
}

static void
take_close(struct forward_way *way, const struct record_conn *conn)
{
	unsigned client = way->kind == WAY_REVERSE;

	way->closed = true;
	way->bytes[MAIL_CLIENT] = conn->bytes[client];
	way->bytes[MAIL_SERVER] = conn->bytes[!client];
}

static bool
is_message(const struct record *record, const struct transaction *tx)
{
	return record->class == RECORD_FACT && tx != NULL &&
	       record->fact.type == FACT_MESSAGE;
}

static bool
is_close(const struct record *record)
{
	return record->class == RECORD_CONN && record->conn.event == RECORD_CONN_CLOSED;
}

/* What tells a forwarder from a relay, and when it is due. */
static void
take_more(struct proxy *proxy, const struct record *record, const struct transaction *tx)
{
	bool mail = record->class == RECORD_FACT && tx != NULL && tx->ended && !tx->empty;
	struct forward_way *way;

	if (!mail && !is_close(record) && !is_message(record, tx))
		return;
	way = way_of(&proxy->forward, record->session.flow_id);
	if (way == NULL)
		return;
	way->last = record->origin;
	if (is_message(record, tx))
		take_letter(way, tx);
	if (is_close(record))
		take_close(way, &record->conn);
	if (!mail)
		look_again(proxy, way);
	tell_when_due(proxy, way, record, mail ? tx : NULL);
}

void
forward_record(
    struct proxy *proxy, const struct record *record, const struct transaction *tx)
{
	if (record->class == RECORD_PREFIX)
		take_prefix(proxy, record);
	else
		take_more(proxy, record, tx);
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
	stats_show(v, "proxy_forward", "parted", forward->parted);
	stats_show(v, "proxy_forward", "unsure", forward->unsure);
	stats_show(v, "proxy_forward", "held", c->entries);
	stats_show(v, "proxy_forward", "evicted", c->evicted);
	stats_show(v, "proxy_forward", "evicted_share", c->evicted_share);
	stats_show(v, "proxy_forward", "expired", c->expired);
}
