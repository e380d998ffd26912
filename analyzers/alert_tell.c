/* SPDX-License-Identifier: BSD-2-Clause */
/* Lines for the outputs. */
#include "alert_state.h"
#include "sink.h"

static bool
is_untold(const struct window *window)
{
	return window->count != window->told;
}

void
alert_tell(struct alerts *alerts, uint32_t slot, struct window *window,
    const struct alert *alert)
{
	struct finding *f = finding_at(alerts, slot);
	struct alert shown = *alert;
	struct alert_tally tally = { .id = f->id,
		.count = window->count,
		.first_us = window->first_us,
		.last_us = window->last_us,
		.clients_total = window->clients_total,
		.clients = alerts->clients[slot],
		.clients_count = window->clients_count };

	if (f->key.crowd != 0)
		shown.has_client = false;
	for (unsigned i = 0; i < f->related_count; i++)
		alert_relate(&shown, f->related[i]);
	sinks_alert(alerts->sinks, &shown, &tally);
	window->told = window->count;
	f->line = ++alerts->lines;
}

static void
tell_again(struct alerts *alerts, uint32_t slot, struct window *window)
{
	const struct essence *essence = &finding_at(alerts, slot)->essence;

	alert_tell(alerts, slot, window, essence_show(essence, &alerts->view));
}

void
alert_tell_rest(struct alerts *alerts, uint32_t slot)
{
	struct finding *f = finding_at(alerts, slot);

	if (is_untold(&f->past))
		tell_again(alerts, slot, &f->past);
	if (is_untold(&f->now))
		tell_again(alerts, slot, &f->now);
}

/* The last line of an id is to be its strongest. */
static void
tell_strongest(struct alerts *alerts, uint64_t id)
{
	uint32_t slot = finding_first(alerts, id), strongest = TABLE_NONE;
	uint64_t last = 0;

	for (; slot != TABLE_NONE; slot = finding_next(alerts, slot)) {
		const struct finding *f = finding_at(alerts, slot);

		if (f->line > last)
			last = f->line;
		if (f->now.count != 0 &&
		    (strongest == TABLE_NONE ||
			f->key.verdict > finding_at(alerts, strongest)->key.verdict))
			strongest = slot;
	}
	if (strongest != TABLE_NONE && finding_at(alerts, strongest)->line < last)
		tell_again(alerts, strongest, &finding_at(alerts, strongest)->now);
}

void
alert_tell_last(struct alerts *alerts, uint32_t slot)
{
	uint64_t lines = alerts->lines;

	alert_tell_rest(alerts, slot);
	if (alerts->lines != lines)
		tell_strongest(alerts, finding_at(alerts, slot)->id);
}

/* All of one id, the weaker first. */
static void
finish_id(struct alerts *alerts, const struct finding *f)
{
	struct finding_key key = f->key;
	uint32_t slot;

	for (key.verdict = 0; key.verdict < ALERT_VERDICTS; key.verdict++) {
		slot = finding_find(alerts, &key);
		if (slot != TABLE_NONE)
			alert_tell_rest(alerts, slot);
	}
	tell_strongest(alerts, f->id);
}

void
alerts_finish(struct alerts *alerts)
{
	uint32_t slot = table_oldest(&alerts->findings);

	for (; slot != TABLE_NONE; slot = table_newer(&alerts->findings, slot))
		finish_id(alerts, finding_at(alerts, slot));
}
