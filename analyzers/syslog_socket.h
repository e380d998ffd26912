/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SYSLOG_SOCKET_H
#define RELAYWATCH_SYSLOG_SOCKET_H

/*
 * What syslog(3) does, without its waiting: messages to the local daemon's socket in the
 * form of RFC 3164 that the C library gives them. syslog(3) waits for as long as a daemon
 * that hangs does not read, and tells nobody what was lost; here the wait is bounded,
 * and what the daemon did not take is counted. A daemon that comes back is found again.
 * Owned by the sink; the path is borrowed.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct syslog_socket {
	const char *path;
	const char *tag;
	int facility;
	int fd;             /* -1: not connected */
	int error;          /* errno of the last message lost, 0: none */
	uint32_t wait_ms;   /* most that may be waited for room at a time */
	uint32_t budget_ms; /* that may still be waited */
	int64_t refilled_ms;
	bool patient; /* time passes for us only: nothing is missed while we wait */
	uint64_t sent, lost;
};

/*
 * Connects. 0, or -1 with errno where nobody listens there now: what is sent tries again.
 * patient: a daemon that is slow may make us wait long, as long as it reads at all.
 * Otherwise waiting takes no more than a tenth of the time.
 */
int syslog_socket_init(struct syslog_socket *s, const char *path, const char *tag,
    int facility, bool patient);
void syslog_socket_release(struct syslog_socket *s);

/* One message of a priority of syslog.h. It must not hold control characters. */
void syslog_socket_send(
    struct syslog_socket *s, int priority, const char *text, size_t n);

#endif
