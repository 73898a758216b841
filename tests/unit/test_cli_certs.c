/* `certs` for people, at 80 columns, and as JSON. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/json.h"
#include "cli/run.h"
#include "cli/wizard.h"
#include "inventory/inventory.h"
#include "tests/unit/certs_made.h"
#include "tests/unit/fake_program.h"
#include "tui/wizard.h"

#define DAY 86400
#define PKI "/etc/kubernetes/pki/"

static const char text[] =
	"cluster: rack7\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane, ssh: {address: 127.0.0.1, port: 2}}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane, ssh: {address: 127.0.0.1, port: 3}}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker, ssh: {address: 127.0.0.1, port: 4}}\n";

static struct cli_run run;
static struct certs_host here;
static struct certs_report report;
static int64_t now_s;

static void answered(size_t host, struct remote_answer *a)
{
	certs_answer(&run.world.seen.certs[host], a, run.inventory->hosts[host].role == INVENTORY_WORKER);
	remote_answer_release(a);
}

/* cp1 is whole, cp2 has another CA and a few ends, cp3 was not reached, w1 is a worker. */
static void begin(void)
{
	struct remote_answer a[4] = { { 0 } };
	struct pki_files f = { 0 };
	struct pki_store *other;
	struct secret pem = { 0 };
	struct error err = { 0 };
	static char store_dir[96];
	char path[128];
	const char *ca;

	made_begin();
	snprintf(store_dir, sizeof(store_dir), "%s/pki", made_dir);
	memset(&run, 0, sizeof(run));
	memset(&here, 0, sizeof(here));
	run.inventory = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	run.release = release_find("1.36.2");
	run.store_dir = store_dir;
	world_init(&run.world, run.inventory, run.release);
	run.chosen = xcalloc(4, sizeof(*run.chosen));
	memset(run.chosen, true, 4 * sizeof(*run.chosen));
	now_s = clock_wall_ms() / 1000 + 600;
	other = made_store_new("other");
	for (int i = 0; i < 2; i++) {
		made_files(made_store, i ? "cp2" : "cp1", NULL, 0, &f);
		made_answer(&f, &a[i]);
		pki_files_release(&f);
	}
	made_say(&a[1], "cert", PKI "front-proxy-ca.crt", pki_store_pem(other, PKI_FRONT_PROXY_CA_CRT));
	made_say(&a[1], "cert", PKI "etcd/peer.crt", "");
	made_client("kube-apiserver", NULL, 60, &pem);
	made_say(&a[1], "cert", PKI "apiserver.crt", pem.text);
	made_client("system:kube-scheduler", NULL, 5 * DAY, &pem);
	made_say(&a[1], "cert", "/etc/kubernetes/scheduler.conf", pem.text);
	made_client("front-proxy-client", NULL, 20 * DAY, &pem);
	made_say(&a[1], "cert", PKI "front-proxy-client.crt", pem.text);
	remote_answer_set(&a[1], "left_out", PKI "huge.crt\n" PKI "a?b.crt\n");
	made_client("system:node:w1", "system:nodes", 365 * DAY, &pem);
	made_say(&a[3], "cert", KUBELET_PEM, pem.text);
	made_say(&a[3], "cert", PKI "ca.crt", pki_store_pem(made_store, PKI_CA_CRT));
	answered(0, &a[0]);
	answered(1, &a[1]);
	answered(3, &a[3]);
	snprintf(path, sizeof(path), "%s/front-proxy-ca.crt", store_dir);
	ca = pki_store_pem(made_store, PKI_FRONT_PROXY_CA_CRT);
	certs_add(&here, &certs_store[PKI_ISSUER_FRONT_PROXY], path, ca, strlen(ca));
	here.looked = true;
	certs_report_fill(&report, &run, &here, now_s);
	pki_store_free(other);
	secret_release(&pem);
}

static void end(void)
{
	certs_report_release(&report);
	certs_release(&here);
	world_release(&run.world);
	inventory_free(run.inventory);
	free(run.chosen);
	made_end();
}

static int columns(const char *line)
{
	int n = 0;

	for (; *line && *line != '\n'; line++)
		n += (*line & 0xc0) != 0x80;
	return n;
}

