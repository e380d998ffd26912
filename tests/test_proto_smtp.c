/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto_feed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define X10  "xxxxxxxxxx"
#define X11  X10 "x"
#define X100 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10
#define X500 X100 X100 X100 X100 X100

/* clang-format off */
static const struct feed_talk talks[] = {
	{ "plain", {
		S("220 mx.example ESMTP Postfix"), C("EHLO client.example"),
		S("250-mx.example"), S("250-SIZE 1000"), S("250 HELP"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("From: A <a@example.net>"), C("To: b@example.org,"),
		C("\tc@example.org"), C("Message-ID: <1@example.net>"),
		C("X-Other: no"), C(""), C("Hello  world "), C(""), C("bye"), C(""),
		C("."), S("250 2.0.0 queued as 1"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP Postfix\n"
	    "0 HELO 250 client.example | mx.example | mx.example SIZE 1000 HELP [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER From: A <a@example.net>\n"
	    "0 HEADER To: b@example.org,\\x09c@example.org\n"
	    "0 HEADER Message-ID: <1@example.net>\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=129 body=20\n"
	    "0 FINAL 250 2.0.0 queued as 1\n"
	    "1 END 221\n" },
	{ "pipelined with mixed outcomes", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<> SIZE=100 BODY=8BITMIME"), C("RCPT TO:<a@example.org>"),
		C("RCPT TO:<b@example.org> NOTIFY=NEVER"), C("RCPT TO:<c@example.org>"),
		C("DATA"), S("250 ok"), S("250 a"), S("550-5.7.1 no"),
		S("550 5.7.1 relaying"), S("451 later"), S("354 go"), C("Subject: hi"),
		C(""), C("text"), C("."), C("QUIT"), S("250 done"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <> | SIZE=100 BODY=8BITMIME | ok\n"
	    "0 RCPT 250 <a@example.org> |  | a\n"
	    "0 RCPT 550 <b@example.org> | NOTIFY=NEVER | 5.7.1 no 5.7.1 relaying\n"
	    "0 RCPT 451 <c@example.org> |  | later\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 FINAL 250 done\n"
	    "1 END 221\n" },
	{ "lower case, no brackets, spaces", {
		S("220 mx.example"), C("helo client"), S("250 mx.example"),
		C("mail from:a@example.net"), S("250 ok"), C("rcpt to: b@example.org"),
		S("250 ok"), C("rcpt to : <c@example.org>"), S("250 ok"), C("data"),
		S("354 go"), C("text without a header"), C("."), S("250 ok"), C("quit"),
		S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example\n"
	    "0 HELO 250 client | mx.example | mx.example\n"
	    "0 MAIL 250 a@example.net |  | ok\n"
	    "0 RCPT 250 b@example.org |  | ok\n"
	    "0 RCPT 250 <c@example.org> |  | ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=23 body=23\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "paths of relay tests", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<\"a b\"@example.net>"), S("250 ok"),
		C("RCPT TO:<\"t@d.example\"@[192.0.2.1]>"), S("550 1"),
		C("RCPT TO:<@mx.example:t@d.example>"), S("550 2"),
		C("RCPT TO:<d.example!t>"), S("550 3"),
		C("RCPT TO:\"t u\"@d.example X=1"), S("550 4"),
		C("RCPT TO:<\"a>b\"@d.example> X=1"), S("550 5"),
		C("RCPT TO:<\"t@d.example>"), S("550 6"), C("RSET"), S("250 ok"),
		C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <\"a b\"@example.net> |  | ok\n"
	    "0 RCPT 550 <\"t@d.example\"@[192.0.2.1]> |  | 1\n"
	    "0 RCPT 550 <@mx.example:t@d.example> |  | 2\n"
	    "0 RCPT 550 <d.example!t> |  | 3\n"
	    "0 RCPT 550 \"t u\"@d.example | X=1 | 4\n"
	    "0 RCPT 550 <\"a>b\"@d.example> | X=1 | 5\n"
	    "0 RCPT 550 <\"t@d.example> |  | 6\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "EHLO refused, then HELO", {
		S("220 mx.example"), C("EHLO client"), S("502 5.5.1 what"),
		C("HELO client"), S("250 mx.example hello"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example\n"
	    "0 HELO 502 client |  | 5.5.1 what [ehlo]\n"
	    "0 HELO 250 client | mx.example | mx.example hello\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "message by chunks", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("BDAT 14"),
		C("Subject: hi"), C_RAW("\n"), S("250 14 octets"), C("BDAT 9 LAST"),
		C_RAW("\r\n.\r\nabcd"), S("250 queued"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 HEADER Subject: hi [bdat]\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 DATA 250 14 octets [bdat]\n"
	    "0 MESSAGE size=23 body=11 [bdat]\n"
	    "0 FINAL 250 queued [bdat]\n"
	    "1 END 221\n" },
	{ "one chunk, commands behind it", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("BDAT 20 LAST"),
		C("Subject: hi"), C(""), C_RAW("abc"), C("RSET"),
		C("MAIL FROM:<c@example.net>"), S("250 queued"), S("250 reset"),
		S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 HEADER Subject: hi [bdat]\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=20 body=7 [bdat]\n"
	    "0 DATA 250 queued [bdat]\n"
	    "0 FINAL 250 queued [bdat]\n"
	    "1 MAIL 250 <c@example.net> |  | ok\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "last chunk empty", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), C("RCPT TO:<b@example.org>"),
		C("BDAT 15"), C("Subject: hi"), C(""), C("BDAT 0 LAST"), C("QUIT"),
		S("250 ok"), S("250 ok"), S("250 15"), S("250 queued"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 HEADER Subject: hi [bdat]\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=15 body=0 [bdat]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 250 15 [bdat]\n"
	    "0 FINAL 250 queued [bdat]\n"
	    "1 END 221\n" },
	{ "only an empty chunk", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("BDAT 0 LAST"),
		S("250 queued"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=0 body=0 [bdat]\n"
	    "0 DATA 250 queued [bdat]\n"
	    "0 FINAL 250 queued [bdat]\n"
	    "1 END 221\n" },
	{ "chunk refused", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("BDAT 5"),
		C_RAW("abcde"), S("552 too big"), C("RSET"), S("250 ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 552 too big [bdat]\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "chunk without MAIL", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("BDAT 3 LAST"),
		C_RAW("abc"), S("503 no"), C("RSET"), S("250 ok"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=3 body=5 [bdat]\n"
	    "0 DATA 503 no [bdat]\n"
	    "0 FINAL 503 no [bdat]\n"
	    "1 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "1 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "chunk sizes that are none", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("BDAT -5 LAST"),
		S("501 1"), C("BDAT 99999999999999999999 LAST"), S("501 2"),
		C("BDAT x"), S("501 3"), C("BDAT"), S("501 4"), C("BDAT 0x10"),
		S("501 5"), C("BDAT 5 FIRST"), S("501 6"), C("RSET"), S("250 ok"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 501 5 [bdat]\n"
	    "0 ABORT REFUSED\n"
	    "1 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "1 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "AUTH PLAIN at once", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("AUTH PLAIN AHVzZXIAc2VjcmV0"), S("235 2.7.0 ok"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 235 ok PLAIN | user | 2.7.0 ok\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "AUTH PLAIN after the prompt", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("auth plain"), S("334 "),
		C("YWRtaW4AdXNlcgBzZWNyZXQ="), S("535 5.7.8 failed"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 535 plain | user | 5.7.8 failed\n"
	    "0 END 221\n" },
	{ "AUTH LOGIN in steps", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("AUTH LOGIN"),
		S("334 VXNlcm5hbWU6"), C("dXNlcg=="), S("334 UGFzc3dvcmQ6"),
		C("c2VjcmV0"), S("235 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 235 ok LOGIN | user | ok\n"
	    "0 END 221\n" },
	{ "AUTH LOGIN with the name at once", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("AUTH LOGIN dXNlcg=="),
		S("334 UGFzc3dvcmQ6"), C("c2VjcmV0"), S("535 no"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 535 LOGIN | user | no\n"
	    "0 END 221\n" },
	{ "AUTH LOGIN without waiting", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("AUTH LOGIN"),
		C("dXNlcg=="), C("c2VjcmV0"), S("334 VXNlcm5hbWU6"),
		S("334 UGFzc3dvcmQ6"), S("235 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 235 ok LOGIN | user | ok\n"
	    "0 END 221\n" },
	{ "AUTH CRAM-MD5", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("AUTH CRAM-MD5"),
		S("334 PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2U+"),
		C("dXNlciA5ZTk1YWVlMDljNDBhZjJiODRhMGMyYjNiYmFlNzg2ZQ=="), S("235 ok"),
		C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 235 ok CRAM-MD5 | user | ok\n"
	    "0 END 221\n" },
	{ "AUTH XOAUTH2", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("AUTH XOAUTH2 "
		  "dXNlcj11c2VyQGV4YW1wbGUub3JnAWF1dGg9QmVhcmVyIHNlY3JldAEB"),
		S("334 eyJzdGF0dXMiOiI0MDEifQ=="), C(""), S("535 no"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 535 XOAUTH2 | user@example.org | no\n"
	    "0 END 221\n" },
	{ "AUTH cancelled", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("AUTH PLAIN"), S("334 "),
		C("*"), S("501 5.7.0 cancelled"), C("MAIL FROM:<a@example.net>"),
		S("250 2.1.0 Ok"), C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"),
		C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 501 PLAIN |  | 5.7.0 cancelled\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "AUTH unknown, echoed", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("AUTH PLAIN AHVzZXIAc2VjcmV0"),
		S("500 5.5.1 Command unrecognized: \"AUTH PLAIN AHVzZXIAc2VjcmV0\""),
		C("c2VjcmV0"), S("500 5.5.1 Command unrecognized: \"c2VjcmV0\""),
		C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 500 PLAIN | user | 5.5.1 Command unrecognized\n"
	    "0 END 221\n" },
	{ "AUTH of NUL too few", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("AUTH PLAIN dXNlcgBzZWNyZXQ="), S("535 no"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 AUTH 535 PLAIN |  | no\n"
	    "0 END 221\n" },
	{ "STARTTLS taken", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("STARTTLS"),
		S("220 2.0.0 go"), C_RAW("\x16\x03\x01\x02"), S_RAW("\x16\x03\x03"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 STARTTLS 220 ok 2.0.0 go\n"
	    "0 TLS\n"
	    "0 END 0\n" },
	{ "STARTTLS refused", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("STARTTLS"),
		S("454 4.7.0 no"), C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 STARTTLS 454 4.7.0 no\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "STARTTLS decrypted on the way", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("STARTTLS"), S("220 go"),
		C("EHLO client.example"), S("250 mx.example"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 STARTTLS 220 go\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "STARTTLS and nothing more", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("STARTTLS"), S("220 go"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 STARTTLS 220 ok go\n"
	    "0 END 0\n" },
	{ "STARTTLS within a transaction", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("STARTTLS"),
		S("220 go"), C_RAW("\x16\x03\x01"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT TLS\n"
	    "1 STARTTLS 220 ok go\n"
	    "1 TLS\n"
	    "1 END 0\n" },
	{ "commands behind STARTTLS", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("STARTTLS"), C("RSET"),
		S("220 go"), C_RAW("\x16\x03\x01"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 STARTTLS 220 go\n"
	    "0 TLS\n"
	    "0 END 0\n" },
	{ "several transactions", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Subject: hi"), C(""), C("text"), C("."), S("250 1"),
		C("MAIL FROM:<c@example.net>"), S("250 ok"),
		C("RCPT TO:<d@example.org>"), S("550 no"),
		C("MAIL FROM:<e@example.net>"), S("250 ok"),
		C("RCPT TO:<f@example.org>"), S("250 ok"), C("DATA"), S("354 go"),
		C("Subject: hi"), C(""), C("text"), C("."), S("554 spam"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 FINAL 250 1\n"
	    "1 MAIL 250 <c@example.net> |  | ok\n"
	    "1 RCPT 550 <d@example.org> |  | no\n"
	    "1 ABORT REFUSED\n"
	    "2 MAIL 250 <e@example.net> |  | ok\n"
	    "2 RCPT 250 <f@example.org> |  | ok\n"
	    "2 DATA 354 go\n"
	    "2 HEADER Subject: hi\n"
	    "2 HEADERS_END\n"
	    "2 MESSAGE size=21 body=6\n"
	    "2 FINAL 554 spam\n"
	    "3 END 221\n" },
	{ "RSET", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("RSET"), S("250 ok"),
		C("MAIL FROM:<c@example.net>"), S("550 no"), C("RSET"), S("250 ok"),
		C("MAIL FROM:<d@example.net>"), S("250 ok"), C("RSET"), S("250 ok"),
		C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT RSET\n"
	    "1 MAIL 550 <c@example.net> |  | no\n"
	    "1 ABORT REFUSED\n"
	    "2 MAIL 250 <d@example.net> |  | ok\n"
	    "2 ABORT RSET\n"
	    "3 END 221\n" },
	{ "MAIL within a transaction", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"),
		C("MAIL FROM:<c@example.net>"), S("503 5.5.1 nested"),
		C("RCPT TO:<d@example.org>"), S("250 ok"),
		C("MAIL FROM:<e@example.net>"), S("250 ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 RCPT 250 <d@example.org> |  | ok\n"
	    "0 ABORT RSET\n"
	    "1 MAIL 250 <e@example.net> |  | ok\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "RCPT and DATA without MAIL", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("RCPT TO:<b@example.org>"),
		S("503 no"), C("DATA"), S("503 no"), C("MAIL FROM:<a@example.net>"),
		S("250 2.1.0 Ok"), C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"),
		C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "NOOP, VRFY, HELP, XCLIENT, nonsense", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C("NOOP"), S("250 ok"),
		C("VRFY b"), S("252 maybe"), C("HELP"), S("214-a"), S("214 b"),
		C("XCLIENT ADDR=192.0.2.1"), S("220 again"), C("FOO BAR"),
		S("500 what"), C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "XCLIENT with a login, taken", {
		S("220 mx.example ESMTP"), C("EHLO proxy.example"),
		S("250-mx.example"), S("250 XCLIENT NAME ADDR LOGIN"),
		C("xclient ADDR=192.0.2.1 login=joe+40example.org NAME=[UNAVAILABLE]"),
		S("220 mx.example ESMTP"), C("EHLO client.example"), S("250 mx.example"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 proxy.example | mx.example | mx.example XCLIENT NAME ADDR LOGIN "
	    "[ehlo]\n"
	    "0 AUTH 220 ok XCLIENT | joe+40example.org | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "XCLIENT refused, and without a login", {
		S("220 mx.example ESMTP"), C("EHLO client.example"), S("250 mx.example"),
		C("XCLIENT LOGIN=joe"), S("550 5.7.0 not for you"),
		C("XCLIENT LOGIN=[UNAVAILABLE]"), S("220 mx.example ESMTP"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("XCLIENT LOGIN=joe"), S("503 5.5.1 mail transaction in progress"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "DATA refused", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("554 no"),
		C("RSET"), S("250 ok"), C("MAIL FROM:<a@example.net>"),
		S("250 2.1.0 Ok"), C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"),
		C("DATA"), S("354 go"), C("Subject: hi"), C(""), C("text"), C("."),
		S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 554 no\n"
	    "0 ABORT REFUSED\n"
	    "1 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "1 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "1 DATA 354 go\n"
	    "1 HEADER Subject: hi\n"
	    "1 HEADERS_END\n"
	    "1 MESSAGE size=21 body=6\n"
	    "1 FINAL 250 ok\n"
	    "2 END 221\n" },
	{ "DATA refused, the transaction goes on", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 ok"), C("DATA"),
		S("503 no recipients"), C("RCPT TO:<b@example.org>"), S("250 ok"),
		C("DATA"), S("354 go"), C("Subject: hi"), C(""), C("text"), C("."),
		S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 DATA 503 no recipients\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "message sent without waiting", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), C("RCPT TO:<b@example.org>"), C("DATA"),
		C("Subject: hi"), C(""), C("text"), C("."), C("QUIT"), S("250 ok"),
		S("250 ok"), S("354 go"), S("250 queued"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 354 go\n"
	    "0 FINAL 250 queued\n"
	    "1 END 221\n" },
	{ "message sent without waiting, DATA refused", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), C("RCPT TO:<b@example.org>"), C("DATA"),
		C("Subject: hi"), C(""), C("text"), C("."), C("QUIT"), S("250 ok"),
		S("550 no"), S("554 no"), S("500 what"), S("500 what"), S("500 what"),
		S("500 what"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 550 <b@example.org> |  | no\n"
	    "0 DATA 554 no\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "all before the banner", {
		C("EHLO client"), C("MAIL FROM:<a@example.net>"),
		C("RCPT TO:<b@example.org>"), C("DATA"), C("Subject: hi"), C(""),
		C("text"), C("."), C("QUIT"), C_END, S("220 mx.example ESMTP"),
		S("250-mx.example"), S("250 PIPELINING"), S("250 ok"), S("250 ok"),
		S("354 go"), S("250 queued"), S("221 bye"), S_END,
	},
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 354 go\n"
	    "0 FINAL 250 queued\n"
	    "1 END 221\n" },
	{ "421 instead of a banner", {
		S("421 mx.example too busy"), S_END,
	},
	    "0 GREETING 421 mx.example | mx.example too busy\n"
	    "0 END 421\n" },
	{ "554 instead of a banner", {
		S("554 mx.example go away"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 554 mx.example | mx.example go away\n"
	    "0 END 221\n" },
	{ "421 in the middle", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"),
		C("RCPT TO:<c@example.org>"), S("421 4.3.2 closing"), S_END, C_END,
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 RCPT 421 <c@example.org> |  | 4.3.2 closing\n"
	    "0 ABORT QUIT\n"
	    "1 END 421\n" },
	{ "421 within the message", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Subject: x"), S("421 timeout"), S_END,
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 ABORT QUIT\n"
	    "1 END 421\n" },
	{ "verdict before the end", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Subject: x"), C(""), C("much text"), S("552 too much"),
		C("more text"), C("."), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=25 body=0 [cut unsure]\n"
	    "0 FINAL 552 too much [unsure]\n"
	    "1 END 221\n" },
	{ "dots", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Subject: x"), C(""), C(".."), C(".x"), C("..."), C(". "),
		C_RAW(".\rx\r\n"), C("a."), C("."), S("250 ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=35 body=20\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "only a dot", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("."), S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=0 body=0\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "bare LF everywhere", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C_RAW("MAIL FROM:<a@example.net>\n"), S("250 ok"),
		C_RAW("RCPT TO:<b@example.org>\n"), S("250 ok"), C_RAW("DATA\n"),
		S("354 go"), C_RAW("Subject: x\n\ntext\n.\n"), S("250 ok"),
		C_RAW("QUIT\n"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 ODDITY BARE_LF_DOT .\n"
	    "0 MESSAGE size=17 body=6\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "bare LF, QUIT at once", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C_RAW("Subject: x\n\ntext\n.\nQUIT\n"), S("250 ok"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 ODDITY BARE_LF_DOT .\n"
	    "0 ODDITY COMMAND_AFTER_DOT QUIT\n"
	    "0 MESSAGE size=17 body=6\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "bare LF before the dot that was no end", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C_RAW("Subject: x\r\n\r\ntext\n.\r\nMAIL FROM:<c@example.net>\r\n.\r\n"),
		S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 ODDITY BARE_LF_DOT .\n"
	    "0 ODDITY COMMAND_AFTER_DOT MAIL FROM:<c@example.net>\n"
	    "0 MESSAGE size=48 body=35\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "smuggled", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C_RAW("Subject: x\r\n\r\ntext\n.\nMAIL FROM:<c@example.net>\r\n"
		      "RCPT TO:<d@example.org>\r\nDATA\r\nSubject: y\r\n\r\nmore\r\n"
		      ".\r\n"),
		S("250 1"), S("250 2"), S("250 3"), S("354 4"), S("250 5"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 ODDITY BARE_LF_DOT .\n"
	    "0 ODDITY COMMAND_AFTER_DOT MAIL FROM:<c@example.net>\n"
	    "0 MESSAGE size=98 body=86\n"
	    "0 FINAL 250 1\n"
	    "1 HEADER Subject: y\n"
	    "1 HEADERS_END\n"
	    "1 MESSAGE size=20 body=6\n"
	    "1 MAIL 250 <c@example.net> |  | 2\n"
	    "1 RCPT 250 <d@example.org> |  | 3\n"
	    "1 DATA 354 4\n"
	    "1 FINAL 250 5\n"
	    "2 END 221\n" },
	{ "half close, then the verdict", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Subject: hi"), C(""), C("text"), C("."), C("QUIT"), C_END,
		S("250 queued"), S("221 bye"), S_END,
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 FINAL 250 queued\n"
	    "1 END 221\n" },
	{ "closed without verdict", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Subject: hi"), C(""), C("text"), C("."), C("QUIT"), C_END, S_END,
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "closed within the message", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Subject: x"), C(""),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "closed within the envelope", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "requester only", {
		C("EHLO client"), C("AUTH LOGIN"), C("dXNlcg=="), C("c2VjcmV0"),
		C("MAIL FROM:<a@example.net>"), C("RCPT TO:<b@example.org>"), C("DATA"),
		C("Subject: hi"), C(""), C("text"), C("."),
		C("MAIL FROM:<c@example.net>"), C("RCPT TO:<d@example.org>"), C("RSET"),
		C("MAIL FROM:<e@example.net>"), C("RCPT TO:<f@example.org>"), C("DATA"),
		C("Subject: hi"), C(""), C("text"), C("."), C("QUIT"),
	},
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 HELO 0 client [ehlo]\n"
	    "0 AUTH 0 LOGIN | user\n"
	    "0 MAIL 0 <a@example.net>\n"
	    "0 RCPT 0 <b@example.org>\n"
	    "0 DATA 0\n"
	    "0 FINAL 0\n"
	    "2 HEADER Subject: hi\n"
	    "2 HEADERS_END\n"
	    "2 MESSAGE size=21 body=6\n"
	    "1 MAIL 0 <c@example.net>\n"
	    "1 RCPT 0 <d@example.org>\n"
	    "1 ABORT RSET\n"
	    "2 MAIL 0 <e@example.net>\n"
	    "2 RCPT 0 <f@example.org>\n"
	    "2 DATA 0\n"
	    "2 FINAL 0\n"
	    "3 END 0\n" },
	{ "requester only, chunks", {
		C("EHLO client"), C("MAIL FROM:<a@example.net>"),
		C("RCPT TO:<b@example.org>"), C("BDAT 3 LAST"), C_RAW("abc"), C("QUIT"),
	},
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=3 body=5 [bdat]\n"
	    "0 HELO 0 client [ehlo]\n"
	    "0 MAIL 0 <a@example.net>\n"
	    "0 RCPT 0 <b@example.org>\n"
	    "0 DATA 0 [bdat]\n"
	    "0 FINAL 0 [bdat]\n"
	    "1 END 0\n" },
	{ "requester only, TLS", {
		C("EHLO client"), C("STARTTLS"), C_RAW("\x16\x03\x01"),
	},
	    "0 HELO 0 client [ehlo]\n"
	    "0 STARTTLS 0 ok\n"
	    "0 TLS\n"
	    "0 END 0\n" },
	{ "requester only, DATA given up", {
		C("EHLO client"), C("MAIL FROM:<a@example.net>"),
		C("RCPT TO:<b@example.org>"), C("DATA"), C("QUIT"),
	},
	    "0 HELO 0 client [ehlo]\n"
	    "0 MAIL 0 <a@example.net>\n"
	    "0 RCPT 0 <b@example.org>\n"
	    "0 DATA 0\n"
	    "0 ABORT QUIT\n"
	    "1 END 0\n" },
	{ "responder only", {
		S("220 mx.example ESMTP"), S("250-mx.example"), S("250 HELP"),
		S("250 ok"), S("550 no"), S("354 go"), S("250 queued"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 END 221\n" },
	{ "responder only, TLS", {
		S("220 mx.example ESMTP"), S("250-mx.example"), S("250 STARTTLS"),
		S("220 go"), S_RAW("\x16\x03\x03"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 END 0\n" },
	{ "begins within a message", {
		C("From: not a header"), C("text"), C("MAIL is no command"), C("."),
		S("250 queued"), C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 MESSAGE size=46 body=0 [cut unsure]\n"
	    "0 FINAL 250 queued [unsure holed]\n"
	    "1 MAIL 250 <a@example.net> |  | 2.1.0 Ok [blind]\n"
	    "1 RCPT 250 <b@example.org> |  | 2.1.5 Ok [blind]\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "begins within a session", {
		C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("554 relay access denied"), C("RSET"),
		S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 MAIL 250 <a@example.net> |  | ok [blind]\n"
	    "0 RCPT 554 <b@example.org> |  | relay access denied [blind]\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "mail by a web client", {
		S("220 mx.example ESMTP"), C("POST / HTTP/1.0"),
		C("Content-Length: 99"), C(""), C("EHLO client"),
		C("MAIL FROM:<a@example.net>"), C("RCPT TO:<b@example.org>"), C("DATA"),
		S("502 no"), S("502 no"), S("500 no"), S("250 mx.example"), S("250 ok"),
		S("250 ok"), S("354 go"), C("Subject: hi"), C(""), C("text"), C("."),
		S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 ODDITY HTTP POST / HTTP/1.0\n"
	    "0 ODDITY UNPIPELINED Content-Length: 99\n"
	    "0 HELO 250 client | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "a greeting that stays unfinished", { /* by postscreen */
		C("EHLO client"), C("MAIL FROM:<a@example.net>"),
		C("RCPT TO:<b@example.com>"), C("QUIT"), S("220-mx.example ESMTP"),
		S("250-mx.example"), S("250 DSN"), S("250 2.1.0 Ok"),
		S("550 5.5.1 Protocol error"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client | mx.example | mx.example DSN [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 550 <b@example.com> |  | 5.5.1 Protocol error\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "a greeting of several lines", {
		S("220-mx.example ESMTP"), S("220 mx.example ESMTP"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP mx.example ESMTP\n"
	    "0 END 221\n" },
	{ "a letter where DATA was refused", {
		S("220 mx.example ESMTP"), C("HELO client"), S("250 mx.example"),
		C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.com>"), S("554 no"), C("DATA"), S("554 no"),
		C("User-Agent: mailer"), C("Content-Type: text/plain"),
		C("Accept-Language: en"), S("502 no"), S("502 no"), S("502 no"),
		C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client | mx.example | mx.example\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 554 <b@example.com> |  | no\n"
	    "0 DATA 554 no\n"
	    "1 ODDITY UNPIPELINED\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "empty lines without reply", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"), C(""),
		C("MAIL FROM:<a@example.net>"), S("250 ok"), C(""), C(""),
		C("RCPT TO:<b@example.org>"), S("550 no"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 550 <b@example.org> |  | no\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "a reply of many lines", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250-a"),
		S("250-b"), S("250"), C("RCPT TO:<b@example.org>"),
		S_RAW("550-x\n550 y\n"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | a b\n"
	    "0 RCPT 550 <b@example.org> |  | x y\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "verdict before the last chunk ends", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("BDAT 99999 LAST"),
		C("Subject: x"), C(""), C("text"), S("552 too much"), C("RSET"),
		S("250 ok"), C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 HEADER Subject: x [bdat]\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=20 body=0 [cut unsure bdat]\n"
	    "0 DATA 552 too much [bdat]\n"
	    "0 FINAL 552 too much [bdat]\n"
	    "1 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "1 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "lookalikes in what was smuggled", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C_RAW("Subject: x\r\n\r\nt\n.\nMAIL FROM:<c@example.net>\r\n"
		      "RCPT TO:<d@example.org>\r\nDATA\r\n\r\nu\n.\nRSET\r\n.\r\n"),
		S("250 1"), S("250 2"), S("250 3"), S("354 4"), S("250 5"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 ODDITY BARE_LF_DOT .\n"
	    "0 ODDITY COMMAND_AFTER_DOT MAIL FROM:<c@example.net>\n"
	    "0 MESSAGE size=86 body=76\n"
	    "0 FINAL 250 1\n"
	    "1 HEADERS_END\n"
	    "1 ODDITY BARE_LF_DOT .\n"
	    "1 ODDITY COMMAND_AFTER_DOT RSET\n"
	    "1 MESSAGE size=11 body=11\n"
	    "1 MAIL 250 <c@example.net> |  | 2\n"
	    "1 RCPT 250 <d@example.org> |  | 3\n"
	    "1 DATA 354 4\n"
	    "1 FINAL 250 5\n"
	    "2 END 221\n" },
	{ "FTP", {
		S("220 server ready"), C("USER anonymous"), S("331 password"),
		C("PASS guest"),
	},
	    "0 GREETING 220 server | server ready\n" },
	{ "header of all kinds", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("Received: from a"), C("\tby b;"), C(" today"), C("RECEIVED: two"),
		C("Subject :  spaced  "), C("Cc: x@example.org"), C("Date: now"),
		C("message-id:<1@x>"), C("To:"), C("From: last"), C_RAW(" folded\n"),
		C(""), C("Subject: in the body"), C("."), S("250 ok"), C("QUIT"),
		S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Received: from a\\x09by b; today\n"
	    "0 HEADER Received: two\n"
	    "0 HEADER Subject: spaced\n"
	    "0 HEADER Cc: x@example.org\n"
	    "0 HEADER Date: now\n"
	    "0 HEADER Message-ID: <1@x>\n"
	    "0 HEADER To:\n"
	    "0 HEADER From: last folded\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=167 body=22\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
	{ "235 without AUTH", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), S("235 2.7.0 ok"), C("MAIL FROM:<a@example.net>"),
		S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 AUTH 235 ok  |  | 2.7.0 ok\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "a reply longer than its limit", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("550-" X500), S("550 " X100),
		C("RCPT TO:<c@example.org> X=" X500 X100), S("250 ok"), C("QUIT"),
		S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 550 <b@example.org> |  | " X500 " " X11 " [cut-more]\n"
	    "0 RCPT 250 <c@example.org> | X=" X500 X10 " | ok [cut-more]\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "commands of other protocols", {
		S("220 mx.example ESMTP"), C("USER x"), S("500 1"), C("PASS x"),
		S("500 2"), C("FEAT"), S("502 3"), C("CAPA"), S("500 4"), C("AUTH TLS"),
		S("504 5"), C("EHLO client.example"), S("250 mx.example"),
		C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "other protocols, any banner", {
		S("220 mx.example"), C("USER x"), S("500 1"), C("PASS x"), S("530 2"),
		C("EHLO client.example"), S("250 mx.example"),
		C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "junk first", {
		S("220 mx.example"), C("x0"), S("500 no"), C("x1"), S("500 no"), C("x2"),
		S("500 no"), C("x3"), S("500 no"), C("x4"), S("500 no"), C("x5"),
		S("500 no"), C("x6"), S("500 no"), C("x7"), S("500 no"), C("x8"),
		S("500 no"), C("x9"), S("500 no"), C("x10"), S("500 no"), C("x11"),
		S("500 no"), C("x12"), S("500 no"), C("x13"), S("500 no"), C("x14"),
		S("500 no"), C("x15"), S("500 no"), C("x16"), S("500 no"), C("x17"),
		S("500 no"), C("x18"), S("500 no"), C("x19"), S("500 no"),
		C("EHLO client.example"), S("250 mx.example"),
		C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "a command as the response to AUTH", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("AUTH LOGIN"), C("RSET"),
		C("MAIL FROM:<a@example.net>"), C("RCPT TO:<b@example.org>"), C("DATA"),
		S("334 VXNlcm5hbWU6"), S("501 bad"), S("250 ok"), S("550 no"),
		S("503 none"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 AUTH 501 LOGIN | E!\\x13 | bad\n"
	    "0 ODDITY UNPIPELINED RCPT TO:<b@example.org>\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 550 <b@example.org> |  | no\n"
	    "0 DATA 503 none\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "QUIT as the response to AUTH", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("AUTH LOGIN"), C("QUIT"), S("334 VXNlcm5hbWU6"),
		S("501 bad"), C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 AUTH 501 LOGIN | AB\\x13 | bad\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "AUTH refused, commands behind it", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("AUTH FOO"), C("MAIL FROM:<a@example.net>"),
		C("RCPT TO:<b@example.org>"),
		S("504 no"), S("250 ok"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 AUTH 504 FOO |  | no\n"
	    "0 ODDITY UNPIPELINED RCPT TO:<b@example.org>\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "AUTH, then the end", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("AUTH PLAIN"), C("MAIL FROM:<a@example.net>"),
		C_END, S_END,
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 ODDITY UNPIPELINED MAIL FROM:<a@example.net>\n"
	    "0 AUTH 0 PLAIN\n"
	    "0 MAIL 0 <a@example.net>\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "STARTTLS refused, a TLS lookalike behind it", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("STARTTLS"), C("\x16"),
		C("MAIL FROM:<a@example.net>"),
		C("RCPT TO:<b@example.org>"), S("502 no"), S("500 what"), S("250 ok"),
		S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 STARTTLS 502 no\n"
	    "0 ODDITY UNPIPELINED MAIL FROM:<a@example.net>\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "BDAT that the server does not know", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("BDAT 99999999"), C("MAIL FROM:<a@example.net>"),
		C("RCPT TO:<b@example.org>"), C("DATA"), S("502 no"), S("250 ok"),
		S("250 ok"), S("354 go"), C("Subject: hi"), C(""), C("text"), C("."),
		S("250 queued"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 DATA 502 no [bdat]\n"
	    "1 ODDITY UNPIPELINED RCPT TO:<b@example.org>\n"
	    "0 ABORT REFUSED\n"
	    "1 MAIL 250 <a@example.net> |  | ok\n"
	    "1 RCPT 250 <b@example.org> |  | ok\n"
	    "1 DATA 354 go\n"
	    "1 HEADER Subject: hi\n"
	    "1 HEADERS_END\n"
	    "1 MESSAGE size=21 body=6\n"
	    "1 FINAL 250 queued\n"
	    "2 END 221\n" },
	{ "last BDAT at the wrong time", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("BDAT 9999 LAST"),
		C("RCPT TO:<b@example.org>"), S("503 first RCPT"), S("250 ok"), C("QUIT"),
		S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 HEADERS_END [bdat]\n"
	    "0 DATA 503 first RCPT [bdat]\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "any number of CR", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C_RAW("MAIL FROM:<a@example.net>\r\r\n"),
		S_RAW("250 ok\r\r\n"),
		C_RAW("RCPT TO:<b@example.org>\r\r\r\n"), S("250 ok"),
		C_RAW("QUIT\r\r\n"), S_RAW("221\r\r\r\n"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "a reply that answers nothing of the kind", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("354 what"), S("550 no"), C("RSET"),
		S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 550 <b@example.org> |  | no [unsure]\n"
	    "0 ABORT REFUSED\n"
	    "1 END 221\n" },
	{ "250 instead of 354", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("DATA"), S("250 go"),
		C("Subject: hi"), C(""), C("text"), C("."), S("250 queued"), C("QUIT"),
		S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 250 go\n"
	    "0 HEADER Subject: hi\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=21 body=6\n"
	    "0 FINAL 250 queued\n"
	    "1 END 221\n" },
	{ "250 to DATA, commands behind it", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("DATA"), S("250 go"),
		C("RSET"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 DATA 250 go\n"
	    "0 ABORT RSET\n"
	    "1 END 221\n" },
	{ "SOML", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("SEND FROM:<x@example.net>"), S("502 no"),
		C("SOML FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 502 <x@example.net> |  | no\n"
	    "0 ABORT REFUSED\n"
	    "1 MAIL 250 <a@example.net> |  | ok\n"
	    "1 RCPT 250 <b@example.org> |  | ok\n"
	    "1 ABORT QUIT\n"
	    "2 END 221\n" },
	{ "names before paths, no colon", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250 mx.example"), C("MAIL FROM:A <a@example.net> SIZE=1"), S("250 ok"),
		C("RCPT TO:\"B, b\" <b@example.org>"), S("250 1"),
		C("RCPT TO <c@example.org>"), S("250 2"),
		C("RCPT TO<d@example.org> X=1"), S("250 3"),
		C("RCPT TO:e@example.org ORCPT=<f>"), S("250 4"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> | SIZE=1 | ok\n"
	    "0 RCPT 250 <b@example.org> |  | 1\n"
	    "0 RCPT 250 <c@example.org> |  | 2\n"
	    "0 RCPT 250 <d@example.org> | X=1 | 3\n"
	    "0 RCPT 250 e@example.org | ORCPT=<f> | 4\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "banner without a name", {
		S("220"), C("EHLO client.example"), S("250 mx.example"),
		C("MAIL FROM:<a@example.net>"), S("250 ok"),
		C("RCPT TO:<b@example.org>"), S("250 ok"), C("QUIT"), S("221 bye"),
	},
	    "0 GREETING 220\n"
	    "0 HELO 250 client.example | mx.example | mx.example [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | ok\n"
	    "0 RCPT 250 <b@example.org> |  | ok\n"
	    "0 ABORT QUIT\n"
	    "1 END 221\n" },
	{ "mbox line first", {
		S("220 mx.example ESMTP"), C("EHLO client.example"),
		S("250-mx.example"), S("250 PIPELINING"),
		C("MAIL FROM:<a@example.net>"), S("250 2.1.0 Ok"),
		C("RCPT TO:<b@example.org>"), S("250 2.1.5 Ok"), C("DATA"), S("354 go"),
		C("From a@example.net Sat Nov 21"), C("Subject: x"), C(""), C("t"),
		C("."), S("250 ok"), C("QUIT"), S("221 2.0.0 Bye"),
	},
	    "0 GREETING 220 mx.example | mx.example ESMTP\n"
	    "0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n"
	    "0 MAIL 250 <a@example.net> |  | 2.1.0 Ok\n"
	    "0 RCPT 250 <b@example.org> |  | 2.1.5 Ok\n"
	    "0 DATA 354 go\n"
	    "0 HEADER Subject: x\n"
	    "0 HEADERS_END\n"
	    "0 MESSAGE size=48 body=3\n"
	    "0 FINAL 250 ok\n"
	    "1 END 221\n" },
};
/* clang-format on */

static void
facts_are_the_same_for_every_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++)
		feed_check(&proto_smtp, &talks[i]);
}

/* Whatever else happens, these hold. */
enum { TX_MAX = 16, PATHS_MAX = 64 };

struct judge {
	const char *talk;
	bool open[TX_MAX], over[TX_MAX];
	unsigned ends, finals; /* of this run: final replies 2xx, surely */
	unsigned true_finals;
	size_t accepted; /* paths that were in truth */
	char path[PATHS_MAX][128];
	bool learning;
};

static void
check_run_is_over(const struct judge *j)
{
	for (unsigned tx = 0; tx < TX_MAX; tx++) {
		if (j->open[tx] && !j->over[tx])
			fail_msg("%s: transaction %u never ends", j->talk, tx);
	}
	if (j->finals > j->true_finals)
		fail_msg("%s: a message surely accepted that was not", j->talk);
}

static bool
is_of_transaction(enum fact_type type)
{
	return type >= FACT_MAIL && type <= FACT_ABORT;
}

static void
check_secrets(const struct judge *j, const struct fact *fact)
{
	static const char *const secret[] = { "secret", "c2VjcmV0", "zZWNyZXQ", "Bearer",
		"9e95aee" };

	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		for (size_t k = 0; fact->text[i].n > 0 && k < COUNT(secret); k++) {
			if (memmem(fact->text[i].p, fact->text[i].n, secret[k],
				strlen(secret[k])) != NULL)
				fail_msg("%s: a secret in a fact", j->talk);
		}
	}
}

static bool
is_truly_accepted(const struct judge *j, struct slice path)
{
	for (size_t i = 0; i < j->accepted; i++) {
		if (slice_equal(slice_str(j->path[i]), path))
			return true;
	}
	return false;
}

static void
judge_rcpt(struct judge *j, const struct fact *fact)
{
	struct slice path = fact->text[0];

	if (fact->code / 100 != 2)
		return;
	if (j->learning) {
		assert_true(j->accepted < PATHS_MAX && path.n < sizeof(j->path[0]));
		memcpy(j->path[j->accepted], path.p, path.n);
		j->path[j->accepted++][path.n] = '\0';
	} else if (!(fact->flags & (FACT_UNSURE | FACT_CUT)) &&
		   !is_truly_accepted(j, path)) {
		fail_msg("%s: %.*s surely accepted", j->talk, (int)path.n, path.p);
	}
}

static void
judge(void *context, const struct fact *fact)
{
	struct judge *j = context;

	if (fact == NULL) {
		check_run_is_over(j);
		memset(j->open, 0, sizeof(j->open));
		memset(j->over, 0, sizeof(j->over));
		j->ends = j->finals = 0;
		return;
	}
	check_secrets(j, fact);
	assert_int_equal(j->ends, 0);
	j->ends += fact->type == FACT_END;
	if (fact->type == FACT_RCPT)
		judge_rcpt(j, fact);
	if (fact->type == FACT_FINAL && fact->code / 100 == 2)
		j->finals += j->learning || !(fact->flags & FACT_UNSURE);
	if (!is_of_transaction(fact->type))
		return;
	assert_true(fact->tx < TX_MAX);
	if (j->over[fact->tx])
		fail_msg("%s: transaction %u goes on after its end", j->talk, fact->tx);
	j->open[fact->tx] = true;
	j->over[fact->tx] = fact->type == FACT_FINAL || fact->type == FACT_ABORT;
}

static void
gaps_never_make_things_up(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++) {
		struct judge *j = calloc(1, sizeof(*j));
		struct feed feed;

		assert_non_null(j);
		j->talk = talks[i].name;
		j->learning = true;
		j->true_finals = UINT32_MAX;
		feed_init(&feed, &proto_smtp);
		feed.watch = judge;
		feed.context = j;
		feed_whole(&feed, &talks[i]);
		feed_release(&feed);
		j->learning = false;
		j->true_finals = j->finals;
		feed_check_gaps(&proto_smtp, &talks[i], judge, j);
		check_run_is_over(j);
		free(j);
	}
}

static void
feed_string(struct feed *feed, enum proto_role role, const char *s)
{
	feed_bytes(feed, role, s, strlen(s));
}

static void
greet(struct feed *feed)
{
	feed_string(feed, PROTO_RESPONDER, "220 mx.example ESMTP\r\n");
	feed_string(feed, PROTO_REQUESTER, "EHLO client.example\r\n");
	feed_string(feed, PROTO_RESPONDER, "250-mx.example\r\n250 PIPELINING\r\n");
}

struct rcpts {
	uint32_t seen, wrong, with_text;
};

static void
watch_rcpts(void *context, const struct fact *fact)
{
	struct rcpts *r = context;

	if (fact->type != FACT_RCPT)
		return;
	r->wrong += fact->code != (r->seen % 3 == 1 ? 550 : 250);
	r->with_text += fact->text[0].n > 0;
	r->wrong += (fact->text[0].n == 0) != ((fact->flags & FACT_CUT) != 0);
	r->seen++;
}

static void
ten_thousand_recipients_keep_their_replies(void **state)
{
	struct rcpts r = { 0 };
	struct feed feed;
	char line[64];

	(void)state;
	feed_init(&feed, &proto_smtp);
	feed.quiet = true;
	feed.watch = watch_rcpts;
	feed.context = &r;
	greet(&feed);
	feed_string(&feed, PROTO_REQUESTER, "MAIL FROM:<>\r\n");
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(line, sizeof(line), "RCPT TO:<u%u@example.org>\r\n", i);
		feed_string(&feed, PROTO_REQUESTER, line);
	}
	feed_string(&feed, PROTO_REQUESTER, "DATA\r\n");
	feed_string(&feed, PROTO_RESPONDER, "250 ok\r\n");
	for (unsigned i = 0; i < 10000; i++)
		feed_string(
		    &feed, PROTO_RESPONDER, i % 3 == 1 ? "550 no\r\n" : "250 ok\r\n");
	feed_string(&feed, PROTO_RESPONDER, "354 go\r\n");
	assert_int_equal(r.seen, 10000);
	assert_int_equal(r.wrong, 0);
	assert_true(r.with_text > 200);
	assert_int_equal(feed.count[FACT_DATA], 1);
	feed_release(&feed);
}

static void
a_hundred_thousand_transactions_are_counted(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, &proto_smtp);
	feed.quiet = true;
	greet(&feed);
	for (unsigned i = 0; i < 100000; i++) {
		feed_string(&feed, PROTO_REQUESTER,
		    "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
		feed_string(&feed, PROTO_RESPONDER, "250 ok\r\n250 ok\r\n354 go\r\n");
		feed_string(&feed, PROTO_REQUESTER, "Subject: x\r\n\r\ntext\r\n.\r\n");
		feed_string(&feed, PROTO_RESPONDER, "250 queued\r\n");
	}
	assert_int_equal(feed.count[FACT_MAIL], 100000);
	assert_int_equal(feed.count[FACT_MESSAGE], 100000);
	assert_int_equal(feed.count[FACT_FINAL], 100000);
	feed_release(&feed);
}

/* One direction without end: facts come out as room is needed, and each ends once. */
static void
transactions_without_replies_end_once_each(void **state)
{
	struct feed feed;

	(void)state;
	for (unsigned answered = 0; answered < 2; answered++) {
		feed_init(&feed, &proto_smtp);
		feed.quiet = true;
		if (answered)
			greet(&feed);
		for (unsigned i = 0; i < 20000; i++)
			feed_string(&feed, PROTO_REQUESTER,
			    "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\n"
			    "NOOP\r\nBDAT 3 LAST\r\nabc");
		feed_end(&feed, PROTO_REQUESTER);
		feed_end(&feed, PROTO_RESPONDER);
		assert_int_equal(feed.count[FACT_MAIL], 20000);
		assert_int_equal(feed.count[FACT_RCPT], 20000);
		assert_int_equal(feed.count[FACT_MESSAGE], 20000);
		assert_int_equal(feed.count[FACT_FINAL] + feed.count[FACT_ABORT], 20000);
		assert_int_equal(feed.count[FACT_END], 1);
		feed_release(&feed);
	}
}

static void
fill(struct feed *feed, enum proto_role role, const char *piece, size_t total)
{
	char block[65536];
	size_t n = strlen(piece);

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = piece[i % n];
	for (size_t sent = 0; sent < total; sent += sizeof(block) - sizeof(block) % n)
		feed_bytes(feed, role, block, sizeof(block) - sizeof(block) % n);
}

enum { MUCH = 10 * 1000 * 1000 };

static void
endless_input_is_harmless(void **state)
{
	static const char *const requester[] = { "x", "\r", "\n", "\r\n", ".\r\n",
		"\n.\n", "RCPT TO:<", "NOOP\r\n", "NOOP\r\nRSET\r\n", "DATA\r\n",
		"BDAT 1\r\n", "\x01\x80", "AUTH LOGIN\r\n", "MAIL FROM:<a>\r\n",
		"STARTTLS\r\n", "a: b\r\n", " \t" };
	static const char *const responder[] = { "2", "250-x\r\n", "334 \r\n", "\r",
		"250 x", "354 x\r\n", "250 x\r\n", "\n", "421 x\r\n", "220 x\r\n",
		"550 x\r\n" };
	struct feed feed;

	(void)state;
	for (size_t i = 0; i < COUNT(requester) * COUNT(responder); i++) {
		feed_init(&feed, &proto_smtp);
		feed.quiet = true;
		greet(&feed);
		fill(&feed, PROTO_REQUESTER, requester[i % COUNT(requester)], 200000);
		fill(&feed, PROTO_RESPONDER, responder[i / COUNT(requester)], 200000);
		fill(&feed, PROTO_REQUESTER, requester[i % COUNT(requester)], 200000);
		feed_end(&feed, PROTO_REQUESTER);
		feed_end(&feed, PROTO_RESPONDER);
		assert_true(feed.result == PROTO_DONE || feed.result == PROTO_BAD);
		feed_release(&feed);
	}
}

static void
long_lines_are_cut(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, &proto_smtp);
	greet(&feed);
	feed_string(&feed, PROTO_REQUESTER, "MAIL FROM:<");
	fill(&feed, PROTO_REQUESTER, "x", MUCH);
	feed_string(&feed, PROTO_REQUESTER, ">\r\n");
	feed_string(&feed, PROTO_RESPONDER, "550-");
	fill(&feed, PROTO_RESPONDER, "y", MUCH);
	feed_string(&feed, PROTO_RESPONDER, "\r\n550 z\r\n");
	assert_int_equal(feed.count[FACT_MAIL], 1);
	assert_non_null(strstr(feed.text, "0 MAIL 550 <xxx"));
	assert_non_null(strstr(feed.text, "[cut cut-more]"));
	feed_release(&feed);
}

static enum proto_probe
probe(const char *requester, const char *responder, unsigned flags)
{
	return proto_smtp.probe(slice_str(requester), slice_str(responder), flags);
}

static void
smtp_is_known_by_content(void **state)
{
	static const char *const yes[][2] = {
		{ "", "220 mx ESMTP Postfix\r\n" },
		{ "", "220-mx smtp\r\n220 \r\n" },
		{ "EHLO x\r\n", "220 mx\r\n" },
		{ "helo x\r\n", "" },
		{ "EHLO x\r\n", "" },
		{ "mail from:<a>\r\n", "" },
		{ "RCPT TO:<a@b>\r\n", "" },
		{ "", "554 SMTP synchronization error\r\n" },
		{ "Ehlo x\r\n", "421 busy\r\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(yes); i++)
		assert_int_equal(probe(yes[i][0], yes[i][1], 0), PROTO_YES);
	assert_int_equal(probe("", "", 0), PROTO_MAYBE);
	assert_int_equal(probe("", "2", 0), PROTO_MAYBE);
	assert_int_equal(probe("", "220 m", 0), PROTO_MAYBE);
	assert_int_equal(probe("EH", "", 0), PROTO_MAYBE);
	assert_int_equal(probe("", "220 mx\r\n", 0), PROTO_MAYBE);
	assert_int_equal(probe("QUIT\r\n", "220 mx\r\n", 0), PROTO_MAYBE);
	assert_int_equal(probe("USER x\r\n", "220 mx ESM", 0), PROTO_MAYBE);
	assert_int_equal(probe("USER x\r\n", "220 mx ESMTP\r\n", 0), PROTO_YES);
}

static void
others_are_told_apart_at_once(void **state)
{
	static const char *const no[][2] = {
		{ "GET / HTTP/1.1\r\n", "" },
		{ "G", "" },
		{ "POST / HTTP/1.0\r\n", "" },
		{ "HEAD / HTTP/1.0\r\n", "" },
		{ "\x16\x03\x01", "" },
		{ "\x16", "" },
		{ "", "SSH-2.0-OpenSSH\r\n" },
		{ "", "S" },
		{ "SSH-2.0-x\r\n", "" },
		{ "", "+OK POP3\r\n" },
		{ "", "* OK IMAP4\r\n" },
		{ "a1 LOGIN x y\r\n", "" },
		{ "USER x\r\n", "220 server\r\n" },
		{ "AUTH", "HTTP" },
		{ "", "220 ProFTPD FTP server\r\n" },
		{ "", "200 news\r\n" },
		{ "\x80\xff\x01", "" },
		{ "", "\xff\xfd\x18" },
		{ "QUIT\r\n", "" },
		{ "DELETE / HTTP/1.1\r\n", "" },
		{ "HELLO\r\n", "" },
		{ "", "220\r\n" },
		{ "250 ok\r\n", "" },
		{ "220 mx SMTP\r\n", "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(no); i++) {
		if (probe(no[i][0], no[i][1], 0) != PROTO_NO)
			fail_msg("\"%s\" \"%s\"", no[i][0], no[i][1]);
	}
}

static void
a_mail_port_breaks_ties(void **state)
{
	enum {
		PORT = PROTO_PROBE_MAIL_PORT,
		LAST = PROTO_PROBE_LAST,
		MIDDLE = PROTO_PROBE_MIDSTREAM
	};

	(void)state;
	assert_int_equal(probe("", "220 mx\r\n", LAST), PROTO_NO);
	assert_int_equal(probe("", "220 mx\r\n", LAST | PORT), PROTO_YES);
	assert_int_equal(probe("", "554 no\r\n", LAST), PROTO_NO);
	assert_int_equal(probe("", "554 no\r\n", LAST | PORT), PROTO_YES);
	assert_int_equal(probe("", "421 busy\r\n", LAST | PORT), PROTO_YES);
	assert_int_equal(probe("text\r\nmore\r\n", "", MIDDLE | PORT), PROTO_MAYBE);
	assert_int_equal(probe("text\r\nmore\r\n", "", MIDDLE | PORT | LAST), PROTO_YES);
	assert_int_equal(probe("text\r\nmore\r\n", "", MIDDLE), PROTO_NO);
	assert_int_equal(probe("a>\r\nRCPT TO:<x@y>\r\n", "", MIDDLE), PROTO_YES);
	assert_int_equal(probe("\x17\x03\x03", "", MIDDLE | PORT), PROTO_NO);
	assert_int_equal(probe("", "250 ok\r\n", MIDDLE | PORT | LAST), PROTO_YES);
	assert_int_equal(probe("", "250 ok\r\n", MIDDLE | LAST), PROTO_NO);
	assert_int_equal(probe("QUIT\r\n", "", LAST | PORT), PROTO_YES);
	assert_int_equal(probe("EHLO x\r\n", "220\r\n", PORT), PROTO_YES);
	assert_int_equal(probe("EHLO x\r\n", "220 no FTP\r\n", PORT), PROTO_YES);
	assert_int_equal(probe("USER x\r\n", "220 no FTP\r\n", PORT), PROTO_NO);
	assert_int_equal(probe("", "", LAST | PORT), PROTO_MAYBE);
}

/* Where a secret may have lain, in whatever piece, nothing is left of it. */
static void
no_secret_stays_in_the_state(void **state)
{
	static const char *const dialogue[] = { "AUTH PLAIN\r\n", "AHVzZXIAc2VjcmV0\r\n",
		"AUTH LOGIN\r\n", "dXNlcg==\r\n", "c2VjcmV0\r\n",
		"AUTH PLAIN AHVzZXIAc2VjcmV0\r\n" };
	struct feed feed;

	(void)state;
	for (size_t piece = 1; piece < 40; piece++) {
		feed_init(&feed, &proto_smtp);
		greet(&feed);
		for (size_t i = 0; i < COUNT(dialogue); i++) {
			for (size_t at = 0; at < strlen(dialogue[i]); at += piece)
				feed_bytes(&feed, PROTO_REQUESTER, dialogue[i] + at,
				    strnlen(dialogue[i] + at, piece));
			if (i == 0 || i == 2 || i == 3)
				feed_string(&feed, PROTO_RESPONDER, "334 x\r\n");
			else
				feed_string(&feed, PROTO_RESPONDER, "535 x\r\n");
		}
		assert_null(memmem(feed.state, proto_smtp.state_bytes, "c2VjcmV0", 8));
		assert_null(memmem(feed.state, proto_smtp.state_bytes, "secret", 6));
		assert_int_equal(feed.count[FACT_AUTH], 3);
		feed_release(&feed);
	}
}

static void
init_leaves_the_big_buffers_alone(void **state)
{
	struct feed feed;
	size_t touched = 0;

	(void)state;
	feed_init(&feed, &proto_smtp);
	for (size_t i = 0; i < proto_smtp.state_bytes; i++)
		touched += ((uint8_t *)feed.state)[i] != 0xa5;
	assert_true(touched < 1024);
	assert_true(proto_smtp.state_bytes <= 32768);
	assert_true(proto_state_max() >= proto_smtp.state_bytes);
	feed_release(&feed);
}

enum { PAGE = 4096 }; /* with which the sensor's pool begins each state */

static unsigned
pages_touched(const struct feed *feed)
{
	unsigned pages = 0;

	for (size_t at = 0; at < proto_smtp.state_bytes; at += PAGE) {
		bool touched = false;

		for (size_t i = at; i < at + PAGE && i < proto_smtp.state_bytes; i++)
			touched |= ((uint8_t *)feed->state)[i] != 0xa5;
		pages += touched;
	}
	return pages;
}

/* What is never touched costs no memory: that is how many sessions fit. */
static void
a_session_touches_few_pages(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, &proto_smtp);
	feed.quiet = true;
	greet(&feed);
	assert_int_equal(pages_touched(&feed), 1);
	for (unsigned i = 0; i < 3; i++) {
		feed_string(&feed, PROTO_REQUESTER,
		    "MAIL FROM:<a@example.net>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
		feed_string(&feed, PROTO_RESPONDER, "250 ok\r\n250 ok\r\n354 go\r\n");
		feed_string(&feed, PROTO_REQUESTER, "Subject: x\r\n\r\n");
		fill(&feed, PROTO_REQUESTER, "text\r\n", 100000);
		feed_string(&feed, PROTO_REQUESTER, ".\r\n");
		feed_string(&feed, PROTO_RESPONDER, "250 queued\r\n");
	}
	assert_int_equal(feed.count[FACT_FINAL], 3);
	assert_int_equal(pages_touched(&feed), 2);
	feed_release(&feed);
}

static void
ftp_is_given_up(void **state)
{
	struct feed feed;

	(void)state;
	feed_init(&feed, &proto_smtp);
	feed_string(&feed, PROTO_RESPONDER, "220 ready\r\n");
	feed_string(&feed, PROTO_REQUESTER, "USER ftp\r\n");
	assert_int_equal(feed.result, PROTO_MORE);
	feed_string(&feed, PROTO_RESPONDER, "331 password\r\n");
	assert_int_equal(feed.result, PROTO_BAD);
	feed_release(&feed);
}

/* Gaps of known place: what exactly is told. */
struct gap_talk {
	const char *name;
	/* "C ...", "S ..."; "-..." and "=...": of the client and the server, without line
	 * end; "c12" and "s12": a gap of 12. */
	const char *steps[24];
	const char *facts;
};

static const struct gap_talk gap_talks[] = {
	{ "a reply is lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "s10",
		"C RCPT TO:<c@d>", "S 550 no", "C DATA", "S 354 go" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 0 <a@b> [unsure]\n0 RCPT 550 <c@d> |  | no [unsure]\n"
	    "0 DATA 354 go\n0 ABORT CLOSED\n1 END 0\n" },
	{ "DATA and its reply are lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "c6", "S 354 go", "C Subject: x", "C ",
		"C .", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n0 DATA 354 go\n"
	    "0 HEADER Subject: x\n0 HEADERS_END\n"
	    "0 MESSAGE size=14 body=0\n0 FINAL 250 ok [holed]\n1 END 0\n" },
	{ "DATA is lost and refused, or something else is",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "c6", "S 554 no", "C QUIT", "S 221 bye" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n"
	    "0 DATA 554 no [unsure]\n0 ABORT QUIT\n1 END 221\n" },
	{ "a refused RCPT is lost, then DATA is taken",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "c15", "S 550 1", "S 550 2", "C DATA",
		"S 354 go", "C Subject: x", "C ", "C .", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n"
	    "0 DATA 550 1 [unsure]\n0 DATA 354 go\n"
	    "0 HEADER Subject: x\n0 HEADERS_END\n"
	    "0 MESSAGE size=14 body=0\n0 FINAL 250 ok [holed]\n1 END 0\n" },
	{ "QUIT in front of the refusal of what was lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "c6", "C QUIT", "S 554 no", "S 221 bye" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n"
	    "0 DATA 554 no [unsure]\n0 ABORT QUIT [unsure]\n1 END 221\n" },
	{ "the end of the message is lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "C DATA", "S 354 go", "C Subject: x", "C ",
		"c100", "S 250 ok", "C MAIL FROM:<e@f>", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n0 DATA 354 go\n"
	    "0 HEADER Subject: x\n0 HEADERS_END\n0 MESSAGE size=114 body=0 [cut unsure]\n"
	    "0 FINAL 250 ok\n1 MAIL 250 <e@f> |  | ok\n1 ABORT CLOSED\n2 END 0\n" },
	{ "the end of a refused message is lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "C DATA", "S 354 go", "C Subject: x", "C ",
		"c100", "S 550 spam", "C QUIT", "S 221 bye" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n0 DATA 354 go\n"
	    "0 HEADER Subject: x\n0 HEADERS_END\n0 MESSAGE size=114 body=0 [cut unsure]\n"
	    "0 FINAL 550 spam\n1 END 221\n" },
	{ "the reply to DATA is lost, that to the message is not",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "C DATA", "s8", "C Subject: x", "C ",
		"C .", "S 250 ok", "C QUIT", "S 221 bye" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n"
	    "0 DATA 0 [unsure]\n0 HEADER Subject: x [unsure]\n0 HEADERS_END [unsure]\n"
	    "0 MESSAGE size=14 body=0 [unsure]\n0 FINAL 250 ok\n1 END 221\n" },
	{ "all replies up to the message are lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>",
		"C RCPT TO:<c@d>", "C DATA", "s24", "C Subject: x", "C ", "C .", "C QUIT",
		"S 250 ok", "S 221 bye" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 ODDITY UNPIPELINED RCPT TO:<c@d>\n0 MAIL 0 <a@b> [unsure]\n"
	    "0 RCPT 0 <c@d> [unsure]\n0 DATA 0 [unsure]\n"
	    "0 HEADER Subject: x [unsure]\n0 HEADERS_END [unsure]\n"
	    "0 MESSAGE size=14 body=0 [unsure]\n0 FINAL 250 ok\n1 END 221\n" },
	{ "the client speaks without waiting, and replies are lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>",
		"C RCPT TO:<c@d>", "C DATA", "C Subject: x", "C ", "C .", "C QUIT", "s8",
		"S 550 no", "S 503 no", "S 500 no", "S 221 bye" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 ODDITY UNPIPELINED RCPT TO:<c@d>\n0 HEADER Subject: x\n0 HEADERS_END\n"
	    "0 MESSAGE size=14 body=0\n0 MAIL 550 <a@b> |  | no [unsure]\n"
	    "0 RCPT 503 <c@d> |  | no [unsure]\n0 DATA 500 no [unsure]\n"
	    "0 ABORT REFUSED [unsure]\n1 END 221\n" },
	{ "a chunk with a gap",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 250 ok", "C BDAT 100 LAST", "C a: b", "C ", "c92",
		"S 250 ok", "C QUIT", "S 221 bye" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@d> |  | ok\n0 HEADERS_END [bdat]\n"
	    "0 MESSAGE size=100 body=0 [cut bdat]\n0 DATA 250 ok [bdat]\n"
	    "0 FINAL 250 ok [bdat]\n1 END 221\n" },
	{ "AUTH is lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "S 235 ok", "c30",
		"C MAIL FROM:<a@b>", "S 250 ok", "C RCPT TO:<c@d>", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 AUTH 235 ok  |  | ok\n"
	    "0 MAIL 250 <a@b> |  | ok [unsure]\n"
	    "0 RCPT 250 <c@d> |  | ok\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "AUTH and its reply are lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "c30", "C MAIL FROM:<a@b>", "s8",
		"S 250 ok", "C RCPT TO:<c@d>", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok [unsure blind]\n"
	    "0 RCPT 250 <c@d> |  | ok [unsure blind]\n"
	    "0 ABORT LOST [unsure]\n"
	    "1 END 0 [unsure]\n" },
	{ "a reply of AUTH is lost, told early",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "s8", "c30", "C MAIL FROM:<a@b>",
		"S 250 ok", "C RCPT TO:<c@d>", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok [unsure blind]\n"
	    "0 RCPT 250 <c@d> |  | ok [unsure blind]\n"
	    "0 ABORT LOST [unsure]\n"
	    "1 END 0 [unsure]\n" },
	{ "commands are lost, no reply is",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "S 250 x", "c30",
		"C MAIL FROM:<a@b>", "S 250 ok", "C RCPT TO:<c@d>", "S 250 ok", "s9",
		"C RCPT TO:<e@f>", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok [unsure]\n"
	    "0 RCPT 250 <c@d> |  | ok\n"
	    "0 RCPT 250 <e@f> |  | ok [unsure]\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "replies are lost, no command is",
	    { "S 220 mx SMTP", "C EHLO c", "s20", "C MAIL FROM:<a@b>", "S 250 ok", "s8",
		"C RCPT TO:<c@d>", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 0 c [unsure ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok [unsure]\n"
	    "0 RCPT 250 <c@d> |  | ok [unsure]\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "no replies, a command is lost",
	    { "C EHLO c", "c20", "C MAIL FROM:<a@b>", "C RCPT TO:<c@d>" },
	    "0 HELO 0 c [unsure ehlo]\n"
	    "0 MAIL 0 <a@b> [unsure blind]\n"
	    "0 RCPT 0 <c@d> [unsure blind]\n"
	    "0 ABORT LOST [unsure]\n"
	    "1 END 0 [unsure]\n" },
	{ "one command at a time, one is lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 550 no", "S 250 reset", "c6", "C MAIL FROM:<e@f>",
		"S 250 ok", "C RCPT TO:<g@h>", "S 550 no" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n"
	    "0 RCPT 550 <c@d> |  | no\n"
	    "0 ABORT REFUSED\n"
	    "1 MAIL 250 <e@f> |  | ok\n"
	    "1 RCPT 550 <g@h> |  | no\n"
	    "1 ABORT CLOSED\n"
	    "2 END 0\n" },
	{ "perhaps one command at a time",
	    { "S 220 mx SMTP", "S 250-mx", "S 250 PIPELINING", "c8", "C RSET", "S 250 ok",
		"C MAIL FROM:<e@f>", "S 250 ok", "C RCPT TO:<g@h>", "S 550 no" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 MAIL 250 <e@f> |  | ok\n"
	    "0 RCPT 550 <g@h> |  | no\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "a command and a reply are lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"C RCPT TO:<c@d>", "S 550 no", "c6", "C RCPT TO:<e@f>", "s8", "S 550 no",
		"C RCPT TO:<g@h>", "S 550 no" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n"
	    "0 RCPT 550 <c@d> |  | no\n"
	    "0 RCPT 550 <e@f> |  | no [unsure blind]\n"
	    "0 RCPT 550 <g@h> |  | no [blind]\n"
	    "0 ABORT CLOSED\n"
	    "1 END 0\n" },
	{ "a path is whole, its line is not",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"-RCPT TO:<c@example> X=", "c6", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n"
	    "0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n"
	    "0 RCPT 250 <c@example> | X= | ok [unsure cut-more]\n"
	    "0 ABORT LOST [unsure]\n"
	    "1 END 0 [unsure]\n" },
	{ "a path is cut",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C MAIL FROM:<a@b>", "S 250 ok",
		"-RCPT TO:<c@example", "c6", "S 250 ok" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MAIL 250 <a@b> |  | ok\n0 RCPT 250 <c@example |  | ok [cut unsure]\n"
	    "0 ABORT LOST [unsure]\n1 END 0 [unsure]\n" },
	{ "a message ends behind a STARTTLS that TLS did not follow",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "s22", "C MAIL FROM:<a@b>",
		"C STARTTLS", "c9", "C .", "-\x16" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 MESSAGE size=0 body=0 [cut unsure]\n0 MAIL 0 <a@b> [unsure blind]\n"
	    "1 STARTTLS 0 [unsure]\n0 ABORT LOST [unsure]\n1 TLS [unsure]\n"
	    "1 END 0 [unsure]\n" },
	{ "what waits goes on as one when the reply is lost",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C STARTTLS", "-xyz", "=421-no",
		"s20" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 STARTTLS 0 [unsure]\n0 END 0 [unsure]\n" },
	{ "a gap waits behind what was hidden, and the next reply for it",
	    { "S 220 mx SMTP", "C EHLO c", "S 250 mx", "C DATA", "S 354 go",
		"-\r\nx\n.\nAUTH PLAIN\r\nfoo", "S 250 1", "c9",
		"=535 no\r\n354 go\r\n" },
	    "0 GREETING 220 mx | mx SMTP\n0 HELO 250 c | mx | mx [ehlo]\n"
	    "0 DATA 354 go\n0 HEADERS_END\n0 ODDITY BARE_LF_DOT .\n"
	    "0 MESSAGE size=4 body=3\n1 ODDITY UNPIPELINED AUTH\n0 FINAL 250 1\n"
	    "1 AUTH 535 PLAIN |  | no\n1 END 0 [unsure]\n" },
};

static void
gap_step(struct feed *feed, const char *step, size_t piece)
{
	bool whole_line = step[0] == 'C' || step[0] == 'S';
	enum proto_role role = strchr("Ss=", step[0]) ? PROTO_RESPONDER : PROTO_REQUESTER;
	char text[256];
	size_t n;

	if (step[0] == 'c' || step[0] == 's') {
		feed_gap(feed, role, (uint64_t)atoi(step + 1));
		return;
	}
	n = (size_t)snprintf(
	    text, sizeof(text), "%s%s", step + 1 + whole_line, whole_line ? "\r\n" : "");
	assert_true(n < sizeof(text));
	for (size_t at = 0; at < n; at += piece)
		feed_bytes(feed, role, text + at, n - at < piece ? n - at : piece);
}

static void
check_gap_talk(const struct gap_talk *talk, size_t piece)
{
	struct feed feed;

	feed_init(&feed, &proto_smtp);
	for (size_t i = 0; talk->steps[i] != NULL; i++)
		gap_step(&feed, talk->steps[i], piece);
	feed_end(&feed, PROTO_REQUESTER);
	feed_end(&feed, PROTO_RESPONDER);
	if (strcmp(feed.text, talk->facts) != 0)
		print_error("%s, by %zu:\n%s", talk->name, piece, feed.text);
	assert_string_equal(feed.text, talk->facts);
	feed_release(&feed);
}

static void
gaps_of_known_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gap_talks); i++) {
		check_gap_talk(&gap_talks[i], SIZE_MAX);
		check_gap_talk(&gap_talks[i], 1);
		check_gap_talk(&gap_talks[i], 3);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(facts_are_the_same_for_every_cut),
		cmocka_unit_test(gaps_of_known_place),
		cmocka_unit_test(gaps_never_make_things_up),
		cmocka_unit_test(ten_thousand_recipients_keep_their_replies),
		cmocka_unit_test(a_hundred_thousand_transactions_are_counted),
		cmocka_unit_test(transactions_without_replies_end_once_each),
		cmocka_unit_test(endless_input_is_harmless),
		cmocka_unit_test(long_lines_are_cut),
		cmocka_unit_test(smtp_is_known_by_content),
		cmocka_unit_test(others_are_told_apart_at_once),
		cmocka_unit_test(a_mail_port_breaks_ties),
		cmocka_unit_test(no_secret_stays_in_the_state),
		cmocka_unit_test(init_leaves_the_big_buffers_alone),
		cmocka_unit_test(a_session_touches_few_pages),
		cmocka_unit_test(ftp_is_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
