/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Conversations as tables: C() and S() are segments of client and server with sequence
 * and acknowledgment numbers relative to the ISNs, and a case expects one line: ">" and
 * "<" bytes of client and server, "[3]" a gap of three bytes ("s" cut by the snap length,
 * "l" given up by a limit), "." the end of that direction, "!" its end by RST. "|" is put
 * where a MARK() stands, to tell when things come out. Every case runs at several ISNs.
 */

#include "reasm.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum row_kind {
	ROW_STOP,
	ROW_SEGMENT,
	ROW_AT,
	ROW_MARK,
	ROW_TICK,
	ROW_FINISH,
	ROW_AGAIN
};

struct row {
	enum row_kind kind;
	uint8_t dir;
	const char *flags;
	uint32_t seq, ack;
	const char *text;
	uint32_t n; /* cut bytes, milliseconds or times */
};

#define ROW(d, f, q, a, t, n_)                                                           \
	{                                                                                \
		.kind = ROW_SEGMENT, .dir = d, .flags = f, .seq = q, .ack = a,           \
		.text = t, .n = n_                                                       \
	}
#define C(f, q, a, t)         ROW(0, f, q, a, t, 0)
#define S(f, q, a, t)         ROW(1, f, q, a, t, 0)
#define C_CUT(f, q, a, t, n_) ROW(0, f, q, a, t, n_)

#define DO(k, n_)                                                                        \
	{                                                                                \
		.kind = k, .n = n_                                                       \
	}
#define AT(ms)   DO(ROW_AT, ms)
#define MARK     DO(ROW_MARK, 0)
#define TICK     DO(ROW_TICK, 0)
#define FINISH   DO(ROW_FINISH, 0)
#define AGAIN(n) DO(ROW_AGAIN, n) /* the row before, n times more */
#define OPEN     C("S", 0, 0, ""), S("SA", 0, 1, ""), C("A", 1, 1, "")

struct conversation {
	const char *name;
	const char *expected;
	struct row rows[24];
};

