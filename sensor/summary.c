/* SPDX-License-Identifier: BSD-2-Clause */
#include "summary.h"

#include <inttypes.h>
#include <string.h>
#include <time.h>

enum {
	NUMBER_MAX = 32,
	NAME_WIDTH_MAX = 24,
	FOREIGN_SHOWN = 10,
	DOMAINS_SHOWN = 5,
	LINE_WIDTH = 99,
	US_PER_SEC = 1000000,
};

enum total {
	TOTAL_PACKETS,
	TOTAL_OCTETS,
	TOTAL_CONNECTIONS,
	TOTAL_SESSIONS,
	TOTAL_TRANSACTIONS,
	TOTAL_HIGH,
	TOTAL_MEDIUM,
	TOTAL_LOW,
	TOTALS
};

static const struct {
	const char *group, *name;
	enum total total;
} summands[] = {
	{ "capture", "packets", TOTAL_PACKETS },
	{ "capture", "bytes", TOTAL_OCTETS },
	{ "flow", "new", TOTAL_CONNECTIONS },
	{ "mail", "sessions", TOTAL_SESSIONS },
	{ "mail", "transactions", TOTAL_TRANSACTIONS },
	/* by the severity of their signatures */
	{ "relay", "confirmed", TOTAL_HIGH },
	{ "relay", "accepted", TOTAL_MEDIUM },
	{ "relay", "rcpt_accepted", TOTAL_MEDIUM },
	{ "relay", "suspected", TOTAL_LOW },
	{ "relay", "refused", TOTAL_LOW },
	{ "proxy", "severity_1", TOTAL_HIGH },
	{ "proxy", "severity_2", TOTAL_MEDIUM },
	{ "proxy", "severity_3", TOTAL_LOW },
};

/* What could not be looked at, and of what there was too little. */
static const struct {
	const char *group, *name, *text;
} losses[] = {
	{ "decode", "linktype", "packets of an unknown link type" },
	{ "decode", "malformed", "malformed packets" },
	{ "decode", "snaplen", "packets whose headers the snap length cut" },
	{ "decode", "too_deep", "packets with too many tunnels inside each other" },
	{ "defrag", "expired", "fragmented datagrams of which a part never came" },
	{ "defrag", "evicted", "fragmented datagrams given up: too many at once" },
	{ "defrag", "snaplen", "IP fragments that the snap length cut" },
	{ "reassembly", "bytes_lost", "octets of connections: not captured" },
	{ "reassembly", "bytes_snaplen",
	    "octets of connections: cut by the snap length" },
	{ "reassembly", "bytes_limit", "octets of connections: too much had to wait" },
	{ "flow", "evicted", "connections given up: sensor.flows is too low" },
	{ "flow", "conns_evicted", "connections given up: sensor.conns is too low" },
	{ "flow", "conns_crowded",
	    "of them of hosts that opened more than an eighth of sensor.conns" },
	{ "parser", "memory_full", "connections not read: sensor.conns is too low" },
	{ "mail", "sessions_evicted",
	    "SMTP sessions given up: mail.sessions is too low" },
	{ "mail", "transactions_evicted",
	    "transactions given up: mail.sessions is too low" },
	{ "queue", "lost", "records lost: sensor.queue-bytes is too low" },
};

enum { LOSSES = sizeof(losses) / sizeof(losses[0]) };

struct counts {
	struct stats_visitor visitor; /* first: the visited get this */
	uint64_t total[TOTALS];
	uint64_t loss[LOSSES];
};

static void
count(struct stats_visitor *visitor, const char *group, const char *name, uint64_t value)
{
	struct counts *counts = (struct counts *)visitor;

	for (size_t i = 0; i < sizeof(summands) / sizeof(summands[0]); i++) {
		if (strcmp(group, summands[i].group) == 0 &&
		    strcmp(name, summands[i].name) == 0)
			counts->total[summands[i].total] += value;
	}
	for (size_t i = 0; i < LOSSES; i++) {
		if (strcmp(group, losses[i].group) == 0 &&
		    strcmp(name, losses[i].name) == 0)
			counts->loss[i] += value;
	}
}

/* 1234567 as "1,234,567". */
static const char *
number(uint64_t value, char buf[static NUMBER_MAX])
{
	char digits[NUMBER_MAX];
	int n = snprintf(digits, sizeof(digits), "%" PRIu64, value);
	char *out = buf;

	for (int i = 0; i < n; i++) {
		if (i > 0 && (n - i) % 3 == 0)
			*out++ = ',';
		*out++ = digits[i];
	}
	*out = '\0';
	return buf;
}

