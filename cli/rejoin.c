/* kubewright rejoin HOST…: a host that was reinstalled or is broken comes into the cluster again, under the same name. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

bool *cli_named_hosts(const struct cli_run *r, const char *purpose, struct error *err)
{
	const struct inventory *inv = r->inventory;
	bool *flags = xcalloc(inv->host_count, sizeof(*flags));
	const char **names = xcalloc(inv->host_count, sizeof(*names));
	int rc = 0;

	for (size_t i = 0; i < inv->host_count; i++)
		names[i] = inv->hosts[i].name;
	for (size_t i = 0; r->options->all && i < inv->host_count; i++)
		flags[i] = r->chosen[i];
	for (size_t i = 0; rc == 0 && i < r->options->arg_count; i++) {
		const char *name = r->options->args[i], *near;
		const struct inventory_host *h = inventory_find(inv, name);

		if (h && r->chosen[h - inv->hosts]) {
			flags[h - inv->hosts] = true;
		} else if (h) {
			rc = error_set(err, ERROR_USAGE, "%s must %s but is excluded by --hosts", name, purpose);
		} else {
			near = cli_nearest(name, names, inv->host_count);
			rc = error_set(err, ERROR_USAGE, "%s has no host '%s'", inv->path, name);
			if (near)
				error_hint(err, "did you mean '%s'?", near);
			else
				error_hint(err,
					"if the cluster has a Node of that name, add its host to the inventory first");
		}
	}
	free(names);
	if (rc == 0)
		return flags;
	free(flags);
	return NULL;
}

static int confirm(const struct cli_run *r, struct error *err)
{
	struct str tell = STR_INIT;
	int rc;

	str_add(&tell, "This removes");
	for (size_t i = 0; i < r->options->arg_count; i++)
		str_addf(&tell, "%s %.63s", i ? "," : "", r->options->args[i]);
	str_add(&tell, " from the cluster, deletes Kubernetes' data there, and joins them again.");
	rc = cli_confirm_name(
		r, tell.buf, "rejoin deletes Kubernetes' data on the named hosts and must be confirmed", err);
	str_release(&tell);
	return rc;
}

int cli_rejoin(const struct cli_options *o)
{
	return cli_run_change(o, KIND_REJOIN, &(struct cli_change){ .confirm = confirm, .report = cli_apply_report });
}
