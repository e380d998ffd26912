/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TEST_SCENARIO_H
#define RELAYWATCH_TEST_SCENARIO_H

/*
 * Files of scenarios. "case NAME" begins one; its indented lines are played, those behind
 * a line "=" must come out. "define NAME" begins a piece: a line of its name plays it, $1
 * and $2 in it being the words behind the name. Any other line that is not indented is a
 * setting, for all cases behind it. "#" begins a comment.
 */

struct scenario {
	char *name, *setting; /* NULL: none */
	char *text, *expected;
};

/* Ends the test where the file cannot be read. */
void scenarios_read(const char *path);
void scenarios_free(void);

/* Each as a test of its own, *state a scenario. Returns how many failed. */
int scenarios_run(void (*test)(void **state));

/* argv ends with NULL; its words may be changed. */
typedef void scenario_words(void *context, unsigned argc, char **argv);

void scenario_play(const char *text, scenario_words *words, void *context);

#endif
