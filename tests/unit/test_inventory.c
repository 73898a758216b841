/* Good inventories: what they mean, what is left out, --set, and the helpers. */
#include "tests/test.h"

#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "inventory/release.h"

static const char lab[] =
	"cluster: lab\n"
	"kubernetes:\n"
	"  version: 1.36.2\n"
	"  repository: {url: \"http://192.0.2.1:8080/core:/stable:/v1.36/deb/\", fingerprint: 0123456789abcdef0123456789ABCDEF01234567}\n"
	"containerd:\n"
	"  repository: {url: \"http://192.0.2.1:8080/docker/\", fingerprint: 0123456789ABCDEF0123456789ABCDEF01234567}\n"
	"endpoint: {vip: 192.0.2.100, interface: eth0}\n"
	"network: {pods: 10.244.0.0/16, services: 10.96.0.0/16, cni: /abs/path.yaml}\n"
	"runtime: {cgroup-driver: cgroupfs}\n"
	"kubelet: {config: {failSwapOn: false}}\n"
	"kubeproxy: {config: {mode: nftables, conntrack: {maxPerCore: 0}}}\n"
	"preflight: {ignore: [system-verification]}\n"
	"ssh: {user: ops, key: /x/id_ed25519, sudo: ask}\n"
	"hosts:\n"
	"  - {name: cp1, address: 192.0.2.11, role: control-plane, ssh: {sudo: \"env:LAB_SUDO\"}}\n"
	"  - {name: cp2, address: 192.0.2.12, role: control-plane, ssh: {sudo: none}}\n"
	"  - {name: cp3, address: 192.0.2.13, role: control-plane, ssh: {address: gw.example.com, port: 2222}}\n"
	"  - {name: w1, address: 192.0.2.21, role: worker, labels: {gpu: true, empty: \"\"}, taints: [\"gpu=true:NoSchedule\", \"a:NoExecute\"]}\n";

static const char least[] =
	"cluster: c\nkubernetes: {version: 1.36}\nhosts: [{name: cp1, address: 10.0.0.11, role: control-plane}]\n";

/* Prints complaints when there are any. */
static struct inventory *parse(const char *name, const char *text, const char *const *sets, size_t set_count)
{
	struct inventory_problems problems;
	struct str s = STR_INIT;
	struct error err = { 0 };
	struct inventory *inv = inventory_parse(name, text, strlen(text), sets, set_count, &problems, &err);

	inventory_problems_format(&problems, name, &s);
	if (!CHECK(inv != NULL && problems.count == 0))
		printf("# %s\n", s.buf);
	str_release(&s);
	if (!inv)
		exit(1);
	return inv;
}

static void test_lab(void)
{
	struct inventory *inv = parse("lab.yaml", lab, NULL, 0);

	CHECK_STR(inv->cluster, "lab");
	CHECK_STR(inv->kubernetes.version, "1.36.2");
	CHECK_STR(inv->kubernetes.repository.url, "http://192.0.2.1:8080/core:/stable:/v1.36/deb/");
	CHECK_STR(inv->kubernetes.repository.fingerprint, "0123456789ABCDEF0123456789ABCDEF01234567");
	CHECK(inv->kubernetes.repository.key_url == NULL);
	CHECK_STR(inv->endpoint.interface, "eth0");
	CHECK_STR(inventory_endpoint(inv), "192.0.2.100");
	CHECK_STR(inv->network.cni, "/abs/path.yaml");
	CHECK_STR(inv->runtime.cgroup_driver, "cgroupfs");
	CHECK(!json_get_bool(inv->kubelet_config, "failSwapOn", true));
	CHECK_INT(json_get_int(inv->kubeproxy_config, "conntrack.maxPerCore", -1), 0);
	CHECK_STR(json_get_str(inv->kubeproxy_config, "mode", NULL), "nftables");
	CHECK_INT(inv->preflight.ignore_count, 1);
	CHECK_STR(inv->preflight.ignore[0], "system-verification");
	CHECK_INT(inv->host_count, 4);
	CHECK_INT(inventory_count(inv, INVENTORY_CONTROL_PLANE), 3);
	CHECK_INT(inventory_count(inv, INVENTORY_WORKER), 1);
	CHECK(inventory_find(inv, "cp4") == NULL);
	inventory_free(inv);
}

