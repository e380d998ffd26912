/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <xxhash.h>

#include "line.h"
#include "smtp_auth.h"
#include "smtp_command.h"
#include "smtp_message.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* What became of a message fed in pieces. */
struct outcome {
	char fields[2048];
	unsigned headers, lookalikes;
	bool ended;
	size_t left; /* bytes behind the end */
	struct fact fact;
};

static void
add_field(struct outcome *o, const struct smtp_message *m)
{
	struct slice value = smtp_message_value(m);
	size_t n = strlen(o->fields);

	snprintf(o->fields + n, sizeof(o->fields) - n, "%d:%.*s%s;", (int)m->header,
	    (int)value.n, (const char *)value.p, m->value_cut ? "..." : "");
}

static void
note(struct outcome *o, const struct smtp_message *m, enum smtp_message_event event)
{
	if (event == SMTP_MESSAGE_FIELD)
		add_field(o, m);
	o->headers += event == SMTP_MESSAGE_HEADERS;
	o->lookalikes += event == SMTP_MESSAGE_LOOKALIKE;
	o->ended |= event == SMTP_MESSAGE_END;
}

static void
feed(struct outcome *o, struct smtp_message *m, const char *p, size_t n)
{
	uint8_t *copy = malloc(n);
	struct slice in = slice_of(copy, n);

	assert_non_null(copy);
	memcpy(copy, p, n);
	while (in.n > 0 && !o->ended)
		note(o, m, smtp_message_take(m, &in));
	o->left += in.n;
	free(copy);
}

static struct outcome
run(const char *text, size_t n, size_t piece, bool dots)
{
	struct smtp_message *m = malloc(sizeof(*m));
	enum smtp_message_event event;
	struct outcome o = { 0 };

	assert_non_null(m);
	memset(m, 0xa5, sizeof(*m));
	smtp_message_start(m, dots);
	for (size_t at = 0; at < n; at += piece)
		feed(&o, m, text + at, n - at < piece ? n - at : piece);
	while ((event = smtp_message_finish(m)) != SMTP_MESSAGE_NONE)
		note(&o, m, event);
	smtp_message_tell(m, &o.fact);
	free(m);
	return o;
}

/* The canonical form as the RFC words it, on a whole body: slow, and easy to believe. */
static size_t
relaxed(const char *body, size_t n, char *out)
{
	size_t len = 0, end;

	for (size_t i = 0; i < n; i++) {
		size_t k = i;

		while (k < n && (body[k] == ' ' || body[k] == '\t'))
			k++;
		if (k > i) {
			if (k < n && body[k] != '\n' &&
			    !(body[k] == '\r' && k + 1 < n && body[k + 1] == '\n'))
				out[len++] = ' ';
			i = k - 1;
		} else if (body[i] == '\n') {
			out[len++] = '\r';
			out[len++] = '\n';
		} else if (body[i] != '\r' || i + 1 == n || body[i + 1] != '\n') {
			out[len++] = body[i];
		}
	}
	end = len;
	while (end >= 2 && out[end - 2] == '\r' && out[end - 1] == '\n')
		end -= 2;
	if (end == 0)
		return 0;
	memcpy(out + end, "\r\n", 2);
	return end + 2;
}

static void
check_hash(const char *body, size_t n)
{
	static const size_t pieces[] = { 1, 2, 3, 5, 7, 16, 17, 18, 50, 777, SIZE_MAX };
	char *form = malloc(2 * n + 16), *message = malloc(n + 8);
	size_t len = relaxed(body, n, form);
	struct outcome o;

	assert_true(form != NULL && message != NULL);
	if (len > SMTP_BODY_BYTES)
		len = SMTP_BODY_BYTES;
	memcpy(message, "a: b\r\n\r\n", 8);
	memcpy(message + 8, body, n);
	for (size_t i = 0; i < COUNT(pieces); i++) {
		o = run(message, n + 8, pieces[i] < n + 8 ? pieces[i] : n + 8, false);
		assert_int_equal(o.fact.body_bytes, len);
		if (len > 0)
			assert_true(o.fact.body_hash == XXH3_64bits(form, len));
		assert_int_equal(o.fact.size, n + 8);
	}
	free(message);
	free(form);
}

/* Of odd octets alone, or of text with a few of them and whole line ends. */
static void
make_body(char *body, size_t n, bool text, uint32_t *seed)
{
	static const char alphabet[] = "ab \t\r\n\n ";

	for (size_t i = 0; i < n; i++) {
		*seed = *seed * 1103515245 + 12345;
		body[i] = alphabet[*seed >> 16 & 7];
		if (text && i > 0 && body[i - 1] == '\r' && (*seed >> 20 & 3) != 0)
			body[i] = '\n';
		else if (text && (*seed >> 20 & 15) != 0)
			body[i] = 'x';
	}
}

