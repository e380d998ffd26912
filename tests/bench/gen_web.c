/* SPDX-License-Identifier: BSD-2-Clause */
/* What surrounds the mail: HTTP/1.1 on port 80, TLS records on port 443. */
#include "gen.h"

#include <string.h>

enum web_step {
	WEB_REQUEST,
	WEB_RESPONSE,
	TLS_CLIENT_HELLO,
	TLS_SERVER_HELLO,
};

static void
pick_ends(struct session *s, uint16_t port)
{
	uint32_t outside = outside_address(s);

	if (prng_permille(&s->rng, 200))
		set_ends(s, outside, 0xc0000250 + prng_below(&s->rng, 16), port);
	else
		set_ends(s, 0x0a020000 + prng_below(&s->rng, 4096), outside, port);
}

static void
say_range(struct gen *g, struct session *s, enum pool_kind kind, size_t size)
{
	s->say.body = pool_range(&g->pools[kind], &s->rng, size);
	g->payload_bytes += s->say.body.left + 500;
}

static void
http_request(struct gen *g, struct session *s)
{
	unsigned n = prng_below(&s->rng, 100000);

	g->truth.http_requests++;
	say(s, CLIENT);
	say_text(s,
	    "GET /page/%u HTTP/1.1\r\nHost: www.site%u.test\r\n"
	    "User-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\nAccept: */*\r\n\r\n",
	    n, n % 197);
	s->web.step = WEB_RESPONSE;
}

static void
http_response(struct gen *g, struct session *s)
{
	static const enum pool_kind kinds[4] = { POOL_HTML, POOL_BINARY, POOL_BINARY,
		POOL_TEXT };
	unsigned kind = prng_below(&s->rng, 4);

	say(s, SERVER);
	say_range(
	    g, s, kinds[kind], g->profile == PROFILE_TINY ? 60 : size_random(&s->rng));
	say_text(s,
	    "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    kind == 0   ? "text/html"
	    : kind == 3 ? "text/plain"
			: "image/jpeg",
	    s->say.body.left);
	s->web.step = WEB_REQUEST;
	s->web.requests_left--;
}

static bool
http_next(struct gen *g, struct session *s)
{
	if (s->web.step == WEB_RESPONSE)
		http_response(g, s);
	else if (s->web.requests_left > 0)
		http_request(g, s);
	else
		return false;
	return true;
}

static void
say_bytes(struct session *s, const void *bytes, size_t len)
{
	memcpy(s->say.text + s->say.text_len, bytes, len);
	s->say.text_len += len;
}

static void
say_random(struct session *s, size_t len)
{
	for (; len > 0; len--)
		s->say.text[s->say.text_len++] = (char)prng_next(&s->rng);
}

/* TLS 1.2 on the wire, one suite, a server name of 13 octets. */
static void
tls_client_hello(struct session *s)
{
	static const uint8_t before_random[] = { 22, 3, 1, 0, 77, 1, 0, 0, 73, 3, 3 };
	static const uint8_t after_random[] = { 0, 0, 2, 0xc0, 0x2f, 1, 0, 0, 30, 0, 0, 0,
		18, 0, 16, 0, 0, 13 };
	static const uint8_t groups[] = { 0, 10, 0, 4, 0, 2, 0, 29 };

	say(s, CLIENT);
	say_bytes(s, before_random, sizeof(before_random));
	say_random(s, 32);
	say_bytes(s, after_random, sizeof(after_random));
	say_text(s, "www%03u.site.t", (unsigned)(s->serial % 1000));
	say_bytes(s, groups, sizeof(groups));
	s->web.step = TLS_SERVER_HELLO;
}

static void
tls_server_hello(struct gen *g, struct session *s)
{
	static const uint8_t before_random[] = { 22, 3, 3, 0, 42, 2, 0, 0, 38, 3, 3 };
	static const uint8_t after_random[] = { 0, 0xc0, 0x2f, 0, 20, 3, 3, 0, 1, 1 };

	say(s, SERVER);
	say_bytes(s, before_random, sizeof(before_random));
	say_random(s, 32);
	say_bytes(s, after_random, sizeof(after_random));
	g->payload_bytes += 700;
	s->web.step = WEB_REQUEST;
}

static void
tls_request(struct session *s)
{
	unsigned n = prng_between(&s->rng, 100, 1200);
	uint8_t header[5] = { 23, 3, 3, (uint8_t)(n >> 8), (uint8_t)n };

	say(s, CLIENT);
	say_bytes(s, header, sizeof(header));
	say_random(s, n);
	s->web.step = WEB_RESPONSE;
}

static bool
tls_next(struct gen *g, struct session *s)
{
	switch ((enum web_step)s->web.step) {
	case TLS_CLIENT_HELLO:
		tls_client_hello(s);
		break;
	case TLS_SERVER_HELLO:
		tls_server_hello(g, s);
		break;
	case WEB_REQUEST:
		if (s->web.requests_left-- == 0)
			return false;
		tls_request(s);
		break;
	case WEB_RESPONSE:
		say(s, SERVER);
		say_range(g, s, POOL_TLS, size_random(&s->rng));
		s->web.step = WEB_REQUEST;
	}
	return true;
}

void
http_start(struct gen *g, struct session *s)
{
	pick_ends(s, 80);
	s->say_next = http_next;
	s->web.step = WEB_REQUEST;
	s->web.requests_left =
	    g->profile == PROFILE_TINY ? 1 : prng_between(&s->rng, 1, 12);
}

void
tls_start(struct gen *g, struct session *s)
{
	g->truth.tls_connections++;
	pick_ends(s, 443);
	tls_continue(s);
}

void
tls_continue(struct session *s)
{
	s->say_next = tls_next;
	s->web.step = TLS_CLIENT_HELLO;
	s->web.requests_left = prng_between(&s->rng, 1, 8);
}
