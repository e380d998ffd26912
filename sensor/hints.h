/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_HINTS_H
#define RELAYWATCH_HINTS_H

/*
 * What is wrong with the way the traffic is captured, told by counters: each is said
 * once, with what to do. Owned by a run; knows no packets but their lengths.
 */

#include "conf.h"
#include "inventory.h"
#include "packet.h"
#include "stats.h"

enum hint {
	HINT_ONE_WAY,  /* one direction only is seen */
	HINT_CUT,      /* by the snap length */
	HINT_LINKTYPE, /* no decoder */
	HINT_HOME,     /* no host of home-net */
	HINT_GIANT,    /* segments that a network card joined */
	HINT_CHECKSUM, /* left to a network card */
	HINTS
};

/* Those that the summary says itself, at more length. */
enum { HINTS_OF_SUMMARY = 1 << HINT_HOME | 1 << HINT_LINKTYPE };

enum {
	HINT_TEXT_MAX = 512,
	HINT_GIANT_MAX = 1 << 19, /* what says that it is larger is broken */
};

struct hints {
	bool live;
	uint32_t frame_max; /* octets that one packet has on this wire, at most */
	uint32_t largest;   /* above that */
	uint64_t giants;
	unsigned said; /* bits of enum hint */
};

/* frame_max 0: not known. */
void hints_init(struct hints *hints, bool live, uint32_t frame_max);

static inline void
hints_packets(struct hints *hints, const struct packet *packets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (packets[i].wirelen <= hints->frame_max ||
		    packets[i].wirelen > HINT_GIANT_MAX)
			continue;
		hints->giants++;
		if (packets[i].wirelen > hints->largest)
			hints->largest = packets[i].wirelen;
	}
}

/* Where the counters are to be had. */
struct hints_view {
	void (*visit)(void *context, struct stats_visitor *v);
	void *context;
	const struct inventory *inventory;
};

/* The next thing to say. False when there is nothing new. */
bool hints_next(
    struct hints *hints, const struct hints_view *view, char text[static HINT_TEXT_MAX]);

#endif
