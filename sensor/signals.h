/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SIGNALS_H
#define RELAYWATCH_SIGNALS_H

/*
 * Signals become flags, which the loop looks at, and wake up whoever polls. Process wide,
 * for run*.c and main.c alone. The first SIGINT or SIGTERM asks for an end, the second
 * one ends the program; SIGPIPE is left to write(), SIGHUP as it is until asked for.
 */

#include <stdbool.h>

/* 0, or -1 with errno. */
int signals_init(void);

/* From now on SIGHUP asks to open the outputs anew. */
void signals_take_hangup(void);

bool signals_stop_asked(void);

/* Whether SIGHUP came since the last call. */
bool signals_reopen_asked(void);

/* Waits until fd can be read, a signal came or the time is over. fd -1: waits for the
 * others alone. */
void signals_wait(int fd, int timeout_ms);

#endif
