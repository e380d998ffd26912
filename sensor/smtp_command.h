/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_COMMAND_H
#define RELAYWATCH_SMTP_COMMAND_H

/*
 * Reading SMTP command lines, as tolerantly as servers do: verbs in any case, paths with
 * or without brackets, spaces around the colon. Slices point into the line.
 */

#include "bytes.h"

enum smtp_verb {
	SMTP_OTHER, /* known or not: nothing we tell about */
	SMTP_EMPTY, /* an empty line: some servers answer it, some do not */
	SMTP_HELO,
	SMTP_EHLO,
	SMTP_MAIL,
	SMTP_RCPT,
	SMTP_DATA,
	SMTP_BDAT,
	SMTP_RSET,
	SMTP_QUIT,
	SMTP_AUTH,
	SMTP_STARTTLS,
	SMTP_XCLIENT, /* that names a login: arg; else SMTP_OTHER */
	SMTP_HTTP,    /* an HTTP request or header line */
	SMTP_FOREIGN, /* a verb of FTP or POP3: the server will tell */
};

struct smtp_command {
	enum smtp_verb verb;
	bool sure; /* the whole line has the form of the command: no line of a text */
	struct slice arg;    /* name, path, mechanism */
	struct slice params; /* ESMTP parameters, initial response */
	uint64_t size;       /* BDAT */
	bool last;           /* BDAT */
	bool bad;            /* BDAT with a size that is none */
};

/* The line comes without its end. */
void smtp_command_read(struct slice line, struct smtp_command *command);

#endif
