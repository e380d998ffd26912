/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_STATE_H
#define RELAYWATCH_SMTP_STATE_H

/*
 * The state of one SMTP session, shared by the files of its parser and nobody else:
 * smtp_client.c tells the requester's commands from its messages, smtp_request.c runs and
 * queues the first, smtp_content.c reads the others, smtp_aside.c keeps what may be
 * commands behind their end, smtp_lost.c knows what a gap took,
 * smtp_match.c finds the command that a reply answers, smtp_answer.c tells what came of
 * it, and proto_smtp.c drives them.
 */

#include "proto.h"
#include "smtp_auth.h"
#include "smtp_command.h"
#include "smtp_message.h"
#include "smtp_pending.h"
#include "smtp_reply.h"

enum {
	SMTP_COMMAND_LINE =
	    2048,            /* RFC 5321 section 4.5.3.1.4 has 512, extensions more */
	SMTP_PATH_MAX = 512, /* RFC 5321 section 4.5.3.1.3 has 256 */
	SMTP_PARAMS_MAX = 512,
	SMTP_NAME_MAX = 255, /* RFC 5321 section 4.5.3.1.2 */
	SMTP_ODDITY_MAX = 200,
	SMTP_ASIDE_MAX = 2048, /* kept of what follows a lookalike of the end of data */
	SMTP_ASIDE_READS = 8,  /* of the same octets: then they are lost */
	SMTP_ASIDE_JUNK_MAX =
	    64,             /* lines before a command there: servers hang up sooner */
	SMTP_FACTS = 8,     /* the most that one step can tell */
	SMTP_JUNK_MAX = 16, /* lines that are no replies: then it is another protocol */
	SMTP_UNDECIDED_LINE = 512, /* a longer line behind DATA is no command */
};

enum smtp_client { /* what the requester's next bytes are */
	SMTP_CLIENT_COMMAND,
	SMTP_CLIENT_DATA_SENT, /* message or commands: nobody answered DATA yet */
	SMTP_CLIENT_MESSAGE,
	SMTP_CLIENT_CHUNK,     /* of BDAT */
	SMTP_CLIENT_AUTH_SENT, /* a response or a command: nobody answered yet */
	SMTP_CLIENT_AUTH,      /* a response: there was a prompt */
	SMTP_CLIENT_LOST, /* unknown, up to the next line that is a command or a dot */
	SMTP_CLIENT_LOST_MESSAGE, /* so, and a message was under way */
	SMTP_CLIENT_SKIP, /* text that the server takes for no message, up to there */
};

enum smtp_unsure {
	SMTP_SURE,
	SMTP_UNSURE_REPLIES,  /* some were lost */
	SMTP_UNSURE_COMMANDS, /* some were lost: who knows how many replies are due */
};

enum smtp_over {
	SMTP_OPEN,
	SMTP_CLOSING, /* what is pending is being told */
	SMTP_OVER,
};

enum { SMTP_ENDED_REQUESTER = 1, SMTP_ENDED_RESPONDER = 2 };

/* Replies that wait for those behind them, cut to what shows what they are. */
enum { SMTP_PROOF_MAX = 16, SMTP_PROOF_TEXT = 61 };

struct smtp_proof {
	uint16_t code;
	uint8_t n;
	uint8_t text[SMTP_PROOF_TEXT];
};

struct smtp_transaction { /* as the replies tell it */
	bool open;
	bool mail_refused, data_refused;
	bool doubted; /* a refusal may have been of DATA */
	uint32_t tx;
	uint32_t accepted, refused, unanswered; /* recipients */
};

/*
 * What every segment touches, and all else but texts that a short session needs, lies
 * together: from the end of the reply to the beginning of what is pending, with the end
 * of m not far off. Within, what bulk data touch comes first.
 */
struct smtp {
	/* Not cleared by init. */
	struct smtp_message m;
	uint8_t early_line[SMTP_ODDITY_MAX];
	struct smtp_auth auth;
	struct fact more[SMTP_FACTS - 1]; /* behind the first of a step */
	struct smtp_reply reply;

	/* For each step. */
	enum smtp_client client;
	enum smtp_over over;
	struct line line;
	uint8_t fact_at, fact_n; /* told of those, and how many there are */
	struct fact *fact;       /* where the caller wants it */
	uint64_t flush;          /* commands to be told without reply now */
	uint64_t late_lost;      /* so much is missing behind what is read again */
	bool flush_owed;
	bool tls, bad, finishing; /* m is over, its last facts are due */
	bool message;             /* m is being filled, for message_tx */
	bool chunks, chunk_last;  /* a message comes by BDAT; its last chunk does */
	bool requester_seen, responder_seen;
	bool waiting;    /* for the other direction, with requester's bytes left */
	bool reply_lost; /* some were since the last that came */
	bool aside_line; /* a command is looked for behind a lookalike */
	bool armed;      /* it was found: aside begins with it */
	bool proving;    /* what was smuggled is read, and replies to it are gathered */
	uint8_t proof_at, proof_n;
	/* To be read again: line_bytes and its line end; after it what is aside. */
	bool again_lf, again_crlf;
	uint16_t again_at, again_n;
	uint16_t late_at, late_n;
	bool late_dot; /* behind what is missing comes the end of a message */

