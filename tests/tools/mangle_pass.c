/* SPDX-License-Identifier: BSD-2-Clause */
#include "mangle.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

enum {
	COALESCED_MAX = 16384,
	PIECES_MAX = 5,
	DISPLACE_MAX = 8,
	OVERLAP_BACK_MAX = 800,
	DUPLICATE_PERMILLE = 150,
	PENDING_MAX = 64,
};

/* Bytes of one direction that were captured in order without a hole. */
struct history {
	uint8_t *bytes;
	size_t len;
	size_t room;
	uint32_t next_seq;
	bool started;
};

struct pending {
	struct packet packet;
	unsigned wait;
};

static bool
is_plain_data(const struct packet *p)
{
	return p->flow != NO_FLOW && p->payload_len > 0 &&
	       !(p->flags & (TCP_SYN | TCP_RST | TCP_URG));
}

/* What must not be overtaken by older packets of its connection. */
static bool
is_barrier(const struct mangle *m, const struct packet *p)
{
	return p->flags & TCP_RST || (p->flags & TCP_SYN && !m->syn_too);
}

static const uint8_t *
payload(const struct packet *p)
{
	return p->data + p->payload_at;
}

static bool
can_join(const struct packet *a, const struct packet *b)
{
	return is_plain_data(a) && is_plain_data(b) && a->side == b->side &&
	       !(a->flags & TCP_FIN) && a->seq + a->payload_len == b->seq &&
	       a->payload_len + b->payload_len <= COALESCED_MAX;
}

static struct packet
join(const struct packet *a, const struct packet *b)
{
	uint32_t len = a->payload_len + b->payload_len;
	uint8_t *bytes = arena_alloc(len);

	memcpy(bytes, payload(a), a->payload_len);
	memcpy(bytes + a->payload_len, payload(b), b->payload_len);
	return packet_build(b, a->seq, b->flags, bytes, len, 0);
}

/* Half of the neighbours of one direction become one segment, where the later stood. */
void
pass_coalesce(struct mangle *m)
{
	size_t *last = calloc(m->flows.count + 1, sizeof(*last)), kept = 0;
	struct packet p, *before;

	if (last == NULL)
		err(EX_OSERR, NULL);
	for (size_t i = 0; i < m->in.count; i++) {
		p = m->in.at[i];
		before = p.flow == NO_FLOW || last[p.flow] == 0
			     ? NULL
			     : &m->out.at[last[p.flow] - 1];
		if (before != NULL && can_join(before, &p) && prng_below(&m->rng, 2)) {
			p = join(before, &p);
			before->data = NULL;
		}
		list_add(&m->out, &p);
		if (p.flow != NO_FLOW)
			last[p.flow] = m->out.count;
	}
	for (size_t i = 0; i < m->out.count; i++)
		if (m->out.at[i].data != NULL)
			m->out.at[kept++] = m->out.at[i];
	m->out.count = kept;
	free(last);
}

/* Cuts are random, with a liking for the places where parsers err. */
static uint32_t
piece_len(struct prng *rng, uint32_t left)
{
	switch (prng_below(rng, 4)) {
	case 0:
		return 1 + prng_below(rng, left < 3 ? left : 3);
	case 1:
		return left > 1 ? left - 1 : left; /* between CR and LF */
	default:
		return 1 + prng_below(rng, left);
	}
}

static void
split(struct mangle *m, const struct packet *p, uint32_t pieces_max, uint32_t piece_max)
{
	uint32_t pieces = 1 + prng_below(&m->rng, pieces_max), at = 0, n;
	struct packet part;
	unsigned flags;

	for (uint32_t i = 0; at < p->payload_len; i++) {
		n = p->payload_len - at;
		if (i + 1 < pieces)
			n = piece_len(&m->rng, n);
		if (n > piece_max)
			n = piece_max;
		flags =
		    at + n < p->payload_len ? p->flags & ~(TCP_FIN | TCP_PSH) : p->flags;
		part = packet_build(p, p->seq + at, flags, payload(p) + at, n, i);
		list_add(&m->out, &part);
		at += n;
	}
}

void
pass_split(struct mangle *m)
{
	for (size_t i = 0; i < m->in.count; i++) {
		if (is_plain_data(&m->in.at[i]))
			split(m, &m->in.at[i], PIECES_MAX, COALESCED_MAX);
		else
			list_add(&m->out, &m->in.at[i]);
	}
}

