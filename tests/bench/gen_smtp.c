/* SPDX-License-Identifier: BSD-2-Clause */
/* SMTP as a script of steps: who says what, and what follows from it. */
#include "gen_mail.h"

#include <string.h>

enum {
	PIPELINED_RCPTS_MAX = 20,
	RELAY_WAIT_MIN_US = 200000,
	RELAY_WAIT_MAX_US = 5000000,
};

enum smtp_step {
	STEP_BANNER,
	STEP_EHLO,
	STEP_EHLO_REFUSED,
	STEP_HELO,
	STEP_HELO_REPLY,
	STEP_STARTTLS,
	STEP_STARTTLS_REPLY,
	STEP_MAIL,
	STEP_MAIL_REPLY,
	STEP_RCPT,
	STEP_RCPT_REPLY,
	STEP_DATA,
	STEP_DATA_REPLY,
	STEP_BATCH,
	STEP_BATCH_REPLY,
	STEP_MESSAGE,
	STEP_FINAL,
	STEP_RSET,
	STEP_RSET_REPLY,
	STEP_QUIT,
	STEP_BYE,
	STEP_END,
};

static void
count_mail_bytes(struct gen *g, const struct session *s)
{
	uint64_t n = s->say.text_len + s->say.body.left + 700;

	g->truth.mail_bytes += n;
	g->payload_bytes += n;
}

static void
step_banner(struct gen *g, struct session *s)
{
	g->truth.smtp_sessions++;
	say(s, SERVER);
	if (s->serial % 10 == 3)
		say_text(s,
		    "220-mail%u.example.org ESMTP\r\n"
		    "220-No unsolicited mail, please\r\n",
		    s->tcp.end[SERVER].ip & 255);
	say_text(
	    s, "220 mail%u.example.org ESMTP ready\r\n", s->tcp.end[SERVER].ip & 255);
	s->smtp.step = STEP_EHLO;
}

static void
step_ehlo(struct gen *g, struct session *s)
{
	(void)g;
	say(s, CLIENT);
	say_text(s, "EHLO client%u.site%u.test\r\n", s->tcp.end[CLIENT].ip & 0xffff,
	    mail_draw(s, DRAW_SENDER, 211));
	s->smtp.step = mail_speaks_helo(s) ? STEP_EHLO_REFUSED : STEP_HELO_REPLY;
}

static void
step_ehlo_refused(struct gen *g, struct session *s)
{
	(void)g;
	say(s, SERVER);
	say_text(s, "502 5.5.1 Command not implemented\r\n");
	s->smtp.step = STEP_HELO;
}

static void
step_helo(struct gen *g, struct session *s)
{
	(void)g;
	say(s, CLIENT);
	say_text(s, "HELO client%u\r\n", s->tcp.end[CLIENT].ip & 0xffff);
	s->smtp.step = STEP_HELO_REPLY;
}

static enum smtp_step
first_mail_step(const struct session *s)
{
	return s->smtp.pipelining ? STEP_BATCH : STEP_MAIL;
}

static void
step_helo_reply(struct gen *g, struct session *s)
{
	unsigned host = s->tcp.end[SERVER].ip & 255;

	say(s, SERVER);
	if (mail_speaks_helo(s))
		say_text(s, "250 mail%u.example.org\r\n", host);
	else
		say_text(s,
		    "250-mail%u.example.org\r\n250-PIPELINING\r\n"
		    "250-SIZE 52428800\r\n250-STARTTLS\r\n250-8BITMIME\r\n250 DSN\r\n",
		    host);
	if (s->smtp.transactions_left == 0) {
		g->truth.smtp_without_mail++;
		s->smtp.step = STEP_QUIT;
	} else {
		s->smtp.step = s->smtp.starttls ? STEP_STARTTLS : first_mail_step(s);
	}
}

static void
step_starttls(struct gen *g, struct session *s)
{
	g->truth.smtp_tls_sessions++;
	say(s, CLIENT);
	say_text(s, "STARTTLS\r\n");
	s->smtp.step = STEP_STARTTLS_REPLY;
}

