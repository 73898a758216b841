/* The safe remedies of findings that apply does not fix: what an operator would type on the host, and what touches nothing of Kubernetes. */
#include "steps/steps.h"

#include "base/error.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <stdio.h>
#include <string.h>

static const char *const remedy_words[] = { "remedied", "error", "hint", NULL };

static const struct {
	const char *finding, *sentence;
} remedies[] = {
	{ "duplicate-machine-id",
		"makes a new /etc/machine-id on this host; services that read it at their start see it after a "
		"reboot" },
	{ "duplicate-hostname", "sets the host name to the name in the inventory" },
};

const char *remedy_sentence(const char *finding)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (strcmp(remedies[i].finding, finding) == 0)
			return remedies[i].sentence;
	return NULL;
}

enum step_verdict remedy_check(struct task *t, struct error *why)
{
	const char *finding = world_of(t)->wish.remedy, *sentence = remedy_sentence(finding),
		   *name = world_host(t)->name;

	if (!sentence) {
		error_refuse(why, ERROR_USAGE, REFUSAL_NO_REMEDY, finding, "there is no safe remedy for %s", finding);
		return STEP_IMPOSSIBLE;
	}
	/* a Node is known by these: of a living one they stay */
	if (world_installed(world_facts(t))) {
		error_refuse(why, ERROR_PREFLIGHT, REFUSAL_LIVING, name, "%s is part of a living cluster", name);
		error_hint(why, "drain and reset the host first, or fix it by hand");
		return STEP_IMPOSSIBLE;
	}
	return step_needed(why, EVIDENCE_FINDING, finding, "%s", sentence);
}

int remedy_apply(struct task *t, struct error *err)
{
	const struct remote_param params[] = { { "finding", world_of(t)->wish.remedy } };

	return world_script(t, "remedy", host_script_remedy, params, 1, remedy_words, NULL, SCRIPT_CHANGE_MS, err);
}
