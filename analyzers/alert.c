/* SPDX-License-Identifier: BSD-2-Clause */
#include "alert_state.h"

#include <stdlib.h>

#include "inventory.h"
#include "pool.h"

struct alerts *
alerts_new(
    const struct conf_alerts *conf, struct sinks *sinks, struct inventory *inventory)
{
	struct alerts *alerts = calloc(1, sizeof(*alerts));

	if (alerts == NULL)
		return NULL;
	alerts->sinks = sinks;
	alerts->inventory = inventory;
	alerts->window_us = conf->window_sec * (int64_t)1000000;
	alerts->first_open = TABLE_NONE;
	alerts->clients = pool_reserve(conf->findings * sizeof(*alerts->clients));
	if (alerts->clients != NULL &&
	    table_init(&alerts->findings, conf->findings, sizeof(struct finding)) == 0 &&
	    kin_init(&alerts->kin, conf->findings) == 0 &&
	    crowds_init(
		&alerts->crowds, conf->findings, conf->clients, alerts->window_us) == 0)
		return alerts;
	alerts_free(alerts);
	return NULL;
}

void
alerts_free(struct alerts *alerts)
{
	if (alerts == NULL)
		return;
	pool_unreserve(alerts->clients, alerts->findings.max * sizeof(*alerts->clients));
	table_release(&alerts->findings);
	crowds_release(&alerts->crowds);
	kin_release(&alerts->kin);
	free(alerts);
}

static uint64_t
raise_again(struct alerts *alerts, const struct alert *alert)
{
	struct finding_key key = finding_key_of(alert, alert->verdict);
	uint32_t slot = finding_find(alerts, &key);
	struct finding *f;

	if (slot == TABLE_NONE) {
		key = finding_crowd_key(key);
		slot = finding_find(alerts, &key);
	}
	if (slot == TABLE_NONE)
		return finding_id(finding_key_of(alert, alert->verdict));
	f = finding_at(alerts, slot);
	if ((alert->evidence & ~f->essence.alert.evidence) != 0 && f->now.count != 0)
		f->now.told = TOLD_OTHERWISE;
	essence_keep(&f->essence, alert);
	return f->id;
}

void
alerts_claim(struct alerts *alerts, uint64_t flow_id, enum alert_claim claim)
{
	alerts->claims++;
	kin_claim(&alerts->kin, flow_id, claim);
}

enum alert_claim
alerts_claim_of(const struct alerts *alerts, uint64_t flow_id)
{
	return kin_claim_of(&alerts->kin, flow_id);
}

uint64_t
alerts_claims(const struct alerts *alerts)
{
	return alerts->claims;
}

/* Adds to all that is told of id, and tells what was told without. */
static void
relate(struct alerts *alerts, uint64_t id, uint64_t to)
{
	uint32_t slot = finding_first(alerts, id);

	for (; slot != TABLE_NONE; slot = finding_next(alerts, slot)) {
		struct finding *f = finding_at(alerts, slot);
		unsigned i = 0;

		while (i < f->related_count && f->related[i] != to)
			i++;
		if (i < f->related_count || i == ALERT_RELATED)
			continue;
		f->related[f->related_count++] = to;
		if (f->now.count != 0)
			f->now.told = TOLD_OTHERWISE;
	}
}

static uint64_t
raise_related(struct alerts *alerts, const struct alert *alert)
{
	uint32_t slot, weaker = TABLE_NONE;
	struct finding *f;

	if (alert->was == alert->verdict)
		return raise_again(alerts, alert);
	alerts->raised++;
	slot = finding_for(alerts, alert);
	f = finding_at(alerts, slot);
	if (alert->was != ALERT_NO_VERDICT)
		weaker = window_move_out(alerts, alert);
	window_count(alerts, slot, alert);
	if (f->now.count < f->now.due)
		return f->id;
	f->now.due *= 10;
	if (weaker != TABLE_NONE)
		alert_tell_rest(alerts, weaker);
	alert_tell(alerts, slot, &f->now, alert);
	return f->id;
}

uint64_t
alerts_raise(struct alerts *alerts, const struct alert *alert)
{
	struct alert shown = *alert;
	uint64_t id = finding_id(finding_key_of(alert, alert->verdict));

	alerts_tick(alerts, alert->origin.ts_us);
	inventory_alert(alerts->inventory, alert);
	kin_relate(&alerts->kin, &shown, id);
	for (unsigned i = 0; i < shown.related_count; i++)
		relate(alerts, shown.related[i], id);
	return raise_related(alerts, &shown);
}

void
alerts_stats(const struct alerts *alerts, struct stats_visitor *v)
{
	stats_show(v, "alerts", "raised", alerts->raised);
	stats_show(v, "alerts", "lines", alerts->lines);
	stats_show(v, "alerts", "findings", alerts->findings.in_use);
	stats_show(v, "alerts", "findings_evicted", alerts->evicted);
	stats_show(v, "alerts", "moved", alerts->moved);
	stats_show(v, "alerts", "moves_too_late", alerts->not_moved);
	stats_show(v, "alerts", "rolled_up", alerts->rolled_up);
	stats_show(v, "alerts", "clients_forgotten", alerts->crowds.forgotten);
}
