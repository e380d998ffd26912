/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RECORD_H
#define RELAYWATCH_RECORD_H

/*
 * The one door out of the sensor: session + what happened in it. A record is a fixed head
 * with at most FACT_TEXT_MAX inline bytes behind it, copied into a queue, ordered by
 * (packet, sequence). Analyzers see nothing else of the traffic.
 */

#include "addr.h"
#include "fact.h"
#include "packet.h"

enum record_class {
	RECORD_CONN,   /* a TCP connection with a home endpoint: opened, answered, over */
	RECORD_PREFIX, /* fingerprint of the first stream bytes of one direction */
	RECORD_TURN,   /* the payload direction of an unclaimed connection changed */
	RECORD_FACT,   /* a protocol fact */
};

enum record_conn_event {
	RECORD_CONN_SYN,
	RECORD_CONN_ESTABLISHED, /* SYN-ACK, or the first segment of one met in the middle
				  */
	RECORD_CONN_HALF_CLOSED,
	RECORD_CONN_CLOSED, /* FINs, RST, expiry or the end of the capture */
};

enum record_conn_flag {
	RECORD_CONN_MIDSTREAM = 0x01, /* its beginning was not captured */
	RECORD_CONN_SYN_DATA = 0x02,  /* payload in the SYN (RFC 7413) */
	RECORD_CONN_RESET = 0x04,
	RECORD_CONN_ONE_SIDED = 0x08, /* only one direction was captured */
	RECORD_CONN_EXPIRED = 0x10,   /* no packets for long, or evicted */
	RECORD_CONN_REFUSED = 0x20,   /* the SYN was answered by RST */
};

enum { RECORD_DEPTH_MAX = 4 }; /* protocols inside each other */

/*
 * How far away the client's TCP and the client's commands are, as seen from here: the
 * smallest times between what the server sent and its acknowledgment, or the command that
 * answers it. Delayed acknowledgments are left out. -1: no sample.
 */
struct round_trip {
	int32_t tcp_us, command_us;
	uint16_t tcp_samples, command_samples;
};

/* A connection and who is who in it. */
struct session {
	uint64_t flow_id;       /* the same on every run, at most 2^53 */
	struct endpoint client; /* facts: the requester; else who opened the connection */
	struct endpoint server;
	uint8_t depth;                 /* 0: on TCP itself, 1: inside a tunnel, ... */
	uint8_t via[RECORD_DEPTH_MAX]; /* enum fact_tunnel of the tunnels around it, the
					  outermost first; `depth` of them */
	uint8_t vlan_layers;
	uint16_t vlan[VLAN_LAYERS_MAX];
	struct endpoint target; /* inside a tunnel: the address that was asked for, of the
				   innermost; port 0: none, or asked for by name */
	struct round_trip round_trip; /* up to this record */
	int64_t start_us;
	struct origin start;   /* the first packet of the connection */
	const char *app_proto; /* name of the parser that claimed it, or NULL; static */
	const char *label;     /* what nobody claims, by its looks, or NULL; static */
};

/* Who serves: the connection's server, or what a tunnel was asked to reach. */
static inline const struct endpoint *
session_service(const struct session *session)
{
	return session->depth > 0 ? &session->target : &session->server;
}

struct record_conn {
	enum record_conn_event event;
	uint8_t flags;         /* enum record_conn_flag */
	uint8_t dir;           /* HALF_CLOSED: which direction ended */
	int32_t rtt_us;        /* SYN to SYN-ACK as seen here, -1 unknown */
	uint64_t bytes[2];     /* CLOSED: unique stream bytes, client's first */
	uint64_t gap_bytes[2]; /* CLOSED: as far as the stream was rebuilt */
	uint64_t packets[2];
};

enum { RECORD_PREFIXES = 3 }; /* 16, 32, 64 bytes */

struct record_prefix { /* of the stream at session.depth: tunnels have their own inside */
	uint8_t dir;
	uint8_t lengths;                /* how many of the three are known: 1..3 */
	uint64_t hash[RECORD_PREFIXES]; /* XXH3-64, seed 0; a PROXY header is skipped */
	int64_t ts_us[RECORD_PREFIXES]; /* when the last byte of each came */
	uint64_t both; /* sum of the first hashes of both directions, with the second of
			  them; else 0 */
};

struct record_turn {
	uint8_t dir;    /* who speaks now */
	uint64_t bytes; /* what the other had said */
};

struct record_fact {
	enum fact_type type;
	uint8_t flags;
	bool ok;
	union {
		enum fact_header header;
		enum fact_abort abort;
		enum fact_oddity oddity;
		enum fact_tunnel tunnel;
	};
	uint16_t code;
	uint16_t port;
	uint32_t tx;
	uint64_t size, size_back;
	uint64_t body_hash;
	uint32_t body_bytes;
	uint16_t text_len[FACT_TEXTS]; /* lengths of the texts, which lie one after
					  another behind the record */
};

struct record {
	uint32_t total_bytes; /* head and inline bytes, rounded up to 8 */
	enum record_class class;
	uint32_t sequence;    /* within the packet */
	struct origin origin; /* the packet that made it known */
	uint64_t packet;      /* number of that packet in the whole run */
	struct session session;
	union {
		struct record_conn conn;
		struct record_prefix prefix;
		struct record_turn turn;
		struct record_fact fact;
	};
	/* The texts follow: record_text(). */
};

static inline struct slice
record_text(const struct record *r, unsigned index)
{
	const uint8_t *p = (const uint8_t *)(r + 1);

	for (unsigned i = 0; i < index; i++)
		p += r->fact.text_len[i];
	return slice_of(p, r->fact.text_len[index]);
}

struct record_queue;

struct record_queue *record_queue_new(size_t bytes);
void record_queue_free(struct record_queue *queue);

/*
 * Room for a record with so many bytes of texts behind it, to be filled in place and
 * given to record_queue_push() before anything else is asked of the queue. NULL when the
 * queue is full; the record is lost and counted.
 */
struct record *record_queue_reserve(struct record_queue *queue, size_t text_bytes);
void record_queue_push(struct record_queue *queue, struct record *record);

/* The oldest record, lent until record_queue_pop(); NULL when empty. */
const struct record *record_queue_peek(const struct record_queue *queue);
void record_queue_pop(struct record_queue *queue);

/* At most max of those that wait, the oldest first, lent until they are popped. Returns
 * how many. */
size_t record_queue_list(
    const struct record_queue *queue, const struct record **list, size_t max);

size_t record_queue_bytes(const struct record_queue *queue);
uint64_t record_queue_lost(const struct record_queue *queue);

#endif
