/* SPDX-License-Identifier: BSD-2-Clause */
/* Segments nobody would send, and packets whose addresses are made up. */
#include <string.h>

#include "attack.h"

enum { OUR_NET = 0xc0000200, QUIET_HOST = OUR_NET + 250 };

static void
make_dialers(struct scene *s)
{
	for (unsigned i = 0; i < 300000; i++) {
		struct tcp_conn c = conn_of(s, OUTSIDE + i / 50000, QUIET_HOST, 40000);

		tell(s, &c, CLIENT, "x");
	}
	for (unsigned i = 0; i < 200; i++) {
		struct tcp_conn c = conn_of(s, OUR_NET + i, MAIL_SERVER, 25);

		s->now_us += 1000000;
		tcp_segment(s->out, &c, CLIENT, TCP_SYN, NULL, 0, &s->now_us);
	}
}

/* Octet by octet, what may become any protocol. */
static void
make_drip(struct scene *s)
{
	for (unsigned i = 0; i < 100; i++) {
		struct tcp_conn c = dial(s, OUTSIDE + i, OUR_PROXY, 8080);

		for (unsigned at = 0; at < 1000; at++) {
			tell(s, &c, CLIENT, at < 4 ? &"G\0E\0T\0 "[2 * at] : "a");
		}
	}
}

static void
make_drip_mail(struct scene *s)
{
	for (unsigned i = 0; i < 100; i++) {
		struct tcp_conn c = dial(s, OUTSIDE + i, OUR_PROXY, 25);

		for (unsigned at = 0; at < 1000; at++) {
			tell(s, &c, CLIENT, "a");
			tell(s, &c, SERVER, "b");
		}
	}
}

/* Every other octet, backwards: nothing of it joins. */
static void
make_holes(struct scene *s)
{
	for (unsigned i = 0; i < 100; i++) {
		struct tcp_conn c = in_message(s);
		uint32_t base = c.end[CLIENT].seq;

		for (unsigned j = 0; j < 1000; j++) {
			uint32_t at = (j & 1 ? 1000 + j / 2 : 1000 - j / 2) * 2;

			c.end[CLIENT].seq = base + at;
			tell(s, &c, CLIENT, "x");
		}
	}
}

/* In the midst of what is held. */
static void
make_middle(struct scene *s)
{
	for (unsigned i = 0; i < 50; i++) {
		struct tcp_conn c = in_message(s);
		uint32_t base = c.end[CLIENT].seq;

		for (unsigned j = 0; j < 640; j++) {
			c.end[CLIENT].seq = base + 2 + 2 * j;
			tell(s, &c, CLIENT, "x");
		}
		for (unsigned j = 0; j < 2000; j++) {
			c.end[CLIENT].seq = base + 2 + 2 * 320;
			tell(s, &c, CLIENT, "x");
		}
	}
}

/* A whole window over holes and octets, again and again. */
static void
make_overlaps(struct scene *s)
{
	for (unsigned i = 0; i < 50; i++) {
		struct tcp_conn c = in_message(s);
		uint32_t base = c.end[CLIENT].seq;
		char text[TCP_MSS];

		memset(text, 'y', sizeof(text));
		for (unsigned j = 0; j < 600; j++) {
			c.end[CLIENT].seq = base + 2 + 2 * j;
			tell(s, &c, CLIENT, "x");
		}
		for (unsigned j = 0; j < 500; j++) {
			c.end[CLIENT].seq = base + 2;
			tell_n(s, &c, CLIENT, text, 1300);
		}
	}
}

/* Many connections wait for an octet; others go on. */
static void
make_waiting(struct scene *s)
{
	for (unsigned i = 0; i < 60000; i++) {
		struct tcp_conn c = dial(s, OUTSIDE + i / 5000, OUR_SERVER, 25);

		c.end[CLIENT].seq++;
		tell(s, &c, CLIENT, "x");
	}
	for (unsigned i = 0; i < 20; i++) {
		struct tcp_conn c = in_message(s);

		s->now_us += 1000000;
		tell_times(s, &c, CLIENT, "Buy now and save.\r\n", 100000);
	}
}

static void
make_storm(struct scene *s)
{
	struct tcp_conn c = in_message(s);

	for (unsigned i = 0; i < 100000; i++) {
		struct tcp_conn forged = c;

		forged.end[CLIENT].seq += i * 7;
		forged.end[SERVER].seq += i * 11;
		tcp_segment(s->out, &forged, i & 1 ? CLIENT : SERVER,
		    i & 2 ? TCP_RST | TCP_ACK : TCP_FIN | TCP_ACK, NULL, 0, &s->now_us);
		forged = c;
		forged.end[SERVER].seq += i * 13;
		tcp_segment(s->out, &forged, CLIENT, TCP_ACK, NULL, 0, &s->now_us);
	}
}

/* What nobody knows. */
static void
make_unknown(struct scene *s)
{
	for (unsigned i = 0; i < 100000; i++) {
		struct tcp_conn c = dial(s, OUTSIDE + i, OUR_PROXY, 40000);
		uint32_t text[8];

		for (unsigned j = 0; j < 8; j++)
			text[j] = (i * 8 + j) * 2654435761u;
		tell_n(s, &c, CLIENT, text, sizeof(text));
	}
}

/* A relayed letter, and so many blind packets between its recipient and its text. */
static void
make_blinded(struct scene *s)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_SERVER, 25);

	greet(s, &c);
	envelope(s, &c);
	s->now_us += 1000000;
	for (unsigned i = 0; i < 200000; i++) {
		struct tcp_conn blind =
		    conn_of(s, STRANGERS + i * STRANGE, OUR_SERVER, 25);

		tell(s, &blind, CLIENT, "EHLO x\r\nMAIL FROM:<a@spam.test>\r\n");
		s->now_us += 50;
	}
	tell(s, &c, CLIENT, "Subject: offer\r\n\r\nBuy now\r\n.\r\n");
	tell(s, &c, SERVER, "250 2.0.0 queued\r\n");
	hang_up(s, &c);
}

/* Each octet of a datagram but the last, in units of eight, from its end; and again. */
static void
make_fragments(struct scene *s)
{
	for (unsigned i = 0; i < 40000; i++) {
		uint8_t frame[14 + 20 + 8] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0,
			0x45, 0, 0, 28, (uint8_t)(i / 4000), 1, 0x20, 0, 64, 6, 0, 0, 203,
			0, 113, 9, 192, 0, 2, 25 };
		unsigned unit = 4000 - i % 4000;

		frame[20] |= (uint8_t)(unit >> 8);
		frame[21] = (uint8_t)unit;
		pcapwrite_frame(s->out, s->now_us += 10, frame, sizeof(frame));
	}
}

const struct attack attacks_tcp[] = {
	{ "dialers", make_dialers },
	{ "drip", make_drip },
	{ "drip-mail", make_drip_mail },
	{ "holes", make_holes },
	{ "middle", make_middle },
	{ "overlaps", make_overlaps },
	{ "waiting", make_waiting },
	{ "storm", make_storm },
	{ "unknown", make_unknown },
	{ "blinded", make_blinded },
	{ "fragments", make_fragments },
	{ NULL, NULL },
};
