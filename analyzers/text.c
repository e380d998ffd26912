/* SPDX-License-Identifier: BSD-2-Clause */
#include "text.h"

#include <stdio.h>

/*
 * How many octets at p belong together: a character, or else (*valid false) the longest
 * start of one, which is replaced as a whole (Unicode 15, section 3.9, table 3-7).
 */
static size_t
utf8_step(const uint8_t *p, size_t n, bool *valid)
{
	uint8_t c = p[0], low = 0x80, high = 0xbf;
	size_t more;

	*valid = c < 0x80;
	if (c < 0x80 || c < 0xc2 || c > 0xf4)
		return 1;
	more = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
	if (c == 0xe0)
		low = 0xa0;
	else if (c == 0xed)
		high = 0x9f;
	else if (c == 0xf0)
		low = 0x90;
	else if (c == 0xf4)
		high = 0x8f;
	for (size_t i = 1; i <= more; i++) {
		if (i == n || p[i] < low || p[i] > high)
			return i;
		low = 0x80;
		high = 0xbf;
	}
	*valid = true;
	return more + 1;
}

/* How many octets from p on are ASCII without DEL: nearly all of most texts. */
static size_t
ascii_run(const uint8_t *p, size_t n)
{
	const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
	size_t i = 0;
	uint64_t word;

	for (; n - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, p + i, sizeof(word));
		if (((word | (word + ones)) & tops) != 0)
			break;
	}
	while (i < n && p[i] < 0x7f)
		i++;
	return i;
}

static size_t
put_ascii(struct slice *raw, char *out, size_t room)
{
	size_t n = ascii_run(raw->p, raw->n);

	if (n > room)
		n = room;
	memcpy(out, raw->p, n);
	*raw = slice_tail(*raw, n);
	return n;
}

size_t
text_clean(struct slice raw, char *out, size_t size, unsigned *marks)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t used = 0, step, bytes;
	bool valid;

	while (raw.n != 0) {
		used += put_ascii(&raw, out + used, size - 1 - used);
		if (raw.n == 0)
			break;
		step = utf8_step(raw.p, raw.n, &valid);
		bytes = valid ? step : sizeof(replacement) - 1;
		if (used + bytes >= size) {
			*marks |= TEXT_CUT;
			break;
		}
		if (!valid)
			*marks |= TEXT_NOT_UTF8;
		memcpy(out + used, valid ? (const char *)raw.p : replacement, bytes);
		used += bytes;
		raw = slice_tail(raw, step);
	}
	out[used] = '\0';
	return used;
}

char *
text_ascii(struct slice raw, char *out, size_t size)
{
	size_t i;

	for (i = 0; i < raw.n && i + 1 < size; i++)
		out[i] = raw.p[i] > 0x20 && raw.p[i] < 0x7f ? (char)raw.p[i] : '?';
	out[i] = '\0';
	return out;
}

static bool
is_deceptive(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} range[] = {
		{ 0x7f, 0x9f },     /* DEL and C1: terminals obey them */
		{ 0xad, 0xad },     /* soft hyphen */
		{ 0x61c, 0x61c },   /* Arabic letter mark */
		{ 0x180e, 0x180e }, /* Mongolian vowel separator */
		{ 0x200b, 0x200f }, /* zero width, direction marks */
		{ 0x2028, 0x202e }, /* line separators, direction overrides */
		{ 0x2060, 0x206f }, /* invisible operators, direction isolates */
		{ 0xfeff, 0xfeff }, /* byte order mark */
		{ 0xfff9, 0xfffb }, /* annotations */
		{ 0xe0000, 0xe007f }, /* tags */
	};

	for (size_t i = 0; i < sizeof(range) / sizeof(range[0]); i++) {
		if (c >= range[i].first && c <= range[i].last)
			return true;
	}
	return false;
}

static uint32_t
utf8_code(const uint8_t *p, size_t bytes)
{
	uint32_t code = bytes == 1 ? p[0] : p[0] & (0x7fu >> bytes);

	for (size_t i = 1; i < bytes; i++)
		code = code << 6 | (p[i] & 0x3fu);
	return code;
}

const char *
text_deceptive(const char *p, const char *end, size_t *bytes, uint32_t *code)
{
	bool valid;

	for (;; p += *bytes) {
		p += ascii_run((const uint8_t *)p, (size_t)(end - p));
		if (p == end)
			return end;
		*bytes = utf8_step((const uint8_t *)p, (size_t)(end - p), &valid);
		*code = utf8_code((const uint8_t *)p, *bytes);
		if (is_deceptive(*code))
			return p;
	}
}

size_t
text_harmless(struct slice raw)
{
	bool valid;
	size_t bytes;

	if (raw.n == 0 || raw.p[0] < 0x20)
		return 0;
	bytes = utf8_step(raw.p, raw.n, &valid);
	return valid && !is_deceptive(utf8_code(raw.p, bytes)) ? bytes : 0;
}

size_t
text_json_escape(uint32_t code, char buf[static TEXT_ESCAPE_MAX])
{
	int n;

	if (code < 0x10000)
		n = snprintf(buf, TEXT_ESCAPE_MAX, "\\u%04x", (unsigned)code);
	else
		n = snprintf(buf, TEXT_ESCAPE_MAX, "\\u%04x\\u%04x",
		    (unsigned)(0xd800 + ((code - 0x10000) >> 10)),
		    (unsigned)(0xdc00 + (code & 0x3ff)));
	return (size_t)n;
}

static bool
is_blank(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice
trim(struct slice s)
{
	while (s.n != 0 && is_blank(s.p[0]))
		s = slice_tail(s, 1);
	while (s.n != 0 && is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

/* Where the address ends: at a comma outside of everything that may hold one. */
static size_t
address_length(struct slice list)
{
	bool quoted = false, angle = false;
	unsigned comment = 0;
	size_t i;

	for (i = 0; i < list.n; i++) {
		uint8_t c = list.p[i];

		if (c == '\\' && (quoted || comment != 0))
			i++;
		else if (c == '"' && comment == 0)
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (c == '(')
			comment++;
		else if (c == ')' && comment != 0)
			comment--;
		else if (c == '<' || c == '>')
			angle = c == '<';
		else if (c == ',' && comment == 0 && !angle)
			break;
	}
	return i < list.n ? i : list.n;
}

bool
text_next_address(struct slice *list, struct slice *address)
{
	while (list->n != 0) {
		size_t n = address_length(*list);

		*address = trim(slice_head(*list, n));
		*list = slice_tail(*list, n + 1);
		if (address->n != 0)
			return true;
	}
	return false;
}
