/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_HTTP_HEAD_H
#define RELAYWATCH_HTTP_HEAD_H

/*
 * Reading the lines of an HTTP/1 message head, and skipping the body they frame (RFC
 * 9112). Lines come without their end; slices point into them. Nothing here keeps text.
 */

#include "bytes.h"

enum http_method {
	HTTP_CONNECT,
	HTTP_HEAD,
	HTTP_POST, /* PUT, too */
	HTTP_OTHER,
};

struct http_request_line {
	enum http_method method;
	struct slice target;
	bool versioned; /* a head follows; HTTP/0.9 has none */
};

/* cut: the end of the line is not there. False where it is no request. */
bool http_read_request_line(struct slice line, bool cut, struct http_request_line *out);

/* "HTTP/1.1 200 Connection established" */
bool http_read_status_line(struct slice line, uint16_t *code, struct slice *reason);

/* What a head says about its body. */
struct http_fields {
	uint64_t length;
	bool has_length;
	bool bad_length; /* nobody can tell where the body ends */
	bool coded;      /* has a transfer coding */
	bool chunked;    /* and the last one is chunked */
	bool html;
};

/* name: value; false for anything else, as a continuation line. */
bool http_read_field(struct slice line, struct slice *name, struct slice *value);
void http_take_field(struct http_fields *fields, struct slice name, struct slice value);

enum { HTTP_USER_MAX = 255 };

/*
 * The user of a Proxy-Authorization, Basic or Digest, written to buf where it must be
 * decoded; empty where there is none. Of the password nothing is decoded.
 */
struct slice http_read_user(struct slice value, uint8_t buf[static HTTP_USER_MAX]);

enum http_body_state {
	HTTP_BODY_OVER,
	HTTP_BODY_LENGTH,
	HTTP_BODY_CHUNK_SIZE,
	HTTP_BODY_CHUNK_EXT,
	HTTP_BODY_CHUNK,
	HTTP_BODY_CHUNK_END,
	HTTP_BODY_TRAILER,
	HTTP_BODY_TRAILER_LINE,
	HTTP_BODY_TO_CLOSE,
	HTTP_BODY_BAD,
};

struct http_body {
	enum http_body_state state;
	uint8_t digits;
	uint64_t left;
};

void http_body_init(struct http_body *body, const struct http_fields *fields, bool reply);

/* One step of it: through the next change of state, or the end of *in. */
void http_body_step(struct http_body *body, struct slice *in);

/* Skips lost bytes; false where they may hold more than body. */
bool http_body_gap(struct http_body *body, uint64_t n);

#endif
