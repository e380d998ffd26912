/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Relayed third-party mail. Each inbound transaction of an outside client is judged by
 * the replies it gets; those that carried a message are remembered until the same message
 * is seen leaving. METHODS, section 1.
 *
 * A reply that was not seen never counts as acceptance, and nothing is judged under TLS.
 */

#include <stdlib.h>

#include "relay_state.h"

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
	relay_letters_release(&relay->letters);
	relay_held_release(&relay->held);
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
	relay->inventory = context->inventory;
	relay->undecided = domain_set_is_empty(conf->local_domains);
	relay->index.rcpt_only = relay->undecided;
	relay->open = calloc(context->transaction_slots, sizeof(*relay->open));
	relay->servers = relay_servers_new(conf->relay.window_sec);
	if (relay->open == NULL || relay->servers == NULL ||
	    relay_index_init(&relay->index, &conf->relay, leg_gone, relay) == -1 ||
	    relay_trace_init(&relay->trace, &conf->relay) == -1 ||
	    relay_letters_init(&relay->letters, &conf->relay) == -1 ||
	    relay_held_init(&relay->held) == -1) {
		relay_free(relay);
		return NULL;
	}
	return relay;
}

static bool
is_presumed_authenticated(const struct relay *relay, const struct mail_session *mail)
{
	/*
	 * A lost reply to AUTH may have been 235. A login claimed by XCLIENT nobody
	 * proved: the client is a mail proxy of ours, or the server believes anybody.
	 */
	if ((mail->auth.ok && !mail->auth.claimed) ||
	    (mail->auth.tried && mail->auth.code == 0))
		return true;
	return mail->tls != MAIL_TLS_NONE && conf_has_port(&relay->conf->submission_ports,
						 session_service(&mail->session)->port);
}

static enum relay_role
role_of(const struct relay *relay, const struct mail_session *mail)
{
	const struct session *s = &mail->session;

	/* An outsider who reaches our server through our proxy is outside all the same.
	 */
	if (s->client.home == session_service(s)->home)
		return RELAY_ROLE_IGNORED;
	if (s->client.home)
		return RELAY_ROLE_OUTBOUND; /* also through a proxy outside */
	if (netset_has(relay->conf->trusted_relays, &s->client.addr) ||
	    is_presumed_authenticated(relay, mail))
		return RELAY_ROLE_IGNORED;
	return RELAY_ROLE_INBOUND;
}

static struct relay_open *
open_of(struct relay *relay, const struct transaction *tx)
{
	struct relay_open *open = &relay->open[tx->slot];

	if (open->role != RELAY_ROLE_NONE && open->flow_id == tx->mail->session.flow_id &&
	    open->tx_id == tx->tx_id)
		return open;
	if (open->role != RELAY_ROLE_NONE) /* its end was not seen */
		relay_index_close(&relay->index,
		    open->role == RELAY_ROLE_INBOUND ? RELAY_IN : RELAY_OUT, open->leg);
	*open = (struct relay_open){
		.tx = tx,
		.flow_id = tx->mail->session.flow_id,
		.tx_id = tx->tx_id,
		.role = role_of(relay, tx->mail),
		.blind = tx->mail->auth.claimed,
		.leg = SEEN_NONE,
	};
	return open;
}

/* What the transaction says about its server. Silence is no judgement: only where all
 * was read, and every recipient is ours, was it local mail. */
static enum inventory_judgement
judgement_of(
    const struct relay *relay, const struct relay_open *open, enum alert_verdict verdict)
{
	const struct transaction *tx = open->tx;
	bool lost = open->hidden || tx->abort == FACT_ABORT_LOST;

	if (verdict != ALERT_NO_VERDICT)
		return INVENTORY_TOLD;
	if (tx->rcpt_count == 0 && !lost && !tx->has_message)
		return INVENTORY_SAYS_NOTHING;
	if (open->role == RELAY_ROLE_IGNORED)
		return tx->mail->auth.ok || netset_has(relay->conf->trusted_relays,
						&tx->mail->session.client.addr)
			   ? INVENTORY_AUTHENTICATED
			   : INVENTORY_UNREADABLE;
	if (relay->undecided)
		return INVENTORY_NO_DOMAINS;
	if (lost || open->unread > 0 || open->unsure > 0 || open->local == 0)
		return INVENTORY_UNREADABLE;
	return INVENTORY_LOCAL;
}

