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

bool
record_queue_push(struct record_queue *queue, const struct record *head,
    const struct slice text[FACT_TEXTS])
{
	size_t bytes = sizeof(*head);
	uint8_t *at;

	for (unsigned i = 0; text != NULL && i < FACT_TEXTS; i++)
		bytes += text[i].n;
	bytes = (bytes + 7) / 8 * 8;
	at = reserve(queue, bytes);
	if (at == NULL) {
		queue->lost++;
		return false;
	}
	memcpy(at, head, sizeof(*head));
	((struct record *)(void *)at)->total_bytes = (uint32_t)bytes;
	queue->tail += bytes;
	queue->used += bytes;
	at += sizeof(*head);
	for (unsigned i = 0; text != NULL && i < FACT_TEXTS; i++) {
		if (text[i].n != 0)
			memcpy(at, text[i].p, text[i].n);
		at += text[i].n;
	}
	return true;
}

const struct record *
record_queue_peek(const struct record_queue *queue)
{
	return queue->used == 0 ? NULL : (const void *)(queue->ring + queue->head);
}

void
record_queue_pop(struct record_queue *queue)
{
	const struct record *next = record_queue_peek(queue);

	queue->used -= next->total_bytes;
	queue->head += next->total_bytes;
	if (queue->used == 0)
		return;
	next = record_queue_peek(queue);
	if (queue->head == queue->size || next->total_bytes == 0) {
		queue->used -= queue->size - queue->head;
		queue->head = 0;
	}
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
