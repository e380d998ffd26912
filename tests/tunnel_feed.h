/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TESTS_TUNNEL_FEED_H
#define RELAYWATCH_TESTS_TUNNEL_FEED_H

/*
 * Feeds conversations with proxies to their parser as the sensor does: what must wait is
 * held, what is inner is kept apart. The turns are those of proto_feed.h; what is
 *expected are lines of text:
 *
 *	0 asked socks5 mail.example:25 user=joe line=BIND [cut]
 *	0 granted 200 [unsure]
 *	0 refused 403 Forbidden
 *	client> octets of the requester that are inner
 *	server> octets of the responder that are inner
 *	done (or bad)
 *
 * The last three once, at the end.
 */

#include "proto_feed.h"

/*
 * Fed whole, byte by byte, in threes and cut everywhere, the lines are those of the talk.
 * With a gap of some lengths at every offset, no other fact is told and no other octet is
 * inner. Every probe on the way is asked, too: it must come to YES and never say NO
 * before.
 */
void tunnel_check(const struct proto *proto, const struct feed_talk *talk);

/* The same, and secret, which the talk holds, stays nowhere in the parser's state. */
void tunnel_check_secret(
    const struct proto *proto, const struct feed_talk *talk, const char *secret);

/* Without the probe: what only comes behind something else. */
void tunnel_check_parse(const struct proto *proto, const struct feed_talk *talk);

/* Only cut, without gaps. */
void tunnel_check_cuts(const struct proto *proto, const struct feed_talk *talk);

/* Random octets and random pieces: only crashes, endless loops and told nonsense fail. */
void tunnel_check_random(const struct proto *proto, unsigned seed, const char *alphabet);

struct tunnel_probe {
	const char *name;
	const char *requester;
	size_t requester_n;
	const char *responder;
	size_t responder_n;
	unsigned flags;
	enum proto_probe expected;
};

#define PROBE(name, c, s, flags, expected)                                               \
	{                                                                                \
		name, c, sizeof(c) - 1, s, sizeof(s) - 1, flags, expected                \
	}

void tunnel_check_probe(const struct proto *proto, const struct tunnel_probe *probe);

#endif
