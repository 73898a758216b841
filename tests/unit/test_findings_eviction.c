/* Little room is judged by the kubelet's own thresholds: its defaults, or what the inventory gives it. */
#include "base/error.h"
#include "cluster/cluster.h"
#include "inventory/inventory.h"
#include "tests/test.h"

static const char head[] = "cluster: c\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n%s";

/* The first finding about `filesystems`, into what; "" none. */
static void look(const char *kubelet, const char *filesystems, char *what, size_t size)
{
	struct cluster_host host = { .probed = true };
	struct findings found = { NULL, 0 };
	struct error err = { 0 };
	char text[512];
	struct inventory *inv;

	snprintf(text, sizeof(text), head, kubelet);
	inv = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	if (!CHECK(inv))
		exit(1);
	cluster_set(&host, "filesystems", filesystems);
	findings_preflight(inv, &host, NULL, 0, false, &found);
	*what = '\0';
	for (size_t i = 0; i < found.count; i++)
		if (!*what && strstr(found.list[i].what, "than ") && strstr(found.list[i].what, "fs.")) {
			snprintf(what, size, "%s: %s", found.list[i].name, found.list[i].what);
			CHECK_INT(found.list[i].level, FINDING_WARNING);
		}
	findings_release(&found);
	cluster_host_release(&host);
	inventory_free(inv);
}

static void test_thresholds(void)
{
	static const struct {
		const char *kubelet, *filesystems, *what;
	} cases[] = {
		/* 100 GiB */
		{ "", "nodefs /var/lib/kubelet 104857600 9437184 0 0",
			"disk-space: 9 % (9 of 100 GiB) are free in /var/lib/kubelet, less than nodefs.available 10%" },
		{ "", "nodefs /var/lib/kubelet 104857600 11534336 0 0", "" },
		{ "", "imagefs /var/lib/containerd 104857600 11534336 0 0",
			"disk-space: 11 % (11 of 100 GiB) are free in /var/lib/containerd, less than imagefs.available 15%" },
		{ "", "nodefs /var/lib/kubelet 104857600 94371840 1000000 40000",
			"inode-low: 4 % of the inodes are left in /var/lib/kubelet, less than nodefs.inodesFree 5%" },
		{ "kubelet: {config: {evictionHard: {nodefs.available: 20Gi}}}\n",
			"nodefs /var/lib/kubelet 104857600 19922944 0 0",
			"disk-space: 19 % (19 of 100 GiB) are free in /var/lib/kubelet, less than nodefs.available 20Gi" },
		{ "kubelet: {config: {evictionHard: {nodefs.available: 20Gi}}}\n",
			"nodefs /var/lib/kubelet 104857600 22020096 0 0", "" },
		/* what is set takes the place of all */
		{ "kubelet: {config: {evictionHard: {memory.available: 1Gi}}}\n",
			"imagefs /var/lib/containerd 104857600 1048576 0 0", "" },
		{ "", "nodefs /x nonsense", "" },
		{ "", "nodefs /x 0 0 0 0", "" },
	};
	char what[320];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		look(cases[i].kubelet, cases[i].filesystems, what, sizeof(what));
		if (!CHECK_STR(what, cases[i].what))
			printf("# case %zu\n", i);
	}
}

static const struct test tests[] = { { "thresholds", test_thresholds } };
TEST_MAIN(tests)
