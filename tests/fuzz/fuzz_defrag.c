/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Fragments of four datagrams in any order and shape, in little memory, held against a
 * plain model of one octet array a datagram. Six octets of input are one fragment:
 * datagram and flags, place, length, time, and where its octets begin in a pattern.
 *
 * The model forgets nothing, defrag() may: so what is joined must be what the model has,
 * but not the other way round.
 */

#include <stdlib.h>

#include "decode.h"
#include "defrag.h"

enum { DATAGRAMS = 4, STEP_OCTETS = 6, FRAGMENT_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* Of each octet of a datagram, every value that a fragment had for it: a bit each of 8.
 */
static uint8_t seen[DATAGRAMS][65536];
static size_t seen_end[DATAGRAMS];

static struct fragment
fragment_of(const uint8_t *step, int64_t *now_us, uint8_t *octets)
{
	struct fragment f = { .id = step[0] & (DATAGRAMS - 1),
		.v6 = step[0] & 1,
		.more = step[0] & 8,
		.proto = 6,
		.offset = (step[1] | (step[2] & 0x1fu) << 8) * 8u,
		.ts_us = *now_us += step[0] >> 6 == 3 ? 20000000 : 1000 };
	uint32_t n = step[3] * (step[0] & 16 ? 16u : 1u) % FRAGMENT_MAX;

	if (step[0] & 32)
		n = n / 8 * 8;
	f.src = f.dst = addr_from_v4((const uint8_t[4]){ 192, 0, 2, 1 });
	f.src.b[15] = (uint8_t)f.id;
	for (uint32_t i = 0; i < n; i++)
		octets[i] = (f.offset + i) / 8 % 3 == 0 ? step[4] % 8 : step[5] % 8;
	f.data = slice_of(octets, n);
	f.wire_octets = n + (step[2] >> 5 == 7);
	return f;
}

static void
note(const struct fragment *f)
{
	size_t end = f->offset + f->data.n;

	end = end < sizeof(seen[0]) ? end : sizeof(seen[0]);
	for (size_t i = f->offset; i < end; i++)
		seen[f->id][i] |= (uint8_t)(1 << f->data.p[i - f->offset]);
	seen_end[f->id] = end > seen_end[f->id] ? end : seen_end[f->id];
}

static void
check_joined(const struct fragment *f, const struct datagram *d)
{
	check(d->data.n > 0 && d->data.n <= 65535);
	check(d->v6 == f->v6 && addr_equal(&d->src, &f->src));
	for (size_t i = 0; i < d->data.n; i++)
		check(d->data.p[i] < 8 && seen[f->id][i] >> d->data.p[i] & 1);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const struct defrag_limits limits = { 3, DEFRAG_BLOCKS_MIN + 2, 30 };
	struct defrag *defrag = defrag_new(&limits);
	int64_t now_us = 0;

	for (; n >= STEP_OCTETS; data += STEP_OCTETS, n -= STEP_OCTETS) {
		uint8_t *octets = malloc(FRAGMENT_MAX);
		struct fragment f = fragment_of(data, &now_us, octets);
		struct datagram joined;
		struct segment segment;

		octets = realloc(octets, f.data.n + 1);
		f.data.p = octets;
		note(&f);
		if (defrag_take(defrag, &f, &joined)) {
			check_joined(&f, &joined);
			decode_datagram(&joined, &segment, &f);
		}
		free(octets);
	}
	defrag_free(defrag);
	for (unsigned i = 0; i < DATAGRAMS; i++) {
		memset(seen[i], 0, seen_end[i]);
		seen_end[i] = 0;
	}
	return 0;
}
