/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "tunnel_feed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define S10   "0123456789"
#define S100  S10 S10 S10 S10 S10 S10 S10 S10 S10 S10
#define S1000 S100 S100 S100 S100 S100 S100 S100 S100 S100 S100

#define ASKED "0 asked connect mail.example:25 line=CONNECT mail.example:25 HTTP/1.1\n"
#define INNER "client> EHLO x\\r\\n\nserver> 220 mx\\r\\n250 mx\\r\\n\n"

static const struct feed_talk connects[] = {
	{ "HTTP/1.1",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C("Host: mail.example:25"),
		C("User-Agent: x"), C(""), S("HTTP/1.1 200 Connection established"),
		S(""), S("220 mx"), C("EHLO x"), S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "libopm's probe",
	    { C("CONNECT 192.0.2.1:6667 HTTP/1.0"), C(""),
		S("HTTP/1.0 200 Connection established"), S("Proxy-agent: x"), S(""),
		S(":irc") },
	    "0 asked connect 192.0.2.1:6667 line=CONNECT 192.0.2.1:6667 HTTP/1.0\n"
	    "0 granted 200\nclient> \nserver> :irc\\r\\n\n" },
	{ "no version",
	    { C("CONNECT mail.example:25"), C(""), S("HTTP/1.0 200 OK"), S(""),
		S("220 mx"), C("EHLO x"), S("250 mx") },
	    "0 asked connect mail.example:25 line=CONNECT mail.example:25\n"
	    "0 granted 200\n" INNER },
	{ "one more line end",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), C(""), S("HTTP/1.1 200 OK"),
		S(""), S("220 mx"), C("EHLO x"), S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "bare LF",
	    { C_RAW("CONNECT mail.example:25 HTTP/1.1\nHost: x\n\n"),
		S_RAW("HTTP/1.1 200 OK\n\n220 mx\r\n"), C("EHLO x"), S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "commands sent ahead",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), C("EHLO x"),
		S("HTTP/1.1 200 OK"), S(""), S("220 mx"), S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "commands sent ahead and closed",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), C("EHLO x"), C_END,
		S("HTTP/1.1 200 OK"), S(""), S("220 mx"), S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "commands sent ahead of a refusal",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), C("EHLO x"),
		S("HTTP/1.1 403 Forbidden"), S("Content-Length: 2"), S(""), S_RAW("no") },
	    ASKED "0 refused 403 Forbidden\ndone\n" },
	{ "IPv6",
	    { C("CONNECT [2001:db8::1]:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("") },
	    "0 asked connect 2001:db8::1:25 line=CONNECT [2001:db8::1]:25 HTTP/1.1\n"
	    "0 granted 200\nclient> \nserver> \n" },
	{ "in any case, blanks",
	    { C("connect  Mail.Example.:25   http/1.1"), C(""), S("HTTP/1.1  200"),
		S("") },
	    "0 asked connect Mail.Example.:25 line=connect  Mail.Example.:25   http/1.1\n"
	    "0 granted 200\nclient> \nserver> \n" },
	{ "interim replies",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 100 Continue"),
		S(""), S("HTTP/1.1 103 Early Hints"), S("Link: x"), S(""),
		S("HTTP/1.1 200 OK"), S(""), S("220 mx"), C("EHLO x"), S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "a length of zero",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Content-Length: 0"), S(""), S("220 mx"), C("EHLO x"), S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "hostile lines",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C("X: " S1000 S1000), C("X-Y"),
		C(" folded: Content-Length: 7"), C(": empty"), C(""),
		S("HTTP/1.1 200 " S1000), S("X: " S1000), S(""), S("220 mx"), C("EHLO x"),
		S("250 mx") },
	    ASKED "0 granted 200\n" INNER },
	{ "a long reason",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""),
		S("HTTP/1.1 403 " S100 S100 S100), S("Content-Length: 0"), S("") },
	    ASKED "0 refused 403 " S100 S100 " [cut]\ndone\n" },
	{ "blank lines before",
	    { C(""), C(""), C("CONNECT mail.example:25 HTTP/1.1"), C(""),
		S("HTTP/1.1 502 Bad Gateway"), S("") },
	    ASKED "0 refused 502 Bad Gateway\ndone\n" },
	{ "the end of the server captured before the request",
	    { C("CONNECT mail.example:25 HTTP/1.1"), S_END, C("") }, ASKED "done\n" },
	{ "refused till close",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""),
		S("HTTP/1.1 503 Service Unavailable"), S("Content-Type: text/html"),
		S(""), S("<html>") },
	    ASKED "0 refused 503 Service Unavailable\ndone\n" },
	{ "moved",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 302 Found"),
		S("Location: /"), S("Content-Length: 0"), S("") },
	    ASKED "0 refused 302 Found\ndone\n" },
	{ "unanswered", { C("CONNECT mail.example:25 HTTP/1.1"), C("") },
	    ASKED "done\n" },
	{ "a reply without an end",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 403 Forbidden"),
		S("X: y") },
	    ASKED "0 refused 403 Forbidden\ndone\n" },
	{ "a grant without an end",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK") },
	    ASKED "0 granted 200 [unsure]\ndone\n" },
	{ "no HTTP answers",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HELLO there") },
	    ASKED "done\n" },
	{ "chained",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"), S(""),
		C("CONNECT b.example:25 HTTP/1.0"), C(""), S("HTTP/1.0 200 OK"), S("") },
	    ASKED "0 granted 200\nclient> CONNECT b.example:25 HTTP/1.0\\r\\n\\r\\n\n"
		  "server> HTTP/1.0 200 OK\\r\\n\\r\\n\n" },
};

