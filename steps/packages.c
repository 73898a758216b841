/* Packages: exact versions from repositories whose key is pinned. */
#include "steps/steps.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The key that signs pkgs.k8s.io (all minors), as published there. */
#define KUBERNETES_FINGERPRINT "DE15B14486CD377B9E876E1A234654DA9A296436"
/* The key of Docker's apt repositories, as published in its install guide. */
#define DOCKER_FINGERPRINT "9DC858229FC7DD38854AE2D88D81803C0EBFCD88"
#define DOCKER_URL "https://download.docker.com/linux/"

static const char *const packages_words[] = { "containerd_package", "containerd_version", "kubelet_version", "error",
	"hint", NULL };

static const char *kubernetes_url(const struct world *w)
{
	const char *url = w->inventory->kubernetes.repository.url;

	return url ? url : w->release->repository;
}

static const char *kubernetes_fingerprint(const struct inventory *inv)
{
	return inv->kubernetes.repository.fingerprint ? inv->kubernetes.repository.fingerprint : KUBERNETES_FINGERPRINT;
}

static const char *docker_fingerprint(const struct inventory *inv)
{
	return inv->containerd.repository.fingerprint ? inv->containerd.repository.fingerprint : DOCKER_FINGERPRINT;
}

void packages_sources(const struct world *w, struct str *out)
{
	const char *docker = w->inventory->containerd.repository.url;

	if (kubernetes_url(w))
		str_addf(out, "kubernetes %s / - %s\n", kubernetes_url(w), kubernetes_fingerprint(w->inventory));
	str_addf(out, "containerd %s %%codename stable %s\n", docker ? docker : DOCKER_URL "%os",
		docker_fingerprint(w->inventory));
}

/* "1.36.2-1.1" is 1.36.2 */
static bool is_version(const char *package_version, const char *version)
{
	size_t n = strlen(version);

	return strncmp(package_version, version, n) == 0 && (package_version[n] == '-' || package_version[n] == '\0');
}

static bool wants_keepalived(struct task *t)
{
	return world_is_control_plane(t) && world_of(t)->inventory->endpoint.vip != NULL;
}

/* The package that containerd is installed from, or would be. */
static const char *runtime_package(const struct cluster_host *h)
{
	return *cluster_fact(h, "pkg.containerd.io") ? "containerd.io" : "containerd";
}

static const char *runtime_version(const struct cluster_host *h)
{
	return cluster_factf(h, "pkg.%s", runtime_package(h));
}

/* "1.7.28-1~debian.12", "1.6.20~ds1-1" and "1:1.6.24+ds1-2" by "1.7.28", "1.6.20" and "1.6": as version_is of packages.sh has it. */
static bool is_runtime_version(const char *package_version, const char *want)
{
	const char *colon = strchr(package_version, ':'), *v = colon ? colon + 1 : package_version;
	size_t n = strlen(want);

	return strncmp(v, want, n) == 0 && (strchr("-.+", v[n]) || str_starts(v + n, "~ds"));
}

enum step_verdict packages_runtime_check(const struct inventory *inv, const struct cluster_host *h, struct error *why)
{
	const char *want = inv->containerd.version, *package = runtime_package(h);
	const char *have = runtime_version(h);

	if (*have && want && !is_runtime_version(have, want) && world_installed(h)) {
		error_refuse(why, ERROR_INVENTORY, REFUSAL_VERSION, package,
			"%s %s is installed on a host of the living cluster, and containerd.version is %s", package,
			have, want);
		error_hint(why,
			"apply never upgrades: set containerd.version to what is installed, or leave it out and any version will do");
		return STEP_IMPOSSIBLE;
	}
	if (!*have || (want && !is_runtime_version(have, want)))
		return step_needed(why, EVIDENCE_PACKAGE, "containerd", "installs containerd%s%s", want ? " " : "",
			want ? want : "");
	if (want && !cluster_fact_has(h, "hold", package))
		return step_needed(why, EVIDENCE_HOLD, package, "holds %s", package);
	return STEP_DONE;
}

enum step_verdict packages_check(struct task *t, struct error *why)
{
	static const char *const names[] = { "kubelet", "kubeadm", "kubectl" };
	const struct cluster_host *h = world_facts(t);
	const struct world *w = world_of(t);
	/* nobody who knows the version takes part: what is installed is as good as any */
	bool known = w->version[0] != '\0';
	enum step_verdict verdict;

	if (!cluster_fact_is(h, "pkg_manager", "apt")) {
		error_refuse(why, ERROR_PREFLIGHT, REFUSAL_NO_APT, cluster_fact(h, "pkg_manager"),
			"the package manager of this system is not apt");
		error_hint(why, "Debian and Ubuntu are supported for now");
		return STEP_IMPOSSIBLE;
	}
	for (size_t i = 0; i < 3; i++) {
		const char *have = cluster_factf(h, "pkg.%s", names[i]);

		if (!known && !*have)
			return world_needs_control_plane(t, names[i], why);
		if (!known)
			continue;
		if (*have && !is_version(have, w->version) && world_installed(h)) {
			error_refuse(why, ERROR_INVENTORY, REFUSAL_VERSION, names[i],
				"%s %s is installed on a host of the living cluster, the inventory wants %s", names[i],
				have, w->version);
			error_hint(why, "apply never upgrades");
			return STEP_IMPOSSIBLE;
		}
		if (!is_version(have, w->version))
			return step_needed(why, EVIDENCE_PACKAGE, names[i], "installs %s %s", names[i], w->version);
		if (!cluster_fact_has(h, "hold", names[i]))
			return step_needed(why, EVIDENCE_HOLD, names[i], "holds %s", names[i]);
	}
	if (!known)
		return STEP_NOT_HERE;
	verdict = packages_runtime_check(w->inventory, h, why);
	if (verdict != STEP_DONE)
		return verdict;
	if (wants_keepalived(t) && !*cluster_fact(h, "pkg.keepalived"))
		return step_needed(why, EVIDENCE_PACKAGE, "keepalived", "installs keepalived");
	/* apt cannot read its sources since somebody named another key for the place of ours, or we for the place of his */
	if (*cluster_fact(h, "source.ours") && strstr(cluster_fact(h, "apt_refuses"), "Conflicting values"))
		return step_needed(
			why, EVIDENCE_SOURCE, NULL, "takes away kubewright's own package source, which apt refuses");
	if (*cluster_fact(h, "dpkg_broken") && !cluster_fact_is(h, "dpkg_broken", "no"))
		return step_needed(why, EVIDENCE_DPKG, NULL, "finishes what dpkg was interrupted in");
	return STEP_DONE;
}

