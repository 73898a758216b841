/* The key of service accounts is rotated: what becomes of the store, and who still has tokens of the earlier one. */
#include "tests/test.h"

#include "base/json.h"
#include "cli/run.h"
#include "cluster/tokens.h"
#include "pki/backup.h"
#include "tests/unit/store_rotated.h"

#include <stdio.h>
#include <string.h>

static const char *const no_secrets[PKI_SECRETS_KEYS];

/* How many public keys the store says that API servers are to have. */
static int publics(const struct pki_store *s, struct arena *arena, struct pki_public **out)
{
	const char *pem = pki_store_pem(s, PKI_SA_PUB);
	size_t left_out;

	return pki_publics_read(pem, strlen(pem), 4, arena, out, &left_out, NULL);
}

static void test_tokens(void)
{
	enum pki_issuer sa = PKI_ISSUER_TOKENS;
	struct arena arena = { 0 };
	struct pki_public *a, *both, *then, *end;
	char *key, *old, pin[80];

	begin();
	CHECK_INT(publics(made_store, &arena, &a), 1);
	old = xstrdup(pki_store_pem(made_store, PKI_SA_KEY));
	rotate(sa, PKI_PHASE_ONE);
	CHECK(is_there("sa.next.key") && !is_there("sa.old.key") && !is_there("sa.pub"));
	CHECK_INT(publics(made_store, &arena, &both), 2);
	/* that of sa.key is the first one: kubeadm takes it for its other half */
	CHECK_STR(both[0].pin, a[0].pin);
	CHECK(strcmp(both[1].pin, a[0].pin) != 0);
	CHECK_STR(both[1].algorithm, a[0].algorithm);
	CHECK_INT(both[1].bits, a[0].bits);
	CHECK_STR(pki_store_pem(made_store, PKI_SA_KEY), old);
	key = xstrdup(pki_store_other_key(made_store, sa));
	rotate(sa, PKI_PHASE_BOTH);
	CHECK(is_there("sa.old.key") && !is_there("sa.next.key"));
	CHECK_INT(publics(made_store, &arena, &then), 2);
	CHECK(strcmp(then[0].pin, both[1].pin) == 0 && strcmp(then[1].pin, a[0].pin) == 0);
	CHECK_STR(pki_store_pem(made_store, PKI_SA_KEY), key);
	CHECK_STR(pki_store_other_key(made_store, sa), old);
	tokens_pin(made_store, pin, sizeof(pin));
	CHECK_STR(pin, both[1].pin);
	rotate(sa, PKI_PHASE_REISSUED);
	CHECK_INT(publics(made_store, &arena, &end), 1);
	CHECK_STR(end[0].pin, both[1].pin);
	CHECK(!is_there("sa.old.key") && !pki_store_other_key(made_store, sa));
	CHECK(pki_store_phase(made_store, PKI_ISSUER_CLUSTER) == PKI_PHASE_ONE);
	free(key);
	free(old);
	arena_release(&arena);
	made_end();
}

