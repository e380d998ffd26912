/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TEST_WIRE_H
#define RELAYWATCH_TEST_WIRE_H

/*
 * A wire in a test: TCP connections played into a pipeline packet by packet, the records
 * that come out collected as lines of text. Raw IP packets with right checksums.
 */

#include "conf.h"
#include "packet.h"
#include "pipeline.h"
#include "record.h"

enum { WIRE_TEXT_MAX = 1 << 16 };

struct wire {
	struct conf conf;
	struct record_queue *queue;
	struct pipeline *pipeline;
	int64_t now_us;
	uint64_t number;
	bool spoil_checksum; /* of what is sent from now on */
	char text[WIRE_TEXT_MAX]; /* one record a line */
	size_t length;
};

struct wire_conn {
	struct addr addr[2]; /* client, server */
	uint16_t port[2];
	uint32_t seq[2]; /* of the next byte */
};

/* home-net 192.0.2.0/24 and 2001:db8:1::/48. Fails the test when it cannot. */
void wire_init(struct wire *wire);
void wire_release(struct wire *wire);

struct wire_conn wire_conn(
    const char *client, uint16_t cport, const char *server, uint16_t sport);

/* One packet; the connection's numbers go on. 10 ms pass. */
void wire_send(struct wire *wire, struct wire_conn *conn, unsigned dir, unsigned flags,
    const char *payload);

/* The packet is lost: the numbers go on, nothing is captured. */
void wire_lose(struct wire_conn *conn, unsigned dir, const char *payload);

void wire_open(struct wire *wire, struct wire_conn *conn);
void wire_close(struct wire *wire, struct wire_conn *conn);

/* A server line and the client's answer to it, in turn, until NULL. */
void wire_talk(struct wire *wire, struct wire_conn *conn, const char *const lines[]);

/* Packet time goes on, then a packet that is not TCP makes it known. */
void wire_wait(struct wire *wire, int64_t us);

/* Time goes on without a packet. */
void wire_time(struct wire *wire, int64_t now_us);

/* The end of the capture. */
void wire_finish(struct wire *wire);

/* How many of the lines so far contain the words; and the last that does, or "". */
unsigned wire_count(const struct wire *wire, const char *words);
const char *wire_line(const struct wire *wire, const char *words);

uint64_t wire_counter(const struct wire *wire, const char *group, const char *name);

#endif
