/* SPDX-License-Identifier: BSD-2-Clause */
#include "recipient.h"

#include <xxhash.h>

/* More tricks in one address than any server unfolds. */
enum { LAYERS_MAX = 8 };

enum place { PLACE_UNREADABLE, PLACE_OWN, PLACE_RELAYED, PLACE_FOREIGN, PLACE_LITERAL };

/* One layer: text is the local part, the domain was split off. */
struct layer {
	struct slice text;
	bool quoted; /* text holds quotes or backslashes */
	char domain[DOMAIN_MAX + 1];
};

static char
lower(uint8_t c)
{
	return (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static bool
is_control(uint8_t c)
{
	return c < 0x20 || c == 0x7f;
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (is_control(s.p[i]))
			return true;
	}
	return false;
}

static struct slice
trim(struct slice s)
{
	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = slice_tail(s, 1);
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	return s;
}

/* Servers take `Name <a@b>` too, and a bracket that is never closed. */
static struct slice
without_brackets(struct slice s)
{
	const uint8_t *open;

	s = trim(s);
	if (s.n > 0 && s.p[s.n - 1] == '>') {
		s.n--;
		open = s.n > 0 ? memrchr(s.p, '<', s.n) : NULL;
		if (s.n > 0 && s.p[0] == '<')
			open = s.p;
		if (open != NULL)
			s = slice_tail(s, (size_t)(open - s.p) + 1);
	} else if (s.n > 0 && s.p[0] == '<') {
		s = slice_tail(s, 1);
	}
	return trim(s);
}

/* Splits `[text]` or a bare IPv4 address; false where name is neither. */
static bool
literal_of(struct slice name, struct slice *text)
{
	if (name.n >= 2 && name.p[0] == '[' && name.p[name.n - 1] == ']') {
		*text = slice_of(name.p + 1, name.n - 2);
		return true;
	}
	for (size_t i = 0; i < name.n; i++) {
		if ((name.p[i] < '0' || name.p[i] > '9') && (name.p[i] != '.' || i == 0))
			return false;
	}
	*text = name;
	return name.n > 0 && memchr(name.p, '.', name.n) != NULL;
}

static int
literal_addr(struct slice text, struct addr *addr)
{
	static const char tag[] = "ipv6:"; /* RFC 5321 section 4.1.3 */
	char buf[ADDR_TEXT_MAX];
	size_t same = 0;

	while (
	    same < text.n && same < sizeof(tag) - 1 && lower(text.p[same]) == tag[same])
		same++;
	if (same == sizeof(tag) - 1)
		text = slice_tail(text, same);
	if (text.n == 0 || text.n >= sizeof(buf) || memchr(text.p, '\0', text.n) != NULL)
		return -1;
	memcpy(buf, text.p, text.n);
	buf[text.n] = '\0';
	return addr_parse(buf, addr);
}

static bool
is_name(struct slice name, const char *domain)
{
	char normal[DOMAIN_MAX + 1];

	return name.n > 0 && domain_normalise(name, normal) != 0 &&
	       strcmp(normal, domain) == 0;
}

static bool
is_server_name(const struct recipient_own *own, const char *domain)
{
	return is_name(own->server_name, domain) || is_name(own->banner_name, domain);
}

/* A server that was not heard saying its name may have any below our domains. */
static bool
may_be_server_name(const struct recipient_own *own, const char *domain)
{
	if (own->server == NULL || own->server_name.n > 0 || own->banner_name.n > 0 ||
	    own->local_domains == NULL)
		return false;
	while ((domain = strchr(domain, '.')) != NULL) {
		if (domain_set_has(own->local_domains, ++domain))
			return true;
	}
	return false;
}

static bool
is_literal_name(struct slice name, const struct addr *addr)
{
	struct slice text;
	struct addr named;

	return literal_of(name, &text) && literal_addr(text, &named) == 0 &&
	       addr_equal(addr, &named);
}

static bool
is_own_addr(const struct recipient_own *own, const struct addr *addr)
{
	if (own->server != NULL && addr_equal(addr, own->server))
		return true;
	if (own->home_net != NULL && netset_has(own->home_net, addr))
		return true;
	return is_literal_name(own->server_name, addr) ||
	       is_literal_name(own->banner_name, addr);
}

static enum place
place_literal(
    const struct recipient_own *own, struct slice text, char out[static DOMAIN_MAX + 1])
{
	char buf[ADDR_TEXT_MAX];
	struct addr addr;

	if (text.n + 2 > DOMAIN_MAX)
		return PLACE_UNREADABLE;
	if (literal_addr(text, &addr) == 0) {
		text = slice_str(addr_format(&addr, buf));
		if (is_own_addr(own, &addr)) {
			out[0] = '\0';
			return PLACE_OWN;
		}
	}
	out[0] = '[';
	for (size_t i = 0; i < text.n; i++)
		out[1 + i] = lower(text.p[i]);
	memcpy(out + 1 + text.n, "]", 2);
	return PLACE_LITERAL;
}

static void
copy_domain(char to[static DOMAIN_MAX + 1], const char *domain)
{
	memcpy(to, domain, strlen(domain) + 1);
}

/* Whose domain it is; out gets its normal form, brackets around literals. */
static enum place
place_of(
    const struct recipient_own *own, struct slice name, char out[static DOMAIN_MAX + 1])
{
	char normal[DOMAIN_MAX + 1];
	struct slice text;

	out[0] = '\0';
	if (name.n == 0)
		return PLACE_OWN;
	if (literal_of(name, &text))
		return place_literal(own, text, out);
	if (domain_normalise(name, normal) == 0)
		return name.n == 1 && name.p[0] == '.' ? PLACE_OWN : PLACE_UNREADABLE;
	/* IDNA takes digits of other scripts for digits. */
	if (literal_of(slice_str(normal), &text))
		return place_literal(own, text, out);
	copy_domain(out, normal);
	if (strchr(out, '.') == NULL)
		return PLACE_OWN;
	if (own->local_domains != NULL && domain_set_has(own->local_domains, out))
		return PLACE_OWN;
	if (is_server_name(own, out) || may_be_server_name(own, out))
		return PLACE_OWN;
	if (own->relay_domains != NULL && domain_set_has(own->relay_domains, out))
		return PLACE_RELAYED;
	return PLACE_FOREIGN;
}

/* What may be split off a local part as a domain: a host name or a literal. */
static bool
is_domain_like(struct slice s)
{
	struct slice text;

	if (s.n == 0 || s.n > DOMAIN_MAX + 1)
		return false;
	if (literal_of(s, &text))
		return text.n > 0;
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = s.p[i];
		bool word = (c >= '0' && c <= '9') ||
			    (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' ||
			    c == '_' || c >= 0x80;

		if (!word && (c != '.' || i == 0 || s.p[i - 1] == '.'))
			return false;
	}
	return true;
}

static bool
has_quotes(struct slice s)
{
	return memchr(s.p, '"', s.n) != NULL || memchr(s.p, '\\', s.n) != NULL;
}

static size_t
last_at_anywhere(struct slice s)
{
	const uint8_t *at = memrchr(s.p, '@', s.n);

	return at != NULL ? (size_t)(at - s.p) : SIZE_MAX;
}

/* Where the last `@` outside quotes stands, SIZE_MAX: nowhere. */
static size_t
last_at_unquoted(struct slice s)
{
	size_t at = SIZE_MAX;
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == '@' && !quoted)
			at = i;
	}
	/* A quote that is never closed is none. */
	return quoted ? last_at_anywhere(s) : at;
}

