/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * A forwarder keeps the stream; a relay has a dialogue of its own on both sides. Equal
 * first octets alone do not tell them apart: one organisation, or one program on both
 * sides, says the same words. But a relay greets before it calls the next server, and
 * adds a trace header to what it passes on (RFC 5321 section 4.4).
 */

#include "forward_way.h"

#include <stdlib.h>

enum {
	LAG_MAX_US = 30 * 1000000, /* between equal octets on both legs */
	DISORDER_US = 1000000,     /* packets are captured late, or sent again */
	TAIL_BYTES = 64,           /* the last reply finds nobody */
	PROXY_HEADER_BYTES = 107,  /* in front of one leg only */
};

/* A way through the forwarder takes no time at all, but not less. */
static bool
is_in_order(int64_t us)
{
	return us >= -DISORDER_US && us <= LAG_MAX_US;
}

/* The server's octets come by the outbound leg first. */
static int64_t
server_lag_us(
    const struct forward_way *out, const struct forward_way *first, unsigned length)
{
	return first->prefix_us[MAIL_SERVER][length] -
	       out->prefix_us[MAIL_SERVER][length];
}

static int64_t
client_lag_us(
    const struct forward_way *out, const struct forward_way *first, unsigned length)
{
	return out->prefix_us[MAIL_CLIENT][length] -
	       first->prefix_us[MAIL_CLIENT][length];
}

int64_t
ways_lag_us(const struct forward_way *out, const struct forward_way *first)
{
	int64_t server_us = server_lag_us(out, first, 0);
	int64_t client_us = client_lag_us(out, first, 0);

	if (!is_in_order(server_us) || !is_in_order(client_us))
		return -1;
	return llabs(server_us) + llabs(client_us);
}

/* Both sides had spoken before the other server was called: that is a dialogue. */
static bool
spoke_before(const struct forward_way *out, const struct forward_way *first)
{
	return first->prefix_us[MAIL_SERVER][0] < out->call.start_us &&
	       first->prefix_us[MAIL_CLIENT][0] < out->call.start_us;
}

unsigned
ways_equal_lengths(const struct forward_way *a, const struct forward_way *b)
{
	unsigned client = prefixes_equal(&a->prefixes, &b->prefixes, MAIL_CLIENT);
	unsigned server = prefixes_equal(&a->prefixes, &b->prefixes, MAIL_SERVER);

	return client < server ? client : server;
}

/* All that is known of the first octets, and when they came. */
static bool
begin_alike(const struct forward_way *out, const struct forward_way *first)
{
	unsigned equal = ways_equal_lengths(out, first);

	if (out->kind != WAY_OUT || first->kind == WAY_OUT || equal == 0 ||
	    first->call.start_us > out->call.start_us || ways_lag_us(out, first) < 0 ||
	    spoke_before(out, first))
		return false;
	/* Another host of ours: 16 octets of each direction are little. */
	return equal > 1 ||
	       addr_equal(&way_home_end(out)->addr, &way_home_end(first)->addr);
}

static bool
bytes_equal(uint64_t a, uint64_t b, uint64_t more)
{
	return a <= b + TAIL_BYTES && b <= a + TAIL_BYTES + more;
}

static bool
streams_equal(const struct forward_way *out, const struct forward_way *first)
{
	return bytes_equal(first->bytes[MAIL_CLIENT], out->bytes[MAIL_CLIENT],
		   PROXY_HEADER_BYTES) &&
	       bytes_equal(first->bytes[MAIL_SERVER], out->bytes[MAIL_SERVER], 0);
}

/* No packet of all that were compared came before the one it was made of. */
static bool
is_never_early(const struct forward_way *out, const struct forward_way *first)
{
	for (unsigned i = 0; i < RECORD_PREFIXES; i++) {
		if (server_lag_us(out, first, i) < -DISORDER_US / 10 ||
		    client_lag_us(out, first, i) < -DISORDER_US / 10)
			return false;
	}
	return first->prefix_us[MAIL_SERVER][0] >= out->call.start_us;
}

/* No message was seen whole on both legs: the rest of them must tell, and all of it. */
static enum way_likeness
compare_streams(const struct forward_way *out, const struct forward_way *first)
{
	return streams_equal(out, first) &&
		       ways_equal_lengths(out, first) == RECORD_PREFIXES &&
		       is_never_early(out, first)
		   ? WAYS_EQUAL
		   : WAYS_DIFFER;
}

enum way_likeness
ways_compare(const struct forward_way *out, const struct forward_way *first)
{
	if (!begin_alike(out, first))
		return WAYS_DIFFER;
	if (out->letter != 0 && first->letter != 0)
		return out->letter == first->letter ? WAYS_EQUAL : WAYS_DIFFER;
	if (!out->closed || !first->closed)
		return WAYS_UNDECIDED;
	return compare_streams(out, first);
}
