/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CROWD_H
#define RELAYWATCH_CROWD_H

/*
 * How many clients one server has had in a window, and which of them were rolled up into
 * one finding. Part of alert.c. Bounded: what was not asked for longest is forgotten, and
 * a client forgotten so would be counted again.
 */

#include "addr.h"
#include "table.h"

struct crowds {
	struct table servers; /* clients that have a finding of their own */
	struct table members; /* clients that were rolled up */
	int64_t window_us;
	uint32_t clients_max;
	uint64_t forgotten;
};

/* 0, or -1 when out of memory. */
int crowds_init(struct crowds *crowds, uint32_t findings, uint32_t clients_max,
    int64_t window_us);
void crowds_release(struct crowds *crowds);

/* Whether one more client of what id stands for may have a finding of its own. */
bool crowds_admit(struct crowds *crowds, uint64_t id, int64_t now_us);

/* Whether a client was rolled up under this serial; crowds_join() adds it and says
 * whether it is new. */
bool crowds_has(
    const struct crowds *crowds, uint64_t serial, const struct addr *client);
bool crowds_join(struct crowds *crowds, uint64_t serial, const struct addr *client);

#endif
