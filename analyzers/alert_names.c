/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdio.h>

#include "alert.h"
#include "text.h"

const char *
alert_kind_name(enum alert_kind kind)
{
	static const char *const name[ALERT_KINDS] = {
		[ALERT_RELAY] = "relay",
		[ALERT_PROXY] = "proxy",
		[ALERT_PROXY_USE] = "proxy-use",
	};

	return name[kind];
}

const char *
alert_verdict_name(enum alert_verdict verdict)
{
	static const char *const name[ALERT_VERDICTS] = {
		[ALERT_NO_VERDICT] = "none",
		[ALERT_ATTEMPTED] = "attempted",
		[ALERT_REFUSED] = "refused",
		[ALERT_SUSPECTED] = "suspected",
		[ALERT_RCPT_ACCEPTED] = "rcpt-accepted",
		[ALERT_ACCEPTED] = "accepted",
		[ALERT_GRANTED] = "granted",
		[ALERT_TUNNELED] = "tunneled",
		[ALERT_CONFIRMED] = "confirmed",
	};

	return name[verdict];
}

const char *
alert_mechanism_name(enum alert_mechanism mechanism)
{
	static const char *const name[ALERT_MECHANISMS] = {
		[ALERT_PLAIN] = "plain",
		[ALERT_PERCENT] = "percent",
		[ALERT_BANG] = "bang",
		[ALERT_SOURCE_ROUTE] = "source-route",
		[ALERT_QUOTED] = "quoted",
		[ALERT_DOUBLE_AT] = "double-at",
		[ALERT_LITERAL] = "literal",
		[ALERT_NO_DOMAIN] = "no-domain",
		[ALERT_HTTP_CONNECT] = "http-connect",
		[ALERT_HTTP_POST] = "http-post",
		[ALERT_HTTP_GET] = "http-get",
		[ALERT_SOCKS4] = "socks4",
		[ALERT_SOCKS4A] = "socks4a",
		[ALERT_SOCKS5] = "socks5",
		[ALERT_TELNET] = "telnet",
		[ALERT_TCP_FORWARD] = "tcp-forward",
		[ALERT_ENCRYPTED] = "encrypted",
		[ALERT_REVERSE] = "reverse",
	};

	return name[mechanism];
}

enum alert_mechanism
alert_mechanism_of(enum fact_tunnel tunnel)
{
	static const uint8_t mechanism[] = {
		[FACT_TUNNEL_HTTP_CONNECT] = ALERT_HTTP_CONNECT,
		[FACT_TUNNEL_HTTP_POST] = ALERT_HTTP_POST,
		[FACT_TUNNEL_HTTP_GET] = ALERT_HTTP_GET,
		[FACT_TUNNEL_SOCKS4] = ALERT_SOCKS4,
		[FACT_TUNNEL_SOCKS4A] = ALERT_SOCKS4A,
		[FACT_TUNNEL_SOCKS5] = ALERT_SOCKS5,
		[FACT_TUNNEL_TELNET] = ALERT_TELNET,
	};

	return (enum alert_mechanism)mechanism[tunnel];
}

const char *
alert_confidence_name(enum alert_confidence confidence)
{
	static const char *const name[] = {
		[ALERT_LOW] = "low",
		[ALERT_MEDIUM] = "medium",
		[ALERT_HIGH] = "high",
	};

	return name[confidence];
}

static const char *
evidence_word(const struct alert *alert, unsigned bit, char buf[static ALERT_WORD_MAX])
{
	static const char *const word[ALERT_EVIDENCES] = {
		NULL, /* with codes */
		NULL,
		"outbound-rcpt",
		"outbound-message-id",
		"outbound-body",
		"outbound-sender",
		"outbound-subject",
		"outbound-received",
		"outbound-attempt",
		"unrelated-domains",
		"outbound-syn",
		"banner-match",
		"symmetry",
		"size",
		"rtt-gap",
		"http-lines",
		"early-talk",
		"xclient",
	};

	if (word[bit] != NULL)
		return word[bit];
	snprintf(buf, ALERT_WORD_MAX, "%s-code-%u", bit == 0 ? "rcpt" : "data",
	    bit == 0 ? alert->rcpt_code : alert->data_code);
	return buf;
}

