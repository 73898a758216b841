/* CertificateSigningRequests: which are signed, and why others are not; and that what is signed is what was shown. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/json.h"
#include "base/str.h"
#include "cluster/requests.h"
#include "inventory/inventory.h"
#include "pki/private.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENT "kubernetes.io/kube-apiserver-client-kubelet"
#define SERVING "kubernetes.io/kubelet-serving"
#define OF_CLIENT "\"digital signature\",\"client auth\""
#define OF_SERVER "\"digital signature\",\"server auth\""
#define NODES "\"system:nodes\",\"system:authenticated\""
#define BOOTS "\"system:bootstrappers\",\"system:bootstrappers:kubeadm:default-node-token\""

static const struct row {
	const char *org, *cn, *more, *sans; /* sans: as OpenSSL's configuration has them */
	const char *signer, *user, *groups, *usages;
	enum request_verdict verdict;
	const char *why;
} rows[] = {
	{ "system:nodes", "system:node:w1", NULL, NULL, CLIENT, "system:node:w1", NODES, OF_CLIENT, REQUEST_GOOD, "" },
	{ "system:nodes", "system:node:w1", NULL, NULL, CLIENT, "system:node:w1", NODES,
		"\"key encipherment\"," OF_CLIENT, REQUEST_GOOD, "" },
	{ "system:nodes", "system:node:w2", NULL, NULL, CLIENT, "system:bootstrap:abcdef", BOOTS, OF_CLIENT,
		REQUEST_GOOD, "" },
	{ "system:nodes", "system:node:w1", NULL, NULL, CLIENT, "system:bootstrap:abcdef", BOOTS, OF_CLIENT,
		REQUEST_REFUSED, "is not the one that asks" },
	{ "system:nodes", "system:node:w1", NULL, NULL, CLIENT, "system:node:w2", NODES, OF_CLIENT, REQUEST_REFUSED,
		"asks for the certificate of w1" },
	{ "system:nodes", "system:node:w1", NULL, NULL, CLIENT, "system:node:w1", "\"x\"", OF_CLIENT, REQUEST_REFUSED,
		"asks for the certificate of w1" },
	{ "system:nodes", "system:node:w9", NULL, NULL, CLIENT, "system:node:w9", NODES, OF_CLIENT, REQUEST_REFUSED,
		"no host of the inventory" },
	{ "system:masters", "system:node:w1", NULL, NULL, CLIENT, "system:node:w1", NODES, OF_CLIENT, REQUEST_REFUSED,
		"its subject" },
	{ "system:nodes", "system:node:w1", "system:masters", NULL, CLIENT, "system:node:w1", NODES, OF_CLIENT,
		REQUEST_REFUSED, "its subject" },
	{ "system:nodes", "admin", NULL, NULL, CLIENT, "admin", NODES, OF_CLIENT, REQUEST_REFUSED, "its CN" },
	{ "system:nodes", "system:node:w1", NULL, "DNS:w1", CLIENT, "system:node:w1", NODES, OF_CLIENT, REQUEST_REFUSED,
		"names" },
	{ "system:nodes", "system:node:w1", NULL, NULL, CLIENT, "system:node:w1", NODES, OF_CLIENT ",\"server auth\"",
		REQUEST_REFUSED, "usages" },
	{ "system:nodes", "system:node:w1", NULL, NULL, CLIENT, "system:node:w1", NODES, "\"client auth\"",
		REQUEST_REFUSED, "usages" },
	{ "system:nodes", "system:node:w1", NULL, "DNS:w1,IP:10.0.0.21", SERVING, "system:node:w1", NODES, OF_SERVER,
		REQUEST_GOOD, "" },
	{ "system:nodes", "system:node:w1", NULL, "IP:10.0.0.21,DNS:w1.lan", SERVING, "system:node:w1", NODES,
		OF_SERVER, REQUEST_REFUSED, "w1.lan is neither" },
	/* a Node says itself which addresses it has */
	{ "system:nodes", "system:node:w1", NULL, "IP:10.0.0.11", SERVING, "system:node:w1", NODES, OF_SERVER,
		REQUEST_REFUSED, "10.0.0.11 is neither" },
	{ "system:nodes", "system:node:w1", NULL, "IP:10.0.0.100", SERVING, "system:node:w1", NODES, OF_SERVER,
		REQUEST_REFUSED, "10.0.0.100 is neither" },
	{ "system:nodes", "system:node:w1", NULL, "DNS:kubernetes", SERVING, "system:node:w1", NODES, OF_SERVER,
		REQUEST_REFUSED, "kubernetes is neither" },
	{ "system:nodes", "system:node:w1", NULL, "IP:10.96.0.1", SERVING, "system:node:w1", NODES, OF_SERVER,
		REQUEST_REFUSED, "10.96.0.1 is neither" },
	{ "system:nodes", "system:node:w1", NULL, "IP:::ffff:10.0.0.11", SERVING, "system:node:w1", NODES, OF_SERVER,
		REQUEST_REFUSED, "is neither" },
	{ "system:nodes", "system:node:w1", NULL, "DNS:*", SERVING, "system:node:w1", NODES, OF_SERVER, REQUEST_REFUSED,
		"* is neither" },
	{ "system:nodes", "system:node:w1", NULL, "DNS:w1,email:a@b", SERVING, "system:node:w1", NODES, OF_SERVER,
		REQUEST_REFUSED, "neither an address" },
	{ "system:nodes", "system:node:w1", NULL, NULL, SERVING, "system:node:w1", NODES, OF_SERVER, REQUEST_REFUSED,
		"no name" },
	{ "system:nodes", "system:node:w1", NULL, "DNS:w1", SERVING, "system:bootstrap:abcdef", BOOTS, OF_SERVER,
		REQUEST_REFUSED, "asks for the certificate" },
	{ "system:nodes", "system:node:w1", NULL, "DNS:w1", "example.com/own", "system:node:w1", NODES, OF_SERVER,
		REQUEST_FOREIGN, "another signer" },
};

