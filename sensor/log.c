/* SPDX-License-Identifier: BSD-2-Clause */
#include "log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LOG_TEXT_MAX = 1024, LOG_ESCAPE_BYTES = 4 }; /* \xHH */

static enum log_level log_level = LOG_LEVEL_INFO;

void
log_set_level(enum log_level level)
{
	log_level = level;
}

/* Appends c to out, escaped where a terminal could take it for more than text. */
static size_t
put_escaped(char *out, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	if (c >= 0x20 && c < 0x7f) {
		*out = (char)c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[c >> 4];
	out[3] = digits[c & 0x0f];
	return LOG_ESCAPE_BYTES;
}

static void __attribute__((format(printf, 2, 0)))
log_line(enum log_level level, const char *format, va_list args)
{
	static const char prefix[] = "relaywatch: ";
	char text[LOG_TEXT_MAX];
	char line[sizeof(prefix) + LOG_ESCAPE_BYTES * LOG_TEXT_MAX];
	size_t n = sizeof(prefix) - 1;

	if (level > log_level)
		return;
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		return;
	memcpy(line, prefix, n);
	for (const char *p = text; *p != '\0'; p++)
		n += put_escaped(line + n, (unsigned char)*p);
	line[n++] = '\n';
	/* One write a line, so that lines of several processes do not mix. Nobody is left
	 * to be told where standard error itself fails. */
	if (write(STDERR_FILENO, line, n) == -1)
		return;
}

#define LOG_AT(name, level)                    \
	void name(const char *format, ...)     \
	{                                      \
		va_list args;                  \
                                               \
		va_start(args, format);        \
		log_line(level, format, args); \
		va_end(args);                  \
	}

LOG_AT(log_error, LOG_LEVEL_ERROR)
LOG_AT(log_warn, LOG_LEVEL_WARN)
LOG_AT(log_info, LOG_LEVEL_INFO)
LOG_AT(log_debug, LOG_LEVEL_DEBUG)
