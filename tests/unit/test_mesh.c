/* Who asks whom, what is needed, what hosts may say, and what comes of it. */
#include "tests/test.h"

#include "base/alloc.h"
#include "base/error.h"
#include "remote/remote.h"
#include "tests/unit/mesh_site.h"

static const char text[] = "cluster: rack7\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\n"
			   "endpoint: {vip: 10.0.0.100}\npreflight: {ignore: [mesh-fsync]}\nhosts:\n"
			   "  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
			   "  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
			   "  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
			   "  - {name: w1, address: 10.0.0.21, role: worker}\n";
enum { CP1, CP2, CP3, W1, HOSTS };

static struct inventory *inventory;
static struct mesh_plan plan;
static struct mesh_host hosts[HOSTS];
static struct str said[HOSTS];
static const char *firewall;
static struct mesh_view view;
static struct findings found;

static void begin(enum mesh_network network)
{
	struct error err = { 0 };

	inventory = inventory_parse("-", text, strlen(text), NULL, 0, NULL, &err);
	mesh_plan_make(&plan, inventory, NULL, network, "r1");
	for (size_t i = 0; i < HOSTS; i++) {
		str_init(&said[i]);
		mesh_site(&plan, i, &said[i]);
	}
	firewall = "none";
}

static int take(size_t host, struct error *err)
{
	struct remote_answer a = { 0 };
	int rc;

	remote_answer_set(&a, "mesh", said[host].buf);
	remote_answer_set(&a, "iface", "eth0");
	remote_answer_set(&a, "mtu", "1500");
	remote_answer_set(&a, "firewall", firewall);
	rc = mesh_host_take(&hosts[host], &plan, host, &a, err);
	hosts[host].end_ms = 100000;
	remote_answer_release(&a);
	return rc;
}

/* All of them, and what comes of it; a host without a text was not reached. */
static void look(void)
{
	struct error err = { 0 };

	view = (struct mesh_view){ &plan, hosts };
	for (size_t i = 0; i < HOSTS; i++)
		if (said[i].len && !CHECK_INT(take(i, &err), 0))
			printf("# %s\n", err.what);
	findings_mesh(&view, &found);
}

static void end(void)
{
	for (size_t i = 0; i < HOSTS; i++) {
		mesh_host_release(&hosts[i]);
		str_release(&said[i]);
	}
	findings_release(&found);
	mesh_plan_release(&plan);
	inventory_free(inventory);
}

static const struct finding *only(int host, const char *name, enum finding_level level, const char *what)
{
	for (size_t i = 0; i < found.count && found.count != 1; i++)
		printf("# %d %s: %s\n", found.list[i].host, found.list[i].name, found.list[i].what);
	if (!CHECK_INT(found.count, 1))
		exit(1);
	CHECK_INT(found.list[0].host, host);
	CHECK_STR(found.list[0].name, name);
	CHECK_INT(found.list[0].level, level);
	CHECK_STR(found.list[0].what, what);
	CHECK(*found.list[0].why && *found.list[0].remedy);
	return &found.list[0];
}

static void remedy_has(const struct finding *f, const char *part)
{
	if (!CHECK(strstr(f->remedy, part) != NULL))
		printf("# no %s in: %s\n", part, f->remedy);
}

/* ---- plans ------------------------------------------------------------------------------------------------------------- */

static struct inventory *many(size_t control_planes, size_t count)
{
	struct str yaml = STR_INIT;
	struct error err = { 0 };
	struct inventory *inv;

	str_add(&yaml,
		"cluster: c\nkubernetes: {version: 1.36.2}\nnetwork: {cni: none}\nendpoint: {vip: 10.1.0.250}\nhosts:\n");
	for (size_t i = 0; i < count; i++)
		str_addf(&yaml, "  - {name: h%zu, address: 10.1.%zu.%zu, role: %s}\n", i, i / 200 + 1, i % 200 + 1,
			i < control_planes ? "control-plane" : "worker");
	inv = inventory_parse("-", yaml.buf, yaml.len, NULL, 0, NULL, &err);
	if (!CHECK(inv != NULL))
		printf("# %s %s\n", err.what, err.detail);
	str_release(&yaml);
	return inv;
}

