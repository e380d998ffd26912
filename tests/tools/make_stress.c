/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_stress: the captures that ask for more than any mail server would. Each is
 * named by what it shows; `make_stress DIRECTORY [NAME...]` writes NAME.pcap.
 */
#include "pcapwrite.h"

#include <err.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	OUTSIDE_CLIENT = 0xcb007109, /* 203.0.113.9 */
	OUR_SERVER = 0xc0000219,     /* 192.0.2.25 */
	OUTSIDE_SERVER = 0xc6120a14, /* 198.18.10.20 */
	MEGABYTE = 1 << 20,
	BODY_BLOCK = 60 * 79, /* whole lines */
};

static const uint64_t start_us = 1795256400000000u; /* 2026-11-21 10:20 UTC */
static const uint64_t hour_us = 3600000000u;

/* One dialogue being written; both legs of a relay share the writer. */
struct dialogue {
	struct pcap_writer *out;
	struct tcp_conn tcp;
	uint64_t now_us;
};

static void
begin(struct dialogue *d, struct pcap_writer *out, uint64_t at_us, uint32_t client,
    uint16_t port, uint32_t server)
{
	d->out = out;
	d->now_us = at_us;
	d->tcp.end[CLIENT] =
	    (struct tcp_end){ .ip = client, .port = port, .seq = port * 70001u };
	d->tcp.end[SERVER] =
	    (struct tcp_end){ .ip = server, .port = 25, .seq = port * 90001u };
	tcp_open(out, &d->tcp, &d->now_us);
}

static void __attribute__((format(printf, 3, 4)))
tell(struct dialogue *d, enum tcp_side side, const char *format, ...)
{
	char text[1024];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text))
		errx(EX_SOFTWARE, "text too long");
	tcp_send(d->out, &d->tcp, side, text, (size_t)n, &d->now_us);
}

static void
greet(struct dialogue *d)
{
	bool ours = d->tcp.end[SERVER].ip == OUR_SERVER;

	tell(d, SERVER, "220 %s ESMTP\r\n", ours ? "mail.example.org" : "mx.third.test");
	tell(d, CLIENT, "EHLO %s\r\n", ours ? "spammer.test" : "mail.example.org");
	tell(d, SERVER, "250-hello\r\n250 PIPELINING\r\n");
}

static void
envelope(struct dialogue *d, const char *rcpt)
{
	tell(d, CLIENT, "MAIL FROM:<sender@spam.test>\r\n");
	tell(d, SERVER, "250 2.1.0 Ok\r\n");
	tell(d, CLIENT, "RCPT TO:<%s>\r\n", rcpt);
	tell(d, SERVER, "250 2.1.5 Ok\r\n");
	tell(d, CLIENT, "DATA\r\n");
	tell(d, SERVER, "354 go on\r\n");
}

static void
leave(struct dialogue *d)
{
	tell(d, CLIENT, "QUIT\r\n");
	tell(d, SERVER, "221 2.0.0 Bye\r\n");
	tcp_close(d->out, &d->tcp, SERVER, &d->now_us);
}

static void
header(struct dialogue *d, const char *id)
{
	tell(d, CLIENT,
	    "From: <sender@spam.test>\r\nTo: <victim@third.test>\r\n"
	    "Subject: offer\r\nMessage-ID: <%s@spam.test>\r\n\r\n",
	    id);
}

static void
trace(struct dialogue *d)
{
	tell(d, CLIENT,
	    "Received: from spammer.test (unknown [203.0.113.9])\r\n"
	    "\tby mail.example.org (Postfix) with ESMTP id 4711\r\n"
	    "\tfor <victim@third.test>; Sat, 21 Nov 2026 10:20:01 +0000\r\n");
}

/* Numbered lines, so that no two blocks are alike. */
static void
body_block(struct dialogue *d, unsigned number)
{
	char block[BODY_BLOCK + 1];

	for (unsigned i = 0; i < BODY_BLOCK / 79; i++)
		snprintf(block + i * 79, 80, "%09u %-66s.\r\n", number * 60 + i,
		    "buy  now and   save");
	tcp_send(d->out, &d->tcp, CLIENT, block, BODY_BLOCK, &d->now_us);
}

static void
make_rcpt10k(struct pcap_writer *out)
{
	struct dialogue d;

	begin(&d, out, start_us, OUTSIDE_CLIENT, 40001, OUR_SERVER);
	greet(&d);
	tell(&d, CLIENT, "MAIL FROM:<sender@spam.test>\r\n");
	tell(&d, SERVER, "250 2.1.0 Ok\r\n");
	for (unsigned i = 0; i < 10000; i++) {
		tell(&d, CLIENT, "RCPT TO:<victim%u@third%u.test>\r\n", i, i % 100);
		tell(&d, SERVER, i % 10 == 9 ? "550 5.1.1 No\r\n" : "250 2.1.5 Ok\r\n");
	}
	tell(&d, CLIENT, "DATA\r\n");
	tell(&d, SERVER, "354 go on\r\n");
	header(&d, "rcpt10k");
	body_block(&d, 0);
	tell(&d, CLIENT, ".\r\n");
	tell(&d, SERVER, "250 2.0.0 queued\r\n");
	leave(&d);
}

static void
make_msg100m(struct pcap_writer *out)
{
	struct dialogue d;

	begin(&d, out, start_us, OUTSIDE_CLIENT, 40002, OUR_SERVER);
	greet(&d);
	envelope(&d, "victim@third.test");
	header(&d, "msg100m");
	for (unsigned i = 0; i < 100u * MEGABYTE / BODY_BLOCK + 1; i++)
		body_block(&d, i);
	tell(&d, CLIENT, ".\r\n");
	tell(&d, SERVER, "250 2.0.0 queued\r\n");
	leave(&d);
}

