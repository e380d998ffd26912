/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5321 section 4.1, RFC 3030 (BDAT), RFC 4954 (AUTH), RFC 3207 (STARTTLS);
 * XCLIENT as Postfix has it (XCLIENT_README).
 */
#include "smtp_command.h"

#include <strings.h>

static bool
is_wsp(uint8_t c)
{
	return c == ' ' || c == '\t';
}

bool
slice_has_prefix(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && strncasecmp((const char *)s.p, prefix, n) == 0;
}

bool
slice_is_word(struct slice s, const char *word)
{
	return s.n == strlen(word) && slice_has_prefix(s, word);
}

struct slice
slice_trim(struct slice s)
{
	while (s.n > 0 && is_wsp(s.p[0]))
		s = slice_tail(s, 1);
	while (s.n > 0 && is_wsp(s.p[s.n - 1]))
		s.n--;
	return s;
}

struct slice
slice_word(struct slice s, struct slice *rest)
{
	size_t n = 0;

	while (n < s.n && !is_wsp(s.p[n]))
		n++;
	*rest = slice_trim(slice_tail(s, n));
	return slice_of(s.p, n);
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < ' ' && s.p[i] != '\t')
			return true;
	}
	return false;
}

/*
 * The length of a path: up to the bracket that closes it, or up to white space where it
 * has none. Neither counts inside quotes (RFC 5321 section 4.1.2). A quote that is never
 * closed quotes nothing.
 */
static size_t
path_length(struct slice s, bool quoting)
{
	bool bracket = s.n > 0 && s.p[0] == '<', quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (quoting && s.p[i] == '\\' && i + 1 < s.n)
			i++;
		else if (quoting && s.p[i] == '"')
			quoted = !quoted;
		else if (!quoted && bracket && s.p[i] == '>')
			return i + 1;
		else if (!quoted && !bracket && is_wsp(s.p[i]))
			return i;
	}
	return quoted ? path_length(s, false) : s.n;
}

/* Where a name stands before the path, "Name <a@b>", it is skipped as servers do. */
static struct slice
skip_name(struct slice s)
{
	size_t n = path_length(s, true);

	if (s.n == 0 || s.p[0] == '<' || (s.p[0] != '"' && memchr(s.p, '@', n) != NULL) ||
	    (s.p[0] == '"' && s.p[n - 1] != '"'))
		return s;
	for (; n + 1 < s.n; n++) {
		if (is_wsp(s.p[n]) && s.p[n + 1] == '<')
			return slice_tail(s, n + 1);
	}
	return s;
}

/* What follows FROM: or TO:. False when that word is missing, or its colon where there is
 * no bracket either. */
static bool
read_path(struct slice rest, const char *word, struct smtp_command *command)
{
	size_t n = strlen(word);

	if (!slice_has_prefix(rest, word))
		return false;
	rest = slice_trim(slice_tail(rest, n));
	if (rest.n == 0 || (rest.p[0] != ':' && rest.p[0] != '<'))
		return false;
	if (rest.p[0] == ':')
		rest = slice_trim(slice_tail(rest, 1));
	rest = skip_name(rest);
	n = path_length(rest, true);
	command->arg = slice_of(rest.p, n);
	command->params = slice_trim(slice_tail(rest, n));
	return true;
}

/* Takes digits from the front; false when there are none, or too many. */
static bool
take_number(struct slice *s, uint64_t *number)
{
	size_t n = 0;

	*number = 0;
	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		uint64_t digit = s->p[n] - (uint64_t)'0';

		if (*number > (UINT64_MAX - digit) / 10)
			return false;
		*number = *number * 10 + digit;
	}
	*s = slice_tail(*s, n);
	return n > 0;
}

/*
 * Exim takes a sign and, for a chunk that is not the last, whatever follows the number
 * (sscanf); others refuse that, and then it was no chunk.
 */
static void
read_bdat(struct slice rest, struct smtp_command *command)
{
	bool sign = rest.n > 0 && rest.p[0] == '+';
	struct slice tail = slice_tail(rest, sign);

	command->bad = !take_number(&tail, &command->size);
	command->sure = !command->bad && !sign && (tail.n == 0 || is_wsp(tail.p[0]));
	tail = slice_trim(tail);
	command->last = slice_is_word(tail, "LAST");
	command->sure = command->sure && (tail.n == 0 || command->last);
}

/* The login that is claimed for the session; values that stand for none are in brackets.
 */
static void
read_xclient(struct slice rest, struct smtp_command *command)
{
	static const char login[] = "LOGIN=";
	struct slice attribute, value;

	while (rest.n > 0) {
		attribute = slice_word(rest, &rest);
		value = slice_tail(attribute, sizeof(login) - 1);
		if (slice_has_prefix(attribute, login))
			command->arg = slice_head(
			    value, value.n > 0 && value.p[0] == '[' ? 0 : value.n);
	}
	command->sure = command->arg.n > 0;
	if (!command->sure)
		command->verb = SMTP_OTHER;
}

