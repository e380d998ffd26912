/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_BODY_H
#define RELAYWATCH_SMTP_BODY_H

/*
 * The fingerprint of a message body: the first SMTP_BODY_BYTES octets of its DKIM relaxed
 * form (RFC 6376 section 3.4.4), made as the body comes.
 */

#include "bytes.h"

enum { SMTP_BODY_BYTES = 4096 };

struct smtp_body {
	uint8_t bytes[SMTP_BODY_BYTES];
	uint64_t hash;  /* of them, once they are full */
	uint64_t lines; /* line ends not yet written: trailing ones do not count */
	uint16_t len;
	bool space; /* white space not yet written */
	bool cr;    /* CR that may be part of a line end */
};

void smtp_body_start(struct smtp_body *body);

/* Takes from the front of in; stops when no more is needed: smtp_body_is_full(). */
void smtp_body_take(struct smtp_body *body, struct slice *in);

static inline bool
smtp_body_is_full(const struct smtp_body *body)
{
	return body->len == SMTP_BODY_BYTES;
}

/* Of a body that ended when len octets of the form were known; returns how many octets
 * were hashed, 0 for an empty body. */
uint32_t smtp_body_hash(const struct smtp_body *body, uint16_t len, uint64_t *hash);

#endif
