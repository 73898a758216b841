/* The store: what it writes, what it refuses to read, and that it never replaces a key. */
#include "tests/test.h"

#include "base/clock.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "pki/private.h"

#include <stdarg.h>
#include <sys/stat.h>

static const char *const no_secrets[PKI_SECRETS_KEYS];
static char dir[64], store[96];

static void set_up(void)
{
	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(store, sizeof(store), "%s/a/store", dir);
}

__attribute__((format(printf, 1, 2))) static int sh(const char *fmt, ...)
{
	char text[1024], command[1200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(command, sizeof(command), "cd '%s' && { %s; } >/dev/null 2>&1", dir, text);
	return system(command);
}

static void tear_down(void)
{
	sh("rm -rf '%s'", dir);
}

static struct secret words(const char *text)
{
	struct secret s = { 0 };

	secret_set(&s, text, strlen(text));
	return s;
}

static struct pki_store *create(const struct secret *passphrase)
{
	struct error err = { 0 };
	struct pki_store *s = pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, passphrase, &err);

	CHECK_STR(err.what, "");
	return s;
}

/* Opening must fail, with both words in what is said. */
static void refused(const char *what, const char *hint)
{
	struct error err = { 0 };
	struct pki_store *s = pki_store_open(store, NULL, &err);

	CHECK(s == NULL);
	CHECK_INT(err.kind, ERROR_PKI);
	if (!CHECK(strstr(err.what, what) && strstr(err.hint, hint)))
		printf("# %s | %s\n", err.what, err.hint);
	pki_store_free(s);
}

static bool opens(void)
{
	struct error err = { 0 };
	struct pki_store *s = pki_store_open(store, NULL, &err);

	pki_store_free(s);
	return s != NULL;
}

static void test_create_and_open(void)
{
	struct secret none = { 0 };
	struct error err = { 0 };
	struct pki_store *made, *opened;

	set_up();
	CHECK_INT(pki_store_state(store), PKI_STORE_NONE);
	made = create(&none);
	CHECK_INT(pki_store_state(store), PKI_STORE_COMPLETE);
	CHECK(!pki_store_encrypted(store));
	CHECK_INT(sh("test \"$(stat -c %%a a/store a/store/etcd | tr '\\n' ' ')\" = '700 700 '"), 0);
	CHECK_INT(sh("test \"$(find a -name '*.key' -perm 600 | wc -l)\" = 4"), 0);
	CHECK_INT(sh("test \"$(find a -type f | wc -l)\" = 7 && test \"$(ls a)\" = store"), 0);
	opened = pki_store_open(store, NULL, &err);
	CHECK_STR(err.what, "");
	for (int i = PKI_CA_CRT; opened && i <= PKI_SA_PUB; i++)
		CHECK_STR(pki_store_pem(opened, (enum pki_pem)i), pki_store_pem(made, (enum pki_pem)i));
	CHECK(str_starts(pki_store_pem(made, PKI_CA_KEY), "-----BEGIN PRIVATE KEY-----"));
	CHECK(str_starts(pki_store_pem(made, PKI_SA_PUB), "-----BEGIN PUBLIC KEY-----"));
	pki_store_free(made);
	pki_store_free(opened);
	pki_store_free(NULL);
	tear_down();
}