/* A machine that takes its store from a control plane in between: tokens of the other key stay accepted there too. */
static void test_tokens_taken(void)
{
	struct error err = { 0 };
	const char *pem[PKI_SHARED];
	struct str swapped = STR_INIT, foreign = STR_INIT;
	struct arena arena = { 0 };
	struct pki_public *mine, *theirs;
	struct pki_store *s, *again;
	struct pki_backup b;
	char there[128];

	begin();
	rotate(PKI_ISSUER_TOKENS, PKI_PHASE_ONE);
	for (int i = 0; i < PKI_SHARED; i++)
		pem[i] = pki_store_pem(made_store, (enum pki_pem)i);
	snprintf(there, sizeof(there), "%s/there", made_dir);
	/* in whatever order they stand on that host */
	str_addf(&swapped, "%s%s", strstr(pem[PKI_SA_PUB] + 1, "-----BEGIN"), pem[PKI_SA_PUB]);
	pem[PKI_SA_PUB] = swapped.buf;
	s = pki_store_import(there, pem, no_secrets, NULL, &err);
	if (!CHECK(s != NULL))
		printf("# %s\n", err.what);
	CHECK_INT(publics(made_store, &arena, &mine), 2);
	CHECK_STR(pki_store_pem(s, PKI_SA_PUB), pki_store_pem(made_store, PKI_SA_PUB));
	CHECK(pki_store_phase(s, PKI_ISSUER_TOKENS) == PKI_PHASE_ONE);
	CHECK_INT(pki_store_may_rotate(s, PKI_ISSUER_TOKENS, &err), -1);
	CHECK(strstr(err.what, "further public keys") && strstr(err.hint, "continue on the machine"));
	CHECK_INT(pki_store_may_rotate(s, PKI_ISSUER_ETCD, NULL), 0);
	/* it stays so: read again, in a backup, under a passphrase */
	again = pki_store_open(there, NULL, &err);
	CHECK(again && pki_store_same(s, again));
	pki_store_free(again);
	pki_backup_init(&b);
	pki_backup_fill(&b, s);
	again = pki_backup_store(&b, &err);
	CHECK(again && pki_store_same(s, again));
	pki_store_free(again);
	pki_backup_release(&b);
	CHECK_INT(pki_store_rotate(there, NULL, PKI_ISSUER_ETCD, PKI_PHASE_ONE, &err), 0);
	again = pki_store_open(there, NULL, &err);
	CHECK(again && publics(again, &arena, &theirs) == 2);
	pki_store_free(again);
	pki_store_free(s);
	/* one that lacks the key's own is of another cluster */
	snprintf(there, sizeof(there), "%s/elsewhere", made_dir);
	str_add(&foreign, strstr(pki_store_pem(made_store, PKI_SA_PUB) + 1, "-----BEGIN"));
	pem[PKI_SA_PUB] = foreign.buf;
	memset(&err, 0, sizeof(err));
	CHECK(!pki_store_import(there, pem, no_secrets, NULL, &err));
	CHECK(strstr(err.what, "'sa.pub' does not go with 'sa.key'"));
	/* what cannot be read as one is as if it were not there */
	pem[PKI_SA_PUB] = "-----BEGIN RSA PUBLIC KEY-----\n";
	s = pki_store_import(there, pem, no_secrets, NULL, &err);
	CHECK(s && publics(s, &arena, &theirs) == 1);
	pki_store_free(s);
	str_release(&swapped);
	str_release(&foreign);
	arena_release(&arena);
	made_end();
}

/* ---- who has tokens of the earlier one ----------------------------------------------------------------------------- */

#define SINCE 1772366400 /* 2026-03-01 12:00 UTC */

static void add(struct tokens *t, void (*fn)(struct tokens *t, const struct json *list), const char *items)
{
	struct str text = STR_INIT;
	struct json *j;

	str_addf(&text, "{\"items\":[%s]}", items);
	j = json_parse(text.buf, text.len, NULL);
	CHECK(j != NULL);
	fn(t, j);
	json_free(j);
	str_release(&text);
}

#define META(name, made, more) \
	"{\"metadata\":{\"namespace\":\"shop\",\"name\":\"" name "\",\"creationTimestamp\":\"2026-03-01T" made \
	"Z\"" more "}"
#define MANAGED(who, when) ",\"managedFields\":[{\"manager\":\"" who "\",\"time\":\"2026-03-01T" when "Z\"}]"

static void test_secrets(void)
{
	struct tokens t = { .asked = true, .since_s = SINCE, .now_s = SINCE };
	char what[600], hint[300];

	/* made since; written again since; refused by the API server anyway */
	add(&t, tokens_add_secrets,
		META("new", "12:00:00", "") "}," META(
			"again", "10:00:00", MANAGED("kube-controller-manager", "12:30:00")) "}," META("unused",
			"10:00:00", ",\"labels\":{\"kubernetes.io/legacy-token-invalid-since\":\"2026-02-01\"}") "}");
	tokens_breaks(&t, what, sizeof(what), hint, sizeof(hint));
	CHECK_STR(what, "");
	CHECK_STR(hint, "");
	add(&t, tokens_add_secrets,
		META("old", "11:59:59", "") "}," META("edited", "10:00:00", MANAGED("kubectl", "12:30:00")) "}");
	CHECK_INT(t.secrets, 2);
	tokens_breaks(&t, what, sizeof(what), hint, sizeof(hint));
	CHECK_STR(what, "2 Secrets hold a token that it has signed: shop/old, shop/edited");
	CHECK(strstr(hint, "data.token"));
	/* more than are named */
	for (int i = 0; i < 4; i++)
		add(&t, tokens_add_secrets, META("more", "01:00:00", "") "}");
	tokens_breaks(&t, what, sizeof(what), hint, sizeof(hint));
	CHECK(strstr(what, "6 Secrets") && str_ends(what, "shop/more, shop/more, shop/more, …"));
}

