/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 9112 sections 3 (request line), 4 (status line), 5 (fields), 6 and 7 (body); RFC
 * 7617 and 7616 (Basic and Digest).
 */
#include "http_head.h"

#include "ascii.h"

enum { CHUNK_DIGITS = 15, LENGTH_DIGITS = 18 };

static bool
is_method(struct slice word)
{
	for (size_t i = 0; i < word.n; i++) {
		if (!ascii_is_alnum(word.p[i]) && word.p[i] != '-' && word.p[i] != '_')
			return false;
	}
	return word.n > 0;
}

static enum http_method
find_method(struct slice word)
{
	if (ascii_is(word, "connect"))
		return HTTP_CONNECT;
	if (ascii_is(word, "head"))
		return HTTP_HEAD;
	if (ascii_is(word, "post") || ascii_is(word, "put"))
		return HTTP_POST;
	return HTTP_OTHER;
}

static struct slice
last_word(struct slice s)
{
	size_t n = 0;

	while (n < s.n && !ascii_is_blank(s.p[s.n - 1 - n]))
		n++;
	return slice_tail(s, s.n - n);
}

bool
http_read_request_line(struct slice line, bool cut, struct http_request_line *out)
{
	struct slice method = ascii_word(ascii_trim(line), &out->target), version;

	if (!is_method(method) || out->target.n == 0)
		return false;
	out->method = find_method(method);
	out->versioned = cut;
	version = last_word(out->target);
	if (!cut && version.n < out->target.n && ascii_has_prefix(version, "http/")) {
		out->versioned = true;
		out->target.n -= version.n;
		out->target = ascii_trim(out->target);
	}
	return true;
}

bool
http_read_status_line(struct slice line, uint16_t *code, struct slice *reason)
{
	struct slice version = ascii_word(line, reason),
		     digits = ascii_word(*reason, reason);

	if (!ascii_has_prefix(version, "http/") || digits.n != 3)
		return false;
	*code = 0;
	for (size_t i = 0; i < digits.n; i++) {
		if (!ascii_is_digit(digits.p[i]))
			return false;
		*code = (uint16_t)(*code * 10 + digits.p[i] - '0');
	}
	return *code >= 100;
}

bool
http_read_field(struct slice line, struct slice *name, struct slice *value)
{
	const uint8_t *colon = line.n > 0 ? memchr(line.p, ':', line.n) : NULL;

	if (colon == NULL || ascii_is_blank(line.p[0]))
		return false;
	*name = ascii_trim(slice_head(line, (size_t)(colon - line.p)));
	*value = ascii_trim(slice_tail(line, (size_t)(colon - line.p) + 1));
	return true;
}

static void
take_length(struct http_fields *fields, struct slice value)
{
	uint64_t length = 0;

	if (value.n == 0 || value.n > LENGTH_DIGITS)
		fields->bad_length = true;
	for (size_t i = 0; i < value.n && !fields->bad_length; i++) {
		if (!ascii_is_digit(value.p[i]))
			fields->bad_length = true;
		length = length * 10 + (uint64_t)(value.p[i] - '0');
	}
	if (fields->has_length && fields->length != length)
		fields->bad_length = true;
	fields->has_length = true;
	fields->length = length;
}

void
http_take_field(struct http_fields *fields, struct slice name, struct slice value)
{
	static const char chunked[] = "chunked";
	size_t n = sizeof(chunked) - 1;

	if (ascii_is(name, "content-length")) {
		take_length(fields, value);
	} else if (ascii_is(name, "transfer-encoding")) {
		fields->coded = true;
		fields->chunked =
		    value.n >= n && ascii_is(slice_tail(value, value.n - n), chunked);
	} else if (ascii_is(name, "content-type")) {
		fields->html = ascii_has_prefix(value, "text/html");
	}
}

/* -1 for what is none of the alphabet of RFC 4648. */
static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (ascii_is_digit(c))
		return c - '0' + 52;
	if (c == '+' || c == '-')
		return 62;
	return c == '/' || c == '_' ? 63 : -1;
}

/* Decodes up to the colon that ends the user. */
static struct slice
basic_user(struct slice text, uint8_t buf[static HTTP_USER_MAX])
{
	uint32_t bits = 0;
	unsigned count = 0;
	size_t n = 0;
	int value;

	for (size_t i = 0; i < text.n && n < HTTP_USER_MAX; i++) {
		if ((value = base64_value(text.p[i])) < 0)
			break;
		bits = (bits << 6 | (uint32_t)value) & 0xffff;
		count += 6;
		if (count < 8)
			continue;
		count -= 8;
		if ((bits >> count & 0xff) == ':')
			break;
		buf[n++] = (uint8_t)(bits >> count);
	}
	return slice_of(buf, n);
}

