/* How a host gets new certificates: steps/host/renew.sh, run for real in a temporary folder, with openssl. */
#include "tests/test.h"

#include "base/alloc.h"
#include "steps/host/scripts.h"
#include "tests/unit/certs_made.h"
#include "tests/unit/fake_site.h"

#define PKI "etc/kubernetes/pki/"
#define KUBELET "var/lib/kubelet/pki/"

/* The kubelet that starts what has ended; what a port shows is what is in the files. */
static const char pgrep[] = "#!/bin/sh\n"
			    "n=${2#*/)?} n=${n%% *} f=${0%/bin/pgrep}/pids/$n\n"
			    "[ -e \"$f\" ] || exit 1\n"
			    "p=$(cat \"$f\")\n"
			    "case $(sed -n 's/^State:[[:space:]]*//p' \"/proc/$p/status\" 2>/dev/null) in\n"
			    "'' | Z*) [ -e \"${0%/bin/pgrep}/active\" ] || exit 1\n"
			    "sleep 600 </dev/null >/dev/null 2>&1 3>&- 9>&- &\n"
			    "p=$! && echo $p >\"$f\" && echo \"start $n\" >>\"${0%/bin/pgrep}/did\" ;;\n"
			    "esac\n"
			    "echo \"$p\"\n";
static const char systemctl[] = "#!/bin/sh\n"
				"d=${0%/bin/systemctl}\n"
				"case $1 in\n"
				"is-active) [ -e \"$d/active\" ] ;;\n"
				"restart) echo \"restart $2\" >>\"$d/did\"; : >\"$d/active\" ;;\n"
				"esac\n";
static const char openssl[] = "#!/bin/sh\n"
			      "d=${0%/bin/openssl}/" PKI "\n"
			      "case $1:$3 in\n"
			      "s_client:10.0.0.11:6443) exec cat \"${d}apiserver.crt\" ;;\n"
			      "s_client:10.0.0.11:2379) exec cat \"${d}etcd/server.crt\" ;;\n"
			      "s_client:*) exit 1 ;;\n"
			      "esac\n"
			      "PATH=/usr/bin:/bin exec openssl \"$@\"\n";

/* What is asked of the script. */
static struct {
	struct remote_param list[40];
	size_t count;
	char *owned[80];
	size_t owned_count;
	unsigned certs;
	char number[8];
} ask;

static const char *keep(char *text)
{
	ask.owned[ask.owned_count++] = text;
	return text;
}

static void param(const char *name, const char *value)
{
	ask.list[ask.count++] = (struct remote_param){ keep(xstrdup(name)), value };
}

static void param_base64(const char *name, const char *text)
{
	struct str data = STR_INIT;

	str_add_base64(&data, text, strlen(text));
	param(name, keep(str_detach(&data)));
}

static void want(const struct fake_site *s, const char *file, const char *ca, const char *cert, const char *key)
{
	char name[32];

	snprintf(name, sizeof(name), "cert_%u_path", ++ask.certs);
	param(name, keep(xstrdup(fake_site_path(s, file))));
	snprintf(name, sizeof(name), "cert_%u_ca", ask.certs);
	param(name, ca);
	snprintf(name, sizeof(name), "cert_%u_pem", ask.certs);
	param_base64(name, cert);
	snprintf(name, sizeof(name), "cert_%u_key", ask.certs);
	param_base64(name, key);
}

/* Whether the job that is run says that what it has made is right. */
static const char *verified = "no";

static int run(struct fake_site *s, const char *pending, const char *restart, const char *served, const char *starts)
{
	int rc;

	snprintf(ask.number, sizeof(ask.number), "%u", ask.certs);
	param("certs", ask.number);
	param("pending", pending);
	param("restart", restart);
	param("served", served);
	param("kubelet_starts", starts);
	param("verified", verified);
	rc = fake_site_run(s, host_script_renew, ask.list, ask.count);
	while (ask.owned_count)
		free(ask.owned[--ask.owned_count]);
	ask.count = ask.certs = 0;
	return rc;
}

