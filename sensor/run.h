/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RUN_H
#define RELAYWATCH_RUN_H

/*
 * A run of the program: the stages of both houses and what moves them. run.c opens, feeds
 * and ends them; run_saved.c and run_live.c are the two loops that do so. Belongs to
 * the loop, for the time of the run.
 */

#include "analyzer.h"
#include "conf.h"
#include "hints.h"
#include "options.h"
#include "packet.h"
#include "pipeline.h"
#include "progress.h"
#include "record.h"
#include "sink.h"

struct run {
	const struct conf *conf;
	const struct options *options;
	struct record_queue *queue;
	struct pipeline *pipeline;
	struct sinks *sinks;
	struct analyzers *analyzers;
	struct progress progress;
	struct hints hints;
	/* The input's own counters, or NULL. */
	void (*input_stats)(void *input, struct stats_visitor *v);
	void *input;
	uint64_t packets;
	int64_t first_us, last_us; /* packet time */
	int64_t ticked_us;
	bool output_failed;
};

/* Both read their input to its end, or to a signal. Return the exit code. */
int run_saved(const struct conf *conf, const struct options *options);
int run_live(const struct conf *conf, const struct options *options);

/* From here on: for the two loops. */

void run_init(struct run *run, const struct conf *conf, const struct options *options);
/* 0, or an exit code; the error was told. */
int run_open(struct run *run, const struct sink_names *names);
void run_close(struct run *run);

/* Packets in order of time. */
void run_packets(struct run *run, const struct packet *packets, size_t n);
/* Time goes on to now_us without a packet. */
void run_time(struct run *run, int64_t now_us);
/* The next hint not yet given about the way the traffic is captured. */
bool run_hint(struct run *run, char text[static HINT_TEXT_MAX]);
/* A stats event, if any output wants one. */
void run_stats(struct run *run, struct inventory *inventory);
/* What was written leaves. */
void run_flush(struct run *run);
/* End of input: all that is counted is told. */
void run_finish(struct run *run);
/* For people. */
void run_summary(struct run *run);

#endif
