/* The table of releases, and the newest patch that a repository's index lists. */
#include "tests/test.h"

#include "inventory/release.h"

static void test_find(void)
{
	CHECK(release_find("1.36") == release_find("1.36.2"));
	CHECK_STR(release_find("1.20.2")->kubeadm_api, "v1beta2");
	CHECK(release_find("1.3") == NULL && release_find("1.360") == NULL && release_find("") == NULL);
}

static void test_compare(void)
{
	CHECK_INT(release_compare("1.6.20~ds1-1+b1", "1.7.0"), -1);
	CHECK_INT(release_compare("1:1.10", "1.9"), 1);
	CHECK_INT(release_compare("1.36.2-1.1", "1.36.2"), 0);
	CHECK_INT(release_compare("2", "1.99.99"), 1);
}

static void newest_is(const char *index, const char *minor, const char *want)
{
	char got[32];

	release_newest(index, minor, got);
	CHECK_STR(got, want);
}

static void test_newest(void)
{
	static const char index[] =
		"Package: cri-tools\nVersion: 1.36.90-1.1\nDescription: kubeadm\n Package: kubeadm\n\n"
		"Package: kubeadm\nVersion: 1.36.9-1.1\nArchitecture: amd64\n\n"
		"Version: 1.36.10-2.1\nPackage: kubeadm\nArchitecture: amd64\n\n"
		"Package: kubeadm\nVersion: 1.36.2-1.1\n\n"
		"Package: kubeadm\nVersion: 1.36.11~rc.1-1.1\n\n"
		"Package: kubeadm\nArchitecture: amd64\n\n"
		"Package: kubeadm-tools\nVersion: 1.36.99-1.1\n\n"
		"Package: kubelet\nVersion: 1.36.12-1.1\n\n"
		"Package: kubeadm\nVersion: 1.3.77-1.1\n\n"
		"\n\nPackage: kubeadm\nVersion: 1.35.4-1.1\n";

	newest_is(index, "1.36", "1.36.10");
	newest_is(index, "1.35", "1.35.4");
	newest_is(index, "1.34", "");
	newest_is("", "1.36", "");
	newest_is("\n\n\n\n", "1.36", "");
	newest_is("<html>not an index</html>", "1.36", "");
	newest_is("Package: kubeadm\nVersion: 1.36.1", "1.36", "1.36.1");
	newest_is("Package: kubeadm\nVersion: 1.36.", "1.36", "");
	newest_is("Package: kubeadm\nVersion: 1.36.11111111111111111111111111111111111111111", "1.36", "");
}

static const struct test tests[] = {
	{ "a release by its version", test_find },
	{ "versions compare by numbers", test_compare },
	{ "the newest patch of an index", test_newest },
};
TEST_MAIN(tests)