/* kube-proxy brings its own nft; a host without one has nobody who could show its rules, or take them out again. */
static bool wants_nft(const struct inventory *inv)
{
	return inv->kubeproxy_config && strcmp(json_get_str(inv->kubeproxy_config, "mode", ""), "nftables") == 0;
}

/* Not beside what keeps the clock, nor beside another package for it, which would have to go. */
static bool wants_time_service(struct task *t)
{
	const struct cluster_host *h = world_facts(t);

	return world_of(t)->inventory->time.manage && !cluster_clock_kept(h) && !*cluster_fact(h, "time_daemon");
}

/* The place of a repository's key: as told, or where its kind has it. The caller frees. */
static char *key_url(const struct inventory_repository *r, const char *url, const char *name)
{
	return r->key_url ? xstrdup(r->key_url)
			  : xasprintf("%s%s%s", url, url[strlen(url) - 1] == '/' ? "" : "/", name);
}

/* The facts that later checks read. */
static void note_installed(struct task *t, const struct remote_answer *answer)
{
	static const char *const names[] = { "kubelet", "kubeadm", "kubectl" };
	const char *package = remote_answer_get(answer, "containerd_package"),
		   *runtime = remote_answer_get(answer, "containerd_version");
	const char *kubelet = remote_answer_get(answer, "kubelet_version");
	const char *version = world_of(t)->inventory->containerd.version;
	char word[64];

	task_lock(t);
	for (size_t i = 0; kubelet && i < 3; i++) {
		snprintf(word, sizeof(word), "pkg.%s", names[i]);
		cluster_set(world_facts(t), word, kubelet);
	}
	if (package && runtime) {
		snprintf(word, sizeof(word), "pkg.%s", package);
		cluster_set(world_facts(t), word, runtime);
	}
	if (wants_keepalived(t))
		cluster_set(world_facts(t), "pkg.keepalived", "installed");
	snprintf(word, sizeof(word), "kubelet kubeadm kubectl%s%s", version && package ? " " : "",
		version && package ? package : "");
	cluster_set(world_facts(t), "hold", word);
	/* the script installed with it */
	cluster_set(world_facts(t), "apt_refuses", "");
	task_unlock(t);
	task_log(t, "kubelet %s, %s %s", kubelet ? kubelet : "?", package ? package : "?", runtime ? runtime : "?");
}

int packages_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	const struct inventory *inv = w->inventory;
	const struct inventory_repository *kube = &inv->kubernetes.repository, *docker = &inv->containerd.repository;
	const char *kube_url = kubernetes_url(w);
	const char *os = cluster_fact(world_facts(t), "os_id");
	char *docker_url = docker->url ? xstrdup(docker->url) : xasprintf(DOCKER_URL "%s", os);
	char *kube_key = NULL, *docker_key = key_url(docker, docker_url, "gpg"), *extra = NULL;
	struct remote_answer answer = { 0 };
	struct str script = STR_INIT;
	int rc;

	if (!kube_url) {
		free(docker_url);
		free(docker_key);
		error_set(err, ERROR_INVENTORY, "there is no public package repository for Kubernetes %s any more",
			w->version);
		return error_hint(err, "name yours in kubernetes.repository");
	}
	kube_key = key_url(kube, kube_url, "Release.key");
	extra = xasprintf("%s%s%s", wants_keepalived(t) ? "keepalived curl " : "",
		w->release->needs_crictl ? "cri-tools " : "", wants_nft(inv) ? "nftables" : "");
	const struct remote_param params[] = {
		{ "kube_version", w->version },
		{ "kube_url", kube_url },
		{ "kube_key_url", kube_key },
		{ "kube_fingerprint", kubernetes_fingerprint(inv) },
		{ "runtime_version", inv->containerd.version ? inv->containerd.version : "" },
		{ "runtime_floor", w->release->containerd_floor },
		{ "runtime_own", docker->url ? "yes" : "no" },
		{ "runtime_url", docker_url },
		{ "runtime_key_url", docker_key },
		{ "runtime_fingerprint", docker_fingerprint(inv) },
		{ "codename", cluster_fact(world_facts(t), "os_codename") },
		{ "extra", extra },
		{ "time_service", wants_time_service(t) ? "yes" : "no" },
	};
	str_add(&script, host_script_sources);
	str_add(&script, host_script_packages);
	rc = world_job(t, "packages", script.buf, params, sizeof(params) / sizeof(params[0]), packages_words, &answer,
		NULL, 30 * 60000, err);
	if (rc == 0)
		note_installed(t, &answer);
	remote_answer_release(&answer);
	str_release(&script);
	free(docker_url);
	free(docker_key);
	free(kube_key);
	free(extra);
	return rc;
}