static void test_never_replaces(void)
{
	struct error err = { 0 };
	struct pki_store *s;

	set_up();
	pki_store_free(create(NULL));
	sh("find a -type f | sort | xargs sha256sum >before");
	s = pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	CHECK(s == NULL);
	CHECK_INT(err.kind, ERROR_PKI);
	CHECK(strstr(err.what, "not empty") && strstr(err.hint, "never replaced"));
	CHECK_INT(sh("sha256sum -c before && test \"$(ls a)\" = store"), 0);
	/* half a store is not filled up either, nor is a folder of something else */
	sh("rm a/store/sa.key");
	CHECK(pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err) == NULL);
	sh("rm -r a/store; mkdir a/store; echo mine >a/store/notes");
	CHECK(pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err) == NULL);
	CHECK_INT(sh("test \"$(cat a/store/notes)\" = mine && test \"$(ls a)\" = store"), 0);
	/* an empty one will do, also behind a symlink */
	sh("rm -r a/store; mkdir elsewhere; ln -s ../elsewhere a/store");
	s = create(NULL);
	CHECK(s != NULL);
	CHECK_INT(sh("test -L a/store && test -f elsewhere/etcd/ca.key && test \"$(stat -c %%a elsewhere)\" = 700"), 0);
	pki_store_free(s);
	tear_down();
}

static void test_no_room(void)
{
	struct error err = { 0 };

	set_up();
	sh("echo file >a");
	CHECK(pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err) == NULL);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	tear_down();
}

static void test_partial(void)
{
	set_up();
	refused("no key store", "pki.store");
	pki_store_free(create(NULL));
	sh("mv a/store/etcd/ca.key a/store/sa.key .");
	CHECK_INT(pki_store_state(store), PKI_STORE_PARTIAL);
	refused("incomplete: etcd/ca.key, sa.key missing", "copy");
	sh("mv ca.key a/store/etcd/ca.key; mv sa.key a/store");
	CHECK(opens());
	tear_down();
}

static void test_passphrase(void)
{
	struct secret right = words("correct horse"), wrong = words("correct horsf");
	struct error err = { 0 };
	struct pki_store *made, *opened;

	set_up();
	made = create(&right);
	CHECK(pki_store_encrypted(store));
	CHECK_INT(
		sh("test \"$(grep -l 'BEGIN ENCRYPTED PRIVATE KEY' $(find a -name '*.key') | wc -l)\" = 4 && ! grep -r 'BEGIN PRIVATE KEY' a"),
		0);
	CHECK_INT(
		sh("openssl asn1parse -in a/store/ca.key | grep scrypt && openssl asn1parse -in a/store/sa.key | grep aes-256-cbc"),
		0);
	CHECK_INT(sh("openssl pkey -in a/store/ca.key -passin 'pass:correct horse' -noout"), 0);
	refused("is encrypted", "pki.passphrase");
	CHECK(pki_store_open(store, &wrong, &err) == NULL);
	CHECK_INT(err.kind, ERROR_PKI);
	CHECK(strstr(err.what, code_words(REFUSAL_PASSPHRASE, "passphrase does not open")) && err.hint[0] &&
		!strstr(err.what, "horse"));
	opened = pki_store_open(store, &right, &err);
	CHECK(opened && strcmp(pki_store_pem(opened, PKI_ETCD_CA_KEY), pki_store_pem(made, PKI_ETCD_CA_KEY)) == 0);
	pki_store_free(made);
	pki_store_free(opened);
	secret_release(&right);
	secret_release(&wrong);
	tear_down();
}

static void test_modes(void)
{
	set_up();
	pki_store_free(create(NULL));
	sh("chmod 0640 a/store/sa.key");
	refused("sa.key' has mode 0640", "chmod 600");
	sh("chmod 0400 a/store/*.key; chmod 0444 a/store/*.crt");
	CHECK(opens());
	tear_down();
}

/* A CA of the given dates in place of the store's. */
static void replace_ca(int64_t from, int64_t to, bool is_ca)
{
	static const char *const names[] = { "kubernetes" };
	struct pki_spec spec = {
		.cn = "kubernetes", .ca = is_ca, .sans = names, .san_count = 1, .not_before = from, .not_after = to
	};
	EVP_PKEY *key = pki_key_make(PKI_ECDSA_P256, NULL);
	X509 *cert = pki_cert_make(&spec, key, NULL, NULL);
	struct secret text = { 0 };
	struct error err = { 0 };
	char path[128];

	snprintf(path, sizeof(path), "%s/ca.crt", store);
	CHECK_INT(pki_cert_to_pem(cert, &text, &err) || file_write(path, text.text, text.len, 0644, &err), 0);
	snprintf(path, sizeof(path), "%s/ca.key", store);
	CHECK_INT(pki_key_to_pem(key, NULL, &text, &err) || file_write(path, text.text, text.len, 0600, &err), 0);
	secret_release(&text);
	X509_free(cert);
	EVP_PKEY_free(key);
}

