/*
 * The wizard while many hosts talk: from a key's byte to the bytes that move the selection, and what the wizard costs meanwhile. The real loop on a
 * pseudo-terminal of 200x60 in a process of its own, a journal, the steps of an installation with hosts that only talk.
 * bench_wizard FOLDER HOSTS SECONDS
 */
#include "base/alloc.h"
#include "base/error.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "steps/steps.h"
#include "tui/main.h"
#include "tui/wizard.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 200, HEIGHT = 60, KEYS_MAX = 4096, ROWS = 10, STEP_MS = 1500, SILENT_MS = 10000 };
#define POINTER "\xe2\x96\xb6" /* before the selected host */

static const char *folder;
static int host_count, line_ms; /* a host talks every so often; 0: as fast as it can */
static struct {
	_Atomic unsigned long lines;
} * told;

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- hosts that talk ------------------------------------------------------------------------------------------------- */

static int talk(struct task *t, struct error *err)
{
	/* not all at once: steps begin and end all the time */
	double end = now() + (STEP_MS + task_host(t) * 37 % STEP_MS) / 1e3;
	char line[160];

	for (unsigned i = 0; now() < end && !task_cancelled(t); i++) {
		int n = snprintf(line, sizeof(line),
			"Get:%u http://mirror.example.com/debian trixie/main amd64 library-%u amd64 2.41-%d [%u kB]\n",
			i, i * 7919 % 10007, task_host(t), i * 31 % 4096);

		task_output(line, (size_t)n, t);
		atomic_fetch_add(&told->lines, 1);
		if (line_ms)
			usleep((useconds_t)line_ms * 1000);
	}
	return task_cancelled(t) ? error_set(err, ERROR_CANCELLED, "cancelled") : 0;
}

/* ---- a port ------------------------------------------------------------------------------------------------------------ */

struct port_run {
	struct inventory *inventory;
	struct engine_config config;
	struct journal *journal;
	struct engine *engine;
};

/* The steps of an installation, each on all its hosts at once. */
static struct step *talking_steps(void)
{
	struct step *steps = xcalloc(plans[PLAN_INSTALL].count, sizeof(*steps));

	for (size_t i = 0; i < plans[PLAN_INSTALL].count; i++)
		steps[i] = (struct step){ .name = plans[PLAN_INSTALL].steps[i].name,
			.title = plans[PLAN_INSTALL].steps[i].title,
			.roles = plans[PLAN_INSTALL].steps[i].roles,
			.apply = talk };
	return steps;
}

static struct port_run *begin(void *ctx, enum purpose purpose, const char *path, const char *host, const char *finding,
	char *ask, size_t ask_size, struct error *err)
{
	struct port_run *r = xcalloc(1, sizeof(*r));
	struct engine_host *hosts;

	(void)ctx, (void)purpose, (void)host, (void)finding, (void)ask, (void)ask_size;
	r->inventory = inventory_load(path, NULL, 0, NULL, err);
	if (!r->inventory)
		return NULL;
	hosts = xcalloc(r->inventory->host_count, sizeof(*hosts));
	for (size_t i = 0; i < r->inventory->host_count; i++)
		hosts[i] = (struct engine_host){ r->inventory->hosts[i].name,
			r->inventory->hosts[i].role == INVENTORY_WORKER ? ROLE_WORKER : ROLE_CONTROL_PLANE };
	r->config = (struct engine_config){ .run = line_ms ? "steady" : "flood",
		.steps = talking_steps(),
		.step_count = plans[PLAN_INSTALL].count,
		.hosts = hosts,
		.host_count = r->inventory->host_count,
		.keep_alive = true };
	r->journal = journal_open(folder, r->config.run, &r->config, "apply", err);
	if (!r->journal)
		return NULL;
	r->config.journal = journal_event;
	r->config.journal_ctx = r->journal;
	r->engine = engine_new(&r->config);
	return r;
}

static void secret(void *ctx, const char *ask, const char *text)
{
	(void)ctx, (void)ask, (void)text;
}

static struct engine *engine_of(struct port_run *r)
{
	return r->engine;
}

static const struct engine_config *config_of(struct port_run *r)
{
	return &r->config;
}

static const struct inventory *inventory_of(struct port_run *r)
{
	return r->inventory;
}

static void summary(struct port_run *r, struct port_summary *out)
{
	(void)r;
	*out = (struct port_summary){ .version = "1.36.2" };
}

static void host_of(struct port_run *r, size_t host, struct port_host *out)
{
	(void)r, (void)host;
	memset(out, 0, sizeof(*out));
}

static const struct findings *findings_of(struct port_run *r, size_t host)
{
	static const struct findings none;

	(void)r, (void)host;
	return &none;
}

