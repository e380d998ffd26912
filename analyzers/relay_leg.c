/* SPDX-License-Identifier: BSD-2-Clause */
#include "relay_leg.h"

#include <xxhash.h>

enum {
	MESSAGE_ID_MIN = 5,     /* `<a@b>`; less tells nothing apart */
	BODY_ALONE_MIN = 64,    /* octets: shorter ones are equal by chance */
	SKEW_US = 10 * 1000000, /* between the clocks of two captures */
};

static uint64_t
hash64(struct slice s)
{
	uint64_t h = XXH3_64bits(s.p, s.n);

	return h != 0 ? h : 1;
}

static uint32_t
hash32(struct slice s)
{
	uint32_t h = (uint32_t)hash64(s);

	return h != 0 ? h : 1;
}

static uint32_t
addr_hash32(const struct addr *addr)
{
	return hash32(slice_of(addr->b, sizeof(addr->b)));
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && s.p[0] <= ' ')
		s = slice_tail(s, 1);
	while (s.n > 0 && s.p[s.n - 1] <= ' ')
		s.n--;
	return s;
}

static uint32_t
text_hash(struct slice s)
{
	s = trim(s);
	return s.n > 0 ? hash32(s) : 0;
}

/* Splits at the first, or the last, c. */
static bool
split(struct slice s, uint8_t c, bool last, struct slice *before, struct slice *after)
{
	for (size_t i = 0; i < s.n; i++) {
		size_t at = last ? s.n - 1 - i : i;

		if (s.p[at] != c)
			continue;
		*before = slice_head(s, at);
		*after = slice_tail(s, at + 1);
		return true;
	}
	return false;
}

static bool
skip_prefix(struct slice *s, const char *prefix)
{
	size_t n = strlen(prefix);

	if (s->n < n || memcmp(s->p, prefix, n) != 0)
		return false;
	*s = slice_tail(*s, n);
	return true;
}

/* `hash=time=domain=user`, and before it `hash=forwarder==` in the second form. */
static bool
split_srs(struct slice s, bool second, struct slice *user, struct slice *domain)
{
	struct slice field;

	while (second) {
		if (!split(s, '=', false, &field, &s))
			return false;
		second = s.n == 0 || s.p[0] != '=';
	}
	skip_prefix(&s, "=");
	return split(s, '=', false, &field, &s) && split(s, '=', false, &field, &s) &&
	       split(s, '=', false, domain, user);
}

/*
 * Who is embedded in the sender local@domain, in lower case: SRS (SRS0=..=domain=user,
 * SRS1=..), BATV (prvs=tag=user, btv1==tag==user) and the forms of VERP that end with
 * user=domain.
 */
static bool
split_embedded(struct slice local, struct slice *user, struct slice *domain)
{
	struct slice field, rest = local;
	bool second = skip_prefix(&rest, "srs1");

	if ((second || skip_prefix(&rest, "srs0")) && rest.n > 0)
		return split_srs(slice_tail(rest, 1), second, user, domain);
	if (skip_prefix(&rest, "btv1=="))
		return split(rest, '=', false, &field, user) && skip_prefix(user, "=");
	if (skip_prefix(&rest, "prvs="))
		return split(rest, '=', false, &field, user);
	if (!split(local, '=', true, user, domain) ||
	    memchr(domain->p, '.', domain->n) == NULL)
		return false;
	split(*user, '+', true, &field, user);
	return true;
}

static uint32_t
original_hash(struct slice path)
{
	uint8_t buf[FACT_TEXT_MAX + 1];
	struct slice local, domain, user;
	size_t n = 0;

	if (!split(path, '@', true, &local, &domain) ||
	    !split_embedded(local, &user, &domain) || user.n + domain.n >= sizeof(buf))
		return hash32(path);
	for (size_t i = 0; i < user.n; i++)
		buf[n++] = user.p[i];
	buf[n++] = '@';
	for (size_t i = 0; i < domain.n; i++)
		buf[n++] = domain.p[i];
	return hash32(slice_of(buf, n));
}

/* Addresses compare without case, as recipients do. */
static void
set_sender(struct relay_leg *leg, struct slice path)
{
	uint8_t buf[FACT_TEXT_MAX];

	buf[0] = '\0';
	path = slice_head(trim(path), sizeof(buf));
	for (size_t i = 0; i < path.n; i++)
		buf[i] =
		    path.p[i] >= 'A' && path.p[i] <= 'Z' ? path.p[i] | 0x20 : path.p[i];
	path.p = buf;
	if (path.n >= 2 && buf[0] == '<' && buf[path.n - 1] == '>')
		path = slice_of(buf + 1, path.n - 2);
	leg->sender = hash32(path);
	leg->original_sender = original_hash(path);
	if (path.n == 0)
		leg->flags |= RELAY_LEG_NULL_SENDER;
}

