/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * SOCKS 4 and 4a (Ying-Da Lee's memos), SOCKS 5 (RFC 1928), its passwords (RFC 1929).
 * Each direction is read by its own small machine. Clients may send greeting, password
 * and request at once, so the requester's waits for an answer only where the answer
 * decides how to read on, and, behind the request, for the grant.
 */
#include "socks_state.h"

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

	if (role == PROTO_REQUESTER && socks->request == SOCKS_REQUEST_ASKED)
		return TUNNEL_MORE;
	if (role == PROTO_RESPONDER && !lost && socks->request != SOCKS_REQUEST_ASKED &&
	    !socks->ended && !socks->stuck)
		return TUNNEL_MORE; /* the rest of a request may still come */
	input->gap = 0;
	if (lost)
		return TUNNEL_DONE;
	input->end = false;
	if (role == PROTO_RESPONDER)
		return socks_give_up(socks);
	socks->ended = true;
	return TUNNEL_MORE;
}

static enum tunnel_step
reads(const void *state, enum proto_role role)
{
	const struct socks *socks = state;

	(void)role;
	if (socks->reply == SOCKS_REPLY_GRANTED)
		return TUNNEL_INNER;
	return socks->reply == SOCKS_REPLY_OVER ? TUNNEL_DONE : TUNNEL_ON;
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	static const struct tunnel_machine machine = {
		.reads = reads,
		.request = socks_step_request,
		.reply = socks_step_reply,
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