static void fits(const struct str *out)
{
	for (const char *p = out->buf; *p; p += strcspn(p, "\n"), p += *p == '\n')
		if (!CHECK(columns(p) <= 80))
			printf("# %.*s\n", (int)strcspn(p, "\n"), p);
}

/* The line of a host's file begins so: mark, days, its end. */
static void has_row(const struct str *out, const char *mark, int days, const char *rest)
{
	char end[32], line[160];

	clock_rfc3339((now_s - 600 + (days + 1) * INT64_C(86400)) * 1000, end, sizeof(end));
	snprintf(line, sizeof(line), "\n%-2s %5d  %.10s  %s\n", mark, days, end, rest);
	if (!CHECK(strstr(out->buf, line) != NULL))
		printf("# no line%s%s\n", line, out->buf);
}

static void test_table(void)
{
	struct str out = STR_INIT;
	const char *cp2;

	begin();
	certs_table(&report, false, &out);
	fits(&out);
	has_row(&out, "", 364, "apiserver.crt                 kube-apiserver");
	has_row(&out, "", 364, "controller-manager.conf       kube-controller-manager*");
	has_row(&out, "", 364, "admin.conf                    kubectl, kubeadm");
	has_row(&out, "", 364, "kubelet-client-current.pem    kubelet");
	has_row(&out, "!!", 4, "scheduler.conf                kube-scheduler*");
	has_row(&out, "!", 19, "front-proxy-client.crt        kube-apiserver");
	has_row(&out, "", 3649, "front-proxy-ca.crt            kubewright");
	/* what is worst comes first, and what does not fit continues below */
	cp2 = strstr(out.buf, "\ncp2, control plane\n");
	CHECK(cp2 &&
		strstr(out.buf, "\ncp1, control plane\n   "
				" DAYS  END         FILE") &&
		strstr(out.buf, "\nw1, worker\n"));
	CHECK(cp2 && strstr(cp2, "etcd/peer.crt") < strstr(cp2, " apiserver.crt"));
	CHECK(cp2 && strstr(cp2, " apiserver.crt") < strstr(cp2, "scheduler.conf"));
	CHECK(strstr(out.buf, "ca.crt                        kube-apiserver, kubelet,\n") != NULL);
	CHECK(strstr(out.buf, "\n                                                    kube-controller-manager*\n") !=
		NULL);
	CHECK(strstr(out.buf, "!!     -  unreadable  etcd/peer.crt                 etcd\n") != NULL);
	CHECK(strstr(out.buf, "!!    -1  ") != NULL);
	CHECK(strstr(out.buf, "\n   not read: " PKI "huge.crt, " PKI "a?b.crt\n") != NULL);
	CHECK(strstr(out.buf, "\ncp3, control plane: not looked at\n") != NULL);
	CHECK(strstr(out.buf, "\nfront-proxy-ca.crt is not the same everywhere:\n") != NULL);
	CHECK(strstr(out.buf, "  cp1, this machine\n") && strstr(out.buf, "  cp2\n"));
	CHECK(!strstr(out.buf, "etcd/ca.crt is not"));
	CHECK(strstr(out.buf, "\n31 certificates, 1 unreadable, 1 expired, 1 with fewer than 7 days left, 1 with\n"
			      "fewer than 30 days left\n") != NULL);
	CHECK(!strstr(out.buf, "issuer"));
	if (test_failures)
		printf("%s", out.buf);
	str_clear(&out);
	certs_table(&report, true, &out);
	fits(&out);
	CHECK(strstr(out.buf, "          CN kube-apiserver; issuer kubernetes; ECDSA 256; names DNS cp1, DNS\n") !=
		NULL);
	CHECK(strstr(out.buf, "          CN system:node:w1, O system:nodes; issuer kubernetes; ECDSA 256\n") != NULL);
	CHECK(strstr(out.buf, "issuer etcd-ca; ECDSA 256; CA; names DNS etcd-ca\n") != NULL);
	str_release(&out);
	end();
}

