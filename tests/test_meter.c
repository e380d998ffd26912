/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "meter.h"

struct fixture {
	struct meter meter;
	struct round_trip trip;
};

static void
begin(struct fixture *f)
{
	meter_init(&f->meter, &f->trip);
	meter_handshake(&f->trip, 40000);
}

static void
server(struct fixture *f, int64_t at_us, uint32_t seq, uint32_t n)
{
	struct segment s = { .seq = seq, .wire_payload = n, .flags = TCP_ACK,
		.origin = { .ts_us = at_us } };

	meter_server(&f->meter, &s);
}

static void
client(struct fixture *f, int64_t at_us, uint32_t ack, uint32_t n, uint8_t flags)
{
	struct segment s = { .ack = ack, .wire_payload = n, .flags = TCP_ACK | flags,
		.origin = { .ts_us = at_us } };

	meter_client(&f->meter, &f->trip, &s);
}

static void
tells_acknowledgments_from_commands(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	server(&f, 1000000, 1, 30);
	client(&f, 1030000, 31, 0, 0);
	client(&f, 1090000, 31, 20, 0);
	assert_int_equal(f.trip.tcp_us, 30000);
	assert_int_equal(f.trip.tcp_samples, 2);
	assert_int_equal(f.trip.command_us, 90000);
	assert_int_equal(f.trip.command_samples, 1);
}

static void
keeps_the_least(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	for (uint32_t i = 0; i < 4; i++) {
		server(&f, 1000000 * (i + 1), 1 + 30 * i, 30);
		client(&f, 1000000 * (i + 1) + 50000 - 1000 * i, 31 + 30 * i, 20, 0);
	}
	assert_int_equal(f.trip.tcp_us, 40000);
	assert_int_equal(f.trip.command_us, 47000);
	assert_int_equal(f.trip.command_samples, 4);
}

/* A client closes when it likes, and of a late packet the FIN seems to come at once. */
static void
a_fin_is_no_sample(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	server(&f, 1000000, 1, 30);
	client(&f, 1000100, 31, 0, TCP_FIN);
	client(&f, 1000200, 31, 0, TCP_RST);
	assert_int_equal(f.trip.tcp_us, 40000);
	assert_int_equal(f.trip.tcp_samples, 1);
	client(&f, 1035000, 31, 0, 0);
	assert_int_equal(f.trip.tcp_us, 35000);
}

/* Which copy is answered cannot be known; an older acknowledgment answers nothing. */
static void
a_retransmission_is_not_timed(void **state)
{
	struct fixture f;

	(void)state;
	begin(&f);
	server(&f, 1000000, 1, 30);
	server(&f, 1200000, 1, 30);
	client(&f, 1201000, 30, 0, 0);
	assert_int_equal(f.trip.tcp_samples, 1);
	client(&f, 1240000, 31, 0, 0);
	assert_int_equal(f.trip.tcp_us, 40000);
	assert_int_equal(f.trip.tcp_samples, 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_acknowledgments_from_commands),
		cmocka_unit_test(keeps_the_least),
		cmocka_unit_test(a_fin_is_no_sample),
		cmocka_unit_test(a_retransmission_is_not_timed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
