/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_image.h"

#include <fts.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void
plain_files_of_either_byte_order_and_unit(void **state)
{
	struct packet p[2];

	(void)state;
	for (int kind = 0; kind < 4; kind++) {
		struct capture *c;

		image.swapped = kind & 1;
		image.nano = kind & 2;
		begin(&image, 101);
		put_record(&image, 1000, image.nano ? 5999 : 5, 60, 'a');
		put_header(&image, 1001, 7, 3, 1500);
		put(&image, "xyz", 3);
		save("p.pcap", &image);
		c = opened("p.pcap");
		assert_int_equal(drain(c, p, 2), 2);
		assert_int_equal(p[0].origin.ts_us, 1000000005);
		assert_int_equal(p[0].origin.number, 1);
		assert_int_equal(p[0].origin.source, 0);
		assert_int_equal(p[0].linktype, 101);
		assert_int_equal(p[0].caplen, 60);
		assert_int_equal(p[1].origin.ts_us, 1001000000 + (image.nano ? 0 : 7));
		assert_int_equal(p[1].origin.number, 2);
		assert_int_equal(p[1].caplen, 3);
		assert_int_equal(p[1].wirelen, 1500);
		assert_null(capture_damage(c, 0));
		assert_string_equal(capture_source_name(c, 0), "p.pcap");
		capture_free(c);
	}
}

/* Before version 2.3 the lengths of a record stood the other way round, in it either way.
 */
static void
old_versions_have_their_lengths_swapped(void **state)
{
	static const struct {
		uint16_t major, minor;
		uint32_t first, second;
	} olds[] = { { 2, 2, 1500, 3 }, { 543, 0, 1500, 3 }, { 2, 3, 1500, 3 },
		{ 2, 3, 3, 1500 }, { 2, 4, 3, 1500 } };
	struct packet p[1];
	struct capture *c;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(olds) / sizeof(olds[0]); i++) {
		image.swapped = i % 2 == 1;
		image.nano = false;
		begin(&image, LINK_ETHERNET);
		image.n = 4;
		put16(&image, olds[i / 2].major);
		put16(&image, olds[i / 2].minor);
		image.n = 24;
		put_header(&image, 1, 0, olds[i / 2].first, olds[i / 2].second);
		put(&image, "xyz", 3);
		save("v.pcap", &image);
		c = opened("v.pcap");
		assert_int_equal(drain(c, p, 1), 1);
		assert_int_equal(p[0].caplen, 3);
		assert_int_equal(p[0].wirelen, 1500);
		assert_null(capture_damage(c, 0));
		capture_free(c);
	}
	plain()->b[6] = 5;
	save("v.pcap", &image);
	refused("v.pcap", "v.pcap: of an unknown version");
}

static void
modified_files_have_longer_headers(void **state)
{
	struct packet p[2];
	struct capture *c;

	(void)state;
	for (int swapped = 0; swapped < 2; swapped++) {
		image.swapped = swapped;
		image.nano = false;
		begin(&image, LINK_ETHERNET);
		image.n = 0;
		put32(&image, 0xa1b2cd34);
		image.n = 24;
		for (uint32_t i = 0; i < 2; i++) {
			put_header(&image, 7 + i, 8, 5, 60);
			put(&image, "iiiipptz", 8);
			put(&image, "12345", 5);
		}
		save("k.pcap", &image);
		c = opened("k.pcap");
		assert_int_equal(drain(c, p, 2), 2);
		assert_int_equal(p[1].origin.ts_us, 8000008);
		assert_int_equal(p[1].caplen, 5);
		assert_memory_equal(p[1].data, "12345", 5);
		assert_null(capture_damage(c, 0));
		capture_free(c);
		save_octets("k.pcap", image.b, image.n - 1);
		check_file("k.pcap", 1, "k.pcap: packet 2: cut short, 4 of 5 octets");
	}
}

static void
what_is_no_capture_is_refused_by_name(void **state)
{
	(void)state;
	save_octets("text", "this is no capture\n", 19);
	save_octets("short", "\xd4\xc3", 2);
	save_octets("empty", "", 0);
	assert_int_equal(mkdir("none", 0755), 0);
	save_octets("none/text", "nothing", 7);
	refused("text", "text: not a capture file (pcap or pcapng)");
	refused("short", "short: not a capture file (pcap or pcapng)");
	refused("empty", "empty: empty file");
	refused("missing", "missing: No such file or directory");
	refused("none", "none: no captures in this directory");
}

