/* Hosts as words of a command line: "address", "name=address", each with one range. */
#include "inventory/private.h"

#include "base/error.h"
#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct range {
	const char *text;
	size_t head;      /* bytes before '[' */
	const char *tail; /* after ']' */
	unsigned from, to;
};

/* "10.0.0.[11-15]"; without brackets it stands for itself. */
static int parse_range(const char *text, struct range *r, struct error *err)
{
	const char *open = strchr(text, '['), *close = strchr(text, ']');
	char dash, extra;

	*r = (struct range){ .text = text, .head = strlen(text), .tail = "" };
	if (!open && !close)
		return 0;
	if (open && close && strlen(open) < 24 && strspn(open + 1, "0123456789-") == (size_t)(close - open - 1) &&
		sscanf(open, "[%5u%c%5u%c", &r->from, &dash, &r->to, &extra) == 4 && dash == '-' && extra == ']' &&
		r->from <= r->to) {
		r->head = (size_t)(open - text);
		r->tail = close + 1;
		return 0;
	}
	error_set(err, ERROR_USAGE, "cannot read the range in '%s'", text);
	return error_hint(err, "write it as 10.0.0.[11-15]");
}

static char *member(struct arena *a, const struct range *r, unsigned i)
{
	if (r->head == strlen(r->text))
		return arena_strdup(a, r->text);
	return arena_printf(a, "%.*s%u%s", (int)r->head, r->text, r->from + i, r->tail);
}

struct hosts {
	struct inventory_host *list;
	size_t count, cap;
};

static int expand_one(struct arena *a, const char *spec, struct hosts *hosts, struct error *err)
{
	const char *equals = strchr(spec, '=');
	struct range name, address;

	if (parse_range(equals ? arena_strndup(a, spec, (size_t)(equals - spec)) : "", &name, err) ||
		parse_range(equals ? equals + 1 : spec, &address, err))
		return -1;
	if (equals && name.to - name.from != address.to - address.from) {
		error_set(err, ERROR_USAGE, "'%s' has %u names for %u addresses", spec, name.to - name.from + 1,
			address.to - address.from + 1);
		return error_hint(err, "write it as cp[1-3]=10.0.0.[11-13]");
	}
	for (unsigned i = 0; i <= address.to - address.from; i++) {
		if (hosts->count == INVENTORY_MAX_HOSTS)
			return error_set(err, ERROR_USAGE, "more than %d hosts", INVENTORY_MAX_HOSTS);
		if (hosts->count == hosts->cap) {
			hosts->cap = hosts->cap ? 2 * hosts->cap : 16;
			hosts->list = xrealloc(hosts->list, hosts->cap, sizeof(*hosts->list));
		}
		hosts->list[hosts->count++] = (struct inventory_host){
			.name = equals ? member(a, &name, i) : NULL,
			.address = member(a, &address, i),
		};
	}
	return 0;
}

static bool taken(const struct hosts *hosts, const char *name)
{
	for (size_t i = 0; i < hosts->count; i++)
		if (hosts->list[i].name && strcmp(hosts->list[i].name, name) == 0)
			return true;
	return false;
}

static void give_names(struct arena *a, struct hosts *hosts)
{
	unsigned next[2] = { 1, 1 };
	size_t planes = hosts->count < 4 ? 1 : 3;

	for (size_t i = 0; i < hosts->count; i++) {
		struct inventory_host *h = &hosts->list[i];

		h->role = i < planes ? INVENTORY_CONTROL_PLANE : INVENTORY_WORKER;
		while (!h->name) {
			const char *name = arena_printf(a, "%s%u", i < planes ? "cp" : "w", next[i >= planes]++);

			h->name = taken(hosts, name) ? NULL : name;
		}
	}
}

int inventory_expand(struct arena *a, const char *const *specs, size_t spec_count, struct inventory_host **out,
	size_t *count, struct error *err)
{
	struct hosts hosts = { 0 };
	int rc = 0;

	for (size_t i = 0; i < spec_count && rc == 0; i++)
		rc = expand_one(a, specs[i], &hosts, err);
	if (rc == 0) {
		give_names(a, &hosts);
		*out = arena_alloc(a, (hosts.count + 1) * sizeof(**out));
		if (hosts.count)
			memcpy(*out, hosts.list, hosts.count * sizeof(**out));
		*count = hosts.count;
	}
	free(hosts.list);
	return rc;
}
