/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_LOG_H
#define RELAYWATCH_LOG_H

/*
 * Messages for people, on standard error, one line each, prefixed "relaywatch: ". Control
 * and non-ASCII octets are escaped (\xHH): file names and packet text are hostile.
 * Process wide: for main.c, run*.c and outputs; never for what traffic does line by line.
 */

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Messages above this level are dropped; LOG_LEVEL_INFO at start. */
void log_set_level(enum log_level level);

void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *format, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
