/* kubewright without a command, on a terminal: the wizard, and what it asks of the rest of the program (tui/wizard.h, struct port). */
#include "cli/past.h"
#include "cli/wizard.h"

#include "base/alloc.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "remote/pool.h"
#include "tui/main.h"
#include "tui/pages.h"
#include "tui/wizard.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the wizard was given in this session; the answers live in wiped memory. */
struct answer {
	char *prompt;
	struct secret value;
	struct answer *next;
};
struct session {
	const struct cli_options *options; /* of the command line */
	struct answer *answers;
	char *ask; /* filled by the run that misses an answer */
	size_t ask_size;
	char *recent_path;
	struct remote_pool *pool;
	struct login { /* what the last run's logins are kept under in the pool */
		char *host, *key;
	} * logins;
	size_t login_count;
	struct cli_rotation rotation; /* what the last look said is next */
	struct cli_takeover takeover; /* of a cluster that others made */
};

struct port_run {
	struct cli_run own, *run; /* run: own, or one of a takeover, which keeps it */
	struct session *session;
	struct cli_options options;
	char *path, *host, *what, *endpoint;
	char *hosts[1];
	struct world_etcd etcd;
	struct renew_wish rotates;
	struct error keys; /* why the API and etcd are not asked; kind ERROR_NONE: they are */
};

/* ---- secrets --------------------------------------------------------------------------------------------------------------- */

static int from_session(void *session, const char *prompt, struct secret *out, struct error *err)
{
	struct session *s = session;

	for (struct answer *a = s->answers; a; a = a->next)
		if (strcmp(a->prompt, prompt) == 0) {
			secret_set(out, a->value.text, a->value.len);
			return 0;
		}
	snprintf(s->ask, s->ask_size, "%s", prompt);
	return error_set(err, ERROR_USAGE, "a secret is needed: %s", prompt);
}

static void forget(struct session *s)
{
	struct answer *next;

	for (struct answer *a = s->answers; a; a = next) {
		next = a->next;
		secret_release(&a->value);
		free(a->prompt);
		free(a);
	}
	s->answers = NULL;
}

static void port_secret(void *session, const char *prompt, const char *text)
{
	struct session *s = session;
	struct answer *a;

	if (!prompt) {
		forget(s);
		return;
	}
	a = xcalloc(1, sizeof(*a));
	a->prompt = xstrdup(prompt);
	secret_set(&a->value, text, strlen(text));
	a->next = s->answers;
	s->answers = a;
}

/* The plans and the runs are the commands'. A run is over all hosts, or the one that it is about, or all with that one named. */
static const enum cli_kind kinds[PURPOSE_COUNT] = {
	[PURPOSE_CHECK] = KIND_CHECK,
	[PURPOSE_PLAN] = KIND_PLAN,
	[PURPOSE_APPLY] = KIND_APPLY,
	[PURPOSE_REMEDY] = KIND_REMEDY,
	[PURPOSE_LOOK] = KIND_STATUS,
	[PURPOSE_CERTS] = KIND_CERTS,
	[PURPOSE_BENCHMARK] = KIND_BENCHMARK,
	[PURPOSE_HARDWARE] = KIND_HARDWARE,
	[PURPOSE_MESH] = KIND_MESH,
	[PURPOSE_DRILL_LOOK] = KIND_DRILL_LOOK,
	[PURPOSE_DRILL] = KIND_DRILL,
	[PURPOSE_REPAIR_PLAN] = KIND_REPAIR_PLAN,
	[PURPOSE_REPAIR] = KIND_REPAIR,
	[PURPOSE_REJOIN_PLAN] = KIND_REJOIN_PLAN,
	[PURPOSE_REJOIN] = KIND_REJOIN,
	[PURPOSE_REMOVE_PLAN] = KIND_REMOVE_PLAN,
	[PURPOSE_REMOVE] = KIND_REMOVE,
	[PURPOSE_REBOOT_PLAN] = KIND_REBOOT_PLAN,
	[PURPOSE_REBOOT] = KIND_REBOOT,
	[PURPOSE_UPGRADE_PLAN] = KIND_UPGRADE_LOOK,
	[PURPOSE_UPGRADE] = KIND_UPGRADE,
	[PURPOSE_RENEW_PLAN] = KIND_RENEW_LOOK,
	[PURPOSE_RENEW] = KIND_RENEW,
	[PURPOSE_REQUESTS] = KIND_SIGN_LOOK,
	[PURPOSE_SIGN_PLAN] = KIND_SIGN_LOOK,
	[PURPOSE_SIGN] = KIND_SIGN,
	[PURPOSE_ROTATE_LOOK] = KIND_ROTATE_LOOK,
	[PURPOSE_ROTATE] = KIND_ROTATE,
	[PURPOSE_SUPPORT] = KIND_SUPPORT,
	[PURPOSE_ADOPT] = KIND_ADOPT,
	[PURPOSE_TAKE_KEYS] = KIND_TAKE_KEYS,
	[PURPOSE_SNAPSHOT] = KIND_SNAPSHOT,
};

