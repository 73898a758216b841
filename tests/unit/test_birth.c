/* Fields that count only when a cluster is created: what a living cluster has otherwise is reported, and stops nothing. */
#include "tests/test.h"
#include "tests/unit/fake_wished.h"

#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"

static const char as_born[] =
	"apiServer:\n  certSANs:\n  - 127.0.0.1\napiVersion: kubeadm.k8s.io/v1beta4\nclusterName: rack7\n"
	"controlPlaneEndpoint: 10.0.0.9:6443\netcd:\n  local:\n    dataDir: /var/lib/etcd\n"
	"imageRepository: registry.k8s.io\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\nnetworking:\n"
	"  dnsDomain: cluster.local\n  podSubnet: 10.244.0.0/16\n  serviceSubnet: 10.96.0.0/12\nproxy: {}\n";
/* the same, as other programs write it */
static const char in_json[] = "{\"networking\": {\"podSubnet\": \"10.244.0.0/16\", \"dnsDomain\": \"cluster.local\"}, "
			      "\"x\": \"podSubnet: 1\", \"controlPlaneEndpoint\": \"10.0.0.9:6443\"}";
static const char *configuration;

static const struct step step = { "decide", "Deciding", ROLE_WORKER, STEP_OBSERVES, { { "probe", 0, 0 } }, decide_check,
	decide_apply };
static const struct want_part *const parts[] = { NULL };

static void living(struct world *w)
{
	struct json *data;

	w->seen.cluster.exists = true;
	w->seen.cluster.lead = w->decided.lead = 0;
	snprintf(w->seen.cluster.version, sizeof(w->seen.cluster.version), "1.36.2");
	if (!configuration)
		return;
	data = json_object();
	json_set_str(data, "ClusterConfiguration", configuration);
	w->seen.cluster.kubeadm_config = json_object();
	json_set(w->seen.cluster.kubeadm_config, "data", data);
}

#define VERSION "kubernetes: {version: 1.36.2}\n"
static const struct {
	const char *more, *says;
} cases[] = {
	{ VERSION, "" },
	{ VERSION "network: {pods: 10.9.0.0/16}\n",
		"birth-only network.pods: network.pods is 10.244.0.0/16 in the living cluster and 10.9.0.0/16 in the inventory; "
		"it counts only when a cluster is created, so nothing changes\n" },
	{ VERSION "network: {services: 10.97.0.0/16}\n", "birth-only network.services: " },
	{ VERSION "network: {dns-domain: rack.local}\n", "birth-only network.dns-domain: " },
	/* the cluster moves to another endpoint */
	{ VERSION "endpoint: {port: 7443}\n", "" },
	{ VERSION "endpoint: {vip: 10.0.0.100}\n", "" },
	{ "kubernetes: {version: 1.36.2, image-repository: harbor/k8s}\n",
		"birth-only kubernetes.image-repository: kubernetes.image-repository is registry.k8s.io in the living cluster and harbor/k8s in" },
	/* what is passed through has the last word */
	{ VERSION "kubeadm: {extra: {ClusterConfiguration: {networking: {podSubnet: 10.8.0.0/16}}}}\n",
		"birth-only network.pods: network.pods is 10.244.0.0/16 in the living cluster and 10.8.0.0/16 in" },
};

static void add(const struct birth_difference *d, void *out)
{
	str_addf(out, "birth-only %s: %s\n", d->field, d->text);
}

static unsigned lines(const char *text)
{
	unsigned count = 0;

	for (; *text; text++)
		count += *text == '\n';
	return count;
}

static void test_told(void)
{
	/* none of it, no YAML, no map, and what only looks like a field */
	static const char *const silent[] = { "apiServer: {}\n", "networking: [", "clusterName", in_json,
		"other:\n  podSubnet: a\ndescription: |\n  clusterName: x\n  networking:\n    podSubnet: b\n" };

	wished_open();
	for (int look = 0; look < 2; look++)
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct str told = STR_INIT;
			char *said;

			configuration = as_born;
			wished.more = cases[i].more;
			wished_run(look, &step, parts, living);
			CHECK_INT(wished.first.kind, ERROR_NONE);
			birth_differences(&wished.cli.world, add, &told);
			CHECK_INT(lines(told.buf), *cases[i].says != '\0');
			if (!CHECK(strncmp(told.buf, cases[i].says, strlen(cases[i].says)) == 0))
				printf("# %s\n", told.buf);
			/* plan shows it by itself, and status is a look that is repeated */
			said = wished_said(look ? "" : told.buf);
			CHECK_STR(wished.shown.buf, said);
			free(said);
			str_release(&told);
			wished_done();
		}
	/* of which nobody knows, or which has none of it */
	wished.more = cases[0].more;
	configuration = NULL;
	wished_run(false, &step, parts, living);
	CHECK_STR(wished.shown.buf, "");
	wished_done();
	for (size_t i = 0; i < sizeof(silent) / sizeof(silent[0]); i++) {
		configuration = silent[i];
		wished_run(false, &step, parts, living);
		CHECK_STR(wished.shown.buf, "");
		wished_done();
	}
	fake_site_close(&wished.site);
}

static const struct test tests[] = {
	{ "what the living cluster has otherwise is reported", test_told },
};
TEST_MAIN(tests)
