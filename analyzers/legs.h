/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_LEGS_H
#define RELAYWATCH_LEGS_H

/*
 * Connections that home hosts opened, as the proxy analyzer remembers them: those that
 * may be the outbound leg of a request or of a forwarder. Found by connection, by where
 * they go, and by port alone. Bounded: see seen.h.
 */

#include "alert.h"
#include "conf.h"
#include "record.h"
#include "seen.h"
#include "stats.h"

enum leg_flag {
	LEG_CLOSED = 0x01,
	LEG_TAKEN = 0x02,  /* a request or a forwarder explains it */
	LEG_SMTP = 0x04,   /* its opener speaks SMTP */
	LEG_HTTP = 0x08,   /* its SMTP client sends HTTP lines */
	LEG_MAIL = 0x10,   /* its SMTP client got somewhere */
	LEG_MAILER = 0x20, /* says HELO or MAIL without having sent any */
};

/* The first octets of both directions of a stream, the requester's first. */
struct prefixes {
	uint64_t hash[2][RECORD_PREFIXES];
	uint8_t lengths[2]; /* 0..RECORD_PREFIXES */
};

/* Who called whom and when: what is kept of the session of each connection of ours. */
struct call {
	uint64_t flow_id;
	struct endpoint client, server;
	int64_t start_us;
	uint64_t start_number;
	uint16_t start_source;
};

struct leg {                             /* what changes is in front */
	int64_t last_us, established_us; /* 0: not seen */
	uint64_t bytes[2];
	uint64_t name; /* hash of the one it was opened for, or says so; 0: unknown */
	uint8_t flags; /* enum leg_flag */
	struct prefixes prefixes;
	struct call call;
};

struct legs {
	struct seen *seen;
	int64_t window_us;
};

/* 0, or -1 when out of memory. */
int legs_init(struct legs *legs, const struct conf_proxy *conf);
void legs_release(struct legs *legs);

/* owner: whom the entry is counted for. */
struct leg *legs_add(struct legs *legs, const struct record *record, uint64_t owner);

/* The connection of a record, NULL where it is not remembered. */
struct leg *legs_of(const struct legs *legs, uint64_t flow_id);

/* Asks for the memory that legs_of() will need, or legs_add(); see seen_prefetch(). */
void legs_prefetch(const struct legs *legs, uint64_t flow_id, unsigned step);
void legs_prefetch_owner(const struct legs *legs, uint64_t owner, unsigned step);

/* What RECORD_CONN and RECORD_PREFIX say of it. */
void leg_conn(struct leg *leg, const struct record *record);

static inline bool
leg_is_established(const struct leg *leg)
{
	return leg->established_us != 0;
}

struct call call_of(const struct session *session);
struct session call_session(const struct call *call);
struct alert_leg call_alert(const struct call *call, bool outbound, int64_t last_us);

/*
 * Keys, for legs and for what looks for them. One owner has few entries of one key: a
 * client with many connections at once to the same target is spread over shards.
 */
enum { LEGS_SHARDS = 8 };

uint64_t legs_target_key(const struct addr *addr, uint16_t port, unsigned shard);
uint64_t legs_port_key(uint16_t port, unsigned shard);

/* Calls with each leg of a key, all shards: addr NULL is any. */
void legs_walk(const struct legs *legs, const struct addr *addr, uint16_t port,
    void (*found)(void *context, struct leg *leg), void *context);

/* dir: 0 the requester's. Returns whether more is known now. */
bool prefixes_take(
    struct prefixes *prefixes, uint8_t dir, const struct record_prefix *record);

/* How many of the lengths of a direction are equal; 0 also where they differ. */
unsigned prefixes_equal(const struct prefixes *a, const struct prefixes *b, unsigned dir);
bool prefixes_differ(const struct prefixes *a, const struct prefixes *b, unsigned dir);

void legs_expire(struct legs *legs, int64_t now_us);
void legs_stats(const struct legs *legs, struct stats_visitor *v);

#endif
