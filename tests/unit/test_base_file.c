/* Files: whole or not at all, modes from the start, nothing but regular files. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>

static char dir[] = "/tmp/test_base_file.XXXXXX";

static void enter(void)
{
	if (!mkdtemp(dir) || chdir(dir)) {
		perror("mkdtemp");
		exit(1);
	}
}

static void leave(void)
{
	char *cmd = xasprintf("chmod -R u+rwx %s; rm -rf %s", dir, dir);

	CHECK_INT(system(cmd), 0);
	free(cmd);
}

static void content_is(const char *path, const char *want)
{
	struct error e = { 0 };
	struct str s = STR_INIT;

	if (!CHECK_INT(file_read(path, 1 << 20, &s, &e), 0))
		printf("# %s\n", e.what);
	CHECK_STR(s.buf, want);
	str_release(&s);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return lstat(path, &st) ? 0 : st.st_mode & 07777;
}

/* Names in the folder but "." and "..": what is left over counts too. */
static int names(void)
{
	DIR *d = opendir(".");
	int n = -2;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static void write_and_read(void)
{
	enter();
	umask(077);
	CHECK_INT(file_write("a", "one\n", 4, 0644, NULL), 0);
	content_is("a", "one\n");
	CHECK_INT(mode_of("a"), 0644);
	CHECK_INT(file_write("a", "two", 3, 0600, NULL), 0);
	content_is("a", "two");
	CHECK_INT(mode_of("a"), 0600);
	CHECK_INT(file_write("a", "", 0, 0400, NULL), 0);
	content_is("a", "");
	umask(0);
	CHECK_INT(file_write("b", "x", 1, 0600, NULL), 0);
	CHECK_INT(mode_of("b"), 0600);
	CHECK_INT(names(), 2);
	leave();
}

static void create_refuses(void)
{
	struct error e = { 0 };

	enter();
	CHECK_INT(file_create("ca.key", "first", 5, 0600, &e), 0);
	CHECK_INT(file_create("ca.key", "second", 6, 0600, &e), -1);
	CHECK_STR(e.what, "cannot write 'ca.key': File exists");
	content_is("ca.key", "first");
	CHECK_INT(mode_of("ca.key"), 0600);
	/* a link to nowhere is there too */
	CHECK_INT(symlink("nowhere", "link"), 0);
	CHECK_INT(file_create("link", "x", 1, 0600, &e), -1);
	CHECK(access("nowhere", F_OK) != 0);
	CHECK_INT(names(), 2);
	leave();
}

static void symlinks(void)
{
	struct stat st;

	enter();
	CHECK_INT(file_write("target", "kept", 4, 0600, NULL), 0);
	CHECK_INT(symlink("target", "link"), 0);
	content_is("link", "kept");
	CHECK_INT(file_write("link", "new", 3, 0600, NULL), 0);
	CHECK(lstat("link", &st) == 0 && S_ISREG(st.st_mode));
	content_is("target", "kept");
	content_is("link", "new");
	CHECK_INT(symlink("loop", "loop"), 0);
	CHECK_INT(file_read("loop", 10, &(struct str)STR_INIT, NULL), -1);
	leave();
}

static void not_regular(void)
{
	struct error e = { 0 };
	struct str s = STR_INIT;

	enter();
	alarm(20);
	str_add(&s, "kept");
	CHECK_INT(mkdir("folder", 0700), 0);
	CHECK_INT(mkfifo("fifo", 0600), 0);
	CHECK_INT(file_read("folder", 100, &s, &e), -1);
	CHECK_STR(e.what, "cannot read 'folder': not a regular file");
	CHECK_INT(file_read("fifo", 100, &s, &e), -1);
	CHECK_STR(e.what, "cannot read 'fifo': not a regular file");
	CHECK_INT(file_read("/dev/zero", 100, &s, &e), -1);
	CHECK_INT(file_read("missing", 100, &s, &e), -1);
	CHECK_STR(e.what, "cannot open 'missing': No such file or directory");
	CHECK_INT(e.kind, ERROR_SYSTEM);
	CHECK_STR(s.buf, "kept");
	CHECK_INT(file_write("folder", "x", 1, 0600, &e), -1);
	CHECK_INT(file_write("", "x", 1, 0600, &e), -1);
	CHECK_INT(file_write("no/such/folder", "x", 1, 0600, &e), -1);
	CHECK_STR(e.what, "cannot write 'no/such/folder': No such file or directory");
	CHECK_INT(names(), 2);
	str_release(&s);
	leave();
}

static void limits(void)
{
	size_t n = 100000;
	char *data = xcalloc(n, 1);
	struct str s = STR_INIT;
	struct error e = { 0 };

	enter();
	memset(data, 'z', n);
	CHECK_INT(file_write("big", data, n, 0600, NULL), 0);
	str_add(&s, "before");
	CHECK_INT(file_read("big", n - 1, &s, &e), -1);
	CHECK_STR(e.what, "'big' is larger than 99999 bytes");
	CHECK_STR(s.buf, "before");
	CHECK_INT(file_read("big", n, &s, &e), 0);
	CHECK_INT(s.len, n + 6);
	free(data);
	str_release(&s);
	leave();
}

/* A disk that takes no more: the old content stays, and nothing lies about. */
static void full_disk(void)
{
	struct rlimit small = { 4096, 4096 };
	char data[10000];
	struct error e = { 0 };

	enter();
	memset(data, 'z', sizeof(data));
	CHECK_INT(file_write("a", "old", 3, 0600, NULL), 0);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &small), 0);
	CHECK_INT(file_write("a", data, sizeof(data), 0600, &e), -1);
	CHECK_STR(e.what, "cannot write 'a': File too large");
	content_is("a", "old");
	CHECK_INT(file_create("b", data, sizeof(data), 0600, &e), -1);
	CHECK_INT(names(), 1);
	leave();
}

