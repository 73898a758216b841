/* kubewright reboot: one control plane at a time, pods gone before and let back after, nothing twice, nothing that etcd cannot spare. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

enum { W1 = 3 };

/* A whole cluster, with pods on w1; each host stops for a while and is away for two logins. */
static void begin(struct lab *l)
{
	rack_cluster(l);
	l->applied = true;
	for (int i = 0; i < LAB_MACHINES; i++) {
		l->machines[i].shuts = 1;
		l->machines[i].away = 2;
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
	bool reboot[LAB_MACHINES];
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.drain_timeout_s = 1;
	w.wish.verify_ms = 100;
	w.wish.reboot_ms = reboot_ms;
	w.wish.reboot_try_ms = 1;
	w.wish.reboot = reboot;
	w.wish.pending = pending;
	w.wish.override_quorum = override;
	for (int i = 0; i < LAB_MACHINES; i++)
		reboot[i] = named[i] == 'y';
	e = rack_run(l, &w,
		(struct engine_config){ .steps = plan->steps,
			.step_count = plan->count,
			.sections = plan->sections,
			.section_count = plan->section_count },
		31);
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

static void cannot_ask(struct lab *l)
{
	l->forbids = 7;
}

static void held(struct lab *l)
{
	for (int i = 0; i < 3; i++)
		snprintf(l->machines[i].lock, sizeof(l->machines[i].lock), "r0");
}

static void uncordoned_since(struct lab *l)
{
	l->machines[W1].boots = l->machines[W1].node_boots = 1;
	snprintf(l->machines[W1].reboot_note, sizeof(l->machines[W1].reboot_note), "boot-3-0");
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
	{ "the cluster cannot be asked", cannot_ask, "yyyyy", false, false, "xxxxx", "0 0 0 0 0" },
	{ "another run holds the control planes", held, "...yy", false, false, "xxxxx", "0 0 0 0 0" },
	{ "an old note, and pods since", uncordoned_since, "...y.", false, false, ".....", "0 0 0 2 0" },
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
