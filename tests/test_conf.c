/* SPDX-License-Identifier: BSD-2-Clause */

/* The configuration: defaults, files good and bad, command line lists, the sample. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "conf.h"
#include "conf_keys.h"
#include "conf_scan.h"

static const char sample_path[] = "systemd/relaywatch.conf";

struct state {
	struct conf conf;
	char path[64];
	char error[CONF_ERROR_MAX];
};

static int
set_up(void **state)
{
	struct state *s = calloc(1, sizeof(*s));
	int fd;

	*state = s;
	if (s == NULL)
		return -1;
	strcpy(s->path, "/tmp/relaywatch-test-conf-XXXXXX");
	fd = mkstemp(s->path);
	if (fd == -1)
		return -1;
	close(fd);
	return conf_init(&s->conf);
}

static int
tear_down(void **state)
{
	struct state *s = *state;

	conf_release(&s->conf);
	unlink(s->path);
	free(s);
	return 0;
}

static void
write_file(const char *path, const void *text, size_t n)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
}

static int
read_text(struct state *s, const char *text)
{
	write_file(s->path, text, strlen(text));
	return conf_read(&s->conf, s->path, s->error);
}

/* The text is refused, and the message has file, line and what. */
static void
assert_refused(struct state *s, const char *text, unsigned line, const char *what)
{
	char place[96];

	assert_int_equal(read_text(s, text), -1);
	snprintf(place, sizeof(place), "%s: line %u: ", s->path, line);
	if (strncmp(s->error, place, strlen(place)) != 0 ||
	    strstr(s->error, what) == NULL)
		fail_msg("\"%s\" is not about line %u and \"%s\"", s->error, line, what);
}

static bool
has_net(const struct netset *set, const char *text)
{
	struct addr addr;

	assert_int_equal(addr_parse(text, &addr), 0);
	return netset_has(set, &addr);
}

static void
defaults_make_private_networks_home(void **state)
{
	struct state *s = *state;

	assert_false(s->conf.home_net_given);
	assert_true(has_net(s->conf.home_net, "10.1.2.3"));
	assert_true(has_net(s->conf.home_net, "172.31.255.255"));
	assert_false(has_net(s->conf.home_net, "172.32.0.0"));
	assert_true(has_net(s->conf.home_net, "192.168.1.1"));
	assert_true(has_net(s->conf.home_net, "169.254.7.7"));
	assert_true(has_net(s->conf.home_net, "fd00::1"));
	assert_true(has_net(s->conf.home_net, "fe80::1"));
	assert_false(has_net(s->conf.home_net, "2001:db8::1"));
	assert_true(domain_set_is_empty(s->conf.local_domains));
	assert_true(conf_has_port(&s->conf.mail_ports, 2525));
	assert_int_equal(s->conf.output.log, CONF_LOG_ALERT);
	assert_null(s->conf.output.path);
}

static void
file_sets_every_kind_of_value(void **state)
{
	struct state *s = *state;
	struct conf *conf = &s->conf;

	assert_int_equal(
	    read_text(s,
		"# ours\n"
		"home-net = { \"192.0.2.0/24\", \"2001:db8:1::/48\" }\n"
		"local-domains = { example.org, '.example.net' }\n"
		"trusted-relays = 198.51.100.9\n"
		"mail-ports = { 25, 26, }\n"
		"sensor { flows = 5000 idle-sec = 7200 }\n"
		"relay {\n\tenabled = no\n}\n"
		"output { path = \"/var/log/relaywatch.json\" log = { smtp, stats }\n"
		"\tsyslog = true syslog-facility = local3 syslog-format = json }\n"),
	    0);
	assert_true(conf->home_net_given);
	assert_true(has_net(conf->home_net, "192.0.2.25"));
	assert_true(has_net(conf->home_net, "2001:db8:1::25"));
	assert_true(domain_set_has(conf->local_domains, "example.org"));
	assert_true(domain_set_has(conf->local_domains, "a.example.net"));
	assert_false(domain_set_has(conf->local_domains, "example.net"));
	assert_true(has_net(conf->trusted_relays, "198.51.100.9"));
	assert_int_equal(conf->mail_ports.count, 2);
	assert_int_equal(conf->mail_ports.port[1], 26);
	assert_int_equal(conf->sensor.flows, 5000);
	assert_int_equal(conf->sensor.idle_sec, 7200);
	assert_false(conf->relay.enabled);
	assert_string_equal(conf->output.path, "/var/log/relaywatch.json");
	assert_int_equal(conf->output.log, CONF_LOG_SMTP | CONF_LOG_STATS);
	assert_true(conf->output.syslog);
	assert_int_equal(conf->output.syslog_facility, LOG_LOCAL3);
	assert_int_equal(conf->output.syslog_format, CONF_SYSLOG_JSON);
}

