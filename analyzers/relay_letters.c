/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay_letters.h"

#include <stdlib.h>

enum { PART = 64, LEAST = 8 }; /* of the messages remembered */

int
relay_letters_init(struct relay_letters *letters, const struct conf_relay *conf)
{
	letters->count = conf->messages / PART > LEAST ? conf->messages / PART : LEAST;
	letters->next = 0;
	/* Untouched until it is used. */
	letters->ring = calloc(letters->count, sizeof(*letters->ring));
	return letters->ring != NULL ? 0 : -1;
}

void
relay_letters_release(struct relay_letters *letters)
{
	free(letters->ring);
	letters->ring = NULL;
}

uint32_t
relay_letters_keep(struct relay_letters *letters, const struct transaction *tx)
{
	struct alert alert = { .session = tx->mail->session,
		.has_tx = true,
		.tx_id = tx->tx_id,
		.mail = tx };
	uint32_t at = letters->next;

	letters->next = (at + 1) % letters->count;
	essence_keep(&letters->ring[at], &alert);
	return at;
}

const struct transaction *
relay_letters_show(
    struct relay_letters *letters, uint32_t at, uint64_t flow_id, uint32_t tx_id)
{
	const struct essence *e = &letters->ring[at];

	if (!e->has_mail || e->alert.session.flow_id != flow_id ||
	    e->alert.tx_id != tx_id)
		return NULL;
	return essence_show(e, &letters->view)->mail;
}
