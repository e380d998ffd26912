/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_NDPI_SHIM_H
#define RELAYWATCH_NDPI_SHIM_H

/*
 * What is used of nDPI outside ndpi_detect.h, which builds on this: its API changes with
 * nearly each release, its header does not compile without warnings, and names and
 * argument types move. Private to the files that include it.
 */

#include <stdint.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wshadow"
#include <ndpi_api.h>
#pragma GCC diagnostic pop

#if !defined(NDPI_MAJOR) || NDPI_MAJOR < 4 || (NDPI_MAJOR == 4 && NDPI_MINOR < 2)
#error "nDPI 4.2 or newer is needed"
#endif

/* Until 4.0 these were patricia_tree_t and ndpi_New_Patricia(); since 4.2 they are: */
#define shim_tree   ndpi_patricia_tree_t
#define shim_prefix ndpi_prefix_t

static inline void
shim_no_data(void *data)
{
	(void)data;
}

#endif