/* ---- a run ------------------------------------------------------------------------------------------------------------------ */

static void forget_logins(struct session *s)
{
	for (size_t i = 0; i < s->login_count; i++) {
		free(s->logins[i].host);
		free(s->logins[i].key);
	}
	free(s->logins);
	s->logins = NULL;
	s->login_count = 0;
}

static void keep_logins(struct session *s, const struct inventory *inv)
{
	forget_logins(s);
	s->logins = xcalloc(inv->host_count ? inv->host_count : 1, sizeof(*s->logins));
	s->login_count = inv->host_count;
	for (size_t i = 0; i < inv->host_count; i++)
		s->logins[i] = (struct login){ xstrdup(inv->hosts[i].name), world_login_key(&inv->hosts[i]) };
}

static bool port_connected(void *session, const char *host)
{
	struct session *s = session;

	for (size_t i = 0; i < s->login_count; i++)
		if (strcmp(s->logins[i].host, host) == 0)
			return remote_pool_alive(s->pool, s->logins[i].key);
	return false;
}

static void port_end(struct port_run *p)
{
	if (p->own.inventory)
		keep_logins(p->session, p->own.inventory);
	if (p->own.options)
		cli_run_release(&p->own);
	free(p->path);
	free(p->host);
	free(p->what);
	free(p->endpoint);
	free(p->etcd.snapshot);
	free(p);
}

static const struct renew_wish renew_all;

static bool rotates(enum purpose purpose)
{
	return purpose == PURPOSE_ROTATE_LOOK || purpose == PURPOSE_ROTATE;
}

/* What is wanted of a run of a rotation: the phase that was agreed to. */
static int prepare(struct port_run *p, enum purpose purpose, struct error *err)
{
	const struct cli_rotation *next = &p->session->rotation;

	if (rotates(purpose) && cli_rotation_wish(p->what, &p->rotates, err))
		return -1;
	return purpose == PURPOSE_ROTATE ? cli_rotation_turn(next, p->what, p->run->inventory, &p->rotates, err) : 0;
}

/* The key of Secrets is rotated by a run of its own. */
static enum cli_kind kind_of(const struct port_run *p, enum purpose purpose)
{
	if (rotates(purpose) && cli_rotation_secrets(p->what))
		return purpose == PURPOSE_ROTATE ? KIND_SECRETS_KEY : KIND_SECRETS_KEY_LOOK;
	return kinds[purpose];
}

static void fill_options(struct port_run *p, enum purpose purpose)
{
	struct session *s = p->session;

	p->options = *s->options;
	p->options.file = p->path;
	p->options.warned = true;
	p->options.draft = purpose == PURPOSE_CHECK;
	p->options.ask = from_session;
	p->options.ask_ctx = s;
	p->options.pool = s->pool;
	p->options.watched = true;
	p->options.etcd = &p->etcd;
	p->options.remedy = purpose == PURPOSE_REMEDY ? p->what : NULL;
	p->options.sign = purpose == PURPOSE_SIGN_PLAN || purpose == PURPOSE_SIGN ? p->what : NULL;
	p->options.drill = purpose == PURPOSE_DRILL && p->what ? cli_drill_bits(p->what) : 0;
	p->options.renew = rotates(purpose) && !cli_rotation_secrets(p->what) ? &p->rotates : &renew_all;
	p->options.hosts = NULL;
	p->options.host_count = 0;
	if (p->host && !cli_kinds[kind_of(p, purpose)].names) {
		p->hosts[0] = p->host;
		p->options.hosts = p->hosts;
		p->options.host_count = 1;
	}
}

