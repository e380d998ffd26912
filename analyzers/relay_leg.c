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

/* Addresses compare without case, as recipients do. */
static uint32_t
sender_hash(struct slice path)
{
	uint8_t buf[FACT_TEXT_MAX];

	path = slice_head(trim(path), sizeof(buf));
	for (size_t i = 0; i < path.n; i++)
		buf[i] =
		    path.p[i] >= 'A' && path.p[i] <= 'Z' ? path.p[i] | 0x20 : path.p[i];
	path.p = buf;
	if (path.n >= 2 && buf[0] == '<' && buf[path.n - 1] == '>')
		path = slice_of(buf + 1, path.n - 2);
	return hash32(path);
}

static uint32_t
voice_of(const struct mail_session *mail)
{
	if (mail->server_name.n == 0 || mail->helo.n == 0)
		return 0;
	return hash32(mail->server_name) * 31 + hash32(mail->helo);
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
	leg->voice = voice_of(mail);
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
	leg->flags = RELAY_LEG_OPEN;
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
	leg->sender = tx->mail_from.n > 0 ? sender_hash(tx->mail_from) : 0;
	if (leg->sender == hash32(slice_of("", 0)))
		leg->flags |= RELAY_LEG_NULL_SENDER;
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

/* Everything is known of both and nothing is the same: somebody else's letter to the same
 * person. Also a bounce, by its null sender, to a sender who is the recipient. */
static bool
is_other_message(const struct relay_leg *in, const struct relay_leg *out, unsigned same)
{
	bool ids = in->message_id != 0 && out->message_id != 0;
	bool bodies = in->body_bytes != 0 && out->body_bytes != 0;
	bool bounce = (out->flags & RELAY_LEG_NULL_SENDER) != 0 &&
		      (in->flags & RELAY_LEG_NULL_SENDER) == 0;

	if (same != 0 || !ids || !bodies)
		return false;
	if (bounce)
		return true;
	return in->sender != 0 && out->sender != 0 && in->subject != 0 &&
	       out->subject != 0 && in->date != 0 && out->date != 0 &&
	       in->date != out->date;
}

unsigned
relay_legs_match(const struct relay_leg *in, const struct relay_leg *out, bool same_rcpt,
    bool rcpt_only)
{
	unsigned same = same_content(in, out);

	if ((in->flags & out->flags & RELAY_LEG_CARRIED) == 0 ||
	    out->last_us + SKEW_US < in->first_us ||
	    (in->voice != 0 && in->voice == out->voice))
		return 0;
	if (((in->flags | out->flags) & RELAY_LEG_UNSURE) != 0 &&
	    !(same_rcpt && relay_evidence_keys(same) > 0))
		return 0;
	if (same_rcpt)
		return is_other_message(in, out, same)
			   ? 0
			   : same | ALERT_EVIDENCE_OUTBOUND_RCPT;
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
