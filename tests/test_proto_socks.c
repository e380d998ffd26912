/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tunnel_feed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* 192.0.2.1, port 25 */
#define TARGET "\0\x19\xc0\0\2\1"
#define OK4    "\0\x5a\0\0\0\0\0\0"
#define IP5    "\1\xc0\0\2\1\0\x19"
#define OK5    "\5\0\0\1\0\0\0\0\0\0"
#define INNER  "client> EHLO x\\r\\n\nserver> 220 mx\\r\\n250 mx\\r\\n\n"

static const struct feed_talk version4[] = {
	{ "libopm's probe",
	    { C_RAW("\4\1" TARGET "\0"), S_RAW(OK4), S("220 mx"), C("EHLO x"),
		S("250 mx") },
	    "0 asked socks4 192.0.2.1:25\n0 granted 90\n" INNER },
	{ "nmap's user", { C_RAW("\4\1" TARGET "nmap\0"), S_RAW("\0\x5b\0\0\0\0\0\0") },
	    "0 asked socks4 192.0.2.1:25 user=nmap\n0 refused 91\ndone\n" },
	{ "no ident", { C_RAW("\4\1" TARGET "\0"), S_RAW("\0\x5c") },
	    "0 asked socks4 192.0.2.1:25\n0 refused 92\ndone\n" },
	{ "other ident", { C_RAW("\4\1" TARGET "\0"), S_RAW("\0\x5d\0\0\0\0\0\0") },
	    "0 asked socks4 192.0.2.1:25\n0 refused 93\ndone\n" },
	{ "commands sent ahead",
	    { C_RAW("\4\1" TARGET "joe\0EHLO x\r\n"), S_RAW(OK4), S("220 mx"),
		S("250 mx") },
	    "0 asked socks4 192.0.2.1:25 user=joe\n0 granted 90\n" INNER },
	{ "commands sent ahead of a refusal",
	    { C_RAW("\4\1" TARGET "\0EHLO x\r\n"), S_RAW("\0\x5b\0\0\0\0\0\0") },
	    "0 asked socks4 192.0.2.1:25\n0 refused 91\ndone\n" },
	{ "half-closed behind what was sent ahead",
	    { C_RAW("\4\1" TARGET "\0QUIT\r\n"), C_END, S_RAW(OK4), S("220 mx") },
	    "0 asked socks4 192.0.2.1:25\n0 granted 90\n"
	    "client> QUIT\\r\\n\nserver> 220 mx\\r\\n\n" },
	{ "4a",
	    { C_RAW("\4\1\0\x19\0\0\0\1me\0mail.example\0"), S_RAW(OK4), C("EHLO x"),
		S("220 mx"), S("250 mx") },
	    "0 asked socks4a mail.example:25 user=me\n0 granted 90\n" INNER },
	{ "unanswered", { C_RAW("\4\1" TARGET "\0") },
	    "0 asked socks4 192.0.2.1:25\ndone\n" },
	{ "BIND",
	    { C_RAW("\4\2" TARGET "\0"), S_RAW(OK4), S_RAW(OK4), C("EHLO x"), S("220 mx"),
		S("250 mx") },
	    "0 asked socks4 192.0.2.1:25 line=BIND\n0 granted 90\n" INNER },
	{ "BIND nobody came to",
	    { C_RAW("\4\2" TARGET "\0"), S_RAW(OK4), S_RAW("\0\x5b\0\0\0\0\0\0") },
	    "0 asked socks4 192.0.2.1:25 line=BIND\n0 granted 90\ndone\n" },
	{ "chained",
	    { C_RAW("\4\1" TARGET "\0"), S_RAW(OK4), C_RAW("\4\1" TARGET "\0"),
		S_RAW(OK4) },
	    "0 asked socks4 192.0.2.1:25\n0 granted 90\n"
	    "client> \\x04\\x01\\x00\\x19\\xc0\\x00\\x02\\x01\\x00\n"
	    "server> \\x00Z\\x00\\x00\\x00\\x00\\x00\\x00\n" },
};

