/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Everything that may stand before an IP packet, in a notation of its own: hexadecimal
 * octets, and [N] for a length field of two: the octets behind it plus N (<N> the same in
 * little-endian). A new case is one line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <ctype.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "decode.h"

enum { PACKET_MAX = 1024, LENGTHS_MAX = 16 };

#define ETH        "020000000001 020000000002 "
#define IP4(proto) "4500 [+4] 0001 0000 40" proto "0000 cb007101 cb007102 "
#define FD_1       "fd000000 00000000 00000000 00000001 "
#define FD_2       "fd000000 00000000 00000000 00000002 "
#define IP6(next)  "60000000 [-34] " next "40 " FD_1 FD_2
#define UDP(port)  "c001" port "[+6] 0000 "
#define SNAP       "aaaa03 000000 "

/* 192.0.2.1:1025 to 198.51.100.2:25, and 2001:db8::1 to ::2 alike. */
#define TCP "0401 0019 01020304 05060708 5018 0000 0000 0000 48454c4f"
#define IN4 "4500 [+4] 0001 4000 4006 0000 c0000201 c6336402 " TCP
#define IN6                                                                              \
	"60000000 [-34] 0640 20010db8000000000000000000000001 "                          \
	"20010db8000000000000000000000002 " TCP

struct length {
	size_t at;
	long add;
	bool little;
};

/* The text's octets; returns how many. */
static uint32_t
assemble(const char *text, uint8_t out[static PACKET_MAX])
{
	struct length lengths[LENGTHS_MAX];
	size_t n = 0, n_lengths = 0;

	while (*text != '\0') {
		char pair[3] = { text[0], text[1], '\0' };
		char *end;

		if (isspace((unsigned char)*text)) {
			text++;
		} else if (*text == '[' || *text == '<') {
			lengths[n_lengths++] = (struct length){ n,
				strtol(text + 1, &end, 10), *text == '<' };
			text = end + 1;
			n += 2;
		} else {
			out[n++] = (uint8_t)strtoul(pair, NULL, 16);
			text += 2;
		}
	}
	for (size_t i = 0; i < n_lengths; i++) {
		const struct length *l = &lengths[i];
		unsigned v = (unsigned)((long)(n - l->at - 2) + l->add);

		out[l->at + l->little] = (uint8_t)(v >> 8);
		out[l->at + !l->little] = (uint8_t)v;
	}
	return (uint32_t)n;
}

