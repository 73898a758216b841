/* Findings about how a host is set up: each fires when it should, with the words that lead to the remedy, and is silent when it should be. */
#include "base/error.h"
#include "cluster/cluster.h"
#include "inventory/inventory.h"
#include "tests/test.h"

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n";

#define E FINDING_ERROR
#define W FINDING_WARNING
#define SILENT (-1)

static const struct {
	const char *name;
	int level;
	bool installed;
	const char *facts[4]; /* pairs */
	const char *text;     /* somewhere in what, why or remedy */
} cases[] = {
	{ "disk-space", W, false, { "disk_containerd_kb", "9000000", "containerd_root", "/data/images" },
		"/data/images" },
	{ "time-service-missing", W, false, { "time_sync", "no" }, "time: {manage: false}" },
	{ "time-service-missing", SILENT, false, { "time_sync", "no", "time_keeper", "openntpd.service" }, NULL },
	{ "time-service-missing", SILENT, false, { "time_sync", "yes" }, NULL },
	{ "time-service-missing", W, false, { "time_sync", "no", "time_daemon", "openntpd" }, "openntpd is installed" },
	{ "sysctl-overridden", W, false, { "sysctl_boot.net.ipv4.ip_forward", "0 /etc/sysctl.d/99-sysctl.conf:7" },
		"none needed" },
	{ "sysctl-overridden", W, true,
		{ "sysctl_boot.net.bridge.bridge-nf-call-iptables", "0 /etc/sysctl.d/zzz.conf:7" },
		"remove that line" },
	{ "sysctl-overridden", W, false, { "sysctl_boot.net.ipv4.ip_forward", "0 /etc/ufw/sysctl.conf:7" },
		"remove that line" },
	{ "sysctl-overridden", SILENT, false,
		{ "sysctl_boot.net.ipv4.ip_forward", "1 /etc/sysctl.d/zz-kubewright.conf:2" }, NULL },
	/* half an answer */
	{ "sysctl-overridden", SILENT, false, { "sysctl_boot.net.ipv4.ip_forward", "0" }, NULL },
	{ "resolv-conf-broken", E, false, { "resolv_conf", "/etc/resolv.conf a link to /run/x, which cannot be read" },
		"/etc/resolv.conf is a link to /run/x" },
	{ "resolv-conf-broken", E, true, { "resolv_conf", "/etc/resolv.conf absent" }, "no pod starts" },
	{ "resolv-conf-broken", SILENT, false, { "resolv_conf", "/etc/resolv.conf ok" }, NULL },
	{ "resolv-conf-broken", SILENT, false, { "resolv_conf", "/etc/resolv.conf" }, NULL },
	{ "dns-loop", W, false, { "nameservers", "10.0.0.1 127.0.0.53" }, "127.0.0.53" },
	{ "dns-loop", W, false, { "nameservers", "10.96.0.10" }, "kubelet.config.resolvConf" },
	{ "dns-loop", W, false, { "nameservers", "::1" }, "::1" },
	{ "dns-loop", SILENT, false, { "nameservers", "10.0.0.1 fe80::1" }, NULL },
	{ "program-shadowed", W, true, { "shadowed", "/usr/local/bin/kubelet" }, "before /usr/bin/kubelet" },
	{ "path-writable", E, false, { "writable_dirs", "/etc/containerd mode 777, owner 0:0" },
		"chmod go-w /etc/containerd" },
	{ "path-writable", W, true, { "writable_dirs", "/etc/containerd mode 777, owner 0:0" }, "mode 777" },
	{ "name-unresolved", W, false, { "resolve", "127.0.1.1 10.0.0.11", "resolve_by", "/etc/hosts, line 2" },
		"(by /etc/hosts, line 2)" },
	{ "name-unresolved", W, false,
		{ "resolve", "10.9.9.9", "resolve_by", "'hosts: dns files' of /etc/nsswitch.conf" }, "'files' before" },
};

static void test_all(void)
{
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cluster_host h = { .probed = true };
		struct findings out = { 0 };
		const struct finding *f = NULL;

		cluster_set(&h, "resolve", "10.0.0.11");
		for (size_t w = 0; w < 4 && cases[i].facts[w]; w += 2)
			cluster_set(&h, cases[i].facts[w], cases[i].facts[w + 1]);
		findings_preflight(inv, &h, NULL, 0, !cases[i].installed, &out);
		for (size_t n = 0; !f && n < out.count; n++)
			f = strcmp(out.list[n].name, cases[i].name) == 0 ? &out.list[n] : NULL;
		if (!CHECK_INT(f ? (int)f->level : SILENT, cases[i].level) ||
			(f && cases[i].text &&
				!CHECK(strstr(f->what, cases[i].text) || strstr(f->why, cases[i].text) ||
					strstr(f->remedy, cases[i].text))))
			printf("# case %zu: %s: %s | %s | %s\n", i, cases[i].name, f ? f->what : "silent",
				f ? f->why : "", f ? f->remedy : "");
		findings_release(&out);
		cluster_host_release(&h);
	}
	inventory_free(inv);
}

static const struct test tests[] = {
	{ "each fires and is silent as it should", test_all },
};
TEST_MAIN(tests)
