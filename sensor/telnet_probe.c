/* SPDX-License-Identifier: BSD-2-Clause */
/* Whether a connection carries requests to a gateway, by its first bytes: both directions
 * must say so. */
#include "ascii.h"
#include "telnet_text.h"

enum {
	METHOD_MAX = 16,
	GLANCE = 64, /* octets of a server that are enough to see that it speaks text */
};

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
		if (text.binary || !is_line_text(telnet_line_of(&text)))
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
		found = telnet_read_prompt(telnet_line_of(&text));
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
		form = telnet_read_form(telnet_line_of(&text), &target);
		best = form > best ? form : best;
	}
	return best;
}

enum proto_probe
telnet_probe(struct slice requester, struct slice responder, unsigned flags)
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