static void
read_arguments(struct slice word, struct slice rest, struct smtp_command *command)
{
	switch (command->verb) {
	case SMTP_MAIL:
		command->sure = read_path(rest, "FROM", command);
		if (!command->sure && !slice_is_word(word, "MAIL"))
			command->verb = SMTP_OTHER;
		break;
	case SMTP_RCPT:
		command->sure = read_path(rest, "TO", command);
		break;
	case SMTP_BDAT:
		read_bdat(rest, command);
		break;
	case SMTP_HELO:
	case SMTP_EHLO:
		command->arg = slice_word(rest, &command->params);
		command->sure = command->arg.n > 0 && command->params.n == 0;
		break;
	case SMTP_AUTH:
		command->arg = slice_word(rest, &command->params);
		command->sure = command->arg.n > 0 &&
				memchr(command->params.p, ' ', command->params.n) == NULL;
		break;
	case SMTP_XCLIENT:
		read_xclient(rest, command);
		break;
	default:
		command->sure = rest.n == 0;
	}
}

enum { VERB_LETTERS = 4 }; /* of all but STARTTLS and XCLIENT */

struct verb {
	char word[VERB_LETTERS + 1];
	enum smtp_verb verb;
};

static enum smtp_verb
find_verb(struct slice word)
{
	static const struct verb table[] = {
		{ "MAIL", SMTP_MAIL },
		{ "SEND", SMTP_MAIL }, /* RFC 821, RFC 5321 appendix F.6 */
		{ "SOML", SMTP_MAIL },
		{ "SAML", SMTP_MAIL },
		{ "RCPT", SMTP_RCPT },
		{ "DATA", SMTP_DATA },
		{ "EHLO", SMTP_EHLO },
		{ "HELO", SMTP_HELO },
		{ "BDAT", SMTP_BDAT },
		{ "RSET", SMTP_RSET },
		{ "QUIT", SMTP_QUIT },
		{ "AUTH", SMTP_AUTH },
		{ "USER", SMTP_FOREIGN },
		{ "PASS", SMTP_FOREIGN },
		{ "FEAT", SMTP_FOREIGN },
		{ "SYST", SMTP_FOREIGN },
		{ "PASV", SMTP_FOREIGN },
		{ "EPSV", SMTP_FOREIGN },
		{ "PORT", SMTP_FOREIGN },
		{ "CAPA", SMTP_FOREIGN },
		{ "STLS", SMTP_FOREIGN },
	};

	if (slice_is_word(word, "STARTTLS"))
		return SMTP_STARTTLS;
	if (slice_is_word(word, "XCLIENT"))
		return SMTP_XCLIENT;
	if (word.n != VERB_LETTERS)
		return SMTP_OTHER;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (strncasecmp((const char *)word.p, table[i].word, VERB_LETTERS) == 0)
			return table[i].verb;
	}
	return SMTP_OTHER;
}

static bool
is_http_request(struct slice line)
{
	size_t n = sizeof(" HTTP/1.0") - 1;

	return line.n > n && slice_has_prefix(slice_tail(line, line.n - n), " HTTP/");
}

/* "Host: ..." and its like, with which web clients go on. What letters have in their
 * headers too (Content-Type, User-Agent, Accept-Language) may come from a client that
 * sends its letter after DATA was refused. */
static bool
is_http_header(struct slice line)
{
	static const char *const header[] = { "Host:", "Accept:", "Accept-Encoding:",
		"Connection:", "Content-Length:", "Cookie:", "Referer:",
		"Proxy-Connection:", "Via:", "X-Forwarded-For:", "Proxy-Authorization:",
		"Authorization:", "Origin:", "Cache-Control:",
		"Upgrade-Insecure-Requests:", "Pragma:" };

	if (memchr(line.p, ':', line.n) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		if (slice_has_prefix(line, header[i]))
			return true;
	}
	return false;
}

void
smtp_command_read(struct slice line, struct smtp_command *command)
{
	const uint8_t *nul = line.n > 0 ? memchr(line.p, '\0', line.n) : NULL;
	struct slice rest, word;

	*command = (struct smtp_command){ .verb = SMTP_EMPTY };
	if (nul != NULL) /* where Postfix ends it */
		line.n = (size_t)(nul - line.p);
	line = slice_trim(line);
	if (line.n == 0)
		return;
	word = slice_word(line, &rest);
	command->arg = command->params = slice_of(line.p, 0);
	command->verb = find_verb(word);
	if (command->verb == SMTP_OTHER) {
		command->sure = is_http_request(line);
		if (command->sure || is_http_header(line))
			command->verb = SMTP_HTTP;
		return;
	}
	if (command->verb == SMTP_AUTH &&
	    (slice_is_word(rest, "TLS") || slice_is_word(rest, "SSL")))
		command->verb = SMTP_FOREIGN; /* RFC 4217: FTP */
	else
		read_arguments(word, rest, command);
	if (nul != NULL || has_control(line))
		command->sure = false;
}
