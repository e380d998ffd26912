/* SPDX-License-Identifier: BSD-2-Clause */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "make_record.h"
#include "transaction.h"

struct fixture {
	struct transactions *all;
	struct make make;
};

static int
set_up(void **state)
{
	const struct conf_mail conf = { .sessions = 16, .blocks = 64 };
	struct fixture *f = calloc(1, sizeof(*f));

	f->all = transactions_new(&conf);
	make_init(&f->make);
	make_session(&f->make, 1, "198.51.100.7", 40000, "192.0.2.25", 25);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	transactions_free(f->all);
	free(f);
	return 0;
}

static const struct transaction *
apply(struct fixture *f, const struct record *record)
{
	return transactions_apply(f->all, record);
}

static const struct transaction *
fact(struct fixture *f, enum fact_type type, uint16_t code, const char *text)
{
	return apply(f, make_fact(&f->make, type, code, text, "", "2.0.0 Ok"));
}

static void
assert_slice(struct slice s, const char *text)
{
	assert_int_equal(s.n, strlen(text));
	assert_memory_equal(s.p, text, s.n);
}

static const struct mail_session *
greet(struct fixture *f)
{
	const struct record *r = make_fact(&f->make, FACT_GREETING, 220, "mx.example.org",
	    "ESMTP", "");

	assert_null(apply(f, r));
	r = make_fact(&f->make, FACT_HELO, 250, "client.example", "mx.example.org", "");
	assert_null(apply(f, r));
	return transactions_session(f->all, r);
}

static void
a_whole_transaction_is_put_together(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	greet(f);
	tx = fact(f, FACT_MAIL, 250, "<a@b.example>");
	assert_non_null(tx);
	assert_int_equal(tx->mail_code, 250);
	fact(f, FACT_RCPT, 250, "<c@d.example>");
	fact(f, FACT_RCPT, 550, "<e@f.example>");
	fact(f, FACT_DATA, 354, "");
	apply(f, make_header(&f->make, FACT_HEADER_SUBJECT, "first"));
	apply(f, make_header(&f->make, FACT_HEADER_SUBJECT, "second"));
	apply(f, make_header(&f->make, FACT_HEADER_TO, "c@d.example"));
	apply(f, make_header(&f->make, FACT_HEADER_TO, "e@f.example"));
	fact(f, FACT_HEADERS_END, 0, "");
	apply(f, make_message(&f->make, 1234, 0xabcd));
	tx = fact(f, FACT_FINAL, 250, "2.0.0 queued");
	assert_true(tx->ended);
	assert_int_equal(tx->outcome, MAIL_DELIVERED);
	assert_slice(tx->mail->helo, "client.example");
	assert_slice(tx->mail->server_name, "mx.example.org");
	assert_slice(tx->mail_from, "<a@b.example>");
	assert_int_equal(tx->rcpt_count, 2);
	assert_int_equal(tx->rcpt_accepted, 1);
	assert_int_equal(tx->rcpt_refused, 1);
	assert_slice(tx->rcpt[1].path, "<e@f.example>");
	assert_slice(tx->rcpt[1].reply, "2.0.0 Ok");
	assert_int_equal(tx->rcpt[1].code, 550);
	assert_slice(tx->subject, "first");
	assert_int_equal(tx->to_count, 2);
	assert_int_equal(tx->size, 1234);
	assert_true(tx->has_message && tx->headers_ended);
	assert_false(tx->cut);
	assert_true(tx->last.number > tx->first.number);
	transactions_settle(f->all, tx);
}

/* Begins a transaction with the codes given (0: no such fact) and ends it by an abort. */
static enum mail_outcome
outcome_of(struct fixture *f, uint16_t mail, uint16_t rcpt1, uint16_t rcpt2,
    uint16_t data, enum fact_abort abort)
{
	const struct transaction *tx;
	enum mail_outcome outcome;

	fact(f, FACT_MAIL, mail, "<a@b>");
	if (rcpt1 != 0)
		fact(f, FACT_RCPT, rcpt1, "<c@d>");
	if (rcpt2 != 0)
		fact(f, FACT_RCPT, rcpt2, "<e@d>");
	if (data != 0)
		fact(f, FACT_DATA, data, "");
	tx = apply(f, make_abort(&f->make, abort));
	assert_true(tx->ended);
	outcome = tx->outcome;
	transactions_settle(f->all, tx);
	f->make.tx++;
	return outcome;
}

