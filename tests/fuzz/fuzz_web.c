/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is told, hashed; pieces of so many octets. */
static uint64_t
names(const uint8_t *data, size_t size, size_t piece)
{
	void *state = malloc(proto_web.state_bytes);
	uint64_t hash = 0;
	bool over = false;

	proto_web.init(state);
	for (size_t at = 0; at < size && !over; at += piece) {
		struct proto_input input = { .data = slice_head(
						 slice_of(data + at, size - at), piece) };
		struct fact fact;
		enum proto_result result;

		while ((result = proto_web.parse(
			    state, PROTO_REQUESTER, &input, &fact)) == PROTO_FACT) {
			for (size_t i = 0; i < fact.text[0].n; i++)
				hash = hash * 31 + fact.text[0].p[i] + 1;
		}
		over = result == PROTO_DONE;
	}
	free(state);
	return hash;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t piece = size > 0 ? data[0] % 16 + 1u : 1;

	if (names(data, size, size) != names(data, size, piece))
		abort();
	return 0;
}
