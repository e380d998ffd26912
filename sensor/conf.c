/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "conf_words.h"

/* RFC 1918, RFC 3927, RFC 4193, RFC 4291 section 2.5.6 */
static const char *const private_networks[] = {
	"10.0.0.0/8",
	"172.16.0.0/12",
	"192.168.0.0/16",
	"169.254.0.0/16",
	"fc00::/7",
	"fe80::/10",
};

static const struct conf built_in = {
	.mail_ports = { 4, { 25, 465, 587, 2525 } },
	.tls_ports = { 1, { 465 } },
	.submission_ports = { 2, { 465, 587 } },
	.capture = {
		.buffer_bytes = 64 * 1024 * 1024,
		.snap_bytes = 262144,
		.timeout_ms = 100,
		.promiscuous = true,
		.quiet_sec = 30,
	},
	.sensor = {
		.flows = 1000000,
		.conns = 65536,
		.reasm_blocks = 65536,
		.reasm_held_bytes = 1024 * 1024,
		/* RFC 5321 section 4.5.3.2.6: ten minutes for the final reply, and
		 * queue runners may keep a session open for longer. */
		.idle_sec = 3600,
		.opening_sec = 60,
		.queue_bytes = 16 * 1024 * 1024,
		.classify = true,
	},
	.mail = { .sessions = 65536, .blocks = 131072 },
	.relay = {
		.enabled = true,
		.window_sec = 86400,
		.messages = 262144,
		.keys = 1048576,
		.client_share_percent = 25,
		.unrelated_domains = 3,
	},
	.proxy = {
		.enabled = true,
		.window_sec = 300,
		.requests = 65536,
		.legs = 131072,
		.connections = 131072,
		.client_share_percent = 25,
	},
	.alerts = { .window_sec = 3600, .findings = 65536, .clients = 100 },
	.output = {
		.log = CONF_LOG_ALERT,
		.stats_sec = 60,
		.syslog_facility = LOG_DAEMON,
	},
};

static int
add_private_networks(struct netset *set)
{
	const size_t n = sizeof(private_networks) / sizeof(private_networks[0]);
	const char *why;

	for (size_t i = 0; i < n; i++) {
		if (netset_add(set, private_networks[i], &why) == -1)
			return -1;
	}
	return 0;
}

int
conf_init(struct conf *conf)
{
	*conf = built_in;
	conf->home_net = netset_new();
	conf->trusted_relays = netset_new();
	conf->local_domains = domain_set_new();
	conf->relay_domains = domain_set_new();
	if (conf->home_net == NULL || conf->trusted_relays == NULL ||
	    conf->local_domains == NULL || conf->relay_domains == NULL ||
	    add_private_networks(conf->home_net) == -1) {
		conf_release(conf);
		return -1;
	}
	return 0;
}

void
conf_release(struct conf *conf)
{
	netset_free(conf->home_net);
	netset_free(conf->trusted_relays);
	domain_set_free(conf->local_domains);
	domain_set_free(conf->relay_domains);
	free(conf->capture.user);
	free(conf->output.path);
	memset(conf, 0, sizeof(*conf));
}

const char *
conf_add_net(void *set, const char *word)
{
	const char *why;

	return netset_add(set, word, &why) == -1 ? why : NULL;
}

const char *
conf_add_domain(void *set, const char *word)
{
	const char *why;

	return domain_set_add(set, word, &why) == -1 ? why : NULL;
}

const char *
conf_add_log(void *log, const char *word)
{
	static const struct {
		const char *word;
		enum conf_log log;
	} types[] = {
		{ "alert", CONF_LOG_ALERT },
		{ "smtp", CONF_LOG_SMTP },
		{ "proxy", CONF_LOG_PROXY },
		{ "stats", CONF_LOG_STATS },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(word, types[i].word) == 0) {
			*(unsigned *)log |= types[i].log;
			return NULL;
		}
	}
	return "no such type of event; there are alert, smtp, proxy and stats";
}

