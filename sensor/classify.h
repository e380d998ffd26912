/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CLASSIFY_H
#define RELAYWATCH_CLASSIFY_H

/*
 * What a stream carries that no parser claims, by its looks: a word for people, or
 * nothing. TLS, HTTP and SSH are told by our own probes, all others by nDPI, which sees
 * one conversation at a time, as packets made of the stream's first octets in order. The
 * word depends on these and on the server's port alone, not on how the stream was cut
 * into segments nor on what was seen before. A flood of conversations gets no words
 * beyond CLASSIFY_TALKS in a second. One for each pipeline. nDPI's 7 MiB and 15
 * ms are spent with the first conversation that needs it, as many runs have none; they
 * do not grow with traffic.
 */

#include "bytes.h"
#include "stats.h"

enum {
	CLASSIFY_PIECES = 6,  /* turns of a conversation that are looked at */
	CLASSIFY_BYTES = 512, /* of one of them */
	CLASSIFY_WORD_MAX = 15,
	CLASSIFY_TALKS = 4096, /* shown to nDPI in a second: some 30 ms */
};

struct classify_piece {
	uint8_t dir;
	struct slice bytes;
};

struct classify;

/* NULL when out of memory. */
struct classify *classify_new(void);
void classify_free(struct classify *classify);

/* By the first octets of both directions alone: "tls", "http", "ssh" or NULL. Cheap. */
const char *classify_begin(struct classify *classify, const struct slice seen[2]);

/* By a conversation: at most CLASSIFY_PIECES pieces are looked at. A static word in lower
 * case, or NULL: unknown, or skipped as there were too many in this second. */
const char *classify_talk(struct classify *classify, uint16_t server_port,
    const struct classify_piece *piece, unsigned count);

/* Another second of packet time begins. */
void classify_tick(struct classify *classify);

/* How often each word was given, where it was. */
void classify_stats(const struct classify *classify, struct stats_visitor *v);

#endif
