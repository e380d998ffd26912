/* SPDX-License-Identifier: BSD-2-Clause */
#include "decode_walk.h"

static inline uint64_t
load64(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline uint64_t
add_carry(uint64_t sum, uint64_t v)
{
	sum += v;
	return sum + (sum < v);
}

/* One's complement sum over n octets as native 64-bit words, RFC 1071 section 2. */
static uint64_t
sum_octets(uint64_t sum, const uint8_t *p, size_t n)
{
	uint64_t a = sum, b = 0, last = 0;

	for (; n >= 16; p += 16, n -= 16) {
		a = add_carry(a, load64(p));
		b = add_carry(b, load64(p + 8));
	}
	if (n >= 8) {
		a = add_carry(a, load64(p));
		p += 8;
		n -= 8;
	}
	memcpy(&last, p, n);
	return add_carry(add_carry(a, last), b);
}

#ifdef __x86_64__
/*
 * The same for what is long, with AVX2. Pairs of 32-bit words may overflow their sum;
 * what did is known from the sum of the upper words.
 */
static __attribute__((target("avx2"))) uint64_t
sum_blocks(uint64_t sum, const uint8_t *p, size_t n)
{
	typedef uint64_t block __attribute__((vector_size(32), aligned(1), may_alias));
	block pairs = { 0 }, upper = { 0 };
	uint64_t high, low;

	for (; n >= sizeof(block); p += sizeof(block), n -= sizeof(block)) {
		block at = *(const block *)(const void *)p;

		pairs += at;
		upper += at >> 32;
	}
	high = upper[0] + upper[1] + upper[2] + upper[3];
	low = pairs[0] + pairs[1] + pairs[2] + pairs[3] - (high << 32);
	return sum_octets(add_carry(add_carry(sum, low), high), p, n);
}

static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}
#else
#define sum_blocks sum_octets

static bool
has_avx2(void)
{
	return false;
}
#endif

static uint16_t
fold(uint64_t sum)
{
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	return (uint16_t)sum;
}

static uint64_t
pseudo_header_sum(const struct segment *s)
{
	uint8_t pseudo[8] = { 0 };
	uint64_t sum;

	/* Mapped IPv4 addresses need no case of their own: their 0xffff is nothing in
	 * one's complement, and the rest of both pseudo headers is the same. */
	pseudo[0] = (uint8_t)(s->tcp.n >> 24);
	pseudo[1] = (uint8_t)(s->tcp.n >> 16);
	pseudo[2] = (uint8_t)(s->tcp.n >> 8);
	pseudo[3] = (uint8_t)s->tcp.n;
	pseudo[7] = IP_TCP;
	sum = sum_octets(0, s->src.b, sizeof(s->src.b));
	sum = sum_octets(sum, s->dst.b, sizeof(s->dst.b));
	return sum_octets(sum, pseudo, sizeof(pseudo));
}

bool
decode_checksum_ok(const struct segment *s)
{
	enum { LONG = 400 }; /* from here on the wide sum pays */
	uint32_t header = (s->tcp.p[12] >> 4) * 4u;
	uint64_t sum;

	if (s->tcp.n < header + (size_t)s->wire_payload)
		return true;
	sum = pseudo_header_sum(s);
	if (s->tcp.n >= LONG && has_avx2())
		sum = sum_blocks(sum, s->tcp.p, s->tcp.n);
	else
		sum = sum_octets(sum, s->tcp.p, s->tcp.n);
	return fold(sum) == 0xffff;
}

bool
decode_checksum_offloaded(const struct segment *s)
{
	uint16_t field;

	memcpy(&field, s->tcp.p + 16, sizeof(field));
	return field == fold(pseudo_header_sum(s));
}
