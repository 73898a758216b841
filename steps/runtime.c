/* containerd's configuration: CRI on, the sandbox image Kubernetes wants, the cgroup driver, a place for registry settings. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const runtime_words[] = { "containerd_version", "restarted", "sum.*", "mode.*", "unit.*", "record.*",
	"error", "hint", NULL };

static const char *installed_version(const struct cluster_host *h)
{
	const char *docker = cluster_fact(h, "pkg.containerd.io"), *distribution = cluster_fact(h, "pkg.containerd");

	return *docker ? docker : distribution;
}

static const char *image_repository(const struct world *w)
{
	return w->inventory->kubernetes.image_repository ? w->inventory->kubernetes.image_repository
							 : w->release->image_repository;
}

/* Schema 2 for containerd 1.x, 3 for 2.x: a newer schema than the daemon knows is refused, an older one is migrated. */
static void runtime_config(const struct world *w, const char *version, struct str *out)
{
	const char *systemd = strcmp(w->inventory->runtime.cgroup_driver, "systemd") == 0 ? "true" : "false";

	str_add(out,
		"# Written by kubewright. Settings of your own go into containerd.config of the inventory or into conf.d.\n");
	if (release_compare(version, "2.0") < 0) {
		str_addf(out,
			"version = 2\n"
			"imports = [\"/etc/containerd/conf.d/*.toml\"]\n"
			"[plugins.\"io.containerd.grpc.v1.cri\"]\n"
			"  sandbox_image = \"%s/pause:%s\"\n"
			"[plugins.\"io.containerd.grpc.v1.cri\".registry]\n"
			"  config_path = \"/etc/containerd/certs.d\"\n"
			"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n"
			"  runtime_type = \"io.containerd.runc.v2\"\n"
			"[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\n"
			"  SystemdCgroup = %s\n"
			"[plugins.\"io.containerd.grpc.v1.cri\".cni]\n"
			"  bin_dir = \"/opt/cni/bin\"\n"
			"  conf_dir = \"/etc/cni/net.d\"\n",
			image_repository(w), w->release->pause, systemd);
		return;
	}
	str_addf(out,
		"version = 3\n"
		"imports = [\"/etc/containerd/conf.d/*.toml\"]\n"
		"[plugins.'io.containerd.cri.v1.images'.pinned_images]\n"
		"  sandbox = '%s/pause:%s'\n"
		"[plugins.'io.containerd.cri.v1.images'.registry]\n"
		"  config_path = '/etc/containerd/certs.d'\n"
		"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]\n"
		"  runtime_type = 'io.containerd.runc.v2'\n"
		"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]\n"
		"  SystemdCgroup = %s\n"
		"[plugins.'io.containerd.cri.v1.runtime'.cni]\n"
		"  bin_dir%s = %s'/opt/cni/bin'%s\n"
		"  conf_dir = '/etc/cni/net.d'\n",
		image_repository(w), w->release->pause, systemd, release_compare(version, "2.1") >= 0 ? "s" : "",
		release_compare(version, "2.1") >= 0 ? "[" : "", release_compare(version, "2.1") >= 0 ? "]" : "");
}

static void runtime_files(struct task *t, const char *version, struct managed_files *f)
{
	const struct world *w = world_of(t);
	struct str config = STR_INIT;

	runtime_config(w, version, &config);
	managed_add(f, "/etc/containerd/config.toml", 0644, false, config.buf, config.len);
	if (w->inventory->containerd.config)
		/* passwords of registries are in it */
		managed_add(f, "/etc/containerd/conf.d/90-kubewright.toml", 0600, true, w->inventory->containerd.config,
			strlen(w->inventory->containerd.config));
	str_release(&config);
}

enum step_verdict runtime_check(struct task *t, struct error *why)
{
	const struct cluster_host *h = world_facts(t);
	const char *version = installed_version(h), *which = NULL;
	struct managed_files files = { .count = 0 };
	bool same;

	if (!*version)
		return step_needed(why, EVIDENCE_FILE, "/etc/containerd/config.toml", "configures containerd");
	runtime_files(t, version, &files);
	same = managed_check(t, &files, &which);
	managed_release(&files);
	if (!same)
		return step_needed(why, EVIDENCE_FILE, which, "writes %s", which);
	if (!cluster_fact_is(h, "unit.containerd", "active"))
		return step_needed(why, EVIDENCE_UNIT, "containerd", "starts containerd");
	if (managed_stale(h, "containerd"))
		return step_needed(why, EVIDENCE_UNIT_STALE, "containerd",
			"restarts containerd, which runs with an older configuration");
	return STEP_DONE;
}

int runtime_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	struct managed_files files = { .count = 0 };
	const struct remote_param *params;
	struct remote_answer answer = { 0 };
	const char *version;
	size_t n;
	int rc;

	runtime_files(t, installed_version(world_facts(t)), &files);
	n = managed_params(&files, &params);
	rc = world_script(t, "runtime", host_script_runtime, params, n, runtime_words, &answer, SCRIPT_CHANGE_MS, err);
	version = remote_answer_get(&answer, "containerd_version");
	if (rc == 0) {
		world_learn(t, &answer);
		rc = world_verified(t, runtime_check, err);
		if (version && release_compare(
				       *version == 'v' ? version + 1 : version, w->release->containerd_recommended) < 0)
			task_notice(t, NOTICE_RUNTIME, version,
				"containerd %s works, but Kubernetes %s recommends %s or newer", version, w->version,
				w->release->containerd_recommended);
	} else {
		world_explain(t, "", err);
	}
	remote_answer_release(&answer);
	managed_release(&files);
	return rc;
}
