/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_image.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

struct image image;
static char dir[64];

int
image_enter(void **state)
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

int
image_leave(void **state)
{
	(void)state;
	return chdir("/") == 0 ? nftw(dir, drop, 16, FTW_DEPTH | FTW_PHYS) : -1;
}

void
put(struct image *m, const void *octets, size_t n)
{
	assert_true(m->n + n <= sizeof(m->b));
	memcpy(m->b + m->n, octets, n);
	m->n += n;
}

void
put32(struct image *m, uint32_t v)
{
	if (m->swapped)
		v = __builtin_bswap32(v);
	put(m, &v, 4);
}

void
put16(struct image *m, uint16_t v)
{
	if (m->swapped)
		v = __builtin_bswap16(v);
	put(m, &v, 2);
}

/* An empty file of the kind that m->swapped and m->nano say. */
void
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

struct image *
plain(void)
{
	image.swapped = image.nano = false;
	begin(&image, LINK_ETHERNET);
	return &image;
}

void
put_header(struct image *m, uint32_t sec, uint32_t fraction, uint32_t cap, uint32_t wire)
{
	put32(m, sec);
	put32(m, fraction);
	put32(m, cap);
	put32(m, wire);
}

/* A record of n octets, all of them mark. */
void
put_record(struct image *m, uint32_t sec, uint32_t fraction, uint32_t n, int mark)
{
	put_header(m, sec, fraction, n, n);
	assert_true(m->n + n <= sizeof(m->b));
	memset(m->b + m->n, mark, n);
	m->n += n;
}

void
save_octets(const char *name, const void *octets, size_t n)
{
	FILE *f = fopen(name, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(octets, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

void
save(const char *name, const struct image *m)
{
	save_octets(name, m->b, m->n);
}

struct capture *
opened(const char *path)
{
	struct capture *c = capture_new();
	struct capture_error error;

	if (capture_add(c, path, &error) == -1)
		fail_msg("%s", error.text);
	return c;
}

void
also(struct capture *c, const char *path)
{
	struct capture_error error;

	if (capture_add(c, path, &error) == -1)
		fail_msg("%s", error.text);
}

/* Reads all; the time never runs back. Returns how many packets there were. */
size_t
drain(struct capture *c, struct packet *out, size_t room)
{
	static uint8_t kept[1 << 16];
	struct packet batch[CAPTURE_BATCH];
	int64_t clock_us = 0;
	size_t got, n = 0, used = 0;

	while ((got = capture_next(c, batch)) > 0) {
		assert_true(got <= CAPTURE_BATCH);
		for (size_t i = 0; i < got; i++, n++) {
			assert_true(batch[i].origin.ts_us >= clock_us);
			assert_true(batch[i].caplen <= batch[i].wirelen);
			clock_us = batch[i].origin.ts_us;
			if (n >= room)
				continue;
			assert_true(used + batch[i].caplen <= sizeof(kept));
			out[n] = batch[i];
			out[n].data = memcpy(kept + used, batch[i].data, batch[i].caplen);
			used += batch[i].caplen;
		}
	}
	assert_int_equal(capture_next(c, batch), 0);
	return n;
}

size_t
begin_block(struct image *m, uint32_t type)
{
	size_t start = m->n;

	put32(m, type);
	put32(m, 0);
	return start;
}

void
end_block(struct image *m, size_t start)
{
	size_t end;

	put(m, (uint8_t[4]){ 0 }, (4 - m->n % 4) % 4);
	end = m->n;
	put32(m, (uint32_t)(end + 4 - start));
	memcpy(m->b + start + 4, m->b + end, 4);
}

void
put_section(struct image *m)
{
	size_t start = begin_block(m, 0x0a0d0d0a);

	put32(m, 0x1a2b3c4d);
	put16(m, 1);
	put16(m, 0);
	put32(m, 0xffffffff);
	put32(m, 0xffffffff);
	end_block(m, start);
}

void
put_interface(struct image *m, uint16_t linktype, uint32_t snaplen)
{
	size_t start = begin_block(m, 1);

	put16(m, linktype);
	put16(m, 0);
	put32(m, snaplen);
	end_block(m, start);
}

void
put_enhanced(struct image *m, uint32_t interface, uint64_t ticks, uint32_t n, int mark)
{
	size_t start = begin_block(m, 6);

	put32(m, interface);
	put32(m, (uint32_t)(ticks >> 32));
	put32(m, (uint32_t)ticks);
	put32(m, n);
	put32(m, n);
	assert_true(m->n + n <= sizeof(m->b));
	memset(m->b + m->n, mark, n);
	m->n += n;
	end_block(m, start);
}

struct image *
pcapng(void)
{
	image.swapped = image.nano = false;
	image.n = 0;
	put_section(&image);
	put_interface(&image, LINK_ETHERNET, 0);
	return &image;
}

void
refused(const char *path, const char *text)
{
	struct capture *c = capture_new();
	struct capture_error error;

	assert_int_equal(capture_add(c, path, &error), -1);
	assert_string_equal(error.text, text);
	capture_free(c);
}

/* Reads all of a file: how many packets, and whether it is named as damaged with these
 * words, NULL being not at all. */
void
check_file(const char *path, size_t packets, const char *damage)
{
	struct capture *c = opened(path);

	assert_int_equal(drain(c, NULL, 0), packets);
	if (damage == NULL) {
		assert_null(capture_damage(c, 0));
	} else {
		assert_non_null(capture_damage(c, 0));
		assert_string_equal(capture_damage(c, 0), damage);
	}
	assert_null(capture_damage(c, 1));
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

void
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

/* Ethernet, IPv4, TCP to the given port: enough for a filter. */
void
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