static const struct conversation conversations[] = {
	{ "in order", ">HELO <250 >QUIT <221 <. >.",
	    { OPEN, C("A", 1, 1, "HELO"), S("A", 1, 5, "250"), C("A", 5, 4, "QUIT"),
		S("FA", 4, 9, "221"), C("FA", 9, 8, "") } },
	{ "out of order", ">abcdefghi",
	    { OPEN, C("A", 7, 1, "ghi"), C("A", 4, 1, "def"), C("A", 1, 1, "abc") } },
	{ "duplicates", ">abcdef",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 1, 1, "abc"), C("A", 4, 1, "def"),
		C("A", 1, 1, "abc"), C("A", 1, 1, "abcdef") } },
	{ "of held bytes the copy that arrived first wins", ">axxDEFghi",
	    { OPEN, C("A", 4, 1, "DEF"), C("A", 2, 1, "xxxxx"),
		C("A", 1, 1, "abcdefghi") } },
	{ "of delivered bytes the copy that arrived first wins", ">abcdef",
	    { OPEN, C("A", 1, 1, "abcd"), C("A", 1, 1, "XXXXef") } },
	{ "overlap at both ends of held bytes", ">abCDefg",
	    { OPEN, C("A", 3, 1, "CD"), C("A", 2, 1, "bcdef"), C("A", 7, 1, "g"),
		C("A", 1, 1, "ab") } },
	{ "data in the SYN", ">HELO <250",
	    { C("S", 0, 0, "HELO"), S("SA", 0, 5, ""), S("A", 1, 5, "250") } },
	{ "data in the SYN that the server did not take", ">HELO <250",
	    { C("S", 0, 0, "HELO"), S("SA", 0, 1, ""), C("A", 1, 1, "HELO"),
		S("A", 1, 5, "250") } },
	{ "data in a SYN captured behind the SYN-ACK and more data", ">HELOMAIL",
	    { S("SA", 0, 5, ""), C("A", 5, 1, "MAIL"), C("S", 0, 0, "HELO") } },
	{ "SYN retransmitted", ">a",
	    { C("S", 0, 0, ""), C("S", 0, 0, ""), S("SA", 0, 1, ""), S("SA", 0, 1, ""),
		C("A", 1, 1, "a"), C("S", 0, 0, ""), S("SA", 0, 1, "") } },
	{ "SYN-ACK first", ">a <b",
	    { S("SA", 0, 1, ""), C("S", 0, 0, ""), C("A", 1, 1, "a"),
		S("A", 1, 2, "b") } },
	{ "simultaneous open", ">a <b",
	    { C("S", 0, 0, ""), S("S", 0, 0, ""), C("SA", 0, 1, ""), S("SA", 0, 1, ""),
		C("A", 1, 1, "a"), S("A", 1, 2, "b") } },
	{ "SYN and SYN-ACK captured behind data", "| >HELO <250",
	    { C("A", 1, 1, "HELO"), S("A", 1, 5, "250"), MARK, S("SA", 0, 1, ""),
		C("S", 0, 0, "") } },
	{ "SYN lost, the SYN-ACK tells where the stream began", ">[3]def >. <.",
	    { S("SA", 0, 1, ""), C("A", 4, 1, "def"), S("A", 1, 4, ""), FINISH } },
	{ "half-close", ">QUIT >. | <221 <.",
	    { OPEN, C("FA", 1, 1, "QUIT"), MARK, S("A", 1, 6, "221"), S("FA", 4, 6, ""),
		C("A", 6, 5, "") } },
	{ "FIN ahead of its data", "| >abc >.",
	    { OPEN, C("FA", 4, 1, ""), MARK, C("A", 1, 1, "abc") } },
	{ "FIN with data ahead of others", "| >abcdef >.",
	    { OPEN, C("FA", 4, 1, "def"), MARK, C("A", 1, 1, "abc") } },
	{ "FIN retransmitted, and data behind it", ">abc >.",
	    { OPEN, C("FA", 1, 1, "abc"), C("FA", 4, 1, ""), C("FA", 1, 1, "abc"),
		C("A", 5, 1, "x") } },
	{ "FIN waits for what it acknowledges", "| <221 >.",
	    { OPEN, C("FA", 1, 4, ""), MARK, S("A", 1, 1, "221") } },
	{ "data wait for what they acknowledge", ">HELO | <250 >QUIT",
	    { OPEN, C("A", 1, 1, "HELO"), C("A", 5, 4, "QUIT"), MARK,
		S("A", 1, 5, "250") } },
	{ "both directions late", "| >HELO <250 >QUIT <221",
	    { OPEN, S("A", 4, 9, "221"), C("A", 5, 4, "QUIT"), S("A", 1, 5, "250"), MARK,
		C("A", 1, 1, "HELO") } },
	{ "a direction never seen is not waited for", ">abc",
	    { C("S", 0, 0, ""), C("A", 1, 77, "abc") } },
	{ "data that wait for each other come out as they came", "<xyz >abc",
	    { OPEN, S("A", 1, 4, "xyz"), C("A", 1, 4, "abc") } },
	{ "an acknowledged hole is lost after the grace", ">abc >[3]ghi |",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 7, 1, "ghi"), S("A", 1, 10, ""),
		C("A", 10, 1, ""), AGAIN(16), MARK } },
	{ "and comes late within it", ">abc | >defghi",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 7, 1, "ghi"), S("A", 1, 10, ""),
		C("A", 10, 1, ""), AGAIN(14), MARK, C("A", 4, 1, "def") } },
	{ "the grace in time", ">abc | >[3]ghi",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 7, 1, "ghi"), S("A", 1, 10, ""), AT(2000),
		TICK, MARK, AT(2001), TICK } },
	{ "a hole nobody acknowledged is filled late", "| >abcdef",
	    { OPEN, C("A", 4, 1, "def"), S("A", 1, 1, ""), AT(60000), TICK,
		C("A", 4, 1, "def"), AGAIN(99), MARK, C("A", 1, 1, "abc") } },
	{ "a lost command shows by its reply", ">[4] <250",
	    { OPEN, S("A", 1, 5, "250"), AT(2001), TICK } },
	{ "late data of a hole that was given up", ">[4] <250 >QUIT",
	    { OPEN, S("A", 1, 5, "250"), AT(2001), TICK, C("A", 1, 1, "HELO"),
		C("A", 5, 4, "QUIT") } },
	{ "part of a hole comes", ">[2]cdef",
	    { OPEN, C("A", 5, 1, "ef"), S("A", 1, 7, ""), C("A", 3, 1, "cd"), AT(2001),
		TICK } },
	{ "two holes", ">[2]cd >[1]f",
	    { OPEN, C("A", 3, 1, "cd"), C("A", 6, 1, "f"), S("A", 1, 7, ""), AT(2001),
		TICK } },
	{ "a lost FIN is no gap", ">abc | <250 <. >.",
	    { OPEN, C("A", 1, 1, "abc"), S("A", 1, 5, ""), AT(2001), TICK, MARK,
		S("FA", 1, 5, "250"), FINISH } },
	{ "but a lost byte is", ">abc >[1]e",
	    { OPEN, C("A", 1, 1, "abc"), S("A", 1, 5, ""), AT(2001), TICK,
		C("A", 5, 1, "e") } },
	{ "end with holes", "| >[2]c <[4]xyz >. <.",
	    { OPEN, C("A", 3, 1, "c"), S("A", 5, 1, "xyz"), MARK, FINISH } },
	{ "end with data that wait", "| <xyz >abc >. <.",
	    { OPEN, C("A", 1, 4, "abc"), C("A", 1, 4, "abc"), MARK, S("A", 1, 1, "xyz"),
		FINISH } },
	{ "end of what never opened", ">.", { C("S", 0, 0, ""), FINISH } },
	{ "start in the middle", "| >abcdef",
	    { C("A", 44, 1, "def"), C("A", 41, 1, "abc"), MARK, AT(2001), TICK } },
	{ "start in the middle, by packets", ">abcdef |",
	    { C("A", 44, 1, "def"), C("A", 41, 1, "abc"), C("A", 47, 1, ""), AGAIN(15),
		MARK } },
	{ "start in the middle, both sides", "| >MAIL <250 >RCPT",
	    { C("A", 41, 71, "MAIL"), S("A", 71, 45, "250"), C("A", 45, 74, "RCPT"), MARK,
		AT(2001), TICK } },
	{ "a bare acknowledgment does not start a stream", "| >abc",
	    { C("A", 60, 1, ""), S("A", 1, 60, ""), C("A", 41, 1, "abc"), MARK, AT(2001),
		TICK } },
	{ "a keep-alive does not start a stream", "| >abc",
	    { C("A", 40, 1, "x"), S("A", 1, 41, ""), C("PA", 41, 1, "abc"), MARK,
		AT(2001), TICK } },
	{ "keep-alives", ">abcdef",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 3, 1, "x"), S("A", 1, 4, ""),
		C("A", 3, 1, ""), S("A", 1, 4, ""), C("A", 4, 1, "def") } },
	{ "zero-window probes", ">abcdef",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 4, 1, "d"), S("A", 1, 4, ""),
		C("A", 4, 1, "d"), S("A", 1, 4, ""), C("A", 4, 1, "def") } },
	{ "one direction only", ">abc | >[3]ghi",
	    { C("S", 0, 0, ""), C("A", 1, 1, "abc"), C("A", 7, 9, "ghi"), AT(2000), TICK,
		MARK, AT(2001), TICK } },
	{ "one direction only, by packets", ">abc >[3]ghi |",
	    { C("S", 0, 0, ""), C("A", 1, 1, "abc"), C("A", 7, 9, "ghi"),
		C("A", 10, 9, ""), AGAIN(256), MARK } },
	{ "cut by the snap length", ">ab >[3s]fg",
	    { OPEN, C_CUT("A", 1, 1, "ab", 3), C("A", 6, 1, "fg") } },
	{ "cut to nothing", ">[3s]fg",
	    { OPEN, C_CUT("A", 1, 1, "", 3), C("A", 4, 1, "fg") } },
	{ "cut while it waits", "| <xyz >ab >[3s]fg",
	    { OPEN, C("A", 6, 4, "fg"), C_CUT("A", 1, 4, "ab", 3), MARK,
		S("A", 1, 1, "xyz") } },
	{ "a whole copy mends what was cut", "| <xyz >abcdefg",
	    { OPEN, C_CUT("A", 1, 4, "ab", 3), C("A", 6, 4, "fg"), C("A", 1, 4, "abcde"),
		MARK, S("A", 1, 1, "xyz") } },
	{ "a copy mends the end of what was cut", "| <xyz >ab >[2s]efg",
	    { OPEN, C_CUT("A", 1, 4, "ab", 3), C("A", 6, 4, "fg"), C("A", 5, 4, "e"),
		MARK, S("A", 1, 1, "xyz") } },
	{ "cut and FIN", ">ab >[3s] >.", { OPEN, C_CUT("FA", 1, 1, "ab", 3) } },
	{ "RST", ">abc | >! <!",
	    { OPEN, C("A", 1, 1, "abc"), C("R", 4, 1, ""), AT(999), TICK, MARK, AT(1000),
		TICK } },
	{ "RST ahead of its data", "| >abc | >! <!",
	    { OPEN, C("R", 4, 1, ""), MARK, C("A", 1, 1, "abc"), MARK, AT(1000), TICK } },
	{ "RST at a number that is not where the stream is", ">abcdef",
	    { OPEN, C("A", 1, 1, "abc"), C("R", 2, 1, ""), S("R", 77, 1, ""), AT(5000),
		TICK, C("A", 4, 1, "def") } },
	{ "RST for what the other side acknowledged", ">abc | >! <!",
	    { OPEN, S("A", 1, 1, ""), C("A", 1, 1, "abc"), C("R", 1, 1, ""), MARK,
		AT(1000), TICK } },
	{ "data behind a forged RST", ">abcdef",
	    { OPEN, C("A", 1, 1, "abc"), C("R", 4, 1, ""), C("A", 4, 1, "def"), AT(5000),
		TICK } },
	{ "an acknowledgment behind a forged RST", ">abcdef",
	    { OPEN, S("R", 1, 1, ""), C("A", 1, 1, "abc"), S("A", 1, 4, ""), AT(5000),
		TICK, C("A", 4, 1, "def") } },
	{ "data of the other side do not undo a RST", "<xyz >! <!",
	    { OPEN, C("R", 1, 1, ""), S("A", 1, 1, "xyz"), AT(5000), TICK } },
	{ "RST after FIN", ">abc >. <!",
	    { OPEN, C("FA", 1, 1, "abc"), C("R", 5, 1, ""), AT(1000), TICK } },
	{ "refused", ">! <!",
	    { C("S", 0, 0, ""), S("RA", 0x55555, 1, ""), AT(1000), TICK } },
	{ "refused, but not this SYN", "",
	    { C("S", 0, 0, ""), S("RA", 0x55555, 9, ""), AT(1000), TICK } },
	{ "RST with bytes held", ">abc >[2]f >! <!",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 6, 1, "f"), S("A", 1, 4, ""),
		C("R", 4, 1, ""), AT(1000), TICK } },
	{ "an absurd acknowledgment holds up nothing", ">abc <xyz |",
	    { OPEN, C("A", 1, 1u << 25, "abc"), S("A", 1, 1u << 25, "xyz"), MARK,
		AT(9000), TICK } },
	{ "an acknowledgment of an old window", ">abc <xyz |",
	    { OPEN, C("A", 1, 0u - (1u << 25), "abc"), S("A", 1, 0u - (1u << 25), "xyz"),
		MARK, AT(9000), TICK } },
	{ "an acknowledgment taken back in part", ">[3]",
	    { OPEN, S("A", 1, 10, ""), S("A", 1, 4, ""), AT(2001), TICK } },
	{ "end with data whose acknowledgment was taken back", "| >abc >. <.",
	    { OPEN, C("A", 1, 4, "abc"), S("A", 1, 1, ""), MARK, FINISH } },
	{ "data held behind a forged RST", ">abc",
	    { OPEN, C("A", 1, 1, "abc"), C("R", 4, 1, ""), C("A", 7, 1, "ghi"), AT(5000),
		TICK } },
	{ "a FIN inside held data", "| >abcdefgh",
	    { OPEN, C("A", 4, 1, "defgh"), C("FA", 6, 1, ""), MARK,
		C("A", 1, 1, "abc") } },
	{ "cut bytes inside held data", "| >abcdefgh >[2s]k",
	    { OPEN, C("A", 4, 1, "defgh"), C_CUT("A", 5, 1, "e", 5), C("A", 11, 1, "k"),
		MARK, C("A", 1, 1, "abc"), S("A", 1, 12, ""), AT(2001), TICK } },
	{ "a forged acknowledgment is taken back by the next", ">abc",
	    { OPEN, S("A", 1, 4, ""), S("A", 1, 1, ""), AT(2001), TICK,
		C("A", 1, 1, "abc") } },
	{ "a forged acknowledgment is challenged", ">abc",
	    { OPEN, S("A", 1, 4, ""), C("A", 1, 1, ""), AT(2001), TICK,
		C("A", 1, 1, "abc") } },
	{ "data with a forged acknowledgment wait two graces", "| >abc",
	    { OPEN, C("A", 1, 4, "abc"), S("A", 1, 1, ""), AT(4000), TICK, MARK, AT(4001),
		TICK } },
	{ "data far ahead of the stream", ">abcdef >. <.",
	    { OPEN, C("A", 1, 1, "abc"), C("A", 5 + (1u << 30), 1, "x"),
		C("A", 4, 1, "def"), FINISH } },
	{ "a FIN is all that is seen", "| >.",
	    { C("FA", 41, 1, ""), S("A", 1, 42, ""), MARK, AT(2001), TICK } },
	{ "a FIN that the stream went past", ">abcdefgh >.",
	    { OPEN, C("FA", 5, 1, ""), C("A", 1, 1, "abcdef"), C("FA", 7, 1, "gh") } },
	{ "a RST that the stream went past", ">abcdef",
	    { OPEN, C("A", 4, 1, "def"), C("R", 5, 1, ""), C("A", 1, 1, "abc"), AT(5000),
		TICK } },
	{ "a SYN that does not fit what is held", "| >abc",
	    { C("A", 41, 1, "abc"), C("S", 1u << 30, 0, ""), MARK, AT(2001), TICK } },
	{ "cut bytes and FIN come again", "| <xyz >ab >[3s] >.",
	    { OPEN, C_CUT("FA", 1, 4, "ab", 3), C_CUT("FA", 1, 4, "ab", 3),
		C("FA", 6, 4, ""), MARK, S("A", 1, 1, "xyz") } },
	{ "FIN with a later acknowledgment than the data in front",
	    "| <xyz >ab | <uvw >.",
	    { OPEN, C("A", 1, 4, "ab"), C("FA", 3, 7, ""), MARK, S("A", 1, 1, "xyz"),
		MARK, S("A", 4, 3, "uvw") } },
	{ "a SYN of another connection changes nothing", ">abcdef",
	    { OPEN, C("A", 1, 1, "abc"), C("S", 900, 0, "x"), C("A", 4, 1, "def") } },
};

