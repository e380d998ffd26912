/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_ATTACK_H
#define TESTS_ATTACK_H

/*
 * Captures made by somebody who has read the source: each aims at a place where the work
 * for a packet is not constant, or at what others need. attack_mail.c, attack_proxy.c and
 * attack_tcp.c hold them, make_attack.c the words they are told in.
 */

#include "pcapwrite.h"

enum {
	OUTSIDE = 0xcb007100, /* 203.0.113.0, and what follows it */
	STRANGERS =
	    0x01000000, /* addresses that are made up: every STRANGE-th from here */
	STRANGE = 4099,
	OUR_SERVER = 0xc0000219,  /* 192.0.2.25 */
	OUR_PROXY = 0xc0000251,   /* 192.0.2.81 */
	MAIL_SERVER = 0xc6120a14, /* 198.18.10.20 */
};

/* A capture being written, and its clock. */
struct scene {
	struct pcap_writer *out;
	uint64_t now_us;
	uint32_t number; /* of connections, for ports and sequence numbers */
};

struct attack {
	const char *name; /* NULL ends a table */
	void (*make)(struct scene *scene);
};

extern const struct attack attacks_mail[], attacks_proxy[], attacks_tcp[];

/* A connection nothing is told of yet, and one that was opened. */
struct tcp_conn conn_of(
    struct scene *scene, uint32_t client, uint32_t server, uint16_t port);
struct tcp_conn dial(
    struct scene *scene, uint32_t client, uint32_t server, uint16_t port);
void hang_up(struct scene *scene, struct tcp_conn *conn);

/* In as few segments as there can be, without acknowledgments of their own. */
void tell_n(struct scene *scene, struct tcp_conn *conn, enum tcp_side side,
    const void *bytes, size_t n);
void tell(
    struct scene *scene, struct tcp_conn *conn, enum tcp_side side, const char *text);

/* The same text over and over, in segments that are full. */
void tell_times(struct scene *scene, struct tcp_conn *conn, enum tcp_side side,
    const char *text, size_t times);

/* SMTP: the beginning, an envelope up to where the text is asked for, all of a letter. */
void greet(struct scene *scene, struct tcp_conn *conn);
void envelope(struct scene *scene, struct tcp_conn *conn);
void letter(struct scene *scene, struct tcp_conn *conn, const char *id);

/* An outsider's connection to our server, where the text is asked for. */
struct tcp_conn in_message(struct scene *scene);

#endif
