/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TARGET_H
#define RELAYWATCH_TARGET_H

/*
 * Where a proxy is asked to go: host and port, in the forms clients write them. Slices
 * point into the text that was read; nothing is kept.
 */

#include "addr.h"
#include "bytes.h"

struct target {
	struct slice host;   /* as written, without brackets */
	struct slice secret; /* of a URI: the password in its userinfo, with its colon */
	uint16_t port;       /* 0: none was named */
};

/* "host:port", "[2001:db8::1]:25" or "host"; the whole text. False for anything else. */
bool target_read(struct slice text, struct target *out);

/* The same in two words, as telnet takes them. */
bool target_read_words(struct slice host, struct slice port, struct target *out);

/*
 * The absolute form of RFC 9112 section 3.2.2 for http, https and ftp; the port is the
 * scheme's where none is named. What follows the authority is not looked at.
 */
bool target_read_uri(struct slice uri, struct target *out);

/* Whether a text is, or with more bytes may become, the begin of such a URI. */
bool target_may_be_uri(struct slice text);
bool target_is_uri(struct slice text);

/*
 * The address a host is a literal of: every form inet_aton() takes (0x7f.1, octal, one
 * number), IPv6 with or without a zone; one trailing dot is ignored. False for names.
 */
bool target_addr(struct slice host, struct addr *out);

#endif