static const struct form {
	const char *name;
	uint16_t linktype;
	const char *text;
	unsigned vlan[VLAN_LAYERS_MAX];
} forms[] = {
	{ "ethernet", 1, ETH "0800" IN4, { 0 } },
	{ "ethernet, IPv6", 1, ETH "86dd" IN6, { 0 } },
	{ "802.3 with SNAP", 1, ETH "[0]" SNAP "0800" IN4, { 0 } },
	{ "802.3 with 802.1H", 1, ETH "[0] aaaa03 0000f8 86dd" IN6, { 0 } },
	{ "802.3 with IP's own LSAP", 1, ETH "[0] 060603" IN4, { 0 } },
	{ "802.3 with a bridged frame", 1, ETH "[0] aaaa03 0080c2 0007" ETH "0800" IN4,
	    { 0 } },
	{ "jumbo LLC", 1, ETH "8870" SNAP "0800" IN4, { 0 } },
	{ "802.1Q", 1, ETH "8100 6064 0800" IN4, { 100 } },
	{ "802.1Q with LLC", 1, ETH "8100 0064 [0]" SNAP "0800" IN4, { 100 } },
	{ "802.1Q with SNAP of a tag", 1, ETH "[0]" SNAP "8100 0064 0800" IN4, { 100 } },
	{ "802.1ad", 1, ETH "88a8 0007 8100 0064 86dd" IN6, { 7, 100 } },
	{ "9100", 1, ETH "9100 0007 9200 0008 9300 0009 0800" IN4, { 7, 8, 9 } },
	{ "802.1ah", 1, ETH "88a8 0007 88e7 00010203" ETH "8100 0064 0800" IN4,
	    { 7, 100 } },
	{ "VN tag", 1, ETH "8926 00010002 8100 0064 0800" IN4, { 100 } },
	{ "802.1BR", 1, ETH "893f 000100020003 0800" IN4, { 0 } },
	{ "FabricPath", 1, ETH "8903 0020" ETH "8100 0064 0800" IN4, { 100 } },
	{ "PPPoE", 1, ETH "8864 1100 1234 [0] 0021" IN4, { 0 } },
	{ "PPPoE, IPv6", 1, ETH "8100 0064 8864 1100 1234 [0] 0057" IN6, { 100 } },
	{ "PPPoE, short protocol", 1, ETH "8864 1100 1234 [0] 21" IN4, { 0 } },
	{ "MPLS", 1, ETH "8847 003e8040 003e9140" IN4, { 0 } },
	{ "MPLS, IPv6, upstream", 1, ETH "8848 00002140" IN6, { 0 } },
	{ "MPLS, Ethernet", 1, ETH "8847 003e9140" ETH "8100 0064 0800" IN4, { 100 } },
	{ "MPLS, Ethernet of a MAC like IPv4", 1,
	    ETH "8847 003e9140 450000000001 020000000002 0800" IN4, { 0 } },
	{ "MPLS, Ethernet of a MAC like IPv6", 1,
	    ETH "8847 003e9140 600000000001 020000000002 86dd" IN6, { 0 } },
	{ "MPLS, control word", 1, ETH "8847 003e9140 00000001" ETH "0800" IN4, { 0 } },
	{ "GRE", 1, ETH "0800" IP4("2f") "0000 0800" IN4, { 0 } },
	{ "GRE, all fields", 1,
	    ETH "86dd" IP6("2f") "b000 86dd 00000000 00000007 00000001" IN6, { 0 } },
	{ "GRE, key", 101, IP4("2f") "2000 0800 00000007" IN4, { 0 } },
	{ "GRE, Ethernet", 101, IP4("2f") "0000 6558" ETH "8100 0064 0800" IN4, { 100 } },
	{ "GRE, MPLS", 101, IP4("2f") "0000 8847 003e9140" IN4, { 0 } },
	{ "GRE, PPP", 101, IP4("2f") "0000 880b ff03 0021" IN4, { 0 } },
	{ "GRE, WCCP 1", 101, IP4("2f") "0000 883e" IN4, { 0 } },
	{ "GRE, WCCP 2", 101, IP4("2f") "0000 883e 00000000" IN4, { 0 } },
	{ "PPTP", 101, IP4("2f") "3001 880b [-6] 0005 00000001 ff03 21" IN4, { 0 } },
	{ "PPTP, acknowledging", 101,
	    IP4("2f") "3081 880b [-10] 0005 00000001 00000002 0021" IN4, { 0 } },
	{ "ERSPAN I", 1, ETH "0800" IP4("2f") "0000 88be" ETH "0800" IN4, { 0 } },
	{ "ERSPAN II", 1,
	    ETH "8100 0005 0800" IP4("2f") "1000 88be 00000001 1064 1001 00000001" ETH
					   "0800" IN4,
	    { 5, 100 } },
	{ "ERSPAN II, tag in the frame", 101,
	    IP4("2f") "1000 88be 00000001 1064 1801 00000001" ETH "8100 0064 0800" IN4,
	    { 100 } },
	{ "ERSPAN III", 101,
	    IP4("2f") "1000 22eb 00000001 2064 0001 01020304 0000 0000" ETH "0800" IN4,
	    { 100 } },
	{ "ERSPAN III, platform", 101,
	    IP4("2f") "1000 22eb 00000001 2000 0001 01020304 0000 0001"
		      "0c000000 00000000" ETH "86dd" IN6,
	    { 0 } },
	{ "ERSPAN III, IP", 101,
	    IP4("2f") "1000 22eb 00000001 2000 0001 01020304 0000 0800" IN6, { 0 } },
	{ "VXLAN", 1, ETH "0800" IP4("11") UDP("12b5") "08000000 00002a00" ETH "0800" IN4,
	    { 0 } },
	{ "VXLAN, 8472, group", 101,
	    IP6("11") UDP("2118") "88000001 00002a00" ETH "8100 0064 0800" IN4, { 100 } },
	{ "GENEVE", 101, IP4("11") UDP("17c1") "0000 6558 00002a00" ETH "0800" IN4,
	    { 0 } },
	{ "GENEVE, options", 101,
	    IP6("11") UDP("17c1") "0200 86dd 00002a00 0102 0301 00000000" IN6, { 0 } },
	{ "Teredo", 101, IP4("11") UDP("0dd8") IN6, { 0 } },
	{ "Teredo, both indications", 101,
	    IP4("11") UDP("0dd8") "0001 0201 aabb cc"
				  "0102030405060708 00 0000 1234 01020304" IN6,
	    { 0 } },
	{ "L2TP", 101, IP4("11") UDP("06a5") "0002 0001 0002 ff03 0021" IN4, { 0 } },
	{ "L2TP, all fields", 101,
	    IP4("11") UDP("06a5") "4a02 [+4] 0001 0002 0001 0002 0002 0000 0021" IN4,
	    { 0 } },
	{ "GTP-U", 101, IP4("11") UDP("0868") "30ff [-4] 00000001" IN4, { 0 } },
	{ "GTP-U, extensions", 101,
	    IP4("11") UDP(
		"0868") "34ff [-4] 00000001 0000 00 85 01 0009 c0 02 000000000000 00" IN6,
	    { 0 } },
	{ "MPLS in UDP", 101, IP4("11") UDP("19eb") "003e9140" IN4, { 0 } },
	{ "GRE in UDP", 101, IP4("11") UDP("1292") "2000 6558 00000007" ETH "0800" IN4,
	    { 0 } },
	{ "4in4", 1, ETH "0800" IP4("04") IN4, { 0 } },
	{ "6in4", 1, ETH "0800" IP4("29") IN6, { 0 } },
	{ "4in6", 1, ETH "86dd" IP6("04") IN4, { 0 } },
	{ "6in6, limit", 1, ETH "86dd" IP6("3c") "2900 040104 010100" IN6, { 0 } },
	{ "EtherIP", 101, IP4("61") "3000" ETH "0800" IN4, { 0 } },
	{ "MPLS in IP", 101, IP6("89") "003e9140" IN4, { 0 } },
	{ "AH in IPv4", 101, IP4("33") "0401 0000 00000001 00000001" IN4, { 0 } },
	{ "six in each other", 1,
	    ETH "88a8 0001 8100 0002 8847 003e9140 00000000" ETH "8100 0003 0800" IP4(
		"11") UDP("12b5") "08000000 00002a00" ETH "8100 0004 86dd" IN6,
	    { 1, 2, 3 } },
	{ "null", 0, "02000000" IN4, { 0 } },
	{ "loop", 108, "0000001e" IN6, { 0 } },
	{ "PPP", 9, "0021" IN4, { 0 } },
	{ "PPP, framed", 9, "ff03 57" IN6, { 0 } },
	{ "PPP, MPLS", 9, "ff03 0281 003e9140" IN4, { 0 } },
	{ "PPP, Cisco", 50, "8f00 0800" IN4, { 0 } },
	{ "PPP, HDLC", 50, "ff03 0021" IN4, { 0 } },
	{ "PPP, Ethernet", 51, "1100 1234 [0] 0021" IN4, { 0 } },
	{ "PPP, direction", 204, "01 ff03 0021" IN4, { 0 } },
	{ "Cisco HDLC", 104, "0f00 86dd" IN6, { 0 } },
	{ "802.11", 105, "0801 0000" ETH "020000000003 1000" SNAP "0800" IN4, { 0 } },
	{ "802.11, QoS, four addresses, HT", 105,
	    "8883 0000" ETH "020000000003 1000"
	    "020000000004 0000 00000000" SNAP "86dd" IN6,
	    { 0 } },
	{ "802.11, several frames", 105,
	    "8801 0000" ETH "020000000003 1000 8000" ETH "[0]" SNAP "0800" IN4, { 0 } },
	{ "radiotap", 127,
	    "0000 0800 00000000 0802 0000" ETH "020000000003 1000" SNAP "0800" IN4,
	    { 0 } },
	{ "radiotap, padded", 127,
	    "0000 1900 030000a0 00000020 00000000 0102030405060708 20"
	    "8802 0000" ETH "020000000003 1000 0000 0000" SNAP "0800" IN4,
	    { 0 } },
	{ "MPLS link", 219, "003e9140" IN4, { 0 } },
	{ "IPv4 link", 228, IN4, { 0 } },
	{ "IPv6 link", 229, IN6, { 0 } },
	{ "NFLOG", 239, "02000005 0800 0100 08000300 0500 0a00 78000000 <2> 0900" IN4,
	    { 0 } },
	{ "NFLOG, big-endian", 239, "0a000005 [2] 0009" IN6, { 0 } },
	{ "PKTAP", 258, "10000000 01000000 01000000 656e3000" ETH "0800" IN4, { 0 } },
	{ "cooked, LLC", 113, "0000 0001 0006 0200000000010000 0004" SNAP "0800" IN4,
	    { 0 } },
	{ "cooked, tag", 113, "0000 0001 0006 0200000000010000 8100 0064 0800" IN4,
	    { 100 } },
	{ "cooked 2", 276, "86dd 0000 00000002 0001 00 06 0200000000010000" IN6, { 0 } },
};

