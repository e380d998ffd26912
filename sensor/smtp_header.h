/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef RELAYWATCH_SMTP_HEADER_H
#define RELAYWATCH_SMTP_HEADER_H

/*
 * The unstuffed content of a message: the fields of its header block (RFC 5322), and its
 * body, which goes to the fingerprint. Part of smtp_message.c, for nobody else.
 */

#include "smtp_message.h"

/* Takes from the front of in up to the next event. */
enum smtp_message_event smtp_header_take(struct smtp_message *m, struct slice *in);

/* The field is over; told once, and only what we want. */
enum smtp_message_event smtp_header_end_field(struct smtp_message *m);

#endif
