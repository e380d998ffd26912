/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ALERT_STATE_H
#define RELAYWATCH_ALERT_STATE_H

/*
 * What is behind alert.h. A finding counts in windows. The first occurrence of a window
 * is told at once, then the 10th, the 100th, ..., and the rest when the window ends. What
 * a line says replaces what an earlier line of the same id, verdict and first_seen said;
 * so the sum of `count` over the last lines is what really happened, also after
 * occurrences moved to a stronger verdict: their old finding is told again with its count
 * gone down.
 *
 * Findings stand in the table in the order in which their windows began: those whose
 * window ended come first, and are the first to go when the table is full.
 *
 * alert.c takes what is raised, alert_finding.c knows the findings and what tells them
 * apart, alert_window.c counts, alert_tell.c has lines written. Nobody else includes
 * this.
 */

#include "alert.h"
#include "crowd.h"
#include "essence.h"
#include "kin.h"
#include "table.h"

enum { CLIENTS_TOLD = 100 };

#define TOLD_OTHERWISE UINT64_MAX /* no count: its line must be told again */

/* Octets only: the same on every machine, without padding. */
struct finding_key {
	uint8_t kind, verdict, mechanism;
	uint8_t crowd; /* many clients rolled up */
	uint8_t has_client;
	uint8_t port[2];
	uint8_t zero;
	uint8_t server[16], client[16];
};

struct window {
	uint64_t serial;
	uint64_t count, told;
	uint64_t due; /* the count at which a line is due */
	int64_t first_us, last_us;
	uint64_t clients_total;
	uint32_t clients_count;
};

struct finding {
	struct finding_key key;
	uint64_t id;
	struct window now;
	struct window past; /* the one before: occurrences may still move out of it */
	int64_t ends_us;    /* 0: no window is open */
	uint64_t line;      /* number of its latest line */
	unsigned related_count;
	uint64_t related[ALERT_RELATED]; /* findings it shares a connection with */
	struct essence essence;          /* of the latest occurrence */
};

struct alerts {
	struct sinks *sinks;
	struct inventory *inventory;
	int64_t window_us, now_us;
	struct table findings;
	struct addr (*clients)[CLIENTS_TOLD]; /* by slot */
	struct crowds crowds;
	struct kin kin;
	uint64_t claims;
	uint32_t first_open; /* the finding whose window ends next */
	uint64_t serial;     /* of windows */
	uint64_t raised, lines, moved, not_moved, rolled_up, evicted;
	struct essence_view view;
};

/* alert_finding.c; slots, TABLE_NONE where there is none */

struct finding_key finding_key_of(const struct alert *alert, enum alert_verdict verdict);
/* The one that stands for many clients of the same server. */
struct finding_key finding_crowd_key(struct finding_key key);
struct addr finding_client(const struct finding_key *key);
uint64_t finding_id(struct finding_key key);

static inline struct finding *
finding_at(const struct alerts *alerts, uint32_t slot)
{
	return table_at(&alerts->findings, slot);
}

uint32_t finding_find(const struct alerts *alerts, const struct finding_key *key);
/* All of one id, which differ in their verdict. */
uint32_t finding_first(const struct alerts *alerts, uint64_t id);
uint32_t finding_next(const struct alerts *alerts, uint32_t slot);
/* The finding a new occurrence counts in, its window open. */
uint32_t finding_for(struct alerts *alerts, const struct alert *alert);

/* alert_window.c */

void window_open(struct alerts *alerts, uint32_t slot);
void window_count(struct alerts *alerts, uint32_t slot, const struct alert *alert);
/* Where an occurrence was counted until now, and is no more: TABLE_NONE where that is
 * forgotten. */
uint32_t window_move_out(struct alerts *alerts, const struct alert *alert);

/* alert_tell.c */

void alert_tell(struct alerts *alerts, uint32_t slot, struct window *window,
    const struct alert *alert);
/* What was counted and not told. */
void alert_tell_rest(struct alerts *alerts, uint32_t slot);
/* As before, and then the strongest of its id once more, if something was. */
void alert_tell_last(struct alerts *alerts, uint32_t slot);

#endif
