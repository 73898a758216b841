/* What security.profile gives control planes, and a rotation of the cluster's CA; kubelets have theirs with kubelet.config. */
#include "steps/profile.h"

#include "base/json.h"
#include "base/str.h"
#include "inventory/inventory.h"
#include "pki/pki.h"
#include "steps/rotate.h"
#include "steps/security.h"

#include <stdio.h>
#include <string.h>

#define ARGS "extraArgs"

/* What the operator gives a component: a list of objects with a name, or a map. */
static bool given(const struct world *w, const char *component, const char *name)
{
	const struct json *config = json_get(w->wish.inventory->kubeadm_extra, "ClusterConfiguration");
	const struct json *args = json_member(json_member(config, component), ARGS);

	for (size_t i = 0; json_is_array(args) && i < json_size(args); i++)
		if (strcmp(json_get_str(json_at(args, i), "name", ""), name) == 0)
			return true;
	return json_is_object(args) && json_member(args, name);
}

static void add(const struct world *w, struct json *own, const char *component, const char *name, const char *value)
{
	struct json *part;

	if (given(w, component, name))
		return;
	part = json_member(own, component) ? json_copy(json_member(own, component)) : json_object();
	json_set_str(json_set(part, name, json_object()), "value", value);
	json_set(own, component, part);
}

struct json *profile_own(const struct world *w)
{
	const char *profile = w->wish.inventory->security.profile;
	bool cis = profile && strcmp(profile, "cis") == 0, apart = w->decided.signing_apart;
	struct json *own;

	if (!cis && !apart)
		return NULL;
	own = json_object();
	for (size_t i = 0; cis && i < inventory_profile_arg_count; i++)
		add(w, own, inventory_profile_args[i].component, inventory_profile_args[i].name,
			inventory_profile_args[i].value);
	if (apart)
		add(w, own, "controllerManager", SIGNING_ARGUMENT, PKI_SIGNING_CRT);
	return own;
}

struct joining {
	const struct world *w;
	const char *component;
	struct json *before; /* without what the operator gives now */
};

static void add_if_ours(const char *name, const struct json *fields, void *ctx)
{
	struct joining *j = ctx;

	if (!given(j->w, j->component, name))
		json_set(j->before, name, json_copy(fields));
}

/* Each component once, in the order of the table. */
static const char *component(size_t *i)
{
	const char *name = *i < inventory_profile_arg_count ? inventory_profile_args[*i].component : NULL;

	while (name && *i < inventory_profile_arg_count && strcmp(inventory_profile_args[*i].component, name) == 0)
		++*i;
	return name;
}

void profile_join(
	const struct world *w, struct json *configuration, const struct json *own, const struct json *before, bool list)
{
	const char *name;
	size_t i = 0;

	while ((name = component(&i))) {
		const struct json *is = json_member(configuration, name), *ours = json_member(own, name);
		struct joining j = { w, name, json_object() };
		struct json *part, *args;

		json_each(json_member(before, name), add_if_ours, &j);
		if (json_size(ours) || json_size(j.before)) {
			part = json_is_object(is) ? json_copy(is) : json_object();
			args = security_joined(json_member(part, ARGS), ours, j.before, list);
			if (args)
				json_set(part, ARGS, args);
			else
				json_remove(part, ARGS);
			json_set(configuration, name, part);
		}
		json_free(j.before);
	}
}

bool profile_is_about(const struct json *own, const struct json *before, const char *path)
{
	char name[64];

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(path, "."), path);
	return str_ends(path, "." ARGS) && (json_member(own, name) || json_member(before, name));
}
