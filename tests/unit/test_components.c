/* kubeadm.extra of a living cluster: what can change goes onto the control planes one by one, what cannot is reported; names of the certificate are joined to those there are. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/settings.h"

#include <stdio.h>
#include <string.h>

static struct error errors[LAB_MACHINES];

#define LIVING \
	"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n" \
	"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100, old.example], timeoutForControlPlane: 6m}\n" \
	"scheduler: {}\n"

/* What is in ClusterConfiguration of kubeadm.extra; NULL: nothing. */
static void wish(const char *config)
{
	struct str text = STR_INIT;
	struct error err = { 0 };

	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = NULL;
	if (config) {
		str_addf(&text, "{\"ClusterConfiguration\":%s}", config);
		rack_inventory->kubeadm_extra = json_parse(text.buf, text.len, &err);
		CHECK(rack_inventory->kubeadm_extra != NULL);
	}
	str_release(&text);
}

static void apply(struct lab *l, const char *config)
{
	wish(config);
	rack_apply(l, errors);
}

/* How often each host's components were changed; the scheduler's and the API server's arguments; the certificate's names. */
static void looks(const struct lab *l, const char *want)
{
	const char *living = l->given[SETTINGS_CONTROL_PLANE].text;
	struct json *map = inventory_yaml(living, strlen(living), NULL);
	struct str now = STR_INIT;

	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", l->machines[i].changes);
	str_addc(&now, ' ');
	if (json_size(json_get(map, "scheduler.extraArgs")))
		json_write(json_get(map, "scheduler.extraArgs"), &now);
	str_addc(&now, ' ');
	for (size_t i = 0; i < json_size(json_get(map, "apiServer.certSANs")); i++)
		str_addf(&now, "%s%s", i ? "," : "", json_text(json_at(json_get(map, "apiServer.certSANs"), i)));
	if (l->given[SETTINGS_CONTROL_PLANE].note[0])
		str_add(&now, " noted");
	/* what is not the operator's stays */
	CHECK_STR(json_get_str(map, "apiServer.timeoutForControlPlane", NULL), "6m");
	CHECK(!strstr(living, "null"));
	if (!CHECK_STR(now.buf, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
	str_release(&now);
	json_free(map);
}

#define NAMES "127.0.0.1,localhost,10.0.0.100,old.example"
#define V4 "[{\"name\":\"v\",\"value\":\"4\"}]"
#define V5 "[{\"name\":\"v\",\"value\":\"5\"}]"

static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text, LIVING);
}

static void test_there_and_back(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, NULL);
	looks(&l, "00000  " NAMES);
	apply(&l, "{\"scheduler\":{\"extraArgs\":" V4 "}}");
	looks(&l, "11100 " V4 " " NAMES " noted");
	apply(&l, "{\"scheduler\":{\"extraArgs\":" V4 "}}");
	looks(&l, "11100 " V4 " " NAMES " noted");
	/* a host that was away */
	strcpy(l.machines[1].components, "x");
	apply(&l, "{\"scheduler\":{\"extraArgs\":" V4 "}}");
	looks(&l, "12100 " V4 " " NAMES " noted");
	apply(&l, NULL);
	looks(&l, "23200  " NAMES " noted");
	apply(&l, NULL);
	looks(&l, "23200  " NAMES " noted");
	wish(NULL);
	rack_down();
}

static void test_names(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, "{\"apiServer\":{\"certSANs\":[\"a.example\",\"localhost\"]}}");
	looks(&l, "11100  " NAMES ",a.example noted");
	apply(&l, "{\"apiServer\":{\"certSANs\":[\"localhost\",\"a.example\"]}}");
	looks(&l, "11100  " NAMES ",a.example noted");
	/* what somebody else has put there stays, and so does what the inventory has by itself */
	apply(&l, "{\"apiServer\":{\"certSANs\":[\"b.example\"],\"extraArgs\":" V4 "}}");
	looks(&l, "22200  " NAMES ",b.example noted");
	apply(&l, NULL);
	looks(&l, "33300  " NAMES " noted");
	wish(NULL);
	rack_down();
}

