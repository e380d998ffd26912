/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_PACKET_H
#define RELAYWATCH_PACKET_H

/*
 * The shared words of the sensor's stages: a captured packet, the flat TCP segment that
 * decode makes of it, and for an IP fragment, the piece of a datagram that it is. All
 * bytes are lent until the next batch is read.
 */

#include "addr.h"
#include "bytes.h"

/* Where a packet was captured: what an analyst needs to find it again. */
struct origin {
	int64_t ts_us;   /* microseconds since 1970, UTC; never runs back over a run */
	uint64_t number; /* of the packet in its file or on its interface, from 1 */
	uint16_t source; /* index of that file or interface: capture_source_name() */
};

struct packet {
	const uint8_t *data;
	uint32_t caplen;   /* bytes at data */
	uint32_t wirelen;  /* bytes it had on the wire */
	uint16_t linktype; /* LINKTYPE_ value of the pcap format */
	struct origin origin;
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

enum { VLAN_LAYERS_MAX = 3 };

struct segment {
	struct addr src, dst;
	uint16_t sport, dport;
	uint32_t seq, ack;
	uint8_t flags; /* enum tcp_flag */
	uint8_t vlan_layers;
	uint16_t vlan[VLAN_LAYERS_MAX]; /* outermost first */
	struct slice payload;           /* what was captured of it */
	uint32_t wire_payload; /* its length on the wire: more than payload.n where
				  the snap length cut it */
	struct slice tcp;      /* header and payload, for the checksum */
	struct origin origin;
};

/* An IP fragment: RFC 791 section 3.2, RFC 8200 section 4.5. */
struct fragment {
	struct addr src, dst;
	uint32_t id;
	uint32_t offset;      /* in the datagram, of its octets: */
	struct slice data;    /* what was captured of them, */
	uint32_t wire_octets; /* and how many there were on the wire */
	int64_t ts_us;
	bool more; /* fragments of this datagram */
	bool v6;
	uint8_t proto; /* protocol number of what the datagram carries; in IPv6 only the
			  first fragment's holds */
	uint8_t depth; /* encapsulations around it, for decode */
};

/* What fragments were joined to, behind the IP headers. Lent until the next fragment. */
struct datagram {
	struct addr src, dst;
	struct slice data;
	bool v6;
	uint8_t proto, depth;
};

#endif
