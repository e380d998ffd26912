/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink.h"

#include <stdio.h>
#include <stdlib.h>

/* All outputs. */
static const struct sink *const sink_table[] = {
	&sink_json,
	&sink_syslog,
};

enum { SINKS = sizeof(sink_table) / sizeof(sink_table[0]) };

struct sinks {
	void *self[SINKS]; /* NULL: not asked for */
};

struct sinks *
sinks_open(const struct conf *conf, const struct sink_names *names,
    char error[static CONF_ERROR_MAX])
{
	struct sinks *sinks = calloc(1, sizeof(*sinks));

	if (sinks == NULL) {
		snprintf(error, CONF_ERROR_MAX, "out of memory");
		return NULL;
	}
	for (unsigned i = 0; i < SINKS; i++) {
		error[0] = '\0';
		sinks->self[i] = sink_table[i]->open(conf, names, error);
		if (sinks->self[i] == NULL && error[0] != '\0') {
			sinks_close(sinks);
			return NULL;
		}
	}
	return sinks;
}

void
sinks_alert(
    struct sinks *sinks, const struct alert *alert, const struct alert_tally *tally)
{
	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] != NULL && sink_table[i]->alert != NULL)
			sink_table[i]->alert(sinks->self[i], alert, tally);
	}
}

void
sinks_transaction(struct sinks *sinks, const struct transaction *tx)
{
	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] != NULL && sink_table[i]->transaction != NULL)
			sink_table[i]->transaction(sinks->self[i], tx);
	}
}

void
sinks_request(struct sinks *sinks, const struct request *request)
{
	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] != NULL && sink_table[i]->request != NULL)
			sink_table[i]->request(sinks->self[i], request);
	}
}

void
sinks_stats(struct sinks *sinks, const struct sink_stats *stats)
{
	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] != NULL && sink_table[i]->stats != NULL)
			sink_table[i]->stats(sinks->self[i], stats);
	}
}

void
sinks_counters(const struct sinks *sinks, struct stats_visitor *v)
{
	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] != NULL && sink_table[i]->counters != NULL)
			sink_table[i]->counters(sinks->self[i], v);
	}
}

/* All are flushed; the first error is told. */
int
sinks_flush(struct sinks *sinks, char error[static CONF_ERROR_MAX])
{
	char later[CONF_ERROR_MAX], *told = error;
	int result = 0;

	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] == NULL)
			continue;
		if (sink_table[i]->flush(sinks->self[i], told) == 0)
			continue;
		told = later;
		result = -1;
	}
	return result;
}

int
sinks_reopen(struct sinks *sinks, char error[static CONF_ERROR_MAX])
{
	char later[CONF_ERROR_MAX], *told = error;
	int result = 0;

	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] == NULL || sink_table[i]->reopen == NULL)
			continue;
		if (sink_table[i]->reopen(sinks->self[i], told) == 0)
			continue;
		told = later;
		result = -1;
	}
	return result;
}

void
sinks_close(struct sinks *sinks)
{
	if (sinks == NULL)
		return;
	for (unsigned i = 0; i < SINKS; i++) {
		if (sinks->self[i] != NULL)
			sink_table[i]->close(sinks->self[i]);
	}
	free(sinks);
}