static void begin(struct fake_site *s, struct pki_files *old)
{
	made_begin();
	made_files(made_store, "cp1", NULL, 0, old);
	fake_site_open(s);
	for (size_t i = 0; i < old->count; i++)
		fake_site_put(s, old->list[i].path + 1, old->list[i].mode, old->list[i].content.text);
	fake_site_put(s, "bin/pgrep", 0755, pgrep);
	fake_site_put(s, "bin/systemctl", 0755, systemctl);
	fake_site_put(s, "bin/openssl", 0755, openssl);
	fake_site_put(s, "bin/ss", 0755, "#!/bin/sh\necho LISTEN\n");
	fake_site_put(s, "active", 0644, "");
	fake_site_sh(s,
		"mkdir pids && for n in etcd kube-apiserver kube-controller-manager kube-scheduler; do echo 999999999 >pids/$n; done\n"
		"for n in etcd kube-apiserver kube-controller-manager kube-scheduler; do $PWD/bin/pgrep -f \"^([^ ]*/)?$n .*=/etc/kubernetes/\" >/dev/null; done; rm did");
}

static void end(struct fake_site *s, struct pki_files *old)
{
	fake_site_sh(s, "kill $(cat pids/*) 2>/dev/null || true");
	fake_site_close(s);
	pki_files_release(old);
	made_end();
}

static void serial(const char *pem, char out[65])
{
	struct pki_cert_info info;

	CHECK_INT(pki_cert_info(pem, strlen(pem), &info, NULL), 0);
	memcpy(out, info.serial, 65);
}

