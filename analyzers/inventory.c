/* SPDX-License-Identifier: BSD-2-Clause */
#include "inventory.h"

#include <stdio.h>
#include <stdlib.h>

#include "alert.h"
#include "pool.h"
#include "table.h"
#include "text.h"

enum { FOREIGN_MAX = 256, SPARED_MAX = 16 };

struct server { /* out.state is made when asked for */
	struct inventory_server out;
};

struct foreign {
	struct endpoint server;
	uint64_t accepted; /* messages; 0: it only greeted */
};

struct inventory {
	struct table servers;
	struct table foreign;
	uint32_t *sorted;
	uint32_t sorted_count;
	bool saw_home;
};

struct inventory *
inventory_new(uint32_t servers_max)
{
	struct inventory *inventory = calloc(1, sizeof(*inventory));

	if (inventory == NULL)
		return NULL;
	inventory->sorted = pool_reserve(servers_max * sizeof(*inventory->sorted));
	if (inventory->sorted != NULL &&
	    table_init(&inventory->servers, servers_max, sizeof(struct server)) == 0 &&
	    table_init(&inventory->foreign, FOREIGN_MAX, sizeof(struct foreign)) == 0)
		return inventory;
	inventory_free(inventory);
	return NULL;
}

void
inventory_free(struct inventory *inventory)
{
	if (inventory == NULL)
		return;
	pool_unreserve(
	    inventory->sorted, inventory->servers.max * sizeof(*inventory->sorted));
	table_release(&inventory->servers);
	table_release(&inventory->foreign);
	free(inventory);
}

static uint64_t
hash_of(const struct table *table, const struct endpoint *server)
{
	const struct addr *addr = &server->addr;
	uint64_t hash = table_hash_id(table, addr->q[0] ^ (uint64_t)server->port << 40);

	return table_hash_id(table, hash ^ addr->q[1]);
}

/* Both item types begin with their endpoint. spare, or NULL: called before the oldest
 * goes to make room. */
static void *
find_or_add(struct table *table, const struct endpoint *server, bool *is_new,
    void (*spare)(struct table *table))
{
	uint64_t hash = hash_of(table, server);
	uint32_t slot;

	for (slot = table_find(table, hash); slot != TABLE_NONE;
	     slot = table_find_next(table, slot)) {
		const struct endpoint *found = table_at(table, slot);

		if (found->port == server->port &&
		    addr_equal(&found->addr, &server->addr))
			break;
	}
	*is_new = slot == TABLE_NONE;
	if (*is_new && table_is_full(table)) {
		if (spare != NULL)
			spare(table);
		table_remove(table, table_oldest(table));
	}
	if (*is_new)
		slot = table_add(table, hash);
	table_keep(table, slot);
	return table_at(table, slot);
}

/* What nobody can make up by asking at every port of every host. */
static bool
is_known(const struct inventory_server *out)
{
	return out->verdict > ALERT_REFUSED || out->proxy || out->name[0] != '\0';
}

/* The next to go is one that only was asked for, where there is one among the oldest. */
static void
spare_known(struct table *servers)
{
	for (unsigned i = 0; i < SPARED_MAX; i++) {
		uint32_t slot = table_oldest(servers);
		const struct server *server = table_at(servers, slot);

		if (!is_known(&server->out))
			break;
		table_touch(servers, slot);
	}
}

static struct server *
server_get(struct inventory *inventory, const struct endpoint *endpoint, int64_t now_us)
{
	bool is_new;
	struct server *server =
	    find_or_add(&inventory->servers, endpoint, &is_new, spare_known);

	if (is_new)
		*server =
		    (struct server){ .out.server = *endpoint, .out.first_us = now_us };
	server->out.last_us = now_us;
	return server;
}

static void
foreign_fact(struct inventory *inventory, const struct record *record,
    const struct transaction *tx, const struct mail_session *mail)
{
	bool accepted = tx != NULL && tx->ended && tx->outcome == MAIL_DELIVERED;
	struct foreign *foreign;
	bool is_new;

	if (mail->greeting_code / 100 != 2 ||
	    (!accepted && record->fact.type != FACT_GREETING))
		return;
	foreign = find_or_add(&inventory->foreign, &mail->session.server, &is_new, NULL);
	if (is_new)
		*foreign = (struct foreign){ .server = mail->session.server };
	foreign->accepted += accepted;
}

/* What a transaction from outside shows of a server of ours. */
static void
inbound_transaction(struct server *server, const struct transaction *tx)
{
	if (tx->empty)
		return;
	server->out.inbound++;
	if (tx->mail->auth.ok)
		server->out.authenticated++;
}

