/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_KIN_H
#define RELAYWATCH_KIN_H

/*
 * Which findings a connection has part in, so that one can name the others, and which
 * connections are explained by one. Part of alert.c. Bounded: what was not asked for
 * longest is forgotten.
 */

#include "alert.h"
#include "table.h"

struct kin {
	struct table flows;
};

/* 0, or -1 when out of memory. */
int kin_init(struct kin *kin, uint32_t flows);
void kin_release(struct kin *kin);

void kin_claim(struct kin *kin, uint64_t flow_id, enum alert_claim claim);
enum alert_claim kin_claim_of(const struct kin *kin, uint64_t flow_id);

/* Names another finding in the alert, once. */
void alert_relate(struct alert *alert, uint64_t id);

/* Notes that id has part in the alert's connections, and adds to the alert which findings
 * of other kinds have. */
void kin_relate(struct kin *kin, struct alert *alert, uint64_t id);

#endif