enum { FORMS = sizeof(forms) / sizeof(forms[0]) };

static enum decode_result
run(uint16_t linktype, const uint8_t *octets, uint32_t n, uint32_t wire,
    struct segment *s)
{
	const struct packet packet = {
		.data = octets, .caplen = n, .wirelen = wire, .linktype = linktype
	};

	return decode(&packet, s);
}

static bool
is_the_segment(const struct segment *s)
{
	return s->sport == 1025 && s->dport == 25 && s->seq == 0x01020304 &&
	       s->payload.n == 4 && memcmp(s->payload.p, "HELO", 4) == 0 &&
	       s->wire_payload == 4;
}

static bool
addresses_are(const struct segment *s, const char *src, const char *dst)
{
	struct addr a, b;

	assert_int_equal(addr_parse(src, &a) | addr_parse(dst, &b), 0);
	return addr_equal(&s->src, &a) && addr_equal(&s->dst, &b);
}

static bool
vlans_are(const struct segment *s, const unsigned want[VLAN_LAYERS_MAX])
{
	unsigned n = 0;

	while (n < VLAN_LAYERS_MAX && want[n] != 0)
		n++;
	if (s->vlan_layers != n)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (s->vlan[i] != want[i])
			return false;
	}
	return true;
}

static void
every_form_gives_the_inner_segment(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		uint8_t octets[PACKET_MAX];
		uint32_t n = assemble(forms[i].text, octets);
		struct segment s;
		enum decode_result result = run(forms[i].linktype, octets, n, n, &s);

		if (result == DECODE_TCP && is_the_segment(&s) &&
		    vlans_are(&s, forms[i].vlan) &&
		    (addresses_are(&s, "192.0.2.1", "198.51.100.2") ||
			addresses_are(&s, "2001:db8::1", "2001:db8::2")))
			continue;
		print_message("%s: %s\n", forms[i].name, decode_result_name(result));
		bad++;
	}
	assert_int_equal(bad, 0);
}

