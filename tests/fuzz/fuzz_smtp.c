/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The input is a conversation: pieces of either side, each behind a byte that says whose
 * it is and what (data, a gap, the end) and one with its length. It is fed twice, the
 * second time byte by byte: no crash, the same facts, and every transaction ends once.
 */
#include <stdio.h>
#include <stdlib.h>

#include "../held.h"

enum { TX_MAX = 256 };

struct run {
	void *state;
	struct held *held[2];
	uint64_t digest, facts, bytes;
	bool over;
	unsigned ends;
	uint8_t tx[TX_MAX]; /* 1: some fact of it was told, 2: it is over */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void
digest(struct run *run, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++)
		run->digest = (run->digest ^ p[i]) * 0x100000001b3;
}

static void
note(struct run *run, const struct fact *fact)
{
	uint64_t fixed[] = { fact->type, fact->flags, fact->ok, fact->abort, fact->code,
		fact->tx, fact->size, fact->body_hash, fact->body_bytes };
	size_t n = 0;

	digest(run, fixed, sizeof(fixed));
	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		digest(run, fact->text[i].p, fact->text[i].n);
		n += fact->text[i].n;
	}
	require(n <= FACT_TEXT_MAX, "too much text");
	require(run->ends == 0, "a fact behind the end");
	run->ends += fact->type == FACT_END;
	run->facts++;
	if (fact->type < FACT_MAIL || fact->type > FACT_ABORT || fact->tx >= TX_MAX)
		return;
	require(run->tx[fact->tx] != 2, "a fact of a transaction that is over");
	run->tx[fact->tx] = fact->type == FACT_FINAL || fact->type == FACT_ABORT ? 2 : 1;
}

/* As far as the parser takes it. True when it took something. */
static bool
offer(void *context, enum proto_role role, struct proto_input *input)
{
	struct proto_input before = *input;
	enum proto_result result = PROTO_FACT;
	struct run *run = context;
	struct fact fact;

	while (result == PROTO_FACT) {
		memset(&fact, 0xa5, sizeof(fact)); /* all of it is the parser's to set */
		result = proto_smtp.parse(run->state, role, input, &fact);
		if (result == PROTO_FACT)
			note(run, &fact);
		require(run->facts <= 4 * run->bytes + 64, "too many facts");
	}
	run->over = result != PROTO_MORE;
	return before.data.n != input->data.n || before.gap != input->gap ||
	       before.end != input->end;
}

static bool
is_over(const void *context)
{
	const struct run *run = context;

	return run->over;
}

static void
feed(struct run *run, enum proto_role role, struct proto_input input)
{
	const struct held_parser parser = { run, offer, is_over };

	if (run->over)
		return;
	run->bytes += input.data.n + 1;
	held_give(run->held, role, input, &parser);
}

static void
feed_data(struct run *run, enum proto_role role, const uint8_t *p, size_t n, size_t piece)
{
	for (size_t at = 0; at < n; at += piece) {
		size_t one = n - at < piece ? n - at : piece;

		feed(run, role, (struct proto_input){ .data = slice_of(p + at, one) });
	}
}

static void
converse(struct run *run, struct slice in, size_t piece)
{
	bool ended[2] = { false, false };

	proto_smtp.init(run->state);
	while (in.n >= 2) {
		enum proto_role role = (enum proto_role)(in.p[0] & 1);
		unsigned what = in.p[0] >> 1 & 15, n = in.p[1];

		in = slice_tail(in, 2);
		if (ended[role])
			continue;
		if (what == 15) {
			ended[role] = true;
			feed(run, role, (struct proto_input){ .end = true });
		} else if (what == 14) {
			feed(run, role, (struct proto_input){ .gap = n + 1u });
		} else {
			feed_data(run, role, in.p, n < in.n ? n : in.n, piece);
			in = slice_tail(in, n);
		}
	}
	for (unsigned role = 0; role < 2; role++) {
		if (!ended[role])
			feed(run, (enum proto_role)role,
			    (struct proto_input){ .end = true });
	}
}

static void
check(const struct run *run)
{
	require(run->over, "not over");
	require(run->held[0] == NULL && run->held[1] == NULL, "input left over");
	for (unsigned i = 0; i < TX_MAX && run->ends > 0; i++)
		require(run->tx[i] != 1, "a transaction that never ends");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run whole = { 0 }, bytes = { 0 };
	struct slice in = slice_of(data, size);

	proto_smtp.probe(in, slice_of(data, 0), size & 15);
	proto_smtp.probe(slice_of(data, 0), in, size & 15);
	whole.state = malloc(proto_smtp.state_bytes);
	require(whole.state != NULL, "memory");
	memset(whole.state, 0xa5, proto_smtp.state_bytes);
	converse(&whole, in, SIZE_MAX);
	check(&whole);
	bytes.state = whole.state;
	converse(&bytes, in, 1);
	check(&bytes);
	require(whole.digest == bytes.digest && whole.facts == bytes.facts,
	    "facts depend on the cuts");
	free(whole.state);
	return 0;
}
