/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_WRITER_H
#define RELAYWATCH_WRITER_H

/*
 * Lines to a file or standard output through one buffer. The first error is remembered
 * and told by every flush, and what comes after it is dropped: nobody should believe that
 * the output is whole.
 */

#include "conf.h"

struct writer;

/* path: NULL or "-" is standard output. A file is begun anew, or with append continued.
 * NULL with error. */
struct writer *writer_open(
    const char *path, bool append, char error[static CONF_ERROR_MAX]);

void writer_put(struct writer *writer, const char *bytes, size_t n);

/* Hands everything to the system. 0, or -1 with error naming the output, again and again
 * once something failed. */
int writer_flush(struct writer *writer, char error[static CONF_ERROR_MAX]);
/* Goes on in a file of the same path, made anew where it was moved away; standard output
 * stays. 0, or -1 with error: it goes on in the old file then. */
int writer_reopen(struct writer *writer, char error[static CONF_ERROR_MAX]);
void writer_close(struct writer *writer);

#endif
