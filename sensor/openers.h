/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_OPENERS_H
#define RELAYWATCH_OPENERS_H

/*
 * How many of the connections at hand each host opened; of IPv6, each /64. A sketch: two
 * counters of each host under keyed hashes, the lower of which is at least the number and
 * seldom more.
 */

#include "places.h"

struct openers {
	struct places row[2];
};

/* For so many hosts. 0, or -1 when the system refuses. */
int openers_init(struct openers *openers, uint32_t hosts);
void openers_release(struct openers *openers);

/* A connection that host opened comes, or goes. */
void openers_add(struct openers *openers, const struct addr *host);
void openers_drop(struct openers *openers, const struct addr *host);

uint32_t openers_count(const struct openers *openers, const struct addr *host);

#endif