static struct slice
digest_user(struct slice text)
{
	static const char key[] = "username=\"";
	const uint8_t *quote;
	size_t at;

	if (!ascii_find(text, key, &at))
		return slice_of(text.p, 0);
	text = slice_tail(text, at + sizeof(key) - 1);
	quote = text.n > 0 ? memchr(text.p, '"', text.n) : NULL;
	return slice_head(text, quote != NULL ? (size_t)(quote - text.p) : 0);
}

struct slice
http_read_user(struct slice value, uint8_t buf[static HTTP_USER_MAX])
{
	struct slice rest, scheme = ascii_word(value, &rest);

	if (ascii_is(scheme, "basic"))
		return basic_user(rest, buf);
	if (ascii_is(scheme, "digest"))
		return digest_user(rest);
	return slice_of(value.p, 0);
}

/* RFC 9112 section 6.3. */
void
http_body_init(struct http_body *body, const struct http_fields *fields, bool reply)
{
	*body = (struct http_body){ .state = HTTP_BODY_OVER };
	if (fields->chunked)
		body->state = HTTP_BODY_CHUNK_SIZE;
	else if (fields->coded || fields->bad_length)
		body->state = reply ? HTTP_BODY_TO_CLOSE : HTTP_BODY_BAD;
	else if (!fields->has_length)
		body->state = reply ? HTTP_BODY_TO_CLOSE : HTTP_BODY_OVER;
	else if (fields->length > 0)
		body->state = HTTP_BODY_LENGTH;
	if (body->state == HTTP_BODY_LENGTH)
		body->left = fields->length;
}

static void
end_chunk_size(struct http_body *body)
{
	if (body->digits == 0)
		body->state = HTTP_BODY_BAD;
	else
		body->state = body->left > 0 ? HTTP_BODY_CHUNK : HTTP_BODY_TRAILER;
}

static int
hex_value(uint8_t c)
{
	if (ascii_is_digit(c))
		return c - '0';
	c = ascii_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void
take_size_digit(struct http_body *body, uint8_t c)
{
	int value = hex_value(c);

	if (c == '\n') {
		end_chunk_size(body);
	} else if (c == '\r' || c == ';' || ascii_is_blank(c)) {
		body->state = HTTP_BODY_CHUNK_EXT;
	} else if (value < 0 || body->digits == CHUNK_DIGITS) {
		body->state = HTTP_BODY_BAD;
	} else {
		body->left = body->left * 16 + (uint64_t)value;
		body->digits++;
	}
}

static void
skip(struct http_body *body, uint64_t n)
{
	body->left -= n;
	if (body->left > 0)
		return;
	body->state =
	    body->state == HTTP_BODY_CHUNK ? HTTP_BODY_CHUNK_END : HTTP_BODY_OVER;
	body->digits = 0;
}

/* Takes input through the next line feed. */
static bool
skip_line(struct slice *in)
{
	const uint8_t *lf = memchr(in->p, '\n', in->n);

	*in = slice_tail(*in, lf != NULL ? (size_t)(lf - in->p) + 1 : in->n);
	return lf != NULL;
}

static void
take_octet(struct http_body *body, uint8_t c)
{
	if (body->state == HTTP_BODY_CHUNK_SIZE)
		take_size_digit(body, c);
	else if (body->state == HTTP_BODY_CHUNK_END && c == '\n')
		body->state = HTTP_BODY_CHUNK_SIZE;
	else if (body->state == HTTP_BODY_TRAILER && c == '\n')
		body->state = HTTP_BODY_OVER;
	else if (c != '\r')
		body->state = body->state == HTTP_BODY_TRAILER ? HTTP_BODY_TRAILER_LINE
							       : HTTP_BODY_BAD;
}

void
http_body_step(struct http_body *body, struct slice *in)
{
	size_t n = in->n < body->left ? in->n : (size_t)body->left;

	if (in->n == 0)
		return;
	switch (body->state) {
	case HTTP_BODY_OVER:
	case HTTP_BODY_BAD:
		break;
	case HTTP_BODY_LENGTH:
	case HTTP_BODY_CHUNK:
		*in = slice_tail(*in, n);
		skip(body, n);
		break;
	case HTTP_BODY_CHUNK_EXT:
		if (skip_line(in))
			end_chunk_size(body);
		break;
	case HTTP_BODY_TRAILER_LINE:
		if (skip_line(in))
			body->state = HTTP_BODY_TRAILER;
		break;
	case HTTP_BODY_TO_CLOSE:
		*in = slice_tail(*in, in->n);
		break;
	case HTTP_BODY_CHUNK_SIZE:
	case HTTP_BODY_CHUNK_END:
	case HTTP_BODY_TRAILER:
		take_octet(body, in->p[0]);
		*in = slice_tail(*in, 1);
		break;
	}
}

bool
http_body_gap(struct http_body *body, uint64_t n)
{
	if (body->state == HTTP_BODY_TO_CLOSE)
		return true;
	if (body->state != HTTP_BODY_LENGTH && body->state != HTTP_BODY_CHUNK)
		return false;
	if (n > body->left)
		return false;
	skip(body, n);
	return true;
}
