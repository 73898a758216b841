/* Which certificates are renewed, who restarts for them, and that a new one is the old one but for its key and its time. */
#include "tests/test.h"

#include "base/alloc.h"
#include "cluster/renew.h"
#include "tests/unit/leaf_made.h"

#define DAY 86400
#define PKI "/etc/kubernetes/pki/"
#define CONF "/etc/kubernetes/"

static const struct renew_wish all;

static void answered(struct remote_answer *a, bool worker, const struct renew_wish *wish, struct certs_host *h,
	struct renew_host *out)
{
	certs_answer(h, a, worker);
	remote_answer_release(a);
	renew_decide(h, worker, made_store, wish, clock_wall_ms() / 1000, out);
}

static const struct renew_item *item(const struct renew_host *r, const char *name)
{
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->items[i].kind->name, name) == 0)
			return &r->items[i];
	printf("# no %s\n", name);
	exit(1);
}

/* A whole control plane whose certificates were made so long ago, for a year. */
static void control_plane(struct remote_answer *a, int64_t from_s, int64_t to_s)
{
	static const char *const names[] = { "cp1", "10.0.0.11" };
	struct secret pem = { 0 };

	for (size_t i = 0; i < RENEW_KINDS; i++) {
		bool kubelet = renew_kinds[i].stage == RENEW_KUBELET;
		struct made_leaf l = { .issuer = renew_kinds[i].issuer,
			.cn = kubelet ? "system:node:cp1" : renew_kinds[i].name,
			.org = kubelet ? "system:nodes" : NULL,
			.server = strstr(renew_kinds[i].path, "server") != NULL,
			.client = !strstr(renew_kinds[i].path, "apiserver.crt"),
			.sans = names,
			.san_count = 2,
			.from_s = from_s,
			.to_s = to_s };

		if (renew_kinds[i].optional)
			continue;
		made_leaf(made_store, &l, &pem);
		made_say(a, "cert", renew_kinds[i].path, pem.text);
	}
	made_say(a, "cert", PKI "ca.crt", pki_store_pem(made_store, PKI_CA_CRT));
	secret_release(&pem);
}

/* ---- names --------------------------------------------------------------------------------------------------------- */

static void test_names(void)
{
	struct str all_names = STR_INIT, readers = STR_INIT;

	CHECK_STR(renew_kind_find("etcd-peer")->path, PKI "etcd/peer.crt");
	CHECK_STR(renew_kind_find(PKI "apiserver.crt")->name, "apiserver");
	CHECK_STR(renew_kind_find("pki/apiserver.crt")->name, "apiserver");
	CHECK_STR(renew_kind_find("etcd/server.crt")->name, "etcd-server");
	CHECK_STR(renew_kind_find("admin.conf")->name, "admin.conf");
	CHECK(!renew_kind_find("ca.crt") && !renew_kind_find("") && !renew_kind_find("apiserver.crt.bak"));
	for (size_t i = 0; i < RENEW_KINDS; i++)
		CHECK(renew_kind_find(renew_kinds[i].name) == &renew_kinds[i]);
	/* all that a control plane has is there, of the same CA */
	for (size_t i = 0; i < PKI_OWN; i++)
		CHECK(renew_kind_find(pki_own[i].path) &&
			renew_kind_find(pki_own[i].path)->issuer == pki_own[i].issuer);
	renew_names(&all_names);
	CHECK(strstr(all_names.buf, "super-admin.conf, controller-manager.conf"));
	renew_reader_names(RENEW_READER_KUBELET | RENEW_READER_ETCD, " ", &readers);
	CHECK_STR(readers.buf, "etcd kubelet");
	CHECK_INT(renew_readers_of("kubelet  etcd nonsense kube-api"), RENEW_READER_KUBELET | RENEW_READER_ETCD);
	CHECK_INT(renew_readers_of(""), 0);
	str_release(&all_names);
	str_release(&readers);
}

