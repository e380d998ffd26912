/* SPDX-License-Identifier: BSD-2-Clause */
/* What a SOCKS client sends: greeting, password, request. */
#include "socks_state.h"

/* Takes input until the message has need bytes. */
bool
socks_gather(struct socks_message *message, size_t need, struct slice *in)
{
	size_t n = message->have < need ? need - message->have : 0;

	n = n < in->n ? n : in->n;
	if (n > 0)
		memcpy(message->b + message->have, in->p, n);
	message->have = (uint16_t)(message->have + n);
	*in = slice_tail(*in, n);
	return message->have >= need;
}

/* Bytes of an address and its port, of which the message has the type and one more; 0: no
 * such type. */
size_t
socks_v5_addr_bytes(const struct socks_message *m)
{
	switch (m->b[SOCKS5_ADDR_AT - 1]) {
	case 1:
		return 4 + 2;
	case 3:
		return 1u + m->b[SOCKS5_ADDR_AT] + 2;
	case 4:
		return 16 + 2;
	}
	return 0;
}

static bool
is_offered(const uint8_t offered[static 32], uint8_t method)
{
	return offered[method / 8] >> method % 8 & 1;
}

/* Takes input through a NUL; what is before it goes to add(). */
static bool
take_string(
    struct tunnel *tunnel, void (*add)(struct tunnel *, struct slice), struct slice *in)
{
	const uint8_t *nul = in->n > 0 ? memchr(in->p, 0, in->n) : NULL;
	struct slice text = slice_head(*in, nul != NULL ? (size_t)(nul - in->p) : in->n);

	add(tunnel, text);
	*in = slice_tail(*in, nul != NULL ? text.n + 1 : text.n);
	return nul != NULL;
}

static enum tunnel_step
complete(struct socks *socks)
{
	socks->request = SOCKS_REQUEST_ASKED;
	socks->tunnel.due |= TUNNEL_DUE_ASKED;
	socks->told = true;
	return TUNNEL_ON;
}

static enum tunnel_step
read_version(struct socks *socks, struct slice *in)
{
	if (in->n == 0)
		return TUNNEL_MORE;
	socks->version = in->p[0];
	if (socks->version == SOCKS4)
		socks->request = SOCKS_REQUEST_V4_HEAD;
	else if (socks->version == SOCKS5)
		socks->request = SOCKS_REQUEST_V5_GREETING;
	else
		return TUNNEL_BAD;
	socks->tunnel.kind =
	    socks->version == SOCKS4 ? FACT_TUNNEL_SOCKS4 : FACT_TUNNEL_SOCKS5;
	return TUNNEL_ON;
}

static enum tunnel_step
read_v4_head(struct socks *socks, struct slice *in)
{
	const uint8_t *b = socks->sent.b;
	struct addr addr;

	if (!socks_gather(&socks->sent, SOCKS4_HEAD, in))
		return TUNNEL_MORE;
	if (b[1] != SOCKS_COMMAND_CONNECT && b[1] != SOCKS_COMMAND_BIND)
		return TUNNEL_BAD;
	socks->command = b[1];
	socks->tunnel.port = be16(b + 2);
	addr = addr_from_v4(b + 4);
	if (socks_is_4a(b + 4))
		socks->tunnel.kind = FACT_TUNNEL_SOCKS4A;
	else
		tunnel_set_addr(&socks->tunnel, &addr);
	socks->request = SOCKS_REQUEST_V4_USER;
	return TUNNEL_ON;
}

static enum tunnel_step
read_v4_user(struct socks *socks, struct slice *in)
{
	if (!take_string(&socks->tunnel, tunnel_add_user, in))
		return TUNNEL_MORE;
	if (socks->tunnel.kind != FACT_TUNNEL_SOCKS4A)
		return complete(socks);
	socks->request = SOCKS_REQUEST_V4_NAME;
	return TUNNEL_ON;
}

static enum tunnel_step
read_v4_name(struct socks *socks, struct slice *in)
{
	return take_string(&socks->tunnel, tunnel_add_host, in) ? complete(socks)
								: TUNNEL_MORE;
}

static enum tunnel_step
read_greeting(struct socks *socks, struct slice *in)
{
	struct socks_message *m = &socks->sent;

	if (!socks_gather(m, 2, in) || !socks_gather(m, 2u + m->b[1], in))
		return TUNNEL_MORE;
	for (unsigned i = 0; i < m->b[1]; i++)
		socks->offered[m->b[2 + i] / 8] |= (uint8_t)(1 << m->b[2 + i] % 8);
	m->have = 0;
	socks->greeted = true;
	socks->request = SOCKS_REQUEST_V5_NEXT;
	return TUNNEL_ON;
}

