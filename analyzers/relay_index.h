/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RELAY_INDEX_H
#define RELAYWATCH_RELAY_INDEX_H

/*
 * The relay analyzer's memory: inbound transactions that await their further way, and
 * outbound ones, each found by recipient, Message-ID and body. Some servers forward while
 * they still receive, so either side may be complete first and looks the other up.
 */

#include "conf.h"
#include "relay_leg.h"
#include "seen.h"
#include "stats.h"

enum relay_side { RELAY_IN, RELAY_OUT, RELAY_SIDES };

struct relay_index {
	struct seen *side[RELAY_SIDES];
	int64_t window_us[RELAY_SIDES];
	bool rcpt_only; /* Message-ID and body alone tell nothing */
	void (*gone)(void *context, const struct relay_leg *leg);
	void *context;
};

struct relay_match {
	uint32_t in, out;  /* entries */
	unsigned evidence; /* 0: none was found */
};

/* gone: told before a leg is forgotten to make room. 0, or -1 when out of memory. The
 * index stays where it is. */
int relay_index_init(struct relay_index *index, const struct conf_relay *conf,
    void (*gone)(void *context, const struct relay_leg *leg), void *context);
void relay_index_release(struct relay_index *index);

/* A leg of its own for tx, begun. */
uint32_t relay_index_add(
    struct relay_index *index, enum relay_side side, const struct transaction *tx);

static inline struct relay_leg *
relay_index_leg(const struct relay_index *index, enum relay_side side, uint32_t entry)
{
	return seen_entry(index->side[side], entry);
}

/* The message went over: files the leg under what the message says of itself too. */
void relay_index_carried(struct relay_index *index, enum relay_side side, uint32_t entry,
    const struct transaction *tx);

/* Its transaction ends; the leg stays. Harmless where there is none, SEEN_NONE. */
void relay_index_close(struct relay_index *index, enum relay_side side, uint32_t entry);

/* The best counterpart of entry on the other side. */
struct relay_match relay_index_match(
    const struct relay_index *index, enum relay_side side, uint32_t entry);

/* Whether key leads to that entry. */
bool relay_index_has(
    const struct relay_index *index, enum relay_side side, uint32_t entry, uint64_t key);

/* Whether the next hop was asked for this recipient since then and no message followed.
 */
bool relay_index_attempted(
    const struct relay_index *index, uint64_t address_hash, int64_t since_us);

void relay_index_expire(struct relay_index *index, int64_t now_us);
void relay_index_stats(const struct relay_index *index, struct stats_visitor *v);

#endif
