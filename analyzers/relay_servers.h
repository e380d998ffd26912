/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RELAY_SERVERS_H
#define RELAYWATCH_RELAY_SERVERS_H

/*
 * For which unrelated domains each server was seen to forward. That is all that tells a
 * relay from a gateway where nobody said which domains are local.
 */

#include <stdint.h>

#include "addr.h"

enum { RELAY_SERVERS_DOMAINS = 32 }; /* counted of one server; no more are told apart */

struct relay_servers;

/* NULL when out of memory. */
struct relay_servers *relay_servers_new(uint32_t window_sec);
void relay_servers_free(struct relay_servers *servers);

/* server forwarded for domain (in normal form). How many registrable domains that makes
 * within the window. */
uint32_t relay_servers_note(struct relay_servers *servers, const struct addr *server,
    const char *domain, int64_t now_us);

#endif
