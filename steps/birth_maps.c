/*
 * The maps that are passed through when a cluster is created (kubelet.config, kubeproxy.config, kubeadm.extra), beside what the living cluster has: value by
 * value, as far as the inventory says something. What cannot be read is reported as that, and is neither the same nor different.
 */
#include "steps/steps.h"

#include "base/json.h"
#include "cluster/values.h"
#include "inventory/inventory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So many values of one map are reported one by one. */
#define TOLD 20
#define COUNTS "it counts only when a cluster is created, so nothing changes"

struct comparison {
	birth_fn *fn;
	void *ctx;
	const char *field, *kind; /* "kubeadm.extra", "ClusterConfiguration." */
	struct str path;          /* in the map: "apiServer.extraArgs[0].value" */
	unsigned told, more;
};

/* ---- maps ---------------------------------------------------------------------------------------------------------------------------- */

size_t birth_fields(const char *path)
{
	size_t count = 0;

	for (size_t i = 0; i < inventory_field_count; i++)
		count += inventory_fields[i].birth && strcmp(inventory_fields[i].birth, path) == 0;
	return count;
}

/* A header or a variable may hold a password. */
static bool is_private(const char *text)
{
	return strstr(text, "staticPodURLHeader") || strstr(text, "extraEnvs");
}

static void show(const struct comparison *c, const struct json *value, char *out, size_t size)
{
	struct str text = STR_INIT;

	value_words(&text, value);
	str_copy_line(out, size,
		is_private(c->path.buf) || is_private(text.buf) ? "a value that is not shown"
		: text.len                                      ? text.buf
								: "\"\"");
	str_release(&text);
}

static void tell(struct comparison *c, const struct json *wish, const struct json *living)
{
	struct birth_difference d = { .unset = !living };

	/* it has been reported as what it is */
	if (*c->kind && birth_fields(c->path.buf))
		return;
	if (c->told == TOLD) {
		c->more++;
		return;
	}
	c->told++;
	snprintf(d.field, sizeof(d.field), "%s.%s%s", c->field, c->kind, c->path.buf);
	show(c, wish, d.wanted, sizeof(d.wanted));
	show(c, living, d.living, sizeof(d.living));
	snprintf(d.text, sizeof(d.text), "%s is %s in the living cluster and %s in the inventory; " COUNTS, d.field,
		d.unset ? "not set" : d.living, d.wanted);
	c->fn(&d, c->ctx);
}

static void compare(struct comparison *c, const struct json *wish, const struct json *living);

struct inside {
	struct comparison *c;
	const struct json *living;
};

static void compare_member(const char *key, const struct json *wish, void *ctx)
{
	struct inside *in = ctx;
	struct str *path = &in->c->path;
	size_t len = path->len;

	str_addf(path, "%s%s", len ? "." : "", key);
	compare(in->c, wish, json_member(in->living, key));
	str_truncate(path, len);
}

static void compare_lists(struct comparison *c, const struct json *wish, const struct json *living)
{
	size_t len = c->path.len;

	for (size_t i = 0; i < json_size(wish); i++) {
		str_addf(&c->path, "[%zu]", i);
		compare(c, json_at(wish, i), json_at(living, i));
		str_truncate(&c->path, len);
	}
}

/* As deep as the parser lets them be. living: NULL: there is none. */
static void compare(struct comparison *c, const struct json *wish, const struct json *living)
{
	if (value_is_null(living))
		living = NULL;
	if (value_is_null(wish))
		return; /* left out */
	if (json_is_object(wish) && (!living || json_is_object(living)))
		json_each(wish, compare_member, &(struct inside){ c, living });
	else if (json_is_array(wish) && json_is_array(living) && json_size(wish) == json_size(living))
		compare_lists(c, wish, living);
	else if (!living ? !value_is_zero(wish) || value_zero_counts(c->path.buf)
			 : json_size(wish) || json_size(living) || !value_same(wish, living))
		tell(c, wish, living);
}

/* living: NULL: not known, and why is the rest of a sentence. */
static void compare_map(const char *field, const char *kind, const struct json *wish, const struct json *living,
	const char *why, birth_fn *fn, void *ctx)
{
	struct comparison c = { .fn = fn, .ctx = ctx, .field = field, .kind = kind, .path = STR_INIT };
	struct birth_difference d = { .unknown = !living };

	if (!json_size(wish))
		return;
	if (living)
		compare(&c, wish, living);
	str_release(&c.path);
	d.more = c.more;
	snprintf(d.field, sizeof(d.field), "%s", field);
	if (!living)
		snprintf(d.text, sizeof(d.text), "%s could not be compared with the living cluster: %s", field, why);
	else
		snprintf(d.text, sizeof(d.text), "%s has %u more values that differ from the living cluster's; " COUNTS,
			field, c.more);
	if (d.unknown || d.more)
		fn(&d, ctx);
}

/* The document in a ConfigMap. NULL: there is none that could be read. */
static struct json *document_of(const struct json *config_map, const char *key)
{
	const char *text = json_text(json_member(json_get(config_map, "data"), key));
	struct json *document = text ? inventory_yaml(text, strlen(text), NULL) : NULL;

	if (json_is_object(document))
		return document;
	json_free(document);
	return NULL;
}

/* kubeadm's configuration of another version has other names for the same. */
static bool same_version(const struct world *w, const struct json *living)
{
	const char *has = json_get_str(living, "apiVersion", ""), *slash = strchr(has, '/');

	return strcmp(slash ? slash + 1 : has, w->wish.release->kubeadm_api) == 0;
}

void birth_maps(const struct world *w, const struct json *living, birth_fn *fn, void *ctx)
{
	const struct inventory *inv = w->wish.inventory;
	const struct cluster_state *seen = &w->seen.cluster;
	struct json *kubelet = document_of(seen->kubelet_config, "kubelet");
	struct json *kubeproxy = document_of(seen->kubeproxy_config, "config.conf");
	char why[128];

	snprintf(
		why, sizeof(why), "its ConfigMap %s in kube-system could not be read", w->wish.release->kubelet_config);
	compare_map("kubelet.config", "", inv->kubelet_config, kubelet, why, fn, ctx);
	compare_map("kubeproxy.config", "", inv->kubeproxy_config, seen->no_kubeproxy ? NULL : kubeproxy,
		seen->no_kubeproxy
			? "it has no kube-proxy, so nothing changes (no DaemonSet of that name is in kube-system)"
			: "its ConfigMap " KUBEPROXY_CONFIG " in kube-system could not be read",
		fn, ctx);
	if (living && !same_version(w, living))
		snprintf(why, sizeof(why), "its kubeadm-config is written in %.60s, not in %s",
			json_get_str(living, "apiVersion", "no version"), w->wish.release->kubeadm_api);
	compare_map("kubeadm.extra", "ClusterConfiguration.", json_get(inv->kubeadm_extra, "ClusterConfiguration"),
		living && same_version(w, living) ? living : NULL,
		living ? why : "its ConfigMap kubeadm-config in kube-system could not be read", fn, ctx);
	json_free(kubelet);
	json_free(kubeproxy);
}
