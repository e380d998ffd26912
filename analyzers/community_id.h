/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_COMMUNITY_ID_H
#define RELAYWATCH_COMMUNITY_ID_H

/*
 * Community ID version 1 (github.com/corelight/community-id-spec) of a TCP connection,
 * seed 0: the text by which Zeek, Suricata and others name the same flow.
 */

#include <stdint.h>

#include "addr.h"

enum { COMMUNITY_ID_MAX = 32 }; /* "1:", 28 characters of base64, NUL */

/* Writes the text to out, the same for both directions, and returns out; "" when out of
 * memory. */
char *community_id_tcp(const struct addr *a, uint16_t a_port, const struct addr *b,
    uint16_t b_port, char out[static COMMUNITY_ID_MAX]);

#endif