struct trial {
	struct reasm reasm;
	struct reasm_pool *pool;
	struct origin now;
	uint32_t isn[2];
	char trace[2048];
	size_t n;
	int last_dir; /* of bytes at the end of the trace, else -1 */
	uint64_t sums[2], ends[2];
};

static void
trial_start(struct trial *t, size_t blocks, size_t held, uint32_t isn0, uint32_t isn1)
{
	struct reasm_limits limits = { .pool_blocks = blocks, .held_bytes = held };

	*t = (struct trial){ .isn = { isn0, isn1 }, .last_dir = -1 };
	t->now.ts_us = 1000000000;
	t->pool = reasm_pool_new(&limits);
	assert_non_null(t->pool);
	reasm_init(&t->reasm);
}

static void
trial_stop(struct trial *t)
{
	reasm_release(&t->reasm, t->pool);
	assert_int_equal(reasm_pool_stats(t->pool)->blocks_in_use, 0);
	assert_null(reasm_due(t->pool, INT64_MAX));
	reasm_pool_free(t->pool);
}

static void
trace(struct trial *t, int dir, const char *text, size_t n)
{
	if (dir != t->last_dir || dir < 0) {
		if (t->n > 0)
			t->trace[t->n++] = ' ';
		if (dir >= 0)
			t->trace[t->n++] = dir ? '<' : '>';
	}
	assert_true(t->n + n < sizeof(t->trace) - 4);
	memcpy(t->trace + t->n, text, n);
	t->n += n;
	t->trace[t->n] = '\0';
	t->last_dir = dir;
}

