/* SPDX-License-Identifier: BSD-2-Clause */
#include "capture_live.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pool.h"

enum {
	LINKTYPE_RAW = 101,
	SLACK_US = 100000, /* for the kernel's timers */
};

struct live {
	pcap_t *pcap;
	struct interface interface;
	enum interface_state state;
	bool failed;
	uint16_t linktype;
	uint32_t snap_bytes;
	int64_t clock_us, lag_us; /* lag: how long the kernel may keep a packet */
	uint64_t number;
	struct pcap_stat seen; /* by libpcap, in 32 bits */
	uint64_t received, kernel_drops, interface_drops;
	/* The batch: a packet in the ring is good only until its block is given back,
	 * which can be in the midst of one. */
	struct packet *batch;
	size_t n, used;
	uint8_t *copy;
	size_t copy_bytes;
};

static int64_t
stamp_us(const struct timeval *tv)
{
	return tv->tv_sec * INT64_C(1000000) + tv->tv_usec;
}

static void
take_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
	struct live *live = (struct live *)(void *)user;
	uint32_t n =
	    header->caplen < live->snap_bytes ? header->caplen : live->snap_bytes;
	int64_t us = stamp_us(&header->ts);
	uint8_t *copy = live->copy + live->used;

	/* Time does not run back, even where somebody sets the clock. */
	if (us > live->clock_us)
		live->clock_us = us;
	memcpy(copy, data, n);
	live->used += n;
	live->batch[live->n++] = (struct packet){
		.data = copy,
		.caplen = n,
		.wirelen = header->len > n ? header->len : n,
		.linktype = live->linktype,
		.origin = { .ts_us = live->clock_us, .number = ++live->number },
	};
}

static int64_t
wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000;
}

size_t
live_next(struct live *live, struct packet batch[static CAPTURE_BATCH])
{
	/* Before looking: what comes later than this look is stamped later. */
	int64_t known_us = wall_us() - live->lag_us;

	live->batch = batch;
	live->n = live->used = 0;
	live->failed = pcap_dispatch(live->pcap, CAPTURE_BATCH, take_packet,
			   (u_char *)(void *)live) < 0;
	if (live->n == 0 && known_us > live->clock_us)
		live->clock_us = known_us;
	return live->n;
}

int64_t
live_time_us(const struct live *live)
{
	return live->clock_us;
}

int
live_fd(const struct live *live)
{
	if (live->failed || live->state == INTERFACE_GONE)
		return -1;
	return pcap_get_selectable_fd(live->pcap);
}

/* libpcap's status for whoever has to do something about it. */
static void
explain(const struct live *live, const char *interface, int status,
    struct capture_error *error)
{
	char names[256];

	switch (status) {
	case PCAP_ERROR_NO_SUCH_DEVICE:
		interface_list(names, sizeof(names));
		snprintf(error->text, sizeof(error->text),
		    "-i: %.64s: no such interface; there are: %s, and \"any\" for all",
		    interface, names);
		break;
	case PCAP_ERROR_PERM_DENIED:
	case PCAP_ERROR_PROMISC_PERM_DENIED:
		snprintf(error->text, sizeof(error->text),
		    "-i: %.64s: no permission to capture; start as root or with the "
		    "capability CAP_NET_RAW (setcap cap_net_raw+ep, or "
		    "AmbientCapabilities= of systemd)",
		    interface);
		break;
	case PCAP_ERROR_IFACE_NOT_UP:
		snprintf(error->text, sizeof(error->text),
		    "-i: %.64s: the interface is down; ip link set %.64s up", interface,
		    interface);
		break;
	default:
		snprintf(error->text, sizeof(error->text), "-i: %.64s: %.300s", interface,
		    live->pcap != NULL && *pcap_geterr(live->pcap) != '\0'
			? pcap_geterr(live->pcap)
			: pcap_statustostr(status));
		break;
	}
}

