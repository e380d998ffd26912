/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CONF_H
#define RELAYWATCH_CONF_H

/*
 * The configuration: built-in defaults, then a file (libconfuse), then the command line.
 * Filled once by main.c, read-only afterwards; everything is owned by the struct and
 * freed by conf_release().
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "domain.h"
#include "netset.h"

enum conf_log { /* -l */
	CONF_LOG_ALERT = 0x01,
	CONF_LOG_SMTP = 0x02,
	CONF_LOG_PROXY = 0x04,
	CONF_LOG_STATS = 0x08,
};

enum { CONF_PORTS_MAX = 32 };

struct conf_ports {
	unsigned count;
	uint16_t port[CONF_PORTS_MAX];
};

struct conf_capture { /* -i */
	uint32_t buffer_bytes; /* ring shared with the kernel */
	uint32_t snap_bytes;   /* of each packet */
	uint32_t timeout_ms;   /* the kernel hands packets over after, at most */
	bool immediate;        /* each at once instead */
	bool promiscuous;
	char *user;         /* run as, once all is open; NULL or "": found out */
	uint32_t quiet_sec; /* without any packet, until it is told */
};

struct conf_sensor {
	uint32_t flows;            /* TCP connections in the table */
	uint32_t conns;            /* of these, connections that are looked into */
	uint32_t reasm_blocks;     /* of REASM_BLOCK_BYTES each, shared */
	uint32_t reasm_held_bytes; /* one direction of one connection */
	uint32_t idle_sec;         /* an established connection without packets expires */
	uint32_t opening_sec;      /* one that never carried data */
	uint32_t queue_bytes;      /* records on their way to the analyzers */
	bool classify;             /* labels by nDPI */
};

struct conf_mail {
	uint32_t sessions; /* SMTP sessions whose envelope is kept at the same time */
	uint32_t blocks;   /* of text, TRANSACTION_BLOCK_BYTES each, shared by them */
};

struct conf_relay {
	bool enabled;
	uint32_t window_sec; /* how long an inbound message waits for its outbound leg */
	uint32_t messages;   /* inbound messages remembered */
	uint32_t keys;       /* recipients, Message-IDs, body hashes remembered */
	uint32_t client_share_percent; /* of both, what one client can fill */
	uint32_t unrelated_domains;    /* that prove a relay where no local domain is
					  configured */
};

struct conf_proxy {
	bool enabled;
	uint32_t window_sec;  /* how long connections wait for their other leg */
	uint32_t requests;    /* to proxies, open at the same time */
	uint32_t legs;        /* outbound connections remembered */
	uint32_t connections; /* whose first octets are remembered, to find forwarders */
	uint32_t client_share_percent; /* of each, what one client can fill */
};

struct conf_alerts {
	uint32_t window_sec; /* aggregation */
	uint32_t findings;   /* remembered */
	uint32_t clients;    /* of one server and window, before they are rolled up */
};

enum conf_syslog_format { CONF_SYSLOG_TEXT, CONF_SYSLOG_JSON };

struct conf_output {
	char *path;   /* NULL or "-": standard output */
	unsigned log; /* enum conf_log */
	uint32_t stats_sec; /* between the stats events of a live capture */
	bool syslog;
	int syslog_facility;
	enum conf_syslog_format syslog_format;
};

struct conf {
	struct netset *home_net;
	bool home_net_given; /* not the built-in private networks */
	struct netset *trusted_relays;
	struct domain_set *local_domains;
	struct domain_set *relay_domains;
	struct conf_ports mail_ports;
	struct conf_ports tls_ports; /* implicit TLS: 465 */
	struct conf_ports
	    submission_ports; /* presumed authenticated under TLS: 465, 587 */
	struct conf_capture capture;
	struct conf_sensor sensor;
	struct conf_mail mail;
	struct conf_relay relay;
	struct conf_proxy proxy;
	struct conf_alerts alerts;
	struct conf_output output;
};

enum { CONF_ERROR_MAX = 512 };

/* Built-in defaults. 0, or -1 when out of memory. */
int conf_init(struct conf *conf);
void conf_release(struct conf *conf);

/* 0, or -1 with error naming file, line and what is wrong. */
int conf_read(struct conf *conf, const char *path, char error[static CONF_ERROR_MAX]);

/*
 * Comma lists of the command line; each replaces what the file said. 0, or -1 with error
 * naming the bad item.
 */
int conf_set_home_net(
    struct conf *conf, const char *list, char error[static CONF_ERROR_MAX]);
int conf_set_local_domains(
    struct conf *conf, const char *list, char error[static CONF_ERROR_MAX]);
int conf_set_relay_domains(
    struct conf *conf, const char *list, char error[static CONF_ERROR_MAX]);
int conf_set_trusted_relays(
    struct conf *conf, const char *list, char error[static CONF_ERROR_MAX]);
int conf_set_log(struct conf *conf, const char *list, char error[static CONF_ERROR_MAX]);

/* A facility of syslog by its name. NULL, or what is wrong. */
const char *conf_facility(const char *word, int *facility);

static inline bool
conf_has_port(const struct conf_ports *ports, uint16_t port)
{
	for (unsigned i = 0; i < ports->count; i++) {
		if (ports->port[i] == port)
			return true;
	}
	return false;
}

#endif
