/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "decode.h"

enum {
	LINK_NULL = 0,
	LINK_ETHERNET = 1,
	LINK_RAW = 101,
	LINK_LOOP = 108,
	LINK_SLL = 113,
	LINK_IPV4 = 228,
	LINK_IPV6 = 229,
	LINK_SLL2 = 276,
};

/* A packet under construction. */
struct frame {
	uint8_t b[70000];
	uint32_t n;
};

static void
put(struct frame *f, const void *octets, size_t n)
{
	memcpy(f->b + f->n, octets, n);
	f->n += (uint32_t)n;
}

static void
put16(struct frame *f, unsigned v)
{
	put(f, (uint8_t[]){ (uint8_t)(v >> 8), (uint8_t)v }, 2);
}

static void
put_zeros(struct frame *f, size_t n)
{
	memset(f->b + f->n, 0, n);
	f->n += (uint32_t)n;
}

static void
put_ethernet(struct frame *f, unsigned type)
{
	put_zeros(f, 12);
	put16(f, type);
}

static void
put_tcp(struct frame *f, size_t options, const char *payload)
{
	put16(f, 1025);
	put16(f, 25);
	put(f, (uint8_t[]){ 1, 2, 3, 4, 5, 6, 7, 8 }, 8);
	put(f, (uint8_t[]){ (uint8_t)((20 + options) / 4 << 4), TCP_PSH | TCP_ACK }, 2);
	put_zeros(f, 6 + options);
	put(f, payload, strlen(payload));
}

/* 192.0.2.1 to 198.51.100.2. */
static void
put_ipv4(
    struct frame *f, size_t options, size_t payload, unsigned fragment, uint8_t proto)
{
	put(f, (uint8_t[]){ (uint8_t)(0x40 | (20 + options) / 4), 0 }, 2);
	put16(f, (unsigned)(20 + options + payload));
	put16(f, 1);
	put16(f, fragment);
	put(f, (uint8_t[]){ 64, proto, 0, 0, 192, 0, 2, 1, 198, 51, 100, 2 }, 12);
	put_zeros(f, options);
}

static void
put_ipv6(struct frame *f, size_t payload, uint8_t next)
{
	put(f, (uint8_t[]){ 0x60, 0, 0, 0 }, 4);
	put16(f, (unsigned)payload);
	put(f, (uint8_t[]){ next, 64 }, 2);
	put(f, (uint8_t[16]){ 0x20, 1, 0xd, 0xb8, [15] = 1 }, 16);
	put(f, (uint8_t[16]){ 0x20, 1, 0xd, 0xb8, [15] = 2 }, 16);
}

static enum decode_result
run_cut(const struct frame *f, uint16_t linktype, uint32_t caplen, struct segment *s)
{
	const struct packet packet = { .data = f->b,
		.caplen = caplen,
		.wirelen = f->n,
		.linktype = linktype,
		.origin = { .ts_us = 42, .number = 7, .source = 3 } };

	return decode(&packet, s);
}

static enum decode_result
run(const struct frame *f, uint16_t linktype, struct segment *s)
{
	return run_cut(f, linktype, f->n, s);
}

static void
check_payload(const struct segment *s, const char *want)
{
	assert_int_equal(s->payload.n, strlen(want));
	assert_memory_equal(s->payload.p, want, strlen(want));
	assert_int_equal(s->wire_payload, strlen(want));
}

static void
check_addr(const struct addr *a, const char *want)
{
	struct addr b;

	assert_int_equal(addr_parse(want, &b), 0);
	assert_true(addr_equal(a, &b));
}