static void cluster_of(struct port_run *r, struct port_cluster *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void certs_of(struct port_run *r, struct port_certs *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void benchmark_of(struct port_run *r, struct port_benchmark *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void hardware_of(struct port_run *r, struct port_hardware *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void mesh_of(struct port_run *r, struct port_mesh *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void drill_of(struct port_run *r, struct port_drill *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void requests_of(struct port_run *r, struct port_requests *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void rotation_of(struct port_run *r, struct port_rotation *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void support_of(struct port_run *r, struct port_support *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static void adopted_of(struct port_run *r, struct port_adopted *out)
{
	(void)r;
	memset(out, 0, sizeof(*out));
}

static int adopt(void *ctx, bool *keys, struct error *err)
{
	(void)ctx, (void)keys;
	return error_set(err, ERROR_INTERNAL, "there is no cluster");
}

static int took(struct port_run *r, struct error *err)
{
	(void)r;
	return error_set(err, ERROR_INTERNAL, "there are no keys");
}

static bool removed(struct port_run *r, size_t host)
{
	(void)r, (void)host;
	return false;
}

static void end(struct port_run *r)
{
	engine_free(r->engine);
	journal_close(r->journal);
	inventory_free(r->inventory);
	free((void *)r->config.hosts);
	free((void *)r->config.steps);
	free(r);
}

static const char *remedy(const char *finding)
{
	(void)finding;
	return NULL;
}

static size_t runs(void *ctx, const char *cluster, struct port_past **list)
{
	(void)ctx, (void)cluster;
	*list = NULL;
	return 0;
}

static char *recent(void *ctx)
{
	(void)ctx;
	return xstrdup("");
}

static void remember(void *ctx, const char *path)
{
	(void)ctx, (void)path;
}

static char *runs_dir(void *ctx, const char *cluster)
{
	(void)ctx, (void)cluster;
	return xstrdup(folder);
}

static bool connected(void *ctx, const char *host)
{
	(void)ctx, (void)host;
	return true;
}

static const struct port port = {
	.begin = begin,
	.secret = secret,
	.engine = engine_of,
	.config = config_of,
	.inventory = inventory_of,
	.host = host_of,
	.findings = findings_of,
	.cluster = cluster_of,
	.certs = certs_of,
	.benchmark = benchmark_of,
	.hardware = hardware_of,
	.mesh = mesh_of,
	.drill = drill_of,
	.requests = requests_of,
	.rotation = rotation_of,
	.support = support_of,
	.adopted = adopted_of,
	.adopt = adopt,
	.took = took,
	.summary = summary,
	.removed = removed,
	.end = end,
	.connected = connected,
	.remedy = remedy,
	.runs = runs,
	.runs_dir = runs_dir,
	.recent = recent,
	.remember = remember,
};

/* ---- the wizard's process ------------------------------------------------------------------------------------------------ */

/* The page before: it begins the run and continues to the page that shows it. */
static void shown(struct screen *s)
{
	if (wizard_begin(s->wizard, PURPOSE_APPLY, NULL, NULL))
		app_replace(s->app, screen_run());
}

static void release(struct screen *s)
{
	free(s);
}

static const struct screen_ops first_ops = { .title = "Before", .shown = shown, .free = release };

static void be_wizard(const char *path)
{
	struct screen *first = xcalloc(1, sizeof(*first));
	char *log = xasprintf("%s/wizard.log", folder);
	struct error err = { 0 };
	struct wizard w;
	int status;

	setenv("TERM", "xterm-256color", 1);
	setenv("LC_ALL", "C.UTF-8", 1);
	unsetenv("LINES");
	unsetenv("COLUMNS");
	wizard_init(&w, &port);
	w.document = document_load(path, &err);
	first->ops = &first_ops;
	status = w.document ? tui_main(&w, first, NULL, log, &err) : -1;
	if (status < 0)
		printf("%s\n", err.what);
	wizard_release(&w);
	free(log);
	_exit(status == 1 ? 0 : 1);
}

/* ---- the operator ---------------------------------------------------------------------------------------------------------- */

struct figures {
	double keys[KEYS_MAX]; /* ms */
	int count;
	double cpu, wall; /* seconds */
	long rss, peak;   /* KiB */
	unsigned long lines, bytes;
};

/* CPU seconds of a process. */
static double cpu_of(pid_t pid)
{
	unsigned long user = 0, system = 0;
	char path[64], text[1024] = "", *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	p = strrchr(text, ')');
	if (p)
		sscanf(p + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

/* A line of /proc/PID/status, in KiB. */
static long status_of(pid_t pid, const char *word)
{
	char path[64], line[256];
	long value = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, word, strlen(word)) == 0)
			value = strtol(line + strlen(word) + 1, NULL, 10);
	if (f)
		fclose(f);
	return value;
}

/* Reads until text comes, or until a time; NULL: to the end. Whether it came. */
static bool read_until(int master, const char *text, double until, struct figures *f)
{
	static char seen[65536 + 16];
	static size_t kept;
	size_t tail = text ? strlen(text) - 1 : 0;

	for (kept = 0; now() < until;) {
		struct pollfd p = { .fd = master, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, (int)((until - now()) * 1e3) + 1) <= 0)
			continue;
		n = read(master, seen + kept, 65536);
		if (n <= 0)
			return !text;
		f->bytes += (unsigned long)n;
		n += (ssize_t)kept;
		if (text && memmem(seen, (size_t)n, text, strlen(text)))
			return true;
		kept = (size_t)n < tail ? (size_t)n : tail;
		memmove(seen, seen + n - kept, kept);
	}
	return false;
}

static bool press(int master, bool down, struct figures *f)
{
	const char *key = down ? "\033OB" : "\033OA";
	double begun;

	/* what was on its way is not the answer */
	read_until(master, POINTER "never", now() + (20 + random() % 80) / 1e3, f);
	begun = now();
	if (write(master, key, 3) != 3 || !read_until(master, POINTER, begun + SILENT_MS / 1e3, f))
		return false;
	f->keys[f->count++] = (now() - begun) * 1e3;
	return true;
}

static bool operate(int master, pid_t pid, int seconds, struct figures *f)
{
	double begun, cpu;
	unsigned long lines;

	if (!read_until(master, POINTER, now() + SILENT_MS / 1e3, f))
		return false;
	/* until logs are full the memory grows */
	read_until(master, POINTER "never", now() + 2, f);
	begun = now();
	cpu = cpu_of(pid);
	lines = told->lines;
	f->bytes = 0;
	for (int i = 0; now() < begun + seconds && f->count < KEYS_MAX; i++)
		if (!press(master, i / ROWS % 2 == 0, f))
			return false;
	f->wall = now() - begun;
	f->cpu = cpu_of(pid) - cpu;
	f->lines = told->lines - lines;
	f->rss = status_of(pid, "VmRSS:");
	f->peak = status_of(pid, "VmHWM:");
	return true;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void print(const char *name, struct figures *f)
{
	qsort(f->keys, (size_t)f->count, sizeof(f->keys[0]), by_size);
	printf("wizard, %d hosts, %-8s %.0f lines/s: key to screen p50 %.1f ms, p99 %.1f ms, max %.1f ms (%d keys), "
	       "CPU %.2f s/s, RSS %.1f MiB (peak %.1f), %.0f KiB/s to the terminal\n",
		host_count, name, (double)f->lines / f->wall, f->keys[f->count / 2], f->keys[f->count * 99 / 100],
		f->keys[f->count - 1], f->count, f->cpu / f->wall, (double)f->rss / 1024, (double)f->peak / 1024,
		(double)f->bytes / 1024 / f->wall);
}

static bool measure(const char *path, const char *name, int seconds)
{
	struct winsize size = { .ws_row = HEIGHT, .ws_col = WIDTH };
	static struct figures f;
	int master, status = -1;
	pid_t pid;
	bool ok;

	memset(&f, 0, sizeof(f));
	fflush(stdout);
	pid = forkpty(&master, NULL, NULL, &size);
	if (pid == 0)
		be_wizard(path);
	if (pid < 0)
		return false;
	ok = operate(master, pid, seconds, &f);
	kill(pid, SIGTERM);
	read_until(master, NULL, now() + 2 * SILENT_MS / 1e3, &f);
	close(master);
	ok = waitpid(pid, &status, 0) == pid && status == 0 && ok && f.count > 0;
	if (ok)
		print(name, &f);
	else
		fprintf(stderr, "the wizard did not follow the keys (status 0x%x)\n", (unsigned)status);
	return ok;
}

static char *write_inventory(void)
{
	struct str text = STR_INIT;
	char *path = xasprintf("%s/kubewright.yaml", folder);
	struct error err = { 0 };

	str_add(&text, "cluster: bench\nkubernetes:\n  version: 1.36.2\nendpoint:\n  vip: 10.254.255.1\nhosts:\n");
	for (int i = 0; i < host_count; i++)
		str_addf(&text, "  - {name: host%d, address: 10.254.%d.%d, role: %s}\n", i, i / 200, i % 200 + 1,
			i < 3 ? "control-plane" : "worker");
	if (file_write(path, text.buf, text.len, 0600, &err)) {
		fprintf(stderr, "%s\n", err.what);
		exit(1);
	}
	str_release(&text);
	return path;
}

int main(int argc, char **argv)
{
	int seconds = argc == 4 ? atoi(argv[3]) : 0;
	char *path;
	bool ok;

	host_count = argc == 4 ? atoi(argv[2]) : 0;
	if (seconds < 1 || host_count < ROWS + 1)
		return fprintf(stderr, "usage: bench_wizard FOLDER HOSTS SECONDS\n"), 2;
	folder = argv[1];
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (told == MAP_FAILED)
		return 1;
	path = write_inventory();
	line_ms = 20;
	ok = measure(path, "50 each", seconds);
	line_ms = 0;
	ok = measure(path, "no limit", seconds) && ok;
	free(path);
	return !ok;
}
