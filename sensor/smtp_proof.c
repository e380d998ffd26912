/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * One reply too many may mean that the server took a lookalike for the end of data, or
 * that the next command was lost. The first is sure when all commands behind the
 * lookalike have their replies, a second verdict among them, and the client said nothing
 * meanwhile.
 */
#include "smtp_state.h"

static bool
is_proof(const struct smtp *s)
{
	struct smtp_pending_entry e = { 0 };
	size_t at = 0;
	uint32_t verdicts = 0;

	for (uint32_t i = 0; i < s->proof_n; i++) {
		smtp_pending_get(&s->pending, &at, &e);
		if (!smtp_fits((enum smtp_pending_kind)e.kind, s->proof[i].code))
			return false;
		verdicts += e.kind == SMTP_PENDING_DOT;
	}
	return verdicts > 0;
}

void
smtp_proof_take(struct smtp *s)
{
	struct smtp_proof *proof = &s->proof[s->proof_n++];
	struct slice text = slice_head(smtp_reply_text(&s->reply), SMTP_PROOF_TEXT);
	uint16_t code = s->reply.code;

	proof->code = code;
	proof->n = (uint8_t)text.n;
	if (text.n > 0)
		memcpy(proof->text, text.p, text.n);
	smtp_reply_next(&s->reply);
	if (s->proof_n >= s->pending.count)
		smtp_proof_end(s, is_proof(s));
	else if (s->proof_n == SMTP_PROOF_MAX || code == 421)
		smtp_proof_end(s, false);
}

void
smtp_proof_end(struct smtp *s, bool sure)
{
	s->proving = false;
	if (!sure)
		s->unsure = SMTP_UNSURE_COMMANDS;
}

bool
smtp_proof_next(struct smtp *s)
{
	const struct smtp_proof *proof = &s->proof[s->proof_at];

	if (s->proving || s->proof_at == s->proof_n) {
		if (!s->proving)
			s->proof_at = s->proof_n = 0;
		return false;
	}
	s->proof_at++;
	s->reply.code = proof->code;
	s->reply.len = proof->n;
	s->reply.cut = s->reply.gap = s->reply.pipelining = false;
	s->reply.open = s->reply.ready = true;
	memcpy(s->reply.text, proof->text, proof->n);
	return true;
}
