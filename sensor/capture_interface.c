/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_interface.h"

#include <stdlib.h>

#include "capture_reader.h"

enum {
	INTERFACES_MAX = 0x10000,
	OPTION_END = 0,
	OPTION_TSRESOL = 9,
	OPTION_TSOFFSET = 14,
	TSRESOL_USUAL = 6,     /* microseconds */
	TSRESOL_BINARY = 0x80, /* a power of 2, not of 10 */
	POWER_OF_10_MAX = 19,  /* in 64 bits */
};

static const int64_t time_max_us = UINT32_MAX * INT64_C(1000000);

void
interfaces_release(struct interfaces *interfaces)
{
	free(interfaces->list);
}

int
interfaces_make_room(struct interfaces *interfaces)
{
	size_t room = interfaces->room > 0 ? 2 * interfaces->room : 4;
	struct interface *grown;

	if (interfaces->n < interfaces->room)
		return 0;
	if (interfaces->n == INTERFACES_MAX)
		return -1;
	grown = realloc(interfaces->list, room * sizeof(*grown));
	if (grown == NULL)
		return -1;
	interfaces->list = grown;
	interfaces->room = room;
	return 0;
}

static void
read_option(struct interface *interface, unsigned code, struct slice value, bool swapped)
{
	int64_t offset;

	if (code == OPTION_TSRESOL && value.n == sizeof(interface->tsresol))
		interface->tsresol = value.p[0];
	if (code == OPTION_TSOFFSET && value.n == sizeof(offset)) {
		memcpy(&offset, value.p, sizeof(offset));
		if (swapped)
			offset = (int64_t)__builtin_bswap64((uint64_t)offset);
		interface->offset_sec = offset;
	}
}

/* Section 3.5. False where they run past the block. */
static bool
read_options(struct interface *interface, struct slice options, bool swapped)
{
	while (options.n >= 4) {
		unsigned code = pcapng_get16(options.p, swapped);
		unsigned n = pcapng_get16(options.p + 2, swapped);

		if (code == OPTION_END)
			return true;
		options = slice_tail(options, 4);
		if (n > options.n)
			return false;
		read_option(interface, code, slice_head(options, n), swapped);
		options = slice_tail(options, (n + 3) / 4 * 4);
	}
	return options.n == 0;
}

bool
interfaces_add(struct interfaces *interfaces, struct slice body, bool swapped)
{
	struct interface *interface = &interfaces->list[interfaces->n++];

	*interface =
	    (struct interface){ .linktype = LINKTYPE_UNKNOWN, .tsresol = TSRESOL_USUAL };
	if (body.n < 8)
		return false;
	interface->linktype = pcapng_get16(body.p, swapped);
	interface->snaplen = pcapng_get32(body.p + 4, swapped);
	return read_options(interface, slice_tail(body, 8), swapped);
}

static uint64_t
power_of_10(unsigned exponent)
{
	uint64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* Ticks in microseconds; the most there can be where they are more. */
static uint64_t
ticks_us(uint8_t tsresol, uint64_t ticks)
{
	unsigned exponent = tsresol & ~TSRESOL_BINARY;
	uint64_t us;

	if (tsresol & TSRESOL_BINARY) {
		unsigned __int128 scaled = (unsigned __int128)ticks * 1000000 >> exponent;

		return scaled > UINT64_MAX ? UINT64_MAX : (uint64_t)scaled;
	}
	if (exponent > TSRESOL_USUAL + POWER_OF_10_MAX)
		return 0;
	if (exponent >= TSRESOL_USUAL)
		return ticks / power_of_10(exponent - TSRESOL_USUAL);
	if (__builtin_mul_overflow(ticks, power_of_10(TSRESOL_USUAL - exponent), &us))
		return UINT64_MAX;
	return us;
}

int64_t
interface_time_us(const struct interface *interface, uint64_t ticks)
{
	uint64_t us = ticks_us(interface->tsresol, ticks);
	__int128 sum = (__int128)interface->offset_sec * 1000000 + us;

	if (sum < 0)
		return 0;
	return sum < time_max_us ? (int64_t)sum : time_max_us;
}
