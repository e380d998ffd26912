/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ALERT_H
#define RELAYWATCH_ALERT_H

/*
 * Alerts: what analyzers raise, how equal ones are counted, what the outputs get. An
 * alert lends all its texts; the aggregation copies what it must keep.
 *
 * Each raised alert is one occurrence (one mail transaction, one proxy request). It is
 * counted once, under the strongest verdict it reached: raising it again with a stronger
 * verdict and `was` set to the earlier one moves it.
 */

#include "conf.h"
#include "record.h"
#include "stats.h"
#include "transaction.h"

enum alert_kind { ALERT_RELAY, ALERT_PROXY, ALERT_PROXY_USE, ALERT_KINDS };

/* Weakest first, of both ladders. */
enum alert_verdict {
	ALERT_NO_VERDICT,
	ALERT_ATTEMPTED,
	ALERT_REFUSED,
	ALERT_SUSPECTED,
	ALERT_RCPT_ACCEPTED,
	ALERT_ACCEPTED,
	ALERT_GRANTED,
	ALERT_TUNNELED,
	ALERT_CONFIRMED,
	ALERT_VERDICTS
};

enum alert_mechanism {
	ALERT_PLAIN,
	ALERT_PERCENT,
	ALERT_BANG,
	ALERT_SOURCE_ROUTE,
	ALERT_QUOTED,
	ALERT_DOUBLE_AT,
	ALERT_LITERAL,
	ALERT_NO_DOMAIN,
	ALERT_HTTP_CONNECT,
	ALERT_HTTP_POST,
	ALERT_HTTP_GET,
	ALERT_SOCKS4,
	ALERT_SOCKS4A,
	ALERT_SOCKS5,
	ALERT_TELNET,
	ALERT_TCP_FORWARD,
	ALERT_ENCRYPTED,
	ALERT_REVERSE,
	ALERT_MECHANISMS
};

enum alert_confidence { ALERT_LOW, ALERT_MEDIUM, ALERT_HIGH };

enum alert_evidence {                      /* bits, printed in this order */
	ALERT_EVIDENCE_RCPT_CODE = 1 << 0, /* "rcpt-code-NNN" with rcpt_code */
	ALERT_EVIDENCE_DATA_CODE = 1 << 1, /* "data-code-NNN" with data_code */
	ALERT_EVIDENCE_OUTBOUND_RCPT = 1 << 2,
	ALERT_EVIDENCE_OUTBOUND_MESSAGE_ID = 1 << 3,
	ALERT_EVIDENCE_OUTBOUND_BODY = 1 << 4,
	ALERT_EVIDENCE_OUTBOUND_SENDER = 1 << 5,
	ALERT_EVIDENCE_OUTBOUND_SUBJECT = 1 << 6,
	ALERT_EVIDENCE_OUTBOUND_RECEIVED = 1 << 7, /* its trace names the client */
	ALERT_EVIDENCE_OUTBOUND_ATTEMPT = 1 << 8,
	ALERT_EVIDENCE_UNRELATED_DOMAINS = 1 << 9,
	ALERT_EVIDENCE_OUTBOUND_SYN = 1 << 10,
	ALERT_EVIDENCE_BANNER_MATCH = 1 << 11,
	ALERT_EVIDENCE_SYMMETRY = 1 << 12,
	ALERT_EVIDENCE_SIZE = 1 << 13,
	ALERT_EVIDENCE_RTT_GAP = 1 << 14,
	ALERT_EVIDENCE_HTTP_LINES = 1 << 15, /* HTTP among SMTP commands */
	ALERT_EVIDENCE_EARLY_TALK = 1 << 16, /* the client spoke before the banner */
	ALERT_EVIDENCE_XCLIENT = 1 << 17,    /* the client claimed a login for another */
	ALERT_EVIDENCES = 18
};

struct alert_leg {
	bool outbound;
	struct endpoint client, server;
	uint64_t flow_id;
	int64_t first_us, last_us;
	struct origin origin; /* a packet of it to look at */
	enum mail_tls tls;
};

enum { ALERT_LEGS = 4, ALERT_VIA = 4, ALERT_RELATED = 4 };