void
relay_leg_of_session(struct relay_leg *leg, const struct mail_session *mail)
{
	const struct session *s = &mail->session;

	leg->client = s->client.addr;
	leg->client_port = s->client.port;
	leg->server = s->server.addr;
	leg->server_port = s->server.port;
	leg->relay = session_service(s)->addr;
	leg->relay_port = session_service(s)->port;
	leg->flow_id = s->flow_id;
	leg->app_proto = s->app_proto;
	leg->start_us = s->start_us;
	leg->start_number = s->start.number;
	leg->start_source = s->start.source;
	leg->vlan_layers = s->vlan_layers;
	memcpy(leg->vlan, s->vlan, sizeof(leg->vlan));
	leg->tls = (uint8_t)mail->tls;
}

void
relay_leg_begin(struct relay_leg *leg, const struct transaction *tx)
{
	relay_leg_of_session(leg, tx->mail);
	leg->tx_id = tx->tx_id;
	leg->slot = tx->slot;
	leg->first_us = tx->first.ts_us;
	leg->first_number = tx->first.number;
	leg->first_source = tx->first.source;
	leg->last_us = tx->last.ts_us;
	leg->flags = RELAY_LEG_OPEN | (tx->mail->auth.claimed ? RELAY_LEG_CLAIMED : 0u);
}

static void
add_trace(struct relay_leg *leg, struct slice text)
{
	char buf[ADDR_TEXT_MAX];
	struct addr addr;
	unsigned i = 0;

	if (text.n > 5 && memcmp(text.p, "IPv6:", 5) == 0)
		text = slice_tail(text, 5);
	if (text.n == 0 || text.n >= sizeof(buf))
		return;
	memcpy(buf, text.p, text.n);
	buf[text.n] = '\0';
	while (i < RELAY_TRACES && leg->trace[i] != 0)
		i++;
	if (i < RELAY_TRACES && addr_parse(buf, &addr) == 0)
		leg->trace[i] = addr_hash32(&addr);
}

/* RFC 5321 section 4.4: the address of the client stands in brackets. */
static void
add_traces(struct relay_leg *leg, struct slice received)
{
	const uint8_t *open, *close;

	while ((open = memchr(received.p, '[', received.n)) != NULL) {
		received = slice_tail(received, (size_t)(open - received.p) + 1);
		close = memchr(received.p, ']', received.n);
		if (close == NULL)
			return;
		add_trace(leg, slice_head(received, (size_t)(close - received.p)));
	}
}

static void
update_trace(struct relay_leg *leg, const struct transaction *tx, bool outbound)
{
	memset(leg->trace, 0, sizeof(leg->trace));
	if (!outbound) {
		leg->trace[0] = addr_hash32(&leg->client);
		return;
	}
	/* The topmost may be a hop inside (a content filter). */
	for (unsigned i = 0; i < tx->received_count && i < 2; i++) {
		if (tx->received[i].n > 0)
			add_traces(leg, tx->received[i]);
	}
}

void
relay_leg_update(struct relay_leg *leg, const struct transaction *tx, bool outbound)
{
	struct slice id = trim(tx->message_id);

	leg->last_us = tx->last.ts_us;
	leg->message_id = id.n >= MESSAGE_ID_MIN ? hash64(id) : 0;
	leg->subject = text_hash(tx->subject);
	leg->date = text_hash(tx->date);
	if (tx->mail_from.n > 0)
		set_sender(leg, tx->mail_from);
	if (tx->whole)
		leg->flags |= RELAY_LEG_WHOLE;
	if (tx->has_message && tx->body_bytes > 0) {
		leg->body = tx->body_hash;
		leg->body_bytes = (uint16_t)tx->body_bytes;
	}
	update_trace(leg, tx, outbound);
}

bool
relay_carried(const struct transaction *tx)
{
	if (tx->data_code >= 400)
		return false;
	return tx->has_message || tx->headers_ended || tx->message_id.n > 0 ||
	       tx->subject.n > 0 || tx->received_count > 0 || tx->from.n > 0 ||
	       (tx->final_code >= 200 && tx->final_code < 300);
}

