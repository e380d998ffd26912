/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC 2195), DIGEST-MD5 (RFC 2831), SCRAM (RFC 5802),
 * OAUTHBEARER (RFC 7628) and XOAUTH2.
 */
#include "smtp_auth.h"

#include "ascii.h"

enum { DECODED_MAX = 1536 }; /* what a kept line of 2048 octets can hold */

void
smtp_auth_start(struct smtp_auth *auth, struct slice mechanism)
{
	mechanism = slice_head(mechanism, SMTP_AUTH_MECHANISM);
	auth->user_len = 0;
	auth->responses = 0;
	auth->cut = false;
	auth->mechanism_len = (uint8_t)mechanism.n;
	if (mechanism.n > 0)
		memcpy(auth->mechanism, mechanism.p, mechanism.n);
}

static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

/* Up to the first character that is no base64. */
static struct slice
base64_decode(struct slice in, uint8_t *out, size_t max)
{
	uint32_t bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.n && n < max; i++) {
		int value = base64_value(in.p[i]);

		if (value < 0)
			break;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 != 0)
			out[n++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return slice_of(out, n);
}

static struct slice
until(struct slice s, uint8_t end)
{
	const uint8_t *p = s.n > 0 ? memchr(s.p, end, s.n) : NULL;

	return p != NULL ? slice_of(s.p, (size_t)(p - s.p)) : s;
}

/* What follows key, up to the end character; nothing without that key. */
static struct slice
value_of(struct slice s, const char *key, uint8_t end)
{
	while (s.n > 0) {
		if (ascii_has_prefix(s, key))
			return until(slice_tail(s, strlen(key)), end);
		s = slice_tail(s, 1);
	}
	return s;
}

/* authzid NUL authcid NUL password. Where a NUL is missing the password may be anywhere.
 */
static struct slice
plain_user(struct slice s)
{
	struct slice rest = slice_tail(s, until(s, 0).n + 1);
	struct slice user = until(rest, 0);

	return user.n < rest.n ? user : slice_of(s.p, 0);
}

/* "user digest"; the user may contain spaces. */
static struct slice
cram_user(struct slice s)
{
	size_t n = s.n;

	while (n > 0 && s.p[n - 1] != ' ')
		n--;
	return slice_of(s.p, n > 0 ? n - 1 : 0);
}

static struct slice
find_user(struct slice mechanism, struct slice decoded)
{
	if (ascii_is(mechanism, "plain"))
		return plain_user(decoded);
	if (ascii_is(mechanism, "login"))
		return decoded;
	if (ascii_is(mechanism, "cram-md5"))
		return cram_user(decoded);
	if (ascii_is(mechanism, "xoauth2"))
		return value_of(decoded, "user=", 1);
	if (ascii_is(mechanism, "oauthbearer"))
		return value_of(until(decoded, 1), "a=", ',');
	if (ascii_is(mechanism, "digest-md5"))
		return value_of(decoded, "username=\"", '"');
	if (ascii_has_prefix(mechanism, "scram-"))
		return value_of(decoded, "n=", ',');
	return slice_of(decoded.p, 0);
}

void
smtp_auth_take(struct smtp_auth *auth, struct slice response)
{
	struct slice mechanism = slice_of(auth->mechanism, auth->mechanism_len);
	uint8_t decoded[DECODED_MAX];
	struct slice user;

	/* Of LOGIN the second response is the password: not even decoded. */
	if (auth->responses++ > 0 || ascii_is(response, "*")) {
		auth->responses = 1;
		return;
	}
	user = find_user(mechanism, base64_decode(response, decoded, sizeof(decoded)));
	auth->cut = user.n > SMTP_AUTH_USER;
	user = slice_head(user, SMTP_AUTH_USER);
	if (user.n > 0)
		memcpy(auth->user, user.p, user.n);
	auth->user_len = (uint16_t)user.n;
	explicit_bzero(decoded, sizeof(decoded));
}
