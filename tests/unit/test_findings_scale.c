/* Many hosts: duplicates are found among all of them, and that costs each host the same however many there are. */
#include "tests/test.h"

#include "base/alloc.h"
#include "cluster/cluster.h"
#include "cluster/identities.h"
#include "inventory/inventory.h"
#include "steps/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct many {
	struct inventory inv;
	struct inventory_host *hosts;
	struct cluster_host *facts;
	struct identities identities;
	char (*names)[2][16];
};

static void many_init(struct many *m, size_t count)
{
	char text[160];

	memset(m, 0, sizeof(*m));
	m->hosts = xcalloc(count, sizeof(*m->hosts));
	m->facts = xcalloc(count, sizeof(*m->facts));
	m->names = xcalloc(count, sizeof(*m->names));
	m->inv = (struct inventory){ .cluster = "big", .hosts = m->hosts, .host_count = count };
	m->inv.kubernetes.version = "1.36.2";
	m->inv.network.pods = "10.0.0.0/12";
	m->inv.network.services = "10.96.0.0/12";
	for (size_t i = 0; i < count; i++) {
		snprintf(m->names[i][0], sizeof(m->names[i][0]), "h%zu", i);
		snprintf(m->names[i][1], sizeof(m->names[i][1]), "10.1.%zu.%zu", i / 250, i % 250);
		m->hosts[i].name = m->names[i][0];
		m->hosts[i].address = m->names[i][1];
		m->hosts[i].role = i < 3 ? INVENTORY_CONTROL_PLANE : INVENTORY_WORKER;
		m->facts[i].probed = true;
		for (int k = 0; k < 30; k++) {
			snprintf(text, sizeof(text), "sum./etc/f%d", k);
			cluster_set(&m->facts[i], text, "x");
		}
		cluster_set(&m->facts[i], "hostname", m->names[i][0]);
		snprintf(text, sizeof(text), "%032zu", i + 1);
		cluster_set(&m->facts[i], "machine_id", text);
		cluster_set(&m->facts[i], "product_uuid", text);
		snprintf(text, sizeof(text),
			"lo 00:00:00:00:00:00 127.0.0.1/8\neth0 02:00:00:00:%02zx:%02zx %s/16\neth1 02:00:00:01:%02zx:%02zx 10.9.0.1/16",
			i / 256, i % 256, m->names[i][1], i / 256, i % 256);
		cluster_set(&m->facts[i], "addrs", text);
	}
}

static void many_release(struct many *m)
{
	for (size_t i = 0; i < m->inv.host_count; i++)
		cluster_host_release(&m->facts[i]);
	identities_release(&m->identities);
	free(m->hosts);
	free(m->facts);
	free(m->names);
}

static void identify(struct many *m)
{
	for (size_t i = 0; i < m->inv.host_count; i++)
		identities_add(&m->identities, &m->facts[i], (int)i);
}

/* What is said of a host's duplicates, in the order of the table. */
static const char *duplicates(struct many *m, int host)
{
	static char text[1024];
	struct findings out = { 0 };

	text[0] = '\0';
	findings_preflight(&m->inv, m->facts, &m->identities, host, true, &out);
	for (size_t i = 0; i < out.count; i++)
		if (strstr(out.list[i].name, "duplicate-"))
			snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s;", out.list[i].what);
	findings_release(&out);
	return text;
}

static void test_found(void)
{
	struct many m;

	many_init(&m, 1000);
	cluster_set(&m.facts[997], "machine_id", cluster_fact(&m.facts[2], "machine_id"));
	cluster_set(&m.facts[500], "product_uuid", cluster_fact(&m.facts[999], "product_uuid"));
	cluster_set(&m.facts[7], "hostname", "h0");
	cluster_set(&m.facts[8], "hostname", "h0");
	cluster_set(&m.facts[300], "addrs", "eth5 02:00:00:01:01:90 10.7.0.1/16\nveth1 02:00:00:00:00:01 10.7.0.2/16");
	identify(&m);
	CHECK_STR(duplicates(&m, 997), "the machine-id 00000000000000000000000000000003 is also that of h2;");
	CHECK_STR(duplicates(&m, 2), "the machine-id 00000000000000000000000000000003 is also that of h997;");
	CHECK_STR(duplicates(&m, 500), "the product_uuid 00000000000000000000000000001000 is also that of h999;");
	/* the first of the others */
	CHECK_STR(duplicates(&m, 0), "the host name h0 is also that of h7;");
	CHECK_STR(duplicates(&m, 8), "the host name h0 is also that of h0;");
	CHECK_STR(duplicates(&m, 300), "the MAC address 02:00:00:01:01:90 is also that of h400;");
	CHECK_STR(duplicates(&m, 400), "the MAC address 02:00:00:01:01:90 is also that of h300;");
	CHECK_STR(duplicates(&m, 1), "");
	many_release(&m);
}

/* What a host said before is not held against it, nor what one said that is to be asked again. */
static void test_newer_facts(void)
{
	struct many m;

	many_init(&m, 3);
	cluster_set(&m.facts[1], "hostname", "h0");
	identify(&m);
	CHECK_STR(duplicates(&m, 0), "the host name h0 is also that of h1;");
	m.facts[1].probed = false;
	CHECK_STR(duplicates(&m, 0), "");
	m.facts[1].probed = true;
	cluster_set(&m.facts[1], "hostname", "h1");
	CHECK_STR(duplicates(&m, 0), "");
	cluster_set(&m.facts[2], "hostname", "h1");
	identify(&m);
	CHECK_STR(duplicates(&m, 1), "the host name h1 is also that of h2;");
	CHECK_STR(duplicates(&m, 2), "the host name h1 is also that of h1;");
	many_release(&m);
}

static double cost(size_t count)
{
	struct timespec a, b;
	struct many m;

	many_init(&m, count);
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &a);
	identify(&m);
	for (size_t i = 0; i < count; i++)
		CHECK_STR(duplicates(&m, (int)i), "");
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &b);
	many_release(&m);
	return (double)(b.tv_sec - a.tv_sec) * 1e3 + (double)(b.tv_nsec - a.tv_nsec) / 1e6;
}

/* Eight times the hosts, eight times the work: not sixty-four. */
static void test_cost(void)
{
	double few = cost(250), many = cost(2000);

	if (!CHECK(many < 24 * few))
		printf("# 250 hosts %.1f ms, 2000 hosts %.1f ms\n", few, many);
}

/* Those are large, and most hosts are workers. */
static void test_views(void)
{
	struct world w;
	struct many m;

	many_init(&m, 5);
	world_init(&w, &m.inv, NULL);
	for (size_t i = 0; i < 5; i++) {
		CHECK_INT(w.seen.etcd[i] != NULL, i < 3);
		CHECK_INT(world_etcd_view(&w, i)->count, 0);
	}
	w.seen.etcd[2]->count = 1;
	CHECK_INT(world_etcd_view(&w, 2)->count, 1);
	world_release(&w);
	many_release(&m);
}

static const struct test tests[] = {
	{ "duplicates among many hosts", test_found },
	{ "facts that are newer", test_newer_facts },
	{ "the cost of a host does not grow with their number", test_cost },
	{ "views of etcd are of control planes alone", test_views },
};
TEST_MAIN(tests)
