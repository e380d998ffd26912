/* SPDX-License-Identifier: BSD-2-Clause */
/* How connections begin, and port pairs begin anew. */
#include <xxhash.h>

#include "track_parts.h"

enum { MARKED_PER_PACKET = 32 };

/* Which end of the flow entry the segment's source becomes: 0 opened the connection. */
static uint8_t
role_of_source(const struct track *t, const struct segment *s)
{
	if (s->flags & TCP_SYN)
		return s->flags & TCP_ACK ? 1 : 0;
	if (conf_has_port(&t->conf->mail_ports, s->dport))
		return 0;
	if (conf_has_port(&t->conf->mail_ports, s->sport))
		return 1;
	return s->sport < s->dport ? 1 : 0;
}

static uint64_t
flow_id(const struct flow *flow, const struct origin *start)
{
	struct {
		struct addr addr[2];
		uint64_t ports, number;
		int64_t ts_us;
	} text = {
		.addr = { flow->addr[0], flow->addr[1] },
		.ports = (uint64_t)flow->port[0] << 16 | flow->port[1],
		.number = start->number,
		.ts_us = start->ts_us,
	};

	return XXH3_64bits(&text, sizeof(text)) >> 11; /* JavaScript's 53 bits */
}

static void
mark_turns(const struct track *t, struct flow *flow, const struct flow_cold *cold)
{
	for (unsigned end = 0; end < 2; end++) {
		if (cold->home >> end & 1 &&
		    marked_has(t->dialers, &flow->addr[end], t->now_sec))
			flow->flags |= FLOW_TURNS;
	}
}

struct flow *
track_open_flow(
    struct track *t, struct flow_key key, const struct segment *s, uint8_t *dir)
{
	struct flow_cold *cold;
	struct flow *flow;

	/* Nothing begins with a RST or a bare acknowledgment: scans would fill the table.
	 */
	if (s->flags & TCP_RST || (!(s->flags & TCP_SYN) && s->wire_payload == 0))
		return NULL;
	while ((flow = flow_victim(t->flows, key)) != NULL) {
		t->count.evicted++;
		track_drop_flow(t, flow, RECORD_CONN_EXPIRED);
	}
	*dir = role_of_source(t, s);
	flow = flow_add(t->flows, key, s, *dir);
	cold = flow_cold(t->flows, flow);
	cold->id = flow_id(flow, &s->origin);
	cold->vlan_layers = s->vlan_layers;
	memcpy(cold->vlan, s->vlan, sizeof(cold->vlan));
	for (unsigned end = 0; end < 2; end++) {
		if (netset_has(t->conf->home_net, &flow->addr[end]))
			cold->home |= (uint8_t)(1 << end);
	}
	if (cold->home != 0)
		flow->flags |= FLOW_HOME;
	mark_turns(t, flow, cold);
	t->count.opened++;
	if (!(s->flags & TCP_SYN)) {
		struct record_conn met = { .event = RECORD_CONN_ESTABLISHED };

		t->count.midstream++;
		track_tell_conn(t, flow, &met);
	}
	return flow;
}

/*
 * Whether a segment opens the port pair anew. A SYN is believed at once only where the
 * earlier connection is over or was never answered, or, in a capture of one direction,
 * had its FIN. In the midst of a live one it may be forged, and its endpoint only
 * challenges it (RFC 5961 section 4): it counts once the SYN-ACK acknowledges it.
 */
bool
track_opens_anew(
    const struct flow *flow, struct flow_cold *cold, const struct segment *s, uint8_t dir)
{
	bool one_sided = flow->packets[!dir] == 0;
	bool over = flow->flags & (FLOW_CLOSED | FLOW_RESET) ||
		    !(flow->flags & (FLOW_SYN_ACK | FLOW_DATA)) ||
		    (one_sided && flow->flags & (dir == 0 ? FLOW_FIN_0 : FLOW_FIN_1));

	if (!(s->flags & TCP_SYN) || s->flags & TCP_RST)
		return false;
	if (s->flags & TCP_ACK) /* also of data in the SYN (RFC 7413) */
		return cold->has_next && s->ack - cold->next_isn - 1 <= UINT16_MAX;
	if (flow->packets[dir] > 0 && s->seq == cold->isn[dir])
		return false;
	if (flow->packets[dir] > 0 && over)
		return true;
	if (flow->flags & (FLOW_SYN | FLOW_SYN_ACK)) {
		cold->next_isn = s->seq;
		cold->has_next = true;
	}
	return false;
}

/* Its connections of longer standing may have the orders. Anybody can make up hosts that
 * dial: a part of the table for each packet. */
void
track_mark_turns(struct track *t)
{
	uint32_t budget = MARKED_PER_PACKET;
	struct flow *flow;

	if (t->mark_hand == 0)
		t->new_dialer = false; /* those after this one want a walk of their own */
	while ((flow = flow_walk(t->flows, &t->mark_hand, &budget)) != NULL) {
		if (flow->flags & FLOW_HOME && !(flow->flags & FLOW_TURNS))
			mark_turns(t, flow, flow_cold(t->flows, flow));
	}
}
