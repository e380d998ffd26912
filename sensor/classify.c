/* SPDX-License-Identifier: BSD-2-Clause */
#include "classify.h"

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <stdlib.h>

#include "ndpi_detect.h"
#include "proto.h"

enum {
	HEAD_BYTES = sizeof(struct iphdr) + sizeof(struct tcphdr),
	SPARE_BYTES = 512, /* zeros behind a packet, for dissectors that read too far */
	CLIENT_PORT = 50000,
	CLIENT_ADDR = 0xc6336401, /* 198.51.100.1, RFC 5737 */
	SERVER_ADDR = 0xc0000201, /* 192.0.2.1 */
	WINDOW = 65535,
	TTL = 64,
};

/*
 * What is looked for, by Suricata's words where it has one: what speaks TCP, is told by
 * marks of its own rather than by a port, and tells what a connection was used for.
 */
static const struct {
	uint16_t id;
	char word[CLASSIFY_WORD_MAX + 1];
} known[] = {
	{ NDPI_PROTOCOL_AFP, "afp" },
	{ NDPI_PROTOCOL_AJP, "ajp" },
	{ NDPI_PROTOCOL_AMQP, "amqp" },
	{ NDPI_PROTOCOL_BGP, "bgp" },
	{ NDPI_PROTOCOL_BITTORRENT, "bittorrent" },
	{ NDPI_PROTOCOL_CORBA, "giop" },
	{ NDPI_PROTOCOL_DNP3, "dnp3" },
	{ NDPI_PROTOCOL_DRDA, "drda" },
	{ NDPI_PROTOCOL_EDONKEY, "edonkey" },
	{ NDPI_PROTOCOL_FIX, "fix" },
	{ NDPI_PROTOCOL_FTP_CONTROL, "ftp" },
	{ NDPI_PROTOCOL_GIT, "git" },
	{ NDPI_PROTOCOL_GNUTELLA, "gnutella" },
	{ NDPI_PROTOCOL_IEC60870, "iec104" },
	{ NDPI_PROTOCOL_IRC, "irc" },
	{ NDPI_PROTOCOL_JABBER, "xmpp" },
	{ NDPI_PROTOCOL_KERBEROS, "krb5" },
	{ NDPI_PROTOCOL_LDAP, "ldap" },
	{ NDPI_PROTOCOL_MAIL_IMAP, "imap" },
	{ NDPI_PROTOCOL_MAIL_POP, "pop3" },
	{ NDPI_PROTOCOL_MEMCACHED, "memcached" },
	{ NDPI_PROTOCOL_MINING, "mining" },
	{ NDPI_PROTOCOL_MODBUS, "modbus" },
	{ NDPI_PROTOCOL_MONGODB, "mongodb" },
	{ NDPI_PROTOCOL_MQTT, "mqtt" },
	{ NDPI_PROTOCOL_MSSQL_TDS, "tds" },
	{ NDPI_PROTOCOL_MYSQL, "mysql" },
	{ NDPI_PROTOCOL_NATS, "nats" },
	{ NDPI_PROTOCOL_NFS, "nfs" },
	{ NDPI_PROTOCOL_OPENVPN, "openvpn" },
	{ NDPI_PROTOCOL_POSTGRES, "pgsql" },
	{ NDPI_PROTOCOL_PPTP, "pptp" },
	{ NDPI_PROTOCOL_RDP, "rdp" },
	{ NDPI_PROTOCOL_REDIS, "redis" },
	{ NDPI_PROTOCOL_RSYNC, "rsync" },
	{ NDPI_PROTOCOL_RTMP, "rtmp" },
	{ NDPI_PROTOCOL_RTSP, "rtsp" },
	{ NDPI_PROTOCOL_S7COMM, "s7comm" },
	{ NDPI_PROTOCOL_SIP, "sip" },
	{ NDPI_PROTOCOL_SMBV1, "smb1" },
	{ NDPI_PROTOCOL_SMBV23, "smb" },
	{ NDPI_PROTOCOL_SMPP, "smpp" },
	{ NDPI_PROTOCOL_SYSLOG, "syslog" },
	{ NDPI_PROTOCOL_TEAMVIEWER, "teamviewer" },
	{ NDPI_PROTOCOL_TELNET, "telnet" },
	{ NDPI_PROTOCOL_TINC, "tinc" },
	{ NDPI_PROTOCOL_USENET, "nntp" },
	{ NDPI_PROTOCOL_VNC, "rfb" },
	{ NDPI_PROTOCOL_ZABBIX, "zabbix" },
	{ NDPI_PROTOCOL_ZMQ, "zmtp" },
};

/* What our own probes tell, as inside tunnels; no parser claims it on TCP itself. */
static const struct proto *const named[] = { &proto_tls, &proto_web, &proto_ssh };

enum {
	KNOWN = sizeof(known) / sizeof(*known),
	NAMED = sizeof(named) / sizeof(*named),
};

struct classify {
	struct ndpi_detection_module_struct *module; /* NULL: not needed yet */
	bool failed; /* out of memory, when it was needed */
	struct ndpi_flow_struct *flow;
	size_t flow_bytes;
	uint64_t time_ms; /* nDPI's clock: a second for each conversation */
	uint32_t seq[2];
	uint32_t left; /* conversations to look at in this second */
	uint64_t known[KNOWN], named[NAMED], unknown, skipped; /* how often */
	struct {
		struct iphdr ip;
		struct tcphdr tcp;
		uint8_t payload[CLASSIFY_BYTES + SPARE_BYTES];
	} packet;
};

