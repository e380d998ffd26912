/* SPDX-License-Identifier: BSD-2-Clause */
#include "proto.h"

const struct proto *const proto_table[] = {
	&proto_smtp,
	&proto_smtps,
	&proto_http,
	&proto_socks,
	&proto_tls,
	&proto_web,
	&proto_ssh,
	&proto_telnet, /* its marks are the weakest */
	NULL,
};

enum proto_probe
proto_begins(struct slice text, const char *word)
{
	size_t n = strlen(word);

	if (memcmp(text.p, word, text.n < n ? text.n : n) != 0)
		return PROTO_NO;
	return text.n < n ? PROTO_MAYBE : PROTO_YES;
}

size_t
proto_state_max(void)
{
	size_t max = 0;

	for (size_t i = 0; proto_table[i] != NULL; i++) {
		if (proto_table[i]->state_bytes > max)
			max = proto_table[i]->state_bytes;
	}
	return max;
}
