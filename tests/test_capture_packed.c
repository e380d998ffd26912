/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_image.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

/* A way to pack: out gets a whole member or frame. Returns its length. */
typedef size_t pack_function(void *out, size_t room, const void *in, size_t n);

static size_t
pack_gzip(void *out, size_t room, const void *in, size_t n)
{
	z_stream z = { .next_in = (void *)in,
		.avail_in = (uInt)n,
		.next_out = out,
		.avail_out = (uInt)room };

	assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0), Z_OK);
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

static size_t
pack_zstd(void *out, size_t room, const void *in, size_t n)
{
	ZSTD_CCtx *c = ZSTD_createCCtx();
	size_t packed;

	assert_non_null(c);
	ZSTD_CCtx_setParameter(c, ZSTD_c_checksumFlag, 1);
	packed = ZSTD_compress2(c, out, room, in, n);
	assert_false(ZSTD_isError(packed));
	ZSTD_freeCCtx(c);
	return packed;
}

static pack_function *const packs[] = { pack_gzip, pack_zstd };

enum { PACKS = 2, TRAILER = 4, PACKETS = 50 };

static struct image packed;

/* The octets of image from at on, packed behind what is there. */
static void
pack_part(pack_function *pack, size_t at, size_t n)
{
	packed.n +=
	    pack(packed.b + packed.n, sizeof(packed.b) - packed.n, image.b + at, n);
}

static void
pack_image(pack_function *pack)
{
	packed.n = 0;
	pack_part(pack, 0, image.n);
}

static void
fill(void)
{
	for (unsigned i = 0; i < PACKETS; i++)
		put_record(&image, 1000 + i, i, 7 * i, (int)i);
}

static void
check_octets(const char *path)
{
	struct packet batch[CAPTURE_BATCH];
	struct capture *c = opened(path);
	size_t got, n = 0;

	while ((got = capture_next(c, batch)) > 0) {
		for (size_t i = 0; i < got; i++, n++) {
			assert_int_equal(batch[i].caplen, 7 * n);
			for (uint32_t j = 0; j < batch[i].caplen; j++)
				assert_int_equal(batch[i].data[j], n);
		}
	}
	assert_int_equal(n, PACKETS);
	assert_null(capture_damage(c, 0));
	capture_free(c);
}

/* Whatever the name. */
static void
packed_captures_are_read(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		plain();
		fill();
		pack_image(packs[i]);
		save("packed.pcap", &packed);
		check_octets("packed.pcap");
		check_stdin(&packed, 3, PACKETS);
		check_stdin(&packed, 65536, PACKETS);
		pcapng();
		for (unsigned j = 0; j < PACKETS; j++)
			put_enhanced(&image, 0, j, 7 * j, (int)j);
		pack_image(packs[i]);
		save("packed", &packed);
		check_octets("packed");
		check_stdin(&packed, 5, PACKETS);
	}
}

enum { LARGE_PACKETS = 3000, LARGE_OCTETS = 1000, LARGE_RECORD = 16 + LARGE_OCTETS };

/* More than is read or unpacked at once. */
static void
fill_large(void)
{
	plain();
	srand(7);
	for (unsigned j = 0; j < LARGE_PACKETS; j++) {
		put_record(&image, 1000 + j, 0, LARGE_OCTETS, 0);
		for (size_t k = image.n - LARGE_OCTETS; k < image.n; k += 3)
			image.b[k] = (uint8_t)rand();
	}
}

static void
large_ones_are_read_in_pieces(void **state)
{
	(void)state;
	fill_large();
	for (int i = 0; i < PACKS; i++) {
		pack_image(packs[i]);
		save("large", &packed);
		check_file("large", LARGE_PACKETS, NULL);
	}
}

/* How many octets there are before the error: unpacked octet by octet, so that none is
 * lost with those behind it. */
static size_t
octets_before_error(void)
{
	static uint8_t out[FILE_MAX];
	ZSTD_DCtx *d = ZSTD_createDCtx();
	ZSTD_outBuffer to = { out, sizeof(out), 0 };
	size_t at = 0;

	assert_non_null(d);
	while (at < packed.n) {
		ZSTD_inBuffer from = { packed.b + at++, 1, 0 };

		if (ZSTD_isError(ZSTD_decompressStream(d, &to, &from)))
			break;
	}
	assert_true(at < packed.n);
	ZSTD_freeDCtx(d);
	return to.pos;
}