/* The client certificate of a kubeconfig, and all but it and its key. */
static void conf_parts(const char *text, struct str *cert, struct str *rest)
{
	pki_kubeconfig_client(text, cert);
	for (const char *p = text; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (strncmp(p, "    client-", 11) != 0)
			str_addf(rest, "%.*s\n", (int)strcspn(p, "\n"), p);
}

/* After a job that left one reader to restart; the earlier files go when the new ones are known to be right. */
static void restarts_later(struct fake_site *s)
{
	/* what was there is kept, for root alone; who has yet to restart is noted */
	fake_site_sh(s, "[ \"$(stat -c %a var/lib/kubewright/renewed)\" = 700 ] && cd var/lib/kubewright/renewed &&"
			"[ \"$(ls | wc -l)\" = 7 ] && ! find . -type f -perm /077 | grep .");
	CHECK(strstr(s->log, "kube-scheduler runs again"));
	CHECK_STR(fake_site_get(s, "did"), "start kube-scheduler\nrestart kubelet\n");
	CHECK_STR(fake_site_get(s, "var/lib/kubewright/renew.restart"), "kube-controller-manager\n");
	CHECK_STR(cluster_fact(&s->h, "restart"), "kube-controller-manager");
	CHECK_STR(cluster_fact(&s->h, "pki_manifest"), "ok");
	/* the look shows it; then it restarts, and nothing is noted any more */
	CHECK_INT(fake_site_run(s, host_script_certs, NULL, 0), 0);
	CHECK_STR(cluster_fact(&s->h, "restart"), "kube-controller-manager ");
	CHECK_INT(run(s, "kube-controller-manager", "kube-controller-manager", "", "yes"), 0);
	CHECK_STR(fake_site_get(s, "did"), "start kube-scheduler\nrestart kubelet\nstart kube-controller-manager\n");
	fake_site_sh(s, "[ ! -e var/lib/kubewright/renew.restart ] && [ -e var/lib/kubewright/renewed ]");
	verified = "yes";
	CHECK_INT(run(s, "", "", "", "yes"), 0);
	fake_site_sh(s, "[ ! -e var/lib/kubewright/renewed ]");
}

static void test_all(void)
{
	struct pki_files old = { 0 }, new = { 0 };
	struct secret client = { 0 };
	struct str cert = STR_INIT, rest = STR_INIT, old_cert = STR_INIT, old_rest = STR_INIT, served = STR_INIT,
		   pem = STR_INIT;
	char api[65], etcd[65];
	struct fake_site s;

	begin(&s, &old);
	made_files(made_store, "cp1", NULL, 0, &new);
	made_client("system:node:cp1", "system:nodes", 86400, &client);
	/* as an earlier version has left it: with a certificate inside */
	fake_site_put(&s, "etc/kubernetes/kubelet.conf", 0640, made_file(&old, "/etc/kubernetes/scheduler.conf"));
	fake_site_put(&s, KUBELET "kubelet-client-old.pem", 0600, "old\n");
	fake_site_sh(&s, "ln -s $PWD/" KUBELET "kubelet-client-old.pem " KUBELET "kubelet-client-current.pem\n"
			 "sha256sum $PWD/" PKI "apiserver.crt $PWD/" PKI "ca.crt >var/lib/kubewright/pki.sha256\n"
			 ": >" PKI ".kubewright.1.key; chmod 640 etc/kubernetes/scheduler.conf");
	serial(made_file(&new, "/" PKI "apiserver.crt"), api);
	serial(made_file(&new, "/" PKI "etcd/server.crt"), etcd);
	str_addf(&served, "6443 %s\n2379 %s\n", api, etcd);
	want(&s, PKI "apiserver.crt", "ca.crt", made_file(&new, "/" PKI "apiserver.crt"),
		made_file(&new, "/" PKI "apiserver.key"));
	want(&s, PKI "etcd/server.crt", "etcd/ca.crt", made_file(&new, "/" PKI "etcd/server.crt"),
		made_file(&new, "/" PKI "etcd/server.key"));
	want(&s, "etc/kubernetes/scheduler.conf", "ca.crt", made_file(&new, "/" PKI "apiserver-kubelet-client.crt"),
		made_file(&new, "/" PKI "apiserver-kubelet-client.key"));
	want(&s, KUBELET "kubelet-client-current.pem", "ca.crt",
		made_file(&new, "/" PKI "apiserver-kubelet-client.crt"),
		made_file(&new, "/" PKI "apiserver-kubelet-client.key"));
	want(&s, KUBELET "kubelet-server-current.pem", "ca.crt", made_file(&new, "/" PKI "apiserver.crt"),
		made_file(&new, "/" PKI "apiserver.key"));
	if (!CHECK_INT(run(&s, "kube-controller-manager kube-scheduler kubelet", "kube-scheduler kubelet", served.buf,
			       "yes"),
		    0))
		printf("# %s: %s %s\n%s", s.err.what, s.err.hint, s.err.detail, s.log);
	CHECK_STR(fake_site_get(&s, PKI "apiserver.crt"), made_file(&new, "/" PKI "apiserver.crt"));
	CHECK_STR(fake_site_get(&s, PKI "apiserver.key"), made_file(&new, "/" PKI "apiserver.key"));
	CHECK_STR(fake_site_get(&s, PKI "etcd/server.key"), made_file(&new, "/" PKI "etcd/server.key"));
	/* all else of a kubeconfig stays */
	conf_parts(fake_site_get(&s, "etc/kubernetes/scheduler.conf"), &cert, &rest);
	conf_parts(made_file(&old, "/etc/kubernetes/scheduler.conf"), &old_cert, &old_rest);
	CHECK_STR(rest.buf, old_rest.buf);
	CHECK_STR(cert.buf, made_file(&new, "/" PKI "apiserver-kubelet-client.crt"));
	str_addf(&pem, "%s%s", cert.buf, made_file(&new, "/" PKI "apiserver-kubelet-client.key"));
	CHECK_STR(fake_site_get(&s, KUBELET "kubelet-client-current.pem"), pem.buf);
	str_clear(&pem);
	str_addf(&pem, "%s%s", made_file(&new, "/" PKI "apiserver.crt"), made_file(&new, "/" PKI "apiserver.key"));
	CHECK_STR(fake_site_get(&s, KUBELET "kubelet-server-current.pem"), pem.buf);
	CHECK(!strstr(fake_site_get(&s, "etc/kubernetes/kubelet.conf"), "-data: L") ||
		strstr(fake_site_get(&s, "etc/kubernetes/kubelet.conf"), "certificate-authority-data: L"));
	fake_site_sh(&s,
		"grep -qx \"    client-certificate: $PWD/" KUBELET
		"kubelet-client-current.pem\" etc/kubernetes/kubelet.conf &&"
		"grep -qx \"    client-key: $PWD/" KUBELET "kubelet-client-current.pem\" etc/kubernetes/kubelet.conf &&"
		"! grep -q client-.*-data etc/kubernetes/kubelet.conf &&"
		"[ -L " KUBELET "kubelet-client-current.pem ] && [ -s " KUBELET "kubelet-client-old.pem ] &&"
		"[ \"$(stat -c %a " PKI "apiserver.key " PKI
		"apiserver.crt etc/kubernetes/scheduler.conf | xargs)\" = '600 644 640' ] &&"
		"[ \"$(stat -Lc %a " KUBELET "kubelet-client-current.pem)\" = 600 ] &&"
		"[ -z \"$(find . -name '.kubewright.*')\" ] && sha256sum -c --quiet var/lib/kubewright/pki.sha256");
	restarts_later(&s);
	str_release(&cert);
	str_release(&rest);
	str_release(&old_cert);
	str_release(&old_rest);
	str_release(&served);
	str_release(&pem);
	secret_release(&client);
	pki_files_release(&new);
	end(&s, &old);
}

static void shared(const struct fake_site *s, const char *file, const char *mode, const char *text)
{
	static unsigned n;
	char name[32];

	n = n % 2 + 1;
	snprintf(name, sizeof(name), "shared_%u_path", n);
	param(name, keep(xstrdup(fake_site_path(s, file))));
	snprintf(name, sizeof(name), "shared_%u_mode", n);
	param(name, mode);
	snprintf(name, sizeof(name), "shared_%u_data", n);
	param_base64(name, text);
	if (n == 2)
		param("shared", "2");
}

/* Another CA: its key, its certificates with those of the one before, and then what it has signed, which verifies by them. */
static void test_another_ca(void)
{
	struct pki_files old = { 0 }, new = { 0 };
	struct pki_store *s2;
	struct error err = { 0 };
	struct fake_site s;
	char dir[96];

	begin(&s, &old);
	snprintf(dir, sizeof(dir), "%s/pki", made_dir);
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_ETCD, PKI_PHASE_ONE, &err), 0);
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_ETCD, PKI_PHASE_BOTH, &err), 0);
	s2 = pki_store_open(dir, NULL, &err);
	made_files(s2, "cp1", NULL, 0, &new);
	fake_site_sh(&s, "sha256sum $PWD/" PKI "etcd/ca.crt $PWD/" PKI "etcd/ca.key $PWD/" PKI
			 "etcd/peer.crt >var/lib/kubewright/pki.sha256");
	/* a leaf of the next CA alone is refused: this host does not trust it yet */
	want(&s, PKI "etcd/peer.crt", "etcd/ca.crt", made_file(&new, "/" PKI "etcd/peer.crt"),
		made_file(&new, "/" PKI "etcd/peer.key"));
	CHECK_INT(run(&s, "etcd", "", "", "yes"), -1);
	CHECK(strstr(s.err.what, "does not verify against"));
	shared(&s, PKI "etcd/ca.key", "600", pki_store_pem(s2, PKI_ETCD_CA_KEY));
	shared(&s, PKI "etcd/ca.crt", "644", pki_store_pem(s2, PKI_ETCD_CA_CRT));
	want(&s, PKI "etcd/peer.crt", "etcd/ca.crt", made_file(&new, "/" PKI "etcd/peer.crt"),
		made_file(&new, "/" PKI "etcd/peer.key"));
	if (!CHECK_INT(run(&s, "etcd kube-apiserver", "etcd", "", "yes"), 0))
		printf("# %s: %s\n%s", s.err.what, s.err.hint, s.log);
	CHECK_STR(fake_site_get(&s, PKI "etcd/ca.crt"), pki_store_pem(s2, PKI_ETCD_CA_CRT));
	CHECK_STR(fake_site_get(&s, PKI "etcd/ca.key"), pki_store_pem(s2, PKI_ETCD_CA_KEY));
	CHECK_STR(fake_site_get(&s, PKI "etcd/peer.crt"), made_file(&new, "/" PKI "etcd/peer.crt"));
	CHECK_STR(fake_site_get(&s, "did"), "start etcd\n");
	CHECK_STR(fake_site_get(&s, "var/lib/kubewright/renew.restart"), "kube-apiserver\n");
	fake_site_sh(&s,
		"[ \"$(stat -c %a " PKI "etcd/ca.key " PKI "etcd/ca.crt | xargs)\" = '600 644' ] &&"
		"[ -z \"$(find . -name '.kubewright.*')\" ] && sha256sum -c --quiet var/lib/kubewright/pki.sha256");
	/* what was there is kept; the same again changes nothing */
	fake_site_sh(&s,
		"cd var/lib/kubewright/renewed && [ \"$(ls | wc -l)\" = 4 ] && ! find . -type f -perm /077 | grep .");
	shared(&s, PKI "etcd/ca.key", "600", pki_store_pem(s2, PKI_ETCD_CA_KEY));
	shared(&s, PKI "etcd/ca.crt", "644", pki_store_pem(s2, PKI_ETCD_CA_CRT));
	CHECK_INT(run(&s, "", "", "", "yes"), 0);
	CHECK(!strstr(s.log, "wrote"));
	pki_store_free(s2);
	pki_files_release(&new);
	end(&s, &old);
}

