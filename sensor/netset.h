/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_NETSET_H
#define RELAYWATCH_NETSET_H

/*
 * A set of IPv4 and IPv6 prefixes (nDPI's patricia trees behind it). Filled at start,
 * read-only afterwards.
 */

#include <stdbool.h>

#include "addr.h"

struct netset;

/* NULL when out of memory. */
struct netset *netset_new(void);
void netset_free(struct netset *set);

/*
 * Adds "192.0.2.0/24", "2001:db8::/32" or a bare address. 0, or -1 with *why (a static
 * string) saying what is wrong with the text, host bits set beyond the prefix included.
 */
int netset_add(struct netset *set, const char *cidr, const char **why);

bool netset_has(const struct netset *set, const struct addr *addr);

#endif