static void
step_starttls_reply(struct gen *g, struct session *s)
{
	(void)g;
	say(s, SERVER);
	say_text(s, "220 2.0.0 Ready to start TLS\r\n");
	tls_continue(s);
}

static void
step_mail(struct gen *g, struct session *s)
{
	g->truth.transactions++;
	s->smtp.rcpt = 0;
	s->smtp.accepted = 0;
	say(s, CLIENT);
	say_mail(s);
	s->smtp.step = STEP_MAIL_REPLY;
}

static void
step_mail_reply(struct gen *g, struct session *s)
{
	(void)g;
	say(s, SERVER);
	say_text(s, "250 2.1.0 Sender ok\r\n");
	s->smtp.step = STEP_RCPT;
}

static void
step_rcpt(struct gen *g, struct session *s)
{
	(void)g;
	say(s, CLIENT);
	say_rcpt(s, s->smtp.rcpt);
	s->smtp.step = STEP_RCPT_REPLY;
}

/* A few clients go away once a recipient is accepted. */
static void
step_rcpt_reply(struct gen *g, struct session *s)
{
	say(s, SERVER);
	say_rcpt_reply(g, s, s->smtp.rcpt);
	s->smtp.rcpt = mail_rcpt_next(s, s->smtp.rcpt);
	if (s->smtp.rcpt < s->smtp.message.rcpts) {
		s->smtp.step = STEP_RCPT;
	} else if (s->smtp.accepted == 0) {
		g->truth.transactions_no_rcpt++;
		g->truth.relay_refused += s->smtp.route == ROUTE_PROBE;
		s->smtp.step = STEP_RSET;
	} else if (s->smtp.route < ROUTE_PROBE && mail_draw(s, DRAW_ATTEMPT, 300) == 0) {
		g->truth.transactions_aborted++;
		s->smtp.step = STEP_END;
	} else {
		s->smtp.step = STEP_DATA;
	}
}

static void
step_data(struct gen *g, struct session *s)
{
	(void)g;
	say(s, CLIENT);
	say_text(s, "DATA\r\n");
	s->smtp.step = STEP_DATA_REPLY;
}

static void
step_data_reply(struct gen *g, struct session *s)
{
	say(s, SERVER);
	say_data_reply(g, s);
	s->smtp.step = STEP_MESSAGE;
}

static void
step_batch(struct gen *g, struct session *s)
{
	g->truth.transactions++;
	s->smtp.accepted = 0;
	say(s, CLIENT);
	say_mail(s);
	for (unsigned i = 0; i < s->smtp.message.rcpts; i = mail_rcpt_next(s, i))
		say_rcpt(s, i);
	say_text(s, "DATA\r\n");
	s->smtp.step = STEP_BATCH_REPLY;
}

static void
step_batch_reply(struct gen *g, struct session *s)
{
	say(s, SERVER);
	say_text(s, "250 2.1.0 Ok\r\n");
	for (unsigned i = 0; i < s->smtp.message.rcpts; i = mail_rcpt_next(s, i))
		say_rcpt_reply(g, s, i);
	say_data_reply(g, s);
	g->truth.relay_refused += s->smtp.route == ROUTE_PROBE;
	s->smtp.step = s->smtp.accepted > 0 ? STEP_MESSAGE : STEP_RSET;
}

static void
step_message(struct gen *g, struct session *s)
{
	enum pool_kind kind = mail_body_kind(s);
	struct prng rng = { prng_mix(s->smtp.message.seed, DRAW_BODY) };
	size_t size = g->profile == PROFILE_TINY ? 50 : size_random(&rng);

	say(s, CLIENT);
	if (s->smtp.route == ROUTE_RELAY_OUT)
		say_trace(s);
	if (g->profile == PROFILE_TINY && kind != POOL_DOTS)
		kind = POOL_TEXT;
	say_header(s, kind, g->profile == PROFILE_TINY);
	s->say.body = pool_range(&g->pools[kind], &rng, size);
	say_end_of_data(s, kind);
	count_mail_bytes(g, s);
	s->smtp.step = STEP_FINAL;
}