static const struct feed_talk version5[] = {
	{ "IPv4",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\1\0" IP5), S_RAW(OK5),
		S("220 mx"), C("EHLO x"), S("250 mx") },
	    "0 asked socks5 192.0.2.1:25\n0 granted 0\n" INNER },
	{ "libopm's probe: all at once",
	    { C_RAW("\5\1\0\5\1\0" IP5), S_RAW("\5\0"), S_RAW(OK5), S("220 mx"),
		C("EHLO x"), S("250 mx") },
	    "0 asked socks5 192.0.2.1:25\n0 granted 0\n" INNER },
	{ "a name",
	    { C_RAW("\5\2\0\2"), S_RAW("\5\0"), C_RAW("\5\1\0\3\14mail.example\0\x19"),
		S_RAW(OK5) },
	    "0 asked socks5 mail.example:25\n0 granted 0\nclient> \nserver> \n" },
	{ "IPv6",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"),
		C_RAW("\5\1\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\0\x19"),
		S_RAW(OK5) },
	    "0 asked socks5 2001:db8::1:25\n0 granted 0\nclient> \nserver> \n" },
	{ "bound to a name",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\1\0" IP5),
		S_RAW("\5\0\0\3\5proxy\4\0"), S("220 mx"), C("EHLO x"), S("250 mx") },
	    "0 asked socks5 192.0.2.1:25\n0 granted 0\n" INNER },
	{ "bound to IPv6",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\1\0" IP5),
		S_RAW("\5\0\0\4\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1\4\0"), S("220 mx"),
		C("EHLO x"), S("250 mx") },
	    "0 asked socks5 192.0.2.1:25\n0 granted 0\n" INNER },
	{ "general failure",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\1\0" IP5),
		S_RAW("\5\1\0\1\0\0\0\0\0\0") },
	    "0 asked socks5 192.0.2.1:25\n0 refused 1\ndone\n" },
	{ "not allowed by rules",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\1\0" IP5),
		S_RAW("\5\2\0\1\0\0\0\0\0\0") },
	    "0 asked socks5 192.0.2.1:25\n0 refused 2\ndone\n" },
	{ "connection refused, told in two octets",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\1\0" IP5), S_RAW("\5\5") },
	    "0 asked socks5 192.0.2.1:25\n0 refused 5\ndone\n" },
	{ "no such address type",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\1\0" IP5),
		S_RAW("\5\x8\0\1\0\0\0\0\0\0") },
	    "0 asked socks5 192.0.2.1:25\n0 refused 8\ndone\n" },
	{ "no method", { C_RAW("\5\1\0"), S_RAW("\5\xff") },
	    "0 asked socks5 :0\n0 refused 255 no acceptable method\ndone\n" },
	{ "no method, the request was sent ahead",
	    { C_RAW("\5\1\0\5\1\0" IP5), S_RAW("\5\xff") },
	    "0 asked socks5 192.0.2.1:25\n0 refused 255 no acceptable method\ndone\n" },
	{ "nothing asked", { C_RAW("\5\1\0"), S_RAW("\5\0"), C_END, S_END },
	    "0 asked socks5 :0\ndone\n" },
	{ "greeting unanswered", { C_RAW("\5\1\0") }, "0 asked socks5 :0\ndone\n" },
	{ "request unanswered", { C_RAW("\5\1\0\5\1\0" IP5) },
	    "0 asked socks5 192.0.2.1:25\ndone\n" },
	{ "UDP",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\3\0\1\0\0\0\0\x13\x88"),
		S_RAW(OK5) },
	    "0 asked socks5 0.0.0.0:5000 line=UDP ASSOCIATE\n0 granted 0\ndone\n" },
	{ "BIND",
	    { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\2\0" IP5), S_RAW(OK5),
		S_RAW("\5\0\0\1\xc0\0\2\1\0\x19"), S("220 mx"), C("EHLO x"),
		S("250 mx") },
	    "0 asked socks5 192.0.2.1:25 line=BIND\n0 granted 0\n" INNER },
	{ "GSSAPI is not entered",
	    { C_RAW("\5\1\1"), S_RAW("\5\1"), C_RAW("\1\1\0\2xx") }, "done\n" },
	{ "GSSAPI or password: the answer tells",
	    { C_RAW("\5\2\1\2\1\1\0\2xx"), S_RAW("\5\1") }, "done\n" },
	{ "an unknown command", { C_RAW("\5\1\0"), S_RAW("\5\0"), C_RAW("\5\xf0\0" IP5) },
	    "done\n" },
	{ "many methods",
	    { C_RAW("\5\11\0\1\2\3\5\6\7\x80\xfe"), S_RAW("\5\x80"), C_RAW("opaque") },
	    "done\n" },
	{ "chained",
	    { C_RAW("\5\1\0\5\1\0" IP5), S_RAW("\5\0" OK5), C_RAW("\5\1\0"),
		S_RAW("\5\0") },
	    "0 asked socks5 192.0.2.1:25\n0 granted 0\n"
	    "client> \\x05\\x01\\x00\nserver> \\x05\\x00\n" },
};

