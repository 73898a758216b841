/* The archive that others get: what tar makes of it, and what is left when it cannot be written. */
#include "tests/test.h"

#include "base/archive.h"
#include "base/error.h"
#include "base/file.h"
#include "base/str.h"
#include "tests/unit/shell_says.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define TIME_MS INT64_C(1772366400000)

static void test_content(void)
{
	struct error err = { 0 };
	struct archive *a = archive_begin("a.tar.gz", "folder-1", TIME_MS, &err);
	char name[101], big[200001];
	struct stat st;
	int64_t size = 0;

	memset(name, 'n', 100);
	name[100] = '\0';
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	CHECK_INT(archive_add(a, "hosts/cp1/kubelet.log", "a line\n", 7, &err), 0);
	CHECK_INT(archive_add(a, "empty", "", 0, &err), 0);
	CHECK_INT(archive_add(a, "block", big, 512, &err), 0);
	CHECK_INT(archive_add(a, name, big, sizeof(big) - 1, &err), 0);
	CHECK(stat("a.tar.gz", &st) != 0);
	CHECK_INT(archive_end(a, &size, &err), 0);
	CHECK(stat("a.tar.gz", &st) == 0 && st.st_size == size && (st.st_mode & 07777) == 0600);
	CHECK_STR(shell_says("tar -tvzf a.tar.gz --utc | head -n 2"),
		"-rw------- 0/0               7 2026-03-01 12:00 folder-1/hosts/cp1/kubelet.log\n"
		"-rw------- 0/0               0 2026-03-01 12:00 folder-1/empty\n");
	CHECK_STR(shell_says("tar -xOzf a.tar.gz folder-1/hosts/cp1/kubelet.log"), "a line\n");
	CHECK_STR(shell_says("tar -xOzf a.tar.gz folder-1/block | wc -c"), "512\n");
	CHECK_STR(
		shell_says(
			"tar -tzf a.tar.gz | tail -n 1 | wc -c; tar -xOzf a.tar.gz --wildcards 'folder-1/nn*' | tr -d x | wc -c"),
		"110\n0\n");
	CHECK_STR(shell_says("ls"), "a.tar.gz\n");
}

static void test_refused(void)
{
	struct error err = { 0 };
	struct archive *a;

	file_write("there", "mine", 4, 0644, &err);
	CHECK(!archive_begin("there", "f", 0, &err));
	CHECK_STR(err.what, "cannot write 'there': it exists already");
	CHECK(!symlink("nowhere", "link") && !archive_begin("link", "f", 0, &err));
	CHECK(!archive_begin("no/such/folder.tar.gz", "f", 0, &err));
	CHECK(strstr(err.what, "No such file") || strstr(err.what, "no such file"));
	CHECK_STR(err.hint, "name a file in a folder that you may write to");
	/* one that came meanwhile */
	a = archive_begin("late", "f", 0, &err);
	CHECK_INT(archive_add(a, "x", "y", 1, &err), 0);
	file_write("late", "mine", 4, 0644, &err);
	CHECK_INT(archive_end(a, NULL, &err), -1);
	CHECK_STR(shell_says("cat late there; rm -f late there link"), "minemine");
	a = archive_begin("dropped", "f", 0, &err);
	archive_drop(a);
	archive_drop(NULL);
	a = archive_begin("long", "f", 0, &err);
	CHECK_INT(
		archive_add(a,
			"123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/123456789/1",
			"", 0, &err),
		-1);
	archive_drop(a);
	CHECK_STR(shell_says("ls -A | grep -v a.tar.gz"), "");
}

/* A disk that is full, by the limit of a file's size. */
static void test_full(void)
{
	struct rlimit limit = { 65536, 65536 };
	struct error err = { 0 };
	struct archive *a;
	static char noise[400000];
	int fd = open("/dev/urandom", O_RDONLY), rc;

	CHECK(read(fd, noise, sizeof(noise)) == sizeof(noise));
	close(fd);
	signal(SIGXFSZ, SIG_IGN);
	CHECK_INT(setrlimit(RLIMIT_FSIZE, &limit), 0);
	a = archive_begin("full.tar.gz", "f", 0, &err);
	rc = archive_add(a, "noise", noise, sizeof(noise), &err);
	CHECK_INT(rc, -1);
	archive_drop(a);
	CHECK(str_starts(err.what, "cannot write 'full.tar.gz': "));
	/* and only at its end */
	a = archive_begin("full.tar.gz", "f", 0, &err);
	CHECK_INT(archive_add(a, "noise", noise, 65480, &err), 0);
	memset(&err, 0, sizeof(err));
	CHECK_INT(archive_end(a, NULL, &err), -1);
	CHECK(err.what[0]);
	CHECK_STR(shell_says("ls -A | grep full"), "");
}

static const struct test tests[] = {
	{ "what tar makes of it", test_content },
	{ "refused", test_refused },
	{ "a full disk", test_full },
};
TEST_MAIN_IN_FOLDER(tests)
