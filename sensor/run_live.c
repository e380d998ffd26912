/* SPDX-License-Identifier: BSD-2-Clause */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>
#include <time.h>

#include "capture_live.h"
#include "log.h"
#include "notify.h"
#include "priv.h"
#include "run.h"
#include "signals.h"

/*
 * A network interface, watched until a signal. Everything is opened with the rights the
 * program was started with; then they are given up, and only then packets are looked at.
 */

enum {
	WAIT_MS = 200,
	SEC_US = 1000000,
	DROPS_TOLD_SEC = 60,
	HINTS_SEC = 10, /* between looks at what could be said */
	CLOCK_TOLD_SEC = 5,
	LAST_SEC = 3, /* at most, for what the ring holds at the end */
};

struct watch {
	struct run run;
	struct live *live;
	struct notify notify;
	const char *name;
	enum interface_state state;
	int64_t checked_us, stats_us; /* monotonic: when last */
	int64_t drops_us;             /* when drops were told last; 0 never */
	uint64_t drops;               /* told */
	int64_t started_us, hints_us;
	bool quiet_told, clock_told;
};

static int64_t
clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

static const char *
source_name(const void *context, uint16_t source)
{
	(void)source;
	return context;
}

static void
show_live_stats(void *input, struct stats_visitor *v)
{
	live_stats(input, v);
}

static void
tell_manager(const struct watch *w, void (*tell)(const char *status))
{
	char status[128];

	if (w->state == INTERFACE_UP)
		snprintf(status, sizeof(status), "watching %s", w->name);
	else
		snprintf(status, sizeof(status), "%s is %s: nothing can be seen", w->name,
		    w->state == INTERFACE_DOWN ? "down" : "gone");
	tell(status);
}

static void
tell_state(struct watch *w, enum interface_state state)
{
	static const char *const texts[] = {
		[INTERFACE_UP] = "is up, the capture goes on",
		[INTERFACE_DOWN] = "is down; nothing can be seen until it is up again",
		[INTERFACE_GONE] =
		    "is gone; waiting for an interface of this name and kind",
	};

	if (state == w->state)
		return;
	w->state = state;
	log_warn("%s %s", w->name, texts[state]);
	tell_manager(w, notify_status);
}

/* At most once a minute, however many there are. */
static void
tell_drops(struct watch *w, int64_t now_us)
{
	uint64_t drops = live_kernel_drops(w->live) + live_interface_drops(w->live);

	if (drops == w->drops ||
	    (w->drops_us != 0 && now_us - w->drops_us < DROPS_TOLD_SEC * SEC_US))
		return;
	log_warn(
	    "%s: %" PRIu64 " packets more were dropped before they could be looked at "
	    "(%" PRIu64 " by the kernel, %" PRIu64 " by the interface so far); raise "
	    "capture.buffer-bytes (for the interface: ethtool -G %s rx), or watch less "
	    "with a filter",
	    w->name, drops - w->drops, live_kernel_drops(w->live),
	    live_interface_drops(w->live), w->name);
	w->drops = drops;
	w->drops_us = now_us;
}

/* Link time never runs back: when the system's clock does, it stands still. */
static void
tell_clock(struct watch *w)
{
	int64_t ahead_us = live_time_us(w->live) - clock_us(CLOCK_REALTIME);
	bool stands = ahead_us > CLOCK_TOLD_SEC * SEC_US;

	if (stands && !w->clock_told)
		log_warn(
		    "the clock was set back: the times of events stand still for the "
		    "next %" PRId64 " s, until it has caught up",
		    ahead_us / SEC_US);
	w->clock_told = stands;
}

/* A port to which nothing is mirrored looks just like a network without mail. */
static void
tell_quiet(struct watch *w, int64_t now_us)
{
	const struct run *run = &w->run;
	uint32_t quiet_sec = run->conf->capture.quiet_sec;

	if (w->quiet_told || run->packets > 0 ||
	    now_us - w->started_us < quiet_sec * INT64_C(1000000))
		return;
	w->quiet_told = true;
	log_warn(
	    "%s: not one packet in %u s: is this the port that the mirror session sends "
	    "to, and the cable in (ip -s link show %s)?%s",
	    w->name, quiet_sec, w->name,
	    run->options->filter != NULL ? " Does the filter match? It looks at the "
					   "outermost headers: tunnels and "
					   "second VLAN tags hide mail from it."
					 : "");
}

static void
tell_hints(struct watch *w, int64_t now_us)
{
	char text[HINT_TEXT_MAX];

	tell_quiet(w, now_us);
	if (now_us - w->hints_us < HINTS_SEC * SEC_US)
		return;
	w->hints_us = now_us;
	while (run_hint(&w->run, text))
		log_warn("%s: %s", w->name, text);
}

