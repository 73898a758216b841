/* A run of the engine from the command line. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/security.h"

#include <stdlib.h>
#include <string.h>

#define CNI_MAX (4u << 20)
/* With fewer at once a look would take too long. */
#define CONNECTIONS_MIN 32

static int load_inventory(struct cli_run *r, struct error *err)
{
	const struct cli_options *o = r->options;
	struct inventory_problems problems = { 0 };
	struct str text = STR_INIT;

	if (o->text)
		r->inventory = inventory_parse(o->file, o->text, strlen(o->text), NULL, 0, &problems, err);
	else if (o->draft)
		r->inventory = inventory_load_draft(o->file, &problems, err);
	else
		r->inventory = inventory_load(o->file, o->sets, o->set_count, &problems, err);
	if (problems.count && !o->warned) {
		inventory_problems_format(&problems, o->file, &text);
		fputs(text.buf, stderr);
		str_release(&text);
		/* the complaints were shown in full */
		if (!r->inventory)
			err->detail[0] = '\0';
	}
	if (!r->inventory)
		return -1;
	r->release = release_find(r->inventory->kubernetes.version);
	if (r->release)
		return 0;
	error_set(err, ERROR_INVENTORY, "Kubernetes %s is not supported", r->inventory->kubernetes.version);
	return error_hint(err, "supported are %s", release_supported());
}

/* --hosts: which of the inventory's hosts take part. */
static int choose_hosts(struct cli_run *r, struct error *err)
{
	const struct inventory *inv = r->inventory;
	const struct cli_options *o = r->options;
	const char **names = xcalloc(inv->host_count, sizeof(*names));
	int rc = 0;

	r->chosen = xcalloc(inv->host_count, sizeof(*r->chosen));
	for (size_t i = 0; i < inv->host_count; i++) {
		names[i] = inv->hosts[i].name;
		r->chosen[i] = o->host_count == 0;
	}
	for (size_t i = 0; rc == 0 && i < o->host_count; i++) {
		const struct inventory_host *h = inventory_find(inv, o->hosts[i]);

		if (h) {
			r->chosen[h - inv->hosts] = true;
			continue;
		}
		const char *near = cli_nearest(o->hosts[i], names, inv->host_count);
		rc = error_set(err, ERROR_USAGE, "--hosts: %s has no host '%s'", inv->path, o->hosts[i]);
		if (near)
			error_hint(err, "did you mean '%s'?", near);
	}
	for (size_t i = 0; i < inv->host_count; i++)
		r->chosen_count += r->chosen[i];
	free(names);
	return rc;
}

int cli_run_load(struct cli_run *r, const struct cli_options *o, struct error *err)
{
	memset(r, 0, sizeof(*r));
	str_init(&r->cni);
	str_init(&r->audit);
	r->options = o;
	return load_inventory(r, err) || choose_hosts(r, err) || cli_state_fill(r, err) ? -1 : 0;
}

static bool any_control_plane(const struct cli_run *r)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->chosen[i] && r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE)
			return true;
	return false;
}

/* No host may be newer than an API server, so all of those take part. */
static int check_upgrade(const struct cli_run *r, struct error *err)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (!r->chosen[i] && r->inventory->hosts[i].role == INVENTORY_CONTROL_PLANE) {
			error_set(err, ERROR_USAGE,
				"--hosts excludes the control plane %s, and no other host may be newer than it is",
				r->inventory->hosts[i].name);
			return error_hint(err, "add all control planes to --hosts");
		}
	return 0;
}

static int check_choice(const struct cli_run *r, struct error *err)
{
	if (r->kind->plan->flags & PLAN_UPGRADES)
		return check_upgrade(r, err);
	if (any_control_plane(r) || !(r->kind->plan->flags & PLAN_KEYS))
		return 0;
	if (r->kind->plan->flags & PLAN_REBOOTS) {
		error_set(err, ERROR_USAGE,
			"--hosts excludes all control planes, and without one no pods can be evicted before a host restarts");
		return error_hint(err, "add one of them to --hosts");
	}
	if (r->kind->plan->flags & PLAN_RENEWS) {
		error_set(err, ERROR_USAGE,
			"--hosts excludes all control planes, and without one it cannot be seen whether the API takes new certificates");
		return error_hint(
			err, "add one of them to --hosts, and name the hosts to be renewed: certs renew HOST");
	}
	/* nothing but a join wants one */
	if (!(r->kind->flags & RUN_CNI) || r->kind->flags & RUN_HEALTH) {
		fputs("note: --hosts excludes all control planes, so the cluster itself is not asked\n", stderr);
		return 0;
	}
	error_set(err, ERROR_USAGE, "--hosts excludes all control planes, and nothing can join without one");
	return error_hint(err, "add one of them to --hosts");
}

