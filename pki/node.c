/* What a control plane gets: the table is kubeadm 1.36's certlist.go, the names its pki_helpers.go. */
#include "pki/private.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BACKDATE_S 3600
#define CLIENT_BACKDATE_S 300

enum names { NAMES_NONE, NAMES_API, NAMES_ETCD };

static const struct {
	const char *file; /* below /etc/kubernetes/pki, without .crt and .key */
	int issuer;
	const char *cn; /* NULL: the node's name */
	bool server, client;
	enum names names;
	bool kubelet_org;
} leaves[] = {
	{ "apiserver", PKI_CA_CLUSTER, "kube-apiserver", true, false, NAMES_API, false },
	{ "apiserver-kubelet-client", PKI_CA_CLUSTER, "kube-apiserver-kubelet-client", false, true, NAMES_NONE, true },
	{ "front-proxy-client", PKI_CA_FRONT_PROXY, "front-proxy-client", false, true, NAMES_NONE, false },
	{ "apiserver-etcd-client", PKI_CA_ETCD, "kube-apiserver-etcd-client", false, true, NAMES_NONE, false },
	{ "etcd/server", PKI_CA_ETCD, NULL, true, true, NAMES_ETCD, false },
	{ "etcd/peer", PKI_CA_ETCD, NULL, true, true, NAMES_ETCD, false },
	{ "etcd/healthcheck-client", PKI_CA_ETCD, "kube-etcd-healthcheck-client", false, true, NAMES_NONE, false },
};

