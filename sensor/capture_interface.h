/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CAPTURE_INTERFACE_H
#define RELAYWATCH_CAPTURE_INTERFACE_H

/*
 * Private to capture*.c. The interfaces that a section of a pcapng describes
 * (draft-ietf-opsawg-pcapng, section 4.2): each with its link type and clock. The table
 * belongs to the reader and holds for one section; its memory is bounded.
 */

#include "bytes.h"

struct interface {
	int64_t offset_sec; /* what its clock counts from, since 1970 */
	uint32_t snaplen;   /* 0: none */
	uint16_t linktype;
	uint8_t tsresol; /* what a tick of its clock is */
};

struct interfaces {
	struct interface *list;
	size_t n, room;
};

void interfaces_release(struct interfaces *interfaces);
/* For one more. 0, or -1 where there are too many, or no memory. */
int interfaces_make_room(struct interfaces *interfaces);
/* Adds one, for which there is room, from the body of its block. False when it is not
 * understood: then it has no link type. */
bool interfaces_add(struct interfaces *interfaces, struct slice body, bool swapped);
/* Ticks of its clock in microseconds since 1970, within what a pcap can say. */
int64_t interface_time_us(const struct interface *interface, uint64_t ticks);

/* In the byte order of this machine, or swapped. */
static inline uint16_t
pcapng_get16(const uint8_t *p, bool swapped)
{
	uint16_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap16(v) : v;
}

static inline uint32_t
pcapng_get32(const uint8_t *p, bool swapped)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return swapped ? __builtin_bswap32(v) : v;
}

#endif
