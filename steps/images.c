/* Images are pulled everywhere at once, while the first control plane starts. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "steps/host_scripts.h"

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

static size_t images_params(struct task *t, struct str *config, struct str *more, struct remote_param params[3])
{
	const struct world *w = world_of(t);
	const char *repository = w->inventory->kubernetes.image_repository;

	str_addf(config, "apiVersion: kubeadm.k8s.io/%s\nkind: ClusterConfiguration\nkubernetesVersion: v%s\n",
		w->release->kubeadm_api, w->version);
	if (repository)
		str_addf(config, "imageRepository: %s\n", repository);
	cni_images(w->cni_manifest, more);
	params[0] = (struct remote_param){ "config", config->buf };
	params[1] = (struct remote_param){ "worker", world_is_control_plane(t) ? "no" : "yes" };
	params[2] = (struct remote_param){ "more", more->buf };
	return 3;
}

enum step_verdict images_check(struct task *t, struct error *why)
{
	struct str config = STR_INIT, more = STR_INIT;
	struct remote_param params[3];
	char input[65];
	bool done;

	/* a Node pulls for itself what it needs later */
	if (world_installed(world_facts(t)))
		return STEP_DONE;
	images_params(t, &config, &more, params);
	job_input(host_script_images, params, 3, input);
	done = world_job_same(world_facts(t), "images", input);
	str_release(&config);
	str_release(&more);
	if (done)
		return STEP_DONE;
	return step_needed(
		why, EVIDENCE_IMAGES, world_of(t)->version, "pulls the images of Kubernetes %s", world_of(t)->version);
}

int images_apply(struct task *t, struct error *err)
{
	struct str config = STR_INIT, more = STR_INIT;
	struct remote_param params[3];
	int rc;

	images_params(t, &config, &more, params);
	rc = world_job(t, "images", host_script_images, params, 3, images_words, NULL, NULL, 45 * 60000, err);
	if (rc)
		world_explain(t, "images", err);
	str_release(&config);
	str_release(&more);
	return rc;
}
