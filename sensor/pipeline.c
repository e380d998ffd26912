/* SPDX-License-Identifier: BSD-2-Clause */
#include "pipeline.h"

#include <stdlib.h>

#include "capture.h"
#include "decode.h"
#include "defrag.h"
#include "track.h"

static const struct defrag_limits defrag_limits = {
	.datagrams = 4096,
	.blocks = 4096,
	.wait_sec = 30,
};

struct pipeline {
	struct track track;
	struct defrag *defrag;
	struct record_queue *queue;
	size_t queue_high; /* above it the queue wants to be drained */
	uint64_t packets, octets;
	uint64_t decoded[DECODE_RESULTS];
	/* A batch: its segments and where they lie in the flow table. */
	struct segment segment[CAPTURE_BATCH];
	struct flow_key key[CAPTURE_BATCH];
	enum decode_result result[CAPTURE_BATCH];
};

struct pipeline *
pipeline_new(const struct conf *conf, struct record_queue *queue)
{
	struct pipeline *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->queue = queue;
	p->queue_high = conf->sensor.queue_bytes / 4;
	p->defrag = defrag_new(&defrag_limits);
	if (track_init(&p->track, conf, queue) != 0 || p->defrag == NULL) {
		pipeline_free(p);
		return NULL;
	}
	return p;
}

void
pipeline_free(struct pipeline *p)
{
	if (p == NULL)
		return;
	track_release(&p->track);
	defrag_free(p->defrag);
	free(p);
}

/*
 * The memory a packet needs is on its way while others are looked at: buckets, then flow
 * entries, then what hangs on them. Each packet in order comes last.
 */
static void
decode_batch(struct pipeline *p, const struct packet *packets, size_t count)
{
	struct track *t = &p->track;
	const struct flow *guess;

	for (size_t i = 0; i < count; i++) {
		p->result[i] = decode(&packets[i], &p->segment[i]);
		if (p->result[i] == DECODE_TCP)
			p->key[i] = flow_prefetch_bucket(t->flows, &p->segment[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if (p->result[i] == DECODE_TCP)
			flow_prefetch_entry(t->flows, &p->key[i]);
		else
			p->key[i].guess = NULL;
	}
	for (size_t i = 0; i < count; i++) {
		if ((guess = p->key[i].guess) != NULL)
			track_prefetch(t, guess, &p->segment[i]);
	}
	for (size_t i = 0; i < count; i++) {
		if ((guess = p->key[i].guess) != NULL && p->segment[i].wire_payload > 0)
			track_prefetch_parser(t, guess);
	}
}

/*
 * A fragment waits for its turn: of a batch that is not taken to its end, the rest is
 * decoded again, but a fragment is joined once, and what is joined is lent until the
 * next. What a datagram carries may be fragments again.
 */
static void
join_fragment(struct pipeline *p, const struct packet *packet, size_t i)
{
	struct segment *s = &p->segment[i];
	struct fragment fragment;
	struct datagram datagram;

	p->result[i] = decode_fragment(packet, s, &fragment);
	while (p->result[i] == DECODE_FRAGMENT &&
	       defrag_take(p->defrag, &fragment, &datagram))
		p->result[i] = decode_datagram(&datagram, s, &fragment);
	if (p->result[i] == DECODE_TCP)
		p->key[i] = flow_prefetch_bucket(p->track.flows, s);
}

size_t
pipeline_packets(struct pipeline *p, const struct packet *packets, size_t count)
{
	size_t i;

	count = count < CAPTURE_BATCH ? count : CAPTURE_BATCH;
	decode_batch(p, packets, count);
	for (i = 0; i < count; i++) {
		if (record_queue_bytes(p->queue) > p->queue_high)
			break;
		if (p->result[i] == DECODE_FRAGMENT)
			join_fragment(p, &packets[i], i);
		p->packets++;
		p->octets += packets[i].wirelen;
		p->decoded[p->result[i]]++;
		track_packet(&p->track, &packets[i].origin);
		if (p->result[i] == DECODE_TCP)
			track_segment(&p->track, &p->segment[i], p->key[i]);
	}
	return i;
}

void
pipeline_time(struct pipeline *p, int64_t now_us)
{
	track_time(&p->track, now_us);
}

bool
pipeline_finish(struct pipeline *p)
{
	return track_finish(&p->track);
}

int64_t
pipeline_now_us(const struct pipeline *p)
{
	return p->track.now.ts_us;
}

void
pipeline_stats(const struct pipeline *p, struct stats_visitor *v)
{
	stats_show(v, "capture", "packets", p->packets);
	stats_show(v, "capture", "bytes", p->octets);
	for (unsigned i = 0; i < DECODE_RESULTS; i++)
		stats_show(v, "decode", decode_result_name(i), p->decoded[i]);
	defrag_stats(p->defrag, v);
	track_stats(&p->track, v);
	stats_show(v, "queue", "bytes", record_queue_bytes(p->queue));
	stats_show(v, "queue", "lost", record_queue_lost(p->queue));
}
