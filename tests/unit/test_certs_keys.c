/* `certs passphrase`, `certs backup`, `certs restore`, `certs csr` and `certs import` as an operator gives them, with what is asked answered by the test. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/secret.h"
#include "base/str.h"
#include "cli/cli.h"
#include "pki/pki.h"
#include "tests/unit/weak_keys.h"

#include <fcntl.h>
#include <stdarg.h>

static const char inventory[] =
	"cluster: rack7\nkubernetes: {version: 1.36.2}\nendpoint: {vip: 10.0.0.100}\nnetwork: {cni: none}\n%s"
	"hosts:\n  - {name: cp1, address: 10.0.0.11, role: control-plane, ssh: {address: 127.0.0.1, port: 1}}\n";

static char dir[64], store[128];
static struct str out = STR_INIT, err = STR_INIT; /* of the last command; prompts stand in the second */

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

static void put_inventory(const char *pki)
{
	char path[128], text[1024];

	snprintf(path, sizeof(path), "%s/kubewright.yaml", dir);
	snprintf(text, sizeof(text), inventory, pki);
	CHECK_INT(file_write(path, text, strlen(text), 0600, NULL), 0);
}

/* A machine with an inventory and the cluster's keys. passphrase: NULL for none. */
static void begin(const char *pki, const char *passphrase)
{
	struct secret s = { 0 };
	struct pki_store *made;

	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(store, sizeof(store), "%s/kubewright/rack7/pki", dir);
	put_inventory(pki);
	if (passphrase)
		secret_set(&s, passphrase, strlen(passphrase));
	made = pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, &s, NULL);
	CHECK(made != NULL);
	pki_store_free(made);
	secret_release(&s);
}

static void end(void)
{
	sh("rm -rf '%s'", dir);
	str_release(&out);
	str_release(&err);
}

static int answer(void *ctx, const char *prompt, struct secret *s, struct error *e)
{
	const char *const **next = ctx;

	fprintf(stderr, "[%s]\n", prompt);
	if (!**next)
		return error_set(e, ERROR_CANCELLED, "nothing was entered");
	secret_set(s, **next, strlen(**next));
	++*next;
	return 0;
}

static void read_back(const char *name, struct str *text)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	str_clear(text);
	CHECK_INT(file_read(path, 1 << 20, text, NULL), 0);
}

/* Runs a command, given in one line, with these answers (NULL: there is no terminal); returns its exit status. */
static int run(const char *line, const char *const *answers)
{
	char *words = xasprintf("kubewright %s", line), *argv[16] = { 0 };
	int argc = 0, status = 0;
	pid_t pid;

	for (char *w = strtok(words, " "); w && argc < 15; w = strtok(NULL, " "))
		argv[argc++] = w;
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		struct cli_options o;
		struct error e = { 0 };

		if (chdir(dir))
			_exit(99);
		setsid();
		dup2(open("/dev/null", O_RDWR), 0);
		dup2(open("out", O_WRONLY | O_CREAT | O_TRUNC, 0600), 1);
		dup2(open("err", O_WRONLY | O_CREAT | O_TRUNC, 0600), 2);
		setenv("XDG_STATE_HOME", dir, 1);
		setenv("HOME", dir, 1);
		setenv("FIRST", "the first", 1);
		setenv("SECOND", "the second", 1);
		if (cli_options_parse(&o, argc, argv, &e))
			exit(cli_fail(&e));
		if (answers) {
			o.ask = answer;
			o.ask_ctx = &answers;
		}
		status = cli_certs(&o);
		if (answers && *answers)
			fprintf(stderr, "[not asked: %s]\n", *answers);
		cli_options_release(&o);
		exit(status);
	}
	free(words);
	waitpid(pid, &status, 0);
	read_back("out", &out);
	read_back("err", &err);
	if (!CHECK(!strstr(out.buf, "the first") && !strstr(err.buf, "the first") && !strstr(out.buf, "the second") &&
		    !strstr(err.buf, "the second") && !strstr(out.buf, "PRIVATE") && !strstr(err.buf, "not asked")))
		printf("# %s: %s\n%s", line, out.buf, err.buf);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void says(const struct str *text, const char *words)
{
	if (!CHECK(strstr(text->buf, words) != NULL))
		printf("# not '%s': %s\n", words, text->buf);
}

