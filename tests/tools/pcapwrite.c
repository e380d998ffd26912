/* SPDX-License-Identifier: BSD-2-Clause */
#include "pcapwrite.h"

#include <err.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	BUFFER_BYTES = 1 << 20,
	FILE_HEADER_BYTES = 24,
	PACKET_HEADER_BYTES = 16,
	SNAPLEN = 262144,
	LINKTYPE_ETHERNET = 1,
	SEGMENT_GAP_US = 15,
	TURN_GAP_US = 400,
};

struct pcap_writer {
	int fd;
	size_t used;
	uint64_t packets;
	uint64_t bytes;
	uint8_t buffer[BUFFER_BYTES];
};

/* MSS 1460, SACK permitted, window scale 7. */
static const uint8_t syn_options[12] = { 2, 4, 5, 180, 1, 1, 4, 2, 1, 3, 3, 7 };

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

/* The file is little-endian everywhere, so that it is the same on every machine. */
static void
put32_le(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
	p[2] = (uint8_t)(v >> 16);
	p[3] = (uint8_t)(v >> 24);
}

static void
flush_buffer(struct pcap_writer *w)
{
	size_t done = 0;

	while (done < w->used) {
		ssize_t n = write(w->fd, w->buffer + done, w->used - done);

		if (n < 0)
			err(1, "write");
		done += (size_t)n;
	}
	w->used = 0;
}

static uint8_t *
reserve(struct pcap_writer *w, size_t len)
{
	uint8_t *at;

	if (w->used + len > sizeof(w->buffer))
		flush_buffer(w);
	at = w->buffer + w->used;
	w->used += len;
	w->bytes += len;
	return at;
}

struct pcap_writer *
pcapwrite_open(const char *path)
{
	struct pcap_writer *w = malloc(sizeof(*w));
	uint8_t *head;

	if (w == NULL)
		err(1, NULL);
	w->used = 0;
	w->packets = w->bytes = 0;
	w->fd = strcmp(path, "-") == 0 ? STDOUT_FILENO
				       : open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (w->fd < 0)
		err(1, "%s", path);
	head = reserve(w, FILE_HEADER_BYTES);
	memset(head, 0, FILE_HEADER_BYTES);
	put32_le(head, 0xa1b2c3d4);
	put32_le(head + 4, 4 << 16 | 2);
	put32_le(head + 16, SNAPLEN);
	put32_le(head + 20, LINKTYPE_ETHERNET);
	return w;
}

void
pcapwrite_frame(struct pcap_writer *w, uint64_t time_us, const uint8_t *frame, size_t len)
{
	uint8_t *at = reserve(w, PACKET_HEADER_BYTES + len);

	put32_le(at, (uint32_t)(time_us / 1000000));
	put32_le(at + 4, (uint32_t)(time_us % 1000000));
	put32_le(at + 8, (uint32_t)len);
	put32_le(at + 12, (uint32_t)len);
	memcpy(at + PACKET_HEADER_BYTES, frame, len);
	w->packets++;
}

uint64_t
pcapwrite_packets(const struct pcap_writer *w)
{
	return w->packets;
}

uint64_t
pcapwrite_bytes(const struct pcap_writer *w)
{
	return w->bytes;
}

void
pcapwrite_close(struct pcap_writer *w)
{
	flush_buffer(w);
	if (close(w->fd) != 0)
		err(1, "close");
	free(w);
}

/* Sums in native order: a one's complement sum does not mind (RFC 1071, 2 (B)). */
static uint64_t
sum_bytes(uint64_t sum, const uint8_t *p, size_t len)
{
	uint8_t rest[4] = { 0 };
	uint32_t word;

	for (; len >= 4; p += 4, len -= 4) {
		memcpy(&word, p, 4);
		sum += word;
	}
	memcpy(rest, p, len);
	memcpy(&word, rest, 4);
	return sum + word;
}

static void
put_checksum(uint8_t *at, uint64_t sum)
{
	uint16_t folded;

	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	folded = (uint16_t)~sum;
	memcpy(at, &folded, 2);
}

static void
put_ethernet_ip(uint8_t *frame, struct tcp_end *from, const struct tcp_end *to,
    enum tcp_side side, size_t ip_len)
{
	static const uint8_t ethernet[2][14] = {
		{ 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0 },
		{ 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, 8, 0 },
	};
	uint8_t *ip = frame + 14;

