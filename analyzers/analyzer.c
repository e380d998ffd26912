/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzer.h"

#include <stdlib.h>

/* All analyzers, in the order in which they see a record. */
static const struct analyzer *const analyzer_table[] = {
	&analyzer_smtp_log,
	&analyzer_proxy_log,
	&analyzer_proxy, /* before relay: forwarded mail is no relaying */
	&analyzer_relay,
};

enum {
	ANALYZERS = sizeof(analyzer_table) / sizeof(analyzer_table[0]),
	INVENTORY_SERVERS = 16384,
	LOOK_AHEAD_STEPS = 3,
	LOOK_AHEAD_EVERY = 4, /* records, to look at so many at once */
};

struct analyzers {
	struct transactions *transactions;
	struct requests *requests;
	struct inventory *inventory;
	struct alerts *alerts;
	unsigned count; /* of those that are enabled */
	const struct analyzer *analyzer[ANALYZERS];
	void *self[ANALYZERS];
};

static void
show_request(void *context, const struct request *request, enum request_event event)
{
	struct analyzers *all = context;

	if (event == REQUEST_ENDED)
		inventory_request(all->inventory, request);
	for (unsigned i = 0; i < all->count; i++) {
		if (all->analyzer[i]->request != NULL)
			all->analyzer[i]->request(all->self[i], request, event);
	}
}

static int
new_parts(struct analyzers *all, const struct conf *conf, struct sinks *sinks)
{
	struct analyzer_context context = { .conf = conf, .sinks = sinks };

	all->transactions = transactions_new(&conf->mail);
	all->inventory = inventory_new(INVENTORY_SERVERS);
	all->alerts = alerts_new(&conf->alerts, sinks, all->inventory);
	all->requests = requests_new(&conf->proxy, show_request, all);
	if (all->transactions == NULL || all->requests == NULL ||
	    all->inventory == NULL || all->alerts == NULL)
		return -1;
	context.alerts = all->alerts;
	context.inventory = all->inventory;
	context.transaction_slots = transactions_slots(all->transactions);
	for (unsigned i = 0; i < ANALYZERS; i++) {
		if (!analyzer_table[i]->enabled(conf))
			continue;
		all->self[all->count] = analyzer_table[i]->new (&context);
		if (all->self[all->count] == NULL)
			return -1;
		all->analyzer[all->count++] = analyzer_table[i];
	}
	return 0;
}

struct analyzers *
analyzers_new(const struct conf *conf, struct sinks *sinks)
{
	struct analyzers *all = calloc(1, sizeof(*all));

	if (all == NULL)
		return NULL;
	if (new_parts(all, conf, sinks) == 0)
		return all;
	analyzers_free(all);
	return NULL;
}

void
analyzers_free(struct analyzers *all)
{
	if (all == NULL)
		return;
	for (unsigned i = 0; i < all->count; i++)
		all->analyzer[i]->free(all->self[i]);
	alerts_free(all->alerts);
	requests_free(all->requests);
	inventory_free(all->inventory);
	transactions_free(all->transactions);
	free(all);
}

static void
show_evicted(struct analyzers *all)
{
	const struct transaction *tx;

	while ((tx = transactions_evicted(all->transactions)) != NULL) {
		for (unsigned i = 0; i < all->count; i++) {
			if (all->analyzer[i]->evicted != NULL)
				all->analyzer[i]->evicted(all->self[i], tx);
		}
		transactions_settle(all->transactions, tx);
	}
}

void
analyzers_record(struct analyzers *all, const struct record *record)
{
	const struct transaction *tx = transactions_apply(all->transactions, record);
	const struct mail_session *mail = transactions_session(all->transactions, record);

	show_evicted(all);
	inventory_record(all->inventory, record, tx, mail);
	requests_apply(all->requests, record);
	for (unsigned i = 0; i < all->count; i++)
		all->analyzer[i]->record(all->self[i], record, tx, mail);
	transactions_settle(all->transactions, tx);
}

/* Of the facts of one packet the first asks for all of them. */
static bool
is_asked_for(const struct record *before, const struct record *record)
{
	return before->class == RECORD_FACT && record->class == RECORD_FACT &&
	       before->session.flow_id == record->session.flow_id;
}

static void
prefetch(const struct analyzers *all, const struct record *record, unsigned step)
{
	uint32_t tx_slot = transactions_prefetch(all->transactions, record, step);

	for (unsigned i = 0; i < all->count; i++) {
		if (all->analyzer[i]->prefetch != NULL)
			all->analyzer[i]->prefetch(all->self[i], record, tx_slot, step);
	}
}

/* Memory that one step brings is where the next one finds its address. */
void
analyzers_look_ahead(
    const struct analyzers *all, const struct record *const *records, size_t n, size_t at)
{
	static const size_t distance[LOOK_AHEAD_STEPS] = { 24, 16, 8 };

	if (at % LOOK_AHEAD_EVERY != 0)
		return;
	for (unsigned step = 0; step < LOOK_AHEAD_STEPS; step++) {
		size_t end = at + distance[step];
		/* Those before were asked for before. */
		size_t i = at == 0 ? 0 : end - LOOK_AHEAD_EVERY;

		for (; i < end && i < n; i++) {
			if (i == 0 || !is_asked_for(records[i - 1], records[i]))
				prefetch(all, records[i], step);
		}
	}
}

void
analyzers_tick(struct analyzers *all, int64_t now_us)
{
	alerts_tick(all->alerts, now_us);
	for (unsigned i = 0; i < all->count; i++) {
		if (all->analyzer[i]->tick != NULL)
			all->analyzer[i]->tick(all->self[i], now_us);
	}
}

/* The sensor closed all connections: what was open has ended. */
void
analyzers_finish(struct analyzers *all)
{
	requests_finish(all->requests);
	for (unsigned i = 0; i < all->count; i++) {
		if (all->analyzer[i]->finish != NULL)
			all->analyzer[i]->finish(all->self[i]);
	}
	alerts_finish(all->alerts);
}

struct inventory *
analyzers_inventory(struct analyzers *all)
{
	return all->inventory;
}

void
analyzers_stats(const struct analyzers *all, struct stats_visitor *v)
{
	transactions_stats(all->transactions, v);
	requests_stats(all->requests, v);
	for (unsigned i = 0; i < all->count; i++) {
		if (all->analyzer[i]->stats != NULL)
			all->analyzer[i]->stats(all->self[i], v);
	}
	alerts_stats(all->alerts, v);
}
