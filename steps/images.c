/* Images are pulled everywhere at once, beside what else a host gets, and while the first control plane starts. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host/scripts.h"

#include <string.h>

static const char *const images_words[] = { "images", "error", "hint", NULL };

/* Images named in the pod network's manifest: lines "image: NAME". */
static void cni_images(const char *manifest, struct str *out)
{
	for (const char *line = manifest; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
		const char *p = line + strspn(line, " -");
		size_t n;

		if (!str_starts(p, "image:"))
			continue;
		p += strlen("image:");
		p += strspn(p, " \"'");
		n = strcspn(p, " \"'\r\n#");
		/* the same image stands in init containers too */
		char *known = n ? memmem(out->buf, out->len, p, n) : NULL;
		if (n && !known)
			str_addf(out, "%s%.*s", out->len ? " " : "", (int)n, p);
	}
}

static size_t images_params(
	const struct world *w, bool worker, struct str *config, struct str *more, struct remote_param params[3])
{
	const char *repository = w->wish.inventory->kubernetes.image_repository;

	str_addf(config, "apiVersion: kubeadm.k8s.io/%s\nkind: ClusterConfiguration\nkubernetesVersion: v%s\n",
		w->wish.release->kubeadm_api, w->decided.version);
	if (repository)
		str_addf(config, "imageRepository: %s\n", repository);
	cni_images(w->wish.cni_manifest, more);
	params[0] = (struct remote_param){ "config", config->buf };
	params[1] = (struct remote_param){ "worker", worker ? "yes" : "no" };
	params[2] = (struct remote_param){ "more", more->buf };
	return 3;
}

enum step_verdict images_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	const struct cluster_host *facts = world_facts(t);
	struct str config = STR_INIT, more = STR_INIT;
	struct remote_param params[3];
	char input[65];
	bool done;

	/* a Node pulls for itself what it needs later */
	if (world_installed(facts))
		return STEP_DONE;
	images_params(w, !world_is_control_plane(t), &config, &more, params);
	job_input(host_script_images, params, 3, input);
	done = world_job_same(facts, "images", input);
	str_release(&config);
	str_release(&more);
	if (done)
		return STEP_DONE;
	return step_needed(
		why, EVIDENCE_IMAGES, w->decided.version, "pulls the images of Kubernetes %s", w->decided.version);
}

/* That it did not begin is not a failure: the step itself begins it then, and says why it cannot. */
void images_begin(struct task *t)
{
	struct str config = STR_INIT, more = STR_INIT;
	struct remote_param params[3];
	struct error why = { 0 };

	/* on a worker nothing comes before the step */
	if (!world_is_control_plane(t) || images_check(t, &why) != STEP_NEEDED)
		return;
	images_params(world_of(t), false, &config, &more, params);
	if (world_job_begin(t, "images", host_script_images, params, 3, &why))
		task_log(t, "images are not pulled yet: %s", why.what);
	str_release(&config);
	str_release(&more);
}

int images_apply(struct task *t, struct error *err)
{
	struct str config = STR_INIT, more = STR_INIT;
	struct remote_param params[3];
	int rc;

	images_params(world_of(t), !world_is_control_plane(t), &config, &more, params);
	rc = world_job(t, "images", host_script_images, params, 3, images_words, NULL, NULL, 45 * 60000, err);
	if (rc)
		world_explain(t, "images", err);
	str_release(&config);
	str_release(&more);
	return rc;
}
