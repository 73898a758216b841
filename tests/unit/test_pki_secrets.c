/* The keys of Secrets in the key store: made, kept, taken along, and refused when they are not such. */
#include "tests/test.h"

#include "base/error.h"
#include "base/str.h"
#include "pki/private.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64], store[96];

static void set_up(void)
{
	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(store, sizeof(store), "%s/store", dir);
}

static int sh(const char *text)
{
	char command[1200];

	snprintf(command, sizeof(command), "cd '%s' && { %s; } >/dev/null 2>&1", dir, text);
	return system(command);
}

static void tear_down(void)
{
	CHECK_INT(sh("rm -rf store* && cd / && rmdir \"$OLDPWD\""), 0);
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

static const char *id(const struct pki_store *s, int which)
{
	const struct pki_secrets_key *key = pki_store_secrets_key(s, which);

	return key ? key->id : "";
}

static void test_made(void)
{
	struct secret none = { 0 }, phrase = words("correct horse");
	struct error err = { 0 };
	struct pki_store *s, *again;
	char first[13], base64[45], command[128];

	set_up();
	s = create(&none);
	CHECK(!pki_store_secrets_key(s, 0) && !pki_store_secrets_at(store));
	CHECK_INT(pki_store_secrets_make(s, store, &none, &err), 0);
	CHECK(strlen(id(s, 0)) == 12 && strlen(pki_store_secrets_key(s, 0)->base64) == 44 &&
		pki_store_secrets_at(store));
	CHECK(!pki_store_secrets_key(s, 1));
	strcpy(first, id(s, 0));
	strcpy(base64, pki_store_secrets_key(s, 0)->base64);
	CHECK_INT(sh("[ $(stat -c %a store/secrets.key) = 600 ] && [ ! -e store/secrets.old.key ]"), 0);
	/* the 32 bytes are those that others read in the file, and the id is that of their digest */
	CHECK_INT(sh("openssl pkey -in store/secrets.key -outform DER | tail -c 32 >b && "
		     "openssl pkey -in store/secrets.key -outform DER | tail -c 32 | sha256sum >sum"),
		0);
	snprintf(command, sizeof(command), "grep -q ^%s sum && [ $(base64 b) = %s ]", first, base64);
	CHECK_INT(sh(command), 0);
	CHECK_INT(pki_store_protect(store, &none, &phrase, &err), 0);
	CHECK_INT(sh("grep -q 'ENCRYPTED PRIVATE' store/secrets.key"), 0);
	again = pki_store_open(store, &phrase, &err);
	CHECK(again && pki_store_same(s, again));
	CHECK_STR(id(again, 0), first);
	CHECK_STR(pki_store_secrets_key(again, 0)->base64, base64);
	/* another one: the first one stays beside it, and the next but one has it forgotten */
	CHECK_INT(pki_store_secrets_make(again, store, &phrase, &err), 0);
	CHECK(strcmp(id(again, 0), first) != 0);
	CHECK_STR(id(again, 1), first);
	CHECK(pki_store_secrets_find(again, first) && !pki_store_secrets_find(again, "") && !pki_store_same(s, again));
	/* by who has not seen that */
	CHECK_INT(pki_store_secrets_make(s, store, &phrase, &err), -1);
	CHECK_INT(err.kind, ERROR_LOCKED);
	CHECK_INT(pki_store_secrets_make(again, store, &phrase, &err), 0);
	CHECK(!pki_store_secrets_find(again, first));
	CHECK_INT(sh("[ $(ls store | wc -l) = 8 ] && rm b sum"), 0);
	pki_store_free(s);
	pki_store_free(again);
	secret_release(&phrase);
	tear_down();
}

/* A rotation of a CA, or of the key of service accounts, a backup and another machine take them along. */
static void test_taken_along(void)
{
	struct secret none = { 0 };
	struct error err = { 0 };
	struct pki_backup b;
	struct pki_store *s, *other;

	set_up();
	s = create(&none);
	CHECK_INT(pki_store_secrets_make(s, store, &none, &err), 0);
	CHECK_INT(pki_store_secrets_make(s, store, &none, &err), 0);
	pki_backup_init(&b);
	pki_backup_fill(&b, s);
	other = pki_backup_store(&b, &err);
	CHECK(other && pki_store_same(s, other));
	pki_store_free(other);
	pki_backup_release(&b);
	CHECK_INT(pki_store_rotate(store, &none, PKI_ISSUER_ETCD, PKI_PHASE_ONE, &err), 0);
	CHECK_INT(pki_store_rotate(store, &none, PKI_ISSUER_TOKENS, PKI_PHASE_ONE, &err), 0);
	other = pki_store_open(store, &none, &err);
	CHECK_STR(id(other, 0), id(s, 0));
	CHECK_STR(id(other, 1), id(s, 1));
	pki_store_free(s);
	pki_backup_init(&b);
	pki_backup_fill(&b, other);
	s = pki_backup_store(&b, &err);
	CHECK(s && pki_store_same(s, other) && pki_store_phase(s, PKI_ISSUER_TOKENS) == PKI_PHASE_BOTH);
	pki_backup_release(&b);
	pki_store_free(other);
	pki_store_free(s);
	tear_down();
}

/* A store of before gets those that are known, and one that has some keeps them. */
static void test_given(void)
{
	struct secret none = { 0 };
	struct error err = { 0 };
	struct pki_store *with, *without;
	const char *base64[PKI_SECRETS_KEYS] = { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", NULL };

	set_up();
	without = create(&none);
	with = pki_store_open(store, &none, &err);
	CHECK_INT(sh("cp -a store store.before"), 0);
	CHECK_INT(pki_store_secrets_make(with, store, &none, &err), 0);
	CHECK(pki_store_secrets_lacks(without, with) && !pki_store_secrets_lacks(with, without));
	CHECK_INT(sh("mv store store.with && mv store.before store"), 0);
	CHECK_INT(pki_store_secrets_give(with, store, &none, base64, &err), 0);
	CHECK(!pki_store_secrets_at(store));
	CHECK_INT(pki_store_secrets_give(without, store, &none, base64, &err), 0);
	CHECK_STR(pki_store_secrets_key(without, 0)->base64, base64[0]);
	/* of 32 zeros */
	CHECK_STR(id(without, 0), "66687aadf862");
	CHECK(pki_store_secrets_at(store) && !pki_store_secrets_lacks(without, with));
	pki_store_free(without);
	pki_store_free(with);
	tear_down();
}

static void test_given_nonsense(void)
{
	static const char *const all[] = { "", "?", "QUJD", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" };
	struct secret none = { 0 };
	struct pki_store *s;

	set_up();
	s = create(&none);
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const char *base64[PKI_SECRETS_KEYS] = { all[i], NULL };
		struct error err = { 0 };

		CHECK_INT(pki_store_secrets_give(s, store, &none, base64, &err), -1);
		CHECK(err.kind == ERROR_PKI && !pki_store_secrets_at(store));
	}
	pki_store_free(s);
	tear_down();
}

/* Opening must fail, with this word in what is said. */
static void refused(const char *what)
{
	struct secret none = { 0 };
	struct error err = { 0 };
	struct pki_store *s = pki_store_open(store, &none, &err);

	CHECK(s == NULL);
	if (!CHECK(strstr(err.what, what)))
		printf("# %s\n", err.what);
	pki_store_free(s);
}

static void test_refused(void)
{
	struct secret none = { 0 };
	struct error err = { 0 };
	struct pki_store *s;

	set_up();
	s = create(&none);
	CHECK_INT(pki_store_secrets_make(s, store, &none, &err), 0);
	CHECK_INT(sh("cp store/secrets.key store/x && cat store/sa.key >store/secrets.key"), 0);
	refused("is not a key that Secrets are encrypted with");
	CHECK_INT(sh("mv store/x store/secrets.old.key && rm store/secrets.key"), 0);
	refused("is there without");
	CHECK_INT(sh("mv store/secrets.old.key store/secrets.key && chmod 644 store/secrets.key"), 0);
	refused("mode 0644");
	CHECK_INT(sh("chmod 600 store/secrets.key && cat store/secrets.key >store/sa.key"), 0);
	refused("neither an RSA nor an ECDSA key");
	pki_store_free(s);
	tear_down();
}

static const struct test tests[] = {
	{ "made", test_made },
	{ "taken along", test_taken_along },
	{ "given", test_given },
	{ "given nonsense", test_given_nonsense },
	{ "refused", test_refused },
};
TEST_MAIN(tests)