static void test_hosts(void)
{
	struct inventory *inv = parse("lab.yaml", lab, NULL, 0);
	const struct inventory_host *cp1 = inventory_find(inv, "cp1"), *cp2 = &inv->hosts[1], *cp3 = &inv->hosts[2],
				    *w1 = &inv->hosts[3];

	CHECK(cp1 == &inv->hosts[0]);
	CHECK_INT(cp1->line, 15);
	CHECK_STR(cp1->ssh.user, "ops");
	CHECK_STR(cp1->ssh.key, "/x/id_ed25519");
	CHECK_STR(cp1->ssh.address, "192.0.2.11");
	CHECK_INT(cp1->ssh.port, 22);
	CHECK_INT(cp1->ssh.sudo.source, INVENTORY_SECRET_ENV);
	CHECK_STR(cp1->ssh.sudo.env, "LAB_SUDO");
	CHECK_INT(cp2->ssh.sudo.source, INVENTORY_SECRET_NONE);
	CHECK_STR(cp3->ssh.address, "gw.example.com");
	CHECK_INT(cp3->ssh.port, 2222);
	CHECK_INT(cp3->ssh.sudo.source, INVENTORY_SECRET_ASK);
	CHECK_STR(cp3->address, "192.0.2.13");
	CHECK_INT(w1->role, INVENTORY_WORKER);
	CHECK_INT(w1->label_count, 2);
	CHECK_STR(w1->labels[0].key, "gpu");
	CHECK_STR(w1->labels[0].value, "true");
	CHECK_STR(w1->labels[1].value, "");
	CHECK_INT(w1->taint_count, 2);
	CHECK_STR(w1->taints[0].key, "gpu");
	CHECK_STR(w1->taints[0].value, "true");
	CHECK_STR(w1->taints[0].effect, "NoSchedule");
	CHECK_STR(w1->taints[1].value, "");
	inventory_free(inv);
}

static void test_defaults(void)
{
	struct inventory *inv = parse("-", least, NULL, 0);

	CHECK_STR(inv->path, "-");
	CHECK_STR(inv->kubernetes.version, "1.36");
	CHECK_STR(inventory_endpoint(inv), "10.0.0.11");
	CHECK_INT(inv->endpoint.port, 6443);
	CHECK_STR(inv->network.pods, "10.244.0.0/16");
	CHECK_STR(inv->network.services, "10.96.0.0/12");
	CHECK_STR(inv->network.dns_domain, "cluster.local");
	CHECK_STR(inv->network.cni, "none");
	CHECK_STR(inv->runtime.cgroup_driver, "systemd");
	CHECK_STR(inv->pki.key_type, "ecdsa-p256");
	CHECK_STR(inv->pki.ca_keys, "cluster");
	CHECK(inv->pki.store == NULL && inv->kubelet_config == NULL && inv->kubernetes.image_repository == NULL);
	CHECK(inv->time.manage);
	CHECK_STR(inv->hosts[0].ssh.user, "root");
	CHECK(inv->hosts[0].ssh.agent && inv->hosts[0].ssh.key == NULL && inv->hosts[0].ssh.host_key == NULL);
	CHECK_INT(inv->hosts[0].ssh.sudo.source, INVENTORY_SECRET_NONE);
	inventory_free(inv);
}

static void test_examples(void)
{
	static const char *const names[] = { "minimal", "single", "ha", "full" };
	static const size_t hosts[] = { 2, 1, 5, 4 };

	for (size_t i = 0; i < 4; i++) {
		char path[64];
		struct inventory_problems problems;
		struct error err = { 0 };
		struct inventory *inv;

		snprintf(path, sizeof(path), "examples/%s.yaml", names[i]);
		inv = inventory_load(path, NULL, 0, &problems, &err);
		if (!CHECK(inv != NULL && problems.count == 0)) {
			printf("# %s: %s\n# %s\n", path, err.what, err.detail);
			continue;
		}
		CHECK_INT(inv->host_count, hosts[i]);
		/* what apply asks of it before it dials */
		CHECK(release_find(inv->kubernetes.version) != NULL);
		CHECK(strcmp(inv->network.cni, "none") == 0 || inv->network.cni[0] == '/' ||
			(str_starts(inv->network.cni, "https://") && inv->network.cni_sha256));
		inventory_free(inv);
	}
}

