/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PROXY_STATE_H
#define RELAYWATCH_PROXY_STATE_H

/*
 * The proxy analyzer's own words, shared by its parts: proxy.c takes records,
 * proxy_case.c remembers requests, proxy_match.c finds their outbound legs, proxy_judge.c
 * says what they come to; forward.c finds forwarders that are not asked, distant.c
 * clients of ours that come through somebody else's proxy. Nobody else includes this.
 */

#include "analyzer.h"
#include "distant.h"
#include "forward.h"
#include "legs.h"
#include "owner.h"
#include "request.h"

enum { PROXY_LAYERS = RECORD_DEPTH_MAX, PROXY_SEVERITIES = 4 };

/* What was asked at one layer of a chain. */
struct proxy_layer {
	enum fact_tunnel tunnel;
	enum request_outcome outcome;
	bool weak, has_addr;
	bool local; /* a name of our own */
	uint16_t port;
	struct addr addr;
	int64_t asked_us, answered_us; /* 0: not */
	struct prefixes inside;        /* of its tunnel's stream */
};

enum proxy_case_flag {
	PROXY_CASE_USE = 0x01, /* an inside client, an outside proxy */
	PROXY_CASE_ENDED = 0x02,
	PROXY_CASE_MAIL = 0x04,    /* a mail server was heard inside */
	PROXY_CASE_STREAM = 0x08,  /* something other than HTTP is inside */
	PROXY_CASE_REVERSE = 0x10, /* the proxy opened the connection */
	PROXY_CASE_TLS = 0x20,     /* TLS is inside */
	PROXY_CASE_CHALLENGED =
	    0x40,               /* told to name itself: asking again is no other try */
	PROXY_CASE_LOST = 0x80, /* octets of its connection: an answer, perhaps */
};

/* A request to the outermost proxy, with all that was asked through it. */
struct proxy_case {
	struct session session;
	uint32_t tx;
	struct origin last;
	int64_t due_us;
	uint32_t older, newer; /* in the list of what is due */
	uint8_t list;          /* enum proxy_list_name */
	uint8_t flags;         /* enum proxy_case_flag */
	uint8_t verdict;       /* raised so far, */
	uint16_t signature;    /* with this id */
	uint8_t layers;
	struct proxy_layer layer[PROXY_LAYERS];
	uint64_t leg_flow; /* the outbound leg's; 0: none */
	uint8_t leg_layer; /* whose target it goes to */
	struct leg leg;    /* as it was when last looked at: it may be forgotten */
	uint64_t bytes_to_target, bytes_to_client;
	uint64_t said_bytes; /* see struct request */
	uint32_t mails;      /* transactions inside, or on a leg that may be its own */
	uint64_t name;       /* hash of the innermost target's */
	uint8_t host_n;      /* of the innermost target */
	char host[REQUEST_HOST_MAX];
};

enum proxy_list_name {
	PROXY_NOT_LISTED,
	PROXY_GRANTED,   /* to be told though its tunnel goes on */
	PROXY_LINGERING, /* over, but its outbound leg may still tell something */
	PROXY_LISTS
};

struct proxy_list {
	uint32_t oldest, newest;
	int64_t wait_us;
};

struct proxy {
	const struct conf *conf;
	struct alerts *alerts;
	struct seen *cases;
	struct proxy_list list[PROXY_LISTS];
	struct legs legs;
	struct forward forward;
	struct distant distant;
	uint64_t verdicts[ALERT_VERDICTS];
	uint64_t severity[PROXY_SEVERITIES];
};

/* What is known of a case's outbound leg. */
struct proxy_match {
	const struct leg *leg;  /* established */
	const struct leg *dead; /* refused, or not answered */
	unsigned layer;         /* whose target it goes to */
	bool by_addr;
	unsigned evidence;
};

/* proxy_case.c */
int proxy_cases_init(struct proxy *proxy);
struct proxy_case *proxy_case_at(const struct proxy *proxy, uint32_t entry);
uint32_t proxy_case_begin(struct proxy *proxy, const struct request *request);
void proxy_case_drop(struct proxy *proxy, uint32_t entry);
uint32_t proxy_case_of(const struct proxy *proxy, const struct request *request);

/* The one whose tunnel is open on a connection, or the latest. SEEN_NONE: none. */
uint32_t proxy_case_on(const struct proxy *proxy, uint64_t flow_id);

/* Whether a connection to there may be the outbound leg of one that waits for it; owner
 * gets whom it is counted for. */
bool proxy_case_awaits(
    struct proxy *proxy, const struct endpoint *server, int64_t now_us, uint64_t *owner);

/* Makes the case found by where it wants to go. */
void proxy_case_await(struct proxy *proxy, uint32_t entry, unsigned layer);

/* Calls with each case that asked for there, by address or by name. */
void proxy_cases_walk(struct proxy *proxy, const struct endpoint *server,
    void (*found)(struct proxy *proxy, uint32_t entry, void *context), void *context);

void proxy_case_list(
    struct proxy *proxy, uint32_t entry, enum proxy_list_name name, int64_t now_us);
uint32_t proxy_case_due(
    const struct proxy *proxy, enum proxy_list_name name, int64_t now_us);

/* proxy_match.c. Names that differ in case or a last dot have the same hash. */
uint64_t proxy_name_hash(struct slice host);
struct proxy_match proxy_match(struct proxy *proxy, struct proxy_case *c);

/* proxy_judge.c: raises what is stronger than before. early: the tunnel goes on. mail: a
 * transaction from inside, or NULL. */
void proxy_judge(struct proxy *proxy, struct proxy_case *c, bool early,
    const struct transaction *mail);

/* was: the signature that alert->was had, 0: none. */
void proxy_raise(struct proxy *proxy, const struct alert *alert, uint32_t was);

#endif