/* RFC 5321 section 4.1.2 and appendix C: `@a,@b:`. False where its end is missing. */
static bool
strip_route(struct slice *s, struct slice *first_host)
{
	bool literal = false;
	size_t i;

	for (i = 1; i < s->n; i++) {
		if (s->p[i] == '[')
			literal = true;
		else if (s->p[i] == ']')
			literal = false;
		else if (!literal && (s->p[i] == ':' || s->p[i] == ',') &&
			 first_host->n == 0)
			*first_host = slice_of(s->p + 1, i - 1);
		if (!literal && s->p[i] == ':')
			break;
	}
	if (i >= s->n)
		return false;
	*s = trim(slice_tail(*s, i + 1));
	return true;
}

/* Takes quotes and backslashes out of text, in buf. */
static void
unquote(struct layer *layer, uint8_t *buf)
{
	struct slice s = layer->text;
	size_t n = 0;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"' || (s.p[i] == '\\' && i + 1 < s.n)) {
			layer->quoted = true;
			if (s.p[i] == '"')
				continue;
			i++;
		}
		buf[n++] = s.p[i];
	}
	layer->text = slice_of(buf, n);
}

static bool
split(struct slice text, uint8_t separator, struct slice *local, struct slice *domain)
{
	const uint8_t *p;

	if (text.n == 0)
		return false;
	p = separator == '!' ? memchr(text.p, '!', text.n)
			     : memrchr(text.p, separator, text.n);
	if (p == NULL)
		return false;
	*local = slice_of(text.p, (size_t)(p - text.p));
	*domain = slice_tail(text, local->n + 1);
	if (separator == '!') {
		struct slice swap = *local;

		*local = *domain;
		*domain = swap;
	}
	return local->n > 0 && is_domain_like(*domain);
}

