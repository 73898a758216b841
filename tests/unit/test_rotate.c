/* Another CA takes the place of one of the store's: what becomes of the store, phase by phase, and what hosts get then. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/file.h"
#include "cluster/renew.h"
#include "cluster/rotate.h"
#include "pki/backup.h"
#include "tests/unit/faults.h"
#include "tests/unit/leaf_made.h"
#include "tests/unit/store_rotated.h"
#include "tests/unit/weak_keys.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PKI "/etc/kubernetes/pki/"

/* Digests of the certificates of a CA's file. */
static size_t sums(enum pki_issuer issuer, char out[4][65])
{
	const char *pem = pki_store_pem(made_store, pki_issuer_crt(issuer));
	struct arena arena = { 0 };
	struct pki_cert *list;
	size_t left_out;
	int n = pki_certs_read(pem, strlen(pem), 4, &arena, &list, &left_out, NULL);

	for (int i = 0; i < n; i++)
		memcpy(out[i], list[i].info.sha256, 65);
	arena_release(&arena);
	return n > 0 ? (size_t)n : 0;
}

/* ---- the store ---------------------------------------------------------------------------------------------------- */

static void test_phases(void)
{
	enum pki_issuer ca = PKI_ISSUER_FRONT_PROXY;
	char a[4][65], both[4][65], then[4][65], *key, *old;
	struct pki_cert_info info;

	begin();
	CHECK_INT(sums(ca, a), 1);
	old = xstrdup(pki_store_pem(made_store, PKI_FRONT_PROXY_CA_KEY));
	CHECK(pki_store_phase_at(dir, ca) == PKI_PHASE_ONE && !pki_store_other_key(made_store, ca));
	rotate(ca, PKI_PHASE_ONE);
	CHECK(pki_store_phase(made_store, ca) == PKI_PHASE_BOTH && pki_store_phase_at(dir, ca) == PKI_PHASE_BOTH);
	CHECK_INT(sums(ca, both), 2);
	CHECK_STR(both[0], a[0]);
	CHECK_STR(pki_store_pem(made_store, PKI_FRONT_PROXY_CA_KEY), old);
	CHECK(is_there("front-proxy-ca.next.key") && !is_there("front-proxy-ca.old.key"));
	key = xstrdup(pki_store_other_key(made_store, ca));
	rotate(ca, PKI_PHASE_BOTH);
	CHECK(pki_store_phase(made_store, ca) == PKI_PHASE_REISSUED);
	CHECK_INT(sums(ca, then), 2);
	CHECK(strcmp(then[0], both[1]) == 0 && strcmp(then[1], a[0]) == 0);
	CHECK_STR(pki_store_pem(made_store, PKI_FRONT_PROXY_CA_KEY), key);
	CHECK_STR(pki_store_other_key(made_store, ca), old);
	CHECK(!is_there("front-proxy-ca.next.key") && is_there("front-proxy-ca.old.key"));
	rotate(ca, PKI_PHASE_REISSUED);
	CHECK_INT(sums(ca, then), 1);
	CHECK_STR(then[0], both[1]);
	CHECK(pki_store_phase(made_store, ca) == PKI_PHASE_ONE && !is_there("front-proxy-ca.old.key"));
	CHECK(!pki_store_other_key(made_store, ca));
	/* another name, so that nobody takes the one for the other */
	pki_cert_info(pki_store_pem(made_store, PKI_FRONT_PROXY_CA_CRT),
		strlen(pki_store_pem(made_store, PKI_FRONT_PROXY_CA_CRT)), &info, NULL);
	CHECK(strncmp(info.subject_cn, "front-proxy-ca-2", 16) == 0 && info.is_ca);
	/* the others are not touched */
	CHECK_INT(sums(PKI_ISSUER_ETCD, then), 1);
	CHECK(pki_store_phase(made_store, PKI_ISSUER_ETCD) == PKI_PHASE_ONE);
	free(key);
	free(old);
	made_end();
}

