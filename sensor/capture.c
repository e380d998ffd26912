/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "capture_reader.h"

struct capture *
capture_new(void)
{
	return calloc(1, sizeof(struct capture));
}

void
capture_free(struct capture *capture)
{
	if (capture == NULL)
		return;
	for (size_t i = 0; i < capture->n_sources; i++) {
		struct source *source = &capture->sources[i];

		if (source->reader != NULL)
			source->reader->ops->close(source->reader);
		free(source->name);
	}
	for (size_t i = 0; i < capture->n_damage; i++)
		free(capture->damage[i]);
	packet_filter_free(capture->filter);
	free(capture->sources);
	free(capture->waiting);
	free(capture->open);
	free(capture->damage);
	free(capture);
}

static bool
is_before(const struct reader *a, const struct reader *b)
{
	if (a->head_us != b->head_us)
		return a->head_us < b->head_us;
	return a->source < b->source;
}

static void
swap(struct reader **a, struct reader **b)
{
	struct reader *reader = *a;

	*a = *b;
	*b = reader;
}

static void
sift_down(struct capture *capture)
{
	struct reader **open = capture->open;
	size_t at = 0, child;

	while ((child = 2 * at + 1) < capture->n_open) {
		if (child + 1 < capture->n_open &&
		    is_before(open[child + 1], open[child]))
			child++;
		if (!is_before(open[child], open[at]))
			return;
		swap(&open[at], &open[child]);
		at = child;
	}
}

/* A block for each of many open files would be much memory; in all they get this. */
static size_t
block_bytes(size_t n_open)
{
	const size_t all = 64 * (size_t)READER_BLOCK, least = READER_BLOCK / 16;

	if (n_open <= all / READER_BLOCK)
		return READER_BLOCK;
	return all / n_open > least ? all / n_open : least;
}

