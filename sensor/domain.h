/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_DOMAIN_H
#define RELAYWATCH_DOMAIN_H

/*
 * Mail domains: normal form and sets of them. The normal form is lower case, IDNA
 * A-labels (libidn2), without a trailing dot; names that are no valid IDNA stay as they
 * are, in lower case, so that hostile names compare too. Sets are filled at start.
 */

#include <stdbool.h>
#include <stddef.h>

#include "bytes.h"

enum { DOMAIN_MAX = 255 }; /* RFC 1035 section 2.3.4 */

/*
 * Writes the normal form with a final NUL to out. Returns its length, or 0 for a name
 * that is empty or too long.
 */
size_t domain_normalise(struct slice name, char out[static DOMAIN_MAX + 1]);

/* Whether a normalised name is one of letters, digits, hyphens and underscores: what is
 * fit to be shown as a domain of ours. */
bool domain_is_name(const char *name);

/*
 * The registrable domain of a normalised name by the public suffix list (libpsl):
 * "mail.example.co.uk" gives "example.co.uk"; the name itself where there is none.
 * Points into name.
 */
const char *domain_registrable(const char *name);

struct domain_set;

struct domain_set *domain_set_new(void);
void domain_set_free(struct domain_set *set);

/* Adds "example.org" (that name alone) or ".example.org" (all names below it, not
 * itself). 0, or -1 with *why. */
int domain_set_add(struct domain_set *set, const char *pattern, const char **why);

/* name in normal form. */
bool domain_set_has(const struct domain_set *set, const char *name);
bool domain_set_is_empty(const struct domain_set *set);

#endif
