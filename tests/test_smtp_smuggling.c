/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A transaction hidden in the message of another, behind a dot that only some servers
 * take for the end of data. The server's replies tell whether ours did.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "proto_feed.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* clang-format off */
#define OPENING \
	S("220 mx.example ESMTP"), C("EHLO client.example"), S("250-mx.example"), \
	S("250 PIPELINING"), C("MAIL FROM:<a@example.net>"), S("250 ok"), \
	C("RCPT TO:<b@example.org>"), S("250 ok"), C("DATA"), S("354 go")
#define OPENING_FACTS \
	"0 GREETING 220 mx.example | mx.example ESMTP\n" \
	"0 HELO 250 client.example | mx.example | mx.example PIPELINING [ehlo]\n" \
	"0 MAIL 250 <a@example.net> |  | ok\n" \
	"0 RCPT 250 <b@example.org> |  | ok\n" \
	"0 DATA 354 go\n" \
	"0 HEADER Subject: x\n" \
	"0 HEADERS_END\n"
#define FOUND_FACTS \
	"0 ODDITY BARE_LF_DOT .\n" \
	"0 ODDITY COMMAND_AFTER_DOT MAIL FROM:<c@example.net>\n"
#define FRONT "Subject: x\r\n\r\ntext"
#define ENVELOPE_1 "MAIL FROM:<c@example.net>\r\n"
#define ENVELOPE_2 "RCPT TO:<d@example.org>\r\nDATA\r\n"
#define INNER "Subject: y\r\n\r\nmore\r\n.\r\n"
/* clang-format on */

struct ending {
	const char *name, *bytes;
	size_t n;
	unsigned size, body; /* of the message in front of it */
};

#define ENDING(bytes, size, body)                                                        \
	{                                                                                \
#bytes, bytes, sizeof(bytes) - 1, size, body                             \
	}

static const struct ending endings[] = {
	ENDING("\n.\n", 19, 6),
	ENDING("\n.\r\n", 19, 6),
	ENDING("\r\n.\n", 20, 6),
	ENDING("\r\n.\r\r\n", 20, 6),
	ENDING("\r.\r", 19, 6),
	ENDING("\r.\r\n", 19, 6),
	ENDING("\r\n.\r", 20, 6),
	ENDING("\r\n\0.\r\n", 21, 9),
	ENDING("\r\n.\0\r\n", 20, 6),
};

struct text {
	char bytes[16384];
	size_t n;
};

static void
add(struct text *t, const char *bytes, size_t n)
{
	assert_true(t->n + n < sizeof(t->bytes));
	memcpy(t->bytes + t->n, bytes, n);
	t->n += n;
	t->bytes[t->n] = '\0';
}

static void
add_string(struct text *t, const char *s)
{
	add(t, s, strlen(s));
}

/* The client waits for each reply that it needs, as it would for those of a session. */
static void
a_server_that_takes_it_for_the_end_is_followed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(endings); i++) {
		const struct ending *e = &endings[i];
		struct text first = { .n = 0 };
		struct feed_talk talk = { e->name,
			{ OPENING, { PROTO_REQUESTER, first.bytes, 0, false }, S("250 1"),
			    C_RAW(ENVELOPE_1), S("250 2"), C_RAW(ENVELOPE_2), S("250 3"),
			    S("354 4"), C_RAW(INNER), S("250 5"), C("QUIT"),
			    S("221 bye") },
			NULL };
		char facts[2048];

		add_string(&first, FRONT);
		add(&first, e->bytes, e->n);
		talk.turn[10].n = first.n;
		snprintf(facts, sizeof(facts),
		    OPENING_FACTS
		    "%s0 MESSAGE size=%u body=%u\n0 FINAL 250 1\n"
		    "1 MAIL 250 <c@example.net> |  | 2\n"
		    "1 RCPT 250 <d@example.org> |  | 3\n1 DATA 354 4\n"
		    "1 HEADER Subject: y\n1 HEADERS_END\n1 MESSAGE size=20 body=6\n"
		    "1 FINAL 250 5\n2 END 221\n",
		    i < 3 ? "0 ODDITY BARE_LF_DOT .\n" : "", e->size, e->body);
		talk.facts = facts;
		feed_check(&proto_smtp, &talk);
	}
}

/* The verdict comes in the middle of what was sent ahead. */
static void
an_early_verdict_shows_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(endings); i++) {
		const struct ending *e = &endings[i];
		struct text first = { .n = 0 };
		struct feed_talk talk = { e->name,
			{ OPENING, { PROTO_REQUESTER, first.bytes, 0, false }, S("250 1"),
			    S("250 2"), C_RAW(ENVELOPE_2 INNER), S("250 3"), S("354 4"),
			    S("250 5"), C("QUIT"), S("221 bye") },
			NULL };
		char facts[2048];

		add_string(&first, FRONT);
		add(&first, e->bytes, e->n);
		add_string(&first, ENVELOPE_1);
		talk.turn[10].n = first.n;
		snprintf(facts, sizeof(facts),
		    OPENING_FACTS FOUND_FACTS
		    "0 MESSAGE size=%u body=%u\n0 FINAL 250 1\n"
		    "1 MAIL 250 <c@example.net> |  | 2\n"
		    "1 HEADER Subject: y\n1 HEADERS_END\n1 MESSAGE size=20 body=6\n"
		    "1 RCPT 250 <d@example.org> |  | 3\n1 DATA 354 4\n"
		    "1 FINAL 250 5\n2 END 221\n",
		    e->size, e->body);
		talk.facts = facts;
		feed_check(&proto_smtp, &talk);
	}
}

