/* kubeproxy.config of a living cluster: into the ConfigMap, and by the DaemonSet onto one Node after the other; put back when kube-proxy does not start with it. */
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
static unsigned unknown; /* notices that it could not be compared */

static void count(const struct event *ev, void *ctx)
{
	(void)ctx;
	unknown += ev->kind == EVENT_NOTICE && ev->code == NOTICE_BIRTH_UNKNOWN;
}

/* apply, with this as kubeproxy.config; NULL: none. fail_at: the call of this number fails once. */
static void apply_cut(struct lab *l, const char *config, unsigned fail_at, enum lab_fault fault)
{
	static struct engine_host list[LAB_MACHINES];
	const struct plan *plan = &plans[PLAN_INSTALL];
	struct error err = { 0 };
	struct engine_config c = { .run = "r1",
		.steps = plan->steps,
		.step_count = plan->count,
		.hosts = list,
		.host_count = LAB_MACHINES,
		.open = lab_open };
	struct engine *e;
	struct world w;

	json_free(rack_inventory->kubeproxy_config);
	rack_inventory->kubeproxy_config = config ? json_parse(config, strlen(config), &err) : NULL;
	rack_world(&w);
	w.wish.verify_ms = 100;
	c.world = &w;
	for (int i = 0; i < LAB_MACHINES; i++)
		list[i] = (struct engine_host){ rack_inventory->hosts[i].name, l->off & 1u << i ? 0
									       : i < 3          ? ROLE_CONTROL_PLANE
												: ROLE_WORKER };
	unknown = l->sets = l->settings = l->surveys = 0;
	lab_run(l, &w, fail_at, fault);
	e = engine_new(&c);
	engine_no_questions(e);
	engine_observe(e, count, NULL);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	memset(errors, 0, sizeof(errors));
	for (int i = 0; i < LAB_MACHINES; i++)
		if (engine_host_error(e, i))
			errors[i] = *engine_host_error(e, i);
	engine_free(e);
	world_release(&w);
}

static void apply(struct lab *l, const char *config)
{
	apply_cut(l, config, 0, LAB_LOST);
}

/* The Pods that each host had, the mode and another field of the ConfigMap, whether a change is noted, and accepted. */
static void looks(const struct lab *l, const char *want)
{
	const struct lab_settings *given = &l->given[SETTINGS_KUBEPROXY];
	struct json *map = inventory_yaml(given->text, strlen(given->text), NULL);
	struct str now = STR_INIT;

	for (int i = 0; i < LAB_MACHINES; i++)
		str_addf(&now, "%u", l->machines[i].proxies);
	str_addf(&now, " %s %s%s%s", json_get_str(map, "mode", "-"), json_get_str(map, "metricsBindAddress", "-"),
		given->note[0] ? " noted" : "", strstr(given->note, "\"accepted\":true") ? " accepted" : "");
	for (int i = 0; i < LAB_MACHINES; i++)
		if (l->machines[i].crashes)
			str_addf(&now, " %d ends", i);
	if (!CHECK_STR(now.buf, want))
		for (int i = 0; i < LAB_MACHINES; i++)
			printf("# host %d: %s: %s\n", i, errors[i].step, errors[i].what);
	str_release(&now);
	json_free(map);
}

/* The host that did it; NULL: none failed. */
static const struct error *failed(void)
{
	for (int i = 0; i < LAB_MACHINES; i++)
		if (strcmp(errors[i].step, "kube-proxy") == 0)
			return &errors[i];
	return NULL;
}

static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
}

#define IPVS "{\"mode\":\"ipvs\"}"

/* By a machine that is picky. */
#define REFUSED "{\"metricsBindAddress\":\"0.0.0.0:1\"}"

