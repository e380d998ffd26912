/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_DISTANT_H
#define RELAYWATCH_DISTANT_H

/*
 * SMTP clients that reach our servers through somebody else's proxy: HTTP lines among
 * their commands, or commands that come from further away than their TCP. A hint, no
 * proof. Part of the proxy analyzer; keeps nothing.
 */

#include "record.h"
#include "stats.h"
#include "transaction.h"

struct proxy;

struct distant {
	uint64_t http, gap;
};

/* mail: the SMTP session of the record. */
void distant_record(
    struct proxy *proxy, const struct record *record, const struct mail_session *mail);

void distant_stats(const struct distant *distant, struct stats_visitor *v);

#endif