struct session
relay_leg_session(const struct relay_leg *leg, bool outbound)
{
	struct session s = {
		.flow_id = leg->flow_id,
		.client = { .addr = leg->client,
		    .port = leg->client_port,
		    .home = outbound },
		.server = { .addr = leg->server,
		    .port = leg->server_port,
		    .home = !outbound },
		.vlan_layers = leg->vlan_layers,
		.start_us = leg->start_us,
		.start = { .ts_us = leg->start_us,
		    .number = leg->start_number,
		    .source = leg->start_source },
		.app_proto = leg->app_proto,
	};

	memcpy(s.vlan, leg->vlan, sizeof(s.vlan));
	return s;
}

struct alert_leg
relay_leg_alert(const struct relay_leg *leg, bool outbound)
{
	struct session s = relay_leg_session(leg, outbound);

	return (struct alert_leg){
		.outbound = outbound,
		.client = s.client,
		.server = s.server,
		.flow_id = leg->flow_id,
		.first_us = leg->first_us,
		.last_us = leg->last_us,
		.origin = { .ts_us = leg->first_us,
		    .number = leg->first_number,
		    .source = leg->first_source },
		.tls = (enum mail_tls)leg->tls,
	};
}

/* One index holds keys of several kinds. */
static uint64_t
tagged(uint64_t hash, uint64_t tag)
{
	return (hash ^ tag) * UINT64_C(0x9e3779b97f4a7c15);
}

uint64_t
relay_rcpt_key(uint64_t address_hash)
{
	return tagged(address_hash, 0);
}

uint64_t
relay_attempt_key(uint64_t address_hash)
{
	return tagged(address_hash, 1);
}

uint64_t
relay_message_id_key(const struct relay_leg *leg)
{
	return tagged(leg->message_id, 2);
}

uint64_t
relay_body_key(const struct relay_leg *leg)
{
	return tagged(leg->body + leg->body_bytes, 3);
}

static bool
same_trace(const struct relay_leg *in, const struct relay_leg *out)
{
	for (unsigned i = 0; i < RELAY_TRACES; i++) {
		if (in->trace[0] != 0 && in->trace[0] == out->trace[i])
			return true;
	}
	return false;
}

static unsigned
same_content(const struct relay_leg *in, const struct relay_leg *out)
{
	unsigned bits = 0;

	if (in->message_id != 0 && in->message_id == out->message_id)
		bits |= ALERT_EVIDENCE_OUTBOUND_MESSAGE_ID;
	if (in->body_bytes != 0 && in->body == out->body &&
	    in->body_bytes == out->body_bytes)
		bits |= ALERT_EVIDENCE_OUTBOUND_BODY;
	if (in->sender != 0 && in->sender == out->sender &&
	    (in->flags & RELAY_LEG_NULL_SENDER) == 0) /* which says nothing */
		bits |= ALERT_EVIDENCE_OUTBOUND_SENDER;
	if (in->subject != 0 && in->subject == out->subject)
		bits |= ALERT_EVIDENCE_OUTBOUND_SUBJECT;
	if (same_trace(in, out))
		bits |= ALERT_EVIDENCE_OUTBOUND_RECEIVED;
	return bits;
}

static bool
differs(uint64_t a, uint64_t b)
{
	return a != 0 && b != 0 && a != b;
}

/* A sender that embeds the other, or is made local so, is neither the same nor another.
 */
static bool
is_other_sender(const struct relay_leg *in, const struct relay_leg *out)
{
	return differs(in->sender, out->sender) &&
	       in->original_sender != out->original_sender &&
	       in->original_sender != out->sender && in->sender != out->original_sender;
}

/* Relays add a Date, a Message-ID, a From, but never a Subject. */
static bool
is_other_subject(const struct relay_leg *in, const struct relay_leg *out)
{
	return differs(in->subject, out->subject) ||
	       (in->subject == 0 && out->subject != 0 &&
		   (in->flags & RELAY_LEG_WHOLE) != 0) ||
	       (out->subject == 0 && in->subject != 0 &&
		   (out->flags & RELAY_LEG_WHOLE) != 0);
}

static bool
is_other_content(const struct relay_leg *in, const struct relay_leg *out)
{
	return differs(in->message_id, out->message_id) ||
	       differs(in->body_bytes == 0 ? 0 : in->body,
		   out->body_bytes == 0 ? 0 : out->body) ||
	       is_other_subject(in, out) || differs(in->date, out->date);
}

