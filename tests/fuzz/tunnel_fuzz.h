/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TESTS_TUNNEL_FUZZ_H
#define RELAYWATCH_TESTS_TUNNEL_FUZZ_H

/*
 * Bytes drive the steps of both directions of a parser of proxies: a byte says which one,
 * whether it is data, a gap or the end, and how much data follows. What must wait is
 * held, as the sensor does. The same octets are fed a second time in other pieces: the
 * facts and what is inner must be the same.
 */

#include "proto.h"

#include <stdlib.h>

enum { FUZZ_STATE_MAX = 4096, FUZZ_HELD_MAX = 4096, FUZZ_STEPS_MAX = 20000 };

struct fuzz_side {
	uint8_t held[FUZZ_HELD_MAX];
	size_t n;
	uint64_t gap;
	bool end;
	bool inner;
};

struct fuzz_run {
	const struct proto *proto;
	union {
		uint8_t state[FUZZ_STATE_MAX];
		max_align_t align;
	};
	struct fuzz_side side[2];
	bool over;
	bool full;
	bool asked;
	uint32_t tx;
	uint64_t facts;    /* hash of all that was told */
	uint64_t inner[2]; /* hash of the inner octets */
};

static inline void
fuzz_must(bool holds)
{
	if (!holds)
		abort();
}

static inline uint64_t
fuzz_mix(uint64_t hash, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}

static inline void
fuzz_fact(struct fuzz_run *run, const struct fact *fact)
{
	uint32_t numbers[] = { fact->type, fact->flags, fact->code, fact->port,
		fact->tx };

	fuzz_must(fact->type == FACT_TUNNEL_ASKED || fact->type == FACT_TUNNEL_GRANTED ||
		  fact->type == FACT_TUNNEL_REFUSED);
	if (fact->type == FACT_TUNNEL_ASKED) {
		fuzz_must(fact->tx == (run->asked ? run->tx + 1 : 0));
		run->asked = true;
		run->tx = fact->tx;
	}
	fuzz_must(run->asked && fact->tx == run->tx);
	fuzz_must(fact->text[0].n <= 255 && fact->text[1].n <= 255);
	fuzz_must(fact->text[2].n <= 200);
	run->facts = fuzz_mix(run->facts, (uint8_t *)numbers, sizeof(numbers));
	for (unsigned i = 0; i < FACT_TEXTS; i++)
		run->facts = fuzz_mix(run->facts, fact->text[i].p, fact->text[i].n);
}

static inline bool
fuzz_has(const struct fuzz_side *side)
{
	return side->n > 0 || side->gap > 0 || side->end;
}

/* Gives what is held of a side to the parser: data, then a gap, then the end. */
static inline bool
fuzz_offer(struct fuzz_run *run, unsigned role)
{
	struct fuzz_side *side = &run->side[role];
	struct proto_input input = { 0 }, before;
	enum proto_result result;
	uint8_t *copy = malloc(side->n);
	struct fact fact;
	bool told = false;

	if (side->n > 0)
		memcpy(copy, side->held, side->n);
	input.data = slice_of(copy, side->n);
	if (side->n == 0) {
		input.gap = side->gap;
		input.end = side->gap == 0 && side->end;
	}
	before = input;
	for (unsigned i = 0;; i++) {
		fuzz_must(i < FUZZ_STEPS_MAX);
		memset(&fact, 0xa5, sizeof(fact)); /* all of it is the parser's to set */
		result =
		    run->proto->parse(run->state, (enum proto_role)role, &input, &fact);
		if (result != PROTO_FACT)
			break;
		fuzz_fact(run, &fact);
		told = true;
	}
	run->over = result == PROTO_DONE || result == PROTO_BAD;
	side->inner = result == PROTO_INNER;
	fuzz_must(input.data.n <= before.data.n && input.gap <= before.gap);
	memmove(side->held, side->held + before.data.n - input.data.n, input.data.n);
	side->n = input.data.n;
	if (before.gap > 0)
		side->gap = input.gap;
	if (before.end)
		side->end = input.end;
	free(copy);
	return told || side->inner || run->over || input.data.n < before.data.n ||
	       input.gap < before.gap || input.end != before.end;
}