static void test_refused(void)
{
	struct error err = { 0 };
	char *command;
	struct pki_store *s;

	begin();
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_ETCD, PKI_PHASE_BOTH, &err), -1);
	CHECK(err.kind == ERROR_LOCKED && strstr(err.what, "meanwhile"));
	/* two CAs that nobody here has put there */
	command = xasprintf("cat '%s/ca.crt' >>'%s/etcd/ca.crt'", dir, dir);
	CHECK_INT(system(command), 0);
	free(command);
	memset(&err, 0, sizeof(err));
	CHECK_INT(pki_store_rotate(dir, NULL, PKI_ISSUER_ETCD, PKI_PHASE_ONE, &err), -1);
	CHECK(strstr(err.what, "holds 2 certificates") && strstr(err.hint, "several levels"));
	rotate(PKI_ISSUER_FRONT_PROXY, PKI_PHASE_ONE);
	/* a key that its certificate is missing for */
	command = xasprintf("cp '%s/ca.key' '%s/ca.next.key'", dir, dir);
	CHECK_INT(system(command), 0);
	free(command);
	memset(&err, 0, sizeof(err));
	s = pki_store_open(dir, NULL, &err);
	CHECK(!s && strstr(err.what, "ca.next.key' does not go with") && strstr(err.hint, "backup"));
	/* the wrong one */
	command = xasprintf("rm '%s/ca.next.key'; cp '%s/ca.key' '%s/front-proxy-ca.next.key'", dir, dir, dir);
	CHECK_INT(system(command), 0);
	free(command);
	memset(&err, 0, sizeof(err));
	s = pki_store_open(dir, NULL, &err);
	CHECK(!s && strstr(err.what, "does not match"));
	made_end();
}

/* The key beside is as safe as the others: under a passphrase, in a backup. */
static void test_kept(void)
{
	struct secret passphrase = { 0 };
	struct error err = { 0 };
	struct pki_backup b;
	struct pki_store *s, *again;
	struct str text = STR_INIT;
	char *path;
	struct stat st;

	begin();
	rotate(PKI_ISSUER_ETCD, PKI_PHASE_ONE);
	secret_set(&passphrase, "a passphrase", 12);
	CHECK_INT(pki_store_protect(dir, NULL, &passphrase, &err), 0);
	path = xasprintf("%s/etcd/ca.next.key", dir);
	CHECK_INT(file_read(path, 1 << 20, &text, NULL), 0);
	CHECK(strstr(text.buf, "BEGIN ENCRYPTED PRIVATE KEY") && stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
	CHECK(pki_store_open(dir, NULL, NULL) == NULL);
	s = opened(&passphrase);
	CHECK(pki_store_same(s, made_store));
	/* and the next phase is under it too */
	CHECK_INT(pki_store_rotate(dir, &passphrase, PKI_ISSUER_ETCD, PKI_PHASE_BOTH, &err), 0);
	again = opened(&passphrase);
	CHECK(pki_store_phase(again, PKI_ISSUER_ETCD) == PKI_PHASE_REISSUED && !pki_store_same(again, s));
	pki_backup_init(&b);
	pki_backup_fill(&b, again);
	pki_store_free(s);
	s = pki_backup_store(&b, &err);
	CHECK(s && pki_store_same(s, again) && pki_store_phase(s, PKI_ISSUER_ETCD) == PKI_PHASE_REISSUED);
	pki_backup_release(&b);
	pki_store_free(s);
	pki_store_free(again);
	str_release(&text);
	free(path);
	secret_release(&passphrase);
	made_end();
}

/* A new process whose n-th call that changes the disk is its last one, or fails; false: it has fewer. */
static bool struck_at(int n, int how, enum pki_issuer issuer, enum pki_phase from)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct error err = { 0 };
		int rc;

		fatal = n;
		fault = how;
		rc = pki_store_rotate(dir, NULL, issuer, from, &err);
		fault = GOES;
		_exit(calls < n ? 99 : rc && !err.what[0] ? 2 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) != 2);
	return WEXITSTATUS(status) != 99;
}

