/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TESTS_HELD_H
#define RELAYWATCH_TESTS_HELD_H

/*
 * What a parser lets wait, by direction, oldest first, as the contract of proto.h wants
 * it held: given again in turn until neither direction gets on. Here without a bound.
 * Each step is copied to a block of its own exact size. All in this header, since fuzz
 * targets link no other part of the tests.
 */

#include <stdlib.h>

#include "proto.h"

struct held {
	struct held *next;
	struct proto_input input;
	uint8_t bytes[];
};

struct held_parser {
	void *context;
	/* Once, as far as the parser takes it: true when it took something. */
	bool (*offer)(void *context, enum proto_role role, struct proto_input *input);
	bool (*is_over)(const void *context);
};

static inline void
held_drop_first(struct held **queue)
{
	struct held *first = *queue;

	*queue = first->next;
	free(first);
}

static inline void
held_drop(struct held *queue[2])
{
	for (unsigned role = 0; role < 2; role++) {
		while (queue[role] != NULL)
			held_drop_first(&queue[role]);
	}
}

static inline void
held_add(struct held **queue, struct proto_input input)
{
	struct held *step = malloc(sizeof(*step) + input.data.n);

	if (step == NULL)
		abort();
	step->next = NULL;
	step->input = input;
	if (input.data.n > 0)
		memcpy(step->bytes, input.data.p, input.data.n);
	step->input.data.p = step->bytes;
	while (*queue != NULL)
		queue = &(*queue)->next;
	*queue = step;
}

/* What waits in a direction, as far as it gets. True when it got on. */
static inline bool
held_pump(struct held **queue, enum proto_role role, const struct held_parser *parser)
{
	bool moved = false;

	while (*queue != NULL && !parser->is_over(parser->context)) {
		struct proto_input *input = &(*queue)->input;

		moved |= parser->offer(parser->context, role, input);
		if (input->data.n > 0 || input->gap > 0 || input->end)
			break;
		held_drop_first(queue);
	}
	return moved;
}

/* One step, behind what waits in its direction. */
static inline void
held_give(struct held *queue[2], enum proto_role role, struct proto_input input,
    const struct held_parser *parser)
{
	bool first = queue[role] == NULL;
	unsigned turn = role, still = 0;

	held_add(&queue[role], input);
	for (; first && still < 2; turn = !turn) {
		bool moved = held_pump(&queue[turn], (enum proto_role)turn, parser);

		still = moved ? 0 : still + 1;
	}
	if (parser->is_over(parser->context))
		held_drop(queue);
}

#endif
