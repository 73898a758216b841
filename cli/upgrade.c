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

static void print_json(const struct cli_run *r, const struct findings *found)
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
	cli_findings_json(r, found, json_set(j, "findings", json_array()));
	cli_json_print(j);
}

/* Those of one host, or of the cluster as a whole: -1. */
static void print_of_host(const struct cli_run *r, const struct findings *found, int host)
{
	struct findings part = { xcalloc(found->count, sizeof(*part.list)), 0 };

	for (size_t i = 0; i < found->count; i++)
		if (found->list[i].host == host)
			part.list[part.count++] = found->list[i];
	if (part.count)
		printf("%s%s%s\n", cli_color(stdout, CLI_BOLD), host < 0 ? "the cluster" : r->config.hosts[host].name,
			cli_color(stdout, CLI_PLAIN));
	cli_findings_print(stdout, &part, false);
	findings_release(&part);
}

static void print_findings(const struct cli_run *r, const struct findings *found)
{
	struct findings_count c = { 0, 0, 0 };

	cli_findings_count(found, &c);
	if (found->count)
		puts("\nFindings:");
	for (int host = -1; host < (int)r->config.host_count; host++)
		print_of_host(r, found, host);
	if (found->count)
		printf("%u error%s, %u warning%s, %u ignored.\n", c.errors, c.errors == 1 ? "" : "s", c.warnings,
			c.warnings == 1 ? "" : "s", c.ignored);
}

