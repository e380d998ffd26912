/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>
#include <time.h>

#include "community_id.h"
#include "json_parts.h"
#include "text.h"

void
json_put(struct json_object *to, const char *key, struct json_object *value)
{
	json_object_object_add_ex(to, key, value,
	    JSON_C_OBJECT_ADD_KEY_IS_NEW | JSON_C_OBJECT_ADD_CONSTANT_KEY);
}

struct json_object *
json_text(struct slice text, unsigned *marks)
{
	char buf[TEXT_MAX + 1];
	size_t n = text_clean(text, buf, sizeof(buf), marks);

	return json_object_new_string_len(buf, (int)n);
}

/* A text that was never seen is left out; an empty one is not. */
void
json_put_text(struct json_object *to, const char *key, struct slice text, unsigned *marks)
{
	if (text.p != NULL)
		json_put(to, key, json_text(text, marks));
}

void
json_put_string(struct json_object *to, const char *key, const char *value)
{
	json_put(to, key, json_object_new_string(value));
}

void
json_put_number(struct json_object *to, const char *key, uint64_t value)
{
	json_put(to, key, json_object_new_uint64(value));
}

void
json_put_code(struct json_object *to, const char *key, uint16_t code)
{
	if (code != 0)
		json_put_number(to, key, code);
}

void
json_put_true(struct json_object *to, const char *key)
{
	json_put(to, key, json_object_new_boolean(1));
}

/* As text: JavaScript keeps only 53 bits of a number. */
void
json_put_hash(struct json_object *to, const char *key, uint64_t hash)
{
	char buf[17];

	snprintf(buf, sizeof(buf), "%016llx", (unsigned long long)hash);
	json_put_string(to, key, buf);
}

/* Three decimals, the same text on every machine. */
void
json_put_ms(struct json_object *to, const char *key, int32_t us)
{
	char buf[32];

	snprintf(buf, sizeof(buf), "%d.%03d", us / 1000, us % 1000);
	json_put(to, key, json_object_new_double_s(us / 1000.0, buf));
}

void
json_put_time(struct json_object *to, const char *key, int64_t ts_us)
{
	int64_t us = ts_us % 1000000;
	time_t sec = (time_t)(ts_us / 1000000);
	char date[32], buf[64];
	struct tm tm;

	if (us < 0) {
		us += 1000000;
		sec--;
	}
	if (gmtime_r(&sec, &tm) == NULL)
		return;
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, sizeof(buf), "%s.%06d+0000", date, (int)us);
	json_put_string(to, key, buf);
}

void
json_put_addr(struct json_object *to, const char *key, const struct addr *addr)
{
	char buf[ADDR_TEXT_MAX];

	json_put_string(to, key, addr_format(addr, buf));
}

/* Lists and objects without anything in them are no part of EVE. */
void
json_put_filled(struct json_object *to, const char *key, struct json_object *value)
{
	bool filled = json_object_is_type(value, json_type_array)
	    ? json_object_array_length(value) != 0
	    : json_object_object_length(value) != 0;

	if (filled)
		json_put(to, key, value);
	else
		json_object_put(value);
}

void
json_put_ends(struct json_object *to, const struct endpoint *client,
    const struct endpoint *server)
{
	json_put_addr(to, "src_ip", &client->addr);
	json_put_number(to, "src_port", client->port);
	json_put_addr(to, "dest_ip", &server->addr);
	json_put_number(to, "dest_port", server->port);
}

void
json_put_community_id(struct json_object *to, const struct endpoint *client,
    const struct endpoint *server)
{
	char buf[COMMUNITY_ID_MAX];

	community_id_tcp(&client->addr, client->port, &server->addr, server->port, buf);
	json_put_string(to, "community_id", buf);
}

void
json_put_source(
    struct json_object *to, const struct sink_names *names, const struct origin *origin)
{
	const char *name = names->source(names->context, origin->source);
	unsigned marks = 0;

	if (name != NULL)
		json_put_text(to, names->live ? "in_iface" : "pcap_filename",
		    slice_str(name), &marks);
}

static void
put_vlan(struct json_object *to, const struct session *session)
{
	struct json_object *vlan;

	if (session->vlan_layers == 0)
		return;
	vlan = json_object_new_array_ext(session->vlan_layers);
	for (unsigned i = 0; i < session->vlan_layers; i++)
		json_object_array_add(vlan, json_object_new_int(session->vlan[i]));
	json_put(to, "vlan", vlan);
}

struct json_object *
json_head(const struct sink_names *names, const char *event_type,
    const struct session *session, const struct origin *origin, const uint32_t *tx_id)
{
	struct json_object *event = json_object_new_object();

	json_put_time(event, "timestamp", origin->ts_us);
	json_put_number(event, "flow_id", session->flow_id);
	json_put_source(event, names, origin);
	if (origin->number != 0)
		json_put_number(event, "pcap_cnt", origin->number);
	json_put_string(event, "event_type", event_type);
	put_vlan(event, session);
	json_put_ends(event, &session->client, &session->server);
	json_put_string(event, "proto", "TCP");
	json_put_number(event, "ip_v", addr_is_v4(&session->client.addr) ? 4 : 6);
	json_put_community_id(event, &session->client, &session->server);
	if (session->app_proto != NULL || session->label != NULL)
		json_put_string(event, "app_proto",
		    session->app_proto != NULL ? session->app_proto : session->label);
	if (tx_id != NULL)
		json_put_number(event, "tx_id", *tx_id);
	return event;
}
