/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "notify.h"

/* What reaches the socket of a service manager. */

struct manager {
	char dir[32], path[48];
	int fd;
	char got[512];
};

static int
set_up(void **state)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	struct manager *m = calloc(1, sizeof(*m));

	strcpy(m->dir, "/tmp/rw-notify-XXXXXX");
	if (mkdtemp(m->dir) == NULL)
		return -1;
	snprintf(m->path, sizeof(m->path), "%s/notify", m->dir);
	strcpy(at.sun_path, m->path);
	m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (bind(m->fd, (struct sockaddr *)&at, sizeof(at)) == -1)
		return -1;
	setenv("NOTIFY_SOCKET", m->path, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = m;
	return 0;
}

static int
tear_down(void **state)
{
	struct manager *m = *state;

	unsetenv("NOTIFY_SOCKET");
	close(m->fd);
	unlink(m->path);
	rmdir(m->dir);
	free(m);
	return 0;
}

/* The next message, "" where there is none. */
static const char *
told(struct manager *m)
{
	ssize_t n = recv(m->fd, m->got, sizeof(m->got) - 1, 0);

	m->got[n > 0 ? n : 0] = '\0';
	return m->got;
}

static void
states_are_told(void **state)
{
	notify_ready("watching eth0");
	assert_string_equal(told(*state), "READY=1\nSTATUS=watching eth0");
	notify_status("100% of eth0 is down");
	assert_string_equal(told(*state), "STATUS=100% of eth0 is down");
	notify_reloading(12345678);
	assert_string_equal(told(*state), "RELOADING=1\nMONOTONIC_USEC=12345678");
	notify_stopping();
	assert_string_equal(told(*state), "STOPPING=1\nSTATUS=telling what was counted");
	assert_string_equal(told(*state), "");
}

static void
life_is_told_at_half_the_interval(void **state)
{
	struct notify notify;

	setenv("WATCHDOG_USEC", "2000000", 1);
	notify_init(&notify, 500000);
	notify_turn(&notify, 500000);
	notify_turn(&notify, 1499999);
	assert_string_equal(told(*state), "");
	notify_turn(&notify, 1500000);
	assert_string_equal(told(*state), "WATCHDOG=1");
	notify_turn(&notify, 2400000);
	assert_string_equal(told(*state), "");
	notify_turn(&notify, 9000000); /* late: once, not for each that was missed */
	notify_turn(&notify, 9000001);
	assert_string_equal(told(*state), "WATCHDOG=1");
	assert_string_equal(told(*state), "");
}

static void
without_a_watchdog_no_life_is_told(void **state)
{
	char other[32];
	struct notify notify;

	notify_init(&notify, 0);
	notify_turn(&notify, INT64_MAX);
	setenv("WATCHDOG_USEC", "nonsense", 1);
	notify_init(&notify, 0);
	notify_turn(&notify, INT64_MAX);
	setenv("WATCHDOG_USEC", "2000000", 1);
	snprintf(other, sizeof(other), "%ld", (long)getpid() + 1);
	setenv("WATCHDOG_PID", other, 1); /* meant for another process */
	notify_init(&notify, 0);
	notify_turn(&notify, INT64_MAX);
	assert_string_equal(told(*state), "");
}

static void
without_a_manager_nothing_happens(void **state)
{
	unsetenv("NOTIFY_SOCKET");
	notify_ready("x");
	notify_stopping();
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	notify_ready("x");
	assert_string_equal(told(*state), "");
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(states_are_told),
		TEST(life_is_told_at_half_the_interval),
		TEST(without_a_watchdog_no_life_is_told),
		TEST(without_a_manager_nothing_happens),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