/* The cluster's own: with it goes what else of the host goes by it, before ca.crt. */
static void test_cluster_ca(void)
{
	static const char manifest[] = "spec:\n  - --cluster-signing-cert-file=%s\n";
	struct pki_files old = { 0 };
	struct pki_store *s2;
	struct str text = STR_INIT, first = STR_INIT;
	struct fake_site s;
	const char *pem;
	char dir[96];

	begin(&s, &old);
	snprintf(dir, sizeof(dir), "%s/pki", made_dir);
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_CLUSTER, PKI_PHASE_ONE, NULL), 0);
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_CLUSTER, PKI_PHASE_BOTH, NULL), 0);
	s2 = pki_store_open(dir, NULL, NULL);
	pem = pki_store_pem(s2, PKI_CA_CRT);
	str_addn(&first, pem, (size_t)(strstr(pem, "-----END CERTIFICATE-----\n") - pem) + 26);
	/* a controller manager that takes one certificate alone from ca.crt */
	str_addf(&text, manifest, fake_site_path(&s, PKI "ca.crt"));
	fake_site_put(&s, "etc/kubernetes/manifests/kube-controller-manager.yaml", 0600, text.buf);
	shared(&s, PKI "ca.key", "600", pki_store_pem(s2, PKI_CA_KEY));
	shared(&s, PKI "ca.crt", "644", pem);
	CHECK_INT(run(&s, "", "", "", "yes"), -1);
	CHECK(strstr(s.err.what, "takes one certificate alone to sign with"));
	CHECK_STR(fake_site_get(&s, PKI "ca.crt"), made_file(&old, "/" PKI "ca.crt"));
	/* with a file of its own */
	str_clear(&text);
	str_addf(&text, manifest, fake_site_path(&s, PKI "ca-signing.crt"));
	fake_site_put(&s, "etc/kubernetes/manifests/kube-controller-manager.yaml", 0600, text.buf);
	fake_site_put(&s, PKI "ca-signing.crt", 0644, made_file(&old, "/" PKI "ca.crt"));
	shared(&s, PKI "ca.key", "600", pki_store_pem(s2, PKI_CA_KEY));
	shared(&s, PKI "ca.crt", "644", pem);
	fake_site_sh(&s, "sha256sum <" PKI "ca.crt | cut -c 1-8 >was");
	if (!CHECK_INT(run(&s, "kubelet", "", "", "yes"), 0))
		printf("# %s: %s\n%s", s.err.what, s.err.hint, s.log);
	CHECK_STR(fake_site_get(&s, PKI "ca.crt"), pem);
	CHECK_STR(fake_site_get(&s, PKI "ca-signing.crt"), first.buf);
	/* kubeconfigs have the one that signs, and their own client certificates */
	str_clear(&text);
	str_add_base64(&text, first.buf, first.len);
	CHECK(strstr(fake_site_get(&s, "etc/kubernetes/admin.conf"), text.buf));
	CHECK(strstr(fake_site_get(&s, "etc/kubernetes/scheduler.conf"), text.buf));
	fake_site_sh(&s,
		"[ \"$(stat -c %a etc/kubernetes/admin.conf)\" = 600 ] && cmp was var/lib/kubewright/snapshot-id &&"
		"[ \"$(grep -c client-certificate-data etc/kubernetes/admin.conf)\" = 1 ] && [ -z \"$(find . -name '.kubewright.*')\" ]");
	CHECK_STR(cluster_fact(&s.h, "ca_apart"), "yes");
	CHECK_STR(cluster_fact(&s.h, "ca_crt"), pem);
	/* the same again changes nothing; what a run that was cut had placed is noted */
	shared(&s, PKI "ca.key", "600", pki_store_pem(s2, PKI_CA_KEY));
	shared(&s, PKI "ca.crt", "644", pem);
	fake_site_sh(&s, "printf '%064d  %s\\n' 0 \"$PWD/" PKI "ca-signing.crt\" >var/lib/kubewright/pki.sha256");
	CHECK_INT(run(&s, "", "", "", "yes"), 0);
	CHECK(!strstr(s.log, "wrote"));
	fake_site_sh(&s, "sha256sum -c --quiet var/lib/kubewright/pki.sha256");
	pki_store_free(s2);
	str_release(&text);
	str_release(&first);
	end(&s, &old);
}