	/* The requester's side. */
	bool tx_open;
	bool known;       /* a command of SMTP was seen */
	bool holed;       /* commands of holed_tx were lost in front of its message */
	bool message_any; /* there ever was a message */
	bool message_unsure;
	bool blind_message; /* a message ended, and no reply was ever seen */
	uint8_t oddities;   /* bits: those told */
	bool hello_first;   /* the first line is HELO or EHLO */
	bool any_line;
	uint32_t tx, tx_next; /* of the commands being read; of the next MAIL */
	uint32_t message_tx, holed_tx;
	uint8_t junk; /* refusals of those that may come before any other reply */
	bool line_used, aside_used; /* those bytes need wiping at the end */
	uint8_t auth_pending;
	bool starttls_sent;
	bool data_pending; /* DATA has no reply yet */
	bool data_kept;    /* the line behind it looks like a command */
	uint8_t early_n;

	/* Replies. */
	bool greeted, early, pipelining;
	bool greeting_seen, smtp_banner;
	bool lost_requester, lost_responder; /* something was, since the beginning */
	bool go_ahead_lost; /* replies were, and DATA was the last command */
	bool auth_open;     /* AUTH may have been lost; its reply would still come */
	bool blind;         /* that may have been lost, too */
	bool midstream;     /* the first reply that came was no greeting */
	/* One command at a time: then the next command settles what the replies before it
	 * were for. */
	bool lockstep, pipelined;
	bool alone; /* the last command came when none was pending */
	uint8_t
	    replies; /* since the last command, or since some were lost: 0, 1, 2 many */
	bool stray;  /* one of them, to which no command was known */
	bool lost_front;   /* the reply to the only pending command may be lost */
	bool tls_answered; /* 220 to STARTTLS: what follows tells */
	bool tls_maybe;    /* clear text followed, which may have been sent ahead */
	uint8_t tls_flags;
	enum smtp_unsure unsure;
	struct smtp_transaction t;
	enum fact_abort reason; /* for which the session ends */
	uint32_t told_next;     /* number of the next transaction, as the facts tell it */
	uint64_t debt;          /* replies to commands that were told without */

	/* The end. */
	uint16_t end_code;
	uint8_t ended;

	/* What is kept aside, and chunks. */
	uint8_t aside_junk;  /* lines in front of the command there */
	uint8_t aside_reads; /* since something came that is not of it */
	bool chunk_aside;    /* what is aside is the front of the chunk */
	uint16_t aside_n;
	uint16_t armed_len;
	enum smtp_message_likeness aside_likeness;
	uint64_t aside_lost; /* behind what is aside */
	uint64_t armed_size;
	uint64_t chunk_size, chunk_left;

	/* Not cleared by init. */
	struct smtp_pending pending;
	struct smtp_proof proof[SMTP_PROOF_MAX];
	uint8_t line_bytes[SMTP_COMMAND_LINE];
	uint8_t aside[SMTP_ASIDE_MAX];
};

/* A fact to be told; fill it in. */
struct fact *smtp_say(struct smtp *s, enum fact_type type, uint32_t tx);
void smtp_say_text(struct fact *fact, unsigned index, struct slice text, size_t max);
void smtp_say_oddity(struct smtp *s, enum fact_oddity oddity, struct slice line);

/* The next n commands are told without reply; owed: their replies may still come. */
void smtp_flush(struct smtp *s, uint64_t n, bool owed);
/* The session is over: for that reason, or because TLS begins. */
void smtp_close(struct smtp *s, enum fact_abort reason);

/* smtp_client.c */
/* False when the bytes must wait for a reply. */
bool smtp_client_take(struct smtp *s, struct slice *in);
bool smtp_client_must_wait(const struct smtp *s);
/* Reads again what was kept; false when there is none. */
bool smtp_client_again(struct smtp *s);
static inline bool
smtp_client_has_kept(const struct smtp *s)
{
	return s->again_n > 0 || s->again_lf || s->late_n > 0 || s->late_lost > 0;
}

/* smtp_lost.c */
void smtp_client_gap(struct smtp *s, uint64_t n);
/* Commands were lost. */
void smtp_client_lose(struct smtp *s);
/* What could not be kept of what lay aside. */
void smtp_client_pass_lost(struct smtp *s);

