/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_REASM_H
#define RELAYWATCH_REASM_H

/*
 * Both directions of one TCP connection (RFC 9293): segments in, bytes in stream order
 * and gaps out. In-order payload is lent straight from the packet; only what must wait is
 * copied, into blocks of a shared pool.
 *
 * Rules, each with a test:
 * - Of bytes sent twice the copy that arrived first wins, held or delivered.
 * - Data that acknowledges bytes of the other direction waits until those were delivered
 *   or given up: the two directions come out in an order the endpoints could have seen.
 *   A direction never seen is not waited for, and nothing waits for longer than twice the
 *   grace. Data that wait for each other come out as they arrived.
 * - A hole is lost (a gap) when the other side acknowledged it and its data still did not
 *   come within REASM_GRACE_PACKETS further packets of its own direction or
 *   REASM_GRACE_US; when more is held than the limits allow; and when the connection
 *   ends. A hole nobody acknowledged is one for the endpoints too, and may be filled
 *   late. Where no acknowledgment is ever seen (a capture of one direction) the grace
 *   alone decides, with REASM_BLIND_PACKETS.
 * - The last acknowledgment counts, not the highest: a lower one, or a bare segment
 *   of the side that is said to have sent more, takes a forged one back. One for bytes
 *   more than REASM_ACK_BYTES beyond anything seen is not believed, nor is data more
 *   than REASM_AHEAD_BYTES (the largest window, RFC 7323 section 2.3) ahead.
 * - A sequence number that was acknowledged behind all that was seen may be a lost FIN:
 *   it is no gap unless data follow behind it.
 * - A direction whose SYN was not seen starts, after one grace, at the lowest data held
 *   by then; or where a SYN-ACK of the other side says. A single byte without PSH does
 *   not start it: it may be a keep-alive (RFC 9293 section 3.8.4).
 * - A FIN with data behind it is none.
 * - Bytes the snap length cut are a gap of their own kind at their place in the stream.
 * - A RST ends a connection only when its sequence number is where the stream is
 *   (RFC 5961 section 3), and only if its sender sends nothing new within
 *   REASM_LINGER_US: a forged one must not blind us.
 */

#include "packet.h"

enum {
	REASM_GRACE_PACKETS = 16,
	REASM_GRACE_US = 2000000,
	REASM_LINGER_US = 1000000,
	REASM_BLOCK_BYTES = 1600, /* payload of one pool block: a full Ethernet segment */
	REASM_BLIND_PACKETS = 256,
	REASM_ACK_BYTES = 1 << 22,
	REASM_AHEAD_BYTES = 1 << 30,
	REASM_HELD_BLOCKS_MAX = 1024, /* of one direction: bounds the walk to a place */
};

enum reasm_kind {
	REASM_DATA,
	REASM_GAP,
	REASM_END, /* this direction is over: FIN, RST or the capture's end */
};

enum reasm_gap {
	REASM_GAP_LOST,    /* acknowledged by the other side, never captured */
	REASM_GAP_SNAPLEN, /* on the wire, cut by the snap length */
	REASM_GAP_LIMIT,   /* given up because too much was held */
};

/* Only the fields of its kind are set. */
struct reasm_event {
	enum reasm_kind kind;
	uint8_t dir; /* 0: from the side that opened the connection, 1: to it */
	struct slice
	    data; /* REASM_DATA; lent until the next reasm_next() or reasm_push() */
	uint64_t gap_bytes;
	enum reasm_gap gap;
	bool reset;           /* REASM_END by RST */
	struct origin origin; /* the packet that brought it, or made it known */
};

struct reasm_limits {
	size_t pool_blocks; /* shared by all connections */
	size_t held_bytes; /* one direction of one connection may hold so much, counted in
			      whole blocks: at most half the pool and
			      REASM_HELD_BLOCKS_MAX */
};

struct reasm_stats {
	uint64_t gaps[3]; /* by enum reasm_gap */
	uint64_t gap_bytes[3];
	uint64_t duplicates;   /* segments that brought nothing new */
	uint64_t overlaps;     /* segments partly seen before */
	uint64_t conflicts;    /* overlaps whose bytes differ from the copy held */
	uint64_t out_of_order; /* segments that had to wait */
	uint64_t evictions;    /* connections whose held bytes were given up for others */
	uint64_t blocks_in_use;
};

struct reasm_pool;

/* All memory is reserved here. NULL when the system refuses it. */
struct reasm_pool *reasm_pool_new(const struct reasm_limits *limits);
void reasm_pool_free(struct reasm_pool *pool);
const struct reasm_stats *reasm_pool_stats(const struct reasm_pool *pool);

/* One connection; embed it, never copy it. The fields are reasm.c's own, but delivered
 * and lost may be read. */
struct reasm_segment; /* a held segment in the pool */

struct reasm_half {
	uint16_t flags;
	uint32_t next;      /* sequence number of the next byte to deliver */
	uint32_t seen;      /* behind the highest byte seen */
	uint32_t acked;     /* what the other side acknowledged last */
	uint32_t packets;   /* sent in this direction */
	uint64_t delivered; /* stream bytes delivered */
	uint64_t lost;      /* stream bytes in gaps */
	struct reasm_segment *first, *last; /* held, by sequence number */
	uint32_t blocks;                    /* held */
	uint32_t isn;
	uint32_t fin;          /* behind the last byte */
	uint32_t cut;          /* up to here the snap length cut */
	uint32_t forced;       /* up to here held bytes were given up */
	uint32_t hole_ack;     /* the hole up to here was acknowledged ... */
	uint32_t hole_packets; /* ... when packets was this */
	int64_t hole_since_us;
};

struct reasm_link {
	struct reasm *older, *newer;
};

struct reasm {
	uint16_t flags;
	uint32_t reset_seq;
	struct reasm_half half[2];
	struct reasm_link link[2]; /* in the pool's lists: holders, and those due */
	int64_t due_us;
	int64_t reset_at_us;
};

void reasm_init(struct reasm *reasm);

/* Returns all held blocks to the pool; the connection is forgotten. */
void reasm_release(struct reasm *reasm, struct reasm_pool *pool);

/*
 * Takes one segment sent in direction dir. Afterwards call reasm_next() until there is
 * nothing more, before the next packet is read.
 */
void reasm_push(struct reasm *reasm, struct reasm_pool *pool,
    const struct segment *segment, uint8_t dir);
/* False: there is nothing more until the next segment. */
bool reasm_next(struct reasm *reasm, struct reasm_pool *pool, struct reasm_event *event);

/*
 * Packet time went on without packets of this connection: holes older than the grace
 * are given up and a lingering reset takes effect. Follow with reasm_next().
 */
void reasm_tick(struct reasm *reasm, struct reasm_pool *pool, const struct origin *now);

/* No more will come (expiry, end of input, port reuse): everything held is delivered with
 * its gaps, then both directions end. Follow with reasm_next(). */
void reasm_finish(struct reasm *reasm, struct reasm_pool *pool, const struct origin *now);

/*
 * The connection to look at next, because it holds bytes, has an open hole or a lingering
 * reset, where it is due for reasm_tick(), else NULL. It goes to the end of the line
 * then: while there is one due, tick it and take its events.
 */
struct reasm *reasm_due(const struct reasm_pool *pool, int64_t now_us);

/* Both directions ended and all was delivered. */
bool reasm_is_over(const struct reasm *reasm);

#endif
