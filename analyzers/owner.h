/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_OWNER_H
#define RELAYWATCH_OWNER_H

/*
 * For whom what is remembered is counted, so that nobody fills more than his share of it:
 * see seen.h.
 */

#include "record.h"

/* A host; of IPv6 a /64: one customer. */
uint64_t owner_of_addr(const struct addr *addr);

/* The client of a session. Those that were not heard to acknowledge anything may be made
 * up, each with an address of its own: they are counted as one. */
uint64_t owner_of_session(const struct session *session);

#endif
