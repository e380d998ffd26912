/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Makes captures: a buffered pcap writer, and TCP connections (IPv4 on Ethernet) whose
 * packets carry the right numbers, lengths and checksums. The writer is made by open
 * and freed by close; connections are plain structs that the caller owns. A write
 * error ends the program: these are test tools.
 */
#ifndef TESTS_PCAPWRITE_H
#define TESTS_PCAPWRITE_H

#include <stddef.h>
#include <stdint.h>

enum {
	TCP_MSS = 1460,
	TCP_PAYLOAD_AT = 14 + 20 + 20, /* of a frame without TCP options */
	FRAME_MAX = TCP_PAYLOAD_AT + TCP_MSS,
};

enum tcp_side {
	CLIENT,
	SERVER,
};

enum tcp_flag {
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
};

struct tcp_end {
	uint32_t ip;  /* host byte order, as all here */
	uint32_t seq; /* the next to be sent */
	uint16_t port;
	uint16_t ip_id;
};

struct tcp_conn {
	struct tcp_end end[2]; /* by enum tcp_side */
};

struct pcap_writer;

struct pcap_writer *pcapwrite_open(const char *path);

void pcapwrite_frame(
    struct pcap_writer *w, uint64_t time_us, const uint8_t *frame, size_t len);

uint64_t pcapwrite_packets(const struct pcap_writer *w);

/* Size of the file so far. */
uint64_t pcapwrite_bytes(const struct pcap_writer *w);

void pcapwrite_close(struct pcap_writer *w);

/*
 * Puts the headers in front of `payload_len` bytes that already lie at
 * frame + TCP_PAYLOAD_AT, and counts them as sent. Returns the length of the frame.
 * A SYN carries options and no payload.
 */
size_t tcp_frame(struct tcp_conn *c, enum tcp_side side, unsigned flags, uint8_t *frame,
    size_t payload_len);

/* A connection played straight into a capture; time is the caller's clock. */

void tcp_open(struct pcap_writer *w, struct tcp_conn *c, uint64_t *now_us);

void tcp_segment(struct pcap_writer *w, struct tcp_conn *c, enum tcp_side side,
    unsigned flags, const void *data, size_t len, uint64_t *now_us);

/* Segments of one MSS, an ACK after every second and after the last. */
void tcp_send(struct pcap_writer *w, struct tcp_conn *c, enum tcp_side side,
    const void *data, size_t len, uint64_t *now_us);

void tcp_close(
    struct pcap_writer *w, struct tcp_conn *c, enum tcp_side first, uint64_t *now_us);

#endif
