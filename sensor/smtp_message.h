/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_MESSAGE_H
#define RELAYWATCH_SMTP_MESSAGE_H

/*
 * A mail message as it comes after DATA or BDAT: end of data and dot-unstuffing (RFC 5321
 * section 4.5.2), the fields of its own header block (RFC 5322), its size and the
 * fingerprint of its body. Push: any cut is fine; what is told stays until the next call.
 */

#include "fact.h"
#include "smtp_body.h"

enum {
	SMTP_FIELD_NAME = 80,   /* a longer name is none of ours */
	SMTP_FIELD_MAX = 512,   /* value kept: as much as a reply line has (RFC 5321) */
	SMTP_FIELD_LIST = 1000, /* To and Cc: RFC 5322 section 2.1.1, one whole line */
};

enum smtp_message_event {
	SMTP_MESSAGE_NONE,      /* all was taken */
	SMTP_MESSAGE_FIELD,     /* smtp_message_field() */
	SMTP_MESSAGE_HEADERS,   /* the header block is over */
	SMTP_MESSAGE_LOOKALIKE, /* a dot alone on its line, but with a bare LF on either
				   side */
	SMTP_MESSAGE_END,       /* CRLF . CRLF was taken */
};

enum smtp_message_dot { /* where the dot scanner is */
	SMTP_DOT_LINE,  /* within a line */
	SMTP_DOT_BOL,   /* at the start of one */
	SMTP_DOT_DOT,   /* behind a dot there */
	SMTP_DOT_CR,    /* behind a dot and CR there */
};

enum smtp_message_part {
	SMTP_PART_BOL,   /* at the start of a header line */
	SMTP_PART_CR,    /* behind a CR there */
	SMTP_PART_NAME,  /* within a field name */
	SMTP_PART_VALUE, /* within a field */
	SMTP_PART_MBOX,  /* within a "From " line, which is no part of the header */
	SMTP_PART_BODY,  /* being hashed */
	SMTP_PART_SKIP,  /* only counted */
};

struct smtp_message {
	/* Not cleared at start. */
	struct smtp_body body;
	uint8_t value[SMTP_FIELD_LIST];
	uint8_t name[SMTP_FIELD_NAME];

	uint64_t size;
	enum smtp_message_dot dot;
	enum smtp_message_part part;
	bool dots; /* DATA, not BDAT */
	bool crlf; /* the last line ended with CRLF */
	bool cr;   /* the last byte was CR */
	bool gap;  /* something was lost in it */
	bool hash_lost;
	bool headers_told;
	bool at_lookalike;   /* nothing came behind it */
	uint8_t due, due_at; /* line end behind a lookalike, yet to be taken as content */
	uint8_t received;    /* fields told */
	/* The field being read, or told. */
	bool wanted, value_cut, told;
	uint8_t name_len;
	uint16_t value_len, value_max;
	enum fact_header header;
};

void smtp_message_start(struct smtp_message *m, bool dots);

/* Nothing of the beginning was seen: only its end is looked for. */
void smtp_message_start_inside(struct smtp_message *m);

/* Takes from the front of in up to the next event. */
enum smtp_message_event smtp_message_take(struct smtp_message *m, struct slice *in);

/* n octets were lost: NONE or FIELD. */
enum smtp_message_event smtp_message_gap(struct smtp_message *m, uint64_t n);

/* The message is over: tells what was held back, NONE at last. */
enum smtp_message_event smtp_message_finish(struct smtp_message *m);

struct slice smtp_message_value(const struct smtp_message *m);

/* Sets size, hash and flags of the fact. */
void smtp_message_tell(const struct smtp_message *m, struct fact *fact);

#endif