/* Another key of service accounts: the key, then the public halves of both, for nobody else to read. */
static void test_another_key(void)
{
	struct pki_files old = { 0 };
	struct pki_store *s2;
	struct fake_site s;
	char dir[96];

	begin(&s, &old);
	snprintf(dir, sizeof(dir), "%s/pki", made_dir);
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_TOKENS, PKI_PHASE_ONE, NULL), 0);
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_TOKENS, PKI_PHASE_BOTH, NULL), 0);
	s2 = pki_store_open(dir, NULL, NULL);
	shared(&s, PKI "sa.key", "600", pki_store_pem(s2, PKI_SA_KEY));
	shared(&s, PKI "sa.pub", "600", pki_store_pem(s2, PKI_SA_PUB));
	if (!CHECK_INT(run(&s, "kube-apiserver kube-controller-manager", "kube-apiserver", "", "yes"), 0))
		printf("# %s: %s\n%s", s.err.what, s.err.hint, s.log);
	CHECK_STR(fake_site_get(&s, PKI "sa.key"), pki_store_pem(s2, PKI_SA_KEY));
	CHECK_STR(fake_site_get(&s, PKI "sa.pub"), pki_store_pem(s2, PKI_SA_PUB));
	CHECK_STR(fake_site_get(&s, "did"), "start kube-apiserver\n");
	CHECK_STR(fake_site_get(&s, "var/lib/kubewright/renew.restart"), "kube-controller-manager\n");
	fake_site_sh(&s, "[ \"$(stat -c %a " PKI "sa.key " PKI "sa.pub | xargs)\" = '600 600' ]");
	pki_store_free(s2);
	end(&s, &old);
}

