/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Packets in memory for pcapmangle. All packet bytes lie in one arena that lives as
 * long as the program: a pass never changes bytes in place, it builds new packets.
 */
#ifndef TESTS_MANGLE_H
#define TESTS_MANGLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "prng.h"

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
};

enum { NO_FLOW = -1 };

struct packet {
	uint64_t time_us;
	const uint8_t *data;
	uint32_t len; /* captured */
	uint32_t wire_len;
	int32_t flow; /* NO_FLOW: not whole TCP, passes untouched */
	uint8_t side; /* 0: the end that sorts first sent it */
	uint8_t flags;
	uint16_t ip_at;
	uint16_t tcp_at;
	uint16_t payload_at;
	uint32_t payload_len;
	uint32_t seq;
};

struct packet_list {
	struct packet *at;
	size_t count;
	size_t room;
};

/* One incarnation of a 5-tuple: a new initial sequence number starts another. */
struct mangle_flow {
	uint8_t key[36]; /* addresses and ports, the lower end first */
	int32_t older;   /* in the same hash bucket */
	int8_t opener;   /* the side that sent the SYN; -1: not captured */
	uint32_t host[2];
	bool seen[2];
	bool seen_data[2];
	uint32_t first_seq[2];
	uint32_t last_seq[2];
};

enum { FLOW_BUCKETS = 1 << 14 };

struct flow_list {
	struct mangle_flow *at;
	size_t count;
	size_t room;
	int32_t bucket[FLOW_BUCKETS];
	uint32_t hosts; /* how many there are */
};

uint32_t get32(const uint8_t *p);

void put32(uint8_t *p, uint32_t v);

void *arena_alloc(size_t len);

void arena_release(void);

void list_add(struct packet_list *list, const struct packet *p);

void flows_init(struct flow_list *flows);

/* Finds the TCP in a captured packet and its flow; leaves NO_FLOW otherwise. */
void packet_decode(struct packet *p, int linktype, struct flow_list *flows);

/*
 * `like` with other payload, sequence number and flags; lengths and checksums are made
 * right. The IP id is advanced by `id_step`, so that a retransmission is no mere copy.
 */
struct packet packet_build(const struct packet *like, uint32_t seq, unsigned flags,
    const uint8_t *payload, uint32_t payload_len, unsigned id_step);

/* A copy whose bytes may be changed; call packet_seal when done. */
uint8_t *packet_copy(struct packet *p);

void packet_seal(const struct packet *p, uint8_t *data);

struct mangle {
	struct prng rng;
	struct packet_list in;
	struct packet_list out;
	struct flow_list flows;
	uint64_t window_us; /* how long shuffle may keep a packet back */
	uint32_t drop_permille;
	bool syn_too; /* SYNs are shuffled and duplicated like all else */
};

/* Each pass reads m->in and fills m->out, which is empty before. */

typedef void pass_fn(struct mangle *m);

pass_fn pass_coalesce, pass_split, pass_bytewise, pass_linewise, pass_duplicate;
pass_fn pass_shuffle, pass_overlap, pass_seqshift, pass_drop;

#endif
