/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TWINS_H
#define RELAYWATCH_TWINS_H

/*
 * One connection seen on both sides of a NAT: the same outside endpoint and the same
 * initial sequence numbers of both ends, within seconds, under two 5-tuples. The server's
 * number is in the key because nobody outside can choose it: a client that reuses its own
 * numbers hides nothing.
 */

#include "addr.h"

struct twins;

struct twins *twins_new(uint32_t connections);
void twins_free(struct twins *twins);

/*
 * Notes a connection at its SYN-ACK. True when another one (another id) with the same
 * outside endpoint and numbers was noted lately.
 */
bool twins_note(struct twins *twins, const struct addr *outside, uint16_t port,
    const uint32_t isn[2], uint64_t id, int64_t now_us);

#endif
