/*
 * steps/host/custody.sh, run for real in a temporary folder with a kubeadm and a kubectl of its own: the keys of the CAs leave a control plane and come back, what was
 * cut half way is continued, and what the key store does not have stays.
 */
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

#include "base/alloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PKI "etc/kubernetes/pki/"
#define STATE "var/lib/kubewright/"
#define MANIFEST "etc/kubernetes/manifests/kube-controller-manager.yaml"
#define CRT(n) "-----BEGIN CERTIFICATE-----\nAAA" n "\nBBB=\n-----END CERTIFICATE-----\n"
#define KEY(n) "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqG" n "\nxyz=\n-----END PRIVATE KEY-----\n"

static const char *const cas[] = { "ca", "etcd/ca", "front-proxy-ca" };
static const char *const crts[] = { CRT("1"), CRT("2"), CRT("3") };
static const char *const keys[] = { KEY("1"), KEY("2"), KEY("3") };

/* kubeadm writes what its configuration asks for; the new Pod is there at once, unless it crashes. */
static void put_programs(struct fake_site *s)
{
	char text[1200];

	snprintf(text, sizeof(text),
		"#!/bin/sh\ncd %s\nreadlink etc/kubernetes/super-admin.conf >lent\necho \"$*\" >>did\n"
		"for a; do c=$a; done\n"
		"if grep -q cluster-signing \"$c\"; then key=; else key=$PWD/" PKI "ca.key; fi\n"
		"cp " MANIFEST " was\nprintf 'spec:\\n    - --cluster-signing-key-file=%%s\\n' $key >" MANIFEST "\n"
		"cmp -s was " MANIFEST " && exit 0\n"
		"if [ -e crashes ]; then d=var/log/pods/kube-system_kube-controller-manager-cp1_bbb/kube-controller-manager; mkdir -p $d\n"
		"echo 't stderr F Error: no key' >$d/1.log; : >$d/2.log; exit 0; fi\n"
		"n=h$(($(tr -d h <hash) + 1)); printf $n >hash; rm -f proc/*/cgroup; mkdir -p proc/8; echo 0::/kubepods/pod$n/x >proc/8/cgroup\n",
		s->dir);
	fake_site_put(s, "bin/kubeadm", 0755, text);
	snprintf(text, sizeof(text),
		"#!/bin/sh\ncase \"$*\" in\n*'get --raw'*) exit 0 ;;\n*'get pod'*) cat %s/hash; case \"$*\" in *Ready*) printf ' True' ;; esac ;;\nesac\n",
		s->dir);
	fake_site_put(s, "bin/kubectl", 0755, text);
}

static void put_pem(struct fake_site *s, const char *ca, const char *what, const char *text)
{
	char name[96];

	snprintf(name, sizeof(name), PKI "%s.%s", ca, what);
	fake_site_put(s, name, 0600, text);
}

static void open_control_plane(struct fake_site *s)
{
	char text[400];

	fake_site_open(s);
	fake_site_sh(s, "mkdir -p run/kubewright " STATE " var/log/pods proc/7");
	for (int i = 0; i < 3; i++) {
		put_pem(s, cas[i], "crt", crts[i]);
		put_pem(s, cas[i], "key", keys[i]);
	}
	fake_site_put(s, PKI "sa.key", 0600, KEY("s"));
	snprintf(text, sizeof(text), "spec:\n    - --cluster-signing-key-file=%s\n", fake_site_path(s, PKI "ca.key"));
	fake_site_put(s, MANIFEST, 0600, text);
	fake_site_put(s, "hash", 0600, "h1");
	fake_site_put(s, "proc/7/cgroup", 0644, "0::/kubepods/podh1/x\n");
	fake_site_sh(s,
		"(cd $PWD/" PKI " && sha256sum $PWD/ca.crt $PWD/ca.key $PWD/etcd/ca.key $PWD/sa.key) >" STATE
		"pki.sha256; sed 's/^[^ ]* *//' " STATE "pki.sha256 | xargs stat -c '%a %u:%g %n' >" STATE "pki.modes");
	put_programs(s);
}

