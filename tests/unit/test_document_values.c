/* Documents: how values are written, what is refused, and the words for it. */
#include "tests/unit/document_text.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/document.h"
#include "inventory/inventory.h"

/* What stays to an operator's hand, and what does not. */
static void test_style(void)
{
	struct document *d = parse(
		"cluster: a\nssh: {port: 22, user: 'ops', } # c\npki:\n  # c\n  store: /x # y\nendpoint:\n  vip: 10.0.0.9\n");

	CHECK(set(d, "ssh.port", NULL) && set(d, "ssh.user", "o-p") && set(d, "ssh.sudo", "ask"));
	CHECK_STR(document_text(d), "cluster: a\nssh: {user: 'o-p', sudo: ask } # c\npki:\n  # c\n  store: /x # y\n"
				    "endpoint:\n  vip: 10.0.0.9\n");
	/* a section goes with its last key, but not with a comment of its own */
	CHECK(set(d, "endpoint.vip", NULL) && set(d, "pki.store", NULL) && set(d, "ssh.user", "") &&
		set(d, "ssh.sudo", ""));
	CHECK_STR(document_text(d), "cluster: a\nssh: { } # c\npki:\n  # c\n");
	CHECK(get(d, "endpoint.vip") == NULL && get(d, "pki.store") == NULL);
	CHECK(set(d, "pki.store", "/y"));
	CHECK_STR(document_text(d), "cluster: a\nssh: { } # c\npki:\n  store: /y\n  # c\n");
	document_free(d);
	/* sections have their order, and the blank lines between them */
	d = parse("# top\ncluster: a\n\nkubernetes:\n   version: 1.36\n   # of it\n\n# hosts\nhosts:\n- {name: x}");
	CHECK(set(d, "network.pods", "10.1.0.0/16") && set(d, "kubernetes.repository.url", "https://x.org/"));
	CHECK_STR(document_text(d),
		"# top\ncluster: a\n\nkubernetes:\n   version: 1.36\n   repository:\n      url: https://x.org/\n   # of it\n\n"
		"network:\n   pods: 10.1.0.0/16\n\n# hosts\nhosts:\n- {name: x}");
	document_free(d);
	d = parse("");
	CHECK(set(d, "kubernetes.version", "1.36") && set(d, "cluster", "123") && set(d, "time.manage", "false"));
	CHECK_STR(document_text(d), "kubernetes:\n  version: 1.36\ntime:\n  manage: false\ncluster: \"123\"\n");
	document_free(d);
}

static void test_quotes(void)
{
	static const char *const texts[] = { "no", "Yes", "null", "~", "1.5", "0x1f", "1e3", "12:30", "- a", "-a",
		"a: b", "a:", "a #b", "#a", "&a", "*a", "!a", "|", ">", "%a", "@a", "`a", "'a'", "\"a\"", "a\"b'c\\d",
		"[a", "{a}", "a, b", "? a", "<<", "---", "...", "ü→", "x=y", "a  b", "=" };
	struct document *d = parse("cluster: a\nkubernetes: {version: 1.36}\nssh: {}\ncontainerd:\n  version: 2.2.0\n");

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct error err = { 0 };
		bool user = document_check(d, "ssh.user", texts[i], NULL) == 0;

		CHECK(set(d, "containerd.config", texts[i]));
		CHECK_STR(get(d, "containerd.config"), texts[i]);
		CHECK_INT(document_set(d, "ssh.user", texts[i], &err), user ? 0 : -1);
		if (user)
			CHECK_STR(get(d, "ssh.user"), texts[i]);
		CHECK(set(d, "containerd.config", NULL));
	}
	CHECK(set(d, "ssh.user", "no"));
	CHECK(strstr(document_text(d), "{user: \"no\"}") || strstr(document_text(d), "{user: 'no'}"));
	/* lines, of all kinds */
	for (size_t i = 0; i < 2; i++) {
		static const char *const lines[] = { "a\nb", "a\n", "a\n\n", " a\nb\n", "\na\n", "a \n\tb\n",
			"# a\nb: c\n", "a\n# b\n\n c", "one line", "---\n" };

		for (size_t k = 0; k < sizeof(lines) / sizeof(lines[0]); k++) {
			CHECK(set(d, "containerd.config", lines[k]));
			CHECK_STR(get(d, "containerd.config"), lines[k]);
		}
	}
	CHECK_INT(document_set(d, "containerd.config", "a\x01", NULL), -1);
	CHECK_INT(document_set(d, "containerd.config", "a\rb", NULL), -1);
	CHECK_INT(document_set(d, "containerd.config", "a\xff", NULL), -1);
	CHECK_INT(document_set(d, "ssh.user", "a\tb", NULL), -1);
	document_free(d);
}