void
pass_bytewise(struct mangle *m)
{
	for (size_t i = 0; i < m->in.count; i++) {
		if (is_plain_data(&m->in.at[i]))
			split(m, &m->in.at[i], 1, 1);
		else
			list_add(&m->out, &m->in.at[i]);
	}
}

/* One line a packet, for readers that look at the first of a segment only. */
void
pass_linewise(struct mangle *m)
{
	const struct packet *p;
	const uint8_t *lf;
	struct packet part;
	uint32_t at, n;

	for (size_t i = 0; i < m->in.count; i++) {
		p = &m->in.at[i];
		if (!is_plain_data(p))
			list_add(&m->out, p);
		for (at = 0; is_plain_data(p) && at < p->payload_len; at += n) {
			lf = memchr(payload(p) + at, '\n', p->payload_len - at);
			n = lf == NULL ? p->payload_len - at
				       : (uint32_t)(lf + 1 - payload(p)) - at;
			part = packet_build(p, p->seq + at,
			    at + n < p->payload_len ? p->flags & ~TCP_FIN : p->flags,
			    payload(p) + at, n, 0);
			list_add(&m->out, &part);
		}
	}
}

/* A copy gets the time of its place: hours later it would be another connection. */
static void
pending_add(struct mangle *m, struct pending *pending)
{
	const struct packet_list *out = &m->out;

	pending->packet.time_us = out->at[out->count - 1].time_us;
	list_add(&m->out, &pending->packet);
}

static void
pending_tick(struct mangle *m, struct pending *pending, size_t *count, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		if (all || --pending[i].wait == 0)
			pending_add(m, &pending[i]);
		else
			pending[kept++] = pending[i];
	}
	*count = kept;
}

static bool
is_pause(const struct mangle *m, size_t i)
{
	return i > 0 && m->in.at[i].time_us > m->in.at[i - 1].time_us + m->window_us;
}

void
pass_duplicate(struct mangle *m)
{
	struct pending pending[PENDING_MAX];
	const struct packet *p;
	size_t count = 0;
	bool barrier;

	for (size_t i = 0; i < m->in.count; i++) {
		p = &m->in.at[i];
		barrier = p->flow != NO_FLOW && is_barrier(m, p);
		if (barrier || is_pause(m, i))
			pending_tick(m, pending, &count, true);
		list_add(&m->out, p);
		pending_tick(m, pending, &count, false);
		if (p->flow == NO_FLOW || barrier || count == PENDING_MAX ||
		    !prng_permille(&m->rng, DUPLICATE_PERMILLE))
			continue;
		pending[count].wait = 1 + prng_below(&m->rng, DISPLACE_MAX);
		pending[count++].packet = prng_below(&m->rng, 2)
					      ? *p
					      : packet_build(p, p->seq, p->flags,
						    payload(p), p->payload_len, 7000);
	}
	pending_tick(m, pending, &count, true);
}

/*
 * How often a host has dialled, when a packet of a connection it accepted passes. What
 * made it dial, as a request to a proxy does, passes before its SYN, and what it says
 * when it got through passes behind the SYN-ACK: no network changes that, for it happens
 * in the host, behind the place where is captured. So packets stay on their side of
 * these.
 */
static uint32_t *
count_dials(const struct mangle *m)
{
	uint32_t *epoch = calloc(m->in.count + 1, sizeof(*epoch));
	uint32_t *dials = calloc(m->flows.hosts + 1, sizeof(*dials));
	const struct mangle_flow *f;
	const struct packet *p;

	if (epoch == NULL || dials == NULL)
		err(EX_OSERR, NULL);
	for (size_t i = 0; i < m->in.count; i++) {
		p = &m->in.at[i];
		if (p->flow == NO_FLOW)
			continue;
		f = &m->flows.at[p->flow];
		for (unsigned side = 0; side < 2; side++)
			if (f->opener != (int)side)
				epoch[i] += dials[f->host[side]];
		if (p->flags & TCP_SYN && f->opener >= 0)
			dials[f->host[f->opener]]++;
	}
	free(dials);
	return epoch;
}

/* How many of its flow's packets may go before slot[i]'s: within the time window. */
static uint32_t
displacement(
    struct mangle *m, const size_t *slot, const uint32_t *epoch, size_t count, size_t i)
{
	const struct packet *at = m->in.at;
	uint32_t n;

