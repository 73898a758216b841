/* What a host shows of its certificates: steps/host/certs.sh, run for real in a temporary folder. */
#include "tests/test.h"

#include "steps/host/scripts.h"
#include "tests/unit/certs_made.h"
#include "tests/unit/fake_site.h"

#define BEGIN "-----BEGIN CERTIFICATE-----\n"
#define END "-----END CERTIFICATE-----\n"
#define KEY "-----BEGIN EC PRIVATE KEY-----\nc2VjcmV0\n-----END EC PRIVATE KEY-----\n"

#define DAY 86400
#define PKI "/etc/kubernetes/pki/"

/* A file that was damaged between its certificate and the key: neither ends where it should. */
static void test_damaged(void)
{
	static const struct {
		const char *file, *shown;
	} table[] = {
		{ BEGIN "Qg==\n" END KEY, BEGIN "Qg==\n" END },
		{ "x\n" KEY BEGIN "Qg==\n" END BEGIN "QQ==\n" END, BEGIN "Qg==\n" END BEGIN "QQ==\n" END },
		{ BEGIN "Qg==\n" KEY, "" },
		{ BEGIN "Qg==\n-----END CERT\n" KEY, "" },
		{ BEGIN "Qg==\n" KEY END, "" },
		{ BEGIN "Qg==\n" BEGIN "QQ==\n" END, BEGIN "QQ==\n" END },
		{ "-----BEGIN CERTIFICATE-----\r\nQQ==\r\n-----END CERTIFICATE-----\r\n", BEGIN "QQ==\n" END },
	};
	struct fake_site s;

	fake_site_open(&s);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fake_site_put(&s, "etc/pem", 0600, table[i].file);
		CHECK_INT(fake_site_run(
				  &s, "main() { certificates </etc/pem | say64 stdout; }\nmain </dev/null\n", NULL, 0),
			0);
		if (!CHECK_STR(cluster_fact(&s.h, "stdout"), table[i].shown))
			printf("# row %zu\n", i);
	}
	fake_site_close(&s);
}

static void place(const struct fake_site *s, const struct pki_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		fake_site_put(s, f->list[i].path + 1, f->list[i].mode, f->list[i].content.text);
}

static void run(struct fake_site *s)
{
	if (!CHECK_INT(fake_site_run(s, host_script_certs, NULL, 0), 0))
		printf("# %s: %s\n", s->err.what, s->err.detail);
}

/* What was said of a file below the site; NULL: nothing. */
static const char *said(const struct fake_site *s, const char *kind, const char *path)
{
	char word[200];

	snprintf(word, sizeof(word), "%s.%s%s", kind, s->dir, path);
	return remote_answer_get(&s->h.facts, word);
}

static void no_key_is_said(const struct fake_site *s)
{
	for (size_t i = 0; i < s->h.facts.count; i++)
		if (!CHECK(!strstr(s->h.facts.lines[i].value, "PRIVATE")))
			printf("# %s\n", s->h.facts.lines[i].word);
}

static void test_script(void)
{
	struct pki_files f = { 0 };
	struct secret client = { 0 };
	struct str pem = STR_INIT, conf = STR_INIT;
	struct fake_site s;

	made_begin();
	made_files(made_store, "cp1", NULL, 0, &f);
	made_client("system:node:cp1", "system:nodes", DAY, &client);
	fake_site_open(&s);
	/* a host without a cluster has nothing to say */
	run(&s);
	CHECK_INT(s.h.facts.count, 0);
	place(&s, &f);
	str_addf(&pem, "%s%s", client.text, made_file(&f, PKI "apiserver.key"));
	fake_site_put(&s, &KUBELET_PEM[1], 0600, pem.buf);
	fake_site_put(&s, "etc/kubernetes/kubelet.conf", 0600,
		"users:\n- user:\n    client-certificate: " KUBELET_PEM "\n    client-key: " KUBELET_PEM "\n");
	fake_site_put(&s, "etc/kubernetes/bootstrap-kubelet.conf", 0600, "users:\n- user:\n    token: a.b\n");
	fake_site_put(&s, "etc/kubernetes/pki/junk.crt", 0644, "no certificate\n");
	run(&s);
	no_key_is_said(&s);
	CHECK_STR(said(&s, "cert", KUBELET_PEM), client.text);
	CHECK_STR(said(&s, "cert", PKI "etcd/peer.crt"), made_file(&f, PKI "etcd/peer.crt"));
	CHECK_STR(said(&s, "public", PKI "sa.pub"), made_file(&f, PKI "sa.pub"));
	CHECK_STR(said(&s, "cert", PKI "junk.crt"), "");
	CHECK_INT(pki_kubeconfig_client(made_file(&f, "/etc/kubernetes/admin.conf"), &conf), 0);
	CHECK_STR(said(&s, "cert", "/etc/kubernetes/admin.conf"), conf.buf);
	CHECK(!said(&s, "cert", "/etc/kubernetes/kubelet.conf"));
	CHECK(!said(&s, "cert", "/etc/kubernetes/bootstrap-kubelet.conf"));
	/* 7 leaves, 3 CAs, 4 kubeconfigs, the kubelet's, sa.pub, junk */
	CHECK_INT(s.h.facts.count, 17);
	str_release(&pem);
	str_release(&conf);
	secret_release(&client);
	pki_files_release(&f);
	fake_site_close(&s);
	made_end();
}

/* Too many files, one that is too large, a name that could be two, a device, a key in the place of a public one. */
static void test_script_bounds(void)
{
	struct pki_files f = { 0 };
	struct fake_site s;
	const char *left;

	made_begin();
	made_files(made_store, "cp1", NULL, 0, &f);
	fake_site_open(&s);
	place(&s, &f);
	fake_site_put(&s, "etc/kubernetes/pki/sa.pub", 0600, made_file(&f, PKI "sa.key"));
	fake_site_sh(&s,
		"cd etc/kubernetes/pki && cp apiserver.crt \"$(printf 'a\\nb=c.crt')\" && mkfifo pipe.crt && ln -s /dev/zero zero.crt &&"
		"head -c 40000 /dev/zero >huge.crt && i=0 && while [ $i -lt 200 ]; do cp apiserver.crt x$i.crt; i=$((i + 1)); done");
	run(&s);
	no_key_is_said(&s);
	CHECK_STR(said(&s, "public", PKI "sa.pub"), "");
	CHECK(said(&s, "cert", PKI "apiserver.crt") && said(&s, "cert", PKI "etcd/server.crt"));
	left = remote_answer_get(&s.h.facts, "left_out");
	CHECK(left && strstr(left, PKI "a?b?c.crt\n") && strstr(left, PKI "huge.crt\n"));
	CHECK(!said(&s, "cert", PKI "pipe.crt") && !said(&s, "cert", PKI "zero.crt"));
	CHECK_INT(s.h.facts.count, 65);
	pki_files_release(&f);
	fake_site_close(&s);
	made_end();
}

static const struct test tests[] = {
	{ "a damaged file lets no key through", test_damaged },
	{ "certificates and no key", test_script },
	{ "too many, too large, odd names", test_script_bounds },
};
TEST_MAIN(tests)
