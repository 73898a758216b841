/* Canned hosts and findings behind the wizard's port, with the real engine; and hands and eyes for tests of screens. */
#include "tests/unit/fake_port.h"

#include "base/alloc.h"
#include "base/file.h"
#include "inventory/inventory.h"
#include "steps/steps.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HOSTILE \
	"\x1b[2J\x1b]0;owned\x07 \xff\xfe\xe2\x80\xae evil\r\n\x9b" \
	"31m"

/* ---- a port ------------------------------------------------------------------------------------------------------------- */

struct fake_port fake;

struct port_run {
	struct inventory *inventory;
	struct engine_host *hosts;
	struct findings *findings;
	struct engine_config config;
	struct engine *engine;
	struct error first;
	unsigned
		asked; /* times that its engine was asked for: to observe it, to start it, and then to see what it did */
	bool endless;  /* as it was said when the run began: its hosts' threads read it */
};

static enum step_verdict look(struct task *t, struct error *why)
{
	const struct port_run *r = task_world(t);
	static const struct question key = { QUESTION_HOST_KEY, { "cp1", "ssh-ed25519", "SHA256:abc" },
		"is it the right one?", "no|yes" };

	if (fake.ask_keys && task_host(t) == 0 && task_ask(t, &key) != 1) {
		error_set(why, ERROR_HOSTKEY, "the host key was refused");
		return STEP_IMPOSSIBLE;
	}
	if (r->endless) {
		task_lock(t);
		while (!task_cancelled(t))
			task_wait(t, INT64_MAX);
		task_unlock(t);
		error_set(why, ERROR_CANCELLED, "stopped");
		return STEP_IMPOSSIBLE;
	}
	if (fake.refuse_login && task_host(t) == 1) {
		error_set(why, ERROR_AUTH, "%s", fake.hostile ? HOSTILE : "the host refused the login of root");
		error_hint(why, "name another user with ssh.user");
		return STEP_IMPOSSIBLE;
	}
	return STEP_DONE;
}

static enum step_verdict would(struct task *t, struct error *why)
{
	if (fake.nothing_to_do)
		return STEP_DONE;
	if (task_check_only(t))
		task_log(t, "+fs.inotify.max_user_watches = 524288");
	return step_needed(why, EVIDENCE_SYSCTL, fake.hostile ? HOSTILE : "net.ipv4.ip_forward", "%s",
		fake.hostile ? HOSTILE : "2 sysctls are not as they should be");
}

static int apply(struct task *t, struct error *err)
{
	(void)t;
	(void)err;
	return 0;
}

static const struct step look_steps[] = {
	{ "probe", "Looking at the host", ROLE_ALL, STEP_OBSERVES, { { 0 } }, look, NULL },
	{ "preflight", "Checking the host", ROLE_ALL, STEP_OBSERVES, { { "probe", 0, 0 } }, look, NULL },
};
static const struct step all_steps[] = {
	{ "probe", "Looking at the host", ROLE_ALL, STEP_OBSERVES, { { 0 } }, look, NULL },
	{ "os", "Preparing the system", ROLE_ALL, 0, { { "probe", 0, 0 } }, would, apply },
	{ "packages", "Installing packages", ROLE_ALL, 0, { { "os", 0, 0 } }, would, apply },
	{ "unlock", "Releasing the lock", ROLE_ALL, STEP_ALWAYS, { { 0 } }, would, apply },
};

static void add_finding(struct findings *f, size_t host, const char *name, enum finding_level level, const char *what)
{
	f->list = xrealloc(f->list, f->count + 1, sizeof(*f->list));
	f->list[f->count] = (struct finding){ .level = level, .host = (int)host };
	snprintf(f->list[f->count].name, sizeof(f->list[0].name), "%s", name);
	snprintf(f->list[f->count].what, sizeof(f->list[0].what), "%s", fake.hostile ? HOSTILE : what);
	snprintf(f->list[f->count].why, sizeof(f->list[0].why), "kubelet does not start with swap");
	snprintf(f->list[f->count].remedy, sizeof(f->list[0].remedy), "turn it off with swapoff -a");
	f->count++;
}

