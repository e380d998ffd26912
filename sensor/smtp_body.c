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

/* A CR that surely begins no line end is text. */
static bool
is_text(const uint8_t *p, size_t n)
{
	return is_plain(p[0]) || (p[0] == '\r' && n > 1 && p[1] != '\n');
}

#ifdef __SSE2__
static inline __m128i
load(const uint8_t *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* Which of a and b are equal, b being one octet again and again. */
static inline __m128i
is(__m128i a, char b)
{
	return _mm_cmpeq_epi8(a, _mm_set1_epi8(b));
}

/*
 * A bit for each of 16 octets that may not stay as it stands. Those that may: text, and
 * spaces and line ends before plain octets. There is one octet more on either side.
 */
static inline unsigned
not_canonical(const uint8_t *p)
{
	__m128i here = load(p), next = load(p + 1);
	__m128i held = _mm_cmpeq_epi8(_mm_min_epu8(next, _mm_set1_epi8(' ')), next);
	__m128i end = _mm_andnot_si128(held, is(load(p - 1), '\r'));
	__m128i lf = _mm_andnot_si128(end, is(here, '\n'));
	__m128i space = _mm_and_si128(held, is(here, ' '));

	return (unsigned)_mm_movemask_epi8(
	    _mm_or_si128(_mm_or_si128(space, lf), is(here, '\t')));
}

/* How many blanks p begins with, as far as that is quickly told. */
static size_t
count_blanks(const uint8_t *p, size_t n)
{
	size_t i = 0;

	for (; i + 16 <= n; i += 16) {
		__m128i here = load(p + i);
		__m128i blank = _mm_or_si128(is(here, ' '), is(here, '\t'));
		unsigned other = (unsigned)_mm_movemask_epi8(blank) ^ 0xffff;

		if (other != 0)
			return i + (size_t)__builtin_ctz(other);
	}
	return i;
}

/* How many are canonical as they stand, copied to where there is room for n. */
static size_t
copy_blocks(uint8_t *to, const uint8_t *p, size_t n)
{
	unsigned stop = 0;
	size_t i;

	for (i = 1; i + 17 <= n && stop == 0; i += 16) {
		_mm_storeu_si128((__m128i *)(void *)(to + i), load(p + i));
		stop = not_canonical(p + i);
	}
	if (stop != 0)
		i += (size_t)__builtin_ctz(stop) - 16;
	return i > 1 && p[i - 1] == '\r' ? i - 1 : i; /* which may begin a line end */
}
#else
static size_t
count_blanks(const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	return 0;
}

static size_t
copy_blocks(uint8_t *to, const uint8_t *p, size_t n)
{
	(void)to;
	(void)p;
	(void)n;
	return 1;
}
#endif

/*
 * Copies the octets from p on that are in relaxed form as they stand: text, and single
 * spaces and line ends in it. p[0] is text. Returns how many; writes at most n.
 */
static size_t
copy_canonical(uint8_t *to, const uint8_t *p, size_t n)
{
	size_t i;

	if (n == 0)
		return 0;
	to[0] = p[0];
	for (i = copy_blocks(to, p, n); i < n && is_plain(p[i]); i++)
		to[i] = p[i];
	return i;
}

static size_t
take_text(struct smtp_body *body, const uint8_t *p, size_t n)
{
	size_t room;

	put_held(body);
	room = SMTP_BODY_BYTES - body->len;
	n = copy_canonical(body->bytes + body->len, p, n < room ? n : room);
	body->len += (uint16_t)n;
	return n;
}

static size_t
take_blanks(struct smtp_body *body, const uint8_t *p, size_t n)
{
	enum { FEW = 4 };
	size_t i = 1;

	body->space = true;
	while (i < n && i < FEW && is_blank(p[i]))
		i++;
	if (i == FEW)
		i += count_blanks(p + i, n - i);
	while (i < n && is_blank(p[i]))
		i++;
	return i;
}

/* Line ends and runs of blanks; the odd cases octet by octet. */
static size_t
take_held(struct smtp_body *body, const uint8_t *p, size_t n)
{
	if (!body->cr && p[0] == '\r' && n > 1 && p[1] == '\n') {
		body->lines++;
		body->space = false;
		return 2;
	}
	if (!body->cr && is_blank(p[0]))
		return take_blanks(body, p, n);
	take_one(body, p[0]);
	return 1;
}

void
smtp_body_take(struct smtp_body *body, struct slice *in)
{
	size_t i = 0;

	while (i < in->n && !smtp_body_is_full(body)) {
		if (is_text(in->p + i, in->n - i))
			i += take_text(body, in->p + i, in->n - i);
		else
			i += take_held(body, in->p + i, in->n - i);
	}
	*in = slice_tail(*in, i);
	if (smtp_body_is_full(body)) /* while the bytes are near */
		body->hash = XXH3_64bits(body->bytes, SMTP_BODY_BYTES);
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
	if (len == SMTP_BODY_BYTES) {
		*hash = body->hash;
		return len;
	}
	memcpy(form, body->bytes, len);
	memcpy(form + len, crlf, sizeof(crlf));
	if (n > SMTP_BODY_BYTES)
		n = SMTP_BODY_BYTES;
	*hash = XXH3_64bits(form, n);
	return n;
}
