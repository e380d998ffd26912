/* SPDX-License-Identifier: BSD-2-Clause */
/* The proxy analyzer's memory of requests. */
#include <xxhash.h>

#include "proxy_state.h"

enum {
	KEYS_EACH = 4,
	ASKED_SEC = 120,  /* how long a proxy may try to connect */
	EAGER_SEC = 5,    /* how long after its grant: some grant first */
	GRANTED_SEC = 10, /* what is inside is waited for so long before an alert */
	LINGER_SEC = 5,
	US_PER_SEC = 1000000,
};

struct proxy_case *
proxy_case_at(const struct proxy *proxy, uint32_t entry)
{
	return seen_entry(proxy->cases, entry);
}

static void
unlist(struct proxy *proxy, uint32_t entry)
{
	struct proxy_case *c = proxy_case_at(proxy, entry);
	struct proxy_list *list = &proxy->list[c->list];

	if (c->list == PROXY_NOT_LISTED)
		return;
	if (c->older != SEEN_NONE)
		proxy_case_at(proxy, c->older)->newer = c->newer;
	else
		list->oldest = c->newer;
	if (c->newer != SEEN_NONE)
		proxy_case_at(proxy, c->newer)->older = c->older;
	else
		list->newest = c->older;
	c->list = PROXY_NOT_LISTED;
}

void
proxy_case_list(
    struct proxy *proxy, uint32_t entry, enum proxy_list_name name, int64_t now_us)
{
	struct proxy_case *c = proxy_case_at(proxy, entry);
	struct proxy_list *list = &proxy->list[name];

	unlist(proxy, entry);
	c->list = (uint8_t)name;
	if (name == PROXY_NOT_LISTED)
		return;
	c->due_us = now_us + list->wait_us;
	c->older = list->newest;
	c->newer = SEEN_NONE;
	if (list->newest != SEEN_NONE)
		proxy_case_at(proxy, list->newest)->newer = entry;
	else
		list->oldest = entry;
	list->newest = entry;
}

uint32_t
proxy_case_due(const struct proxy *proxy, enum proxy_list_name name, int64_t now_us)
{
	uint32_t entry = proxy->list[name].oldest;

	if (entry == SEEN_NONE || proxy_case_at(proxy, entry)->due_us > now_us)
		return SEEN_NONE;
	return entry;
}

void
proxy_case_drop(struct proxy *proxy, uint32_t entry)
{
	unlist(proxy, entry);
	seen_drop(proxy->cases, entry);
}

/* A case is judged when it goes, whatever makes it go. */
static void
gone(void *context, uint32_t entry)
{
	struct proxy *proxy = context;

	unlist(proxy, entry);
	proxy_judge(proxy, proxy_case_at(proxy, entry), false, NULL);
}

int
proxy_cases_init(struct proxy *proxy)
{
	struct seen_limits limits = { .entries = proxy->conf->proxy.requests,
		.keys = proxy->conf->proxy.requests * KEYS_EACH,
		.share_percent = proxy->conf->proxy.client_share_percent,
		.entry_bytes = sizeof(struct proxy_case),
		.gone = gone,
		.context = proxy };

	for (unsigned i = 0; i < PROXY_LISTS; i++)
		proxy->list[i] =
		    (struct proxy_list){ .oldest = SEEN_NONE, .newest = SEEN_NONE };
	proxy->list[PROXY_GRANTED].wait_us = (int64_t)GRANTED_SEC * US_PER_SEC;
	proxy->list[PROXY_LINGERING].wait_us = (int64_t)LINGER_SEC * US_PER_SEC;
	proxy->cases = seen_new(&limits);
	return proxy->cases == NULL ? -1 : 0;
}

/* The flow id alone leads to all requests of a connection. */
static uint64_t
request_key(uint64_t flow_id, uint32_t tx)
{
	uint64_t text[2] = { flow_id, tx };

	return seen_key_of_hash(XXH3_64bits(text, sizeof(text)));
}

