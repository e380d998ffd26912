/* SPDX-License-Identifier: BSD-2-Clause */
#include "envelope.h"

#include <strings.h>

enum { XCLIENT_TAKEN = 220 }; /* AUTH's is 235 */

bool
envelope_is_transaction(enum fact_type type)
{
	switch (type) {
	case FACT_MAIL:
	case FACT_RCPT:
	case FACT_DATA:
	case FACT_HEADER:
	case FACT_HEADERS_END:
	case FACT_MESSAGE:
	case FACT_FINAL:
	case FACT_ABORT:
		return true;
	default:
		return false;
	}
}

bool
envelope_is_session(enum fact_type type)
{
	switch (type) {
	case FACT_GREETING:
	case FACT_HELO:
	case FACT_AUTH:
	case FACT_STARTTLS:
	case FACT_TLS:
	case FACT_END:
	case FACT_ODDITY:
		return true;
	default:
		return false;
	}
}

static struct slice
keep(uint8_t *to, size_t max, struct slice text)
{
	text = slice_head(text, max);
	if (text.n != 0)
		memcpy(to, text.p, text.n);
	return slice_of(to, text.n);
}

/* What a server says that turns a client away is no name. */
static void
greeting_fact(
    struct mail_session *mail, struct envelope_texts *texts, const struct record *record)
{
	mail->greeting_code = record->fact.code;
	if (record->fact.code / 100 != 2)
		return;
	mail->banner_name =
	    keep(texts->banner_name, sizeof(texts->banner_name), record_text(record, 0));
	if (mail->server_name.n == 0)
		mail->server_name = mail->banner_name;
}

static bool
is_same_name(struct slice a, struct slice b)
{
	while (a.n > 0 && a.p[a.n - 1] == '.')
		a.n--;
	while (b.n > 0 && b.p[b.n - 1] == '.')
		b.n--;
	return a.n == b.n && a.n > 0 &&
	       strncasecmp((const char *)a.p, (const char *)b.p, a.n) == 0;
}

/* Some servers begin with a word of their own, "Hello": that is no host name. */
static bool
is_host_name(struct slice name)
{
	return name.n > 0 && (name.p[0] == '[' || memchr(name.p, '.', name.n) != NULL);
}

/* A server may repeat what the client called itself: that does not make it its own name.
 * The banner, which comes before, it cannot take from the client. */
static void
helo_fact(
    struct mail_session *mail, struct envelope_texts *texts, const struct record *record)
{
	struct slice name = record_text(record, 1);

	mail->helo = keep(texts->helo, sizeof(texts->helo), record_text(record, 0));
	if (record->fact.code / 100 != 2 || name.n == 0 ||
	    (is_same_name(name, mail->helo) && !is_same_name(name, mail->banner_name)) ||
	    (!is_host_name(name) && mail->banner_name.n > 0))
		return;
	mail->server_name = keep(texts->server_name, sizeof(texts->server_name), name);
}

/* A later failure does not undo a success: the session stays authenticated. */
static void
auth_fact(
    struct mail_session *mail, struct envelope_texts *texts, const struct record *record)
{
	struct mail_auth *auth = &mail->auth;

	if (auth->ok && !(auth->claimed && record->fact.ok))
		return;
	auth->tried = true;
	auth->ok = record->fact.ok;
	auth->claimed = auth->ok && record->fact.code == XCLIENT_TAKEN;
	auth->code = record->fact.code;
	auth->mechanism =
	    keep(texts->mechanism, sizeof(texts->mechanism), record_text(record, 0));
	auth->user = keep(texts->user, sizeof(texts->user), record_text(record, 1));
}

static bool
starts_with(struct slice line, const char *word)
{
	return slice_equal(slice_head(line, strlen(word)), slice_str(word));
}

static void
oddity_fact(struct mail_session *mail, const struct record *record)
{
	struct slice line = record_text(record, 0);

	mail->oddities |= 1u << record->fact.oddity;
	if (record->fact.oddity == FACT_ODDITY_HTTP)
		mail->posted |= starts_with(line, "POST ") || starts_with(line, "PUT ");
}

static void
tls_fact(struct mail_session *mail)
{
	mail->tls = mail->starttls_granted ? MAIL_TLS_STARTTLS : MAIL_TLS_IMPLICIT;
}

void
envelope_session_fact(
    struct mail_session *mail, struct envelope_texts *texts, const struct record *record)
{
	if (record->fact.code != 0)
		mail->has_greeting = true;
	switch (record->fact.type) {
	case FACT_GREETING:
		greeting_fact(mail, texts, record);
		break;
	case FACT_HELO:
		helo_fact(mail, texts, record);
		break;
	case FACT_AUTH:
		auth_fact(mail, texts, record);
		break;
	case FACT_STARTTLS:
		mail->starttls_granted = record->fact.ok;
		break;
	case FACT_TLS:
		tls_fact(mail);
		break;
	case FACT_ODDITY:
		oddity_fact(mail, record);
		break;
	default:
		break;
	}
}

struct keeper { /* where a transaction's texts go */
	struct transaction *tx;
	struct arena *arena;
	struct pool *blocks;
};

static struct slice
put(struct keeper *k, struct slice text)
{
	return arena_put(k->arena, k->blocks, TRANSACTION_TEXT_BLOCKS, text, &k->tx->cut);
}

static void
put_first(struct keeper *k, struct slice *field, struct slice text)
{
	if (field->p == NULL)
		*field = put(k, text);
}

static void
put_listed(struct keeper *k, struct slice list[static TRANSACTION_LIST], uint32_t *count,
    struct slice text)
{
	if (*count < TRANSACTION_LIST)
		list[(*count)++] = put(k, text);
	else
		k->tx->cut = true;
}

