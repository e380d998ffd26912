/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SOCKS_STATE_H
#define RELAYWATCH_SOCKS_STATE_H

/*
 * The state of one SOCKS connection, for the parts of its parser: proto_socks.c,
 * socks_request.c the requester's side, socks_reply.c the responder's. Nobody else
 * includes this.
 */

#include "socks.h"
#include "tunnel_parse.h"

enum { SOCKS_MESSAGE_MAX = SOCKS5_ADDR_AT + 1 + 255 + 2 };

enum socks_request_state {
	SOCKS_REQUEST_VERSION,
	SOCKS_REQUEST_V4_HEAD,
	SOCKS_REQUEST_V4_USER,
	SOCKS_REQUEST_V4_NAME,
	SOCKS_REQUEST_V5_GREETING,
	SOCKS_REQUEST_V5_NEXT, /* a password or the request */
	SOCKS_REQUEST_V5_USER,
	SOCKS_REQUEST_V5_PASSWORD,
	SOCKS_REQUEST_V5_REQUEST,
	SOCKS_REQUEST_ASKED, /* waits for the grant */
};

enum socks_reply_state {
	SOCKS_REPLY_FIRST, /* to the greeting, or to a version 4 request */
	SOCKS_REPLY_PASSWORD,
	SOCKS_REPLY_CODE,
	SOCKS_REPLY_REST, /* the address behind the code */
	SOCKS_REPLY_GRANTED,
	SOCKS_REPLY_OVER,
};

/* One message, as far as it is there. */
struct socks_message {
	uint16_t have;
	uint8_t b[SOCKS_MESSAGE_MAX];
};

struct socks {
	enum socks_request_state request;
	enum socks_reply_state reply;
	uint8_t version;
	uint8_t command;
	uint8_t method;
	bool has_method; /* the responder chose it */
	bool greeted;    /* the greeting is complete */
	bool password;   /* a user and password were sent */
	bool bound;      /* the first reply to BIND has come */
	bool told;       /* that something was asked */
	bool ended;      /* the requester has no more to say */
	bool stuck;      /* the requester waits for the method to be chosen */
	uint8_t code;
	uint8_t skip; /* bytes of the password still to come */
	const char *why;
	uint8_t offered[32]; /* a bit for each method */
	struct tunnel tunnel;
	struct socks_message sent, got;
};

/* Takes input until the message has need bytes. */
bool socks_gather(struct socks_message *message, size_t need, struct slice *in);

/* Bytes of an address and its port, of which the message has the type and one more; 0: no
 * such type. */
size_t socks_v5_addr_bytes(const struct socks_message *message);

/* state is a struct socks. */
enum tunnel_step socks_step_request(void *state, struct slice *in);
enum tunnel_step socks_step_reply(void *state, struct slice *in);

/* What came to nothing before it named a target is told without one. */
enum tunnel_step socks_give_up(struct socks *socks);

#endif
