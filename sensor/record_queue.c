/* SPDX-License-Identifier: BSD-2-Clause */
#include "record.h"

#include <stdlib.h>

#include "pool.h"

/*
 * A ring of records of any length. A record never wraps: what is left at the ring's end
 * is skipped, marked by a length of 0.
 */
struct record_queue {
	uint8_t *ring;
	size_t size, head, tail; /* head: next to read; tail: next to write */
	size_t used;
	uint32_t count;
	uint64_t lost;
};

struct record_queue *
record_queue_new(size_t bytes)
{
	struct record_queue *queue = calloc(1, sizeof(*queue));

	if (queue == NULL)
		return NULL;
	queue->size = (bytes + 7) / 8 * 8;
	queue->ring = pool_reserve(queue->size);
	if (queue->ring == NULL) {
		free(queue);
		return NULL;
	}
	return queue;
}

void
record_queue_free(struct record_queue *queue)
{
	if (queue == NULL)
		return;
	pool_unreserve(queue->ring, queue->size);
	free(queue);
}

/* Room of so many bytes in one piece, or NULL. */
static uint8_t *
reserve(struct record_queue *queue, size_t need)
{
	if (queue->used == 0)
		queue->head = queue->tail = 0;
	if (queue->used != 0 && queue->tail <= queue->head)
		return queue->head - queue->tail >= need ? queue->ring + queue->tail
							 : NULL;
	if (queue->size - queue->tail >= need)
		return queue->ring + queue->tail;
	if (queue->head < need)
		return NULL;
	if (queue->tail < queue->size)
		memset(queue->ring + queue->tail, 0, sizeof(uint32_t));
	queue->used += queue->size - queue->tail;
	queue->tail = 0;
	return queue->ring;
}

struct record *
record_queue_reserve(struct record_queue *queue, size_t text_bytes)
{
	size_t bytes = (sizeof(struct record) + text_bytes + 7) / 8 * 8;
	struct record *record = (void *)reserve(queue, bytes);

	if (record == NULL)
		queue->lost++;
	else
		record->total_bytes = (uint32_t)bytes;
	return record;
}

void
record_queue_push(struct record_queue *queue, struct record *record)
{
	queue->tail += record->total_bytes;
	queue->used += record->total_bytes;
	queue->count++;
}

const struct record *
record_queue_peek(const struct record_queue *queue)
{
	return queue->used == 0 ? NULL : (const void *)(queue->ring + queue->head);
}

/* Where a record is that was pushed behind the one that ends there. */
static size_t
record_at(const struct record_queue *queue, size_t at)
{
	const struct record *r = (const void *)(queue->ring + at);

	return at == queue->size || r->total_bytes == 0 ? 0 : at;
}

void
record_queue_pop(struct record_queue *queue)
{
	const struct record *oldest = record_queue_peek(queue);
	size_t end = queue->head + oldest->total_bytes;

	queue->used -= oldest->total_bytes;
	queue->head = end;
	queue->count--;
	if (queue->used == 0)
		return;
	queue->head = record_at(queue, end);
	if (queue->head != end)
		queue->used -= queue->size - end;
}

size_t
record_queue_list(
    const struct record_queue *queue, const struct record **list, size_t max)
{
	size_t at = queue->head, n;

	for (n = 0; n < max && n < queue->count; n++) {
		at = record_at(queue, at);
		list[n] = (const void *)(queue->ring + at);
		at += list[n]->total_bytes;
	}
	return n;
}

size_t
record_queue_bytes(const struct record_queue *queue)
{
	return queue->used;
}

uint64_t
record_queue_lost(const struct record_queue *queue)
{
	return queue->lost;
}
