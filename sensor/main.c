/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Options, open, loop, signals, exit code: the only file that sees both houses, and the
 * only one that ends the program.
 */

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "analyzer.h"
#include "capture.h"
#include "conf.h"
#include "log.h"
#include "options.h"
#include "pipeline.h"
#include "progress.h"
#include "record.h"
#include "sink.h"
#include "summary.h"
#include "version.h"

enum { TICK_US = 1000000, DAMAGE_SHOWN = 20 };

struct run {
	const struct conf *conf;
	struct capture *capture;
	struct record_queue *queue;
	struct pipeline *pipeline;
	struct sinks *sinks;
	struct analyzers *analyzers;
	struct progress progress;
	uint64_t packets;
	int64_t first_us, last_us; /* packet time */
	int64_t ticked_us;
	bool output_failed;
};

static volatile sig_atomic_t stop_asked;
static int empty_fd = -1; /* always at its end */

static void
ask_to_stop(int number)
{
	int error = errno;

	(void)number;
	stop_asked = 1;
	/* Who waits for more from a pipe on standard input is told that it has ended. */
	dup2(empty_fd, STDIN_FILENO);
	errno = error;
}

/* The first SIGINT or SIGTERM ends the reading, the second one the program. */
static void
handle_signals(void)
{
	struct sigaction stop = { .sa_handler = ask_to_stop,
		.sa_flags = (int)SA_RESETHAND };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	empty_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	/* A closed pipe is told by write(): sinks_flush() reports it. */
	sigaction(SIGPIPE, &ignore, NULL);
}

/* A standard stream that was closed must not become the number of a file we open. */
static int
occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The wrong way round on purpose: using it fails as if it were closed. */
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", flags) != fd)
			return -1;
	}
	return 0;
}

