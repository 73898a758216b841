/* CAs that a company's CA signs: requests of keys that stay here, and what comes back, right and wrong. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "pki/private.h"
#include "pki/subordinate.h"
#include "tests/unit/weak_keys.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY 86400

static char dir[64], place[96];
static struct secret passphrase, request[PKI_ISSUERS];
static struct pki_pair root, middle;

/* What a CA is made with; NULL: as it should be. */
struct terms {
	const char *basic, *usage, *extended, *names;
	int64_t from, to; /* days from now */
	EVP_PKEY *key;    /* another one */
	const char *cn;
};

static bool extend(X509 *x, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *e;
	bool ok;

	X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
	X509V3_set_ctx_nodb(&ctx);
	e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = e && X509_add_ext(x, e, -1);
	X509_EXTENSION_free(e);
	return ok;
}

static X509 *make(const struct terms *t, EVP_PKEY *key, const struct pki_pair *issuer)
{
	static long serial = 1;
	time_t now = time(NULL), from = now + t->from * DAY, to = now + (t->to ? t->to : 30) * DAY;
	X509 *x = X509_new();
	X509_NAME *name = X509_get_subject_name(x);

	X509_set_version(x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
	X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, (const unsigned char *)t->cn, -1, -1, 0);
	X509_time_adj_ex(X509_getm_notBefore(x), 0, 0, &from);
	X509_time_adj_ex(X509_getm_notAfter(x), 0, 0, &to);
	X509_set_pubkey(x, key);
	X509_set_issuer_name(x, issuer ? X509_get_subject_name(issuer->cert) : name);
	CHECK(extend(x, issuer ? issuer->cert : x, NID_basic_constraints, t->basic ? t->basic : "critical,CA:TRUE"));
	CHECK(extend(x, issuer ? issuer->cert : x, NID_key_usage,
		t->usage ? t->usage : "critical,digitalSignature,keyCertSign,cRLSign"));
	CHECK(extend(x, issuer ? issuer->cert : x, NID_subject_key_identifier, "hash"));
	CHECK(extend(x, issuer ? issuer->cert : x, NID_authority_key_identifier, "keyid:always"));
	if (t->extended)
		CHECK(extend(x, NULL, NID_ext_key_usage, t->extended));
	if (t->names)
		CHECK(extend(x, NULL, NID_name_constraints, t->names));
	CHECK(X509_sign(x, issuer ? issuer->key : key, EVP_sha256()) > 0);
	return x;
}

static void make_pair(const struct terms *t, const struct pki_pair *issuer, struct pki_pair *out)
{
	struct error err = { 0 };

	out->key = pki_key_make(PKI_ECDSA_P256, &err);
	out->cert = make(t, out->key, issuer);
}

static void add_pem(X509 *cert, struct str *out)
{
	struct secret pem = { 0 };
	struct error err = { 0 };

	CHECK_INT(pki_cert_to_pem(cert, &pem, &err), 0);
	str_addn(out, pem.text, pem.len);
	secret_release(&pem);
}

/* What the company makes of a request. */
static void sign(int ca, const struct terms *t, const struct pki_pair *issuer, struct str *out)
{
	static const char *const names[] = { "c7 kubernetes", "c7 etcd", "c7 front proxy" };
	struct error err = { 0 };
	X509_REQ *req = pki_request_from_pem(request[ca].text, request[ca].len, &err);
	struct terms all = *t;
	X509 *x;

	if (!CHECK(req != NULL))
		exit(1);
	all.cn = names[ca];
	x = make(&all, t->key ? t->key : X509_REQ_get0_pubkey(req), issuer);
	add_pem(x, out);
	X509_free(x);
	X509_REQ_free(req);
}

static void begin_with(const struct terms *root_terms)
{
	struct terms below = { .cn = "Company Issuing" };
	struct error err = { 0 };

	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(place, sizeof(place), "%s/store", dir);
	secret_set(&passphrase, "correct horse", 13);
	make_pair(root_terms, NULL, &root);
	make_pair(&below, &root, &middle);
	if (!CHECK_INT(pki_subordinate_begin(place, PKI_ECDSA_P256, PKI_ECDSA_P256, &passphrase, &err), 0))
		exit(1);
	CHECK_INT(pki_subordinate_requests(place, &passphrase, "c7", request, &err), 0);
}

