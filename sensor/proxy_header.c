/* SPDX-License-Identifier: BSD-2-Clause */
#include "proxy_header.h"

enum { V1_MAX = 107, V1_BEGIN = 6, V2_BEGIN = 12, V2_LENGTH_AT = 14, V2_HEAD = 16 };

static const uint8_t v1_begin[] = "PROXY ";
static const uint8_t v2_begin[] = "\r\n\r\n\0\r\nQUIT\n";

/* What was kept back is known by its length: it is how every header begins. */
static struct slice
kept_back(const struct proxy_header *header)
{
	if (header->state == PROXY_HEADER_V1)
		return slice_of(v1_begin, header->have);
	if (header->state == PROXY_HEADER_V2 && header->have <= V2_BEGIN)
		return slice_of(v2_begin, header->have);
	return slice_of(NULL, 0);
}

struct slice
proxy_header_stop(struct proxy_header *header)
{
	struct slice none = kept_back(header);

	header->state = PROXY_HEADER_OVER;
	return none;
}

/* Version, command and family behind the signature are not looked at. */
static void
take_v2_octet(struct proxy_header *header, uint8_t c)
{
	if (header->have++ < V2_LENGTH_AT)
		return;
	header->skip = (uint16_t)(header->skip << 8 | c);
	if (header->have == V2_HEAD)
		header->state =
		    header->skip == 0 ? PROXY_HEADER_OVER : PROXY_HEADER_V2_BLOCK;
}

/* One octet of what may be the begin of a header; false when it cannot be. */
static bool
take_octet(struct proxy_header *header, uint8_t c)
{
	if (header->state == PROXY_HEADER_START)
		header->state = c == v1_begin[0] ? PROXY_HEADER_V1 : PROXY_HEADER_V2;
	if (header->state == PROXY_HEADER_V2) {
		if (header->have < V2_BEGIN && c != v2_begin[header->have])
			return false;
		take_v2_octet(header, c);
		return true;
	}
	if (c != v1_begin[header->have])
		return false;
	if (++header->have == V1_BEGIN) {
		header->state = PROXY_HEADER_V1_LINE;
		header->skip = V1_MAX - V1_BEGIN;
	}
	return true;
}

static void
skip(struct proxy_header *header, struct slice *data)
{
	size_t n = data->n < header->skip ? data->n : header->skip;
	const uint8_t *end = NULL;

	if (header->state == PROXY_HEADER_V1_LINE)
		end = memchr(data->p, '\n', n);
	if (end != NULL)
		n = (size_t)(end - data->p) + 1;
	header->skip -= (uint16_t)n;
	if (end != NULL || header->skip == 0)
		header->state = PROXY_HEADER_OVER;
	*data = slice_tail(*data, n);
}

struct slice
proxy_header_take(struct proxy_header *header, struct slice *data)
{
	while (data->n > 0 && header->state != PROXY_HEADER_OVER) {
		if (header->state >= PROXY_HEADER_V1_LINE) {
			skip(header, data);
			continue;
		}
		if (!take_octet(header, data->p[0]))
			return proxy_header_stop(header);
		*data = slice_tail(*data, 1);
	}
	return slice_of(NULL, 0);
}
