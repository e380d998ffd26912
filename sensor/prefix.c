/* SPDX-License-Identifier: BSD-2-Clause */
#include "prefix.h"

#include <xxhash.h>

enum prefix_state {
	PREFIX_START, /* may still be a PROXY header */
	PREFIX_LINE,  /* inside a v1 header: up to the line's end */
	PREFIX_BLOCK, /* inside a v2 header: skip octets */
	PREFIX_BODY,
	PREFIX_DONE,
};

enum { V1_MAX = 107, V1_HEAD = 6, V2_HEAD = 16 };

static const uint8_t v1_start[] = "PROXY ";
static const uint8_t v2_start[] = "\r\n\r\n\0\r\nQUIT\n";
static const uint8_t lengths[RECORD_PREFIXES] = { 16, 32, 64 };

void
prefix_init(struct prefix *prefix)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		prefix->half[dir].count = 0;
		prefix->half[dir].state = PREFIX_START;
	}
}

static bool
starts(const struct prefix_half *half, const uint8_t *with, size_t n)
{
	return memcmp(half->bytes, with, half->count < n ? half->count : n) == 0;
}

/* Decides what the first octets are; they are kept as long as it is open. */
static void
judge_start(struct prefix_half *half)
{
	bool v1 = starts(half, v1_start, sizeof(v1_start) - 1);
	bool v2 = starts(half, v2_start, sizeof(v2_start) - 1);

	if (!v1 && !v2) {
		half->state = PREFIX_BODY;
	} else if (v1 && half->count == V1_HEAD) {
		half->skip = V1_MAX - half->count;
		half->count = 0;
		half->state = PREFIX_LINE;
	} else if (v2 && half->count >= V2_HEAD) {
		half->skip = be16(half->bytes + 14);
		half->count = 0;
		half->state = half->skip == 0 ? PREFIX_BODY : PREFIX_BLOCK;
	}
}

/* Drops header octets from the front of data. */
static struct slice
skip_header(struct prefix_half *half, struct slice data)
{
	size_t n = data.n < half->skip ? data.n : half->skip;
	const uint8_t *end = NULL;

	if (half->state == PREFIX_LINE)
		end = memchr(data.p, '\n', n);
	if (end != NULL)
		n = (size_t)(end - data.p) + 1;
	half->skip -= (uint32_t)n;
	if (end != NULL || half->skip == 0)
		half->state = PREFIX_BODY;
	return slice_tail(data, n);
}

static struct slice
keep(struct prefix_half *half, struct slice data, size_t max, int64_t ts_us)
{
	size_t n = max - half->count;

	n = data.n < n ? data.n : n;
	memcpy(half->bytes + half->count, data.p, n);
	for (unsigned i = 0; i < RECORD_PREFIXES; i++) {
		if (half->count < lengths[i] && half->count + n >= lengths[i])
			half->ts_us[i] = ts_us;
	}
	half->count += (uint8_t)n;
	return slice_tail(data, n);
}

bool
prefix_take(struct prefix *prefix, uint8_t dir, struct slice data, int64_t ts_us)
{
	struct prefix_half *half = &prefix->half[dir];

	while (data.n > 0 && half->state != PREFIX_DONE) {
		if (half->state == PREFIX_START) {
			data = keep(
			    half, data, half->count < V1_HEAD ? V1_HEAD : V2_HEAD, ts_us);
			judge_start(half);
		} else if (half->state == PREFIX_BODY) {
			data = keep(half, data, PREFIX_BYTES, ts_us);
			if (half->count == PREFIX_BYTES) {
				half->state = PREFIX_DONE;
				return true;
			}
		} else {
			data = skip_header(half, data);
		}
	}
	return false;
}

bool
prefix_stop(struct prefix *prefix, uint8_t dir)
{
	struct prefix_half *half = &prefix->half[dir];
	bool told = half->state == PREFIX_DONE;

	half->state = PREFIX_DONE;
	return !told && half->count >= lengths[0];
}

void
prefix_tell(struct prefix *prefix, uint8_t dir, struct record_prefix *out)
{
	struct prefix_half *half = &prefix->half[dir];

	*out = (struct record_prefix){ .dir = dir };
	for (unsigned i = 0; i < RECORD_PREFIXES && half->count >= lengths[i]; i++) {
		out->lengths++;
		out->hash[i] = XXH3_64bits(half->bytes, lengths[i]);
		out->ts_us[i] = half->ts_us[i];
	}
}

bool
prefix_is_done(const struct prefix *prefix)
{
	return prefix->half[0].state == PREFIX_DONE &&
	       prefix->half[1].state == PREFIX_DONE;
}