/* These are not edited at all, or not there, and their text stays. */
static void test_refused(void)
{
	static const struct {
		const char *text, *path, *word;
	} bad[] = {
		{ "cluster: &a x\nssh: {}\n", "ssh.port", "line 1: anchors" },
		{ "cluster: x\nssh: {user: *a}\n", "ssh.port", "line 2: aliases" },
		{ "cluster: !!str x\n", "ssh.port", "line 1: tags" },
		{ "cluster: x\ncluster: y\n", "ssh.port", "line 2: duplicate key" },
		{ "cluster: x\nssh: 5\n", "ssh.port", "must be a map" },
		{ "? cluster\n: x\n? ssh\n: user: y\n", "ssh.port", "" },
		{ "cluster: x\n", "ssh.prot", "did you mean 'ssh.port'" },
		{ "cluster: x\n", "ssh", "section" },
		{ "cluster: x\n", "hosts.cp1.ssh.port", "no host 'cp1'" },
		{ "cluster: x\nhosts: [5]\n", "hosts.cp1.ssh.port", "no host 'cp1'" },
		{ "cluster: x\nhosts: {a: b}\n", "hosts.cp1.ssh.port", "no host 'cp1'" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct document *d = parse(bad[i].text);
		struct error err = { 0 };

		if (document_set(d, bad[i].path, "23", &err) == 0) {
			CHECK_STR(bad[i].word, "");
			CHECK_STR(get(d, bad[i].path), "23");
		} else {
			CHECK_INT(err.kind, ERROR_INVENTORY);
			if (!CHECK(strstr(err.what, bad[i].word) != NULL))
				printf("# %s\n", err.what);
			CHECK_STR(document_text(d), bad[i].text);
		}
		document_free(d);
	}
	CHECK(document_parse("x", "cluster: x\n\tssh: 5\n", NULL) == NULL);
	CHECK(document_parse("x", "- a\n", NULL) == NULL);
	CHECK(document_parse("x", "{", NULL) == NULL);
	CHECK(document_parse("x", "a\n", NULL) == NULL);
}

/* A value's complaint is the one that the file would get. */
static void test_words(void)
{
	static const struct {
		const char *path, *value, *text;
	} bad[] = {
		{ "cluster", "No_Name", "cluster: No_Name" },
		{ "cluster", "", NULL },
		{ "kubernetes.version", "", NULL },
		{ "kubernetes.version", "v1.36", "kubernetes: {version: v1.36}" },
		{ "kubernetes.version", "1.2", "kubernetes: {version: 1.2}" },
		{ "endpoint.vip", "10.0.0.300", "endpoint: {vip: 10.0.0.300}" },
		{ "endpoint.port", "70000", "endpoint: {port: 70000}" },
		{ "endpoint.interface", "a/b", "endpoint: {interface: a/b}" },
		{ "network.pods", "10.244.0.1/16", "network: {pods: 10.244.0.1/16}" },
		{ "network.cni", "calico", "network: {cni: calico}" },
		{ "network.ipv6", "true", "network: {ipv6: true}" },
		{ "time.manage", "yes", "time: {manage: yes}" },
		{ "pki.key-type", "rsa", "pki: {key-type: rsa}" },
		{ "pki.passphrase", "hunter2", "pki: {passphrase: hunter2}" },
		{ "containerd.repository.fingerprint", "12", "containerd: {repository: {fingerprint: 12}}" },
		{ "containerd.repository.url", "ftp://x", "containerd: {repository: {url: 'ftp://x'}}" },
		{ "preflight.ignore", "swap-on,all", "preflight: {ignore: [swap-on, all]}" },
		{ "kubelet.config", "[1]", "kubelet: {config: [1]}" },
		{ "kubelet.config", "{\"a\": no}", "kubelet: {config: {a: no}}" },
		{ "hosts[].labels", "gpu", "hosts: [{labels: {gpu: }}]" },
		{ "hosts[].labels", "a=b c", "hosts: [{labels: {a: b c}}]" },
		{ "hosts[].taints", "a=b", "hosts: [{taints: [a=b]}]" },
		{ "hosts[].role", "master", "hosts: [{role: master}]" },
		{ "hosts[].ssh.host-key", "MD5:aa", "hosts: [{ssh: {host-key: MD5:aa}}]" },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		const char *text = bad[i].text ? bad[i].text : "time: {}";
		struct document *d = parse(text);
		struct inventory_problems p;
		struct error err = { 0 };
		bool found = false;

		CHECK_INT(document_check(d, bad[i].path, bad[i].value, &err), -1);
		CHECK(!document_problems(d, &p, NULL));
		for (size_t k = 0; k < p.count; k++)
			found = found || strcmp(p.list[k].text, err.what) == 0;
		if (!CHECK(found))
			printf("# %s: %s\n", bad[i].path, err.what);
		document_free(d);
	}
}

/* As many hosts as there may be: no change takes long. */
static void test_many(void)
{
	struct str text = STR_INIT;
	struct document *d;

	str_add(&text, "cluster: a\nhosts:\n");
	for (int i = 0; i < 1000; i++)
		str_addf(
			&text, "  - {name: h%d, address: 10.0.%d.%d, role: worker} # %d\n", i, i / 200, i % 200 + 1, i);
	d = parse(text.buf);
	CHECK(set(d, "hosts.h999.ssh.port", "23"));
	CHECK_INT(document_add_host(d, "new", "10.9.9.9", "worker", NULL), 0);
	CHECK_INT(document_remove_host(d, "h0", NULL), 0);
	CHECK_INT(document_host_count(d), 1000);
	CHECK(strstr(document_text(d), "role: worker, ssh: {port: 23}} # 999\n  - {name: new") != NULL);
	document_free(d);
	str_release(&text);
}

/* A literal that the file's end cuts has no last break, until a line follows. */
static void test_cut(void)
{
	struct document *d = parse("cluster: a\ncontainerd:\n  config: |\n    a = 1");

	CHECK(set(d, "time.manage", "false"));
	CHECK_STR(document_text(d), "cluster: a\ncontainerd:\n  config: |\n    a = 1\ntime:\n  manage: false");
	CHECK(set(d, "containerd.config", NULL));
	CHECK_STR(document_text(d), "cluster: a\ntime:\n  manage: false");
	document_free(d);
}

TEST_MAIN(((const struct test[]){
	{ "style", test_style },
	{ "quotes", test_quotes },
	{ "refused", test_refused },
	{ "words", test_words },
	{ "many", test_many },
	{ "cut", test_cut },
}))
