/* SPDX-License-Identifier: BSD-2-Clause */
#include "reasm_pool.h"

#include <stdlib.h>

struct reasm_pool *
reasm_pool_new(const struct reasm_limits *limits)
{
	struct reasm_pool *pool = calloc(1, sizeof(*pool));
	uint32_t blocks = limits->pool_blocks < 2 ? 2
			  : limits->pool_blocks > UINT32_MAX / 2
			      ? UINT32_MAX / 2
			      : (uint32_t)limits->pool_blocks;
	size_t held = limits->held_bytes / REASM_BLOCK_BYTES;

	if (pool == NULL)
		return NULL;
	if (held > REASM_HELD_BLOCKS_MAX)
		held = REASM_HELD_BLOCKS_MAX;
	if (held > blocks / 2)
		held = blocks / 2;
	pool->held_blocks = held > 0 ? (uint32_t)held : 1;
	pool->bytes = pool_reserve((size_t)blocks * REASM_BLOCK_BYTES);
	if (pool->bytes != NULL &&
	    pool_init(&pool->segments, blocks, sizeof(struct reasm_segment)) == 0)
		return pool;
	pool_unreserve(pool->bytes, (size_t)blocks * REASM_BLOCK_BYTES);
	free(pool);
	return NULL;
}

void
reasm_pool_free(struct reasm_pool *pool)
{
	if (pool == NULL)
		return;
	pool_unreserve(pool->bytes, (size_t)pool->segments.max * REASM_BLOCK_BYTES);
	pool_release(&pool->segments);
	free(pool);
}

const struct reasm_stats *
reasm_pool_stats(const struct reasm_pool *pool)
{
	return &pool->stats;
}

struct reasm *
reasm_due(const struct reasm_pool *pool, int64_t now_us)
{
	struct reasm *oldest = pool->list[LIST_DUE].oldest;

	return oldest != NULL && oldest->due_us <= now_us ? oldest : NULL;
}

void
list_set(struct reasm_pool *pool, enum reasm_list_id id, struct reasm *reasm, bool in)
{
	struct reasm_list *list = &pool->list[id];
	struct reasm_link *link = &reasm->link[id];

	if (list_has(pool, id, reasm) == in)
		return;
	if (in) {
		*link = (struct reasm_link){ .older = list->newest };
		*(list->newest ? &list->newest->link[id].newer : &list->oldest) = reasm;
		list->newest = reasm;
		return;
	}
	*(link->older ? &link->older->link[id].newer : &list->oldest) = link->newer;
	*(link->newer ? &link->newer->link[id].older : &list->newest) = link->older;
	*link = (struct reasm_link){ 0 };
}

/* Everything of the half before upto is given up at the next occasion. */
static void
half_force(struct reasm_half *half, uint32_t upto)
{
	half->forced = half->flags & HALF_FORCED ? seq_max(half->forced, upto) : upto;
	half->flags |= HALF_FORCED;
}

void
half_start(struct reasm_half *half)
{
	uint32_t seq = half->first->seq;

	/* Data lost behind a SYN nobody captured: the SYN-ACK tells where they began. */
	if (!(half->flags & HALF_HINT) || seq - half->next > REASM_ACK_BYTES)
		half->next = seq;
	half->flags |= HALF_STARTED;
	half->flags &= (uint16_t) ~(HALF_HINT | HALF_HOLE);
	if (seq_diff(half->acked, half->seen) > REASM_ACK_BYTES)
		half->flags &= (uint16_t)~HALF_ACKED;
}

void
held_put(struct reasm_pool *pool, struct reasm_segment *s)
{
	pool_put(&pool->segments, s);
	pool->stats.blocks_in_use = pool->segments.in_use;
}

static void
unlink_segment(struct reasm_half *half, struct reasm_segment *s)
{
	*(s->prev ? &s->prev->next : &half->first) = s->next;
	*(s->next ? &s->next->prev : &half->last) = s->prev;
	half->blocks--;
}

struct reasm_segment *
held_pop(struct reasm_half *half)
{
	struct reasm_segment *s = half->first;

	unlink_segment(half, s);
	return s;
}

void
held_drop(struct reasm_pool *pool, struct reasm_half *half)
{
	while (half->first != NULL)
		held_put(pool, held_pop(half));
}

