/* SPDX-License-Identifier: BSD-2-Clause */
#include "dialers.h"

#include <stdlib.h>

#include "places.h"

enum {
	WAYS = 4,
	DIALER_SEC = 600, /* the pause after which a host is no longer a dialer */
};

struct dialer {
	struct addr host;
	uint32_t last_sec; /* 0: free */
};

struct dialers {
	struct places sets;
};

struct dialers *
dialers_new(uint32_t hosts)
{
	struct dialers *dialers = calloc(1, sizeof(*dialers));

	if (dialers == NULL ||
	    places_init(&dialers->sets, hosts / WAYS, WAYS * sizeof(struct dialer)) == 0)
		return dialers;
	free(dialers);
	return NULL;
}

void
dialers_free(struct dialers *dialers)
{
	if (dialers == NULL)
		return;
	places_release(&dialers->sets);
	free(dialers);
}

static struct dialer *
set_of(const struct dialers *dialers, const struct addr *host)
{
	return places_at(&dialers->sets, hash_endpoint(&dialers->sets.key, host, 0));
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