	memcpy(frame, ethernet[side], 14);
	put16(ip, 0x4500);
	put16(ip + 2, (unsigned)ip_len);
	put16(ip + 4, from->ip_id++);
	put16(ip + 6, 0x4000);
	put16(ip + 8, (side == CLIENT ? 57 : 64) << 8 | 6);
	put16(ip + 10, 0);
	put32(ip + 12, from->ip);
	put32(ip + 16, to->ip);
	put_checksum(ip + 10, sum_bytes(0, ip, 20));
}

size_t
tcp_frame(struct tcp_conn *c, enum tcp_side side, unsigned flags, uint8_t *frame,
    size_t payload_len)
{
	struct tcp_end *from = &c->end[side], *to = &c->end[!side];
	size_t option_len = flags & TCP_SYN ? sizeof(syn_options) : 0;
	size_t tcp_len = 20 + option_len + payload_len;
	uint8_t *tcp = frame + 34, pseudo[4] = { 0, 6 };

	put_ethernet_ip(frame, from, to, side, 20 + tcp_len);
	put16(tcp, from->port);
	put16(tcp + 2, to->port);
	put32(tcp + 4, from->seq);
	put32(tcp + 8, flags & TCP_ACK ? to->seq : 0);
	tcp[12] = (uint8_t)((20 + option_len) << 2);
	tcp[13] = (uint8_t)flags;
	put16(tcp + 14, 64240);
	put32(tcp + 16, 0);
	if (option_len != 0)
		memcpy(tcp + 20, syn_options, option_len);
	put16(pseudo + 2, (unsigned)tcp_len);
	put_checksum(tcp + 16,
	    sum_bytes(sum_bytes(sum_bytes(0, pseudo, 4), frame + 26, 8), tcp, tcp_len));
	from->seq += (uint32_t)payload_len;
	if (flags & (TCP_SYN | TCP_FIN))
		from->seq++;
	return 34 + tcp_len;
}

void
tcp_segment(struct pcap_writer *w, struct tcp_conn *c, enum tcp_side side, unsigned flags,
    const void *data, size_t len, uint64_t *now_us)
{
	uint8_t frame[FRAME_MAX];

	if (len > 0)
		memcpy(frame + TCP_PAYLOAD_AT, data, len);
	pcapwrite_frame(w, *now_us, frame, tcp_frame(c, side, flags, frame, len));
	*now_us += SEGMENT_GAP_US;
}

void
tcp_open(struct pcap_writer *w, struct tcp_conn *c, uint64_t *now_us)
{
	tcp_segment(w, c, CLIENT, TCP_SYN, NULL, 0, now_us);
	*now_us += TURN_GAP_US;
	tcp_segment(w, c, SERVER, TCP_SYN | TCP_ACK, NULL, 0, now_us);
	tcp_segment(w, c, CLIENT, TCP_ACK, NULL, 0, now_us);
}

void
tcp_send(struct pcap_writer *w, struct tcp_conn *c, enum tcp_side side, const void *data,
    size_t len, uint64_t *now_us)
{
	const uint8_t *p = data;
	unsigned unacked = 0;

	while (len > 0) {
		size_t n = len < TCP_MSS ? len : TCP_MSS;

		tcp_segment(
		    w, c, side, len == n ? TCP_ACK | TCP_PSH : TCP_ACK, p, n, now_us);
		p += n;
		len -= n;
		if (++unacked == 2 || len == 0) {
			tcp_segment(w, c, !side, TCP_ACK, NULL, 0, now_us);
			unacked = 0;
		}
	}
	*now_us += TURN_GAP_US;
}

void
tcp_close(
    struct pcap_writer *w, struct tcp_conn *c, enum tcp_side first, uint64_t *now_us)
{
	tcp_segment(w, c, first, TCP_FIN | TCP_ACK, NULL, 0, now_us);
	*now_us += TURN_GAP_US;
	tcp_segment(w, c, !first, TCP_FIN | TCP_ACK, NULL, 0, now_us);
	tcp_segment(w, c, first, TCP_ACK, NULL, 0, now_us);
}
