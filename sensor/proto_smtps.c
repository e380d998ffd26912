/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Mail under implicit TLS (RFC 8314 section 3.3): nothing of it is readable, but that it
 * took place is said. The port tells it apart from other TLS.
 */
#include "tls.h"

struct smtps {
	enum { SMTPS_START, SMTPS_TOLD, SMTPS_OVER } state;
};

static enum proto_probe
probe(struct slice requester, struct slice responder, unsigned flags)
{
	if (!(flags & PROTO_PROBE_TLS_PORT))
		return PROTO_NO;
	if (requester.n == 0)
		return responder.n == 0 || responder.p[0] == TLS_HANDSHAKE ? PROTO_MAYBE
									   : PROTO_NO;
	return tls_begins(requester);
}

static void
init(void *state)
{
	struct smtps *smtps = state;

	smtps->state = SMTPS_START;
}

static enum proto_result
parse(void *state, enum proto_role role, struct proto_input *input, struct fact *fact)
{
	struct smtps *smtps = state;

	(void)role;
	*input = (struct proto_input){ 0 };
	switch (smtps->state) {
	case SMTPS_START:
		*fact = (struct fact){ .type = FACT_TLS };
		smtps->state = SMTPS_TOLD;
		return PROTO_FACT;
	case SMTPS_TOLD:
		*fact = (struct fact){ .type = FACT_END };
		smtps->state = SMTPS_OVER;
		return PROTO_FACT;
	case SMTPS_OVER:
		break;
	}
	return PROTO_DONE;
}

const struct proto proto_smtps = {
	.name = "smtp",
	.state_bytes = sizeof(struct smtps),
	.probe = probe,
	.init = init,
	.parse = parse,
};
