/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * decode() on any octets. The first two say the link type and how much the snap length
 * cut off; the rest is the packet, in heap of its own size, so that the address sanitizer
 * sees a read beyond its end.
 */

#include <stdlib.h>

#include "decode.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static void
check(bool holds)
{
	if (!holds)
		abort();
}

/* The slices of a segment lie in the packet and agree with each other. */
static void
check_segment(const struct packet *p, const struct segment *s)
{
	const uint8_t *end = p->data + p->caplen;

	check(s->tcp.p >= p->data && s->tcp.p + s->tcp.n <= end);
	check(s->tcp.n >= 20);
	check(s->payload.p >= s->tcp.p);
	check(s->payload.p + s->payload.n == s->tcp.p + s->tcp.n);
	check(s->payload.n <= s->wire_payload);
	check(s->wire_payload <= p->wirelen);
	check(s->vlan_layers <= VLAN_LAYERS_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const uint16_t linktypes[] = { 1, 0, 101, 108, 113, 228, 229, 276, 12,
		147 };
	struct packet packet;
	struct segment segment;
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
	result = decode(&packet, &segment);
	check(result < DECODE_RESULTS && decode_result_name(result) != NULL);
	if (result == DECODE_TCP) {
		check_segment(&packet, &segment);
		decode_checksum_ok(&segment);
	}
	free(copy);
	return 0;
}
