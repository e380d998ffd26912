/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay_held.h"

#include <stdlib.h>

int
relay_held_init(struct relay_held *held)
{
	/* Untouched until it is used. */
	held->room = calloc(RELAY_HELD, sizeof(*held->room));
	return held->room != NULL ? 0 : -1;
}

void
relay_held_release(struct relay_held *held)
{
	free(held->room);
	held->room = NULL;
}

void
relay_held_keep(struct relay_held *held, const struct alert *alert)
{
	unsigned i = 0;

	while (held->number[i] != 0)
		i++;
	held->number[i] = ++held->last;
	held->count++;
	essence_keep(&held->room[i], alert);
}

static bool
waits(const struct essence *e, const struct alerts *alerts, int64_t now_us)
{
	return alerts_claim_of(alerts, e->alert.session.flow_id) == ALERT_HELD &&
	       now_us < e->alert.origin.ts_us + RELAY_HELD_SEC * INT64_C(1000000);
}

/* RELAY_HELD: none. */
static unsigned
oldest_ready(const struct relay_held *held, const struct alerts *alerts, int64_t now_us)
{
	unsigned oldest = RELAY_HELD;

	for (unsigned i = 0; i < RELAY_HELD; i++) {
		if (held->number[i] != 0 && !waits(&held->room[i], alerts, now_us) &&
		    (oldest == RELAY_HELD || held->number[i] < held->number[oldest]))
			oldest = i;
	}
	return oldest;
}

const struct alert *
relay_held_next(struct relay_held *held, const struct alerts *alerts, int64_t now_us)
{
	while (held->count > 0) {
		unsigned i = oldest_ready(held, alerts, now_us);
		const struct essence *e;

		if (i == RELAY_HELD)
			break;
		e = &held->room[i];
		held->number[i] = 0;
		held->count--;
		if (alerts_claim_of(alerts, e->alert.session.flow_id) != ALERT_CLAIMED)
			return essence_show(e, &held->view);
	}
	held->claims = alerts_claims(alerts);
	return NULL;
}
