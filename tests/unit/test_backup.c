/* The backup of a cluster's keys: opened again as it was, or refused: changed, cut short, by another passphrase. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/str.h"
#include "pki/private.h"
#include "tests/unit/faults.h"
#include "tests/unit/weak_keys.h"

static char dir[64], path[96];
static struct secret right, wrong;
static struct pki_backup backup;
static struct pki_store *store;

static void begin(void)
{
	struct error err = { 0 };
	char place[96];

	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(place, sizeof(place), "%s/store", dir);
	snprintf(path, sizeof(path), "%s/keys.backup", dir);
	secret_set(&right, "correct horse", 13);
	secret_set(&wrong, "correct horsf", 13);
	store = pki_store_create(place, PKI_ECDSA_P256, PKI_ECDSA_P256, NULL, &err);
	if (!CHECK(store != NULL))
		exit(1);
	pki_backup_init(&backup);
	strcpy(backup.cluster, "rack7");
	backup.made = 1764489600;
	pki_backup_fill(&backup, store);
	str_add(&backup.file[PKI_BACKUP_KNOWN_HOSTS], "10.0.0.11 ssh-ed25519 AAAA\n");
	backup.has[PKI_BACKUP_KNOWN_HOSTS] = true;
}

static void end(void)
{
	char command[96];

	pki_backup_release(&backup);
	pki_store_free(store);
	secret_release(&right);
	secret_release(&wrong);
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	CHECK_INT(system(command), 0);
}

static int write_it(bool replace, struct error *err)
{
	memset(err, 0, sizeof(*err));
	return pki_backup_write(&backup, path, replace, &right, err);
}

/* As a file that holds these bytes; 0: it was opened. */
static int open_bytes(const struct str *data, const struct secret *passphrase, struct error *err)
{
	struct pki_backup b;
	int rc;

	pki_backup_init(&b);
	memset(err, 0, sizeof(*err));
	rc = pki_backup_open("FILE", data, passphrase, &b, err);
	for (int i = 0; rc == 0 && i < PKI_BACKUP_FILES; i++)
		CHECK(b.has[i] == backup.has[i] && b.file[i].len == backup.file[i].len &&
			memcmp(b.file[i].buf, backup.file[i].buf, b.file[i].len) == 0);
	pki_backup_release(&b);
	return rc;
}

static void load(struct str *data)
{
	struct error err = { 0 };

	str_clear(data);
	CHECK_INT(pki_backup_read(path, data, &err), 0);
	CHECK_STR(err.what, "");
}

static void test_round_trip(void)
{
	struct str data = STR_INIT;
	struct pki_backup b;
	struct pki_store *again;
	struct error err;
	struct stat st;

	begin();
	backup.passphrase = true;
	scrypt_strong = 1;
	CHECK_INT(write_it(false, &err), 0);
	CHECK_STR(err.what, "");
	CHECK(stat(path, &st) == 0 && (st.st_mode & 07777) == 0600);
	CHECK(pki_backup_is(path));
	load(&data);
	/* nothing of it is legible, and it costs what it should */
	CHECK(!memmem(data.buf, data.len, "PRIVATE", 7) && !memmem(data.buf, data.len, "rack7", 5) &&
		!memmem(data.buf, data.len, "horse", 5));
	CHECK_INT(memcmp(data.buf, "kubewright keys\n\1\21\10\1", 20), 0);
	pki_backup_init(&b);
	CHECK_INT(pki_backup_open(path, &data, &right, &b, &err), 0);
	CHECK_STR(b.cluster, "rack7");
	CHECK(b.made == 1764489600 && b.passphrase && !b.has[PKI_BACKUP_GIVEN]);
	CHECK_STR(b.file[PKI_BACKUP_KNOWN_HOSTS].buf, "10.0.0.11 ssh-ed25519 AAAA\n");
	again = pki_backup_store(&b, &err);
	CHECK(again && pki_store_same(again, store));
	pki_store_free(again);
	pki_backup_release(&b);
	/* a file that is there stays, unless it is to be replaced */
	CHECK_INT(write_it(false, &err), -1);
	CHECK_INT(err.kind, ERROR_SYSTEM);
	backup.made++;
	CHECK_INT(write_it(true, &err), 0);
	pki_backup_init(&b);
	load(&data);
	CHECK_INT(pki_backup_open(path, &data, &right, &b, &err), 0);
	CHECK(b.made == 1764489601);
	pki_backup_release(&b);
	str_release(&data);
	end();
}