/* The store is in the phase of before or in the next one, whatever call of a process was its last; and it continues from there. */
static void torture(int how, enum pki_issuer ca)
{
	char *command;
	int most = 0;

	begin();
	command = xasprintf("test \"$(ls '%s')\" = pki", made_dir);
	for (int phase = PKI_PHASE_ONE; phase <= PKI_PHASE_REISSUED; phase++) {
		enum pki_phase from = (enum pki_phase)phase, then = (enum pki_phase)((phase + 1) % 3);

		for (int n = 1; n < 1000; n += TEST_STEP) {
			bool struck = struck_at(n, how, ca, from);
			enum pki_phase now;
			struct pki_store *s = opened(NULL);

			now = pki_store_phase(s, ca);
			pki_store_free(s);
			CHECK(now == from || now == then);
			most = n > most ? n : most;
			if (now == from)
				continue;
			/* the exchange is done; the last call of it but removed what was before */
			if (!struck)
				break;
			rotate(ca, then);
			rotate(ca, (enum pki_phase)((then + 1) % 3));
			CHECK_INT(system(command), 0);
		}
		CHECK(pki_store_phase_at(dir, ca) == then);
	}
	CHECK(most > 20 && most < 999);
	free(command);
	made_end();
}

static void test_killed(void)
{
	torture(DIES, PKI_ISSUER_ETCD);
}

static void test_failing(void)
{
	torture(FAILS, PKI_ISSUER_ETCD);
}

static void test_killed_tokens(void)
{
	torture(DIES, PKI_ISSUER_TOKENS);
}

/* ---- what is made by it ------------------------------------------------------------------------------------------- */

static void signed_when(enum pki_issuer issuer, const char *pem, bool here, bool now)
{
	CHECK_INT(pki_signed_here(made_store, issuer, pem, strlen(pem), NULL), here ? 0 : -1);
	CHECK_INT(pki_signed_now(made_store, issuer, pem, strlen(pem)), now);
}

/* In no phase does it matter which of the two a client knows: an API server shows its way to both. */
static void test_served(void)
{
	static const char path[] = "/etc/kubernetes/pki/apiserver.crt", conf[] = "/etc/kubernetes/admin.conf";
	const char *names[] = { "10.0.0.11" };
	struct secret renewed = { 0 }, key = { 0 };
	struct str earlier = STR_INIT, later = STR_INIT, data = STR_INIT;
	struct error err = { 0 };

	begin();
	str_add(&earlier, pki_store_pem(made_store, PKI_CA_CRT));
	for (int phase = PKI_PHASE_ONE; phase < 4; phase++) {
		bool both = phase % 3 != PKI_PHASE_ONE, signs = phase >= PKI_PHASE_REISSUED;
		const char *pem, *ca = pki_store_pem(made_store, PKI_CA_CRT);
		struct pki_files f = { 0 };
		char *where;

		if (phase == PKI_PHASE_BOTH)
			str_add(&later, ca + earlier.len);
		made_files(made_store, "cp1", NULL, 0, &f);
		pem = made_file(&f, path);
		CHECK_INT(
			pki_cert_verify(pem, strlen(pem), earlier.buf, true, names, 1, NULL), both || !signs ? 0 : -1);
		if (later.len)
			CHECK_INT(pki_cert_verify(pem, strlen(pem), later.buf, true, names, 1, NULL), 0);
		CHECK_INT(strstr(strstr(pem, "-----END"), "-----BEGIN") != NULL, both);
		if (pki_renew(made_store, PKI_ISSUER_CLUSTER, pem, strlen(pem), 3, &renewed, &key, &err))
			printf("# %s\n", err.what);
		CHECK_INT(strstr(strstr(renewed.text, "-----END"), "-----BEGIN") != NULL, both);
		/* kubeadm compares a kubeconfig's with the first of ca.crt */
		where = strstr(made_file(&f, conf), "certificate-authority-data: ");
		str_clear(&data);
		where += strlen("certificate-authority-data: ");
		CHECK_INT(str_add_unbase64(&data, where, strcspn(where, "\n")), 0);
		CHECK(strncmp(data.buf, ca, data.len) == 0 && !strstr(data.buf + 1, "-----BEGIN"));
		CHECK_STR(data.buf, signs ? later.buf : earlier.buf);
		pki_files_release(&f);
		if (phase < 3)
			rotate(PKI_ISSUER_CLUSTER, (enum pki_phase)phase);
	}
	secret_release(&renewed);
	secret_release(&key);
	str_release(&earlier);
	str_release(&later);
	str_release(&data);
	made_end();
}