static const char *
moment(int64_t us, char buf[static NUMBER_MAX])
{
	time_t sec = (time_t)(us / US_PER_SEC);
	struct tm tm;

	if (gmtime_r(&sec, &tm) == NULL || strftime(buf, NUMBER_MAX, "%F %T", &tm) == 0)
		strcpy(buf, "?");
	return buf;
}

static void
print_totals(FILE *out, const struct summary *summary, const uint64_t total[TOTALS])
{
	char a[NUMBER_MAX], b[NUMBER_MAX], c[NUMBER_MAX];

	fprintf(out, "read      %s packets, %s octets", number(total[TOTAL_PACKETS], a),
	    number(total[TOTAL_OCTETS], b));
	if (total[TOTAL_PACKETS] > 0)
		fprintf(out, ", %s to %s UTC", moment(summary->first_us, a),
		    moment(summary->last_us, b));
	fprintf(out,
	    "\nseen      %s TCP connections, %s SMTP sessions, %s mail transactions\n",
	    number(total[TOTAL_CONNECTIONS], a), number(total[TOTAL_SESSIONS], b),
	    number(total[TOTAL_TRANSACTIONS], c));
	fprintf(out,
	    "alerts    %s high (confirmed), %s medium (accepted), %s low (refused, "
	    "suspected)\n",
	    number(total[TOTAL_HIGH], a), number(total[TOTAL_MEDIUM], b),
	    number(total[TOTAL_LOW], c));
}

static void
print_losses(FILE *out, const uint64_t loss[LOSSES])
{
	char buf[NUMBER_MAX];

	for (size_t i = 0; i < LOSSES; i++) {
		if (loss[i] > 0)
			fprintf(out, "not seen  %s %s\n", number(loss[i], buf),
			    losses[i].text);
	}
}

/* Words from column on, as many to a line as fit. */
static void
print_words(FILE *out, const char *text, int column)
{
	int at = column;

	while (*text != '\0') {
		int n = (int)strcspn(text, " ");

		if (at > column && at + 1 + n > LINE_WIDTH) {
			fprintf(out, "\n%*s", column, "");
			at = column;
		}
		at += fprintf(out, at > column ? " %.*s" : "%.*s", n, text);
		text += n + strspn(text + n, " ");
	}
	fputc('\n', out);
}

static void
print_hints(FILE *out, const struct summary *summary)
{
	const struct hints_view view = { summary->visit, summary->context,
		summary->inventory };
	char text[HINT_TEXT_MAX];

	while (hints_next(summary->hints, &view, text))
		print_words(out, text, fprintf(out, "hint      "));
}

static int
wider(int width, size_t n, int most)
{
	if ((int)n <= width)
		return width;
	return (int)n < most ? (int)n : most;
}

/* Text whose parts are parted by ", " from column on, within LINE_WIDTH where it can. */
static void
print_parts(FILE *out, char *text, int column)
{
	int at = column;

	while (text != NULL) {
		char *next = strstr(text, ", ");
		int n = next != NULL ? (int)(next - text) + 1 : (int)strlen(text);

		if (at > column && at + 1 + n > LINE_WIDTH) {
			fprintf(out, "\n%*s", column, "");
			at = column;
		} else if (at > column) {
			fputc(' ', out);
			at++;
		}
		fprintf(out, "%.*s", n, text);
		at += n;
		text = next != NULL ? next + 2 : NULL;
	}
	fputc('\n', out);
}

static void
print_server(FILE *out, const struct inventory_server *server, int wide, int name_wide)
{
	char text[ENDPOINT_TEXT_MAX], state[256];
	char sessions[NUMBER_MAX], inbound[NUMBER_MAX];
	const char *name = server->name[0] != '\0' ? server->name : "-";
	bool proxy = server->proxy && !server->mail;
	int column;

	column = fprintf(out, "  %-*s  %-*.*s  %8s  %8s  ", wide,
	    endpoint_format(&server->server, text), name_wide, name_wide,
	    proxy ? "(a proxy)" : name,
	    number(proxy ? server->requests : server->sessions, sessions),
	    number(proxy ? server->requests - server->inside_requests : server->inbound,
	        inbound));
	inventory_describe(server, state, sizeof(state));
	print_parts(out, state, column);
}

