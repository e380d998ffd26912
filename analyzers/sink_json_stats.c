/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_parts.h"

struct json_visitor {
	struct stats_visitor visitor; /* first: the visited get this */
	struct json_object *stats;
};

static void
visit_counter(
    struct stats_visitor *visitor, const char *group, const char *name, uint64_t value)
{
	struct json_visitor *v = (struct json_visitor *)visitor;
	struct json_object *object;

	if (!json_object_object_get_ex(v->stats, group, &object)) {
		object = json_object_new_object();
		json_object_object_add(v->stats, group, object);
	}
	json_object_object_add(object, name, json_object_new_uint64(value));
}

static struct json_object *
mechanism_list(const struct inventory_server *server)
{
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < ALERT_MECHANISMS; i++) {
		if ((server->mechanisms & 1u << i) != 0)
			json_object_array_add(list,
			    json_object_new_string(
			        alert_mechanism_name((enum alert_mechanism)i)));
	}
	return list;
}

static struct json_object *
server_object(const struct inventory_server *server)
{
	struct json_object *object = json_object_new_object();

	json_put_addr(object, "ip", &server->server.addr);
	json_put_number(object, "port", server->server.port);
	if (server->name[0] != '\0')
		json_put_string(object, "name", server->name);
	json_put_string(object, "state", inventory_state_name(server->state));
	if (server->verdict != ALERT_NO_VERDICT)
		json_put_string(object, "verdict",
		    alert_verdict_name((enum alert_verdict)server->verdict));
	json_put_filled(object, "mechanisms", mechanism_list(server));
	if (server->proxy) {
		json_put_true(object, "proxy");
		json_put_number(object, "requests", server->requests);
		json_put_number(object, "inside_requests", server->inside_requests);
	}
	json_put_number(object, "sessions", server->sessions);
	json_put_number(object, "sessions_tls", server->sessions_tls);
	json_put_number(object, "sessions_one_sided", server->sessions_one_sided);
	json_put_number(object, "inbound", server->inbound);
	json_put_number(object, "authenticated", server->authenticated);
	json_put_number(object, "local", server->local);
	json_put_number(object, "undecided",
	    server->judged[INVENTORY_UNREADABLE] + server->judged[INVENTORY_NO_DOMAINS]);
	json_put_number(object, "third_party", server->third_party);
	json_put_number(object, "refused", server->refused);
	json_put_time(object, "first_seen", server->first_us);
	json_put_time(object, "last_seen", server->last_us);
	return object;
}

static struct json_object *
server_list(struct inventory *inventory)
{
	struct json_object *list = json_object_new_array();
	struct inventory_server server;

	inventory_sort(inventory);
	for (size_t i = 0; inventory_server(inventory, i, &server); i++)
		json_object_array_add(list, server_object(&server));
	return list;
}

struct json_object *
json_stats_event(const struct sink_stats *stats)
{
	struct json_object *event = json_object_new_object();
	struct json_visitor v = { .visitor.counter = visit_counter,
		.stats = json_object_new_object() };

	json_put_time(event, "timestamp", stats->now_us);
	json_put_string(event, "event_type", "stats");
	stats->visit(stats->context, &v.visitor);
	if (stats->inventory != NULL)
		json_put(v.stats, "servers", server_list(stats->inventory));
	json_put(event, "stats", v.stats);
	return event;
}
