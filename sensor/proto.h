/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PROTO_H
#define RELAYWATCH_PROTO_H

/*
 * The contract of a protocol parser, and the table of all of them. A parser is a pure
 * incremental push parser: it knows no packets, flows, clocks, logs or heap; its state is
 * a fixed block that the caller owns. A message may be cut at any byte, both directions
 * interleave, and gaps are told. Feeding a conversation whole, byte by byte or cut at any
 * offset gives the same facts.
 */

#include "fact.h"

enum proto_role {
	PROTO_REQUESTER, /* SMTP client, proxy client: not always who opened the
			    connection */
	PROTO_RESPONDER,
};

/* One step of one direction: data, a gap, or the end. The parser consumes from it. */
struct proto_input {
	struct slice data; /* used up from the front */
	uint64_t gap;      /* bytes lost here; set to 0 when taken */
	bool end; /* nothing more comes in this direction; set to false when taken */
};

/*
 * PROTO_MORE with data, gap or end left in *input: the parser waits for the other
 * direction, say for a grant before what was sent ahead of it is INNER. The caller holds
 * what is left and all that follows it in this direction, in order and bounded, and gives
 * it again each time the other direction got on (its data, gap or end was parsed). Both
 * may have something left at once, as when the replies to two requests come in one piece
 * while the second request is still held: they are given again in turn until neither gets
 * on. With none a parser waits once the direction it waits for has ended. What does not
 * fit the bound is told as a gap.
 */
enum proto_result {
	PROTO_MORE,  /* all input was taken, or what is left must wait */
	PROTO_FACT,  /* all of *fact is set; call again with the same input */
	PROTO_INNER, /* from here on this direction carries another protocol */
	PROTO_DONE,  /* the rest of the connection is of no interest (TLS, binary) */
	PROTO_BAD,   /* this was not our protocol after all */
};

enum proto_probe {
	PROTO_NO,
	PROTO_MAYBE, /* more bytes are needed */
	PROTO_YES,
};

/* Whether text begins with word, in the same case, or may when more has come. */
enum proto_probe proto_begins(struct slice text, const char *word);

enum proto_probe_flag {
	PROTO_PROBE_LAST = 0x01, /* no more bytes will be shown: MAYBE counts as NO */
	PROTO_PROBE_MAIL_PORT = 0x02, /* the responder's port is a configured mail port */
	PROTO_PROBE_MIDSTREAM = 0x04, /* the capture did not see the connection begin */
	PROTO_PROBE_TLS_PORT =
	    0x08, /* the responder's port is one of implicit TLS mail */
	PROTO_PROBE_INSIDE =
	    0x10, /* the stream inside a tunnel; the ports are its target's */
	PROTO_PROBE_FETCHER =
	    0x20, /* its opener was lately asked to fetch something by name */
};

struct proto {
	const char *name; /* as in EVE app_proto */
	size_t state_bytes;
	/* Judges the first bytes of both directions (each may be empty). Must be cheap on
	 * traffic that is not its own: most connections are seen once and dropped. */
	enum proto_probe (*probe)(
	    struct slice requester, struct slice responder, unsigned flags);
	void (*init)(void *state);
	/* Brings what parse() will touch near; where NULL, the front of the state. */
	void (*prefetch)(const void *state);
	enum proto_result (*parse)(void *state, enum proto_role role,
	    struct proto_input *input, struct fact *fact);
};

static inline void
prefetch_bytes(const void *p, size_t bytes)
{
	for (size_t i = 0; i < bytes; i += 64)
		__builtin_prefetch((const char *)p + i, 1);
}

/* How many bytes of a direction a probe may ask for. */
enum { PROTO_PROBE_BYTES = 1024 };

/* All protocols, NULL-terminated. */
extern const struct proto *const proto_table[];

/* The largest state_bytes of the table. */
size_t proto_state_max(void);

extern const struct proto proto_smtp;
extern const struct proto proto_smtps;
extern const struct proto proto_tls;
extern const struct proto proto_web;
extern const struct proto proto_ssh;
extern const struct proto proto_socks;
extern const struct proto proto_http;
extern const struct proto proto_telnet;

#endif
