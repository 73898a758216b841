/* The status for people, and as JSON. */
#include "cli/etcd.h"

#include "base/clock.h"
#include "base/json.h"
#include "cluster/snapshots.h"
#include "inventory/inventory.h"

#include <limits.h>
#include <string.h>

const char *status_role(const struct cli_run *r, size_t host)
{
	return r->inventory->hosts[host].role == INVENTORY_WORKER ? "worker" : "control plane";
}

/* "label words", the words in their colour. Nothing without words. */
static void line(const char *label, enum cli_color color, struct str *words)
{
	if (words->len)
		printf("%s%s%s%s\n", label, cli_color(stdout, color), words->buf, cli_color(stdout, CLI_PLAIN));
	str_release(words);
}

/* The newest that each control plane has taken by itself. */
static void snapshot_words(const struct cli_run *r, struct str *out)
{
	struct str words = STR_INIT;

	for (size_t i = 0; i < r->inventory->host_count; i++) {
		str_clear(&words);
		if (r->chosen[i] && r->world.seen.cluster.exists && status_snapshot_words(r, i, &words))
			str_addf(out, "%s%s %s", out->len ? "; " : "", r->inventory->hosts[i].name, words.buf);
	}
	str_release(&words);
}

static void head(const struct cli_run *r, const struct status *s)
{
	struct str words = STR_INIT;
	enum cli_color color = status_api_words(r, s, &words);

	printf("%sCluster %s%s", cli_color(stdout, CLI_BOLD), r->inventory->cluster, cli_color(stdout, CLI_PLAIN));
	line(r->world.seen.cluster.exists ? ", " : ": ", color, &words);
	color = status_etcd_words(s, &words);
	line("  etcd        ", color, &words);
	snapshot_words(r, &words);
	line("  snapshots   ", CLI_PLAIN, &words);
	color = status_vip_words(r, s, &words);
	line("  virtual IP  ", color, &words);
}

static void days(int left, char *out, size_t size)
{
	if (left == INT_MIN)
		snprintf(out, size, "-");
	else if (left < 0)
		snprintf(out, size, "expired");
	else
		snprintf(out, size, "%d d", left);
}

/* "1.36.2-1.1" is of interest up to the hyphen. */
static void version_of(const struct cluster_host *h, const char *package, char *out, size_t size)
{
	const char *text = cluster_factf(h, "pkg.%s", package);

	snprintf(out, size, "%.*s", (int)strcspn(text, "-~+"), *text ? text : "-");
	if (!*out)
		snprintf(out, size, "-");
}

static void host_line(const struct cli_run *r, size_t i, int width)
{
	const struct cluster_host *h = &r->world.seen.hosts[i];
	const struct inventory_host *inv = &r->inventory->hosts[i];
	const struct error *e = engine_host_error(r->engine, (int)i);
	const char *node = status_node(r, i, NULL), *unit = cluster_fact(h, "unit.kubelet");
	char kubelet[24], runtime[24], left[16], pods[16] = "-";
	const char *path;
	unsigned up, all;

	printf("%-*s  %-13s  %-15s  ", width, inv->name, status_role(r, i), inv->address);
	if (!h->probed) {
		printf("%-18s  %s%s%s\n", node, cli_color(stdout, CLI_RED), e ? e->what : "not looked at",
			cli_color(stdout, CLI_PLAIN));
		return;
	}
	version_of(h, "kubelet", kubelet, sizeof(kubelet));
	version_of(h, cluster_runtime_package(h), runtime, sizeof(runtime));
	days(status_days(r, i, &path), left, sizeof(left));
	status_pods(r, i, &up, &all);
	if (all)
		snprintf(pods, sizeof(pods), "%u of %u", up, all);
	printf("%-18s  %-10s  %-8s  %-10s  %-8s  %s\n", node, *unit ? unit : "-", kubelet, runtime, pods, left);
}

