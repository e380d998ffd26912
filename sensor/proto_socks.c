/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SOCKS 4 and 4a (Ying-Da Lee's memos), SOCKS 5 (RFC 1928), its passwords (RFC 1929).
 * Each direction is read by its own small machine. Clients may send greeting, password
 * and request at once, so the requester's waits for an answer only where the answer
 * decides how to read on, and, behind the request, for the grant.
 */
#include "socks.h"
#include "tunnel_parse.h"

enum { MESSAGE_MAX = SOCKS5_ADDR_AT + 1 + 255 + 2 };

enum request_state {
	REQUEST_VERSION,
	REQUEST_V4_HEAD,
	REQUEST_V4_USER,
	REQUEST_V4_NAME,
	REQUEST_V5_GREETING,
	REQUEST_V5_NEXT, /* a password or the request */
	REQUEST_V5_USER,
	REQUEST_V5_PASSWORD,
	REQUEST_V5_REQUEST,
	REQUEST_ASKED, /* waits for the grant */
};

enum reply_state {
	REPLY_FIRST, /* to the greeting, or to a version 4 request */
	REPLY_PASSWORD,
	REPLY_CODE,
	REPLY_REST, /* the address behind the code */
	REPLY_GRANTED,
	REPLY_OVER,
};

/* One message, as far as it is there. */
struct message {
	uint16_t have;
	uint8_t b[MESSAGE_MAX];
};

struct socks {
	enum request_state request;
	enum reply_state reply;
	uint8_t version;
	uint8_t command;
	uint8_t method;
	bool has_method; /* the responder chose it */
	bool greeted;    /* the greeting is complete */
	bool password;   /* a user and password were sent */
	bool bound;      /* the first reply to BIND has come */
	bool told;       /* that something was asked */
	bool ended;      /* the requester has no more to say */
	uint8_t code;
	uint8_t skip; /* bytes of the password still to come */
	const char *why;
	uint8_t offered[32]; /* a bit for each method */
	struct tunnel tunnel;
	struct message sent, got;
};

static bool
is_offered(const uint8_t offered[static 32], uint8_t method)
{
	return offered[method / 8] >> method % 8 & 1;
}

/* Takes input until the message has need bytes. */
static bool
gather(struct message *message, size_t need, struct slice *in)
{
	size_t n = message->have < need ? need - message->have : 0;

	n = n < in->n ? n : in->n;
	if (n > 0)
		memcpy(message->b + message->have, in->p, n);
	message->have = (uint16_t)(message->have + n);
	*in = slice_tail(*in, n);
	return message->have >= need;
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
	socks->request = REQUEST_ASKED;
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
		socks->request = REQUEST_V4_HEAD;
	else if (socks->version == SOCKS5)
		socks->request = REQUEST_V5_GREETING;
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

	if (!gather(&socks->sent, SOCKS4_HEAD, in))
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
	socks->request = REQUEST_V4_USER;
	return TUNNEL_ON;
}

static enum tunnel_step
read_v4_user(struct socks *socks, struct slice *in)
{
	if (!take_string(&socks->tunnel, tunnel_add_user, in))
		return TUNNEL_MORE;
	if (socks->tunnel.kind != FACT_TUNNEL_SOCKS4A)
		return complete(socks);
	socks->request = REQUEST_V4_NAME;
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
	struct message *m = &socks->sent;

	if (!gather(m, 2, in) || !gather(m, 2u + m->b[1], in))
		return TUNNEL_MORE;
	for (unsigned i = 0; i < m->b[1]; i++)
		socks->offered[m->b[2 + i] / 8] |= (uint8_t)(1 << m->b[2 + i] % 8);
	m->have = 0;
	socks->greeted = true;
	socks->request = REQUEST_V5_NEXT;
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
		socks->request = REQUEST_V5_REQUEST;
		return TUNNEL_ON;
	}
	if (in->p[0] != SOCKS5_AUTH || socks->password)
		return TUNNEL_DONE;
	step = judge_auth(socks);
	if (step == TUNNEL_ON)
		socks->request = REQUEST_V5_USER;
	return step;
}

/* Through the length of the password, which itself is never kept. */
static enum tunnel_step
read_user(struct socks *socks, struct slice *in)
{
	struct message *m = &socks->sent;

	if (!gather(m, 2, in) || !gather(m, 2u + m->b[1] + 1, in))
		return TUNNEL_MORE;
	tunnel_add_user(&socks->tunnel, slice_of(m->b + 2, m->b[1]));
	socks->skip = m->b[2 + m->b[1]];
	m->have = 0;
	socks->request = REQUEST_V5_PASSWORD;
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
	socks->request = REQUEST_V5_NEXT;
	return TUNNEL_ON;
}

