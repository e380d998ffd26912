/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * measure COMMAND...: runs it with its output thrown away, then prints its user and
 * system time together in microseconds, and its peak memory in KB. Exits as it did.
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

static void
run(char **command)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0 || dup2(null, STDOUT_FILENO) < 0 || dup2(null, STDERR_FILENO) < 0)
		_exit(EX_OSERR);
	execvp(command[0], command);
	_exit(127);
}

static long long
microseconds(struct timeval t)
{
	return (long long)t.tv_sec * 1000000 + t.tv_usec;
}

int
main(int argc, char **argv)
{
	struct rusage use;
	pid_t child;
	int status;

	if (argc < 2)
		errx(EX_USAGE, "usage: measure COMMAND...");
	child = fork();
	if (child < 0)
		err(EX_OSERR, "fork");
	if (child == 0)
		run(argv + 1);
	if (wait4(child, &status, 0, &use) != child)
		err(EX_OSERR, "wait4");
	printf("%lld %ld\n", microseconds(use.ru_utime) + microseconds(use.ru_stime),
	    use.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE;
}
