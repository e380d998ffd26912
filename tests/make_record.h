/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TEST_MAKE_RECORD_H
#define RELAYWATCH_TEST_MAKE_RECORD_H

/*
 * Records as the sensor makes them, one after the other: one packet and one millisecond
 * each. 192.0.2.0/24 and 2001:db8:1::/48 are home. A record is lent until the next.
 */

#include "record.h"

enum { MAKE_TEXTS_MAX = 8192 };

struct make {
	struct session session; /* whose facts are made */
	uint32_t tx;
	int64_t now_us;
	uint64_t number;
	union {
		struct record record;
		uint8_t room[sizeof(struct record) + MAKE_TEXTS_MAX];
	};
};

extern const int64_t make_start_us; /* 2026-11-21T19:20:32.123456 */

void make_init(struct make *make);

struct addr make_addr(const char *text);
struct endpoint make_endpoint(const char *addr, uint16_t port);
struct origin make_origin(const struct make *make);

/* The session that follows; its flow id is given. */
void make_session(struct make *make, uint64_t flow_id, const char *client, uint16_t port,
    const char *server, uint16_t server_port);

/* A fact of make->tx; change the record before it is used where more is wanted. */
struct record *make_fact(struct make *make, enum fact_type type, uint16_t code,
    const char *text0, const char *text1, const char *text2);
struct record *make_fact_slices(struct make *make, enum fact_type type, uint16_t code,
    struct slice text0, struct slice text1, struct slice text2);
struct record *make_header(struct make *make, enum fact_header header, const char *value);
struct record *make_message(struct make *make, uint64_t size, uint64_t body_hash);
struct record *make_abort(struct make *make, enum fact_abort abort);
struct record *make_closed(struct make *make, uint8_t flags);

#endif