/* What to do about hosts that could not be looked at; the same for many is said once. */
static void hints(const struct cli_run *r)
{
	const char *last = "";

	for (size_t i = 0; i < r->config.host_count; i++) {
		const struct error *e = engine_host_error(r->engine, (int)i);

		if (!e || r->world.seen.hosts[i].probed || !*e->hint || strcmp(e->hint, last) == 0)
			continue;
		printf("hint for %s: %s\n", r->config.hosts[i].name, e->hint);
		last = e->hint;
	}
}

static void notes(const struct cli_run *r, const struct status *s)
{
	const struct world *w = &r->world;
	struct str rotations = STR_INIT;
	char left[16];

	hints(r);
	for (size_t i = 0; i < w->seen.cluster.node_count; i++)
		if (!inventory_find(r->inventory, w->seen.cluster.nodes[i].name))
			printf("note: Node %s (%s) is not in the inventory\n", w->seen.cluster.nodes[i].name,
				w->seen.cluster.nodes[i].address);
	if (s->ca_days != INT_MIN) {
		days(s->ca_days, left, sizeof(left));
		printf("cluster CA: %s left\n", left);
	}
	if (r->store_dir)
		certs_rotations(r->store_dir, &rotations);
	fputs(rotations.buf, stdout);
	str_release(&rotations);
	fflush(stdout);
	if (w->decided.refusal && (w->seen.cluster.exists || s->installed))
		cli_error_print(stderr, w->decided.refusal);
}

/* A line each: repair says more. */
static void findings(const struct cli_run *r, const struct health *h)
{
	if (h->errors + h->warnings == 0)
		return;
	printf("\n%u error%s, %u warning%s; 'kubewright repair' explains%s them:\n", h->errors,
		h->errors == 1 ? "" : "s", h->warnings, h->warnings == 1 ? "" : "s", h->remediable ? " and fixes" : "");
	for (size_t i = 0; i < h->host_count; i++)
		for (size_t k = 0; k < h->hosts[i].count; k++) {
			const struct finding *f = &h->hosts[i].list[k];
			bool error = f->level == FINDING_ERROR;

			if (f->ignored)
				continue;
			printf("  %s%-7s%s  %s  %s: %s\n", cli_color(stdout, error ? CLI_RED : CLI_YELLOW),
				error ? "error" : "warning", cli_color(stdout, CLI_PLAIN), r->inventory->hosts[i].name,
				f->name, f->what);
		}
}

void status_print(const struct cli_run *r, const struct status *s, const struct health *h)
{
	int width = 4;

	for (size_t i = 0; i < r->inventory->host_count; i++)
		if ((int)strlen(r->inventory->hosts[i].name) > width)
			width = (int)strlen(r->inventory->hosts[i].name);
	head(r, s);
	status_lock_print(r);
	printf("  endpoint    https://%s:%d\n\n", inventory_endpoint(r->inventory), r->inventory->endpoint.port);
	printf("%-*s  %-13s  %-15s  %-18s  %-10s  %-8s  %-10s  %-8s  %s\n", width, "HOST", "ROLE", "ADDRESS", "NODE",
		"UNIT", "KUBELET", "CONTAINERD", "PODS", "CERTIFICATE");
	for (size_t i = 0; i < r->inventory->host_count; i++)
		if (r->chosen[i])
			host_line(r, i, width);
	if (r->world.seen.cluster.etcd.count)
		cli_members_print(&r->world.seen.cluster.etcd);
	findings(r, h);
	if (h->settling)
		puts("");
	health_print_starting(h);
	puts("");
	notes(r, s);
}

