/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SOCKS_H
#define RELAYWATCH_SOCKS_H

/*
 * What is on the wire of SOCKS 4, 4a (Ying-Da Lee's memos) and 5 (RFC 1928, RFC 1929),
 * for its parser and its probe.
 */

#include "proto.h"

enum {
	SOCKS4 = 4,
	SOCKS5 = 5,
	SOCKS5_AUTH = 1, /* version of RFC 1929, and of the GSSAPI messages of RFC 1961 */

	SOCKS4_HEAD = 8, /* of request and reply */
	SOCKS5_ADDR_AT = 4,

	SOCKS4_OK = 0x5a,
	SOCKS4_LAST = 0x5d,
};

enum socks_command {
	SOCKS_COMMAND_CONNECT = 1,
	SOCKS_COMMAND_BIND = 2,
	SOCKS_COMMAND_UDP = 3
};

enum socks_method {
	SOCKS_METHOD_NONE = 0,
	SOCKS_METHOD_GSSAPI = 1,
	SOCKS_METHOD_PASSWORD = 2,
	SOCKS_METHOD_LAST = 9, /* of those IANA knows */
	SOCKS_METHOD_PRIVATE = 0x80,
	SOCKS_METHOD_REFUSED = 0xff,
};

/* IPv4 0.0.0.x, x not 0: a name follows. */
static inline bool
socks_is_4a(const uint8_t ip[static 4])
{
	return ip[0] == 0 && ip[1] == 0 && ip[2] == 0 && ip[3] != 0;
}

enum proto_probe socks_probe(
    struct slice requester, struct slice responder, unsigned flags);

#endif
