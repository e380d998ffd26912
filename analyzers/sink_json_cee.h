/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SINK_JSON_CEE_H
#define RELAYWATCH_SINK_JSON_CEE_H

/*
 * An alert's EVE event behind the cookie of CEE, for one syslog message. Common daemons
 * cut messages at 8 KiB, and JSON that is cut is none: an event that would be longer is
 * told without its bulkiest parts, which alert.context.left_out names.
 */

#include "sink.h"

/* 8192 less what relays put in front: priority, time, host name (RFC 5424 section 6). */
enum { CEE_LINE_MAX = 7680 };

/* Writes the line with a final NUL. Returns its length, 0 when out of memory. */
size_t cee_line(const struct sink_names *names, const struct alert *alert,
    const struct alert_tally *tally, char out[static CEE_LINE_MAX]);

#endif
