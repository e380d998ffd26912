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
#include "ascii.h"
#include "http_head.h"
#include "line.h"
#include "proto.h"
#include "tunnel_parse.h"

enum { REQUEST_LINE_MAX = 1024, REPLY_LINE_MAX = 256, METHOD_MAX = 24, BLANKS_MAX = 8 };

enum request_state {
	REQUEST_LINE,
	REQUEST_FIELDS,
	REQUEST_BODY,
	REQUEST_WAIT,   /* for the whole reply */
	REQUEST_TUNNEL, /* CONNECT: for the grant */
	REQUEST_CHUNK,  /* the length of the chunk whose data is inner */
	REQUEST_INNER,
};

enum reply_state {
	REPLY_START,
	REPLY_LINE,
	REPLY_FIELDS,
	REPLY_BODY,
	REPLY_CHUNK, /* as above */
	REPLY_INNER,
	REPLY_OVER, /* nothing more is of interest */
};

struct http {
	enum request_state request;
	enum reply_state reply;
	enum http_method method;
	bool first;   /* no request was read yet */
	bool told;    /* the request is one to a proxy */
	bool open;    /* a request has no whole reply yet */
	bool granted; /* both directions are inner */
	bool sure;
	bool ended; /* the requester has no more to say */
	bool user;  /* the request named one */
	uint16_t code;
	uint16_t reason_n;
	uint32_t next; /* number of the next request that is told */
	struct http_fields asked, answered;
	struct http_body sent, got;
	struct line request_line, reply_line;
	struct tunnel tunnel;
	uint8_t reason[TUNNEL_LINE_MAX + 1]; /* one more, to see that it was cut */
	uint8_t request_text[REQUEST_LINE_MAX];
	uint8_t reply_text[REPLY_LINE_MAX];
};

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
		http->request = REQUEST_TUNNEL;
	else if (http->told && http->method == HTTP_POST &&
		 tunnel_is_to_mail(&http->tunnel))
		http->request = http->asked.chunked ? REQUEST_CHUNK : REQUEST_INNER;
	else
		http->request = REQUEST_BODY;
	return TUNNEL_ON;
}

static enum tunnel_step
read_request_line(struct http *http, struct slice *in)
{
	struct http_request_line request;
	struct target target;
	struct slice line;

	if (!line_take(
		&http->request_line, http->request_text, REQUEST_LINE_MAX, in, &line))
		return TUNNEL_MORE;
	if (line.n == 0)
		return TUNNEL_ON; /* RFC 9112 section 2.2 */
	if (!http_read_request_line(line, http->request_line.cut, &request))
		return http->first ? TUNNEL_BAD : TUNNEL_DONE;
	tunnel_init(&http->tunnel, http->next);
	http->asked = (struct http_fields){ 0 };
	http->user = false;
	http->method = request.method;
	http->told = read_target(http, &request, &target);
	if (http->told) {
		http->next++;
		tunnel_set_target(&http->tunnel, &target);
		keep_line(http, line, target.secret);
	}
	http->tunnel.cut |= http->told && http->request_line.cut;
	explicit_bzero(http->request_text, REQUEST_LINE_MAX);
	http->request = REQUEST_FIELDS;
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

	if (!line_take(
		&http->request_line, http->request_text, REQUEST_LINE_MAX, in, &line))
		return TUNNEL_MORE;
	if (line.n == 0)
		return end_request_head(http);
	if (!http_read_field(line, &name, &value))
		return TUNNEL_ON;
	http_take_field(&http->asked, name, value);
	if (ascii_is(name, "proxy-authorization"))
		take_user(http, value);
	if (http->request_line.len > 0)
		explicit_bzero(http->request_text, REQUEST_LINE_MAX);
	return TUNNEL_ON;
}

static enum tunnel_step
skip_request_body(struct http *http, struct slice *in)
{
	if (http->sent.state == HTTP_BODY_OVER) {
		http->request = REQUEST_WAIT;
		return TUNNEL_ON;
	}
	http_body_step(&http->sent, in);
	if (http->sent.state == HTTP_BODY_BAD)
		return TUNNEL_DONE;
	return in->n > 0 || http->sent.state == HTTP_BODY_OVER ? TUNNEL_ON : TUNNEL_MORE;
}

