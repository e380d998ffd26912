/* SPDX-License-Identifier: BSD-2-Clause */
#include "domain.h"

#include <idn2.h>
#include <libpsl.h>
#include <stdint.h>
#include <stdlib.h>

enum {
	LABEL_MAX = 63,
	/* A name of DOMAIN_MAX octets in A-labels is at most this long in UTF-8. */
	UTF8_MAX = 4 * DOMAIN_MAX
};

struct domain_set {
	char **patterns; /* sorted; those with a first dot stand for all below */
	size_t n, room;
};

static char
lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static struct slice
without_final_dot(struct slice name)
{
	if (name.n > 0 && name.p[name.n - 1] == '.')
		name.n--;
	return name;
}

/* As it is, in lower case. A NUL becomes '?', which no domain has, so that nobody can
 * hide the rest of a name behind it. */
static size_t
copy_lower(struct slice name, char out[static DOMAIN_MAX + 1])
{
	if (name.n > DOMAIN_MAX)
		name.n = 0;
	for (size_t i = 0; i < name.n; i++)
		out[i] = name.p[i] != '\0' ? lower(name.p[i]) : '?';
	out[name.n] = '\0';
	return name.n;
}

static bool
is_ascii(struct slice name)
{
	uint8_t all = 0;

	for (size_t i = 0; i < name.n; i++)
		all |= name.p[i];
	return all < 0x80;
}

/* The A-label form of a name with U-labels, RFC 5891 section 5; heap, or NULL. */
static uint8_t *
to_alabels(struct slice name)
{
	uint8_t text[UTF8_MAX + 1], *ascii = NULL;

	if (name.n > UTF8_MAX || memchr(name.p, '\0', name.n) != NULL)
		return NULL;
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	if (idn2_lookup_u8(text, &ascii, IDN2_NONTRANSITIONAL) != IDN2_OK)
		return NULL;
	return ascii;
}

size_t
domain_normalise(struct slice name, char out[static DOMAIN_MAX + 1])
{
	uint8_t *ascii;
	size_t n;

	name = without_final_dot(name);
	/* A-labels in lower case are normal already: libidn2 would only decode them and
	 * encode them again, or refuse them, and then they stay as they are anyway. */
	if (is_ascii(name))
		return copy_lower(name, out);
	ascii = to_alabels(name);
	if (ascii == NULL)
		return copy_lower(name, out);
	n = copy_lower(without_final_dot(slice_str((char *)ascii)), out);
	idn2_free(ascii);
	return n;
}

/* Address literals and bare addresses have no registrable part. */
static bool
is_address_like(const char *name)
{
	const char *last = strrchr(name, '.');

	last = last != NULL ? last + 1 : name;
	return name[0] == '[' || strspn(last, "0123456789") == strlen(last);
}

const char *
domain_registrable(const char *name)
{
	const psl_ctx_t *list = psl_builtin();
	const char *registrable;

	if (list == NULL || is_address_like(name))
		return name;
	registrable = psl_registrable_domain(list, name);
	return registrable != NULL ? registrable : name;
}

struct domain_set *
domain_set_new(void)
{
	return calloc(1, sizeof(struct domain_set));
}

void
domain_set_free(struct domain_set *set)
{
	if (set == NULL)
		return;
	for (size_t i = 0; i < set->n; i++)
		free(set->patterns[i]);
	free(set->patterns);
	free(set);
}

static bool
is_label_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* What is wrong with a normalised name, or NULL. RFC 1035 section 2.3.4 for lengths; the
 * underscore is no host name, but in use. */
static const char *
name_fault(const char *name)
{
	size_t label = 0;

	for (const char *p = name;; p++) {
		if (*p != '.' && *p != '\0') {
			if (!is_label_char(*p))
				return "not a domain name";
			label++;
			continue;
		}
		if (label == 0)
			return "a label is empty";
		if (label > LABEL_MAX)
			return "a label is longer than 63 octets";
		label = 0;
		if (*p == '\0')
			return NULL;
	}
}

bool
domain_is_name(const char *name)
{
	return name_fault(name) == NULL;
}

static const char *
pattern_fault(const char *pattern)
{
	if (pattern[0] == '\0')
		return "empty";
	if (strchr(pattern, '@') != NULL)
		return "a domain is wanted, not a mail address";
	if (strchr(pattern, '*') != NULL)
		return "no wildcards: write .example.org for all names below example.org";
	if (pattern[0] == '[' || strchr(pattern, ':') != NULL)
		return "a domain is wanted, not an address";
	return NULL;
}

/* Brings a pattern to its normal form, first dot kept. NULL, or what is wrong. */
static const char *
normal_pattern(const char *pattern, char out[static DOMAIN_MAX + 2])
{
	const char *fault = pattern_fault(pattern);
	size_t dot = pattern[0] == '.';

	if (fault != NULL)
		return fault;
	out[0] = '.';
	if (domain_normalise(slice_str(pattern + dot), out + dot) == 0)
		return pattern[dot] == '\0' ? "empty" : "longer than 255 octets";
	fault = name_fault(out + dot);
	if (fault == NULL && is_address_like(out + dot))
		return "a domain is wanted, not an address";
	return fault;
}

/* Where text is, or would be. */
static size_t
find(const struct domain_set *set, const char *text, bool *found)
{
	size_t low = 0, high = set->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(text, set->patterns[middle]);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	*found = false;
	return low;
}

static int
make_room(struct domain_set *set)
{
	size_t room = set->room > 0 ? 2 * set->room : 16;
	char **grown;

	if (set->n < set->room)
		return 0;
	grown = realloc(set->patterns, room * sizeof(*grown));
	if (grown == NULL)
		return -1;
	set->patterns = grown;
	set->room = room;
	return 0;
}

int
domain_set_add(struct domain_set *set, const char *pattern, const char **why)
{
	char text[DOMAIN_MAX + 2], *copy;
	bool found;
	size_t at;

	*why = normal_pattern(pattern, text);
	if (*why != NULL)
		return -1;
	at = find(set, text, &found);
	if (found)
		return 0;
	copy = strdup(text);
	if (copy == NULL || make_room(set) == -1) {
		free(copy);
		*why = "out of memory";
		return -1;
	}
	memmove(set->patterns + at + 1, set->patterns + at, (set->n - at) * sizeof(copy));
	set->patterns[at] = copy;
	set->n++;
	return 0;
}

bool
domain_set_has(const struct domain_set *set, const char *name)
{
	bool found;

	/* A name with a dot in front is no name; it must not hit a pattern by its text.
	 */
	if (set->n == 0 || name[0] == '\0' || name[0] == '.')
		return false;
	find(set, name, &found);
	for (name = strchr(name, '.'); !found && name != NULL;
	     name = strchr(name + 1, '.'))
		find(set, name, &found);
	return found;
}

bool
domain_set_is_empty(const struct domain_set *set)
{
	return set->n == 0;
}
