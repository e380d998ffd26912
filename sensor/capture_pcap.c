/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/*
 * Pcap files (draft-ietf-opsawg-pcap), block by block: of version 2.4, the one there is
 * since 1998, and older ones, which have the two lengths of a record the other way round,
 * and the "modified" ones of old Linux systems, whose record headers are longer.
 *
 * A record that straddles the end of the block is moved in front of the place where the
 * next one goes, so that records are whole in memory and reads are aligned:
 *
 *	| ... carried | block ... |
 */

enum {
	FILE_HEADER = 24,
	RECORD_HEADER = 16,
	MODIFIED_HEADER = 24, /* 16, and the interface, protocol and kind of packet */
	/* A record and the header of the next, which its time is judged by. */
	CARRY_MAX = 2 * MODIFIED_HEADER + READER_RECORD_MAX,
};

/* Which of its two lengths a record has first. */
enum lengths { LENGTHS_USUAL, LENGTHS_SWAPPED, LENGTHS_EITHER };

struct pcap_reader {
	struct reader reader;
	bool swapped, nano, eof;
	enum lengths lengths;
	uint32_t header; /* octets before the packet in a record */
	size_t pos, end; /* what is in memory of the file from the next record on */
	uint32_t caplen, wirelen; /* of the next record */
	uint8_t memory[CARRY_MAX + READER_BLOCK];
};

static struct pcap_reader *
pcap_reader_of(struct reader *reader)
{
	return (struct pcap_reader *)reader; /* its first member */
}

static inline uint32_t
get32(const struct pcap_reader *r, const uint8_t *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return r->swapped ? __builtin_bswap32(v) : v;
}

/* The time in a record header. Seconds are unsigned, a fraction stays below a second. */
static inline int64_t
stamp_us(const struct pcap_reader *r, const uint8_t *header)
{
	int64_t fraction_us = get32(r, header + 4);

	if (r->nano)
		fraction_us /= 1000;
	if (fraction_us > 999999)
		fraction_us = 999999;
	return get32(r, header) * INT64_C(1000000) + fraction_us;
}

/* No whole record, or none after it to judge it by: more is to be read, if there is. */
static void
look_short(struct pcap_reader *r, size_t there)
{
	if (!r->eof)
		r->reader.state = READER_DRY;
	else if (r->reader.bytes.why[0] != '\0')
		reader_damaged(&r->reader, "%s", r->reader.bytes.why);
	else if (there == 0)
		r->reader.state = READER_END;
	else if (there < r->header)
		reader_damaged(&r->reader, "cut short in the record header");
	else
		reader_damaged(&r->reader, "cut short, %zu of %u octets",
		    there - r->header, r->caplen);
}

/* Old files: the captured length is the smaller one, where that can tell. */
static void
set_lengths_right(struct pcap_reader *r)
{
	uint32_t caplen = r->caplen;

	if (r->lengths == LENGTHS_EITHER && caplen <= r->wirelen)
		return;
	r->caplen = r->wirelen;
	r->wirelen = caplen;
}

/* Looks at the record at pos: state and head_us. */
static inline void
look(struct pcap_reader *r)
{
	const uint8_t *p = r->memory + r->pos;
	size_t there = r->end - r->pos, need;
	int64_t stamp, next;

	if (there < r->header) {
		look_short(r, there);
		return;
	}
	r->caplen = get32(r, p + 8);
	r->wirelen = get32(r, p + 12);
	if (r->lengths != LENGTHS_USUAL)
		set_lengths_right(r);
	if (r->caplen > READER_RECORD_MAX) {
		reader_damaged(&r->reader, "bad record length %u", r->caplen);
		return;
	}
	need = r->header + r->caplen;
	if (there < need || (there < need + r->header && !r->eof)) {
		look_short(r, there);
		return;
	}
	stamp = next = stamp_us(r, p);
	if (there >= need + r->header)
		next = stamp_us(r, p + need);
	r->reader.head_us = reader_sane_time(r->reader.clock_us, stamp, next);
	r->reader.state = READER_READY;
}