/* Takes the next domain out of the local part. The trick, or ALERT_PLAIN: there is none.
 */
static enum alert_mechanism
peel(struct slice *text, struct slice *domain)
{
	static const struct {
		uint8_t separator;
		enum alert_mechanism mechanism;
	} order[] = { { '@', ALERT_DOUBLE_AT }, { '%', ALERT_PERCENT },
		{ '!', ALERT_BANG } };
	struct slice local;

	for (size_t i = 0; i < sizeof(order) / sizeof(*order); i++) {
		if (split(*text, order[i].separator, &local, domain)) {
			*text = local;
			return order[i].mechanism;
		}
	}
	return ALERT_PLAIN;
}

static uint64_t
address_hash(struct slice local, const char *domain)
{
	uint8_t buf[FACT_TEXT_MAX + 1 + DOMAIN_MAX];
	size_t n = local.n < FACT_TEXT_MAX ? local.n : FACT_TEXT_MAX, m = strlen(domain);

	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)lower(local.p[i]);
	buf[n] = '@';
	memcpy(buf + n + 1, domain, m);
	return XXH3_64bits(buf, n + 1 + m);
}

/* The address below all layers, whoever the domains belong to; hash: with all of them. */
static uint64_t
innermost_hash(const struct layer *layer, uint64_t hash)
{
	static const struct recipient_own nobody;
	struct slice text = layer->text, domain;
	char inner[DOMAIN_MAX + 1];
	unsigned peeled = 0;

	while (peeled < LAYERS_MAX && peel(&text, &domain) != ALERT_PLAIN) {
		place_of(&nobody, domain, inner);
		peeled++;
	}
	return peeled != 0 ? address_hash(text, inner) : hash;
}

static void
note_trick(struct recipient *out, const struct layer *layer, enum alert_mechanism trick)
{
	out->tricks |= 1u << trick;
	if (layer->quoted) {
		out->tricks |= 1u << ALERT_QUOTED;
		trick = ALERT_QUOTED;
	} else if ((out->tricks & 1u << ALERT_NO_DOMAIN) != 0) {
		trick = ALERT_NO_DOMAIN;
	}
	if (out->mechanism == ALERT_PLAIN)
		out->mechanism = trick;
}

/* Peels until the domain is not ours. */
static enum place
unfold(struct layer *layer, enum place place, const struct recipient_own *own,
    struct recipient *out)
{
	enum alert_mechanism trick;
	struct slice domain;

	for (unsigned i = 0; place != PLACE_FOREIGN && place != PLACE_UNREADABLE; i++) {
		trick = peel(&layer->text, &domain);
		if (trick == ALERT_PLAIN)
			return place;
		if (i == LAYERS_MAX)
			return PLACE_UNREADABLE;
		note_trick(out, layer, trick);
		out->outer_own = true;
		place = place_of(own, domain, layer->domain);
	}
	return place;
}

