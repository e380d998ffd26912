/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_HASH_H
#define RELAYWATCH_HASH_H

/*
 * Hashes of connections. The table hash is keyed per run, so that nobody outside can aim
 * at a bucket; the flow id is not keyed: it is the same on every run.
 */

#include "addr.h"

struct hash_key {
	uint64_t k[4];
};

/* From the system's random numbers; 0, or -1 when there are none. */
int hash_key_init(struct hash_key *key);

static inline uint64_t
hash_multiply(uint64_t a, uint64_t b)
{
	__uint128_t r = (__uint128_t)a * b;

	return (uint64_t)r ^ (uint64_t)(r >> 64);
}

static inline uint64_t
hash_endpoint(const struct hash_key *key, const struct addr *addr, uint16_t port)
{
	return hash_multiply(
	    addr->q[0] ^ key->k[0] ^ (uint64_t)port << 40, addr->q[1] ^ key->k[1]);
}

/* The same for both directions of a connection. */
static inline uint64_t
hash_connection(const struct hash_key *key, const struct addr *src, uint16_t sport,
    const struct addr *dst, uint16_t dport)
{
	uint64_t a = hash_endpoint(key, src, sport);
	uint64_t b = hash_endpoint(key, dst, dport);

	return hash_multiply((a ^ b) ^ key->k[2], (a + b) ^ key->k[3]);
}

#endif