static const struct {
	const char *file;
	enum pki_pem pem;
	unsigned mode;
} shared[] = {
	{ "ca.crt", PKI_CA_CRT, 0644 },
	{ "ca.key", PKI_CA_KEY, 0600 },
	{ "etcd/ca.crt", PKI_ETCD_CA_CRT, 0644 },
	{ "etcd/ca.key", PKI_ETCD_CA_KEY, 0600 },
	{ "front-proxy-ca.crt", PKI_FRONT_PROXY_CA_CRT, 0644 },
	{ "front-proxy-ca.key", PKI_FRONT_PROXY_CA_KEY, 0600 },
	{ "sa.key", PKI_SA_KEY, 0600 },
	{ "sa.pub", PKI_SA_PUB, 0600 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define KUBECONFIGS 4

static struct pki_file *new_file(struct pki_files *f, unsigned mode)
{
	struct pki_file *file = &f->list[f->count++];

	file->mode = mode;
	return file;
}

static void add_shared(const struct pki_store *s, struct pki_files *f)
{
	for (size_t i = 0; i < COUNT(shared); i++) {
		struct pki_file *file = new_file(f, shared[i].mode);

		snprintf(file->path, sizeof(file->path), "/etc/kubernetes/pki/%s", shared[i].file);
		secret_set(&file->content, s->pem[shared[i].pem].text, s->pem[shared[i].pem].len);
	}
}

static size_t api_names(const struct pki_node *n, char *long_name, size_t size, const char **names)
{
	size_t count = 0;

	snprintf(long_name, size, "kubernetes.default.svc.%s", n->dns_domain);
	names[count++] = n->name;
	names[count++] = "kubernetes";
	names[count++] = "kubernetes.default";
	names[count++] = "kubernetes.default.svc";
	names[count++] = long_name;
	names[count++] = n->service_ip;
	names[count++] = n->address;
	names[count++] = n->endpoint;
	for (size_t i = 0; i < n->more_san_count; i++)
		names[count++] = n->more_sans[i];
	return count;
}

static size_t etcd_names(const struct pki_node *n, const char **names)
{
	const char *const list[] = { n->name, "localhost", n->address, "127.0.0.1", "::1" };

	memcpy(names, list, sizeof(list));
	return COUNT(list);
}

static int add_leaf(const struct pki_store *s, const struct pki_node *n, size_t which, struct pki_spec spec,
	struct pki_files *f, struct error *err)
{
	const char **names = xcalloc(n->more_san_count + 16, sizeof(*names));
	struct pki_pair pair = { 0 };
	struct pki_file *cert, *key;
	char long_name[320];
	int rc;

	spec.cn = leaves[which].cn ? leaves[which].cn : n->name;
	spec.org = leaves[which].kubelet_org ? n->kubelet_client_org : NULL;
	spec.server = leaves[which].server;
	spec.client = leaves[which].client;
	spec.sans = names;
	if (leaves[which].names == NAMES_API)
		spec.san_count = api_names(n, long_name, sizeof(long_name), names);
	else if (leaves[which].names == NAMES_ETCD)
		spec.san_count = etcd_names(n, names);
	rc = pki_leaf_make(&spec, &s->ca[leaves[which].issuer], &pair, err);
	if (rc == 0) {
		cert = new_file(f, 0644);
		key = new_file(f, 0600);
		snprintf(cert->path, sizeof(cert->path), "/etc/kubernetes/pki/%s.crt", leaves[which].file);
		snprintf(key->path, sizeof(key->path), "/etc/kubernetes/pki/%s.key", leaves[which].file);
		rc = pki_cert_to_pem(pair.cert, &cert->content, err) ||
				     pki_key_to_pem(pair.key, NULL, &key->content, err)
			     ? -1
			     : 0;
	}
	pki_pair_release(&pair);
	free(names);
	return rc;
}

static int add_kubeconfigs(const struct pki_store *s, const struct pki_node *n, struct pki_spec spec,
	struct pki_files *f, struct error *err)
{
	char endpoint[300], local[300];
	const struct {
		const char *file, *cn, *org, *server;
		bool wanted;
	} list[KUBECONFIGS] = {
		{ "admin.conf", "kubernetes-admin", n->admin_org, endpoint, true },
		{ "super-admin.conf", "kubernetes-super-admin", "system:masters", endpoint, n->super_admin },
		{ "controller-manager.conf", "system:kube-controller-manager", NULL, local, true },
		{ "scheduler.conf", "system:kube-scheduler", NULL, local, true },
	};
	int rc = 0;

	pki_server_url(endpoint, sizeof(endpoint), n->endpoint, n->port);
	pki_server_url(local, sizeof(local), n->address, n->bind_port);
	spec.client = true;
	for (size_t i = 0; rc == 0 && i < KUBECONFIGS; i++) {
		struct pki_file *file;

		if (!list[i].wanted)
			continue;
		spec.cn = list[i].cn;
		spec.org = list[i].org;
		file = new_file(f, 0600);
		snprintf(file->path, sizeof(file->path), "/etc/kubernetes/%s", list[i].file);
		rc = pki_kubeconfig_make(s, n->cluster, list[i].server, &spec, &file->content, err);
	}
	return rc;
}

int pki_control_plane_files(
	const struct pki_store *s, const struct pki_node *n, struct pki_files *out, struct error *err)
{
	struct pki_files f = { xcalloc(COUNT(shared) + 2 * COUNT(leaves) + KUBECONFIGS, sizeof(struct pki_file)), 0 };
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = { .not_before = now - BACKDATE_S, .not_after = now + n->days * INT64_C(86400) };
	int rc = 0;

	add_shared(s, &f);
	for (size_t i = 0; rc == 0 && i < COUNT(leaves); i++)
		rc = add_leaf(s, n, i, spec, &f, err);
	if (rc == 0)
		rc = add_kubeconfigs(s, n, spec, &f, err);
	if (rc == 0)
		*out = f;
	else
		pki_files_release(&f);
	return rc;
}

void pki_files_release(struct pki_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		secret_release(&f->list[i].content);
	free(f->list);
	f->list = NULL;
	f->count = 0;
}

int pki_client_certificate(const struct pki_store *s, enum pki_issuer issuer, const char *cn, const char *org,
	int64_t seconds, struct secret *cert_pem, struct secret *key_pem, struct error *err)
{
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = {
		.cn = cn, .org = org, .client = true, .not_before = now - CLIENT_BACKDATE_S, .not_after = now + seconds
	};
	struct pki_pair pair = { 0 };
	int rc = pki_leaf_make(&spec, &s->ca[issuer], &pair, err);

	if (rc == 0)
		rc = pki_cert_to_pem(pair.cert, cert_pem, err) || pki_key_to_pem(pair.key, NULL, key_pem, err) ? -1 : 0;
	pki_pair_release(&pair);
	return rc;
}
