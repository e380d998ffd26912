/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests to proxies, forwarders, and what goes through them. */
#include <stdio.h>
#include <string.h>

#include "attack.h"

enum {
	EQUALS = 64,    /* entries of a key: SEEN_EQUAL_KEYS */
	OWN_EQUALS = 8, /* of one owner: SEEN_OWN_EQUAL_KEYS */
	BATCH = 30,     /* transactions in one segment */
};

/* SOCKS4 to the mail server. */
static void
ask_socks(struct scene *s, struct tcp_conn *c)
{
	tell_n(s, c, CLIENT, "\4\1\0\x19\xc6\x12\x0a\x14\0", 9);
}

static void
rivals(struct scene *s, unsigned clients, unsigned rounds)
{
	enum { CONNS_MAX = EQUALS * OWN_EQUALS };
	static struct tcp_conn in[CONNS_MAX];
	unsigned count = clients * OWN_EQUALS;

	for (unsigned i = 0; i < count; i++) {
		in[i] = dial(s, OUTSIDE + i % clients, OUR_PROXY, 1080);
		ask_socks(s, &in[i]);
	}
	for (unsigned i = 0; i < count; i++)
		dial(s, OUR_PROXY, MAIL_SERVER, 25);
	for (unsigned i = count; i-- > 0; s->now_us += i == 1 ? 1000000 : 0)
		tell_n(s, &in[i], SERVER, "\0\x5a\0\0\0\0\0\0", 8);
	greet(s, &in[0]);
	for (unsigned i = 0; i < rounds; i++) {
		struct tcp_conn *c = &in[0];

		tell_times(s, c, CLIENT, "MAIL FROM:<a@spam.test>\r\nRSET\r\n", BATCH);
		tell_times(s, c, SERVER, "250 Ok\r\n250 Ok\r\n", BATCH);
	}
}

static void
make_rivals(struct scene *s)
{
	rivals(s, 64, 200);
}

static void
make_rivals_one(struct scene *s)
{
	rivals(s, 1, 200);
}

static void
posted(struct scene *s, unsigned clients, unsigned rounds)
{
	unsigned count = clients * OWN_EQUALS;
	struct tcp_conn out, c;

	for (unsigned i = 0; i < count; i++) {
		c = dial(s, OUTSIDE + i % clients, OUR_PROXY, 8080);
		tell(s, &c, CLIENT,
		    "POST http://198.18.10.20:25/ HTTP/1.0\r\n"
		    "Content-Length: 100\r\n\r\nHELO x\r\n");
	}
	for (unsigned i = 0; i < 8 * count; i++)
		dial(s, OUR_PROXY, MAIL_SERVER, 25);
	out = dial(s, OUR_PROXY, MAIL_SERVER, 25);
	tell(s, &out, SERVER, "220 mx.third.test ESMTP\r\n");
	tell(s, &out, CLIENT, "POST / HTTP/1.0\r\nContent-Length: 100\r\n\r\nHELO x\r\n");
	tell(
	    s, &out, SERVER, "500 what\r\n500 what\r\n500 what\r\n250 mx.third.test\r\n");
	for (unsigned i = 0; i < rounds; i++) {
		tell_times(s, &out, CLIENT, "MAIL FROM:<a@spam.test>\r\nRSET\r\n", BATCH);
		tell_times(s, &out, SERVER, "250 Ok\r\n250 Ok\r\n", BATCH);
	}
}

static void
make_posted(struct scene *s)
{
	posted(s, 64, 10);
}

static void
make_posted_one(struct scene *s)
{
	posted(s, 1, 400);
}

/* Sessions that begin alike, in and out. */
static void
alike(struct scene *s, unsigned clients, unsigned servers, unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++) {
		struct tcp_conn in = dial(s, OUTSIDE + i % clients, OUR_PROXY, 2525);
		struct tcp_conn out = dial(s, OUR_PROXY + i % servers, MAIL_SERVER, 25);

		greet(s, &out);
		greet(s, &in);
	}
}

static void
make_alike(struct scene *s)
{
	alike(s, 64, 64, 3000);
}

static void
make_alike_one(struct scene *s)
{
	alike(s, 1, 1, 3000);
}

static void
make_connects(struct scene *s)
{
	for (unsigned i = 0; i < 50; i++) {
		struct tcp_conn c = dial(s, OUTSIDE + i, OUR_PROXY, 8080);

		tell_times(
		    s, &c, CLIENT, "CONNECT 198.18.10.20:25 HTTP/1.1\r\n\r\n", 1000);
		hang_up(s, &c);
	}
}

static void
make_refusals(struct scene *s)
{
	for (unsigned i = 0; i < 50; i++) {
		struct tcp_conn c = dial(s, OUTSIDE + i, OUR_PROXY, 8080);

		for (unsigned j = 0; j < 30; j++) {
			tell_times(s, &c, CLIENT,
			    "CONNECT 198.18.10.20:25 HTTP/1.1\r\n\r\n", 36);
			tell_times(s, &c, SERVER,
			    "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", 36);
		}
		hang_up(s, &c);
	}
}

/* Every port of every host of ours is asked, by anybody. */
static void
make_scan(struct scene *s)
{
	for (unsigned i = 0; i < 100000; i++) {
		struct tcp_conn c = conn_of(
		    s, OUTSIDE + i, OUR_PROXY + i / 60000, (uint16_t)(1 + i % 60000));

		tell(s, &c, CLIENT, "CONNECT 198.18.10.20:25 HTTP/1.0\r\n\r\n");
		tcp_segment(s->out, &c, CLIENT, TCP_RST, NULL, 0, &s->now_us);
	}
}

/* A tunnel, and so many blind requests before mail goes through it. */
static void
make_flushed(struct scene *s)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_PROXY, 1080), out;

	ask_socks(s, &c);
	out = dial(s, OUR_PROXY, MAIL_SERVER, 25);
	tell_n(s, &c, SERVER, "\0\x5a\0\0\0\0\0\0", 8);
	s->now_us += 1000000;
	for (unsigned i = 0; i < 90000; i++) {
		struct tcp_conn blind =
		    conn_of(s, STRANGERS + i * STRANGE, OUR_PROXY, 8080);

		tell_times(
		    s, &blind, CLIENT, "CONNECT 198.18.10.20:25 HTTP/1.1\r\n\r\n", 8);
		s->now_us += 500;
	}
	s->now_us += 20000000;
	greet(s, &out);
	greet(s, &c);
	letter(s, &out, "flushed");
	letter(s, &c, "flushed");
	hang_up(s, &c);
	hang_up(s, &out);
}

const struct attack attacks_proxy[] = {
	{ "rivals", make_rivals },
	{ "rivals-one", make_rivals_one },
	{ "posted", make_posted },
	{ "posted-one", make_posted_one },
	{ "alike", make_alike },
	{ "alike-one", make_alike_one },
	{ "connects", make_connects },
	{ "refusals", make_refusals },
	{ "scan", make_scan },
	{ "flushed", make_flushed },
	{ NULL, NULL },
};
