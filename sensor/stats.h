/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_STATS_H
#define RELAYWATCH_STATS_H

/*
 * How counters leave the modules that keep them: each module shows its own to a visitor,
 * which makes the `stats` event of them. Names are lower_case, static.
 */

#include <stdint.h>

struct stats_visitor {
	void (*counter)(struct stats_visitor *visitor, const char *group,
	    const char *name, uint64_t value);
};

static inline void
stats_show(struct stats_visitor *v, const char *group, const char *name, uint64_t value)
{
	v->counter(v, group, name, value);
}

#endif
