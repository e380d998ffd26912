/* SPDX-License-Identifier: BSD-2-Clause */
#include "kin.h"

enum { FINDINGS_EACH = 3 };

struct kin_finding {
	uint64_t id;
	enum alert_kind kind;
};

struct kin_flow {
	uint64_t flow_id;
	struct kin_finding finding[FINDINGS_EACH];
	uint8_t count;
	uint8_t claim; /* enum alert_claim */
};

int
kin_init(struct kin *kin, uint32_t flows)
{
	return table_init(&kin->flows, flows, sizeof(struct kin_flow));
}

void
kin_release(struct kin *kin)
{
	table_release(&kin->flows);
}

static struct kin_flow *
find(const struct kin *kin, uint64_t flow_id, uint64_t hash)
{
	uint32_t slot = table_find(&kin->flows, hash);

	for (; slot != TABLE_NONE; slot = table_find_next(&kin->flows, slot)) {
		struct kin_flow *flow = table_at(&kin->flows, slot);

		if (flow->flow_id == flow_id)
			return flow;
	}
	return NULL;
}

static uint64_t
hash_of(const struct kin *kin, uint64_t flow_id)
{
	return table_hash_id(&kin->flows, flow_id);
}

static struct kin_flow *
get(struct kin *kin, uint64_t flow_id)
{
	uint64_t hash = hash_of(kin, flow_id);
	struct kin_flow *flow = find(kin, flow_id, hash);

	if (flow != NULL)
		return flow;
	if (table_is_full(&kin->flows))
		table_remove(&kin->flows, table_oldest(&kin->flows));
	flow = table_at(&kin->flows, table_add(&kin->flows, hash));
	*flow = (struct kin_flow){ .flow_id = flow_id };
	return flow;
}

void
kin_claim(struct kin *kin, uint64_t flow_id, enum alert_claim claim)
{
	get(kin, flow_id)->claim = (uint8_t)claim;
}

enum alert_claim
kin_claim_of(const struct kin *kin, uint64_t flow_id)
{
	const struct kin_flow *flow = find(kin, flow_id, hash_of(kin, flow_id));

	return flow != NULL ? (enum alert_claim)flow->claim : ALERT_FREE;
}

void
alert_relate(struct alert *alert, uint64_t id)
{
	for (unsigned i = 0; i < alert->related_count; i++) {
		if (alert->related[i] == id)
			return;
	}
	if (alert->related_count < ALERT_RELATED)
		alert->related[alert->related_count++] = id;
}

/* Findings of one kind on one connection are told apart by mechanism: no news. */
static void
relate_flow(struct kin *kin, struct alert *alert, uint64_t flow_id, uint64_t id)
{
	struct kin_flow *flow = get(kin, flow_id);
	bool known = false;

	for (unsigned i = 0; i < flow->count; i++) {
		known |= flow->finding[i].id == id;
		if (flow->finding[i].kind != alert->kind)
			alert_relate(alert, flow->finding[i].id);
	}
	if (!known && flow->count < FINDINGS_EACH)
		flow->finding[flow->count++] =
		    (struct kin_finding){ .id = id, .kind = alert->kind };
}

void
kin_relate(struct kin *kin, struct alert *alert, uint64_t id)
{
	relate_flow(kin, alert, alert->session.flow_id, id);
	for (unsigned i = 0; i < alert->legs; i++) {
		if (alert->leg[i].flow_id != alert->session.flow_id)
			relate_flow(kin, alert, alert->leg[i].flow_id, id);
	}
}