/* All was sent at once: replies that nobody else asked for tell. */
static void
check_sent_at_once(const struct ending *e, bool taken)
{
	struct text first = { .n = 0 };
	struct feed_talk talk = { e->name,
		{ OPENING, { PROTO_REQUESTER, first.bytes, 0, false }, S("250 1"),
		    C("QUIT"), S("221 bye") },
		NULL };
	struct feed_talk smuggled = { e->name,
		{ OPENING, { PROTO_REQUESTER, first.bytes, 0, false }, S("250 1"),
		    S("250 2"), S("250 3"), S("354 4"), S("250 5"), C("QUIT"),
		    S("221 bye") },
		NULL };
	struct feed feed;

	add_string(&first, FRONT);
	add(&first, e->bytes, e->n);
	add_string(&first, ENVELOPE_1 ENVELOPE_2 INNER);
	talk.turn[10].n = smuggled.turn[10].n = first.n;
	feed_init(&feed, &proto_smtp);
	feed_whole(&feed, taken ? &smuggled : &talk);
	assert_int_equal(feed.count[FACT_MAIL], taken ? 2 : 1);
	assert_int_equal(feed.count[FACT_FINAL], taken ? 2 : 1);
	assert_non_null(strstr(feed.text, FOUND_FACTS));
	assert_null(strstr(feed.text, "unsure"));
	if (taken)
		assert_non_null(strstr(feed.text, "1 RCPT 250 <d@example.org> |  | 3\n"));
	talk.facts = smuggled.facts = feed.text;
	feed_check(&proto_smtp, taken ? &smuggled : &talk);
	feed_release(&feed);
}

static void
replies_too_many_show_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(endings); i++) {
		check_sent_at_once(&endings[i], true);
		check_sent_at_once(&endings[i], false);
	}
}

struct attempt {
	const char *name;
	const char *between; /* of the first dot and the hidden MAIL */
	size_t refusals;     /* that it gets */
	size_t padding;      /* of the hidden message */
	const char *decoy;   /* in front of the dot */
	bool again;          /* there is a third transaction in the second one */
};

static const struct attempt attempts[] = {
	{ "lines that are no commands", "FOO\r\n\r\n.\r\n", 3, 0, "", false },
	{ "more than is kept", "", 0, 5000, "", false },
	{ "more than is kept, and lines", "x\n", 1, 4000, "", false },
	{ "an unlikely dot with a command in front", "", 0, 0, "\r.\rRSET\r\nx", false },
	{ "unlikely dots in front", "", 0, 0, "\r\n.\r\r\nDATA\r\n\r.\rx", false },
	{ "one in the other", "", 0, 0, "", true },
	{ "one in the other, long", "", 0, 900, "", true },
};

static void
add_transaction(struct text *t, char who, size_t padding)
{
	char line[64];

	snprintf(line, sizeof(line), "MAIL FROM:<%c@example.net>\r\n", who);
	add_string(t, line);
	snprintf(line, sizeof(line), "RCPT TO:<%c@example.org>\r\n", who);
	add_string(t, line);
	add_string(t, "DATA\r\nSubject: y\r\n\r\n");
	for (size_t i = 0; i < padding; i++)
		add_string(t, i % 70 < 69 ? "p" : "\n");
	add_string(t, "more");
}

static void
check_attempt(const struct attempt *a, size_t piece)
{
	static const char replies[] = "250 2\r\n250 3\r\n354 4\r\n250 5\r\n";
	struct feed_talk opening = { a->name, { OPENING, C_RAW(FRONT) }, NULL };
	struct text sent = { .n = 0 }, answers = { .n = 0 };
	struct feed feed;

	add_string(&sent, a->decoy);
	add_string(&sent, "\n.\n");
	add_string(&sent, a->between);
	add_transaction(&sent, 'c', a->padding);
	add_string(&sent, a->again ? "\n.\n" : "");
	if (a->again)
		add_transaction(&sent, 'e', 0);
	add_string(&sent, "\r\n.\r\n");
	add_string(&answers, "250 1\r\n");
	for (size_t i = 0; i < a->refusals; i++)
		add_string(&answers, "500 what\r\n");
	add_string(&answers, replies);
	add_string(&answers, a->again ? replies : "");
	feed_init(&feed, &proto_smtp);
	for (size_t i = 0; opening.turn[i].bytes != NULL; i++)
		feed_bytes(&feed, opening.turn[i].role, opening.turn[i].bytes,
		    opening.turn[i].n);
	for (size_t at = 0; at < sent.n; at += piece)
		feed_bytes(&feed, PROTO_REQUESTER, sent.bytes + at,
		    sent.n - at < piece ? sent.n - at : piece);
	feed_bytes(&feed, PROTO_RESPONDER, answers.bytes, answers.n);
	if (strstr(feed.text, "1 RCPT 250 <c@example.org> |  | 3\n") == NULL ||
	    feed.count[FACT_FINAL] != (a->again ? 3 : 2) ||
	    (a->again && strstr(feed.text, "2 RCPT 250 <e@example.org>") == NULL) ||
	    strstr(feed.text, "unsure") != NULL)
		fail_msg("%s, by %zu:\n%s", a->name, piece, feed.text);
	feed_release(&feed);
}

