/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CAPTURE_READER_H
#define RELAYWATCH_CAPTURE_READER_H

/*
 * Private to capture*.c. A reader walks one saved capture. It owns a buffer; packets
 * point into it and are lent until refill or close. It always knows the time of its next
 * packet, by which capture.c merges. Under it lies a byte source: a file as it is, or
 * unpacked from gzip or zstd.
 */

#include <stdbool.h>
#include <sys/types.h>

#include "capture.h"

enum {
	BYTES_PEEK_MAX = 24,            /* the file header of a pcap */
	READER_BLOCK = 256 * 1024,      /* what a reader has room for at once */
	READER_FIRST = 4096,            /* enough to see when a capture starts */
	READER_RECORD_MAX = 256 * 1024, /* the most octets a packet may have */
	READER_DAMAGE_MAX = 200,
	LINKTYPE_UNKNOWN = 0xffff,
};

struct unpacker;

struct byte_source {
	int fd;           /* -1 while parked */
	const char *path; /* NULL, or parked between reads: see bytes_park() */
	dev_t dev;        /* of the file parked */
	ino_t ino;
	uint64_t done;             /* octets of the file read, packed or not */
	struct unpacker *unpacker; /* NULL where the file is not packed */
	uint8_t peek[BYTES_PEEK_MAX];
	size_t peek_n, peek_at; /* peeked at, and how much of that was read since */
	char why[100];          /* no more can be read; "" while all is well */
};

enum reader_state {
	READER_READY, /* head_us is the time of the next packet, and it can be had */
	READER_DRY,   /* needs a refill */
	READER_END,   /* no more; damage says whether too early */
};

struct reader {
	const struct reader_ops *ops;
	struct byte_source bytes;
	enum reader_state state;
	uint16_t linktype; /* of a pcap; of the first interface of a pcapng */
	uint16_t source;
	size_t block_bytes; /* how much to read at once */
	int64_t head_us;    /* of the next packet, made sane: see reader_sane_time() */
	int64_t clock_us;   /* of the last packet given out; -1 before the first */
	uint64_t number;    /* packets given out */
	uint64_t flaws;     /* how often it was damaged; */
	char damage[READER_DAMAGE_MAX]; /* the worst, or "" */
};

struct reader_ops {
	/* Gives out packets until there are max, the next is later than until_us, or the
	 * buffer holds no more. */
	size_t (*run)(
	    struct reader *reader, struct packet *out, size_t max, int64_t until_us);
	/* Reads on. What was lent is gone. */
	void (*refill)(struct reader *reader);
	void (*close)(struct reader *reader);
};

/* What the first octets of a file say about it. */
enum capture_format {
	FORMAT_EMPTY,
	FORMAT_UNKNOWN,
	FORMAT_GZIP,
	FORMAT_ZSTD,
	FORMAT_PCAP,
	FORMAT_PCAPNG,
};

/* Opens path, "-" being standard input. 0, or -1 with errno. */
int bytes_open(struct byte_source *bytes, const char *path);
void bytes_close(struct byte_source *bytes);
/* As read(2), but what is wrong is in bytes->why. */
ssize_t bytes_read(struct byte_source *bytes, void *buf, size_t n);
/* Reads into memory behind *end, up to most. False where no more comes. */
bool bytes_append(
    struct byte_source *bytes, uint8_t *memory, size_t *end, size_t most);
/* The same as bytes_read(), past peeking and unpacking: octets of the file. */
ssize_t bytes_read_packed(struct byte_source *bytes, void *buf, size_t n);
/* Reads up to BYTES_PEEK_MAX octets ahead. 0, or -1 with bytes->why. */
int bytes_peek(struct byte_source *bytes);
enum capture_format bytes_format(const struct byte_source *bytes);
/* From here on gives what the file unpacks to. 0, or -1 with bytes->why. */
int bytes_unpack(struct byte_source *bytes, enum capture_format format);
/* Holds a descriptor only while reading from here on, opening path, lent for good, each
 * time. Only for regular files; others are left as they are. */
void bytes_park(struct byte_source *bytes, const char *path);

/* Takes over what was peeked at. NULL with *why. */
struct unpacker *unpacker_new(
    enum capture_format format, struct slice peeked, const char **why);