static void
long_line(struct dialogue *d)
{
	static char text[MEGABYTE];

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < 10; i++)
		tcp_send(d->out, &d->tcp, CLIENT, text, sizeof(text), &d->now_us);
	tell(d, CLIENT, "\r\n");
}

/* A session with the line in the message, and one with it as a command. */
static void
make_line10m(struct pcap_writer *out)
{
	struct dialogue d;

	begin(&d, out, start_us, OUTSIDE_CLIENT, 40003, OUR_SERVER);
	greet(&d);
	envelope(&d, "victim@third.test");
	header(&d, "line10m");
	long_line(&d);
	tell(&d, CLIENT, ".\r\n");
	tell(&d, SERVER, "250 2.0.0 queued\r\n");
	leave(&d);
	begin(&d, out, d.now_us + 1000000, OUTSIDE_CLIENT, 40004, OUR_SERVER);
	greet(&d);
	tell(&d, CLIENT, "MAIL FROM:<");
	long_line(&d);
	tell(&d, SERVER, "500 5.5.2 Line too long\r\n");
	envelope(&d, "victim2@third.test");
	header(&d, "line10m-after");
	body_block(&d, 0);
	tell(&d, CLIENT, ".\r\n");
	tell(&d, SERVER, "250 2.0.0 queued\r\n");
	leave(&d);
}

static void
make_tx100k(struct pcap_writer *out)
{
	struct dialogue d;
	char rcpt[64];

	begin(&d, out, start_us, OUTSIDE_CLIENT, 40005, OUR_SERVER);
	greet(&d);
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(rcpt, sizeof(rcpt), "user%u@example.org", i);
		envelope(&d, rcpt);
		tell(&d, CLIENT,
		    "Subject: %u\r\nMessage-ID: <%u@tx100k.test>\r\n\r\n"
		    "Number %u\r\n.\r\n",
		    i, i, i);
		tell(&d, SERVER, "250 2.0.0 queued as %u\r\n", i);
	}
	leave(&d);
}

static void
make_delayed(struct pcap_writer *out)
{
	struct dialogue d;

	begin(&d, out, start_us, OUTSIDE_CLIENT, 40006, OUR_SERVER);
	greet(&d);
	envelope(&d, "victim@third.test");
	header(&d, "delayed");
	body_block(&d, 6);
	tell(&d, CLIENT, ".\r\n");
	tell(&d, SERVER, "250 2.0.0 queued as 4711\r\n");
	leave(&d);
	begin(&d, out, start_us + 20 * hour_us, OUR_SERVER, 40007, OUTSIDE_SERVER);
	greet(&d);
	envelope(&d, "victim@third.test");
	trace(&d);
	header(&d, "delayed");
	body_block(&d, 6);
	tell(&d, CLIENT, ".\r\n");
	tell(&d, SERVER, "250 2.0.0 Ok\r\n");
	leave(&d);
}

/* Hands the clock over: what `to` says next comes after what `from` said last. */
static void
then(const struct dialogue *from, struct dialogue *to)
{
	to->now_us = from->now_us + 100;
}

static void
make_stream_forward(struct pcap_writer *out)
{
	struct dialogue in, on;

	begin(&in, out, start_us, OUTSIDE_CLIENT, 40008, OUR_SERVER);
	greet(&in);
	envelope(&in, "victim@third.test");
	begin(&on, out, in.now_us + 100, OUR_SERVER, 40009, OUTSIDE_SERVER);
	greet(&on);
	envelope(&on, "victim@third.test");
	trace(&on);
	then(&on, &in);
	header(&in, "stream-forward");
	then(&in, &on);
	header(&on, "stream-forward");
	for (unsigned i = 0; i < 20; i++) {
		then(&on, &in);
		body_block(&in, i);
		then(&in, &on);
		body_block(&on, i);
	}
	then(&on, &in);
	tell(&in, CLIENT, ".\r\n");
	then(&in, &on);
	tell(&on, CLIENT, ".\r\n");
	tell(&on, SERVER, "250 2.0.0 Ok\r\n");
	leave(&on);
	then(&on, &in);
	tell(&in, SERVER, "250 2.0.0 Ok\r\n");
	leave(&in);
}

static const struct stress {
	const char *name;
	void (*make)(struct pcap_writer *out);
} stresses[] = {
	{ "rcpt10k", make_rcpt10k },
	{ "msg100m", make_msg100m },
	{ "line10m", make_line10m },
	{ "tx100k", make_tx100k },
	{ "delayed", make_delayed },
	{ "stream-forward", make_stream_forward },
};

static bool
is_wanted(const char *name, char **wanted)
{
	bool all = *wanted == NULL;

	for (; *wanted != NULL; wanted++)
		if (strcmp(*wanted, name) == 0)
			return true;
	return all;
}

int
main(int argc, char **argv)
{
	char path[4096];

	if (argc < 2) {
		fprintf(stderr, "usage: make_stress DIRECTORY [NAME...]\nnames:");
		for (size_t i = 0; i < sizeof(stresses) / sizeof(stresses[0]); i++)
			fprintf(stderr, " %s", stresses[i].name);
		fputc('\n', stderr);
		return EX_USAGE;
	}
	for (size_t i = 0; i < sizeof(stresses) / sizeof(stresses[0]); i++) {
		struct pcap_writer *out;

		if (!is_wanted(stresses[i].name, argv + 2))
			continue;
		snprintf(path, sizeof(path), "%s/%s.pcap", argv[1], stresses[i].name);
		out = pcapwrite_open(path);
		stresses[i].make(out);
		pcapwrite_close(out);
	}
	return EX_OK;
}