static void
a_plain_segment_is_told_whole(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ethernet(&f, 0x0800);
	put_ipv4(&f, 0, 24, 0x4000, 6);
	put_tcp(&f, 0, "HELO");
	assert_int_equal(run(&f, LINK_ETHERNET, &s), DECODE_TCP);
	check_addr(&s.src, "192.0.2.1");
	check_addr(&s.dst, "198.51.100.2");
	assert_int_equal(s.sport, 1025);
	assert_int_equal(s.dport, 25);
	assert_int_equal(s.seq, 0x01020304);
	assert_int_equal(s.ack, 0x05060708);
	assert_int_equal(s.flags, TCP_PSH | TCP_ACK);
	assert_int_equal(s.vlan_layers, 0);
	check_payload(&s, "HELO");
	assert_int_equal(s.tcp.n, 24);
	assert_int_equal(s.origin.ts_us, 42);
	assert_int_equal(s.origin.number, 7);
	assert_int_equal(s.origin.source, 3);
}

static void
options_are_skipped(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ethernet(&f, 0x0800);
	put_ipv4(&f, 40, 64, 0, 6);
	put_tcp(&f, 40, "QUIT");
	assert_int_equal(run(&f, LINK_ETHERNET, &s), DECODE_TCP);
	check_payload(&s, "QUIT");
}

static void
ethernet_padding_is_no_payload(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ethernet(&f, 0x0800);
	put_ipv4(&f, 0, 20, 0, 6);
	put_tcp(&f, 0, "");
	put(&f, "PADDED", 6);
	assert_int_equal(run(&f, LINK_ETHERNET, &s), DECODE_TCP);
	check_payload(&s, "");
	assert_int_equal(s.tcp.n, 20);
}

static void
a_total_length_of_zero_means_all_of_it(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ethernet(&f, 0x0800);
	put_ipv4(&f, 0, 0, 0, 6);
	f.b[16] = f.b[17] = 0;
	put_tcp(&f, 0, "giant");
	assert_int_equal(run(&f, LINK_ETHERNET, &s), DECODE_TCP);
	check_payload(&s, "giant");
	f.n = 0;
	put_ipv6(&f, 0, 6);
	put_tcp(&f, 0, "giant");
	assert_int_equal(run(&f, LINK_RAW, &s), DECODE_TCP);
	check_payload(&s, "giant");
}

static void
vlan_tags_are_told_outermost_first(void **state)
{
	static const unsigned types[] = { 0x88a8, 0x9100, 0x8100, 0x8100 };
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_zeros(&f, 12);
	for (unsigned i = 0; i < 4; i++) {
		put16(&f, types[i]);
		put16(&f, 0xe000 | (100 + i));
	}
	put16(&f, 0x0800);
	put_ipv4(&f, 0, 22, 0, 6);
	put_tcp(&f, 0, "hi");
	assert_int_equal(run(&f, LINK_ETHERNET, &s), DECODE_TCP);
	assert_int_equal(s.vlan_layers, 3);
	assert_int_equal(s.vlan[0], 100);
	assert_int_equal(s.vlan[1], 101);
	assert_int_equal(s.vlan[2], 102);
	check_payload(&s, "hi");
}

static void
endless_vlan_tags_end(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_zeros(&f, 12);
	for (unsigned i = 0; i < 1000; i++)
		put16(&f, 0x8100);
	assert_int_equal(run(&f, LINK_ETHERNET, &s), DECODE_TOO_DEEP);
}

static void
check_link(uint16_t linktype, const void *header, size_t n, enum decode_result want)
{
	struct frame f = { .n = 0 };
	struct segment s;

	put(&f, header, n);
	put_ipv4(&f, 0, 22, 0, 6);
	put_tcp(&f, 0, "ok");
	assert_int_equal(run(&f, linktype, &s), want);
	if (want == DECODE_TCP)
		check_payload(&s, "ok");
}

