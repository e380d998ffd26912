/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { PACKED_BLOCK = 64 * 1024 };

struct unpacker {
	const struct unpack_method *method;
	void *state;
	struct unpack_step step;
	bool full; /* the last step used up its room: there may be more to come */
	bool eof;
	uint8_t block[PACKED_BLOCK];
};

struct unpacker *
unpacker_new(enum capture_format format, struct slice peeked, const char **why)
{
	struct unpacker *u = malloc(sizeof(*u));

	*why = strerror(ENOMEM);
	if (u == NULL)
		return NULL;
	memset(u, 0, offsetof(struct unpacker, block));
	u->method = format == FORMAT_GZIP ? &unpack_gzip : &unpack_zstd;
	u->state = u->method->make();
	if (u->state == NULL) {
		free(u);
		return NULL;
	}
	memcpy(u->block, peeked.p, peeked.n);
	u->step.in = slice_of(u->block, peeked.n);
	return u;
}

void
unpacker_free(struct unpacker *unpacker)
{
	if (unpacker == NULL)
		return;
	unpacker->method->drop(unpacker->state);
	free(unpacker);
}

/* 0, or -1 with bytes->why. */
static int
refill(struct unpacker *u, struct byte_source *bytes)
{
	ssize_t got;

	if (u->full || u->eof || u->step.in.n > 0)
		return 0;
	got = bytes_read_packed(bytes, u->block, sizeof(u->block));
	if (got == -1)
		return -1;
	u->eof = got == 0;
	u->step.in = slice_of(u->block, (size_t)got);
	return 0;
}

/* What was unpacked before something is wrong is given out; the next call tells. */
ssize_t
unpacker_read(struct unpacker *u, struct byte_source *bytes, void *buf, size_t n)
{
	size_t got = 0;

	while (got == 0 && bytes->why[0] == '\0') {
		const char *wrong = NULL;

		if (refill(u, bytes) == -1)
			return -1;
		u->step.out = buf;
		u->step.room = n;
		wrong = u->method->step(u->state, &u->step);
		got = n - u->step.room;
		u->full = u->step.room == 0;
		if (wrong == NULL && got == 0 && u->eof && u->step.in.n == 0) {
			if (u->step.between)
				return 0;
			wrong = "packed data cut short";
		}
		if (wrong != NULL)
			snprintf(bytes->why, sizeof(bytes->why), "%s", wrong);
	}
	return got > 0 ? (ssize_t)got : -1;
}
