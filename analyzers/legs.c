/* SPDX-License-Identifier: BSD-2-Clause */
#include "legs.h"

#include <xxhash.h>

/* A flow id is a hash already: its own key. */
enum { KEYS_EACH = 3, TARGET = 2, PORT };

int
legs_init(struct legs *legs, const struct conf_proxy *conf)
{
	struct seen_limits limits = { .entries = conf->legs,
		.keys = conf->legs * KEYS_EACH,
		.share_percent = conf->client_share_percent,
		.entry_bytes = sizeof(struct leg) };

	legs->window_us = conf->window_sec * (int64_t)1000000;
	legs->seen = seen_new(&limits);
	return legs->seen == NULL ? -1 : 0;
}

void
legs_release(struct legs *legs)
{
	seen_free(legs->seen);
}

uint64_t
legs_target_key(const struct addr *addr, uint16_t port, unsigned shard)
{
	uint64_t text[3] = { addr->q[0], addr->q[1],
		(uint64_t)shard << 32 | (uint64_t)port << 8 | TARGET };

	return seen_key_of_hash(XXH3_64bits(text, sizeof(text)));
}

uint64_t
legs_port_key(uint16_t port, unsigned shard)
{
	uint64_t text[2] = { port, (uint64_t)shard << 32 | PORT };

	return seen_key_of_hash(XXH3_64bits(text, sizeof(text)));
}

struct leg *
legs_add(struct legs *legs, const struct record *record, uint64_t owner)
{
	const struct session *session = &record->session;
	uint32_t entry = seen_add(legs->seen, owner, record->origin.ts_us);
	struct leg *leg = seen_entry(legs->seen, entry);

	leg->call = call_of(session);
	seen_key(legs->seen, entry, session->flow_id);
	return leg;
}

struct leg *
legs_of(const struct legs *legs, uint64_t flow_id)
{
	uint32_t link = seen_find(legs->seen, flow_id);

	if (link == SEEN_NONE)
		return NULL;
	return seen_entry(legs->seen, seen_link_entry(legs->seen, link));
}

void
legs_prefetch(const struct legs *legs, uint64_t flow_id, unsigned step)
{
	seen_prefetch(legs->seen, flow_id, step);
}

void
legs_prefetch_owner(const struct legs *legs, uint64_t owner, unsigned step)
{
	seen_prefetch_owner(legs->seen, owner, step);
}

/* Most legs are forgotten before anybody asks where they go. */
static void
file_all(const struct legs *legs)
{
	uint32_t entry;

	while ((entry = seen_unfiled(legs->seen)) != SEEN_NONE) {
		const struct leg *leg = seen_entry(legs->seen, entry);
		const struct endpoint *server = &leg->call.server;
		unsigned shard = leg->call.flow_id % LEGS_SHARDS;

		seen_key(legs->seen, entry,
		    legs_target_key(&server->addr, server->port, shard));
		seen_key(legs->seen, entry, legs_port_key(server->port, shard));
	}
}

void
legs_walk(const struct legs *legs, const struct addr *addr, uint16_t port,
    void (*found)(void *context, struct leg *leg), void *context)
{
	file_all(legs);
	for (unsigned shard = 0; shard < LEGS_SHARDS; shard++) {
		uint64_t key = addr != NULL ? legs_target_key(addr, port, shard)
					    : legs_port_key(port, shard);
		uint32_t link = seen_find(legs->seen, key);

		for (; link != SEEN_NONE; link = seen_find_next(legs->seen, link)) {
			uint32_t entry = seen_link_entry(legs->seen, link);

			found(context, seen_entry(legs->seen, entry));
		}
	}
}

void
leg_conn(struct leg *leg, const struct record *record)
{
	leg->last_us = record->origin.ts_us;
	if (record->class == RECORD_PREFIX) {
		prefixes_take(&leg->prefixes, record->prefix.dir, &record->prefix);
	} else if (record->conn.event == RECORD_CONN_ESTABLISHED) {
		leg->established_us = record->origin.ts_us;
	} else if (record->conn.event == RECORD_CONN_CLOSED) {
		leg->flags |= LEG_CLOSED;
		memcpy(leg->bytes, record->conn.bytes, sizeof(leg->bytes));
	}
}

struct call
call_of(const struct session *session)
{
	return (struct call){ .flow_id = session->flow_id,
		.client = session->client,
		.server = session->server,
		.start_us = session->start_us,
		.start_number = session->start.number,
		.start_source = session->start.source };
}

static struct origin
call_start(const struct call *call)
{
	return (struct origin){ .ts_us = call->start_us,
		.number = call->start_number,
		.source = call->start_source };
}

struct session
call_session(const struct call *call)
{
	return (struct session){ .flow_id = call->flow_id,
		.client = call->client,
		.server = call->server,
		.start_us = call->start_us,
		.start = call_start(call) };
}

struct alert_leg
call_alert(const struct call *call, bool outbound, int64_t last_us)
{
	return (struct alert_leg){ .outbound = outbound,
		.client = call->client,
		.server = call->server,
		.flow_id = call->flow_id,
		.first_us = call->start_us,
		.last_us = last_us,
		.origin = call_start(call) };
}

bool
prefixes_take(struct prefixes *prefixes, uint8_t dir, const struct record_prefix *record)
{
	if (record->lengths <= prefixes->lengths[dir])
		return false;
	prefixes->lengths[dir] = record->lengths;
	memcpy(prefixes->hash[dir], record->hash, sizeof(record->hash));
	return true;
}

static unsigned
common_lengths(const struct prefixes *a, const struct prefixes *b, unsigned dir)
{
	return a->lengths[dir] < b->lengths[dir] ? a->lengths[dir] : b->lengths[dir];
}

unsigned
prefixes_equal(const struct prefixes *a, const struct prefixes *b, unsigned dir)
{
	unsigned n = common_lengths(a, b, dir);

	return n != 0 && a->hash[dir][n - 1] == b->hash[dir][n - 1] ? n : 0;
}

bool
prefixes_differ(const struct prefixes *a, const struct prefixes *b, unsigned dir)
{
	return common_lengths(a, b, dir) != 0 && prefixes_equal(a, b, dir) == 0;
}

void
legs_expire(struct legs *legs, int64_t now_us)
{
	seen_expire(legs->seen, now_us - legs->window_us);
}

void
legs_stats(const struct legs *legs, struct stats_visitor *v)
{
	const struct seen_counters *c = seen_counters(legs->seen);

	stats_show(v, "proxy_legs", "held", c->entries);
	stats_show(v, "proxy_legs", "evicted", c->evicted);
	stats_show(v, "proxy_legs", "evicted_share", c->evicted_share);
	stats_show(v, "proxy_legs", "hidden", c->keys_hidden);
	stats_show(v, "proxy_legs", "expired", c->expired);
}
