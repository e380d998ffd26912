/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_OPENERS_H
#define RELAYWATCH_OPENERS_H

/*
 * How many of the connections at hand each host opened; of IPv6, each /64. A sketch: two
 * counters of each host under a keyed hash, the lower of which is at least the number and
 * seldom more. Whether any host has more than a number set at start is known at once.
 */

#include "places.h"

struct openers {
	struct places lines;
	uint32_t crowd;
	uint32_t crowded; /* first counters of hosts that are above it */
};

/* For so many hosts; more than crowd connections of one are a crowd. 0, or -1 when the
 * system refuses. */
int openers_init(struct openers *openers, uint32_t hosts, uint32_t crowd);
void openers_release(struct openers *openers);

/* A connection that host opened comes, or goes. */
void openers_add(struct openers *openers, const struct addr *host);
void openers_drop(struct openers *openers, const struct addr *host);

uint32_t openers_count(const struct openers *openers, const struct addr *host);

/* False: nobody has more than a crowd. */
static inline bool
openers_may_crowd(const struct openers *openers)
{
	return openers->crowded > 0;
}

#endif
