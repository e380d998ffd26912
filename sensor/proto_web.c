/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A request to the web server itself (RFC 9112 section 3.2.1): of the first, the host
 * that it is for. Looked at inside tunnels, where it tells what the proxy was used for,
 * and where a host fetches that was asked to by somebody outside: is it what he asked
 * for? All else stays unclaimed, so that its payload turns are recorded.
 */
#include "ascii.h"
#include "http_head.h"
#include "line.h"
#include "proto.h"
#include "target.h"

enum { LINE_MAX_BYTES = 512 };

struct web {
	struct line line;
	bool begun; /* behind the request line */
	bool over;
	uint8_t text[LINE_MAX_BYTES];
};

static enum proto_probe
probe(struct slice requester, struct slice responder, unsigned flags)
{
	static const char *const starts[] = { "GET /", "POST /", "HEAD /", "PUT /",
		"DELETE /", "PATCH /", "OPTIONS /" };
	enum proto_probe best = PROTO_NO;

	if (!(flags & (PROTO_PROBE_INSIDE | PROTO_PROBE_FETCHER)))
		return PROTO_NO;
	if (requester.n == 0)
		return responder.n == 0 ? PROTO_MAYBE : PROTO_NO;
	for (unsigned i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		enum proto_probe one = proto_begins(requester, starts[i]);

		if (one > best)
			best = one;
	}
	return best;
}

static void
init(void *state)
{
	struct web *web = state;

	line_reset(&web->line);
	web->begun = web->over = false;
}

/* True when the line is the Host field. */
static bool
read_host(struct slice line, struct fact *fact)
{
	struct slice name, value;
	struct target target;

	if (!http_read_field(line, &name, &value) || !ascii_is(name, "host") ||
	    !target_read(value, &target))
		return false;
	*fact = (struct fact){ .type = FACT_WEB_HOST, .port = target.port };
	fact->text[0] = target.host;
	return true;
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	struct web *web = state;
	struct slice line;

	if (role == PROTO_RESPONDER) {
		*input = (struct proto_input){ 0 };
		return PROTO_MORE;
	}
	while (!web->over &&
	       line_take(&web->line, web->text, sizeof(web->text), &input->data, &line)) {
		bool host = web->begun && !web->line.cut && read_host(line, fact);

		web->over = host || (web->begun && line.n == 0);
		web->begun = true;
		if (host)
			return PROTO_FACT;
	}
	if (!web->over && input->gap == 0 && !input->end)
		return PROTO_MORE;
	*input = (struct proto_input){ 0 };
	return PROTO_DONE;
}

const struct proto proto_web = {
	.name = "http",
	.state_bytes = sizeof(struct web),
	.probe = probe,
	.init = init,
	.parse = parse,
};