static inline bool
fuzz_pump(struct fuzz_run *run, unsigned role)
{
	struct fuzz_side *side = &run->side[role];
	bool moved = false;

	while (!run->over && !side->inner && fuzz_has(side) && fuzz_offer(run, role))
		moved = true;
	if (side->inner) {
		run->inner[role] = fuzz_mix(run->inner[role], side->held, side->n);
		side->n = 0;
		side->gap = 0;
		side->end = false;
	}
	return moved;
}

static inline void
fuzz_both(struct fuzz_run *run, unsigned role)
{
	bool moved;

	do {
		moved = fuzz_pump(run, !role);
		moved |= fuzz_pump(run, role);
	} while (moved);
}

/*
 * The other side gets on only behind all of it: a reply that was captured before its
 * request may else be judged within it. A side that is inner goes on, whatever its
 * parser says of the other.
 */
static inline void
fuzz_data(struct fuzz_run *run, unsigned role, const uint8_t *p, size_t n, size_t piece)
{
	struct fuzz_side *side = &run->side[role];

	for (size_t at = 0; at < n && (side->inner || !run->over); at += piece) {
		size_t part = n - at < piece ? n - at : piece;

		if (side->gap > 0 || side->end || part > FUZZ_HELD_MAX - side->n) {
			run->over = run->full = true; /* not what is to be tested */
			return;
		}
		memcpy(side->held + side->n, p + at, part);
		side->n += part;
		fuzz_pump(run, role);
	}
}

static inline void
fuzz_run(struct fuzz_run *run, const struct proto *proto, const uint8_t *p, size_t n,
    size_t piece)
{
	memset(run, 0xa5, sizeof(*run));
	memset(run->side, 0, sizeof(run->side));
	run->proto = proto;
	run->over = run->full = run->asked = false;
	run->facts = run->inner[0] = run->inner[1] = 0xcbf29ce484222325u;
	fuzz_must(proto->state_bytes <= sizeof(run->state));
	proto->init(run->state);
	while (n > 0 && !run->full) {
		unsigned op = *p++, role = op & 1;
		size_t length = op >> 2;

		n--;
		length = length < n ? length : n;
		if (op == 0xfe || op == 0xff)
			run->side[role].gap += run->side[role].end ? 0 : 3;
		else if (op == 0xfc || op == 0xfd)
			run->side[role].end = true;
		else
			fuzz_data(run, role, p, length, piece);
		if (op < 0xfc) {
			p += length;
			n -= length;
		}
		fuzz_both(run, role);
	}
	run->side[0].end = run->side[1].end = true;
	fuzz_both(run, 0);
	fuzz_both(run, 1);
	for (unsigned role = 0; role < 2; role++)
		fuzz_must(
		    run->over || run->side[role].inner || !fuzz_has(&run->side[role]));
}

static inline void
fuzz_probe(const struct proto *proto, const uint8_t *data, size_t size)
{
	size_t half = size > 0 ? data[0] % size : 0;
	uint8_t *a = malloc(half), *b = malloc(size - half);

	memcpy(a, data, half);
	memcpy(b, data + half, size - half);
	for (unsigned flags = 0; flags < 16; flags += 5) {
		proto->probe(slice_of(a, half), slice_of(b, size - half), flags);
		proto->probe(slice_of(b, size - half), slice_of(a, half), flags);
	}
	free(a);
	free(b);
}

static inline void
tunnel_fuzz(const struct proto *proto, const uint8_t *data, size_t size)
{
	static struct fuzz_run whole, pieces;

	if (size == 0 || size > PROTO_PROBE_BYTES * 2)
		return;
	fuzz_probe(proto, data, size);
	fuzz_run(&whole, proto, data, size, SIZE_MAX / 2);
	fuzz_run(&pieces, proto, data, size, 1);
	fuzz_must(whole.facts == pieces.facts);
	fuzz_must(whole.inner[0] == pieces.inner[0] && whole.inner[1] == pieces.inner[1]);
}

#endif