static void
outcomes_of_aborted_transactions(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(outcome_of(f, 550, 0, 0, 0, FACT_ABORT_REFUSED), MAIL_REJECTED);
	assert_int_equal(outcome_of(f, 550, 0, 0, 0, FACT_ABORT_QUIT), MAIL_REJECTED);
	assert_int_equal(outcome_of(f, 250, 550, 451, 0, FACT_ABORT_RSET), MAIL_REJECTED);
	assert_int_equal(outcome_of(f, 250, 550, 250, 0, FACT_ABORT_RSET), MAIL_RESET);
	assert_int_equal(outcome_of(f, 250, 250, 0, 0, FACT_ABORT_RSET), MAIL_RESET);
	assert_int_equal(outcome_of(f, 250, 250, 0, 554, FACT_ABORT_QUIT), MAIL_REJECTED);
	assert_int_equal(outcome_of(f, 250, 250, 0, 0, FACT_ABORT_QUIT), MAIL_ABORTED);
	assert_int_equal(outcome_of(f, 250, 0, 0, 0, FACT_ABORT_CLOSED), MAIL_ABORTED);
	assert_int_equal(
	    outcome_of(f, 250, 250, 0, 354, FACT_ABORT_CLOSED), MAIL_ABORTED);
	assert_int_equal(outcome_of(f, 250, 550, 0, 0, FACT_ABORT_LOST), MAIL_UNKNOWN);
	assert_int_equal(outcome_of(f, 250, 250, 0, 0, FACT_ABORT_TLS), MAIL_UNKNOWN);
}

static void
an_unsure_refusal_is_no_rejection(void **state)
{
	static const enum fact_type refused[] = { FACT_MAIL, FACT_RCPT, FACT_DATA };
	static const enum fact_abort aborts[] = { FACT_ABORT_REFUSED, FACT_ABORT_QUIT,
		FACT_ABORT_RSET, FACT_ABORT_CLOSED };
	struct fixture *f = *state;

	for (unsigned i = 0; i < 12; i++) {
		enum fact_type type = refused[i / 4];
		struct record *record;

		f->make.tx = i;
		for (unsigned j = 0; refused[j] != type; j++)
			fact(f, refused[j], 250, "<a@b>");
		record = make_fact(&f->make, type, 554, "<a@b>", "", "no");
		record->fact.flags = FACT_UNSURE;
		apply(f, record);
		assert_int_equal(
		    apply(f, make_abort(&f->make, aborts[i % 4]))->outcome, MAIL_UNKNOWN);
	}
}

static void
outcomes_of_final_replies(void **state)
{
	static const struct {
		uint16_t code;
		enum mail_outcome outcome;
	} cases[] = { { 250, MAIL_DELIVERED }, { 452, MAIL_REJECTED },
		{ 554, MAIL_REJECTED }, { 0, MAIL_UNKNOWN } };
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct transaction *tx;

		fact(f, FACT_MAIL, 250, "<a@b>");
		tx = fact(f, FACT_FINAL, cases[i].code, "");
		assert_int_equal(tx->outcome, cases[i].outcome);
		transactions_settle(f->all, tx);
		f->make.tx++;
	}
}

static void
a_session_without_mail_gives_one_empty_transaction(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	greet(f);
	tx = fact(f, FACT_END, 221, "");
	assert_non_null(tx);
	assert_true(tx->empty && tx->ended);
	assert_int_equal(tx->outcome, MAIL_ABORTED);
	assert_slice(tx->mail->helo, "client.example");
	transactions_settle(f->all, tx);
	assert_null(apply(f, make_closed(&f->make, 0)));
	assert_null(transactions_evicted(f->all));
}

static void
a_refused_greeting_is_a_rejection(void **state)
{
	struct fixture *f = *state;

	fact(f, FACT_GREETING, 554, "mx");
	assert_int_equal(fact(f, FACT_END, 0, "")->outcome, MAIL_REJECTED);
}

static void
a_session_with_mail_gives_no_empty_one(void **state)
{
	struct fixture *f = *state;

	greet(f);
	outcome_of(f, 250, 250, 0, 0, FACT_ABORT_RSET);
	assert_null(fact(f, FACT_END, 221, ""));
}

static void
tls_gives_one_empty_transaction(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	greet(f);
	assert_null(fact(f, FACT_STARTTLS, 220, ""));
	tx = fact(f, FACT_TLS, 0, "");
	assert_true(tx->empty && tx->ended);
	assert_int_equal(tx->mail->tls, MAIL_TLS_STARTTLS);
	assert_int_equal(tx->outcome, MAIL_UNKNOWN);
	transactions_settle(f->all, tx);
	assert_null(fact(f, FACT_END, 0, ""));
	assert_null(transactions_evicted(f->all));
}

