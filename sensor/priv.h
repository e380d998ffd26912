/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PRIV_H
#define RELAYWATCH_PRIV_H

/*
 * Privileges: who the program becomes once everything is open, and the way there. What
 * parses hostile packets has no capability, no root and no way to gain any. Process wide;
 * for run_live.c.
 */

#include <stdbool.h>
#include <sys/types.h>

enum { PRIV_ERROR_MAX = 256, PRIV_NAME_MAX = 33 };

struct priv {
	bool root; /* now: the user is to be changed */
	uid_t uid;
	gid_t gid;
	char name[PRIV_NAME_MAX];
};

/*
 * Finds the user to become: the one named, else relaywatch, else nobody. Who is not root
 * stays who he is. 0, or -1 with error.
 */
int priv_find(struct priv *priv, const char *user, char error[static PRIV_ERROR_MAX]);

/* Gives an empty file of root, which our opening has just made, to that user, so that he
 * can open it anew. */
void priv_give(const struct priv *priv, const char *path);

/* Gives up everything, for good. 0, or -1 with error: do not go on then. */
int priv_drop(const struct priv *priv, char error[static PRIV_ERROR_MAX]);

#endif