static bool opens(const char *passphrase)
{
	struct secret s = { 0 };
	struct pki_store *read;

	if (passphrase)
		secret_set(&s, passphrase, strlen(passphrase));
	read = pki_store_open(store, &s, NULL);
	pki_store_free(read);
	secret_release(&s);
	return read && pki_store_encrypted(store) == (passphrase != NULL);
}

#define ANSWERS(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static void test_passphrase(void)
{
	begin("", NULL);
	CHECK_INT(run("certs passphrase", ANSWERS("the first", "the second")), 2);
	says(&err, "the two passphrases differ");
	CHECK(opens(NULL));
	CHECK_INT(run("certs passphrase", ANSWERS("")), 2);
	says(&err, "is empty");
	says(&err, "--remove");
	CHECK_INT(run("certs passphrase", ANSWERS("the first", "the first")), 0);
	says(&err, "[passphrase of the key store from now on: ]\n[again, for the key store from now on: ]\n");
	says(&out, "are encrypted with the new passphrase from now on");
	says(&out, "next: set pki.passphrase in kubewright.yaml to ask");
	CHECK(opens("the first"));
	/* the inventory says nothing of it yet, and it is asked for all the same */
	CHECK_INT(run("certs passphrase", ANSWERS("the first", "the second", "the second")), 0);
	CHECK(str_starts(err.buf, "[passphrase of ") && strstr(err.buf, "rack7/pki: ]\n[passphrase of the key store"));
	says(&out, "still open with the earlier passphrase");
	CHECK(opens("the second"));
	put_inventory("pki: {passphrase: ask}\n");
	CHECK_INT(run("certs passphrase --remove --yes", ANSWERS("the second")), 0);
	says(&out, "stored without a passphrase from now on");
	says(&out, "next: remove pki.passphrase from kubewright.yaml");
	CHECK(opens(NULL));
	/* nobody is asked for a passphrase that is none */
	CHECK_INT(run("certs passphrase --remove", ANSWERS(NULL)), 0);
	says(&out, "nothing to do");
	end();
}

static void test_passphrase_unattended(void)
{
	struct json *j;

	begin("pki: {passphrase: \"env:FIRST\"}\n", NULL);
	CHECK_INT(run("certs passphrase", NULL), 2);
	says(&err, "must be typed, and there is no terminal");
	says(&err, "--passphrase env:NAME");
	CHECK_INT(run("certs passphrase --passphrase env:NOWHERE", NULL), 2);
	says(&err, "the environment variable NOWHERE, which --passphrase names, is not set");
	CHECK_INT(run("certs passphrase --passphrase env:FIRST -o json", NULL), 0);
	j = json_parse(out.buf, out.len, NULL);
	CHECK(json_get_bool(j, "encrypted", false) && json_get_bool(j, "changed", false));
	CHECK_STR(json_get_str(j, "store", ""), store);
	json_free(j);
	CHECK_INT(run("certs passphrase --passphrase env:SECOND", NULL), 0);
	says(&out, "next: put the new passphrase into the environment variable FIRST");
	CHECK(opens("the second"));
	CHECK_INT(run("certs passphrase --remove --set pki.passphrase=env:SECOND", NULL), 2);
	says(&err, "must be confirmed, and there is no terminal");
	CHECK_INT(run("certs passphrase --remove --yes --set pki.passphrase=env:SECOND", NULL), 0);
	CHECK(opens(NULL));
	end();
}

