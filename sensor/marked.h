/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_MARKED_H
#define RELAYWATCH_MARKED_H

/*
 * Home hosts that lately did something after which more of their connections is of
 * interest: dialled an outside mail port (their payload turns are recorded, for one of
 * the others may carry the orders), or were asked to fetch a page by name (whom their own
 * requests name is told). A small table; the host idle for longest of its set goes when
 * it is full.
 */

#include "addr.h"

struct marked;

struct marked *marked_new(uint32_t hosts);
void marked_free(struct marked *marked);

/* True when the host was not marked before. */
bool marked_note(struct marked *marked, const struct addr *host, uint32_t now_sec);
bool marked_has(const struct marked *marked, const struct addr *host, uint32_t now_sec);

#endif