static void
the_fingerprint_is_that_of_the_relaxed_form(void **state)
{
	static const char *const bodies[] = { "", "\r\n", "a", "a\r\n",
		" a  b \t\r\n\r\n c\r\n", "\r\n\r\na\r\n\r\n\r\n", "a\nb\n\n",
		" \r\n\t\r\n", "a \r\n \r\nb", "a\r b\r\r\n", "  lead", "tail  " };
	char body[8000];
	uint32_t seed = 1;

	(void)state;
	for (size_t i = 0; i < COUNT(bodies); i++)
		check_hash(bodies[i], strlen(bodies[i]));
	for (unsigned round = 0; round < 300; round++) {
		size_t n = round < 250 ? round : 4000 + 40 * (round - 250);

		make_body(body, n, round % 2 == 0, &seed);
		while (n > 0 && body[n - 1] == '\r')
			n--;
		check_hash(body, n);
	}
}

struct dots {
	const char *in;
	const char *content; /* unstuffed, without the header */
	unsigned lookalikes;
	bool ended;
	size_t left;
};

static const struct dots dots[] = {
	{ "a\r\n.\r\n", "a\r\n", 0, true, 0 },
	{ ".\r\n", "", 0, true, 0 },
	{ "a\r\n..\r\n.\r\nQUIT\r\n", "a\r\n.\r\n", 0, true, 6 },
	{ "..a\r\n.\r\n", ".a\r\n", 0, true, 0 },
	{ ".a\r\n.\r\n", "a\r\n", 0, true, 0 },
	{ "a.\r\n.\r\n", "a.\r\n", 0, true, 0 },
	{ "a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n", 1, true, 0 },
	{ "a\r\n.\r\rb\r\n.\r\n", "a\r\n\r\rb\r\n", 1, true, 0 },
	{ "a\r\n.\r\r\n.\r\n", "a\r\n\r\r\n", 1, true, 0 },
	{ "a\r.\rb\r\n.\r\n", "a\r.\rb\r\n", 1, true, 0 },
	{ "a\r..\rb\r\n.\r\n", "a\r..\rb\r\n", 0, true, 0 },
	{ "a\r\n.\r.\r\n.\r\n", "a\r\n\r.\r\n", 2, true, 0 },
	{ "a\r\n.. \r\n.\r\n", "a\r\n. \r\n", 0, true, 0 },
	{ "a\n.\r\nb\r\n.\r\n", "a\n\r\nb\r\n", 1, true, 0 },
	{ "a\r\n.\nb\r\n.\r\n", "a\r\n\nb\r\n", 1, true, 0 },
	{ "a\n.\nb\r\n.\r\n", "a\n\nb\r\n", 1, true, 0 },
	{ "a\n.\n.\n.\r\n", "a\n\n\n", 3, false, 0 },
	{ "a\n..\n.\r\n", "a\n.\n", 1, false, 0 },
	{ "a\r\n.", "a\r\n", 0, false, 0 },
	{ "a\r\n.\r", "a\r\n", 0, false, 0 },
	{ "a\r.\r\nb\r\n.\r\n", "a\r.\r\nb\r\n", 1, true, 0 },
	{ "a\r.b\r\n.\r\n", "a\r.b\r\n", 0, true, 0 },
	/* "#" is NUL. */
	{ "a\r\n#.\r\nb\r\n.\r\n", "a\r\n#.\r\nb\r\n", 1, true, 0 },
	{ "a\r\n##.\nb\r\n.\r\n", "a\r\n##.\nb\r\n", 1, true, 0 },
	{ "a\r\n.#\r\nb\r\n.\r\n", "a\r\n#\r\nb\r\n", 1, true, 0 },
	{ "a\r\n.##b\r\n.\r\n", "a\r\n##b\r\n", 0, true, 0 },
	{ "a#.\r\n.\r\n", "a#.\r\n", 0, true, 0 },
	{ "a\r\n#b.\r\n.\r\n", "a\r\n#b.\r\n", 0, true, 0 },
};

static void
check_dots(const struct dots *d, size_t body)
{
	/* Behind a long body the dots are looked for in another way. */
	size_t n = strlen(d->in), pad = body, total = 5 + pad + n;
	char *text = malloc(total + 2);
	struct outcome o;

	assert_non_null(text);
	memcpy(text, "a:b\n\n", 5);
	memset(text + 5, 'x', pad);
	if (pad > 0)
		memcpy(text + 5 + pad - 2, "\r\n", 2);
	else
		memcpy(text, "b:\r\n\r", 5); /* no bare LF before the first dot */
	memcpy(text + 5 + pad, d->in, n);
	for (size_t i = 0; i < n; i++) {
		if (d->in[i] == '#')
			text[5 + pad + i] = '\0';
	}
	for (size_t piece = 1; piece <= total; piece += piece < 9 ? 1 : 97) {
		o = run(text, total, piece, true);
		if (o.ended != d->ended || o.lookalikes != d->lookalikes ||
		    o.fact.size != 5 + pad + strlen(d->content))
			fail_msg("\"%s\" in pieces of %zu: %d %u %llu", d->in, piece,
			    o.ended, o.lookalikes, (unsigned long long)o.fact.size);
		if (piece >= total)
			assert_int_equal(o.left, d->left);
	}
	free(text);
}

