/* SPDX-License-Identifier: BSD-2-Clause */
/* Mail sessions, and the letters in them. */
#include <stdio.h>
#include <string.h>

#include "attack.h"

/* What the others are held against. */
static void
make_ordinary(struct scene *s)
{
	char id[16];

	for (unsigned i = 0; i < 5000; i++) {
		struct tcp_conn c = dial(s, OUTSIDE + i % 200, OUR_SERVER, 25);

		greet(s, &c);
		snprintf(id, sizeof(id), "%u", i);
		letter(s, &c, id);
		tell(s, &c, CLIENT, "QUIT\r\n");
		tell(s, &c, SERVER, "221 Bye\r\n");
		hang_up(s, &c);
	}
}

/* Replies were lost; those that come fit none of the many commands that wait. */
static void
make_misfits(struct scene *s)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_SERVER, 25);

	greet(s, &c);
	tell(s, &c, CLIENT, "NOOP\r\n");
	c.end[SERVER].seq += 8; /* lost */
	tell(s, &c, CLIENT, "NOOP\r\n");
	s->now_us += 5000000;
	tell_times(s, &c, CLIENT, "MAIL FROM:<>\r\nRSET\r\n", 400);
	for (unsigned i = 0; i < 1000; i++)
		tell_times(s, &c, SERVER, "354\r\n", TCP_MSS / 5);
}

/* Messages that end in messages. */
static void
make_nested(struct scene *s)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_SERVER, 25);

	greet(s, &c);
	for (unsigned i = 0; i < 200; i++) {
		tell(s, &c, CLIENT, "MAIL FROM:<a@spam.test>\r\n");
		tell(s, &c, SERVER, "250 Ok\r\n");
		tell(s, &c, CLIENT, "DATA\r\n");
		tell(s, &c, SERVER, "354 go on\r\n");
		tell_times(s, &c, CLIENT, "\n.\nDATA\n", 256);
		tell_times(s, &c, SERVER, "250 Ok\r\n354 go\r\n", 256);
		tell(s, &c, CLIENT, "\r\n.\r\n");
		tell(s, &c, SERVER, "250 Ok\r\n");
	}
}

static struct tcp_conn
in_transaction(struct scene *s)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_SERVER, 25);

	greet(s, &c);
	tell(s, &c, CLIENT, "MAIL FROM:<a@spam.test>\r\n");
	tell(s, &c, SERVER, "250 Ok\r\n");
	return c;
}

static void
body(struct scene *s, const char *text)
{
	struct tcp_conn c = in_message(s);

	tell(s, &c, CLIENT, "Subject: x\r\n\r\n");
	tell_times(s, &c, CLIENT, text, 3000000 / strlen(text));
	tell(s, &c, CLIENT, "\r\n.\r\n");
}

static void
make_dotted(struct scene *s)
{
	body(s, "\n.\r");
}

/* Commands and the replies to them, each lot in segments that are full. */
static void
exchange(struct scene *s, const char *commands, const char *replies, size_t times,
    unsigned rounds)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_SERVER, 25);

	greet(s, &c);
	for (unsigned i = 0; i < rounds; i++) {
		tell_times(s, &c, CLIENT, commands, times);
		tell_times(s, &c, SERVER, replies, times);
	}
}

/* Lines of nothing, which no server answers for long. */
static void
make_empties(struct scene *s)
{
	struct tcp_conn c = dial(s, OUTSIDE, OUR_SERVER, 25);

	greet(s, &c);
	tell_times(s, &c, CLIENT, "\n", 1000000);
}

static void
make_noops(struct scene *s)
{
	exchange(s, "a\n", "500\n", 500, 300);
}

static void
make_transactions(struct scene *s)
{
	exchange(s, "RCPT TO:a@b.c\nRSET\n", "550\n250\n", 70, 300);
}

static void
make_chunks(struct scene *s)
{
	struct tcp_conn c = in_transaction(s);

	for (unsigned i = 0; i < 200; i++) {
		tell_times(s, &c, CLIENT, "BDAT 1\r\nx", 162);
		tell_times(s, &c, SERVER, "250 Ok\r\n", 162);
	}
}

static void
make_blanks(struct scene *s)
{
	body(s, " \t");
}

static void
make_folds(struct scene *s)
{
	struct tcp_conn c = in_message(s);

	tell(s, &c, CLIENT, "Received: x\r\n");
	tell_times(s, &c, CLIENT, " \r\n", 100000);
	tell_times(s, &c, CLIENT, "To: a\r\n b\r\n", 100000);
	tell_times(s, &c, CLIENT, "a:\r\n", 100000);
}

static void
recipients(struct scene *s, const char *item, unsigned items, unsigned times)
{
	struct tcp_conn c = in_transaction(s);
	char text[TCP_MSS] = "RCPT TO:<";

	for (unsigned i = 0; i < items; i++)
		strcat(text, item);
	strcat(text, "@example.org>\r\n");
	for (unsigned i = 0; i < times; i++) {
		tell_times(s, &c, CLIENT, text, TCP_MSS / strlen(text));
		tell_times(s, &c, SERVER, "250 Ok\r\n", TCP_MSS / strlen(text));
	}
}

static void
make_percents(struct scene *s)
{
	recipients(s, "%a", 240, 500);
}

static void
make_quotes(struct scene *s)
{
	recipients(s, "\\\"", 240, 500);
}

static void
make_routes(struct scene *s)
{
	recipients(s, "@a:", 160, 500);
}

/* The same letter to the same person, from one or many. */
static void
same(struct scene *s, unsigned clients)
{
	static struct tcp_conn in[500];

	for (unsigned i = 0; i < clients; i++) {
		in[i] = dial(s, OUTSIDE + i, OUR_SERVER, 25);
		greet(s, &in[i]);
	}
	for (unsigned i = 0; i < 20000; i++)
		letter(s, &in[i % clients], "same");
}

static void
make_same_one(struct scene *s)
{
	same(s, 1);
}

static void
make_same_many(struct scene *s)
{
	same(s, 500);
}

const struct attack attacks_mail[] = {
	{ "ordinary", make_ordinary },
	{ "misfits", make_misfits },
	{ "nested", make_nested },
	{ "dotted", make_dotted },
	{ "empties", make_empties },
	{ "noops", make_noops },
	{ "transactions", make_transactions },
	{ "chunks", make_chunks },
	{ "blanks", make_blanks },
	{ "folds", make_folds },
	{ "percents", make_percents },
	{ "quotes", make_quotes },
	{ "routes", make_routes },
	{ "same-one", make_same_one },
	{ "same-many", make_same_many },
	{ NULL, NULL },
};
