/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * HTTP/1 as proxies speak it: CONNECT (RFC 9110 section 9.3.6) and requests in absolute
 * form (RFC 9112 section 3.2.2). A web server's own traffic is refused by the probe.
 *
 * Requests and replies are taken in turns: the requester's next request waits until the
 * reply to the last one was read, and a reply waits for the head of its request. Lines of
 * any length are read with bounded memory. Where a body's end cannot be known, or what
 * follows is no HTTP, the connection is given up.
 */
#include "http_state.h"

static bool
is_waiting(const struct http *http)
{
	return http->open && (http->request == HTTP_REQUEST_TUNNEL ||
				 http->request == HTTP_REQUEST_WAIT);
}

/* What waits for a grant may be the tunnel's: gaps and the end of it wait, too. */
static enum tunnel_step
break_request(struct http *http, struct proto_input *input)
{
	uint64_t lost = input->gap;

	if (is_waiting(http))
		return TUNNEL_MORE;
	input->gap = 0;
	if (lost > 0) {
		return http->request == HTTP_REQUEST_BODY &&
			       http_body_gap(&http->sent, lost)
			   ? TUNNEL_ON
			   : TUNNEL_DONE;
	}
	input->end = false;
	http->ended = true;
	return http->open ? TUNNEL_MORE : TUNNEL_DONE;
}

static enum tunnel_step
break_reply(struct http *http, struct proto_input *input)
{
	uint64_t lost = input->gap;

	if (lost == 0 && http->reply == HTTP_REPLY_START && !http->open && !http->ended)
		return TUNNEL_MORE; /* the rest of a request may still come */
	input->gap = 0;
	if (lost == 0)
		input->end = false;
	if (http->reply == HTTP_REPLY_FIELDS)
		return http_end_reply_head(http, false);
	if (lost > 0 && http->reply == HTTP_REPLY_BODY && http_body_gap(&http->got, lost))
		return TUNNEL_ON;
	return TUNNEL_DONE;
}

static enum tunnel_step
take_break(void *state, enum proto_role role, struct proto_input *input)
{
	struct http *http = state;

	if (role == PROTO_REQUESTER)
		return break_request(http, input);
	return break_reply(http, input);
}

static enum tunnel_step
reads(const void *state, enum proto_role role)
{
	const struct http *http = state;

	if (http->granted)
		return TUNNEL_INNER;
	if (http->reply == HTTP_REPLY_OVER)
		return TUNNEL_DONE;
	if (role == PROTO_REQUESTER ? http->request == HTTP_REQUEST_INNER
				    : http->reply == HTTP_REPLY_INNER)
		return TUNNEL_INNER;
	return TUNNEL_ON;
}

static void
tell(void *state, enum tunnel_due due, struct fact *fact)
{
	struct http *http = state;

	if (due == TUNNEL_DUE_ASKED)
		tunnel_asked(&http->tunnel, fact);
	else if (due == TUNNEL_DUE_GRANTED)
		tunnel_granted(&http->tunnel, http->code, http->sure, fact);
	else
		tunnel_refused(&http->tunnel, http->code,
		    slice_of(http->reason, http->reason_n), fact);
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	static const struct tunnel_machine machine = {
		.reads = reads,
		.request = http_step_request,
		.reply = http_step_reply,
		.take_break = take_break,
		.tell = tell,
	};
	struct http *http = state;

	return tunnel_parse(&machine, http, &http->tunnel, role, input, fact);
}

static void
init(void *state)
{
	struct http *http = state;

	memset(http, 0, offsetof(struct http, tunnel));
	tunnel_init(&http->tunnel, 0);
	http->first = true;
}

const struct proto proto_http = {
	.name = "http",
	.state_bytes = sizeof(struct http),
	.probe = http_probe,
	.init = init,
	.parse = parse,
};
