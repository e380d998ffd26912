/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "capture_reader.h"

enum { SOURCES_MAX = UINT16_MAX + 1 };

void
capture_fail(struct capture_error *error, const char *path, const char *what)
{
	snprintf(error->text, sizeof(error->text), "%.250s: %.250s",
	    strcmp(path, "-") == 0 ? "standard input" : path, what);
}

void
capture_add_damage(struct capture *capture, const char *text)
{
	size_t bytes = (capture->n_damage + 1) * sizeof(*capture->damage);
	char **grown = realloc(capture->damage, bytes);

	if (grown == NULL)
		return;
	capture->damage = grown;
	grown[capture->n_damage] = strdup(text);
	if (grown[capture->n_damage] != NULL)
		capture->n_damage++;
}

/* As open(2), and what the first octets say; packed ones unpacked. */
static enum open_result
open_bytes(const char *path, struct byte_source *bytes, enum capture_format *format,
    struct capture_error *error)
{
	if (bytes_open(bytes, path) == -1) {
		bool full = errno == EMFILE || errno == ENFILE;

		capture_fail(error, path, strerror(errno));
		return full ? OPEN_NO_DESCRIPTOR : OPEN_FAILED;
	}
	if (bytes_peek(bytes) == -1) {
		capture_fail(error, path, bytes->why);
		return OPEN_FAILED;
	}
	*format = bytes_format(bytes);
	if (*format != FORMAT_GZIP && *format != FORMAT_ZSTD)
		return OPEN_OK;
	if (bytes_unpack(bytes, *format) == -1 || bytes_peek(bytes) == -1) {
		capture_fail(error, path, bytes->why);
		return OPEN_PACKED;
	}
	*format = bytes_format(bytes);
	return OPEN_OK;
}

static const char *
refusal(const struct byte_source *bytes, enum capture_format format)
{
	if (format == FORMAT_EMPTY)
		return bytes->unpacker == NULL ? "empty file"
					       : "packed, but nothing in it";
	if (format == FORMAT_GZIP || format == FORMAT_ZSTD)
		return "packed twice; unpack it once";
	return bytes->unpacker == NULL
		   ? "not a capture file (pcap or pcapng)"
		   : "packed, but not a capture file (pcap or pcapng)";
}

enum open_result
open_reader(const char *path, struct reader **reader, struct capture_error *error)
{
	struct capture_error why = { "" };
	struct byte_source bytes;
	enum capture_format format;
	enum open_result result = open_bytes(path, &bytes, &format, error);

	if (result != OPEN_OK) {
		bytes_close(&bytes);
		return result;
	}
	if (format != FORMAT_PCAP && format != FORMAT_PCAPNG) {
		capture_fail(error, path, refusal(&bytes, format));
		bytes_close(&bytes);
		return OPEN_NO_CAPTURE;
	}
	*reader = format == FORMAT_PCAP ? reader_open_pcap(&bytes, &why)
					: reader_open_pcapng(&bytes, &why);
	if (*reader != NULL)
		return OPEN_OK;
	capture_fail(error, path, why.text);
	return OPEN_FAILED;
}

static struct source *
new_source(struct capture *capture, const char *path, struct capture_error *error)
{
	size_t room = capture->room > 0 ? 2 * capture->room : 16;
	struct source *source;

	if (capture->n_sources == SOURCES_MAX) {
		capture_fail(error, path, "too many captures at once");
		return NULL;
	}
	if (capture->n_sources == capture->room) {
		source = realloc(capture->sources, room * sizeof(*source));
		if (source == NULL) {
			capture_fail(error, path, strerror(ENOMEM));
			return NULL;
		}
		capture->sources = source;
		capture->room = room;
	}
	source = &capture->sources[capture->n_sources];
	*source = (struct source){ .name = strdup(path), .first_us = -1 };
	if (source->name == NULL) {
		capture_fail(error, path, strerror(ENOMEM));
		return NULL;
	}
	capture->n_sources++;
	return source;
}

int64_t
reader_first_us(struct reader *reader)
{
	while (reader->state == READER_DRY)
		reader->ops->refill(reader);
	return reader->state == READER_READY ? reader->head_us : -1;
}

/* A file is looked at and closed until its time comes; what can be read but once stays
 * open. */
