/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_interface.h"
#include "capture_reader.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * pcapng (draft-ietf-opsawg-pcapng, sections named below): blocks, each with its length
 *in front and behind. Packets name the interface that they were captured on, with its own
 * link type and clock. A block that is wrong inside is left out and told; where lengths
 * disagree, nothing behind can be found any more.
 *
 * In memory the next packet is followed by what was not looked at yet, as in
 * capture_pcap.c; blocks of no use in between are dropped:
 *
 *	| ... next packet, piece of a block | read ... |
 */

enum block_type {
	BLOCK_SECTION = 0x0a0d0d0a, /* the same in both byte orders */
	BLOCK_INTERFACE = 1,
	BLOCK_PACKET = 2, /* obsolete */
	BLOCK_SIMPLE = 3,
	BLOCK_ENHANCED = 6,
};

enum {
	BLOCK_MIN = 12, /* type, length, length */
	/* What is bounded is memory; Wireshark and libpcap have the same limit. */
	BLOCK_MAX = 16 * 1024 * 1024,
	/* Of blocks that are looked into: a packet and its options. */
	WHOLE_MAX = READER_RECORD_MAX + 64 * 1024,
	CARRY_MAX = READER_RECORD_MAX + WHOLE_MAX,
	BYTE_ORDER_MAGIC = 0x1a2b3c4d,
	VERSION_MAJOR = 1,
};

struct found {
	int64_t stamp_us;
	size_t data; /* in memory */
	uint32_t caplen, wirelen;
	uint16_t linktype;
};

struct block {
	uint32_t type;
	struct slice body;
};

struct pcapng_reader {
	struct reader reader;
	bool swapped;
	bool eof;      /* nothing more to read */
	bool over;     /* nothing more to find */
	bool cut;      /* for lengths disagree or octets are missing; why: */
	bool held;     /* head is there, */
	bool followed; /* and next, by which its time is judged */
	struct found head, next;
	uint64_t n_found;
	int64_t stamp_us;             /* of the last packet found */
	size_t pos, end;              /* in memory: what was not looked at yet */
	uint32_t skip;                /* octets still to drop of a block of no use, */
	uint32_t skipping;            /* which has this length */
	struct interfaces interfaces; /* of this section */
	char why[100];
	uint8_t memory[CARRY_MAX + READER_BLOCK];
};

static struct pcapng_reader *
pcapng_reader_of(struct reader *reader)
{
	return (struct pcapng_reader *)reader; /* its first member */
}

static uint16_t
get16(const struct pcapng_reader *r, const uint8_t *p)
{
	return pcapng_get16(p, r->swapped);
}

static uint32_t
get32(const struct pcapng_reader *r, const uint8_t *p)
{
	return pcapng_get32(p, r->swapped);
}

/* The two halves of a time stand in the same order in both byte orders: section 4.3. */
static uint64_t
get_ticks(const struct pcapng_reader *r, const uint8_t *p)
{
	return (uint64_t)get32(r, p) << 32 | get32(r, p + 4);
}

/* The number of the packet that would come now. */
static uint64_t
next_number(const struct pcapng_reader *r)
{
	return r->n_found + 1;
}

__attribute__((format(printf, 2, 3))) static bool
give_up(struct pcapng_reader *r, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vsnprintf(r->why, sizeof(r->why), format, ap);
	va_end(ap);
	r->over = r->cut = true;
	return false;
}

/* Whether n octets are in memory. */
static bool
is_there(struct pcapng_reader *r, size_t n)
{
	size_t there = r->end - r->pos;

	if (there >= n)
		return true;
	if (!r->eof)
		return false;
	if (r->reader.bytes.why[0] != '\0')
		return give_up(r, "%s", r->reader.bytes.why);
	if (there > 0 || r->skipping > 0)
		return give_up(r, "cut short in a block");
	r->over = true;
	return false;
}

/* Drops the rest of a block of no use. False when more is to be read for that. */
static bool
drop(struct pcapng_reader *r)
{
	size_t n = r->end - r->pos;

	if (r->skipping == 0)
		return true;
	if (n > r->skip)
		n = r->skip;
	r->pos += n;
	r->skip -= (uint32_t)n;
	if (!is_there(r, r->skip + 4))
		return false;
	if (get32(r, r->memory + r->pos) != r->skipping)
		return give_up(r, "the two lengths of a block differ");
	r->pos += 4;
	r->skipping = 0;
	return true;
}

/* A section tells its byte order: section 4.1. */
static bool
read_order(struct pcapng_reader *r, const uint8_t *p)
{
	r->swapped = false;
	if (get32(r, p) == BYTE_ORDER_MAGIC)
		return true;
	r->swapped = true;
	return get32(r, p) == BYTE_ORDER_MAGIC ||
	       give_up(r, "a section of no known byte order");
}

