/* kubewright etcd defrag: a look, what there is to gain, the operator's word, and then one member after the other. */
#include "cli/etcd.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"

#define MIB(bytes) ((double)(bytes) / (1 << 20))

static bool is_due(const struct cli_run *r, size_t i)
{
	return r->world.seen.defrag[i].state == DEFRAG_DUE && !engine_host_error(r->engine, (int)i);
}

static unsigned count_due(const struct cli_run *r)
{
	unsigned n = 0;

	for (size_t i = 0; i < r->inventory->host_count; i++)
		n += is_due(r, i);
	return n;
}

/* Those that are due, in the order of their turns: the leader last. */
static void list_due(const struct cli_run *r, struct str *out)
{
	int leads = r->world.seen.leads;

	for (size_t i = 0; i < r->inventory->host_count; i++)
		if ((int)i != leads && is_due(r, i))
			str_addf(out, "%s%s", out->len ? ", " : "", r->inventory->hosts[i].name);
	if (leads >= 0 && is_due(r, (size_t)leads))
		str_addf(out, "%s%s", out->len ? ", and the leader " : "", r->inventory->hosts[leads].name);
}

/* ---- the look --------------------------------------------------------------------------------------------------------- */

/* Hosts that could not be looked at at all: their members may be well. */
static void print_unreached(const struct cli_run *r)
{
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);

		if (e && !r->world.seen.hosts[i].probed)
			cli_error_print(stderr, e);
	}
}

static void print_little(const struct cli_run *r)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->world.seen.defrag[i].state == DEFRAG_LITTLE)
			printf("%s: little to gain, so its member is left alone\n", r->inventory->hosts[i].name);
}

/* 0: there is something to do, or everything is done already; *due says which. */
static int judge(const struct cli_run *r, unsigned *due)
{
	struct quorum_view v;
	struct error err = { 0 };
	int through = quorum_merge(r->world.seen.etcd, r->inventory->host_count, &v), status;

	if (through < 0)
		return cli_etcd_silent(r);
	if (!r->options->json)
		cli_etcd_print(r, &v, through);
	if (space_may_defrag(&v, &r->world.seen.alarms, &err)) {
		print_unreached(r);
		error_wrap(&err, "etcd is not defragmented");
		return cli_fail(&err);
	}
	*due = count_due(r);
	if (!r->options->json)
		puts("");
	if (!r->options->json)
		print_little(r);
	status = cli_look_errors(r, true);
	return *due ? 0 : status;
}

static int confirm(const struct cli_run *r, unsigned due)
{
	struct quorum_view v;
	struct str question = STR_INIT, names = STR_INIT;
	struct error err = { 0 };
	int rc;

	quorum_merge(r->world.seen.etcd, r->inventory->host_count, &v);
	list_due(r, &names);
	if (v.count == 1)
		str_addf(&question,
			"This defragments etcd on %s, its only member: the API does not answer meanwhile. Do it?",
			names.buf);
	else
		str_addf(&question,
			"This defragments %u of etcd's %d members, one after the other: %s. A member does not answer meanwhile. Do it?",
			due, v.count, names.buf);
	rc = cli_confirm_yes(
		r->options, question.buf, "etcd defrag makes members stand still and must be confirmed", &err);
	str_release(&names);
	str_release(&question);
	return rc ? cli_fail(&err) : 0;
}

/* ---- what came of it -------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *words;
} states[] = {
	[DEFRAG_NONE] = { "none", "not looked at" },
	[DEFRAG_DUE] = { "left", "not defragmented" },
	[DEFRAG_LITTLE] = { "little-to-gain", "little to gain, left alone" },
	[DEFRAG_DONE] = { "done", "defragmented" },
};

static void print_table(const struct cli_run *r)
{
	printf("\n%-16s  %12s  %12s  %s\n", "ETCD MEMBER", "BEFORE", "AFTER", "STATE");
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct world_defrag *d = &r->world.seen.defrag[i];
		char before[24] = "-", after[24] = "-";

		if (r->inventory->hosts[i].role != INVENTORY_CONTROL_PLANE)
			continue;
		if (d->before)
			snprintf(before, sizeof(before), "%.1f MiB", MIB(d->before));
		if (d->state == DEFRAG_DONE)
			snprintf(after, sizeof(after), "%.1f MiB", MIB(d->after));
		printf("%-16s  %12s  %12s  %s\n", r->inventory->hosts[i].name, before, after, states[d->state].words);
	}
}

static void print_json(const struct cli_run *r, const struct engine_result *result, int status)
{
	struct json *j = json_summary(r, result, status), *list = json_set(j, "members", json_array());
	struct str line = STR_INIT;

	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct world_defrag *d = &r->world.seen.defrag[i];
		struct json *m;

		if (r->inventory->hosts[i].role != INVENTORY_CONTROL_PLANE)
			continue;
		m = json_add(list, json_object());
		json_set_str(m, "name", r->inventory->hosts[i].name);
		json_set_str(m, "state", states[d->state].name);
		if (d->before)
			json_set_int(m, "before", d->before);
		if (d->state == DEFRAG_DONE)
			json_set_int(m, "after", d->after);
	}
	json_write(j, &line);
	puts(line.buf);
	json_free(j);
	str_release(&line);
}

static int report(const struct cli_run *r)
{
	struct engine_result result;
	unsigned left = cli_hosts_left(r);
	bool stands = cli_run_did(r, "judge-etcd") && r->world.seen.stopped < 0;
	int status;

	engine_result(r->engine, &result);
	/* a leader that still leads although its turn came, twice */
	for (size_t i = 0; i < r->inventory->host_count; i++)
		left += is_due(r, i);
	status = cli_exit_status(result.cancelled, stands, left, left ? cli_run_error(r, &result) : NULL);
	if (r->options->json)
		return print_json(r, &result, status), status;
	cli_summary(r, &result);
	print_table(r);
	if (status)
		puts("\nnext: run 'kubewright etcd defrag' again; it continues where this stopped");
	else if (space_any_full(&r->world.seen.alarms))
		puts("\nnext: kubewright etcd disarm");
	return status;
}

/* The first of two runs. *due: how many are to be defragmented; returns the exit status when that is none. */
static int look(const struct cli_options *o, unsigned *due)
{
	struct engine_result result;
	struct cli_run r;
	int status = cli_look(&r, KIND_DEFRAG_LOOK, o);

	*due = 0;
	if (status)
		return status;
	status = judge(&r, due);
	if (status == 0 && *due) {
		status = confirm(&r, *due);
	} else if (status == 0 && o->json) {
		engine_result(r.engine, &result);
		print_json(&r, &result, 0);
	} else if (status == 0) {
		puts("nothing to defragment");
	}
	cli_run_release(&r);
	return status;
}

int cli_etcd_defrag(const struct cli_options *o)
{
	struct cli_session session;
	unsigned due;
	int status;

	cli_session_begin(&session, o);
	status = look(&session.options, &due);
	cli_session_next(&session);
	if (status == 0 && due)
		status = cli_run_change(&session.options, KIND_DEFRAG, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	return status;
}
