/*
 * Secrets encrypted in etcd (security.encrypt-secrets): the file that API servers read for it, and the turns in which
 * it changes. In each one all control planes get the same file, one after the other, and none begins before every
 * living API server runs with the file of the one before: so that each can read at any time what any other one writes.
 */
#ifndef STEPS_ENCRYPTION_H
#define STEPS_ENCRYPTION_H

#include "cluster/encryption.h"
#include "steps/steps.h"

#include <stdbool.h>

struct error;
struct items;

struct encryption_state {
	bool known;   /* what the cluster's configuration says */
	bool foreign; /* it is somebody else's: it stays unchanged */
	/* what the configuration says, and what comes after it, by `step` */
	struct encryption now, next;
	enum encryption_step step;
	bool all;    /* every API server that there is runs with `now` */
	bool unseen; /* … or not, as some control plane was not looked at */
	char why[300]; /* which one does not, in words; "": all do */
	char other[300]; /* of `foreign`: where, in words */
};
/* By what was seen, and the rest of this group with the task's lock held. */
void encryption_see(const struct world *w, struct encryption_state *s);
/* Whether something is to change. */
bool encryption_due(const struct encryption_state *s);

/*
 * By decide: refuses what cannot be done, and makes the key when there is none yet and something changes. The first
 * turn is then known.
 */
int encryption_decide(struct task *t, struct error *err);
/* Of an upgrade, for which kubeadm names the file of kubeadm-config: who has not had its turn has no such file. */
int encryption_refuse_upgrade(const struct world *w, struct error *err);
/* The file that API servers are to read in this turn, "": none; false: not known, so that they keep what they have. */
bool encryption_aim(const struct world *w, char path[ENCRYPTION_PATH]);
/* The files of a control plane: that one, and those that its API server reads, or is going to read when it joins. */
void encryption_items(const struct world *w, int host, struct items *out);

/* By decide, and by the steps components, encryption and encrypted; before the last one Secrets are written again. */
enum encryption_turn { ENCRYPTION_DECIDED = 1, ENCRYPTION_FIRST, ENCRYPTION_SECOND, ENCRYPTION_LAST };
/* Once each: what is begun is ended before anything else begins. Sets decided.encryption. */
void encryption_begin_turn(struct world *w, enum encryption_turn turn);

/* ---- encryption_rewrite.c ---- */
/* Writes every Secret again, and asks etcd that none is left which another provider has written. */
int encryption_rewrite(struct task *t, const char *by, struct error *err);

#endif
