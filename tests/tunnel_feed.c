/* SPDX-License-Identifier: BSD-2-Clause */
#include "tunnel_feed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum { TEXT_MAX = 65536, HELD_MAX = 8192, STEPS_MAX = 100000 };

struct text {
	size_t n;
	char s[TEXT_MAX];
};

/* One side: what waits to be parsed, and what is inner of it. */
struct side {
	struct proto_input held[HELD_MAX];
	uint8_t *bytes[HELD_MAX];
	size_t first, count;
	bool inner;
	struct text text;
};

struct feeder {
	const struct proto *proto;
	void *state;
	struct side side[2];
	struct text facts;
	enum proto_result result;
	bool over;
	bool asked;
	uint32_t asked_tx;
};

static void put(struct text *text, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
put(struct text *text, const char *format, ...)
{
	va_list ap;
	int n;

	va_start(ap, format);
	n = vsnprintf(text->s + text->n, sizeof(text->s) - text->n, format, ap);
	va_end(ap);
	assert_true(n >= 0 && text->n + (size_t)n < sizeof(text->s));
	text->n += (size_t)n;
}

static void
put_slice(struct text *text, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\r')
			put(text, "\\r");
		else if (s.p[i] == '\n')
			put(text, "\\n");
		else if (s.p[i] >= ' ' && s.p[i] < 0x7f)
			put(text, "%c", s.p[i]);
		else
			put(text, "\\x%02x", s.p[i]);
	}
}

static const char *const tunnel_name[] = {
	[FACT_TUNNEL_HTTP_CONNECT] = "connect",
	[FACT_TUNNEL_HTTP_POST] = "post",
	[FACT_TUNNEL_HTTP_GET] = "get",
	[FACT_TUNNEL_SOCKS4] = "socks4",
	[FACT_TUNNEL_SOCKS4A] = "socks4a",
	[FACT_TUNNEL_SOCKS5] = "socks5",
	[FACT_TUNNEL_TELNET] = "telnet",
};

static void
put_asked(struct feeder *f, const struct fact *fact)
{
	assert_true(!f->asked || fact->tx == f->asked_tx + 1);
	assert_true(f->asked || fact->tx == 0);
	f->asked = true;
	f->asked_tx = fact->tx;
	assert_true(fact->text[0].n <= 255 && fact->text[1].n <= 255);
	assert_true(fact->text[2].n <= 200);
	put(&f->facts, "asked %s ", tunnel_name[fact->tunnel]);
	put_slice(&f->facts, fact->text[0]);
	put(&f->facts, ":%u", fact->port);
	if (fact->text[1].n > 0)
		put(&f->facts, " user=");
	put_slice(&f->facts, fact->text[1]);
	if (fact->text[2].n > 0)
		put(&f->facts, " line=");
	put_slice(&f->facts, fact->text[2]);
}

static void
put_fact(struct feeder *f, const struct fact *fact)
{
	put(&f->facts, "%u ", fact->tx);
	if (fact->type == FACT_TUNNEL_ASKED) {
		put_asked(f, fact);
	} else {
		assert_true(f->asked && fact->tx == f->asked_tx);
		assert_true(fact->type == FACT_TUNNEL_GRANTED ||
			    fact->type == FACT_TUNNEL_REFUSED);
		assert_true(fact->text[0].n <= 200);
		put(&f->facts, "%s %u",
		    fact->type == FACT_TUNNEL_GRANTED ? "granted" : "refused",
		    fact->code);
		put(&f->facts, fact->text[0].n > 0 ? " " : "");
		put_slice(&f->facts, fact->text[0]);
	}
	put(&f->facts, "%s%s\n", fact->flags & FACT_CUT ? " [cut]" : "",
	    fact->flags & FACT_UNSURE ? " [unsure]" : "");
}

static void
feeder_init(struct feeder *f, const struct proto *proto)
{
	f->proto = proto;
	f->over = f->asked = false;
	f->facts.n = 0;
	for (unsigned role = 0; role < 2; role++) {
		f->side[role].first = f->side[role].count = f->side[role].text.n = 0;
		f->side[role].inner = false;
	}
	f->state = malloc(proto->state_bytes);
	assert_non_null(f->state);
	memset(f->state, 0xa5, proto->state_bytes);
	proto->init(f->state);
}

static void
drop_held(struct side *side)
{
	for (size_t i = side->first; i < side->count; i++)
		free(side->bytes[i]);
	side->first = side->count = 0;
}

static void
feeder_release(struct feeder *f)
{
	drop_held(&f->side[0]);
	drop_held(&f->side[1]);
	free(f->state);
}

