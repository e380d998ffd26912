/* SPDX-License-Identifier: BSD-2-Clause */
#include "syslog_socket.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADER_MAX = 128,
	WAIT_LIVE_MS = 100,
	WAIT_PATIENT_MS = 2000,
	REFILL_DIVISOR = 10, /* of the time that passes, what may be spent on waiting */
};

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * (int64_t)1000 + now.tv_nsec / 1000000;
}

static void
disconnect(struct syslog_socket *s)
{
	if (s->fd != -1)
		close(s->fd);
	s->fd = -1;
}

static int
connect_anew(struct syslog_socket *s)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int error;

	disconnect(s);
	if (strlen(s->path) >= sizeof(to.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	strcpy(to.sun_path, s->path);
	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->fd != -1 && connect(s->fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return 0;
	error = errno;
	disconnect(s);
	errno = error;
	return -1;
}

int
syslog_socket_init(struct syslog_socket *s, const char *path, const char *tag,
    int facility, bool patient)
{
	*s = (struct syslog_socket){ .path = path,
		.tag = tag,
		.facility = facility,
		.fd = -1,
		.wait_ms = patient ? WAIT_PATIENT_MS : WAIT_LIVE_MS,
		.patient = patient,
		.refilled_ms = now_ms() };
	s->budget_ms = s->wait_ms;
	return connect_anew(s);
}

void
syslog_socket_release(struct syslog_socket *s)
{
	disconnect(s);
}

static void
refill(struct syslog_socket *s, int64_t now)
{
	int64_t budget = s->budget_ms + (now - s->refilled_ms) / REFILL_DIVISOR;

	if (now - s->refilled_ms < REFILL_DIVISOR)
		return;
	s->budget_ms = budget < s->wait_ms ? (uint32_t)budget : s->wait_ms;
	s->refilled_ms = now;
}

/* The daemon's queue is full. Whether there is room now, after waiting for it. */
static bool
has_room(struct syslog_socket *s)
{
	struct pollfd wait = { .fd = s->fd, .events = POLLOUT };
	int64_t started = now_ms(), spent;
	int ready;

	refill(s, started);
	if (s->budget_ms == 0)
		return false;
	ready = poll(&wait, 1, (int)s->budget_ms);
	spent = now_ms() - started;
	/* At least one, so that a daemon that always has room for one more byte, but not
	 * for a message, cannot keep us here. */
	if (spent < 1)
		spent = 1;
	s->budget_ms = spent < s->budget_ms ? s->budget_ms - (uint32_t)spent : 0;
	return ready > 0;
}

/* The daemon went away, perhaps to come back: a new one has a new socket. */
static bool
is_gone(int error)
{
	return error == ECONNREFUSED || error == ECONNRESET || error == ENOTCONN ||
	       error == EDESTADDRREQ || error == EPIPE || error == EBADF;
}

/* 0 or errno. */
static int
deliver(struct syslog_socket *s, const struct msghdr *message)
{
	bool again = s->fd != -1; /* one that never answered needs no second try */
	int error;

	if (s->fd == -1 && connect_anew(s) == -1)
		return errno;
	for (;;) {
		if (sendmsg(s->fd, message, MSG_NOSIGNAL | MSG_DONTWAIT) != -1)
			return 0;
		error = errno;
		if (error == EINTR || (error == EAGAIN && has_room(s)))
			continue;
		if (!is_gone(error) || !again)
			return error;
		again = false;
		if (connect_anew(s) == -1)
			return errno;
	}
}

/* As the C library writes it: the daemon knows the host, and asks the kernel for the
 * sender. */
static size_t
put_header(const struct syslog_socket *s, int priority, char buf[static HEADER_MAX])
{
	time_t now = time(NULL);
	char date[32] = "";
	struct tm tm;
	int n;

	if (localtime_r(&now, &tm) != NULL)
		strftime(date, sizeof(date), "%b %e %H:%M:%S", &tm);
	n = snprintf(buf, HEADER_MAX, "<%d>%s %.32s[%ld]: ", s->facility | priority, date,
	    s->tag, (long)getpid());
	return (size_t)n;
}

void
syslog_socket_send(struct syslog_socket *s, int priority, const char *text, size_t n)
{
	char header[HEADER_MAX];
	struct iovec parts[2] = {
		{ header, put_header(s, priority, header) },
		{ (void *)(uintptr_t)text, n },
	};
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };
	int error = deliver(s, &message);

	if (error != 0) {
		s->lost++;
		s->error = error;
		return;
	}
	s->sent++;
	if (s->patient)
		s->budget_ms = s->wait_ms;
}
