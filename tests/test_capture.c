/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fts.h>
#include <ftw.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"

enum { RECORD_MAX = 256 * 1024, FILE_MAX = 4 << 20, DAY = 86400, LINK_ETHERNET = 1 };

/* A capture file under construction. */
struct image {
	uint8_t b[FILE_MAX];
	size_t n;
	bool swapped, nano;
};

static struct image image;
static char dir[64];

static int
enter(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/relaywatch-test.XXXXXX");
	return mkdtemp(dir) != NULL && chdir(dir) == 0 ? 0 : -1;
}

static int
drop(const char *path, const struct stat *st, int type, struct FTW *walk)
{
	(void)st;
	(void)type;
	(void)walk;
	return remove(path);
}

static int
leave(void **state)
{
	(void)state;
	return chdir("/") == 0 ? nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS) : -1;
}

static void
put(struct image *m, const void *octets, size_t n)
{
	assert_true(m->n + n <= sizeof(m->b));
	memcpy(m->b + m->n, octets, n);
	m->n += n;
}

static void
put32(struct image *m, uint32_t v)
{
	if (m->swapped)
		v = __builtin_bswap32(v);
	put(m, &v, 4);
}

static void
put16(struct image *m, uint16_t v)
{
	if (m->swapped)
		v = __builtin_bswap16(v);
	put(m, &v, 2);
}

/* An empty file of the kind that m->swapped and m->nano say. */
static void
begin(struct image *m, uint32_t linktype)
{
	m->n = 0;
	put32(m, m->nano ? 0xa1b23c4d : 0xa1b2c3d4);
	put16(m, 2);
	put16(m, 4);
	put32(m, 0);
	put32(m, 0);
	put32(m, RECORD_MAX);
	put32(m, linktype);
}

static struct image *
plain(void)
{
	image.swapped = image.nano = false;
	begin(&image, LINK_ETHERNET);
	return &image;
}

static void
put_header(struct image *m, uint32_t sec, uint32_t fraction, uint32_t cap, uint32_t wire)
{
	put32(m, sec);
	put32(m, fraction);
	put32(m, cap);
	put32(m, wire);
}

/* A record of n octets, all of them mark. */
static void
put_record(struct image *m, uint32_t sec, uint32_t fraction, uint32_t n, int mark)
{
	put_header(m, sec, fraction, n, n);
	assert_true(m->n + n <= sizeof(m->b));
	memset(m->b + m->n, mark, n);
	m->n += n;
}