/* full.yaml shows every key: each word of the table stands in it. */
static void test_full(void)
{
	struct error err = { 0 };
	char text[16384];
	FILE *f = fopen("examples/full.yaml", "r");
	size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

	text[n] = '\0';
	if (f)
		fclose(f);
	for (size_t i = 0; i < inventory_field_count; i++) {
		const char *last = strrchr(inventory_fields[i].path, '.');
		char word[64];

		snprintf(word, sizeof(word), "%s:", last ? last + 1 : inventory_fields[i].path);
		if (inventory_fields[i].type != INVENTORY_TYPE_RESERVED && !CHECK(strstr(text, word) != NULL))
			printf("# %s\n", inventory_fields[i].path);
	}
	struct inventory *inv = inventory_load("examples/full.yaml", NULL, 0, NULL, &err);
	if (!CHECK(inv != NULL))
		return;
	CHECK_STR(inv->kubernetes.repository.fingerprint, "DE15B14486CD377B9E876E1A234654DA9A296436");
	CHECK_STR(inv->containerd.config, "oom_score = -999\n");
	CHECK_STR(json_get_str(inv->kubeadm_extra, "ClusterConfiguration.apiServer.extraArgs.0.value", NULL), "24h");
	CHECK_INT(json_get_int(inv->kubelet_config, "maxPods", 0), 200);
	CHECK_STR(inv->hosts[3].ssh.host_key, "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU");
	CHECK_INT(inv->pki.passphrase.source, INVENTORY_SECRET_ASK);
	inventory_free(inv);
}

static void test_paths(void)
{
	const char *const sets[] = { "ssh.key=~/.ssh/id", "network.cni=./cni.yaml", "pki.store=pki" };
	struct inventory *inv;

	setenv("HOME", "/home/someone", 1);
	inv = parse("/srv/site/kubewright.yaml", least, sets, 3);
	CHECK_STR(inv->hosts[0].ssh.key, "/home/someone/.ssh/id");
	CHECK_STR(inv->network.cni, "/srv/site/cni.yaml");
	CHECK_STR(inv->pki.store, "/srv/site/pki");
	inventory_free(inv);
	inv = parse("kubewright.yaml", least, sets, 3);
	CHECK(inv->network.cni[0] == '/');
	inventory_free(inv);
}

static void test_set(void)
{
	const char *const sets[] = { "kubernetes.version=1.34", "kubernetes.version=1.35",
		"hosts.cp1.address=10.0.0.12", "kubelet.config.maxPods=200", "kubelet.config.evictionHard.pid=\"7\"",
		"kubeproxy.config={mode: nftables}", "preflight.ignore=swap,cpu-count",
		"hosts.cp1.labels.example.com/gpu=h200", "hosts.cp1.taints=[a=b:NoExecute]", "hosts.cp1.ssh.sudo=env:A",
		"ssh.user=ops", "network.cni.url=https://example.com/c.yaml",
		"network.cni.sha256=ABababababababababababababababababababababababababababababababab" };
	struct inventory *inv = parse("-", least, sets, sizeof(sets) / sizeof(sets[0]));
	const struct inventory_host *h = inv->hosts;

	CHECK_STR(inv->kubernetes.version, "1.35");
	CHECK_STR(h->address, "10.0.0.12");
	CHECK_STR(h->ssh.address, "10.0.0.12");
	CHECK_INT(json_get_int(inv->kubelet_config, "maxPods", 0), 200);
	CHECK_STR(json_get_str(inv->kubelet_config, "evictionHard.pid", NULL), "7");
	CHECK_STR(json_get_str(inv->kubeproxy_config, "mode", NULL), "nftables");
	CHECK_INT(inv->preflight.ignore_count, 2);
	CHECK_STR(inv->preflight.ignore[1], "cpu-count");
	CHECK_INT(h->label_count, 1);
	CHECK_STR(h->labels[0].key, "example.com/gpu");
	CHECK_INT(h->taint_count, 1);
	CHECK_STR(h->ssh.sudo.env, "A");
	CHECK_STR(h->ssh.user, "ops");
	CHECK_STR(inv->network.cni, "https://example.com/c.yaml");
	CHECK_STR(inv->network.cni_sha256, "abababababababababababababababababababababababababababababababab");
	inventory_free(inv);
}

