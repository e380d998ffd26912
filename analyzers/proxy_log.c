/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzer.h"

/* Gives each request to a proxy that ended to the outputs, as a `proxy` event. */

static bool
proxy_log_enabled(const struct conf *conf)
{
	return (conf->output.log & CONF_LOG_PROXY) != 0;
}

static void *
proxy_log_new(const struct analyzer_context *context)
{
	return context->sinks; /* all it needs */
}

static void
proxy_log_free(void *self)
{
	(void)self;
}

static void
proxy_log_record(void *self, const struct record *record, const struct transaction *tx,
    const struct mail_session *mail)
{
	(void)self;
	(void)record;
	(void)tx;
	(void)mail;
}

static void
proxy_log_request(void *self, const struct request *request, enum request_event event)
{
	if (event == REQUEST_ENDED)
		sinks_request(self, request);
}

const struct analyzer analyzer_proxy_log = {
	.name = "proxy-log",
	.enabled = proxy_log_enabled,
	.new = proxy_log_new,
	.free = proxy_log_free,
	.record = proxy_log_record,
	.request = proxy_log_request,
};
