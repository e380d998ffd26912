/* SPDX-License-Identifier: BSD-2-Clause */
#include "owner.h"

#include <xxhash.h>

uint64_t
owner_of_addr(const struct addr *addr)
{
	struct addr prefix = addr_customer(addr);

	return XXH3_64bits(&prefix, sizeof(prefix));
}

uint64_t
owner_of_session(const struct session *session)
{
	static const struct addr nobody;

	return owner_of_addr(
	    session->round_trip.tcp_us >= 0 ? &session->client.addr : &nobody);
}