static void test_plans(void)
{
	struct inventory *inv = many(3, 200);
	struct mesh_plan p, q, r;
	size_t most = 0, least = 200;

	mesh_plan_make(&p, inv, NULL, MESH_FLANNEL_VXLAN, "r1");
	mesh_plan_make(&q, inv, NULL, MESH_FLANNEL_VXLAN, "r1");
	mesh_plan_make(&r, inv, NULL, MESH_FLANNEL_VXLAN, "r2");
	CHECK(!p.whole && p.asked < 200 * 16);
	CHECK(memcmp(p.pairs, q.pairs, 200 * 200) == 0 && memcmp(p.pairs, r.pairs, 200 * 200) != 0);
	for (size_t i = 0; i < 200; i++) {
		size_t n = 0;

		CHECK(!mesh_plan_pair(&p, i, i) && mesh_plan_pair(&p, i, (i + 1) % 200));
		for (size_t j = 0; j < 200; j++) {
			CHECK_INT(mesh_plan_pair(&p, i, j), mesh_plan_pair(&p, j, i));
			CHECK(i == j || j >= 3 || mesh_plan_pair(&p, i, j));
			n += mesh_plan_pair(&p, i, j);
		}
		if (i >= 3 && n > most)
			most = n;
		if (n < least)
			least = n;
	}
	CHECK(least >= 5 && most < 30);
	mesh_plan_release(&p);
	mesh_plan_release(&q);
	mesh_plan_release(&r);
	inventory_free(inv);
}

/* Hosts that are left out ask nobody; up to 16 each asks each. */
static void test_plan_of_some(void)
{
	struct inventory *inv = many(3, 17);
	bool chosen[17];
	struct mesh_plan p;

	memset(chosen, true, sizeof(chosen));
	chosen[4] = false;
	mesh_plan_make(&p, inv, chosen, MESH_NETWORK_UNKNOWN, NULL);
	CHECK(p.whole && p.asked == 16 * 15);
	CHECK(!mesh_plan_pair(&p, 4, 5) && !mesh_plan_pair(&p, 5, 4) && mesh_plan_pair(&p, 16, 5));
	mesh_plan_release(&p);
	memset(chosen, false, sizeof(chosen));
	mesh_plan_make(&p, inv, chosen, MESH_NETWORK_UNKNOWN, NULL);
	CHECK_INT(p.asked, 0);
	mesh_plan_release(&p);
	inventory_free(inv);
}

static void test_plan_text(void)
{
	struct str out = STR_INIT;

	begin(MESH_CALICO_BGP);
	mesh_plan_text(&plan, W1, "t", "m", &out);
	CHECK_STR(out.buf,
		"self 3 10.0.0.21\ntoken t\nmark m\ntimes 8000 12000\nlisten tcp 10250\nlisten tcp 179\n"
		"listen udp 10250 always\npeer 0 10.0.0.11 tcp:6443 tcp:179 udp:10250\n"
		"peer 1 10.0.0.12 tcp:6443 tcp:179 udp:10250\npeer 2 10.0.0.13 tcp:6443 tcp:179 udp:10250\n");
	str_clear(&out);
	mesh_plan_text(&plan, CP1, "t", "m", &out);
	CHECK(strstr(out.buf, "peer 1 10.0.0.12 tcp:6443 tcp:2379 tcp:2380 tcp:10250 tcp:179 udp:10250\n") != NULL);
	CHECK(strstr(out.buf, "peer 3 10.0.0.21 tcp:10250 tcp:179 udp:10250\nsegment 1 10.0.0.12\n"
			      "segment 2 10.0.0.13\nfsync\n") != NULL);
	str_release(&out);
	end();
}