/* Returns libpcap's status: negative where it failed. */
static int
activate(struct live *live, const char *interface, const struct conf_capture *conf)
{
	char errbuf[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_create(interface, errbuf);
	int status;

	live->pcap = pcap;
	if (pcap == NULL)
		return PCAP_ERROR;
	pcap_set_snaplen(pcap, (int)conf->snap_bytes);
	/* "any" has no such mode, and libpcap would warn of it. */
	pcap_set_promisc(pcap, conf->promiscuous && strcmp(interface, "any") != 0);
	pcap_set_timeout(pcap, (int)conf->timeout_ms);
	pcap_set_buffer_size(pcap, (int)conf->buffer_bytes);
	pcap_set_immediate_mode(pcap, conf->immediate);
	status = pcap_activate(pcap);
	if (status < 0)
		return status;
	return pcap_setnonblock(pcap, 1, errbuf) == -1 ? PCAP_ERROR : 0;
}

static int
prepare(struct live *live, const char *interface, const struct conf_capture *conf)
{
	int dlt = pcap_datalink(live->pcap);

	live->linktype = dlt == DLT_RAW ? LINKTYPE_RAW : (uint16_t)dlt;
	live->snap_bytes = conf->snap_bytes;
	live->lag_us =
	    (conf->immediate ? 0 : conf->timeout_ms * INT64_C(1000)) + SLACK_US;
	/* Packets lie one behind the other: what the rest could need is never touched. */
	live->copy_bytes = (size_t)CAPTURE_BATCH * conf->snap_bytes;
	live->copy = pool_reserve(live->copy_bytes);
	if (live->copy == NULL)
		return -1;
	return interface_init(
	    &live->interface, interface, pcap_fileno(live->pcap), conf->promiscuous);
}

struct live *
live_open(
    const char *interface, const struct conf_capture *conf, struct capture_error *error)
{
	struct live *live = calloc(1, sizeof(*live));
	int status;

	if (live == NULL) {
		snprintf(error->text, sizeof(error->text), "out of memory");
		return NULL;
	}
	live->interface.ask_fd = -1;
	status = activate(live, interface, conf);
	if (status >= 0 && prepare(live, interface, conf) == 0)
		return live;
	if (status >= 0)
		snprintf(error->text, sizeof(error->text), "-i: %.64s: %s", interface,
		    strerror(errno));
	else
		explain(live, interface, status, error);
	live_close(live);
	return NULL;
}

void
live_close(struct live *live)
{
	if (live == NULL)
		return;
	if (live->pcap != NULL)
		pcap_close(live->pcap);
	interface_release(&live->interface);
	pool_unreserve(live->copy, live->copy_bytes);
	free(live);
}

int
live_filter(struct live *live, const char *expression, struct capture_error *error)
{
	struct bpf_program program;
	int result;

	if (pcap_compile(live->pcap, &program, expression, 1, PCAP_NETMASK_UNKNOWN) ==
	    -1) {
		snprintf(error->text, sizeof(error->text), "filter \"%.200s\": %.250s",
		    expression, pcap_geterr(live->pcap));
		return -1;
	}
	result = pcap_setfilter(live->pcap, &program);
	if (result == -1)
		snprintf(error->text, sizeof(error->text), "filter \"%.200s\": %.250s",
		    expression, pcap_geterr(live->pcap));
	pcap_freecode(&program);
	return result;
}

/* libpcap counts in 32 bits, which a busy link fills within the hour. What it asks of an
 * interface begins anew with a new one. */
static uint64_t
grown(u_int now, u_int before)
{
	int32_t by = (int32_t)(now - before);

	return by > 0 ? (uint64_t)by : 0;
}

static void
count(struct live *live)
{
	struct pcap_stat now;

	if (pcap_stats(live->pcap, &now) == -1)
		return;
	live->received += grown(now.ps_recv, live->seen.ps_recv);
	live->kernel_drops += grown(now.ps_drop, live->seen.ps_drop);
	live->interface_drops += grown(now.ps_ifdrop, live->seen.ps_ifdrop);
	live->seen = now;
}

enum interface_state
live_check(struct live *live)
{
	count(live);
	live->state = interface_check(&live->interface);
	return live->state;
}

uint32_t
live_frame_max(const struct live *live)
{
	return interface_frame_max(&live->interface);
}

uint64_t
live_kernel_drops(const struct live *live)
{
	return live->kernel_drops;
}

uint64_t
live_interface_drops(const struct live *live)
{
	return live->interface_drops;
}

void
live_stats(const struct live *live, struct stats_visitor *v)
{
	stats_show(v, "capture", "kernel_packets", live->received);
	stats_show(v, "capture", "kernel_drops", live->kernel_drops);
	stats_show(v, "capture", "interface_drops", live->interface_drops);
}
