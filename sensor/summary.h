/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SUMMARY_H
#define RELAYWATCH_SUMMARY_H

/*
 * What a person gets to read at the end of a run: how much was read, what was
 * found, what was lost, what can be said of each mail server of home-net. Plain ASCII.
 */

#include <stdio.h>

#include "conf.h"
#include "hints.h"
#include "inventory.h"
#include "stats.h"

struct summary {
	const struct conf *conf;
	struct inventory *inventory;
	/* Shows all counters of the run; those that matter here are picked. */
	void (*visit)(void *context, struct stats_visitor *v);
	void *context;
	struct hints *hints; /* those not yet given are */
	int64_t first_us, last_us; /* packet time */
};

void summary_print(FILE *out, const struct summary *summary);

#endif
