/* SPDX-License-Identifier: BSD-2-Clause */
#include "conf_keys.h"

#include "conf.h"

#define AT(field) offsetof(struct conf, field)

enum { KIB = 1024, MIB = 1024 * 1024, DAY_SEC = 86400 };

/* The least values are what still works, not what makes sense: tests use them. */
const struct conf_key conf_keys[] = {
	{ NULL, "home-net", CONF_NETS, AT(home_net), 0, 0 },
	{ NULL, "local-domains", CONF_DOMAINS, AT(local_domains), 0, 0 },
	{ NULL, "relay-domains", CONF_DOMAINS, AT(relay_domains), 0, 0 },
	{ NULL, "trusted-relays", CONF_NETS, AT(trusted_relays), 0, 0 },
	{ NULL, "mail-ports", CONF_PORTS, AT(mail_ports), 0, 0 },
	{ NULL, "tls-ports", CONF_PORTS, AT(tls_ports), 0, 0 },
	{ NULL, "submission-ports", CONF_PORTS, AT(submission_ports), 0, 0 },

	{ "capture", "buffer-bytes", CONF_NUMBER, AT(capture.buffer_bytes), 1 * MIB,
	    1024 * MIB },
	{ "capture", "snap-bytes", CONF_NUMBER, AT(capture.snap_bytes), 64, 262144 },
	{ "capture", "timeout-ms", CONF_NUMBER, AT(capture.timeout_ms), 1, 900 },
	{ "capture", "immediate", CONF_SWITCH, AT(capture.immediate), 0, 0 },
	{ "capture", "promiscuous", CONF_SWITCH, AT(capture.promiscuous), 0, 0 },
	{ "capture", "user", CONF_USER, AT(capture.user), 0, 0 },
	{ "capture", "quiet-sec", CONF_NUMBER, AT(capture.quiet_sec), 1, DAY_SEC },

	{ "sensor", "flows", CONF_NUMBER, AT(sensor.flows), 16, 64 * MIB },
	{ "sensor", "conns", CONF_NUMBER, AT(sensor.conns), 16, 16 * MIB },
	{ "sensor", "reasm-blocks", CONF_NUMBER, AT(sensor.reasm_blocks), 16, 16 * MIB },
	{ "sensor", "reasm-held-bytes", CONF_NUMBER, AT(sensor.reasm_held_bytes), 2 * KIB,
	    64 * MIB },
	{ "sensor", "idle-sec", CONF_NUMBER, AT(sensor.idle_sec), 1, 30 * DAY_SEC },
	{ "sensor", "opening-sec", CONF_NUMBER, AT(sensor.opening_sec), 1, DAY_SEC },
	{ "sensor", "queue-bytes", CONF_NUMBER, AT(sensor.queue_bytes), 64 * KIB,
	    1024 * MIB },
	{ "sensor", "classify", CONF_SWITCH, AT(sensor.classify), 0, 0 },

	{ "mail", "sessions", CONF_NUMBER, AT(mail.sessions), 16, 4 * MIB },
	{ "mail", "blocks", CONF_NUMBER, AT(mail.blocks), 64, 16 * MIB },

	{ "relay", "enabled", CONF_SWITCH, AT(relay.enabled), 0, 0 },
	{ "relay", "window-sec", CONF_NUMBER, AT(relay.window_sec), 1, 30 * DAY_SEC },
	{ "relay", "messages", CONF_NUMBER, AT(relay.messages), 16, 64 * MIB },
	{ "relay", "keys", CONF_NUMBER, AT(relay.keys), 64, 64 * MIB },
	{ "relay", "client-share-percent", CONF_NUMBER, AT(relay.client_share_percent), 1,
	    100 },
	{ "relay", "unrelated-domains", CONF_NUMBER, AT(relay.unrelated_domains), 2,
	    100 },

	{ "proxy", "enabled", CONF_SWITCH, AT(proxy.enabled), 0, 0 },
	{ "proxy", "window-sec", CONF_NUMBER, AT(proxy.window_sec), 1, DAY_SEC },
	{ "proxy", "requests", CONF_NUMBER, AT(proxy.requests), 16, 16 * MIB },
	{ "proxy", "legs", CONF_NUMBER, AT(proxy.legs), 16, 16 * MIB },
	{ "proxy", "connections", CONF_NUMBER, AT(proxy.connections), 16, 16 * MIB },
	{ "proxy", "client-share-percent", CONF_NUMBER, AT(proxy.client_share_percent), 1,
	    100 },

	{ "alerts", "window-sec", CONF_NUMBER, AT(alerts.window_sec), 1, 30 * DAY_SEC },
	{ "alerts", "findings", CONF_NUMBER, AT(alerts.findings), 16, 16 * MIB },
	{ "alerts", "clients", CONF_NUMBER, AT(alerts.clients), 1, 10000 },

	{ "output", "path", CONF_PATH, AT(output.path), 0, 0 },
	{ "output", "log", CONF_LOGS, AT(output.log), 0, 0 },
	{ "output", "stats-sec", CONF_NUMBER, AT(output.stats_sec), 1, DAY_SEC },
	{ "output", "syslog", CONF_SWITCH, AT(output.syslog), 0, 0 },
	{ "output", "syslog-facility", CONF_FACILITY, AT(output.syslog_facility), 0, 0 },
	{ "output", "syslog-format", CONF_FORMAT, AT(output.syslog_format), 0, 0 },

	{ NULL, NULL, CONF_NUMBER, 0, 0, 0 },
};
