/* kubewright remove HOST…: hosts leave the living cluster for good, and the inventory. */
#include "cli/run.h"

#include "base/str.h"
#include "inventory/document.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

bool cli_host_reset(const struct cli_run *r, size_t host)
{
	for (size_t s = 0; s < r->config.step_count; s++)
		if (strcmp(r->config.steps[s].name, "reset") == 0)
			return engine_step_done(r->engine, (int)s, (int)host);
	return false;
}

bool cli_host_removed(const struct cli_run *r, size_t host)
{
	const struct error *e = engine_host_error(r->engine, (int)host);

	if (!world_removes(&r->world, (int)host) || !r->world.seen.gone[host])
		return false;
	return cli_host_reset(r, host) || (!r->world.seen.hosts[host].probed && !(e && e->kind == ERROR_LOCKED));
}

int cli_remove_choose(struct cli_run *r, const bool *leave, struct error *err)
{
	const struct inventory *inv = r->inventory;
	size_t stay = 0;

	for (size_t i = 0; i < inv->host_count; i++)
		stay += inv->hosts[i].role == INVENTORY_CONTROL_PLANE && !leave[i];
	cli_run_narrow(r, leave);
	if (stay)
		return 0;
	error_set(err, ERROR_USAGE, "no control plane would be left: the cluster and its data would be lost");
	return error_hint(err, "'kubewright reset' removes a whole cluster");
}

static int confirm(const struct cli_run *r, struct error *err)
{
	const bool *leave = r->named;
	struct str tell = STR_INIT;
	size_t stay = 0, go = 0;
	int rc;

	str_add(&tell, "This evicts the pods of");
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct inventory_host *h = &r->inventory->hosts[i];

		stay += h->role == INVENTORY_CONTROL_PLANE && !leave[i];
		go += h->role == INVENTORY_CONTROL_PLANE && leave[i];
	}
	for (size_t i = 0, n = 0; i < r->inventory->host_count; i++)
		if (leave[i])
			str_addf(&tell, "%s %.63s", n++ ? "," : "", r->inventory->hosts[i].name);
	str_addf(&tell,
		", removes them from cluster %s, deletes Kubernetes and all its data on them, and removes them from %s.",
		r->inventory->cluster, r->inventory->path);
	if (go)
		str_addf(&tell, "\n%zu control plane%s will be left, and %zu of them may fail%s.", stay,
			stay == 1 ? "" : "s", (stay - 1) / 2, stay % 2 ? "" : ", no more than with one fewer");
	rc = cli_confirm_name(
		r, tell.buf, "remove deletes Kubernetes' data on the named hosts and must be confirmed", err);
	str_release(&tell);
	return rc;
}

/* The inventory loses the hosts that are out; all else in it stays unchanged. */
static int forget(const struct cli_run *r, struct error *err)
{
	struct document *d = document_load(r->inventory->path, err);
	int rc = d ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < r->inventory->host_count; i++)
		if (cli_host_removed(r, i))
			rc = document_remove_host(d, r->inventory->hosts[i].name, err);
	if (rc == 0 && document_changed(d))
		rc = document_save(d, false, err);
	document_free(d);
	if (rc)
		error_hint(err, "the hosts are out of the cluster; remove them from %s by hand", r->inventory->path);
	return rc;
}

void cli_removed_print(const struct cli_run *r)
{
	for (size_t i = 0; i < r->config.host_count; i++) {
		const struct inventory_host *h = &r->inventory->hosts[i];

		if (!cli_host_removed(r, i))
			continue;
		printf("\n%s was removed from the cluster and from %s.\n", h->name, r->inventory->path);
		if (!cli_host_reset(r, i))
			printf("It could not be reached and was not reset: do not boot it before its disk is wiped,\nor its kubelet%s will try to rejoin.\n",
				h->role == INVENTORY_CONTROL_PLANE ? " and keepalived" : "");
		if (h->role == INVENTORY_CONTROL_PLANE && r->inventory->endpoint.host)
			printf("Remove %s from the load balancer %s.\n", h->address, r->inventory->endpoint.host);
	}
}

static int finish(const struct cli_run *r)
{
	struct error err = { 0 };
	int rc = forget(r, &err), status;

	status = cli_apply_report(r);
	return rc ? cli_fail(&err) : status;
}

int cli_remove(const struct cli_options *o)
{
	return cli_run_change(o, KIND_REMOVE, &(struct cli_change){ .confirm = confirm, .report = finish });
}
