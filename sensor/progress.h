/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PROGRESS_H
#define RELAYWATCH_PROGRESS_H

/*
 * A bar on standard error while a long capture is read: only on a terminal, only when the
 * size of the input is known, erased at the end. Erase it before any other message.
 */

#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool wanted, drawn;
	unsigned calls; /* the clock is looked at now and then only */
	int64_t started_ms, drawn_ms;
};

void progress_init(struct progress *progress, bool wanted);
void progress_update(struct progress *progress, uint64_t done, uint64_t all);
void progress_erase(struct progress *progress);

#endif
