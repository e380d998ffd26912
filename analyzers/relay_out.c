/* SPDX-License-Identifier: BSD-2-Clause */
/* Outbound transactions: where messages go on to. */
#include "relay_state.h"

/* The next hop refuses what was accepted before: the finding says so from then on. */
static void
tell_attempt(struct relay *relay, const struct relay_open *open, uint64_t address_hash)
{
	const struct seen *ins = relay->index.side[RELAY_IN];
	uint32_t k = seen_find(ins, relay_rcpt_key(address_hash));

	for (; k != SEEN_NONE; k = seen_find_next(ins, k)) {
		struct relay_leg *in =
		    relay_index_leg(&relay->index, RELAY_IN, seen_link_entry(ins, k));
		struct alert alert = { .has_tx = true, .tx_id = in->tx_id };

		if ((in->flags & (RELAY_LEG_OPEN | RELAY_LEG_ATTEMPTED)) != 0 ||
		    in->verdict < ALERT_SUSPECTED || in->verdict == ALERT_CONFIRMED)
			continue;
		in->flags |= RELAY_LEG_ATTEMPTED;
		relay_alert_fill(&alert, in, (enum alert_verdict)in->verdict,
		    ALERT_EVIDENCE_OUTBOUND_ATTEMPT);
		alert.origin = relay_origin(in, open);
		alert.mail = relay_letter(relay, in);
		alert.domain = slice_str(relay->rcpt.domain);
		relay_alert_raise(relay, &alert);
		return;
	}
}

void
relay_out_rcpt(struct relay *relay, struct relay_open *open, const struct record *record)
{
	struct seen *out = relay->index.side[RELAY_OUT];
	const struct recipient *rcpt = &relay->rcpt;
	bool refused = relay_is_refused(&record->fact);

	relay_read_rcpt(relay, open, record);
	/* A trick form at one of our domains: the next hop is to unfold it, not we. */
	if (rcpt->class != RECIPIENT_FOREIGN || rcpt->outer_own)
		return;
	if (open->leg == SEEN_NONE)
		open->leg = relay_index_add(&relay->index, RELAY_OUT, open->tx);
	seen_key(out, open->leg,
	    refused ? relay_attempt_key(rcpt->hash) : relay_rcpt_key(rcpt->hash));
	if (refused) {
		tell_attempt(relay, open, rcpt->hash);
		return;
	}
	if (open->accepted + open->unsure == 0)
		memcpy(open->domain, rcpt->domain, sizeof(open->domain));
	(*(relay_is_accepted(&record->fact) ? &open->accepted : &open->unsure))++;
}

/* The inbound leg was under TLS: the trace header alone tells of it. Once a session. */
static void
look_for_trace(struct relay *relay, const struct relay_open *open)
{
	struct alert alert = { .mail = open->tx };
	struct recipient_own own = relay_own(relay);
	const struct relay_leg *out;
	struct relay_leg *in;

	if (relay->undecided || open->leg == SEEN_NONE)
		return;
	out = relay_index_leg(&relay->index, RELAY_OUT, open->leg);
	relay_trace_expire(&relay->trace, open->tx->last.ts_us);
	if ((out->flags & RELAY_LEG_MATCHED) != 0)
		return;
	in = relay_trace_find(&relay->trace, open->tx, &own, &relay->rcpt);
	if (in == NULL || in->verdict != ALERT_NO_VERDICT)
		return;
	alert.origin = relay_origin(in, open);
	relay_alert_fill(&alert, in, ALERT_SUSPECTED, ALERT_EVIDENCE_OUTBOUND_RECEIVED);
	relay_alert_outbound(&alert, in, out);
	alert.domain = slice_str(relay->rcpt.domain);
	relay_alert_raise(relay, &alert);
	in->verdict = ALERT_SUSPECTED;
}

void
relay_out_end(struct relay *relay, struct relay_open *open)
{
	struct relay_leg *leg;

	if (open->leg == SEEN_NONE)
		return;
	relay_index_close(&relay->index, RELAY_OUT, open->leg);
	leg = relay_index_leg(&relay->index, RELAY_OUT, open->leg);
	leg->last_us = open->tx->last.ts_us;
	if ((leg->flags & RELAY_LEG_MATCHED) == 0 && relay_carried(open->tx)) {
		relay_confirm_by(relay, RELAY_OUT, open);
		look_for_trace(relay, open);
	}
}
