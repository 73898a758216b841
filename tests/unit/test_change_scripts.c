/*
 * steps/host/components.sh, security.sh and move.sh, run for real in a temporary folder with a kubeadm and a kubectl of its own: a change, one that does not start, and one that
 * was cut half way.
 */
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MANIFEST "etc/kubernetes/manifests/kube-scheduler.yaml"
#define SIGNING "etc/kubernetes/pki/ca-signing.crt"
#define KEPT "var/lib/kubewright/components.abc/%etc%kubernetes%manifests%kube-scheduler.yaml"

static const char *const statics[] = { "etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler" };

/* Pods have the hash that is in hash/NAME; the scheduler's is another one with its new manifest, unless it crashes. */
static void open_control_plane(struct fake_site *s)
{
	char name[96], text[900];

	fake_site_open(s);
	fake_site_sh(s, "mkdir -p run/kubewright var/lib/kubewright var/log/pods hash proc/7");
	for (size_t i = 0; i < sizeof(statics) / sizeof(statics[0]); i++) {
		snprintf(name, sizeof(name), "etc/kubernetes/manifests/%s.yaml", statics[i]);
		fake_site_put(s, name, 0600, "old\n");
		snprintf(name, sizeof(name), "hash/%s", statics[i]);
		fake_site_put(s, name, 0600, "aaa");
	}
	fake_site_put(s, "etc/kubernetes/pki/apiserver.crt", 0644, "crt\n");
	fake_site_put(s, "etc/kubernetes/pki/apiserver.key", 0600, "key\n");
	fake_site_put(s, "proc/7/cgroup", 0644, "0::/kubepods/podaaa/x\n");
	snprintf(text, sizeof(text),
		"#!/bin/sh\ncd %s\nreadlink etc/kubernetes/super-admin.conf >lent\n[ \"$4\" = scheduler ] || exit 0\necho new >" MANIFEST
		"\n"
		"if [ -e crashes ]; then d=var/log/pods/kube-system_kube-scheduler-cp1_bbb/kube-scheduler; mkdir -p $d\n"
		"echo 't stderr F Error: unknown flag: --x' >$d/1.log; : >$d/2.log; exit 0; fi\n"
		"printf bbb >hash/kube-scheduler; echo 0::/kubepods/podbbb/x >proc/8.new; mkdir -p proc/8; mv proc/8.new proc/8/cgroup\n"
		"rm -f proc/7/cgroup\n",
		s->dir);
	fake_site_put(s, "bin/kubeadm", 0755, text);
	snprintf(text, sizeof(text),
		"#!/bin/sh\ncase \"$*\" in\n*'get --raw'*) exit 0 ;;\n*'get pod'*)\n"
		"	for a; do case $a in *-cp1) n=${a%%-cp1} ;; esac; done\n"
		"	cat %s/hash/$n; case \"$*\" in *Ready*) printf ' True' ;; esac ;;\nesac\n",
		s->dir);
	fake_site_put(s, "bin/kubectl", 0755, text);
}

static const char *signing = "";

static int change(struct fake_site *s)
{
	const struct remote_param params[] = { { "config", "" }, { "digest", "abc" }, { "names", "" },
		{ "names_gone", "" }, { "names_change", "no" }, { "etcd", "no" }, { "files", "0" },
		{ "signing", signing } };

	struct str script = STR_INIT;
	int rc;

	str_addf(&script, "%s%s", host_script_component, host_script_components);
	rc = fake_site_run(s, script.buf, params, sizeof(params) / sizeof(params[0]));
	str_release(&script);
	return rc;
}

static void done_with(struct fake_site *s, int rc)
{
	if (!CHECK_INT(rc, 0))
		printf("# %s: %s\n", s->err.what, s->log);
	CHECK_STR(fake_site_get(s, MANIFEST), "new\n");
	CHECK_STR(cluster_fact(&s->h, "record.components"), "abc");
	CHECK_STR(fake_site_get(s, KEPT), "");
	/* what was lent to kubeadm, which wants it where there is no key of the CA */
	CHECK_STR(fake_site_get(s, "lent"), "admin.conf\n");
	fake_site_sh(s, "[ ! -L etc/kubernetes/super-admin.conf ]");
}

