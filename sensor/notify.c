/* SPDX-License-Identifier: BSD-2-Clause */
#include "notify.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

/* What cannot be told is not told: a manager that does not hear us acts on its own. */

void
notify_init(struct notify *notify, int64_t now_us)
{
	uint64_t limit_us = 0;

	*notify = (struct notify){ .told_us = now_us };
	if (sd_watchdog_enabled(0, &limit_us) > 0 && limit_us <= INT64_MAX)
		notify->interval_us = (int64_t)(limit_us / 2);
}

void
notify_ready(const char *status)
{
	sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void
notify_status(const char *status)
{
	sd_notifyf(0, "STATUS=%s", status);
}

/* The time tells the manager which of its requests this answers. */
void
notify_reloading(int64_t now_us)
{
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, now_us);
}

void
notify_stopping(void)
{
	sd_notify(0, "STOPPING=1\nSTATUS=telling what was counted");
}

void
notify_turn(struct notify *notify, int64_t now_us)
{
	if (notify->interval_us == 0 || now_us - notify->told_us < notify->interval_us)
		return;
	notify->told_us = now_us;
	sd_notify(0, "WATCHDOG=1");
}
