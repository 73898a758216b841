/* kubewright etcd snapshots: those that the control planes have taken by themselves; and one of them for a restore. */
#include "cli/etcd.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "cluster/snapshots.h"
#include "inventory/inventory.h"

#include <stdlib.h>
#include <string.h>

static bool keeps_some(const struct cli_run *r, size_t i)
{
	return r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && r->world.seen.hosts[i].probed;
}

/* The caller frees. */
static struct snapshot_file *list_of(const struct cli_run *r, size_t i, size_t *count)
{
	struct snapshot_file *list = xcalloc(SNAPSHOT_FILES, sizeof(*list));

	*count = keeps_some(r, i) ? snapshots_of(&r->world.seen.hosts[i], list, SNAPSHOT_FILES) : 0;
	return list;
}

/* ---- the list --------------------------------------------------------------------------------------------------------- */

static size_t print(const struct cli_run *r)
{
	int64_t now = clock_wall_ms() / 1000;
	char when[32], age[24];
	size_t count, all = 0;

	for (size_t i = 0; i < r->inventory->host_count; i++) {
		struct snapshot_file *list = list_of(r, i, &count);

		for (size_t k = 0; k < count; k++) {
			if (all++ == 0)
				printf("%-16s  %-20s  %8s  %12s  %s\n", "HOST", "TAKEN", "AGE", "SIZE", "FILE");
			clock_rfc3339(list[k].taken_s * 1000, when, sizeof(when));
			snapshots_age(now - list[k].taken_s, age, sizeof(age));
			printf("%-16s  %-20s  %8s  %8.1f MiB  %s/%s%s\n", r->inventory->hosts[i].name, when, age,
				(double)list[k].size / 1048576, r->inventory->etcd.snapshots.folder, list[k].name,
				list[k].ours ? "" : " (of another cluster)");
		}
		if (keeps_some(r, i) && !count)
			fprintf(stderr, "%s has none\n", r->inventory->hosts[i].name);
		free(list);
	}
	return all;
}

static void print_json(const struct cli_run *r)
{
	struct json *j = json_object(), *out;
	int64_t now = clock_wall_ms() / 1000;
	size_t count;

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_str(j, "every", r->inventory->etcd.snapshots.every);
	json_set_str(j, "folder", r->inventory->etcd.snapshots.folder);
	out = json_set(j, "snapshots", json_array());
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		struct snapshot_file *list = list_of(r, i, &count);

		for (size_t k = 0; k < count; k++) {
			struct json *s = json_add(out, json_object());
			char when[32];

			clock_rfc3339(list[k].taken_s * 1000, when, sizeof(when));
			json_set_str(s, "host", r->inventory->hosts[i].name);
			json_set_str(s, "file", list[k].name);
			json_set_str(s, "taken", when);
			json_set_int(s, "age_seconds", now - list[k].taken_s);
			json_set_int(s, "bytes", list[k].size);
			json_set_bool(s, "this_cluster", list[k].ours);
		}
		free(list);
	}
	cli_json_print(j);
}

int cli_etcd_snapshots(const struct cli_options *o)
{
	struct cli_run r;
	int status = cli_look(&r, KIND_SNAPSHOTS, o);

	if (status)
		return status;
	if (o->json)
		print_json(&r);
	else if (print(&r))
		fputs("they hold the cluster's Secrets; next, to go back to one: kubewright etcd restore --snapshot HOST:FILE\n",
			stderr);
	status = cli_look_errors(&r, true);
	cli_run_release(&r);
	return status;
}

/* ---- one of them ------------------------------------------------------------------------------------------------------ */

bool cli_snapshot_on_host(const char *spec)
{
	return strcmp(spec, "latest") == 0 || (strchr(spec, ':') && !strchr(spec, '/'));
}

static int none_there(const struct cli_run *r, const char *host, const char *name, struct error *err)
{
	const struct inventory_host *h = host ? inventory_find(r->inventory, host) : NULL;
	size_t i = h ? (size_t)(h - r->inventory->hosts) : 0;
	const struct error *e = h ? engine_host_error(r->engine, (int)i) : NULL;

	if (host && (!h || h->role != INVENTORY_CONTROL_PLANE))
		return error_set(
			err, ERROR_USAGE, "--snapshot: %s has no control plane '%.64s'", r->inventory->path, host);
	if (e && !r->world.seen.hosts[i].probed)
		return *err = *e, -1;
	if (!host)
		error_set(err, ERROR_COMMAND,
			"no control plane that could be looked at has a snapshot of this cluster in %s",
			r->inventory->etcd.snapshots.folder);
	else if (name)
		error_set(err, ERROR_COMMAND, "%s has no snapshot '%.128s' in %s", host, name,
			r->inventory->etcd.snapshots.folder);
	else
		error_set(err, ERROR_COMMAND, "%s has no snapshot of this cluster in %s", host,
			r->inventory->etcd.snapshots.folder);
	return error_hint(err, "'kubewright etcd snapshots' shows which there are");
}

static int choose(const struct cli_run *r, const char *spec, struct world_etcd *e, struct error *err)
{
	const char *colon = strchr(spec, ':');
	char *host = colon ? xstrndup(spec, (size_t)(colon - spec)) : NULL;
	int rc = 0;

	e->from = snapshots_find(r->inventory, r->world.seen.hosts, spec, &e->file);
	if (e->from < 0) {
		rc = none_there(r, host, colon && strcmp(colon + 1, "latest") != 0 ? colon + 1 : NULL, err);
	} else if (!e->file.ours) {
		rc = error_set(err, ERROR_COMMAND,
			"the snapshot %s on %s is not of this cluster, by its name and the host's etcd CA",
			e->file.name, r->inventory->hosts[e->from].name);
		error_hint(err,
			"if it is the right one, copy it to this machine and give its path: 'kubewright etcd restore --snapshot FILE'");
	}
	free(host);
	return rc;
}

/* The newest of all is the newest that was seen. */
static void note_unseen(const struct cli_run *r)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && !r->world.seen.hosts[i].probed)
			fprintf(stderr, "note: %s could not be looked at, and may have a newer snapshot\n",
				r->inventory->hosts[i].name);
}

static int find(const struct cli_options *o, struct world_etcd *e)
{
	struct error err = { 0 };
	struct cli_run r;
	int status = cli_look(&r, KIND_SNAPSHOTS, o);

	if (status)
		return status;
	if (choose(&r, o->snapshot, e, &err))
		status = cli_fail(&err);
	else if (!strchr(o->snapshot, ':'))
		note_unseen(&r);
	cli_run_release(&r);
	return status;
}

int cli_etcd_fetch(struct cli_session *session, struct world_etcd *e)
{
	struct cli_options with;
	struct cli_run r;
	int status = find(&session->options, e);

	cli_session_next(session);
	if (status)
		return status;
	with = session->options;
	with.etcd = e;
	status = cli_look(&r, KIND_FETCH, &with);
	if (status)
		return status;
	if (!e->snapshot) {
		status = cli_look_errors(&r, true);
		status = status ? status : error_exit_code(ERROR_COMMAND);
	} else {
		fprintf(stderr, "fetched from %s: %s\n", r.inventory->hosts[e->from].name, e->snapshot);
	}
	cli_run_release(&r);
	return status;
}
