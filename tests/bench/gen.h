/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The parts of pcapgen. A session is one TCP connection that is told step by step
 * what is said next (its script) and emits one packet a tick; pcapgen.c keeps the
 * open sessions in a heap by time. All of a session's choices come from its own
 * random numbers, so memory holds only what is open.
 */
#ifndef TESTS_GEN_H
#define TESTS_GEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../tools/pcapwrite.h"
#include "../tools/prng.h"

/* Bytes made once at start; what is sent are ranges of whole lines out of them. */
enum pool_kind {
	POOL_TEXT,
	POOL_BASE64,
	POOL_HTML,
	POOL_DOTS,
	POOL_LONG,
	POOL_BINARY,
	POOL_TLS,
	POOL_COUNT,
};

struct pool {
	uint8_t *data;
	size_t len;
	uint32_t *starts; /* of lines (TLS: of records) */
	uint32_t count;
};

struct range {
	const struct pool *pool;
	size_t at;
	size_t left;
};

struct truth {
	uint64_t tcp_connections;
	uint64_t smtp_sessions;
	uint64_t smtp_tls_sessions;
	uint64_t smtp_without_mail;
	uint64_t transactions;
	uint64_t rcpt_total;
	uint64_t rcpt_accepted;
	uint64_t messages_delivered;
	uint64_t messages_rejected;
	uint64_t transactions_no_rcpt;
	uint64_t transactions_aborted;
	uint64_t relay_refused;
	uint64_t relay_accepted;
	uint64_t relayed_confirmed;
	uint64_t http_requests;
	uint64_t tls_connections;
	uint64_t mail_bytes;
	uint64_t packets_reordered;
	uint64_t packets_duplicated;
};

enum profile {
	PROFILE_SMTP,
	PROFILE_MIXED,
	PROFILE_TINY,
	PROFILE_FLOWS,
};

/* A message is made again from its seed when it is relayed. */
struct message {
	uint64_t seed; /* addresses, headers, body */
	uint32_t rcpts;
	uint32_t inside_ip;  /* the relaying server */
	uint32_t outside_ip; /* who handed it in */
	uint64_t ready_us;
};

enum { RELAY_QUEUE_MAX = 4096 };

struct gen {
	struct pcap_writer *out;
	struct prng rng;
	enum profile profile;
	bool clean; /* nothing reordered or duplicated */
	uint64_t size_bytes;
	uint64_t now_us;
	uint64_t serial;        /* of the next session */
	uint64_t payload_bytes; /* planned, to keep the share of mail */
	struct truth truth;
	struct pool pools[POOL_COUNT];
	struct message relays[RELAY_QUEUE_MAX];
	unsigned relay_first;
	unsigned relay_count;
};

enum { SPEECH_TEXT_MAX = 4096, SPEECH_TAIL_MAX = 64 };

/* What one side says before it waits for the other. */
struct speech {
	enum tcp_side side;
	size_t text_at;
	size_t text_len;
	struct range body;
	size_t tail_at;
	size_t tail_len;
	char text[SPEECH_TEXT_MAX];
	char tail[SPEECH_TAIL_MAX];
};

/* A packet kept back: captured late, or a second time. */
struct held {
	size_t len;    /* 0: none */
	unsigned wait; /* packets of the session that go first */
	uint8_t frame[FRAME_MAX];
};

enum route {
	ROUTE_IN,        /* from outside to our users */
	ROUTE_OUT,       /* from our users to outside */
	ROUTE_PROBE,     /* third-party mail that is refused */
	ROUTE_RELAY_IN,  /* third-party mail that is taken */
	ROUTE_RELAY_OUT, /* ... and leaves again */
};

struct smtp_plan {
	struct message message;
	enum route route;
	unsigned step;
	unsigned transactions_left;
	unsigned rcpt; /* index of the current recipient */
	unsigned accepted;
	bool pipelining;
	bool starttls;
};

struct web_plan {
	unsigned step;
	unsigned requests_left;
};

enum phase {
	PHASE_SYN,
	PHASE_SYN_ACK,
	PHASE_ACK,
	PHASE_TALK,
	PHASE_FIN,
	PHASE_FIN_BACK,
	PHASE_LAST_ACK,
	PHASE_OVER,
};

struct session;

/* Fills s->say; false when nothing more is said and the connection closes. */
typedef bool say_next_fn(struct gen *g, struct session *s);

struct session {
	uint64_t due_us;
	uint64_t serial;
	struct prng rng;
	struct tcp_conn tcp;
	enum phase phase;
	say_next_fn *say_next;
	uint32_t rtt_us;
	uint32_t think_us; /* before the next speech; the script may raise it */
	unsigned unacked;  /* segments since the last pure ACK */
	unsigned window;   /* segments until the next wait for an ACK */
	bool reset_at_end;
	struct speech say;
	struct held held;
	union {
		struct smtp_plan smtp;
		struct web_plan web;
	};
};

void pools_make(struct gen *g);

void pools_free(struct gen *g);

/* About `want` bytes: whole lines from a line's start on. */
struct range pool_range(const struct pool *pool, struct prng *rng, size_t want);

size_t range_copy(struct range *range, uint8_t *to, size_t max);

/* From 1 KB to 1 MB, few of them large. */
size_t size_random(struct prng *rng);

void session_start(struct gen *g, struct session *s, uint64_t start_us);

/* Emits one packet and sets the time of the next. */
void session_tick(struct gen *g, struct session *s);

void say(struct session *s, enum tcp_side side);

void say_text(struct session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* In 198.18.0.0/15; with a port by serial number no 5-tuple comes back soon. */
uint32_t outside_address(const struct session *s);

void set_ends(struct session *s, uint32_t client, uint32_t server, uint16_t server_port);

/* The scripts: each picks the addresses and sets s->say_next. */

void smtp_start(struct gen *g, struct session *s);

void smtp_start_relay(struct gen *g, struct session *s, const struct message *m);

void http_start(struct gen *g, struct session *s);

void tls_start(struct gen *g, struct session *s);

/* Goes on as TLS after a STARTTLS. */
void tls_continue(struct session *s);

/* The `flows` profile: a million flows open at once, without session state. */
void flows_generate(struct gen *g);

#endif
