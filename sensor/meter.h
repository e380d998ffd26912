/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_METER_H
#define RELAYWATCH_METER_H

/*
 * Round trips between here and a client, of its TCP and of its commands. A proxy in
 * between answers for TCP; the commands come from further away.
 */

#include "record.h"

struct meter {
	uint32_t end; /* sequence number behind what the server sent last */
	bool armed;   /* a command that answers it is awaited */
	bool acked;   /* its bare acknowledgment was seen already */
	int64_t at_us;
};

void meter_init(struct meter *meter, struct round_trip *trip);

/* The server's SYN-ACK was acknowledged after so long. */
void meter_handshake(struct round_trip *trip, int32_t us);

/* A segment of the server that carries data, and any segment of the client. */
void meter_server(struct meter *meter, const struct segment *segment);
void meter_client(
    struct meter *meter, struct round_trip *trip, const struct segment *segment);

#endif