static void done(struct fake_site *s, int rc)
{
	done_with(s, rc);
	fake_site_close(s);
}

static void test_changed(void)
{
	struct fake_site s;

	open_control_plane(&s);
	done(&s, change(&s));
}

/* The manifest was written and its Pod is there, and the host lost its power before that was recorded. */
static void test_cut(void)
{
	struct fake_site s;

	open_control_plane(&s);
	fake_site_sh(&s,
		"mkdir -p var/lib/kubewright/components.abc && cp -p etc/kubernetes/manifests/kube-scheduler.yaml '" KEPT
		"' && for f in etcd kube-apiserver kube-controller-manager; do cp -p etc/kubernetes/manifests/$f.yaml "
		"var/lib/kubewright/components.abc/%etc%kubernetes%manifests%$f.yaml; done");
	fake_site_put(&s, MANIFEST, 0600, "new\n");
	fake_site_put(&s, "hash/kube-scheduler", 0600, "bbb");
	fake_site_put(&s, "proc/8/cgroup", 0644, "0::/kubepods/podbbb/x\n");
	done(&s, change(&s));
}

static void test_crashes(void)
{
	struct fake_site s;

	open_control_plane(&s);
	fake_site_put(&s, "crashes", 0600, "");
	CHECK_INT(change(&s), -1);
	CHECK(strstr(s.err.what, "kube-scheduler does not start with the changed settings; the earlier ones are back"));
	CHECK(strstr(s.err.hint, "unknown flag: --x"));
	CHECK_STR(fake_site_get(&s, MANIFEST), "old\n");
	CHECK_STR(fake_site_get(&s, "var/lib/kubewright/host.conf"), "");
	fake_site_close(&s);
}

/* As the lock of a run that changes the host is taken, while these jobs run. */
static void swept(struct fake_site *s, const char *jobs)
{
	struct str script = STR_INIT;

	str_addf(&script, "%s%smain() { kw_systemd=yes kw_active_jobs='%s'; lock_sweep; }\nmain </dev/null\n",
		host_script_questions, host_script_lock, jobs);
	if (!CHECK_INT(fake_site_run(s, script.buf, NULL, 0), 0))
		printf("# %s: %s\n", s->err.what, s->log);
	str_release(&script);
}

/* The link that kubeadm was lent, by a job that was killed; what somebody else has put there stays. */
static void test_lent(void)
{
	static const char lend[] = "ln -sfn admin.conf etc/kubernetes/super-admin.conf",
			  others[] = "ln -sfn /srv/super-admin.conf etc/kubernetes/super-admin.conf",
			  is_there[] = "[ -L etc/kubernetes/super-admin.conf ]",
			  is_gone[] = "[ ! -L etc/kubernetes/super-admin.conf ]";
	struct fake_site s;

	open_control_plane(&s);
	fake_site_put(&s, "etc/kubernetes/admin.conf", 0600, "apiVersion: v1\n");
	fake_site_sh(&s, lend);
	swept(&s, "components");
	fake_site_sh(&s, is_there);
	swept(&s, "");
	fake_site_sh(&s, is_gone);
	/* nothing is behind it any more */
	fake_site_sh(&s, lend);
	fake_site_sh(&s, "rm etc/kubernetes/admin.conf");
	swept(&s, "");
	fake_site_sh(&s, is_gone);
	fake_site_put(&s, "etc/kubernetes/super-admin.conf", 0600, "apiVersion: v1\n");
	swept(&s, "");
	CHECK_STR(fake_site_get(&s, "etc/kubernetes/super-admin.conf"), "apiVersion: v1\n");
	fake_site_sh(&s, others);
	swept(&s, "");
	fake_site_sh(&s, is_there);
	/* a change that needs none leaves it as well */
	fake_site_put(&s, "etc/kubernetes/pki/ca.key", 0600, "key\n");
	CHECK_INT(change(&s), 0);
	fake_site_sh(&s, is_there);
	fake_site_close(&s);
}