static void add_entry(X509_NAME *name, int nid, const char *text)
{
	if (text)
		X509_NAME_add_entry_by_NID(name, nid, MBSTRING_UTF8, (const unsigned char *)text, -1, -1, 0);
}

static void make(const struct row *r, struct str *pem)
{
	EVP_PKEY *key = pki_key_make(PKI_ECDSA_P256, NULL);
	X509_REQ *req = X509_REQ_new();
	STACK_OF(X509_EXTENSION) *list = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *data;
	long n;

	add_entry(X509_REQ_get_subject_name(req), NID_organizationName, r->org);
	add_entry(X509_REQ_get_subject_name(req), NID_organizationName, r->more);
	add_entry(X509_REQ_get_subject_name(req), NID_commonName, r->cn);
	X509_REQ_set_pubkey(req, key);
	if (r->sans) {
		list = sk_X509_EXTENSION_new_null();
		sk_X509_EXTENSION_push(list, X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, r->sans));
		X509_REQ_add_extensions(req, list);
	}
	X509_REQ_sign(req, key, EVP_sha256());
	PEM_write_bio_X509_REQ(bio, req);
	n = BIO_get_mem_data(bio, &data);
	str_addn(pem, data, (size_t)n);
	sk_X509_EXTENSION_pop_free(list, X509_EXTENSION_free);
	BIO_free(bio);
	X509_REQ_free(req);
	EVP_PKEY_free(key);
}

static void object(const struct row *r, const char *pem, struct str *out)
{
	str_add(out,
		"{\"metadata\":{\"name\":\"csr-1\",\"uid\":\"u1\",\"resourceVersion\":\"7\",\"creationTimestamp\":\"2026-01-01T00:00:00Z\"},\"spec\":{\"request\":\"");
	str_add_base64(out, pem, strlen(pem));
	str_addf(out, "\",\"signerName\":\"%s\",\"username\":\"%s\",\"groups\":[%s],\"usages\":[%s]},\"status\":{}}",
		r->signer, r->user, r->groups, r->usages);
}

/* The Node w1, which claims addresses and names of others besides its own. */
static void set_node(struct cluster_state *c)
{
	static const char text[] =
		"{\"items\":[{\"metadata\":{\"name\":\"w1\"},\"status\":{\"addresses\":["
		"{\"type\":\"InternalIP\",\"address\":\"10.0.0.21\"},{\"type\":\"InternalIP\",\"address\":\"10.0.0.11\"},"
		"{\"type\":\"InternalIP\",\"address\":\"10.96.0.1\"},{\"type\":\"InternalIP\",\"address\":\"::ffff:10.0.0.11\"},"
		"{\"type\":\"Hostname\",\"address\":\"kubernetes\"},{\"type\":\"InternalDNS\",\"address\":\"*\"},"
		"{\"type\":\"Hostname\",\"address\":\"w1.lan\"}]}}]}";
	struct error err = { 0 };

	CHECK_INT(cluster_state_nodes(c, json_parse(text, strlen(text), NULL), &err), 0);
}

