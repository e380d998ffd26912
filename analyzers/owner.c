/* SPDX-License-Identifier: BSD-2-Clause */
#include "owner.h"

#include <xxhash.h>

enum { PREFIX_BITS = 64 };

uint64_t
owner_of_addr(const struct addr *addr)
{
	struct addr prefix = addr_v6_prefix(addr, PREFIX_BITS);

	return XXH3_64bits(&prefix, sizeof(prefix));
}

uint64_t
owner_of_session(const struct session *session)
{
	static const struct addr nobody;

	return owner_of_addr(
	    session->round_trip.tcp_us >= 0 ? &session->client.addr : &nobody);
}