static void
link_types_that_carry_ipv4(void **state)
{
	static const uint8_t sll[16] = { [14] = 8 }, sll2[20] = { 8 };

	(void)state;
	check_link(LINK_RAW, "", 0, DECODE_TCP);
	check_link(12, "", 0, DECODE_TCP);
	check_link(14, "", 0, DECODE_TCP);
	check_link(LINK_IPV4, "", 0, DECODE_TCP);
	check_link(LINK_IPV6, "", 0, DECODE_MALFORMED);
	check_link(LINK_NULL, "\2\0\0\0", 4, DECODE_TCP);
	check_link(LINK_NULL, "\0\0\0\2", 4, DECODE_TCP);
	check_link(LINK_LOOP, "\0\0\0\2", 4, DECODE_TCP);
	check_link(LINK_NULL, "\7\0\0\0", 4, DECODE_OTHER);
	check_link(LINK_SLL, sll, 16, DECODE_TCP);
	check_link(LINK_SLL2, sll2, 20, DECODE_TCP);
	check_link(147, "", 0, DECODE_LINKTYPE);
	check_link(0xffff, "", 0, DECODE_LINKTYPE);
}

static void
link_types_that_carry_ipv6(void **state)
{
	static const uint8_t families[] = { 10, 24, 28, 30 };
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_zeros(&f, 4);
	put_ipv6(&f, 22, 6);
	put_tcp(&f, 0, "v6");
	for (size_t i = 0; i < sizeof(families); i++) {
		memset(f.b, 0, 4);
		f.b[0] = families[i];
		assert_int_equal(run(&f, LINK_NULL, &s), DECODE_TCP);
		check_payload(&s, "v6");
		check_addr(&s.src, "2001:db8::1");
		check_addr(&s.dst, "2001:db8::2");
	}
	memmove(f.b, f.b + 4, f.n -= 4);
	assert_int_equal(run(&f, LINK_RAW, &s), DECODE_TCP);
	assert_int_equal(run(&f, LINK_IPV6, &s), DECODE_TCP);
	assert_int_equal(run(&f, LINK_IPV4, &s), DECODE_MALFORMED);
}

static void
fragments_are_told(void **state)
{
	static const unsigned fragment[] = { 0x2000, 0x0001, 0x3fff };
	struct segment s;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct frame f = { .n = 0 };

		put_ipv4(&f, 0, 20, fragment[i], 6);
		put_tcp(&f, 0, "");
		assert_int_equal(run(&f, LINK_RAW, &s), DECODE_FRAGMENT);
	}
}

/* IPv6 with one extension header of 8 octets before TCP. */
static enum decode_result
run_extension(uint8_t kind, const uint8_t header[8], struct segment *s)
{
	static struct frame f;

	f.n = 0;
	put_ipv6(&f, 8 + 23, kind);
	put(&f, header, 8);
	put_tcp(&f, 0, "ext");
	return run(&f, LINK_RAW, s);
}

static void
ipv6_extension_headers_are_walked(void **state)
{
	static const uint8_t kinds[] = { 0, 43, 44, 60 };
	struct segment s;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		assert_int_equal(
		    run_extension(kinds[i], (uint8_t[8]){ 6 }, &s), DECODE_TCP);
		check_payload(&s, "ext");
	}
	/* AH counts words: 0 is 8 octets. */
	assert_int_equal(run_extension(51, (uint8_t[8]){ 6 }, &s), DECODE_TCP);
	check_payload(&s, "ext");
	assert_int_equal(run_extension(50, (uint8_t[8]){ 6 }, &s), DECODE_OTHER);
	assert_int_equal(run_extension(59, (uint8_t[8]){ 6 }, &s), DECODE_OTHER);
	assert_int_equal(run_extension(60, (uint8_t[8]){ 6, 200 }, &s), DECODE_MALFORMED);
}

static void
ipv6_fragments_are_told_but_atomic_ones_are_whole(void **state)
{
	struct segment s;

	(void)state;
	assert_int_equal(
	    run_extension(44, (uint8_t[8]){ 6, 0, 0, 1 }, &s), DECODE_FRAGMENT);
	assert_int_equal(
	    run_extension(44, (uint8_t[8]){ 6, 0, 0, 8 }, &s), DECODE_FRAGMENT);
	assert_int_equal(
	    run_extension(44, (uint8_t[8]){ 6, 0, 0, 6 }, &s), DECODE_TCP); /* reserved */
}