static void
lists_replace_and_do_not_add(void **state)
{
	struct state *s = *state;

	assert_int_equal(read_text(s, "home-net = { 192.0.2.0/24 }\n"), 0);
	assert_false(has_net(s->conf.home_net, "10.1.2.3"));
	assert_int_equal(
	    read_text(s, "home-net = { 192.0.2.0/24 }\nhome-net = { 198.51.100.0/24 }\n"),
	    0);
	assert_false(has_net(s->conf.home_net, "192.0.2.1"));
	assert_true(has_net(s->conf.home_net, "198.51.100.1"));
}

static void
empty_lists_are_empty_but_home_stays(void **state)
{
	struct state *s = *state;

	assert_int_equal(
	    read_text(s, "home-net = { }\nmail-ports = {}\noutput { log = {} }"), 0);
	assert_false(s->conf.home_net_given);
	assert_true(has_net(s->conf.home_net, "10.1.2.3"));
	assert_int_equal(s->conf.mail_ports.count, 0);
	assert_int_equal(s->conf.output.log, 0);
}

static void
empty_file_is_fine(void **state)
{
	struct state *s = *state;

	assert_int_equal(read_text(s, ""), 0);
	assert_int_equal(read_text(s, "\n#\n# nothing { here\n/* } */ // nor here\n"), 0);
	assert_int_equal(s->conf.sensor.flows, 1000000);
}

static void
errors_name_file_line_and_fault(void **state)
{
	struct state *s = *state;

	assert_refused(s, "\nhome-nets = { }\n", 2, "home-nets");
	assert_refused(s, "sensor {\n\tflow = 1\n}\n", 2, "flow");
	assert_refused(s, "flows = 1\n", 1, "flows"); /* belongs into a section */
	assert_refused(s, "\n\nhome-net = {\n\t\"192.0.2.0/24\",\n\t\"192.0.2.0/33\" }\n",
	    5, "192.0.2.0/33");
	assert_refused(s, "home-net = { 192.0.2.1/24 }\n", 1, "host bits");
	assert_refused(
	    s, "local-domains = { postmaster@example.org }\n", 1, "mail address");
	assert_refused(s, "mail-ports = { 25, 0 }\n", 1, "\"0\": a port from 1");
	assert_refused(s, "mail-ports = { 65536 }\n", 1, "65536");
	assert_refused(s, "output { log = { alerts } }\n", 1, "alerts");
	assert_refused(s, "output {\n\n path = \"\" }\n", 3, "output.path");
	assert_refused(s, "output { syslog-facility = lpr }\n", 1, "no such facility");
	assert_refused(s, "output {\nsyslog-format = xml }\n", 2, "text or json");
	assert_refused(s, "relay { enabled = perhaps }\n", 1, "true or false");
	assert_refused(s, "relay { enabled }\n", 1, "equal sign");
	assert_refused(s, "sensor = 5\n", 1, "sensor");
	assert_refused(s, "include(\"/etc/passwd\")\n", 1, "include");
}

static void
numbers_have_ranges(void **state)
{
	struct state *s = *state;

	assert_refused(
	    s, "sensor { flows = 15 }", 1, "sensor.flows: \"15\": a number from 16");
	assert_refused(s, "sensor { flows = -1 }", 1, "sensor.flows");
	assert_refused(s, "sensor { flows = 1e6 }", 1, "sensor.flows");
	assert_refused(s, "sensor { flows = 4294967297 }", 1, "sensor.flows");
	assert_refused(
	    s, "sensor { flows = 99999999999999999999999999 }", 1, "sensor.flows");
	assert_refused(s, "relay { client-share-percent = 101 }", 1, "from 1 to 100");
	assert_refused(s, "alerts { window-sec = \"\" }", 1, "alerts.window-sec");
	for (const struct conf_key *key = conf_keys; key->name != NULL; key++) {
		char text[128];

		if (key->kind != CONF_NUMBER)
			continue;
		assert_true(key->least > 0 && key->least < key->most);
		snprintf(text, sizeof(text), "%s { %s = %u }", key->section, key->name,
		    key->most);
		assert_int_equal(read_text(s, text), 0);
		snprintf(text, sizeof(text), "%s { %s = %u }", key->section, key->name,
		    key->least - 1);
		assert_refused(s, text, 1, key->name);
	}
}