static void
header_fact(struct keeper *k, enum fact_header header, struct slice value)
{
	struct transaction *tx = k->tx;

	switch (header) {
	case FACT_HEADER_FROM:
		put_first(k, &tx->from, value);
		break;
	case FACT_HEADER_TO:
		put_listed(k, tx->to, &tx->to_count, value);
		break;
	case FACT_HEADER_CC:
		put_listed(k, tx->cc, &tx->cc_count, value);
		break;
	case FACT_HEADER_SUBJECT:
		put_first(k, &tx->subject, value);
		break;
	case FACT_HEADER_DATE:
		put_first(k, &tx->date, value);
		break;
	case FACT_HEADER_MESSAGE_ID:
		put_first(k, &tx->message_id, value);
		break;
	case FACT_HEADER_RECEIVED:
		put_listed(k, tx->received, &tx->received_count, value);
		break;
	}
}

/* It may have been the answer to something that was lost. */
static bool
is_unsure_refusal(const struct record_fact *fact)
{
	return fact->code >= 400 && (fact->flags & FACT_UNSURE) != 0;
}

static void
mail_fact(struct keeper *k, const struct record *record)
{
	k->tx->mail_code = record->fact.code;
	k->tx->refusal_unsure |= is_unsure_refusal(&record->fact);
	k->tx->mail_from = put(k, record_text(record, 0));
}

static void
rcpt_fact(struct keeper *k, const struct record *record)
{
	struct transaction *tx = k->tx;
	bool cut_before = tx->cut;
	struct mail_rcpt *rcpt;

	tx->rcpt_count++;
	tx->refusal_unsure |= is_unsure_refusal(&record->fact);
	if (record->fact.code / 100 == 2)
		tx->rcpt_accepted++;
	else if (record->fact.code >= 400)
		tx->rcpt_refused++;
	if (tx->rcpts_kept == TRANSACTION_RCPTS)
		return;
	rcpt = &tx->rcpt[tx->rcpts_kept++];
	*rcpt = (struct mail_rcpt){ .code = record->fact.code };
	tx->cut = false;
	rcpt->path = put(k, record_text(record, 0));
	rcpt->cut = tx->cut || (record->fact.flags & FACT_CUT) != 0;
	rcpt->reply = put(k, record_text(record, 2));
	tx->cut |= cut_before;
}

static void
message_fact(struct transaction *tx, const struct record_fact *fact)
{
	tx->has_message = true;
	tx->whole = (fact->flags & (FACT_CUT | FACT_CUT_MORE | FACT_UNSURE)) == 0;
	tx->headers_ended = true;
	tx->size = fact->size;
	tx->body_hash = fact->body_hash;
	tx->body_bytes = fact->body_bytes;
}

static bool
all_refused(const struct transaction *tx)
{
	return tx->mail_code >= 400 || tx->data_code >= 400 ||
	       (tx->rcpt_count != 0 && tx->rcpt_refused == tx->rcpt_count);
}

static enum mail_outcome
refused_or(const struct transaction *tx, enum mail_outcome otherwise)
{
	if (!all_refused(tx))
		return otherwise;
	return tx->refusal_unsure ? MAIL_UNKNOWN : MAIL_REJECTED;
}

static enum mail_outcome
final_outcome(uint16_t code)
{
	if (code / 100 == 2)
		return MAIL_DELIVERED;
	return code >= 400 ? MAIL_REJECTED : MAIL_UNKNOWN;
}

static enum mail_outcome
abort_outcome(const struct transaction *tx)
{
	switch (tx->abort) {
	case FACT_ABORT_LOST: /* the gap may have held a recipient that was accepted */
		return MAIL_UNKNOWN;
	case FACT_ABORT_REFUSED:
		return refused_or(tx, MAIL_REJECTED);
	case FACT_ABORT_TLS:
		return refused_or(tx, MAIL_UNKNOWN);
	case FACT_ABORT_RSET:
		return refused_or(tx, MAIL_RESET);
	default:
		return refused_or(tx, MAIL_ABORTED);
	}
}

static void
end_fact(struct keeper *k, const struct record *record)
{
	struct transaction *tx = k->tx;

	tx->ended = true;
	if (record->fact.type == FACT_FINAL) {
		tx->final_code = record->fact.code;
		tx->outcome = final_outcome(tx->final_code);
	} else {
		tx->abort = record->fact.abort;
		tx->outcome = abort_outcome(tx);
	}
}

void
envelope_transaction_fact(struct transaction *tx, struct arena *arena,
    struct pool *blocks, const struct record *record)
{
	struct keeper k = { .tx = tx, .arena = arena, .blocks = blocks };

	tx->flags |= record->fact.flags;
	tx->cut |= (record->fact.flags & (FACT_CUT | FACT_CUT_MORE)) != 0;
	switch (record->fact.type) {
	case FACT_MAIL:
		mail_fact(&k, record);
		break;
	case FACT_RCPT:
		rcpt_fact(&k, record);
		break;
	case FACT_DATA:
		tx->data_code = record->fact.code;
		if (tx->data_code >= 400) /* that alone decides */
			tx->refusal_unsure = is_unsure_refusal(&record->fact);
		break;
	case FACT_HEADER:
		header_fact(&k, record->fact.header, record_text(record, 0));
		break;
	case FACT_HEADERS_END:
		tx->headers_ended = true;
		break;
	case FACT_MESSAGE:
		message_fact(tx, &record->fact);
		break;
	case FACT_FINAL:
	case FACT_ABORT:
		end_fact(&k, record);
		break;
	default:
		break;
	}
}
