/* SPDX-License-Identifier: BSD-2-Clause */
#include "gen.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

enum {
	POOL_BYTES = 2 << 20,
	UNIT_MAX = 5 + 16384, /* the longest line or record */
};

typedef size_t unit_fn(struct prng *rng, uint8_t *out);

static const char *const words[] = {
	"about",
	"account",
	"after",
	"also",
	"and",
	"answer",
	"as",
	"at",
	"because",
	"before",
	"between",
	"but",
	"can",
	"company",
	"copy",
	"date",
	"day",
	"dear",
	"delivery",
	"document",
	"each",
	"first",
	"for",
	"from",
	"good",
	"have",
	"here",
	"if",
	"in",
	"invoice",
	"is",
	"it",
	"kind",
	"last",
	"list",
	"mail",
	"meeting",
	"month",
	"more",
	"need",
	"new",
	"next",
	"number",
	"of",
	"offer",
	"on",
	"or",
	"order",
	"our",
	"please",
	"price",
	"question",
	"regards",
	"report",
	"send",
	"server",
	"thank",
	"that",
	"the",
	"this",
	"time",
	"to",
	"week",
	"with",
	"year",
};

static size_t
put_words(struct prng *rng, uint8_t *out, size_t at_least)
{
	size_t len = 0;

	while (len < at_least) {
		const char *word =
		    words[prng_below(rng, sizeof(words) / sizeof(words[0]))];
		size_t n = strlen(word);

		memcpy(out + len, word, n);
		len += n;
		out[len++] = ' ';
		if (prng_permille(rng, 60)) {
			out[len - 1] = '.';
			out[len++] = ' ';
			out[len++] = ' ';
		}
	}
	return len;
}

static size_t
end_line(uint8_t *out, size_t len)
{
	out[len++] = '\r';
	out[len++] = '\n';
	return len;
}

static size_t
unit_text(struct prng *rng, uint8_t *out)
{
	size_t len = 0;

	if (!prng_permille(rng, 100))
		len = put_words(rng, out, prng_between(rng, 30, 68)) - 1;
	return end_line(out, len);
}

static size_t
unit_base64(struct prng *rng, uint8_t *out)
{
	static const char digits[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < 76; i++)
		out[i] = (uint8_t)digits[prng_below(rng, 64)];
	return end_line(out, 76);
}

/* Deep indentation, tabs, runs of blanks and trailing blanks: dear to canonicalise. */
static size_t
unit_html(struct prng *rng, uint8_t *out)
{
	static const char *const tags[] = { "<td>", "<tr>", "<div class=\"a\">", "</div>",
		"<span>", "</td>", "<br>" };
	size_t len = prng_below(rng, 48), n;
	const char *tag;

	memset(out, prng_permille(rng, 250) ? '\t' : ' ', len);
	for (unsigned i = prng_between(rng, 1, 4); i > 0; i--) {
		tag = tags[prng_below(rng, sizeof(tags) / sizeof(tags[0]))];
		memcpy(out + len, tag, strlen(tag));
		len += strlen(tag);
		len += put_words(rng, out + len, prng_below(rng, 16));
		n = prng_below(rng, 6);
		memset(out + len, ' ', n);
		len += n;
	}
	return end_line(out, len);
}

/* As on the wire: a line that began with a dot has one more (RFC 5321, 4.5.2). */
static size_t
unit_dots(struct prng *rng, uint8_t *out)
{
	size_t dots = prng_permille(rng, 400) ? prng_between(rng, 2, 4) : 0;

	memset(out, '.', dots);
	if (dots != 0 && prng_permille(rng, 300))
		return end_line(out, dots);
	return end_line(out, dots + put_words(rng, out + dots, 40) - 1);
}

static size_t
unit_long(struct prng *rng, uint8_t *out)
{
	return end_line(out, put_words(rng, out, prng_between(rng, 990, 12000)));
}

static size_t
unit_binary(struct prng *rng, uint8_t *out)
{
	uint64_t word = prng_next(rng);

	for (unsigned i = 0; i < 8; i++)
		out[i] = (uint8_t)(word >> 8 * i);
	return 8;
}

static size_t
unit_tls(struct prng *rng, uint8_t *out)
{
	static const uint8_t header[5] = { 23, 3, 3, 0x40, 0 };

	memcpy(out, header, 5);
	for (size_t at = 5; at < 5 + 16384; at += 8)
		unit_binary(rng, out + at);
	return 5 + 16384;
}

static void
pool_make(struct pool *pool, unit_fn *unit, struct prng *rng)
{
	pool->data = malloc(POOL_BYTES + UNIT_MAX);
	pool->starts = malloc((POOL_BYTES + 1) * sizeof(*pool->starts));
	if (pool->data == NULL || pool->starts == NULL)
		err(1, NULL);
	pool->len = 0;
	for (pool->count = 0; pool->len < POOL_BYTES; pool->count++) {
		pool->starts[pool->count] = (uint32_t)pool->len;
		pool->len += unit(rng, pool->data + pool->len);
	}
}

void
pools_make(struct gen *g)
{
	static unit_fn *const units[POOL_COUNT] = {
		[POOL_TEXT] = unit_text,
		[POOL_BASE64] = unit_base64,
		[POOL_HTML] = unit_html,
		[POOL_DOTS] = unit_dots,
		[POOL_LONG] = unit_long,
		[POOL_BINARY] = unit_binary,
		[POOL_TLS] = unit_tls,
	};

	for (unsigned i = 0; i < POOL_COUNT; i++)
		pool_make(&g->pools[i], units[i], &g->rng);
}

void
pools_free(struct gen *g)
{
	for (unsigned i = 0; i < POOL_COUNT; i++) {
		free(g->pools[i].data);
		free(g->pools[i].starts);
	}
}

/* The first line that starts at `at` or later; the pool's end counts as one. */
static size_t
line_after(const struct pool *pool, size_t at)
{
	uint32_t low = 0, high = pool->count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (pool->starts[mid] < at)
			low = mid + 1;
		else
			high = mid;
	}
	return low < pool->count ? pool->starts[low] : pool->len;
}

struct range
pool_range(const struct pool *pool, struct prng *rng, size_t want)
{
	size_t at = pool->starts[prng_below(rng, pool->count)];
	size_t end = (at + want) % pool->len;
	struct range range = { .pool = pool, .at = at };

	end = line_after(pool, end);
	range.left = end > at ? end - at : pool->len - at + end;
	return range;
}

size_t
range_copy(struct range *range, uint8_t *to, size_t max)
{
	size_t done = 0, n;

	while (done < max && range->left > 0) {
		n = range->pool->len - range->at;
		if (n > range->left)
			n = range->left;
		if (n > max - done)
			n = max - done;
		memcpy(to + done, range->pool->data + range->at, n);
		range->at = (range->at + n) % range->pool->len;
		range->left -= n;
		done += n;
	}
	return done;
}

/* Four dice make the exponent bell-shaped; the square leans it to small sizes. */
size_t
size_random(struct prng *rng)
{
	uint32_t x = 0, exponent, fraction;

	for (int i = 0; i < 4; i++)
		x += prng_below(rng, 1024);
	x = (x + x * x / 4092) / 2; /* 0..4092 */
	exponent = 10 + x * 10 / 4093;
	fraction = x * 10 % 4093;
	return ((size_t)1 << exponent) + ((size_t)fraction << exponent) / 4093;
}
