/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TEST_HOUSE_H
#define RELAYWATCH_TEST_HOUSE_H

/*
 * The whole house of analyzers, small, from records to the lines of its output. Home is
 * 192.0.2.0/24 and 2001:db8:1::/48.
 */

#include <json-c/json.h>

#include "analyzer.h"
#include "sink.h"

enum { HOUSE_OUT_BYTES = 1 << 16 };

struct house {
	struct conf conf; /* may be changed between init and start */
	struct sinks *sinks;
	struct analyzers *analyzers;
	int64_t now_us;
	uint64_t packet;
	char path[32];             /* of the events, one JSON object a line */
	char out[HOUSE_OUT_BYTES]; /* see house_finish() */
};

/* local: our domains; NULL: none. */
void house_init(struct house *house, const char *local);
void house_start(struct house *house);

/* Everything has ended: house->out is a line of describe() for each finding. */
void house_finish(struct house *house,
    void (*describe)(struct json_object *event, char *out, size_t size));
void house_release(struct house *house);

/* A record, 10 ms after the one before: its time and packet are given here. */
void house_record(struct house *house, struct record *record);
void house_fact(struct house *house, const struct session *session, uint32_t tx,
    const struct fact *fact);

struct endpoint house_endpoint(
    const struct house *house, const char *addr, uint16_t port);

/* The alerts, as an object in the order of the first ones: a line replaces the earlier of
 * the same id, verdict and first_seen. The caller's to put. */
struct json_object *house_alerts(const struct house *house);

/* NULL: it has none, o may be NULL too; as text then "-". */
struct json_object *house_member(struct json_object *o, const char *name);
const char *house_text(struct json_object *o, const char *name);
struct json_object *house_context(struct json_object *event); /* alert.context */

#endif