static void begin(void)
{
	begin_with(&(struct terms){ .cn = "Company Root" });
}

static void end(void)
{
	char command[96];

	pki_pair_release(&root);
	pki_pair_release(&middle);
	for (int i = 0; i < PKI_ISSUERS; i++)
		secret_release(&request[i]);
	secret_release(&passphrase);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_INT(system(command), 0);
}

/* One file. */
static int import(const struct str *text, bool *changed, struct error *err)
{
	struct pki_signed file = { "FILE", text->buf, text->len };
	struct pki_above above[PKI_ISSUERS];

	memset(err, 0, sizeof(*err));
	return pki_subordinate_complete(place, &passphrase, &file, 1, above, changed, err);
}

static void add_all(struct str *text, const struct pki_pair *issuer)
{
	for (int i = 0; i < PKI_ISSUERS; i++)
		sign(i, &(struct terms){ .cn = "" }, issuer, text);
}

static void test_requests(void)
{
	static const char *const cns[] = { "kubernetes", "etcd-ca", "front-proxy-ca" };
	struct secret again[PKI_ISSUERS] = { { 0 } }, wrong = { 0 };
	struct error err = { 0 };
	struct pki_store *s;
	char other[96];

	begin();
	CHECK(pki_subordinate_waits(place) && pki_store_encrypted(place));
	CHECK_INT(pki_subordinate_requests(place, &passphrase, "c7", again, &err), 0);
	for (int i = 0; i < PKI_ISSUERS; i++) {
		struct arena arena = { 0 };
		struct pki_request r;
		X509_REQ *a = pki_request_from_pem(request[i].text, request[i].len, &err);
		X509_REQ *b = pki_request_from_pem(again[i].text, again[i].len, &err);
		STACK_OF(X509_EXTENSION) *list = X509_REQ_get_extensions(a);

		CHECK(X509_REQ_verify(a, X509_REQ_get0_pubkey(a)) == 1);
		CHECK(EVP_PKEY_eq(X509_REQ_get0_pubkey(a), X509_REQ_get0_pubkey(b)) == 1);
		CHECK_INT(sk_X509_EXTENSION_num(list), 2);
		CHECK_INT(pki_request_read(request[i].text, request[i].len, &arena, &r, &err), 0);
		CHECK_STR(r.cn, cns[i]);
		CHECK(r.org_count == 1 && strcmp(r.orgs[0], "c7") == 0);
		CHECK(!strstr(request[i].text, "PRIVATE"));
		sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
		arena_release(&arena);
		X509_REQ_free(a);
		X509_REQ_free(b);
		secret_release(&again[i]);
	}
	secret_set(&wrong, "correct horsf", 13);
	CHECK_INT(pki_subordinate_requests(place, &wrong, "c7", again, &err), -1);
	CHECK_INT(err.kind, ERROR_PKI);
	secret_release(&wrong);
	/* nobody else takes it, and its keys are not made twice */
	CHECK(pki_store_open(place, &passphrase, &err) == NULL);
	CHECK(strstr(err.what, "waits for the certificates") && strstr(err.hint, "certs import"));
	CHECK_INT(pki_subordinate_begin(place, PKI_ECDSA_P256, PKI_ECDSA_P256, &passphrase, &err), -1);
	/* one that has been in use has lost its certificates */
	snprintf(other, sizeof(other), "%s/secrets.key", place);
	CHECK_INT(file_create(other, "x", 1, 0600, &err), 0);
	CHECK(!pki_subordinate_waits(place));
	CHECK(pki_store_open(place, &passphrase, &err) == NULL);
	CHECK(strstr(err.what, "is incomplete: ca.crt, etcd/ca.crt, front-proxy-ca.crt missing"));
	remove(other);
	/* CAs that were made here sign themselves */
	snprintf(other, sizeof(other), "%s/own", dir);
	s = pki_store_create(other, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	CHECK_INT(pki_subordinate_requests(other, NULL, "c7", again, &err), -1);
	CHECK(strstr(err.what, "sign themselves"));
	pki_store_free(s);
	end();
}

/* In one file or many, in any order; and what such CAs sign is as it is elsewhere. */
static void test_import(void)
{
	struct str text[4] = { STR_INIT, STR_INIT, STR_INIT, STR_INIT };
	struct pki_signed files[4];
	struct pki_above above[PKI_ISSUERS];
	struct pki_node node = { .cluster = "c7",
		.name = "cp1",
		.address = "10.0.0.11",
		.endpoint = "10.0.0.100",
		.port = 6443,
		.bind_port = 6443,
		.service_ip = "10.96.0.1",
		.dns_domain = "cluster.local",
		.admin_org = "kubeadm:cluster-admins",
		.no_ca_keys = true,
		.days = 365 };
	struct pki_files made = { 0 };
	struct error err = { 0 };
	struct pki_store *s;
	bool changed = false;

	begin();
	add_pem(root.cert, &text[0]);
	add_pem(middle.cert, &text[0]);
	for (int i = 0; i < PKI_ISSUERS; i++)
		sign(i, &(struct terms){ .cn = "", .basic = "critical,CA:TRUE,pathlen:0" }, &middle, &text[3 - i]);
	for (int i = 0; i < 4; i++)
		files[i] = (struct pki_signed){ "F", text[i].buf, text[i].len };
	if (!CHECK_INT(pki_subordinate_complete(place, &passphrase, files, 4, above, &changed, &err), 0))
		printf("# %s\n", err.what);
	CHECK(changed && !pki_subordinate_waits(place) && pki_store_state(place) == PKI_STORE_COMPLETE);
	CHECK_STR(above[PKI_ISSUER_ETCD].root, "Company Root");
	CHECK(pki_store_encrypted(place));
	s = pki_store_open(place, &passphrase, &err);
	if (CHECK(s != NULL)) {
		/* one certificate, as a controller manager signs with; that of the company is nobody's client CA */
		CHECK(!strstr(strstr(pki_store_pem(s, PKI_CA_CRT), "BEGIN") + 5, "BEGIN"));
		CHECK_INT(pki_store_may_rotate(s, PKI_ISSUER_ETCD, &err), -1);
		CHECK(strstr(err.what, "another CA has signed the one in 'etcd/ca.crt'"));
		CHECK_INT(pki_control_plane_files(s, &node, &made, &err), 0);
		pki_files_release(&made);
	}
	pki_store_free(s);
	/* again */
	CHECK_INT(pki_subordinate_complete(place, &passphrase, files, 4, above, &changed, &err), 0);
	CHECK(!changed);
	/* and with another certificate of the same key */
	str_clear(&text[1]);
	sign(2, &(struct terms){ .cn = "" }, &middle, &text[1]);
	files[1] = (struct pki_signed){ "F", text[1].buf, text[1].len };
	CHECK_INT(pki_subordinate_complete(place, &passphrase, files, 4, above, &changed, &err), -1);
	CHECK(strstr(err.what, "has another certificate already"));
	CHECK_INT(pki_subordinate_requests(place, &passphrase, "c7", request, &err), 0);
	for (int i = 0; i < 4; i++)
		str_release(&text[i]);
	end();
}

static void refused(const struct str *text, const char *what)
{
	struct error err;
	bool changed;

	CHECK_INT(import(text, &changed, &err), -1);
	if (!CHECK(strstr(err.what, what) != NULL))
		printf("# %s\n", err.what);
	CHECK(*err.hint || err.kind == ERROR_PKI);
	CHECK(pki_subordinate_waits(place));
}

/* What is wrong with one of the three. */
static void test_bad(void)
{
	struct error none = { 0 };
	EVP_PKEY *other = pki_key_make(PKI_ECDSA_P256, &none);
	const struct {
		struct terms terms;
		const char *what;
	} cases[] = {
		{ { .cn = "", .basic = "critical,CA:FALSE" }, "not that of a CA" },
		{ { .cn = "", .from = -20, .to = -10 }, "has expired" },
		{ { .cn = "", .from = 10 }, "valid only from" },
		{ { .cn = "", .usage = "critical,digitalSignature,cRLSign" }, "may not sign certificates" },
		{ { .cn = "", .extended = "serverAuth" }, "cannot be verified" },
		{ { .cn = "", .names = "critical,permitted;DNS:company.example" }, "cannot be verified" },
		{ { .cn = "", .key = other }, "no certificate for the key of the CA kubernetes" },
	};
	struct str text = STR_INIT;

	begin();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		str_clear(&text);
		sign(0, &cases[i].terms, &root, &text);
		for (int ca = 1; ca < PKI_ISSUERS; ca++)
			sign(ca, &(struct terms){ .cn = "" }, &root, &text);
		add_pem(root.cert, &text);
		refused(&text, cases[i].what);
	}
	EVP_PKEY_free(other);
	str_release(&text);
	end();
}