static void
queue_relay(struct gen *g, struct session *s)
{
	struct message *m =
	    &g->relays[(g->relay_first + g->relay_count++) % RELAY_QUEUE_MAX];

	*m = s->smtp.message;
	m->inside_ip = s->tcp.end[SERVER].ip;
	m->outside_ip = s->tcp.end[CLIENT].ip;
	m->ready_us =
	    g->now_us + prng_between(&s->rng, RELAY_WAIT_MIN_US, RELAY_WAIT_MAX_US);
	g->truth.relay_accepted++;
}

/* A full relay queue refuses, so that all that is accepted also leaves. */
static bool
message_taken(const struct gen *g, const struct session *s)
{
	if (s->smtp.route == ROUTE_RELAY_OUT)
		return true;
	if (s->smtp.route == ROUTE_RELAY_IN && g->relay_count == RELAY_QUEUE_MAX)
		return false;
	return mail_draw(s, DRAW_FINAL, 1000) < 960;
}

static void
step_final(struct gen *g, struct session *s)
{
	say(s, SERVER);
	if (message_taken(g, s)) {
		g->truth.messages_delivered++;
		g->truth.relayed_confirmed += s->smtp.route == ROUTE_RELAY_OUT;
		if (s->smtp.route == ROUTE_RELAY_IN)
			queue_relay(g, s);
		say_text(
		    s, "250 2.0.0 Ok: queued as %X\r\n", mail_draw(s, DRAW_ID, 1 << 30));
	} else {
		g->truth.messages_rejected++;
		g->truth.relay_refused += s->smtp.route == ROUTE_RELAY_IN;
		say_text(s, s->serial % 2 ? "550 5.7.1 Message refused\r\n"
					  : "451 4.3.0 Try again later\r\n");
	}
	if (prng_permille(&s->rng, 30))
		s->think_us = prng_between(&s->rng, 100000, 3000000);
	s->smtp.step =
	    s->smtp.transactions_left > 1 && s->serial % 2 == 0 ? STEP_RSET : STEP_QUIT;
}

/* The next message of the session, or its end. */
static void
next_transaction(struct session *s)
{
	if (s->smtp.transactions_left <= 1) {
		s->smtp.step = STEP_QUIT;
		return;
	}
	s->smtp.transactions_left--;
	s->smtp.message.seed = prng_next(&s->rng);
	s->smtp.message.rcpts = 1 + prng_below(&s->rng, 3);
	s->smtp.step = first_mail_step(s);
}

static void
step_rset(struct gen *g, struct session *s)
{
	(void)g;
	say(s, CLIENT);
	say_text(s, "RSET\r\n");
	s->smtp.step = STEP_RSET_REPLY;
}

static void
step_rset_reply(struct gen *g, struct session *s)
{
	(void)g;
	say(s, SERVER);
	say_text(s, "250 2.0.0 Flushed\r\n");
	next_transaction(s);
}

static void
step_quit(struct gen *g, struct session *s)
{
	next_transaction(s);
	if (s->smtp.step != STEP_QUIT) {
		s->say_next(g, s);
		return;
	}
	say(s, CLIENT);
	say_text(s, "QUIT\r\n");
	s->smtp.step = STEP_BYE;
}

static void
step_bye(struct gen *g, struct session *s)
{
	(void)g;
	say(s, SERVER);
	say_text(s, "221 2.0.0 Bye\r\n");
	s->smtp.step = STEP_END;
}