int cli_run_cni(struct cli_run *r, struct error *err)
{
	const char *cni = r->inventory->network.cni;
	int rc;

	if (strcmp(cni, "none") == 0)
		return 0;
	rc = *cni == '/' ? file_read(cni, CNI_MAX, &r->cni, err)
			 : net_download(cni, r->inventory->network.cni_sha256, CNI_MAX, NULL, &r->cni, err);
	if (rc) {
		error_wrap(err, "network.cni");
		if (*cni == '/' && err->kind == ERROR_SYSTEM)
			err->kind = ERROR_INVENTORY;
		return rc;
	}
	if (r->mask)
		cli_mask_manifest(r->mask, r->cni.buf);
	r->world.wish.cni_manifest = r->cni.buf;
	return 0;
}

int cli_run_audit(struct cli_run *r, struct error *err)
{
	const char *path = r->inventory->security.audit;

	if (*path != '/')
		return 0;
	str_clear(&r->audit);
	if (file_read(path, SECURITY_POLICY_MAX, &r->audit, err) ||
		security_policy_refuse(r->audit.buf, r->audit.len, err)) {
		if (err->kind == ERROR_SYSTEM)
			err->kind = ERROR_INVENTORY;
		return error_wrap(err, "security.audit: %s", path);
	}
	r->world.wish.audit_policy = r->audit.buf;
	return 0;
}

/* Nothing changes by what only looks: it says what it can. */
static int open_audit(struct cli_run *r, struct error *err)
{
	struct error why = { 0 };

	if (r->kind->flags & RUN_CNI)
		return cli_run_audit(r, err);
	if (r->kind->flags & RUN_HEALTH && cli_run_audit(r, &why))
		fprintf(stderr, "note: %s\n", why.what);
	return 0;
}

static int open_store(struct cli_run *r, struct error *err)
{
	if (!(r->kind->plan->flags & PLAN_KEYS) || pki_store_state(r->store_dir) == PKI_STORE_NONE)
		return 0;
	r->world.pki.store = pki_store_open(r->store_dir, &r->passphrase, err);
	return r->world.pki.store ? 0 : -1;
}

static void fill_world(struct cli_run *r)
{
	struct world *w = &r->world;
	const struct cli_options *o = r->options;

	w->wish.run = r->id;
	w->wish.owner = r->owner;
	w->wish.machine = r->machine;
	w->wish.store_dir = r->store_dir;
	w->wish.kubeconfig = r->kubeconfig;
	w->wish.given = r->given;
	w->wish.passphrase = &r->passphrase;
	w->wish.take_lock = r->kind->flags & RUN_CHANGES;
	w->wish.texts = r->kind->flags & RUN_TEXTS;
	w->wish.health = r->kind->flags & RUN_HEALTH;
	w->wish.rejoin = r->kind->plan->flags & PLAN_REJOINS ? r->named : NULL;
	w->wish.leave = r->kind->plan->flags & PLAN_LEAVES ? r->named : NULL;
	w->wish.reboot = r->kind->plan->flags & PLAN_REBOOTS ? r->named : NULL;
	w->wish.pending = o->pending;
	w->wish.upgrade = r->kind->plan->flags & PLAN_UPGRADES;
	w->wish.without_missing = o->without_missing;
	w->wish.renew = o->renew;
	w->wish.renew_hosts = r->kind->plan->flags & PLAN_RENEWS && o->arg_count ? r->named : NULL;
	w->wish.mesh = r->chosen;
	w->wish.sign = o->sign;
	w->wish.etcd = o->etcd;
	w->wish.shown = o->shown;
	w->wish.remedy = o->remedy;
	w->wish.drill = o->drill;
	w->wish.override_quorum = o->override_quorum;
	w->wish.snapshots_dir = r->snapshots_dir;
	w->wish.force = o->force;
	w->wish.drain_timeout_s = o->drain_timeout_s;
	w->logins.keys = r->keys;
	w->logins.pool = o->pool;
	w->logins.known_hosts = r->known_hosts;
	w->logins.other_known_hosts = r->other_known_hosts;
	w->logins.accept_new = o->accept_new_host_keys;
	w->logins.connect_timeout_ms = o->connect_timeout_s * 1000;
}

