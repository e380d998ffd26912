/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen_mail.h"

#include <stdio.h>

uint32_t
mail_draw(const struct session *s, uint64_t what, uint32_t limit)
{
	return (uint32_t)(prng_mix(s->smtp.message.seed, what) >> 32) % limit;
}

/* Refused its EHLO, and so without extensions. */
bool
mail_speaks_helo(const struct session *s)
{
	return s->serial % 50 == 7;
}

static bool
is_third_party(enum route route)
{
	return route == ROUTE_PROBE || route == ROUTE_RELAY_IN ||
	       route == ROUTE_RELAY_OUT;
}

/* 250, 450 or 550 for a recipient. */
static unsigned
rcpt_code(const struct session *s, enum route route, unsigned i)
{
	uint32_t dice = mail_draw(s, DRAW_RCPT_CODE + i, 1000);

	if (route == ROUTE_PROBE)
		return 550;
	if (route == ROUTE_RELAY_IN)
		return i == 0 || dice < 900 ? 250 : 550;
	if (route == ROUTE_RELAY_OUT)
		return mail_draw(s, DRAW_ATTEMPT, 20) == 0 ? 450 : 250;
	return dice < 880 ? 250 : dice < 950 ? 550 : 450;
}

/* What the relay refused does not leave again. */
static bool
rcpt_skipped(const struct session *s, unsigned i)
{
	return s->smtp.route == ROUTE_RELAY_OUT && rcpt_code(s, ROUTE_RELAY_IN, i) != 250;
}

unsigned
mail_rcpt_next(const struct session *s, unsigned i)
{
	do
		i++;
	while (i < s->smtp.message.rcpts && rcpt_skipped(s, i));
	return i;
}

void
say_mail(struct session *s)
{
	say_text(s, "MAIL FROM:<user%u@site%u.test>\r\n", mail_draw(s, DRAW_SENDER, 5000),
	    mail_draw(s, DRAW_SENDER, 211));
}

void
say_rcpt(struct session *s, unsigned i)
{
	unsigned user = mail_draw(s, DRAW_RCPT + i, 100000);

	if (s->smtp.route == ROUTE_IN)
		say_text(s, "RCPT TO:<user%u.%u@example.org>\r\n", user, i);
	else
		say_text(s, "RCPT TO:<user%u.%u@site%u.test>\r\n", user, i, user % 197);
}

void
say_rcpt_reply(struct gen *g, struct session *s, unsigned i)
{
	unsigned code = rcpt_code(s, s->smtp.route, i);

	g->truth.rcpt_total++;
	if (code == 250) {
		g->truth.rcpt_accepted++;
		s->smtp.accepted++;
		say_text(s, "250 2.1.5 Ok\r\n");
	} else if (is_third_party(s->smtp.route) && code == 550) {
		say_text(s, "554 5.7.1 Relay access denied\r\n");
	} else if (code == 550) {
		say_text(s, "550-5.1.1 No such user here\r\n550 5.1.1 Try another\r\n");
	} else {
		say_text(s, "450 4.2.0 Greylisted, come back later\r\n");
	}
}

void
say_data_reply(struct gen *g, struct session *s)
{
	if (s->smtp.accepted > 0) {
		say_text(s, "354 End data with <CR><LF>.<CR><LF>\r\n");
		return;
	}
	say_text(s, "554 5.5.1 Error: no valid recipients\r\n");
	g->truth.transactions_no_rcpt++;
}

enum pool_kind
mail_body_kind(const struct session *s)
{
	static const enum pool_kind kinds[10] = { POOL_TEXT, POOL_TEXT, POOL_TEXT,
		POOL_BASE64, POOL_BASE64, POOL_BASE64, POOL_HTML, POOL_HTML, POOL_DOTS,
		POOL_LONG };

	return kinds[mail_draw(s, DRAW_KIND, 10)];
}

static void
say_mime_header(struct session *s, enum pool_kind kind, uint64_t id)
{
	if (kind == POOL_BASE64)
		say_text(s,
		    "Content-Type: multipart/mixed; boundary=\"=_%08x\"\r\n\r\n"
		    "--=_%08x\r\nContent-Type: application/octet-stream\r\n"
		    "Content-Transfer-Encoding: base64\r\nX-Part: %016llx\r\n\r\n",
		    (unsigned)id, (unsigned)id, (unsigned long long)id);
	else
		say_text(s,
		    "Content-Type: text/%s; charset=utf-8\r\n\r\n"
		    "Reference %016llx\r\n",
		    kind == POOL_HTML ? "html" : "plain", (unsigned long long)id);
}

void
say_header(struct session *s, enum pool_kind kind, bool brief)
{
	uint64_t id = prng_mix(s->smtp.message.seed, DRAW_ID);
	unsigned site = mail_draw(s, DRAW_SENDER, 211), second = (unsigned)(id % 60);

	if (!brief)
		say_text(s,
		    "Received: from desk%u.site%u.test ([172.16.8.%u])\r\n"
		    "\tby out.site%u.test (Mailer) with ESMTP id %08x;\r\n"
		    "\tSat, 21 Nov 2026 10:14:%02u +0000\r\n"
		    "Date: Sat, 21 Nov 2026 10:14:%02u +0000\r\n",
		    second, site, second, site, (unsigned)(id >> 20), second, second);
	say_text(s,
	    "From: \"User\" <user%u@site%u.test>\r\nTo: friend@example.org\r\n"
	    "Subject: Report  %u of the week\r\nMessage-ID: <%016llx@site%u.test>\r\n",
	    mail_draw(s, DRAW_SENDER, 5000), site, (unsigned)(id % 100000),
	    (unsigned long long)id, site);
	if (brief)
		say_text(s, "\r\nReference %016llx\r\n", (unsigned long long)id);
	else
		say_mime_header(s, kind, id);
}

void
say_end_of_data(struct session *s, enum pool_kind kind)
{
	struct speech *y = &s->say;
	unsigned id = (unsigned)prng_mix(s->smtp.message.seed, DRAW_ID);

	if (kind == POOL_BASE64)
		y->tail_len =
		    (size_t)snprintf(y->tail, sizeof(y->tail), "--=_%08x--\r\n.\r\n", id);
	else
		y->tail_len = (size_t)snprintf(y->tail, sizeof(y->tail), ".\r\n");
}

void
say_trace(struct session *s)
{
	const struct message *m = &s->smtp.message;

	say_text(s,
	    "Received: from helo.spam.test (unknown [%u.%u.%u.%u])\r\n"
	    "\tby relay%u.example.org (Postfix) with ESMTP id %08X\r\n"
	    "\tfor <somebody>; Sat, 21 Nov 2026 10:20:30 +0000 (UTC)\r\n",
	    m->outside_ip >> 24, m->outside_ip >> 16 & 255, m->outside_ip >> 8 & 255,
	    m->outside_ip & 255, m->inside_ip & 255, (unsigned)(m->seed >> 7));
}
