/* SPDX-License-Identifier: BSD-2-Clause */
/* What a SOCKS server answers: method, password accepted, code. */
#include "socks_state.h"

/* What came to nothing before it named a target is told without one. */
enum tunnel_step
socks_give_up(struct socks *socks)
{
	if (socks->greeted && !socks->told)
		socks->tunnel.due |= TUNNEL_DUE_ASKED;
	socks->told = true;
	socks->reply = SOCKS_REPLY_OVER;
	return TUNNEL_ON;
}

static enum tunnel_step
refuse(struct socks *socks, uint8_t code, const char *why)
{
	socks->code = code;
	socks->why = why;
	socks->tunnel.due |= TUNNEL_DUE_REFUSED;
	return socks_give_up(socks);
}

/* Waits for the requester, if it may still say something. */
static enum tunnel_step
await(struct socks *socks)
{
	return socks->ended ? socks_give_up(socks) : TUNNEL_MORE;
}

static enum tunnel_step
judge_code(struct socks *socks, uint8_t code, bool granted)
{
	if (!granted && socks->bound)
		return TUNNEL_DONE; /* what was granted is the listening port */
	if (!granted)
		return refuse(socks, code, "");
	socks->code = code;
	if (!socks->bound)
		socks->tunnel.due |= TUNNEL_DUE_GRANTED;
	socks->reply = SOCKS_REPLY_REST;
	return TUNNEL_ON;
}

/* What another kind of server answers to SOCKS; the probe knows these. */
static const char *
other_server(const struct socks_message *m, uint8_t version)
{
	if (m->b[0] == 'H' && m->b[1] == 'T')
		return "answered in HTTP";
	if (version == SOCKS4 && m->b[0] == SOCKS5 && m->b[1] == SOCKS_METHOD_REFUSED)
		return "answered in SOCKS version 5";
	return NULL;
}

static enum tunnel_step
read_method(struct socks *socks, struct slice *in)
{
	struct socks_message *m = &socks->got;

	if (!socks->greeted)
		return await(socks);
	if (!socks_gather(m, 2, in))
		return TUNNEL_MORE;
	m->have = 0;
	socks->method = m->b[1];
	socks->has_method = true;
	if (other_server(m, SOCKS5) != NULL)
		return refuse(socks, SOCKS_METHOD_REFUSED, other_server(m, SOCKS5));
	if (m->b[0] != SOCKS5)
		return TUNNEL_BAD;
	if (socks->method == SOCKS_METHOD_REFUSED)
		return refuse(socks, SOCKS_METHOD_REFUSED, "no acceptable method");
	if (socks->method == SOCKS_METHOD_PASSWORD)
		socks->reply = SOCKS_REPLY_PASSWORD;
	else if (socks->method == SOCKS_METHOD_NONE)
		socks->reply = SOCKS_REPLY_CODE;
	else
		return TUNNEL_DONE;
	return TUNNEL_ON;
}

static enum tunnel_step
read_password_reply(struct socks *socks, struct slice *in)
{
	struct socks_message *m = &socks->got;

	if (!socks->password && !socks->told)
		return await(socks);
	if (!socks_gather(m, 2, in))
		return TUNNEL_MORE;
	m->have = 0;
	/* Some servers answer with their own version. */
	if (m->b[0] != SOCKS5_AUTH && m->b[0] != SOCKS5)
		return TUNNEL_DONE;
	if (m->b[1] != 0)
		return refuse(socks, m->b[1], "authentication failed");
	socks->reply = SOCKS_REPLY_CODE;
	return TUNNEL_ON;
}

static enum tunnel_step
read_code(struct socks *socks, struct slice *in)
{
	struct socks_message *m = &socks->got;

	if (socks->request != SOCKS_REQUEST_ASKED)
		return await(socks);
	if (!socks_gather(m, 2, in))
		return TUNNEL_MORE;
	if (socks->version == SOCKS5)
		return m->b[0] == SOCKS5 ? judge_code(socks, m->b[1], m->b[1] == 0)
					 : TUNNEL_DONE;
	if (other_server(m, SOCKS4) != NULL)
		return refuse(socks, SOCKS_METHOD_REFUSED, other_server(m, SOCKS4));
	if (m->b[0] != 0 || m->b[1] < SOCKS4_OK || m->b[1] > SOCKS4_LAST)
		return TUNNEL_BAD;
	return judge_code(socks, m->b[1], m->b[1] == SOCKS4_OK);
}

static enum tunnel_step
read_rest(struct socks *socks, struct slice *in)
{
	struct socks_message *m = &socks->got;
	size_t need = SOCKS4_HEAD;

	if (socks->version == SOCKS5) {
		if (!socks_gather(m, SOCKS5_ADDR_AT + 1, in))
			return TUNNEL_MORE;
		if (socks_v5_addr_bytes(m) == 0)
			return TUNNEL_DONE;
		need = SOCKS5_ADDR_AT + socks_v5_addr_bytes(m);
	}
	if (!socks_gather(m, need, in))
		return TUNNEL_MORE;
	m->have = 0;
	if (socks->command == SOCKS_COMMAND_UDP)
		return TUNNEL_DONE;
	socks->reply = SOCKS_REPLY_GRANTED;
	if (socks->command == SOCKS_COMMAND_BIND && !socks->bound) {
		socks->bound = true; /* a second reply says who connected */
		socks->reply = SOCKS_REPLY_CODE;
	}
	return TUNNEL_ON;
}

enum tunnel_step
socks_step_reply(void *state, struct slice *in)
{
	struct socks *socks = state;

	switch (socks->reply) {
	case SOCKS_REPLY_FIRST:
		if (socks->version == SOCKS5)
			return read_method(socks, in);
		return socks->version == SOCKS4 ? read_code(socks, in) : await(socks);
	case SOCKS_REPLY_PASSWORD:
		return read_password_reply(socks, in);
	case SOCKS_REPLY_CODE:
		return read_code(socks, in);
	case SOCKS_REPLY_REST:
		return read_rest(socks, in);
	case SOCKS_REPLY_GRANTED:
	case SOCKS_REPLY_OVER:
		break;
	}
	return TUNNEL_MORE;
}
