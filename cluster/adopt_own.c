/* What kubewright itself has given a cluster that is adopted: its own settings in the inventory again, and not arguments that nobody knows the reason of. */
#include "cluster/adopt_own.h"

#include "base/json.h"
#include "cluster/adopt.h"
#include "cluster/encryption.h"
#include "inventory/inventory.h"
#include "pki/pki.h"

#include <string.h>

#define ARGUMENTS "extraArgs"
#define VOLUMES "extraVolumes"
#define SERVING "kubelet-certificate-authority"

struct part {
	struct json *config;
	const char *component, *list; /* "apiServer", "extraArgs" */
};

static struct json *note_of(const struct adopt_view *v)
{
	const char *text = json_text(json_member(json_get(v->state->own_config, "data"), "control-plane-settings"));

	return text ? json_parse(text, strlen(text), NULL) : NULL;
}

/* What a component has, whose value is taken for another one. */
static struct json *open_part(const struct part *p)
{
	const struct json *is = json_member(p->config, p->component);

	return json_is_object(is) ? json_set(p->config, p->component, json_copy(is)) : NULL;
}

/* Takes a member of that name away, unless others have given it another value since; key: its field that holds it. */
static void take_away(const struct part *p, const char *name, const char *key, const char *value)
{
	struct json *component = open_part(p), *rest;
	const struct json *is = json_member(component, p->list);
	const char *has;

	if (json_is_object(is)) {
		rest = json_set(component, p->list, json_copy(is));
		has = json_text(json_member(rest, name));
		if (has && strcmp(has, value) == 0)
			json_remove(rest, name);
		return;
	}
	if (!json_is_array(is))
		return;
	rest = json_array();
	for (size_t i = 0; i < json_size(is); i++)
		if (strcmp(json_get_str(json_at(is, i), "name", ""), name) != 0 ||
			strcmp(json_get_str(json_at(is, i), key, ""), value) != 0)
			json_add(rest, json_copy(json_at(is, i)));
	json_set(component, p->list, rest);
}

static void take_argument(const char *name, const struct json *fields, void *ctx)
{
	take_away(ctx, name, "value", json_get_str(fields, "value", ""));
}

static void take_volume(const char *name, const struct json *fields, void *ctx)
{
	take_away(ctx, name, "hostPath", json_get_str(fields, "hostPath", ""));
}

static void take_component(const char *component, const struct json *arguments, void *ctx)
{
	json_each(arguments, take_argument, &(struct part){ ctx, component, ARGUMENTS });
}

static bool has_argument(const struct json *config, const char *component, const char *name)
{
	const struct json *is = json_member(json_member(config, component), ARGUMENTS);

	for (size_t i = 0; json_is_array(is) && i < json_size(is); i++)
		if (strcmp(json_get_str(json_at(is, i), "name", ""), name) == 0)
			return true;
	return json_is_object(is) && json_member(is, name);
}

bool adopt_verifies(const struct json *config)
{
	return has_argument(config, "apiServer", SERVING);
}

bool adopt_kubelets_ask(const struct adopt_view *v)
{
	const char *text = json_text(json_member(json_get(v->state->kubelet_config, "data"), "kubelet"));
	struct json *kubelet = text ? inventory_yaml(text, strlen(text), NULL) : NULL;
	bool ask = json_get_bool(kubelet, "serverTLSBootstrap", false) && !*json_get_str(kubelet, "tlsCertFile", "") &&
		   !*json_get_str(kubelet, "tlsPrivateKeyFile", "");

	json_free(kubelet);
	return ask;
}

/* What a rotation of the CA has given for its time stands beside what the profile asks for. */
static void find_profile(const char *argument, const struct json *fields, void *found)
{
	(void)argument;
	if (strcmp(json_get_str(fields, "value", ""), PKI_SIGNING_CRT) != 0)
		*(bool *)found = true;
}

static void find_profile_of(const char *component, const struct json *arguments, void *found)
{
	(void)component;
	json_each(arguments, find_profile, found);
}

void adopt_own(const struct adopt_view *v, struct json *config, struct adopt_own *out)
{
	struct json *note = note_of(v);
	const struct json *own = json_get(note, "given.own"), *profile = json_get(note, "given.profile");
	const char *secrets = json_get_str(json_get(own, "args.encryption-provider-config"), "value", "");
	const char *policy = json_get_str(json_get(own, "args.audit-policy-file"), "value", "");
	struct encryption e;

	*out = (struct adopt_own){ .encrypt = *secrets && encryption_of_path(secrets, &e),
		.audit = *policy != '\0',
		.audit_default = v->audit_default && strcmp(policy, v->audit_default) == 0 };
	json_each(json_get(own, "args"), take_argument, &(struct part){ config, "apiServer", ARGUMENTS });
	json_each(json_get(own, "volumes"), take_volume, &(struct part){ config, "apiServer", VOLUMES });
	json_each(profile, take_component, config);
	json_each(profile, find_profile_of, &out->profile);
	out->serving = json_get(own, "args." SERVING) && !adopt_verifies(config);
	json_free(note);
}