static void
what_libconfuse_lets_pass_is_refused(void **state)
{
	struct state *s = *state;

	assert_refused(s, "\noutput { path = \"${HOME}/x\" }\n", 2, "variables");
	assert_refused(s, "output { path = ${HOME} }\n", 1, "variables");
	assert_int_equal(read_text(s, "# ${HOME}\noutput { path = '${HOME}' }\n"), 0);
	assert_string_equal(s->conf.output.path, "${HOME}");
	assert_refused(s, "\nsensor {\n\tflows = 1000\n", 2, "brace is never closed");
	assert_refused(s, "home-net = { \"192.0.2.0/24\n", 1, "string is never closed");
	assert_refused(s, "\n/* sensor\n", 2, "comment is never closed");
	write_file(s->path, "home-net\0 = x", 13);
	assert_int_equal(conf_read(&s->conf, s->path, s->error), -1);
	assert_non_null(strstr(s->error, "line 1: a NUL"));
}

static void
unreadable_files_are_named(void **state)
{
	struct state *s = *state;

	assert_int_equal(
	    conf_read(&s->conf, "/nonexistent/relaywatch.conf", s->error), -1);
	assert_string_equal(
	    s->error, "/nonexistent/relaywatch.conf: No such file or directory");
	assert_int_equal(conf_read(&s->conf, "/tmp", s->error), -1);
	assert_string_equal(s->error, "/tmp: Is a directory");
}

/* Whatever a file says, reading it ends with 0 or with a message; the sanitizers look. */
static void
cut_and_changed_files_do_no_harm(void **state)
{
	struct state *s = *state;
	static const char text[] = "home-net = { \"192.0.2.0/24\", 10.0.0.0/8 } # x\n"
				   "output { path = 'a\\'b' log = { smtp } } /* y */\n";
	static const char marks[] = "{}=\"'#/*+,()\\$\n\xff";

	for (size_t at = 0; at < sizeof(text) - 1; at++) {
		char changed[sizeof(text)];

		write_file(s->path, text, at);
		s->error[0] = '\0';
		if (conf_read(&s->conf, s->path, s->error) == -1)
			assert_true(s->error[0] != '\0');
		for (size_t i = 0; i < sizeof(marks) - 1; i++) {
			memcpy(changed, text, sizeof(text));
			changed[at] = marks[i];
			s->error[0] = '\0';
			if (read_text(s, changed) == -1)
				assert_true(s->error[0] != '\0');
		}
	}
}

static void
command_line_lists_replace(void **state)
{
	struct state *s = *state;

	assert_int_equal(read_text(s, "local-domains = { example.com }\n"), 0);
	assert_int_equal(
	    conf_set_local_domains(&s->conf, "example.org, .example.net", s->error), 0);
	assert_false(domain_set_has(s->conf.local_domains, "example.com"));
	assert_true(domain_set_has(s->conf.local_domains, "example.org"));
	assert_true(domain_set_has(s->conf.local_domains, "a.example.net"));
	assert_int_equal(
	    conf_set_relay_domains(&s->conf, "Partner.Example.", s->error), 0);
	assert_true(domain_set_has(s->conf.relay_domains, "partner.example"));
	assert_int_equal(
	    conf_set_home_net(&s->conf, "192.0.2.0/24,2001:db8::/32", s->error), 0);
	assert_true(s->conf.home_net_given);
	assert_true(has_net(s->conf.home_net, "2001:db8::1"));
	assert_int_equal(conf_set_trusted_relays(&s->conf, "198.51.100.1", s->error), 0);
	assert_true(has_net(s->conf.trusted_relays, "198.51.100.1"));
	assert_int_equal(conf_set_log(&s->conf, "smtp,alert", s->error), 0);
	assert_int_equal(s->conf.output.log, CONF_LOG_ALERT | CONF_LOG_SMTP);
}

static void
command_line_errors_name_the_item(void **state)
{
	struct state *s = *state;

	assert_int_equal(
	    conf_set_home_net(&s->conf, "10.0.0.0/8,192.0.2.0/33", s->error), -1);
	assert_string_equal(s->error, "192.0.2.0/33: the prefix length must be 0 to 32");
	assert_int_equal(
	    conf_set_home_net(&s->conf, "10.0.0.0/8,,192.0.2.0/24", s->error), -1);
	assert_string_equal(s->error, "10.0.0.0/8,,192.0.2.0/24: an item is empty");
	assert_int_equal(conf_set_log(&s->conf, "alert,mail", s->error), -1);
	assert_non_null(strstr(s->error, "mail: no such type"));
	assert_int_equal(conf_set_local_domains(&s->conf, "*.example.org", s->error), -1);
	assert_non_null(strstr(s->error, "*.example.org: "));
}

