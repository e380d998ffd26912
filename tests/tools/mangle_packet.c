/* SPDX-License-Identifier: BSD-2-Clause */
#include "mangle.h"

#include <err.h>
#include <pcap/dlt.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 20 };

struct arena_block {
	struct arena_block *older;
	size_t used;
	size_t room;
	uint8_t bytes[];
};

static struct arena_block *arena;

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static void
put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

uint32_t
get32(const uint8_t *p)
{
	return (uint32_t)get16(p) << 16 | get16(p + 2);
}

void
put32(uint8_t *p, uint32_t v)
{
	put16(p, v >> 16);
	put16(p + 2, v & 0xffff);
}

void *
arena_alloc(size_t len)
{
	struct arena_block *block = arena;
	size_t room = len > ARENA_BYTES ? len : ARENA_BYTES;

	if (block == NULL || block->room - block->used < len) {
		block = malloc(sizeof(*block) + room);
		if (block == NULL)
			err(1, NULL);
		*block = (struct arena_block){ .older = arena, .room = room };
		arena = block;
	}
	block->used += len;
	return block->bytes + block->used - len;
}

void
arena_release(void)
{
	struct arena_block *older;

	for (; arena != NULL; arena = older) {
		older = arena->older;
		free(arena);
	}
}

static void *
grow(void *old, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return old;
	*room = *room == 0 ? 1024 : *room * 2;
	old = realloc(old, *room * size);
	if (old == NULL)
		err(1, NULL);
	return old;
}

void
list_add(struct packet_list *list, const struct packet *p)
{
	list->at = grow(list->at, list->count, &list->room, sizeof(*list->at));
	list->at[list->count++] = *p;
}

void
flows_init(struct flow_list *flows)
{
	flows->at = NULL;
	flows->count = flows->room = 0;
	for (size_t i = 0; i < FLOW_BUCKETS; i++)
		flows->bucket[i] = NO_FLOW;
}

static uint32_t
hash_key(const uint8_t *key, size_t len)
{
	uint32_t hash = 2166136261u;

	while (len-- > 0)
		hash = (hash ^ *key++) * 16777619u;
	return (hash ^ hash >> 15) % FLOW_BUCKETS;
}

/* Address and port of both ends; returns the side of the sender. */
static uint8_t
make_key(const uint8_t *ip, const uint8_t *tcp, uint8_t *key)
{
	bool v6 = ip[0] >> 4 == 6;
	size_t len = v6 ? 16 : 4, at = v6 ? 8 : 12;
	uint8_t from[18] = { 0 }, to[18] = { 0 };
	uint8_t side;

	memcpy(from, ip + at, len);
	memcpy(to, ip + at + len, len);
	memcpy(from + 16, tcp, 2);
	memcpy(to + 16, tcp + 2, 2);
	side = memcmp(from, to, 18) > 0;
	memcpy(key, side ? to : from, 18);
	memcpy(key + 18, side ? from : to, 18);
	return side;
}

static bool
starts_another(const struct mangle_flow *f, const struct packet *p)
{
	if ((p->flags & (TCP_SYN | TCP_ACK)) != TCP_SYN)
		return false;
	if (f->seen[p->side])
		return f->first_seq[p->side] != p->seq;
	return f->seen_data[!p->side];
}

/* The address of a side, as a number. */
static uint32_t
number_host(struct flow_list *flows, const struct mangle_flow *flow, unsigned side)
{
	const uint8_t *addr = flow->key + 18 * side;

	for (size_t i = 0; i + 1 < flows->count; i++)
		for (unsigned other = 0; other < 2; other++)
			if (memcmp(flows->at[i].key + 18 * other, addr, 16) == 0)
				return flows->at[i].host[other];
	return flows->hosts++;
}

static struct mangle_flow *
find_flow(struct flow_list *flows, struct packet *p, const uint8_t *key)
{
	int32_t *bucket = &flows->bucket[hash_key(key, 36)], i;
	struct mangle_flow *f;

	for (i = *bucket; i != NO_FLOW; i = flows->at[i].older)
		if (memcmp(flows->at[i].key, key, 36) == 0)
			break;
	if (i == NO_FLOW || starts_another(&flows->at[i], p)) {
		flows->at =
		    grow(flows->at, flows->count, &flows->room, sizeof(*flows->at));
		i = (int32_t)flows->count++;
		flows->at[i] = (struct mangle_flow){ .older = *bucket, .opener = -1 };
		memcpy(flows->at[i].key, key, 36);
		for (unsigned side = 0; side < 2; side++)
			flows->at[i].host[side] = number_host(flows, &flows->at[i], side);
		*bucket = i;
	}
	f = &flows->at[i];
	p->flow = i;
	return f;
}

