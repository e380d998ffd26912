/* SPDX-License-Identifier: BSD-2-Clause */
/* One TCP connection as packets: handshake, segments with their ACKs, close. */
#include "gen.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	REORDER_PERMILLE = 10,
	DUPLICATE_PERMILLE = 5,
	RESET_PERMILLE = 10,
	MIXED_MAIL_PERCENT = 5,
};

static void
release_held(struct gen *g, struct session *s)
{
	if (s->held.len == 0)
		return;
	pcapwrite_frame(g->out, g->now_us, s->held.frame, s->held.len);
	s->held.len = 0;
}

static void
hold(struct session *s, const uint8_t *frame, size_t len, unsigned wait)
{
	memcpy(s->held.frame, frame, len);
	s->held.len = len;
	s->held.wait = wait;
}

/*
 * The one way out of a session. Handshakes stay in order: a span port that turns
 * those round is another test's subject.
 */
static void
emit(struct gen *g, struct session *s, enum tcp_side side, unsigned flags, uint8_t *frame,
    size_t payload_len)
{
	size_t len = tcp_frame(&s->tcp, side, flags, frame, payload_len);
	bool may_hold = !g->clean && s->held.len == 0 && s->phase == PHASE_TALK;
	uint32_t dice = prng_below(&s->rng, 1000);

	if (may_hold && dice < REORDER_PERMILLE) {
		hold(s, frame, len, payload_len == TCP_MSS ? 1 + dice % 3 : 1);
		g->truth.packets_reordered++;
		return;
	}
	pcapwrite_frame(g->out, g->now_us, frame, len);
	if (may_hold && dice < REORDER_PERMILLE + DUPLICATE_PERMILLE) {
		hold(s, frame, len, 1 + dice % 4);
		g->truth.packets_duplicated++;
	} else if (s->held.len != 0 && --s->held.wait == 0) {
		release_held(g, s);
	}
}

static void
emit_bare(struct gen *g, struct session *s, enum tcp_side side, unsigned flags)
{
	uint8_t frame[FRAME_MAX];

	emit(g, s, side, flags, frame, 0);
}

void
say(struct session *s, enum tcp_side side)
{
	s->say.side = side;
	s->say.text_at = s->say.text_len = 0;
	s->say.tail_at = s->say.tail_len = 0;
	s->say.body.left = 0;
}

void
say_text(struct session *s, const char *format, ...)
{
	size_t room = sizeof(s->say.text) - s->say.text_len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(s->say.text + s->say.text_len, room, format, args);
	va_end(args);
	assert(n >= 0 && (size_t)n < room);
	s->say.text_len += (size_t)n;
}

static size_t
copy_part(uint8_t *to, size_t max, const char *from, size_t *at, size_t len)
{
	size_t n = len - *at < max ? len - *at : max;

	memcpy(to, from + *at, n);
	*at += n;
	return n;
}

static size_t
speech_take(struct speech *y, uint8_t *to, size_t max)
{
	size_t n = copy_part(to, max, y->text, &y->text_at, y->text_len);

	n += range_copy(&y->body, to + n, max - n);
	return n + copy_part(to + n, max - n, y->tail, &y->tail_at, y->tail_len);
}

static bool
speech_over(const struct speech *y)
{
	return y->text_at == y->text_len && y->body.left == 0 &&
	       y->tail_at == y->tail_len;
}

static void
emit_segment(struct gen *g, struct session *s)
{
	uint8_t frame[FRAME_MAX];
	size_t n = speech_take(&s->say, frame + TCP_PAYLOAD_AT, TCP_MSS);
	bool last = speech_over(&s->say);

	emit(g, s, s->say.side, last ? TCP_ACK | TCP_PSH : TCP_ACK, frame, n);
	s->unacked++;
	s->due_us = g->now_us + prng_between(&s->rng, 12, 120);
	if (last) {
		s->due_us += s->rtt_us / 2; /* both ACK and answer have to come back */
	} else if (--s->window == 0) {
		s->window = prng_between(&s->rng, 8, 40);
		s->due_us += s->rtt_us;
	}
}

/* Bulk data has an ACK for two segments; a lone command is mostly acked by its reply. */
static bool
ack_is_due(struct session *s)
{
	if (s->unacked >= 2)
		return true;
	return s->unacked == 1 && speech_over(&s->say) && prng_permille(&s->rng, 350);
}