/* smtp_request.c */
void smtp_run_command(
    struct smtp *s, struct slice line, const struct smtp_command *command);
/* Lines that may hold a secret, known as such or not, are not left behind. */
void smtp_forget_line(
    struct smtp *s, struct slice line, const struct smtp_command *command);
/* Queues a command for its reply. */
void smtp_push_plain(struct smtp *s, enum smtp_pending_kind kind, unsigned flags);
/* Commands that need a transaction open one where MAIL is missing: flags for the queue.
 */
unsigned smtp_implicit_transaction(struct smtp *s);

/* smtp_content.c */
void smtp_begin_message(struct smtp *s, bool chunks);
void smtp_take_message(struct smtp *s, struct slice *in);
void smtp_take_chunk(struct smtp *s, struct slice *in);
void smtp_end_chunk(struct smtp *s);
void smtp_read_again(struct smtp *s, struct slice line);
void smtp_say_message_event(struct smtp *s, enum smtp_message_event event);
void smtp_client_end_message(struct smtp *s);
void smtp_client_finish(struct smtp *s);
/* A 354 came, to the DATA of that transaction where it is known: is it
 * now that the message begins? */
bool smtp_client_go_ahead(struct smtp *s, const uint32_t *tx);
/* DATA or a chunk was refused. */
void smtp_client_refused(struct smtp *s, uint32_t tx, bool chunk);
/* A verdict came before the end of the message was seen; false: there is no message. */
bool smtp_client_verdict(struct smtp *s, uint16_t code);
/* BDAT is answered as a command that nobody knows, or not now, while its chunk is being
 * read: that was no chunk. */
bool smtp_client_is_no_chunk(const struct smtp *s, uint32_t tx, uint16_t code);
void smtp_client_undo_chunk(struct smtp *s);
/* The verdict on a last chunk may come before its end, which is not waited for then. */
bool smtp_client_is_in_last_chunk(const struct smtp *s, uint32_t tx);
void smtp_client_cut_chunk(struct smtp *s);
/* A chunk is accepted long before its end: of its size the server took 32 bits, as Exim
 * does. */
bool smtp_client_is_short_chunk(
    const struct smtp *s, const struct smtp_pending_entry *e, uint16_t code);
void smtp_client_end_short_chunk(struct smtp *s);

/* smtp_aside.c */
void smtp_aside_keep(struct smtp *s, struct slice seen);
/* What was seen behind a lookalike. */
void smtp_aside_take(struct smtp *s, struct slice seen);
/* A lookalike: the first of those that servers are most likely to take for the end. */
void smtp_aside_begin(struct smtp *s);
/* What was kept comes next, and then what was not. */
void smtp_aside_read(struct smtp *s);
/* Only commands behind it, or words of acceptance, tell that a lookalike was the end. */
bool smtp_aside_was_end(const struct smtp *s, uint16_t code);
/* So it was, and there is something behind it. */
void smtp_aside_end_message(struct smtp *s);
/* Commands behind a lookalike that the server took for the end: read them as such. */
bool smtp_client_smuggled(struct smtp *s);

/* A reply, or the want of one: code 0. */
struct smtp_answer {
	uint16_t code;
	bool cut;
	struct slice text;
};

static inline bool
smtp_is_accepted(uint16_t code)
{
	return code >= 200 && code < 300;
}

static inline bool
smtp_is_refused(uint16_t code)
{
	return code >= 400;
}

/* smtp_answer.c */
void smtp_answer_command(struct smtp *s, const struct smtp_pending_entry *e,
    const struct slice text[2], const struct smtp_answer *a);
/* The oldest command goes without reply. */
void smtp_unanswered(struct smtp *s);
struct fact *smtp_say_answer(struct smtp *s, enum fact_type type, uint32_t tx,
    const struct smtp_answer *a, unsigned text);
void smtp_begin_transaction(struct smtp *s, uint32_t tx);
void smtp_end_transaction(struct smtp *s, enum fact_abort reason);
void smtp_tell_starttls(struct smtp *s, bool ok);

/* smtp_match.c */
void smtp_match(struct smtp *s);
/* Whether a command of that kind is what a server answers so. */
bool smtp_fits(enum smtp_pending_kind kind, uint16_t code);

/* smtp_proof.c */
/* The reply may be to a smuggled command: it is gathered. */
void smtp_proof_take(struct smtp *s);
/* What was gathered as replies to smuggled commands is that, or may be. */
void smtp_proof_end(struct smtp *s, bool sure);
/* Puts the next gathered reply back; false when there is none. */
bool smtp_proof_next(struct smtp *s);

/* smtp_probe.c */
enum proto_probe smtp_probe(
    struct slice requester, struct slice responder, unsigned flags);

#endif
