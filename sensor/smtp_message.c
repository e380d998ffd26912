/* SPDX-License-Identifier: BSD-2-Clause */
/* Where a message ends: dots at the start of lines. */
#include "smtp_header.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static void
start(struct smtp_message *m)
{
	memset((uint8_t *)m + offsetof(struct smtp_message, size), 0,
	    sizeof(*m) - offsetof(struct smtp_message, size));
	smtp_body_start(&m->body);
	m->bol = SMTP_BOL_CRLF;
}

void
smtp_message_start(struct smtp_message *m, bool dots)
{
	start(m);
	m->dots = dots;
}

void
smtp_message_start_inside(struct smtp_message *m)
{
	start(m);
	m->dots = true;
	m->gap = m->hash_lost = m->headers_told = true;
	m->part = SMTP_PART_SKIP;
}

enum { HELD_MAX = 64 }; /* of CR, of NUL: more of them are no line end anywhere */

/* What the next byte has in front of it. */
static enum smtp_message_bol
bol_behind(const struct smtp_message *m, const uint8_t *p, size_t n)
{
	size_t i = n;

	while (i > 0 && p[i - 1] == '\0')
		i--;
	if (i == 0)
		return m->bol != SMTP_BOL_NONE ? SMTP_BOL_NUL : SMTP_BOL_NONE;
	if (p[i - 1] != '\n' && p[i - 1] != '\r')
		return SMTP_BOL_NONE;
	if (i < n)
		return SMTP_BOL_NUL;
	if (p[n - 1] == '\r')
		return SMTP_BOL_CR;
	return (n > 1 ? p[n - 2] == '\r' : m->cr) ? SMTP_BOL_CRLF : SMTP_BOL_LF;
}

/* Counts what smtp_header_take() took of n octets. */
static enum smtp_message_event
pass(struct smtp_message *m, struct slice *in, size_t n)
{
	struct slice piece = slice_head(*in, n);
	enum smtp_message_event event = smtp_header_take(m, &piece);

	n -= piece.n;
	if (n > 0) {
		m->size += n;
		m->bol = bol_behind(m, in->p, n);
		m->cr = in->p[n - 1] == '\r';
	}
	*in = slice_tail(*in, n);
	return event;
}

static bool
may_end_line(uint8_t c)
{
	return c == '\n' || c == '\r' || c == '\0';
}

#ifdef __SSE2__
/* Zero where p has a dot behind a line end, or behind what looks like one. */
static __m128i
dots_behind_ends(const uint8_t *p)
{
	const __m128i cr = _mm_set1_epi8('\r'), dot = _mm_set1_epi8('.');
	__m128i here = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i before = _mm_loadu_si128((const __m128i *)(const void *)(p - 1));

	return _mm_or_si128(_mm_xor_si128(here, dot), _mm_subs_epu8(before, cr));
}

static bool
has_zero(__m128i octets)
{
	return _mm_movemask_epi8(_mm_cmpeq_epi8(octets, _mm_setzero_si128())) != 0;
}

/* Skips what surely has none. */
static size_t
skip_text(const uint8_t *p, size_t i, size_t n)
{
	for (; i + 64 <= n; i += 64) {
		__m128i first =
		    _mm_min_epu8(dots_behind_ends(p + i), dots_behind_ends(p + i + 16));
		__m128i second = _mm_min_epu8(
		    dots_behind_ends(p + i + 32), dots_behind_ends(p + i + 48));

		if (has_zero(_mm_min_epu8(first, second)))
			break;
	}
	for (; i + 16 <= n; i += 16) {
		if (has_zero(dots_behind_ends(p + i)))
			break;
	}
	return i;
}
#else
static size_t
skip_text(const uint8_t *p, size_t i, size_t n)
{
	(void)p;
	(void)n;
	return i;
}
#endif

/*
 * How far it is to a dot that may begin a line. The first byte is none. In base64, which
 * most of all mail is, there are no dots at all.
 */
static size_t
run_length(struct slice in)
{
	const uint8_t *dot = in.n > 1 ? memchr(in.p + 1, '.', in.n - 1) : NULL;
	size_t i, end;

	if (dot == NULL)
		return in.n;
	i = (size_t)(dot - in.p);
	if (may_end_line(dot[-1]))
		return i;
	while (i < in.n) {
		i = skip_text(in.p, i, in.n);
		for (end = slice_head(in, i + 16).n; i < end; i++) {
			if (in.p[i] == '.' && may_end_line(in.p[i - 1]))
				return i;
		}
	}
	return in.n;
}

/*
 * Up to the next dot that may begin a line. Of a header block only to the next line,
 * since what follows may have to be looked at again.
 */
static enum smtp_message_event
take_text(struct smtp_message *m, struct slice *in)
{
	struct slice text = *in;
	const uint8_t *lf;

	if (m->part < SMTP_PART_BODY && (lf = memchr(text.p, '\n', text.n)) != NULL)
		text.n = (size_t)(lf - text.p) + 1;
	return pass(m, in, run_length(text));
}

