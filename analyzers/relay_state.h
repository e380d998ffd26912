/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RELAY_STATE_H
#define RELAYWATCH_RELAY_STATE_H

/*
 * The relay analyzer's own words, shared by its parts: relay.c takes records and knows
 * who is judged, relay_read.c reads recipients, relay_in.c judges inbound transactions by
 * their replies, relay_out.c keeps outbound ones, relay_confirm.c puts both legs
 * together, relay_alert.c says it. Nobody else includes this.
 */

#include "analyzer.h"
#include "recipient.h"
#include "relay_held.h"
#include "relay_index.h"
#include "relay_letters.h"
#include "relay_servers.h"
#include "relay_trace.h"

enum relay_role {
	RELAY_ROLE_NONE,
	RELAY_ROLE_IGNORED,
	RELAY_ROLE_INBOUND,
	RELAY_ROLE_OUTBOUND,
};

/* What is known of an open transaction beside its leg. */
struct relay_open {
	const struct transaction *tx;
	uint64_t flow_id; /* whose state this is: slots are used again */
	uint32_t tx_id;
	enum relay_role role;
	uint32_t leg; /* in the index; SEEN_NONE: no third-party recipient to remember */
	bool mixed;   /* RELAY_LEG_MIXED, before there is a leg */
	bool blind;  /* FACT_BLIND, or a login that was only claimed: suspected at most */
	bool hidden; /* what came after the recipients: a refusal may have been lost */
	/* Third-party recipients; unsure replies, to them or behind them, that look like
	 * refusals. */
	uint32_t accepted, refused, unsure, doubted;
	uint32_t local, unread; /* recipients that are ours; that could not be read */
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
	struct inventory *inventory;
	struct relay_index index;
	struct relay_trace trace;
	struct relay_servers *servers;
	struct relay_letters letters;
	struct relay_held held;
	struct relay_open *open; /* by the transaction's slot */
	bool undecided;          /* no local domains: only two legs tell */
	struct relay_counts counts;
	struct recipient rcpt; /* of the record at hand; too big for every stack frame */
};

/* relay_read.c */

/* What is ours, a server's own names aside. */
struct recipient_own relay_own(const struct relay *relay);

/* Into relay->rcpt. */
void relay_read_path(
    struct relay *relay, struct slice path, bool cut, const struct relay_open *open);
void relay_read_rcpt(
    struct relay *relay, const struct relay_open *open, const struct record *record);

/* Replies that may belong to another command are neither, like those that were lost. */
bool relay_is_accepted(const struct record_fact *fact);
bool relay_is_refused(const struct record_fact *fact);

/* relay_in.c, relay_out.c */
void relay_in_rcpt(
    struct relay *relay, struct relay_open *open, const struct record *record);
/* Returns what the transaction stands at. */
enum alert_verdict relay_in_end(struct relay *relay, struct relay_open *open);
void relay_out_rcpt(
    struct relay *relay, struct relay_open *open, const struct record *record);
void relay_out_end(struct relay *relay, struct relay_open *open);

/* relay_confirm.c: the message of open went over; was the other leg seen? */
void relay_confirm_by(
    struct relay *relay, enum relay_side side, const struct relay_open *open);

/* relay_alert.c */
void relay_alert_fill(struct alert *alert, const struct relay_leg *in,
    enum alert_verdict verdict, unsigned evidence);
void relay_alert_outbound(
    struct alert *alert, const struct relay_leg *in, const struct relay_leg *out);
void relay_alert_raise(struct relay *relay, const struct alert *alert);
/* What waited, and need not any more. */
void relay_alert_release(struct relay *relay, int64_t now_us);

/* The head of an alert is the inbound leg: so is its packet, whatever leg is at hand. The
 * time is when it was found out. */
struct origin relay_origin(const struct relay_leg *in, const struct relay_open *now);

/* The texts of the inbound transaction, open or remembered; NULL where they are gone. */
const struct transaction *relay_letter(struct relay *relay, const struct relay_leg *in);

#endif
