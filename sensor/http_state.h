/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_HTTP_STATE_H
#define RELAYWATCH_HTTP_STATE_H

/*
 * The state of one HTTP connection of a proxy, for the parts of its parser: proto_http.c,
 * http_request.c the requester's side, http_reply.c the responder's, http_probe.c. Nobody
 * else includes this.
 */

#include "http_head.h"
#include "line.h"
#include "tunnel_parse.h"

enum { HTTP_REQUEST_LINE_MAX = 1024, HTTP_REPLY_LINE_MAX = 256 };

enum http_request_state {
	HTTP_REQUEST_LINE,
	HTTP_REQUEST_FIELDS,
	HTTP_REQUEST_BODY,
	HTTP_REQUEST_WAIT,   /* for the whole reply */
	HTTP_REQUEST_TUNNEL, /* CONNECT: for the grant */
	HTTP_REQUEST_CHUNK,  /* the length of the chunk whose data is inner */
	HTTP_REQUEST_INNER,
};

enum http_reply_state {
	HTTP_REPLY_START,
	HTTP_REPLY_LINE,
	HTTP_REPLY_FIELDS,
	HTTP_REPLY_BODY,
	HTTP_REPLY_CHUNK, /* as above */
	HTTP_REPLY_DOUBT, /* a page or the tunnel follows */
	HTTP_REPLY_INNER,
	HTTP_REPLY_OVER, /* nothing more is of interest */
};

struct http {
	enum http_request_state request;
	enum http_reply_state reply;
	enum http_method method;
	bool first;   /* no request was read yet */
	bool told;    /* the request is one to a proxy */
	bool open;    /* a request has no whole reply yet */
	bool granted; /* both directions are inner */
	bool sure;
	bool ended; /* the requester has no more to say */
	bool user;  /* the request named one */
	bool hello; /* what follows a CONNECT begins like TLS */
	uint16_t code;
	uint16_t reason_n;
	uint32_t next; /* number of the next request that is told */
	struct http_fields asked, answered;
	struct http_body sent, got;
	struct line request_line, reply_line;
	struct tunnel tunnel;
	uint8_t reason[TUNNEL_LINE_MAX + 1]; /* one more, to see that it was cut */
	uint8_t request_text[HTTP_REQUEST_LINE_MAX];
	uint8_t reply_text[HTTP_REPLY_LINE_MAX];
};

/* The body of a POST to mail went on to the target, and so nothing else can follow it. */
static inline bool
http_is_posted(const struct http *http)
{
	return http->request == HTTP_REQUEST_INNER || http->request == HTTP_REQUEST_CHUNK;
}

/* state is a struct http. */
enum tunnel_step http_step_request(void *state, struct slice *in);
enum tunnel_step http_step_reply(void *state, struct slice *in);

/* Up to the data of a chunk, which are inner. */
enum tunnel_step http_read_chunk_size(struct http_body *body, struct slice *in);

/* The head of the reply is over, or its end was lost. */
enum tunnel_step http_end_reply_head(struct http *http, bool whole);

enum proto_probe http_probe(
    struct slice requester, struct slice responder, unsigned flags);

#endif
