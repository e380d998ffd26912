/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_FORWARD_WAY_H
#define RELAYWATCH_FORWARD_WAY_H

/*
 * A connection between home and outside as forward.c remembers it; whether two of them
 * can be the legs of one forwarder (forward_way.c), and which are (forward_pair.c).
 * Nobody else includes this.
 */

#include "legs.h"

enum {
	MAIL_CLIENT = 0, /* directions, by who speaks */
	MAIL_SERVER = 1,
};

enum way_kind {
	WAY_NONE,
	WAY_OUT,     /* home is an SMTP client of an outside server */
	WAY_INBOUND, /* an outside client came to home */
	WAY_REVERSE, /* home called an outside host that may give orders */
};

struct forward_way { /* what changes is in front */
	int64_t last_us;
	uint8_t kind;  /* enum way_kind */
	uint8_t keys;  /* lengths that are known of both directions, */
	uint8_t filed; /* by so many of which it is found: all, */
	bool shared;   /* once another way had the shortest, too */
	bool mailed;   /* a message went over */
	bool closed;
	bool settled; /* the partner is the right one */
	bool told;
	uint64_t partner;  /* connection of the other leg; 0: not found */
	uint64_t bytes[2]; /* by who speaks; once closed */
	uint64_t
	    letter; /* hash of the first message that went over; 0: not wholly seen */
	struct prefixes prefixes; /* by who speaks */
	int64_t prefix_us[2][RECORD_PREFIXES];
	struct call call;
	const char *protocol; /* static, or NULL */
	uint8_t vlan_layers;
	uint16_t vlan[VLAN_LAYERS_MAX];
};

enum way_likeness {
	WAYS_DIFFER,
	WAYS_UNDECIDED, /* alike in all that is known, which is too little */
	WAYS_EQUAL,
};

/* In any order of the records that told it. */
enum way_likeness ways_compare(
    const struct forward_way *out, const struct forward_way *first);

/* How many of the lengths are equal in both directions. */
unsigned ways_equal_lengths(const struct forward_way *a, const struct forward_way *b);

/* How long the octets of both directions took through the forwarder; -1 where they came
 * in the wrong order. */
int64_t ways_lag_us(const struct forward_way *out, const struct forward_way *first);

/* forward_pair.c */
struct forward;
struct proxy;

struct forward_way *forward_at(const struct forward *forward, uint32_t entry);
/* NULL: none is remembered. */
struct forward_way *forward_of(const struct forward *forward, uint64_t flow_id);

/* Makes the way found by its first octets that are known. */
void forward_file(struct forward *forward, uint32_t entry);

/* Something new is known of a way: is its pair right, or is there one? */
void forward_look(struct proxy *proxy, struct forward_way *way);

static inline const struct endpoint *
way_home_end(const struct forward_way *way)
{
	return way->call.client.home ? &way->call.client : &way->call.server;
}

static inline const struct endpoint *
way_outside_end(const struct forward_way *way)
{
	return way->call.client.home ? &way->call.server : &way->call.client;
}

#endif
