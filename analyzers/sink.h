/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SINK_H
#define RELAYWATCH_SINK_H

/*
 * Where events go: the contract of an output, the table of them, and the fan-out.
 */

#include "alert.h"
#include "conf.h"
#include "inventory.h"
#include "request.h"
#include "transaction.h"

struct sink_names { /* how origins are named in events */
	const char *(*source)(const void *context, uint16_t source);
	const void *context;
	bool live; /* in_iface instead of pcap_filename */
};

/* Shows counters and servers to a visitor of the sink's own. */
struct sink_stats {
	void (*visit)(void *context, struct stats_visitor *v);
	void *context;
	struct inventory *inventory; /* with the last stats event, else NULL */
	int64_t now_us;
};

struct sink {
	const char *name;
	/* NULL with error where the output cannot be opened; NULL with an empty error
	 * where the configuration does not ask for it. */
	void *(*open)(const struct conf *conf, const struct sink_names *names,
	    char error[static CONF_ERROR_MAX]);
	/* Each of these may be NULL. */
	void (*alert)(
	    void *self, const struct alert *alert, const struct alert_tally *tally);
	void (*transaction)(void *self, const struct transaction *tx);
	void (*request)(void *self, const struct request *request);
	void (*stats)(void *self, const struct sink_stats *stats);
	void (*counters)(void *self, struct stats_visitor *v); /* of its own */
	/* 0, or -1 with error when what was written did not arrive (full disk, closed
	 * pipe); the error stays: it is given again. */
	int (*flush)(void *self, char error[static CONF_ERROR_MAX]);
	/* The file was moved away: opens it anew. 0, or -1 with error; the output then
	 * goes on where it was. May be NULL. */
	int (*reopen)(void *self, char error[static CONF_ERROR_MAX]);
	void (*close)(void *self);
};

extern const struct sink sink_json;
extern const struct sink sink_syslog;

struct sinks;

/* Opens those that the configuration asks for. NULL with error. */
struct sinks *sinks_open(const struct conf *conf, const struct sink_names *names,
    char error[static CONF_ERROR_MAX]);
void sinks_alert(
    struct sinks *sinks, const struct alert *alert, const struct alert_tally *tally);
void sinks_transaction(struct sinks *sinks, const struct transaction *tx);
void sinks_request(struct sinks *sinks, const struct request *request);
void sinks_stats(struct sinks *sinks, const struct sink_stats *stats);
void sinks_counters(const struct sinks *sinks, struct stats_visitor *v);
int sinks_flush(struct sinks *sinks, char error[static CONF_ERROR_MAX]);
/* 0, or -1 with the first error. */
int sinks_reopen(struct sinks *sinks, char error[static CONF_ERROR_MAX]);
void sinks_close(struct sinks *sinks);

#endif