/* Bytes of an address and its port, of which the message has the type and one more; 0: no
 * such type. */
static size_t
v5_addr_bytes(const struct message *m)
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

static void
set_v5_addr(struct socks *socks, const struct message *m)
{
	const uint8_t *p = m->b + SOCKS5_ADDR_AT;
	struct addr addr;

	if (m->b[SOCKS5_ADDR_AT - 1] == 3) {
		tunnel_add_host(&socks->tunnel, slice_of(p + 1, p[0]));
	} else {
		addr = v5_addr_bytes(m) == 4 + 2 ? addr_from_v4(p) : addr_from_v6(p);
		tunnel_set_addr(&socks->tunnel, &addr);
	}
	socks->tunnel.port = be16(m->b + m->have - 2);
}

static enum tunnel_step
read_request(struct socks *socks, struct slice *in)
{
	struct message *m = &socks->sent;

	if (!gather(m, SOCKS5_ADDR_AT + 1, in))
		return TUNNEL_MORE;
	if (m->b[1] < SOCKS_COMMAND_CONNECT || m->b[1] > SOCKS_COMMAND_UDP ||
	    v5_addr_bytes(m) == 0)
		return TUNNEL_DONE;
	if (!gather(m, SOCKS5_ADDR_AT + v5_addr_bytes(m), in))
		return TUNNEL_MORE;
	socks->command = m->b[1];
	set_v5_addr(socks, m);
	return complete(socks);
}

static enum tunnel_step
step_request(void *state, struct slice *in)
{
	struct socks *socks = state;

	switch (socks->request) {
	case REQUEST_VERSION:
		return read_version(socks, in);
	case REQUEST_V4_HEAD:
		return read_v4_head(socks, in);
	case REQUEST_V4_USER:
		return read_v4_user(socks, in);
	case REQUEST_V4_NAME:
		return read_v4_name(socks, in);
	case REQUEST_V5_GREETING:
		return read_greeting(socks, in);
	case REQUEST_V5_NEXT:
		return read_next(socks, in);
	case REQUEST_V5_USER:
		return read_user(socks, in);
	case REQUEST_V5_PASSWORD:
		return skip_password(socks, in);
	case REQUEST_V5_REQUEST:
		return read_request(socks, in);
	case REQUEST_ASKED:
		break;
	}
	return TUNNEL_MORE;
}

/* What came to nothing before it named a target is told without one. */
static enum tunnel_step
give_up(struct socks *socks)
{
	if (socks->greeted && !socks->told)
		socks->tunnel.due |= TUNNEL_DUE_ASKED;
	socks->told = true;
	socks->reply = REPLY_OVER;
	return TUNNEL_ON;
}

static enum tunnel_step
refuse(struct socks *socks, uint8_t code, const char *why)
{
	socks->code = code;
	socks->why = why;
	socks->tunnel.due |= TUNNEL_DUE_REFUSED;
	return give_up(socks);
}

/* Waits for the requester, if it may still say something. */
static enum tunnel_step
await(struct socks *socks)
{
	return socks->ended ? give_up(socks) : TUNNEL_MORE;
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
	socks->reply = REPLY_REST;
	return TUNNEL_ON;
}

/* What another kind of server answers to SOCKS; the probe knows these. */
static const char *
other_server(const struct message *m, uint8_t version)
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
	struct message *m = &socks->got;

	if (!socks->greeted)
		return await(socks);
	if (!gather(m, 2, in))
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
		socks->reply = REPLY_PASSWORD;
	else if (socks->method == SOCKS_METHOD_NONE)
		socks->reply = REPLY_CODE;
	else
		return TUNNEL_DONE;
	return TUNNEL_ON;
}

static enum tunnel_step
read_password_reply(struct socks *socks, struct slice *in)
{
	struct message *m = &socks->got;

	if (!socks->password && !socks->told)
		return await(socks);
	if (!gather(m, 2, in))
		return TUNNEL_MORE;
	m->have = 0;
	/* Some servers answer with their own version. */
	if (m->b[0] != SOCKS5_AUTH && m->b[0] != SOCKS5)
		return TUNNEL_DONE;
	if (m->b[1] != 0)
		return refuse(socks, m->b[1], "authentication failed");
	socks->reply = REPLY_CODE;
	return TUNNEL_ON;
}

