/* Where the parts of a control plane are: the tables that C has, and the scripts' lists of the same. */
#include "base/str.h"
#include "cluster/cluster.h"
#include "cluster/place.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"
#include "tests/test.h"

#include <string.h>

static void the_scripts_list_the_same_static_pods_and_shared_files(void)
{
	struct str pods = STR_INIT, files = STR_INIT;

	for (size_t i = 0; i < STATIC_PODS; i++)
		str_addf(&pods, "%s%s:%d", i ? " " : "\nkw_statics='", static_pods[i].name, static_pods[i].port);
	str_add(&pods, "'\n");
	for (size_t i = 0; i < PKI_SHARED; i++)
		str_addf(&files, "%s%s", i ? " " : "\nkw_shared='", pki_shared[i].file);
	str_add(&files, "'\n");
	CHECK(strstr(host_script_questions, pods.buf) != NULL);
	CHECK(strstr(host_script_questions, files.buf) != NULL);
	str_release(&pods);
	str_release(&files);
}

static void a_place_is_on_its_own_host_or_at_an_address(void)
{
	struct place here = place_etcd(NULL), there = place_api("10.0.0.11");

	CHECK_STR(here.address, "127.0.0.1");
	CHECK_INT(here.port, 2379);
	CHECK(here.etcd);
	CHECK_STR(here.name, "127.0.0.1");
	CHECK_STR(there.address, "10.0.0.11");
	CHECK_STR(there.name, "10.0.0.11");
	/* no API server that kubeadm set up has its own 127.0.0.1 in its certificate */
	CHECK_STR(place_api(NULL).address, "127.0.0.1");
	CHECK_STR(place_api(NULL).name, "kubernetes");
	CHECK_INT(there.port, 6443);
	CHECK(!there.etcd);
}

static void a_static_pod_runs_where_its_manifest_is_and_its_port_is_open(void)
{
	struct cluster_host h = { .probed = true };

	cluster_set(&h, "have", "kubelet-conf etcd-manifest");
	cluster_set(&h, "listen", "22 16443 23790 6443");
	CHECK(!place_runs(&h, PLACE_ETCD_PORT));
	CHECK(!place_runs(&h, PLACE_API_PORT));
	cluster_set(&h, "have", "kubelet-conf apiserver-manifest");
	CHECK(place_runs(&h, PLACE_API_PORT));
	place_note_up(&h);
	CHECK(!place_runs(&h, PLACE_ETCD_PORT));
	cluster_set(&h, "have", "apiserver-manifest etcd-manifest");
	CHECK(place_runs(&h, PLACE_ETCD_PORT) && place_runs(&h, PLACE_API_PORT));
	CHECK(!place_runs(&h, PLACE_KUBELET_PORT));
	cluster_host_release(&h);
}

static void a_member_is_its_hosts_by_address_or_name(void)
{
	struct net_etcd_member m = { .name = "cp1", .peer_url = "https://10.0.0.11:2380" };

	CHECK(quorum_member_at(&m, "10.0.0.11"));
	CHECK(!quorum_member_at(&m, "10.0.0.1"));
	CHECK(quorum_member_of(&m, "10.0.0.99", "cp1"));
	CHECK(quorum_member_of(&m, "10.0.0.11", "other"));
	CHECK(!quorum_member_of(&m, "10.0.0.99", "cp2"));
	CHECK_INT(inventory_quorum(3), 2);
	CHECK_INT(quorum_needed(4), 3);
}

static const struct test tests[] = {
	{ "the scripts list the same static pods and shared files",
		the_scripts_list_the_same_static_pods_and_shared_files },
	{ "a place is on its own host or at an address", a_place_is_on_its_own_host_or_at_an_address },
	{ "a static pod runs where its manifest is and its port is open",
		a_static_pod_runs_where_its_manifest_is_and_its_port_is_open },
	{ "a member is its hosts by address or name", a_member_is_its_hosts_by_address_or_name },
};
TEST_MAIN(tests)
