/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "record.h"

static bool
push(struct record_queue *queue, uint32_t number, size_t text_bytes)
{
	struct record *r = record_queue_reserve(queue, text_bytes);

	if (r == NULL)
		return false;
	r->class = RECORD_FACT;
	r->sequence = number;
	r->fact.text_len[0] = (uint16_t)text_bytes;
	memset(r + 1, (int)(number & 0xff), text_bytes);
	record_queue_push(queue, r);
	return true;
}

static void
pop(struct record_queue *queue, uint32_t number, size_t text_bytes)
{
	const struct record *r = record_queue_peek(queue);
	struct slice text;

	assert_non_null(r);
	assert_int_equal(r->sequence, number);
	text = record_text(r, 0);
	assert_int_equal(text.n, text_bytes);
	for (size_t i = 0; i < text.n; i++)
		assert_int_equal(text.p[i], number & 0xff);
	record_queue_pop(queue);
}

static void
comes_out_in_order_over_many_wraps(void **state)
{
	struct record_queue *queue = record_queue_new(8192);
	uint32_t in = 0, out = 0;

	(void)state;
	/* Lengths that divide nothing, so that the ring wraps at every possible place. */
	while (out < 20000) {
		while (push(queue, in, in * 37 % 1500))
			in++;
		for (unsigned i = 0; i < in % 5 + 1 && out < in; i++, out++)
			pop(queue, out, out * 37 % 1500);
	}
	while (out < in) {
		pop(queue, out, out * 37 % 1500);
		out++;
	}
	assert_null(record_queue_peek(queue));
	assert_int_equal(record_queue_bytes(queue), 0);
	record_queue_free(queue);
}

static void
full_queue_loses_the_new_record_and_says_so(void **state)
{
	struct record_queue *queue = record_queue_new(4096);
	uint32_t in = 0;

	(void)state;
	while (push(queue, in, 100))
		in++;
	assert_true(in > 5);
	assert_int_equal(record_queue_lost(queue), 1);
	for (uint32_t out = 0; out < in; out++)
		pop(queue, out, 100);
	assert_null(record_queue_peek(queue));
	record_queue_free(queue);
}

static void
lists_what_waits_over_many_wraps(void **state)
{
	enum { MAX = 9 };
	struct record_queue *queue = record_queue_new(16384);
	const struct record *list[MAX];
	uint32_t in = 0;

	(void)state;
	for (uint32_t out = 0; out < 20000; out++) {
		size_t n;

		for (unsigned i = 0; i < in % 3 + 1; i++)
			in += push(queue, in, in * 37 % 1500);
		n = record_queue_list(queue, list, MAX);
		assert_int_equal(n, in - out < MAX ? in - out : MAX);
		assert_ptr_equal(list[0], record_queue_peek(queue));
		for (uint32_t i = 0; i < n; i++)
			assert_int_equal(list[i]->sequence, out + i);
		pop(queue, out, out * 37 % 1500);
	}
	while (record_queue_peek(queue) != NULL)
		record_queue_pop(queue);
	assert_int_equal(record_queue_list(queue, list, MAX), 0);
	record_queue_free(queue);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(comes_out_in_order_over_many_wraps),
		cmocka_unit_test(full_queue_loses_the_new_record_and_says_so),
		cmocka_unit_test(lists_what_waits_over_many_wraps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
