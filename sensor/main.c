/* SPDX-License-Identifier: BSD-2-Clause */

/*
 * Options, configuration, exit code: the only file that ends the program.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "conf.h"
#include "log.h"
#include "options.h"
#include "run.h"
#include "signals.h"
#include "version.h"

/* A standard stream that was closed must not become the number of a file we open. */
static int
occupy_standard_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The wrong way round on purpose: using it fails as if it were closed. */
		int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

		if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", flags) != fd)
			return -1;
	}
	return 0;
}

static enum log_level
level_of(int verbosity)
{
	if (verbosity < -1)
		return LOG_LEVEL_ERROR;
	if (verbosity == -1)
		return LOG_LEVEL_WARN;
	return verbosity == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_DEBUG;
}

/* 0 or an exit code. */
static int
load_conf(struct conf *conf, const struct options *options)
{
	char error[OPTIONS_ERROR_MAX];

	if (options->config != NULL && conf_read(conf, options->config, error) == -1) {
		log_error("%s", error);
		return EX_CONFIG;
	}
	if (options_apply(options, conf, error) == -1) {
		log_error("%s", error);
		return EX_USAGE;
	}
	return 0;
}

static int
act(const struct options *options)
{
	struct conf conf;
	int code;

	if (conf_init(&conf) == -1) {
		log_error("out of memory");
		return EX_OSERR;
	}
	code = load_conf(&conf, options);
	if (code == 0 && options->action == OPTIONS_TEST_CONFIG)
		log_info("the configuration is in order");
	else if (code == 0 && options->interface != NULL)
		code = run_live(&conf, options);
	else if (code == 0)
		code = run_saved(&conf, options);
	conf_release(&conf);
	return code;
}

/* Help and version go to standard output; it must have arrived. */
static int
print_and_check(void (*print)(FILE *))
{
	print(stdout);
	if (fflush(stdout) == 0)
		return EX_OK;
	log_error("standard output: %s", strerror(errno));
	return EX_OSERR;
}

int
main(int argc, char *argv[])
{
	struct options options;
	char error[OPTIONS_ERROR_MAX];
	int code;

	if (occupy_standard_streams() == -1 || signals_init() == -1)
		return EX_OSERR;
	if (options_parse(&options, argc, argv, error) == -1) {
		log_error("%s", error);
		log_error("see relaywatch --help");
		options_release(&options);
		return EX_USAGE;
	}
	log_set_level(level_of(options.verbosity));
	if (options.action == OPTIONS_HELP)
		code = print_and_check(options_help);
	else if (options.action == OPTIONS_VERSION)
		code = print_and_check(version_print);
	else
		code = act(&options);
	options_release(&options);
	return code;
}