static void
dots_are_found_and_unstuffed(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(dots); i++)
		check_dots(&dots[i], 5000);
	for (size_t i = 0; i < COUNT(dots); i++)
		check_dots(&dots[i], 100);
}

struct header {
	const char *in;
	const char *fields;
	size_t body; /* octets of the relaxed body */
};

static const struct header headers[] = {
	{ "From: a\r\nTo: b\r\n\r\nFrom: c\r\n", "0:a;1:b;", 9 },
	{ "from:a\r\nSUBJECT : b\r\n\r\n", "0:a;3:b;", 0 },
	{ "Subject: a\r\n  b\r\n\tc \r\n\r\n", "3:a  b\tc;", 0 },
	{ "Subject:\r\n a\r\n\r\nx", "3:a;", 3 },
	{ "X-From: a\r\nFrom-X: b\r\n c\r\nDate: d\n\nx\n", "4:d;", 3 },
	{ "no header\r\nFrom: a\r\n", "", 20 },
	{ "From: a\r\nno header\r\nTo: b\r\n", "0:a;", 18 },
	{ "From a b\r\nTo: c\r\n\r\n", "1:c;", 0 },
	{ "\r\nFrom: a\r\n", "", 9 },
	{ "From: a", "0:a;", 0 },
	{ "Fro", "", 5 },
	{ ": x\r\n\r\n", "", 5 },
	{ " From: a\r\n", "", 10 },
	{ "From: a\r\n\r", "0:a;", 0 },
	{ "Received: 1\r\nReceived: 2\r\nReceived: 3\r\nReceived: 4\r\nReceived: 5\r\n"
	  "Received: 6\r\nReceived: 7\r\nReceived: 8\r\nReceived: 9\r\nTo: x\r\n\r\n",
	    "6:1;6:2;6:3;6:4;6:5;6:6;6:7;6:8;1:x;", 0 },
	{ "Message-ID:\r\n <a@b>\r\nCc: ,\r\n ,\r\n\r\n", "5:<a@b>;2:, ,;", 0 },
};

static void
header_fields_are_unfolded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++) {
		size_t n = strlen(headers[i].in);

		for (size_t piece = 1; piece <= n; piece++) {
			struct outcome o = run(headers[i].in, n, piece, i % 2 == 0);

			if (strcmp(o.fields, headers[i].fields) != 0 || o.headers != 1 ||
			    o.fact.body_bytes != headers[i].body)
				fail_msg("\"%s\" in pieces of %zu: %s %u %u",
				    headers[i].in, piece, o.fields, o.headers,
				    o.fact.body_bytes);
			assert_int_equal(o.fact.size, n);
		}
	}
}

static void
long_fields_are_cut(void **state)
{
	char text[3000] = "Subject: ";
	struct outcome o;

	(void)state;
	memset(text + 9, 'x', 2000);
	o = run(text, 2009, 7, true);
	assert_int_equal(strlen(o.fields), 2 + SMTP_FIELD_MAX + 4);
	memcpy(text, "To:", 3);
	memset(text + 3, 'x', 2006);
	o = run(text, 2009, 7, true);
	assert_int_equal(strlen(o.fields), 2 + SMTP_FIELD_LIST + 4);
	memset(text, 'n', 200);
	o = run(text, 2009, 7, true);
	assert_int_equal(o.fact.body_bytes, 2011);
}

struct line_case {
	const char *in;
	const char *lines; /* each behind a bar; those cut with "..." */
};

static const struct line_case lines[] = {
	{ "a\r\nb\n", "|a|b" },
	{ "\n\r\n", "||" },
	{ "a\rb\r\r\n", "|a\rb\r" },
	{ "12345678\r\n", "|12345678" },
	{ "123456789\r\n", "|12345678..." },
	{ "1234567\r\r\n", "|1234567\r" },
	{ "12345678\r\r\n", "|12345678..." },
	{ "1234567\rxyz\n", "|1234567\r..." },
	{ "a", "" },
};