/* The certificate that signs, while ca.crt has two: the first of them, until the controller manager reads ca.crt again. */
static void test_signing(void)
{
	static const char one[] = "-----BEGIN CERTIFICATE-----\nQUFB\n-----END CERTIFICATE-----\n";
	static const char other[] = "-----BEGIN CERTIFICATE-----\nQkJC\n-----END CERTIFICATE-----\n";
	char both[200], text[200];
	struct fake_site s;

	open_control_plane(&s);
	snprintf(both, sizeof(both), "%s%s", one, other);
	fake_site_put(&s, "etc/kubernetes/pki/ca.crt", 0644, both);
	/* as kubeadm writes it */
	snprintf(text, sizeof(text), "  - --cluster-signing-cert-file=%s\n", fake_site_path(&s, SIGNING));
	fake_site_put(&s, "etc/kubernetes/manifests/kube-controller-manager.yaml", 0600, text);
	signing = "apart";
	done_with(&s, change(&s));
	CHECK_STR(fake_site_get(&s, SIGNING), one);
	CHECK_STR(cluster_fact(&s.h, "ca_apart"), "yes");
	/* another phase has changed both: what is there stays */
	fake_site_put(&s, SIGNING, 0644, other);
	done_with(&s, change(&s));
	CHECK_STR(fake_site_get(&s, SIGNING), other);
	/* still read, as another run has it */
	signing = "";
	done_with(&s, change(&s));
	CHECK_STR(fake_site_get(&s, SIGNING), other);
	fake_site_put(&s, "etc/kubernetes/manifests/kube-controller-manager.yaml", 0600, "old\n");
	fake_site_sh(&s, "sha256sum $PWD/" SIGNING " $PWD/etc/kubernetes/pki/ca.crt >var/lib/kubewright/pki.sha256");
	done_with(&s, change(&s));
	CHECK_STR(fake_site_get(&s, SIGNING), "");
	CHECK_STR(cluster_fact(&s.h, "ca_apart"), "");
	fake_site_sh(&s,
		"sha256sum -c --quiet var/lib/kubewright/pki.sha256 && ! grep -r ca-signing var/lib/kubewright/ledger/list");
	fake_site_close(&s);
}

/* ---- security.sh ------------------------------------------------------------------------------------------------------- */

#define FOLDER "etc/kubernetes/kubewright/"
#define POLICY FOLDER "audit-policy-1.yaml"

/* data: of the policy, in base64; NULL: it goes. */
static int put_policy(struct fake_site *s, const char *data)
{
	char *path = xasprintf("%s/" POLICY, s->dir), *logs = xasprintf("%s/var/log/kubernetes/audit", s->dir);
	char *wish = xasprintf("gone file %s -\n", path);
	const struct remote_param params[] = { { "part", "security" }, { "wish", data ? "" : wish },
		{ "logs", data ? logs : "" }, { "files", data ? "1" : "0" }, { "file_1_path", path },
		{ "file_1_mode", "600" }, { "file_1_data", data }, { "file_1_reader", "" } };
	struct str script = STR_INIT;
	int rc;

	str_addf(&script, "%s%s%s%s", host_script_undo, host_script_wish, host_script_security, host_script_put);
	rc = fake_site_run(s, script.buf, params, data ? 8 : 4);
	str_release(&script);
	free(wish);
	free(path);
	free(logs);
	if (rc)
		printf("# %s: %s\n", s->err.what, s->log);
	return rc;
}

