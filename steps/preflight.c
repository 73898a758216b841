/* The host's findings: notices for warnings, an error that sets the host aside for the rest. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"

#include <stdio.h>

enum step_verdict preflight_check(struct task *t, struct error *why)
{
	struct world *w = world_of(t);
	int host = task_host(t);
	bool installed = world_installed(&w->seen.hosts[host]);
	unsigned errors = 0;
	struct str detail = STR_INIT;
	char first[sizeof(why->what)] = "", name[sizeof(w->seen.findings->list->name)] = "",
	     remedy[sizeof(why->hint)] = "";

	task_lock(t);
	findings_release(&w->seen.findings[host]);
	findings_preflight(
		w->wish.inventory, w->seen.hosts, &w->seen.identities, host, !installed, &w->seen.findings[host]);
	task_unlock(t);
	for (size_t i = 0; i < w->seen.findings[host].count; i++) {
		const struct finding *f = &w->seen.findings[host].list[i];

		if (f->level == FINDING_WARNING || f->ignored) {
			/* said when the host was installed; 'check' and 'status' say it again, every apply must not */
			if (!installed)
				task_notice(t, NOTICE_FINDING, f->name, "%s: %s%s", f->name, f->what,
					f->ignored ? " (ignored by the inventory)" : "");
			continue;
		}
		if (errors++ == 0) {
			snprintf(name, sizeof(name), "%s", f->name);
			snprintf(first, sizeof(first), "%s: %s", f->name, f->what);
			snprintf(remedy, sizeof(remedy), "%s", f->remedy);
		}
		str_addf(&detail, "%s: %s\n  why: %s\n  remedy: %s\n", f->name, f->what, f->why, f->remedy);
	}
	if (errors) {
		error_refuse(
			why, ERROR_PREFLIGHT, REFUSAL_PREFLIGHT, name, "%s%s", first, errors > 1 ? ", and more" : "");
		error_hint(why, "%s", remedy);
		error_detail(why, detail.buf);
	}
	str_release(&detail);
	return errors ? STEP_IMPOSSIBLE : STEP_DONE;
}
