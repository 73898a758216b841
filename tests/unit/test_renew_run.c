/* `certs renew` over machines that keep what is done to them: what comes after what, also when everything has expired. */
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/clock.h"
#include "base/error.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400

struct ending {
	struct error host[LAB_MACHINES]; /* kind ERROR_NONE: not set aside */
	unsigned done, restarted[LAB_MACHINES], left, verified;
};

static const struct renew_wish all;

static void run(struct lab *l, const struct renew_wish *wish, const bool *hosts, bool check_only, struct ending *out)
{
	const struct plan *plan = &plans[PLAN_RENEW];
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.verify_ms = 1000;
	w.wish.take_lock = !check_only;
	w.wish.renew = wish;
	w.wish.renew_hosts = hosts;
	l->renewals[0] = '\0';
	e = rack_run(l, &w,
		(struct engine_config){ .steps = plan->steps, .step_count = plan->count, .check_only = check_only },
		31);
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < LAB_MACHINES; i++) {
		if (engine_host_error(e, i))
			out->host[i] = *engine_host_error(e, i);
		out->done += w.seen.renew[i].done;
		out->restarted[i] = w.seen.renew[i].restarted;
		out->left += renew_count(&w.seen.renew[i].plan, RENEW_DUE, RENEW_STAGES) +
			     (w.seen.renew[i].plan.restarts != 0);
	}
	out->verified = w.seen.quorum.healthy;
	engine_free(e);
	world_release(&w);
	for (int i = 0; i < LAB_MACHINES && !check_only && l->dead < 0; i++)
		CHECK(strcmp(l->machines[i].lock, "r1") != 0);
}

static bool nobody_aside(const struct ending *o)
{
	bool ok = true;

	for (int i = 0; i < LAB_MACHINES; i++)
		if (!CHECK_INT(o->host[i].kind, ERROR_NONE)) {
			printf("# host %d: %s: %s\n", i, o->host[i].step, o->host[i].what);
			ok = false;
		}
	return ok;
}

static void all_good(const struct lab *l)
{
	for (int i = 0; i < LAB_MACHINES; i++)
		for (size_t k = 0; k < RENEW_KINDS; k++)
			if (!CHECK(lab_cert_good(&l->machines[i], renew_kinds[k].name)))
				printf("# %s of machine %d\n", renew_kinds[k].name, i);
}

static void begin(struct lab *l, int64_t from_s, int64_t to_s)
{
	rack_cluster(l);
	lab_certs(l, rack_store, from_s, to_s);
}

#define WORKERS "w1:kubelet w2:kubelet"

/* Only what must restarts, and one control plane after the other; again it has nothing to do. */
static void test_whole(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l, -30 * DAY, 335 * DAY);
	run(&l, &all, NULL, true, &out);
	nobody_aside(&out);
	CHECK_STR(l.renewals, "");
	CHECK_INT(out.left, 33);
	run(&l, &all, NULL, false, &out);
	nobody_aside(&out);
	CHECK_STR(l.renewals, "cp1:etcd cp2:etcd cp3:etcd cp1:servers cp2:servers cp3:servers");
	CHECK_INT(out.done, 30);
	CHECK_INT(out.left, 0);
	CHECK_INT(out.restarted[1], RENEW_READER_MANAGER | RENEW_READER_SCHEDULER);
	CHECK_INT(out.restarted[3], 0);
	CHECK_INT(out.verified, 3);
	run(&l, &all, NULL, false, &out);
	nobody_aside(&out);
	CHECK_STR(l.renewals, "");
	lab_certs_gone(&l);
	rack_down();
}

static unsigned asked_before;

/* How often an API server was asked before anything was renewed; then they answer. */
static void booted(struct lab *l, int machine, const char *job)
{
	(void)machine, (void)job;
	if (l->booting)
		asked_before = 99 - l->booting;
	l->booting = 0;
}

/*
 * etcd's everywhere, then etcd, then the API servers, then the kubelets; no API server answers before, and though their
 * hosts have just started, none is waited for.
 */
static void test_expired(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l, -366 * DAY, -DAY);
	l.booting = 99;
	l.on_renew = booted;
	asked_before = 99;
	run(&l, &all, NULL, false, &out);
	CHECK_INT(asked_before, 0);
	nobody_aside(&out);
	CHECK_STR(l.renewals,
		"cp1:etcd cp2:etcd cp3:etcd cp1:restart cp2:restart cp3:restart cp1:servers cp2:servers cp3:servers "
		"w1:kubelet w2:kubelet");
	CHECK_INT(out.done, 35);
	CHECK_INT(out.left, 0);
	CHECK_INT(out.verified, 3);
	for (int i = 0; i < LAB_MACHINES; i++) {
		CHECK_STR(l.machines[i].restart, "");
		CHECK_INT(out.restarted[i], i < 3 ? 31 : RENEW_READER_KUBELET);
	}
	all_good(&l);
	lab_certs_gone(&l);
	rack_down();
}