static void
a_routing_header_gives_the_last_stop(void **state)
{
	static const uint8_t kinds[] = { 0, 2, 4, 0 }, left[] = { 1, 1, 1, 0 };
	static const char *const want[] = { "2001:db8::b", "2001:db8::b", "2001:db8::a",
		"2001:db8::2" };
	struct segment s;

	(void)state;
	for (size_t i = 0; i < sizeof(kinds); i++) {
		struct frame f = { .n = 0 };

		put_ipv6(&f, 40 + 20, 43);
		put(&f, (uint8_t[8]){ 6, 4, kinds[i], left[i] }, 8);
		put(&f, (uint8_t[16]){ 0x20, 1, 0xd, 0xb8, [15] = 0xa }, 16);
		put(&f, (uint8_t[16]){ 0x20, 1, 0xd, 0xb8, [15] = 0xb }, 16);
		put_tcp(&f, 0, "");
		assert_int_equal(run(&f, LINK_RAW, &s), DECODE_TCP);
		check_addr(&s.dst, want[i]);
	}
}

static void
endless_extension_headers_end(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ipv6(&f, 8 * 100, 60);
	for (int i = 0; i < 100; i++)
		put(&f, (uint8_t[8]){ 60 }, 8);
	assert_int_equal(run(&f, LINK_RAW, &s), DECODE_MALFORMED);
}

static void
mapped_addresses_are_none_on_the_wire(void **state)
{
	static const uint8_t mapped[16] = { [10] = 0xff, 0xff, 192, 0, 2, 1 };
	struct segment s;

	(void)state;
	for (size_t at = 8; at <= 24; at += 16) {
		struct frame f = { .n = 0 };

		put_ipv6(&f, 20, 6);
		put_tcp(&f, 0, "");
		memcpy(f.b + at, mapped, 16);
		assert_int_equal(run(&f, LINK_RAW, &s), DECODE_MALFORMED);
	}
}

static void
lengths_that_contradict_each_other_are_malformed(void **state)
{
	static const struct {
		size_t at;
		uint8_t value;
	} lies[] = {
		{ 0, 0x44 },  /* IHL below 5 */
		{ 0, 0x4f },  /* IHL beyond the packet */
		{ 0, 0x65 },  /* version */
		{ 3, 19 },    /* total length below the header */
		{ 3, 45 },    /* total length beyond the wire */
		{ 2, 0xff },  /* the same by far */
		{ 32, 0x40 }, /* data offset below 5 */
		{ 32, 0xf0 }, /* data offset beyond the packet */
	};
	struct segment s;

	(void)state;
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct frame f = { .n = 0 };

		put_ipv4(&f, 0, 24, 0, 6);
		put_tcp(&f, 0, "four");
		f.b[lies[i].at] = lies[i].value;
		assert_int_equal(run(&f, LINK_IPV4, &s), DECODE_MALFORMED);
	}
}

static void
what_is_not_tcp_is_other(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ethernet(&f, 0x0806);
	put_zeros(&f, 46);
	assert_int_equal(run(&f, LINK_ETHERNET, &s), DECODE_OTHER);
	f.n = 0;
	put_ipv4(&f, 0, 8, 0, 17);
	put_zeros(&f, 8);
	assert_int_equal(run(&f, LINK_RAW, &s), DECODE_OTHER);
}

