/* What steps do on hosts of a cluster that was taken over: nothing of kubeadm's is done again, and nothing of others is undone. */
#include "tests/test.h"

#include "base/json.h"
#include "inventory/inventory.h"
#include "tests/unit/fake_upgrade.h"

static struct fake_upgrade u;

/* Installed long ago, by whom is not recorded. */
static void begin(bool adopted, const char *configuration)
{
	u = (struct fake_upgrade){ .hosts = "ooooo", .from = "1.36.2", .to = "1.36.2" };
	fake_upgrade_open(&u);
	u.w.wish.upgrade = false;
	u.e.config.check_only = true;
	u.w.decided.init_host = 0;
	u.w.decided.done = true;
	for (int i = 0; i < UPGRADE_HOSTS; i++) {
		struct cluster_host *h = &u.w.seen.hosts[i];

		cluster_set(h, "job.init", "");
		cluster_set(h, "job.join", "");
		cluster_set(h, "record.cluster", "");
		cluster_set(h, "ledger", "no");
		cluster_set(h, "pki_manifest", "absent");
		h->adopted = adopted;
	}
	json_free(u.w.seen.cluster.kubeadm_config);
	u.w.seen.cluster.kubeadm_config = json_object();
	json_set_str(json_set(u.w.seen.cluster.kubeadm_config, "data", json_object()), "ClusterConfiguration",
		configuration);
}

static const char configuration[] = "apiVersion: kubeadm.k8s.io/v1beta4\nclusterName: rack7\n"
				    "controlPlaneEndpoint: 10.0.0.100:6443\nkubernetesVersion: v1.36.2\n";

static void test_installed(void)
{
	begin(true, configuration);
	CHECK_INT(init_check(&u.tasks[0], &(struct error){ 0 }), STEP_DONE);
	for (int i = 0; i < UPGRADE_HOSTS; i++) {
		struct error why = { 0 };

		CHECK(world_installed(&u.w.seen.hosts[i]));
		if (i < 3 && !CHECK_INT(certificates_check(&u.tasks[i], &why), STEP_DONE))
			printf("# %s\n", why.what);
		if (i > 0 && !CHECK_INT(join_check(&u.tasks[i], &why), STEP_DONE))
			printf("# %s\n", why.what);
	}
	fake_upgrade_close(&u);
	/* without its keys it would be somebody else's */
	begin(false, configuration);
	CHECK(!world_installed(&u.w.seen.hosts[0]));
	CHECK_INT(certificates_check(&u.tasks[0], &(struct error){ 0 }), STEP_NEEDED);
	fake_upgrade_close(&u);
}

/* kubeadm gives the endpoint's name to the certificate unasked; another endpoint's is asked for. */
static void test_names(void)
{
	struct error why = { 0 };

	begin(true, configuration);
	if (!CHECK_INT(components_check(&u.tasks[0], &why), STEP_NOT_HERE))
		printf("# %s\n", why.what);
	fake_upgrade_close(&u);
	begin(true, "apiVersion: kubeadm.k8s.io/v1beta4\nclusterName: rack7\ncontrolPlaneEndpoint: 10.0.0.10:6443\n");
	CHECK_INT(components_check(&u.tasks[0], &why), STEP_NEEDED);
	fake_upgrade_close(&u);
}

static void test_leaves(void)
{
	const bool leave[UPGRADE_HOSTS] = { [4] = true };
	struct error why = { 0 };

	begin(true, configuration);
	u.w.wish.leave = leave;
	CHECK_INT(leave_check(&u.tasks[4], &why), STEP_NEEDED);
	CHECK(strstr(why.what, code_words(EVIDENCE_LEFTOVERS, "kubeadm reset")) != NULL);
	CHECK_INT(leave_check(&u.tasks[3], &why), STEP_NOT_HERE);
	/* reset is about what kubewright installed, also when an apply has left a ledger since */
	CHECK_INT(reset_check(&u.tasks[4], &why), STEP_IMPOSSIBLE);
	CHECK_INT(why.code, REFUSAL_NO_LEDGER);
	cluster_set(&u.w.seen.hosts[4], "ledger", "yes");
	CHECK_INT(reset_check(&u.tasks[4], &why), STEP_IMPOSSIBLE);
	CHECK_INT(why.code, REFUSAL_NOT_OURS);
	CHECK_INT(leave_check(&u.tasks[4], &why), STEP_NEEDED);
	u.w.seen.hosts[4].adopted = false;
	CHECK_INT(leave_check(&u.tasks[4], &why), STEP_IMPOSSIBLE);
	fake_upgrade_close(&u);
}

static const struct test tests[] = {
	{ "it counts as installed", test_installed },
	{ "names of the certificate", test_names },
	{ "a host that leaves", test_leaves },
};
TEST_MAIN(tests)
