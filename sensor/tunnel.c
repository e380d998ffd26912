/* SPDX-License-Identifier: BSD-2-Clause */
#include "tunnel.h"

void
tunnel_init(struct tunnel *tunnel, uint32_t tx)
{
	*tunnel = (struct tunnel){ .tx = tx };
}

static void
append(struct tunnel *tunnel, uint8_t *to, uint16_t *n, size_t max, struct slice text)
{
	size_t room = max - *n;

	if (text.n > room) {
		tunnel->cut = true;
		text.n = room;
	}
	if (text.n > 0)
		memcpy(to + *n, text.p, text.n);
	*n = (uint16_t)(*n + text.n);
}

void
tunnel_add_host(struct tunnel *tunnel, struct slice text)
{
	append(tunnel, tunnel->host, &tunnel->host_n, TUNNEL_HOST_MAX, text);
}

void
tunnel_add_user(struct tunnel *tunnel, struct slice text)
{
	append(tunnel, tunnel->user, &tunnel->user_n, TUNNEL_USER_MAX, text);
}

void
tunnel_add_line(struct tunnel *tunnel, struct slice text)
{
	append(tunnel, tunnel->line, &tunnel->line_n, TUNNEL_LINE_MAX, text);
}

void
tunnel_set_target(struct tunnel *tunnel, const struct target *target)
{
	tunnel->host_n = 0;
	tunnel_add_host(tunnel, target->host);
	tunnel->port = target->port;
}

void
tunnel_set_addr(struct tunnel *tunnel, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];

	tunnel->host_n = 0;
	tunnel_add_host(tunnel, slice_str(addr_format(addr, text)));
}

void
tunnel_asked(const struct tunnel *tunnel, struct fact *fact)
{
	*fact = (struct fact){
		.type = FACT_TUNNEL_ASKED,
		.flags = tunnel->cut ? FACT_CUT : 0,
		.tunnel = tunnel->kind,
		.port = tunnel->port,
		.tx = tunnel->tx,
		.text = { slice_of(tunnel->host, tunnel->host_n),
		    slice_of(tunnel->user, tunnel->user_n),
		    slice_of(tunnel->line, tunnel->line_n) },
	};
}

void
tunnel_granted(const struct tunnel *tunnel, uint16_t code, bool sure, struct fact *fact)
{
	*fact = (struct fact){
		.type = FACT_TUNNEL_GRANTED,
		.flags = sure ? 0 : FACT_UNSURE,
		.tunnel = tunnel->kind,
		.code = code,
		.tx = tunnel->tx,
	};
}

void
tunnel_refused(
    const struct tunnel *tunnel, uint16_t code, struct slice reply, struct fact *fact)
{
	*fact = (struct fact){
		.type = FACT_TUNNEL_REFUSED,
		.flags = reply.n > TUNNEL_LINE_MAX ? FACT_CUT : 0,
		.tunnel = tunnel->kind,
		.code = code,
		.tx = tunnel->tx,
		.text = { slice_head(reply, TUNNEL_LINE_MAX) },
	};
}

bool
tunnel_is_to_mail(const struct tunnel *tunnel)
{
	return tunnel->port == 25 || tunnel->port == 465 || tunnel->port == 587 ||
	       tunnel->port == 2525;
}