static void test_there_and_back(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	/* of which the inventory says nothing: nothing is asked */
	apply(&l, NULL);
	looks(&l, "00000 iptables -");
	CHECK_INT(l.sets + l.settings, 0);
	/* what the cluster has already changes nothing */
	apply(&l, "{\"mode\":\"iptables\"}");
	looks(&l, "00000 iptables -");
	CHECK_INT(l.sets, l.surveys);
	apply(&l, "{\"mode\":\"ipvs\",\"metricsBindAddress\":\"0.0.0.0:10249\"}");
	looks(&l, "11111 ipvs 0.0.0.0:10249 noted accepted");
	/* converged: the ConfigMap and the DaemonSet, once with each survey */
	apply(&l, "{\"metricsBindAddress\":\"0.0.0.0:10249\",\"mode\":\"ipvs\"}");
	looks(&l, "11111 ipvs 0.0.0.0:10249 noted accepted");
	CHECK_INT(l.sets, l.surveys);
	CHECK_INT(l.settings, l.surveys);
	/* what leaves the inventory leaves the ConfigMap */
	apply(&l, IPVS);
	looks(&l, "22222 ipvs - noted accepted");
	apply(&l, NULL);
	looks(&l, "33333 - - noted accepted");
	apply(&l, NULL);
	looks(&l, "33333 - - noted accepted");
	/* an upgrade writes the DaemonSet again: its Pods have what the ConfigMap has */
	l.proxy[0] = '\0';
	for (int i = 0; i < LAB_MACHINES; i++)
		l.machines[i].proxy[0] = '\0';
	apply(&l, NULL);
	looks(&l, "33333 - - noted accepted");
	rack_down();
}

static void test_refused(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	/* on the first Node, which gets another Pod with what was before; the others keep theirs */
	apply(&l, "{\"mode\":\"nonsense\"}");
	looks(&l, "20000 iptables -");
	CHECK_STR(l.proxy, "");
	if (CHECK(failed() != NULL)) {
		CHECK_INT(failed()->kind, ERROR_COMMAND);
		CHECK_STR(failed()->what,
			"kube-proxy on cp1 does not start with the changed settings: mode: Invalid value: \"nonsense\"; those of before are back");
		CHECK(strstr(failed()->hint, "correct kubeproxy.config in the inventory") != NULL);
	}
	apply(&l, IPVS);
	looks(&l, "31111 ipvs - noted accepted");
	/* on a later one: all that have it lose it again, and the note of before is back */
	l.machines[3].picky = l.log_gone = true;
	apply(&l, REFUSED);
	looks(&l, "53331 ipvs - noted accepted");
	/* the log of the container that is there says it as well */
	CHECK(failed() && strstr(failed()->what, "kube-proxy on w1 does not start with the changed settings: mode: "));
	l.machines[3].picky = false;
	apply(&l, REFUSED);
	looks(&l, "64442 - 0.0.0.0:1 noted accepted");
	rack_down();
}

/* Continued after each part: the note, the ConfigMap, the DaemonSet. */
static void test_cut(void)
{
	static const char note[] =
		"{\"digest\":\"x\",\"given\":" IPVS ",\"before\":\"mode: iptables\\n\",\"accepted\":false}";
	struct lab l;

	rack_up();
	for (int parts = 1; parts <= 3; parts++) {
		begin(&l);
		strcpy(l.given[SETTINGS_KUBEPROXY].note, note);
		if (parts > 1)
			strcpy(l.given[SETTINGS_KUBEPROXY].text, "mode: ipvs\n");
		if (parts > 2)
			strcpy(l.proxy, "x");
		apply(&l, IPVS);
		looks(&l, "11111 ipvs - noted accepted");
		CHECK_STR(l.proxy, "x");
	}
	/* or given up: the ConfigMap becomes what the inventory says now */
	begin(&l);
	strcpy(l.given[SETTINGS_KUBEPROXY].note, note);
	strcpy(l.given[SETTINGS_KUBEPROXY].text, "mode: ipvs\n");
	strcpy(l.proxy, "x");
	for (int i = 0; i < LAB_MACHINES; i++)
		strcpy(l.machines[i].proxy, "x");
	apply(&l, NULL);
	looks(&l, "11111 - - noted accepted");
	/* what failed was put back, and then the run was cut: the template is not that of the note */
	begin(&l);
	strcpy(l.given[SETTINGS_KUBEPROXY].note,
		"{\"digest\":\"x\",\"given\":" IPVS ",\"before\":\"mode: iptables\\n\",\"accepted\":true}");
	strcpy(l.given[SETTINGS_KUBEPROXY].text, "mode: ipvs\n");
	strcpy(l.proxy, "bad");
	strcpy(l.machines[0].proxy, "bad");
	l.machines[0].crashes = 2;
	for (int i = 1; i < LAB_MACHINES; i++)
		strcpy(l.machines[i].proxy, "x");
	apply(&l, IPVS);
	looks(&l, "10000 ipvs - noted accepted");
	rack_down();
}

