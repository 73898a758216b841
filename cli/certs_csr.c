/*
 * kubewright certs csr and certs import FILE…: the CAs of a new cluster are signed by another one, such as a company's. Their keys are made here, and stay here; what
 * goes out are requests, and what comes back are certificates.
 */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "pki/subordinate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MAX (1u << 20)
#define REQUEST "-----BEGIN CERTIFICATE REQUEST-----"

/* By enum pki_issuer. */
static const char *const names[PKI_ISSUERS] = { "ca", "etcd-ca", "front-proxy-ca" };

/* ---- csr ------------------------------------------------------------------------------------------------------------- */

struct csr {
	struct cli_run run;
	struct secret request[PKI_ISSUERS];
	char *path[PKI_ISSUERS];
	bool made; /* the keys */
};

static int make_keys(struct csr *c, struct error *err)
{
	struct cli_run *r = &c->run;
	int key = pki_key_type_parse(r->inventory->pki.key_type);
	int sa = r->release->sa_rsa && key == PKI_ECDSA_P256 ? PKI_RSA_2048 : key;
	bool none = pki_store_state(r->store_dir) == PKI_STORE_NONE;

	if (cli_keys_secrets(r, err))
		return -1;
	if (none &&
		pki_subordinate_begin(r->store_dir, (enum pki_key_type)key, (enum pki_key_type)sa, &r->passphrase, err))
		return -1;
	c->made = none;
	return pki_subordinate_requests(r->store_dir, &r->passphrase, r->inventory->cluster, c->request, err);
}

/* An earlier request is replaced, as it can be made again at any time; nothing else is. */
static int check_file(const char *path, struct error *err)
{
	struct str text = STR_INIT;
	struct stat st;
	bool request;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 : error_errno(err, ERROR_SYSTEM, errno, "cannot look at '%s'", path);
	request = S_ISREG(st.st_mode) && file_read(path, FILE_MAX, &text, NULL) == 0 && str_starts(text.buf, REQUEST);
	str_release(&text);
	if (request)
		return 0;
	error_set(err, ERROR_USAGE, "'%s' already exists and is not a request for a certificate", path);
	return error_hint(err, "move it away, or name another folder with --out");
}

static int write_requests(struct csr *c, struct error *err)
{
	for (int i = 0; i < PKI_ISSUERS; i++)
		if (file_write(c->path[i], c->request[i].text, c->request[i].len, 0644, err))
			return error_hint(err, "run the same command again; the keys stay the same");
	return 0;
}

static int check_files(struct csr *c, struct error *err)
{
	const char *out = c->run.options->out ? c->run.options->out : ".";

	if (file_mkdirs(out, 0755, err))
		return -1;
	for (int i = 0; i < PKI_ISSUERS; i++) {
		c->path[i] = xasprintf("%s/%s-%s.csr", out, c->run.inventory->cluster, names[i]);
		if (check_file(c->path[i], err))
			return -1;
	}
	return 0;
}

static void report_requests(const struct csr *c)
{
	const struct cli_run *r = &c->run;
	struct json *j, *list, *one;

	if (r->options->json) {
		j = json_object();
		json_set_str(j, "cluster", r->inventory->cluster);
		json_set_str(j, "store", r->store_dir);
		json_set_bool(j, "made", c->made);
		list = json_set(j, "requests", json_array());
		for (int i = 0; i < PKI_ISSUERS; i++) {
			one = json_add(list, json_object());
			json_set_str(one, "ca", names[i]);
			json_set_str(one, "file", c->path[i]);
		}
		cli_json_print(j);
		return;
	}
	printf("%s the keys of cluster %s in %s; requests for their certificates:\n", c->made ? "made" : "there are",
		r->inventory->cluster, r->store_dir);
	for (int i = 0; i < PKI_ISSUERS; i++)
		printf("  %s\n", c->path[i]);
	puts("next: let your CA sign each as a subordinate CA (basicConstraints CA:TRUE, keyUsage keyCertSign),\n"
	     "then 'kubewright certs import FILE…' with what it gave you and the certificates of all CAs above");
}

