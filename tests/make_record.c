/* SPDX-License-Identifier: BSD-2-Clause */
#include "make_record.h"

#include <stdlib.h>

const int64_t make_start_us = 1795288832123456;

void
make_init(struct make *make)
{
	memset(make, 0, sizeof(*make));
	make->now_us = make_start_us;
}

struct addr
make_addr(const char *text)
{
	struct addr addr;

	if (addr_parse(text, &addr) != 0)
		abort();
	return addr;
}

struct endpoint
make_endpoint(const char *text, uint16_t port)
{
	bool home = strncmp(text, "192.0.2.", 8) == 0 ||
	    strncmp(text, "2001:db8:1:", 11) == 0;

	return (struct endpoint){ .addr = make_addr(text), .port = port, .home = home };
}

struct origin
make_origin(const struct make *make)
{
	return (struct origin){ .ts_us = make->now_us, .number = make->number };
}

void
make_session(struct make *make, uint64_t flow_id, const char *client, uint16_t port,
    const char *server, uint16_t server_port)
{
	make->tx = 0;
	make->session = (struct session){ .flow_id = flow_id,
		.client = make_endpoint(client, port),
		.server = make_endpoint(server, server_port),
		.start_us = make->now_us,
		.start = make_origin(make),
		.app_proto = "smtp" };
}

static struct record *
make_head(struct make *make, enum record_class class)
{
	struct record *record = &make->record;

	make->now_us += 1000;
	make->number++;
	memset(record, 0, sizeof(*record));
	record->total_bytes = sizeof(*record);
	record->class = class;
	record->origin = make_origin(make);
	record->packet = make->number;
	record->session = make->session;
	return record;
}

struct record *
make_fact_slices(struct make *make, enum fact_type type, uint16_t code,
    struct slice text0, struct slice text1, struct slice text2)
{
	struct slice text[FACT_TEXTS] = { text0, text1, text2 };
	struct record *record = make_head(make, RECORD_FACT);
	uint8_t *p = (uint8_t *)(record + 1);

	record->fact.type = type;
	record->fact.code = code;
	record->fact.ok = code / 100 == 2;
	record->fact.tx = make->tx;
	for (unsigned i = 0; i < FACT_TEXTS; i++) {
		record->fact.text_len[i] = (uint16_t)text[i].n;
		if (text[i].n != 0)
			memcpy(p, text[i].p, text[i].n);
		p += text[i].n;
		record->total_bytes += (uint32_t)text[i].n;
	}
	record->total_bytes = (record->total_bytes + 7) / 8 * 8;
	return record;
}

struct record *
make_fact(struct make *make, enum fact_type type, uint16_t code, const char *text0,
    const char *text1, const char *text2)
{
	return make_fact_slices(
	    make, type, code, slice_str(text0), slice_str(text1), slice_str(text2));
}

struct record *
make_header(struct make *make, enum fact_header header, const char *value)
{
	struct record *record = make_fact(make, FACT_HEADER, 0, value, "", "");

	record->fact.header = header;
	return record;
}

struct record *
make_message(struct make *make, uint64_t size, uint64_t body_hash)
{
	struct record *record = make_fact(make, FACT_MESSAGE, 0, "", "", "");

	record->fact.size = size;
	record->fact.body_hash = body_hash;
	record->fact.body_bytes = (uint32_t)size;
	return record;
}

struct record *
make_abort(struct make *make, enum fact_abort abort)
{
	struct record *record = make_fact(make, FACT_ABORT, 0, "", "", "");

	record->fact.abort = abort;
	return record;
}

struct record *
make_closed(struct make *make, uint8_t flags)
{
	struct record *record = make_head(make, RECORD_CONN);

	record->conn.event = RECORD_CONN_CLOSED;
	record->conn.flags = flags;
	return record;
}