#define TOKEN(seconds) \
	"\"spec\":{\"volumes\":[{\"emptyDir\":{}},{\"projected\":{\"sources\":[{\"configMap\":{}},{\"serviceAccountToken\":{" seconds \
	"}}]}}]}}"

/* Until when kubelets renew the tokens of pods from before, by how long each is asked for. */
static void test_pods(void)
{
	static const struct {
		const char *pods;
		unsigned count;
		int64_t lasts; /* seconds after the new key signs, without what it takes to settle; 0: nothing is to be waited for */
	} rows[] = {
		{ "", 0, 0 },
		{ META("none", "11:00:00", "") "}", 0, 0 },
		{ META("since", "12:00:00", "") "," TOKEN(""), 0, 0 },
		{ META("over", "11:00:00", "") ",\"status\":{\"phase\":\"Succeeded\"}," TOKEN(""), 0, 0 },
		{ META("usual", "11:00:00", "") "," TOKEN("\"expirationSeconds\":3607"), 1, 2885 },
		{ META("default", "11:00:00", "") "," TOKEN(""), 1, 2880 },
		{ META("long", "11:00:00", "") "," TOKEN("\"expirationSeconds\":43200") "," META(
			  "b", "11:00:00", "") "," TOKEN(""),
			2, 34560 },
		{ META("longest", "11:00:00", "") "," TOKEN("\"expirationSeconds\":9000000"), 1, 86400 },
	};
	char what[600], hint[300];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct tokens t = { .asked = true, .since_s = SINCE, .now_s = SINCE + rows[i].lasts };

		add(&t, tokens_add_pods, rows[i].pods);
		CHECK_INT(t.pods, rows[i].count);
		tokens_breaks(&t, what, sizeof(what), hint, sizeof(hint));
		CHECK_INT(what[0] != '\0', rows[i].lasts > 0);
		t.now_s += 15 * 60;
		tokens_breaks(&t, what, sizeof(what), hint, sizeof(hint));
		CHECK_STR(what, "");
	}
	CHECK_STR(hint, "");
}

static void test_unknown(void)
{
	struct tokens t = { .unknown = "Secrets: GET /api/v1/secrets: HTTP 500" };
	char what[600], hint[300];

	tokens_breaks(&t, what, sizeof(what), hint, sizeof(hint));
	CHECK_STR(what, "who still uses tokens of it is not known: Secrets: GET /api/v1/secrets: HTTP 500");
	CHECK(hint[0]);
}

/* Files that a rotation does not reach. */
static void test_elsewhere(void)
{
	static const struct {
		const char *config, *what;
	} rows[] = {
		{ "{}", "" },
		{ "{\"apiServer\":{\"extraArgs\":[{\"name\":\"profiling\",\"value\":\"false\"}]}}", "" },
		{ "{\"apiServer\":{\"extraArgs\":[{\"name\":\"service-account-key-file\",\"value\":\"/etc/kubernetes/pki/more.pub\"},"
		  "{\"name\":\"service-account-key-file\",\"value\":\"/etc/kubernetes/pki/sa.pub\"}]}}",
			"" },
		{ "{\"apiServer\":{\"extraArgs\":[{\"name\":\"service-account-key-file\",\"value\":\"/etc/kubernetes/pki/more.pub\"}]}}",
			"kube-apiserver --service-account-key-file" },
		{ "{\"apiServer\":{\"extraArgs\":{\"service-account-signing-key-file\":\"/etc/kubernetes/pki/own.key\"}}}",
			"kube-apiserver --service-account-signing-key-file" },
		{ "{\"controllerManager\":{\"extraArgs\":{\"service-account-private-key-file\":\"/etc/kubernetes/pki/sa.key\"}}}",
			"" },
		{ "{\"controllerManager\":{\"extraArgs\":{\"service-account-private-key-file\":\"/own.key\"}}}",
			"kube-controller-manager --service-account-private-key-file" },
	};
	char what[100];

	CHECK(!tokens_elsewhere(NULL, what, sizeof(what)));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct json *j = json_parse(rows[i].config, strlen(rows[i].config), NULL);

		what[0] = '\0';
		CHECK(j != NULL);
		CHECK_INT(tokens_elsewhere(j, what, sizeof(what)), rows[i].what[0] != '\0');
		CHECK_STR(what, rows[i].what);
		json_free(j);
	}
}