static const struct feed_talk weak[] = {
	{ "a page with a length",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Content-Length: 6"), S(""), S_RAW("<html>"),
		C("CONNECT b.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"), S("") },
	    ASKED "0 granted 200 [unsure]\n"
		  "1 asked connect b.example:25 line=CONNECT b.example:25 HTTP/1.1\n"
		  "1 granted 200\nclient> \nserver> \n" },
	{ "a page in chunks",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Transfer-Encoding: chunked"), S(""), S("6"), S("<html>"), S("a;x=y"),
		S("0123456789"), S("0"), S("Trailer: x"), S(""),
		C("CONNECT b.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 403"), S("") },
	    ASKED "0 granted 200 [unsure]\n"
		  "1 asked connect b.example:25 line=CONNECT b.example:25 HTTP/1.1\n"
		  "1 refused 403\ndone\n" },
	{ "a page till close",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Content-Type: text/html; charset=x"), S(""), S("<html>"),
		S("220 mx") },
	    ASKED "0 granted 200 [unsure]\ndone\n" },
	{ "201, chunks announced, and the mail server speaks",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 201 Created"),
		S("Transfer-Encoding: chunked"), S(""), S("220 mx"), C("EHLO x"),
		S("250 mx") },
	    ASKED "0 granted 201 [unsure]\n" INNER },
	{ "a length and a type announced, and the mail server speaks",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Content-Type: text/html"), S("Content-Length: 3"), S(""), S("220 mx"),
		C("EHLO x"), S("250 mx") },
	    ASKED "0 granted 200 [unsure]\n" INNER },
	{ "chunks announced, and TLS is spoken",
	    { C("CONNECT www.example:443 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Transfer-Encoding: chunked"), S("Content-Type: text/html"), S(""),
		C_RAW("\x16\x03\x01"), S_RAW("\x16\x03\x03") },
	    "0 asked connect www.example:443 line=CONNECT www.example:443 HTTP/1.1\n"
	    "0 granted 200 [unsure]\n"
	    "client> \\x16\\x03\\x01\nserver> \\x16\\x03\\x03\n" },
	{ "TLS sent ahead of a grant with a length",
	    { C("CONNECT www.example:443 HTTP/1.1"), C(""), C_RAW("\x16\x03\x01"),
		S("HTTP/1.1 200 OK"), S("Content-Length: 6"), S(""),
		S_RAW("\x16\x03\x03") },
	    "0 asked connect www.example:443 line=CONNECT www.example:443 HTTP/1.1\n"
	    "0 granted 200 [unsure]\n"
	    "client> \\x16\\x03\\x01\nserver> \\x16\\x03\\x03\n" },
	{ "a page in chunks from a port that is not mail's",
	    { C("CONNECT www.example:443 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Transfer-Encoding: chunked"), S(""), S("2"), S_RAW("ok"), S(""),
		S("0"), S(""), C("CONNECT b.example:25 HTTP/1.1"), C(""),
		S("HTTP/1.1 403"), S("") },
	    "0 asked connect www.example:443 line=CONNECT www.example:443 HTTP/1.1\n"
	    "0 granted 200 [unsure]\n"
	    "1 asked connect b.example:25 line=CONNECT b.example:25 HTTP/1.1\n"
	    "1 refused 403\ndone\n" },
	{ "two lengths",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Content-Length: 0"), S("Content-Length: 5"), S("") },
	    ASKED "0 granted 200 [unsure]\ndone\n" },
};

