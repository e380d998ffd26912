/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tunnel_feed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define INNER "client> EHLO x\\r\\n\nserver> 220 mx\\r\\n250 mx\\r\\n\n"
#define MAIL  S("220 mx"), C("EHLO x"), S("250 mx")

static const struct feed_talk gateways[] = {
	{ "WinGate",
	    { S_RAW("WinGate>"), C("mail.example:25"),
		S("Connecting to host mail.example...Connected"), MAIL },
	    "0 asked telnet mail.example:25 line=mail.example:25\n0 granted 0\n" INNER },
	{ "WinGate, two words",
	    { S_RAW("WinGate>"), C("mail.example 25"),
		S("Connecting to host mail.example...Connected"), MAIL },
	    "0 asked telnet mail.example:25 line=mail.example 25\n0 granted 0\n" INNER },
	{ "libopm does not wait for the prompt",
	    { C("192.0.2.1:25"), S("WinGate>Connecting to host 192.0.2.1...Connected"),
		MAIL },
	    "0 asked telnet 192.0.2.1:25 line=192.0.2.1:25\n0 granted 0\n" INNER },
	{ "options first",
	    { S_RAW("\xff\xfb\x01\xff\xfb\x03WinGate>"),
		C_RAW("\xff\xfd\x01\xff\xfa\x18\x00vt100\xff\xf0mail.example:25\r\0"),
		S_RAW(
		    "mail.example:25\r\nConnecting to host mail.example...Connected\r\n"),
		MAIL },
	    "0 asked telnet mail.example:25 line=mail.example:25\n0 granted 0\n" INNER },
	{ "WinGate fails",
	    { S_RAW("WinGate>"), C("mail.example:25"),
		S("Connecting to host mail.example...Host not found."), S_RAW("WinGate>"),
		C("192.0.2.1:25"), S("Connecting to host 192.0.2.1...Connected"), MAIL },
	    "0 asked telnet mail.example:25 line=mail.example:25\n"
	    "0 refused 0 Connecting to host mail.example...Host not found.\n"
	    "1 asked telnet 192.0.2.1:25 line=192.0.2.1:25\n1 granted 0\n" INNER },
	{ "CCProxy",
	    { S("CCProxy Telnet>CCProxy Telnet Service Ready."), S_RAW("CCProxy Telnet>"),
		C("open mail.example 25"), S("Connecting to mail.example:25 ... OK!"),
		MAIL },
	    "0 asked telnet mail.example:25 line=open mail.example 25\n0 granted "
	    "0\n" INNER },
	{ "Enter",
	    { S_RAW("Enter : "), C("mail.example:25"), S("Connected to: mail.example"),
		MAIL },
	    "0 asked telnet mail.example:25 line=mail.example:25\n0 granted 0\n" INNER },
	{ "host[:port]",
	    { S_RAW("Gateway\r\nhost[:port]: "), C("[2001:db8::1]:25"),
		S("Connected to [2001:db8::1]"), MAIL },
	    "0 asked telnet 2001:db8::1:25 line=[2001:db8::1]:25\n0 granted 0\n" INNER },
	{ "tn-gw",
	    { S_RAW("tn-gw-> "), C("c mail.example 25"), S("Trying 192.0.2.1 port 25..."),
		S("Connected to mail.example."), MAIL },
	    "0 asked telnet mail.example:25 line=c mail.example 25\n0 granted "
	    "0\n" INNER },
	{ "commands sent ahead",
	    { S_RAW("WinGate>"), C("mail.example:25"), C("EHLO x"),
		S("Connecting to host mail.example...Connected"), S("220 mx"),
		S("250 mx") },
	    "0 asked telnet mail.example:25 line=mail.example:25\n0 granted 0\n" INNER },
	{ "unanswered", { S_RAW("WinGate>"), C("mail.example:25") },
	    "0 asked telnet mail.example:25 line=mail.example:25\ndone\n" },
};

