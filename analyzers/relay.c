/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Relayed third-party mail. Each inbound transaction of an outside client is judged by
 * the replies it gets; those that carried a message are remembered until the same message
 * is seen leaving. METHODS, section 1.
 *
 * A reply that was not seen never counts as acceptance, and nothing is judged under TLS.
 */

#include <stdlib.h>

#include "analyzer.h"
#include "recipient.h"
#include "relay_index.h"
#include "relay_servers.h"
#include "relay_trace.h"

enum role { ROLE_NONE, ROLE_IGNORED, ROLE_INBOUND, ROLE_OUTBOUND };

/* What is known of an open transaction beside its leg. */
struct open {
	const struct transaction *tx;
	uint64_t flow_id; /* whose state this is: slots are used again */
	uint32_t tx_id;
	enum role role;
	uint32_t
	    leg;    /* entry of the index; SEEN_NONE: no third-party recipient accepted */
	bool mixed; /* RELAY_LEG_MIXED, before there is a leg */
	uint32_t accepted, refused; /* third-party recipients */
	/* The recipient that decides: the strongest, plain among equals. */
	enum alert_verdict strength;
	enum alert_mechanism mechanism;
	uint16_t rcpt_code;
	uint16_t data_code, final_code; /* 0 where it is not sure */
	uint64_t rcpt_hash;
	char domain[DOMAIN_MAX + 1];
};

struct relay_counts {
	uint64_t verdicts[ALERT_VERDICTS];
	uint64_t by_rcpt, by_message_id, by_body, by_several;
	uint64_t more_legs;
};

struct relay {
	const struct conf *conf;
	struct alerts *alerts;
	struct relay_index index;
	struct relay_trace trace;
	struct relay_servers *servers;
	struct open *open;
	uint32_t slots;
	bool undecided; /* no local domains: only two legs tell */
	struct relay_counts counts;
	struct recipient rcpt; /* of the record at hand; too big for every stack frame */
};

static bool
relay_enabled(const struct conf *conf)
{
	return conf->relay.enabled;
}

static void
relay_free(void *self)
{
	struct relay *relay = self;

	if (relay == NULL)
		return;
	relay_index_release(&relay->index);
	relay_trace_release(&relay->trace);
	relay_servers_free(relay->servers);
	free(relay->open);
	free(relay);
}

/* A leg is forgotten while its transaction goes on, which is judged all the same. */
static void
leg_gone(void *context, const struct relay_leg *leg)
{
	struct relay *relay = context;

	if ((leg->flags & RELAY_LEG_OPEN) != 0)
		relay->open[leg->slot].leg = SEEN_NONE;
}

static void *
relay_new(const struct analyzer_context *context)
{
	const struct conf *conf = context->conf;
	struct relay *relay = calloc(1, sizeof(*relay));

	if (relay == NULL)
		return NULL;
	relay->conf = conf;
	relay->alerts = context->alerts;
	relay->slots = context->transaction_slots;
	relay->undecided = domain_set_is_empty(conf->local_domains);
	relay->index.rcpt_only = relay->undecided;
	relay->open = calloc(relay->slots, sizeof(*relay->open));
	relay->servers = relay_servers_new(conf->relay.window_sec);
	if (relay->open == NULL || relay->servers == NULL ||
	    relay_index_init(&relay->index, &conf->relay, leg_gone, relay) == -1 ||
	    relay_trace_init(&relay->trace, &conf->relay) == -1) {
		relay_free(relay);
		return NULL;
	}
	return relay;
}

/* Who is judged. */

static bool
is_presumed_authenticated(const struct relay *relay, const struct mail_session *mail)
{
	/* A lost reply to AUTH may have been 235. */
	if (mail->auth.ok || (mail->auth.tried && mail->auth.code == 0))
		return true;
	return mail->tls != MAIL_TLS_NONE &&
	       conf_has_port(&relay->conf->submission_ports, mail->session.server.port);
}

static enum role
role_of(const struct relay *relay, const struct mail_session *mail)
{
	const struct session *s = &mail->session;

	if (s->depth != 0 || s->client.home == s->server.home)
		return ROLE_IGNORED;
	if (s->client.home)
		return ROLE_OUTBOUND;
	if (netset_has(relay->conf->trusted_relays, &s->client.addr) ||
	    is_presumed_authenticated(relay, mail))
		return ROLE_IGNORED;
	return ROLE_INBOUND;
}