static void
drain(struct trial *t)
{
	static const char *const kinds[] = { "", "s", "l" };
	struct reasm_event e;
	char text[32];

	while (reasm_next(&t->reasm, t->pool, &e)) {
		assert_int_equal(t->ends[e.dir], 0);
		t->sums[e.dir] += e.kind == REASM_DATA ? e.data.n : e.gap_bytes;
		if (e.kind == REASM_DATA) {
			trace(t, e.dir, (const char *)e.data.p, e.data.n);
			continue;
		}
		t->last_dir = -1;
		if (e.kind == REASM_GAP)
			snprintf(text, sizeof(text), "[%llu%s]",
			    (unsigned long long)e.gap_bytes, kinds[e.gap]);
		else
			snprintf(text, sizeof(text), "%s", e.reset ? "!" : ".");
		t->ends[e.dir] += e.kind == REASM_END;
		trace(t, e.dir, text, strlen(text));
		if (e.kind == REASM_END)
			t->last_dir = -1;
	}
}

static struct segment
segment_of(const struct trial *t, const struct row *row)
{
	static const struct {
		char letter;
		uint8_t flag;
	} letters[] = { { 'F', TCP_FIN }, { 'S', TCP_SYN }, { 'R', TCP_RST },
		{ 'P', TCP_PSH }, { 'A', TCP_ACK } };
	struct segment s = {
		.seq = t->isn[row->dir] + row->seq,
		.ack = t->isn[!row->dir] + row->ack,
		.payload = slice_str(row->text),
		.wire_payload = (uint32_t)strlen(row->text) + row->n,
		.origin = t->now,
	};

	for (size_t i = 0; i < 5; i++)
		if (strchr(row->flags, letters[i].letter))
			s.flags |= letters[i].flag;
	return s;
}