static bool
is_postmaster(struct slice local)
{
	static const char name[] = "postmaster";
	size_t n = 0;

	while (n < local.n && n < sizeof(name) - 1 && lower(local.p[n]) == name[n])
		n++;
	return n == local.n && n == sizeof(name) - 1;
}

static enum recipient_class
class_of(enum place place, const struct layer *layer, const struct recipient *out)
{
	switch (place) {
	case PLACE_UNREADABLE:
		break;
	case PLACE_OWN:
		return RECIPIENT_LOCAL;
	case PLACE_RELAYED:
		return RECIPIENT_RELAYED;
	case PLACE_LITERAL:
		/* Each host answers for its own address (RFC 5321 section 4.5.1), also by
		 * one that NAT gave it. */
		if (out->tricks == 1u << ALERT_LITERAL && is_postmaster(layer->text))
			return RECIPIENT_LOCAL;
		return RECIPIENT_FOREIGN;
	case PLACE_FOREIGN:
		return RECIPIENT_FOREIGN;
	}
	return RECIPIENT_UNREADABLE;
}

static void
finish(struct recipient *out, const struct layer *layer, enum place place)
{
	if (place == PLACE_LITERAL) {
		out->tricks |= 1u << ALERT_LITERAL;
		if (out->mechanism == ALERT_PLAIN)
			out->mechanism = ALERT_LITERAL;
	}
	out->class = class_of(place, layer, out);
	out->local_len = layer->text.n;
	memcpy(out->local, layer->text.p, layer->text.n);
	out->local[layer->text.n] = '\0';
	copy_domain(out->domain, layer->domain);
	out->hash = address_hash(layer->text, layer->domain);
	out->inner_hash =
	    place == PLACE_FOREIGN ? innermost_hash(layer, out->hash) : out->hash;
}

static bool
read_route(struct slice *s, const struct recipient_own *own, struct recipient *out)
{
	struct slice host = slice_of(NULL, 0);

	while (s->n > 0 && s->p[0] == '@') {
		if (!strip_route(s, &host))
			return false;
		out->tricks |= 1u << ALERT_SOURCE_ROUTE;
		out->mechanism = ALERT_SOURCE_ROUTE;
	}
	if (host.n > 0)
		place_of(own, trim(host), out->outer);
	return s->n > 0;
}

/* Not its texts whole, which are long. */
static void
forget(struct recipient *out)
{
	out->class = RECIPIENT_UNREADABLE;
	out->mechanism = ALERT_PLAIN;
	out->tricks = 0;
	out->outer_own = false;
	out->hash = out->inner_hash = 0;
	out->domain[0] = out->outer[0] = out->local[0] = '\0';
	out->local_len = 0;
}

void
recipient_read(
    struct slice path, bool cut, const struct recipient_own *own, struct recipient *out)
{
	uint8_t buf[FACT_TEXT_MAX];
	struct slice s = without_brackets(path), domain;
	enum place place;
	struct layer layer;
	bool quotes;
	size_t at;

	forget(out);
	if (cut || s.n == 0 || s.n > sizeof(buf) || has_control(s) ||
	    !read_route(&s, own, out))
		return;
	quotes = has_quotes(s);
	at = quotes ? last_at_unquoted(s) : last_at_anywhere(s);
	layer.text = slice_head(s, at);
	layer.quoted = false;
	domain = at == SIZE_MAX ? slice_of(s.p, 0) : slice_tail(s, at + 1);
	if (at != SIZE_MAX && domain.n == 0)
		out->tricks |= 1u << ALERT_NO_DOMAIN;
	place = place_of(own, trim(domain), layer.domain);
	if (out->outer[0] == '\0')
		copy_domain(out->outer, layer.domain);
	if (quotes)
		unquote(&layer, buf);
	if (layer.text.n == 0)
		return;
	place = unfold(&layer, place, own, out);
	finish(out, &layer, place);
}
