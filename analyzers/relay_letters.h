/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_RELAY_LETTERS_H
#define RELAYWATCH_RELAY_LETTERS_H

/*
 * What inbound messages said of themselves, as text, so that a finding can show the
 * message that came in after its transaction is gone. The newest are kept.
 */

#include "conf.h"
#include "essence.h"

struct relay_letters {
	struct essence *ring;
	uint32_t count, next;
	struct essence_view view;
};

/* 0, or -1 when out of memory. */
int relay_letters_init(struct relay_letters *letters, const struct conf_relay *conf);
void relay_letters_release(struct relay_letters *letters);

/* Where tx is kept, until as many others came. */
uint32_t relay_letters_keep(struct relay_letters *letters, const struct transaction *tx);

/* That transaction as far as it was kept, lent until the next call; NULL where others
 * took its place. */
const struct transaction *relay_letters_show(
    struct relay_letters *letters, uint32_t at, uint64_t flow_id, uint32_t tx_id);

#endif
