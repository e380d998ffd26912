/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "capture_reader.h"

/* zstd (RFC 8878): frames one after the other. */

enum {
	WINDOW_LOG_MAX = 27, /* memory: 128 MiB, as zstd(1) itself allows unasked */
	BLOCK_HEADER = 3,
};

struct zstd {
	ZSTD_DCtx *d;
	/* How much input makes the next block and the header of the one after it. */
	size_t wanted, wanted_first;
	bool full; /* there may be output left */
};

static void *
zstd_make(void)
{
	struct zstd *z = calloc(1, sizeof(*z));

	if (z == NULL)
		return NULL;
	z->d = ZSTD_createDCtx();
	if (z->d == NULL) {
		free(z);
		return NULL;
	}
	ZSTD_DCtx_setParameter(z->d, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	z->wanted = z->wanted_first = ZSTD_initDStream(z->d);
	return z;
}

static void
zstd_drop(void *state)
{
	struct zstd *z = state;

	ZSTD_freeDCtx(z->d);
	free(z);
}

static const char *
text_of(size_t result, bool between)
{
	switch (ZSTD_getErrorCode(result)) {
	case ZSTD_error_frameParameter_windowTooLarge:
		return "packed with a window above 128 MiB; unpack it with "
		       "zstd -d --long=31";
	case ZSTD_error_prefix_unknown:
		if (between)
			return "octets that are not zstd follow";
		break;
	default:
		break;
	}
	return ZSTD_getErrorName(result);
}

/* An error takes with it all that the same call unpacked: so it is given one block at a
 * time, without the header behind it, and nothing while there is output left. */
static size_t
input_of_step(const struct zstd *z)
{
	if (z->full)
		return 0;
	return z->wanted > BLOCK_HEADER ? z->wanted - BLOCK_HEADER : z->wanted;
}

static const char *
zstd_step(void *state, struct unpack_step *step)
{
	struct zstd *z = state;
	struct slice piece = slice_head(step->in, input_of_step(z));
	ZSTD_inBuffer in = { piece.p, piece.n, 0 };
	ZSTD_outBuffer out = { step->out, step->room, 0 };
	size_t result = ZSTD_decompressStream(z->d, &out, &in);

	if (ZSTD_isError(result))
		return text_of(result, step->between);
	if (in.pos > 0 || out.pos > 0)
		step->between = result == 0;
	z->full = out.pos == out.size;
	z->wanted = result > 0 ? result : z->wanted_first;
	step->in = slice_tail(step->in, in.pos);
	step->out += out.pos;
	step->room -= out.pos;
	return NULL;
}

const struct unpack_method unpack_zstd = { zstd_make, zstd_drop, zstd_step };