static void test_networks(void)
{
	static const struct {
		const char *manifest;
		enum mesh_network is;
	} table[] = {
		{ NULL, MESH_NETWORK_UNKNOWN },
		{ "", MESH_NETWORK_UNKNOWN },
		{ "kind: DaemonSet\nname: antrea-agent\n", MESH_NETWORK_UNKNOWN },
		{ "  name: kube-flannel-cfg\n  \"Backend\": {\n \"Type\": \"vxlan\"\n", MESH_FLANNEL_VXLAN },
		{ "  name: kube-flannel-cfg\n  \"type\": \"flannel\" \"Backend\": {\"Type\":\"host-gw\"",
			MESH_FLANNEL_ROUTES },
		{ "name: kube-flannel\n\"Backend\": {\"Type\": \"wireguard\"}", MESH_FLANNEL_WIREGUARD },
		{ "name: kube-flannel\n\"Backend\": {\"Type\": \"udp\"}", MESH_NETWORK_UNKNOWN },
		{ "name: kube-flannel\n", MESH_NETWORK_UNKNOWN },
		{ "name: calico-config\n  calico_backend: \"bird\"\n", MESH_CALICO_BGP },
		{ "name: calico-config\n  calico_backend: 'vxlan'\n", MESH_CALICO_VXLAN },
		{ "name: calico-config\n  calico_backend:", MESH_NETWORK_UNKNOWN },
		{ "name: cilium-config\n  tunnel-protocol: geneve\n", MESH_CILIUM_GENEVE },
		{ "name: cilium-config\n  routing-mode: \"native\"\n  tunnel-protocol: vxlan\n", MESH_CILIUM_ROUTES },
		{ "name: cilium-config\n", MESH_CILIUM_VXLAN },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (!CHECK_INT(mesh_network(table[i].manifest), table[i].is))
			printf("# %s\n", table[i].manifest);
}

/* ---- what a host may say ----------------------------------------------------------------------------------------------- */

static void test_hostile(void)
{
	static const struct {
		const char *instead; /* of "udp 0 8472 open" */
		bool taken;
	} table[] = {
		{ "udp 0 8472 silent", true },
		{ "udp 3 8472 open", false },
		{ "udp 4 8472 open", false },
		{ "udp -1 8472 open", false },
		{ "udp 0 0 open", false },
		{ "udp 0 65536 open", false },
		{ "udp 0 8472 perhaps", false },
		{ "udp 0 8472 open more", false },
		{ "udp 0 8472", false },
		{ "udp 99999999999999999999 8472 open", false },
		{ "from 3 8472", false },
		{ "listen sctp 8472 own", false },
		{ "listen udp 8472 \x1b[2J", false },
		{ "echo 0 0 1 1 0", false },
		{ "echo 0 5 2 1 0", false },
		{ "echo 0 5 1 2 9999999999999999999", false },
		{ "echo 0 5 1 2 -3000000000", true },
		{ "mtu 0 65536", false },
		{ "fsync 1 2 3", false },
		{ "fsync 1 2 3 -4", false },
		{ "times 1", false },
		{ "clock 0 5", false },
		{ "", false },
		{ "a b c d e f g h", false },
		{ "end", false },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct error err = { 0 };
		int rc;

		begin(MESH_FLANNEL_VXLAN);
		mesh_site_change(&said[W1], "udp 0 8472 open", table[i].instead);
		rc = take(W1, &err);
		if (!CHECK_INT(rc, table[i].taken ? 0 : -1))
			printf("# %s\n", table[i].instead);
		if (rc) {
			CHECK_INT(err.kind, ERROR_PROTOCOL);
			CHECK(!strchr(err.what, '\x1b') && !hosts[W1].results && !hosts[W1].answered);
		}
		end();
	}
}

/* More lines than there can be. */
static void test_flood(void)
{
	static const char *const lines[] = { "listen udp 8472 own", "from 0 8472", "tcp 0 6443 own" };

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		struct error err = { 0 };

		begin(MESH_FLANNEL_VXLAN);
		str_clear(&said[W1]);
		for (int n = 0; n < 1000; n++)
			str_addf(&said[W1], "%s\n", lines[i]);
		CHECK_INT(take(W1, &err), -1);
		end();
	}
}

/* ---- what comes of it -------------------------------------------------------------------------------------------------- */

static void test_well(void)
{
	begin(MESH_FLANNEL_VXLAN);
	look();
	CHECK_INT(found.count, 0);
	for (size_t i = 0; i < HOSTS; i++)
		for (size_t j = 0; j < HOSTS; j++)
			CHECK(i == j || mesh_pair(&view, i, j) == MESH_OK);
	end();
}