uint32_t
proxy_case_begin(struct proxy *proxy, const struct request *request)
{
	const struct session *session = &request->session;
	uint32_t entry =
	    seen_add(proxy->cases, owner_of_session(session), request->asked.ts_us);
	struct proxy_case *c = proxy_case_at(proxy, entry);

	c->session = *session;
	c->tx = request->tx;
	c->last = request->asked;
	c->layers = 1;
	if (session->client.home)
		c->flags |= PROXY_CASE_USE;
	seen_key(proxy->cases, entry, request_key(session->flow_id, request->tx));
	seen_key(proxy->cases, entry, session->flow_id);
	return entry;
}

static uint32_t
find(const struct proxy *proxy, uint64_t key)
{
	uint32_t link = seen_find(proxy->cases, key);

	return link == SEEN_NONE ? SEEN_NONE : seen_link_entry(proxy->cases, link);
}

uint32_t
proxy_case_on(const struct proxy *proxy, uint64_t flow_id)
{
	uint32_t link = seen_find(proxy->cases, flow_id);
	uint32_t latest = SEEN_NONE; /* links come newest first */

	for (; link != SEEN_NONE; link = seen_find_next(proxy->cases, link)) {
		uint32_t entry = seen_link_entry(proxy->cases, link);
		const struct proxy_case *c = proxy_case_at(proxy, entry);

		if (latest == SEEN_NONE)
			latest = entry;
		if (c->layer[0].outcome == REQUEST_GRANTED &&
		    (c->flags & PROXY_CASE_ENDED) == 0)
			return entry;
	}
	return latest;
}

uint32_t
proxy_case_of(const struct proxy *proxy, const struct request *request)
{
	const struct session *session = &request->session;

	if (session->depth != 0)
		return proxy_case_on(proxy, session->flow_id);
	return find(proxy, request_key(session->flow_id, request->tx));
}

void
proxy_case_await(struct proxy *proxy, uint32_t entry, unsigned layer)
{
	const struct proxy_case *c = proxy_case_at(proxy, entry);
	const struct proxy_layer *l = &c->layer[layer];

	if ((c->flags & PROXY_CASE_USE) != 0 || l->port == 0)
		return;
	seen_key(proxy->cases, entry,
	    l->has_addr ? legs_target_key(&l->addr, l->port, 0)
			: legs_port_key(l->port, 0));
}

static bool
is_waiting(const struct proxy_case *c, int64_t now_us)
{
	for (unsigned i = 0; i < c->layers; i++) {
		const struct proxy_layer *l = &c->layer[i];

		if (now_us - l->asked_us > (int64_t)ASKED_SEC * US_PER_SEC)
			continue;
		if (l->answered_us == 0 ||
		    now_us - l->answered_us <= (int64_t)EAGER_SEC * US_PER_SEC)
			return true;
	}
	return false;
}

struct awaiting {
	int64_t now_us;
	const struct proxy_case *found;
};

static void
see_waiting(struct proxy *proxy, uint32_t entry, void *context)
{
	const struct proxy_case *c = proxy_case_at(proxy, entry);
	struct awaiting *awaiting = context;

	if (awaiting->found == NULL && is_waiting(c, awaiting->now_us))
		awaiting->found = c;
}

static void
walk(struct proxy *proxy, uint64_t key,
    void (*found)(struct proxy *proxy, uint32_t entry, void *context), void *context)
{
	uint32_t link = seen_find(proxy->cases, key);

	for (; link != SEEN_NONE; link = seen_find_next(proxy->cases, link))
		found(proxy, seen_link_entry(proxy->cases, link), context);
}

void
proxy_cases_walk(struct proxy *proxy, const struct endpoint *server,
    void (*found)(struct proxy *proxy, uint32_t entry, void *context), void *context)
{
	walk(proxy, legs_target_key(&server->addr, server->port, 0), found, context);
	walk(proxy, legs_port_key(server->port, 0), found, context);
}

bool
proxy_case_awaits(
    struct proxy *proxy, const struct endpoint *server, int64_t now_us, uint64_t *owner)
{
	struct awaiting awaiting = { .now_us = now_us };

	if (seen_counters(proxy->cases)->entries == 0)
		return false;
	proxy_cases_walk(proxy, server, see_waiting, &awaiting);
	if (awaiting.found != NULL)
		*owner = owner_of_session(&awaiting.found->session);
	return awaiting.found != NULL;
}