static const struct feed_talk passwords[] = {
	{ "password",
	    { C_RAW("\5\1\2"), S_RAW("\5\2"), C_RAW("\1\3joe\6secret"), S_RAW("\1\0"),
		C_RAW("\5\1\0" IP5), S_RAW(OK5), S("220 mx"), C("EHLO x"), S("250 mx") },
	    "0 asked socks5 192.0.2.1:25 user=joe\n0 granted 0\n" INNER },
	{ "all at once",
	    { C_RAW("\5\1\2\1\3joe\6secret\5\1\0" IP5 "EHLO x\r\n"),
		S_RAW("\5\2\1\0" OK5 "220 mx\r\n250 mx\r\n") },
	    "0 asked socks5 192.0.2.1:25 user=joe\n0 granted 0\n" INNER },
	{ "wrong password",
	    { C_RAW("\5\2\0\2"), S_RAW("\5\2"), C_RAW("\1\3joe\6secret"), S_RAW("\1\1") },
	    "0 asked socks5 :0 user=joe\n0 refused 1 authentication failed\ndone\n" },
	{ "GSSAPI offered too",
	    { C_RAW("\5\2\1\2\1\3joe\6secret"), S_RAW("\5\2\1\0"), C_RAW("\5\1\0" IP5),
		S_RAW("\5\4") },
	    "0 asked socks5 192.0.2.1:25 user=joe\n0 refused 4\ndone\n" },
	{ "GSSAPI offered too, and never an answer",
	    { C_RAW("\5\2\1\2\1\3joe\6secret"), S_END, C_END },
	    "0 asked socks5 :0\ndone\n" },
	{ "no user",
	    { C_RAW("\5\1\2"), S_RAW("\5\2"), C_RAW("\1\0\6secret"), S_RAW("\1\0"),
		C_RAW("\5\1\0" IP5), S_RAW("\5\3") },
	    "0 asked socks5 192.0.2.1:25\n0 refused 3\ndone\n" },
};

static void
check_version4(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(version4); i++)
		tunnel_check(&proto_socks, &version4[i]);
}

static void
check_version5(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(version5); i++)
		tunnel_check(&proto_socks, &version5[i]);
}

static void
check_passwords(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(passwords); i++)
		tunnel_check_secret(&proto_socks, &passwords[i], "secret");
}

#define S10  "0123456789"
#define S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10

