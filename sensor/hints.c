/* SPDX-License-Identifier: BSD-2-Clause */
#include "hints.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum {
	/* Ethernet with tags and some tunnel around a packet of 1500 octets. */
	FRAME_USUAL = 1600,
	ONE_WAY_MIN = 3,    /* connections; fewer may be chance */
	ONE_WAY_SHARE = 10, /* and one in so many */
	HOME_MIN = 50,      /* connections; of so many one would be of home-net */
};

enum counter {
	COUNTER_ONE_WAY,
	COUNTER_TWO_WAY,
	COUNTER_CONNECTIONS,
	COUNTER_CUT_HEADERS,
	COUNTER_CUT_STREAMS,
	COUNTER_CUT_FRAGMENTS,
	COUNTER_LINKTYPE,
	COUNTER_OFFLOADED,
	COUNTERS
};

static const struct {
	const char *group, *name;
} counters[COUNTERS] = {
	[COUNTER_ONE_WAY] = { "flow", "long_one_way" },
	[COUNTER_TWO_WAY] = { "flow", "long_two_way" },
	[COUNTER_CONNECTIONS] = { "flow", "new" },
	[COUNTER_CUT_HEADERS] = { "decode", "snaplen" },
	[COUNTER_CUT_STREAMS] = { "reassembly", "gaps_snaplen" },
	[COUNTER_CUT_FRAGMENTS] = { "defrag", "snaplen" },
	[COUNTER_LINKTYPE] = { "decode", "linktype" },
	[COUNTER_OFFLOADED] = { "reassembly", "offloaded_checksum" },
};

struct counts {
	struct stats_visitor visitor; /* first: the visited get this */
	uint64_t of[COUNTERS];
};

static void
count(struct stats_visitor *visitor, const char *group, const char *name, uint64_t value)
{
	struct counts *counts = (struct counts *)visitor;

	for (size_t i = 0; i < COUNTERS; i++) {
		if (strcmp(name, counters[i].name) == 0 &&
		    strcmp(group, counters[i].group) == 0)
			counts->of[i] += value;
	}
}

void
hints_init(struct hints *hints, bool live, uint32_t frame_max)
{
	*hints = (struct hints){ .live = live,
		.frame_max = frame_max != 0 ? frame_max : FRAME_USUAL };
}

static bool
holds(enum hint hint, const struct hints *hints, const struct hints_view *view,
    const uint64_t of[COUNTERS])
{
	uint64_t one_way = of[COUNTER_ONE_WAY];

	switch (hint) {
	case HINT_ONE_WAY:
		return one_way >= ONE_WAY_MIN &&
		       one_way * ONE_WAY_SHARE >= one_way + of[COUNTER_TWO_WAY];
	case HINT_CUT:
		return of[COUNTER_CUT_HEADERS] + of[COUNTER_CUT_STREAMS] +
			   of[COUNTER_CUT_FRAGMENTS] >
		       0;
	case HINT_LINKTYPE:
		return of[COUNTER_LINKTYPE] > 0;
	case HINT_HOME:
		return of[COUNTER_CONNECTIONS] >= HOME_MIN &&
		       !inventory_saw_home(view->inventory);
	case HINT_GIANT:
		return hints->giants > 0;
	default:
		return of[COUNTER_OFFLOADED] > 0;
	}
}

static void
put_home(const struct hints_view *view, uint64_t connections, char *text)
{
	struct endpoint likely;
	char server[ENDPOINT_TEXT_MAX], network[ENDPOINT_TEXT_MAX];
	int n = snprintf(text, HINT_TEXT_MAX,
	    "none of the hosts of %" PRIu64 " connections is in home-net: nothing can be "
	    "judged; name your networks with -H or home-net",
	    connections);

	if (inventory_foreign(view->inventory, &likely, 1) == 0)
		return;
	snprintf(text + n, HINT_TEXT_MAX - (size_t)n,
	    ", for the likely mail server %s: -H %s", endpoint_format(&likely, server),
	    addr_format_network(&likely.addr, network));
}

static void
put_text(enum hint hint, const struct hints *hints, const struct hints_view *view,
    const uint64_t of[COUNTERS], char *text)
{
	switch (hint) {
	case HINT_ONE_WAY:
		snprintf(text, HINT_TEXT_MAX,
		    "of %" PRIu64 " longer connections %" PRIu64
		    " are seen in one direction only: mirror both (receive and transmit) "
		    "of the port, and every path that packets take; without replies "
		    "nothing can be judged",
		    of[COUNTER_ONE_WAY] + of[COUNTER_TWO_WAY], of[COUNTER_ONE_WAY]);
		break;
	case HINT_CUT:
		snprintf(text, HINT_TEXT_MAX,
		    "packets are cut, and mail cannot be read where they are: %s",
		    hints->live ? "raise capture.snap-bytes, and let the mirror session "
				  "not truncate"
				: "capture whole packets (tcpdump -s 0)");
		break;
	case HINT_LINKTYPE:
		snprintf(text, HINT_TEXT_MAX,
		    "packets of this interface have a link type that cannot be read");
		break;
	case HINT_HOME:
		put_home(view, of[COUNTER_CONNECTIONS], text);
		break;
	case HINT_GIANT:
		snprintf(text, HINT_TEXT_MAX,
		    "%" PRIu64 " packets are larger than a frame on the wire (up to %u "
		    "octets): segments joined by the network card, or jumbo frames; "
		    "nothing is lost, but times and packet counts are not the wire's: "
		    "ethtool -K IFACE gro off lro off%s",
		    hints->giants, hints->largest,
		    hints->live ? "" : " before the next capture");
		break;
	default:
		snprintf(text, HINT_TEXT_MAX,
		    "%" PRIu64 " segments have checksums that a network card was to fill "
		    "in, as where a host captures its own traffic; nothing is lost, but "
		    "damage goes unseen: ethtool -K IFACE tx off, or capture on a mirror "
		    "port",
		    of[COUNTER_OFFLOADED]);
		break;
	}
}

bool
hints_next(
    struct hints *hints, const struct hints_view *view, char text[static HINT_TEXT_MAX])
{
	struct counts counts = { .visitor = { count } };

	view->visit(view->context, &counts.visitor);
	for (unsigned i = 0; i < HINTS; i++) {
		enum hint hint = (enum hint)i;

		if (hints->said & 1u << i || !holds(hint, hints, view, counts.of))
			continue;
		hints->said |= 1u << i;
		put_text(hint, hints, view, counts.of, text);
		return true;
	}
	return false;
}