/* Many scanners send one more line end behind the head of a CONNECT. */
static enum tunnel_step
wait_for_grant(struct http *http, struct slice *in)
{
	while (http->open && in->n > 0 && (in->p[0] == '\r' || in->p[0] == '\n'))
		*in = slice_tail(*in, 1);
	if (http->open)
		return TUNNEL_MORE;
	http->request = REQUEST_LINE;
	return TUNNEL_ON;
}

static enum tunnel_step
read_chunk_size(struct http_body *body, struct slice *in)
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

static enum tunnel_step
step_request(void *state, struct slice *in)
{
	struct http *http = state;

	switch (http->request) {
	case REQUEST_LINE:
		return read_request_line(http, in);
	case REQUEST_FIELDS:
		return read_request_field(http, in);
	case REQUEST_BODY:
		return skip_request_body(http, in);
	case REQUEST_WAIT:
		if (http->open)
			return TUNNEL_MORE;
		http->request = REQUEST_LINE;
		return TUNNEL_ON;
	case REQUEST_TUNNEL:
		return wait_for_grant(http, in);
	case REQUEST_CHUNK:
		return read_chunk_size(&http->sent, in);
	case REQUEST_INNER:
		break;
	}
	return TUNNEL_INNER;
}

/* The body of a POST to mail went on to the target, and so nothing else can follow it. */
static bool
is_posted(const struct http *http)
{
	return http->request == REQUEST_INNER || http->request == REQUEST_CHUNK;
}

static enum tunnel_step
end_reply(struct http *http)
{
	http->open = false;
	http->reply = http->ended || is_posted(http) ? REPLY_OVER : REPLY_START;
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
	http->reply = mail ? REPLY_INNER : REPLY_OVER;
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
	http->reply = REPLY_LINE;
	return TUNNEL_ON;
}

static enum tunnel_step
read_status(struct http *http, struct slice *in)
{
	struct slice line, reason;

	if (!line_take(&http->reply_line, http->reply_text, REPLY_LINE_MAX, in, &line))
		return TUNNEL_MORE;
	if (!http_read_status_line(line, &http->code, &reason))
		return TUNNEL_DONE;
	reason = slice_head(reason, sizeof(http->reason));
	if (reason.n > 0)
		memcpy(http->reason, reason.p, reason.n);
	http->reason_n = (uint16_t)reason.n;
	http->answered = (struct http_fields){ 0 };
	http->reply = REPLY_FIELDS;
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
	http->reply = http->got.state == HTTP_BODY_TO_CLOSE ? REPLY_OVER : REPLY_BODY;
}

static void
take_grant(struct http *http, bool whole)
{
	bool posted = http->told && is_posted(http);

	http->sure = whole && is_sure(http);
	http->tunnel.due |= http->told ? TUNNEL_DUE_GRANTED : 0;
	skip_reply_body(http);
	if (!whole || (http->method == HTTP_CONNECT && !http->told)) {
		http->reply = REPLY_OVER;
	} else if (http->sure) {
		http->granted = true;
		http->reply = REPLY_INNER;
	} else if (posted) {
		http->reply = http->answered.chunked ? REPLY_CHUNK : REPLY_INNER;
	}
}

