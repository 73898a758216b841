/* What a reset takes out of Kubernetes' folders, and what it leaves: steps/host/trees.sh, run for real in a temporary folder. */
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

#include "base/alloc.h"

#include <sys/stat.h>
#include <unistd.h>

static bool there(const struct fake_site *s, const char *name)
{
	struct stat st;

	return lstat(fake_site_path(s, name), &st) == 0;
}

static void run(struct fake_site *s, const char *body)
{
	char *script = xasprintf("%s\nentries() { grep -s \"^$1|\" \"$kw_ledger/list\" | cut -d'|' -f2-; }\n"
				 "main() {\n%s\nsay done yes\n}\nmain </dev/null\n",
		host_script_trees, body);

	if (!CHECK_INT(fake_site_run(s, script, NULL, 0), 0))
		printf("# %s: %s\n", s->err.what, s->err.detail);
	free(script);
}

/* A pod names a folder so that its lines read like another path. */
static void test_names_of_pods(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_sh(&s, "mkdir -p var/lib/kubelet/pods/1 etc && echo secret >etc/passwd");
	run(&s, "trees_note");
	/* "…/x", and below it the absolute path of the victim */
	fake_site_sh(&s,
		"d=\"var/lib/kubelet/pods/1/$(printf 'x\\nz')\"; d=\"${d%z}$PWD/etc\"; mkdir -p \"$d\" && echo >\"$d/passwd\"");
	fake_site_sh(&s,
		"mkdir -p 'var/lib/kubelet/pods/2/ -o -name passwd' && ln -s \"$PWD/etc\" var/lib/kubelet/pods/2/link");
	run(&s, "trees_clear /var/lib/kubelet");
	CHECK_STR(fake_site_get(&s, "etc/passwd"), "secret\n");
	CHECK(there(&s, "var/lib/kubelet/pods/1"));
	CHECK(!there(&s, "var/lib/kubelet/pods/2"));
	fake_site_sh(&s, "test -z \"$(ls -A var/lib/kubelet/pods/1)\"");
	fake_site_close(&s);
}

static void test_what_was_there(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_sh(&s,
		"mkdir -p etc/cni/net.d var/lib/etcd/lost+found var/lib/kubelet && echo theirs >'etc/cni/net.d/a*[1]?.conf' &&"
		"echo theirs >\"etc/cni/net.d/$(printf 'two\\nlines')\"");
	run(&s, "trees_note");
	fake_site_sh(&s,
		"echo ours >'etc/cni/net.d/ab[1]x.conf'; echo ours >etc/cni/net.d/10-ours.conf; mkdir -p var/lib/etcd/member/wal opt/cni/bin");
	run(&s, "trees_clear /etc/cni /var/lib/etcd /var/lib/absent");
	CHECK(there(&s, "etc/cni/net.d/a*[1]?.conf") && there(&s, "etc/cni/net.d/two\nlines"));
	CHECK(there(&s, "var/lib/etcd/lost+found"));
	CHECK(!there(&s, "etc/cni/net.d/10-ours.conf") && !there(&s, "etc/cni/net.d/ab[1]x.conf"));
	CHECK(!there(&s, "var/lib/etcd/member"));
	/* a second note does not take what came since for what was there */
	run(&s, "trees_note");
	fake_site_sh(&s, "! grep -q 10-ours var/lib/kubewright/ledger/trees");
	fake_site_close(&s);
}

/* A volume that is bound from the same disk: -xdev does not see it. */
static void test_mounts(void)
{
	struct fake_site s;
	struct str mounts = STR_INIT;

	fake_site_open(&s);
	fake_site_sh(&s,
		"mkdir -p var/lib/kubelet && mkdir -p 'var/lib/kubelet/pods/1/my vol/sub' var/lib/kubelet/pods/2 && "
		"echo data >'var/lib/kubelet/pods/1/my vol/sub/file'; echo x >var/lib/kubelet/pods/2/file");
	fake_site_sh(&s, "mkdir -p data/containerd && echo x >data/containerd/file");
	str_addf(&mounts, "30 1 8:1 /srv %s/var/lib/kubelet/pods/1/my\\040vol rw - ext4 /dev/sda1 rw\n", s.dir);
	str_addf(&mounts, "31 1 8:17 / %s/data/containerd rw - ext4 /dev/sdb1 rw\n", s.dir);
	fake_site_put(&s, "proc/self/mountinfo", 0644, mounts.buf);
	run(&s, "trees_clear /var/lib/kubelet /data/containerd");
	CHECK_STR(fake_site_get(&s, "var/lib/kubelet/pods/1/my vol/sub/file"), "data\n");
	CHECK(!there(&s, "var/lib/kubelet/pods/2"));
	/* a disk of its own is emptied, and stays */
	CHECK(there(&s, "data/containerd") && !there(&s, "data/containerd/file"));
	str_release(&mounts);
	fake_site_close(&s);
}

/* The purge of a package takes the link along that its folder was. */
static void test_links(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_sh(&s,
		"mkdir -p data/kubelet/mine var/lib etc/kubernetes && chmod 750 etc/kubernetes && ln -s ../../data/kubelet var/lib/kubelet");
	run(&s, "trees_note");
	fake_site_sh(&s, "mkdir -p data/kubelet/pods/1 && echo x >data/kubelet/pods/1/file");
	run(&s, "rm /var/lib/kubelet\nrmdir /etc/kubernetes\nmkdir /var/lib/kubelet\ntrees_back\ntrees_clear /var/lib/kubelet /etc/kubernetes");
	fake_site_sh(&s,
		"test \"$(readlink var/lib/kubelet)\" = ../../data/kubelet && test \"$(stat -c %a etc/kubernetes)\" = 750");
	CHECK(there(&s, "data/kubelet/mine") && !there(&s, "data/kubelet/pods"));
	/* a folder that is in use by now is nobody's to take away */
	run(&s, "rm /var/lib/kubelet\nmkdir /var/lib/kubelet\necho >/var/lib/kubelet/theirs\ntrees_back");
	CHECK(there(&s, "var/lib/kubelet/theirs"));
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "a file name with a newline deletes nothing elsewhere", test_names_of_pods },
	{ "what was there before stays", test_what_was_there },
	{ "what is mounted in it stays", test_mounts },
	{ "a link is there again", test_links },
};
TEST_MAIN(tests)