static void read_list(const char *objects, const struct cluster_state *c, struct requests *out)
{
	struct requests_view v = { rack_inventory, c, 1767225600 + 90 };
	struct str text = STR_INIT;
	struct error err = { 0 };

	str_addf(&text, "{\"items\":[%s]}", objects);
	CHECK_INT(requests_add(out, &v, json_parse(text.buf, text.len, NULL), &err), 0);
	str_release(&text);
}

static void test_verdicts(void)
{
	struct cluster_state c = { .lead = -1 };

	rack_up();
	set_node(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct str pem = STR_INIT, text = STR_INIT;
		struct requests found = { 0 };

		make(&rows[i], &pem);
		object(&rows[i], pem.buf, &text);
		read_list(text.buf, &c, &found);
		if (!CHECK_INT(found.count, 1) || !CHECK_INT(found.list[0].verdict, rows[i].verdict) ||
			!CHECK(strstr(found.list[0].why, rows[i].why)))
			printf("# row %zu: %s\n", i, found.count ? found.list[0].why : "none");
		requests_release(&found);
		str_release(&pem);
		str_release(&text);
	}
	cluster_state_release(&c);
	rack_down();
}

static void test_signed(void)
{
	static const char *const names[] = { "w1", "10.0.0.21" };
	struct cluster_state c = { .lead = -1 };

	rack_up();
	set_node(&c);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool server = strcmp(rows[i].signer, SERVING) == 0,
		     whole = rows[i].sans && strstr(rows[i].sans, "DNS:w1,");
		struct str pem = STR_INIT, text = STR_INIT;
		struct requests found = { 0 };
		struct pki_cert_info info;
		struct secret cert = { 0 };
		struct error err = { 0 };

		if (rows[i].verdict != REQUEST_GOOD)
			continue;
		make(&rows[i], &pem);
		object(&rows[i], pem.buf, &text);
		read_list(text.buf, &c, &found);
		CHECK_INT(pki_request_sign(rack_store, found.list[0].pem, found.list[0].pem_len, &found.list[0].use,
				  &cert, &err),
			0);
		CHECK_INT(pki_cert_verify(cert.text, cert.len, pki_store_pem(rack_store, PKI_CA_CRT), server, names,
				  whole ? 2 : 0, &err),
			0);
		CHECK_INT(pki_cert_info(cert.text, cert.len, &info, &err), 0);
		CHECK_STR(info.subject_cn, rows[i].cn);
		CHECK_STR(info.subject_o, "system:nodes");
		CHECK(!info.is_ca);
		secret_release(&cert);
		requests_release(&found);
		str_release(&pem);
		str_release(&text);
	}
	cluster_state_release(&c);
	rack_down();
}

static void test_broken(void)
{
	static const char *const texts[] = { "", "x",
		"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n" };
	struct cluster_state c = { .lead = -1 };
	struct str pem = STR_INIT, twice = STR_INIT;
	struct pki_request q;
	struct arena arena = { 0 };

	rack_up();
	for (size_t i = 0; i < 3; i++) {
		struct requests found = { 0 };
		struct str text = STR_INIT;

		object(&rows[0], texts[i], &text);
		read_list(text.buf, &c, &found);
		CHECK_INT(found.list[0].verdict, REQUEST_REFUSED);
		requests_release(&found);
		str_release(&text);
	}
	make(&rows[0], &pem);
	CHECK_INT(pki_request_read(pem.buf, pem.len, &arena, &q, NULL), 0);
	str_addf(&twice, "%s%s", pem.buf, pem.buf);
	CHECK_INT(pki_request_read(twice.buf, twice.len, &arena, &q, NULL), -1);
	/* its key has not signed it */
	pem.buf[80] = pem.buf[80] == 'A' ? 'B' : 'A';
	CHECK_INT(pki_request_read(pem.buf, pem.len, &arena, &q, NULL), -1);
	arena_release(&arena);
	str_release(&pem);
	str_release(&twice);
	rack_down();
}

