/*
 * The virtual IP goes before an API server is restarted on purpose: steps/host/upgrade.sh and the check of keepalived, run for real in a temporary folder with a
 * keepalived that looks at that check.
 */
#include "steps/host/scripts.h"
#include "tests/test.h"
#include "tests/unit/fake_rack.h"
#include "tests/unit/fake_site.h"

#include "base/str.h"
#include "steps/run/want.h"

#include <stdio.h>
#include <string.h>

#define CHECK_FILE "etc/keepalived/kubewright-check"
#define CONF "etc/keepalived/keepalived.conf"

/* What the first control plane gets at a path, with the paths that the check names in the site. */
static void put_item(const struct fake_site *s, const struct items *all, const char *name, mode_t mode)
{
	struct str text = STR_INIT;
	char run[300];

	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->list[i].key + 1, name) == 0)
			str_add(&text, all->list[i].want);
	CHECK(text.len > 0);
	snprintf(run, sizeof(run), "%s/run/", s->dir);
	fake_site_replace(&text, "/run/", run);
	fake_site_put(s, name, mode, text.buf);
	str_release(&text);
}

/* A host that holds the address as long as its check says yes; curl finds the API server ready. kubeadm notes which addresses there are. */
static void open_site(struct fake_site *s)
{
	struct items all = { 0 };
	char text[600];
	struct world w;

	fake_site_open(s);
	rack_up();
	rack_world(&w);
	want_endpoint.items(&w, 0, &all);
	put_item(s, &all, CHECK_FILE, 0755);
	put_item(s, &all, CONF, 0644);
	items_release(&all);
	world_release(&w);
	rack_down();
	fake_site_put(s, "bin/curl", 0755, "#!/bin/sh\nexit 0\n");
	snprintf(text, sizeof(text),
		"#!/bin/sh\necho '2: eth0    inet 10.0.0.11/24 scope global eth0'\n"
		"! PATH=%s/bin:$PATH %s/" CHECK_FILE " || echo '2: eth0    inet 10.0.0.100/32 scope global eth0'\n",
		s->dir, s->dir);
	fake_site_put(s, "bin/ip", 0755, text);
	snprintf(text, sizeof(text), "#!/bin/sh\ncd %s\nbin/ip >seen\n", s->dir);
	fake_site_put(s, "bin/kubeadm", 0755, text);
	fake_site_sh(s, "mkdir -p run/kubewright var/lib/kubewright");
}

static int upgrade(struct fake_site *s)
{
	static const struct remote_param params[] = { { "config", "" }, { "version", "1.36.2" }, { "mode", "node" },
		{ "role", "worker" }, { "renewal", "yes" } };

	return fake_site_run(s, host_script_upgrade, params, sizeof(params) / sizeof(params[0]));
}

static bool held(const struct fake_site *s, const char *name)
{
	return strstr(fake_site_get(s, name), "10.0.0.100/32") != NULL;
}

static void test_aside(void)
{
	struct fake_site s;

	open_site(&s);
	fake_site_sh(&s, "bin/ip >before");
	CHECK(held(&s, "before"));
	if (!CHECK_INT(upgrade(&s), 0))
		printf("# %s: %s\n", s.err.what, s.log);
	CHECK(strstr(fake_site_get(&s, "seen"), "10.0.0.11/24") && !held(&s, "seen"));
	fake_site_sh(&s, "bin/ip >after; ls run/kubewright >left");
	CHECK(held(&s, "after"));
	CHECK_STR(fake_site_get(&s, "left"), "");
	/* what a process left that is gone keeps nobody from it */
	fake_site_put(&s, "run/kubewright/vip-aside", 0600, "999999999\n");
	fake_site_sh(&s, "bin/ip >after");
	CHECK(held(&s, "after"));
	fake_site_close(&s);
}

/* The boot before has emptied /run. */
static void test_reboot(void)
{
	static const struct remote_param params[] = { { "boot", "b1" } };
	struct fake_site s;
	char text[400];

	open_site(&s);
	fake_site_sh(&s, "rm -r run/kubewright");
	/* the script's path has two of the folders that a site replaces */
	snprintf(text, sizeof(text), "proc%s/sys/kernel/random/boot_id", s.dir);
	fake_site_put(&s, text, 0644, "b1\n");
	snprintf(text, sizeof(text),
		"#!/bin/sh\ncase $1 in is-system-running) echo running ;; --no-block) cd %s && bin/ip >seen ;; esac\n",
		s.dir);
	fake_site_put(&s, "bin/systemctl", 0755, text);
	if (!CHECK_INT(fake_site_run(&s, host_script_reboot, params, 1), 0))
		printf("# %s: %s\n", s.err.what, s.log);
	CHECK(strstr(fake_site_get(&s, "seen"), "10.0.0.11/24") && !held(&s, "seen"));
	fake_site_close(&s);
}

/* A single control plane keeps it, and so does a keepalived that is the operator's. */
static void test_alone(void)
{
	struct fake_site s;

	open_site(&s);
	fake_site_sh(&s, "sed -i '/^    10\\.0\\.0\\.1[23]$/d' " CONF);
	CHECK_INT(upgrade(&s), 0);
	CHECK(held(&s, "seen"));
	fake_site_sh(&s, "rm " CHECK_FILE " && sed -i '/"
			 "kubewright-check"
			 "/d' bin/ip && echo 'echo 10.0.0.100/32' >>bin/ip");
	CHECK_INT(upgrade(&s), 0);
	CHECK(held(&s, "seen"));
	fake_site_close(&s);
}

static const struct test tests[] = {
	{ "another control plane takes it before, and it comes back", test_aside },
	{ "before a reboot, too", test_reboot },
	{ "nobody else can have it", test_alone },
};
TEST_MAIN(tests)
