/* The cluster's endpoint changes: the new address is there before anybody goes by it, the earlier one goes last; cut anywhere, it continues. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

static struct error errors[LAB_MACHINES];

#define LIVING \
	"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.36.2\n" \
	"controlPlaneEndpoint: 10.0.0.100:6443\napiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100]}\n"

/* apply, with this virtual IP. */
static void apply(struct lab *l, const char *vip)
{
	rack_inventory->endpoint.vip = vip;
	rack_apply(l, errors);
}

/* How often each host was moved, what kubeadm-config says, and which addresses the first control plane's keepalived has. */
static void looks(const struct lab *l, const char *want)
{
	const char *living = l->given[SETTINGS_CONTROL_PLANE].text;
	struct json *map = inventory_yaml(living, strlen(living), NULL);
	struct str now = STR_INIT;

	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", l->machines[i].moves);
	str_addf(&now, " %s", json_get_str(map, "controlPlaneEndpoint", "none"));
	for (int i = 100; i < 102; i++) {
		char vip[24];

		snprintf(vip, sizeof(vip), "10.0.0.%d/32", i);
		str_add(&now, strstr(l->machines[0].vrrp, vip) ? i == 100 ? " 100" : " 101" : "");
	}
	if (!CHECK_STR(now.buf, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
	str_release(&now);
	json_free(map);
}

static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text, LIVING);
	apply(l, "10.0.0.100");
	looks(l, "00000 10.0.0.100:6443 100");
}

static void test_there_and_back(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	apply(&l, "10.0.0.101");
	looks(&l, "11111 10.0.0.101:6443 101");
	for (int i = 0; i < LAB_MACHINES; i++)
		CHECK_INT(errors[i].kind, ERROR_NONE);
	apply(&l, "10.0.0.101");
	looks(&l, "11111 10.0.0.101:6443 101");
	apply(&l, "10.0.0.100");
	looks(&l, "22222 10.0.0.100:6443 100");
	rack_down();
}

/* Times that the control planes got another certificate. */
static void certificates(const struct lab *l, const char *want)
{
	struct str now = STR_INIT;

	for (int i = 0; i < 3; i++)
		str_addf(&now, "%u", l->machines[i].changes);
	CHECK_STR(now.buf, want);
	str_release(&now);
}

/* Each control plane has the name of each endpoint before anybody goes by it; one that all of them have already costs nothing. */
static void test_certificates(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	certificates(&l, "000");
	apply(&l, "10.0.0.101");
	certificates(&l, "111");
	apply(&l, "10.0.0.102");
	certificates(&l, "222");
	apply(&l, "10.0.0.102");
	apply(&l, "10.0.0.101");
	certificates(&l, "222");
	looks(&l, "33333 10.0.0.101:6443 101");
	rack_down();
}

/* A worker that is away keeps the earlier address alive; a control plane that is away keeps everybody from moving. */
static void test_away(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	l.off = 1u << 4;
	apply(&l, "10.0.0.101");
	looks(&l, "11110 10.0.0.100:6443 100 101");
	l.off = 0;
	apply(&l, "10.0.0.101");
	looks(&l, "11111 10.0.0.101:6443 101");
	l.off = 1u << 2;
	apply(&l, "10.0.0.100");
	looks(&l, "11111 10.0.0.101:6443 100 101");
	CHECK_INT(errors[0].code, REFUSAL_SETTINGS);
	l.off = 0;
	apply(&l, "10.0.0.100");
	looks(&l, "22222 10.0.0.100:6443 100");
	/* one that was not there when all others moved, and that nobody has waited for */
	strcpy(l.machines[3].endpoint, "10.0.0.200:6443");
	apply(&l, "10.0.0.100");
	looks(&l, "22232 10.0.0.100:6443 100");
	rack_down();
}

#define PROXY_CONFIG(vip) "clusters: [{name: default, cluster: {server: 'https://" vip ":6443'}}]\n"

/* Pods of kube-proxy that each host had, and the server that their ConfigMap has. */
static void proxies(const struct lab *l, const char *want)
{
	struct json *config = inventory_yaml(l->proxy_kubeconfig, strlen(l->proxy_kubeconfig), NULL);
	struct str now = STR_INIT;

	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", l->machines[i].proxies);
	str_addf(&now, " %s", json_get_str(json_at(json_get(config, "clusters"), 0), "cluster.server", "none"));
	CHECK_STR(now.buf, want);
	str_release(&now);
	json_free(config);
}

/* kube-proxy asks the new address everywhere before the earlier one goes; one that does not start keeps it. */
static void test_proxies(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	strcpy(l.proxy_kubeconfig, PROXY_CONFIG("10.0.0.100"));
	strcpy(l.given[SETTINGS_KUBEPROXY].text, "mode: nonsense\n");
	apply(&l, "10.0.0.101");
	looks(&l, "11111 10.0.0.100:6443 100 101");
	proxies(&l, "10000 https://10.0.0.101:6443");
	CHECK(strstr(errors[0].what, "kube-proxy on cp1 does not start with the changed settings: ") != NULL);
	CHECK(strstr(errors[0].hint, "kubewright logs cp1") != NULL);
	strcpy(l.given[SETTINGS_KUBEPROXY].text, "mode: iptables\n");
	l.machines[0].crashes = 0;
	apply(&l, "10.0.0.101");
	looks(&l, "11111 10.0.0.101:6443 101");
	proxies(&l, "11111 https://10.0.0.101:6443");
	/* its ConfigMap is still there, and no Pod */
	l.no_proxy = true;
	apply(&l, "10.0.0.100");
	looks(&l, "22222 10.0.0.100:6443 100");
	proxies(&l, "11111 https://10.0.0.100:6443");
	rack_down();
}

/* An endpoint that is passed through to kubeadm is nobody's to move. */
static void test_passed_through(void)
{
	static const char extra[] = "{\"ClusterConfiguration\":{\"controlPlaneEndpoint\":\"10.0.0.101\"}}";
	struct lab l;

	rack_up();
	rack_cluster(&l);
	l.applied = true;
	strcpy(l.given[SETTINGS_CONTROL_PLANE].text,
		"apiVersion: kubeadm.k8s.io/v1beta4\ncontrolPlaneEndpoint: 10.0.0.101:6443\n"
		"apiServer: {certSANs: [127.0.0.1, localhost, 10.0.0.100, 10.0.0.101]}\n");
	for (int i = 0; i < LAB_MACHINES; i++)
		strcpy(l.machines[i].endpoint, "10.0.0.101:6443");
	rack_inventory->kubeadm_extra = json_parse(extra, sizeof(extra) - 1, NULL);
	apply(&l, "10.0.0.100");
	looks(&l, "00000 10.0.0.101:6443 100");
	rack_down();
}

static const struct test tests[] = {
	{ "passed through", test_passed_through },
	{ "moved, and back", test_there_and_back },
	{ "certificates for each endpoint", test_certificates },
	{ "hosts that are away", test_away },
	{ "kube-proxy", test_proxies },
};
TEST_MAIN(tests)