static void test_passphrase_lost(void)
{
	begin("pki: {passphrase: ask}\n", "the second");
	CHECK_INT(run("certs passphrase", ANSWERS("the first")), 5);
	says(&err, code_words(REFUSAL_PASSPHRASE, "the passphrase does not open"));
	says(&err, "copies the keys of the living cluster");
	says(&err, "certs restore FILE");
	says(&err, "Do not delete the folder");
	CHECK(opens("the second"));
	/* something else is wrong: no word of a lost passphrase */
	sh("rm kubewright/rack7/pki/ca.crt");
	CHECK_INT(run("certs passphrase", ANSWERS("the second")), 5);
	says(&err, "incomplete: ca.crt");
	CHECK(!strstr(err.buf, "lost"));
	sh("rm -r kubewright/rack7");
	CHECK_INT(run("certs passphrase", ANSWERS(NULL)), 5);
	says(&err, "does not have the keys of cluster rack7");
	end();
}

/* What a state folder has besides the keys: two files go into a backup, the others do not. */
static void put_state(void)
{
	CHECK_INT(
		sh("cd kubewright/rack7 && echo '10.0.0.11 ssh-ed25519 AAAA' >known_hosts && echo '{}' >kubeconfigs.jsonl && "
		   "mkdir runs snapshots && echo other >kubeconfig && chmod 600 known_hosts kubeconfigs.jsonl"),
		0);
}

static void test_backup(void)
{
	struct json *j;

	begin("pki: {passphrase: ask}\n", "the first");
	put_state();
	CHECK_INT(run("certs backup keys", ANSWERS("the first", "the second", "the secomd")), 2);
	says(&err, "the two passphrases differ");
	CHECK_INT(run("certs backup keys", ANSWERS("the first", "")), 2);
	says(&err, "is empty");
	CHECK_INT(sh("test ! -e keys"), 0);
	CHECK_INT(run("certs backup keys", ANSWERS("the first", "the second", "the second")), 0);
	says(&err, "[passphrase of the new backup: ]\n[again, for the new backup: ]\n");
	says(&out, "keys: backup of cluster rack7, made ");
	says(&out, "  CA etcd-ca ");
	says(&out, "accepted host keys: 1\n  record of kubeconfigs: 1\n");
	says(&out, "verified");
	CHECK_INT(sh("test \"$(stat -c %%a keys)\" = 600 && ls keys.* && exit 1; ! grep -aq PRIVATE keys"), 0);
	/* an earlier backup is replaced only when that is agreed to, another file never */
	CHECK_INT(run("certs backup keys", ANSWERS(NULL)), 2);
	says(&err, "'keys' is an earlier backup, and replacing it must be confirmed");
	CHECK_INT(run("certs backup kubewright.yaml --yes", ANSWERS(NULL)), 2);
	says(&err, "is not a backup");
	CHECK_INT(run("certs backup . --yes", ANSWERS(NULL)), 2);
	CHECK_INT(run("certs backup keys --yes -o json --passphrase env:SECOND", ANSWERS("the first")), 0);
	j = json_parse(out.buf, out.len, NULL);
	CHECK_STR(json_get_str(j, "cluster", ""), "rack7");
	CHECK_INT(json_size(json_get(j, "cas")), 3);
	CHECK_INT(strlen(json_get_str(j, "cas.0.sha256", "")), 64);
	json_free(j);
	CHECK_INT(run("certs backup nowhere/keys --passphrase env:SECOND", ANSWERS("the first")), 5);
	says(&err, "cannot write 'nowhere/keys'");
	end();
}