static void
push_row(struct trial *t, const struct row *row)
{
	struct segment s;

	t->now.number++;
	s = segment_of(t, row);
	reasm_push(&t->reasm, t->pool, &s, row->dir);
	drain(t);
}

static void
play_row(struct trial *t, const struct row *row)
{
	switch (row->kind) {
	case ROW_SEGMENT:
		push_row(t, row);
		break;
	case ROW_AGAIN:
		for (uint32_t i = 0; i < row->n; i++)
			push_row(t, row - 1);
		break;
	case ROW_AT:
		t->now.ts_us = 1000000000 + (int64_t)row->n * 1000;
		break;
	case ROW_MARK:
		trace(t, -1, "|", 1);
		break;
	case ROW_TICK:
		reasm_tick(&t->reasm, t->pool, &t->now);
		drain(t);
		break;
	case ROW_FINISH:
		reasm_finish(&t->reasm, t->pool, &t->now);
		drain(t);
		break;
	case ROW_STOP:
		break;
	}
}

static void
play(struct trial *t, const struct row *row)
{
	for (; row->kind != ROW_STOP; row++)
		play_row(t, row);
}

static void
conversations_come_out_as_expected(void **state)
{
	static const uint32_t isns[][2] = { { 1000, 500000 }, { 0xfffffffe, 0xfffffffc },
		{ 0x7ffffffe, 0x7ffffffd }, { 0xffffffff, 0 } };
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(conversations) / sizeof(*conversations); i++) {
		const struct conversation *c = &conversations[i];

		for (size_t j = 0; j < 4; j++) {
			struct trial t;

			trial_start(
			    &t, 64, 16 * REASM_BLOCK_BYTES, isns[j][0], isns[j][1]);
			play(&t, c->rows);
			if (strcmp(t.trace, c->expected) != 0) {
				print_error("%s (%zu)\n  expected %s\n  came     %s\n",
				    c->name, j, c->expected, t.trace);
				failed++;
			}
			trial_stop(&t);
		}
	}
	assert_int_equal(failed, 0);
}

/* Which packet brought it. */

static void
origins_are_those_of_the_packets(void **state)
{
	static const struct row rows[] = { OPEN, C("A", 7, 1, "ghi"),
		C("A", 1, 1, "abc") };
	struct reasm_event e;
	struct segment s;
	struct trial t;

	(void)state;
	trial_start(&t, 64, 16 * REASM_BLOCK_BYTES, 5, 6);
	for (size_t i = 0; i < 4; i++)
		push_row(&t, &rows[i]);
	t.now.number++;
	s = segment_of(&t, &rows[4]);
	reasm_push(&t.reasm, t.pool, &s, 0);
	assert_true(reasm_next(&t.reasm, t.pool, &e));
	assert_int_equal(e.kind, REASM_DATA);
	assert_int_equal(e.origin.number, 5);
	assert_ptr_equal(e.data.p, s.payload.p); /* in order: lent, not copied */
	drain(&t);
	t.now.number++;
	reasm_finish(&t.reasm, t.pool, &t.now);
	assert_true(reasm_next(&t.reasm, t.pool, &e));
	assert_int_equal(e.kind, REASM_GAP);
	assert_int_equal(e.origin.number, 6);
	assert_true(reasm_next(&t.reasm, t.pool, &e));
	assert_int_equal(e.kind, REASM_DATA);
	assert_int_equal(e.origin.number, 4);
	drain(&t);
	trial_stop(&t);
}

/* Limits. */

static char filler[70000];

static void
push_bytes(
    struct trial *t, uint8_t dir, uint32_t seq, uint32_t ack, const char *p, size_t n)
{
	struct row row = { .kind = ROW_SEGMENT,
		.dir = dir,
		.flags = "A",
		.seq = seq,
		.ack = ack,
		.text = "" };
	struct segment s;

	t->now.number++;
	s = segment_of(t, &row);
	s.payload = slice_of(p, n);
	s.wire_payload = (uint32_t)n;
	reasm_push(&t->reasm, t->pool, &s, dir);
}

