/* The certificates of rack7, made up. */
#include "tests/unit/fake_certs.h"

#include <string.h>

#define NOON INT64_C(1772366400) /* 2026-03-01 12:00 UTC */
#define DAY 86400
#define DIFFERS 1
#define RENEWED 2
#define IS_CA 4
#define NONE \
	{ \
		NULL, false \
	}

struct made {
	const char *file, *path, *subject, *names;
	int days; /* not of those that are unreadable */
	enum certs_state state;
	int flags;
	struct certs_reader readers[CERTS_READERS];
};

/* clang-format off */
static const struct made ends[] = {
	{ "etcd/peer.crt", "/etc/kubernetes/pki/etcd/peer.crt", "", "", 0, CERTS_UNREADABLE, 0, { { "etcd", false }, NONE, NONE } },
	{ "apiserver-etcd-client.crt", "/etc/kubernetes/pki/apiserver-etcd-client.crt", "CN kube-apiserver-etcd-client", "", -3, CERTS_EXPIRED, 0,
		{ { "kube-apiserver", false }, NONE, NONE } },
	{ "scheduler.conf", "/etc/kubernetes/scheduler.conf", "CN system:kube-scheduler", "", 5, CERTS_CRITICAL, 0, { { "kube-scheduler", true }, NONE, NONE } },
	{ "front-proxy-client.crt", "/etc/kubernetes/pki/front-proxy-client.crt", "CN front-proxy-client", "", 20, CERTS_WARNING, 0,
		{ { "kube-apiserver", false }, NONE, NONE } },
	{ "etcd/server.crt", "/etc/kubernetes/pki/etcd/server.crt", "CN cp1", "DNS cp1\nDNS localhost\nIP 10.0.0.11", 364, CERTS_EARLY, 0,
		{ { "etcd", false }, NONE, NONE } },
};
static const struct made fine[] = {
	{ "kubelet-client-current.pem", "/var/lib/kubelet/pki/kubelet-client-current.pem", "CN system:node:cp1, O system:nodes", "", 61, CERTS_OK, RENEWED,
		{ { "kubelet", false }, NONE, NONE } },
	{ "apiserver.crt", "/etc/kubernetes/pki/apiserver.crt", "CN kube-apiserver",
		"DNS kubernetes\nDNS kubernetes.default\nDNS kubernetes.default.svc\nIP 10.96.0.1\nIP 10.0.0.100", 340, CERTS_OK, 0,
		{ { "kube-apiserver", false }, NONE, NONE } },
	{ "ca.crt", "/etc/kubernetes/pki/ca.crt", "CN kubernetes", "", 3649, CERTS_OK, IS_CA,
		{ { "kube-apiserver", false }, { "kubelet", false }, { "kube-controller-manager", true } } },
	{ "front-proxy-ca.crt", "/etc/kubernetes/pki/front-proxy-ca.crt", "CN front-proxy-ca", "", 3649, CERTS_OK, IS_CA | DIFFERS,
		{ { "kube-apiserver", false }, NONE, NONE } },
	{ "kubelet.conf", "/etc/kubernetes/kubelet.conf", "CN system:node:cp1, O system:nodes", "", 300, CERTS_UNUSED, 0, { NONE, NONE, NONE } },
};
static const struct made worker[] = {
	{ "kubelet-client-current.pem", "/var/lib/kubelet/pki/kubelet-client-current.pem", "CN system:node:w1, O system:nodes", "", 120, CERTS_OK, RENEWED,
		{ { "kubelet", false }, NONE, NONE } },
};
static const struct made here[] = {
	{ "kubeconfig", "/home/admin/.local/state/kubewright/rack7/kubeconfig", "CN admin, O system:masters", "", 700, CERTS_OK, 0,
		{ { "kubectl", false }, NONE, NONE } },
	{ "pki/ca.crt", "/home/admin/.local/state/kubewright/rack7/pki/ca.crt", "CN kubernetes", "", 3649, CERTS_OK, IS_CA, { { "kubewright", false }, NONE, NONE } },
};
/* clang-format on */