/* word without the blanks around it. */
static char *
trim(char *word)
{
	size_t n;

	word += strspn(word, " \t");
	n = strlen(word);
	while (n > 0 && (word[n - 1] == ' ' || word[n - 1] == '\t'))
		n--;
	word[n] = '\0';
	return word;
}

/* Adds each word of a comma list to what into is. */
static int
add_words(
    const char *list, conf_add_word *add, void *into, char error[static CONF_ERROR_MAX])
{
	char *copy = strdup(list), *rest = copy, *word;
	const char *why = copy == NULL ? "out of memory" : NULL;

	while (why == NULL && (word = strsep(&rest, ",")) != NULL) {
		word = trim(word);
		why = *word == '\0' ? "an item is empty" : add(into, word);
		if (why != NULL)
			snprintf(
			    error, CONF_ERROR_MAX, "%s: %s", *word ? word : list, why);
	}
	if (copy == NULL)
		snprintf(error, CONF_ERROR_MAX, "%s", why);
	free(copy);
	return why == NULL ? 0 : -1;
}

static int
set_nets(struct netset **set, const char *list, char error[static CONF_ERROR_MAX])
{
	netset_free(*set);
	*set = netset_new();
	if (*set == NULL) {
		snprintf(error, CONF_ERROR_MAX, "out of memory");
		return -1;
	}
	return add_words(list, conf_add_net, *set, error);
}

static int
set_domains(struct domain_set **set, const char *list, char error[static CONF_ERROR_MAX])
{
	domain_set_free(*set);
	*set = domain_set_new();
	if (*set == NULL) {
		snprintf(error, CONF_ERROR_MAX, "out of memory");
		return -1;
	}
	return add_words(list, conf_add_domain, *set, error);
}

int
conf_set_home_net(struct conf *conf, const char *list, char error[static CONF_ERROR_MAX])
{
	conf->home_net_given = true;
	return set_nets(&conf->home_net, list, error);
}

int
conf_set_local_domains(
    struct conf *conf, const char *list, char error[static CONF_ERROR_MAX])
{
	return set_domains(&conf->local_domains, list, error);
}

int
conf_set_relay_domains(
    struct conf *conf, const char *list, char error[static CONF_ERROR_MAX])
{
	return set_domains(&conf->relay_domains, list, error);
}

int
conf_set_trusted_relays(
    struct conf *conf, const char *list, char error[static CONF_ERROR_MAX])
{
	return set_nets(&conf->trusted_relays, list, error);
}

int
conf_set_log(struct conf *conf, const char *list, char error[static CONF_ERROR_MAX])
{
	conf->output.log = 0;
	return add_words(list, conf_add_log, &conf->output.log, error);
}

const char *
conf_facility(const char *word, int *facility)
{
	static const struct {
		const char *word;
		int facility;
	} facilities[] = {
		{ "auth", LOG_AUTH },
		{ "authpriv", LOG_AUTHPRIV },
		{ "daemon", LOG_DAEMON },
		{ "mail", LOG_MAIL },
		{ "user", LOG_USER },
		{ "local0", LOG_LOCAL0 },
		{ "local1", LOG_LOCAL1 },
		{ "local2", LOG_LOCAL2 },
		{ "local3", LOG_LOCAL3 },
		{ "local4", LOG_LOCAL4 },
		{ "local5", LOG_LOCAL5 },
		{ "local6", LOG_LOCAL6 },
		{ "local7", LOG_LOCAL7 },
	};

	for (size_t i = 0; i < sizeof(facilities) / sizeof(facilities[0]); i++) {
		if (strcmp(word, facilities[i].word) == 0) {
			*facility = facilities[i].facility;
			return NULL;
		}
	}
	return "no such facility: daemon, mail, user, auth, authpriv or local0 to local7";
}
