/* SPDX-License-Identifier: BSD-2-Clause */
#include "reasm_pool.h"

enum { TICK_US = REASM_LINGER_US };

/* Whether the grace that runs since the half's packet number since, at since_us, is over.
 */
static bool
grace_over(const struct reasm_half *half, const struct reasm_pool *pool, uint32_t since,
    int64_t since_us, unsigned graces)
{
	return half->packets - since > graces * REASM_GRACE_PACKETS ||
	       pool->now.ts_us - since_us > (int64_t)graces * REASM_GRACE_US;
}

/*
 * The ways forward, in order of preference. Each looks at one direction: it tells an
 * event, or changes something so that the others are to be asked again, or neither.
 */
enum step { STEP_NONE, STEP_MOVED, STEP_TOLD };

static enum step
tell_data(struct reasm_half *half, struct reasm_event *event, uint8_t dir,
    const struct reasm_segment *s, const uint8_t *bytes)
{
	event->kind = REASM_DATA;
	event->dir = dir;
	event->data = slice_of(bytes, s->n);
	event->origin = s->origin;
	half->delivered += s->n;
	advance(half, s->n);
	return STEP_TOLD;
}

static enum step
tell_gap(struct reasm_half *half, struct reasm_pool *pool, struct reasm_event *event,
    uint8_t dir, uint32_t upto, enum reasm_gap gap)
{
	uint32_t bytes = upto - half->next;

	*event = (struct reasm_event){
		.kind = REASM_GAP,
		.dir = dir,
		.gap_bytes = bytes,
		.gap = gap,
		.origin = pool->now,
	};
	half->lost += bytes;
	pool->stats.gaps[gap]++;
	pool->stats.gap_bytes[gap] += bytes;
	advance(half, bytes);
	return STEP_TOLD;
}

/* A direction that sent nothing at all has no end to tell. */
static enum step
tell_end(struct reasm_half *half, struct reasm_pool *pool, struct reasm_event *event,
    uint8_t dir, bool reset)
{
	held_drop(pool, half);
	half_clear(half, HALF_HOLE | HALF_PHANTOM | HALF_FORCED | HALF_CUT);
	half->flags |= HALF_ENDED;
	if (!(half->flags & HALF_HEARD))
		return STEP_MOVED;
	*event = (struct reasm_event){
		.kind = REASM_END,
		.dir = dir,
		.reset = reset,
		.origin = pool->now,
	};
	return STEP_TOLD;
}

static enum step
tell_held(struct reasm_half *half, struct reasm_pool *pool, struct reasm_event *event,
    uint8_t dir)
{
	struct reasm_segment *s = held_pop(half);

	take_tail(half, s);
	if (s->n == 0) {
		held_put(pool, s);
		return STEP_MOVED;
	}
	pool->spent = s;
	return tell_data(half, event, dir, s, segment_bytes(pool, s));
}

/* Where the hole at next ends, if upto is known to lie behind it. */
static uint32_t
hole_end(const struct reasm_half *half, uint32_t upto)
{
	return half->first ? seq_min(half->first->seq, upto) : upto;
}

/* The first held segment is where the stream is. */
static bool
has_head(const struct reasm_half *half)
{
	return half->first != NULL && (half->flags & HALF_STARTED) &&
	       seq_diff(half->first->seq, half->next) <= 0;
}

static bool
came_first(const struct reasm_half *a, const struct reasm_half *b)
{
	const struct origin *o = &a->first->origin, *p = &b->first->origin;

	return o->ts_us != p->ts_us ? o->ts_us < p->ts_us : o->number <= p->number;
}

static enum step
step_start(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];

	(void)event;
	if ((half->flags & HALF_STARTED) || half->first == NULL)
		return STEP_NONE;
	if (!(reasm->flags & REASM_DRAIN) && half->blocks <= pool->held_blocks &&
	    !grace_over(half, pool, half->hole_packets, half->hole_since_us, 1))
		return STEP_NONE;
	half_start(half);
	return STEP_MOVED;
}

static enum step
step_cut(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];
	uint32_t end = hole_end(half, half->cut);

	if (!(half->flags & HALF_CUT))
		return STEP_NONE;
	if (seq_diff(half->cut, half->next) <= 0)
		half_clear(half, HALF_CUT);
	if (seq_diff(end, half->next) <= 0)
		return STEP_NONE;
	return tell_gap(half, pool, event, dir, end, REASM_GAP_SNAPLEN);
}

