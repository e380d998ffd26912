/* SPDX-License-Identifier: BSD-2-Clause */
#include "writer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITER_BYTES = 256 * 1024, WRITER_MODE = 0640 };

struct writer {
	int fd;
	int error; /* errno of the first failure, 0: none */
	size_t used;
	char *path; /* NULL: standard output */
	char buf[WRITER_BYTES];
};

/* The directory of a log belongs to the user whom the program becomes later. As root it
 * follows no link that he, or anybody else, may have left there. */
static bool
is_strangers_link(const char *path)
{
	struct stat link;

	return geteuid() == 0 && lstat(path, &link) == 0 && S_ISLNK(link.st_mode) &&
	       link.st_uid != 0;
}

static int
open_path(const char *path, bool append)
{
	int how =
	    O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY | (append ? O_APPEND : O_TRUNC);
	int fd = open(path, how | O_NOFOLLOW, WRITER_MODE);

	if (fd != -1 || errno != ELOOP || is_strangers_link(path))
		return fd;
	return open(path, how, WRITER_MODE);
}

/* After open_path() failed. */
static void
explain(const char *path, char error[static CONF_ERROR_MAX])
{
	const char *why = strerror(errno);

	if (is_strangers_link(path))
		why = "a symbolic link made by another user, which root does not follow";
	snprintf(error, CONF_ERROR_MAX, "%s: %s", path, why);
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
	explain(path, error);
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
		explain(writer->path, error);
		return -1;
	}
	close(writer->fd);
	writer->fd = fd;
	writer->error = 0;
	return 0;
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