static void test_since(void)
{
	char pin[80];
	struct str note = STR_INIT;
	struct pki_store *copies[2];
	struct json *own = json_object(), *data = json_set(own, "data", json_object());

	begin();
	tokens_pin(made_store, pin, sizeof(pin));
	CHECK(str_starts(pin, "sha256:"));
	CHECK_INT(tokens_since(NULL, made_store), 0);
	CHECK_INT(tokens_since(own, made_store), 0);
	str_addf(&note, "{\"key\":\"%s\",\"since\":\"2026-03-01T12:00:00Z\"}", pin);
	json_set_str(data, TOKENS_NOTE, note.buf);
	CHECK_INT(tokens_since(own, made_store), SINCE);
	CHECK(!tokens_earlier_copy(own, made_store) && !tokens_earlier_copy(NULL, made_store));
	copies[0] = opened(NULL);
	/* that of another key says nothing of this one */
	rotate(PKI_ISSUER_TOKENS, PKI_PHASE_ONE);
	CHECK_INT(tokens_since(own, made_store), SINCE);
	copies[1] = opened(NULL);
	rotate(PKI_ISSUER_TOKENS, PKI_PHASE_BOTH);
	CHECK_INT(tokens_since(own, made_store), 0);
	/* it is yet to be noted again; until then the copies are as good */
	for (int i = 0; i < 2; i++)
		CHECK(!tokens_earlier_copy(own, made_store) && !tokens_earlier_copy(own, copies[i]));
	tokens_pin(made_store, pin, sizeof(pin));
	str_clear(&note);
	str_addf(&note, "{\"key\":\"%s\",\"since\":\"2026-03-01T12:00:00Z\"}", pin);
	json_set_str(data, TOKENS_NOTE, note.buf);
	for (int i = 0; i < 2; i++) {
		CHECK(!tokens_earlier_copy(own, made_store) && tokens_earlier_copy(own, copies[i]));
		pki_store_free(copies[i]);
	}
	rotate(PKI_ISSUER_TOKENS, PKI_PHASE_REISSUED);
	CHECK(!tokens_earlier_copy(own, made_store));
	json_set_str(data, TOKENS_NOTE, "{\"key\":");
	CHECK_INT(tokens_since(own, made_store), 0);
	json_free(own);
	str_release(&note);
	made_end();
}

/* As `certs` and `status` say how far each is. */
static void test_shown(void)
{
	struct str out = STR_INIT;
	struct json *list;

	begin();
	certs_rotations(dir, &out);
	CHECK_STR(out.buf, "");
	rotate(PKI_ISSUER_ETCD, PKI_PHASE_ONE);
	rotate(PKI_ISSUER_TOKENS, PKI_PHASE_ONE);
	rotate(PKI_ISSUER_TOKENS, PKI_PHASE_BOTH);
	certs_rotations(dir, &out);
	CHECK_STR(out.buf,
		"etcd-ca is being rotated: two CAs are trusted, and the earlier one signs. When it suits: kubewright certs rotate etcd-ca --reissue\n"
		"sa is being rotated: two keys are trusted, and the new one signs. When it suits: kubewright certs rotate sa --forget\n");
	str_clear(&out);
	list = certs_rotations_json(dir);
	json_write(list, &out);
	CHECK_STR(out.buf, "[{\"ca\":\"etcd-ca\",\"phase\":\"both\"},{\"ca\":\"sa\",\"phase\":\"reissued\"}]");
	json_free(list);
	list = certs_rotations_json(NULL);
	CHECK_INT(json_size(list), 0);
	json_free(list);
	str_release(&out);
	made_end();
}

static const struct test tests[] = {
	{ "phases of a store", test_tokens },
	{ "public keys, taken from a host", test_tokens_taken },
	{ "Secrets from before", test_secrets },
	{ "pods from before", test_pods },
	{ "not known", test_unknown },
	{ "files elsewhere", test_elsewhere },
	{ "since when", test_since },
	{ "how far each is", test_shown },
};
TEST_MAIN(tests)