static bool
is_known(uint32_t type)
{
	return type == BLOCK_SECTION || type == BLOCK_INTERFACE || type == BLOCK_PACKET ||
	       type == BLOCK_SIMPLE || type == BLOCK_ENHANCED;
}

/* One that is not understood counts, for packets go by number. */
static void
add_interface(struct pcapng_reader *r, struct slice body)
{
	struct interfaces *interfaces = &r->interfaces;

	if (interfaces_make_room(interfaces) == -1) {
		give_up(r, "too many interfaces in a section");
		return;
	}
	if (!interfaces_add(interfaces, body, r->swapped))
		reader_flawed(
		    &r->reader, next_number(r), "bad description of an interface");
	if (r->reader.linktype == LINKTYPE_UNKNOWN)
		r->reader.linktype = interfaces->list[interfaces->n - 1].linktype;
}

/* A block of a known type with more options than anybody writes. */
static void
leave_out(struct pcapng_reader *r, uint32_t type, uint32_t length)
{
	reader_flawed(
	    &r->reader, next_number(r), "a block of %u octets was left out", length);
	if (type == BLOCK_INTERFACE)
		add_interface(r, slice_of(NULL, 0));
}

/* The next block of use, whole. False where there is none in memory. */
static bool
next_block(struct pcapng_reader *r, struct block *block)
{
	while (drop(r) && is_there(r, BLOCK_MIN)) {
		const uint8_t *p = r->memory + r->pos;
		uint32_t length;

		block->type = get32(r, p);
		if (block->type == BLOCK_SECTION && !read_order(r, p + 8))
			return false;
		length = get32(r, p + 4);
		if (length < BLOCK_MIN || length > BLOCK_MAX || length % 4 != 0)
			return give_up(r, "bad block length %u", length);
		if (is_known(block->type) && length <= WHOLE_MAX) {
			if (!is_there(r, length))
				return false;
			if (get32(r, p + length - 4) != length)
				return give_up(r, "the two lengths of a block differ");
			block->body = slice_of(p + 8, length - BLOCK_MIN);
			r->pos += length;
			return true;
		}
		if (block->type == BLOCK_SECTION)
			return give_up(r, "bad section length %u", length);
		if (is_known(block->type))
			leave_out(r, block->type, length);
		r->skipping = length;
		r->skip = length - 4;
	}
	return false;
}

/* What was learned of interfaces holds for one section. */
static void
begin_section(struct pcapng_reader *r, struct slice body)
{
	r->interfaces.n = 0;
	if (body.n < 16)
		give_up(r, "bad section length %zu", body.n + BLOCK_MIN);
	else if (get16(r, body.p + 4) != VERSION_MAJOR)
		give_up(r, "a section of pcapng version %u", get16(r, body.p + 4));
}

/* A packet with its octets at the head of data, if it is one that can be. */
static bool
find(struct pcapng_reader *r, struct found *found, uint32_t interface, struct slice data)
{
	uint64_t number = next_number(r);

	if (interface >= r->interfaces.n)
		reader_flawed(&r->reader, number,
		    "of interface %u, which is not described", interface);
	else if (found->caplen > data.n)
		reader_flawed(&r->reader, number, "%u octets in a block of %zu",
		    found->caplen, data.n);
	else if (found->caplen > READER_RECORD_MAX)
		reader_flawed(&r->reader, number, "bad packet length %u", found->caplen);
	else {
		found->data = (size_t)(data.p - r->memory);
		found->linktype = r->interfaces.list[interface].linktype;
		r->stamp_us = found->stamp_us;
		r->n_found++;
		return true;
	}
	return false;
}

/* Sections 4.3 and, for its predecessor, A; they differ in how the interface is named. */
static bool
read_packet(struct pcapng_reader *r, const struct block *block, struct found *found)
{
	const uint8_t *p = block->body.p;
	uint32_t interface;

	if (block->body.n < 20) {
		reader_flawed(
		    &r->reader, next_number(r), "a block too short for a packet");
		return false;
	}
	interface = block->type == BLOCK_PACKET ? get16(r, p) : get32(r, p);
	*found =
	    (struct found){ .caplen = get32(r, p + 12), .wirelen = get32(r, p + 16) };
	if (interface < r->interfaces.n)
		found->stamp_us = interface_time_us(
		    &r->interfaces.list[interface], get_ticks(r, p + 4));
	return find(r, found, interface, slice_tail(block->body, 20));
}

/* Section 4.4: no time, no captured length; of the first interface. */
static bool
read_simple_packet(struct pcapng_reader *r, struct slice body, struct found *found)
{
	uint32_t caplen,
	    snaplen = r->interfaces.n > 0 ? r->interfaces.list[0].snaplen : 0;

	if (body.n < 4) {
		reader_flawed(
		    &r->reader, next_number(r), "a block too short for a packet");
		return false;
	}
	*found = (struct found){ .stamp_us = r->stamp_us, .wirelen = get32(r, body.p) };
	caplen = found->wirelen;
	if (snaplen > 0 && caplen > snaplen)
		caplen = snaplen;
	found->caplen = caplen;
	return find(r, found, 0, slice_tail(body, 4));
}

