/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf.h"

#include <confuse.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conf_keys.h"
#include "conf_scan.h"
#include "conf_words.h"

enum {
	FILE_MAX_BYTES = 4 * 1024 * 1024,
	KEYS_MAX = 32, /* of one section */
	SECTIONS_MAX = 8,
	PORT_MAX = 65535,
};

/*
 * What is being read: libconfuse gives its callbacks no argument of ours. It is not
 * reentrant itself, and a configuration is read once, before there are threads.
 */
static struct {
	struct conf *conf;
	const char *path;
	char *error;
} reading;

/* The first message stands: later ones follow from it. */
static void __attribute__((format(printf, 2, 0)))
keep_error(cfg_t *cfg, const char *format, va_list args)
{
	int n;

	if (reading.error[0] != '\0')
		return;
	n = snprintf(
	    reading.error, CONF_ERROR_MAX, "%s: line %d: ", reading.path, cfg->line);
	if (n > 0 && n < CONF_ERROR_MAX)
		vsnprintf(reading.error + n, (size_t)(CONF_ERROR_MAX - n), format, args);
}

static bool
same_section(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const struct conf_key *
find_key(const cfg_t *cfg, const cfg_opt_t *opt)
{
	const char *section = strcmp(cfg->name, "root") == 0 ? NULL : cfg->name;
	const struct conf_key *key;

	for (key = conf_keys; key->name != NULL; key++) {
		if (same_section(key->section, section) &&
		    strcmp(key->name, opt->name) == 0)
			break;
	}
	return key;
}

/* Decimal digits only. -1 where word is something else or above most. */
static int64_t
parse_number(const char *word, uint32_t most)
{
	int64_t value = 0;

	if (*word == '\0')
		return -1;
	for (; *word != '\0'; word++) {
		if (*word < '0' || *word > '9')
			return -1;
		value = value * 10 + (*word - '0');
		if (value > most)
			return -1;
	}
	return value;
}

static const char *
set_number(const struct conf_key *key, uint32_t *out, const char *word)
{
	static char why[96];
	int64_t value = parse_number(word, key->most);

	if (value < key->least) {
		snprintf(why, sizeof(why), "a number from %u to %u is wanted", key->least,
		    key->most);
		return why;
	}
	*out = (uint32_t)value;
	return NULL;
}

static const char *
set_switch(bool *out, const char *word)
{
	int value = cfg_parse_boolean(word);

	if (value == -1)
		return "true or false is wanted";
	*out = value == cfg_true;
	return NULL;
}

static const char *
set_text(char **out, const char *word)
{
	char *copy = strdup(word);

	if (copy == NULL)
		return "out of memory";
	free(*out);
	*out = copy;
	return NULL;
}

static const char *
set_path(char **out, const char *word)
{
	if (*word == '\0')
		return "a file name, or - for standard output, is wanted";
	return set_text(out, word);
}

static const char *
set_format(enum conf_syslog_format *out, const char *word)
{
	if (strcmp(word, "text") == 0)
		*out = CONF_SYSLOG_TEXT;
	else if (strcmp(word, "json") == 0)
		*out = CONF_SYSLOG_JSON;
	else
		return "text or json is wanted";
	return NULL;
}

static const char *
add_port(struct conf_ports *ports, const char *word)
{
	int64_t port = parse_number(word, PORT_MAX);

	if (port < 1)
		return "a port from 1 to 65535 is wanted";
	if (conf_has_port(ports, (uint16_t)port))
		return NULL;
	if (ports->count == CONF_PORTS_MAX)
		return "more than 32 ports";
	ports->port[ports->count++] = (uint16_t)port;
	return NULL;
}

/* Empties a list before its first word. NULL, or what is wrong. */
static const char *
clear_list(struct conf *conf, const struct conf_key *key)
{
	void *at = (char *)conf + key->offset;

	if (key->kind == CONF_NETS) {
		netset_free(*(struct netset **)at);
		*(struct netset **)at = netset_new();
		return *(struct netset **)at == NULL ? "out of memory" : NULL;
	}
	if (key->kind == CONF_DOMAINS) {
		domain_set_free(*(struct domain_set **)at);
		*(struct domain_set **)at = domain_set_new();
		return *(struct domain_set **)at == NULL ? "out of memory" : NULL;
	}
	if (key->kind == CONF_PORTS)
		((struct conf_ports *)at)->count = 0;
	else
		*(unsigned *)at = 0;
	return NULL;
}

/* NULL, or what is wrong with word. */
static const char *
set_value(struct conf *conf, const struct conf_key *key, const char *word)
{
	void *at = (char *)conf + key->offset;

	switch (key->kind) {
	case CONF_NUMBER:
		return set_number(key, at, word);
	case CONF_SWITCH:
		return set_switch(at, word);
	case CONF_PATH:
		return set_path(at, word);
	case CONF_USER:
		return set_text(at, word);
	case CONF_FACILITY:
		return conf_facility(word, at);
	case CONF_FORMAT:
		return set_format(at, word);
	case CONF_NETS:
		conf->home_net_given |= at == &conf->home_net;
		return conf_add_net(*(void **)at, word);
	case CONF_DOMAINS:
		return conf_add_domain(*(void **)at, word);
	case CONF_PORTS:
		return add_port(at, word);
	case CONF_LOGS:
		return conf_add_log(at, word);
	}
	return NULL;
}

/* Called by libconfuse after each value, while it still knows the line, and once more at
 * the end of a list with its last value: setting one twice does no harm. */
static int
take_value(cfg_t *cfg, cfg_opt_t *opt)
{
	const struct conf_key *key = find_key(cfg, opt);
	const char *word = opt->values[opt->nvalues - 1]->string, *why = NULL;

	if (key->kind >= CONF_NETS && opt->nvalues == 1)
		why = clear_list(reading.conf, key);
	if (why == NULL)
		why = set_value(reading.conf, key, word);
	if (why == NULL)
		return 0;
	cfg_error(cfg, "%s%s%s: \"%s\": %s", key->section != NULL ? key->section : "",
	    key->section != NULL ? "." : "", key->name, word, why);
	return -1;
}

/* An empty list: no value, so no call of take_value(). For home-net it says the same as
 * no list, because a sensor without a home watches nothing. */
static const char *
take_empty_lists(cfg_t *cfg, struct conf *conf)
{
	const char *why = NULL;

	for (const struct conf_key *key = conf_keys; key->name != NULL && !why; key++) {
		cfg_t *section =
		    key->section != NULL ? cfg_getsec(cfg, key->section) : cfg;
		cfg_opt_t *opt = cfg_getopt(section, key->name);

		if (key->kind >= CONF_NETS && (opt->flags & CFGF_MODIFIED) != 0 &&
		    opt->nvalues == 0 && key->offset != offsetof(struct conf, home_net))
			why = clear_list(conf, key);
	}
	return why;
}

static cfg_opt_t
option_for(const struct conf_key *key)
{
	cfg_opt_t one = CFG_STR(key->name, NULL, CFGF_NODEFAULT);
	cfg_opt_t list = CFG_STR_LIST(key->name, NULL, CFGF_NODEFAULT);

	one.validcb = list.validcb = take_value;
	return key->kind >= CONF_NETS ? list : one;
}

/* Everything conf_keys knows as libconfuse wants it told; it copies it. */
static cfg_t *
make_cfg(void)
{
	static const cfg_opt_t end = CFG_END();
	cfg_opt_t top[KEYS_MAX], sub[SECTIONS_MAX][KEYS_MAX];
	size_t tops = 0, subs = 0, sections = 0;

	for (const struct conf_key *key = conf_keys; key->name != NULL; key++) {
		if (key->section == NULL) {
			top[tops++] = option_for(key);
			continue;
		}
		if (!same_section(key->section, key[-1].section)) {
			top[tops++] =
			    (cfg_opt_t)CFG_SEC(key->section, sub[sections++], CFGF_NONE);
			subs = 0;
		}
		sub[sections - 1][subs++] = option_for(key);
		sub[sections - 1][subs] = end;
	}
	top[tops] = end;
	return cfg_init(top, CFGF_NONE);
}

static int
parse_text(struct conf *conf, const char *path, struct slice text, char *error)
{
	cfg_t *cfg = make_cfg();
	FILE *stream =
	    text.n > 0 ? fmemopen((void *)(uintptr_t)text.p, text.n, "r") : NULL;
	const char *why = NULL;

	error[0] = '\0';
	if (cfg == NULL || (text.n > 0 && stream == NULL)) {
		why = "out of memory";
	} else if (stream != NULL) {
		reading.conf = conf;
		reading.path = path;
		reading.error = error;
		cfg_set_error_function(cfg, keep_error);
		if (cfg_parse_fp(cfg, stream) != CFG_SUCCESS)
			why = "cannot be parsed";
		else
			why = take_empty_lists(cfg, conf);
	}
	if (why != NULL && error[0] == '\0')
		snprintf(error, CONF_ERROR_MAX, "%s: %s", path, why);
	if (stream != NULL)
		fclose(stream);
	cfg_free(cfg);
	return why == NULL ? 0 : -1;
}

/* The whole file on the heap, or NULL with *why. */
static char *
read_file(const char *path, size_t *n, const char **why)
{
	FILE *file = fopen(path, "r");
	char *text = file != NULL ? malloc(FILE_MAX_BYTES) : NULL;

	*why = NULL;
	if (text == NULL) {
		*why = strerror(errno);
	} else {
		*n = fread(text, 1, FILE_MAX_BYTES, file);
		if (ferror(file))
			*why = strerror(errno);
		else if (*n == FILE_MAX_BYTES)
			*why = "too large for a configuration file";
	}
	if (file != NULL)
		fclose(file);
	if (*why == NULL)
		return text;
	free(text);
	return NULL;
}

int
conf_read(struct conf *conf, const char *path, char error[static CONF_ERROR_MAX])
{
	const char *why;
	size_t n = 0;
	char *text = read_file(path, &n, &why);
	unsigned line;
	int result = -1;

	if (text == NULL) {
		snprintf(error, CONF_ERROR_MAX, "%s: %s", path, why);
		return -1;
	}
	why = conf_scan(slice_of(text, n), &line);
	if (why != NULL)
		snprintf(error, CONF_ERROR_MAX, "%s: line %u: %s", path, line, why);
	else
		result = parse_text(conf, path, slice_of(text, n), error);
	free(text);
	return result;
}
