/* kubewright etcd: its members, and snapshots of it; what changes it is in etcd_defrag.c, etcd_disarm.c and etcd_restore.c. */
#include "cli/etcd.h"

#include "base/alloc.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- members --------------------------------------------------------------------------------------------------------- */

void cli_etcd_print(const struct cli_run *r, const struct quorum_view *v, int through)
{
	struct str words = STR_INIT;

	quorum_view_words(v, &words);
	printf("%setcd of cluster %s%s: %s (asked through %s)\n", cli_color(stdout, CLI_BOLD), r->inventory->cluster,
		cli_color(stdout, CLI_PLAIN), words.buf, r->inventory->hosts[through].name);
	str_release(&words);
	cli_members_print(v);
	cli_alarms_print(v, &r->world.seen.alarms);
}

static void print_members(const struct cli_run *r, const struct quorum_view *v, int through)
{
	struct quorum q = quorum_count(v);

	cli_etcd_print(r, v, through);
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
	json_set(j, "alarms", cli_alarms_json(v, &r->world.seen.alarms));
	cli_json_print(j);
}

int cli_etcd_silent(const struct cli_run *r)
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
		status = cli_etcd_silent(&r);
	} else {
		q = quorum_count(&v);
		if (o->json)
			print_members_json(&r, &v, through);
		else
			print_members(&r, &v, through);
		if (q.healthy < quorum_needed(q.voters))
			status = error_exit_code(ERROR_COMMAND);
		else if (q.healthy < q.voters || q.voters < (unsigned)v.count || r.world.seen.alarms.count)
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

/* ---- actions --------------------------------------------------------------------------------------------------------- */

enum action_option { OF_YES = 1, OF_FROM = 2, OF_SNAPSHOT = 4, OF_OVERRIDE = 8 };

static const struct action {
	const char *name;
	int (*run)(const struct cli_options *o);
	unsigned options; /* that not all of them know */
	bool file;        /* takes one */
} actions[] = {
	{ "members", members, 0, false },
	{ "snapshot", snapshot, 0, true },
	{ "snapshots", cli_etcd_snapshots, 0, false },
	{ "restore", cli_etcd_restore, OF_YES | OF_FROM | OF_SNAPSHOT | OF_OVERRIDE, false },
	{ "defrag", cli_etcd_defrag, OF_YES, false },
	{ "disarm", cli_etcd_disarm, 0, false },
};

static int check_options(const struct cli_options *o, const struct action *a, struct error *err)
{
	const struct {
		const char *name;
		bool given;
		unsigned bit;
	} options[] = {
		{ "from", o->from != NULL, OF_FROM },
		{ "snapshot", o->snapshot != NULL, OF_SNAPSHOT },
		{ "yes", o->yes, OF_YES },
		{ "override-quorum", o->override_quorum, OF_OVERRIDE },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (options[i].given && !(a->options & options[i].bit)) {
			error_set(err, ERROR_USAGE, "--%s is not an option of 'etcd %s'", options[i].name, a->name);
			return error_hint(err, "see 'kubewright help etcd'");
		}
	if (o->arg_count > 1 && !a->file)
		return error_set(
			err, ERROR_USAGE, "unexpected argument '%.64s': etcd %s takes none", o->args[1], a->name);
	return 0;
}

int cli_etcd(const struct cli_options *o)
{
	struct error err = { 0 };

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(o->args[0], actions[i].name) != 0)
			continue;
		return check_options(o, &actions[i], &err) ? cli_fail(&err) : actions[i].run(o);
	}
	error_set(&err, ERROR_USAGE, "unknown action '%.64s' of etcd", o->args[0]);
	error_hint(&err,
		"the actions are members, snapshot, snapshots, restore, defrag and disarm; see 'kubewright help etcd'");
	return cli_fail(&err);
}
