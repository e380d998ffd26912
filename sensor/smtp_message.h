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
	SMTP_MESSAGE_FIELD,     /* header, and smtp_message_value() */
	SMTP_MESSAGE_HEADERS,   /* the header block is over */
	SMTP_MESSAGE_LOOKALIKE, /* a dot alone on a line with other ends than CRLF */
	SMTP_MESSAGE_END,       /* CRLF . CRLF was taken */
};

/* What stands in front: only behind a line end a dot may be the end of data. */
enum smtp_message_bol {
	SMTP_BOL_NONE, /* text of the same line */
	SMTP_BOL_CRLF,
	SMTP_BOL_LF,
	SMTP_BOL_CR,  /* some servers take a bare CR for a line end */
	SMTP_BOL_NUL, /* some drop the NUL that stands between line end and dot */
};

/* How likely a server takes a lookalike for the end; the strongest comes last. */
enum smtp_message_likeness {
	SMTP_LIKE_ODD, /* bare CR or NUL in it */
	SMTP_LIKE_CR,  /* more than one CR before the LF behind the dot */
	SMTP_LIKE_LF,  /* bare LF before or behind the dot */
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
	enum smtp_message_bol bol;
	enum smtp_message_part part;
	bool dots; /* DATA, not BDAT */
	bool cr;   /* the last byte was CR */
	bool gap;  /* something was lost in it */
	bool hash_lost;
	bool headers_told;
	/* A dot at the start of a line, and what came behind it so far: content, unless
	 * the server takes it for the end. */
	bool held, held_dot; /* the dot itself counts, it was not stuffed */
	bool due;            /* it is to be taken as content */
	bool held_lf;
	uint8_t held_nul, held_cr;
	bool at_lookalike; /* nothing came behind it */
	enum smtp_message_likeness likeness;
	uint8_t received; /* fields told */
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

/* Whether all that came ends with what a server may have taken for the end. */
static inline bool
smtp_message_is_at_lookalike(const struct smtp_message *m)
{
	return m->at_lookalike || (m->held && m->held_cr > 0);
}

struct slice smtp_message_value(const struct smtp_message *m);

/* Sets size, hash and flags of the fact. */
void smtp_message_tell(const struct smtp_message *m, struct fact *fact);

#endif
