/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * splitmix64: the random numbers of the test tools. The same seed gives the same
 * numbers on every machine, so a generated capture can be named by its seed. The
 * caller owns the state; nothing here is fit for security.
 */
#ifndef TESTS_PRNG_H
#define TESTS_PRNG_H

#include <stdbool.h>
#include <stdint.h>

struct prng {
	uint64_t state;
};

static inline uint64_t
prng_scramble(uint64_t z)
{
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline uint64_t
prng_next(struct prng *p)
{
	return prng_scramble(p->state += 0x9e3779b97f4a7c15u);
}

/* A number that depends on both arguments alone: for plans looked up twice. */
static inline uint64_t
prng_mix(uint64_t seed, uint64_t index)
{
	return prng_scramble(seed + (index + 1) * 0x9e3779b97f4a7c15u);
}

static inline uint32_t
prng_below(struct prng *p, uint32_t limit)
{
	return (uint32_t)((prng_next(p) >> 32) * limit >> 32);
}

static inline uint32_t
prng_between(struct prng *p, uint32_t low, uint32_t high)
{
	return low + prng_below(p, high - low + 1);
}

static inline bool
prng_permille(struct prng *p, uint32_t share)
{
	return prng_below(p, 1000) < share;
}

#endif
