/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ANALYZER_H
#define RELAYWATCH_ANALYZER_H

/*
 * The contract of an analyzer, the table of all of them, and the house that runs them:
 * records in, alerts and events out. One thread; records in order.
 */

#include "alert.h"
#include "conf.h"
#include "inventory.h"
#include "record.h"
#include "request.h"
#include "sink.h"
#include "transaction.h"

struct analyzer_context {
	const struct conf *conf;
	struct alerts *alerts;
	struct inventory *inventory;
	struct sinks *sinks;
	uint32_t transaction_slots;
};

struct analyzer {
	const char *name;
	bool (*enabled)(const struct conf *conf);
	void *(*new)(
	    const struct analyzer_context *context); /* NULL when out of memory */
	void (*free)(void *self);
	/* Asks for memory that record() will need, ahead of it: steps 0 to 2, some
	 * records apart, since one brings the address for the next. tx_slot: of the
	 * transaction that is probably meant, with the last step; TABLE_NONE. May be
	 * NULL. */
	void (*prefetch)(const void *self, const struct record *record, uint32_t tx_slot,
	    unsigned step);
	/* tx: the transaction the record belongs to, the fact applied; mail: its session.
	 * NULL where there is none. */
	void (*record)(void *self, const struct record *record,
	    const struct transaction *tx, const struct mail_session *mail);
	/* Of a request to a proxy, before the record that tells it. May be NULL. */
	void (*request)(
	    void *self, const struct request *request, enum request_event event);
	/* A transaction ended without a fact (its memory was needed). May be NULL. */
	void (*evicted)(void *self, const struct transaction *tx);
	void (*tick)(void *self, int64_t now_us); /* may be NULL */
	void (*finish)(void *self);               /* end of input; may be NULL */
	void (*stats)(const void *self, struct stats_visitor *v); /* may be NULL */
};

extern const struct analyzer analyzer_proxy;
extern const struct analyzer analyzer_proxy_log;
extern const struct analyzer analyzer_relay;
extern const struct analyzer analyzer_smtp_log;

struct analyzers;

/* NULL when out of memory. sinks stay the caller's. */
struct analyzers *analyzers_new(const struct conf *conf, struct sinks *sinks);
void analyzers_free(struct analyzers *all);

void analyzers_record(struct analyzers *all, const struct record *record);

/* Before the record at that place of n which will come in this order: asks for the memory
 * that those behind it will need. */
void analyzers_look_ahead(const struct analyzers *all,
    const struct record *const *records, size_t n, size_t at);

/* Packet time has come to now_us; call about once a second of it. */
void analyzers_tick(struct analyzers *all, int64_t now_us);

/* End of input. */
void analyzers_finish(struct analyzers *all);

struct inventory *analyzers_inventory(struct analyzers *all);
void analyzers_stats(const struct analyzers *all, struct stats_visitor *v);

#endif