/* One need of cp1's, and what both hosts say of it. */
static void test_verdicts(void)
{
	static const struct {
		const char *line, *says;      /* of w1 */
		const char *listen, *listens; /* of cp1; NULL: as it is */
		enum mesh_state state;
		enum mesh_reason reason;
	} table[] = {
		{ "tcp 0 6443 own", "tcp 0 6443 own", NULL, NULL, MESH_OK, MESH_ANSWERED },
		{ "tcp 0 6443 own", "tcp 0 6443 open", NULL, NULL, MESH_FAILED, MESH_OTHER },
		{ "tcp 0 6443 own", "tcp 0 6443 open", "listen tcp 6443 own", "listen tcp 6443 busy", MESH_OK,
			MESH_SERVED },
		{ "tcp 0 6443 own", "tcp 0 6443 open", "listen tcp 6443 own", "listen tcp 6443 held", MESH_OK,
			MESH_SERVED },
		{ "tcp 0 6443 own", "tcp 0 6443 refused", NULL, NULL, MESH_FAILED, MESH_REFUSED },
		{ "tcp 0 6443 own", "tcp 0 6443 refused", "listen tcp 6443 own", "listen tcp 6443 busy", MESH_FAILED,
			MESH_REFUSED },
		{ "tcp 0 6443 own", "tcp 0 6443 refused", "listen tcp 6443 own", "listen tcp 6443 held",
			MESH_NOT_TESTED, MESH_HELD },
		{ "tcp 0 6443 own", "tcp 0 6443 silent", "listen tcp 6443 own", "listen tcp 6443 held", MESH_FAILED,
			MESH_SILENT },
		{ "tcp 0 6443 own", "tcp 0 6443 unreachable", NULL, NULL, MESH_FAILED, MESH_UNREACHABLE },
		{ "tcp 0 6443 own", "tcp 0 6443 silent", "listen tcp 6443 own", NULL, MESH_UNKNOWN, MESH_NOT_THERE },
		{ "tcp 0 6443 own", NULL, NULL, NULL, MESH_UNKNOWN, MESH_NOT_ASKED },
		{ "tcp 0 6443 own", "tcp 0 6443 refused", "times 8000 12000", "times 8000 500", MESH_UNKNOWN,
			MESH_APART },
		{ "tcp 0 6443 own", "tcp 0 6443 refused", "end", NULL, MESH_UNKNOWN, MESH_NOT_THERE },
		{ "udp 0 8472 open", "udp 0 8472 silent", NULL, NULL, MESH_FAILED, MESH_SILENT },
		{ "udp 0 8472 open", "udp 0 8472 forbidden", NULL, NULL, MESH_FAILED, MESH_FORBIDDEN },
		{ "udp 0 8472 open", "udp 0 8472 silent", "from 3 10250", "from 3 8472", MESH_WARNED,
			MESH_ANSWER_LOST },
		{ "udp 0 8472 open", "udp 0 8472 silent", "listen udp 8472 own", "listen udp 8472 busy",
			MESH_NOT_TESTED, MESH_IN_USE },
		{ "udp 0 8472 open", "udp 0 8472 silent", "listen udp 8472 own", "listen udp 8472 held",
			MESH_NOT_TESTED, MESH_HELD },
		{ "udp 0 8472 open", "udp 0 8472 silent", "listen udp 8472 own", "listen udp 8472 none", MESH_UNKNOWN,
			MESH_NOT_THERE },
		{ "udp 0 8472 open", "udp 0 8472 silent", "times 8000 12000", "times 8000 500", MESH_UNKNOWN,
			MESH_APART },
		{ "udp 0 8472 open", NULL, NULL, NULL, MESH_UNKNOWN, MESH_NOT_ASKED },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		const struct mesh_need *need = &mesh_needs[table[i].line[0] == 't' ? 0 : 4];
		struct mesh_verdict is;

		begin(MESH_FLANNEL_VXLAN);
		mesh_site_change(&said[W1], table[i].line, table[i].says);
		if (table[i].listen)
			mesh_site_change(&said[CP1], table[i].listen, table[i].listens);
		look();
		is = mesh_judge(&view, need, W1, CP1);
		if (!CHECK_INT(is.state, table[i].state) || !CHECK_INT(is.reason, table[i].reason))
			printf("# row %zu\n", i);
		/* and of no other host that is less well for it, unless it has to be asked by it */
		CHECK_INT(mesh_pair(&view, W1, CP2), MESH_OK);
		CHECK_INT(mesh_pair(&view, CP2, W1), MESH_OK);
		end();
	}
}

