/* SPDX-License-Identifier: BSD-2-Clause */
/* Counting within windows of time. */
#include "alert_state.h"

/* One that opened only to correct the one before counts nothing of its own. */
static bool
has_begun(const struct window *window)
{
	return window->due > 1;
}

void
window_open(struct alerts *alerts, uint32_t slot)
{
	struct finding *f = finding_at(alerts, slot);

	f->ends_us = alerts->now_us + alerts->window_us;
	f->now = (struct window){ .serial = ++alerts->serial, .due = 1 };
	table_touch(&alerts->findings, slot);
	if (alerts->first_open == TABLE_NONE)
		alerts->first_open = slot;
}

static void
window_close(struct alerts *alerts, uint32_t slot)
{
	struct finding *f = finding_at(alerts, slot);

	alert_tell_last(alerts, slot);
	if (has_begun(&f->now)) {
		f->past = f->now;
		f->past.clients_count = 0; /* the list is the next window's */
	}
	f->now = (struct window){ 0 };
	f->ends_us = 0;
	alerts->first_open = table_newer(&alerts->findings, slot);
}

void
alerts_tick(struct alerts *alerts, int64_t now_us)
{
	if (now_us > alerts->now_us)
		alerts->now_us = now_us;
	while (alerts->first_open != TABLE_NONE &&
	       finding_at(alerts, alerts->first_open)->ends_us <= alerts->now_us)
		window_close(alerts, alerts->first_open);
}

static void
roll_up(struct alerts *alerts, uint32_t slot, const struct alert *alert)
{
	struct finding_key key = finding_key_of(alert, alert->verdict);
	struct window *now = &finding_at(alerts, slot)->now;
	struct addr client = finding_client(&key);

	alerts->rolled_up++;
	if (!crowds_join(&alerts->crowds, now->serial, &client))
		return;
	now->clients_total++;
	if (now->clients_count < CLIENTS_TOLD)
		alerts->clients[slot][now->clients_count++] = alert->client;
}

void
window_count(struct alerts *alerts, uint32_t slot, const struct alert *alert)
{
	struct finding *f = finding_at(alerts, slot);

	if (!has_begun(&f->now))
		f->now.first_us = alert->origin.ts_us;
	if (alert->origin.ts_us > f->now.last_us) /* an evicted one tells of the past */
		f->now.last_us = alert->origin.ts_us;
	f->now.count++;
	if (f->key.crowd != 0)
		roll_up(alerts, slot, alert);
	essence_keep(&f->essence, alert);
}

/* Takes an occurrence out of a finding. An ended window is told again when the one that
 * opens for it ends. */
static bool
uncount(struct alerts *alerts, uint32_t slot, const struct addr *member, bool past)
{
	struct finding *f;
	struct window *window;

	if (slot == TABLE_NONE)
		return false;
	f = finding_at(alerts, slot);
	window = past ? &f->past : &f->now;
	if (window->count == 0 ||
	    (member != NULL && !crowds_has(&alerts->crowds, window->serial, member)))
		return false;
	window->count--;
	if (f->ends_us == 0)
		window_open(alerts, slot);
	return true;
}

uint32_t
window_move_out(struct alerts *alerts, const struct alert *alert)
{
	struct finding_key key = finding_key_of(alert, alert->was);
	struct finding_key crowd = finding_crowd_key(key);
	uint32_t own = finding_find(alerts, &key);
	uint32_t rolled = finding_find(alerts, &crowd);
	struct addr client = finding_client(&key);

	alerts->moved++;
	for (unsigned past = 0; past <= 1; past++) {
		if (uncount(alerts, own, NULL, past != 0))
			return own;
		if (uncount(alerts, rolled, &client, past != 0))
			return rolled;
	}
	alerts->not_moved++;
	return TABLE_NONE;
}
