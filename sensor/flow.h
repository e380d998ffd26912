/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_FLOW_H
#define RELAYWATCH_FLOW_H

/*
 * The table of TCP connections, by 5-tuple. Buckets of one cache line (8 tags, 8 indexes)
 * stand in front of entries of one cache line, so that a packet of a known connection
 * costs two misses, both of which a batch can prefetch. All memory is reserved at start;
 * a full table gives up, among a few candidates, one that may be made up, else one
 * without data, else the one idle for longest.
 */

#include "packet.h"
#include "stats.h"

enum flow_flag {
	FLOW_SYN = 0x01, /* seen from the opener */
	FLOW_SYN_ACK = 0x02,
	FLOW_DATA = 0x04, /* carried payload */
	FLOW_SETTLED =
	    0x08,           /* its first bytes were judged; it needs no more rebuilding */
	FLOW_HOME = 0x10,   /* one endpoint is in home-net */
	FLOW_TURNS = 0x20,  /* payload turns are recorded */
	FLOW_TURN_1 = 0x40, /* the acceptor spoke last */
	FLOW_TWIN = 0x80,   /* the other side of a NAT of a connection already seen */
	FLOW_RESET = 0x100,
	FLOW_CLOSED = 0x200, /* its end was recorded */
	FLOW_FIN_0 = 0x400,
	FLOW_FIN_1 = 0x800,
	FLOW_SYN_DATA = 0x1000,
	FLOW_IN_USE = 0x2000,
	FLOW_ANSWERED = 0x4000, /* the SYN-ACK was acknowledged by its number */
};

/* What a packet touches. Direction 0 is from the side that opened the connection. */
struct flow {
	struct addr addr[2];
	uint16_t port[2];
	uint32_t conn;     /* index + 1 of its conn; 0: none */
	uint32_t last_sec; /* packet time of the latest packet */
	uint32_t end[2];   /* sequence number behind the highest byte seen */
	uint32_t packets[2];
	uint32_t flags; /* enum flow_flag */
};

/* Whether each end heard the other: that cannot be made up from one side, without knowing
 * the server's number. */
static inline bool
flow_is_mutual(const struct flow *flow)
{
	if (flow->flags & FLOW_SYN_ACK)
		return flow->flags & FLOW_ANSWERED;
	return flow->packets[0] > 0 && flow->packets[1] > 0;
}

/* What only its beginning and end touch. */
struct flow_cold {
	uint64_t id; /* the same on every run */
	struct origin start;
	int64_t syn_us, syn_ack_us;
	int32_t rtt_us;    /* SYN to SYN-ACK; -1 unknown */
	int32_t answer_us; /* SYN-ACK to its acknowledgment; -1 unknown */
	uint32_t isn[2];
	uint32_t next_isn; /* of a SYN that may open the port pair anew, if has_next */
	bool has_next;
	uint32_t bucket;  /* where its tag lies */
	uint8_t wraps[2]; /* how often end[] passed 2^32 */
	uint8_t home;     /* bit 0, 1: endpoint 0, 1 is in home-net */
	uint8_t vlan_layers;
	uint16_t vlan[VLAN_LAYERS_MAX];
	uint64_t turn_bytes;   /* since the last turn */
	const char *app_proto; /* of the parser that claimed it, static; NULL: none */
	const char *label;     /* of what nobody claimed, static; NULL: none */
};

struct flow_table;

struct flow_key { /* a segment's place in the table */
	uint64_t hash;
	struct flow *guess; /* the entry by its tag, or NULL; good for prefetching, and
			       the first that flow_find() looks at */
};

struct flow_table *flow_table_new(uint32_t flows);
void flow_table_free(struct flow_table *table);

/*
 * A batch calls these for all its segments one after the other, then flow_find() for
 * each; all but the first may be left out. The cold part is needed for the packets at a
 * connection's beginning and end.
 */
struct flow_key flow_prefetch_bucket(
    const struct flow_table *table, const struct segment *segment);
void flow_prefetch_entry(const struct flow_table *table, struct flow_key *key);
void flow_prefetch_cold(const struct flow_table *table, const struct flow *flow);

/* The connection of a segment and the segment's direction in it; NULL when unknown. */
struct flow *flow_find(struct flow_table *table, struct flow_key key,
    const struct segment *segment, uint8_t *dir);

/*
 * The connection that must go before flow_add() can work: the caller finishes it and
 * calls flow_remove(). NULL when there is room.
 */
struct flow *flow_victim(struct flow_table *table, struct flow_key key);

/* A new connection opened by the segment's source, or by its destination where opener is
 * 1. Only head fields are set. */
struct flow *flow_add(struct flow_table *table, struct flow_key key,
    const struct segment *segment, uint8_t opener);
void flow_remove(struct flow_table *table, struct flow *flow);

struct flow_cold *flow_cold(const struct flow_table *table, const struct flow *flow);

/*
 * Walks a part of the table: the next connection, from *hand on, with at most *budget
 * entries looked at; NULL when the budget is used up or the table ends (hand is 0 then).
 */
struct flow *flow_walk(struct flow_table *table, uint32_t *hand, uint32_t *budget);
uint32_t flow_table_touched(const struct flow_table *table);
uint32_t flow_table_in_use(const struct flow_table *table);

#endif