static const char dotted[] =
	"cluster: c\nkubernetes: {version: 1.36}\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: cp1.example.com, address: 10.0.0.12, role: worker, labels: {node-role.kubernetes.io/storage: ''}}\n";

/* Kubernetes takes DNS names; of two that fit a path the longer one is meant. */
static void test_dotted_names(void)
{
	const char *const sets[] = { "hosts.cp1.example.com.ssh.port=2201", "hosts.cp1.ssh.port=2200",
		"hosts.cp1.example.com.labels.a.b/c=d" };
	struct inventory *inv = parse("-", dotted, sets, 3);

	CHECK_INT(inv->hosts[0].ssh.port, 2200);
	CHECK_STR(inv->hosts[1].name, "cp1.example.com");
	CHECK_INT(inv->hosts[1].ssh.port, 2201);
	CHECK_INT(inv->hosts[1].label_count, 2);
	inventory_free(inv);
}

static void test_set_refused(void)
{
	static const struct {
		const char *set, *want;
	} all[] = {
		{ "hunter2", "-: error: --set needs KEY=VALUE, such as kubernetes.version=1.36.2\n" },
		{ "=hunter2", "-: error: --set needs KEY=VALUE, such as kubernetes.version=1.36.2\n" },
		{ "ssh.password=hunter2",
			"-: error: --set ssh.password: 'password' must be ask, none or env:NAME; the secret itself does not "
			"belong in this file\n" },
		{ "ssh.pasword=hunter2", "-: error: --set ssh.pasword: unknown key; did you mean 'ssh.password'?\n" },
		{ "ssh=hunter2", "-: error: --set ssh: this is a section: name one of its keys\n" },
		{ "hosts=a", "-: error: --set hosts: this is a section: name one of its keys\n" },
		{ "hosts.cp2.address=10.0.0.1",
			"-: error: --set hosts.cp2.address: no such host; did you mean 'cp1'?\n" },
		{ "kubelet.config={a: [1}",
			"-: error: --set kubelet.config: the '[' opened here is not closed by ']', or a ',' is missing "
			"between two values\n" },
		{ "kubelet.config.runOnce=no",
			"-: error: --set kubelet.config.runOnce: 'no' is true or false for some YAML readers and text for others: write true "
			"or false, or put it in quotes\n" },
		{ "time.manage=yes",
			"-: error: --set time.manage: 'yes' is neither true nor false; did you mean 'true'?\n" },
		{ "network.services=10.0.0.0/16",
			"-:3:30: error: the address 10.0.0.11 lies in network.services 10.0.0.0/16\n"
			"    3 | hosts: [{name: cp1, address: 10.0.0.11, role: control-plane}]\n"
			"      |                              ^\n" },
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct inventory_problems problems;
		struct str s = STR_INIT;
		struct error err = { 0 };
		struct inventory *inv = inventory_parse("-", least, strlen(least), &all[i].set, 1, &problems, &err);

		inventory_problems_format(&problems, "-", &s);
		CHECK(inv == NULL);
		CHECK_STR(s.buf, all[i].want);
		CHECK_INT(err.kind, ERROR_INVENTORY);
		CHECK_STR(err.what, "'-' has 1 error");
		CHECK_STR(err.detail, all[i].want);
		inventory_free(inv);
		str_release(&s);
	}
}

static void test_warning(void)
{
	static const char text[] = "cluster: c\nkubernetes: {version: 1.36}\nendpoint: {interface: eth0}\n"
				   "hosts: [{name: cp1, address: 10.0.0.11, role: control-plane}]\n";
	struct inventory_problems problems;
	struct error err = { 0 };
	struct inventory *inv = inventory_parse("-", text, strlen(text), NULL, 0, &problems, &err);

	CHECK(inv != NULL);
	CHECK_INT(problems.count, 1);
	CHECK(problems.list[0].warning);
	CHECK_INT(err.kind, ERROR_NONE);
	inventory_free(inv);
}