/* A leaf of the earlier CA is made again by the one that signs; both are trusted meanwhile. */
static void test_leaves(void)
{
	struct secret old = { 0 }, key = { 0 }, new = { 0 };
	enum pki_issuer ca = PKI_ISSUER_ETCD;
	struct error err = { 0 };
	struct pki_cert_info info;

	begin();
	CHECK_INT(pki_client_certificate(made_store, ca, "me", NULL, 3600, &old, &key, &err), 0);
	rotate(ca, PKI_PHASE_ONE);
	signed_when(ca, old.text, true, true);
	rotate(ca, PKI_PHASE_BOTH);
	signed_when(ca, old.text, true, false);
	CHECK_INT(pki_renew(made_store, ca, old.text, old.len, 3, &new, &key, &err), 0);
	signed_when(ca, new.text, true, true);
	pki_cert_info(new.text, new.len, &info, NULL);
	CHECK(strcmp(info.subject_cn, "me") == 0 && strncmp(info.issuer_cn, "etcd-ca-2", 9) == 0);
	CHECK_INT(pki_cert_verify(new.text, new.len, pki_store_pem(made_store, PKI_ETCD_CA_CRT), false, NULL, 0, NULL),
		0);
	CHECK_INT(pki_cert_verify(old.text, old.len, pki_store_pem(made_store, PKI_ETCD_CA_CRT), false, NULL, 0, NULL),
		0);
	rotate(ca, PKI_PHASE_REISSUED);
	signed_when(ca, old.text, false, false);
	signed_when(ca, new.text, true, true);
	CHECK_INT(pki_cert_verify(old.text, old.len, pki_store_pem(made_store, PKI_ETCD_CA_CRT), false, NULL, 0, NULL),
		-1);
	secret_release(&old);
	secret_release(&new);
	secret_release(&key);
	made_end();
}

/* ---- what hosts get ----------------------------------------------------------------------------------------------- */

static void gets(enum pki_issuer issuer, const struct pki_files *files, enum renew_verdict trust, unsigned due,
	unsigned restarts)
{
	struct renew_host r;

	decided(files, issuer, false, &r);
	CHECK_INT(r.trust, trust);
	CHECK_INT(renew_count(&r, RENEW_DUE, RENEW_STAGES), due);
	CHECK_INT(r.restarts, restarts);
	CHECK_INT(renew_count(&r, RENEW_REFUSED, RENEW_STAGES), 0);
}

#define ETCD_READERS (RENEW_READER_ETCD | RENEW_READER_API)
static void test_decided(void)
{
	static const struct {
		enum pki_issuer issuer;
		unsigned leaves, trust, leaf;
	} rows[] = {
		{ PKI_ISSUER_ETCD, 4, RENEW_READER_ETCD | RENEW_READER_API, 0 },
		{ PKI_ISSUER_FRONT_PROXY, 1, RENEW_READER_API, RENEW_READER_API },
		{ PKI_ISSUER_TOKENS, 0, RENEW_READER_API, RENEW_READER_API | RENEW_READER_MANAGER },
	};

	begin();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		enum pki_issuer ca = rows[i].issuer;
		struct pki_files old = { 0 }, both = { 0 }, then = { 0 }, new = { 0 };

		made_files(made_store, "cp1", NULL, 0, &old);
		gets(ca, &old, RENEW_LEFT, 0, 0);
		rotate(ca, PKI_PHASE_ONE);
		gets(ca, &old, RENEW_DUE, 0, rows[i].trust);
		made_files(made_store, "cp1", NULL, 0, &both);
		gets(ca, &both, RENEW_LEFT, 0, 0);
		rotate(ca, PKI_PHASE_BOTH);
		gets(ca, &both, RENEW_DUE, rows[i].leaves, rows[i].leaf);
		/* one that was away from the beginning */
		gets(ca, &old, RENEW_DUE, rows[i].leaves, rows[i].trust | (ca == PKI_ISSUER_TOKENS ? rows[i].leaf : 0));
		made_files(made_store, "cp1", NULL, 0, &then);
		gets(ca, &then, RENEW_LEFT, 0, 0);
		rotate(ca, PKI_PHASE_REISSUED);
		gets(ca, &then, RENEW_DUE, 0, rows[i].trust);
		made_files(made_store, "cp1", NULL, 0, &new);
		gets(ca, &new, RENEW_LEFT, 0, 0);
		pki_files_release(&old);
		pki_files_release(&both);
		pki_files_release(&then);
		pki_files_release(&new);
	}
	made_end();
}

