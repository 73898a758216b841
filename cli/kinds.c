/* What can be run: by commands, by the wizard and by its Dashboard. */
#include "cli/run.h"

const struct cli_run_kind cli_kinds[KIND_COUNT] = {
	[KIND_CHECK] = { "check", &plans[PLAN_CHECK], 0, NULL },
	[KIND_PLAN] = { "plan", &plans[PLAN_INSTALL], RUN_CNI | RUN_TEXTS, NULL },
	[KIND_APPLY] = { "apply", &plans[PLAN_INSTALL], RUN_CHANGES | RUN_CNI | RUN_RETRIES, NULL },
	[KIND_STATUS] = { "status", &plans[PLAN_INSTALL], RUN_HEALTH, NULL },
	[KIND_REPAIR_LOOK] = { "repair", &plans[PLAN_REPAIR], RUN_TEXTS | RUN_HEALTH, NULL },
	[KIND_REPAIR_PLAN] = { "repair", &plans[PLAN_REPAIR], RUN_CNI | RUN_TEXTS | RUN_HEALTH, NULL },
	[KIND_REPAIR] = { "repair", &plans[PLAN_REPAIR], RUN_CHANGES | RUN_CNI | RUN_HEALTH | RUN_RETRIES, NULL },
	[KIND_REJOIN_PLAN] = { "rejoin", &plans[PLAN_REJOIN], RUN_CNI | RUN_TEXTS, "join again" },
	[KIND_REJOIN] = { "rejoin", &plans[PLAN_REJOIN], RUN_CHANGES | RUN_CNI | RUN_RETRIES, "join again" },
	[KIND_REMOVE_PLAN] = { "remove", &plans[PLAN_REMOVE], 0, "leave" },
	[KIND_REMOVE] = { "remove", &plans[PLAN_REMOVE], RUN_CHANGES | RUN_RETRIES, "leave" },
	[KIND_REMEDY] = { "remedy", &plans[PLAN_REMEDY], RUN_CHANGES, NULL },
	[KIND_RESET_LOOK] = { "reset", &plans[PLAN_LOOK], 0, NULL },
	[KIND_RESET] = { "reset", &plans[PLAN_RESET], RUN_CHANGES, NULL },
	[KIND_UNLOCK_LOOK] = { "unlock", &plans[PLAN_LOOK], 0, NULL },
	[KIND_MEMBERS] = { "etcd", &plans[PLAN_MEMBERS], 0, NULL },
	[KIND_SNAPSHOT] = { "etcd", &plans[PLAN_SNAPSHOT], 0, NULL },
	[KIND_RESTORE] = { "etcd restore", &plans[PLAN_RESTORE], RUN_CHANGES, NULL },
	[KIND_LOGS] = { "logs", &cli_plan_logs, 0, NULL },
};

/* Whose run it is, is agreed to or refused before anything is opened. */
static int named(struct cli_run *r, const struct cli_run_kind *kind, struct error *err)
{
	if (!kind->names)
		return 0;
	r->named = cli_named_hosts(r, kind->names, err);
	return r->named ? cli_run_choose(r, kind, err) : -1;
}

int cli_run_choose(struct cli_run *r, const struct cli_run_kind *kind, struct error *err)
{
	return kind->plan->flags & PLAN_LEAVES ? cli_remove_choose(r, r->named, err) : 0;
}

int cli_run_change(const struct cli_options *o, enum cli_kind kind, const struct cli_change *c)
{
	struct error err = { 0 };
	struct cli_run r;
	int status;

	if (cli_run_load(&r, o, &err) || named(&r, &cli_kinds[kind], &err) || (c->confirm && c->confirm(&r, &err)) ||
		cli_run_open(&r, kind, &err)) {
		status = cli_fail(&err);
	} else {
		cli_run_show(&r);
		if (c->begin)
			c->begin(&r);
		status = cli_run_execute(&r, &err) ? cli_fail(&err) : c->report(&r);
	}
	cli_run_release(&r);
	return status;
}
