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
