/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "held.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

void
feed_init(struct feed *feed, const struct proto *proto)
{
	*feed = (struct feed){ .proto = proto };
	feed->state = malloc(proto->state_bytes);
	assert_non_null(feed->state);
	memset(feed->state, 0xa5, proto->state_bytes);
	proto->init(feed->state);
	feed->text_max = 4096;
	feed->text = calloc(1, feed->text_max);
	assert_non_null(feed->text);
}

void
feed_release(struct feed *feed)
{
	held_drop(feed->held);
	free(feed->state);
	free(feed->text);
}

static void
put_char(struct feed *feed, char c)
{
	if (feed->text_n + 2 > feed->text_max) {
		feed->text_max *= 2;
		feed->text = realloc(feed->text, feed->text_max);
		assert_non_null(feed->text);
	}
	feed->text[feed->text_n++] = c;
	feed->text[feed->text_n] = '\0';
}

static void
put_string(struct feed *feed, const char *s)
{
	while (*s != '\0')
		put_char(feed, *s++);
}

static void
put_text(struct feed *feed, struct slice s)
{
	char escaped[8];

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] >= ' ' && s.p[i] < 0x7f) {
			put_char(feed, (char)s.p[i]);
			continue;
		}
		snprintf(escaped, sizeof(escaped), "\\x%02x", s.p[i]);
		put_string(feed, escaped);
	}
}

static const char *const type_name[] = {
	[FACT_NONE] = "NONE",
	[FACT_GREETING] = "GREETING",
	[FACT_HELO] = "HELO",
	[FACT_AUTH] = "AUTH",
	[FACT_STARTTLS] = "STARTTLS",
	[FACT_TLS] = "TLS",
	[FACT_MAIL] = "MAIL",
	[FACT_RCPT] = "RCPT",
	[FACT_DATA] = "DATA",
	[FACT_HEADER] = "HEADER",
	[FACT_HEADERS_END] = "HEADERS_END",
	[FACT_MESSAGE] = "MESSAGE",
	[FACT_FINAL] = "FINAL",
	[FACT_ABORT] = "ABORT",
	[FACT_END] = "END",
	[FACT_ODDITY] = "ODDITY",
	[FACT_TUNNEL_ASKED] = "TUNNEL_ASKED",
	[FACT_TUNNEL_GRANTED] = "TUNNEL_GRANTED",
	[FACT_TUNNEL_REFUSED] = "TUNNEL_REFUSED",
	[FACT_WEB_HOST] = "WEB_HOST",
};

static const char *const header_name[] = { "From", "To", "Cc", "Subject", "Date",
	"Message-ID", "Received" };
static const char *const abort_name[] = { "RSET", "QUIT", "CLOSED", "TLS", "REFUSED",
	"LOST" };
static const char *const oddity_name[] = { "HTTP", "EARLY_TALK", "UNPIPELINED",
	"BARE_LF_DOT", "COMMAND_AFTER_DOT" };

static void
put_kind(struct feed *feed, const struct fact *fact)
{
	char number[64];

	if (fact->type == FACT_HEADER) {
		put_string(feed, " ");
		put_string(feed, header_name[fact->header]);
		put_string(feed, ":");
	} else if (fact->type == FACT_ABORT) {
		put_string(feed, " ");
		put_string(feed, abort_name[fact->abort]);
	} else if (fact->type == FACT_ODDITY) {
		put_string(feed, " ");
		put_string(feed, oddity_name[fact->oddity]);
	} else if (fact->type == FACT_MESSAGE) {
		snprintf(number, sizeof(number), " size=%llu body=%u",
		    (unsigned long long)fact->size, fact->body_bytes);
		put_string(feed, number);
		snprintf(number, sizeof(number), " hash=%016llx",
		    (unsigned long long)fact->body_hash);
		put_string(feed, feed->with_hash ? number : "");
	} else if (fact->type != FACT_HEADERS_END && fact->type != FACT_TLS) {
		snprintf(number, sizeof(number), " %u", fact->code);
		put_string(feed, number);
	}
	if (fact->ok)
		put_string(feed, " ok");
}

/*
 * "0 RCPT 250 <b@example.net> | | 2.1.5 Ok [cut unsure]": transaction, type, what it has,
 * texts up to the last that is not empty, flags.
 */
static void
put_fact(struct feed *feed, const struct fact *fact)
{
	static const char *const flag[] = { "cut", "unsure", "bdat", "ehlo", "cut-more",
		"blind", "holed" };
	unsigned texts = FACT_TEXTS;
	char number[16];

	snprintf(number, sizeof(number), "%u ", fact->tx);
	put_string(feed, number);
	put_string(feed, type_name[fact->type]);
	put_kind(feed, fact);
	while (texts > 0 && fact->text[texts - 1].n == 0)
		texts--;
	for (unsigned i = 0; i < texts; i++) {
		put_string(feed, i > 0 ? " | " : " ");
		put_text(feed, fact->text[i]);
	}
	for (unsigned i = 0, first = 1; i < COUNT(flag); i++) {
		if (!(fact->flags & 1u << i))
			continue;
		put_string(feed, first ? " [" : " ");
		put_string(feed, flag[i]);
		first = 0;
		if (fact->flags >> (i + 1) == 0)
			put_string(feed, "]");
	}
	put_string(feed, "\n");
}

