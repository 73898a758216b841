/* What a host shows of its setup: steps/host/benchmark.sh, run for real in a temporary folder. */
#include "tests/test.h"

#include "steps/host/scripts.h"
#include "tests/unit/fake_site.h"

#include <string.h>

#define MANIFESTS "etc/kubernetes/manifests/"

static const char systemctl[] = "#!/bin/sh\ncase $* in *MainPID*) echo 77 ;; *FragmentPath*) printf '%s\\n%s\\n' "
				"SITE/usr/lib/kubelet.service SITE/usr/lib/10-kubeadm.conf ;; esac\n";
/* As AES keys are written, and another word that follows one of the provider's names. */
static const char encryption[] =
	"kind: EncryptionConfiguration\n# providers: [kms]\nresources:\n- resources: [secrets]\n  providers:\n"
	"  - secretbox:\n      keys:\n      - {name: k1, secret: dW5zcGVha2FibGU=}\n  - identity: {}\n"
	"- {resources: [configmaps], \"providers\": [{\"unspeakable\": {}}]}\n";

static const char *said(const struct fake_site *s, const char *word)
{
	return remote_answer_get(&s->h.facts, word);
}

/* Its lines with the folder of the site left out, and whose file it is. */
static void shows(const struct fake_site *s, const char *name, const char *want)
{
	struct str word = STR_INIT, value = STR_INIT;

	str_addf(&word, "files.%s", name);
	str_add(&value, said(s, word.buf) ? said(s, word.buf) : "(nothing)");
	fake_site_replace(&value, s->dir, "");
	if (!CHECK_STR(value.buf, want))
		printf("# %s\n", name);
	str_release(&word);
	str_release(&value);
}

static int run(struct fake_site *s)
{
	int rc = fake_site_run(s, host_script_benchmark, NULL, 0);

	if (rc)
		printf("# %s: %s\n", s->err.what, s->err.detail);
	return rc;
}

static void place(const struct fake_site *s)
{
	struct str text = STR_INIT;

	str_add(&text, systemctl);
	fake_site_replace(&text, "SITE", s->dir);
	fake_site_put(s, "bin/systemctl", 0755, text.buf);
	str_release(&text);
	fake_site_put(
		s, "bin/stat", 0755, "#!/bin/sh\nPATH=/usr/bin:/bin stat \"$@\" | sed 's/ [^ ]*:[^ ]* / WHO:WHO /'\n");
	fake_site_put(s, "bin/ss", 0755, "#!/bin/sh\necho 'LISTEN 0 128 127.0.0.1:10249 0.0.0.0:*'\n");
	fake_site_put(s, "bin/pgrep", 0755, "#!/bin/sh\nexit 1\n");
	fake_site_put(s, "usr/lib/kubelet.service", 0644, "x\n");
	fake_site_put(s, "usr/lib/10-kubeadm.conf", 0600, "x\n");
	fake_site_sh(s, "mkdir -p proc/77 && printf '/usr/bin/kubelet\\0--config=/x\\0' >proc/77/cmdline");
	fake_site_put(s, "etc/kubernetes/kubelet.conf", 0600, "x\n");
	text = (struct str)STR_INIT;
	str_addf(&text, "authentication: {x509: {}}\n  clientCAFile: \"%s/etc/kubernetes/pki/ca.crt\"\n", s->dir);
	fake_site_put(s, "var/lib/kubelet/config.yaml", 0644, text.buf);
	str_clear(&text);
	str_addf(&text, "kind: Pod\n    - --encryption-provider-config=%s/etc/kubernetes/enc.yaml\n", s->dir);
	fake_site_put(s, MANIFESTS "kube-apiserver.yaml", 0640, text.buf);
	str_clear(&text);
	str_addf(&text, "    - --data-dir=%s/var/lib/etcd-elsewhere\n", s->dir);
	fake_site_put(s, MANIFESTS "etcd.yaml", 0600, text.buf);
	str_release(&text);
	fake_site_sh(s, "mkdir -m 700 -p var/lib/etcd-elsewhere");
	fake_site_put(s, "etc/kubernetes/enc.yaml", 0600, encryption);
	fake_site_put(s, "etc/kubernetes/admin.conf", 0600, "x\n");
	fake_site_put(s, "etc/kubernetes/pki/ca.crt", 0644, "a\n");
	fake_site_put(s, "etc/kubernetes/pki/etcd/ca.crt", 0604, "b\n");
	fake_site_put(s, "etc/kubernetes/pki/etcd/ca.key", 0600, "unspeakable\n");
	fake_site_put(s, "etc/cni/net.d/10-flannel.conflist", 0644, "x\n");
}

