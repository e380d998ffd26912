/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * RFC 5321 section 4.1, RFC 3030 (BDAT), RFC 4954 (AUTH), RFC 3207 (STARTTLS);
 * XCLIENT as Postfix has it (XCLIENT_README).
 */
#include "smtp_command.h"

#include "ascii.h"

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
		else if (!quoted && !bracket && ascii_is_blank(s.p[i]))
			return i;
	}
	return quoted ? path_length(s, false) : s.n;
}

/* Where a name stands before the path, "Name <a@b>", it is skipped as servers do. */
static struct slice
skip_name(struct slice s)
{
	size_t n;

	if (s.n == 0 || s.p[0] == '<')
		return s;
	n = path_length(s, true);
	if ((s.p[0] != '"' && memchr(s.p, '@', n) != NULL) ||
	    (s.p[0] == '"' && s.p[n - 1] != '"'))
		return s;
	for (; n + 1 < s.n; n++) {
		if (ascii_is_blank(s.p[n]) && s.p[n + 1] == '<')
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

	if (!ascii_has_prefix(rest, word))
		return false;
	rest = ascii_trim(slice_tail(rest, n));
	if (rest.n == 0 || (rest.p[0] != ':' && rest.p[0] != '<'))
		return false;
	if (rest.p[0] == ':')
		rest = ascii_trim(slice_tail(rest, 1));
	rest = skip_name(rest);
	n = path_length(rest, true);
	command->arg = slice_of(rest.p, n);
	command->params = ascii_trim(slice_tail(rest, n));
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
	command->sure =
	    !command->bad && !sign && (tail.n == 0 || ascii_is_blank(tail.p[0]));
	tail = ascii_trim(tail);
	command->last = ascii_is(tail, "last");
	command->sure = command->sure && (tail.n == 0 || command->last);
}

/* The login that is claimed for the session; values that stand for none are in brackets.
 */
static void
read_xclient(struct slice rest, struct smtp_command *command)
{
	static const char login[] = "login=";
	struct slice attribute, value;

	while (rest.n > 0) {
		attribute = ascii_word(rest, &rest);
		value = slice_tail(attribute, sizeof(login) - 1);
		if (ascii_has_prefix(attribute, login))
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
		command->sure = read_path(rest, "from", command);
		if (!command->sure && !ascii_is(word, "mail"))
			command->verb = SMTP_OTHER;
		break;
	case SMTP_RCPT:
		command->sure = read_path(rest, "to", command);
		break;
	case SMTP_BDAT:
		read_bdat(rest, command);
		break;
	case SMTP_HELO:
	case SMTP_EHLO:
		command->arg = ascii_word(rest, &command->params);
		command->sure = command->arg.n > 0 && command->params.n == 0;
		break;
	case SMTP_AUTH:
		command->arg = ascii_word(rest, &command->params);
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
		{ "mail", SMTP_MAIL },
		{ "rcpt", SMTP_RCPT },
		{ "data", SMTP_DATA },
		{ "ehlo", SMTP_EHLO },
		{ "helo", SMTP_HELO },
		{ "bdat", SMTP_BDAT },
		{ "rset", SMTP_RSET },
		{ "quit", SMTP_QUIT },
		{ "auth", SMTP_AUTH },
		{ "send", SMTP_MAIL }, /* RFC 821, RFC 5321 appendix F.6 */
		{ "soml", SMTP_MAIL },
		{ "saml", SMTP_MAIL },
		{ "user", SMTP_FOREIGN },
		{ "pass", SMTP_FOREIGN },
		{ "feat", SMTP_FOREIGN },
		{ "syst", SMTP_FOREIGN },
		{ "pasv", SMTP_FOREIGN },
		{ "epsv", SMTP_FOREIGN },
		{ "port", SMTP_FOREIGN },
		{ "capa", SMTP_FOREIGN },
		{ "stls", SMTP_FOREIGN },
	};
	char lower[VERB_LETTERS];

	if (ascii_is(word, "starttls"))
		return SMTP_STARTTLS;
	if (ascii_is(word, "xclient"))
		return SMTP_XCLIENT;
	if (word.n != VERB_LETTERS)
		return SMTP_OTHER;
	for (size_t i = 0; i < VERB_LETTERS; i++)
		lower[i] = (char)ascii_lower(word.p[i]);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (memcmp(lower, table[i].word, VERB_LETTERS) == 0)
			return table[i].verb;
	}
	return SMTP_OTHER;
}

static bool
is_http_request(struct slice line)
{
	size_t n = sizeof(" HTTP/1.0") - 1;

	return line.n > n && ascii_has_prefix(slice_tail(line, line.n - n), " http/");
}

/* "Host: ..." and its like, with which web clients go on. What letters have in their
 * headers too (Content-Type, User-Agent, Accept-Language) may come from a client that
 * sends its letter after DATA was refused. */
static bool
is_http_header(struct slice line)
{
	static const char *const header[] = { "host:", "accept:", "accept-encoding:",
		"connection:", "content-length:", "cookie:", "referer:",
		"proxy-connection:", "via:", "x-forwarded-for:", "proxy-authorization:",
		"authorization:", "origin:", "cache-control:",
		"upgrade-insecure-requests:", "pragma:" };

	if (memchr(line.p, ':', line.n) == NULL)
		return false;
	for (size_t i = 0; i < sizeof(header) / sizeof(header[0]); i++) {
		if (ascii_has_prefix(line, header[i]))
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
	line = ascii_trim(line);
	if (line.n == 0)
		return;
	word = ascii_word(line, &rest);
	command->arg = command->params = slice_of(line.p, 0);
	command->verb = find_verb(word);
	if (command->verb == SMTP_OTHER) {
		command->sure = is_http_request(line);
		if (command->sure || is_http_header(line))
			command->verb = SMTP_HTTP;
		return;
	}
	if (command->verb == SMTP_AUTH &&
	    (ascii_is(rest, "tls") || ascii_is(rest, "ssl")))
		command->verb = SMTP_FOREIGN; /* RFC 4217: FTP */
	else
		read_arguments(word, rest, command);
	if (nul != NULL || has_control(line))
		command->sure = false;
}