/* The worst first: nobody reads a list of hundreds to its end. */
static void
print_servers(FILE *out, const struct inventory *inventory)
{
	int wide = (int)strlen("mail server"), name_wide = (int)strlen("calls itself");
	struct inventory_server server;
	char text[ENDPOINT_TEXT_MAX];
	size_t n;

	for (n = 0; inventory_server(inventory, n, &server); n++) {
		wide = wider(wide, strlen(endpoint_format(&server.server, text)),
		    ENDPOINT_TEXT_MAX);
		name_wide = wider(name_wide, strlen(server.name), NAME_WIDTH_MAX);
	}
	if (n == 0) {
		fputs("\nNo mail server or proxy of home-net was seen.\n", out);
		return;
	}
	fprintf(out, "\n  %-*s  %-*s  %8s  %8s  %s\n", wide, "mail server", name_wide,
	    "calls itself", "sessions", "from out", "state");
	for (int state = 0; state < INVENTORY_STATES; state++) {
		for (size_t i = 0; inventory_server(inventory, i, &server); i++) {
			if (server.state == (enum inventory_state)state)
				print_server(out, &server, wide, name_wide);
		}
	}
}

static void
print_home_hint(FILE *out, const struct summary *summary)
{
	struct endpoint foreign[FOREIGN_SHOWN];
	size_t n = inventory_foreign(summary->inventory, foreign, FOREIGN_SHOWN);
	char server[ENDPOINT_TEXT_MAX], network[ENDPOINT_TEXT_MAX];

	fprintf(out, "\nNone of the hosts is in home-net%s: nothing could be judged.\n",
	    summary->conf->home_net_given ? ""
					  : " (private networks, as no -H was given)");
	if (n == 0) {
		fputs("No mail server was recognised either.\n", out);
		return;
	}
	fputs(
	    "Likely mail servers, and the option that makes their network home:\n", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "  %-28s  -H %s\n", endpoint_format(&foreign[i], server),
		    addr_format_network(&foreign[i].addr, network));
}

struct domains {
	size_t n;
	char name[DOMAINS_SHOWN][DOMAIN_MAX + 1];
};

static void
add_domain(struct domains *domains, const char *server_name)
{
	char name[DOMAIN_MAX + 1];
	const char *domain;

	/* A host name has a dot; a lone word is what somebody called a machine. What is
	 * no name must not be proposed to people who copy it into a shell. */
	if (domain_normalise(slice_str(server_name), name) == 0 ||
	    strchr(name, '.') == NULL || !domain_is_name(name))
		return;
	domain = domain_registrable(name);
	for (size_t i = 0; i < domains->n; i++) {
		if (strcmp(domains->name[i], domain) == 0)
			return;
	}
	if (domains->n < DOMAINS_SHOWN)
		strcpy(domains->name[domains->n++], domain);
}

/* Without local domains nobody can say whether accepted mail was for somebody else. */
static void
print_domain_hint(FILE *out, const struct summary *summary)
{
	struct inventory_server server;
	struct domains domains = { .n = 0 };
	uint64_t inbound = 0;
	char buf[NUMBER_MAX];

	for (size_t i = 0; inventory_server(summary->inventory, i, &server); i++) {
		inbound += server.inbound;
		add_domain(&domains, server.name);
	}
	if (inbound == 0)
		return;
	fprintf(out,
	    "\nNo local domains were given: for %s transactions from outside it is "
	    "left\nundecided whether mail for third parties was accepted.\n",
	    number(inbound, buf));
	if (domains.n == 0) {
		fputs("Name the domains whose mail the servers receive with -D.\n", out);
		return;
	}
	fputs("Going by the servers' names: -D ", out);
	for (size_t i = 0; i < domains.n; i++)
		fprintf(out, "%s%s", i > 0 ? "," : "", domains.name[i]);
	fputc('\n', out);
}

void
summary_print(FILE *out, const struct summary *summary)
{
	struct counts counts = { .visitor = { count } };

	summary->visit(summary->context, &counts.visitor);
	inventory_sort(summary->inventory);
	print_totals(out, summary, counts.total);
	print_losses(out, counts.loss);
	print_hints(out, summary);
	if (counts.total[TOTAL_PACKETS] == 0)
		return;
	if (!inventory_saw_home(summary->inventory)) {
		print_home_hint(out, summary);
		return;
	}
	print_servers(out, summary->inventory);
	if (domain_set_is_empty(summary->conf->local_domains))
		print_domain_hint(out, summary);
}