/* What does not belong to the store is not replaced; of a worker nothing is. */
static void test_foreign(void)
{
	struct pki_store *other, *own;
	struct pki_files files = { 0 };
	struct renew_host r;

	begin();
	other = made_store_new("other");
	own = made_store;
	made_files(other, "cp1", NULL, 0, &files);
	made_store = own;
	decided(&files, PKI_ISSUER_ETCD, false, &r);
	CHECK(r.trust == RENEW_REFUSED && strstr(r.trust_why, "another CA"));
	CHECK_INT(renew_count(&r, RENEW_REFUSED, RENEW_STAGES), 4);
	decided(&files, PKI_ISSUER_ETCD, true, &r);
	CHECK(r.count == 0 && r.trust == RENEW_LEFT && r.restarts == 0);
	pki_files_release(&files);
	pki_store_free(other);
	made_end();
}

static void test_told(void)
{
	enum pki_issuer ca = PKI_ISSUER_FRONT_PROXY;
	struct str one = STR_INIT, two = STR_INIT;

	begin();
	str_add(&one, pki_store_pem(made_store, PKI_FRONT_PROXY_CA_CRT));
	CHECK_INT(rotate_told(made_store, ca, ""), ROTATE_TOLD_LACKS);
	CHECK_INT(rotate_told(made_store, ca, "nonsense"), ROTATE_TOLD_LACKS);
	CHECK_INT(rotate_told(made_store, ca, one.buf), ROTATE_TOLD_SAME);
	rotate(ca, PKI_PHASE_ONE);
	str_add(&two, pki_store_pem(made_store, PKI_FRONT_PROXY_CA_CRT));
	CHECK_INT(rotate_told(made_store, ca, one.buf), ROTATE_TOLD_LACKS);
	CHECK_INT(rotate_told(made_store, ca, two.buf), ROTATE_TOLD_SAME);
	rotate(ca, PKI_PHASE_BOTH);
	CHECK_INT(rotate_told(made_store, ca, two.buf), ROTATE_TOLD_SAME);
	rotate(ca, PKI_PHASE_REISSUED);
	CHECK_INT(rotate_told(made_store, ca, two.buf), ROTATE_TOLD_MORE);
	CHECK_INT(rotate_told(made_store, ca, one.buf), ROTATE_TOLD_LACKS);
	str_release(&one);
	str_release(&two);
	made_end();
}

/* ---- what is next ------------------------------------------------------------------------------------------------- */

