/* The walk from one way in which Secrets lie in etcd to another one, and the files' names. */
#include "tests/test.h"

#include "base/error.h"
#include "base/str.h"
#include "cluster/encryption.h"
#include "pki/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define A "aaaaaaaaaaaa"
#define B "bbbbbbbbbbbb"
#define I ENCRYPTION_IDENTITY
#define FOLDER "/etc/kubernetes/kubewright/secrets-"

static void test_paths(void)
{
	static const char *const good[] = { "", FOLDER A ".yaml", FOLDER I "-" A ".yaml", FOLDER A "-" I ".yaml",
		FOLDER A "-" B "-" I ".yaml" };
	static const char *const bad[] = { FOLDER ".yaml", FOLDER I ".yaml", FOLDER A, FOLDER A ".yml",
		FOLDER A "-" A ".yaml", FOLDER A "-.yaml", FOLDER "-" A ".yaml", FOLDER "aaaaaaaaaaa.yaml",
		FOLDER "aaaaaaaaaaaaa.yaml", FOLDER "identityyyyy.yaml", FOLDER "../../passwd", FOLDER A "/../x.yaml",
		"/etc/kubernetes/enc.yaml", "x", FOLDER A "-" B "-" I "-cccccccccccc-dddddddddddd.yaml" };
	struct encryption e;
	char path[ENCRYPTION_PATH];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK(encryption_of_path(good[i], &e));
		encryption_path(&e, path);
		CHECK_STR(path, good[i]);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (!CHECK(!encryption_of_path(bad[i], &e)))
			printf("# %s\n", bad[i]);
}

static bool has(const struct encryption *e, const char *by)
{
	for (size_t i = 0; i < e->count; i++)
		if (strcmp(e->by[i], by) == 0)
			return true;
	return false;
}

/* From `path` to one alone: what there is at each step, with "!" where all is written again before. */
static void walks(const char *path, const char *to, const char *want)
{
	struct encryption now, next;
	struct str text = STR_INIT;
	char at[ENCRYPTION_PATH];
	enum encryption_step step;

	CHECK(encryption_of_path(path, &now));
	for (int i = 0; i < 5 && (step = encryption_step(&now, to, &next)) != ENCRYPTION_THERE; i++) {
		/* while some have this file and some the next one, each reads what the others write */
		CHECK(has(&now, next.by[0]) && has(&next, now.by[0]));
		/* nothing that may still lie there is forgotten before it is written again */
		for (size_t k = 0; k < now.count && step == ENCRYPTION_CHANGE; k++)
			CHECK(has(&next, now.by[k]));
		encryption_path(&next, at);
		str_addf(&text, " %s%s", step == ENCRYPTION_REWRITE ? "!" : "", *at ? at + strlen(FOLDER) : "none");
		now = next;
	}
	CHECK_STR(text.buf, want);
	str_release(&text);
}

static void test_walks(void)
{
	walks("", I, "");
	walks("", A, " " I "-" A ".yaml " A "-" I ".yaml !" A ".yaml");
	walks(FOLDER A ".yaml", I, " " A "-" I ".yaml " I "-" A ".yaml !none");
	walks(FOLDER A ".yaml", B, " " A "-" B ".yaml " B "-" A ".yaml !" B ".yaml");
	/* minds change on the way */
	walks(FOLDER I "-" A ".yaml", I, " !none");
	walks(FOLDER A "-" I ".yaml", I, " " I "-" A ".yaml !none");
	walks(FOLDER I "-" A ".yaml", B, " " I "-" A "-" B ".yaml " B "-" A "-" I ".yaml !" B ".yaml");
	walks(FOLDER A "-" B ".yaml", A, " !" A ".yaml");
	walks(FOLDER A "-" B ".yaml", I, " " A "-" B "-" I ".yaml " I "-" A "-" B ".yaml !none");
}

static void test_text(void)
{
	struct error err = { 0 };
	char dir[] = "/tmp/kubewright-test-XXXXXX", store[64], path[ENCRYPTION_PATH], prefix[64], want[512];
	const struct pki_secrets_key *key;
	struct encryption e;
	struct pki_store *s;
	struct str text = STR_INIT;

	CHECK(mkdtemp(dir));
	snprintf(store, sizeof(store), "%s/store", dir);
	s = pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	CHECK_INT(pki_store_secrets_make(s, store, NULL, &err), 0);
	key = pki_store_secrets_key(s, 0);
	snprintf(path, sizeof(path), FOLDER "%s-" I ".yaml", key->id);
	CHECK(encryption_of_path(path, &e) && !encryption_lacks(&e, s));
	CHECK_INT(encryption_text(&e, s, &text, &err), 0);
	snprintf(want, sizeof(want),
		"  providers:\n  - secretbox:\n      keys:\n      - {name: kubewright-%s, secret: %s}\n  - identity: {}\n",
		key->id, key->base64);
	CHECK(str_ends(text.buf, want));
	encryption_prefix(key->id, prefix);
	snprintf(want, sizeof(want), "k8s:enc:secretbox:v1:kubewright-%s:", key->id);
	CHECK_STR(prefix, want);
	encryption_prefix(I, prefix);
	CHECK_STR(prefix, "");
	/* one that the store does not have */
	CHECK(encryption_of_path(FOLDER I "-" B ".yaml", &e));
	CHECK_STR(encryption_lacks(&e, s), B);
	CHECK_STR(encryption_lacks(&e, NULL), B);
	CHECK_INT(encryption_text(&e, s, &text, &err), -1);
	CHECK_INT(err.kind, ERROR_PKI);
	str_wipe(&text);
	pki_store_free(s);
	snprintf(want, sizeof(want), "rm -rf '%s'", dir);
	CHECK_INT(system(want), 0);
}

static const struct test tests[] = {
	{ "paths", test_paths },
	{ "walks", test_walks },
	{ "the file", test_text },
};
TEST_MAIN(tests)