static void test_chains(void)
{
	struct str text = STR_INIT;
	struct error err;
	bool changed;

	begin();
	add_all(&text, &middle);
	refused(&text, "the chain of the CA kubernetes ends at 'c7 kubernetes'");
	add_pem(middle.cert, &text);
	refused(&text, "ends at 'Company Issuing'");
	/* the same twice does no harm; another one of the same key does */
	add_pem(root.cert, &text);
	add_pem(root.cert, &text);
	sign(1, &(struct terms){ .cn = "" }, &middle, &text);
	refused(&text, "two certificates for the key of the CA etcd-ca");
	str_clear(&text);
	sign(0, &(struct terms){ .cn = "" }, &middle, &text);
	add_pem(middle.cert, &text);
	add_pem(root.cert, &text);
	refused(&text, "no certificate for the key of the CA etcd-ca");
	str_clear(&text);
	str_add(&text, "no PEM at all\n");
	refused(&text, "FILE");
	CHECK_INT(import(&text, &changed, &err), -1);
	CHECK(strstr(err.hint, "files are PEM") != NULL);
	str_clear(&text);
	for (int i = 0; i < 70; i++)
		add_pem(root.cert, &text);
	refused(&text, "more than 64 certificates");
	str_clear(&text);
	add_all(&text, &root);
	add_pem(root.cert, &text);
	CHECK_INT(import(&text, &changed, &err), 0);
	str_release(&text);
	end();
	/* one above may not have CAs below the next */
	begin_with(&(struct terms){ .cn = "Company Root", .basic = "critical,CA:TRUE,pathlen:0" });
	add_all(&text, &middle);
	add_pem(middle.cert, &text);
	add_pem(root.cert, &text);
	refused(&text, "cannot be verified");
	str_release(&text);
	end();
	begin_with(&(struct terms){ .cn = "Company Root", .from = -20, .to = -1 });
	add_all(&text, &root);
	add_pem(root.cert, &text);
	refused(&text, "'Company Root': certificate has expired");
	str_release(&text);
	end();
}

/* A company's file may hold its root as it was before, and as another company has signed it: neither is in the way. */
static void test_several_roots(void)
{
	struct terms same = { .cn = "Company Root" }, before = { .cn = "Company Root", .from = -20, .to = -1 };
	struct pki_pair elsewhere;
	struct str text = STR_INIT;
	struct error err;
	bool changed;
	X509 *x;

	begin();
	make_pair(&(struct terms){ .cn = "Other Root" }, NULL, &elsewhere);
	add_all(&text, &root);
	x = make(&before, root.key, NULL);
	add_pem(x, &text);
	X509_free(x);
	x = make(&same, root.key, &elsewhere);
	add_pem(x, &text);
	X509_free(x);
	refused(&text, "the certificate of its issuer 'Other Root' is not here");
	add_pem(root.cert, &text);
	if (!CHECK_INT(import(&text, &changed, &err), 0))
		printf("# %s\n", err.what);
	pki_pair_release(&elsewhere);
	str_release(&text);
	end();
}

static const struct test tests[] = {
	{ "requests", test_requests },
	{ "what was signed", test_import },
	{ "what is wrong with a certificate", test_bad },
	{ "chains", test_chains },
	{ "several roots", test_several_roots },
};
TEST_MAIN(tests)
