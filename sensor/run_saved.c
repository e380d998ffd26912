/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "capture.h"
#include "log.h"
#include "run.h"
#include "signals.h"

/* Saved captures, read to their end or to a signal. */

enum { DAMAGE_SHOWN = 20 };

static int
open_captures(struct capture *capture, const struct options *options)
{
	struct capture_error error;

	for (size_t i = 0; i < options->captures_count; i++) {
		if (capture_add(capture, options->captures[i], &error) == -1) {
			log_error("%s", error.text);
			return EX_NOINPUT;
		}
	}
	if (options->filter == NULL ||
	    capture_filter(capture, options->filter, &error) == 0)
		return 0;
	log_error("%s", error.text);
	if (options->filter_instead_of_file != NULL)
		log_error("%s: no such file, so it was taken for the filter expression",
		    options->filter_instead_of_file);
	return EX_USAGE;
}

/* The output is begun anew, and evidence is not to be overwritten by a slip. */
static int
spare_captures(const struct capture *capture, const struct conf *conf)
{
	const char *path = conf->output.path;

	if (path == NULL || strcmp(path, "-") == 0 || !capture_reads(capture, path))
		return 0;
	log_error("-o: %s is one of the captures; name another file", path);
	return EX_USAGE;
}

static const char *
source_name(const void *context, uint16_t source)
{
	return capture_source_name(context, source);
}

static void
show_progress(struct run *run, const struct capture *capture)
{
	uint64_t done, all;

	if (!run->progress.wanted)
		return;
	capture_progress(capture, &done, &all);
	progress_update(&run->progress, done, all);
}

static void
read_captures(struct run *run, struct capture *capture)
{
	struct packet batch[CAPTURE_BATCH];
	size_t n;

	while (!signals_stop_asked() && !run->output_failed &&
	       (n = capture_next(capture, batch)) > 0) {
		run_packets(run, batch, n);
		show_progress(run, capture);
	}
}

static size_t
report_damage(const struct capture *capture)
{
	const char *text;
	size_t n;

	for (n = 0; (text = capture_damage(capture, n)) != NULL; n++) {
		if (n < DAMAGE_SHOWN)
			log_error("%s", text);
	}
	if (n > DAMAGE_SHOWN)
		log_error("%zu more captures are damaged", n - DAMAGE_SHOWN);
	return n;
}

static int
watch(struct run *run, struct capture *capture)
{
	size_t damaged = 0;

	progress_init(&run->progress, run->options->verbosity >= 0);
	read_captures(run, capture);
	if (run->output_failed)
		return EX_OSERR;
	run_finish(run);
	/* Asked to stop, we cut the input short ourselves. */
	if (signals_stop_asked())
		log_warn("ended on request after %" PRIu64 " packets", run->packets);
	else
		damaged = report_damage(capture);
	run_summary(run);
	if (run->output_failed)
		return EX_OSERR;
	return damaged > 0 ? EX_DATAERR : EX_OK;
}

int
run_saved(const struct conf *conf, const struct options *options)
{
	struct run run;
	struct capture *capture = capture_new();
	const struct sink_names names = { .source = source_name, .context = capture };
	int code;

	if (capture == NULL) {
		log_error("out of memory");
		return EX_OSERR;
	}
	run_init(&run, conf, options);
	hints_init(&run.hints, false, 0);
	code = open_captures(capture, options);
	if (code == 0)
		code = spare_captures(capture, conf);
	if (code == 0)
		code = run_open(&run, &names);
	if (code == 0)
		code = watch(&run, capture);
	run_close(&run);
	capture_free(capture);
	return code;
}
