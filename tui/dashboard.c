/* A living cluster: how it is, what is broken, and what can be done about it. */
#include "tui/dashboard.h"

#include "base/alloc.h"

#include <stdlib.h>

#define AGAIN_MS 10000 /* after the end of a look the next one begins by itself */

static struct dashboard *of(struct screen *s)
{
	return (struct dashboard *)s;
}

static const struct port_node *selected(const struct screen *screen)
{
	const struct dashboard *d = (const struct dashboard *)screen;
	const struct port_cluster *c = &screen->wizard->cluster;

	return d->list.selected < c->node_count ? &c->nodes[d->list.selected] : NULL;
}

static bool on_host(const struct screen *screen)
{
	return selected(screen) != NULL;
}

/* ---- looking ---------------------------------------------------------------------------------------------------------- */

static void look(struct screen *screen)
{
	of(screen)->begun = page_begin(screen, PURPOSE_LOOK, NULL, NULL) || !wizard_running(screen->wizard);
}

/* Nothing is lost by it, and what comes next need not wait. */
static void stop_look(struct screen *screen)
{
	page_cancel(screen, PURPOSE_LOOK);
	of(screen)->begun = false;
}

static void refresh(struct screen *screen)
{
	list_resize(&of(screen)->list, screen->wizard->cluster.node_count);
}

static void save_when_free(struct screen *screen)
{
	struct dashboard *d = of(screen);

	if (d->saves && !wizard_running(screen->wizard)) {
		d->saves = false;
		page_change(screen, PURPOSE_SNAPSHOT, NULL, NULL, &d->waits);
	}
	page_follow(screen, &d->waits);
}

static void shown(struct screen *screen)
{
	refresh(screen);
	save_when_free(screen);
	/* only once: one that cannot begin has said why, and would say it again and again */
	if (!page_cluster_now(screen->wizard) && !wizard_running(screen->wizard) && !of(screen)->begun)
		look(screen);
}

static void changed(struct screen *screen)
{
	struct dashboard *d = of(screen);

	refresh(screen);
	page_ask_keys(screen, &d->keys_asked);
	save_when_free(screen);
	if (wizard_running(screen->wizard))
		return;
	if (page_cluster_now(screen->wizard))
		d->begun = false;
	else if (app_top(screen->app) == screen && !app_mark(screen->app))
		shown(screen);
}

/* The operator would be asked for a secret or a host key out of the blue. */
static bool would_ask(const struct port_cluster *c)
{
	for (size_t i = 0; i < c->node_count; i++)
		if (c->nodes[i].error.kind == ERROR_AUTH || c->nodes[i].error.kind == ERROR_HOSTKEY)
			return true;
	return false;
}

static int64_t tick(struct screen *screen, int64_t now_ms)
{
	struct dashboard *d = of(screen);
	const struct wizard *w = screen->wizard;

	d->now_ms = now_ms;
	if (!wizard_running(w) && !d->begun && !d->search.typing && page_cluster_now(w) && !would_ask(&w->cluster) &&
		now_ms - w->cluster_ms >= AGAIN_MS)
		look(screen);
	return 1000;
}

/* ---- acts ------------------------------------------------------------------------------------------------------------- */

/* What changes hosts is planned first, and begun from there. */
static void plan(struct screen *screen, enum purpose purpose)
{
	stop_look(screen);
	app_push(screen->app, screen_plan_of(purpose, purpose_kind(purpose)->one_host ? selected(screen)->name : NULL));
}

static void repair(struct screen *screen)
{
	plan(screen, PURPOSE_REPAIR_PLAN);
}

static void rejoin(struct screen *screen)
{
	plan(screen, PURPOSE_REJOIN_PLAN);
}

static void take_out(struct screen *screen)
{
	plan(screen, PURPOSE_REMOVE_PLAN);
}

static void reboot(struct screen *screen)
{
	plan(screen, PURPOSE_REBOOT_PLAN);
}

static void upgrade(struct screen *screen)
{
	plan(screen, PURPOSE_UPGRADE_PLAN);
}

/* Nothing is planned: it changes no host. */
static void snapshot(struct screen *screen)
{
	stop_look(screen);
	of(screen)->saves = true;
	save_when_free(screen);
}

static void explain(struct screen *screen)
{
	struct str text = STR_INIT;

	dashboard_explain(selected(screen), &text);
	app_push(screen->app, screen_reader(selected(screen)->name, text.buf));
	str_release(&text);
}

static void past_runs(struct screen *screen)
{
	struct str cluster = STR_INIT;

	if (document_get(screen->wizard->document, "cluster", &cluster) == 1)
		app_push(screen->app, screen_past_runs(screen->wizard, cluster.buf));
	str_release(&cluster);
}

