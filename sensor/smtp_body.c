/* SPDX-License-Identifier: BSD-2-Clause */
#include "smtp_body.h"

#include <xxhash.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

static bool
is_plain(uint8_t c)
{
	return c > ' ' || (!is_blank(c) && c != '\r' && c != '\n');
}

/*
 * Copies the octets from p on that are in relaxed form as they stand: plain ones, and
 * single spaces between them. p[0] is plain. Returns how many; writes at most n.
 */
static size_t
copy_canonical(uint8_t *to, const uint8_t *p, size_t n)
{
	size_t i = 0;

#ifdef __SSE2__
	/* All that is not plain is at most a space; so are a few plain ones. */
	const __m128i space = _mm_set1_epi8(' '), control = _mm_set1_epi8(0x1f);

	for (; i + 17 <= n; i += 16) {
		__m128i here = _mm_loadu_si128((const __m128i *)(const void *)(p + i));
		__m128i next =
		    _mm_loadu_si128((const __m128i *)(const void *)(p + i + 1));
		__m128i held = _mm_and_si128(_mm_cmpeq_epi8(here, space),
		    _mm_cmpeq_epi8(_mm_min_epu8(next, space), next));
		__m128i low = _mm_cmpeq_epi8(_mm_min_epu8(here, control), here);
		unsigned stop = (unsigned)_mm_movemask_epi8(_mm_or_si128(low, held));

		_mm_storeu_si128((__m128i *)(void *)(to + i), here);
		if (stop != 0) {
			i += (unsigned)__builtin_ctz(stop);
			n = i + (is_plain(p[i]) ? 1 : 0);
			break;
		}
	}
#endif
	for (; i < n && is_plain(p[i]); i++)
		to[i] = p[i];
	return i;
}

static size_t
take_plain(struct smtp_body *body, const uint8_t *p, size_t n)
{
	size_t room;

	put_held(body);
	room = SMTP_BODY_BYTES - body->len;
	n = copy_canonical(body->bytes + body->len, p, n < room ? n : room);
	body->len += (uint16_t)n;
	return n;
}

/* Line ends and runs of blanks; the odd cases octet by octet. */
static size_t
take_held(struct smtp_body *body, const uint8_t *p, size_t n)
{
	size_t i = 0;

	if (!body->cr && p[0] == '\r' && n > 1 && p[1] == '\n') {
		body->lines++;
		body->space = false;
		return 2;
	}
	if (body->cr || !is_blank(p[0])) {
		take_one(body, p[0]);
		return 1;
	}
	body->space = true;
	while (++i < n && is_blank(p[i]))
		;
	return i;
}

void
smtp_body_take(struct smtp_body *body, struct slice *in)
{
	size_t i = 0;

	while (i < in->n && !smtp_body_is_full(body)) {
		if (is_plain(in->p[i]))
			i += take_plain(body, in->p + i, in->n - i);
		else
			i += take_held(body, in->p + i, in->n - i);
	}
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
