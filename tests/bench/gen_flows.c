/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * A million flows open at once. All flows take step 0, then all take step 1, and so
 * on, in a scattered order. Each packet is made from the flow's number alone: a
 * speech has the same length in all flows, so sequence numbers come from a table.
 */
#include "gen.h"

#include <string.h>

enum {
	FLOWS_MAX = 1 << 20,
	BYTES_PER_FLOW = 725, /* of the file, on average */
	GAP_US = 2,
	MAIL_STEPS = 15,
	WEB_STEPS = 6,
	TEXT_MAX = 512,
};

struct flow_step {
	enum tcp_side side;
	unsigned flags;
	const char *text; /* NULL: no payload; the #s become the flow's number */
};

static const struct flow_step mail_steps[MAIL_STEPS] = {
	{ CLIENT, TCP_SYN, NULL },
	{ SERVER, TCP_SYN | TCP_ACK, NULL },
	{ CLIENT, TCP_ACK, NULL },
	{ SERVER, TCP_ACK | TCP_PSH, "220 mail#######.example.org ESMTP\r\n" },
	{ CLIENT, TCP_ACK | TCP_PSH, "EHLO host#######.site.test\r\n" },
	{ SERVER, TCP_ACK | TCP_PSH, "250-mail#######.example.org\r\n250 8BITMIME\r\n" },
	{ CLIENT, TCP_ACK | TCP_PSH, "MAIL FROM:<from#######@site.test>\r\n" },
	{ SERVER, TCP_ACK | TCP_PSH, "250 2.1.0 Ok #######\r\n" },
	{ CLIENT, TCP_ACK | TCP_PSH, "RCPT TO:<user#######@example.org>\r\n" },
	{ SERVER, TCP_ACK | TCP_PSH, "250 2.1.5 Ok #######\r\n" },
	{ CLIENT, TCP_ACK | TCP_PSH, "QUIT\r\n" },
	{ SERVER, TCP_ACK | TCP_PSH, "221 2.0.0 Bye #######\r\n" },
	{ SERVER, TCP_ACK | TCP_FIN, NULL },
	{ CLIENT, TCP_ACK | TCP_FIN, NULL },
	{ SERVER, TCP_ACK, NULL },
};

static const struct flow_step web_steps[WEB_STEPS] = {
	{ CLIENT, TCP_SYN, NULL },
	{ SERVER, TCP_SYN | TCP_ACK, NULL },
	{ CLIENT, TCP_ACK, NULL },
	{ CLIENT, TCP_ACK | TCP_PSH, "GET /####### HTTP/1.1\r\nHost: www.site\r\n\r\n" },
	{ SERVER, TCP_ACK | TCP_PSH, "HTTP/1.1 204 Empty\r\nETag: \"#######\"\r\n\r\n" },
	{ CLIENT, TCP_ACK, NULL },
};

static bool
is_mail(uint64_t serial)
{
	return serial % 4 == 1;
}

static size_t
step_text(const struct flow_step *step, uint64_t serial, uint8_t *out)
{
	size_t len;
	char *digit;

	if (step->text == NULL)
		return 0;
	len = strlen(step->text);
	memcpy(out, step->text, len);
	digit = memrchr(out, '#', len);
	for (; digit != NULL && *digit == '#'; digit--, serial /= 10)
		*digit = (char)('0' + serial % 10);
	return len;
}

/* What a side has sent before each step, in sequence numbers. */
static void
sum_lengths(const struct flow_step *steps, unsigned count, uint32_t sent[][2])
{
	uint8_t text[TEXT_MAX];

	sent[0][CLIENT] = sent[0][SERVER] = 0;
	for (unsigned i = 0; i + 1 < count; i++) {
		sent[i + 1][CLIENT] = sent[i][CLIENT];
		sent[i + 1][SERVER] = sent[i][SERVER];
		sent[i + 1][steps[i].side] +=
		    (uint32_t)step_text(&steps[i], 0, text) +
		    ((steps[i].flags & (TCP_SYN | TCP_FIN)) != 0);
	}
}

static struct tcp_conn
flow_conn(uint64_t serial, unsigned step, const uint32_t sent[2])
{
	uint64_t isn = prng_mix(serial, 0);
	struct tcp_end client = {
		.ip = 0xc6120000 + (uint32_t)(serial & 0x1ffff),
		.port = (uint16_t)(1024 + ((serial >> 17) * 257 + serial * 31) % 60000),
		.seq = (uint32_t)isn + sent[CLIENT],
		.ip_id = (uint16_t)(isn + step),
	};
	struct tcp_end server = {
		.ip = 0x0a010000 + (uint32_t)(serial * 7 & 0x3ff),
		.port = is_mail(serial) ? 25 : 80,
		.seq = (uint32_t)(isn >> 32) + sent[SERVER],
		.ip_id = (uint16_t)((isn >> 32) + step),
	};

	return (struct tcp_conn){ .end = { client, server } };
}

/* One recipient in five does not exist; the reply keeps its length. */
static void
count_mail_step(struct gen *g, uint64_t serial, unsigned step, uint8_t *payload)
{
	bool refused = serial % 5 == 0;

	if (step == 0)
		g->truth.smtp_sessions++;
	if (step != 9)
		return;
	g->truth.transactions++;
	g->truth.rcpt_total++;
	g->truth.rcpt_accepted += !refused;
	g->truth.transactions_no_rcpt += refused;
	g->truth.transactions_aborted += !refused;
	if (refused)
		memcpy(payload, "550 5.1.1 No", 12);
}

static void
emit_step(struct gen *g, uint64_t serial, unsigned step, const struct flow_step *steps,
    const uint32_t sent[2])
{
	struct tcp_conn conn = flow_conn(serial, step, sent);
	uint8_t frame[FRAME_MAX], *payload = frame + TCP_PAYLOAD_AT;
	size_t len = step_text(&steps[step], serial, payload);

	if (is_mail(serial))
		count_mail_step(g, serial, step, payload);
	else
		g->truth.http_requests += step == 3;
	g->truth.tcp_connections += step == 0;
	len = tcp_frame(&conn, steps[step].side, steps[step].flags, frame, len);
	pcapwrite_frame(g->out, g->now_us, frame, len);
	g->now_us += GAP_US;
}

static void
generate_flows(struct gen *g, uint64_t count)
{
	static const uint64_t primes[3] = { 2654435761u, 2246822519u, 3266489917u };
	uint32_t mail_sent[MAIL_STEPS][2], web_sent[WEB_STEPS][2];
	uint64_t serial, start;

	sum_lengths(mail_steps, MAIL_STEPS, mail_sent);
	sum_lengths(web_steps, WEB_STEPS, web_sent);
	for (unsigned step = 0; step < MAIL_STEPS; step++) {
		start = prng_below(&g->rng, (uint32_t)count);
		for (uint64_t i = 0; i < count; i++) {
			serial = g->serial + (start + i * primes[step % 3]) % count;
			if (is_mail(serial))
				emit_step(g, serial, step, mail_steps, mail_sent[step]);
			else if (step < WEB_STEPS)
				emit_step(g, serial, step, web_steps, web_sent[step]);
		}
	}
	g->serial += count;
}

void
flows_generate(struct gen *g)
{
	while (pcapwrite_bytes(g->out) < g->size_bytes) {
		uint64_t left = g->size_bytes - pcapwrite_bytes(g->out);
		uint64_t count = left / BYTES_PER_FLOW + 1;

		generate_flows(g, count < FLOWS_MAX ? count : FLOWS_MAX);
	}
}
