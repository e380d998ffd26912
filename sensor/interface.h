/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_INTERFACE_H
#define RELAYWATCH_INTERFACE_H

/*
 * A network interface and the packet socket bound to it: whether it is there and up, and
 * binding the socket again where it was removed and is there anew. Takes no privilege.
 * Owns a socket to ask questions with; the packet socket stays the caller's.
 */

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum interface_state {
	INTERFACE_UP,
	INTERFACE_DOWN, /* there, but switched off */
	INTERFACE_GONE, /* removed; or there again, but of another kind */
};

struct interface {
	char name[IF_NAMESIZE];
	int packet_fd, ask_fd;
	bool any; /* or nothing that could be followed */
	bool promiscuous;
	unsigned short kind;            /* ARPHRD_*, when it was opened */
	unsigned retry_in, retry_after; /* checks until bound to again, the pause then */
};

/* "any", and what libpcap reads from that is no interface, is never down. 0, or -1 with
 * errno; interface_release() in both cases. */
int interface_init(
    struct interface *interface, const char *name, int packet_fd, bool promiscuous);
void interface_release(struct interface *interface);

/* Looks, and binds again where that is needed; about once a second. */
enum interface_state interface_check(struct interface *interface);

/* The largest packet that a wire of this interface can carry; 0 where unknown, no limit
 * where any interface is meant. */
uint32_t interface_frame_max(const struct interface *interface);

/* The names of all there are, as a comma list. */
void interface_list(char *out, size_t room);

#endif