static void test_blocked(void)
{
	static const struct {
		const char *firewall, *remedy;
	} table[] = {
		{ "none", "no packet filter shows itself on cp1: look at what cp3 lets out" },
		{ "firewalld", "on cp1: 'firewall-cmd --permanent --add-port=8472/udp && firewall-cmd --reload'" },
		{ "ufw", "'ufw allow proto udp from 10.0.0.13 to any port 8472'; the same for the others" },
		{ "nft", "ip saddr { 10.0.0.13,10.0.0.21 } udp dport 8472 accept'" },
		{ "iptables", "'iptables -I INPUT -p udp -s 10.0.0.13,10.0.0.21 --dport 8472 -j ACCEPT'" },
		{ "rm -rf /", "no packet filter shows itself on cp1" },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		begin(MESH_FLANNEL_VXLAN);
		firewall = table[i].firewall;
		mesh_site_change(&said[W1], "udp 0 8472 open", "udp 0 8472 silent");
		mesh_site_change(&said[CP3], "udp 0 8472 open", "udp 0 8472 silent");
		look();
		remedy_has(only(CP1, "mesh-port-blocked", FINDING_ERROR,
				   "UDP 8472 (VXLAN of flannel or Cilium) does not arrive here from cp3, w1"),
			table[i].remedy);
		CHECK_INT(mesh_pair(&view, W1, CP1), MESH_FAILED);
		CHECK_INT(mesh_pair(&view, CP1, W1), MESH_OK);
		end();
	}
	/* of a pod network that nobody knows yet it is a warning */
	begin(MESH_NETWORK_UNKNOWN);
	mesh_site_change(&said[W1], "udp 0 4789 open", "udp 0 4789 silent");
	look();
	only(CP1, "mesh-port-blocked", FINDING_WARNING, "UDP 4789 (VXLAN of Calico) does not arrive here from w1");
	CHECK_INT(mesh_pair(&view, W1, CP1), MESH_WARNED);
	end();
}

static void test_other_findings(void)
{
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "udp 0 8472 open", "udp 0 8472 forbidden");
	look();
	only(W1, "mesh-port-blocked", FINDING_ERROR,
		"this host's own packet filter lets no UDP 8472 (VXLAN of flannel or Cilium) out to cp1");
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "udp 0 8472 open", "udp 0 8472 silent");
	mesh_site_change(&said[CP1], "from 3 10250", "from 3 8472");
	look();
	only(W1, "mesh-answer-lost", FINDING_WARNING,
		"UDP 8472 (VXLAN of flannel or Cilium) arrives at cp1, and no answer comes back to this host");
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "tcp 0 6443 own", "tcp 0 6443 open");
	look();
	only(CP1, "mesh-other-answers", FINDING_ERROR,
		"at 10.0.0.11, TCP 6443, w1 gets an answer, and not from this host");
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[CP2], "echo 0 5 400000 600000 1000", "echo 0 5 80000000 90000000 1000");
	look();
	only(CP2, "mesh-round-trip", FINDING_WARNING, "a packet to cp1 and back takes 80 ms");
	end();
}

static void test_paths(void)
{
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "mtu 0 1500", "mtu 0 1400");
	mesh_site_change(&said[W1], "mtu 1 1500", "mtu 1 1400");
	look();
	remedy_has(only(W1, "mesh-path-mtu", FINDING_ERROR,
			   "packets from here to cp1, cp2 may have 1400 bytes, and eth0 sends up to 1500"),
		"that of the pod network to 1350 or less");
	CHECK_INT(mesh_pair(&view, W1, CP1), MESH_FAILED);
	CHECK_INT(mesh_pair(&view, CP1, W1), MESH_OK);
	end();
	/* what is not known is not held against it, and not well */
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "mtu 0 1500", "mtu 0 0");
	mesh_site_change(&said[CP1], "echo 3 5 400000 600000 1000", NULL);
	look();
	CHECK_INT(found.count, 0);
	CHECK_INT(mesh_pair(&view, W1, CP1), MESH_NOT_TESTED);
	CHECK_INT(mesh_pair(&view, CP1, W1), MESH_NOT_TESTED);
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "mtu 0 1500", "mtu 0 1400");
	mesh_site_change(&said[W1], "mtu 1 1500", "mtu 1 1300");
	look();
	CHECK_INT(found.count, 2);
	end();
}

/* w1 is so many ns ahead of all others, as both sides see it. */
static void ahead(long long ns)
{
	char line[80], theirs[80];

	snprintf(theirs, sizeof(theirs), "echo 3 5 400000 600000 %lld", ns);
	for (int i = 0; i < W1; i++) {
		char was[80];

		snprintf(was, sizeof(was), "echo %d 5 400000 600000 1000", i);
		snprintf(line, sizeof(line), "echo %d 5 400000 600000 %lld", i, -ns);
		mesh_site_change(&said[W1], was, line);
		mesh_site_change(&said[i], "echo 3 5 400000 600000 1000", theirs);
	}
}