/* Gives one held step to the parser. True when anything of it was taken. */
static bool
offer(struct feeder *f, enum proto_role role)
{
	struct side *side = &f->side[role];
	struct proto_input *input = &side->held[side->first], before = *input;
	struct fact fact;
	bool told = false;

	for (unsigned i = 0;; i++) {
		memset(&fact, 0xa5, sizeof(fact)); /* all of it is the parser's to set */
		assert_true(i < STEPS_MAX);
		f->result = f->proto->parse(f->state, role, input, &fact);
		if (f->result != PROTO_FACT)
			break;
		put_fact(f, &fact);
		told = true;
	}
	f->over = f->result == PROTO_DONE || f->result == PROTO_BAD;
	side->inner |= f->result == PROTO_INNER;
	return told || side->inner || f->over || input->data.n < before.data.n ||
	       input->gap < before.gap || input->end != before.end;
}

/* The first held step of an inner side goes to its text. */
static void
take_inner(struct side *side)
{
	put_slice(&side->text, side->held[side->first].data);
	side->held[side->first] = (struct proto_input){ 0 };
}

static bool
pump(struct feeder *f, enum proto_role role)
{
	struct side *side = &f->side[role];
	bool moved = false;

	while ((side->inner || !f->over) && side->first < side->count) {
		struct proto_input *input = &side->held[side->first];

		if (side->inner)
			take_inner(side);
		else if (!offer(f, role))
			break;
		else
			moved = true;
		if (side->inner ||
		    (input->data.n == 0 && input->gap == 0 && !input->end)) {
			if (side->inner)
				take_inner(side);
			free(side->bytes[side->first++]);
		} else if (!f->over && f->result == PROTO_MORE) {
			break;
		}
	}
	if (side->first == side->count)
		side->first = side->count = 0;
	return moved;
}

static void
feed(struct feeder *f, enum proto_role role, const void *bytes, size_t n, uint64_t gap,
    bool end)
{
	struct side *side = &f->side[role];

	if ((f->over && !side->inner) || (n == 0 && gap == 0 && !end))
		return;
	assert_true(side->count < HELD_MAX);
	side->bytes[side->count] = malloc(n);
	if (n > 0)
		memcpy(side->bytes[side->count], bytes, n);
	side->held[side->count] = (struct proto_input){
		.data = slice_of(side->bytes[side->count], n), .gap = gap, .end = end
	};
	side->count++;
	while (pump(f, role)) {
		role = !role;
		if (f->side[role].first == f->side[role].count)
			break;
	}
}

/* Both ends were given: nothing may wait for what will never come. */
static void
finish(struct feeder *f)
{
	static const char *const who[] = { "client", "server" };

	for (unsigned role = 0; role < 2; role++) {
		struct side *side = &f->side[role];

		assert_true(f->over || side->first == side->count);
		if (side->inner) {
			put(&f->facts, "%s> ", who[role]);
			put(&f->facts, "%s\n", side->text.n > 0 ? side->text.s : "");
		}
	}
	if (f->over)
		put(&f->facts, "%s\n", f->result == PROTO_DONE ? "done" : "bad");
}

static void
feed_ends(struct feeder *f, const struct feed_talk *talk)
{
	bool ended[2] = { false, false };

	for (size_t i = 0; i < FEED_TURNS && talk->turn[i].bytes != NULL; i++)
		ended[talk->turn[i].role] |= talk->turn[i].end;
	for (unsigned role = 0; role < 2; role++) {
		if (!ended[role])
			feed(f, (enum proto_role)role, NULL, 0, 0, true);
	}
}

/* Pieces of at most so many bytes; that turn is cut there, too. */
static void
feed_talk(struct feeder *f, const struct feed_talk *talk, size_t piece, size_t index,
    size_t cut)
{
	for (size_t i = 0; i < FEED_TURNS && talk->turn[i].bytes != NULL; i++) {
		const struct feed_turn *turn = &talk->turn[i];
		size_t n;

		for (size_t at = 0; at < turn->n; at += n) {
			n = turn->n - at < piece ? turn->n - at : piece;
			if (i == index && at < cut && at + n > cut)
				n = cut - at;
			feed(f, turn->role, turn->bytes + at, n, 0, false);
		}
		feed(f, turn->role, NULL, 0, 0, turn->end);
	}
	feed_ends(f, talk);
	finish(f);
}

static struct feeder feeder, gapped;

