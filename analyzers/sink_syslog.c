/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Alerts to the syslog daemon of this host, as a line of text or as EVE JSON behind the
 * cookie of CEE (@cee:). A second output: where the daemon is away the alerts of the
 * first are whole, the watching goes on, and what is lost is counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "log.h"
#include "sink.h"
#include "sink_json_cee.h"
#include "syslog_line.h"
#include "syslog_socket.h"

struct syslog_sink {
	struct sink_names names;
	enum conf_syslog_format format;
	struct syslog_socket socket;
};

static void *
sink_open(const struct conf *conf, const struct sink_names *names,
    char error[static CONF_ERROR_MAX])
{
	struct syslog_sink *sink;

	if (!conf->output.syslog)
		return NULL;
	sink = calloc(1, sizeof(*sink));
	if (sink == NULL) {
		snprintf(error, CONF_ERROR_MAX, "out of memory");
		return NULL;
	}
	sink->names = *names;
	sink->format = conf->output.syslog_format;
	if (syslog_socket_init(&sink->socket, _PATH_LOG, "relaywatch",
		conf->output.syslog_facility, !names->live) == -1)
		log_warn("syslog: %s: %m; trying again with every alert", _PATH_LOG);
	return sink;
}

/* emerg and alert are left to the host's own state: daemons show them on every terminal.
 */
static int
priority_of(const struct alert *alert, const struct alert_tally *tally)
{
	const struct alert_signature *signature = alert_signature(alert->signature_id);

	if (tally->count == 0) /* only takes back: the finding became another */
		return LOG_NOTICE;
	switch (signature != NULL ? signature->severity : 3) {
	case 1:
		return LOG_CRIT;
	case 2:
		return LOG_WARNING;
	default:
		return LOG_NOTICE;
	}
}

static void
sink_alert(void *self, const struct alert *alert, const struct alert_tally *tally)
{
	struct syslog_sink *sink = self;
	char json[CEE_LINE_MAX], text[SYSLOG_LINE_MAX];
	const char *line = json;
	size_t n = 0;

	if (sink->format == CONF_SYSLOG_JSON)
		n = cee_line(&sink->names, alert, tally, json);
	if (n == 0) { /* text is wanted, or there is no memory for JSON */
		n = syslog_line(&sink->names, alert, tally, text);
		line = text;
	}
	syslog_socket_send(&sink->socket, priority_of(alert, tally), line, n);
}

static void
sink_counters(void *self, struct stats_visitor *v)
{
	const struct syslog_sink *sink = self;

	stats_show(v, "syslog", "sent", sink->socket.sent);
	stats_show(v, "syslog", "lost", sink->socket.lost);
}

/* Nothing is held back, and a message that was lost must not end the run. */
static int
sink_flush(void *self, char error[static CONF_ERROR_MAX])
{
	(void)self;
	(void)error;
	return 0;
}

static void
sink_close(void *self)
{
	struct syslog_sink *sink = self;
	const struct syslog_socket *socket = &sink->socket;

	if (socket->lost != 0)
		log_warn("syslog: %llu of %llu alerts were not taken: %s: %s",
		    (unsigned long long)socket->lost,
		    (unsigned long long)(socket->lost + socket->sent), socket->path,
		    strerror(socket->error));
	syslog_socket_release(&sink->socket);
	free(sink);
}

const struct sink sink_syslog = {
	.name = "syslog",
	.open = sink_open,
	.alert = sink_alert,
	.counters = sink_counters,
	.flush = sink_flush,
	.close = sink_close,
};