static void
a_file_with_only_a_header_is_good(void **state)
{
	struct capture *c;

	(void)state;
	save("h.pcap", plain());
	c = opened("h.pcap");
	assert_int_equal(drain(c, NULL, 0), 0);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

static void
a_header_cut_short_is_refused(void **state)
{
	struct capture_error error;

	(void)state;
	for (size_t n = 4; n < 24; n++) {
		struct capture *c = capture_new();

		save_octets("h.pcap", plain()->b, n);
		assert_int_equal(capture_add(c, "h.pcap", &error), -1);
		assert_non_null(strstr(error.text, "h.pcap: "));
		capture_free(c);
	}
}

/* Cut at every octet: what was whole comes out, and the rest is named. */
static void
a_file_cut_short_is_damaged(void **state)
{
	enum { ONE = 16 + 20, PACKETS = 4 };
	size_t n = 24 + PACKETS * ONE;

	(void)state;
	plain();
	for (unsigned i = 0; i < PACKETS; i++)
		put_record(&image, 1000 + i, 0, 20, 'a');
	for (size_t cut = 24; cut <= n; cut++) {
		struct capture *c;
		char want[64];

		save_octets("c.pcap", image.b, cut);
		c = opened("c.pcap");
		assert_int_equal(drain(c, NULL, 0), (cut - 24) / ONE);
		snprintf(want, sizeof(want), "c.pcap: packet %zu: cut short",
		    (cut - 24) / ONE + 1);
		if ((cut - 24) % ONE == 0)
			assert_null(capture_damage(c, 0));
		else
			assert_non_null(strstr(capture_damage(c, 0), want));
		assert_null(capture_damage(c, 1));
		capture_free(c);
	}
}

static void
a_bad_length_is_damage(void **state)
{
	static const uint32_t bad[] = { RECORD_MAX + 1, 0x7fffffff, 0x80000000,
		0xffffffff };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct capture *c;

		plain();
		put_record(&image, 1000, 0, 60, 'a');
		put_header(&image, 1000, 0, bad[i], 60);
		put_record(&image, 1000, 0, 60, 'a');
		save("b.pcap", &image);
		c = opened("b.pcap");
		assert_int_equal(drain(c, NULL, 0), 1);
		assert_non_null(
		    strstr(capture_damage(c, 0), "b.pcap: packet 2: bad record"));
		capture_free(c);
	}
}

