/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_REASM_POOL_H
#define RELAYWATCH_REASM_POOL_H

/*
 * What reasm.c (segments in), reasm_steps.c (events out) and reasm_pool.c (held segments)
 * share, and nobody else. Descriptors of held segments lie apart from their bytes, so
 * that walking them is cheap.
 */

#include "pool.h"
#include "reasm.h"

enum reasm_half_flag {
	HALF_HEARD = 0x001,   /* sent anything */
	HALF_STARTED = 0x002, /* next is valid */
	HALF_SYN = 0x004,     /* isn is valid */
	HALF_HINT = 0x008,    /* not started, but a SYN-ACK told next */
	HALF_ACKED = 0x010,   /* acked is valid */
	HALF_HOLE = 0x020,    /* hole_* are valid: a grace is running */
	HALF_PHANTOM = 0x040, /* the acknowledged number at next may be a lost FIN */
	HALF_FORCED = 0x080,
	HALF_CUT = 0x100,
	HALF_FIN = 0x200,
	HALF_ENDED = 0x400,
};

enum reasm_flag {
	REASM_SLOW = 0x01,  /* something is out of the ordinary: no short way */
	REASM_DRAIN = 0x02, /* nothing more will come */
	REASM_RESET = 0x04, /* a RST lingers */
	REASM_RESET_DIR = 0x08,
	REASM_WAS_RESET = 0x10,
};

enum reasm_held_flag {
	HELD_ACK = 0x1, /* ack is valid */
	HELD_FIN = 0x2, /* behind the data and what was cut of them */
};

struct reasm_segment {
	struct reasm_segment *prev, *next;
	uint32_t seq;
	uint32_t n;
	uint32_t cut; /* bytes missing behind them */
	uint32_t ack;
	uint32_t ticket; /* packets of the other direction when it came */
	uint32_t flags;
	struct origin origin;
};

enum reasm_list_id { LIST_HOLDERS, LIST_DUE };

struct reasm_list {
	struct reasm *oldest, *newest;
};

struct reasm_pool {
	struct pool segments;
	uint8_t *bytes;
	uint32_t held_blocks; /* limit for one direction */
	struct reasm_list list[2];
	struct origin now;         /* the packet or tick at hand */
	struct reasm_segment lent; /* the segment at hand, when it needs no wait */
	const uint8_t *lent_bytes;
	struct reasm *lent_to; /* NULL: nothing is lent */
	uint8_t lent_dir;
	struct reasm_segment *spent; /* given out by the last reasm_next() */
	struct reasm_stats stats;
};

static inline int32_t
seq_diff(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b);
}

static inline uint32_t
seq_min(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) < 0 ? a : b;
}

static inline uint32_t
seq_max(uint32_t a, uint32_t b)
{
	return seq_diff(a, b) < 0 ? b : a;
}

static inline uint8_t *
segment_bytes(const struct reasm_pool *pool, const struct reasm_segment *s)
{
	return pool->bytes + (size_t)pool_index(&pool->segments, s) * REASM_BLOCK_BYTES;
}

static inline void
half_clear(struct reasm_half *half, unsigned flags)
{
	half->flags &= (uint16_t)~flags;
}

static inline void
advance(struct reasm_half *half, uint32_t bytes)
{
	half->next += bytes;
	half->seen = seq_max(half->seen, half->next);
	half_clear(half, HALF_PHANTOM);
}

/* Whether s, of the direction opposite to other, must wait for bytes it acknowledges. */
static inline bool
must_wait(const struct reasm_half *other, const struct reasm_segment *s)
{
	int32_t missing = seq_diff(s->ack, other->next);

	if (!(s->flags & HELD_ACK) || (other->flags & HALF_ENDED))
		return false;
	if (!(other->flags & HALF_STARTED))
		return other->first != NULL;
	if (seq_diff(s->ack, other->seen) > REASM_ACK_BYTES)
		return false;
	return missing > 1 || (missing == 1 && !(other->flags & HALF_PHANTOM));
}

/* What stands behind the bytes of s. */
static inline void
take_tail(struct reasm_half *half, const struct reasm_segment *s)
{
	uint32_t end = s->seq + s->n + s->cut;

	if (s->cut > 0) {
		half->cut = half->flags & HALF_CUT ? seq_max(half->cut, end) : end;
		half->flags |= HALF_CUT;
	}
	if ((s->flags & HELD_FIN) && !(half->flags & HALF_FIN)) {
		half->fin = end;
		half->flags |= HALF_FIN;
	}
}

static inline void
cancel_reset(struct reasm *reasm, uint8_t dir)
{
	if ((reasm->flags & REASM_RESET_DIR ? 1 : 0) == dir)
		reasm->flags &= (uint16_t)~REASM_RESET;
}

static inline bool
reset_is_reached(const struct reasm *reasm)
{
	const struct reasm_half *half =
	    &reasm->half[reasm->flags & REASM_RESET_DIR ? 1 : 0];

	if (!(reasm->flags & REASM_RESET))
		return false;
	return !(half->flags & HALF_STARTED) || half->next == reasm->reset_seq;
}

/* Next is where the held bytes begin, or where a SYN-ACK said. */
void half_start(struct reasm_half *half);

/* Copies what is new of in, whose bytes are at bytes, among the held segments. */
void held_insert(struct reasm *reasm, struct reasm_pool *pool, struct reasm_half *half,
    const struct reasm_segment *in, const uint8_t *bytes);

/* Takes the first one out; its block stays valid until it is put back. */
struct reasm_segment *held_pop(struct reasm_half *half);
void held_put(struct reasm_pool *pool, struct reasm_segment *s);
void held_drop(struct reasm_pool *pool, struct reasm_half *half);

static inline bool
list_has(const struct reasm_pool *pool, enum reasm_list_id id, const struct reasm *reasm)
{
	return reasm->link[id].older != NULL || pool->list[id].oldest == reasm;
}

/* The next event, if there is one, in whatever order things are. */
bool reasm_step(struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event);

/* All events are out: who holds what, who must be looked at again, is the short way open?
 */
void reasm_settle(struct reasm *reasm, struct reasm_pool *pool);

/* Appends reasm to the list, or takes it out; nothing happens when it is so already. */
void list_set(
    struct reasm_pool *pool, enum reasm_list_id id, struct reasm *reasm, bool in);

#endif
