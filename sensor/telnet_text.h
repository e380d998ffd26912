/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TELNET_TEXT_H
#define RELAYWATCH_TELNET_TEXT_H

/*
 * Telnet as text: option negotiation (RFC 854) is skipped, lines end with CR LF, CR NUL,
 * CR or LF, and what people and gateways say in them is recognised.
 */

#include "proto.h"
#include "target.h"

enum { TELNET_LINE_MAX = 256 };

enum telnet_escape {
	TELNET_PLAIN,
	TELNET_IAC,
	TELNET_OPTION,
	TELNET_SUB,
	TELNET_SUB_IAC
};

/* One direction. A line longer than the buffer keeps its front. */
struct telnet_text {
	enum telnet_escape escape;
	bool cr; /* the line ended with CR: LF or NUL may belong to it */
	bool cut;
	bool binary; /* a NUL stood where no text has one */
	bool whole;  /* line is a whole one, and the next begins with the next octet */
	uint16_t n;
	uint8_t line[TELNET_LINE_MAX];
};

static inline struct slice
telnet_line_of(const struct telnet_text *text)
{
	return slice_of(text->line, text->n);
}

void telnet_text_init(struct telnet_text *text);
void telnet_text_wipe(struct telnet_text *text);

/*
 * Takes bytes from *in through the next end of a line: true, and line[0..n) is the line,
 * until the next call. False when all of *in was taken.
 */
bool telnet_text_line(struct telnet_text *text, struct slice *in);

/* Takes negotiation and the rest of a line end from the front: they are no text. */
void telnet_text_skip(struct telnet_text *text, struct slice *in);

/* What a line asks for. */
enum telnet_form {
	TELNET_NO_FORM,
	TELNET_BARE,    /* host:port or host port */
	TELNET_COMMAND, /* telnet host port and its like */
};

enum telnet_form telnet_read_form(struct slice line, struct target *out);

/* What a server waits with, strongest last. */
enum telnet_prompt {
	TELNET_NO_PROMPT,
	TELNET_LOGIN,   /* login:, Password: */
	TELNET_SHELL,   /* host$, host# */
	TELNET_ARROW,   /* router> */
	TELNET_GATEWAY, /* WinGate>, "Enter host:port" and their like */
};

enum telnet_prompt telnet_read_prompt(struct slice line);

enum telnet_answer { TELNET_NO_ANSWER, TELNET_CONNECTED, TELNET_FAILED };

enum telnet_answer telnet_read_answer(struct slice line);

/* telnet_probe.c */
enum proto_probe telnet_probe(
    struct slice requester, struct slice responder, unsigned flags);

#endif
