/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RELAY_TRACE_H
#define RELAYWATCH_RELAY_TRACE_H

/*
 * One readable leg out of two: sessions of outside clients that turned to TLS are kept,
 * and a message that leaves in clear may name such a client in its trace header, together
 * with the recipient the client asked for. That is no proof: a client certificate does
 * not show.
 */

#include "conf.h"
#include "recipient.h"
#include "relay_leg.h"
#include "seen.h"
#include "stats.h"

struct relay_trace {
	struct seen *seen; /* of struct relay_leg, by the client's address */
	int64_t window_us;
};

/* 0, or -1 when out of memory. */
int relay_trace_init(struct relay_trace *trace, const struct conf_relay *conf);
void relay_trace_release(struct relay_trace *trace);

/* A session of an outside client turned to TLS. */
void relay_trace_note(
    struct relay_trace *trace, const struct mail_session *mail, const struct origin *now);

/*
 * The session that tx, which leaves, came in by, if its trace header says that it came
 * under TLS, without authentication, for a third party. rcpt gets that recipient. NULL
 * otherwise.
 */
struct relay_leg *relay_trace_find(const struct relay_trace *trace,
    const struct transaction *tx, const struct recipient_own *own,
    struct recipient *rcpt);

void relay_trace_expire(struct relay_trace *trace, int64_t now_us);
void relay_trace_stats(const struct relay_trace *trace, struct stats_visitor *v);

#endif