/* Takes the events without keeping them; returns what they cover. */
static uint64_t
drain_count(struct trial *t, struct reasm *reasm)
{
	struct reasm_event e;
	uint64_t sum = 0;

	while (reasm_next(reasm, t->pool, &e))
		sum += e.kind == REASM_DATA  ? e.data.n
		       : e.kind == REASM_GAP ? e.gap_bytes
					     : 0;
	return sum;
}

static void
open_trial(struct trial *t)
{
	static const struct row rows[] = { OPEN, { .kind = ROW_STOP } };

	play(t, rows);
}

static void
a_direction_holds_no_more_than_its_limit(void **state)
{
	const struct reasm_stats *stats;
	struct trial t;
	uint64_t sum = 0;

	(void)state;
	trial_start(&t, 1000, 10 * REASM_BLOCK_BYTES, 0xffff0000, 2);
	open_trial(&t);
	stats = reasm_pool_stats(t.pool);
	for (uint32_t i = 0; i < 100; i++) {
		push_bytes(&t, 0, 100 + i * 1500, 1, filler, 1500);
		sum += drain_count(&t, &t.reasm);
		assert_true(stats->blocks_in_use <= 10);
	}
	assert_int_equal(stats->gaps[REASM_GAP_LIMIT], 1);
	assert_int_equal(stats->gap_bytes[REASM_GAP_LIMIT], 99);
	assert_int_equal(sum, 99 + 150000);
	trial_stop(&t);
}

static void
a_large_segment_is_split_over_blocks(void **state)
{
	struct trial t;

	(void)state;
	trial_start(&t, 200, 100 * REASM_BLOCK_BYTES, 1, 2);
	open_trial(&t);
	push_bytes(&t, 0, 2, 1, filler, 65000);
	assert_int_equal(drain_count(&t, &t.reasm), 0);
	assert_int_equal(reasm_pool_stats(t.pool)->blocks_in_use, 41);
	push_bytes(&t, 0, 1, 1, filler, 10);
	assert_int_equal(drain_count(&t, &t.reasm), 65001);
	trial_stop(&t);
}

static void
small_neighbours_share_blocks(void **state)
{
	static const int steps[] = { 1, -1,
		2 }; /* ascending, descending, every other first */
	struct trial t;

	(void)state;
	for (size_t k = 0; k < 3; k++) {
		trial_start(&t, 5000, 5000 * REASM_BLOCK_BYTES, 1, 2);
		open_trial(&t);
		for (uint32_t i = 0; i < 1000; i++) {
			uint32_t at = steps[k] == 1  ? i
				      : steps[k] < 0 ? 999 - i
						     : i * 2 % 1000 + i / 500;

			push_bytes(&t, 0, 2 + at, 1, filler + at, 1);
			assert_int_equal(drain_count(&t, &t.reasm), 0);
		}
		assert_int_equal(reasm_pool_stats(t.pool)->blocks_in_use, 1);
		push_bytes(&t, 0, 1, 1, "x", 1);
		assert_int_equal(drain_count(&t, &t.reasm), 1001);
		trial_stop(&t);
	}
}

static void
hostile_orders_stay_bounded(void **state)
{
	struct trial t;

	(void)state;
	trial_start(&t, 10000, (size_t)1 << 30, 1, 2);
	open_trial(&t);
	for (uint32_t i = 0; i < 200000; i++) {
		uint32_t at = i * 2654435761u % 1000000;

		push_bytes(&t, 0, 2 + at * 2, 1 + i % 2, filler, 1);
		drain_count(&t, &t.reasm);
		assert_true(
		    reasm_pool_stats(t.pool)->blocks_in_use <= REASM_HELD_BLOCKS_MAX);
	}
	trial_stop(&t);
}

static void
the_oldest_holder_gives_way(void **state)
{
	static const struct segment syn = { .seq = 0, .flags = TCP_SYN };
	const struct reasm_stats *stats;
	struct reasm conns[3];
	struct trial t;

	(void)state;
	trial_start(&t, 10, 4 * REASM_BLOCK_BYTES, 1, 2);
	stats = reasm_pool_stats(t.pool);
	for (int i = 0; i < 3; i++) {
		struct segment s = syn;

		reasm_init(&conns[i]);
		reasm_push(&conns[i], t.pool, &s, 0);
		drain_count(&t, &conns[i]);
		for (uint32_t j = 0; j < 4; j++) {
			s = (struct segment){ .seq = 11 + j * 1600,
				.payload = slice_of(filler, 1600),
				.wire_payload = 1600 };
			reasm_push(&conns[i], t.pool, &s, 0);
			assert_int_equal(drain_count(&t, &conns[i]), 0);
		}
	}
	assert_int_equal(stats->evictions, 1);
	assert_int_equal(stats->blocks_in_use, 8);
	assert_ptr_equal(reasm_due(t.pool, INT64_MAX), &conns[0]); /* has a gap to tell */
	reasm_tick(&conns[0], t.pool, &t.now);
	assert_int_equal(drain_count(&t, &conns[0]), 10 + 4 * 1600);
	assert_int_equal(stats->gaps[REASM_GAP_LIMIT], 1);
	assert_ptr_equal(reasm_due(t.pool, INT64_MAX), &conns[1]);
	for (int i = 0; i < 3; i++)
		reasm_release(&conns[i], t.pool);
	trial_stop(&t);
}

