/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * make_attack: the captures of attack.h. `make_attack DIRECTORY [NAME...]` writes
 * NAME.pcap and tells how many packets it has.
 */
#include "attack.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const uint64_t start_us = 1795256400000000u; /* 2026-11-21 10:20 UTC */

struct tcp_conn
conn_of(struct scene *s, uint32_t client, uint32_t server, uint16_t port)
{
	uint32_t n = ++s->number;
	struct tcp_conn c;

	c.end[CLIENT] = (struct tcp_end){
		.ip = client, .port = (uint16_t)(1024 + n % 60000), .seq = n * 70001u
	};
	c.end[SERVER] = (struct tcp_end){ .ip = server, .port = port, .seq = n * 90001u };
	return c;
}

struct tcp_conn
dial(struct scene *s, uint32_t client, uint32_t server, uint16_t port)
{
	struct tcp_conn c = conn_of(s, client, server, port);

	tcp_open(s->out, &c, &s->now_us);
	return c;
}

void
tell_n(
    struct scene *s, struct tcp_conn *c, enum tcp_side side, const void *text, size_t n)
{
	const uint8_t *p = text;

	for (size_t at = 0; at < n; at += TCP_MSS)
		tcp_segment(s->out, c, side, TCP_ACK | TCP_PSH, p + at,
		    n - at < TCP_MSS ? n - at : TCP_MSS, &s->now_us);
}

void
tell(struct scene *s, struct tcp_conn *c, enum tcp_side side, const char *text)
{
	tell_n(s, c, side, text, strlen(text));
}

void
tell_times(struct scene *s, struct tcp_conn *c, enum tcp_side side, const char *text,
    size_t times)
{
	size_t n = strlen(text), room = TCP_MSS / n;
	char segment[TCP_MSS];

	for (; times > 0; times -= room) {
		room = room < times ? room : times;
		for (size_t i = 0; i < room; i++)
			memcpy(segment + i * n, text, n);
		tell_n(s, c, side, segment, room * n);
	}
}

void
hang_up(struct scene *s, struct tcp_conn *c)
{
	tcp_close(s->out, c, SERVER, &s->now_us);
}

void
greet(struct scene *s, struct tcp_conn *c)
{
	tell(s, c, SERVER, "220 mx.third.test ESMTP\r\n");
	tell(s, c, CLIENT, "EHLO relay.example.org\r\n");
	tell(s, c, SERVER, "250-mx.third.test hello\r\n250 PIPELINING\r\n");
}

void
envelope(struct scene *s, struct tcp_conn *c)
{
	tell(s, c, CLIENT, "MAIL FROM:<sender@spam.test>\r\n");
	tell(s, c, SERVER, "250 2.1.0 Ok\r\n");
	tell(s, c, CLIENT, "RCPT TO:<victim@third.test>\r\n");
	tell(s, c, SERVER, "250 2.1.5 Ok\r\n");
	tell(s, c, CLIENT, "DATA\r\n");
	tell(s, c, SERVER, "354 go on\r\n");
}

void
letter(struct scene *s, struct tcp_conn *c, const char *id)
{
	char text[256];

	envelope(s, c);
	snprintf(text, sizeof(text),
	    "From: <sender@spam.test>\r\nSubject: offer\r\nMessage-ID: <%s@spam.test>\r\n"
	    "\r\nBuy now and save, for this offer will not last long.\r\n.\r\n",
	    id);
	tell(s, c, CLIENT, text);
	tell(s, c, SERVER, "250 2.0.0 queued\r\n");
}

struct tcp_conn
in_message(struct scene *s)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_SERVER, 25);

	greet(s, &c);
	envelope(s, &c);
	return c;
}

static bool
is_wanted(const char *name, char **wanted)
{
	bool all = *wanted == NULL;

	for (; *wanted != NULL; wanted++)
		if (strcmp(*wanted, name) == 0)
			return true;
	return all;
}

static void
make(const char *directory, const struct attack *attack)
{
	struct scene s = { .now_us = start_us };
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s.pcap", directory, attack->name);
	s.out = pcapwrite_open(path);
	attack->make(&s);
	printf("%s %llu\n", attack->name, (unsigned long long)pcapwrite_packets(s.out));
	pcapwrite_close(s.out);
}

int
main(int argc, char **argv)
{
	const struct attack *const tables[] = { attacks_mail, attacks_proxy,
		attacks_tcp };

	if (argc < 2) {
		fprintf(stderr, "usage: make_attack DIRECTORY [NAME...]\n");
		return EX_USAGE;
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct attack *a = tables[i]; a->name != NULL; a++) {
			if (is_wanted(a->name, argv + 2))
				make(argv[1], a);
		}
	}
	return EX_OK;
}
