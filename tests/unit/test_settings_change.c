/* kubelet.config of a living cluster: one host after the other, noted in the cluster, put back when the first one does not start with it. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

static struct error errors[LAB_MACHINES];

/* apply, with this as kubelet.config; NULL: none. */
static void apply(struct lab *l, const char *config)
{
	json_free(rack_inventory->kubelet_config);
	rack_inventory->kubelet_config = config ? json_parse(config, strlen(config), NULL) : NULL;
	rack_apply(l, errors);
}

/* The restarts of each host's kubelet, and how the ConfigMap has maxPods and maxOpenFiles; "-": not set. */
static void told(const struct lab *l, char out[64])
{
	struct json *map =
		inventory_yaml(l->given[SETTINGS_KUBELET].text, strlen(l->given[SETTINGS_KUBELET].text), NULL);
	size_t n = 0;

	for (int i = 0; i < LAB_MACHINES; i++)
		n += (size_t)snprintf(out + n, 64 - n, "%u", l->machines[i].restarts);
	snprintf(out + n, 64 - n, " %d %d%s", (int)json_get_int(map, "maxPods", -1),
		(int)json_get_int(map, "maxOpenFiles", -1), l->given[SETTINGS_KUBELET].note[0] ? " noted" : "");
	json_free(map);
}

static void looks(const struct lab *l, const char *want)
{
	char now[64];

	told(l, now);
	if (!CHECK_STR(now, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
}

static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
}

static void test_there_and_back(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	/* what the cluster has already changes nothing */
	apply(&l, "{\"maxPods\":110}");
	looks(&l, "00000 110 -1");
	apply(&l, "{\"maxPods\":250,\"maxOpenFiles\":9000}");
	looks(&l, "11111 250 9000 noted");
	apply(&l, "{\"maxOpenFiles\":9000,\"maxPods\":250}");
	looks(&l, "11111 250 9000 noted");
	/* a host that was away, or another machine in its place */
	l.machines[4].settings[0] = '\0';
	apply(&l, "{\"maxPods\":250,\"maxOpenFiles\":9000}");
	looks(&l, "11112 250 9000 noted");
	/* what leaves the inventory leaves the kubelets, and they have what is built in */
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "22223 250 -1 noted");
	apply(&l, NULL);
	looks(&l, "33334 -1 -1 noted");
	apply(&l, NULL);
	looks(&l, "33334 -1 -1 noted");
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
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "00000 110 -1");
	for (int i = 0; i < LAB_MACHINES; i++) {
		failed += errors[i].kind == ERROR_COMMAND && strcmp(errors[i].step, "settings") == 0;
		well += errors[i].kind == ERROR_NONE;
	}
	/* it fails on one, and the others have nothing to do */
	CHECK_INT(failed, 1);
	CHECK_INT(well, LAB_MACHINES - 1);
	/* the same again does not lead further, and what is correct does */
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "00000 110 -1");
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].picky = false;
	apply(&l, "{\"maxPods\":200}");
	looks(&l, "11111 200 -1 noted");
	apply(&l, "{\"maxPods\":100}");
	looks(&l, "22222 100 -1 noted");
	/* a later host: others have it, and the ConfigMap stays; who is left comes before it or is refused */
	strcpy(l.machines[2].settings, "x");
	strcpy(l.machines[3].settings, "x");
	l.machines[2].picky = true;
	apply(&l, "{\"maxPods\":100}");
	looks(&l, l.machines[3].restarts == 3 ? "22232 100 -1 noted" : "22222 100 -1 noted");
	CHECK(strcmp(errors[2].step, "settings") == 0);
	CHECK_INT(errors[3].code, l.machines[3].restarts == 3 ? CODE_NONE : REFUSAL_SETTINGS);
	l.machines[2].picky = false;
	apply(&l, "{\"maxPods\":100}");
	looks(&l, "22332 100 -1 noted");
	/* and the note of before is back when the next change fails at once */
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].picky = true;
	apply(&l, "{\"maxOpenFiles\":1}");
	looks(&l, "22332 100 -1 noted");
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].picky = false;
	apply(&l, "{\"maxOpenFiles\":1}");
	looks(&l, "33443 -1 1 noted");
	rack_down();
}

/* Cut between the note and the ConfigMap: it is continued, also where the change takes something away. */
static void test_cut(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	strcpy(l.given[SETTINGS_KUBELET].note,
		"{\"digest\":\"x\",\"given\":{\"maxPods\":250},\"before\":\"maxPods: 110\\n\",\"accepted\":false}");
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "11111 250 -1 noted");
	begin(&l);
	strcpy(l.given[SETTINGS_KUBELET].text, "maxPods: 250\n");
	strcpy(l.given[SETTINGS_KUBELET].note,
		"{\"digest\":\"y\",\"given\":{},\"before\":\"maxPods: 250\\n\",\"earlier\":{\"digest\":\"x\",\"given\":{\"maxPods\":250}}}");
	apply(&l, NULL);
	looks(&l, "11111 -1 -1 noted");
	/* those that have not got it get it, and no other one */
	begin(&l);
	strcpy(l.given[SETTINGS_KUBELET].text, "maxPods: 250\n");
	strcpy(l.given[SETTINGS_KUBELET].note,
		"{\"digest\":\"x\",\"given\":{\"maxPods\":250},\"before\":\"maxPods: 110\\n\",\"accepted\":true}");
	for (int i = 0; i < 3; i++)
		strcpy(l.machines[i].settings, "x");
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "00011 250 -1 noted");
	/* and now that some have accepted it, it is not taken back */
	l.machines[4].settings[0] = '\0';
	l.machines[4].picky = true;
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "00011 250 -1 noted");
	rack_down();
}

/* What a cluster was created with leaves it as well. */
static void test_birth(void)
{
	struct lab l;

	rack_up();
	lab_init(&l, rack_inventory, rack_store, rack_tls);
	l.applied = true;
	/* as kubeadm writes it */
	strcpy(l.given[SETTINGS_KUBELET].text, "maxPods: 250\nkind: KubeletConfiguration\n");
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "00000 250 -1 noted");
	for (int i = 0; i < LAB_MACHINES; i++)
		CHECK_INT(strlen(l.machines[i].settings), 64);
	apply(&l, "{\"maxPods\":250}");
	looks(&l, "00000 250 -1 noted");
	apply(&l, NULL);
	looks(&l, "11111 -1 -1 noted");
	rack_down();
}

static const struct test tests[] = {
	{ "what it was created with", test_birth },
	{ "continued where it was cut", test_cut },
	{ "changed, and back", test_there_and_back },
	{ "a kubelet that does not start with it", test_refused },
};
TEST_MAIN(tests)
