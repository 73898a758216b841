/* A run of the engine from the command line. */
#include "cli/run.h"

#include "base/alloc.h"
#include "base/clock.h"
#include "base/descriptors.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"

#include <stdlib.h>
#include <string.h>

#define CNI_MAX (4u << 20)

static int load_inventory(struct cli_run *r, struct error *err)
{
	const struct cli_options *o = r->options;
	struct inventory_problems problems = { 0 };
	struct str text = STR_INIT;

	if (o->draft)
		r->inventory = inventory_load_draft(o->file, &problems, err);
	else
		r->inventory = inventory_load(o->file, o->sets, o->set_count, &problems, err);
	if (problems.count && !o->screen) {
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

static int check_choice(const struct cli_run *r, struct error *err)
{
	if (any_control_plane(r) || !(r->kind->plan->flags & PLAN_KEYS))
		return 0;
	/* nothing but a join wants one */
	if (!(r->kind->flags & RUN_CNI) || r->kind->flags & RUN_HEALTH) {
		fputs("note: --hosts leaves out all control planes: the cluster itself is not asked\n", stderr);
		return 0;
	}
	error_set(err, ERROR_USAGE, "--hosts leaves out all control planes, and nothing can join without one");
	return error_hint(err, "name one of them too");
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
	r->world.cni_manifest = r->cni.buf;
	return 0;
}

static int open_store(struct cli_run *r, struct error *err)
{
	if (!(r->kind->plan->flags & PLAN_KEYS) || pki_store_state(r->store_dir) == PKI_STORE_NONE)
		return 0;
	r->world.store = pki_store_open(r->store_dir, &r->passphrase, err);
	return r->world.store ? 0 : -1;
}

static void fill_world(struct cli_run *r)
{
	struct world *w = &r->world;
	const struct cli_options *o = r->options;

	w->run = r->id;
	w->owner = r->owner;
	w->machine = r->machine;
	w->store_dir = r->store_dir;
	w->kubeconfig_path = r->kubeconfig;
	w->passphrase = &r->passphrase;
	w->take_lock = r->kind->flags & RUN_CHANGES;
	w->want_texts = r->kind->flags & RUN_TEXTS;
	w->want_health = r->kind->flags & RUN_HEALTH;
	w->rejoin = r->kind->plan->flags & PLAN_REJOINS ? r->named : NULL;
	w->leave = r->kind->plan->flags & PLAN_LEAVES ? r->named : NULL;
	w->without_missing = o->without_missing;
	w->etcd_task = o->etcd;
	w->shown = o->shown;
	w->remedy = o->remedy;
	w->override_quorum = o->override_quorum;
	w->snapshots_dir = r->snapshots_dir;
	w->force = o->force;
	w->drain_timeout_s = o->drain_timeout_s;
	w->keys = r->keys;
	w->pool = o->pool;
	w->known_hosts = r->known_hosts;
	w->other_known_hosts = r->other_known_hosts;
	w->accept_new_host_keys = o->accept_new_host_keys;
	w->connect_timeout_ms = o->connect_timeout_s * 1000;
}

/* Runs of this machine whose process is dead give their locks up to this one. */
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
	r->world.dead_runs = r->dead_runs;
}

/* Hosts that were left out keep their index, but no step concerns them. */
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
	r->config = (struct engine_config){
		.run = r->id,
		.machine = r->machine,
		.steps = r->kind->plan->steps,
		.step_count = r->kind->plan->count,
		.hosts = r->hosts,
		.host_count = inv->host_count,
		.parallel = r->options->parallel,
		.check_only = !(r->kind->flags & RUN_CHANGES),
		.keep_alive = r->options->follows && r->kind->flags & RUN_RETRIES,
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
		return error_wrap(err, "the journal of this run");
	r->config.journal = journal_event;
	r->config.journal_ctx = r->journal;
	return 0;
}

int cli_run_open(struct cli_run *r, enum cli_kind kind, struct error *err)
{
	r->kind = &cli_kinds[kind];
	if (check_choice(r, err) || descriptors_enough(r->chosen_count, err) || file_mkdirs(r->state_dir, 0700, err))
		return -1;
	world_init(&r->world, r->inventory, r->release);
	r->prepared = true;
	r->mask = mask_new();
	if ((r->kind->flags & RUN_CNI && cli_run_cni(r, err)) || cli_secrets_fill(r, err) || open_store(r, err))
		return -1;
	fill_world(r);
	if (r->kind->flags & RUN_CHANGES)
		find_dead_runs(r);
	fill_engine(r);
	if (open_journal(r, err))
		return -1;
	r->engine = engine_new(&r->config);
	progress_init(&r->progress, r->config.step_count, r->config.host_count);
	engine_observe(r->engine, progress_event, &r->progress);
	return 0;
}

int cli_may_confirm(const struct cli_options *o, const char *why, struct error *err)
{
	if (o->yes || (cli_can_ask() && !o->json))
		return 0;
	error_set(err, ERROR_USAGE, "%s, and there is no terminal to ask on", why);
	return error_hint(err, "confirm it beforehand with --yes");
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
	prompt = xasprintf("%s\nType the cluster's name to go on: ", tell);
	right = cli_ask_line(prompt, line, sizeof(line), -1) && strcmp(line, r->inventory->cluster) == 0;
	free(prompt);
	return right ? 0 : error_set(err, ERROR_CANCELLED, "not confirmed; nothing was changed");
}

void cli_run_show(struct cli_run *r)
{
	if (r->options->json) {
		engine_observe(r->engine, json_event, &r->config);
		return;
	}
	r->plain = plain_new(stdout, stderr, &r->config, &r->progress, PLAIN_RUN, r->options->verbose);
	plain_findings(r->plain, r->world.findings);
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

static void loop(struct cli_run *r, int64_t start)
{
	bool told = false;

	while (engine_wait(r->engine, cli_signals_fd(), 1000)) {
		if (cli_signals_taken() && !told) {
			told = true;
			if (r->kind->flags & RUN_CHANGES)
				fprintf(stderr,
					"\ncancelling: jobs that run on hosts finish there, and 'kubewright %s' goes on where this "
					"stopped; once more leaves at once\n",
					r->kind->command);
			else
				fputs("\ncancelling\n", stderr);
			engine_command(r->engine, ENGINE_CANCEL, -1);
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

bool cli_run_did(const struct cli_run *r, const char *step)
{
	for (size_t s = 0; s < r->config.step_count; s++) {
		if (strcmp(r->config.steps[s].name, step) != 0)
			continue;
		for (size_t h = 0; h < r->config.host_count; h++) {
			enum cell_state state = r->progress.cells[h * r->config.step_count + s].state;

			if (state == CELL_CHANGED || state == CELL_OK)
				return true;
		}
	}
	return false;
}

unsigned cli_run_count(const struct cli_run *r, enum cell_state state)
{
	unsigned n = 0;

	for (size_t s = 0; s < r->config.step_count; s++)
		for (size_t h = 0; h < r->config.host_count; h++)
			n += r->progress.cells[h * r->config.step_count + s].state == state &&
			     !(r->config.steps[s].flags & (STEP_OBSERVES | STEP_ALWAYS));
	return n;
}

const struct error *cli_run_error(const struct cli_run *r, const struct engine_result *result)
{
	/* another run at work explains whatever else went wrong */
	for (size_t i = 0; i < r->config.host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);

		if (e && e->kind == ERROR_LOCKED)
			return e;
	}
	/* and an inventory that is refused, the hosts that could not be asked */
	if (r->world.decision && r->world.decision->kind == ERROR_INVENTORY)
		return r->world.decision;
	return result->first;
}

int cli_exit_status(bool cancelled, bool verified, unsigned aside, const struct error *first)
{
	if (cancelled)
		return 130;
	if (!aside && !first)
		return 0;
	if (verified)
		return CLI_EXIT_HOSTS_LEFT;
	return first ? error_exit_code(first->kind) : error_exit_code(ERROR_COMMAND);
}

void cli_run_release(struct cli_run *r)
{
	char **const owned[] = { &r->state_dir, &r->known_hosts, &r->user_known_hosts[0], &r->user_known_hosts[1],
		&r->runs_dir, &r->snapshots_dir, &r->kubeconfig, &r->store_dir, &r->owner, &r->machine, &r->dead_runs };

	if (r->engine) {
		engine_free(r->engine);
		progress_release(&r->progress);
	}
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
	if (r->inventory)
		inventory_free(r->inventory);
	free(r->chosen);
	free(r->named);
	free(r->hosts);
	for (size_t i = 0; i < sizeof(owned) / sizeof(owned[0]); i++)
		free(*owned[i]);
	memset(r, 0, sizeof(*r));
}
