/* kubewright etcd restore: a look, the picture, the operator's word, and then etcd starts again. */
#include "cli/etcd.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/json.h"
#include "cluster/snapshots.h"
#include "inventory/inventory.h"
#include "net/net.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static bool has_etcd(const struct cli_run *r, size_t i)
{
	return r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE && r->world.seen.hosts[i].probed &&
	       strstr(cluster_fact(&r->world.seen.hosts[i], "have"), "etcd-");
}

/* The named control plane; -1: err says what is wrong with it. */
static int named(const struct cli_run *r, const char *name, struct error *err)
{
	const struct inventory_host *h = inventory_find(r->inventory, name);
	const struct error *e;
	size_t i = h ? (size_t)(h - r->inventory->hosts) : 0;

	if (!h || h->role != INVENTORY_CONTROL_PLANE)
		return error_set(err, ERROR_USAGE, "--from: %s has no control plane '%.64s'", r->inventory->path, name);
	if (has_etcd(r, i))
		return (int)i;
	e = engine_host_error(r->engine, (int)i);
	if (e && !r->world.seen.hosts[i].probed)
		return *err = *e, -1;
	error_set(err, ERROR_COMMAND, "%s has neither etcd's manifest nor its data", name);
	return error_hint(err, "'kubewright etcd members' shows which members are left");
}

/* Where etcd starts again: as asked, where it was begun already, else where its member has seen most. */
static int choose(const struct cli_run *r, struct error *err)
{
	int64_t index = -1;
	int best = -1, first = -1;

	if (r->options->from)
		return named(r, r->options->from, err);
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct inventory_host *h = &r->inventory->hosts[i];
		const struct quorum_view *v = world_etcd_view(&r->world, i);
		int own = quorum_find(v, h->address, h->name);

		if (!has_etcd(r, i))
			continue;
		if (world_restoring(&r->world.seen.hosts[i]))
			return (int)i;
		first = first < 0 ? (int)i : first;
		if (own >= 0 && v->answers[own] && v->status[own].raft_index > index) {
			index = v->status[own].raft_index;
			best = (int)i;
		}
	}
	if (best >= 0 || (r->options->snapshot && first >= 0))
		return best >= 0 ? best : first;
	if (first < 0) {
		error_set(err, ERROR_COMMAND, "no control plane that could be reached has etcd");
		return error_hint(err,
			"if the whole cluster is gone, 'kubewright apply' creates a new one with the same keys; then run 'kubewright etcd restore --snapshot FILE --override-quorum'");
	}
	error_set(err, ERROR_COMMAND, "no etcd member answers, so it is unknown which host has the newest data");
	return error_hint(err,
		"name the host with --from, or start etcd there; 'kubewright logs %s' shows why it is down",
		r->inventory->hosts[first].name);
}

/* The other control planes: all of them, or only those that could not be looked at. */
static void others(const struct cli_run *r, int host, bool unreached, struct str *out)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if ((int)i != host && r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE &&
			!(unreached && r->world.seen.hosts[i].probed))
			str_addf(out, "%s%s", out->len ? ", " : "", r->inventory->hosts[i].name);
}

static void tell_source(const struct cli_run *r, const struct world_etcd *e, struct str *out)
{
	const char *name = r->inventory->hosts[e->host].name;
	char when[32] = "", age[24] = "";
	struct stat st;
	int64_t last;

	if (e->snapshot) {
		if (stat(e->snapshot, &st) == 0) {
			clock_rfc3339((int64_t)st.st_mtime * 1000, when, sizeof(when));
			snapshots_age(clock_wall_ms() / 1000 - st.st_mtime, age, sizeof(age));
		}
		str_addf(out,
			"It starts again on %s from the snapshot %s (%.1f MiB, %s old): 1 voter, tolerates 0. Everything written after %s is lost.\n",
			name, e->snapshot, (double)e->info.size / 1048576, age, when);
		return;
	}
	last = world_etcd_view(&r->world, (size_t)e->host)->last_write;
	if (last)
		clock_rfc3339(last * 1000, when, sizeof(when));
	str_addf(out, "It starts again on %s from the data there: 1 voter, tolerates 0. Writes after %s may be lost.\n",
		name, *when ? when : "the last one it has seen");
}

/* What is, what will be, what may be lost. */
static void picture(const struct cli_run *r, const struct world_etcd *e, const struct quorum_view *v, struct str *out)
{
	struct str names = STR_INIT;

	str_addf(out, "etcd of cluster %s: ", r->inventory->cluster);
	if (v->count)
		quorum_view_words(v, out);
	else
		str_add(out, "no member answers");
	str_add(out, ".\n");
	tell_source(r, e, out);
	others(r, e->host, false, &names);
	if (names.len)
		str_addf(out, "%s must rejoin afterwards; etcd is stopped first on those that can be reached.",
			names.buf);
	str_clear(&names);
	others(r, e->host, true, &names);
	if (names.len)
		str_addf(out,
			"\nNot reached: %s. Make sure that they are powered off: behind a broken network they may still run as a cluster of their own.",
			names.buf);
	str_release(&names);
}

