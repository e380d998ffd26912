/* SPDX-License-Identifier: BSD-2-Clause */
#include "smtp_body.h"

#include <xxhash.h>

void
smtp_body_start(struct smtp_body *body)
{
	body->lines = 0;
	body->len = 0;
	body->space = body->cr = false;
}

static void
put(struct smtp_body *body, uint8_t c)
{
	if (body->len < SMTP_BODY_BYTES)
		body->bytes[body->len++] = c;
}

/* Text follows: so what was held back is part of the body. */
static void
put_held(struct smtp_body *body)
{
	while (body->lines > 0 && !smtp_body_is_full(body)) {
		put(body, '\r');
		put(body, '\n');
		body->lines--;
	}
	if (body->space)
		put(body, ' ');
	body->space = false;
	if (body->cr)
		put(body, '\r');
	body->cr = false;
}

static void
take_one(struct smtp_body *body, uint8_t c)
{
	switch (c) {
	case '\n': /* bare LF is a line end, too */
		body->lines++;
		body->space = body->cr = false;
		break;
	case '\r':
		if (body->cr)
			put_held(body);
		body->cr = true;
		break;
	case ' ':
	case '\t':
		if (body->cr)
			put_held(body);
		body->space = true;
		break;
	default:
		put_held(body);
		put(body, c);
	}
}

void
smtp_body_take(struct smtp_body *body, struct slice *in)
{
	size_t i = 0;

	while (i < in->n && !smtp_body_is_full(body))
		take_one(body, in->p[i++]);
	*in = slice_tail(*in, i);
}

uint32_t
smtp_body_hash(const struct smtp_body *body, uint16_t len, uint64_t *hash)
{
	static const uint8_t crlf[2] = "\r\n";
	uint8_t form[SMTP_BODY_BYTES + sizeof(crlf)];
	uint32_t n = len + (uint32_t)sizeof(crlf);

	*hash = 0;
	if (len == 0)
		return 0;
	memcpy(form, body->bytes, len);
	memcpy(form + len, crlf, sizeof(crlf));
	if (n > SMTP_BODY_BYTES)
		n = SMTP_BODY_BYTES;
	*hash = XXH3_64bits(form, n);
	return n;
}