static void
close_leg(struct relay *relay, const struct open *open)
{
	enum relay_side side = open->role == ROLE_INBOUND ? RELAY_IN : RELAY_OUT;

	if (open->leg != SEEN_NONE)
		relay_index_leg(&relay->index, side, open->leg)->flags &=
		    (uint8_t)~RELAY_LEG_OPEN;
}

static struct open *
open_of(struct relay *relay, const struct transaction *tx)
{
	struct open *open = &relay->open[tx->slot];

	if (open->role != ROLE_NONE && open->flow_id == tx->mail->session.flow_id &&
	    open->tx_id == tx->tx_id)
		return open;
	if (open->role != ROLE_NONE)
		close_leg(relay, open);
	*open = (struct open){
		.tx = tx,
		.flow_id = tx->mail->session.flow_id,
		.tx_id = tx->tx_id,
		.role = role_of(relay, tx->mail),
		.leg = SEEN_NONE,
	};
	return open;
}

static struct recipient_own
own_of(const struct relay *relay)
{
	return (struct recipient_own){
		.local_domains = relay->conf->local_domains,
		.relay_domains = relay->conf->relay_domains,
		.home_net = relay->conf->home_net,
	};
}

static void
read_path(struct relay *relay, struct slice path, bool cut, const struct open *open)
{
	struct recipient_own own = own_of(relay);

	if (open->role == ROLE_INBOUND) {
		own.server = &open->tx->mail->session.server.addr;
		own.server_name = open->tx->mail->server_name;
	}
	recipient_read(path, cut, &own, &relay->rcpt);
}

static void
read_rcpt(struct relay *relay, const struct open *open, const struct record *record)
{
	read_path(
	    relay, record_text(record, 0), (record->fact.flags & FACT_CUT) != 0, open);
}

static bool
is_accepted(const struct record_fact *fact)
{
	return fact->code >= 200 && fact->code < 300 && (fact->flags & FACT_UNSURE) == 0;
}

static bool
is_refused(const struct record_fact *fact)
{
	return fact->code >= 400 && (fact->flags & FACT_UNSURE) == 0;
}

/* Alerts. */

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

static void
alert_fill(struct alert *alert, const struct relay_leg *in, enum alert_verdict verdict,
    unsigned evidence)
{
	alert->signature_id = signature_of(verdict);
	alert->kind = ALERT_RELAY;
	alert->verdict = verdict;
	alert->was = (enum alert_verdict)in->verdict;
	alert->mechanism = (enum alert_mechanism)in->mechanism;
	alert->confidence = confidence_of(verdict, evidence);
	alert->evidence = evidence | code_evidence(in->rcpt_code, in->data_code);
	alert->rcpt_code = in->rcpt_code;
	alert->data_code = in->data_code;
	alert->session = relay_leg_session(in, false);
	alert->server = alert->session.server;
	alert->has_client = true;
	alert->client = in->client;
	alert->leg[alert->legs++] = relay_leg_alert(in, false);
}

static void
alert_outbound(
    struct alert *alert, const struct relay_leg *in, const struct relay_leg *out)
{
	alert->leg[alert->legs++] = relay_leg_alert(out, true);
	alert->target = (struct alert_target){
		.has_addr = true, .addr = out->server, .port = out->server_port
	};
	alert->has_delay = true;
	alert->delay_ms = (out->first_us - in->last_us) / 1000;
}

static void
relay_raise(struct relay *relay, const struct alert *alert)
{
	if (alert->was != ALERT_NO_VERDICT)
		relay->counts.verdicts[alert->was]--;
	relay->counts.verdicts[alert->verdict]++;
	alerts_raise(relay->alerts, alert);
}

/* Both legs. */

/* For how many unrelated domains the server has forwarded, those of this message that are
 * recipients of both legs included. */
