/* kubewright etcd: its members, and snapshots of it; restore is in etcd_restore.c. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- members --------------------------------------------------------------------------------------------------------- */

static void print_members(const struct cli_run *r, const struct quorum_view *v, int through)
{
	struct quorum q = quorum_count(v);
	struct str words = STR_INIT;

	quorum_view_words(v, &words);
	printf("%setcd of cluster %s%s: %s (asked through %s)\n", cli_color(stdout, CLI_BOLD), r->inventory->cluster,
		cli_color(stdout, CLI_PLAIN), words.buf, r->inventory->hosts[through].name);
	str_release(&words);
	cli_members_print(v);
	if (q.healthy >= quorum_needed(q.voters))
		return;
	puts("\nnothing can be written: bring control planes back until a majority answers");
	if (quorum_answering(v) < quorum_needed(q.voters))
		puts("next, if they are lost for good: kubewright etcd restore");
}

static void print_members_json(const struct cli_run *r, const struct quorum_view *v, int through)
{
	struct quorum q = quorum_count(v);
	struct json *j = json_object();

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_str(j, "through", r->inventory->hosts[through].name);
	json_set_int(j, "voters", q.voters);
	json_set_int(j, "healthy", q.healthy);
	json_set_int(j, "answering", quorum_answering(v));
	json_set_int(j, "tolerates", quorum_tolerates(&q));
	json_set_bool(j, "quorum", q.healthy >= quorum_needed(q.voters));
	json_set(j, "members", cli_members_json(v));
	cli_json_print(j);
}

/* Says that no etcd answered, and why as far as it is known; returns the exit status. */
static int none_answered(const struct cli_run *r)
{
	int status = cli_look_errors(r, true);
	struct error err = { 0 };

	if (!world_cannot_look(&r->world, &err)) {
		error_set(&err, ERROR_COMMAND,
			"no etcd member of cluster %s answers on any control plane that could be reached",
			r->inventory->cluster);
		error_hint(&err, "see 'kubewright status' and 'kubewright logs HOST'");
	}
	return status ? cli_error_print(stderr, &err), status : cli_fail(&err);
}

static int members(const struct cli_options *o)
{
	struct quorum_view v;
	struct quorum q;
	struct cli_run r;
	int status = cli_look(&r, KIND_MEMBERS, o), through;

	if (status)
		return status;
	through = quorum_merge(r.world.seen.etcd, r.inventory->host_count, &v);
	if (through < 0) {
		status = none_answered(&r);
	} else {
		q = quorum_count(&v);
		if (o->json)
			print_members_json(&r, &v, through);
		else
			print_members(&r, &v, through);
		if (q.healthy < quorum_needed(q.voters))
			status = error_exit_code(ERROR_COMMAND);
		else if (q.healthy < q.voters || q.voters < (unsigned)v.count)
			status = CLI_EXIT_HOSTS_LEFT;
	}
	cli_run_release(&r);
	return status;
}

/* ---- snapshot -------------------------------------------------------------------------------------------------------- */

static void snapshot_report(const struct cli_run *r, const struct world_etcd *e)
{
	const char *host = r->inventory->hosts[e->from].name;
	struct json *j;

	if (r->options->json) {
		j = json_object();
		json_set_str(j, "cluster", r->inventory->cluster);
		json_set_str(j, "file", e->snapshot);
		json_set_int(j, "bytes", e->info.size);
		json_set_str(j, "sha256", e->info.sha256);
		json_set_str(j, "host", host);
		cli_json_print(j);
		return;
	}
	printf("%s\n", e->snapshot);
	fflush(stdout);
	fprintf(stderr,
		"%.1f MiB from %s, complete and verified; it holds the cluster's Secrets: keep it as safe as its keys\n",
		(double)e->info.size / 1048576, host);
}

static int snapshot(const struct cli_options *o)
{
	struct world_etcd e = { .host = -1, .from = -1 };
	struct cli_options with = *o;
	struct error err = { 0 };
	struct cli_run r;
	int status;

	if (o->arg_count == 2 && access(o->args[1], F_OK) == 0) {
		error_set(&err, ERROR_USAGE, "'%s' already exists, and a snapshot never replaces a file", o->args[1]);
		error_hint(&err, "name another file");
		return cli_fail(&err);
	}
	e.snapshot = o->arg_count == 2 ? xstrdup(o->args[1]) : NULL;
	with.etcd = &e;
	status = cli_look(&r, KIND_SNAPSHOT, &with);
	if (status == 0) {
		if (e.from >= 0)
			snapshot_report(&r, &e);
		else
			status = cli_look_errors(&r, true);
		cli_run_release(&r);
	}
	free(e.snapshot);
	return status;
}

int cli_etcd(const struct cli_options *o)
{
	const char *what = o->args[0];
	struct error err = { 0 };
	bool restore = strcmp(what, "restore") == 0;

	if (!restore && (o->from || o->snapshot || o->override_quorum || o->yes)) {
		error_set(&err, ERROR_USAGE, "--%s is an option of 'etcd restore' only",
			o->from       ? "from"
			: o->snapshot ? "snapshot"
			: o->yes      ? "yes"
				      : "override-quorum");
		return cli_fail(&err);
	}
	if (strcmp(what, "snapshot") == 0)
		return snapshot(o);
	if (o->arg_count > 1) {
		error_set(&err, ERROR_USAGE, "unexpected argument '%.64s': etcd %.64s takes none", o->args[1], what);
		return cli_fail(&err);
	}
	if (restore)
		return cli_etcd_restore(o);
	if (strcmp(what, "members") == 0)
		return members(o);
	error_set(&err, ERROR_USAGE, "unknown action '%.64s' of etcd", what);
	error_hint(&err,
		"the actions are members, snapshot and restore; the actions are members, snapshot and restore; see 'kubewright help etcd'");
	return cli_fail(&err);
}
