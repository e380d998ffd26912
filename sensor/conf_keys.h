/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CONF_KEYS_H
#define RELAYWATCH_CONF_KEYS_H

/*
 * The table of everything a configuration file can say: static, private to conf_file.c
 * and to the tests that hold the sample and the manual page to it.
 */

#include <stddef.h>
#include <stdint.h>

enum conf_kind {
	CONF_NUMBER, /* uint32_t, least to most */
	CONF_SWITCH, /* bool */
	CONF_PATH,
	CONF_USER,     /* char *, may be empty */
	CONF_FACILITY, /* int, of syslog */
	CONF_FORMAT,   /* enum conf_syslog_format */
	/* lists from here on */
	CONF_NETS,
	CONF_DOMAINS,
	CONF_PORTS,
	CONF_LOGS,
};

struct conf_key {
	const char *section; /* NULL: outside all sections */
	const char *name;
	enum conf_kind kind;
	size_t offset; /* of the value in struct conf */
	uint32_t least, most;
};

/* Sorted by section; ends with a name of NULL. */
extern const struct conf_key conf_keys[];

#endif