static uint32_t
note_domains(struct relay *relay, const struct relay_match *m, const struct open *now)
{
	const struct relay_leg *in = relay_index_leg(&relay->index, RELAY_IN, m->in);
	bool inbound = now->role == ROLE_INBOUND;
	uint32_t count = 0;

	for (uint32_t i = 0; i < now->tx->rcpts_kept; i++) {
		const struct mail_rcpt *r = &now->tx->rcpt[i];

		read_path(relay, r->path, r->cut, now);
		if (relay->rcpt.class == RECIPIENT_FOREIGN &&
		    relay_index_has(&relay->index, inbound ? RELAY_OUT : RELAY_IN,
			inbound ? m->out : m->in, relay_rcpt_key(relay->rcpt.hash)))
			count = relay_servers_note(relay->servers, &in->server,
			    relay->rcpt.domain, now->tx->last.ts_us);
	}
	return count;
}

/* How sure two legs are. */
static enum alert_verdict
two_legs(struct relay *relay, const struct relay_match *m, const struct open *now,
    unsigned *evidence)
{
	if (!relay->undecided)
		return ALERT_CONFIRMED;
	if (note_domains(relay, m, now) < relay->conf->relay.unrelated_domains)
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

/* The texts of the inbound transaction where it is still open, else of the outbound. */
static const struct transaction *
mail_of(const struct relay *relay, const struct relay_leg *in, const struct open *now)
{
	return (in->flags & RELAY_LEG_OPEN) != 0 ? relay->open[in->slot].tx : now->tx;
}

static void
confirm(struct relay *relay, const struct relay_match *m, const struct open *now)
{
	struct relay_leg *in = relay_index_leg(&relay->index, RELAY_IN, m->in);
	struct relay_leg *out = relay_index_leg(&relay->index, RELAY_OUT, m->out);
	unsigned evidence = m->evidence;
	struct alert alert = { .origin = now->tx->last,
		.has_tx = true,
		.tx_id = in->tx_id,
		.mail = mail_of(relay, in, now) };
	enum alert_verdict verdict = two_legs(relay, m, now, &evidence);

	out->flags |= RELAY_LEG_MATCHED;
	if (in->verdict >= verdict) {
		relay->counts.more_legs++;
		return;
	}
	alert_fill(&alert, in, verdict, evidence);
	alert_outbound(&alert, in, out);
	alert.domain = slice_str(now->domain);
	count_keys(&relay->counts, evidence);
	relay_raise(relay, &alert);
	in->verdict = (uint8_t)verdict;
}

static void
look_for_other(struct relay *relay, enum relay_side side, const struct open *open)
{
	struct relay_match m;

	relay_index_expire(&relay->index, open->tx->last.ts_us);
	if (open->leg == SEEN_NONE)
		return;
	relay_index_carried(&relay->index, side, open->leg, open->tx);
	m = relay_index_match(&relay->index, side, open->leg);
	if (m.evidence != 0)
		confirm(relay, &m, open);
}

/* The inbound leg. */

/* Keeps the recipient that says most. */
static void
decide_by(struct open *open, const struct recipient *rcpt, enum alert_verdict strength,
    uint16_t code)
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
remember_rcpt(struct relay *relay, struct open *open)
{
	struct seen *in = relay->index.side[RELAY_IN];
	struct relay_leg *leg;

	if (open->leg == SEEN_NONE)
		open->leg = relay_index_add(&relay->index, RELAY_IN, open->tx);
	leg = relay_index_leg(&relay->index, RELAY_IN, open->leg);
	leg->mechanism = (uint8_t)open->mechanism;
	leg->rcpt_code = open->rcpt_code;
	seen_key(in, open->leg, relay_rcpt_key(relay->rcpt.hash));
	if (relay->rcpt.inner_hash != relay->rcpt.hash)
		seen_key(in, open->leg, relay_rcpt_key(relay->rcpt.inner_hash));
}

static void
inbound_third_party(
    struct relay *relay, struct open *open, const struct record_fact *fact)
{
	const struct recipient *rcpt = &relay->rcpt;

	if (is_accepted(fact)) {
		open->accepted++;
		open->mixed |= rcpt->outer_own;
		decide_by(open, rcpt,
		    rcpt->outer_own ? ALERT_SUSPECTED : ALERT_RCPT_ACCEPTED, fact->code);
		remember_rcpt(relay, open);
	} else if (is_refused(fact)) {
		open->refused++;
		decide_by(open, rcpt, ALERT_REFUSED, fact->code);
	}
}

static void
inbound_rcpt(struct relay *relay, struct open *open, const struct record *record)
{
	read_rcpt(relay, open, record);
	if (relay->rcpt.class == RECIPIENT_FOREIGN)
		inbound_third_party(relay, open, &record->fact);
	else if (!is_refused(&record->fact))
		open->mixed = true;
	if (open->mixed && open->leg != SEEN_NONE)
		relay_index_leg(&relay->index, RELAY_IN, open->leg)->flags |=
		    RELAY_LEG_MIXED;
}

/* What the replies alone say. */
static enum alert_verdict
one_leg(const struct open *open)
{
	if (open->accepted == 0)
		return open->refused > 0 ? ALERT_REFUSED : ALERT_NO_VERDICT;
	if (open->data_code >= 400 || open->final_code >= 400)
		return ALERT_REFUSED;
	if (open->strength == ALERT_SUSPECTED)
		return ALERT_SUSPECTED;
	return open->final_code >= 200 ? ALERT_ACCEPTED : ALERT_RCPT_ACCEPTED;
}

/* What the server said last about the message itself. */
static uint16_t
message_code(const struct open *open)
{
	if (open->final_code != 0)
		return open->final_code;
	return open->data_code >= 400 ? open->data_code : 0;
}

/* A leg for the alert of a transaction that may have none in the index. */
static struct relay_leg
passing_leg(const struct open *open)
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
judge(struct relay *relay, const struct open *open, enum alert_verdict was)
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
	alert_fill(&alert, &leg, verdict, evidence);
	alert.was = was;
	alert.domain = slice_str(open->domain);
	relay_raise(relay, &alert);
	return verdict;
}