static void
check_lines(const struct proto *proto, const struct feed_talk *talk, const char *how,
    size_t piece, size_t index, size_t cut)
{
	feeder_init(&feeder, proto);
	feed_talk(&feeder, talk, piece, index, cut);
	if (strcmp(feeder.facts.s, talk->facts) != 0)
		print_error("%s, %s %zu %zu:\n-- got\n%s-- expected\n%s", talk->name, how,
		    index, cut, feeder.facts.s, talk->facts);
	assert_string_equal(feeder.facts.s, talk->facts);
	feeder_release(&feeder);
}

void
tunnel_check_cuts(const struct proto *proto, const struct feed_talk *talk)
{
	check_lines(proto, talk, "whole", SIZE_MAX, 0, 0);
	check_lines(proto, talk, "byte by byte", 1, 0, 0);
	check_lines(proto, talk, "in threes", 3, 0, 0);
	for (size_t i = 0; i < FEED_TURNS && talk->turn[i].bytes != NULL; i++) {
		for (size_t cut = 1; cut < talk->turn[i].n; cut++)
			check_lines(proto, talk, "cut", SIZE_MAX, i, cut);
	}
}

/* The line up to its end or its flags is one of the talk's. */
static bool
is_told(const char *line, const char *lines)
{
	size_t n = strcspn(line, "\n");
	const char *flags = memmem(line, n, " [", 2);

	if (flags != NULL)
		n = (size_t)(flags - line);
	for (; *lines != '\0'; lines += strcspn(lines, "\n") + 1) {
		if (strncmp(line, lines, n) == 0 && (lines[n] == '\n' || lines[n] == ' '))
			return true;
	}
	return false;
}

/*
 * Octets of an inner stream are in order among those it has without gaps; but behind a
 * gap the line ends that scanners send after CONNECT may as well be inner.
 */
static bool
is_part(const char *part, const char *who, const char *lines)
{
	const char *whole = strstr(lines, who);

	if (whole == NULL)
		return part[0] == '\0';
	whole += strlen(who);
	while (strncmp(part, "\\r", 2) == 0 || strncmp(part, "\\n", 2) == 0)
		part += 2;
	for (; *part != '\0'; part++, whole++) {
		while (*whole != '\n' && *whole != *part)
			whole++;
		if (*whole == '\n')
			return false;
	}
	return true;
}

static void
check_gapped(const struct feed_talk *talk, unsigned role, size_t start, size_t end)
{
	static const char *const who[] = { "client> ", "server> " };
	bool good = true;

	for (const char *line = gapped.facts.s; gapped.facts.n > 0 && *line != '\0';
	     line += strcspn(line, "\n") + 1)
		good &= is_told(line, talk->facts);
	for (unsigned i = 0; i < 2; i++) {
		if (gapped.side[i].text.n > 0)
			good &= is_part(gapped.side[i].text.s, who[i], talk->facts);
	}
	if (!good)
		print_error(
		    "%s, gap in %s %zu to %zu:\n-- got\n%sclient> %s\nserver> %s\n",
		    talk->name, role == 0 ? "client" : "server", start, end,
		    gapped.facts.n > 0 ? gapped.facts.s : "",
		    gapped.side[0].text.n > 0 ? gapped.side[0].text.s : "",
		    gapped.side[1].text.n > 0 ? gapped.side[1].text.s : "");
	assert_true(good);
}

static void
run_gap(const struct proto *proto, const struct feed_talk *talk, unsigned role,
    size_t start, size_t end)
{
	size_t at = 0;

	feeder_init(&gapped, proto);
	gapped.facts.s[0] = '\0';
	for (size_t i = 0; i < FEED_TURNS && talk->turn[i].bytes != NULL; i++) {
		const struct feed_turn *turn = &talk->turn[i];

		for (size_t k = 0; k < turn->n; k++) {
			if (turn->role != role || at < start || at >= end)
				feed(&gapped, turn->role, turn->bytes + k, 1, 0, false);
			else if (at == start)
				feed(&gapped, turn->role, NULL, 0, end - start, false);
			at += turn->role == role;
		}
		feed(&gapped, turn->role, NULL, 0, 0, turn->end);
	}
	feed_ends(&gapped, talk);
	assert_true(gapped.over || gapped.side[0].first == gapped.side[0].count);
	check_gapped(talk, role, start, end);
	feeder_release(&gapped);
}

