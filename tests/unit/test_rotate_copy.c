/* An earlier copy of a key store in which a CA, or a key, is rotated: hosts are further, and nothing of theirs is put back. */
#include "tests/test.h"

#include "cluster/renew.h"
#include "cluster/rotate.h"
#include "tests/unit/store_rotated.h"

#include <string.h>

#define PKI "/etc/kubernetes/pki/"

/* A copy of the store from before the next one signed: what hosts have since is not put back. */
static void test_earlier_copy(void)
{
	static const enum pki_issuer issuers[] = { PKI_ISSUER_ETCD, PKI_ISSUER_FRONT_PROXY, PKI_ISSUER_TOKENS };
	struct pki_store *earlier;

	begin();
	earlier = opened(NULL);
	for (size_t i = 0; i < 3; i++) {
		enum pki_issuer ca = issuers[i];
		struct pki_files files = { 0 };
		struct pki_store *now;
		struct renew_host r;

		rotate(ca, PKI_PHASE_ONE);
		rotate(ca, PKI_PHASE_BOTH);
		made_files(made_store, "cp1", NULL, 0, &files);
		now = made_store;
		made_store = earlier;
		decided(&files, ca, false, &r);
		CHECK_INT(r.trust, RENEW_REFUSED);
		CHECK(strstr(r.trust_why, "an earlier copy?") && !r.restarts);
		made_store = now;
		pki_files_release(&files);
	}
	pki_store_free(earlier);
	made_end();
}

/* How a host with these files stands to a copy: it is ahead of it, and nothing of it is made again. */
static void is_ahead_of(struct pki_store *copy, const struct pki_files *files, enum pki_issuer issuer, const char *why)
{
	struct pki_store *now = made_store;
	struct renew_host r;

	made_store = copy;
	decided(files, issuer, false, &r);
	made_store = now;
	if (!CHECK_INT(r.trust, RENEW_REFUSED) || !CHECK(r.ahead && strstr(r.trust_why, why)) ||
		!CHECK(strstr(r.trust_why, "an earlier copy?") && !r.restarts) ||
		!CHECK_INT(renew_count(&r, RENEW_DUE, RENEW_STAGES), 0))
		printf("# %s: %s\n", rotate_kinds[issuer].name, r.trust_why);
}

/*
 * Ones from when both were trusted, when the next signs, and after the earlier one was forgotten: to follow the copy
 * would have the earlier one sign again, or be trusted again.
 */
static void test_earlier_copy_of_both(void)
{
	struct pki_store *both[PKI_ROTATED], *reissued[PKI_ROTATED];

	begin();
	for (int i = 0; i < PKI_ROTATED; i++) {
		enum pki_issuer ca = (enum pki_issuer)i;
		struct pki_files then = { 0 }, now = { 0 }, next = { 0 };

		rotate(ca, PKI_PHASE_ONE);
		both[i] = opened(NULL);
		rotate(ca, PKI_PHASE_BOTH);
		reissued[i] = opened(NULL);
		made_files(made_store, "cp1", NULL, 0, &then);
		is_ahead_of(both[i], &then, ca, "signs there");
		rotate(ca, PKI_PHASE_REISSUED);
		made_files(made_store, "cp1", NULL, 0, &now);
		is_ahead_of(both[i], &now, ca, "signs there");
		is_ahead_of(reissued[i], &now, ca, "is forgotten there");
		/* the next rotation after that */
		rotate(ca, PKI_PHASE_ONE);
		rotate(ca, PKI_PHASE_BOTH);
		made_files(made_store, "cp1", NULL, 0, &next);
		is_ahead_of(both[i], &next, ca, "signs there");
		is_ahead_of(reissued[i], &next, ca, "signs there");
		rotate(ca, PKI_PHASE_REISSUED);
		pki_store_free(both[i]);
		pki_store_free(reissued[i]);
		pki_files_release(&then);
		pki_files_release(&now);
		pki_files_release(&next);
	}
	made_end();
}

static struct pki_file *named(struct pki_files *f, const char *path)
{
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->list[i].path, path) == 0)
			return &f->list[i];
	printf("# no %s\n", path);
	exit(2);
}

/* The run that had the next one sign was cut before the file of the CA was placed: certificates of it are there. */
static void test_earlier_copy_cut(void)
{
	struct pki_file *earlier, *later, swap;
	struct renew_host r;
	struct pki_files before = { 0 }, cut = { 0 };
	struct pki_store *both;

	begin();
	rotate(PKI_ISSUER_ETCD, PKI_PHASE_ONE);
	both = opened(NULL);
	made_files(made_store, "cp1", NULL, 0, &before);
	rotate(PKI_ISSUER_ETCD, PKI_PHASE_BOTH);
	made_files(made_store, "cp1", NULL, 0, &cut);
	earlier = named(&before, PKI "etcd/ca.crt");
	later = named(&cut, PKI "etcd/ca.crt");
	swap = *earlier;
	*earlier = *later;
	*later = swap;
	is_ahead_of(both, &cut, PKI_ISSUER_ETCD, "has signed there");
	/* by the store itself it continues */
	decided(&cut, PKI_ISSUER_ETCD, false, &r);
	CHECK(r.trust == RENEW_DUE && !r.ahead);
	pki_files_release(&before);
	pki_files_release(&cut);
	pki_store_free(both);
	made_end();
}

static const struct test tests[] = {
	{ "an earlier copy of the store", test_earlier_copy },
	{ "an earlier copy of the store, in which two are trusted", test_earlier_copy_of_both },
	{ "an earlier copy of the store, after a run that was cut", test_earlier_copy_cut },
};
TEST_MAIN(tests)