static void test_bad_content(void)
{
	int64_t now = clock_wall_ms() / 1000;

	set_up();
	pki_store_free(create(NULL));
	replace_ca(now - 100, now + 100, true);
	CHECK(opens());
	replace_ca(now - 200, now - 100, true);
	refused("expired", "clock");
	replace_ca(now + 100, now + 200, true);
	refused("valid only from", "clock");
	replace_ca(now - 100, now + 100, false);
	refused("not that of a CA", "");
	replace_ca(now - 100, now + 100, true);
	sh("cp a/store/etcd/ca.key a/store/ca.key");
	refused("ca.key' does not match the certificate", "belong together");
	replace_ca(now - 100, now + 100, true);
	sh("cp a/store/sa.key sa.key; (umask 077; openssl genpkey -algorithm ed25519 -out ed; cat ed >a/store/sa.key)");
	refused("neither an RSA nor an ECDSA key", "kubeadm");
	sh("echo rubbish >a/store/sa.key");
	refused("no readable private key", "");
	sh("cat sa.key >a/store/sa.key; : >a/store/etcd/ca.crt");
	refused("no readable certificate", "");
	sh("head -c 200 a/store/ca.crt >cut; cat cut >a/store/etcd/ca.crt");
	refused("no readable certificate", "");
	tear_down();
}

/* ---- a living cluster's ------------------------------------------------------------------------------------------- */

static void read_all(struct str pem[7])
{
	static const char *const names[] = { "ca.crt", "ca.key", "etcd.crt", "etcd.key", "front.crt", "front.key",
		"sa.key" };
	struct error err = { 0 };

	for (int i = 0; i < 7; i++) {
		char path[128];

		str_init(&pem[i]);
		snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
		if (file_read(path, 1u << 20, &pem[i], &err))
			printf("# %s\n", err.what);
	}
}

/* The forms that kubeadm and people write: PKCS#1, SEC1 with its parameters before it, PKCS#8; CAs made by openssl. */
static void make_foreign(void)
{
	CHECK_INT(
		sh("openssl genrsa -traditional -out ca.key 2048 && openssl ecparam -name prime256v1 -genkey -out etcd.key && "
		   "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out front.key && cp ca.key sa.key && "
		   "for n in ca etcd front; do openssl req -x509 -new -key $n.key -subj /CN=$n-ca -days 30 -addext keyUsage=critical,keyCertSign,digitalSignature -out $n.crt || exit 1; done && "
		   "grep 'BEGIN EC PARAMETERS' etcd.key && grep 'BEGIN RSA PRIVATE KEY' ca.key"),
		0);
}