static void
what_hides_it_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(attempts); i++) {
		for (size_t piece = 1; piece < 4000; piece += piece < 9 ? 1 : 271)
			check_attempt(&attempts[i], piece);
	}
}

/* Nor does it cost the replies of a client that does nothing of the kind. */
static void
a_harmless_dot_takes_no_reply(void **state)
{
	static const struct feed_talk talk = { "harmless",
		{ OPENING, C_RAW(FRONT "\n.\nfoo\nbar\r\n.\r\n"), S("250 1"), C("FOO"),
		    S("500 what"), C("RSET"), S("250 ok"), C("EHLO x"), S("502 no"),
		    C("MAIL FROM:<c@example.net>"), S("250 2"), C("QUIT"), S("221 bye") },
		OPENING_FACTS
		"0 ODDITY BARE_LF_DOT .\n0 MESSAGE size=29 body=18\n"
		"0 FINAL 250 1\n1 HELO 502 x |  | no [ehlo]\n"
		"1 MAIL 250 <c@example.net> |  | 2\n1 ABORT QUIT\n2 END 221\n" };

	(void)state;
	feed_check(&proto_smtp, &talk);
}

/* What waits for the reply to a hidden STARTTLS is read at last, but not behind TLS. */
static void
what_is_read_at_the_end_ends_too(void **state)
{
/* clang-format off */
#define HIDDEN \
	C_RAW(FRONT "\n.\nSTARTTLS\r\n" ENVELOPE_1 ENVELOPE_2 "Subject: y\r\n\r\nmore")
#define HIDDEN_FACTS \
	OPENING_FACTS \
	"0 ODDITY BARE_LF_DOT .\n0 ODDITY COMMAND_AFTER_DOT STARTTLS\n" \
	"0 MESSAGE size=19 body=6\n0 FINAL 250 1\n"
#define READ_FACTS \
	"1 STARTTLS 0\n1 MAIL 0 <c@example.net>\n1 RCPT 0 <d@example.org>\n1 DATA 0\n" \
	"1 HEADER Subject: y\n1 HEADERS_END\n"
/* clang-format on */
	static const struct feed_talk talks[] = {
		{ "closed", { OPENING, HIDDEN, C_END, S("250 1"), S_END },
		    HIDDEN_FACTS READ_FACTS "1 ABORT CLOSED\n2 END 0\n" },
		{ "TLS", { OPENING, HIDDEN, S("250 1"), S_RAW("\x16\x03\x01") },
		    HIDDEN_FACTS "1 STARTTLS 0 ok\n1 TLS\n1 END 0\n" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(talks); i++)
		feed_check(&proto_smtp, &talks[i]);
}

/* So much is kept that only the end of the message is missing, and of the last line. */
static void
the_last_line_that_is_kept_stays_whole(void **state)
{
	static const char last[] = "RCPT TO:<d@example.org>";
	struct feed_talk opening = { "kept", { OPENING, C_RAW(FRONT "\n.\n") }, NULL };
	struct text sent = { .n = 0 };
	struct feed feed;

	(void)state;
	add_string(&sent, ENVELOPE_1 "NOOP ");
	while (sent.n + sizeof(last) + 1 < 2048)
		add_string(&sent, "x");
	add_string(&sent, "\r\n");
	add_string(&sent, last);
	assert_int_equal(sent.n, 2048);
	add_string(&sent, "\r\n.\r\n");
	feed_init(&feed, &proto_smtp);
	for (size_t i = 0; opening.turn[i].bytes != NULL; i++)
		feed_bytes(&feed, opening.turn[i].role, opening.turn[i].bytes,
		    opening.turn[i].n);
	feed_bytes(&feed, PROTO_REQUESTER, sent.bytes, sent.n);
	for (size_t i = 0; i < 5; i++)
		feed_bytes(
		    &feed, PROTO_RESPONDER, i < 4 ? "250 ok\r\n" : "500 no\r\n", 8);
	assert_non_null(strstr(feed.text, "1 RCPT 250 <d@example.org>"));
	feed_release(&feed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_server_that_takes_it_for_the_end_is_followed),
		cmocka_unit_test(an_early_verdict_shows_it),
		cmocka_unit_test(replies_too_many_show_it),
		cmocka_unit_test(what_hides_it_does_not),
		cmocka_unit_test(a_harmless_dot_takes_no_reply),
		cmocka_unit_test(what_is_read_at_the_end_ends_too),
		cmocka_unit_test(the_last_line_that_is_kept_stays_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