static uint8_t *
unreadable_page(void)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(
	    NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
	return map + page;
}

/* The first n octets end before an unreadable page. */
static enum decode_result
run_cut(const struct form *form, const uint8_t *octets, uint32_t n, uint32_t wire)
{
	static uint8_t *page;
	struct segment s;
	enum decode_result result;

	if (page == NULL)
		page = unreadable_page();
	memcpy(page - n, octets, n);
	result = run(form->linktype, page - n, n, wire, &s);
	if (result == DECODE_TCP) {
		assert_true(s.tcp.p >= page - n && s.tcp.p + s.tcp.n <= page);
		assert_true(s.payload.p + s.payload.n <= page);
		decode_checksum_ok(&s);
	}
	return result;
}

/* Where TCP's header was not captured, nothing is told; where payload was not, the rest.
 */
static void
every_form_is_cut_at_every_octet(void **state)
{
	(void)state;
	for (size_t i = 0; i < FORMS; i++) {
		uint8_t octets[PACKET_MAX];
		uint32_t n = assemble(forms[i].text, octets);

		for (uint32_t cut = 0; cut < n; cut++) {
			enum decode_result result = run_cut(&forms[i], octets, cut, n);

			if (cut >= n - 4)
				assert_int_equal(result, DECODE_TCP);
			else
				assert_true(result != DECODE_TCP);
			if (result == DECODE_MALFORMED)
				fail_msg("%s cut to %u", forms[i].name, cut);
			run_cut(&forms[i], octets, cut, cut);
		}
	}
}

