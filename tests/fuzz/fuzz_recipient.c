/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>

#include "recipient.h"

/*
 * A recipient is read as an unconfigured server would read it and as one with domains of
 * its own. What must hold for any bytes: texts are bounded and closed, a trick is flagged
 * where one is named, what is unreadable is not third-party, and an effective address of
 * its own reads as itself.
 */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct recipient_own own;

static void
own_init(void)
{
	static struct addr server;
	struct domain_set *local = domain_set_new(), *relay = domain_set_new();
	struct netset *home = netset_new();
	const char *why;

	if (local == NULL || relay == NULL || home == NULL ||
	    domain_set_add(local, "o.oo", &why) == -1 ||
	    domain_set_add(relay, "r.rr", &why) == -1 ||
	    netset_add(home, "192.0.2.0/24", &why) == -1 ||
	    addr_parse("10.0.0.1", &server) == -1)
		abort();
	own = (struct recipient_own){ .local_domains = local,
		.relay_domains = relay,
		.home_net = home,
		.server = &server,
		.server_name = slice_str("h.hh") };
}

static void
must(bool holds)
{
	if (!holds)
		abort();
}

static void
check(const struct recipient *r)
{
	must(r->local_len <= FACT_TEXT_MAX);
	must(r->local[r->local_len] == '\0');
	must(strnlen(r->domain, sizeof(r->domain)) <= DOMAIN_MAX);
	must(strnlen(r->outer, sizeof(r->outer)) <= DOMAIN_MAX);
	must(r->mechanism <= ALERT_NO_DOMAIN);
	must(r->mechanism == ALERT_PLAIN || (r->tricks & 1u << r->mechanism) != 0);
	must(!r->outer_own || r->mechanism != ALERT_PLAIN);
	must(r->class != RECIPIENT_FOREIGN || r->domain[0] != '\0');
}

/* Names that have one normal form. */
static bool
is_clean(const struct recipient *r)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
	size_t n = strlen(r->domain);

	return r->class == RECIPIENT_FOREIGN && strspn(r->domain, good) == n &&
	       r->domain[n - 1] != '.' && memchr(r->local, '"', r->local_len) == NULL &&
	       memchr(r->local, '\\', r->local_len) == NULL &&
	       strchr("@ \t", r->local[0]) == NULL;
}

/* A foreign recipient without quotes in it, written plainly, is that recipient. */
static void
check_again(const struct recipient *r)
{
	static struct recipient again;
	static char path[FACT_TEXT_MAX + DOMAIN_MAX + 8];
	size_t n = r->local_len, m = strlen(r->domain);

	if (!is_clean(r) || n + m + 3 > FACT_TEXT_MAX)
		return;
	path[0] = '<';
	memcpy(path + 1, r->local, n);
	path[1 + n] = '@';
	memcpy(path + 2 + n, r->domain, m);
	path[2 + n + m] = '>';
	recipient_read(slice_of(path, n + m + 3), false, &own, &again);
	must(again.class == RECIPIENT_FOREIGN && again.hash == r->hash);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct recipient_own nobody;
	static struct recipient r;

	if (own.home_net == NULL)
		own_init();
	recipient_read(slice_of(data, size), false, &nobody, &r);
	check(&r);
	recipient_read(slice_of(data, size), false, &own, &r);
	check(&r);
	check_again(&r);
	return 0;
}
