/* SPDX-License-Identifier: BSD-2-Clause */
/* Inbound transactions, judged by the replies they get. */
#include "relay_state.h"

/* Keeps the recipient that says most. */
static void
decide_by(struct relay_open *open, const struct recipient *rcpt,
    enum alert_verdict strength, uint16_t code)
{
	if (strength < open->strength ||
	    (strength == open->strength &&
		(open->mechanism == ALERT_PLAIN || rcpt->mechanism != ALERT_PLAIN)))
		return;
	open->strength = strength;
	open->mechanism = rcpt->mechanism;
	open->rcpt_code = code;
	open->rcpt_hash = rcpt->hash;
	memcpy(open->domain, rcpt->domain, sizeof(open->domain));
}

static void
remember_rcpt(struct relay *relay, struct relay_open *open)
{
	struct seen *in = relay->index.side[RELAY_IN];
	struct relay_leg *leg;

	if (open->leg == SEEN_NONE)
		open->leg = relay_index_add(&relay->index, RELAY_IN, open->tx);
	leg = relay_index_leg(&relay->index, RELAY_IN, open->leg);
	leg->mechanism = (uint8_t)open->mechanism;
	leg->rcpt_code = open->rcpt_code;
	if (open->blind)
		leg->flags |= RELAY_LEG_CAPPED;
	seen_key(in, open->leg, relay_rcpt_key(relay->rcpt.hash));
	if (relay->rcpt.inner_hash != relay->rcpt.hash)
		seen_key(in, open->leg, relay_rcpt_key(relay->rcpt.inner_hash));
}

static void
inbound_third_party(
    struct relay *relay, struct relay_open *open, const struct record_fact *fact)
{
	const struct recipient *rcpt = &relay->rcpt;

	if (relay_is_accepted(fact)) {
		open->accepted++;
		open->mixed |= rcpt->outer_own;
		decide_by(open, rcpt,
		    rcpt->outer_own ? ALERT_SUSPECTED : ALERT_RCPT_ACCEPTED, fact->code);
		remember_rcpt(relay, open);
	} else if (relay_is_refused(fact)) {
		open->refused++;
		decide_by(open, rcpt, ALERT_REFUSED, fact->code);
	} else {
		open->unsure++;
		open->doubted += fact->code >= 400;
		decide_by(open, rcpt, ALERT_ATTEMPTED, 0);
		remember_rcpt(relay, open);
	}
}

static bool
is_submission(const struct relay *relay, const struct relay_open *open)
{
	return conf_has_port(&relay->conf->submission_ports,
	    session_service(&open->tx->mail->session)->port);
}

void
relay_in_rcpt(struct relay *relay, struct relay_open *open, const struct record *record)
{
	if (open->blind && is_submission(relay, open)) {
		open->unread++;
		return;
	}
	relay_read_rcpt(relay, open, record);
	if (relay->rcpt.class == RECIPIENT_FOREIGN)
		inbound_third_party(relay, open, &record->fact);
	else if (!relay_is_refused(&record->fact))
		open->mixed = true;
	open->local += relay->rcpt.class == RECIPIENT_LOCAL ||
		       relay->rcpt.class == RECIPIENT_RELAYED;
	open->unread +=
	    relay->rcpt.class == RECIPIENT_UNREADABLE && !relay_is_refused(&record->fact);
	if (open->mixed && open->leg != SEEN_NONE)
		relay_index_leg(&relay->index, RELAY_IN, open->leg)->flags |=
		    RELAY_LEG_MIXED;
}

/* Whether the server may have refused unseen what it let pass so far. */
static bool
is_outcome_hidden(const struct relay_open *open)
{
	const struct transaction *tx = open->tx;

	return open->hidden || tx->abort == FACT_ABORT_LOST ||
	       (tx->abort == FACT_ABORT_RSET && tx->has_message);
}

/* The server took the message, and no recipient but third parties is known, of whom none
 * was seen to be refused: it took it for one of them, unless another was lost. */
static bool
is_taken_for_somebody(const struct relay_open *open)
{
	return open->final_code / 100 == 2 && open->unsure > 0 && open->doubted == 0 &&
	       open->refused == 0 && !open->mixed && open->unread == 0 &&
	       (open->tx->flags & FACT_HOLED) == 0;
}