/* The next packet in memory. */
static bool
scan(struct pcapng_reader *r, struct found *found)
{
	struct block block;

	while (!r->over && next_block(r, &block)) {
		switch (block.type) {
		case BLOCK_SECTION:
			begin_section(r, block.body);
			break;
		case BLOCK_INTERFACE:
			add_interface(r, block.body);
			break;
		case BLOCK_SIMPLE:
			if (read_simple_packet(r, block.body, found))
				return true;
			break;
		default:
			if (read_packet(r, &block, found))
				return true;
			break;
		}
	}
	return false;
}

/* Finds the next packet and the one after it: state and head_us. */
static void
look(struct pcapng_reader *r)
{
	struct reader *reader = &r->reader;

	if (!r->held && r->followed) {
		r->head = r->next;
		r->held = true;
		r->followed = false;
	}
	if (!r->held)
		r->held = scan(r, &r->head);
	if (r->held && !r->followed)
		r->followed = scan(r, &r->next);
	if (r->held && (r->followed || r->over)) {
		reader->head_us = reader_sane_time(reader->clock_us, r->head.stamp_us,
		    r->followed ? r->next.stamp_us : r->head.stamp_us);
		reader->state = READER_READY;
	} else if (!r->over) {
		reader->state = READER_DRY;
	} else if (r->cut) {
		reader_damaged(reader, "%s", r->why);
	} else {
		reader->state = READER_END;
	}
}

static size_t
pcapng_run(struct reader *reader, struct packet *out, size_t max, int64_t until_us)
{
	struct pcapng_reader *r = pcapng_reader_of(reader);
	size_t n = 0;

	while (n < max && reader->state == READER_READY && reader->head_us <= until_us) {
		const struct found *f = &r->head;

		out[n++] = (struct packet){
			.data = r->memory + f->data,
			.caplen = f->caplen,
			.wirelen = f->wirelen > f->caplen ? f->wirelen : f->caplen,
			.linktype = f->linktype,
			.origin = { .ts_us = reader->head_us,
			    .number = ++reader->number,
			    .source = reader->source },
		};
		reader->clock_us = reader->head_us;
		r->held = false;
		look(r);
	}
	return n;
}

/* Moves the next packet and what follows it in front of the block. What moves down goes
 * before what moves up, so that neither lands on the other. */
static void
carry(struct pcapng_reader *r)
{
	uint8_t *rest = r->memory + r->pos, *head = r->memory + r->head.data;
	size_t n = r->end - r->pos, caplen = r->held ? r->head.caplen : 0;
	uint8_t *new_rest = r->memory + CARRY_MAX - n, *new_head = new_rest - caplen;

	if (new_head <= head)
		memmove(new_head, head, caplen);
	memmove(new_rest, rest, n);
	if (new_head > head)
		memmove(new_head, head, caplen);
	r->head.data = (size_t)(new_head - r->memory);
	r->pos = CARRY_MAX - n;
	r->end = CARRY_MAX;
}

static void
pcapng_refill(struct reader *reader)
{
	struct pcapng_reader *r = pcapng_reader_of(reader);
	size_t most = CARRY_MAX + reader->block_bytes;

	carry(r);
	/* A pipe gives less than a block; go on only until there is a packet. */
	while (reader->state == READER_DRY && r->end < most) {
		r->eof = !bytes_append(&reader->bytes, r->memory, &r->end, most);
		look(r);
	}
}

static void
pcapng_close(struct reader *reader)
{
	struct pcapng_reader *r = pcapng_reader_of(reader);

	bytes_close(&reader->bytes);
	interfaces_release(&r->interfaces);
	free(r);
}

static const struct reader_ops pcapng_ops = { pcapng_run, pcapng_refill, pcapng_close };

/* Reads up to the first interface, for its link type. */
struct reader *
reader_open_pcapng(struct byte_source *bytes, struct capture_error *error)
{
	struct pcapng_reader *r = malloc(sizeof(*r));

	if (r == NULL) {
		snprintf(error->text, sizeof(error->text), "%s", strerror(ENOMEM));
		bytes_close(bytes);
		return NULL;
	}
	/* All but the memory: its pages are touched when they are read into. */
	memset(r, 0, offsetof(struct pcapng_reader, memory));
	r->pos = r->end = CARRY_MAX;
	reader_init(&r->reader, &pcapng_ops, bytes);
	while (r->reader.state == READER_DRY && r->reader.linktype == LINKTYPE_UNKNOWN)
		pcapng_refill(&r->reader);
	if (!r->cut || r->reader.linktype != LINKTYPE_UNKNOWN || r->n_found > 0)
		return &r->reader;
	snprintf(error->text, sizeof(error->text), "%s", r->why);
	pcapng_close(&r->reader);
	return NULL;
}
