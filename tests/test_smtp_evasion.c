/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations that hide a transaction from a reader of the wire, or the reply to it,
 * while some mail server takes it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto_feed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
#define GREET \
	S("220 mx.example ESMTP"), C("EHLO c"), S("250-mx.example"), S("250 PIPELINING")
#define GREET_FACTS \
	"0 GREETING 220 mx.example | mx.example ESMTP\n" \
	"0 HELO 250 c | mx.example | mx.example PIPELINING [ehlo]\n"
#define ENVELOPE \
	C("MAIL FROM:<a@example.net>"), S("250 ok"), C("RCPT TO:<b@example.org>"), \
	S("250 ok")
#define ENVELOPE_FACTS \
	"0 MAIL 250 <a@example.net> |  | ok\n0 RCPT 250 <b@example.org> |  | ok\n"

static const struct feed_talk talks[] = {
	{ "blanks in front of verbs and paths", {
		GREET, C("  mail   from:<a@x>"), S("250 1"), C("\trcpt\tto:<b@y>"),
		S("250 2"), C("RCPT  TO:   c@y"), S("250 3"), C(" data "), S("354 4"),
		C("Subject: x"), C(""), C("."), S("250 5"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 1\n"
	    "0 RCPT 250 <b@y> |  | 2\n"
	    "0 RCPT 250 c@y |  | 3\n"
	    "0 DATA 354 4\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=14 body=0\n"
	    "0 FINAL 250 5\n"
	    "1 END 221\n" },
	{ "what Postfix does not see behind a NUL", {
		GREET, C("MAIL FROM:<a@x>\0foo"), S("250 1"),
		C("RCPT TO:<b@y>\0@local>"), S("250 2"), C("DATA\0"), S("354 3"),
		C("Subject: x"), C(""), C("."), S("250 4"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 1\n"
	    "0 RCPT 250 <b@y> |  | 2\n"
	    "0 DATA 354 3\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=14 body=0\n"
	    "0 FINAL 250 4\n"
	    "1 END 221\n" },
	{ "DATA by another name", {
		GREET, ENVELOPE, C("DATEN"), S("354 go"), C("Subject: x"), C(""),
		C("."), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS ENVELOPE_FACTS
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=14 body=0\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "354 to an unknown word that others follow", {
		GREET, ENVELOPE, C_RAW("XX\r\nRSET\r\nMAIL FROM:<c@x>\r\n"),
		S("354 go"), S("250 1"), S("250 2"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS ENVELOPE_FACTS
	    "0 ABORT RSET\n"
	    "1 MAIL 250 <c@x> |  | 2\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "unknown verbs between, pipelined", {
		GREET,
		C_RAW("XXXX\r\nMAIL FROM:<a@x>\r\nYYYY z\r\nRCPT TO:<b@y>\r\n"
		      "DATA\r\n"),
		S("500 no"), S("250 1"), S("500 no"), S("250 2"), S("354 3"), C("."),
		S("250 4"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 1\n"
	    "0 RCPT 250 <b@y> |  | 2\n"
	    "0 DATA 354 3\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=0 body=0\n"
	    "0 FINAL 250 4\n"
	    "1 END 221\n" },
	{ "RSET in the middle of what was pipelined", {
		GREET,
		C_RAW("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nRSET\r\n"
		      "MAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\n"),
		S("250 1"), S("250 2"), S("250 3"), S("250 4"), S("550 5"), S("554 6"),
		C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 1\n"
	    "0 RCPT 250 <b@y> |  | 2\n"
	    "0 ABORT RSET\n"
	    "1 MAIL 250 <c@x> |  | 4\n"
	    "1 RCPT 550 <d@y> |  | 5\n"
	    "1 DATA 554 6\n"
	    "1 ABORT REFUSED\n"
	    "2 END 221\n" },
	{ "a message that looks like commands, sent without waiting", {
		GREET,
		C_RAW("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nRSET\r\n"
		      "MAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\nDATA\r\nx\r\n.\r\n"
		      "QUIT\r\n"),
		S("250 1"), S("250 2"), S("354 3"), S("250 4"), S("221 5"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 1\n"
	    "0 RCPT 250 <b@y> |  | 2\n"
	    "0 DATA 354 3\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=47 body=47\n"
	    "0 FINAL 250 4\n"
	    "1 END 221\n" },
	{ "commands behind a DATA that is refused", {
		GREET,
		C_RAW("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nRSET\r\n"
		      "MAIL FROM:<c@x>\r\nRCPT TO:<d@y>\r\n"),
		S_RAW("250 1\r\n250 2\r\n554 3\r\n250 4\r\n250 5\r\n550 6\r\n"),
		C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 1\n"
	    "0 RCPT 250 <b@y> |  | 2\n"
	    "0 DATA 554 3\n"
	    "0 ABORT REFUSED\n"
	    "1 MAIL 250 <c@x> |  | 5\n"
	    "1 RCPT 550 <d@y> |  | 6\n"
	    "1 ABORT REFUSED\n"
	    "2 END 221\n" },
	{ "commands behind a DATA without reply", {
		GREET,
		C_RAW("MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\nDATA\r\nRSET\r\n"
		      "MAIL FROM:<c@x>\r\n"),
		C_END, S_END,
	},
	    GREET_FACTS
	    "0 MAIL 0 <a@x>\n"
	    "0 RCPT 0 <b@y>\n"
	    "0 DATA 0\n"
	    "0 ABORT RSET\n"
	    "1 MAIL 0 <c@x>\n"
	    "1 ABORT CLOSED\n"
	    "2 END 0\n" },
	{ "DATA within BDAT", {
		GREET, ENVELOPE,
		C_RAW("BDAT 5\r\nabcdeDATA\r\nBDAT 3 LAST\r\nabcQUIT\r\n"), S("250 1"),
		S("503 2"), S("250 3"), S("221 bye"),
	},
	    GREET_FACTS ENVELOPE_FACTS
	    "0 DATA 250 1 [bdat]\n"
	    "0 DATA 503 2\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=8 body=10 [bdat]\n"
	    "0 FINAL 250 3 [bdat]\n"
	    "1 END 221\n" },
	{ "sizes that only Exim takes", {
		GREET, ENVELOPE,
		C_RAW("BDAT 5 FIRST\r\nabcdeBDAT +3 LAST\r\n"
		      "abcMAIL FROM:<x@y>\r\n"),
		S("250 1"), S("250 2"), S("250 3"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS ENVELOPE_FACTS
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=8 body=10 [bdat]\n"
	    "0 DATA 250 1 [bdat]\n"
	    "0 FINAL 250 2 [bdat]\n"
	    "1 MAIL 250 <x@y> |  | 3\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "sizes of which Exim takes 32 bits", {
		GREET, ENVELOPE,
		C_RAW("BDAT 4294967301 LAST\r\nabcdeMAIL FROM:<c@x>\r\n"
		      "RCPT TO:<d@y>\r\n"),
		S("250 1"), S("250 2"), S("250 3"), C("BDAT 4294967301"),
		C_RAW("abcdeBDAT 0 LAST\r\n"), S("250 4"), S("250 5"), C("QUIT"),
		S("221 bye"),
	},
	    GREET_FACTS ENVELOPE_FACTS
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=5 body=0 [cut unsure bdat]\n"
	    "0 DATA 250 1 [bdat]\n"
	    "0 FINAL 250 1 [bdat]\n"
	    "1 MAIL 250 <c@x> |  | 2\n"
	    "1 RCPT 250 <d@y> |  | 3\n"
	    "1 HEADERS_END [bdat]\n"
	    "1 MESSAGE size=5 body=0 [cut unsure bdat]\n"
	    "1 DATA 250 4 [bdat]\n"
	    "1 FINAL 250 5 [bdat]\n"
	    "2 END 221\n" },
	{ "a size that is none, commands behind it", {
		GREET, C_RAW("BDAT x\r\nNOOP\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"),
		S("501 1"), S("250 2"), S("250 3"), S("550 4"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 3\n"
	    "0 RCPT 550 <b@y> |  | 4\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "STARTTLS refused, mail behind it", {
		GREET, C_RAW("STARTTLS\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"),
		S("454 1"), S("250 2"), S("250 3"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 STARTTLS 454 1\n"
	    "0 MAIL 250 <a@x> |  | 2\n"
	    "0 RCPT 250 <b@y> |  | 3\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "AUTH cancelled, mail behind it", {
		GREET, C("AUTH LOGIN"), S("334 VXNlcm5hbWU6"),
		C_RAW("*\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"), S("501 1"),
		S("250 2"), S("250 3"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 AUTH 501 LOGIN |  | 1\n"
	    "0 MAIL 250 <a@x> |  | 2\n"
	    "0 RCPT 250 <b@y> |  | 3\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "replies that look like others", {
		GREET,
		C_RAW("HELP\r\nEXPN x\r\nETRN z\r\nTURN\r\nATRN d\r\n"
		      "MAIL FROM:<a@x>\r\nRCPT TO:<b@y>\r\n"),
		S("214-2.0.0 250 ok"), S("214-354 go"), S("214 221 bye"), S("502 no"),
		S("250 z"), S("502 no"), S("530 no"),
		S_RAW("250-250 ok\r\n250-550 no\r\n250 354 go\r\n"), S_RAW("55"),
		S_RAW("0-250 "), S_RAW("ok\n550\n"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS
	    "0 MAIL 250 <a@x> |  | 250 ok 550 no 354 go\n"
	    "0 RCPT 550 <b@y> |  | 250 ok\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "commands within a message", {
		GREET, ENVELOPE, C("DATA"), S("354 go"), C("QUIT"), C("RSET"),
		C("BDAT 99"), C("."), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    GREET_FACTS ENVELOPE_FACTS
	    "0 DATA 354 go\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=21\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
};
/* clang-format on */

static void
nothing_is_hidden(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++)
		feed_check(&proto_smtp, &talks[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_hidden),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