static bool
smtp_next(struct gen *g, struct session *s)
{
	static void (*const steps[STEP_END])(struct gen *, struct session *) = {
		[STEP_BANNER] = step_banner,
		[STEP_EHLO] = step_ehlo,
		[STEP_EHLO_REFUSED] = step_ehlo_refused,
		[STEP_HELO] = step_helo,
		[STEP_HELO_REPLY] = step_helo_reply,
		[STEP_STARTTLS] = step_starttls,
		[STEP_STARTTLS_REPLY] = step_starttls_reply,
		[STEP_MAIL] = step_mail,
		[STEP_MAIL_REPLY] = step_mail_reply,
		[STEP_RCPT] = step_rcpt,
		[STEP_RCPT_REPLY] = step_rcpt_reply,
		[STEP_DATA] = step_data,
		[STEP_DATA_REPLY] = step_data_reply,
		[STEP_BATCH] = step_batch,
		[STEP_BATCH_REPLY] = step_batch_reply,
		[STEP_MESSAGE] = step_message,
		[STEP_FINAL] = step_final,
		[STEP_RSET] = step_rset,
		[STEP_RSET_REPLY] = step_rset_reply,
		[STEP_QUIT] = step_quit,
		[STEP_BYE] = step_bye,
	};

	if (s->smtp.step == STEP_END)
		return false;
	steps[s->smtp.step](g, s);
	return true;
}

static uint32_t
our_server(struct session *s)
{
	if (prng_permille(&s->rng, 300))
		return 0xc0000214 + prng_below(&s->rng, 20); /* 192.0.2.20.. */
	return 0x0a010001 + prng_below(&s->rng, 200);        /* 10.1.0.1.. */
}

static void
pick_route(struct gen *g, struct session *s)
{
	uint32_t dice = prng_below(&s->rng, 1000);
	uint32_t outside = outside_address(s);

	if (dice < 30 && g->relay_count < RELAY_QUEUE_MAX / 2) {
		s->smtp.route = ROUTE_RELAY_IN; /* 203.0.113.1.., 192.0.2.2.. */
		set_ends(s, 0xcb007101 + prng_below(&s->rng, 40),
		    0xc0000202 + prng_below(&s->rng, 6), 25);
	} else if (dice < 70) {
		s->smtp.route = ROUTE_PROBE; /* 203.0.113.128.. */
		set_ends(s, 0xcb007180 + prng_below(&s->rng, 64), our_server(s), 25);
	} else if (dice < 400) {
		s->smtp.route = ROUTE_OUT;
		set_ends(s, our_server(s), outside, 25);
	} else {
		s->smtp.route = ROUTE_IN;
		set_ends(s, outside, our_server(s), 25);
	}
}

static uint32_t
pick_rcpts(struct gen *g, struct session *s)
{
	uint32_t dice = prng_below(&s->rng, 100);

	if (g->profile == PROFILE_TINY || dice < 70)
		return 1;
	return dice < 95 ? prng_between(&s->rng, 2, 4)
			 : prng_between(&s->rng, 5, PIPELINED_RCPTS_MAX);
}

void
smtp_start(struct gen *g, struct session *s)
{
	memset(&s->smtp, 0, sizeof(s->smtp));
	s->say_next = smtp_next;
	s->smtp.message.seed = prng_next(&s->rng);
	s->smtp.message.rcpts = pick_rcpts(g, s);
	s->smtp.pipelining = prng_permille(&s->rng, 350) && !mail_speaks_helo(s);
	s->smtp.transactions_left =
	    g->profile != PROFILE_TINY && prng_permille(&s->rng, 150)
		? prng_between(&s->rng, 2, 5)
		: 1;
	pick_route(g, s);
	if (s->smtp.route > ROUTE_OUT)
		return;
	s->smtp.starttls = prng_permille(&s->rng, 20) && !mail_speaks_helo(s);
	if (prng_permille(&s->rng, 15))
		s->smtp.transactions_left = 0;
}

void
smtp_start_relay(struct gen *g, struct session *s, const struct message *m)
{
	(void)g;
	memset(&s->smtp, 0, sizeof(s->smtp));
	s->say_next = smtp_next;
	s->smtp.message = *m;
	s->smtp.route = ROUTE_RELAY_OUT;
	s->smtp.pipelining = prng_permille(&s->rng, 350) && !mail_speaks_helo(s);
	s->smtp.transactions_left = 1;
	set_ends(s, m->inside_ip, outside_address(s), 25);
}