static void test_wrong_passphrase(void)
{
	struct str data = STR_INIT;
	struct error err;

	begin();
	CHECK_INT(write_it(false, &err), 0);
	load(&data);
	CHECK_INT(open_bytes(&data, &wrong, &err), -1);
	CHECK_INT(err.code, REFUSAL_PASSPHRASE);
	CHECK(strstr(err.what, code_words(REFUSAL_PASSPHRASE, "passphrase does not open 'FILE'")) && err.hint[0] &&
		!strstr(err.what, "horse"));
	CHECK_INT(open_bytes(&data, &right, &err), 0);
	str_release(&data);
	end();
}

/* Each bit counts: no changed file opens, and none makes more than a moment of work. */
static void test_changed(void)
{
	struct str data = STR_INIT;
	struct error err;
	int opened = 0, silent = 0;

	begin();
	CHECK_INT(write_it(false, &err), 0);
	load(&data);
	for (size_t i = 0; i < data.len; i++) {
		/* a byte of what scrypt is given may make it slow, but never beyond its bounds */
		data.buf[i] ^= (char)(1 << i % 8);
		opened += open_bytes(&data, &right, &err) == 0;
		silent += !err.what[0] || !err.hint[0] || err.kind != ERROR_PKI;
		data.buf[i] ^= (char)(1 << i % 8);
	}
	CHECK_INT(opened, 0);
	CHECK_INT(silent, 0);
	CHECK_INT(open_bytes(&data, &right, &err), 0);
	str_release(&data);
	end();
}

static void test_cut_short(void)
{
	struct str data = STR_INIT, cut = STR_INIT;
	struct error err;
	int before, wrongly = 0;

	begin();
	CHECK_INT(write_it(false, &err), 0);
	load(&data);
	before = scrypts;
	for (size_t n = 0; n < data.len; n++) {
		str_clear(&cut);
		str_addn(&cut, data.buf, n);
		wrongly += open_bytes(&cut, &right, &err) == 0 ||
			   !strstr(err.what, n < 16 ? "is not a backup" : "is cut short");
	}
	CHECK_INT(wrongly, 0);
	str_addn(&data, "x", 1);
	CHECK_INT(open_bytes(&data, &right, &err), -1);
	CHECK(strstr(err.what, "1 bytes behind its end") != NULL);
	/* that is seen before a passphrase is asked for */
	CHECK_INT(scrypts, before);
	CHECK_INT(file_write(path, data.buf, data.len, 0600, &err), 0);
	str_clear(&cut);
	CHECK_INT(pki_backup_read(path, &cut, &err), -1);
	str_release(&cut);
	str_release(&data);
	end();
}

/* What a file asks for is bounded before memory is given to it. */
static void test_bounds(void)
{
	static const struct {
		int at, value;
		const char *what;
	} cases[] = { { 16, 0, "of version 0" }, { 16, 2, "of version 2" }, { 17, 0, "N=2^0" }, { 17, 25, "N=2^25" },
		{ 17, 64, "N=2^64" }, { 17, 255, "N=2^255" }, { 17, 19, "N=2^19" }, { 18, 0, "r=0" },
		{ 18, 255, "r=255" }, { 19, 0, "p=0" }, { 19, 17, "p=17" } };
	struct str data = STR_INIT;
	struct error err;
	int before;

	begin();
	CHECK_INT(write_it(false, &err), 0);
	load(&data);
	before = scrypts;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char was = data.buf[cases[i].at];

		data.buf[cases[i].at] = (char)cases[i].value;
		CHECK_INT(open_bytes(&data, &right, &err), -1);
		if (!CHECK(strstr(err.what, cases[i].what) && err.hint[0]))
			printf("# %s\n", err.what);
		data.buf[cases[i].at] = was;
	}
	CHECK_INT(scrypts, before);
	/* the most that is allowed works, in one turn and in sixteen small ones */
	scrypt_strong = 1;
	data.buf[17] = 18;
	CHECK_INT(open_bytes(&data, &right, &err), -1);
	CHECK_INT(err.code, REFUSAL_PASSPHRASE);
	data.buf[17] = 4;
	data.buf[19] = 16;
	CHECK_INT(open_bytes(&data, &right, &err), -1);
	CHECK_INT(err.code, REFUSAL_PASSPHRASE);
	str_release(&data);
	end();
}

#define HEAD "kubewright backup 1\ncluster a\nmade 1\npassphrase no\n"
#define FILES \
	"file ca.crt 1\nafile ca.key 1\nafile etcd/ca.crt 1\nafile etcd/ca.key 1\nafile front-proxy-ca.crt 1\na" \
	"file front-proxy-ca.key 1\nafile sa.key 1\na"
