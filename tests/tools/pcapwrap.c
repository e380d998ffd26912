/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapwrap: writes the IP packets of an Ethernet capture in another form, as a span port
 * or a tap elsewhere would have delivered them: another link type, tags, tunnels,
 * fragments. What is found in both must be equal: a test needs no expected output.
 */
#include <err.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum {
	HEADROOM = 1024,
	PACKET_MAX = HEADROOM + 262144,
	PIECES_MAX = 16,
	LAYERS_MAX = 12,

	ETHERNET_HEADER = 14,
	KIND_IP = 0x10000, /* and from here on, IP's protocol numbers */
	KIND_UDP = KIND_IP + 17,
};

/* A packet that grows at its front. What it begins with is its kind: an EtherType, a
 * number that GRE uses as one (0x6558 Ethernet, 0x880b PPP), or KIND_IP and more. */
struct piece {
	uint8_t octets[PACKET_MAX];
	size_t at, end;
	unsigned kind;
};

static struct piece pieces[PIECES_MAX];
static size_t n_pieces;
static unsigned ip_id;

static void
set16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

static unsigned
get16(const uint8_t *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

static size_t
length(const struct piece *p)
{
	return p->end - p->at;
}

static uint8_t *
prepend(struct piece *p, const void *header, size_t n)
{
	if (p->at < n)
		errx(EX_SOFTWARE, "too many layers");
	p->at -= n;
	memcpy(p->octets + p->at, header, n);
	return p->octets + p->at;
}

#define PREPEND(piece, ...)                                                              \
	prepend(piece, (const uint8_t[]){ __VA_ARGS__ },                                 \
	    sizeof((const uint8_t[]){ __VA_ARGS__ }))

static void
fill_checksum(uint8_t *ip)
{
	uint32_t sum = 0;

	set16(ip + 10, 0);
	for (size_t i = 0; i < (ip[0] & 0xfu) * 4; i += 2)
		sum += get16(ip + i);
	while (sum > 0xffff)
		sum = (sum >> 16) + (sum & 0xffff);
	set16(ip + 10, ~sum & 0xffff);
}

/* The layers. Each puts its header in front. */

static void
add_addresses(struct piece *p)
{
	PREPEND(p, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2);
}

static void
wrap_ethernet(struct piece *p)
{
	set16(PREPEND(p, 0, 0), p->kind);
	add_addresses(p);
	p->kind = 0x6558;
}

/* As RFC 1042 has it: LLC and SNAP, before it a length; 0x8870 where that is too long. */
static void
wrap_llc(struct piece *p)
{
	set16(PREPEND(p, 0xaa, 0xaa, 3, 0, 0, 0, 0, 0) + 6, p->kind);
	p->kind = length(p) <= 1500 ? (unsigned)length(p) : 0x8870;
}

static void
wrap_snap(struct piece *p)
{
	wrap_llc(p);
	p->kind = 4; /* that is what Linux calls it */
}

static void
add_tag(struct piece *p, unsigned type, unsigned id)
{
	set16(PREPEND(p, 0, 0, 0, 0) + 2, p->kind);
	set16(p->octets + p->at, id);
	p->kind = type;
}

static void
wrap_vlan(struct piece *p)
{
	add_tag(p, 0x8100, 0x6064);
}

static void
wrap_qinq(struct piece *p)
{
	add_tag(p, 0x88a8, 7);
}

static void
wrap_9100(struct piece *p)
{
	add_tag(p, 0x9100, 0xfff);
}

static void
wrap_itag(struct piece *p)
{
	PREPEND(p, 0, 1, 2, 3);
	p->kind = 0x88e7;
}

static void
wrap_ppp(struct piece *p)
{
	set16(PREPEND(p, 0, 0), p->kind == 0x0800   ? 0x21
				: p->kind == 0x86dd ? 0x57
						    : 0x281);
	p->kind = 0x880b;
}

/* With address and control, and the protocol in one octet. */
static void
wrap_ppphdlc(struct piece *p)
{
	PREPEND(p, 0xff, 0x03, p->kind == 0x0800 ? 0x21 : 0x57);
	p->kind = 0x880b;
}

static void
wrap_pppoe(struct piece *p)
{
	unsigned n = (unsigned)length(p);

	set16(PREPEND(p, 0x11, 0, 0x12, 0x34, 0, 0) + 4, n);
	p->kind = 0x8864;
}

static void
wrap_mpls(struct piece *p)
{
	PREPEND(p, 0x00, 0x3e, 0x80, 64, 0x00, 0x3e, 0x91, 64);
	p->kind = 0x8847;
}

static void
wrap_word(struct piece *p)
{
	PREPEND(p, 0, 0, 0, 1);
}

static unsigned
ip_proto(unsigned kind)
{
	switch (kind) {
	case 0x0800:
		return 4;
	case 0x86dd:
		return 41;
	case 0x8847:
		return 137;
	default:
		return kind - KIND_IP;
	}
}

static void
wrap_ip4(struct piece *p)
{
	size_t n = length(p) + 20;
	uint8_t *ip = PREPEND(
	    p, 0x45, 0, 0, 0, 0, 0, 0, 0, 64, 0, 0, 0, 203, 0, 113, 1, 203, 0, 113, 2);

	if (n > 65535)
		errx(EX_DATAERR, "a packet is too long for %zu octets more", n - 65535);
	set16(ip + 2, (unsigned)n);
	set16(ip + 4, ip_id++);
	ip[9] = (uint8_t)ip_proto(p->kind);
	fill_checksum(ip);
	p->kind = 0x0800;
}

static void
wrap_ip6(struct piece *p)
{
	size_t n = length(p);
	uint8_t *ip =
	    PREPEND(p, 0x60, 0, 0, 0, 0, 0, 0, 64, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0,
		0, 0, 0, 0, 0, 1, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);

	set16(ip + 4, (unsigned)n);
	ip[6] = (uint8_t)ip_proto(p->kind);
	p->kind = 0x86dd;
}

static void
wrap_gre(struct piece *p)
{
	set16(PREPEND(p, 0, 0, 0, 0) + 2, p->kind);
	p->kind = KIND_IP + 47;
}

/* Checksum, key and sequence number. */
static void
wrap_grefull(struct piece *p)
{
	PREPEND(p, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 9);
	set16(PREPEND(p, 0xb0, 0, 0, 0) + 2, p->kind);
	p->kind = KIND_IP + 47;
}

static void
wrap_pptp(struct piece *p)
{
	size_t n = length(p);

	set16(PREPEND(p, 0x30, 0x81, 0x88, 0x0b, 0, 0, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2) + 4,
	    (unsigned)n);
	p->kind = KIND_IP + 47;
}

static void
wrap_erspan1(struct piece *p)
{
	p->kind = 0x88be;
	wrap_gre(p);
}

static void
wrap_erspan2(struct piece *p)
{
	PREPEND(p, 0x10, 0x64, 0x10, 1, 0, 0, 0, 1);
	PREPEND(p, 0x10, 0, 0x88, 0xbe, 0, 0, 0, 1);
	p->kind = KIND_IP + 47;
}

static void
wrap_erspan3(struct piece *p)
{
	PREPEND(p, 0x20, 0x64, 0, 1, 1, 2, 3, 4, 0, 0, 0, 0);
	PREPEND(p, 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1);
	p->kind = KIND_IP + 47;
}

/* With the platform sub-header. */
static void
wrap_erspan3o(struct piece *p)
{
	PREPEND(p, 0x20, 0, 0, 1, 1, 2, 3, 4, 0, 0, 0, 1, 0x0c, 0, 0, 0, 0, 0, 0, 0);
	PREPEND(p, 0x10, 0, 0x22, 0xeb, 0, 0, 0, 1);
	p->kind = KIND_IP + 47;
}

static void
wrap_etherip(struct piece *p)
{
	PREPEND(p, 0x30, 0);
	p->kind = KIND_IP + 97;
}

static void
add_udp(struct piece *p, unsigned port)
{
	size_t n = length(p) + 8;
	uint8_t *udp = PREPEND(p, 0xc0, 0x01, 0, 0, 0, 0, 0, 0);

	set16(udp + 2, port);
	set16(udp + 4, (unsigned)n);
	p->kind = KIND_UDP;
}

static void
wrap_vxlan(struct piece *p)
{
	PREPEND(p, 8, 0, 0, 0, 0, 0, 42, 0);
	add_udp(p, 4789);
}

static void
wrap_vxlan8472(struct piece *p)
{
	PREPEND(p, 8, 0, 0, 0, 0, 0, 42, 0);
	add_udp(p, 8472);
}

static void
wrap_geneve(struct piece *p)
{
	set16(PREPEND(p, 2, 0, 0, 0, 0, 0, 42, 0, 1, 2, 3, 1, 0, 0, 0, 0) + 2, p->kind);
	add_udp(p, 6081);
}

static void
wrap_teredo(struct piece *p)
{
	PREPEND(p, 0, 0, 0x12, 0x34, 1, 2, 3, 4);
	add_udp(p, 3544);
}

static void
wrap_l2tp(struct piece *p)
{
	size_t n = length(p) + 8;

	set16(PREPEND(p, 0x40, 2, 0, 0, 0, 1, 0, 2) + 2, (unsigned)n);
	add_udp(p, 1701);
}

static void
wrap_gtp(struct piece *p)
{
	size_t n = length(p) + 8;

	set16(PREPEND(p, 0x34, 0xff, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0) + 2,
	    (unsigned)n);
	add_udp(p, 2152);
}

static void
wrap_greudp(struct piece *p)
{
	wrap_gre(p);
	add_udp(p, 4754);
}

static void
wrap_mplsudp(struct piece *p)
{
	add_udp(p, 6635);
}

/* Headers of link types. */

static void
wrap_sll(struct piece *p)
{
	set16(PREPEND(p, 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, 0, 0) + 14, p->kind);
}

static void
wrap_sll2(struct piece *p)
{
	set16(PREPEND(p, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0),
	    p->kind);
}

static void
wrap_null(struct piece *p)
{
	PREPEND(p, p->kind == 0x0800 ? 2 : 24, 0, 0, 0);
}

static void
wrap_loop(struct piece *p)
{
	PREPEND(p, 0, 0, 0, p->kind == 0x0800 ? 2 : 30);
}

static void
wrap_chdlc(struct piece *p)
{
	set16(PREPEND(p, 0x0f, 0, 0, 0) + 2, p->kind);
}

/* A data frame with QoS, from the distribution system. */
static void
wrap_wifi(struct piece *p)
{
	PREPEND(p, 0x88, 0x02, 0, 0, 2, 0, 0, 0, 0, 3, 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2,
	    0x10, 0, 0, 0);
}

static void
wrap_radiotap(struct piece *p)
{
	PREPEND(p, 0, 0, 18, 0, 0x03, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x10, 0);
	if (p->end + 4 <= PACKET_MAX)
		p->end += 4; /* the frame's check sequence */
}

static void
wrap_pad(struct piece *p)
{
	if (p->end + 6 > PACKET_MAX)
		return;
	memcpy(p->octets + p->end, "HELO x", 6);
	p->end += 6;
}

static void
wrap_nflog(struct piece *p)
{
	size_t n = length(p) + 4;

	PREPEND(p, (uint8_t)n, (uint8_t)(n >> 8), 9, 0);
	PREPEND(p, p->kind == 0x0800 ? 2 : 10, 0, 0, 5, 8, 0, 1, 0, 8, 0, 3, 0, 5, 0, 10,
	    0, 'x', 0, 0, 0);
}

static void
wrap_pktap(struct piece *p)
{
	const uint8_t header[108] = { 108, [4] = 1, [8] = 1, [12] = 'e', 'n', '0' };

	prepend(p, header, sizeof(header));
}

static const struct layer {
	const char *name;
	void (*wrap)(struct piece *piece);
} layers[] = {
	{ "eth", wrap_ethernet },
	{ "llc", wrap_llc },
	{ "snap", wrap_snap },
	{ "vlan", wrap_vlan },
	{ "qinq", wrap_qinq },
	{ "9100", wrap_9100 },
	{ "itag", wrap_itag },
	{ "ppp", wrap_ppp },
	{ "ppphdlc", wrap_ppphdlc },
	{ "pppoe", wrap_pppoe },
	{ "mpls", wrap_mpls },
	{ "word", wrap_word },
	{ "ip4", wrap_ip4 },
	{ "ip6", wrap_ip6 },
	{ "gre", wrap_gre },
	{ "grefull", wrap_grefull },
	{ "pptp", wrap_pptp },
	{ "erspan1", wrap_erspan1 },
	{ "erspan2", wrap_erspan2 },
	{ "erspan3", wrap_erspan3 },
	{ "erspan3o", wrap_erspan3o },
	{ "etherip", wrap_etherip },
	{ "vxlan", wrap_vxlan },
	{ "vxlan8472", wrap_vxlan8472 },
	{ "geneve", wrap_geneve },
	{ "teredo", wrap_teredo },
	{ "l2tp", wrap_l2tp },
	{ "gtp", wrap_gtp },
	{ "greudp", wrap_greudp },
	{ "mplsudp", wrap_mplsudp },
	{ "sll", wrap_sll },
	{ "sll2", wrap_sll2 },
	{ "null", wrap_null },
	{ "loop", wrap_loop },
	{ "chdlc", wrap_chdlc },
	{ "wifi", wrap_wifi },
	{ "radiotap", wrap_radiotap },
	{ "pad", wrap_pad },
	{ "nflog", wrap_nflog },
	{ "pktap", wrap_pktap },
};

/* The forms: a link type and the layers around the packet, the outermost first. */
static const struct form {
	const char *name;
	uint32_t linktype;
	const char *layers;
} forms[] = {
	{ "ethernet", 1, "eth,pad" },
	{ "llc-snap", 1, "eth,llc" },
	{ "null", 0, "null" },
	{ "loop", 108, "loop" },
	{ "ppp", 9, "ppp" },
	{ "ppp-framed", 9, "ppphdlc" },
	{ "ppp-hdlc", 50, "ppphdlc" },
	{ "ppp-hdlc-cisco", 50, "chdlc" },
	{ "ppp-ether", 51, "pppoe,ppp" },
	{ "raw", 101, "" },
	{ "cisco-hdlc", 104, "chdlc" },
	{ "wifi", 105, "wifi,llc" },
	{ "radiotap", 127, "radiotap,wifi,llc" },
	{ "sll", 113, "sll" },
	{ "sll-llc", 113, "sll,snap" },
	{ "sll-vlan", 113, "sll,vlan" },
	{ "sll2", 276, "sll2" },
	{ "mpls-link", 219, "mpls" },
	{ "ipv4-link", 228, "ip4" },
	{ "ipv6-link", 229, "ip6" },
	{ "nflog", 239, "nflog" },
	{ "pktap", 258, "pktap,eth" },
	{ "vlan", 1, "eth,vlan" },
	{ "vlan-vlan", 1, "eth,vlan,vlan" },
	{ "vlan-llc", 1, "eth,vlan,llc" },
	{ "qinq", 1, "eth,qinq,vlan" },
	{ "9100", 1, "eth,9100,vlan" },
	{ "mac-in-mac", 1, "eth,qinq,itag,eth,vlan" },
	{ "pppoe", 1, "eth,pad,pppoe,ppp" },
	{ "pppoe-vlan", 1, "eth,vlan,pppoe,ppp" },
	{ "mpls", 1, "eth,mpls" },
	{ "mpls-ethernet", 1, "eth,mpls,eth" },
	{ "mpls-word", 1, "eth,mpls,word,eth,vlan" },
	{ "gre", 1, "eth,ip4,gre" },
	{ "gre-full", 1, "eth,ip6,grefull" },
	{ "gre-ethernet", 1, "eth,ip4,grefull,eth,vlan" },
	{ "gre-mpls", 1, "eth,ip4,gre,mpls" },
	{ "pptp", 1, "eth,ip4,pptp,ppp" },
	{ "erspan1", 1, "eth,ip4,erspan1,eth" },
	{ "erspan2", 1, "eth,ip4,erspan2,eth" },
	{ "erspan3", 1, "eth,ip6,erspan3,eth,vlan" },
	{ "erspan3-platform", 1, "eth,ip4,erspan3o,eth" },
	{ "vxlan", 1, "eth,ip4,vxlan,eth" },
	{ "vxlan-8472", 1, "eth,vlan,ip6,vxlan8472,eth,vlan" },
	{ "geneve", 1, "eth,ip4,geneve,eth" },
	{ "geneve-ip", 1, "eth,ip6,geneve" },
	{ "ip-in-ipv4", 1, "eth,ip4" },
	{ "ip-in-ipv6", 1, "eth,ip6" },
	{ "etherip", 1, "eth,ip4,etherip,eth" },
	{ "mpls-in-ip", 1, "eth,ip6,mpls" },
	{ "mpls-in-udp", 1, "eth,ip4,mplsudp,mpls" },
	{ "gre-in-udp", 1, "eth,ip6,greudp,eth" },
	{ "teredo", 1, "eth,ip4,teredo,ip6" },
	{ "l2tp", 1, "eth,ip4,l2tp,ppp" },
	{ "gtp-u", 1, "eth,ip4,gtp" },
	{ "deep", 1, "eth,qinq,vlan,mpls,word,eth,vlan,ip4,vxlan,eth,vlan" },
	{ "fragments", 1, "eth,frag" },
	{ "vlan-fragments", 1, "eth,vlan,frag" },
	{ "gre-fragments", 1, "eth,frag,ip4,gre" },
	{ "vxlan6-fragments", 1, "eth,frag,ip6,vxlan,eth" },
	{ "fragments-in-fragments", 1, "eth,frag,ip4,gre,frag" },
	{ "fragments-twice", 1, "eth,twice,frag" },
};

/*
 * Fragments: the datagram is cut in two or three, which are sent the last first or the
 * second first.
 */

static size_t
ip_header(const struct piece *p)
{
	return p->kind == 0x0800 ? (p->octets[p->at] & 0xfu) * 4 : 40;
}

static void
add_piece(const struct piece *from, size_t header, size_t at, size_t n, bool more)
{
	struct piece *p = &pieces[n_pieces++];
	size_t fragment = from->kind == 0x0800 ? 0 : 8;
	uint8_t *ip;

	p->kind = from->kind;
	p->at = HEADROOM;
	p->end = HEADROOM + header + fragment + n;
	ip = p->octets + p->at;
	memcpy(ip, from->octets + from->at, header);
	memcpy(ip + header + fragment, from->octets + from->at + header + at, n);
	if (fragment == 0) {
		set16(ip + 2, (unsigned)(header + n));
		set16(ip + 4, ip_id);
		set16(ip + 6, (unsigned)(at / 8) | (more ? 0x2000 : 0));
		fill_checksum(ip);
		return;
	}
	set16(ip + 4, (unsigned)(n + fragment));
	memset(ip + header, 0, fragment);
	ip[header] = ip[6];
	ip[6] = 44;
	set16(ip + header + 2, (unsigned)at | more);
	set16(ip + header + 6, ip_id);
}

/* Cuts at multiples of eight. What is there already is not cut again unless asked for. */
static void
fragment(const struct piece *from)
{
	static const uint8_t order[][3] = { { 2, 0, 1 }, { 1, 2, 0 }, { 2, 1, 0 },
		{ 0, 2, 1 } };
	size_t header = ip_header(from), n = length(from) - header;
	size_t cut[4] = { 0, n / 3 / 8 * 8, n / 3 / 8 * 8 * 2, n };

	if (from->kind == 0x0800 && get16(from->octets + from->at + 2) > header)
		cut[3] = get16(from->octets + from->at + 2) - header;
	if (n_pieces + 3 > PIECES_MAX)
		errx(EX_SOFTWARE, "too many fragments");
	for (unsigned i = 0; i < 3; i++) {
		unsigned which = order[ip_id % 4][i];

		if (cut[which + 1] > cut[which])
			add_piece(from, header, cut[which], cut[which + 1] - cut[which],
			    which != 2);
	}
	ip_id++;
}

static void
fragment_all(void)
{
	static struct piece whole[PIECES_MAX];
	size_t n = n_pieces;

	memcpy(whole, pieces, n * sizeof(*pieces));
	n_pieces = 0;
	for (size_t i = 0; i < n; i++)
		fragment(&whole[i]);
}

static void
twice(void)
{
	if (2 * n_pieces > PIECES_MAX)
		errx(EX_SOFTWARE, "too many fragments");
	memcpy(pieces + n_pieces, pieces, n_pieces * sizeof(*pieces));
	n_pieces *= 2;
}

static void
wrap(const char *name, size_t n)
{
	if (n == 4 && strncmp(name, "frag", n) == 0) {
		fragment_all();
		return;
	}
	if (n == 5 && strncmp(name, "twice", n) == 0) {
		twice();
		return;
	}
	for (size_t i = 0; i < sizeof(layers) / sizeof(layers[0]); i++) {
		if (strlen(layers[i].name) != n || strncmp(layers[i].name, name, n) != 0)
			continue;
		for (size_t k = 0; k < n_pieces; k++)
			layers[i].wrap(&pieces[k]);
		return;
	}
	errx(EX_USAGE, "no such layer: %.*s", (int)n, name);
}

/* From the innermost, the last of the list, outwards. */
static void
wrap_all(const char *list)
{
	const char *last = list + strlen(list);

	while (last > list) {
		const char *first = last;

		while (first > list && first[-1] != ',')
			first--;
		wrap(first, (size_t)(last - first));
		last = first > list ? first - 1 : first;
	}
}

/* Files are written in the byte order of this machine. */

static void
write_pieces(FILE *out, const struct timeval *ts)
{
	for (size_t i = 0; i < n_pieces; i++) {
		const struct piece *p = &pieces[i];
		uint32_t head[4] = { (uint32_t)ts->tv_sec, (uint32_t)ts->tv_usec,
			(uint32_t)length(p), (uint32_t)length(p) };

		fwrite(head, sizeof(head), 1, out);
		fwrite(p->octets + p->at, length(p), 1, out);
	}
}

static void
write_file_header(FILE *out, uint32_t linktype)
{
	const uint32_t head[6] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 262144, linktype };

	fwrite(head, sizeof(head), 1, out);
}

