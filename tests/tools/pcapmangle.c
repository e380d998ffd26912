/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * pcapmangle: writes a variant of a capture that TCP must treat the same (all modes
 * but `drop`). What is found in both must be equal: a test needs no expected output.
 */
#include "mangle.h"

#include <err.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

enum { SNAPLEN = 262144, PASSES_MAX = 5 };

static const struct mode {
	const char *name;
	pass_fn *passes[PASSES_MAX];
} modes[] = {
	{ "shuffle", { pass_shuffle } },
	{ "duplicate", { pass_duplicate } },
	{ "resegment", { pass_coalesce, pass_split } },
	{ "overlap", { pass_overlap } },
	{ "seqshift", { pass_seqshift } },
	{ "bytewise", { pass_bytewise } },
	{ "linewise", { pass_linewise } },
	{ "all",
	    { pass_coalesce, pass_split, pass_duplicate, pass_shuffle, pass_seqshift } },
	{ "drop", { pass_drop } },
};

static const struct mode *
find_mode(const char *name)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	errx(EX_USAGE, "no such mode: %s", name);
}

static void
run_passes(struct mangle *m, const struct mode *mode)
{
	for (size_t i = 0; i < PASSES_MAX && mode->passes[i] != NULL; i++) {
		struct packet_list spare = m->in;

		mode->passes[i](m);
		m->in = m->out;
		spare.count = 0;
		m->out = spare;
	}
}

static int
read_packets(struct mangle *m, const char *path)
{
	char message[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, message);
	struct pcap_pkthdr *head;
	const uint8_t *bytes;
	struct packet p;
	uint8_t *copy;
	int linktype;

	if (pcap == NULL)
		errx(EX_NOINPUT, "%s", message);
	linktype = pcap_datalink(pcap);
	while (pcap_next_ex(pcap, &head, &bytes) == 1) {
		copy = arena_alloc(head->caplen);
		memcpy(copy, bytes, head->caplen);
		p = (struct packet){ .data = copy,
			.len = head->caplen,
			.wire_len = head->len,
			.time_us = (uint64_t)head->ts.tv_sec * 1000000 +
				   (uint64_t)head->ts.tv_usec };
		packet_decode(&p, linktype, &m->flows);
		list_add(&m->in, &p);
	}
	pcap_close(pcap);
	return linktype;
}

static void
write_packets(const struct mangle *m, const char *path, int linktype)
{
	pcap_t *pcap = pcap_open_dead(linktype, SNAPLEN);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, path);
	struct pcap_pkthdr head;
	uint64_t now_us = 0;

	if (dumper == NULL)
		errx(EX_CANTCREAT, "%s", pcap_geterr(pcap));
	for (size_t i = 0; i < m->in.count; i++) {
		const struct packet *p = &m->in.at[i];

		if (p->time_us > now_us)
			now_us = p->time_us;
		head.ts.tv_sec = (time_t)(now_us / 1000000);
		head.ts.tv_usec = (suseconds_t)(now_us % 1000000);
		head.caplen = p->len;
		head.len = p->wire_len;
		pcap_dump((u_char *)dumper, &head, p->data);
	}
	if (pcap_dump_flush(dumper) != 0)
		err(EX_IOERR, "%s", path);
	pcap_dump_close(dumper);
	pcap_close(pcap);
}

static void
usage(void)
{
	fprintf(stderr, "usage: pcapmangle [-S] [-s SEED] [-w WINDOW_MS] [-p PERMILLE] "
			"-m MODE IN OUT\nmodes:");
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		fprintf(stderr, " %s", modes[i].name);
	fprintf(stderr, "\n-S: SYNs too; -w: shuffle's window (250); "
			"-p: share that drop takes (20)\n");
	exit(EX_USAGE);
}

int
main(int argc, char **argv)
{
	static struct mangle m = {
		.rng = { 1 }, .window_us = 250000, .drop_permille = 20
	};
	const struct mode *mode = NULL;
	int option, linktype;

	while ((option = getopt(argc, argv, "Ss:w:p:m:")) != -1) {
		switch (option) {
		case 'S':
			m.syn_too = true;
			break;
		case 's':
			m.rng.state = strtoull(optarg, NULL, 0);
			break;
		case 'w':
			m.window_us = strtoull(optarg, NULL, 10) * 1000;
			break;
		case 'p':
			m.drop_permille = (uint32_t)strtoul(optarg, NULL, 10);
			break;
		case 'm':
			mode = find_mode(optarg);
			break;
		default:
			usage();
		}
	}
	if (mode == NULL || argc - optind != 2)
		usage();
	flows_init(&m.flows);
	linktype = read_packets(&m, argv[optind]);
	run_passes(&m, mode);
	write_packets(&m, argv[optind + 1], linktype);
	free(m.in.at);
	free(m.out.at);
	free(m.flows.at);
	arena_release();
	return EX_OK;
}