static void
no_form_is_read_beyond_its_end_whatever_it_says(void **state)
{
	(void)state;
	srand(1);
	for (size_t i = 0; i < FORMS; i++) {
		uint8_t octets[PACKET_MAX];
		uint32_t n = assemble(forms[i].text, octets);

		for (int round = 0; round < 4000; round++) {
			uint32_t cut = (uint32_t)rand() % (n + 1);

			if (round % 16 == 0)
				assemble(forms[i].text, octets);
			octets[(uint32_t)rand() % n] = (uint8_t)rand();
			run_cut(&forms[i], octets, cut, round % 2 ? cut : n);
		}
	}
}

static const struct {
	const char *name;
	uint16_t linktype;
	const char *text;
	enum decode_result want;
} refusals[] = {
	{ "PPPoE discovery", 1, ETH "8863 1109 0000 0000", DECODE_OTHER },
	{ "PPPoE control", 1, ETH "8864 11a7 1234 [0] 0021" IN4, DECODE_OTHER },
	{ "PPPoE version", 1, ETH "8864 2100 1234 [0] 0021" IN4, DECODE_MALFORMED },
	{ "PPPoE length", 1, ETH "8864 1100 1234 [1] 0021" IN4, DECODE_MALFORMED },
	{ "PPP's own", 9, "ff03 c021 01010004", DECODE_OTHER },
	{ "PPP, encrypted", 9, "ff03 00fd" IN4, DECODE_OTHER },
	{ "spanning tree", 1, ETH "0003 424203", DECODE_OTHER },
	{ "SNAP of somebody", 1, ETH "[0] aaaa03 00000c 2000 0102", DECODE_OTHER },
	{ "MPLS, no bottom", 1, ETH "8847 003e8040 003e8040", DECODE_MALFORMED },
	{ "MPLS, 17 labels", 219,
	    "00000040 00000040 00000040 00000040 00000040 00000040 00000040 00000040 "
	    "00000040 00000040 00000040 00000040 00000040 00000040 00000040 00000040 "
	    "00000140" IN4,
	    DECODE_TOO_DEEP },
	{ "MPLS, associated channel", 1, ETH "8847 003e9140 10000021" IN4, DECODE_OTHER },
	{ "GRE, source route", 101, IP4("2f") "4000 0800 00000000 00000000" IN4,
	    DECODE_OTHER },
	{ "GRE, version 2", 101, IP4("2f") "0002 0800" IN4, DECODE_OTHER },
	{ "GRE keepalive", 101, IP4("2f") "0000 0000", DECODE_OTHER },
	{ "PPTP, no payload", 101, IP4("2f") "2081 880b 0000 0005 00000002",
	    DECODE_OTHER },
	{ "PPTP, length", 101, IP4("2f") "3001 880b [+9] 0005 00000001 21" IN4,
	    DECODE_MALFORMED },
	{ "ERSPAN III, a type of frame of its own", 101,
	    IP4("2f") "1000 22eb 00000001 2000 0001 01020304 0000 1c00" ETH "0800" IN4,
	    DECODE_OTHER },
	{ "UDP", 101, IP4("11") UDP("0035") IN4, DECODE_OTHER },
	{ "UDP, length", 101, IP4("11") "c001 0035 [+7] 0000", DECODE_MALFORMED },
	{ "VXLAN, no network id", 101,
	    IP4("11") UDP("12b5") "00000000 00002a00" ETH "0800" IN4, DECODE_OTHER },
	{ "VXLAN, no frame", 101, IP4("11") UDP("12b5") "08000000 00002a00" IN4,
	    DECODE_OTHER },
	{ "GRE in UDP, unused bits", 101, IP4("11") UDP("1292") "2010 0800 00000007" IN4,
	    DECODE_OTHER },
	{ "GENEVE, version", 101, IP4("11") UDP("17c1") "4000 0800 00002a00" IN4,
	    DECODE_OTHER },
	{ "GENEVE, no IP", 101, IP4("11") UDP("17c1") "0000 0800 00002a00 ff" IN4,
	    DECODE_OTHER },
	{ "Teredo bubble", 101, IP4("11") UDP("0dd8") "60000000 0000 3b40" FD_1 FD_2,
	    DECODE_OTHER },
	{ "L2TP control", 101,
	    IP4("11") UDP("06a5") "c802 0014 0001 0000 0000 0000 8008 0000 0000 0001",
	    DECODE_OTHER },
	{ "GTP-U echo", 101, IP4("11") UDP("0868") "3201 0004 00000000 00010000",
	    DECODE_OTHER },
	{ "GTP-U, endless extensions", 101,
	    IP4("11") UDP("0868") "34ff [-4] 00000001 0000 00 85 00 0009 85" IN4,
	    DECODE_OTHER },
	{ "802.11, encrypted", 105, "0841 0000" ETH "020000000003 1000" SNAP "0800" IN4,
	    DECODE_OTHER },
	{ "802.11, fragment", 105, "0801 0000" ETH "020000000003 1100" SNAP "0800" IN4,
	    DECODE_OTHER },
	{ "802.11, no data", 105, "4801 0000" ETH "020000000003 1000", DECODE_OTHER },
	{ "802.11, beacon", 105, "8000 0000" ETH "020000000003 1000 0000", DECODE_OTHER },
	{ "radiotap, bad checksum", 127,
	    "0000 0900 02000000 40 0801 0000" ETH "020000000003 1000" SNAP "0800" IN4,
	    DECODE_MALFORMED },
	{ "IPv6 extension in IPv4", 101, IP4("2b") "06000000 00000000" TCP,
	    DECODE_OTHER },
	{ "PKTAP of PKTAP", 258, "0c000000 01000000 02010000 0c000000 01000000 01000000",
	    DECODE_LINKTYPE },
	{ "PKTAP, no packet", 258, "0c000000 00000000 01000000", DECODE_OTHER },
	{ "PKTAP, header", 258, "ff000000 01000000 01000000" ETH "0800" IN4,
	    DECODE_MALFORMED },
	{ "NFLOG, length", 239, "02000005 0300 0900" IN4, DECODE_MALFORMED },
	{ "NFLOG, nothing", 239, "02000005 0800 0100 08000300", DECODE_OTHER },
	{ "eight in each other", 1,
	    ETH "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 "
		"8100 0001 8100 0001 8100 0001 0800" IN4,
	    DECODE_TCP },
	{ "nine in each other", 1,
	    ETH "8100 0001 8100 0001 8100 0001 8100 0001 8100 0001 "
		"8100 0001 8100 0001 8100 0001 8100 0001 0800" IN4,
	    DECODE_TOO_DEEP },
	{ "nine IP headers", 101,
	    IP4("04") IP4("04") IP4("04") IP4("04") IP4("04") IP4("04") IP4("04")
		IP4("04") IP4("04") IN4,
	    DECODE_TOO_DEEP },
};

