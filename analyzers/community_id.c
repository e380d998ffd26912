/* SPDX-License-Identifier: BSD-2-Clause */
#include "community_id.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "ndpi_shim.h"

enum { SHA1_BYTES = 20, TUPLE_MAX = 2 + 16 + 16 + 2 + 4 };

/* The smaller endpoint in network order comes first. */
static bool
in_order(const struct addr *a, uint16_t a_port, const struct addr *b, uint16_t b_port)
{
	int order = memcmp(a->b, b->b, sizeof(a->b));

	return order < 0 || (order == 0 && a_port <= b_port);
}

static size_t
put_addr(uint8_t *p, const struct addr *a)
{
	size_t skip = addr_is_v4(a) ? 12 : 0;

	memcpy(p, a->b + skip, sizeof(a->b) - skip);
	return sizeof(a->b) - skip;
}

static size_t
put_port(uint8_t *p, uint16_t port)
{
	p[0] = (uint8_t)(port >> 8);
	p[1] = (uint8_t)port;
	return 2;
}

/*
 * Not by ndpi_flowv4_flow_hash(): up to 4.2 at least it orders the endpoints as little-
 * endian numbers and gives other texts than the specification. nDPI's SHA-1 and base64
 * are sound.
 */
char *
community_id_tcp(const struct addr *a, uint16_t a_port, const struct addr *b,
    uint16_t b_port, char out[static COMMUNITY_ID_MAX])
{
	uint8_t tuple[TUPLE_MAX] = { 0 }, hash[SHA1_BYTES];
	size_t n = 2; /* the seed, 0 */
	char *text;

	if (!in_order(a, a_port, b, b_port))
		return community_id_tcp(b, b_port, a, a_port, out);
	n += put_addr(tuple + n, a);
	n += put_addr(tuple + n, b);
	tuple[n++] = IPPROTO_TCP;
	tuple[n++] = 0;
	n += put_port(tuple + n, a_port);
	n += put_port(tuple + n, b_port);
	ndpi_string_sha1_hash(tuple, n, hash);
	text = ndpi_base64_encode(hash, sizeof(hash));
	snprintf(out, COMMUNITY_ID_MAX, "%s%s", text != NULL ? "1:" : "",
	    text != NULL ? text : "");
	ndpi_free(text);
	return out;
}