static atomic_bool stop;

static void *rewrite(void *arg)
{
	char data[50000];

	(void)arg;
	for (char c = 'a'; !stop; c = c == 'z' ? 'a' : (char)(c + 1)) {
		memset(data, c, sizeof(data));
		file_write("shared", data, sizeof(data), 0600, NULL);
	}
	return NULL;
}

/* A reader sees one version or another, never half of one. */
static void never_half(void)
{
	pthread_t writers[2];

	enter();
	CHECK_INT(file_write("shared", "", 0, 0600, NULL), 0);
	for (int i = 0; i < 2; i++)
		pthread_create(&writers[i], NULL, rewrite, NULL);
	for (int i = 0; i < 300; i++) {
		struct str s = STR_INIT;

		CHECK_INT(file_read("shared", 1 << 20, &s, NULL), 0);
		CHECK(s.len == 0 || s.len == 50000);
		for (size_t k = 1; k < s.len; k++)
			if (s.buf[k] != s.buf[0]) {
				CHECK(s.buf[k] == s.buf[0]);
				break;
			}
		str_release(&s);
	}
	stop = true;
	for (int i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	CHECK_INT(names(), 1);
	leave();
}

static void folders(void)
{
	struct error e = { 0 };
	char *path = xasprintf("%s/x/y//z/", dir);

	enter();
	umask(022);
	memcpy(path, dir, strlen(dir));
	CHECK_INT(file_mkdirs("a/b/c", 0700, &e), 0);
	CHECK_INT(mode_of("a"), 0700);
	CHECK_INT(mode_of("a/b/c"), 0700);
	CHECK_INT(file_mkdirs("a/b/c", 0755, &e), 0);
	CHECK_INT(mode_of("a/b/c"), 0700);
	CHECK_INT(file_mkdirs(path, 0755, &e), 0);
	CHECK_INT(mode_of("x/y/z"), 0755);
	CHECK_INT(file_mkdirs("/", 0755, &e), 0);
	CHECK_INT(file_mkdirs(".", 0755, &e), 0);
	CHECK_INT(file_mkdirs("", 0755, &e), -1);
	CHECK_INT(file_write("a/file", "", 0, 0600, NULL), 0);
	CHECK_INT(file_mkdirs("a/file/b", 0755, &e), -1);
	CHECK_STR(e.what, "cannot make the folder 'a/file': Not a directory");
	/* a link to a folder will do */
	CHECK_INT(symlink("a", "link"), 0);
	CHECK_INT(file_mkdirs("link/new", 0755, &e), 0);
	CHECK_INT(mode_of("a/new"), 0755);
	free(path);
	leave();
}

static void expands_to(const char *path, const char *from, const char *want)
{
	char *got = file_expand(path, from);

	CHECK_STR(got, want);
	free(got);
}

static void expand(void)
{
	setenv("HOME", "/home/ops", 1);
	expands_to("~/.ssh/id_ed25519", "/etc", "/home/ops/.ssh/id_ed25519");
	expands_to("~", NULL, "/home/ops");
	expands_to("~other/x", "/etc", "~other/x");
	expands_to("flannel.yaml", "/srv/rack7", "/srv/rack7/flannel.yaml");
	expands_to("./a", NULL, "./a");
	expands_to("/abs", "/srv", "/abs");
	unsetenv("HOME");
	expands_to("~/x", NULL, "~/x");
}

static const struct test tests[] = {
	{ "write and read", write_and_read },
	{ "create refuses", create_refuses },
	{ "symlinks", symlinks },
	{ "not regular", not_regular },
	{ "limits", limits },
	{ "full disk", full_disk },
	{ "never half", never_half },
	{ "folders", folders },
	{ "expand", expand },
};
TEST_MAIN(tests)