static int csr(struct csr *c, const struct cli_options *o, struct error *err)
{
	if (cli_run_load(&c->run, o, err) || check_files(c, err) || make_keys(c, err) || write_requests(c, err))
		return -1;
	report_requests(c);
	return 0;
}

int cli_certs_csr(const struct cli_options *o)
{
	struct csr c = { 0 };
	struct error err = { 0 };
	int status = csr(&c, o, &err) ? cli_fail(&err) : 0;

	for (int i = 0; i < PKI_ISSUERS; i++) {
		secret_release(&c.request[i]);
		free(c.path[i]);
	}
	cli_keys_close(&c.run);
	return status;
}

/* ---- import ---------------------------------------------------------------------------------------------------------- */

struct import {
	struct cli_run run;
	struct str *text;
	struct pki_signed *files;
	size_t count;
	struct pki_above above[PKI_ISSUERS];
	bool changed;
};

static int read_files(struct import *m, const struct cli_options *o, struct error *err)
{
	m->count = o->arg_count - 1;
	if (!m->count) {
		error_set(err, ERROR_USAGE, "certs import needs FILE");
		return error_hint(err, "usage: kubewright certs import FILE…");
	}
	m->text = xcalloc(m->count, sizeof(*m->text));
	m->files = xcalloc(m->count, sizeof(*m->files));
	for (size_t i = 0; i < m->count; i++) {
		m->text[i] = (struct str)STR_INIT;
		if (file_read(o->args[1 + i], FILE_MAX, &m->text[i], err))
			return -1;
		m->files[i] = (struct pki_signed){ o->args[1 + i], m->text[i].buf, m->text[i].len };
	}
	return 0;
}

static void report_cas(const struct import *m)
{
	const struct cli_run *r = &m->run;
	struct json *j, *list, *one;
	char until[32];

	if (r->options->json) {
		j = json_object();
		json_set_str(j, "cluster", r->inventory->cluster);
		json_set_str(j, "store", r->store_dir);
		json_set_bool(j, "changed", m->changed);
		list = json_set(j, "cas", json_array());
		for (int i = 0; i < PKI_ISSUERS; i++) {
			clock_rfc3339(m->above[i].not_after * 1000, until, sizeof(until));
			one = json_add(list, json_object());
			json_set_str(one, "ca", names[i]);
			json_set_str(one, "root", m->above[i].root);
			json_set_str(one, "not_after", until);
		}
		cli_json_print(j);
		return;
	}
	for (int i = 0; i < PKI_ISSUERS; i++) {
		clock_rfc3339(m->above[i].not_after * 1000, until, sizeof(until));
		printf("  %-16s below '%s', until %.10s\n", names[i], m->above[i].root, until);
	}
	if (m->changed)
		printf("verified; the key store in %s is complete\nnext: 'kubewright certs backup FILE', then 'kubewright apply'\n",
			r->store_dir);
	else
		printf("nothing to do: the key store in %s has these certificates\n", r->store_dir);
}

static int import(struct import *m, const struct cli_options *o, struct error *err)
{
	struct cli_run *r = &m->run;

	if (cli_run_load(r, o, err) || read_files(m, o, err))
		return -1;
	if (pki_store_state(r->store_dir) == PKI_STORE_NONE) {
		error_set(err, ERROR_PKI, "this machine does not have the keys of cluster %s (%s)",
			r->inventory->cluster, r->store_dir);
		return error_hint(err, "'kubewright certs csr' makes them, with requests for their certificates");
	}
	if (cli_keys_secrets(r, err) ||
		pki_subordinate_complete(r->store_dir, &r->passphrase, m->files, m->count, m->above, &m->changed, err))
		return -1;
	report_cas(m);
	return 0;
}

int cli_certs_import(const struct cli_options *o)
{
	struct import m = { 0 };
	struct error err = { 0 };
	int status = import(&m, o, &err) ? cli_fail(&err) : 0;

	for (size_t i = 0; m.text && i < m.count; i++)
		str_release(&m.text[i]);
	free(m.text);
	free(m.files);
	cli_keys_close(&m.run);
	return status;
}