/* On a machine that has nothing but the inventory and the file. */
static void test_restore(void)
{
	struct json *j;

	begin("", NULL);
	put_state();
	CHECK_INT(run("certs backup keys --passphrase env:FIRST", NULL), 0);
	sh("mv kubewright before; sha256sum before/rack7/known_hosts before/rack7/kubeconfigs.jsonl before/rack7/pki/*.* "
	   "before/rack7/pki/etcd/* | sed 's/before/kubewright/' >sums");
	CHECK_INT(run("certs restore keys --passphrase env:SECOND", NULL), 5);
	says(&err, code_words(REFUSAL_PASSPHRASE, "the passphrase does not open 'keys'"));
	CHECK_INT(run("certs restore keys", NULL), 2);
	says(&err, "there is no terminal");
	CHECK_INT(sh("test ! -e kubewright"), 0);
	CHECK_INT(run("certs restore keys", ANSWERS("the first")), 0);
	says(&err, "[passphrase of the backup keys: ]");
	says(&out, "keys: backup of cluster rack7, made ");
	says(&out, "restored: keys and CAs, in ");
	says(&out, "next: kubewright status");
	CHECK_INT(
		sh("sha256sum -c sums && test \"$(find kubewright -type f | wc -l)\" = 9 && "
		   "test \"$(find kubewright -name '*.key' -perm 600 | wc -l)\" = 4 && "
		   "test \"$(find kubewright -type f -name 'k*' -perm 600 | wc -l)\" = 2 && ! ls -d kubewright/*/*.new"),
		0);
	/* the same once more, and then with what is missing of it */
	CHECK_INT(run("certs restore keys --passphrase env:FIRST", NULL), 0);
	says(&out, "nothing to do: the same keys are here already");
	sh("echo more >>kubewright/rack7/known_hosts; rm kubewright/rack7/kubeconfigs.jsonl");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST -o json", NULL), 0);
	j = json_parse(out.buf, out.len, NULL);
	CHECK(json_get_bool(j, "changed", false));
	CHECK_STR(json_get_str(j, "restored.store", ""), "same");
	CHECK_STR(json_get_str(j, "restored.known_hosts", ""), "kept");
	CHECK_STR(json_get_str(j, "restored.kubeconfigs", ""), "restored");
	json_free(j);
	CHECK_INT(sh("grep -q more kubewright/rack7/known_hosts && test -s kubewright/rack7/kubeconfigs.jsonl"), 0);
	end();
}

/* The store gets the passphrase that the inventory wants, not that of the backup. */
static void test_restore_passphrase(void)
{
	begin("pki: {passphrase: ask}\n", "the first");
	CHECK_INT(run("certs backup keys --passphrase env:SECOND", ANSWERS("the first")), 0);
	sh("rm -r kubewright");
	CHECK_INT(run("certs restore keys", ANSWERS("the second", "another", "amother")), 2);
	CHECK_INT(sh("test ! -e kubewright/rack7/pki"), 0);
	CHECK_INT(run("certs restore keys", ANSWERS("the second", "another", "another")), 0);
	CHECK(opens("another"));
	put_inventory("");
	sh("rm -r kubewright");
	CHECK_INT(run("certs restore keys", ANSWERS("the second")), 0);
	says(&err, "note: the keys had a passphrase when the backup was made");
	CHECK(opens(NULL));
	end();
}

/* The same CAs, and another key of Secrets: which of both the cluster uses nobody can say here. */
static void test_restore_secrets_key(void)
{
	struct pki_store *s;

	begin("", NULL);
	s = pki_store_open(store, NULL, NULL);
	CHECK(s && pki_store_secrets_make(s, store, NULL, NULL) == 0);
	CHECK_INT(run("certs backup keys --passphrase env:FIRST", NULL), 0);
	CHECK(s && pki_store_secrets_make(s, store, NULL, NULL) == 0);
	pki_store_free(s);
	sh("find kubewright -type f | sort | xargs sha256sum >sums");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST", NULL), 5);
	says(&err, "Not the same: secrets.key secrets.old.key\n");
	CHECK_INT(sh("sha256sum -c sums"), 0);
	end();
}