static void add(struct port_certs *out, const struct made *list, size_t count, bool differ, const char *hostile)
{
	for (size_t i = 0; i < count; i++) {
		const struct made *m = &list[i];
		struct port_cert *c = &out->list[out->count++];

		*c = (struct port_cert){ .host = out->host_count - 1,
			.file = hostile ? hostile : m->file,
			.path = hostile ? hostile : m->path,
			.state = m->state,
			.renewed = m->flags & RENEWED,
			.difference = differ && m->flags & DIFFERS ? 0 : SIZE_MAX,
			.readable = m->state != CERTS_UNREADABLE,
			.early_days = m->state == CERTS_EARLY ? 10 : 0,
			.days = m->days,
			.begin_s = NOON + (m->state == CERTS_EARLY ? 10 : m->days - 365) * (int64_t)DAY,
			.end_s = NOON + (m->days + 1) * (int64_t)DAY,
			.subject = hostile ? hostile : m->subject,
			.issuer = hostile ? hostile : "kubernetes",
			.key = "ECDSA 256",
			.names = hostile ? hostile : m->names,
			.serial = "49CC83E4A9D0F2B7",
			.sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
			.ca = m->flags & IS_CA };
		memcpy(c->readers, m->readers, sizeof(c->readers));
	}
}

static struct port_certs_host *host(struct port_certs *out, const char *name, const char *role)
{
	struct port_certs_host *h = &out->hosts[out->host_count++];

	*h = (struct port_certs_host){ .name = name, .role = role, .looked = true, .left_out = "" };
	return h;
}

static void down(struct port_certs_host *h, const char *hostile)
{
	h->looked = false;
	error_set(&h->error, ERROR_CONNECT, "%s",
		hostile ? hostile : "cannot connect to cp3 (10.0.0.13:22): no route to host");
	error_hint(&h->error, "is the machine on? see its console");
}

static const struct port_rotated rotated[] = {
	{ "etcd-ca", "CA", false, "two CAs are trusted, and the earlier one signs",
		"When it suits: kubewright certs rotate etcd-ca --reissue" },
	{ "front-proxy-ca", "CA", true, "one CA is trusted, and signs", "" },
	{ "sa", "key", true, "one key is trusted, and signs", "" },
	{ "secrets-key", "key", true, "Secrets are encrypted with it", "" },
};

void fake_certs_fill(struct port_certs *out, enum fake_certs which, const char *hostile)
{
	static const char *const names[] = { "cp1", "cp2", "cp3", "w1", "w2" };
	bool differ = which == FAKE_CERTS_ENDS;

	*out = (struct port_certs){ .warn_days = 30, .critical_days = 7 };
	out->rotated = arena_alloc(&out->arena, sizeof(rotated));
	memcpy(out->rotated, rotated, sizeof(rotated));
	out->rotated_count = sizeof(rotated) / sizeof(rotated[0]);
	out->hosts = arena_alloc(&out->arena, 6 * sizeof(*out->hosts));
	out->list = arena_alloc(&out->arena, 64 * sizeof(*out->list));
	for (size_t i = 0; i < 5; i++) {
		struct port_certs_host *h = host(out, names[i], i < 3 ? "control plane" : "worker");

		if (which == FAKE_CERTS_ENDS && i == 0)
			add(out, ends, sizeof(ends) / sizeof(ends[0]), differ, hostile);
		if (which == FAKE_CERTS_ENDS && i == 2)
			down(h, hostile);
		else if (which != FAKE_CERTS_EMPTY && i < 3)
			add(out, fine, sizeof(fine) / sizeof(fine[0]), differ, hostile);
		else if (which != FAKE_CERTS_EMPTY)
			add(out, worker, 1, differ, hostile);
	}
	if (which == FAKE_CERTS_ENDS)
		out->hosts[1].left_out = hostile ? hostile : "not read: /etc/kubernetes/pki/huge.crt";
	host(out, "this machine", "");
	if (which != FAKE_CERTS_EMPTY)
		add(out, here, sizeof(here) / sizeof(here[0]), differ, NULL);
	out->differences = arena_alloc(&out->arena, sizeof(*out->differences));
	out->differences[0] =
		(struct port_certs_difference){ "front-proxy-ca.crt", "9f86d081884c  cp1\n60303ae22b99  cp2\n" };
	out->difference_count = differ;
}
