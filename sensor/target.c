/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 3986 section 3.2 (authority), RFC 9112 section 3.2 (forms of a request's target).
 */
#include "target.h"

#include "ascii.h"

#include <arpa/inet.h>

enum { LITERAL_MAX = 80, PORT_DIGITS = 8 };

struct scheme {
	const char *start;
	uint16_t port;
};

static const struct scheme schemes[] = {
	{ "http://", 80 },
	{ "https://", 443 },
	{ "ftp://", 21 },
};

enum { SCHEMES = sizeof(schemes) / sizeof(schemes[0]) };

static bool
read_port(struct slice text, uint16_t *port)
{
	uint32_t value = 0;

	if (text.n == 0 || text.n > PORT_DIGITS)
		return false;
	for (size_t i = 0; i < text.n; i++) {
		if (!ascii_is_digit(text.p[i]))
			return false;
		value = value * 10 + text.p[i] - '0';
	}
	if (value == 0 || value > UINT16_MAX)
		return false;
	*port = (uint16_t)value;
	return true;
}

/* Host and zone without what follows '%' (RFC 6874), with a final NUL. */
static bool
copy_literal(struct slice host, char out[static LITERAL_MAX])
{
	const uint8_t *zone = host.n > 0 ? memchr(host.p, '%', host.n) : NULL;

	if (zone != NULL)
		host.n = (size_t)(zone - host.p);
	if (host.n == 0 || host.n >= LITERAL_MAX || memchr(host.p, 0, host.n) != NULL)
		return false;
	memcpy(out, host.p, host.n);
	out[host.n] = '\0';
	return true;
}

/* inet_aton() itself lets anything follow white space. */
static bool
read_v4(const char *text, struct addr *out)
{
	static const char allowed[] = "0123456789abcdefABCDEFxX.";
	struct in_addr in;
	uint8_t bytes[4];

	if (text[strspn(text, allowed)] != '\0' || inet_aton(text, &in) == 0)
		return false;
	memcpy(bytes, &in.s_addr, sizeof(bytes));
	*out = addr_from_v4(bytes);
	return true;
}

bool
target_addr(struct slice host, struct addr *out)
{
	char text[LITERAL_MAX];

	if (host.n > 1 && host.p[host.n - 1] == '.')
		host.n--;
	if (!copy_literal(host, text))
		return false;
	if (strchr(text, ':') != NULL)
		return addr_parse(text, out) == 0;
	return host.p[host.n - 1] != '.' && read_v4(text, out);
}

/* A name or an IPv4 literal: letters of any script, as clients send them. */
static bool
is_name(struct slice host)
{
	if (host.n == 0 || host.p[0] == '.' || host.p[0] == '-')
		return false;
	for (size_t i = 0; i < host.n; i++) {
		uint8_t c = host.p[i];

		if (!ascii_is_alnum(c) && c != '.' && c != '-' && c != '_' && c < 0x80)
			return false;
	}
	return true;
}

static bool
is_v6(struct slice host)
{
	struct addr addr;

	return host.n > 0 && memchr(host.p, ':', host.n) != NULL &&
	       target_addr(host, &addr);
}

static bool
read_bracketed(struct slice text, struct target *out, struct slice *port)
{
	const uint8_t *close = memchr(text.p, ']', text.n);

	if (close == NULL)
		return false;
	out->host = slice_of(text.p + 1, (size_t)(close - text.p) - 1);
	*port = slice_tail(text, out->host.n + 2);
	if (port->n > 0 && port->p[0] != ':')
		return false;
	return is_v6(out->host);
}

/* Without brackets the last colon is the port's where that leaves an address. */
static bool
split(struct slice text, struct target *out, struct slice *port)
{
	const uint8_t *colon;

	if (text.n > 0 && text.p[0] == '[')
		return read_bracketed(text, out, port);
	colon = text.n > 0 ? memrchr(text.p, ':', text.n) : NULL;
	out->host = slice_head(text, colon != NULL ? (size_t)(colon - text.p) : text.n);
	*port = slice_tail(text, out->host.n);
	if (is_name(out->host) || is_v6(out->host))
		return true;
	out->host = text;
	*port = slice_of(text.p, 0);
	return is_v6(text);
}

bool
target_read(struct slice text, struct target *out)
{
	struct slice port;

	*out = (struct target){ 0 };
	if (!split(text, out, &port))
		return false;
	return port.n == 0 || read_port(slice_tail(port, 1), &out->port);
}

bool
target_read_words(struct slice host, struct slice port, struct target *out)
{
	*out = (struct target){ .host = host };
	return (is_name(host) || is_v6(host)) && read_port(port, &out->port);
}

bool
target_may_be_uri(struct slice text)
{
	for (unsigned i = 0; i < SCHEMES; i++) {
		size_t n = ascii_common(text, schemes[i].start);

		if (n == text.n || schemes[i].start[n] == '\0')
			return true;
	}
	return false;
}

static const struct scheme *
find_scheme(struct slice uri)
{
	for (unsigned i = 0; i < SCHEMES; i++) {
		if (ascii_has_prefix(uri, schemes[i].start))
			return &schemes[i];
	}
	return NULL;
}

bool
target_is_uri(struct slice text)
{
	return find_scheme(text) != NULL;
}

static struct slice
authority(struct slice rest)
{
	size_t n = 0;

	while (n < rest.n && memchr("/?#\\ \t", rest.p[n], 6) == NULL)
		n++;
	return slice_head(rest, n);
}

bool
target_read_uri(struct slice uri, struct target *out)
{
	const struct scheme *scheme = find_scheme(uri);
	struct slice text, port, user = { NULL, 0 };
	const uint8_t *at, *colon = NULL;

	*out = (struct target){ 0 };
	if (scheme == NULL)
		return false;
	text = authority(slice_tail(uri, strlen(scheme->start)));
	at = text.n > 0 ? memrchr(text.p, '@', text.n) : NULL;
	if (at != NULL) {
		user = slice_head(text, (size_t)(at - text.p));
		text = slice_tail(text, user.n + 1);
		colon = user.n > 0 ? memchr(user.p, ':', user.n) : NULL;
	}
	if (colon != NULL)
		out->secret = slice_of(colon, (size_t)(at - colon));
	if (!split(text, out, &port))
		return false;
	out->port = scheme->port;
	return port.n <= 1 || read_port(slice_tail(port, 1), &out->port);
}
