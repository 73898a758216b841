#include "cluster/certs.h"

#include "base/str.h"
#include "inventory/inventory.h"
#include "remote/remote.h"

#include <stdlib.h>
#include <string.h>

#define CONF "/etc/kubernetes/"
#define PKI CONF "pki/"
#define KUBELET "/var/lib/kubelet/pki/"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* clang-format off */
#define API { "kube-apiserver", false }
#define API_RESTARTED { "kube-apiserver", true }
#define MANAGER_RESTARTED { "kube-controller-manager", true }
#define ETCD { "etcd", false }
#define KUBELET_READS { "kubelet", false }

/* Who restarts, as of Kubernetes 1.36: servers read their pairs again, what is inside a kubeconfig and most CAs only when they start. */
static const struct certs_kind kinds[] = {
	{ PKI "apiserver.crt", .readers = { API } },
	{ PKI "apiserver-kubelet-client.crt", .readers = { API } },
	{ PKI "apiserver-etcd-client.crt", .readers = { API } },
	{ PKI "front-proxy-client.crt", .readers = { API } },
	{ PKI "etcd/server.crt", .readers = { ETCD } },
	{ PKI "etcd/peer.crt", .readers = { ETCD } },
	{ PKI "etcd/healthcheck-client.crt", .readers = { { "kubeadm", false } } },
	{ CONF "admin.conf", .readers = { { "kubectl", false }, { "kubeadm", false } } },
	{ CONF "super-admin.conf", .readers = { { "kubectl", false }, { "kubeadm", false } } },
	{ CONF "controller-manager.conf", .readers = { MANAGER_RESTARTED } },
	{ CONF "scheduler.conf", .readers = { { "kube-scheduler", true } } },
	{ CONF "kubelet.conf", .readers = { { "kubelet", true } }, .until = KUBELET "kubelet-client-current.pem" },
	{ KUBELET "kubelet-client-current.pem", .readers = { KUBELET_READS }, .renewed = true },
	{ KUBELET "kubelet-server-current.pem", .readers = { KUBELET_READS }, .renewed = true },
	{ KUBELET "kubelet.crt", .readers = { { "kubelet", true } } },
	{ PKI "ca.crt", .worker = true, .readers = { KUBELET_READS }, .shared = "ca.crt" },
	{ PKI "ca.crt", .readers = { API, KUBELET_READS, MANAGER_RESTARTED }, .shared = "ca.crt" },
	{ PKI_SIGNING_CRT, .readers = { { "kube-controller-manager", false } } },
	{ PKI "etcd/ca.crt", .readers = { { "etcd", true }, API_RESTARTED }, .shared = "etcd/ca.crt" },
	{ PKI "front-proxy-ca.crt", .readers = { API }, .shared = "front-proxy-ca.crt" },
	{ PKI "sa.pub", .readers = { API_RESTARTED }, .shared = "sa.pub" },
};
const struct certs_kind certs_store[3] = {
	[PKI_ISSUER_CLUSTER] = { .readers = { { "kubewright", false } }, .shared = "ca.crt" },
	[PKI_ISSUER_ETCD] = { .readers = { { "kubewright", false } }, .shared = "etcd/ca.crt" },
	[PKI_ISSUER_FRONT_PROXY] = { .readers = { { "kubewright", false } }, .shared = "front-proxy-ca.crt" },
};
const struct certs_kind certs_kubeconfig = { .readers = { { "kubectl", false } } };
/* clang-format on */

static const struct certs_kind *find(const char *path, bool worker)
{
	for (size_t i = 0; i < COUNT(kinds); i++)
		if (strcmp(kinds[i].path, path) == 0 && (worker || !kinds[i].worker))
			return &kinds[i];
	return NULL;
}

/* One digest over those of all, in their order. */
static void sum(struct certs_file *f)
{
	struct str all = STR_INIT;

	for (size_t i = 0; i < f->count; i++)
		str_addf(&all, "%s\n", f->list[i].info.sha256);
	for (size_t i = 0; i < f->key_count; i++)
		str_addf(&all, "%s\n", f->keys[i].pin);
	if (f->count == 1)
		memcpy(f->sum, f->list[0].info.sha256, sizeof(f->sum));
	else if (all.len)
		pki_sha256_hex(all.buf, all.len, f->sum);
	str_release(&all);
}

static struct certs_file *add(struct certs_host *h, const struct certs_kind *kind, const char *path)
{
	struct certs_file *f;

	if (h->count == CERTS_FILES) {
		h->more++;
		return NULL;
	}
	h->files = xrealloc(h->files, h->count + 1, sizeof(*h->files));
	f = &h->files[h->count++];
	*f = (struct certs_file){ .kind = kind, .path = arena_strdup(&h->arena, path), .pem = "" };
	return f;
}

/* CAs are not made again, and of what nobody knows it is not known who reads it. */
static const char *own_text(struct certs_host *h, const struct certs_kind *kind, const char *pem, size_t len)
{
	static const char end[] = "-----END CERTIFICATE-----";
	const char *last = kind && kind->path && !kind->shared ? strstr(pem, end) : NULL;

	return last && last < pem + len ? arena_strndup(&h->arena, pem, (size_t)(last - pem) + sizeof(end) - 1) : "";
}