/*
 * Both legs are for the same recipient; is it the same message, or somebody else's to the
 * same person? Compared is what is known of both: Message-ID, body, sender, Subject,
 * Date, and whether the trace of the outbound leg names the client. One that agrees will
 * do, whatever else was rewritten; but a sender of ours may have written both letters, or
 * be a forgery in one. Where none agrees, one that differs makes it another message;
 * where nothing can be compared the recipient alone tells. A null sender in place of a
 * sender is a bounce, which has a Message-ID, a body and a Subject of its own.
 */
static bool
is_same_message(const struct relay_leg *in, const struct relay_leg *out, unsigned same)
{
	const unsigned content = ALERT_EVIDENCE_OUTBOUND_MESSAGE_ID |
				 ALERT_EVIDENCE_OUTBOUND_BODY |
				 ALERT_EVIDENCE_OUTBOUND_SUBJECT;
	bool bounce = (out->flags & RELAY_LEG_NULL_SENDER) != 0 && in->sender != 0 &&
		      (in->flags & RELAY_LEG_NULL_SENDER) == 0;

	if (bounce && (same & content) == 0)
		return false;
	if (in->date != 0 && in->date == out->date)
		return true;
	if (same == ALERT_EVIDENCE_OUTBOUND_SENDER &&
	    (in->flags & RELAY_LEG_OWN_SENDER) != 0)
		return !is_other_content(in, out);
	if (same != 0)
		return true;
	return !is_other_content(in, out) && !is_other_sender(in, out);
}

/* What leaves after the server refused the message came in once more: greylisting, or the
 * same client logged in. */
static bool
is_too_late(const struct relay_leg *in, const struct relay_leg *out)
{
	return (in->flags & RELAY_LEG_REFUSED) != 0 && out->first_us > in->last_us;
}

unsigned
relay_legs_match(const struct relay_leg *in, const struct relay_leg *out, bool same_rcpt,
    bool rcpt_only)
{
	unsigned same = same_content(in, out);

	if ((in->flags & out->flags & RELAY_LEG_CARRIED) == 0 ||
	    out->last_us + SKEW_US < in->first_us || is_too_late(in, out))
		return 0;
	if (((in->flags | out->flags) & RELAY_LEG_UNSURE) != 0 &&
	    !(same_rcpt && relay_evidence_keys(same) > 0))
		return 0;
	if (same_rcpt)
		return is_same_message(in, out, same)
			   ? same | ALERT_EVIDENCE_OUTBOUND_RCPT
			   : 0;
	if (rcpt_only || (in->flags & RELAY_LEG_MIXED) != 0)
		return 0;
	if ((same & ALERT_EVIDENCE_OUTBOUND_MESSAGE_ID) != 0)
		return same;
	if ((same & ALERT_EVIDENCE_OUTBOUND_BODY) == 0)
		return 0;
	if (in->body_bytes >= BODY_ALONE_MIN ||
	    (same & ~(unsigned)ALERT_EVIDENCE_OUTBOUND_BODY) != 0)
		return same;
	return 0;
}

unsigned
relay_evidence_keys(unsigned evidence)
{
	return ((evidence & ALERT_EVIDENCE_OUTBOUND_RCPT) != 0) +
	       ((evidence & ALERT_EVIDENCE_OUTBOUND_MESSAGE_ID) != 0) +
	       ((evidence & ALERT_EVIDENCE_OUTBOUND_BODY) != 0) +
	       ((evidence & ALERT_EVIDENCE_OUTBOUND_RECEIVED) != 0);
}

unsigned
relay_evidence_weight(unsigned evidence)
{
	static const struct {
		unsigned bit, weight;
	} weights[] = {
		{ ALERT_EVIDENCE_OUTBOUND_MESSAGE_ID, 32 },
		{ ALERT_EVIDENCE_OUTBOUND_RCPT, 24 },
		{ ALERT_EVIDENCE_OUTBOUND_BODY, 16 },
		{ ALERT_EVIDENCE_OUTBOUND_RECEIVED, 8 },
		{ ALERT_EVIDENCE_OUTBOUND_SENDER, 2 },
		{ ALERT_EVIDENCE_OUTBOUND_SUBJECT, 1 },
	};
	unsigned sum = 0;

	for (size_t i = 0; i < sizeof(weights) / sizeof(*weights); i++)
		sum += (evidence & weights[i].bit) != 0 ? weights[i].weight : 0;
	return sum;
}
