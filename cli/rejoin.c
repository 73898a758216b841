/* kubewright rejoin HOST…: a host that was reinstalled or is broken comes into the cluster again, under the same name. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

/* names: of the hosts. */
static int unknown(const struct cli_run *r, const char *name, const char *const *names, struct error *err)
{
	const char *near = cli_nearest(name, names, r->inventory->host_count);
	struct str kinds = STR_INIT;

	error_set(err, ERROR_USAGE,
		r->options->renew ? "%s has no host '%s', nor is that a certificate" : "%s has no host '%s'",
		r->inventory->path, name);
	if (r->options->renew)
		renew_names(&kinds);
	if (near)
		error_hint(err, "did you mean '%s'?", near);
	else if (r->options->renew)
		error_hint(err, "certificates are %s", kinds.buf);
	else
		error_hint(err, "if the cluster has a Node of that name, add its host to the inventory first");
	str_release(&kinds);
	return -1;
}

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
		const char *name = r->options->args[i];
		const struct inventory_host *h = inventory_find(inv, name);

		if (h && r->chosen[h - inv->hosts]) {
			flags[h - inv->hosts] = true;
		} else if (h) {
			rc = error_set(err, ERROR_USAGE, "%s must %s but is excluded by --hosts", name, purpose);
		} else {
			rc = unknown(r, name, names, err);
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