static void certificates(struct screen *screen)
{
	stop_look(screen);
	app_push(screen->app, screen_certs());
}

static void security(struct screen *screen)
{
	stop_look(screen);
	app_push(screen->app, screen_security());
}

static void hardware(struct screen *screen)
{
	stop_look(screen);
	app_push(screen->app, screen_hardware());
}

static void mesh(struct screen *screen)
{
	stop_look(screen);
	app_push(screen->app, screen_mesh());
}

static void drill(struct screen *screen)
{
	stop_look(screen);
	app_push(screen->app, screen_drill());
}

static void support(struct screen *screen)
{
	stop_look(screen);
	app_push(screen->app, screen_support());
}

static void hosts(struct screen *screen)
{
	stop_look(screen);
	app_push(screen->app, screen_hosts());
}

static void back(struct screen *screen)
{
	stop_look(screen);
	page_back(screen);
}

static void equivalent(struct screen *screen)
{
	page_equivalent(screen, PURPOSE_LOOK);
}

/* ---- the screen ------------------------------------------------------------------------------------------------------- */

static void draw(const struct screen *screen, struct canvas *c)
{
	dashboard_draw((const struct dashboard *)screen, c);
}

static const char *row_text(size_t i, void *ctx)
{
	return ((const struct port_cluster *)ctx)->nodes[i].name;
}

static bool key(struct screen *screen, int k)
{
	struct dashboard *d = of(screen);
	bool none;

	if (!search_list(&d->search, &d->list, k, row_text, &screen->wizard->cluster, &none))
		return list_key(&d->list, k);
	if (none)
		app_say(screen->app, STYLE_WARNING, "no host name contains this");
	return true;
}

static bool typing(const struct screen *screen)
{
	return ((const struct dashboard *)screen)->search.typing;
}

static void release(struct screen *screen)
{
	search_release(&of(screen)->search);
	free(screen);
}

static const struct binding bindings[] = {
	{ K_ENTER, "Details",
		"Shows all that is known of the selected host: each finding, why it matters and what to do.", explain,
		on_host },
	{ 'r', "Repair", "Plans what repair would do about the findings of all hosts; start it from there.", repair,
		NULL },
	{ 'J', "Rejoin", "Plans how the selected host leaves the cluster and rejoins it; start it from there.", rejoin,
		on_host },
	{ 'v', "Look",
		"Checks all hosts again. Changes nothing on them. This also happens automatically from time to time.",
		look, NULL },
	{ 'h', "Hosts", "Goes to the inventory, where hosts and settings are changed and applied.", hosts, NULL },
	{ 'l', "Runs", "Lists the earlier runs of this cluster; each can be replayed.", past_runs, NULL },
	{ 'e', NULL, "Shows the command that reports the same.", equivalent, NULL },
	{ K_ESCAPE, "Back", "Goes back.", back, NULL },
	{ 'x', "Remove",
		"Plans how the selected host leaves the cluster and the inventory for good; start it from there.",
		take_out, on_host },
	{ 'b', "Reboot", "Plans how the selected host restarts while the cluster works; start it from there.", reboot,
		on_host },
	{ 'u', "Upgrade",
		"Plans how the cluster gets the Kubernetes version of the inventory, host by host; start it from there.",
		upgrade, NULL },
	{ 'c', "Certificates", "Shows the certificates of all hosts: who reads them, and how long they are good.",
		certificates, NULL },
	{ 'S', "Security", "Shows how the hosts are set up beside the CIS Kubernetes Benchmark.", security, NULL },
	{ 'H', "Hardware", "Shows what the machines are made of, what is near what, and the odd one out.", hardware,
		NULL },
	{ 'M', "Mesh", "Has the hosts ask each other, and shows what they get through to one another.", mesh, NULL },
	{ 'D', "Drill", "Makes faults on purpose and measures them, after you type the cluster's name.", drill, NULL },
	{ 'p', "Support", "Makes an archive of the cluster's state and logs for somebody who helps, without secrets.",
		support, NULL },
	{ 's', "Snapshot", "Saves etcd's data in a file on this machine, verified.", snapshot, NULL },
	{ 0 },
};

static const struct screen_ops ops = {
	.title = "Dashboard",
	.about =
		"The state of the cluster: what its API servers, etcd and hosts report, and what is broken. It is refreshed automatically. Nothing is changed on a host before you have confirmed a plan. / searches for a host.",
	.bindings = bindings,
	.draw = draw,
	.key = key,
	.text = typing,
	.shown = shown,
	.changed = changed,
	.free = release,
	.tick = tick,
};

struct screen *screen_dashboard(void)
{
	struct dashboard *d = xcalloc(1, sizeof(*d));

	d->screen.ops = &ops;
	search_init(&d->search);
	return &d->screen;
}