/* What the steps are given of the host that the run is about, and who is contacted for it. */
static int name_host(struct port_run *p, const struct cli_run_kind *kind, struct error *err)
{
	const struct inventory *inv = p->run->inventory;
	const struct inventory_host *h = p->host ? inventory_find(inv, p->host) : NULL;

	if (!kind->names || (!p->host && kind->plan->flags & (PLAN_NAMED | PLAN_RENEWS)))
		return 0;
	if (!h)
		return error_set(err, ERROR_INVENTORY, "%s no longer has a host '%s'", p->path, p->host ? p->host : "");
	p->run->named = xcalloc(inv->host_count, sizeof(*p->run->named));
	p->run->named[h - inv->hosts] = true;
	return cli_run_choose(p->run, kind, err);
}

/* For somebody who helps hosts are looked at also without the cluster's keys. */
static int open_run(struct port_run *p, enum purpose purpose, struct error *err)
{
	struct error why = { 0 };

	if (purpose != PURPOSE_SUPPORT)
		return cli_run_open(p->run, kind_of(p, purpose), err);
	if (cli_run_open(p->run, KIND_SUPPORT, &why) == 0)
		return 0;
	/* it is only to be asked for */
	if (*p->session->ask) {
		*err = why;
		return -1;
	}
	p->keys = why;
	cli_run_release(p->run);
	return cli_run_load(p->run, &p->options, err) || cli_run_open(p->run, KIND_SUPPORT_HOSTS, err) ? -1 : 0;
}

static int begin_run(struct port_run *p, enum purpose purpose, struct error *err)
{
	if (purpose == PURPOSE_ADOPT)
		return cli_takeover_open(&p->session->takeover, &p->options, p->what, &p->run, err);
	if (cli_run_load(p->run, &p->options, err) || prepare(p, purpose, err) ||
		name_host(p, &cli_kinds[kind_of(p, purpose)], err) || open_run(p, purpose, err))
		return -1;
	return purpose == PURPOSE_ROTATE ? cli_rotation_make(&p->session->rotation, p->run, err) : 0;
}

static struct port_run *port_begin(void *session, enum purpose purpose, const char *path, const char *host,
	const char *what, char *ask, size_t ask_size, struct error *err)
{
	struct session *s = session;
	struct port_run *p = xcalloc(1, sizeof(*p));

	s->ask = ask;
	s->ask_size = ask_size;
	p->session = s;
	p->run = &p->own;
	p->etcd = (struct world_etcd){ .host = -1, .from = -1 };
	p->path = xstrdup(path);
	p->host = host ? xstrdup(host) : NULL;
	p->what = what ? xstrdup(what) : NULL;
	fill_options(p, purpose);
	if (begin_run(p, purpose, err)) {
		port_end(p);
		return NULL;
	}
	return p;
}

static void port_cluster(struct port_run *p, struct port_cluster *out)
{
	cli_wizard_cluster(p->run, out);
}

static void port_certs(struct port_run *p, struct port_certs *out)
{
	cli_wizard_certs(p->run, out);
}

static void port_benchmark(struct port_run *p, struct port_benchmark *out)
{
	cli_wizard_benchmark(p->run, out);
}

static void port_hardware(struct port_run *p, struct port_hardware *out)
{
	cli_wizard_hardware(p->run, out);
}

static void port_mesh(struct port_run *p, struct port_mesh *out)
{
	cli_wizard_mesh(p->run, out);
}

static void port_drill(struct port_run *p, struct port_drill *out)
{
	cli_wizard_drill(p->run, out);
}