static void
hold_dot(struct smtp_message *m, struct slice *in)
{
	*in = slice_tail(*in, 1);
	m->held_lf = false;
	m->held = true;
	m->held_dot = m->bol == SMTP_BOL_CR || m->bol == SMTP_BOL_NUL;
	m->held_nul = m->held_cr = 0;
}

/* The first byte of what was held. False when there is none. */
static bool
first_held(const struct smtp_message *m, uint8_t *byte)
{
	if (m->held_dot)
		*byte = '.';
	else if (m->held_nul > 0)
		*byte = '\0';
	else if (m->held_cr > 0)
		*byte = '\r';
	else if (m->held_lf)
		*byte = '\n';
	else
		return false;
	return true;
}

static void
end_holding(struct smtp_message *m)
{
	uint8_t byte;

	m->held = false;
	m->due = first_held(m, &byte);
	m->bol = SMTP_BOL_NONE; /* where the dot was */
}

/* A dot alone on its line. */
static enum smtp_message_event
take_lone_dot(struct smtp_message *m)
{
	bool odd = m->held_dot || m->held_nul > 0 || !m->held_lf;

	if (m->bol == SMTP_BOL_CRLF && !odd && m->held_cr == 1)
		return SMTP_MESSAGE_END;
	end_holding(m);
	m->at_lookalike = true;
	m->likeness = odd ? SMTP_LIKE_ODD : m->held_cr > 1 ? SMTP_LIKE_CR : SMTP_LIKE_LF;
	return SMTP_MESSAGE_LOOKALIKE;
}

static enum smtp_message_event
take_behind_dot(struct smtp_message *m, struct slice *in)
{
	uint8_t c = in->p[0];
	uint8_t *count = c == '\r' ? &m->held_cr : &m->held_nul;

	if (c == '\n') {
		*in = slice_tail(*in, 1);
		m->held_lf = true;
		return take_lone_dot(m);
	}
	if ((c == '\r' || (c == '\0' && m->held_cr == 0)) && *count < HELD_MAX) {
		*in = slice_tail(*in, 1);
		++*count;
		return SMTP_MESSAGE_NONE;
	}
	if (m->held_cr > 0)
		return take_lone_dot(m);
	end_holding(m); /* text */
	return SMTP_MESSAGE_NONE;
}

static void
drop_first_held(struct smtp_message *m)
{
	if (m->held_dot)
		m->held_dot = false;
	else if (m->held_nul > 0)
		m->held_nul--;
	else if (m->held_cr > 0)
		m->held_cr--;
	else
		m->held_lf = false;
}

/* What was held is content, since more follows. */
static enum smtp_message_event
take_due(struct smtp_message *m)
{
	enum smtp_message_event event = SMTP_MESSAGE_NONE;
	uint8_t byte;

	m->at_lookalike = false;
	while (event == SMTP_MESSAGE_NONE && first_held(m, &byte)) {
		struct slice piece = slice_of(&byte, 1);

		event = pass(m, &piece, 1);
		if (piece.n == 0)
			drop_first_held(m);
	}
	m->due = first_held(m, &byte);
	return event;
}

enum smtp_message_event
smtp_message_take(struct smtp_message *m, struct slice *in)
{
	enum smtp_message_event event = SMTP_MESSAGE_NONE;

	while (in->n > 0 && event == SMTP_MESSAGE_NONE) {
		if (!m->dots) {
			event = pass(m, in, in->n);
		} else if (m->due) {
			event = take_due(m);
		} else if (m->held) {
			event = take_behind_dot(m, in);
		} else if (in->p[0] == '.' && m->bol != SMTP_BOL_NONE) {
			hold_dot(m, in);
		} else {
			event = take_text(m, in);
		}
	}
	return event;
}

/* What follows may begin with the line of the dot: then it is a lookalike. */
enum smtp_message_event
smtp_message_gap(struct smtp_message *m, uint64_t n)
{
	enum smtp_message_event event = SMTP_MESSAGE_NONE;

	m->size += n;
	m->gap = true;
	m->bol = SMTP_BOL_LF;
	m->cr = m->at_lookalike = m->held = m->due = false;
	if (m->part == SMTP_PART_SKIP)
		return SMTP_MESSAGE_NONE;
	m->hash_lost = true;
	if (m->part == SMTP_PART_BODY) {
		m->part = SMTP_PART_SKIP;
		return SMTP_MESSAGE_NONE;
	}
	if (m->part != SMTP_PART_BOL)
		m->value_cut = true;
	event = smtp_header_end_field(m);
	m->told = false;
	m->part = SMTP_PART_MBOX;
	return event;
}

void
smtp_message_tell(const struct smtp_message *m, struct fact *fact)
{
	fact->size = m->size;
	if (m->gap)
		fact->flags |= FACT_CUT;
	if (!m->hash_lost)
		fact->body_bytes =
		    smtp_body_hash(&m->body, m->body.len, &fact->body_hash);
}
