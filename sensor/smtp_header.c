/* SPDX-License-Identifier: BSD-2-Clause */
#include "smtp_header.h"

#include "ascii.h"

struct field {
	const char *name;
	enum fact_header header;
};

static bool
find_field(struct smtp_message *m)
{
	static const struct field table[] = {
		{ "from", FACT_HEADER_FROM },
		{ "to", FACT_HEADER_TO },
		{ "cc", FACT_HEADER_CC },
		{ "subject", FACT_HEADER_SUBJECT },
		{ "date", FACT_HEADER_DATE },
		{ "message-id", FACT_HEADER_MESSAGE_ID },
		{ "received", FACT_HEADER_RECEIVED },
	};
	/* Blanks may follow it, RFC 5322 section 4.5: "Subject : x" */
	struct slice name = ascii_trim(slice_of(m->name, m->name_len));

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		m->header = table[i].header;
		if (ascii_is(name, table[i].name))
			return true;
	}
	return false;
}

static void
field_begin(struct smtp_message *m)
{
	m->wanted = find_field(m);
	if (m->wanted && m->header == FACT_HEADER_RECEIVED)
		m->wanted = m->received++ < FACT_RECEIVED_MAX;
	if (m->received > FACT_RECEIVED_MAX)
		m->received = FACT_RECEIVED_MAX;
	m->value_max = m->header == FACT_HEADER_TO || m->header == FACT_HEADER_CC
			   ? SMTP_FIELD_LIST
			   : SMTP_FIELD_MAX;
	m->value_len = 0;
	m->value_cut = false;
	m->part = SMTP_PART_VALUE;
}

static void
field_put(struct smtp_message *m, const uint8_t *p, size_t n)
{
	size_t room = (size_t)m->value_max - m->value_len;

	if (!m->wanted)
		return;
	while (m->value_len == 0 && n > 0 && ascii_is_blank(*p)) {
		p++;
		n--;
	}
	if (n > room) {
		m->value_cut = true;
		n = room;
	}
	memcpy(m->value + m->value_len, p, n);
	m->value_len = (uint16_t)(m->value_len + n);
}

enum smtp_message_event
smtp_header_end_field(struct smtp_message *m)
{
	if (!m->wanted)
		return SMTP_MESSAGE_NONE;
	m->wanted = false;
	return SMTP_MESSAGE_FIELD;
}

struct slice
smtp_message_value(const struct smtp_message *m)
{
	struct slice s = slice_of(m->value, m->value_len);

	while (s.n > 0 && (ascii_is_blank(s.p[s.n - 1]) || s.p[s.n - 1] == '\r'))
		s.n--;
	return s;
}

static enum smtp_message_event
headers_end(struct smtp_message *m)
{
	m->part = m->hash_lost ? SMTP_PART_SKIP : SMTP_PART_BODY;
	if (m->headers_told)
		return SMTP_MESSAGE_NONE;
	m->headers_told = true;
	return SMTP_MESSAGE_HEADERS;
}

/*
 * A line that is no field, without the empty line before it: as mail servers do, take it
 * for the first of the body.
 */
static enum smtp_message_event
body_without_empty_line(struct smtp_message *m)
{
	struct slice name = slice_of(m->name, m->name_len);
	enum smtp_message_event event = headers_end(m);

	if (m->part == SMTP_PART_BODY)
		smtp_body_take(&m->body, &name);
	return event;
}

static enum smtp_message_event
take_line_start(struct smtp_message *m, struct slice *in)
{
	uint8_t c = in->p[0];

	if (ascii_is_blank(c) && m->told) { /* RFC 5322 section 2.2.3: folded */
		m->part = SMTP_PART_VALUE;
		return SMTP_MESSAGE_NONE;
	}
	if (m->wanted)
		return smtp_header_end_field(m);
	m->told = false;
	m->name_len = 0;
	if (c == '\n') {
		*in = slice_tail(*in, 1);
		return headers_end(m);
	}
	if (c == '\r') {
		*in = slice_tail(*in, 1);
		m->name[m->name_len++] = c;
		m->part = SMTP_PART_CR;
		return SMTP_MESSAGE_NONE;
	}
	m->part = SMTP_PART_NAME;
	return SMTP_MESSAGE_NONE;
}