/* A living cluster may have an even number for a while; whether it is one, only its hosts show. */
static void test_even(void)
{
	static const char text[] = "cluster: c\nkubernetes: {version: 1.36}\nendpoint: {vip: 10.0.0.100}\nhosts:\n"
				   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
				   "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
				   "  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
				   "  - {name: cp4, address: 10.0.0.14, role: control-plane}\n";
	static const struct {
		size_t hosts;
		const char *says;
	} sums[] = {
		{ 1, NULL },
		{ 2, "2 control planes: etcd needs 2 of 2 (its quorum), so 0 may fail, no better than with 1; use 1 or 3" },
		{ 3, NULL },
		{ 4, "4 control planes: etcd needs 3 of 4 (its quorum), so 1 may fail, no better than with 3; use 3 or 5" },
	};

	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++) {
		struct inventory_problems problems;
		struct error err = { 0 };
		const char *end = text;
		char why[200] = "";

		for (size_t line = 0; line < 4 + sums[i].hosts; line++)
			end = strchr(end, '\n') + 1;
		struct inventory *inv = inventory_parse("-", text, (size_t)(end - text), NULL, 0, &problems, &err);
		if (!CHECK(inv != NULL))
			continue;
		CHECK_INT(inventory_even(inv, why, sizeof(why)), sums[i].says != NULL);
		CHECK_STR(why, sums[i].says ? sums[i].says : "");
		CHECK_INT(problems.count, sums[i].says != NULL);
		if (problems.count) {
			CHECK(problems.list[0].warning);
			CHECK_INT(problems.list[0].line, 4);
			CHECK_STR(problems.list[0].text, why);
			CHECK(strstr(problems.list[0].excerpt, "hosts:"));
		}
		inventory_free(inv);
	}
}

static void test_missing_file(void)
{
	struct inventory_problems problems = { .count = 7 };
	struct error err = { 0 };

	CHECK(inventory_load("tests/unit/inventory/no-such-file", NULL, 0, &problems, &err) == NULL);
	CHECK_INT(err.kind, ERROR_INVENTORY);
	CHECK(strstr(err.hint, "kubewright init") != NULL);
	CHECK_INT(problems.count, 0);
	CHECK(inventory_load("tests/unit/inventory", NULL, 0, NULL, NULL) == NULL);
}

/* A file of many complaints: the detail of the error holds the first of them, whole. */
static void test_detail(void)
{
	struct error err = { 0 };

	CHECK(inventory_load("tests/unit/inventory/limit-flood.yaml", NULL, 0, NULL, &err) == NULL);
	CHECK_STR(err.what, "'tests/unit/inventory/limit-flood.yaml' has 30 errors");
	CHECK(str_starts(err.detail, "tests/unit/inventory/limit-flood.yaml:3:1: error: unknown key 'bad0'\n"));
	CHECK(strstr(err.detail, "\nand 2") != NULL);
}

static void test_limits(void)
{
	struct inventory_problems p;
	struct str s = STR_INIT;

	str_add(&s, "cluster: ");
	for (int i = 0; i < 66000; i++)
		str_addc(&s, 'a');
	CHECK(inventory_parse("-", s.buf, s.len, NULL, 0, &p, NULL) == NULL);
	CHECK_STR(p.list[0].text, "this text is longer than 64 KiB");
	str_clear(&s);
	str_add(&s, "a: [");
	for (int i = 0; i < 100001; i++)
		str_add(&s, "b,");
	CHECK(inventory_parse("-", s.buf, s.len, NULL, 0, &p, NULL) == NULL);
	CHECK_STR(p.list[0].text, "the file has more than 100000 values");
	while (s.len <= 1 << 20)
		str_add(&s, "# more and more of the same\n");
	CHECK(inventory_parse("-", s.buf, s.len, NULL, 0, &p, NULL) == NULL);
	CHECK_STR(p.list[0].text, "the file is larger than 1 MiB");
	str_release(&s);
}

