/* kubelet.config of a living cluster: onto the hosts one by one, from the kubelets' ConfigMap. */
#include "steps/settings.h"

#include "base/error.h"
#include "base/json.h"
#include "inventory/inventory.h"
#include "remote/remote.h"
#include "steps/host/scripts.h"
#include "steps/steps.h"

#include <stddef.h>

static const char *const settings_words[] = { "record.settings", "error", "hint", NULL };

static struct json *wish(const struct world *w)
{
	const struct inventory *inv = w->wish.inventory;

	struct json *out = inv->kubelet_config ? json_copy(inv->kubelet_config) : json_object();

	serving_keep(w, out);
	return out;
}

const struct settings_kind settings_kubelet = {
	.id = SETTINGS_KUBELET,
	.field = "kubelet.config",
	.whom = "the kubelet",
	.record = "record.settings",
	.note = "kubelet-settings",
	.key = "kubelet",
	.document = "KubeletConfiguration",
	.seen = offsetof(struct cluster_state, kubelet_config),
	.wish = wish,
};

enum step_verdict settings_check(struct task *t, struct error *why)
{
	return settings_look(t, &settings_kubelet, why);
}

static int script(struct task *t, const char *phase, const char *digest, struct error *err)
{
	const struct json *extra = json_get(world_of(t)->wish.inventory->kubeadm_extra, "JoinConfiguration");
	const struct remote_param params[] = {
		{ "phase", phase },
		{ "digest", digest },
		{ "patches", json_get_str(extra, "patches.directory", "") },
	};
	struct remote_answer answer = { 0 };

	if (world_script(
		    t, "settings", host_script_settings, params, 3, settings_words, &answer, SCRIPT_CHANGE_MS, err)) {
		remote_answer_release(&answer);
		return -1;
	}
	world_learn(t, &answer);
	remote_answer_release(&answer);
	return 0;
}

static int on_host(struct task *t, const struct settings *s, struct error *err)
{
	struct error why = { 0 };

	if (script(t, "begin", s->digest, err))
		return -1;
	if (node_await(t, &(struct node_wanted){ .version = NULL }, &why) == 0)
		return script(t, "accept", s->digest, err);
	if (why.kind == ERROR_CANCELLED || why.kind == ERROR_CONNECT)
		return *err = why, -1;
	task_log(t, "%s", why.what);
	/* it always fails: with what was wrong, and that what was before is back */
	script(t, "back", s->digest, err);
	return -1;
}

int settings_apply(struct task *t, struct error *err)
{
	return settings_change(t, &settings_kubelet, on_host, err);
}
