/* Certificates for the tests that list them: a key store in a temporary folder, and what a control plane gets of it. */
#ifndef TESTS_UNIT_CERTS_MADE_H
#define TESTS_UNIT_CERTS_MADE_H

#include "base/error.h"
#include "base/str.h"
#include "pki/pki.h"
#include "remote/remote.h"
#include "tests/test.h"

#define KUBELET_PEM "/var/lib/kubelet/pki/kubelet-client-current.pem"

static char made_dir[] = "/tmp/kubewright-test-XXXXXX";
static struct pki_store *made_store;

/* name: of the store's folder below made_dir. */
static inline struct pki_store *made_store_new(const char *name)
{
	struct error err = { 0 };
	struct pki_store *s;
	char path[96];

	snprintf(path, sizeof(path), "%s/%s", made_dir, name);
	s = pki_store_create(path, PKI_ECDSA_P256, PKI_RSA_2048, NULL, &err);
	if (!s) {
		printf("# %s\n", err.what);
		exit(2);
	}
	return s;
}

static inline void made_begin(void)
{
	if (!mkdtemp(made_dir))
		exit(2);
	made_store = made_store_new("pki");
}

static inline void made_end(void)
{
	char command[64];

	pki_store_free(made_store);
	snprintf(command, sizeof(command), "rm -rf %s", made_dir);
	CHECK_INT(system(command), 0);
}

/* The files of a control plane, for these names besides its own. */
static inline void made_files(
	struct pki_store *s, const char *name, const char *const *sans, size_t san_count, struct pki_files *out)
{
	const struct pki_node n = { .cluster = "rack7",
		.name = name,
		.address = "10.0.0.11",
		.endpoint = "10.0.0.100",
		.port = 6443,
		.bind_port = 6443,
		.service_ip = "10.96.0.1",
		.dns_domain = "cluster.local",
		.more_sans = sans,
		.more_san_count = san_count,
		.admin_org = "kubeadm:cluster-admins",
		.super_admin = true,
		.days = 365 };
	struct error err = { 0 };

	if (pki_control_plane_files(s, &n, out, &err)) {
		printf("# %s\n", err.what);
		exit(2);
	}
}

static inline const char *made_file(const struct pki_files *f, const char *path)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].path, path) == 0)
			return f->list[i].content.text;
	return "";
}

/* A client certificate that is good for so long. */
static inline void made_client(const char *cn, const char *org, int64_t seconds, struct secret *out)
{
	struct secret key = { 0 };
	struct error err = { 0 };

	CHECK_INT(pki_client_certificate(made_store, PKI_ISSUER_CLUSTER, cn, org, seconds, out, &key, &err), 0);
	secret_release(&key);
}

static inline void made_say(struct remote_answer *a, const char *kind, const char *path, const char *value)
{
	char word[160];

	snprintf(word, sizeof(word), "%s.%s", kind, path);
	remote_answer_set(a, word, value);
}

/* What steps/host/certs.sh says of a host with these files. */
static inline void made_answer(const struct pki_files *f, struct remote_answer *out)
{
	for (size_t i = 0; i < f->count; i++) {
		const char *path = f->list[i].path, *text = f->list[i].content.text;
		struct str pem = STR_INIT;

		if (str_ends(path, ".crt")) {
			made_say(out, "cert", path, text);
		} else if (str_ends(path, ".pub")) {
			made_say(out, "public", path, text);
		} else if (str_ends(path, ".conf")) {
			CHECK_INT(pki_kubeconfig_client(text, &pem), 0);
			made_say(out, "cert", path, pem.buf);
		}
		str_release(&pem);
	}
}

#endif
