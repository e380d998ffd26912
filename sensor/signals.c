/* SPDX-License-Identifier: BSD-2-Clause */
#include "signals.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* What a handler can reach is global by nature. */
static volatile sig_atomic_t stop_asked, reopen_asked;
static int empty_fd = -1; /* always at its end */
static int wake_fd = -1;  /* readable once a signal came */

static void
wake(void)
{
	const uint64_t one = 1;

	/* Full or not, it can be read then. */
	if (write(wake_fd, &one, sizeof(one)) == -1)
		return;
}

static void
ask_to_stop(int number)
{
	int error = errno;

	/* One of the other kind came before: this is the second, and its default is
	 * restored already. */
	if (stop_asked)
		raise(number);
	stop_asked = 1;
	/* Who waits for more from a pipe on standard input is told that it has ended. */
	dup2(empty_fd, STDIN_FILENO);
	wake();
	errno = error;
}

static void
ask_to_reopen(int number)
{
	int error = errno;

	(void)number;
	reopen_asked = 1;
	wake();
	errno = error;
}

int
signals_init(void)
{
	struct sigaction stop = { .sa_handler = ask_to_stop,
		.sa_flags = (int)SA_RESETHAND };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	empty_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (empty_fd == -1 || wake_fd == -1)
		return -1;
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	/* A closed pipe is told by write(): sinks_flush() reports it. */
	sigaction(SIGPIPE, &ignore, NULL);
	return 0;
}

void
signals_take_hangup(void)
{
	struct sigaction reopen = { .sa_handler = ask_to_reopen,
		.sa_flags = (int)SA_RESTART };

	sigaction(SIGHUP, &reopen, NULL);
}

bool
signals_stop_asked(void)
{
	return stop_asked;
}

bool
signals_reopen_asked(void)
{
	bool asked = reopen_asked;

	reopen_asked = 0;
	return asked;
}

void
signals_wait(int fd, int timeout_ms)
{
	struct pollfd wait[] = {
		{ .fd = wake_fd, .events = POLLIN },
		{ .fd = fd, .events = POLLIN },
	};
	uint64_t count;

	if (poll(wait, sizeof(wait) / sizeof(wait[0]), timeout_ms) <= 0)
		return;
	if (wait[0].revents & POLLIN && read(wake_fd, &count, sizeof(count)) == -1)
		return;
}
