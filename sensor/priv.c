/* SPDX-License-Identifier: BSD-2-Clause */
#include "priv.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

static int
fail(char error[static PRIV_ERROR_MAX], const char *what)
{
	snprintf(error, PRIV_ERROR_MAX,
	    "cannot drop privileges: %s: %s; start as root with CAP_SETUID and "
	    "CAP_SETGID, "
	    "or as another user with CAP_NET_RAW",
	    what, strerror(errno));
	return -1;
}

int
priv_find(struct priv *priv, const char *user, char error[static PRIV_ERROR_MAX])
{
	bool named = user != NULL && *user != '\0';
	const struct passwd *found;

	*priv = (struct priv){ .root = geteuid() == 0, .uid = getuid(), .gid = getgid() };
	if (!priv->root)
		return 0;
	found = getpwnam(named ? user : "relaywatch");
	if (found == NULL && !named)
		found = getpwnam("nobody");
	if (found == NULL) {
		snprintf(error, PRIV_ERROR_MAX,
		    "capture.user: %.64s: no such user; name one that is there",
		    named ? user : "relaywatch or nobody");
		return -1;
	}
	priv->root = found->pw_uid != 0;
	priv->uid = found->pw_uid;
	priv->gid = found->pw_gid;
	snprintf(priv->name, sizeof(priv->name), "%s", found->pw_name);
	return 0;
}

void
priv_give(const struct priv *priv, const char *path)
{
	struct stat file;
	int fd;

	if (!priv->root || path == NULL || strcmp(path, "-") == 0)
		return;
	fd = open(path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd == -1)
		return;
	if (fstat(fd, &file) == 0 && S_ISREG(file.st_mode) && file.st_size == 0 &&
	    file.st_uid == 0 && file.st_nlink == 1 &&
	    fchown(fd, priv->uid, priv->gid) == -1)
		errno = 0; /* it is then told when it cannot be opened anew */
	close(fd);
}

static int
change_user(const struct priv *priv, char error[static PRIV_ERROR_MAX])
{
	if (setgroups(0, NULL) == -1)
		return fail(error, "setgroups");
	if (setresgid(priv->gid, priv->gid, priv->gid) == -1)
		return fail(error, "setresgid");
	if (setresuid(priv->uid, priv->uid, priv->uid) == -1)
		return fail(error, "setresuid");
	if (setuid(0) == 0 || seteuid(0) == 0) {
		errno = EPERM;
		return fail(error, "there is a way back");
	}
	return 0;
}

int
priv_drop(const struct priv *priv, char error[static PRIV_ERROR_MAX])
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1)
		return fail(error, "PR_SET_NO_NEW_PRIVS");
	/* The bounding set takes a capability to change. Who has none needs no change,
	 * for without new privileges nothing of it can be had. */
	capng_clear(CAPNG_SELECT_ALL);
	if (priv->root)
		capng_apply(CAPNG_SELECT_BOUNDS);
	if (priv->root && change_user(priv, error) == -1)
		return -1;
	/* The kernel takes the ambient set back with the permitted one. */
	capng_clear(CAPNG_SELECT_ALL);
	if (capng_apply(CAPNG_SELECT_CAPS) != 0)
		return fail(error, "capabilities");
	capng_get_caps_process();
	if (capng_have_capabilities(CAPNG_SELECT_CAPS) != CAPNG_NONE) {
		errno = EPERM;
		return fail(error, "capabilities are left");
	}
	return 0;
}