static void
push(struct capture *capture, struct reader *reader)
{
	struct reader **open = capture->open;
	size_t at = capture->n_open++;

	open[at] = reader;
	reader->block_bytes = block_bytes(capture->n_open);
	for (; at > 0 && is_before(open[at], open[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&open[at], &open[(at - 1) / 2]);
}

static void
close_source(struct capture *capture, struct reader *reader)
{
	struct source *source = &capture->sources[reader->source];
	struct capture_error text;
	size_t n;

	if (reader->flaws > 0) {
		capture_fail(&text, source->name, reader->damage);
		n = strlen(text.text);
		if (reader->flaws > 1)
			snprintf(text.text + n, sizeof(text.text) - n,
			    " (and %" PRIu64 " more)", reader->flaws - 1);
		capture_add_damage(capture, text.text);
	}
	capture->done += source->size != 0 ? source->size : reader->bytes.done;
	source->reader = NULL;
	reader->ops->close(reader);
}

/* More files overlap than descriptors may be open: from here on, files hold one only
 * while they are read. */
static void
park_all(struct capture *capture)
{
	capture->parking = true;
	for (size_t i = 0; i < capture->n_open; i++) {
		struct reader *reader = capture->open[i];

		bytes_park(&reader->bytes, capture->sources[reader->source].name);
	}
}

static enum open_result
open_source(struct capture *capture, struct source *source, struct capture_error *why)
{
	enum open_result result = open_reader(source->name, &source->reader, why);

	if (result == OPEN_NO_DESCRIPTOR && !capture->parking) {
		park_all(capture);
		result = open_reader(source->name, &source->reader, why);
	}
	if (result != OPEN_OK)
		source->reader = NULL;
	else if (capture->parking)
		bytes_park(&source->reader->bytes, source->name);
	return result;
}

/* Opens the waiting source whose turn has come. */
static void
open_next(struct capture *capture)
{
	size_t index = capture->waiting[capture->waiting_at++];
	struct source *source = &capture->sources[index];
	struct capture_error why;

	if (source->reader == NULL && open_source(capture, source, &why) != OPEN_OK) {
		capture_add_damage(capture, why.text);
		return;
	}
	source->reader->source = (uint16_t)index;
	if (reader_first_us(source->reader) == -1)
		close_source(capture, source->reader);
	else
		push(capture, source->reader);
}

static int
by_first_time(const void *a, const void *b, void *sources)
{
	const size_t *x = a, *y = b;
	const struct source *s = sources;
	int64_t x_us = s[*x].first_us, y_us = s[*y].first_us;

	if (x_us != y_us)
		return x_us < y_us ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

/* Octets of all sources; 0 where one is a stream. */
static uint64_t
sum_sizes(const struct capture *capture)
{
	uint64_t all = 0;

	for (size_t i = 0; i < capture->n_sources; i++) {
		if (capture->sources[i].size == 0)
			return 0;
		all += capture->sources[i].size;
	}
	return all;
}

static bool
start(struct capture *capture)
{
	size_t n = capture->n_sources;

	capture->waiting = calloc(n, sizeof(*capture->waiting));
	capture->open = calloc(n, sizeof(struct reader *));
	capture->started = capture->waiting != NULL && capture->open != NULL;
	if (!capture->started)
		return false;
	for (size_t i = 0; i < n; i++)
		capture->waiting[i] = i;
	capture->n_waiting = n;
	capture->all = sum_sizes(capture);
	qsort_r(capture->waiting, n, sizeof(*capture->waiting), by_first_time,
	    capture->sources);
	return true;
}

static int64_t
next_waiting_us(const struct capture *capture)
{
	size_t index;

	if (capture->waiting_at == capture->n_waiting)
		return INT64_MAX;
	index = capture->waiting[capture->waiting_at];
	return capture->sources[index].first_us;
}

/* Until when the first reader may go on before another's turn comes. */
static int64_t
run_until(const struct capture *capture)
{
	struct reader *const *open = capture->open;
	int64_t until_us = next_waiting_us(capture) - 1;

	for (size_t i = 1; i < 3 && i < capture->n_open; i++) {
		int64_t us = open[i]->head_us - (open[i]->source < open[0]->source);

		if (us < until_us)
			until_us = us;
	}
	return until_us;
}

/* The first reader's buffer is used up, and nothing of it is lent: reads on. */
static void
refill_first(struct capture *capture)
{
	struct reader *reader = capture->open[0];

	if (reader_first_us(reader) == -1) {
		capture->open[0] = capture->open[--capture->n_open];
		close_source(capture, reader);
	}
	sift_down(capture);
}

/* Keeps what the filter leaves of packets from one source. Returns how many. */
static size_t
apply_filter(struct capture *capture, struct packet *packets, size_t n, uint16_t source)
{
	struct capture_error why = { "" }, text;

	n = packet_filter_apply(capture->filter, packets, n, &why);
	if (why.text[0] != '\0') {
		capture_fail(&text, capture->sources[source].name, why.text);
		capture_add_damage(capture, text.text);
	}
	return n;
}

/* A run of packets from the first reader. Returns how many the filter leaves. */
static size_t
run_first(struct capture *capture, struct packet *out, size_t max)
{
	struct reader *reader = capture->open[0];
	size_t n = reader->ops->run(reader, out, max, run_until(capture));

	/* The order of the files is by what was seen when they were added; a file that
	 * changed since must not turn time back. */
	for (size_t i = 0; i < n; i++) {
		if (out[i].origin.ts_us > capture->clock_us)
			capture->clock_us = out[i].origin.ts_us;
		out[i].origin.ts_us = capture->clock_us;
	}
	if (reader->state == READER_READY)
		sift_down(capture);
	if (capture->filter == NULL)
		return n;
	return apply_filter(capture, out, n, reader->source);
}

size_t
capture_next(struct capture *capture, struct packet batch[static CAPTURE_BATCH])
{
	size_t n = 0;

	if (!capture->started && !start(capture))
		return 0;
	while (n < CAPTURE_BATCH) {
		if (capture->n_open > 0 && capture->open[0]->state != READER_READY) {
			if (n > 0)
				break;
			refill_first(capture);
		} else if (capture->waiting_at < capture->n_waiting &&
			   (capture->n_open == 0 ||
			       next_waiting_us(capture) <= capture->open[0]->head_us)) {
			open_next(capture);
		} else if (capture->n_open > 0) {
			n += run_first(capture, batch + n, CAPTURE_BATCH - n);
		} else {
			break;
		}
	}
	return n;
}

const char *
capture_damage(const struct capture *capture, size_t index)
{
	return index < capture->n_damage ? capture->damage[index] : NULL;
}

const char *
capture_source_name(const struct capture *capture, uint16_t source)
{
	return source < capture->n_sources ? capture->sources[source].name : "";
}

bool
capture_reads(const struct capture *capture, const char *path)
{
	struct stat file;

	if (stat(path, &file) == -1 || !S_ISREG(file.st_mode))
		return false;
	for (size_t i = 0; i < capture->n_sources; i++) {
		const struct source *source = &capture->sources[i];

		if (source->dev == file.st_dev && source->ino == file.st_ino)
			return true;
	}
	return false;
}

void
capture_progress(const struct capture *capture, uint64_t *done, uint64_t *all)
{
	*done = capture->done;
	*all = capture->all;
	for (size_t i = 0; i < capture->n_open; i++)
		*done += capture->open[i]->bytes.done;
}