/* Also where what came after the recipients was lost: the outbound leg tells. */
static bool
may_have_carried(const struct open *open)
{
	const struct transaction *tx = open->tx;

	return relay_carried(tx) ||
	       (open->data_code < 400 && tx->outcome == MAIL_UNKNOWN);
}

static void
inbound_end(struct relay *relay, struct open *open)
{
	bool carried = may_have_carried(open);
	struct relay_leg *leg;

	if (open->leg != SEEN_NONE)
		relay_index_leg(&relay->index, RELAY_IN, open->leg)->data_code =
		    message_code(open);
	if (carried)
		look_for_other(relay, RELAY_IN, open);
	if (open->leg == SEEN_NONE) {
		judge(relay, open, ALERT_NO_VERDICT);
		return;
	}
	leg = relay_index_leg(&relay->index, RELAY_IN, open->leg);
	leg->verdict = (uint8_t)judge(relay, open, (enum alert_verdict)leg->verdict);
	close_leg(relay, open);
	if (!carried)
		seen_drop(relay->index.side[RELAY_IN], open->leg);
}

/* The outbound leg. */

static void
outbound_rcpt(struct relay *relay, struct open *open, const struct record *record)
{
	struct seen *out = relay->index.side[RELAY_OUT];
	const struct recipient *rcpt = &relay->rcpt;
	bool accepted = is_accepted(&record->fact);

	if (!accepted && !is_refused(&record->fact))
		return;
	read_rcpt(relay, open, record);
	/* A trick form at one of our domains: the next hop is to unfold it, not we. */
	if (rcpt->class != RECIPIENT_FOREIGN || rcpt->outer_own)
		return;
	if (open->leg == SEEN_NONE)
		open->leg = relay_index_add(&relay->index, RELAY_OUT, open->tx);
	seen_key(out, open->leg,
	    accepted ? relay_rcpt_key(rcpt->hash) : relay_attempt_key(rcpt->hash));
	if (accepted && open->accepted++ == 0)
		memcpy(open->domain, rcpt->domain, sizeof(open->domain));
}

/* The inbound leg was under TLS: the trace header alone tells of it. Once a session. */
static void
look_for_trace(struct relay *relay, const struct open *open)
{
	struct alert alert = { .origin = open->tx->last, .mail = open->tx };
	struct recipient_own own = own_of(relay);
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
	alert_fill(&alert, in, ALERT_SUSPECTED, ALERT_EVIDENCE_OUTBOUND_RECEIVED);
	alert_outbound(&alert, in, out);
	alert.domain = slice_str(relay->rcpt.domain);
	relay_raise(relay, &alert);
	in->verdict = ALERT_SUSPECTED;
}

