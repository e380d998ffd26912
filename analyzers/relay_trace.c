/* SPDX-License-Identifier: BSD-2-Clause */
/* Trace headers: RFC 5321 section 4.4; their protocol names: RFC 3848, RFC 6531. */
#include "relay_trace.h"

#include <strings.h>
#include <xxhash.h>

#include "owner.h"

enum {
	PART = 8, /* of the messages remembered */
	SHARE_PERCENT = 25,
	HEADERS = 3, /* that a content filter and the server itself add */
};

int
relay_trace_init(struct relay_trace *trace, const struct conf_relay *conf)
{
	struct seen_limits limits = {
		.entries = conf->messages / PART,
		.keys = conf->messages / PART,
		.share_percent = SHARE_PERCENT,
		.entry_bytes = sizeof(struct relay_leg),
	};

	trace->window_us = conf->window_sec * INT64_C(1000000);
	trace->seen = seen_new(&limits);
	return trace->seen != NULL ? 0 : -1;
}

void
relay_trace_release(struct relay_trace *trace)
{
	seen_free(trace->seen);
	trace->seen = NULL;
}

static uint64_t
addr_key(const struct addr *addr)
{
	return XXH3_64bits(addr->b, sizeof(addr->b));
}

void
relay_trace_note(
    struct relay_trace *trace, const struct mail_session *mail, const struct origin *now)
{
	uint64_t key = addr_key(&mail->session.client.addr);
	uint32_t entry =
	    seen_add(trace->seen, owner_of_session(&mail->session), now->ts_us);
	struct relay_leg *leg = seen_entry(trace->seen, entry);

	relay_leg_of_session(leg, mail);
	leg->first_us = mail->session.start_us;
	leg->first_number = mail->session.start.number;
	leg->first_source = mail->session.start.source;
	leg->last_us = now->ts_us;
	seen_key(trace->seen, entry, key);
}

static bool
word_is(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp((const char *)s.p, word, s.n) == 0;
}

static struct slice
next_word(struct slice *text)
{
	struct slice s = *text;
	size_t n = 0;

	while (s.n > 0 && s.p[0] <= ' ') /* folded by any white space */
		s = slice_tail(s, 1);
	while (n < s.n && s.p[n] > ' ' && s.p[n] != ';')
		n++;
	*text = slice_tail(s, n < s.n && s.p[n] == ';' ? n + 1 : n);
	return slice_head(s, n);
}

struct trace {
	struct slice address; /* what stands in the first brackets */
	struct slice recipient;
	bool tls, authenticated;
};

static void
protocol(struct trace *t, struct slice word)
{
	if (word_is(word, "ESMTPS") || word_is(word, "UTF8SMTPS"))
		t->tls = true;
	if (word_is(word, "ESMTPA") || word_is(word, "ESMTPSA") ||
	    word_is(word, "UTF8SMTPA") || word_is(word, "UTF8SMTPSA"))
		t->authenticated = true;
}

static struct slice
in_brackets(struct slice s)
{
	const uint8_t *open = memchr(s.p, '[', s.n), *close;

	if (open == NULL)
		return slice_of(s.p, 0);
	s = slice_tail(s, (size_t)(open - s.p) + 1);
	close = memchr(s.p, ']', s.n);
	return slice_head(s, close != NULL ? (size_t)(close - s.p) : 0);
}

static struct trace
read_trace(struct slice text)
{
	struct trace t = { .address = in_brackets(text) };
	struct slice word;

	while (text.n > 0) {
		word = next_word(&text);
		if (word_is(word, "with"))
			protocol(&t, next_word(&text));
		else if (word_is(word, "for"))
			t.recipient = next_word(&text);
		else if (word_is(word, "(Authenticated"))
			t.authenticated = true;
	}
	return t;
}

static struct relay_leg *
session_of(const struct relay_trace *trace, struct slice text)
{
	char buf[ADDR_TEXT_MAX];
	struct addr addr;
	uint32_t link;

	if (text.n > 5 && strncasecmp((const char *)text.p, "IPv6:", 5) == 0)
		text = slice_tail(text, 5);
	if (text.n == 0 || text.n >= sizeof(buf))
		return NULL;
	memcpy(buf, text.p, text.n);
	buf[text.n] = '\0';
	if (addr_parse(buf, &addr) == -1)
		return NULL;
	link = seen_find(trace->seen, addr_key(&addr));
	return link != SEEN_NONE
		   ? seen_entry(trace->seen, seen_link_entry(trace->seen, link))
		   : NULL;
}

struct relay_leg *
relay_trace_find(const struct relay_trace *trace, const struct transaction *tx,
    const struct recipient_own *own, struct recipient *rcpt)
{
	for (unsigned i = 0; i < tx->received_count && i < HEADERS; i++) {
		struct relay_leg *leg;
		struct trace t;

		if (tx->received[i].n == 0)
			continue;
		t = read_trace(tx->received[i]);
		if (t.authenticated)
			return NULL;
		if (!t.tls || t.recipient.n == 0)
			continue;
		leg = session_of(trace, t.address);
		if (leg == NULL)
			continue;
		recipient_read(t.recipient, tx->cut, own, rcpt);
		return rcpt->class == RECIPIENT_FOREIGN ? leg : NULL;
	}
	return NULL;
}

void
relay_trace_expire(struct relay_trace *trace, int64_t now_us)
{
	seen_expire(trace->seen, now_us - trace->window_us);
}

void
relay_trace_stats(const struct relay_trace *trace, struct stats_visitor *v)
{
	const struct seen_counters *c = seen_counters(trace->seen);

	stats_show(v, "relay_tls", "sessions", c->entries);
	stats_show(v, "relay_tls", "evicted", c->evicted);
	stats_show(v, "relay_tls", "evicted_share", c->evicted_share);
	stats_show(v, "relay_tls", "expired", c->expired);
}
