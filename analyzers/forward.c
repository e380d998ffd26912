/* SPDX-License-Identifier: BSD-2-Clause */
#include "forward.h"

#include <xxhash.h>

#include "forward_way.h"
#include "proxy_state.h"

enum { KEYS_EACH = 1 + RECORD_PREFIXES };

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

static enum way_kind
kind_of(const struct proxy *proxy, const struct session *s)
{
	const struct leg *leg;

	if (s->client.home == s->server.home)
		return WAY_NONE;
	if (s->server.home)
		return WAY_INBOUND;
	if (conf_has_port(&proxy->conf->mail_ports, s->server.port))
		return WAY_OUT;
	leg = legs_of(&proxy->legs, s->flow_id);
	return leg != NULL && (leg->flags & LEG_SMTP) != 0 ? WAY_OUT : WAY_REVERSE;
}

static uint32_t
way_add(struct proxy *proxy, const struct record *record, enum way_kind kind)
{
	struct forward *forward = &proxy->forward;
	const struct session *s = &record->session;
	/* Counted for whom can make many of them: the side that opened it. */
	uint32_t entry =
	    seen_add(forward->seen, owner_of_session(s), record->origin.ts_us);
	struct forward_way *way = forward_at(forward, entry);

	way->call = call_of(s);
	way->protocol = s->app_proto != NULL ? s->app_proto : s->label;
	way->vlan_layers = s->vlan_layers;
	memcpy(way->vlan, s->vlan, sizeof(way->vlan));
	way->kind = (uint8_t)kind;
	seen_key(forward->seen, entry, s->flow_id);
	return entry;
}

/* Who speaks as the mail client may be known only after the first octets. */
static void
set_kind(struct forward_way *way, enum way_kind kind)
{
	struct forward_way was;

	if (way->kind == kind || way->keys != 0)
		return;
	was = *way;
	way->kind = (uint8_t)kind;
	for (unsigned dir = 0; dir < 2; dir++) {
		way->prefixes.lengths[dir] = was.prefixes.lengths[!dir];
		memcpy(way->prefixes.hash[dir], was.prefixes.hash[!dir],
		    sizeof(was.prefixes.hash[0]));
		memcpy(
		    way->prefix_us[dir], was.prefix_us[!dir], sizeof(was.prefix_us[0]));
	}
}

static void
take_prefix(struct proxy *proxy, const struct record *record)
{
	struct forward *forward = &proxy->forward;
	uint32_t link = seen_find(forward->seen, record->session.flow_id);
	enum way_kind kind = kind_of(proxy, &record->session);
	struct forward_way *way;
	uint32_t entry;
	uint8_t dir;

	if (kind == WAY_NONE)
		return;
	entry = link != SEEN_NONE ? seen_link_entry(forward->seen, link)
				  : way_add(proxy, record, kind);
	way = forward_at(forward, entry);
	set_kind(way, kind);
	way->last_us = record->origin.ts_us;
	dir = record->prefix.dir ^ (uint8_t)(way->kind == WAY_REVERSE);
	if (prefixes_take(&way->prefixes, dir, &record->prefix))
		memcpy(way->prefix_us[dir], record->prefix.ts_us,
		    sizeof(way->prefix_us[dir]));
	forward_file(forward, entry);
	forward_look(proxy, way);
}

static struct alert_leg
leg_of(const struct forward_way *way, bool outbound)
{
	return call_alert(&way->call, outbound, way->last_us);
}

static struct session
session_of(const struct forward_way *way)
{
	struct session session = call_session(&way->call);

	session.app_proto = way->protocol;
	session.vlan_layers = way->vlan_layers;
	memcpy(session.vlan, way->vlan, sizeof(way->vlan));
	return session;
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
		.confidence =
		    ways_equal_lengths(out, first) > 1 ? ALERT_HIGH : ALERT_MEDIUM,
		.evidence = ALERT_EVIDENCE_OUTBOUND_SYN | ALERT_EVIDENCE_BANNER_MATCH,
		.session = session_of(first),
		.origin = *now,
		.server = *way_home_end(first),
		.has_client = true,
		.client = way_outside_end(first)->addr,
		.target = { .has_addr = true,
		    .addr = out->call.server.addr,
		    .port = out->call.server.port },
		.mail = mail,
		.legs = 2,
		.leg = { leg_of(first, false), leg_of(out, true) },
		.has_delay = true };

	if (reverse)
		alert.server.port = 0; /* as it happened to dial */
	alert.delay_ms = (out->call.start_us - first->call.start_us) / 1000;
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
	other = forward_of(&proxy->forward, way->partner);
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
	uint64_t text[3] = { tx->size, tx->body_hash, tx->received_count };

	if (!way->mailed && tx->whole && tx->size != 0)
		way->letter = XXH3_64bits(text, sizeof(text));
	way->mailed = true;
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
ends_message(const struct record *record)
{
	return record->class == RECORD_FACT && record->fact.type == FACT_MESSAGE;
}

static bool
is_close(const struct record *record)
{
	return record->class == RECORD_CONN && record->conn.event == RECORD_CONN_CLOSED;
}

/* Unless pairs were guessed, a way without a partner has none when it is over. */
static bool
is_worth_a_look(const struct forward *forward, const struct forward_way *way)
{
	return way->partner != 0 || forward->parted + forward->unsure != 0;
}

static void
tell_due(struct proxy *proxy, const struct record *record)
{
	struct forward *forward = &proxy->forward;

	while (forward->due_count > 0) {
		struct forward_way *way =
		    forward_of(forward, forward->due[--forward->due_count]);

		if (way != NULL)
			tell_when_due(proxy, way, record, NULL);
	}
}

/* What tells a forwarder from a relay, and when it is due. */
static void
take_more(struct proxy *proxy, const struct record *record, const struct transaction *tx)
{
	bool mail = record->class == RECORD_FACT && tx != NULL && tx->ended && !tx->empty;
	bool letter = tx != NULL && ends_message(record);
	struct forward_way *way;

	if (!mail && !letter && !is_close(record))
		return;
	way = forward_of(&proxy->forward, record->session.flow_id);
	if (way == NULL)
		return;
	way->last_us = record->origin.ts_us;
	if (letter)
		take_letter(way, tx);
	if (is_close(record))
		take_close(way, &record->conn);
	if (!mail && is_worth_a_look(&proxy->forward, way))
		forward_look(proxy, way);
	tell_when_due(proxy, way, record, mail ? tx : NULL);
	tell_due(proxy, record);
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

/* Of the facts of one packet the first is looked at for all. */
static bool
is_of_message(const struct record *record)
{
	return record->class == RECORD_FACT && record->fact.type >= FACT_HEADER &&
	       record->fact.type <= FACT_FINAL;
}

/* The first record of its octets adds a way, the second files it. */
void
forward_prefetch(
    const struct forward *forward, const struct record *record, unsigned step)
{
	const struct session *s = &record->session;

	if (record->class == RECORD_PREFIX && step < 2) {
		if (record->prefix.both == 0)
			seen_prefetch_owner(forward->seen, owner_of_session(s), step);
		else
			seen_prefetch(forward->seen,
			    seen_key_of_side(record->prefix.both, false), step);
	}
	if (record->class == RECORD_PREFIX || is_close(record) || is_of_message(record))
		seen_prefetch(forward->seen, s->flow_id, step);
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