/* ---- some of them --------------------------------------------------------------------------------------------------- */

static void test_chosen(void)
{
	static const bool cp2_w1[LAB_MACHINES] = { [1] = true, [3] = true };
	struct renew_wish wish = { 0 };
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l, -30 * DAY, 335 * DAY);
	wish.kinds = 1u << (renew_kind_find("front-proxy-client") - renew_kinds);
	run(&l, &wish, NULL, false, &out);
	nobody_aside(&out);
	CHECK_STR(l.renewals, "cp1:servers cp2:servers cp3:servers");
	CHECK_INT(out.restarted[0], 0);
	wish.kinds = 1u << (renew_kind_find("kubelet") - renew_kinds);
	run(&l, &wish, cp2_w1, false, &out);
	nobody_aside(&out);
	CHECK_STR(l.renewals, "cp2:kubelet w1:kubelet");
	CHECK_INT(out.done, 2);
	wish = (struct renew_wish){ .days = 30 };
	run(&l, &wish, NULL, false, &out);
	CHECK_STR(l.renewals, "");
	lab_certs_gone(&l);
	rack_down();
}

/* ---- interrupted ---------------------------------------------------------------------------------------------------- */

static void lose_second(struct lab *l, int machine, const char *job)
{
	if (machine == 1 && strcmp(job, "renew-servers") == 0)
		l->dead = 1;
}

/* What was placed is new, and who has yet to restart because of it still does. */
static void test_continued(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l, -30 * DAY, 335 * DAY);
	l.on_renew = lose_second;
	run(&l, &all, NULL, false, &out);
	CHECK_INT(out.host[1].kind, ERROR_CONNECT);
	CHECK_INT(out.host[2].code, REFUSAL_RENEW);
	CHECK_STR(l.renewals, "cp1:etcd cp2:etcd cp3:etcd cp1:servers cp2:servers");
	l.on_renew = NULL;
	l.dead = -1;
	snprintf(l.machines[1].lock, sizeof(l.machines[1].lock), "%s", "");
	/* it had noted that they must restart, and did not come to it */
	snprintf(l.machines[1].restart, sizeof(l.machines[1].restart), "kube-scheduler");
	run(&l, &all, NULL, false, &out);
	nobody_aside(&out);
	CHECK_STR(l.renewals, "cp2:servers cp3:servers");
	CHECK_INT(out.restarted[1], RENEW_READER_SCHEDULER);
	CHECK_INT(out.done, 6);
	lab_certs_gone(&l);
	rack_down();
}

/* A member that is down: etcd's others keep running with their new certificates, as the quorum would go with one of them. */
static void test_spared(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l, -30 * DAY, 335 * DAY);
	l.machines[2].have = "kubelet-conf admin-conf etcd-data ca-crt";
	snprintf(l.machines[0].restart, sizeof(l.machines[0].restart), "etcd");
	run(&l, &(const struct renew_wish){ .kinds = 1u << 4 }, NULL, false, &out);
	CHECK_STR(l.renewals, "cp1:etcd cp2:etcd cp3:etcd cp1:servers cp2:servers cp3:servers");
	CHECK_STR(l.machines[0].restart, "etcd");
	CHECK_INT(out.left, 1);
	lab_certs_gone(&l);
	rack_down();
}

/* Another run has the control planes; another cluster's keys. */
static void test_refused(void)
{
	struct ending out;
	struct lab l;

	rack_up();
	begin(&l, -366 * DAY, -DAY);
	for (int i = 0; i < 3; i++)
		snprintf(l.machines[i].lock, sizeof(l.machines[i].lock), "r0");
	run(&l, &all, NULL, false, &out);
	CHECK_STR(l.renewals, "");
	CHECK_INT(out.host[0].kind, ERROR_LOCKED);
	lab_certs_gone(&l);
	rack_down();
}

static const struct test tests[] = {
	{ "a whole cluster", test_whole },
	{ "everything has expired", test_expired },
	{ "some of them", test_chosen },
	{ "interrupted and continued", test_continued },
	{ "a quorum that would be lost", test_spared },
	{ "locked", test_refused },
};
TEST_MAIN(tests)
