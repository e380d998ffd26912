/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CONF_SCAN_H
#define RELAYWATCH_CONF_SCAN_H

/*
 * What libconfuse would let pass silently in a configuration file: an environment
 * variable put in, a section, string or comment that the file's end cuts off, a NUL.
 * Pure.
 */

#include "bytes.h"

/* NULL, or what is wrong and in which line (from 1). */
const char *conf_scan(struct slice text, unsigned *line);

#endif
