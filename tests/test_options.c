/* SPDX-License-Identifier: BSD-2-Clause */

/* The command line: what is a capture, what a filter, what a mistake. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "options.h"

enum { WORDS_MAX = 24 };

struct state {
	struct options options;
	char error[OPTIONS_ERROR_MAX];
	char directory[64];
};

/* Every test runs in a directory with the files a.pcap, b.pcap and tcp, and the directory
 * traces. */
static int
set_up(void **state)
{
	struct state *s = calloc(1, sizeof(*s));

	*state = s;
	if (s == NULL)
		return -1;
	strcpy(s->directory, "/tmp/relaywatch-test-options-XXXXXX");
	if (mkdtemp(s->directory) == NULL || chdir(s->directory) == -1)
		return -1;
	return system("touch a.pcap b.pcap tcp && mkdir traces") == 0 ? 0 : -1;
}

static int
tear_down(void **state)
{
	struct state *s = *state;
	int result = system("rm -r a.pcap b.pcap tcp traces");

	options_release(&s->options);
	result |= chdir("/");
	result |= rmdir(s->directory);
	free(s);
	return result;
}

/* Words are parted by single blanks. */
static int
parse(struct state *s, const char *line)
{
	static char text[512];
	char *argv[WORDS_MAX + 1], *rest = text;
	int argc = 0;

	options_release(&s->options);
	s->error[0] = '\0';
	assert_true((size_t)snprintf(text, sizeof(text), "%s", line) < sizeof(text));
	while (argc < WORDS_MAX && (argv[argc] = strsep(&rest, " ")) != NULL)
		argc++;
	argv[argc] = NULL;
	return options_parse(&s->options, argc, argv, s->error);
}

static void
assert_captures(const struct state *s, size_t n, const char *first, const char *last)
{
	assert_int_equal(s->options.captures_count, n);
	assert_string_equal(s->options.captures[0], first);
	assert_string_equal(s->options.captures[n - 1], last);
}

static void
assert_refused(struct state *s, const char *line, const char *message)
{
	assert_int_equal(parse(s, line), -1);
	assert_string_equal(s->error, message);
}

static void
capture_alone(void **state)
{
	struct state *s = *state;

	assert_int_equal(parse(s, "relaywatch -r a.pcap"), 0);
	assert_captures(s, 1, "a.pcap", "a.pcap");
	assert_null(s->options.filter);
	assert_int_equal(s->options.action, OPTIONS_RUN);
	assert_int_equal(parse(s, "relaywatch --read=-"), 0);
	assert_captures(s, 1, "-", "-");
}

static void
files_right_after_a_capture_are_captures(void **state)
{
	struct state *s = *state;

	assert_int_equal(parse(s, "relaywatch -r a.pcap b.pcap traces"), 0);
	assert_captures(s, 3, "a.pcap", "traces");
	assert_null(s->options.filter);
	assert_int_equal(
	    parse(s, "relaywatch -r a.pcap -r b.pcap --read traces a.pcap"), 0);
	assert_captures(s, 4, "a.pcap", "a.pcap");
	assert_int_equal(parse(s, "relaywatch -ra.pcap b.pcap port 25"), 0);
	assert_captures(s, 2, "a.pcap", "b.pcap");
	assert_string_equal(s->options.filter, "port 25");
}

static void
first_other_word_begins_the_filter(void **state)
{
	struct state *s = *state;

	assert_int_equal(parse(s, "relaywatch -r a.pcap port 25 and tcp"), 0);
	assert_captures(s, 1, "a.pcap", "a.pcap");
	assert_string_equal(s->options.filter, "port 25 and tcp");
	assert_null(s->options.filter_instead_of_file);
	assert_int_equal(parse(s, "relaywatch -r a.pcap c.pcap"), 0);
	assert_string_equal(s->options.filter_instead_of_file, "c.pcap");
	assert_int_equal(parse(s, "relaywatch -r a.pcap -v port 25"), 0);
	assert_string_equal(s->options.filter, "port 25");
	assert_null(s->options.filter_instead_of_file);
	assert_int_equal(parse(s, "relaywatch -r a.pcap port 25 -r b.pcap -v"), 0);
	assert_captures(s, 2, "a.pcap", "b.pcap");
	assert_string_equal(s->options.filter, "port 25");
	assert_int_equal(s->options.verbosity, 1);
	assert_int_equal(parse(s, "relaywatch port 25 -r a.pcap and tcp"), 0);
	assert_captures(s, 1, "a.pcap", "a.pcap");
	assert_string_equal(s->options.filter, "port 25 and tcp");
}