static int change(struct fake_site *s, const char *which)
{
	bool back = strcmp(which, "back") == 0;
	struct remote_param params[18] = { { "keys", which }, { "config", back ? "x\n" : "cluster-signing\n" },
		{ "ca_1", crts[0] }, { "ca_2", crts[1] }, { "ca_3", crts[2] }, { "files", back ? "3" : "0" } };
	char names[3][3][16], paths[3][512];
	struct str script = STR_INIT, data[3] = { STR_INIT, STR_INIT, STR_INIT };
	size_t n = 6;
	int rc;

	for (int i = 0; back && i < 3; i++) {
		snprintf(names[i][0], 16, "file_%d_path", i + 1);
		snprintf(names[i][1], 16, "file_%d_mode", i + 1);
		snprintf(names[i][2], 16, "file_%d_data", i + 1);
		snprintf(paths[i], sizeof(paths[i]), "%s/" PKI "%s.key", s->dir, cas[i]);
		str_add_base64(&data[i], keys[i], strlen(keys[i]));
		params[n++] = (struct remote_param){ names[i][0], paths[i] };
		params[n++] = (struct remote_param){ names[i][1], "600" };
		params[n++] = (struct remote_param){ names[i][2], data[i].buf };
	}
	if (back) {
		params[n++] = (struct remote_param){ "file_1_reader", "" };
		params[n++] = (struct remote_param){ "file_2_reader", "" };
		params[n++] = (struct remote_param){ "file_3_reader", "" };
	}
	str_addf(&script, "%s%s", host_script_component, host_script_custody);
	rc = fake_site_run(s, script.buf, params, n);
	str_release(&script);
	for (int i = 0; i < 3; i++)
		str_release(&data[i]);
	return rc;
}

static void done(struct fake_site *s, const char *which)
{
	bool back = strcmp(which, "back") == 0;

	if (!CHECK_INT(change(s, which), 0))
		printf("# %s: %s\n", s->err.what, s->log);
	CHECK_STR(cluster_fact(&s->h, "ca_keys"), back ? "ca.key etcd/ca.key front-proxy-ca.key" : "");
	CHECK_STR(cluster_fact(&s->h, "ca_signs"), back ? "yes" : "no");
	CHECK_STR(cluster_fact(&s->h, "ca_keys_left"), "");
	CHECK_STR(cluster_fact(&s->h, "pki_manifest"), "ok");
	fake_site_sh(s, "! ls " STATE " | grep components");
	fake_site_sh(s, "cmp " MANIFEST " " STATE "kept$PWD/" MANIFEST " && [ ! -L etc/kubernetes/super-admin.conf ]");
	fake_site_sh(s, "[ -s " PKI "sa.key ] && grep -q /sa.key " STATE "pki.sha256 && [ -s " PKI "etcd/ca.crt ]");
	/* whatever else it is called */
	fake_site_sh(s, back ? "[ \"$(grep -c /ca.key " STATE "pki.sha256)\" = 2 ]"
			     : "! grep -rqF -e GByqG1 -e GByqG2 -e GByqG3 etc var run");
	fake_site_sh(s, back ? "[ \"$(stat -c %a " PKI "front-proxy-ca.key)\" = 600 ]"
			     : "! grep -q ca.key " STATE "pki.sha256");
}

static void test_there_and_back(void)
{
	struct fake_site s;

	open_control_plane(&s);
	done(&s, "away");
	done(&s, "away");
	done(&s, "back");
	CHECK_STR(fake_site_get(&s, "lent"), "admin.conf\n");
	done(&s, "back");
	fake_site_sh(&s, "grep -q 'pki/ca.key|absent' " STATE "ledger/list");
	done(&s, "away");
	fake_site_sh(&s, "! grep ca.key " STATE "ledger/list");
	fake_site_close(&s);
}