/* What a probe would not claim, or what comes in an order that captures may have. */
static void
check_parse(void **state)
{
	static const struct feed_talk talks[] = {
		{ "a long user id",
		    { C_RAW("\4\1" TARGET S100 S100 S100 "\0"), S_RAW(OK4) },
		    "0 asked socks4 192.0.2.1:25 user=" S100 S100 S10 S10 S10 S10 S10
		    "01234 [cut]\n0 granted 90\nclient> \nserver> \n" },
		{ "the reply captured before the request",
		    { S_RAW(OK4 "220 mx\r\n"), C_RAW("\4\1" TARGET "\0EHLO x\r\n") },
		    "0 asked socks4 192.0.2.1:25\n0 granted 90\n"
		    "client> EHLO x\\r\\n\nserver> 220 mx\\r\\n\n" },
		{ "a reply to nothing", { S_RAW("\5\0"), C_RAW("\5"), C_END }, "done\n" },
		{ "another version", { C_RAW("\6\1\0"), S_RAW("\6\0") }, "bad\n" },
		{ "no reply", { C_RAW("\4\1" TARGET "\0"), S("220 mx") },
		    "0 asked socks4 192.0.2.1:25\nbad\n" },
		{ "an echo", { C_RAW("\5\1\0\5\1\0" IP5), S_RAW("\5\1\0\5\1\0" IP5) },
		    "0 asked socks5 192.0.2.1:25\ndone\n" },
		{ "greeting only, then the end of the server",
		    { C_RAW("\5\2\0\1"), S_END, C_END }, "0 asked socks5 :0\ndone\n" },
		{ "the end of the server captured before the request",
		    { C_RAW("\5\2\0\1"), S_END, C_RAW("\5\1\0" IP5) },
		    "0 asked socks5 192.0.2.1:25\ndone\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++)
		tunnel_check_parse(&proto_socks, &talks[i]);
}

static void
check_probes(void **state)
{
	enum { LAST = PROTO_PROBE_LAST };
	static const struct tunnel_probe probes[] = {
		PROBE("nothing yet", "", "", 0, PROTO_MAYBE),
		PROBE("version 4", "\4", "", 0, PROTO_MAYBE),
		PROBE("request", "\4\1" TARGET "\0", "", 0, PROTO_MAYBE),
		PROBE("unanswered", "\4\1" TARGET "\0", "", LAST, PROTO_YES),
		PROBE("unanswered, met in the middle", "\4\1" TARGET "\0", "",
		    LAST | PROTO_PROBE_MIDSTREAM, PROTO_MAYBE),
		PROBE("answered", "\4\1" TARGET "\0", "\0\x5a", 0, PROTO_YES),
		PROBE("half answered", "\4\1" TARGET "\0", "\0", 0, PROTO_MAYBE),
		PROBE("echo", "\4\1" TARGET "\0", "\4\1", 0, PROTO_NO),
		PROBE("another answer", "\4\1" TARGET "\0", "\0\x59", 0, PROTO_NO),
		PROBE("text answer", "\4\1" TARGET "\0", "220 mx\r\n", LAST, PROTO_NO),
		PROBE("server spoke first", "", "\0\x5a", 0, PROTO_NO),
		PROBE("command 3", "\4\3" TARGET "\0", "", LAST, PROTO_NO),
		PROBE("port 0", "\4\1\0\0\xc0\0\2\1\0", "", LAST, PROTO_NO),
		PROBE("address 0", "\4\1\0\x19\0\0\0\0\0", "", LAST, PROTO_NO),
		PROBE("binary user", "\4\1" TARGET "\1\2\0", "", LAST, PROTO_NO),
		PROBE("long user", "\4\1" TARGET S100, "", 0, PROTO_NO),
		PROBE("binary behind", "\4\1" TARGET "\0\1\2", "", LAST, PROTO_MAYBE),
		PROBE("binary behind, answered", "\4\1" TARGET "\0\1\2", "\0\x5a", 0,
		    PROTO_YES),
		PROBE("text behind", "\4\1" TARGET "\0QUIT\r\n", "", LAST, PROTO_YES),
		PROBE("4a", "\4\1\0\x19\0\0\0\1\0mail.example\0", "", LAST, PROTO_YES),
		PROBE("4a, no name", "\4\1\0\x19\0\0\0\1\0\0", "", LAST, PROTO_NO),
		PROBE(
		    "4a, name not there yet", "\4\1\0\x19\0\0\0\1\0", "", 0, PROTO_MAYBE),
		PROBE("greeting", "\5\1\0", "", 0, PROTO_MAYBE),
		PROBE("greeting unanswered", "\5\1\0", "", LAST, PROTO_YES),
		PROBE("greeting answered", "\5\1\0", "\5\0", 0, PROTO_YES),
		PROBE("greeting refused", "\5\1\0", "\5\xff", 0, PROTO_YES),
		PROBE("not offered", "\5\1\0", "\5\2", 0, PROTO_NO),
		PROBE("echo 5", "\5\1\0", "\5\1\0", 0, PROTO_NO),
		PROBE("no methods", "\5\0", "", 0, PROTO_NO),
		PROBE("method ff", "\5\2\0\xff", "", 0, PROTO_NO),
		PROBE("methods missing", "\5\4\0\1", "", LAST, PROTO_MAYBE),
		PROBE(
		    "unknown methods, no answer", "\5\2\x20\x21", "", LAST, PROTO_MAYBE),
		PROBE("unknown methods", "\5\2\x20\x21", "\5\x20", 0, PROTO_YES),
		PROBE("something else behind", "\5\1\0xyz", "\5\0", 0, PROTO_NO),
		PROBE("server 5 first", "", "\5\0", 0, PROTO_NO),
		PROBE("TLS", "\x16\3\1\2\0\1", "", 0, PROTO_NO),
		PROBE("DNS over TCP", "\0\x1d\x12\x34\1\0\0\1", "", LAST, PROTO_NO),
		PROBE("DNS over TCP, a long one", "\4\1\0\0\1\0\0\1\0\0\0\0", "", LAST,
		    PROTO_NO),
		PROBE("HTTP", "GET / HTTP/1.1\r\n\r\n", "", 0, PROTO_NO),
		PROBE("text", "EHLO x\r\n", "220 mx\r\n", LAST, PROTO_NO),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(probes); i++)
		tunnel_check_probe(&proto_socks, &probes[i]);
}

static void
check_random(void **state)
{
	(void)state;
	tunnel_check_random(&proto_socks, 1, NULL);
	tunnel_check_random(&proto_socks, 2, "\1\2\3\4\5\1\1");
	tunnel_check_random(&proto_socks, 3, "\5\1\5\1\5\2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_version4),
		cmocka_unit_test(check_version5),
		cmocka_unit_test(check_passwords),
		cmocka_unit_test(check_parse),
		cmocka_unit_test(check_probes),
		cmocka_unit_test(check_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