/* Whether what begins with the version of RFC 1929 is a password. */
static enum tunnel_step
judge_auth(const struct socks *socks)
{
	if (socks->has_method)
		return socks->method == SOCKS_METHOD_PASSWORD ? TUNNEL_ON : TUNNEL_DONE;
	if (!is_offered(socks->offered, SOCKS_METHOD_PASSWORD))
		return TUNNEL_DONE;
	return is_offered(socks->offered, SOCKS_METHOD_GSSAPI) ? TUNNEL_MORE : TUNNEL_ON;
}

static enum tunnel_step
read_next(struct socks *socks, struct slice *in)
{
	enum tunnel_step step;

	if (in->n == 0)
		return TUNNEL_MORE;
	if (in->p[0] == SOCKS5) {
		socks->request = SOCKS_REQUEST_V5_REQUEST;
		return TUNNEL_ON;
	}
	if (in->p[0] != SOCKS5_AUTH || socks->password)
		return TUNNEL_DONE;
	step = judge_auth(socks);
	if (step == TUNNEL_ON)
		socks->request = SOCKS_REQUEST_V5_USER;
	socks->stuck = step == TUNNEL_MORE;
	return step;
}

/* Through the length of the password, which itself is never kept. */
static enum tunnel_step
read_user(struct socks *socks, struct slice *in)
{
	struct socks_message *m = &socks->sent;

	if (!socks_gather(m, 2, in) || !socks_gather(m, 2u + m->b[1] + 1, in))
		return TUNNEL_MORE;
	tunnel_add_user(&socks->tunnel, slice_of(m->b + 2, m->b[1]));
	socks->skip = m->b[2 + m->b[1]];
	m->have = 0;
	socks->request = SOCKS_REQUEST_V5_PASSWORD;
	return TUNNEL_ON;
}

static enum tunnel_step
skip_password(struct socks *socks, struct slice *in)
{
	size_t n = in->n < socks->skip ? in->n : socks->skip;

	*in = slice_tail(*in, n);
	socks->skip -= (uint8_t)n;
	if (socks->skip > 0)
		return TUNNEL_MORE;
	socks->password = true;
	socks->request = SOCKS_REQUEST_V5_NEXT;
	return TUNNEL_ON;
}

static void
set_v5_addr(struct socks *socks, const struct socks_message *m)
{
	const uint8_t *p = m->b + SOCKS5_ADDR_AT;
	struct addr addr;

	if (m->b[SOCKS5_ADDR_AT - 1] == 3) {
		tunnel_add_host(&socks->tunnel, slice_of(p + 1, p[0]));
	} else {
		addr =
		    socks_v5_addr_bytes(m) == 4 + 2 ? addr_from_v4(p) : addr_from_v6(p);
		tunnel_set_addr(&socks->tunnel, &addr);
	}
	socks->tunnel.port = be16(m->b + m->have - 2);
}

static enum tunnel_step
read_request(struct socks *socks, struct slice *in)
{
	struct socks_message *m = &socks->sent;

	if (!socks_gather(m, SOCKS5_ADDR_AT + 1, in))
		return TUNNEL_MORE;
	if (m->b[1] < SOCKS_COMMAND_CONNECT || m->b[1] > SOCKS_COMMAND_UDP ||
	    socks_v5_addr_bytes(m) == 0)
		return TUNNEL_DONE;
	if (!socks_gather(m, SOCKS5_ADDR_AT + socks_v5_addr_bytes(m), in))
		return TUNNEL_MORE;
	socks->command = m->b[1];
	set_v5_addr(socks, m);
	return complete(socks);
}

enum tunnel_step
socks_step_request(void *state, struct slice *in)
{
	struct socks *socks = state;

	switch (socks->request) {
	case SOCKS_REQUEST_VERSION:
		return read_version(socks, in);
	case SOCKS_REQUEST_V4_HEAD:
		return read_v4_head(socks, in);
	case SOCKS_REQUEST_V4_USER:
		return read_v4_user(socks, in);
	case SOCKS_REQUEST_V4_NAME:
		return read_v4_name(socks, in);
	case SOCKS_REQUEST_V5_GREETING:
		return read_greeting(socks, in);
	case SOCKS_REQUEST_V5_NEXT:
		return read_next(socks, in);
	case SOCKS_REQUEST_V5_USER:
		return read_user(socks, in);
	case SOCKS_REQUEST_V5_PASSWORD:
		return skip_password(socks, in);
	case SOCKS_REQUEST_V5_REQUEST:
		return read_request(socks, in);
	case SOCKS_REQUEST_ASKED:
		break;
	}
	return TUNNEL_MORE;
}
