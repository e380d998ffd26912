/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_CAPTURE_H
#define RELAYWATCH_CAPTURE_H

/*
 * Saved captures in, packets out, merged by packet time over all files. They are read by
 * block readers of our own, pcap and pcapng, plain or packed with gzip or zstd: libpcap's
 * costs more than all the rest of the work, and takes one link type a file. It gives us
 * the filters here, and the interfaces in capture_live.c.
 */

#include "packet.h"

enum { CAPTURE_BATCH = 64 };

struct capture;

/* Why a path could not be opened or read; the text names the path. */
struct capture_error {
	char text[512];
};

struct capture *capture_new(void);
void capture_free(struct capture *capture);

/*
 * Adds a saved capture, "-" for standard input, or a directory (every capture in it, by
 * the time of its first packet; other files are skipped). 0, or -1 with *error: missing,
 * unreadable, empty, not a capture.
 */
int capture_add(struct capture *capture, const char *path, struct capture_error *error);

/*
 * Compiles a BPF filter expression, lent until capture_free(), for every link type met.
 * Call it after the last capture_add(). 0, or -1 with *error when it is wrong or has no
 * meaning for a file's link type. Packets of another link type inside a file, for which
 * it has none, are left out, and the file is named by capture_damage().
 */
int capture_filter(
    struct capture *capture, const char *expression, struct capture_error *error);

/*
 * Reads up to CAPTURE_BATCH packets; they are lent until the next call. Returns how many,
 * 0 at the end of all input.
 */
size_t capture_next(struct capture *capture, struct packet batch[static CAPTURE_BATCH]);

/* The files that turned out damaged while reading (cut short, bad block), one by one
 * from index 0; NULL after the last. Valid until capture_free(). */
const char *capture_damage(const struct capture *capture, size_t index);

/* The path of a source, as it was given. */
const char *capture_source_name(const struct capture *capture, uint16_t source);

/* Whether the file at path, by whatever name, is one of those to be read. */
bool capture_reads(const struct capture *capture, const char *path);

/* Octets read so far and in all (0 where unknown), for a progress bar. */
void capture_progress(const struct capture *capture, uint64_t *done, uint64_t *all);

#endif