static enum smtp_message_event
take_line_cr(struct smtp_message *m, struct slice *in)
{
	if (in->p[0] != '\n')
		return body_without_empty_line(m);
	*in = slice_tail(*in, 1);
	return headers_end(m);
}

/* Files of the mbox kind, sent as they are, begin so; servers take no notice of it. */
static bool
is_mbox(const struct smtp_message *m)
{
	return (m->name_len == 4 && memcmp(m->name, "From", 4) == 0) ||
	       (m->name_len == 5 && memcmp(m->name, ">From", 5) == 0);
}

static bool
is_name_octet(uint8_t c) /* RFC 5322 section 2.2 */
{
	return c > ' ' && c <= '~' && c != ':';
}

static void
take_name_octets(struct smtp_message *m, struct slice *in)
{
	size_t n = 0, max = slice_head(*in, (size_t)SMTP_FIELD_NAME - m->name_len).n;

	if (m->name_len > 0 && ascii_is_blank(m->name[m->name_len - 1]))
		return;
	for (; n < max && is_name_octet(in->p[n]); n++)
		m->name[m->name_len + n] = in->p[n];
	m->name_len = (uint8_t)(m->name_len + n);
	*in = slice_tail(*in, n);
}

static enum smtp_message_event
take_name(struct smtp_message *m, struct slice *in)
{
	for (take_name_octets(m, in); in->n > 0; take_name_octets(m, in)) {
		uint8_t c = in->p[0];

		if (c == ' ' && is_mbox(m)) {
			m->part = SMTP_PART_MBOX;
			return SMTP_MESSAGE_NONE;
		}
		if (c == ':' && m->name_len > 0) {
			*in = slice_tail(*in, 1);
			m->told = true;
			field_begin(m);
			return SMTP_MESSAGE_NONE;
		}
		if (m->name_len == SMTP_FIELD_NAME ||
		    (m->name_len > 0 ? !ascii_is_blank(c) : c != ':'))
			return body_without_empty_line(m);
		m->name[m->name_len++] = c;
		*in = slice_tail(*in, 1);
	}
	return SMTP_MESSAGE_NONE;
}

/* The rest of a line of a field, or of one that is none. */
static void
take_value(struct smtp_message *m, struct slice *in)
{
	const uint8_t *lf = memchr(in->p, '\n', in->n);
	size_t n = lf != NULL ? (size_t)(lf - in->p) : in->n;

	if (m->part == SMTP_PART_VALUE)
		field_put(m, in->p, n);
	if (lf != NULL) {
		while (
		    m->wanted && m->value_len > 0 && m->value[m->value_len - 1] == '\r')
			m->value_len--;
		m->part = SMTP_PART_BOL;
		n++;
	}
	*in = slice_tail(*in, n);
}

enum smtp_message_event
smtp_header_take(struct smtp_message *m, struct slice *in)
{
	enum smtp_message_event event = SMTP_MESSAGE_NONE;

	while (in->n > 0 && event == SMTP_MESSAGE_NONE) {
		switch (m->part) {
		case SMTP_PART_BOL:
			event = take_line_start(m, in);
			break;
		case SMTP_PART_CR:
			event = take_line_cr(m, in);
			break;
		case SMTP_PART_NAME:
			event = take_name(m, in);
			break;
		case SMTP_PART_VALUE:
		case SMTP_PART_MBOX:
			take_value(m, in);
			break;
		case SMTP_PART_BODY:
			smtp_body_take(&m->body, in);
			if (smtp_body_is_full(&m->body))
				m->part = SMTP_PART_SKIP;
			break;
		case SMTP_PART_SKIP:
			*in = slice_tail(*in, in->n);
			break;
		}
	}
	return event;
}

enum smtp_message_event
smtp_message_finish(struct smtp_message *m)
{
	if (m->wanted)
		return smtp_header_end_field(m);
	if (!m->headers_told)
		return m->part == SMTP_PART_NAME || m->part == SMTP_PART_CR
			   ? body_without_empty_line(m)
			   : headers_end(m);
	return SMTP_MESSAGE_NONE;
}
