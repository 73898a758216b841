/* How long the certificates of hosts are good, and where hosts differ. */
#include "tests/test.h"

#include "base/clock.h"
#include "cluster/certs.h"
#include "inventory/inventory.h"
#include "tests/unit/certs_made.h"

#define DAY 86400
#define PKI "/etc/kubernetes/pki/"

static const struct certs_file *file_of(const struct certs_host *h, const char *path)
{
	for (size_t i = 0; i < h->count; i++)
		if (strcmp(h->files[i].path, path) == 0)
			return &h->files[i];
	printf("# no %s\n", path);
	exit(1);
}

static struct inventory few = { .pki = { .warn_days = 30, .critical_days = 7 } };

static enum certs_state state_of(const struct certs_host *h, const char *path, int64_t now_s)
{
	const struct certs_file *f = file_of(h, path);

	return certs_state(f, f->count ? &f->list[0] : NULL, &few, now_s);
}

static void test_states(void)
{
	int64_t now = clock_wall_ms() / 1000;
	struct remote_answer a = { 0 };
	struct secret pem = { 0 };
	struct certs_host h = { 0 };

	made_begin();
	made_client("n", NULL, 100 * DAY, &pem);
	made_say(&a, "cert", PKI "apiserver.crt", pem.text);
	made_say(&a, "cert", KUBELET_PEM, pem.text);
	made_say(&a, "cert", "/etc/kubernetes/kubelet.conf", pem.text);
	made_say(&a, "cert", PKI "junk.crt", "junk");
	certs_answer(&h, &a, false);
	static const struct {
		int day;
		enum certs_state served, rotated;
	} table[] = { { -2, CERTS_EARLY, CERTS_EARLY }, { 1, CERTS_OK, CERTS_OK }, { 69, CERTS_OK, CERTS_OK },
		{ 71, CERTS_WARNING, CERTS_OK }, { 89, CERTS_WARNING, CERTS_OK }, { 91, CERTS_WARNING, CERTS_WARNING },
		{ 94, CERTS_CRITICAL, CERTS_CRITICAL }, { 101, CERTS_EXPIRED, CERTS_EXPIRED } };
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		int64_t then = now + table[i].day * DAY;

		CHECK_INT(state_of(&h, PKI "apiserver.crt", then), table[i].served);
		CHECK_INT(state_of(&h, KUBELET_PEM, then), table[i].rotated);
		/* what was the kubelet's before its first rotation */
		CHECK_INT(state_of(&h, "/etc/kubernetes/kubelet.conf", then), CERTS_UNUSED);
	}
	few.pki.warn_days = 99, few.pki.critical_days = 50;
	CHECK_INT(state_of(&h, PKI "apiserver.crt", now + 2 * DAY), CERTS_WARNING);
	CHECK_INT(state_of(&h, PKI "apiserver.crt", now + 51 * DAY), CERTS_CRITICAL);
	few.pki.warn_days = 30, few.pki.critical_days = 7;
	CHECK_INT(state_of(&h, PKI "junk.crt", now), CERTS_UNREADABLE);
	CHECK(file_of(&h, PKI "junk.crt")->kind == NULL);
	certs_release(&h);
	remote_answer_set(&a, "cert." KUBELET_PEM, "");
	certs_answer(&h, &a, false);
	CHECK_INT(state_of(&h, "/etc/kubernetes/kubelet.conf", now), CERTS_OK);
	CHECK_INT(certs_days(now - 1, now), -1);
	CHECK_INT(certs_days(now, now), 0);
	certs_release(&h);
	remote_answer_release(&a);
	secret_release(&pem);
	made_end();
}

static void test_differences(void)
{
	struct certs_host hosts[4] = { { 0 } };
	struct certs_host *list[5] = { &hosts[0], NULL, &hosts[1], &hosts[2], &hosts[3] };
	struct pki_store *other;

	made_begin();
	other = made_store_new("other");
	for (int i = 0; i < 4; i++) {
		struct remote_answer a = { 0 };
		struct pki_files f = { 0 };

		made_files(made_store, "cp", NULL, 0, &f);
		made_answer(&f, &a);
		if (i == 2) {
			made_say(&a, "cert", PKI "etcd/ca.crt", pki_store_pem(other, PKI_ETCD_CA_CRT));
			made_say(&a, "public", PKI "sa.pub", pki_store_pem(other, PKI_SA_PUB));
		}
		/* a worker's reader of the same file is another one */
		certs_answer(&hosts[i], &a, i == 3);
		remote_answer_release(&a);
		pki_files_release(&f);
	}
	certs_compare(list, 5);
	for (int i = 0; i < 4; i++) {
		CHECK(!file_of(&hosts[i], PKI "ca.crt")->differs && file_of(&hosts[i], PKI "etcd/ca.crt")->differs);
		CHECK(!file_of(&hosts[i], PKI "front-proxy-ca.crt")->differs &&
			file_of(&hosts[i], PKI "sa.pub")->differs);
		CHECK(!file_of(&hosts[i], PKI "apiserver.crt")->differs);
		CHECK_STR(
			file_of(&hosts[i], PKI "ca.crt")->kind->readers[0].name, i == 3 ? "kubelet" : "kube-apiserver");
	}
	for (int i = 0; i < 4; i++)
		certs_release(&hosts[i]);
	pki_store_free(other);
	made_end();
}

static void test_many_files(void)
{
	struct remote_answer a = { 0 };
	struct certs_host h = { 0 };
	char path[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/x%d.crt", i);
		made_say(&a, "cert", path, "junk");
	}
	certs_answer(&h, &a, false);
	CHECK_INT(h.count, CERTS_FILES);
	CHECK_INT(h.more, 1000 - CERTS_FILES);
	certs_release(&h);
	remote_answer_release(&a);
}

static const struct test tests[] = {
	{ "how long they are good", test_states },
	{ "CAs that differ", test_differences },
	{ "a host with too many files", test_many_files },
};
TEST_MAIN(tests)
