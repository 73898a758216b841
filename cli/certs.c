/* kubewright certs [HOST…]: which certificates there are, who reads them, and how long they are good. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FILE_MAX (1u << 20)

/* What cannot be read is shown as such. */
static void add_store(struct certs_host *here, const struct cli_run *r, enum pki_issuer issuer, enum pki_pem which)
{
	char *path = xasprintf("%s/%s", r->store_dir, pki_shared[which].file);
	struct str text = STR_INIT;

	if (access(path, F_OK) == 0) {
		file_read(path, FILE_MAX, &text, NULL);
		certs_add(here, &certs_store[issuer], path, text.buf, text.len);
	}
	str_release(&text);
	free(path);
}

static void add_kubeconfig(struct certs_host *here, const struct cli_run *r)
{
	struct str text = STR_INIT, pem = STR_INIT;

	if (access(r->kubeconfig, F_OK) == 0) {
		if (file_read(r->kubeconfig, FILE_MAX, &text, NULL) == 0)
			pki_kubeconfig_client(text.buf, &pem);
		certs_add(here, &certs_kubeconfig, r->kubeconfig, pem.buf, pem.len);
	}
	/* a key is in it */
	str_wipe(&text);
	str_release(&pem);
}

/* Only certificates: no passphrase is needed for them. */
void certs_look_here(struct certs_host *here, const struct cli_run *r)
{
	add_store(here, r, PKI_ISSUER_CLUSTER, PKI_CA_CRT);
	add_store(here, r, PKI_ISSUER_ETCD, PKI_ETCD_CA_CRT);
	add_store(here, r, PKI_ISSUER_FRONT_PROXY, PKI_FRONT_PROXY_CA_CRT);
	add_kubeconfig(here, r);
	here->looked = true;
}

static void show(const struct certs_report *c, const struct cli_options *o)
{
	struct str text = STR_INIT;

	if (o->json) {
		cli_json_print(certs_json(c));
		return;
	}
	certs_table(c, o->verbose, &text);
	fputs(text.buf, stdout);
	str_release(&text);
}

int cli_certs(const struct cli_options *o)
{
	struct certs_host here = { 0 };
	struct certs_report c;
	struct cli_run r;
	int status = cli_look(&r, KIND_CERTS, o);

	if (status)
		return status;
	if (!o->arg_count)
		certs_look_here(&here, &r);
	certs_report_fill(&c, &r, o->arg_count ? NULL : &here, clock_wall_ms() / 1000);
	show(&c, o);
	/* what was not looked at may have expired */
	status = cli_look_errors(&r, true);
	certs_report_release(&c);
	certs_release(&here);
	cli_run_release(&r);
	return status;
}