static void test_next(void)
{
	static const struct {
		enum rotate_ask ask;
		enum pki_phase phase;
		/* when everything has it; when something is due; when one is away */
		enum rotate_next whole, due, away;
	} rows[] = {
		{ ROTATE_BEGIN, PKI_PHASE_ONE, ROTATE_CHANGES, ROTATE_REFUSED, ROTATE_REFUSED },
		{ ROTATE_BEGIN, PKI_PHASE_BOTH, ROTATE_NOTHING, ROTATE_CONTINUES, ROTATE_REFUSED },
		{ ROTATE_BEGIN, PKI_PHASE_REISSUED, ROTATE_NOTHING, ROTATE_CONTINUES, ROTATE_REFUSED },
		{ ROTATE_REISSUE, PKI_PHASE_ONE, ROTATE_REFUSED, ROTATE_REFUSED, ROTATE_REFUSED },
		{ ROTATE_REISSUE, PKI_PHASE_BOTH, ROTATE_CHANGES, ROTATE_REFUSED, ROTATE_REFUSED },
		{ ROTATE_REISSUE, PKI_PHASE_REISSUED, ROTATE_NOTHING, ROTATE_CONTINUES, ROTATE_REFUSED },
		{ ROTATE_FORGET, PKI_PHASE_ONE, ROTATE_NOTHING, ROTATE_CONTINUES, ROTATE_REFUSED },
		{ ROTATE_FORGET, PKI_PHASE_BOTH, ROTATE_REFUSED, ROTATE_REFUSED, ROTATE_REFUSED },
		{ ROTATE_FORGET, PKI_PHASE_REISSUED, ROTATE_CHANGES, ROTATE_REFUSED, ROTATE_REFUSED },
	};
	const struct rotate_kind *kind = rotate_kind_find("etcd-ca");
	struct error err = { 0 };

	CHECK(kind && kind->issuer == PKI_ISSUER_ETCD);
	CHECK(rotate_kind_find("front-proxy-ca") && rotate_kind_find("ca")->issuer == PKI_ISSUER_CLUSTER);
	CHECK(rotate_kind_find("sa")->issuer == PKI_ISSUER_TOKENS);
	CHECK(!rotate_kind_find("sa.key") && !rotate_kind_find(""));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rotate_state s = { .phase = rows[i].phase };

		CHECK_INT(rotate_next(kind, rows[i].ask, &s, &err), rows[i].whole);
		snprintf(s.behind, sizeof(s.behind), "cp2 was not looked at");
		CHECK_INT(rotate_next(kind, rows[i].ask, &s, &err), rows[i].away);
		s.due = true;
		CHECK_INT(rotate_next(kind, rows[i].ask, &s, &err), rows[i].due);
	}
	/* whatever is asked for, and whatever is due */
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rotate_state s = { .phase = rows[i].phase, .due = true, .ahead = "cp1: another CA signs there" };

		CHECK_INT(rotate_next(kind, rows[i].ask, &s, &err), ROTATE_REFUSED);
		CHECK_STR(err.what,
			"etcd-ca: nothing is changed, as that would go backward on cp1: another CA signs there");
	}
	/* what would fail, unless it is to be so */
	for (int forced = 0; forced < 2; forced++) {
		struct rotate_state s = {
			.phase = PKI_PHASE_REISSUED, .breaks = "pods use it", .breaks_hint = "wait", .forced = forced
		};

		CHECK_INT(rotate_next(rotate_kind_find("sa"), ROTATE_FORGET, &s, &err),
			forced ? ROTATE_CHANGES : ROTATE_REFUSED);
		CHECK_STR(err.what, "sa: the earlier key is not forgotten: pods use it");
		CHECK_STR(err.hint, "wait; --force forgets it all the same");
	}
	CHECK_INT(rotate_next(rotate_kind_find("sa"), ROTATE_BEGIN,
			  &(struct rotate_state){ .breaks = "it is elsewhere", .breaks_hint = "look", .forced = true },
			  &err),
		ROTATE_REFUSED);
	CHECK_STR(err.what, "sa: no other key is made: it is elsewhere");
	CHECK_STR(err.hint, "look");
	rotate_next(kind, ROTATE_FORGET,
		&(struct rotate_state){ .phase = PKI_PHASE_REISSUED, .due = true, .behind = "cp2 was not looked at" },
		&err);
	CHECK(strstr(err.what, "not forgotten") && strstr(err.what, "cp2 was not looked at") &&
		strstr(err.hint, "certs rotate etcd-ca'"));
}

static const struct test tests[] = {
	{ "phases of a store", test_phases },
	{ "stores that are refused", test_refused },
	{ "under a passphrase and in a backup", test_kept },
	{ "a process that is killed", test_killed },
	{ "a disk that fails", test_failing },
	{ "a process that is killed at that of service accounts", test_killed_tokens },
	{ "what API servers show", test_served },
	{ "leaves of both", test_leaves },
	{ "what a control plane gets", test_decided },
	{ "another cluster's, and a worker's", test_foreign },
	{ "what is published", test_told },
	{ "what is next", test_next },
};
TEST_MAIN(tests)
