/* SPDX-License-Identifier: BSD-2-Clause */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { WRITER_BYTES = 256 * 1024, WRITER_MODE = 0640 };

struct writer {
	int fd;
	int error; /* errno of the first failure, 0: none */
	size_t used;
	uint64_t lost_bytes;
	char *path; /* NULL: standard output */
	char buf[WRITER_BYTES];
};

static int
open_path(const char *path, bool append)
{
	int how = append ? O_APPEND : O_TRUNC;

	return open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | how, WRITER_MODE);
}

struct writer *
writer_open(const char *path, bool append, char error[static CONF_ERROR_MAX])
{
	struct writer *writer = calloc(1, sizeof(*writer));
	bool named = path != NULL && strcmp(path, "-") != 0;

	if (writer != NULL && named)
		writer->path = strdup(path);
	if (writer == NULL || (named && writer->path == NULL)) {
		free(writer);
		snprintf(error, CONF_ERROR_MAX, "out of memory");
		return NULL;
	}
	writer->fd = named ? open_path(path, append) : STDOUT_FILENO;
	if (writer->fd >= 0)
		return writer;
	snprintf(error, CONF_ERROR_MAX, "%s: %s", path, strerror(errno));
	free(writer->path);
	free(writer);
	return NULL;
}

/* A pipe that somebody made non-blocking is waited for. */
static bool
may_go_on(const struct writer *writer)
{
	struct pollfd wait = { .fd = writer->fd, .events = POLLOUT };

	if (errno == EAGAIN)
		return poll(&wait, 1, -1) >= 0 || errno == EINTR;
	return errno == EINTR;
}

static void
write_out(struct writer *writer, const char *bytes, size_t n)
{
	while (n != 0 && writer->error == 0) {
		ssize_t done = write(writer->fd, bytes, n);

		if (done >= 0) {
			bytes += done;
			n -= (size_t)done;
		} else if (!may_go_on(writer)) {
			writer->error = errno;
		}
	}
	writer->lost_bytes += n;
}

static void
drain(struct writer *writer)
{
	write_out(writer, writer->buf, writer->used);
	writer->used = 0;
}

void
writer_put(struct writer *writer, const char *bytes, size_t n)
{
	if (n > WRITER_BYTES - writer->used)
		drain(writer);
	if (n > WRITER_BYTES) {
		write_out(writer, bytes, n);
		return;
	}
	memcpy(writer->buf + writer->used, bytes, n);
	writer->used += n;
}

int
writer_flush(struct writer *writer, char error[static CONF_ERROR_MAX])
{
	drain(writer);
	if (writer->error == 0)
		return 0;
	snprintf(error, CONF_ERROR_MAX, "%s: %s",
	    writer->path == NULL ? "standard output" : writer->path,
	    strerror(writer->error));
	return -1;
}

int
writer_reopen(struct writer *writer, char error[static CONF_ERROR_MAX])
{
	int fd;

	if (writer->path == NULL)
		return 0;
	drain(writer);
	fd = open_path(writer->path, true);
	if (fd == -1) {
		snprintf(error, CONF_ERROR_MAX, "%s: %s", writer->path, strerror(errno));
		return -1;
	}
	close(writer->fd);
	writer->fd = fd;
	writer->error = 0;
	return 0;
}

uint64_t
writer_lost_bytes(const struct writer *writer)
{
	return writer->lost_bytes;
}

void
writer_close(struct writer *writer)
{
	if (writer == NULL)
		return;
	drain(writer);
	if (writer->path != NULL)
		close(writer->fd);
	free(writer->path);
	free(writer);
}
