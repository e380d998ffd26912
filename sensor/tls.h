/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TLS_H
#define RELAYWATCH_TLS_H

/*
 * How TLS begins on the wire: a record of type handshake (RFC 8446 section 5.1), in it
 * the client's hello (section 4).
 */

#include "proto.h"

enum { TLS_HANDSHAKE = 0x16 }; /* the first octet of either side */

/* text: not empty. */
static inline enum proto_probe
tls_begins(struct slice text)
{
	enum { VERSION_MAJOR = 3, CLIENT_HELLO = 1, HELLO_HEAD = 6 };

	if (text.p[0] != TLS_HANDSHAKE || (text.n > 1 && text.p[1] != VERSION_MAJOR))
		return PROTO_NO;
	if (text.n < HELLO_HEAD)
		return PROTO_MAYBE;
	return text.p[5] == CLIENT_HELLO ? PROTO_YES : PROTO_NO;
}

#endif
