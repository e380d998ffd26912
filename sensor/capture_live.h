/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CAPTURE_LIVE_H
#define RELAYWATCH_CAPTURE_LIVE_H

/*
 * A network interface in, packets out, by way of libpcap's ring that the kernel fills. It
 * is opened with the right to capture, and needs none afterwards: an interface that goes
 * down and comes up is followed, one that is removed and made anew is bound to again.
 */

#include "capture.h"
#include "conf.h"
#include "interface.h"
#include "stats.h"

struct live;

/* Takes root or CAP_NET_RAW; nothing that follows does. NULL with *error, which says what
 * to do. */
struct live *live_open(
    const char *interface, const struct conf_capture *conf, struct capture_error *error);
void live_close(struct live *live);

/* 0, or -1 with *error. */
int live_filter(struct live *live, const char *expression, struct capture_error *error);

/* What there is by now, at most CAPTURE_BATCH packets, lent until the next call. Never
 * waits. */
size_t live_next(struct live *live, struct packet batch[static CAPTURE_BATCH]);

/* Link time: that of the last packet, or, where none came, the time until which there
 * was none. Never runs back. */
int64_t live_time_us(const struct live *live);

/* To wait on for more; -1 while nothing can come. */
int live_fd(const struct live *live);

/* Looks after the interface and its counters, about once a second. Where it is there anew
 * the capture goes on with it. */
enum interface_state live_check(struct live *live);

uint32_t live_frame_max(const struct live *live); /* interface_frame_max() */
uint64_t live_kernel_drops(const struct live *live);
uint64_t live_interface_drops(const struct live *live);
void live_stats(const struct live *live, struct stats_visitor *v);

#endif
