/* SPDX-License-Identifier: BSD-2-Clause */
#include "socks.h"
#include "tunnel.h"

enum { USER_SANE = 64 }; /* longest user id taken for one */

static bool
is_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] < ' ' && memchr("\t\r\n", s.p[i], 3) == NULL) ||
		    s.p[i] == 0x7f)
			return false;
	}
	return true;
}

/* A string with its NUL at the front of *in, and taken from it. */
static enum proto_probe
probe_string(struct slice *in, size_t max)
{
	const uint8_t *nul = in->n > 0 ? memchr(in->p, 0, in->n) : NULL;
	struct slice text = slice_head(*in, nul != NULL ? (size_t)(nul - in->p) : in->n);

	if (text.n > max || !is_text(text))
		return PROTO_NO;
	*in = slice_tail(*in, text.n + 1);
	return nul != NULL ? PROTO_YES : PROTO_MAYBE;
}

/* YES: a whole version 4 request is at the front of *in, and is taken from it. */
static enum proto_probe
probe_v4(struct slice *in)
{
	const uint8_t *p = in->p;
	enum proto_probe user;
	bool name;

	if (in->n > 1 && p[1] != SOCKS_COMMAND_CONNECT && p[1] != SOCKS_COMMAND_BIND)
		return PROTO_NO;
	if (in->n > 3 && be16(p + 2) == 0)
		return PROTO_NO;
	if (in->n < SOCKS4_HEAD)
		return PROTO_MAYBE;
	if (be32(p + 4) == 0)
		return PROTO_NO;
	name = socks_is_4a(p + 4);
	*in = slice_tail(*in, SOCKS4_HEAD);
	user = probe_string(in, USER_SANE);
	if (user != PROTO_YES || !name)
		return user;
	if (in->n > 0 && in->p[0] == 0)
		return PROTO_NO;
	return probe_string(in, TUNNEL_HOST_MAX);
}

/* A web server says in its own way that it is no proxy. */
static bool
is_http_reply(struct slice s)
{
	static const char http[] = "HTTP/1.";
	size_t n = s.n < sizeof(http) - 1 ? s.n : sizeof(http) - 1;

	return n > 0 && memcmp(s.p, http, n) == 0;
}

static bool
is_v4_reply(struct slice s)
{
	if (s.n > 0 && s.p[0] == SOCKS5) /* a server of version 5 alone */
		return s.n < 2 || s.p[1] == SOCKS_METHOD_REFUSED;
	return (s.n < 1 || s.p[0] == 0) &&
	       (s.n < 2 || (s.p[1] >= SOCKS4_OK && s.p[1] <= SOCKS4_LAST));
}

/* What may stand behind a greeting. */
static bool
is_v5_next(struct slice s)
{
	if (s.n == 0)
		return true;
	if (s.p[0] == SOCKS5_AUTH)
		return true;
	return s.p[0] == SOCKS5 &&
	       (s.n < 2 ||
		   (s.p[1] >= SOCKS_COMMAND_CONNECT && s.p[1] <= SOCKS_COMMAND_UDP)) &&
	       (s.n < 4 || s.p[3] == 1 || s.p[3] == 3 || s.p[3] == 4);
}

/* YES: a greeting is at the front of *in, and is taken from it. */
static enum proto_probe
probe_v5(struct slice *in, struct slice *methods)
{
	if (in->n > 1 && in->p[1] == 0)
		return PROTO_NO;
	if (in->n < 2)
		return PROTO_MAYBE;
	*methods = slice_head(slice_tail(*in, 2), in->p[1]);
	if (memchr(methods->p, SOCKS_METHOD_REFUSED, methods->n) != NULL)
		return PROTO_NO;
	if (methods->n < in->p[1])
		return PROTO_MAYBE;
	*in = slice_tail(*in, 2 + methods->n);
	return is_v5_next(*in) ? PROTO_YES : PROTO_NO;
}

static bool
is_v5_choice(struct slice s, struct slice methods)
{
	return (s.n < 1 || s.p[0] == SOCKS5) &&
	       (s.n < 2 || s.p[1] == SOCKS_METHOD_REFUSED ||
		   memchr(methods.p, s.p[1], methods.n) != NULL);
}

static bool
are_known(struct slice methods)
{
	for (size_t i = 0; i < methods.n; i++) {
		if (methods.p[i] > SOCKS_METHOD_LAST &&
		    methods.p[i] < SOCKS_METHOD_PRIVATE)
			return false;
	}
	return true;
}

/*
 * Both directions must be coherent: an echo service or another protocol that begins with
 * these octets is no proxy. Only an attempt nobody answered stands alone.
 */
enum proto_probe
socks_probe(struct slice requester, struct slice responder, unsigned flags)
{
	struct slice in = requester, methods = { NULL, 0 };
	enum proto_probe shape;
	bool coherent, alone;

	if (requester.n == 0)
		return responder.n == 0 ? PROTO_MAYBE : PROTO_NO;
	if (requester.p[0] == SOCKS4) {
		shape = probe_v4(&in);
		coherent = is_v4_reply(responder) || is_http_reply(responder);
		alone = is_text(in);
	} else if (requester.p[0] == SOCKS5) {
		shape = probe_v5(&in, &methods);
		coherent = shape != PROTO_YES || is_v5_choice(responder, methods) ||
		    is_http_reply(responder);
		alone = are_known(methods);
	} else {
		return PROTO_NO;
	}
	if (shape != PROTO_YES || !coherent)
		return coherent ? shape : PROTO_NO;
	if (responder.n >= 2)
		return PROTO_YES;
	if (responder.n > 0 || !alone || flags & PROTO_PROBE_MIDSTREAM)
		return PROTO_MAYBE;
	return flags & PROTO_PROBE_LAST ? PROTO_YES : PROTO_MAYBE;
}
