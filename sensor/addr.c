/* SPDX-License-Identifier: BSD-2-Clause */
#include "addr.h"

#include <arpa/inet.h>
#include <stdio.h>

enum { ADDR_BITS = 128 };

int
addr_parse(const char *text, struct addr *out)
{
	uint8_t bytes[16];

	if (inet_pton(AF_INET, text, bytes) == 1) {
		*out = addr_from_v4(bytes);
		return 0;
	}
	if (inet_pton(AF_INET6, text, bytes) == 1) {
		*out = addr_from_v6(bytes);
		return 0;
	}
	return -1;
}

char *
addr_format(const struct addr *a, char buf[static ADDR_TEXT_MAX])
{
	if (addr_is_v4(a))
		inet_ntop(AF_INET, a->b + 12, buf, ADDR_TEXT_MAX);
	else
		inet_ntop(AF_INET6, a->b, buf, ADDR_TEXT_MAX);
	return buf;
}

struct addr
addr_v6_prefix(const struct addr *a, unsigned bits)
{
	struct addr cut = *a;
	size_t whole = bits / 8;

	if (bits >= ADDR_BITS || addr_is_v4(a))
		return cut;
	cut.b[whole] &= (uint8_t)(0xff00 >> bits % 8);
	memset(cut.b + whole + 1, 0, sizeof(cut.b) - whole - 1);
	return cut;
}

char *
endpoint_format(const struct endpoint *e, char buf[static ENDPOINT_TEXT_MAX])
{
	char text[ADDR_TEXT_MAX];

	addr_format(&e->addr, text);
	snprintf(buf, ENDPOINT_TEXT_MAX, strchr(text, ':') != NULL ? "[%s]:%u" : "%s:%u",
	    text, e->port);
	return buf;
}

char *
addr_format_network(const struct addr *a, char buf[static ENDPOINT_TEXT_MAX])
{
	struct addr network = *a;
	char text[ADDR_TEXT_MAX];

	if (addr_is_v4(a))
		network.b[15] = 0;
	else
		network = addr_v6_prefix(a, 48);
	snprintf(buf, ENDPOINT_TEXT_MAX, "%s/%d", addr_format(&network, text),
	    addr_is_v4(a) ? 24 : 48);
	return buf;
}