static void test_import(void)
{
	static const struct pki_node node = { .cluster = "c",
		.name = "cp2",
		.address = "10.0.0.12",
		.endpoint = "10.0.0.100",
		.port = 6443,
		.bind_port = 6443,
		.service_ip = "10.96.0.1",
		.dns_domain = "cluster.local",
		.admin_org = "system:masters",
		.days = 20 };
	struct secret passphrase = words("a passphrase");
	struct error err = { 0 };
	struct pki_files files = { 0 };
	struct pki_store *s, *again;
	const char *texts[8] = { NULL };
	const char *const secrets[] = { "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=", NULL };
	const char *const nonsense[] = { "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5", NULL };
	struct str pem[7];

	set_up();
	make_foreign();
	read_all(pem);
	for (int i = 0; i < 7; i++)
		texts[i] = pem[i].buf;
	/* all of it or nothing */
	CHECK(pki_store_import(store, texts, nonsense, &passphrase, &err) == NULL);
	CHECK(strstr(err.what, "key of Secrets") != NULL);
	CHECK_INT(pki_store_state(store), PKI_STORE_NONE);
	memset(&err, 0, sizeof(err));
	s = pki_store_import(store, texts, secrets, &passphrase, &err);
	CHECK_STR(err.what, "");
	CHECK(s && pki_same_key(pki_store_pem(s, PKI_CA_CRT), texts[0]));
	CHECK(s && str_starts(pki_store_pem(s, PKI_CA_KEY), "-----BEGIN PRIVATE KEY-----"));
	CHECK(pki_store_encrypted(store));
	CHECK_INT(sh("openssl pkey -in sa.key -pubout -out want"), 0);
	again = pki_store_open(store, &passphrase, &err);
	CHECK_STR(err.what, "");
	CHECK(again && pki_store_secrets_key(again, 0) && !pki_store_secrets_key(again, 1));
	CHECK_STR(again ? pki_store_secrets_key(again, 0)->base64 : "", secrets[0]);
	CHECK(again && pki_control_plane_files(again, &node, &files, &err) == 0);
	pki_files_release(&files);
	/* once there is one, no other is put in its place */
	CHECK(pki_store_import(store, texts, no_secrets, NULL, &err) == NULL);
	/* a pair that does not match never becomes a store */
	sh("rm -rf a");
	texts[3] = pem[5].buf;
	memset(&err, 0, sizeof(err));
	CHECK(pki_store_import(store, texts, no_secrets, NULL, &err) == NULL);
	CHECK(strstr(err.what, "does not match the certificate in 'etcd/ca.crt'") != NULL);
	CHECK_INT(pki_store_state(store), PKI_STORE_NONE);
	for (int i = 0; i < 7; i++)
		str_wipe(&pem[i]);
	pki_store_free(s);
	pki_store_free(again);
	secret_release(&passphrase);
	tear_down();
}

static bool same(const char *a, const char *b)
{
	struct str x = STR_INIT, y = STR_INIT;
	struct error err = { 0 };
	char path[160];
	bool is;

	snprintf(path, sizeof(path), "%s/%s", dir, a);
	CHECK_INT(file_read(path, 1 << 20, &x, &err), 0);
	snprintf(path, sizeof(path), "%s/%s", dir, b);
	CHECK_INT(file_read(path, 1 << 20, &y, &err), 0);
	is = pki_same_key(x.buf, y.buf);
	str_release(&x);
	str_release(&y);
	return is;
}

/* Clusters of one company have the same root, and are others; one whose CA is rotated is the same one in each phase. */
static void test_same_cluster(void)
{
	set_up();
	CHECK_INT(
		sh("for i in root old new; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $i.key -out $i.crt -subj /CN=$i -days 9; done"),
		0);
	CHECK_INT(
		sh("for i in a b; do openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $i.key -out $i.csr -subj /CN=mid && "
		   "openssl x509 -req -in $i.csr -CA root.crt -CAkey root.key -days 9 -out $i.one && cat $i.one root.crt >$i.crt; done; cat new.crt old.crt >both.crt"),
		0);
	CHECK(same("a.crt", "a.crt") && same("a.crt", "a.one"));
	CHECK(!same("a.crt", "b.crt") && !same("a.crt", "b.one") && !same("a.crt", "root.crt"));
	CHECK(same("both.crt", "old.crt") && same("both.crt", "new.crt") && same("old.crt", "both.crt"));
	CHECK(!same("old.crt", "new.crt"));
	tear_down();
}

