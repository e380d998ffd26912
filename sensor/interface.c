/* SPDX-License-Identifier: BSD-2-Clause */
#include "interface.h"

#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FRAME_AROUND = 26, /* of an Ethernet frame: header, two VLAN tags, checksum */
	RETRY_MAX_CHECKS = 32,
};

/* What the packet socket is bound to; false where it is none. */
static bool
bound_to(const struct interface *i, struct sockaddr_ll *address)
{
	socklen_t n = sizeof(*address);

	return getsockname(i->packet_fd, (struct sockaddr *)address, &n) == 0 &&
	       address->sll_family == AF_PACKET;
}

int
interface_init(struct interface *i, const char *name, int packet_fd, bool promiscuous)
{
	struct sockaddr_ll address;

	*i = (struct interface){ .packet_fd = packet_fd, .retry_after = 1 };
	snprintf(i->name, sizeof(i->name), "%s", name);
	/* Interfaces are asked about through any socket; this kind needs no network. */
	i->ask_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	i->any = strcmp(name, "any") == 0 || !bound_to(i, &address);
	i->promiscuous = promiscuous && !i->any;
	if (!i->any)
		i->kind = address.sll_hatype;
	return i->ask_fd != -1 ? 0 : -1;
}

void
interface_release(struct interface *i)
{
	if (i->ask_fd != -1)
		close(i->ask_fd);
	i->ask_fd = -1;
}

/* About the interface that has our name now. False where there is none. */
static bool
ask(const struct interface *i, unsigned long what, struct ifreq *answer)
{
	*answer = (struct ifreq){ 0 };
	memcpy(answer->ifr_name, i->name, sizeof(answer->ifr_name));
	return ioctl(i->ask_fd, what, answer) == 0;
}

/*
 * Neither bind(2) nor the membership asks for a capability: only opening the socket does.
 * The ring and the filter stay with the socket.
 */
static int
bind_again(struct interface *i, int index)
{
	const struct sockaddr_ll address = { .sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = index };
	const struct packet_mreq promiscuous = { .mr_ifindex = index,
		.mr_type = PACKET_MR_PROMISC };
	struct ifreq now;

	/* What decodes the packets was chosen for the kind of link it was. */
	if (!ask(i, SIOCGIFHWADDR, &now) || now.ifr_hwaddr.sa_family != i->kind)
		return -1;
	if (bind(i->packet_fd, (const struct sockaddr *)&address, sizeof(address)) == -1)
		return -1;
	if (!i->promiscuous)
		return 0;
	return setsockopt(i->packet_fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
	    sizeof(promiscuous));
}

/* The one we were bound to is gone. One of that name may be there by now. */
static enum interface_state
follow(struct interface *i)
{
	struct ifreq now;

	if (i->retry_in > 0) {
		i->retry_in--;
		return INTERFACE_GONE;
	}
	if (!ask(i, SIOCGIFINDEX, &now))
		return INTERFACE_GONE;
	if (bind_again(i, now.ifr_ifindex) == -1) {
		i->retry_in = i->retry_after;
		if (i->retry_after < RETRY_MAX_CHECKS)
			i->retry_after *= 2;
		return INTERFACE_GONE;
	}
	i->retry_after = 1;
	return INTERFACE_UP;
}

enum interface_state
interface_check(struct interface *i)
{
	struct sockaddr_ll address;
	struct ifreq now;

	if (i->any)
		return INTERFACE_UP;
	/* The kernel says so of a socket whose interface was removed. */
	if (bound_to(i, &address) && address.sll_ifindex <= 0 &&
	    follow(i) == INTERFACE_GONE)
		return INTERFACE_GONE;
	/* One that was only given another name is still ours. */
	if (!ask(i, SIOCGIFFLAGS, &now))
		return INTERFACE_UP;
	return now.ifr_flags & IFF_UP ? INTERFACE_UP : INTERFACE_DOWN;
}

uint32_t
interface_frame_max(const struct interface *i)
{
	struct ifreq now;

	if (i->any)
		return UINT32_MAX;
	if (!ask(i, SIOCGIFMTU, &now))
		return 0;
	return (uint32_t)now.ifr_mtu + FRAME_AROUND;
}

void
interface_list(char *out, size_t room)
{
	struct if_nameindex *all = if_nameindex();
	size_t used = 0;

	out[0] = '\0';
	for (size_t i = 0; all != NULL && all[i].if_name != NULL && used < room; i++)
		used += (size_t)snprintf(
		    out + used, room - used, "%s%s", i > 0 ? ", " : "", all[i].if_name);
	if_freenameindex(all);
}
