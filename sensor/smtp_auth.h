/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_AUTH_H
#define RELAYWATCH_SMTP_AUTH_H

/*
 * Who logs in (RFC 4954): the user name out of what the client sends, for the mechanisms
 * that show one. Nothing secret is kept, not even for a moment longer than the call.
 */

#include "bytes.h"

enum {
	SMTP_AUTH_USER = 256,
	SMTP_AUTH_MECHANISM = 32, /* RFC 4422 section 3.1 allows 20 */
};

struct smtp_auth {
	uint16_t user_len;
	uint8_t mechanism_len;
	uint8_t responses; /* of the client so far, the initial one included */
	bool cut;
	uint8_t mechanism[SMTP_AUTH_MECHANISM];
	uint8_t user[SMTP_AUTH_USER];
};

void smtp_auth_start(struct smtp_auth *auth, struct slice mechanism);

/* One response in base64, or "=" or "*". */
void smtp_auth_take(struct smtp_auth *auth, struct slice response);

#endif