/* ---- decisions ----------------------------------------------------------------------------------------------------- */

#define ALL_READERS 31u
static const struct {
	const char *what;
	struct renew_wish wish;
	int64_t from_s, to_s;
	unsigned due, fresh, restarts;
	enum renew_verdict kubelet;
} rows[] = {
	{ "whole: all but the kubelet's", { .kinds = 0, .days = 0 }, -30 * DAY, 335 * DAY, 10, 0,
		RENEW_READER_MANAGER | RENEW_READER_SCHEDULER, RENEW_LEFT },
	{ "expired: all, and all restart", { .kinds = 0, .days = 0 }, -366 * DAY, -DAY, 11, 0, ALL_READERS, RENEW_DUE },
	{ "the kubelet did not renew its own", { .kinds = 0, .days = 0 }, -355 * DAY, 10 * DAY, 11, 0,
		RENEW_READER_MANAGER | RENEW_READER_SCHEDULER | RENEW_READER_KUBELET, RENEW_DUE },
	{ "--expiring, and they are not", { .kinds = 0, .days = 30 }, -300 * DAY, 31 * DAY, 0, 0, 0, RENEW_LEFT },
	{ "--expiring, and they are", { .kinds = 0, .days = 30 }, -340 * DAY, 25 * DAY, 11, 0,
		RENEW_READER_MANAGER | RENEW_READER_SCHEDULER | RENEW_READER_KUBELET, RENEW_DUE },
	{ "--expiring, and they have expired", { .kinds = 0, .days = 1 }, -366 * DAY, -60, 11, 0, ALL_READERS,
		RENEW_DUE },
	{ "named: one that its reader takes up", { .kinds = 1u << 0, .days = 0 }, -30 * DAY, 335 * DAY, 1, 0, 0,
		RENEW_LEFT },
	{ "named: it has expired", { .kinds = 1u << 2, .days = 0 }, -366 * DAY, -DAY, 1, 0, RENEW_READER_API,
		RENEW_LEFT },
	{ "named: the kubelet's", { .kinds = 1u << PKI_OWN, .days = 0 }, -30 * DAY, 335 * DAY, 1, 0,
		RENEW_READER_KUBELET, RENEW_DUE },
	{ "kubelets that cannot renew their own", { .kubelets = true }, -30 * DAY, 335 * DAY, 11, 0,
		RENEW_READER_MANAGER | RENEW_READER_SCHEDULER | RENEW_READER_KUBELET, RENEW_DUE },
	{ "just made", { .kinds = 0, .days = 0 }, -3700, 365 * DAY, 0, 10, 0, RENEW_LEFT },
	{ "just made, and short: expired", { .kinds = 0, .days = 0 }, -3700, -10, 11, 0, ALL_READERS, RENEW_DUE },
};

static void test_decisions(void)
{
	made_begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct remote_answer a = { 0 };
		struct certs_host h = { 0 };
		struct renew_host r;
		bool ok;

		control_plane(&a, rows[i].from_s, rows[i].to_s);
		answered(&a, false, &rows[i].wish, &h, &r);
		ok = CHECK_INT(renew_count(&r, RENEW_DUE, RENEW_STAGES), rows[i].due);
		ok = CHECK_INT(renew_count(&r, RENEW_NEW, RENEW_STAGES), rows[i].fresh) && ok;
		ok = CHECK_INT(renew_count(&r, RENEW_REFUSED, RENEW_STAGES), 0) && ok;
		ok = CHECK_INT(r.restarts, rows[i].restarts) && ok;
		ok = CHECK_INT(item(&r, "kubelet")->verdict, rows[i].kubelet) && ok;
		/* whether it starts goes by its certificate, asked for or not */
		ok = CHECK(renew_kubelet_starts(&r) == (rows[i].to_s > 0 || rows[i].kubelet == RENEW_DUE)) && ok;
		/* when it was made, what it is made from has expired all the same */
		for (size_t k = 0; k < r.count; k++)
			r.items[k].verdict = RENEW_NEW;
		ok = CHECK(renew_kubelet_starts(&r)) && ok;
		if (!ok)
			printf("# %s\n", rows[i].what);
		certs_release(&h);
	}
	made_end();
}

