/* What is around an installation: the questions of steps/host/surroundings.sh, run for real in a temporary folder. */
#include "base/alloc.h"
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_site.h"

#include <sys/stat.h>

static void ask(struct fake_site *s, const char *body, const struct remote_param *params, size_t count)
{
	char *script =
		xasprintf("%s\nmain() {\n%s\nsay done yes\n}\nmain </dev/null\n", host_script_surroundings, body);

	if (!CHECK_INT(fake_site_run(s, script, params, count), 0))
		printf("# %s: %s\n", s->err.what, s->err.detail);
	free(script);
}

/* A fact without the site's folder in its paths; the result stays until the next call. */
static const char *fact(const struct fake_site *s, const char *word)
{
	static struct str out;

	str_release(&out);
	str_add(&out, cluster_fact(&s->h, word));
	fake_site_replace(&out, s->dir, "");
	return out.buf;
}

static void test_resolver(void)
{
	struct remote_param param = { "kubelet_resolv", "" };
	struct fake_site s;
	char path[96];

	fake_site_open(&s);
	ask(&s, "resolver", NULL, 0);
	CHECK_STR(fact(&s, "resolv_conf"), "/etc/resolv.conf absent");
	fake_site_sh(&s, "mkdir -p etc && ln -s ../run/systemd/resolve/stub-resolv.conf etc/resolv.conf");
	ask(&s, "resolver", NULL, 0);
	CHECK_STR(fact(&s, "resolv_conf"),
		"/etc/resolv.conf a link to ../run/systemd/resolve/stub-resolv.conf, which cannot be read");
	/* systemd-resolved runs: kubeadm takes what it has of the network */
	fake_site_put(&s, "run/systemd/resolve/resolv.conf", 0644,
		"# nameserver 1.1.1.1\nnameserver 10.0.0.1\nnameserver\t10.0.0.2\n");
	ask(&s, "kw_resolved=yes\nresolver", NULL, 0);
	CHECK_STR(fact(&s, "resolv_conf"), "/run/systemd/resolve/resolv.conf ok");
	CHECK_STR(fact(&s, "nameservers"), "10.0.0.1 10.0.0.2");
	/* what the kubelet was given, and before that what the inventory says */
	fake_site_put(&s, "var/lib/kubelet/config.yaml", 0644, "kind: KubeletConfiguration\nresolvConf: /no/such\n");
	ask(&s, "resolver", NULL, 0);
	CHECK_STR(fact(&s, "resolv_conf"), "/no/such absent");
	fake_site_put(&s, "mine", 0644, "nameserver 127.0.0.1\n");
	snprintf(path, sizeof(path), "%s/mine", s.dir);
	param.value = path;
	ask(&s, "resolver", &param, 1);
	CHECK_STR(fact(&s, "resolv_conf"), "/mine ok");
	CHECK_STR(fact(&s, "nameservers"), "127.0.0.1");
	fake_site_close(&s);
}

static void test_time(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_put(&s, "bin/dpkg-query", 0755,
		"#!/bin/sh\ncase $1 in -W) printf 'ii |openntpd|ntp, time-daemon (= 1)\\nrc |chrony|time-daemon\\nii |bash|\\n' ;; "
		"-L) echo /lib/systemd/system/openntpd.service ;; esac\n");
	fake_site_put(&s, "bin/pgrep", 0755, "#!/bin/sh\nexit 1\n");
	ask(&s, "time_keepers", NULL, 0);
	CHECK_STR(fact(&s, "time_daemon"), "openntpd");
	CHECK_STR(fact(&s, "time_keeper"), "");
	fake_site_put(&s, "bin/systemctl", 0755, "#!/bin/sh\n[ \"$*\" = 'is-active --quiet openntpd.service' ]\n");
	ask(&s, "time_keepers", NULL, 0);
	CHECK_STR(fact(&s, "time_keeper"), "openntpd.service");
	fake_site_put(&s, "bin/pgrep", 0755, "#!/bin/sh\n[ \"$2\" = phc2sys ]\n");
	fake_site_put(&s, "bin/vmware-toolbox-cmd", 0755, "#!/bin/sh\necho Enabled\n");
	ask(&s, "time_keepers", NULL, 0);
	CHECK_STR(fact(&s, "time_keeper"), "openntpd.service phc2sys VMware");
	fake_site_close(&s);
}

/* Links on the way count with where they lead to. */
static void test_writable_folders(void)
{
	struct remote_param param = { "paths", "" };
	struct fake_site s;
	char path[96], line[128];

	fake_site_open(&s);
	fake_site_sh(&s,
		"mkdir -p etc/containerd/conf.d srv/open/inner && chmod 775 etc/containerd && chmod 1777 srv/open && ln -s ../../srv/open/inner etc/containerd/link");
	snprintf(path, sizeof(path), "%s/etc/containerd/link/x.toml", s.dir);
	param.value = path;
	ask(&s, "say writable_dirs \"$(writable_dirs)\"", &param, 1);
	snprintf(line, sizeof(line), "/srv/open mode 1777, owner %d:%d", (int)getuid(), (int)getgid());
	if (!CHECK(strstr(fact(&s, "writable_dirs"), line)))
		printf("# %s\n", fact(&s, "writable_dirs"));
	/* root's group may be root's */
	if (getuid() == 0) {
		CHECK(!strstr(fact(&s, "writable_dirs"), "/etc/containerd "));
		CHECK(!strstr(fact(&s, "writable_dirs"), "/srv/open/inner "));
	}
	fake_site_close(&s);
}

static void test_shadowed(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_put(&s, "bin/kubelet", 0755, "#!/bin/sh\n");
	fake_site_sh(&s, "ln -s /usr/bin/kubeadm bin/kubeadm; ln -s /usr/bin/crictl bin/crictl");
	ask(&s, "say shadowed \"$(shadowed)\"", NULL, 0);
	CHECK(strstr(fact(&s, "shadowed"), "/bin/kubelet") && !strstr(fact(&s, "shadowed"), "crictl"));
	fake_site_close(&s);
}

/* lost+found alone, and on a disk of its own, is as mkfs made it. */
static void test_etcd_disk(void)
{
	struct fake_site s;

	fake_site_open(&s);
	fake_site_sh(&s, "mkdir -p var/lib/etcd/lost+found");
	fake_site_put(&s, "bin/mountpoint", 0755, "#!/bin/sh\nexit 1\n");
	ask(&s, "say leftovers \"$(leftovers | grep etcd)\"", NULL, 0);
	CHECK_STR(fact(&s, "leftovers"), "file /var/lib/etcd/lost+found");
	fake_site_put(&s, "bin/mountpoint", 0755, "#!/bin/sh\nexit 0\n");
	ask(&s, "say leftovers \"$(leftovers | grep etcd)\"", NULL, 0);
	CHECK_STR(fact(&s, "leftovers"), "");
	fake_site_sh(&s, "mkdir -p var/lib/etcd/member");
	ask(&s, "say leftovers \"$(leftovers | grep etcd)\"", NULL, 0);
	CHECK_STR(fact(&s, "leftovers"), "file /var/lib/etcd/lost+found\nfile /var/lib/etcd/member");
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "the resolver's file", test_resolver },
	{ "who keeps the clock", test_time },
	{ "folders that others can write to", test_writable_folders },
	{ "programs that come first", test_shadowed },
	{ "a disk of its own for etcd", test_etcd_disk },
};
TEST_MAIN(tests)