static uint32_t
segment_end(const struct reasm_segment *s)
{
	return s->seq + s->n;
}

static void
give_up_held(struct reasm_pool *pool, struct reasm_half *half)
{
	const struct reasm_segment *last = half->last;

	if (last == NULL)
		return;
	if (!(half->flags & HALF_STARTED))
		half_start(half);
	half_force(half, segment_end(last) + last->cut);
	if (last->flags & HELD_FIN) {
		half->fin = segment_end(last) + last->cut;
		half->flags |= HALF_FIN;
	}
	held_drop(pool, half);
}

/* The connection that has held for the longest loses its bytes, but not that for which a
 * place is wanted. It tells the gap when it is looked at next. */
static bool
evict(struct reasm_pool *pool, const struct reasm *spared)
{
	struct reasm *victim = pool->list[LIST_HOLDERS].oldest;

	if (victim == spared)
		victim = victim->link[LIST_HOLDERS].newer;
	if (victim == NULL)
		return false;
	give_up_held(pool, &victim->half[0]);
	give_up_held(pool, &victim->half[1]);
	victim->flags |= REASM_SLOW;
	list_set(pool, LIST_HOLDERS, victim, false);
	pool->stats.evictions++;
	return true;
}

static struct reasm_segment *
take_segment(struct reasm_pool *pool, const struct reasm *reasm)
{
	struct reasm_segment *s = pool_get(&pool->segments);

	if (s == NULL && evict(pool, reasm))
		s = pool_get(&pool->segments);
	pool->stats.blocks_in_use = pool->segments.in_use;
	return s;
}

/* A new segment behind at (in front of all: NULL), with n bytes of in from seq on. NULL
 * when no block is left: then the half must go on without them. */
static struct reasm_segment *
add_segment(struct reasm *reasm, struct reasm_pool *pool, struct reasm_half *half,
    struct reasm_segment *at, const struct reasm_segment *in)
{
	struct reasm_segment *s = take_segment(pool, reasm);

	if (s == NULL) {
		if (!(half->flags & HALF_STARTED)) {
			half->next = half->first ? half->first->seq : in->seq;
			half->flags |= HALF_STARTED;
		}
		half_force(half, in->seq + in->n + in->cut);
		return NULL;
	}
	*s = *in;
	s->prev = at;
	s->next = at ? at->next : half->first;
	*(s->prev ? &s->prev->next : &half->first) = s;
	*(s->next ? &s->next->prev : &half->last) = s;
	half->blocks++;
	return s;
}

static struct reasm_segment *
add_bytes(struct reasm *reasm, struct reasm_pool *pool, struct reasm_half *half,
    struct reasm_segment *at, const struct reasm_segment *in, const uint8_t *bytes)
{
	struct reasm_segment piece = *in;

	piece.cut = 0;
	piece.flags &= HELD_ACK;
	for (uint32_t done = 0; done < in->n; done += piece.n) {
		struct reasm_segment *s;

		piece.seq = in->seq + done;
		piece.n = in->n - done;
		if (piece.n > REASM_BLOCK_BYTES)
			piece.n = REASM_BLOCK_BYTES;
		s = add_segment(reasm, pool, half, at, &piece);
		if (s == NULL) {
			half_force(half, in->seq + in->n);
			break;
		}
		memcpy(segment_bytes(pool, s), bytes + done, piece.n);
		at = s;
	}
	return at;
}

static bool
same_ack(const struct reasm_segment *a, const struct reasm_segment *b)
{
	return a->ack == b->ack && ((a->flags ^ b->flags) & HELD_ACK) == 0;
}

/* Small neighbours share a block, if they wait for the same bytes. */
static bool
merge_next(struct reasm_pool *pool, struct reasm_half *half, struct reasm_segment *a)
{
	struct reasm_segment *b = a->next;

	if (segment_end(a) != b->seq || a->cut > 0 || (a->flags & HELD_FIN) ||
	    a->n + b->n > REASM_BLOCK_BYTES || !same_ack(a, b))
		return false;
	memcpy(segment_bytes(pool, a) + a->n, segment_bytes(pool, b), b->n);
	a->n += b->n;
	a->cut = b->cut;
	a->flags |= b->flags;
	unlink_segment(half, b);
	held_put(pool, b);
	return true;
}