/* What does not verify replaces nothing; who must restart is noted before anything is replaced. */
static void test_refused(void)
{
	struct pki_files old = { 0 }, new = { 0 }, foreign = { 0 };
	struct pki_store *other;
	struct fake_site s;
	const char *conf = made_dir;

	begin(&s, &old);
	other = made_store_new("other");
	made_files(other, "cp1", NULL, 0, &foreign);
	made_files(made_store, "cp1", NULL, 0, &new);
	want(&s, PKI "apiserver.crt", "ca.crt", made_file(&foreign, "/" PKI "apiserver.crt"),
		made_file(&foreign, "/" PKI "apiserver.key"));
	CHECK_INT(run(&s, "kube-apiserver", "kube-apiserver", "", "yes"), -1);
	CHECK(strstr(s.err.what, "does not verify against") && strstr(s.err.hint, "the clock"));
	want(&s, PKI "apiserver.crt", "ca.crt", made_file(&new, "/" PKI "apiserver.crt"),
		made_file(&old, "/" PKI "apiserver.key"));
	CHECK_INT(run(&s, "", "", "", "yes"), -1);
	CHECK(strstr(s.err.what, "does not match its key"));
	CHECK_STR(fake_site_get(&s, PKI "apiserver.crt"), made_file(&old, "/" PKI "apiserver.crt"));
	CHECK_STR(fake_site_get(&s, PKI "apiserver.key"), made_file(&old, "/" PKI "apiserver.key"));
	CHECK_STR(fake_site_get(&s, "did"), "");
	CHECK_STR(fake_site_get(&s, "var/lib/kubewright/renew.restart"), "kube-apiserver\n");
	fake_site_sh(&s, "[ -z \"$(find . -name '.kubewright.*')\" ]");
	/* a kubeconfig of two users: whose certificate would it be? */
	fake_site_sh(&s,
		"grep client- etc/kubernetes/admin.conf >more && cat more >>etc/kubernetes/admin.conf && cp etc/kubernetes/admin.conf before");
	conf = "etc/kubernetes/admin.conf";
	want(&s, conf, "ca.crt", made_file(&new, "/" PKI "apiserver-kubelet-client.crt"),
		made_file(&new, "/" PKI "apiserver-kubelet-client.key"));
	CHECK_INT(run(&s, "", "", "", "yes"), -1);
	CHECK(strstr(s.err.what, "just one client certificate"));
	fake_site_sh(&s, "cmp before etc/kubernetes/admin.conf");
	pki_files_release(&new);
	pki_files_release(&foreign);
	pki_store_free(other);
	end(&s, &old);
}