static void
the_snap_length_cuts_payload_and_then_headers(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ethernet(&f, 0x0800);
	put_ipv4(&f, 0, 36, 0, 6);
	put_tcp(&f, 12, "EHLO");
	for (uint32_t n = 0; n < f.n; n++) {
		enum decode_result result = run_cut(&f, LINK_ETHERNET, n, &s);

		if (n < 54) {
			assert_int_equal(result, DECODE_SNAPLEN);
			continue;
		}
		assert_int_equal(result, DECODE_TCP);
		assert_int_equal(s.payload.n, n > 66 ? n - 66 : 0);
		assert_int_equal(s.wire_payload, 4);
		assert_int_equal(s.tcp.n, n - 34);
		assert_true(decode_checksum_ok(&s));
	}
}

/* The same without a snap length: the wire had no more. */
static void
packets_that_end_in_a_header_are_malformed(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ethernet(&f, 0x86dd);
	put_ipv6(&f, 32, 6);
	put_tcp(&f, 12, "");
	for (uint32_t n = f.n; f.n > 0; n = --f.n)
		assert_int_equal(run_cut(&f, LINK_ETHERNET, n, &s),
		    n == 86 ? DECODE_TCP : DECODE_MALFORMED);
}

/* The last octet of the packet is the last before an unreadable page. */
static void
decode_at_page_end(uint8_t *page_end, const uint8_t *octets, uint32_t n, uint32_t wirelen)
{
	static const uint16_t linktypes[] = { 0, 1, 12, 101, 108, 113, 228, 229, 276 };
	struct packet packet = { .data = page_end - n, .caplen = n, .wirelen = wirelen };
	struct segment s;

	memcpy(page_end - n, octets, n);
	for (size_t i = 0; i < sizeof(linktypes) / sizeof(linktypes[0]); i++) {
		packet.linktype = linktypes[i];
		if (decode(&packet, &s) == DECODE_TCP) {
			assert_true(s.payload.p + s.payload.n <= page_end);
			decode_checksum_ok(&s);
		}
	}
}

static void
nothing_is_read_beyond_the_captured_length(void **state)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *map = mmap(
	    NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct frame f = { .n = 0 };

	(void)state;
	assert_true(map != MAP_FAILED);
	assert_int_equal(mprotect(map + page, page, PROT_NONE), 0);
	put_zeros(&f, 12);
	put16(&f, 0x8100);
	put16(&f, 1);
	put16(&f, 0x86dd);
	put_ipv6(&f, 8 + 8 + 40 + 12 + 36, 0);
	put(&f, (uint8_t[8]){ 44 }, 8);
	put(&f, (uint8_t[8]){ 43 }, 8);
	put(&f, (uint8_t[40]){ 51, 4, 0, 1 }, 40);
	put(&f, (uint8_t[12]){ 6, 1 }, 12);
	put_tcp(&f, 12, "body");
	srand(1);
	for (int round = 0; round < 3000; round++) {
		for (uint32_t n = 0; n <= f.n; n += round < 2 ? 1 : 7)
			decode_at_page_end(map + page, f.b, n, round & 1 ? n : f.n);
		f.b[rand() % (int)f.n] ^= (uint8_t)(1 << rand() % 8);
	}
	munmap(map, 2 * page);
}

/* The checksum by its definition, RFC 9293 section 3.1, octet by octet. */
static void
seal(struct frame *f, size_t ip, bool v6, size_t tcp)
{
	uint32_t sum = 6 + (uint32_t)(f->n - tcp);
	size_t from = ip + (v6 ? 8 : 12), to = ip + (v6 ? 40 : 20);

	f->b[tcp + 16] = f->b[tcp + 17] = 0;
	for (size_t i = from; i < to; i++)
		sum += (uint32_t)f->b[i] << (i % 2 == from % 2 ? 8 : 0);
	for (size_t i = tcp; i < f->n; i++)
		sum += (uint32_t)f->b[i] << (i % 2 == tcp % 2 ? 8 : 0);
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	f->b[tcp + 16] = (uint8_t)(~sum >> 8);
	f->b[tcp + 17] = (uint8_t)~sum;
}

