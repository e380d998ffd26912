/* SPDX-License-Identifier: BSD-2-Clause */
#include "probe.h"

void
probe_init(struct probe *probe)
{
	memset(probe, 0, offsetof(struct probe, piece));
}

/* Whether a step only carries on what the latest piece has. */
static bool
continues(const struct probe *probe, uint8_t dir, const struct proto_input *input)
{
	const struct probe_piece *last;

	if (probe->pieces == 0 || input->gap > 0)
		return false;
	last = &probe->piece[probe->pieces - 1];
	return last->dir == dir && last->gap == 0 && !last->end;
}

bool
probe_keep(struct probe *probe, uint8_t dir, struct proto_input *input,
    const struct origin *origin)
{
	struct slice data =
	    slice_head(input->data, PROTO_PROBE_BYTES - probe->count[dir]);
	struct probe_piece *piece;

	if (!continues(probe, dir, input)) {
		if (probe->pieces == PROBE_PIECES)
			return false;
		probe->piece[probe->pieces++] =
		    (struct probe_piece){ .dir = dir, .gap = input->gap };
	}
	piece = &probe->piece[probe->pieces - 1];
	piece->end = input->end;
	piece->origin = *origin;
	piece->count += (uint16_t)data.n;
	if (data.n > 0)
		memcpy(probe->bytes[dir] + probe->count[dir], data.p, data.n);
	probe->count[dir] += (uint16_t)data.n;
	if (input->gap > 0)
		probe->from[dir] = probe->count[dir];
	*input = (struct proto_input){ .data = slice_tail(input->data, data.n) };
	return input->data.n == 0;
}

struct slice
probe_seen(const struct probe *probe, unsigned dir)
{
	return slice_of(
	    probe->bytes[dir] + probe->from[dir], probe->count[dir] - probe->from[dir]);
}

enum proto_probe
probe_ask(const struct slice seen[2], const unsigned flags[2], struct probe_claim *claim)
{
	enum proto_probe best = PROTO_NO;

	for (unsigned i = 0; proto_table[i] != NULL; i++) {
		for (unsigned dir = 0; dir < 2; dir++) {
			enum proto_probe answer =
			    proto_table[i]->probe(seen[dir], seen[!dir], flags[dir]);

			if (answer == PROTO_YES) {
				*claim = (struct probe_claim){ proto_table[i], dir == 1 };
				return PROTO_YES;
			}
			if (answer == PROTO_MAYBE)
				best = PROTO_MAYBE;
		}
	}
	return flags[0] & PROTO_PROBE_LAST ? PROTO_NO : best;
}
