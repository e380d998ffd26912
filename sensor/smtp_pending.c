/* SPDX-License-Identifier: BSD-2-Clause */
#include "smtp_pending.h"

enum { HEAD = sizeof(struct smtp_pending_entry) };

void
smtp_pending_init(struct smtp_pending *p)
{
	p->head = p->tail = p->last = 0;
	p->count = 0;
	memset(p->entries, 0, sizeof(p->entries));
}

static struct smtp_pending_entry
get(const struct smtp_pending *p, uint32_t at)
{
	struct smtp_pending_entry entry;

	memcpy(&entry, p->bytes + at, HEAD);
	return entry;
}

static void
set(struct smtp_pending *p, uint32_t at, const struct smtp_pending_entry *entry)
{
	memcpy(p->bytes + at, entry, HEAD);
}

static uint32_t
bytes_of(const struct smtp_pending_entry *entry)
{
	return HEAD + (uint32_t)entry->len[0] + entry->len[1];
}

/* Moves all to the front; seldom enough to cost nothing a command. */
static void
compact(struct smtp_pending *p)
{
	if (p->count == 0) {
		p->head = p->tail = p->last = 0;
	} else if (p->head >= SMTP_PENDING_BYTES / 2) {
		memmove(p->bytes, p->bytes + p->head, p->tail - p->head);
		p->tail -= p->head;
		p->last -= p->head;
		p->head = 0;
	}
}

static uint32_t
room(const struct smtp_pending *p)
{
	if (p->count == 0)
		return SMTP_PENDING_BYTES;
	return SMTP_PENDING_BYTES - p->tail +
	       (p->head >= SMTP_PENDING_BYTES / 2 ? p->head : 0);
}

bool
smtp_pending_is_full(const struct smtp_pending *p)
{
	return room(p) < 4 * HEAD;
}

bool
smtp_pending_is_tight(const struct smtp_pending *p, size_t n)
{
	return room(p) < SMTP_PENDING_RESERVE + HEAD + n;
}

/* One more of the same, none of which has texts. */
static bool
join(struct smtp_pending *p, const struct smtp_pending_entry *entry)
{
	struct smtp_pending_entry last;

	if (p->count == 0)
		return false;
	last = get(p, p->last);
	if (last.kind != entry->kind || last.flags != entry->flags ||
	    last.tx != entry->tx || last.len[0] != 0 || last.len[1] != 0 ||
	    last.count == UINT32_MAX)
		return false;
	last.count++;
	set(p, p->last, &last);
	return true;
}

void
smtp_pending_push(struct smtp_pending *p, const struct smtp_pending_entry *given,
    struct slice text0, struct slice text1)
{
	struct smtp_pending_entry entry = *given;

	compact(p);
	if (text0.n + text1.n > 0 && smtp_pending_is_tight(p, text0.n + text1.n)) {
		entry.flags |= SMTP_PENDING_CUT;
		text0.n = text1.n = 0;
	}
	entry.len[0] = (uint16_t)text0.n;
	entry.len[1] = (uint16_t)text1.n;
	entry.count = 1;
	if (text0.n + text1.n > 0 || !join(p, &entry)) {
		p->last = p->tail;
		set(p, p->tail, &entry);
		p->tail += HEAD;
		if (text0.n > 0)
			memcpy(p->bytes + p->tail, text0.p, text0.n);
		if (text1.n > 0)
			memcpy(p->bytes + p->tail + text0.n, text1.p, text1.n);
		p->tail += (uint32_t)(text0.n + text1.n);
		p->entries[entry.kind]++;
	}
	p->count++;
}

void
smtp_pending_front(
    const struct smtp_pending *p, struct smtp_pending_entry *entry, struct slice text[2])
{
	*entry = get(p, p->head);
	text[0] = slice_of(p->bytes + p->head + HEAD, entry->len[0]);
	text[1] = slice_of(text[0].p + text[0].n, entry->len[1]);
}

void
smtp_pending_pop(struct smtp_pending *p)
{
	struct smtp_pending_entry entry = get(p, p->head);

	p->count--;
	if (--entry.count > 0) {
		set(p, p->head, &entry);
		return;
	}
	p->head += bytes_of(&entry);
	p->entries[entry.kind]--;
}

void
smtp_pending_get(
    const struct smtp_pending *p, size_t *at, struct smtp_pending_entry *entry)
{
	size_t left = *at;

	for (uint32_t offset = p->head;; offset += bytes_of(entry)) {
		*entry = get(p, offset);
		if (left < entry->count)
			break;
		left -= entry->count;
	}
	++*at;
}

bool
smtp_pending_has(const struct smtp_pending *p,
    bool (*ask)(enum smtp_pending_kind kind, uint16_t code), uint16_t code)
{
	for (unsigned kind = 0; kind < SMTP_PENDING_KINDS; kind++) {
		if (p->entries[kind] > 0 && ask((enum smtp_pending_kind)kind, code))
			return true;
	}
	return false;
}

void
smtp_pending_drop_dot(struct smtp_pending *p, uint32_t tx)
{
	struct smtp_pending_entry entry;

	if (p->count == 0)
		return;
	entry = get(p, p->head);
	if (entry.kind == SMTP_PENDING_DOT && entry.tx == tx)
		smtp_pending_pop(p);
}
