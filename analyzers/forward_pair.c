/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Which two ways are the legs of one forwarder. Where several are alike the pair is a
 * guess until their messages or their ends are known, and is made anew when it was wrong.
 */

#include <xxhash.h>

#include "forward_way.h"
#include "proxy_state.h"

enum {
	LONGEST = RECORD_PREFIXES,
	/* One owner has few entries of one key: sessions that are alike are spread. */
	SHARDS = 8,
	LOOKS = FORWARD_DUE - 2, /* of ways that lost their partner to a better one */
};

/* Both directions: a banner alone is the same for all who call that server. */
static uint64_t
content_key(const struct prefixes *p, unsigned length, bool out, unsigned shard)
{
	uint64_t text[3] = { p->hash[MAIL_CLIENT][length - 1],
		p->hash[MAIL_SERVER][length - 1], (uint64_t)shard << 32 | length };

	if (length == 1) /* known ahead, see forward_prefetch() */
		return seen_key_of_side(text[0] + text[1], out);
	return seen_key_of_side(XXH3_64bits(text, sizeof(text)), out);
}

/* Short ones are alike by chance: the newest will do. */
static unsigned
shards_of(unsigned length)
{
	return length == LONGEST ? SHARDS : 1;
}

struct forward_way *
forward_at(const struct forward *forward, uint32_t entry)
{
	return seen_entry(forward->seen, entry);
}

struct forward_way *
forward_of(const struct forward *forward, uint64_t flow_id)
{
	uint32_t link = seen_find(forward->seen, flow_id);

	if (link == SEEN_NONE)
		return NULL;
	return forward_at(forward, seen_link_entry(forward->seen, link));
}

/* By one more length. */
static void
file_more(struct forward *forward, uint32_t entry)
{
	struct forward_way *way = forward_at(forward, entry);
	unsigned length = ++way->filed;

	seen_key(forward->seen, entry,
	    content_key(&way->prefixes, length, way->kind == WAY_OUT,
		way->call.flow_id % shards_of(length)));
}

static void
file_all(struct forward *forward, uint32_t entry)
{
	struct forward_way *way = forward_at(forward, entry);

	way->shared = true;
	while (way->filed < way->keys)
		file_more(forward, entry);
}

/* While no other way of its side begins with the same octets none can hide it there: it
 * is filed by its shortest alone. Few are ever filed by more. */
void
forward_file(struct forward *forward, uint32_t entry)
{
	struct forward_way *way = forward_at(forward, entry);
	const struct prefixes *p = &way->prefixes;

	way->keys = p->lengths[0] < p->lengths[1] ? p->lengths[0] : p->lengths[1];
	if (way->keys != 0 && way->filed == 0) {
		uint32_t other =
		    seen_find(forward->seen, content_key(p, 1, way->kind == WAY_OUT, 0));

		if (other != SEEN_NONE) {
			file_all(forward, seen_link_entry(forward->seen, other));
			way->shared = true;
		}
		file_more(forward, entry);
	}
	if (way->shared)
		file_all(forward, entry);
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
	enum way_likeness likeness = other->settled ? WAYS_DIFFER : compare(way, other);
	const struct forward_way *out = out_of(way, other);
	int64_t lag_us;

	if (likeness < best->likeness ||
	    (likeness == WAYS_UNDECIDED && other->partner != 0))
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

		for (; link != SEEN_NONE; link = seen_find_next(forward->seen, link)) {
			uint32_t entry = seen_link_entry(forward->seen, link);

			consider(best, way, forward_at(forward, entry));
		}
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
	const struct leg *leg = legs_of(&proxy->legs, out->call.flow_id);

	return leg != NULL && (leg->flags & LEG_TAKEN) != 0;
}

static void
part(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	way->partner = other->partner = 0;
	proxy->forward.parted++;
	alerts_claim(proxy->alerts, way->call.flow_id, ALERT_FREE);
	alerts_claim(proxy->alerts, other->call.flow_id, ALERT_FREE);
}

/* Until more is known nobody takes their mail for the host's own, or for another's. */
static void
join(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	way->partner = other->call.flow_id;
	other->partner = way->call.flow_id;
	alerts_claim(proxy->alerts, way->call.flow_id, ALERT_HELD);
	alerts_claim(proxy->alerts, other->call.flow_id, ALERT_HELD);
}

static void
settle(struct proxy *proxy, struct forward_way *way, struct forward_way *other)
{
	struct leg *leg = legs_of(&proxy->legs, out_of(way, other)->call.flow_id);

	if (leg != NULL)
		leg->flags |= LEG_TAKEN;
	way->settled = other->settled = true;
	if (way->closed && other->closed && proxy->forward.due_count < FORWARD_DUE)
		proxy->forward.due[proxy->forward.due_count++] = way->call.flow_id;
	proxy->forward.found++;
	alerts_claim(proxy->alerts, way->call.flow_id, ALERT_CLAIMED);
	alerts_claim(proxy->alerts, other->call.flow_id, ALERT_CLAIMED);
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
	struct forward_way *other = best_partner(&proxy->forward, way);
	struct forward_way *was = forward_of(&proxy->forward, way->partner), *left = NULL;

	if (other == NULL || other->call.flow_id == way->partner ||
	    is_explained(proxy, out_of(way, other)))
		return NULL;
	if (was != NULL)
		part(proxy, way, was);
	if (other->partner != 0)
		left = forward_of(&proxy->forward, other->partner);
	if (left != NULL)
		part(proxy, other, left);
	join(proxy, way, other);
	judge_pair(proxy, way, other);
	return left;
}

void
forward_look(struct proxy *proxy, struct forward_way *way)
{
	struct forward_way *other = forward_of(&proxy->forward, way->partner), *left;

	if (way->settled)
		return;
	if (way->partner != 0 && other == NULL) { /* forgotten */
		way->partner = 0;
		alerts_claim(proxy->alerts, way->call.flow_id, ALERT_FREE);
	}
	if (other != NULL && judge_pair(proxy, way, other))
		return;
	left = look_for_partner(proxy, way);
	for (unsigned i = 0; i < LOOKS && left != NULL && left->partner == 0; i++)
		left = look_for_partner(proxy, left);
	if (other != NULL && other->partner == 0)
		look_for_partner(proxy, other);
}
