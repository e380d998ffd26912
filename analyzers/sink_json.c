/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Events as JSON lines in Suricata's EVE form. A line has the same bytes on every run.
 * Characters that could deceive whoever looks at the raw line are written as \uXXXX: they
 * stand only inside strings, so the meaning stays.
 */
#include <stdio.h>
#include <stdlib.h>

#include "json_parts.h"
#include "text.h"
#include "writer.h"

struct json_sink {
	struct sink_names names;
	unsigned log; /* enum conf_log */
	struct writer *writer;
};

static void *
json_open(const struct conf *conf, const struct sink_names *names,
    char error[static CONF_ERROR_MAX])
{
	struct json_sink *sink = calloc(1, sizeof(*sink));

	if (sink == NULL) {
		snprintf(error, CONF_ERROR_MAX, "out of memory");
		return NULL;
	}
	sink->names = *names;
	sink->log = conf->output.log;
	/* A daemon goes on where it was; the result of a capture is one run's. */
	sink->writer = writer_open(conf->output.path, names->live, error);
	if (sink->writer != NULL)
		return sink;
	free(sink);
	return NULL;
}

static void
put_line(struct writer *writer, const char *line, size_t n)
{
	const char *end = line + n;

	while (line < end) {
		size_t bytes = 0;
		uint32_t code = 0;
		char escape[TEXT_ESCAPE_MAX];
		const char *bad = text_deceptive(line, end, &bytes, &code);

		writer_put(writer, line, (size_t)(bad - line));
		if (bad == end)
			break;
		writer_put(writer, escape, text_json_escape(code, escape));
		line = bad + bytes;
	}
	writer_put(writer, "\n", 1);
}

/* Takes the event. */
static void
put_event(struct json_sink *sink, struct json_object *event)
{
	size_t n = 0;
	const char *line = json_object_to_json_string_length(
	    event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);

	if (line != NULL)
		put_line(sink->writer, line, n);
	json_object_put(event);
}

static void
json_alert(void *self, const struct alert *alert, const struct alert_tally *tally)
{
	struct json_sink *sink = self;
	char error[CONF_ERROR_MAX];

	if ((sink->log & CONF_LOG_ALERT) == 0)
		return;
	put_event(sink, json_alert_event(&sink->names, alert, tally));
	if (sink->names.live)
		writer_flush(sink->writer, error); /* told by the next json_flush() */
}

static void
json_transaction(void *self, const struct transaction *tx)
{
	struct json_sink *sink = self;

	if ((sink->log & CONF_LOG_SMTP) != 0)
		put_event(sink, json_smtp_event(&sink->names, tx));
}

static void
json_request(void *self, const struct request *request)
{
	struct json_sink *sink = self;

	if ((sink->log & CONF_LOG_PROXY) != 0)
		put_event(sink, json_proxy_event(&sink->names, request));
}

static void
json_stats(void *self, const struct sink_stats *stats)
{
	struct json_sink *sink = self;

	if ((sink->log & CONF_LOG_STATS) != 0)
		put_event(sink, json_stats_event(stats));
}

static int
json_flush(void *self, char error[static CONF_ERROR_MAX])
{
	struct json_sink *sink = self;

	return writer_flush(sink->writer, error);
}

static int
json_reopen(void *self, char error[static CONF_ERROR_MAX])
{
	struct json_sink *sink = self;

	return writer_reopen(sink->writer, error);
}

static void
json_close(void *self)
{
	struct json_sink *sink = self;

	writer_close(sink->writer);
	free(sink);
}

const struct sink sink_json = {
	.name = "json",
	.open = json_open,
	.alert = json_alert,
	.transaction = json_transaction,
	.request = json_request,
	.stats = json_stats,
	.flush = json_flush,
	.reopen = json_reopen,
	.close = json_close,
};