static void
set_name(struct server *server, const struct mail_session *mail)
{
	if (server->out.name[0] == '\0' && mail->server_name.n != 0)
		text_ascii(mail->server_name, server->out.name, sizeof(server->out.name));
}

static void
session_over(struct server *server, const struct mail_session *mail)
{
	server->out.sessions++;
	if (mail->tls != MAIL_TLS_NONE)
		server->out.sessions_tls++;
}

static bool
is_inbound(const struct session *session)
{
	return session->server.home && !session->client.home;
}

/* Most facts say nothing new of the server. */
static bool
is_telling(const struct record *record, const struct transaction *tx)
{
	return (tx != NULL && tx->ended) || record->fact.type == FACT_GREETING ||
	       record->fact.type == FACT_HELO || record->fact.type == FACT_END;
}

static void
fact_record(struct inventory *inventory, const struct record *record,
    const struct transaction *tx, const struct mail_session *mail)
{
	const struct session *session = &mail->session;
	struct server *server;

	if (!is_telling(record, tx))
		return;
	if (!session->server.home) {
		foreign_fact(inventory, record, tx, mail);
		return;
	}
	server = server_get(inventory, &session->server, record->origin.ts_us);
	server->out.mail = true;
	set_name(server, mail);
	if (!is_inbound(session))
		return;
	if (tx != NULL && tx->ended)
		inbound_transaction(server, tx);
	if (record->fact.type == FACT_END)
		session_over(server, mail);
}

/*
 * A session that turned to TLS has no END: its connection's end counts it. One of which
 * only one direction was captured may have had no fact at all.
 */
static void
closed_record(struct inventory *inventory, const struct record *record,
    const struct mail_session *mail)
{
	bool one_sided = (record->conn.flags & RECORD_CONN_ONE_SIDED) != 0;
	const struct session *session = mail != NULL ? &mail->session : &record->session;
	struct server *server;

	if (!is_inbound(session))
		return;
	if (mail == NULL && (!one_sided || session->app_proto == NULL))
		return;
	server = server_get(inventory, &session->server, record->origin.ts_us);
	server->out.mail = true;
	if (mail != NULL)
		session_over(server, mail);
	else if (server->out.sessions == server->out.sessions_one_sided)
		server->out.sessions++;
	if (one_sided)
		server->out.sessions_one_sided++;
}

void
inventory_record(struct inventory *inventory, const struct record *record,
    const struct transaction *tx, const struct mail_session *mail)
{
	if (record->session.client.home || record->session.server.home)
		inventory->saw_home = true;
	if (mail != NULL && mail->session.depth != 0)
		return; /* the proxy only passes on what a mail server says */
	if (record->class == RECORD_FACT && mail != NULL)
		fact_record(inventory, record, tx, mail);
	else if (record->class == RECORD_CONN && record->conn.event == RECORD_CONN_CLOSED)
		closed_record(inventory, record, mail);
}

/* A web server is asked, refuses, and answers with a page, too: what grants is a proxy,
 * and what there is a finding about. */
void
inventory_request(struct inventory *inventory, const struct request *request)
{
	const struct session *session = &request->session;
	struct server *server;

	if (!session->server.home || session->depth != 0)
		return;
	server = server_get(inventory, &session->server, request->last.ts_us);
	server->out.proxy |= request->outcome == REQUEST_GRANTED && !request->weak;
	server->out.requests++;
	server->out.inside_requests += session->client.home;
}

static void
strongest_verdict(struct inventory_server *out, const struct alert *alert)
{
	if (alert->verdict > out->verdict) {
		out->verdict = alert->verdict;
		out->mechanisms = 0;
	}
	if (alert->verdict == out->verdict)
		out->mechanisms |= 1u << alert->mechanism;
}

void
inventory_alert(struct inventory *inventory, const struct alert *alert)
{
	struct server *server;

	if (!alert->server.home || alert->kind == ALERT_PROXY_USE)
		return;
	server = server_get(inventory, &alert->server, alert->origin.ts_us);
	server->out.proxy |= alert->kind == ALERT_PROXY;
	server->out.mail |= alert->kind == ALERT_RELAY;
	strongest_verdict(&server->out, alert);
	if (alert->was == ALERT_NO_VERDICT)
		server->out.third_party++;
	if (alert->verdict <= ALERT_REFUSED && alert->was == ALERT_NO_VERDICT)
		server->out.refused++;
	if (alert->verdict > ALERT_REFUSED && alert->was != ALERT_NO_VERDICT &&
	    alert->was <= ALERT_REFUSED)
		server->out.refused--;
}

