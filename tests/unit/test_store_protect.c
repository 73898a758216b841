/* Another passphrase for a store: all of its keys or none, whatever call fails or is the last one of its process. */
#include "tests/test.h"

#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "pki/private.h"
#include "tests/unit/faults.h"
#include "tests/unit/weak_keys.h"

#include <stdarg.h>
#include <sys/file.h>

static char dir[64], store[96];
static struct secret first, second;

/* ---- a store ------------------------------------------------------------------------------------------------------ */

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

static struct pki_store *begin(const struct secret *passphrase)
{
	struct error err = { 0 };
	struct pki_store *s;

	strcpy(dir, "/tmp/kubewright-test-XXXXXX");
	if (!mkdtemp(dir))
		exit(2);
	snprintf(store, sizeof(store), "%s/a/store", dir);
	secret_set(&first, "the first", 9);
	secret_set(&second, "the second", 10);
	s = pki_store_create(store, PKI_ECDSA_P256, PKI_ECDSA_P256, passphrase, &err);
	if (!CHECK(s != NULL))
		exit(1);
	return s;
}

static void end(struct pki_store *s)
{
	pki_store_free(s);
	secret_release(&first);
	secret_release(&second);
	sh("rm -rf '%s'", dir);
}

/* How many of the four keys are encrypted; -1: a file is missing. */
static int encrypted(void)
{
	static const char *const keys[] = { "ca.key", "etcd/ca.key", "front-proxy-ca.key", "sa.key" };
	int n = 0;

	for (size_t i = 0; i < 4; i++) {
		struct str text = STR_INIT;
		char path[160];

		snprintf(path, sizeof(path), "%s/%s", store, keys[i]);
		if (file_read(path, 1 << 20, &text, NULL))
			return -1;
		n += strstr(text.buf, "BEGIN ENCRYPTED PRIVATE KEY") != NULL;
		str_release(&text);
	}
	return n;
}

static bool opens(const struct secret *passphrase, const struct pki_store *want)
{
	struct pki_store *s = pki_store_open(store, passphrase, NULL);
	bool same = s && pki_store_same(s, want);

	pki_store_free(s);
	return same;
}

static int protect(const struct secret *now, const struct secret *then, struct error *err)
{
	memset(err, 0, sizeof(*err));
	return pki_store_protect(store, now, then, err);
}

static void test_set_change_remove(void)
{
	struct pki_store *s = begin(NULL);
	struct error err;

	sh("chmod 750 a/store; sha256sum a/store/*.crt a/store/etcd/*.crt >before");
	CHECK_INT(protect(NULL, &first, &err), 0);
	CHECK_STR(err.what, "");
	CHECK(encrypted() == 4 && opens(&first, s) && !opens(&second, s) && !opens(NULL, s));
	CHECK_INT(protect(&first, &second, &err), 0);
	CHECK(encrypted() == 4 && opens(&second, s) && !opens(&first, s));
	CHECK_INT(protect(&second, NULL, &err), 0);
	CHECK(encrypted() == 0 && opens(NULL, s));
	/* nothing else is left, nor changed */
	CHECK_INT(sh("test \"$(ls a)\" = store && sha256sum -c before && test \"$(stat -c %%a a/store)\" = 750"), 0);
	CHECK_INT(
		sh("test \"$(find a -name '*.key' -perm 600 | wc -l)\" = 4 && test \"$(find a -type f | wc -l)\" = 7"),
		0);
	/* behind a symlink too, which stays one */
	sh("mv a/store real; ln -s ../real a/store");
	CHECK_INT(protect(NULL, &first, &err), 0);
	CHECK_INT(sh("test -L a/store && test \"$(ls)\" = \"$(printf 'a\\nbefore\\nreal')\""), 0);
	CHECK(encrypted() == 4 && opens(&first, s));
	/* the superuser does it for the operator */
	if (geteuid() == 0) {
		sh("chown -R 65534:65534 real");
		CHECK_INT(protect(&first, NULL, &err), 0);
		CHECK_INT(sh("test \"$(find real -uid 65534 -gid 65534 | wc -l)\" = 9"), 0);
	}
	end(s);
}

static void refused(const struct secret *now, const char *what, const char *hint)
{
	struct error err;

	CHECK_INT(protect(now, &second, &err), -1);
	if (!CHECK(strstr(err.what, what) && strstr(err.hint, hint)))
		printf("# %s | %s\n", err.what, err.hint);
	CHECK(!strstr(err.what, "the first") && !strstr(err.what, "the second"));
}

