/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_image.h"

#include <stdio.h>

enum { LINK_RAW = 101 };

static void
put_option(struct image *m, uint16_t code, const void *value, uint16_t n)
{
	put16(m, code);
	put16(m, n);
	put(m, value, n);
	put(m, (uint8_t[4]){ 0 }, (4 - n % 4) % 4);
}

/* An interface with a clock of its own; offset_sec in the image's byte order. */
static void
put_clock(struct image *m, uint8_t tsresol, int64_t offset_sec)
{
	size_t start = begin_block(m, 1);
	uint64_t offset = (uint64_t)offset_sec;

	if (m->swapped)
		offset = __builtin_bswap64(offset);
	put16(m, LINK_ETHERNET);
	put16(m, 0);
	put32(m, 0);
	put_option(m, 2, "eth0.7", 6);
	put_option(m, 9, &tsresol, 1);
	put_option(m, 14, &offset, 8);
	put_option(m, 0, "", 0);
	end_block(m, start);
}

static void
packets_keep_their_octets(void **state)
{
	struct packet batch[CAPTURE_BATCH];
	size_t got, n = 0;
	struct capture *c;

	(void)state;
	pcapng();
	for (unsigned i = 0; i < 400; i++)
		put_enhanced(&image, 0, 5000000 + i, i % 20 == 9 ? 100000 : i, (int)i);
	put_enhanced(&image, 0, 5000000 + 400, RECORD_MAX, 400 & 0xff);
	save("n.pcapng", &image);
	c = opened("n.pcapng");
	while ((got = capture_next(c, batch)) > 0) {
		for (size_t i = 0; i < got; i++, n++) {
			assert_int_equal(batch[i].origin.number, n + 1);
			assert_int_equal(batch[i].origin.ts_us, 5000000 + n);
			assert_int_equal(batch[i].linktype, LINK_ETHERNET);
			assert_int_equal(batch[i].caplen, n == 400      ? RECORD_MAX
							  : n % 20 == 9 ? 100000
									: n);
			for (uint32_t j = 0; j < batch[i].caplen; j++)
				if (batch[i].data[j] != (n & 0xff))
					fail_msg("packet %zu octet %u", n, j);
		}
	}
	assert_int_equal(n, 401);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

/* Each section has its own byte order and its own interfaces. */
static void
sections_of_both_byte_orders(void **state)
{
	struct packet p[4];
	struct capture *c;

	(void)state;
	pcapng();
	put_enhanced(&image, 0, 5000000, 60, 'a');
	image.swapped = true;
	put_section(&image);
	put_interface(&image, LINK_RAW, 0);
	put_enhanced(&image, 0, UINT64_C(6000000), 61, 'b');
	put_clock(&image, 6, 2);
	put_enhanced(&image, 1, UINT64_C(7000000), 62, 'c');
	image.swapped = false;
	put_section(&image);
	put_interface(&image, 113, 0);
	put_enhanced(&image, 0, UINT64_C(0x500000000), 63, 'd');
	save("s.pcapng", &image);
	c = opened("s.pcapng");
	assert_int_equal(drain(c, p, 4), 4);
	assert_int_equal(p[0].linktype, LINK_ETHERNET);
	assert_int_equal(p[1].linktype, LINK_RAW);
	assert_int_equal(p[1].origin.ts_us, 6000000);
	assert_int_equal(p[1].caplen, 61);
	assert_int_equal(p[2].linktype, LINK_ETHERNET);
	assert_int_equal(p[2].origin.ts_us, 9000000);
	assert_int_equal(p[3].linktype, 113);
	assert_int_equal(p[3].origin.ts_us, INT64_C(0x500000000));
	assert_int_equal(p[3].data[0], 'd');
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

static void
clocks_of_any_resolution_and_offset(void **state)
{
	static const int64_t end_us = UINT32_MAX * INT64_C(1000000);
	const struct {
		uint8_t tsresol;
		int64_t offset_sec;
		uint64_t ticks;
		int64_t want_us;
	} clocks[] = {
		{ 6, 0, 1234567, 1234567 },
		{ 9, 0, 1234567999, 1234567 },
		{ 3, 0, 1234, 1234000 },
		{ 0, 0, 77, 77000000 },
		{ 12, 0, UINT64_C(1234567000000), 1234567 },
		{ 19, 0, UINT64_C(12345670000000000000), 1234567 },
		{ 25, 0, UINT64_MAX, 1 },
		{ 26, 0, UINT64_MAX, 0 },
		{ 127, 0, UINT64_MAX, 0 },
		{ 0x80 | 10, 0, 1024 * 3 + 512, 3500000 },
		{ 0x80 | 0, 0, 5, 5000000 },
		{ 0x80 | 64, 0, UINT64_C(1) << 63, 500000 },
		{ 0x80 | 127, 0, UINT64_MAX, 0 },
		{ 6, 100, 5, 100000005 },
		{ 6, -1, 1500000, 500000 },
		{ 9, -2, 1000000000, 0 },
		/* Any value is sane. */
		{ 6, 0, UINT64_MAX, end_us },
		{ 0, 0, UINT64_MAX, end_us },
		{ 0x80, 0, UINT64_MAX, end_us },
		{ 6, INT64_MAX, 5, end_us },
		{ 6, INT64_MIN, 5, 0 },
		{ 6, INT64_MAX / 1000000, UINT64_MAX, end_us },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(clocks) / sizeof(clocks[0]); i++) {
		struct packet p[1];
		struct capture *c;

		image.swapped = i % 2 == 1;
		image.n = 0;
		put_section(&image);
		put_clock(&image, clocks[i / 2].tsresol, clocks[i / 2].offset_sec);
		put_enhanced(&image, 0, clocks[i / 2].ticks, 60, 'a');
		save("c.pcapng", &image);
		c = opened("c.pcapng");
		assert_int_equal(drain(c, p, 1), 1);
		if (p[0].origin.ts_us != clocks[i / 2].want_us)
			fail_msg("clock %zu: %jd", i / 2, (intmax_t)p[0].origin.ts_us);
		assert_null(capture_damage(c, 0));
		capture_free(c);
	}
}

static void
a_forged_time_does_not_move_the_clock(void **state)
{
	struct packet p[3];
	struct capture *c;

	(void)state;
	pcapng();
	put_enhanced(&image, 0, 5000000, 60, 'a');
	put_enhanced(&image, 0, UINT64_MAX, 60, 'a');
	put_enhanced(&image, 0, 6000000, 60, 'a');
	save("n.pcapng", &image);
	c = opened("n.pcapng");
	assert_int_equal(drain(c, p, 3), 3);
	assert_int_equal(p[1].origin.ts_us, 5000000);
	assert_int_equal(p[2].origin.ts_us, 6000000);
	capture_free(c);
}

static void
put_simple(struct image *m, uint32_t wirelen, const char *octets, size_t n)
{
	size_t start = begin_block(m, 3);

	put32(m, wirelen);
	put(m, octets, n);
	end_block(m, start);
}

static void
simple_packets_are_of_the_first_interface(void **state)
{
	struct packet p[4];
	struct capture *c;

	(void)state;
	pcapng();
	put_enhanced(&image, 0, 5000000, 60, 'a');
	put_simple(&image, 5, "12345", 5);
	put_section(&image);
	put_interface(&image, LINK_RAW, 6);
	put_interface(&image, LINK_ETHERNET, 0);
	put_simple(&image, 1500, "abcdef", 6);
	put_simple(&image, 3, "xyz", 3);
	save("s.pcapng", &image);
	c = opened("s.pcapng");
	assert_int_equal(drain(c, p, 4), 4);
	assert_int_equal(p[1].origin.ts_us, 5000000); /* it has none of its own */
	assert_int_equal(p[1].caplen, 5);
	assert_memory_equal(p[1].data, "12345", 5);
	assert_int_equal(p[2].caplen, 6);
	assert_int_equal(p[2].wirelen, 1500);
	assert_int_equal(p[2].linktype, LINK_RAW);
	assert_memory_equal(p[2].data, "abcdef", 6);
	assert_int_equal(p[3].caplen, 3);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

static void
obsolete_packets_are_read(void **state)
{
	struct packet p[1];
	struct capture *c;

	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		size_t start;

		image.swapped = swapped;
		image.n = 0;
		put_section(&image);
		put_interface(&image, LINK_ETHERNET, 0);
		put_interface(&image, LINK_RAW, 0);
		start = begin_block(&image, 2);
		put16(&image, 1);
		put16(&image, 0xffff); /* drops */
		put32(&image, 0);
		put32(&image, 5000000);
		put32(&image, 3);
		put32(&image, 90);
		put(&image, "xyz", 3);
		end_block(&image, start);
		save("o.pcapng", &image);
		c = opened("o.pcapng");
		assert_int_equal(drain(c, p, 1), 1);
		assert_int_equal(p[0].origin.ts_us, 5000000);
		assert_int_equal(p[0].linktype, LINK_RAW);
		assert_int_equal(p[0].caplen, 3);
		assert_int_equal(p[0].wirelen, 90);
		assert_null(capture_damage(c, 0));
		capture_free(c);
	}
}

static void
put_foreign(struct image *m, uint32_t type, uint32_t n)
{
	size_t start = begin_block(m, type);

	assert_true(m->n + n <= sizeof(m->b));
	memset(m->b + m->n, 0xee, n);
	m->n += n;
	end_block(m, start);
}

static void
blocks_of_no_use_are_passed_over(void **state)
{
	struct packet p[3];
	struct capture *c;

	(void)state;
	pcapng();
	put_foreign(&image, 0x80000bad, 8);
	put_enhanced(&image, 0, 1, 3000, 'a');
	put_foreign(&image, 4, 2000000); /* more than a reader has in memory */
	put_enhanced(&image, 0, 2, 3000, 'b');
	put_foreign(&image, 5, 0);
	put_foreign(&image, 10, 262144);
	put_enhanced(&image, 0, 3, 3000, 'c');
	put_foreign(&image, 0xbad, 64);
	save("f.pcapng", &image);
	c = opened("f.pcapng");
	assert_int_equal(drain(c, p, 3), 3);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(p[i].origin.number, i + 1);
		assert_int_equal(p[i].caplen, 3000);
		for (int j = 0; j < 3000; j++)
			assert_int_equal(p[i].data[j], 'a' + i);
	}
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

/* A packet waits in memory for the next one, while what lies between comes and goes in
 * reads that end anywhere. */
static void
a_packet_that_waits_keeps_its_octets(void **state)
{
	struct packet p[2];

	(void)state;
	for (uint32_t n = 900; n < 1100; n += 4) { /* the first read has 4096 octets */
		struct capture *c;

		pcapng();
		put_foreign(&image, 0xbad, n);
		put_enhanced(&image, 0, 1, 3000, 0);
		for (int i = 0; i < 3000; i++)
			image.b[image.n - 4 - 3000 + i] = (uint8_t)(i * 7);
		put_foreign(&image, 0xbad, 10000);
		put_enhanced(&image, 0, 2, 60, 'b');
		save("w.pcapng", &image);
		c = opened("w.pcapng");
		assert_int_equal(drain(c, p, 2), 2);
		for (int i = 0; i < 3000; i++)
			assert_int_equal(p[0].data[i], (uint8_t)(i * 7));
		assert_int_equal(p[1].data[59], 'b');
		capture_free(c);
	}
}

/* Cut at every octet: what was whole comes out, and the rest is named. */
static void
a_file_cut_short_is_damaged(void **state)
{
	enum { SECTION = 28, INTERFACE = 20, ONE = 12 + 20 + 20, PACKETS = 3 };
	size_t first = SECTION + INTERFACE;
	struct capture_error error;
	char want[64];

	(void)state;
	pcapng();
	for (unsigned i = 0; i < PACKETS; i++)
		put_enhanced(&image, 0, i, 20, 'a');
	assert_int_equal(image.n, first + PACKETS * ONE);
	for (size_t cut = 4; cut <= image.n; cut++) {
		struct capture *c = capture_new();
		size_t n = cut < first ? 0 : (cut - first) / ONE;

		save_octets("c.pcapng", image.b, cut);
		if (cut < first && cut != SECTION) {
			assert_int_equal(capture_add(c, "c.pcapng", &error), -1);
			assert_string_equal(error.text, "c.pcapng: cut short in a block");
		} else {
			snprintf(want, sizeof(want),
			    "c.pcapng: packet %zu: cut short in a block", n + 1);
			check_file("c.pcapng", n,
			    cut == SECTION || (cut - first) % ONE == 0 ? NULL : want);
		}
		capture_free(c);
	}
}

/* Inside a block all is left out that is wrong; the next one is where it should be. */
static void
a_block_wrong_inside_is_left_out(void **state)
{
	static const struct {
		size_t at; /* of an enhanced packet block with 20 octets */
		uint32_t value;
		const char *want;
	} wrongs[] = {
		{ 8, 1, "d.pcapng: packet 2: of interface 1, which is not described" },
		{ 8, UINT32_MAX,
		    "d.pcapng: packet 2: of interface 4294967295, which is not "
		    "described" },
		{ 20, 21, "d.pcapng: packet 2: 21 octets in a block of 20" },
		{ 20, UINT32_MAX,
		    "d.pcapng: packet 2: 4294967295 octets in a block of 20" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		size_t start;

		pcapng();
		put_enhanced(&image, 0, 5, 20, 'a');
		start = image.n;
		put_enhanced(&image, 0, 6, 20, 'b');
		memcpy(image.b + start + wrongs[i].at, &wrongs[i].value, 4);
		put_enhanced(&image, 0, 7, 20, 'c');
		save("d.pcapng", &image);
		check_file("d.pcapng", 2, wrongs[i].want);
	}
	pcapng();
	for (int i = 0; i < 5; i++) {
		put_enhanced(&image, 9, 6, 20, 'b');
		put_enhanced(&image, 0, 7, 20, 'c');
	}
	put_enhanced(&image, 0, 8, RECORD_MAX + 4, 'd');
	put_foreign(&image, 6, 16);
	put_foreign(&image, 3, 0);
	put_foreign(&image, 2, 400000);
	save("d.pcapng", &image);
	check_file("d.pcapng", 5,
	    "d.pcapng: packet 1: of interface 9, which is not described (and 8 more)");
}

/* Where the lengths are wrong, nothing behind can be trusted. */
static void
a_block_of_wrong_length_ends_the_reading(void **state)
{
	static const struct {
		uint32_t length;
		const char *want;
	} wrongs[] = {
		{ 0, "l.pcapng: packet 2: bad block length 0" },
		{ 8, "l.pcapng: packet 2: bad block length 8" },
		{ 50, "l.pcapng: packet 2: bad block length 50" },
		{ 48, "l.pcapng: packet 2: the two lengths of a block differ" },
		{ 56, "l.pcapng: packet 2: the two lengths of a block differ" },
		{ 16 << 20, "l.pcapng: packet 2: cut short in a block" },
		{ (16 << 20) + 4, "l.pcapng: packet 2: bad block length 16777220" },
		{ UINT32_MAX, "l.pcapng: packet 2: bad block length 4294967295" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(wrongs) / sizeof(wrongs[0]); i++) {
		const uint32_t foreign = 0xbad;
		size_t start;

		pcapng();
		put_enhanced(&image, 0, 5, 20, 'a');
		start = image.n;
		put_enhanced(&image, 0, 6, 20, 'b');
		memcpy(image.b + start + 4, &wrongs[i / 2].length, 4);
		if (i % 2 == 1) /* of a kind that is passed over */
			memcpy(image.b + start, &foreign, 4);
		put_enhanced(&image, 0, 7, 20, 'c');
		save("l.pcapng", &image);
		if (wrongs[i / 2].length == 16 << 20 && i % 2 == 0)
			check_file("l.pcapng", 1,
			    "l.pcapng: packet 2: cut short in a block (and 1 more)");
		else
			check_file("l.pcapng", 1, wrongs[i / 2].want);
	}
}

static void
sections_that_are_not_understood_end_the_reading(void **state)
{
	size_t start;

	(void)state;
	pcapng();
	put_enhanced(&image, 0, 5, 20, 'a');
	start = image.n;
	put_section(&image);
	put_interface(&image, LINK_ETHERNET, 0);
	image.b[start + 12] = 2;
	save("v.pcapng", &image);
	check_file("v.pcapng", 1, "v.pcapng: packet 2: a section of pcapng version 2");
	image.b[start + 8] = 0;
	save("v.pcapng", &image);
	check_file("v.pcapng", 1, "v.pcapng: packet 2: a section of no known byte order");
	pcapng()->b[8] = 0;
	save("v.pcapng", &image);
	refused("v.pcapng", "v.pcapng: a section of no known byte order");
}

/* Packets go by its number, so it counts. */
static void
an_interface_not_understood_counts(void **state)
{
	struct packet p[2];
	struct capture *c;
	size_t start;

	(void)state;
	pcapng();
	put_foreign(&image, 1, 4);
	start = begin_block(&image, 1);
	put16(&image, LINK_RAW);
	put16(&image, 0);
	put32(&image, 0);
	put16(&image, 9);
	put16(&image, 400); /* an option that is longer than the block */
	end_block(&image, start);
	put_foreign(&image, 1, 400000);
	put_interface(&image, 113, 0);
	put_enhanced(&image, 2, 5, 20, 'a');
	put_enhanced(&image, 4, 6, 20, 'a');
	save("i.pcapng", &image);
	c = opened("i.pcapng");
	assert_int_equal(drain(c, p, 2), 2);
	assert_int_equal(p[0].linktype, LINK_RAW);
	assert_int_equal(p[1].linktype, 113);
	assert_string_equal(capture_damage(c, 0),
	    "i.pcapng: packet 1: bad description of an interface (and 3 more)");
	capture_free(c);
}

/* A file may begin with less than an interface, and have no packet. */
static void
a_file_without_packets_is_good(void **state)
{
	(void)state;
	save("e.pcapng", pcapng());
	check_file("e.pcapng", 0, NULL);
	image.n = 0;
	put_section(&image);
	save("e.pcapng", &image);
	check_file("e.pcapng", 0, NULL);
}

static void
standard_input_may_be_a_pipe(void **state)
{
	(void)state;
	pcapng();
	for (unsigned i = 0; i < 500; i++)
		put_enhanced(&image, 0, 1000000 + i, i, 'a');
	check_stdin(&image, 5, 500);
	put_foreign(&image, 99, 300000);
	put_enhanced(&image, 0, 1001000, RECORD_MAX, 'a');
	check_stdin(&image, 4096, 501);
	check_stdin(&image, 65536, 501);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_keep_their_octets),
		cmocka_unit_test(sections_of_both_byte_orders),
		cmocka_unit_test(clocks_of_any_resolution_and_offset),
		cmocka_unit_test(a_forged_time_does_not_move_the_clock),
		cmocka_unit_test(simple_packets_are_of_the_first_interface),
		cmocka_unit_test(obsolete_packets_are_read),
		cmocka_unit_test(blocks_of_no_use_are_passed_over),
		cmocka_unit_test(a_packet_that_waits_keeps_its_octets),
		cmocka_unit_test(a_file_cut_short_is_damaged),
		cmocka_unit_test(a_block_wrong_inside_is_left_out),
		cmocka_unit_test(a_block_of_wrong_length_ends_the_reading),
		cmocka_unit_test(sections_that_are_not_understood_end_the_reading),
		cmocka_unit_test(an_interface_not_understood_counts),
		cmocka_unit_test(a_file_without_packets_is_good),
		cmocka_unit_test(standard_input_may_be_a_pipe),
	};

	return cmocka_run_group_tests_name(
	    "capture_pcapng", tests, image_enter, image_leave);
}
