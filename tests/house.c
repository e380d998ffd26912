/* SPDX-License-Identifier: BSD-2-Clause */
#include "house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { EVENT_BYTES = 32768 };

static const char *
source_name(const void *context, uint16_t source)
{
	(void)context;
	(void)source;
	return "test.pcap";
}

void
house_init(struct house *h, const char *local)
{
	char error[CONF_ERROR_MAX] = "";
	int fd;

	memset(h, 0, sizeof(*h));
	assert_int_equal(conf_init(&h->conf), 0);
	assert_int_equal(
	    conf_set_home_net(&h->conf, "192.0.2.0/24,2001:db8:1::/48", error), 0);
	if (local != NULL)
		assert_int_equal(conf_set_local_domains(&h->conf, local, error), 0);
	strcpy(h->path, "/tmp/relaywatch.XXXXXX");
	fd = mkstemp(h->path);
	assert_true(fd >= 0);
	close(fd);
	h->conf.output.path = strdup(h->path);
	h->conf.mail.sessions = 64;
	h->conf.mail.blocks = 512;
	h->conf.alerts.findings = 1024;
	h->conf.relay.messages = 4096;
	h->conf.relay.keys = 16384;
	h->conf.proxy.requests = 1024;
	h->conf.proxy.legs = 1024;
	h->conf.proxy.connections = 1024;
	h->now_us = INT64_C(1795288832000000);
}

void
house_start(struct house *h)
{
	static const struct sink_names names = { .source = source_name };
	char error[CONF_ERROR_MAX] = "";

	h->sinks = sinks_open(&h->conf, &names, error);
	if (h->sinks == NULL)
		fail_msg("%s", error);
	h->analyzers = analyzers_new(&h->conf, h->sinks);
	assert_non_null(h->analyzers);
}

void
house_release(struct house *h)
{
	analyzers_free(h->analyzers);
	sinks_close(h->sinks);
	conf_release(&h->conf);
	unlink(h->path);
}

void
house_record(struct house *h, struct record *record)
{
	h->now_us += 10000;
	record->packet = ++h->packet;
	record->origin = (struct origin){ .ts_us = h->now_us, .number = h->packet };
	analyzers_record(h->analyzers, record);
}

void
house_fact(
    struct house *h, const struct session *session, uint32_t tx, const struct fact *fact)
{
	static union {
		struct record head;
		uint8_t room[sizeof(struct record) + FACT_TEXT_MAX + 8];
	} u;
	struct record *r = &u.head;
	uint8_t *p = u.room + sizeof(struct record);

	memset(&u, 0, sizeof(u));
	r->class = RECORD_FACT;
	r->session = *session;
	r->fact.type = fact->type;
	r->fact.flags = fact->flags;
	r->fact.ok = fact->ok;
	r->fact.header = fact->header; /* or what else stands in this place */
	r->fact.code = fact->code;
	r->fact.port = fact->port;
	r->fact.tx = tx;
	r->fact.size = fact->size;
	r->fact.size_back = fact->size_back;
	r->fact.body_hash = fact->body_hash;
	r->fact.body_bytes = fact->body_bytes;
	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		r->fact.text_len[i] = (uint16_t)fact->text[i].n;
		if (fact->text[i].n > 0)
			memcpy(p, fact->text[i].p, fact->text[i].n);
		p += fact->text[i].n;
	}
	r->total_bytes = (uint32_t)((p - u.room + 7) & ~7);
	house_record(h, r);
}

struct endpoint
house_endpoint(const struct house *h, const char *addr, uint16_t port)
{
	struct endpoint e = { .port = port };

	if (addr_parse(addr, &e.addr) != 0)
		fail_msg("\"%s\" is no address", addr);
	e.home = netset_has(h->conf.home_net, &e.addr);
	return e;
}

struct json_object *
house_member(struct json_object *o, const char *name)
{
	struct json_object *v = NULL;

	json_object_object_get_ex(o, name, &v);
	return v;
}

const char *
house_text(struct json_object *o, const char *name)
{
	struct json_object *v = house_member(o, name);

	return v != NULL ? json_object_get_string(v) : "-";
}

struct json_object *
house_context(struct json_object *event)
{
	return house_member(house_member(event, "alert"), "context");
}

struct json_object *
house_alerts(const struct house *h)
{
	struct json_object *all = json_object_new_object();
	char line[EVENT_BYTES], key[256];
	FILE *file = fopen(h->path, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		struct json_object *event = json_tokener_parse(line);
		struct json_object *context = house_context(event);

		assert_non_null(context);
		snprintf(key, sizeof(key), "%s %s %s", house_text(context, "id"),
		    house_text(context, "verdict"), house_text(context, "first_seen"));
		json_object_object_add(all, key, event);
	}
	fclose(file);
	return all;
}

void
house_finish(
    struct house *h, void (*describe)(struct json_object *event, char *out, size_t size))
{
	char error[CONF_ERROR_MAX] = "", *out = h->out;
	struct json_object *all;

	analyzers_finish(h->analyzers);
	assert_int_equal(sinks_flush(h->sinks, error), 0);
	all = house_alerts(h);
	json_object_object_foreach(all, key, event)
	{
		(void)key;
		if (strcmp(house_text(house_context(event), "count"), "0") == 0)
			continue;
		describe(event, out, (size_t)(h->out + sizeof(h->out) - out) - 2);
		out += strlen(out);
		*out++ = '\n';
	}
	*out = '\0';
	json_object_put(all);
}