/* What is looked after once a second, busy or quiet. */
static void
look_after(struct watch *w, int64_t now_us)
{
	struct run *run = &w->run;

	w->checked_us = now_us;
	tell_state(w, live_check(w->live));
	tell_drops(w, now_us);
	tell_clock(w);
	tell_hints(w, now_us);
	run_flush(run); /* also while link time stands still */
	if (now_us - w->stats_us >= run->conf->output.stats_sec * INT64_C(1000000)) {
		w->stats_us = now_us;
		run_stats(run, NULL);
	}
}

static void
reopen_outputs(struct watch *w)
{
	char error[CONF_ERROR_MAX];

	notify_reloading(clock_us(CLOCK_MONOTONIC));
	if (sinks_reopen(w->run.sinks, error) == -1)
		log_error("%s: it cannot be opened anew, so events still go to the file "
			  "as it was; its directory must be writable for our user",
		    error);
	else
		log_info("outputs were opened anew");
	tell_manager(w, notify_ready);
}

/* One look at the ring, and time goes on. */
static size_t
take(struct watch *w)
{
	struct packet batch[CAPTURE_BATCH];
	size_t n = live_next(w->live, batch);

	if (n > 0)
		run_packets(&w->run, batch, n);
	else
		run_time(&w->run, live_time_us(w->live));
	return n;
}

/* A turn takes WAIT_MS and what 64 packets cost, at most: the watchdog hears of it. */
static void
loop(struct watch *w)
{
	while (!signals_stop_asked() && !w->run.output_failed) {
		int64_t now_us;

		if (take(w) == 0)
			signals_wait(live_fd(w->live), WAIT_MS);
		if (signals_reopen_asked())
			reopen_outputs(w);
		now_us = clock_us(CLOCK_MONOTONIC);
		notify_turn(&w->notify, now_us);
		if (now_us - w->checked_us >= SEC_US)
			look_after(w, now_us);
	}
}

/* What the kernel had seen when we were asked to stop. */
static void
take_rest(struct watch *w)
{
	int64_t asked_us = clock_us(CLOCK_REALTIME);
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + LAST_SEC * SEC_US;

	while (live_time_us(w->live) < asked_us && !w->run.output_failed &&
	       clock_us(CLOCK_MONOTONIC) < until_us) {
		if (take(w) == 0)
			signals_wait(live_fd(w->live), 10);
	}
	live_check(w->live);
}

static int
watch(struct watch *w)
{
	struct run *run = &w->run;

	w->checked_us = clock_us(CLOCK_MONOTONIC);
	w->started_us = w->stats_us = w->hints_us = w->checked_us;
	log_info("watching %s", w->name);
	notify_init(&w->notify, w->checked_us);
	tell_manager(w, notify_ready);
	loop(w);
	notify_stopping();
	if (run->output_failed)
		return EX_OSERR;
	take_rest(w);
	run_finish(run);
	log_info("ended on request after %" PRIu64 " packets", run->packets);
	run_summary(run);
	return run->output_failed ? EX_OSERR : EX_OK;
}

static int
open_interface(struct watch *w)
{
	const struct run *run = &w->run;
	struct capture_error error;

	w->live = live_open(w->name, &run->conf->capture, &error);
	if (w->live == NULL) {
		log_error("%s", error.text);
		return EX_NOINPUT;
	}
	if (run->options->filter == NULL ||
	    live_filter(w->live, run->options->filter, &error) == 0)
		return 0;
	log_error("%s", error.text);
	return EX_USAGE;
}

/* Everything that takes rights, then no rights any more. 0, or an exit code. */
static int
open_all(struct watch *w)
{
	struct run *run = &w->run;
	const struct sink_names names = { source_name, w->name, true };
	char error[PRIV_ERROR_MAX];
	struct priv priv;
	int code;

	if (priv_find(&priv, run->conf->capture.user, error) == -1) {
		log_error("%s", error);
		return EX_CONFIG;
	}
	code = open_interface(w);
	if (code == 0)
		code = run_open(run, &names);
	if (code != 0)
		return code;
	priv_give(&priv, run->conf->output.path);
	if (priv_drop(&priv, error) == -1) {
		log_error("%s", error);
		return EX_OSERR;
	}
	if (priv.root)
		log_debug("running as %s", priv.name);
	return 0;
}

int
run_live(const struct conf *conf, const struct options *options)
{
	struct watch w = { .name = options->interface };
	int code;

	signals_take_hangup();
	run_init(&w.run, conf, options);
	code = open_all(&w);
	if (code == 0) {
		w.run.input_stats = show_live_stats;
		w.run.input = w.live;
		hints_init(&w.run.hints, true, live_frame_max(w.live));
		code = watch(&w);
	}
	run_close(&w.run);
	live_close(w.live);
	return code;
}
