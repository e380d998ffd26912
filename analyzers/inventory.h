/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_INVENTORY_H
#define RELAYWATCH_INVENTORY_H

/*
 * Every mail server and proxy of home-net that was seen, and what can be said of it,
 * so that silence never reads as "closed". Bounded: the server idle for longest goes
 * first.
 */

#include "record.h"
#include "request.h"
#include "stats.h"
#include "transaction.h"

struct alert;

enum inventory_state {  /* the strongest that holds, strongest first */
	INVENTORY_OPEN, /* relays, by the verdict and mechanisms kept */
	INVENTORY_SUSPECTED,
	INVENTORY_REFUSED,       /* attempts were made and refused */
	INVENTORY_UNDECIDED,     /* mail was seen, and not all of it could be judged */
	INVENTORY_LOCAL_ONLY,    /* only authenticated, local or trusted mail was seen;
				    only inside clients of a proxy */
	INVENTORY_HIDDEN,        /* some of it under TLS, and no more is known */
	INVENTORY_UNTESTED,      /* nobody tried anything that would tell */
	INVENTORY_ONE_DIRECTION, /* only one direction was captured: nothing can be said
				  */
	INVENTORY_STATES
};

/* Of a transaction from outside, by who judges it. */
enum inventory_judgement {
	INVENTORY_SAYS_NOTHING,  /* it asked for no recipient */
	INVENTORY_TOLD,          /* there is a finding about it */
	INVENTORY_LOCAL,         /* every recipient was read and is ours */
	INVENTORY_AUTHENTICATED, /* or a trusted host's */
	INVENTORY_UNREADABLE,    /* recipients, their replies or the session were not */
	INVENTORY_NO_DOMAINS,    /* nobody said which domains are ours */
	INVENTORY_JUDGEMENTS
};

struct inventory_server {
	struct endpoint server;
	enum inventory_state state;
	bool mail, proxy;  /* what it was seen as */
	uint64_t requests; /* to it as a proxy */
	uint64_t inside_requests;
	unsigned verdict;    /* enum alert_verdict, the strongest */
	unsigned mechanisms; /* bits: 1 << enum alert_mechanism, of that verdict */
	uint64_t sessions, sessions_tls, sessions_one_sided;
	uint64_t inbound; /* transactions from outside */
	uint64_t authenticated, local, third_party, refused;
	uint64_t judged[INVENTORY_JUDGEMENTS];
	int64_t first_us, last_us;
	char name[64]; /* as it calls itself, printable ASCII only */
};

struct inventory;

struct inventory *inventory_new(uint32_t servers_max);
void inventory_free(struct inventory *inventory);

/* Called for every record, with its transaction and session where there are any. */
void inventory_record(struct inventory *inventory, const struct record *record,
    const struct transaction *tx, const struct mail_session *mail);

/* Called for every request to a proxy that ended. */
void inventory_request(struct inventory *inventory, const struct request *request);

/* Called for every transaction of an outside client when it is over. */
void inventory_judged(struct inventory *inventory, const struct endpoint *server,
    enum inventory_judgement judgement, int64_t now_us);

/* Called for every occurrence that is raised, aggregated or not. */
void inventory_alert(struct inventory *inventory, const struct alert *alert);

/* In the order of address and port, for index 0, 1, ...; false after the last. Call
 * inventory_sort() first. */
void inventory_sort(struct inventory *inventory);
bool inventory_server(
    const struct inventory *inventory, size_t index, struct inventory_server *out);

/* Mail servers seen outside home-net, the busiest first: candidates when home-net was not
 * given. Those that accepted mail; where none did, those that greeted. */
size_t inventory_foreign(
    const struct inventory *inventory, struct endpoint *out, size_t max);
bool inventory_saw_home(const struct inventory *inventory);

/* "open (accepted: percent, bang)", "refused 12 attempts", ...: for people. */
const char *inventory_describe(
    const struct inventory_server *server, char *buf, size_t size);

const char *inventory_state_name(enum inventory_state state);

#endif
