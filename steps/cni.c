/* The pod network: the operator's manifest, applied once, its digest kept in the cluster. */
#include "steps/steps.h"

#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "net/net.h"
#include "pki/pki.h"
#include "steps/host/scripts.h"

#include <string.h>

static const char *const cni_words[] = { "applied", "error", "hint", NULL };

enum step_verdict cni_check(struct task *t, struct error *why)
{
	const struct world *w = world_of(t);
	char sum[65];

	if (!w->wish.cni_manifest || task_host(t) != (w->decided.lead >= 0 ? w->decided.lead : w->decided.init_host))
		return STEP_NOT_HERE;
	pki_sha256_hex(w->wish.cni_manifest, strlen(w->wish.cni_manifest), sum);
	if (w->seen.cluster.own_config &&
		strcmp(json_get_str(w->seen.cluster.own_config, "data.cni-sha256", ""), sum) == 0)
		return STEP_DONE;
	return step_needed(
		why, EVIDENCE_MANIFEST, w->wish.inventory->network.cni, "applies %s", w->wish.inventory->network.cni);
}

/* Server-side apply of one ConfigMap: what kubewright applied to this cluster. */
static int remember(struct net_client *c, void *ctx, struct error *err)
{
	const struct world *w = ctx;
	struct json *m = json_object(), *meta = json_set(m, "metadata", json_object()), *answer;
	char sum[65];

	pki_sha256_hex(w->wish.cni_manifest, strlen(w->wish.cni_manifest), sum);
	json_set_str(m, "apiVersion", "v1");
	json_set_str(m, "kind", "ConfigMap");
	json_set_str(meta, "name", "kubewright");
	json_set_str(meta, "namespace", "kube-system");
	json_set_str(json_set(m, "data", json_object()), "cni-sha256", sum);
	answer = net_json(c, "PATCH",
		"/api/v1/namespaces/kube-system/configmaps/kubewright?fieldManager=kubewright&force=true",
		"application/apply-patch+yaml", m, NULL, err);
	json_free(m);
	json_free(answer);
	return answer ? 0 : -1;
}

int cni_apply(struct task *t, struct error *err)
{
	struct world *w = world_of(t);
	const struct remote_param params[] = { { "manifest", w->wish.cni_manifest } };

	if (world_script(t, "cni", host_script_cni, params, 1, cni_words, NULL, SCRIPT_CHANGE_MS, err))
		return -1;
	return world_api(t, remember, w, err);
}
