/*
 * All facts of many hosts, or what they are made of: the product's own way (inventory, engine, remote, script) beside a bare loop of libssh
 * connect, login, exec with the same script, in turn, on the same sshd. Each run is a process of its own, so that time, CPU and memory are its own.
 * bench_facts facts|hardware INVENTORY KNOWN_HOSTS REPOSITORY ROUNDS; REPOSITORY is "host port", the inventory's
 */
#include "base/error.h"
#include "engine/engine.h"
#include "inventory/inventory.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"
#include "steps/run/want.h"

#include <libssh/libssh.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PARALLEL = 32, ROUNDS_MAX = 32 };

struct figures {
	double wall, cpu; /* seconds */
	long rss;         /* KiB */
};

static const char *what; /* facts or hardware */
static bool of_hardware;
static struct inventory *inventory;
static const char *known_hosts;
static char repositories[256];
static struct world questions; /* of whose wish the bare loop asks */

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- the product ------------------------------------------------------------------------------------------------------------- */

static const struct step look_at_facts = { "probe", "Looking at the host", ROLE_ALL, STEP_OBSERVES, { { 0 } },
	probe_check, probe_apply };
static const struct step look_at_hardware = { "hardware", "Looking at the machine", ROLE_ALL, STEP_OBSERVES, { { 0 } },
	NULL, hardware_apply };

static int product(void)
{
	struct world w;
	struct engine_host *hosts = calloc(inventory->host_count, sizeof(*hosts));
	struct engine_config config = { .run = "bench",
		.steps = of_hardware ? &look_at_hardware : &look_at_facts,
		.step_count = 1,
		.hosts = hosts,
		.host_count = inventory->host_count,
		.parallel = PARALLEL,
		.check_only = true,
		.world = &w,
		.open = world_open };
	struct engine_result result;
	struct error err = { 0 };
	struct engine *e;
	unsigned probed = 0;

	world_init(&w, inventory, release_find(inventory->kubernetes.version));
	w.wish.run = w.wish.owner = w.wish.machine = "bench";
	w.wish.take_lock = false;
	w.logins.known_hosts = known_hosts;
	w.logins.keys = remote_keys_new();
	if (remote_keys_load((struct remote_keys *)w.logins.keys, inventory->hosts[0].ssh.key, NULL, &err))
		return fprintf(stderr, "%s\n", err.what), 1;
	for (size_t i = 0; i < inventory->host_count; i++)
		hosts[i] = (struct engine_host){ inventory->hosts[i].name, ROLE_WORKER };
	e = engine_new(&config);
	engine_no_questions(e);
	if (engine_start(e, &err))
		return fprintf(stderr, "%s\n", err.what), 1;
	while (engine_wait(e, -1, 1000))
		;
	engine_result(e, &result);
	for (size_t i = 0; i < inventory->host_count; i++)
		probed += of_hardware ? w.seen.hardware[i] != NULL : w.seen.hosts[i].probed;
	if (probed != inventory->host_count)
		fprintf(stderr, "product: %u of %zu hosts: %s\n", probed, inventory->host_count,
			result.first ? result.first->what : "");
	return probed != inventory->host_count;
}

/* ---- the yardstick ------------------------------------------------------------------------------------------------------------ */

static ssh_key private_key;
static pthread_mutex_t login_mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t login_free = PTHREAD_COND_INITIALIZER;
static int logins;

static void login_slot(int n)
{
	pthread_mutex_lock(&login_mutex);
	while (n > 0 && logins >= PARALLEL)
		pthread_cond_wait(&login_free, &login_mutex);
	logins += n;
	pthread_cond_signal(&login_free);
	pthread_mutex_unlock(&login_mutex);
}

static ssh_session bare_login(const struct inventory_host *h)
{
	ssh_session s = ssh_new();
	const int off = 0, on = 1;
	/* all hosts are this machine: who logs in last waits for the scripts of all others */
	const long timeout = 120;

	ssh_options_set(s, SSH_OPTIONS_TIMEOUT, &timeout);
	ssh_options_set(s, SSH_OPTIONS_HOST, h->ssh.address);
	ssh_options_set(s, SSH_OPTIONS_PORT, &h->ssh.port);
	ssh_options_set(s, SSH_OPTIONS_USER, h->ssh.user);
	ssh_options_set(s, SSH_OPTIONS_PROCESS_CONFIG, &off);
	ssh_options_set(s, SSH_OPTIONS_NODELAY, &on);
	ssh_options_set(s, SSH_OPTIONS_KEY_EXCHANGE, "curve25519-sha256");
	if (ssh_connect(s) == SSH_OK && ssh_userauth_publickey(s, NULL, private_key) == SSH_AUTH_SUCCESS)
		return s;
	fprintf(stderr, "bare: %s\n", ssh_get_error(s));
	ssh_free(s);
	return NULL;
}