/* What an interrupted run has noted counts, whatever the certificates are. */
static void test_interrupted(void)
{
	struct remote_answer a = { 0 };
	struct certs_host h = { 0 };
	struct renew_host r;

	made_begin();
	control_plane(&a, -3700, 365 * DAY);
	remote_answer_set(&a, "restart", "kube-apiserver etcd");
	answered(&a, false, &all, &h, &r);
	CHECK_INT(renew_count(&r, RENEW_DUE, RENEW_STAGES), 0);
	CHECK_INT(r.restarts, RENEW_READER_API | RENEW_READER_ETCD);
	certs_release(&h);
	made_end();
}

static void test_refused(void)
{
	struct remote_answer a = { 0 };
	struct certs_host h = { 0 };
	struct pki_store *other;
	struct secret pem = { 0 };
	struct made_leaf l = {
		.issuer = PKI_ISSUER_CLUSTER, .cn = "kube-apiserver", .server = true, .from_s = -9000, .to_s = DAY
	};
	struct renew_host r;

	made_begin();
	other = made_store_new("other");
	made_leaf(other, &l, &pem);
	made_say(&a, "cert", PKI "apiserver.crt", pem.text);
	/* of another CA of the same store */
	l.issuer = PKI_ISSUER_ETCD;
	made_leaf(made_store, &l, &pem);
	made_say(&a, "cert", PKI "front-proxy-client.crt", pem.text);
	l = (struct made_leaf){
		.issuer = PKI_ISSUER_ETCD, .cn = "cp1", .client = true, .from_s = 2 * DAY, .to_s = 9 * DAY
	};
	made_leaf(made_store, &l, &pem);
	made_say(&a, "cert", PKI "etcd/peer.crt", pem.text);
	made_say(&a, "cert", PKI "etcd/server.crt", "nonsense");
	l = (struct made_leaf){
		.issuer = PKI_ISSUER_CLUSTER, .cn = "a", .client = true, .from_s = -20 * DAY, .to_s = DAY
	};
	made_leaf(made_store, &l, &pem);
	made_say(&a, "cert", CONF "admin.conf", pem.text);
	/* its certificate is in its kubeconfig */
	made_say(&a, "cert", CONF "kubelet.conf", pem.text);
	answered(&a, false, &all, &h, &r);
	CHECK_INT(item(&r, "apiserver")->verdict, RENEW_REFUSED);
	CHECK(strstr(item(&r, "apiserver")->why, "another CA"));
	CHECK_INT(item(&r, "front-proxy-client")->verdict, RENEW_REFUSED);
	CHECK_INT(item(&r, "etcd-peer")->verdict, RENEW_REFUSED);
	CHECK(strstr(item(&r, "etcd-peer")->why, "not valid yet"));
	CHECK(strstr(item(&r, "etcd-server")->why, "can be read"));
	CHECK(strstr(item(&r, "scheduler.conf")->why, "not there"));
	CHECK_INT(item(&r, "admin.conf")->verdict, RENEW_DUE);
	CHECK_INT(item(&r, "kubelet")->verdict, RENEW_DUE);
	CHECK_INT(renew_count(&r, RENEW_DUE, 1u << RENEW_SERVERS), 1);
	CHECK_INT(r.restarts, RENEW_READER_KUBELET);
	certs_release(&h);
	pki_store_free(other);
	secret_release(&pem);
	made_end();
}