void unpacker_free(struct unpacker *unpacker);
/* As bytes_read(). Reads packed octets from bytes. */
ssize_t unpacker_read(
    struct unpacker *unpacker, struct byte_source *bytes, void *buf, size_t n);

/* What unpackers are given to work on; both advance. */
struct unpack_step {
	struct slice in;
	uint8_t *out;
	size_t room;
	bool between; /* kept by the unpacker: the input may end here */
};

/* One kind of packing. */
struct unpack_method {
	void *(*make)(void);
	void (*drop)(void *state);
	/* Goes on as far as input and room allow, or to the end of a part. NULL, or what
	 * is wrong. */
	const char *(*step)(void *state, struct unpack_step *step);
};

extern const struct unpack_method unpack_gzip, unpack_zstd;

/* Before the first refill. Takes over *bytes. */
void reader_init(
    struct reader *reader, const struct reader_ops *ops, const struct byte_source *bytes);

/* Both take over *bytes, also when they fail. NULL with *error, without the path. */
struct reader *reader_open_pcap(struct byte_source *bytes, struct capture_error *error);
struct reader *reader_open_pcapng(struct byte_source *bytes, struct capture_error *error);

/*
 * The time to give to a packet stamped stamp_us, when the file's packet before it had
 * clock_us (-1: it is the first) and the next is stamped next_us. Time does not run back,
 * and a stamp more than a day ahead of both its neighbours is forged or broken: it counts
 * as the one before, so that it does not hold up the clock for all that follow.
 */
static inline int64_t
reader_sane_time(int64_t clock_us, int64_t stamp_us, int64_t next_us)
{
	const int64_t day_us = 86400 * INT64_C(1000000);

	if (stamp_us <= clock_us)
		return clock_us;
	if (stamp_us - next_us > day_us && (clock_us < 0 || stamp_us - clock_us > day_us))
		return clock_us < 0 ? next_us : clock_us;
	return stamp_us;
}

/* Ends reading; the text is kept in reader->damage with the number of the next packet. */
__attribute__((format(printf, 2, 3))) void reader_damaged(
    struct reader *reader, const char *format, ...);
/* The same before packet number, where reading can go on. */
__attribute__((format(printf, 3, 4))) void reader_flawed(
    struct reader *reader, uint64_t number, const char *format, ...);

struct packet_filter;

void packet_filter_free(struct packet_filter *filter);
/* Keeps the packets that match, in order, and returns how many. The first time that the
 * expression has no meaning for a link type, *why says so, else it is untouched. */
size_t packet_filter_apply(struct packet_filter *filter, struct packet *packets, size_t n,
    struct capture_error *why);

/* From here on: what capture.c (merging) and capture_add.c (opening) share. */

struct source {
	char *name;
	struct reader *reader; /* NULL while it is not open */
	int64_t first_us;      /* time of its first packet; -1 opens it at once */
	uint64_t size;         /* 0 where unknown */
	uint16_t linktype;
	dev_t dev;
	ino_t ino;
};

struct capture {
	struct source *sources;
	size_t n_sources, room;
	struct packet_filter *filter; /* or NULL */

	bool started;
	size_t *waiting; /* sources not yet open, by first_us, from waiting_at on */
	size_t n_waiting, waiting_at;
	struct reader **open; /* a heap: the one with the earliest packet first */
	size_t n_open;
	bool parking;     /* more files overlap than there are descriptors */
	int64_t clock_us; /* time of the last packet given out */

	uint64_t done; /* octets of the sources that are closed */
	uint64_t all;  /* octets of all sources; 0 where unknown */
	char **damage;
	size_t n_damage;
};

/* How opening a source went, for directories, where not all is a failure. */
enum open_result {
	OPEN_OK,
	OPEN_NO_CAPTURE,
	OPEN_PACKED,        /* it cannot be unpacked, so who knows what it is */
	OPEN_NO_DESCRIPTOR, /* too many files are open */
	OPEN_FAILED,
};

/* Opens the reader that the file's first octets ask for. */
enum open_result open_reader(
    const char *path, struct reader **reader, struct capture_error *error);

/* Reads until there is a packet; its time, or -1 where there is none, for whatever
 * reason. */
int64_t reader_first_us(struct reader *reader);

/* A file of which no more is read, or none. Lost for want of memory, at worst. */
void capture_add_damage(struct capture *capture, const char *text);

void capture_fail(struct capture_error *error, const char *path, const char *what);

#endif
