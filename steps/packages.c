/* Packages: exact versions from repositories whose key is pinned. */
#include "steps/run/want.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/run/family.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The key that signs pkgs.k8s.io (all minors), as published there. */
#define KUBERNETES_FINGERPRINT "DE15B14486CD377B9E876E1A234654DA9A296436"
/* The key of Docker's apt repositories, as published in its install guide. */
#define DOCKER_FINGERPRINT "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
#define DOCKER_URL "https://download.docker.com/linux/"

static const char *const packages_words[] = { "pkg.*", "hold", "dpkg_broken", "apt_refuses", "source.*", "sum.*",
	"mode.*", "owned", "error", "hint", NULL };

static const char *const kubernetes[] = { "kubelet", "kubeadm", "kubectl" };

/* ---- what other steps want installed ---- */

static bool has_vip(const struct world *w, int host)
{
	return w->wish.inventory->hosts[host].role == INVENTORY_CONTROL_PLANE && w->wish.inventory->endpoint.vip;
}

static bool needs_crictl(const struct world *w, int host)
{
	(void)host;
	return w->wish.release->needs_crictl;
}

/* kube-proxy brings its own nft; a host without one has nobody who could show its rules, or take them out again. */
static bool has_nftables(const struct world *w, int host)
{
	const struct json *config = w->wish.inventory->kubeproxy_config;

	(void)host;
	return config && strcmp(json_get_str(config, "mode", ""), "nftables") == 0;
}

/* Not beside what keeps the clock, nor beside another package for it, which would have to go. */
static bool lacks_clock(const struct world *w, int host)
{
	const struct cluster_host *h = &w->seen.hosts[host];

	return w->wish.inventory->time.manage && !cluster_clock_kept(h) && !*cluster_fact(h, "time_daemon");
}

/* What approves kubelets' requests reads them by it. */
static bool reads_requests(const struct world *w, int host)
{
	return serving_approves(w, host);
}

/* Any version will do, and what is there already is not brought to another. */
static const struct {
	const char *name;
	bool (*wanted)(const struct world *w, int host);
} others[] = {
	{ "keepalived", has_vip },
	{ "curl", has_vip }, /* endpoint.c asks the API server by it */
	{ "openssl", reads_requests },
	{ "cri-tools", needs_crictl },
	{ "nftables", has_nftables },
	{ "systemd-timesyncd", lacks_clock },
};

/* ---- the part ---- */

static const char *kubernetes_url(const struct world *w)
{
	const char *url = w->wish.inventory->kubernetes.repository.url;

	return url ? url : w->wish.release->repository;
}

/* key_name: where its kind has the key, below its URL; pin: when the inventory names none. */
static void add_repository(struct items *out, struct item row, const struct inventory_repository *r, const char *url,
	const char *place, const char *key_name, const char *pin)
{
	struct str want = STR_INIT;

	str_addf(&want, "%s %s ", url, place);
	if (r->key_url)
		str_add(&want, r->key_url);
	else
		str_addf(&want, "%s%s%s", url, url[strlen(url) - 1] == '/' ? "" : "/", key_name);
	str_addf(&want, " %s", r->fingerprint ? r->fingerprint : pin);
	row.kind = ITEM_REPOSITORY;
	row.want = want.buf;
	items_add(out, row);
	str_release(&want);
}

static void add_repositories(const struct world *w, const struct cluster_host *h, struct items *out)
{
	const struct inventory *inv = w->wish.inventory;
	const char *os = cluster_fact(h, "os_id"), *codename = cluster_fact(h, "os_codename");
	const char *url = inv->containerd.repository.url;
	/* the probe puts in the host's own when nobody knows it yet */
	char *docker = xasprintf(DOCKER_URL "%s", *os ? os : "%os");
	char *place = xasprintf("%s stable", *codename ? codename : "%codename");

	if (kubernetes_url(w))
		add_repository(out, (struct item){ .key = "kubernetes", .from = "kubernetes.repository" },
			&inv->kubernetes.repository, kubernetes_url(w), "/ -", "Release.key", KUBERNETES_FINGERPRINT);
	/* beside the system's own containerd nothing is to be had from there */
	add_repository(out,
		(struct item){ .key = "containerd",
			.from = "containerd.repository",
			.maybe = !url || *cluster_fact(h, "pkg.containerd") },
		&inv->containerd.repository, url ? url : docker, place, "gpg", DOCKER_FINGERPRINT);
	free(docker);
	free(place);
}

/* In an upgrade kubeadm comes first, and what runs under the kubelet is of the version that it may be. */
static const char *version_of(const struct world *w, int host, const char *package)
{
	/* nobody who knows the version takes part, or there are several: what is installed is as good as any */
	if (!w->decided.version[0] || (w->decided.half_upgraded && world_installed(&w->seen.hosts[host])))
		return "any";
	/* an upgrade began with it and came no further: whether one continues is not for others to say */
	if (!w->wish.upgrade && strcmp(package, "kubeadm") == 0 && world_installed(&w->seen.hosts[host]) &&
		release_compare(cluster_fact(&w->seen.hosts[host], "pkg.kubeadm"), w->decided.version) > 0)
		return "any";
	if (w->wish.upgrade && strcmp(package, "kubeadm") != 0 && !upgrade_kubelet_due(w, host))
		return "any";
	return w->decided.version;
}