struct alert_target {
	struct slice host; /* as asked for; empty: none */
	bool has_addr;
	struct addr addr;
	uint16_t port; /* 0: none */
};

struct alert {
	uint32_t signature_id;
	enum alert_kind kind;
	enum alert_verdict verdict;
	enum alert_verdict was; /* this very occurrence was raised with it before */
	enum alert_mechanism mechanism;
	enum alert_confidence confidence;
	unsigned evidence; /* enum alert_evidence */
	uint16_t rcpt_code, data_code;

	struct session session; /* EVE's head: the flow that is complained of */
	struct origin origin;   /* the packet that decided it */
	bool has_tx;
	uint32_t tx_id;

	struct endpoint server;
	bool has_client;
	struct addr client;
	struct alert_target target;
	unsigned via_count;
	enum alert_mechanism via[ALERT_VIA];

	struct slice domain; /* named in the signature text where it asks for one */
	const struct transaction *mail; /* NULL where no mail is readable */

	unsigned legs;
	struct alert_leg leg[ALERT_LEGS];
	unsigned related_count;
	uint64_t related[ALERT_RELATED]; /* ids of findings */
	bool has_delay;
	int64_t delay_ms;
};

/* What a line stands for. */
struct alert_tally {
	uint64_t id;
	uint64_t count;
	int64_t first_us, last_us;
	uint64_t clients_total; /* 0: not rolled up */
	const struct addr *clients;
	unsigned clients_count; /* of those at clients */
};

struct alerts;
struct sinks;
struct inventory;

struct alerts *alerts_new(
    const struct conf_alerts *conf, struct sinks *sinks, struct inventory *inventory);
void alerts_free(struct alerts *alerts);

/* Counts an occurrence and emits a line where one is due. Returns the finding's id. */
uint64_t alerts_raise(struct alerts *alerts, const struct alert *alert);

/*
 * Connections whose mail a finding of another kind explains: what passed through them is
 * not to be taken for the host's own doing. Bounded: the oldest is forgotten.
 */
enum alert_claim {
	ALERT_FREE,
	ALERT_HELD, /* it may be so: what else is found waits */
	ALERT_CLAIMED,
};
void alerts_claim(struct alerts *alerts, uint64_t flow_id, enum alert_claim claim);
enum alert_claim alerts_claim_of(const struct alerts *alerts, uint64_t flow_id);

/* Changes with every claim. */
uint64_t alerts_claims(const struct alerts *alerts);

/* Packet time has come to now_us: windows that ended are reported. */
void alerts_tick(struct alerts *alerts, int64_t now_us);

/* End of input: everything counted and not yet told is emitted. */
void alerts_finish(struct alerts *alerts);

void alerts_stats(const struct alerts *alerts, struct stats_visitor *v);

/* The contract's words. */
const char *alert_kind_name(enum alert_kind kind);
const char *alert_verdict_name(enum alert_verdict verdict);
const char *alert_mechanism_name(enum alert_mechanism mechanism);
/* The mechanism that a request by that protocol is. */
enum alert_mechanism alert_mechanism_of(enum fact_tunnel tunnel);
const char *alert_confidence_name(enum alert_confidence confidence);

/* Signature text, severity, category and techniques of a signature_id. NULL: no such id.
 */
struct alert_signature {
	uint32_t id;
	uint8_t severity;
	const char *text;
	const char *category;
	const char *mitre[3]; /* NULL-terminated */
};
const struct alert_signature *alert_signature(uint32_t id);

/* The evidence that is set, one word after the other from *bit = 0 on, in the contract's
 * order; NULL after the last. buf holds words that carry a reply code. */
enum { ALERT_WORD_MAX = 32 };
const char *alert_evidence_next(
    const struct alert *alert, unsigned *bit, char buf[static ALERT_WORD_MAX]);

/* The signature's text for people, with the domain it asks about. Valid UTF-8. */
enum { ALERT_TEXT_MAX = 512 };
char *alert_text(const struct alert *alert, char buf[static ALERT_TEXT_MAX]);

#endif