/* Runs of this machine whose process is dead give their locks up to this one, and what they have begun on purpose is ended. */
static void find_dead_runs(struct cli_run *r)
{
	char **list = NULL;
	size_t n = journal_dead_runs(r->runs_dir, r->machine, &list);
	struct str text = STR_INIT;

	for (size_t i = 0; i < n; i++) {
		str_addf(&text, "%s%s", i ? " " : "", list[i]);
		free(list[i]);
	}
	free(list);
	free(r->dead_runs);
	r->dead_runs = str_detach(&text);
	r->world.wish.dead_runs = r->dead_runs;
}

/* Hosts that were left out keep their index, but no step concerns them. */
/*
 * A run that only looks can do with fewer connections than hosts. One that changes something stays connected to all, for
 * its lock, and so do commands of several runs, for the next one; hosts that ask each other do it at the same time.
 */
static int check_descriptors(struct cli_run *r, struct error *err)
{
	size_t room = descriptors_hosts();

	if (r->kind->flags & RUN_CHANGES || r->options->pool || r->kind->plan == &plans[PLAN_MESH] ||
		room < CONNECTIONS_MIN)
		return descriptors_enough(r->chosen_count, err);
	r->connections = r->chosen_count <= room ? 0 : (int)room;
	return 0;
}

/* How many workers may be in their section at once: at least one. */
static unsigned batch(const struct cli_run *r)
{
	unsigned workers = 0, n = (unsigned)r->options->batch;

	for (size_t i = 0; i < r->inventory->host_count; i++)
		workers += r->chosen[i] && r->inventory->hosts[i].role == INVENTORY_WORKER;
	if (r->options->batch_percent)
		n = workers * n / 100;
	return n ? n : 1;
}

static void fill_sections(struct cli_run *r)
{
	const struct plan *plan = r->kind->plan;

	r->sections = xcalloc(plan->section_count ? plan->section_count : 1, sizeof(*r->sections));
	for (size_t i = 0; i < plan->section_count; i++) {
		r->sections[i] = plan->sections[i];
		if (strcmp(r->sections[i].name, SECTION_WORKERS) == 0)
			r->sections[i].at_once = batch(r);
	}
}

/* Without a key there is nothing of Secrets to change. */
static void fill_steps(struct cli_run *r)
{
	const struct plan *plan = r->kind->plan;

	unsigned more = 0;

	if (r->inventory->security.encrypt_secrets || pki_store_secrets_at(r->store_dir))
		more |= PLAN_MORE_ENCRYPTION;
	if (inventory_signs_serving(r->inventory))
		more |= PLAN_MORE_SERVING;
	r->steps = xcalloc(plan->count + PLAN_MORE, sizeof(*r->steps));
	r->step_count = plan_with(plan, more, r->steps);
}

static void fill_engine(struct cli_run *r)
{
	const struct inventory *inv = r->inventory;

	r->hosts = xcalloc(inv->host_count, sizeof(*r->hosts));
	for (size_t i = 0; i < inv->host_count; i++) {
		r->hosts[i].name = inv->hosts[i].name;
		if (r->chosen[i])
			r->hosts[i].roles =
				inv->hosts[i].role == INVENTORY_CONTROL_PLANE ? ROLE_CONTROL_PLANE : ROLE_WORKER;
	}
	fill_sections(r);
	fill_steps(r);
	r->config = (struct engine_config){
		.run = r->id,
		.machine = r->machine,
		.steps = r->steps,
		.step_count = r->step_count,
		.sections = r->sections,
		.section_count = r->kind->plan->section_count,
		.hosts = r->hosts,
		.host_count = inv->host_count,
		.parallel = r->options->parallel,
		.connections = r->connections,
		.check_only = !(r->kind->flags & RUN_CHANGES),
		.keep_alive = r->options->watched && r->kind->flags & RUN_RETRIES,
		.world = &r->world,
		.open = world_open,
		.beat = world_beat,
		.mask = r->mask,
	};
}

static int open_journal(struct cli_run *r, struct error *err)
{
	if (!(r->kind->flags & RUN_CHANGES))
		return 0;
	r->journal = journal_open(r->runs_dir, r->id, &r->config, r->kind->command, err);
	if (!r->journal)
		return error_wrap(err, "the recording of this run");
	r->config.journal = journal_event;
	r->config.journal_ctx = r->journal;
	return 0;
}

static void end_engine(struct cli_run *r)
{
	if (!r->engine)
		return;
	engine_free(r->engine);
	progress_release(&r->progress);
	for (size_t i = 0; r->would && i < r->cells; i++) {
		free(r->would[i].text);
		free(r->would[i].about);
		str_release(&r->would[i].differences);
	}
	free(r->would);
	r->would = NULL;
}

