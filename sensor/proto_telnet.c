/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Telnet-style gateways: a prompt such as "WinGate>" takes host:port, a router's shell
 * takes "telnet host port" (RFC 854 for what is between the text). Scanners send their
 * request before they see the prompt. Claimed only when prompt and request are both seen.
 */
#include "ascii.h"
#include "proto.h"
#include "telnet_text.h"
#include "tunnel_parse.h"

enum { LINES_MAX = 64 }; /* without a request */

enum telnet_state {
	TELNET_PROMPT, /* the requester may ask */
	TELNET_ASKED,
	TELNET_GRANTED,
	TELNET_OVER,
};

struct telnet {
	enum telnet_state state;
	enum { REMARK_OPEN, REMARK_LINE, REMARK_OVER } remark;
	uint8_t lines;
	uint32_t next; /* number of the next request */
	struct telnet_text sent, got;
	struct tunnel tunnel;
};

static enum tunnel_step
read_request(struct telnet *telnet, struct slice *in)
{
	struct target target;

	if (!telnet_text_line(&telnet->sent, in))
		return TUNNEL_MORE;
	if (!telnet->sent.cut &&
	    telnet_read_form(telnet_line_of(&telnet->sent), &target) != TELNET_NO_FORM) {
		tunnel_init(&telnet->tunnel, telnet->next++);
		telnet->tunnel.kind = FACT_TUNNEL_TELNET;
		tunnel_set_target(&telnet->tunnel, &target);
		tunnel_add_line(&telnet->tunnel, telnet_line_of(&telnet->sent));
		telnet->tunnel.due |= TUNNEL_DUE_ASKED;
		telnet->state = TELNET_ASKED;
		telnet->got.n = 0; /* the prompt */
		telnet->lines = 0;
	} else if (++telnet->lines == LINES_MAX) {
		return TUNNEL_DONE;
	}
	telnet_text_wipe(&telnet->sent); /* may be a password */
	return TUNNEL_ON;
}

static enum tunnel_step
step_request(void *state, struct slice *in)
{
	struct telnet *telnet = state;

	if (telnet->state == TELNET_PROMPT)
		return read_request(telnet, in);
	telnet_text_skip(&telnet->sent, in);
	if (telnet->state == TELNET_GRANTED)
		return in->n > 0 ? TUNNEL_INNER : TUNNEL_MORE;
	return TUNNEL_MORE;
}

/* A line that ends with the request is its echo. */
static bool
is_echo(const struct telnet *telnet, struct slice line)
{
	struct slice asked = slice_of(telnet->tunnel.line, telnet->tunnel.line_n);

	return line.n >= asked.n &&
	       slice_equal(slice_tail(line, line.n - asked.n), asked);
}

static void
judge_line(struct telnet *telnet, struct slice line)
{
	enum telnet_answer answer = TELNET_NO_ANSWER;

	if (telnet->state == TELNET_ASKED && !is_echo(telnet, line))
		answer = telnet_read_answer(line);
	if (answer == TELNET_CONNECTED) {
		telnet->tunnel.due |= TUNNEL_DUE_GRANTED;
		telnet->state = TELNET_GRANTED;
	} else if (answer == TELNET_FAILED) {
		telnet->tunnel.due |= TUNNEL_DUE_REFUSED;
		telnet->state = TELNET_PROMPT;
	}
}

/* Unix telnet says how to leave it behind its "Connected to". */
static enum tunnel_step
skip_remark(struct telnet *telnet, struct slice *in)
{
	telnet_text_skip(&telnet->got, in);
	if (telnet->remark == REMARK_OPEN && in->n > 0)
		telnet->remark = in->p[0] == 'E' ? REMARK_LINE : REMARK_OVER;
	if (telnet->remark == REMARK_LINE && telnet_text_line(&telnet->got, in)) {
		telnet->remark = REMARK_OVER;
		telnet_text_skip(&telnet->got, in);
	}
	return telnet->remark == REMARK_OVER && in->n > 0 ? TUNNEL_INNER : TUNNEL_MORE;
}

static enum tunnel_step
step_reply(void *state, struct slice *in)
{
	struct telnet *telnet = state;

	if (telnet->state == TELNET_GRANTED)
		return skip_remark(telnet, in);
	if (!telnet_text_line(&telnet->got, in))
		return TUNNEL_MORE;
	judge_line(telnet, telnet_line_of(&telnet->got));
	return TUNNEL_ON;
}

/* Behind a request the requester's stream may be the tunnel's: gaps and its end wait. */
static enum tunnel_step
take_break(void *state, enum proto_role role, struct proto_input *input)
{
	struct telnet *telnet = state;

	if (telnet->state == TELNET_GRANTED)
		return TUNNEL_INNER;
	if (telnet->state == TELNET_ASKED && role == PROTO_REQUESTER)
		return TUNNEL_MORE;
	*input = (struct proto_input){ 0 };
	return TUNNEL_DONE;
}

static void
tell(void *state, enum tunnel_due due, struct fact *fact)
{
	struct telnet *telnet = state;

	if (due == TUNNEL_DUE_ASKED)
		tunnel_asked(&telnet->tunnel, fact);
	else if (due == TUNNEL_DUE_GRANTED)
		tunnel_granted(&telnet->tunnel, 0, true, fact);
	else
		tunnel_refused(
		    &telnet->tunnel, 0, ascii_trim(telnet_line_of(&telnet->got)), fact);
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	static const struct tunnel_machine machine = {
		.request = step_request,
		.reply = step_reply,
		.take_break = take_break,
		.tell = tell,
	};
	struct telnet *telnet = state;

	return tunnel_parse(&machine, telnet, &telnet->tunnel, role, input, fact);
}

static void
init(void *state)
{
	struct telnet *telnet = state;

	telnet->state = TELNET_PROMPT;
	telnet->lines = 0;
	telnet->remark = REMARK_OPEN;
	telnet->next = 0;
	telnet_text_init(&telnet->sent);
	telnet_text_init(&telnet->got);
	tunnel_init(&telnet->tunnel, 0);
}

const struct proto proto_telnet = {
	.name = "telnet",
	.state_bytes = sizeof(struct telnet),
	.probe = telnet_probe,
	.init = init,
	.parse = parse,
};