static void
what_is_no_tunnel_is_let_be(void **state)
{
	unsigned bad = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		uint8_t octets[PACKET_MAX];
		uint32_t n = assemble(refusals[i].text, octets);
		struct segment s;
		enum decode_result result = run(refusals[i].linktype, octets, n, n, &s);

		if (result == refusals[i].want)
			continue;
		print_message("%s: %s\n", refusals[i].name, decode_result_name(result));
		bad++;
	}
	assert_int_equal(bad, 0);
}

/* draft-foschiano-erspan: the mirror may cut frames, and says so. */
static void
a_mirror_that_cuts_frames_is_no_liar(void **state)
{
	static const char *const texts[] = {
		IP4("2f") "1000 88be 00000001 1000 0401 00000001" ETH "0800"
			  "4500 0400 0001 4000 4006 0000 c0000201 c6336402 " TCP,
		IP4("2f") "1000 88be 00000001 1000 0001 00000001" ETH "0800"
			  "4500 0400 0001 4000 4006 0000 c0000201 c6336402 " TCP,
	};
	uint8_t octets[PACKET_MAX];
	struct segment s;
	uint32_t n = assemble(texts[0], octets);

	(void)state;
	assert_int_equal(run(101, octets, n, n, &s), DECODE_TCP);
	assert_int_equal(s.payload.n, 4);
	assert_int_equal(s.wire_payload, 0x400 - 40);
	n = assemble(texts[1], octets);
	assert_int_equal(run(101, octets, n, n, &s), DECODE_MALFORMED);
}

