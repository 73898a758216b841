/* kubewright kubeconfig. */
#include "cli/run.h"

#include "base/clock.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <string.h>

#define DAYS 365

/* The store's passphrase alone: no host is contacted, so no other secret is wanted. */
static int open_keys(struct cli_run *r, struct error *err)
{
	static const struct cli_run_kind kind = { .command = "kubeconfig", .needs_keys = true };

	if (pki_store_state(r->store_dir) == PKI_STORE_NONE) {
		error_set(err, ERROR_PKI, "this machine has no keys of cluster %s (%s)", r->inventory->cluster,
			r->store_dir);
		return error_hint(err,
			"'kubewright apply' makes them, or fetches them from a living cluster, as 'kubewright status' does");
	}
	r->kind = &kind;
	r->mask = mask_new();
	memset(r->chosen, 0, r->inventory->host_count * sizeof(*r->chosen));
	if (cli_secrets_fill(r, err))
		return -1;
	r->world.store = pki_store_open(r->store_dir, &r->passphrase, err);
	return r->world.store ? 0 : -1;
}

static int make(struct cli_run *r, struct error *err)
{
	int days = r->options->days ? r->options->days : DAYS;
	struct secret text = { 0 };
	char server[300], until[32];
	int rc;

	snprintf(
		server, sizeof(server), "https://%s:%d", inventory_endpoint(r->inventory), r->inventory->endpoint.port);
	rc = pki_kubeconfig(r->world.store, r->inventory->cluster, server, "kubernetes-admin", r->release->admin_org,
		days, &text, err);
	if (rc == 0 && r->options->write)
		rc = file_write(r->kubeconfig, text.text, text.len, 0600, err);
	else if (rc == 0)
		fwrite(text.text, 1, text.len, stdout);
	secret_release(&text);
	if (rc)
		return rc;
	clock_rfc3339(clock_wall_ms() + (int64_t)days * 86400000, until, sizeof(until));
	fflush(stdout);
	if (r->options->write)
		printf("%s\n", r->kubeconfig);
	fprintf(stderr, "valid for %d days, until %.10s\n", days, until);
	return 0;
}

int cli_kubeconfig(const struct cli_options *o)
{
	struct error err = { 0 };
	struct cli_run r;
	int status = 0;

	if (cli_run_load(&r, o, &err) || open_keys(&r, &err) || make(&r, &err))
		status = cli_fail(&err);
	if (r.world.store)
		pki_store_free(r.world.store);
	r.world.store = NULL;
	cli_run_release(&r);
	return status;
}