static void
tls_without_starttls_is_implicit(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(fact(f, FACT_TLS, 0, "")->mail->tls, MAIL_TLS_IMPLICIT);
}

static void
tls_after_a_transaction_is_told_too(void **state)
{
	struct fixture *f = *state;

	greet(f);
	outcome_of(f, 530, 0, 0, 0, FACT_ABORT_REFUSED);
	fact(f, FACT_STARTTLS, 220, "");
	assert_true(fact(f, FACT_TLS, 0, "")->empty);
}

static void
pipelined_transactions_are_kept_apart(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	apply(f, make_header(&f->make, FACT_HEADER_SUBJECT, "zero"));
	apply(f, make_message(&f->make, 10, 1));
	f->make.tx = 1;
	apply(f, make_header(&f->make, FACT_HEADER_SUBJECT, "one"));
	apply(f, make_message(&f->make, 20, 2));
	f->make.tx = 0;
	fact(f, FACT_MAIL, 250, "<zero@b>");
	f->make.tx = 1;
	fact(f, FACT_MAIL, 250, "<one@b>");
	f->make.tx = 0;
	tx = fact(f, FACT_FINAL, 250, "");
	assert_slice(tx->subject, "zero");
	assert_slice(tx->mail_from, "<zero@b>");
	transactions_settle(f->all, tx);
	f->make.tx = 1;
	tx = fact(f, FACT_FINAL, 250, "");
	assert_slice(tx->subject, "one");
	assert_slice(tx->mail_from, "<one@b>");
	assert_int_equal(tx->mail->transactions, 2);
}

static void
a_reset_transaction_may_begin_after_the_next(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	f->make.tx = 1;
	apply(f, make_header(&f->make, FACT_HEADER_SUBJECT, "one"));
	f->make.tx = 0;
	assert_int_equal(outcome_of(f, 250, 250, 0, 0, FACT_ABORT_RSET), MAIL_RESET);
	tx = fact(f, FACT_MAIL, 250, "<one@b>");
	assert_int_equal(tx->tx_id, 1);
	assert_slice(tx->subject, "one");
}

static void
facts_of_an_ended_transaction_are_dropped(void **state)
{
	struct fixture *f = *state;

	for (unsigned i = 0; i < 200; i++)
		outcome_of(f, 250, 250, 0, 0, FACT_ABORT_RSET);
	f->make.tx = 199;
	assert_null(fact(f, FACT_RCPT, 250, "<late@b>"));
	f->make.tx = 3;
	assert_null(fact(f, FACT_RCPT, 250, "<late@b>"));
	f->make.tx = 200;
	assert_non_null(fact(f, FACT_MAIL, 250, "<new@b>"));
}

static void
too_many_open_ones_end_the_first(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	for (f->make.tx = 0; f->make.tx < 8; f->make.tx++) {
		apply(f, make_message(&f->make, 10, 1));
		assert_null(transactions_evicted(f->all));
	}
	apply(f, make_message(&f->make, 10, 1));
	tx = transactions_evicted(f->all);
	assert_non_null(tx);
	assert_int_equal(tx->tx_id, 0);
	assert_int_equal(tx->outcome, MAIL_UNKNOWN);
	assert_null(transactions_evicted(f->all));
}

static void
a_closed_connection_ends_what_is_open(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	fact(f, FACT_MAIL, 250, "<a@b>");
	assert_null(apply(f, make_closed(&f->make, 0)));
	tx = transactions_evicted(f->all);
	assert_true(tx->ended && !tx->empty);
	assert_int_equal(tx->outcome, MAIL_UNKNOWN);
	transactions_settle(f->all, tx);
	assert_null(transactions_evicted(f->all));
	assert_null(apply(f, make_closed(&f->make, 0)));
	assert_null(transactions_session(f->all, &f->make.record));
}

static void
depths_of_one_flow_are_sessions_apart(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;
	unsigned ended = 0;

	fact(f, FACT_MAIL, 250, "<outer@b>");
	f->make.session.depth = 1;
	assert_slice(fact(f, FACT_MAIL, 250, "<inner@b>")->mail_from, "<inner@b>");
	f->make.session.depth = 0;
	assert_slice(fact(f, FACT_RCPT, 250, "<c@d>")->mail_from, "<outer@b>");
	apply(f, make_closed(&f->make, 0));
	while ((tx = transactions_evicted(f->all)) != NULL) {
		transactions_settle(f->all, tx);
		ended++;
	}
	assert_int_equal(ended, 2);
}