void
inventory_judged(struct inventory *inventory, const struct endpoint *server,
    enum inventory_judgement judgement, int64_t now_us)
{
	if (server->home)
		server_get(inventory, server, now_us)->out.judged[judgement]++;
}

static uint64_t
undecided(const struct inventory_server *out)
{
	return out->judged[INVENTORY_UNREADABLE] + out->judged[INVENTORY_NO_DOMAINS];
}

/* Nobody judges where the analyzer that does is switched off. */
static bool
is_judged(const struct inventory_server *out)
{
	for (unsigned i = 0; i < INVENTORY_JUDGEMENTS; i++) {
		if (out->judged[i] != 0)
			return true;
	}
	return out->inbound <= out->authenticated;
}

static bool
has_own_mail(const struct inventory_server *out)
{
	return out->local != 0 || out->authenticated != 0 ||
	       out->judged[INVENTORY_AUTHENTICATED] != 0;
}

static bool
is_one_sided(const struct inventory_server *out)
{
	return out->sessions_one_sided != 0 && out->sessions_one_sided >= out->sessions;
}

static enum inventory_state
server_state(const struct inventory_server *out)
{
	if (out->verdict > ALERT_SUSPECTED)
		return INVENTORY_OPEN;
	if (out->verdict == ALERT_SUSPECTED)
		return INVENTORY_SUSPECTED;
	if (out->verdict != ALERT_NO_VERDICT)
		return INVENTORY_REFUSED;
	if (is_one_sided(out))
		return INVENTORY_ONE_DIRECTION;
	if (undecided(out) != 0 || !is_judged(out))
		return INVENTORY_UNDECIDED;
	if (out->sessions_tls != 0)
		return INVENTORY_HIDDEN;
	if (has_own_mail(out) || (out->proxy && out->inside_requests == out->requests))
		return INVENTORY_LOCAL_ONLY;
	return INVENTORY_UNTESTED;
}

static int
compare_endpoints(const struct endpoint *x, const struct endpoint *y)
{
	int order = memcmp(x->addr.b, y->addr.b, sizeof(x->addr.b));

	return order != 0 ? order : (x->port > y->port) - (x->port < y->port);
}

static int
compare_servers(const void *a, const void *b, void *context)
{
	const struct inventory *inventory = context;
	const struct endpoint *x = table_at(&inventory->servers, *(const uint32_t *)a);
	const struct endpoint *y = table_at(&inventory->servers, *(const uint32_t *)b);

	return compare_endpoints(x, y);
}

void
inventory_sort(struct inventory *inventory)
{
	uint32_t slot = table_oldest(&inventory->servers);

	inventory->sorted_count = 0;
	for (; slot != TABLE_NONE; slot = table_newer(&inventory->servers, slot)) {
		const struct server *server = table_at(&inventory->servers, slot);

		if (server->out.mail || server->out.proxy)
			inventory->sorted[inventory->sorted_count++] = slot;
	}
	qsort_r(inventory->sorted, inventory->sorted_count, sizeof(*inventory->sorted),
	    compare_servers, inventory);
}

bool
inventory_server(
    const struct inventory *inventory, size_t index, struct inventory_server *out)
{
	const struct server *server;

	if (index >= inventory->sorted_count)
		return false;
	server = table_at(&inventory->servers, inventory->sorted[index]);
	*out = server->out;
	out->local = out->judged[INVENTORY_LOCAL];
	out->state = server_state(out);
	return true;
}

/* The busiest first. */
static int
compare_foreign(const void *a, const void *b)
{
	const struct foreign *x = a, *y = b;

	if (x->accepted != y->accepted)
		return x->accepted < y->accepted ? 1 : -1;
	return compare_endpoints(&x->server, &y->server);
}

size_t
inventory_foreign(const struct inventory *inventory, struct endpoint *out, size_t max)
{
	struct foreign all[FOREIGN_MAX];
	uint32_t slot = table_oldest(&inventory->foreign);
	size_t n = 0;

	for (; slot != TABLE_NONE; slot = table_newer(&inventory->foreign, slot))
		all[n++] = *(const struct foreign *)table_at(&inventory->foreign, slot);
	qsort(all, n, sizeof(all[0]), compare_foreign);
	while (n != 0 && all[0].accepted != 0 && all[n - 1].accepted == 0)
		n--;
	if (n > max)
		n = max;
	for (size_t i = 0; i < n; i++)
		out[i] = all[i].server;
	return n;
}

