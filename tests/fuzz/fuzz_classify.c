/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Conversations as labels are given to them: an octet says which side and how much of the
 * data follows. Each piece lies alone in memory that ends where it ends. The same
 * conversation gets the same word whatever was looked at before it.
 */
#include "classify.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint16_t ports[] = { 21, 25, 80, 110, 143, 179, 389, 443, 445, 502, 1433,
	1883, 2049, 3306, 3389, 5060, 5432, 5900, 6379, 6881, 50000 };

static unsigned
take_pieces(
    const uint8_t *data, size_t size, struct classify_piece piece[CLASSIFY_PIECES])
{
	unsigned count = 0;

	while (size > 0 && count < CLASSIFY_PIECES) {
		size_t n = (size_t)(*data >> 1) * 5;
		uint8_t *copy;

		piece[count].dir = *data++ & 1;
		size--;
		n = n < size ? n : size;
		copy = malloc(n);
		if (copy == NULL)
			abort();
		memcpy(copy, data, n);
		piece[count++].bytes = slice_of(copy, n);
		data += n;
		size -= n;
	}
	return count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct classify *classify;
	struct classify_piece piece[CLASSIFY_PIECES];
	const char *first, *again;
	uint16_t port;
	unsigned count;

	if (classify == NULL && (classify = classify_new()) == NULL)
		abort();
	if (size == 0)
		return 0;
	classify_tick(classify);
	port = ports[data[0] % (sizeof(ports) / sizeof(*ports))];
	count = take_pieces(data + 1, size - 1, piece);
	first = classify_talk(classify, port, piece, count);
	classify_talk(classify, port, piece + count / 2, count - count / 2);
	again = classify_talk(classify, port, piece, count);
	if (first != again)
		abort();
	for (unsigned i = 0; i < count; i++)
		free((void *)(uintptr_t)piece[i].bytes.p);
	return 0;
}