/* A host that is not installed, and a machine without keys. */
static void test_nothing(void)
{
	struct remote_answer a = { 0 };
	struct certs_host empty = { .looked = true };
	struct certs_report nothing;
	struct str out = STR_INIT;
	struct json *j;

	begin();
	for (size_t i = 0; i < 4; i++) {
		certs_release(&run.world.seen.certs[i]);
		answered(i, &a);
	}
	run.chosen[2] = false;
	certs_report_fill(&nothing, &run, &empty, now_s);
	certs_table(&nothing, false, &out);
	CHECK_STR(out.buf, "Certificates of cluster rack7\n\ncp1, control plane: no certificates\n\n"
			   "cp2, control plane: no certificates\n\nw1, worker: no certificates\n\n"
			   "this machine: no certificates\n\n0 certificates\n");
	certs_report_release(&nothing);
	/* hosts are named: this machine is none of them */
	certs_report_fill(&nothing, &run, NULL, now_s);
	j = certs_json(&nothing);
	CHECK_INT(json_size(json_get(j, "hosts")), 3);
	CHECK(json_get(j, "this_machine") == NULL);
	CHECK_INT(json_size(json_get(j, "hosts.0.certificates")), 0);
	json_free(j);
	certs_report_release(&nothing);
	certs_release(&empty);
	str_release(&out);
	end();
}

static const struct json *cert_of(const struct json *j, size_t host, const char *file)
{
	char path[64];
	const struct json *list;

	snprintf(path, sizeof(path), "hosts.%zu.certificates", host);
	list = json_get(j, path);
	for (size_t i = 0; i < json_size(list); i++)
		if (strcmp(json_get_str(json_at(list, i), "file", ""), file) == 0)
			return json_at(list, i);
	printf("# no %s\n", file);
	exit(1);
}

static void test_json(void)
{
	const struct json *c;
	struct str line = STR_INIT;
	struct json *j;

	begin();
	j = certs_json(&report);
	json_write(j, &line);
	CHECK(!strstr(line.buf, "PRIVATE") && !strstr(line.buf, "BEGIN"));
	CHECK_STR(json_get_str(j, "cluster", ""), "rack7");
	CHECK_INT(json_get_int(j, "warning_days", 0), 30);
	CHECK_INT(json_size(json_get(j, "hosts")), 4);
	CHECK(json_get_bool(j, "hosts.0.reached", false) && !json_get_bool(j, "hosts.2.reached", true));
	CHECK_STR(json_get_str(j, "hosts.3.role", ""), "worker");
	c = cert_of(j, 0, PKI "apiserver.crt");
	CHECK_STR(json_get_str(c, "subject_cn", ""), "kube-apiserver");
	CHECK_STR(json_get_str(c, "issuer_cn", ""), "kubernetes");
	CHECK_STR(json_get_str(c, "state", ""), "ok");
	CHECK_STR(json_get_str(c, "sans.0.type", ""), "dns");
	CHECK_STR(json_get_str(c, "sans.0.value", ""), "cp1");
	CHECK_STR(json_get_str(c, "sans.6.type", ""), "ip");
	CHECK_STR(json_get_str(c, "readers.0.name", ""), "kube-apiserver");
	CHECK(!json_get_bool(c, "readers.0.restart", true) && !json_get_bool(c, "ca", true));
	CHECK_STR(json_get_str(c, "key_algorithm", ""), "ECDSA");
	CHECK_INT(json_get_int(c, "key_bits", 0), 256);
	CHECK_INT(json_get_int(c, "days_left", 0), 364);
	CHECK_INT(strlen(json_get_str(c, "not_after", "")), 20);
	CHECK_INT(strlen(json_get_str(c, "sha256", "")), 64);
	c = cert_of(j, 1, "/etc/kubernetes/scheduler.conf");
	CHECK_STR(json_get_str(c, "state", ""), "critical");
	CHECK(json_get_bool(c, "readers.0.restart", false));
	CHECK_STR(json_get_str(cert_of(j, 1, PKI "etcd/peer.crt"), "state", ""), "unreadable");
	CHECK_STR(json_get_str(cert_of(j, 1, PKI "apiserver.crt"), "state", ""), "expired");
	CHECK_STR(json_get_str(cert_of(j, 1, PKI "front-proxy-client.crt"), "state", ""), "warning");
	c = cert_of(j, 3, KUBELET_PEM);
	CHECK(json_get_bool(c, "renewed_by_reader", false));
	CHECK_STR(json_get_str(c, "organisations.0", ""), "system:nodes");
	CHECK_STR(json_get_str(j, "hosts.0.public_keys.0.key_algorithm", ""), "RSA");
	CHECK_STR(json_get_str(j, "hosts.1.files_left_out.1", ""), PKI "a?b.crt");
	CHECK_INT(json_size(json_get(j, "differences")), 1);
	CHECK_STR(json_get_str(j, "differences.0.file", ""), "front-proxy-ca.crt");
	CHECK_INT(json_size(json_get(j, "differences.0.groups")), 2);
	CHECK_STR(json_get_str(j, "differences.0.groups.0.hosts.0", ""), "cp1");
	CHECK(json_get_bool(j, "differences.0.groups.0.this_machine", false));
	CHECK_STR(json_get_str(j, "differences.0.groups.1.hosts.0", ""), "cp2");
	CHECK_INT(json_size(json_get(j, "this_machine.certificates")), 1);
	json_free(j);
	str_release(&line);
	end();
}