static void
talk(struct gen *g, struct session *s)
{
	if (ack_is_due(s)) {
		emit_bare(g, s, !s->say.side, TCP_ACK);
		s->unacked = 0;
		s->due_us = g->now_us + prng_between(&s->rng, 12, 200);
	} else if (!speech_over(&s->say)) {
		emit_segment(g, s);
	} else {
		s->unacked = 0;
		s->think_us = prng_between(&s->rng, 100, 20000);
		if (!s->say_next(g, s)) {
			release_held(g, s);
			s->phase = PHASE_FIN;
		}
		s->due_us = g->now_us + s->think_us;
	}
}

static void
close_step(struct gen *g, struct session *s)
{
	enum tcp_side first = s->serial % 4 != 0 ? SERVER : CLIENT;

	if (s->reset_at_end) {
		emit_bare(g, s, first, TCP_RST | TCP_ACK);
		s->phase = PHASE_OVER;
		return;
	}
	if (s->phase == PHASE_FIN)
		emit_bare(g, s, first, TCP_FIN | TCP_ACK);
	else if (s->phase == PHASE_FIN_BACK)
		emit_bare(g, s, !first, TCP_FIN | TCP_ACK);
	else
		emit_bare(g, s, first, TCP_ACK);
	s->phase++;
	s->due_us = g->now_us + s->rtt_us / 2;
}

void
session_tick(struct gen *g, struct session *s)
{
	switch (s->phase) {
	case PHASE_SYN:
		emit_bare(g, s, CLIENT, TCP_SYN);
		g->truth.tcp_connections++;
		break;
	case PHASE_SYN_ACK:
		emit_bare(g, s, SERVER, TCP_SYN | TCP_ACK);
		break;
	case PHASE_ACK:
		emit_bare(g, s, CLIENT, TCP_ACK);
		break;
	case PHASE_TALK:
		talk(g, s);
		return;
	default:
		close_step(g, s);
		return;
	}
	s->phase++;
	s->due_us = g->now_us + s->rtt_us / 2;
}

uint32_t
outside_address(const struct session *s)
{
	return 0xc6120000 + (uint32_t)(s->serial * 40503 & 0x1ffff);
}

void
set_ends(struct session *s, uint32_t client, uint32_t server, uint16_t server_port)
{
	s->tcp.end[CLIENT].ip = client;
	s->tcp.end[CLIENT].port = (uint16_t)(1024 + s->serial % 60000);
	s->tcp.end[SERVER].ip = server;
	s->tcp.end[SERVER].port = server_port;
}

static void
pick_script(struct gen *g, struct session *s)
{
	struct message *relay = &g->relays[g->relay_first];
	bool mail = true;

	if (g->relay_count > 0 && relay->ready_us <= s->due_us) {
		g->relay_first = (g->relay_first + 1) % RELAY_QUEUE_MAX;
		g->relay_count--;
		smtp_start_relay(g, s, relay);
		return;
	}
	if (g->profile == PROFILE_TINY)
		mail = s->serial % 2 == 0;
	else if (g->profile == PROFILE_MIXED)
		mail = g->truth.mail_bytes * 100 <= g->payload_bytes * MIXED_MAIL_PERCENT;
	if (mail)
		smtp_start(g, s);
	else if (g->profile == PROFILE_TINY || prng_permille(&s->rng, 400))
		http_start(g, s);
	else
		tls_start(g, s);
}

void
session_start(struct gen *g, struct session *s, uint64_t start_us)
{
	s->serial = g->serial++;
	s->rng.state = prng_next(&g->rng);
	s->due_us = start_us;
	s->phase = PHASE_SYN;
	s->rtt_us = prng_between(&s->rng, 2000, 80000);
	s->unacked = 0;
	s->window = 10;
	s->reset_at_end = prng_permille(&s->rng, RESET_PERMILLE);
	s->held.len = 0;
	say(s, SERVER);
	for (unsigned side = CLIENT; side <= SERVER; side++) {
		s->tcp.end[side].seq = (uint32_t)prng_next(&s->rng);
		s->tcp.end[side].ip_id = (uint16_t)prng_next(&s->rng);
	}
	pick_script(g, s);
}
