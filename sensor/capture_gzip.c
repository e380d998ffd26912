/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <zlib.h>

#include "capture_reader.h"

/* gzip (RFC 1952): members one after the other, and zeros behind the last (tapes). */

enum { GZIP_WINDOW = 15 + 16 /* zlib's way to ask for gzip and nothing else */ };

struct gzip {
	z_stream z;
	bool over; /* a member, or those before */
};

static void *
gzip_make(void)
{
	struct gzip *g = calloc(1, sizeof(*g));

	if (g != NULL && inflateInit2(&g->z, GZIP_WINDOW) != Z_OK) {
		free(g);
		return NULL;
	}
	return g;
}

static void
gzip_drop(void *state)
{
	struct gzip *g = state;

	inflateEnd(&g->z);
	free(g);
}

/* Between members. True when another begins. */
static bool
begins_anew(struct gzip *g, struct slice *in)
{
	while (in->n > 0 && in->p[0] == 0)
		*in = slice_tail(*in, 1);
	if (in->n == 0 || in->p[0] != 0x1f)
		return false;
	g->over = false;
	return inflateReset(&g->z) == Z_OK;
}

static const char *
inflate_on(struct gzip *g, struct unpack_step *step)
{
	int result;

	g->z.next_in = (uint8_t *)step->in.p;
	g->z.avail_in = (uInt)step->in.n;
	g->z.next_out = step->out;
	g->z.avail_out = (uInt)step->room;
	result = inflate(&g->z, Z_NO_FLUSH);
	step->in = slice_of(g->z.next_in, g->z.avail_in);
	step->out = g->z.next_out;
	step->room = g->z.avail_out;
	g->over = step->between = result == Z_STREAM_END;
	/* Z_BUF_ERROR: nothing to do with so little input or room. */
	if (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR)
		return NULL;
	return g->z.msg != NULL ? g->z.msg : "cannot be unpacked";
}

static const char *
gzip_step(void *state, struct unpack_step *step)
{
	struct gzip *g = state;

	if (!g->over || begins_anew(g, &step->in))
		return inflate_on(g, step);
	return step->in.n > 0 ? "octets that are not gzip follow" : NULL;
}

const struct unpack_method unpack_gzip = { gzip_make, gzip_drop, gzip_step };
