/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * delayline: a stretch of network cable with a length. It joins two interfaces over
 * packet sockets and holds every frame for a while, so that two namespaces on one machine
 * see the round-trip times of two places. It can also lose TCP frames and let them
 * overtake each other. What it does with the n-th TCP frame of a direction depends on the
 * seed and n alone.
 */
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { FRAME_MAX = 65536, QUEUE_MAX = 8192 };

struct frame {
	struct frame *next;
	uint64_t due_ns;
	size_t len;
	unsigned char bytes[];
};

struct side {
	int fd;
	const char *name;
	uint64_t tcp_frames; /* received here so far */
};

struct line {
	struct side side[2];
	struct frame *queue[2]; /* by the side they leave on, earliest first */
	unsigned int queued;
	uint64_t delay_ns;
	uint64_t hold_ns; /* what an overtaken frame waits in addition */
	double loss;
	double reorder;
	uint64_t seed;
};

static void
die(const char *what)
{
	fprintf(stderr, "delayline: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void
usage(void)
{
	fprintf(stderr, "usage: delayline [-d delay_ms] [-l loss_percent] "
			"[-r reorder_percent] [-h hold_ms] [-s seed] IFACE IFACE\n");
	exit(64);
}

static uint64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* splitmix64's finalizer: every bit of the input moves every bit of the output. */
static uint64_t
mix(uint64_t x)
{
	x += 0x9e3779b97f4a7c15u;
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

/* A number in [0, 100) for one question about one frame. */
static double
dice(const struct line *l, int from, uint64_t frame, unsigned int question)
{
	uint64_t r = mix(mix(l->seed * 8 + (uint64_t)from * 4 + question) ^ frame);

	return (double)(r >> 11) * (100.0 / 9007199254740992.0);
}

static bool
is_tcp(const unsigned char *p, size_t len)
{
	if (len < 34)
		return false;
	if (p[12] == 0x08 && p[13] == 0x00)
		return p[23] == 6;
	return p[12] == 0x86 && p[13] == 0xdd && p[20] == 6;
}

static void
enqueue(struct line *l, int to, const unsigned char *bytes, size_t len, uint64_t due_ns)
{
	struct frame **at = &l->queue[to];
	struct frame *f;

	if (l->queued == QUEUE_MAX)
		return; /* a full line drops, as a full router does */
	f = malloc(sizeof(*f) + len);
	if (f == NULL)
		die("malloc");
	f->due_ns = due_ns;
	f->len = len;
	memcpy(f->bytes, bytes, len);
	while (*at != NULL && (*at)->due_ns <= due_ns)
		at = &(*at)->next;
	f->next = *at;
	*at = f;
	l->queued++;
}

static void
take(struct line *l, int from)
{
	static unsigned char bytes[FRAME_MAX];
	struct sockaddr_ll peer;
	socklen_t peer_len = sizeof(peer);
	struct side *s = &l->side[from];
	uint64_t due_ns = now_ns() + l->delay_ns;
	ssize_t n;

	n = recvfrom(s->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&peer, &peer_len);
	if (n < 0 && (errno == EINTR || errno == EAGAIN || errno == ENETDOWN))
		return;
	if (n < 0)
		die(s->name);
	if (peer.sll_pkttype == PACKET_OUTGOING)
		return;
	if (is_tcp(bytes, (size_t)n)) {
		uint64_t frame = s->tcp_frames++;

		if (dice(l, from, frame, 0) < l->loss)
			return;
		if (dice(l, from, frame, 1) < l->reorder)
			due_ns += l->hold_ns;
	}
	enqueue(l, !from, bytes, (size_t)n, due_ns);
}

static void
send_due(struct line *l, int to, uint64_t now)
{
	struct frame *f;

	while ((f = l->queue[to]) != NULL && f->due_ns <= now) {
		/* a refused frame is a lost frame; TCP sends it again */
		(void)!write(l->side[to].fd, f->bytes, f->len);
		l->queue[to] = f->next;
		l->queued--;
		free(f);
	}
}

static uint64_t
next_due(const struct line *l)
{
	uint64_t due = UINT64_MAX;

	for (int i = 0; i < 2; i++)
		if (l->queue[i] != NULL && l->queue[i]->due_ns < due)
			due = l->queue[i]->due_ns;
	return due;
}

static void
carry(struct line *l)
{
	struct pollfd p[2] = { { .fd = l->side[0].fd, .events = POLLIN },
		{ .fd = l->side[1].fd, .events = POLLIN } };

	for (;;) {
		uint64_t due = next_due(l), now = now_ns();
		uint64_t wait_ns = due <= now ? 0 : due - now;
		struct timespec wait = { (time_t)(wait_ns / 1000000000u),
			(long)(wait_ns % 1000000000u) };

		if (ppoll(p, 2, due == UINT64_MAX ? NULL : &wait, NULL) < 0 &&
		    errno != EINTR)
			die("poll");
		for (int i = 0; i < 2; i++)
			if (p[i].revents & (POLLIN | POLLERR))
				take(l, i);
		now = now_ns();
		send_due(l, 0, now);
		send_due(l, 1, now);
	}
}

static void
open_side(struct side *s, const char *name)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL) };
	struct packet_mreq promisc = { .mr_type = PACKET_MR_PROMISC };
	int room = 8 << 20;

	s->name = name;
	at.sll_ifindex = promisc.mr_ifindex = (int)if_nametoindex(name);
	if (at.sll_ifindex == 0)
		die(name);
	s->fd = socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL));
	if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    setsockopt(
		s->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promisc, sizeof(promisc)) != 0)
		die(name);
	(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
}

int
main(int argc, char **argv)
{
	struct line l = { .seed = 1 };
	double delay_ms = 0, hold_ms = 10;
	int opt;

	while ((opt = getopt(argc, argv, "d:h:l:r:s:")) != -1) {
		switch (opt) {
		case 'd':
			delay_ms = atof(optarg);
			break;
		case 'h':
			hold_ms = atof(optarg);
			break;
		case 'l':
			l.loss = atof(optarg);
			break;
		case 'r':
			l.reorder = atof(optarg);
			break;
		case 's':
			l.seed = strtoull(optarg, NULL, 0);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2 || delay_ms < 0 || hold_ms < 0)
		usage();
	l.delay_ns = (uint64_t)(delay_ms * 1e6);
	l.hold_ns = (uint64_t)(hold_ms * 1e6);
	open_side(&l.side[0], argv[optind]);
	open_side(&l.side[1], argv[optind + 1]);
	carry(&l);
	return 0;
}
