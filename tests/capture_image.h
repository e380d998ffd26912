/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_TESTS_CAPTURE_IMAGE_H
#define RELAYWATCH_TESTS_CAPTURE_IMAGE_H

/*
 * Saved captures made octet by octet, for the tests of capture*.c: an image of the file
 * in memory, saved in a directory of the test's own.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/types.h>

#include "capture.h"

enum { RECORD_MAX = 256 * 1024, FILE_MAX = 4 << 20, DAY = 86400, LINK_ETHERNET = 1 };

/* A capture file under construction. */
struct image {
	uint8_t b[FILE_MAX];
	size_t n;
	bool swapped, nano;
};

/* The one that most tests build on; too large for a stack. */
extern struct image image;

/* Group set-up: the tests work in a directory of their own, gone afterwards. */
int image_enter(void **state);
int image_leave(void **state);

/* In the byte order of the image. */
void put(struct image *m, const void *octets, size_t n);
void put16(struct image *m, uint16_t v);
void put32(struct image *m, uint32_t v);

/* A pcap. An empty file of the kind that m->swapped and m->nano say; the usual one. */
void begin(struct image *m, uint32_t linktype);
struct image *plain(void);
void put_header(
    struct image *m, uint32_t sec, uint32_t fraction, uint32_t cap, uint32_t wire);
/* A record of n octets, all of them mark. */
void put_record(struct image *m, uint32_t sec, uint32_t fraction, uint32_t n, int mark);
/* Ethernet, IPv4, TCP to the given port: enough for a filter. */
void put_tcp_record(struct image *m, uint32_t sec, uint8_t port);

/* A pcapng: a section with an Ethernet; parts. */
struct image *pcapng(void);
size_t begin_block(struct image *m, uint32_t type);
void end_block(struct image *m, size_t start);
void put_section(struct image *m);
void put_interface(struct image *m, uint16_t linktype, uint32_t snaplen);
void put_enhanced(
    struct image *m, uint32_t interface, uint64_t ticks, uint32_t n, int mark);

void save(const char *name, const struct image *m);
void save_octets(const char *name, const void *octets, size_t n);

/* These fail the test where there is an error. */
struct capture *opened(const char *path);
void also(struct capture *c, const char *path);
/* Reads all; the time never runs back. Returns how many packets there were, and keeps as
 * many as there is room for until the next call. */
size_t drain(struct capture *c, struct packet *out, size_t room);

/* Cannot be opened, with these words. */
void refused(const char *path, const char *text);
/* Has so many packets, and is damaged with these words, or NULL. */
void check_file(const char *path, size_t packets, const char *damage);
/* The image through a pipe, in pieces. */
void check_stdin(const struct image *m, size_t piece, size_t packets);

#endif