static void test_security(void)
{
	struct fake_site s;
	char text[256];

	open_control_plane(&s);
	/* somebody has made it wider than it is to be */
	fake_site_sh(&s, "mkdir -p -m 755 var/log/kubernetes/audit");
	CHECK_INT(put_policy(&s, "cG9saWN5Cg=="), 0);
	fake_site_sh(&s, "[ \"$(stat -c %a " POLICY " var/log/kubernetes/audit | paste -sd' ')\" = '600 700' ]");
	CHECK_STR(fake_site_get(&s, POLICY), "policy\n");
	CHECK(strstr(cluster_fact(&s.h, "owned"), "audit-policy-1.yaml security"));
	/* what the API server is given to read, and whether that is there */
	snprintf(text, sizeof(text),
		"    - --audit-policy-file=%s/" POLICY "\n    - --x=%s/" FOLDER "gone.yaml\n    - --y=/z\n", s.dir,
		s.dir);
	fake_site_put(&s, "etc/kubernetes/manifests/kube-apiserver.yaml", 0600, text);
	done_with(&s, change(&s));
	CHECK(strstr(cluster_fact(&s.h, "apiserver_files"), "audit-policy-1.yaml present\n"));
	CHECK(strstr(cluster_fact(&s.h, "apiserver_files"), "gone.yaml absent"));
	CHECK_INT(put_policy(&s, NULL), 0);
	fake_site_sh(&s, "[ ! -e etc/kubernetes/kubewright ] && [ -d var/log/kubernetes/audit ]");
	CHECK_STR(cluster_fact(&s.h, "owned"), "");
	fake_site_close(&s);
}

/* ---- move.sh ----------------------------------------------------------------------------------------------------------- */

#define OLD "https://10.0.0.100:6443"
#define NEW "https://10.0.0.101:6443"

/* A host whose kubelet and admin have these servers in their files, one line each. */
static void move(const char *kubelet, const char *admin)
{
	static const struct remote_param params[] = { { "endpoint", "10.0.0.101:6443" },
		{ "before", "10.0.0.100:6443" } };
	struct fake_site s;
	char text[700];

	fake_site_open(&s);
	fake_site_sh(&s, "mkdir -p run/kubewright var/lib/kubewright");
	fake_site_put(&s, "etc/kubernetes/kubelet.conf", 0600, kubelet);
	fake_site_put(&s, "etc/kubernetes/admin.conf", 0600, admin);
	fake_site_put(&s, "etc/kubernetes/.kubewright.1", 0600, "left by a run that was cut\n");
	fake_site_put(&s, "bin/kubectl", 0755,
		"#!/bin/sh\ncase \"$*\" in\n*'get --raw'*) exit 0 ;;\n*.name*) printf c ;;\n*'config view'*) head -n 1 \"$4\" | tr -d '\\n' ;;\n"
		"*set-cluster*) echo \"$5\" >\"$7\" ;;\nesac\n");
	snprintf(text, sizeof(text), "#!/bin/sh\n[ \"$1\" != restart ] || echo \"$2\" >>%s/restarted\n", s.dir);
	fake_site_put(&s, "bin/systemctl", 0755, text);
	fake_site_put(&s, "bin/ss", 0755, "#!/bin/sh\necho listens\n");
	if (!CHECK_INT(fake_site_run(&s, host_script_move, params, 2), 0))
		printf("# %s: %s\n", s.err.what, s.log);
	CHECK_STR(fake_site_get(&s, "etc/kubernetes/kubelet.conf"), NEW "\n");
	CHECK_STR(fake_site_get(&s, "etc/kubernetes/admin.conf"), NEW "\n");
	CHECK_STR(fake_site_get(&s, "etc/kubernetes/.kubewright.1"), "");
	CHECK_STR(fake_site_get(&s, "restarted"), "kubelet\n");
	CHECK_STR(cluster_fact(&s.h, "record.endpoint"), "10.0.0.101:6443");
	CHECK_STR(cluster_fact(&s.h, "kubelet_server"), NEW);
	fake_site_close(&s);
}

static void test_move(void)
{
	move(OLD "\n", OLD "\n");
	/* cut before the kubelet had taken it up */
	move(NEW "\n", OLD "\n");
	move(NEW "\n", NEW "\n");
}

static const struct test tests[] = {
	{ "components: changed", test_changed },
	{ "components: cut half way", test_cut },
	{ "components: one that does not start", test_crashes },
	{ "components: what kubeadm was lent", test_lent },
	{ "the certificate that signs", test_signing },
	{ "security: a policy comes and goes", test_security },
	{ "move: also where it was cut", test_move },
};
TEST_MAIN(tests)
