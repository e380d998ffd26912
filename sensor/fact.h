/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_FACT_H
#define RELAYWATCH_FACT_H

/*
 * What a protocol parser can say: what happened, not who said it. Types only. The slices
 * are lent until the parser is called again. Text is raw bytes off the wire, cut to the
 * limits of its parser (FACT_CUT); whoever prints it must escape it.
 */

#include "bytes.h"

/*
 * text[] by type, in this order. Replies are text without code, continuation lines joined
 * by one space, enhanced status code included. "tx" counts the mail transactions of the
 * session from 0; a fact of no transaction carries the number of the next one.
 *
 * Within a transaction facts come in the order of the commands: MAIL, RCPT..., DATA, then
 * HEADER..., MESSAGE, FINAL; but with BDAT and PIPELINING, or when replies were not
 * captured, HEADER and MESSAGE may come before MAIL and RCPT, whose facts wait for their
 * reply. A reply that never came has code 0. Every transaction ends with exactly one
 * FINAL or ABORT.
 */
enum fact_type {
	FACT_NONE,

	/* SMTP, RFC 5321 */
	FACT_GREETING, /* code; server name, reply. Also a 4xx/5xx greeting */
	FACT_HELO, /* code; client name, server name (first word of the reply), reply */
	FACT_AUTH, /* code (0 unknown), ok; mechanism, user (may be empty), reply.
		      Code 220: XCLIENT, the client claimed the login for another */
	FACT_STARTTLS, /* code, ok: the server said 220 and TLS records, or nothing
			  readable, follow. A session that goes on in clear text after 220
			  (a middlebox decrypts it) gives no FACT_TLS */
	FACT_TLS,      /* TLS begins: nothing more is readable. No text */
	FACT_MAIL,     /* code; reverse-path as on the wire with its brackets, ESMTP
			  parameters, reply */
	FACT_RCPT,     /* code; forward-path as on the wire with its brackets, ESMTP
			  parameters, reply */
	FACT_DATA,   /* code: 354 (or 2xx to the first BDAT) the message follows, 4xx/5xx
			DATA refused; reply. No HEADER or MESSAGE follows a refusal */
	FACT_HEADER, /* header (enum fact_header); value unfolded */
	FACT_HEADERS_END, /* the message's own header block is over */
	FACT_MESSAGE,     /* the end of the message as the client sent it: size in octets
			     (after
			     dot-unstuffing), body_hash, body_bytes */
	FACT_FINAL,  /* code: the final reply to the message; reply. The verdict on it */
	FACT_ABORT,  /* the transaction ended without a final reply: abort says how */
	FACT_END,    /* the session is over: code of the reply to QUIT, or 421, or 0 */
	FACT_ODDITY, /* something a sane client does not do: oddity; the line */

	/* Proxies: SOCKS, HTTP, telnet gateways. tx counts the requests of the layer. */
	FACT_TUNNEL_ASKED,   /* tunnel (enum fact_tunnel), port; host as asked for (no
				brackets), user, first line of the request, where text */
	FACT_TUNNEL_GRANTED, /* code; FACT_UNSURE: weak, a web server answers so too */
	FACT_TUNNEL_REFUSED, /* code; reply */
	FACT_TUNNEL_INNER, /* what the granted stream carries; name of its protocol, empty
			      where no parser claims it. Then once more, FACT_UNSURE,
			      where its looks have a name. Told by the layers */
	FACT_TUNNEL_END,   /* size: bytes to the target, size_back: to the client */

	FACT_WEB_HOST, /* a request to a web server: host as its Host field has it. Only
			  the first of a connection whose opener was lately asked to
			  fetch something by name, and inside tunnels */
};

enum fact_header {
	FACT_HEADER_FROM,
	FACT_HEADER_TO,
	FACT_HEADER_CC,
	FACT_HEADER_SUBJECT,
	FACT_HEADER_DATE,
	FACT_HEADER_MESSAGE_ID,
	FACT_HEADER_RECEIVED, /* the first FACT_RECEIVED_MAX, topmost first */
};

enum fact_abort {
	FACT_ABORT_RSET,    /* RSET, HELO/EHLO, or a new MAIL in its place */
	FACT_ABORT_QUIT,    /* QUIT or 421 */
	FACT_ABORT_CLOSED,  /* the connection ended */
	FACT_ABORT_TLS,     /* STARTTLS: the rest is hidden */
	FACT_ABORT_REFUSED, /* MAIL itself, every RCPT, or DATA was refused, and the
			       client went on to something else */
	FACT_ABORT_LOST,    /* a gap swallowed what would have told */
};

enum fact_oddity {
	FACT_ODDITY_HTTP,        /* HTTP request or header lines where commands belong */
	FACT_ODDITY_EARLY_TALK,  /* the client spoke before the banner */
	FACT_ODDITY_UNPIPELINED, /* commands sent ahead without PIPELINING offered */
	FACT_ODDITY_BARE_LF_DOT, /* an end-of-data look-alike inside the message
				    (smuggling): with a bare LF, or with bare CR or
				    NUL and a command behind it */
	FACT_ODDITY_COMMAND_AFTER_DOT, /* commands behind a look-alike: see RFC
					  5321 4.1.1.4 */
};

enum fact_tunnel {
	FACT_TUNNEL_HTTP_CONNECT,
	FACT_TUNNEL_HTTP_POST, /* POST, PUT: with a body */
	FACT_TUNNEL_HTTP_GET,  /* other methods with an absolute URI */
	FACT_TUNNEL_SOCKS4,
	FACT_TUNNEL_SOCKS4A,
	FACT_TUNNEL_SOCKS5,
	FACT_TUNNEL_TELNET,
};

enum fact_flag {
	FACT_CUT = 0x01, /* a text was longer than its limit, or the snap length or a gap
			    took part of it. Of SMTP's paths, names and fields */
	FACT_UNSURE =
	    0x02, /* matched after a gap: code and command may not belong together */
	FACT_BDAT = 0x04,     /* the message came by BDAT (RFC 3030) */
	FACT_EXTENDED = 0x08, /* EHLO, not HELO */
	FACT_CUT_MORE =
	    0x10,          /* SMTP: the parameters or the reply were cut, not the path */
	FACT_BLIND = 0x20, /* MAIL, RCPT: both directions lost something since the
			      connection's begin, so that AUTH may have passed unseen */
	FACT_HOLED = 0x40  /* FINAL: commands in front of the message were lost, so that
			      there may be other recipients */
};

enum { FACT_TEXTS = 3, FACT_TEXT_MAX = 2000, FACT_RECEIVED_MAX = 8 };

struct fact {
	enum fact_type type;
	uint8_t flags; /* enum fact_flag */
	bool ok;
	union {
		enum fact_header header;
		enum fact_abort abort;
		enum fact_oddity oddity;
		enum fact_tunnel tunnel;
	};
	uint16_t code;
	uint16_t port; /* TUNNEL_ASKED: the port asked for */
	uint32_t tx;
	uint64_t size, size_back;
	uint64_t body_hash;  /* XXH3-64, seed 0, over the first body_bytes octets of the
				body  in DKIM relaxed form (RFC 6376 section 3.4.4) */
	uint32_t body_bytes; /* at most 4096; 0: no body */
	struct slice text[FACT_TEXTS]; /* all together at most FACT_TEXT_MAX */
};

#endif