static enum open_result
add_source(struct capture *capture, const char *path, const struct stat *st,
    struct capture_error *error)
{
	struct reader *reader;
	enum open_result result = open_reader(path, &reader, error);
	struct source *source;

	if (result != OPEN_OK)
		return result;
	source = new_source(capture, path, error);
	if (source == NULL) {
		reader->ops->close(reader);
		return OPEN_FAILED;
	}
	if (S_ISREG(st->st_mode))
		source->first_us = reader_first_us(reader);
	source->linktype = reader->linktype;
	if (!S_ISREG(st->st_mode)) {
		source->reader = reader;
		return OPEN_OK;
	}
	source->size = (uint64_t)st->st_size;
	source->dev = st->st_dev;
	source->ino = st->st_ino;
	reader->ops->close(reader);
	return OPEN_OK;
}

static int
add_stdin(struct capture *capture, struct capture_error *error)
{
	const struct stat stream = { .st_mode = S_IFIFO };

	for (size_t i = 0; i < capture->n_sources; i++) {
		if (strcmp(capture->sources[i].name, "-") == 0) {
			capture_fail(error, "-", "given twice");
			return -1;
		}
	}
	return add_source(capture, "-", &stream, error) == OPEN_OK ? 0 : -1;
}

static int
by_inode(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int
by_time_and_name(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->first_us != y->first_us)
		return x->first_us < y->first_us ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* The sources from first on came out of one directory in whatever order: drops those that
 * are there twice (links), and orders the rest the same on every run. */
static void
arrange(struct capture *capture, size_t first)
{
	struct source *s = capture->sources;
	size_t n = first;

	qsort(s + first, capture->n_sources - first, sizeof(*s), by_inode);
	for (size_t i = first; i < capture->n_sources; i++) {
		if (n > first && s[n - 1].dev == s[i].dev && s[n - 1].ino == s[i].ino)
			free(s[i].name);
		else
			s[n++] = s[i];
	}
	capture->n_sources = n;
	qsort(s + first, n - first, sizeof(*s), by_time_and_name);
}

/* Whether a file in a directory that cannot be unpacked was meant as a capture. */
static bool
is_named_capture(const char *name)
{
	return strstr(name, ".pcap") != NULL || strstr(name, ".cap") != NULL;
}

/* One thing found in a directory. Captures that cannot be read are damage, not silence.
 */
static void
add_entry(struct capture *capture, const FTSENT *entry)
{
	struct capture_error why;
	enum open_result result;

	switch (entry->fts_info) {
	case FTS_F:
		if (!S_ISREG(entry->fts_statp->st_mode))
			return;
		result = add_source(capture, entry->fts_path, entry->fts_statp, &why);
		if (result == OPEN_FAILED || result == OPEN_NO_DESCRIPTOR ||
		    (result == OPEN_PACKED && is_named_capture(entry->fts_name)))
			capture_add_damage(capture, why.text);
		break;
	case FTS_DNR:
	case FTS_ERR:
	case FTS_NS:
		capture_fail(&why, entry->fts_path, strerror(entry->fts_errno));
		capture_add_damage(capture, why.text);
		break;
	default:
		break;
	}
}

static int
by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

static int
add_directory(struct capture *capture, const char *path, struct capture_error *error)
{
	size_t first = capture->n_sources;
	char *const roots[] = { (char *)path, NULL };
	FTSENT *entry;
	FTS *walk;

	/* Links are followed; fts ends loops, arrange() drops what was met twice. */
	walk = fts_open(roots, FTS_LOGICAL | FTS_NOCHDIR, by_name);
	if (walk == NULL) {
		capture_fail(error, path, strerror(errno));
		return -1;
	}
	while ((entry = fts_read(walk)) != NULL)
		add_entry(capture, entry);
	fts_close(walk);
	if (capture->n_sources == first) {
		capture_fail(error, path, "no captures in this directory");
		return -1;
	}
	arrange(capture, first);
	return 0;
}

int
capture_add(struct capture *capture, const char *path, struct capture_error *error)
{
	struct stat st;

	if (strcmp(path, "-") == 0)
		return add_stdin(capture, error);
	if (stat(path, &st) == -1) {
		capture_fail(error, path, strerror(errno));
		return -1;
	}
	if (S_ISDIR(st.st_mode))
		return add_directory(capture, path, error);
	return add_source(capture, path, &st, error) == OPEN_OK ? 0 : -1;
}
