/* SPDX-License-Identifier: BSD-2-Clause */
/* Two legs of one message. */
#include "relay_state.h"

/* For how many unrelated domains the server has forwarded, those of this message that are
 * recipients of both legs included. */
static uint32_t
note_domains(
    struct relay *relay, const struct relay_match *m, const struct relay_open *now)
{
	const struct relay_leg *in = relay_index_leg(&relay->index, RELAY_IN, m->in);
	bool inbound = now->role == RELAY_ROLE_INBOUND;
	uint32_t count = 0;

	for (uint32_t i = 0; i < now->tx->rcpts_kept; i++) {
		const struct mail_rcpt *r = &now->tx->rcpt[i];

		relay_read_path(relay, r->path, r->cut, now);
		if (relay->rcpt.class == RECIPIENT_FOREIGN &&
		    relay_index_has(&relay->index, inbound ? RELAY_OUT : RELAY_IN,
			inbound ? m->out : m->in, relay_rcpt_key(relay->rcpt.hash)))
			count = relay_servers_note(relay->servers, &in->relay,
			    relay->rcpt.domain, now->tx->last.ts_us);
	}
	return count;
}

/* How sure two legs are. */
static enum alert_verdict
two_legs(struct relay *relay, const struct relay_match *m, const struct relay_open *now,
    unsigned *evidence)
{
	const struct relay_leg *in = relay_index_leg(&relay->index, RELAY_IN, m->in);
	uint32_t wanted = relay->conf->relay.unrelated_domains;

	if ((in->flags & RELAY_LEG_CAPPED) != 0)
		return ALERT_SUSPECTED;
	if (!relay->undecided)
		return ALERT_CONFIRMED;
	if (wanted > RELAY_SERVERS_DOMAINS)
		wanted = RELAY_SERVERS_DOMAINS;
	if (note_domains(relay, m, now) < wanted)
		return ALERT_SUSPECTED;
	*evidence |= ALERT_EVIDENCE_UNRELATED_DOMAINS;
	return ALERT_CONFIRMED;
}

static void
count_keys(struct relay_counts *counts, unsigned evidence)
{
	if (relay_evidence_keys(evidence) > 1)
		counts->by_several++;
	else if ((evidence & ALERT_EVIDENCE_OUTBOUND_RCPT) != 0)
		counts->by_rcpt++;
	else if ((evidence & ALERT_EVIDENCE_OUTBOUND_MESSAGE_ID) != 0)
		counts->by_message_id++;
	else
		counts->by_body++;
}

struct origin
relay_origin(const struct relay_leg *in, const struct relay_open *now)
{
	struct origin origin = now->tx->last;

	if (now->role == RELAY_ROLE_OUTBOUND) {
		origin.number = in->first_number;
		origin.source = in->first_source;
	}
	return origin;
}

static void
confirm(struct relay *relay, const struct relay_match *m, const struct relay_open *now)
{
	struct relay_leg *in = relay_index_leg(&relay->index, RELAY_IN, m->in);
	struct relay_leg *out = relay_index_leg(&relay->index, RELAY_OUT, m->out);
	unsigned evidence = m->evidence;
	struct alert alert = {
		.origin = relay_origin(in, now), .has_tx = true, .tx_id = in->tx_id
	};
	enum alert_verdict verdict = two_legs(relay, m, now, &evidence);

	out->flags |= RELAY_LEG_MATCHED;
	if (in->verdict >= verdict) {
		relay->counts.more_legs++;
		return;
	}
	relay_alert_fill(&alert, in, verdict, evidence);
	relay_alert_outbound(&alert, in, out);
	alert.mail = relay_letter(relay, in);
	if (alert.mail == NULL)
		alert.mail = now->tx;
	alert.domain = slice_str(now->domain);
	count_keys(&relay->counts, evidence);
	relay_alert_raise(relay, &alert);
	in->verdict = (uint8_t)verdict;
}

/* Whether the server took a recipient: where no reply to one was seen, the one to the
 * message must have been. */
static bool
is_taken(const struct relay_open *open)
{
	return open->accepted > 0 ||
	       (open->unsure > 0 &&
		   (open->data_code / 100 == 3 || open->data_code / 100 == 2 ||
		       open->final_code / 100 == 2));
}

/* Whether it may be that the server took the message for others than the third party:
 * what looks like a refusal may be one, and a local user may forward to that very
 * address. */
static bool
is_doubtful(const struct relay_open *open)
{
	return open->accepted == 0 && (open->doubted > 0 || open->mixed);
}

static void
inbound_flags(struct relay *relay, const struct relay_open *open)
{
	struct relay_leg *leg = relay_index_leg(&relay->index, RELAY_IN, open->leg);

	if (is_doubtful(open))
		leg->flags |= RELAY_LEG_CAPPED;
	if (open->tx->mail_from.n == 0)
		return;
	relay_read_path(relay, open->tx->mail_from, false, open);
	if (relay->rcpt.class == RECIPIENT_LOCAL)
		leg->flags |= RELAY_LEG_OWN_SENDER;
}

void
relay_confirm_by(struct relay *relay, enum relay_side side, const struct relay_open *open)
{
	struct relay_match m;

	relay_index_expire(&relay->index, open->tx->last.ts_us);
	if (open->leg == SEEN_NONE || !is_taken(open))
		return;
	relay_index_carried(&relay->index, side, open->leg, open->tx);
	if (open->unsure > 0)
		relay_index_leg(&relay->index, side, open->leg)->flags |=
		    RELAY_LEG_UNSURE;
	if (side == RELAY_IN)
		inbound_flags(relay, open);
	m = relay_index_match(&relay->index, side, open->leg);
	if (m.evidence != 0)
		confirm(relay, &m, open);
}
