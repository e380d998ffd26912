/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay_servers.h"

#include <stdlib.h>
#include <xxhash.h>

#include "domain.h"
#include "seen.h"

enum { SERVERS = 4096, DOMAINS = RELAY_SERVERS_DOMAINS };

struct server {
	uint32_t count;
	uint64_t domain[DOMAINS];
	int64_t last_us[DOMAINS];
};

struct relay_servers {
	struct seen *seen;
	int64_t window_us;
};

struct relay_servers *
relay_servers_new(uint32_t window_sec)
{
	struct seen_limits limits = {
		.entries = SERVERS,
		.keys = SERVERS,
		.share_percent = 100,
		.entry_bytes = sizeof(struct server),
	};
	struct relay_servers *servers = calloc(1, sizeof(*servers));

	if (servers == NULL)
		return NULL;
	servers->window_us = window_sec * INT64_C(1000000);
	servers->seen = seen_new(&limits);
	if (servers->seen == NULL) {
		free(servers);
		return NULL;
	}
	return servers;
}

void
relay_servers_free(struct relay_servers *servers)
{
	if (servers == NULL)
		return;
	seen_free(servers->seen);
	free(servers);
}

static struct server *
server_get(struct relay_servers *servers, const struct addr *addr, int64_t now_us)
{
	uint64_t key = XXH3_64bits(addr->b, sizeof(addr->b));
	uint32_t link = seen_find(servers->seen, key);
	uint32_t entry;

	if (link != SEEN_NONE)
		return seen_entry(servers->seen, seen_link_entry(servers->seen, link));
	entry = seen_add(servers->seen, key, now_us);
	seen_key(servers->seen, entry, key);
	return seen_entry(servers->seen, entry);
}

static void
forget_before(struct server *server, int64_t before_us)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < server->count; i++) {
		if (server->last_us[i] < before_us)
			continue;
		server->domain[kept] = server->domain[i];
		server->last_us[kept++] = server->last_us[i];
	}
	server->count = kept;
}

uint32_t
relay_servers_note(struct relay_servers *servers, const struct addr *addr,
    const char *domain, int64_t now_us)
{
	struct server *server = server_get(servers, addr, now_us);
	const char *name = domain_registrable(domain);
	uint64_t hash = XXH3_64bits(name, strlen(name));
	uint32_t i = 0;

	forget_before(server, now_us - servers->window_us);
	while (i < server->count && server->domain[i] != hash)
		i++;
	if (i == DOMAINS)
		return DOMAINS;
	if (i == server->count)
		server->domain[server->count++] = hash;
	server->last_us[i] = now_us;
	return server->count;
}
