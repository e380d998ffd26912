/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_reader.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
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

void
bytes_close(struct byte_source *bytes)
{
	if (bytes->fd > STDIN_FILENO)
		close(bytes->fd);
	bytes->fd = -1;
}

static ssize_t
read_fd(int fd, void *buf, size_t n)
{
	ssize_t got;

	do
		got = read(fd, buf, n);
	while (got == -1 && errno == EINTR);
	return got;
}

int
bytes_peek(struct byte_source *bytes)
{
	while (bytes->peek_n < sizeof(bytes->peek)) {
		ssize_t got = read_fd(bytes->fd, bytes->peek + bytes->peek_n,
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
	ssize_t got;

	if (peeked > 0) {
		if (n > peeked)
			n = peeked;
		memcpy(buf, bytes->peek + bytes->peek_at, n);
		bytes->peek_at += n;
		bytes->done += n;
		return (ssize_t)n;
	}
	got = read_fd(bytes->fd, buf, n);
	if (got > 0)
		bytes->done += (uint64_t)got;
	return got;
}

enum {
	PCAP_MICRO = 0xa1b2c3d4,
	PCAP_NANO = 0xa1b23c4d,
	PCAP_KUZNETZOV = 0xa1b2cd34, /* the rest are odd old kinds that libpcap knows */
	PCAP_MESQUITA = 0xa1b234cd,
	PCAP_NAVTEL = 0xa12b3c4d,
	PCAPNG = 0x0a0d0d0a,
	ZSTD = 0x28b52ffd,
	GZIP = 0x1f8b,
};

/* Version 2.4 is the one there is since 1998; older ones swap two fields. */
static bool
is_version_2_4(const struct byte_source *bytes)
{
	static const uint8_t big[] = { 0, 2, 0, 4 }, little[] = { 2, 0, 4, 0 };
	const uint8_t *version = bytes->peek + 4;

	if (bytes->peek_n < BYTES_PEEK_MAX)
		return false;
	return memcmp(version, bytes->peek[0] == 0xa1 ? big : little, 4) == 0;
}

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
	if (magic == ZSTD)
		return FORMAT_ZSTD;
	if (magic == PCAPNG)
		return FORMAT_LIBPCAP;
	if (bytes->peek[0] != 0xa1)
		magic = __builtin_bswap32(magic);
	switch (magic) {
	case PCAP_MICRO:
	case PCAP_NANO:
		return is_version_2_4(bytes) ? FORMAT_PCAP : FORMAT_LIBPCAP;
	case PCAP_KUZNETZOV:
	case PCAP_MESQUITA:
	case PCAP_NAVTEL:
		return FORMAT_LIBPCAP;
	default:
		return FORMAT_UNKNOWN;
	}
}

void
reader_damaged(struct reader *reader, const char *format, ...)
{
	int n = snprintf(reader->damage, sizeof(reader->damage), "packet %" PRIu64 ": ",
	    reader->number + 1);
	va_list ap;

	va_start(ap, format);
	vsnprintf(reader->damage + n, sizeof(reader->damage) - (size_t)n, format, ap);
	va_end(ap);
	reader->state = READER_END;
}