static void
filter_word_that_is_a_file_needs_dashes(void **state)
{
	struct state *s = *state;

	assert_int_equal(parse(s, "relaywatch -r a.pcap tcp port 25"), 0);
	assert_captures(s, 2, "a.pcap", "tcp");
	assert_string_equal(s->options.filter, "port 25");
	assert_int_equal(parse(s, "relaywatch -r a.pcap -- tcp port 25"), 0);
	assert_captures(s, 1, "a.pcap", "a.pcap");
	assert_string_equal(s->options.filter, "tcp port 25");
	assert_null(s->options.filter_instead_of_file);
	assert_int_equal(parse(s, "relaywatch -r a.pcap b.pcap -q tcp"), 0);
	assert_captures(s, 2, "a.pcap", "b.pcap");
	assert_string_equal(s->options.filter, "tcp");
}

static void
lists_add_up(void **state)
{
	struct state *s = *state;
	struct options *options = &s->options;

	assert_int_equal(
	    parse(s, "relaywatch -r a.pcap -H 192.0.2.0/24 -D example.org "
		     "-H 2001:db8::/32,10.0.0.0/8 --local-domain=.example.org "
		     "-R partner.example -T 198.51.100.1 -l smtp -l alert"),
	    0);
	assert_string_equal(options->home_net, "192.0.2.0/24,2001:db8::/32,10.0.0.0/8");
	assert_string_equal(options->local_domains, "example.org,.example.org");
	assert_string_equal(options->relay_domains, "partner.example");
	assert_string_equal(options->trusted_relays, "198.51.100.1");
	assert_string_equal(options->log, "smtp,alert");
}

static void
options_lie_over_the_configuration(void **state)
{
	struct state *s = *state;
	struct conf conf;
	struct addr addr;

	assert_int_equal(conf_init(&conf), 0);
	assert_int_equal(parse(s, "relaywatch -r a.pcap -H 192.0.2.0/24 -D example.org "
				  "-o out.json -l smtp,stats"),
	    0);
	assert_int_equal(options_apply(&s->options, &conf, s->error), 0);
	assert_int_equal(addr_parse("10.1.2.3", &addr), 0);
	assert_false(netset_has(conf.home_net, &addr));
	assert_true(domain_set_has(conf.local_domains, "example.org"));
	assert_string_equal(conf.output.path, "out.json");
	assert_int_equal(conf.output.log, CONF_LOG_SMTP | CONF_LOG_STATS);
	conf_release(&conf);
}