static void
check_gaps(const struct proto *proto, const struct feed_talk *talk)
{
	static const size_t length[] = { 1, 2, 3, 5, 9, 17, 40, 100 };
	size_t total[2] = { 0, 0 };

	for (size_t i = 0; i < FEED_TURNS && talk->turn[i].bytes != NULL; i++)
		total[talk->turn[i].role] += talk->turn[i].n;
	for (unsigned role = 0; role < 2; role++) {
		for (size_t i = 0; i < COUNT(length); i++) {
			for (size_t at = 0; at + length[i] <= total[role]; at++)
				run_gap(proto, talk, role, at, at + length[i]);
		}
	}
}

/* All of a talk as probes see it, octet by octet. */
static void
check_probes(const struct proto *proto, const struct feed_talk *talk)
{
	static uint8_t bytes[2][PROTO_PROBE_BYTES];
	enum proto_probe answer = PROTO_MAYBE;
	size_t n[2] = { 0, 0 };

	for (size_t i = 0; i < FEED_TURNS && talk->turn[i].bytes != NULL; i++) {
		const struct feed_turn *turn = &talk->turn[i];

		for (size_t k = 0; k < turn->n && answer == PROTO_MAYBE; k++) {
			if (n[turn->role] == PROTO_PROBE_BYTES)
				break;
			bytes[turn->role][n[turn->role]++] = (uint8_t)turn->bytes[k];
			answer = proto->probe(
			    slice_of(bytes[0], n[0]), slice_of(bytes[1], n[1]), 0);
		}
	}
	if (answer == PROTO_MAYBE)
		answer = proto->probe(
		    slice_of(bytes[0], n[0]), slice_of(bytes[1], n[1]), PROTO_PROBE_LAST);
	if (answer != PROTO_YES)
		print_error("%s: probe says %d after %zu and %zu octets\n", talk->name,
		    answer, n[0], n[1]);
	assert_int_equal(answer, PROTO_YES);
}

void
tunnel_check_parse(const struct proto *proto, const struct feed_talk *talk)
{
	tunnel_check_cuts(proto, talk);
	check_gaps(proto, talk);
}

void
tunnel_check(const struct proto *proto, const struct feed_talk *talk)
{
	check_probes(proto, talk);
	tunnel_check_parse(proto, talk);
}

void
tunnel_check_secret(
    const struct proto *proto, const struct feed_talk *talk, const char *secret)
{
	size_t piece[] = { SIZE_MAX, 1, 7 };

	tunnel_check(proto, talk);
	for (size_t i = 0; i < COUNT(piece); i++) {
		feeder_init(&feeder, proto);
		feed_talk(&feeder, talk, piece[i], 0, 0);
		assert_null(
		    memmem(feeder.state, proto->state_bytes, secret, strlen(secret)));
		feeder_release(&feeder);
	}
}

static unsigned
next_random(unsigned *seed)
{
	*seed = *seed * 1103515245u + 12345u;
	return *seed >> 16;
}

void
tunnel_check_random(const struct proto *proto, unsigned seed, const char *alphabet)
{
	size_t letters = alphabet != NULL ? strlen(alphabet) : 0;
	uint8_t bytes[64];

	for (unsigned run = 0; run < 3000; run++) {
		feeder_init(&feeder, proto);
		for (unsigned i = 0; i < 24; i++) {
			size_t n = next_random(&seed) % sizeof(bytes);

			for (size_t k = 0; k < n; k++) {
				bytes[k] = (uint8_t)next_random(&seed);
				if (letters > 0 && bytes[k] < 0xf0)
					bytes[k] = (uint8_t)alphabet[bytes[k] % letters];
			}
			proto->probe(slice_of(bytes, n), slice_of(bytes, n / 2),
			    next_random(&seed) % 16);
			feed(&feeder, next_random(&seed) & 1, bytes, n,
			    next_random(&seed) % 32 == 0, false);
		}
		feed(&feeder, PROTO_REQUESTER, NULL, 0, 0, true);
		feed(&feeder, PROTO_RESPONDER, NULL, 0, 0, true);
		finish(&feeder);
		feeder_release(&feeder);
	}
}

void
tunnel_check_probe(const struct proto *proto, const struct tunnel_probe *probe)
{
	uint8_t *c = malloc(probe->requester_n), *s = malloc(probe->responder_n);
	enum proto_probe answer;

	memcpy(c, probe->requester, probe->requester_n);
	memcpy(s, probe->responder, probe->responder_n);
	answer = proto->probe(slice_of(c, probe->requester_n),
	    slice_of(s, probe->responder_n), probe->flags);
	if (answer != probe->expected)
		print_error("%s: %d, not %d\n", probe->name, answer, probe->expected);
	free(c);
	free(s);
	assert_int_equal(answer, probe->expected);
}
