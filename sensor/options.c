/* SPDX-License-Identifier: BSD-2-Clause */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* "-": words that are no options come in their place, as code 1; ":": no messages. */
static const char short_options[] = "-:r:i:c:H:D:R:T:o:l:s::tqvVh";

static const struct option long_options[] = {
	{ "read", required_argument, NULL, 'r' },
	{ "interface", required_argument, NULL, 'i' },
	{ "config", required_argument, NULL, 'c' },
	{ "home-net", required_argument, NULL, 'H' },
	{ "local-domain", required_argument, NULL, 'D' },
	{ "relay-domain", required_argument, NULL, 'R' },
	{ "trusted-relay", required_argument, NULL, 'T' },
	{ "output", required_argument, NULL, 'o' },
	{ "log", required_argument, NULL, 'l' },
	{ "syslog", optional_argument, NULL, 's' },
	{ "test-config", no_argument, NULL, 't' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "verbose", no_argument, NULL, 'v' },
	{ "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

static const char help[] =
    "usage: relaywatch [-c FILE] (-r CAPTURE... | -i IFACE) [options]\n"
    "                  [BPF filter expression]\n"
    "\n"
    "Finds open mail relays and open proxies in network traffic. Alerts go to standard\n"
    "output, one JSON object a line; messages and the summary go to standard error.\n"
    "\n"
    "  -r, --read PATH           a saved capture (pcap or pcapng, also packed with\n"
    "                            gzip or zstd), a directory of them, or - for\n"
    "                            standard input; more may follow, -r may repeat\n"
    "  -i, --interface IFACE     watch a network interface; \"any\" means all\n"
    "  -c, --config FILE         configuration (default: none, built-in values)\n"
    "  -H, --home-net CIDR,...   networks watched over (default: private networks)\n"
    "  -D, --local-domain NAME,...\n"
    "                            domains whose mail our servers receive; .example.org\n"
    "                            means all names below example.org\n"
    "  -R, --relay-domain NAME,...\n"
    "                            domains our servers relay for on purpose\n"
    "  -T, --trusted-relay CIDR,...\n"
    "                            outside hosts allowed to relay through us\n"
    "  -o, --output FILE         JSON lines (default: -, standard output)\n"
    "  -l, --log TYPE,...        alert, smtp, proxy, stats (default: alert)\n"
    "  -s, --syslog [FACILITY]   alerts to syslog too (facility: daemon, mail, user,\n"
    "                            auth, authpriv, local0 to local7; default: daemon)\n"
    "  -t, --test-config         check configuration and options, then exit\n"
    "  -q, --quiet               warnings and errors only; -qq: errors only\n"
    "  -v, --verbose             more messages\n"
    "  -V, --version             version, also of the libraries\n"
    "  -h, --help                this text\n"
    "\n"
    "-H, -D, -R and -T may repeat; together they replace what the configuration says.\n"
    "Words right after -r PATH that name existing files are further captures; the first\n"
    "other word, or --, begins the filter expression.\n"
    "\n"
    "exit status: 0 done, alerts or not; 64 usage; 65 a capture was damaged (the rest\n"
    "was analysed); 66 input cannot be opened; 71 system, output; 78 configuration\n"
    "\n"
    "examples: relaywatch -r trace.pcap -H 192.0.2.0/24 -D example.org\n"
    "          relaywatch -i eth0 -H 192.0.2.0/24 -D example.org -o events.json tcp\n";

struct parser {
	struct options *options;
	bool after_capture; /* the word before was a capture */
	bool after_syslog;  /* the word before was -s alone */
	bool in_filter;
	char *error;
};

static int __attribute__((format(printf, 2, 3)))
fail(struct parser *parser, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(parser->error, OPTIONS_ERROR_MAX, format, args);
	va_end(args);
	return -1;
}

/* Joins more to *text with a separator between. */
static int
append(struct parser *parser, char **text, char separator, const char *more)
{
	size_t old = *text != NULL ? strlen(*text) : 0, n = strlen(more);
	char *grown = realloc(*text, old + n + 2);

	if (grown == NULL)
		return fail(parser, "out of memory");
	if (old > 0)
		grown[old++] = separator;
	memcpy(grown + old, more, n + 1);
	*text = grown;
	return 0;
}

/* An option's list. An empty one is a script's unset variable rather than a wish. */
static int
append_list(struct parser *parser, char **list, int option, const char *more)
{
	if (*more == '\0')
		return fail(parser, "-%c: the list is empty", option);
	return append(parser, list, ',', more);
}

static int
add_capture(struct parser *parser, const char *path)
{
	struct options *options = parser->options;
	size_t bytes = (options->captures_count + 1) * sizeof(path);
	const char **grown = realloc(options->captures, bytes);

	if (grown == NULL)
		return fail(parser, "out of memory");
	options->captures = grown;
	options->captures[options->captures_count++] = path;
	return 0;
}

static bool
is_capture(const char *word)
{
	struct stat status;

	return strcmp(word, "-") == 0 || stat(word, &status) == 0;
}

/* Its value may be a word of its own, when that is a facility. */
static int
take_syslog(struct parser *parser, const char *facility)
{
	parser->options->syslog = true;
	parser->options->syslog_facility = facility;
	parser->after_syslog = facility == NULL;
	return 0;
}

/* A word that is no option. */
static int
add_word(struct parser *parser, const char *word)
{
	struct options *options = parser->options;
	bool after_syslog = parser->after_syslog;
	int facility;

	parser->after_syslog = false;
	if (after_syslog && conf_facility(word, &facility) == NULL)
		return take_syslog(parser, word);
	if (parser->after_capture && is_capture(word))
		return add_capture(parser, word);
	if (parser->after_capture && strpbrk(word, "./") != NULL)
		options->filter_instead_of_file = word;
	parser->after_capture = false;
	parser->in_filter = true;
	return append(parser, &options->filter, ' ', word);
}

static int
take_list(struct parser *parser, int code, const char *value)
{
	struct options *options = parser->options;

	switch (code) {
	case 'H':
		return append_list(parser, &options->home_net, code, value);
	case 'D':
		return append_list(parser, &options->local_domains, code, value);
	case 'R':
		return append_list(parser, &options->relay_domains, code, value);
	case 'T':
		return append_list(parser, &options->trusted_relays, code, value);
	default:
		return append_list(parser, &options->log, code, value);
	}
}

static void
take_flag(struct options *options, int code)
{
	if (code == 't')
		options->action = OPTIONS_TEST_CONFIG;
	else if (code == 'q')
		options->verbosity--;
	else
		options->verbosity++;
}

static int
take_interface(struct parser *parser, const char *value)
{
	struct options *options = parser->options;

	if (*value == '\0')
		return fail(parser, "-i: the name of the interface is empty");
	if (options->interface != NULL)
		return fail(parser, "-i: one interface only; \"any\" means all, and each "
				    "may have a relaywatch of its own");
	options->interface = value;
	return 0;
}

static int
take_option(struct parser *parser, int code, char *value)
{
	struct options *options = parser->options;

	switch (code) {
	case 1:
		return add_word(parser, value);
	case 'r':
		parser->after_capture = !parser->in_filter;
		return add_capture(parser, value);
	case 'c':
		options->config = value;
		return 0;
	case 'i':
		return take_interface(parser, value);
	case 'o':
		options->output = value;
		return *value != '\0' ? 0 : fail(parser, "-o: the file name is empty");
	case 's':
		return take_syslog(parser, value);
	case 'H':
	case 'D':
	case 'R':
	case 'T':
	case 'l':
		return take_list(parser, code, value);
	default:
		take_flag(options, code);
		return 0;
	}
}

/* getopt found something that is no option of ours, or one without its value. */
static int
take_fault(struct parser *parser, int code, char *argv[])
{
	const char *word = argv[optind - 1];
	bool is_long = optopt == 0 || strncmp(word, "--", 2) == 0;

	if (code == ':' && is_long)
		return fail(parser, "%s: a value is missing", word);
	if (code == ':')
		return fail(parser, "-%c: a value is missing", optopt);
	if (!is_long)
		return fail(parser, "-%c: no such option", optopt);
	/* A known long option that takes no value, but got one, leaves its code. */
	return fail(parser, "%s: %s", word,
	    optopt != 0 ? "this option takes no value" : "no such option");
}

/* -h and -V end it where they stand: what follows does not matter. */
static bool
take_shortcut(struct options *options, int code)
{
	if (code == 'h')
		options->action = OPTIONS_HELP;
	else if (code == 'V')
		options->action = OPTIONS_VERSION;
	else
		return false;
	return true;
}

/* What only the whole line tells. */
static int
judge(struct parser *parser)
{
	const struct options *options = parser->options;

	if (options->interface != NULL && options->captures_count > 0)
		return fail(parser, "-i and -r: either an interface or saved captures");
	if (options->action != OPTIONS_RUN || options->captures_count > 0 ||
	    options->interface != NULL)
		return 0;
	if (options->filter != NULL)
		return fail(parser,
		    "nothing to read: saved captures are named with -r, an interface "
		    "with -i (\"%s\" was taken for a filter expression)",
		    options->filter);
	return fail(parser,
	    "nothing to read: name a saved capture with -r or an interface with -i");
}

int
options_parse(
    struct options *options, int argc, char *argv[], char error[static OPTIONS_ERROR_MAX])
{
	struct parser parser = { .options = options, .error = error };
	int code, result = 0;

	*options = (struct options){ .action = OPTIONS_RUN };
	optind = 0; /* glibc: start anew */
	opterr = 0;
	while (
	    (code = getopt_long(argc, argv, short_options, long_options, NULL)) != -1) {
		if (take_shortcut(options, code))
			return 0;
		if (code == '?' || code == ':')
			return take_fault(&parser, code, argv);
		if (code != 1)
			parser.after_syslog = false;
		if (code != 1 && code != 'r')
			parser.after_capture = false;
		if (take_option(&parser, code, optarg) == -1)
			return -1;
	}
	/* Behind "--" there is only the filter. */
	parser.after_capture = parser.after_syslog = false;
	while (result == 0 && optind < argc)
		result = add_word(&parser, argv[optind++]);
	return result == 0 ? judge(&parser) : result;
}

void
options_release(struct options *options)
{
	free(options->captures);
	free(options->filter);
	free(options->home_net);
	free(options->local_domains);
	free(options->relay_domains);
	free(options->trusted_relays);
	free(options->log);
	memset(options, 0, sizeof(*options));
}

static int
apply_output(struct conf *conf, const char *path)
{
	free(conf->output.path);
	conf->output.path = strdup(path);
	return conf->output.path != NULL ? 0 : -1;
}

/* NULL, or what is wrong. */
static const char *
apply_syslog(struct conf *conf, const struct options *options)
{
	conf->output.syslog |= options->syslog;
	if (options->syslog_facility == NULL)
		return NULL;
	return conf_facility(options->syslog_facility, &conf->output.syslog_facility);
}

int
options_apply(const struct options *options, struct conf *conf,
    char error[static OPTIONS_ERROR_MAX])
{
	const struct {
		char option;
		const char *list;
		int (*set)(struct conf *, const char *, char[static CONF_ERROR_MAX]);
	} lists[] = {
		{ 'H', options->home_net, conf_set_home_net },
		{ 'D', options->local_domains, conf_set_local_domains },
		{ 'R', options->relay_domains, conf_set_relay_domains },
		{ 'T', options->trusted_relays, conf_set_trusted_relays },
		{ 'l', options->log, conf_set_log },
	};
	char why[CONF_ERROR_MAX];
	const char *fault = apply_syslog(conf, options);

	if (fault != NULL) {
		snprintf(error, OPTIONS_ERROR_MAX, "-s: %s: %s", options->syslog_facility,
		    fault);
		return -1;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		if (lists[i].list == NULL || lists[i].set(conf, lists[i].list, why) == 0)
			continue;
		snprintf(error, OPTIONS_ERROR_MAX, "-%c: %s", lists[i].option, why);
		return -1;
	}
	if (options->output != NULL && apply_output(conf, options->output) == -1) {
		snprintf(error, OPTIONS_ERROR_MAX, "-o: out of memory");
		return -1;
	}
	return 0;
}

void
options_help(FILE *out)
{
	fputs(help, out);
}
