/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_NDPI_DETECT_H
#define RELAYWATCH_NDPI_DETECT_H

/*
 * The part of nDPI that tells protocols, with one face for 4.2 and newer. Private to
 * classify.c. Nothing is guessed from ports and addresses, and nothing is carried over
 * from one flow to the next.
 */

#include "ndpi_shim.h"

#include <stdio.h>

#define NDPI_IS(major, minor) \
	(NDPI_MAJOR > (major) || (NDPI_MAJOR == (major) && NDPI_MINOR >= (minor)))

#if NDPI_IS(4, 10)
#define NDPI_PROTOCOL_REDIS NDPI_PROTOCOL_RESP
#endif

#if NDPI_IS(4, 10)
static inline struct ndpi_detection_module_struct *
detect_open(void)
{
	struct ndpi_detection_module_struct *module = ndpi_init_detection_module(NULL);

	if (module != NULL)
		ndpi_set_config(module, NULL, "libgcrypt.init", "0");
	return module;
}
#else
static inline struct ndpi_detection_module_struct *
detect_open(void)
{
	return ndpi_init_detection_module(ndpi_dont_init_libgcrypt);
}
#endif

/* Nothing else is looked for. */
#if NDPI_IS(5, 0)
static inline void
detect_only(
    struct ndpi_detection_module_struct *module, const uint16_t *ids, unsigned count)
{
	char id[8];

	ndpi_set_config(module, "any", "enable", "0");
	for (unsigned i = 0; i < count; i++) {
		snprintf(id, sizeof(id), "%u", ids[i]);
		ndpi_set_config(module, id, "enable", "1");
	}
}
#else
static inline void
detect_only(
    struct ndpi_detection_module_struct *module, const uint16_t *ids, unsigned count)
{
	NDPI_PROTOCOL_BITMASK mask;

	NDPI_BITMASK_RESET(mask);
	for (unsigned i = 0; i < count; i++)
		NDPI_BITMASK_ADD(mask, ids[i]);
	ndpi_set_protocol_detection_bitmask2(module, &mask);
}
#endif

/* Two ids, 0 where there are none: what carries it, and what it is. */
static inline void
detect_packet(struct ndpi_detection_module_struct *module, struct ndpi_flow_struct *flow,
    const uint8_t *packet, uint16_t bytes, uint64_t time_ms, uint16_t ids[2])
{
#if NDPI_IS(4, 6)
	ndpi_protocol found = ndpi_detection_process_packet(
	    module, flow, packet, bytes, time_ms, NULL);
#else
	ndpi_protocol found =
	    ndpi_detection_process_packet(module, flow, packet, bytes, time_ms);
#endif

#if NDPI_IS(4, 11)
	ids[0] = found.proto.master_protocol;
	ids[1] = found.proto.app_protocol;
#else
	ids[0] = found.master_protocol;
	ids[1] = found.app_protocol;
#endif
}

#endif
