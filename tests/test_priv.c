/* SPDX-License-Identifier: BSD-2-Clause */

/* Who the program becomes. What takes root is tested where the tests have it. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "priv.h"

static void
user_is_found_or_named_as_missing(void **state)
{
	char error[PRIV_ERROR_MAX] = "";
	struct priv priv;
	int result = priv_find(&priv, "nobody-of-this-name", error);

	(void)state;
	if (geteuid() == 0) {
		assert_int_equal(result, -1);
		assert_string_equal(error,
		    "capture.user: nobody-of-this-name: no such user; "
		    "name one that is there");
		assert_int_equal(priv_find(&priv, "", error), 0);
		assert_true(priv.root);
		assert_int_not_equal(priv.uid, 0);
		assert_int_equal(priv_find(&priv, "daemon", error), 0);
		assert_string_equal(priv.name, "daemon");
		/* who wants to stay root does, without its capabilities */
		assert_int_equal(priv_find(&priv, "root", error), 0);
		assert_false(priv.root);
	} else {
		assert_int_equal(result, 0);
		assert_false(priv.root);
		assert_int_equal(priv.uid, getuid());
	}
}

/* In a child, for there is no way back: its exit status is what went wrong. */
static int
drop_in_child(void)
{
	char error[PRIV_ERROR_MAX];
	struct priv priv;

	if (priv_find(&priv, NULL, error) == -1 || priv_drop(&priv, error) == -1)
		return 1;
	if (getuid() != priv.uid || geteuid() != priv.uid || getegid() != priv.gid)
		return 2;
	if (priv.root && (getgroups(0, NULL) != 0 || setuid(0) != -1 || setgid(0) != -1))
		return 3;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 4;
	/* Twice does no harm: there is nothing left to drop. */
	priv.root = false;
	return priv_drop(&priv, error) == 0 ? 0 : 5;
}

static void
everything_is_given_up(void **state)
{
	int status;
	pid_t child = fork();

	(void)state;
	if (child == 0)
		_exit(drop_in_child());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static uid_t
owner(const char *path)
{
	struct stat file;

	assert_int_equal(lstat(path, &file), 0);
	return file.st_uid;
}

static void
only_an_empty_file_of_our_own_is_given_away(void **state)
{
	char directory[] = "/tmp/relaywatch-test-priv-XXXXXX", error[PRIV_ERROR_MAX];
	struct priv priv;
	FILE *full;

	(void)state;
	if (geteuid() != 0)
		skip();
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	assert_int_equal(priv_find(&priv, NULL, error), 0);
	close(open("empty", O_CREAT | O_WRONLY, 0640));
	close(open("linked", O_CREAT | O_WRONLY, 0640));
	assert_int_equal(symlink("linked", "link"), 0);
	full = fopen("full", "w");
	assert_non_null(full);
	fputs("somebody's", full);
	fclose(full);
	priv_give(&priv, "empty");
	priv_give(&priv, "link");
	priv_give(&priv, "full");
	priv_give(&priv, "-");
	priv_give(&priv, NULL);
	priv_give(&priv, "none");
	assert_int_equal(owner("empty"), priv.uid);
	assert_int_equal(owner("linked"), 0);
	assert_int_equal(owner("full"), 0);
	assert_int_equal(access("none", F_OK), -1);
	assert_int_equal(unlink("empty") | unlink("linked") | unlink("link") |
			     unlink("full") | chdir("/") | rmdir(directory),
	    0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(user_is_found_or_named_as_missing),
		cmocka_unit_test(everything_is_given_up),
		cmocka_unit_test(only_an_empty_file_of_our_own_is_given_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
