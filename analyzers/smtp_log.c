/* SPDX-License-Identifier: BSD-2-Clause */
#include "analyzer.h"

/* Gives each transaction that ended to the outputs, as an `smtp` event. */

static bool
smtp_log_enabled(const struct conf *conf)
{
	return (conf->output.log & CONF_LOG_SMTP) != 0;
}

static void *
smtp_log_new(const struct analyzer_context *context)
{
	return context->sinks; /* all it needs */
}

static void
smtp_log_free(void *self)
{
	(void)self;
}

static void
smtp_log_evicted(void *self, const struct transaction *tx)
{
	sinks_transaction(self, tx);
}

static void
smtp_log_record(void *self, const struct record *record, const struct transaction *tx,
    const struct mail_session *mail)
{
	(void)record;
	(void)mail;
	if (tx != NULL && tx->ended)
		sinks_transaction(self, tx);
}

const struct analyzer analyzer_smtp_log = {
	.name = "smtp-log",
	.enabled = smtp_log_enabled,
	.new = smtp_log_new,
	.free = smtp_log_free,
	.record = smtp_log_record,
	.evicted = smtp_log_evicted,
};