static void test_core_types(void)
{
	const char *const sets[] = {
		"kubeadm.extra.ClusterConfiguration={a: 0x1f, b: 0o17, c: -3, d: 1.5, e: '7', f: null, g: True, h: 12h, i: 1_000, j: [1, x]}"
	};
	struct inventory *inv = parse("-", least, sets, 1);
	struct str s = STR_INIT;

	json_write(json_get(inv->kubeadm_extra, "ClusterConfiguration"), &s);
	CHECK_STR(s.buf,
		"{\"a\":31,\"b\":15,\"c\":-3,\"d\":1.5,\"e\":\"7\",\"f\":null,\"g\":true,\"h\":\"12h\",\"i\":\"1_000\",\"j\":[1,\"x\"]}");
	str_release(&s);
	inventory_free(inv);
}

static void test_cidr(void)
{
	char out[16];

	CHECK(inventory_cidr_contains("10.96.0.0/12", "10.111.255.255"));
	CHECK(!inventory_cidr_contains("10.96.0.0/12", "10.112.0.0"));
	CHECK(!inventory_cidr_contains("10.96.0.0/12", "ten"));
	CHECK(inventory_cidr_contains("0.0.0.0/0", "1.2.3.4"));
	CHECK(inventory_cidr_overlap("10.0.0.0/8", "10.96.0.0/12"));
	CHECK(inventory_cidr_overlap("10.96.0.0/12", "10.0.0.0/8"));
	CHECK(!inventory_cidr_overlap("10.96.0.0/12", "10.244.0.0/16"));
	CHECK_INT(inventory_cidr_nth("10.96.0.0/12", 1, out), 0);
	CHECK_STR(out, "10.96.0.1");
	CHECK_INT(inventory_cidr_nth("10.96.0.0/12", 10, out), 0);
	CHECK_STR(out, "10.96.0.10");
	CHECK_INT(inventory_cidr_nth("10.96.0.0/30", 3, out), 0);
	CHECK_INT(inventory_cidr_nth("10.96.0.0/30", 4, out), -1);
	CHECK_INT(inventory_cidr_nth("10.96.0.0", 1, out), -1);
	CHECK_INT(inventory_cidr_nth("10.96.0.0/33", 1, out), -1);
}

/* A repository with a folder for each minor version is that of the version, so an upgrade finds it. */
static void test_repository_follows(void)
{
	static const struct {
		const char *version, *url;
	} rows[] = {
		{ "kubernetes.version=1.35", "http://192.0.2.1:8080/core:/stable:/v1.35/deb/" },
		{ "kubernetes.version=1.34.9", "http://192.0.2.1:8080/core:/stable:/v1.34/deb/" },
		{ "kubernetes.repository.url=http://m/k8s/v1.34", "http://m/k8s/v1.36" },
		{ "kubernetes.repository.url=http://m/v1.34.2/deb/", "http://m/v1.34.2/deb/" },
		{ "kubernetes.repository.url=http://m/xv1.34/deb/", "http://m/xv1.34/deb/" },
		{ "kubernetes.repository.url=http://m/v1./v1.3/", "http://m/v1./v1.36/" },
		{ "kubernetes.repository.url=http://m/kubernetes/", "http://m/kubernetes/" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct inventory *inv = parse("lab.yaml", lab, &rows[i].version, 1);

		CHECK_STR(inv->kubernetes.repository.url, rows[i].url);
		inventory_free(inv);
	}
}

static const struct test tests[] = {
	{ "lab", test_lab },
	{ "a repository follows the version", test_repository_follows },
	{ "hosts", test_hosts },
	{ "defaults", test_defaults },
	{ "examples", test_examples },
	{ "full", test_full },
	{ "paths", test_paths },
	{ "set", test_set },
	{ "names with dots", test_dotted_names },
	{ "set refused", test_set_refused },
	{ "warning", test_warning },
	{ "an even number of control planes", test_even },
	{ "missing file", test_missing_file },
	{ "detail", test_detail },
	{ "limits", test_limits },
	{ "core types", test_core_types },
	{ "cidr", test_cidr },
};
TEST_MAIN(tests)
