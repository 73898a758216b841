/* kubewright upgrade [VERSION]: looks, shows what would be done host by host, asks, does it. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/document.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_json(const struct cli_run *r)
{
	struct json *j = json_object(), *hosts;

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_str(j, "from", r->world.seen.cluster.version);
	json_set_str(j, "to", r->world.decided.version);
	hosts = json_set(j, "hosts", json_array());
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		struct json *host;

		if (!r->chosen[i])
			continue;
		host = json_add(hosts, json_object());
		json_set_str(host, "name", r->config.hosts[i].name);
		would_json(r, i, json_set(host, "steps", json_array()));
	}
	cli_json_print(j);
}

/* Workers that do not answer are shown and left out. A control plane is not: no other host may be newer than it is. */
static bool may_go_on(const struct cli_run *r)
{
	if (r->world.decided.refusal)
		return false;
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);

		if (e && (r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE ||
				 (e->kind != ERROR_CONNECT && e->kind != ERROR_AUTH && e->kind != ERROR_HOSTKEY)))
			return false;
	}
	return true;
}

/* What the look found; returns how many steps there are to do. */
static unsigned show(const struct cli_run *r, const struct cli_options *o)
{
	unsigned hosts = 0;

	if (!o->json)
		return would_print(r, &hosts);
	if (o->check)
		print_json(r);
	return cli_run_count(r, CELL_WOULD);
}

static int ask(const struct cli_run *r, const struct cli_options *o)
{
	struct str question = STR_INIT;
	struct error err = { 0 };
	int rc;

	str_addf(&question,
		"\nThis upgrades cluster %s from Kubernetes %s to %s. There is no way down again; a snapshot of etcd is taken first. Do it?",
		r->inventory->cluster, r->world.seen.cluster.version, r->world.decided.version);
	rc = cli_confirm_yes(o, question.buf, "upgrade changes the cluster's version and must be confirmed", &err);
	str_release(&question);
	return rc ? cli_fail(&err) : 0;
}

/* The inventory says from now on what the cluster runs; all else in it stays unchanged. */
static int note_version(const struct cli_options *o, const char *version)
{
	struct error err = { 0 };
	struct document *d = document_load(o->file, &err);
	int rc = d ? document_set(d, "kubernetes.version", version, &err) : -1;

	if (rc == 0 && document_changed(d))
		rc = document_save(d, false, &err);
	document_free(d);
	if (rc == 0)
		return 0;
	error_hint(&err, "the cluster is upgraded; set kubernetes.version to %s in %s by hand", version, o->file);
	return cli_fail(&err);
}

/* From the moment that every API server has the version, other commands are about that one. */
static int report(const struct cli_run *r)
{
	int status = cli_apply_report(r), noted = 0;

	if (r->options->arg_count && r->world.decided.version[0] && !upgrade_behind(&r->world))
		noted = note_version(r->options, r->options->args[0]);
	return status ? status : noted;
}

/* The look before: whether to continue, as there is something to do and it was agreed to, or everything is to be verified; else *status is how it ends. */
static bool begin(const struct cli_options *o, int *status)
{
	struct cli_run r;
	unsigned steps;
	bool goes = false;

	*status = cli_look(&r, KIND_UPGRADE_LOOK, o);
	if (*status)
		return false;
	*status = cli_look_errors(&r, false);
	steps = show(&r, o);
	if (*status == 0 && !steps && !o->json)
		printf("Every host of cluster %s runs Kubernetes %s.\n", r.inventory->cluster, r.world.decided.version);
	if (!o->check && (*status == 0 || (steps && may_go_on(&r)))) {
		*status = steps ? ask(&r, o) : 0;
		goes = *status == 0;
	}
	cli_run_release(&r);
	return goes;
}

int cli_upgrade(const struct cli_options *o)
{
	struct cli_session session;
	char *set = o->arg_count ? xasprintf("kubernetes.version=%s", o->args[0]) : NULL;
	const char **sets = xcalloc(o->set_count + 1, sizeof(*sets));
	int status;

	cli_session_begin(&session, o);
	for (size_t i = 0; i < o->set_count; i++)
		sets[i] = o->sets[i];
	if (set)
		sets[o->set_count] = set;
	session.options.sets = sets;
	session.options.set_count = o->set_count + (set != NULL);
	if (begin(&session.options, &status)) {
		cli_session_next(&session);
		status = cli_run_change(&session.options, KIND_UPGRADE, &(struct cli_change){ .report = report });
	}
	cli_session_end(&session);
	free(sets);
	free(set);
	return status;
}
