/* SPDX-License-Identifier: BSD-2-Clause */
#include "scenario.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { LINE_BYTES = 4096, WORDS_MAX = 16, PIECES_MAX = 32, CASES_MAX = 256 };

struct piece {
	char name[32];
	char *text;
};

static struct {
	unsigned pieces, cases;
	struct piece piece[PIECES_MAX];
	struct scenario scenario[CASES_MAX];
	struct CMUnitTest test[CASES_MAX];
	char *setting;
} book;

static void
append(char **text, const char *line)
{
	size_t had = *text != NULL ? strlen(*text) : 0, n = strlen(line);

	*text = realloc(*text, had + n + 1);
	assert_non_null(*text);
	memcpy(*text + had, line, n + 1);
}

static char **
begin_case(const char *name)
{
	struct scenario *scenario = &book.scenario[book.cases];

	assert_true(book.cases++ < CASES_MAX);
	append(&scenario->name, name);
	if (book.setting != NULL)
		append(&scenario->setting, book.setting);
	append(&scenario->text, "");
	append(&scenario->expected, "");
	return &scenario->text;
}

static char **
begin_piece(const char *name)
{
	struct piece *piece = &book.piece[book.pieces];

	assert_true(book.pieces++ < PIECES_MAX);
	assert_true(strlen(name) < sizeof(piece->name));
	strcpy(piece->name, name);
	append(&piece->text, "");
	return &piece->text;
}

/* Returns where lines like this one go on to. */
static char **
read_line(char *line, char **to)
{
	size_t n = strcspn(line, "\n");

	if (strcmp(line, "\t=\n") == 0)
		return &book.scenario[book.cases - 1].expected;
	if (line[0] == '\t')
		append(to, line + 1);
	line[n] = '\0';
	if (strncmp(line, "case ", 5) == 0)
		return begin_case(line + 5);
	if (strncmp(line, "define ", 7) == 0)
		return begin_piece(line + 7);
	if (n != 0 && line[0] != '\t') {
		free(book.setting);
		book.setting = NULL;
		append(&book.setting, line);
	}
	return to;
}

void
scenarios_read(const char *path)
{
	FILE *file = fopen(path, "r");
	char line[LINE_BYTES], **to = NULL;

	if (file == NULL) {
		perror(path);
		exit(1);
	}
	while (fgets(line, sizeof(line), file) != NULL) {
		if (line[0] != '#')
			to = read_line(line, to);
	}
	fclose(file);
}

void
scenarios_free(void)
{
	for (unsigned i = 0; i < book.pieces; i++)
		free(book.piece[i].text);
	for (unsigned i = 0; i < book.cases; i++) {
		free(book.scenario[i].name);
		free(book.scenario[i].setting);
		free(book.scenario[i].text);
		free(book.scenario[i].expected);
	}
	free(book.setting);
}

int
scenarios_run(void (*test)(void **state))
{
	for (unsigned i = 0; i < book.cases; i++)
		book.test[i] = (struct CMUnitTest){ .name = book.scenario[i].name,
			.test_func = test,
			.initial_state = &book.scenario[i] };
	return _cmocka_run_group_tests("scenarios", book.test, book.cases, NULL, NULL);
}

static const char *
piece_of(const char *name)
{
	for (unsigned i = 0; i < book.pieces; i++) {
		if (strcmp(book.piece[i].name, name) == 0)
			return book.piece[i].text;
	}
	return NULL;
}

/* Puts words for $1, $2 in the first n octets of a line. */
static void
fill_in(
    char out[static LINE_BYTES], const char *line, size_t n, unsigned argc, char **argv)
{
	size_t used = 0;

	for (size_t i = 0; i < n && used + 1 < LINE_BYTES; i++) {
		unsigned arg =
		    line[i] == '$' && i + 1 < n ? (unsigned)(line[i + 1] - '0') : 0;

		if (arg >= 1 && arg < argc) {
			used += (size_t)snprintf(
			    out + used, LINE_BYTES - used, "%s", argv[arg]);
			i++;
		} else {
			out[used++] = line[i];
		}
	}
	assert_true(used < LINE_BYTES);
	out[used] = '\0';
}

static unsigned
words_of(char *line, char *argv[static WORDS_MAX + 1])
{
	unsigned argc = 0;
	char *save;

	for (char *p = strtok_r(line, " \t", &save); p != NULL && argc < WORDS_MAX;
	     p = strtok_r(NULL, " \t", &save))
		argv[argc++] = p;
	argv[argc] = NULL;
	return argc;
}

/* argv: the words of its own name. */
static void
play(const char *text, unsigned argc, char **argv, scenario_words *words, void *context)
{
	char line[LINE_BYTES], *word[WORDS_MAX + 1];
	const char *piece;
	unsigned n;

	while (*text != '\0') {
		size_t length = strcspn(text, "\n");

		fill_in(line, text, length, argc, argv);
		text += length + (text[length] == '\n');
		n = words_of(line, word);
		if (n == 0)
			continue;
		piece = piece_of(word[0]);
		if (piece != NULL)
			play(piece, n, word, words, context);
		else
			words(context, n, word);
	}
}

void
scenario_play(const char *text, scenario_words *words, void *context)
{
	play(text, 0, NULL, words, context);
}
