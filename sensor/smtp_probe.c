/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Whether a connection carries SMTP, by its first bytes. Nearly all connections are told
 * apart by the very first one.
 */
#include "smtp_state.h"

#include "ascii.h"

/* YES when s begins with word, in lower case here, MAYBE when it still may. */
static enum proto_probe
begins(struct slice s, const char *word)
{
	size_t n = ascii_common(s, word);

	if (word[n] == '\0')
		return PROTO_YES;
	return n == s.n ? PROTO_MAYBE : PROTO_NO;
}

static enum proto_probe
begins_any(struct slice s, const char *const word[], size_t n)
{
	enum proto_probe best = PROTO_NO;

	for (size_t i = 0; i < n && best != PROTO_YES; i++) {
		enum proto_probe one = begins(s, word[i]);

		if (one > best)
			best = one;
	}
	return best;
}

/* Text, as mail and SMTP are: no control characters but white space. */
static bool
is_text(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((s.p[i] < ' ' && s.p[i] != '\t' && s.p[i] != '\r' &&
			s.p[i] != '\n') ||
		    s.p[i] == 0x7f)
			return false;
	}
	return true;
}

static enum proto_probe
probe_greeting(struct slice s, unsigned flags)
{
	static const char *const codes[] = { "220 ", "220-", "554 ", "554-", "421 ",
		"421-" };
	static const char *const middle[] = { "250 ", "250-", "354 ", "334 ", "235 ",
		"550 ", "550-", "551 ", "553 ", "503 ", "530 ", "221 ", "451 ", "450 ",
		"452 " };
	static const char *const bare[] = { "220\r", "220\n", "220\t" };
	enum proto_probe answer;
	struct slice line;
	const uint8_t *lf;
	size_t at;

	if (s.p[0] < '2' || s.p[0] > '5')
		return PROTO_NO;
	answer = begins_any(s, codes, sizeof(codes) / sizeof(codes[0]));
	if (answer == PROTO_NO && (flags & PROTO_PROBE_MAIL_PORT))
		answer = begins_any(s, bare, sizeof(bare) / sizeof(bare[0]));
	if (answer == PROTO_NO && (flags & PROTO_PROBE_MIDSTREAM))
		return begins_any(s, middle, sizeof(middle) / sizeof(middle[0])) !=
			       PROTO_NO
			   ? PROTO_MAYBE
			   : PROTO_NO;
	if (answer != PROTO_YES)
		return answer;
	lf = memchr(s.p, '\n', s.n);
	line = lf != NULL ? slice_of(s.p, (size_t)(lf - s.p)) : s;
	if (ascii_find(line, "smtp", &at))
		return PROTO_YES;
	if (!is_text(line) && !(flags & PROTO_PROBE_MAIL_PORT))
		return PROTO_NO;
	return lf != NULL && ascii_find(line, "ftp", &at) &&
		       !(flags & PROTO_PROBE_MAIL_PORT)
		   ? PROTO_NO
		   : PROTO_MAYBE;
}

/* Verbs that nobody else has, and those that others have, too. */
static enum proto_probe
probe_verb(struct slice s, unsigned flags, bool answered)
{
	static const char *const own[] = { "ehlo ", "helo ", "mail from", "rcpt to",
		"bdat ", "xclient ", "xforward " };
	static const char *const shared[] = { "starttls", "quit\r\n", "noop\r\n",
		"rset\r\n", "data\r\n", "help", "vrfy ", "expn ", "auth ", "etrn " };
	enum proto_probe answer;

	if (s.p[0] == '\0' || strchr("ehmrbxsqndva", ascii_lower(s.p[0])) == NULL)
		return PROTO_NO;
	answer = begins_any(s, own, sizeof(own) / sizeof(own[0]));
	if (answer == PROTO_YES)
		return answer;
	if (begins_any(s, shared, sizeof(shared) / sizeof(shared[0])) == PROTO_NO)
		return answer;
	if (flags & PROTO_PROBE_LAST)
		return flags & PROTO_PROBE_MAIL_PORT ? PROTO_YES : PROTO_NO;
	return answered || (flags & (PROTO_PROBE_MAIL_PORT | PROTO_PROBE_MIDSTREAM))
		   ? PROTO_MAYBE
		   : answer;
}

/* A connection met in the middle: a line of a message, or the tail of one. */
static enum proto_probe
probe_middle(struct slice s, unsigned flags)
{
	const uint8_t *lf;

	if (!is_text(s))
		return PROTO_NO;
	for (lf = memchr(s.p, '\n', s.n); lf != NULL; lf = memchr(s.p, '\n', s.n)) {
		s = slice_tail(s, (size_t)(lf - s.p) + 1);
		if (s.n == 0)
			break;
		if (probe_verb(s, 0, false) == PROTO_YES)
			return PROTO_YES;
	}
	return flags & PROTO_PROBE_MAIL_PORT ? PROTO_MAYBE : PROTO_NO;
}

static enum proto_probe
probe_requester(struct slice s, unsigned flags, bool answered)
{
	static const char *const web[] = { "post ", "get ", "put ", "head ", "connect " };
	enum proto_probe answer = probe_verb(s, flags, answered);

	if (answer != PROTO_NO)
		return answer;
	if (flags & PROTO_PROBE_MIDSTREAM)
		return probe_middle(s, flags);
	/* Browsers and proxies are made to speak to mail servers: the server will tell.
	 */
	if ((flags & PROTO_PROBE_MAIL_PORT) &&
	    begins_any(s, web, sizeof(web) / sizeof(web[0])) != PROTO_NO)
		return PROTO_MAYBE;
	return PROTO_NO;
}

enum proto_probe
smtp_probe(struct slice requester, struct slice responder, unsigned flags)
{
	enum proto_probe server = PROTO_MAYBE, client = PROTO_MAYBE;

	if (responder.n > 0)
		server = probe_greeting(responder, flags);
	if (server == PROTO_NO)
		return PROTO_NO;
	if (requester.n > 0)
		client = probe_requester(requester, flags, responder.n > 0);
	if (server == PROTO_YES || client == PROTO_YES)
		return PROTO_YES;
	/* The rest of a greeting's line may still outweigh what its client says. */
	if (client == PROTO_NO)
		return responder.n > 0 && memchr(responder.p, '\n', responder.n) == NULL
			   ? PROTO_MAYBE
			   : PROTO_NO;
	if ((flags & PROTO_PROBE_LAST) && responder.n + requester.n > 0)
		return flags & PROTO_PROBE_MAIL_PORT ? PROTO_YES : PROTO_NO;
	return PROTO_MAYBE;
}