static const struct port_cert *page_cert(const struct port_certs *p, size_t host, const char *file)
{
	for (size_t i = 0; i < p->count; i++)
		if (p->list[i].host == host && strcmp(p->list[i].file, file) == 0)
			return &p->list[i];
	printf("# no %s on host %zu\n", file, host);
	exit(1);
}

/* The lines are those of the table, in its order. */
static void same_order(const struct port_certs *p)
{
	struct str table = STR_INIT;
	const char *at;

	certs_table(&report, false, &table);
	at = strchr(table.buf, '\n');
	for (size_t i = 0; at && i < p->count; i++) {
		char file[80];

		snprintf(file, sizeof(file), "  %s ", p->list[i].file);
		at = strstr(at, file);
		if (!CHECK(at != NULL))
			printf("# %s is not next in\n%s", file, table.buf);
		at = at ? at + strlen(file) : NULL;
	}
	str_release(&table);
}

static void test_page(void)
{
	static char kubeconfig[] = "/nowhere/kubeconfig";
	const struct port_cert *c;
	struct port_certs p;
	char path[128];

	begin();
	/* this machine has what the report has */
	run.kubeconfig = kubeconfig;
	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", run.store_dir, pki_shared[i ? PKI_ETCD_CA_CRT : PKI_CA_CRT].file);
		CHECK_INT(unlink(path), 0);
	}
	cli_wizard_certs(&run, &p);
	CHECK_INT(p.host_count, 5);
	CHECK_INT(p.count, 31);
	CHECK(p.warn_days == 30 && p.critical_days == 7);
	CHECK_STR(p.hosts[0].name, "cp1");
	CHECK_STR(p.hosts[0].role, "control plane");
	CHECK(p.hosts[0].looked && !p.hosts[2].looked && p.hosts[4].looked);
	CHECK_STR(p.hosts[1].left_out, "not read: " PKI "huge.crt, " PKI "a?b.crt");
	CHECK_STR(p.hosts[4].name, "this machine");
	CHECK_STR(p.hosts[4].role, "");
	same_order(&p);
	c = page_cert(&p, 0, "apiserver.crt");
	CHECK_STR(c->path, PKI "apiserver.crt");
	CHECK(c->readable && c->state == CERTS_OK && c->days >= 364 && c->early_days == 0 && !c->ca && !c->renewed);
	CHECK_STR(c->subject, "CN kube-apiserver");
	CHECK_STR(c->issuer, "kubernetes");
	CHECK_STR(c->key, "ECDSA 256");
	CHECK(str_starts(c->names, "DNS cp1\nDNS "));
	CHECK(strlen(c->sha256) == 64 && *c->serial && c->difference == SIZE_MAX);
	CHECK_STR(c->readers[0].name, "kube-apiserver");
	CHECK(!c->readers[0].restarts && !c->readers[1].name);
	c = page_cert(&p, 1, "scheduler.conf");
	CHECK(c->state == CERTS_CRITICAL && c->readers[0].restarts);
	c = page_cert(&p, 1, "etcd/peer.crt");
	CHECK(!c->readable && c->state == CERTS_UNREADABLE);
	c = page_cert(&p, 3, "kubelet-client-current.pem");
	CHECK(c->renewed);
	CHECK_STR(c->subject, "CN system:node:w1, O system:nodes");
	CHECK_INT(p.difference_count, 1);
	CHECK_STR(p.differences[0].file, "front-proxy-ca.crt");
	CHECK(strstr(p.differences[0].groups, "  cp1, this machine\n") && strstr(p.differences[0].groups, "  cp2\n"));
	c = page_cert(&p, 1, "front-proxy-ca.crt");
	CHECK(c->difference == 0 && c->ca);
	CHECK(page_cert(&p, 1, "ca.crt")->difference == SIZE_MAX);
	CHECK(page_cert(&p, 4, "front-proxy-ca.crt")->difference == 0);
	/* how far each is that can be rotated, which the key store's files say */
	CHECK(p.rotated_count >= 3);
	for (size_t i = 0; i < p.rotated_count; i++)
		CHECK(p.rotated[i].done && *p.rotated[i].words && !*p.rotated[i].next);
	port_certs_release(&p);
	/* a host that was left out is not there, and the others keep their certificates */
	run.chosen[0] = false;
	cli_wizard_certs(&run, &p);
	CHECK_INT(p.host_count, 4);
	CHECK_STR(p.hosts[0].name, "cp2");
	CHECK(page_cert(&p, 0, "scheduler.conf")->state == CERTS_CRITICAL);
	port_certs_release(&p);
	run.kubeconfig = NULL;
	end();
}

