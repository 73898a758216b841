/* A run from its beginning to its end: of the commands that change something, and of those that only look. */
#include "cli/run.h"

#include "base/alloc.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

int cli_may_confirm(const struct cli_options *o, const char *why, struct error *err)
{
	if (o->yes || (cli_can_ask() && !o->json))
		return 0;
	error_set(err, ERROR_USAGE, "%s, and there is no terminal to ask on", why);
	return error_hint(err, "confirm it with --yes");
}

int cli_confirm_name(const struct cli_run *r, const char *tell, const char *why, struct error *err)
{
	char *prompt, line[128];
	bool right;

	if (cli_may_confirm(r->options, why, err))
		return -1;
	/* who overrides a refusal is asked in any case, if anybody is there */
	if (r->options->yes && !(r->options->override_quorum && cli_can_ask() && !r->options->json))
		return 0;
	prompt = xasprintf("%s\nType the cluster's name to continue: ", tell);
	right = cli_ask_line(prompt, line, sizeof(line), -1) && strcmp(line, r->inventory->cluster) == 0;
	free(prompt);
	return right ? 0 : error_set(err, ERROR_CANCELLED, "not confirmed; nothing was changed");
}

int cli_confirm_yes(const struct cli_options *o, const char *question, const char *why, struct error *err)
{
	if (cli_may_confirm(o, why, err))
		return -1;
	if (o->yes || cli_ask_answer(question, "no|yes", -1) == 1)
		return 0;
	return error_set(err, ERROR_CANCELLED, "not confirmed; nothing was changed");
}

/* Whose run it is, is agreed to or refused before anything is opened. */
static int named(struct cli_run *r, const struct cli_run_kind *kind, struct error *err)
{
	if (!kind->names)
		return 0;
	r->named = cli_named_hosts(r, kind->names, err);
	return r->named ? cli_run_choose(r, kind, err) : -1;
}

void cli_run_narrow(struct cli_run *r, const bool *named)
{
	r->chosen_count = 0;
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		bool control_plane = r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE;

		r->chosen[i] = r->chosen[i] && (control_plane || named[i]);
		r->chosen_count += r->chosen[i];
	}
}

/* The others are not contacted. */
static void only_named(struct cli_run *r)
{
	r->chosen_count = 0;
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		r->chosen[i] = r->chosen[i] && r->named[i];
		r->chosen_count += r->chosen[i];
	}
}

int cli_run_choose(struct cli_run *r, const struct cli_run_kind *kind, struct error *err)
{
	if (kind->plan->flags & PLAN_REBOOTS || (kind->plan->flags & PLAN_RENEWS && r->options->arg_count))
		cli_run_narrow(r, r->named);
	if (kind->plan->flags & PLAN_NAMED && r->options->arg_count)
		only_named(r);
	return kind->plan->flags & PLAN_LEAVES ? cli_remove_choose(r, r->named, err) : 0;
}

static int run(struct cli_run *r, enum cli_kind kind, const struct cli_options *o, const struct cli_change *c,
	struct error *err)
{
	if (cli_run_load(r, o, err) || named(r, &cli_kinds[kind], err) || (c->confirm && c->confirm(r, err)) ||
		cli_run_open(r, kind, err))
		return -1;
	cli_run_show(r);
	if (c->begin)
		c->begin(r);
	return cli_run_execute(r, err);
}

int cli_run_change(const struct cli_options *o, enum cli_kind kind, const struct cli_change *c)
{
	struct error err = { 0 };
	struct cli_run r;
	int status = run(&r, kind, o, c, &err) ? cli_fail(&err) : c->report(&r);

	cli_run_release(&r);
	return status;
}

/* A look changes nothing, but for that; its notices are not shown. */
static void tell_drills(const struct cli_run *r)
{
	char text[160];

	for (size_t i = 0; i < r->inventory->host_count; i++) {
		drill_left_words(cluster_fact(&r->world.seen.hosts[i], "drill"), text, sizeof(text));
		if (*text)
			fprintf(stderr, "note: %s: %s\n", r->inventory->hosts[i].name, text);
	}
}

int cli_look(struct cli_run *r, enum cli_kind kind, const struct cli_options *o)
{
	struct engine_result result = { 0 };
	struct error err = { 0 };
	int rc = run(r, kind, o, &(struct cli_change){ 0 }, &err), status;

	if (rc == 0)
		engine_result(r->engine, &result);
	/* keys that were not asked for */
	if (rc == 0 && r->world.pki.store && r->world.pki.from >= 0)
		fprintf(stderr, "note: copied the cluster's CAs and their keys from %s to %s\n",
			r->inventory->hosts[r->world.pki.from].name, r->world.wish.store_dir);
	if (rc == 0)
		tell_drills(r);
	if (result.cancelled)
		rc = error_set(&err, ERROR_CANCELLED, "cancelled; nothing was changed");
	if (rc == 0)
		return 0;
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
		bool decision_of_all = decide_refused(&r->world, e);

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
			cli_findings_print(stderr, &r->world.seen.findings[i], true);
	}
	return status;
}