static enum decode_result
run_fragment(const char *text, uint8_t octets[static PACKET_MAX], struct fragment *f,
    struct segment *s)
{
	const struct packet packet = { .data = octets,
		.caplen = assemble(text, octets),
		.linktype = 1,
		.origin = { .ts_us = 42, .number = 7 } };

	return decode_fragment(&packet, s, f);
}

static void
fragments_are_told_with_their_place(void **state)
{
	uint8_t octets[PACKET_MAX];
	struct fragment f;
	struct segment s;

	(void)state;
	assert_int_equal(
	    run_fragment(ETH "8100 0064 0800 4500 001c abcd 2005 4006 0000 c0000201 "
			     "c6336402 3132333435363738 7070",
		octets, &f, &s),
	    DECODE_FRAGMENT);
	assert_int_equal(f.id, 0xabcd);
	assert_int_equal(f.offset, 40);
	assert_true(f.more && !f.v6);
	assert_int_equal(f.proto, 6);
	assert_int_equal(f.data.n, 8);
	assert_int_equal(f.wire_octets, 8);
	assert_memory_equal(f.data.p, "12345678", 8);
	assert_int_equal(f.ts_us, 42);
	assert_true(addr_equal(&f.src, &s.src) && addr_equal(&f.dst, &s.dst));
	assert_int_equal(
	    run_fragment(ETH "86dd" IP6("3c") "2c00 010400000000 "
					      "1100 0028 12345678 3132333435363738 39",
		octets, &f, &s),
	    DECODE_FRAGMENT);
	assert_int_equal(f.id, 0x12345678);
	assert_int_equal(f.offset, 40);
	assert_true(!f.more && f.v6);
	assert_int_equal(f.proto, 17);
	assert_int_equal(f.data.n, 9);
}

/* What was fragmented goes on where the fragments' walk stopped. */
static void
a_datagram_is_walked_on(void **state)
{
	uint8_t octets[PACKET_MAX], inner[PACKET_MAX];
	struct datagram d = { .proto = 47 };
	struct fragment f;
	struct segment s;

	(void)state;
	assert_int_equal(
	    run_fragment(ETH "8100 0064 0800 4500 001c abcd 2000 402f 0000 c0000201 "
			     "c6336402 0000655802000000",
		octets, &f, &s),
	    DECODE_FRAGMENT);
	d.src = f.src;
	d.dst = f.dst;
	d.depth = f.depth;
	d.data = slice_of(inner, assemble("0000 6558" ETH "8100 0065 0800" IN4, inner));
	assert_int_equal(decode_datagram(&d, &s, &f), DECODE_TCP);
	assert_true(is_the_segment(&s));
	assert_true(vlans_are(&s, (const unsigned[]){ 100, 101, 0 }));
	assert_int_equal(s.origin.number, 7);
	d.data =
	    slice_of(inner, assemble("0000 0800 4500 001c abcd 2000 4006 0000 c0000201 "
				     "c6336402 3132333435363738",
				inner));
	assert_int_equal(decode_datagram(&d, &s, &f), DECODE_FRAGMENT);
	assert_int_equal(f.depth, 3);
	d.proto = 6;
	d.data = slice_of(inner, assemble(TCP, inner));
	assert_int_equal(decode_datagram(&d, &s, &f), DECODE_TCP);
	assert_true(is_the_segment(&s));
	assert_true(addresses_are(&s, "192.0.2.1", "198.51.100.2"));
	d.depth = 8;
	assert_int_equal(decode_datagram(&d, &s, &f), DECODE_TOO_DEEP);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_gives_the_inner_segment),
		cmocka_unit_test(every_form_is_cut_at_every_octet),
		cmocka_unit_test(no_form_is_read_beyond_its_end_whatever_it_says),
		cmocka_unit_test(what_is_no_tunnel_is_let_be),
		cmocka_unit_test(a_mirror_that_cuts_frames_is_no_liar),
		cmocka_unit_test(fragments_are_told_with_their_place),
		cmocka_unit_test(a_datagram_is_walked_on),
	};

	return cmocka_run_group_tests_name("decode_encap", tests, NULL, NULL);
}