	if (prng_below(&m->rng, 3) != 0)
		return 0;
	n = 1 + prng_below(&m->rng, DISPLACE_MAX);
	while (n > 0 && (i + n >= count || epoch[slot[i + n]] != epoch[slot[i]] ||
			    at[slot[i + n]].time_us > at[slot[i]].time_us + m->window_us))
		n--;
	return n;
}

/*
 * Packets of one flow change places among the flow's own places in the file. Keys are
 * doubled so that what must stay before a barrier fits in just before it.
 */
static void
shuffle_flow(struct mangle *m, const size_t *slot, const uint32_t *epoch, size_t count,
    uint64_t *key, size_t *order)
{
	uint64_t limit = UINT64_MAX;
	size_t j;

	for (size_t i = count; i-- > 0;) {
		if (is_barrier(m, &m->in.at[slot[i]])) {
			key[i] = 2 * i;
			limit = 2 * i - (i > 0);
			continue;
		}
		key[i] = 2 * (i + displacement(m, slot, epoch, count, i));
		if (key[i] > limit)
			key[i] = limit;
	}
	for (size_t i = 0; i < count; i++) {
		for (j = i; j > 0 && key[order[j - 1]] > key[i]; j--)
			order[j] = order[j - 1];
		order[j] = i;
	}
	for (size_t i = 0; i < count; i++) {
		struct packet *to = &m->out.at[slot[i]];
		uint64_t time_us = to->time_us;

		*to = m->in.at[slot[order[i]]];
		to->time_us = time_us;
	}
}

void
pass_shuffle(struct mangle *m)
{
	size_t *first = calloc(m->flows.count + 2, sizeof(*first));
	size_t *slot = calloc(m->in.count + 1, sizeof(*slot));
	size_t *order = calloc(m->in.count + 1, sizeof(*order));
	uint64_t *key = calloc(m->in.count + 1, sizeof(*key));
	uint32_t *epoch = count_dials(m);

	if (first == NULL || slot == NULL || order == NULL || key == NULL)
		err(EX_OSERR, NULL);
	for (size_t i = 0; i < m->in.count; i++) {
		list_add(&m->out, &m->in.at[i]);
		first[m->in.at[i].flow + 2]++; /* NO_FLOW counts as the first */
	}
	for (size_t f = 1; f <= m->flows.count; f++)
		first[f + 1] += first[f];
	for (size_t i = 0; i < m->in.count; i++)
		slot[first[m->in.at[i].flow + 1]++] = i;
	for (size_t f = 1; f <= m->flows.count; f++)
		shuffle_flow(
		    m, slot + first[f - 1], epoch, first[f] - first[f - 1], key, order);
	free(first);
	free(slot);
	free(order);
	free(key);
	free(epoch);
}

static void
history_add(struct history *h, const struct packet *p)
{
	uint32_t end = p->seq + p->payload_len;

	if (!h->started || (int32_t)(p->seq - h->next_seq) > 0)
		h->len = 0;
	else if (p->seq != h->next_seq)
		return;
	while (h->len + p->payload_len > h->room) {
		h->room = h->room == 0 ? 65536 : h->room * 2;
		h->bytes = realloc(h->bytes, h->room);
		if (h->bytes == NULL)
			err(EX_OSERR, NULL);
	}
	memcpy(h->bytes + h->len, payload(p), p->payload_len);
	h->len += p->payload_len;
	h->next_seq = end;
	h->started = true;
}

/* Bytes [next_seq - back - len, next_seq - back) once more. */
static void
add_again(struct mangle *m, const struct packet *like, const struct history *h,
    size_t len, size_t back, unsigned flags)
{
	struct packet p = packet_build(like, h->next_seq - (uint32_t)(back + len), flags,
	    h->bytes + h->len - back - len, (uint32_t)len, 9000);

	list_add(&m->out, &p);
}