void certs_add(struct certs_host *h, const struct certs_kind *kind, const char *path, const char *pem, size_t len)
{
	struct certs_file *f = add(h, kind, path);
	int n = f ? pki_certs_read(pem, len, CERTS_IN_FILE, &h->arena, &f->list, &f->left_out, NULL) : -1;

	if (n < 0)
		return;
	f->count = (size_t)n;
	f->pem = own_text(h, kind, pem, len);
	sum(f);
}

static void add_public(
	struct certs_host *h, const struct certs_kind *kind, const char *path, const char *pem, size_t len)
{
	struct certs_file *f = add(h, kind, path);
	int n = f ? pki_publics_read(pem, len, CERTS_IN_FILE, &h->arena, &f->keys, &f->left_out, NULL) : -1;

	if (n < 0)
		return;
	f->key_count = (size_t)n;
	sum(f);
}

static bool has(const struct certs_host *h, const char *path)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->files[i].path, path) == 0 && h->files[i].count)
			return true;
	return false;
}

void certs_answer(struct certs_host *h, const struct remote_answer *a, bool worker)
{
	static const char cert[] = "cert.", public[] = "public.";
	const char *left_out = remote_answer_get(a, "left_out"), *restart = remote_answer_get(a, "restart");

	for (size_t i = 0; i < a->count; i++) {
		const struct remote_answer_line *l = &a->lines[i];
		const char *path = strchr(l->word, '.');

		if (str_starts(l->word, cert))
			certs_add(h, find(path + 1, worker), path + 1, l->value, l->len);
		else if (str_starts(l->word, public))
			add_public(h, find(path + 1, worker), path + 1, l->value, l->len);
	}
	for (size_t i = 0; i < h->count; i++) {
		struct certs_file *f = &h->files[i];

		f->unused = f->kind && f->kind->until && has(h, f->kind->until);
	}
	h->left_out = arena_strdup(&h->arena, left_out ? left_out : "");
	h->restart = arena_strdup(&h->arena, restart ? restart : "");
	h->looked = true;
}

void certs_release(struct certs_host *h)
{
	free(h->files);
	arena_release(&h->arena);
	memset(h, 0, sizeof(*h));
}

static bool is_shared(const struct certs_file *f, const char *name)
{
	return f->kind && f->kind->shared && strcmp(f->kind->shared, name) == 0 && f->sum[0];
}

struct certs_file *certs_shared(const struct certs_host *h, const char *name)
{
	for (size_t i = 0; h && i < h->count; i++)
		if (is_shared(&h->files[i], name))
			return &h->files[i];
	return NULL;
}

void certs_compare(struct certs_host *const *hosts, size_t count)
{
	for (size_t s = 0; s < PKI_SHARED; s++) {
		const struct certs_file *first = NULL;
		bool differs = false;

		for (size_t i = 0; i < count; i++) {
			const struct certs_file *f = certs_shared(hosts[i], pki_shared[s].file);

			if (f && !first)
				first = f;
			differs |= f && strcmp(f->sum, first->sum) != 0;
		}
		for (size_t i = 0; differs && i < count; i++) {
			struct certs_file *f = certs_shared(hosts[i], pki_shared[s].file);

			if (f)
				f->differs = true;
		}
	}
}

const char *certs_state_name(enum certs_state state)
{
	static const char *const names[CERTS_STATES] = { [CERTS_UNREADABLE] = "unreadable",
		[CERTS_EXPIRED] = "expired",
		[CERTS_EARLY] = "not-yet-valid",
		[CERTS_CRITICAL] = "critical",
		[CERTS_WARNING] = "warning",
		[CERTS_OK] = "ok",
		[CERTS_UNUSED] = "unused" };

	return names[state];
}

int certs_days(int64_t not_after, int64_t now_s)
{
	return (int)((not_after - now_s) / 86400) - (not_after < now_s);
}

bool certs_overdue(const struct pki_cert_info *info, int64_t now_s)
{
	return info->not_after - now_s < (info->not_after - info->not_before) / 10;
}

enum certs_state certs_state(
	const struct certs_file *f, const struct pki_cert *cert, const struct inventory *inv, int64_t now_s)
{
	int days;

	if (f->unused)
		return CERTS_UNUSED;
	if (!cert)
		return f->key_count ? CERTS_OK : CERTS_UNREADABLE;
	days = certs_days(cert->info.not_after, now_s);
	if (days < 0)
		return CERTS_EXPIRED;
	if (cert->info.not_before > now_s)
		return CERTS_EARLY;
	/* short ones are nothing to warn of as long as they are renewed */
	if (f->kind && f->kind->renewed && !certs_overdue(&cert->info, now_s))
		return CERTS_OK;
	return days < inv->pki.critical_days ? CERTS_CRITICAL : days < inv->pki.warn_days ? CERTS_WARNING : CERTS_OK;
}
