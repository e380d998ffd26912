/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Bytes drive segments and calls of two connections that share a small pool. Every byte
 * sent is a function of its sequence number, so what comes out can be checked.
 */

#include "reasm.h"

#include <stdlib.h>

enum {
	CONNS = 2,
	POOL_BLOCKS = 24,
	HELD_BLOCKS = 8,
	PAYLOAD_MAX = 5000,
	EVENTS_MAX = 128
};

struct checked {
	struct reasm reasm;
	uint64_t sum[2];
	bool ended[2];
};

struct input {
	const uint8_t *p;
	size_t n;
};

static struct reasm_pool *pool;
static struct checked conns[CONNS];
static struct origin now;
static uint8_t payload[PAYLOAD_MAX];

static void
check(bool ok)
{
	if (!ok)
		abort();
}

static uint8_t
byte_at(uint32_t seq)
{
	return (uint8_t)(seq * 2654435761u >> 24);
}

static unsigned
take(struct input *in, unsigned bytes)
{
	unsigned v = 0;

	for (; bytes > 0 && in->n > 0; bytes--, in->p++, in->n--)
		v = v << 8 | *in->p;
	return v;
}

static void
check_event(struct checked *c, const struct reasm_event *e)
{
	const struct reasm_half *half = &c->reasm.half[e->dir];

	check(!c->ended[e->dir]);
	check(e->origin.ts_us <= now.ts_us);
	if (e->kind == REASM_END) {
		c->ended[e->dir] = true;
		return;
	}
	check(e->kind == REASM_DATA ? e->data.n > 0 : e->gap_bytes > 0);
	c->sum[e->dir] += e->kind == REASM_DATA ? e->data.n : e->gap_bytes;
	check(c->sum[e->dir] == half->delivered + half->lost);
	if (e->kind == REASM_DATA)
		for (size_t i = 0; i < e->data.n; i++)
			check(e->data.p[i] ==
			      byte_at(half->next - (uint32_t)(e->data.n - i)));
}

static void
drain(struct checked *c)
{
	struct reasm_event e;

	for (int i = 0; reasm_next(&c->reasm, pool, &e); i++) {
		check(i < EVENTS_MAX);
		check_event(c, &e);
	}
	check(reasm_pool_stats(pool)->blocks_in_use <= POOL_BLOCKS);
	check(c->reasm.half[0].blocks <= HELD_BLOCKS &&
	      c->reasm.half[1].blocks <= HELD_BLOCKS);
}

static void
start(struct checked *c)
{
	*c = (struct checked){ 0 };
	reasm_init(&c->reasm);
}

static void
stop(struct checked *c, bool finish)
{
	if (finish) {
		reasm_finish(&c->reasm, pool, &now);
		drain(c);
		check(reasm_is_over(&c->reasm));
		check(c->reasm.half[0].blocks == 0 && c->reasm.half[1].blocks == 0);
	}
	reasm_release(&c->reasm, pool);
}

/* Small steps around zero, now and then anything. */
static uint32_t
number(struct input *in)
{
	unsigned v = take(in, 2);

	if (v % 32 == 31)
		return take(in, 4);
	return v / 32 - (v % 32 == 30 ? 1000u : 8u);
}

static void
segment(struct input *in, struct checked *c, uint8_t dir)
{
	static const uint8_t flags[] = { TCP_ACK, TCP_ACK, TCP_ACK | TCP_PSH, TCP_SYN,
		TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST, 0 };
	struct segment s = { .flags = flags[take(in, 1) % 8], .origin = now };
	uint32_t first;

	s.seq = number(in);
	s.ack = number(in);
	first = s.seq + (s.flags & TCP_SYN ? 1 : 0);
	s.wire_payload =
	    take(in, 1) % 8 == 0 ? take(in, 2) % PAYLOAD_MAX : take(in, 1) % 64;
	s.payload = slice_of(payload, s.wire_payload);
	if (take(in, 1) % 16 == 0)
		s.payload.n = s.payload.n / 2;
	for (uint32_t i = 0; i < s.payload.n; i++)
		payload[i] = byte_at(first + i);
	reasm_push(&c->reasm, pool, &s, dir);
	drain(c);
	memset(payload, 0xee, sizeof(payload));
}

static void
tick_due(void)
{
	struct reasm *due;

	for (int i = 0; (due = reasm_due(pool, now.ts_us)) != NULL; i++) {
		check(i < CONNS);
		reasm_tick(due, pool, &now);
		drain(due == &conns[0].reasm ? &conns[0] : &conns[1]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reasm_limits limits = { POOL_BLOCKS, HELD_BLOCKS * REASM_BLOCK_BYTES };
	struct input in = { data, size };

	pool = reasm_pool_new(&limits);
	now = (struct origin){ .ts_us = 1 };
	for (int i = 0; i < CONNS; i++)
		start(&conns[i]);
	while (in.n > 0) {
		unsigned op = take(&in, 1);
		struct checked *c = &conns[op >> 1 & 1];

		now.number++;
		now.ts_us += op & 0x40 ? 700000 : 100;
		if ((op & 0x3c) == 0x3c) {
			stop(c, op & 1);
			start(c);
		} else if ((op & 0x3c) == 0x38) {
			tick_due();
		} else {
			segment(&in, c, op & 1);
		}
	}
	for (int i = 0; i < CONNS; i++)
		stop(&conns[i], true);
	check(reasm_pool_stats(pool)->blocks_in_use == 0);
	check(reasm_due(pool, INT64_MAX) == NULL);
	reasm_pool_free(pool);
	return 0;
}