static enum log_level
level_of(int verbosity)
{
	if (verbosity < -1)
		return LOG_LEVEL_ERROR;
	if (verbosity == -1)
		return LOG_LEVEL_WARN;
	return verbosity == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* 0 or an exit code. */
static int
load_conf(struct conf *conf, const struct options *options)
{
	char error[OPTIONS_ERROR_MAX];

	if (options->config != NULL && conf_read(conf, options->config, error) == -1) {
		log_error("%s", error);
		return EX_CONFIG;
	}
	if (options_apply(options, conf, error) == -1) {
		log_error("%s", error);
		return EX_USAGE;
	}
	return 0;
}

static int
open_captures(struct run *run, const struct options *options)
{
	struct capture_error error;

	run->capture = capture_new();
	if (run->capture == NULL) {
		log_error("out of memory");
		return EX_OSERR;
	}
	for (size_t i = 0; i < options->captures_count; i++) {
		if (capture_add(run->capture, options->captures[i], &error) == -1) {
			log_error("%s", error.text);
			return EX_NOINPUT;
		}
	}
	if (options->filter == NULL ||
	    capture_filter(run->capture, options->filter, &error) == 0)
		return 0;
	log_error("%s", error.text);
	if (options->filter_instead_of_file != NULL)
		log_error("%s: no such file, so it was taken for the filter expression",
		    options->filter_instead_of_file);
	return EX_USAGE;
}

static const char *
source_name(const void *context, uint16_t source)
{
	return capture_source_name(context, source);
}

static int
open_stages(struct run *run)
{
	struct sink_names names = { .source = source_name, .context = run->capture };
	char error[CONF_ERROR_MAX];

	run->sinks = sinks_open(run->conf, &names, error);
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

static void
close_all(struct run *run)
{
	analyzers_free(run->analyzers);
	pipeline_free(run->pipeline);
	record_queue_free(run->queue);
	if (run->sinks != NULL)
		sinks_close(run->sinks);
	capture_free(run->capture);
}

static void
flush_output(struct run *run)
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
	flush_output(run);
}

static void
drain(struct run *run)
{
	const struct record *record;

	while ((record = record_queue_peek(run->queue)) != NULL) {
		analyzers_look_ahead(run->analyzers, run->queue);
		advance(run, record->origin.ts_us);
		analyzers_record(run->analyzers, record);
		record_queue_pop(run->queue);
	}
}

static void
note_times(struct run *run, const struct packet *packets, size_t n)
{
	if (run->packets == 0)
		run->first_us = packets[0].origin.ts_us;
	run->last_us = packets[n - 1].origin.ts_us;
	run->packets += n;
}

static void
show_progress(struct run *run)
{
	uint64_t done, all;

	if (!run->progress.wanted)
		return;
	capture_progress(run->capture, &done, &all);
	progress_update(&run->progress, done, all);
}

static void
read_captures(struct run *run)
{
	struct packet batch[CAPTURE_BATCH];
	size_t n, taken;

	while (!stop_asked && !run->output_failed) {
		n = capture_next(run->capture, batch);
		if (n == 0)
			return;
		note_times(run, batch, n);
		for (taken = 0; taken < n;) {
			taken +=
			    pipeline_packets(run->pipeline, batch + taken, n - taken);
			drain(run);
		}
		advance(run, pipeline_now_us(run->pipeline));
		show_progress(run);
	}
}

static void
show_stats(void *context, struct stats_visitor *v)
{
	const struct run *run = context;

	pipeline_stats(run->pipeline, v);
	analyzers_stats(run->analyzers, v);
}

static void
finish(struct run *run)
{
	struct sink_stats stats = { .visit = show_stats, .context = run };

	while (pipeline_finish(run->pipeline))
		drain(run);
	drain(run);
	analyzers_finish(run->analyzers);
	stats.inventory = analyzers_inventory(run->analyzers);
	stats.now_us = pipeline_now_us(run->pipeline);
	sinks_stats(run->sinks, &stats);
	flush_output(run);
	progress_erase(&run->progress);
}

static size_t
report_damage(const struct run *run)
{
	const char *text;
	size_t n;

	for (n = 0; (text = capture_damage(run->capture, n)) != NULL; n++) {
		if (n < DAMAGE_SHOWN)
			log_error("%s", text);
	}
	if (n > DAMAGE_SHOWN)
		log_error("%zu more captures are damaged", n - DAMAGE_SHOWN);
	return n;
}

static void
summarise(struct run *run)
{
	const struct summary summary = {
		.conf = run->conf,
		.inventory = analyzers_inventory(run->analyzers),
		.visit = show_stats,
		.context = run,
		.first_us = run->first_us,
		.last_us = run->last_us,
	};

	summary_print(stderr, &summary);
}

/* The captures are read to their end, or to a signal. Returns the exit code. */
static int
watch(struct run *run, const struct options *options)
{
	size_t damaged;

	progress_init(&run->progress, options->verbosity >= 0);
	read_captures(run);
	if (run->output_failed)
		return EX_OSERR;
	finish(run);
	/* Asked to stop, we cut the input short ourselves. */
	damaged = stop_asked ? 0 : report_damage(run);
	if (stop_asked)
		log_warn("ended on request after %" PRIu64 " packets", run->packets);
	if (options->verbosity >= 0)
		summarise(run);
	if (run->output_failed)
		return EX_OSERR;
	return damaged > 0 ? EX_DATAERR : EX_OK;
}

static int
run_captures(const struct conf *conf, const struct options *options)
{
	struct run run = { .conf = conf, .ticked_us = INT64_MIN / 2 };
	int code = open_captures(&run, options);

	if (code == 0)
		code = open_stages(&run);
	if (code == 0)
		code = watch(&run, options);
	close_all(&run);
	return code;
}

static int
act(const struct options *options)
{
	struct conf conf;
	int code;

	if (conf_init(&conf) == -1) {
		log_error("out of memory");
		return EX_OSERR;
	}
	code = load_conf(&conf, options);
	if (code == 0 && options->action == OPTIONS_TEST_CONFIG)
		log_info("the configuration is in order");
	else if (code == 0)
		code = run_captures(&conf, options);
	conf_release(&conf);
	return code;
}

/* Help and version go to standard output; it must have arrived. */
static int
print_and_check(void (*print)(FILE *))
{
	print(stdout);
	if (fflush(stdout) == 0)
		return EX_OK;
	log_error("standard output: %s", strerror(errno));
	return EX_OSERR;
}

int
main(int argc, char *argv[])
{
	struct options options;
	char error[OPTIONS_ERROR_MAX];
	int code;

	if (occupy_standard_streams() == -1)
		return EX_OSERR;
	handle_signals();
	if (options_parse(&options, argc, argv, error) == -1) {
		log_error("%s", error);
		log_error("see relaywatch --help");
		options_release(&options);
		return EX_USAGE;
	}
	log_set_level(level_of(options.verbosity));
	if (options.action == OPTIONS_HELP)
		code = print_and_check(options_help);
	else if (options.action == OPTIONS_VERSION)
		code = print_and_check(version_print);
	else
		code = act(&options);
	options_release(&options);
	return code;
}
