/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_BYTES_H
#define RELAYWATCH_BYTES_H

/*
 * A slice of bytes that somebody else owns. Slices are lent forward only: they are valid
 * until the stage that gave them is called again. Big-endian reads for wire formats.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
	const uint8_t *p;
	size_t n;
};

static inline struct slice
slice_of(const void *p, size_t n)
{
	return (struct slice){ .p = p, .n = n };
}

static inline struct slice
slice_str(const char *s)
{
	return slice_of(s, strlen(s));
}

/* The first n bytes, or all there are. */
static inline struct slice
slice_head(struct slice s, size_t n)
{
	return slice_of(s.p, n < s.n ? n : s.n);
}

/* What follows the first n bytes; empty when there are no more. */
static inline struct slice
slice_tail(struct slice s, size_t n)
{
	return n < s.n ? slice_of(s.p + n, s.n - n) : slice_of(s.p + s.n, 0);
}

static inline bool
slice_equal(struct slice a, struct slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline uint16_t
be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

#endif