static void test_clocks(void)
{
	int64_t off, error;

	begin(MESH_FLANNEL_VXLAN);
	ahead(3000000000);
	look();
	only(W1, "mesh-clock", FINDING_WARNING, "the clock is 3.000 s ahead of the other hosts' (± 0.000 s)");
	CHECK(mesh_clock(&view, W1, &off, &error) && off == 3000000000 && error == 200000);
	CHECK(mesh_clock(&view, CP1, &off, &error) && llabs(off) < 1000000);
	end();
	begin(MESH_FLANNEL_VXLAN);
	ahead(-7250000000);
	look();
	only(W1, "mesh-clock", FINDING_ERROR, "the clock is 7.250 s behind the other hosts' (± 0.000 s)");
	end();
	begin(MESH_FLANNEL_VXLAN);
	ahead(500000000);
	look();
	CHECK_INT(found.count, 0);
	end();
}

static void test_disks(void)
{
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[CP2], "fsync 500 1200 2000 9000", "fsync 300 4100 10001 90000");
	look();
	CHECK(only(CP2, "mesh-fsync", FINDING_WARNING,
		"of 300 durable writes to the disk of etcd's data 1 in 100 took 10.0 ms or more, half of them 4.1 ms")
			->ignored);
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[CP2], "fsync 500 1200 2000 9000", "fsync 3 900000 1000000 1000000");
	look();
	only(CP2, "mesh-fsync", FINDING_ERROR,
		"of 3 durable writes to the disk of etcd's data 1 in 100 took 1000.0 ms or more, half of them 900.0 ms");
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[CP2], "fsync 500 1200 2000 9000", "fsync 0 0 0 0");
	look();
	only(CP2, "mesh-unknown", FINDING_WARNING, "unknown: how fast the disk of etcd's data writes durably");
	end();
}

/* A host that was not reached, one without perl, one that was stopped: nothing of them is well. */
static void test_unknown(void)
{
	struct remote_answer none = { 0 };
	struct error err = { 0 };

	begin(MESH_FLANNEL_VXLAN);
	str_clear(&said[W1]);
	mesh_site_change(&said[CP1], "tcp 3 10250 own", "tcp 3 10250 silent");
	mesh_site_change(&said[CP1], "udp 3 8472 open", "udp 3 8472 silent");
	look();
	CHECK_INT(found.count, 0);
	CHECK_INT(mesh_pair(&view, CP1, W1), MESH_UNKNOWN);
	CHECK_INT(mesh_pair(&view, W1, CP1), MESH_UNKNOWN);
	end();
	begin(MESH_FLANNEL_VXLAN);
	str_clear(&said[W1]);
	remote_answer_set(&none, "perl", "none");
	CHECK_INT(mesh_host_take(&hosts[W1], &plan, W1, &none, &err), 0);
	remote_answer_release(&none);
	look();
	only(W1, "mesh-unknown", FINDING_WARNING, "unknown: no perl");
	CHECK_INT(mesh_pair(&view, W1, CP1), MESH_UNKNOWN);
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "end", NULL);
	look();
	only(W1, "mesh-unknown", FINDING_WARNING,
		"unknown: what listens and asks there was stopped before it could say anything");
	CHECK_INT(mesh_pair(&view, W1, CP1), MESH_UNKNOWN);
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "listen udp 10250 own", "listen udp 10250 none");
	look();
	only(W1, "mesh-unknown", FINDING_WARNING, "unknown: no interface has the address 10.0.0.21");
	end();
	begin(MESH_FLANNEL_VXLAN);
	mesh_site_change(&said[W1], "times 8000 12000", "times 8000 900");
	mesh_site_change(&said[CP1], "tcp 3 10250 own", "tcp 3 10250 refused");
	look();
	only(CP1, "mesh-unknown", FINDING_WARNING, "unknown: what reaches w1 from here");
	end();
}

static const struct test tests[] = {
	{ "who asks whom", test_plans },
	{ "some of the hosts", test_plan_of_some },
	{ "what a host is told", test_plan_text },
	{ "pod networks", test_networks },
	{ "answers that no host gives", test_hostile },
	{ "too many lines", test_flood },
	{ "all is well", test_well },
	{ "verdicts", test_verdicts },
	{ "a port is blocked", test_blocked },
	{ "other findings", test_other_findings },
	{ "paths", test_paths },
	{ "clocks", test_clocks },
	{ "disks", test_disks },
	{ "what is not known", test_unknown },
};
TEST_MAIN(tests)
