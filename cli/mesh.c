/* kubewright check --mesh: the hosts ask each other. */
#include "cli/mesh.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>

static void print_findings(const struct cli_run *r, const struct findings *all)
{
	struct findings_count c = { 0, 0, 0 };
	unsigned seen = 0;

	for (size_t host = 0; host < r->inventory->host_count; host++) {
		struct findings own = { xcalloc(all->count + 1, sizeof(*own.list)), 0 };

		seen += r->world.seen.mesh[host].answered;
		for (size_t i = 0; i < all->count; i++)
			if (all->list[i].host == (int)host)
				own.list[own.count++] = all->list[i];
		if (own.count)
			printf("%s%s%s\n", cli_color(stdout, CLI_BOLD), r->inventory->hosts[host].name,
				cli_color(stdout, CLI_PLAIN));
		cli_findings_print(stdout, &own, false);
		findings_release(&own);
	}
	cli_findings_count(all, &c);
	printf("%s%u of %zu hosts looked at: %u error%s, %u warning%s, %u ignored. Nothing was changed.\n",
		all->count ? "\n" : "", seen, r->chosen_count, c.errors, c.errors == 1 ? "" : "s", c.warnings,
		c.warnings == 1 ? "" : "s", c.ignored);
}

int cli_mesh_status(const struct mesh_view *v, const struct findings *found, int unseen)
{
	struct findings_count c = { 0, 0, 0 };
	bool unknown = false;

	cli_findings_count(found, &c);
	if (c.errors)
		return error_exit_code(ERROR_PREFLIGHT);
	for (size_t from = 0; from < v->plan->count; from++)
		for (size_t to = 0; to < v->plan->count; to++)
			unknown = unknown ||
				  (mesh_plan_pair(v->plan, from, to) && mesh_pair(v, from, to) == MESH_UNKNOWN);
	/* what could not be asked is not well */
	return unseen || !unknown ? unseen : error_exit_code(ERROR_COMMAND);
}

int cli_mesh(const struct cli_options *o)
{
	struct findings found = { 0 };
	struct str text = STR_INIT;
	struct mesh_plan plan;
	struct mesh_view view;
	struct cli_run r;
	int status;

	if (o->list)
		return cli_findings_list(mesh_finding_kinds, mesh_finding_kind_count, o->json);
	status = cli_look(&r, KIND_MESH, o);
	if (status)
		return status;
	mesh_of_run(&r.world, &plan);
	view = (struct mesh_view){ &plan, r.world.seen.mesh };
	findings_mesh(&view, &found);
	if (o->json) {
		cli_json_print(cli_mesh_json(&r, &view, &found));
	} else {
		cli_mesh_table(&r, &view, &text);
		fputs(text.buf, stdout);
		print_findings(&r, &found);
	}
	status = cli_mesh_status(&view, &found, cli_look_errors(&r, true));
	str_release(&text);
	findings_release(&found);
	mesh_plan_release(&plan);
	cli_run_release(&r);
	return status;
}