static const struct feed_talk routers[] = {
	{ "libopm's probe",
	    { C("cisco"), C("telnet 192.0.2.1 25"),
		S_RAW("\r\nUser Access Verification\r\n\r\nPassword: \r\n"),
		S("Router>telnet 192.0.2.1 25"), S("Trying 192.0.2.1, 25 ... Open"),
		MAIL },
	    "0 asked telnet 192.0.2.1:25 line=telnet 192.0.2.1 25\n0 granted 0\n" INNER },
	{ "refused",
	    { S_RAW("\xff\xfb\x01Password: "), C("p@ss word!"), S_RAW("\r\nRouter>"),
		C("telnet mail.example 25"), S("telnet mail.example 25"),
		S("Trying mail.example (192.0.2.1, 25)..."),
		S("% Connection refused by remote host"), S_RAW("Router>") },
	    "0 asked telnet mail.example:25 line=telnet mail.example 25\n"
	    "0 refused 0 % Connection refused by remote host\ndone\n" },
	{ "a shell",
	    { S_RAW("login: "), C("joe"), S_RAW("joe\r\nPassword: "), C("secret"),
		S_RAW("\r\njoe@host:~$ "), C("ls"), S_RAW("ls\r\nmail\r\njoe@host:~$ "),
		C("telnet mail 25"), S("telnet mail 25"), S("Trying 192.0.2.1..."),
		S("Connected to mail."), MAIL },
	    "0 asked telnet mail:25 line=telnet mail 25\n0 granted 0\n" INNER },
	{ "timed out, then unreachable",
	    { S_RAW("host# "), C("telnet a.example 25"), S("Trying 192.0.2.1..."),
		S("telnet: Unable to connect to remote host: Connection timed out"),
		S_RAW("host# "), C("telnet b.example 25"), S("Trying 192.0.2.2..."),
		S("telnet: connect: No route to host, unreachable") },
	    "0 asked telnet a.example:25 line=telnet a.example 25\n"
	    "0 refused 0 telnet: Unable to connect to remote host: Connection timed out\n"
	    "1 asked telnet b.example:25 line=telnet b.example 25\n"
	    "1 refused 0 telnet: connect: No route to host, unreachable\ndone\n" },
	{ "Trying ... Open",
	    { S_RAW("sw-1>"), C("192.0.2.1 25"), S("Trying 192.0.2.1, 25 ... Open"),
		S(""), MAIL },
	    "0 asked telnet 192.0.2.1:25 line=192.0.2.1 25\n0 granted 0\n"
	    "client> EHLO x\\r\\n\nserver> \\r\\n220 mx\\r\\n250 mx\\r\\n\n" },
};

/* Behind a gap nobody knows whether a line is the gateway's own. */
static void
check_remark(void **state)
{
	static const struct feed_talk talk = { "Unix",
		{ S_RAW("joe@host:~$ "), C("telnet mail 25"), S("telnet mail 25"),
		    S("Trying 192.0.2.1..."), S("Connected to mail."),
		    S("Escape character is '^]'."), MAIL },
		"0 asked telnet mail:25 line=telnet mail 25\n0 granted 0\n" INNER };

	(void)state;
	tunnel_check_cuts(&proto_telnet, &talk);
}

static void
check_gateways(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(gateways); i++)
		tunnel_check(&proto_telnet, &gateways[i]);
}

static void
check_routers(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(routers); i++)
		tunnel_check_secret(&proto_telnet, &routers[i], "secret");
}

#define S10  "0123456789"
#define S100 S10 S10 S10 S10 S10 S10 S10 S10 S10 S10

