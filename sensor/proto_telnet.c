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

enum {
	LINES_MAX = 64, /* without a request */
	METHOD_MAX = 16,
	GLANCE = 64, /* octets of a server that are enough to see that it speaks text */
};

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

static struct slice
line_of(const struct telnet_text *text)
{
	return slice_of(text->line, text->n);
}

static enum tunnel_step
read_request(struct telnet *telnet, struct slice *in)
{
	struct target target;

	if (!telnet_text_line(&telnet->sent, in))
		return TUNNEL_MORE;
	if (!telnet->sent.cut &&
	    telnet_read_form(line_of(&telnet->sent), &target) != TELNET_NO_FORM) {
		tunnel_init(&telnet->tunnel, telnet->next++);
		telnet->tunnel.kind = FACT_TUNNEL_TELNET;
		tunnel_set_target(&telnet->tunnel, &target);
		tunnel_add_line(&telnet->tunnel, line_of(&telnet->sent));
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
	judge_line(telnet, line_of(&telnet->got));
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
		    &telnet->tunnel, 0, ascii_trim(line_of(&telnet->got)), fact);
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

/* Greetings of protocols that are no telnet. */
static bool
is_greeting(struct slice s)
{
	static const char *const word[] = { "+ok", "* ok", "* preauth", "ssh-", "http/",
		"rfb ", "@rsyncd" };

	if (s.n > 3 && ascii_is_digit(s.p[0]) && ascii_is_digit(s.p[1]) &&
	    ascii_is_digit(s.p[2]) && (s.p[3] == ' ' || s.p[3] == '-'))
		return true;
	for (unsigned i = 0; i < sizeof(word) / sizeof(word[0]); i++) {
		if (ascii_has_prefix(s, word[i]))
			return true;
	}
	return false;
}

/* What a web client begins with. */
static bool
is_web_request(struct slice s)
{
	size_t n = 0;

	while (n < s.n && n < METHOD_MAX && s.p[n] >= 'A' && s.p[n] <= 'Z')
		n++;
	return n > 0 && n + 1 < s.n && s.p[n] == ' ' &&
	       (s.p[n + 1] == '/' || target_is_uri(slice_tail(s, n + 1)));
}

static bool
is_line_text(struct slice line)
{
	for (size_t i = 0; i < line.n; i++) {
		if (line.p[i] < ' ' && memchr("\t\a\b\f\x1b", line.p[i], 5) == NULL)
			return false;
	}
	return true;
}

/* Judges how a server begins, cheaply. */
static bool
may_be_gateway(struct slice s)
{
	struct telnet_text text;
	bool whole;

	if (s.n > 0 && !is_line_text(slice_head(s, 1)) && s.p[0] != '\r' &&
	    s.p[0] != '\n')
		return false;
	if (is_greeting(s) || is_web_request(s))
		return false;
	s = slice_head(s, GLANCE);
	telnet_text_init(&text);
	do {
		whole = telnet_text_line(&text, &s);
		if (text.binary || !is_line_text(line_of(&text)))
			return false;
	} while (whole);
	return true;
}

/* The strongest prompt of a server's text, its last line without an end included. */
static enum telnet_prompt
find_prompt(struct slice in)
{
	enum telnet_prompt found, best = TELNET_NO_PROMPT;
	struct telnet_text text;
	bool whole;

	telnet_text_init(&text);
	do {
		whole = telnet_text_line(&text, &in);
		found = telnet_read_prompt(line_of(&text));
		best = found > best ? found : best;
	} while (whole);
	return best;
}

static bool
is_command(struct slice word)
{
	return ascii_is(word, "telnet") || ascii_is(word, "open") ||
	       ascii_is(word, "connect") || ascii_is(word, "c");
}

/* Whether text, perhaps not whole yet, begins like a request or a login: cheaply. */
static bool
may_be_request(struct slice text)
{
	size_t n = 0, at;

	while (n < text.n && n < GLANCE &&
	       (ascii_is_alnum(text.p[n]) || memchr("-_.:[]", text.p[n], 6) != NULL))
		n++;
	if (n == text.n || n == GLANCE)
		return true;
	for (at = n; at < text.n && ascii_is_blank(text.p[at]); at++)
		;
	if (at == text.n || memchr("\r\n\xff", text.p[at], 3) != NULL)
		return true;
	return at > n && n > 0 &&
	       (ascii_is_digit(text.p[at]) || is_command(slice_head(text, n)));
}

/* The strongest request of a client's text. */
static enum telnet_form
find_request(struct slice in)
{
	enum telnet_form form, best = TELNET_NO_FORM;
	struct telnet_text text;
	struct target target;

	telnet_text_init(&text);
	while (telnet_text_line(&text, &in)) {
		form = telnet_read_form(line_of(&text), &target);
		best = form > best ? form : best;
	}
	return best;
}

static enum proto_probe
probe(struct slice requester, struct slice responder, unsigned flags)
{
	enum telnet_form form;
	enum telnet_prompt prompt;
	bool fits;

	(void)flags;
	if (requester.n > 0 && requester.p[0] < ' ' && requester.p[0] != '\r')
		return PROTO_NO;
	fits = may_be_request(requester);
	if (responder.n == 0)
		return fits ? PROTO_MAYBE : PROTO_NO;
	if (!may_be_gateway(responder))
		return PROTO_NO;
	form = find_request(requester);
	if (fits && form == TELNET_NO_FORM)
		return PROTO_MAYBE;
	/* Where a server speaks first, people may say anything at their login. */
	prompt = find_prompt(responder);
	if (prompt == TELNET_NO_PROMPT)
		return fits ? PROTO_MAYBE : PROTO_NO;
	if ((form == TELNET_COMMAND && prompt >= TELNET_SHELL) ||
	    (form == TELNET_BARE && prompt >= TELNET_ARROW))
		return PROTO_YES;
	return PROTO_MAYBE;
}

const struct proto proto_telnet = {
	.name = "telnet",
	.state_bytes = sizeof(struct telnet),
	.probe = probe,
	.init = init,
	.parse = parse,
};