static void
a_later_failure_keeps_the_authentication(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	apply(f, make_fact(&f->make, FACT_AUTH, 535, "PLAIN", "eve", ""));
	apply(f, make_fact(&f->make, FACT_AUTH, 235, "LOGIN", "alice", ""));
	apply(f, make_fact(&f->make, FACT_AUTH, 503, "PLAIN", "mallory", ""));
	tx = fact(f, FACT_MAIL, 250, "<a@b>");
	assert_true(tx->mail->auth.ok);
	assert_slice(tx->mail->auth.user, "alice");
	assert_slice(tx->mail->auth.mechanism, "LOGIN");
}

static void
recipients_beyond_the_limit_are_counted(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx = NULL;

	for (unsigned i = 0; i < 150; i++)
		tx = fact(f, FACT_RCPT, i < 140 ? 250 : 550, "<c@d>");
	assert_int_equal(tx->rcpt_count, 150);
	assert_int_equal(tx->rcpts_kept, TRANSACTION_RCPTS);
	assert_int_equal(tx->rcpt_accepted, 140);
	assert_int_equal(tx->rcpt_refused, 10);
}

static void
texts_are_bounded_and_marked(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx = NULL;
	char text[1900];

	memset(text, 'x', sizeof(text));
	for (unsigned i = 0; i < 60; i++)
		tx = apply(f, make_fact_slices(&f->make, FACT_RCPT, 250,
		    slice_of(text, sizeof(text)), slice_str(""), slice_str("")));
	assert_true(tx->cut);
	assert_false(tx->rcpt[0].cut);
	assert_int_equal(tx->rcpt[0].path.n, sizeof(text));
	assert_true(tx->rcpt[59].cut);
	for (unsigned i = 0; i < tx->rcpts_kept; i++)
		for (size_t n = 0; n < tx->rcpt[i].path.n; n++)
			assert_int_equal(tx->rcpt[i].path.p[n], 'x');
}

static void
a_cut_path_is_marked(void **state)
{
	struct fixture *f = *state;
	struct record *r = make_fact(&f->make, FACT_RCPT, 250, "<long", "", "");
	const struct transaction *tx;

	r->fact.flags = FACT_CUT;
	tx = apply(f, r);
	assert_true(tx->cut && tx->rcpt[0].cut);
	tx = fact(f, FACT_RCPT, 250, "<short@b>");
	assert_false(tx->rcpt[1].cut);
	assert_true(tx->cut);
}

static void
header_lists_are_bounded(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx = NULL;

	for (unsigned i = 0; i < 40; i++)
		tx = apply(f, make_header(&f->make, FACT_HEADER_CC, "c@d"));
	assert_int_equal(tx->cc_count, TRANSACTION_LIST);
	assert_true(tx->cut);
}

struct drained {
	unsigned told, empty;
};

static void
drain(struct fixture *f, struct drained *drained)
{
	const struct transaction *tx;

	while ((tx = transactions_evicted(f->all)) != NULL) {
		assert_true(tx->ended);
		assert_true(tx->slot < transactions_slots(f->all));
		assert_int_equal(tx->outcome, tx->empty ? MAIL_ABORTED : MAIL_UNKNOWN);
		assert_slice(tx->mail->server_name, "mx.example.org");
		transactions_settle(f->all, tx);
		drained->told++;
		drained->empty += tx->empty;
	}
}

/* Every transaction of 1000 sessions at once is told exactly once, in a table of 16. */
static void
a_full_table_gives_up_the_oldest(void **state)
{
	struct fixture *f = *state;
	struct drained drained = { 0 };

	for (uint64_t flow = 1; flow <= 1000; flow++) {
		make_session(&f->make, flow, "198.51.100.7", 40000, "192.0.2.25", 25);
		fact(f, FACT_GREETING, 220, "mx.example.org");
		drain(f, &drained);
		if (flow % 2 == 0)
			fact(f, FACT_MAIL, 250, "<a@b>");
		drain(f, &drained);
	}
	assert_int_equal(drained.told, 1000 - 16);
	assert_int_equal(drained.empty, 500 - 8);
	for (uint64_t flow = 1; flow <= 1000; flow++) {
		make_session(&f->make, flow, "198.51.100.7", 40000, "192.0.2.25", 25);
		apply(f, make_closed(&f->make, 0));
		drain(f, &drained);
	}
	assert_int_equal(drained.told, 1000);
	assert_int_equal(drained.empty, 500);
}