bool
inventory_saw_home(const struct inventory *inventory)
{
	return inventory->saw_home;
}

static size_t
describe_mechanisms(unsigned mechanisms, char *buf, size_t size)
{
	const char *separator = "";
	size_t n = 0;

	buf[0] = '\0';
	for (unsigned i = 0; i < ALERT_MECHANISMS && n < size; i++) {
		if ((mechanisms & 1u << i) == 0)
			continue;
		n += (size_t)snprintf(buf + n, size - n, "%s%s", separator,
		    alert_mechanism_name((enum alert_mechanism)i));
		separator = ", ";
	}
	return n;
}

static unsigned
hidden_percent(const struct inventory_server *server)
{
	if (server->sessions == 0)
		return 0;
	return (unsigned)(server->sessions_tls * 100 / server->sessions);
}

static void
describe_undecided(const struct inventory_server *server, char *buf, size_t size)
{
	uint64_t unread = server->judged[INVENTORY_UNREADABLE];

	if (server->judged[INVENTORY_NO_DOMAINS] != 0)
		snprintf(buf, size, "undecided: no local domains configured");
	else if (unread != 0)
		snprintf(buf, size, "undecided: %llu transaction%s could not be read",
		    (unsigned long long)unread, unread == 1 ? "" : "s");
	else
		snprintf(buf, size, "undecided: nothing was judged");
}

static void
describe_state(const struct inventory_server *server, char *buf, size_t size)
{
	char mechanisms[160];

	describe_mechanisms(server->mechanisms, mechanisms, sizeof(mechanisms));
	switch (server->state) {
	case INVENTORY_OPEN:
		snprintf(buf, size, "open (%s: %s)",
		    alert_verdict_name((enum alert_verdict)server->verdict), mechanisms);
		break;
	case INVENTORY_SUSPECTED:
		snprintf(buf, size, "suspected (%s)", mechanisms);
		break;
	case INVENTORY_REFUSED:
		snprintf(buf, size, "refused %llu attempt%s",
		    (unsigned long long)server->refused, server->refused == 1 ? "" : "s");
		break;
	case INVENTORY_LOCAL_ONLY:
		snprintf(buf, size,
		    server->proxy && !server->mail
			? "only inside clients seen"
			: "only authenticated or local mail seen");
		break;
	case INVENTORY_UNDECIDED:
		describe_undecided(server, buf, size);
		break;
	case INVENTORY_HIDDEN:
		snprintf(buf, size,
		    has_own_mail(server)
			? "partly hidden by TLS, else only authenticated or local mail"
			: "hidden by TLS");
		break;
	case INVENTORY_ONE_DIRECTION:
		snprintf(buf, size, "one direction only");
		break;
	default:
		snprintf(buf, size, "not tested by anyone");
		break;
	}
}

/* The state, and what share of the sessions says nothing about it. */
const char *
inventory_describe(const struct inventory_server *server, char *buf, size_t size)
{
	size_t n;

	describe_state(server, buf, size);
	n = strlen(buf);
	if (server->state == INVENTORY_REFUSED && undecided(server) != 0)
		snprintf(buf + n, size - n, ", %llu transaction%s undecided",
		    (unsigned long long)undecided(server),
		    undecided(server) == 1 ? "" : "s");
	n = strlen(buf);
	if (server->sessions_tls != 0)
		snprintf(buf + n, size - n, ", %u%% of sessions under TLS",
		    hidden_percent(server));
	n = strlen(buf);
	if (server->sessions_one_sided != 0 && server->state != INVENTORY_ONE_DIRECTION)
		snprintf(buf + n, size - n, ", %llu of %llu sessions one direction only",
		    (unsigned long long)server->sessions_one_sided,
		    (unsigned long long)server->sessions);
	return buf;
}

const char *
inventory_state_name(enum inventory_state state)
{
	static const char *const name[INVENTORY_STATES] = {
		[INVENTORY_OPEN] = "open",
		[INVENTORY_SUSPECTED] = "suspected",
		[INVENTORY_REFUSED] = "refused",
		[INVENTORY_UNDECIDED] = "undecided",
		[INVENTORY_LOCAL_ONLY] = "local-only",
		[INVENTORY_HIDDEN] = "hidden",
		[INVENTORY_UNTESTED] = "untested",
		[INVENTORY_ONE_DIRECTION] = "one-direction",
	};

	return name[state];
}