static void test_restore_refused(void)
{
	begin("", NULL);
	put_state();
	CHECK_INT(run("certs backup keys --passphrase env:FIRST", NULL), 0);
	sh("cd kubewright/rack7 && rm -r runs snapshots k*");
	/* other keys are here: newer ones by their CA, or by when they were written */
	sh("mv kubewright/rack7/pki first");
	pki_store_free(pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, NULL));
	sh("find kubewright -type f | sort | xargs sha256sum >sums");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST", NULL), 5);
	says(&err, "are not those of the backup");
	says(&err, "Not the same: ca.crt ca.key etcd/ca.crt");
	says(&err, "The cluster CA was made: here ");
	says(&err, "to have both, move the folder away");
	CHECK_INT(sh("sha256sum -c sums && test \"$(find kubewright -type f | wc -l)\" = 7"), 0);
	sh("rm -r kubewright/rack7/pki; cp -a first kubewright/rack7/pki; cp first/etcd/ca.key kubewright/rack7/pki/sa.key; "
	   "touch -d '2 hours' kubewright/rack7/pki/sa.key");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST", NULL), 5);
	says(&err, "Not the same: sa.key\n");
	says(&err, "The keys that are here are newer.");
	sh("find kubewright -type f | xargs touch -d '2 years ago'");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST", NULL), 5);
	says(&err, "The backup is newer.");
	sh("rm kubewright/rack7/pki/sa.key");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST", NULL), 5);
	says(&err, "is incomplete, and a restore replaces nothing");
	/* the folder is somebody else's: nothing of the backup is restored */
	sh("rm -r kubewright/rack7; mkdir notes; touch notes/mine");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST --set pki.store=notes", NULL), 5);
	says(&err, "the folder is not empty");
	CHECK_INT(sh("test ! -e kubewright/rack7 && test \"$(ls notes)\" = mine"), 0);
	/* of another cluster, cut short, no backup at all */
	sh("rm -r kubewright; sed -i s/rack7/rack8/ kubewright.yaml");
	CHECK_INT(run("certs restore keys --passphrase env:FIRST", NULL), 5);
	says(&out, "backup of cluster rack7");
	says(&err,
		code_words(REFUSAL_OTHER_CLUSTER, "is the backup of cluster rack7, and the inventory describes rack8"));
	sh("sed -i s/rack8/rack7/ kubewright.yaml; head -c 1000 keys >cut");
	CHECK_INT(run("certs restore cut", ANSWERS(NULL)), 5);
	says(&err, "is cut short");
	CHECK_INT(run("certs restore kubewright.yaml", ANSWERS(NULL)), 5);
	says(&err, "is not a backup");
	CHECK_INT(run("certs restore nothing", ANSWERS(NULL)), 5);
	says(&err, "cannot open 'nothing'");
	CHECK_INT(sh("test ! -e kubewright"), 0);
	end();
}

#define CA_OF "openssl x509 -req -CA root.crt -CAkey root.key -CAcreateserial -days 9 -extfile ext "

