/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "wire.h"

enum { IPV4_HEAD = 20, IPV6_HEAD = 40, TCP_HEAD = 20, LINKTYPE_RAW = 101 };

static const char *const conn_events[] = { "syn", "established", "half-closed",
	"closed" };

static const char *const fact_names[] = {
	[FACT_GREETING] = "greeting",
	[FACT_HELO] = "helo",
	[FACT_AUTH] = "auth",
	[FACT_STARTTLS] = "starttls",
	[FACT_TLS] = "tls",
	[FACT_MAIL] = "mail",
	[FACT_RCPT] = "rcpt",
	[FACT_DATA] = "data",
	[FACT_HEADER] = "header",
	[FACT_HEADERS_END] = "headers-end",
	[FACT_MESSAGE] = "message",
	[FACT_FINAL] = "final",
	[FACT_ABORT] = "abort",
	[FACT_END] = "end",
	[FACT_ODDITY] = "oddity",
	[FACT_TUNNEL_ASKED] = "asked",
	[FACT_TUNNEL_GRANTED] = "granted",
	[FACT_TUNNEL_REFUSED] = "refused",
	[FACT_TUNNEL_INNER] = "inner",
	[FACT_TUNNEL_END] = "tunnel-end",
	[FACT_WEB_HOST] = "web-host",
};

void
wire_init(struct wire *wire)
{
	char error[CONF_ERROR_MAX];

	memset(wire, 0, offsetof(struct wire, text));
	wire->length = 0;
	wire->text[0] = '\0';
	wire->now_us = 1600000000000000;
	assert_int_equal(conf_init(&wire->conf), 0);
	assert_int_equal(
	    conf_set_home_net(&wire->conf, "192.0.2.0/24,2001:db8:1::/48", error), 0);
	wire->queue = record_queue_new(wire->conf.sensor.queue_bytes);
	assert_non_null(wire->queue);
	wire->pipeline = pipeline_new(&wire->conf, wire->queue);
	assert_non_null(wire->pipeline);
}

void
wire_release(struct wire *wire)
{
	pipeline_free(wire->pipeline);
	record_queue_free(wire->queue);
	conf_release(&wire->conf);
}

struct wire_conn
wire_conn(const char *client, uint16_t cport, const char *server, uint16_t sport)
{
	struct wire_conn conn = { .port = { cport, sport } };

	assert_int_equal(addr_parse(client, &conn.addr[0]), 0);
	assert_int_equal(addr_parse(server, &conn.addr[1]), 0);
	conn.seq[0] = 0xfffffff0u - cport; /* wraps inside most dialogues */
	conn.seq[1] = 7000000u + sport + cport;
	return conn;
}

static void
print(struct wire *wire, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	wire->length += (size_t)vsnprintf(
	    wire->text + wire->length, WIRE_TEXT_MAX - wire->length, format, args);
	va_end(args);
	assert_in_range(wire->length, 0, WIRE_TEXT_MAX - 1);
}

static void
print_record(struct wire *wire, const struct record *r)
{
	print(wire, "%u>%u ", r->session.client.port, r->session.server.port);
	switch (r->class) {
	case RECORD_CONN:
		print(wire, "conn %s flags=%u rtt=%d", conn_events[r->conn.event],
		    r->conn.flags, r->conn.rtt_us);
		if (r->conn.event == RECORD_CONN_CLOSED)
			print(wire, " bytes=%lu/%lu gaps=%lu/%lu", r->conn.bytes[0],
			    r->conn.bytes[1], r->conn.gap_bytes[0], r->conn.gap_bytes[1]);
		if (r->session.label != NULL)
			print(wire, " label=%s", r->session.label);
		break;
	case RECORD_PREFIX:
		print(wire, "prefix %u lengths=%u", r->prefix.dir, r->prefix.lengths);
		break;
	case RECORD_TURN:
		print(wire, "turn %u bytes=%lu", r->turn.dir, r->turn.bytes);
		break;
	case RECORD_FACT:
		print(wire, "%s %s %u", r->session.app_proto, fact_names[r->fact.type],
		    r->fact.code);
		if (r->fact.type == FACT_TUNNEL_END)
			print(wire, " size=%lu/%lu", r->fact.size, r->fact.size_back);
		for (unsigned i = 0; i < FACT_TEXTS; i++) {
			struct slice text = record_text(r, i);

			if (text.n > 0)
				print(wire, " %.*s", (int)text.n, (const char *)text.p);
		}
		break;
	}
	print(wire, "\n");
}

static void
drain(struct wire *wire)
{
	const struct record *r;

	while ((r = record_queue_peek(wire->queue)) != NULL) {
		print_record(wire, r);
		record_queue_pop(wire->queue);
	}
}

static void
put16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void
put32(uint8_t *p, uint32_t value)
{
	put16(p, value >> 16);
	put16(p + 2, value & 0xffff);
}

