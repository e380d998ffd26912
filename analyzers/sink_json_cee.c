/* SPDX-License-Identifier: BSD-2-Clause */
#include "sink_json_cee.h"

#include <string.h>

#include "json_parts.h"
#include "text.h"

enum { PATH_KEYS = 4 };

static const char cookie[] = "@cee: ";

/* What is left out, in this order, until the rest fits: first what context.mail says
 * again, last what says where to look. Without all of it an event has no text of more
 * than a domain's length. */
static const struct {
	const char *name;
	const char *path[PATH_KEYS];
} bulky[] = {
	{ "email", { "email" } },
	{ "smtp", { "smtp" } },
	{ "clients", { "alert", "context", "clients" } },
	{ "mail.rcpt", { "alert", "context", "mail", "rcpt" } },
	{ "mail", { "alert", "context", "mail" } },
	{ "target", { "alert", "context", "target" } },
	{ "legs", { "alert", "context", "legs" } },
	{ "pcap_filename", { "pcap_filename" } },
};

/* Takes what the path leads to out of the event. */
static bool
leave_out(struct json_object *event, const char *const path[static PATH_KEYS])
{
	unsigned i;

	for (i = 0; i + 1 < PATH_KEYS && path[i + 1] != NULL; i++) {
		if (!json_object_object_get_ex(event, path[i], &event))
			return false;
	}
	if (!json_object_object_get_ex(event, path[i], NULL))
		return false;
	json_object_object_del(event, path[i]);
	return true;
}

static void
note_left_out(struct json_object *event, const char *name)
{
	struct json_object *at = event, *list;

	if (!json_object_object_get_ex(event, "alert", &at) ||
	    !json_object_object_get_ex(at, "context", &at))
		return;
	if (!json_object_object_get_ex(at, "left_out", &list)) {
		list = json_object_new_array();
		json_put(at, "left_out", list);
	}
	json_object_array_add(list, json_object_new_string(name));
}

/* 0 where it does not fit. */
static size_t
put_bytes(char *out, size_t used, const char *bytes, size_t n)
{
	if (n >= CEE_LINE_MAX - used)
		return 0;
	memcpy(out + used, bytes, n);
	out[used + n] = '\0';
	return used + n;
}

/* The event behind the cookie, with deceptive characters escaped; 0 where it does not
 * fit. */
static size_t
put_event(struct json_object *event, char *out)
{
	size_t n = 0, used = put_bytes(out, 0, cookie, strlen(cookie));
	const char *text = json_object_to_json_string_length(
	    event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &n);
	const char *end = text + n;

	while (text != NULL && used != 0 && text < end) {
		char escape[TEXT_ESCAPE_MAX];
		size_t bytes = 0;
		uint32_t code = 0;
		const char *bad = text_deceptive(text, end, &bytes, &code);

		used = put_bytes(out, used, text, (size_t)(bad - text));
		if (bad == end)
			break;
		if (used != 0)
			used =
			    put_bytes(out, used, escape, text_json_escape(code, escape));
		text = bad + bytes;
	}
	return text != NULL ? used : 0;
}

size_t
cee_line(const struct sink_names *names, const struct alert *alert,
    const struct alert_tally *tally, char out[static CEE_LINE_MAX])
{
	struct json_object *event = json_alert_event(names, alert, tally);
	size_t n = put_event(event, out);

	for (size_t i = 0; n == 0 && i < sizeof(bulky) / sizeof(bulky[0]); i++) {
		if (!leave_out(event, bulky[i].path))
			continue;
		note_left_out(event, bulky[i].name);
		n = put_event(event, out);
	}
	json_object_put(event);
	return n;
}
