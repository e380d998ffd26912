/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TUNNEL_H
#define RELAYWATCH_TUNNEL_H

/*
 * One request to a proxy, as its parser keeps it until it is told, and the facts made of
 * it. Texts may come in pieces; what is longer than its limit is cut.
 */

#include "fact.h"
#include "target.h"

enum { TUNNEL_HOST_MAX = 255, TUNNEL_USER_MAX = 255, TUNNEL_LINE_MAX = 200 };

/* Facts to be told, in this order. */
enum tunnel_due {
	TUNNEL_DUE_ASKED = 0x01,
	TUNNEL_DUE_GRANTED = 0x02,
	TUNNEL_DUE_REFUSED = 0x04,
};

struct tunnel {
	enum fact_tunnel kind;
	uint8_t due; /* enum tunnel_due */
	uint32_t tx;
	uint16_t port;
	uint16_t host_n, user_n, line_n;
	bool cut;
	uint8_t host[TUNNEL_HOST_MAX];
	uint8_t user[TUNNEL_USER_MAX];
	uint8_t line[TUNNEL_LINE_MAX]; /* the first line of the request */
};

/* Begins the request of that number. */
void tunnel_init(struct tunnel *tunnel, uint32_t tx);

void tunnel_add_host(struct tunnel *tunnel, struct slice text);
void tunnel_add_user(struct tunnel *tunnel, struct slice text);
void tunnel_add_line(struct tunnel *tunnel, struct slice text);
void tunnel_set_target(struct tunnel *tunnel, const struct target *target);
void tunnel_set_addr(struct tunnel *tunnel, const struct addr *addr);

/* The texts of the facts point into *tunnel, and reply is lent on. */
void tunnel_asked(const struct tunnel *tunnel, struct fact *fact);
void tunnel_granted(
    const struct tunnel *tunnel, uint16_t code, bool sure, struct fact *fact);
void tunnel_refused(
    const struct tunnel *tunnel, uint16_t code, struct slice reply, struct fact *fact);

/* To 25, 465, 587 or 2525: for what depends on it before anybody has answered. */
bool tunnel_is_to_mail(const struct tunnel *tunnel);

#endif
