/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RECIPIENT_H
#define RELAYWATCH_RECIPIENT_H

/*
 * Reading a recipient as a mail server may read it: source route, quotes, percent hack
 * and bang paths. The result is on the caller's stack and owns its texts.
 *
 * A path is peeled from the outside as long as its domain is ours, missing or without a
 * dot: `T%D@ours`, "T@D"@[our address], `D!T`. What is left is the effective address. A
 * foreign domain ends the peeling: `user%dom@gateway.example`,
 * SRS0=..=dom=user@forwarder, list+user=dom@.. are plain recipients at their outermost
 * domain, whatever the local part looks like. Only a literal that is not known to be ours
 * is looked into: behind NAT a server's own address is not the one it was asked by.
 */

#include "alert.h"
#include "domain.h"
#include "netset.h"

enum recipient_class {
	RECIPIENT_UNREADABLE, /* cut, empty, not an address: never third-party */
	RECIPIENT_LOCAL,
	RECIPIENT_RELAYED, /* of a domain relayed for on purpose */
	RECIPIENT_FOREIGN, /* third-party */
};

/* What is ours, as seen from one server. Pointers may be NULL. */
struct recipient_own {
	const struct domain_set *local_domains, *relay_domains;
	const struct netset *home_net;
	const struct addr *server;
	/* As in its HELO reply and its banner: names or literals. */
	struct slice server_name, banner_name;
};

struct recipient {
	enum recipient_class class;
	/* The outermost trick: source-route before all; else of the first layer peeled:
	 * quoted (whatever stands in the quotes), double-at, percent, bang, or no-domain
	 * where nothing follows the @. Without a trick literal or plain. */
	enum alert_mechanism mechanism;
	unsigned tricks; /* all of them, bits 1 << mechanism */
	/* A trick whose outermost domain is ours or missing: many servers take it for a
	 * local mailbox. Not for a source route alone, which RFC 5321 appendix C has
	 * servers strip: `@ours:T@D` accepted is T@D accepted. */
	bool outer_own;
	/* XXH3-64, seed 0, of the effective address: local part unquoted and in ASCII
	 * lower case (relays may fold it, and no two people differ by case alone), domain
	 * normal. */
	uint64_t hash;
	/* Of a foreign recipient that could be peeled further, were its domain ours: of
	 * that address; else equal to hash. */
	uint64_t inner_hash;
	char domain[DOMAIN_MAX + 1]; /* effective; literals in brackets; "" none */
	char outer[DOMAIN_MAX + 1];  /* outermost: of the first host of a source route */
	char local[FACT_TEXT_MAX + 1]; /* effective, unquoted */
	size_t local_len;
};

/* path as on the wire, with or without brackets; cut: bytes of it are missing. */
void recipient_read(
    struct slice path, bool cut, const struct recipient_own *own, struct recipient *out);

#endif