static void port_requests(struct port_run *p, struct port_requests *out)
{
	cli_wizard_requests(p->run, out);
}

static void port_rotation(struct port_run *p, struct port_rotation *out)
{
	cli_wizard_rotation(p->run, p->what, &p->session->rotation, out);
}

static void port_support(struct port_run *p, struct port_support *out)
{
	cli_wizard_support(p->run, p->keys.kind ? &p->keys : NULL, out);
}

static void port_adopted(struct port_run *p, struct port_adopted *out)
{
	cli_takeover_see(&p->session->takeover, out);
}

static int port_adopt(void *session, bool *keys, struct error *err)
{
	struct session *s = session;

	return cli_takeover_write(&s->takeover, keys, err);
}

static int port_took(struct port_run *p, struct error *err)
{
	struct engine_result result;

	engine_result(p->run->engine, &result);
	return result.cancelled ? error_set(err, ERROR_CANCELLED, "cancelled; no key was copied")
				: adopt_keys_taken(p->run, err);
}

static struct engine *port_engine(struct port_run *p)
{
	return p->run->engine;
}

static const struct engine_config *port_config(struct port_run *p)
{
	return &p->run->config;
}

static const struct inventory *port_inventory(struct port_run *p)
{
	return p->run->inventory;
}

static const struct findings *port_findings(struct port_run *p, size_t host)
{
	if (host == 0)
		cli_findings_complete(p->run);
	return &p->run->world.seen.findings[host];
}

static void port_host(struct port_run *p, size_t host, struct port_host *out)
{
	cli_wizard_host(&p->run->world.seen.hosts[host], out);
}

/* Of the plan of an upgrade: what forbids it. */
static void find_bars(struct port_run *p, struct error *err)
{
	struct findings found = { NULL, 0 };

	if (p->run->kind != &cli_kinds[KIND_UPGRADE_LOOK])
		return;
	obstacles_find(&p->run->world, p->run->chosen, &found);
	cli_upgrade_barred(&found, err);
	findings_release(&found);
}

static void port_summary(struct port_run *p, struct port_summary *out)
{
	struct cli_run *r = p->run;
	struct engine_result result;
	bool verified = cli_run_did(r, "verify");

	engine_result(r->engine, &result);
	free(p->endpoint);
	p->endpoint = xasprintf("https://%s:%d", inventory_endpoint(r->inventory), r->inventory->endpoint.port);
	*out = (struct port_summary){
		.exit_status =
			cli_exit_status(result.cancelled, verified, result.hosts_aside, cli_run_error(r, &result)),
		.kubeconfig = verified ? r->kubeconfig : NULL,
		.endpoint = p->endpoint,
		.version = r->world.decided.version,
		.snapshot = p->etcd.snapshot,
		.voters = r->world.seen.quorum.voters,
		.tolerates = quorum_tolerates(&r->world.seen.quorum),
		.no_network = r->world.seen.no_network,
		.first = cli_run_error(r, &result),
	};
	find_bars(p, &out->barred);
}

static bool port_removed(struct port_run *p, size_t host)
{
	return cli_host_removed(p->run, host);
}

/* ---- this machine ----------------------------------------------------------------------------------------------------------- */

static char *port_runs_dir(void *session, const char *cluster)
{
	(void)session;
	return cli_runs_dir(cluster, NULL);
}

static size_t port_runs(void *session, const char *cluster, struct port_past **list)
{
	char *dir = port_runs_dir(session, cluster);
	size_t n = dir ? cli_past_runs(dir, list) : 0;

	if (!dir)
		*list = NULL;
	free(dir);
	return n;
}

static char *port_recent(void *session)
{
	struct session *s = session;

	return cli_recent_read(s->recent_path);
}

static void port_remember(void *session, const char *path)
{
	struct session *s = session;

	cli_recent_add(s->recent_path, path);
}

