/* What the machines are made of, as a look saw it, for the page of the wizard. */
#include "cli/wizard.h"

#include "base/alloc.h"
#include "cluster/hardware_words.h"
#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <stdlib.h>

struct adding {
	struct arena *arena;
	struct port_hardware_line *list; /* grows here, and is the arena's in the end */
	size_t count, room;
};

static void add_line(int depth, const char *label, const char *text, void *ctx)
{
	struct adding *a = ctx;

	if (a->count == a->room) {
		a->room = a->room ? 2 * a->room : 32;
		a->list = xrealloc(a->list, a->room, sizeof(*a->list));
	}
	a->list[a->count++] =
		(struct port_hardware_line){ depth, arena_strdup(a->arena, label), arena_strdup(a->arena, text) };
}

static void add_flat(const char *label, const char *text, void *ctx)
{
	add_line(1, label, text, ctx);
}

static struct port_hardware_line *taken(struct adding *a, size_t *count)
{
	struct port_hardware_line *list = arena_alloc(a->arena, (a->count + 1) * sizeof(*list));

	for (size_t i = 0; i < a->count; i++)
		list[i] = a->list[i];
	*count = a->count;
	a->count = 0;
	return list;
}

static void fill_machine(const struct json *map, struct arena *arena, struct port_hardware_host *out)
{
	struct adding a = { .arena = arena };
	struct str kind = STR_INIT;

	out->seen = true;
	hardware_column(map, 0, &kind);
	if (kind.len)
		out->kind = arena_strdup(arena, kind.buf);
	hardware_tree(map, add_line, &a);
	out->near = taken(&a, &out->near_count);
	hardware_lines(map, add_flat, &a);
	out->all = taken(&a, &out->all_count);
	free(a.list);
	str_release(&kind);
}

static void fill_findings(const struct findings *all, int host, struct arena *arena, struct port_hardware_host *out)
{
	for (size_t i = 0; i < all->count; i++)
		out->finding_count += all->list[i].host == host;
	out->findings = arena_alloc(arena, (out->finding_count + 1) * sizeof(*out->findings));
	out->finding_count = 0;
	for (size_t i = 0; i < all->count; i++)
		if (all->list[i].host == host)
			out->findings[out->finding_count++] = all->list[i];
}

void cli_wizard_hardware(struct cli_run *r, struct port_hardware *out)
{
	struct findings found = { 0 };
	struct str tell = STR_INIT;
	struct error err = { 0 };

	*out = (struct port_hardware){ .host_count = 0 };
	out->hosts = arena_alloc(&out->arena, (r->inventory->host_count + 1) * sizeof(*out->hosts));
	if (cli_hardware_find(r, false, &found, &tell, &err))
		str_addf(&tell, "this look cannot be kept for the next one: %s\n", err.what);
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = r->engine ? engine_host_error(r->engine, (int)i) : NULL;
		struct port_hardware_host *h = &out->hosts[out->host_count];

		if (!r->chosen[i])
			continue;
		out->host_count++;
		h->name = arena_strdup(&out->arena, r->inventory->hosts[i].name);
		h->kind = "unknown";
		if (r->world.seen.hardware[i])
			fill_machine(r->world.seen.hardware[i], &out->arena, h);
		else if (e)
			h->error = *e;
		fill_findings(&found, (int)i, &out->arena, h);
	}
	out->tell = arena_strdup(&out->arena, tell.buf);
	findings_release(&found);
	str_release(&tell);
}