/* By openssl, as a company may do it. */
static void test_csr(void)
{
	struct json *j;

	begin("pki: {passphrase: ask}\n", NULL);
	CHECK_INT(sh("mv '%s' own", store), 0);
	CHECK_INT(run("certs import kubewright.yaml", ANSWERS(NULL)), 5);
	says(&err, "does not have the keys of cluster rack7");
	says(&err, "certs csr");
	CHECK_INT(sh("mkdir wishes && echo mine >wishes/rack7-ca.csr"), 0);
	CHECK_INT(run("certs csr --out wishes", ANSWERS(NULL)), 2);
	says(&err, "is not a request for a certificate");
	CHECK_INT(run("certs csr --out requests", ANSWERS("the first", "the first")), 0);
	says(&out, "made the keys of cluster rack7");
	says(&out, "requests/rack7-front-proxy-ca.csr");
	CHECK_INT(sh("cd '%s' && grep -q ENCRYPTED ca.key etcd/ca.key front-proxy-ca.key sa.key && [ ! -e ca.crt ]",
			  store),
		0);
	CHECK_INT(
		sh("sha256sum '%s'/ca.key >sum; openssl req -in requests/rack7-ca.csr -noout -pubkey >pub", store), 0);
	/* again: of the same keys */
	CHECK_INT(run("certs csr --out requests -o json", ANSWERS("the first")), 0);
	j = json_parse(out.buf, out.len, NULL);
	CHECK(json_get_bool(j, "made", true) == false && json_size(json_get(j, "requests")) == 3);
	json_free(j);
	CHECK_INT(sh("sha256sum -c sum && openssl req -in requests/rack7-ca.csr -noout -pubkey | cmp - pub"), 0);
	CHECK_INT(run("certs backup x", ANSWERS("the first")), 5);
	says(&err, "waits for the certificates of its CAs");

	CHECK_INT(
		sh("printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n' >ext"),
		0);
	CHECK_INT(
		sh("openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -subj /CN=Company -out root.csr && "
		   "openssl x509 -req -in root.csr -signkey root.key -days 99 -extfile ext -out root.crt"),
		0);
	CHECK_INT(sh("for ca in ca etcd-ca front-proxy-ca; do " CA_OF
		     "-in requests/rack7-$ca.csr -out $ca.pem || exit 1; done"),
		0);
	CHECK_INT(run("certs import ca.pem etcd-ca.pem front-proxy-ca.pem", ANSWERS("the first")), 5);
	says(&err, "its issuer 'Company' is not here");
	CHECK_INT(run("certs import ca.pem etcd-ca.pem front-proxy-ca.pem root.crt", ANSWERS("the second")), 5);
	CHECK_INT(sh("sha256sum -c sum && [ ! -e '%s'/ca.crt ]", store), 0);
	CHECK_INT(run("certs import ca.pem etcd-ca.pem front-proxy-ca.pem root.crt", ANSWERS("the first")), 0);
	says(&out, "below 'Company', until ");
	says(&out, "is complete");
	CHECK(opens("the first"));
	CHECK_INT(run("certs import root.crt front-proxy-ca.pem etcd-ca.pem ca.pem -o json", ANSWERS("the first")), 0);
	j = json_parse(out.buf, out.len, NULL);
	CHECK(json_get_bool(j, "changed", true) == false);
	CHECK_STR(json_get_str(json_at(json_get(j, "cas"), 1), "root", ""), "Company");
	json_free(j);
	CHECK_INT(sh("ls '%s'.* ", store), 512);
	end();
}

static const struct {
	const char *line, *what;
} wrong[] = {
	{ "certs --yes", "--yes is not an option of 'certs'" },
	{ "certs cp1 --remove", "--remove is not an option of 'certs'" },
	{ "certs --passphrase env:FIRST", "--passphrase is not an option of 'certs'" },
	{ "certs passphrase --hosts cp1", "--hosts is not an option of 'certs passphrase'" },
	{ "certs passphrase --parallel 3", "it contacts no host" },
	{ "certs passphrase cp1", "unexpected argument 'cp1': certs passphrase takes none" },
	{ "certs passphrase --remove --passphrase env:FIRST", "cannot be used with --passphrase" },
	{ "certs passphrase --passphrase secret", "--passphrase is ask or env:NAME" },
	{ "certs backup", "certs backup needs FILE" },
	{ "certs restore a b", "unexpected argument 'b': certs restore takes only FILE" },
	{ "certs restore a --yes", "--yes is not an option of 'certs restore'" },
	{ "certs import", "certs import needs FILE" },
	{ "certs csr x", "unexpected argument 'x': certs csr takes none" },
	{ "certs backup x --out y", "--out is not an option of 'certs backup'" },
	{ "certs passphrase --passphrase none", "never stands on the command line" },
};

static void test_wrong_usage(void)
{
	begin("", NULL);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (!CHECK_INT(run(wrong[i].line, NULL), 2))
			printf("# %s\n", wrong[i].line);
		says(&err, wrong[i].what);
	}
	CHECK(opens(NULL));
	end();
}

static const struct test tests[] = {
	{ "a passphrase set, changed, removed", test_passphrase },
	{ "a passphrase without a terminal", test_passphrase_unattended },
	{ "a lost passphrase", test_passphrase_lost },
	{ "a backup", test_backup },
	{ "restored on another machine", test_restore },
	{ "restored under a passphrase", test_restore_passphrase },
	{ "not restored", test_restore_refused },
	{ "restore: another key of Secrets", test_restore_secrets_key },
	{ "signed by a company's CA", test_csr },
	{ "wrong usage", test_wrong_usage },
};
TEST_MAIN(tests)
