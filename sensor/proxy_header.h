/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PROXY_HEADER_H
#define RELAYWATCH_PROXY_HEADER_H

/*
 * What a load balancer or forwarder puts in front of a stream it passes on: a PROXY
 * header of version 1 or 2 (haproxy.org, proxy-protocol.txt). One direction of one stream
 * is read in pieces of any size; the caller owns the state, all zero at the stream's
 * begin. Octets that may still be a header are kept back, and given when they are none.
 */

#include "bytes.h"

enum proxy_header_state {
	PROXY_HEADER_START, /* nothing has come */
	PROXY_HEADER_V1,    /* as begins version 1 or 2 */
	PROXY_HEADER_V2,
	PROXY_HEADER_V1_LINE, /* it is one: up to the line's end */
	PROXY_HEADER_V2_BLOCK,
	PROXY_HEADER_OVER,
};

struct proxy_header {
	uint8_t state; /* enum proxy_header_state */
	uint8_t have;  /* octets of the begin */
	uint16_t skip; /* octets of the header still to come, at most */
};

static inline bool
proxy_header_is_over(const struct proxy_header *header)
{
	return header->state == PROXY_HEADER_OVER;
}

/* Takes header octets from the front of *data. What was kept back and is none comes
 * first: it is returned, and lasts. */
struct slice proxy_header_take(struct proxy_header *header, struct slice *data);

/* At a gap or the end no more can be a header; what was kept back. */
struct slice proxy_header_stop(struct proxy_header *header);

#endif
