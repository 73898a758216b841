/* containerd's configuration: CRI on, the sandbox image Kubernetes wants, the cgroup driver, a place for registry settings. */
#include "steps/run/want.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *image_repository(const struct world *w)
{
	return w->wish.inventory->kubernetes.image_repository ? w->wish.inventory->kubernetes.image_repository
							      : w->wish.release->image_repository;
}

/* Schema 2 for containerd 1.x, 3 for 2.x: a newer schema than the daemon knows is refused, an older one is migrated. */
static void runtime_config(const struct world *w, const char *version, struct str *out)
{
	const char *systemd = strcmp(w->wish.inventory->runtime.cgroup_driver, "systemd") == 0 ? "true" : "false";

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
			image_repository(w), w->wish.release->pause, systemd);
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
		image_repository(w), w->wish.release->pause, systemd, release_compare(version, "2.1") >= 0 ? "s" : "",
		release_compare(version, "2.1") >= 0 ? "[" : "", release_compare(version, "2.1") >= 0 ? "]" : "");
}

static void runtime_items(const struct world *w, int host, struct items *out)
{
	struct str config = STR_INIT;

	runtime_config(w, cluster_runtime_version(&w->seen.hosts[host]), &config);
	items_add(out, (struct item){ .kind = ITEM_FILE,
			       .key = "/etc/containerd/config.toml",
			       .want = config.buf,
			       .mode = 0644,
			       .reader = "containerd" });
	/* passwords of registries are in it */
	items_add(out, (struct item){ .kind = ITEM_FILE,
			       .key = "/etc/containerd/conf.d/90-kubewright.toml",
			       .want = w->wish.inventory->containerd.config,
			       .mode = 0600,
			       .secret = true,
			       .reader = "containerd",
			       .from = "containerd.config" });
	str_release(&config);
}

const struct want_part want_runtime = { "runtime", runtime_items, { host_script_runtime }, NULL, NULL };

enum step_verdict runtime_check(struct task *t, struct error *why)
{
	if (*cluster_runtime_version(world_facts(t)))
		return want_check(t, "runtime", why);
	return step_needed(why, EVIDENCE_FILE, "/etc/containerd/config.toml", "configures containerd");
}

int runtime_apply(struct task *t, struct error *err)
{
	const struct world *w = world_of(t);
	struct remote_answer answer = { 0 };
	const char *version;
	int rc = want_apply(t, "runtime", NULL, 0, &answer, err);

	version = remote_answer_get(&answer, "containerd_version");
	version = version && *version == 'v' ? version + 1 : version;
	if (version && release_compare(version, w->wish.release->containerd_recommended) < 0)
		task_notice(t, NOTICE_RUNTIME, version, "containerd %s works, but Kubernetes %s recommends %s or newer",
			version, w->decided.version, w->wish.release->containerd_recommended);
	if (rc && !version)
		world_explain(t, "", err);
	if (rc == 0)
		images_begin(t);
	remote_answer_release(&answer);
	return rc;
}