static void packages_items(const struct world *w, int host, struct items *out)
{
	const struct cluster_host *h = &w->seen.hosts[host];
	const char *runtime = w->wish.inventory->containerd.version;

	for (size_t i = 0; i < sizeof(kubernetes) / sizeof(kubernetes[0]); i++) {
		items_add(out, (struct item){ .kind = ITEM_PACKAGE,
				       .key = kubernetes[i],
				       .want = version_of(w, host, kubernetes[i]),
				       .upgrades = w->wish.upgrade,
				       .from = "kubernetes.version" });
		items_add(out, (struct item){ .kind = ITEM_HOLD, .key = kubernetes[i], .want = "held" });
	}
	items_add(out, (struct item){ .kind = ITEM_PACKAGE,
			       .key = cluster_runtime_package(h),
			       .want = runtime ? runtime : "any",
			       .floor = w->wish.release->containerd_floor,
			       .from = "containerd.version" });
	items_add(out,
		(struct item){ .kind = ITEM_HOLD, .key = cluster_runtime_package(h), .want = runtime ? "held" : NULL });
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (others[i].wanted(w, host))
			items_add(out, (struct item){ .kind = ITEM_PACKAGE, .key = others[i].name, .want = "any" });
	add_repositories(w, h, out);
}

const struct want_part want_packages = { "packages", packages_items, { NULL }, NULL, NULL };

/* ---- the step ---- */

enum step_verdict packages_check(struct task *t, struct error *why)
{
	const struct cluster_host *h = world_facts(t);
	enum step_verdict verdict;

	if (!package_family_find(h)) {
		error_refuse(why, ERROR_PREFLIGHT, REFUSAL_NO_APT, cluster_fact(h, "pkg_manager"),
			"the package manager of this system is not apt");
		error_hint(why, "Debian and Ubuntu are supported for now");
		return STEP_IMPOSSIBLE;
	}
	if (!world_of(t)->decided.version[0]) {
		for (size_t i = 0; i < sizeof(kubernetes) / sizeof(kubernetes[0]); i++)
			if (!*cluster_factf(h, "pkg.%s", kubernetes[i]))
				return world_needs_control_plane(t, kubernetes[i], why);
		return STEP_NOT_HERE;
	}
	if (world_of(t)->decided.servers_differ && !world_installed(h)) {
		error_refuse(why, ERROR_COMMAND, REFUSAL_HALF_UPGRADED, world_of(t)->decided.newest,
			"an upgrade of the cluster is not finished, and no host can join before all API servers have the same version");
		error_hint(why, "continue it with 'kubewright upgrade %s'", world_of(t)->decided.newest);
		return STEP_IMPOSSIBLE;
	}
	verdict = want_check(t, "packages", why);
	if (verdict != STEP_DONE)
		return verdict;
	/* apt cannot read its sources since somebody named another key for the place of ours, or we for the place of theirs */
	if (*cluster_fact(h, "source.ours") && strstr(cluster_fact(h, "apt_refuses"), "Conflicting values"))
		return step_needed(
			why, EVIDENCE_SOURCE, NULL, "removes kubewright's own package source, which apt refuses");
	if (*cluster_fact(h, "dpkg_broken") && !cluster_fact_is(h, "dpkg_broken", "no"))
		return step_needed(why, EVIDENCE_DPKG, NULL, "finishes an interrupted dpkg");
	return STEP_DONE;
}

int packages_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	const struct cluster_host *h = world_facts(t);
	const struct package_family *family = package_family_of(h);
	struct remote_answer answer = { 0 };
	struct str script = STR_INIT;
	struct items l = { 0 };
	int rc;

	if (!kubernetes_url(w)) {
		error_set(err, ERROR_INVENTORY, "there is no longer a public package repository for Kubernetes %s",
			w->decided.version);
		return error_hint(err, "name yours in kubernetes.repository");
	}
	want_params(t, "packages", &l);
	str_addf(&script, "%s%s%s%s%s", family->questions, host_script_undo, family->undo, host_script_wish,
		family->install);
	rc = world_job(
		t, "packages", script.buf, l.params, l.param_count, packages_words, &answer, NULL, 30 * 60000, err);
	if (rc == 0)
		rc = want_learn(t, "packages", &answer, err);
	if (rc == 0)
		task_log(t, "kubelet %s, %s %s", cluster_fact(h, "pkg.kubelet"), cluster_runtime_package(h),
			cluster_runtime_version(h));
	remote_answer_release(&answer);
	str_release(&script);
	items_release(&l);
	return rc;
}
