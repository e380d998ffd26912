/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_FORWARD_H
#define RELAYWATCH_FORWARD_H

/*
 * Forwarders that speak no proxy protocol: mail that leaves on one connection of home and
 * came, byte for byte, by another one. Part of the proxy analyzer. Remembers the first
 * octets of connections between home and outside. Bounded: see seen.h.
 */

#include "alert.h"
#include "conf.h"
#include "legs.h"
#include "record.h"

struct proxy;

enum { FORWARD_DUE = 8 }; /* pairs that one record can make sure */

struct forward {
	struct seen *seen; /* of struct forward_way */
	int64_t window_us;
	uint64_t due[FORWARD_DUE]; /* ways of pairs that are over, to be told */
	unsigned due_count;
	uint64_t found, parted, unsure;
};

/* 0, or -1 when out of memory. */
int forward_init(struct forward *forward, const struct conf_proxy *conf);
void forward_release(struct forward *forward);

/* Any record at depth 0; tx: its transaction, or NULL. */
void forward_record(
    struct proxy *proxy, const struct record *record, const struct transaction *tx);

/* Asks for the memory that the record will need; see seen_prefetch(). */
void forward_prefetch(
    const struct forward *forward, const struct record *record, unsigned step);
void forward_expire(struct forward *forward, int64_t now_us);
void forward_stats(const struct forward *forward, struct stats_visitor *v);

#endif