#define ASKED_GET "0 asked get www.example:80 line=GET http://www.example/ HTTP/1.1\n"

static const struct feed_talk gets[] = {
	{ "a page",
	    { C("GET http://www.example/ HTTP/1.1"), C("Host: www.example"), C(""),
		S("HTTP/1.1 200 OK"), S("Content-Length: 6"), S(""), S_RAW("<html>") },
	    ASKED_GET "0 granted 200 [unsure]\ndone\n" },
	{ "several on one connection",
	    { C("GET http://www.example/ HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Content-Length: 6"), S(""), S_RAW("<html>"),
		C("HEAD http://www.example:8080/x HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
		S("Content-Length: 600"), S(""), C("OPTIONS https://c.example HTTP/1.1"),
		C(""), S("HTTP/1.1 204 No Content"), S(""),
		C("PUT http://d.example/ HTTP/1.1"), C("Content-Length: 4"), C(""),
		C_RAW("GET "), S("HTTP/1.1 405 No"), S("Content-Length: 2"), S(""),
		S_RAW("no"), C("POST http://e.example/ HTTP/1.1"),
		C("Transfer-Encoding: gzip, chunked"), C(""), C("3"), C("abc"), C("0"),
		C(""), S("HTTP/1.1 200 OK"), S("content-length: 0"), S(""),
		C("DELETE ftp://f.example/x HTTP/1.0"), C(""), S("HTTP/1.0 200 OK"),
		S(""), S("till close") },
	    ASKED_GET
	    "0 granted 200 [unsure]\n"
	    "1 asked get www.example:8080 line=HEAD http://www.example:8080/x HTTP/1.1\n"
	    "1 granted 200 [unsure]\n"
	    "2 asked get c.example:443 line=OPTIONS https://c.example HTTP/1.1\n"
	    "2 granted 204 [unsure]\n"
	    "3 asked post d.example:80 line=PUT http://d.example/ HTTP/1.1\n"
	    "3 refused 405 No\n"
	    "4 asked post e.example:80 line=POST http://e.example/ HTTP/1.1\n"
	    "4 granted 200 [unsure]\n"
	    "5 asked get f.example:21 line=DELETE ftp://f.example/x HTTP/1.0\n"
	    "5 granted 200 [unsure]\ndone\n" },
	{ "sent ahead of the replies",
	    { C("GET http://www.example/ HTTP/1.1"), C(""),
		C("GET http://b.example/ HTTP/1.1"), C(""), S("HTTP/1.1 404 Not Found"),
		S("Content-Length: 0"), S(""), S("HTTP/1.1 403 No"),
		S("Content-Length: 0"), S("") },
	    ASKED_GET "0 refused 404 Not Found\n"
		      "1 asked get b.example:80 line=GET http://b.example/ HTTP/1.1\n"
		      "1 refused 403 No\ndone\n" },
	{ "two requests in one piece, two replies in one piece",
	    { C_RAW("GET http://www.example/ HTTP/1.1\r\n\r\n"
		    "GET http://b.example/ HTTP/1.1\r\n\r\n"),
		S_RAW("HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"
		      "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n") },
	    ASKED_GET "0 refused 404 No\n"
		      "1 asked get b.example:80 line=GET http://b.example/ HTTP/1.1\n"
		      "1 refused 403 No\ndone\n" },
	{ "requests of its own between",
	    { C("GET http://www.example/ HTTP/1.1"), C(""), S("HTTP/1.1 404 Not Found"),
		S("Content-Length: 0"), S(""), C("GET /index.html HTTP/1.1"), C(""),
		S("HTTP/1.1 200 OK"), S("Content-Length: 1"), S(""), S_RAW("x"),
		C("CONNECT b.example:25 HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"), S("") },
	    ASKED_GET "0 refused 404 Not Found\n"
		      "1 asked connect b.example:25 line=CONNECT b.example:25 HTTP/1.1\n"
		      "1 granted 200\nclient> \nserver> \n" },
	{ "the reply before the body is sent",
	    { C("PUT http://d.example/ HTTP/1.1"), C("Content-Length: 4"), C(""),
		S("HTTP/1.1 413 Too Large"), S("Content-Length: 0"), S(""), C_RAW("abcd"),
		C("GET http://c.example/ HTTP/1.1"), C(""), S("HTTP/1.1 403 No"), S("") },
	    "0 asked post d.example:80 line=PUT http://d.example/ HTTP/1.1\n"
	    "0 refused 413 Too Large\n"
	    "1 asked get c.example:80 line=GET http://c.example/ HTTP/1.1\n"
	    "1 refused 403 No\ndone\n" },
	{ "HTTP/0.9", { C("GET http://www.example/"), S("<html>") },
	    "0 asked get www.example:80 line=GET http://www.example/\n"
	    "0 granted 0 [unsure]\ndone\n" },
	{ "WebSocket",
	    { C("GET http://www.example/ HTTP/1.1"), C("Upgrade: websocket"),
		C("Connection: Upgrade"), C(""), S("HTTP/1.1 101 Switching Protocols"),
		S("Upgrade: websocket"), S(""), S_RAW("\x81\x05hello") },
	    ASKED_GET "0 granted 101 [unsure]\ndone\n" },
	{ "a banner comes back",
	    { C("GET http://mail.example:25/ HTTP/1.0"), C(""), S("220 mx") },
	    "0 asked get mail.example:25 line=GET http://mail.example:25/ HTTP/1.0\n"
	    "0 granted 0 [unsure]\nclient> \nserver> 220 mx\\r\\n\n" },
	{ "a long URI",
	    { C("GET http://www.example/" S1000 S1000 " HTTP/1.1"), C(""),
		S("HTTP/1.1 200 OK"), S("") },
	    "0 asked get www.example:80 line=GET http://www.example/" S100 S10 S10 S10 S10
		S10 S10 S10 "0123456 [cut]\n"
	    "0 granted 200 [unsure]\ndone\n" },
};

static const struct feed_talk posts[] = {
	{ "libopm's probe",
	    { C("POST http://192.0.2.1:25/ HTTP/1.0"), C("Content-type: text/plain"),
		C("Content-length: 5"), C(""), C("quit"), C(""), S("220 mx"),
		S("221 bye") },
	    "0 asked post 192.0.2.1:25 line=POST http://192.0.2.1:25/ HTTP/1.0\n"
	    "0 granted 0 [unsure]\n"
	    "client> quit\\r\\n\\r\\n\nserver> 220 mx\\r\\n221 bye\\r\\n\n" },
	{ "inside a reply",
	    { C("POST http://mail.example:25/ HTTP/1.0"), C("Content-Length: 6"), C(""),
		C("quit"), S("HTTP/1.0 200 OK"), S("Via: x"), S(""), S("220 mx"),
		S("221 bye") },
	    "0 asked post mail.example:25 line=POST http://mail.example:25/ HTTP/1.0\n"
	    "0 granted 200 [unsure]\n"
	    "client> quit\\r\\n\nserver> 220 mx\\r\\n221 bye\\r\\n\n" },
	{ "in chunks",
	    { C("PUT http://mail.example:587/ HTTP/1.1"), C("Transfer-Encoding: chunked"),
		C(""), C("6"), C("quit"), C(""), S("HTTP/1.1 200 OK"),
		S("Transfer-Encoding: chunked"), S(""), S("8;x"), S("220 mx"), S("") },
	    "0 asked post mail.example:587 line=PUT http://mail.example:587/ HTTP/1.1\n"
	    "0 granted 200 [unsure]\n"
	    "client> quit\\r\\n\\r\\n\nserver> 220 mx\\r\\n\\r\\n\n" },
	{ "refused",
	    { C("POST http://mail.example:25/ HTTP/1.0"), C("Content-Length: 6"), C(""),
		C("quit"), S("HTTP/1.0 403 Forbidden"), S("Content-Type: text/html"),
		S(""), S("<html>") },
	    "0 asked post mail.example:25 line=POST http://mail.example:25/ HTTP/1.0\n"
	    "0 refused 403 Forbidden\nclient> quit\\r\\n\ndone\n" },
	{ "unanswered", { C("POST http://mail.example:25/ HTTP/1.0"), C(""), C("quit") },
	    "0 asked post mail.example:25 line=POST http://mail.example:25/ HTTP/1.0\n"
	    "client> quit\\r\\n\ndone\n" },
};

#define BASIC "Proxy-Authorization: Basic am9lOnNlY3JldA==" /* joe:secret */

static const struct feed_talk passwords[] = {
	{ "407, then again",
	    { C("CONNECT mail.example:25 HTTP/1.1"), C(""),
		S("HTTP/1.1 407 Proxy Authentication Required"),
		S("Proxy-Authenticate: Basic realm=\"x\""), S("Content-Length: 4"), S(""),
		S_RAW("auth"), C("CONNECT mail.example:25 HTTP/1.1"), C(BASIC), C(""),
		S("HTTP/1.1 200 OK"), S(""), S("220 mx"), C("EHLO x"), S("250 mx") },
	    ASKED "0 refused 407 Proxy Authentication Required\n"
		  "1 asked connect mail.example:25 user=joe "
		  "line=CONNECT mail.example:25 HTTP/1.1\n1 granted 200\n" INNER },
	{ "Digest",
	    { C("CONNECT mail.example:25 HTTP/1.1"),
		C("proxy-authorization:Digest realm=\"x\", username=\"joe\", "
		  "uri=\"secret\""),
		C(""), S("HTTP/1.1 403 No"), S("") },
	    "0 asked connect mail.example:25 user=joe "
	    "line=CONNECT mail.example:25 HTTP/1.1\n0 refused 403 No\ndone\n" },
	{ "no user",
	    { C("CONNECT mail.example:25 HTTP/1.1"),
		C("Proxy-Authorization: Basic OnNlY3JldA=="), C(""), S("HTTP/1.1 403 No"),
		S("") },
	    ASKED "0 refused 403 No\ndone\n" },
	{ "another scheme",
	    { C("CONNECT mail.example:25 HTTP/1.1"),
		C("Proxy-Authorization: Negotiate c2VjcmV0"), C("Proxy-Authorization:"),
		C(""), S("HTTP/1.1 403 No"), S("") },
	    ASKED "0 refused 403 No\ndone\n" },
	{ "in the URI",
	    { C("GET ftp://joe:secret@ftp.example/pub HTTP/1.0"), C(""),
		S("HTTP/1.0 200 OK"), S("") },
	    "0 asked get ftp.example:21 line=GET ftp://joe@ftp.example/pub HTTP/1.0\n"
	    "0 granted 200 [unsure]\ndone\n" },
};

static void
check_all(const struct feed_talk *talks, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tunnel_check(&proto_http, &talks[i]);
}

static void
check_connects(void **state)
{
	(void)state;
	check_all(connects, COUNT(connects));
}

static void
check_weak_grants(void **state)
{
	(void)state;
	check_all(weak, COUNT(weak));
}

static void
check_gets(void **state)
{
	(void)state;
	check_all(gets, COUNT(gets));
}

static void
check_posts(void **state)
{
	(void)state;
	check_all(posts, COUNT(posts));
}

static void
check_passwords(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(passwords); i++) {
		tunnel_check_secret(&proto_http, &passwords[i], "secret");
		tunnel_check_secret(&proto_http, &passwords[i], "lOnNlY3JldA");
		tunnel_check_secret(&proto_http, &passwords[i], "OnNlY3JldA==");
	}
}