static void
note_judgement(
    struct relay *relay, const struct relay_open *open, enum alert_verdict verdict)
{
	const struct session *s = &open->tx->mail->session;

	if (s->depth == 0 && s->server.home && !s->client.home)
		inventory_judged(relay->inventory, &s->server,
		    judgement_of(relay, open, verdict), open->tx->last.ts_us);
}

static void
transaction_end(struct relay *relay, struct relay_open *open)
{
	enum alert_verdict verdict = ALERT_NO_VERDICT;

	if (open->role == RELAY_ROLE_INBOUND)
		verdict = relay_in_end(relay, open);
	else if (open->role == RELAY_ROLE_OUTBOUND)
		relay_out_end(relay, open);
	note_judgement(relay, open, verdict);
	open->role = RELAY_ROLE_NONE;
}

static void
transaction_fact(
    struct relay *relay, struct relay_open *open, const struct record *record)
{
	bool inbound = open->role == RELAY_ROLE_INBOUND;
	bool unsure = (record->fact.flags & FACT_UNSURE) != 0;

	open->blind |= (record->fact.flags & FACT_BLIND) != 0;
	if (record->fact.type == FACT_DATA && !unsure)
		open->data_code = record->fact.code;
	if (record->fact.type == FACT_DATA && unsure && record->fact.code >= 400)
		open->doubted++;
	if (record->fact.type == FACT_FINAL && !unsure)
		open->final_code = record->fact.code;
	/* Unsure is also what ended after a gap: the verdict may lie in it. */
	if (record->fact.type == FACT_FINAL && record->fact.code == 0)
		open->hidden = true;
	if (unsure &&
	    (record->fact.type == FACT_DATA || record->fact.type == FACT_FINAL ||
		record->fact.type == FACT_ABORT))
		open->hidden = true;
	if (record->fact.type == FACT_RCPT && inbound)
		relay_in_rcpt(relay, open, record);
	else if (record->fact.type == FACT_RCPT)
		relay_out_rcpt(relay, open, record);
	else if (record->fact.type == FACT_MESSAGE)
		relay_confirm_by(relay, inbound ? RELAY_IN : RELAY_OUT, open);
}

/* What a client said before TLS is no judgement; what it sends under it may be seen to
 * leave. On submission ports AUTH is to be expected. */
static void
note_tls(
    struct relay *relay, const struct record *record, const struct mail_session *mail)
{
	uint16_t port = session_service(&mail->session)->port;

	if (role_of(relay, mail) == RELAY_ROLE_INBOUND &&
	    !conf_has_port(&relay->conf->submission_ports, port) &&
	    !conf_has_port(&relay->conf->tls_ports, port))
		relay_trace_note(&relay->trace, mail, &record->origin);
}

static void
relay_prefetch(
    const void *self, const struct record *record, uint32_t tx_slot, unsigned step)
{
	const struct relay *relay = self;

	(void)record;
	(void)step;
	if (tx_slot != TABLE_NONE)
		__builtin_prefetch(&relay->open[tx_slot]);
}

static void
relay_record(void *self, const struct record *record, const struct transaction *tx,
    const struct mail_session *mail)
{
	struct relay *relay = self;
	struct relay_open *open;

	if (relay->held.count > 0 && relay->held.claims != alerts_claims(relay->alerts))
		relay_alert_release(relay, INT64_MIN);
	if (record->class != RECORD_FACT)
		return;
	if (record->fact.type == FACT_TLS && mail != NULL)
		note_tls(relay, record, mail);
	if (tx == NULL || tx->empty)
		return;
	open = open_of(relay, tx);
	if (open->role != RELAY_ROLE_IGNORED)
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
	relay_alert_release(relay, now_us);
}

static void
relay_finish(void *self)
{
	relay_alert_release(self, INT64_MAX);
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
	.prefetch = relay_prefetch,
	.record = relay_record,
	.evicted = relay_evicted,
	.tick = relay_tick,
	.finish = relay_finish,
	.stats = relay_stats,
};