static uint32_t
sum16(uint32_t sum, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? p[i] : (uint32_t)p[i] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

static size_t
put_ip(uint8_t *p, const struct wire_conn *conn, unsigned dir, size_t tcp_bytes)
{
	const struct addr *src = &conn->addr[dir], *dst = &conn->addr[!dir];

	if (addr_is_v4(src)) {
		memset(p, 0, IPV4_HEAD);
		p[0] = 0x45;
		put16(p + 2, IPV4_HEAD + tcp_bytes);
		p[8] = 64;
		p[9] = 6;
		memcpy(p + 12, src->b + 12, 4);
		memcpy(p + 16, dst->b + 12, 4);
		put16(p + 10, ~sum16(0, p, IPV4_HEAD) & 0xffff);
		return IPV4_HEAD;
	}
	memset(p, 0, IPV6_HEAD);
	p[0] = 0x60;
	put16(p + 4, tcp_bytes);
	p[6] = 6;
	p[7] = 64;
	memcpy(p + 8, src->b, 16);
	memcpy(p + 24, dst->b, 16);
	return IPV6_HEAD;
}

static void
put_checksum(uint8_t *tcp, size_t tcp_bytes, const struct wire_conn *conn)
{
	size_t from = addr_is_v4(&conn->addr[0]) ? 12 : 0;
	uint32_t sum = 6 + (uint32_t)tcp_bytes;

	for (unsigned i = 0; i < 2; i++)
		sum = sum16(sum, conn->addr[i].b + from, 16 - from);
	put16(tcp + 16, ~sum16(sum, tcp, tcp_bytes) & 0xffff);
}

static void
capture(struct wire *wire, const uint8_t *data, size_t n)
{
	struct packet packet = {
		.data = data,
		.caplen = (uint32_t)n,
		.wirelen = (uint32_t)n,
		.linktype = LINKTYPE_RAW,
		.origin = { .ts_us = wire->now_us, .number = ++wire->number },
	};

	assert_int_equal(pipeline_packets(wire->pipeline, &packet, 1), 1);
	drain(wire);
	wire->now_us += 10000;
}

void
wire_send(struct wire *wire, struct wire_conn *conn, unsigned dir, unsigned flags,
    const char *payload)
{
	static uint8_t packet[IPV6_HEAD + TCP_HEAD + 65536];
	size_t n = strlen(payload);
	size_t ip = put_ip(packet, conn, dir, TCP_HEAD + n);
	uint8_t *tcp = packet + ip;

	memset(tcp, 0, TCP_HEAD);
	put16(tcp, conn->port[dir]);
	put16(tcp + 2, conn->port[!dir]);
	put32(tcp + 4, conn->seq[dir]);
	if (flags & TCP_ACK)
		put32(tcp + 8, conn->seq[!dir]);
	tcp[12] = TCP_HEAD / 4 << 4;
	tcp[13] = (uint8_t)flags;
	put16(tcp + 14, 65535);
	memcpy(tcp + TCP_HEAD, payload, n);
	put_checksum(tcp, TCP_HEAD + n, conn);
	tcp[17] ^= wire->spoil_checksum;
	conn->seq[dir] += (uint32_t)n + !!(flags & TCP_SYN) + !!(flags & TCP_FIN);
	capture(wire, packet, ip + TCP_HEAD + n);
}

void
wire_lose(struct wire_conn *conn, unsigned dir, const char *payload)
{
	conn->seq[dir] += (uint32_t)strlen(payload);
}

void
wire_open(struct wire *wire, struct wire_conn *conn)
{
	wire_send(wire, conn, 0, TCP_SYN, "");
	wire_send(wire, conn, 1, TCP_SYN | TCP_ACK, "");
	wire_send(wire, conn, 0, TCP_ACK, "");
}

void
wire_close(struct wire *wire, struct wire_conn *conn)
{
	wire_send(wire, conn, 0, TCP_FIN | TCP_ACK, "");
	wire_send(wire, conn, 1, TCP_FIN | TCP_ACK, "");
	wire_send(wire, conn, 0, TCP_ACK, "");
}

void
wire_talk(struct wire *wire, struct wire_conn *conn, const char *const lines[])
{
	for (unsigned i = 0; lines[i] != NULL; i++)
		wire_send(wire, conn, i % 2 ? 0 : 1, TCP_ACK | TCP_PSH, lines[i]);
}

void
wire_wait(struct wire *wire, int64_t us)
{
	static const uint8_t not_ip[] = { 0xff };

	wire->now_us += us;
	capture(wire, not_ip, sizeof(not_ip));
}

void
wire_time(struct wire *wire, int64_t now_us)
{
	pipeline_time(wire->pipeline, now_us);
	drain(wire);
}

void
wire_finish(struct wire *wire)
{
	while (pipeline_finish(wire->pipeline))
		drain(wire);
	drain(wire);
}

unsigned
wire_count(const struct wire *wire, const char *words)
{
	unsigned count = 0;

	for (const char *p = wire->text; (p = strstr(p, words)) != NULL; p++)
		count++;
	return count;
}

const char *
wire_line(const struct wire *wire, const char *words)
{
	static char line[1024];
	const char *found = NULL, *start;

	for (const char *p = wire->text; (p = strstr(p, words)) != NULL; p++)
		found = p;
	if (found == NULL)
		return "";
	for (start = found; start > wire->text && start[-1] != '\n'; start--)
		;
	snprintf(line, sizeof(line), "%.*s", (int)strcspn(start, "\n"), start);
	return line;
}

struct look_up {
	struct stats_visitor visitor;
	const char *group, *name;
	uint64_t value;
	bool found;
};

static void
look(struct stats_visitor *visitor, const char *group, const char *name, uint64_t value)
{
	struct look_up *l = (struct look_up *)(void *)visitor;

	if (strcmp(group, l->group) == 0 && strcmp(name, l->name) == 0) {
		l->value = value;
		l->found = true;
	}
}

uint64_t
wire_counter(const struct wire *wire, const char *group, const char *name)
{
	struct look_up l = { .visitor = { look }, .group = group, .name = name };

	pipeline_stats(wire->pipeline, &l.visitor);
	assert_true(l.found);
	return l.value;
}
