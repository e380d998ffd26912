/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "json_parts.h"
#include "text.h"

enum { ALERT_GID = 9001, ALERT_REV = 1 };

static void
put_target(struct json_object *to, const struct alert_target *target, unsigned *marks)
{
	struct json_object *object;

	if (target->host.n == 0 && !target->has_addr)
		return;
	object = json_object_new_object();
	if (target->host.n != 0)
		json_put_text(object, "host", target->host, marks);
	if (target->has_addr)
		json_put_addr(object, "ip", &target->addr);
	if (target->port != 0)
		json_put_number(object, "port", target->port);
	json_put(to, "target", object);
}

static void
put_mechanisms(struct json_object *to, const struct alert *alert)
{
	struct json_object *via = json_object_new_array_ext(ALERT_VIA);

	json_put_string(to, "mechanism", alert_mechanism_name(alert->mechanism));
	for (unsigned i = 0; i < alert->via_count; i++)
		json_object_array_add(
		    via, json_object_new_string(alert_mechanism_name(alert->via[i])));
	json_put_filled(to, "via", via);
}

static void
put_evidence(struct json_object *to, const struct alert *alert)
{
	struct json_object *list = json_object_new_array();
	char buf[ALERT_WORD_MAX];
	const char *word;
	unsigned bit = 0;

	while ((word = alert_evidence_next(alert, &bit, buf)) != NULL)
		json_object_array_add(list, json_object_new_string(word));
	json_put(to, "evidence", list);
}

static struct json_object *
rcpt_codes(const struct transaction *mail, unsigned *marks)
{
	struct json_object *list = json_object_new_array_ext((int)mail->rcpts_kept);

	for (uint32_t i = 0; i < mail->rcpts_kept; i++) {
		struct json_object *rcpt = json_object_new_object();

		json_put_text(rcpt, "addr", mail->rcpt[i].path, marks);
		json_put_code(rcpt, "code", mail->rcpt[i].code);
		json_object_array_add(list, rcpt);
	}
	return list;
}

static void
put_mail(struct json_object *to, const struct transaction *mail)
{
	unsigned marks = mail->cut ? TEXT_CUT : 0;
	struct json_object *object = json_object_new_object();

	json_put_text(object, "mail_from", mail->mail_from, &marks);
	json_put_filled(object, "rcpt", rcpt_codes(mail, &marks));
	json_put_number(object, "rcpt_count", mail->rcpt_count);
	json_put_text(object, "message_id", mail->message_id, &marks);
	json_put_text(object, "subject", mail->subject, &marks);
	if (mail->has_message)
		json_put_number(object, "size", mail->size);
	if ((marks & TEXT_CUT) != 0)
		json_put_true(object, "cut");
	if ((marks & TEXT_NOT_UTF8) != 0)
		json_put_true(object, "not_utf8");
	json_put(to, "mail", object);
}

static struct json_object *
leg_object(const struct sink_names *names, const struct alert_leg *leg)
{
	struct json_object *object = json_object_new_object();

	json_put_string(object, "role", leg->outbound ? "outbound" : "inbound");
	json_put_ends(object, &leg->client, &leg->server);
	json_put_community_id(object, &leg->client, &leg->server);
	json_put_number(object, "flow_id", leg->flow_id);
	json_put_time(object, "first", leg->first_us);
	json_put_time(object, "last", leg->last_us);
	json_put_source(object, names, &leg->origin);
	if (leg->origin.number != 0)
		json_put_number(object, "pcap_cnt", leg->origin.number);
	json_put_string(object, "tls", mail_tls_name(leg->tls));
	return object;
}

static void
put_legs(
    struct json_object *to, const struct sink_names *names, const struct alert *alert)
{
	struct json_object *list = json_object_new_array_ext(ALERT_LEGS);

	for (unsigned i = 0; i < alert->legs; i++)
		json_object_array_add(list, leg_object(names, &alert->leg[i]));
	json_put_filled(to, "legs", list);
}