const char *
alert_evidence_next(
    const struct alert *alert, unsigned *bit, char buf[static ALERT_WORD_MAX])
{
	while (*bit < ALERT_EVIDENCES) {
		unsigned b = (*bit)++;

		if ((alert->evidence & 1u << b) != 0)
			return evidence_word(alert, b, buf);
	}
	return NULL;
}

/*
 * Techniques are MITRE ATT&CK's. Mail relayed or tunneled for others is hijacked
 * bandwidth (T1496.002), through a proxy (T1090, T1090.002 where it is outside, T1572
 * where the tunnel is opaque); what was refused is scanning for weaknesses (T1595.002).
 */
#define RELAYING  "Misuse of Mail Relay", { "T1496.002" }
#define PROXYING  "Misuse of Proxy", { "T1090", "T1496.002" }
#define OPAQUE    "Misuse of Proxy", { "T1090", "T1572" }
#define OUTSIDE   "Misuse of Proxy", { "T1090.002" }
#define ATTEMPT   "Attempted Misuse", { "T1595.002" }

static const struct alert_signature signatures[] = {
	{ 1001, 1, "open relay: third-party mail accepted and forwarded", RELAYING },
	{ 1002, 2, "open relay: third-party mail accepted", RELAYING },
	{ 1003, 2, "open relay: third-party recipient accepted", RELAYING },
	{ 1004, 3, "relay attempt refused", ATTEMPT },
	{ 1005, 3, "relaying suspected", RELAYING },
	{ 2001, 1, "open proxy: mail tunneled, outbound leg confirmed", PROXYING },
	{ 2002, 1, "open proxy: mail tunneled", PROXYING },
	{ 2003, 2, "open proxy: connection to a mail port", PROXYING },
	{ 2004, 3, "proxy attempt to a mail port refused or unanswered", ATTEMPT },
	{ 2005, 1, "mail forwarded byte for byte by a host that is no mail server",
	    PROXYING },
	{ 2006, 2, "mail tunneled through an encrypted or opaque connection", OPAQUE },
	{ 2007, 2, "mail sent on orders from outside", PROXYING },
	{ 2008, 3, "SMTP client reaches us through a proxy", OUTSIDE },
	{ 2009, 2, "open proxy: an outside client was connected to an outside host "
		   "(not mail)", PROXYING },
	{ 2010, 3, "proxy attempt from outside (not mail) refused or unanswered",
	    ATTEMPT },
	{ 2011, 3, "an inside host sends mail through an outside proxy", OUTSIDE },
};

const struct alert_signature *
alert_signature(uint32_t id)
{
	for (size_t i = 0; i < sizeof(signatures) / sizeof(signatures[0]); i++) {
		if (signatures[i].id == id)
			return &signatures[i];
	}
	return NULL;
}

char *
alert_text(const struct alert *alert, char buf[static ALERT_TEXT_MAX])
{
	const struct alert_signature *signature = alert_signature(alert->signature_id);
	char domain[256];
	unsigned marks = 0;

	if (signature == NULL) {
		snprintf(buf, ALERT_TEXT_MAX, "signature %u", alert->signature_id);
		return buf;
	}
	text_clean(alert->domain, domain, sizeof(domain), &marks);
	if (signature->id == 1002 && domain[0] != '\0')
		snprintf(buf, ALERT_TEXT_MAX,
		    "%s for %s: is it yours? then add it to local-domains",
		    signature->text, domain);
	else
		snprintf(buf, ALERT_TEXT_MAX, "%s", signature->text);
	return buf;
}