/* The connection is lost at one of the calls of the step, which come after those to the hosts. */
static void test_lost(void)
{
	struct lab l;

	rack_up();
	for (unsigned n = 25; n <= 29; n += 4) {
		begin(&l);
		apply_cut(&l, IPVS, n, LAB_LOST);
		apply(&l, IPVS);
		looks(&l, "11111 ipvs - noted accepted");
	}
	rack_down();
}

static void add_text(const struct birth_difference *d, void *out)
{
	str_add(out, d->text);
}

static void test_without(void)
{
	struct str text = STR_INIT;
	struct world w;
	struct lab l;

	rack_up();
	begin(&l);
	l.no_proxy = true;
	apply(&l, IPVS);
	looks(&l, "00000 iptables -");
	CHECK_INT(unknown, 1);
	for (int i = 0; i < LAB_MACHINES; i++)
		CHECK_INT(errors[i].kind, ERROR_NONE);
	rack_world(&w);
	w.seen.cluster.exists = w.seen.cluster.no_kubeproxy = true;
	birth_differences(&w, add_text, &text);
	CHECK_STR(text.buf,
		"kubeproxy.config could not be compared with the living cluster: it has no kube-proxy, so nothing changes (no "
		"DaemonSet of that name is in kube-system)");
	world_release(&w);
	str_release(&text);
	rack_down();
}

/* A Node that is not Ready holds nothing up, and gets its Pod when it is. */
static void test_away(void)
{
	struct lab l;

	rack_up();
	begin(&l);
	l.off = 1u << 4;
	apply(&l, IPVS);
	looks(&l, "11110 ipvs - noted accepted");
	CHECK(!failed());
	l.off = 0;
	apply(&l, IPVS);
	looks(&l, "11111 ipvs - noted accepted");
	rack_down();
}

static void test_words(void)
{
	static const struct {
		const char *log, *says;
	} rows[] = {
		{ "", "" },
		{ "one\ntwo\n", "two" },
		{ "E1129 10:00:00.1       1 run.go:72] \"command failed\" err=\"a \\\"b\\\"\\nc\" more=\"d\"\nlast\n",
			"a \"b\" c" },
		{ "W1129 10:00:00.1 1 x.go:1] w\nF1129 10:00:00.1       1 server.go:495] failed validate: mode\ngoroutine 1 [running]:\n",
			"failed validate: mode" },
		{ "E1129 cut", "E1129 cut" },
		{ "a\x1b[31mb\n\n", "ab" },
	};
	char said[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		kubeproxy_last_words(rows[i].log, said, sizeof(said));
		CHECK_STR(said, rows[i].says);
	}
}

static const struct test tests[] = {
	{ "changed, and back", test_there_and_back },
	{ "kube-proxy does not start with it", test_refused },
	{ "continued where it was cut", test_cut },
	{ "a connection is lost", test_lost },
	{ "a cluster without kube-proxy", test_without },
	{ "a Node that is not Ready", test_away },
	{ "last words", test_words },
};
TEST_MAIN(tests)