static void
scarce_text_ends_the_oldest(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;
	char text[1900];
	unsigned evicted = 0;

	memset(text, 'x', sizeof(text));
	for (uint64_t flow = 1; flow <= 10; flow++) {
		make_session(&f->make, flow, "198.51.100.7", 40000, "192.0.2.25", 25);
		for (unsigned i = 0; i < 20; i++) {
			tx = apply(f, make_fact_slices(&f->make, FACT_RCPT, 250,
			    slice_of(text, sizeof(text)), slice_str(""), slice_str("")));
			assert_false(tx->rcpt[i].cut);
			while ((tx = transactions_evicted(f->all)) != NULL) {
				transactions_settle(f->all, tx);
				evicted++;
			}
		}
	}
	assert_in_range(evicted, 6, 8);
}

static uint32_t
next_random(uint32_t *random, uint32_t below)
{
	*random = *random * 1664525 + 1013904223;
	return (*random >> 8) % below;
}

static const struct record *
random_record(struct fixture *f, uint32_t *random)
{
	static const char text[1200] = { 'x' };
	size_t n = next_random(random, 20) == 0 ? sizeof(text) : 20;
	enum fact_type type;
	struct record *r;

	f->make.session.flow_id = next_random(random, 40);
	f->make.session.depth = (uint8_t)next_random(random, 2);
	f->make.tx = next_random(random, 300) / 20;
	if (next_random(random, 50) == 0)
		return make_closed(&f->make, 0);
	type = (enum fact_type)next_random(random, FACT_TUNNEL_ASKED);
	r = make_fact_slices(&f->make, type, next_random(random, 2) == 0 ? 250 : 550,
	    slice_of(text, n), slice_str("a"), slice_str("b"));
	r->fact.header = (enum fact_header)next_random(random, 7);
	if (r->fact.type == FACT_ABORT)
		r->fact.abort = (enum fact_abort)next_random(random, 6);
	if (r->fact.type == FACT_ODDITY)
		r->fact.oddity = (enum fact_oddity)next_random(random, 5);
	return r;
}

/* Facts in no order at all, some transactions never settled. */
static void
nonsense_breaks_nothing(void **state)
{
	struct fixture *f = *state;
	uint32_t random = 1;

	for (unsigned i = 0; i < 300000; i++) {
		const struct record *record = random_record(f, &random);
		const struct transaction *tx = apply(f, record), *evicted;

		if (tx != NULL) {
			assert_true(tx->slot < transactions_slots(f->all));
			assert_true(transactions_session(f->all, record) == tx->mail);
		}
		while ((evicted = transactions_evicted(f->all)) != NULL) {
			assert_true(evicted->ended && evicted != tx);
			if (next_random(&random, 2) == 0)
				transactions_settle(f->all, evicted);
		}
		if (next_random(&random, 2) == 0)
			transactions_settle(f->all, tx);
	}
}

static void
settling_is_harmless(void **state)
{
	struct fixture *f = *state;
	const struct transaction *tx;

	transactions_settle(f->all, NULL);
	tx = fact(f, FACT_MAIL, 250, "<a@b>");
	transactions_settle(f->all, tx);
	tx = fact(f, FACT_FINAL, 250, "");
	transactions_settle(f->all, tx);
	transactions_settle(f->all, tx);
	f->make.tx++;
	/* Not settled at all: the next record frees it. */
	fact(f, FACT_MAIL, 250, "<a@b>");
	fact(f, FACT_FINAL, 250, "");
	f->make.tx++;
	assert_non_null(fact(f, FACT_MAIL, 250, "<a@b>"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_whole_transaction_is_put_together),
		TEST(outcomes_of_aborted_transactions),
		TEST(an_unsure_refusal_is_no_rejection),
		TEST(outcomes_of_final_replies),
		TEST(a_session_without_mail_gives_one_empty_transaction),
		TEST(a_refused_greeting_is_a_rejection),
		TEST(a_session_with_mail_gives_no_empty_one),
		TEST(tls_gives_one_empty_transaction),
		TEST(tls_without_starttls_is_implicit),
		TEST(tls_after_a_transaction_is_told_too),
		TEST(pipelined_transactions_are_kept_apart),
		TEST(a_reset_transaction_may_begin_after_the_next),
		TEST(facts_of_an_ended_transaction_are_dropped),
		TEST(too_many_open_ones_end_the_first),
		TEST(a_closed_connection_ends_what_is_open),
		TEST(depths_of_one_flow_are_sessions_apart),
		TEST(a_later_failure_keeps_the_authentication),
		TEST(recipients_beyond_the_limit_are_counted),
		TEST(texts_are_bounded_and_marked),
		TEST(a_cut_path_is_marked),
		TEST(header_lists_are_bounded),
		TEST(a_full_table_gives_up_the_oldest),
		TEST(scarce_text_ends_the_oldest),
		TEST(nonsense_breaks_nothing),
		TEST(settling_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
