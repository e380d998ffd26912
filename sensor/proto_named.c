/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What is only named, inside a tunnel: it tells an analyst what the proxy was used for.
 * On TCP itself these stay unclaimed, so that their payload turns are recorded.
 */
#include "tls.h"

static enum proto_probe
tls_probe(struct slice requester, struct slice responder, unsigned flags)
{
	if (!(flags & PROTO_PROBE_INSIDE))
		return PROTO_NO;
	if (requester.n == 0)
		return responder.n == 0 ? PROTO_MAYBE : PROTO_NO;
	return tls_begins(requester);
}

/* RFC 4253 section 4.2: either side may begin. */
static enum proto_probe
ssh_probe(struct slice requester, struct slice responder, unsigned flags)
{
	struct slice first = requester.n > 0 ? requester : responder;

	if (!(flags & PROTO_PROBE_INSIDE))
		return PROTO_NO;
	return first.n == 0 ? PROTO_MAYBE : proto_begins(first, "SSH-");
}

static void
init(void *state)
{
	(void)state;
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	(void)state;
	(void)role;
	(void)fact;
	*input = (struct proto_input){ 0 };
	return PROTO_DONE;
}

const struct proto proto_tls = {
	.name = "tls",
	.probe = tls_probe,
	.init = init,
	.parse = parse,
};

const struct proto proto_ssh = {
	.name = "ssh",
	.probe = ssh_probe,
	.init = init,
	.parse = parse,
};
