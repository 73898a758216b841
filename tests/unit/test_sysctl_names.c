/* A dot in the name of an interface is none between folders: in the keys that are wished for, asked about and read in the host's files. */
#include "tests/test.h"
#include "tests/unit/fake_wished.h"

#include "base/error.h"

static const struct item rows[] = {
	{ .kind = ITEM_SYSCTL, .key = "net.ipv4.conf.eth0/100.rp_filter", .want = "2" },
	{ .kind = ITEM_SYSCTL, .key = "net/ipv4/conf/bond0.7.8/forwarding", .want = "1" },
};

static void items(const struct world *w, int index, struct items *out)
{
	(void)w;
	(void)index;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		items_add(out, rows[i]);
}

static void run(bool look)
{
	static const struct step step = { "os", "Preparing the system", ROLE_WORKER, 0, { { "probe", 0, 0 } }, os_check,
		os_apply };
	static struct want_part os;
	static const struct want_part *const parts[] = { &os, NULL };

	os = want_os;
	os.items = items;
	wished_run(look, &step, parts, NULL);
	CHECK_INT(wished.first.kind, ERROR_NONE);
}

static void open_host(void)
{
	wished_open();
	fake_site_put(&wished.site, "proc/sys/net/ipv4/conf/eth0.100/rp_filter", 0644, "0\n");
	fake_site_put(&wished.site, "proc/sys/net/ipv4/conf/bond0.7.8/forwarding", 0644, "0\n");
}

static void test_set(void)
{
	open_host();
	run(true);
	CHECK_STR(cluster_fact(&wished.cli.world.seen.hosts[WISHED_HOST], "sysctl.net.ipv4.conf.eth0/100.rp_filter"),
		"0");
	CHECK(strstr(wished.shown.buf, "net.ipv4.conf.eth0/100.rp_filter: 0 -> 2\n"));
	wished_done();
	run(false);
	wished_done();
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/net/ipv4/conf/eth0.100/rp_filter"), "2\n");
	CHECK_STR(fake_site_get(&wished.site, "proc/sys/net/ipv4/conf/bond0.7.8/forwarding"), "1\n");
	run(true);
	CHECK_STR(wished_would(), "");
	wished_done();
	fake_site_close(&wished.site);
}

/* What of the host's files counts at a boot, whichever way it is written. */
static void test_boot(void)
{
	static const struct {
		const char *line, *rp_filter, *forwarding;
	} files[] = {
		{ "net.ipv4.conf.eth0/100.rp_filter = 1\n", "1", "" },
		{ "net/ipv4/conf/eth0.100/rp_filter = 1\n", "1", "" },
		{ "net.ipv4.conf.eth0.100.rp_filter = 1\n", "", "" },
		{ "net/ipv4/conf/*/forwarding = 0\n", "", "0" },
		{ "net.ipv4.conf.*.forwarding = 0\nnet.ipv4.conf.bond0/7/8.forwarding = 1\n", "", "1" },
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		const struct cluster_host *h;
		const char *said;

		open_host();
		fake_site_put(&wished.site, "etc/sysctl.d/99-theirs.conf", 0644, files[i].line);
		run(true);
		h = &wished.cli.world.seen.hosts[WISHED_HOST];
		said = cluster_fact(h, "sysctl_boot.net.ipv4.conf.eth0/100.rp_filter");
		if (!CHECK(strncmp(said, files[i].rp_filter, 1) == 0))
			printf("# row %zu: %s\n", i, said);
		said = cluster_fact(h, "sysctl_boot.net/ipv4/conf/bond0.7.8/forwarding");
		if (!CHECK(strncmp(said, files[i].forwarding, 1) == 0))
			printf("# row %zu: %s\n", i, said);
		wished_done();
		fake_site_close(&wished.site);
	}
}

static const struct test tests[] = {
	{ "settings of an interface with a dot", test_set },
	{ "files that name it", test_boot },
};
TEST_MAIN(tests)
