/* kubewright etcd disarm: shows the alarms, and clears those of a lack of space when there is space again. */
#include "cli/etcd.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

static void print_json(const struct cli_run *r, const struct engine_result *result, int status)
{
	struct json *j = json_summary(r, result, status), *cleared;
	const struct seen *seen = &r->world.seen;
	struct str line = STR_INIT;
	struct quorum_view v;

	quorum_merge(seen->etcd, r->inventory->host_count, &v);
	cleared = seen->cleared.known ? cli_alarms_json(&v, &seen->cleared) : json_array();
	json_set(j, "alarms", cli_alarms_json(&v, &seen->alarms));
	json_set(j, "cleared", cleared);
	json_write(j, &line);
	puts(line.buf);
	json_free(j);
	str_release(&line);
}

static int report(const struct cli_run *r)
{
	bool done = cli_run_did(r, "disarm");
	struct engine_result result;
	int status;

	engine_result(r->engine, &result);
	status = cli_exit_status(result.cancelled, done, cli_hosts_left(r), done ? NULL : cli_run_error(r, &result));
	if (!done && status == 0)
		status = error_exit_code(ERROR_COMMAND);
	if (r->options->json)
		return print_json(r, &result, status), status;
	cli_summary(r, &result);
	if (done)
		puts("\netcd has no alarm and accepts writes");
	else
		puts("\nnext: fix the error above and run 'kubewright etcd disarm' again");
	return status;
}

/* 0: what is raised may be cleared; *none: nothing is. */
static int judge(const struct cli_run *r, bool *none)
{
	int64_t quotas[QUORUM_MEMBERS] = { 0 };
	const struct space_alarms *alarms = &r->world.seen.alarms;
	struct error err = { 0 };
	struct quorum_view v;
	int through = quorum_merge(r->world.seen.etcd, r->inventory->host_count, &v);

	if (through < 0)
		return cli_etcd_silent(r);
	if (!r->options->json)
		cli_etcd_print(r, &v, through);
	*none = alarms->known && !alarms->count;
	world_quotas(&r->world, &v, quotas);
	if (*none || space_may_disarm(&v, alarms, quotas, &err) == 0)
		return 0;
	error_wrap(&err, "etcd's alarms stay");
	return cli_fail(&err);
}

static int look(const struct cli_options *o, bool *none)
{
	struct engine_result result;
	struct cli_run r;
	int status = cli_look(&r, KIND_DISARM_LOOK, o);

	if (status)
		return status;
	status = judge(&r, none);
	if (status == 0 && *none && o->json) {
		engine_result(r.engine, &result);
		print_json(&r, &result, 0);
	} else if (status == 0 && *none) {
		puts("\netcd has no alarm");
	}
	cli_run_release(&r);
	return status;
}

int cli_etcd_disarm(const struct cli_options *o)
{
	struct cli_session session;
	bool none = false;
	int status;

	cli_session_begin(&session, o);
	status = look(&session.options, &none);
	cli_session_next(&session);
	if (status == 0 && !none)
		status = cli_run_change(&session.options, KIND_DISARM, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	return status;
}