/* An intermediate as the cluster's CA, its root behind it in the same file; and a CA from before key identifiers. */
static void test_bundle_and_old_ca(void)
{
	struct error err = { 0 };
	struct secret cert = { 0 }, key = { 0 };
	const char *texts[8] = { NULL };
	struct pki_store *s;
	struct str pem[7];

	set_up();
	make_foreign();
	CHECK_INT(
		sh("mv ca.crt root.crt; mv ca.key root.key; openssl ecparam -name prime256v1 -genkey -noout -out ca.key && openssl req -new -key ca.key -subj /CN=mid -out mid.csr && "
		   "printf 'basicConstraints=critical,CA:TRUE\\nkeyUsage=critical,keyCertSign\\nsubjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid' >ext && "
		   "openssl x509 -req -in mid.csr -CA root.crt -CAkey root.key -days 20 -extfile ext -out mid.crt && cat mid.crt root.crt >ca.crt && "
		   "openssl req -x509 -new -key etcd.key -subj /CN=old -days 20 -addext subjectKeyIdentifier=none -addext authorityKeyIdentifier=none -out etcd.crt"),
		0);
	read_all(pem);
	for (int i = 0; i < 7; i++)
		texts[i] = pem[i].buf;
	s = pki_store_import(store, texts, no_secrets, NULL, &err);
	CHECK_STR(err.what, "");
	CHECK_INT(sh("test \"$(grep -c BEGIN a/store/ca.crt)\" = 2"), 0);
	for (int i = 0; s && i < 2; i++) {
		enum pki_issuer issuer = i ? PKI_ISSUER_ETCD : PKI_ISSUER_CLUSTER;

		CHECK_INT(pki_client_certificate(s, issuer, "kubewright", NULL, 60, &cert, &key, &err), 0);
		CHECK_STR(err.what, "");
		CHECK_INT(pki_cert_verify(cert.text ? cert.text : "", cert.len,
				  pki_store_pem(s, i ? PKI_ETCD_CA_CRT : PKI_CA_CRT), false, NULL, 0, &err),
			0);
		secret_release(&cert);
		secret_release(&key);
	}
	for (int i = 0; i < 7; i++)
		str_wipe(&pem[i]);
	pki_store_free(s);
	tear_down();
}

/* Leaves whose time is over, or not yet there. */
static void test_leaf_dates(void)
{
	int64_t now = clock_wall_ms() / 1000;
	struct pki_spec spec = { .cn = "x", .client = true, .not_before = now - 1000, .not_after = now - 10 };
	struct error err = { 0 };
	struct pki_pair pair = { 0 };
	struct secret pem = { 0 };
	EVP_PKEY *key;
	X509 *cert;
	struct pki_store *s;

	set_up();
	s = create(NULL);
	CHECK_INT(pki_leaf_make(&spec, &s->ca[PKI_CA_CLUSTER], &pair, &err), -1);
	CHECK(strstr(err.what, "expired") != NULL);
	key = pki_key_make(PKI_ECDSA_P256, NULL);
	cert = pki_cert_make(&spec, key, &s->ca[PKI_CA_CLUSTER], &err);
	CHECK_INT(pki_cert_to_pem(cert, &pem, &err), 0);
	CHECK_INT(pki_cert_verify(pem.text, pem.len, pki_store_pem(s, PKI_CA_CRT), false, NULL, 0, &err), -1);
	CHECK(strstr(err.what, "expired") != NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
	secret_release(&pem);
	pki_store_free(s);
	tear_down();
}

static const struct test tests[] = {
	{ "made and opened", test_create_and_open },
	{ "never replaces anything", test_never_replaces },
	{ "no place to write", test_no_room },
	{ "partial", test_partial },
	{ "passphrase", test_passphrase },
	{ "modes", test_modes },
	{ "wrong content", test_bad_content },
	{ "import of a living cluster's", test_import },
	{ "bundles, and CAs without key identifiers", test_bundle_and_old_ca },
	{ "leaves out of time", test_leaf_dates },
	{ "which cluster a CA is of", test_same_cluster },
};

TEST_MAIN(tests)
