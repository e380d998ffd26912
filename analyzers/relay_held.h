/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RELAY_HELD_H
#define RELAYWATCH_RELAY_HELD_H

/*
 * Findings of the relay analyzer that wait until it is known whether their connection is
 * a forwarder's. They are given back in the order in which they were found. Bounded in
 * number and in time: see relay_held_next().
 */

#include "essence.h"

enum { RELAY_HELD = 64, RELAY_HELD_SEC = 60 };

struct relay_held {
	struct essence *room;
	uint64_t number[RELAY_HELD]; /* in order; 0: that room is free */
	uint64_t last;
	uint32_t count;
	uint64_t claims; /* when all were found to wait */
	struct essence_view view;
};

/* 0, or -1 when out of memory. */
int relay_held_init(struct relay_held *held);
void relay_held_release(struct relay_held *held);

static inline bool
relay_held_is_full(const struct relay_held *held)
{
	return held->count == RELAY_HELD;
}

/* Not when it is full. */
void relay_held_keep(struct relay_held *held, const struct alert *alert);

/* The next that has no reason to wait, or waited too long, lent until the next call; NULL
 * when there is none. now_us INT64_MAX: all. Those whose connection was claimed go. */
const struct alert *relay_held_next(
    struct relay_held *held, const struct alerts *alerts, int64_t now_us);

#endif
