/* SPDX-License-Identifier: BSD-2-Clause */
#include "request.h"

#include <stdlib.h>
#include <xxhash.h>

#include "owner.h"
#include "seen.h"
#include "target.h"

enum { KEYS_EACH = 2, OPEN_MAX = SEEN_OWN_EQUAL_KEYS };

struct requests {
	struct seen *seen; /* of struct request */
	void (*told)(
	    void *context, const struct request *request, enum request_event event);
	void *context;
	uint64_t outcomes[REQUEST_OUTCOMES];
	uint64_t asked, late_facts;
};

static struct request *
request_at(const struct requests *all, uint32_t entry)
{
	return seen_entry(all->seen, entry);
}

static void
tell_end(struct requests *all, struct request *request)
{
	request->ended = true;
	all->outcomes[request->outcome]++;
	all->told(all->context, request, REQUEST_ENDED);
}

static void
gone(void *context, uint32_t entry)
{
	struct requests *all = context;

	tell_end(all, request_at(all, entry));
}

struct requests *
requests_new(const struct conf_proxy *conf,
    void (*told)(void *context, const struct request *request, enum request_event event),
    void *context)
{
	struct requests *all = calloc(1, sizeof(*all));
	struct seen_limits limits = { .entries = conf->requests,
		.keys = conf->requests * KEYS_EACH,
		.share_percent = conf->client_share_percent,
		.entry_bytes = sizeof(struct request),
		.gone = gone,
		.context = all };

	if (all == NULL)
		return NULL;
	all->told = told;
	all->context = context;
	all->seen = seen_new(&limits);
	if (all->seen != NULL)
		return all;
	free(all);
	return NULL;
}

void
requests_free(struct requests *all)
{
	if (all == NULL)
		return;
	seen_free(all->seen);
	free(all);
}

/* The other key of a request is its flow id, which leads to all of that connection. */
static uint64_t
request_key(uint64_t flow_id, uint8_t depth, uint32_t tx)
{
	uint64_t text[2] = { flow_id, (uint64_t)depth << 32 | tx };

	return seen_key_of_hash(XXH3_64bits(text, sizeof(text)));
}

static void
end_request(struct requests *all, uint32_t entry)
{
	tell_end(all, request_at(all, entry));
	seen_drop(all->seen, entry);
}

/* The oldest open request of a connection that has as many as can be found again. */
static uint32_t
one_too_many(const struct requests *all, uint64_t flow_id)
{
	uint32_t entry = SEEN_NONE, n = 0;

	for (uint32_t link = seen_find(all->seen, flow_id); link != SEEN_NONE;
	     link = seen_find_next(all->seen, link)) {
		entry = seen_link_entry(all->seen, link);
		n++;
	}
	return n >= OPEN_MAX ? entry : SEEN_NONE;
}

static uint32_t
request_begin(struct requests *all, const struct record *record)
{
	const struct session *session = &record->session;
	uint32_t entry = one_too_many(all, session->flow_id);
	struct request *request;

	if (entry != SEEN_NONE)
		end_request(all, entry);
	entry = seen_add(all->seen, owner_of_session(session), record->origin.ts_us);
	request = request_at(all, entry);
	request->session = *session;
	request->tx = record->fact.tx;
	request->asked = request->last = record->origin;
	seen_key(all->seen, entry,
	    request_key(session->flow_id, session->depth, record->fact.tx));
	seen_key(all->seen, entry, session->flow_id);
	all->asked++;
	return entry;
}

static uint32_t
request_find(const struct requests *all, const struct record *record)
{
	const struct session *session = &record->session;
	uint32_t link = seen_find(
	    all->seen, request_key(session->flow_id, session->depth, record->fact.tx));

	return link == SEEN_NONE ? SEEN_NONE : seen_link_entry(all->seen, link);
}

static uint8_t
keep(char *to, size_t max, struct slice text, bool *cut)
{
	*cut |= text.n > max;
	text = slice_head(text, max);
	if (text.n != 0)
		memcpy(to, text.p, text.n);
	return (uint8_t)text.n;
}

static void
asked(struct requests *all, const struct record *record)
{
	struct request *request = request_at(all, request_begin(all, record));
	struct slice host = record_text(record, 0);

	request->tunnel = record->fact.tunnel;
	request->port = record->fact.port;
	request->cut = (record->fact.flags & FACT_CUT) != 0;
	request->has_addr = target_addr(host, &request->addr);
	request->host_n = keep(request->host, REQUEST_HOST_MAX, host, &request->cut);
	request->user_n =
	    keep(request->user, REQUEST_USER_MAX, record_text(record, 1), &request->cut);
	all->told(all->context, request, REQUEST_ASKED);
}