static void
check_fact(const struct fact *fact)
{
	size_t n = 0;

	assert_int_not_equal(fact->type, FACT_NONE);
	for (unsigned i = 0; i < FACT_TEXTS; i++)
		n += fact->text[i].n;
	assert_true(n <= FACT_TEXT_MAX);
}

static bool
is_over(const void *context)
{
	const struct feed *feed = context;

	return feed->result == PROTO_DONE || feed->result == PROTO_BAD;
}

/* One step to the parser, as far as it takes it. True when it took something. */
static bool
offer(void *context, enum proto_role role, struct proto_input *input)
{
	struct proto_input before = *input;
	struct feed *feed = context;
	struct fact fact;

	do {
		memset(&fact, 0xa5, sizeof(fact)); /* all of it is the parser's to set */
		feed->result = feed->proto->parse(feed->state, role, input, &fact);
		if (feed->result != PROTO_FACT)
			break;
		check_fact(&fact);
		feed->facts++;
		feed->count[fact.type]++;
		if (!feed->quiet)
			put_fact(feed, &fact);
		if (feed->watch != NULL)
			feed->watch(feed->context, &fact);
	} while (true);
	return before.data.n != input->data.n || before.gap != input->gap ||
	       before.end != input->end;
}

static void
feed_step(struct feed *feed, enum proto_role role, struct proto_input input)
{
	const struct held_parser parser = { feed, offer, is_over };

	if (!is_over(feed) && (input.data.n > 0 || input.gap > 0 || input.end))
		held_give(feed->held, role, input, &parser);
}

void
feed_bytes(struct feed *feed, enum proto_role role, const void *bytes, size_t n)
{
	feed_step(feed, role, (struct proto_input){ .data = slice_of(bytes, n) });
}

void
feed_gap(struct feed *feed, enum proto_role role, uint64_t n)
{
	feed_step(feed, role, (struct proto_input){ .gap = n });
}

void
feed_end(struct feed *feed, enum proto_role role)
{
	feed_step(feed, role, (struct proto_input){ .end = true });
}

/* Talks as runs: turns of one side that follow each other are one piece. */
struct run {
	enum proto_role role;
	char *bytes;
	size_t n;
	bool end;
};

struct runs {
	struct run run[FEED_TURNS + 2];
	size_t count;
};

static void
add_run(struct runs *runs, const struct feed_turn *turn)
{
	struct run *last = runs->count > 0 ? &runs->run[runs->count - 1] : NULL;

	if (last == NULL || last->role != turn->role || last->end) {
		last = &runs->run[runs->count++];
		*last = (struct run){ .role = turn->role };
	}
	last->bytes = realloc(last->bytes, last->n + turn->n + 1);
	assert_non_null(last->bytes);
	memcpy(last->bytes + last->n, turn->bytes, turn->n);
	last->n += turn->n;
	last->end = turn->end;
}

static void
runs_init(struct runs *runs, const struct feed_talk *talk)
{
	static const struct feed_turn ends[] = { C_END, S_END };
	bool ended[2] = { false, false };

	*runs = (struct runs){ 0 };
	for (size_t i = 0; i < FEED_TURNS && talk->turn[i].bytes != NULL; i++) {
		add_run(runs, &talk->turn[i]);
		ended[talk->turn[i].role] |= talk->turn[i].end;
	}
	for (unsigned role = 0; role < 2; role++) {
		if (!ended[role])
			add_run(runs, &ends[role]);
	}
}

static void
runs_release(struct runs *runs)
{
	for (size_t i = 0; i < runs->count; i++)
		free(runs->run[i].bytes);
}

/* Pieces of at most so many bytes; the run of that index is cut there, too. */
static void
feed_runs(
    struct feed *feed, const struct runs *runs, size_t piece, size_t index, size_t cut)
{
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->run[i];
		size_t n;

		for (size_t at = 0; at < run->n; at += n) {
			n = run->n - at < piece ? run->n - at : piece;
			if (i == index && at < cut && at + n > cut)
				n = cut - at;
			feed_bytes(feed, run->role, run->bytes + at, n);
		}
		if (run->end)
			feed_end(feed, run->role);
	}
}

void
feed_whole(struct feed *feed, const struct feed_talk *talk)
{
	struct runs runs;

	runs_init(&runs, talk);
	feed_runs(feed, &runs, SIZE_MAX, SIZE_MAX, 0);
	runs_release(&runs);
}

