/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * The input is a saved capture: pcap, pcapng, or either packed. It is read in large
 * blocks and in small ones: no crash, the same packets with the same octets, time that
 * does not run back, and the same word on what is damaged.
 */

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capture_reader.h"

enum { INPUT_MAX = 1 << 16 };

struct outcome {
	enum open_result opened;
	uint64_t packets, digest;
	char text[sizeof(struct capture_error)];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "%s\n", what);
	abort();
}

static void
add(struct outcome *o, const void *octets, size_t n)
{
	const uint8_t *p = octets;

	for (size_t i = 0; i < n; i++)
		o->digest = (o->digest ^ p[i]) * UINT64_C(0x100000001b3);
}

static void
take(struct outcome *o, const struct packet *p, int64_t *clock_us)
{
	require(p->origin.number == ++o->packets, "packets are not counted");
	require(p->origin.ts_us >= *clock_us, "time runs back");
	require(p->caplen <= p->wirelen, "more was captured than there was");
	require(p->caplen <= READER_RECORD_MAX, "a packet is too large");
	*clock_us = p->origin.ts_us;
	add(o, &p->origin.ts_us, sizeof(p->origin.ts_us));
	add(o, &p->wirelen, sizeof(p->wirelen));
	add(o, &p->linktype, sizeof(p->linktype));
	add(o, p->data, p->caplen);
}

static void
drain(struct reader *reader, struct outcome *o, size_t max)
{
	struct packet packets[CAPTURE_BATCH];
	int64_t clock_us = 0;

	while (reader_first_us(reader) != -1) {
		size_t n = reader->ops->run(reader, packets, max, INT64_MAX);

		require(n > 0, "a reader that is ready gives nothing");
		for (size_t i = 0; i < n; i++)
			take(o, &packets[i], &clock_us);
	}
	require(reader->state == READER_END, "a reader has no end");
	require((reader->flaws > 0) == (reader->damage[0] != '\0'), "damage is not told");
	snprintf(
	    o->text, sizeof(o->text), "%ju %s", (uintmax_t)reader->flaws, reader->damage);
}

static struct outcome
read_file(const char *path, size_t block_bytes, size_t max)
{
	struct outcome o = { .packets = 0 };
	struct capture_error error;
	struct reader *reader;

	o.opened = open_reader(path, &reader, &error);
	if (o.opened != OPEN_OK) {
		require(strncmp(error.text, path, strlen(path)) == 0, "no path is told");
		snprintf(o.text, sizeof(o.text), "%s", error.text);
		return o;
	}
	reader->block_bytes = block_bytes;
	drain(reader, &o, max);
	reader->ops->close(reader);
	return o;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int fd = -1;
	struct outcome large, small;
	char path[32];

	if (size > INPUT_MAX)
		return 0;
	if (fd == -1)
		fd = memfd_create("capture", 0);
	require(ftruncate(fd, 0) == 0, "no file");
	require(pwrite(fd, data, size, 0) == (ssize_t)size, "no file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	large = read_file(path, READER_BLOCK, CAPTURE_BATCH);
	small = read_file(path, 1 + size % 61, 1);
	require(large.opened == small.opened, "opens now and then");
	require(large.packets == small.packets, "other packets in small blocks");
	require(large.digest == small.digest, "other octets in small blocks");
	require(strcmp(large.text, small.text) == 0, "other damage in small blocks");
	return 0;
}