static void test_shows(void)
{
	struct fake_site s;

	fake_site_open(&s);
	place(&s);
	fake_site_sh(&s, "find . >before");
	CHECK_INT(run(&s), 0);
	shows(&s, "kube-apiserver.yaml", "640 WHO:WHO /" MANIFESTS "kube-apiserver.yaml\n");
	shows(&s, "kube-scheduler.yaml", "");
	shows(&s, "etcd-data", "700 WHO:WHO /var/lib/etcd-elsewhere\n");
	shows(&s, "admin", "600 WHO:WHO /etc/kubernetes/admin.conf\n");
	shows(&s, "keys", "600 WHO:WHO /etc/kubernetes/pki/etcd/ca.key\n");
	shows(&s, "client-ca", "644 WHO:WHO /etc/kubernetes/pki/ca.crt\n");
	shows(&s, "kubelet-unit", "644 WHO:WHO /usr/lib/kubelet.service\n600 WHO:WHO /usr/lib/10-kubeadm.conf\n");
	shows(&s, "kubelet-config", "644 WHO:WHO /var/lib/kubelet/config.yaml\n");
	shows(&s, "proxy-kubeconfig", "");
	shows(&s, "cni", "644 WHO:WHO /etc/cni/net.d/10-flannel.conflist\n");
	CHECK(strstr(said(&s, "files.certificates"), "604 WHO:WHO") && strstr(said(&s, "files.pki"), "pki/etcd\n"));
	CHECK(str_starts(said(&s, "manifest.kube-apiserver.yaml"), "kind: Pod\n"));
	CHECK(!said(&s, "manifest.kube-scheduler.yaml"));
	CHECK(str_starts(said(&s, "kubelet_config"), "authentication: "));
	CHECK_STR(said(&s, "kubelet_args"), "/usr/bin/kubelet\n--config=/x\n");
	CHECK_STR(said(&s, "etcd_ca"), "other");
	CHECK_STR(said(&s, "providers"), "secretbox other ");
	CHECK_STR(said(&s, "proxy_listens"), "127.0.0.1:10249 ");
	for (size_t i = 0; i < s.h.facts.count; i++)
		if (!CHECK(!strstr(s.h.facts.lines[i].value, "unspeakable") &&
			    !strstr(s.h.facts.lines[i].value, "dW5z")))
			printf("# %s\n", s.h.facts.lines[i].word);
	/* nothing of the host is another */
	fake_site_sh(&s, "find . ! -name after >after && cmp before after");
	fake_site_close(&s);
}

/* Names with line ends, links that lead nowhere, files that are too large, a device, too many of them. */
static void test_bounds(void)
{
	struct fake_site s;
	const char *keys, *p;
	size_t lines = 0;

	fake_site_open(&s);
	place(&s);
	fake_site_sh(&s,
		"cd etc/kubernetes && cp pki/ca.crt pki/etcd/ca.crt && ln -s /nowhere pki/a.key && ln -s ../.. pki/up &&"
		"i=0 && while [ $i -lt 250 ]; do : >pki/x$i.key; i=$((i + 1)); done &&"
		"rm kubelet.conf && ln -s /dev/zero kubelet.conf &&"
		"head -c 70000 /dev/zero | tr '\\0' 'x' >manifests/kube-apiserver.yaml && rm manifests/etcd.yaml &&"
		": >'../cni/net.d/a\n600 root:root b'");
	fake_site_put(&s, "bin/ss", 0755, "#!/bin/sh\nexit 1\n");
	CHECK_INT(run(&s), 0);
	CHECK_STR(said(&s, "etcd_ca"), "same");
	CHECK(!said(&s, "manifest.kube-apiserver.yaml") && !said(&s, "files.etcd-data") && !said(&s, "providers"));
	CHECK_STR(said(&s, "proxy_listens"), "absent");
	keys = said(&s, "files.keys");
	for (p = keys; p && *p; p++)
		lines += *p == '\n';
	CHECK_INT(lines, 201);
	fake_site_put(&s, "bin/pgrep", 0755, "#!/bin/sh\nexit 0\n");
	fake_site_put(&s, "bin/systemctl", 0755, "#!/bin/sh\nexit 1\n");
	CHECK_INT(run(&s), 0);
	CHECK_STR(said(&s, "proxy_listens"), "none");
	CHECK(!said(&s, "kubelet_args"));
	shows(&s, "kubelet-unit", "");
	fake_site_close(&s);
}

static void test_empty(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_put(&s, "bin/systemctl", 0755, "#!/bin/sh\nexit 1\n");
	CHECK_INT(run(&s), 0);
	shows(&s, "kube-apiserver.yaml", "");
	CHECK(!said(&s, "manifest.etcd.yaml") && !said(&s, "kubelet_config") && !said(&s, "files.pki"));
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "files, manifests, the kubelet's settings, and no key", test_shows },
	{ "too many, too large, odd names", test_bounds },
	{ "a host without a cluster", test_empty },
};
TEST_MAIN(tests)