/* Makes a block of the packed frame one that there is not, RFC 8878 section 3.1.1. */
static void
spoil_block(unsigned number)
{
	unsigned descriptor = packed.b[4], size_flag = descriptor >> 6;
	size_t at =
	    5 + (descriptor & 0x20 ? 0 : 1) + (size_flag > 0 ? 1u << size_flag : 0);

	assert_int_equal(descriptor & 3, 0); /* no dictionary */
	while (number-- > 0) {
		at += 3 +
		      ((packed.b[at] | packed.b[at + 1] << 8 | packed.b[at + 2] << 16) >>
			  3);
		assert_true(at + 3 < packed.n);
	}
	packed.b[at] |= 6;
}

/* All before the damage is read. */
static void
damage_in_the_middle_leaves_what_was_before(void **state)
{
	struct capture *c;
	size_t n;

	(void)state;
	fill_large();
	for (unsigned block = 1; block < 20; block += 3) {
		pack_image(pack_zstd);
		spoil_block(block);
		save("middle", &packed);
		c = opened("middle");
		n = drain(c, NULL, 0);
		assert_int_equal(n, (octets_before_error() - 24) / LARGE_RECORD);
		assert_in_range(n, block * 100, block * 130); /* 128 KiB a block */
		assert_non_null(strstr(capture_damage(c, 0), "middle: packet "));
		capture_free(c);
	}
	pack_image(pack_gzip);
	memset(packed.b + packed.n / 2, 0xff, 64);
	save("middle", &packed);
	c = opened("middle");
	n = drain(c, NULL, 0);
	assert_in_range(n, LARGE_PACKETS * 45 / 100, LARGE_PACKETS * 55 / 100);
	assert_non_null(strstr(capture_damage(c, 0), "middle: packet "));
	capture_free(c);
}

/* As gzip(1) and zstd(1) do: members, cut anywhere, are one; so are empty ones. */
static void
members_are_one_stream(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		plain();
		fill();
		for (size_t cut = 0; cut <= image.n; cut += cut < 100 ? 1 : 97) {
			packed.n = 0;
			pack_part(packs[i], 0, cut);
			pack_part(packs[i], cut, 0);
			pack_part(packs[i], cut, image.n - cut);
			save("members", &packed);
			check_octets("members");
		}
	}
}

/* Cut at every octet, the packets before come out, never one more than with one octet
 * more, and the file is named. */
static void
cut_short_gives_what_can_be_read(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		size_t last = 0;

		plain();
		fill();
		pack_image(packs[i]);
		for (size_t cut = 4; cut < packed.n; cut++) {
			struct capture *c = capture_new();
			struct capture_error error;
			const char *why = error.text;

			save_octets("cut", packed.b, cut);
			if (capture_add(c, "cut", &error) == 0) {
				size_t n = drain(c, NULL, 0);

				assert_true(n >= last);
				last = n;
				why = capture_damage(c, 0);
			}
			assert_non_null(strstr(why, "packed data cut short"));
			capture_free(c);
		}
		/* Of all but the checksum, all. */
		assert_int_equal(last, PACKETS);
	}
}

static void
check_damage(const char *damage)
{
	char want[128];

	save("bad", &packed);
	snprintf(want, sizeof(want), "bad: packet %d: %s", PACKETS + 1, damage);
	check_file("bad", PACKETS, want);
}

static void
what_is_wrong_behind_the_packets_is_named(void **state)
{
	static const char *const sums[] = { "incorrect data check",
		"Restored data doesn't match checksum" };
	static const char *const tails[] = { "octets that are not gzip follow",
		"octets that are not zstd follow" };

	(void)state;
	plain();
	fill();
	for (int i = 0; i < PACKS; i++) {
		pack_image(packs[i]);
		/* gzip has a length behind its checksum. */
		packed.b[packed.n - (i == 0 ? 2 * TRAILER : TRAILER)] ^= 1;
		check_damage(sums[i]);
		pack_image(packs[i]);
		put(&packed, "garbage", 7);
		check_damage(tails[i]);
	}
	/* Tapes fill up with zeros: gzip(1) minds them no more. */
	pack_image(pack_gzip);
	put(&packed, (uint8_t[1000]){ 0 }, 1000);
	save("zeros", &packed);
	check_file("zeros", PACKETS, NULL);
}

