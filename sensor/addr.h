/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ADDR_H
#define RELAYWATCH_ADDR_H

/*
 * IP addresses: always 16 bytes in network order, IPv4 as ::ffff:a.b.c.d (RFC 4291
 * section 2.5.5.2), so that one comparison serves both. Ports are in host order.
 */

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ADDR_TEXT_MAX = 46 }; /* INET6_ADDRSTRLEN */

struct addr {
	union {
		uint8_t b[16];
		uint32_t w[4];
		uint64_t q[2];
	};
};

struct endpoint {
	struct addr addr;
	uint16_t port;
	bool home; /* inside home-net */
};

static inline bool
addr_equal(const struct addr *a, const struct addr *b)
{
	return a->q[0] == b->q[0] && a->q[1] == b->q[1];
}

static inline bool
addr_is_v4(const struct addr *a)
{
	static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

	return memcmp(a->b, mapped, sizeof(mapped)) == 0;
}

/* From 4 or 16 bytes in network order. */
static inline struct addr
addr_from_v4(const uint8_t bytes[4])
{
	struct addr a = { .b = { [10] = 0xff, [11] = 0xff } };

	memcpy(a.b + 12, bytes, 4);
	return a;
}

static inline struct addr
addr_from_v6(const uint8_t bytes[16])
{
	struct addr a;

	memcpy(a.b, bytes, sizeof(a.b));
	return a;
}

/* 0, or -1 where text is no IPv4 or IPv6 address. */
int addr_parse(const char *text, struct addr *out);

/* Writes the usual text form (RFC 5952 for IPv6) to buf and returns buf. */
char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_MAX]);

enum { ENDPOINT_TEXT_MAX = ADDR_TEXT_MAX + 10 };

/* Address and port: 192.0.2.25:25, [2001:db8::25]:25. Returns buf. */
char *endpoint_format(const struct endpoint *e, char buf[static ENDPOINT_TEXT_MAX]);

/* The network a lone server most likely belongs to: its /24, or /48 for IPv6. */
char *addr_format_network(const struct addr *a, char buf[static ENDPOINT_TEXT_MAX]);

/* a cut to its first /bits (counted as IPv6 bits for IPv6 addresses; IPv4 is left whole).
 */
struct addr addr_v6_prefix(const struct addr *a, unsigned bits);

/* The same for all addresses that one customer has: of IPv6 a /64. */
static inline struct addr
addr_customer(const struct addr *a)
{
	return addr_v6_prefix(a, 64);
}

#endif
