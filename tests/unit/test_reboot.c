/* kubewright reboot: one control plane at a time, pods gone before and let back after, nothing twice, nothing that etcd cannot spare. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

#define INSTALLED "kubelet-conf admin-conf apiserver-manifest etcd-manifest etcd-data ca-crt"

enum { W1 = 3 };

/* A whole cluster, with pods on w1; each host stops for a while and is away for two logins. */
static void begin(struct lab *l)
{
	lab_init(l, rack_inventory, rack_store, rack_tls);
	l->applied = true;
	for (int i = 0; i < LAB_MACHINES; i++) {
		struct machine *m = &l->machines[i];

		m->packages = m->containerd = m->prepared = m->record = m->node = true;
		m->have = i < 3 ? INSTALLED : "kubelet-conf ca-crt";
		m->member = i < 3 ? LAB_VOTER : LAB_NO_MEMBER;
		m->pki = i < 3;
		m->init = i == 0;
		m->shuts = 1;
		m->away = 2;
		snprintf(m->jobs[0].name, sizeof(m->jobs[0].name), "%s", i ? "join" : "init");
		snprintf(m->jobs[0].record, sizeof(m->jobs[0].record), "done 0 x x r0");
	}
	l->machines[W1].pods = 2;
}

struct ending {
	struct error host[LAB_MACHINES]; /* kind ERROR_NONE: not set aside */
};
/* named: a letter per host, y restarts. */
static void run(struct lab *l, const char *named, bool pending, bool override, int64_t reboot_ms, struct ending *out)
{
	const struct plan *plan = &plans[PLAN_REBOOT];
	struct engine_host hosts[LAB_MACHINES];
	struct engine_config config = { .run = "r1",
		.steps = plan->steps,
		.step_count = plan->count,
		.sections = plan->sections,
		.section_count = plan->section_count,
		.hosts = hosts,
		.host_count = LAB_MACHINES,
		.open = lab_open };
	bool reboot[LAB_MACHINES];
	struct error err = { 0 };
	struct engine *e;
	struct world w;
	char pki[96];

	snprintf(pki, sizeof(pki), "%s/pki", rack_dir);
	world_init(&w, rack_inventory, release_find("1.36.2"));
	w.wish.run = "r1";
	w.wish.owner = "a@b pid 1";
	w.wish.machine = "m";
	w.wish.store_dir = pki;
	w.wish.take_lock = true;
	w.wish.drain_timeout_s = 1;
	w.wish.verify_ms = 100;
	w.wish.reboot_ms = reboot_ms;
	w.wish.reboot_try_ms = 1;
	w.wish.reboot = reboot;
	w.wish.pending = pending;
	w.wish.override_quorum = override;
	w.pki.store = pki_store_open(pki, NULL, &err);
	config.world = &w;
	for (int i = 0; i < LAB_MACHINES; i++) {
		reboot[i] = named[i] == 'y';
		hosts[i] =
			(struct engine_host){ rack_inventory->hosts[i].name, i < 3 ? ROLE_CONTROL_PLANE : ROLE_WORKER };
	}
	lab_run(l, &w, 0, LAB_LOST);
	e = engine_new(&config);
	engine_no_questions(e);
	CHECK_INT(engine_start(e, &err), 0);
	while (engine_wait(e, -1, 1000))
		continue;
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < LAB_MACHINES; i++)
		if (engine_host_error(e, i))
			out->host[i] = *engine_host_error(e, i);
	engine_free(e);
	world_release(&w);
}

/* What each host is left with, a letter each: 0 to 9 boots that it has had; c: and it is cordoned; n: and the note is there. */
static void told(const struct lab *l, char out[32])
{
	size_t n = 0;

	for (int i = 0; i < LAB_MACHINES; i++) {
		const struct machine *m = &l->machines[i];

		n += (size_t)snprintf(out + n, 32 - n, "%s%u%s%s", i ? " " : "", m->boots, m->cordoned ? "c" : "",
			m->reboot_note[0] ? "n" : "");
	}
}

