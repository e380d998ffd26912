/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_DIALERS_H
#define RELAYWATCH_DIALERS_H

/*
 * Home hosts that lately dialled an outside mail port: only their other connections can
 * carry the orders for it, so only those have their payload turns recorded. A small
 * table; the host idle for longest of its set goes when it is full.
 */

#include "addr.h"

struct dialers;

struct dialers *dialers_new(uint32_t hosts);
void dialers_free(struct dialers *dialers);

/* True when the host was not marked before. */
bool dialers_note(struct dialers *dialers, const struct addr *host, uint32_t now_sec);
bool dialers_has(
    const struct dialers *dialers, const struct addr *host, uint32_t now_sec);

#endif
