/* SPDX-License-Identifier: BSD-2-Clause */
#include "netset.h"

#include <stdio.h>
#include <stdlib.h>

#include "ndpi_shim.h"

enum { V4_BITS = 32, V6_BITS = 128, V4_IN_V6 = V6_BITS - V4_BITS, CIDR_MAX = 64 };

struct netset {
	shim_tree *v4, *v6;
};

struct netset *
netset_new(void)
{
	struct netset *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	set->v4 = ndpi_patricia_new(V4_BITS);
	set->v6 = ndpi_patricia_new(V6_BITS);
	if (set->v4 == NULL || set->v6 == NULL) {
		netset_free(set);
		return NULL;
	}
	return set;
}

void
netset_free(struct netset *set)
{
	if (set == NULL)
		return;
	if (set->v4 != NULL)
		ndpi_patricia_destroy(set->v4, shim_no_data);
	if (set->v6 != NULL)
		ndpi_patricia_destroy(set->v6, shim_no_data);
	free(set);
}

/* IPv4, mapped or not, lives in the IPv4 tree; bits count there from its own first bit.
 */
static shim_tree *
tree_and_prefix(
    const struct netset *set, const struct addr *addr, int bits, shim_prefix *prefix)
{
	struct in6_addr v6;
	struct in_addr v4;

	if (addr_is_v4(addr)) {
		memcpy(&v4, addr->b + 12, sizeof(v4));
		ndpi_fill_prefix_v4(prefix, &v4, bits, V4_BITS);
		return set->v4;
	}
	memcpy(&v6, addr->b, sizeof(v6));
	ndpi_fill_prefix_v6(prefix, &v6, bits, V6_BITS);
	return set->v6;
}

/* The decimal number after the slash, or -1. */
static int
parse_bits(const char *text, int most)
{
	int bits = 0;

	if (*text == '\0' || strlen(text) > 3)
		return -1;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -1;
		bits = bits * 10 + (*text - '0');
	}
	return bits <= most ? bits : -1;
}

/* addr without what lies beyond the first bits (of 128). */
static struct addr
network_of(const struct addr *addr, int bits)
{
	struct addr net = *addr;

	for (int i = 0; i < 16; i++) {
		int keep = bits - 8 * i;

		if (keep < 8)
			net.b[i] &= (uint8_t)(keep <= 0 ? 0 : 0xff00 >> keep);
	}
	return net;
}

static const char *
host_bits_text(const struct addr *net, int bits)
{
	/* The interface hands out static strings; each thread has its own. */
	static _Thread_local char text[ADDR_TEXT_MAX + 64];
	char net_text[ADDR_TEXT_MAX];

	snprintf(text, sizeof(text), "host bits are set; the prefix is %s/%d",
	    addr_format(net, net_text), bits);
	return text;
}

/* Splits "address/bits"; *bits is -1 where there are none. NULL, or what is wrong. */
static const char *
parse_cidr(const char *cidr, struct addr *addr, int *bits)
{
	const char *slash = strchr(cidr, '/');
	size_t n = slash != NULL ? (size_t)(slash - cidr) : strlen(cidr);
	char text[CIDR_MAX];
	int most;

	if (n >= sizeof(text))
		return "not an IP address";
	memcpy(text, cidr, n);
	text[n] = '\0';
	if (addr_parse(text, addr) == -1)
		return "not an IP address";
	/* "::ffff:192.0.2.0/120" is an IPv4 prefix, but its length counts as IPv6. */
	most = strchr(text, ':') != NULL ? V6_BITS : V4_BITS;
	*bits = slash != NULL ? parse_bits(slash + 1, most) : most;
	if (*bits == -1)
		return most == V4_BITS ? "the prefix length must be 0 to 32"
				       : "the prefix length must be 0 to 128";
	if (most == V4_BITS)
		*bits += V4_IN_V6;
	return NULL;
}

int
netset_add(struct netset *set, const char *cidr, const char **why)
{
	struct addr addr, net;
	shim_prefix prefix;
	shim_tree *tree;
	int bits, shown;

	*why = parse_cidr(cidr, &addr, &bits);
	if (*why != NULL)
		return -1;
	net = network_of(&addr, bits);
	shown = addr_is_v4(&net) ? bits - V4_IN_V6 : bits;
	if (!addr_equal(&net, &addr)) {
		*why = host_bits_text(&net, shown);
		return -1;
	}
	tree = tree_and_prefix(set, &addr, shown, &prefix);
	if (ndpi_patricia_lookup(tree, &prefix) == NULL) {
		*why = "out of memory";
		return -1;
	}
	return 0;
}

bool
netset_has(const struct netset *set, const struct addr *addr)
{
	shim_prefix prefix;
	shim_tree *tree;
	int bits = addr_is_v4(addr) ? V4_BITS : V6_BITS;

	tree = tree_and_prefix(set, addr, bits, &prefix);
	return ndpi_patricia_search_best(tree, &prefix) != NULL;
}
