/*
 * kubewright certs [HOST…]: which certificates there are, who reads them, and how long they are good; and what is done
 * with the keys of this machine, a file each.
 */
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

static int hosts(const struct cli_options *o)
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

/* ---- actions: on the keys of this machine, and on hosts ------------------------------------------------------------ */

enum action_option {
	OF_YES = 1,
	OF_PASSPHRASE = 2,
	OF_REMOVE = 4,
	OF_HOSTS = 8, /* it contacts them */
	OF_EXPIRING = 16,
	OF_CHOICE = 32, /* not all of them */
	OF_PHASE = 64,  /* and --force */
	OF_OUT = 128,
};
#define ANY SIZE_MAX

static const struct action {
	const char *name;
	int (*run)(const struct cli_options *o);
	unsigned options; /* that not all of them know */
	size_t args;
	const char *arg; /* what they are */
} actions[] = {
	{ "passphrase", cli_certs_passphrase, OF_YES | OF_PASSPHRASE | OF_REMOVE, 0, "" },
	{ "backup", cli_certs_backup, OF_YES | OF_PASSPHRASE, 1, "FILE" },
	{ "restore", cli_certs_restore, OF_PASSPHRASE, 1, "FILE" },
	{ "csr", cli_certs_csr, OF_OUT, 0, "" },
	{ "import", cli_certs_import, 0, ANY, "" },
	{ "renew", cli_certs_renew, OF_YES | OF_HOSTS | OF_CHOICE | OF_EXPIRING, ANY, "" },
	{ "rotate", cli_certs_rotate, OF_YES | OF_HOSTS | OF_PHASE, 1, "CA" },
	{ "sign", cli_certs_sign, OF_YES | OF_HOSTS, ANY, "" },
};
static const struct action show_hosts = { NULL, hosts, OF_HOSTS | OF_CHOICE, 0, "" };

static int check_options(const struct cli_options *o, const struct action *a, struct error *err)
{
	const struct {
		const char *name;
		bool given;
		unsigned bit;
	} options[] = {
		{ "yes", o->yes, OF_YES },
		{ "passphrase", o->passphrase_env != NULL, OF_PASSPHRASE },
		{ "remove", o->remove, OF_REMOVE },
		{ "expiring", o->expiring > 0, OF_EXPIRING },
		{ "out", o->out != NULL, OF_OUT },
		{ "check", o->check, OF_PHASE },
		{ "reissue", o->reissue, OF_PHASE },
		{ "forget", o->forget, OF_PHASE },
		{ "force", o->force, OF_PHASE },
		{ "hosts", o->host_count > 0, OF_CHOICE },
		{ "parallel", o->parallel > 0, OF_HOSTS },
		{ "accept-new-host-keys", o->accept_new_host_keys, OF_HOSTS },
		{ "connect-timeout", o->connect_timeout_s > 0, OF_HOSTS },
		{ "verbose", o->verbose, OF_HOSTS },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (!options[i].given || a->options & options[i].bit)
			continue;
		error_set(err, ERROR_USAGE, "--%s is not an option of 'certs%s%s'", options[i].name, a->name ? " " : "",
			a->name ? a->name : "");
		return error_hint(err, a->options & OF_HOSTS || !(options[i].bit & (OF_HOSTS | OF_CHOICE))
					       ? "see 'kubewright help certs'"
					       : "it contacts no host");
	}
	if (!a->name || a->args == ANY || o->arg_count == 1 + a->args)
		return 0;
	if (o->arg_count > 1 + a->args)
		return error_set(err, ERROR_USAGE, "unexpected argument '%.64s': certs %s takes %s%s",
			o->args[1 + a->args], a->name, a->args ? "only " : "none", a->arg);
	error_set(err, ERROR_USAGE, "certs %s needs %s", a->name, a->arg);
	return error_hint(err, "usage: kubewright certs %s %s", a->name, a->arg);
}

int cli_certs(const struct cli_options *o)
{
	const struct action *a = &show_hosts;
	struct error err = { 0 };

	for (size_t i = 0; o->arg_count && i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(o->args[0], actions[i].name) == 0)
			a = &actions[i];
	return check_options(o, a, &err) ? cli_fail(&err) : a->run(o);
}
