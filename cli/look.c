/* What check, plan, status and logs share: a run that changes nothing and prints nothing by itself. */
#include "cli/run.h"

#include "inventory/inventory.h"

#include <string.h>

int cli_look(struct cli_run *r, enum cli_kind kind, const struct cli_options *o, event_fn *observer, void *ctx)
{
	struct error err = { 0 };
	int status;

	if (cli_run_load(r, o, &err) || cli_run_open(r, kind, &err))
		goto fail;
	r->plain = plain_new(stdout, stderr, &r->config, &r->progress, PLAIN_QUIET, o->verbose);
	plain_findings(r->plain, r->world.findings);
	engine_observe(r->engine, plain_event, r->plain);
	if (observer)
		engine_observe(r->engine, observer, ctx);
	if (cli_run_execute(r, &err))
		goto fail;
	struct engine_result result;
	engine_result(r->engine, &result);
	/* keys that were not asked for */
	if (r->world.store && r->world.store_from >= 0)
		fprintf(stderr, "note: took the cluster's CAs and their keys from %s into %s\n",
			r->inventory->hosts[r->world.store_from].name, r->world.store_dir);
	if (!result.cancelled)
		return 0;
	error_set(&err, ERROR_CANCELLED, "cancelled; nothing was changed");
fail:
	status = cli_fail(&err);
	cli_run_release(r);
	return status;
}

int cli_look_errors(const struct cli_run *r, bool preflight)
{
	return cli_look_errors_but(r, preflight, true);
}

int cli_look_errors_but(const struct cli_run *r, bool preflight, bool decision)
{
	bool decided = false;
	int status = 0;

	fflush(stdout);
	for (size_t i = 0; i < r->config.host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);
		struct error shown;
		/* of the cluster, which every control plane carries alike */
		bool decision_of_all = e && e->code == REFUSAL_DECISION;

		if (!e || (e->kind == ERROR_PREFLIGHT && !preflight))
			continue;
		if (status == 0)
			status = error_exit_code(e->kind);
		shown = *e;
		if (decision_of_all && !decision && e->kind != ERROR_INVENTORY)
			continue;
		if (decision_of_all) {
			shown.host[0] = shown.step[0] = '\0';
			if (decided)
				continue;
			decided = true;
		}
		if (e->kind == ERROR_PREFLIGHT)
			shown.detail[0] = shown.hint[0] = '\0';
		cli_error_print(stderr, &shown);
		if (e->kind == ERROR_PREFLIGHT)
			cli_findings_print(stderr, &r->world.findings[i], true);
	}
	return status;
}
