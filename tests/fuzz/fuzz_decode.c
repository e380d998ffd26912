/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * decode_fragment() on any octets. The first two say the link type and how much the snap
 * length cut off; the rest is the packet, in heap of its own size, so that the address
 * sanitizer sees a read beyond its end.
 */

#include <stdlib.h>

#include "decode.h"

enum { WIRE_MAX_OF_CUT_MIRROR = 0x10000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
check_within(const struct packet *p, struct slice s)
{
	check(s.p >= p->data && s.p + s.n <= p->data + p->caplen);
}

/* The slices of a segment lie in the packet and agree with each other. */
static void
check_segment(const struct packet *p, const struct segment *s)
{
	check_within(p, s->tcp);
	check(s->tcp.n >= 20);
	check(s->payload.p >= s->tcp.p);
	check(s->payload.p + s->payload.n == s->tcp.p + s->tcp.n);
	check(s->payload.n <= s->wire_payload);
	check(s->wire_payload <= p->wirelen || s->wire_payload <= WIRE_MAX_OF_CUT_MIRROR);
	check(s->vlan_layers <= VLAN_LAYERS_MAX);
}

static void
check_fragment(const struct packet *p, const struct fragment *f)
{
	check_within(p, f->data);
	check(f->data.n <= f->wire_octets);
	check(f->offset % 8 == 0 && f->offset < 0x10000);
	check(f->more || f->offset > 0);
	check(addr_is_v4(&f->src) == !f->v6 && addr_is_v4(&f->dst) == !f->v6);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint16_t linktypes[] = { 1, 0, 101, 108, 113, 228, 229, 276, 12, 147,
		9, 50, 51, 104, 105, 127, 204, 219, 239, 258 };
	struct packet packet;
	struct segment segment;
	struct fragment fragment;
	enum decode_result result;
	uint8_t *copy;

	if (n < 2 || n > 70000)
		return 0;
	copy = malloc(n - 2);
	if (n > 2)
		memcpy(copy, data + 2, n - 2);
	packet = (struct packet){ .data = copy,
		.caplen = (uint32_t)n - 2,
		.wirelen = (uint32_t)n - 2 + data[1] * 16u,
		.linktype = linktypes[data[0] % (sizeof(linktypes) / 2)] };
	result = decode_fragment(&packet, &segment, &fragment);
	check(result < DECODE_RESULTS && decode_result_name(result) != NULL);
	if (result == DECODE_TCP) {
		check_segment(&packet, &segment);
		decode_checksum_ok(&segment);
	}
	if (result == DECODE_FRAGMENT)
		check_fragment(&packet, &fragment);
	free(copy);
	return 0;
}
