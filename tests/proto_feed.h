/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TESTS_PROTO_FEED_H
#define RELAYWATCH_TESTS_PROTO_FEED_H

/*
 * Feeds a conversation to a protocol parser and renders its facts as lines of text. The
 * check every parser must pass: fed whole, byte by byte, and cut in two at every offset,
 * the facts are equal; and with a gap anywhere it keeps its promises. Every piece is fed
 * from a block of its own exact size, and the state begins as garbage, so that sanitizers
 * see a parser that reads too far or relies on zeros.
 */

#include "proto.h"

struct feed_turn {
	enum proto_role role;
	const char *bytes;
	size_t n;
	bool end; /* of this direction, behind the bytes */
};

/* Lines of the requester (client) and the responder (server), with CRLF; RAW without. */
#define C(text)                                                                          \
	{                                                                                \
		PROTO_REQUESTER, text "\r\n", sizeof(text "\r\n") - 1, false             \
	}
#define S(text)                                                                          \
	{                                                                                \
		PROTO_RESPONDER, text "\r\n", sizeof(text "\r\n") - 1, false             \
	}
#define C_RAW(text)                                                                      \
	{                                                                                \
		PROTO_REQUESTER, text, sizeof(text) - 1, false                           \
	}
#define S_RAW(text)                                                                      \
	{                                                                                \
		PROTO_RESPONDER, text, sizeof(text) - 1, false                           \
	}
#define C_END                                                                            \
	{                                                                                \
		PROTO_REQUESTER, "", 0, true                                             \
	}
#define S_END                                                                            \
	{                                                                                \
		PROTO_RESPONDER, "", 0, true                                             \
	}

enum { FEED_TURNS = 64 };

struct feed_talk {
	const char *name;
	struct feed_turn turn[FEED_TURNS]; /* up to the first without bytes and end */
	const char *facts; /* expected; see feed_line(). Hashes are left out */
};

struct feed {
	const struct proto *proto;
	void *state;
	char *text; /* the facts as lines */
	size_t text_n, text_max;
	bool with_hash;
	bool quiet; /* facts are only counted */
	uint64_t facts;
	uint64_t count[32];       /* by type */
	enum proto_result result; /* of the last call */
	struct held *held[2];     /* by role: what the parser lets wait, oldest first */
	/* Called for every fact, where set. */
	void (*watch)(void *context, const struct fact *fact);
	void *context;
};

void feed_init(struct feed *feed, const struct proto *proto);
void feed_release(struct feed *feed);

void feed_bytes(struct feed *feed, enum proto_role role, const void *bytes, size_t n);
void feed_gap(struct feed *feed, enum proto_role role, uint64_t n);
void feed_end(struct feed *feed, enum proto_role role);

/* All of a talk, both ends at last where it does not say so. */
void feed_whole(struct feed *feed, const struct feed_talk *talk);

/* Whole, byte by byte and cut everywhere; the facts must be those of the talk. */
void feed_check(const struct proto *proto, const struct feed_talk *talk);

/*
 * With a gap of each of a few lengths at each offset of each direction: judge() sees the
 * facts of each run as they come, and is told when a run begins (NULL).
 */
void feed_check_gaps(const struct proto *proto, const struct feed_talk *talk,
    void (*judge)(void *context, const struct fact *fact), void *context);

#endif