/* What is below the state folder: an encrypted store, whose certificates nobody needs a passphrase for, and a kubeconfig. */
static void put_state(void)
{
	const struct secret passphrase = { .text = (char *)"correct horse", .len = 13 };
	struct secret conf = { 0 };
	struct error err = { 0 };
	struct pki_store *s;
	char path[128];

	snprintf(path, sizeof(path), "%s/kubewright/rack7", made_dir);
	CHECK_INT(file_mkdirs(path, 0700, &err), 0);
	strcat(path, "/pki");
	s = pki_store_create(path, PKI_ECDSA_P256, PKI_ECDSA_P256, &passphrase, &err);
	if (!CHECK(s != NULL))
		exit(1);
	CHECK_INT(
		pki_kubeconfig(s, "rack7", "https://10.0.0.100:6443", "kubernetes-admin", "admins", 9, &conf, &err), 0);
	strcpy(strrchr(path, '/'), "/kubeconfig");
	CHECK_INT(file_write(path, conf.text, conf.len, 0600, &err), 0);
	pki_store_free(s);
	secret_release(&conf);
	snprintf(path, sizeof(path), "%s/kubewright.yaml", made_dir);
	CHECK_INT(file_write(path, text, strlen(text), 0600, &err), 0);
}

/* Whether what it says on stderr is wanted too. */
static bool with_errors;

static int program(struct str *out, const char *const *words)
{
	return fake_program(made_dir, words, with_errors, out);
}

/* The whole program, while no host answers. */
static void test_this_machine(void)
{
	static const char *const all[] = { "certs", "-o", "json", NULL };
	static const char *const named[] = { "certs", "cp1", "-o", "json", NULL };
	static const char *const unknown[] = { "certs", "cp9", NULL };
	struct str out = STR_INIT;
	const struct json *c;
	struct json *j;

	made_begin();
	put_state();
	CHECK_INT(program(&out, all), 4);
	CHECK(!strstr(out.buf, "PRIVATE"));
	j = json_parse(out.buf, out.len, NULL);
	c = json_get(j, "this_machine.certificates");
	CHECK_INT(json_size(json_get(j, "hosts")), 4);
	CHECK_STR(json_get_str(j, "hosts.0.error.kind", ""), "connect");
	if (CHECK_INT(json_size(c), 4)) {
		CHECK_STR(json_get_str(c, "0.subject_cn", ""), "kubernetes");
		CHECK_STR(json_get_str(c, "1.subject_cn", ""), "etcd-ca");
		CHECK_STR(json_get_str(c, "2.readers.0.name", ""), "kubewright");
		CHECK_STR(json_get_str(c, "3.organisations.0", ""), "admins");
		CHECK_STR(json_get_str(c, "3.state", ""), "warning");
	}
	json_free(j);
	CHECK_INT(program(&out, named), 4);
	j = json_parse(out.buf, out.len, NULL);
	CHECK_INT(json_size(json_get(j, "hosts")), 1);
	CHECK(json_get(j, "this_machine") == NULL);
	json_free(j);
	CHECK_INT(program(&out, unknown), 2);
	str_release(&out);
	made_end();
}

