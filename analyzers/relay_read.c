/* SPDX-License-Identifier: BSD-2-Clause */
/* What records say of recipients. */
#include "relay_state.h"

struct recipient_own
relay_own(const struct relay *relay)
{
	return (struct recipient_own){
		.local_domains = relay->conf->local_domains,
		.relay_domains = relay->conf->relay_domains,
		.home_net = relay->conf->home_net,
	};
}

void
relay_read_path(
    struct relay *relay, struct slice path, bool cut, const struct relay_open *open)
{
	struct recipient_own own = relay_own(relay);

	if (open->role == RELAY_ROLE_INBOUND) {
		own.server = &session_service(&open->tx->mail->session)->addr;
		own.server_name = open->tx->mail->server_name;
		own.banner_name = open->tx->mail->banner_name;
	}
	recipient_read(path, cut, &own, &relay->rcpt);
}

void
relay_read_rcpt(
    struct relay *relay, const struct relay_open *open, const struct record *record)
{
	relay_read_path(
	    relay, record_text(record, 0), (record->fact.flags & FACT_CUT) != 0, open);
}

bool
relay_is_accepted(const struct record_fact *fact)
{
	/* RFC 5321 section 4.3.2. A 220 or 221 is the answer to something else. */
	return fact->code / 10 == 25 && (fact->flags & FACT_UNSURE) == 0;
}

bool
relay_is_refused(const struct record_fact *fact)
{
	return fact->code >= 400 && (fact->flags & FACT_UNSURE) == 0;
}
