/* SPDX-License-Identifier: BSD-2-Clause */

/* Signals as flags, and the way they wake who waits. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "signals.h"

enum { LONG_MS = 60000 };

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
hangup_is_taken_once(void **state)
{
	(void)state;
	assert_int_equal(signals_init(), 0);
	signals_take_hangup();
	assert_false(signals_reopen_asked());
	raise(SIGHUP);
	raise(SIGHUP);
	assert_true(signals_reopen_asked());
	assert_false(signals_reopen_asked());
	assert_false(signals_stop_asked());
}

static void
signal_before_the_wait_is_not_missed(void **state)
{
	int64_t before = now_ms();

	(void)state;
	raise(SIGHUP);
	signals_wait(-1, LONG_MS);
	assert_true(now_ms() - before < LONG_MS / 2);
	assert_true(signals_reopen_asked());
}

static void
what_can_be_read_ends_the_wait(void **state)
{
	int64_t before = now_ms();
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	signals_wait(ends[0], LONG_MS);
	assert_true(now_ms() - before < LONG_MS / 2);
	before = now_ms();
	signals_wait(-1, 30);
	assert_true(now_ms() - before >= 29);
	close(ends[0]);
	close(ends[1]);
}

/* In a child, because the second one is its end. */
static void
assert_second_ends(int first, int second)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		raise(first);
		if (!signals_stop_asked())
			_exit(1);
		raise(second);
		_exit(2);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), second);
}

static void
second_stop_ends_the_program(void **state)
{
	(void)state;
	assert_second_ends(SIGTERM, SIGTERM);
	assert_second_ends(SIGINT, SIGTERM);
	assert_second_ends(SIGTERM, SIGINT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hangup_is_taken_once),
		cmocka_unit_test(signal_before_the_wait_is_not_missed),
		cmocka_unit_test(what_can_be_read_ends_the_wait),
		cmocka_unit_test(second_stop_ends_the_program),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
