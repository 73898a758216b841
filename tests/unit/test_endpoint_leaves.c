/* The virtual IP leaves the control planes when the inventory no longer names it and the cluster no longer uses it. */
#include "tests/test.h"
#include "tests/unit/fake_wished.h"

#include "base/error.h"
#include "base/json.h"

static const struct want_part *const parts[] = { &want_endpoint, NULL };
static const struct step step = { "endpoint", "Setting up the virtual IP", ROLE_WORKER, 0, { { "probe", 0, 0 } },
	endpoint_check, endpoint_apply };

static const struct {
	bool exists;
	const char *configuration; /* NULL: the cluster does not say */
	const char *refused;       /* NULL: it goes */
} cases[] = {
	{ false, NULL, NULL },
	{ true, "apiVersion: v1\ncontrolPlaneEndpoint: 10.0.0.9:6443\nkind: x\n", NULL },
	{ true, "controlPlaneEndpoint: \"10.0.0.9:6443\"\n", NULL },
	{ true, "apiServer: {}\n", NULL },
	{ true, "x: \"controlPlaneEndpoint: 10.0.0.100:6443\"\ncontrolPlaneEndpoint: 10.0.0.9:6443\n", NULL },
	{ true, "controlPlaneEndpoint: 10.0.0.100:6443\n",
		"endpoint is still 10.0.0.100, which no control plane holds" },
	/* an address that begins as the other does */
	{ true, "a: b\ncontrolPlaneEndpoint: 10.0.0.99:6443\n",
		"endpoint is still 10.0.0.99, which no control plane holds" },
	{ true, NULL, "does not say what the cluster's endpoint is" },
};
static size_t row;

static void living(struct world *w)
{
	struct json *data = json_object();

	w->seen.cluster.exists = cases[row].exists;
	if (cases[row].configuration)
		json_set_str(data, "ClusterConfiguration", cases[row].configuration);
	w->seen.cluster.kubeadm_config = json_object();
	json_set(w->seen.cluster.kubeadm_config, "data", data);
}

static void open_host(void)
{
	wished_open();
	fake_site_put(&wished.site, "etc/keepalived/keepalived.conf", 0644, "ours\n");
	fake_site_put(&wished.site, "etc/keepalived/kubewright-check", 0755, "ours\n");
	fake_site_put(&wished.site, "etc/keepalived/theirs", 0644, "theirs\n");
	fake_site_put(&wished.site, "up.keepalived", 0644, "");
	/* the probe asks for the folder's own place of the files */
	fake_site_sh(&wished.site,
		"mkdir -p var/lib/kubewright/ledger/files; cd var/lib/kubewright/ledger; for f in keepalived.conf kubewright-check; do"
		" echo \"file|${PWD%/var/*}/etc/keepalived/$f|absent\" >>list; echo \"file|${PWD%/var/*}/etc/keepalived/$f|endpoint/keepalived|\" >>marks; done;"
		" echo 'unit|keepalived.service|disabled inactive' >>list; echo 'unit|keepalived.service|endpoint|' >>marks");
}

static void test_leaves(void)
{
	for (row = 0; row < sizeof(cases) / sizeof(cases[0]); row++) {
		bool stays = cases[row].refused != NULL;

		open_host();
		wished_run(false, &step, parts, living);
		CHECK_INT(wished.first.kind, stays ? ERROR_INVENTORY : ERROR_NONE);
		if (!CHECK(!stays || strstr(wished.first.what, cases[row].refused)))
			printf("# %zu: %s\n", row, wished.first.what);
		CHECK(!stays || *wished.first.hint);
		wished_done();
		CHECK_STR(fake_site_get(&wished.site, "etc/keepalived/keepalived.conf"), stays ? "ours\n" : "");
		CHECK_STR(fake_site_get(&wished.site, "etc/keepalived/kubewright-check"), stays ? "ours\n" : "");
		CHECK_STR(fake_site_get(&wished.site, "etc/keepalived/theirs"), "theirs\n");
		fake_site_sh(&wished.site, stays ? "test -e up.keepalived" : "test ! -e up.keepalived");
		CHECK_INT(strstr(fake_site_get(&wished.site, "var/lib/kubewright/ledger/list"), "keepalived") != NULL,
			stays);
		fake_site_close(&wished.site);
	}
}

static const struct test tests[] = {
	{ "the virtual IP leaves when the cluster has another endpoint", test_leaves },
};
TEST_MAIN(tests)