void cli_run_begin(struct cli_run *r)
{
	end_engine(r);
	r->cells = r->config.step_count * r->config.host_count;
	r->engine = engine_new(&r->config);
	progress_init(&r->progress, r->config.step_count, r->config.host_count);
	engine_observe(r->engine, progress_event, &r->progress);
	if (!r->config.check_only)
		return;
	r->would = xcalloc(r->cells, sizeof(*r->would));
	for (size_t i = 0; i < r->cells; i++)
		str_init(&r->would[i].differences);
	engine_observe(r->engine, would_event, r);
}

int cli_run_open(struct cli_run *r, enum cli_kind kind, struct error *err)
{
	r->kind = &cli_kinds[kind];
	if (check_choice(r, err) || check_descriptors(r, err) || file_mkdirs(r->state_dir, 0700, err))
		return -1;
	world_init(&r->world, r->inventory, r->release);
	r->prepared = true;
	r->mask = mask_new();
	if ((r->kind->flags & RUN_CNI && cli_run_cni(r, err)) || open_audit(r, err) || cli_secrets_fill(r, err) ||
		open_store(r, err))
		return -1;
	fill_world(r);
	find_dead_runs(r);
	fill_engine(r);
	if (open_journal(r, err))
		return -1;
	cli_run_begin(r);
	return 0;
}

void cli_run_show(struct cli_run *r)
{
	bool quiet = r->config.check_only;

	if (r->options->json && !quiet) {
		engine_observe(r->engine, json_event, &r->config);
		return;
	}
	r->plain = plain_new(
		stdout, stderr, &r->config, &r->progress, quiet ? PLAIN_QUIET : PLAIN_RUN, r->options->verbose);
	plain_findings(r->plain, r->world.seen.findings);
	engine_observe(r->engine, plain_event, r->plain);
}

/* Whether there is a terminal to answer the engine's questions at, and the output is not JSON. */
static bool can_ask(const struct cli_run *r)
{
	return !r->options->json && cli_can_ask();
}

/* An answer by hand. While it is awaited nothing is printed over the question: events queue up. */
static void answer_question(const struct event *ev, void *run)
{
	struct cli_run *r = run;

	if (ev->kind == EVENT_QUESTION)
		engine_answer(r->engine, ev->seq, cli_ask_answer(ev->text, ev->answers, cli_signals_fd()));
}

/* The first Ctrl-C. */
static void interrupted(struct cli_run *r)
{
	bool finishes = r->kind->flags & RUN_FINISHES;

	if (r->kind->flags & RUN_CHANGES)
		fprintf(stderr, "\n%s, and 'kubewright %s' continues where this stopped; Ctrl-C again exits at once\n",
			finishes ? "stopping: what is under way finishes first"
				 : "cancelling: jobs on hosts finish there",
			r->kind->command);
	else
		fputs("\ncancelling\n", stderr);
	engine_command(r->engine, finishes ? ENGINE_LEAVE : ENGINE_CANCEL, -1);
}

static void loop(struct cli_run *r, int64_t start)
{
	bool told = false;

	while (engine_wait(r->engine, cli_signals_fd(), 1000)) {
		if (cli_signals_taken() && !told) {
			told = true;
			interrupted(r);
		}
		if (r->plain)
			plain_tick(r->plain, clock_mono_ms() - start);
	}
}

int cli_run_execute(struct cli_run *r, struct error *err)
{
	int64_t start = clock_mono_ms();
	int rc;

	if (can_ask(r))
		engine_observe(r->engine, answer_question, r);
	else
		engine_no_questions(r->engine);
	cli_signals_running(true);
	rc = engine_start(r->engine, err);
	if (rc == 0)
		loop(r, start);
	cli_signals_running(false);
	r->elapsed_ms = clock_mono_ms() - start;
	return rc;
}

void cli_run_release(struct cli_run *r)
{
	char **const owned[] = { &r->state_dir, &r->known_hosts, &r->user_known_hosts[0], &r->user_known_hosts[1],
		&r->runs_dir, &r->snapshots_dir, &r->kubeconfig, &r->given, &r->store_dir, &r->owner, &r->machine,
		&r->dead_runs };

	end_engine(r);
	if (r->journal)
		journal_close(r->journal);
	plain_free(r->plain);
	if (r->prepared)
		world_release(&r->world);
	if (r->keys)
		remote_keys_free(r->keys);
	if (r->mask)
		mask_free(r->mask);
	secret_release(&r->passphrase);
	str_release(&r->cni);
	str_release(&r->audit);
	if (r->inventory)
		inventory_free(r->inventory);
	free(r->chosen);
	free(r->named);
	free(r->hosts);
	free(r->sections);
	free(r->steps);
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(*owned[i]);
	memset(r, 0, sizeof(*r));
}