static void
a_wire_length_below_the_captured_one_is_raised(void **state)
{
	struct packet p[1];
	struct capture *c;

	(void)state;
	plain();
	put_header(&image, 1, 0, 4, 2);
	put(&image, "abcd", 4);
	save("w.pcap", &image);
	c = opened("w.pcap");
	assert_int_equal(drain(c, p, 1), 1);
	assert_int_equal(p[0].wirelen, 4);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

/* Packets of one batch stay good until the next, whatever the block they straddle. */
static void
records_straddle_blocks(void **state)
{
	static const uint32_t sizes[] = { 0, 1, 60, 1514, 9000, 65535, RECORD_MAX };
	struct packet batch[CAPTURE_BATCH];
	unsigned count = 0, seen = 0;
	struct capture *c;
	size_t got;

	(void)state;
	plain();
	srand(5);
	while (image.n < FILE_MAX - RECORD_MAX - 16)
		put_record(
		    &image, 1000 + count, 0, sizes[rand() % 7], (int)(count & 0xff)),
		    count++;
	save("s.pcap", &image);
	c = opened("s.pcap");
	while ((got = capture_next(c, batch)) > 0) {
		for (size_t i = 0; i < got; i++, seen++) {
			assert_int_equal(batch[i].origin.number, seen + 1);
			for (uint32_t j = 0; j < batch[i].caplen; j++)
				if (batch[i].data[j] != (seen & 0xff))
					fail_msg("packet %u octet %u", seen, j);
		}
	}
	assert_int_equal(seen, count);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

static void
files_are_merged_by_time(void **state)
{
	static const int want[] = { 'a', 'b', 'c', 'a', 'a', 'b', 'c', 'c', 'b' };
	struct packet p[9];
	struct capture *c;

	(void)state;
	plain();
	put_record(&image, 10, 0, 1, 'a');
	put_record(&image, 13, 0, 1, 'a');
	put_record(&image, 13, 0, 1, 'a');
	save("a.pcap", &image);
	plain();
	put_record(&image, 11, 0, 1, 'b');
	put_record(&image, 14, 0, 1, 'b');
	put_record(&image, 20, 0, 1, 'b');
	save("b.pcap", &image);
	plain();
	put_record(&image, 11, 0, 1, 'c');
	put_record(&image, 14, 0, 1, 'c');
	put_record(&image, 14, 1, 1, 'c');
	save("c.pcap", &image);
	/* Where times are equal, the file that was named first goes first. */
	c = opened("b.pcap");
	also(c, "c.pcap");
	also(c, "a.pcap");
	assert_int_equal(drain(c, p, 9), 9);
	for (int i = 0; i < 9; i++)
		assert_string_equal(capture_source_name(c, p[i].origin.source),
		    want[i] == 'a'   ? "a.pcap"
		    : want[i] == 'b' ? "b.pcap"
				     : "c.pcap");
	assert_int_equal(p[8].origin.number, 3);
	assert_string_equal(capture_source_name(c, 3), "");
	capture_free(c);
}

/* What a batch lends from one file is good although another was opened and closed. */
static void
merged_packets_keep_their_octets(void **state)
{
	struct packet batch[CAPTURE_BATCH];
	struct capture *c = capture_new();
	size_t got, n = 0;
	char name[16];

	(void)state;
	for (unsigned f = 0; f < 40; f++) {
		plain();
		for (unsigned i = 0; i < 200; i++)
			put_record(&image, 1000 + f / 4 * 10 + i, f, 500, (int)f);
		snprintf(name, sizeof(name), "m%u.pcap", f);
		save(name, &image);
		also(c, name);
	}
	while ((got = capture_next(c, batch)) > 0) {
		for (size_t i = 0; i < got; i++, n++) {
			assert_int_equal(batch[i].caplen, 500);
			assert_int_equal(batch[i].data[0], batch[i].origin.source);
			assert_int_equal(batch[i].data[499], batch[i].origin.source);
		}
	}
	assert_int_equal(n, 40 * 200);
	capture_free(c);
}

/* A file's own order holds, though its stamps do not, and time stays. */
static void
packets_out_of_order_keep_their_place(void **state)
{
	struct packet p[3];
	struct capture *c;

	(void)state;
	plain();
	put_record(&image, 100, 0, 1, 'a');
	put_record(&image, 99, 0, 2, 'a');
	put_record(&image, 101, 0, 3, 'a');
	save("o.pcap", &image);
	c = opened("o.pcap");
	assert_int_equal(drain(c, p, 3), 3);
	assert_int_equal(p[1].caplen, 2);
	assert_int_equal(p[1].origin.ts_us, 100 * 1000000);
	assert_int_equal(p[2].origin.ts_us, 101 * 1000000);
	capture_free(c);
}

static void
check_times(const uint32_t *stamps, const uint32_t *want, size_t n)
{
	struct capture *c;
	struct packet p[8];

	plain();
	for (size_t i = 0; i < n; i++)
		put_record(&image, stamps[i], 0, 1, 'a');
	save("t.pcap", &image);
	c = opened("t.pcap");
	assert_int_equal(drain(c, p, n), n);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i].origin.ts_us / 1000000, want[i]);
	capture_free(c);
}

static void
a_forged_stamp_does_not_move_the_clock(void **state)
{
	static const uint32_t far = 4000000000;

	(void)state;
	check_times((uint32_t[]){ 100, far, 101 }, (uint32_t[]){ 100, 100, 101 }, 3);
	check_times((uint32_t[]){ far, 100, 101 }, (uint32_t[]){ 100, 100, 101 }, 3);
	check_times((uint32_t[]){ 100, 0, 101 }, (uint32_t[]){ 100, 100, 101 }, 3);
	check_times((uint32_t[]){ 0, 100, 101 }, (uint32_t[]){ 0, 100, 101 }, 3);
	/* Within a day, or where time goes on from there, it is believed. */
	check_times((uint32_t[]){ 100, 100 + DAY, 101 },
	    (uint32_t[]){ 100, 100 + DAY, 100 + DAY }, 3);
	check_times(
	    (uint32_t[]){ 100, far, far + 1 }, (uint32_t[]){ 100, far, far + 1 }, 3);
	check_times((uint32_t[]){ 100, far }, (uint32_t[]){ 100, far }, 2);
}