static void
check_parse(void **state)
{
	static const struct feed_talk talks[] = {
		{ "no request", { C("{}"), S("HTTP/1.1 400 No") }, "bad\n" },
		{ "the reply captured before the request",
		    { S("HTTP/1.1 200 OK"), S(""), S("220 mx"), S("250 mx"),
			C("CONNECT mail.example:25 HTTP/1.1"), C(""), C("EHLO x") },
		    ASKED "0 granted 200\n" INNER },
		{ "no target",
		    { C("CONNECT mail.example HTTP/1.1"), C(""), S("HTTP/1.1 400 No"),
			S("Content-Length: 0"), S(""), C("GET http:/// HTTP/1.1"), C(""),
			S("HTTP/1.1 400 No"), S("Content-Length: 0"), S(""),
			C("GET http://www.example/ HTTP/1.1"), C(""),
			S("HTTP/1.1 400 No"), S("") },
		    ASKED_GET "0 refused 400 No\ndone\n" },
		{ "no target, and yet granted",
		    { C("CONNECT mail.example HTTP/1.1"), C(""), S("HTTP/1.1 200 OK"),
			S(""), S("220 mx") },
		    "done\n" },
		{ "a head without an end",
		    { C("CONNECT mail.example:25 HTTP/1.1"), C_RAW("Host: x"), C_END,
			S("HTTP/1.1 408 Timeout") },
		    "done\n" },
		{ "a reply to nothing",
		    { C("GET http://www.example/ HTTP/1.1"), C(""),
			S("HTTP/1.1 404 Not Found"), S("Content-Length: 0"), S(""),
			S("HTTP/1.1 408 Timeout"), S("") },
		    ASKED_GET "0 refused 404 Not Found\ndone\n" },
		{ "bad chunks",
		    { C("GET http://www.example/ HTTP/1.1"), C(""), S("HTTP/1.1 404 No"),
			S("Transfer-Encoding: chunked"), S(""), S("x") },
		    ASKED_GET "0 refused 404 No\ndone\n" },
		{ "a body of unknown length",
		    { C("POST http://www.example/ HTTP/1.1"), C("Content-Length: x"),
			C(""), C("GET http://b.example/ HTTP/1.1") },
		    "0 asked post www.example:80 line=POST http://www.example/ HTTP/1.1\n"
		    "done\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++)
		tunnel_check_parse(&proto_http, &talks[i]);
}

static void
check_probes(void **state)
{
	enum { LAST = PROTO_PROBE_LAST, MAIL = PROTO_PROBE_MAIL_PORT };
	static const struct tunnel_probe probes[] = {
		PROBE("web", "GET / HTTP/1.1\r\n", "", 0, PROTO_NO),
		PROBE("web, first octets", "GET /", "", 0, PROTO_NO),
		PROBE("web, less of it", "GET ", "", 0, PROTO_MAYBE),
		PROBE("web post", "POST /", "", 0, PROTO_NO),
		PROBE("OPTIONS *", "OPTIONS * HTTP/1.1\r\n", "", 0, PROTO_NO),
		PROBE("HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "", 0, PROTO_NO),
		PROBE("absolute", "GET http://", "", 0, PROTO_YES),
		PROBE("absolute, less of it", "GET http:/", "", 0, PROTO_MAYBE),
		PROBE("ftp", "GET FTP://x", "", 0, PROTO_YES),
		PROBE("any method", "M-SEARCH https://x", "", 0, PROTO_YES),
		PROBE("RTSP", "DESCRIBE rtsp://camera/ RTSP/1.0\r\n", "", LAST, PROTO_NO),
		PROBE("ICAP", "REQMOD icap://x/ ICAP/1.0\r\n", "", LAST, PROTO_NO),
		PROBE("SIP", "INVITE sip:joe@x SIP/2.0\r\n", "", LAST, PROTO_NO),
		PROBE("CONNECT", "CONNECT mail.example:25 ", "", 0, PROTO_YES),
		PROBE(
		    "CONNECT, no version", "CONNECT mail.example:25\r", "", 0, PROTO_YES),
		PROBE(
		    "CONNECT, less of it", "CONNECT mail.example:25", "", 0, PROTO_MAYBE),
		PROBE("CONNECT, no port", "CONNECT mail.example HTTP/1.1\r\n", "", 0,
		    PROTO_NO),
		PROBE("STOMP", "CONNECT\naccept-version:1.2\n", "", LAST, PROTO_NO),
		PROBE("NATS", "CONNECT {\"verbose\":false}\r\n", "", LAST, PROTO_NO),
		PROBE("IRC", "CONNECT irc.example 6667\r\n", "", LAST, PROTO_NO),
		PROBE("blank lines", "\r\n\r\nCONNECT mail.example:25\r\n", "", 0,
		    PROTO_YES),
		PROBE(
		    "mail port", "POST http://x:25/ HTTP/1.0\r\n", "", MAIL, PROTO_MAYBE),
		PROBE("mail port, a mail server", "POST http://x:25/ HTTP/1.0\r\n",
		    "220 mx", MAIL, PROTO_NO),
		PROBE("mail port, a proxy", "POST http://x:25/ HTTP/1.0\r\n", "H", MAIL,
		    PROTO_YES),
		PROBE("mail port, nothing", "POST http://x:25/ HTTP/1.0\r\n", "",
		    MAIL | LAST, PROTO_YES),
		PROBE("a server spoke first", "CONNECT x.example:25\r\n", "220 ftp\r\n",
		    0, PROTO_NO),
		PROBE("server only", "", "HTTP/1.1 200 OK\r\n", 0, PROTO_NO),
		PROBE("nothing", "", "", 0, PROTO_MAYBE),
		PROBE("TLS", "\x16\3\1", "", 0, PROTO_NO),
		PROBE("SSH", "SSH-2.0-x\r\n", "", 0, PROTO_NO),
		PROBE("SMTP", "EHLO x\r\n", "", 0, PROTO_NO),
		PROBE("banner", "220 mx ESMTP\r\n", "", 0, PROTO_NO),
		PROBE("a long word", S100, "", 0, PROTO_NO),
		PROBE("binary host", "CONNECT \1\2:25 ", "", 0, PROTO_NO),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(probes); i++)
		tunnel_check_probe(&proto_http, &probes[i]);
}

static void
check_random(void **state)
{
	(void)state;
	tunnel_check_random(&proto_http, 1, NULL);
	tunnel_check_random(&proto_http, 2, "GET http://a HTTP/1.1\r\n\r\n");
	tunnel_check_random(&proto_http, 3, "\r\nCONECT:0123HP/. ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_connects),
		cmocka_unit_test(check_weak_grants),
		cmocka_unit_test(check_gets),
		cmocka_unit_test(check_posts),
		cmocka_unit_test(check_passwords),
		cmocka_unit_test(check_parse),
		cmocka_unit_test(check_probes),
		cmocka_unit_test(check_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