static struct port port_of(struct session *s)
{
	return (struct port){
		.ctx = s,
		.begin = port_begin,
		.secret = port_secret,
		.engine = port_engine,
		.config = port_config,
		.inventory = port_inventory,
		.host = port_host,
		.findings = port_findings,
		.cluster = port_cluster,
		.certs = port_certs,
		.benchmark = port_benchmark,
		.hardware = port_hardware,
		.mesh = port_mesh,
		.drill = port_drill,
		.requests = port_requests,
		.rotation = port_rotation,
		.support = port_support,
		.adopted = port_adopted,
		.adopt = port_adopt,
		.took = port_took,
		.summary = port_summary,
		.removed = port_removed,
		.end = port_end,
		.connected = port_connected,
		.remedy = remedy_sentence,
		.runs = port_runs,
		.runs_dir = port_runs_dir,
		.recent = port_recent,
		.remember = port_remember,
	};
}

/* What stands on the terminal when the screen is gone. */
static void farewell(const struct wizard *w)
{
	struct str again = STR_INIT;

	if (!w->document || !w->summary_valid || w->purpose != PURPOSE_APPLY)
		return;
	if (w->summary.exit_status == 0) {
		printf("The cluster is up: %s\n", w->summary.endpoint);
		if (w->summary.kubeconfig)
			printf("next: kubectl --kubeconfig %s get nodes\n", w->summary.kubeconfig);
		return;
	}
	wizard_equivalent(w, PURPOSE_APPLY, &again);
	if (w->summary.first)
		cli_error_print(stderr, w->summary.first);
	fprintf(stderr, "next: 'kubewright' or '%s' continues where this stopped\n", again.buf);
	str_release(&again);
}

/* document: what to begin with, on the page of its hosts, or on the Dashboard; NULL: nothing. Taken over, as is first. */
static int show(const struct cli_options *o, struct screen *first, struct document *document)
{
	struct session s = { .options = o };
	struct error err = { 0 };
	struct screen *second;
	struct wizard w;
	char *home = cli_state_home(&err), *log;
	int status;

	if (!home || file_mkdirs(home, 0700, &err)) {
		first->ops->free(first);
		if (document)
			document_free(document);
		free(home);
		return cli_fail(&err);
	}
	s.pool = remote_pool_new();
	s.recent_path = xasprintf("%s/recent", home);
	log = xasprintf("%s/wizard.log", home);
	struct port port = port_of(&s);

	wizard_init(&w, &port);
	if (document)
		wizard_open(&w, document);
	second = !document ? NULL : page_installed(&w) ? screen_dashboard() : screen_hosts();
	status = tui_main(&w, first, second, log, &err);
	if (status == 0 && w.summary_valid && w.purpose == PURPOSE_APPLY)
		status = w.summary.exit_status;
	else if (status > 0)
		status = 130;
	if (status < 0)
		status = cli_fail(&err);
	else
		farewell(&w);
	wizard_release(&w);
	cli_takeover_release(&s.takeover);
	remote_pool_free(s.pool);
	forget_logins(&s);
	forget(&s);
	free(s.recent_path);
	free(log);
	free(home);
	return status;
}

int cli_wizard(const struct cli_options *o)
{
	struct document *document = NULL;
	struct error err = { 0 };

	if (strcmp(o->file, CLI_FILE) != 0 && !(document = document_load(o->file, &err)))
		return cli_fail(&err);
	return show(o, screen_start(), document);
}

int cli_replay(const struct cli_options *o)
{
	struct error err = { 0 };
	struct recording *r;
	char *path;

	if (o->timeline)
		return cli_timeline(o);
	if (o->json) {
		error_set(&err, ERROR_USAGE, "replay has no JSON output but with --timeline");
		error_hint(&err, "'kubewright watch RUN -o json' prints the lines of a recording");
		return cli_fail(&err);
	}
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		error_set(&err, ERROR_USAGE, "replay needs a terminal");
		error_hint(&err, "replay --timeline needs none; recordings are JSON lines, see docs/events.md");
		return cli_fail(&err);
	}
	path = cli_past_find(o->arg_count ? o->args[0] : "", false, &err);
	r = path ? recording_load(path, &err) : NULL;
	free(path);
	return r ? show(o, screen_replay(r), NULL) : cli_fail(&err);
}
