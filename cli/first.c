/* Before a first apply the hosts ask each other: what does not get through then shows as a join that hangs, an hour later. */
#include "cli/mesh.h"

#include "base/error.h"
#include "inventory/inventory.h"

#include <unistd.h>

/* A packet may be lost by chance, or a host be slow for a moment: what is not well is looked at so often before it counts. */
#define LOOKS 2

/* Whether no apply from this machine has come to its end; one host has nobody to ask. -1: the inventory is not right. */
static int is_first(const struct cli_options *o, bool *first, struct error *err)
{
	struct cli_run r;
	int rc = cli_run_load(&r, o, err);

	*first = rc == 0 && r.chosen_count > 1 && access(r.kubeconfig, F_OK) != 0;
	cli_run_release(&r);
	return rc;
}

/* A host that has Kubernetes: whatever is between the hosts, a cluster lives with it, and apply may be what mends it. */
static bool is_living(const struct mesh_view *v)
{
	for (size_t host = 0; host < v->plan->count; host++)
		for (size_t i = 0; i < v->hosts[host].listen_count; i++)
			if (v->hosts[host].listens[i].is == MESH_LISTENS_HELD)
				return true;
	return false;
}

static unsigned answered(const struct mesh_view *v)
{
	unsigned n = 0;

	for (size_t host = 0; host < v->plan->count; host++)
		n += v->hosts[host].answered;
	return n;
}

static void refuse(const struct cli_run *r, const struct findings *found, unsigned errors, struct error *err)
{
	struct str detail = STR_INIT;
	const struct finding *first = NULL;

	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->list[i];

		if (f->level != FINDING_ERROR || f->ignored)
			continue;
		first = first ? first : f;
		str_addf(&detail, "%s: %s: %s\n  why: %s\n  remedy: %s\n",
			f->host >= 0 ? r->inventory->hosts[f->host].name : "", f->name, f->what, f->why, f->remedy);
	}
	if (first)
		error_refuse(err, ERROR_PREFLIGHT, REFUSAL_PREFLIGHT, first->name, "%s: %s: %s%s",
			first->host >= 0 ? r->inventory->hosts[first->host].name : "", first->name, first->what,
			errors > 1 ? ", and more" : "");
	error_hint(err,
		"nothing was changed; 'kubewright check --mesh' shows all of it; what is to be so, name it in preflight.ignore");
	error_detail(err, detail.buf);
	str_release(&detail);
}

/* Of one look. last: what is not well counts. *again: it is to be looked at once more. Returns 0, or the exit status. */
static int judge(const struct cli_run *r, bool last, bool *again)
{
	struct findings found = { 0 };
	struct findings_count c = { 0, 0, 0 };
	struct error err = { 0 };
	struct mesh_plan plan;
	struct mesh_view view;
	int status = 0;

	mesh_of_run(&r->world, &plan);
	view = (struct mesh_view){ &plan, r->world.seen.mesh };
	findings_mesh(&view, &found);
	cli_findings_count(&found, &c);
	*again = c.errors && !is_living(&view);
	if (*again && last) {
		refuse(r, &found, c.errors, &err);
		status = cli_fail(&err);
	} else if (!*again && !r->options->json) {
		printf("%u of %zu hosts asked each other: %u error%s, %u warning%s\n", answered(&view), r->chosen_count,
			c.errors, c.errors == 1 ? "" : "s", c.warnings, c.warnings == 1 ? "" : "s");
		for (size_t i = 0; i < found.count; i++)
			if (!found.list[i].ignored)
				printf("  %s: %s: %s\n",
					found.list[i].host >= 0 ? r->inventory->hosts[found.list[i].host].name : "",
					found.list[i].name, found.list[i].what);
	}
	findings_release(&found);
	mesh_plan_release(&plan);
	return status;
}

int cli_first_mesh(const struct cli_options *given)
{
	struct cli_options o = *given;
	struct error err = { 0 };
	bool again;
	int status = 0;

	if (is_first(&o, &again, &err))
		return cli_fail(&err);
	/* it was read by now */
	o.warned = true;
	for (int i = 1; again && status == 0; i++) {
		struct cli_run r;

		status = cli_look(&r, KIND_MESH, &o);
		if (status)
			break;
		/* of hosts that cannot be reached the apply itself speaks */
		status = judge(&r, i == LOOKS, &again);
		cli_run_release(&r);
	}
	return status;
}
