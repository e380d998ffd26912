/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RELAY_LEG_H
#define RELAYWATCH_RELAY_LEG_H

/*
 * One mail transaction as relay.c remembers it after it is gone: who, when, and hashes of
 * what tells messages apart; no text. And the comparison of an inbound with an outbound
 * one. Hashes of 0 stand for unknown.
 */

#include "alert.h"
#include "transaction.h"

enum { RELAY_TRACES = 4 };

enum relay_leg_flag {
	RELAY_LEG_OPEN = 0x01,    /* its transaction goes on, in slot */
	RELAY_LEG_CARRIED = 0x02, /* the message, or some of it, went over */
	/* Not all its recipients are plainly third-party: the same message may leave for
	 * others (aliases, lists). */
	RELAY_LEG_MIXED = 0x04,
	RELAY_LEG_NULL_SENDER = 0x08,
	RELAY_LEG_MATCHED = 0x10, /* outbound: belongs to an inbound one */
	RELAY_LEG_UNSURE = 0x20,  /* the reply to a recipient was lost */
	RELAY_LEG_CAPPED = 0x40,  /* inbound: whatever leaves, it is suspected only */
	RELAY_LEG_WHOLE = 0x80,   /* the message was: a header not seen is not there */
	RELAY_LEG_OWN_SENDER =
	    0x100,                   /* inbound: the sender is, or says so, one of ours */
	RELAY_LEG_KEPT = 0x200,      /* inbound: its texts are, at letter */
	RELAY_LEG_ATTEMPTED = 0x400, /* inbound: that the next hop refused it was told */
	RELAY_LEG_REFUSED = 0x800,   /* inbound: the message was, at its end */
	RELAY_LEG_CLAIMED = 0x1000,  /* inbound: under a login that was only claimed */
};

struct relay_leg {
	struct addr client, server;
	struct addr relay; /* who serves: the server, or the target of a tunnel to it */
	uint64_t flow_id;
	uint64_t first_number, start_number; /* packets */
	int64_t start_us, first_us, last_us;
	const char *app_proto;
	uint64_t message_id, body;
	uint32_t sender, subject, date;
	uint32_t original_sender; /* that is embedded in the sender; else the sender */
	/* Addresses that Received names; inbound: the client's. */
	uint32_t trace[RELAY_TRACES];
	uint32_t tx_id, slot;
	uint32_t letter; /* in struct relay_letters */
	uint16_t client_port, server_port, relay_port;
	uint16_t first_source, start_source;
	uint16_t vlan[VLAN_LAYERS_MAX];
	uint16_t rcpt_code, data_code, body_bytes;
	uint16_t flags;
	uint8_t vlan_layers, tls, verdict, mechanism;
};

/* leg is zero before. */
void relay_leg_of_session(struct relay_leg *leg, const struct mail_session *mail);
void relay_leg_begin(struct relay_leg *leg, const struct transaction *tx);

/* Takes over what tx knows by now. */
void relay_leg_update(struct relay_leg *leg, const struct transaction *tx, bool outbound);

/* Whether tx handed over a message, or began to; at its end. */
bool relay_carried(const struct transaction *tx);

/* Back into the form that alerts have. */
struct session relay_leg_session(const struct relay_leg *leg, bool outbound);
struct alert_leg relay_leg_alert(const struct relay_leg *leg, bool outbound);

/* Keys for looking legs up. */
uint64_t relay_rcpt_key(uint64_t address_hash);
uint64_t relay_attempt_key(uint64_t address_hash); /* refused by the next hop */
uint64_t relay_message_id_key(const struct relay_leg *leg);
uint64_t relay_body_key(const struct relay_leg *leg);

/*
 * Whether out may be the further way of in, that is ALERT_EVIDENCE_OUTBOUND_* bits, or 0.
 * same_rcpt: an accepted recipient of both is the same; rcpt_only: nothing else will do.
 */
unsigned relay_legs_match(const struct relay_leg *in, const struct relay_leg *out,
    bool same_rcpt, bool rcpt_only);

/* How many independent keys stand in evidence, and how strong it is beside others. */
unsigned relay_evidence_keys(unsigned evidence);
unsigned relay_evidence_weight(unsigned evidence);

#endif
