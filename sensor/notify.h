/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_NOTIFY_H
#define RELAYWATCH_NOTIFY_H

/*
 * What a service manager is told (sd_notify(3)): that the capture is open, that it is
 * being looked after, that outputs are opened anew, that it ends. Without such a manager
 * all of it does nothing. Process wide by nature; for run_live.c.
 */

#include <stdint.h>

struct notify {
	int64_t interval_us; /* between two signs of life; 0: no watchdog */
	int64_t told_us;
};

/* Times are of CLOCK_MONOTONIC. */
void notify_init(struct notify *notify, int64_t now_us);

/* Ready for the first time, or again after notify_reloading(). */
void notify_ready(const char *status);
void notify_status(const char *status);
void notify_reloading(int64_t now_us);
void notify_stopping(void);

/* The loop has turned. Tells so twice in the time after which the watchdog bites. */
void notify_turn(struct notify *notify, int64_t now_us);

#endif
