/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_JSON_PARTS_H
#define RELAYWATCH_JSON_PARTS_H

/*
 * Pieces of which sink_json.c makes events. Only the sink_json*.c files include this: no
 * other file knows json-c. Keys are constants and lie in the order in which they are put.
 */

#include <json-c/json.h>

#include "sink.h"

/* What has been put is owned by to. */
void json_put(struct json_object *to, const char *key, struct json_object *value);
void json_put_text(
    struct json_object *to, const char *key, struct slice text, unsigned *marks);
void json_put_string(struct json_object *to, const char *key, const char *value);
void json_put_number(struct json_object *to, const char *key, uint64_t value);
void json_put_code(struct json_object *to, const char *key, uint16_t code); /* 0: not */
void json_put_true(struct json_object *to, const char *key);
void json_put_hash(struct json_object *to, const char *key, uint64_t hash);
void json_put_ms(struct json_object *to, const char *key, int32_t us);
void json_put_time(struct json_object *to, const char *key, int64_t ts_us);
void json_put_addr(struct json_object *to, const char *key, const struct addr *addr);
void json_put_filled(struct json_object *to, const char *key, struct json_object *value);
struct json_object *json_text(struct slice text, unsigned *marks);

/* src_ip, src_port, dest_ip, dest_port. */
void json_put_ends(struct json_object *to, const struct endpoint *client,
    const struct endpoint *server);
void json_put_community_id(struct json_object *to, const struct endpoint *client,
    const struct endpoint *server);
/* in_iface or pcap_filename. */
void json_put_source(
    struct json_object *to, const struct sink_names *names, const struct origin *origin);

/* EVE's common fields. tx_id: NULL where there is none. */
struct json_object *json_head(const struct sink_names *names, const char *event_type,
    const struct session *session, const struct origin *origin, const uint32_t *tx_id);

/* Mechanisms of the tunnels around a session, the outermost first. */
void json_put_via(
    struct json_object *to, const char *key, const struct session *session);

/* EVE's `smtp` and `email` objects, left out where empty. */
void json_put_mail(
    struct json_object *to, const struct transaction *tx, unsigned *marks);

/* Whole events; the caller owns them. */
struct json_object *json_alert_event(const struct sink_names *names,
    const struct alert *alert, const struct alert_tally *tally);
struct json_object *json_smtp_event(
    const struct sink_names *names, const struct transaction *tx);
struct json_object *json_proxy_event(
    const struct sink_names *names, const struct request *request);
struct json_object *json_stats_event(const struct sink_stats *stats);

#endif
