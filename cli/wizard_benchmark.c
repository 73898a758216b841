/* What a look at the hosts beside the benchmark saw, for the page of the wizard. */
#include "cli/wizard.h"

#include "inventory/inventory.h"
#include "tui/wizard.h"

#include <stdlib.h>

static void fill_item(const struct cli_run *r, struct arena *a, struct port_benchmark_item *out)
{
	struct benchmark_judged j;
	struct str hosts = STR_INIT;

	benchmark_judge_all(r, out->is, &j);
	out->state = j.state;
	out->words = benchmark_words(j.state);
	out->groups = arena_alloc(a, (j.count + 1) * sizeof(*out->groups));
	for (size_t i = 0; i < j.count; i++) {
		if (j.hosts[i].shown)
			continue;
		str_clear(&hosts);
		benchmark_same(r, &j, i, &hosts);
		out->groups[out->group_count++] =
			(struct port_benchmark_group){ j.hosts[i].is.state, benchmark_words(j.hosts[i].is.state),
				arena_strdup(a, hosts.buf), arena_strdup(a, j.hosts[i].is.what) };
	}
	str_release(&hosts);
	free(j.hosts);
}

/* Also a host that nobody came to, before the look was given up. */
static void fill_unseen(const struct cli_run *r, struct port_benchmark *out)
{
	out->unseen = arena_alloc(&out->arena, (r->inventory->host_count + 1) * sizeof(*out->unseen));
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = r->engine ? engine_host_error(r->engine, (int)i) : NULL;
		struct port_benchmark_unseen *u = &out->unseen[out->unseen_count];

		if (!r->chosen[i] || r->world.seen.benchmark[i].said.looked)
			continue;
		u->host = arena_strdup(&out->arena, r->inventory->hosts[i].name);
		if (e)
			u->error = *e;
		out->unseen_count++;
	}
}

void cli_wizard_benchmark(struct cli_run *r, struct port_benchmark *out)
{
	*out = (struct port_benchmark){ .count = benchmark_item_count };
	out->items = arena_alloc(&out->arena, (out->count + 1) * sizeof(*out->items));
	for (size_t i = 0; i < out->count; i++) {
		out->items[i].is = &benchmark_items[i];
		fill_item(r, &out->arena, &out->items[i]);
	}
	fill_unseen(r, out);
}
