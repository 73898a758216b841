/* The cluster's keys on this machine, for the commands that contact no host. */
#include "cli/run.h"

#include "inventory/inventory.h"
#include "pki/pki.h"

#include <string.h>

/* Nothing is done on a host. */
const struct plan cli_plan_keys = { .name = "keys", .flags = PLAN_KEYS };

int cli_keys_there(const struct cli_run *r, struct error *err)
{
	if (pki_store_state(r->store_dir) != PKI_STORE_NONE)
		return 0;
	error_set(err, ERROR_PKI, "this machine does not have the keys of cluster %s (%s)", r->inventory->cluster,
		r->store_dir);
	return error_hint(err,
		"'kubewright apply' makes them; 'kubewright apply' and 'kubewright status' fetch those of a living cluster");
}

int cli_keys_secrets(struct cli_run *r, struct error *err)
{
	r->kind = &cli_kinds[KIND_KEYS];
	if (!r->mask)
		r->mask = mask_new();
	memset(r->chosen, 0, r->inventory->host_count * sizeof(*r->chosen));
	return cli_secrets_fill(r, err);
}

int cli_keys_open(struct cli_run *r, struct error *err)
{
	if (cli_keys_there(r, err) || cli_keys_secrets(r, err))
		return -1;
	r->world.pki.store = pki_store_open(r->store_dir, &r->passphrase, err);
	return r->world.pki.store ? 0 : -1;
}

void cli_keys_close(struct cli_run *r)
{
	pki_store_free(r->world.pki.store);
	r->world.pki.store = NULL;
	cli_run_release(r);
}
