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

#define PKI "/etc/kubernetes/pki/"
#define CONF "/etc/kubernetes/"

const struct pki_own pki_own[PKI_OWN] = {
	{ PKI "apiserver.crt", PKI_ISSUER_CLUSTER, true, false, "kube-apiserver" },
	{ PKI "apiserver-kubelet-client.crt", PKI_ISSUER_CLUSTER, false, true, "kube-apiserver-kubelet-client" },
	{ PKI "front-proxy-client.crt", PKI_ISSUER_FRONT_PROXY, false, true, "front-proxy-client" },
	{ PKI "apiserver-etcd-client.crt", PKI_ISSUER_ETCD, false, true, "kube-apiserver-etcd-client" },
	{ PKI "etcd/server.crt", PKI_ISSUER_ETCD, true, true, NULL },
	{ PKI "etcd/peer.crt", PKI_ISSUER_ETCD, true, true, NULL },
	{ PKI "etcd/healthcheck-client.crt", PKI_ISSUER_ETCD, false, true, "kube-etcd-healthcheck-client" },
	{ CONF "admin.conf", PKI_ISSUER_CLUSTER, false, true, "kubernetes-admin" },
	{ CONF "super-admin.conf", PKI_ISSUER_CLUSTER, false, true, "kubernetes-super-admin" },
	{ CONF "controller-manager.conf", PKI_ISSUER_CLUSTER, false, true, "system:kube-controller-manager" },
	{ CONF "scheduler.conf", PKI_ISSUER_CLUSTER, false, true, "system:kube-scheduler" },
};

const struct pki_shared pki_shared[PKI_SHARED] = {
	[PKI_CA_CRT] = { "ca.crt", 0644 },
	[PKI_CA_KEY] = { "ca.key", 0600 },
	[PKI_ETCD_CA_CRT] = { "etcd/ca.crt", 0644 },
	[PKI_ETCD_CA_KEY] = { "etcd/ca.key", 0600 },
	[PKI_FRONT_PROXY_CA_CRT] = { "front-proxy-ca.crt", 0644 },
	[PKI_FRONT_PROXY_CA_KEY] = { "front-proxy-ca.key", 0600 },
	[PKI_SA_KEY] = { "sa.key", 0600 },
	[PKI_SA_PUB] = { "sa.pub", 0600 },
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct pki_file *new_file(struct pki_files *f, unsigned mode)
{
	struct pki_file *file = &f->list[f->count++];

	file->mode = mode;
	return file;
}

bool pki_is_ca_key(enum pki_pem which)
{
	return which == PKI_CA_KEY || which == PKI_ETCD_CA_KEY || which == PKI_FRONT_PROXY_CA_KEY;
}

static void add_shared(const struct pki_store *s, const struct pki_node *n, struct pki_files *f)
{
	for (size_t i = 0; i < PKI_SHARED; i++) {
		struct pki_file *file;

		if (n->no_ca_keys && pki_is_ca_key((enum pki_pem)i))
			continue;
		file = new_file(f, pki_shared[i].mode);
		snprintf(file->path, sizeof(file->path), PKI "%s", pki_shared[i].file);
		secret_set(&file->content, s->pem[i].text, s->pem[i].len);
	}
	if (n->signing_apart && !n->no_ca_keys) {
		struct pki_file *file = new_file(f, 0644);

		snprintf(file->path, sizeof(file->path), "%s", PKI_SIGNING_CRT);
		secret_set(&file->content, s->pem[PKI_CA_CRT].text, pki_first_len(s->pem[PKI_CA_CRT].text));
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

static int add_leaf(const struct pki_store *s, const struct pki_node *n, const struct pki_own *own,
	struct pki_spec spec, struct pki_files *f, struct error *err)
{
	const char **names = xcalloc(n->more_san_count + 16, sizeof(*names));
	struct pki_pair pair = { 0 };
	struct pki_file *cert, *key;
	char long_name[320];
	int rc;

	spec.cn = own->cn ? own->cn : n->name;
	/* who asks kubelets */
	spec.org = strstr(own->path, "kubelet-client") ? n->kubelet_client_org : NULL;
	spec.server = own->server;
	spec.client = own->client;
	spec.sans = names;
	if (own->server)
		spec.san_count = own->issuer == PKI_ISSUER_ETCD ? etcd_names(n, names)
								: api_names(n, long_name, sizeof(long_name), names);
	rc = pki_leaf_make(&spec, &s->ca[own->issuer], &pair, err);
	if (rc == 0) {
		cert = new_file(f, 0644);
		key = new_file(f, 0600);
		snprintf(cert->path, sizeof(cert->path), "%s", own->path);
		snprintf(key->path, sizeof(key->path), "%.*s.key", (int)strlen(own->path) - 4, own->path);
		rc = pki_served_to_pem(s, own->issuer, pair.cert, own->server, &cert->content, err) ||
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
		const char *org, *server;
		bool wanted;
	} more[PKI_OWN - PKI_LEAVES] = {
		{ n->admin_org, endpoint, true },
		{ "system:masters", endpoint, n->super_admin },
		{ NULL, local, true },
		{ NULL, local, true },
	};
	int rc = 0;

	pki_server_url(endpoint, sizeof(endpoint), n->endpoint, n->port);
	pki_server_url(local, sizeof(local), n->address, n->bind_port);
	spec.client = true;
	for (size_t i = 0; rc == 0 && i < PKI_OWN - PKI_LEAVES; i++) {
		struct pki_file *file;

		if (!more[i].wanted)
			continue;
		spec.cn = pki_own[PKI_LEAVES + i].cn;
		spec.org = more[i].org;
		file = new_file(f, 0600);
		snprintf(file->path, sizeof(file->path), "%s", pki_own[PKI_LEAVES + i].path);
		rc = pki_kubeconfig_make(s, n->cluster, more[i].server, &spec, false, &file->content, err);
	}
	return rc;
}

int pki_control_plane_files(
	const struct pki_store *s, const struct pki_node *n, struct pki_files *out, struct error *err)
{
	struct pki_files f = { xcalloc(PKI_SHARED + 1 + PKI_LEAVES + PKI_OWN, sizeof(struct pki_file)), 0 };
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = { .not_before = now - BACKDATE_S, .not_after = now + n->days * INT64_C(86400) };
	int rc = 0;

	add_shared(s, n, &f);
	for (size_t i = 0; rc == 0 && i < PKI_LEAVES; i++)
		rc = add_leaf(s, n, &pki_own[i], spec, &f, err);
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
