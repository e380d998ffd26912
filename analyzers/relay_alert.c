/* SPDX-License-Identifier: BSD-2-Clause */
/* What the relay analyzer raises. */
#include "relay_state.h"

static uint32_t
signature_of(enum alert_verdict verdict)
{
	switch (verdict) {
	case ALERT_CONFIRMED:
		return 1001;
	case ALERT_ACCEPTED:
		return 1002;
	case ALERT_RCPT_ACCEPTED:
		return 1003;
	case ALERT_REFUSED:
		return 1004;
	default:
		return 1005;
	}
}

static enum alert_confidence
confidence_of(enum alert_verdict verdict, unsigned evidence)
{
	switch (verdict) {
	case ALERT_CONFIRMED:
		return relay_evidence_keys(evidence) > 1 ? ALERT_HIGH : ALERT_MEDIUM;
	case ALERT_REFUSED:
		return ALERT_HIGH;
	case ALERT_SUSPECTED:
		return ALERT_LOW;
	default:
		return ALERT_MEDIUM;
	}
}

static unsigned
code_evidence(uint16_t rcpt_code, uint16_t data_code)
{
	return (rcpt_code != 0 ? ALERT_EVIDENCE_RCPT_CODE : 0u) |
	       (data_code != 0 ? ALERT_EVIDENCE_DATA_CODE : 0u);
}

void
relay_alert_fill(struct alert *alert, const struct relay_leg *in,
    enum alert_verdict verdict, unsigned evidence)
{
	alert->signature_id = signature_of(verdict);
	alert->kind = ALERT_RELAY;
	alert->verdict = verdict;
	alert->was = (enum alert_verdict)in->verdict;
	alert->mechanism = (enum alert_mechanism)in->mechanism;
	alert->confidence = confidence_of(verdict, evidence);
	alert->evidence =
	    evidence | code_evidence(in->rcpt_code, in->data_code) |
	    ((in->flags & RELAY_LEG_CLAIMED) != 0 ? ALERT_EVIDENCE_XCLIENT : 0u);
	alert->rcpt_code = in->rcpt_code;
	alert->data_code = in->data_code;
	alert->session = relay_leg_session(in, false);
	alert->server = (struct endpoint){ in->relay, in->relay_port, true };
	alert->has_client = true;
	alert->client = in->client;
	alert->leg[alert->legs++] = relay_leg_alert(in, false);
}

void
relay_alert_outbound(
    struct alert *alert, const struct relay_leg *in, const struct relay_leg *out)
{
	alert->leg[alert->legs++] = relay_leg_alert(out, true);
	alert->target = (struct alert_target){
		.has_addr = true, .addr = out->server, .port = out->server_port
	};
	alert->has_delay = true;
	alert->delay_ms = (out->first_us - in->last_us) / 1000;
}

const struct transaction *
relay_letter(struct relay *relay, const struct relay_leg *in)
{
	if ((in->flags & RELAY_LEG_OPEN) != 0)
		return relay->open[in->slot].tx;
	if ((in->flags & RELAY_LEG_KEPT) == 0)
		return NULL;
	return relay_letters_show(&relay->letters, in->letter, in->flow_id, in->tx_id);
}

static void
raise_now(struct relay *relay, const struct alert *alert)
{
	if (alert->was != ALERT_NO_VERDICT)
		relay->counts.verdicts[alert->was]--;
	relay->counts.verdicts[alert->verdict]++;
	alerts_raise(relay->alerts, alert);
}

void
relay_alert_release(struct relay *relay, int64_t now_us)
{
	const struct alert *alert;

	while ((alert = relay_held_next(&relay->held, relay->alerts, now_us)) != NULL)
		raise_now(relay, alert);
}

void
relay_alert_raise(struct relay *relay, const struct alert *alert)
{
	/* A forwarder passed on what another server said. */
	enum alert_claim claim = alerts_claim_of(relay->alerts, alert->session.flow_id);

	if (relay->held.count > 0)
		relay_alert_release(
		    relay, relay_held_is_full(&relay->held) ? INT64_MAX : INT64_MIN);
	if (claim == ALERT_HELD)
		relay_held_keep(&relay->held, alert);
	else if (claim == ALERT_FREE)
		raise_now(relay, alert);
}
