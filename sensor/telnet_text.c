/* SPDX-License-Identifier: BSD-2-Clause */
#include "telnet_text.h"

#include "ascii.h"

enum { IAC = 255, DONT = 254, WILL = 251, SB = 250, SE = 240 };

void
telnet_text_init(struct telnet_text *text)
{
	text->escape = TELNET_PLAIN;
	text->cr = text->cut = text->binary = text->whole = false;
	text->n = 0;
}

void
telnet_text_wipe(struct telnet_text *text)
{
	explicit_bzero(text->line, sizeof(text->line));
	text->n = 0;
	text->cut = false;
}

/* True where the octet was part of a command. An escaped 255 is dropped, too. */
static bool
take_command(struct telnet_text *text, uint8_t c)
{
	switch (text->escape) {
	case TELNET_PLAIN:
		if (c != IAC)
			return false;
		text->escape = TELNET_IAC;
		break;
	case TELNET_IAC:
		if (c >= WILL && c <= DONT)
			text->escape = TELNET_OPTION;
		else
			text->escape = c == SB ? TELNET_SUB : TELNET_PLAIN;
		break;
	case TELNET_OPTION:
		text->escape = TELNET_PLAIN;
		break;
	case TELNET_SUB:
		if (c == IAC)
			text->escape = TELNET_SUB_IAC;
		break;
	case TELNET_SUB_IAC:
		text->escape = c == SE ? TELNET_PLAIN : TELNET_SUB;
		break;
	}
	return true;
}

/* True where it ended a line. */
static bool
take_octet(struct telnet_text *text, uint8_t c)
{
	bool after_cr = text->cr;

	if (take_command(text, c))
		return false;
	text->cr = c == '\r';
	text->binary |= c == '\0' && !after_cr;
	if (c == '\0' || (c == '\n' && after_cr))
		return false;
	if (c == '\r' || c == '\n')
		return true;
	if (text->n < TELNET_LINE_MAX)
		text->line[text->n++] = c;
	else
		text->cut = true;
	return false;
}

bool
telnet_text_line(struct telnet_text *text, struct slice *in)
{
	if (text->whole) {
		text->n = 0;
		text->cut = text->whole = false;
	}
	while (in->n > 0 && !text->whole) {
		text->whole = take_octet(text, in->p[0]);
		*in = slice_tail(*in, 1);
	}
	return text->whole;
}

void
telnet_text_skip(struct telnet_text *text, struct slice *in)
{
	while (in->n > 0) {
		uint8_t c = in->p[0];
		bool rest = text->cr && (c == '\n' || c == '\0');

		if (text->escape == TELNET_PLAIN && c != IAC && !rest)
			return;
		if (!take_command(text, c))
			text->cr = false;
		*in = slice_tail(*in, 1);
	}
}

/* A word alone with a port may be anything: only names with a dot and addresses count. */
static bool
is_plain_host(struct slice host)
{
	return host.n > 0 && (memchr(host.p, '.', host.n) != NULL ||
				 memchr(host.p, ':', host.n) != NULL);
}

static bool
read_pair(struct slice text, struct target *out)
{
	struct slice port, host = ascii_word(text, &port);

	if (port.n > 0)
		return target_read_words(host, port, out);
	return target_read(host, out) && out->port != 0;
}

enum telnet_form
telnet_read_form(struct slice line, struct target *out)
{
	static const char *const command[] = { "telnet", "open", "connect", "c" };
	struct slice rest, word;

	line = ascii_trim(line);
	word = ascii_word(line, &rest);
	for (unsigned i = 0; i < sizeof(command) / sizeof(command[0]); i++) {
		if (rest.n > 0 && ascii_is(word, command[i]))
			return read_pair(rest, out) ? TELNET_COMMAND : TELNET_NO_FORM;
	}
	if (!read_pair(line, out) || !is_plain_host(out->host))
		return TELNET_NO_FORM;
	return TELNET_BARE;
}

static bool
has_any(struct slice line, const char *const word[], unsigned words)
{
	size_t at;

	for (unsigned i = 0; i < words; i++) {
		if (ascii_find(line, word[i], &at))
			return true;
	}
	return false;
}

#define HAS_ANY(line, words) has_any(line, words, sizeof(words) / sizeof((words)[0]))

/* "router>", "user@host:~$ ", at the front of a line; an echo may follow. */
static enum telnet_prompt
read_shell(struct slice line)
{
	enum { NAME_MAX = 64 };
	size_t n = 0;

	while (n < line.n && n < NAME_MAX &&
	       (ascii_is_alnum(line.p[n]) || strchr("-_.@:~/()[] ", line.p[n]) != NULL) &&
	       line.p[n] != '\0')
		n++;
	if (n == 0 || n == line.n)
		return TELNET_NO_PROMPT;
	if (line.p[n] == '>')
		return TELNET_ARROW;
	return strchr("#$%", line.p[n]) != NULL && line.p[n] != '\0' ? TELNET_SHELL
								     : TELNET_NO_PROMPT;
}

enum telnet_prompt
telnet_read_prompt(struct slice line)
{
	static const char *const gateway[] = { "wingate>", "ccproxy telnet>",
		"spoonproxy>", "tn-gw", "telnet>", "mngtr>", "proxy>", "host[:port]",
		"host_name:port", "host:port", "enter :", "enter host", "enter target",
		"enter destination" };

	static const char *const login[] = {
		"login:", "password:", "username:", "user:"
	};
	enum telnet_prompt shell;

	line = ascii_trim(line);
	if (HAS_ANY(line, gateway))
		return TELNET_GATEWAY;
	shell = read_shell(line);
	if (shell == TELNET_NO_PROMPT && HAS_ANY(line, login))
		return TELNET_LOGIN;
	return shell;
}

enum telnet_answer
telnet_read_answer(struct slice line)
{
	static const char *const failed[] = { "refused", "unable to", "unreachable",
		"timed out", "time out", "timeout", "not connect", "n't connect",
		"cannot connect", "failed", "not found", "unknown host", "no route",
		"denied", "not allowed", "not permitted", "not resolve", "bad host",
		"bad port", "invalid", "name or service not known" };
	static const char *const connected[] = { "connected to", "...connected",
		"... connected", "...open", "... open", "connection established",
		"escape character is" };
	size_t n;

	line = ascii_trim(line);
	n = line.n < 3 ? line.n : 3;
	if (ascii_has_prefix(line, "% ") || HAS_ANY(line, failed))
		return TELNET_FAILED;
	if (HAS_ANY(line, connected) || ascii_is(slice_tail(line, line.n - n), "ok!"))
		return TELNET_CONNECTED;
	return TELNET_NO_ANSWER;
}