/* Without a kubelet nothing starts again, so nothing is stopped unless it can start first. */
static void test_no_kubelet(void)
{
	struct pki_files old = { 0 };
	struct fake_site s;

	begin(&s, &old);
	fake_site_sh(&s, "rm active");
	CHECK_INT(run(&s, "etcd", "etcd", "", "no"), -1);
	CHECK(strstr(s.err.what, "so etcd cannot restart"));
	CHECK_STR(fake_site_get(&s, "did"), "");
	CHECK_STR(fake_site_get(&s, "var/lib/kubewright/renew.restart"), "etcd\n");
	CHECK_INT(run(&s, "etcd", "etcd", "", "yes"), 0);
	CHECK_STR(fake_site_get(&s, "did"), "restart kubelet\nstart etcd\n");
	/* one that is down and waits for minutes to be started again: the kubelet forgets that when it starts */
	fake_site_put(&s, "bin/pgrep", 0755,
		"#!/bin/sh\nd=${0%/bin/pgrep}\n[ \"$(grep -c restart \"$d/did\")\" = 2 ] && echo 4000000\n");
	CHECK_INT(run(&s, "etcd", "etcd", "", "yes"), 0);
	CHECK_STR(fake_site_get(&s, "did"), "restart kubelet\nstart etcd\nrestart kubelet\n");
	/* not this run's host any more */
	fake_site_put(&s, "var/lib/kubewright/lock", 0600, "run=r2\n");
	CHECK_INT(run(&s, "etcd", "etcd", "", "yes"), -1);
	CHECK(strstr(s.err.what, "lock"));
	end(&s, &old);
}

/* Half a minute, as the kubelet would: it is ended for good then. */
static void test_does_not_end(void)
{
	struct pki_files old = { 0 };
	struct fake_site s;

	begin(&s, &old);
	fake_site_sh(&s, "(trap '' TERM; exec sleep 600) </dev/null >/dev/null 2>&1 3>&- 9>&- &\n"
			 "echo $! >pids/kube-apiserver; cp pids/kube-apiserver first");
	CHECK_INT(run(&s, "kube-apiserver", "kube-apiserver", "", "yes"), 0);
	CHECK_STR(fake_site_get(&s, "did"), "start kube-apiserver\n");
	fake_site_sh(&s,
		"case $(sed -n 's/^State:[[:space:]]*//p' /proc/$(cat first)/status 2>/dev/null) in '' | Z*) ;; *) exit 1 ;; esac");
	end(&s, &old);
}

static const struct test tests[] = {
	{ "placed, restarted, served", test_all },
	{ "another CA", test_another_ca },
	{ "another CA of the cluster", test_cluster_ca },
	{ "another key of service accounts", test_another_key },
	{ "what does not verify", test_refused },
	{ "a host whose kubelet is down", test_no_kubelet },
	{ "one that does not end", test_does_not_end },
};
TEST_MAIN(tests)