static enum step
step_fin(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];

	if (!(half->flags & HALF_FIN) || (half->flags & HALF_ENDED))
		return STEP_NONE;
	if (seq_diff(half->seen, half->fin) > 0) {
		half_clear(half, HALF_FIN); /* the stream goes on: it was forged */
		return STEP_NONE;
	}
	if (half->next == half->fin) {
		advance(half, 1); /* the FIN takes a number of its own */
		return tell_end(half, pool, event, dir, false);
	}
	return STEP_NONE;
}

static enum step
step_held(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];

	if (!has_head(half) || must_wait(&reasm->half[!dir], half->first))
		return STEP_NONE;
	return tell_held(half, pool, event, dir);
}

/*
 * Runs one grace for what is known to be missing: what the other side acknowledged, or,
 * where that was never heard, what lies in front of the held data. What is acknowledged
 * while a grace runs gets one of its own afterwards.
 */
static void
watch_hole(struct reasm_half *half, const struct reasm_pool *pool)
{
	uint32_t missing = half->next;

	if (half->flags & HALF_ACKED)
		missing = half->acked;
	else if (half->first != NULL)
		missing = half->first->seq;
	if (seq_diff(missing, half->next) <= 0 ||
	    ((half->flags & HALF_PHANTOM) && !half->first && missing == half->next + 1)) {
		half_clear(half, HALF_HOLE);
		return;
	}
	if (!(half->flags & HALF_HOLE) || seq_diff(half->next, half->hole_ack) >= 0) {
		half->flags |= HALF_HOLE;
		half->hole_ack = missing;
		half->hole_packets = half->packets;
		half->hole_since_us = pool->now.ts_us;
	}
	half->hole_ack = seq_min(half->hole_ack, missing);
}

static bool
hole_is_over(const struct reasm_half *half, const struct reasm_pool *pool)
{
	if (half->flags & HALF_ACKED)
		return grace_over(half, pool, half->hole_packets, half->hole_since_us, 1);
	return half->packets - half->hole_packets > REASM_BLIND_PACKETS ||
	       pool->now.ts_us - half->hole_since_us > REASM_GRACE_US;
}

static enum step
step_lost(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];
	uint32_t end;

	if ((half->flags & (HALF_STARTED | HALF_ENDED)) != HALF_STARTED || has_head(half))
		return STEP_NONE;
	watch_hole(half, pool);
	if (!(half->flags & HALF_HOLE))
		return STEP_NONE;
	end = hole_end(half, half->hole_ack);
	if (!hole_is_over(half, pool)) {
		if (!(half->flags & HALF_PHANTOM) || half->first == NULL)
			return STEP_NONE;
		end = half->next + 1;
	} else if (end == half->next + 1 && half->first == NULL) {
		half->flags |= HALF_PHANTOM;
		half_clear(half, HALF_HOLE);
		return STEP_MOVED;
	}
	return tell_gap(half, pool, event, dir, end, REASM_GAP_LOST);
}

/* A hole in the other direction is given up within two graces: what waits longer waits
 * for an acknowledgment that was taken back. */
static enum step
step_late(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir], *other = &reasm->half[!dir];

	if (!has_head(half) || !(other->flags & HALF_STARTED) ||
	    !grace_over(other, pool, half->first->ticket, half->first->origin.ts_us, 2))
		return STEP_NONE;
	return tell_held(half, pool, event, dir);
}

/* Too much is held here, or was and went to others. */
static enum step
step_forced(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];
	bool crowded = half->blocks > pool->held_blocks;

	if ((half->flags & HALF_FORCED) && seq_diff(half->next, half->forced) >= 0)
		half_clear(half, HALF_FORCED);
	if (!crowded && !(half->flags & HALF_FORCED))
		return STEP_NONE;
	if (has_head(half))
		return tell_held(half, pool, event, dir);
	return tell_gap(half, pool, event, dir,
	    crowded ? half->first->seq : hole_end(half, half->forced), REASM_GAP_LIMIT);
}

/* Both directions wait for each other: no packet to come can change that. */
static enum step
step_tied(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir], *other = &reasm->half[!dir];

	if (!has_head(half) || !has_head(other) || !came_first(half, other))
		return STEP_NONE;
	return tell_held(half, pool, event, dir);
}

static enum step
step_reset(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	const struct reasm_half *half = &reasm->half[dir];

	(void)event;
	if (!(reasm->flags & REASM_RESET) || (reasm->flags & REASM_DRAIN) ||
	    (reasm->flags & REASM_RESET_DIR ? 1 : 0) != dir)
		return STEP_NONE;
	if (!reset_is_reached(reasm)) {
		if (seq_diff(half->next, reasm->reset_seq) > 0)
			cancel_reset(reasm, dir);
		return STEP_NONE;
	}
	if (pool->now.ts_us - reasm->reset_at_us < REASM_LINGER_US)
		return STEP_NONE;
	reasm->flags |= REASM_DRAIN | REASM_WAS_RESET;
	return STEP_MOVED;
}

