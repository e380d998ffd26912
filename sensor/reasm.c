/* SPDX-License-Identifier: BSD-2-Clause */
#include "reasm_pool.h"

void
reasm_init(struct reasm *reasm)
{
	*reasm = (struct reasm){ .flags = REASM_SLOW };
}

void
reasm_release(struct reasm *reasm, struct reasm_pool *pool)
{
	held_drop(pool, &reasm->half[0]);
	held_drop(pool, &reasm->half[1]);
	list_set(pool, LIST_HOLDERS, reasm, false);
	list_set(pool, LIST_DUE, reasm, false);
	if (pool->lent_to == reasm)
		pool->lent_to = NULL;
	reasm_init(reasm);
}

bool
reasm_is_over(const struct reasm *reasm)
{
	return (reasm->half[0].flags & reasm->half[1].flags & HALF_ENDED) != 0;
}

/* False for the SYN of another connection on the same ports. */
static bool
take_syn(struct reasm *reasm, const struct segment *segment, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];
	uint32_t start = segment->seq + 1, room;

	if (half->flags & HALF_SYN)
		return half->isn == segment->seq;
	/* Captured behind data: it must lie closely in front of them. */
	room = REASM_ACK_BYTES;
	if (half->flags & HALF_STARTED) {
		if (half->next - start > half->delivered + half->lost + room)
			return false;
	} else {
		if (half->first != NULL && half->first->seq - start > room)
			return false;
		if (half->first == NULL)
			half->seen = start;
		half->next = start;
		half_clear(half, HALF_HINT | HALF_HOLE);
	}
	half->isn = segment->seq;
	half->flags |= HALF_STARTED | HALF_SYN;
	return true;
}

/* The side dir acknowledges bytes of the other. */
static void
take_ack(struct reasm *reasm, const struct segment *segment, uint8_t dir)
{
	struct reasm_half *other = &reasm->half[!dir];

	if (other->flags & HALF_STARTED) {
		if (seq_diff(segment->ack, other->seen) > REASM_ACK_BYTES ||
		    seq_diff(segment->ack, other->next) < -REASM_AHEAD_BYTES)
			return;
		if (seq_diff(segment->ack, other->acked) > 0 &&
		    !(segment->flags & TCP_RST))
			cancel_reset(reasm, dir);
	} else if ((segment->flags & TCP_SYN) && !(other->flags & HALF_HINT)) {
		other->next = segment->ack;
		other->flags |= HALF_HINT;
	}
	other->acked = segment->ack;
	other->flags |= HALF_ACKED;
}

/*
 * RFC 5961 section 3.2: only a RST at the sequence number its receiver expects is one.
 * That is where the stream is or will be when data captured late have come, or what the
 * receiver acknowledged. A refusal carries no number of its own (RFC 9293
 * section 3.10.7.1).
 */
static void
take_reset(struct reasm *reasm, const struct segment *segment, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir], *other = &reasm->half[!dir];
	bool expected = (half->flags & HALF_ACKED) && half->acked == segment->seq;
	uint32_t at = segment->seq;

	if (!(half->flags & HALF_STARTED)) {
		if ((segment->flags & TCP_ACK) && (other->flags & HALF_SYN))
			expected =
			    segment->ack - other->isn - 1 <= other->seen - other->isn - 1;
		if (!expected)
			return;
	} else if (expected && seq_diff(at, half->next) < 0) {
		at = half->next;
	} else if (at - half->next > half->seen - half->next + REASM_ACK_BYTES) {
		return;
	}
	if ((reasm->flags & REASM_RESET) && reasm->reset_seq == at)
		return;
	reasm->flags &= (uint16_t)~REASM_RESET_DIR;
	reasm->flags |= REASM_RESET | (dir ? REASM_RESET_DIR : 0);
	reasm->reset_seq = at;
	reasm->reset_at_us = segment->origin.ts_us;
}

/* A side that sends a bare segment from seq has sent nothing beyond (a keep-alive: beyond
 * the next number): who acknowledged more lied, or a packet was late. */
static void
take_bare(struct reasm_half *half, uint32_t seq)
{
	if ((half->flags & (HALF_ACKED | HALF_STARTED)) == (HALF_ACKED | HALF_STARTED) &&
	    seq_diff(seq, half->next) >= -1 && seq_diff(half->acked, seq) > 0)
		half->acked = seq_max(seq, half->next);
}

/* Bytes of a direction whose SYN was not seen: held until it is clear where they begin.
 */
static void
hold_first(struct reasm *reasm, struct reasm_pool *pool, uint8_t dir,
    const struct reasm_segment *in, const struct segment *segment)
{
	struct reasm_half *half = &reasm->half[dir];
	uint32_t end = in->seq + in->n + in->cut;

	if (in->n + in->cut == 1 && !(segment->flags & (TCP_PSH | TCP_FIN | TCP_SYN)))
		return;
	if (half->first == NULL) {
		half->seen = end;
		half->flags |= HALF_HOLE;
		half->hole_packets = half->packets;
		half->hole_since_us = pool->now.ts_us;
	} else if (in->seq - half->first->seq + REASM_ACK_BYTES > 2u * REASM_ACK_BYTES) {
		return;
	}
	half->seen = seq_max(half->seen, end);
	held_insert(reasm, pool, half, in, segment->payload.p);
}

/* Cuts off what was delivered or given up. False when nothing is left. */
static bool
trim(struct reasm_half *half, struct reasm_segment *in, const uint8_t **bytes)
{
	uint32_t old = half->next - in->seq, all = in->n + in->cut;

	if (seq_diff(half->next, in->seq) <= 0)
		return in->seq - half->next <= REASM_AHEAD_BYTES;
	if (old > all || (old == all && !(in->flags & HELD_FIN)))
		return false;
	*bytes += old < in->n ? old : in->n;
	in->seq = half->next;
	in->cut = old < in->n ? in->cut : all - old;
	in->n = old < in->n ? in->n - old : 0;
	return true;
}