static void
check_checksum(struct frame *f, size_t tcp)
{
	struct segment s;

	assert_int_equal(run(f, LINK_RAW, &s), DECODE_TCP);
	assert_true(decode_checksum_ok(&s));
	for (int i = 0; i < 20; i++) {
		size_t at = tcp + 4 + (size_t)rand() % (f->n - tcp - 4);
		uint8_t bit = (uint8_t)(1 << rand() % 8);

		if (at == tcp + 12)
			continue;
		f->b[at] ^= bit;
		assert_int_equal(run(f, LINK_RAW, &s), DECODE_TCP);
		assert_false(decode_checksum_ok(&s));
		f->b[at] ^= bit;
	}
}

static void
checksums_of_every_length(void **state)
{
	char payload[600];

	(void)state;
	srand(3);
	for (size_t n = 0; n < sizeof(payload); n++) {
		struct frame v4 = { .n = 0 }, v6 = { .n = 0 };

		for (size_t i = 0; i < n; i++)
			payload[i] = (char)(1 + rand() % 255);
		payload[n] = '\0';
		put_ipv4(&v4, 0, 20 + n, 0, 6);
		put_tcp(&v4, 0, payload);
		seal(&v4, 0, false, 20);
		check_checksum(&v4, 20);
		put_ipv6(&v6, 20 + n, 6);
		put_tcp(&v6, 0, payload);
		seal(&v6, 0, true, 40);
		check_checksum(&v6, 40);
		if (n == sizeof(payload) - 1)
			break;
	}
}

static void
a_checksum_left_to_the_network_card_is_wrong(void **state)
{
	struct frame f = { .n = 0 };
	struct segment s;

	(void)state;
	put_ipv4(&f, 0, 24, 0, 6);
	put_tcp(&f, 0, "data");
	put16(&f, 0);
	f.n -= 2;
	/* 192.0.2.1 + 198.51.100.2 + 6 + 24 */
	f.b[36] = 0xed;
	f.b[37] = 0x54;
	assert_int_equal(run(&f, LINK_RAW, &s), DECODE_TCP);
	assert_false(decode_checksum_ok(&s));
}

static void
results_have_names(void **state)
{
	(void)state;
	for (int i = 0; i < DECODE_RESULTS; i++)
		assert_true(decode_result_name((enum decode_result)i)[0] != '\0');
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_plain_segment_is_told_whole),
		cmocka_unit_test(options_are_skipped),
		cmocka_unit_test(ethernet_padding_is_no_payload),
		cmocka_unit_test(a_total_length_of_zero_means_all_of_it),
		cmocka_unit_test(vlan_tags_are_told_outermost_first),
		cmocka_unit_test(endless_vlan_tags_end),
		cmocka_unit_test(link_types_that_carry_ipv4),
		cmocka_unit_test(link_types_that_carry_ipv6),
		cmocka_unit_test(fragments_are_told),
		cmocka_unit_test(ipv6_extension_headers_are_walked),
		cmocka_unit_test(ipv6_fragments_are_told_but_atomic_ones_are_whole),
		cmocka_unit_test(a_routing_header_gives_the_last_stop),
		cmocka_unit_test(endless_extension_headers_end),
		cmocka_unit_test(mapped_addresses_are_none_on_the_wire),
		cmocka_unit_test(lengths_that_contradict_each_other_are_malformed),
		cmocka_unit_test(what_is_not_tcp_is_other),
		cmocka_unit_test(the_snap_length_cuts_payload_and_then_headers),
		cmocka_unit_test(packets_that_end_in_a_header_are_malformed),
		cmocka_unit_test(nothing_is_read_beyond_the_captured_length),
		cmocka_unit_test(checksums_of_every_length),
		cmocka_unit_test(a_checksum_left_to_the_network_card_is_wrong),
		cmocka_unit_test(results_have_names),
	};

	return cmocka_run_group_tests_name("decode", tests, NULL, NULL);
}
