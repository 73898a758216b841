#include "cluster/renew.h"

#include "base/error.h"
#include "base/str.h"
#include "cluster/rotate.h"

#include <stdio.h>
#include <string.h>

#define CONF "/etc/kubernetes/"
#define PKI CONF "pki/"
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
/* Certificates begin an hour before they are made. */
#define BACKDATE_S 3600

/* clang-format off */
const struct renew_kind renew_kinds[RENEW_KINDS] = {
	{ "apiserver", PKI "apiserver.crt", PKI_ISSUER_CLUSTER, RENEW_SERVERS, false },
	{ "apiserver-kubelet-client", PKI "apiserver-kubelet-client.crt", PKI_ISSUER_CLUSTER, RENEW_SERVERS, false },
	{ "front-proxy-client", PKI "front-proxy-client.crt", PKI_ISSUER_FRONT_PROXY, RENEW_SERVERS, false },
	{ "apiserver-etcd-client", PKI "apiserver-etcd-client.crt", PKI_ISSUER_ETCD, RENEW_ETCD, false },
	{ "etcd-server", PKI "etcd/server.crt", PKI_ISSUER_ETCD, RENEW_ETCD, false },
	{ "etcd-peer", PKI "etcd/peer.crt", PKI_ISSUER_ETCD, RENEW_ETCD, false },
	{ "etcd-healthcheck-client", PKI "etcd/healthcheck-client.crt", PKI_ISSUER_ETCD, RENEW_ETCD, false },
	{ "admin.conf", CONF "admin.conf", PKI_ISSUER_CLUSTER, RENEW_SERVERS, false },
	{ "super-admin.conf", CONF "super-admin.conf", PKI_ISSUER_CLUSTER, RENEW_SERVERS, true },
	{ "controller-manager.conf", CONF "controller-manager.conf", PKI_ISSUER_CLUSTER, RENEW_SERVERS, false },
	{ "scheduler.conf", CONF "scheduler.conf", PKI_ISSUER_CLUSTER, RENEW_SERVERS, false },
	{ "kubelet", "/var/lib/kubelet/pki/kubelet-client-current.pem", PKI_ISSUER_CLUSTER, RENEW_KUBELET, false },
	{ "kubelet-serving", "/var/lib/kubelet/pki/kubelet-server-current.pem", PKI_ISSUER_CLUSTER, RENEW_KUBELET, true },
};
/* In the order in which they restart. */
static const struct {
	enum renew_reader bit;
	const char *name;
} readers[] = {
	{ RENEW_READER_ETCD, "etcd" },
	{ RENEW_READER_API, "kube-apiserver" },
	{ RENEW_READER_MANAGER, "kube-controller-manager" },
	{ RENEW_READER_SCHEDULER, "kube-scheduler" },
	{ RENEW_READER_KUBELET, "kubelet" },
};
/* clang-format on */

const struct renew_kind *renew_kind_find(const char *word)
{
	char below[128];

	for (size_t i = 0; i < RENEW_KINDS; i++) {
		const struct renew_kind *k = &renew_kinds[i];

		if (strcmp(word, k->name) == 0 || strcmp(word, k->path) == 0)
			return k;
		for (size_t p = 0; p < 2; p++) {
			snprintf(below, sizeof(below), "%s%s", p ? PKI : CONF, word);
			if (strcmp(below, k->path) == 0)
				return k;
		}
	}
	return NULL;
}

void renew_names(struct str *out)
{
	for (size_t i = 0; i < RENEW_KINDS; i++)
		str_addf(out, "%s%s", i ? ", " : "", renew_kinds[i].name);
}

void renew_reader_names(unsigned bits, const char *sep, struct str *out)
{
	const char *before = "";

	for (size_t i = 0; i < COUNT(readers); i++) {
		if (!(bits & readers[i].bit))
			continue;
		str_addf(out, "%s%s", before, readers[i].name);
		before = sep;
	}
}

static unsigned reader_of(const char *name, size_t len)
{
	for (size_t i = 0; i < COUNT(readers); i++)
		if (strlen(readers[i].name) == len && strncmp(readers[i].name, name, len) == 0)
			return readers[i].bit;
	return 0;
}

unsigned renew_readers_of(const char *names)
{
	unsigned bits = 0;

	for (size_t n; *names; names += n ? n : 1) {
		n = strcspn(names, " ");
		bits |= reader_of(names, n);
	}
	return bits;
}

/* ---- one certificate --------------------------------------------------------------------------------------------- */

static const struct certs_file *find(const struct certs_host *h, const char *path)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->files[i].path, path) == 0)
			return &h->files[i];
	return NULL;
}

bool renew_is_kubelet(const struct renew_kind *k)
{
	return k->stage == RENEW_KUBELET && !k->optional;
}

/* A kubelet that does not rotate has its certificate inside its kubeconfig. */
static const struct certs_file *file_of(const struct certs_host *h, const struct renew_kind *k)
{
	const struct certs_file *f = find(h, k->path);

	return f || !renew_is_kubelet(k) ? f : find(h, CONF "kubelet.conf");
}

static void refuse(struct renew_item *i, const char *why)
{
	i->verdict = RENEW_REFUSED;
	snprintf(i->why, sizeof(i->why), "%s", why);
}

