/* Each finding of a living cluster's health fires on its evidence, names what is to be done, and is silent on a healthy cluster; the document lists them all. */
#include "base/file.h"
#include "tests/unit/health_rack.h"

/* One fact of one host is other than it should be. */
static void test_facts(void)
{
	static const struct {
		int line, host;
		const char *word, *value, *name, *what, *act;
	} cases[] = {
		{ __LINE__, 3, "unit.containerd", "failed", "containerd-down", "containerd.service is failed",
			"unit containerd" },
		{ __LINE__, 3, "unit.kubelet", "inactive", "kubelet-down", "kubelet.service is inactive",
			"unit kubelet" },
		{ __LINE__, 3, "unit.kubelet", "activating", "kubelet-down", "being restarted", "unit kubelet" },
		{ __LINE__, 0, "unit.keepalived", "inactive", "keepalived-down", "keepalived.service",
			"unit keepalived" },
		{ __LINE__, 3, "enabled.kubelet", "disabled", "unit-not-enabled", "runs but is disabled",
			"unit kubelet" },
		{ __LINE__, 3, "sysctl.net.ipv4.ip_forward", "0", "ip-forward-off", "ip_forward", "" },
		{ __LINE__, 3, "have", "ca-crt kubelet-config", "kubelet-conf-lost", "kubelet.conf is missing",
			"kubelet-conf" },
		{ __LINE__, 3, "kubelet_cert", "", "kubelet-conf-lost", "client certificate", "kubelet-conf" },
		{ __LINE__, 3, "kept./var/lib/kubelet/config.yaml", "absent", "kubelet-config-lost",
			"config.yaml is gone", "kept /var/lib/kubelet/config.yaml" },
		{ __LINE__, 3, "kept./var/lib/kubelet/config.yaml", "broken", "kubelet-config-lost",
			"config.yaml is unreadable", "kept /var/lib/kubelet/config.yaml" },
		{ __LINE__, 3, "kept./var/lib/kubelet/config.yaml", "changed", "kubelet-config-changed", "was changed",
			"" },
		{ __LINE__, 2, "pki./etc/kubernetes/pki/apiserver.key", "absent", "certificate-lost",
			"apiserver.key is gone", "certificates" },
		{ __LINE__, 2, "cert./etc/kubernetes/pki/etcd/peer.crt", "junk", "certificate-wrong",
			"etcd/peer.crt contains no readable certificate", "certificates" },
		{ __LINE__, 2, "cert./etc/kubernetes/admin.conf", "", "certificate-wrong",
			"admin.conf contains no readable certificate", "certificates" },
		{ __LINE__, 2, "pki./etc/kubernetes/pki/etcd/server.key", "changed", "key-mismatch",
			"etcd/server.key was changed", "certificates" },
		{ __LINE__, 2, "pki_sum.sa.key", "5678", "pki-differs",
			"sa.key is not that of the other control planes", "certificates" },
		{ __LINE__, 2, "pki./etc/kubernetes/pki/ca.key", "changed", "pki-differs",
			"ca.key is not what was placed here", "certificates" },
		{ __LINE__, 1, "kept./etc/kubernetes/manifests/etcd.yaml", "absent", "manifest-lost",
			"etcd.yaml is gone", "kept /etc/kubernetes/manifests/etcd.yaml" },
		{ __LINE__, 1, "kept./etc/kubernetes/manifests/kube-scheduler.yaml", "broken", "manifest-broken",
			"kube-scheduler.yaml is not a valid Pod manifest",
			"kept /etc/kubernetes/manifests/kube-scheduler.yaml" },
		{ __LINE__, 1, "kept./etc/kubernetes/manifests/kube-scheduler.yaml", "changed", "manifest-changed",
			"kube-scheduler.yaml was changed", "" },
		{ __LINE__, 1, "pod.kube-scheduler", "down 7", "static-pod-down",
			"kube-scheduler is not running; its container was started 7 times", "restart kubelet" },
		{ __LINE__, 1, "vip_held", "no", "vip-unheld", "no control plane holds the virtual IP 10.0.0.100",
			"vip-renew 10.0.0.100" },
		{ __LINE__, 3, "job.join", "died - x y", "half-done", "kubeadm join was interrupted", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rack_up();
		set(cases[i].host, cases[i].word, cases[i].value);
		/* the address is reported by the control plane that can take it */
		finds(cases[i].line, strcmp(cases[i].name, "vip-unheld") == 0 ? 0 : cases[i].host, cases[i].name,
			cases[i].what, cases[i].act);
		rack_down();
	}
}

static void test_healthy_is_silent(void)
{
	rack_up();
	look();
	CHECK_INT(rack.found.count, 0);
	for (size_t i = 0; i < rack.found.count; i++)
		printf("# %s: %s\n", rack.found.list[i].name, rack.found.list[i].what);
	/* nothing is known of a host that was not looked at, but that its member does not answer */
	rack.hosts[3].probed = false;
	look();
	CHECK_INT(rack.found.count, 0);
	rack_down();
}

static void test_dates(void)
{
	rack_up();
	rack.view.now_s += 70 * 86400;
	/* who warns later hears of it later */
	rack.inv->pki.warn_days = 19;
	look();
	CHECK_INT(rack.found.count, 0);
	rack.inv->pki.warn_days = 21;
	look();
	CHECK(rack.found.count > 0);
	for (size_t i = 0; i < rack.found.count; i++) {
		CHECK_STR(rack.found.list[i].name, "certificate-expiring");
		CHECK_INT(rack.found.list[i].level, FINDING_WARNING);
	}
	rack.view.now_s += 30 * 86400;
	look();
	for (size_t i = 0; i < rack.found.count; i++) {
		CHECK_STR(rack.found.list[i].name, "certificate-expired");
		CHECK(health_remediable(&rack.found.list[i]));
	}
	rack_down();
}

/* A certificate of another address is refused by all who connect. */
static void test_other_names(void)
{
	const char *theirs;

	rack_up();
	theirs = cluster_fact(&rack.hosts[1], "cert./etc/kubernetes/pki/etcd/server.crt");
	set(0, "cert./etc/kubernetes/pki/etcd/server.crt", theirs);
	finds(__LINE__, 0, "certificate-wrong", "etcd/server.crt", "certificates");
	rack_down();
}

static void test_crash_loop(void)
{
	rack_up();
	set(1, "pod.etcd", "down 12");
	set(1, "log.etcd", "starting\npanic: freepages: failed to get all reachable pages\n");
	set(1, "kept./etc/kubernetes/manifests/etcd.yaml", "changed");
	speaks(1, false);
	finds(__LINE__, 1, "static-pod-down", "etcd is not running", "kept /etc/kubernetes/manifests/etcd.yaml");
	CHECK(strstr(rack.found.list[0].why, "freepages") != NULL);
	rack_down();
}

static void test_members(void)
{
	struct net_etcd_member *extra = &rack.state.etcd.list[3];

	rack_up();
	*extra = rack.state.etcd.list[2];
	speaks(3, false);
	snprintf(extra->id, sizeof(extra->id), "999");
	rack.state.etcd.count = 4;
	finds(__LINE__, 0, "member-stale", "a second member of its host", "999");
	snprintf(extra->peer_url, sizeof(extra->peer_url), "https://10.0.0.99:2380");
	snprintf(extra->name, sizeof(extra->name), "old");
	finds(__LINE__, 0, "member-stale", "not of any control plane", "999");
	/* one that answers is somebody's */
	speaks(3, true);
	look();
	CHECK_INT(rack.found.count, 0);
	rack.state.etcd.count = 3;
	rack.state.etcd.list[2].learner = true;
	finds(__LINE__, 0, "learner-stuck", "is still a learner", "102");
	set(2, "job.join", "running - x y");
	look();
	for (size_t i = 0; i < rack.found.count; i++)
		CHECK(strcmp(rack.found.list[i].name, "learner-stuck") != 0);
	rack_down();

	rack_up();
	speaks(2, false);
	finds(__LINE__, 0, "member-down", "the etcd member cp3 (10.0.0.13) does not answer", "");
	speaks(1, false);
	look();
	CHECK_INT(rack.found.count, 3);
	CHECK_STR(rack.found.list[0].name, "quorum-lost");
	CHECK(strstr(rack.found.list[0].what, "1 of 3 voters are healthy, 2 are needed"));
	CHECK(!health_remediable(&rack.found.list[0]));
	/* of one that could not be asked nothing is said: two of three may be healthy */
	rack.state.etcd.unseen[1] = true;
	look();
	CHECK_INT(rack.found.count, 1);
	CHECK_STR(rack.found.list[0].name, "member-down");
	CHECK(strstr(rack.found.list[0].what, "cp3") != NULL);
	rack_down();

	rack_up();
	quorum_drop(&rack.state.etcd, 2);
	finds(__LINE__, 2, "member-missing", "no member of this control plane", "");
	rack_down();
}

static void test_vip_twice(void)
{
	rack_up();
	set(2, "vip_held", "yes");
	look();
	CHECK_INT(rack.found.count, 2);
	for (size_t i = 0; i < rack.found.count; i++) {
		CHECK_STR(rack.found.list[i].name, "vip-held-twice");
		CHECK_STR(rack.found.list[i].act, "vip-renew 10.0.0.100");
	}
	/* one that was not looked at may hold it */
	set(2, "vip_held", "no");
	set(1, "vip_held", "no");
	rack.hosts[2].probed = false;
	look();
	CHECK_INT(rack.found.count, 0);
	rack_down();
}

static void test_nodes(void)
{
	rack_up();
	set_nodes("w1", NULL);
	finds(__LINE__, 3, "node-missing", "no Node w1", "restart kubelet");
	set_nodes(NULL, "10.0.0.100");
	finds(__LINE__, 3, "node-address", "the Node's address is 10.0.0.100",
		"kept /var/lib/kubelet/kubeadm-flags.env");
	set_nodes(NULL, NULL);
	rack.state.nodes[3].ready = false;
	finds(__LINE__, 3, "node-not-ready", "not Ready", "");
	rack.state.nodes[3].ready = rack.state.nodes[3].unschedulable = true;
	finds(__LINE__, 3, "node-cordoned", "cordoned", "");
	rack.state.nodes[3].unschedulable = false;
	rack.hosts[1].api_ready = CLUSTER_NO;
	finds(__LINE__, 1, "api-not-ready", "is not ready", "");
	rack_down();
}

/* docs/repair.md has exactly one row for each, as the table says it. */
static void test_document(void)
{
	static const char *const by[] = { "you", "repair, apply", "repair", "repair" };
	struct str doc = STR_INIT, row = STR_INIT;
	struct error err = { 0 };
	size_t rows = 0;

	if (!CHECK_INT(file_read("docs/repair.md", 1 << 20, &doc, &err), 0))
		return;
	for (size_t i = 0; i < health_kind_count; i++) {
		const struct health_kind *k = &health_kinds[i];

		str_clear(&row);
		str_addf(&row, "\n| `%s` | %s | %s | %s |", k->name, k->level == FINDING_ERROR ? "error" : "warning",
			k->summary, by[k->remedy]);
		if (!CHECK(strstr(doc.buf, row.buf)))
			printf("#%s\n", row.buf);
	}
	for (const char *p = doc.buf; (p = strstr(p, "\n| `")) != NULL; p++)
		rows++;
	CHECK_INT(rows, health_kind_count);
	str_release(&doc);
	str_release(&row);
}

static void test_custody(void)
{
	rack_up();
	set(1, "ca_keys", "ca.key etcd/ca.key");
	look();
	CHECK_INT(rack.found.count, 0);
	rack.inv->pki.ca_keys = "operator";
	finds(__LINE__, 1, "ca-key-on-host", "ca.key etcd/ca.key", "");
	set(1, "ca_keys", "");
	set(1, "ca_keys_left", "/x/ca.key\n/y/ca.key");
	finds(__LINE__, 1, "ca-key-on-host", "a copy of the key of a CA is in /x/ca.key", "");
	set(1, "ca_keys_left", "");
	set(1, "ca_keys", "");
	rack.state.requests = 2;
	finds(__LINE__, 0, "requests-waiting", "2 CertificateSigningRequests of kubelets wait", "");
	rack_down();
}

static const struct test tests[] = {
	{ "one fact that is other than it should be", test_facts },
	{ "a healthy cluster has no findings", test_healthy_is_silent },
	{ "certificates that end", test_dates },
	{ "a certificate of another host", test_other_names },
	{ "a crash loop is explained", test_crash_loop },
	{ "etcd's members", test_members },
	{ "virtual IP at two, at none", test_vip_twice },
	{ "Nodes and API servers", test_nodes },
	{ "keys of CAs, and requests that wait", test_custody },
	{ "docs/repair.md lists them all", test_document },
};
TEST_MAIN(tests)
