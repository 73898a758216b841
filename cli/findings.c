/* Findings of preflight for people: errors first, then warnings, then what the inventory ignores. */
#include "cli/run.h"

#include "base/json.h"
#include "inventory/inventory.h"

static void print_one(FILE *out, const struct finding *f)
{
	bool error = f->level == FINDING_ERROR && !f->ignored;
	const char *level = f->ignored ? "ignored" : error ? "error" : "warning";

	fprintf(out, "  %s%-7s%s  %s: %s\n", cli_color(out, error ? CLI_RED : CLI_YELLOW), level,
		cli_color(out, CLI_PLAIN), f->name, f->what);
	if (*f->why)
		fprintf(out, "           why: %s\n", f->why);
	if (*f->remedy)
		fprintf(out, "           remedy: %s\n", f->remedy);
}

void cli_findings_print(FILE *out, const struct findings *all, bool errors_only)
{
	for (int pass = 0; pass < (errors_only ? 1 : 3); pass++) {
		for (size_t i = 0; i < all->count; i++) {
			const struct finding *f = &all->list[i];

			if (pass == (f->ignored ? 2 : f->level == FINDING_ERROR ? 0 : 1))
				print_one(out, f);
		}
	}
}

void cli_findings_count(const struct findings *all, struct findings_count *c)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct finding *f = &all->list[i];

		if (f->ignored)
			c->ignored++;
		else if (f->level == FINDING_ERROR)
			c->errors++;
		else
			c->warnings++;
	}
}

void cli_findings_json(const struct cli_run *r, const struct findings *all, struct json *list)
{
	for (size_t i = 0; i < all->count; i++) {
		const struct finding *f = &all->list[i];
		struct json *j = json_add(list, json_object());

		json_set_str(j, "host", f->host >= 0 ? r->config.hosts[f->host].name : NULL);
		json_set_str(j, "name", f->name);
		json_set_str(j, "level", f->level == FINDING_ERROR ? "error" : "warning");
		json_set_bool(j, "ignored", f->ignored);
		json_set_str(j, "what", f->what);
		json_set_str(j, "why", f->why);
		json_set_str(j, "remedy", f->remedy);
	}
}

int cli_findings_list(const struct finding_kind *kinds, size_t count, bool json)
{
	struct json *list = json ? json_array() : NULL;

	for (size_t i = 0; i < count; i++) {
		const struct finding_kind *k = &kinds[i];
		const char *level = k->level == FINDING_ERROR ? "error" : "warning";

		if (!json) {
			printf("%-28s %-8s %s\n", k->name, level, k->summary);
			continue;
		}
		struct json *j = json_add(list, json_object());
		json_set_str(j, "name", k->name);
		json_set_str(j, "level", level);
		json_set_str(j, "summary", k->summary);
		json_set_str(j, "kubeadm", k->kubeadm);
	}
	if (json)
		cli_json_print(list);
	return 0;
}

void cli_findings_complete(struct cli_run *r)
{
	struct world *w = &r->world;

	/* names may have changed since they were probed */
	for (size_t i = 0; i < r->inventory->host_count; i++)
		identities_add(&w->seen.identities, &w->seen.hosts[i], (int)i);
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		if (!w->seen.hosts[i].probed)
			continue;
		findings_release(&w->seen.findings[i]);
		findings_preflight(r->inventory, w->seen.hosts, &w->seen.identities, (int)i,
			!world_installed(&w->seen.hosts[i]), &w->seen.findings[i]);
	}
}
