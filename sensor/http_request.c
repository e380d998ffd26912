/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to a web proxy, head and body. */
#include "ascii.h"
#include "http_state.h"
#include "tls.h"

enum tunnel_step
http_read_chunk_size(struct http_body *body, struct slice *in)
{
	if (body->state == HTTP_BODY_CHUNK)
		return TUNNEL_INNER;
	if (body->state != HTTP_BODY_CHUNK_SIZE && body->state != HTTP_BODY_CHUNK_EXT)
		return TUNNEL_DONE;
	if (in->n == 0)
		return TUNNEL_MORE;
	http_body_step(body, in);
	return TUNNEL_ON;
}

/* Passwords in a URI are left out. */
static void
keep_line(struct http *http, struct slice line, struct slice secret)
{
	size_t n = secret.n > 0 ? (size_t)(secret.p - line.p) : line.n;

	tunnel_add_line(&http->tunnel, slice_head(line, n));
	tunnel_add_line(&http->tunnel, slice_tail(line, n + secret.n));
}

static bool
read_target(
    struct http *http, const struct http_request_line *request, struct target *target)
{
	struct slice rest, word = ascii_word(request->target, &rest);

	http->tunnel.kind = FACT_TUNNEL_HTTP_GET;
	if (http->method == HTTP_CONNECT) {
		http->tunnel.kind = FACT_TUNNEL_HTTP_CONNECT;
		return target_read(word, target) && target->port != 0;
	}
	if (http->method == HTTP_POST)
		http->tunnel.kind = FACT_TUNNEL_HTTP_POST;
	return target_read_uri(word, target);
}

static enum tunnel_step
end_request_head(struct http *http)
{
	http->open = true;
	http->first = false;
	http->tunnel.due |= http->told ? TUNNEL_DUE_ASKED : 0;
	http_body_init(&http->sent, &http->asked, false);
	if (http->method == HTTP_CONNECT)
		http->request = HTTP_REQUEST_TUNNEL;
	else if (http->told && http->method == HTTP_POST &&
		 tunnel_is_to_mail(&http->tunnel))
		http->request =
		    http->asked.chunked ? HTTP_REQUEST_CHUNK : HTTP_REQUEST_INNER;
	else
		http->request = HTTP_REQUEST_BODY;
	return TUNNEL_ON;
}

static enum tunnel_step
read_request_line(struct http *http, struct slice *in)
{
	struct http_request_line request;
	struct target target;
	struct slice line;

	if (!line_take(&http->request_line, http->request_text, HTTP_REQUEST_LINE_MAX, in,
		&line))
		return TUNNEL_MORE;
	if (line.n == 0)
		return TUNNEL_ON; /* RFC 9112 section 2.2 */
	if (!http_read_request_line(line, http->request_line.cut, &request))
		return http->first ? TUNNEL_BAD : TUNNEL_DONE;
	tunnel_init(&http->tunnel, http->next);
	http->asked = (struct http_fields){ 0 };
	http->user = http->hello = false;
	http->method = request.method;
	http->told = read_target(http, &request, &target);
	if (http->told) {
		http->next++;
		tunnel_set_target(&http->tunnel, &target);
		keep_line(http, line, target.secret);
	}
	http->tunnel.cut |= http->told && http->request_line.cut;
	explicit_bzero(http->request_text, HTTP_REQUEST_LINE_MAX);
	http->request = HTTP_REQUEST_FIELDS;
	return request.versioned ? TUNNEL_ON : end_request_head(http);
}

static void
take_user(struct http *http, struct slice value)
{
	uint8_t buf[HTTP_USER_MAX];
	struct slice user = http_read_user(value, buf);

	if (!http->user)
		tunnel_add_user(&http->tunnel, user);
	http->user = true;
}

static enum tunnel_step
read_request_field(struct http *http, struct slice *in)
{
	struct slice line, name, value;

	if (!line_take(&http->request_line, http->request_text, HTTP_REQUEST_LINE_MAX, in,
		&line))
		return TUNNEL_MORE;
	if (line.n == 0)
		return end_request_head(http);
	if (!http_read_field(line, &name, &value))
		return TUNNEL_ON;
	http_take_field(&http->asked, name, value);
	if (ascii_is(name, "proxy-authorization"))
		take_user(http, value);
	if (http->request_line.len > 0)
		explicit_bzero(http->request_text, HTTP_REQUEST_LINE_MAX);
	return TUNNEL_ON;
}

static enum tunnel_step
skip_request_body(struct http *http, struct slice *in)
{
	if (http->sent.state == HTTP_BODY_OVER) {
		http->request = HTTP_REQUEST_WAIT;
		return TUNNEL_ON;
	}
	http_body_step(&http->sent, in);
	if (http->sent.state == HTTP_BODY_BAD)
		return TUNNEL_DONE;
	return in->n > 0 || http->sent.state == HTTP_BODY_OVER ? TUNNEL_ON : TUNNEL_MORE;
}

/* Many scanners send one more line end behind the head of a CONNECT. Where the grant is
 * doubtful, TLS shows that it was meant. */
static enum tunnel_step
wait_for_grant(struct http *http, struct slice *in)
{
	while (http->open && in->n > 0 && (in->p[0] == '\r' || in->p[0] == '\n'))
		*in = slice_tail(*in, 1);
	if (http->open && in->n > 0)
		http->hello = in->p[0] == TLS_HANDSHAKE;
	http->granted = http->reply == HTTP_REPLY_DOUBT && http->hello;
	if (http->granted)
		return TUNNEL_INNER;
	if (http->open)
		return TUNNEL_MORE;
	http->request = HTTP_REQUEST_LINE;
	return TUNNEL_ON;
}

enum tunnel_step
http_step_request(void *state, struct slice *in)
{
	struct http *http = state;

	switch (http->request) {
	case HTTP_REQUEST_LINE:
		return read_request_line(http, in);
	case HTTP_REQUEST_FIELDS:
		return read_request_field(http, in);
	case HTTP_REQUEST_BODY:
		return skip_request_body(http, in);
	case HTTP_REQUEST_WAIT:
		if (http->open)
			return TUNNEL_MORE;
		http->request = HTTP_REQUEST_LINE;
		return TUNNEL_ON;
	case HTTP_REQUEST_TUNNEL:
		return wait_for_grant(http, in);
	case HTTP_REQUEST_CHUNK:
		return http_read_chunk_size(&http->sent, in);
	case HTTP_REQUEST_INNER:
		break;
	}
	return TUNNEL_INNER;
}