static void
put_related(struct json_object *to, const struct alert *alert)
{
	struct json_object *list = json_object_new_array_ext(ALERT_RELATED);
	char buf[17];

	for (unsigned i = 0; i < alert->related_count; i++) {
		snprintf(
		    buf, sizeof(buf), "%016llx", (unsigned long long)alert->related[i]);
		json_object_array_add(list, json_object_new_string(buf));
	}
	json_put_filled(to, "related", list);
}

static void
put_tally(struct json_object *to, const struct alert_tally *tally)
{
	struct json_object *list;
	char buf[ADDR_TEXT_MAX];

	json_put_number(to, "count", tally->count);
	json_put_time(to, "first_seen", tally->first_us);
	json_put_time(to, "last_seen", tally->last_us);
	if (tally->clients_total == 0)
		return;
	json_put_number(to, "clients_total", tally->clients_total);
	list = json_object_new_array_ext((int)tally->clients_count);
	for (unsigned i = 0; i < tally->clients_count; i++)
		json_object_array_add(
		    list, json_object_new_string(addr_format(&tally->clients[i], buf)));
	json_put_filled(to, "clients", list);
}

static struct json_object *
context_object(const struct sink_names *names, const struct alert *alert,
    const struct alert_tally *tally)
{
	struct json_object *object = json_object_new_object();
	unsigned marks = 0;

	json_put_hash(object, "id", tally->id);
	json_put_string(object, "kind", alert_kind_name(alert->kind));
	json_put_string(object, "verdict", alert_verdict_name(alert->verdict));
	json_put_addr(object, "server", &alert->server.addr);
	json_put_number(object, "server_port", alert->server.port);
	if (alert->has_client && tally->clients_total == 0)
		json_put_addr(object, "client", &alert->client);
	put_target(object, &alert->target, &marks);
	put_mechanisms(object, alert);
	json_put_string(object, "confidence", alert_confidence_name(alert->confidence));
	put_evidence(object, alert);
	if (alert->mail != NULL && !alert->mail->empty)
		put_mail(object, alert->mail);
	put_legs(object, names, alert);
	put_related(object, alert);
	if (alert->has_delay)
		json_put(object, "delay_ms", json_object_new_int64(alert->delay_ms));
	put_tally(object, tally);
	return object;
}

static struct json_object *
metadata_object(const struct alert *alert, const struct alert_signature *signature)
{
	struct json_object *object = json_object_new_object();
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; signature != NULL && signature->mitre[i] != NULL; i++)
		json_object_array_add(list, json_object_new_string(signature->mitre[i]));
	json_put_filled(object, "mitre_technique_id", list);
	list = json_object_new_array_ext(1);
	json_object_array_add(
	    list, json_object_new_string(alert_confidence_name(alert->confidence)));
	json_put(object, "confidence", list);
	return object;
}

static struct json_object *
alert_object(const struct sink_names *names, const struct alert *alert,
    const struct alert_tally *tally)
{
	const struct alert_signature *signature = alert_signature(alert->signature_id);
	struct json_object *object = json_object_new_object();
	char text[ALERT_TEXT_MAX];

	json_put_string(object, "action", "allowed");
	json_put_number(object, "gid", ALERT_GID);
	json_put_number(object, "signature_id", alert->signature_id);
	json_put_number(object, "rev", ALERT_REV);
	json_put_string(object, "signature", alert_text(alert, text));
	json_put_string(object, "category", signature == NULL ? "" : signature->category);
	json_put_number(object, "severity", signature == NULL ? 3 : signature->severity);
	json_put(object, "metadata", metadata_object(alert, signature));
	json_put(object, "context", context_object(names, alert, tally));
	return object;
}

struct json_object *
json_alert_event(const struct sink_names *names, const struct alert *alert,
    const struct alert_tally *tally)
{
	struct json_object *event;
	unsigned marks = 0;

	event = json_head(names, "alert", &alert->session, &alert->origin,
	    alert->has_tx ? &alert->tx_id : NULL);
	json_put(event, "alert", alert_object(names, alert, tally));
	if (alert->mail != NULL)
		json_put_mail(event, alert->mail, &marks);
	return event;
}
