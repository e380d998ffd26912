/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_OPTIONS_H
#define RELAYWATCH_OPTIONS_H

/*
 * The command line, taken apart but not yet judged: lists stay text until they are laid
 * over the configuration. Owned by the struct, paths point into argv.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "conf.h"

enum options_action {
	OPTIONS_RUN,
	OPTIONS_TEST_CONFIG,
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	enum options_action action;
	const char **captures; /* in the order given */
	size_t captures_count;
	const char *interface; /* of -i; NULL: saved captures are read */
	char *filter; /* BPF expression, NULL for none */
	/* The filter's first word where it follows a capture and looks like a file name,
	 * but there is no such file. */
	const char *filter_instead_of_file;
	const char *config;
	char *home_net, *local_domains, *relay_domains, *trusted_relays, *log;
	const char *output;
	bool syslog;
	const char *syslog_facility; /* NULL: as configured */
	int verbosity; /* -q counts down, -v up */
};

enum { OPTIONS_ERROR_MAX = CONF_ERROR_MAX + 128 };

/* 0, or -1 with error naming the option. options_release() in both cases. */
int options_parse(struct options *options, int argc, char *argv[],
    char error[static OPTIONS_ERROR_MAX]);
void options_release(struct options *options);

/* Lays them over the configuration. 0, or -1 with error naming option and item. */
int options_apply(const struct options *options, struct conf *conf,
    char error[static OPTIONS_ERROR_MAX]);

void options_help(FILE *out);

#endif