/* A hole that the end leaves open. One number behind everything is a FIN, not a byte. */
static bool
has_last_hole(const struct reasm_half *half)
{
	if ((half->flags & (HALF_STARTED | HALF_ENDED)) != HALF_STARTED)
		return false;
	if (half->first != NULL)
		return !has_head(half);
	return (half->flags & HALF_ACKED) && seq_diff(half->acked, half->next) > 1;
}

static enum step
step_last_hole(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir], *other = &reasm->half[!dir];

	if (!(reasm->flags & REASM_DRAIN) || !has_last_hole(half))
		return STEP_NONE;
	if (has_last_hole(other) && other->first != NULL &&
	    (half->first == NULL || !came_first(half, other)))
		return STEP_NONE;
	return tell_gap(half, pool, event, dir,
	    half->first ? half->first->seq : half->acked, REASM_GAP_LOST);
}

static enum step
step_last_held(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];

	if (!(reasm->flags & REASM_DRAIN) || !has_head(half))
		return STEP_NONE;
	return tell_held(half, pool, event, dir);
}

static enum step
step_end(
    struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event, uint8_t dir)
{
	struct reasm_half *half = &reasm->half[dir];

	if (!(reasm->flags & REASM_DRAIN) || (half->flags & HALF_ENDED))
		return STEP_NONE;
	return tell_end(half, pool, event, dir, (reasm->flags & REASM_WAS_RESET) != 0);
}

/* Nothing waits in the half, nothing is known to be missing or to come behind. */
static bool
is_quiet(const struct reasm_half *half)
{
	if (half->first != NULL)
		return false;
	if ((half->flags & (HALF_STARTED | HALF_ENDED)) != HALF_STARTED)
		return true;
	return !(half->flags &
		   (HALF_HOLE | HALF_PHANTOM | HALF_FORCED | HALF_CUT | HALF_FIN)) &&
	       !((half->flags & HALF_ACKED) && seq_diff(half->acked, half->next) > 0);
}

static bool
has_work(const struct reasm *reasm, const struct reasm_half *half)
{
	return !is_quiet(half) || (!(half->flags & HALF_ENDED) &&
				      (reasm->flags & (REASM_DRAIN | REASM_RESET)));
}

/* The end of the connection, with nothing in front of it. */
static bool
ends_quietly(const struct reasm *reasm)
{
	return (reasm->flags & REASM_DRAIN) && is_quiet(&reasm->half[0]) &&
	       is_quiet(&reasm->half[1]);
}

bool
reasm_step(struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event)
{
	static enum step (*const steps[])(
	    struct reasm *, struct reasm_pool *, struct reasm_event *, uint8_t) = {
		step_start,
		step_cut,
		step_fin,
		step_held,
		step_lost,
		step_late,
		step_forced,
		step_tied,
		step_reset,
		step_last_hole,
		step_last_held,
		step_end,
	};
	const size_t last = sizeof(steps) / sizeof(*steps) - 1;
	size_t i = 0;

	if (!has_work(reasm, &reasm->half[0]) && !has_work(reasm, &reasm->half[1]))
		return false;
	if (ends_quietly(reasm))
		i = 2 * last;
	while (i / 2 <= last) {
		enum step step = steps[i / 2](reasm, pool, event, i % 2);

		if (step == STEP_TOLD)
			return true;
		i = step == STEP_MOVED ? 0 : i + 1;
	}
	return false;
}

void
reasm_settle(struct reasm *reasm, struct reasm_pool *pool)
{
	bool slow = false, due = false, holds = false;

	if (reasm->flags & REASM_RESET)
		due = !reasm_is_over(reasm);
	for (int i = 0; i < 2; i++) {
		struct reasm_half *half = &reasm->half[i];

		slow |= has_work(reasm, half) ||
			(half->flags & (HALF_STARTED | HALF_HEARD)) == HALF_HEARD;
		holds |= half->first != NULL;
		due |= half->first != NULL || (half->flags & (HALF_HOLE | HALF_FORCED));
		if (!(half->flags & (HALF_STARTED | HALF_HINT)))
			half->next =
			    half->acked; /* never seen: reasm_push() need not wait */
	}
	reasm->flags &= (uint16_t)~REASM_SLOW;
	reasm->flags |= slow ? REASM_SLOW : 0;
	if (due && !list_has(pool, LIST_DUE, reasm))
		reasm->due_us = pool->now.ts_us + TICK_US;
	list_set(pool, LIST_DUE, reasm, due);
	list_set(pool, LIST_HOLDERS, reasm, holds);
}