static const struct {
	const char *text;
	bool good;
} texts[] = {
	{ HEAD FILES "end\n", true },
	{ HEAD FILES "file known_hosts 0\nend\n", true },
	{ HEAD "file known_hosts 2\n\n\n" FILES "file kubeconfigs.jsonl 3\nfooend\n", true },
	{ "", false },
	{ "kubewright backup 2\ncluster a\nmade 1\npassphrase no\n" FILES "end\n", false },
	{ "kubewright backup 1\ncluster \nmade 1\npassphrase no\n" FILES "end\n", false },
	{ "kubewright backup 1\ncluster a\033b\nmade 1\npassphrase no\n" FILES "end\n", false },
	{ "kubewright backup 1\ncluster a\nmade 01\npassphrase no\n" FILES "end\n", false },
	{ "kubewright backup 1\ncluster a\nmade -1\npassphrase no\n" FILES "end\n", false },
	{ "kubewright backup 1\ncluster a\nmade 99999999999999999999\npassphrase no\n" FILES "end\n", false },
	{ "kubewright backup 1\ncluster a\nmade 1\npassphrase maybe\n" FILES "end\n", false },
	{ HEAD FILES "end", false },
	{ HEAD FILES, false },
	{ HEAD FILES "end\nx", false },
	{ HEAD "end\n", false },
	{ HEAD FILES "file ca.crt 1\naend\n", false },
	{ HEAD FILES "file other 1\naend\n", false },
	{ HEAD FILES "file known_hosts\nend\n", false },
	{ HEAD FILES "file known_hosts 5\nend\n", false },
	{ HEAD FILES "file known_hosts 18446744073709551615\nend\n", false },
	{ HEAD FILES "file known_hosts 17000000\nend\n", false },
	{ HEAD FILES "files known_hosts 0\nend\n", false },
};

static void test_text(void)
{
	struct error err = { 0 };
	struct pki_backup b;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct str in = STR_INIT;

		pki_backup_init(&b);
		str_add(&in, texts[i].text);
		if (!CHECK_INT(pki_backup_parse(&in, &b, &err) == 0, texts[i].good))
			printf("# %s\n", in.buf);
		pki_backup_release(&b);
		str_release(&in);
	}
	/* a NUL is in no file */
	begin();
	str_addn(&backup.file[PKI_BACKUP_KNOWN_HOSTS], "\0x", 2);
	CHECK_INT(write_it(false, &err), -1);
	CHECK(strstr(err.what, "'known_hosts' is damaged") != NULL);
	CHECK(access(path, F_OK) != 0);
	end();
}

/* A process whose n-th call is the last or fails; how it ended, 99: it made fewer calls. */
static int strike(int n, int how, bool replace)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct error err;
		int rc;

		fatal = n;
		fault = how;
		rc = write_it(replace, &err);
		fault = GOES;
		_exit(calls < n ? 99 : rc == 0 ? 0 : err.what[0] ? 1 : 2);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

/* Under its name there is nothing, or all of it; while one is replaced, the earlier or the new one. */
static void torture(int how, bool replace)
{
	struct str data = STR_INIT;
	struct error err;
	int n = 0, ended = 0;

	begin();
	while (ended != 99 && n++ < 100) {
		if (replace && access(path, F_OK) != 0)
			CHECK_INT(write_it(false, &err), 0);
		if (!replace)
			unlink(path);
		ended = strike(n, how, replace);
		CHECK(ended != 2);
		CHECK(!replace || access(path, F_OK) == 0);
		if (access(path, F_OK) == 0) {
			load(&data);
			CHECK_INT(open_bytes(&data, &right, &err), 0);
		} else {
			CHECK(ended != 0 && ended != 99);
		}
	}
	if (!CHECK(n > 4 && n < 100))
		printf("# %d calls\n", n);
	str_release(&data);
	end();
}

/* A disk that does not keep what it was given. */
static void test_read_back(void)
{
	struct str data = STR_INIT;
	struct error err;

	begin();
	fault = LIES;
	CHECK_INT(write_it(false, &err), -1);
	fault = GOES;
	CHECK(strstr(err.what, "the new backup cannot be read back") != NULL);
	CHECK(access(path, F_OK) != 0);
	CHECK_INT(write_it(false, &err), 0);
	fault = LIES;
	CHECK_INT(write_it(true, &err), -1);
	fault = GOES;
	load(&data);
	CHECK_INT(open_bytes(&data, &right, &err), 0);
	str_release(&data);
	end();
}

static void test_interrupted(void)
{
	torture(DIES, false);
	torture(DIES, true);
	torture(FAILS, false);
	torture(FAILS, true);
}

static const struct test tests[] = {
	{ "written and opened", test_round_trip },
	{ "another passphrase", test_wrong_passphrase },
	{ "a byte changed", test_changed },
	{ "cut short at each length", test_cut_short },
	{ "bounds", test_bounds },
	{ "the text in it", test_text },
	{ "read back", test_read_back },
	{ "interrupted", test_interrupted },
};
TEST_MAIN(tests)