static void
check_parse(void **state)
{
	static const struct feed_talk talks[] = {
		{ "never a request",
		    { S_RAW("WinGate>"), C("help"), S("no"), C("a.b:99999") }, "done\n" },
		{ "long lines",
		    { S("WinGate>" S100 S100 S100), C(S100 S100 S100 ".example:25"),
			C("mail.example:25"), S(S100 S100 S100), S("Connected to it"),
			MAIL },
		    "0 asked telnet mail.example:25 line=mail.example:25\n0 granted "
		    "0\n" INNER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++)
		tunnel_check_parse(&proto_telnet, &talks[i]);
}

static void
check_probes(void **state)
{
	enum { LAST = PROTO_PROBE_LAST };
	static const struct tunnel_probe probes[] = {
		PROBE("prompt", "", "WinGate>", 0, PROTO_MAYBE),
		PROBE("request", "mail.example:25\r\n", "", 0, PROTO_MAYBE),
		PROBE("both", "mail.example:25\r\n", "WinGate>", 0, PROTO_YES),
		PROBE("request not whole", "mail.example:25", "WinGate>", 0, PROTO_MAYBE),
		PROBE("login", "", "\xff\xfd\x18\xff\xfd\x20login: ", 0, PROTO_MAYBE),
		PROBE("login and shell", "joe\r\npass\r\nls -l\r\n",
		    "login: joe\r\nPassword: \r\nhost$ ls -l\r\ntotal 0\r\nhost$ ", LAST,
		    PROTO_MAYBE),
		PROBE("bare at a shell", "mail.example:25\r\n", "host$ ", LAST,
		    PROTO_MAYBE),
		PROBE("command at a shell", "telnet mail.example 25\r\n", "host$ ", 0,
		    PROTO_YES),
		PROBE("command at no prompt", "telnet mail.example 25\r\n",
		    "login: ", LAST, PROTO_MAYBE),
		PROBE("SMTP", "", "220 mx.example ESMTP\r\n", 0, PROTO_NO),
		PROBE("SMTP, many lines", "", "220-mx.example ESMTP\r\n", 0, PROTO_NO),
		PROBE("SMTP client first", "EHLO x.example\r\n", "", 0, PROTO_NO),
		PROBE("FTP", "USER joe\r\n", "220 ftp\r\n", 0, PROTO_NO),
		PROBE("POP3", "", "+OK ready\r\n", 0, PROTO_NO),
		PROBE("IMAP", "", "* OK ready\r\n", 0, PROTO_NO),
		PROBE("SSH", "", "SSH-2.0-x\r\n", 0, PROTO_NO),
		PROBE("VNC", "", "RFB 003.008\n", 0, PROTO_NO),
		PROBE("MySQL", "",
		    "\x4a\0\0\0\x0a"
		    "8.0.36\0",
		    0, PROTO_NO),
		PROBE("web", "GET / HTTP/1.1\r\n", "", 0, PROTO_NO),
		PROBE("web, the other way round", "", "GET / HTTP/1.1\r\n", 0, PROTO_NO),
		PROBE("proxy, the other way round", "", "GET http://x/ HTTP/1.1\r\n", 0,
		    PROTO_NO),
		PROBE("web answer", "", "HTTP/1.1 200 OK\r\n", 0, PROTO_NO),
		PROBE("TLS", "\x16\3\1\2\0\1", "", 0, PROTO_NO),
		PROBE("TLS, the other way round", "", "\x16\3\1\2\0\1", 0, PROTO_NO),
		PROBE("IRC", "NICK joe\r\nUSER joe 0 * :x\r\n", "", 0, PROTO_NO),
		PROBE("nothing", "", "", 0, PROTO_MAYBE),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(probes); i++)
		tunnel_check_probe(&proto_telnet, &probes[i]);
}

static void
check_random(void **state)
{
	(void)state;
	tunnel_check_random(&proto_telnet, 1, NULL);
	tunnel_check_random(&proto_telnet, 2, "a.b:25\r\nWinGate>");
	tunnel_check_random(&proto_telnet, 3, "telnet a.b 25\r\n...connected%");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_gateways),
		cmocka_unit_test(check_routers),
		cmocka_unit_test(check_remark),
		cmocka_unit_test(check_parse),
		cmocka_unit_test(check_probes),
		cmocka_unit_test(check_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