static void
convert(pcap_t *in, FILE *out, const struct form *form)
{
	struct pcap_pkthdr *head;
	const uint8_t *frame;

	write_file_header(out, form->linktype);
	while (pcap_next_ex(in, &head, &frame) == 1) {
		struct piece *p = &pieces[0];

		if (head->caplen < ETHERNET_HEADER + 20 || head->caplen < head->len ||
		    (get16(frame + 12) != 0x0800 && get16(frame + 12) != 0x86dd))
			continue;
		n_pieces = 1;
		p->kind = get16(frame + 12);
		p->at = HEADROOM;
		p->end = p->at + head->caplen - ETHERNET_HEADER;
		memcpy(p->octets + p->at, frame + ETHERNET_HEADER,
		    head->caplen - ETHERNET_HEADER);
		wrap_all(form->layers);
		write_pieces(out, &head->ts);
	}
}

static const struct form *
find_form(const char *name)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	}
	errx(EX_USAGE, "no such form: %s", name);
}

int
main(int argc, char **argv)
{
	char message[PCAP_ERRBUF_SIZE];
	const struct form *form;
	pcap_t *in;
	FILE *out;

	if (argc == 2 && strcmp(argv[1], "-l") == 0) {
		for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
			puts(forms[i].name);
		return EX_OK;
	}
	if (argc != 4)
		errx(EX_USAGE, "usage: pcapwrap FORM IN OUT, or -l for the forms");
	form = find_form(argv[1]);
	in = pcap_open_offline(argv[2], message);
	if (in == NULL)
		errx(EX_NOINPUT, "%s", message);
	if (pcap_datalink(in) != DLT_EN10MB)
		errx(EX_DATAERR, "%s: no Ethernet", argv[2]);
	out = fopen(argv[3], "wb");
	if (out == NULL)
		err(EX_CANTCREAT, "%s", argv[3]);
	convert(in, out, form);
	pcap_close(in);
	if (fclose(out) != 0)
		err(EX_IOERR, "%s", argv[3]);
	return EX_OK;
}
