/*
 * A cluster on the way from one version to another, as probe and survey would have seen it, and a task for each host:
 * for what judges by the world alone. No engine runs.
 */
#ifndef TESTS_UNIT_FAKE_UPGRADE_H
#define TESTS_UNIT_FAKE_UPGRADE_H

#include "base/error.h"
#include "engine/private.h"
#include "steps/steps.h"

#define UPGRADE_HOSTS 5 /* cp1, cp2, cp3, w1, w2 */

struct fake_upgrade {
	/* a letter per host:
	 *  o old
	 *  c kubeadm's part is done; a: it was `apply` here
	 *  n all is done; A: it was `apply` here
	 *  j joined with the new version
	 *  d kubeadm died after it had exchanged the static Pods; D: and the kubelet is new all the same
	 *  b all was done, and the static Pods are the old ones again
	 *  ? old by its Node, and could not be looked at
	 *  - no Node, nothing installed
	 *  x old, and its Node has another address
	 *  z old, and installed for another cluster
	 */
	const char *hosts;
	const char *from, *to;
	const char *stored; /* version in kubeadm-config; NULL: from */
	const char *wanted; /* of the inventory; NULL: to */
	/* a letter per host: u by an upgrade, r its pods are evicted in this run, s by somebody else; NULL: none */
	const char *cordoned;
	const char *more; /* of the inventory, before its hosts; NULL: nothing */

	struct inventory *inventory;
	struct world w;
	struct engine e;
	struct task tasks[UPGRADE_HOSTS];
};
/* Makes the rest of what is set above; ends the test when it cannot. decided.version is `to`. */
void fake_upgrade_open(struct fake_upgrade *u);
void fake_upgrade_close(struct fake_upgrade *u);
/* A letter per host: 'y' where fn says so, else '.'. */
void fake_upgrade_mask(const struct fake_upgrade *u, bool (*fn)(const struct world *w, int host), char out[8]);

#endif