/* The sample with the # taken from every key that is switched off. */
static size_t
switched_on(char *out, size_t room)
{
	FILE *file = fopen(sample_path, "r");
	char line[512];
	size_t n = 0;

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *hash = line + strspn(line, "\t");

		if (hash[0] == '#' && hash[1] >= 'a' && hash[1] <= 'z')
			hash[0] = ' ';
		n += (size_t)snprintf(out + n, room - n, "%s", line);
		assert_true(n < room);
	}
	fclose(file);
	return n;
}

/* Set at one value apart from the default, so that a key the sample lacks shows. */
static void
spoil(struct conf *conf)
{
	for (const struct conf_key *key = conf_keys; key->name != NULL; key++) {
		void *at = (char *)conf + key->offset;

		if (key->kind == CONF_NUMBER)
			*(uint32_t *)at += 1;
		else if (key->kind == CONF_PORTS)
			((struct conf_ports *)at)->count = 0;
	}
	conf->relay.enabled = !conf->relay.enabled;
	conf->output.log = 0;
	conf->output.syslog = true;
	conf->output.syslog_facility = LOG_LOCAL7;
	conf->output.syslog_format = CONF_SYSLOG_JSON;
}

static void
sample_shows_every_default(void **state)
{
	struct state *s = *state;
	static char text[16384];
	struct conf plain;

	assert_int_equal(conf_init(&plain), 0);
	spoil(&s->conf);
	write_file(s->path, text, switched_on(text, sizeof(text)));
	if (conf_read(&s->conf, s->path, s->error) == -1)
		fail_msg("%s", s->error);
	assert_memory_equal(
	    &s->conf.mail_ports, &plain.mail_ports, sizeof(plain.mail_ports));
	assert_memory_equal(
	    &s->conf.tls_ports, &plain.tls_ports, sizeof(plain.tls_ports));
	assert_memory_equal(&s->conf.submission_ports, &plain.submission_ports,
	    sizeof(plain.submission_ports));
	assert_memory_equal(&s->conf.sensor, &plain.sensor, sizeof(plain.sensor));
	assert_memory_equal(&s->conf.mail, &plain.mail, sizeof(plain.mail));
	assert_int_equal(s->conf.relay.enabled, plain.relay.enabled);
	assert_memory_equal(&s->conf.alerts, &plain.alerts, sizeof(plain.alerts));
	assert_string_equal(s->conf.output.path, "-");
	assert_int_equal(s->conf.output.log, plain.output.log);
	assert_false(s->conf.output.syslog);
	assert_int_equal(s->conf.output.syslog_facility, plain.output.syslog_facility);
	assert_int_equal(s->conf.output.syslog_format, plain.output.syslog_format);
	assert_true(has_net(s->conf.home_net, "fe80::1"));
	assert_true(domain_set_is_empty(s->conf.local_domains));
	for (const struct conf_key *key = conf_keys; key->name != NULL; key++) {
		uint32_t now, then;

		assert_non_null(strstr(text, key->name));
		if (key->kind != CONF_NUMBER)
			continue;
		memcpy(&now, (char *)&s->conf + key->offset, sizeof(now));
		memcpy(&then, (char *)&plain + key->offset, sizeof(then));
		assert_int_equal(now, then);
	}
	conf_release(&plain);
}

static void
sample_as_it_is_changes_nothing(void **state)
{
	struct state *s = *state;

	assert_int_equal(conf_read(&s->conf, sample_path, s->error), 0);
	assert_false(s->conf.home_net_given);
	assert_null(s->conf.output.path);
}

int
main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(defaults_make_private_networks_home),
		TEST(file_sets_every_kind_of_value),
		TEST(lists_replace_and_do_not_add),
		TEST(empty_lists_are_empty_but_home_stays),
		TEST(empty_file_is_fine),
		TEST(errors_name_file_line_and_fault),
		TEST(numbers_have_ranges),
		TEST(what_libconfuse_lets_pass_is_refused),
		TEST(unreadable_files_are_named),
		TEST(cut_and_changed_files_do_no_harm),
		TEST(command_line_lists_replace),
		TEST(command_line_errors_name_the_item),
		TEST(sample_shows_every_default),
		TEST(sample_as_it_is_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
