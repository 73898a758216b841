/*
 * The key store takes the next phase of a rotation in the run that has the hosts follow, and not before it: a password that is wrong, or another machine's run, would
 * leave it ahead of them. All hosts have answered then, and what they have is judged once more. Cut right after it, the next run finds hosts that are yet to follow.
 */
#include "steps/rotate.h"

#include "base/clock.h"
#include "base/error.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <string.h>

/* Also by an earlier run that was cut: it is what the operator has agreed to. */
static bool has_turned(const struct world *w)
{
	const struct renew_wish *wish = w->wish.renew;
	static const enum pki_phase after[] = { [PKI_PHASE_ONE] = PKI_PHASE_BOTH,
		[PKI_PHASE_BOTH] = PKI_PHASE_REISSUED,
		[PKI_PHASE_REISSUED] = PKI_PHASE_ONE };

	return pki_store_phase(w->pki.store, wish->issuer) == after[wish->from];
}

bool turn_is_over(const struct world *w)
{
	return !w->wish.renew->turns || !w->pki.store || has_turned(w);
}

enum step_verdict turn_store_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	bool mine;

	task_lock(t);
	mine = !turn_is_over(w) && task_host(t) == w->decided.lead;
	task_unlock(t);
	if (!mine || task_check_only(t))
		return STEP_NOT_HERE;
	if (lock_refused(t, why))
		return STEP_IMPOSSIBLE;
	return step_needed(why, EVIDENCE_RENEW, "key-store", "%s", "the key store takes the next phase");
}

/* With the lock of the task held. */
static int judge(const struct world *w, struct error *err)
{
	static const enum rotate_ask asks[] = {
		[PKI_PHASE_ONE] = ROTATE_BEGIN, [PKI_PHASE_BOTH] = ROTATE_REISSUE, [PKI_PHASE_REISSUED] = ROTATE_FORGET
	};
	const struct renew_wish *wish = w->wish.renew;
	const struct inventory *inv = w->wish.inventory;
	struct rotate_state s;

	for (size_t i = 0; i < inv->host_count; i++) {
		if (!rotate_reaches(wish->issuer, inv->hosts[i].role == INVENTORY_WORKER))
			continue;
		if (!w->locks[i].held || w->locks[i].lost) {
			error_set(err, ERROR_COMMAND,
				"the key store does not take its next phase, as %s is not locked by this run",
				inv->hosts[i].name);
			return error_hint(err, "correct what is reported there, then run the same command again");
		}
		renew_decide(&w->seen.certs[i], inv->hosts[i].role == INVENTORY_WORKER, w->pki.store, wish,
			clock_wall_ms() / 1000, &w->seen.renew[i].plan);
	}
	rotate_see(w, &s);
	s.forced = wish->forced;
	if (s.phase != wish->from) {
		error_set(err, ERROR_LOCKED, "another process has changed the key store meanwhile");
		return error_hint(err, "run the same command again");
	}
	return rotate_next(&rotate_kinds[wish->issuer], asks[wish->from], &s, err) == ROTATE_CHANGES ? 0 : -1;
}

int turn_store_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct renew_wish *wish = w->wish.renew;
	struct error ignored = { 0 };
	struct pki_store *next;
	int rc;

	task_lock(t);
	rc = judge(w, err);
	task_unlock(t);
	if (rc || pki_store_rotate(w->wish.store_dir, w->wish.passphrase, wish->issuer, wish->from, err))
		return -1;
	next = pki_store_open(w->wish.store_dir, w->wish.passphrase, err);
	if (!next)
		return error_wrap(err, "the key store has taken its next phase, and cannot be read");
	task_lock(t);
	/* what was lent of it is still in use */
	w->pki.earlier = w->pki.store;
	w->pki.store = next;
	w->seen.told = ROTATE_TOLD_UNKNOWN;
	w->seen.trusting = (struct trusting){ .asked = false };
	w->seen.tokens = (struct tokens){ .asked = false };
	task_unlock(t);
	/* what is not known is asked again before anything is published */
	ask_trust_apply(t, &ignored);
	return 0;
}