static void
fractions_beyond_a_second_are_cut(void **state)
{
	struct packet p[2];
	struct capture *c;

	(void)state;
	plain();
	put_record(&image, 100, 0xffffffff, 1, 'a');
	put_record(&image, 101, 0, 1, 'a');
	save("f.pcap", &image);
	c = opened("f.pcap");
	assert_int_equal(drain(c, p, 2), 2);
	assert_int_equal(p[0].origin.ts_us, 100999999);
	capture_free(c);
}

/* Rotated captures one after the other need few files open at once. */
static void
files_are_opened_when_their_time_comes(void **state)
{
	enum { FILES = 300 };
	struct rlimit old, few;
	struct capture *c;
	char name[32];

	(void)state;
	assert_int_equal(mkdir("many", 0755), 0);
	for (unsigned i = 0; i < FILES; i++) {
		plain();
		put_record(&image, 1000 + 10 * (i * 7 % FILES), 0, 60, 'a');
		put_record(&image, 1009 + 10 * (i * 7 % FILES), 0, 60, 'a');
		snprintf(name, sizeof(name), "many/%03u.pcap", i);
		save(name, &image);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = 24, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	c = opened("many");
	assert_int_equal(drain(c, NULL, 0), 2 * FILES);
	assert_null(capture_damage(c, 0));
	capture_free(c);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* More overlap than may be open at once: none is left out. */
static void
files_that_overlap_need_few_descriptors(void **state)
{
	enum { FILES = 100, EACH = 300 };
	struct rlimit old, few;
	struct capture *c;
	uint64_t done, all;
	char name[32];

	(void)state;
	assert_int_equal(mkdir("overlap", 0755), 0);
	for (unsigned i = 0; i < FILES; i++) {
		plain();
		for (unsigned j = 0; j < EACH; j++)
			put_record(&image, 1000 + j, i, 60 + i, (int)i);
		snprintf(name, sizeof(name), "overlap/%03u.pcap", i);
		save(name, &image);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = 16, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	c = opened("overlap");
	assert_int_equal(drain(c, NULL, 0), FILES * EACH);
	assert_null(capture_damage(c, 0));
	capture_progress(c, &done, &all);
	assert_int_equal(done, all);
	capture_free(c);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

/* A file that is not held open can be replaced under our hands. */
static void
a_file_replaced_meanwhile_is_named(void **state)
{
	struct packet batch[CAPTURE_BATCH];
	struct rlimit old, few;
	struct capture *c;
	char name[32];

	(void)state;
	assert_int_equal(mkdir("replaced", 0755), 0);
	for (unsigned i = 0; i < 30; i++) {
		plain();
		for (unsigned j = 0; j < 1000; j++)
			put_record(&image, 1000 + j, i, 1500, (int)i);
		snprintf(name, sizeof(name), "replaced/%03u.pcap", i);
		save(name, &image);
	}
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = (struct rlimit){ .rlim_cur = 16, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
	c = opened("replaced");
	for (unsigned i = 0; i < 100; i++)
		assert_true(capture_next(c, batch) > 0);
	save("other", &image);
	assert_int_equal(rename("other", "replaced/007.pcap"), 0);
	assert_true(drain(c, NULL, 0) > 0);
	assert_non_null(strstr(capture_damage(c, 0), "replaced/007.pcap: packet "));
	assert_non_null(
	    strstr(capture_damage(c, 0), ": replaced by another file while it was read"));
	assert_null(capture_damage(c, 1));
	capture_free(c);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
}

static void
directories_are_walked(void **state)
{
	struct packet p[3];
	struct capture *c;

	(void)state;
	assert_int_equal(mkdir("d", 0755), 0);
	assert_int_equal(mkdir("d/sub", 0755), 0);
	plain();
	put_record(&image, 20, 0, 1, 'a');
	save("d/1.pcap", &image);
	plain();
	put_record(&image, 10, 0, 1, 'a');
	put_record(&image, 30, 0, 1, 'a');
	save("d/sub/2", &image);
	save_octets("d/notes.txt", "notes\n", 6);
	save_octets("d/empty.pcap", "", 0);
	save_octets("d/log.gz", "\x1f\x8b\x08\0\0\0\0\0", 8);
	assert_int_equal(symlink("..", "d/sub/loop"), 0);
	assert_int_equal(symlink("1.pcap", "d/latest.pcap"), 0);
	assert_int_equal(mkfifo("d/fifo", 0600), 0);
	c = opened("d");
	assert_int_equal(drain(c, p, 3), 3);
	assert_string_equal(capture_source_name(c, 0), "d/sub/2");
	assert_string_equal(capture_source_name(c, 1), "d/1.pcap");
	assert_int_equal(p[0].origin.source, 0);
	assert_int_equal(p[1].origin.source, 1);
	assert_int_equal(p[2].origin.source, 0);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

static void
captures_of_a_directory_that_cannot_be_read_are_named(void **state)
{
	struct capture *c;

	(void)state;
	assert_int_equal(mkdir("bad", 0755), 0);
	plain();
	put_record(&image, 20, 0, 1, 'a');
	save("bad/good.pcap", &image);
	save_octets("bad/short.pcap", image.b, 20);
	save_octets("bad/x.pcap.gz", "\x1f\x8b\x08\0\0\0\0\0", 8);
	assert_int_equal(symlink("nowhere", "bad/dangling.pcap"), 0);
	c = opened("bad");
	assert_int_equal(drain(c, NULL, 0), 1);
	assert_non_null(strstr(capture_damage(c, 0), "bad/short.pcap: "));
	assert_string_equal(capture_damage(c, 1), "bad/x.pcap.gz: packed data cut short");
	assert_null(capture_damage(c, 2));
	capture_free(c);
}

static void
a_file_that_vanished_is_named(void **state)
{
	struct capture *c;

	(void)state;
	plain();
	put_record(&image, 20, 0, 1, 'a');
	save("v1.pcap", &image);
	save("v2.pcap", &image);
	c = opened("v1.pcap");
	also(c, "v2.pcap");
	assert_int_equal(unlink("v1.pcap"), 0);
	assert_int_equal(drain(c, NULL, 0), 1);
	assert_string_equal(capture_damage(c, 0), "v1.pcap: No such file or directory");
	capture_free(c);
}

static void
standard_input_may_be_a_pipe(void **state)
{
	(void)state;
	plain();
	for (unsigned i = 0; i < 500; i++)
		put_record(&image, 1000, i, i, 'a');
	check_stdin(&image, 7, 500);
	check_stdin(&image, 4096, 500);
	put_record(&image, 1001, 0, RECORD_MAX, 'a');
	check_stdin(&image, 65536, 501);
	pcapng();
	for (unsigned i = 0; i < 500; i++)
		put_enhanced(&image, 0, 1000000 + i, i, 'a');
	check_stdin(&image, 5, 500);
	check_stdin(&image, 65536, 500);
}

static void
filtered_packets_are_counted(void **state)
{
	struct capture_error error;
	struct packet p[2];
	struct capture *c;

	(void)state;
	plain();
	for (unsigned i = 0; i < 5000; i++)
		put_tcp_record(&image, 1000 + i, i % 3000 == 1000 ? 25 : 80);
	save("f.pcap", &image);
	c = opened("f.pcap");
	assert_int_equal(capture_filter(c, "tcp port 25", &error), 0);
	assert_int_equal(drain(c, p, 2), 2);
	assert_int_equal(p[0].origin.number, 1001);
	assert_int_equal(p[1].origin.number, 4001);
	capture_free(c);
}

static void
a_bad_filter_is_told(void **state)
{
	struct capture_error error;
	struct capture *c;

	(void)state;
	save("f.pcap", plain());
	c = opened("f.pcap");
	assert_int_equal(capture_filter(c, "tcp prot 25", &error), -1);
	assert_non_null(strstr(error.text, "filter \"tcp prot 25\": "));
	assert_int_equal(capture_filter(c, "tcp port 25", &error), 0);
	capture_free(c);
	c = capture_new();
	assert_int_equal(capture_filter(c, "tcp prot 25", &error), -1);
	assert_true(error.text[0] != '\0');
	capture_free(c);
}

/* Packets must not be missing without a word. */
static void
a_filter_without_meaning_for_a_link_type_names_the_file(void **state)
{
	struct capture_error error;
	struct capture *c;

	(void)state;
	plain();
	put_tcp_record(&image, 1000, 25);
	save("e.pcap", &image);
	image.b[20] = 101;
	save("r.pcap", &image);
	c = opened("e.pcap");
	also(c, "r.pcap");
	assert_int_equal(capture_filter(c, "ether host 0:0:0:0:0:0", &error), -1);
	assert_non_null(
	    strstr(error.text, "r.pcap: link type RAW (101): filter \"ether host 0:0:0"));
	assert_int_equal(capture_filter(c, "tcp port 25", &error), 0);
	assert_int_equal(
	    drain(c, NULL, 0), 1); /* what is no IP at its start is not TCP */
	assert_null(capture_damage(c, 0));
	capture_free(c);
	/* Where it has none for any, it is not the file's fault. */
	c = opened("r.pcap");
	also(c, "r.pcap");
	assert_int_equal(capture_filter(c, "ether host 0:0:0:0:0:0", &error), -1);
	assert_memory_equal(error.text, "filter \"ether", 13);
	capture_free(c);
}

/* A pcapng may have more link types than its first packets show. */
static void
a_filter_meets_link_types_on_the_way(void **state)
{
	struct capture_error error;
	struct capture *c;

	(void)state;
	pcapng();
	put_enhanced(&image, 0, 1, 60, 0);
	put_enhanced(&image, 0, 2, 60, 0);
	put_interface(&image, 101, 0);
	put_enhanced(&image, 1, 3, 60, 0x45);
	put_enhanced(&image, 0, 4, 60, 0);
	put_enhanced(&image, 1, 5, 60, 0x45);
	save("two.pcapng", &image);
	c = opened("two.pcapng");
	assert_int_equal(capture_filter(c, "ip", &error), 0);
	assert_int_equal(drain(c, NULL, 0), 2);
	assert_null(capture_damage(c, 0));
	capture_free(c);
	c = opened("two.pcapng");
	assert_int_equal(capture_filter(c, "ether host 0:0:0:0:0:0", &error), 0);
	assert_int_equal(drain(c, NULL, 0), 3);
	assert_non_null(strstr(capture_damage(c, 0),
	    "two.pcapng: link type RAW (101): filter \"ether host 0:0:0:0:0:0\": "));
	assert_null(capture_damage(c, 1));
	capture_free(c);
	/* Of hostile many, some are not looked at, which is told once. */
	pcapng();
	for (uint32_t i = 1; i < 60; i++) {
		put_interface(&image, (uint16_t)(i % 2 ? 101 : 1000 + i), 0);
		put_enhanced(&image, i, i, 60, 0x45);
	}
	save("many.pcapng", &image);
	c = opened("many.pcapng");
	assert_int_equal(capture_filter(c, "ip", &error), 0);
	assert_int_equal(drain(c, NULL, 0), 30);
	capture_free(c);
}

static void
progress_reaches_the_end(void **state)
{
	uint64_t done, all;
	struct capture *c;

	(void)state;
	plain();
	put_record(&image, 20, 0, 60, 'a');
	save("g1.pcap", &image);
	put_record(&image, 20, 0, 60, 'a');
	save("g2.pcap", &image);
	c = opened("g1.pcap");
	also(c, "g2.pcap");
	capture_progress(c, &done, &all);
	assert_int_equal(done, 0);
	drain(c, NULL, 0);
	capture_progress(c, &done, &all);
	assert_int_equal(all, 100 + 176);
	assert_int_equal(done, all);
	capture_free(c);
	capture_free(NULL);
}

/* libpcap's count for a file; -1 where it cannot open it. */
static long
libpcap_count(const char *path, bool *damaged)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	const u_char *data;
	pcap_t *pcap = pcap_open_offline(path, errbuf);
	long n = 0;
	int got;

	if (pcap == NULL)
		return -1;
	while ((got = pcap_next_ex(pcap, &header, &data)) == 1)
		n++;
	*damaged = got == PCAP_ERROR;
	/* Interfaces that differ are no damage for us. */
	if (*damaged && strncmp(pcap_geterr(pcap), "an interface has", 16) == 0) {
		*damaged = false;
		n = -1;
	}
	pcap_close(pcap);
	return n;
}

/* libpcap does not unpack, and takes but one kind of interface. */
static bool
is_beyond_libpcap(const char *path)
{
	uint8_t magic[2] = { 0 };
	FILE *f = fopen(path, "rb");

	assert_non_null(f);
	assert_true(fread(magic, 1, 2, f) <= 2);
	assert_int_equal(fclose(f), 0);
	return memcmp(magic, "\x1f\x8b", 2) == 0 || memcmp(magic, "\n\r", 2) == 0;
}

static void
compare_with_libpcap(const char *path)
{
	struct capture *c = capture_new();
	struct capture_error error;
	bool damaged = false;
	long want = libpcap_count(path, &damaged), got = -1;

	if (capture_add(c, path, &error) == 0)
		got = (long)drain(c, NULL, 0);
	if (want == -1 && is_beyond_libpcap(path))
		want = got;
	if (got != want)
		fail_msg("%s: %ld packets, libpcap has %ld", path, got, want);
	if (damaged != (capture_damage(c, 0) != NULL))
		fail_msg("%s: damage is told otherwise than by libpcap", path);
	capture_free(c);
}

static const char *captures; /* real ones, or NULL */

static void
real_captures_have_as_many_packets_as_by_libpcap(void **state)
{
	char *roots[] = { (char *)captures, NULL };
	FTSENT *entry;
	FTS *walk;

	(void)state;
	if (captures == NULL) {
		print_message("no real captures; set RELAYWATCH_CAPTURES\n");
		skip();
	}
	walk = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	assert_non_null(walk);
	while ((entry = fts_read(walk)) != NULL)
		if (entry->fts_info == FTS_F)
			compare_with_libpcap(entry->fts_path);
	fts_close(walk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_files_of_either_byte_order_and_unit),
		cmocka_unit_test(old_versions_have_their_lengths_swapped),
		cmocka_unit_test(modified_files_have_longer_headers),
		cmocka_unit_test(what_is_no_capture_is_refused_by_name),
		cmocka_unit_test(a_file_with_only_a_header_is_good),
		cmocka_unit_test(a_header_cut_short_is_refused),
		cmocka_unit_test(a_file_cut_short_is_damaged),
		cmocka_unit_test(a_bad_length_is_damage),
		cmocka_unit_test(a_wire_length_below_the_captured_one_is_raised),
		cmocka_unit_test(records_straddle_blocks),
		cmocka_unit_test(files_are_merged_by_time),
		cmocka_unit_test(merged_packets_keep_their_octets),
		cmocka_unit_test(packets_out_of_order_keep_their_place),
		cmocka_unit_test(a_forged_stamp_does_not_move_the_clock),
		cmocka_unit_test(fractions_beyond_a_second_are_cut),
		cmocka_unit_test(files_are_opened_when_their_time_comes),
		cmocka_unit_test(files_that_overlap_need_few_descriptors),
		cmocka_unit_test(a_file_replaced_meanwhile_is_named),
		cmocka_unit_test(directories_are_walked),
		cmocka_unit_test(captures_of_a_directory_that_cannot_be_read_are_named),
		cmocka_unit_test(a_file_that_vanished_is_named),
		cmocka_unit_test(standard_input_may_be_a_pipe),
		cmocka_unit_test(filtered_packets_are_counted),
		cmocka_unit_test(a_bad_filter_is_told),
		cmocka_unit_test(a_filter_without_meaning_for_a_link_type_names_the_file),
		cmocka_unit_test(a_filter_meets_link_types_on_the_way),
		cmocka_unit_test(progress_reaches_the_end),
		cmocka_unit_test(real_captures_have_as_many_packets_as_by_libpcap),
	};
	const char *path = getenv("RELAYWATCH_CAPTURES");

	captures = realpath(path != NULL ? path : "../shared/captures", NULL);
	return cmocka_run_group_tests_name("capture", tests, image_enter, image_leave);
}