static void
a_segment_larger_than_the_pool_is_given_up(void **state)
{
	const struct reasm_stats *stats;
	struct trial t;

	(void)state;
	trial_start(&t, 4, (size_t)1 << 20, 1, 2);
	stats = reasm_pool_stats(t.pool);
	push_bytes(&t, 0, 41, 1, filler, 10000); /* start in the middle */
	assert_int_equal(drain_count(&t, &t.reasm), 10000);
	assert_int_equal(
	    stats->gap_bytes[REASM_GAP_LIMIT], 10000 - 4 * REASM_BLOCK_BYTES);
	assert_int_equal(stats->evictions, 0);
	push_bytes(&t, 0, 10041, 1, filler, 10);
	assert_int_equal(drain_count(&t, &t.reasm), 10);
	trial_stop(&t);
}

static void
an_evicted_fin_still_ends_its_direction(void **state)
{
	static const struct row fin[] = { C("FA", 41, 1, "abc"), { .kind = ROW_STOP } };
	struct reasm other;
	struct segment s = { .flags = TCP_ACK | TCP_PSH,
		.payload = slice_of(filler, 6000),
		.wire_payload = 6000 };
	struct trial t;

	(void)state;
	trial_start(&t, 4, (size_t)1 << 20, 1, 2);
	play(&t, fin);
	reasm_init(&other);
	reasm_push(&other, t.pool, &s, 0);
	drain_count(&t, &other);
	assert_int_equal(reasm_pool_stats(t.pool)->evictions, 1);
	reasm_tick(&t.reasm, t.pool, &t.now);
	drain(&t);
	assert_string_equal(t.trace, ">[3l] >.");
	reasm_release(&other, t.pool);
	trial_stop(&t);
}

/*
 * Random conversations against their originals. A segment acknowledges all that the other
 * side sent before it; needs[d][i] says how much of the other direction must be out
 * before byte i of direction d may be.
 */

enum { STREAM_MAX = 3000, SENT_MAX = 1200 };

struct sent {
	uint8_t dir;
	uint8_t flags;
	uint32_t from, to, ack; /* stream offsets */
	uint32_t cut;           /* of its last bytes, by the snap length */
	uint32_t key;           /* place in the capture */
};

struct talk {
	uint8_t bytes[2][STREAM_MAX];
	uint32_t needs[2][STREAM_MAX];
	bool captured[2][STREAM_MAX];
	uint32_t n[2];
	struct sent sent[SENT_MAX];
	size_t sent_n;
	uint64_t out[2], lost[2];
	bool shown[2]; /* a direction never seen is not waited for */
};

static uint32_t random_state;

static uint32_t
below(uint32_t n)
{
	random_state = random_state * 1664525u + 1013904223u;
	return (uint32_t)((uint64_t)random_state * n >> 32);
}

static void
talk_send(
    struct talk *k, uint8_t dir, uint8_t flags, uint32_t from, uint32_t to, uint32_t ack)
{
	assert_true(k->sent_n < SENT_MAX);
	k->sent[k->sent_n] = (struct sent){ .dir = dir,
		.flags = flags,
		.from = from,
		.to = to,
		.ack = ack,
		.key = (uint32_t)k->sent_n };
	k->sent_n++;
}

static void
talk_make(struct talk *k)
{
	uint32_t turns = 4 + below(60);

	memset(k, 0, sizeof(*k));
	talk_send(k, 0, TCP_SYN, 0, 0, 0);
	talk_send(k, 1, TCP_SYN | TCP_ACK, 0, 0, 0);
	while (turns-- > 0) {
		uint8_t dir = (uint8_t)below(2);
		uint32_t n = below(4) == 0 ? 0 : 1 + below(below(2) ? 3 : 40),
			 from = k->n[dir];

		for (uint32_t i = from; i < from + n; i++) {
			k->bytes[dir][i] = (uint8_t)below(256);
			k->needs[dir][i] = k->n[!dir];
		}
		k->n[dir] += n;
		talk_send(k, dir, TCP_ACK | TCP_PSH, from, from + n, k->n[!dir]);
	}
	for (uint8_t dir = 0; dir < 2; dir++)
		talk_send(k, dir, TCP_FIN | TCP_ACK, k->n[dir], k->n[dir], k->n[!dir]);
}

/* Copies with other boundaries: what a sender may send again, that is nothing its peer
 * acknowledged with bytes that it has. */
static void
talk_resend(struct talk *k, unsigned percent)
{
	size_t n = k->sent_n;

	for (size_t i = 2; i < n; i++) {
		struct sent s = k->sent[i];
		uint32_t least;

		if (s.from == s.to || below(100) >= percent)
			continue;
		least = s.ack > 0 ? k->needs[!s.dir][s.ack - 1] : 0;
		s.from = least + below(s.from - least + 1);
		s.to -= below(s.to - s.from);
		s.ack = k->needs[s.dir][s.to - 1];
		s.key = k->sent[i].key + below(6);
		talk_send(k, s.dir, s.flags, s.from, s.to, s.ack);
		k->sent[k->sent_n - 1].key = s.key;
	}
}

static int
by_key(const void *a, const void *b)
{
	const struct sent *s = a, *t = b;

	return s->key != t->key ? (s->key < t->key ? -1 : 1) : 0;
}