static void test_worker(void)
{
	static const struct renew_wish expiring = { .days = 3650 };
	struct remote_answer a = { 0 }, none = { 0 };
	struct certs_host h = { 0 }, empty = { 0 };
	struct secret pem = { 0 };
	const struct made_leaf l = { .issuer = PKI_ISSUER_CLUSTER,
		.cn = "system:node:w1",
		.org = "system:nodes",
		.client = true,
		.from_s = -366 * DAY,
		.to_s = -DAY };
	struct renew_host r;

	made_begin();
	made_leaf(made_store, &l, &pem);
	made_say(&a, "cert", KUBELET_PEM, pem.text);
	made_say(&a, "cert", PKI "ca.crt", pki_store_pem(made_store, PKI_CA_CRT));
	answered(&a, true, &all, &h, &r);
	CHECK_INT(r.count, 1);
	CHECK_INT(r.items[0].verdict, RENEW_DUE);
	CHECK_INT(r.restarts, RENEW_READER_KUBELET);
	certs_release(&h);
	/* nothing of Kubernetes is there */
	answered(&none, true, &expiring, &empty, &r);
	CHECK_INT(r.count, 0);
	certs_release(&empty);
	secret_release(&pem);
	made_end();
}

/* ---- made again ---------------------------------------------------------------------------------------------------- */

static struct pki_cert *read_one(struct arena *a, const struct secret *pem)
{
	struct pki_cert *list = NULL;
	struct error err = { 0 };
	size_t more;

	if (!CHECK_INT(pki_certs_read(pem->text, pem->len, 4, a, &list, &more, &err), 1)) {
		printf("# %s\n", err.what);
		exit(1);
	}
	return list;
}

static void test_made_again(void)
{
	static const char *const names[] = { "cp1", "*.api.example.com", "10.0.0.11", "fd00::11" };
	const struct made_leaf old = { .issuer = PKI_ISSUER_CLUSTER,
		.cn = "kube-apiserver",
		.org = "people",
		.server = true,
		.sans = names,
		.san_count = 4,
		.from_s = -400 * DAY,
		.to_s = -DAY };
	struct secret pem = { 0 }, cert = { 0 }, key = { 0 };
	struct error err = { 0 };
	struct pki_cert *before, *after;
	struct arena a = { 0 };

	made_begin();
	made_leaf(made_store, &old, &pem);
	CHECK_INT(pki_renew(made_store, PKI_ISSUER_CLUSTER, pem.text, pem.len, 365, &cert, &key, &err), 0);
	before = read_one(&a, &pem);
	after = read_one(&a, &cert);
	CHECK_STR(after->info.subject_cn, "kube-apiserver");
	CHECK_STR(after->info.subject_o, "people");
	CHECK_STR(after->info.issuer_cn, before->info.issuer_cn);
	CHECK(strcmp(after->info.pin, before->info.pin) != 0 && strcmp(after->info.serial, before->info.serial) != 0);
	CHECK_INT(after->san_count, 4);
	for (size_t i = 0; i < after->san_count && i < before->san_count; i++) {
		CHECK_INT(after->sans[i].kind, before->sans[i].kind);
		CHECK_STR(after->sans[i].text, before->sans[i].text);
	}
	CHECK_INT(certs_days(after->info.not_after, clock_wall_ms() / 1000 + 60), 364);
	CHECK_INT(pki_cert_verify(cert.text, cert.len, pki_store_pem(made_store, PKI_CA_CRT), true, names, 1, &err), 0);
	/* not of a client too */
	CHECK_INT(
		pki_cert_verify(cert.text, cert.len, pki_store_pem(made_store, PKI_CA_CRT), false, NULL, 0, &err), -1);
	CHECK(strstr(key.text, "PRIVATE KEY"));
	CHECK_INT(pki_renew(made_store, PKI_ISSUER_ETCD, pem.text, pem.len, 365, &cert, &key, &err), -1);
	CHECK(strstr(err.what, "another CA"));
	CHECK_INT(pki_renew(made_store, PKI_ISSUER_CLUSTER, "x", 1, 365, &cert, &key, &err), -1);
	/* a CA is not a leaf */
	CHECK_INT(pki_renew(made_store, PKI_ISSUER_CLUSTER, pki_store_pem(made_store, PKI_CA_CRT),
			  strlen(pki_store_pem(made_store, PKI_CA_CRT)), 365, &cert, &key, &err),
		-1);
	CHECK(strstr(err.what, "is a CA"));
	arena_release(&a);
	secret_release(&pem);
	secret_release(&cert);
	secret_release(&key);
	made_end();
}

