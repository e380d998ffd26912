/* SPDX-License-Identifier: BSD-2-Clause */
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture_reader.h"

enum { LINKTYPE_RAW = 101, PROGRAMS_MAX = 32 };

struct program {
	uint16_t linktype;
	struct bpf_program bpf;
};

/* One program for each link type; packets of others do not match. */
struct packet_filter {
	struct program programs[PROGRAMS_MAX];
	size_t n;
};

struct packet_filter *
packet_filter_new(void)
{
	return calloc(1, sizeof(struct packet_filter));
}

void
packet_filter_free(struct packet_filter *filter)
{
	if (filter == NULL)
		return;
	for (size_t i = 0; i < filter->n; i++)
		pcap_freecode(&filter->programs[i].bpf);
	free(filter);
}

static struct program *
program_of(const struct packet_filter *filter, uint16_t linktype)
{
	for (size_t i = 0; i < filter->n; i++)
		if (filter->programs[i].linktype == linktype)
			return (struct program *)&filter->programs[i];
	return NULL;
}

int
packet_filter_add(struct packet_filter *filter, uint16_t linktype, const char *expression,
    struct capture_error *error)
{
	struct program *program = &filter->programs[filter->n];
	int failed, dlt = linktype == LINKTYPE_RAW ? DLT_RAW : linktype;
	pcap_t *pcap;

	if (filter->n == PROGRAMS_MAX || program_of(filter, linktype) != NULL)
		return 0;
	pcap = pcap_open_dead(dlt, READER_RECORD_MAX);
	if (pcap == NULL) {
		snprintf(error->text, sizeof(error->text), "out of memory");
		return -1;
	}
	failed = pcap_compile(pcap, &program->bpf, expression, 1, PCAP_NETMASK_UNKNOWN);
	if (failed)
		snprintf(error->text, sizeof(error->text), "filter \"%.200s\": %.250s",
		    expression, pcap_geterr(pcap));
	pcap_close(pcap);
	if (failed)
		return -1;
	program->linktype = linktype;
	filter->n++;
	return 0;
}

static bool
matches(const struct program *program, const struct packet *packet)
{
	const struct pcap_pkthdr header = { .caplen = packet->caplen,
		.len = packet->wirelen };

	return pcap_offline_filter(&program->bpf, &header, packet->data) != 0;
}

size_t
packet_filter_apply(const struct packet_filter *filter, struct packet *packets, size_t n)
{
	const struct program *program = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (program == NULL || program->linktype != packets[i].linktype)
			program = program_of(filter, packets[i].linktype);
		if (program != NULL && matches(program, &packets[i]))
			packets[kept++] = packets[i];
	}
	return kept;
}
