/* SPDX-License-Identifier: BSD-2-Clause */
#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

#include "capture_reader.h"

enum { LINKTYPE_ETHERNET = 1, LINKTYPE_RAW = 101, PROGRAMS_MAX = 32 };

struct program {
	uint16_t linktype;
	bool fits; /* the expression has a meaning for it */
	struct bpf_program bpf;
};

/* One program for each link type; packets of others do not match. */
struct packet_filter {
	const char *expression;
	struct program programs[PROGRAMS_MAX];
	size_t n;
	bool full_told;
};

/* The expression is lent for good. */
static struct packet_filter *
filter_new(const char *expression)
{
	struct packet_filter *filter = calloc(1, sizeof(*filter));

	if (filter != NULL)
		filter->expression = expression;
	return filter;
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

static const struct program *
program_of(const struct packet_filter *filter, uint16_t linktype)
{
	for (size_t i = 0; i < filter->n; i++)
		if (filter->programs[i].linktype == linktype)
			return &filter->programs[i];
	return NULL;
}

static int
dlt_of(uint16_t linktype)
{
	return linktype == LINKTYPE_RAW ? DLT_RAW : linktype;
}

/* Puts the name of the link type in front of what is wrong. */
static void
name_linktype(uint16_t linktype, struct capture_error *error)
{
	const char *name = pcap_datalink_val_to_name(dlt_of(linktype));
	struct capture_error named = { "" };

	snprintf(named.text, sizeof(named.text), "link type %.40s (%u): %.200s",
	    name != NULL ? name : "unknown", linktype, error->text);
	*error = named;
}

static void
fail(struct capture_error *error, const char *expression, const char *why)
{
	snprintf(error->text, sizeof(error->text), "filter \"%.80s\": %.100s",
	    expression, why);
}

/* Compiles for one more link type. 0, or -1 with *error, which is untouched where that
 * was told before. */
static int
add_program(struct packet_filter *filter, uint16_t linktype, struct capture_error *error)
{
	const struct program *known = program_of(filter, linktype);
	struct program *program = &filter->programs[filter->n];
	pcap_t *pcap;

	if (known != NULL)
		return known->fits ? 0 : -1;
	if (filter->n == PROGRAMS_MAX)
		return 0; /* told when a packet comes: make_program() */
	pcap = pcap_open_dead(dlt_of(linktype), READER_RECORD_MAX);
	if (pcap == NULL) {
		fail(error, filter->expression, "out of memory");
		return -1;
	}
	*program = (struct program){ .linktype = linktype };
	program->fits = pcap_compile(pcap, &program->bpf, filter->expression, 1,
			    PCAP_NETMASK_UNKNOWN) == 0;
	if (!program->fits)
		fail(error, filter->expression, pcap_geterr(pcap));
	pcap_close(pcap);
	filter->n++;
	return program->fits ? 0 : -1;
}

/* For a link type met on the way. NULL when there are too many. */
static const struct program *
make_program(struct packet_filter *filter, uint16_t linktype, struct capture_error *why)
{
	bool full = filter->n == PROGRAMS_MAX;

	if (full && filter->full_told)
		return NULL;
	if (full)
		fail(why, filter->expression, "too many link types at once");
	filter->full_told = full;
	if (full || add_program(filter, linktype, why) == -1)
		name_linktype(linktype, why);
	return program_of(filter, linktype);
}

static bool
matches(const struct program *program, const struct packet *packet)
{
	const struct pcap_pkthdr header = { .caplen = packet->caplen,
		.len = packet->wirelen };

	return program->fits &&
	       pcap_offline_filter(&program->bpf, &header, packet->data) != 0;
}

size_t
packet_filter_apply(struct packet_filter *filter, struct packet *packets, size_t n,
    struct capture_error *why)
{
	const struct program *program = NULL;
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		uint16_t linktype = packets[i].linktype;

		if (program == NULL || program->linktype != linktype)
			program = program_of(filter, linktype);
		if (program == NULL)
			program = make_program(filter, linktype, why);
		if (program != NULL && matches(program, &packets[i]))
			packets[kept++] = packets[i];
	}
	return kept;
}

/* Compiles for every link type known by now; those inside a pcapng may be met later. An
 * expression that is wrong is wrong for all. One that only has no meaning for some, like
 * "vlan" on raw IP, would hide their packets: the file is named. */
static int
fill_filter(const struct capture *capture, struct packet_filter *filter,
    struct capture_error *error)
{
	const struct source *unfit = NULL;
	struct capture_error why;
	size_t fit = 0;

	for (size_t i = 0; i < capture->n_sources; i++) {
		const struct source *source = &capture->sources[i];

		if (source->linktype == LINKTYPE_UNKNOWN)
			continue;
		if (add_program(filter, source->linktype, &why) == 0) {
			fit++;
		} else if (unfit == NULL) {
			unfit = source;
			*error = why;
		}
	}
	if (unfit != NULL && fit > 0) {
		why = *error;
		name_linktype(unfit->linktype, &why);
		capture_fail(error, unfit->name, why.text);
	}
	if (unfit != NULL)
		return -1;
	return fit > 0 ? 0 : add_program(filter, LINKTYPE_ETHERNET, error);
}

int
capture_filter(
    struct capture *capture, const char *expression, struct capture_error *error)
{
	struct packet_filter *filter = filter_new(expression);

	if (filter == NULL) {
		capture_fail(error, "filter", strerror(ENOMEM));
		return -1;
	}
	if (fill_filter(capture, filter, error) == -1) {
		packet_filter_free(filter);
		return -1;
	}
	packet_filter_free(capture->filter);
	capture->filter = filter;
	return 0;
}