static void find(struct port_run *r)
{
	for (size_t i = 0; i < r->inventory->host_count; i++)
		r->findings[i].count = 0;
	if (r->inventory->host_count && !fake.fixed)
		add_finding(&r->findings[0], 0, "swap-on", FINDING_ERROR, "swap is on: /dev/sda2");
	if (r->inventory->host_count > 2)
		add_finding(&r->findings[2], 2, "old-kernel", FINDING_WARNING, "the kernel is 4.19");
	for (size_t i = 0; i < r->inventory->host_count; i++)
		for (size_t k = 0; k < r->findings[i].count; k++)
			for (size_t n = 0; n < r->inventory->preflight.ignore_count; n++)
				if (strcmp(r->inventory->preflight.ignore[n], r->findings[i].list[k].name) == 0)
					r->findings[i].list[k].ignored = true;
}

static struct port_run *begin(void *ctx, enum purpose purpose, const char *path, const char *host, const char *what,
	char *ask, size_t ask_size, struct error *err)
{
	struct port_run *r;
	bool looks = purpose == PURPOSE_REMEDY || purpose_kind(purpose)->does == PURPOSE_LOOKS;

	(void)ctx;
	if (fake.secret_first && !fake.secret_told) {
		snprintf(ask, ask_size, "Password of root");
		return NULL;
	}
	r = xcalloc(1, sizeof(*r));
	r->endless = fake.endless;
	if (purpose == PURPOSE_ADOPT)
		r->inventory = inventory_parse("-", fake_file, strlen(fake_file), NULL, 0, NULL, err);
	else
		r->inventory = inventory_load(path, NULL, 0, NULL, err);
	if (!r->inventory) {
		free(r);
		return NULL;
	}
	if (purpose == PURPOSE_REMEDY) {
		fake.wrong_remedy = !host || strcmp(host, "cp1") != 0 || !what || strcmp(what, "swap-on") != 0;
		fake.fixed = true;
	}
	if (purpose == PURPOSE_REPAIR || (purpose == PURPOSE_REJOIN && host && strcmp(host, "cp3") == 0))
		fake.broken = false;
	snprintf(fake.host, sizeof(fake.host), "%s", host ? host : "");
	snprintf(fake.what, sizeof(fake.what), "%s", what ? what : "");
	fake.begun[purpose]++;
	r->hosts = xcalloc(r->inventory->host_count, sizeof(*r->hosts));
	r->findings = xcalloc(r->inventory->host_count, sizeof(*r->findings));
	for (size_t i = 0; i < r->inventory->host_count; i++)
		r->hosts[i] = (struct engine_host){ r->inventory->hosts[i].name,
			r->inventory->hosts[i].role == INVENTORY_WORKER ? ROLE_WORKER : ROLE_CONTROL_PLANE };
	find(r);
	r->config = (struct engine_config){
		.run = "20260101-000000-abcd",
		.world = r,
		.steps = looks ? look_steps : all_steps,
		.step_count =
			looks ? sizeof(look_steps) / sizeof(look_steps[0]) : sizeof(all_steps) / sizeof(all_steps[0]),
		.hosts = r->hosts,
		.host_count = r->inventory->host_count,
		.check_only = purpose == PURPOSE_REMEDY || purpose_kind(purpose)->does != PURPOSE_CHANGES,
	};
	r->engine = engine_new(&r->config);
	return r;
}

static void secret(void *ctx, const char *ask, const char *text)
{
	(void)ctx;
	(void)ask;
	fake.secret_told = text != NULL;
}

