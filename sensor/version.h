/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_VERSION_H
#define RELAYWATCH_VERSION_H

/*
 * What -V prints: our version and those of the libraries in use at run time. The one file
 * that knows all of them; it asks them for nothing else.
 */

#include <stdio.h>

void version_print(FILE *out);

#endif
