/* SPDX-License-Identifier: BSD-2-Clause */
#include "tunnel_parse.h"

static enum tunnel_step
step(const struct tunnel_machine *machine, void *state, enum proto_role role,
    struct proto_input *input)
{
	enum tunnel_step result = TUNNEL_ON;

	if (machine->reads != NULL)
		result = machine->reads(state, role);
	if (result != TUNNEL_ON)
		return result;
	if (input->gap > 0)
		return machine->take_break(state, role, input);
	if (role == PROTO_REQUESTER)
		result = machine->request(state, &input->data);
	else
		result = machine->reply(state, &input->data);
	if (result == TUNNEL_MORE && input->data.n == 0 && input->end)
		result = machine->take_break(state, role, input);
	return result;
}

enum proto_result
tunnel_parse(const struct tunnel_machine *machine, void *state, struct tunnel *tunnel,
    enum proto_role role, struct proto_input *input, struct fact *fact)
{
	static const enum proto_result results[] = {
		[TUNNEL_MORE] = PROTO_MORE,
		[TUNNEL_INNER] = PROTO_INNER,
		[TUNNEL_DONE] = PROTO_DONE,
		[TUNNEL_BAD] = PROTO_BAD,
	};
	enum tunnel_step got;

	do {
		if (tunnel->due != 0) {
			enum tunnel_due first = tunnel->due & -tunnel->due;

			tunnel->due &= (uint8_t)~first;
			machine->tell(state, first, fact);
			return PROTO_FACT;
		}
		got = step(machine, state, role, input);
	} while (got == TUNNEL_ON);
	return results[got];
}