static void test_refusals(void)
{
	char path[128], longest[1026];
	struct pki_store *s = begin(&first);
	struct secret huge = { 0 };
	struct error err;
	int fd;

	refused(&second, code_words(REFUSAL_PASSPHRASE, "passphrase does not open"), "enter it again");
	refused(NULL, "is encrypted", "");
	sh("touch a/store/notes");
	refused(&first, "'notes' in the key store", "move it elsewhere");
	sh("rm a/store/notes; mkdir a/store/etcd/more");
	refused(&first, "'more' in the key store", "move it elsewhere");
	/* what the link points to would keep the old passphrase */
	sh("rmdir a/store/etcd/more; mv a/store/sa.key .; ln -s ../../sa.key a/store/sa.key");
	refused(&first, "'sa.key' in the key store", "the file itself");
	sh("mv sa.key a/store/sa.key");
	/* nothing could open it again */
	memset(longest, 'x', sizeof(longest));
	secret_set(&huge, longest, 1025);
	CHECK_INT(protect(&first, &huge, &err), -1);
	CHECK(strstr(err.what, "longer than 1024 bytes") != NULL);
	secret_set(&huge, longest, 1024);
	CHECK_INT(protect(&first, &huge, &err), 0);
	CHECK_INT(protect(&huge, &first, &err), 0);
	secret_release(&huge);
	/* another process is at it */
	fd = open(store, O_RDONLY | O_DIRECTORY);
	CHECK_INT(flock(fd, LOCK_EX), 0);
	refused(&first, "another process", "wait");
	close(fd);
	CHECK(encrypted() == 4 && opens(&first, s));
	CHECK_INT(sh("test \"$(ls a)\" = store"), 0);
	snprintf(path, sizeof(path), "%s/ca.key", store);
	unlink(path);
	refused(&first, "incomplete: ca.key", "");
	end(s);
}

/* A new process whose n-th call is the last one or fails; returns how it ended: 77, what protect returns, or else 2. */
static int strike(int n, int how, const struct secret *now, const struct secret *then)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct error err;
		int rc;

		fatal = n;
		fault = how;
		rc = protect(now, then, &err);
		fault = GOES;
		if (calls < n)
			_exit(99);
		_exit(rc == 0 ? 0 : err.what[0] ? 1 : 2);
	}
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}

static void whole(const struct pki_store *s, const struct secret *now, const struct secret *then, int n)
{
	int keys = encrypted();

	if (!CHECK((keys == 0 || keys == 4) && (opens(now, s) || opens(then, s))))
		printf("# after call %d: %d keys are encrypted\n", n, keys);
}

/* Puts a passphrase and takes it away in turn, so that each of the calls is struck in both. */
static void torture(int how)
{
	struct pki_store *s = begin(NULL);
	struct error err;
	int n = 0, ended = 0;

	while (ended != 99 && n < 1000) {
		n += TEST_STEP;
		for (int to = 1; to >= 0 && ended != 99; to--) {
			const struct secret *now = to ? NULL : &first, *then = to ? &first : NULL;

			ended = strike(n, how, now, then);
			if (!CHECK(how == DIES ? ended == 77 || ended == 99 : ended != 2))
				printf("# call %d ended with %d\n", n, ended);
			whole(s, now, then, n);
			/* the next one takes away what is left, and ends where both began */
			CHECK_INT(protect(encrypted() == 4 ? &first : NULL, then, &err), 0);
			CHECK_INT(sh("test \"$(ls a)\" = store"), 0);
			CHECK(encrypted() == (to ? 4 : 0) && opens(then, s));
		}
	}
	if (!CHECK(n > 40 && n < 1000))
		printf("# %d calls\n", n);
	end(s);
}

static void test_killed(void)
{
	torture(DIES);
}

static void test_failing(void)
{
	torture(FAILS);
}

/* A disk that does not keep what it was given. */
static void test_read_back(void)
{
	struct pki_store *s = begin(NULL);
	struct error err;
	int rc;

	fault = LIES;
	rc = protect(NULL, &first, &err);
	fault = GOES;
	CHECK_INT(rc, -1);
	CHECK(strstr(err.what, "the new key store cannot be read back") != NULL);
	CHECK(encrypted() == 0 && opens(NULL, s));
	CHECK_INT(sh("test \"$(ls a)\" = store"), 0);
	end(s);
}

/* What cannot be removed any more is named: it opens with what was valid before. */
static void test_left(void)
{
	struct pki_store *s = begin(NULL);
	struct error err;
	int last = 0;

	for (int n = 1; n < 1000 && last != 99; n++) {
		last = strike(n, FAILS, NULL, &first);
		if (last == 1 && encrypted() == 4) {
			CHECK_INT(sh("ls a | grep -q '^store\\.[a-z0-9]*\\.new$'"), 0);
			break;
		}
		CHECK_INT(protect(encrypted() == 4 ? &first : NULL, NULL, &err), 0);
	}
	CHECK_INT(last, 1);
	end(s);
}

static const struct test tests[] = {
	{ "set, changed, removed", test_set_change_remove },
	{ "refusals", test_refusals },
	{ "killed at any call", test_killed },
	{ "any call fails", test_failing },
	{ "read back", test_read_back },
	{ "what cannot be removed", test_left },
};
TEST_MAIN(tests)