static struct engine *engine_of(struct port_run *r)
{
	if (fake.at_once && ++r->asked == 3)
		while (engine_wait(r->engine, -1, -1))
			continue;
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

static void host_of(struct port_run *r, size_t host, struct port_host *out)
{
	memset(out, 0, sizeof(*out));
	if ((fake.refuse_login && host == 1) || host >= r->inventory->host_count)
		return;
	out->probed = true;
	snprintf(out->os, sizeof(out->os), "%s", fake.hostile ? HOSTILE : "Debian 13");
	snprintf(out->cpu, sizeof(out->cpu), "%s", fake.hostile ? HOSTILE : "64 x EPYC 9354");
	snprintf(out->memory, sizeof(out->memory), "512 GiB");
	snprintf(out->disk, sizeof(out->disk), "2 x 3.8 TB");
	snprintf(out->nics, sizeof(out->nics), "eth0 25G");
	snprintf(out->gpus, sizeof(out->gpus), "8 x H200");
	snprintf(out->kind, sizeof(out->kind), "bare metal");
}

static const struct findings *findings_of(struct port_run *r, size_t host)
{
	return &r->findings[host];
}

static void say(char *out, size_t size, const char *text)
{
	snprintf(out, size, "%s", fake.hostile ? HOSTILE : text);
}

static void fill_node(const struct inventory_host *h, struct port_node *n)
{
	bool dead = fake.broken && strcmp(h->name, "cp3") == 0, worker = h->role == INVENTORY_WORKER;

	*n = (struct port_node){ .probed = true,
		.control_plane = !worker,
		.pods_up = worker ? 0
			   : dead ? 3
				  : 4,
		.days = 364 };
	n->ready = n->kubelet_runs = n->etcd_well = !dead;
	n->pods = worker ? 0 : 4;
	snprintf(n->name, sizeof(n->name), "%s", h->name);
	say(n->role, sizeof(n->role), worker ? "worker" : "control plane");
	say(n->node, sizeof(n->node), dead ? "NotReady" : "Ready");
	say(n->kubelet, sizeof(n->kubelet), dead ? "inactive" : "active");
	say(n->etcd, sizeof(n->etcd), worker ? "" : dead ? "does not answer" : "voter");
	if (dead)
		add_finding(&n->findings, 2, "kubelet-down", FINDING_ERROR, "kubelet.service is inactive");
}

static void cluster(struct port_run *r, struct port_cluster *out)
{
	*out = (struct port_cluster){ .installed = true, .node_count = r->inventory->host_count };
	say(out->api.text, sizeof(out->api.text), "Kubernetes 1.36.2; the API server answers (asked through cp1)");
	say(out->etcd.text, sizeof(out->etcd.text),
		fake.broken ? "3 voters, 2 up; quorum 2, tolerates 0 lost" : "3 voters; quorum 2, tolerates 1 lost");
	out->nodes = xcalloc(out->node_count ? out->node_count : 1, sizeof(*out->nodes));
	for (size_t i = 0; i < out->node_count; i++)
		fill_node(&r->inventory->hosts[i], &out->nodes[i]);
	out->errors = out->remediable = fake.broken;
	if (fake.refuse_login && out->node_count > 1) {
		out->nodes[1].probed = out->nodes[1].ready = false;
		error_set(&out->nodes[1].error, ERROR_AUTH, "%s",
			fake.hostile ? HOSTILE : "the host refused the login of root");
	}
}

static void certs(struct port_run *r, struct port_certs *out)
{
	(void)r;
	fake_certs_fill(out, fake.certs, fake.hostile ? HOSTILE : NULL);
}

static void benchmark(struct port_run *r, struct port_benchmark *out)
{
	(void)r;
	fake_benchmark_fill(out, fake.refuse_login, fake.hostile ? HOSTILE : NULL);
}

static void mesh(struct port_run *r, struct port_mesh *out)
{
	(void)r;
	fake_mesh_fill(out, 5, fake.refuse_login, fake.hostile ? HOSTILE : NULL);
}

static void drill(struct port_run *r, struct port_drill *out)
{
	(void)r;
	fake_drill_fill(out, fake.begun[PURPOSE_DRILL] > 0, fake.broken, fake.hostile ? HOSTILE : NULL);
}

static void hardware(struct port_run *r, struct port_hardware *out)
{
	(void)r;
	fake_hardware_fill(out, fake.refuse_login, fake.hostile ? HOSTILE : NULL);
}

static void requests(struct port_run *r, struct port_requests *out)
{
	(void)r;
	fake_requests_fill(out, fake.requests, fake.hostile ? HOSTILE : NULL);
}

static void rotation(struct port_run *r, struct port_rotation *out)
{
	(void)r;
	fake_rotation_fill(out, fake.what, fake.rotation, fake.hostile ? HOSTILE : NULL);
}

static void support(struct port_run *r, struct port_support *out)
{
	(void)r;
	fake_support_fill(out, fake.no_archive, fake.hostile ? HOSTILE : NULL);
}

/* The file that a takeover was asked for. */
static char *adopt_file(void)
{
	const char *at = strstr(fake.what, "out=");

	return at ? xstrndup(at + 4, strcspn(at + 4, "\n")) : xstrdup("kubewright.yaml");
}

static void adopted(struct port_run *r, struct port_adopted *out)
{
	char *file = adopt_file();

	(void)r;
	if (!fake.adopt_next && fake.adopt != FAKE_ADOPT_UNREACHED)
		*out = (struct port_adopted){ .more = true };
	else
		fake_adopt_fill(out, fake.adopt, file, fake.hostile ? HOSTILE : NULL);
	fake.adopt_next = out->more;
	free(file);
}

static int adopt(void *ctx, bool *keys, struct error *err)
{
	char *file = adopt_file();

	(void)ctx;
	if (!fake.adopt_fails)
		fake_write(file, fake_file);
	free(file);
	*keys = fake.keys_here;
	if (!fake.adopt_fails)
		return 0;
	error_set(err, ERROR_PKI, "the keys in /state/rack7/pki are those of another cluster");
	return error_hint(err, "give this one another name (--cluster); nothing was changed");
}

static int took(struct port_run *r, struct error *err)
{
	(void)r;
	return fake.no_keys ? error_set(err, ERROR_COMMAND, "no control plane has given its CAs") : 0;
}

struct wizard fake_wizard;

static void summary(struct port_run *r, struct port_summary *out)
{
	(void)r;
	*out = (struct port_summary){ .version = "1.36.2", .endpoint = "https://10.0.0.100:6443" };
	if (fake_wizard.purpose == PURPOSE_SNAPSHOT)
		out->snapshot = "/state/rack7/snapshots/20261126T120000.db";
	if (fake.barred && fake_wizard.purpose == PURPOSE_UPGRADE_PLAN) {
		error_set(&out->barred, ERROR_PREFLIGHT, "1 error is in the way of the upgrade: etcd-alarm");
		error_detail(&out->barred, "etcd-alarm: a member has no space left; defragment it");
	}
}

static bool removed(struct port_run *r, size_t host)
{
	return fake_wizard.purpose == PURPOSE_REMOVE && strcmp(r->inventory->hosts[host].name, fake.host) == 0;
}

static void end(struct port_run *r)
{
	engine_free(r->engine);
	for (size_t i = 0; i < r->inventory->host_count; i++)
		findings_release(&r->findings[i]);
	free(r->findings);
	free(r->hosts);
	inventory_free(r->inventory);
	free(r);
}

static const char *remedy(const char *finding)
{
	return strcmp(finding, "swap-on") == 0 ? "kubewright turns swap off, now and at boot." : NULL;
}

static size_t runs(void *ctx, const char *cluster, struct port_past **list)
{
	(void)ctx;
	*list = NULL;
	if (strcmp(cluster, "rack7") != 0)
		return 0;
	*list = xcalloc(2, sizeof(**list));
	(*list)[0] = (struct port_past){ xstrdup("/nowhere/a.jsonl"), xstrdup("a"), xstrdup("check"), false, false,
		1700000000000, false };
	(*list)[1] = (struct port_past){ xstrdup("/nowhere/b.jsonl"), xstrdup("b"), xstrdup("apply"), fake.dead, false,
		1690000000000, fake.stands };
	if (fake.live) {
		free((*list)[1].path);
		(*list)[1].path = xstrdup(fake.live);
		(*list)[1].alive = true;
	}
	return 2;
}

static char *runs_dir(void *ctx, const char *cluster)
{
	(void)ctx;
	return xstrdup(cluster);
}

static char *recent(void *ctx)
{
	(void)ctx;
	return xstrdup(fake.recent ? fake.recent : "");
}

static void remember(void *ctx, const char *path)
{
	(void)ctx;
	(void)path;
}

static bool connected(void *ctx, const char *host)
{
	(void)ctx, (void)host;
	return true;
}

const struct port fake_port = {
	.begin = begin,
	.secret = secret,
	.engine = engine_of,
	.config = config_of,
	.inventory = inventory_of,
	.host = host_of,
	.findings = findings_of,
	.cluster = cluster,
	.certs = certs,
	.benchmark = benchmark,
	.hardware = hardware,
	.mesh = mesh,
	.drill = drill,
	.requests = requests,
	.rotation = rotation,
	.support = support,
	.adopted = adopted,
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

/* ---- hands and eyes ----------------------------------------------------------------------------------------------------- */

struct app *fake_app;
struct canvas fake_canvas;
static struct str screen_text = STR_INIT;

const char fake_file[] =
	"# ours\ncluster: rack7\nkubernetes:\n  version: 1.36.2\nendpoint:\n  vip: 10.0.0.100\nhosts:\n"
	"  - {name: cp1, address: 10.0.0.11, role: control-plane}\n"
	"  - {name: cp2, address: 10.0.0.12, role: control-plane}\n"
	"  - {name: cp3, address: 10.0.0.13, role: control-plane}\n"
	"  - {name: w1, address: 10.0.0.21, role: worker}\n"
	"  - {name: w2, address: 10.0.0.22, role: worker}\n";

void fake_write(const char *path, const char *text)
{
	if (file_write(path, text, strlen(text), 0600, NULL))
		abort();
}

void fake_set_up(const char *text, struct screen *first, int width, int height, bool ascii)
{
	struct document *d;

	wizard_init(&fake_wizard, &fake_port);
	if (text) {
		fake_write("kubewright.yaml", text);
		d = document_load("kubewright.yaml", NULL);
		if (!d)
			abort();
		wizard_open(&fake_wizard, d);
	}
	fake_app = app_new(&fake_wizard, ascii);
	fake_wizard.app = fake_app;
	fake_wizard.ascii = ascii;
	canvas_init(&fake_canvas, width, height, ascii);
	app_push(fake_app, first);
}

void fake_tear_down(void)
{
	wizard_stop(&fake_wizard);
	app_free(fake_app);
	fake_wizard.app = NULL;
	wizard_release(&fake_wizard);
	canvas_release(&fake_canvas);
	str_release(&screen_text);
}

const char *fake_see(void)
{
	app_draw(fake_app, &fake_canvas);
	str_clear(&screen_text);
	for (int y = 0; y < fake_canvas.height; y++) {
		for (int x = 0; x < fake_canvas.width; x++) {
			uint32_t ch = fake_canvas.cells[y * fake_canvas.width + x].ch;

			if (ch)
				str_addc(&screen_text, ch < 128 ? (char)ch : '?');
			if (ch && (ch < 32 || (ch >= 127 && ch < 0xa0)))
				abort();
		}
		str_addc(&screen_text, '\n');
	}
	return screen_text.buf;
}

void fake_keys(const char *text)
{
	for (; *text; text++)
		app_key(fake_app, (unsigned char)*text);
}

void fake_turn(void)
{
	struct pollfd p = { .fd = wizard_fd(&fake_wizard), .events = POLLIN };

	poll(&p, 1, 50);
	wizard_dispatch(&fake_wizard);
}

void fake_wait_over(void)
{
	wizard_dispatch(&fake_wizard);
	while (fake_wizard.run)
		fake_turn();
}

bool fake_sees(const char *text)
{
	const char *screen = fake_see();

	if (strstr(screen, text))
		return true;
	printf("# not on the screen: \"%s\"\n%s", text, screen);
	return false;
}
