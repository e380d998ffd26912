/* SPDX-License-Identifier: BSD-2-Clause */
#include "dialers.h"

#include <stdlib.h>

#include "hash.h"
#include "pool.h"

enum {
	WAYS = 4,
	DIALER_SEC = 600, /* the pause after which a host is no longer a dialer */
};

struct dialer {
	struct addr host;
	uint32_t last_sec; /* 0: free */
};

struct dialers {
	struct hash_key key;
	struct dialer *table;
	uint32_t sets; /* a power of two */
};

struct dialers *
dialers_new(uint32_t hosts)
{
	struct dialers *dialers = calloc(1, sizeof(*dialers));

	if (dialers == NULL)
		return NULL;
	dialers->sets = 1;
	while (dialers->sets * WAYS < hosts)
		dialers->sets *= 2;
	dialers->table = pool_reserve(dialers->sets * WAYS * sizeof(struct dialer));
	if (dialers->table == NULL || hash_key_init(&dialers->key) != 0) {
		dialers_free(dialers);
		return NULL;
	}
	return dialers;
}

void
dialers_free(struct dialers *dialers)
{
	if (dialers == NULL)
		return;
	pool_unreserve(dialers->table, dialers->sets * WAYS * sizeof(struct dialer));
	free(dialers);
}

static struct dialer *
set_of(const struct dialers *dialers, const struct addr *host)
{
	uint64_t hash = hash_endpoint(&dialers->key, host, 0);

	return &dialers->table[(hash & (dialers->sets - 1)) * WAYS];
}

static bool
is_current(const struct dialer *dialer, uint32_t now_sec)
{
	return dialer->last_sec != 0 && now_sec - dialer->last_sec <= DIALER_SEC;
}

bool
dialers_note(struct dialers *dialers, const struct addr *host, uint32_t now_sec)
{
	struct dialer *set = set_of(dialers, host), *oldest = set;

	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].last_sec != 0 && addr_equal(&set[i].host, host)) {
			bool fresh = !is_current(&set[i], now_sec);

			set[i].last_sec = now_sec;
			return fresh;
		}
		if (set[i].last_sec < oldest->last_sec)
			oldest = &set[i];
	}
	*oldest = (struct dialer){ .host = *host, .last_sec = now_sec };
	return true;
}

bool
dialers_has(const struct dialers *dialers, const struct addr *host, uint32_t now_sec)
{
	const struct dialer *set = set_of(dialers, host);

	for (unsigned i = 0; i < WAYS; i++) {
		if (addr_equal(&set[i].host, host) && is_current(&set[i], now_sec))
			return true;
	}
	return false;
}