/* The control planes but for one, as a command's arguments. */
static void rejoin_arguments(const struct cli_run *r, int host, struct str *out)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if ((int)i != host && r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE)
			str_addf(out, " %s", r->inventory->hosts[i].name);
}

static bool is_unreached(void *run, int host)
{
	const struct error *e = engine_host_error(((const struct cli_run *)run)->engine, host);

	return e && e->kind == ERROR_CONNECT;
}

/* Whether it may continue at all; refuses while etcd has its quorum, or may. */
static int permitted(struct cli_run *r, const struct world_etcd *e, const struct quorum_view *v, struct error *err)
{
	struct str names = STR_INIT;

	if (r->options->override_quorum || (e->host >= 0 && world_restoring(&r->world.seen.hosts[e->host])))
		return 0;
	if (world_quorum_given_up(&r->world, is_unreached, r, err) == 0)
		return 0;
	/* an earlier run may have died when it was done */
	rejoin_arguments(r, e->host, &names);
	if (v->count == 1 && v->answers[0] && names.len) {
		err->hint[0] = '\0';
		error_hint(err, "etcd has a single member now; next: kubewright rejoin%s", names.buf);
	}
	str_release(&names);
	return -1;
}

/* The first of two runs: only looks. 0: confirmed, e says what is to be done. */
static int look(const struct cli_options *o, struct world_etcd *e)
{
	struct quorum_view v;
	struct error err = { 0 };
	struct str tell = STR_INIT;
	struct cli_run r;
	int status = cli_look(&r, KIND_MEMBERS, o);

	if (status)
		return status;
	e->host = choose(&r, &err);
	quorum_merge(r.world.seen.etcd, r.inventory->host_count, &v);
	/* that somebody could not be asked explains why there is nobody to choose */
	if (((e->host >= 0 || !o->from) && permitted(&r, e, &v, &err)) || e->host < 0)
		status = -1;
	if (status == 0) {
		picture(&r, e, &v, &tell);
		if (!o->json && o->yes && !(o->override_quorum && cli_can_ask()))
			printf("%s\n", tell.buf);
		status = cli_confirm_name(&r, tell.buf,
			"etcd restore discards the data of the lost control planes and must be confirmed", &err);
	}
	if (status)
		status = cli_fail(&err);
	str_release(&tell);
	cli_run_release(&r);
	return status;
}

static void report_nodes(const struct cli_run *r, const struct world_etcd *e)
{
	const struct cluster_state *c = &r->world.seen.cluster;
	struct str words = STR_INIT;

	quorum_view_words(world_etcd_view(&r->world, (size_t)e->host), &words);
	printf("\netcd: %s\n", words.buf);
	puts("Nodes, as last reported:");
	for (size_t i = 0; i < c->node_count; i++)
		printf("  %-16s %-15s %s\n", c->nodes[i].name, c->nodes[i].address,
			c->nodes[i].ready ? "Ready" : "not Ready");
	str_clear(&words);
	rejoin_arguments(r, e->host, &words);
	if (words.len)
		printf("\nnext: kubewright rejoin%s\n", words.buf);
	str_release(&words);
}

static int report(const struct cli_run *r)
{
	const struct world_etcd *e = r->options->etcd;
	bool done = cli_run_did(r, "restored");
	struct engine_result result;
	int status;

	engine_result(r->engine, &result);
	status = cli_exit_status(result.cancelled, done, 0, done ? NULL : cli_run_error(r, &result));
	if (!done && status == 0)
		status = error_exit_code(ERROR_COMMAND);
	if (r->options->json) {
		struct json *j = json_summary(r, &result, status);
		struct str line = STR_INIT;

		json_set_str(j, "restored_on", done ? r->inventory->hosts[e->host].name : NULL);
		json_write(j, &line);
		puts(line.buf);
		json_free(j);
		str_release(&line);
		return status;
	}
	cli_summary(r, &result);
	if (done)
		report_nodes(r, e);
	else
		puts("\nnext: fix the error above and run 'kubewright etcd restore' again; it continues where this stopped");
	return status;
}

int cli_etcd_restore(const struct cli_options *o)
{
	struct world_etcd e = { .host = -1, .from = -1 };
	struct cli_session session;
	struct error err = { 0 };
	int status;

	bool on_host = o->snapshot && cli_snapshot_on_host(o->snapshot);

	if (o->snapshot && !on_host && net_snapshot_check(o->snapshot, &e.info, &err))
		return cli_fail(&err);
	e.snapshot = o->snapshot && !on_host ? xstrdup(o->snapshot) : NULL;
	cli_session_begin(&session, o);
	status = on_host ? cli_etcd_fetch(&session, &e) : 0;
	if (status == 0)
		status = look(&session.options, &e);
	cli_session_next(&session);
	session.options.etcd = &e;
	if (status == 0)
		status = cli_run_change(&session.options, KIND_RESTORE, &(struct cli_change){ .report = report });
	cli_session_end(&session);
	free(e.snapshot);
	return status;
}
