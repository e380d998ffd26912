/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int
bytes_open(struct byte_source *bytes, const char *path)
{
	*bytes = (struct byte_source){ .fd = STDIN_FILENO };
	if (strcmp(path, "-") == 0)
		return 0;
	bytes->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (bytes->fd == -1)
		return -1;
	posix_fadvise(bytes->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	return 0;
}

static void
close_fd(struct byte_source *bytes)
{
	if (bytes->fd > STDIN_FILENO)
		close(bytes->fd);
	bytes->fd = -1;
}

void
bytes_close(struct byte_source *bytes)
{
	close_fd(bytes);
	unpacker_free(bytes->unpacker);
	bytes->unpacker = NULL;
}

static ssize_t
fail(struct byte_source *bytes, const char *why)
{
	snprintf(bytes->why, sizeof(bytes->why), "%s", why);
	return -1;
}

void
bytes_park(struct byte_source *bytes, const char *path)
{
	struct stat st;

	if (bytes->path != NULL || bytes->fd <= STDIN_FILENO ||
	    fstat(bytes->fd, &st) == -1 || !S_ISREG(st.st_mode))
		return;
	bytes->path = path;
	bytes->dev = st.st_dev;
	bytes->ino = st.st_ino;
	close_fd(bytes);
}

/* Opens a parked file where it was left. */
static int
reopen(struct byte_source *bytes)
{
	struct stat st;

	bytes->fd = open(bytes->path, O_RDONLY | O_CLOEXEC);
	if (bytes->fd == -1 || fstat(bytes->fd, &st) == -1 ||
	    lseek(bytes->fd, (off_t)bytes->done, SEEK_SET) == -1)
		return (int)fail(bytes, strerror(errno));
	if (st.st_dev != bytes->dev || st.st_ino != bytes->ino)
		return (int)fail(bytes, "replaced by another file while it was read");
	return 0;
}

ssize_t
bytes_read_packed(struct byte_source *bytes, void *buf, size_t n)
{
	ssize_t got;

	if (bytes->fd == -1 && bytes->path != NULL && reopen(bytes) == -1)
		return -1;
	do
		got = read(bytes->fd, buf, n);
	while (got == -1 && errno == EINTR);
	if (got == -1)
		return fail(bytes, strerror(errno));
	bytes->done += (uint64_t)got;
	if (bytes->path != NULL)
		close_fd(bytes);
	return got;
}

/* Past what was peeked at. */
static ssize_t
read_on(struct byte_source *bytes, void *buf, size_t n)
{
	if (bytes->why[0] != '\0')
		return -1;
	if (bytes->unpacker != NULL)
		return unpacker_read(bytes->unpacker, bytes, buf, n);
	return bytes_read_packed(bytes, buf, n);
}

int
bytes_peek(struct byte_source *bytes)
{
	while (bytes->peek_n < sizeof(bytes->peek)) {
		ssize_t got = read_on(bytes, bytes->peek + bytes->peek_n,
		    sizeof(bytes->peek) - bytes->peek_n);

		if (got == -1)
			return -1;
		if (got == 0)
			break;
		bytes->peek_n += (size_t)got;
	}
	return 0;
}

ssize_t
bytes_read(struct byte_source *bytes, void *buf, size_t n)
{
	size_t peeked = bytes->peek_n - bytes->peek_at;

	if (peeked == 0)
		return read_on(bytes, buf, n);
	if (n > peeked)
		n = peeked;
	memcpy(buf, bytes->peek + bytes->peek_at, n);
	bytes->peek_at += n;
	return (ssize_t)n;
}

bool
bytes_append(struct byte_source *bytes, uint8_t *memory, size_t *end, size_t most)
{
	ssize_t got = bytes_read(bytes, memory + *end, most - *end);

	if (got <= 0)
		return false;
	*end += (size_t)got;
	return true;
}

int
bytes_unpack(struct byte_source *bytes, enum capture_format format)
{
	const char *why;

	bytes->unpacker =
	    unpacker_new(format, slice_of(bytes->peek, bytes->peek_n), &why);
	if (bytes->unpacker == NULL)
		return (int)fail(bytes, why);
	bytes->peek_n = 0;
	return 0;
}

enum {
	PCAP_MICRO = 0xa1b2c3d4,
	PCAP_NANO = 0xa1b23c4d,
	PCAP_MODIFIED = 0xa1b2cd34,
	PCAPNG = 0x0a0d0d0a,
	ZSTD = 0x28b52ffd,
	ZSTD_SKIPPED = 0x502a4d18, /* to 0x5f2a4d18: skippable, RFC 8878 section 3.1.2 */
	GZIP = 0x1f8b,
};

enum capture_format
bytes_format(const struct byte_source *bytes)
{
	uint32_t magic;

	if (bytes->peek_n == 0)
		return FORMAT_EMPTY;
	if (bytes->peek_n < 4)
		return FORMAT_UNKNOWN;
	magic = be32(bytes->peek);
	if (magic >> 16 == GZIP)
		return FORMAT_GZIP;
	if (magic == ZSTD || (magic & 0xf0ffffff) == ZSTD_SKIPPED)
		return FORMAT_ZSTD;
	if (magic == PCAPNG)
		return FORMAT_PCAPNG;
	if (bytes->peek[0] != 0xa1)
		magic = __builtin_bswap32(magic);
	switch (magic) {
	case PCAP_MICRO:
	case PCAP_NANO:
	case PCAP_MODIFIED:
		return FORMAT_PCAP;
	default:
		return FORMAT_UNKNOWN;
	}
}

void
reader_init(
    struct reader *reader, const struct reader_ops *ops, const struct byte_source *bytes)
{
	*reader = (struct reader){ .ops = ops,
		.bytes = *bytes,
		.state = READER_DRY,
		.linktype = LINKTYPE_UNKNOWN,
		.block_bytes = READER_FIRST,
		.clock_us = -1 };
}

__attribute__((format(printf, 3, 0))) static void
keep_damage(struct reader *reader, uint64_t number, const char *format, va_list ap)
{
	int n = snprintf(
	    reader->damage, sizeof(reader->damage), "packet %" PRIu64 ": ", number);

	vsnprintf(reader->damage + n, sizeof(reader->damage) - (size_t)n, format, ap);
}

void
reader_damaged(struct reader *reader, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	keep_damage(reader, reader->number + 1, format, ap);
	va_end(ap);
	reader->flaws++;
	reader->state = READER_END;
}

void
reader_flawed(struct reader *reader, uint64_t number, const char *format, ...)
{
	va_list ap;

	if (reader->flaws++ > 0)
		return;
	va_start(ap, format);
	keep_damage(reader, number, format, ap);
	va_end(ap);
}