/* The last held segment that begins at or in front of seq, from the nearer end. */
static struct reasm_segment *
find_place(const struct reasm_half *half, uint32_t seq)
{
	struct reasm_segment *s = half->last;

	if (s == NULL || seq_diff(seq, s->seq) >= 0)
		return s;
	if (seq_diff(seq, half->first->seq) < 0)
		return NULL;
	if (seq - half->first->seq > s->seq - seq) {
		while (seq_diff(seq, s->seq) < 0)
			s = s->prev;
		return s;
	}
	for (s = half->first; s->next && seq_diff(seq, s->next->seq) >= 0; s = s->next)
		;
	return s;
}

/* The bytes of in that s holds as well are s's: the copy that arrived first. */
static uint32_t
skip_overlap(struct reasm_pool *pool, const struct reasm_segment *s,
    const struct reasm_segment *in, const uint8_t *bytes, uint32_t from)
{
	uint32_t end = seq_min(segment_end(s), segment_end(in));

	if (seq_diff(end, from) <= 0)
		return from;
	if (memcmp(segment_bytes(pool, s) + (from - s->seq), bytes + (from - in->seq),
		end - from) != 0)
		pool->stats.conflicts++;
	return end;
}

/* Whether at tells already what tail says. */
static bool
is_tail_of(const struct reasm_segment *at, const struct reasm_segment *tail)
{
	return at != NULL && segment_end(at) == tail->seq && at->cut >= tail->cut &&
	       (at->flags & HELD_FIN) >= (tail->flags & HELD_FIN);
}

/* What the snap length cut, and the FIN, go with the bytes in front of them; alone where
 * those came with another acknowledgment. True when that is news. */
static bool
add_tail(struct reasm *reasm, struct reasm_pool *pool, struct reasm_half *half,
    struct reasm_segment *at, const struct reasm_segment *in)
{
	struct reasm_segment tail = *in;
	int32_t known;

	tail.seq = segment_end(in);
	tail.n = 0;
	while (at != NULL && at->next && at->next->seq == tail.seq && at->next->n == 0)
		at = at->next;
	known = at ? seq_diff(segment_end(at), tail.seq) : 0;
	if (known > (int32_t)tail.cut)
		return false;
	if (known > 0) {
		tail.seq += (uint32_t)known;
		tail.cut -= (uint32_t)known;
	}
	if (tail.cut == 0 && !(tail.flags & HELD_FIN))
		return false;
	if (is_tail_of(at, &tail))
		return false;
	if (at == NULL || segment_end(at) != tail.seq || !same_ack(at, in))
		return add_segment(reasm, pool, half, at, &tail) != NULL;
	at->cut = at->cut > tail.cut ? at->cut : tail.cut;
	at->flags |= tail.flags;
	return true;
}

static void
merge_range(struct reasm_pool *pool, struct reasm_half *half, struct reasm_segment *s,
    uint32_t end)
{
	while (s != NULL && s->next != NULL && seq_diff(s->seq, end) <= 0)
		if (!merge_next(pool, half, s))
			s = s->next;
}

void
held_insert(struct reasm *reasm, struct reasm_pool *pool, struct reasm_half *half,
    const struct reasm_segment *in, const uint8_t *bytes)
{
	struct reasm_segment *place = find_place(half, in->seq), *at = place, *s;
	struct reasm_segment piece = *in;
	uint32_t from = in->seq, end = segment_end(in), added = 0;

	if (at != NULL)
		from = skip_overlap(pool, at, in, bytes, from);
	while (seq_diff(end, from) > 0) {
		s = at ? at->next : half->first;
		piece.seq = from;
		piece.n = s ? seq_min(s->seq, end) - from : end - from;
		added += piece.n;
		at = add_bytes(reasm, pool, half, at, &piece, bytes + (from - in->seq));
		from += piece.n;
		if (from == end)
			break;
		at = s;
		from = skip_overlap(pool, at, in, bytes, from);
	}
	if (added > 0 && added < in->n)
		pool->stats.overlaps++;
	if (add_tail(reasm, pool, half, at, in) || added > 0)
		pool->stats.out_of_order++;
	else
		pool->stats.duplicates++;
	merge_range(pool, half, place ? place : half->first, end + in->cut);
}
