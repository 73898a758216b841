/* What a host shows of a cluster that others made: steps/host/adopt.sh, run for real in a temporary folder. */
#include "tests/test.h"

#include "steps/host/scripts.h"
#include "tests/unit/certs_made.h"
#include "tests/unit/fake_site.h"

/* kubectl is one that knows its answers, notes what it was called with and where its cache would be. */
static const char kubectl[] =
	"#!/bin/sh\n"
	"printf '%s %s\\n' \"$HOME\" \"$*\" >>SITE/calls\n"
	"case \"$*\" in\n"
	"*--server*get*) [ ! -e SITE/elsewhere ] || { echo 'dial tcp: refused' >&2; exit 1; } ;;\n"
	"esac\n"
	"case \"$*\" in\n"
	"*raw\\ /down) echo 'Unable to connect: down' >&2; exit 1 ;;\n"
	"*raw\\ /none) echo 'Error from server (NotFound): not found' >&2; exit 1 ;;\n"
	"*'create --raw /v3/cluster'*) cat >SITE/sent; echo '{\"members\": []}' ;;\n"
	"*create*) cat >>SITE/sent; exit 1 ;;\n"
	"*get*) echo '{\"said\": true}' ;;\n"
	"esac\n";

static void place(const struct fake_site *s)
{
	struct pki_files f = { 0 };
	struct str text = STR_INIT;

	made_files(made_store, "cp1", NULL, 0, &f);
	for (size_t i = 0; i < f.count; i++)
		fake_site_put(s, f.list[i].path + 1, f.list[i].mode, f.list[i].content.text);
	pki_files_release(&f);
	fake_site_put(s, "etc/kubernetes/manifests/etcd.yaml", 0600, "kind: Pod\n");
	fake_site_put(s, "etc/kubernetes/manifests/nginx-proxy.yml", 0600, "kind: Pod # nginx\n");
	fake_site_put(s, "etc/kubernetes/manifests/.hidden.yaml", 0600, "x\n");
	fake_site_put(s, "etc/kubernetes/manifests/note.txt", 0600, "x\n");
	str_add(&text, kubectl);
	fake_site_replace(&text, "SITE", s->dir);
	fake_site_put(s, "bin/kubectl", 0755, text.buf);
	str_release(&text);
}

static int run(struct fake_site *s, const char *paths, const char *etcd)
{
	const struct remote_param params[] = { { "paths", paths }, { "etcd", etcd } };
	int rc = fake_site_run(s, host_script_adopt, params, 2);

	if (rc)
		printf("# %s: %s\n", s->err.what, s->err.detail);
	return rc;
}

static const char *said(const struct fake_site *s, const char *word)
{
	const char *value = remote_answer_get(&s->h.facts, word);

	return value ? value : "";
}

/* All of the site but what the fake kubectl notes: names, times, contents. */
static void picture(const struct fake_site *s, const char *out)
{
	char command[400];

	snprintf(command, sizeof(command),
		"find . -not -name calls -not -name sent -not -name 'seen*' -not -path . -printf '%%p %%T@ %%C@ %%m %%s\\n' | sort >%s",
		out);
	fake_site_sh(s, command);
}

static void test_reads(void)
{
	struct fake_site s;

	made_begin();
	fake_site_open(&s);
	place(&s);
	fake_site_sh(&s, "mkdir -p proc/77 && printf '/usr/bin/kubelet\\0--config=/x' >proc/77/cmdline");
	fake_site_put(&s, "bin/systemctl", 0755,
		"#!/bin/sh\ncase $* in *MainPID*) echo 77 ;; *is-active*k8s*) exit 0 ;; *) exit 1 ;; esac\n");
	fake_site_put(&s, "elsewhere-not", 0644, "");
	picture(&s, "seen1");
	CHECK_INT(run(&s, "version /version\nconfig /none\nnodes /api/v1/nodes?limit=2\n", "yes"), 0);
	picture(&s, "seen2");
	/* nothing of the host has changed, not even a time */
	CHECK_STR(fake_site_get(&s, "seen2"), fake_site_get(&s, "seen1"));
	CHECK(*fake_site_get(&s, "seen1"));
	CHECK_STR(said(&s, "manifest.etcd.yaml"), "kind: Pod\n");
	CHECK_STR(said(&s, "manifest.nginx-proxy.yml"), "kind: Pod # nginx\n");
	CHECK(!*said(&s, "manifest..hidden.yaml") && !*said(&s, "manifest.note.txt"));
	CHECK_STR(said(&s, "pki"), fake_site_path(&s, "etc/kubernetes/pki"));
	CHECK_STR(said(&s, "keys"),
		"ca.crt ca.key etcd/ca.crt etcd/ca.key front-proxy-ca.crt front-proxy-ca.key sa.key sa.pub");
	CHECK_STR(said(&s, "pem.ca.crt"), pki_store_pem(made_store, PKI_CA_CRT));
	CHECK(strstr(said(&s, "pem.etcd/server.crt"), "BEGIN CERTIFICATE") != NULL);
	CHECK_STR(said(&s, "kubelet_args"), "/usr/bin/kubelet\n--config=/x");
	CHECK_STR(said(&s, "renewers"), "k8s-certs-renew.timer");
	CHECK_STR(said(&s, "foreign"), "");
	CHECK_STR(said(&s, "api.version"), "{\"said\": true}");
	CHECK_STR(said(&s, "api.nodes"), "{\"said\": true}");
	CHECK_STR(said(&s, "api_none"), "config");
	CHECK_STR(said(&s, "etcd.members"), "{\"members\": []}");
	CHECK(!remote_answer_get(&s.h.facts, "etcd.status"));
	CHECK_STR(fake_site_get(&s, "sent"), "{}{}{\"action\":\"GET\"}");
	for (size_t i = 0; i < s.h.facts.count; i++)
		CHECK(!strstr(s.h.facts.lines[i].value, "PRIVATE"));
	/* no cache, and no credentials on a command line */
	CHECK(strstr(fake_site_get(&s, "calls"), "/proc/nowhere --cache-dir=/dev/null/none"));
	CHECK(!strstr(fake_site_get(&s, "calls"), "PRIVATE"));
	fake_site_close(&s);
	made_end();
}

static void test_elsewhere(void)
{
	struct fake_site s;

	made_begin();
	fake_site_open(&s);
	/* an empty host, and one of another distribution */
	CHECK_INT(run(&s, "version /version\n", "no"), 0);
	CHECK(strstr(said(&s, "api_error"), "admin.conf or kubectl is missing"));
	fake_site_sh(&s, "mkdir -p etc/rancher/rke2 var/lib/rancher/rke2 var/lib/rancher/k3s");
	CHECK_INT(run(&s, "", "no"), 0);
	CHECK_STR(said(&s, "foreign"), "k3s rke2");
	CHECK(!remote_answer_get(&s.h.facts, "api_error"));
	place(&s);
	/* the API server here does not answer, and that of the endpoint does */
	fake_site_put(&s, "elsewhere", 0644, "");
	CHECK_INT(run(&s, "version /version\n", "no"), 0);
	CHECK_STR(said(&s, "api.version"), "{\"said\": true}");
	CHECK(!remote_answer_get(&s.h.facts, "etcd.members"));
	CHECK_INT(run(&s, "version /down\n", "no"), 0);
	CHECK_STR(said(&s, "api_error"), "Unable to connect: down (version)");
	fake_site_close(&s);
	made_end();
}

static const struct test tests[] = {
	{ "reads, and leaves no trace", test_reads },
	{ "no API, another distribution", test_elsewhere },
};
TEST_MAIN(tests)
