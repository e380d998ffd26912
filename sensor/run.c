/* SPDX-License-Identifier: BSD-2-Clause */
#include "run.h"

#include <stdio.h>
#include <sysexits.h>

#include "log.h"
#include "summary.h"

enum { TICK_US = 1000000, DRAIN_RECORDS = 256 };

void
run_init(struct run *run, const struct conf *conf, const struct options *options)
{
	*run =
	    (struct run){ .conf = conf, .options = options, .ticked_us = INT64_MIN / 2 };
}

int
run_open(struct run *run, const struct sink_names *names)
{
	char error[CONF_ERROR_MAX];

	run->sinks = sinks_open(run->conf, names, error);
	if (run->sinks == NULL) {
		log_error("%s", error);
		return EX_OSERR;
	}
	run->queue = record_queue_new(run->conf->sensor.queue_bytes);
	if (run->queue != NULL)
		run->pipeline = pipeline_new(run->conf, run->queue);
	if (run->pipeline != NULL)
		run->analyzers = analyzers_new(run->conf, run->sinks);
	if (run->analyzers == NULL) {
		log_error("out of memory: the maxima in the configuration ask for more "
			  "than this system gives");
		return EX_OSERR;
	}
	return 0;
}

void
run_close(struct run *run)
{
	analyzers_free(run->analyzers);
	pipeline_free(run->pipeline);
	record_queue_free(run->queue);
	if (run->sinks != NULL)
		sinks_close(run->sinks);
}

void
run_flush(struct run *run)
{
	char error[CONF_ERROR_MAX];

	if (run->output_failed || sinks_flush(run->sinks, error) == 0)
		return;
	run->output_failed = true;
	progress_erase(&run->progress);
	log_error("%s", error);
}

/* Windows close and lines leave once a second of packet time. */
static void
advance(struct run *run, int64_t now_us)
{
	if (now_us < run->ticked_us + TICK_US)
		return;
	run->ticked_us = now_us;
	analyzers_tick(run->analyzers, now_us);
	run_flush(run);
}

static void
drain(struct run *run)
{
	const struct record *waiting[DRAIN_RECORDS];
	size_t n;

	while ((n = record_queue_list(run->queue, waiting, DRAIN_RECORDS)) != 0) {
		for (size_t i = 0; i < n; i++) {
			analyzers_look_ahead(run->analyzers, waiting, n, i);
			advance(run, waiting[i]->origin.ts_us);
			analyzers_record(run->analyzers, waiting[i]);
			record_queue_pop(run->queue);
		}
	}
}

static void
note_times(struct run *run, const struct packet *packets, size_t n)
{
	if (run->packets == 0)
		run->first_us = packets[0].origin.ts_us;
	run->last_us = packets[n - 1].origin.ts_us;
	run->packets += n;
	hints_packets(&run->hints, packets, n);
}

void
run_packets(struct run *run, const struct packet *packets, size_t n)
{
	note_times(run, packets, n);
	for (size_t taken = 0; taken < n;) {
		taken += pipeline_packets(run->pipeline, packets + taken, n - taken);
		drain(run);
	}
	advance(run, pipeline_now_us(run->pipeline));
}

void
run_time(struct run *run, int64_t now_us)
{
	pipeline_time(run->pipeline, now_us);
	drain(run);
	advance(run, pipeline_now_us(run->pipeline));
}

static void
show_stats(void *context, struct stats_visitor *v)
{
	const struct run *run = context;

	pipeline_stats(run->pipeline, v);
	if (run->input_stats != NULL)
		run->input_stats(run->input, v);
	analyzers_stats(run->analyzers, v);
	sinks_counters(run->sinks, v);
}

bool
run_hint(struct run *run, char text[static HINT_TEXT_MAX])
{
	const struct hints_view view = {
		.visit = show_stats,
		.context = run,
		.inventory = analyzers_inventory(run->analyzers),
	};

	return hints_next(&run->hints, &view, text);
}

void
run_stats(struct run *run, struct inventory *inventory)
{
	const struct sink_stats stats = {
		.visit = show_stats,
		.context = run,
		.inventory = inventory,
		.now_us = pipeline_now_us(run->pipeline),
	};

	sinks_stats(run->sinks, &stats);
	run_flush(run);
}

void
run_finish(struct run *run)
{
	while (pipeline_finish(run->pipeline))
		drain(run);
	drain(run);
	analyzers_finish(run->analyzers);
	run_stats(run, analyzers_inventory(run->analyzers));
	progress_erase(&run->progress);
}

void
run_summary(struct run *run)
{
	const struct summary summary = {
		.conf = run->conf,
		.inventory = analyzers_inventory(run->analyzers),
		.visit = show_stats,
		.context = run,
		.hints = &run->hints,
		.first_us = run->first_us,
		.last_us = run->last_us,
	};

	run->hints.said |= HINTS_OF_SUMMARY;
	if (run->options->verbosity >= 0)
		summary_print(stderr, &summary);
}
