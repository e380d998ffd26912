/* SPDX-License-Identifier: BSD-2-Clause */
/* A web proxy's replies, head and body. */
#include "ascii.h"
#include "http_state.h"

static enum tunnel_step
end_reply(struct http *http)
{
	http->open = false;
	http->reply =
	    http->ended || http_is_posted(http) ? HTTP_REPLY_OVER : HTTP_REPLY_START;
	return TUNNEL_ON;
}

/*
 * No HTTP: what an old proxy lets through of a mail server, or an HTTP/0.9 page. The same
 * can come from a server that is no proxy at all: the grant is weak.
 */
static enum tunnel_step
take_raw(struct http *http, uint8_t c)
{
	bool mail = ascii_is_digit(c) && tunnel_is_to_mail(&http->tunnel);

	if (!http->told || http->method == HTTP_CONNECT || (!mail && c != '<'))
		return TUNNEL_DONE;
	http->tunnel.due |= TUNNEL_DUE_GRANTED;
	http->code = 0;
	http->sure = false;
	http->granted = mail;
	http->reply = mail ? HTTP_REPLY_INNER : HTTP_REPLY_OVER;
	return TUNNEL_ON;
}

static enum tunnel_step
read_reply_start(struct http *http, struct slice *in)
{
	if (!http->open)
		return http->ended ? TUNNEL_DONE : TUNNEL_MORE;
	while (in->n > 0 && (in->p[0] == '\r' || in->p[0] == '\n'))
		*in = slice_tail(*in, 1);
	if (in->n == 0)
		return TUNNEL_MORE;
	if (ascii_lower(in->p[0]) != 'h')
		return take_raw(http, in->p[0]);
	http->reply = HTTP_REPLY_LINE;
	return TUNNEL_ON;
}

static enum tunnel_step
read_status(struct http *http, struct slice *in)
{
	struct slice line, reason;

	if (!line_take(
		&http->reply_line, http->reply_text, HTTP_REPLY_LINE_MAX, in, &line))
		return TUNNEL_MORE;
	if (!http_read_status_line(line, &http->code, &reason))
		return TUNNEL_DONE;
	reason = slice_head(reason, sizeof(http->reason));
	if (reason.n > 0)
		memcpy(http->reason, reason.p, reason.n);
	http->reason_n = (uint16_t)reason.n;
	http->answered = (struct http_fields){ 0 };
	http->reply = HTTP_REPLY_FIELDS;
	return TUNNEL_ON;
}

/* A web server that answers CONNECT with a page of its own granted nothing. */
static bool
is_sure(const struct http *http)
{
	const struct http_fields *fields = &http->answered;

	return http->method == HTTP_CONNECT && !fields->coded && !fields->html &&
	       !fields->bad_length && fields->length == 0;
}

static void
skip_reply_body(struct http *http)
{
	http_body_init(&http->got, &http->answered, true);
	if (http->method == HTTP_HEAD || http->code == 204 || http->code == 304)
		http->got.state = HTTP_BODY_OVER;
	http->reply =
	    http->got.state == HTTP_BODY_TO_CLOSE ? HTTP_REPLY_OVER : HTTP_REPLY_BODY;
}

static void
take_grant(struct http *http, bool whole)
{
	bool posted = http->told && http_is_posted(http);

	http->sure = whole && is_sure(http);
	http->tunnel.due |= http->told ? TUNNEL_DUE_GRANTED : 0;
	skip_reply_body(http);
	if (!whole || (http->method == HTTP_CONNECT && !http->told)) {
		http->reply = HTTP_REPLY_OVER;
	} else if (http->sure) {
		http->granted = true;
		http->reply = HTTP_REPLY_INNER;
	} else if (http->method == HTTP_CONNECT) {
		http->reply = HTTP_REPLY_DOUBT;
	} else if (posted) {
		http->reply =
		    http->answered.chunked ? HTTP_REPLY_CHUNK : HTTP_REPLY_INNER;
	}
}

/*
 * RFC 9110 section 9.3.6: behind any 2xx to CONNECT is the tunnel, whatever the head says
 * of a body. Web servers that know no CONNECT send their page there: what comes first
 * tells, where it can. A chunk's length may look like the code of an SMTP reply; that is
 * left to those who read what is inside.
 */
static bool
is_page(const struct http *http, uint8_t c)
{
	if (c == '2' || c == '4' || c == '5')
		return !tunnel_is_to_mail(&http->tunnel);
	return c == '<' || http->answered.html ||
	       (http->answered.chunked && ascii_is_hex(c));
}

static enum tunnel_step
resolve_doubt(struct http *http, const struct slice *in)
{
	if (in->n == 0)
		return TUNNEL_MORE;
	if (!http->hello && is_page(http, in->p[0])) {
		skip_reply_body(http);
		return TUNNEL_ON;
	}
	http->granted = true;
	http->reply = HTTP_REPLY_INNER;
	return TUNNEL_INNER;
}

/* The head of the reply is over, or its end was lost. */
enum tunnel_step
http_end_reply_head(struct http *http, bool whole)
{
	if (http->code / 100 == 1 && http->code != 101) {
		http->reply = whole ? HTTP_REPLY_START : HTTP_REPLY_OVER;
		return TUNNEL_ON;
	}
	if (http->code / 100 == 2) {
		take_grant(http, whole);
		return TUNNEL_ON;
	}
	if (http->told)
		http->tunnel.due |=
		    http->code == 101 ? TUNNEL_DUE_GRANTED : TUNNEL_DUE_REFUSED;
	http->sure = false;
	skip_reply_body(http);
	if (!whole || http->code == 101 || http_is_posted(http))
		http->reply = HTTP_REPLY_OVER; /* 101: WebSocket, h2c */
	return TUNNEL_ON;
}

static enum tunnel_step
read_reply_field(struct http *http, struct slice *in)
{
	struct slice line, name, value;

	if (!line_take(
		&http->reply_line, http->reply_text, HTTP_REPLY_LINE_MAX, in, &line))
		return TUNNEL_MORE;
	if (line.n == 0)
		return http_end_reply_head(http, true);
	if (http_read_field(line, &name, &value))
		http_take_field(&http->answered, name, value);
	return TUNNEL_ON;
}

static enum tunnel_step
read_reply_body(struct http *http, struct slice *in)
{
	if (http->got.state == HTTP_BODY_OVER)
		return end_reply(http);
	http_body_step(&http->got, in);
	if (http->got.state == HTTP_BODY_BAD)
		return TUNNEL_DONE;
	return in->n > 0 || http->got.state == HTTP_BODY_OVER ? TUNNEL_ON : TUNNEL_MORE;
}

enum tunnel_step
http_step_reply(void *state, struct slice *in)
{
	struct http *http = state;

	switch (http->reply) {
	case HTTP_REPLY_START:
		return read_reply_start(http, in);
	case HTTP_REPLY_LINE:
		return read_status(http, in);
	case HTTP_REPLY_FIELDS:
		return read_reply_field(http, in);
	case HTTP_REPLY_BODY:
		return read_reply_body(http, in);
	case HTTP_REPLY_CHUNK:
		return http_read_chunk_size(&http->got, in);
	case HTTP_REPLY_DOUBT:
		return resolve_doubt(http, in);
	case HTTP_REPLY_INNER:
		return TUNNEL_INNER;
	case HTTP_REPLY_OVER:
		break;
	}
	return TUNNEL_DONE;
}