/*
 * What the replies alone say. A reply that was lost, or that may belong to another
 * command, neither accepts nor refuses: where there is no other, the one to the message
 * may say something, else there is no verdict. A
 * recipient that surely was accepted is rcpt-accepted only where the client or the
 * capture is seen to stop there; where a gap may hold what the server said to the
 * message it is suspected.
 */
static enum alert_verdict
one_leg(const struct relay_open *open)
{
	if (open->accepted == 0 && is_taken_for_somebody(open))
		return ALERT_SUSPECTED;
	if (open->accepted == 0)
		return open->refused > 0 ? ALERT_REFUSED : ALERT_NO_VERDICT;
	if (open->data_code >= 400 || open->final_code >= 400)
		return ALERT_REFUSED;
	if (open->strength == ALERT_SUSPECTED || open->blind)
		return ALERT_SUSPECTED;
	if (open->final_code >= 200)
		return ALERT_ACCEPTED;
	return is_outcome_hidden(open) ? ALERT_SUSPECTED : ALERT_RCPT_ACCEPTED;
}

/* What the server said last about the message itself. */
static uint16_t
message_code(const struct relay_open *open)
{
	if (open->final_code != 0)
		return open->final_code;
	return open->data_code >= 400 ? open->data_code : 0;
}

/* A leg for the alert of a transaction that may have none in the index. */
static struct relay_leg
passing_leg(const struct relay_open *open)
{
	struct relay_leg leg = { 0 };

	relay_leg_begin(&leg, open->tx);
	leg.data_code = message_code(open);
	leg.rcpt_code = open->rcpt_code;
	leg.mechanism = (uint8_t)open->mechanism;
	return leg;
}

/* Returns what the occurrence stands at. */
static enum alert_verdict
judge(struct relay *relay, const struct relay_open *open, enum alert_verdict was)
{
	enum alert_verdict verdict = relay->undecided ? ALERT_NO_VERDICT : one_leg(open);
	struct alert alert = { .origin = open->tx->last,
		.has_tx = true,
		.tx_id = open->tx_id,
		.mail = open->tx };
	struct relay_leg leg;
	unsigned evidence = 0;

	if (verdict <= was)
		return was;
	leg = passing_leg(open);
	if (verdict == ALERT_REFUSED && leg.data_code < 400)
		leg.data_code = 0; /* that was for other recipients */
	if (relay_index_attempted(&relay->index, open->rcpt_hash, open->tx->first.ts_us))
		evidence |= ALERT_EVIDENCE_OUTBOUND_ATTEMPT;
	relay_alert_fill(&alert, &leg, verdict, evidence);
	alert.was = was;
	alert.domain = slice_str(open->domain);
	relay_alert_raise(relay, &alert);
	return verdict;
}

/* Also where what came after the recipients was lost: the outbound leg tells. */
static bool
may_have_carried(const struct relay_open *open)
{
	const struct transaction *tx = open->tx;

	return relay_carried(tx) ||
	       (open->data_code < 400 && tx->outcome == MAIL_UNKNOWN);
}

static void
note_message_code(struct relay_leg *leg, const struct relay_open *open)
{
	leg->data_code = message_code(open);
	if (open->final_code >= 400)
		leg->flags |= RELAY_LEG_REFUSED;
}

enum alert_verdict
relay_in_end(struct relay *relay, struct relay_open *open)
{
	struct relay_leg *leg;
	enum alert_verdict verdict;

	if (open->leg != SEEN_NONE)
		note_message_code(
		    relay_index_leg(&relay->index, RELAY_IN, open->leg), open);
	if (may_have_carried(open))
		relay_confirm_by(relay, RELAY_IN, open);
	if (open->leg == SEEN_NONE)
		return judge(relay, open, ALERT_NO_VERDICT);
	leg = relay_index_leg(&relay->index, RELAY_IN, open->leg);
	verdict = judge(relay, open, (enum alert_verdict)leg->verdict);
	leg->verdict = (uint8_t)verdict;
	relay_index_close(&relay->index, RELAY_IN, open->leg);
	if ((leg->flags & RELAY_LEG_CARRIED) == 0) {
		seen_drop(relay->index.side[RELAY_IN], open->leg);
		return verdict;
	}
	leg->letter = relay_letters_keep(&relay->letters, open->tx);
	leg->flags |= RELAY_LEG_KEPT;
	return verdict;
}