static size_t
pcap_run(struct reader *reader, struct packet *out, size_t max, int64_t until_us)
{
	struct pcap_reader *r = pcap_reader_of(reader);
	size_t n = 0;

	while (n < max && reader->state == READER_READY && reader->head_us <= until_us) {
		out[n++] = (struct packet){
			.data = r->memory + r->pos + r->header,
			.caplen = r->caplen,
			.wirelen = r->wirelen > r->caplen ? r->wirelen : r->caplen,
			.linktype = reader->linktype,
			.origin = { .ts_us = reader->head_us,
			    .number = ++reader->number,
			    .source = reader->source },
		};
		reader->clock_us = reader->head_us;
		r->pos += r->header + r->caplen;
		look(r);
	}
	return n;
}

/* Moves what is left in front of the block. */
static void
carry(struct pcap_reader *r)
{
	size_t n = r->end - r->pos;

	memmove(r->memory + CARRY_MAX - n, r->memory + r->pos, n);
	r->pos = CARRY_MAX - n;
	r->end = CARRY_MAX;
}

static void
pcap_refill(struct reader *reader)
{
	struct pcap_reader *r = pcap_reader_of(reader);
	size_t most = CARRY_MAX + reader->block_bytes;

	carry(r);
	/* A pipe gives less than a block; go on only until there is a packet. */
	while (reader->state == READER_DRY && r->end < most) {
		r->eof = !bytes_append(&reader->bytes, r->memory, &r->end, most);
		look(r);
	}
}

static void
pcap_close_reader(struct reader *reader)
{
	bytes_close(&reader->bytes);
	free(pcap_reader_of(reader));
}

static const struct reader_ops pcap_ops = { pcap_run, pcap_refill, pcap_close_reader };

/* The bits above the link type tell of frame check sequences; decode() goes by the
 * lengths of IP and does not mind them. */
static uint16_t
linktype_of(uint32_t field)
{
	field &= 0x03ffffff;
	return field <= 0xffff ? (uint16_t)field : LINKTYPE_UNKNOWN;
}

/* What the file's header says. 0, or -1 where no such file is known. */
static int
read_header(struct pcap_reader *r, const uint8_t header[static FILE_HEADER])
{
	uint32_t version;

	r->swapped = (header[0] == 0xa1) == (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
	r->nano = header[0] == 0x4d || header[3] == 0x4d;
	r->header =
	    header[0] == 0x34 || header[3] == 0x34 ? MODIFIED_HEADER : RECORD_HEADER;
	r->reader.linktype = linktype_of(get32(r, header + 20));
	version = get32(r, header + 4);
	if (header[0] != 0xa1)
		version = version >> 16 | version << 16; /* it is two fields */
	switch (version) {
	case 0x20000:
	case 0x20001:
	case 0x20002:
	case 543 << 16: /* by an old tcpdump of DEC */
		r->lengths = LENGTHS_SWAPPED;
		return 0;
	case 0x20003:
		r->lengths = LENGTHS_EITHER;
		return 0;
	case 0x20004:
		r->lengths = LENGTHS_USUAL;
		return 0;
	default:
		return -1;
	}
}

struct reader *
reader_open_pcap(struct byte_source *bytes, struct capture_error *error)
{
	struct pcap_reader *r = malloc(sizeof(*r));
	uint8_t header[FILE_HEADER];
	const char *why;

	if (r == NULL) {
		snprintf(error->text, sizeof(error->text), "%s", strerror(ENOMEM));
		bytes_close(bytes);
		return NULL;
	}
	/* All but the memory: its pages are touched when they are read into. */
	memset(r, 0, offsetof(struct pcap_reader, memory));
	r->pos = r->end = CARRY_MAX;
	reader_init(&r->reader, &pcap_ops, bytes);
	/* It was peeked at, so that all there is comes at once. */
	if (bytes_read(&r->reader.bytes, header, FILE_HEADER) < FILE_HEADER)
		why = "cut short in the file header";
	else if (read_header(r, header) == -1)
		why = "of an unknown version";
	else
		return &r->reader;
	snprintf(error->text, sizeof(error->text), "%s", why);
	pcap_close_reader(&r->reader);
	return NULL;
}
