/* SPDX-License-Identifier: BSD-2-Clause */
#include "meter.h"

void
meter_init(struct meter *meter, struct round_trip *trip)
{
	*meter = (struct meter){ 0 };
	*trip = (struct round_trip){ .tcp_us = -1, .command_us = -1 };
}

static void
sample(int32_t *least_us, uint16_t *samples, int64_t us)
{
	if (us < 0 || us > INT32_MAX)
		return;
	if (*least_us < 0 || us < *least_us)
		*least_us = (int32_t)us;
	if (*samples < UINT16_MAX)
		(*samples)++;
}

void
meter_handshake(struct round_trip *trip, int32_t us)
{
	sample(&trip->tcp_us, &trip->tcp_samples, us);
}

/* Only the last segment of a burst is timed: what comes before it may be answered late.
 */
void
meter_server(struct meter *meter, const struct segment *segment)
{
	uint32_t end = segment->seq + segment->wire_payload;

	if (meter->armed && (int32_t)(end - meter->end) <= 0)
		return; /* a retransmission: which copy is answered? (RFC 6298 section 3)
			 */
	meter->end = end;
	meter->armed = true;
	meter->acked = false;
	meter->at_us = segment->origin.ts_us;
}

void
meter_client(struct meter *meter, struct round_trip *trip, const struct segment *segment)
{
	int64_t us = segment->origin.ts_us - meter->at_us;

	if (!meter->armed || !(segment->flags & TCP_ACK) ||
	    (int32_t)(segment->ack - meter->end) < 0)
		return;
	if (segment->wire_payload > 0) {
		sample(&trip->command_us, &trip->command_samples, us);
		meter->armed = false;
	} else if (!meter->acked && !(segment->flags & (TCP_FIN | TCP_RST))) {
		sample(&trip->tcp_us, &trip->tcp_samples, us);
		meter->acked = true;
	}
}
