/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapgen: makes captures for measuring, with the truth about what is in them. The
 * same seed, profile and size give the same bytes on any machine.
 */
#include "gen.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	OPEN_SESSIONS_MIN = 20,
	OPEN_SESSIONS_MAX = 1000,
	BYTES_PER_OPEN_SESSION = 512 << 10, /* of the file */
	START_SPREAD_US = 4000000,
	START_GAP_US = 2000,
};

static const uint64_t start_us = 1795256400000000u; /* 2026-11-21 10:20 UTC */

/* The open sessions, the one that is due first on top. */
struct heap {
	struct session *at[OPEN_SESSIONS_MAX];
	unsigned count;
};

static bool
is_before(const struct session *a, const struct session *b)
{
	return a->due_us != b->due_us ? a->due_us < b->due_us : a->serial < b->serial;
}

static void
sift_down(struct heap *h, unsigned i)
{
	struct session *moved = h->at[i];

	for (unsigned child; (child = 2 * i + 1) < h->count; i = child) {
		if (child + 1 < h->count && is_before(h->at[child + 1], h->at[child]))
			child++;
		if (!is_before(h->at[child], moved))
			break;
		h->at[i] = h->at[child];
	}
	h->at[i] = moved;
}

static bool
restart(struct gen *g, struct session *s)
{
	uint64_t start = g->now_us + prng_below(&g->rng, START_GAP_US);

	if (pcapwrite_bytes(g->out) >= g->size_bytes) {
		if (g->relay_count == 0)
			return false;
		if (g->relays[g->relay_first].ready_us > start)
			start = g->relays[g->relay_first].ready_us;
	}
	session_start(g, s, start);
	return true;
}

static unsigned
open_sessions(uint64_t size_bytes)
{
	uint64_t n = size_bytes / BYTES_PER_OPEN_SESSION;

	if (n < OPEN_SESSIONS_MIN)
		return OPEN_SESSIONS_MIN;
	return n < OPEN_SESSIONS_MAX ? (unsigned)n : OPEN_SESSIONS_MAX;
}

static void
generate_sessions(struct gen *g)
{
	struct heap heap = { .count = open_sessions(g->size_bytes) };
	struct session *sessions = calloc(heap.count, sizeof(*sessions));
	struct session *top;

	if (sessions == NULL)
		err(EX_OSERR, NULL);
	for (unsigned i = 0; i < heap.count; i++) {
		session_start(
		    g, &sessions[i], g->now_us + prng_below(&g->rng, START_SPREAD_US));
		heap.at[i] = &sessions[i];
	}
	for (unsigned i = heap.count; i-- > 0;)
		sift_down(&heap, i);
	while (heap.count > 0) {
		top = heap.at[0];
		g->now_us = top->due_us;
		session_tick(g, top);
		if (top->phase == PHASE_OVER && !restart(g, top))
			heap.at[0] = heap.at[--heap.count];
		if (heap.count > 0)
			sift_down(&heap, 0);
	}
	free(sessions);
}

static void
write_truth(const struct gen *g, const char *path)
{
	const struct truth *t = &g->truth;
	const struct {
		const char *key;
		uint64_t value;
	} lines[] = {
		{ "packets", pcapwrite_packets(g->out) },
		{ "file_bytes", pcapwrite_bytes(g->out) },
		{ "bytes",
		    pcapwrite_bytes(g->out) - 24 - 16 * pcapwrite_packets(g->out) },
		{ "tcp_connections", t->tcp_connections },
		{ "smtp_sessions", t->smtp_sessions },
		{ "smtp_events",
		    t->transactions + t->smtp_without_mail + t->smtp_tls_sessions },
		{ "smtp_tls_sessions", t->smtp_tls_sessions },
		{ "smtp_without_mail", t->smtp_without_mail },
		{ "transactions", t->transactions },
		{ "rcpt_total", t->rcpt_total },
		{ "rcpt_accepted", t->rcpt_accepted },
		{ "messages_delivered", t->messages_delivered },
		{ "messages_rejected", t->messages_rejected },
		{ "transactions_no_rcpt", t->transactions_no_rcpt },
		{ "transactions_aborted", t->transactions_aborted },
		{ "relay_refused", t->relay_refused },
		{ "relay_accepted", t->relay_accepted },
		{ "relayed_confirmed", t->relayed_confirmed },
		{ "http_requests", t->http_requests },
		{ "tls_connections", t->tls_connections },
		{ "packets_reordered", t->packets_reordered },
		{ "packets_duplicated", t->packets_duplicated },
	};
	FILE *out = fopen(path, "w");

	if (out == NULL)
		err(EX_CANTCREAT, "%s", path);
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		fprintf(
		    out, "%s %llu\n", lines[i].key, (unsigned long long)lines[i].value);
	if (fclose(out) != 0)
		err(EX_IOERR, "%s", path);
}

static void
usage(void)
{
	fprintf(stderr, "usage: pcapgen [-c] [-s SEED] [-m smtp|mixed|tiny|flows] "
			"[-b SIZE[K|M|G]] -o FILE [-t TRUTHFILE]\n");
	exit(EX_USAGE);
}

static uint64_t
parse_size(const char *text)
{
	char *end;
	uint64_t size = strtoull(text, &end, 10);

	if (*end == 'K')
		size <<= 10, end++;
	else if (*end == 'M')
		size <<= 20, end++;
	else if (*end == 'G')
		size <<= 30, end++;
	if (end == text || *end != '\0')
		usage();
	return size;
}

static enum profile
parse_profile(const char *name)
{
	static const char *const names[] = {
		[PROFILE_SMTP] = "smtp",
		[PROFILE_MIXED] = "mixed",
		[PROFILE_TINY] = "tiny",
		[PROFILE_FLOWS] = "flows",
	};

	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return (enum profile)i;
	usage();
	return PROFILE_SMTP;
}

int
main(int argc, char **argv)
{
	static struct gen g = { .rng = { 1 }, .size_bytes = 1 << 30 };
	const char *file = NULL, *truth = NULL;
	int option;

	while ((option = getopt(argc, argv, "cs:m:b:o:t:")) != -1) {
		switch (option) {
		case 'c':
			g.clean = true;
			break;
		case 's':
			g.rng.state = strtoull(optarg, NULL, 0);
			break;
		case 'm':
			g.profile = parse_profile(optarg);
			break;
		case 'b':
			g.size_bytes = parse_size(optarg);
			break;
		case 'o':
			file = optarg;
			break;
		case 't':
			truth = optarg;
			break;
		default:
			usage();
		}
	}
	if (file == NULL || optind != argc)
		usage();
	g.out = pcapwrite_open(file);
	g.now_us = start_us;
	pools_make(&g);
	if (g.profile == PROFILE_FLOWS)
		flows_generate(&g);
	else
		generate_sessions(&g);
	if (truth != NULL)
		write_truth(&g, truth);
	pcapwrite_close(g.out);
	pools_free(&g);
	return EX_OK;
}