/* One that claims to be encrypted must not make anybody ask for a passphrase, which is what OpenSSL does at a terminal. */
static void test_encrypted(void)
{
	static const char begin[] = "-----BEGIN CERTIFICATE REQUEST-----\n";
	struct str pem = STR_INIT, text = STR_INIT;
	int terminal, status = -1;
	pid_t child;
	char asked;

	make(&rows[0], &pem);
	str_addf(&text, "%sProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF\n\n%s", begin,
		pem.buf + strlen(begin));
	child = forkpty(&terminal, NULL, NULL, NULL);
	if (child == 0) {
		struct arena arena = { 0 };
		struct pki_request q;

		/* OpenSSL gives up asking at this, and is not ended by it: the question on the terminal gives it away */
		alarm(60);
		_exit(pki_request_read(text.buf, text.len, &arena, &q, NULL) == -1 ? 0 : 1);
	}
	if (CHECK(child > 0)) {
		CHECK_INT(waitpid(child, &status, 0), child);
		CHECK_INT(status, 0);
		CHECK(read(terminal, &asked, 1) <= 0);
		close(terminal);
	}
	str_release(&pem);
	str_release(&text);
}

static void run_sign(struct lab *l, const char *sign, enum request_verdict want)
{
	struct engine_config config = { .steps = plans[PLAN_SIGN].steps, .step_count = plans[PLAN_SIGN].count };
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.sign = sign;
	e = rack_run(l, &w, config, 31);
	CHECK_INT(w.seen.requests.count, 1);
	if (w.seen.requests.count)
		CHECK_INT(w.seen.requests.list[0].verdict, want);
	engine_free(e);
	world_release(&w);
}

static void test_run(void)
{
	struct str pem = STR_INIT, text = STR_INIT;
	static struct lab l;

	rack_up();
	rack_inventory->pki.ca_keys = "operator";
	rack_cluster(&l);
	make(&rows[0], &pem);
	object(&rows[0], pem.buf, &text);
	l.request = text.buf;
	/* not agreed to, another one agreed to */
	run_sign(&l, "", REQUEST_GOOD);
	run_sign(&l, "u2 ", REQUEST_GOOD);
	CHECK(!l.approved);
	run_sign(&l, "u2 u1 ", REQUEST_SIGNED);
	CHECK(l.approved);
	CHECK(strstr(l.signed_body, "\"certificate\":\"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"));
	/* a control plane signs what is approved */
	rack_inventory->pki.ca_keys = "cluster";
	l.approved = false;
	l.signed_body[0] = '\0';
	run_sign(&l, "u1 ", REQUEST_SIGNED);
	CHECK(l.approved);
	CHECK_STR(l.signed_body, "");
	str_release(&pem);
	str_release(&text);
	rack_down();
}

/* One that cannot be signed is reported, and the others are signed all the same. */
static void test_goes_on(void)
{
	struct engine_config config = { .steps = plans[PLAN_SIGN].steps, .step_count = plans[PLAN_SIGN].count };
	struct str pem = STR_INIT, one = STR_INIT, both = STR_INIT;
	static struct lab l;
	struct engine *e;
	struct world w;
	char *at;

	rack_up();
	rack_inventory->pki.ca_keys = "operator";
	rack_cluster(&l);
	make(&rows[0], &pem);
	object(&rows[0], pem.buf, &one);
	str_addf(&both, "%s,%s", one.buf, one.buf);
	at = strstr(both.buf, "csr-1");
	memcpy(at, "csr-0", 5);
	at = strstr(both.buf, "\"u1\"");
	memcpy(at, "\"u0\"", 4);
	l.request = both.buf;
	rack_world(&w);
	w.wish.sign = "u0 u1 ";
	e = rack_run(&l, &w, config, 31);
	if (CHECK_INT(w.seen.requests.count, 2)) {
		CHECK_INT(w.seen.requests.list[0].verdict, REQUEST_REFUSED);
		CHECK(strstr(w.seen.requests.list[0].why, "modified"));
		CHECK_INT(w.seen.requests.list[1].verdict, REQUEST_SIGNED);
	}
	CHECK(l.approved && *l.signed_body);
	engine_free(e);
	world_release(&w);
	str_release(&pem);
	str_release(&one);
	str_release(&both);
	rack_down();
}

static const struct test tests[] = {
	{ "what is signed and what is not", test_verdicts },
	{ "what is signed is what was asked for", test_signed },
	{ "broken requests", test_broken },
	{ "a request that claims to be encrypted", test_encrypted },
	{ "a run", test_run },
	{ "one that cannot be signed", test_goes_on },
};
TEST_MAIN(tests)
