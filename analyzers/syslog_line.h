/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SYSLOG_LINE_H
#define RELAYWATCH_SYSLOG_LINE_H

/*
 * An alert as one line of text: a sentence for people, then key=value pairs that never
 * change their names or order. What came off the wire stands at the end, in quotes, with
 * everything escaped as \xHH that could end the quotes, begin another pair or line, or
 * deceive a terminal; the escapes give back the octets that were sent. Pure.
 */

#include "sink.h"

enum { SYSLOG_LINE_MAX = 1920 }; /* RFC 5424 section 6.1: all take 2048 with header */

/* Writes the line with a final NUL, returns its length. */
size_t syslog_line(const struct sink_names *names, const struct alert *alert,
    const struct alert_tally *tally, char out[static SYSLOG_LINE_MAX]);

#endif