/* pzstd puts one in front, RFC 8878 section 3.1.2. */
static void
skippable_frames_are_skipped(void **state)
{
	(void)state;
	plain();
	fill();
	packed.n = 0;
	put(&packed, "\x5a\x2a\x4d\x18\x04\0\0\0size", 12);
	pack_part(pack_zstd, 0, image.n);
	save("skippable", &packed);
	check_octets("skippable");
}

/* A frame that wants 256 MiB of memory, RFC 8878 section 3.1.1.1.2. */
static void
a_window_too_large_is_told(void **state)
{
	(void)state;
	save_octets("window", "\x28\xb5\x2f\xfd\0\x90\x01\0\0", 9);
	refused("window",
	    "window: packed with a window above 128 MiB; unpack it with zstd -d "
	    "--long=31");
}

static void
what_holds_no_capture_is_refused(void **state)
{
	(void)state;
	for (int i = 0; i < PACKS; i++) {
		plain();
		pack_image(packs[i]);
		memcpy(image.b, packed.b, packed.n);
		image.n = packed.n;
		pack_image(packs[i]);
		save("twice", &packed);
		refused("twice", "twice: packed twice; unpack it once");
		image.n = 0;
		put(&image, "just a log file", 15);
		pack_image(packs[i]);
		save("log", &packed);
		refused("log", "log: packed, but not a capture file (pcap or pcapng)");
		image.n = 0;
		pack_image(packs[i]);
		save("nothing", &packed);
		refused("nothing", "nothing: packed, but nothing in it");
		pack_image(packs[i]);
		save_octets("bad", packed.b, 4);
		refused("bad", "bad: packed data cut short");
	}
}

/* Rotated captures, some packed meanwhile, and what else lies there. */
static void
packed_and_plain_ones_are_merged(void **state)
{
	struct packet p[40];
	struct capture *c;
	uint64_t done, all;
	char name[32];

	(void)state;
	assert_int_equal(mkdir("mixed", 0755), 0);
	for (unsigned i = 0; i < 10; i++) {
		plain();
		for (unsigned j = 0; j < 4; j++)
			put_record(&image, 1000 + 4 * i + 3 * j, i, 1, (int)i);
		snprintf(
		    name, sizeof(name), "mixed/%u.pcap%s", i, i % 3 == 0 ? ".gz" : "");
		if (i % 3 < 2)
			pack_image(packs[i % 3]);
		save(name, i % 3 < 2 ? &packed : &image);
	}
	image.n = 0;
	put(&image, "no capture", 10);
	save("mixed/README", &image);
	pack_image(pack_gzip);
	save("mixed/messages.1.gz", &packed);
	save_octets("mixed/messages.2.gz", packed.b, packed.n - 9);
	c = opened("mixed");
	assert_int_equal(drain(c, p, 40), 40);
	for (unsigned i = 1; i < 40; i++)
		assert_true(p[i].origin.ts_us > p[i - 1].origin.ts_us);
	assert_null(capture_damage(c, 0));
	assert_string_equal(capture_source_name(c, 9), "mixed/9.pcap.gz");
	/* The bar goes by the size of the files. */
	capture_progress(c, &done, &all);
	assert_true(all > 0);
	assert_int_equal(done, all);
	capture_free(c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packed_captures_are_read),
		cmocka_unit_test(large_ones_are_read_in_pieces),
		cmocka_unit_test(damage_in_the_middle_leaves_what_was_before),
		cmocka_unit_test(members_are_one_stream),
		cmocka_unit_test(cut_short_gives_what_can_be_read),
		cmocka_unit_test(what_is_wrong_behind_the_packets_is_named),
		cmocka_unit_test(skippable_frames_are_skipped),
		cmocka_unit_test(a_window_too_large_is_told),
		cmocka_unit_test(what_holds_no_capture_is_refused),
		cmocka_unit_test(packed_and_plain_ones_are_merged),
	};

	return cmocka_run_group_tests_name(
	    "capture_packed", tests, image_enter, image_leave);
}