/* Where a renewal, the ledger, kubeadm's upgrade or somebody has left them. */
static void test_copies(void)
{
	struct fake_site s;

	open_control_plane(&s);
	fake_site_sh(&s,
		"mkdir -p " STATE "renewed " STATE "ledger/files etc/kubernetes/tmp/kubeadm-backup-1/etcd elsewhere\n"
		"cp " PKI "etcd/ca.key " STATE "renewed/%etc%kubernetes%pki%etcd%ca.key\n"
		"cp " PKI "ca.key " STATE "ledger/files/%etc%kubernetes%pki%ca.key\n"
		"cp " PKI "ca.key etc/kubernetes/tmp/kubeadm-backup-1/ca.key\n"
		"cp " PKI "front-proxy-ca.key " PKI "old.key\n"
		"cp " PKI "ca.key " PKI ".kubewright.1.shared\n"
		"mkdir -p " STATE "snapshots && cp " PKI "ca.key " STATE "snapshots/x.db\n"
		"cp " PKI "sa.key etc/kubernetes/tmp/sa.key; echo other >etc/kubernetes/my-ca.key\n"
		"mv " PKI "etcd/ca.key elsewhere/key && ln -s $PWD/elsewhere/key " PKI "etcd/ca.key");
	/* what is more than a key is the operator's */
	fake_site_sh(&s, "(cat " PKI "ca.key; echo notes) >etc/kubernetes/mine");
	CHECK_INT(change(&s, "away"), -1);
	CHECK(strstr(s.err.what, "etc/kubernetes/mine holds the key of a CA and something else"));
	fake_site_sh(&s, "[ -s " PKI "ca.key ] && rm etc/kubernetes/mine && rm " STATE "snapshots/x.db");
	done(&s, "away");
	fake_site_sh(
		&s, "[ ! -e elsewhere/key ] && [ -e etc/kubernetes/tmp/sa.key ] && [ -e etc/kubernetes/my-ca.key ]");
	fake_site_close(&s);
}

/* The key is overwritten before it is unlinked: another name of the same file shows it. */
static void test_overwritten(void)
{
	struct fake_site s;

	open_control_plane(&s);
	fake_site_sh(&s, "mkdir keep && ln " PKI "ca.key keep/key && ln " PKI "front-proxy-ca.key keep/other");
	done(&s, "away");
	fake_site_sh(&s, "[ -s keep/key ] && ! grep -q PRIVATE keep/key keep/other");
	fake_site_close(&s);
}

/* Its manifest was written, and the host lost its power; then, when the first key was gone. */
static void test_cut(void)
{
	struct fake_site s;

	open_control_plane(&s);
	fake_site_sh(&s, "mkdir -p " STATE "components.custody-away && cp -p " MANIFEST " \"" STATE
			 "components.custody-away/$(printf %s $PWD/" MANIFEST " | tr / %)\"");
	fake_site_put(&s, MANIFEST, 0600, "spec:\n    - --cluster-signing-key-file=\n");
	fake_site_put(&s, "hash", 0600, "h2");
	fake_site_put(&s, "proc/8/cgroup", 0644, "0::/kubepods/podh2/x\n");
	fake_site_sh(&s, "rm " PKI "ca.key");
	done(&s, "away");
	fake_site_close(&s);
}

static void test_crashes(void)
{
	struct fake_site s;

	open_control_plane(&s);
	fake_site_put(&s, "crashes", 0600, "");
	CHECK_INT(change(&s, "away"), -1);
	CHECK(strstr(s.err.what, "kube-controller-manager does not start with the changed settings"));
	fake_site_sh(
		&s, "[ -s " PKI "ca.key ] && grep -q 'file=/' " MANIFEST " && grep -q pki/ca.key " STATE "pki.sha256");
	fake_site_sh(&s, "rm crashes; rm -rf var/log/pods/*");
	done(&s, "away");
	fake_site_put(&s, "crashes", 0600, "");
	CHECK_INT(change(&s, "back"), -1);
	fake_site_sh(&s, "[ ! -e " PKI "ca.key ] && [ ! -e " PKI "etcd/ca.key ] && ! grep ca.key " STATE "pki.sha256");
	fake_site_close(&s);
}

static void test_other_ca(void)
{
	struct fake_site s;

	open_control_plane(&s);
	put_pem(&s, "etcd/ca", "crt", CRT("9"));
	CHECK_INT(change(&s, "away"), -1);
	CHECK(strstr(s.err.what, "etcd/ca.crt is not the one of the key store"));
	fake_site_sh(&s, "[ -s " PKI "ca.key ] && [ ! -e did ]");
	/* one that is not there is not the same either */
	fake_site_sh(&s, "rm " PKI "etcd/ca.crt");
	CHECK_INT(change(&s, "away"), -1);
	/* of a bundle the first one counts */
	put_pem(&s, "etcd/ca", "crt", CRT("2") CRT("9"));
	done(&s, "away");
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "away, and back", test_there_and_back },
	{ "copies", test_copies },
	{ "overwritten", test_overwritten },
	{ "cut half way", test_cut },
	{ "a controller manager that does not start", test_crashes },
	{ "a CA that the key store does not have", test_other_ca },
};
TEST_MAIN(tests)