static void
overlap(struct mangle *m, const struct packet *p, struct history *h)
{
	bool in_order = h->started && p->seq == h->next_seq;
	size_t old = h->len, n = p->payload_len, back;

	history_add(h, p);
	back = prng_below(
	    &m->rng, (old < OVERLAP_BACK_MAX ? (uint32_t)old : OVERLAP_BACK_MAX) + 1);
	if (!in_order || p->flags & TCP_FIN || n + back > COALESCED_MAX) {
		list_add(&m->out, p);
		return;
	}
	switch (prng_below(&m->rng, 4)) {
	case 0: /* old and new in one */
		add_again(m, p, h, n + back, 0, p->flags);
		break;
	case 1: /* again, with other borders */
		list_add(&m->out, p);
		if (n > 1)
			add_again(m, p, h, back + n / 2, n - n / 2, p->flags);
		break;
	case 2: /* two that share their middle */
		add_again(m, p, h, n - n / 3, n / 3, p->flags & ~TCP_PSH);
		add_again(m, p, h, n - n / 3, 0, p->flags);
		break;
	default:
		list_add(&m->out, p);
	}
}

void
pass_overlap(struct mangle *m)
{
	struct history *history = calloc(m->flows.count * 2 + 1, sizeof(*history));
	const struct packet *p;

	if (history == NULL)
		err(EX_OSERR, NULL);
	for (size_t i = 0; i < m->in.count; i++) {
		p = &m->in.at[i];
		if (is_plain_data(p))
			overlap(m, p, &history[p->flow * 2 + p->side]);
		else
			list_add(&m->out, p);
	}
	for (size_t i = 0; i < m->flows.count * 2; i++)
		free(history[i].bytes);
	free(history);
}

/* SACK edges name the other side's sequence numbers (RFC 2018, 3). */
static void
shift_sack(uint8_t *tcp, uint32_t other_delta)
{
	uint8_t *p = tcp + 20, *end = tcp + (tcp[12] >> 4) * 4;

	while (p < end && *p != 0) {
		if (*p == 1) {
			p++;
			continue;
		}
		if (end - p < 2 || p[1] < 2 || p[1] > end - p)
			return;
		for (uint8_t *edge = p + 2; *p == 5 && edge + 4 <= p + p[1]; edge += 4)
			put32(edge, get32(edge) + other_delta);
		p += p[1];
	}
}

/* No host gives two connections on the same ports in a row the same initial number. */
static bool
has_same_start(
    const struct mangle *m, const uint32_t (*delta)[2], size_t i, unsigned side)
{
	const struct mangle_flow *flow = m->flows.at;

	for (size_t j = 0; j < i; j++)
		if (memcmp(flow[j].key, flow[i].key, sizeof(flow->key)) == 0 &&
		    flow[j].first_seq[side] + delta[j][side] ==
			flow[i].first_seq[side] + delta[i][side])
			return true;
	return false;
}

/* Moves each direction so that its numbers pass zero somewhere inside. */
void
pass_seqshift(struct mangle *m)
{
	uint32_t(*delta)[2] = calloc(m->flows.count + 1, sizeof(*delta));
	uint32_t length;
	struct packet p;
	uint8_t *data;

	if (delta == NULL)
		err(EX_OSERR, NULL);
	for (size_t i = 0; i < m->flows.count; i++)
		for (unsigned side = 0; side < 2; side++) {
			const struct mangle_flow *f = &m->flows.at[i];

			length = f->last_seq[side] - f->first_seq[side];
			delta[i][side] = 0u - f->first_seq[side] - 1 -
					 prng_below(&m->rng, length == 0 ? 1 : length);
			while (has_same_start(m, (const uint32_t(*)[2])delta, i, side))
				delta[i][side]--;
		}
	for (size_t i = 0; i < m->in.count; i++) {
		p = m->in.at[i];
		if (p.flow != NO_FLOW) {
			data = packet_copy(&p);
			p.seq += delta[p.flow][p.side];
			if (p.flags & TCP_ACK)
				put32(data + p.tcp_at + 8,
				    get32(data + p.tcp_at + 8) + delta[p.flow][!p.side]);
			shift_sack(data + p.tcp_at, delta[p.flow][!p.side]);
			p.len = p.wire_len = p.payload_at + p.payload_len;
			packet_seal(&p, data);
		}
		list_add(&m->out, &p);
	}
	free(delta);
}

void
pass_drop(struct mangle *m)
{
	for (size_t i = 0; i < m->in.count; i++)
		if (m->in.at[i].flow == NO_FLOW || m->in.at[i].payload_len == 0 ||
		    !prng_permille(&m->rng, m->drop_permille))
			list_add(&m->out, &m->in.at[i]);
}
