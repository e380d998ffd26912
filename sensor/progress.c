/* SPDX-License-Identifier: BSD-2-Clause */
#include "progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	CALLS_BETWEEN = 64,
	FIRST_MS = 1000, /* what is done sooner needs no bar */
	FIRST_LARGE_MS = 100,
	BETWEEN_MS = 100,
	BAR_WIDTH = 40,
};

static const uint64_t large_bytes = 50 * 1000 * 1000;

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
progress_init(struct progress *progress, bool wanted)
{
	const char *terminal = getenv("TERM");
	bool able =
	    isatty(STDERR_FILENO) && terminal != NULL && strcmp(terminal, "dumb") != 0;

	*progress = (struct progress){ .wanted = wanted && able };
	if (progress->wanted)
		progress->started_ms = now_ms();
}

static void
draw(uint64_t done, uint64_t all, int64_t elapsed_ms)
{
	double share = done < all ? (double)done / (double)all : 1.0;
	int full = (int)(share * BAR_WIDTH);
	long left_sec =
	    share > 0 ? (long)((double)elapsed_ms * (1 / share - 1) / 1000) : 0;
	char bar[BAR_WIDTH + 1];

	memset(bar, ' ', BAR_WIDTH);
	memset(bar, '#', (size_t)full);
	bar[BAR_WIDTH] = '\0';
	fprintf(stderr, "\r[%s] %3d %%  %ld:%02ld left \033[K", bar, (int)(share * 100),
	    left_sec / 60, left_sec % 60);
}

void
progress_update(struct progress *progress, uint64_t done, uint64_t all)
{
	int64_t now, first = all > large_bytes ? FIRST_LARGE_MS : FIRST_MS;

	if (!progress->wanted || all == 0 || ++progress->calls % CALLS_BETWEEN != 0)
		return;
	now = now_ms();
	if (now - progress->started_ms < first || now - progress->drawn_ms < BETWEEN_MS)
		return;
	draw(done, all, now - progress->started_ms);
	progress->drawn = true;
	progress->drawn_ms = now;
}

void
progress_erase(struct progress *progress)
{
	if (progress->drawn)
		fputs("\r\033[K", stderr);
	progress->drawn = false;
}