/* As the product asks for facts. */
static void ask_facts(const struct inventory_host *h, struct items *params, struct str *body)
{
	const struct remote_param known[] = {
		{ "node", h->name },
		{ "run", "bench" },
		{ "owner", "bench" },
		{ "machine", "bench" },
		{ "dead_runs", "" },
		{ "lock", "no" },
		{ "ttl", "900" },
		{ "cluster", inventory->cluster },
		{ "address", h->address },
		{ "vip", "" },
		{ "vip_interface", "" },
		{ "repositories", repositories },
		{ "sources", "" },
	};

	want_questions(&questions, (int)(h - inventory->hosts), params);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		items_param(params, known[i].name, known[i].value);
	str_add(body, host_script_questions);
	str_add(body, host_script_hardware);
	str_add(body, host_script_lock);
	str_add(body, host_script_room);
	str_add(body, host_script_pod_networks);
	str_add(body, host_script_sources);
	str_add(body, host_script_surroundings);
	str_add(body, host_script_probe);
}

/* NULL when the host has answered to its end. */
static void *bare_host(void *host)
{
	static const char end[] = "bench end\n";
	const struct inventory_host *h = host;
	struct str script = STR_INIT, body = STR_INIT; /* as the product sends it */
	struct items params = { 0 };
	ssh_session s;
	ssh_channel c;
	struct str out = STR_INIT;
	char buf[16384];
	bool done;
	int n;

	if (of_hardware)
		str_add(&body, host_script_machine);
	else
		ask_facts(h, &params, &body);
	remote_script_text(&script, "bench", body.buf, params.params, params.param_count);
	items_release(&params);
	str_release(&body);
	login_slot(1);
	s = bare_login(host);
	login_slot(-1);
	if (!s)
		return host;
	c = ssh_channel_new(s);
	if (ssh_channel_open_session(c) == SSH_OK && ssh_channel_request_exec(c, "exec /bin/sh -s") == SSH_OK) {
		ssh_channel_write(c, script.buf, (uint32_t)script.len);
		ssh_channel_send_eof(c);
		while ((n = ssh_channel_read(c, buf, sizeof(buf), 0)) > 0)
			str_addn(&out, buf, (size_t)n);
	}
	done = out.len > sizeof(end) && strcmp(out.buf + out.len - (sizeof(end) - 1), end) == 0;
	str_release(&out);
	str_release(&script);
	ssh_channel_free(c);
	ssh_disconnect(s);
	ssh_free(s);
	return done ? NULL : host;
}

static int bare(void)
{
	pthread_t *threads = calloc(inventory->host_count, sizeof(*threads));
	unsigned failed = 0;
	void *left;

	world_init(&questions, inventory, release_find(inventory->kubernetes.version));
	if (ssh_pki_import_privkey_file(inventory->hosts[0].ssh.key, NULL, NULL, NULL, &private_key) != SSH_OK)
		return 1;
	for (size_t i = 0; i < inventory->host_count; i++)
		pthread_create(&threads[i], NULL, bare_host, &inventory->hosts[i]);
	for (size_t i = 0; i < inventory->host_count; i++) {
		pthread_join(threads[i], &left);
		failed += left != NULL;
	}
	if (failed)
		fprintf(stderr, "bare: %u of %zu hosts did not answer\n", failed, inventory->host_count);
	return failed != 0;
}

/* ---- both --------------------------------------------------------------------------------------------------------------------- */

static int measure(int (*run)(void), struct figures *f)
{
	double begin = now();
	struct rusage u;
	int status;
	pid_t pid = fork();

	if (pid == 0)
		_exit(run());
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid)
		return -1;
	f->wall = now() - begin;
	f->cpu = (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
		 (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
	f->rss = u.ru_maxrss;
	return status;
}

static int by_wall(const void *a, const void *b)
{
	const struct figures *x = a, *y = b;

	return (x->wall > y->wall) - (x->wall < y->wall);
}

static void line(const char *name, struct figures *f, int rounds)
{
	qsort(f, (size_t)rounds, sizeof(*f), by_wall);
	printf("%s of %zu hosts, %-8s wall %.2f s (best %.2f, worst %.2f of %d), own CPU %.2f s, RSS %.1f MiB\n", what,
		inventory->host_count, name, f[rounds / 2].wall, f[0].wall, f[rounds - 1].wall, rounds,
		f[rounds / 2].cpu, (double)f[rounds / 2].rss / 1024);
}

int main(int argc, char **argv)
{
	struct figures ours[ROUNDS_MAX], theirs[ROUNDS_MAX];
	struct inventory_problems problems = { 0 };
	struct error err = { 0 };
	int rounds = argc == 6 ? atoi(argv[5]) : 0;

	if (rounds < 1 || rounds > ROUNDS_MAX)
		return fprintf(stderr, "usage: bench_facts facts|hardware INVENTORY KNOWN_HOSTS REPOSITORY ROUNDS\n"), 2;
	what = argv[1];
	of_hardware = strcmp(what, "hardware") == 0;
	known_hosts = argv[3];
	snprintf(repositories, sizeof(repositories), "%s\n", argv[4]);
	inventory = inventory_load(argv[2], NULL, 0, &problems, &err);
	if (!inventory) {
		for (size_t i = 0; i < problems.count && i < 3; i++)
			fprintf(stderr, "%s\n", problems.list[i].text);
		return fprintf(stderr, "%s\n", err.what), 1;
	}
	remote_init();
	for (int i = 0; i < rounds; i++)
		if (measure(product, &ours[i]) || measure(bare, &theirs[i]))
			return 1;
	line("kubewright", ours, rounds);
	line("bare", theirs, rounds);
	printf("ratio of the medians: %.2f\n", ours[rounds / 2].wall / theirs[rounds / 2].wall);
	return 0;
}