/* What is asked for is judged before a host is contacted; and no host answers here. */
static void test_renew_words(void)
{
	static const struct {
		const char *words[6];
		int status;
		const char *said;
	} rows[] = {
		{ { "certs", "renew", "cp9" }, 2, "did you mean 'cp1'?" },
		{ { "certs", "renew", "nonsense" }, 2, "certificates are apiserver, apiserver-kubelet-client, front" },
		{ { "certs", "renew", "cp1", "sa.key" }, 2, "has no host 'sa.key', nor is that a certificate" },
		{ { "certs", "renew", "w1", "etcd-peer", "--hosts", "cp1" }, 2,
			"w1 must have its certificates renewed" },
		{ { "certs", "renew", "--hosts", "w1" }, 2, "--hosts excludes all control planes" },
		{ { "certs", "--expiring", "30" }, 2, "--expiring is not an option of 'certs'" },
		{ { "certs", "cp1", "--yes" }, 2, "--yes is not an option of 'certs'" },
		{ { "certs", "renew", "--expiring", "0" }, 2, "--expiring needs a number from 1 to 3650" },
		{ { "certs", "renew", "cp1", "apiserver", "--yes" }, 4, "error: cp1: probe: cannot connect" },
		{ { "certs", "rotate" }, 2, "certs rotate needs CA" },
		{ { "certs", "rotate", "etcd-ca", "ca" }, 2, "certs rotate takes only CA" },
		{ { "certs", "rotate", "etcd" }, 2, "'etcd' is not a CA that can be rotated" },
		{ { "certs", "rotate", "ca", "--yes" }, 4, "error: cp1: probe: cannot connect" },
		{ { "certs", "rotate", "ca", "--force" }, 2, "--force goes with --forget alone" },
		{ { "certs", "rotate", "sa", "--reissue", "--forget" }, 2, "are two steps" },
		{ { "certs", "rotate", "sa", "--forget", "--force", "--yes" }, 4, "error: cp1: probe: cannot connect" },
		{ { "certs", "rotate", "sa", "--force" }, 2, "--force goes with --forget alone" },
		{ { "certs", "renew", "--force" }, 2, "--force is not an option of 'certs renew'" },
		{ { "certs", "rotate", "secrets-key", "--reissue" }, 2, "the key of Secrets is rotated in one run" },
		{ { "certs", "rotate", "secrets-key", "--force" }, 2, "the key of Secrets is rotated in one run" },
		{ { "certs", "rotate", "secrets-key", "--yes" }, 4, "error: cp1: probe: cannot connect" },
		{ { "certs", "rotate", "etcd-ca", "--reissue", "--forget" }, 2, "are two steps" },
		{ { "certs", "rotate", "etcd-ca", "--hosts", "cp1" }, 2, "--hosts is not an option of 'certs rotate'" },
		{ { "certs", "renew", "--reissue" }, 2, "--reissue is not an option of 'certs renew'" },
		{ { "certs", "--check" }, 2, "--check is not an option of 'certs'" },
		/* no host answers, so there is nothing to begin with */
		{ { "certs", "rotate", "front-proxy-ca", "--yes" }, 4, "error: cp1: probe: cannot connect" },
		{ { "certs", "renew", "/etc/kubernetes/admin.conf", "-o", "json" }, 4, "\"certificates\":[]" },
	};
	struct str out = STR_INIT;
	struct error err = { 0 };
	char path[128];

	made_begin();
	snprintf(path, sizeof(path), "%s/kubewright.yaml", made_dir);
	CHECK_INT(file_write(path, text, strlen(text), 0600, &err), 0);
	with_errors = true;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *words[7] = { NULL };
		bool ok;

		memcpy(words, rows[i].words, sizeof(rows[i].words));
		ok = CHECK_INT(program(&out, words), rows[i].status);
		ok = CHECK(strstr(out.buf, rows[i].said)) && ok;
		if (!ok)
			printf("# row %zu: %s\n", i, out.buf);
	}
	with_errors = false;
	str_release(&out);
	made_end();
}

static const struct test tests[] = {
	{ "the table", test_table },
	{ "nothing installed", test_nothing },
	{ "the document", test_json },
	{ "the page of the wizard", test_page },
	{ "this machine's, while no host answers", test_this_machine },
	{ "what renew is asked for", test_renew_words },
};
TEST_MAIN(tests)