static void
lend(struct reasm *reasm, struct reasm_pool *pool, uint8_t dir,
    const struct reasm_segment *in, const uint8_t *bytes)
{
	if (in->n == 0) {
		take_tail(&reasm->half[dir], in);
		return;
	}
	pool->lent = *in;
	pool->lent_bytes = bytes;
	pool->lent_to = reasm;
	pool->lent_dir = dir;
}

static void
take_bytes(struct reasm *reasm, struct reasm_pool *pool, uint8_t dir,
    struct reasm_segment *in, const struct segment *segment)
{
	struct reasm_half *half = &reasm->half[dir];
	const uint8_t *bytes = segment->payload.p;
	uint32_t end = in->seq + in->n + in->cut, n = in->n;

	if ((half->flags & HALF_ENDED) || !trim(half, in, &bytes)) {
		pool->stats.duplicates++;
		return;
	}
	if ((reasm->flags & REASM_RESET) && seq_diff(end, reasm->reset_seq) > 0)
		cancel_reset(reasm, dir);
	half->seen = seq_max(half->seen, end);
	if (in->seq == half->next && !must_wait(&reasm->half[!dir], in) &&
	    (half->first == NULL || seq_diff(half->first->seq, end) >= 0)) {
		pool->stats.overlaps += in->n < n;
		lend(reasm, pool, dir, in, bytes);
		return;
	}
	held_insert(reasm, pool, half, in, bytes);
}

static __attribute__((noinline)) void
push_slowly(struct reasm *reasm, struct reasm_pool *pool, const struct segment *segment,
    uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];
	struct reasm_segment in = {
		.seq = segment->seq + (segment->flags & TCP_SYN ? 1 : 0),
		.n = (uint32_t)segment->payload.n,
		.cut = segment->wire_payload - (uint32_t)segment->payload.n,
		.ack = segment->ack,
		.ticket = reasm->half[!dir].packets,
		.flags = (segment->flags & TCP_ACK ? HELD_ACK : 0) |
			 (segment->flags & TCP_FIN ? HELD_FIN : 0),
		.origin = segment->origin,
	};

	reasm->flags |= REASM_SLOW;
	half->flags |= HALF_HEARD;
	half->packets++;
	if (reasm_is_over(reasm))
		return;
	if ((segment->flags & TCP_SYN) && !take_syn(reasm, segment, dir))
		return;
	if (segment->flags & TCP_ACK)
		take_ack(reasm, segment, dir);
	if (segment->flags & TCP_RST)
		take_reset(reasm, segment, dir);
	else if (in.n + in.cut == 0 && (segment->flags & TCP_SYN))
		return;
	else if (in.n + in.cut == 0 && !(in.flags & HELD_FIN))
		take_bare(half, in.seq);
	else if (half->flags & (HALF_STARTED | HALF_ENDED))
		take_bytes(reasm, pool, dir, &in, segment);
	else
		hold_first(reasm, pool, dir, &in, segment);
}

void
reasm_push(struct reasm *reasm, struct reasm_pool *pool, const struct segment *segment,
    uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir], *other = &reasm->half[!dir];
	uint32_t n = (uint32_t)segment->payload.n;

	pool->now = segment->origin;
	if ((reasm->flags & REASM_SLOW) || segment->seq != half->next ||
	    (half->flags & (HALF_STARTED | HALF_ENDED)) != HALF_STARTED ||
	    (segment->flags & (TCP_SYN | TCP_RST | TCP_FIN | TCP_ACK)) != TCP_ACK ||
	    seq_diff(segment->ack, other->next) > 0 || segment->wire_payload != n) {
		push_slowly(reasm, pool, segment, dir);
		return;
	}
	half->packets++;
	other->acked = segment->ack;
	other->flags |= HALF_ACKED;
	if (n == 0)
		return;
	pool->lent.n = n;
	pool->lent.cut = 0;
	pool->lent.flags = 0;
	pool->lent_bytes = segment->payload.p;
	pool->lent_to = reasm;
	pool->lent_dir = dir;
}

void
reasm_tick(struct reasm *reasm, struct reasm_pool *pool, const struct origin *now)
{
	pool->now = *now;
	reasm->flags |= REASM_SLOW;
	/* To the end of the line, if it still waits after that. */
	list_set(pool, LIST_DUE, reasm, false);
}

void
reasm_finish(struct reasm *reasm, struct reasm_pool *pool, const struct origin *now)
{
	pool->now = *now;
	reasm->flags |= REASM_SLOW | REASM_DRAIN;
}

/* The segment at hand, straight from its packet. */
static void
tell_lent(struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event)
{
	struct reasm_half *half = &reasm->half[pool->lent_dir];
	uint32_t n = pool->lent.n;

	event->kind = REASM_DATA;
	event->dir = pool->lent_dir;
	event->data = slice_of(pool->lent_bytes, n);
	event->origin = pool->now;
	half->delivered += n;
	pool->lent_to = NULL;
	pool->lent.seq = half->next;
	advance(half, n);
	if (pool->lent.cut > 0 || pool->lent.flags != 0)
		take_tail(half, &pool->lent);
}

bool
reasm_next(struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event)
{
	if (pool->spent != NULL) {
		held_put(pool, pool->spent);
		pool->spent = NULL;
	}
	if (pool->lent_to == reasm) {
		tell_lent(reasm, pool, event);
		return true;
	}
	if (!(reasm->flags & REASM_SLOW))
		return false;
	if (reasm_step(reasm, pool, event))
		return true;
	reasm_settle(reasm, pool);
	return false;
}