static void
outbound_end(struct relay *relay, struct open *open)
{
	struct relay_leg *leg;

	if (open->leg == SEEN_NONE)
		return;
	close_leg(relay, open);
	leg = relay_index_leg(&relay->index, RELAY_OUT, open->leg);
	leg->last_us = open->tx->last.ts_us;
	if (open->accepted > 0 && (leg->flags & RELAY_LEG_MATCHED) == 0 &&
	    relay_carried(open->tx)) {
		look_for_other(relay, RELAY_OUT, open);
		look_for_trace(relay, open);
	}
}

/* What the house calls. */

static void
transaction_end(struct relay *relay, struct open *open)
{
	if (open->role == ROLE_INBOUND)
		inbound_end(relay, open);
	else if (open->role == ROLE_OUTBOUND)
		outbound_end(relay, open);
	open->role = ROLE_NONE;
}

static void
transaction_fact(struct relay *relay, struct open *open, const struct record *record)
{
	bool inbound = open->role == ROLE_INBOUND;
	bool unsure = (record->fact.flags & FACT_UNSURE) != 0;

	if (record->fact.type == FACT_DATA && !unsure)
		open->data_code = record->fact.code;
	if (record->fact.type == FACT_FINAL && !unsure)
		open->final_code = record->fact.code;
	if (record->fact.type == FACT_RCPT && inbound)
		inbound_rcpt(relay, open, record);
	else if (record->fact.type == FACT_RCPT)
		outbound_rcpt(relay, open, record);
	else if (record->fact.type == FACT_MESSAGE && open->accepted > 0)
		look_for_other(relay, inbound ? RELAY_IN : RELAY_OUT, open);
}

/* What a client said before TLS is no judgement; what it sends under it may be seen to
 * leave. On submission ports AUTH is to be expected. */
static void
note_tls(
    struct relay *relay, const struct record *record, const struct mail_session *mail)
{
	uint16_t port = mail->session.server.port;

	if (role_of(relay, mail) == ROLE_INBOUND &&
	    !conf_has_port(&relay->conf->submission_ports, port) &&
	    !conf_has_port(&relay->conf->tls_ports, port))
		relay_trace_note(&relay->trace, mail, &record->origin);
}

static void
relay_record(void *self, const struct record *record, const struct transaction *tx,
    const struct mail_session *mail)
{
	struct relay *relay = self;
	struct open *open;

	if (record->class != RECORD_FACT)
		return;
	if (record->fact.type == FACT_TLS && mail != NULL)
		note_tls(relay, record, mail);
	if (tx == NULL || tx->empty)
		return;
	open = open_of(relay, tx);
	if (open->role != ROLE_IGNORED)
		transaction_fact(relay, open, record);
	if (tx->ended)
		transaction_end(relay, open);
}

static void
relay_evicted(void *self, const struct transaction *tx)
{
	struct relay *relay = self;

	if (!tx->empty)
		transaction_end(relay, open_of(relay, tx));
}

static void
relay_tick(void *self, int64_t now_us)
{
	struct relay *relay = self;

	relay_index_expire(&relay->index, now_us);
	relay_trace_expire(&relay->trace, now_us);
}

static void
relay_stats(const void *self, struct stats_visitor *v)
{
	const struct relay *relay = self;
	const struct relay_counts *c = &relay->counts;

	stats_show(v, "relay", "refused", c->verdicts[ALERT_REFUSED]);
	stats_show(v, "relay", "suspected", c->verdicts[ALERT_SUSPECTED]);
	stats_show(v, "relay", "rcpt_accepted", c->verdicts[ALERT_RCPT_ACCEPTED]);
	stats_show(v, "relay", "accepted", c->verdicts[ALERT_ACCEPTED]);
	stats_show(v, "relay", "confirmed", c->verdicts[ALERT_CONFIRMED]);
	stats_show(v, "relay", "matched_by_rcpt", c->by_rcpt);
	stats_show(v, "relay", "matched_by_message_id", c->by_message_id);
	stats_show(v, "relay", "matched_by_body", c->by_body);
	stats_show(v, "relay", "matched_by_several", c->by_several);
	stats_show(v, "relay", "further_legs", c->more_legs);
	relay_index_stats(&relay->index, v);
	relay_trace_stats(&relay->trace, v);
}

const struct analyzer analyzer_relay = {
	.name = "relay",
	.enabled = relay_enabled,
	.new = relay_new,
	.free = relay_free,
	.record = relay_record,
	.evicted = relay_evicted,
	.tick = relay_tick,
	.stats = relay_stats,
};