static void
lines_are_bounded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(lines); i++) {
		size_t n = strlen(lines[i].in);

		for (size_t piece = 1; piece <= n; piece++) {
			struct line line = { 0 };
			uint8_t buf[8];
			char got[64] = "";
			struct slice out;

			for (size_t at = 0; at < n; at += piece) {
				struct slice in = slice_of(
				    lines[i].in + at, n - at < piece ? n - at : piece);

				while (line_take(&line, buf, sizeof(buf), &in, &out))
					snprintf(got + strlen(got), 32, "|%.*s%s",
					    (int)out.n, (const char *)out.p,
					    line.cut ? "..." : "");
			}
			if (strcmp(got, lines[i].lines) != 0)
				fail_msg("\"%s\" by %zu: %s", lines[i].in, piece, got);
		}
	}
}

/* As when what is kept of a line turns out to be the begin of another. */
static void
a_line_may_lie_in_its_own_buffer(void **state)
{
	uint8_t buf[] = "xxabcdef";
	struct slice out, in = slice_of(buf + 2, 6), end = slice_str("\n");
	struct line line = { 0 };

	(void)state;
	assert_false(line_take(&line, buf, sizeof(buf), &in, &out));
	assert_true(line_take(&line, buf, sizeof(buf), &end, &out));
	assert_int_equal(out.n, 6);
	assert_memory_equal(out.p, "abcdef", 6);
}

struct user {
	const char *mechanism, *response, *user;
};

static const struct user users[] = {
	{ "PLAIN", "AHVzZXIAc2VjcmV0", "user" },
	{ "plain", "eABhAGI=", "a" },
	{ "PLAIN", "dXNlcgBzZWNyZXQ=", "" },
	{ "PLAIN", "c2VjcmV0", "" },
	{ "PLAIN", "=", "" },
	{ "LOGIN", "dXNlcg==", "user" },
	{ "LOGIN", "dXNlcg", "user" },
	{ "LOGIN", "*", "" },
	{ "CRAM-MD5", "dSBzZXIgYWJj", "u ser" },
	{ "CRAM-MD5", "YWJj", "" },
	{ "XOAUTH2", "dXNlcj1hQGIBYXV0aD1CZWFyZXIgeAEB", "a@b" },
	{ "SCRAM-SHA-1", "bixhPSxuPXVzZXIscj1meWs=", "user" },
	{ "NTLM", "TlRMTVNTUAAB", "" },
	{ "", "dXNlcg==", "" },
};

static void
users_are_decoded(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(users); i++) {
		struct smtp_auth auth;

		smtp_auth_start(&auth, slice_str(users[i].mechanism));
		smtp_auth_take(&auth, slice_str(users[i].response));
		smtp_auth_take(&auth, slice_str("c2VjcmV0"));
		if (!slice_equal(
			slice_of(auth.user, auth.user_len), slice_str(users[i].user)))
			fail_msg("%s %s: %.*s", users[i].mechanism, users[i].response,
			    auth.user_len, (const char *)auth.user);
	}
}

struct path_case {
	const char *line, *arg, *params;
	bool sure;
};

static const struct path_case paths[] = {
	{ "MAIL FROM:<a@b> SIZE=1", "<a@b>", "SIZE=1", true },
	{ "mail from:a@b", "a@b", "", true },
	{ "MAIL FROM : <>", "<>", "", true },
	{ "MAIL FROM:<a b@c> X", "<a b@c>", "X", true },
	{ "MAIL FROM:", "", "", true },
	{ "RCPT TO:<\"a>\"@b>", "<\"a>\"@b>", "", true },
	{ "RCPT TO:<\"a\\\">\"@b> X", "<\"a\\\">\"@b>", "X", true },
	{ "RCPT TO:<\"a@b> X", "<\"a@b>", "X", true },
	{ "RCPT TO:<a@b", "<a@b", "", true },
	{ "RCPT a@b", "", "", false },
	{ "RCPT TO a@b", "", "", false },
	{ "MAIL FROM:<a\x01@b>", "<a\x01@b>", "", false },
};

static void
paths_are_read_as_servers_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++) {
		struct smtp_command c;

		smtp_command_read(slice_str(paths[i].line), &c);
		if (!slice_equal(c.arg, slice_str(paths[i].arg)) ||
		    !slice_equal(c.params, slice_str(paths[i].params)) ||
		    c.sure != paths[i].sure)
			fail_msg("%s: %.*s, %.*s", paths[i].line, (int)c.arg.n,
			    (const char *)c.arg.p, (int)c.params.n,
			    (const char *)c.params.p);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_fingerprint_is_that_of_the_relaxed_form),
		cmocka_unit_test(dots_are_found_and_unstuffed),
		cmocka_unit_test(header_fields_are_unfolded),
		cmocka_unit_test(long_fields_are_cut),
		cmocka_unit_test(lines_are_bounded),
		cmocka_unit_test(a_line_may_lie_in_its_own_buffer),
		cmocka_unit_test(users_are_decoded),
		cmocka_unit_test(paths_are_read_as_servers_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
