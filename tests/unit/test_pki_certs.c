/* Certificates and public keys as they are listed: what OpenSSL reads of them, and how much of a hostile host's is kept. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "tests/unit/certs_made.h"

#define DAY 86400
#define PKI "/etc/kubernetes/pki/"

static struct pki_cert *read_one(struct arena *a, const char *pem)
{
	struct pki_cert *list = NULL;
	struct error err = { 0 };
	size_t more;

	if (!CHECK_INT(pki_certs_read(pem, strlen(pem), 4, a, &list, &more, &err), 1)) {
		printf("# %s\n", err.what);
		exit(1);
	}
	return list;
}

static bool names(const struct pki_cert *c, enum pki_name_kind kind, const char *text)
{
	for (size_t i = 0; i < c->san_count; i++)
		if (c->sans[i].kind == kind && strcmp(c->sans[i].text, text) == 0)
			return true;
	return false;
}

static void test_fields(void)
{
	static const char *const more[] = { "api.example.com", "fd00::100" };
	struct pki_files f = { 0 };
	struct arena a = { 0 };
	struct secret client = { 0 };
	struct str two = STR_INIT;
	struct pki_public *keys;
	const char *pub;
	struct pki_cert *c;
	size_t left;

	made_begin();
	made_files(made_store, "cp1", more, 2, &f);
	c = read_one(&a, made_file(&f, PKI "apiserver.crt"));
	CHECK_STR(c->info.subject_cn, "kube-apiserver");
	CHECK_STR(c->info.issuer_cn, "kubernetes");
	CHECK_INT(c->org_count, 0);
	CHECK_STR(c->algorithm, "ECDSA");
	CHECK_INT(c->bits, 256);
	CHECK(names(c, PKI_NAME_DNS, "cp1") && names(c, PKI_NAME_DNS, "api.example.com"));
	CHECK(names(c, PKI_NAME_IP, "10.96.0.1") && names(c, PKI_NAME_IP, "fd00::100"));
	CHECK_INT(c->san_count, 10);
	CHECK_INT(c->sans_left_out, 0);
	CHECK_INT((c->info.not_after - clock_wall_ms() / 1000 + 60) / DAY, 365);
	made_client("alice", "system:masters", DAY, &client);
	c = read_one(&a, client.text);
	CHECK_INT(c->org_count, 1);
	CHECK_STR(c->orgs[0], "system:masters");
	CHECK_INT(c->san_count, 0);
	pub = made_file(&f, PKI "sa.pub");
	CHECK_INT(pki_publics_read(pub, strlen(pub), 4, &a, &keys, &left, NULL), 1);
	CHECK_STR(keys[0].algorithm, "RSA");
	CHECK_INT(keys[0].bits, 2048);
	CHECK_INT(pki_publics_read("x", 1, 4, &a, &keys, &left, NULL), -1);
	/* while it is changed the file has two */
	str_addf(&two, "%s%s", pub, pub);
	CHECK_INT(pki_publics_read(two.buf, two.len, 1, &a, &keys, &left, NULL), 1);
	CHECK_INT(left, 1);
	str_truncate(&two, two.len - 40);
	CHECK_INT(pki_publics_read(two.buf, two.len, 1, &a, &keys, &left, NULL), -1);
	str_release(&two);
	secret_release(&client);
	pki_files_release(&f);
	arena_release(&a);
	made_end();
}

/* A server's certificate for 300 names more that begin so. */
static void many_names(const char *prefix, struct arena *a, struct pki_cert **out)
{
	static char name[300][100];
	const char *more[300];
	struct pki_files f = { 0 };

	for (size_t i = 0; i < 300; i++) {
		snprintf(name[i], sizeof(name[i]), "%s%03zu", prefix, i);
		more[i] = name[i];
	}
	made_files(made_store, "cp1", more, 300, &f);
	*out = read_one(a, made_file(&f, PKI "apiserver.crt"));
	CHECK_INT((*out)->san_count + (*out)->sans_left_out, 308);
	pki_files_release(&f);
}

/* As a hostile host makes them: many in a file, many names in one, controls in a subject. */
static void test_bounds(void)
{
	struct pki_files f = { 0 };
	struct arena a = { 0 };
	struct str many = STR_INIT, clean = STR_INIT;
	struct secret client = { 0 };
	struct pki_cert *c;
	size_t left, bytes = 0;

	made_begin();
	many_names("n", &a, &c);
	CHECK_INT(c->san_count, 100);
	many_names("a-name-in-a-domain-that-is-long-enough.for-four-kilobytes.example.com.number-", &a, &c);
	for (size_t i = 0; i < c->san_count; i++)
		bytes += strlen(c->sans[i].text);
	CHECK(c->san_count < 60 && bytes < 4300);
	made_files(made_store, "cp1", NULL, 0, &f);
	for (int i = 0; i < 3000; i++)
		str_add(&many, made_file(&f, PKI "front-proxy-client.crt"));
	CHECK_INT(pki_certs_read(many.buf, many.len, 16, &a, &c, &left, NULL), 16);
	CHECK_INT(left, 2984);
	str_truncate(&many, many.len - 40);
	CHECK_INT(pki_certs_read(many.buf, many.len, 16, &a, &c, &left, NULL), -1);
	made_client("a\x1b]0;owned\x07\nb",
		"o\xc2\x9b"
		"31m",
		DAY, &client);
	c = read_one(&a, client.text);
	CHECK_STR(c->info.subject_cn, "a b");
	str_add_line(&clean, c->orgs[0], strlen(c->orgs[0]));
	CHECK_STR(c->orgs[0], clean.buf);
	CHECK(!strchr(c->orgs[0], '\x9b'));
	str_release(&many);
	str_release(&clean);
	secret_release(&client);
	pki_files_release(&f);
	arena_release(&a);
	made_end();
}

static const struct test tests[] = {
	{ "what a certificate says", test_fields },
	{ "many certificates, many names, controls", test_bounds },
};
TEST_MAIN(tests)