static void json_snapshot(const struct cli_run *r, size_t host, struct json *out)
{
	const struct cluster_host *h = &r->world.seen.hosts[host];
	int64_t now = clock_wall_ms() / 1000, when;
	const char *code = snapshots_try(h, now, &when);
	struct snapshot_file newest;
	char text[32];
	struct json *j;

	if (!snapshots_period_s(r->inventory) || r->inventory->hosts[host].role != INVENTORY_CONTROL_PLANE ||
		!h->probed)
		return;
	j = json_set(out, "snapshot", json_object());
	if (snapshots_newest(h, &newest)) {
		json_set_str(j, "file", newest.name);
		json_set_int(j, "bytes", newest.size);
		clock_rfc3339(newest.taken_s * 1000, text, sizeof(text));
		json_set_str(j, "taken", text);
		json_set_int(j, "age_seconds", now - newest.taken_s);
	}
	if (*code) {
		json_set_str(j, "last_try", code);
		clock_rfc3339(when * 1000, text, sizeof(text));
		json_set_str(j, "tried", text);
	}
}

static void json_hosts(const struct cli_run *r, struct json *list)
{
	for (size_t i = 0; i < r->inventory->host_count; i++) {
		const struct cluster_host *h = &r->world.seen.hosts[i];
		const struct error *e = engine_host_error(r->engine, (int)i);
		const char *path;
		int left = status_days(r, i, &path);
		unsigned up, all;
		char text[24];
		struct json *j;

		if (!r->chosen[i])
			continue;
		j = json_add(list, json_object());
		json_set_str(j, "name", r->inventory->hosts[i].name);
		json_set_str(j, "role", r->inventory->hosts[i].role == INVENTORY_WORKER ? "worker" : "control-plane");
		json_set_str(j, "address", r->inventory->hosts[i].address);
		json_set_bool(j, "reached", h->probed);
		json_set_str(j, "node", status_node(r, i, NULL));
		if (h->probed) {
			json_set_str(j, "kubelet_unit", cluster_fact(h, "unit.kubelet"));
			version_of(h, "kubelet", text, sizeof(text));
			json_set_str(j, "kubelet", text);
			version_of(h, cluster_runtime_package(h), text, sizeof(text));
			json_set_str(j, "containerd", text);
		}
		status_pods(r, i, &up, &all);
		if (all) {
			json_set_int(j, "pods", all);
			json_set_int(j, "pods_ready", up);
		}
		if (left != INT_MIN) {
			json_set_int(j, "certificate_days", left);
			json_set_str(j, "certificate", path);
		}
		json_snapshot(r, i, j);
		if (!h->probed && e)
			json_set(j, "error", cli_error_json(e));
	}
}

struct json *status_json(const struct cli_run *r, const struct status *s, const struct health *h)
{
	const struct world *w = &r->world;
	struct json *j = json_object(), *etcd;
	unsigned quorum = quorum_needed(s->voters);

	json_set_str(j, "cluster", r->inventory->cluster);
	json_set_bool(j, "api", w->seen.cluster.exists);
	json_set_bool(j, "installed", s->installed);
	json_set_str(j, "version", w->seen.cluster.exists ? w->seen.cluster.version : NULL);
	etcd = json_set(j, "etcd", json_object());
	json_set_int(etcd, "voters", s->voters);
	json_set_int(etcd, "voters_up", s->voters_up);
	json_set_int(etcd, "learners", s->learners);
	json_set_int(etcd, "tolerates", s->voters && s->voters_up >= quorum ? s->voters_up - quorum : 0);
	json_set_bool(etcd, "quorum", s->voters && s->voters_up >= quorum);
	json_set(etcd, "members", cli_members_json(&r->world.seen.cluster.etcd));
	if (r->inventory->endpoint.vip) {
		json_set_str(j, "vip", r->inventory->endpoint.vip);
		json_set_str(j, "vip_holder", s->vip_holders == 1 ? s->vip_holder : NULL);
	}
	if (s->ca_days != INT_MIN)
		json_set_int(j, "ca_days", s->ca_days);
	status_lock_json(r, j);
	json_set(j, "rotations", certs_rotations_json(r->store_dir));
	json_hosts(r, json_set(j, "hosts", json_array()));
	json_set(j, "findings", health_json(r, h));
	json_set_int(j, "starting", h->settling);
	if (w->decided.refusal && (w->seen.cluster.exists || s->installed))
		json_set(j, "error", cli_error_json(w->decided.refusal));
	return j;
}
