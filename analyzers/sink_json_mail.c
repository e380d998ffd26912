/* SPDX-License-Identifier: BSD-2-Clause */
#include "json_parts.h"
#include "text.h"

static struct json_object *
rcpt_paths(const struct transaction *tx, unsigned *marks)
{
	struct json_object *list = json_object_new_array_ext((int)tx->rcpts_kept);

	for (uint32_t i = 0; i < tx->rcpts_kept; i++)
		json_object_array_add(list, json_text(tx->rcpt[i].path, marks));
	return list;
}

static struct json_object *
texts(const struct slice *list, uint32_t count, unsigned *marks)
{
	struct json_object *array = json_object_new_array_ext((int)count);

	for (uint32_t i = 0; i < count; i++)
		json_object_array_add(array, json_text(list[i], marks));
	return array;
}

/* EVE lists addresses, not header fields. */
static struct json_object *
addresses(const struct slice *list, uint32_t count, unsigned *marks)
{
	struct json_object *array = json_object_new_array_ext((int)count);
	struct slice address;

	for (uint32_t i = 0; i < count; i++) {
		struct slice rest = list[i];

		while (text_next_address(&rest, &address))
			json_object_array_add(array, json_text(address, marks));
	}
	return array;
}

static struct json_object *
smtp_object(const struct transaction *tx, unsigned *marks)
{
	struct json_object *smtp = json_object_new_object();

	json_put_text(smtp, "helo", tx->mail->helo, marks);
	json_put_text(smtp, "mail_from", tx->mail_from, marks);
	json_put_filled(smtp, "rcpt_to", rcpt_paths(tx, marks));
	return smtp;
}

static struct json_object *
email_object(const struct transaction *tx, unsigned *marks)
{
	struct json_object *email = json_object_new_object();

	json_put_text(email, "from", tx->from, marks);
	json_put_filled(email, "to", addresses(tx->to, tx->to_count, marks));
	json_put_filled(email, "cc", addresses(tx->cc, tx->cc_count, marks));
	json_put_text(email, "subject", tx->subject, marks);
	json_put_text(email, "message_id", tx->message_id, marks);
	json_put_text(email, "date", tx->date, marks);
	json_put_filled(
	    email, "received", texts(tx->received, tx->received_count, marks));
	return email;
}

void
json_put_mail(struct json_object *to, const struct transaction *tx, unsigned *marks)
{
	json_put_filled(to, "smtp", smtp_object(tx, marks));
	json_put_filled(to, "email", email_object(tx, marks));
}

static struct json_object *
rcpt_replies(const struct transaction *tx, unsigned *marks)
{
	struct json_object *list = json_object_new_array_ext((int)tx->rcpts_kept);

	for (uint32_t i = 0; i < tx->rcpts_kept; i++) {
		struct json_object *rcpt = json_object_new_object();

		json_put_text(rcpt, "addr", tx->rcpt[i].path, marks);
		json_put_code(rcpt, "code", tx->rcpt[i].code);
		if (tx->rcpt[i].code != 0)
			json_put_text(rcpt, "reply", tx->rcpt[i].reply, marks);
		json_object_array_add(list, rcpt);
	}
	return list;
}

static void
put_auth(struct json_object *to, const struct mail_auth *auth, unsigned *marks)
{
	struct json_object *object;

	if (!auth->tried)
		return;
	object = json_object_new_object();
	json_put_text(object, "mechanism", auth->mechanism, marks);
	if (auth->user.n != 0)
		json_put_text(object, "user", auth->user, marks);
	json_put(object, "ok", json_object_new_boolean(auth->ok));
	json_put(to, "auth", object);
}

static void
put_oddities(struct json_object *to, uint32_t oddities)
{
	static const char *const name[] = {
		[FACT_ODDITY_HTTP] = "http",
		[FACT_ODDITY_EARLY_TALK] = "early-talk",
		[FACT_ODDITY_UNPIPELINED] = "unpipelined",
		[FACT_ODDITY_BARE_LF_DOT] = "bare-lf-dot",
		[FACT_ODDITY_COMMAND_AFTER_DOT] = "command-after-dot",
	};
	struct json_object *list = json_object_new_array();

	for (unsigned i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		if ((oddities & 1u << i) != 0)
			json_object_array_add(list, json_object_new_string(name[i]));
	}
	json_put_filled(to, "oddities", list);
}

/* How far away the client's TCP and its commands are. */
static void
put_rtt(struct json_object *to, const struct round_trip *rt)
{
	struct json_object *object;
	uint16_t samples = rt->tcp_samples < rt->command_samples ? rt->tcp_samples
								 : rt->command_samples;

	if (samples == 0 || rt->tcp_us < 0 || rt->command_us < 0)
		return;
	object = json_object_new_object();
	json_put_ms(object, "tcp_ms", rt->tcp_us);
	json_put_ms(object, "command_ms", rt->command_us);
	json_put_number(object, "samples", samples);
	json_put(to, "rtt", object);
}

/* The last that the server said to the message: its final reply, else that to DATA. */
static uint16_t
data_code(const struct transaction *tx)
{
	return tx->final_code != 0 ? tx->final_code : tx->data_code;
}

static struct json_object *
relaywatch_object(const struct transaction *tx, unsigned *marks)
{
	struct json_object *object = json_object_new_object();

	json_put_code(object, "mail_code", tx->mail_code);
	json_put(object, "rcpt", rcpt_replies(tx, marks));
	json_put_number(object, "rcpt_count", tx->rcpt_count);
	json_put_number(object, "rcpt_accepted", tx->rcpt_accepted);
	json_put_code(object, "data_code", data_code(tx));
	json_put_string(object, "outcome", mail_outcome_name(tx->outcome));
	put_auth(object, &tx->mail->auth, marks);
	json_put_string(object, "tls", mail_tls_name(tx->mail->tls));
	if (tx->has_message)
		json_put_number(object, "size", tx->size);
	if (tx->body_bytes != 0)
		json_put_hash(object, "body_hash", tx->body_hash);
	if (tx->mail->server_name.n != 0)
		json_put_text(object, "server_name", tx->mail->server_name, marks);
	put_oddities(object, tx->mail->oddities);
	put_rtt(object, &tx->mail->session.round_trip);
	json_put_via(object, "via", &tx->mail->session);
	if (tx->empty)
		json_put_true(object, "no_transaction");
	return object;
}

/* Too long, too many, or lost on the way. */
static bool
is_cut(const struct transaction *tx, unsigned marks)
{
	return (marks & TEXT_CUT) != 0 || tx->rcpt_count > tx->rcpts_kept ||
	    (tx->flags & FACT_UNSURE) != 0 ||
	    (tx->ended && tx->final_code == 0 && tx->abort == FACT_ABORT_LOST);
}

struct json_object *
json_smtp_event(const struct sink_names *names, const struct transaction *tx)
{
	unsigned marks = tx->cut ? TEXT_CUT : 0;
	struct json_object *event, *object;

	event = json_head(names, "smtp", &tx->mail->session, &tx->last, &tx->tx_id);
	json_put_mail(event, tx, &marks);
	object = relaywatch_object(tx, &marks);
	if (is_cut(tx, marks))
		json_put_true(object, "cut");
	if ((marks & TEXT_NOT_UTF8) != 0)
		json_put_true(object, "not_utf8");
	json_put(event, "relaywatch", object);
	return event;
}