static enum tunnel_step
read_code(struct socks *socks, struct slice *in)
{
	struct message *m = &socks->got;

	if (socks->request != REQUEST_ASKED)
		return await(socks);
	if (!gather(m, 2, in))
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
	struct message *m = &socks->got;
	size_t need = SOCKS4_HEAD;

	if (socks->version == SOCKS5) {
		if (!gather(m, SOCKS5_ADDR_AT + 1, in))
			return TUNNEL_MORE;
		if (v5_addr_bytes(m) == 0)
			return TUNNEL_DONE;
		need = SOCKS5_ADDR_AT + v5_addr_bytes(m);
	}
	if (!gather(m, need, in))
		return TUNNEL_MORE;
	m->have = 0;
	if (socks->command == SOCKS_COMMAND_UDP)
		return TUNNEL_DONE;
	socks->reply = REPLY_GRANTED;
	if (socks->command == SOCKS_COMMAND_BIND && !socks->bound) {
		socks->bound = true; /* a second reply says who connected */
		socks->reply = REPLY_CODE;
	}
	return TUNNEL_ON;
}

static enum tunnel_step
step_reply(void *state, struct slice *in)
{
	struct socks *socks = state;

	switch (socks->reply) {
	case REPLY_FIRST:
		if (socks->version == SOCKS5)
			return read_method(socks, in);
		return socks->version == SOCKS4 ? read_code(socks, in) : await(socks);
	case REPLY_PASSWORD:
		return read_password_reply(socks, in);
	case REPLY_CODE:
		return read_code(socks, in);
	case REPLY_REST:
		return read_rest(socks, in);
	case REPLY_GRANTED:
	case REPLY_OVER:
		break;
	}
	return TUNNEL_MORE;
}

static void
tell_asked(struct socks *socks, struct fact *fact)
{
	if (socks->command == SOCKS_COMMAND_BIND)
		tunnel_add_line(&socks->tunnel, slice_str("BIND"));
	else if (socks->command == SOCKS_COMMAND_UDP)
		tunnel_add_line(&socks->tunnel, slice_str("UDP ASSOCIATE"));
	tunnel_asked(&socks->tunnel, fact);
}

static void
tell(void *state, enum tunnel_due due, struct fact *fact)
{
	struct socks *socks = state;

	if (due == TUNNEL_DUE_ASKED)
		tell_asked(socks, fact);
	else if (due == TUNNEL_DUE_GRANTED)
		tunnel_granted(&socks->tunnel, socks->code, true, fact);
	else
		tunnel_refused(&socks->tunnel, socks->code, slice_str(socks->why), fact);
}

/* Behind the request the stream is the tunnel's: gaps and its end wait, too. */
static enum tunnel_step
take_break(void *state, enum proto_role role, struct proto_input *input)
{
	struct socks *socks = state;
	bool lost = input->gap > 0;

	if (role == PROTO_REQUESTER && socks->request == REQUEST_ASKED)
		return TUNNEL_MORE;
	if (role == PROTO_RESPONDER && !lost && socks->request != REQUEST_ASKED &&
	    !socks->ended)
		return TUNNEL_MORE; /* the rest of a request may still come */
	input->gap = 0;
	if (lost)
		return TUNNEL_DONE;
	input->end = false;
	if (role == PROTO_RESPONDER)
		return give_up(socks);
	socks->ended = true;
	return TUNNEL_MORE;
}

static enum tunnel_step
reads(const void *state, enum proto_role role)
{
	const struct socks *socks = state;

	(void)role;
	if (socks->reply == REPLY_GRANTED)
		return TUNNEL_INNER;
	return socks->reply == REPLY_OVER ? TUNNEL_DONE : TUNNEL_ON;
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	static const struct tunnel_machine machine = {
		.reads = reads,
		.request = step_request,
		.reply = step_reply,
		.take_break = take_break,
		.tell = tell,
	};
	struct socks *socks = state;

	return tunnel_parse(&machine, socks, &socks->tunnel, role, input, fact);
}

static void
init(void *state)
{
	struct socks *socks = state;

	memset(socks, 0, sizeof(*socks));
	tunnel_init(&socks->tunnel, 0);
}

const struct proto proto_socks = {
	.name = "socks",
	.state_bytes = sizeof(struct socks),
	.probe = socks_probe,
	.init = init,
	.parse = parse,
};