struct classify *
classify_new(void)
{
	struct classify *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	c->flow_bytes = ndpi_detection_get_sizeof_ndpi_flow_struct();
	c->flow = calloc(1, c->flow_bytes);
	c->left = CLASSIFY_TALKS;
	if (c->flow != NULL)
		return c;
	free(c);
	return NULL;
}

static bool
is_ready(struct classify *c)
{
	uint16_t ids[KNOWN];

	if (c->module != NULL || c->failed)
		return !c->failed;
	c->module = detect_open();
	c->failed = c->module == NULL;
	if (c->failed)
		return false;
	for (unsigned i = 0; i < KNOWN; i++)
		ids[i] = known[i].id;
	detect_only(c->module, ids, KNOWN);
	ndpi_finalize_initialization(c->module);
	return true;
}

void
classify_free(struct classify *c)
{
	if (c == NULL)
		return;
	if (c->module != NULL)
		ndpi_exit_detection_module(c->module);
	free(c->flow);
	free(c);
}

const char *
classify_begin(struct classify *c, const struct slice seen[2])
{
	for (unsigned i = 0; i < NAMED; i++) {
		for (unsigned dir = 0; dir < 2; dir++) {
			if (named[i]->probe(seen[dir], seen[!dir], PROTO_PROBE_INSIDE) !=
			    PROTO_YES)
				continue;
			c->named[i]++;
			return named[i]->name;
		}
	}
	return NULL;
}

/* The next packet of a direction, with nothing but zeros behind it; what nDPI says. */
static void
show(struct classify *c, unsigned dir, const uint16_t port[2], bool syn,
    struct slice bytes, uint16_t ids[2])
{
	static const uint32_t addr[2] = { CLIENT_ADDR, SERVER_ADDR };
	uint16_t total = (uint16_t)(HEAD_BYTES + bytes.n);

	c->packet.ip = (struct iphdr){ .version = 4,
		.ihl = sizeof(struct iphdr) / 4,
		.tot_len = htons(total),
		.ttl = TTL,
		.protocol = IPPROTO_TCP,
		.saddr = htonl(addr[dir]),
		.daddr = htonl(addr[!dir]) };
	c->packet.tcp = (struct tcphdr){ .source = htons(port[dir]),
		.dest = htons(port[!dir]),
		.seq = htonl(c->seq[dir]),
		.ack_seq = htonl(syn ? 0 : c->seq[!dir]),
		.doff = sizeof(struct tcphdr) / 4,
		.syn = syn,
		.ack = !syn,
		.psh = bytes.n > 0,
		.window = htons(WINDOW) };
	if (bytes.n > 0)
		memcpy(c->packet.payload, bytes.p, bytes.n);
	memset(c->packet.payload + bytes.n, 0, SPARE_BYTES);
	c->seq[dir] += (uint32_t)bytes.n + syn;
	detect_packet(c->module, c->flow, (const uint8_t *)&c->packet, total, c->time_ms,
	    ids);
}

static void
look(struct classify *c, uint16_t server_port, const struct classify_piece *piece,
    unsigned count, uint16_t ids[2])
{
	const uint16_t port[2] = { CLIENT_PORT + (server_port == CLIENT_PORT),
		server_port };

	memset(c->flow, 0, c->flow_bytes);
	c->seq[0] = c->seq[1] = 1;
	c->time_ms += 1000;
	/* Behind a SYN an unknown first piece is not the last that is looked at, nor are
	 * caches asked for what others at this address spoke. */
	show(c, 0, port, true, slice_of(NULL, 0), ids);
	for (unsigned i = 0; i < count && i < CLASSIFY_PIECES && ids[1] == 0; i++)
		show(c, piece[i].dir, port, false,
		    slice_head(piece[i].bytes, CLASSIFY_BYTES), ids);
	ndpi_free_flow_data(c->flow);
}

const char *
classify_talk(struct classify *c, uint16_t server_port,
    const struct classify_piece *piece, unsigned count)
{
	uint16_t ids[2] = { 0, 0 };

	if (count > 0 && c->left == 0) {
		c->skipped++;
		return NULL;
	}
	if (count > 0 && is_ready(c)) {
		c->left--;
		look(c, server_port, piece, count, ids);
	}
	for (unsigned i = 0; i < KNOWN; i++) {
		if (known[i].id != ids[0] && known[i].id != ids[1])
			continue;
		c->known[i]++;
		return known[i].word;
	}
	c->unknown++;
	return NULL;
}

void
classify_tick(struct classify *c)
{
	c->left = CLASSIFY_TALKS;
}

void
classify_stats(const struct classify *c, struct stats_visitor *v)
{
	for (unsigned i = 0; i < NAMED; i++) {
		if (c->named[i] > 0)
			stats_show(v, "labels", named[i]->name, c->named[i]);
	}
	for (unsigned i = 0; i < KNOWN; i++) {
		if (c->known[i] > 0)
			stats_show(v, "labels", known[i].word, c->known[i]);
	}
	stats_show(v, "labels", "unknown", c->unknown);
	stats_show(v, "labels", "skipped", c->skipped);
}