/* What the look found; returns how many steps there are to do. */
static unsigned show(const struct cli_run *r, const struct cli_options *o, const struct findings *found)
{
	unsigned hosts = 0, steps;

	if (o->json) {
		if (o->check)
			print_json(r, found);
		return cli_run_count(r, CELL_WOULD);
	}
	steps = would_print(r, &hosts);
	print_findings(r, found);
	return steps;
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

int cli_upgrade_barred(const struct findings *found, struct error *err)
{
	struct str names = STR_INIT, each = STR_INIT;
	unsigned n = 0;

	for (size_t i = 0; i < found->count; i++) {
		const struct finding *f = &found->list[i];

		if (f->level != FINDING_ERROR || f->ignored)
			continue;
		if (n++ < 5) {
			str_addf(&names, "%s%s", names.len ? ", " : "", f->name);
			str_addf(&each, "%s: %s; %s\n", f->name, f->what, f->remedy);
		}
	}
	if (n) {
		error_set(err, ERROR_PREFLIGHT, "%u error%s in the way of the upgrade, and nothing was changed: %s%s",
			n, n == 1 ? " is" : "s are", names.buf, n > 5 ? ", ..." : "");
		error_hint(err,
			"'kubewright upgrade --check' shows each with its remedy; what you accept you can name in preflight.ignore");
		error_detail(err, each.buf);
	}
	str_release(&names);
	str_release(&each);
	return n ? -1 : 0;
}

/* The exit status of what is in the way, 0: nothing is; a refusal of the look itself says more, and stays. */
static int blocked(const struct cli_run *r, const struct cli_options *o, const struct findings *found, int status)
{
	struct error err = { 0 };

	if (!cli_upgrade_barred(found, &err) || (status && !may_go_on(r)))
		return status;
	/* they have been shown */
	err.detail[0] = '\0';
	return o->check ? error_exit_code(ERROR_PREFLIGHT) : cli_fail(&err);
}

static int ask(const struct cli_run *r, const struct cli_options *o)
{
	struct str question = STR_INIT;
	struct error err = { 0 };
	int rc;

	str_addf(&question, "\nThis upgrades cluster %s from Kubernetes %s to %s", r->inventory->cluster,
		r->world.seen.cluster.version, r->world.decided.version);
	if (o->through_to)
		str_addf(&question, " and, one minor version after the other, on to %s", o->through_to);
	str_addf(&question, ". There is no way down again; a snapshot of etcd is taken first%s. Do it?",
		o->through_to ? ", before each of them" : "");
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

/* With --through: what lies between what runs and what is wanted. */
struct way {
	char next[16];   /* the minor version that comes first, "1.35"; "": what is wanted may follow */
	char target[32]; /* what is wanted */
};

/* Whose look found other obstacles, too, has not got as far as this. */
static bool has_way(const struct cli_run *r, struct way *way)
{
	if (!r->options->through || !upgrade_first(r->world.decided.refusal, way->next))
		return false;
	snprintf(way->target, sizeof(way->target), "%.31s", r->inventory->kubernetes.version);
	return true;
}

/* The look before: whether to continue, as there is something to do and it was agreed to, or everything is to be verified; else *status is how it ends. */
static bool begin(const struct cli_options *o, struct way *way, int *status)
{
	struct findings found = { NULL, 0 };
	struct cli_run r;
	unsigned steps;
	bool goes = false;
	int barred;

	*status = cli_look(&r, KIND_UPGRADE_LOOK, o);
	if (*status)
		return false;
	if (has_way(&r, way))
		return cli_run_release(&r), false;
	*status = cli_look_errors(&r, false);
	obstacles_find(&r.world, r.chosen, &found);
	steps = show(&r, o, &found);
	if (*status == 0 && !steps && !o->json)
		printf("Every host of cluster %s runs Kubernetes %s.\n", r.inventory->cluster, r.world.decided.version);
	barred = blocked(&r, o, &found, *status);
	if (!o->check && barred == *status && (*status == 0 || (steps && may_go_on(&r)))) {
		*status = steps ? ask(&r, o) : 0;
		goes = *status == 0;
	} else {
		*status = barred;
	}
	findings_release(&found);
	cli_run_release(&r);
	return goes;
}

/* One version, NULL: the inventory's: looks, asks, does it. Nothing is done when way->next comes first. */
static int upgrade_to(struct cli_session *session, const struct cli_options *o, char *version, struct way *way)
{
	char *set = version ? xasprintf("kubernetes.version=%s", version) : NULL;
	const char **sets = xcalloc(o->set_count + 1, sizeof(*sets));
	int status;

	for (size_t i = 0; i < o->set_count; i++)
		sets[i] = o->sets[i];
	if (set)
		sets[o->set_count] = set;
	session->options.sets = sets;
	session->options.set_count = o->set_count + (set != NULL);
	session->options.args = &version;
	if (begin(&session->options, way, &status)) {
		cli_session_next(session);
		status = cli_run_change(&session->options, KIND_UPGRADE, &(struct cli_change){ .report = report });
		/* what follows was agreed to as well */
		session->options.yes = true;
	}
	free(sets);
	free(set);
	return status;
}

/* A minor version on the way to another one; what follows is agreed to with it. */
static int upgrade_by_way(struct cli_session *session, const struct cli_options *o, struct way *way)
{
	struct way none = { "", "" };
	int status;

	if (o->check && !o->json)
		printf("The way to Kubernetes %s leads through %s first, which is what is shown here:\n\n", way->target,
			way->next);
	session->options.through = false;
	session->options.through_to = way->target;
	status = upgrade_to(session, o, way->next, &none);
	session->options.through = true;
	session->options.through_to = NULL;
	return status;
}

int cli_upgrade(const struct cli_options *o)
{
	struct cli_session session;
	struct error err = { 0 };
	char last[16] = "";
	int status;

	if (o->list)
		return cli_findings_list(upgrade_kinds, upgrade_kind_count, o->json);
	cli_session_begin(&session, o);
	for (;;) {
		struct way way = { "", "" };

		status = upgrade_to(&session, o, o->arg_count ? o->args[0] : NULL, &way);
		if (!way.next[0])
			break;
		if (strcmp(way.next, last) == 0) {
			error_set(&err, ERROR_COMMAND, "after the upgrade to %s the cluster still has an older version",
				last);
			error_hint(&err, "see 'kubewright status'");
			status = cli_fail(&err);
			break;
		}
		memcpy(last, way.next, sizeof(last));
		status = upgrade_by_way(&session, o, &way);
		if (status || o->check)
			break;
	}
	cli_session_end(&session);
	return status;
}