static void
bad_items_are_named_with_their_option(void **state)
{
	struct state *s = *state;
	static const struct {
		const char *line, *error;
	} cases[] = {
		{ "relaywatch -r a.pcap -H 10.0.0.0/8 -H 192.0.2.0/33",
		    "-H: 192.0.2.0/33: the prefix length must be 0 to 32" },
		{ "relaywatch -r a.pcap -T example.org",
		    "-T: example.org: not an IP address" },
		{ "relaywatch -r a.pcap -D 192.0.2.1",
		    "-D: 192.0.2.1: a domain is wanted, not an address" },
		{ "relaywatch -r a.pcap -R a@example.org",
		    "-R: a@example.org: a domain is wanted, not a mail address" },
		{ "relaywatch -r a.pcap --syslog=lpr",
		    "-s: lpr: no such facility: daemon, mail, user, auth, authpriv or "
		    "local0 to local7" },
		{ "relaywatch -r a.pcap -l alert,mails",
		    "-l: mails: no such type of event; there are alert, smtp, proxy and "
		    "stats" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf conf;

		assert_int_equal(conf_init(&conf), 0);
		assert_int_equal(parse(s, cases[i].line), 0);
		assert_int_equal(options_apply(&s->options, &conf, s->error), -1);
		assert_string_equal(s->error, cases[i].error);
		conf_release(&conf);
	}
}

/* Files of the same name do not matter there. */
static void
words_after_an_interface_are_the_filter(void **state)
{
	struct state *s = *state;

	assert_int_equal(parse(s, "relaywatch -i eth0 tcp port 25"), 0);
	assert_string_equal(s->options.interface, "eth0");
	assert_string_equal(s->options.filter, "tcp port 25");
	assert_int_equal(s->options.captures_count, 0);
	assert_int_equal(parse(s, "relaywatch --interface=any -q"), 0);
	assert_string_equal(s->options.interface, "any");
	assert_null(s->options.filter);
}

static void
mistakes_are_named(void **state)
{
	struct state *s = *state;

	assert_refused(s, "relaywatch",
	    "nothing to read: name a saved capture with -r or an interface with -i");
	assert_refused(s, "relaywatch a.pcap",
	    "nothing to read: saved captures are named with -r, an interface with -i "
	    "(\"a.pcap\" was taken for a filter expression)");
	assert_refused(s, "relaywatch -i eth0 -r a.pcap",
	    "-i and -r: either an interface or saved captures");
	assert_refused(s, "relaywatch -i eth0 -i eth1",
	    "-i: one interface only; \"any\" means all, and each may have a relaywatch "
	    "of its own");
	assert_refused(s, "relaywatch -i ", "-i: the name of the interface is empty");
	assert_refused(s, "relaywatch -x", "-x: no such option");
	assert_refused(s, "relaywatch -qx", "-x: no such option");
	assert_refused(s, "relaywatch --reed a", "--reed: no such option");
	assert_refused(
	    s, "relaywatch --quiet=5", "--quiet=5: this option takes no value");
	assert_refused(s, "relaywatch -r", "-r: a value is missing");
	assert_refused(s, "relaywatch --config", "--config: a value is missing");
	assert_refused(s, "relaywatch -r a.pcap -H ", "-H: the list is empty");
	assert_refused(s, "relaywatch -r a.pcap -o ", "-o: the file name is empty");
}

/* Parses and applies. The facility, or -1 where there is no syslog. */
static int
facility_of(struct state *s, const char *line, const char *filter)
{
	struct conf conf;
	int facility;

	assert_int_equal(conf_init(&conf), 0);
	assert_int_equal(parse(s, line), 0);
	assert_int_equal(options_apply(&s->options, &conf, s->error), 0);
	if (filter == NULL)
		assert_null(s->options.filter);
	else
		assert_string_equal(s->options.filter, filter);
	assert_int_equal(s->options.captures_count, 1);
	facility = conf.output.syslog ? conf.output.syslog_facility : -1;
	conf_release(&conf);
	return facility;
}

static void
syslog_takes_a_facility_or_none(void **state)
{
	struct state *s = *state;

	assert_int_equal(facility_of(s, "relaywatch -r a.pcap", NULL), -1);
	assert_int_equal(facility_of(s, "relaywatch -r a.pcap -s", NULL), LOG_DAEMON);
	assert_int_equal(facility_of(s, "relaywatch -s -r a.pcap", NULL), LOG_DAEMON);
	assert_int_equal(
	    facility_of(s, "relaywatch -slocal3 -r a.pcap", NULL), LOG_LOCAL3);
	assert_int_equal(
	    facility_of(s, "relaywatch -s local3 -r a.pcap", NULL), LOG_LOCAL3);
	assert_int_equal(
	    facility_of(s, "relaywatch -r a.pcap --syslog mail", NULL), LOG_MAIL);
	assert_int_equal(
	    facility_of(s, "relaywatch -r a.pcap --syslog=user", NULL), LOG_USER);
	/* What is no facility begins the filter, as does what stands further on. */
	assert_int_equal(
	    facility_of(s, "relaywatch -r a.pcap -s tcp port 25", "tcp port 25"),
	    LOG_DAEMON);
	assert_int_equal(
	    facility_of(s, "relaywatch -r a.pcap -s -q mail", "mail"), LOG_DAEMON);
	assert_int_equal(
	    facility_of(s, "relaywatch -r a.pcap -s mail auth", "auth"), LOG_MAIL);
	assert_int_equal(
	    facility_of(s, "relaywatch -r a.pcap -s -- mail", "mail"), LOG_DAEMON);
}

static void
actions_need_no_capture(void **state)
{
	struct state *s = *state;

	assert_int_equal(parse(s, "relaywatch -t -c x.conf"), 0);
	assert_int_equal(s->options.action, OPTIONS_TEST_CONFIG);
	assert_string_equal(s->options.config, "x.conf");
	assert_int_equal(parse(s, "relaywatch -r a.pcap --help --nonsense"), 0);
	assert_int_equal(s->options.action, OPTIONS_HELP);
	assert_int_equal(parse(s, "relaywatch -qqV"), 0);
	assert_int_equal(s->options.action, OPTIONS_VERSION);
	assert_int_equal(s->options.verbosity, -2);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(capture_alone),
		TEST(files_right_after_a_capture_are_captures),
		TEST(first_other_word_begins_the_filter),
		TEST(filter_word_that_is_a_file_needs_dashes),
		TEST(lists_add_up),
		TEST(options_lie_over_the_configuration),
		TEST(bad_items_are_named_with_their_option),
		TEST(words_after_an_interface_are_the_filter),
		TEST(mistakes_are_named),
		TEST(syslog_takes_a_facility_or_none),
		TEST(actions_need_no_capture),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