/* Whether there are reasons to make it again, of a certificate that can be read. */
static bool wanted(const struct renew_item *i, const struct renew_wish *wish, bool named, int64_t now_s)
{
	const struct pki_cert *c = &i->file->list[0];
	int days = certs_days(c->info.not_after, now_s);

	if (wish->days && days >= wish->days)
		return false;
	return i->kind->stage != RENEW_KUBELET || wish->kubelets || named || i->expired ||
	       certs_overdue(&c->info, now_s);
}

/* Whether it can be made again at all, by a store. */
static bool possible(struct renew_item *i, const struct pki_store *store, int64_t now_s)
{
	struct error err = { 0 };

	if (pki_signed_here(store, i->kind->issuer, i->file->pem, strlen(i->file->pem), &err)) {
		snprintf(i->why, sizeof(i->why), "%.199s", err.what);
		i->verdict = RENEW_REFUSED;
	} else if (i->file->list[0].info.not_before > now_s) {
		refuse(i, "it is not valid yet: set the clock of that host, or of this machine");
	}
	return i->verdict != RENEW_REFUSED;
}

static void decide(struct renew_item *i, const struct pki_store *store, const struct renew_wish *wish, int64_t now_s)
{
	bool named = wish->kinds & 1u << (i->kind - renew_kinds);
	const struct pki_cert_info *info;

	i->expired = i->file && i->file->count && i->file->list[0].info.not_after < now_s;
	if (wish->kinds && !named)
		return;
	if (!i->file || !i->file->count || !*i->file->pem) {
		refuse(i, i->file ? "no certificate in it can be read: 'kubewright repair' makes it again"
				  : "it is not there: 'kubewright repair' makes it again");
		return;
	}
	if (wish->rotates ? rotate_is_served(i, store) &&
				    pki_signed_now(store, i->kind->issuer, i->file->pem, strlen(i->file->pem))
			  : !wanted(i, wish, named, now_s))
		return;
	if (!possible(i, store, now_s))
		return;
	info = &i->file->list[0].info;
	i->verdict = !wish->rotates && !i->expired && now_s - info->not_before < BACKDATE_S + RENEW_NEW_S ? RENEW_NEW
													  : RENEW_DUE;
}

/* ---- a host ------------------------------------------------------------------------------------------------------ */

enum renew_stage renew_trust_stage(enum pki_issuer issuer, bool worker)
{
	return worker ? RENEW_KUBELET : issuer == PKI_ISSUER_ETCD ? RENEW_ETCD : RENEW_SERVERS;
}

/* Who must restart when it is another one. */
static unsigned restarts(const struct renew_item *i, const struct renew_wish *wish)
{
	const struct certs_kind *kind = i->file->kind;
	unsigned bits = i->kind->stage == RENEW_KUBELET ? RENEW_READER_KUBELET : 0;

	/* as a client it shows to none of us which one it has */
	if (wish->rotates && i->kind->issuer == PKI_ISSUER_FRONT_PROXY)
		bits |= RENEW_READER_API;

	for (size_t r = 0; kind && r < CERTS_READERS && kind->readers[r].name; r++)
		if (kind->readers[r].restarts || i->expired)
			bits |= reader_of(kind->readers[r].name, strlen(kind->readers[r].name));
	return bits;
}

void renew_decide(const struct certs_host *h, bool worker, const struct pki_store *store, const struct renew_wish *wish,
	int64_t now_s, struct renew_host *out)
{
	*out = (struct renew_host){ .count = 0 };
	/* nothing of Kubernetes is there */
	if (!h->looked || !h->count)
		return;
	for (size_t k = 0; k < RENEW_KINDS; k++) {
		struct renew_item *i = &out->items[out->count];

		if ((worker && renew_kinds[k].stage != RENEW_KUBELET) ||
			(wish->rotates && renew_kinds[k].issuer != wish->issuer))
			continue;
		*i = (struct renew_item){ .kind = &renew_kinds[k], .file = file_of(h, &renew_kinds[k]) };
		if (!i->file && renew_kinds[k].optional)
			continue;
		decide(i, store, wish, now_s);
		out->count++;
		if (i->verdict == RENEW_DUE)
			out->restarts |= restarts(i, wish);
	}
	if (wish->rotates && rotate_reaches(wish->issuer, worker))
		rotate_trust(h, store, wish->issuer, out);
	/* nothing else of those who read it is there */
	if (worker)
		out->restarts &= RENEW_READER_KUBELET;
	out->restarts |= renew_readers_of(h->restart);
}

unsigned renew_count(const struct renew_host *h, enum renew_verdict verdict, unsigned stages)
{
	unsigned n = 0;

	for (size_t i = 0; i < h->count; i++)
		n += h->items[i].verdict == verdict && stages & 1u << h->items[i].kind->stage;
	return n;
}

bool renew_api_expired(const struct certs_host *h, int64_t now_s)
{
	static const char *const needed[] = { "apiserver", "apiserver-etcd-client", "etcd-server", "etcd-peer" };

	for (size_t i = 0; i < COUNT(needed); i++) {
		const struct certs_file *f = find(h, renew_kind_find(needed[i])->path);

		if (f && f->count && f->list[0].info.not_after < now_s)
			return true;
	}
	return false;
}

bool renew_kubelet_starts(const struct renew_host *h)
{
	for (size_t i = 0; i < h->count; i++)
		if (renew_is_kubelet(h->items[i].kind))
			return h->items[i].verdict == RENEW_DUE || h->items[i].verdict == RENEW_NEW ||
			       (h->items[i].file && !h->items[i].expired);
	return false;
}