static void
note_seq(struct mangle_flow *f, const struct packet *p)
{
	uint32_t end = p->seq + p->payload_len;

	if (!f->seen[p->side]) {
		f->seen[p->side] = true;
		f->first_seq[p->side] = p->seq;
		f->last_seq[p->side] = end;
	} else if ((int32_t)(end - f->last_seq[p->side]) > 0) {
		f->last_seq[p->side] = end;
	}
	if (!(p->flags & TCP_SYN))
		f->seen_data[p->side] = true;
	else if (!(p->flags & TCP_ACK))
		f->opener = (int8_t)p->side;
}

/* Offset of the IP header, or 0 when there is none (or no room for one). */
static uint32_t
skip_link(const struct packet *p, int linktype)
{
	uint32_t at = linktype == DLT_EN10MB ? 12 : 14;

	if (linktype == DLT_NULL && p->len > 24)
		return 4;
	if ((linktype != DLT_EN10MB && linktype != DLT_LINUX_SLL) || p->len < 38)
		return 0;
	while (at + 26 < p->len &&
	       (get16(p->data + at) == 0x8100 || get16(p->data + at) == 0x88a8))
		at += 4;
	if (get16(p->data + at) != 0x0800 && get16(p->data + at) != 0x86dd)
		return 0;
	return at + 2;
}

/* Length of the IP header in front of whole TCP, with the end of the datagram; or 0. */
static uint32_t
skip_ip(const uint8_t *ip, uint32_t room, uint32_t *end)
{
	uint32_t head;

	if (room >= 20 && ip[0] >> 4 == 4) {
		head = (ip[0] & 15) * 4u;
		*end = get16(ip + 2);
		if (ip[9] != 6 || (get16(ip + 6) & 0x3fff) != 0)
			return 0;
	} else if (room >= 40 && ip[0] >> 4 == 6) {
		head = 40;
		*end = 40 + get16(ip + 4);
		if (ip[6] != 6)
			return 0;
	} else {
		return 0;
	}
	return head >= 20 && head + 20 <= *end && *end <= room ? head : 0;
}

void
packet_decode(struct packet *p, int linktype, struct flow_list *flows)
{
	uint32_t ip_at = skip_link(p, linktype), head, end;
	const uint8_t *ip = p->data + ip_at, *tcp;
	uint8_t key[36];
	struct mangle_flow *f;

	p->flow = NO_FLOW;
	if (ip_at == 0 || p->len < p->wire_len)
		return;
	head = skip_ip(ip, p->len - ip_at, &end);
	if (head == 0)
		return;
	tcp = ip + head;
	if ((tcp[12] >> 4) < 5 || head + (tcp[12] >> 4) * 4u > end)
		return;
	p->ip_at = (uint16_t)ip_at;
	p->tcp_at = (uint16_t)(ip_at + head);
	p->payload_at = (uint16_t)(p->tcp_at + (tcp[12] >> 4) * 4);
	p->payload_len = ip_at + end - p->payload_at;
	p->seq = get32(tcp + 4);
	p->flags = tcp[13];
	p->side = make_key(ip, tcp, key);
	f = find_flow(flows, p, key);
	note_seq(f, p);
}

static uint32_t
sum16(uint32_t sum, const uint8_t *p, size_t len)
{
	for (; len >= 2; p += 2, len -= 2)
		sum += get16(p);
	if (len != 0)
		sum += (uint32_t)p[0] << 8;
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

void
packet_seal(const struct packet *p, uint8_t *data)
{
	uint8_t *ip = data + p->ip_at, *tcp = data + p->tcp_at;
	uint32_t head = p->tcp_at - p->ip_at, total = p->len - p->ip_at, sum;
	bool v6 = ip[0] >> 4 == 6;

	put32(tcp + 4, p->seq);
	tcp[13] = p->flags;
	if (v6) {
		put16(ip + 4, total - 40);
	} else {
		put16(ip + 2, total);
		put16(ip + 10, 0);
		put16(ip + 10, ~sum16(0, ip, head) & 0xffff);
	}
	sum = 6 + total - head;
	sum = v6 ? sum16(sum, ip + 8, 32) : sum16(sum, ip + 12, 8);
	put16(tcp + 16, 0);
	put16(tcp + 16, ~sum16(sum, tcp, total - head) & 0xffff);
}

struct packet
packet_build(const struct packet *like, uint32_t seq, unsigned flags,
    const uint8_t *payload, uint32_t payload_len, unsigned id_step)
{
	struct packet p = *like;
	uint8_t *data, *ip;

	p.len = p.wire_len = p.payload_at + payload_len;
	p.payload_len = payload_len;
	p.seq = seq;
	p.flags = (uint8_t)flags;
	p.data = data = arena_alloc(p.len);
	memcpy(data, like->data, p.payload_at);
	memcpy(data + p.payload_at, payload, payload_len);
	ip = data + p.ip_at;
	if (ip[0] >> 4 == 4)
		put16(ip + 4, get16(ip + 4) + id_step);
	packet_seal(&p, data);
	return p;
}

uint8_t *
packet_copy(struct packet *p)
{
	uint8_t *data = arena_alloc(p->len);

	memcpy(data, p->data, p->len);
	p->data = data;
	return data;
}
