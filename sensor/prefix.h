/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PREFIX_H
#define RELAYWATCH_PREFIX_H

/*
 * Fingerprints of the first 16, 32 and 64 stream bytes of each direction: what matches
 * two legs of a forwarder that speaks no protocol of ours. A PROXY header in front was
 * taken off before (proxy_header.h): one leg has it, the other not.
 */

#include "record.h"

enum { PREFIX_BYTES = 64 };

struct prefix_half {
	uint8_t bytes[PREFIX_BYTES];
	uint8_t count;
	bool done;
	int64_t ts_us[RECORD_PREFIXES];
};

struct prefix {
	struct prefix_half half[2];
};

void prefix_init(struct prefix *prefix);

/* Stream bytes of a direction, in order. True when all of its lengths are known now. */
bool prefix_take(struct prefix *prefix, uint8_t dir, struct slice data, int64_t ts_us);

/* A gap or the end: no more comes. True when there is something to tell. */
bool prefix_stop(struct prefix *prefix, uint8_t dir);

void prefix_tell(struct prefix *prefix, uint8_t dir, struct record_prefix *out);

/* Nothing more is needed of either direction. */
bool prefix_is_done(const struct prefix *prefix);

#endif
