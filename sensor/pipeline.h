/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PIPELINE_H
#define RELAYWATCH_PIPELINE_H

/*
 * The spine of the sensor: packets in, records out. Calls decode and defrag, which do not
 * know each other, and hands each segment to track. Holds no globals: one per worker.
 */

#include "conf.h"
#include "packet.h"
#include "record.h"
#include "stats.h"

struct pipeline;

/* Takes all its memory here. conf and queue stay the caller's. NULL when out of memory.
 */
struct pipeline *pipeline_new(const struct conf *conf, struct record_queue *queue);
void pipeline_free(struct pipeline *pipeline);

/*
 * Takes packets of a batch in order and returns how many: fewer than count when the queue
 * needs to be drained first.
 */
size_t pipeline_packets(
    struct pipeline *pipeline, const struct packet *packets, size_t count);

/* Time goes on to now_us, though no packet came: what waits for it is done. Never runs
 * back. */
void pipeline_time(struct pipeline *pipeline, int64_t now_us);

/* End of input: one open connection after the other is finished. False once all are;
 * drain the queue between the calls. */
bool pipeline_finish(struct pipeline *pipeline);

/* The latest packet time seen, or the time told since. */
int64_t pipeline_now_us(const struct pipeline *pipeline);

void pipeline_stats(const struct pipeline *pipeline, struct stats_visitor *v);

#endif
