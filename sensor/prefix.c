/* SPDX-License-Identifier: BSD-2-Clause */
#include "prefix.h"

#include <xxhash.h>

static const uint8_t lengths[RECORD_PREFIXES] = { 16, 32, 64 };

void
prefix_init(struct prefix *prefix)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		prefix->half[dir].count = 0;
		prefix->half[dir].done = false;
	}
}

bool
prefix_take(struct prefix *prefix, uint8_t dir, struct slice data, int64_t ts_us)
{
	struct prefix_half *half = &prefix->half[dir];

	if (half->done)
		return false;
	data = slice_head(data, PREFIX_BYTES - half->count);
	memcpy(half->bytes + half->count, data.p, data.n);
	for (unsigned i = 0; i < RECORD_PREFIXES; i++) {
		if (half->count < lengths[i] && half->count + data.n >= lengths[i])
			half->ts_us[i] = ts_us;
	}
	half->count += (uint8_t)data.n;
	half->done = half->count == PREFIX_BYTES;
	return half->done;
}

bool
prefix_stop(struct prefix *prefix, uint8_t dir)
{
	struct prefix_half *half = &prefix->half[dir];
	bool told = half->done;

	half->done = true;
	return !told && half->count >= lengths[0];
}

void
prefix_tell(struct prefix *prefix, uint8_t dir, struct record_prefix *out)
{
	const struct prefix_half *half = &prefix->half[dir];
	const struct prefix_half *other = &prefix->half[!dir];

	*out = (struct record_prefix){ .dir = dir };
	for (unsigned i = 0; i < RECORD_PREFIXES && half->count >= lengths[i]; i++) {
		out->lengths++;
		out->hash[i] = XXH3_64bits(half->bytes, lengths[i]);
		out->ts_us[i] = half->ts_us[i];
	}
	if (other->done && other->count >= lengths[0])
		out->both = out->hash[0] + XXH3_64bits(other->bytes, lengths[0]);
}

bool
prefix_is_done(const struct prefix *prefix)
{
	return prefix->half[0].done && prefix->half[1].done;
}
