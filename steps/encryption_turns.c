/*
 * The turns in which API servers get another file for the encryption of Secrets: each is a change of the control plane's settings like any other, and none begins before
 * all of them have had the one before.
 */
#include "steps/encryption.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "steps/settings.h"

#include <stdio.h>

/* The verdict of settings_look, unless the turn cannot begin. */
static enum step_verdict look(struct task *t, enum encryption_turn turn, struct error *why)
{
	struct world *w = world_of(t);
	char text[300];
	bool stays;

	/* a look shows the first one, and what is to be written again */
	if (task_check_only(t) && turn > ENCRYPTION_FIRST)
		return STEP_NOT_HERE;
	task_lock(t);
	encryption_begin_turn(w, turn);
	stays = w->decided.encryption.stays;
	snprintf(text, sizeof(text), "%s", w->decided.encryption.why);
	task_unlock(t);
	if (!stays || task_check_only(t))
		return settings_look(t, &settings_control_plane, why);
	error_refuse(why, ERROR_COMMAND, REFUSAL_ENCRYPTION, NULL,
		"how Secrets lie in etcd is not changed further, as %s", text);
	error_hint(why, "bring that control plane back, or correct it, and run the same command again; it continues");
	return STEP_IMPOSSIBLE;
}

/* Settings, with the first turn; then, by the same means, whether the host has the keys of the CAs and signs. */
enum step_verdict components_check(struct task *t, struct error *why)
{
	enum step_verdict settings = look(t, ENCRYPTION_FIRST, why);

	return settings == STEP_NOT_HERE ? custody_check(t, why) : settings;
}

enum step_verdict encryption_check(struct task *t, struct error *why)
{
	return look(t, ENCRYPTION_SECOND, why);
}

enum step_verdict encrypted_check(struct task *t, struct error *why)
{
	return look(t, ENCRYPTION_LAST, why);
}

enum step_verdict rewrite_secrets_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	struct encryption_state s;
	bool done;

	if (w->decided.lead != task_host(t))
		return STEP_NOT_HERE;
	task_lock(t);
	encryption_see(w, &s);
	done = w->decided.encryption.rewritten;
	task_unlock(t);
	if (!encryption_due(&s) || w->wish.rejoin ||
		(!task_check_only(t) && (done || !s.all || s.step != ENCRYPTION_REWRITE)))
		return STEP_NOT_HERE;
	return step_needed(why, EVIDENCE_ENCRYPTION, "rewrite", "writes every Secret again, %s",
		!w->wish.inventory->security.encrypt_secrets ? "without encryption"
							     : "encrypted with the key of the key store");
}

int rewrite_secrets_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	struct encryption_state s;

	task_lock(t);
	encryption_see(w, &s);
	task_unlock(t);
	if (encryption_rewrite(t, s.now.by[0], err))
		return -1;
	task_lock(t);
	w->decided.encryption.rewritten = true;
	task_unlock(t);
	return 0;
}