static void set_aside(const struct ending *o, char out[LAB_MACHINES + 1])
{
	for (int i = 0; i < LAB_MACHINES; i++)
		out[i] = o->host[i].kind == ERROR_NONE       ? '.'
			 : o->host[i].code == REFUSAL_QUORUM ? 'q'
			 : o->host[i].code == REFUSAL_REBOOT ? 's'
			 : o->host[i].kind == ERROR_TIMEOUT  ? 't'
							     : 'x';
	out[LAB_MACHINES] = '\0';
}

static void foreign_cordon(struct lab *l)
{
	l->machines[W1].cordoned = true;
}

/* An earlier run restarted w1 and was killed before its Node was back; w2 was cordoned, and not restarted. */
static void interrupted(struct lab *l)
{
	l->machines[W1].cordoned = l->machines[W1 + 1].cordoned = true;
	l->machines[W1].pods = 0;
	l->machines[W1].boots = l->machines[W1].node_boots = 1;
	snprintf(l->machines[W1].reboot_note, sizeof(l->machines[W1].reboot_note), "boot-3-0");
	snprintf(l->machines[W1 + 1].reboot_note, sizeof(l->machines[W1 + 1].reboot_note), "boot-4-0");
}

static void one_pending(struct lab *l)
{
	l->machines[1].pending = true;
}

static void never_back(struct lab *l)
{
	l->machines[0].away = 1000000;
}

static void member_lost(struct lab *l)
{
	l->off = 1u << 1;
}

static void kept_pods(struct lab *l)
{
	l->refuses = 1000;
}

/* Each in a cluster of its own. */
static const struct {
	const char *what;
	void (*prepare)(struct lab *l);
	const char *named;
	bool pending, override;
	const char *aside, *left;
} rows[] = {
	{ "all", NULL, "yyyyy", false, false, ".....", "1 1 1 1 1" },
	{ "one", NULL, "...y.", false, false, ".....", "0 0 0 1 0" },
	{ "one that somebody had cordoned", foreign_cordon, "...yy", false, false, ".....", "0 0 0 1c 1" },
	{ "what was interrupted", interrupted, "yyyyy", true, false, ".....", "0 0 0 1 1" },
	{ "only where a reboot is pending", one_pending, "yyyyy", true, false, ".....", "0 1 0 0 0" },
	{ "etcd can spare none", member_lost, "y..y.", false, false, "qx...", "0 0 0 1 0" },
	{ "it is asked to spare one all the same", member_lost, "y....", false, true, ".x...", "1 0 0 0 0" },
	{ "a budget forbids it", kept_pods, "...yy", false, false, "...t.", "0 0 0 0 1" },
	{ "one does not come back", never_back, "yyyyy", false, false, "tssss", "1cn 0 0 0 0" },
};

static void test_rows(void)
{
	rack_up();
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char aside[LAB_MACHINES + 1], left[32];
		struct ending out;
		struct lab l;
		bool ok;

		begin(&l);
		if (rows[i].prepare)
			rows[i].prepare(&l);
		run(&l, rows[i].named, rows[i].pending, rows[i].override, rows[i].prepare == never_back ? 300 : 600000,
			&out);
		set_aside(&out, aside);
		told(&l, left);
		ok = CHECK_STR(aside, rows[i].aside);
		ok = CHECK_STR(left, rows[i].left) && ok;
		ok = CHECK(l.most_down <= 1) && ok;
		for (int h = 0; !ok && h < LAB_MACHINES; h++)
			printf("# %s: host %d: %s: %s\n", rows[i].what, h, out.host[h].step, out.host[h].what);
	}
	rack_down();
}

static const struct test tests[] = {
	{ "hosts restart one after the other", test_rows },
};
TEST_MAIN(tests)
