/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_ASCII_H
#define RELAYWATCH_ASCII_H

/*
 * Text off the wire held against words of a protocol, in any case and without a locale.
 */

#include "bytes.h"

static inline uint8_t
ascii_lower(uint8_t c)
{
	return c >= 'A' && c <= 'Z' ? (uint8_t)(c | 0x20) : c;
}

static inline bool
ascii_is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static inline bool
ascii_is_alnum(uint8_t c)
{
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z');
}

static inline bool
ascii_is_hex(uint8_t c)
{
	return ascii_is_digit(c) || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'f');
}

static inline bool
ascii_is_blank(uint8_t c)
{
	return c == ' ' || c == '\t';
}

/* How many first bytes of s are those of word (which is lower case). */
static inline size_t
ascii_common(struct slice s, const char *word)
{
	size_t n = 0;

	while (n < s.n && word[n] != '\0' && ascii_lower(s.p[n]) == (uint8_t)word[n])
		n++;
	return n;
}

/* The words are lower case. */
static inline bool
ascii_has_prefix(struct slice s, const char *word)
{
	return word[ascii_common(s, word)] == '\0';
}

static inline bool
ascii_is(struct slice s, const char *word)
{
	return ascii_has_prefix(s, word) && s.n == strlen(word);
}

/* Where word is in s; false where it is not. */
static inline bool
ascii_find(struct slice s, const char *word, size_t *at)
{
	for (*at = 0; *at < s.n; ++*at) {
		if (ascii_has_prefix(slice_tail(s, *at), word))
			return true;
	}
	return false;
}

static inline struct slice
ascii_trim(struct slice s)
{
	while (s.n > 0 && ascii_is_blank(s.p[0]))
		s = slice_tail(s, 1);
	while (s.n > 0 && ascii_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* The first word; *rest is what follows it and the blanks behind it. */
static inline struct slice
ascii_word(struct slice s, struct slice *rest)
{
	size_t n = 0;

	while (n < s.n && !ascii_is_blank(s.p[n]))
		n++;
	*rest = ascii_trim(slice_tail(s, n));
	return slice_of(s.p, n);
}

#endif
