/* pki/ as the tools of others see it: OpenSSL checks what a control plane gets, kubectl reads the kubeconfigs. Values are compared, not how a release of
 * openssl(1) prints them. */
#include "tests/test.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "pki/pki.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdarg.h>
#include <sys/stat.h>

static char dir[64];

static void set_up(void)
{
	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
}

/* Runs a shell command in dir; its output goes to out (may be NULL). */
__attribute__((format(printf, 2, 3))) static int sh(struct str *out, const char *fmt, ...)
{
	struct str command = STR_INIT;
	char text[2048], buf[4096];
	va_list ap;
	size_t n;
	FILE *p;
	int rc;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	str_addf(&command, "cd '%s' && { %s; } 2>&1", dir, text);
	p = popen(command.buf, "r");
	if (out)
		str_clear(out);
	while ((n = fread(buf, 1, sizeof(buf), p)) > 0)
		if (out)
			str_addn(out, buf, n);
	rc = pclose(p);
	str_release(&command);
	return rc;
}

static void tear_down(void)
{
	sh(NULL, "rm -rf '%s'", dir);
}

static const char *in(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

static struct pki_store *create(enum pki_key_type type, enum pki_key_type sa_type)
{
	struct error err = { 0 };
	struct pki_store *s = pki_store_create(in("store"), type, sa_type, NULL, &err);

	if (!s) {
		printf("# %s\n", err.what);
		exit(2);
	}
	return s;
}

static const char *const more[] = { "127.0.0.1", "localhost", "10.0.0.12", "cp2" };
static const struct pki_node node = { .cluster = "rack7",
	.name = "cp1",
	.address = "10.0.0.11",
	.endpoint = "api.example.com",
	.port = 8443,
	.bind_port = 6443,
	.service_ip = "10.96.0.1",
	.dns_domain = "cluster.local",
	.more_sans = more,
	.more_san_count = 4,
	.admin_org = "kubeadm:cluster-admins",
	.super_admin = true,
	.days = 365 };

/* Writes the files below dir, as a control plane would have them. */
static void place(const struct pki_files *f)
{
	for (size_t i = 0; i < f->count; i++) {
		struct error err = { 0 };
		char path[256], *slash;

		snprintf(path, sizeof(path), "%s%s", dir, f->list[i].path);
		slash = strrchr(path, '/');
		*slash = '\0';
		file_mkdirs(path, 0755, &err);
		*slash = '/';
		if (file_write(path, f->list[i].content.text, f->list[i].content.len, f->list[i].mode, &err))
			exit(2);
	}
}

static void make_and_place(const struct pki_store *s, const struct pki_node *n, size_t count)
{
	struct pki_files f = { 0 };
	struct error err = { 0 };

	CHECK_INT(pki_control_plane_files(s, n, &f, &err), 0);
	CHECK_STR(err.what, "");
	CHECK_INT(f.count, count);
	place(&f);
	pki_files_release(&f);
}

/* The certificate in a file below dir; the caller frees it. */
static X509 *read_cert(const char *path)
{
	FILE *f = fopen(in(path), "re");
	X509 *x = f ? PEM_read_X509(f, NULL, NULL, NULL) : NULL;

	if (f)
		fclose(f);
	if (!x)
		exit(2);
	return x;
}

/* Whether a file below dir holds an RSA key of 2048 bits. */
static bool is_rsa_2048(const char *path)
{
	FILE *f = fopen(in(path), "re");
	EVP_PKEY *key = f ? PEM_read_PrivateKey(f, NULL, NULL, NULL) : NULL;
	bool is = key && EVP_PKEY_is_a(key, "RSA") && EVP_PKEY_get_bits(key) == 2048;

	if (f)
		fclose(f);
	EVP_PKEY_free(key);
	return is;
}

/* The usages and whether it is a CA, and that both are marked critical. */
static void check_usage(const char *path, uint32_t usage, bool is_ca)
{
	static const int critical[] = { NID_key_usage, NID_basic_constraints };
	X509 *x = read_cert(path);

	CHECK_INT(X509_get_key_usage(x), usage);
	CHECK_INT(X509_check_ca(x), is_ca);
	for (int i = 0; i < 2; i++)
		CHECK(X509_EXTENSION_get_critical(X509_get_ext(x, X509_get_ext_by_NID(x, critical[i], -1))));
	X509_free(x);
}

/* Whether a certificate is for a host or an address. */
static bool is_for(X509 *x, const char *name)
{
	return X509_check_host(x, name, 0, 0, NULL) == 1 || X509_check_ip_asc(x, name, 0) == 1;
}

/* That a certificate is for these names and addresses, and for no other. */
static void check_names(const char *path, const char *const *names, int count)
{
	X509 *x = read_cert(path);
	GENERAL_NAMES *all = X509_get_ext_d2i(x, NID_subject_alt_name, NULL, NULL);

	CHECK_INT(sk_GENERAL_NAME_num(all), count);
	for (int i = 0; i < count; i++)
		CHECK(is_for(x, names[i]));
	GENERAL_NAMES_free(all);
	X509_free(x);
}

/* ---- what a control plane gets ------------------------------------------------------------------------------------- */

static const struct {
	const char *file, *ca, *subject;
	bool server, client;
} leaves[] = {
	{ "apiserver", "ca", "CN=kube-apiserver", true, false },
	{ "apiserver-kubelet-client", "ca", "CN=kube-apiserver-kubelet-client", false, true },
	{ "front-proxy-client", "front-proxy-ca", "CN=front-proxy-client", false, true },
	{ "apiserver-etcd-client", "etcd/ca", "CN=kube-apiserver-etcd-client", false, true },
	{ "etcd/server", "etcd/ca", "CN=cp1", true, true },
	{ "etcd/peer", "etcd/ca", "CN=cp1", true, true },
	{ "etcd/healthcheck-client", "etcd/ca", "CN=kube-etcd-healthcheck-client", false, true },
};

static void check_leaf(size_t i)
{
	const char *f = leaves[i].file;
	struct str out = STR_INIT;
	char path[96];

	CHECK_INT(
		sh(&out, "cd etc/kubernetes/pki; openssl verify -x509_strict -CAfile %s.crt -purpose sslserver %s.crt",
			leaves[i].ca, f) == 0,
		leaves[i].server);
	CHECK_INT(
		sh(&out, "cd etc/kubernetes/pki; openssl verify -x509_strict -CAfile %s.crt -purpose sslclient %s.crt",
			leaves[i].ca, f) == 0,
		leaves[i].client);
	sh(&out, "openssl x509 -in etc/kubernetes/pki/%s.crt -noout -subject -nameopt RFC2253", f);
	out.buf[strcspn(out.buf, "\n")] = '\0';
	CHECK_STR(out.buf + strlen("subject="), leaves[i].subject);
	CHECK_INT(
		sh(NULL,
			"test \"$(openssl x509 -in etc/kubernetes/pki/%s.crt -noout -pubkey)\" = \"$(openssl pkey -in etc/kubernetes/pki/%s.key -pubout)\"",
			f, f),
		0);
	snprintf(path, sizeof(path), "etc/kubernetes/pki/%s.crt", f);
	check_usage(path, KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT, false);
	str_release(&out);
}

static void test_control_plane(void)
{
	static const char *const covered[] = { "cp1", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
		"kubernetes.default.svc.cluster.local", "10.96.0.1", "10.0.0.11", "api.example.com", "127.0.0.1",
		"localhost", "10.0.0.12", "cp2" };
	static const char *const peers[] = { "cp1", "localhost", "10.0.0.11", "127.0.0.1", "::1" };
	static const char *const own[] = { "kubernetes" };
	struct pki_store *s;
	struct str out = STR_INIT;

	set_up();
	s = create(PKI_ECDSA_P256, PKI_ECDSA_P256);
	make_and_place(s, &node, 26);
	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		check_leaf(i);
	check_names("etc/kubernetes/pki/apiserver.crt", covered, 12);
	check_names("etc/kubernetes/pki/etcd/peer.crt", peers, 5);
	sh(&out,
		"find etc -name '*.crt' -perm 0644 | wc -l; find etc -type f ! -name '*.crt' -perm 0600 | wc -l; find etc -type f | wc -l");
	CHECK_STR(out.buf, "10\n16\n26\n");
	/* each key is another one */
	sh(&out,
		"for k in $(find etc -name '*.key'); do openssl pkey -in $k -pubout | sha256sum; done | sort -u | wc -l");
	CHECK_STR(out.buf, "11\n");
	CHECK_INT(sh(NULL, "openssl pkey -in etc/kubernetes/pki/sa.key -pubout | cmp - etc/kubernetes/pki/sa.pub"), 0);
	CHECK_INT(sh(NULL, "cmp etc/kubernetes/pki/etcd/ca.key store/etcd/ca.key"), 0);
	sh(&out, "openssl x509 -in etc/kubernetes/pki/ca.crt -noout -subject -nameopt RFC2253");
	CHECK_STR(out.buf, "subject=CN=kubernetes\n");
	check_usage("etc/kubernetes/pki/ca.crt", KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT | KU_KEY_CERT_SIGN, true);
	check_names("etc/kubernetes/pki/ca.crt", own, 1);
	pki_store_free(s);
	str_release(&out);
	tear_down();
}

/* kubernetes 1.20: sa.key is RSA, the administrators are system:masters; an RSA CA has RSA leaves. */
static void test_old_release(void)
{
	struct pki_node n = node;
	struct pki_store *s;
	struct secret cert = { 0 }, key = { 0 };
	struct str out = STR_INIT;
	struct error err = { 0 };

	set_up();
	s = create(PKI_ECDSA_P256, PKI_RSA_2048);
	n.admin_org = n.kubelet_client_org = "system:masters";
	n.super_admin = false;
	make_and_place(s, &n, 25);
	CHECK(is_rsa_2048("etc/kubernetes/pki/sa.key"));
	sh(&out, "openssl x509 -in etc/kubernetes/pki/apiserver-kubelet-client.crt -noout -subject -nameopt RFC2253");
	CHECK_STR(out.buf, "subject=CN=kube-apiserver-kubelet-client,O=system:masters\n");
	pki_store_free(s);
	sh(NULL, "rm -rf store etc");
	s = create(PKI_RSA_2048, PKI_RSA_2048);
	/* one leaf will do: RSA keys take their time */
	CHECK_INT(pki_client_certificate(s, PKI_ISSUER_CLUSTER, "x", NULL, 60, &cert, &key, &err), 0);
	CHECK_INT(file_write(in("x.key"), key.text, key.len, 0600, &err) ||
			  file_write(in("x.crt"), cert.text, cert.len, 0644, &err),
		0);
	CHECK(is_rsa_2048("x.key"));
	CHECK_INT(sh(NULL, "openssl verify -x509_strict -CAfile store/ca.crt -purpose sslclient x.crt"), 0);
	secret_release(&cert);
	secret_release(&key);
	pki_store_free(s);
	str_release(&out);
	tear_down();
}

static void *make_in_thread(void *ctx)
{
	struct pki_files f = { 0 };
	struct error err = { 0 };

	for (int i = 0; i < 3; i++) {
		CHECK_INT(pki_control_plane_files(ctx, &node, &f, &err), 0);
		pki_files_release(&f);
	}
	return NULL;
}

static void test_time_and_threads(void)
{
	pthread_t thread[3];
	struct pki_store *s;
	int64_t start;

	set_up();
	start = clock_mono_ms();
	s = create(PKI_ECDSA_P256, PKI_ECDSA_P256);
	make_in_thread(s);
	printf("# PKI for three control planes: %lld ms\n", (long long)(clock_mono_ms() - start));
	for (int i = 0; i < 3; i++)
		pthread_create(&thread[i], NULL, make_in_thread, s);
	for (int i = 0; i < 3; i++)
		pthread_join(thread[i], NULL);
	pki_store_free(s);
	tear_down();
}

/* ---- kubeconfigs --------------------------------------------------------------------------------------------------- */

static void check_kubeconfig(const char *file, const char *server, const char *subject)
{
	struct str out = STR_INIT;

	sh(&out, "sed -n 's/^    server: //p' etc/kubernetes/%s", file);
	out.buf[strcspn(out.buf, "\n")] = '\0';
	CHECK_STR(out.buf, server);
	sh(&out,
		"sed -n 's/^    client-certificate-data: //p' etc/kubernetes/%s | base64 -d >c.crt; "
		"sed -n 's/^    certificate-authority-data: //p' etc/kubernetes/%s | base64 -d | cmp - store/ca.crt; "
		"openssl verify -x509_strict -CAfile store/ca.crt -purpose sslclient c.crt; openssl x509 -in c.crt -noout -subject -nameopt RFC2253",
		file, file);
	CHECK(str_starts(out.buf, "c.crt: OK\nsubject="));
	out.buf[strlen(out.buf) - 1] = '\0';
	CHECK_STR(out.buf + strlen("c.crt: OK\nsubject="), subject);
	CHECK_INT(
		sh(NULL,
			"test \"$(sed -n 's/^    client-key-data: //p' etc/kubernetes/%s | base64 -d | openssl pkey -pubout)\" = \"$(openssl x509 -in c.crt -noout -pubkey)\"",
			file),
		0);
	str_release(&out);
}

static void test_kubeconfigs(void)
{
	struct pki_node n = node;
	struct pki_store *s;
	struct str out = STR_INIT;

	set_up();
	s = create(PKI_ECDSA_P256, PKI_ECDSA_P256);
	make_and_place(s, &node, 26);
	check_kubeconfig("admin.conf", "https://api.example.com:8443", "CN=kubernetes-admin,O=kubeadm:cluster-admins");
	check_kubeconfig(
		"super-admin.conf", "https://api.example.com:8443", "CN=kubernetes-super-admin,O=system:masters");
	check_kubeconfig("controller-manager.conf", "https://10.0.0.11:6443", "CN=system:kube-controller-manager");
	check_kubeconfig("scheduler.conf", "https://10.0.0.11:6443", "CN=system:kube-scheduler");
	sh(&out, "grep -v -e -data: etc/kubernetes/admin.conf");
	CHECK_STR(out.buf,
		"apiVersion: v1\nclusters:\n- cluster:\n    server: https://api.example.com:8443\n  name: rack7\ncontexts:\n- context:\n"
		"    cluster: rack7\n    user: kubernetes-admin\n  name: kubernetes-admin@rack7\ncurrent-context: kubernetes-admin@rack7\n"
		"kind: Config\npreferences: {}\nusers:\n- name: kubernetes-admin\n  user:\n");
	/* names that YAML would take for something else */
	n.cluster = "1.20";
	n.endpoint = n.address = "fd00::1";
	make_and_place(s, &n, 26);
	CHECK_INT(sh(NULL, "grep -x \"    cluster: '1.20'\" etc/kubernetes/admin.conf"), 0);
	CHECK_INT(sh(NULL, "grep -xF '    server: '\\''https://[fd00::1]:8443'\\' etc/kubernetes/admin.conf"), 0);
	if (sh(NULL, "command -v kubectl") == 0) {
		CHECK_INT(
			sh(&out,
				"kubectl --kubeconfig etc/kubernetes/admin.conf config view -o jsonpath='{.clusters[0].name} {.clusters[0].cluster.server} {.current-context}'"),
			0);
		CHECK_STR(out.buf, "1.20 https://[fd00::1]:8443 kubernetes-admin@1.20");
	}
	pki_store_free(s);
	str_release(&out);
	tear_down();
}

static void test_own_kubeconfig(void)
{
	struct secret text = { 0 };
	struct error err = { 0 };
	struct pki_store *s;

	set_up();
	s = create(PKI_ECDSA_P256, PKI_ECDSA_P256);
	CHECK_INT(pki_kubeconfig(s, "on", "https://10.0.0.100:6443", "it's me", "team", 30, &text, &err), 0);
	CHECK(strstr(text.text, "  name: 'on'\n") && strstr(text.text, "current-context: 'it''s me@on'\n") &&
		strstr(text.text, "- name: 'it''s me'\n"));
	secret_release(&text);
	pki_store_free(s);
	tear_down();
}

/* ---- looking and verifying ----------------------------------------------------------------------------------------- */

static void test_client_certificate(void)
{
	struct secret cert = { 0 }, key = { 0 };
	struct error err = { 0 };
	struct pki_cert_info info;
	struct pki_store *s;
	int64_t now = clock_wall_ms() / 1000;
	struct str out = STR_INIT;
	char pin[72];

	set_up();
	s = create(PKI_ECDSA_P256, PKI_ECDSA_P256);
	CHECK_INT(
		pki_client_certificate(s, PKI_ISSUER_CLUSTER, "kubewright", "system:masters", 3600, &cert, &key, &err),
		0);
	CHECK_INT(pki_cert_info(cert.text, cert.len, &info, &err), 0);
	CHECK_STR(info.subject_cn, "kubewright");
	CHECK_STR(info.subject_o, "system:masters");
	CHECK_STR(info.issuer_cn, "kubernetes");
	CHECK(!info.is_ca);
	CHECK(info.not_before >= now - 310 && info.not_before <= now - 290);
	CHECK(info.not_after >= now + 3600 && info.not_after <= now + 3610);
	CHECK_INT(pki_cert_verify(cert.text, cert.len, pki_store_pem(s, PKI_CA_CRT), false, NULL, 0, &err), 0);
	CHECK_INT(pki_cert_verify(cert.text, cert.len, pki_store_pem(s, PKI_ETCD_CA_CRT), false, NULL, 0, &err), -1);
	CHECK_INT(err.kind, ERROR_PKI);
	CHECK_INT(pki_cert_verify(cert.text, cert.len, pki_store_pem(s, PKI_CA_CRT), true, NULL, 0, &err), -1);
	CHECK(strstr(err.what, "purpose") != NULL);
	CHECK(pki_same_key(pki_store_pem(s, PKI_CA_CRT), pki_store_pem(s, PKI_CA_CRT)));
	CHECK(!pki_same_key(pki_store_pem(s, PKI_CA_CRT), pki_store_pem(s, PKI_ETCD_CA_CRT)));
	CHECK(!pki_same_key(NULL, pki_store_pem(s, PKI_CA_CRT)) &&
		!pki_same_key("rubbish", pki_store_pem(s, PKI_CA_CRT)));
	secret_release(&cert);
	secret_release(&key);
	CHECK_INT(pki_client_certificate(s, PKI_ISSUER_ETCD, "kubewright", NULL, 60, &cert, &key, &err), 0);
	CHECK_INT(pki_cert_verify(cert.text, cert.len, pki_store_pem(s, PKI_ETCD_CA_CRT), false, NULL, 0, &err), 0);
	secret_release(&cert);
	secret_release(&key);
	/* the pin by kubeadm's documented pipeline */
	pki_store_pin(s, pin, sizeof(pin));
	sh(&out,
		"openssl x509 -in store/ca.crt -noout -pubkey | openssl pkey -pubin -outform der | sha256sum | cut -d ' ' -f 1 | tr -d '\\n'");
	CHECK(str_starts(pin, "sha256:"));
	CHECK_STR(pin + 7, out.buf);
	CHECK_INT(pki_cert_info(pki_store_pem(s, PKI_CA_CRT), strlen(pki_store_pem(s, PKI_CA_CRT)), &info, &err), 0);
	CHECK(info.is_ca);
	CHECK_STR(info.pin, pin);
	CHECK(info.not_after - info.not_before > INT64_C(3649) * 86400);
	sh(&out, "openssl x509 -in store/ca.crt -outform der | sha256sum | cut -d ' ' -f 1 | tr -d '\\n'");
	CHECK_STR(info.sha256, out.buf);
	pki_store_free(s);
	str_release(&out);
	tear_down();
}

static void test_bad_names(void)
{
	static const char *const bad[] = { "", "a b", "x,DNS:evil.example", "x\ny", "10.0.0.0/8", "h\303\266st" };
	struct pki_node n = node;
	struct pki_files f = { 0 };
	struct error err = { 0 };
	char longest[66];
	struct pki_store *s;

	set_up();
	s = create(PKI_ECDSA_P256, PKI_ECDSA_P256);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(&err, 0, sizeof(err));
		n.endpoint = bad[i];
		CHECK_INT(pki_control_plane_files(s, &n, &f, &err), -1);
		CHECK_INT(err.kind, ERROR_PKI);
	}
	CHECK(f.list == NULL);
	n = node;
	memset(longest, 'n', sizeof(longest));
	longest[65] = '\0';
	n.name = longest;
	CHECK_INT(pki_control_plane_files(s, &n, &f, &err), -1);
	longest[64] = '\0';
	CHECK_INT(pki_control_plane_files(s, &n, &f, &err), 0);
	pki_files_release(&f);
	/* never longer than its CA */
	n.days = 36500;
	make_and_place(s, &n, 26);
	CHECK_INT(
		sh(NULL,
			"test \"$(openssl x509 -in store/ca.crt -noout -enddate)\" = \"$(openssl x509 -in etc/kubernetes/pki/apiserver.crt -noout -enddate)\""),
		0);
	pki_store_free(s);
	tear_down();
}

static void test_digest(void)
{
	char sum[65];

	pki_sha256_hex("", 0, sum);
	CHECK_STR(sum, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	pki_sha256_hex("abc", 3, sum);
	CHECK_STR(sum, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	CHECK_INT(pki_key_type_parse("ecdsa-p256"), PKI_ECDSA_P256);
	CHECK_INT(pki_key_type_parse("rsa-4096"), PKI_RSA_4096);
	CHECK_INT(pki_key_type_parse("ed25519"), -1);
	CHECK(str_starts(pki_library(), "OpenSSL "));
}

static const struct test tests[] = {
	{ "what a control plane gets", test_control_plane },
	{ "RSA where a release wants it", test_old_release },
	{ "three control planes, and by several threads", test_time_and_threads },
	{ "kubeconfigs in kubeadm's shape", test_kubeconfigs },
	{ "a kubeconfig for people", test_own_kubeconfig },
	{ "client certificates, pins, verification", test_client_certificate },
	{ "names that no certificate can have", test_bad_names },
	{ "digests and words", test_digest },
};

TEST_MAIN(tests)
