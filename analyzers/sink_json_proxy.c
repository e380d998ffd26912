/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_parts.h"
#include "text.h"

static const char *
tunnel_name(enum fact_tunnel tunnel)
{
	return alert_mechanism_name(alert_mechanism_of(tunnel));
}

void
json_put_via(struct json_object *to, const char *key, const struct session *session)
{
	struct json_object *list = json_object_new_array_ext(RECORD_DEPTH_MAX);

	for (unsigned i = 0; i < session->depth && i < RECORD_DEPTH_MAX; i++)
		json_object_array_add(list, json_object_new_string(tunnel_name(
						(enum fact_tunnel)session->via[i])));
	json_put_filled(to, key, list);
}

static struct json_object *
target_object(const struct request *request, unsigned *marks)
{
	struct json_object *object = json_object_new_object();

	if (request->host_n != 0)
		json_put_text(object, "host", request_host(request), marks);
	if (request->has_addr)
		json_put_addr(object, "ip", &request->addr);
	if (request->port != 0)
		json_put_number(object, "port", request->port);
	return object;
}

static struct json_object *
relaywatch_object(const struct request *request)
{
	struct json_object *object = json_object_new_object();
	struct slice user = slice_of(request->user, request->user_n);
	struct slice inner = slice_of(request->inner, request->inner_n);
	unsigned marks = request->cut ? TEXT_CUT : 0;

	json_put_string(object, "mechanism", tunnel_name(request->tunnel));
	json_put_via(object, "via", &request->session);
	json_put_filled(object, "target", target_object(request, &marks));
	if (user.n != 0)
		json_put_text(object, "user", user, &marks);
	json_put_string(object, "outcome", request_outcome_name(request->outcome));
	if (request->outcome != REQUEST_UNANSWERED)
		json_put_number(object, "code", request->code);
	if (request->weak)
		json_put_true(object, "weak");
	if (inner.n != 0)
		json_put_text(object, "inner", inner, &marks);
	json_put_number(object, "bytes_to_target", request->bytes_to_target);
	json_put_number(object, "bytes_to_client", request->bytes_to_client);
	if ((marks & TEXT_CUT) != 0)
		json_put_true(object, "cut");
	if ((marks & TEXT_NOT_UTF8) != 0)
		json_put_true(object, "not_utf8");
	return object;
}

struct json_object *
json_proxy_event(const struct sink_names *names, const struct request *request)
{
	struct json_object *event =
	    json_head(names, "proxy", &request->session, &request->last, &request->tx);

	json_put(event, "relaywatch", relaywatch_object(request));
	return event;
}