static void
check_equal(const struct feed_talk *talk, const char *how, size_t at, const char *got,
    const char *expected)
{
	if (strcmp(got, expected) != 0)
		print_error("%s, %s %zu:\n-- got\n%s-- expected\n%s", talk->name, how, at,
		    got, expected);
	assert_string_equal(got, expected);
}

static void
check_cut(const struct proto *proto, const struct feed_talk *talk,
    const struct runs *runs, const char *how, size_t piece, size_t index, size_t cut,
    const char *expected)
{
	struct feed feed;

	feed_init(&feed, proto);
	feed.with_hash = true;
	feed_runs(&feed, runs, piece, index, cut);
	check_equal(talk, how, cut, feed.text, expected);
	feed_release(&feed);
}

void
feed_check(const struct proto *proto, const struct feed_talk *talk)
{
	struct feed whole, plain;
	struct runs runs;

	runs_init(&runs, talk);
	feed_init(&plain, proto);
	feed_runs(&plain, &runs, SIZE_MAX, SIZE_MAX, 0);
	check_equal(talk, "whole", 0, plain.text, talk->facts);
	feed_release(&plain);
	feed_init(&whole, proto);
	whole.with_hash = true;
	feed_runs(&whole, &runs, SIZE_MAX, SIZE_MAX, 0);
	check_cut(proto, talk, &runs, "byte by byte", 1, SIZE_MAX, 0, whole.text);
	check_cut(proto, talk, &runs, "in threes", 3, SIZE_MAX, 0, whole.text);
	for (size_t i = 0; i < runs.count; i++) {
		for (size_t cut = 1; cut < runs.run[i].n; cut++)
			check_cut(
			    proto, talk, &runs, "cut at", SIZE_MAX, i, cut, whole.text);
	}
	feed_release(&whole);
	runs_release(&runs);
}

struct gap {
	enum proto_role role;
	size_t start, end;
	bool split; /* told in each turn for itself; else all at once where it begins */
};

/* The bytes of a run but those within the gap; at is where the run begins. */
static void
feed_without(struct feed *feed, const struct run *run, size_t at, const struct gap *gap)
{
	size_t start = gap->start > at ? gap->start - at : 0;
	size_t end = gap->end > at ? gap->end - at : 0;

	start = start < run->n ? start : run->n;
	end = end < run->n ? end : run->n;
	feed_bytes(feed, run->role, run->bytes, start);
	if (gap->split && start < end)
		feed_gap(feed, run->role, end - start);
	else if (start < end && gap->start >= at)
		feed_gap(feed, run->role, gap->end - gap->start);
	feed_bytes(feed, run->role, run->bytes + end, run->n - end);
}

static void
check_gap(const struct proto *proto, const struct runs *runs, const struct gap *gap,
    void (*judge)(void *, const struct fact *), void *context)
{
	struct feed feed;
	size_t at = 0;

	feed_init(&feed, proto);
	feed.quiet = true;
	feed.watch = judge;
	feed.context = context;
	judge(context, NULL);
	if (getenv("FEED_SHOW") != NULL)
		print_message(
		    "gap %d %zu..%zu %d\n", gap->role, gap->start, gap->end, gap->split);
	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &runs->run[i];

		if (run->role == gap->role) {
			feed_without(&feed, run, at, gap);
			at += run->n;
		} else {
			feed_bytes(&feed, run->role, run->bytes, run->n);
		}
		if (run->end)
			feed_end(&feed, run->role);
	}
	feed_release(&feed);
}

static void
check_gaps_of(const struct proto *proto, const struct runs *runs, struct gap gap,
    size_t length, size_t total, void (*judge)(void *, const struct fact *),
    void *context)
{
	for (size_t at = 0; at + length <= total; at++) {
		gap.start = at;
		gap.end = at + length;
		gap.split = false;
		check_gap(proto, runs, &gap, judge, context);
		gap.split = true;
		check_gap(proto, runs, &gap, judge, context);
	}
}

void
feed_check_gaps(const struct proto *proto, const struct feed_talk *talk,
    void (*judge)(void *context, const struct fact *fact), void *context)
{
	static const size_t length[] = { 1, 2, 3, 5, 9, 17, 40, 100, 300 };
	size_t total[2] = { 0, 0 };
	struct runs runs;

	runs_init(&runs, talk);
	for (size_t i = 0; i < runs.count; i++)
		total[runs.run[i].role] += runs.run[i].n;
	for (unsigned role = 0; role < 2; role++) {
		for (size_t i = 0; i < COUNT(length); i++)
			check_gaps_of(proto, &runs,
			    (struct gap){ .role = (enum proto_role)role }, length[i],
			    total[role], judge, context);
	}
	runs_release(&runs);
}