static void
save_octets(const char *name, const void *octets, size_t n)
{
	FILE *f = fopen(name, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static void
save(const char *name, const struct image *m)
{
	save_octets(name, m->b, m->n);
}

static struct capture *
opened(const char *path)
{
	struct capture *c = capture_new();
	struct capture_error error;

	if (capture_add(c, path, &error) == -1)
		fail_msg("%s", error.text);
	return c;
}

static void
also(struct capture *c, const char *path)
{
	struct capture_error error;

	if (capture_add(c, path, &error) == -1)
		fail_msg("%s", error.text);
}

/* Reads all; the time never runs back. Returns how many packets there were. */
static size_t
drain(struct capture *c, struct packet *out, size_t room)
{
	struct packet batch[CAPTURE_BATCH];
	int64_t clock_us = 0;
	size_t got, n = 0;

	while ((got = capture_next(c, batch)) > 0) {
		assert_true(got <= CAPTURE_BATCH);
		for (size_t i = 0; i < got; i++, n++) {
			assert_true(batch[i].origin.ts_us >= clock_us);
			assert_true(batch[i].caplen <= batch[i].wirelen);
			clock_us = batch[i].origin.ts_us;
			if (n < room)
				out[n] = batch[i];
		}
	}
	assert_int_equal(capture_next(c, batch), 0);
	return n;
}

static void
refused(const char *path, const char *text)
{
	struct capture *c = capture_new();
	struct capture_error error;

	assert_int_equal(capture_add(c, path, &error), -1);
	assert_string_equal(error.text, text);
	capture_free(c);
}

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

static void
what_is_no_capture_is_refused_by_name(void **state)
{
	(void)state;
	save_octets("text", "this is no capture\n", 19);
	save_octets("short", "\xd4\xc3", 2);
	save_octets("empty", "", 0);
	save_octets("a.gz", "\x1f\x8b\x08\0\0\0\0\0", 8);
	save_octets("a.zst", "\x28\xb5\x2f\xfd\0\0\0\0", 8);
	assert_int_equal(mkdir("none", 0755), 0);
	save_octets("none/text", "nothing", 7);
	refused("text", "text: not a capture file (pcap or pcapng)");
	refused("short", "short: not a capture file (pcap or pcapng)");
	refused("empty", "empty: empty file");
	refused("a.gz", "a.gz: gzip-compressed; decompress it first");
	refused("a.zst", "a.zst: zstd-compressed; decompress it first");
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
	assert_string_equal(
	    capture_damage(c, 1), "bad/x.pcap.gz: gzip-compressed; decompress it first");
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
put_option_free_block(struct image *m, uint32_t type, const void *body, size_t n)
{
	static const uint8_t zeros[4];
	uint32_t total = (uint32_t)(12 + (n + 3) / 4 * 4);

	put32(m, type);
	put32(m, total);
	put(m, body, n);
	put(m, zeros, (4 - n % 4) % 4);
	put32(m, total);
}

static void
put_interface(struct image *m, uint32_t linktype)
{
	put_option_free_block(m, 1, (uint32_t[]){ linktype, 0 }, 8);
}

static void
put_enhanced(struct image *m, uint32_t interface, uint64_t us, uint32_t n, int mark)
{
	static uint8_t body[20 + RECORD_MAX];
	const uint32_t head[5] = { interface, (uint32_t)(us >> 32), (uint32_t)us, n, n };

	memcpy(body, head, 20);
	memset(body + 20, mark, n);
	put_option_free_block(m, 6, body, 20 + n);
}

static struct image *
pcapng(void)
{
	image.swapped = image.nano = false;
	image.n = 0;
	put_option_free_block(&image, 0x0a0d0d0a,
	    (uint32_t[]){ 0x1a2b3c4d, 1, 0xffffffff, 0xffffffff }, 16);
	put_interface(&image, LINK_ETHERNET);
	return &image;
}

static void
pcapng_goes_through_libpcap(void **state)
{
	struct packet batch[CAPTURE_BATCH];
	size_t got, n = 0;
	struct capture *c;

	(void)state;
	pcapng();
	for (unsigned i = 0; i < 200; i++)
		put_enhanced(&image, 0, 5000000 + i, i % 10 == 9 ? 100000 : i, (int)i);
	save("n.pcapng", &image);
	c = opened("n.pcapng");
	while ((got = capture_next(c, batch)) > 0) {
		for (size_t i = 0; i < got; i++, n++) {
			assert_int_equal(batch[i].origin.number, n + 1);
			assert_int_equal(batch[i].origin.ts_us, 5000000 + n);
			assert_int_equal(batch[i].linktype, LINK_ETHERNET);
			assert_int_equal(batch[i].caplen, n % 10 == 9 ? 100000 : n);
			for (uint32_t j = 0; j < batch[i].caplen; j++)
				if (batch[i].data[j] != (n & 0xff))
					fail_msg("packet %zu octet %u", n, j);
		}
	}
	assert_int_equal(n, 200);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

static void
pcapng_damage_is_named(void **state)
{
	struct capture *c;

	(void)state;
	pcapng();
	put_enhanced(&image, 0, 5000000, 60, 'a');
	put_enhanced(&image, 0, 5000001, 60, 'a');
	save_octets("n.pcapng", image.b, image.n - 30);
	c = opened("n.pcapng");
	assert_int_equal(drain(c, NULL, 0), 1);
	assert_non_null(strstr(capture_damage(c, 0), "n.pcapng: packet 2: "));
	capture_free(c);
	/* libpcap reads only one link type a file. */
	pcapng();
	put_enhanced(&image, 0, 5000000, 60, 'a');
	put_interface(&image, 101);
	put_enhanced(&image, 1, 5000001, 60, 'a');
	save("n.pcapng", &image);
	c = opened("n.pcapng");
	assert_int_equal(drain(c, NULL, 0), 1);
	assert_non_null(strstr(capture_damage(c, 0), "n.pcapng: packet 2: "));
	capture_free(c);
}

static void
pcapng_times_of_any_value_are_sane(void **state)
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
	assert_int_equal(p[2].origin.ts_us, 6000000);
	capture_free(c);
}

/* A child writes the image in pieces to our standard input. */
static pid_t
feed_stdin(const struct image *m, size_t piece)
{
	int ends[2];
	pid_t child;

	assert_int_equal(pipe(ends), 0);
	child = fork();
	assert_true(child != -1);
	if (child == 0) {
		close(ends[0]);
		for (size_t at = 0; at < m->n; at += piece) {
			size_t n = piece < m->n - at ? piece : m->n - at;

			if (write(ends[1], m->b + at, n) != (ssize_t)n)
				_exit(1);
		}
		_exit(0);
	}
	close(ends[1]);
	assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	return child;
}

static void
check_stdin(const struct image *m, size_t piece, size_t packets)
{
	pid_t child = feed_stdin(m, piece);
	struct capture *c = opened("-");
	struct capture_error error;
	uint64_t done, all;
	int status;

	assert_int_equal(capture_add(c, "-", &error), -1);
	assert_string_equal(error.text, "standard input: given twice");
	assert_int_equal(drain(c, NULL, 0), packets);
	assert_string_equal(capture_source_name(c, 0), "-");
	assert_null(capture_damage(c, 0));
	capture_progress(c, &done, &all);
	assert_int_equal(done, m->n);
	assert_int_equal(all, 0);
	capture_free(c);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
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

/* Ethernet, IPv4, TCP to the given port: enough for a filter. */
static void
put_tcp_record(struct image *m, uint32_t sec, uint8_t port)
{
	uint8_t b[54] = { [12] = 8,
		[14] = 0x45,
		[17] = 40,
		[22] = 64,
		[23] = 6,
		[26] = 192,
		0,
		2,
		1,
		192,
		0,
		2,
		2,
		4,
		1,
		0,
		port,
		[46] = 0x50 };

	put_header(m, sec, 0, sizeof(b), sizeof(b));
	put(m, b, sizeof(b));
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

static void
a_filter_without_meaning_for_a_link_type_matches_none_of_it(void **state)
{
	struct capture_error error;
	struct capture *c;

	(void)state;
	plain();
	put_tcp_record(&image, 1000, 25);
	save("e.pcap", &image);
	image.b[20] = 147;
	save("u.pcap", &image);
	image.b[20] = 101;
	save("r.pcap", &image);
	c = opened("e.pcap");
	also(c, "u.pcap");
	also(c, "r.pcap");
	assert_int_equal(capture_filter(c, "ether host 0:0:0:0:0:0", &error), 0);
	assert_int_equal(drain(c, NULL, 0), 1);
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
	pcap_close(pcap);
	return n;
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
		cmocka_unit_test(directories_are_walked),
		cmocka_unit_test(captures_of_a_directory_that_cannot_be_read_are_named),
		cmocka_unit_test(a_file_that_vanished_is_named),
		cmocka_unit_test(pcapng_goes_through_libpcap),
		cmocka_unit_test(pcapng_damage_is_named),
		cmocka_unit_test(pcapng_times_of_any_value_are_sane),
		cmocka_unit_test(standard_input_may_be_a_pipe),
		cmocka_unit_test(filtered_packets_are_counted),
		cmocka_unit_test(a_bad_filter_is_told),
		cmocka_unit_test(
		    a_filter_without_meaning_for_a_link_type_matches_none_of_it),
		cmocka_unit_test(progress_reaches_the_end),
		cmocka_unit_test(real_captures_have_as_many_packets_as_by_libpcap),
	};
	const char *path = getenv("RELAYWATCH_CAPTURES");

	/* The tests work in a directory of their own. */
	captures = realpath(path != NULL ? path : "../shared/captures", NULL);
	return cmocka_run_group_tests_name("capture", tests, enter, leave);
}
