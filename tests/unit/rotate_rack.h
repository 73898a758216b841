/*
 * Runs of `certs rotate` over machines that keep what is done to them, of the CA or key that `wish` names.
 */
#ifndef TESTS_UNIT_ROTATE_RACK_H
#define TESTS_UNIT_ROTATE_RACK_H

#include "steps/rotate.h"
#include "tests/test.h"
#include "tests/unit/fake_rack.h"

#include "base/error.h"
#include "cluster/rotate.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <string.h>

#define DAY 86400
static struct renew_wish wish = { .rotates = true };
/* Ends what hangs: a run that goes well never comes to it, however slow the machine. Less where one waits for it. */
static int64_t verify_ms = 60000;

struct ending {
	struct error host[LAB_MACHINES]; /* kind ERROR_NONE: not set aside */
	struct rotate_state state;
	unsigned done;
};

static inline void run_on(struct lab *l, unsigned hosts, bool check_only, struct ending *out)
{
	const struct plan *plan = &plans[PLAN_ROTATE];
	struct engine *e;
	struct world w;

	rack_world(&w);
	w.wish.verify_ms = verify_ms;
	w.wish.take_lock = !check_only;
	w.wish.renew = &wish;
	l->renewals[0] = '\0';
	rack_serve(l, w.pki.store);
	e = rack_run(l, &w,
		(struct engine_config){ .steps = plan->steps, .step_count = plan->count, .check_only = check_only },
		hosts);
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < LAB_MACHINES; i++) {
		if (engine_host_error(e, i))
			out->host[i] = *engine_host_error(e, i);
		out->done += w.seen.renew[i].done;
	}
	rotate_see(&w, &out->state);
	engine_free(e);
	world_release(&w);
}

static inline void run(struct lab *l, bool check_only, struct ending *out)
{
	run_on(l, 31, check_only, out);
}

static inline bool nobody_aside(const struct ending *o)
{
	bool ok = true;

	for (int i = 0; i < LAB_MACHINES; i++)
		if (!CHECK_INT(o->host[i].kind, ERROR_NONE)) {
			printf("# host %d: %s: %s\n", i, o->host[i].step, o->host[i].what);
			ok = false;
		}
	return ok;
}

static inline void go_on(enum pki_phase from)
{
	struct error err = { 0 };
	char dir[96];

	snprintf(dir, sizeof(dir), "%s/pki", rack_dir);
	if (!CHECK_INT(pki_store_rotate(dir, NULL, wish.issuer, from, &err), 0))
		printf("# %s\n", err.what);
}

static inline void begin(struct lab *l, enum pki_issuer issuer)
{
	rack_up();
	rack_cluster(l);
	lab_certs(l, rack_store, -30 * DAY, 335 * DAY);
	wish.issuer = issuer;
	strcpy(l->given[SETTINGS_CONTROL_PLANE].text,
		"apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n"
		"controlPlaneEndpoint: 10.0.0.100:6443\nkubernetesVersion: v1.36.2\n");
}

static inline void end(struct lab *l)
{
	lab_certs_gone(l);
	rack_down();
}

#endif
