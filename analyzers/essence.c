/* SPDX-License-Identifier: BSD-2-Clause */
#include "essence.h"

static struct slice
put(struct essence *e, struct slice text)
{
	size_t room = ESSENCE_TEXTS - e->used;
	struct slice copy;

	if (text.p == NULL)
		return text;
	copy = slice_head(text, ESSENCE_TEXT < room ? ESSENCE_TEXT : room);
	if (copy.n < text.n)
		e->cut = true;
	copy.p = memcpy(e->text + e->used, copy.p, copy.n);
	e->used += copy.n;
	return copy;
}

static void
keep_rcpts(struct essence *e, const struct transaction *tx)
{
	e->rcpt_count = tx->rcpt_count;
	e->rcpt_accepted = tx->rcpt_accepted;
	e->rcpt_refused = tx->rcpt_refused;
	for (uint32_t i = 0; i < tx->rcpts_kept && i < ESSENCE_RCPTS; i++)
		e->rcpt[e->rcpts_kept++] = (struct essence_rcpt){
			.path = put(e, tx->rcpt[i].path), .code = tx->rcpt[i].code };
}

static void
keep_mail(struct essence *e, const struct transaction *tx)
{
	e->has_mail = true;
	e->cut = tx->cut;
	e->helo = put(e, tx->mail->helo);
	e->mail_from = put(e, tx->mail_from);
	e->message_id = put(e, tx->message_id);
	e->subject = put(e, tx->subject);
	e->from = put(e, tx->from);
	keep_rcpts(e, tx);
	e->mail_code = tx->mail_code;
	e->data_code = tx->data_code;
	e->final_code = tx->final_code;
	e->outcome = tx->outcome;
	e->has_message = tx->has_message;
	e->size = tx->size;
}

void
essence_keep(struct essence *e, const struct alert *alert)
{
	e->alert = *alert;
	e->alert.mail = NULL;
	e->has_mail = false;
	e->cut = false;
	e->rcpts_kept = 0;
	e->used = 0;
	e->alert.domain = put(e, alert->domain);
	e->alert.target.host = put(e, alert->target.host);
	if (alert->mail != NULL && !alert->mail->empty)
		keep_mail(e, alert->mail);
}

static void
show_mail(const struct essence *e, struct essence_view *view)
{
	struct transaction *tx = &view->tx;

	view->mail.session = e->alert.session;
	view->mail.helo = e->helo;
	tx->mail = &view->mail;
	tx->tx_id = e->alert.tx_id;
	tx->cut = e->cut;
	tx->mail_from = e->mail_from;
	tx->message_id = e->message_id;
	tx->subject = e->subject;
	tx->from = e->from;
	tx->rcpt_count = e->rcpt_count;
	tx->rcpt_accepted = e->rcpt_accepted;
	tx->rcpt_refused = e->rcpt_refused;
	tx->rcpts_kept = e->rcpts_kept;
	for (uint32_t i = 0; i < e->rcpts_kept; i++)
		tx->rcpt[i] = (struct mail_rcpt){
			.path = e->rcpt[i].path, .code = e->rcpt[i].code };
	tx->mail_code = e->mail_code;
	tx->data_code = e->data_code;
	tx->final_code = e->final_code;
	tx->outcome = e->outcome;
	tx->has_message = e->has_message;
	tx->size = e->size;
}

const struct alert *
essence_show(const struct essence *e, struct essence_view *view)
{
	memset(view, 0, sizeof(*view));
	view->alert = e->alert;
	if (e->has_mail) {
		show_mail(e, view);
		view->alert.mail = &view->tx;
	}
	return &view->alert;
}
