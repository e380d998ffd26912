/* SPDX-License-Identifier: BSD-2-Clause */
#include "marked.h"

#include <stdlib.h>

#include "places.h"

enum {
	WAYS = 4,
	MARKED_SEC = 600, /* the pause after which a host is no longer marked */
};

struct mark {
	struct addr host;
	uint32_t last_sec; /* 0: free */
};

struct marked {
	struct places sets;
	uint32_t last_sec; /* when any was marked; 0: never */
};

struct marked *
marked_new(uint32_t hosts)
{
	struct marked *marked = calloc(1, sizeof(*marked));

	if (marked == NULL ||
	    places_init(&marked->sets, hosts / WAYS, WAYS * sizeof(struct mark)) == 0)
		return marked;
	free(marked);
	return NULL;
}

void
marked_free(struct marked *marked)
{
	if (marked == NULL)
		return;
	places_release(&marked->sets);
	free(marked);
}

static struct mark *
set_of(const struct marked *marked, const struct addr *host)
{
	return places_at(&marked->sets, hash_endpoint(&marked->sets.key, host, 0));
}

/* Whoever asks about the past may be answered from what came after it. */
static bool
is_current(uint32_t last_sec, uint32_t now_sec)
{
	return last_sec != 0 && (int32_t)(now_sec - last_sec) <= MARKED_SEC;
}

bool
marked_note(struct marked *marked, const struct addr *host, uint32_t now_sec)
{
	struct mark *set = set_of(marked, host), *oldest = set;

	marked->last_sec = now_sec;
	for (unsigned i = 0; i < WAYS; i++) {
		if (set[i].last_sec != 0 && addr_equal(&set[i].host, host)) {
			bool fresh = !is_current(set[i].last_sec, now_sec);

			set[i].last_sec = now_sec;
			return fresh;
		}
		if (set[i].last_sec < oldest->last_sec)
			oldest = &set[i];
	}
	*oldest = (struct mark){ .host = *host, .last_sec = now_sec };
	return true;
}

bool
marked_has(const struct marked *marked, const struct addr *host, uint32_t now_sec)
{
	const struct mark *set;

	if (!is_current(marked->last_sec, now_sec))
		return false;
	set = set_of(marked, host);
	for (unsigned i = 0; i < WAYS; i++) {
		if (addr_equal(&set[i].host, host) &&
		    is_current(set[i].last_sec, now_sec))
			return true;
	}
	return false;
}