/* The certificate that a kubelet shows, where the cluster signs it: the kubelet starts without, and a rotation makes it again. */
static void test_serving(void)
{
	static const char *const names[] = { "w1", "10.0.0.21" };
	const struct renew_wish rotates = { .rotates = true, .issuer = PKI_ISSUER_CLUSTER };
	struct made_leaf client = { .issuer = PKI_ISSUER_CLUSTER,
		.cn = "system:node:w1",
		.org = "system:nodes",
		.client = true,
		.from_s = -30 * DAY,
		.to_s = 335 * DAY };
	struct made_leaf serving = client;
	struct remote_answer a = { 0 };
	struct certs_host h = { 0 };
	struct secret pem = { 0 };
	struct pki_store *other;
	struct renew_host r;

	serving.client = false;
	serving.server = true;
	serving.sans = names;
	serving.san_count = 2;
	serving.from_s = -366 * DAY;
	serving.to_s = -DAY;
	made_begin();
	made_leaf(made_store, &client, &pem);
	made_say(&a, "cert", "/var/lib/kubelet/pki/kubelet-client-current.pem", pem.text);
	made_leaf(made_store, &serving, &pem);
	made_say(&a, "cert", "/var/lib/kubelet/pki/kubelet-server-current.pem", pem.text);
	answered(&a, true, &all, &h, &r);
	CHECK_INT(item(&r, "kubelet")->verdict, RENEW_LEFT);
	CHECK_INT(item(&r, "kubelet-serving")->verdict, RENEW_DUE);
	CHECK_INT(r.restarts, RENEW_READER_KUBELET);
	CHECK(renew_kubelet_starts(&r));
	certs_release(&h);
	/* a host without one lacks nothing */
	made_leaf(made_store, &client, &pem);
	made_say(&a, "cert", "/var/lib/kubelet/pki/kubelet-client-current.pem", pem.text);
	answered(&a, true, &all, &h, &r);
	CHECK_INT(r.count, 1);
	certs_release(&h);
	/* of the CA that signs now it stays, and of another one it is due, or refused */
	serving.from_s = -30 * DAY;
	serving.to_s = 335 * DAY;
	made_leaf(made_store, &serving, &pem);
	made_say(&a, "cert", "/var/lib/kubelet/pki/kubelet-server-current.pem", pem.text);
	answered(&a, true, &rotates, &h, &r);
	CHECK_INT(item(&r, "kubelet-serving")->verdict, RENEW_LEFT);
	certs_release(&h);
	other = made_store_new("other");
	made_leaf(other, &serving, &pem);
	made_say(&a, "cert", "/var/lib/kubelet/pki/kubelet-server-current.pem", pem.text);
	answered(&a, true, &rotates, &h, &r);
	CHECK_INT(item(&r, "kubelet-serving")->verdict, RENEW_REFUSED);
	certs_release(&h);
	pki_store_free(other);
	secret_release(&pem);
	made_end();
}

static const struct test tests[] = {
	{ "names", test_names },
	{ "which are due, and who restarts", test_decisions },
	{ "after an interruption", test_interrupted },
	{ "what cannot be made again", test_refused },
	{ "a worker", test_worker },
	{ "what a kubelet shows", test_serving },
	{ "made again", test_made_again },
};
TEST_MAIN(tests)
