/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_REQUEST_H
#define RELAYWATCH_REQUEST_H

/*
 * Requests to proxies put together from tunnel facts: what proxy analyzers and outputs
 * look at. A request lives from being asked to its refusal, the end of its tunnel, or the
 * end of the connection. Bounded: the oldest goes, one client fills no more than its
 * share.
 */

#include "conf.h"
#include "record.h"
#include "stats.h"

enum { REQUEST_HOST_MAX = 255, REQUEST_USER_MAX = 64, REQUEST_INNER_MAX = 16 };

enum request_outcome {
	REQUEST_UNANSWERED,
	REQUEST_REFUSED,
	REQUEST_GRANTED,
	REQUEST_OUTCOMES
};

enum request_event { REQUEST_ASKED, REQUEST_ANSWERED, REQUEST_INNER, REQUEST_ENDED };

struct request {
	struct session session; /* client: who asked; depth, via: the tunnels around it */
	uint32_t tx;
	enum fact_tunnel tunnel;
	enum request_outcome outcome;
	bool weak; /* granted as a web server would, too */
	bool cut, ended;
	bool lost;         /* octets of the connection, or one direction of it */
	bool inner_unsure; /* named by its looks: for people */
	bool has_addr;     /* the host is an address */
	struct addr addr;
	uint16_t port, code;
	struct origin asked, last;
	int64_t answered_us;
	uint64_t bytes_to_target, bytes_to_client;
	uint64_t said_bytes; /* all that the client sent on the connection; 0: unknown */
	uint8_t host_n, user_n, inner_n;
	char host[REQUEST_HOST_MAX], user[REQUEST_USER_MAX];
	char inner[REQUEST_INNER_MAX]; /* protocol of what the tunnel carried */
};

struct requests;

/* told: each event, at once; the request is lent for the call. NULL when out of memory.
 */
struct requests *requests_new(const struct conf_proxy *conf,
    void (*told)(void *context, const struct request *request, enum request_event event),
    void *context);
void requests_free(struct requests *all);

void requests_apply(struct requests *all, const struct record *record);

/* End of input: what is open ends. */
void requests_finish(struct requests *all);

const char *request_outcome_name(enum request_outcome outcome);

void requests_stats(const struct requests *all, struct stats_visitor *v);

static inline struct slice
request_host(const struct request *request)
{
	return slice_of(request->host, request->host_n);
}

#endif
