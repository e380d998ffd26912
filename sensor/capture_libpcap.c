/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_reader.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>

/*
 * Every other form of saved capture, through libpcap. Its packets are good only until the
 * next is read, so a batch of them is copied; the one after the batch stays with libpcap,
 * for its time, by which the last of the batch is judged.
 */

enum {
	COPY_BYTES = 2 * READER_RECORD_MAX,
	LINKTYPE_RAW = 101,
	STAMP_MAX_SEC = INT32_MAX, /* far more is no time: keep sums within 64 bits */
};

struct copied {
	int64_t stamp_us;
	uint32_t offset, caplen, wirelen;
};

struct libpcap_reader {
	struct reader reader;
	FILE *file;
	pcap_t *pcap;
	bool held;          /* libpcap holds a packet not yet copied */
	bool eof;           /* libpcap gives no more, */
	bool failed;        /* for the file is damaged */
	struct copied next; /* that packet */
	const uint8_t *next_data;
	struct copied packets[CAPTURE_BATCH];
	size_t at, n, used; /* packets given out, there, and their octets */
	char stdio[READER_BLOCK];
	uint8_t copy[COPY_BYTES];
};

static struct libpcap_reader *
libpcap_reader_of(struct reader *reader)
{
	return (struct libpcap_reader *)reader; /* its first member */
}

static int64_t
stamp_us(const struct timeval *tv)
{
	int64_t sec = tv->tv_sec, us = tv->tv_usec;

	if (sec < 0)
		return 0;
	if (sec > STAMP_MAX_SEC)
		sec = STAMP_MAX_SEC;
	return sec * INT64_C(1000000) + (us >= 0 && us <= 999999 ? us : 0);
}

/* Has libpcap read the next packet, which it then holds. */
static void
hold(struct libpcap_reader *r)
{
	struct pcap_pkthdr *header;
	int got = pcap_next_ex(r->pcap, &header, &r->next_data);

	r->held = got == 1;
	r->eof = !r->held;
	r->failed = got == PCAP_ERROR;
	if (r->held)
		r->next = (struct copied){
			.stamp_us = stamp_us(&header->ts),
			.caplen = header->caplen < READER_RECORD_MAX ? header->caplen
								     : READER_RECORD_MAX,
			.wirelen =
			    header->len > header->caplen ? header->len : header->caplen,
		};
}

/* Copies the held packet, if there is room for it. */
static bool
copy_held(struct libpcap_reader *r)
{
	struct copied *c = &r->packets[r->n];

	if (r->n == CAPTURE_BATCH || r->used + r->next.caplen > COPY_BYTES)
		return false;
	*c = r->next;
	c->offset = (uint32_t)r->used;
	memcpy(r->copy + r->used, r->next_data, c->caplen);
	r->used += c->caplen;
	r->n++;
	return true;
}

/* What comes after the packets that could be had. */
static void
finish(struct libpcap_reader *r)
{
	r->reader.state = READER_END;
	if (r->failed)
		reader_damaged(&r->reader, "%s", pcap_geterr(r->pcap));
}

static void
look(struct libpcap_reader *r)
{
	const struct copied *c = &r->packets[r->at];
	int64_t next;

	if (r->at == r->n) {
		r->reader.state = READER_DRY;
		return;
	}
	next = r->at + 1 < r->n ? c[1].stamp_us
	       : r->held        ? r->next.stamp_us
				: c->stamp_us;
	r->reader.head_us = reader_sane_time(r->reader.clock_us, c->stamp_us, next);
	r->reader.state = READER_READY;
}

static size_t
libpcap_run(struct reader *reader, struct packet *out, size_t max, int64_t until_us)
{
	struct libpcap_reader *r = libpcap_reader_of(reader);
	size_t n = 0;

	while (n < max && reader->state == READER_READY && reader->head_us <= until_us) {
		const struct copied *c = &r->packets[r->at++];

		out[n++] = (struct packet){
			.data = r->copy + c->offset,
			.caplen = c->caplen,
			.wirelen = c->wirelen,
			.linktype = reader->linktype,
			.origin = { .ts_us = reader->head_us,
			    .number = ++reader->number,
			    .source = reader->source },
		};
		reader->clock_us = reader->head_us;
		look(r);
	}
	return n;
}

static void
libpcap_refill(struct reader *reader)
{
	struct libpcap_reader *r = libpcap_reader_of(reader);

	r->at = r->n = r->used = 0;
	if (!r->held && !r->eof)
		hold(r);
	while (r->held && copy_held(r))
		hold(r);
	if (r->n == 0)
		finish(r);
	else
		look(r);
}

static void
libpcap_close(struct reader *reader)
{
	struct libpcap_reader *r = libpcap_reader_of(reader);

	if (r->pcap != NULL)
		pcap_close(r->pcap); /* and the FILE */
	else if (r->file != NULL)
		fclose(r->file);
	bytes_close(&reader->bytes);
	free(r);
}

static const struct reader_ops libpcap_ops = { libpcap_run, libpcap_refill,
	libpcap_close };

static ssize_t
cookie_read(void *cookie, char *buf, size_t n)
{
	return bytes_read(cookie, buf, n);
}

/* Link types are libpcap's own numbers in memory: the same but for raw IP. */
static uint16_t
linktype_of(int dlt)
{
	return dlt == DLT_RAW ? LINKTYPE_RAW : (uint16_t)dlt;
}

/* libpcap's small buffer and stdio's locks are what makes it slow. */
static int
open_pcap(struct libpcap_reader *r, char errbuf[static PCAP_ERRBUF_SIZE])
{
	const cookie_io_functions_t io = { .read = cookie_read };

	r->file = fopencookie(&r->reader.bytes, "rb", io);
	if (r->file == NULL) {
		snprintf(errbuf, PCAP_ERRBUF_SIZE, "%s", strerror(errno));
		return -1;
	}
	setvbuf(r->file, r->stdio, _IOFBF, sizeof(r->stdio));
	__fsetlocking(r->file, FSETLOCKING_BYCALLER);
	r->pcap = pcap_fopen_offline(r->file, errbuf);
	return r->pcap != NULL ? 0 : -1;
}

struct reader *
reader_open_libpcap(struct byte_source *bytes, struct capture_error *error)
{
	struct libpcap_reader *r = malloc(sizeof(*r));
	char errbuf[PCAP_ERRBUF_SIZE] = "";

	if (r == NULL) {
		snprintf(error->text, sizeof(error->text), "%s", strerror(ENOMEM));
		bytes_close(bytes);
		return NULL;
	}
	memset(r, 0, offsetof(struct libpcap_reader, stdio));
	r->reader.ops = &libpcap_ops;
	r->reader.bytes = *bytes;
	r->reader.state = READER_DRY;
	r->reader.clock_us = -1;
	if (open_pcap(r, errbuf) == -1) {
		snprintf(error->text, sizeof(error->text), "%s", errbuf);
		libpcap_close(&r->reader);
		return NULL;
	}
	r->reader.linktype = linktype_of(pcap_datalink(r->pcap));
	return &r->reader;
}