static void
talk_shuffle(struct talk *k, uint32_t reach)
{
	for (size_t i = 0; i < k->sent_n; i++)
		k->sent[i].key = k->sent[i].key * 64 + below(64 * reach);
	qsort(k->sent, k->sent_n, sizeof(*k->sent), by_key);
}

static void
talk_event(struct talk *k, const struct reasm_event *e)
{
	uint64_t at = k->out[e->dir];

	if (e->kind == REASM_GAP) {
		assert_int_not_equal(e->gap, REASM_GAP_LIMIT);
		for (uint64_t i = 0; i < e->gap_bytes; i++)
			assert_false(k->captured[e->dir][at + i]);
		k->lost[e->dir] += e->gap_bytes;
		k->out[e->dir] += e->gap_bytes;
	}
	if (e->kind != REASM_DATA)
		return;
	assert_true(at + e->data.n <= k->n[e->dir]);
	assert_memory_equal(e->data.p, k->bytes[e->dir] + at, e->data.n);
	for (size_t i = 0; i < e->data.n; i++) {
		assert_true(k->captured[e->dir][at + i]);
		assert_true(
		    !k->shown[!e->dir] || k->out[!e->dir] >= k->needs[e->dir][at + i]);
	}
	k->out[e->dir] += e->data.n;
}

static void
talk_push(struct talk *k, struct trial *t, const struct sent *s)
{
	struct segment segment = {
		.seq = t->isn[s->dir] + s->from + (s->flags & TCP_SYN ? 0 : 1),
		.ack = t->isn[!s->dir] + s->ack + 1,
		.flags = s->flags,
		.payload = slice_of(k->bytes[s->dir] + s->from, s->to - s->from - s->cut),
		.wire_payload = s->to - s->from,
		.origin = t->now,
	};
	struct reasm_event e;

	t->now.number++;
	t->now.ts_us += 1000;
	k->shown[s->dir] |= s->from < s->to || (s->flags & TCP_SYN);
	reasm_push(&t->reasm, t->pool, &segment, s->dir);
	while (reasm_next(&t->reasm, t->pool, &e))
		talk_event(k, &e);
}

static void
talk_play(struct talk *k)
{
	struct reasm_event e;
	struct trial t;

	trial_start(
	    &t, 4096, (size_t)1 << 22, 0u - below(STREAM_MAX), 0u - below(STREAM_MAX));
	for (size_t i = 0; i < k->sent_n; i++)
		for (uint32_t j = k->sent[i].from; j + k->sent[i].cut < k->sent[i].to;
		     j++)
			k->captured[k->sent[i].dir][j] = true;
	for (size_t i = 0; i < k->sent_n; i++)
		talk_push(k, &t, &k->sent[i]);
	reasm_finish(&t.reasm, t.pool, &t.now);
	while (reasm_next(&t.reasm, t.pool, &e))
		talk_event(k, &e);
	for (int d = 0; d < 2; d++) {
		uint64_t missing = 0;

		for (uint32_t i = 0; i < k->n[d]; i++)
			missing += !k->captured[d][i];
		assert_int_equal(k->lost[d], missing);
		assert_int_equal(k->out[d], k->n[d]);
	}
	trial_stop(&t);
}

static void
talk_drop(struct talk *k, size_t i)
{
	memmove(&k->sent[i], &k->sent[i + 1], (k->sent_n - i - 1) * sizeof(*k->sent));
	k->sent_n--;
}

static void
random_conversations_equal_their_originals(void **state)
{
	static struct talk k;

	(void)state;
	for (uint32_t seed = 0; seed < 4000; seed++) {
		random_state = seed;
		talk_make(&k);
		talk_resend(&k, seed % 3 * 30);
		talk_shuffle(&k, 1 + seed % 7);
		if (seed % 4 == 3)
			for (size_t i = k.sent_n; i-- > 0;)
				if (k.sent[i].flags & TCP_SYN)
					talk_drop(&k, i); /* starts in the middle */
		talk_play(&k);
	}
}

static void
random_losses_leave_exact_gaps(void **state)
{
	static struct talk k;

	(void)state;
	for (uint32_t seed = 0; seed < 4000; seed++) {
		random_state = seed;
		talk_make(&k);
		talk_shuffle(&k, 1 + seed % 4);
		for (size_t i = k.sent_n; i-- > 0;)
			if (!(k.sent[i].flags & (TCP_SYN | TCP_FIN)) && below(100) < 15)
				talk_drop(&k, i);
			else if (seed % 2 && below(100) < 15)
				k.sent[i].cut = below(k.sent[i].to - k.sent[i].from + 1);
		talk_play(&k);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conversations_come_out_as_expected),
		cmocka_unit_test(origins_are_those_of_the_packets),
		cmocka_unit_test(a_direction_holds_no_more_than_its_limit),
		cmocka_unit_test(a_large_segment_is_split_over_blocks),
		cmocka_unit_test(small_neighbours_share_blocks),
		cmocka_unit_test(hostile_orders_stay_bounded),
		cmocka_unit_test(the_oldest_holder_gives_way),
		cmocka_unit_test(a_segment_larger_than_the_pool_is_given_up),
		cmocka_unit_test(an_evicted_fin_still_ends_its_direction),
		cmocka_unit_test(random_conversations_equal_their_originals),
		cmocka_unit_test(random_losses_leave_exact_gaps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