static void test_refused(void)
{
	int failed = 0, well = 0;
	struct lab l;

	rack_up();
	begin(&l);
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].picky = true;
	apply(&l, "{\"scheduler\":{\"extraArgs\":" V4 "}}");
	looks(&l, "00000  " NAMES);
	for (int i = 0; i < LAB_MACHINES; i++) {
		failed += errors[i].kind == ERROR_COMMAND && strcmp(errors[i].step, "components") == 0;
		well += errors[i].kind == ERROR_NONE;
		l.machines[i].picky = false;
	}
	/* it fails on one, and the others have nothing to do */
	CHECK_INT(failed, 1);
	CHECK_INT(well, LAB_MACHINES - 1);
	apply(&l, "{\"scheduler\":{\"extraArgs\":" V5 "}}");
	looks(&l, "11100 " V5 " " NAMES " noted");
	/* a later host: others have it, and the configuration stays; who is left comes before it or is refused */
	strcpy(l.machines[1].components, "x");
	strcpy(l.machines[2].components, "x");
	l.machines[1].picky = true;
	apply(&l, "{\"scheduler\":{\"extraArgs\":" V5 "}}");
	CHECK_INT(errors[1].kind, ERROR_COMMAND);
	CHECK_INT(errors[2].code, l.machines[2].changes == 2 ? CODE_NONE : REFUSAL_SETTINGS);
	l.machines[1].picky = false;
	apply(&l, "{\"scheduler\":{\"extraArgs\":" V5 "}}");
	looks(&l, "12200 " V5 " " NAMES " noted");
	wish(NULL);
	rack_down();
}

static void count(const struct birth_difference *d, void *ctx)
{
	str_addf(ctx, "%s;", d->field);
}

/* What only counts at birth is still reported, and what is carried out is not. */
#define JOINED \
	"{\"JoinConfiguration\":{\"timeouts\":{\"controlPlaneComponentHealthCheck\":\"9m0s\"}," \
	"\"patches\":{\"directory\":\"/etc/patches\"}}}"

static void test_reported(void)
{
	struct str told = STR_INIT, config = STR_INIT;
	struct lab l;
	struct world w;

	rack_up();
	begin(&l);
	wish("{\"scheduler\":{\"extraArgs\":" V4
	     "},\"dns\":{\"imageTag\":\"v9\"},\"apiServer\":{\"certSANs\":[\"a\"]},\"etcd\":{\"local\":{\"dataDir\":\"/x\"}}}");
	rack_world(&w);
	w.seen.cluster.exists = true;
	w.seen.cluster.kubeadm_config = json_object();
	json_set_str(json_set(w.seen.cluster.kubeadm_config, "data", json_object()), "ClusterConfiguration", LIVING);
	birth_differences(&w, count, &told);
	CHECK(strstr(told.buf, "dns.imageTag") && strstr(told.buf, "etcd.local.dataDir"));
	CHECK(!strstr(told.buf, "scheduler") && !strstr(told.buf, "certSANs"));
	/* what a host gets is the cluster's own configuration, with its own address */
	kubeadm_components_config(&w, 1, true, &config);
	CHECK(strstr(config.buf, "old.example") && strstr(config.buf, rack_inventory->hosts[1].address));
	CHECK(strstr(config.buf, "InitConfiguration") && strstr(config.buf, "old.example"));
	/* with the times that it was born with: kubeadm writes one of them into the manifests */
	CHECK(strstr(config.buf, "controlPlaneComponentHealthCheck") && strstr(config.buf, "6m0s"));
	/* at birth the operator's names come to our own */
	str_clear(&told);
	struct json *born = kubeadm_cluster_config(&w);
	json_write(json_get(born, "apiServer.certSANs"), &told);
	CHECK(strstr(told.buf, "\"localhost\"") && strstr(told.buf, "\"a\""));
	json_free(born);
	str_clear(&config);
	json_free(rack_inventory->kubeadm_extra);
	rack_inventory->kubeadm_extra = json_parse(JOINED, sizeof(JOINED) - 1, NULL);
	kubeadm_components_config(&w, 1, true, &config);
	CHECK(strstr(config.buf, "9m0s") && !strstr(config.buf, "6m0s") && strstr(config.buf, "etcdAPICall"));
	CHECK(strstr(config.buf, "/etc/patches") != NULL);
	world_release(&w);
	str_release(&told);
	str_release(&config);
	wish(NULL);
	rack_down();
}

static const struct test tests[] = {
	{ "changed, and back", test_there_and_back },
	{ "names of the certificate", test_names },
	{ "a control plane that does not start with it", test_refused },
	{ "what is reported, what is carried out", test_reported },
};
TEST_MAIN(tests)
