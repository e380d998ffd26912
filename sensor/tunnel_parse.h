/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TUNNEL_PARSE_H
#define RELAYWATCH_TUNNEL_PARSE_H

/*
 * What parsers of proxies have in common: each direction is read by its own small
 * machine, step by step, and what a step makes known is told before the next. The caller
 * owns the state.
 */

#include "proto.h"
#include "tunnel.h"

/* What a step of a direction came to. */
enum tunnel_step {
	TUNNEL_ON,
	TUNNEL_MORE, /* no more input, or it must wait */
	TUNNEL_INNER,
	TUNNEL_DONE,
	TUNNEL_BAD,
};

struct tunnel_machine {
	/* Whether a direction is read still (TUNNEL_ON), or what it is else; NULL: it is.
	 */
	enum tunnel_step (*reads)(const void *state, enum proto_role role);
	enum tunnel_step (*request)(void *state, struct slice *in);
	enum tunnel_step (*reply)(void *state, struct slice *in);
	/* A gap, or the end behind all that could be read. */
	enum tunnel_step (*take_break)(
	    void *state, enum proto_role role, struct proto_input *input);
	void (*tell)(void *state, enum tunnel_due due, struct fact *fact);
};

/* proto.h's parse(); tunnel: the request in the state. */
enum proto_result tunnel_parse(const struct tunnel_machine *machine, void *state,
    struct tunnel *tunnel, enum proto_role role, struct proto_input *input,
    struct fact *fact);

#endif