static void
answered(struct requests *all, uint32_t entry, const struct record *record)
{
	struct request *request = request_at(all, entry);
	bool granted = record->fact.type == FACT_TUNNEL_GRANTED;

	request->outcome = granted ? REQUEST_GRANTED : REQUEST_REFUSED;
	request->weak = (record->fact.flags & FACT_UNSURE) != 0;
	request->code = record->fact.code;
	request->answered_us = record->origin.ts_us;
	all->told(all->context, request, REQUEST_ANSWERED);
	if (!granted)
		end_request(all, entry);
}

static void
ended(struct requests *all, uint32_t entry, const struct record_fact *fact)
{
	struct request *request = request_at(all, entry);

	request->bytes_to_target = fact->size;
	request->bytes_to_client = fact->size_back;
	end_request(all, entry);
}

static void
inner(struct requests *all, uint32_t entry, const struct record *record)
{
	struct request *request = request_at(all, entry);
	bool cut = false;

	request->inner_unsure = (record->fact.flags & FACT_UNSURE) != 0;
	request->inner_n =
	    keep(request->inner, REQUEST_INNER_MAX, record_text(record, 0), &cut);
	all->told(all->context, request, REQUEST_INNER);
}

static void
fact(struct requests *all, const struct record *record)
{
	uint32_t entry = request_find(all, record);

	if (entry == SEEN_NONE) {
		all->late_facts++;
		return;
	}
	request_at(all, entry)->last = record->origin;
	switch (record->fact.type) {
	case FACT_TUNNEL_GRANTED:
	case FACT_TUNNEL_REFUSED:
		answered(all, entry, record);
		break;
	case FACT_TUNNEL_INNER:
		inner(all, entry, record);
		break;
	default:
		ended(all, entry, &record->fact);
		break;
	}
}

static void
request_closed(struct request *request, const struct record *record)
{
	const struct record_conn *conn = &record->conn;
	unsigned dir = request->session.client.home != record->session.client.home;

	request->last = record->origin;
	request->said_bytes = conn->bytes[dir] + conn->gap_bytes[dir];
	request->lost = (conn->gap_bytes[0] | conn->gap_bytes[1]) != 0 ||
			conn->packets[0] == 0 || conn->packets[1] == 0;
}

/* The inner ones first: they were asked last. */
static void
flow_closed(struct requests *all, const struct record *record)
{
	uint64_t flow_id = record->session.flow_id;
	uint32_t link;

	while ((link = seen_find(all->seen, flow_id)) != SEEN_NONE) {
		uint32_t entry = seen_link_entry(all->seen, link);

		request_closed(request_at(all, entry), record);
		end_request(all, entry);
	}
}

void
requests_apply(struct requests *all, const struct record *record)
{
	if (record->class == RECORD_CONN && record->conn.event == RECORD_CONN_CLOSED) {
		flow_closed(all, record);
		return;
	}
	if (record->class != RECORD_FACT || record->fact.type < FACT_TUNNEL_ASKED ||
	    record->fact.type > FACT_TUNNEL_END)
		return;
	if (record->fact.type == FACT_TUNNEL_ASKED)
		asked(all, record);
	else
		fact(all, record);
}

void
requests_finish(struct requests *all)
{
	seen_expire(all->seen, INT64_MAX);
}

const char *
request_outcome_name(enum request_outcome outcome)
{
	static const char *const name[REQUEST_OUTCOMES] = {
		[REQUEST_UNANSWERED] = "unanswered",
		[REQUEST_REFUSED] = "refused",
		[REQUEST_GRANTED] = "granted",
	};

	return name[outcome];
}

void
requests_stats(const struct requests *all, struct stats_visitor *v)
{
	const struct seen_counters *c = seen_counters(all->seen);

	stats_show(v, "proxy_requests", "asked", all->asked);
	for (unsigned i = 0; i < REQUEST_OUTCOMES; i++)
		stats_show(v, "proxy_requests",
		    request_outcome_name((enum request_outcome)i), all->outcomes[i]);
	stats_show(v, "proxy_requests", "open", c->entries);
	stats_show(v, "proxy_requests", "evicted", c->evicted);
	stats_show(v, "proxy_requests", "evicted_share", c->evicted_share);
	stats_show(v, "proxy_requests", "late_facts", all->late_facts);
}
