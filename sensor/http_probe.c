/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a connection carries requests to a web proxy, by its first bytes. */
#include "ascii.h"
#include "http_state.h"

enum { METHOD_MAX = 24, BLANKS_MAX = 8 };

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
enum proto_probe
http_probe(struct slice requester, struct slice responder, unsigned flags)
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