/* The head of the reply is over, or its end was lost. */
static enum tunnel_step
end_reply_head(struct http *http, bool whole)
{
	if (http->code / 100 == 1 && http->code != 101) {
		http->reply = whole ? REPLY_START : REPLY_OVER;
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
	if (!whole || http->code == 101 || is_posted(http))
		http->reply = REPLY_OVER; /* 101: WebSocket, h2c */
	return TUNNEL_ON;
}

static enum tunnel_step
read_reply_field(struct http *http, struct slice *in)
{
	struct slice line, name, value;

	if (!line_take(&http->reply_line, http->reply_text, REPLY_LINE_MAX, in, &line))
		return TUNNEL_MORE;
	if (line.n == 0)
		return end_reply_head(http, true);
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

static enum tunnel_step
step_reply(void *state, struct slice *in)
{
	struct http *http = state;

	switch (http->reply) {
	case REPLY_START:
		return read_reply_start(http, in);
	case REPLY_LINE:
		return read_status(http, in);
	case REPLY_FIELDS:
		return read_reply_field(http, in);
	case REPLY_BODY:
		return read_reply_body(http, in);
	case REPLY_CHUNK:
		return read_chunk_size(&http->got, in);
	case REPLY_INNER:
		return TUNNEL_INNER;
	case REPLY_OVER:
		break;
	}
	return TUNNEL_DONE;
}

static bool
is_waiting(const struct http *http)
{
	return http->open &&
	       (http->request == REQUEST_TUNNEL || http->request == REQUEST_WAIT);
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
		return http->request == REQUEST_BODY && http_body_gap(&http->sent, lost)
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

	if (lost == 0 && http->reply == REPLY_START && !http->open && !http->ended)
		return TUNNEL_MORE; /* the rest of a request may still come */
	input->gap = 0;
	if (lost == 0)
		input->end = false;
	if (http->reply == REPLY_FIELDS)
		return end_reply_head(http, false);
	if (lost > 0 && http->reply == REPLY_BODY && http_body_gap(&http->got, lost))
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
	if (http->reply == REPLY_OVER)
		return TUNNEL_DONE;
	if (role == PROTO_REQUESTER ? http->request == REQUEST_INNER
				    : http->reply == REPLY_INNER)
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
		.request = step_request,
		.reply = step_reply,
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

/* host:port and what ends it. */
static enum proto_probe
probe_host_port(struct slice text)
{
	struct target target;
	size_t n = 0;

	while (n < text.n && memchr(" \t\r\n", text.p[n], 4) == NULL) {
		if (text.p[n] < ' ')
			return PROTO_NO;
		n++;
	}
	if (n == text.n)
		return PROTO_MAYBE;
	return target_read(slice_head(text, n), &target) && target.port != 0 ? PROTO_YES
									     : PROTO_NO;
}

/* Most requests are told from their first word and the slash behind it. */
static enum proto_probe
probe_request(struct slice s)
{
	struct slice method;
	size_t n = 0;

	while (n < s.n && n < METHOD_MAX && (ascii_is_alnum(s.p[n]) || s.p[n] == '-'))
		n++;
	if (n == s.n)
		return PROTO_MAYBE;
	if (n == 0 || s.p[n] != ' ')
		return PROTO_NO;
	method = slice_head(s, n);
	while (n < s.n && s.p[n] == ' ')
		n++;
	s = slice_tail(s, n);
	if (s.n == 0)
		return PROTO_MAYBE;
	if (s.p[0] == '/' || s.p[0] == '*')
		return PROTO_NO;
	if (ascii_is(method, "connect"))
		return probe_host_port(s);
	if (target_is_uri(s))
		return PROTO_YES;
	return target_may_be_uri(s) ? PROTO_MAYBE : PROTO_NO;
}

/*
 * On a mail port the answer tells whether it is a proxy that was asked, or a mail server
 * that got an HTTP request: that session is SMTP's.
 */
static enum proto_probe
probe(struct slice requester, struct slice responder, unsigned flags)
{
	enum proto_probe answer;
	size_t blanks = 0;

	if (requester.n == 0)
		return responder.n == 0 ? PROTO_MAYBE : PROTO_NO;
	if (responder.n > 0 && responder.p[0] != 'H')
		return PROTO_NO;
	while (blanks < requester.n && blanks < BLANKS_MAX &&
	       (requester.p[blanks] == '\r' || requester.p[blanks] == '\n'))
		blanks++;
	answer = probe_request(slice_tail(requester, blanks));
	if (answer == PROTO_YES && responder.n == 0 && flags & PROTO_PROBE_MAIL_PORT)
		return flags & PROTO_PROBE_LAST ? PROTO_YES : PROTO_MAYBE;
	return answer;
}

const struct proto proto_http = {
	.name = "http",
	.state_bytes = sizeof(struct http),
	.probe = probe,
	.init = init,
	.parse = parse,
};
